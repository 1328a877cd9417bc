"""Scalars and points of secp256k1 (SEC 2, section 2.4.1), as values that protocol code can calculate with.

A scalar is a Python int in 0..N-1. Arithmetic on ints is **not** constant time; the stations are offline and the page
``docs/threats.md`` says so. What is constant time is every multiplication of a point by a secret scalar: it takes a
``Secret`` and goes through ``mul_secret_base``, ``mul_secret`` or ``ecdh``. ``mul_public`` and everything built on it
take time that depends on the scalar, so they are for public values only.
"""

from __future__ import annotations

from typing import Iterable, NoReturn, Self, Sequence

from ceremony.algebra import libsecp
from ceremony.base.errors import Malformed
from ceremony.base.secret import Secret

P = 2**256 - 2**32 - 977
"""The field prime."""

N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
"""The order of the group, a prime: scalars are counted modulo N."""

_INFINITY_BYTES = bytes(33)


class MalformedElement(Malformed):
    """Bytes that are no scalar or no point of secp256k1."""


def scalar_from_bytes(encoded: bytes, *, nonzero: bool = False) -> int:
    """The scalar that 32 big-endian bytes stand for.

    Raises MalformedElement for another length, a value of N or more, and, if ``nonzero`` is set, for zero.
    """
    value = int.from_bytes(encoded, "big")
    if len(encoded) != 32 or value >= N or (nonzero and value == 0):
        raise MalformedElement("SECP256K1-SCALAR", f"{len(encoded)} bytes are no scalar in the permitted range")
    return value


def scalar_to_bytes(scalar: int) -> bytes:
    """32 bytes, big-endian, of a scalar in 0..N-1."""
    return scalar.to_bytes(32, "big")


class Point:
    """A point of the curve, the point at infinity included. Immutable, comparable, hashable; public data."""

    __slots__ = ("_raw", "_compressed")
    _raw: libsecp.Raw | None  # None is the point at infinity
    _compressed: bytes | None  # filled when first asked for

    def __init__(self) -> None:
        raise TypeError("points are made by from_compressed, from_xonly, G, INFINITY or arithmetic")

    @classmethod
    def _of(cls, raw: libsecp.Raw | None, compressed: bytes | None = None) -> Self:
        point = object.__new__(cls)
        object.__setattr__(point, "_raw", raw)
        object.__setattr__(point, "_compressed", compressed)
        return point

    @classmethod
    def from_compressed(cls, encoded: bytes) -> Self:
        """The finite point with this SEC 1 compressed form (33 bytes). Raises MalformedElement."""
        raw = libsecp.parse(encoded) if len(encoded) == 33 else None
        if raw is None:
            raise MalformedElement("SECP256K1-POINT", f"{len(encoded)} bytes are no compressed point of the curve")
        return cls._of(raw, bytes(encoded))

    @classmethod
    def from_compressed_ext(cls, encoded: bytes) -> Self:
        """Like ``from_compressed``, and 33 zero bytes are the point at infinity (``cpoint_ext`` of BIP 327)."""
        return cls._of(None, _INFINITY_BYTES) if encoded == _INFINITY_BYTES else cls.from_compressed(encoded)

    @classmethod
    def from_xonly(cls, encoded: bytes) -> Self:
        """The point with this x coordinate (32 bytes) and an even y (BIP 340 lift_x). Raises MalformedElement."""
        return cls.from_compressed(b"\x02" + encoded)

    def compressed(self) -> bytes:
        """SEC 1 compressed form, 33 bytes. The point at infinity has none: ValueError."""
        if self._raw is None:
            raise ValueError("the point at infinity has no compressed form")
        return self.compressed_ext()

    def compressed_ext(self) -> bytes:
        """33 bytes: SEC 1 compressed form, or zeros for the point at infinity (``cbytes_ext`` of BIP 327)."""
        if self._compressed is None:
            object.__setattr__(self, "_compressed", libsecp.serialize(self._raw) if self._raw else _INFINITY_BYTES)
        return self._compressed  # type: ignore[return-value]

    def xonly(self) -> bytes:
        """The x coordinate, 32 bytes (BIP 340). ValueError for the point at infinity."""
        return self.compressed()[1:]

    def has_even_y(self) -> bool:
        """Whether the y coordinate is even. ValueError for the point at infinity."""
        return self.compressed()[0] == 2

    @property
    def is_infinity(self) -> bool:
        return self._raw is None

    @classmethod
    def sum(cls, points: Iterable[Point]) -> Self:
        """Sum of any number of points; no points sum to infinity."""
        raws = [point._raw for point in points if point._raw is not None]
        return cls._of(libsecp.combine(raws) if raws else None)

    def __add__(self, other: Point) -> Point:
        return Point.sum((self, other)) if isinstance(other, Point) else NotImplemented

    def __sub__(self, other: Point) -> Point:
        return Point.sum((self, -other)) if isinstance(other, Point) else NotImplemented

    def __neg__(self) -> Point:
        return self if self._raw is None else Point._of(libsecp.negate(self._raw))

    def __eq__(self, other: object) -> bool:
        return self.compressed_ext() == other.compressed_ext() if isinstance(other, Point) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.compressed_ext())

    def __repr__(self) -> str:
        return f"Point({self.compressed_ext().hex()})"

    def __setattr__(self, *_: object) -> NoReturn:
        raise AttributeError("a Point cannot be changed")

    def __reduce__(self) -> tuple:
        return Point.from_compressed_ext, (self.compressed_ext(),)


INFINITY = Point._of(None, _INFINITY_BYTES)
"""The neutral element."""

G = Point._of(libsecp.secret_multiply_base(scalar_to_bytes(1)))
"""The generator."""


def mul_public(scalar: int, point: Point) -> Point:
    """scalar * point for **public** values: the time taken depends on the scalar, which is reduced modulo N first."""
    scalar %= N
    if scalar == 0 or point._raw is None:
        return INFINITY
    if point is G:
        return Point._of(libsecp.secret_multiply_base(scalar_to_bytes(scalar)))
    return Point._of(libsecp.multiply(point._raw, scalar_to_bytes(scalar)))


def linear_combination(scalars: Sequence[int], points: Sequence[Point]) -> Point:
    """Sum of scalar * point over two equally long lists of **public** values."""
    return Point.sum(mul_public(k, point) for k, point in zip(scalars, points, strict=True))


def mul_secret_base(scalar: Secret[int]) -> Point:
    """scalar * G in constant time, for a secret scalar in 0..N-1; zero gives infinity."""
    value = scalar.reveal()
    return Point._of(libsecp.secret_multiply_base(scalar_to_bytes(value))) if value else INFINITY


def mul_secret(scalar: Secret[int], point: Point) -> Point:
    """scalar * point in constant time, for a secret scalar in 1..N-1 and a finite point; else ValueError."""
    return Point._of(libsecp.secret_multiply(_finite(point), scalar_to_bytes(scalar.reveal())))


def ecdh(scalar: Secret[int], point: Point) -> Secret[bytes]:
    """SHA-256 of the compressed point scalar * point, 32 bytes, in constant time (libsecp256k1's ECDH).

    The scalar is in 1..N-1 and the point is finite; anything else is ValueError.
    """
    return Secret(libsecp.secret_ecdh(_finite(point), scalar_to_bytes(scalar.reveal())))


def _finite(point: Point) -> libsecp.Raw:
    if point._raw is None:
        raise ValueError("the point at infinity cannot be multiplied by a secret")
    return point._raw
