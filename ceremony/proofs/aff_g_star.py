"""Pi-aff-g*: the statement of Pi-aff-g for everybody, with nobody's N^ (CGGMP24, figure 27).

Secret inputs: x in [-2^ell, 2^ell), y in [-2^ell', 2^ell'), rho a unit modulo N0, mu modulo N1. Public inputs: C and D
= C^x enc_0(-y; rho) under a peer's key N0; Y = enc_1(y; mu) under the prover's key N1; X = x*G, finite. As in Pi-aff-g
y has the sign of figure 8. What is shown: x in [-2^(ell+eps), ...) and y in [-2^(ell'+eps), ...).

m repetitions with one bit each. The proof is the m bits of e, and for each repetition z = alpha + e x, z' = beta - e y,
w = r rho^e and lambda = s mu^-e. The verifier recomputes C^z enc_0(z'; w) D^-e, z*G - e*X and enc_1(z'; lambda) Y^e.

Ranges: z and z' as shown; w is a unit modulo N0, lambda modulo N1.
"""

from __future__ import annotations

from typing import Sequence

from ceremony.algebra.numbers import signed_bytes, signed_size, unsigned_bytes
from ceremony.algebra.paillier import Ciphertext, PaillierPublic, PowersOf
from ceremony.algebra.secp256k1 import G, N, Point, linear_combination, mul_secret_base
from ceremony.base.secret import Secret
from ceremony.proofs.aff_g import AffGStatement, AffGWitness
from ceremony.proofs.challenge import Context, bit_challenges, bits_bytes, mask_stream
from ceremony.proofs.profiles import Profile
from ceremony.proofs.wire import Reader, require_equal, require_finite, require_sizes

TAG = "ceremony/pi-aff-g-star-v1"


def aff_g_star_bytes(profile: Profile) -> int:
    """Size of a proof."""
    element = signed_size(profile.ell + profile.eps) + signed_size(profile.ell_prime + profile.eps)
    return profile.repetitions // 8 + profile.repetitions * (element + profile.modulus_bits // 4)


def prove_aff_g_star(statement: AffGStatement, witness: AffGWitness, own: PaillierPublic, context: Context,
                     randomness: bytes) -> bytes:
    """The proof. own: N1, best with its primes. randomness: 32 fresh bytes. mu is the witness's rho_y."""
    profile, their, fields = context.profile, statement.C.key, statement.fields()
    x, y, rho, mu = witness.values()
    stream = mask_stream(TAG, context, fields, witness.values(), randomness)
    C, masks, commitments = PowersOf(statement.C, profile.ell + profile.eps), [], []
    for _ in range(profile.repetitions):
        alpha, beta = stream.signed(profile.ell + profile.eps), stream.signed(profile.ell_prime + profile.eps)
        r, s = their.randomizer(stream.unit(their.n)), own.randomizer(stream.unit(own.n))
        A = C.times(alpha) + their.encrypt(Secret(beta), r)
        masks.append((alpha, beta, r.r.reveal(), s.r.reveal()))
        commitments.append((A, mul_secret_base(Secret(int(alpha % N))), own.encrypt(Secret(beta), s)))
    bits = bit_challenges(TAG, context, fields, _hashed(commitments))
    elements = (signed_bytes(alpha + e * x, profile.ell + profile.eps)
                + signed_bytes(beta - e * y, profile.ell_prime + profile.eps)
                + unsigned_bytes(r * their.power(rho, e) % their.n, their.size)
                + unsigned_bytes(s * own.power(mu, -e) % own.n, own.size)
                for (alpha, beta, r, s), e in zip(masks, bits, strict=True))
    return bits_bytes(bits) + b"".join(elements)


def verify_aff_g_star(statement: AffGStatement, context: Context, proof: bytes,
                      own: PaillierPublic | None = None) -> None:
    """Accepts a proof of the statement, or raises InvalidProof. own: N0 with its primes, where one has them."""
    require_finite("Pi-aff-g*", statement.X)
    profile, their, key = context.profile, statement.Y.key, own or statement.C.key
    require_sizes("Pi-aff-g*", profile, key, their)
    reader = Reader("Pi-aff-g*", proof, aff_g_star_bytes(profile))
    bits = reader.bits(profile.repetitions)
    C, commitments = PowersOf(statement.C, profile.ell + profile.eps), []
    for e in bits:
        z = reader.signed("z", profile.ell + profile.eps)
        z_prime = reader.signed("z'", profile.ell_prime + profile.eps)
        w, lam = reader.unit("w", key.size, key.n), reader.unit("lambda", their.size, their.n)
        A = C.times(z) + key.combine(z_prime, w, [(statement.D, -e)])
        R = linear_combination((int(z), -e), (G, statement.X))
        commitments.append((A, R, their.combine(z_prime, lam, [(statement.Y, e)])))
    require_equal("Pi-aff-g*", bits, bit_challenges(TAG, context, statement.fields(), _hashed(commitments)))


def _hashed(commitments: Sequence[tuple[Ciphertext, Point, Ciphertext]]) -> list[bytes]:
    return [part for A, R, B in commitments for part in (A.encode(), R.compressed_ext(), B.encode())]
