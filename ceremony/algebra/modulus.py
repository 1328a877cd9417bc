"""Moduli N = pq: what everybody can check of another's, and what the owner of p and q can do faster.

A stranger's modulus is read by ``modulus_from``, which refuses all that can be refused without a proof. That N really
is a product of two suitable primes, and that none is small, its owner shows by Pi-mod and Pi-fac.
"""

from __future__ import annotations

from typing import Sequence

from gmpy2 import gcd, invert, is_power, is_prime, mpz, powmod, powmod_sec

from ceremony.algebra.numbers import unsigned_bytes
from ceremony.algebra.primes import has_small_factor
from ceremony.base.errors import Malformed
from ceremony.base.secret import Secret

_FIPS_DISTANCE_BITS = 100  # FIPS 186-5, A.1.1: p and q differ in their highest 100 bits


class MalformedModulus(Malformed):
    """Bytes that are no modulus one could use."""


def modulus_from(encoded: bytes, bits: int) -> mpz:
    """The modulus of exactly ``bits`` bits that bits/8 bytes stand for.

    Raises MalformedModulus for another length, a highest bit that is not set, a factor below 2^16 (thus also for even
    numbers), a prime, and a power: over a square the Jacobi symbol is never -1, and Pi-mod needs that value.
    """
    n = mpz.from_bytes(encoded, "big")
    if len(encoded) != bits // 8 or n.bit_length() != bits:
        raise MalformedModulus("MODULUS-LENGTH", f"{len(encoded)} bytes are no modulus of exactly {bits} bits")
    if has_small_factor(n):
        raise MalformedModulus("MODULUS-SMALL-FACTOR", "a prime below 2^16 divides the modulus")
    if is_prime(n):
        raise MalformedModulus("MODULUS-PRIME", "the modulus is prime")
    if is_power(n):
        raise MalformedModulus("MODULUS-POWER", "the modulus is a power")
    return n


def common_factor(moduli: Sequence[int]) -> tuple[int, int] | None:
    """The places of two moduli that are equal or share a factor, or None when all are coprime in pairs."""
    for second, n in enumerate(moduli):
        for first in range(second):
            if gcd(n, moduli[first]) != 1:
                return first, second
    return None


class Factors:
    """The secret primes of one's own modulus, and powers by the Chinese remainder theorem.

    p, q: distinct safe primes of equal length; ValueError when they are the same, too close, or of another form.
    """

    __slots__ = ("n", "_p", "_q", "_q_inverse")

    def __init__(self, p: Secret[mpz], q: Secret[mpz]):
        a, b = mpz(p.reveal()), mpz(q.reveal())
        if abs(a - b).bit_length() <= a.bit_length() - _FIPS_DISTANCE_BITS:
            raise ValueError("the primes are too close")
        if a % 4 != 3 or b % 4 != 3:
            raise ValueError("the primes are not 3 modulo 4")
        if (a * b).bit_length() != 2 * a.bit_length():
            raise ValueError("the primes are not of one length, or their product is too short")
        self.n, self._p, self._q = a * b, Secret(a), Secret(b)
        self._q_inverse = Secret(invert(b, a))

    def primes(self) -> tuple[Secret[mpz], Secret[mpz]]:
        return self._p, self._q

    def join(self, mod_p: mpz, mod_q: mpz) -> mpz:
        """The residue modulo N with these residues modulo p and q (Garner's form)."""
        p, q = self._p.reveal(), self._q.reveal()
        return mod_q + q * ((mod_p - mod_q) * self._q_inverse.reveal() % p)

    def power(self, base: int, exponent: int) -> mpz:
        """base^exponent mod N for a unit and a **public** exponent of any sign."""
        if exponent < 0:
            base, exponent = invert(base, self.n), -exponent
        return self.join(*(powmod(base % p, exponent % (p - 1), p) for p in (self._p.reveal(), self._q.reveal())))

    def power_secret(self, base: int, exponent: Secret[int]) -> mpz:
        """base^exponent mod N for a unit and a **secret** exponent of any sign, by GMP's powers of constant time."""
        return self.join(*(powmod_sec(base % p, exponent.reveal() % (p - 1) or p - 1, p)
                           for p in (self._p.reveal(), self._q.reveal())))

    def totient(self) -> Secret[mpz]:
        """(p-1)(q-1)."""
        return Secret((self._p.reveal() - 1) * (self._q.reveal() - 1))

    def __repr__(self) -> str:
        return f"Factors(of a modulus of {self.n.bit_length()} bits)"


def modulus_bytes(n: int) -> bytes:
    """The modulus as bits/8 bytes, for a length that is a multiple of 8."""
    return unsigned_bytes(n, n.bit_length() // 8)
