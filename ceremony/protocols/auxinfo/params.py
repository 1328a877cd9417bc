"""What all parties of one key generation agreed on before its first message; the session's name is a hash of it all."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from ceremony.algebra.secp256k1 import Point
from ceremony.base.errors import Seat, Unattributed
from ceremony.base.limits import MAX_ECDSA_PARTIES, MIN_THRESHOLD
from ceremony.codec.digest import digest
from ceremony.proofs.challenge import SESSION_BYTES, Context
from ceremony.proofs.profiles import Profile


@dataclass(frozen=True)
class SessionParams:
    """One attempt. Raises Unattributed ``AUXINFO-PARAMS`` for values that no session can have.

    session: 32 bytes, the id of the opening entry. recipients: for each seat the public key that sub-shares are
    encrypted to; made for this attempt alone. t: signers needed. retired: every modulus of earlier epochs and attempts
    that this station knows of; none may come back.
    """

    profile: Profile
    session: bytes
    recipients: tuple[Point, ...]
    t: int
    retired: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        distinct = len({point.compressed_ext()[1:] for point in self.recipients}) == self.n
        sound = MIN_THRESHOLD <= self.t <= self.n <= MAX_ECDSA_PARTIES and len(self.session) == SESSION_BYTES
        if not sound or not distinct or any(point.is_infinity for point in self.recipients):
            raise Unattributed("AUXINFO-PARAMS", f"no session of {self.t} of {self.n} seats with these keys")

    @property
    def n(self) -> int:
        return len(self.recipients)

    @property
    def seats(self) -> tuple[Seat, ...]:
        return tuple(map(Seat, range(self.n)))

    def others(self, seat: Seat) -> tuple[Seat, ...]:
        """All seats but one, ascending: the order in which a message holds its parts for the others."""
        return tuple(other for other in self.seats if other != seat)

    @cached_property
    def sid(self) -> bytes:
        """32 bytes in every hash and proof of the session."""
        sizes = self.t.to_bytes(4, "big"), self.n.to_bytes(4, "big")
        keys = (point.compressed() for point in self.recipients)
        return digest("ceremony/auxinfo-session-v1", self.profile.id.encode("ascii"), self.session, *sizes, *keys)

    def context(self, prover: Seat, recipient: Seat | None = None, joint: bytes | None = None) -> Context:
        """To what a proof is bound: the session, or everything revealed in it, once that is known (``joint``)."""
        return Context(self.profile, joint or self.sid, prover, recipient)


def seat_bytes(seat: int) -> bytes:
    return seat.to_bytes(4, "big")
