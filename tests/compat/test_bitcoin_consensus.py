"""Bitcoin Core's own code has the last word: it accepts what is signed over our digests, and nothing one bit beside it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ceremony.base.errors import LocalFault
from ceremony.base.ids import GroupId
from ceremony.chains.bitcoin.account import taproot_key
from ceremony.chains.bitcoin.finalize import finalize
from ceremony.chains.bitcoin.networks import REGTEST
from ceremony.chains.bitcoin.psbt import parse_psbt
from ceremony.chains.bitcoin.request import examine
from ceremony.chains.bitcoin.transaction import Transaction, parse_transaction
from ceremony.rehearsal import consensus, regtest
from ceremony.rehearsal.consensus import Unacceptable, flipped_twin, prove
from ceremony.rehearsal.spend import spend_psbt
from tests.bitcoin_kit import ACCOUNT, In, Out, build, change, sign, u32

GROUP = GroupId("5a" * 32)
CHAIN = regtest.funded_chain([taproot_key(ACCOUNT, 0, 0).script, taproot_key(ACCOUNT, 1, 7).script], GROUP)


@pytest.fixture
def pbk(pytestconfig):
    try:
        import pbk
    except ImportError:
        if pytestconfig.getoption("--require-all"):
            raise
        pytest.skip("NOT RUN: py-bitcoinkernel is not installed")
    return pbk


def signed(raw: bytes) -> bytes:
    psbt = parse_psbt(raw)
    request = examine(psbt, ACCOUNT, REGTEST)
    return finalize(psbt, request, sign(request)).transaction


def accepts(pbk, raw_transaction: bytes, spent: list) -> list[bool]:
    """Core's script verification of each input."""
    transaction = pbk.Transaction(raw_transaction)
    outputs = [pbk.TransactionOutput(pbk.ScriptPubkey(one.script), one.amount_sat) for one in spent]
    shared = pbk.script.PrecomputedTransactionData(transaction, outputs)
    return [output.script_pubkey.verify(one.amount_sat, transaction, shared, index, pbk.ScriptVerificationFlags.ALL)
            for index, (output, one) in enumerate(zip(outputs, spent, strict=True))]


@pytest.mark.parametrize("version", [0, 2])
@pytest.mark.parametrize("kind", [0, 1])
def test_scripts(pbk, version, kind):
    """A single key's signatures over our digests; then each input's signature, digest or amount one bit off."""
    put = ((b"\x03", u32(kind)),)
    inputs = [In(put=put), In(250_000, (1, 9), salt=1, put=put, sequence=7)]
    spent = [one.previous().outputs[1] for one in inputs]
    raw = signed(build(inputs, [Out(), change(289_000)], version, locktime=499))
    assert accepts(pbk, raw, spent) == [True, True]
    transaction = parse_transaction(raw)
    assert accepts(pbk, flipped_twin(transaction).serialize(), spent) == [False, True]
    swapped = transaction.with_witnesses([one.witness for one in reversed(transaction.inputs)])
    assert accepts(pbk, swapped.serialize(), spent) == [False, False]
    assert accepts(pbk, replace(transaction, locktime=500).serialize(), spent) == [False, False]
    assert accepts(pbk, raw, [spent[0], replace(spent[1], amount_sat=250_001)]) == [False, False]


@pytest.mark.parametrize("version", [0, 2])
def test_a_block_with_the_transaction_is_connected_and_its_twin_is_not(pbk, version):
    raw = signed(spend_psbt(ACCOUNT, CHAIN.funding, 6_000_000_000, version=version))
    verdict = prove(CHAIN, raw)
    assert (verdict.before, verdict.after_twin, verdict.after) == (102, 102, 103)


def test_a_transaction_that_core_refuses(pbk):
    """One that was changed after signing is not connected; one whose twin is the good one is found out by the twin."""
    good = parse_transaction(signed(spend_psbt(ACCOUNT, CHAIN.funding, 6_000_000_000)))
    for spoiled, check in ((replace(good, locktime=1), "CONSENSUS-REFUSED"), (flipped_twin(good), "CONSENSUS-TWIN")):
        with pytest.raises(Unacceptable) as caught:
            prove(CHAIN, spoiled.serialize())
        assert caught.value.check == check


def test_a_coin_that_is_not_ripe(pbk):
    young = regtest.Regtest(GROUP, CHAIN.blocks[:100], CHAIN.funding)
    raw = signed(spend_psbt(ACCOUNT, CHAIN.funding, 6_000_000_000))
    with pytest.raises(Unacceptable) as caught:
        prove(young, raw)
    assert caught.value.check == "CONSENSUS-REFUSED"


def test_a_chain_that_is_none(pbk):
    broken = regtest.Regtest(GROUP, CHAIN.blocks[:50] + CHAIN.blocks[51:], CHAIN.funding)
    raw = signed(spend_psbt(ACCOUNT, CHAIN.funding, 6_000_000_000))
    with pytest.raises(Unacceptable) as caught:
        prove(broken, raw)
    assert caught.value.check == "CONSENSUS-CHAIN"


def test_a_coin_can_be_spent_again_in_the_next_block(pbk):
    """A chain that goes on: the change of the first spend, spent by the second."""
    first = signed(spend_psbt(ACCOUNT, CHAIN.funding[:1], 6_000))
    longer = regtest.with_transactions(CHAIN, [parse_transaction(first)])
    second = signed(spend_psbt(ACCOUNT, [parse_transaction(first)], 5_000))
    assert prove(longer, second).after == 104


def test_without_the_kernel_the_station_says_so(monkeypatch):
    monkeypatch.setattr(consensus, "pbk", None)
    with pytest.raises(LocalFault) as caught:
        prove(CHAIN, signed(spend_psbt(ACCOUNT, CHAIN.funding, 6_000)))
    assert caught.value.check == "CONSENSUS-MISSING" and caught.value.do and caught.value.meaning


def test_the_twin_differs_by_one_bit():
    transaction: Transaction = parse_transaction(signed(build()))
    ours, twin = transaction.serialize(), flipped_twin(transaction).serialize()
    assert sum((a ^ b).bit_count() for a, b in zip(ours, twin, strict=True)) == 1
    assert flipped_twin(flipped_twin(transaction)) == transaction
