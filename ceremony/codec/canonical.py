"""Canonical JSON: the one way a value becomes bytes, and the refusal of every other way.

The profile is RFC 8785 made narrower (``docs/formats.md`` section 1): ASCII keys, no floats, no null, no characters
that hide or reorder text, integers that every JSON reader keeps exact. Within it the standard library's encoder with
sorted keys gives the bytes of RFC 8785, so that ``jq -cS`` on any machine agrees. A decoder proves canonical form in
the simplest way: it encodes what it read and compares.
"""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from ceremony.base.errors import Malformed
from ceremony.base.limits import MAX_INTEGER, MAX_NESTING

Value = Any
"""A dict with str keys, a list (or tuple), a str, an int or a bool."""

# C0 and C1 controls and DEL, the marks that reorder text, and lone surrogates.
_REFUSED = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class CanonicalMalformed(Malformed):
    """CODEC-CANONICAL: the value or the bytes are outside the profile."""


def _malformed(seen: str) -> CanonicalMalformed:
    return CanonicalMalformed("CODEC-CANONICAL", seen)


def encode(value: Value, *, max_nesting: int = MAX_NESTING) -> bytes:
    """The canonical bytes of a value, without a final LF. Raises CanonicalMalformed for a value outside the profile."""
    inspect(value, max_nesting)
    return _dump(value)


def decode(raw: bytes, *, max_bytes: int, max_nesting: int = MAX_NESTING) -> Value:
    """The value of at most `max_bytes` canonical bytes. Raises CanonicalMalformed for any other bytes."""
    if len(raw) > max_bytes:
        raise _malformed(f"{len(raw)} bytes, more than the {max_bytes} allowed")
    try:
        value = _DECODER.decode(str(raw, "utf-8"))
    except (ValueError, RecursionError):
        # RecursionError: the C scanner counts its own depth, far above MAX_NESTING, and stops there.
        raise _malformed("not JSON of this profile") from None
    inspect(value, max_nesting)
    if _dump(value) != raw:
        raise _malformed("not in canonical form")
    return value


def _dump(value: Value) -> bytes:
    return _ENCODER.encode(value).encode("utf-8")


def inspect(value: Value, levels: int) -> None:
    """Raise unless the value lies in the profile and opens at most `levels` arrays or objects inside each other."""
    if isinstance(value, str):
        # The first test is one pass in C and is true for nearly every string that this format carries.
        if not (value.isascii() and value.isprintable()) and _REFUSED.search(value):
            raise _malformed("a string holds a control, reordering or surrogate character")
    elif isinstance(value, bool):
        return
    elif isinstance(value, int):
        if not -MAX_INTEGER <= value <= MAX_INTEGER:
            raise _malformed("an integer is outside ±(2^53 − 1)")
    elif isinstance(value, dict):
        _inspect_object(value, levels)
    elif isinstance(value, (list, tuple)):
        if not levels:
            raise _malformed("nested too deeply")
        for item in value:
            inspect(item, levels - 1)
    else:
        raise _malformed(f"a value of type {type(value).__name__} has no place in canonical JSON")


def _inspect_object(value: dict, levels: int) -> None:
    if not levels:
        raise _malformed("nested too deeply")
    for key, item in value.items():
        if not (isinstance(key, str) and key.isascii() and key.isprintable()):
            raise _malformed("a key is not printable ASCII")
        inspect(item, levels - 1)


def _integer(digits: str) -> int:
    # A length first: converting a number of a million digits takes quadratic time.
    if len(digits) > 17:
        raise ValueError("integer too long")
    return int(digits)


def _refuse(_text: str) -> NoReturn:
    raise ValueError("not an integer")


_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
_DECODER = json.JSONDecoder(parse_int=_integer, parse_float=_refuse, parse_constant=_refuse)
