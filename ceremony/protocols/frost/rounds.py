"""What only a signer can do: make a nonce, and with it one partial signature (BIP 445, draft 0.12.1; see ``spec.md``).

Randomness is an argument; nothing is stored here. That a secret nonce serves once in its life is a rule of the station:
its store erases the nonce in the transaction that records the partial signature. A ``SecNonce`` value adds a lock
against mistakes within one process. Letters are those of the draft: k1, k2 the secret nonce, d the secret share.
"""

from __future__ import annotations

from typing import Mapping, NoReturn

from ceremony.algebra.secp256k1 import MalformedElement, N, mul_secret_base, scalar_from_bytes, scalar_to_bytes
from ceremony.base.errors import LocalFault, PeerFault, Seat, Unattributed
from ceremony.base.secret import Secret
from ceremony.codec.digest import tagged_hash
from ceremony.protocols.frost.checks import (
    SessionContext, check_aggregate, check_partial, hash_to_scalar, session_values)
from ceremony.protocols.frost.keys import lagrange
from ceremony.protocols.frost.messages import Nonce


class SecNonce:
    """A secret nonce, good for one call of ``sign``, which empties it first of all. Its place is the vault alone."""

    __slots__ = ("_halves",)
    _halves: tuple[Secret[int], Secret[int]] | None

    def __init__(self, encoded: Secret[bytes]):
        """From the 64 bytes that ``to_vault`` gave. Raises LocalFault SIGN-OWN-NONCE when they are no secret nonce."""
        halves = encoded.reveal()[:32], encoded.reveal()[32:]
        try:
            k1, k2 = (Secret(scalar_from_bytes(half, nonzero=True)) for half in halves)
        except MalformedElement:
            raise LocalFault("SIGN-OWN-NONCE", "the stored bytes are no secret nonce") from None
        self._halves = k1, k2

    def to_vault(self) -> Secret[bytes]:
        """64 bytes. **Warning**: a copy outside the vault, or a backup of it, can give the secret share away."""
        return Secret(b"".join(scalar_to_bytes(half.reveal()) for half in self._unused()))

    def take(self) -> tuple[Secret[int], Secret[int]]:
        """k1 and k2, once; every later call raises LocalFault SIGN-OWN-NONCE."""
        halves, self._halves = self._unused(), None
        return halves

    def _unused(self) -> tuple[Secret[int], Secret[int]]:
        if self._halves is None:
            raise LocalFault("SIGN-OWN-NONCE", "this secret nonce was used before")
        return self._halves

    def __repr__(self) -> str:
        return "SecNonce(…)"

    def _refuse(self, *_: object) -> NoReturn:
        raise TypeError("a SecNonce cannot be copied or pickled")

    __copy__ = __deepcopy__ = __reduce__ = __reduce_ex__ = __getstate__ = _refuse  # type: ignore[assignment]


def nonce_gen(random32: Secret[bytes], secshare: Secret[bytes] | None = None, pubshare: bytes | None = None,
              group_xonly: bytes | None = None, msg: bytes | None = None, extra: bytes | None = None, *,
              seat: Seat | None = None) -> tuple[SecNonce, bytes]:
    """A fresh secret nonce and its public nonce, 66 bytes (NonceGen).

    **Warning**: the secret nonce goes into the vault before the public nonce leaves the machine.
    random32: 32 bytes, fresh and secret; LocalFault SIGN-RANDOMNESS for another length or all zero. All else is
    optional, a second line of defence should the randomness repeat: secshare (32 bytes, secret), pubshare (33),
    group_xonly (32, tweaked if known), msg (any length), extra (below 2^32 bytes, such as ceremony id and input
    number), seat.
    """
    rand = random32.reveal()
    if len(rand) != 32 or rand == bytes(32):
        raise LocalFault("SIGN-RANDOMNESS", "the source of randomness did not give 32 random bytes")
    if secshare is not None:
        rand = bytes(a ^ b for a, b in zip(secshare.reveal(), tagged_hash("BIP0445/aux", rand), strict=True))
    fields = (
        _prefixed(1, b"" if seat is None else seat.to_bytes(4, "big")) + _prefixed(1, pubshare or b"")
        + _prefixed(1, group_xonly or b"") + (b"\x00" if msg is None else b"\x01" + _prefixed(8, msg))
        + _prefixed(4, extra or b""))
    k1, k2 = (Secret(hash_to_scalar("BIP0445/nonce", rand + fields + half)) for half in (b"\x00", b"\x01"))
    pubnonce = Nonce(mul_secret_base(k1), mul_secret_base(k2)).encode()
    return SecNonce(Secret(scalar_to_bytes(k1.reveal()) + scalar_to_bytes(k2.reveal()))), pubnonce


def _prefixed(width: int, field: bytes) -> bytes:
    """A field behind its length in ``width`` bytes."""
    return len(field).to_bytes(width, "big") + field


def sign(secnonce: SecNonce, secshare: Secret[bytes], context: SessionContext, seat: Seat,
         pubnonces: Mapping[Seat, bytes]) -> bytes:
    """This seat's partial signature, 32 bytes (Sign); verified before it is returned.

    **Warning**: two partial signatures made with one secret nonce give the share away. ``secnonce`` is emptied before
    anything else, whatever comes of this call; the stored copy is the caller's to erase, in the transaction that
    records the result. secshare: 32 bytes, secret. pubnonces: 66 bytes of every signing seat, this one included: they
    are summed here again, the context's sum is not believed. Raises what ``session_values`` and ``check_aggregate``
    raise; LocalFault SIGN-OWN-SHARE, SIGN-OWN-NONCE, SIGN-OWN-PARTIAL.
    """
    k1, k2 = secnonce.take()
    values = session_values(context)
    check_aggregate(context, pubnonces)
    d = _own_share(secshare, context, seat)
    if Nonce(mul_secret_base(k1), mul_secret_base(k2)).encode() != pubnonces[seat]:
        raise LocalFault("SIGN-OWN-NONCE", "the public nonce listed for this seat is not that of the secret nonce")
    weight = values.e * lagrange(context.seats, seat) * values.g * values.gacc % N
    s = (values.h * (k1.reveal() + values.b * k2.reveal()) + weight * d.reveal()) % N
    psig = scalar_to_bytes(s)
    _check_own_partial(context, seat, pubnonces[seat], psig)
    return psig


def _own_share(secshare: Secret[bytes], context: SessionContext, seat: Seat) -> Secret[int]:
    """The share as a scalar, if it is that of a signing seat: a wrong vault, epoch or seat is noticed here."""
    try:
        d = Secret(scalar_from_bytes(secshare.reveal(), nonzero=True))
        if mul_secret_base(d) == context.pubshare(seat):
            return d
    except (MalformedElement, Unattributed):
        pass
    raise LocalFault("SIGN-OWN-SHARE", f"the secret share is not that of signing seat {seat}")


def _check_own_partial(context: SessionContext, seat: Seat, pubnonce: bytes, psig: bytes) -> None:
    """A wrong result, from broken hardware or a provoked error, could leak the share, so it never leaves."""
    try:
        check_partial(context, seat, pubnonce, psig)
    except PeerFault:
        raise LocalFault("SIGN-OWN-PARTIAL", "the own partial signature does not verify; it is not given out") from None
