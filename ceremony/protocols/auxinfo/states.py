"""What a station keeps between its steps, as bytes for its vault and back. Nothing here is ever used twice.

The polynomial, the masks of Pi-sch and the secret of the ephemeral point are drawn again from one seed, under the
session's name, whenever a step needs them. So a state is small, and a step that runs twice says the same twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from gmpy2 import mpz

from ceremony.algebra.modulus import Factors
from ceremony.algebra.paillier import PaillierPrivate
from ceremony.algebra.ring_pedersen import RingPedersenOwner
from ceremony.algebra.secp256k1 import N
from ceremony.base.errors import Malformed, Seat
from ceremony.base.secret import Secret
from ceremony.protocols.auxinfo.messages import HASH_BYTES, Proofs, Reveal
from ceremony.protocols.auxinfo.params import SessionParams, seat_bytes

Primes = tuple[Secret[mpz], Secret[mpz], Secret[mpz], Secret[mpz]]
"""p, q of Paillier's N, then p, q of N^: four different safe primes."""

SEED_BYTES = 32


class MalformedState(Malformed):
    """Bytes that are no stored state of this session and version."""


def _head(kind: bytes, params: SessionParams, seat: Seat) -> bytes:
    return b"ceremony auxinfo v1 " + kind + b"\n" + params.sid + seat_bytes(seat)


class _Parts:
    """Takes a stored state apart; the head and the whole length are checked first."""

    def __init__(self, kind: bytes, params: SessionParams, encoded: Secret[bytes], *sizes: int):
        value, prefix = encoded.reveal(), len(_head(kind, params, Seat(0)))
        seat = int.from_bytes(value[prefix - 4:prefix], "big")
        sound = seat < params.n and value[:prefix] == _head(kind, params, Seat(seat))
        if not sound or len(value) != prefix + sum(sizes):
            raise MalformedState("AUXINFO-STATE", f"{len(value)} bytes of another kind or session, or cut off")
        self.seat, self.parts = Seat(seat), []
        for size in sizes:
            self.parts.append(value[prefix:prefix + size])
            prefix += size


def _prime_bytes(params: SessionParams) -> int:
    return params.profile.modulus_bits // 16


def _primes_out(params: SessionParams, primes: Primes) -> bytes:
    return b"".join(int(prime.reveal()).to_bytes(_prime_bytes(params), "big") for prime in primes)


def _primes_in(params: SessionParams, encoded: bytes) -> Primes:
    size = _prime_bytes(params)
    p, q, p_hat, q_hat = (Secret(mpz.from_bytes(encoded[k * size:(k + 1) * size], "big")) for k in range(4))
    require_primes(params, (p, q, p_hat, q_hat))
    return p, q, p_hat, q_hat


def require_primes(params: SessionParams, primes: Primes) -> None:
    """Four different primes of the profile's size; MalformedState. Their maker has seen to it that they are safe."""
    values = [prime.reveal() for prime in primes]
    if len(set(values)) != 4 or any(value.bit_length() != params.profile.modulus_bits // 2 for value in values):
        raise MalformedState("AUXINFO-PRIMES", "these are not four different primes of the profile's size")
    try:
        Factors(primes[0], primes[1]), Factors(primes[2], primes[3])
    except ValueError as bad:
        raise MalformedState("AUXINFO-PRIMES", str(bad)) from None


@dataclass(frozen=True)
class State1:
    """After step 1: the seed of everything that is drawn, the primes, and the second message, to be sent unchanged."""

    params: SessionParams
    seat: Seat
    seed: Secret[bytes]
    primes: Primes
    reveal: bytes

    def to_bytes(self) -> Secret[bytes]:
        return Secret(_head(b"state 1", self.params, self.seat) + self.seed.reveal()
                      + _primes_out(self.params, self.primes) + self.reveal)

    @classmethod
    def from_bytes(cls, params: SessionParams, encoded: Secret[bytes]) -> Self:
        """Raises MalformedState for anything that ``to_bytes`` does not write."""
        sizes = SEED_BYTES, 4 * _prime_bytes(params), Reveal.size(params.profile, params.t)
        parts = _Parts(b"state 1", params, encoded, *sizes)
        seed, primes, reveal = parts.parts
        return cls(params, parts.seat, Secret(seed), _primes_in(params, primes), reveal)


@dataclass(frozen=True)
class State2:
    """After step 3: the same secrets, the hash of all that was revealed, and the third message as it was sent."""

    params: SessionParams
    seat: Seat
    seed: Secret[bytes]
    primes: Primes
    joint: bytes
    proofs: bytes

    def to_bytes(self) -> Secret[bytes]:
        return Secret(_head(b"state 2", self.params, self.seat) + self.seed.reveal()
                      + _primes_out(self.params, self.primes) + self.joint + self.proofs)

    @classmethod
    def from_bytes(cls, params: SessionParams, encoded: Secret[bytes]) -> Self:
        """Raises MalformedState for anything that ``to_bytes`` does not write."""
        sizes = SEED_BYTES, 4 * _prime_bytes(params), HASH_BYTES, Proofs.size(params.profile, params.t, params.n)
        parts = _Parts(b"state 2", params, encoded, *sizes)
        seed, primes, joint, proofs = parts.parts
        return cls(params, parts.seat, Secret(seed), _primes_in(params, primes), joint, proofs)


@dataclass(frozen=True)
class KeyShare:
    """The secret result of a session for one seat.

    share: x_i. primes: of N and N^. t, lam: the base of the own setup and the logarithm of s to it. transcript: the
    hash that was confirmed; with it one can tell whether messages shown later are the ones that were checked.
    """

    params: SessionParams
    seat: Seat
    share: Secret[int]
    primes: Primes
    t: mpz
    lam: Secret[mpz]
    transcript: bytes

    def paillier(self) -> PaillierPrivate:
        return PaillierPrivate(Factors(*self.primes[:2]))

    def setup(self) -> RingPedersenOwner:
        return RingPedersenOwner(Factors(*self.primes[2:]), self.t, self.lam)

    def to_bytes(self) -> Secret[bytes]:
        size = self.params.profile.modulus_bits // 8
        return Secret(_head(b"key share", self.params, self.seat) + self.share.reveal().to_bytes(32, "big")
                      + _primes_out(self.params, self.primes) + int(self.t).to_bytes(size, "big")
                      + int(self.lam.reveal()).to_bytes(size, "big") + self.transcript)

    @classmethod
    def from_bytes(cls, params: SessionParams, encoded: Secret[bytes]) -> Self:
        """Raises MalformedState for anything that ``to_bytes`` does not write."""
        size = params.profile.modulus_bits // 8
        parts = _Parts(b"key share", params, encoded, 32, 4 * _prime_bytes(params), size, size, HASH_BYTES)
        share_bytes, prime_bytes, t_bytes, lam_bytes, transcript = parts.parts
        primes = _primes_in(params, prime_bytes)
        share, t, lam = (mpz.from_bytes(part, "big") for part in (share_bytes, t_bytes, lam_bytes))
        n_hat = primes[2].reveal() * primes[3].reveal()
        if not 0 < share < N or not 1 < t < n_hat or not 0 < lam < n_hat:
            raise MalformedState("AUXINFO-STATE", "a number of the key share is out of range")
        return cls(params, parts.seat, Secret(int(share)), primes, t, Secret(lam), transcript)
