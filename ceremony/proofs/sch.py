"""Pi-sch: knowledge of a discrete logarithm (CGGMP24, figure 22; Schnorr).

Secret input: x in 0..q-1. Public input: X = x*G, finite. The commitment A is made, and in the protocol committed to,
before the session is settled; the response comes when the challenge can take in all that was agreed. So A travels by
itself, and the proof is the response z alone, 32 bytes. The verifier checks z*G = A + e*X.
"""

from __future__ import annotations

from ceremony.algebra.secp256k1 import (
    G, N, Point, linear_combination, mul_secret_base, scalar_to_bytes)
from ceremony.base.secret import Secret
from ceremony.proofs.challenge import Context, mask_stream, scalar_challenge
from ceremony.proofs.wire import InvalidProof, Reader, require_finite

TAG = "ceremony/pi-sch-v1"
PROOF_BYTES = 32


def commit_sch(x: Secret[int], context: Context, randomness: bytes) -> tuple[Secret[int], Point]:
    """alpha, to be kept, and A = alpha*G, to be published. randomness: 32 fresh bytes.

    **Warning**: whoever sees two responses to one alpha has x. Erase alpha in the step that responds.
    """
    X = mul_secret_base(x)
    stream = mask_stream(TAG, context, [X.compressed()], [x.reveal()], randomness)
    alpha = Secret(int(stream.below(N - 1)) + 1)
    return alpha, mul_secret_base(alpha)


def respond_sch(x: Secret[int], alpha: Secret[int], context: Context) -> bytes:
    """The proof, 32 bytes, under the context that the verifiers know; it may say more than the one of the commitment.
    """
    e = _challenge(mul_secret_base(x), mul_secret_base(alpha), context)
    return scalar_to_bytes((alpha.reveal() + e * x.reveal()) % N)


def verify_sch(X: Point, A: Point, context: Context, proof: bytes) -> None:
    """Accepts a proof that the prover knows x with X = x*G, or raises InvalidProof."""
    require_finite("Pi-sch", X, A)
    z = Reader("Pi-sch", proof, PROOF_BYTES).scalar("z")
    e = _challenge(X, A, context)
    if linear_combination((z, -e), (G, X)) != A:
        raise InvalidProof("PROOF-EQUATION", "Pi-sch: the response does not fit commitment and challenge")


def _challenge(X: Point, A: Point, context: Context) -> int:
    return scalar_challenge(TAG, context, [X.compressed()], [A.compressed()])
