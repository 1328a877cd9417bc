"""What a ChillDKG session ends with: the agreed ``eq_input``, the public result it fixes, and the recovery data.

All of it is public to the group and private from the world: the recovery data shows who the holders are and links
their addresses.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from ceremony.algebra.polynomial import evaluate_points
from ceremony.algebra.secp256k1 import G, MalformedElement, Point, mul_public, scalar_from_bytes
from ceremony.base.errors import Fault, Malformed, Unattributed
from ceremony.base.limits import MAX_PARTIES
from ceremony.codec.digest import tagged_hash
from ceremony.protocols.keygen.messages import SIGNATURE_BYTES, Reader, points_bytes, scalars_bytes
from ceremony.protocols.keygen.params import SessionParams

_EQ_INPUT_PER_SEAT = 33 + 33 + 32


class MalformedTranscript(Malformed):
    """Bytes that are no ``eq_input`` or no recovery data of ChillDKG."""


def _count_seats(encoded: bytes, per_seat: int) -> tuple[int, int]:
    """t and n, where t is written in front and n follows from the length."""
    t = int.from_bytes(encoded[:4], "big")
    n, remainder = divmod(len(encoded) - 4 - 33 * t, per_seat)
    if remainder or not 1 <= t <= n <= MAX_PARTIES:
        raise MalformedTranscript("KEYGEN-RECOVERY", f"{len(encoded)} bytes are not of the right length for t = {t}")
    return t, n


@dataclass(frozen=True)
class EqInput:
    """What every participant signs at the end: 4 + 33t + 98n bytes, equal for all.

    commitments: the summed commitments of all polynomials, before the Taproot tweak. ephemerals: 33 bytes of each
    seat. ciphertexts: for each seat the sum of what was encrypted to it.
    """

    params: SessionParams
    commitments: tuple[Point, ...]
    ephemerals: tuple[bytes, ...]
    ciphertexts: tuple[int, ...]

    @classmethod
    def from_bytes(cls, encoded: bytes) -> Self:
        """Raises MalformedTranscript and nothing else."""
        t, n = _count_seats(encoded, _EQ_INPUT_PER_SEAT)
        reader = Reader(encoded[4:])
        try:
            commitments = reader.points(t, "KEYGEN-COMMITMENTS")
            params = SessionParams(tuple(reader.take(33, n)), t)
            ephemerals = tuple(reader.take(33, n))
            return cls(params, commitments, ephemerals, reader.scalars(n, "KEYGEN-CIPHERTEXTS"))
        except Fault as bad:
            raise MalformedTranscript("KEYGEN-RECOVERY", f"inside the agreed data: {bad}") from bad

    def to_bytes(self) -> bytes:
        """t (4 bytes), commitments, host keys, ephemeral points, ciphertexts."""
        return (self.params.t.to_bytes(4, "big") + points_bytes(self.commitments)
                + b"".join(self.params.hostpubkeys + self.ephemerals) + scalars_bytes(self.ciphertexts))

    def chain_code(self) -> bytes:
        """The BIP-32 chain code of the group key, 32 bytes: fixed by what all have signed, chosen by nobody."""
        return tagged_hash("ceremony/chaincode-v1", self.to_bytes())


@dataclass(frozen=True)
class RecoveryData:
    """``eq_input`` and the signatures of all n over it: 4 + 33t + 162n bytes. With a host key it gives the share."""

    eq_input: EqInput
    certificate: bytes

    @classmethod
    def from_bytes(cls, encoded: bytes) -> Self:
        """Parses; does not check the certificate. Raises MalformedTranscript and nothing else."""
        _, n = _count_seats(encoded, _EQ_INPUT_PER_SEAT + SIGNATURE_BYTES)
        cut = len(encoded) - SIGNATURE_BYTES * n
        return cls(EqInput.from_bytes(encoded[:cut]), encoded[cut:])

    def to_bytes(self) -> bytes:
        return self.eq_input.to_bytes() + self.certificate


@dataclass(frozen=True)
class PublicOutput:
    """The public result of a session.

    threshold_pubkey: the group key as a full point, Taproot tweak included; BIP 445 wants exactly this point.
    pubshares: the public share of each seat. tweak: the scalar that was added to the secret and so to every share.
    """

    params: SessionParams
    threshold_pubkey: Point
    pubshares: tuple[Point, ...]
    tweak: int


def public_output(eq_input: EqInput) -> PublicOutput:
    """The group key and all public shares that ``eq_input`` fixes.

    The key carries an unspendable script path: the TapTweak hash of its x coordinate alone (BIP 341 recommends it for
    keys without scripts) is added to the point as it is, so that no dealer could have hidden a script path in his
    commitment. Raises Unattributed ``KEYGEN-RESULT`` when a point of the result is infinity, which honest dealing
    makes impossible.
    """
    constant, *others = eq_input.commitments
    if constant.is_infinity:
        raise Unattributed("KEYGEN-RESULT", "the summed commitment to the secret is infinity")
    try:
        tweak = scalar_from_bytes(tagged_hash("TapTweak", constant.xonly()))
    except MalformedElement as unlucky:  # probability 2^-128
        raise Unattributed("KEYGEN-RESULT", "the Taproot tweak is no scalar") from unlucky
    key = constant + mul_public(tweak, G)
    pubshares = tuple(evaluate_points((key, *others), seat + 1) for seat in eq_input.params.seats)
    if key.is_infinity or any(share.is_infinity for share in pubshares):
        raise Unattributed("KEYGEN-RESULT", "the group key or a public share is infinity")
    return PublicOutput(eq_input.params, key, pubshares, tweak)
