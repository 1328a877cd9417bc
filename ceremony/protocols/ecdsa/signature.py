"""The last round, for everybody: what a partial signature must fit, and the signature that all of them make.

The recovery id follows from the nonce that the signers made together; it is never found by trying.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Mapping

from ceremony.algebra.secp256k1 import G, N, Point, linear_combination, mul_public, scalar_to_bytes
from ceremony.base.errors import PeerFault, Seat, Unattributed
from ceremony.protocols.ecdsa.checks import (
    Heard, Messages, blame, check_sums, hear_round1, hear_round2, hear_round3, nonce_point, nonce_r, require_all)
from ceremony.protocols.ecdsa.context import SigningContext
from ceremony.protocols.ecdsa.messages import Round2, Round3, partial_from_bytes


@dataclass(frozen=True)
class PublicPresignature:
    """What all know of a presignature: Gamma, r, delta^-1, and for each signer Delta~ and S~."""

    Gamma: Point
    r: int
    delta_inverse: int
    Delta: Mapping[Seat, Point]
    S: Mapping[Seat, Point]


@dataclass(frozen=True)
class Signature:
    """r and s in 1..N-1, s in the lower half; recovery_id in 0..3 (SEC 1, section 4.1.6; bit 0: odd y, bit 1: r was
    reduced).
    """

    r: int
    s: int
    recovery_id: int

    def to_bytes(self) -> bytes:
        """r and s, 64 bytes."""
        return scalar_to_bytes(self.r) + scalar_to_bytes(self.s)


def public_presignature(context: SigningContext, heard2: Heard[Round2], heard3: Heard[Round3]) -> PublicPresignature:
    """Raises as ``check_sums`` does."""
    Gamma, inverse = nonce_point(heard2), pow(check_sums(context, heard2, heard3), -1, N)
    return PublicPresignature(
        Gamma, nonce_r(Gamma), inverse,
        {seat: mul_public(inverse, message.Delta) for seat, message in heard3.by.items()},
        {seat: mul_public(inverse, message.S) for seat, message in heard3.by.items()})


def check_partial(context: SigningContext, public: PublicPresignature, seat: Seat, partial: bytes) -> int:
    """sigma of one signer: sigma*Gamma = m*Delta~ + r*S~. Raises PeerFault ``ECDSA-LENGTH``, ``ECDSA-SCALAR`` or
    ``ECDSA-PARTIAL``.
    """
    sigma = blame(seat, None, lambda: partial_from_bytes(partial))
    due = linear_combination((context.message, public.r), (public.Delta[seat], public.S[seat]))
    if mul_public(sigma, public.Gamma) != due:
        raise PeerFault("ECDSA-PARTIAL", f"the partial signature of seat {seat} does not fit its presignature",
                        culprits=(seat,))
    return sigma


def combine(context: SigningContext, public: PublicPresignature, partials: Messages) -> Signature:
    """The signature out of one checked partial signature (32 bytes) of each signer; verified before it is returned.

    Raises as ``check_partial`` does; Unattributed ``ECDSA-SIGNATURE``.
    """
    require_all(context, partials)
    s = sum(check_partial(context, public, seat, partials[seat]) for seat in context.seats) % N
    x, odd = int.from_bytes(public.Gamma.xonly(), "big"), not public.Gamma.has_even_y()
    high = s > N // 2
    # -s belongs to the nonce -Gamma, whose y has the other parity.
    signature = Signature(public.r, N - s if high else s, 2 * (x >= N) + (odd != high))
    check_signature(context, signature)
    return signature


def check_signature(context: SigningContext, signature: Signature) -> None:
    """ECDSA verification of the digest under the tweaked key (SEC 1, section 4.1.4), low s, and the recovery id.

    Raises Unattributed ``ECDSA-SIGNATURE``.
    """
    r, s = signature.r, signature.s
    valid = 0 < r < N and 0 < s <= N // 2
    if valid:
        inverse = pow(s, -1, N)
        R = linear_combination((context.message * inverse, r * inverse), (G, context.public_key))
        valid = not R.is_infinity
    if valid:
        x = int.from_bytes(R.xonly(), "big")
        valid = x % N == r and signature.recovery_id == 2 * (x >= N) + (not R.has_even_y())
    if not valid:
        raise Unattributed("ECDSA-SIGNATURE", "the signature does not verify under the tweaked group key")


def check_session(context: SigningContext, round1: Messages, round2: Messages, round3: Messages,
                  partials: Messages) -> Signature:
    """The auditor's call: every public check of a whole signing. Raises as the functions above do."""
    heard1 = hear_round1(context, round1)
    heard2 = hear_round2(context, heard1, round2)
    heard3 = hear_round3(context, heard1, heard2, round3)
    return combine(context, public_presignature(context, heard2, heard3), partials)
