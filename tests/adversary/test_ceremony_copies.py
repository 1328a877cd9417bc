"""Homes that were copied or restored from an old copy, at every stage. The copy is alice's; bob and carol are honest.

A copy that meets an entry of its other self stops for good. One that never does can at most repeat what its other self
does: the same certificate, the same partial signature.
"""

from __future__ import annotations

import pytest

from ceremony.base.errors import LocalFault
from ceremony.station import steps_sign
from ceremony.station.steps_keygen import open_keygen
from ceremony.station.steps_sign import open_sign
from tests.flows.table import Table, regtest_psbt
from tests.liars import Liar, copy_home, entries, faults, founded, keyed, log_of, merge, own_rows, put, state_of, stranger


def stops(station, stick) -> None:
    """The copy takes in and carries what others say, and adds nothing, this time and every time."""
    for _ in range(2):
        held = set(stick)
        with pytest.raises(LocalFault, match="STATION-COPIED"):
            station.visit(stick)
        assert set(stick) == held
    for opening in (open_keygen, lambda desk: open_sign(desk, b"", None), lambda desk: steps_sign.prepare_nonces(desk, 1)):
        if opening is not open_keygen and station.desk.state.key is None:
            continue
        with pytest.raises(LocalFault, match="STATION-COPIED"):
            opening(station.desk)


# --- during key generation --------------------------------------------------------------------------------------------

@pytest.fixture
def opened(tmp_path) -> Table:
    table = founded(tmp_path)
    table["bob"].visit(table.stick, open_keygen)
    return table


def test_a_copy_from_before_round1_stops_when_it_sees_that_it_has_dealt(opened, tmp_path):
    old = copy_home(opened["alice"], tmp_path / "old")
    opened.round("alice")
    stops(old, opened.stick)


def test_a_copy_from_before_round1_that_deals_as_well_ends_the_attempt(opened, tmp_path):
    """Two polynomials of one host key: everybody sees the fork, nobody certifies, both homes stop."""
    old, stick = copy_home(opened["alice"], tmp_path / "old"), dict(opened.stick)
    opened.round("alice")
    old.visit(stick)
    opened["carol"].visit(stick)  # sees the second dealing only
    merge(opened.stick, stick)
    opened.round("bob", "carol")
    state = state_of(opened.stick)
    assert state.log.forks().keys() == {"alice/0"} and state.keygens[0].status == "dead" and faults(state) == []
    for home in (old, opened["alice"]):
        with pytest.raises(LocalFault, match="STATION-COPIED"):
            home.visit(opened.stick)


def test_a_copy_from_between_the_rounds_can_only_certify_the_same(opened, tmp_path):
    opened.round("alice", "carol")
    old = copy_home(opened["alice"], tmp_path / "old")
    opened.round("bob")
    stick = dict(opened.stick)
    opened.round("alice")
    old.visit(stick)
    one, two = ([e for e in entries(s) if (e.author, e.kind) == ("alice", "keygen.round2")] for s in (opened.stick, stick))
    assert one[0].body["eq"] == two[0].body["eq"] and one[0].id != two[0].id
    merge(opened.stick, stick)
    opened.round("carol", "bob")
    state = state_of(opened.stick)
    assert state.log.forks() == {"alice/0": 3} and state.keygens[0].status == "done"  # the certificate stands
    for home in (old, opened["alice"]):
        with pytest.raises(LocalFault, match="STATION-COPIED"):
            home.visit(opened.stick)


def test_a_copy_that_certified_keeps_everything_and_adds_nothing(opened, tmp_path):
    opened.round("alice", "carol", "alice")
    old = copy_home(opened["alice"], tmp_path / "old")
    opened.round("bob", "alice")
    before = own_rows(old, "hostkey"), own_rows(old, "keygen2")
    stops(old, opened.stick)
    assert (own_rows(old, "hostkey"), own_rows(old, "keygen2")) == before and before[1]


# --- with prepared nonces ---------------------------------------------------------------------------------------------

@pytest.fixture
def table(tmp_path) -> Table:
    return keyed(tmp_path)


def opened_by(table: Table, name: str, stick=None) -> None:
    table[name].visit(table.stick if stick is None else stick,
                      lambda desk: open_sign(desk, regtest_psbt(table)[1], ("alice", name)))


def partials(*sticks) -> list[list[str]]:
    return [e.body["psigs"] for stick in sticks for e in entries(stick)
            if (e.author, e.kind) == ("alice", "sign.partial")]


def test_a_copy_from_before_a_signature_repeats_it_exactly(table, tmp_path):
    """Both homes see the request before they see each other: one nonce, one message, one signature."""
    old = copy_home(table["alice"], tmp_path / "old")
    opened_by(table, "carol")
    stick = dict(table.stick)
    table.round("alice")
    old.visit(stick)
    one, two = partials(table.stick, stick)
    assert one == two and "prepared" in own_rows(old, "nonce")
    merge(table.stick, stick)
    state = state_of(table.stick)
    assert state.log.forks().keys() == {"alice/0"} and state.signings[0].status == "done"


def test_a_copy_from_before_a_signature_stops_when_it_sees_it(table, tmp_path):
    old = copy_home(table["alice"], tmp_path / "old")
    opened_by(table, "carol")
    table.round("alice")
    stops(old, table.stick)


def test_a_restored_home_does_not_sign_what_pins_its_later_self(table, tmp_path):
    """The request names an entry that the old home never made, so the request's past is not complete there."""
    old = copy_home(table["alice"], tmp_path / "old")
    table["alice"].visit(table.stick, lambda desk: steps_sign.prepare_nonces(desk, 1))
    table.round("carol")
    opened_by(table, "carol")
    mine = [e for e in entries(table.stick) if e.author != "alice" or e.seq <= old.store.entries(
        table.charter.group, label="alice/0")[-1].seq]
    without: dict[str, bytes] = {}
    put(without, *mine)
    old.visit(without)
    assert partials(without) == [] and old.desk.state.signings == [] and old.taken.waiting


def test_two_copies_that_take_turns_are_noticed_at_the_second_turn(table, tmp_path):
    """Their chain would never fork: only a home knows which of its entries it made itself."""
    twin = copy_home(table["alice"], tmp_path / "twin")
    table["alice"].visit(table.stick, lambda desk: steps_sign.prepare_nonces(desk, 1))
    stops(twin, table.stick)
    assert not state_of(table.stick).log.forks()


def test_a_copy_that_opens_requests_forks_and_no_signer_uses_a_nonce_twice(table, tmp_path):
    twin, stick = copy_home(table["alice"], tmp_path / "twin"), dict(table.stick)
    before = len(own_rows(table["bob"], "nonce"))
    _, psbt = regtest_psbt(table)
    for station, medium in ((table["alice"], table.stick), (twin, stick)):
        station.visit(medium, lambda desk: open_sign(desk, psbt, ("alice", "bob")))
    for medium in (table.stick, stick):
        table["bob"].visit(medium)
    state = table["bob"].desk.state
    named = {tuple(s.opening.body["nonces"]["bob"][0]) for s in state.signings}
    assert len(named) == 1 and sum("bob" in s.partials for s in state.signings) == 1
    assert len(own_rows(table["bob"], "nonce")) == before - 1


def test_a_forked_home_asks_its_holder_nothing(table, tmp_path):
    opened_by(table, "carol")
    log = log_of(e for e in entries(table.stick) if e.author != "alice" or e.seq < 5)
    put(table.stick, Liar(table, "alice").entry(log, "declare", {"what": "absent", "name": "bob", "text": ""}))
    asked = len(table["alice"].holder.asked)
    with pytest.raises(LocalFault, match="STATION-COPIED"):
        table["alice"].visit(table.stick)
    assert len(table["alice"].holder.asked) == asked


def test_a_strangers_line_makes_nobody_stop(table):
    """Lines of a later incarnation whose key nobody knows may be anybody's and prove nothing about alice's home."""
    who = stranger(table, "alice")
    who.say(table.stick, "incarnation.join", {"identity": who.identity, "hostkey": "02" + "11" * 32, "machine": "dd" * 32,
                                              "retires": 0, "sig": ""})
    table.round("alice")
    assert not table["alice"].last.faults


def test_a_home_that_lost_the_pinned_entry_does_not_sign(table):
    """What the request pins is looked up in the home's own store again, just before it signs."""
    opened_by(table, "carol")
    desk = table["alice"].listen(table.stick)
    [signing] = desk.state.signings
    pinned = signing.opening.body["heads"]["alice/0"][1]
    table["alice"].store._connection.execute("DELETE FROM entries WHERE id = ?", (pinned,))
    with pytest.raises(LocalFault, match="SIGN-ROLLED-BACK"):
        steps_sign.sign(desk, signing)
    assert not table["alice"].holder.asked or table["alice"].holder.asked[-1].id != "sign.yes"
