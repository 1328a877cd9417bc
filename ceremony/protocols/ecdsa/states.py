"""What a signer keeps between its steps, as bytes for its vault and back. Nothing here is ever used twice or backed up.

Two compartments. The states hold what signs: k, then chi. ``Masks`` holds what only proves: the seed of gamma and of
the masks of the multiplications. The station erases both in the transaction that creates sigma; if a sum fails, the
states are erased and ``Masks`` stays until identification is over.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from ceremony.algebra.secp256k1 import MalformedElement, scalar_from_bytes, scalar_to_bytes
from ceremony.base.errors import Malformed, Seat
from ceremony.base.secret import Secret
from ceremony.protocols.ecdsa.context import SigningContext
from ceremony.protocols.ecdsa.messages import Round1, Round2, Round3


class MalformedState(Malformed):
    """Bytes that are no stored state of this signing and version."""


def _head(kind: bytes, context: SigningContext, seat: Seat) -> bytes:
    return b"ceremony ecdsa v1 " + kind + b"\n" + context.ssid + seat.to_bytes(4, "big")


def _parts(kind: bytes, context: SigningContext, encoded: Secret[bytes], *sizes: int) -> tuple[Seat, list[bytes]]:
    """The seat and the fields; head, seat and whole length are checked first."""
    value, at = encoded.reveal(), len(_head(kind, context, Seat(0)))
    seat = Seat(int.from_bytes(value[at - 4:at], "big"))
    if seat not in context.seats or value[:at] != _head(kind, context, seat) or len(value) != at + sum(sizes):
        raise MalformedState("ECDSA-STATE", f"{len(value)} bytes of another kind or signing, or cut off")
    fields = []
    for size in sizes:
        fields.append(value[at:at + size])
        at += size
    return seat, fields


def _scalar(encoded: bytes, *, nonzero: bool = True) -> Secret[int]:
    try:
        return Secret(scalar_from_bytes(encoded, nonzero=nonzero))
    except MalformedElement:
        raise MalformedState("ECDSA-STATE", "a stored scalar is out of range") from None


@dataclass(frozen=True)
class Masks:
    """The compartment that can only prove. seed: 32 bytes."""

    context: SigningContext
    seat: Seat
    seed: Secret[bytes]

    def to_bytes(self) -> Secret[bytes]:
        return Secret(_head(b"masks", self.context, self.seat) + self.seed.reveal())

    @classmethod
    def from_bytes(cls, context: SigningContext, encoded: Secret[bytes]) -> Self:
        """Raises MalformedState for anything that ``to_bytes`` does not write."""
        seat, [seed] = _parts(b"masks", context, encoded, 32)
        return cls(context, seat, Secret(seed))


@dataclass(frozen=True)
class State1:
    """After step 1: k and a, and the first message, to be sent again unchanged."""

    context: SigningContext
    seat: Seat
    k: Secret[int]
    a: Secret[int]
    message: bytes

    def to_bytes(self) -> Secret[bytes]:
        scalars = scalar_to_bytes(self.k.reveal()) + scalar_to_bytes(self.a.reveal())
        return Secret(_head(b"state 1", self.context, self.seat) + scalars + self.message)

    @classmethod
    def from_bytes(cls, context: SigningContext, encoded: Secret[bytes]) -> Self:
        """Raises MalformedState for anything that ``to_bytes`` does not write."""
        seat, [k, a, message] = _parts(b"state 1", context, encoded, 32, 32, Round1.size(context.profile, context.t))
        return cls(context, seat, _scalar(k), _scalar(a), message)


@dataclass(frozen=True)
class State2:
    """After step 2: k and a, the hash of the first round as this signer answered it, and its second message."""

    context: SigningContext
    seat: Seat
    k: Secret[int]
    a: Secret[int]
    joint: bytes
    message: bytes

    def to_bytes(self) -> Secret[bytes]:
        scalars = scalar_to_bytes(self.k.reveal()) + scalar_to_bytes(self.a.reveal())
        return Secret(_head(b"state 2", self.context, self.seat) + scalars + self.joint + self.message)

    @classmethod
    def from_bytes(cls, context: SigningContext, encoded: Secret[bytes]) -> Self:
        """Raises MalformedState for anything that ``to_bytes`` does not write."""
        sizes = 32, 32, 32, Round2.size(context.profile, context.t)
        seat, [k, a, joint, message] = _parts(b"state 2", context, encoded, *sizes)
        return cls(context, seat, _scalar(k), _scalar(a), joint, message)


@dataclass(frozen=True)
class State3:
    """After step 3: k and chi, the hash of the first two rounds, and the third message. With the third messages of all
    it is a presignature; since digest and path are in the context, it can sign nothing else.
    """

    context: SigningContext
    seat: Seat
    k: Secret[int]
    chi: Secret[int]
    joint: bytes
    message: bytes

    def to_bytes(self) -> Secret[bytes]:
        scalars = scalar_to_bytes(self.k.reveal()) + scalar_to_bytes(self.chi.reveal())
        return Secret(_head(b"state 3", self.context, self.seat) + scalars + self.joint + self.message)

    @classmethod
    def from_bytes(cls, context: SigningContext, encoded: Secret[bytes]) -> Self:
        """Raises MalformedState for anything that ``to_bytes`` does not write."""
        seat, [k, chi, joint, message] = _parts(b"state 3", context, encoded, 32, 32, 32, Round3.SIZE)
        return cls(context, seat, _scalar(k), _scalar(chi), joint, message)
