"""One dealt sub-share: its box made, opened, and held against the dealer's commitments."""

from __future__ import annotations

from ceremony.algebra.polynomial import evaluate_points
from ceremony.algebra.secp256k1 import Point, ecdh, mul_secret_base
from ceremony.base.errors import LocalFault, Seat
from ceremony.base.secret import Secret
from ceremony.protocols.auxinfo import sealing
from ceremony.protocols.auxinfo.messages import Proofs, Reveal
from ceremony.protocols.auxinfo.params import SessionParams


def fitting_share(key: Secret[bytes], box: bytes, revealed: Reveal, recipient: Seat) -> Secret[int] | None:
    """What the box holds, or None when that is no scalar or not the share that the commitments ask for."""
    try:
        share = sealing.unseal_share(key, box)
    except sealing.WrongBox:
        return None
    return share if mul_secret_base(share) == evaluate_points(revealed.commitments, recipient + 1) else None


def received_share(params: SessionParams, recipient_key: Secret[int], seat: Seat, dealer: Seat, revealed: Reveal,
                   message: Proofs) -> Secret[int] | None:
    """The sub-share that a checked message holds for this seat; None when it does not fit the dealer's commitments.

    Raises LocalFault ``AUXINFO-RECIPIENT-KEY`` when the key is not that of the seat.
    """
    if mul_secret_base(recipient_key) != params.recipients[seat]:
        raise LocalFault("AUXINFO-RECIPIENT-KEY", f"the key is not the one that seat {seat} announced")
    key = sealing.box_key(ecdh(recipient_key, message.ephemeral), params, dealer, seat, message.ephemeral)
    return fitting_share(key, box_for(params, dealer, seat, message), revealed, seat)


def box_for(params: SessionParams, dealer: Seat, recipient: Seat, message: Proofs) -> bytes:
    return message.boxes[params.others(dealer).index(recipient)]


def make_box(params: SessionParams, dealer: Seat, recipient: Seat, ephemeral: Secret[int], share: Secret[int]) -> bytes:
    """The share, encrypted to the recipient's key of this attempt; 48 bytes."""
    shared = ecdh(ephemeral, params.recipients[recipient])
    point: Point = mul_secret_base(ephemeral)
    return sealing.seal_share(sealing.box_key(shared, params, dealer, recipient, point), share)
