"""Paillier's encryption (EUROCRYPT 1999) with the generator 1 + N: enc(m; r) = (1 + N)^m r^N mod N^2.

Plaintexts are integers modulo N in their centred form, -(N-1)/2..(N-1)/2; a result in the upper half is negative. r is
a unit modulo N. Ciphertexts multiply to add plaintexts. A ciphertext knows its key, and is only made by encrypting, by
calculating, or by reading bytes that were checked to be a unit modulo N^2.

The costly half of an encryption, r^N, needs no message: a ``Randomizer`` can be made while nobody waits. It serves
once. Whoever holds the primes uses ``PaillierPrivate``: the same results from powers modulo p^2 and q^2, about three
times faster.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn, Sequence

from gmpy2 import gcd, invert, mpz, powmod, powmod_sec

from ceremony.algebra.comb import Comb
from ceremony.algebra.modulus import Factors, modulus_bytes, modulus_from
from ceremony.algebra.multiexp import multi_power
from ceremony.algebra.numbers import centred, unit_from, unsigned_bytes
from ceremony.base.secret import Secret


@dataclass(frozen=True, slots=True)
class Randomizer:
    """r and r^N mod N^2 for one encryption under one key. **Warning**: a second use under a proof reveals what it hid.
    """

    n: mpz
    r: Secret[mpz]
    power: Secret[mpz]


class PaillierPublic:
    """A public key N of 2048 or 3072 bits. Made by ``decode``, or from one's own primes by ``PaillierPrivate``."""

    def __init__(self, n: int):
        self.n, self.n2 = mpz(n), mpz(n) ** 2
        self.bits, self.size = self.n.bit_length(), self.n.bit_length() // 8

    @staticmethod
    def decode(encoded: bytes, bits: int) -> PaillierPublic:
        """The key that bits/8 bytes stand for. Raises MalformedModulus; see ``modulus_from``."""
        return PaillierPublic(modulus_from(encoded, bits))

    def encode(self) -> bytes:
        return modulus_bytes(self.n)

    def ciphertext(self, encoded: bytes) -> Ciphertext:
        """The ciphertext that 2 * size bytes stand for: a unit modulo N^2. Raises MalformedNumber."""
        return Ciphertext(self.public(), unit_from(encoded, 2 * self.size, self.n2))

    def public(self) -> PaillierPublic:
        return self

    def randomizer(self, r: mpz) -> Randomizer:
        """Prepares one encryption. r: a unit modulo N, fresh and secret; else ValueError."""
        if not 0 < r < self.n or gcd(r, self.n) != 1:
            raise ValueError("the randomness is no unit modulo N")
        return Randomizer(self.n, Secret(mpz(r)), Secret(self._nth_power(r)))

    def _nth_power(self, r: mpz) -> mpz:
        return powmod(r, self.n, self.n2)

    def encrypt(self, plaintext: Secret[int], randomizer: Randomizer) -> Ciphertext:
        """enc(m; r) for a secret integer m, which counts modulo N. ValueError for a randomizer of another key."""
        if randomizer.n != self.n:
            raise ValueError("the randomizer was made for another key")
        return Ciphertext(self.public(), self._linear(plaintext.reveal()) * randomizer.power.reveal() % self.n2)

    def _linear(self, m: int) -> mpz:
        """(1 + N)^m modulo N^2, by the binomial theorem."""
        return 1 + m % self.n * self.n

    def combine(self, m: int, r: int, terms: Sequence[tuple[Ciphertext, int]]) -> Ciphertext:
        """enc(m; r) times the product of ciphertext^exponent, for **public** values: what verifiers recompute.

        r is a unit modulo N; exponents have any sign; ciphertexts of another key are a ValueError.
        """
        product = self._linear(m) * self._nth_power(mpz(r)) % self.n2
        for ciphertext, exponent in terms:
            product = product * powmod(self.of(ciphertext), exponent, self.n2) % self.n2
        return Ciphertext(self.public(), product)

    def power(self, base: mpz, exponent: int) -> mpz:
        """base^exponent modulo N for a unit and a **public** exponent of any sign."""
        return powmod(base, exponent, self.n)

    def of(self, ciphertext: Ciphertext) -> mpz:
        """The ciphertext's value, or ValueError when it belongs to another key."""
        if ciphertext.key.n != self.n:
            raise ValueError("the ciphertext belongs to another key")
        return ciphertext.value

    def __eq__(self, other: object) -> bool:
        return self.n == other.n if isinstance(other, PaillierPublic) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.n)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.bits} bits)"


@dataclass(frozen=True, slots=True)
class Ciphertext:
    """A unit modulo N^2 under a key; public."""

    key: PaillierPublic
    value: mpz

    def encode(self) -> bytes:
        """2 * size bytes."""
        return unsigned_bytes(self.value, 2 * self.key.size)

    def __add__(self, other: Ciphertext) -> Ciphertext:
        """A ciphertext of the sum of the plaintexts."""
        return Ciphertext(self.key, self.value * self.key.of(other) % self.key.n2)

    def __neg__(self) -> Ciphertext:
        return Ciphertext(self.key, invert(self.value, self.key.n2))

    def times_mask(self, factor: int) -> Ciphertext:
        """A ciphertext of factor * plaintext, in time that depends on the factor: public values and one-time masks."""
        return Ciphertext(self.key, powmod(self.value, factor, self.key.n2))

    def times_secret(self, factor: Secret[int]) -> Ciphertext:
        """A ciphertext of factor * plaintext, in constant time (GMP), for a secret factor of 1 or more."""
        return Ciphertext(self.key, powmod_sec(self.value, factor.reveal(), self.key.n2))


class PowersOf:
    """Many multiples of one ciphertext, for public factors and one-time masks in [-2^bits, 2^bits]."""

    def __init__(self, ciphertext: Ciphertext, bits: int):
        self._key, self._comb = ciphertext.key, Comb(ciphertext.value, ciphertext.key.n2, bits + 1)

    def times(self, factor: int) -> Ciphertext:
        """A ciphertext of factor * plaintext."""
        power = self._comb.power(abs(factor))
        return Ciphertext(self._key, invert(power, self._key.n2) if factor < 0 else power)


class PaillierPrivate(PaillierPublic):
    """A key with its primes. Everything a public key can do, and decryption."""

    def __init__(self, factors: Factors):
        super().__init__(factors.n)
        self.factors = factors
        p, q = (prime.reveal() for prime in factors.primes())
        if gcd(self.n, (p - 1) * (q - 1)) != 1:
            raise ValueError("N shares a factor with its totient")
        # Modulo p^2, c^(p-1) = 1 + p * (m * (p-1) * N/p) for the plaintext m, whatever the randomness.
        self._halves = Secret(tuple((a, a * a, invert((a - 1) * b % a, a)) for a, b in ((p, q), (q, p))))
        self._square_inverse = Secret(invert(q * q, p * p))
        self._root = Secret(invert(self.n, (p - 1) * (q - 1)))

    def public(self) -> PaillierPublic:
        return PaillierPublic(self.n)

    def _join_squares(self, mod_p2: mpz, mod_q2: mpz) -> mpz:
        (_, p2, _), (_, q2, _) = self._halves.reveal()
        return mod_q2 + q2 * ((mod_p2 - mod_q2) * self._square_inverse.reveal() % p2)

    def _nth_power(self, r: mpz) -> mpz:
        """r^N modulo p^2 is (r^q mod p)^p, since x^p modulo p^2 depends on x modulo p only."""
        (p, p2, _), (q, q2, _) = self._halves.reveal()
        return self._join_squares(powmod_sec(powmod_sec(r % p, q % (p - 1), p), p, p2),
                                  powmod_sec(powmod_sec(r % q, p % (q - 1), q), q, q2))

    def combine(self, m: int, r: int, terms: Sequence[tuple[Ciphertext, int]]) -> Ciphertext:
        bases = [invert(self.of(c), self.n2) if exponent < 0 else self.of(c) for c, exponent in terms]
        exponents = [abs(exponent) for _, exponent in terms]
        (p, p2, _), (q, q2, _) = self._halves.reveal()
        mod_p2, mod_q2 = (
            multi_power([powmod(r % a, b % (a - 1), a), *(base % a2 for base in bases)], [a, *exponents], a2)
            for a, a2, b in ((p, p2, q), (q, q2, p)))
        return Ciphertext(self.public(), self._linear(m) * self._join_squares(mod_p2, mod_q2) % self.n2)

    def decrypt(self, ciphertext: Ciphertext) -> Secret[mpz]:
        """The plaintext in its centred form, by powers of constant time."""
        value = self.of(ciphertext)
        mod_p, mod_q = ((powmod_sec(value % a2, a - 1, a2) - 1) // a * inverse % a
                        for a, a2, inverse in self._halves.reveal())
        return Secret(centred(self.factors.join(mod_p, mod_q), self.n))

    def randomness(self, ciphertext: Ciphertext) -> Secret[mpz]:
        """The r of enc(m; r): the N-th root of the ciphertext modulo N, where the plaintext vanishes."""
        return Secret(self.factors.power_secret(self.of(ciphertext) % self.n, self._root))

    def power(self, base: mpz, exponent: int) -> mpz:
        return self.factors.power(base, exponent)

    def nth_root(self, value: mpz) -> mpz:
        """The unit z with z^N = value modulo N."""
        return self.factors.power_secret(value, self._root)

    def __getstate__(self) -> NoReturn:
        raise TypeError("a private key cannot be copied or pickled")
