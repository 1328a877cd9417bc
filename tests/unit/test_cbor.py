"""Deterministic CBOR: lossless for every value of canonical JSON, one encoding each, everything else refused."""

from __future__ import annotations

import cbor2
import pytest
from hypothesis import given, strategies as st

from ceremony.base.limits import MAX_INTEGER, MAX_NESTING
from ceremony.codec import cbor
from ceremony.codec.cbor import BundleMalformed

KEYS = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=30)
TEXTS = st.text(st.characters(exclude_categories=["Cc", "Cs", "Cf"]), max_size=30) | st.binary(max_size=30).map(bytes.hex)
VALUES = st.recursive(TEXTS | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER),
                      lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5), max_leaves=20)

# RFC 8949 appendix A, the examples that lie in this profile.
APPENDIX_A = [
    (0, "00"), (10, "0a"), (23, "17"), (24, "1818"), (100, "1864"), (1000, "1903e8"), (1000000, "1a000f4240"),
    (1000000000000, "1b000000e8d4a51000"), (-1, "20"), (-10, "29"), (-100, "3863"), (-1000, "3903e7"), (False, "f4"), (True, "f5"),
    ("01020304", "4401020304"), ("", "60"), ("IETF", "6449455446"), ('"\\', "62225c"), ("\u00fc", "62c3bc"), ("\u6c34", "63e6b0b4"),
    ([], "80"), ([1, 2, 3], "83010203"), ([1, [2, 3], [4, 5]], "8301820203820405"), ({}, "a0"),
    ({"ax": 1, "bx": [2, 3]}, "a26261780162627882 0203".replace(" ", "")),
]


@pytest.mark.parametrize("value, encoded", APPENDIX_A)
def test_examples_of_the_rfc(value, encoded):
    assert cbor.encode(value).hex() == encoded
    assert cbor.decode(bytes.fromhex(encoded)) == value


@given(VALUES)
def test_lossless_both_ways(value):
    raw = cbor.encode(value)
    assert cbor.decode(raw) == value
    assert cbor.encode(cbor.decode(raw)) == raw


@given(st.dictionaries(KEYS, st.just(1), min_size=2, max_size=8))
def test_keys_stand_in_bytewise_order_of_their_encodings(value):
    """RFC 8949 section 4.2.1, looked at from outside: cbor2 decodes maps in the order of the bytes."""
    keys = [cbor2.dumps(key) for key in cbor2.loads(cbor.encode(value))]
    assert keys == sorted(keys)


def test_keys_are_never_bytes():
    assert cbor.encode({"ab": "ab"}) == bytes.fromhex("a1626162" "41ab")


REFUSED = {
    "nothing": "", "cut integer": "19", "cut text": "62c3", "cut array": "82", "trailing": "0000", "null": "f6", "undefined": "f7",
    "half float": "f93c00", "float": "fa47c35000", "double": "fb3ff199999999999a", "simple": "f0", "long simple": "f814", "break": "ff",
    "tag": "c074323031332d30332d32315432303a30343a30305a", "bignum": "c249010000000000000000", "indefinite array": "9fff",
    "indefinite map": "bfff", "indefinite text": "7fff", "indefinite bytes": "5f41abff", "reserved head": "1c", "long zero": "1800", "long 23": "1817",
    "long 255": "1900ff", "long 65535": "1a0000ffff", "long 32 bits": "1b00000000ffffffff", "2^53": "1b0020000000000000",
    "-2^53": "3b001fffffffffffff", "2^64 - 1": "1bffffffffffffffff", "long length of text": "780161", "hex as text": "626162", "empty bytes": "40",
    "not UTF-8": "61ff", "surrogate": "63eda080", "control": "610a", "reordering": "63e280ae", "key of bytes": "a141ab01", "key of integer": "a10101",
    "key not ASCII": "a162c3bc01", "keys unsorted": "a2616201616101", "keys by letters before length": "a2626161016162 01".replace(" ", ""),
    "key twice": "a2616101616101", "array longer than the bytes": "9b7fffffffffffffff00", "map longer than the bytes": "bb7fffffffffffffff00",
    "text longer than the bytes": "7b7fffffffffffffff00", "bytes longer than the bytes": "5b7fffffffffffffff00",
    "array as long as memory": "9a7fffffff" + "00" * 50, "too deep": "81" * (MAX_NESTING + 1) + "00", "far too deep": "81" * 100_000,
}


@pytest.mark.parametrize("encoded", REFUSED.values(), ids=REFUSED.keys())
def test_refused_bytes(encoded):
    with pytest.raises(BundleMalformed) as caught:
        cbor.decode(bytes.fromhex(encoded))
    assert caught.value.check == "BUNDLE-MALFORMED" and caught.value.culprits == ()


@pytest.mark.parametrize("value", [None, 1.5, b"ab", 2**53, {1: 2}, {"é": 1}, "\n", "\ud800", [[None]]])
def test_refused_values(value):
    with pytest.raises(BundleMalformed):
        cbor.encode(value)


def test_the_ceilings_are_exact():
    assert cbor.decode(bytes.fromhex("81" * (MAX_NESTING - 1) + "80")) is not None
    assert cbor.decode(b"\x62ok", max_bytes=3) == "ok"
    with pytest.raises(BundleMalformed):
        cbor.decode(b"\x63oki", max_bytes=3)
