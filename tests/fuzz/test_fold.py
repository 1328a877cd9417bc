"""No entry that the log can hold makes the fold raise, whatever a member, a forked chain or a stranger says.

Law: entries of every kind, correctly signed, with any body of their kind's shape, inside any ceremony, leave a state of
which every question has an answer, in which the group's key and its finished signature still stand. Bodies are drawn
from the shapes themselves, or are true ones with some values replaced.
"""

from __future__ import annotations

import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

from hypothesis import given, strategies as st

from ceremony.base.errors import Fault
from ceremony.ceremonies.fold import fold, result_of
from ceremony.ceremonies.kinds import KINDS, Place, check_body
from ceremony.ceremonies.memo import Memo
from ceremony.ceremonies.overview import overview
from ceremony.ceremonies.owed import next_stop, owed
from ceremony.ceremonies.sealing import ended, seal_of
from ceremony.ceremonies.signers import allowed_signers
from ceremony.codec import canonical
from ceremony.codec.shape import Hex, Int, ListOf, Literal, NameShape, Obj, OneOf, Pair, Shape, Table as TableShape, Text
from ceremony.record.entry import Entry
from ceremony.record.log import Log
from ceremony.station.steps_keygen import open_keygen
from ceremony.station.steps_sign import open_sign
from tests.flows.table import Table, regtest_psbt
from tests.liars import Liar, entries, founded, keyed, put, stranger

NAMES = ("alice", "bob", "carol", "mallory")
SAYABLE = sorted(set(KINDS) - {"charter.found"})


@lru_cache
def stage(which: str) -> tuple[Table, tuple[Entry, ...], Memo]:
    """The lines of a group at some moment, and a memory of what they prove."""
    folder = tempfile.TemporaryDirectory()
    table = (keyed if which == "signing" else founded)(Path(folder.name))
    table.keep = folder
    if which == "signing":
        _, psbt = regtest_psbt(table)
        table["alice"].visit(table.stick, lambda desk: open_sign(desk, psbt, ("alice", "bob")))
        table.round("bob")
        table["bob"].visit(table.stick, lambda desk: open_sign(
            desk, psbt, ("bob", "carol"), [s.id for s in desk.state.signings]))
    else:
        table["alice"].visit(table.stick, open_keygen)
        table.round("bob")
    lines, memo = tuple(entries(table.stick)), Memo()
    fold(log_with(lines), memo)
    return table, lines, memo


def log_with(lines: tuple[Entry, ...]) -> Log:
    log = Log.found(next(e for e in lines if e.kind == "charter.found"), check_body)
    log.offer(lines)
    return log


@lru_cache
def seen_hex(which: str, size: int) -> list[str]:
    """Hex values of this many bytes that the real lines hold: ids, keys, points, hashes."""
    found: set[str] = set()

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            for one in value.values():
                walk(one)
        elif isinstance(value, list):
            for one in value:
                walk(one)
        elif isinstance(value, str) and len(value) == 2 * size and set(value) <= set("0123456789abcdef"):
            found.add(value)

    for entry in stage(which)[1]:
        walk([entry.id, entry.ceremony, entry.body])
    return sorted(found) or ["00" * size]


def values(shape: Shape, which: str) -> st.SearchStrategy[Any]:
    """Values that a shape allows: mostly ones that mean something here."""
    match shape:
        case Hex():
            high = shape.lo if shape.hi is None else min(shape.hi, shape.lo + 200)
            return st.sampled_from(seen_hex(which, shape.lo)) | st.sampled_from(["00" * shape.lo, "ff" * shape.lo]) \
                | st.binary(min_size=shape.lo, max_size=high).map(bytes.hex)
        case Int():
            return st.integers(shape.lo, min(shape.hi, shape.lo + 3)) | st.just(shape.hi)
        case Text():
            return st.text("ab é\N{RIGHT SINGLE QUOTATION MARK}/", min_size=shape.lo, max_size=min(shape.hi, shape.lo + 5))
        case Literal():
            return st.sampled_from(shape.values)
        case NameShape():
            return st.sampled_from(NAMES)
        case ListOf():
            return st.lists(values(shape.shape, which), min_size=shape.lo, max_size=min(shape.hi, shape.lo + 3))
        case Pair():
            return st.tuples(*(values(one, which) for one in shape.shapes)).map(list)
        case TableShape():
            labels = [f"{name}/0" for name in NAMES] + ["alice/00"] if "/" in str(shape.key) else list(NAMES)
            return st.dictionaries(st.sampled_from(labels), values(shape.shape, which), max_size=3)
        case Obj():
            return st.fixed_dictionaries({key: values(one, which) for key, one in shape.fields.items()})
        case OneOf():
            return st.one_of([values(one, which) for one in shape.shapes])
    raise TypeError(shape)


@st.composite
def lies(draw, which: str) -> list[tuple[str, str, dict, str]]:
    """Who says what, in which ceremony: up to four entries."""
    _, lines, _ = stage(which)
    openings = [e.id for e in lines if KINDS[e.kind].place is Place.OPENS]
    said = []
    for _ in range(draw(st.integers(1, 4))):
        kind = draw(st.sampled_from(SAYABLE))
        true = [e.body for e in lines if e.kind == kind]
        shape: Obj = KINDS[kind].shape  # type: ignore[assignment]
        body = draw(values(shape, which))
        if true and draw(st.booleans()):
            keep = draw(st.sets(st.sampled_from(sorted(body))))
            body = body | {key: value for key, value in draw(st.sampled_from(true)).items() if key in keep}
        ceremony = draw(st.sampled_from(openings)) if KINDS[kind].place is Place.INSIDE else ""
        who = draw(st.sampled_from(("carol", "carol", "bob", "fork")))
        said.append((who, kind, body, ceremony))
    return said


def tell(table: Table, lines: tuple[Entry, ...], said: list[tuple[str, str, dict, str]]) -> Log:
    """The log with these entries in it, each over all before it; `fork` says them on a branch of carol's chain."""
    log, early = log_with(lines), log_with(tuple(e for e in lines if e.author != "carol" or e.seq < 1))
    for who, kind, body, ceremony in said:
        if kind == "incarnation.join":
            new = stranger(table, "alice")
            log.offer([new.entry(log, kind, body | {"identity": new.identity}, seq=0, prev="")])
            continue
        base = early if who == "fork" else log
        liar = Liar(table, "carol" if who == "fork" else who)
        try:
            entry = liar.entry(base, kind, body, ceremony)
        except Fault:
            continue  # that chain has forked by now: its next place is nobody's to say
        base.offer([entry])
        log.offer([entry])
    return log


def every_question(log: Log, memo: Memo) -> Any:
    state = fold(log, memo)
    shown = overview(state, "alice", {over.id: [] for over in ended(state)})
    canonical.encode(shown)
    for over in ended(state):
        assert seal_of(state, over).text()
    for name in state.charter.names:
        next_stop(state, name, {})
        state.latest_hostkey(name)
        state.needs_hostkey(name)
    allowed_signers(state.members)
    for signing in state.signings:
        assert signing.outpoints is not None and isinstance(signing.exposed, bool)
        if signing.status == "done":
            signing.finished()
    assert all(row.name in state.charter.names for row in owed(state))
    return state


@given(said=lies("signing"))
def test_nothing_that_can_be_said_about_a_key_in_use_makes_the_fold_raise(said):
    table, lines, memo = stage("signing")
    before = fold(log_with(lines), Memo(memo.passed))
    state = every_question(tell(table, lines, said), Memo(memo.passed))
    assert state.key.id == before.key.id and state.signings
    done = {s.id: result_of(s) for s in before.signings if s.status == "done"}
    assert {s.id: result_of(s) for s in state.signings if s.id in done} == done


@given(said=lies("keygen"))
def test_nothing_that_can_be_said_during_a_key_generation_makes_the_fold_raise(said):
    table, lines, memo = stage("keygen")
    state = every_question(tell(table, lines, said), Memo(memo.passed))
    assert state.members.founded and state.keygens and state.key is None


def test_the_go_of_an_honest_station_goes_on_past_everything_that_was_said(tmp_path):
    """Forty lies at once on the stick: bob is stopped by none of them, and signs the one request that is good."""
    table = keyed(tmp_path)
    lines = tuple(entries(table.stick))
    log = log_with(lines)
    rows = [(kind, {key: _least(shape) for key, shape in KINDS[kind].shape.fields.items()}) for kind in SAYABLE
            if kind != "incarnation.join"]
    for kind, body in rows:
        inside = [e.id for e in log.ordered() if KINDS[e.kind].place is Place.OPENS] \
            if KINDS[kind].place is Place.INSIDE else [""]
        for ceremony in inside:
            said_entry = Liar(table, "carol").entry(log, kind, body, ceremony)
            assert not log.offer([said_entry]).refused
            put(table.stick, said_entry)
    table["alice"].visit(table.stick, lambda desk: open_sign(desk, regtest_psbt(table)[1], ("alice", "bob")))
    table.round("bob")
    assert not table["bob"].last.faults
    assert [s.status for s in table["bob"].desk.state.signings if s.opening.author == "alice"] == ["done"]


def _least(shape: Shape) -> Any:
    """The plainest value that a shape allows."""
    match shape:
        case Hex():
            return "00" * shape.lo
        case Int():
            return shape.lo
        case Text():
            return "a" * shape.lo
        case Literal():
            return shape.values[0]
        case NameShape():
            return "bob"
        case ListOf():
            return [_least(shape.shape)] * shape.lo
        case Pair():
            return [_least(one) for one in shape.shapes]
        case TableShape():
            return {}
        case Obj():
            return {key: _least(one) for key, one in shape.fields.items()}
        case OneOf():
            return _least(shape.shapes[0])
    raise TypeError(shape)
