"""Once certified, never failed: what a station may still do with an attempt after its round 2, and what settles it."""

from __future__ import annotations

import os
from types import SimpleNamespace

import pytest

from ceremony.base.errors import Refused
from ceremony.ceremonies.keygen import eq_hash
from ceremony.protocols.keygen import rounds
from ceremony.station import steps_keygen, steps_notes
from ceremony.station.steps_keygen import open_keygen
from tests.flows.table import Table
from tests.liars import Liar, entries, faults, founded, log_of, merge, own_rows, put, state_of

REFUSAL = {"check": "HOLDER-DECLINED", "culprits": [], "reason": "no", "opening": {}}


@pytest.fixture
def opened(tmp_path) -> Table:
    """Alice opened and dealt; bob dealt."""
    table = founded(tmp_path)
    table["alice"].visit(table.stick, open_keygen)
    table.round("bob")
    return table


@pytest.fixture
def table(opened) -> Table:
    return two_certify(opened)


def two_certify(table: Table) -> Table:
    """Alice and bob have certified. Carol has dealt, and her true round 2 is known to the test alone."""
    run, carol = attempt(table), Liar(table, "carol")
    [row] = table["carol"].store.secrets(table.charter.group, "hostkey")
    hostkey = table["carol"].vault.open(row)
    state, pmsg1 = rounds.step1(hostkey, run.params, os.urandom(32))
    carol.say(table.stick, "keygen.round1", {"pmsg1": pmsg1.hex()}, run.id)
    messages = [bytes.fromhex(attempt(table).round1[name].body["pmsg1"]) for name in table.names]
    kept, pmsg2 = rounds.step2(hostkey, state, messages, os.urandom(32))
    table.late = {"eq": eq_hash(kept.eq_input), "pmsg2": pmsg2.hex()}
    table.round("alice", "bob")
    assert set(attempt(table).round2) == {"alice", "bob"}
    return table


def attempt(table: Table):
    """The attempt in which there was dealt."""
    return next(k for k in state_of(table.stick).keygens if k.round1)


def test_the_station_itself_cannot_refuse_or_cancel(table):
    desk = table["alice"].listen(table.stick)
    rows, said = own_rows(table["alice"], "keygen2"), len(desk.log.ordered())
    with pytest.raises(Refused, match="KEYGEN-CERTIFIED"):
        steps_keygen.refuse(desk, desk.state.keygens[0], Refused("HOLDER-DECLINED", "second thoughts"))
    with pytest.raises(Refused, match="CANCEL-CERTIFIED"):
        steps_notes.cancel(desk, desk.state.keygens[0], "second thoughts")
    assert own_rows(table["alice"], "keygen2") == rows == ["certified"] and len(desk.log.ordered()) == said


def test_a_station_whose_round_2_is_lost_from_the_record_still_cannot_refuse(table):
    """What it keeps in its vault says that it certified, whatever the fold makes of the record."""
    desk = table["alice"].listen(table.stick)
    desk.state.keygens[0].round2.clear()
    with pytest.raises(Refused, match="KEYGEN-CERTIFIED"):
        steps_keygen.refuse(desk, desk.state.keygens[0], Refused("HOLDER-DECLINED", "second thoughts"))


def test_a_certified_station_is_never_asked_to_refuse(table):
    """Carol spoils the attempt with a wrong certificate: the others wait, since she may still give the right one."""
    Liar(table, "carol").say(table.stick, "keygen.round2", table.late | {"pmsg2": "11" * 64}, attempt(table).id)
    table.round("alice", "bob")
    assert attempt(table).status == "awaiting_round2" and faults(state_of(table.stick)) == [
        ("KEYGEN-CERTIFICATE", ("carol",))]
    assert not table["alice"].last.faults and not table["alice"].last.later
    Liar(table, "carol").say(table.stick, "keygen.round2", table.late, attempt(table).id)
    table.round("alice", "bob")
    assert attempt(table).key is not None and set(attempt(table).acks) == {"alice", "bob"}


def test_a_dead_attempt_leaves_the_host_keys_of_those_who_certified(table):
    """Carol, who had not certified, refuses. The others announce fresh host keys and keep the old ones; she erases hers."""
    Liar(table, "carol").say(table.stick, "keygen.refuse", REFUSAL, attempt(table).id)
    table.round("alice", "bob", "carol")
    for name in ("alice", "bob"):
        assert own_rows(table[name], "hostkey") == [f"attempt {attempt(table).id}", "announced"]
        assert own_rows(table[name], "keygen2") == ["certified"]
    assert own_rows(table["carol"], "hostkey") == ["announced"]


def test_a_host_key_that_two_attempts_named_stays_when_one_of_them_was_certified(opened):
    """Carol had opened at the same time. Both attempts are dead in the end, and the first may still be proven somewhere."""
    before, carol = dict(opened.stick), Liar(opened, "carol")
    for name in [name for name in before if "keygen" in name]:
        del before[name]
    carol.say(before, "keygen.open", attempt(opened).opening.body)
    merge(opened.stick, before)
    dealt = next(k.id for k in state_of(opened.stick).keygens if k.round1)
    two_certify(opened)
    carol.say(opened.stick, "keygen.refuse", REFUSAL, dealt)
    opened.round("alice", "bob", "carol", "alice", "bob")
    state = state_of(opened.stick)
    assert [k.status for k in state.keygens] == ["dead", "dead"] and faults(state) == []
    for name in ("alice", "bob"):
        assert own_rows(opened[name], "hostkey") == [f"attempt {dealt}", "announced"]


def test_who_had_only_dealt_keeps_nothing_of_a_dead_attempt(tmp_path):
    table = founded(tmp_path)
    table["alice"].visit(table.stick, open_keygen)
    table["carol"].holder.answers |= {"keygen.yes": "No", "decline.reason": "no"}
    table.round("bob", "carol", "alice", "bob")
    for name in table.names:
        assert own_rows(table[name], "hostkey") == ["announced"] and own_rows(table[name], "keygen1") == []


def test_the_record_and_the_host_key_settle_it_without_the_kept_state(table):
    """Alice's state after round 2 is gone: the certificate in anybody's log and her host key give the same shard."""
    Liar(table, "carol").say(table.stick, "keygen.round2", table.late, attempt(table).id)
    desk = table["alice"].sit()
    [row] = table["alice"].store.secrets(table.charter.group, "keygen2")
    lost = table["alice"].vault.open(row).reveal()
    with table["alice"].store.transaction() as tx:
        tx.erase_secret(row.id)
    table.round("alice")
    desk = table["alice"].desk
    [share] = table["alice"].store.secrets(table.charter.group, "share")
    assert table["alice"].vault.open(share).reveal() in lost  # the state held the share
    assert "alice" in attempt(table).acks and desk.state.keygens[0].key is not None


def test_a_station_acknowledges_one_key_in_its_life(table):
    Liar(table, "carol").say(table.stick, "keygen.round2", table.late, attempt(table).id)
    desk = table["alice"].listen(table.stick)
    desk.state.keygens.append(SimpleNamespace(id="ab" * 32, acks={"alice": object()}))
    with pytest.raises(Refused, match="KEYGEN-OTHER-KEY"):
        steps_keygen.acknowledge(desk, desk.state.keygens[0])
    assert own_rows(table["alice"], "share") == []


def test_a_certificate_that_comes_after_the_group_has_another_key_changes_nothing(table):
    """Carol refused, a second attempt made the key, and now she shows a branch on which she had certified the first."""
    before = log_of(entries(table.stick))
    Liar(table, "carol").say(table.stick, "keygen.refuse", REFUSAL, attempt(table).id)
    table.round("alice", "bob", "carol")
    table.keygen()
    key = state_of(table.stick).key
    put(table.stick, Liar(table, "carol").entry(before, "keygen.round2", table.late, attempt(table).id))
    table.round("alice", "bob")
    for state in (table["alice"].desk.state, state_of(table.stick)):
        assert state.log.forks().keys() == {"carol/0"} and list(state.keys) == [key.id]
        assert [k.status for k in state.keygens] == ["dead", "done"] and state.keygens[0].key is not None
    assert not table["alice"].last.faults
