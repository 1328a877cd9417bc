"""What signers send, as values to bytes and back. Letters are those of CGGMP24, figures 8 and 9.

There are no length fields: profile and number of signers fix every size. A wrong length, an unreduced scalar, a point
off the curve or at infinity, and a ciphertext that is no unit are refused here as ``MalformedMessage``; who is to blame
is decided in ``checks``. A part for another seat stands at that seat's place among the other signers, ascending.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Mapping, Self, TypeVar

from ceremony.algebra.paillier import Ciphertext
from ceremony.algebra.secp256k1 import Point, scalar_from_bytes, scalar_to_bytes
from ceremony.base.errors import Malformed, Seat
from ceremony.proofs import elog
from ceremony.proofs.aff_g import aff_g_bytes
from ceremony.proofs.aff_g_star import aff_g_star_bytes
from ceremony.proofs.dec import dec_bytes
from ceremony.proofs.enc_elg import enc_elg_bytes
from ceremony.proofs.profiles import Profile
from ceremony.protocols.ecdsa.context import SigningContext

T = TypeVar("T")


class MalformedMessage(Malformed):
    """Bytes that are no message of this protocol in this context."""


class _Reader:
    def __init__(self, encoded: bytes, expected: int):
        if len(encoded) != expected:
            raise MalformedMessage("ECDSA-LENGTH", f"{len(encoded)} bytes where {expected} were due")
        self._rest = memoryview(encoded)

    def take(self, size: int) -> bytes:
        taken, self._rest = bytes(self._rest[:size]), self._rest[size:]
        return taken

    def decode(self, size: int, decode: Callable[[bytes], T], check: str) -> T:
        try:
            return decode(self.take(size))
        except Malformed as bad:
            raise MalformedMessage(check, bad.seen) from bad

    def point(self) -> Point:
        return self.decode(33, Point.from_compressed, "ECDSA-POINT")

    def ciphertext(self, context: SigningContext, owner: Seat) -> Ciphertext:
        key = context.of(owner).paillier
        return self.decode(2 * key.size, key.ciphertext, "ECDSA-CIPHERTEXT")


@dataclass(frozen=True)
class Round1:
    """Y; A1, A2 and B1, B2, the commitments to k and gamma under Y; K and G, their encryptions; and for each other
    signer two proofs Pi-enc-elg, about K and about G.
    """

    Y: Point
    A1: Point
    A2: Point
    B1: Point
    B2: Point
    K: Ciphertext
    G: Ciphertext
    psi: Mapping[Seat, tuple[bytes, bytes]]

    @staticmethod
    def size(profile: Profile, signers: int) -> int:
        return 165 + profile.modulus_bits // 2 + (signers - 1) * 2 * enc_elg_bytes(profile)

    @classmethod
    def from_bytes(cls, encoded: bytes, context: SigningContext, author: Seat) -> Self:
        reader, size = _Reader(encoded, cls.size(context.profile, context.t)), enc_elg_bytes(context.profile)
        Y, A1, A2, B1, B2 = (reader.point() for _ in range(5))
        K, cap_G = (reader.ciphertext(context, author) for _ in range(2))
        psi = {other: (reader.take(size), reader.take(size)) for other in context.others(author)}
        return cls(Y, A1, A2, B1, B2, K, cap_G, psi)

    def to_bytes(self) -> bytes:
        points = b"".join(point.compressed() for point in (self.Y, self.A1, self.A2, self.B1, self.B2))
        return points + self.K.encode() + self.G.encode() + b"".join(a + b for a, b in self.psi.values())


@dataclass(frozen=True)
class Multiplication:
    """One signer's half of two multiplications with one other: D, F of k_j * gamma_i, D^, F^ of k_j * w_i, and a proof
    Pi-aff-g for each. D and D^ are under the other's key, F and F^ under the author's.
    """

    D: Ciphertext
    F: Ciphertext
    D_hat: Ciphertext
    F_hat: Ciphertext
    psi: bytes
    psi_hat: bytes

    @classmethod
    def read(cls, reader: _Reader, context: SigningContext, author: Seat, other: Seat) -> Self:
        D, F, D_hat, F_hat = (reader.ciphertext(context, owner) for owner in (other, author, other, author))
        size = aff_g_bytes(context.profile)
        return cls(D, F, D_hat, F_hat, reader.take(size), reader.take(size))

    def to_bytes(self) -> bytes:
        numbers = b"".join(value.encode() for value in (self.D, self.F, self.D_hat, self.F_hat))
        return numbers + self.psi + self.psi_hat


@dataclass(frozen=True)
class Round2:
    """Gamma with its Pi-elog, and a Multiplication with each other signer."""

    Gamma: Point
    psi: bytes
    parts: Mapping[Seat, Multiplication]

    @staticmethod
    def size(profile: Profile, signers: int) -> int:
        return 33 + elog.PROOF_BYTES + (signers - 1) * (profile.modulus_bits + 2 * aff_g_bytes(profile))

    @classmethod
    def from_bytes(cls, encoded: bytes, context: SigningContext, author: Seat) -> Self:
        reader = _Reader(encoded, cls.size(context.profile, context.t))
        Gamma, psi = reader.point(), reader.take(elog.PROOF_BYTES)
        return cls(Gamma, psi, {other: Multiplication.read(reader, context, author, other)
                                for other in context.others(author)})

    def to_bytes(self) -> bytes:
        return self.Gamma.compressed() + self.psi + b"".join(part.to_bytes() for part in self.parts.values())


@dataclass(frozen=True)
class Round3:
    """delta, S = chi*Gamma, Delta = k*Gamma, and the Pi-elog for Delta; 194 bytes."""

    delta: int
    S: Point
    Delta: Point
    psi: bytes

    SIZE = 98 + elog.PROOF_BYTES

    @classmethod
    def from_bytes(cls, encoded: bytes) -> Self:
        reader = _Reader(encoded, cls.SIZE)
        delta = reader.decode(32, lambda part: scalar_from_bytes(part, nonzero=True), "ECDSA-SCALAR")
        return cls(delta, reader.point(), reader.point(), reader.take(elog.PROOF_BYTES))

    def to_bytes(self) -> bytes:
        return scalar_to_bytes(self.delta) + self.S.compressed() + self.Delta.compressed() + self.psi


def partial_from_bytes(encoded: bytes) -> int:
    """sigma, a scalar other than zero in 32 bytes."""
    return _Reader(encoded, 32).decode(32, lambda part: scalar_from_bytes(part, nonzero=True), "ECDSA-SCALAR")


@dataclass(frozen=True)
class Identification:
    """What a signer proves after a failed sum: Pi-dec about its own part, Pi-aff-g* about its half with each other."""

    dec: bytes
    stars: Mapping[Seat, bytes]

    @staticmethod
    def size(profile: Profile, signers: int) -> int:
        return dec_bytes(profile) + (signers - 1) * aff_g_star_bytes(profile)

    @classmethod
    def from_bytes(cls, encoded: bytes, context: SigningContext, author: Seat) -> Self:
        profile = context.profile
        reader = _Reader(encoded, cls.size(profile, context.t))
        dec = reader.take(dec_bytes(profile))
        return cls(dec, {other: reader.take(aff_g_star_bytes(profile)) for other in context.others(author)})

    def to_bytes(self) -> bytes:
        return self.dec + b"".join(self.stars.values())
