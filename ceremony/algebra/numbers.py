"""Integers as bytes of a length that the context fixes, so that every value has one form and every field one size.

Unsigned: big-endian. Signed, for values in [-2^bits, 2^bits): the value plus 2^bits, big-endian, in ceil((bits+1)/8)
bytes. So a length, a leading byte or a second form of a number is nothing an attacker can play with, and a range is
checked by reading. Nothing here is secret by itself.
"""

from __future__ import annotations

from gmpy2 import gcd, mpz

from ceremony.base.errors import Malformed


class MalformedNumber(Malformed):
    """Bytes that are no number of the required size and range."""


def unsigned_bytes(value: int, size: int) -> bytes:
    """``size`` bytes, big-endian. ValueError when the value is negative or too large."""
    try:
        return int(value).to_bytes(size, "big")
    except OverflowError:
        raise ValueError("the number does not fit") from None


def unsigned_from(encoded: bytes, size: int, bound: int) -> mpz:
    """The number in 0..bound-1 that exactly ``size`` bytes stand for; else MalformedNumber."""
    value = mpz.from_bytes(encoded, "big")
    if len(encoded) != size or value >= bound:
        raise MalformedNumber("NUMBER-RANGE", f"{len(encoded)} bytes are no number in the permitted range")
    return value


def unit_from(encoded: bytes, size: int, modulus: int) -> mpz:
    """Like ``unsigned_from``, for the numbers below a modulus that share no factor with it."""
    value = unsigned_from(encoded, size, modulus)
    if gcd(value, modulus) != 1:
        raise MalformedNumber("NUMBER-UNIT", "the number is zero or shares a factor with its modulus")
    return value


def signed_size(bits: int) -> int:
    """Bytes of a number in [-2^bits, 2^bits)."""
    return (bits + 8) // 8


def signed_bytes(value: int, bits: int) -> bytes:
    """The number in [-2^bits, 2^bits) as ``signed_size(bits)`` bytes. ValueError outside that range."""
    if not -(1 << bits) <= value < 1 << bits:
        raise ValueError("the number does not fit")
    return int(value + (1 << bits)).to_bytes(signed_size(bits), "big")


def signed_from(encoded: bytes, bits: int) -> mpz:
    """The number in [-2^bits, 2^bits) that ``signed_size(bits)`` bytes stand for; else MalformedNumber."""
    return unsigned_from(encoded, signed_size(bits), 1 << (bits + 1)) - (mpz(1) << bits)


def centred(residue: int, modulus: int) -> mpz:
    """The representative of a residue in -(modulus-1)/2..(modulus-1)/2, for an odd modulus."""
    residue = mpz(residue) % modulus
    return residue - modulus if residue > modulus // 2 else residue
