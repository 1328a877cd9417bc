"""Deterministic CBOR for what travels in QR codes: the same values as canonical JSON, at half the size.

The profile (``docs/formats.md`` section 7, RFC 8949 section 4.2.1) has maps with text keys, arrays, integers,
booleans, text and byte strings. A string value that is lower-case hex of even length travels as its bytes, every
other string as text, so that the translation is lossless both ways. The decoder is written here, since it must hold
every ceiling before memory is reserved; cbor2 encodes. That a value came in its one right form (shortest heads, sorted
keys, bytes where bytes belong, nothing after the end) is proven by encoding it once more and comparing.
"""

from __future__ import annotations

import re
from typing import Any

import cbor2

from ceremony.base.errors import Malformed
from ceremony.base.limits import MAX_BUNDLE_BYTES, MAX_NESTING
from ceremony.codec import canonical
from ceremony.codec.canonical import CanonicalMalformed, Value

_HEX = re.compile(r"(?:[0-9a-f]{2})+")
_UNSIGNED, _NEGATIVE, _BYTES, _TEXT, _ARRAY, _MAP, _TAG, _SIMPLE = range(8)  # major types, RFC 8949 section 3.1
_FALSE, _TRUE = 20, 21


class BundleMalformed(Malformed):
    """BUNDLE-MALFORMED: the bytes are not deterministic CBOR of this profile, or not a bundle."""


def _malformed(seen: str) -> BundleMalformed:
    return BundleMalformed("BUNDLE-MALFORMED", seen)


def encode(value: Value, *, max_nesting: int = MAX_NESTING) -> bytes:
    """The deterministic CBOR of a value of the canonical JSON profile. Raises BundleMalformed for any other value."""
    try:
        canonical.inspect(value, max_nesting)
    except CanonicalMalformed as fault:
        raise _malformed(fault.seen) from None
    return _dump(value)


def decode(raw: bytes, *, max_bytes: int = MAX_BUNDLE_BYTES, max_nesting: int = MAX_NESTING) -> Value:
    """The value of at most `max_bytes` bytes, with byte strings as hex. Raises BundleMalformed for anything else."""
    if len(raw) > max_bytes:
        raise _malformed(f"{len(raw)} bytes, more than the {max_bytes} allowed")
    value = _Reader(raw).value(max_nesting)
    try:
        canonical.inspect(value, max_nesting)
    except CanonicalMalformed as fault:
        raise _malformed(fault.seen) from None
    if _dump(value) != raw:
        raise _malformed("not in deterministic form")
    return value


def _dump(value: Value) -> bytes:
    # cbor2's canonical order is by length first (RFC 8949 section 4.2.3). For text keys, whose encoding begins with the
    # length, that is the bytewise order of section 4.2.1.
    return cbor2.dumps(_packed(value), canonical=True)


def _packed(value: Value) -> Any:
    if isinstance(value, str):
        return bytes.fromhex(value) if _HEX.fullmatch(value) else value
    if isinstance(value, dict):
        return {key: _packed(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_packed(item) for item in value]
    return value


class _Reader:
    """One pass over the bytes. No length is believed before that many bytes are known to be there."""

    def __init__(self, raw: bytes):
        self.raw, self.at = raw, 0

    def value(self, levels: int) -> Value:
        major, argument = self.head()
        if major == _UNSIGNED:
            return argument
        if major == _NEGATIVE:
            return -1 - argument
        if major == _BYTES:
            return self.take(argument).hex()
        if major == _TEXT:
            return self.text(argument)
        if major in (_ARRAY, _MAP):
            return self.container(major, argument, levels)
        if major == _SIMPLE and argument in (_FALSE, _TRUE):
            return argument == _TRUE
        raise _malformed("a tag, float, null or other value that this profile does not have")

    def head(self) -> tuple[int, int]:
        """Major type and argument of an item (RFC 8949 section 3)."""
        first = self.take(1)[0]
        major, info = first >> 5, first & 31
        if info < 24:
            return major, info
        if info > 27 or major == _SIMPLE:
            raise _malformed("an indefinite length, a float or a reserved head")
        return major, int.from_bytes(self.take(1 << (info - 24)), "big")

    def take(self, size: int) -> bytes:
        if size > len(self.raw) - self.at:
            raise _malformed("it ends too early")
        self.at += size
        return self.raw[self.at - size:self.at]

    def text(self, size: int) -> str:
        try:
            return str(self.take(size), "utf-8")
        except UnicodeDecodeError:
            raise _malformed("text that is not UTF-8") from None

    def container(self, major: int, count: int, levels: int) -> Value:
        if not levels:
            raise _malformed("nested too deeply")
        # Items are read one by one, and each takes a byte at least: a count that lies ends with the bytes.
        if major == _ARRAY:
            return [self.value(levels - 1) for _ in range(count)]
        return {self.key(): self.value(levels - 1) for _ in range(count)}

    def key(self) -> str:
        major, size = self.head()
        if major != _TEXT:
            raise _malformed("a key that is not text")
        return self.text(size)
