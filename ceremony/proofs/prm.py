"""Pi-prm: s lies in the group that t generates, so commitments under (N^, s, t) hide (CGGMP24, figure 13).

Secret inputs: lambda with s = t^lambda modulo N^, and the primes of N^. Public inputs: N^, s, t. For everybody.

m repetitions with one bit each; t's group has unknown order for the verifier, so one long challenge would be no proof
(a prover with an s of small order in Z*_N^/<t> would pass whenever that order divides the challenge). All m bits come
from one hash. The proof is the m bits of e and m numbers z_i = a_i + e_i lambda modulo the totient; the verifier
recomputes A_i = t^z_i s^-e_i.

Ranges: 0 <= z_i < N^. That s and t are units, not trivial and not certainly non-squares, ``RingPedersen.decode`` has
seen to.
"""

from __future__ import annotations

from typing import Sequence

from gmpy2 import invert, mpz

from ceremony.algebra.comb import Comb
from ceremony.algebra.numbers import unsigned_bytes
from ceremony.algebra.ring_pedersen import RingPedersen, RingPedersenOwner
from ceremony.proofs.challenge import Context, bit_challenges, bits_bytes, mask_stream
from ceremony.proofs.profiles import Profile
from ceremony.proofs.wire import Reader, require_equal, require_sizes

TAG = "ceremony/pi-prm-v1"


def prm_bytes(profile: Profile) -> int:
    """Size of a proof."""
    return profile.repetitions // 8 + profile.repetitions * profile.modulus_bits // 8


def prove_prm(owner: RingPedersenOwner, context: Context, randomness: bytes) -> bytes:
    """The proof about one's own parameters. randomness: 32 fresh bytes."""
    fields, totient, lam = [owner.encode()], owner.factors.totient().reveal(), owner.lam.reveal()
    stream = mask_stream(TAG, context, fields, [lam, totient], randomness)
    masks = [stream.below(totient) for _ in range(context.profile.repetitions)]
    bits = bit_challenges(TAG, context, fields, _commitments(owner, [owner.commit(0, a) for a in masks]))
    responses = ((a + e * lam) % totient for a, e in zip(masks, bits, strict=True))
    return bits_bytes(bits) + b"".join(unsigned_bytes(z, owner.size) for z in responses)


def verify_prm(setup: RingPedersen, context: Context, proof: bytes) -> None:
    """Accepts a proof about another's parameters, or raises InvalidProof."""
    require_sizes("Pi-prm", context.profile, setup)
    reader = Reader("Pi-prm", proof, prm_bytes(context.profile))
    bits = reader.bits(context.profile.repetitions)
    responses = [reader.below("z", setup.size, setup.n) for _ in bits]
    t, s_inverse = Comb(setup.t, setup.n, setup.bits), invert(setup.s, setup.n)
    powers = map(t.power, responses)
    commitments = [power * s_inverse % setup.n if e else power for power, e in zip(powers, bits, strict=True)]
    require_equal("Pi-prm", bits, bit_challenges(TAG, context, [setup.encode()], _commitments(setup, commitments)))


def _commitments(setup: RingPedersen, values: Sequence[mpz]) -> list[bytes]:
    return [unsigned_bytes(value, setup.size) for value in values]
