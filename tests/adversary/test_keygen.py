"""One liar per test, one changed message per liar. Each test says which check fires and who is blamed.

Sessions are 2-of-3 with fixed keys. Seat 1 lies unless a test says otherwise; seat 0 judges.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from hashlib import sha256

import pytest

from ceremony.algebra.schnorr import schnorr_sign
from ceremony.algebra.secp256k1 import G, INFINITY, N, Point, mul_public, scalar_to_bytes
from ceremony.base.errors import LocalFault, PeerFault, Unattributed, UsageFault
from ceremony.base.secret import Secret
from ceremony.protocols.keygen import checks, dispute, rounds
from ceremony.protocols.keygen.hostkey import hostpubkey
from ceremony.protocols.keygen.messages import Opening, Pmsg1
from ceremony.protocols.keygen.params import SessionParams, seat_bytes
from ceremony.protocols.keygen.states import State1, State2

T, COUNT = 2, 3
KEYS = [Secret(sha256(b"host %d" % seat).digest()) for seat in range(COUNT)]
PARAMS = SessionParams(tuple(map(hostpubkey, KEYS)), T)
AUX = b"\x0a" * 32
RANDOM = [sha256(b"random %d" % seat).digest() for seat in range(COUNT)]
STATES, HONEST = map(list, zip(*(rounds.step1(KEYS[seat], PARAMS, RANDOM[seat]) for seat in range(COUNT))))
SECOND = [rounds.step2(KEYS[seat], STATES[seat], HONEST, AUX) for seat in range(COUNT)]
STATES2, PMSGS2 = map(list, zip(*SECOND))
OUTPUT, RECOVERY = rounds.finalize(STATES2[0], PMSGS2)
CONTEXT = b"group, session, entry id"


def parsed(seat=1) -> Pmsg1:
    return Pmsg1.from_bytes(HONEST[seat], T, COUNT)


def lie(seat=1, **changes) -> list[bytes]:
    """The first messages of all, that of ``seat`` changed."""
    return [replace(parsed(seat), **changes).to_bytes() if k == seat else HONEST[k] for k in range(COUNT)]


def wrong_share(dealer=1, victim=0, by=1) -> list[bytes]:
    ciphertexts = list(parsed(dealer).ciphertexts)
    ciphertexts[victim] = (ciphertexts[victim] + by) % N
    return lie(dealer, ciphertexts=tuple(ciphertexts))


def assert_blamed(check, culprits, act, kind=PeerFault):
    with pytest.raises(kind) as caught:
        act()
    assert (caught.value.check, caught.value.culprits) == (check, culprits)
    return caught.value


# First messages: what everybody sees


@pytest.mark.parametrize("message", [
    b"", HONEST[1][:-1], HONEST[1] + b"\0", HONEST[1] + HONEST[1],
    parsed().commitments[0].compressed() + HONEST[1],                 # one coefficient more: a higher threshold
    HONEST[1][33:]])                                                  # one less: a lower one
def test_a_message_of_another_length_is_refused_so_no_dealer_changes_the_threshold(message):
    assert_blamed("KEYGEN-LENGTH", (1,), lambda: checks.check_pmsg1(PARAMS, 1, message))


OFF_CURVE = b"\x02" + (5).to_bytes(32, "big")


@pytest.mark.parametrize("at, bad, check", [
    (0, OFF_CURVE, "KEYGEN-COMMITMENTS"), (33, OFF_CURVE, "KEYGEN-COMMITMENTS"),
    (33, b"\x04" + bytes(32), "KEYGEN-COMMITMENTS"),
    (33 * T + 64, OFF_CURVE, "KEYGEN-EPHEMERAL"), (33 * T + 64, bytes(33), "KEYGEN-EPHEMERAL"),
    (33 * T + 97, N.to_bytes(32, "big"), "KEYGEN-CIPHERTEXTS"), (-32, b"\xff" * 32, "KEYGEN-CIPHERTEXTS")])
def test_what_is_no_point_or_scalar_is_refused(at, bad, check):
    at %= len(HONEST[1])
    message = HONEST[1][:at] + bad + HONEST[1][at + len(bad):]
    assert_blamed(check, (1,), lambda: checks.check_pmsg1(PARAMS, 1, message))
    assert_blamed(check, (1,), lambda: checks.aggregate(PARAMS, [HONEST[0], message, HONEST[2]]))


def test_a_dealer_of_nothing_is_refused():
    commitments = (INFINITY, *parsed().commitments[1:])
    assert_blamed("KEYGEN-COMMITMENTS", (1,), lambda: checks.check_all_pmsg1(PARAMS, lie(commitments=commitments)))


def test_another_coefficient_may_be_zero():
    """ChillDKG permits it: otherwise honest sums could be refused."""
    message = replace(parsed(), commitments=(parsed().commitments[0], INFINITY)).to_bytes()
    checks.check_pmsg1(PARAMS, 1, message)


def test_a_rogue_key_needs_a_proof_that_the_rogue_cannot_make():
    """Seat 1 answers the others' commitments so that the sum is a key of its own choice."""
    mine = mul_public(777, G)
    rogue = mine - parsed(0).commitments[0] - parsed(2).commitments[0]
    assert Point.sum((rogue, parsed(0).commitments[0], parsed(2).commitments[0])) == mine
    assert_blamed("KEYGEN-POP", (1,),
                  lambda: checks.check_all_pmsg1(PARAMS, lie(commitments=(rogue, parsed().commitments[1]))))


def test_a_copied_message_carries_the_proof_of_its_first_owner():
    messages = [HONEST[0], HONEST[0], HONEST[2]]
    assert_blamed("KEYGEN-POP", (1,), lambda: rounds.step2(KEYS[0], STATES[0], messages, AUX))


def test_a_proof_under_the_usual_tag_is_no_proof_of_possession():
    """Else an ordinary signature over four bytes could be used as one."""
    pop = schnorr_sign(Secret(scalar_to_bytes(5)), seat_bytes(1), AUX)
    message = replace(parsed(), commitments=(mul_public(5, G), G), pop=pop).to_bytes()
    assert_blamed("KEYGEN-POP", (1,), lambda: checks.check_pmsg1(PARAMS, 1, message))


@pytest.mark.parametrize("position", range(33 * T, 33 * T + 64))
def test_every_byte_of_the_proof_of_possession_matters(position):
    message = bytearray(HONEST[1])
    message[position] ^= 1
    assert_blamed("KEYGEN-POP", (1,), lambda: checks.check_pmsg1(PARAMS, 1, bytes(message)))


@pytest.mark.parametrize("copied", [parsed(0).ephemeral, -parsed(2).ephemeral, PARAMS.hostpoints[2],
                                    -PARAMS.hostpoints[0], PARAMS.hostpoints[1]])
def test_copied_ephemeral_points_stop_the_session_before_an_opening_could_uncover_a_share(copied):
    messages = lie(ephemeral=copied)
    for act in (lambda: checks.check_all_pmsg1(PARAMS, messages),
                lambda: rounds.step2(KEYS[2], STATES[2], messages, AUX),
                lambda: dispute.open_share(KEYS[2], PARAMS, messages, 1, CONTEXT, AUX)):
        assert_blamed("KEYGEN-EPHEMERAL-TWICE", (), act, Unattributed)


def test_a_second_message_for_the_own_seat_is_noticed():
    _, other = rounds.step1(KEYS[0], PARAMS, b"\x55" * 32)
    assert_blamed("KEYGEN-OWN-MESSAGE", (), lambda: rounds.step2(KEYS[0], STATES[0], [other, *HONEST[1:]], AUX),
                  LocalFault)


@pytest.mark.parametrize("messages", [[], HONEST[:2], [*HONEST, HONEST[2]]])
def test_a_wrong_number_of_messages_is_a_bug_of_the_caller(messages):
    for act in (lambda: checks.aggregate(PARAMS, messages), lambda: checks.check_all_pmsg1(PARAMS, messages),
                lambda: rounds.step2(KEYS[0], STATES[0], messages, AUX),
                lambda: checks.certify(STATES2[0].eq_input, messages)):
        with pytest.raises(ValueError):
            act()


# Wrong shares: what only the recipient sees


def test_a_wrong_share_names_its_dealer_at_its_victim_and_stays_hidden_from_others():
    messages = wrong_share(dealer=1, victim=0)
    assert_blamed("KEYGEN-SHARE", (1,), lambda: rounds.step2(KEYS[0], STATES[0], messages, AUX))
    rounds.step2(KEYS[2], STATES[2], messages, AUX)


def test_all_dealers_of_wrong_shares_are_named():
    messages = [HONEST[0], wrong_share(1, 0)[1], wrong_share(2, 0, by=5)[2]]
    assert_blamed("KEYGEN-SHARE", (1, 2), lambda: rounds.step2(KEYS[0], STATES[0], messages, AUX))


def test_errors_that_cancel_harm_nobody():
    messages = [HONEST[0], wrong_share(1, 0)[1], wrong_share(2, 0, by=-1)[2]]
    state, _ = rounds.step2(KEYS[0], STATES[0], messages, AUX)
    assert state.secshare.reveal() == STATES2[0].secshare.reveal()


def test_a_commitment_moved_after_dealing_makes_every_share_wrong():
    messages = lie(commitments=(parsed().commitments[0], parsed().commitments[1] + G))
    for seat in (0, 2):
        assert_blamed("KEYGEN-SHARE", (1,), lambda: rounds.step2(KEYS[seat], STATES[seat], messages, AUX))


def test_a_wrong_share_to_oneself_is_this_machines_fault():
    messages = wrong_share(dealer=0, victim=0)
    state = replace(STATES[0], pmsg1=messages[0])
    assert_blamed("KEYGEN-OWN-SHARE", (), lambda: rounds.step2(KEYS[0], state, messages, AUX), LocalFault)


# Disputes


def opening(messages, accuser=0, accused=1, context=CONTEXT) -> bytes:
    return dispute.open_share(KEYS[accuser], PARAMS, messages, accused, context, AUX).to_bytes()


def judge(messages, opened, accuser=0, accused=1, context=CONTEXT):
    return lambda: checks.check_opening(PARAMS, messages[accused], accuser, accused, context, opened)


@pytest.mark.parametrize("accuser, accused", [(0, 1), (2, 1), (1, 0), (0, 2)])
def test_an_opened_wrong_share_convicts_its_dealer(accuser, accused):
    messages = wrong_share(dealer=accused, victim=accuser)
    opened = opening(messages, accuser, accused)
    assert len(opened) == 97
    assert_blamed("KEYGEN-SHARE", (accused,), judge(messages, opened, accuser, accused))


def test_a_right_share_is_not_opened_and_an_opening_of_it_convicts_the_accuser():
    assert_blamed("KEYGEN-NO-DISPUTE", (), lambda: opening(HONEST), LocalFault)
    bound = checks.opening_context(PARAMS, 0, 1, HONEST[1], CONTEXT)
    shared, proof = dispute.prove_dleq(dispute.host_scalar(KEYS[0]), parsed().ephemeral, bound, AUX)
    assert_blamed("KEYGEN-FALSE-ACCUSATION", (0,), judge(HONEST, Opening(shared, proof).to_bytes()))


def test_nobody_accuses_himself():
    assert_blamed("KEYGEN-NO-DISPUTE", (), lambda: opening(wrong_share(0, 0), 0, 0), LocalFault)
    assert_blamed("KEYGEN-FALSE-ACCUSATION", (1,), judge(HONEST, bytes(97), 1, 1))


def test_an_accuser_who_opens_another_point_convicts_himself():
    shared = Opening.from_bytes(opening(wrong_share()))
    forged = replace(shared, shared=shared.shared + G).to_bytes()
    assert_blamed("KEYGEN-OPENING", (0,), judge(HONEST, forged))


@pytest.mark.parametrize("position", [0, 1, 32, 33, 64, 65, 96])
def test_a_changed_opening_convicts_the_accuser_and_not_the_accused(position):
    changed = bytearray(opening(wrong_share()))
    changed[position] ^= 1
    assert_blamed("KEYGEN-OPENING", (0,), judge(wrong_share(), bytes(changed)))


@pytest.mark.parametrize("bad", [b"", bytes(97), bytes(96), bytes(98), OFF_CURVE + bytes(64)])
def test_an_opening_of_no_form_convicts_the_accuser(bad):
    assert_blamed("KEYGEN-OPENING", (0,), judge(wrong_share(), bad))


def test_an_opening_is_bound_to_context_seats_and_message():
    messages, opened = wrong_share(), opening(wrong_share())
    assert_blamed("KEYGEN-OPENING", (0,), judge(messages, opened, context=CONTEXT + b"!"))
    assert_blamed("KEYGEN-OPENING", (2,), judge(messages, opened, accuser=2))
    assert_blamed("KEYGEN-OPENING", (0,), judge(messages, opened, accused=2))
    assert_blamed("KEYGEN-OPENING", (0,), judge(wrong_share(by=2), opened))
    other = SessionParams(PARAMS.hostpubkeys, 2 + 1)
    taller = rounds.step1(KEYS[1], other, RANDOM[1])[1]
    assert_blamed("KEYGEN-OPENING", (0,), lambda: checks.check_opening(other, taller, 0, 1, CONTEXT, opened))


def test_a_message_that_fails_in_public_convicts_its_author_whatever_the_opening():
    messages = lie(pop=bytes(64))
    assert_blamed("KEYGEN-POP", (1,), judge(messages, bytes(97)))
    assert_blamed("KEYGEN-POP", (1,), lambda: opening(messages))


# Second messages, recovery data, acknowledgments


def test_an_equivocating_dealer_cannot_get_a_certificate():
    """Seat 1 shows seat 2 another message. No signature fits the other's sum; the fault says what it assumes."""
    _, other = rounds.step1(KEYS[1], PARAMS, b"\x77" * 32)
    split, _ = rounds.step2(KEYS[2], STATES[2], [HONEST[0], other, HONEST[2]], AUX)
    fault = assert_blamed("KEYGEN-CERTIFICATE", (2,),
                          lambda: rounds.finalize(STATES2[0], [PMSGS2[0], PMSGS2[1], split.pmsg2]))
    assert "same first messages" in fault.assumes


@pytest.mark.parametrize("bad", [b"", bytes(64), PMSGS2[0], PMSGS2[1][:-1], PMSGS2[1] + b"\0",
                                 rounds.acknowledge(KEYS[1], RECOVERY, AUX),
                                 schnorr_sign(KEYS[1], STATES2[1].eq_input.to_bytes(), AUX),
                                 schnorr_sign(KEYS[1], checks.certificate_message(0, STATES2[1].eq_input.to_bytes()),
                                              AUX)])
def test_another_signature_is_no_second_message(bad):
    assert_blamed("KEYGEN-CERTIFICATE", (1,), lambda: checks.check_pmsg2(STATES2[0].eq_input, 1, bad))
    assert_blamed("KEYGEN-CERTIFICATE", (1,), lambda: rounds.finalize(STATES2[0], [PMSGS2[0], bad, PMSGS2[2]]))


def test_the_second_messages_of_the_right_seats_are_accepted():
    for seat in range(COUNT):
        checks.check_pmsg2(STATES2[0].eq_input, seat, PMSGS2[seat])


def test_every_byte_of_the_recovery_data_matters():
    encoded = RECOVERY.to_bytes()
    assert checks.check_recovery_data(encoded) == RECOVERY
    for position in range(len(encoded)):
        changed = bytearray(encoded)
        changed[position] ^= 1
        with pytest.raises(Unattributed):
            checks.check_recovery_data(bytes(changed))
        with pytest.raises(Unattributed):
            rounds.recover(KEYS[0], bytes(changed))


@pytest.mark.parametrize("bad", [b"", b"\0" * 3, b"\xff" * 600, RECOVERY.to_bytes()[:-1], RECOVERY.to_bytes() + b"\0",
                                 RECOVERY.to_bytes()[:-64], RECOVERY.eq_input.to_bytes()])
def test_recovery_data_of_another_length_is_refused(bad):
    assert_blamed("KEYGEN-RECOVERY", (), lambda: checks.check_recovery_data(bad), Unattributed)


def test_recovery_needs_a_host_key_of_the_session():
    for key in (b"\x01" * 32, bytes(32), b"\xff" * 32, b"\x01" * 31):
        assert_blamed("KEYGEN-HOSTSECKEY", (), lambda: rounds.recover(Secret(key), RECOVERY.to_bytes()), LocalFault)


def test_recovery_refuses_a_share_that_does_not_fit_although_all_signed():
    """All host keys stolen: a certificate over other ciphertexts is valid, but gives no share."""
    agreed = replace(RECOVERY.eq_input, ciphertexts=(1, 2, 3))
    certificate = [schnorr_sign(KEYS[k], checks.certificate_message(k, agreed.to_bytes()), AUX) for k in range(COUNT)]
    encoded = checks.certify(agreed, certificate).to_bytes()
    assert_blamed("KEYGEN-RECOVERY-SHARE", (), lambda: rounds.recover(KEYS[0], encoded), Unattributed)


def test_a_result_at_infinity_is_refused():
    agreed = replace(RECOVERY.eq_input, commitments=(INFINITY, G))
    assert_blamed("KEYGEN-RESULT", (), lambda: checks.public_output(agreed), Unattributed)
    key = RECOVERY.eq_input.commitments[0]
    tweaked = checks.public_output(RECOVERY.eq_input).threshold_pubkey
    agreed = replace(RECOVERY.eq_input, commitments=(key, -tweaked))  # the public share at x = 1 is then infinity
    assert_blamed("KEYGEN-RESULT", (), lambda: checks.public_output(agreed), Unattributed)


def test_acknowledgments_bind_seat_and_data():
    acks = [rounds.acknowledge(KEYS[seat], RECOVERY, AUX) for seat in range(COUNT)]
    for seat in range(COUNT):
        checks.check_ack(RECOVERY, seat, acks[seat])
    for bad in (acks[0], acks[1][:-1], b"", bytes(64), PMSGS2[1]):
        assert_blamed("KEYGEN-ACK", (1,), lambda: checks.check_ack(RECOVERY, 1, bad))
    other = replace(RECOVERY, certificate=RECOVERY.certificate[:-1] + b"\0")
    assert_blamed("KEYGEN-ACK", (1,), lambda: checks.check_ack(other, 1, acks[1]))
    assert_blamed("KEYGEN-HOSTSECKEY", (), lambda: rounds.acknowledge(Secret(b"\x01" * 32), RECOVERY, AUX), LocalFault)


def test_the_acknowledgment_has_the_form_of_chilldkg():
    message = checks.ack_message(1, b"data")
    assert message == b"BIP DKG/recovery acknowledgment\0\0" + b"\0\0\0\1" + b"data"


# Parameters, keys and randomness


@pytest.mark.parametrize("t, n", [(0, 3), (4, 3), (1, 0), (0, 0), (2, 129)])
def test_thresholds_outside_the_range_are_refused(t, n):
    keys = tuple(mul_public(k + 1, G).compressed() for k in range(n))
    assert_blamed("KEYGEN-THRESHOLD", (), lambda: SessionParams(keys, t), UsageFault)


def test_host_keys_are_points_and_differ():
    keys = PARAMS.hostpubkeys
    assert_blamed("KEYGEN-HOSTKEY", (1,), lambda: SessionParams((keys[0], OFF_CURVE, keys[2]), 2))
    assert_blamed("KEYGEN-HOSTKEY", (2,), lambda: SessionParams((keys[0], keys[1], bytes(33)), 2))
    assert_blamed("KEYGEN-HOSTKEY-TWICE", (0, 2), lambda: SessionParams((keys[0], keys[1], keys[0]), 2))


def test_the_params_hash_binds_order_and_threshold():
    keys = PARAMS.hostpubkeys
    hashes = {SessionParams(keys, t).hash() for t in (1, 2, 3)} | {SessionParams(keys[::-1], 2).hash()}
    assert len(hashes) == 4


def test_a_key_of_another_seat_cannot_continue():
    assert_blamed("KEYGEN-HOSTSECKEY", (), lambda: rounds.step2(KEYS[1], STATES[0], HONEST, AUX), LocalFault)


@pytest.mark.parametrize("random", [b"", bytes(31), bytes(33), bytes(32)])
def test_bad_randomness_is_refused(random):
    assert_blamed("KEYGEN-RANDOMNESS", (), lambda: rounds.step1(KEYS[0], PARAMS, random), LocalFault)
    if len(random) != 32:
        assert_blamed("KEYGEN-RANDOMNESS", (), lambda: rounds.step2(KEYS[0], STATES[0], HONEST, random), LocalFault)
        assert_blamed("KEYGEN-RANDOMNESS", (), lambda: rounds.acknowledge(KEYS[0], RECOVERY, random), LocalFault)


# What is kept, and what is never shown


def test_states_survive_storage():
    assert State1.from_bytes(STATES[1].to_bytes()) == STATES[1]
    again = State2.from_bytes(STATES2[1].to_bytes())
    assert again.to_bytes().reveal() == STATES2[1].to_bytes().reveal()
    assert rounds.finalize(again, PMSGS2)[1] == RECOVERY


def test_no_secret_shows_in_representations_or_faults():
    share = OUTPUT.secshare.reveal()
    with pytest.raises(PeerFault) as caught:
        rounds.step2(KEYS[0], STATES[0], wrong_share(), AUX)
    shown = repr(OUTPUT) + repr(STATES2[0]) + repr(caught.value.as_json())
    hidden = [share, int.from_bytes(KEYS[0].reveal(), "big")]
    assert not any(str(value) in shown or f"{value:064x}" in shown for value in hidden)


def test_the_auditor_loads_no_code_that_handles_secrets():
    loaded = subprocess.run(
        [sys.executable, "-c", "import sys, ceremony.protocols.keygen.checks; print(*sorted(sys.modules))"],
        capture_output=True, text=True, check=True).stdout.split()
    secret_modules = {f"ceremony.protocols.keygen.{name}" for name in ("rounds", "states", "dispute", "hostkey")}
    assert "ceremony.protocols.keygen.checks" in loaded and not secret_modules & set(loaded)
