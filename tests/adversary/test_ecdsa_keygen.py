"""Liars in ECDSA key generation, at real size: one changed message per liar, which check fires, and who is blamed.

Sessions are 2-of-3 in the compact profile. Seat 1 lies unless a test says otherwise; seat 0 judges.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from gmpy2 import mpz, next_prime

from ceremony.algebra.ring_pedersen import RingPedersen
from ceremony.algebra.schnorr import schnorr_sign
from ceremony.algebra.secp256k1 import G, INFINITY, mul_public, mul_secret_base, scalar_to_bytes
from ceremony.base.errors import LocalFault, Seat, Unattributed
from ceremony.base.secret import Secret
from ceremony.protocols.auxinfo import checks, dispute, rounds, sealing
from ceremony.protocols.auxinfo.drawn import Drawn
from ceremony.protocols.auxinfo.messages import Opening, Proofs
from ceremony.protocols.auxinfo.shares import make_box
from tests.ecdsa_kit import assert_blamed, aux_params, aux_primes, aux_session, octets, recipient_key

PARAMS, STATES1, STATES2, COMMITMENTS, REVEALS, PROOFS = aux_session()
PROFILE, T, COUNT = PARAMS.profile, PARAMS.t, PARAMS.n
JOINT = checks.joint_hash(PARAMS, REVEALS)
PARSED = [checks.parse_reveal(PARAMS, *each) for each in zip(PARAMS.seats, REVEALS)]
CONTEXT = b"group, session, entry id"


def committed(reveal: bytes, seat=1) -> bytes:
    return checks.commitment(PARAMS, Seat(seat), reveal)


def revealing(seat=1, **changes):
    """The check of a second message that its author changed before committing to it."""
    message = replace(PARSED[seat], **changes).to_bytes()
    return checks.check_reveal(PARAMS, Seat(seat), committed(message, seat), message)


def proving(seat=1, verifier=0, **changes):
    message = replace(Proofs.from_bytes(PROOFS[seat], PROFILE, T, COUNT), **changes).to_bytes()
    return checks.check_proofs(PARAMS, PARSED, JOINT, Seat(seat), message, verifier)


def flipped(value: bytes, at: int = -1) -> bytes:
    changed = bytearray(value)
    changed[at] ^= 1
    return bytes(changed)


# Round 1 and 2

@pytest.mark.parametrize("value", [b"", COMMITMENTS[1] + b"\0", COMMITMENTS[1][1:]])
def test_a_commitment_is_32_bytes(value):
    assert_blamed("AUXINFO-LENGTH", (1,), lambda: checks.check_commitments(PARAMS, [COMMITMENTS[0], value, COMMITMENTS[2]]))


def test_a_copied_commitment_stops_the_session_and_names_nobody():
    assert_blamed("AUXINFO-COMMITMENT-TWICE", (), lambda: checks.check_commitments(
        PARAMS, [COMMITMENTS[0], COMMITMENTS[0], COMMITMENTS[2]]), Unattributed)


def test_what_is_revealed_is_what_was_committed_to():
    other = replace(PARSED[1], rid=bytes(32)).to_bytes()
    assert_blamed("AUXINFO-COMMITMENT", (1,), lambda: checks.check_reveal(PARAMS, Seat(1), COMMITMENTS[1], other))


def test_a_reveal_copied_from_another_seat_does_not_fit_a_copied_commitment():
    assert_blamed("AUXINFO-COMMITMENT", (1,), lambda: checks.check_reveal(PARAMS, Seat(1), COMMITMENTS[0], REVEALS[0]))


@pytest.mark.parametrize("message", [b"", REVEALS[1][:-1], REVEALS[1] + b"\0", REVEALS[1] + bytes(33),
                                     PARSED[1].commitments[0].compressed() + REVEALS[1]])
def test_another_length_is_refused_so_nobody_changes_the_threshold(message):
    assert_blamed("AUXINFO-LENGTH", (1,), lambda: checks.check_reveal(PARAMS, Seat(1), committed(message), message))


@pytest.mark.parametrize("place", range(2 * T))
@pytest.mark.parametrize("bad", [bytes(33), b"\x02" + (5).to_bytes(32, "big"), b"\x04" + bytes(32), b"\x02" + b"\xff" * 32])
def test_commitments_are_finite_points_in_their_one_form(place, bad):
    at = 64 + 33 * place
    message = REVEALS[1][:at] + bad + REVEALS[1][at + 33:]
    assert_blamed("AUXINFO-POINT", (1,), lambda: checks.check_reveal(PARAMS, Seat(1), committed(message), message))


N1 = PARSED[1].paillier.n
BAD_MODULI = {
    "a bit short": N1 >> 1, "even": N1 + 1, "with a small factor": N1 - N1 % 65521, "prime": next_prime(N1),
    "a square": next_prime(mpz(3) << (PROFILE.modulus_bits // 2 - 2)) ** 2}


@pytest.mark.parametrize("why", BAD_MODULI)
@pytest.mark.parametrize("field, check", [("paillier", "AUXINFO-PAILLIER"), ("setup", "AUXINFO-RING-PEDERSEN")])
def test_moduli_that_no_honest_station_makes(why, field, check):
    size, at = PROFILE.modulus_bits // 8, 64 + 66 * T + (0 if field == "paillier" else PROFILE.modulus_bits // 8)
    message = REVEALS[1][:at] + int(BAD_MODULI[why]).to_bytes(size, "big") + REVEALS[1][at + size:]
    assert_blamed(check, (1,), lambda: checks.check_reveal(PARAMS, Seat(1), committed(message), message))


@pytest.mark.parametrize("make", [
    lambda own: RingPedersen(own.n, 1, own.t), lambda own: RingPedersen(own.n, own.s, own.n - 1),
    lambda own: RingPedersen(own.n, own.t, own.t), lambda own: RingPedersen(own.n, 0, own.t)],
    ids=["s is 1", "t is -1", "s is t", "s is 0"])
def test_degenerate_bases_of_commitments(make):
    assert_blamed("AUXINFO-RING-PEDERSEN", (1,), lambda: revealing(setup=make(PARSED[1].setup)))


def test_one_modulus_for_two_purposes_is_its_owners_fault():
    setup = RingPedersen(N1, 4, 9)
    assert_blamed("AUXINFO-MODULUS-OWN", (1,), lambda: revealing(setup=setup))


def test_a_modulus_of_an_earlier_epoch_does_not_come_back():
    params = aux_params(retired=(N1,))
    assert_blamed("AUXINFO-MODULUS-OWN", (1,), lambda: checks.check_reveal(params, Seat(1), COMMITMENTS[1], REVEALS[1]))


def test_two_seats_with_one_modulus_stop_the_session_and_nobody_can_be_named():
    shared = replace(PARSED[1], paillier=PARSED[0].paillier).to_bytes()
    reveals = [REVEALS[0], shared, REVEALS[2]]
    assert_blamed("AUXINFO-MODULUS-SHARED", (), lambda: checks.check_reveals(
        PARAMS, [COMMITMENTS[0], committed(shared), COMMITMENTS[2]], reveals), Unattributed)


@pytest.mark.parametrize("proof", [flipped(PARSED[1].prm, 0), flipped(PARSED[1].prm), PARSED[0].prm,
                                   b"\xff" * 16 + PARSED[1].prm[16:]])
def test_every_setup_is_proven_for_its_owner(proof):
    assert_blamed("AUXINFO-PRM", (1,), lambda: revealing(prm=proof))


def test_a_group_key_of_infinity_is_nobodys_key():
    opposite = tuple(-point for point in PARSED[0].commitments)
    parsed = [PARSED[0], replace(PARSED[1], commitments=opposite), replace(PARSED[2], commitments=(INFINITY, INFINITY))]
    assert_blamed("AUXINFO-GROUP-KEY", (), lambda: checks.public_result(PARAMS, parsed), Unattributed)


# Round 3

@pytest.mark.parametrize("message", [b"", PROOFS[1][:-1], PROOFS[1] + b"\0"])
def test_proofs_of_another_length(message):
    assert_blamed("AUXINFO-LENGTH", (1,), lambda: checks.check_proofs(PARAMS, PARSED, JOINT, Seat(1), message))


PARSED3 = [Proofs.from_bytes(message, PROFILE, T, COUNT) for message in PROOFS]


def test_an_echo_of_other_reveals_is_noticed_and_says_what_it_assumes():
    fault = assert_blamed("AUXINFO-ECHO", (1,), lambda: proving(echo=bytes(32)))
    assert "same revealed" in fault.assumes


@pytest.mark.parametrize("k", range(T))
def test_every_coefficient_is_known_to_its_dealer(k):
    responses = list(PARSED3[1].responses)
    responses[k] = flipped(responses[k])
    assert_blamed("AUXINFO-SCH", (1,), lambda: proving(responses=tuple(responses)))


def test_a_response_serves_for_its_own_coefficient_only():
    same = replace(PARSED[1], commitments=PARSED[1].commitments[:1] * T, schnorr=PARSED[1].schnorr[:1] * T)
    message = replace(PARSED3[1], responses=PARSED3[1].responses[:1] * T).to_bytes()
    assert_blamed("AUXINFO-SCH", (1,), lambda: checks.check_proofs(
        PARAMS, [PARSED[0], same, PARSED[2]], JOINT, Seat(1), message, Seat(0)))


@pytest.mark.parametrize("at", [0, 20, 40, -1])
def test_the_key_is_proven_to_be_a_product_of_two_primes(at):
    assert_blamed("AUXINFO-MOD", (1,), lambda: proving(mod=flipped(PARSED3[1].mod, at)))


def test_a_proof_for_one_recipient_is_his_to_notice_and_the_auditors():
    wrong = (flipped(PARSED3[1].fac[0]), PARSED3[1].fac[1])
    assert_blamed("AUXINFO-FAC", (1,), lambda: proving(fac=wrong, verifier=0))
    assert_blamed("AUXINFO-FAC", (1,), lambda: proving(fac=wrong, verifier=None))
    assert proving(fac=wrong, verifier=2).fac == wrong


def test_a_proof_made_for_another_recipient_does_not_serve():
    assert_blamed("AUXINFO-FAC", (1,), lambda: proving(fac=PARSED3[1].fac[::-1]))


@pytest.mark.parametrize("changes", [
    {"boxes": PARSED3[1].boxes[::-1]}, {"ephemeral": PARSED3[0].ephemeral}, {"ephemeral": G},
    {"possession": PARSED3[0].possession}, {"boxes": PARSED3[0].boxes, "ephemeral": PARSED3[0].ephemeral,
                                            "possession": PARSED3[0].possession}])
def test_nobody_uses_an_ephemeral_point_whose_secret_it_does_not_know(changes):
    assert_blamed("AUXINFO-POSSESSION", (1,), lambda: proving(**changes))


# Sub-shares and disputes

def dealing(change, victim=0):
    """Seat 1's third message with a box of its choosing for the victim, signed as it should be."""
    drawn = Drawn(PARAMS, Seat(1), STATES1[1].seed, STATES1[1].primes)
    boxes = list(PARSED3[1].boxes)
    share = Secret(drawn.sub_share(Seat(victim)))
    boxes[PARAMS.others(Seat(1)).index(Seat(victim))] = change(drawn, share)
    ephemeral = mul_secret_base(drawn.ephemeral)
    message = sealing.possession_message(PARAMS, Seat(1), JOINT, ephemeral, boxes)
    signed = schnorr_sign(Secret(scalar_to_bytes(drawn.ephemeral.reveal())), message, bytes(32),
                          tag_prefix=sealing.POSSESSION_TAG)
    return replace(PARSED3[1], boxes=tuple(boxes), possession=signed).to_bytes()


WRONG_BOXES = {
    "a wrong share": lambda drawn, share: make_box(PARAMS, Seat(1), Seat(0), drawn.ephemeral, Secret(share.reveal() ^ 1)),
    "another's share": lambda drawn, share: make_box(PARAMS, Seat(1), Seat(0), drawn.ephemeral, Secret(drawn.sub_share(Seat(2)))),
    "no box at all": lambda drawn, share: bytes(48),
    "a share in the clear": lambda drawn, share: scalar_to_bytes(share.reveal()) + bytes(16)}


@pytest.mark.parametrize("why", WRONG_BOXES)
def test_a_wrong_sub_share_is_opened_and_its_dealer_blamed_by_everybody(why):
    message = dealing(WRONG_BOXES[why])
    proofs = [PROOFS[0], message, PROOFS[2]]
    assert_blamed("AUXINFO-SHARE", (1,), lambda: rounds.step4(STATES2[0], recipient_key(0), COMMITMENTS, REVEALS, proofs))
    opening = dispute.open_share(PARAMS, recipient_key(0), Seat(0), Seat(1), REVEALS, message, CONTEXT, octets(why))
    assert_blamed("AUXINFO-SHARE", (1,), lambda: dispute.judge(
        PARAMS, Seat(0), Seat(1), REVEALS, message, CONTEXT, opening.to_bytes()))


def honest_opening(context=CONTEXT) -> Opening:
    """The opening that a lying accuser makes of a right share; the product refuses to."""
    bound = dispute.opening_context(PARAMS, Seat(0), Seat(1), PROOFS[1], context)
    return Opening(*dispute.prove_dleq(recipient_key(0), PARSED3[1].ephemeral, bound, bytes(32)))


def judged(opening: bytes, accused=1):
    return lambda: dispute.judge(PARAMS, Seat(0), Seat(accused), REVEALS, PROOFS[accused], CONTEXT, opening)


def test_a_false_accusation_falls_back_on_the_accuser():
    assert_blamed("AUXINFO-FALSE-ACCUSATION", (0,), judged(honest_opening().to_bytes()))
    assert_blamed("AUXINFO-FALSE-ACCUSATION", (0,), judged(b"", accused=0))


@pytest.mark.parametrize("opening", [
    b"", bytes(97), honest_opening().to_bytes() + b"\0", flipped(honest_opening().to_bytes()),
    replace(honest_opening(), shared=G).to_bytes(), honest_opening(b"another entry").to_bytes()])
def test_an_opening_with_a_wrong_proof_falls_back_on_the_accuser(opening):
    assert_blamed("AUXINFO-OPENING", (0,), judged(opening))


def test_a_right_share_is_never_opened():
    assert_blamed("AUXINFO-NO-DISPUTE", (), lambda: dispute.open_share(
        PARAMS, recipient_key(0), Seat(0), Seat(1), REVEALS, PROOFS[1], CONTEXT, bytes(32)), LocalFault)


# Confirmation, and mistakes of this station

def test_a_seat_that_confirms_another_transcript():
    transcript = checks.transcript_hash(PARAMS, COMMITMENTS, REVEALS, PROOFS)
    assert_blamed("AUXINFO-CONFIRM", (2,), lambda: checks.check_confirmation(transcript, Seat(2), bytes(32)))
    assert_blamed("AUXINFO-CONFIRM", (2,), lambda: checks.check_session(
        PARAMS, COMMITMENTS, REVEALS, PROOFS, [transcript, transcript, JOINT]))


def test_a_station_goes_on_with_its_own_messages_only():
    others = [COMMITMENTS[1], COMMITMENTS[0], COMMITMENTS[2]]
    assert_blamed("AUXINFO-OWN-MESSAGE", (), lambda: rounds.step2(STATES1[0], others), LocalFault)
    changed = replace(PARSED[0], rid=bytes(32)).to_bytes()
    assert_blamed("AUXINFO-OWN-MESSAGE", (), lambda: rounds.step3(
        STATES1[0], [committed(changed, 0), *COMMITMENTS[1:]], [changed, *REVEALS[1:]]), LocalFault)
    assert_blamed("AUXINFO-OWN-MESSAGE", (), lambda: rounds.step4(
        STATES2[0], recipient_key(0), COMMITMENTS, REVEALS, [PROOFS[1], *PROOFS[1:]]), LocalFault)
    assert_blamed("AUXINFO-OWN-MESSAGE", (), lambda: rounds.step4(
        STATES2[0], recipient_key(0), COMMITMENTS, REVEALS[::-1], PROOFS), LocalFault)
    assert_blamed("AUXINFO-RECIPIENT-KEY", (), lambda: rounds.step4(
        STATES2[0], recipient_key(1), COMMITMENTS, REVEALS, PROOFS), LocalFault)


@pytest.mark.parametrize("random", [b"", bytes(32), octets(1)[1:]])
def test_broken_randomness_is_refused(random):
    assert_blamed("AUXINFO-RANDOMNESS", (), lambda: rounds.step1(
        PARAMS, Seat(0), aux_primes(PROFILE, 0), Secret(random)), LocalFault)


@pytest.mark.parametrize("primes", [
    aux_primes(PROFILE, 0)[:2] * 2, (*aux_primes(PROFILE, 0)[:3], Secret(mpz(5))),
    (*aux_primes(PROFILE, 0)[:3], aux_primes(PROFILE, 0)[0])])
def test_four_different_primes_of_the_right_size(primes):
    assert_blamed("AUXINFO-PRIMES", (), lambda: rounds.step1(PARAMS, Seat(0), primes, Secret(octets(1))), LocalFault)


@pytest.mark.parametrize("changes", [
    {"t": 1}, {"t": 4}, {"session": b"short"}, {"recipients": (G, G, mul_public(2, G))},
    {"recipients": (G, -G, mul_public(2, G))}, {"recipients": (G, INFINITY)}])
def test_sessions_that_cannot_be(changes):
    assert_blamed("AUXINFO-PARAMS", (), lambda: replace(PARAMS, **changes), Unattributed)
