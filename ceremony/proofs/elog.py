"""Pi-elog: a discrete logarithm to any base, equal to the value in an El-Gamal commitment (CGGMP24, figure 23).

Secret inputs: y and lambda in 1..q-1. Public inputs, all finite: L = lambda*G and M = y*G + lambda*X, the commitment to
y under the key X; and Y = y*h for a base h. The proof is e, z, u, 32 bytes each; the verifier recomputes A = z*G - e*L,
N = u*G + z*X - e*M, B = u*h - e*Y.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass

from ceremony.algebra.secp256k1 import (
    G, N, Point, linear_combination, mul_secret, mul_secret_base, scalar_to_bytes)
from ceremony.base.secret import Secret
from ceremony.proofs.challenge import Context, mask_stream, scalar_challenge
from ceremony.proofs.wire import Reader, require_equal, require_finite

TAG = "ceremony/pi-elog-v1"
PROOF_BYTES = 96


@dataclass(frozen=True)
class ElogStatement:
    """L, M, X, Y, h as in the head of this file."""

    L: Point
    M: Point
    X: Point
    Y: Point
    h: Point

    def fields(self) -> list[bytes]:
        return [point.compressed() for point in astuple(self)]


def prove_elog(statement: ElogStatement, y: Secret[int], lam: Secret[int], context: Context,
               randomness: bytes) -> bytes:
    """96 bytes. randomness: 32 fresh bytes."""
    fields = statement.fields()
    stream = mask_stream(TAG, context, fields, [y.reveal(), lam.reveal()], randomness)
    alpha, m = (Secret(int(stream.below(N - 1)) + 1) for _ in range(2))
    A = mul_secret_base(alpha)
    cap_N = mul_secret_base(m) + mul_secret(alpha, statement.X)
    B = mul_secret(m, statement.h)
    e = scalar_challenge(TAG, context, fields, [point.compressed_ext() for point in (A, cap_N, B)])
    z, u = (alpha.reveal() + e * lam.reveal()) % N, (m.reveal() + e * y.reveal()) % N
    return b"".join(map(scalar_to_bytes, (e, z, u)))


def verify_elog(statement: ElogStatement, context: Context, proof: bytes) -> None:
    """Accepts a proof of the statement, or raises InvalidProof."""
    require_finite("Pi-elog", *astuple(statement))
    reader = Reader("Pi-elog", proof, PROOF_BYTES)
    e, z, u = (reader.scalar(field) for field in ("e", "z", "u"))
    A = linear_combination((z, -e), (G, statement.L))
    cap_N = linear_combination((u, z, -e), (G, statement.X, statement.M))
    B = linear_combination((u, -e), (statement.h, statement.Y))
    commitments = [point.compressed_ext() for point in (A, cap_N, B)]
    require_equal("Pi-elog", e, scalar_challenge(TAG, context, statement.fields(), commitments))
