"""Any bytes are a message of FROST signing or raise its decoder's one error, and what is accepted encodes to itself."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from ceremony.algebra.secp256k1 import Point, mul_public, G, scalar_to_bytes
from ceremony.protocols.frost.messages import (
    MalformedAggregate, MalformedNonce, MalformedPartial, Nonce, decode_aggregate, decode_partial, decode_pubnonce)

halves = st.one_of(
    st.integers(1, 2**64).map(lambda k: mul_public(k, G).compressed()), st.just(bytes(33)),
    st.binary(min_size=32, max_size=34), st.binary(min_size=32, max_size=32).map(lambda x: b"\x02" + x))
encodings = st.binary(max_size=200) | st.tuples(halves, halves).map(b"".join) | st.binary(min_size=32, max_size=32)

DECODERS = [
    (decode_pubnonce, MalformedNonce, Nonce.encode), (decode_aggregate, MalformedAggregate, Nonce.encode),
    (decode_partial, MalformedPartial, scalar_to_bytes)]


@pytest.mark.parametrize("decode, error, encode", DECODERS, ids=["pubnonce", "aggregate", "partial"])
@given(encoded=encodings)
def test_decoders_accept_or_raise_their_error(decode, error, encode, encoded):
    try:
        value = decode(encoded)
    except error:
        return
    assert encode(value) == encoded


@given(st.integers(1, 2**128), st.integers(1, 2**128))
def test_a_public_nonce_is_also_an_aggregate_and_infinity_is_only_that(a, b):
    nonce = Nonce(mul_public(a, G), mul_public(b, G))
    assert decode_pubnonce(nonce.encode()) == decode_aggregate(nonce.encode()) == nonce
    half_infinite = nonce.encode()[:33] + bytes(33)
    assert decode_aggregate(half_infinite) == Nonce(nonce.R1, Point.from_compressed_ext(bytes(33)))
    with pytest.raises(MalformedNonce):
        decode_pubnonce(half_infinite)
