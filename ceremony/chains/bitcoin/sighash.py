"""What a signature signs: the BIP-341 key-path digest and the BIP-143 digest of P2WPKH.

DEFAULT and ALL only: every other type leaves part of the transaction open, which no holder could be shown. Annex and
script path are not computed at all.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Sequence

from ceremony.base.errors import Refused
from ceremony.chains.bitcoin.address import p2pkh_script
from ceremony.chains.bitcoin.bytestream import sized
from ceremony.chains.bitcoin.transaction import Transaction, TxOut, double_sha256
from ceremony.codec.digest import tagged_hash

DEFAULT, ALL = 0x00, 0x01
NAMES = {DEFAULT: "DEFAULT", ALL: "ALL"}


@dataclass(frozen=True)
class TaprootCommitments:
    """The parts of the BIP-341 message that all inputs share: five SHA-256 hashes, 32 bytes each."""

    prevouts: bytes
    amounts: bytes
    scripts: bytes
    sequences: bytes
    outputs: bytes


def commit(transaction: Transaction, spent: Sequence[TxOut]) -> TaprootCommitments:
    """The shared hashes; `spent` holds the output that each input spends, in order."""
    if len(spent) != len(transaction.inputs):
        raise ValueError("one spent output for each input")
    inputs = transaction.inputs
    return TaprootCommitments(
        _sha256(i.outpoint.serialize() for i in inputs),
        _sha256(o.amount_sat.to_bytes(8, "little") for o in spent),
        _sha256(sized(o.script) for o in spent),
        _sha256(i.sequence.to_bytes(4, "little") for i in inputs),
        _sha256(o.serialize() for o in transaction.outputs))


def taproot_message(transaction: Transaction, shared: TaprootCommitments, index: int, sighash_type: int) -> bytes:
    """The bytes under BIP-341's TapSighash for a key-path spend of input `index`, epoch byte included."""
    _permitted(sighash_type, (DEFAULT, ALL))
    return (b"\x00" + bytes([sighash_type]) + transaction.version.to_bytes(4, "little")
            + transaction.locktime.to_bytes(4, "little") + shared.prevouts + shared.amounts + shared.scripts
            + shared.sequences + shared.outputs + b"\x00" + index.to_bytes(4, "little"))


def taproot_digest(transaction: Transaction, shared: TaprootCommitments, index: int, sighash_type: int) -> bytes:
    """The 32 bytes that a BIP-340 signature of input `index` signs. Refused (TX-SIGHASH-TYPE) for other types."""
    return tagged_hash("TapSighash", taproot_message(transaction, shared, index, sighash_type))


def segwit_v0_message(transaction: Transaction, index: int, pubkey_hash: bytes, amount_sat: int,
                      sighash_type: int = ALL) -> bytes:
    """The BIP-143 preimage of a P2WPKH input: 20-byte key hash and the amount it holds; ALL only."""
    _permitted(sighash_type, (ALL,))
    inputs, spending = transaction.inputs, transaction.inputs[index]
    return b"".join((
        transaction.version.to_bytes(4, "little"),
        double_sha256(b"".join(i.outpoint.serialize() for i in inputs)),
        double_sha256(b"".join(i.sequence.to_bytes(4, "little") for i in inputs)),
        spending.outpoint.serialize(), sized(p2pkh_script(pubkey_hash)), amount_sat.to_bytes(8, "little"),
        spending.sequence.to_bytes(4, "little"), double_sha256(b"".join(o.serialize() for o in transaction.outputs)),
        transaction.locktime.to_bytes(4, "little"), sighash_type.to_bytes(4, "little")))


def segwit_v0_digest(transaction: Transaction, index: int, pubkey_hash: bytes, amount_sat: int,
                     sighash_type: int = ALL) -> bytes:
    """The 32 bytes that an ECDSA signature of a P2WPKH input signs. Refused (TX-SIGHASH-TYPE) for other types."""
    return double_sha256(segwit_v0_message(transaction, index, pubkey_hash, amount_sat, sighash_type))


def _permitted(sighash_type: int, permitted: tuple[int, ...]) -> None:
    if sighash_type not in permitted:
        raise Refused("TX-SIGHASH-TYPE", f"sighash type {sighash_type:#x} leaves part of the transaction open",
                      do=f"ask for a request with {' or '.join(NAMES[known] for known in permitted)}")


def _sha256(parts) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()
