"""The rehearsal's own chain, the rule that nothing else may be spent in a rehearsal, and the unsigned PSBTs it makes."""

from __future__ import annotations

import pytest

from ceremony.base.errors import Refused
from ceremony.base.ids import GroupId
from ceremony.chains.bitcoin.account import taproot_key
from ceremony.chains.bitcoin.finalize import finalize
from ceremony.chains.bitcoin.networks import REGTEST
from ceremony.chains.bitcoin.psbt import parse_psbt
from ceremony.chains.bitcoin.rehearsal_origin import check_rehearsal_origin, rehearsal_marker
from ceremony.chains.bitcoin.request import examine
from ceremony.chains.bitcoin.transaction import (
    NULL_OUTPOINT, OutPoint, Transaction, TxIn, TxOut, double_sha256, parse_transaction)
from ceremony.rehearsal.regtest import (
    BITS, GENESIS_HASH, MAX_FUNDED, TARGET, funded_chain, merkle_root, with_transactions)
from ceremony.rehearsal.spend import OUTSIDE_ADDRESS, spend_psbt
from tests.bitcoin_kit import ACCOUNT, In, account_of, build, change, serialized, sign

GROUP, OTHER_GROUP = GroupId("ab" * 32), GroupId("cd" * 32)
SCRIPTS = [taproot_key(ACCOUNT, 0, index).script for index in range(2)]
CHAIN = funded_chain(SCRIPTS, GROUP)
both_versions = pytest.mark.parametrize("version", [0, 2])


def refused(raw: bytes, group=GROUP, own=frozenset()) -> None:
    with pytest.raises(Refused) as caught:
        check_rehearsal_origin(parse_psbt(raw), group, own)
    assert caught.value.check == "TX-REHEARSAL-ORIGIN" and caught.value.culprits == ()


@both_versions
def test_a_spend_of_the_own_chain(version):
    raw = spend_psbt(ACCOUNT, CHAIN.funding, 3_000_000_000, version=version, change_index=4)
    psbt = parse_psbt(raw)
    assert psbt.version == version and psbt.serialize() == raw
    check_rehearsal_origin(psbt, GROUP, frozenset())
    request = examine(psbt, ACCOUNT, REGTEST)
    assert [one.kind for one in request.outputs] == ["payment", "change"]
    assert request.outputs[0].destination.address == OUTSIDE_ADDRESS and request.outputs[1].path == (1, 4)
    assert (request.spent_sat, request.fee_sat) == (10_000_000_000, 1000)


def test_coins_that_do_not_reach():
    for account, amount in ((ACCOUNT, 10_000_000_000), (account_of(3), 1)):
        with pytest.raises(ValueError):
            spend_psbt(account, CHAIN.funding, amount)


@both_versions
def test_coins_of_a_transaction_signed_before(version):
    psbt = parse_psbt(spend_psbt(ACCOUNT, CHAIN.funding[:1], 1_000_000, version=version))
    request = examine(psbt, ACCOUNT, REGTEST)
    first = finalize(psbt, request, sign(request))
    again = spend_psbt(ACCOUNT, [parse_transaction(first.transaction), CHAIN.funding[1]], 2_000_000, version=version)
    check_rehearsal_origin(parse_psbt(again), GROUP, frozenset({first.txid}))
    refused(again)
    refused(again, own=frozenset({bytes.fromhex(first.txid)[::-1].hex()}))


# --- everything else is refused ---------------------------------------------------------------------------------------

def coinbase(script_sig: bytes, outpoint: OutPoint = NULL_OUTPOINT, more: tuple[TxIn, ...] = ()) -> Transaction:
    return Transaction(2, (TxIn(outpoint, script_sig, 0xffffffff), *more), (TxOut(5_000_000_000, SCRIPTS[0]),), 0)


MARKER = rehearsal_marker(GROUP)
PUSHED = bytes([len(MARKER)]) + MARKER


def test_the_marker():
    assert MARKER == b"ceremony-rehearsal abababababababababababababababab"
    for script_sig in (b"\x51" + PUSHED, b"\x02\x11\x11" + PUSHED, PUSHED, b"\x51\x4c" + PUSHED, b"\x51\x4d\x33\x00" + MARKER, PUSHED + b"\x05x"):
        check_rehearsal_origin(parse_psbt(spend_psbt(ACCOUNT, [coinbase(script_sig)], 1000)), GROUP, frozenset())


@pytest.mark.parametrize("script_sig", [
    b"", b"\x51" + MARKER, b"\x51\x34" + PUSHED, b"\x51\x32" + MARKER[:-1], b"\x51\x34" + MARKER + b"0", b"\x51\x4c\x34" + MARKER,
    b"\x05xx" + PUSHED, b"\x51\x33" + MARKER.upper(), b"\x51\x33" + rehearsal_marker(OTHER_GROUP), b"\x4e\xff\xff\xff\xff" + PUSHED])
def test_a_coinbase_without_the_marker_as_a_push(script_sig):
    refused(spend_psbt(ACCOUNT, [coinbase(script_sig)], 1000))


def test_the_marker_in_what_is_no_coinbase():
    elsewhere = OutPoint(b"\x01" * 32, 0)
    refused(spend_psbt(ACCOUNT, [coinbase(b"\x51" + PUSHED, elsewhere)], 1000))
    refused(spend_psbt(ACCOUNT, [coinbase(b"\x51" + PUSHED, OutPoint(bytes(32), 0))], 1000))
    refused(spend_psbt(ACCOUNT, [coinbase(b"\x51" + PUSHED, more=(TxIn(elsewhere, b"", 0),))], 1000))


def test_the_chain_of_another_group():
    raw = spend_psbt(ACCOUNT, CHAIN.funding, 1000)
    refused(raw, group=OTHER_GROUP)
    assert {one.txid() for one in funded_chain(SCRIPTS, OTHER_GROUP).funding}.isdisjoint({one.txid() for one in CHAIN.funding})


@both_versions
def test_one_foreign_input_among_good_ones(version):
    refused(spend_psbt(ACCOUNT, [*CHAIN.funding, In().previous()], 1000, version=version))


@both_versions
def test_an_input_without_its_funding_transaction(version):
    """A witness UTXO alone cannot show where the coin comes from."""
    maps = parse_psbt(spend_psbt(ACCOUNT, CHAIN.funding, 1000, version=version))
    inputs = [[pair for pair in one.pairs if pair[0] != b"\x00"] for one in maps.inputs]
    refused(serialized([list(maps.globals.pairs), *inputs, *(list(one.pairs) for one in maps.outputs)]))


@both_versions
def test_an_input_with_a_marked_transaction_that_it_does_not_spend(version):
    lie = In(put=((b"\x00", CHAIN.funding[0].serialize()),))
    refused(build([lie], [change(99_000)], version))
    refused(build([In()], [change(99_000)], version))


# --- blocks -----------------------------------------------------------------------------------------------------------

def test_the_chain_is_a_chain():
    previous = GENESIS_HASH
    for block in CHAIN.blocks:
        header = block[:80]
        assert header[4:36] == previous
        assert int.from_bytes(header[72:76], "little") == BITS and int.from_bytes(double_sha256(header), "little") <= TARGET
        previous = double_sha256(header)
    assert CHAIN.height == len(SCRIPTS) + 100 and len(CHAIN.funding) == 2
    assert [one.outputs[0].script for one in CHAIN.funding] == SCRIPTS
    assert funded_chain(SCRIPTS, GROUP) == CHAIN


def test_how_many_coins_a_chain_can_hold():
    for count in (0, MAX_FUNDED + 1):
        with pytest.raises(ValueError):
            funded_chain([SCRIPTS[0]] * count, GROUP)


def test_merkle_roots():
    """Block 170's two transactions, and the rule for odd levels."""
    txids = [bytes.fromhex(one)[::-1] for one in ("b1fea52486ce0c62bb442b530a3f0132b826c74e473d1f2c220bfa78111c5082",
                                                  "f4184fc596403b9d638783cf57adfe4c75c605f6356fbc91338530e9831e9e16")]
    assert merkle_root(txids)[::-1].hex() == "7dac2c5666815c17a3b36427de37bb9d2e2c5ccec3f8633eb91a4205cb4c10ff"
    assert merkle_root(txids[:1]) == txids[0]
    assert merkle_root([b"a" * 32, b"b" * 32, b"c" * 32]) == merkle_root([b"a" * 32, b"b" * 32, b"c" * 32, b"c" * 32])


def test_a_block_more():
    psbt = parse_psbt(spend_psbt(ACCOUNT, CHAIN.funding, 1000))
    assert with_transactions(CHAIN, [psbt.transaction]).height == CHAIN.height + 1
