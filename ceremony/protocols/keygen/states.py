"""What a participant keeps between its steps, as bytes for its vault and back. Neither is ever used twice.

``State1`` holds nothing secret: the polynomial and the ephemeral key are gone once the first message is made, for the
host key and that message are enough. ``State2`` holds the secret share.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from ceremony.algebra.secp256k1 import scalar_from_bytes, scalar_to_bytes
from ceremony.base.errors import Fault, Malformed, Seat
from ceremony.base.limits import MAX_PARTIES
from ceremony.base.secret import Secret
from ceremony.protocols.keygen.messages import SIGNATURE_BYTES, Pmsg1, Reader
from ceremony.protocols.keygen.params import SessionParams, seat_bytes
from ceremony.protocols.keygen.transcript import EqInput

_STATE1 = b"ceremony keygen chilldkg-0.3.0-dev state 1\n"
_STATE2 = b"ceremony keygen chilldkg-0.3.0-dev state 2\n"


class MalformedState(Malformed):
    """Bytes that are no stored state of this protocol and version."""


def _after(kind: bytes, encoded: bytes, least: int) -> bytes:
    if not encoded.startswith(kind) or len(encoded) < len(kind) + least:
        raise MalformedState("KEYGEN-STATE", f"{len(encoded)} bytes of another kind, or cut off")
    return encoded[len(kind):]


@dataclass(frozen=True)
class State1:
    """After step 1: the parameters, the own seat, and the message as it was sent, to be sent again unchanged."""

    params: SessionParams
    seat: Seat
    pmsg1: bytes

    def to_bytes(self) -> bytes:
        return _STATE1 + seat_bytes(self.seat) + seat_bytes(self.params.n) + self.params.to_bytes() + self.pmsg1

    @classmethod
    def from_bytes(cls, encoded: bytes) -> Self:
        """Raises MalformedState for anything that ``to_bytes`` does not write."""
        body = _after(_STATE1, encoded, 12)
        seat, n, t = (int.from_bytes(body[i:i + 4], "big") for i in (0, 4, 8))
        if not seat < n <= MAX_PARTIES or len(body) < 12 + 33 * n:
            raise MalformedState("KEYGEN-STATE", f"seat {seat} of {n} in {len(encoded)} bytes")
        pmsg1 = body[12 + 33 * n:]
        try:
            params = SessionParams(tuple(Reader(body[12:]).take(33, n)), t)
            Pmsg1.from_bytes(pmsg1, t, n)
        except Fault as bad:
            raise MalformedState("KEYGEN-STATE", f"inside the state after step 1: {bad}") from bad
        return cls(params, Seat(seat), pmsg1)


@dataclass(frozen=True)
class State2:
    """After step 2: what was agreed, the own secret share (Taproot tweak included), the signature as it was sent."""

    eq_input: EqInput
    seat: Seat
    secshare: Secret[int]
    pmsg2: bytes

    def to_bytes(self) -> Secret[bytes]:
        return Secret(_STATE2 + seat_bytes(self.seat) + scalar_to_bytes(self.secshare.reveal()) + self.pmsg2
                      + self.eq_input.to_bytes())

    @classmethod
    def from_bytes(cls, encoded: Secret[bytes]) -> Self:
        """Raises MalformedState for anything that ``to_bytes`` does not write."""
        reader = Reader(_after(_STATE2, encoded.reveal(), 4 + 32 + SIGNATURE_BYTES))
        [seat], [secshare], [pmsg2] = reader.take(4), reader.take(32), reader.take(SIGNATURE_BYTES)
        try:
            eq_input = EqInput.from_bytes(reader.rest())
            state = cls(eq_input, Seat(int.from_bytes(seat, "big")), Secret(scalar_from_bytes(secshare)), pmsg2)
        except Fault as bad:
            raise MalformedState("KEYGEN-STATE", f"inside the state after step 2: {bad}") from None
        if state.seat not in eq_input.params.seats:
            raise MalformedState("KEYGEN-STATE", f"seat {state.seat} of {eq_input.params.n}")
        return state
