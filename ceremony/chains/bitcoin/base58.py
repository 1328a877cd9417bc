"""Base58 with a checksum: the text form of old addresses and of extended keys.

The alphabet leaves out 0, O, I and l; the checksum is the first four bytes of the double SHA-256. Every byte string
has one text form, and only that one is accepted. Source: Bitcoin Core's base58 and BIP-32, "Serialization format".
"""

from __future__ import annotations

from ceremony.base.errors import Malformed
from ceremony.chains.bitcoin.transaction import double_sha256

ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_DIGITS = {character: value for value, character in enumerate(ALPHABET)}
MAX_CHARACTERS = 120  # an extended key has 111


def encode_base58check(payload: bytes) -> str:
    """The text form of `payload` followed by its checksum."""
    data = payload + double_sha256(payload)[:4]
    number, text = int.from_bytes(data, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        text = ALPHABET[digit] + text
    return "1" * (len(data) - len(data.lstrip(b"\x00"))) + text


def decode_base58check(text: str, fault: type[Malformed], check: str) -> bytes:
    """The payload of at most MAX_CHARACTERS of base58 whose checksum is right; else `fault(check, …)`."""
    if len(text) > MAX_CHARACTERS or not all(character in _DIGITS for character in text):
        raise fault(check, "not base58, or too long")
    number = 0
    for character in text:
        number = number * 58 + _DIGITS[character]
    zeros = len(text) - len(text.lstrip("1"))
    data = bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8, "big")
    if len(data) < 4 or double_sha256(data[:-4])[:4] != data[-4:]:
        raise fault(check, "the base58 checksum does not fit")
    return data[:-4]
