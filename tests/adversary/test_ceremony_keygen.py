"""One liar per test against a key generation over the log: which check fires, who is blamed, and that nobody is stuck.

Alice opens, carol lies. What each station makes of it is compared with what a fresh reader of the stick makes of it.
"""

from __future__ import annotations

import os

import pytest

from ceremony.algebra.secp256k1 import G, N, scalar_from_bytes
from ceremony.base.errors import LocalFault, Refused
from ceremony.base.secret import Secret
from ceremony.ceremonies.keygen import eq_hash
from ceremony.ceremonies.keygen_disputes import dispute_context
from ceremony.ceremonies.keygen_opening import params_of
from ceremony.ceremonies.owed import owed
from ceremony.proofs.dleq import prove_dleq
from ceremony.protocols.keygen import checks, rounds
from ceremony.protocols.keygen.messages import Opening, Pmsg1
from ceremony.station.steps_keygen import open_keygen, round1
from tests.flows.table import Table
from tests.liars import Liar, entries, faults, founded, log_of, merge, own_rows, put, state_of

HONEST, LIAR = ("alice", "bob"), "carol"


@pytest.fixture
def table(tmp_path) -> Table:
    return founded(tmp_path)


@pytest.fixture
def opened(table) -> Table:
    """Alice has opened and dealt, and bob has dealt."""
    table["alice"].visit(table.stick, open_keygen)
    table.round("bob")
    return table


@pytest.fixture
def liar(table) -> Liar:
    return Liar(table, LIAR)


def attempt(table: Table):
    return state_of(table.stick).keygens[-1]


def hostkey(table: Table, name: str = LIAR) -> Secret[bytes]:
    station, public = table[name], attempt(table).params.hostpubkeys[table.names.index(name)].hex()
    [row] = station.store.secrets(table.charter.group, "hostkey", ref=public)
    return station.vault.open(row)


def dealt(table: Table) -> Pmsg1:
    """Carol's first message, honest so far."""
    params = attempt(table).params
    return Pmsg1.from_bytes(rounds.step1(hostkey(table), params, os.urandom(32))[1], params.t, params.n)


def deal(table: Table, liar: Liar, **lies):
    """Carol's first message with these fields replaced, laid on the stick."""
    message = dealt(table)
    fields = {name: getattr(message, name) for name in ("commitments", "pop", "ephemeral", "ciphertexts")} | lies
    return liar.say(table.stick, "keygen.round1", {"pmsg1": Pmsg1(**fields).to_bytes().hex()}, attempt(table).id)


def shifted(ciphertexts, seat: int):
    return tuple((c + (i == seat)) % N for i, c in enumerate(ciphertexts))


def ends(table: Table, *expected: tuple[str, tuple]) -> None:
    """The attempt is dead for everybody, with these faults and no others, and the honest can go on to the next."""
    table.round("alice", "bob", "alice")
    for state in (table["alice"].desk.state, table["bob"].desk.state, state_of(table.stick)):
        assert state.keygens[0].status == "dead" and state.key is None
        assert sorted(set(faults(state))) == sorted(expected)
    table.round("carol", "alice", "bob")
    assert not any(state_of(table.stick).needs_hostkey(name) for name in table.names)


# --- openings ---------------------------------------------------------------------------------------------------------

def opening(table: Table, **lies) -> dict:
    state = state_of(table.stick)
    keys = [state.latest_hostkey(name) for name in table.names]
    body = {"attempt": 0, "epoch": 0, "profile": "chilldkg-0.3.0-dev", "t": 2,
            "hostkeys": [[k.name, k.hostkey, k.entry] for k in keys]} | lies
    return body if "params" in body else {"params": params_of(body).hash().hex()} | body


def refused_opening(table: Table, liar: Liar, body: dict) -> None:
    """Nobody follows; the opener is named; no step of anybody is stopped by it, and an honest opening works."""
    liar.say(table.stick, "keygen.open", body)
    table.round("alice", "bob")
    for state in (table["bob"].desk.state, state_of(table.stick)):
        assert not state.keygens and faults(state) == [("KEYGEN-OPEN", (LIAR,))]
    assert not any(q.id == "keygen.yes" for q in table["bob"].holder.asked)
    table.keygen()
    assert table.key() is not None


def with_row(table: Table, index: int, hostkey: str, source: str | None = None) -> list:
    rows = opening(table)["hostkeys"]
    rows[index] = [rows[index][0], hostkey, source or rows[index][2]]
    return rows


def test_an_opening_with_a_host_key_that_bob_never_announced(table, liar):
    refused_opening(table, liar, opening(table, hostkeys=with_row(table, 1, G.compressed().hex())))


def test_an_opening_that_names_an_entry_nobody_has(table, liar):
    own = opening(table)["hostkeys"][1][1]
    refused_opening(table, liar, opening(table, hostkeys=with_row(table, 1, own, "ab" * 32)))


def test_an_opening_with_another_stations_host_key_twice(table, liar):
    body = opening(table)
    rows = with_row(table, 2, *body["hostkeys"][1][1:])
    refused_opening(table, liar, body | {"hostkeys": rows})


def test_an_opening_with_another_params_hash(table, liar):
    refused_opening(table, liar, opening(table, params="ab" * 32))


def test_an_opening_with_another_threshold(table, liar):
    refused_opening(table, liar, opening(table, t=3))


def test_an_opening_with_the_seats_in_another_order(table, liar):
    refused_opening(table, liar, opening(table, hostkeys=opening(table)["hostkeys"][::-1]))


def test_an_opening_with_a_host_key_that_is_no_point(tmp_path):
    """Carol announces bytes that are no point and opens with them: her opening is refused, and no reader stumbles."""
    table = Table(tmp_path, 2, 3)
    table["carol"].holder.answers["accept.charter"] = "later"
    table.found()
    liar, members = Liar(table, LIAR), state_of(table.stick).members
    liar.say(table.stick, "charter.accept", {"charter": table.charter.group, "hostkey": "02" + "ff" * 32,
                                             "machine": "cc" * 32, "reader": "bob", "tries": 0}, members.founding.id)
    keys = [state_of(table.stick).latest_hostkey(name) for name in table.names]
    liar.say(table.stick, "keygen.open", {
        "attempt": 0, "epoch": 0, "profile": "chilldkg-0.3.0-dev", "t": 2, "params": "00" * 32,
        "hostkeys": [[k.name, k.hostkey, k.entry] for k in keys]})
    table.round("bob")
    assert faults(table["bob"].desk.state) == [("KEYGEN-OPEN", (LIAR,))]


def test_an_opening_with_the_host_keys_of_a_dead_attempt(opened, liar):
    stale = opening(opened)["hostkeys"]
    opened["carol"].holder.answers["keygen.yes"] = "No"
    opened.round("carol", "alice", "bob", "carol")
    assert attempt(opened).status == "dead"
    liar.say(opened.stick, "keygen.open", opening(opened, hostkeys=stale))
    opened.round("bob")
    assert len(opened["bob"].desk.state.keygens) == 1
    assert faults(opened["bob"].desk.state) == [("KEYGEN-OPEN", (LIAR,))]


def test_a_second_opening_during_an_attempt_and_one_after_the_key(opened, liar):
    """Neither is followed, and neither keeps anybody from the honest attempt or from signing."""
    liar.say(opened.stick, "keygen.open", opening(opened))
    opened.round("carol", "alice", "bob", "carol", "alice", "bob", "carol")
    assert opened["bob"].desk.state.key is not None and not opened["bob"].last.faults
    liar.say(opened.stick, "keygen.open", opening(opened))
    opened.round()
    assert [k.status for k in opened["bob"].desk.state.keygens] == ["done"] and not opened["bob"].last.faults
    assert faults(opened["bob"].desk.state) == [("KEYGEN-OPEN", (LIAR,))] * 2


def test_nobody_opens_with_a_station_that_has_forked(table):
    log = log_of(e for e in entries(table.stick) if e.author != LIAR)
    put(table.stick, Liar(table, LIAR).entry(log, "declare", {"what": "absent", "name": "bob", "text": ""}))
    with pytest.raises(Refused, match="KEYGEN-STOPPED"):
        table["alice"].visit(table.stick, open_keygen)
    table["alice"].visit(table.stick)
    assert not any(row.name == LIAR for row in owed(table["alice"].desk.state))


def test_a_host_key_that_has_dealt_never_deals_again(opened):
    """Whatever the record looks like, the vault's row says what the key has done."""
    desk = opened["bob"].sit()
    with pytest.raises(LocalFault, match="KEYGEN-HOSTKEY-SPENT"):
        round1(desk, desk.state.keygens[0])


def test_two_holders_who_open_at_once_end_with_one_key(table):
    """An accident, no lie: who dealt in one attempt refuses the other by itself, and one key comes of it."""
    one, two = dict(table.stick), dict(table.stick)
    table["alice"].visit(one, open_keygen)
    table["bob"].visit(two, open_keygen)
    merge(table.stick, one, two)
    for _ in range(4):
        table.round("carol", "alice", "bob")
    state = state_of(table.stick)
    assert [k.status for k in state.keygens] == ["dead", "dead"] and faults(state) == []
    assert all(not table[name].last.faults and own_rows(table[name], "hostkey") == ["announced"] for name in table.names)
    table.keygen()
    assert len(state_of(table.stick).keys) == 1


def test_the_opening_of_a_forked_station_stops_nobody(opened, liar):
    """A forked chain may say anything; what it opens is judged like any opening and never trusted unchecked."""
    log = log_of(entries(opened.stick))
    put(opened.stick, liar.entry(log, "keygen.open", opening(opened, hostkeys=with_row(opened, 1, "02" + "ff" * 32, "ab" * 32),
                                                             params="00" * 32)),
        liar.entry(log, "declare", {"what": "absent", "name": "bob", "text": ""}))
    opened.round("alice", "bob")
    state = opened["bob"].desk.state
    assert state.log.forks() and [k.status for k in state.keygens] == ["dead"]
    assert faults(state) == [("KEYGEN-OPEN", (LIAR,))]


# --- first messages ---------------------------------------------------------------------------------------------------

def test_a_wrong_proof_of_possession(opened, liar):
    deal(opened, liar, pop=bytes(64))
    ends(opened, ("KEYGEN-POP", (LIAR,)))


def test_a_wrong_first_message_is_refused_before_anybody_else_deals(table, liar):
    table["alice"].visit(table.stick, open_keygen)
    deal(table, liar, pop=bytes(64))
    table.round("bob")
    assert table["bob"].last.did[0] == "refused this key generation (KEYGEN-POP)"
    assert not any(q.id == "keygen.yes" for q in table["bob"].holder.asked)


def test_a_first_message_of_another_threshold(opened, liar):
    message = dealt(opened)
    deal(opened, liar, commitments=(*message.commitments, message.commitments[0]))
    ends(opened, ("KEYGEN-LENGTH", (LIAR,)))


def test_bobs_first_message_said_by_carol(opened, liar):
    """A replay inside the attempt: the proof of possession names the seat."""
    theirs = attempt(opened).round1["bob"].body["pmsg1"]
    liar.say(opened.stick, "keygen.round1", {"pmsg1": theirs}, attempt(opened).id)
    ends(opened, ("KEYGEN-POP", (LIAR,)))


def test_a_copied_ephemeral_point_blames_nobody_and_opens_no_share(opened, liar):
    params = attempt(opened).params
    theirs = Pmsg1.from_bytes(bytes.fromhex(attempt(opened).round1["bob"].body["pmsg1"]), params.t, params.n)
    deal(opened, liar, ephemeral=theirs.ephemeral)
    ends(opened, ("KEYGEN-EPHEMERAL-TWICE", ()))
    assert all(e.body["opening"] == {} for e in attempt(opened).refusals.values())


def test_two_first_messages_in_one_chain(opened, liar):
    deal(opened, liar)
    deal(opened, liar)
    ends(opened, ("KEYGEN-TWICE", (LIAR,)))


def test_a_different_first_message_to_each(opened, liar):
    """Alice and bob certify different keys; once their entries meet, the fork is plain and no certificate can exist.

    Both keep their host keys, since each had certified.
    """
    log, to_alice, to_bob = log_of(entries(opened.stick)), dict(opened.stick), dict(opened.stick)
    for stick in (to_alice, to_bob):
        put(stick, liar.entry(log, "keygen.round1", {"pmsg1": dealt(opened).to_bytes().hex()}, attempt(opened).id))
    opened["alice"].visit(to_alice)
    opened["bob"].visit(to_bob)
    merge(opened.stick, to_alice, to_bob)
    for name in HONEST:
        assert opened[name].last.did == ["checked everybody's part and certified the key"]
        opened.round(name)
    for state in (opened["alice"].desk.state, state_of(opened.stick)):
        assert state.log.forks().keys() == {"carol/0"} and state.keygens[0].status == "dead" and faults(state) == []
    for name in HONEST:
        assert f"attempt {attempt(opened).id}" in own_rows(opened[name], "hostkey")


def test_a_wrong_share_is_proven_to_everybody(opened, liar):
    deal(opened, liar, ciphertexts=shifted(dealt(opened).ciphertexts, 1))
    opened.round("bob")
    assert opened["bob"].last.did[0] == "refused this key generation (KEYGEN-SHARE)"
    ends(opened, ("KEYGEN-SHARE", (LIAR,)))


def test_a_dealer_who_forks_after_a_wrong_share_is_still_the_one_who_is_named(opened, liar):
    log = log_of(entries(opened.stick))
    wrong = deal(opened, liar, ciphertexts=shifted(dealt(opened).ciphertexts, 1))
    opened.round("bob")
    put(opened.stick, liar.entry(log, "declare", {"what": "absent", "name": "bob", "text": ""}))
    state = state_of(opened.stick)
    assert state.log.forks() == {"carol/0": wrong.seq} and state.keygens[0].status == "dead"
    assert faults(state) == [("KEYGEN-SHARE", (LIAR,))]


def test_of_two_wrong_dealers_one_share_is_opened(tmp_path):
    """One opening proves that the attempt had to die; a second would publish a second share for nothing."""
    table = founded(tmp_path, 2, 4)
    table["alice"].visit(table.stick, open_keygen)
    table.round("bob")
    for name in ("carol", "dave"):
        params = attempt(table).params
        raw = rounds.step1(hostkey(table, name), params, os.urandom(32))[1]
        message = Pmsg1.from_bytes(raw, params.t, params.n)
        wrong = Pmsg1(message.commitments, message.pop, message.ephemeral, shifted(message.ciphertexts, 1))
        Liar(table, name).say(table.stick, "keygen.round1", {"pmsg1": wrong.to_bytes().hex()}, attempt(table).id)
    table.round("bob")
    refusal = attempt(table).refusals["bob"]
    assert refusal.body["culprits"] == ["carol", "dave"] and refusal.body["opening"]["accused"] == "carol"
    assert faults(state_of(table.stick)) == [("KEYGEN-SHARE", ("carol",))]


# --- accusations ------------------------------------------------------------------------------------------------------

def accuse(table: Table, liar: Liar, whom: str, **lies) -> None:
    """Carol, who has dealt honestly, opens the share that somebody dealt to her."""
    run = attempt(table)
    message = run.round1[whom]
    seats = [table.names.index(LIAR), table.names.index(whom)]
    raw = bytes.fromhex(message.body["pmsg1"])
    context = dispute_context(table.charter.group, run.id, message.id)
    ephemeral = Pmsg1.from_bytes(raw, run.params.t, run.params.n).ephemeral
    secret = Secret(scalar_from_bytes(hostkey(table).reveal()))
    shared, proof = prove_dleq(secret, ephemeral, checks.opening_context(run.params, *seats, raw, context), os.urandom(32))
    body = {"accused": whom, "entry": message.id, "proof": Opening(shared, proof).to_bytes().hex()} | lies
    liar.say(table.stick, "keygen.refuse", {"check": "KEYGEN-SHARE", "culprits": [whom], "reason": "", "opening": body},
             run.id)


def test_the_opening_of_a_right_share_names_the_accuser(opened, liar):
    deal(opened, liar)
    accuse(opened, liar, "bob")
    ends(opened, ("KEYGEN-FALSE-ACCUSATION", (LIAR,)))


def test_an_opening_with_a_wrong_proof_names_the_accuser(opened, liar):
    deal(opened, liar)
    accuse(opened, liar, "bob", proof="02" + "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798" + "11" * 64)
    ends(opened, ("KEYGEN-OPENING", (LIAR,)))


def test_an_opening_that_was_proven_for_another_attempt_names_the_accuser(opened, liar):
    """A proof is bound to group, attempt, entry and both seats: each of them taken from elsewhere makes it wrong."""
    one = [("aa" * 32, "bb" * 32, "cc" * 32), ("ab" * 32, "bb" * 32, "cc" * 32), ("aa" * 32, "bc" * 32, "cc" * 32),
           ("aa" * 32, "bb" * 32, "cd" * 32)]
    assert len({dispute_context(*fields) for fields in one}) == 4
    deal(opened, liar, ciphertexts=shifted(dealt(opened).ciphertexts, 1))
    opened.round("bob")
    theirs = attempt(opened).refusals["bob"].body["opening"]
    liar.say(opened.stick, "keygen.refuse", {"check": "KEYGEN-SHARE", "culprits": ["bob"], "reason": "",
                                             "opening": theirs | {"accused": "bob", "entry": attempt(
                                                 opened).round1["bob"].id}}, attempt(opened).id)
    assert faults(state_of(opened.stick)) == [("KEYGEN-SHARE", (LIAR,)), ("KEYGEN-OPENING", (LIAR,))]


def test_an_accusation_over_somebody_elses_message_names_the_accuser(opened, liar):
    deal(opened, liar)
    accuse(opened, liar, "bob", entry=attempt(opened).round1["alice"].id)
    ends(opened, ("KEYGEN-FALSE-ACCUSATION", (LIAR,)))


@pytest.mark.parametrize("lies", [{"entry": "ab" * 32}, {"accused": "mallory"}])
def test_an_accusation_over_a_message_that_is_not_there_names_the_accuser(opened, liar, lies):
    deal(opened, liar)
    accuse(opened, liar, "bob", **lies)
    ends(opened, ("KEYGEN-FALSE-ACCUSATION", (LIAR,)))


def test_an_accusation_of_oneself_names_the_accuser(opened, liar):
    deal(opened, liar)
    accuse(opened, liar, LIAR)
    ends(opened, ("KEYGEN-FALSE-ACCUSATION", (LIAR,)))


def test_a_refusal_that_proves_nothing_kills_the_attempt_and_blames_nobody(opened, liar):
    liar.say(opened.stick, "keygen.refuse", {"check": "KEYGEN-POP", "culprits": ["bob"], "reason": "", "opening": {}},
             attempt(opened).id)
    ends(opened)


# --- certificates -----------------------------------------------------------------------------------------------------

def deal_truly(table: Table, liar: Liar):
    """Carol deals without a lie; her state for the next round."""
    state, pmsg1 = rounds.step1(hostkey(table), attempt(table).params, os.urandom(32))
    liar.say(table.stick, "keygen.round1", {"pmsg1": pmsg1.hex()}, attempt(table).id)
    return state


def certificate(table: Table, state) -> dict:
    """Carol's true round 2."""
    messages = [bytes.fromhex(attempt(table).round1[name].body["pmsg1"]) for name in table.names]
    kept, pmsg2 = rounds.step2(hostkey(table), state, messages, os.urandom(32))
    return {"eq": eq_hash(kept.eq_input), "pmsg2": pmsg2.hex()}


@pytest.mark.parametrize("lies", [{"pmsg2": "11" * 64}, {"eq": "ab" * 32}])
def test_a_wrong_certificate(opened, liar, lies):
    true = certificate(opened, deal_truly(opened, liar))
    liar.say(opened.stick, "keygen.round2", true | lies, attempt(opened).id)
    ends(opened, ("KEYGEN-CERTIFICATE", (LIAR,)))


def test_a_certificate_given_before_the_first_messages_were_seen(table, liar):
    table["alice"].visit(table.stick, open_keygen)
    deal(table, liar)
    liar.say(table.stick, "keygen.round2", {"eq": "ab" * 32, "pmsg2": "11" * 64}, attempt(table).id)
    ends(table, ("KEYGEN-CERTIFICATE", (LIAR,)))


def test_alices_certificate_said_by_carol(opened, liar):
    deal_truly(opened, liar)
    opened.round("alice")
    liar.say(opened.stick, "keygen.round2", attempt(opened).round2["alice"].body, attempt(opened).id)
    ends(opened, ("KEYGEN-CERTIFICATE", (LIAR,)))


def certified(table: Table) -> None:
    """Everybody has certified; nobody has acknowledged."""
    for name in ("carol", "alice", "bob"):
        table.round(name)
    assert attempt(table).key is not None


def ack(table: Table, **lies) -> dict:
    key = attempt(table).key
    good = rounds.acknowledge(hostkey(table), key.recovery, os.urandom(32)).hex()
    return {"ack": good, "key": key.id, "recovery": key.recovery_hash()} | lies


@pytest.mark.parametrize("lies", [{"ack": "11" * 64}, {"key": "ab" * 32}, {"recovery": "ab" * 32}])
def test_a_wrong_acknowledgment_names_its_author_and_the_key_is_not_used(opened, liar, lies):
    certified(opened)
    liar.say(opened.stick, "keygen.ack", ack(opened, **lies), attempt(opened).id)
    opened.round("alice", "bob", "alice")
    state = opened["alice"].desk.state
    assert state.key is None and state.keygens[0].status == "awaiting_acks" and faults(state) == [("KEYGEN-ACK", (LIAR,))]
    liar.say(opened.stick, "keygen.ack", ack(opened), attempt(opened).id)
    assert state_of(opened.stick).key is not None


def test_bobs_acknowledgment_said_by_carol(opened, liar):
    certified(opened)
    opened.round("bob")
    liar.say(opened.stick, "keygen.ack", attempt(opened).acks["bob"].body, attempt(opened).id)
    assert ("KEYGEN-ACK", (LIAR,)) in faults(state_of(opened.stick))


# --- who certified cannot take it back, who refused cannot certify ------------------------------------------------------

REFUSAL = {"check": "HOLDER-DECLINED", "culprits": [], "reason": "second thoughts", "opening": {}}


def test_a_refusal_after_certifying_changes_nothing_and_is_blamed(opened, liar):
    opened.round("carol")
    liar.say(opened.stick, "keygen.refuse", REFUSAL, attempt(opened).id)
    opened.round("alice", "bob", "alice")
    liar.say(opened.stick, "keygen.ack", ack(opened), attempt(opened).id)
    for state in (state_of(opened.stick), state_of(entries(opened.stick)[::-1])):
        assert state.key is not None and faults(state) == [("KEYGEN-TWICE", (LIAR,))]


def test_a_cancellation_after_certifying_changes_nothing(opened, liar):
    opened.round("carol")
    liar.say(opened.stick, "cancel", {"reason": "second thoughts"}, attempt(opened).id)
    opened.round("alice", "bob")
    assert attempt(opened).key is not None


@pytest.mark.parametrize("kind, body", [("keygen.refuse", REFUSAL), ("cancel", {"reason": "no"})])
def test_who_refused_and_certifies_afterwards_brings_no_dead_attempt_back(opened, liar, kind, body):
    """The others have gone on to a new attempt with new host keys: a late certificate must not make a second key."""
    state, first = deal_truly(opened, liar), attempt(opened).id
    opened.round(*HONEST)  # both certify before they learn of the refusal
    late = certificate(opened, state)
    liar.say(opened.stick, kind, body, first)
    liar.say(opened.stick, "keygen.round2", late, first)
    ends(opened, ("KEYGEN-TWICE", (LIAR,)))
    assert attempt(opened).key is None and len(attempt(opened).refusals) == 1


def test_an_attempt_that_was_dead_over_a_fork_lives_when_the_branch_proves_it(opened, liar):
    """Carol refuses on one branch and certifies on the other: a complete certificate stands by itself."""
    state, first = deal_truly(opened, liar), attempt(opened).id
    opened.round(*HONEST)
    log, stick = log_of(entries(opened.stick)), dict(opened.stick)
    put(stick, liar.entry(log, "keygen.refuse", REFUSAL, first))
    put(opened.stick, liar.entry(log, "keygen.round2", certificate(opened, state), first))
    for name in HONEST:
        opened[name].visit(stick)
        assert opened[name].desk.state.keygens[0].status == "dead"
        opened[name].visit(opened.stick)
        assert opened[name].desk.state.log.forks() == {"carol/0": 2}
        assert opened[name].last.did[0] == "keeps its shard and acknowledged the recovery data"
    assert set(attempt(opened).acks) == set(HONEST) and attempt(opened).status == "awaiting_acks"
