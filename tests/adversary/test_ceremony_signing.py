"""One liar per test against a signing request over the log: which check fires, who is blamed, what still stands.

Carol opens and lies; alice and she are the signers. Alice is honest: she is asked only about what can be followed.
"""

from __future__ import annotations

import itertools
import os
from dataclasses import replace

import pytest

from ceremony.base.errors import LocalFault, Refused
from ceremony.base.secret import Secret
from ceremony.ceremonies.signing import account_of
from ceremony.chains.bitcoin.account import taproot_key
from ceremony.chains.bitcoin.transaction import parse_transaction
from ceremony.rehearsal.regtest import funded_chain
from ceremony.rehearsal.spend import spend_psbt
from ceremony.station import outbox, steps_sign
from ceremony.station.desk import Desk
from ceremony.station.steps_sign import open_sign
from tests.flows.table import Table, regtest_psbt
from tests.liars import Liar, copy_home, entries, faults, keyed, log_of, own_rows, put, state_of, stranger

SIGNERS = ("alice", "carol")


@pytest.fixture
def table(tmp_path) -> Table:
    """The key is made and everybody knows everybody's prepared nonces."""
    return keyed(tmp_path)


@pytest.fixture
def liar(table) -> Liar:
    return Liar(table, "carol")


@pytest.fixture
def body(table, tmp_path) -> dict:
    """What carol would honestly say: taken from a copy of her home that nobody hears of."""
    twin, psbt = copy_home(table["carol"], tmp_path / "twin"), regtest_psbt(table, coins=2)[1]
    return dict(open_sign(twin.listen(dict(table.stick)), psbt, SIGNERS).body)


def asked(table: Table, name: str = "alice") -> int:
    return sum(q.id == "sign.yes" for q in table[name].holder.asked)


def refused(table: Table, liar: Liar, body: dict, check: str, blamed: tuple = ("carol",)) -> None:
    """Nobody follows the request, alice keeps what is not carol's to burn, and an honest request works afterwards."""
    nonces = kept_for(table, "bob")
    liar.say(table.stick, "sign.open", body)
    table.round("alice", "bob")
    for state in (table["alice"].desk.state, state_of(table.stick)):
        assert faults(state) == [(check, blamed)] and [s.status for s in state.signings] == ["dead"]
    assert asked(table) == 0 and kept_for(table, "bob") == nonces
    honest(table)


def kept_for(table: Table, assigner: str) -> list[str]:
    """The nonces in alice's vault that this station may give out."""
    exports = state_of(table.stick).pool.exports
    rows = table["alice"].store.secrets(table.charter.group, "nonce")
    return [row.ref for row in rows if exports[row.ref.split(":")[0]].assigner == f"{assigner}/0"]


def honest(table: Table) -> None:
    table["bob"].visit(table.stick, lambda desk: open_sign(desk, regtest_psbt(table)[1], ("alice", "bob")))
    table.round("alice")
    assert table["alice"].desk.state.signings[-1].status == "done" or "done" in [
        s.status for s in table["alice"].desk.state.signings]


# --- what a request says ----------------------------------------------------------------------------------------------

def test_an_honest_request_is_signed(table, liar, body):
    liar.say(table.stick, "sign.open", body)
    table.round("alice")
    assert asked(table) == 1 and set(table["alice"].desk.state.signings[0].partials) == {"alice"}


@pytest.mark.parametrize("lies", [
    {"shown": "ab" * 32}, {"key": "ab" * 32}, {"epoch": 1}, {"signers": ["alice", "bob", "carol"]},
    {"signers": ["carol", "alice"]}, {"signers": ["alice", "alice"]}, {"signers": ["alice", "mallory"]},
    {"heads": {}}, {"nonces": {}}])
def test_a_request_that_does_not_add_up(table, liar, body, lies):
    refused(table, liar, body | lies, "SIGN-OPEN")


def test_a_psbt_that_is_none_blames_nobody_and_stops_nobody(table, liar, body):
    refused(table, liar, body | {"psbt": "70736274ff00"}, "PSBT-FORM", ())


def test_coins_that_are_not_of_the_rehearsal(table, liar, body):
    foreign = funded_chain([taproot_key(account_of(table.key(), "regtest"), 0, 0).script], "ab" * 32)
    psbt = spend_psbt(account_of(table.key(), "regtest"), foreign.funding, 1_000_000_000)
    refused(table, liar, body | {"psbt": psbt.hex()}, "TX-REHEARSAL-ORIGIN", ())


def test_a_key_that_the_opener_had_not_seen_finished(table, liar, body):
    """A request is judged by its own past: what makes it good may not arrive later."""
    unfinished = log_of(e for e in entries(table.stick) if e.kind not in ("nonces", "keygen.ack") or e.author == "carol")
    put(table.stick, liar.entry(unfinished, "sign.open", body))
    state = state_of(table.stick)
    assert ("SIGN-OPEN", ("carol",)) in faults(state) and "key that this group did not have" in state.signings[0].why_dead


def test_more_signers_than_the_key_needs(table, liar, body):
    state = state_of(table.stick)
    more = [list(slot) for slot in state.pool.free("bob", "carol", body["key"])[:2]]
    refused(table, liar, nonces(body, bob=more) | {
        "signers": ["alice", "bob", "carol"], "heads": body["heads"] | {"bob/0": list(state.log.heads()["bob/0"])}},
        "SIGN-OPEN")


def test_change_of_a_transaction_that_was_signed_before(table):
    """Rehearsal coins may come from an own transaction, if it was signed in the past of the request."""
    chain, psbt = regtest_psbt(table)
    before = log_of(entries(table.stick))
    table["alice"].visit(table.stick, lambda desk: open_sign(desk, psbt, SIGNERS))
    table.round("carol", "alice")
    made = parse_transaction(state_of(table.stick).signings[0].finished()[1])
    change = spend_psbt(account_of(table.key(), "regtest"), [made], 1_000_000)
    opened = []
    table["alice"].visit(table.stick, lambda desk: opened.append(open_sign(desk, change, SIGNERS)))
    table.round("carol")
    assert [s.status for s in state_of(table.stick).signings] == ["done", "done"]
    put(table.stick, Liar(table, "bob").entry(before, "sign.open", opened[0].body | {
        "nonces": {}, "heads": {}, "signers": ["alice", "carol"]}))
    assert ("TX-REHEARSAL-ORIGIN", ()) in faults(state_of(table.stick))


# --- nonces -----------------------------------------------------------------------------------------------------------

def nonces(body: dict, **rows) -> dict:
    return body | {"nonces": body["nonces"] | rows}


def test_an_invented_nonce(table, liar, body):
    made = [steps_sign.rounds.nonce_gen(Secret(os.urandom(32)))[1].hex() for _ in range(2)]
    refused(table, liar, nonces(body, alice=made), "SIGN-OPEN")


def test_a_nonce_given_to_two_inputs(table, liar, body):
    refused(table, liar, nonces(body, alice=[body["nonces"]["alice"][0]] * 2), "SIGN-OPEN")


@pytest.mark.parametrize("count", [1, 3])
def test_too_few_or_too_many_nonces(table, liar, body, count):
    refused(table, liar, nonces(body, alice=(body["nonces"]["alice"] * 2)[:count]), "SIGN-OPEN")


def test_a_prepared_nonce_for_the_opener_himself(table, liar, body):
    pool = state_of(table.stick).pool
    own = [list(slot) for slot in pool.free("carol", "alice", body["key"])[:2]]
    refused(table, liar, nonces(body, carol=own), "SIGN-NONCE-ASSIGNED")


def test_nonces_that_a_station_prepared_for_itself(table, liar, body):
    """An opener's own nonces are fresh ones; nothing that was known before is signed with."""
    pubnonces = body["nonces"]["carol"]
    own = liar.say(table.stick, "nonces", {"assigner": "carol", "epoch": 0, "key": body["key"], "pubnonces": pubnonces})
    refused(table, liar, nonces(body, carol=[[own.id, 0], [own.id, 1]]), "SIGN-NONCE-ASSIGNED")


def test_nonces_for_somebody_outside_the_group_stop_nobody(table, liar, body):
    liar.say(table.stick, "nonces", {"assigner": "mallory", "epoch": 0, "key": body["key"],
                                     "pubnonces": body["nonces"]["carol"]})
    honest(table)
    assert faults(state_of(table.stick)) == []


def test_nonces_that_only_bob_may_give_out_are_neither_used_nor_burnt(table, liar, body):
    pool = state_of(table.stick).pool
    theirs = [list(slot) for slot in pool.free("alice", "bob", body["key"])[:2]]
    refused(table, liar, nonces(body, alice=theirs), "SIGN-NONCE-ASSIGNED")
    assert state_of(table.stick).signings[-1].opening.body["nonces"]["alice"][0] == theirs[0]  # bob gave it out, rightly


def test_bobs_nonces_given_out_as_alices(table, liar, body):
    pool = state_of(table.stick).pool
    theirs = [list(slot) for slot in pool.free("bob", "carol", body["key"])[:2]]
    refused(table, liar, nonces(body, alice=theirs), "SIGN-NONCE-ASSIGNED")


@pytest.mark.parametrize("slot", [["ab" * 32, 0], None])
def test_a_nonce_that_was_never_prepared(table, liar, body, slot):
    first, second = body["nonces"]["alice"]
    refused(table, liar, nonces(body, alice=[slot or [first[0], 999], second]), "SIGN-NONCE-ASSIGNED")


def test_a_nonce_given_out_twice_in_one_chain(table, liar, body):
    """The first request stands and is signed; the second one can never be."""
    liar.say(table.stick, "sign.open", body)
    liar.say(table.stick, "sign.open", body | {"replaces": [state_of(table.stick).signings[0].id]})
    table.round("alice")
    for state in (table["alice"].desk.state, state_of(table.stick)):
        assert [s.status for s in state.signings] == ["awaiting_partials", "dead"]
        assert faults(state) == [("SIGN-NONCE-ASSIGNED", ("carol",))]
    assert asked(table) == 1 and not table["alice"].last.faults


def test_a_nonce_given_out_on_two_branches_is_used_once(table, liar, body):
    """Alice signs what she saw first. When the other branch arrives both are dead, and her nonce is gone anyway."""
    log, stick = log_of(entries(table.stick)), dict(table.stick)
    put(table.stick, liar.entry(log, "sign.open", body))
    put(stick, liar.entry(log, "sign.open", body | {"replaces": ["ab" * 32]}))
    table.round("alice")
    table["alice"].visit(stick)
    state = table["alice"].desk.state
    assert [s.status for s in state.signings] == ["dead", "dead"] and asked(table) == 1
    assert state.log.forks().keys() == {"carol/0"} and sum(len(s.partials) for s in state.signings) == 1


def test_a_prepared_nonce_that_is_no_point_names_who_prepared_it_and_is_never_given_out(table, liar, body):
    liar.say(table.stick, "nonces", {"assigner": "alice", "epoch": 0, "key": body["key"], "pubnonces": ["02" + "ff" * 65]})
    state = state_of(table.stick)
    assert faults(state) == [("SIGN-NONCE", ("carol",))]
    table["alice"].visit(table.stick, lambda desk: open_sign(desk, regtest_psbt(table)[1], SIGNERS))
    table.round("carol")
    assert table["carol"].desk.state.signings[0].status == "done"


def test_the_openers_own_nonce_is_no_point(table, liar, body):
    refused(table, liar, nonces(body, carol=["02" + "ff" * 65, body["nonces"]["carol"][1]]), "SIGN-NONCE")


def test_a_stranger_gives_out_nobodys_nonces(table, liar, body):
    """Somebody who calls himself carol's new machine names every nonce that carol may give out: nothing happens."""
    who = stranger(table, "carol")
    who.say(table.stick, "incarnation.join", {"identity": who.identity, "hostkey": "02" + "11" * 32, "machine": "dd" * 32,
                                              "retires": 0, "sig": ""})
    before = state_of(table.stick).pool.free("alice", "carol", body["key"])
    who.say(table.stick, "nonces", {"assigner": "alice", "epoch": 0, "key": body["key"], "pubnonces": ["02" + "ff" * 65]})
    who.say(table.stick, "keygen.open", state_of(table.stick).keygens[0].opening.body)
    who.say(table.stick, "sign.open", nonces(body, alice=[list(slot) for slot in before]))
    state = state_of(table.stick)
    assert state.pool.free("alice", "carol", body["key"]) == before and not state.signings and faults(state) == []


# --- pinned places ----------------------------------------------------------------------------------------------------

def test_pins_that_are_not_what_the_opener_had_seen(table, liar, body):
    [(label, (seq, id))] = body["heads"].items()
    founding, bob = state_of(table.stick).members.founding.id, state_of(table.stick).log.heads()["bob/0"]
    for heads in ({label: [seq - 1, id]}, {label: [seq, "ab" * 32]}, {"alice/00": [seq, id]}, {"alice/7": [seq, id]},
                  {"bob/0": list(bob)}, {label: [seq, id], "bob/0": list(bob)}, {"carol/0": [0, founding]},
                  {label: [seq, founding]}):
        liar.say(table.stick, "sign.open", body | {"heads": heads})
    state = state_of(table.stick)
    assert [s.status for s in state.signings] == ["dead"] * 8 and faults(state) == [("SIGN-OPEN", ("carol",))] * 8


def test_a_pin_that_the_opener_never_saw(table, liar, body):
    """Alice's newest entry is held by the readers, but not in the past of carol's opening."""
    log = log_of(entries(table.stick))
    late = Liar(table, "alice").say(table.stick, "declare", {"what": "absent", "name": "bob", "text": ""})
    put(table.stick, liar.entry(log, "sign.open", body | {"heads": {"alice/0": [late.seq, late.id]}}))
    assert faults(state_of(table.stick)) == [("SIGN-OPEN", ("carol",))]


# --- partial signatures -----------------------------------------------------------------------------------------------

@pytest.fixture
def signed(table) -> Table:
    """Alice has opened with carol and signed."""
    table["alice"].visit(table.stick, lambda desk: open_sign(desk, regtest_psbt(table, coins=2)[1], SIGNERS))
    return table


def signing(table: Table):
    return state_of(table.stick).signings[-1]


def dead_and_blamed(table: Table, who: str = "carol", check: str = "SIGN-PARTIAL") -> None:
    for source in (table.stick, entries(table.stick)[::-1]):
        state = state_of(source)
        assert faults(state) == [(check, (who,))] and state.signings[-1].status == "dead"


def test_a_wrong_partial_signature(signed, liar):
    liar.say(signed.stick, "sign.partial", {"psigs": ["11" * 32] * 2, "shown": signing(signed).opening.body["shown"]},
             signing(signed).id)
    dead_and_blamed(signed)


def test_a_partial_signature_that_is_no_scalar(signed, liar):
    liar.say(signed.stick, "sign.partial", {"psigs": ["ff" * 32] * 2, "shown": signing(signed).opening.body["shown"]},
             signing(signed).id)
    dead_and_blamed(signed)


def test_alices_partial_signature_said_by_carol(signed, liar):
    liar.say(signed.stick, "sign.partial", signing(signed).partials["alice"].body, signing(signed).id)
    dead_and_blamed(signed)


def test_a_part_of_the_inputs_only_and_another_text(signed, liar, tmp_path):
    stick = dict(signed.stick)
    twin = copy_home(signed["carol"], tmp_path / "twin-of-carol")
    twin.visit(stick)
    true = state_of(stick).signings[-1].partials["carol"].body
    for lies in ({"psigs": true["psigs"][:1]}, {"psigs": true["psigs"] * 2}, {"shown": "ab" * 32}):
        liar.say(signed.stick, "sign.partial", true | lies, signing(signed).id)
    state = state_of(signed.stick)
    assert faults(state) == [("SIGN-PARTIAL", ("carol",))] * 3 and state.signings[-1].status == "dead"
    liar.say(signed.stick, "sign.partial", true, signing(signed).id)
    assert signing(signed).status == "done"  # a valid signature is a proof, whatever else was said


def test_a_partial_signature_of_another_request(signed, liar, tmp_path):
    """Replayed from a request over the same coins with other nonces."""
    twin, stick = copy_home(signed["carol"], tmp_path / "twin-of-carol"), dict(signed.stick)
    twin.visit(stick)
    replayed = state_of(stick).signings[-1].partials["carol"].body
    first = signing(signed).id
    signed["alice"].visit(signed.stick, lambda desk: open_sign(
        desk, regtest_psbt(signed, coins=2)[1], SIGNERS, [first]))
    second = next(s for s in state_of(signed.stick).signings if s.id != first)
    liar.say(signed.stick, "sign.partial", replayed | {"shown": second.opening.body["shown"]}, second.id)
    assert faults(state_of(signed.stick)) == [("SIGN-PARTIAL", ("carol",))]


def test_a_partial_signature_of_who_does_not_sign_changes_nothing(signed):
    Liar(signed, "bob").say(signed.stick, "sign.partial", {"psigs": ["11" * 32] * 2,
                                                           "shown": signing(signed).opening.body["shown"]},
                            signing(signed).id)
    assert signing(signed).status == "awaiting_partials" and faults(state_of(signed.stick)) == []
    signed.round("carol")
    assert signing(signed).status == "done"


# --- stopping ---------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("kind", ["cancel", "sign.decline"])
def test_after_completion_nothing_stops_a_request(signed, kind):
    signed.round("carol")
    Liar(signed, "alice").say(signed.stick, kind, {"reason": "second thoughts"}, signing(signed).id)
    assert signing(signed).status == "done"


@pytest.mark.parametrize("kind", ["cancel", "sign.decline"])
def test_who_has_no_part_in_a_request_cannot_stop_it(signed, kind):
    Liar(signed, "bob").say(signed.stick, kind, {"reason": "I do not like it"}, signing(signed).id)
    assert signing(signed).status == "awaiting_partials"


def test_a_decline_ends_the_request_and_its_nonces(signed):
    signed["carol"].holder.answers |= {"sign.yes": "No", "decline.reason": "too much"}
    before = len(own_rows(signed["carol"], "nonce"))
    signed.round("carol", "alice")
    assert signed["alice"].desk.state.signings[0].why_dead == "carol: too much"
    assert len(own_rows(signed["carol"], "nonce")) == before - 2


def test_a_cancelled_request_that_alice_signed_still_holds_its_coins(signed):
    """Her partial signature is out for ever: the same coins need `replaces`."""
    Liar(signed, "carol").say(signed.stick, "cancel", {"reason": ""}, signing(signed).id)
    with pytest.raises(Refused, match="SIGN-RESERVED"):
        signed["bob"].visit(signed.stick, lambda desk: open_sign(desk, regtest_psbt(signed, coins=2)[1], SIGNERS))


def test_an_honest_signer_refuses_coins_that_an_earlier_request_holds(table, body, liar):
    """Carol's own station would not open it; alice's refuses it whoever opened it."""
    table["alice"].visit(table.stick, lambda desk: open_sign(desk, regtest_psbt(table, coins=2)[1], SIGNERS))
    signed = table
    liar.say(signed.stick, "sign.open", body)
    signed.round("alice")
    assert [f.check for f in signed["alice"].last.faults] == ["SIGN-RESERVED"] and asked(signed) == 1
    liar.say(signed.stick, "sign.open", nonces(body, alice=[[body["nonces"]["alice"][0][0], i] for i in (5, 6)])
             | {"replaces": [s.id for s in state_of(signed.stick).signings]})
    signed.round("alice")
    assert asked(signed) == 2


# --- forks ------------------------------------------------------------------------------------------------------------

def fork(table: Table, name: str, place: int) -> None:
    """A second entry of a station at this place of its chain, laid on the stick."""
    early = log_of(e for e in entries(table.stick) if e.author != name or e.seq < place)
    put(table.stick, Liar(table, name).entry(early, "declare", {"what": "absent", "name": "bob", "text": "fork"}))


@pytest.mark.parametrize("who", ["alice", "carol"])
@pytest.mark.parametrize("place", [1, 2, 4])
def test_a_signature_that_was_made_stands_whatever_forks_afterwards(signed, who, place):
    """Also when the fork comes before the key, the host key, or the prepared nonces of the one who forked."""
    signed.round("carol")
    done = signing(signed).result()
    fork(signed, who, place)
    state = state_of(signed.stick)
    assert state.log.forks() == {f"{who}/0": place}
    assert state.signings[0].status == "done" and state.signings[0].result() == done and faults(state) == []
    with pytest.raises(Refused, match="SIGN-RESERVED"):  # and its coins stay spent
        signed["bob"].visit(signed.stick, lambda desk: open_sign(desk, regtest_psbt(signed, coins=2)[1], None))


@pytest.mark.parametrize("who", ["alice", "carol"])
def test_an_unfinished_request_dies_with_the_fork_of_its_opener_or_a_signer(signed, who):
    fork(signed, who, 4)
    assert signing(signed).status == "dead" and signing(signed).exposed


def test_a_request_whose_opener_forked_before_it_is_signed_by_nobody(table):
    """Also when he is no signer of it."""
    table["carol"].visit(table.stick, lambda desk: open_sign(desk, regtest_psbt(table)[1], ("alice", "bob")))
    fork(table, "carol", 4)
    table.round("alice")
    assert [s.status for s in table["alice"].desk.state.signings] == ["dead"] and asked(table) == 0


def test_a_forked_station_is_not_chosen_and_nobody_prepares_nonces_for_it(signed):
    signed.round("carol")
    fork(signed, "carol", 4)
    signed["alice"].visit(signed.stick)
    count = len(own_rows(signed["alice"], "nonce"))
    with pytest.raises(Refused, match="SIGN-NO-NONCES"):
        signed["alice"].visit(signed.stick, lambda desk: open_sign(
            desk, regtest_psbt(signed)[1], SIGNERS, [signing(signed).id]))
    signed.round("alice", "bob", "alice")
    assert len(own_rows(signed["alice"], "nonce")) == count
    chosen = []
    signed["alice"].visit(signed.stick, lambda desk: chosen.append(open_sign(
        desk, regtest_psbt(signed)[1], None, [signing(signed).id])))
    assert chosen[0].body["signers"] == ["alice", "bob"]


# --- the station's own side -------------------------------------------------------------------------------------------

def test_hostile_requests_do_not_keep_a_station_from_the_good_one(table, liar, body):
    for lies in ({"psbt": "70736274ff00"}, {"heads": {}}, {"nonces": {}}, {"shown": "ab" * 32}):
        liar.say(table.stick, "sign.open", body | lies)
    honest(table)


def test_a_nonce_that_belongs_to_another_request_is_not_used(table):
    """The vault's row says for which request a nonce was made; the record alone is not believed."""
    table["alice"].visit(table.stick, lambda desk: open_sign(desk, regtest_psbt(table)[1], SIGNERS))
    desk = table["carol"].listen(table.stick)
    [slot] = desk.state.signings[0].opening.body["nonces"]["carol"]
    [row] = desk.store.secrets(table.charter.group, "nonce", ref=f"{slot[0]}:{slot[1]}")
    with desk.step() as step:
        step.move(row, "assigned " + "ab" * 32)
    with pytest.raises(LocalFault, match="SIGN-NONCE-STATE"):
        steps_sign.sign(desk, desk.state.signings[0])


def test_what_is_signed_was_computed_from_the_shard_and_every_nonce_is_new(table, monkeypatch):
    """Randomness that repeats gives no repeated nonce: shard, seat, message and assigner are hashed into each."""
    fixed = replace(table["alice"].world, entropy=lambda size, count=itertools.count(): (
        b"\7" * 32 if size == 32 else next(count).to_bytes(size, "big")))
    table["alice"].world = fixed
    table["alice"].visit(table.stick, lambda desk: steps_sign.prepare_nonces(desk, 5))
    made = [nonce for e in entries(table.stick) if (e.author, e.kind) == ("alice", "nonces") for nonce in e.body["pubnonces"]]
    assert len(set(made)) == len(made)
    monkeypatch.setattr(steps_sign.rounds, "nonce_gen", spy := Spy(steps_sign.rounds.nonce_gen))
    table["alice"].visit(table.stick, lambda desk: open_sign(desk, regtest_psbt(table)[1], SIGNERS))
    assert all(call[1] is not None and call[2] and call[4] for call in spy.calls)


class Spy:
    def __init__(self, function):
        self.function, self.calls = function, []

    def __call__(self, *arguments, **named):
        self.calls.append(arguments)
        return self.function(*arguments, **named)


def test_what_could_not_be_kept_never_leaves(table, monkeypatch):
    """The disk is full in the commit that gives the partial signature: the nonce is still there, the entry is not."""
    table["alice"].visit(table.stick, lambda desk: open_sign(desk, regtest_psbt(table)[1], SIGNERS))
    before = len(own_rows(table["carol"], "nonce"))

    def full(desk, tx):
        if desk.log.of_kind("sign.partial")[-1:] and desk.log.of_kind("sign.partial")[-1].author == "carol":
            raise LocalFault("STORE-FULL", "the disk of this station's home is full")
        keep(desk, tx)

    keep = Desk.keep_views
    monkeypatch.setattr(Desk, "keep_views", full)
    with pytest.raises(LocalFault, match="STORE-FULL"):
        table["carol"].visit(table.stick)
    desk = table["carol"].desk
    assert {e.author for e in desk.log.of_kind("sign.partial")} == {"alice"}
    leaves = [*outbox.loose(desk).values(), *(line for lines in outbox.packed(desk).values() for line in lines)]
    assert not any(b'"author":"carol"' in line and b'"kind":"sign.partial"' in line for line in leaves)
    assert len(own_rows(table["carol"], "nonce")) == before and desk.label not in desk.log.forks()
    monkeypatch.undo()
    table.round("carol")
    assert signing(table).status == "done" and len(own_rows(table["carol"], "nonce")) == before - 1
