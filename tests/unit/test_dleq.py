"""Proofs of equal discrete logarithms: complete, bound to every part of the statement, strict in form."""

from __future__ import annotations

import pytest
from hypothesis import given, settings, strategies as st

from ceremony.algebra.secp256k1 import G, INFINITY, N, linear_combination, mul_public, scalar_to_bytes
from ceremony.base.secret import Secret
from ceremony.proofs.dleq import InvalidDleq, prove_dleq, verify_dleq

x, base, context = 0x1234567, mul_public(99, G), b"group, session, entry"
X = mul_public(x, G)
Y, proof = prove_dleq(Secret(x), base, context, b"\x07" * 32)


@settings(max_examples=15)
@given(st.integers(1, N - 1), st.integers(1, N - 1), st.binary(max_size=40), st.binary(min_size=32, max_size=32))
def test_honest_proofs_verify(secret, b, bound_to, randomness):
    other = mul_public(b, G)
    shared, made = prove_dleq(Secret(secret), other, bound_to, randomness)
    assert shared == mul_public(secret, other) and len(made) == 64
    verify_dleq(mul_public(secret, G), other, shared, bound_to, made)


@pytest.mark.parametrize("statement", [
    (X + G, base, Y, context), (X, base + G, Y, context), (X, base, Y + G, context), (X, base, -Y, context),
    (-X, base, Y, context), (base, X, Y, context), (X, Y, base, context), (X, base, Y, context + b"!"),
    (X, base, Y, b""), (X, G, X, context)])
def test_a_proof_holds_for_its_own_statement_only(statement):
    with pytest.raises(InvalidDleq) as caught:
        verify_dleq(*statement, proof)
    assert caught.value.check == "DLEQ-PROOF"


@pytest.mark.parametrize("position", range(64))
def test_every_byte_of_the_proof_matters(position):
    changed = bytearray(proof)
    changed[position] ^= 1
    with pytest.raises(InvalidDleq):
        verify_dleq(X, base, Y, context, bytes(changed))


@pytest.mark.parametrize("bad", [
    b"", proof[:-1], proof + b"\0", N.to_bytes(32, "big") + proof[32:], proof[:32] + N.to_bytes(32, "big"),
    b"\xff" * 64])
def test_wrong_forms_are_refused(bad):
    with pytest.raises(InvalidDleq) as caught:
        verify_dleq(X, base, Y, context, bad)
    assert caught.value.check == "DLEQ-FORM"


def test_a_response_that_is_not_reduced_is_refused():
    """s and s + N would verify alike, and one proof would have two forms."""
    s = int.from_bytes(proof[32:], "big") + N
    if s < 2**256:
        with pytest.raises(InvalidDleq):
            verify_dleq(X, base, Y, context, proof[:32] + s.to_bytes(32, "big"))


@pytest.mark.parametrize("statement", [(INFINITY, base, Y), (X, INFINITY, Y), (X, base, INFINITY),
                                       (INFINITY, base, INFINITY)])
def test_infinity_has_no_place_in_a_statement(statement):
    with pytest.raises(InvalidDleq) as caught:
        verify_dleq(*statement, context, proof)
    assert caught.value.check == "DLEQ-FORM"


def test_a_proof_for_unequal_logarithms_cannot_be_assembled_from_honest_parts():
    """The liar answers for X truthfully and hopes that nobody recomputes the second commitment."""
    from ceremony.proofs import dleq
    wrong, k = Y + G, 5
    commitments = mul_public(k, G), mul_public(k, base)
    e = dleq._challenge(X, base, wrong, *commitments, context)
    s = (k + e * x) % N
    assert linear_combination((s, -e), (G, X)) == commitments[0]
    with pytest.raises(InvalidDleq):
        verify_dleq(X, base, wrong, context, scalar_to_bytes(e) + scalar_to_bytes(s))


def test_the_nonce_depends_on_the_secret_the_statement_and_the_context():
    """With one and the same randomness: two equal nonces and two challenges would give the secret away."""
    def commitment(secret, point, bound_to):
        _, made = prove_dleq(Secret(secret), point, bound_to, b"\x07" * 32)
        e, s = int.from_bytes(made[:32], "big"), int.from_bytes(made[32:], "big")
        return linear_combination((s, -e), (G, mul_public(secret, G)))

    seen = {commitment(*case) for case in ((x, base, context), (x + 1, base, context), (x, base + G, context),
                                           (x, base, b"other"))}
    assert len(seen) == 4


@pytest.mark.parametrize("secret, randomness", [(0, bytes(32)), (N, bytes(32)), (5, bytes(31)), (5, b"")])
def test_proving_refuses_bad_inputs(secret, randomness):
    with pytest.raises(ValueError):
        prove_dleq(Secret(secret), base, context, randomness)


def test_proving_refuses_infinity():
    with pytest.raises(ValueError):
        prove_dleq(Secret(5), INFINITY, context, bytes(32))
