"""Bech32 and bech32m (BIP-173, BIP-350): the text form of segwit outputs, with a checksum that finds typing errors."""

from __future__ import annotations

from ceremony.base.errors import Malformed

CHARSET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
BECH32, BECH32M = 1, 0x2bc830a3  # the constants that the two checksums end in
MAX_CHARACTERS = 90
_GENERATOR = (0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3)


def encode_segwit(hrp: str, version: int, program: bytes) -> str:
    """The address of a witness program: bech32 for version 0, bech32m for 1 to 16. Lower case."""
    values = [version] + regroup(list(program), 8, 5)
    constant = BECH32 if version == 0 else BECH32M
    residue = _polymod(_expanded(hrp) + values + [0] * 6) ^ constant
    checksum = [residue >> 5 * (5 - i) & 31 for i in range(6)]
    return hrp + "1" + "".join(CHARSET[value] for value in values + checksum)


def decode_segwit(text: str, fault: type[Malformed], check: str) -> tuple[str, int, bytes]:
    """(human-readable part, version, program) of a segwit address; else `fault(check, …)`.

    Refused: mixed case, a checksum of the other kind, versions above 16, programs outside 2..40 bytes, version 0 with a
    program of other than 20 or 32 bytes, padding that is not zero or of five bits or more.
    """
    hrp, values, constant = decode_bech32(text, fault, check)
    if not values or values[0] > 16 or constant != (BECH32 if values[0] == 0 else BECH32M):
        raise fault(check, "no witness version, or the checksum of another one")
    padding = 5 * (len(values) - 1) % 8
    program = bytes(regroup(values[1:], 5, 8))
    if padding > 4 or len(values) > 1 and values[-1] & (1 << padding) - 1:
        raise fault(check, "the padding is not the shortest run of zeros")
    if not 2 <= len(program) <= 40 or values[0] == 0 and len(program) not in (20, 32):
        raise fault(check, f"a witness program of {len(program)} bytes")
    return hrp, values[0], program


def decode_bech32(text: str, fault: type[Malformed], check: str) -> tuple[str, list[int], int]:
    """(human-readable part in lower case, five-bit values without checksum, BECH32 or BECH32M); else `fault`."""
    if len(text) > MAX_CHARACTERS or not all(33 <= ord(character) <= 126 for character in text):
        raise fault(check, "not printable ASCII, or too long")
    if text.lower() != text and text.upper() != text:
        raise fault(check, "upper and lower case are mixed")
    hrp, separator, data = text.lower().rpartition("1")
    if not separator or not hrp or len(data) < 6 or not all(character in CHARSET for character in data):
        raise fault(check, "no human-readable part, or characters outside bech32")
    values = [CHARSET.index(character) for character in data]
    constant = _polymod(_expanded(hrp) + values)
    if constant not in (BECH32, BECH32M):
        raise fault(check, "the bech32 checksum does not fit")
    return hrp, values[:-6], constant


def regroup(values: list[int], from_bits: int, to_bits: int) -> list[int]:
    """The same bits in groups of another width. Widening drops an incomplete last group, narrowing pads it."""
    accumulator = bits = 0
    out = []
    for value in values:
        accumulator, bits = accumulator << from_bits | value, bits + from_bits
        while bits >= to_bits:
            bits -= to_bits
            out.append(accumulator >> bits & (1 << to_bits) - 1)
        accumulator &= (1 << bits) - 1
    if bits and to_bits < from_bits:
        out.append(accumulator << to_bits - bits)
    return out


def _expanded(hrp: str) -> list[int]:
    return [ord(character) >> 5 for character in hrp] + [0] + [ord(character) & 31 for character in hrp]


def _polymod(values: list[int]) -> int:
    checksum = 1
    for value in values:
        top = checksum >> 25
        checksum = (checksum & 0x1ffffff) << 5 ^ value
        for i, generator in enumerate(_GENERATOR):
            checksum ^= generator if top >> i & 1 else 0
    return checksum
