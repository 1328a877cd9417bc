"""Liars in threshold ECDSA signing, at real size: one changed message per liar, which check fires, and who is blamed.

Signings are 2-of-3 by seats 0 and 1 in the compact profile. Seat 1 lies unless a test says otherwise; seat 0 judges.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest
from gmpy2 import mpz

from ceremony.algebra.paillier import Ciphertext
from ceremony.algebra.secp256k1 import G, INFINITY, N, mul_public, mul_secret_base, scalar_to_bytes
from ceremony.base.errors import LocalFault, Seat, Unattributed
from ceremony.base.secret import Secret
from ceremony.protocols.ecdsa import blame, checks, identify, rounds, signature
from ceremony.protocols.ecdsa.messages import Identification, Multiplication, Round1
from tests.ecdsa_kit import Signing, assert_blamed, octets, signer, signing, signing_context

MADE = signing()
CONTEXT = MADE.context
HEARD1 = checks.hear_round1(CONTEXT, MADE.round1)
HEARD2 = checks.hear_round2(CONTEXT, HEARD1, MADE.round2)
HEARD3 = checks.hear_round3(CONTEXT, HEARD1, HEARD2, MADE.round3)
PUBLIC = signature.public_presignature(CONTEXT, HEARD2, HEARD3)
FIRST, SECOND, THIRD = HEARD1.by[Seat(1)], HEARD2.by[Seat(1)], HEARD3.by[Seat(1)]
PART: Multiplication = SECOND.parts[Seat(0)]


def flipped(value: bytes, at: int = -1) -> bytes:
    changed = bytearray(value)
    changed[at] ^= 1
    return bytes(changed)


def spliced(message: bytes, at: int, bad: bytes) -> bytes:
    return message[:at] + bad + message[at + len(bad):]


def first(message: bytes, verifier=0):
    return lambda: checks.check_round1(CONTEXT, Seat(1), message, verifier)


def second(message: bytes, verifier=0):
    return lambda: checks.check_round2(CONTEXT, HEARD1, Seat(1), message, verifier)


def third(message: bytes):
    return lambda: checks.check_round3(CONTEXT, HEARD1, HEARD2, Seat(1), message)


# Round 1

@pytest.mark.parametrize("message", [b"", MADE.round1[1][:-1], MADE.round1[1] + b"\0"])
def test_a_first_message_of_another_length(message):
    assert_blamed("ECDSA-LENGTH", (1,), first(message))


BAD_POINTS = [bytes(33), b"\x02" + (5).to_bytes(32, "big"), b"\x06" + bytes(32), b"\x02" + b"\xff" * 32]
N1 = CONTEXT.of(Seat(1)).paillier.n
BAD_CIPHERTEXTS = {"zero": 0, "N": N1, "a multiple of N": 5 * N1, "N squared": N1 * N1,
                   "a multiple of a prime": MADE.signers[1].paillier.factors.primes()[0].reveal()}


@pytest.mark.parametrize("place", range(5))
@pytest.mark.parametrize("bad", BAD_POINTS)
def test_points_of_the_first_message_are_finite_and_in_their_one_form(place, bad):
    assert_blamed("ECDSA-POINT", (1,), first(spliced(MADE.round1[1], 33 * place, bad)))


@pytest.mark.parametrize("place", range(2))
@pytest.mark.parametrize("why", BAD_CIPHERTEXTS)
def test_ciphertexts_are_units(place, why):
    size = CONTEXT.profile.modulus_bits // 4
    bad = int(BAD_CIPHERTEXTS[why]).to_bytes(size, "big")
    assert_blamed("ECDSA-CIPHERTEXT", (1,), first(spliced(MADE.round1[1], 165 + size * place, bad)))


def psi1(which: int, proof: bytes) -> dict:
    both = list(FIRST.psi[Seat(0)])
    both[which] = proof
    return {Seat(0): tuple(both)}


def times_one_plus(ciphertext: Ciphertext, by: int) -> Ciphertext:
    """The ciphertext of a plaintext that is larger by so much."""
    return ciphertext + Ciphertext(ciphertext.key, mpz(1 + by * ciphertext.key.n) % ciphertext.key.n2)


LIES1 = {
    "the proof about K": {"psi": psi1(0, flipped(FIRST.psi[Seat(0)][0]))},
    "the proof about G": {"psi": psi1(1, flipped(FIRST.psi[Seat(0)][1]))},
    "the proofs exchanged": {"psi": {Seat(0): FIRST.psi[Seat(0)][::-1]}},
    "K of another number": {"K": times_one_plus(FIRST.K, 1)},
    "K of the same number modulo the order": {"K": times_one_plus(FIRST.K, N << 900)},
    "G of another number": {"G": times_one_plus(FIRST.G, 1)},
    "G of the same number modulo the order": {"G": times_one_plus(FIRST.G, N << 900)},
    "a commitment to another k": {"A2": FIRST.A2 + G}, "a commitment to another gamma": {"B2": FIRST.B2 + G},
    "another key of the commitments": {"Y": FIRST.Y + G},
    "K and its proof of another signer": {"K": FIRST.G, "psi": psi1(0, FIRST.psi[Seat(0)][1])}}


@pytest.mark.parametrize("why", LIES1)
def test_k_and_gamma_are_small_and_those_committed_to(why):
    message = replace(FIRST, **LIES1[why]).to_bytes()
    assert_blamed("ECDSA-ENC-ELG", (1,), first(message))
    assert_blamed("ECDSA-ENC-ELG", (1,), first(message, None))


def test_a_signer_leaves_proofs_for_others_to_them():
    made = signing(3, 5)
    parsed = Round1.from_bytes(made.round1[1], made.context, Seat(1))
    wrong = parsed.psi | {Seat(2): (parsed.psi[Seat(2)][0], flipped(parsed.psi[Seat(2)][1]))}
    message = replace(parsed, psi=wrong).to_bytes()
    checks.check_round1(made.context, Seat(1), message, Seat(0))
    for verifier in (Seat(2), None):
        assert_blamed("ECDSA-ENC-ELG", (1,), lambda: checks.check_round1(made.context, Seat(1), message, verifier))


@cache
def elsewhere() -> Signing:
    """The same signers in a signing of another digest."""
    return Signing(signing_context(digest=octets("another")), {seat: signer(2, 3, seat) for seat in range(2)})


def test_a_message_of_another_signing_is_worth_nothing_here():
    assert_blamed("ECDSA-ENC-ELG", (1,), first(elsewhere().round1[1]))


def test_a_message_copied_from_another_signer_is_worth_nothing():
    # Seat 0's ciphertexts rarely fit below seat 1's modulus; either refusal names the copier.
    with pytest.raises(checks.PeerFault) as caught:
        first(MADE.round1[0])()
    assert caught.value.culprits == (1,) and caught.value.check in ("ECDSA-ENC-ELG", "ECDSA-CIPHERTEXT")


# Round 2

def part2(**changes) -> dict:
    return {"parts": {Seat(0): replace(PART, **changes)}}


LIES2 = {
    "D": part2(D=times_one_plus(PART.D, 1)), "F": part2(F=times_one_plus(PART.F, 1)),
    "D^": part2(D_hat=times_one_plus(PART.D_hat, 1)), "F^": part2(F_hat=times_one_plus(PART.F_hat, 1)),
    "both by the same": part2(D=times_one_plus(PART.D, -1), F=times_one_plus(PART.F, 1)),
    "the proof about gamma": part2(psi=flipped(PART.psi)), "the proof about the share": part2(psi_hat=flipped(PART.psi_hat)),
    "the halves exchanged": part2(D=PART.D_hat, F=PART.F_hat, psi=PART.psi_hat, D_hat=PART.D, F_hat=PART.F, psi_hat=PART.psi)}


@pytest.mark.parametrize("why", LIES2)
def test_multiplications_are_made_with_gamma_and_the_share(why):
    message = replace(SECOND, **LIES2[why]).to_bytes()
    assert_blamed("ECDSA-AFF-G", (1,), second(message))
    assert_blamed("ECDSA-AFF-G", (1,), second(message, None))


@pytest.mark.parametrize("changes", [{"psi": flipped(SECOND.psi)}, {"Gamma": SECOND.Gamma + G},
                                     {"Gamma": HEARD2.by[Seat(0)].Gamma, "psi": HEARD2.by[Seat(0)].psi},
                                     {"Gamma": -SECOND.Gamma}])
def test_gamma_is_the_one_committed_to_before(changes):
    assert_blamed("ECDSA-ELOG-GAMMA", (1,), second(replace(SECOND, **changes).to_bytes()))


@pytest.mark.parametrize("message", [b"", MADE.round2[1][:-1], MADE.round2[1] + b"\0"])
def test_a_second_message_of_another_length(message):
    assert_blamed("ECDSA-LENGTH", (1,), second(message))


@pytest.mark.parametrize("bad", BAD_POINTS)
def test_gamma_is_a_finite_point(bad):
    assert_blamed("ECDSA-POINT", (1,), second(spliced(MADE.round2[1], 0, bad)))


@pytest.mark.parametrize("place", range(4))
def test_ciphertexts_of_multiplications_are_units(place):
    size = CONTEXT.profile.modulus_bits // 4
    assert_blamed("ECDSA-CIPHERTEXT", (1,), second(spliced(MADE.round2[1], 129 + size * place, bytes(size))))


def test_who_sent_two_first_messages_makes_the_next_round_fail_and_the_fault_says_so():
    other = rounds.step1(CONTEXT, MADE.signers[0], Secret(octets("a second story")))[2]
    heard = checks.hear_round1(CONTEXT, {**MADE.round1, 0: other})
    fault = assert_blamed("ECDSA-ELOG-GAMMA", (1,), lambda: checks.check_round2(CONTEXT, heard, Seat(1), MADE.round2[1]))
    assert "same messages of the first round" in fault.assumes


def test_nonces_that_cancel_out_are_nobodys_fault():
    assert_blamed("ECDSA-NONCE", (), lambda: checks.nonce_r(INFINITY), Unattributed)


# Round 3

@pytest.mark.parametrize("message", [b"", MADE.round3[1][:-1], MADE.round3[1] + b"\0"])
def test_a_third_message_of_another_length(message):
    assert_blamed("ECDSA-LENGTH", (1,), third(message))


@pytest.mark.parametrize("bad", [bytes(32), scalar_to_bytes(1)[:-1] + b"\0", N.to_bytes(32, "big"), b"\xff" * 32])
def test_delta_is_a_scalar_and_not_zero(bad):
    assert_blamed("ECDSA-SCALAR", (1,), third(spliced(MADE.round3[1], 0, bad)))


@pytest.mark.parametrize("place", [32, 65])
@pytest.mark.parametrize("bad", BAD_POINTS)
def test_points_of_the_third_message(place, bad):
    assert_blamed("ECDSA-POINT", (1,), third(spliced(MADE.round3[1], place, bad)))


@pytest.mark.parametrize("changes", [{"Delta": THIRD.Delta + G}, {"psi": flipped(THIRD.psi)}, {"psi": SECOND.psi},
                                     {"Delta": HEARD3.by[Seat(0)].Delta, "psi": HEARD3.by[Seat(0)].psi}])
def test_the_nonce_is_the_k_committed_to(changes):
    assert_blamed("ECDSA-ELOG-DELTA", (1,), third(replace(THIRD, **changes).to_bytes()))


LIES3 = {"nonce": ({"delta": THIRD.delta % (N - 1) + 1}, "ECDSA-NONCE-SUM"), "chi": ({"S": THIRD.S + G}, "ECDSA-CHI-SUM")}


def lying3(which: str) -> dict:
    return {**MADE.round3, 1: replace(THIRD, **LIES3[which][0]).to_bytes()}


@pytest.mark.parametrize("which", LIES3)
def test_a_wrong_sum_ends_the_signing_and_names_nobody_yet(which):
    fault = assert_blamed(LIES3[which][1], (), lambda: rounds.step4(
        MADE.states3[0], MADE.round1, MADE.round2, lying3(which)), checks.FailedSum)
    assert "blame" in fault.do


def test_parts_of_delta_that_cancel_out_are_a_wrong_sum():
    zero = replace(THIRD, delta=N - HEARD3.by[Seat(0)].delta)
    heard = checks.Heard({**HEARD3.by, Seat(1): zero}, HEARD3.joint)
    assert_blamed("ECDSA-NONCE-SUM", (), lambda: checks.check_sums(CONTEXT, HEARD2, heard), checks.FailedSum)


# Identification

@cache
def cleared(which: str) -> bytes:
    """Seat 0's identification after seat 1's lie."""
    return identify.identify(MADE.masks[0], MADE.signers[0], MADE.round1, MADE.round2, lying3(which))


@cache
def feigned(which: str) -> bytes:
    """What the liar can say at best: true proofs about all but its part of the sum."""
    failure = blame.Failure(CONTEXT, MADE.round1, MADE.round2, lying3(which))
    masks, keys = identify.DrawnMasks(MADE.masks[1], MADE.signers[1]), MADE.signers[1]
    factor = masks.gamma if which == "nonce" else CONTEXT.additive_share(Seat(1), keys.share)
    statement = failure.dec_statement(Seat(1))
    whole = statement.K.times_secret(factor) + statement.D
    y = Secret(int(keys.paillier.decrypt(whole).reveal()))
    dec = identify.prove_dec(statement, factor, y, keys.paillier.randomness(whole), keys.paillier,
                             CONTEXT.proof(Seat(1), joint=failure.joint), bytes(32))
    half = identify.DrawnHalf(MADE.masks[1], keys, Seat(0), "gamma" if which == "nonce" else "share")
    star = identify.prove_aff_g_star(failure.star_statement(Seat(1), Seat(0)), half.witness(factor), keys.paillier,
                                     CONTEXT.proof(Seat(1), Seat(0), failure.joint), bytes(32))
    return Identification(dec, {Seat(0): star}).to_bytes()


def judged(which, identifications):
    return lambda: blame.judge(CONTEXT, MADE.round1, MADE.round2, lying3(which), identifications)


@pytest.mark.parametrize("which", LIES3)
def test_who_sent_a_wrong_part_is_named_and_the_honest_are_not(which):
    assert_blamed("ECDSA-DEC", (1,), judged(which, {Seat(0): cleared(which), Seat(1): feigned(which)}))


def test_who_cannot_show_how_its_ciphertexts_were_made_is_named():
    failure = blame.Failure(CONTEXT, MADE.round1, MADE.round2, lying3("nonce"))
    for at in (0, 40, -1):
        parsed = Identification.from_bytes(cleared("nonce"), CONTEXT, Seat(0))
        wrong = replace(parsed, stars={Seat(1): flipped(parsed.stars[Seat(1)], at)}).to_bytes()
        assert_blamed("ECDSA-AFF-G-STAR", (0,), lambda: blame.check_identification(failure, Seat(0), wrong))


def test_every_liar_is_named_not_only_the_first():
    wrong = flipped(cleared("nonce"), 100)
    assert_blamed("ECDSA-DEC", (0, 1), judged("nonce", {Seat(0): wrong, Seat(1): wrong}))


@pytest.mark.parametrize("message", [b"", b"\0"])
def test_an_identification_of_another_length(message):
    assert_blamed("ECDSA-LENGTH", (1,), judged("nonce", {Seat(0): cleared("nonce"), Seat(1): message}))


@pytest.mark.slow
def test_among_three_signers_the_one_who_lied_is_named_and_nobody_else():
    made = signing(3, 5)
    context, third_message = made.context, checks.Round3.from_bytes(made.round3[2])
    lying = {**made.round3, 2: replace(third_message, S=third_message.S - G).to_bytes()}
    assert_blamed("ECDSA-CHI-SUM", (), lambda: rounds.step4(made.states3[1], made.round1, made.round2, lying),
                  checks.FailedSum)
    proofs = {seat: identify.identify(made.masks[seat], made.signers[seat], made.round1, made.round2, lying)
              for seat in (0, 1)}
    # The liar answers with what cleared another; nothing else comes closer, since its statement is false.
    assert_blamed("ECDSA-DEC", (2,), lambda: blame.judge(
        context, made.round1, made.round2, lying, {**proofs, 2: proofs[0]}))


def test_an_identification_for_one_sum_does_not_serve_for_the_other():
    assert_blamed("ECDSA-DEC", (0,), judged("chi", {Seat(0): cleared("nonce")}))


def test_a_missing_identification_names_nobody():
    assert_blamed("ECDSA-BLAME-MISSING", (), judged("nonce", {Seat(0): cleared("nonce")}), Unattributed)


def test_a_good_signing_has_nothing_to_identify_and_nothing_is_proven_about_it():
    assert_blamed("ECDSA-NO-FAILURE", (), lambda: identify.identify(
        MADE.masks[0], MADE.signers[0], MADE.round1, MADE.round2, MADE.round3), Unattributed)


def test_a_message_that_fails_by_itself_is_named_before_any_identification():
    message = replace(SECOND, **LIES2["D"]).to_bytes()
    assert_blamed("ECDSA-AFF-G", (1,), lambda: blame.judge(
        CONTEXT, MADE.round1, {**MADE.round2, 1: message}, MADE.round3, {}))


def test_a_liar_cannot_clear_itself_with_the_products_own_code():
    assert_blamed("ECDSA-OWN-MESSAGE", (), lambda: identify.identify(
        MADE.masks[1], MADE.signers[1], MADE.round1, MADE.round2, lying3("nonce")), LocalFault)


# Partial signatures and their sum

PARTIALS = MADE.partials()


def test_a_wrong_partial_signature_is_named():
    wrong = scalar_to_bytes(int.from_bytes(PARTIALS[1], "big") % (N - 1) + 1)
    for bad in (wrong, PARTIALS[0], scalar_to_bytes(N - int.from_bytes(PARTIALS[1], "big"))):
        assert_blamed("ECDSA-PARTIAL", (1,), lambda: signature.combine(CONTEXT, PUBLIC, {**PARTIALS, 1: bad}))


@pytest.mark.parametrize("bad, check", [(bytes(32), "ECDSA-SCALAR"), (N.to_bytes(32, "big"), "ECDSA-SCALAR"),
                                        (b"", "ECDSA-LENGTH"), (PARTIALS[1] + b"\0", "ECDSA-LENGTH")])
def test_a_partial_signature_is_a_scalar_and_not_zero(bad, check):
    assert_blamed(check, (1,), lambda: signature.check_partial(CONTEXT, PUBLIC, Seat(1), bad))


def test_a_partial_signature_for_another_digest_is_refused():
    other = elsewhere().partials()
    assert_blamed("ECDSA-PARTIAL", (1,), lambda: signature.check_partial(CONTEXT, PUBLIC, Seat(1), other[1]))


GOOD = signature.combine(CONTEXT, PUBLIC, PARTIALS)


@pytest.mark.parametrize("changes", [
    {"s": N - GOOD.s}, {"s": N - GOOD.s, "recovery_id": GOOD.recovery_id ^ 1}, {"s": GOOD.s ^ 1}, {"s": 0}, {"r": 0}, {"r": N}, {"r": GOOD.r ^ 1}, {"s": N}, {"s": GOOD.s + N},
    {"recovery_id": GOOD.recovery_id ^ 1}, {"recovery_id": GOOD.recovery_id ^ 2}])
def test_only_the_low_form_of_a_right_signature_with_its_recovery_id_is_accepted(changes):
    assert_blamed("ECDSA-SIGNATURE", (), lambda: signature.check_signature(CONTEXT, replace(GOOD, **changes)), Unattributed)


# This station's own mistakes, and contexts that cannot be

def test_a_signer_goes_on_with_its_own_keys_masks_and_messages_only():
    other, mine = signer(2, 3, 1), MADE.signers[0]
    own = (MADE.states1[0], MADE.masks[0])
    for act in (
            lambda: rounds.step1(CONTEXT, replace(mine, share=other.share), Secret(octets(1))),
            lambda: rounds.step1(CONTEXT, replace(mine, paillier=other.paillier), Secret(octets(1))),
            lambda: rounds.step1(CONTEXT, replace(mine, setup=other.setup), Secret(octets(1))),
            lambda: rounds.step1(CONTEXT, signer(2, 3, 2), Secret(octets(1))),
            lambda: rounds.step2(*own, other, MADE.round1),
            lambda: rounds.step2(own[0], MADE.masks[1], mine, MADE.round1),
            lambda: rounds.step2(own[0], elsewhere().masks[0], mine, MADE.round1)):
        assert_blamed("ECDSA-OWN-KEYS", (), act, LocalFault)
    exchanged = {0: MADE.round1[1], 1: MADE.round1[0]}
    for act in (
            lambda: rounds.step2(*own, mine, exchanged),
            lambda: rounds.step3(MADE.states2[0], own[1], mine, MADE.round1, {**MADE.round2, 0: MADE.round2[1]}),
            lambda: rounds.step3(MADE.states2[0], own[1], mine, {**MADE.round1, 1: elsewhere().round1[1]}, MADE.round2),
            lambda: rounds.step4(MADE.states3[0], MADE.round1, elsewhere().round2, MADE.round3),
            lambda: rounds.step4(MADE.states3[0], MADE.round1, MADE.round2, {**MADE.round3, 0: MADE.round3[1]})):
        assert_blamed("ECDSA-OWN-MESSAGE", (), act, LocalFault)


def test_a_partial_signature_that_came_out_wrong_never_leaves():
    state = replace(MADE.states3[0], chi=Secret(MADE.states3[0].chi.reveal() ^ 1))
    assert_blamed("ECDSA-OWN-PARTIAL", (), lambda: rounds.step4(state, MADE.round1, MADE.round2, MADE.round3), LocalFault)


@pytest.mark.parametrize("random", [b"", bytes(32), octets(1)[1:]])
def test_broken_randomness_is_refused(random):
    assert_blamed("ECDSA-RANDOMNESS", (), lambda: rounds.step1(CONTEXT, MADE.signers[0], Secret(random)), LocalFault)


BAD_CONTEXTS = [
    ({"t": 1}, "ECDSA-SEATS"), ({"t": 3}, "ECDSA-SEATS"), ({"seats": (Seat(0),)}, "ECDSA-SEATS"),
    ({"seats": (Seat(0), Seat(0))}, "ECDSA-SEATS"), ({"seats": (Seat(1), Seat(0))}, "ECDSA-SEATS"),
    ({"seats": (Seat(0), Seat(3))}, "ECDSA-SEATS"), ({"n": 33, "t": 33}, "ECDSA-SEATS"), ({"n": 1}, "ECDSA-SEATS"),
    ({"seats": (Seat(0), Seat(2))}, "ECDSA-PUBSHARE"), ({"group_key": G}, "ECDSA-PUBSHARE"),
    ({"keys": CONTEXT.keys[::-1]}, "ECDSA-PUBSHARE"), ({"tweak": N}, "ECDSA-TWEAK"), ({"tweak": -1}, "ECDSA-TWEAK"),
    ({"digest": b"short"}, "ECDSA-DIGEST"), ({"session": b"short"}, "ECDSA-DIGEST")]


@pytest.mark.parametrize("changes, check", BAD_CONTEXTS)
def test_signings_that_cannot_be(changes, check):
    assert_blamed(check, (), lambda: replace(CONTEXT, **changes), Unattributed)


def test_a_tweak_may_cancel_neither_the_key_nor_a_signers_part_of_it():
    secret = 5
    keys = tuple(replace(each, pubshare=mul_public(secret, G)) for each in CONTEXT.keys)  # the constant polynomial
    base = replace(CONTEXT, keys=keys, group_key=mul_public(secret, G), tweak=0)
    part = base.additive_share(Seat(0), Secret(secret)).reveal()
    for tweak in (N - secret, N - part):
        assert_blamed("ECDSA-TWEAK", (), lambda: replace(base, tweak=tweak), Unattributed)
    assert mul_secret_base(Secret(part)) == base.additive_point(Seat(0))
