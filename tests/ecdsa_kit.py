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
