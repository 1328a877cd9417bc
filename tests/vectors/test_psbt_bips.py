"""BIP-174, BIP-370 and BIP-371: every valid PSBT comes back byte for byte, every invalid one is refused by one fault."""

from __future__ import annotations

import base64
import json

import pytest

from ceremony.base.errors import Refused
from ceremony.chains.bitcoin.networks import MAINNET, TESTNET
from ceremony.chains.bitcoin.psbt import PsbtMalformed, read_psbt
from ceremony.chains.bitcoin.request import examine
from ceremony.chains.bitcoin.transaction import parse_transaction, serialize_witness
from tests.bitcoin_kit import account_of

BIPS = ["bip174", "bip370", "bip371"]


def cases(vectors, bip, word):
    found = [one for one in json.loads((vectors / bip / "psbt.json").read_text()) if word in one["group"]]
    assert found
    return found


@pytest.mark.parametrize("bip", BIPS)
def test_invalid(vectors, bip):
    for one in cases(vectors, bip, "invalid"):
        for data in (bytes.fromhex(one["hex"]), one["hex"].encode(), one["base64"].encode()):
            with pytest.raises(PsbtMalformed):
                read_psbt(data)


@pytest.mark.parametrize("bip", BIPS)
def test_valid(vectors, bip):
    for one in cases(vectors, bip, " valid"):
        raw = bytes.fromhex(one["hex"])
        for data in (raw, one["hex"].encode(), base64.b64encode(raw)):
            assert read_psbt(data).serialize() == raw
        assert read_psbt(raw).version == (2 if bip == "bip370" else 0)


def test_version_2_describes_a_transaction(vectors):
    """The BIP's own example spends the same output as its version 0 example; values read from its text."""
    transaction = read_psbt(bytes.fromhex(cases(vectors, "bip370", " valid")[1]["hex"])).transaction
    assert str(transaction.inputs[0].outpoint) == (
        "c85f81844094f9f0eec1e41f8d63e0a99e9f73dc725d7319871c9c4121d90a0b:0")
    assert [one.amount_sat for one in transaction.outputs] == [800_000_000, 199_998_859]
    assert (transaction.version, transaction.inputs[0].sequence, transaction.locktime) == (2, 0xfffffffe, 0)


def test_locktimes(vectors):
    expected = [10000, 10000, 1657048460, 1657048460]
    found = [read_psbt(bytes.fromhex(one["hex"])).transaction.locktime for one in cases(vectors, "bip370", "timelock")
             if "cannot" not in one["group"]]
    assert found == expected
    for one in cases(vectors, "bip370", "cannot be computed"):
        with pytest.raises(PsbtMalformed):
            read_psbt(bytes.fromhex(one["hex"]))


@pytest.mark.parametrize("bip", BIPS)
def test_nothing_of_it_is_ours(vectors, bip):
    """The strongest form of the BIP's "fails signer checks": whatever parses and is not ours is refused by name."""
    for one in json.loads((vectors / bip / "psbt.json").read_text()):
        try:
            psbt = read_psbt(bytes.fromhex(one["hex"]))
        except PsbtMalformed:
            continue
        for network in (MAINNET, TESTNET):
            with pytest.raises(Refused) as caught:
                examine(psbt, account_of(network=network), network)
            assert caught.value.check.startswith("TX-")


def test_roles(vectors):
    """BIP-174's workflow: each stage parses; the finalised PSBT holds the witnesses of the extracted transaction."""
    roles = json.loads((vectors / "bip174/bitcoinjs_roles.json").read_text())
    for role in ("updater", "signer", "finalizer"):
        for one in roles[role]:
            for text in (one["psbt"], one["result"]):
                assert base64.b64encode(read_psbt(text.encode()).serialize()).decode() == text
    for one in roles["extractor"]:
        final = parse_transaction(bytes.fromhex(one["transaction"]))
        psbt = read_psbt(one["psbt"].encode())
        assert psbt.transaction.outputs == final.outputs
        assert [i.outpoint for i in psbt.transaction.inputs] == [i.outpoint for i in final.inputs]
        for txin, one_map in zip(final.inputs, psbt.inputs, strict=True):
            assert one_map.get(0x08) in (None, serialize_witness(txin.witness))
            assert (one_map.get(0x07) or b"") == txin.script_sig
