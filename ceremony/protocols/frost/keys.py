"""The group key of a signing: which seats may sign for it, with what weight, and what the tweaks make of it.

BIP 445, draft 0.12.1: ValidateSessionParams, DeriveInterpolatingValue, ApplyTweak. All of it is public data. What
is wrong here is Unattributed: shares and key come from the own epoch's record, tweaks from the own derivation.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Iterable, NamedTuple, Sequence

from ceremony.algebra.polynomial import interpolate_points, lagrange_coefficient
from ceremony.algebra.secp256k1 import G, N, MalformedElement, Point, mul_public, scalar_from_bytes
from ceremony.base.errors import Seat, Unattributed
from ceremony.base.limits import MAX_PARTIES

Tweak = tuple[bytes, bool]
"""32 bytes, a scalar; and whether it is x-only (BIP 341) or plain (BIP 32)."""


class TweakedKey(NamedTuple):
    """The key after its tweaks: Q = gacc * group key + tacc * G, where gacc is 1 or N-1."""

    Q: Point
    gacc: int
    tacc: int


def check_signer_set(t: int, n: int, seats: Sequence[Seat], pubshares: Sequence[bytes], group_key: bytes) -> Point:
    """The untweaked group key as a point, if these seats, at least t of n, may sign for it.

    seats: ascending. pubshares: 33 bytes each, in the order of seats. group_key: 33 bytes. Raises Unattributed:
    SIGN-SEATS for the numbers, SIGN-PUBSHARE when a share or the key is no point or the shares do not interpolate to
    the key.
    """
    if not 1 <= t <= n <= MAX_PARTIES or not t <= len(seats) <= n or len(seats) != len(pubshares):
        raise Unattributed("SIGN-SEATS", f"{len(seats)} signers with {len(pubshares)} shares cannot sign {t} of {n}")
    if any(not 0 <= seat < n for seat in seats) or any(a >= b for a, b in zip(seats, seats[1:])):
        raise Unattributed("SIGN-SEATS", "the signing seats are not distinct, ascending and below n")
    return _group_point(tuple(seats), tuple(pubshares), group_key)


@lru_cache(maxsize=16)  # the inputs of one transaction share one signer set
def _group_point(seats: tuple[Seat, ...], pubshares: tuple[bytes, ...], group_key: bytes) -> Point:
    try:
        group = Point.from_compressed(group_key)
        shares = {seat + 1: Point.from_compressed(share) for seat, share in zip(seats, pubshares)}
    except MalformedElement:
        raise Unattributed("SIGN-PUBSHARE", "a public share or the group key is no point of the curve") from None
    if interpolate_points(shares) != group:
        raise Unattributed("SIGN-PUBSHARE", "the public shares of the signing seats do not add up to the group key")
    return group


def lagrange(seats: Sequence[Seat], seat: Seat) -> int:
    """The weight of a seat's share in the group's secret, for exactly these signing seats; seat i stands at i + 1."""
    return lagrange_coefficient([other + 1 for other in seats], seat + 1)


def tweak_key(group: Point, tweaks: Iterable[Tweak]) -> TweakedKey:
    """Applies the tweaks in order. Raises Unattributed SIGN-TWEAK: no scalar, no mode, or the key becomes infinity."""
    Q, gacc, tacc = group, 1, 0
    for tweak in tweaks:
        t, is_xonly = _decode(tweak)
        g = N - 1 if is_xonly and not Q.has_even_y() else 1
        Q = (Q if g == 1 else -Q) + mul_public(t, G)
        if Q.is_infinity:
            raise Unattributed("SIGN-TWEAK", "a tweak cancels the group key")
        gacc, tacc = g * gacc % N, (t + g * tacc) % N
    return TweakedKey(Q, gacc, tacc)


def _decode(tweak: Tweak) -> tuple[int, bool]:
    match tweak:
        case (bytes() as encoded, bool() as is_xonly):
            try:
                return scalar_from_bytes(encoded), is_xonly
            except MalformedElement:
                pass
    raise Unattributed("SIGN-TWEAK", "a tweak is not 32 bytes below the group order with a mode")
