"""Pi-aff-g: one side of a multiplication was done with small numbers, the factor being a known point's logarithm
(CGGMP24, figure 25).

Secret inputs: x in [-2^ell, 2^ell), y in [-2^ell', 2^ell'), rho a unit modulo N0, rho_y modulo N1. Public inputs: C and
D = C^x enc_0(-y; rho) under the recipient's key N0; Y = enc_1(y; rho_y) under the prover's key N1; X = x*G, finite; the
recipient's N^, s, t. What is shown: x in [-2^(ell+eps), ...) and y in [-2^(ell'+eps), ...).

The figure has +y in D, but figure 8 makes D with -y and F = Y with +y. We follow figure 8, so y enters T, z2 and w_y
with the opposite sign (spec.md, misprint 2).

The proof is e, S, T, z1, z2, z3, z4, w, w_y, with S = s^x t^m and T = s^-y t^mu. The verifier recomputes A = C^z1
enc_0(z2; w) D^-e, B_x = z1*G - e*X, B_y = enc_1(z2; w_y) Y^e, E = s^z1 t^z3 S^-e and F = s^z2 t^z4 T^-e modulo N^.

Ranges: z1 and z2 as shown; z3 and z4 in [-2^(ell+eps) N^, ...), rounded up. S, T are units modulo N^, w modulo N0, w_y
modulo N1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Sequence

from gmpy2 import mpz

from ceremony.algebra.numbers import signed_bytes, signed_size, unsigned_bytes
from ceremony.algebra.paillier import Ciphertext, PaillierPublic, Randomizer
from ceremony.algebra.ring_pedersen import RingPedersen
from ceremony.algebra.secp256k1 import G, N, Point, linear_combination, mul_secret_base, scalar_to_bytes
from ceremony.base.secret import Secret
from ceremony.proofs.challenge import Context, mask_stream, pooled, scalar_challenge
from ceremony.proofs.profiles import Profile
from ceremony.proofs.wire import Reader, require_equal, require_finite, require_sizes

TAG = "ceremony/pi-aff-g-v1"


@dataclass(frozen=True)
class AffGStatement:
    """C, D, Y, X as in the head of this file; N0 is the key of C and D, N1 that of Y. Other keys are a ValueError."""

    C: Ciphertext
    D: Ciphertext
    Y: Ciphertext
    X: Point

    def __post_init__(self) -> None:
        self.C.key.of(self.D)

    def fields(self) -> list[bytes]:
        return [self.C.key.encode(), self.Y.key.encode(), self.C.encode(), self.D.encode(), self.Y.encode(),
                self.X.compressed()]


@dataclass(frozen=True)
class AffGWitness:
    """The secret inputs; x is not negative. rho: the randomness of D, rho_y that of Y."""

    x: Secret[int]
    y: Secret[int]
    rho: Secret[mpz]
    rho_y: Secret[mpz]

    def values(self) -> list[int]:
        return [secret.reveal() for secret in (self.x, self.y, self.rho, self.rho_y)]


def aff_g_bytes(profile: Profile) -> int:
    """Size of a proof."""
    size, slack = profile.modulus_bits // 8, profile.ell + profile.eps
    responses = signed_size(slack) + signed_size(profile.ell_prime + profile.eps)
    return 32 + 4 * size + responses + 2 * signed_size(slack + profile.modulus_bits)


def prove_aff_g(statement: AffGStatement, witness: AffGWitness, own: PaillierPublic, setup: RingPedersen,
                context: Context, randomness: bytes, r: Randomizer | None = None,
                r_y: Randomizer | None = None) -> bytes:
    """The proof. own: N1, best with its primes. setup: the recipient's. randomness: 32 fresh bytes.

    r, r_y: randomizers of N0 and N1 made ahead. **Warning**: one that serves twice reveals rho or rho_y, thus y.
    """
    profile, their, fields = context.profile, statement.C.key, [*statement.fields(), setup.encode()]
    x, y, rho, rho_y = witness.values()
    stream = mask_stream(TAG, context, fields, [*witness.values(), *pooled(r, r_y)], randomness)
    alpha = stream.signed(profile.ell + profile.eps)
    beta = stream.signed(profile.ell_prime + profile.eps)
    gamma, delta = (stream.signed(profile.ell + profile.eps, setup.n) for _ in range(2))
    m, mu = (stream.signed(profile.ell, setup.n) for _ in range(2))
    r = r or their.randomizer(stream.unit(their.n))
    r_y = r_y or own.randomizer(stream.unit(own.n))

    A = statement.C.times_mask(alpha) + their.encrypt(Secret(beta), r)
    B_x = mul_secret_base(Secret(int(alpha % N)))
    B_y = own.encrypt(Secret(beta), r_y)
    S, T = setup.commit_secret(witness.x, m), setup.commit(-y, mu)
    E, F = setup.commit(alpha, gamma), setup.commit(beta, delta)
    e = scalar_challenge(TAG, context, fields, _commitments(setup, A, B_x, B_y, (E, S, F, T)))

    return b"".join((
        scalar_to_bytes(e), unsigned_bytes(S, setup.size), unsigned_bytes(T, setup.size),
        signed_bytes(alpha + e * x, profile.ell + profile.eps),
        signed_bytes(beta - e * y, profile.ell_prime + profile.eps),
        signed_bytes(gamma + e * m, profile.ell + profile.eps + setup.bits),
        signed_bytes(delta + e * mu, profile.ell + profile.eps + setup.bits),
        unsigned_bytes(r.r.reveal() * their.power(rho, e) % their.n, their.size),
        unsigned_bytes(r_y.r.reveal() * own.power(rho_y, -e) % own.n, own.size)))


def verify_aff_g(statement: AffGStatement, own: PaillierPublic, setup: RingPedersen, context: Context,
                 proof: bytes) -> None:
    """Accepts a proof of the statement under one's own setup, or raises InvalidProof. own: N0, best with its primes."""
    require_finite("Pi-aff-g", statement.X)
    profile, their = context.profile, statement.Y.key
    require_sizes("Pi-aff-g", profile, statement.C.key, their, setup)
    reader = Reader("Pi-aff-g", proof, aff_g_bytes(profile))
    e = reader.scalar("e")
    S, T = (reader.unit(field, setup.size, setup.n) for field in ("S", "T"))
    z1 = reader.signed("z1", profile.ell + profile.eps)
    z2 = reader.signed("z2", profile.ell_prime + profile.eps)
    z3, z4 = (reader.signed(field, profile.ell + profile.eps + setup.bits) for field in ("z3", "z4"))
    w, w_y = reader.unit("w", own.size, own.n), reader.unit("w_y", their.size, their.n)

    A = own.combine(z2, w, [(statement.C, z1), (statement.D, -e)])
    B_x = linear_combination((int(z1), -e), (G, statement.X))
    B_y = their.combine(z2, w_y, [(statement.Y, e)])
    E = setup.commit(z1, z3) * setup.power(S, -e) % setup.n
    F = setup.commit(z2, z4) * setup.power(T, -e) % setup.n
    commitments = _commitments(setup, A, B_x, B_y, (E, S, F, T))
    require_equal("Pi-aff-g", e, scalar_challenge(TAG, context, [*statement.fields(), setup.encode()], commitments))


def _commitments(setup: RingPedersen, A: Ciphertext, B_x: Point, B_y: Ciphertext, others: Sequence[mpz]) -> list[bytes]:
    return [A.encode(), B_x.compressed_ext(), B_y.encode(), *(unsigned_bytes(value, setup.size) for value in others)]
