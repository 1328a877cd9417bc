"""Everything that one signing was agreed on before its first message; its hash is in every proof.

Message, path and signers stand here, so none of them can be chosen once a nonce exists: that would cost security
(Groth and Shoup, eprint 2021/1330; CVE-2025-66017).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from ceremony.algebra.paillier import PaillierPrivate, PaillierPublic
from ceremony.algebra.polynomial import interpolate_points, lagrange_coefficient
from ceremony.algebra.ring_pedersen import RingPedersen, RingPedersenOwner
from ceremony.algebra.secp256k1 import G, N, Point, mul_public, mul_secret_base, scalar_to_bytes
from ceremony.base.errors import LocalFault, Seat, Unattributed
from ceremony.base.limits import MAX_ECDSA_PARTIES, MIN_THRESHOLD
from ceremony.base.secret import Secret
from ceremony.codec.digest import digest
from ceremony.proofs.challenge import SESSION_BYTES, Context
from ceremony.proofs.profiles import Profile


@dataclass(frozen=True)
class SeatKeys:
    """What all know of one seat since key generation: X_j, N_j, and N^_j, s_j, t_j."""

    pubshare: Point
    paillier: PaillierPublic
    setup: RingPedersen


@dataclass(frozen=True)
class SigningContext:
    """One signing by exactly t of n seats. Raises Unattributed: ECDSA-SEATS, ECDSA-PUBSHARE, ECDSA-TWEAK, ECDSA-DIGEST.

    session: 32 bytes, the id of the opening entry. seats: ascending; keys in their order. group_key: before the tweak.
    tweak: the sum of the unhardened BIP-32 tweaks of the path, a scalar. digest: 32 bytes that this station computed
    itself from a request it understood (**Warning**: never bytes that somebody else calls a digest).
    """

    profile: Profile
    session: bytes
    t: int
    n: int
    seats: tuple[Seat, ...]
    keys: tuple[SeatKeys, ...]
    group_key: Point
    tweak: int
    digest: bytes

    def __post_init__(self) -> None:
        signers = len(self.seats)
        if not MIN_THRESHOLD <= self.t <= self.n <= MAX_ECDSA_PARTIES or not self.t == signers == len(self.keys):
            raise Unattributed("ECDSA-SEATS", f"{signers} signers cannot sign {self.t} of {self.n}")
        if any(a >= b for a, b in zip((-1, *self.seats), (*self.seats, self.n))):
            raise Unattributed("ECDSA-SEATS", "the signing seats are not distinct, ascending and below n")
        if len(self.digest) != 32 or len(self.session) != SESSION_BYTES:
            raise Unattributed("ECDSA-DIGEST", "digest and session are 32 bytes each")
        shares = {seat + 1: keys.pubshare for seat, keys in zip(self.seats, self.keys)}
        if interpolate_points(shares) != self.group_key or self.group_key.is_infinity:
            raise Unattributed("ECDSA-PUBSHARE", "the public shares of the signing seats do not give the group key")
        if (not 0 <= self.tweak < N or self.public_key.is_infinity
                or any(self.additive_point(seat).is_infinity for seat in self.seats)):
            raise Unattributed("ECDSA-TWEAK", "the tweak is no scalar, or cancels the key or a signer's part of it")

    @cached_property
    def public_key(self) -> Point:
        """The key that the signature will verify under: group key + tweak*G."""
        return self.group_key + mul_public(self.tweak, G)

    @cached_property
    def ssid(self) -> bytes:
        """32 bytes: the name of this signing, in every proof and state."""
        numbers = (number.to_bytes(4, "big") for number in (self.t, self.n, *self.seats))
        keys = (part for each in self.keys
                for part in (each.pubshare.compressed(), each.paillier.encode(), each.setup.encode()))
        return digest("ceremony/ecdsa-session-v1", self.profile.id.encode("ascii"), self.session, *numbers, *keys,
                      self.group_key.compressed(), scalar_to_bytes(self.tweak), self.digest)

    @property
    def message(self) -> int:
        """The digest as a scalar (SEC 1, section 4.1.3)."""
        return int.from_bytes(self.digest, "big") % N

    def others(self, seat: Seat) -> tuple[Seat, ...]:
        """All signers but one, ascending: the order in which a message holds its parts for the others."""
        return tuple(other for other in self.seats if other != seat)

    def of(self, seat: Seat) -> SeatKeys:
        return self.keys[self.seats.index(seat)]

    def weight(self, seat: Seat) -> int:
        """The Lagrange coefficient of a seat among exactly these signers."""
        return lagrange_coefficient([other + 1 for other in self.seats], seat + 1)

    def _tweak_of(self, seat: Seat) -> int:
        """The first signer carries the whole tweak, so that the additive shares add up to the tweaked key."""
        return self.tweak if seat == self.seats[0] else 0

    def additive_point(self, seat: Seat) -> Point:
        """W_j = w_j*G, the public point of what signer j holds of the tweaked key in this signing."""
        return mul_public(self.weight(seat), self.of(seat).pubshare) + mul_public(self._tweak_of(seat), G)

    def additive_share(self, seat: Seat, share: Secret[int]) -> Secret[int]:
        """w_j, from the share of the epoch."""
        return Secret((self.weight(seat) * share.reveal() + self._tweak_of(seat)) % N)

    def proof(self, prover: Seat, recipient: Seat | None = None, joint: bytes | None = None) -> Context:
        """To what a proof is bound; joint: the hash of the rounds before, where there are any."""
        return Context(self.profile, joint or self.ssid, prover, recipient)


@dataclass(frozen=True)
class SignerKeys:
    """The secrets of one signer: its share of the epoch, and its own keys with their primes."""

    seat: Seat
    share: Secret[int]
    paillier: PaillierPrivate
    setup: RingPedersenOwner

    def check(self, context: SigningContext) -> None:
        """Raises LocalFault ``ECDSA-OWN-KEYS`` unless these are the secrets of a signing seat of this context."""
        if self.seat in context.seats and 0 < self.share.reveal() < N:
            public = context.of(self.seat)
            if (mul_secret_base(self.share), self.paillier.n, self.setup.public()) == (
                    public.pubshare, public.paillier.n, public.setup):
                return
        raise LocalFault("ECDSA-OWN-KEYS", f"the secrets are not those of signing seat {self.seat}")
