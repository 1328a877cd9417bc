"""Scalars, points, polynomials and BIP-340 signatures, against plain integer arithmetic and published vectors."""

from __future__ import annotations

import copy
import csv
import pickle

import pytest
from hypothesis import given, settings, strategies as st

from ceremony.algebra.polynomial import (
    evaluate, evaluate_points, interpolate, interpolate_points, lagrange_coefficient)
from ceremony.algebra.schnorr import InvalidSignature, schnorr_sign, schnorr_verify
from ceremony.algebra.secp256k1 import (
    G, INFINITY, MalformedElement, N, P, Point, ecdh, linear_combination, mul_public, mul_secret, mul_secret_base,
    scalar_from_bytes, scalar_to_bytes)
from ceremony.base.secret import Secret
from ceremony.codec.digest import digest, tagged_hash

scalars = st.integers(0, N - 1) | st.sampled_from([0, 1, 2, N - 2, N - 1, (N - 1) // 2])


def affine_mul(k: int) -> tuple[int, int] | None:
    """k * G by the schoolbook formulas of SEC 1, section 2.2.1: the independent second computation."""
    total, addend = None, (0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
                           0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8)
    while k:
        if k & 1:
            total = affine_add(total, addend)
        addend, k = affine_add(addend, addend), k >> 1
    return total


def affine_add(a, b):
    if a is None or b is None:
        return a or b
    if a[0] == b[0] and (a[1] + b[1]) % P == 0:
        return None
    slope = 3 * a[0] * a[0] * pow(2 * a[1], -1, P) if a == b else (b[1] - a[1]) * pow(b[0] - a[0], -1, P)
    x = (slope * slope - a[0] - b[0]) % P
    return x, (slope * (a[0] - x) - a[1]) % P


def encoded(point: tuple[int, int] | None) -> bytes:
    return bytes(33) if point is None else bytes([2 + point[1] % 2]) + point[0].to_bytes(32, "big")


@settings(max_examples=30, deadline=None)
@given(scalars)
def test_every_base_multiplication_agrees_with_schoolbook_arithmetic(k):
    expected = encoded(affine_mul(k))
    assert mul_secret_base(Secret(k)).compressed_ext() == expected
    assert mul_public(k, G).compressed_ext() == expected
    assert mul_public(k, Point.from_compressed(G.compressed())).compressed_ext() == expected


@settings(max_examples=30, deadline=None)
@given(scalars, scalars)
def test_points_form_the_group_that_their_scalars_form(a, b):
    A, B = mul_public(a, G), mul_public(b, G)
    assert A + B == mul_public(a + b, G)
    assert A - B == mul_public(a - b, G)
    assert A + INFINITY == A == INFINITY + A
    assert A - A == INFINITY and -INFINITY == INFINITY
    assert Point.sum([A, B, A]) == mul_public(2 * a + b, G) == linear_combination([2, 1], [A, B])
    assert mul_public(b, A) == mul_public(a * b, G)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, N - 1), st.integers(1, N - 1))
def test_secret_multiplications_agree_with_public_ones(a, b):
    B = mul_public(b, G)
    shared = mul_public(a, B)
    assert mul_secret(Secret(a), B) == shared
    assert ecdh(Secret(a), B).reveal() == ecdh(Secret(b), mul_public(a, G)).reveal()


def test_ecdh_is_the_hash_of_the_compressed_point():
    from hashlib import sha256
    B = mul_public(7, G)
    assert ecdh(Secret(5), B).reveal() == sha256(mul_public(35, G).compressed()).digest()


def test_empty_sums_are_infinity():
    assert Point.sum([]) == INFINITY == linear_combination([], []) == Point.sum([INFINITY, INFINITY])


def test_unequal_lists_are_refused_rather_than_cut():
    with pytest.raises(ValueError):
        linear_combination([1, 2], [G])


def test_infinity_has_no_coordinates_and_no_secret_multiples():
    for refused in (INFINITY.compressed, INFINITY.xonly, INFINITY.has_even_y,
                    lambda: mul_secret(Secret(1), INFINITY), lambda: ecdh(Secret(1), INFINITY),
                    lambda: mul_secret(Secret(0), G), lambda: ecdh(Secret(0), G)):
        with pytest.raises(ValueError):
            refused()
    assert INFINITY.is_infinity and not G.is_infinity


def test_points_are_values():
    again = Point.from_compressed(G.compressed())
    assert again == G and hash(again) == hash(G) and again != INFINITY and G != G.compressed()
    assert pickle.loads(pickle.dumps(G)) == G and copy.deepcopy(INFINITY) == INFINITY
    with pytest.raises(AttributeError):
        again._raw = None
    with pytest.raises(TypeError):
        Point()


OFF_CURVE_X = (5).to_bytes(32, "big")  # 5^3 + 7 is no square modulo P


@pytest.mark.parametrize("bad", [
    b"", bytes(33), bytes(32), G.compressed()[:-1], G.compressed() + b"\0", b"\x04" + G.xonly(), b"\x00" + G.xonly(),
    b"\x05" + G.xonly(), b"\x02" + OFF_CURVE_X, b"\x02" + P.to_bytes(32, "big"), b"\x03" + (P + 1).to_bytes(32, "big"),
    b"\x02" + b"\xff" * 32, b"\x04" + bytes(64), b"\x04" + G.xonly() + bytes(32)])
def test_bad_points_are_malformed(bad):
    with pytest.raises(MalformedElement):
        Point.from_compressed(bad)


@pytest.mark.parametrize("bad", [b"", bytes(31), bytes(33), OFF_CURVE_X, P.to_bytes(32, "big")])
def test_bad_xonly_points_are_malformed(bad):
    with pytest.raises(MalformedElement):
        Point.from_xonly(bad)


def test_xonly_lifts_to_the_even_point():
    odd = next(point for point in (mul_public(k, G) for k in range(1, 20)) if not point.has_even_y())
    assert Point.from_xonly(odd.xonly()) == -odd


def test_extended_form_knows_infinity_and_nothing_else_more():
    assert Point.from_compressed_ext(bytes(33)) == INFINITY
    for bad in (bytes(32), bytes(34), b"\x00" * 32 + b"\x01"):
        with pytest.raises(MalformedElement):
            Point.from_compressed_ext(bad)


@pytest.mark.parametrize("bad", [b"", bytes(31), bytes(33), N.to_bytes(32, "big"), b"\xff" * 32])
def test_bad_scalars_are_malformed(bad):
    with pytest.raises(MalformedElement):
        scalar_from_bytes(bad)


def test_zero_scalar_is_refused_only_on_demand():
    assert scalar_from_bytes(bytes(32)) == 0
    assert scalar_from_bytes(scalar_to_bytes(N - 1), nonzero=True) == N - 1
    with pytest.raises(MalformedElement):
        scalar_from_bytes(bytes(32), nonzero=True)


@settings(max_examples=30, deadline=None)
@given(st.lists(scalars, min_size=1, max_size=6), st.integers(0, 200))
def test_evaluation_agrees_with_powers_and_with_points(coefficients, x):
    value = sum(c * x**j for j, c in enumerate(coefficients)) % N
    assert evaluate(coefficients, x) == value
    assert evaluate_points([mul_public(c, G) for c in coefficients], x) == mul_public(value, G)


@settings(max_examples=30, deadline=None)
@given(st.lists(scalars, min_size=1, max_size=5), st.integers(0, 50), st.data())
def test_interpolation_gives_the_polynomial_back(coefficients, at, data):
    t = len(coefficients)
    xs = data.draw(st.lists(st.integers(1, 128), min_size=t, max_size=t, unique=True))
    shares = {x: evaluate(coefficients, x) for x in xs}
    assert interpolate(shares, at) == evaluate(coefficients, at)
    assert interpolate_points({x: mul_public(s, G) for x, s in shares.items()}, at) == \
        mul_public(evaluate(coefficients, at), G)


@pytest.mark.parametrize("xs, x", [([1, 2, 2], 1), ([1, 2, N + 1], 2), ([1, 2], 3), ([], 1)])
def test_repeated_or_missing_places_are_refused(xs, x):
    with pytest.raises(ValueError):
        lagrange_coefficient(xs, x)


def test_digest_separates_fields_and_tags():
    several = [digest("a"), digest("a", b""), digest("a", b"", b""), digest("a", b"xy"), digest("a", b"x", b"y"),
               digest("a", b"", b"xy"), digest("b", b"xy"), tagged_hash("a", b"xy")]
    assert len(set(several)) == len(several) and all(len(value) == 32 for value in several)


def bip340_rows(vectors):
    with open(vectors / "bip340" / "test-vectors.csv", newline="") as file:
        return list(csv.DictReader(file))


def test_bip340_vectors_of_every_message_length(vectors):
    rows = bip340_rows(vectors)
    assert {len(row["message"]) // 2 for row in rows} >= {0, 17, 32}
    for row in rows:
        key, message, signature = (bytes.fromhex(row[name]) for name in ("public key", "message", "signature"))
        if row["secret key"]:
            made = schnorr_sign(Secret(bytes.fromhex(row["secret key"])), message, bytes.fromhex(row["aux_rand"]))
            assert made == signature, row["index"]
        if row["verification result"] == "TRUE":
            schnorr_verify(key, message, signature)
        else:
            with pytest.raises(InvalidSignature):
                schnorr_verify(key, message, signature)


def test_the_path_for_other_tags_agrees_with_libsecp256k1_on_the_usual_tag(vectors):
    from ceremony.algebra import schnorr
    for row in bip340_rows(vectors):
        key, message, signature = (bytes.fromhex(row[name]) for name in ("public key", "message", "signature"))
        valid = schnorr._is_valid_with_tags(key, message, signature, "BIP0340")
        assert valid == (row["verification result"] == "TRUE"), row["index"]
        if row["secret key"]:
            secret = Secret(int(row["secret key"], 16))
            aux = bytes.fromhex(row["aux_rand"])
            assert schnorr._sign_with_tags(secret, mul_secret_base(secret), message, aux, "BIP0340") == signature


@settings(max_examples=15, deadline=None)
@given(st.integers(1, N - 1), st.binary(max_size=300), st.binary(min_size=32, max_size=32))
def test_signatures_with_other_tags_verify_and_only_there(seckey, message, aux):
    key = mul_secret_base(Secret(seckey)).xonly()
    for made, other in (("BIP0340", "mine"), ("mine", "BIP0340"), ("mine", "other")):
        signature = schnorr_sign(Secret(scalar_to_bytes(seckey)), message, aux, tag_prefix=made)
        schnorr_verify(key, message, signature, tag_prefix=made)
        with pytest.raises(InvalidSignature):
            schnorr_verify(key, message, signature, tag_prefix=other)
        with pytest.raises(InvalidSignature):
            schnorr_verify(key, message + b"\0", signature, tag_prefix=made)


@pytest.mark.parametrize("prefix", ["BIP0340", "mine"])
def test_signatures_of_wrong_form_are_invalid_whatever_the_tag(prefix):
    signature = schnorr_sign(Secret(scalar_to_bytes(3)), b"m", bytes(32), tag_prefix=prefix)
    key = mul_public(3, G).xonly()
    high_s = (int.from_bytes(signature[32:], "big") + N).to_bytes(33, "big")[-32:]
    for bad_key, bad in ((key, signature[:63]), (key, signature + b"\0"), (key, b""), (key[:31], signature),
                         (OFF_CURVE_X, signature), (key, signature[:32] + N.to_bytes(32, "big")),
                         (key, signature[:32] + high_s), (key, P.to_bytes(32, "big") + signature[32:]),
                         (key, bytes(64))):
        with pytest.raises(InvalidSignature):
            schnorr_verify(bad_key, b"m", bad, tag_prefix=prefix)


@pytest.mark.parametrize("seckey, aux", [
    (bytes(32), bytes(32)), (N.to_bytes(32, "big"), bytes(32)), (b"\1" * 31, bytes(32)), (b"\1" * 32, bytes(31))])
@pytest.mark.parametrize("prefix", ["BIP0340", "mine"])
def test_signing_refuses_bad_keys_and_randomness(seckey, aux, prefix):
    with pytest.raises(ValueError):
        schnorr_sign(Secret(seckey), b"m", aux, tag_prefix=prefix)
