"""Bitcoin transactions, legacy and segwit: strict bytes to a frozen value and back, identifiers and sizes.

Only the form is judged here: minimal compact sizes, nothing trailing, nothing superfluous, counts that the bytes can
hold. Whether amounts add up or scripts are ours is the examination's question (`request.py`). Layout: BIP-144.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Sequence

from ceremony.base.errors import Malformed
from ceremony.base.limits import MAX_TRANSACTION_BYTES
from ceremony.chains.bitcoin.bytestream import Reader, compact_size, sized

SEQUENCE_FINAL = 0xffffffff
MIN_INPUT_BYTES, MIN_OUTPUT_BYTES = 41, 9  # outpoint 36, empty script 1, sequence 4; amount 8, empty script 1


class TransactionMalformed(Malformed):
    """The bytes are not one transaction in its one encoding. Check TX-FORM."""


@dataclass(frozen=True, order=True)
class OutPoint:
    """Which output is spent. `txid` is 32 bytes in the order of the wire, the reverse of what people read."""

    txid: bytes
    vout: int

    def __str__(self) -> str:
        return f"{shown_txid(self.txid)}:{self.vout}"

    def serialize(self) -> bytes:
        """36 bytes."""
        return self.txid + self.vout.to_bytes(4, "little")


NULL_OUTPOINT = OutPoint(bytes(32), 0xffffffff)  # what a coinbase "spends"


@dataclass(frozen=True)
class TxIn:
    """One input. `witness` holds the stack items; empty where there is none."""

    outpoint: OutPoint
    script_sig: bytes
    sequence: int
    witness: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class TxOut:
    """One output: an unsigned 64-bit number of satoshi, not yet judged, and a script."""

    amount_sat: int
    script: bytes

    def serialize(self) -> bytes:
        """Amount (8 bytes, little-endian) and sized script."""
        return self.amount_sat.to_bytes(8, "little") + sized(self.script)


@dataclass(frozen=True)
class Transaction:
    """One transaction. `version` is the unsigned reading of its four bytes."""

    version: int
    inputs: tuple[TxIn, ...]
    outputs: tuple[TxOut, ...]
    locktime: int

    def serialize(self) -> bytes:
        """Network form: with witnesses when there are any."""
        return self._serialize(any(txin.witness for txin in self.inputs))

    def serialize_stripped(self) -> bytes:
        """Network form without witnesses: what the txid commits to."""
        return self._serialize(False)

    def _serialize(self, with_witness: bool) -> bytes:
        parts = [self.version.to_bytes(4, "little"), b"\x00\x01" if with_witness else b""]
        parts += [compact_size(len(self.inputs))]
        parts += [i.outpoint.serialize() + sized(i.script_sig) + i.sequence.to_bytes(4, "little") for i in self.inputs]
        parts += [compact_size(len(self.outputs))] + [o.serialize() for o in self.outputs]
        parts += [serialize_witness(i.witness) for i in self.inputs] if with_witness else []
        return b"".join(parts) + self.locktime.to_bytes(4, "little")

    def txid(self) -> bytes:
        """32 bytes in the order of the wire; fixed before signing when every input is segwit."""
        return double_sha256(self.serialize_stripped())

    def wtxid(self) -> bytes:
        """32 bytes in the order of the wire, witnesses included."""
        return double_sha256(self.serialize())

    def weight(self) -> int:
        """Weight units of BIP-141: three times the stripped size plus the whole size."""
        return 3 * len(self.serialize_stripped()) + len(self.serialize())

    def vsize(self) -> int:
        """Virtual bytes: a quarter of the weight, rounded up."""
        return (self.weight() + 3) // 4

    def with_witnesses(self, witnesses: Sequence[tuple[bytes, ...]]) -> Transaction:
        """The same transaction with these witness stacks, one for each input in order."""
        return replace(self, inputs=tuple(replace(i, witness=w) for i, w in zip(self.inputs, witnesses, strict=True)))


def double_sha256(data: bytes) -> bytes:
    """SHA-256 of SHA-256, 32 bytes."""
    return hashlib.sha256(hashlib.sha256(data).digest()).digest()


def shown_txid(txid: bytes) -> str:
    """The 64 hex digits that people and block explorers use: the bytes reversed."""
    return txid[::-1].hex()


def serialize_witness(stack: tuple[bytes, ...]) -> bytes:
    """One witness stack as BIP-144 writes it."""
    return compact_size(len(stack)) + b"".join(sized(item) for item in stack)


def parse_transaction(data: bytes) -> Transaction:
    """A network transaction, legacy or segwit, at most MAX_TRANSACTION_BYTES.

    Refused with TransactionMalformed: no inputs or outputs, an unknown segwit flag, a segwit form without any witness
    (it has a shorter encoding), sizes that are not minimal, missing or trailing bytes.
    """
    reader = _opened(data)
    version = reader.uint(4)
    segwit = reader.peek(1) == b"\x00"
    if segwit and reader.take(2) != b"\x00\x01":
        reader.refuse("no inputs, or an unknown segwit flag")
    inputs, outputs = _inputs(reader), _outputs(reader)
    if not inputs or not outputs:
        reader.refuse("a transaction without inputs or without outputs")
    if segwit:
        witnesses = [read_witness(reader) for _ in inputs]
        if not any(witnesses):
            reader.refuse("a segwit form without any witness")
        inputs = [replace(i, witness=w) for i, w in zip(inputs, witnesses)]
    return _closed(reader, version, inputs, outputs)


def parse_unsigned(data: bytes) -> Transaction:
    """The unsigned transaction of a PSBT (BIP-174): the old form whatever it looks like, all scriptSigs empty.

    Zero inputs or outputs are form here, not error: a PSBT under construction may have none.
    """
    reader = _opened(data)
    version, inputs, outputs = reader.uint(4), _inputs(reader), _outputs(reader)
    if any(txin.script_sig for txin in inputs):
        reader.refuse("an unsigned transaction with a scriptSig")
    return _closed(reader, version, inputs, outputs)


def parse_output(reader: Reader) -> TxOut:
    """One output from `reader`."""
    return TxOut(reader.uint(8), reader.sized())


def read_witness(reader: Reader) -> tuple[bytes, ...]:
    """One witness stack from `reader`."""
    return tuple(reader.sized() for _ in range(reader.count(1)))


def _opened(data: bytes) -> Reader:
    reader = Reader(data, TransactionMalformed, "TX-FORM")
    if len(data) > MAX_TRANSACTION_BYTES:
        reader.refuse(f"{len(data)} bytes, more than {MAX_TRANSACTION_BYTES}")
    return reader


def _inputs(reader: Reader) -> list[TxIn]:
    return [TxIn(OutPoint(reader.take(32), reader.uint(4)), reader.sized(), reader.uint(4))
            for _ in range(reader.count(MIN_INPUT_BYTES))]


def _outputs(reader: Reader) -> list[TxOut]:
    return [parse_output(reader) for _ in range(reader.count(MIN_OUTPUT_BYTES))]


def _closed(reader: Reader, version: int, inputs: list[TxIn], outputs: list[TxOut]) -> Transaction:
    locktime = reader.uint(4)
    reader.end()
    return Transaction(version, tuple(inputs), tuple(outputs), locktime)
