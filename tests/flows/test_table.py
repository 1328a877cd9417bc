"""Whole ceremonies in one process, with real stores: the counts of visits, and a signature that Bitcoin Core accepts."""

from __future__ import annotations

import random

import pytest

from ceremony.base.errors import Refused
from ceremony.ceremonies.owed import next_stop, owed
from ceremony.rehearsal.consensus import prove
from ceremony.station import go
from ceremony.station.steps_keygen import open_keygen
from ceremony.station.steps_sign import open_sign
from tests.flows.table import Table, regtest_psbt


@pytest.mark.parametrize("t, n", [(2, 3), (3, 5), (7, 11)])
def test_visits_of_a_key_generation(tmp_path, t, n):
    """DESIGN section 5: r rounds cost (r + 1)(n - 1) + 1 visits until all have the result; here r = 3."""
    table = Table(tmp_path, t, n)
    table.found()
    assert table.keygen() == 4 * (n - 1) + 1
    assert len({s.desk.state.key.id for s in table.stations.values()}) == 1
    assert not any(list(s.desk.state.faults()) for s in table.stations.values())


def test_visits_until_one_station_has_the_key(tmp_path):
    table = Table(tmp_path, 2, 3)
    table.found()
    order = ["alice", "bob", "carol"] * 3
    for count, name in enumerate(order, start=1):
        table[name].visit(table.stick, open_keygen if count == 1 else None)
        if table[name].desk.state.key:
            break
    assert count == 7


@pytest.mark.parametrize("version", [0, 2])
@pytest.mark.parametrize("coins", [1, 3])
def test_a_signature_takes_two_visits_and_core_accepts_it(tmp_path, version, coins):
    table = Table(tmp_path, 2, 3)
    table.found()
    table.keygen()
    chain, psbt = regtest_psbt(table, coins=coins, version=version)
    table["alice"].visit(table.stick, lambda desk: open_sign(desk, psbt, None))
    table["bob"].visit(table.stick)
    signing = table["bob"].desk.state.signings[0]
    assert signing.status == "done"
    verdict = prove(chain, signing.finished()[1])
    assert (verdict.after_twin, verdict.after) == (verdict.before, verdict.before + 1)
    table.round("alice")
    assert table["alice"].desk.state.signings[0].status == "done"


def test_every_choice_of_signers_and_openers(tmp_path):
    """Any station opens for any pair, itself among them or not, and nonces never run short unnoticed."""
    table = Table(tmp_path, 2, 3)
    table.found()
    table.keygen()
    opener_and_signers = [("alice", ("bob", "carol")), ("bob", ("alice", "carol")), ("carol", ("alice", "carol"))]
    replaces: list[str] = []
    for opener, signers in opener_and_signers:
        _, psbt = regtest_psbt(table)
        table[opener].visit(table.stick, lambda desk: replaces.append(open_sign(desk, psbt, signers, replaces[:]).id))
        for name in signers:
            table[name].visit(table.stick)
        assert table[signers[-1]].desk.state.ceremony(replaces[-1]).status == "done"


def test_a_second_visit_changes_nothing(tmp_path):
    table = Table(tmp_path, 2, 3)
    table.found()
    table.keygen()
    before = dict(table.stick)
    table.round()
    assert table.stick == before and all(not s.last.did for s in table.stations.values())
    desk = table["alice"].desk
    assert not owed(desk.state) and next_stop(desk.state, desk.name, desk.seals_missing()) is None


def test_a_lost_stick_costs_nothing(tmp_path):
    """Any other stick takes its place: every station writes all that it holds."""
    table = Table(tmp_path, 2, 3)
    table.found()
    table["alice"].visit(table.stick, open_keygen)
    table["bob"].visit(table.stick)
    table.stick = {}
    for _ in range(5):
        table.round("bob", "carol", "alice")
    assert all(s.desk.state.key for s in table.stations.values())


def test_two_sticks_in_any_order(tmp_path):
    table, other = Table(tmp_path, 2, 3), {}
    table.found()
    table["alice"].visit(table.stick, open_keygen)
    chance = random.Random(7)
    for _ in range(60):
        table[chance.choice(table.names)].visit(chance.choice([table.stick, other]))
    assert all(s.desk.state.key for s in table.stations.values())


def test_declining_a_key_generation_kills_the_attempt_and_the_next_one_works(tmp_path):
    table = Table(tmp_path, 2, 3)
    table.found()
    table["carol"].holder.answers |= {"keygen.yes": "No", "decline.reason": "not today"}
    table["alice"].visit(table.stick, open_keygen)
    table.round("bob", "carol", "alice", "bob", "carol")
    attempt = table["alice"].desk.state.keygens[0]
    assert attempt.status == "dead" and "not today" in attempt.why_dead
    del table["carol"].holder.answers["keygen.yes"]
    table.round()
    assert table.keygen() and table.key()


def test_production_refuses_two_stations_on_one_machine(tmp_path):
    table = Table(tmp_path, 2, 3, mode="production", machines={"bob": "one machine", "carol": "one machine"})
    table["alice"].holder.answers["accept.charter"] = "later"
    table.round("alice", "bob", "carol")
    fault = table["carol"].last.faults[0]
    assert isinstance(fault, Refused) and fault.check == "CHARTER-MACHINE"
    assert not table["carol"].desk.state.members.founded


def test_production_works_on_three_machines(tmp_path):
    table = Table(tmp_path, 2, 3, mode="production")
    table.found()
    table.keygen()
    assert table.key() and go.todo(table["alice"].desk) == []


def test_words_typed_wrongly_three_times_stop_and_leave_an_entry(tmp_path):
    table = Table(tmp_path, 2, 3)
    table["alice"].visit(table.stick)
    table["bob"].holder.answers["accept.words"] = " ".join(["abandon"] * 14 + ["about"])
    table["bob"].visit(table.stick)
    assert table["bob"].last.faults[0].check == "WORDS-FAILED"
    assert [e.body["reader"] for e in table["bob"].desk.state.words_failed] == ["alice"]
    assert not table["bob"].desk.state.members.accepts.get("bob")


def test_an_attempt_that_asks_for_a_host_key_which_died_with_another_is_refused(tmp_path):
    """Found by a random walk: of two attempts opened at once one died, its host keys were destroyed, and the other hung."""
    table = Table(tmp_path, 2, 3)
    table.found()
    table.round()
    hers = dict(table.stick)
    table["carol"].holder.answers["keygen.yes"] = "No"
    table["carol"].visit(hers, open_keygen)
    table["alice"].visit(table.stick, open_keygen)
    table["bob"].visit(hers)
    assert table["bob"].last.did[:1] == ["announced a fresh host key"]
    table["bob"].visit(table.stick)
    assert not table["bob"].last.faults
    rival = next(k for k in table["bob"].desk.state.keygens if k.opening.author == "alice")
    assert rival.refusals["bob"].body["check"] == "KEYGEN-HOSTKEY-SPENT" and rival.status == "dead"
    del table["carol"].holder.answers["keygen.yes"]
    table.stick |= hers
    table.round()
    table.round()
    table.keygen()
    assert table.key() is not None
