"""Equality of discrete logarithms: X = x*G and Y = x*B with one secret x (Chaum and Pedersen, CRYPTO 1992).

Secret input: x in 1..N-1. Public inputs: the points X, B, Y, all finite, and a context of any length, which binds the
proof to one use. The proof is the challenge e and the response s, 32 bytes each, big-endian below N; the verifier
recomputes the commitments. The Fiat-Shamir hash takes the whole statement, both commitments and the context.
"""

from __future__ import annotations

from ceremony.algebra.secp256k1 import (
    G, N, MalformedElement, Point, linear_combination, mul_secret, mul_secret_base, scalar_from_bytes,
    scalar_to_bytes)
from ceremony.base.errors import Unattributed
from ceremony.base.secret import Secret
from ceremony.codec.digest import digest

PROOF_BYTES = 64


class InvalidDleq(Unattributed):
    """The proof does not show what it should. Whoever called knows whose proof it is, and names him."""


def prove_dleq(x: Secret[int], base: Point, context: bytes, randomness: bytes) -> tuple[Point, bytes]:
    """The point Y = x * base and a 64-byte proof that it has the same logarithm as X = x * G.

    x is in 1..N-1, base is finite. randomness: 32 fresh bytes; the nonce also depends on x and the statement, so that
    a repeated value alone cannot reveal x. ValueError for inputs that break these rules.
    """
    if len(randomness) != 32 or not 0 < x.reveal() < N:
        raise ValueError("x must be in 1..N-1 and the randomness 32 bytes")
    X, Y = mul_secret_base(x), mul_secret(x, base)
    seed = digest("ceremony/dleq-nonce-v1", scalar_to_bytes(x.reveal()), randomness, *_fields(X, base, Y, context))
    k = Secret(int.from_bytes(seed, "big") % N)  # biased by 2^-128 at most; zero, at 2^-256, is refused by mul_secret
    e = _challenge(X, base, Y, mul_secret_base(k), mul_secret(k, base), context)
    s = (k.reveal() + e * x.reveal()) % N
    return Y, scalar_to_bytes(e) + scalar_to_bytes(s)


def verify_dleq(X: Point, base: Point, Y: Point, context: bytes, proof: bytes) -> None:
    """Accepts a proof that X = x*G and Y = x*base for one x, or raises InvalidDleq."""
    if len(proof) != PROOF_BYTES or X.is_infinity or base.is_infinity or Y.is_infinity:
        raise InvalidDleq("DLEQ-FORM", "the proof is not 64 bytes or a point of the statement is infinity")
    try:
        e, s = scalar_from_bytes(proof[:32]), scalar_from_bytes(proof[32:])
    except MalformedElement as bad:
        raise InvalidDleq("DLEQ-FORM", "challenge or response is no scalar") from bad
    commitment_G = linear_combination((s, -e), (G, X))
    commitment_base = linear_combination((s, -e), (base, Y))
    if _challenge(X, base, Y, commitment_G, commitment_base, context) != e:
        raise InvalidDleq("DLEQ-PROOF", "the challenge does not follow from the statement and the response")


def _fields(X: Point, base: Point, Y: Point, context: bytes) -> tuple[bytes, ...]:
    return context, X.compressed(), base.compressed(), Y.compressed()


def _challenge(X: Point, base: Point, Y: Point, A: Point, B: Point, context: bytes) -> int:
    hashed = digest("ceremony/dleq-v1", *_fields(X, base, Y, context), A.compressed_ext(), B.compressed_ext())
    return int.from_bytes(hashed, "big") % N
