"""Liars for tests of the ceremonies: stations whose entries are correctly signed and say what they like, copied homes,
and the state that anybody computes from a stick.
"""

from __future__ import annotations

import copy
import os
import shutil
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Iterable, Mapping

from ceremony.algebra.secp256k1 import scalar_to_bytes
from ceremony.base.ids import chain_label
from ceremony.base.secret import Secret
from ceremony.ceremonies.fold import GroupState, fold
from ceremony.ceremonies.kinds import KINDS, check_body
from ceremony.protocols.keygen import rounds
from ceremony.record import sshsig
from ceremony.record.entry import Entry, compose, parse_line
from ceremony.record.identity import incarnation_number
from ceremony.record.log import Log
from ceremony.station import outbox, recovery
from ceremony.station.home import Home
from tests.flows.table import Holder, Station, Table

Stick = dict[str, bytes]


def entries(stick: Stick) -> list[Entry]:
    """Every entry on a stick once, in no meaningful order."""
    lines = {line + b"\n" for name, raw in stick.items() if not name.endswith((".sig", ".seal"))
             for line in raw.split(b"\n")[:-1]}
    return [parse_line(line) for line in sorted(lines)]


def log_of(found: Iterable[Entry]) -> Log:
    """A fresh log that was offered these entries, the founding one among them."""
    found = list(found)
    log = Log.found(next(e for e in found if e.kind == "charter.found"), check_body)
    log.offer(found)
    return log


def state_of(source: Stick | Iterable[Entry]) -> GroupState:
    """What anybody makes of a stick or of some entries."""
    return fold(log_of(entries(source) if isinstance(source, dict) else source))


def put(stick: Stick, *said: Entry) -> None:
    """Lay entries on a stick."""
    stick.update({outbox.file_name(entry): entry.line() for entry in said})


def merge(stick: Stick, *others: Stick) -> None:
    """Bring everything that other sticks hold onto one."""
    for other in others:
        put(stick, *entries(other))


@lru_cache
def _model(t: int, n: int, mode: str, has_key: bool) -> tuple[TemporaryDirectory, Table]:
    folder = TemporaryDirectory()
    table = Table(Path(folder.name), t, n, mode)
    table.found()
    if has_key:
        table.keygen()
        table.round()
    return folder, table


def founded(folder: Path, t: int = 2, n: int = 3, mode: str = "rehearsal", has_key: bool = False) -> Table:
    """A table of its own for one test, copied from a model: every station has accepted the charter."""
    _, model = _model(t, n, mode, has_key)
    table = copy.copy(model)
    table.stick = dict(model.stick)
    table.stations = {name: copy_home(station, folder / f"home-of-{name}") for name, station in model.stations.items()}
    for station in table.stations.values():
        station.sit()
    return table


def keyed(folder: Path, t: int = 2, n: int = 3, mode: str = "rehearsal") -> Table:
    """The same with the key made, and every station knowing the nonces that the others prepared."""
    return founded(folder, t, n, mode, has_key=True)


def copy_home(station: Station, folder: Path) -> Station:
    """The station as it is now, in a second home: what a thief, a backup program or a second machine would have."""
    folder.mkdir()
    folder.chmod(0o700)
    for file in station.home.path.iterdir():
        shutil.copy(file, folder / file.name)
        (folder / file.name).chmod(0o600)
    twin = copy.copy(station)
    twin.home = Home.open(folder, production=False)
    twin.store, twin.desk = twin.home.store, None
    twin.store._connection.execute("PRAGMA synchronous = OFF")  # nobody cuts the power in these tests
    twin.holder = Holder(station.name, station.holder.names)
    twin.world = type(station.world)(station.world.clock, station.world.entropy, station.world.machine_id, twin.holder)
    return twin


def recovered(table: Table, name: str, folder: Path, machine: str | None = None, log: Stick | None = None) -> Station:
    """A new home of a station, made from its host key and a stick as `station recover` would, which asks to be admitted.

    The join lies on the table's stick. log: an older stick from which the recovery was made.
    """
    old, state = table[name], state_of(table.stick if log is None else log)
    station = Station(folder, name, table.names, os.urandom, old.mode, machine or f"new machine of {name}")
    public = state.key.recovery.eq_input.params.hostpubkeys[table.names.index(name)].hex()
    [row] = old.store.secrets(table.charter.group, "hostkey", ref=public)
    hostkey = old.vault.open(row)
    share = rounds.recover(hostkey, state.key.recovery.to_bytes())[0].secshare
    join = recovery.join_again(station.store, station.vault, recovery.Restored(
        state.members.founding, tuple(state.log.ordered()), state, name, state.key,
        Secret(scalar_to_bytes(share.reveal())), hostkey, "2026-11-22T12:00:00Z"), station.world)
    put(table.stick, join)
    return station


class Liar:
    """Writes entries with a station's key: any kind, any body, at the next place of its chain in any log."""

    def __init__(self, table: Table, name: str, inc: int = 0, seed: Secret[bytes] | None = None):
        station = table[name]
        self.table, self.name, self.inc = table, name, inc
        self.seed = seed if seed is not None else station.vault.open(station.store.secrets("", "identity")[-1])
        self.label = chain_label(name, inc)
        self.identity = sshsig.openssh_public(sshsig.public_key(self.seed))

    def entry(self, log: Log, kind: str, body: Mapping[str, Any], ceremony: str = "", **other: Any) -> Entry:
        """The entry at the chain's next place in `log`; nobody takes it in. other: fields to write instead."""
        seq, prev, seen = log.next_place(self.label)
        fields = {"seq": seq, "prev": prev, "seen": seen, "group": log.group} | other
        return compose(sign=lambda core: sshsig.sign(self.seed, sshsig.namespace("entry", log.mode), core),
                       salt=os.urandom(32), author=self.name, inc=self.inc, ceremony=ceremony, kind=kind,
                       level=KINDS[kind].level, time="2026-11-22T12:00:00Z", body=dict(body), **fields)

    def say(self, stick: Stick, kind: str, body: Mapping[str, Any], ceremony: str = "") -> Entry:
        """The next entry over what the stick holds, laid on the stick; said at the station's own desk if it has one."""
        if self.inc:
            said = self.entry(log_of(entries(stick)), kind, body, ceremony)
        else:
            desk = self.table[self.name].listen(stick)
            with desk.step() as step:
                said = step.say(kind, dict(body), ceremony)
        put(stick, said)
        return said


def stranger(table: Table, name: str) -> Liar:
    """Somebody with a key of his own who calls himself a new machine of a station."""
    seed = Secret(os.urandom(32))
    return Liar(table, name, incarnation_number(sshsig.public_key(seed)), seed)


def faults(state: GroupState) -> list[tuple[str, tuple]]:
    """Check and culprits of every fault that the record shows."""
    return [(fault.check, fault.culprits) for _, fault in state.faults()]


def own_rows(station: Station, kind: str) -> list[str]:
    """The states of a station's secrets of one kind."""
    return [row.state for row in station.store.secrets(station.store.groups()[0].id, kind)]
