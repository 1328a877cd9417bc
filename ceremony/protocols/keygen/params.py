"""The parameters that all participants of one ChillDKG session share, and the hash people compare."""

from __future__ import annotations

from dataclasses import dataclass, field

from ceremony.algebra.secp256k1 import MalformedElement, Point
from ceremony.base.errors import PeerFault, Seat, UsageFault
from ceremony.base.limits import MAX_PARTIES
from ceremony.codec.digest import tagged_hash

_TRANSMITTED = "the host keys are listed as their owners announced them"


def bip_hash(purpose: str, data: bytes) -> bytes:
    """The tagged hash of ChillDKG: BIP 340's, with the tag ``BIP DKG/<purpose>``; 32 bytes."""
    return tagged_hash("BIP DKG/" + purpose, data)


def seat_bytes(seat: int) -> bytes:
    """A participant id as ChillDKG encodes it: 4 bytes, big-endian, counted from 0."""
    return seat.to_bytes(4, "big")


@dataclass(frozen=True)
class SessionParams:
    """The ordered host public keys (33 bytes each, compressed) and t, the number of signers needed.

    A value of this type has been checked: 1 <= t <= n <= 128, every key is a point, no key occurs twice. (ChillDKG
    permits t = 1 and n below 2^32; a charter asks for t >= 2, and research on large groups limits n.)

    Raises UsageFault ``KEYGEN-THRESHOLD``; PeerFault ``KEYGEN-HOSTKEY`` or ``KEYGEN-HOSTKEY-TWICE`` naming the seats.
    """

    hostpubkeys: tuple[bytes, ...]
    t: int
    hostpoints: tuple[Point, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "hostpubkeys", tuple(map(bytes, self.hostpubkeys)))
        if not 1 <= self.t <= self.n <= MAX_PARTIES:
            raise UsageFault("KEYGEN-THRESHOLD",
                             f"{self.t} of {self.n} signers is outside 1 <= t <= n <= {MAX_PARTIES}")
        object.__setattr__(self, "hostpoints", tuple(map(self._parse, range(self.n))))
        first: dict[bytes, int] = {}
        for seat, key in enumerate(self.hostpubkeys):
            if first.setdefault(key, seat) != seat:
                raise PeerFault("KEYGEN-HOSTKEY-TWICE", f"seats {first[key]} and {seat} have the same host key",
                                culprits=(Seat(first[key]), Seat(seat)), assumes=_TRANSMITTED)

    def _parse(self, seat: int) -> Point:
        try:
            return Point.from_compressed(self.hostpubkeys[seat])
        except MalformedElement as bad:
            raise PeerFault("KEYGEN-HOSTKEY", f"the host key of seat {seat} is no compressed point",
                            culprits=(Seat(seat),), assumes=_TRANSMITTED) from bad

    @property
    def n(self) -> int:
        """How many participants there are."""
        return len(self.hostpubkeys)

    @property
    def seats(self) -> range:
        return range(self.n)

    def to_bytes(self) -> bytes:
        """t (4 bytes, big-endian) and the host keys: what ChillDKG hashes as parameters and as encryption context."""
        return self.t.to_bytes(4, "big") + b"".join(self.hostpubkeys)

    def hash(self) -> bytes:
        """The params hash (32 bytes): equal on all screens exactly when all agree on t, the keys and their order."""
        return bip_hash("params_hash", self.to_bytes())
