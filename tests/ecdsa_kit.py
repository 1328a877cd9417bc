"""Sessions of threshold ECDSA for tests, at real sizes, with the public primes of tests/primes."""

from __future__ import annotations

from functools import cache
from hashlib import sha256

import pytest

from ceremony.algebra.polynomial import evaluate
from ceremony.algebra.secp256k1 import N, Point, mul_secret_base
from ceremony.base.errors import PeerFault, Seat
from ceremony.base.secret import Secret
from ceremony.proofs.profiles import COMPACT, Profile
from ceremony.protocols.auxinfo import rounds as aux_rounds
from ceremony.protocols.auxinfo.params import SessionParams
from ceremony.protocols.ecdsa import rounds
from ceremony.protocols.ecdsa.context import SeatKeys, SignerKeys, SigningContext
from tests.primes import keys


def octets(*parts: object) -> bytes:
    """32 bytes that differ for different labels."""
    return sha256(repr(parts).encode()).digest()


def secret_scalar(*parts: object) -> Secret[int]:
    return Secret(int.from_bytes(octets(*parts), "big") % (N - 1) + 1)


def assert_blamed(check, culprits, act, kind=PeerFault):
    with pytest.raises(kind) as caught:
        act()
    assert (caught.value.check, caught.value.culprits) == (check, tuple(culprits))
    return caught.value


# Key generation

def aux_primes(profile: Profile, seat: int):
    """Four primes of one seat."""
    size = profile.modulus_bits // 2
    return tuple(map(Secret, keys.primes(size)[4 * seat:4 * seat + 4]))


def recipient_key(seat: int) -> Secret[int]:
    return secret_scalar("recipient", seat)


def aux_params(t: int = 2, n: int = 3, profile: Profile = COMPACT, **changes) -> SessionParams:
    recipients = tuple(mul_secret_base(recipient_key(seat)) for seat in range(n))
    return SessionParams(profile, octets("aux session"), recipients, t, **changes)


@cache
def aux_session(t: int = 2, n: int = 3, profile: Profile = COMPACT):
    """An honest key generation up to the third message: params, states after steps 1 and 3, messages of rounds 1 to 3."""
    params = aux_params(t, n, profile)
    firsts = [aux_rounds.step1(params, Seat(seat), aux_primes(profile, seat), Secret(octets("aux", seat)))
              for seat in range(n)]
    commitments = [message for _, message in firsts]
    reveals = [aux_rounds.step2(state, commitments) for state, _ in firsts]
    thirds = [aux_rounds.step3(state, commitments, reveals) for state, _ in firsts]
    return (params, [state for state, _ in firsts], [state for state, _ in thirds], commitments, reveals,
            [message for _, message in thirds])


@cache
def dealt(t: int, n: int) -> tuple[Point, tuple[int, ...]]:
    """A group key and the shares of all seats from a dealer: for tests of signing alone."""
    coefficients = [secret_scalar("dealt", t, n, k).reveal() for k in range(t)]
    return (mul_secret_base(Secret(coefficients[0])),
            tuple(evaluate(coefficients, seat + 1) for seat in range(n)))


def signing_context(t: int = 2, n: int = 3, seats: tuple[int, ...] | None = None, profile: Profile = COMPACT,
                    **changes) -> SigningContext:
    """A signing by the first t seats, or by those named, with a tweak and a fixed digest."""
    group_key, shares = dealt(t, n)
    seats = tuple(map(Seat, seats or range(t)))
    seat_keys = tuple(SeatKeys(mul_secret_base(Secret(shares[seat])), keys.paillier(profile.modulus_bits, seat).public(),
                               keys.ring_pedersen(profile.modulus_bits, seat).public()) for seat in seats)
    fields = {"profile": profile, "session": octets("signing"), "t": t, "n": n, "seats": seats, "keys": seat_keys,
              "group_key": group_key, "tweak": secret_scalar("path").reveal(), "digest": octets("transaction")}
    return SigningContext(**(fields | changes))


def signer(t: int, n: int, seat: int, profile: Profile = COMPACT) -> SignerKeys:
    bits = profile.modulus_bits
    return SignerKeys(Seat(seat), Secret(dealt(t, n)[1][seat]), keys.paillier(bits, seat), keys.ring_pedersen(bits, seat))


class Signing:
    """An honest signing, step by step: states, masks and messages of every signer by seat."""

    def __init__(self, context: SigningContext, signers: dict[int, SignerKeys]):
        self.context, self.signers = context, signers
        first = {seat: rounds.step1(context, signers[seat], Secret(octets("nonce", seat))) for seat in context.seats}
        self.states1 = {seat: state for seat, (state, _, _) in first.items()}
        self.masks = {seat: masks for seat, (_, masks, _) in first.items()}
        self.round1 = {seat: message for seat, (_, _, message) in first.items()}
        second = {seat: rounds.step2(self.states1[seat], self.masks[seat], signers[seat], self.round1)
                  for seat in context.seats}
        self.states2 = {seat: state for seat, (state, _) in second.items()}
        self.round2 = {seat: message for seat, (_, message) in second.items()}
        third = {seat: rounds.step3(self.states2[seat], self.masks[seat], signers[seat], self.round1, self.round2)
                 for seat in context.seats}
        self.states3 = {seat: state for seat, (state, _) in third.items()}
        self.round3 = {seat: message for seat, (_, message) in third.items()}

    def partials(self) -> dict[Seat, bytes]:
        return {seat: rounds.step4(self.states3[seat], self.round1, self.round2, self.round3)
                for seat in self.context.seats}


@cache
def signing(t: int = 2, n: int = 3, profile: Profile = COMPACT) -> Signing:
    return Signing(signing_context(t, n, profile=profile), {seat: signer(t, n, seat, profile) for seat in range(t)})
