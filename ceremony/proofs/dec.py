"""Pi-dec: what a ciphertext that belongs to K, X and D decrypts to is the logarithm of a point (CGGMP24, figure 28).

Secret inputs: x in [-2^ell, 2^ell), y in [-2^sum_bits, 2^sum_bits), rho a unit modulo N0. Public inputs: K and D under
the prover's key N0 with enc_0(y; rho) = K^x D; X = x*G and S = y*B for a base B, all finite. For everybody, with
nobody's N^.

m repetitions with one bit each. The proof is the m bits of e, and for each repetition z = alpha + e x, w = beta + e y
and nu = r rho^e. The verifier recomputes K^-z enc_0(w; nu) D^-e, w*B - e*S and z*G - e*X.

Ranges: z in [-2^(ell+eps), ...), w in [-2^sum_mask_bits, ...), nu a unit modulo N0. The range of w is not the figure's:
that one is too small for the sums that figures 8 and 9 put there, and the obvious larger one proves nothing when N0 has
2048 bits (spec.md, reading 6). In figure 28 (1 + N)^z must read (1 + N)^y, and the base of S is a parameter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Sequence

from gmpy2 import mpz

from ceremony.algebra.numbers import signed_bytes, signed_size, unsigned_bytes
from ceremony.algebra.paillier import Ciphertext, PaillierPublic, PowersOf
from ceremony.algebra.secp256k1 import G, N, Point, linear_combination, mul_secret, mul_secret_base
from ceremony.base.secret import Secret
from ceremony.proofs.challenge import Context, bit_challenges, bits_bytes, mask_stream
from ceremony.proofs.profiles import Profile
from ceremony.proofs.wire import Reader, require_equal, require_finite, require_sizes

TAG = "ceremony/pi-dec-v1"


@dataclass(frozen=True)
class DecStatement:
    """K, X, D, S and the base B as in the head of this file; N0 is the key of K and D, else ValueError."""

    K: Ciphertext
    X: Point
    D: Ciphertext
    S: Point
    base: Point

    def __post_init__(self) -> None:
        self.K.key.of(self.D)

    def fields(self) -> list[bytes]:
        points = [point.compressed() for point in (self.X, self.S, self.base)]
        return [self.K.key.encode(), self.K.encode(), self.D.encode(), *points]


def _element_sizes(profile: Profile) -> tuple[int, int, int]:
    return signed_size(profile.ell + profile.eps), signed_size(profile.sum_mask_bits), profile.modulus_bits // 8


def dec_bytes(profile: Profile) -> int:
    """Size of a proof."""
    return profile.repetitions // 8 + profile.repetitions * sum(_element_sizes(profile))


def prove_dec(statement: DecStatement, x: Secret[int], y: Secret[int], rho: Secret[mpz], key: PaillierPublic,
              context: Context, randomness: bytes) -> bytes:
    """The proof. key: N0, best with its primes. randomness: 32 fresh bytes."""
    profile, fields = context.profile, statement.fields()
    stream = mask_stream(TAG, context, fields, [x.reveal(), y.reveal(), rho.reveal()], randomness)
    K, masks, commitments = PowersOf(statement.K, profile.ell + profile.eps), [], []
    for _ in range(profile.repetitions):
        alpha, beta = stream.signed(profile.ell + profile.eps), stream.signed(profile.sum_mask_bits)
        r = key.randomizer(stream.unit(key.n))
        A = K.times(-alpha) + key.encrypt(Secret(beta), r)
        B = mul_secret(Secret(int(beta % N)), statement.base)
        masks.append((alpha, beta, r.r.reveal()))
        commitments.append((A, B, mul_secret_base(Secret(int(alpha % N)))))
    bits = bit_challenges(TAG, context, fields, _hashed(commitments))
    elements = (signed_bytes(alpha + e * x.reveal(), profile.ell + profile.eps)
                + signed_bytes(beta + e * y.reveal(), profile.sum_mask_bits)
                + unsigned_bytes(r * key.power(rho.reveal(), e) % key.n, key.size)
                for (alpha, beta, r), e in zip(masks, bits, strict=True))
    return bits_bytes(bits) + b"".join(elements)


def verify_dec(statement: DecStatement, context: Context, proof: bytes) -> None:
    """Accepts a proof of the statement, or raises InvalidProof."""
    require_finite("Pi-dec", statement.X, statement.S, statement.base)
    profile, key = context.profile, statement.K.key
    require_sizes("Pi-dec", profile, key)
    reader = Reader("Pi-dec", proof, dec_bytes(profile))
    bits = reader.bits(profile.repetitions)
    K, commitments = PowersOf(statement.K, profile.ell + profile.eps), []
    for e in bits:
        z, w = reader.signed("z", profile.ell + profile.eps), reader.signed("w", profile.sum_mask_bits)
        nu = reader.unit("nu", key.size, key.n)
        A = K.times(-z) + key.combine(w, nu, [(statement.D, -e)])
        B = linear_combination((int(w), -e), (statement.base, statement.S))
        commitments.append((A, B, linear_combination((int(z), -e), (G, statement.X))))
    require_equal("Pi-dec", bits, bit_challenges(TAG, context, statement.fields(), _hashed(commitments)))


def _hashed(commitments: Sequence[tuple[Ciphertext, Point, Point]]) -> list[bytes]:
    return [part for A, B, C in commitments for part in (A.encode(), B.compressed_ext(), C.compressed_ext())]
