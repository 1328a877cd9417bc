"""Unsigned PSBTs for rehearsals, as a watch-only wallet would make them: a payment to a stranger and change to us."""

from __future__ import annotations

import hashlib
from typing import Sequence

from ceremony.chains.bitcoin import psbt_fields as fields
from ceremony.chains.bitcoin.account import find_own, taproot_key
from ceremony.chains.bitcoin.address import script_of
from ceremony.chains.bitcoin.bech32 import encode_segwit
from ceremony.chains.bitcoin.bip32 import CHANGE, ExtendedKey, TaprootKey
from ceremony.chains.bitcoin.bytestream import compact_size
from ceremony.chains.bitcoin.networks import REGTEST
from ceremony.chains.bitcoin.psbt import MAGIC
from ceremony.chains.bitcoin.psbt_map import PsbtMap
from ceremony.chains.bitcoin.transaction import OutPoint, Transaction, TxIn, TxOut

OUTSIDE_ADDRESS = encode_segwit(REGTEST.hrp, 0, hashlib.sha256(b"somebody outside the rehearsal").digest()[:20])
SEQUENCE_REPLACEABLE = 0xfffffffd
SEARCHED = 200

Coin = tuple[Transaction, int, TaprootKey]
Pairs = list[tuple[bytes, bytes]]


def spend_psbt(account: ExtendedKey, funding: Sequence[Transaction], amount_sat: int, fee_sat: int = 1000, *,
               to: str = OUTSIDE_ADDRESS, change_index: int = 0, version: int = 0) -> bytes:
    """An unsigned PSBT (version 0 or 2) that spends every output of `funding` that is the account's.

    Pays `amount_sat` to a regtest address and the rest without the fee to the account's change branch. ValueError when
    the coins do not reach.
    """
    coins = [(transaction, vout, key) for transaction in funding for vout, output in enumerate(transaction.outputs)
             if (key := find_own(account, output.script, (), SEARCHED)) is not None]
    change_key = taproot_key(account, CHANGE, change_index)
    change_sat = sum(transaction.outputs[vout].amount_sat for transaction, vout, _ in coins) - amount_sat - fee_sat
    if not coins or change_sat <= 0:
        raise ValueError("the coins do not reach for the payment, the fee and some change")
    outputs = (TxOut(amount_sat, script_of(to, REGTEST)), TxOut(change_sat, change_key.script))
    inputs = tuple(TxIn(OutPoint(coin.txid(), vout), b"", SEQUENCE_REPLACEABLE) for coin, vout, _ in coins)
    unsigned = Transaction(2, inputs, outputs, 0)
    output_pairs: list[Pairs] = [[], _key_pairs(account, change_key, fields.OUT_TAP_INTERNAL_KEY,
                                                fields.OUT_TAP_BIP32_DERIVATION)]
    return _serialized(unsigned, [_input_pairs(account, coin) for coin in coins], output_pairs, version)


def _input_pairs(account: ExtendedKey, coin: Coin) -> Pairs:
    transaction, vout, key = coin
    return [_pair(fields.IN_NON_WITNESS_UTXO, transaction.serialize()),
            _pair(fields.IN_WITNESS_UTXO, transaction.outputs[vout].serialize()),
            *_key_pairs(account, key, fields.IN_TAP_INTERNAL_KEY, fields.IN_TAP_BIP32_DERIVATION)]


def _key_pairs(account: ExtendedKey, key: TaprootKey, internal_field: int, origin_field: int) -> Pairs:
    """Internal key, and its origin: no leaves, the account's fingerprint, branch and index (BIP-371)."""
    origin = b"\x00" + account.fingerprint() + b"".join(_uint32(step) for step in key.path)
    return [_pair(internal_field, key.internal_key), _pair(origin_field, origin, key.internal_key)]


def _serialized(unsigned: Transaction, inputs: list[Pairs], outputs: list[Pairs], version: int) -> bytes:
    """The PSBT, its transaction whole (version 0) or taken apart (version 2)."""
    globals_ = [_pair(fields.GLOBAL_UNSIGNED_TX, unsigned.serialize())] if version == 0 else _global_pairs(unsigned)
    if version == 2:
        inputs = [pairs + _txin_pairs(txin) for pairs, txin in zip(inputs, unsigned.inputs, strict=True)]
        outputs = [pairs + _txout_pairs(txout) for pairs, txout in zip(outputs, unsigned.outputs, strict=True)]
    return MAGIC + b"".join(PsbtMap(tuple(pairs)).serialize() for pairs in (globals_, *inputs, *outputs))


def _global_pairs(unsigned: Transaction) -> Pairs:
    return [_pair(fields.GLOBAL_TX_VERSION, _uint32(unsigned.version)),
            _pair(fields.GLOBAL_FALLBACK_LOCKTIME, _uint32(unsigned.locktime)),
            _pair(fields.GLOBAL_INPUT_COUNT, compact_size(len(unsigned.inputs))),
            _pair(fields.GLOBAL_OUTPUT_COUNT, compact_size(len(unsigned.outputs))),
            _pair(fields.VERSION, _uint32(2))]


def _txin_pairs(txin: TxIn) -> Pairs:
    return [_pair(fields.IN_PREVIOUS_TXID, txin.outpoint.txid),
            _pair(fields.IN_OUTPUT_INDEX, _uint32(txin.outpoint.vout)),
            _pair(fields.IN_SEQUENCE, _uint32(txin.sequence))]


def _txout_pairs(txout: TxOut) -> Pairs:
    return [_pair(fields.OUT_AMOUNT, txout.amount_sat.to_bytes(8, "little")), _pair(fields.OUT_SCRIPT, txout.script)]


def _pair(field: int, value: bytes, key_data: bytes = b"") -> tuple[bytes, bytes]:
    return compact_size(field) + key_data, value


def _uint32(number: int) -> bytes:
    return number.to_bytes(4, "little")
