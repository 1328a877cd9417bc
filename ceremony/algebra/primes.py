"""Safe primes p = 2q + 1, both p and q prime, found by one sieve over q and 2q + 1 at once.

A candidate q is struck out when a small prime divides q or 2q + 1, so the costly tests meet only pairs that survive
both. Every q here is 5 modulo 6: then p is 11 modulo 12, thus 3 modulo 4 (a Blum prime) and never a multiple of 3. The
two highest bits of p are set, so the product of two such primes of k bits always has exactly 2k bits.

One segment is one seed: a fresh place to begin, and its survivors tested in random order. No two primes ever come from
one segment, because primes that lie close together make a modulus that is easily factored. This file runs no process
and reads no clock; ``prime_search`` does the searching on all cores.
"""

from __future__ import annotations

from functools import lru_cache
from math import log

from gmpy2 import gcd, is_prime, mpz, powmod

from ceremony.algebra.stream import RandomStream
from ceremony.base.secret import Secret

SIEVE_BOUND = 1 << 20      # small primes below it are sieved
SEGMENT_CANDIDATES = 1 << 18
_MILLER_RABIN_ROUNDS = 40  # beyond gmpy2's Baillie-PSW test, for primes that an adversary may have chosen
_MERTENS = 0.31524         # e^(-2 * Euler's constant): the share of pairs that a sieve leaves, by Mertens' theorem


@lru_cache(maxsize=1)
def _sieving_primes() -> tuple[tuple[int, int], ...]:
    """(r, 1/6 mod r) for every prime 5 <= r < SIEVE_BOUND."""
    flags = bytearray([1]) * SIEVE_BOUND
    for n in range(2, int(SIEVE_BOUND**0.5) + 1):
        if flags[n]:
            flags[n * n::n] = bytes(len(range(n * n, SIEVE_BOUND, n)))
    return tuple((r, pow(6, -1, r)) for r in range(5, SIEVE_BOUND) if flags[r])


def _survivors(start: mpz) -> list[int]:
    """The i below SEGMENT_CANDIDATES for which no small prime divides q = start + 6i or 2q + 1."""
    flags = bytearray([1]) * SEGMENT_CANDIDATES
    zeros = memoryview(bytes(SEGMENT_CANDIDATES))
    for r, inverse_of_6 in _sieving_primes():
        rest = int(start % r)
        for root in (0, (r - 1) // 2):  # q = 0, and q = -1/2, modulo r
            first = (root - rest) * inverse_of_6 % r
            if r < SEGMENT_CANDIDATES:
                flags[first::r] = zeros[:(SEGMENT_CANDIDATES - first + r - 1) // r]
            elif first < SEGMENT_CANDIDATES:
                flags[first] = 0
    places, place = [], flags.find(1)
    while place >= 0:
        places.append(place)
        place = flags.find(1, place + 1)
    return places


def search_segment(seed: Secret[bytes], bits: int) -> tuple[Secret[mpz] | None, int]:
    """One safe prime of exactly ``bits`` bits, or None where this segment has none; and how many candidates were
    tested.

    seed: 32 fresh secret bytes, never used again; they decide the prime. bits: at least 64, else ValueError. One
    segment in sixty of 1024 bits is without a safe prime, and one in six of 1536 bits.
    """
    if bits < 64 or len(seed.reveal()) != 32:
        raise ValueError("a safe prime has at least 64 bits and a seed 32 bytes")
    stream = RandomStream("ceremony/safe-prime-v1", seed.reveal())
    lowest, span = mpz(3) << (bits - 3), mpz(1) << (bits - 3)  # q in [3/4, 1) * 2^(bits-1)
    start = lowest + stream.below(span - 6 * SEGMENT_CANDIDATES - 6)
    start += (5 - start) % 6
    survivors, tested = _survivors(start), 0
    while survivors:
        place = int(stream.below(len(survivors)))
        survivors[place], survivors[-1] = survivors[-1], survivors[place]
        q = start + 6 * survivors.pop()
        tested += 1
        if powmod(2, q - 1, q) == 1 and powmod(2, 2 * q, 2 * q + 1) == 1 and is_safe_prime(2 * q + 1):
            return Secret(2 * q + 1), tested
    return None, tested


def is_safe_prime(p: int) -> bool:
    """Whether p and (p-1)/2 are both prime, by Baillie-PSW and Miller-Rabin tests."""
    return p > 6 and p % 2 == 1 and all(is_prime(mpz(n), _MILLER_RABIN_ROUNDS) for n in (p // 2, p))


def mean_tests(bits: int) -> float:
    """How many survivors of the sieve are tested, on average, for one safe prime of so many bits.

    The number of pairs is that of Bateman and Horn's conjecture; the sieve's share follows from Mertens' third theorem.
    The wait is memoryless: that n tests were in vain does not shorten what lies ahead.
    """
    return _MERTENS * log(2) ** 2 * (bits - 1) * bits / log(SIEVE_BOUND) ** 2


@lru_cache(maxsize=1)
def _primorial() -> mpz:
    """Product of all primes below 2^16."""
    product = mpz(6)
    for r, _ in _sieving_primes():
        if r >= 1 << 16:
            break
        product *= r
    return product


def has_small_factor(n: int) -> bool:
    """Whether some prime below 2^16 divides n."""
    return gcd(mpz(n), _primorial()) != 1
