"""Threshold ECDSA as it should be: keys, signatures that libsecp256k1 accepts, sizes, and states that survive a drawer."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from itertools import combinations

import pytest
from coincurve import PublicKey

from ceremony.algebra.polynomial import interpolate, interpolate_points
from ceremony.algebra.secp256k1 import G, mul_public
from ceremony.base.errors import Seat
from ceremony.base.secret import Secret
from ceremony.proofs.profiles import COMPACT, STD
from ceremony.protocols.auxinfo import checks as aux_checks
from ceremony.protocols.auxinfo import rounds as aux_rounds
from ceremony.protocols.auxinfo import states as aux_states
from ceremony.protocols.auxinfo.messages import Proofs, Reveal
from ceremony.protocols.ecdsa import blame, identify, rounds, signature, states
from ceremony.protocols.ecdsa.context import SeatKeys, SignerKeys
from ceremony.protocols.ecdsa.messages import Identification, Round1, Round2, Round3
from tests.ecdsa_kit import (
    Signing, assert_blamed, aux_primes, aux_session, octets, recipient_key, secret_scalar, signer, signing,
    signing_context)


@cache
def finished(t=2, n=3, profile=COMPACT):
    params, _, states2, commitments, reveals, proofs = aux_session(t, n, profile)
    ends = [aux_rounds.step4(states2[seat], recipient_key(seat), commitments, reveals, proofs) for seat in range(n)]
    confirmations = [confirmation for _, confirmation in ends]
    result = aux_checks.check_session(params, commitments, reveals, proofs, confirmations)
    return params, [share for share, _ in ends], result


def recovered(made: signature.Signature, digest: bytes) -> bytes:
    """The key that libsecp256k1 recovers from signature and recovery id; it also checks the signature."""
    encoded = made.to_bytes() + bytes([made.recovery_id])
    return PublicKey.from_signature_and_message(encoded, digest, hasher=None).format()


# Key generation

def test_keys_out_of_a_key_generation_sign():
    params, shares, result = finished()
    for pair in combinations(range(3), 2):
        assert mul_public(interpolate({seat + 1: shares[seat].share.reveal() for seat in pair}), G) == result.group_key
    assert len({share.transcript for share in shares}) == 1 and len(result.chain_code) == 32
    seats = (0, 2)
    keys = tuple(SeatKeys(each.pubshare, each.paillier, each.setup) for each in (result.seats[seat] for seat in seats))
    context = signing_context(seats=seats, keys=keys, group_key=result.group_key)
    signers = {seat: SignerKeys(Seat(seat), shares[seat].share, shares[seat].paillier(), shares[seat].setup())
               for seat in seats}
    made = Signing(context, signers)
    assert recovered(signature.check_session(context, made.round1, made.round2, made.round3, made.partials()),
                     context.digest) == context.public_key.compressed()


def test_states_of_key_generation_come_back_from_the_drawer():
    params, states1, states2, *_ = aux_session()
    _, shares, _ = finished()
    for state, kind in ((states1[1], aux_states.State1), (states2[1], aux_states.State2), (shares[1], aux_states.KeyShare)):
        encoded = state.to_bytes().reveal()
        assert kind.from_bytes(params, Secret(encoded)).to_bytes().reveal() == encoded
        for bad in (b"", encoded[:-1], encoded + b"\0", b"x" + encoded[1:], encoded[:60] + b"\xff" + encoded[61:]):
            with pytest.raises(aux_states.MalformedState):
                kind.from_bytes(params, Secret(bad))
        assert str(state.primes[0].reveal()) not in repr(state)


def test_a_step_that_runs_again_says_the_same():
    params, states1, _, commitments, reveals, proofs = aux_session()
    again = aux_states.State1.from_bytes(params, states1[2].to_bytes())
    assert aux_rounds.step3(again, commitments, reveals)[1] == proofs[2]
    made = signing()
    masks = states.Masks.from_bytes(made.context, made.masks[0].to_bytes())
    state = states.State1.from_bytes(made.context, made.states1[0].to_bytes())
    assert rounds.step2(state, masks, made.signers[0], made.round1)[1] == made.round2[0]


def test_the_same_randomness_in_another_session_gives_other_secrets():
    params, *_ = aux_session()
    other = aux_checks.SessionParams(params.profile, octets("another"), params.recipients, params.t)
    first, second = (aux_rounds.Drawn(each, Seat(0), Secret(octets("aux", 0)), aux_primes(COMPACT, 0))
                     for each in (params, other))
    assert first.rid != second.rid and first.ephemeral.reveal() != second.ephemeral.reveal()


@pytest.mark.slow
def test_key_generation_with_moduli_of_3072_bits():
    params, shares, result = finished(profile=STD)
    assert mul_public(interpolate({1: shares[0].share.reveal(), 2: shares[1].share.reveal()}), G) == result.group_key


# Signing

@pytest.mark.parametrize("t, n", [(2, 3), (3, 5)])
def test_signatures_verify_and_the_recovery_id_is_right(t, n):
    made = signing(t, n)
    result = signature.check_session(made.context, made.round1, made.round2, made.round3, made.partials())
    assert recovered(result, made.context.digest) == made.context.public_key.compressed()


def test_signatures_with_moduli_of_3072_bits():
    made = signing(profile=STD)
    result = signature.check_session(made.context, made.round1, made.round2, made.round3, made.partials())
    assert recovered(result, made.context.digest) == made.context.public_key.compressed()


def test_any_quorum_signs_for_the_tweaked_key():
    context = signing_context(3, 5, seats=(1, 2, 4), tweak=0, digest=bytes(32))
    made = Signing(context, {seat: signer(3, 5, seat) for seat in context.seats})
    result = signature.check_session(context, made.round1, made.round2, made.round3, made.partials())
    assert recovered(result, context.digest) == context.group_key.compressed()


def test_the_additive_points_add_up_to_the_tweaked_key():
    context = signing_context(3, 5, seats=(0, 2, 3))
    total = sum(context.additive_share(seat, signer(3, 5, seat).share).reveal() for seat in context.seats)
    assert mul_public(total, G) == context.public_key
    assert interpolate_points({seat + 1: context.of(seat).pubshare for seat in context.seats}) == context.group_key


def test_states_of_signing_come_back_from_the_drawer():
    made = signing()
    for state, kind in ((made.masks[1], states.Masks), (made.states1[1], states.State1), (made.states2[1], states.State2),
                        (made.states3[1], states.State3)):
        encoded = state.to_bytes().reveal()
        assert kind.from_bytes(made.context, Secret(encoded)).to_bytes().reveal() == encoded
        for bad in (b"", encoded[:-1], encoded + b"\0", b"x" + encoded[1:], encoded.replace(made.context.ssid, bytes(32))):
            with pytest.raises(states.MalformedState):
                kind.from_bytes(made.context, Secret(bad))
    other = signing_context(digest=octets("another transaction"))
    with pytest.raises(states.MalformedState):
        states.State3.from_bytes(other, made.states3[1].to_bytes())


def test_what_proves_holds_nothing_of_what_signs():
    made = signing()
    compartment = made.masks[0].to_bytes().reveal()
    for state in (made.states1[0], made.states3[0]):
        assert state.k.reveal().to_bytes(32, "big") not in compartment
    again = rounds.step1(made.context, made.signers[0], Secret(octets("other bytes")))
    assert again[0].k.reveal() != made.states1[0].k.reveal() and again[1].seed.reveal() != made.masks[0].seed.reveal()


def test_the_same_randomness_for_another_digest_or_path_gives_another_nonce():
    nonces = {rounds.step1(signing_context(**changes), signer(2, 3, 0), Secret(octets("nonce", 0)))[0].k.reveal()
              for changes in ({}, {"digest": octets("else")}, {"tweak": secret_scalar("else").reveal()},
                              {"session": octets("else")})}
    assert len(nonces) == 4


# Identification

@pytest.mark.parametrize("which", ["nonce", "chi"])
def test_honest_signers_clear_themselves_for_either_sum(which, monkeypatch):
    """Nobody lies; the sums are called wrong, and every proof of identification must hold."""
    made = signing()
    monkeypatch.setattr(blame.Failure, "_failed_sum", lambda self: which)
    proofs = {seat: identify.identify(made.masks[seat], made.signers[seat], made.round1, made.round2, made.round3)
              for seat in made.context.seats}
    fault = assert_blamed("ECDSA-BLAME-NOBODY", (), lambda: blame.judge(
        made.context, made.round1, made.round2, made.round3, proofs), blame.Unattributed)
    assert fault.exit_code == 6


# Sizes

def aux_bytes(profile, t, n):
    return 32 + Reveal.size(profile, t) + Proofs.size(profile, t, n) + 32


def presign_bytes(profile, t):
    return Round1.size(profile, t) + Round2.size(profile, t) + Round3.SIZE


def test_bytes_sent_by_each_station():
    """DESIGN.md section 9, and the table of spec.md."""
    assert [aux_bytes(COMPACT, t, n) for t, n in ((2, 3), (3, 5), (7, 11))] == [104539, 109347, 123869]
    assert [aux_bytes(STD, t, n) for t, n in ((2, 3), (3, 5), (7, 11))] == [155995, 162595, 182493]
    assert aux_bytes(COMPACT, 2, 3) <= 105_000 and aux_bytes(COMPACT, 7, 11) <= 124_000
    assert [presign_bytes(COMPACT, t) for t in (2, 3, 7)] == [9780, 18048, 51120]
    assert [presign_bytes(STD, t) for t in (2, 3, 7)] == [13620, 25216, 71600]
    assert [Identification.size(COMPACT, t) for t in (2, 3, 7)] == [183840, 290608, 717680]
    params, _, _, commitments, reveals, proofs = aux_session()
    assert [len(each[1]) for each in (commitments, reveals, proofs)] == [32, Reveal.size(COMPACT, 2), Proofs.size(COMPACT, 2, 3)]
    made = signing(3, 5)
    assert [len(each[1]) for each in (made.round1, made.round2, made.round3)] == [
        Round1.size(COMPACT, 3), Round2.size(COMPACT, 3), Round3.SIZE]
    assert len(signing().partials()[0]) == 32


def test_an_auditor_does_not_load_what_handles_secrets():
    code = ("import sys, ceremony.protocols.ecdsa.blame, ceremony.protocols.ecdsa.signature, ceremony.protocols.auxinfo.checks\n"
            "loaded = [name for name in sys.modules if name.endswith(('.rounds', '.states', '.identify', '.drawn'))]\n"
            "print(loaded)")
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
