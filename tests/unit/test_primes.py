"""Safe primes: what the sieve leaves, what a segment gives, what the search on all cores tells."""

from __future__ import annotations

import os
import time

import pytest
from gmpy2 import is_prime, mpz

from ceremony.algebra import primes as module
from ceremony.algebra.prime_search import Progress, find_safe_primes
from ceremony.algebra.primes import has_small_factor, is_safe_prime, mean_tests, search_segment
from ceremony.base.secret import Secret
from tests.primes.keys import primes


@pytest.mark.parametrize("bits", [1024, 1536])
def test_the_primes_of_the_tests_are_safe_distinct_and_of_full_length(bits):
    found = primes(bits)
    assert len(found) == len(set(found)) == 48
    for p in found:
        assert p >> (bits - 2) == 3 and p % 12 == 11 and is_prime(p) and is_prime(p // 2)


def test_a_segment_gives_one_safe_prime_that_its_seed_decides():
    seeds = [bytes([n]) * 32 for n in range(3)]
    found = [search_segment(Secret(seed), 160)[0].reveal() for seed in seeds]
    assert len(set(found)) == 3
    assert all(is_safe_prime(p) and p >> 158 == 3 and p % 12 == 11 for p in found)
    assert search_segment(Secret(seeds[0]), 160)[0].reveal() == found[0]


def test_no_safe_prime_is_passed_over():
    """Both kinds are found: those with 2 a square modulo p (7 modulo 8), and those without (3 modulo 8)."""
    found = {int(search_segment(Secret(bytes([n, 1]) * 16), 64)[0].reveal()) % 8 for n in range(12)}
    assert found == {3, 7}


def test_the_sieve_strikes_out_what_has_a_small_factor_and_nothing_else(monkeypatch):
    monkeypatch.setattr(module, "SIEVE_BOUND", 100)
    monkeypatch.setattr(module, "SEGMENT_CANDIDATES", 500)
    module._sieving_primes.cache_clear()
    small = [r for r in range(5, 100) if is_prime(r)]
    start = mpz(10**12) + 5 - (mpz(10**12) % 6)
    kept = [i for i in range(500) if all((start + 6 * i) % r and (2 * (start + 6 * i) + 1) % r for r in small)]
    assert module._survivors(start) == kept and len(kept) > 10
    module._sieving_primes.cache_clear()


def test_a_segment_without_a_safe_prime_says_so(monkeypatch):
    monkeypatch.setattr(module, "SEGMENT_CANDIDATES", 1)
    assert search_segment(Secret(bytes(32)), 1024) in [(None, 0), (None, 1)]


@pytest.mark.parametrize("seed, bits", [(bytes(31), 160), (bytes(33), 160), (bytes(32), 63)])
def test_a_segment_needs_a_whole_seed_and_a_size(seed, bits):
    with pytest.raises(ValueError):
        search_segment(Secret(seed), bits)


@pytest.mark.parametrize("n, is_safe", [(5, False), (7, True), (11, True), (13, False), (23, True), (22, False), (24, False),
                                        (2 * 341 + 1, False), (1, False), (0, False), (-7, False)])
def test_what_a_safe_prime_is(n, is_safe):
    """341 = 11 * 31 deceives Fermat's test to the base 2, and 683 is prime."""
    assert is_safe_prime(n) is is_safe


def test_small_factors_are_found_up_to_their_bound():
    assert has_small_factor(2 * primes(1024)[0]) and has_small_factor(65521 * primes(1024)[0])
    assert not has_small_factor(65537 * primes(1024)[0])


def test_the_mean_is_that_of_the_test_primes():
    assert 750 < mean_tests(1024) < 900 and 1.9 < mean_tests(1536) / mean_tests(1024) < 2.6


def test_estimates_are_honest_about_what_is_unknown():
    begun = Progress(1024, 0, 4, 0, 1.0)
    assert begun.remaining() is None and begun.surely() is None
    late = Progress(1024, 3, 4, 10000, 5.0)
    assert late.remaining() == pytest.approx(5.0 / 10000 * mean_tests(1024))
    assert late.surely() == pytest.approx(2.996 * late.remaining(), rel=0.01)
    four = Progress(1024, 0, 4, 10000, 5.0)
    assert four.surely() == pytest.approx(7.754 / 4 * four.remaining(), rel=0.01)  # 95 % point of a sum of four waits
    assert Progress(1024, 4, 4, 10000, 5.0).surely() == 0


def test_the_search_on_all_cores_yields_primes_and_progress():
    events = list(find_safe_primes(256, 2, os.urandom, time.monotonic, 2))
    found = [event.reveal() for event in events if isinstance(event, Secret)]
    assert len(set(found)) == 2 and all(is_safe_prime(p) and p.bit_length() == 256 for p in found)
    last = events[-1]
    assert isinstance(last, Progress) and (last.found, last.wanted, last.bits) == (2, 2, 256) and last.tests > 0
