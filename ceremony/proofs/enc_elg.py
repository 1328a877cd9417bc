"""Pi-enc-elg: a ciphertext holds a small number, the one in an El-Gamal commitment (CGGMP24, figure 24).

Secret inputs: x in [-2^ell, 2^ell), rho a unit modulo N0, b in 1..q-1. Public inputs: C = enc_0(x; rho) under the
prover's key N0; A = a*G, B = b*G, X = (ab + x)*G, finite; the recipient's N^, s, t. What is shown: x in [-2^(ell+eps),
2^(ell+eps)).

The proof is e, S, z1, w, z2, z3: the challenge, the commitment s^x t^mu to x, and the responses. The verifier
recomputes D = enc_0(z1; z2) C^-e, Y = w*A + z1*G - e*X, Z = w*G - e*B and T = s^z1 t^z3 S^-e modulo N^.

Ranges: z1 as shown; z3 in [-2^(ell+eps) N^, ...), rounded up to a power of two. S is a unit modulo N^, z2 modulo N0.
"""

from __future__ import annotations

from dataclasses import dataclass

from gmpy2 import mpz

from ceremony.algebra.numbers import signed_bytes, signed_size, unsigned_bytes
from ceremony.algebra.paillier import Ciphertext, PaillierPublic, Randomizer
from ceremony.algebra.ring_pedersen import RingPedersen
from ceremony.algebra.secp256k1 import (
    G, N, Point, linear_combination, mul_secret, mul_secret_base, scalar_to_bytes)
from ceremony.base.secret import Secret
from ceremony.proofs.challenge import Context, mask_stream, pooled, scalar_challenge
from ceremony.proofs.profiles import Profile
from ceremony.proofs.wire import Reader, require_equal, require_finite, require_sizes

TAG = "ceremony/pi-enc-elg-v1"


@dataclass(frozen=True)
class EncElgStatement:
    """C, A, B, X as in the head of this file; N0 is the key of C."""

    C: Ciphertext
    A: Point
    B: Point
    X: Point

    def fields(self, setup: RingPedersen) -> list[bytes]:
        points = [point.compressed() for point in (self.A, self.B, self.X)]
        return [self.C.key.encode(), self.C.encode(), *points, setup.encode()]


def enc_elg_bytes(profile: Profile) -> int:
    """Size of a proof."""
    size, slack = profile.modulus_bits // 8, profile.ell + profile.eps
    return 64 + 2 * size + signed_size(slack) + signed_size(slack + profile.modulus_bits)


def prove_enc_elg(statement: EncElgStatement, x: Secret[int], rho: Secret[mpz], b: Secret[int], key: PaillierPublic,
                  setup: RingPedersen, context: Context, randomness: bytes, r: Randomizer | None = None) -> bytes:
    """The proof, for a non-negative x. key: N0, best with its primes. setup: the recipient's. randomness: 32 fresh
    bytes.

    r: a randomizer of N0 made ahead. **Warning**: one that serves twice reveals rho, thus x.
    """
    fields, profile = statement.fields(setup), context.profile
    secrets = [x.reveal(), rho.reveal(), b.reveal(), *pooled(r)]
    stream = mask_stream(TAG, context, fields, secrets, randomness)
    alpha = stream.signed(profile.ell + profile.eps)
    mu, gamma = stream.signed(profile.ell, setup.n), stream.signed(profile.ell + profile.eps, setup.n)
    beta = Secret(int(stream.below(N - 1)) + 1)
    r = r or key.randomizer(stream.unit(key.n))

    S, T = setup.commit_secret(x, mu), setup.commit(alpha, gamma)
    D = key.encrypt(Secret(alpha), r)
    Y = mul_secret(beta, statement.A) + mul_secret_base(Secret(int(alpha % N)))
    e = scalar_challenge(TAG, context, fields, _commitments(setup, S, T, D, Y, mul_secret_base(beta)))

    return b"".join((
        scalar_to_bytes(e), unsigned_bytes(S, setup.size),
        signed_bytes(alpha + e * x.reveal(), profile.ell + profile.eps),
        scalar_to_bytes((beta.reveal() + e * b.reveal()) % N),
        unsigned_bytes(r.r.reveal() * key.power(rho.reveal(), e) % key.n, key.size),
        signed_bytes(gamma + e * mu, profile.ell + profile.eps + setup.bits)))


def verify_enc_elg(statement: EncElgStatement, setup: RingPedersen, context: Context, proof: bytes) -> None:
    """Accepts a proof of the statement under one's own setup, or raises InvalidProof."""
    require_finite("Pi-enc-elg", statement.A, statement.B, statement.X)
    profile, key = context.profile, statement.C.key
    require_sizes("Pi-enc-elg", profile, key, setup)
    reader = Reader("Pi-enc-elg", proof, enc_elg_bytes(profile))
    e, S = reader.scalar("e"), reader.unit("S", setup.size, setup.n)
    z1, w = reader.signed("z1", profile.ell + profile.eps), reader.scalar("w")
    z2 = reader.unit("z2", key.size, key.n)
    z3 = reader.signed("z3", profile.ell + profile.eps + setup.bits)

    D = key.combine(z1, z2, [(statement.C, -e)])
    Y = linear_combination((w, int(z1), -e), (statement.A, G, statement.X))
    Z = linear_combination((w, -e), (G, statement.B))
    T = setup.commit(z1, z3) * setup.power(S, -e) % setup.n
    commitments = _commitments(setup, S, T, D, Y, Z)
    require_equal("Pi-enc-elg", e, scalar_challenge(TAG, context, statement.fields(setup), commitments))


def _commitments(setup: RingPedersen, S: mpz, T: mpz, D: Ciphertext, Y: Point, Z: Point) -> list[bytes]:
    return [unsigned_bytes(S, setup.size), unsigned_bytes(T, setup.size), D.encode(), Y.compressed_ext(),
            Z.compressed_ext()]
