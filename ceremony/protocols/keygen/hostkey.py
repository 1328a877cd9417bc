"""The host key of a participant: 32 secret bytes that sign for it and decrypt its share, for one attempt and epoch."""

from __future__ import annotations

from ceremony.algebra.secp256k1 import MalformedElement, mul_secret_base, scalar_from_bytes
from ceremony.base.errors import LocalFault, Seat
from ceremony.base.secret import Secret
from ceremony.protocols.keygen.params import SessionParams


def host_scalar(hostseckey: Secret[bytes]) -> Secret[int]:
    """The host secret key as a scalar. Raises LocalFault ``KEYGEN-HOSTSECKEY`` unless 32 bytes in 1..N-1."""
    try:
        return Secret(scalar_from_bytes(hostseckey.reveal(), nonzero=True))
    except MalformedElement:
        raise LocalFault("KEYGEN-HOSTSECKEY", "the host secret key is not 32 bytes in the permitted range") from None


def hostpubkey(hostseckey: Secret[bytes]) -> bytes:
    """The host public key, 33 bytes compressed (IndividualPubkey of BIP 327). Raises as ``host_scalar`` does."""
    return mul_secret_base(host_scalar(hostseckey)).compressed()


def seat_of(hostseckey: Secret[bytes], params: SessionParams) -> Seat:
    """The seat of this host key. Raises LocalFault ``KEYGEN-HOSTSECKEY`` when it has none."""
    key = hostpubkey(hostseckey)
    if key not in params.hostpubkeys:
        raise LocalFault("KEYGEN-HOSTSECKEY", "the host secret key belongs to none of the seats")
    return Seat(params.hostpubkeys.index(key))
