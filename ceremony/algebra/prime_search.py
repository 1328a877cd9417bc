"""Searching for safe primes on all cores, with progress that promises nothing it cannot keep.

gmpy2 holds the interpreter's lock while it tests a prime, so the cores are used by processes. A process is given the
seed of one segment and returns what it found; both pass through pipes of this machine's memory and touch no disk.
Randomness and time are arguments, as everywhere on this floor.
"""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from math import log
from multiprocessing import get_context
from typing import Callable, Iterator

from gmpy2 import mpz

from ceremony.algebra.primes import mean_tests, search_segment
from ceremony.base.secret import Secret


@dataclass(frozen=True)
class Progress:
    """Where a search stands. tests, seconds: so far. found, wanted: primes."""

    bits: int
    found: int
    wanted: int
    tests: int
    seconds: float

    def remaining(self) -> float | None:
        """Mean number of seconds still ahead at the speed so far, or None before anything was tested.

        The wait is memoryless: it depends on the primes still wanted, and not on how long the search has been at it.
        """
        return (self.wanted - self.found) * self._seconds_each() if self.tests else None

    def surely(self) -> float | None:
        """Seconds after which 19 of 20 searches would be through, by Wilson and Hilferty's cube for sums of waits."""
        if not self.tests or self.found == self.wanted:
            return self.remaining()
        k = self.wanted - self.found
        if k == 1:
            return -log(0.05) * self._seconds_each()
        return k * (1 - 1 / (9 * k) + 1.645 / (3 * k**0.5)) ** 3 * self._seconds_each()

    def _seconds_each(self) -> float:
        return self.seconds / self.tests * mean_tests(self.bits)


def _segment(seed: bytes, bits: int) -> tuple[int | None, int]:
    """What a worker process does. Plain numbers go through the pipe, since a Secret refuses to be pickled."""
    found, tests = search_segment(Secret(seed), bits)
    return (None if found is None else int(found.reveal())), tests


def find_safe_primes(bits: int, wanted: int, random_bytes: Callable[[int], bytes], clock: Callable[[], float],
                     workers: int) -> Iterator[Progress | Secret[mpz]]:
    """Yields ``wanted`` distinct safe primes of exactly ``bits`` bits as they are found, and progress after each
    segment.

    random_bytes: a source of fresh secret bytes. clock: seconds, monotonic. workers: processes, one per core. Closing
    the iterator ends the processes after their present segment; primes found and not yet yielded are lost with it.
    """
    started, found, tests = clock(), 0, 0
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        running: set[Future] = set()
        try:
            while found < wanted:
                while len(running) < workers:  # all of them to the end: two finish the last prime in half the time
                    running.add(pool.submit(_segment, random_bytes(32), bits))
                done, running = wait(running, return_when=FIRST_COMPLETED)
                for p, tested in (future.result() for future in done):
                    tests += tested
                    if p is not None and found < wanted:
                        found += 1
                        yield Secret(mpz(p))
                yield Progress(bits, found, wanted, tests, clock() - started)
        finally:
            pool.shutdown(cancel_futures=True)
