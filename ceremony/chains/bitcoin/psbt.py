"""Partially signed Bitcoin transactions, versions 0 and 2 (BIP-174, BIP-370, BIP-371): bytes to a value and back.

A parsed PSBT keeps every pair in the order it came, unknown and proprietary ones too, so that what goes back to the
wallet is what it sent plus our signatures. Known fields have the form their BIP gives them or the whole is refused.
Nothing here is believed yet: `request.py` examines.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, replace

from ceremony.base.limits import MAX_PSBT_BYTES, MAX_PSBT_INPUTS, MAX_PSBT_OUTPUTS
from ceremony.chains.bitcoin import psbt_fields as fields
from ceremony.chains.bitcoin.psbt_map import (
    PsbtMalformed, PsbtMap, check_map, psbt_reader, read_map, read_maps, refuse)
from ceremony.chains.bitcoin.transaction import (
    SEQUENCE_FINAL, OutPoint, Transaction, TransactionMalformed, TxIn, TxOut, parse_output, parse_transaction,
    parse_unsigned)

__all__ = ["MAGIC", "Psbt", "PsbtMalformed", "origin_of", "parse_psbt", "read_psbt"]

MAGIC = b"psbt\xff"
MAX_TEXT_BYTES = 2 * MAX_PSBT_BYTES + MAX_PSBT_BYTES // 16  # hex digits and the line breaks between them


@dataclass(frozen=True)
class Psbt:
    """A PSBT of version 0 or 2. `transaction` is the unsigned transaction that its maps describe."""

    version: int
    globals: PsbtMap
    inputs: tuple[PsbtMap, ...]
    outputs: tuple[PsbtMap, ...]
    transaction: Transaction

    def serialize(self) -> bytes:
        """The binary form. What was parsed comes back byte for byte."""
        return MAGIC + b"".join(part.serialize() for part in (self.globals, *self.inputs, *self.outputs))

    def previous_output(self, index: int) -> tuple[TxOut | None, Transaction | None]:
        """What input `index` carries of the output it spends: the witness UTXO, and the whole funding transaction."""
        short, whole = (self.inputs[index].get(f) for f in (fields.IN_WITNESS_UTXO, fields.IN_NON_WITNESS_UTXO))
        return (parse_output(psbt_reader(short)) if short is not None else None,
                _transaction(whole) if whole is not None else None)

    def with_inputs(self, inputs: tuple[PsbtMap, ...]) -> Psbt:
        """The same PSBT with other input maps, whose transaction fields are unchanged."""
        return replace(self, inputs=inputs)

    def with_globals(self, globals_: PsbtMap) -> Psbt:
        """The same PSBT with another global map, whose transaction fields are unchanged."""
        return replace(self, globals=globals_)


def read_psbt(data: bytes) -> Psbt:
    """A PSBT from a file: binary, base64 or hex, white space around text allowed. PsbtMalformed for all else."""
    if data.startswith(MAGIC):
        return parse_psbt(data)
    if len(data) > MAX_TEXT_BYTES:
        refuse(f"{len(data)} bytes of text, more than {MAX_TEXT_BYTES}")
    text = b"".join(data.split())
    try:
        if text[:10].lower() == MAGIC.hex().encode():
            return parse_psbt(binascii.unhexlify(text))
        if text[:6] == b"cHNidP":
            return parse_psbt(_canonical_base64(text))
    except (binascii.Error, ValueError):
        refuse("text that begins like a PSBT and is neither hex nor base64")
    refuse("no PSBT: neither its magic bytes nor base64 or hex of them")


def parse_psbt(data: bytes) -> Psbt:
    """A PSBT from its binary form, at most MAX_PSBT_BYTES.

    Refused with PsbtMalformed: other versions, duplicate keys, known fields of another form or version, missing
    required fields, sizes that are not minimal, missing or trailing bytes, locktimes that no value satisfies (BIP-370).
    """
    if len(data) > MAX_PSBT_BYTES:
        refuse(f"{len(data)} bytes, more than {MAX_PSBT_BYTES}")
    reader = psbt_reader(data)
    if reader.peek(5) != MAGIC:
        refuse("the magic bytes are missing")
    reader.take(5)
    globals_ = read_map(reader)
    version = int.from_bytes(globals_.get(fields.VERSION) or b"", "little")
    if version not in (0, 2):
        refuse("a PSBT version other than 0 and 2")
    check_map(globals_, fields.GLOBAL, version, "globals")
    unsigned = _unsigned(globals_)
    counts = (len(unsigned.inputs), len(unsigned.outputs)) if unsigned else _counts(globals_)
    inputs = read_maps(reader, counts[0], fields.INPUT, version, "input")
    outputs = read_maps(reader, counts[1], fields.OUTPUT, version, "output")
    reader.end()
    _check_nested(globals_, inputs)
    return Psbt(version, globals_, inputs, outputs, unsigned or _assembled(globals_, inputs, outputs))


def origin_of(value: bytes, taproot: bool) -> tuple[bytes, tuple[int, ...]]:
    """(4-byte fingerprint, path) of a derivation field's value, as checked by the parser."""
    reader = psbt_reader(value)
    if taproot:
        reader.take(32 * reader.count(32))
    fingerprint = reader.take(4)
    return fingerprint, tuple(reader.uint(4) for _ in range(reader.left // 4))


def _canonical_base64(text: bytes) -> bytes:
    data = base64.b64decode(text, validate=True)
    return data if base64.b64encode(data) == text else refuse("base64 that is not in its one form")


def _check_nested(globals_: PsbtMap, inputs: tuple[PsbtMap, ...]) -> None:
    """Funding transactions parse, and each extended key's path is as long as its depth (BIP-174)."""
    for one in inputs:
        if (whole := one.get(fields.IN_NON_WITNESS_UTXO)) is not None:
            _transaction(whole)
    for xpub, value in globals_.all(fields.GLOBAL_XPUB):
        if len(value) != 4 + 4 * xpub[4]:
            refuse("an extended key whose path is not as long as its depth")


def _transaction(data: bytes) -> Transaction:
    try:
        return parse_transaction(data)
    except TransactionMalformed as fault:
        refuse(f"a funding transaction: {fault.seen}")


def _unsigned(globals_: PsbtMap) -> Transaction | None:
    data = globals_.get(fields.GLOBAL_UNSIGNED_TX)
    if data is None:
        return None
    try:
        unsigned = parse_unsigned(data)
    except TransactionMalformed as fault:
        refuse(f"the unsigned transaction: {fault.seen}")
    if len(unsigned.inputs) > MAX_PSBT_INPUTS or len(unsigned.outputs) > MAX_PSBT_OUTPUTS:
        refuse(f"more than {MAX_PSBT_INPUTS} inputs or {MAX_PSBT_OUTPUTS} outputs")
    return unsigned


def _counts(globals_: PsbtMap) -> tuple[int, int]:
    return (psbt_reader(globals_.require(fields.GLOBAL_INPUT_COUNT)).compact_size(),
            psbt_reader(globals_.require(fields.GLOBAL_OUTPUT_COUNT)).compact_size())


def _assembled(globals_: PsbtMap, inputs: tuple[PsbtMap, ...], outputs: tuple[PsbtMap, ...]) -> Transaction:
    """The unsigned transaction that the fields of version 2 describe."""
    txins = tuple(TxIn(OutPoint(one.require(fields.IN_PREVIOUS_TXID), _number(one, fields.IN_OUTPUT_INDEX)), b"",
                       _number(one, fields.IN_SEQUENCE, SEQUENCE_FINAL)) for one in inputs)
    txouts = tuple(TxOut(_number(one, fields.OUT_AMOUNT), one.require(fields.OUT_SCRIPT)) for one in outputs)
    return Transaction(_number(globals_, fields.GLOBAL_TX_VERSION), txins, txouts, _locktime(globals_, inputs))


def _locktime(globals_: PsbtMap, inputs: tuple[PsbtMap, ...]) -> int:
    """BIP-370, "Determining Lock Time": the largest of a kind that all inputs accept, heights before times."""
    kinds = (fields.IN_REQUIRED_HEIGHT_LOCKTIME, fields.IN_REQUIRED_TIME_LOCKTIME)
    bound = [one for one in inputs if one.has(*kinds)]
    if not bound:
        return _number(globals_, fields.GLOBAL_FALLBACK_LOCKTIME)
    for kind in kinds:
        if all(one.has(kind) for one in bound):
            return max(_number(one, kind) for one in bound)
    refuse("inputs that require a height and inputs that require a time")


def _number(one: PsbtMap, field: int, otherwise: int = 0) -> int:
    value = one.get(field)
    return otherwise if value is None else int.from_bytes(value, "little")
