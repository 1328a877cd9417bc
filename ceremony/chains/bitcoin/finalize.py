"""Signatures into the PSBT: each verified against its key first; out come the finalised PSBT and the transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Sequence

from ceremony.algebra.schnorr import InvalidSignature, schnorr_verify
from ceremony.base.errors import LocalFault
from ceremony.chains.bitcoin import psbt_fields as fields
from ceremony.chains.bitcoin.facts import InputFacts, SigningRequest
from ceremony.chains.bitcoin.psbt import Psbt
from ceremony.chains.bitcoin.psbt_map import PsbtMap
from ceremony.chains.bitcoin.sighash import DEFAULT
from ceremony.chains.bitcoin.transaction import serialize_witness, shown_txid

# What a finalised input keeps (BIP-174, "Input Finalizer"): the UTXOs, what the transaction is built from, and the
# signature itself, because some wallets merge `tap_key_sig` and ignore final witnesses.
KEPT_FIELDS = (fields.IN_NON_WITNESS_UTXO, fields.IN_WITNESS_UTXO, fields.IN_PREVIOUS_TXID, fields.IN_OUTPUT_INDEX,
               fields.IN_SEQUENCE, fields.IN_REQUIRED_TIME_LOCKTIME, fields.IN_REQUIRED_HEIGHT_LOCKTIME)


@dataclass(frozen=True)
class Finalized:
    """A finished signing: the PSBT in the version it came in and the raw transaction; txid as people read it."""

    psbt: bytes
    transaction: bytes
    txid: str


def finalize(psbt: Psbt, request: SigningRequest, signatures: Sequence[bytes]) -> Finalized:
    """The finalised PSBT and transaction from one 64-byte BIP-340 signature for each input, in order.

    request: what `examine` made of this very PSBT; anything else is LocalFault (TX-OTHER-REQUEST). A signature that
    does not verify is InvalidSignature (TX-SIGNATURE), and nothing is produced.
    """
    if shown_txid(psbt.transaction.txid()) != request.txid or len(signatures) != len(request.inputs):
        raise LocalFault("TX-OTHER-REQUEST", "the signatures or the facts are not those of this PSBT")
    for index, (one, signature) in enumerate(zip(request.inputs, signatures, strict=True)):
        check_signature(one, signature, index)
    items = [_witness_item(one, signature) for one, signature in zip(request.inputs, signatures, strict=True)]
    inputs = tuple(_finalized_input(one, item) for one, item in zip(psbt.inputs, items, strict=True))
    signed = psbt.transaction.with_witnesses([(item,) for item in items])
    return Finalized(_closed(psbt.with_inputs(inputs)).serialize(), signed.serialize(), request.txid)


def check_signature(one: InputFacts, signature: bytes, index: int) -> None:
    """Accepts a 64-byte BIP-340 signature of this input's digest, or raises InvalidSignature (TX-SIGNATURE)."""
    try:
        schnorr_verify(one.output_key, one.digest, signature)
    except InvalidSignature:
        raise InvalidSignature("TX-SIGNATURE", f"the signature of input {index} does not verify under its output key",
                               meaning="nothing was written") from None


def _witness_item(one: InputFacts, signature: bytes) -> bytes:
    """64 bytes for DEFAULT, else the type appended (BIP-341)."""
    return signature if one.sighash_type == DEFAULT else signature + bytes([one.sighash_type])


def _finalized_input(one: PsbtMap, item: bytes) -> PsbtMap:
    kept = one.keep(KEPT_FIELDS, fields.INPUT)
    return kept.put(fields.IN_TAP_KEY_SIG, item).put(fields.IN_FINAL_SCRIPTWITNESS, serialize_witness((item,)))


def _closed(psbt: Psbt) -> Psbt:
    """Nothing may change any more: signatures of DEFAULT and ALL cover all inputs and outputs (BIP-370, "Signer")."""
    if not psbt.globals.has(fields.GLOBAL_TX_MODIFIABLE):
        return psbt
    return psbt.with_globals(psbt.globals.put(fields.GLOBAL_TX_MODIFIABLE, b"\x00"))
