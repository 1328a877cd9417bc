"""Canonical JSON: one encoding for each value, equal to RFC 8785's and to what `jq -cS` prints; all else is refused."""

from __future__ import annotations

import json
import subprocess

import pytest
import rfc8785
from hypothesis import given, strategies as st

from ceremony.base.limits import MAX_INTEGER, MAX_NESTING
from ceremony.codec import canonical
from ceremony.codec.canonical import CanonicalMalformed

KEYS = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=8)
TEXTS = st.text(st.characters(exclude_categories=["Cc", "Cs", "Cf"]), max_size=12)
VALUES = st.recursive(TEXTS | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER),
                      lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=20)


def decode(raw: bytes, max_bytes: int = 1_000_000):
    return canonical.decode(raw, max_bytes=max_bytes)


@given(VALUES)
def test_encoding_is_that_of_rfc_8785_and_comes_back(value):
    raw = canonical.encode(value)
    assert raw == rfc8785.dumps(value)
    assert decode(raw) == value


@given(st.lists(VALUES, min_size=1, max_size=3))
def test_what_reads_differently_is_refused(values):
    """A value written by the plain encoder is canonical only when it says the same bytes."""
    raw = json.dumps(values).encode()
    if raw == canonical.encode(values):
        assert decode(raw) == values
    else:
        with pytest.raises(CanonicalMalformed):
            decode(raw)


def test_jq_agrees(tool):
    value = {"b": [1, -7, True, {"z": "é", "A": "quote \" and \\ stroke", "": "𝄞"}], "aa": MAX_INTEGER, "a": "", "Z": {}}
    raw = canonical.encode(value)
    run = subprocess.run([tool("jq"), "-cS", "."], input=json.dumps(value), capture_output=True, text=True, check=True)
    assert run.stdout.encode() == raw + b"\n"


REFUSED = {
    "null": b"null", "null inside": b'{"a":null}', "float": b"1.0", "exponent": b"1e3", "minus zero": b"-0",
    "NaN": b"NaN", "infinity": b"[-Infinity]", "too large": str(2**53).encode(), "too small": str(-2**53).encode(),
    "a number of a million digits": b"1" * 900_000, "leading zero": b"01", "plus": b"+1",
    "space": b"[1, 2]", "leading space": b" 1", "trailing line feed": b"1\n", "nothing": b"", "two values": b"1 2",
    "byte-order mark": b"\xef\xbb\xbf1", "UTF-16": "1".encode("utf-16"), "not UTF-8": b'"\xff"', "overlong": b'"\xc0\xaf"',
    "encoded surrogate": b'"\xed\xa0\x80"', "escaped surrogate": b'"\\ud800"', "escaped letter": b'"\\u0061"',
    "escaped slash": b'"\\/"', "escaped line feed": b'"\\n"', "raw line feed": b'"\n"', "escaped NUL": b'"\\u0000"',
    "DEL": b'"\x7f"', "C1 control": '"\x85"'.encode(), "right-to-left override": '"\u202e"'.encode(),
    "isolate": '"\u2066"'.encode(), "Arabic letter mark": '"\u061c"'.encode(), "direction mark": '"\u200f"'.encode(),
    "unsorted keys": b'{"b":1,"a":2}', "repeated key": b'{"a":1,"a":1}', "key not ASCII": '{"é":1}'.encode(),
    "control in key": b'{"\x7f":1}', "escaped non-ASCII": b'"\\u00e9"', "cut off": b'{"a":', "comment": b"1//",
    "too deep": b"[" * 33 + b"]" * 33, "far too deep": b"[" * 200_000, "deep objects": b'{"a":' * 33 + b"1" + b"}" * 33,
}


@pytest.mark.parametrize("raw", REFUSED.values(), ids=REFUSED.keys())
def test_refused_bytes(raw):
    with pytest.raises(CanonicalMalformed) as caught:
        decode(raw)
    assert caught.value.check == "CODEC-CANONICAL" and caught.value.culprits == ()


REFUSED_VALUES = {
    "None": None, "float": 1.0, "bytes": b"a", "set": {1}, "large": 2**53, "key of another type": {1: "a"},
    "surrogate": "\ud800", "control": "a\tb", "reordering": ["\u202a"], "key": {"\n": 1}, "key not ASCII": {"é": 1},
    "inside a tuple": (1, None), "inside an object": {"a": {"b": 0.5}},
}


@pytest.mark.parametrize("value", REFUSED_VALUES.values(), ids=REFUSED_VALUES.keys())
def test_refused_values(value):
    with pytest.raises(CanonicalMalformed):
        canonical.encode(value)


def test_the_deepest_nesting_is_accepted():
    raw = b"[" * MAX_NESTING + b"]" * MAX_NESTING
    assert canonical.encode(decode(raw)) == raw


def test_the_ceiling_is_exact():
    assert decode(b'"abc"', 5) == "abc"
    with pytest.raises(CanonicalMalformed):
        decode(b'"abcd"', 5)


@pytest.mark.parametrize("text", ['"', "\\", "\\\\n", '\\"', "é", "\U0001F511", "</script>", "\u2028"])
def test_strings_that_other_encoders_escape(text):
    assert decode(canonical.encode([text])) == [text]
