"""What ChillDKG 0.3.0-dev sends, as values to bytes and back.

Every refusal of a wrong length, an unreduced scalar or a point off the curve happens here, as ``MalformedMessage``;
who is to blame for it depends on whose message it was, and so is decided in ``checks``. There are no length fields:
t and n fix every size. Points may be infinity where a sum could be, in 33 zero bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Self, Sequence, TypeVar

from ceremony.algebra.secp256k1 import MalformedElement, Point, scalar_from_bytes, scalar_to_bytes
from ceremony.base.errors import Malformed

SIGNATURE_BYTES = 64

T = TypeVar("T")


class MalformedMessage(Malformed):
    """Bytes that are no ChillDKG message for this t and n."""


class Reader:
    """Takes bytes apart from the front; whoever uses it has checked the whole length before."""

    def __init__(self, encoded: bytes):
        self._rest = memoryview(encoded)

    def take(self, size: int, count: int = 1) -> list[bytes]:
        taken, self._rest = self._rest[:size * count], self._rest[size * count:]
        return [bytes(taken[i:i + size]) for i in range(0, size * count, size)]

    def rest(self) -> bytes:
        return bytes(self._rest)

    def elements(self, decode: Callable[[bytes], T], size: int, count: int, check: str) -> tuple[T, ...]:
        try:
            return tuple(map(decode, self.take(size, count)))
        except MalformedElement as bad:
            raise MalformedMessage(check, bad.seen) from bad

    def points(self, count: int, check: str) -> tuple[Point, ...]:
        return self.elements(Point.from_compressed_ext, 33, count, check)

    def scalars(self, count: int, check: str) -> tuple[int, ...]:
        return self.elements(scalar_from_bytes, 32, count, check)


def require_length(encoded: bytes, expected: int) -> None:
    if len(encoded) != expected:
        raise MalformedMessage("KEYGEN-LENGTH", f"{len(encoded)} bytes where {expected} were due")


def points_bytes(points: Sequence[Point]) -> bytes:
    return b"".join(point.compressed_ext() for point in points)


def scalars_bytes(scalars: Sequence[int]) -> bytes:
    return b"".join(map(scalar_to_bytes, scalars))


@dataclass(frozen=True)
class Pmsg1:
    """A participant's first message, 33t + 32n + 97 bytes, broadcast.

    commitments: C_0..C_{t-1} to the coefficients of its polynomial. pop: 64-byte proof of possession of C_0's
    logarithm. ephemeral: the point its shares are encrypted with. ciphertexts: share j plus pad j, for each seat j.
    """

    commitments: tuple[Point, ...]
    pop: bytes
    ephemeral: Point
    ciphertexts: tuple[int, ...]

    @classmethod
    def from_bytes(cls, encoded: bytes, t: int, n: int) -> Self:
        require_length(encoded, 33 * t + 32 * n + 97)
        reader = Reader(encoded)
        commitments = reader.points(t, "KEYGEN-COMMITMENTS")
        [pop] = reader.take(SIGNATURE_BYTES)
        [ephemeral] = reader.elements(Point.from_compressed, 33, 1, "KEYGEN-EPHEMERAL")
        return cls(commitments, pop, ephemeral, reader.scalars(n, "KEYGEN-CIPHERTEXTS"))

    def to_bytes(self) -> bytes:
        return (points_bytes(self.commitments) + self.pop + self.ephemeral.compressed()
                + scalars_bytes(self.ciphertexts))


@dataclass(frozen=True)
class Cmsg1:
    """All first messages in one, 162n + 33(t-1) bytes: what ChillDKG's coordinator sends and our stations compute.

    constants: C_0 of each seat. sums: the summed commitments to the coefficients 1..t-1. pops and ephemerals of each
    seat, the latter as bytes because only their recipient decides whether they are points. ciphertexts: for each seat
    the sum of what was encrypted to it.
    """

    constants: tuple[Point, ...]
    sums: tuple[Point, ...]
    pops: tuple[bytes, ...]
    ephemerals: tuple[bytes, ...]
    ciphertexts: tuple[int, ...]

    @classmethod
    def from_bytes(cls, encoded: bytes, t: int, n: int) -> Self:
        require_length(encoded, 162 * n + 33 * (t - 1))
        reader = Reader(encoded)
        constants = reader.points(n, "KEYGEN-COMMITMENTS")
        sums = reader.points(t - 1, "KEYGEN-COMMITMENTS")
        pops, ephemerals = reader.take(SIGNATURE_BYTES, n), reader.take(33, n)
        return cls(constants, sums, tuple(pops), tuple(ephemerals), reader.scalars(n, "KEYGEN-CIPHERTEXTS"))

    def to_bytes(self) -> bytes:
        return (points_bytes(self.constants + self.sums) + b"".join(self.pops + self.ephemerals)
                + scalars_bytes(self.ciphertexts))


@dataclass(frozen=True)
class Investigation:
    """For one recipient, 65n bytes: what each seat encrypted to it, and the public point of each share."""

    ciphertexts: tuple[int, ...]
    partial_pubshares: tuple[Point, ...]

    @classmethod
    def from_bytes(cls, encoded: bytes, n: int) -> Self:
        require_length(encoded, 65 * n)
        reader = Reader(encoded)
        ciphertexts = reader.scalars(n, "KEYGEN-CIPHERTEXTS")
        return cls(ciphertexts, reader.points(n, "KEYGEN-COMMITMENTS"))

    def to_bytes(self) -> bytes:
        return scalars_bytes(self.ciphertexts) + points_bytes(self.partial_pubshares)


@dataclass(frozen=True)
class Opening:
    """An accuser's proof about one encrypted share, 97 bytes; ours, not ChillDKG's.

    shared: the Diffie-Hellman point of the accuser's host key and the accused's ephemeral point. proof: 64-byte proof
    of equal discrete logarithms that it is that point.
    """

    shared: Point
    proof: bytes

    @classmethod
    def from_bytes(cls, encoded: bytes) -> Self:
        require_length(encoded, 97)
        reader = Reader(encoded)
        [shared] = reader.elements(Point.from_compressed, 33, 1, "KEYGEN-OPENING")
        [proof] = reader.take(64)
        return cls(shared, proof)

    def to_bytes(self) -> bytes:
        return self.shared.compressed() + self.proof
