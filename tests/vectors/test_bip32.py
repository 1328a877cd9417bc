"""BIP-32 and BIP-86: public derivation against the published chains; invalid extended keys are refused by one fault."""

from __future__ import annotations

import json

import pytest

from ceremony.base.errors import UsageFault
from ceremony.chains.bitcoin.account import taproot_key
from ceremony.chains.bitcoin.address import describe
from ceremony.chains.bitcoin.bip32 import ExtendedKeyMalformed, account_key, parse_xpub
from ceremony.chains.bitcoin.networks import MAINNET


def test_chains(vectors):
    """Every link of the published chains that public derivation can make."""
    links = 0
    for vector in json.loads((vectors / "bip32/bip32.json").read_text())["valid"]:
        for parent, child in zip(vector["chains"], vector["chains"][1:]):
            key = parse_xpub(parent["pub"])
            step = child["path"].rsplit("/")[-1]
            if step.endswith("h"):
                with pytest.raises(UsageFault):
                    key.child(int(step[:-1]) + (1 << 31))
                continue
            assert str(key.child(int(step))[0]) == child["pub"]
            links += 1
    assert links >= 6


def test_invalid_keys(vectors):
    """Private keys are refused too, valid or not: no station has any business with one."""
    data = json.loads((vectors / "bip32/bip32.json").read_text())
    for text in [one["key"] for one in data["invalid"]] + [one["prv"] for v in data["valid"] for one in v["chains"]]:
        with pytest.raises(ExtendedKeyMalformed):
            parse_xpub(text)


def test_bip86(vectors):
    entries = json.loads((vectors / "bip86/bip86.json").read_text())["entries"]
    account = parse_xpub(entries[0]["xpub"])
    assert str(account) == entries[0]["xpub"]
    for entry in entries[1:]:
        key = taproot_key(account, *map(int, entry["path"].split("/")[-2:]))
        assert key.internal_key.hex() == entry["internal_key"]
        assert key.output_key.hex() == entry["output_key"]
        assert key.script.hex() == entry["scriptPubKey"]
        assert describe(key.script, MAINNET).address == entry["address"]


def test_values_written_down():
    """BIP-32 test vector 2, m -> m/0, so that a clone without the vector folder still proves the main point."""
    parent = parse_xpub("xpub661MyMwAqRbcFW31YEwpkMuc5THy2PSt5bDMsktWQcFF8syAmRUapSCGu8ED9W6oDMSgv6Zz8idoc4a6mr8BDzTJY47LJhkJ8UB7WEGuduB")
    assert str(parent.child(0)[0]) == (
        "xpub69H7F5d8KSRgmmdJg2KhpAK8SR3DjMwAdkxj3ZuxV27CprR9LgpeyGmXUbC6wb7ERfvrnKZjXoUmmDznezpbZb7ap6r1D3tgFxHmwMkQTPH")
    assert account_key(parent.pubkey, parent.chain_code, parent.version) == parent
