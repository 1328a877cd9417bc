"""The encryption of sub-shares: anybody who holds the Diffie-Hellman point can decrypt, which is what settles disputes.

Key = HKDF-SHA256 of the SHA-256 of the shared point, with the session as salt and dealer, recipient, ephemeral point
and recipient's key as info; cipher ChaCha20-Poly1305 (RFC 8439) with a nonce of zeros, since no key encrypts twice.
The dealer signs ephemeral point and boxes with the ephemeral secret itself, under its seat and session: so nobody can
copy another's point, and make a recipient open the point that protects that other dealer's share.
"""

from __future__ import annotations

from typing import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ceremony.algebra.secp256k1 import MalformedElement, Point, scalar_from_bytes, scalar_to_bytes
from ceremony.base.errors import Malformed, Seat
from ceremony.base.secret import Secret
from ceremony.codec.digest import digest
from ceremony.protocols.auxinfo.params import SessionParams, seat_bytes

POSSESSION_TAG = "ceremony/auxinfo-possession"
_NONCE = bytes(12)


class WrongBox(Malformed):
    """A box that does not decrypt to a scalar under its key."""


def box_key(shared: Secret[bytes], params: SessionParams, dealer: Seat, recipient: Seat,
            ephemeral: Point) -> Secret[bytes]:
    """The 32-byte key of one box. shared: SHA-256 of the compressed Diffie-Hellman point (``secp256k1.ecdh``)."""
    info = digest("ceremony/auxinfo-box-v1", seat_bytes(dealer), seat_bytes(recipient), ephemeral.compressed(),
                  params.recipients[recipient].compressed())
    return Secret(HKDF(SHA256(), 32, salt=params.sid, info=info).derive(shared.reveal()))


def seal_share(key: Secret[bytes], share: Secret[int]) -> bytes:
    """48 bytes. **Warning**: a key encrypts one share, never a second."""
    return ChaCha20Poly1305(key.reveal()).encrypt(_NONCE, scalar_to_bytes(share.reveal()), None)


def unseal_share(key: Secret[bytes], box: bytes) -> Secret[int]:
    """The sub-share in a box of 48 bytes. Raises WrongBox."""
    try:
        return Secret(scalar_from_bytes(ChaCha20Poly1305(key.reveal()).decrypt(_NONCE, box, None)))
    except (InvalidTag, MalformedElement):
        raise WrongBox("AUXINFO-BOX", "the box does not decrypt to a scalar") from None


def possession_message(params: SessionParams, dealer: Seat, joint: bytes, ephemeral: Point,
                       boxes: Sequence[bytes]) -> bytes:
    """The 32 bytes that a dealer signs with its ephemeral secret."""
    return digest("ceremony/auxinfo-possession-v1", params.sid, joint, seat_bytes(dealer), ephemeral.compressed(),
                  *boxes)
