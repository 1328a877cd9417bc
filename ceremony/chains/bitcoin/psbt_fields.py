"""The fields of PSBT v0 and v2, as tables: number, name, the versions that may or must have it, its form.

A known field with another form is refused, an unknown one is kept as it came. Sources: BIP-174, BIP-370, BIP-371,
BIP-373 (MuSig2). Forms are functions that read key data or value and refuse through the reader they were given.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Final

from ceremony.base.limits import MAX_PSBT_INPUTS, MAX_PSBT_OUTPUTS
from ceremony.chains.bitcoin.bytestream import Reader
from ceremony.chains.bitcoin.transaction import parse_output, read_witness

Form = Callable[[Reader], None]
LOCKTIME_THRESHOLD = 500_000_000  # below a block height, from here on a Unix time (BIP-370)
PROPRIETARY, VERSION = 0xfc, 0xfb

GLOBAL_UNSIGNED_TX, GLOBAL_XPUB, GLOBAL_TX_VERSION, GLOBAL_FALLBACK_LOCKTIME = 0x00, 0x01, 0x02, 0x03
GLOBAL_INPUT_COUNT, GLOBAL_OUTPUT_COUNT, GLOBAL_TX_MODIFIABLE = 0x04, 0x05, 0x06

IN_NON_WITNESS_UTXO, IN_WITNESS_UTXO, IN_PARTIAL_SIG, IN_SIGHASH_TYPE = 0x00, 0x01, 0x02, 0x03
IN_REDEEM_SCRIPT, IN_WITNESS_SCRIPT, IN_BIP32_DERIVATION = 0x04, 0x05, 0x06
IN_FINAL_SCRIPTSIG, IN_FINAL_SCRIPTWITNESS, IN_POR_COMMITMENT = 0x07, 0x08, 0x09
IN_RIPEMD160, IN_SHA256, IN_HASH160, IN_HASH256 = 0x0a, 0x0b, 0x0c, 0x0d
IN_PREVIOUS_TXID, IN_OUTPUT_INDEX, IN_SEQUENCE = 0x0e, 0x0f, 0x10
IN_REQUIRED_TIME_LOCKTIME, IN_REQUIRED_HEIGHT_LOCKTIME = 0x11, 0x12
IN_TAP_KEY_SIG, IN_TAP_SCRIPT_SIG, IN_TAP_LEAF_SCRIPT = 0x13, 0x14, 0x15
IN_TAP_BIP32_DERIVATION, IN_TAP_INTERNAL_KEY, IN_TAP_MERKLE_ROOT = 0x16, 0x17, 0x18
IN_MUSIG2_PARTICIPANTS, IN_MUSIG2_PUB_NONCE, IN_MUSIG2_PARTIAL_SIG = 0x1a, 0x1b, 0x1c

OUT_REDEEM_SCRIPT, OUT_WITNESS_SCRIPT, OUT_BIP32_DERIVATION, OUT_AMOUNT, OUT_SCRIPT = 0x00, 0x01, 0x02, 0x03, 0x04
OUT_TAP_INTERNAL_KEY, OUT_TAP_TREE, OUT_TAP_BIP32_DERIVATION, OUT_MUSIG2_PARTICIPANTS = 0x05, 0x06, 0x07, 0x08


@dataclass(frozen=True)
class Field:
    """One known field. `versions` may have it, `required` must; `key` and `value` judge the two forms."""

    name: str
    key: Form
    value: Form
    versions: tuple[int, ...] = (0, 2)
    required: tuple[int, ...] = ()


def none(reader: Reader) -> None:
    """Nothing at all."""
    reader.end()


def anything(reader: Reader) -> None:
    """Any bytes."""
    reader.take(reader.left)


def size(*sizes: int) -> Form:
    """Exactly one of these numbers of bytes."""
    def form(reader: Reader) -> None:
        if reader.left not in sizes:
            reader.refuse(f"{reader.left} bytes instead of {' or '.join(map(str, sizes))}")
        anything(reader)
    return form


def public_key(reader: Reader) -> None:
    """A public key of SEC 1: 33 bytes, or the uncompressed 65 that old inputs may have."""
    length = {2: 33, 3: 33, 4: 65}.get(reader.peek(1)[0] if reader.left else 0)
    if reader.left != length:
        reader.refuse(f"{reader.left} bytes are no public key")
    anything(reader)


def between(low: int, high: int) -> Form:
    """Four bytes, little-endian, from `low` up to but not including `high`."""
    def form(reader: Reader) -> None:
        if not low <= reader.uint(4) < high:
            reader.refuse(f"a number outside {low}..{high - 1}")
    return form


def count_up_to(ceiling: int) -> Form:
    """A compact size that is at most `ceiling`."""
    def form(reader: Reader) -> None:
        if (number := reader.compact_size()) > ceiling:
            reader.refuse(f"{number} items, more than {ceiling}")
    return form


def origin(reader: Reader) -> None:
    """Four bytes of fingerprint and a path of 32-bit numbers."""
    reader.take(4)
    path(reader)


def path(reader: Reader) -> None:
    """32-bit numbers, any count."""
    if reader.left % 4:
        reader.refuse("a derivation path that is no list of 32-bit numbers")
    anything(reader)


def taproot_origin(reader: Reader) -> None:
    """Counted 32-byte leaf hashes, then an origin (BIP-371)."""
    reader.take(32 * reader.count(32))
    origin(reader)


def control_block(reader: Reader) -> None:
    """A Taproot control block: 33 bytes and up to 128 nodes of 32 (BIP-341)."""
    if not 33 <= reader.left <= 33 + 32 * 128 or (reader.left - 33) % 32:
        reader.refuse(f"a control block of {reader.left} bytes")
    anything(reader)


def leaf_script(reader: Reader) -> None:
    """A script and its leaf version, one byte."""
    if not reader.left:
        reader.refuse("a leaf script without its leaf version")
    anything(reader)


def tree(reader: Reader) -> None:
    """One or more of depth (at most 128), leaf version, script (BIP-371). The shape is judged by nobody here."""
    while True:
        if reader.uint(1) > 128:
            reader.refuse("a tree deeper than 128")
        reader.take(1)
        reader.sized()
        if not reader.left:
            return


def output(reader: Reader) -> None:
    """A transaction output."""
    parse_output(reader)


def witness(reader: Reader) -> None:
    """A witness stack."""
    read_witness(reader)


def proprietary(reader: Reader) -> None:
    """A sized identifier, a compact subtype, anything (BIP-174)."""
    reader.sized()
    reader.compact_size()
    anything(reader)


def participants(reader: Reader) -> None:
    """Compressed keys, at least one (BIP-373)."""
    if not reader.left or reader.left % 33:
        reader.refuse("MuSig2 participants that are no list of keys")
    anything(reader)


V0, V2 = (0,), (2,)

GLOBAL: Final = {
    GLOBAL_UNSIGNED_TX: Field("unsigned transaction", none, anything, V0, V0),
    GLOBAL_XPUB: Field("extended public key", size(78), origin),
    GLOBAL_TX_VERSION: Field("transaction version", none, size(4), V2, V2),
    GLOBAL_FALLBACK_LOCKTIME: Field("fallback locktime", none, size(4), V2),
    GLOBAL_INPUT_COUNT: Field("input count", none, count_up_to(MAX_PSBT_INPUTS), V2, V2),
    GLOBAL_OUTPUT_COUNT: Field("output count", none, count_up_to(MAX_PSBT_OUTPUTS), V2, V2),
    GLOBAL_TX_MODIFIABLE: Field("modifiable flags", none, size(1), V2),
    VERSION: Field("PSBT version", none, size(4), required=V2),
    PROPRIETARY: Field("proprietary", proprietary, anything),
}

INPUT: Final = {
    IN_NON_WITNESS_UTXO: Field("non-witness UTXO", none, anything),
    IN_WITNESS_UTXO: Field("witness UTXO", none, output),
    IN_PARTIAL_SIG: Field("partial signature", public_key, anything),
    IN_SIGHASH_TYPE: Field("sighash type", none, size(4)),
    IN_REDEEM_SCRIPT: Field("redeem script", none, anything),
    IN_WITNESS_SCRIPT: Field("witness script", none, anything),
    IN_BIP32_DERIVATION: Field("derivation", public_key, origin),
    IN_FINAL_SCRIPTSIG: Field("final scriptSig", none, anything),
    IN_FINAL_SCRIPTWITNESS: Field("final witness", none, witness),
    IN_POR_COMMITMENT: Field("proof-of-reserves commitment", none, anything),
    IN_RIPEMD160: Field("RIPEMD-160 preimage", size(20), anything),
    IN_SHA256: Field("SHA-256 preimage", size(32), anything),
    IN_HASH160: Field("HASH160 preimage", size(20), anything),
    IN_HASH256: Field("HASH256 preimage", size(32), anything),
    IN_PREVIOUS_TXID: Field("previous txid", none, size(32), V2, V2),
    IN_OUTPUT_INDEX: Field("output index", none, size(4), V2, V2),
    IN_SEQUENCE: Field("sequence", none, size(4), V2),
    IN_REQUIRED_TIME_LOCKTIME: Field("required time", none, between(LOCKTIME_THRESHOLD, 1 << 32), V2),
    IN_REQUIRED_HEIGHT_LOCKTIME: Field("required height", none, between(1, LOCKTIME_THRESHOLD), V2),
    IN_TAP_KEY_SIG: Field("Taproot key signature", none, size(64, 65)),
    IN_TAP_SCRIPT_SIG: Field("Taproot script signature", size(64), size(64, 65)),
    IN_TAP_LEAF_SCRIPT: Field("Taproot leaf script", control_block, leaf_script),
    IN_TAP_BIP32_DERIVATION: Field("Taproot derivation", size(32), taproot_origin),
    IN_TAP_INTERNAL_KEY: Field("Taproot internal key", none, size(32)),
    IN_TAP_MERKLE_ROOT: Field("Taproot merkle root", none, size(32)),
    IN_MUSIG2_PARTICIPANTS: Field("MuSig2 participants", size(33), participants),
    IN_MUSIG2_PUB_NONCE: Field("MuSig2 nonce", size(66, 98), size(66)),
    IN_MUSIG2_PARTIAL_SIG: Field("MuSig2 partial signature", size(66, 98), size(32)),
    PROPRIETARY: Field("proprietary", proprietary, anything),
}

OUTPUT: Final = {
    OUT_REDEEM_SCRIPT: Field("redeem script", none, anything),
    OUT_WITNESS_SCRIPT: Field("witness script", none, anything),
    OUT_BIP32_DERIVATION: Field("derivation", public_key, origin),
    OUT_AMOUNT: Field("amount", none, size(8), V2, V2),
    OUT_SCRIPT: Field("script", none, anything, V2, V2),
    OUT_TAP_INTERNAL_KEY: Field("Taproot internal key", none, size(32)),
    OUT_TAP_TREE: Field("Taproot tree", none, tree),
    OUT_TAP_BIP32_DERIVATION: Field("Taproot derivation", size(32), taproot_origin),
    OUT_MUSIG2_PARTICIPANTS: Field("MuSig2 participants", size(33), participants),
    PROPRIETARY: Field("proprietary", proprietary, anything),
}
