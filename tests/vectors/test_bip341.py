"""BIP-341's wallet vectors: output keys, addresses and the digests of the types we sign; the other types are refused."""

from __future__ import annotations

import json

import pytest

from ceremony.algebra.schnorr import schnorr_verify
from ceremony.algebra.secp256k1 import Point
from ceremony.base.errors import Refused
from ceremony.chains.bitcoin.address import describe, segwit_script
from ceremony.chains.bitcoin.bip32 import add_tweak
from ceremony.chains.bitcoin.networks import MAINNET
from ceremony.chains.bitcoin.sighash import commit, segwit_v0_digest, taproot_digest, taproot_message
from ceremony.chains.bitcoin.transaction import TxOut, parse_transaction, parse_unsigned
from ceremony.codec.digest import tagged_hash


def load(vectors):
    return json.loads((vectors / "bip341/wallet-test-vectors.json").read_text())


def test_output_keys_without_scripts(vectors):
    found = [one for one in load(vectors)["scriptPubKey"] if one["given"]["scriptTree"] is None]
    assert found
    for one in found:
        internal = bytes.fromhex(one["given"]["internalPubkey"])
        tweak = tagged_hash("TapTweak", internal)
        assert tweak.hex() == one["intermediary"]["tweak"]
        output = add_tweak(Point.from_xonly(internal), tweak).xonly()
        assert output.hex() == one["intermediary"]["tweakedPubkey"]
        assert segwit_script(1, output).hex() == one["expected"]["scriptPubKey"]


def test_addresses(vectors):
    for one in load(vectors)["scriptPubKey"]:
        script = bytes.fromhex(one["expected"]["scriptPubKey"])
        assert describe(script, MAINNET).address == one["expected"]["bip350Address"]


def test_key_path_digests(vectors):
    signed = refused = 0
    for case in load(vectors)["keyPathSpending"]:
        transaction = parse_unsigned(bytes.fromhex(case["given"]["rawUnsignedTx"]))
        spent = [TxOut(one["amountSats"], bytes.fromhex(one["scriptPubKey"])) for one in case["given"]["utxosSpent"]]
        shared = commit(transaction, spent)
        expected = case["intermediary"]
        assert (shared.amounts.hex(), shared.outputs.hex(), shared.prevouts.hex()) == (
            expected["hashAmounts"], expected["hashOutputs"], expected["hashPrevouts"])
        assert (shared.scripts.hex(), shared.sequences.hex()) == (expected["hashScriptPubkeys"], expected["hashSequences"])
        for one in case["inputSpending"]:
            index, kind = one["given"]["txinIndex"], one["given"]["hashType"]
            if kind not in (0, 1):
                with pytest.raises(Refused) as caught:
                    taproot_digest(transaction, shared, index, kind)
                assert caught.value.check == "TX-SIGHASH-TYPE"
                refused += 1
                continue
            assert taproot_message(transaction, shared, index, kind).hex() == one["intermediary"]["sigMsg"]
            digest = taproot_digest(transaction, shared, index, kind)
            assert digest.hex() == one["intermediary"]["sigHash"]
            witness = bytes.fromhex(one["expected"]["witness"][0])
            schnorr_verify(spent[index].script[2:], digest, witness[:64])
            signed += 1
        assert parse_transaction(bytes.fromhex(case["auxiliary"]["fullySignedTx"])).serialize().hex() == case["auxiliary"]["fullySignedTx"]
    assert signed >= 2 and refused >= 5


def test_bip143_p2wpkh_written_down():
    """The "Native P2WPKH" example of BIP-143."""
    transaction = parse_unsigned(bytes.fromhex(
        "0100000002fff7f7881a8099afa6940d42d1e7f6362bec38171ea3edf433541db4e4ad969f0000000000eeffffffef51e1b804cc89d182d279655c3aa"
        "89e815b1b309fe287d9b2b55d57b90ec68a0100000000ffffffff02202cb206000000001976a9148280b37df378db99f66f85c95a783a76ac7a6d5988"
        "ac9093510d000000001976a9143bde42dbee7e4dbe6a21b2d50ce2f0167faa815988ac11000000"))
    pubkey_hash = bytes.fromhex("1d0f172a0ecb48aee1be1f2687d2963ae33f71a1")
    assert segwit_v0_digest(transaction, 1, pubkey_hash, 600_000_000).hex() == (
        "c37af31116d1b27caf68aae9e3ac82f1477929014d5b917657d0eb49478cb670")
    for kind in (0, 2, 3, 0x81):
        with pytest.raises(Refused):
            segwit_v0_digest(transaction, 1, pubkey_hash, 600_000_000, kind)
