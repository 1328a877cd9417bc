"""BIP-173, BIP-350 and the address sets: what decodes, to which script, and what must not."""

from __future__ import annotations

import json

import pytest

from ceremony.chains.bitcoin.address import AddressMalformed, describe, script_of
from ceremony.chains.bitcoin.bech32 import BECH32, BECH32M, decode_bech32
from ceremony.chains.bitcoin.networks import MAINNET, NETWORKS, REGTEST, TESTNET


def strings(vectors, name):
    return json.loads((vectors / f"{name}/{name}.json").read_text())


def bech32(text):
    return decode_bech32(text, AddressMalformed, "ADDRESS-FORM")


@pytest.mark.parametrize("name, constant", [("bip173", BECH32), ("bip350", BECH32M)])
def test_strings(vectors, name, constant):
    data = strings(vectors, name)
    for text in data["valid_strings"]:
        assert bech32(text)[2] == constant
    for one in data["invalid_strings"]:
        text = bytes.fromhex(one["bytes_hex"]).decode("latin-1")
        try:
            assert bech32(text)[2] != constant
        except AddressMalformed:
            pass


def network_of(address):
    return MAINNET if address.lower().startswith("bc1") else TESTNET


def test_segwit_addresses(vectors):
    """BIP-350's list; the addresses of version 1 and above in BIP-173 are superseded by it."""
    data = strings(vectors, "bip350")
    old = [one for one in strings(vectors, "bip173")["valid_addresses"] if one["scriptPubKey"].startswith("00")]
    for one in data["valid_addresses"] + old:
        script = script_of(one["address"], network_of(one["address"]))
        assert script.hex() == one["scriptPubKey"]
        assert describe(script, network_of(one["address"])).address == one["address"].lower()


@pytest.mark.parametrize("name", ["bip173", "bip350"])
def test_segwit_addresses_refused(vectors, name):
    for one in strings(vectors, name)["invalid_addresses"]:
        for network in NETWORKS.values():
            with pytest.raises(AddressMalformed):
                script_of(one["address"], network)


def test_version_1_in_the_old_checksum_is_refused(vectors):
    new_only = [one["address"] for one in strings(vectors, "bip173")["valid_addresses"] if not one["scriptPubKey"].startswith("00")]
    for address in new_only:
        with pytest.raises(AddressMalformed):
            script_of(address, network_of(address))


def test_base58_addresses(vectors):
    for text, payload, meta in json.loads((vectors / "addresses/base58_keys_valid.json").read_text()):
        network, other = (TESTNET, MAINNET) if meta["isTestnet"] else (MAINNET, TESTNET)
        with pytest.raises(AddressMalformed):
            script_of(text, other)
        if meta["isPrivkey"]:
            with pytest.raises(AddressMalformed):
                script_of(text, network)
            continue
        script = script_of(text, network)
        assert payload in script.hex() and describe(script, network).kind == {"pubkey": "p2pkh", "script": "p2sh"}[meta["addrType"]]
        assert describe(script, network).address == text


def test_base58_refused(vectors):
    data = json.loads((vectors / "addresses/bitcoinjs_address.json").read_text())["invalid"]
    texts = [row[0] for row in json.loads((vectors / "addresses/base58_keys_invalid.json").read_text())]
    texts += [one["address"] for kind in ("bech32", "fromBase58Check") for one in data[kind]]
    for text in texts:
        for network in NETWORKS.values():
            with pytest.raises(AddressMalformed):
                script_of(text, network)


def test_addresses_of_other_software(vectors):
    """Each decodes on its own network and encodes back; hashes are the published ones."""
    names = {"bitcoin": MAINNET, "testnet": TESTNET, "regtest": REGTEST}
    checked = 0
    for one in json.loads((vectors / "addresses/bitcoinjs_address.json").read_text())["standard"]:
        network = names.get(one["network"])
        address = one.get("bech32") or one.get("base58check")
        if network is None or address is None:
            continue
        script = script_of(address, network)
        assert describe(script, network).address == (address.lower() if "bech32" in one else address)
        assert one.get("hash", one.get("data")) in script.hex()
        checked += 1
    assert checked >= 8


def test_values_written_down():
    """BIP-350's Taproot example, its network's neighbours, and P2SH, P2PKH of Bitcoin Core's key tests."""
    address = "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0"
    assert script_of(address, MAINNET).hex() == "512079be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
    for network in (TESTNET, REGTEST):
        with pytest.raises(AddressMalformed):
            script_of(address, network)
    assert script_of("3CMNFxN1oHBc4R1EpboAL5yzHGgE611Xou", MAINNET).hex() == "a91474f209f6ea907e2ea48f74fae05782ae8a66525787"
    assert script_of("1AGNa15ZQXAZUgFiqJ2i7Z2DPU2J6hW62i", MAINNET).hex() == "76a91465a16059864a2fdbc7c99a4723a8395bc6f188eb88ac"
