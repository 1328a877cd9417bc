"""What key generation with auxiliary information sends, as values to bytes and back.

There are no length fields: profile, t and n fix every size. Whatever can be refused without another message is refused
here as ``MalformedMessage``: wrong lengths, points off the curve or at infinity, moduli that no honest station makes
(``PaillierPublic.decode``, ``RingPedersen.decode``). Who is to blame is decided in ``checks``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Self, TypeVar

from ceremony.algebra.paillier import PaillierPublic
from ceremony.algebra.ring_pedersen import RingPedersen
from ceremony.algebra.secp256k1 import Point
from ceremony.base.errors import Malformed
from ceremony.proofs.fac import fac_bytes
from ceremony.proofs.mod import mod_bytes
from ceremony.proofs.prm import prm_bytes
from ceremony.proofs.profiles import Profile

HASH_BYTES = 32
BOX_BYTES = 48          # an encrypted sub-share: 32 bytes and a tag of 16
SIGNATURE_BYTES = 64
DLEQ_BYTES = 64

T = TypeVar("T")


class MalformedMessage(Malformed):
    """Bytes that are no message of this protocol for this profile, t and n."""


class Reader:
    """Takes bytes apart from the front, after their whole length was checked."""

    def __init__(self, encoded: bytes, expected: int):
        if len(encoded) != expected:
            raise MalformedMessage("AUXINFO-LENGTH", f"{len(encoded)} bytes where {expected} were due")
        self._rest = memoryview(encoded)

    def take(self, size: int) -> bytes:
        taken, self._rest = bytes(self._rest[:size]), self._rest[size:]
        return taken

    def each(self, size: int, count: int) -> tuple[bytes, ...]:
        return tuple(self.take(size) for _ in range(count))

    def decode(self, size: int, decode: Callable[[bytes], T], check: str) -> T:
        try:
            return decode(self.take(size))
        except Malformed as bad:
            raise MalformedMessage(check, bad.seen) from bad

    def points(self, count: int) -> tuple[Point, ...]:
        """Finite points, 33 bytes each."""
        return tuple(self.decode(33, Point.from_compressed, "AUXINFO-POINT") for _ in range(count))


@dataclass(frozen=True)
class Reveal:
    """The second message of a seat, broadcast with echo; the first was its hash.

    rid: 32 random bytes, the seat's part in making the session fresh. chain: 32 random bytes, its part of the chain
    code. commitments: C_0..C_{t-1} to the coefficients of its polynomial, exactly t. schnorr: the t commitments of its
    proofs that it knows them. paillier: N. setup: N^, s, t. prm: the proof about the setup.
    """

    rid: bytes
    chain: bytes
    commitments: tuple[Point, ...]
    schnorr: tuple[Point, ...]
    paillier: PaillierPublic
    setup: RingPedersen
    prm: bytes

    @staticmethod
    def size(profile: Profile, t: int) -> int:
        return 2 * HASH_BYTES + 66 * t + profile.modulus_bits // 2 + prm_bytes(profile)

    @classmethod
    def from_bytes(cls, encoded: bytes, profile: Profile, t: int) -> Self:
        bits = profile.modulus_bits
        reader = Reader(encoded, cls.size(profile, t))
        rid, chain = reader.each(HASH_BYTES, 2)
        commitments, schnorr = reader.points(t), reader.points(t)
        paillier = reader.decode(bits // 8, lambda part: PaillierPublic.decode(part, bits), "AUXINFO-PAILLIER")
        setup = reader.decode(3 * bits // 8, lambda part: RingPedersen.decode(part, bits), "AUXINFO-RING-PEDERSEN")
        return cls(rid, chain, commitments, schnorr, paillier, setup, reader.take(prm_bytes(profile)))

    def to_bytes(self) -> bytes:
        points = b"".join(point.compressed() for point in self.commitments + self.schnorr)
        return self.rid + self.chain + points + self.paillier.encode() + self.setup.encode() + self.prm


@dataclass(frozen=True)
class Proofs:
    """The third message of a seat, broadcast with echo.

    echo: hash of all that was revealed, as its author holds it. responses: t answers of 32 bytes to Pi-sch. mod:
    Pi-mod. fac: Pi-fac for each other seat, ascending. ephemeral: the point whose secret encrypted the sub-shares.
    boxes: the sub-share of each other seat, 48 bytes each, ascending. possession: 64 bytes, that the author knows the
    ephemeral secret and made these boxes.
    """

    echo: bytes
    responses: tuple[bytes, ...]
    mod: bytes
    fac: tuple[bytes, ...]
    ephemeral: Point
    boxes: tuple[bytes, ...]
    possession: bytes

    @staticmethod
    def size(profile: Profile, t: int, n: int) -> int:
        return (2 * HASH_BYTES + 32 * t + mod_bytes(profile) + (n - 1) * (fac_bytes(profile) + BOX_BYTES) + 1
                + SIGNATURE_BYTES)

    @classmethod
    def from_bytes(cls, encoded: bytes, profile: Profile, t: int, n: int) -> Self:
        reader = Reader(encoded, cls.size(profile, t, n))
        echo, responses, mod = reader.take(HASH_BYTES), reader.each(32, t), reader.take(mod_bytes(profile))
        fac, [ephemeral] = reader.each(fac_bytes(profile), n - 1), reader.points(1)
        return cls(echo, responses, mod, fac, ephemeral, reader.each(BOX_BYTES, n - 1), reader.take(SIGNATURE_BYTES))

    def to_bytes(self) -> bytes:
        return (self.echo + b"".join(self.responses) + self.mod + b"".join(self.fac) + self.ephemeral.compressed()
                + b"".join(self.boxes) + self.possession)


@dataclass(frozen=True)
class Opening:
    """An accuser's proof about one encrypted sub-share, 97 bytes.

    shared: the Diffie-Hellman point of his key of this attempt and the accused's ephemeral point. proof: 64-byte proof
    of equal discrete logarithms that it is that point.
    """

    shared: Point
    proof: bytes

    @classmethod
    def from_bytes(cls, encoded: bytes) -> Self:
        reader = Reader(encoded, 33 + DLEQ_BYTES)
        [shared] = reader.points(1)
        return cls(shared, reader.take(DLEQ_BYTES))

    def to_bytes(self) -> bytes:
        return self.shared.compressed() + self.proof
