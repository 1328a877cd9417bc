"""Proofs as bytes: fields of fixed sizes one after the other, read strictly, and the one fault of all verifiers.

Whatever bytes a stranger sends, a verifier accepts them or raises InvalidProof. The caller knows whose proof it is.
"""

from __future__ import annotations

from gmpy2 import mpz

from ceremony.algebra.numbers import MalformedNumber, signed_from, signed_size, unit_from, unsigned_from
from ceremony.algebra.paillier import PaillierPublic
from ceremony.algebra.ring_pedersen import RingPedersen
from ceremony.algebra.secp256k1 import N, Point
from ceremony.base.errors import Unattributed
from ceremony.proofs.profiles import Profile


class InvalidProof(Unattributed):
    """The proof does not show what it should. Whoever called knows whose proof it is, and names him."""


class Reader:
    """The fields of one proof, taken from the front. proof: as the faults call it, such as ``Pi-fac``."""

    def __init__(self, proof: str, encoded: bytes, size: int):
        if len(encoded) != size:
            raise InvalidProof("PROOF-LENGTH", f"{proof} has {len(encoded)} bytes instead of {size}")
        self._proof, self._rest = proof, memoryview(encoded)

    def take(self, size: int) -> bytes:
        taken, self._rest = bytes(self._rest[:size]), self._rest[size:]
        return taken

    def scalar(self, field: str) -> int:
        """A number below the group's order, 32 bytes."""
        return int(self.below(field, 32, N))

    def below(self, field: str, size: int, bound: int) -> mpz:
        """A number in 0..bound-1."""
        try:
            return unsigned_from(self.take(size), size, bound)
        except MalformedNumber:
            raise InvalidProof("PROOF-RANGE", f"{self._proof}: {field} is out of range") from None

    def signed(self, field: str, bits: int) -> mpz:
        """A number in [-2^bits, 2^bits)."""
        try:
            return signed_from(self.take(signed_size(bits)), bits)
        except MalformedNumber:
            raise InvalidProof("PROOF-RANGE", f"{self._proof}: {field} is out of range") from None

    def unit(self, field: str, size: int, modulus: int) -> mpz:
        """A unit modulo ``modulus``."""
        try:
            return unit_from(self.take(size), size, modulus)
        except MalformedNumber as bad:
            if bad.check == "NUMBER-UNIT":
                raise InvalidProof("PROOF-UNIT", f"{self._proof}: {field} is no unit of its modulus") from None
            raise InvalidProof("PROOF-RANGE", f"{self._proof}: {field} is out of range") from None

    def bits(self, count: int) -> list[int]:
        """``count`` bits, the first highest; a multiple of 8."""
        return [byte >> (7 - place) & 1 for byte in self.take(count // 8) for place in range(8)]


def require_finite(proof: str, *points: Point) -> None:
    """The point at infinity is nobody's commitment: InvalidProof."""
    if any(point.is_infinity for point in points):
        raise InvalidProof("PROOF-STATEMENT", f"{proof}: a point of the statement is the point at infinity")


def require_sizes(proof: str, profile: Profile, *keys: PaillierPublic | RingPedersen) -> None:
    """Every modulus of the statement has exactly the size of the profile: InvalidProof."""
    if any(key.bits != profile.modulus_bits for key in keys):
        raise InvalidProof("PROOF-STATEMENT", f"{proof}: a modulus is not of {profile.modulus_bits} bits")


def require_equal(proof: str, received: object, recomputed: object) -> None:
    """The last line of every verifier: the challenge must follow from statement and responses."""
    if received != recomputed:
        raise InvalidProof("PROOF-CHALLENGE", f"{proof}: the challenge does not follow from statement and responses")
