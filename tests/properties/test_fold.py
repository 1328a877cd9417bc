"""The fold is a function of the held set, and what it has once proven it never takes back.

The log is a real one: a founding, a dead and a finished key generation, requests that were signed, declined, cancelled
and broken, a replaced machine, and forks at an early and at a late place, made by stations with their own code.
"""

from __future__ import annotations

import tempfile
from functools import lru_cache
from pathlib import Path

from hypothesis import given, settings, strategies as st

from ceremony.ceremonies.fold import GroupState, fold, result_of
from ceremony.ceremonies.kinds import check_body
from ceremony.ceremonies.memo import Memo
from ceremony.ceremonies.overview import overview
from ceremony.ceremonies.sealing import ended, seal_of
from ceremony.codec import canonical
from ceremony.record.entry import Entry
from ceremony.record.log import Log
from ceremony.station.steps_keygen import open_keygen
from ceremony.station.steps_sign import open_sign
from tests.flows.table import Table, regtest_psbt
from tests.liars import Liar, entries, founded, log_of, merge, put, recovered, state_of


def said(state: GroupState) -> bytes:
    """Everything that the fold says, as canonical bytes."""
    seals = [seal_of(state, over).text().decode().split("\n") for over in ended(state)]
    results = [result_of(one) for one in (*state.keygens, *state.signings)]
    owners = {f"{id}:{index}": [o.id for o in openings] for (id, index), openings in state.pool.assigned.items()}
    return canonical.encode({
        "overview": overview(state, "alice", {}), "seals": seals, "results": results, "assigned": owners,
        "why": [one.why_dead for one in (*state.keygens, *state.signings)],
        "faults": [[id, f.check, list(map(str, f.culprits)), f.seen] for id, f in state.faults()]})


def request(table: Table, opener: str, signers: tuple[str, str], stick: dict[str, bytes] | None = None) -> str:
    replaced = [s.id for s in state_of(table.stick).signings]
    opened: list[Entry] = []
    table[opener].visit(table.stick if stick is None else stick, lambda desk: opened.append(
        open_sign(desk, regtest_psbt(table)[1], signers, replaced)))
    return opened[0].id


@lru_cache
def history() -> tuple[Entry, ...]:
    """All lines of one long story, in no meaningful order."""
    with tempfile.TemporaryDirectory() as folder:
        table = founded(Path(folder), 2, 4)
        table["dave"].holder.answers |= {"keygen.yes": "No", "decline.reason": "not now"}
        table["alice"].visit(table.stick, open_keygen)
        table.round("bob", "dave", "alice", "bob", "carol", "dave")
        table["dave"].holder.answers.clear()
        table.keygen()
        table.round()
        request(table, "alice", ("alice", "bob"))
        table.round("bob", "carol")
        cancelled = request(table, "bob", ("bob", "carol"))
        Liar(table, "bob").say(table.stick, "cancel", {"reason": "wrong sum"}, cancelled)
        table["dave"].holder.answers |= {"sign.yes": "No", "decline.reason": "too much"}
        request(table, "carol", ("alice", "dave"))
        table.round("alice", "dave")
        Liar(table, "carol").say(table.stick, "sign.partial", {"psigs": ["11" * 32], "shown": "ab" * 32}, cancelled)
        twins = dict(table.stick)
        new = recovered(table, "dave", Path(folder) / "new")
        table.round("alice", "bob")
        new.visit(table.stick)
        table.round("alice", "bob")
        request(table, "alice", ("alice", "dave"))
        new.visit(table.stick)
        merge(table.stick, twins)
        for place in (9, 2):  # carol's chain splits after and before the key
            early = log_of(e for e in entries(table.stick) if e.author != "carol" or e.seq < place)
            put(table.stick, Liar(table, "carol").entry(early, "declare", {"what": "absent", "name": "bob", "text": ""}))
        state = state_of(table.stick)
        body = next(s for s in state.signings if s.opening.author == "alice" and s.status == "done").opening.body
        foreign = next(id for id, e in state.pool.exports.items() if (e.entry.author, e.assigner) == ("alice", "carol/0"))
        put(table.stick, Liar(table, "bob").entry(state.log, "sign.open", body | {
            "signers": ["alice", "bob"], "heads": {"alice/0": list(state.log.heads()["alice/0"])},
            "nonces": {"alice": [[foreign, 7]], "bob": next(iter(body["nonces"].values()))}}))
        return tuple(entries(table.stick))


def test_the_story_holds_what_it_is_meant_to_hold():
    state = state_of(history())
    assert [k.status for k in state.keygens] == ["dead", "done"] and state.log.forks() == {"carol/0": 2}
    assert sorted(s.status for s in state.signings) == ["dead", "dead", "dead", "done", "done"]
    assert len(state.members.retired) == 1 and {f.check for _, f in state.faults()} >= {"SIGN-NONCE-ASSIGNED"}


def offered(batches: list[list[Entry]]) -> Log:
    log = Log.found(next(e for e in history() if e.kind == "charter.found"), check_body)
    for batch in batches:
        log.offer(batch)
    return log


@st.composite
def arrivals(draw) -> list[list[Entry]]:
    """The whole story in some order, cut into batches, with repetitions."""
    order = draw(st.permutations(history()))
    cuts = sorted(draw(st.lists(st.integers(0, len(order)), max_size=4)))
    again = draw(st.lists(st.sampled_from(history()), max_size=10))
    return [order[a:b] for a, b in zip([0, *cuts], [*cuts, len(order)])] + [again]


@settings(max_examples=20)
@given(batches=arrivals())
def test_any_order_repetition_and_delay_give_the_same_state(batches):
    assert said(fold(offered(batches))) == said(state_of(history()))


@settings(max_examples=20)
@given(batches=arrivals())
def test_folding_on_the_way_and_what_was_remembered_change_nothing(batches):
    """A station folds after every visit, with a memory of passed checks and values; a newcomer folds once."""
    log, memo = offered([]), Memo()
    for batch in batches:
        log.offer(batch)
        fold(log, memo)
    assert said(fold(log, memo)) == said(fold(log, Memo(memo.passed))) == said(state_of(history()))


@settings(max_examples=20)
@given(batches=arrivals(), lost=st.sets(st.integers(0, 200), max_size=5))
def test_a_part_of_the_lines_is_judged_as_the_set_of_those_that_can_stand(batches, lost):
    log = offered([[entry for batch in batches for i, entry in enumerate(batch) if i not in lost]])
    assert said(fold(log)) == said(fold(offered([list(log.entries.values())])))


@settings(max_examples=20)
@given(batches=arrivals())
def test_what_is_proven_is_never_taken_back(batches):
    """As lines arrive: a founding, a key, a signature, the validity of an opening and the assignment of a nonce stay."""
    log, memo, before = offered([]), Memo(), None
    for batch in batches:
        log.offer(batch)
        state = fold(log, memo)
        if before is not None:
            still_there(before, state)
        before = state


def still_there(before: GroupState, after: GroupState) -> None:
    assert after.members.founded or not before.members.founded
    assert before.keys.keys() <= after.keys.keys() and (after.key.id == before.key.id if before.key else True)
    ceremonies = {one.id: one for one in (*after.keygens, *after.signings)}
    for one in (*before.keygens, *before.signings):
        assert one.id in ceremonies  # an opening that could be followed can be followed
        if one.status == "done":
            assert ceremonies[one.id].status == "done" and result_of(ceremonies[one.id]) == result_of(one)
    for one in before.signings:
        now = ceremonies[one.id]
        assert (now.request, now.labels, now.sessions) == (one.request, one.labels, one.sessions)
        assert one.partials.keys() <= now.partials.keys()  # and coins that were held stay held
    for slot, openings in before.pool.assigned.items():
        assert {o.id for o in openings} <= {o.id for o in after.pool.assigned[slot]}


def test_every_station_says_what_a_newcomer_says(tmp_path):
    table = founded(tmp_path)
    table.keygen()
    request(table, "alice", ("alice", "carol"))
    table.round("carol", "bob", "alice")
    for station in table.stations.values():
        held = station.desk.log.ordered()
        assert said(station.desk.state) == said(state_of(held[::-1]))
