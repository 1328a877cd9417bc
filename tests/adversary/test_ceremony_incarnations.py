"""Liars and mistakes round a replaced machine: who may come back as alice, who admits it, and what her old self still does."""

from __future__ import annotations

import os

import pytest

from ceremony.algebra.schnorr import schnorr_sign
from ceremony.base.errors import LocalFault
from ceremony.base.secret import Secret
from ceremony.ceremonies.membership import join_message
from ceremony.station.steps_founding import new_hostkey
from ceremony.station.steps_sign import open_sign
from tests.flows.table import Table, regtest_psbt
from tests.liars import Liar, copy_home, entries, faults, keyed, log_of, merge, put, recovered, state_of, stranger


@pytest.fixture
def table(tmp_path) -> Table:
    return keyed(tmp_path)


@pytest.fixture
def new(table, tmp_path):
    """Alice's new machine, which asks to be admitted."""
    return recovered(table, "alice", tmp_path / "new")


def current(table: Table, name: str = "alice") -> str:
    return state_of(table.stick).members.current[name]


def join_of(table: Table):
    return state_of(table.stick).members.joins[-1]


def admission(of, **lies) -> dict:
    return {"author": "alice", "inc": of.entry.inc, "join": of.entry.id, "reader": "alice", "tries": 0} | lies


def asked(table: Table, name: str) -> int:
    return sum(q.id == "admit.incarnation" for q in table[name].holder.asked)


def test_a_recovered_station_is_admitted_by_t_others_and_signs(table, new):
    before = current(table)
    table.round("bob")
    assert current(table) == before and new.visit(table.stick).did == []
    table.round("carol")
    new.visit(table.stick)
    table.round("bob", "carol", "bob")
    assert current(table) == new.desk.label and asked(table, "bob") == 1
    new.visit(table.stick, lambda desk: open_sign(desk, regtest_psbt(table)[1], ("alice", "bob")))
    table.round("bob")
    assert table["bob"].desk.state.signings[0].status == "done" and faults(state_of(table.stick)) == []


def test_too_few_admissions_and_ones_own_do_not_count(table, new):
    table.round("bob")
    Liar(table, "alice").say(table.stick, "incarnation.admit", admission(join_of(table), reader="bob"), join_of(table).entry.id)
    assert current(table) == "alice/0" and set(join_of(table).admits) == {"bob"}
    new.visit(table.stick)
    with pytest.raises(LocalFault, match="STATION-NOT-MEMBER"):
        open_sign(new.desk, regtest_psbt(table)[1], None)


@pytest.mark.parametrize("lies", [{"reader": "carol"}, {"reader": "mallory"}, {"inc": 7}, {"author": "bob"}, {"join": "ab" * 32}])
def test_an_admission_read_alone_or_of_something_else(table, new, lies):
    table.round("bob")
    Liar(table, "carol").say(table.stick, "incarnation.admit", admission(join_of(table), **lies), join_of(table).entry.id)
    assert current(table) == "alice/0"
    Liar(table, "carol").say(table.stick, "incarnation.admit", admission(join_of(table)), join_of(table).entry.id)
    assert current(table) == new.sit().label


def test_an_admission_of_one_join_replayed_for_another(table, new, tmp_path):
    """The second join opens its own ceremony: what was said inside the first cannot be said for it."""
    table.round("bob")
    first = join_of(table).entry.id
    other = recovered(table, "alice", tmp_path / "other")
    joins = {j.entry.id: j for j in state_of(table.stick).members.joins}
    second = next(id for id in joins if id != first)
    Liar(table, "carol").say(table.stick, "incarnation.admit", admission(joins[first]), second)
    state = state_of(table.stick)
    assert {j.entry.id: set(j.admits) for j in state.members.joins} == {first: {"bob"}, second: set()}
    assert other.sit().label != state.members.current["alice"] == "alice/0"


# --- joins that anybody could have made -------------------------------------------------------------------------------

def joining(who: Liar, sig: str, hostkey: str = "02" + "11" * 32) -> dict:
    return {"identity": who.identity, "hostkey": hostkey, "machine": "dd" * 32, "retires": 0, "sig": sig}


def nobodys(table: Table, who: Liar) -> None:
    """Nobody is asked about the join, and even t admissions do not make it a member."""
    table.round("bob", "carol")
    assert asked(table, "bob") == asked(table, "carol") == 0
    join = next(j for j in state_of(table.stick).members.joins if j.entry.inc == who.inc)
    for name in ("bob", "carol"):
        Liar(table, name).say(table.stick, "incarnation.admit", admission(join, reader="alice"), join.entry.id)
    assert current(table) == "alice/0" and not table["bob"].last.faults


def test_a_join_without_a_signature(table):
    who = stranger(table, "alice")
    who.say(table.stick, "incarnation.join", joining(who, ""))
    nobodys(table, who)


def test_a_join_signed_with_bobs_host_key(table):
    who, bob = stranger(table, "alice"), table["bob"]
    [row] = bob.store.secrets(table.charter.group, "hostkey")
    message = join_message(table.charter.group, "alice", who.identity)
    who.say(table.stick, "incarnation.join", joining(who, schnorr_sign(bob.vault.open(row), message, os.urandom(32)).hex()))
    nobodys(table, who)


def test_the_signature_of_another_join(table, new):
    who = stranger(table, "alice")
    who.say(table.stick, "incarnation.join", joining(who, join_of(table).entry.body["sig"]))
    join = next(j for j in state_of(table.stick).members.joins if j.entry.inc == who.inc)
    assert not join.proven


def test_a_join_signed_with_a_host_key_that_an_unadmitted_join_announced(table):
    """One stranger's join announces a host key, the next is signed with it: both are the same stranger's word."""
    first, second = stranger(table, "alice"), stranger(table, "alice")
    secret, public = new_hostkey(table["bob"].world)
    first.say(table.stick, "incarnation.join", joining(first, "", public))
    message = join_message(table.charter.group, "alice", second.identity)
    second.say(table.stick, "incarnation.join", joining(second, schnorr_sign(secret, message, os.urandom(32)).hex()))
    nobodys(table, second)


# --- rivals -----------------------------------------------------------------------------------------------------------

def test_an_honest_station_admits_one_of_two_rivals(table, tmp_path):
    recovered(table, "alice", tmp_path / "one")
    table.round("bob")
    recovered(table, "alice", tmp_path / "two")
    table.round("bob")
    assert asked(table, "bob") == 1 and [f.check for f in table["bob"].last.faults] == ["INCARNATION-RIVAL"]


def test_who_admits_two_rivals_is_named_and_one_of_them_goes_on(table, tmp_path):
    for folder in ("one", "two"):
        recovered(table, "alice", tmp_path / folder)
    table.round("bob")
    joins = state_of(table.stick).members.joins
    for join in joins:
        for name in ("bob", "carol"):
            if name not in join.admits:
                Liar(table, name).say(table.stick, "incarnation.admit", admission(join), join.entry.id)
    state = state_of(table.stick)
    assert faults(state) == [("INCARNATION-RIVAL", ("bob", "carol"))]
    assert [j.admitted for j in state.members.joins] == [True, False]


def test_a_second_recovery_is_proven_by_the_host_key_that_the_first_machine_announced(table, new, tmp_path):
    table.round("bob", "carol")
    new.visit(table.stick)
    recovered(table, "alice", tmp_path / "third")
    table.round("bob", "carol")
    state = state_of(table.stick)
    assert [j.admitted for j in state.members.joins] == [True, True]
    assert state.members.retired.keys() == {"alice/0", new.desk.label}


def test_a_production_machine_that_carries_another_station_is_not_admitted(tmp_path):
    """And the group stays founded: what two stations share later cannot undo the key."""
    table = keyed(tmp_path, mode="production")
    recovered(table, "alice", tmp_path / "new", machine="machine of bob")
    table.round("bob", "carol", "bob")
    state = state_of(table.stick)
    assert state.members.current["alice"] == "alice/0" and state.members.founded and state.key is not None
    recovered(table, "alice", tmp_path / "better")
    state = state_of(table.stick)
    assert len(state.members.joins) == 2


# --- the old self -----------------------------------------------------------------------------------------------------

@pytest.fixture
def replaced(table, new) -> Table:
    table.round("bob", "carol")
    new.visit(table.stick)
    table.round("bob", "carol")
    return table


def test_the_old_machine_learns_that_it_was_replaced_and_stops(replaced):
    done = replaced["alice"].visit(replaced.stick)
    assert done.did == [] and not done.faults
    with pytest.raises(LocalFault, match="STATION-NOT-MEMBER"):
        open_sign(replaced["alice"].desk, regtest_psbt(replaced)[1], None)


def test_a_replaced_machine_that_goes_on_opens_nothing_and_stops_nothing(replaced, new):
    """Also where alice is a signer: her old machine says no, and her new one signs."""
    bob = replaced["bob"]
    bob.visit(replaced.stick, lambda desk: open_sign(desk, regtest_psbt(replaced)[1], ("alice", "bob")))
    request, old = state_of(replaced.stick).signings[-1], Liar(replaced, "alice")
    old.say(replaced.stick, "cancel", {"reason": "mine"}, request.id)
    old.say(replaced.stick, "sign.open", request.opening.body | {"signers": ["bob", "carol"]})
    old.say(replaced.stick, "declare", {"what": "compromised", "name": "bob", "text": "lies"})
    state = state_of(replaced.stick)
    assert [s.status for s in state.signings] == ["awaiting_partials"] and state.declarations == []
    new.visit(replaced.stick)
    assert state_of(replaced.stick).signings[-1].status == "done"


def test_a_forged_line_of_a_new_machine_does_not_make_it_stop(replaced, new):
    """Nobody knows yet whose key it is while the line before it is missing: it may be anybody's."""
    forger = Liar(replaced, "alice", new.desk.group.inc, Secret(os.urandom(32)))
    put(replaced.stick, forger.entry(log_of(entries(replaced.stick)), "declare", {
        "what": "absent", "name": "bob", "text": ""}, seq=99, prev="ab" * 32))
    new.visit(replaced.stick)
    assert new.taken.waiting == 1 and not new.last.faults


def test_a_replaced_machine_that_does_not_know_it_yet_opens_a_request_that_nobody_follows(table, new):
    """It could not know, so it is not blamed; its chain does not count any more, so nobody signs."""
    stick = dict(table.stick)
    table.round("bob", "carol")
    table["alice"].visit(stick, lambda desk: open_sign(desk, regtest_psbt(table)[1], ("alice", "bob")))
    merge(table.stick, stick)
    table.round("bob")
    state = table["bob"].desk.state
    assert [s.status for s in state.signings] == ["dead"] and faults(state) == []
    assert not any(q.id == "sign.yes" for q in table["bob"].holder.asked)


def test_a_request_that_waits_for_the_old_machine_ends_when_the_new_one_is_admitted(table, tmp_path):
    table["carol"].visit(table.stick, lambda desk: open_sign(desk, regtest_psbt(table)[1], ("alice", "carol")))
    recovered(table, "alice", tmp_path / "new")
    table.round("bob")
    assert state_of(table.stick).signings[0].status == "awaiting_partials"
    table.round("carol")
    assert state_of(table.stick).signings[0].status == "dead" and faults(state_of(table.stick)) == []


def body_of(table: Table, tmp_path) -> dict:
    """What carol honestly says, with alice and herself as signers, taken from a copy of her home."""
    twin = copy_home(table["carol"], tmp_path / "twin-of-carol")
    return dict(open_sign(twin.listen(dict(table.stick)), regtest_psbt(table)[1], ("alice", "carol")).body)


def test_the_nonces_and_the_place_of_a_replaced_machine_are_not_used(table, new, tmp_path):
    before = body_of(table, tmp_path)
    table.round("bob", "carol")
    new.visit(table.stick)
    liar = Liar(table, "carol")
    liar.say(table.stick, "sign.open", before)  # pins alice/0
    head = state_of(table.stick).log.heads()[new.desk.label]
    liar.say(table.stick, "sign.open", before | {"heads": {new.desk.label: list(head)}})  # nonces of alice/0
    state = state_of(table.stick)
    assert faults(state) == [("SIGN-OPEN", ("carol",)), ("SIGN-NONCE-ASSIGNED", ("carol",))]


def test_a_recovered_opener_gives_out_no_nonce_that_its_old_self_may_have_given_out(table, tmp_path):
    """Alice gave out a nonce of bob in a request that her backup's log does not hold. Her new self has none of these:
    she must wait for bob's new ones, so a copied bob can never be made to use one twice."""
    older = dict(table.stick)
    table["alice"].visit(table.stick, lambda desk: open_sign(desk, regtest_psbt(table)[1], ("alice", "bob")))
    given = state_of(table.stick).signings[0].opening.body["nonces"]["bob"]
    new = recovered(table, "alice", tmp_path / "new", log=older)
    table.round("bob", "carol")
    new.visit(table.stick)
    state = state_of(table.stick)
    assert state.members.current["alice"] == new.desk.label
    assert state.pool.free("bob", "alice", state.key.id) == [] or given[0] not in map(list, state.pool.free(
        "bob", "alice", state.key.id))
    log, liar = log_of(entries(table.stick)), Liar(table, "alice", new.desk.group.inc, new.vault.open(
        new.store.secrets("", "identity")[-1]))
    old = state.signings[0].opening.body
    heads = {"bob/0": list(log.heads()["bob/0"])}
    unused = [[given[0][0], given[0][1] + 1]]  # even one that was never given out
    put(table.stick, liar.entry(log, "sign.open", old | {
        "heads": heads, "nonces": old["nonces"] | {"bob": unused}, "replaces": [state.signings[0].id]}))
    table.round("bob")
    assert ("SIGN-NONCE-ASSIGNED", ("alice",)) in faults(table["bob"].desk.state)


def test_a_signature_that_the_old_machine_helped_to_make_stands(table, tmp_path):
    table["alice"].visit(table.stick, lambda desk: open_sign(desk, regtest_psbt(table)[1], ("alice", "bob")))
    table.round("bob")
    done = state_of(table.stick).signings[0].result()
    new = recovered(table, "alice", tmp_path / "new")
    table.round("bob", "carol")
    new.visit(table.stick)
    state = state_of(table.stick)
    assert state.members.current["alice"] == new.desk.label
    assert state.signings[0].status == "done" and state.signings[0].result() == done


def test_nonces_kept_for_a_replaced_assigner_are_destroyed(table, new):
    def kept(name: str) -> set[str]:
        exports = state_of(table.stick).pool.exports
        rows = table["bob"].store.secrets(table.charter.group, "nonce")
        return {row.ref for row in rows if exports[row.ref.split(":")[0]].assigner == name}

    assert kept("alice/0")
    table.round("bob", "carol", "bob")
    assert not kept("alice/0") and kept(new.sit().label) and kept("carol/0")


def test_entries_of_another_group_are_told_and_left_alone(table, tmp_path):
    (tmp_path / "other").mkdir()
    other = keyed(tmp_path / "other", 2, 4)
    table.stick.update({f"theirs/{name}": raw for name, raw in other.stick.items() if not name.endswith((".sig", ".seal"))})
    table.round("bob")
    assert {fault.check for _, fault in table["bob"].taken.refused} == {"RECORD-GROUP"}
    assert not table["bob"].last.faults and len(table["bob"].desk.state.keygens) == 1


