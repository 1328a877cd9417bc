"""The pads of EncPedPop, ChillDKG's encryption of shares: ciphertext = share + pad modulo N.

A pad is a hash that anybody can compute who holds the Diffie-Hellman secret of the sender's ephemeral key and the
recipient's host key. It does not name the sender; see ``spec.md`` for what follows from that.
"""

from __future__ import annotations

from ceremony.algebra.secp256k1 import N, Point, ecdh
from ceremony.base.secret import Secret
from ceremony.protocols.keygen.params import SessionParams, bip_hash, seat_bytes


def shared_pad(shared: Secret[bytes], ephemeral: bytes, recipient: int, params: SessionParams) -> Secret[int]:
    """The pad for ``recipient`` from the ECDH output of 32 bytes and the sender's ephemeral point of 33."""
    context = seat_bytes(recipient) + params.to_bytes()
    data = shared.reveal() + ephemeral + params.hostpubkeys[recipient] + context
    return Secret(int.from_bytes(bip_hash("encpedpop ecdh", data), "big") % N)


def self_pad(hostseckey: Secret[bytes], ephemeral: bytes, seat: int, params: SessionParams) -> Secret[int]:
    """The pad for the share that a dealer keeps: from its host key itself, without an exchange."""
    data = hostseckey.reveal() + ephemeral + seat_bytes(seat) + params.to_bytes()
    return Secret(int.from_bytes(bip_hash("encaps_multi self_pad", data), "big") % N)


def sender_pad(seckey: Secret[int], ephemeral: bytes, recipient: int, params: SessionParams) -> Secret[int]:
    """The pad as the sender computes it, from the ephemeral secret key."""
    return shared_pad(ecdh(seckey, params.hostpoints[recipient]), ephemeral, recipient, params)


def recipient_pad(hostkey: Secret[int], ephemeral: Point, recipient: int, params: SessionParams) -> Secret[int]:
    """The same pad as the recipient computes it, from its host secret key."""
    return shared_pad(ecdh(hostkey, ephemeral), ephemeral.compressed(), recipient, params)
