"""BIP-32 extended public keys and public derivation, and the Taproot keys that BIP-86 makes of them.

Public only: a group key has no private form anywhere. The account key is the full 33-byte point, parity kept, because
plain tweaks add to the point itself. Each derivation also gives the 32-byte tweak it added: a threshold signer needs
the list, since it signs for a child without holding the child's key.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import NoReturn

from ceremony.algebra.secp256k1 import G, MalformedElement, Point, mul_public, scalar_from_bytes
from ceremony.base.errors import LocalFault, Malformed, UsageFault
from ceremony.chains.bitcoin.address import segwit_script
from ceremony.chains.bitcoin.base58 import decode_base58check, encode_base58check
from ceremony.chains.bitcoin.networks import NETWORKS
from ceremony.codec.digest import tagged_hash

HARDENED = 1 << 31
RECEIVE, CHANGE = 0, 1  # the two branches of `<0;1>/*` (BIP-389)

Tweak = tuple[bytes, bool]
"""32 bytes to add, and whether they are added to the x-only key (even y) rather than to the plain point (BIP-327)."""


class ExtendedKeyMalformed(Malformed):
    """The text is no extended public key. Check XPUB-FORM."""


@dataclass(frozen=True)
class ExtendedKey:
    """An extended public key: `pubkey` 33 bytes compressed, `chain_code` 32, `version` and `parent` 4 bytes each."""

    version: bytes
    depth: int
    parent: bytes
    number: int
    chain_code: bytes
    pubkey: bytes

    def serialize(self) -> bytes:
        """The 78 bytes of BIP-32."""
        return (self.version + bytes([self.depth]) + self.parent + self.number.to_bytes(4, "big") + self.chain_code
                + self.pubkey)

    def __str__(self) -> str:
        return encode_base58check(self.serialize())

    def fingerprint(self) -> bytes:
        """The first 4 bytes of HASH160 of the key."""
        return hash160(self.pubkey)[:4]

    def child(self, index: int) -> tuple[ExtendedKey, Tweak]:
        """CKDpub: the child of that index below 2^31, and the plain tweak that leads to it.

        UsageFault (BIP32-HARDENED) above; LocalFault (BIP32-NO-CHILD) with probability 2^-127, use the next index.
        """
        if not 0 <= index < HARDENED or self.depth == 255:
            raise UsageFault("BIP32-HARDENED", "a public key has children 0 to 2147483647 only, down to depth 255")
        mac = hmac.digest(self.chain_code, self.pubkey + index.to_bytes(4, "big"), "sha512")
        point = add_tweak(Point.from_compressed(self.pubkey), mac[:32])
        key = ExtendedKey(self.version, self.depth + 1, self.fingerprint(), index, mac[32:], point.compressed())
        return key, (mac[:32], False)


@dataclass(frozen=True)
class TaprootKey:
    """One address key of an account: path (branch, index), x-only internal and output keys, and how to get there.

    `tweaks` leads from the account's full point to the output key, in this order: plain branch tweak, plain index
    tweak, x-only TapTweak.
    """

    path: tuple[int, int]
    internal_key: bytes
    output_key: bytes
    tweaks: tuple[Tweak, Tweak, Tweak]

    @property
    def script(self) -> bytes:
        """The 34-byte P2TR output script."""
        return segwit_script(1, self.output_key)


def account_key(pubkey: bytes, chain_code: bytes, xpub_version: bytes) -> ExtendedKey:
    """The depth-0 extended key of a group key: 33-byte point and 32-byte chain code; ExtendedKeyMalformed otherwise."""
    key = ExtendedKey(xpub_version, 0, bytes(4), 0, chain_code, pubkey)
    return parse_extended(key.serialize()) if len(chain_code) == 32 else _refuse("a chain code of another length")


def parse_xpub(text: str) -> ExtendedKey:
    """An extended public key from base58 (xpub or tpub). ExtendedKeyMalformed for private ones and anything else."""
    return parse_extended(decode_base58check(text, ExtendedKeyMalformed, "XPUB-FORM"))


def parse_extended(data: bytes) -> ExtendedKey:
    """An extended public key from its 78 bytes; which network the version names is for the caller to compare."""
    if len(data) != 78 or data[:4] not in {network.xpub_version for network in NETWORKS.values()}:
        _refuse("not 78 bytes of an extended public key of a known version")
    key = ExtendedKey(data[:4], data[4], data[5:9], int.from_bytes(data[9:13], "big"), data[13:45], data[45:])
    if key.depth == 0 and (key.parent != bytes(4) or key.number):
        _refuse("depth 0 with a parent or a child number")
    try:
        Point.from_compressed(key.pubkey)
    except MalformedElement:
        _refuse("no point of the curve")
    return key


def derive_taproot(branch_key: ExtendedKey, branch_tweak: Tweak, index: int) -> TaprootKey:
    """The key of one address below a branch (the account's child 0 or 1), with no script path (BIP-86)."""
    child, index_tweak = branch_key.child(index)
    internal = child.pubkey[1:]
    tap_tweak = tagged_hash("TapTweak", internal)
    output = add_tweak(Point.from_xonly(internal), tap_tweak)
    tweaks = (branch_tweak, index_tweak, (tap_tweak, True))
    return TaprootKey((branch_key.number, index), internal, output.xonly(), tweaks)


def add_tweak(point: Point, tweak: bytes) -> Point:
    """point + tweak·G. LocalFault (BIP32-NO-CHILD) for a tweak of N or more or a sum at infinity."""
    try:
        result = point + mul_public(scalar_from_bytes(tweak), G)
    except MalformedElement:
        result = None
    if result is None or result.is_infinity:
        raise LocalFault("BIP32-NO-CHILD", "this index has no key; use the next one")
    return result


def hash160(data: bytes) -> bytes:
    """RIPEMD-160 of SHA-256, 20 bytes. LocalFault (RIPEMD160) where the system's OpenSSL has it switched off."""
    try:
        return hashlib.new("ripemd160", hashlib.sha256(data).digest()).digest()
    except ValueError:
        raise LocalFault("RIPEMD160", "this Python's OpenSSL offers no RIPEMD-160",
                         do="use a Python whose OpenSSL has the legacy provider") from None


def _refuse(seen: str) -> NoReturn:
    raise ExtendedKeyMalformed("XPUB-FORM", seen)
