"""Transactions: one encoding, identifiers and sizes; and the reader that every Bitcoin decoder stands on."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ceremony.base.errors import Malformed
from ceremony.base.limits import MAX_TRANSACTION_BYTES
from ceremony.chains.bitcoin.bytestream import Reader, compact_size
from ceremony.chains.bitcoin.transaction import (
    OutPoint, Transaction, TransactionMalformed, TxIn, TxOut, parse_transaction, parse_unsigned)

# The transaction of block 170, the first payment between two people, and its published identifier.
FIRST_PAYMENT = bytes.fromhex(
    "0100000001c997a5e56e104102fa209c6a852dd90660a20b2d9c352423edce25857fcd3704000000004847304402204e45e16932b8af514961a1d3a1a25f"
    "df3f4f7732e9d624c6c61548ab5fb8cd410220181522ec8eca07de4860a4acdd12909d831cc56cbbac4622082221a8768d1d0901ffffffff0200ca9a3b00"
    "000000434104ae1a62fe09c5f51b13905f07f06b99a2f7159b2225f374cd378d71302fa28414e7aab37397f554a7df5f142c21c1b7303b8a0626f1baded5c"
    "72a704f7e6cd84cac00286bee0000000043410411db93e1dcdb8a016b49840f8c53bc1eb68a382e97b1482ecad7b148a6909a5cb2e0eaddfb84ccf9744464"
    "f82e160bfa9b8b64f9d4c03f999b8643f656b412a3ac00000000")

byte_strings = st.binary(max_size=300)
outpoints = st.builds(OutPoint, st.binary(min_size=32, max_size=32), st.integers(0, 0xffffffff))
txins = st.builds(TxIn, outpoints, byte_strings, st.integers(0, 0xffffffff), st.lists(byte_strings, max_size=3).map(tuple))
txouts = st.builds(TxOut, st.integers(0, (1 << 64) - 1), byte_strings)
transactions = st.builds(Transaction, st.integers(0, 0xffffffff), st.lists(txins, min_size=1, max_size=4).map(tuple),
                         st.lists(txouts, min_size=1, max_size=4).map(tuple), st.integers(0, 0xffffffff))


def refused(data: bytes) -> None:
    with pytest.raises(TransactionMalformed) as caught:
        parse_transaction(data)
    assert caught.value.check == "TX-FORM" and caught.value.culprits == ()


def test_a_transaction_from_history():
    transaction = parse_transaction(FIRST_PAYMENT)
    assert transaction.serialize() == FIRST_PAYMENT
    assert transaction.txid()[::-1].hex() == "f4184fc596403b9d638783cf57adfe4c75c605f6356fbc91338530e9831e9e16"
    assert transaction.wtxid() == transaction.txid()
    assert transaction.vsize() == len(FIRST_PAYMENT) == 275
    assert [one.amount_sat for one in transaction.outputs] == [10 * 10**8, 40 * 10**8]


def test_transactions_of_bitcoin_cores_set(vectors):
    """Random transactions of Core's sighash tests: each comes back as it was, or has no place on the network."""
    rows = json.loads((vectors / "sighash_legacy/sighash.json").read_text())
    parsed = 0
    for row in rows:
        if len(row) < 5:
            continue
        raw = bytes.fromhex(row[0])
        assert parse_transaction(raw).serialize() == raw
        parsed += 1
    assert parsed > 100


@given(transactions)
def test_round_trip(transaction):
    raw = transaction.serialize()
    again = parse_transaction(raw)
    assert again == transaction and again.serialize() == raw
    assert transaction.weight() == 3 * len(transaction.serialize_stripped()) + len(raw)


@given(transactions, st.data())
def test_every_cut_and_every_addition_is_refused(transaction, data):
    raw = transaction.serialize()
    refused(raw[:data.draw(st.integers(0, len(raw) - 1))])
    refused(raw + data.draw(st.binary(min_size=1, max_size=4)))


@given(transactions)
def test_the_txid_is_blind_to_witnesses(transaction):
    bare = transaction.with_witnesses([()] * len(transaction.inputs))
    assert transaction.txid() == bare.txid() == bare.wtxid()


def segwit(flag=b"\x00\x01", witness=b"\x01\x01x") -> bytes:
    one = FIRST_PAYMENT
    return one[:4] + flag + one[4:-4] + witness + one[-4:]


def test_segwit_form():
    assert parse_transaction(segwit()).inputs[0].witness == (b"x",)
    refused(segwit(flag=b"\x00\x02"))
    refused(segwit(flag=b"\x00\x00"))
    refused(segwit(witness=b"\x00"))              # a witness that is not there has a shorter form
    refused(segwit(witness=b"\x01\xfd\x01\x00x"))
    refused(segwit(witness=b"\xfd\x01\x00\x01x"))
    refused(segwit(witness=b"\xff" + b"\xff" * 8))


@pytest.mark.parametrize("counts", [b"\xfd\x01\x00", b"\xfe\x01\x00\x00\x00", b"\xff\x01" + bytes(7)])
def test_counts_that_are_not_minimal(counts):
    refused(FIRST_PAYMENT[:4] + counts + FIRST_PAYMENT[5:])


@pytest.mark.parametrize("counts", [b"\xfe\xff\xff\xff\xff", b"\xff" * 9, b"\x02"])
def test_counts_beyond_what_is_there(counts):
    refused(FIRST_PAYMENT[:4] + counts + FIRST_PAYMENT[5:])


def test_no_inputs_or_no_outputs():
    one = parse_transaction(FIRST_PAYMENT)
    refused(Transaction(1, (), one.outputs, 0).serialize())
    refused(Transaction(1, one.inputs, (), 0).serialize())
    assert parse_unsigned(Transaction(1, (), (), 7).serialize()).locktime == 7


def test_unsigned_means_unsigned():
    for raw in (FIRST_PAYMENT, segwit()):
        with pytest.raises(TransactionMalformed):
            parse_unsigned(raw)


def test_larger_than_any_block():
    refused(bytes(MAX_TRANSACTION_BYTES + 1))


@given(st.integers(0, (1 << 64) - 1))
def test_compact_sizes(number):
    reader = Reader(compact_size(number), TransactionMalformed, "TX-FORM")
    assert reader.compact_size() == number
    reader.end()


@pytest.mark.parametrize("data", ["fd0000", "fdfc00", "fe00000000", "feffff0000", "ff0000000000000000", "ffffffffff00000000", "", "fd00"])
def test_compact_sizes_refused(data):
    with pytest.raises(Malformed):
        Reader(bytes.fromhex(data), TransactionMalformed, "TX-FORM").compact_size()


def test_the_bounds_of_compact_sizes():
    assert [len(compact_size(n)) for n in (0, 252, 253, 65535, 65536, 2**32 - 1, 2**32)] == [1, 1, 3, 3, 5, 5, 9]
