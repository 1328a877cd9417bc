#!/usr/bin/env python3
"""Writes tests/primes/<bits>.txt: safe primes of real size, so that tests and vectors need not search for their own.

    scripts/make_test_primes.py [COUNT]

They are made from seeds that anybody can repeat and stand in a public repository, so a key made of them protects
nothing. The product never reads these files, and no command can fill the pool of a station from a file.
"""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from ceremony.algebra.primes import search_segment  # noqa: E402
from ceremony.base.secret import Secret  # noqa: E402

HEAD = """\
# Safe primes of {bits} bits for tests, in hexadecimal. PUBLIC: a key made of them protects nothing.
# Made by scripts/make_test_primes.py; line i is the first that "ceremony test prime {bits} i 0", "... i 1", ... give.
"""


def prime(bits: int, number: int) -> str:
    """The test prime of this number, in hexadecimal."""
    attempt = 0
    while True:
        seed = sha256(f"ceremony test prime {bits} {number} {attempt}".encode()).digest()
        found, _ = search_segment(Secret(seed), bits)
        if found is not None:
            return f"{found.reveal():x}"
        attempt += 1


def main(count: int) -> None:
    with ProcessPoolExecutor() as workers:
        for bits in (1024, 1536):
            primes = list(workers.map(prime, [bits] * count, range(count)))
            path = ROOT / "tests" / "primes" / f"{bits}.txt"
            path.parent.mkdir(exist_ok=True)
            path.write_text(HEAD.format(bits=bits) + "\n".join(primes) + "\n", "utf-8")
            print(path.relative_to(ROOT), len(primes))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 48)
