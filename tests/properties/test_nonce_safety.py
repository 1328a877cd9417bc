"""No secret nonce serves two contexts as long as its signer's home is one, or its assigner is honest and one.

A context is what a partial signature is made for: message, signers, aggregate nonce. The law is driven over random
interleavings of openings by honest and dishonest stations, copies of homes, and sticks that bring only some of the
lines. The last test shows that what is left is real, and is what docs/threats.md says: with a dishonest or copied
assigner *and* a copied signer the shard can be computed. It is noticed afterwards, and not prevented.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from ceremony.algebra.secp256k1 import N, scalar_from_bytes
from ceremony.base.errors import Fault
from ceremony.protocols.frost import rounds
from ceremony.protocols.frost.checks import session_values
from ceremony.protocols.frost.keys import lagrange
from ceremony.record.entry import Entry
from ceremony.station.steps_sign import open_sign
from tests.flows.table import Station, regtest_psbt
from tests.liars import Liar, copy_home, entries, keyed, log_of, merge, put, state_of


class Watch:
    """Notes every use of a secret nonce: which nonce, in which context, in which home."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch):
        self.uses: dict[tuple[int, int], list[tuple[Any, str]]] = defaultdict(list)
        self.home, sign = "", rounds.sign

        def watched(secnonce, share, context, seat, pubnonces):
            halves = tuple(half.reveal() for half in secnonce._halves)
            psig = sign(secnonce, share, context, seat, pubnonces)
            self.uses[halves].append(((context.message, context.seats, context.aggnonce), self.home))
            return psig

        monkeypatch.setattr(rounds, "sign", watched)

    def reused(self) -> list[list[tuple[Any, str]]]:
        """The uses of each nonce that served more than one context."""
        return [uses for uses in self.uses.values() if len({context for context, _ in uses}) > 1]


PAIRS = (("alice", "bob"), ("alice", "carol"), ("bob", "carol"))


class World:
    """Three stations, some of them in several homes, and one heap of all lines that exist."""

    def __init__(self, folder: Path, watch: Watch):
        self.table, self.watch, self.folder = keyed(folder), watch, folder
        self.homes: list[Station] = list(self.table.stations.values())
        self.heap = dict(self.table.stick)
        self.psbts = [regtest_psbt(self.table, amount_sat=amount)[1] for amount in (10**9, 2 * 10**9, 3 * 10**9)]
        self.lies: dict[str, Entry] = {}
        self.liar, self.start = Liar(self.table, "carol"), log_of(entries(self.heap))

    def visit(self, home: int, bits: int, act=None) -> None:
        """One home takes in a part of the heap that `bits` chooses, acts, does what it owes, and gives what it holds."""
        station = self.homes[home % len(self.homes)]
        others = [e for e in entries(self.heap) if e.id not in self.start.entries and e.id not in self.lies]
        stick: dict[str, bytes] = {}
        put(stick, *self.start.entries.values(), *(e for i, e in enumerate(self.lies.values()) if bits >> i % 3 & 1),
            *(e for i, e in enumerate(others) if bits >> 3 + i % 58 & 1))
        self.watch.home = str(station.home.path)
        try:
            station.visit(stick, act)
        except Fault:
            pass  # a copy that stops, a reserved coin: whatever it says no to is no nonce used
        merge(self.heap, stick)

    def open(self, home: int, bits: int, psbt: int, pair: int) -> None:
        self.visit(home, bits, lambda desk: open_sign(desk, self.psbts[psbt], PAIRS[pair],
                                                      [s.id for s in desk.state.signings]))

    def copy(self, home: int) -> None:
        self.homes.append(copy_home(self.homes[home % len(self.homes)], self.folder / f"copy-{len(self.homes)}"))

    def lie(self, home: int, psbt: int) -> None:
        """Carol, on a branch of her chain of her own, asks for this PSBT with the first nonces that she may give out."""
        key = self.table.key().id
        state = state_of(self.start.entries.values())
        twin = copy_home(self.table["carol"], self.folder / f"lie-{len(list(self.folder.iterdir()))}")
        signer = ("alice", "bob")[home % 2]
        stick: dict[str, bytes] = {}
        put(stick, *self.start.entries.values())
        try:
            body = open_sign(twin.listen(stick), self.psbts[psbt], (signer, "carol")).body
        except Fault:
            return
        slot = list(state.pool.free(signer, "carol", key)[0])
        lie = self.liar.entry(self.start, "sign.open", body | {"nonces": body["nonces"] | {signer: [slot]}})
        self.lies[lie.id] = lie
        put(self.heap, lie)


ALL = 2**58 - 1
# Which of the lies a stick shows, and which of the other lines it brings: mostly all of them.
BITS = st.builds(lambda lies, loss: lies | loss << 3, st.sampled_from((1, 2, 4, 7)), st.sampled_from((ALL,) * 7 + (None,))
                 .flatmap(lambda bits: st.integers(0, ALL) if bits is None else st.just(bits)))


def steps(*verbs: str, homes: int = 7, openers: tuple[int, ...] = tuple(range(7))) -> st.SearchStrategy[list[tuple]]:
    """Lists of steps of these verbs. homes: how many may be visited; openers: which of them may open."""
    made = {"visit": st.tuples(st.just("visit"), st.integers(0, homes - 1), BITS),
            "open": st.tuples(st.just("open"), st.sampled_from(openers), BITS, st.integers(0, 2), st.integers(0, 2)),
            "copy": st.tuples(st.just("copy"), st.integers(0, homes - 1)),
            "lie": st.tuples(st.just("lie"), st.integers(0, 1), st.integers(0, 2))}
    return st.lists(st.one_of(made["visit"], *(made[verb] for verb in verbs)), min_size=8, max_size=16)


def run(steps, watch: Watch) -> World:
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder), watch)
        for verb, *arguments in steps:
            getattr(world, verb)(*arguments)
        world.faults = state_of(world.heap)  # the fold still stands
        return world


@settings(max_examples=15)
@given(steps=steps("visit", "open", "lie", homes=3))
def test_with_dishonest_openers_but_one_home_each_no_nonce_serves_twice(steps):
    with pytest.MonkeyPatch.context() as patch:
        watch = Watch(patch)
        run(steps, watch)
        assert watch.reused() == []


@settings(max_examples=15)
@given(steps=steps("visit", "open", openers=(1, 2)))
def test_with_copies_of_a_signer_but_honest_openers_no_nonce_serves_twice(steps):
    """Alice is in three homes or more; bob and carol, who open, are in one each."""
    with pytest.MonkeyPatch.context() as patch:
        watch = Watch(patch)
        run([("copy", 0), ("copy", 0), *steps[:4], ("copy", 0), ("copy", 0), *steps[4:]], watch)
        assert watch.reused() == []


@settings(max_examples=15)
@given(steps=steps("open", "lie", "lie", "copy"))
def test_in_any_world_a_nonce_serves_twice_only_in_two_homes_and_for_two_openings(steps):
    """Everything may be copied and carol lies: what was signed twice was signed in different homes."""
    with pytest.MonkeyPatch.context() as patch:
        watch = Watch(patch)
        run([("copy", 0), ("copy", 1), *steps], watch)
        for uses in watch.reused():
            assert len({home for _, home in uses}) == len(uses)


def test_what_is_left_gives_the_shard_away_and_is_noticed(tmp_path):
    """A dishonest assigner and three homes of one signer: one nonce in three contexts, and the shard is computed.

    Once the lines meet, both chains are forked for everybody, and every home of the signer stops.
    """
    with pytest.MonkeyPatch.context() as patch:
        watch = Watch(patch)
        world = World(tmp_path, watch)
        for _ in range(2):
            world.copy(0)
        for psbt in range(3):
            world.lie(0, psbt)
        lies = [e for e in entries(world.heap) if e.kind == "sign.open"]
        sticks: list[dict[str, bytes]] = []
        for station, lie in zip([world.homes[0], *world.homes[3:]], lies, strict=True):
            stick: dict[str, bytes] = {}
            put(stick, *world.start.entries.values(), lie)
            watch.home = str(station.home.path)
            station.visit(stick)
            sticks.append(stick)
        [uses] = watch.reused()
        assert len({context for context, _ in uses}) == 3
    alice = world.table["alice"]
    [row] = alice.store.secrets(world.table.charter.group, "share")
    assert shard_from(world, sticks) == scalar_from_bytes(alice.vault.open(row).reveal())
    merge(world.heap, *sticks)
    assert state_of(world.heap).log.forks().keys() == {"alice/0", "carol/0"}
    for station in (world.homes[0], *world.homes[3:]):
        with pytest.raises(Fault, match="STATION-COPIED"):
            station.visit(dict(world.heap))


def shard_from(world: World, sticks: list[dict[str, bytes]]) -> int:
    """Alice's shard d from s = h(k1 + b k2) + w d in three contexts: three equations, three unknowns, modulo N."""
    rows = []
    for stick in sticks:
        [signing] = state_of(stick).signings
        context, [psig] = signing.sessions[0], signing.partials["alice"].body["psigs"]
        values = session_values(context)
        h = 1 if values.R.has_even_y() else N - 1
        weight = values.e * lagrange(context.seats, 0) * values.g * values.gacc % N
        rows.append((h, h * values.b % N, weight, int(psig, 16)))

    def determinant(columns) -> int:
        (a, b, c), (d, e, f), (g, h, i) = ([row[col] for col in columns] for row in rows)
        return (a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)) % N

    return determinant((0, 1, 3)) * pow(determinant((0, 1, 2)), -1, N) % N
