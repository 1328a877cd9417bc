"""One liar per test against the founding of a group: which check fires, who is blamed, and what still stands."""

from __future__ import annotations

import pytest

from ceremony.base.errors import PeerFault, Refused
from ceremony.ceremonies.keygen_opening import params_of
from ceremony.station.steps_keygen import open_keygen
from tests.flows.table import Table
from tests.liars import Liar, entries, faults, log_of, put, state_of, stranger

KEY = "02" + "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"


@pytest.fixture
def table(tmp_path) -> Table:
    """Alice and bob have accepted; carol is the liar."""
    made = Table(tmp_path, 2, 3)
    made["alice"].holder.answers["accept.charter"] = "later"
    made.round("alice", "bob")
    del made["alice"].holder.answers["accept.charter"]
    made.round("alice")
    return made


def accepting(table: Table, **lies) -> dict:
    """An acceptance by carol, honest but for the fields given."""
    return {"charter": table.charter.group, "hostkey": KEY, "machine": "cc" * 32, "reader": "alice", "tries": 0} | lies


def accept(table: Table, **lies) -> None:
    founding = state_of(table.stick).members.founding.id
    Liar(table, "carol").say(table.stick, "charter.accept", accepting(table, **lies), founding)


def test_an_honest_acceptance_founds_the_group(table):
    accept(table)
    assert state_of(table.stick).members.founded


@pytest.mark.parametrize("lies", [{"charter": "ab" * 32}, {"reader": "carol"}, {"reader": "mallory"}])
def test_another_charter_or_words_that_nobody_else_read(table, lies):
    accept(table, **lies)
    state = state_of(table.stick)
    assert faults(state) == [("CHARTER-ACCEPT", ("carol",))] and not state.members.founded
    accept(table)  # an honest acceptance afterwards counts
    assert state_of(table.stick).members.founded


def test_a_stranger_cannot_accept_for_carol(table):
    """Somebody with a key of his own joins as carol's new machine and accepts: it is not carol's word."""
    who = stranger(table, "carol")
    who.say(table.stick, "incarnation.join", {"identity": who.identity, "hostkey": KEY, "machine": "dd" * 32,
                                              "retires": 0, "sig": ""})
    who.say(table.stick, "charter.accept", accepting(table), state_of(table.stick).members.founding.id)
    state = state_of(table.stick)
    assert not state.members.founded and faults(state) == []
    table.round("bob")
    assert not any(q.id == "admit.incarnation" for q in table["bob"].holder.asked)  # nobody is bothered with it


def test_a_decline_keeps_the_group_unfounded_and_no_key_is_made(table):
    table["carol"].holder.answers |= {"accept.charter": "No", "decline.reason": "not like this"}
    table.round("carol", "alice")
    state = table["alice"].desk.state
    assert state.members.dead and list(state.members.declines) == ["carol"]
    with pytest.raises(Refused, match="KEYGEN-NOT-FOUNDED"):
        open_keygen(table["alice"].desk)


def test_two_production_stations_on_one_machine(tmp_path):
    """The second station refuses by itself; one that does not is seen by everybody."""
    table = Table(tmp_path, 2, 3, mode="production", machines={"carol": "one", "bob": "one"})
    table.found()
    assert [f.check for f in table["carol"].last.faults] == ["CHARTER-MACHINE"]
    accept(table, machine=state_of(table.stick).members.machines()["bob"])
    state = state_of(table.stick)
    assert faults(state) == [("CHARTER-MACHINE", ("bob", "carol"))] and not state.members.founded


def test_an_opening_in_a_group_that_stands_on_one_machine_twice(tmp_path):
    """Everybody accepted, but two stations are one machine: the group is not founded and no key is made."""
    table = Table(tmp_path, 2, 3, mode="production", machines={"carol": "one", "bob": "one"})
    table.found()
    accept(table, machine=state_of(table.stick).members.machines()["bob"])
    state = state_of(table.stick)
    keys = [state.latest_hostkey(name) for name in table.names]
    body = {"attempt": 0, "epoch": 0, "profile": "chilldkg-0.3.0-dev", "t": 2,
            "hostkeys": [[k.name, k.hostkey, k.entry] for k in keys]}
    Liar(table, "alice").say(table.stick, "keygen.open", body | {"params": params_of(body).hash().hex()})
    state = state_of(table.stick)
    assert ("KEYGEN-OPEN", ("alice",)) in faults(state) and not state.keygens
    with pytest.raises(Refused, match="KEYGEN-NOT-FOUNDED"):
        table["alice"].visit(table.stick, open_keygen)


def test_one_machine_is_no_matter_in_a_rehearsal(tmp_path):
    table = Table(tmp_path, 2, 3, machines={"carol": "one", "bob": "one"})
    table.found()
    assert state_of(table.stick).members.founded


def test_an_opening_before_everybody_accepted_is_followed_by_nobody(table):
    log = log_of(entries(table.stick))
    state = state_of(table.stick)
    rows = [[n, k.hostkey, k.entry] for n in ("alice", "bob") for k in [state.latest_hostkey(n)]]
    body = {"attempt": 0, "epoch": 0, "profile": "chilldkg-0.3.0-dev", "t": 2, "params": "00" * 32,
            "hostkeys": [*rows, ["carol", KEY, rows[0][2]]]}
    put(table.stick, Liar(table, "alice").entry(log, "keygen.open", body))
    state = state_of(table.stick)
    assert faults(state) == [("KEYGEN-OPEN", ("alice",))] and not state.keygens


@pytest.mark.parametrize("place", [0, 1])
def test_a_founded_group_stays_founded_when_an_acceptance_turns_out_to_be_forked(tmp_path, place):
    """Bob writes a second entry at an early place of his chain, long after the key was made: the key stands."""
    table = Table(tmp_path, 2, 3)
    table.found()
    early = log_of(e for e in entries(table.stick) if e.author != "bob" or e.seq < place)
    table.keygen()
    before = table.key().id
    put(table.stick, Liar(table, "bob").entry(early, "declare", {"what": "absent", "name": "alice", "text": ""}))
    table.round("alice")
    state = table["alice"].desk.state
    assert state.log.forks() == {"bob/0": place} and state.members.founded and state.key.id == before
    assert state.keygens[0].status == "done" and state.keygens[0].opening.author == "alice"


def test_two_stations_with_one_host_key_are_named_when_somebody_opens(table):
    copied = state_of(table.stick).latest_hostkey("bob").hostkey
    accept(table, hostkey=copied)
    with pytest.raises(PeerFault, check=lambda f: (f.check, f.culprits) == ("KEYGEN-HOSTKEY-TWICE", ("bob", "carol"))):
        table["alice"].visit(table.stick, open_keygen)


def test_a_host_key_that_is_no_point_is_named_when_somebody_opens(table):
    accept(table, hostkey="02" + "ff" * 32)
    with pytest.raises(PeerFault, check=lambda f: (f.check, f.culprits) == ("KEYGEN-HOSTKEY", ("carol",))):
        table["alice"].visit(table.stick, open_keygen)
