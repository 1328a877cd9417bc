"""Published attacks on threshold ECDSA, replayed against our rounds at real size: one test per class, by its number.

The numbers are those of the project's research note. Classes that live inside one proof (5 to 8: split, guessed and ground
challenges) are in test_proofs_*.py; those of resharing (14, 15), of envelopes (23) and of oblivious transfer (29) have no
round here. Signings are 2-of-3 by seats 0 and 1; seat 1 attacks.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from gmpy2 import mpz, next_prime

from ceremony.algebra.secp256k1 import G, N, mul_public, scalar_to_bytes
from ceremony.base.errors import Seat, Unattributed
from ceremony.base.secret import Secret
from ceremony.proofs.profiles import STD
from ceremony.protocols.auxinfo import checks as aux_checks
from ceremony.protocols.auxinfo import rounds as aux_rounds
from ceremony.protocols.auxinfo.messages import Proofs
from ceremony.protocols.auxinfo.states import KeyShare
from ceremony.protocols.ecdsa import checks, rounds, signature, states
from ceremony.protocols.ecdsa.drawn import DrawnHalf
from ceremony.protocols.ecdsa.messages import Round1, Round3
from tests.ecdsa_kit import (
    assert_blamed, aux_params, aux_session, octets, recipient_key, signer, signing, signing_context)
from tests.reference import cggmp_textbook as textbook

PARAMS, STATES1, STATES2, COMMITMENTS, REVEALS, PROOFS = aux_session()
PARSED = [aux_checks.parse_reveal(PARAMS, *each) for each in zip(PARAMS.seats, REVEALS)]
JOINT = aux_checks.joint_hash(PARAMS, REVEALS)
MADE = signing()
CONTEXT = MADE.context
BITS = CONTEXT.profile.modulus_bits


def revealed(params=PARAMS, seat=1, **changes):
    message = replace(PARSED[seat], **changes).to_bytes()
    return aux_checks.check_reveal(params, Seat(seat), aux_checks.commitment(params, Seat(seat), message), message)


def with_paillier(n: int) -> bytes:
    at = 64 + 66 * PARAMS.t
    return REVEALS[1][:at] + int(n).to_bytes(BITS // 8, "big") + REVEALS[1][at + BITS // 8:]


def assert_key_refused(n: int) -> None:
    message = with_paillier(n)
    assert_blamed("AUXINFO-PAILLIER", (1,), lambda: aux_checks.check_reveal(
        PARAMS, Seat(1), aux_checks.commitment(PARAMS, Seat(1), message), message))


def test_01_bitforge_a_key_of_small_primes():
    product, prime = mpz(1), mpz(1 << 15)
    for _ in range(16):
        prime = next_prime(prime)
        product *= prime
    assert_key_refused(product * next_prime((mpz(1) << BITS) // product - (mpz(1) << 900)))


def test_01_bitforge_a_factor_that_trial_division_misses_is_left_to_the_proofs():
    """A factor of 200 bits: the key is read, but nobody has a Pi-mod and a Pi-fac that fit it."""
    small = next_prime(mpz(3) << 198)
    n = small * next_prime((mpz(1) << BITS) // small - (mpz(1) << 900))
    message = with_paillier(n)
    parsed = aux_checks.check_reveal(PARAMS, Seat(1), aux_checks.commitment(PARAMS, Seat(1), message), message)
    assert_blamed("AUXINFO-MOD", (1,), lambda: aux_checks.check_proofs(
        PARAMS, [PARSED[0], parsed, PARSED[2]], JOINT, Seat(1), PROOFS[1], Seat(0)))


def test_02_a_failed_signing_is_final_and_says_nothing_new_when_asked_again():
    third = Round3.from_bytes(MADE.round3[1])
    lying = {**MADE.round3, 1: replace(third, S=third.S + G).to_bytes()}
    for _ in range(2):
        assert_blamed("ECDSA-CHI-SUM", (), lambda: rounds.step4(MADE.states3[0], MADE.round1, MADE.round2, lying),
                      checks.FailedSum)
    another = signing_context(session=octets("a second try"))
    with pytest.raises(states.MalformedState):
        states.State2.from_bytes(another, MADE.states2[0].to_bytes())


def test_03_masks_of_the_multiplication_are_wide():
    betas = [DrawnHalf(states.Masks(CONTEXT, Seat(0), Secret(octets(k))), MADE.signers[0], Seat(1), which).beta.reveal()
             for k in range(20) for which in ("gamma", "share")]
    assert {beta < 0 for beta in betas} == {True, False} and len(set(betas)) == 40
    assert all(-(1 << 1280) <= beta < 1 << 1280 for beta in betas) and max(map(abs, betas)).bit_length() >= 1278
    assert sum(abs(beta).bit_length() > 1270 for beta in betas) >= 38


@pytest.mark.parametrize("changes", [
    {"session": octets("else")}, {"n": 4}, {"tweak": 1}, {"tweak": CONTEXT.tweak + 1}, {"digest": octets("else")},
    {"keys": (CONTEXT.keys[0], replace(CONTEXT.keys[1], setup=CONTEXT.keys[0].setup))},
    {"keys": (replace(CONTEXT.keys[0], paillier=CONTEXT.keys[1].paillier), CONTEXT.keys[1])}])
def test_04_21_every_field_agreed_on_is_in_the_name_of_the_signing(changes):
    assert replace(CONTEXT, **changes).ssid != CONTEXT.ssid


def test_04_bytes_moved_between_fields_name_another_session():
    base = aux_params()
    moved = replace(base, recipients=base.recipients[1:] + base.recipients[:1])
    assert len({base.sid, moved.sid, replace(base, t=3).sid, replace(base, session=octets("else")).sid}) == 4


def test_09_numbers_outside_their_group_are_refused_before_use():
    n, size = CONTEXT.of(Seat(1)).paillier.n, BITS // 4
    for bad in (0, n, n * 2, n * n, (n * n - n)):
        message = MADE.round1[1][:165] + int(bad).to_bytes(size, "big") + MADE.round1[1][165 + size:]
        assert_blamed("ECDSA-CIPHERTEXT", (1,), lambda: checks.check_round1(CONTEXT, Seat(1), message, Seat(0)))


@pytest.mark.parametrize("changes", [{"tweak": 0}, {"digest": octets("the attacker's transaction")}])
def test_10_11_path_and_digest_cannot_be_chosen_after_the_nonce(changes):
    chosen = replace(CONTEXT, **changes)
    with pytest.raises(states.MalformedState):
        states.State3.from_bytes(chosen, MADE.states3[0].to_bytes())
    assert_blamed("ECDSA-ENC-ELG", (0,), lambda: checks.hear_round1(chosen, MADE.round1))


def test_12_a_restored_signer_repeats_itself_and_never_signs_twice_with_one_nonce():
    restored = states.State3.from_bytes(CONTEXT, MADE.states3[0].to_bytes())
    assert rounds.step4(restored, MADE.round1, MADE.round2, MADE.round3) == MADE.partials()[0]
    other = signing_context(digest=octets("another"))
    k = {rounds.step1(each, MADE.signers[0], Secret(octets("nonce", 0)))[0].k.reveal() for each in (CONTEXT, other)}
    assert len(k) == 2


def test_13_golden_shoe_commitments_that_hide_nothing():
    setup = PARSED[1].setup
    for bases in ((1, setup.t), (setup.s, 1), (setup.t, setup.t), (setup.n - 1, setup.t)):
        assert_blamed("AUXINFO-RING-PEDERSEN", (1,), lambda: revealed(setup=type(setup)(setup.n, *bases)))
    outside = type(setup)(setup.n, setup.s * 4 % setup.n, setup.t)
    assert_blamed("AUXINFO-PRM", (1,), lambda: revealed(setup=outside))


@pytest.mark.parametrize("excess", [N << 800, -(N << 800)])
def test_16_alpha_rays_a_nonce_too_large_with_the_best_proof_there_is(excess):
    """k is right modulo the order, so every equation over the curve holds; only the range is wrong."""
    keys, parsed = MADE.signers[1], Round1.from_bytes(MADE.round1[1], CONTEXT, Seat(1))
    large = MADE.states1[1].k.reveal() + excess
    rho, own, peer = mpz(3), keys.paillier, CONTEXT.of(Seat(0)).setup
    K = own.encrypt(Secret(large), own.randomizer(rho))
    points = {name: textbook.point_from(point.compressed())
              for name, point in (("A", parsed.Y), ("B", parsed.A1), ("X", parsed.A2))}
    statement = {"N0": own.n, "C": K.value, "setup": (peer.n, peer.s, peer.t)} | points
    session = textbook.Session(CONTEXT.profile.id, CONTEXT.ssid, 1, 0)
    proof = textbook.enc_elg_prove(session, statement, large, rho, MADE.states1[1].a.reveal(), mpz(5) << 700, mpz(7),
                                   mpz(11), 13, mpz(17))
    # Outside the range no bytes stand for z1: the liar sends the nearest that do.
    proof["z1"] = max(-(1 << 768), min((1 << 768) - 1, proof["z1"]))
    encoded = textbook.encode("enc_elg", session, proof)
    message = replace(parsed, K=K, psi={Seat(0): (encoded, parsed.psi[Seat(0)][1])}).to_bytes()
    assert_blamed("ECDSA-ENC-ELG", (1,), lambda: checks.check_round1(CONTEXT, Seat(1), message, Seat(0)))


@pytest.mark.parametrize("seats", [(0, N), (0, 0), (-1, 1), (0, 3)])
def test_17_places_that_are_zero_or_equal_modulo_the_order(seats):
    assert_blamed("ECDSA-SEATS", (), lambda: replace(CONTEXT, seats=seats), Unattributed)


@pytest.mark.parametrize("more", [1, 2])
def test_18_a_polynomial_of_higher_degree(more):
    message = PARSED[1]
    longer = replace(message, commitments=message.commitments + (G,) * more, schnorr=message.schnorr + (G,) * more).to_bytes()
    assert_blamed("AUXINFO-LENGTH", (1,), lambda: aux_checks.check_reveal(
        PARAMS, Seat(1), aux_checks.commitment(PARAMS, Seat(1), longer), longer))


def test_19_rogue_key_the_last_to_speak_cancels_the_others():
    """The commitment came first; and whoever could choose afterwards would not know the logarithm."""
    mine = mul_public(5, G)
    rogue = mine - PARSED[0].commitments[0] - PARSED[2].commitments[0]
    message = replace(PARSED[1], commitments=(rogue, *PARSED[1].commitments[1:]))
    assert_blamed("AUXINFO-COMMITMENT", (1,), lambda: aux_checks.check_reveal(PARAMS, Seat(1), COMMITMENTS[1],
                                                                             message.to_bytes()))
    assert_blamed("AUXINFO-SCH", (1,), lambda: aux_checks.check_proofs(
        PARAMS, [PARSED[0], message, PARSED[2]], JOINT, Seat(1), PROOFS[1], Seat(0)))


def test_20_a_polynomial_and_its_proof_copied_from_another():
    copied = replace(PARSED[1], commitments=PARSED[0].commitments, schnorr=PARSED[0].schnorr)
    responses = Proofs.from_bytes(PROOFS[0], PARAMS.profile, PARAMS.t, PARAMS.n).responses
    message = replace(Proofs.from_bytes(PROOFS[1], PARAMS.profile, PARAMS.t, PARAMS.n), responses=responses).to_bytes()
    assert_blamed("AUXINFO-SCH", (1,), lambda: aux_checks.check_proofs(
        PARAMS, [PARSED[0], copied, PARSED[2]], JOINT, Seat(1), message, Seat(0)))


def test_22_messages_of_another_session_are_worth_nothing():
    params = replace(PARAMS, session=octets("another session"))
    assert_blamed("AUXINFO-COMMITMENT", (1,), lambda: aux_checks.check_reveal(params, Seat(1), COMMITMENTS[1], REVEALS[1]))
    assert_blamed("AUXINFO-PRM", (1,), lambda: revealed(params))


def test_24_two_versions_of_one_message_do_not_go_unnoticed():
    other = replace(PARSED[2], rid=octets("second story")).to_bytes()
    joint = aux_checks.joint_hash(PARAMS, [REVEALS[0], REVEALS[1], other])
    fault = assert_blamed("AUXINFO-ECHO", (1,), lambda: aux_checks.check_proofs(PARAMS, PARSED, joint, Seat(1), PROOFS[1]))
    assert fault.assumes  # seat 1 may be honest: the two signed versions of seat 2 decide


def test_25_sub_shares_never_travel_in_the_clear():
    shares = {scalar_to_bytes(aux_rounds.Drawn(PARAMS, state.seat, state.seed, state.primes).sub_share(seat))
              for state in STATES1 for seat in PARAMS.seats}
    assert not [share for share in shares for message in REVEALS + PROOFS if share in message]


@pytest.mark.parametrize("value", [1, -1, (1 << 1790), -(1 << 1790)])
def test_26_decrypted_numbers_have_a_sign(value):
    key = MADE.signers[0].paillier
    for plaintext in (value, (key.n - 1) // 2, -((key.n - 1) // 2)):
        assert key.decrypt(key.encrypt(Secret(plaintext), key.randomizer(mpz(7)))).reveal() == plaintext
    beyond = key.encrypt(Secret((key.n + 1) // 2), key.randomizer(mpz(7)))
    assert key.decrypt(beyond).reveal() == -((key.n - 1) // 2)


def test_27_moduli_short_prime_old_or_shared():
    n = PARSED[1].paillier.n
    for bad in (n >> 1, next_prime(n), n + 1):
        assert_key_refused(bad)
    assert_blamed("AUXINFO-MODULUS-OWN", (1,), lambda: revealed(replace(PARAMS, retired=(PARSED[1].setup.n,)), prm=PARSED[1].prm))


@pytest.mark.parametrize("bad", [bytes(33), b"\x04" + bytes(32), b"\x02" + (5).to_bytes(32, "big"), b"\x03" + b"\xff" * 32])
def test_28_points_that_are_none(bad):
    for at in range(0, 165, 33):
        message = MADE.round1[1][:at] + bad + MADE.round1[1][at + 33:]
        assert_blamed("ECDSA-POINT", (1,), lambda: checks.check_round1(CONTEXT, Seat(1), message, Seat(0)))


def test_28_a_high_s_is_no_result():
    good = signature.check_session(CONTEXT, MADE.round1, MADE.round2, MADE.round3, MADE.partials())
    assert good.s <= N // 2
    assert_blamed("ECDSA-SIGNATURE", (), lambda: signature.check_signature(CONTEXT, replace(good, s=N - good.s)), Unattributed)


def test_30_a_key_share_knows_the_proofs_that_were_checked():
    share, transcript = aux_rounds.step4(STATES2[0], recipient_key(0), COMMITMENTS, REVEALS, PROOFS)
    kept = KeyShare.from_bytes(PARAMS, share.to_bytes())
    assert kept.transcript == transcript == aux_checks.transcript_hash(PARAMS, COMMITMENTS, REVEALS, PROOFS)
    swapped = [PROOFS[0], PROOFS[1][:-1] + bytes([PROOFS[1][-1] ^ 1]), PROOFS[2]]
    assert kept.transcript != aux_checks.transcript_hash(PARAMS, COMMITMENTS, REVEALS, swapped)


def test_31_secrets_do_not_show_themselves():
    share, _ = aux_rounds.step4(STATES2[0], recipient_key(0), COMMITMENTS, REVEALS, PROOFS)
    shown = repr(share) + repr(STATES1[0]) + repr(MADE.states3[0]) + repr(MADE.masks[0]) + repr(signer(2, 3, 0))
    secrets = (share.share, share.lam, *share.primes, MADE.states3[0].k, MADE.states3[0].chi, MADE.signers[0].share)
    assert not [each for each in secrets if str(each.reveal()) in shown or hex(each.reveal())[2:] in shown]
    bad = states.State3(CONTEXT, Seat(0), MADE.states3[0].k, Secret(1), MADE.states3[0].joint, MADE.states3[0].message)
    with pytest.raises(Exception) as caught:
        rounds.step4(bad, MADE.round1, MADE.round2, MADE.round3)
    assert str(MADE.states3[0].k.reveal()) not in str(caught.value) and caught.value.check == "ECDSA-OWN-PARTIAL"


def test_32_the_profile_is_part_of_every_name():
    """One key, one purpose: nothing made under one profile verifies under the other, or outside ECDSA."""
    assert_blamed("ECDSA-LENGTH", (0,), lambda: checks.hear_round1(signing_context(profile=STD), MADE.round1))
    assert aux_params(profile=STD).sid != PARAMS.sid
