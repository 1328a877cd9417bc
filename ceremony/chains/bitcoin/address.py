"""Scripts and the addresses that people compare: script -> address on one network, and back.

An address belongs to a network; the same script on another network has another address, and decoding names the
network it expects. What has no address is described by its kind and its bytes in hex, never by text taken from it.
"""

from __future__ import annotations

from dataclasses import dataclass

from ceremony.base.errors import Malformed
from ceremony.chains.bitcoin.base58 import decode_base58check, encode_base58check
from ceremony.chains.bitcoin.bech32 import decode_segwit, encode_segwit
from ceremony.chains.bitcoin.networks import Network

OP_0, OP_RETURN = 0x00, 0x6a
OP_1, OP_16 = 0x51, 0x60
SHOWN_BYTES = 160  # longer data is shown by its beginning and its length

P2PKH, P2SH, P2WPKH, P2WSH, P2TR = "p2pkh", "p2sh", "p2wpkh", "p2wsh", "p2tr"
FUTURE_WITNESS, DATA, P2PK, ANCHOR, UNKNOWN = "future witness version", "data", "p2pk", "anchor", "unknown script"


class AddressMalformed(Malformed):
    """The text is no address of this network. Check ADDRESS-FORM."""


@dataclass(frozen=True)
class Destination:
    """What an output script is, for people: its kind, its address (or "") and, where there is no address, hex."""

    kind: str
    address: str
    hex: str


def witness_program(script: bytes) -> tuple[int, bytes] | None:
    """(version, program) of a segwit output script (BIP-141), or None."""
    if not 4 <= len(script) <= 42 or script[1] != len(script) - 2 or not 2 <= script[1] <= 40:
        return None
    if script[0] == OP_0:
        return 0, script[2:]
    return (script[0] - OP_1 + 1, script[2:]) if OP_1 <= script[0] <= OP_16 else None


def script_kind(script: bytes) -> str:
    """One of the kinds named above."""
    program = witness_program(script)
    if program is not None:
        known = {(0, 20): P2WPKH, (0, 32): P2WSH, (1, 32): P2TR}
        anchor = ANCHOR if script == bytes.fromhex("51024e73") else FUTURE_WITNESS
        return known.get((program[0], len(program[1])), anchor if program[0] else UNKNOWN)
    if len(script) == 25 and script[:3] == b"\x76\xa9\x14" and script[23:] == b"\x88\xac":
        return P2PKH
    if len(script) == 23 and script[:2] == b"\xa9\x14" and script[22:] == b"\x87":
        return P2SH
    if len(script) in (35, 67) and script[0] == len(script) - 2 and script[-1] == 0xac:
        return P2PK
    return DATA if script[:1] == bytes([OP_RETURN]) else UNKNOWN


def describe(script: bytes, network: Network) -> Destination:
    """The destination that `script` pays to on `network`."""
    kind = script_kind(script)
    if kind == P2PKH:
        return Destination(kind, encode_base58check(bytes([network.p2pkh_version]) + script[3:23]), "")
    if kind == P2SH:
        return Destination(kind, encode_base58check(bytes([network.p2sh_version]) + script[2:22]), "")
    program = witness_program(script)
    if program is not None and kind != UNKNOWN:
        return Destination(kind, encode_segwit(network.hrp, *program), "")
    return Destination(kind, "", _shown_hex(_data_of(script) if kind == DATA else script))


def script_of(address: str, network: Network) -> bytes:
    """The output script of an address of `network`; AddressMalformed for anything else, other networks included."""
    if "1" in address and address.lower().startswith(("bc1", "tb1", "bcrt1")):
        hrp, version, program = decode_segwit(address, AddressMalformed, "ADDRESS-FORM")
        if hrp != network.hrp:
            raise AddressMalformed("ADDRESS-FORM", f"an address of another network than {network.name}")
        return segwit_script(version, program)
    payload = decode_base58check(address, AddressMalformed, "ADDRESS-FORM")
    if len(payload) == 21 and payload[0] == network.p2pkh_version:
        return p2pkh_script(payload[1:])
    if len(payload) == 21 and payload[0] == network.p2sh_version:
        return b"\xa9\x14" + payload[1:] + b"\x87"
    raise AddressMalformed("ADDRESS-FORM", f"no address of {network.name}")


def segwit_script(version: int, program: bytes) -> bytes:
    """The output script of a witness program: version 0..16, 2..40 bytes."""
    return bytes([OP_1 + version - 1 if version else OP_0, len(program)]) + program


def p2pkh_script(pubkey_hash: bytes) -> bytes:
    """The pay-to-pubkey-hash script of 20 bytes."""
    return b"\x76\xa9\x14" + pubkey_hash + b"\x88\xac"


def in_groups(address: str) -> str:
    """An address in groups of four characters, never shortened: how people are shown it."""
    return " ".join(address[i:i + 4] for i in range(0, len(address), 4))


def _data_of(script: bytes) -> bytes:
    """The bytes of an OP_RETURN with one plain push, else everything behind the opcode."""
    if len(script) >= 2 and 1 <= script[1] <= 75 and len(script) == 2 + script[1]:
        return script[2:]
    if len(script) >= 3 and script[1] == 0x4c and len(script) == 3 + script[2]:
        return script[3:]
    return script[1:]


def _shown_hex(data: bytes) -> str:
    return data.hex() if len(data) <= SHOWN_BYTES else f"{data[:SHOWN_BYTES].hex()}… ({len(data)} bytes)"
