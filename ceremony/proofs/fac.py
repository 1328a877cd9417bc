"""Pi-fac: a modulus has no small factor (CGGMP24, figure 26).

Secret inputs: p and q with N0 = pq. Public inputs: N0; the recipient's N^, s, t. What is shown: both |p| and |q| are
below R * 2^(ell+eps) with R = 2^(|N0|/2 - 1), the power of two next below the root of N0; so neither is below 2^ell,
which is what the other proofs need for their challenges.

The proof is e, P, Q, z1, z2, w1, w2, v, with P = s^p t^mu and Q = s^q t^nu. The verifier recomputes A = s^z1 t^w1 P^-e,
B = s^z2 t^w2 Q^-e and T = Q^z1 t^v s^(-e N0), all modulo N^.

Ranges: z1 and z2 in [-R 2^(ell+eps), ...); w1 and w2 in [-2^(ell+eps) N^, ...), v in [-2^(ell+eps) N0 N^, ...), rounded
up. P and Q are units modulo N^. A sigma as in the revision of 2021 is not sent (spec.md, reading 5).
"""

from __future__ import annotations

from typing import Sequence

from gmpy2 import mpz

from ceremony.algebra.numbers import signed_bytes, signed_size, unsigned_bytes
from ceremony.algebra.paillier import PaillierPrivate, PaillierPublic
from ceremony.algebra.ring_pedersen import RingPedersen
from ceremony.algebra.secp256k1 import scalar_to_bytes
from ceremony.proofs.challenge import Context, mask_stream, scalar_challenge
from ceremony.proofs.profiles import Profile
from ceremony.proofs.wire import Reader, require_equal, require_sizes

TAG = "ceremony/pi-fac-v1"


def _ranges(profile: Profile) -> tuple[int, int, int]:
    """Bits of z1 and z2, of w1 and w2, and of v."""
    slack = profile.ell + profile.eps
    return slack + profile.modulus_bits // 2 - 1, slack + profile.modulus_bits, slack + 2 * profile.modulus_bits


def fac_bytes(profile: Profile) -> int:
    """Size of a proof."""
    z, w, v = map(signed_size, _ranges(profile))
    return 32 + profile.modulus_bits // 4 + 2 * z + 2 * w + v


def prove_fac(key: PaillierPrivate, setup: RingPedersen, context: Context, randomness: bytes) -> bytes:
    """The proof about one's own key, for the recipient whose setup this is. randomness: 32 fresh bytes."""
    profile, fields = context.profile, [key.encode(), setup.encode()]
    z_bits, w_bits, v_bits = _ranges(profile)
    p_secret, q_secret = key.factors.primes()
    p, q = p_secret.reveal(), q_secret.reveal()
    stream = mask_stream(TAG, context, fields, [p, q], randomness)
    alpha, beta = stream.signed(z_bits), stream.signed(z_bits)
    mu, nu = (stream.signed(profile.ell, setup.n) for _ in range(2))
    x, y = (stream.signed(profile.ell + profile.eps, setup.n) for _ in range(2))
    r = stream.signed(profile.ell + profile.eps, key.n * setup.n)

    P, Q = setup.commit_secret(p_secret, mu), setup.commit_secret(q_secret, nu)
    A, B = setup.commit(alpha, x), setup.commit(beta, y)
    T = setup.power(Q, alpha) * setup.commit(0, r) % setup.n
    e = scalar_challenge(TAG, context, fields, _commitments(setup, (P, Q, A, B, T)))

    return b"".join((
        scalar_to_bytes(e), unsigned_bytes(P, setup.size), unsigned_bytes(Q, setup.size),
        signed_bytes(alpha + e * p, z_bits), signed_bytes(beta + e * q, z_bits),
        signed_bytes(x + e * mu, w_bits), signed_bytes(y + e * nu, w_bits), signed_bytes(r - e * nu * p, v_bits)))


def verify_fac(key: PaillierPublic, setup: RingPedersen, context: Context, proof: bytes) -> None:
    """Accepts a proof that no factor of the key is small, under one's own setup, or raises InvalidProof."""
    profile = context.profile
    require_sizes("Pi-fac", profile, key, setup)
    z_bits, w_bits, v_bits = _ranges(profile)
    reader = Reader("Pi-fac", proof, fac_bytes(profile))
    e = reader.scalar("e")
    P, Q = (reader.unit(field, setup.size, setup.n) for field in ("P", "Q"))
    z1, z2 = (reader.signed(field, z_bits) for field in ("z1", "z2"))
    w1, w2 = (reader.signed(field, w_bits) for field in ("w1", "w2"))
    v = reader.signed("v", v_bits)

    A = setup.commit(z1, w1) * setup.power(P, -e) % setup.n
    B = setup.commit(z2, w2) * setup.power(Q, -e) % setup.n
    T = setup.power(Q, z1) * setup.commit(-e * key.n, v) % setup.n
    fields = [key.encode(), setup.encode()]
    require_equal("Pi-fac", e, scalar_challenge(TAG, context, fields, _commitments(setup, (P, Q, A, B, T))))


def _commitments(setup: RingPedersen, values: Sequence[mpz]) -> list[bytes]:
    return [unsigned_bytes(value, setup.size) for value in values]
