"""Ring-Pedersen commitments: s^x t^y modulo a verifier's own N^, for integers x and y of any sign (CGGMP24).

Every verifier brings its own (N^, s, t) with s = t^lambda; commitments to it hide x because s lies in the group that t
generates, which Pi-prm shows, and bind whoever does not know the primes of N^. Provers use one table each for s and t.
The owner of N^ knows lambda, so its commitment is one power t^(lambda x + y), taken modulo each prime.
"""

from __future__ import annotations

from functools import cached_property
from typing import NoReturn

from gmpy2 import invert, jacobi, mpz, powmod, powmod_sec

from ceremony.algebra.comb import Comb
from ceremony.algebra.modulus import Factors, modulus_bytes, modulus_from
from ceremony.algebra.numbers import unit_from, unsigned_bytes
from ceremony.algebra.stream import RandomStream
from ceremony.base.errors import Malformed
from ceremony.base.secret import Secret

# Exponents go beyond the modulus by the 768 bits of ell + epsilon, and by one bit (proofs/profiles.py).
_SLACK_BITS = 768


class MalformedRingPedersen(Malformed):
    """Bytes that are no parameters one could commit with."""


class RingPedersen:
    """(N^, s, t), public. Made by ``decode``, or from one's own primes by ``RingPedersenOwner``."""

    def __init__(self, n: int, s: int, t: int):
        self.n, self.s, self.t = mpz(n), mpz(s), mpz(t)
        self.bits, self.size = self.n.bit_length(), self.n.bit_length() // 8

    @staticmethod
    def decode(encoded: bytes, bits: int) -> RingPedersen:
        """The parameters that three numbers of bits/8 bytes stand for: N^, s, t.

        Raises MalformedRingPedersen where N^ is no modulus (see ``modulus_from``), s or t is no unit or of the trivial
        values 1 and -1, both are equal, or one of them is certainly no square: s and t generate the group of squares.
        """
        size = bits // 8
        if len(encoded) != 3 * size:
            raise MalformedRingPedersen("RING-PEDERSEN-LENGTH", f"{len(encoded)} bytes instead of {3 * size}")
        try:
            n = modulus_from(encoded[:size], bits)
            s, t = (unit_from(encoded[k * size:(k + 1) * size], size, n) for k in (1, 2))
        except Malformed as bad:
            raise MalformedRingPedersen(bad.check, bad.seen) from bad
        if {s, t} & {1, n - 1} or s == t:
            raise MalformedRingPedersen("RING-PEDERSEN-BASES", "s or t is 1 or -1, or both are equal")
        if jacobi(s, n) != 1 or jacobi(t, n) != 1:
            raise MalformedRingPedersen("RING-PEDERSEN-BASES", "s or t is no square modulo N^")
        return RingPedersen(n, s, t)

    def encode(self) -> bytes:
        """Three numbers of ``size`` bytes: N^, s, t."""
        return modulus_bytes(self.n) + unsigned_bytes(self.s, self.size) + unsigned_bytes(self.t, self.size)

    @cached_property
    def _s_comb(self) -> Comb:
        return Comb(self.s, self.n, self.bits // 2 + _SLACK_BITS)

    @cached_property
    def _t_comb(self) -> Comb:
        return Comb(self.t, self.n, self.bits + _SLACK_BITS + 1)

    def commit(self, x: int, y: int) -> mpz:
        """s^x t^y modulo N^, in time that depends on x and y: public values and one-time masks."""
        return self._power(self._s_comb, self.s, x) * self._power(self._t_comb, self.t, y) % self.n

    def commit_secret(self, x: Secret[int], y: int) -> mpz:
        """s^x t^y modulo N^ with x, 0 or more, in constant time (GMP); y is a one-time mask."""
        s_power = powmod_sec(self.s, x.reveal(), self.n) if x.reveal() else mpz(1)
        return s_power * self._power(self._t_comb, self.t, y) % self.n

    def _power(self, comb: Comb, base: mpz, exponent: int) -> mpz:
        size = abs(exponent)
        power = powmod(base, size, self.n) if size >> comb.bits else comb.power(size)
        return invert(power, self.n) if exponent < 0 else power

    def power(self, element: int, exponent: int) -> mpz:
        """element^exponent modulo N^ for a unit and a **public** exponent of any sign."""
        return powmod(element, exponent, self.n)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RingPedersen):
            return NotImplemented
        return (self.n, self.s, self.t) == (other.n, other.s, other.t)

    def __hash__(self) -> int:
        return hash((self.n, self.s, self.t))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.bits} bits)"


class RingPedersenOwner(RingPedersen):
    """One's own parameters, with the primes of N^ and lambda."""

    def __init__(self, factors: Factors, t: mpz, lam: Secret[mpz]):
        super().__init__(factors.n, factors.power_secret(t, lam), t)
        self.factors, self.lam = factors, lam

    @staticmethod
    def generate(factors: Factors, stream: RandomStream) -> RingPedersenOwner:
        """Fresh parameters: t is the square of a random unit, and lambda is random below the totient.

        The stream must not be public. Values that ``decode`` would refuse come out with probability 2^-1000.
        """
        t = stream.unit(factors.n) ** 2 % factors.n
        return RingPedersenOwner(factors, t, Secret(stream.below(factors.totient().reveal())))

    def public(self) -> RingPedersen:
        return RingPedersen(self.n, self.s, self.t)

    @cached_property
    def _combs(self) -> Secret[tuple[Comb, ...]]:
        """Powers of t modulo each prime p. t is a square, so exponents count modulo (p-1)/2."""
        return Secret(tuple(Comb(self.t, p.reveal(), p.reveal().bit_length()) for p in self.factors.primes()))

    def commit(self, x: int, y: int) -> mpz:
        exponent = self.lam.reveal() * x + y
        return self.factors.join(*(comb.power(exponent % (comb.modulus // 2)) for comb in self._combs.reveal()))

    def power(self, element: int, exponent: int) -> mpz:
        return self.factors.power(element, exponent)

    def __getstate__(self) -> NoReturn:
        raise TypeError("the owner's parameters cannot be copied or pickled")
