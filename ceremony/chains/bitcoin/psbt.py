"""Partially signed Bitcoin transactions, versions 0 and 2 (BIP-174, BIP-370, BIP-371): strict bytes to a value and back.

A parsed PSBT keeps every pair in the order it came, unknown and proprietary ones too, so that what goes back to the
wallet is what it sent plus our signatures. Known fields have the form their BIP gives them or the whole is refused.
Nothing here is believed yet: `request.py` examines.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Iterable, Mapping, NoReturn, Sequence

from ceremony.base.errors import Malformed
from ceremony.base.limits import MAX_PSBT_BYTES, MAX_PSBT_INPUTS, MAX_PSBT_OUTPUTS
from ceremony.chains.bitcoin import psbt_fields as fields
from ceremony.chains.bitcoin.bytestream import Reader, compact_size, sized
from ceremony.chains.bitcoin.transaction import (
    SEQUENCE_FINAL, OutPoint, Transaction, TransactionMalformed, TxIn, TxOut, parse_output, parse_transaction,
    parse_unsigned)

MAGIC = b"psbt\xff"
MAX_TEXT_BYTES = 2 * MAX_PSBT_BYTES + MAX_PSBT_BYTES // 16  # hex digits and the line breaks between them


class PsbtMalformed(Malformed):
    """The bytes are no PSBT of version 0 or 2. Check PSBT-FORM."""


@dataclass(frozen=True)
class PsbtMap:
    """One map of a PSBT: its pairs (key with its type in front, value) in the order they came."""

    pairs: tuple[tuple[bytes, bytes], ...]

    @cached_property
    def _by_field(self) -> dict[int, list[tuple[bytes, bytes]]]:
        """Field number -> [(key data, value)…]: a hostile map may hold very many pairs and is asked very often."""
        grouped: dict[int, list[tuple[bytes, bytes]]] = {}
        for key, value in self.pairs:
            field = _field_of(key)
            grouped.setdefault(field, []).append((key[len(compact_size(field)):], value))
        return grouped

    def get(self, field: int) -> bytes | None:
        """The value of a field that has no key data, or None."""
        return next((value for key_data, value in self.all(field) if not key_data), None)

    def all(self, field: int) -> Sequence[tuple[bytes, bytes]]:
        """(key data, value) of every pair of that field."""
        return self._by_field.get(field, [])

    def has(self, *wanted: int) -> bool:
        """Whether any of these fields is there, with whatever key data."""
        return any(self.all(field) for field in wanted)

    def unknown(self, table: Mapping[int, fields.Field]) -> int:
        """How many pairs this version of the tool knows nothing about, proprietary ones included."""
        return sum(len(pairs) for field, pairs in self._by_field.items()
                   if field not in table or field == fields.PROPRIETARY)

    def put(self, field: int, value: bytes) -> PsbtMap:
        """The same map with `field` (of no key data) set to `value`, in its old place or at the end."""
        key = compact_size(field)
        if self.get(field) is None:
            return PsbtMap(self.pairs + ((key, value),))
        return PsbtMap(tuple((k, value if k == key else v) for k, v in self.pairs))

    def keep(self, wanted: Iterable[int], table: Mapping[int, fields.Field]) -> PsbtMap:
        """The same map without those known fields that are not `wanted`; unknown pairs stay."""
        kept = set(wanted) | {fields.PROPRIETARY}
        return PsbtMap(tuple(pair for pair in self.pairs if _field_of(pair[0]) in kept or _field_of(pair[0]) not in table))

    def serialize(self) -> bytes:
        """The pairs and the closing zero byte."""
        return b"".join(sized(key) + sized(value) for key, value in self.pairs) + b"\x00"


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
        return (parse_output(_reader(short)) if short is not None else None,
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
        _refuse(f"{len(data)} bytes of text, more than {MAX_TEXT_BYTES}")
    text = b"".join(data.split())
    try:
        if text[:10].lower() == MAGIC.hex().encode():
            return parse_psbt(binascii.unhexlify(text))
        if text[:6] == b"cHNidP":
            return parse_psbt(_canonical_base64(text))
    except (binascii.Error, ValueError):
        _refuse("text that begins like a PSBT and is neither hex nor base64")
    _refuse("no PSBT: neither its magic bytes nor base64 or hex of them")


def parse_psbt(data: bytes) -> Psbt:
    """A PSBT from its binary form, at most MAX_PSBT_BYTES.

    Refused with PsbtMalformed: other versions, duplicate keys, known fields of another form or version, missing required
    fields, sizes that are not minimal, missing or trailing bytes, locktimes that no value satisfies (BIP-370).
    """
    if len(data) > MAX_PSBT_BYTES:
        _refuse(f"{len(data)} bytes, more than {MAX_PSBT_BYTES}")
    reader = _reader(data)
    if reader.peek(5) != MAGIC:
        _refuse("the magic bytes are missing")
    reader.take(5)
    globals_ = _read_map(reader)
    version = int.from_bytes(globals_.get(fields.VERSION) or b"", "little")
    if version not in (0, 2):
        _refuse("a PSBT version other than 0 and 2")
    _check_map(globals_, fields.GLOBAL, version, "globals")
    unsigned = _unsigned(globals_)
    counts = (len(unsigned.inputs), len(unsigned.outputs)) if unsigned else _counts(globals_)
    inputs = _read_maps(reader, counts[0], fields.INPUT, version, "input")
    outputs = _read_maps(reader, counts[1], fields.OUTPUT, version, "output")
    reader.end()
    _check_nested(globals_, inputs)
    return Psbt(version, globals_, inputs, outputs, unsigned or _assembled(globals_, inputs, outputs))


def origin_of(value: bytes, taproot: bool) -> tuple[bytes, tuple[int, ...]]:
    """(4-byte fingerprint, path) of a derivation field's value, as checked by the parser."""
    reader = _reader(value)
    if taproot:
        reader.take(32 * reader.count(32))
    fingerprint = reader.take(4)
    return fingerprint, tuple(reader.uint(4) for _ in range(reader.left // 4))


def _reader(data: bytes) -> Reader:
    return Reader(data, PsbtMalformed, "PSBT-FORM")


def _refuse(seen: str) -> NoReturn:
    raise PsbtMalformed("PSBT-FORM", seen)


def _canonical_base64(text: bytes) -> bytes:
    data = base64.b64decode(text, validate=True)
    return data if base64.b64encode(data) == text else _refuse("base64 that is not in its one form")


def _field_of(key: bytes) -> int:
    return _reader(key).compact_size()


def _read_map(reader: Reader) -> PsbtMap:
    pairs: dict[bytes, bytes] = {}
    while key := reader.sized():
        if key in pairs:
            reader.refuse("the same key twice in one map")
        _field_of(key)
        pairs[key] = reader.sized()
    return PsbtMap(tuple(pairs.items()))


def _read_maps(reader: Reader, count: int, table: Mapping[int, fields.Field], version: int, what: str):
    if count > reader.left:
        reader.refuse(f"{count} {what} maps in {reader.left} bytes")
    maps = tuple(_read_map(reader) for _ in range(count))
    for number, one in enumerate(maps):
        _check_map(one, table, version, f"{what} {number}")
    return maps


def _check_map(one: PsbtMap, table: Mapping[int, fields.Field], version: int, where: str) -> None:
    """Every known pair has its form and belongs to this version; every required field is there."""
    for key, value in one.pairs:
        reader = _reader(key)
        field = table.get(reader.compact_size())
        if field is None:
            continue
        if version not in field.versions:
            _refuse(f"{where}: {field.name} does not belong into version {version}")
        for form, part in ((field.key, reader), (field.value, _reader(value))):
            form(part)
            part.end()
    for number, field in table.items():
        if version in field.required and one.get(number) is None:
            _refuse(f"{where}: {field.name} is missing")


def _check_nested(globals_: PsbtMap, inputs: tuple[PsbtMap, ...]) -> None:
    """Funding transactions parse, and each extended key's path is as long as its depth (BIP-174)."""
    for one in inputs:
        if (whole := one.get(fields.IN_NON_WITNESS_UTXO)) is not None:
            _transaction(whole)
    for xpub, value in globals_.all(fields.GLOBAL_XPUB):
        if len(value) != 4 + 4 * xpub[4]:
            _refuse("an extended key whose path is not as long as its depth")


def _transaction(data: bytes) -> Transaction:
    try:
        return parse_transaction(data)
    except TransactionMalformed as fault:
        _refuse(f"a funding transaction: {fault.seen}")


def _unsigned(globals_: PsbtMap) -> Transaction | None:
    data = globals_.get(fields.GLOBAL_UNSIGNED_TX)
    if data is None:
        return None
    try:
        unsigned = parse_unsigned(data)
    except TransactionMalformed as fault:
        _refuse(f"the unsigned transaction: {fault.seen}")
    if len(unsigned.inputs) > MAX_PSBT_INPUTS or len(unsigned.outputs) > MAX_PSBT_OUTPUTS:
        _refuse(f"more than {MAX_PSBT_INPUTS} inputs or {MAX_PSBT_OUTPUTS} outputs")
    return unsigned


def _counts(globals_: PsbtMap) -> tuple[int, int]:
    inputs, outputs = (_reader(globals_.get(f)).compact_size() for f in (fields.GLOBAL_INPUT_COUNT, fields.GLOBAL_OUTPUT_COUNT))
    return inputs, outputs


def _assembled(globals_: PsbtMap, inputs: tuple[PsbtMap, ...], outputs: tuple[PsbtMap, ...]) -> Transaction:
    """The unsigned transaction that the fields of version 2 describe."""
    txins = tuple(TxIn(OutPoint(one.get(fields.IN_PREVIOUS_TXID), _number(one, fields.IN_OUTPUT_INDEX)), b"",
                       _number(one, fields.IN_SEQUENCE, SEQUENCE_FINAL)) for one in inputs)
    txouts = tuple(TxOut(_number(one, fields.OUT_AMOUNT), one.get(fields.OUT_SCRIPT)) for one in outputs)
    return Transaction(_number(globals_, fields.GLOBAL_TX_VERSION), txins, txouts, _locktime(globals_, inputs))


def _locktime(globals_: PsbtMap, inputs: tuple[PsbtMap, ...]) -> int:
    """BIP-370, "Determining Lock Time": the largest of a kind that every input with a requirement accepts; heights first."""
    kinds = (fields.IN_REQUIRED_HEIGHT_LOCKTIME, fields.IN_REQUIRED_TIME_LOCKTIME)
    bound = [one for one in inputs if one.has(*kinds)]
    if not bound:
        return _number(globals_, fields.GLOBAL_FALLBACK_LOCKTIME)
    for kind in kinds:
        if all(one.has(kind) for one in bound):
            return max(_number(one, kind) for one in bound)
    _refuse("inputs that require a height and inputs that require a time")


def _number(one: PsbtMap, field: int, otherwise: int = 0) -> int:
    value = one.get(field)
    return otherwise if value is None else int.from_bytes(value, "little")
