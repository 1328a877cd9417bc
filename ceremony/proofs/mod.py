"""Pi-mod: N is a product of two primes, both 3 modulo 4, and shares no factor with its totient (CGGMP24, figure 12).

Secret inputs: p and q. Public input: N. For everybody.

For each of m random units y_i the prover shows an N-th root z_i, which every unit has only if N and its totient are
coprime, and a fourth root x_i of y_i, -y_i, w y_i or -w y_i, which every unit has only for two prime powers and Blum
primes; a_i and b_i say which of the four. w has Jacobi symbol -1. The proof is the m bits a_i, the m bits b_i, and the
pairs x_i, z_i.

w is not sent: it is the first number with that symbol in the stream that also gives the y_i, which only the prover's
and the session's names and N decide. So no prover chooses it, no w without an inverse can slip in, and a simulator that
may program the hash still can choose it as an N-th power; the least such number, which is shorter still, would deny it
that.

Ranges: 0 <= x_i, z_i < N. They need no test for being units: y_i and w are units, hence so is whatever passes the
equations. That N is odd, of the exact length, without small factors, no prime and no power, ``PaillierPublic.decode``
has seen to.
"""

from __future__ import annotations

from gmpy2 import jacobi, mpz, powmod

from ceremony.algebra.numbers import unsigned_bytes
from ceremony.algebra.paillier import PaillierPrivate, PaillierPublic
from ceremony.algebra.stream import RandomStream
from ceremony.base.secret import Secret
from ceremony.proofs.challenge import Context, bits_bytes, public_stream
from ceremony.proofs.profiles import Profile
from ceremony.proofs.wire import InvalidProof, Reader, require_sizes

TAG = "ceremony/pi-mod-v1"


def mod_bytes(profile: Profile) -> int:
    """Size of a proof."""
    return profile.repetitions // 4 + 2 * profile.repetitions * profile.modulus_bits // 8


def prove_mod(key: PaillierPrivate, context: Context) -> bytes:
    """The proof about one's own key. It needs no randomness: every root is determined."""
    w, ys = _challenges(key, context)
    p, q = (prime.reveal() for prime in key.factors.primes())
    # The squares form a group of odd order, where half of order + 1 is the exponent of the root that is a square.
    order = key.factors.totient().reveal() // 4
    root = Secret(((order + 1) // 2) ** 2 % order)
    roots, all_a, all_b = [], [], []
    for y in ys:
        # -1 is a square modulo neither prime, and w modulo exactly one of them.
        b = int(jacobi(y, p) != jacobi(y, q))
        value = y * w % key.n if b else y
        a = int(jacobi(value, p) == -1)
        x = key.factors.power_secret(-value % key.n if a else value, root)
        roots.append(unsigned_bytes(x, key.size) + unsigned_bytes(key.nth_root(y), key.size))
        all_a.append(a)
        all_b.append(b)
    return bits_bytes(all_a) + bits_bytes(all_b) + b"".join(roots)


def verify_mod(key: PaillierPublic, context: Context, proof: bytes) -> None:
    """Accepts a proof about another's key, or raises InvalidProof."""
    require_sizes("Pi-mod", context.profile, key)
    n, reader = key.n, Reader("Pi-mod", proof, mod_bytes(context.profile))
    all_a, all_b = (reader.bits(context.profile.repetitions) for _ in range(2))
    w, ys = _challenges(key, context)
    for y, a, b in zip(ys, all_a, all_b, strict=True):
        x, z = (reader.below(field, key.size, n) for field in ("x", "z"))
        if powmod(z, n, n) != y:
            raise InvalidProof("PROOF-NTH-ROOT", "Pi-mod: z is no N-th root of its challenge")
        if powmod(x, 4, n) != (-1) ** a * w**b * y % n:
            raise InvalidProof("PROOF-FOURTH-ROOT", "Pi-mod: x is no fourth root of its challenge")


def _challenges(key: PaillierPublic, context: Context) -> tuple[mpz, list[mpz]]:
    """w with Jacobi symbol -1, and the m units y_i."""
    stream = public_stream(TAG, context, [key.encode()])
    return _first_with_symbol_minus_one(stream, key.n), [stream.unit(key.n) for _ in range(context.profile.repetitions)]


def _first_with_symbol_minus_one(stream: RandomStream, n: mpz) -> mpz:
    """Every other number has it, since n is no square."""
    while True:
        w = stream.below(n)
        if jacobi(w, n) == -1:
            return w
