"""Keys of real size for tests, made of the public primes beside this file; see scripts/make_test_primes.py."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from gmpy2 import mpz

from ceremony.algebra.modulus import Factors
from ceremony.algebra.paillier import PaillierPrivate
from ceremony.algebra.ring_pedersen import RingPedersenOwner
from ceremony.algebra.stream import RandomStream
from ceremony.base.secret import Secret


@cache
def primes(bits: int) -> tuple[mpz, ...]:
    """The test primes of 1024 or 1536 bits."""
    lines = (Path(__file__).parent / f"{bits}.txt").read_text("utf-8").splitlines()
    return tuple(mpz(line, 16) for line in lines if not line.startswith("#"))


def factors(bits: int, number: int) -> Factors:
    """The modulus of this number, of 2048 or 3072 bits, with its two primes. Station i uses 2i and 2i + 1."""
    p, q = primes(bits // 2)[2 * number:2 * number + 2]
    return Factors(Secret(p), Secret(q))


@cache
def paillier(bits: int, station: int) -> PaillierPrivate:
    """The Paillier key of a station."""
    return PaillierPrivate(factors(bits, 2 * station))


@cache
def ring_pedersen(bits: int, station: int) -> RingPedersenOwner:
    """The ring-Pedersen parameters of a station, with its secrets."""
    return RingPedersenOwner.generate(factors(bits, 2 * station + 1), RandomStream("ceremony/test", bytes([station])))
