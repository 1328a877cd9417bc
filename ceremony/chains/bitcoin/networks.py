"""The four Bitcoin networks, as the prefixes by which their addresses and extended keys are told apart.

Testnet and signet share every prefix, and regtest differs from them only in bech32: an extended key or a base58
address cannot tell these three apart, mainnet always can. Values: Bitcoin Core's chain parameters, BIP-32, BIP-173.
"""

from __future__ import annotations

from dataclasses import dataclass

from ceremony.base.errors import Refused


@dataclass(frozen=True)
class Network:
    """One network. `xpub_version` is 4 bytes; the two base58 versions are one byte each."""

    name: str
    hrp: str
    p2pkh_version: int
    p2sh_version: int
    xpub_version: bytes


MAINNET = Network("mainnet", "bc", 0x00, 0x05, bytes.fromhex("0488b21e"))
TESTNET = Network("testnet", "tb", 0x6f, 0xc4, bytes.fromhex("043587cf"))
SIGNET = Network("signet", "tb", 0x6f, 0xc4, bytes.fromhex("043587cf"))
REGTEST = Network("regtest", "bcrt", 0x6f, 0xc4, bytes.fromhex("043587cf"))

NETWORKS = {network.name: network for network in (MAINNET, TESTNET, SIGNET, REGTEST)}


def network_named(name: str) -> Network:
    """The network of that name; Refused (BTC-NETWORK) for any other."""
    try:
        return NETWORKS[name]
    except KeyError:
        raise Refused("BTC-NETWORK", f"no such Bitcoin network; known are {', '.join(NETWORKS)}") from None
