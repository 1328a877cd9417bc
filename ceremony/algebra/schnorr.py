"""Schnorr signatures of BIP 340, for messages of any length and for other tag prefixes.

The prefix ``BIP0340`` goes through libsecp256k1. BIP 340 lets a protocol separate its signatures by tags of its own
(ChillDKG's proofs of possession do); libsecp256k1 has no call for that, so they are calculated here, with the two
multiplications by secrets in constant time.
"""

from __future__ import annotations

from ceremony.algebra import libsecp
from ceremony.algebra.secp256k1 import (
    G, N, Point, MalformedElement, linear_combination, mul_secret_base, scalar_from_bytes, scalar_to_bytes)
from ceremony.base.errors import Unattributed
from ceremony.base.secret import Secret
from ceremony.codec.digest import tagged_hash

BIP340 = "BIP0340"


class InvalidSignature(Unattributed):
    """A signature does not verify. Whoever called knows whose it should be, and names him."""


def schnorr_sign(seckey: Secret[bytes], message: bytes, aux: bytes, *, tag_prefix: str = BIP340) -> bytes:
    """BIP-340 signature, 64 bytes.

    seckey: 32 bytes in 1..N-1, else ValueError. message: any length. aux: 32 bytes of auxiliary randomness, best fresh;
    a repeated value weakens only the protection against side channels. The signature is verified before it is
    returned, so that a computation gone wrong cannot leak the key.
    """
    if len(aux) != 32 or len(seckey.reveal()) != 32:
        raise ValueError("the secret key and the auxiliary randomness are 32 bytes each")
    pubkey = mul_secret_base(_scalar(seckey))
    if tag_prefix == BIP340:
        signature = libsecp.secret_schnorr_sign(seckey.reveal(), message, aux)
    else:
        signature = _sign_with_tags(_scalar(seckey), pubkey, message, aux, tag_prefix)
    schnorr_verify(pubkey.xonly(), message, signature, tag_prefix=tag_prefix)
    return signature


def schnorr_verify(pubkey_xonly: bytes, message: bytes, signature: bytes, *, tag_prefix: str = BIP340) -> None:
    """Accepts a BIP-340 signature (64 bytes) under an x-only key (32 bytes), or raises InvalidSignature."""
    valid = len(pubkey_xonly) == 32 and len(signature) == 64
    if valid and tag_prefix == BIP340:
        valid = libsecp.schnorr_is_valid(pubkey_xonly, message, signature)
    elif valid:
        valid = _is_valid_with_tags(pubkey_xonly, message, signature, tag_prefix)
    if not valid:
        raise InvalidSignature("BIP340-SIGNATURE", f"the signature over {len(message)} bytes does not verify")


def _scalar(seckey: Secret[bytes]) -> Secret[int]:
    value = int.from_bytes(seckey.reveal(), "big")
    if not 0 < value < N:
        raise ValueError("the secret key must be in 1..N-1")
    return Secret(value)


def _hash_to_scalar(tag: str, data: bytes) -> int:
    """BIP 340 reduces its hashes modulo N: the bias, about 2^-128, is of no use to anybody."""
    return int.from_bytes(tagged_hash(tag, data), "big") % N


def _sign_with_tags(seckey: Secret[int], pubkey: Point, message: bytes, aux: bytes, tag_prefix: str) -> bytes:
    """"Default Signing" of BIP 340 with other tags; the letters are those of the BIP."""
    d = seckey.reveal() if pubkey.has_even_y() else N - seckey.reveal()
    mask = int.from_bytes(tagged_hash(tag_prefix + "/aux", aux), "big")
    t = (d ^ mask).to_bytes(32, "big")
    k = _hash_to_scalar(tag_prefix + "/nonce", t + pubkey.xonly() + message)
    if k == 0:
        raise ValueError("the nonce hashed to zero, which happens with probability 2^-256")
    R = mul_secret_base(Secret(k))
    if not R.has_even_y():
        k = N - k
    e = _hash_to_scalar(tag_prefix + "/challenge", R.xonly() + pubkey.xonly() + message)
    return R.xonly() + scalar_to_bytes((k + e * d) % N)


def _is_valid_with_tags(pubkey_xonly: bytes, message: bytes, signature: bytes, tag_prefix: str) -> bool:
    """"Verification" of BIP 340 with other tags: R = s*G - e*P has an even y and the stated x."""
    try:
        pubkey, s = Point.from_xonly(pubkey_xonly), scalar_from_bytes(signature[32:])
    except MalformedElement:
        return False
    e = _hash_to_scalar(tag_prefix + "/challenge", signature[:32] + pubkey_xonly + message)
    R = linear_combination((s, -e), (G, pubkey))
    return R.compressed_ext() == b"\x02" + signature[:32]
