"""What FROST signers send each other, as bytes and back: public nonces, their sum, partial signatures.

Lengths, ranges and points are refused here and only here; whose bytes they were is known to the caller, who names the
seat. The layout is that of BIP 445 (draft 0.12.1), the table is in ``spec.md``. Nothing here is secret.
"""

from __future__ import annotations

from dataclasses import dataclass

from ceremony.algebra.secp256k1 import MalformedElement, Point, scalar_from_bytes
from ceremony.base.errors import Malformed

PUBNONCE_BYTES = 66


class MalformedNonce(Malformed):
    """Bytes that are no public nonce."""


class MalformedAggregate(Malformed):
    """Bytes that are no aggregate nonce."""


class MalformedPartial(Malformed):
    """Bytes that are no partial signature."""


@dataclass(frozen=True, slots=True)
class Nonce:
    """Two points R1, R2: of one signer (both finite), or the sums over all signers (either may be infinity)."""

    R1: Point
    R2: Point

    def encode(self) -> bytes:
        """66 bytes: both points compressed, infinity as 33 zero bytes."""
        return self.R1.compressed_ext() + self.R2.compressed_ext()


def decode_pubnonce(encoded: bytes) -> Nonce:
    """One signer's public nonce from its 66 bytes. Raises MalformedNonce; infinity is none of the accepted values."""
    try:
        if len(encoded) == PUBNONCE_BYTES:
            return Nonce(Point.from_compressed(encoded[:33]), Point.from_compressed(encoded[33:]))
    except MalformedElement:
        pass
    raise MalformedNonce("SIGN-NONCE", f"{len(encoded)} bytes are not the two points of a public nonce")


def decode_aggregate(encoded: bytes) -> Nonce:
    """An aggregate nonce from its 66 bytes, where 33 zero bytes stand for infinity. Raises MalformedAggregate."""
    try:
        if len(encoded) == PUBNONCE_BYTES:
            return Nonce(Point.from_compressed_ext(encoded[:33]), Point.from_compressed_ext(encoded[33:]))
    except MalformedElement:
        pass
    raise MalformedAggregate("SIGN-AGGREGATE", f"{len(encoded)} bytes are not the two points of an aggregate nonce")


def decode_partial(encoded: bytes) -> int:
    """A partial signature from its 32 bytes, a scalar in 0..N-1. Raises MalformedPartial."""
    try:
        return scalar_from_bytes(encoded)
    except MalformedElement:
        raise MalformedPartial("SIGN-PARTIAL", f"{len(encoded)} bytes are not a scalar below the group order") from None
