"""The fuzzing loop: ``python -m tests.fuzz.run --seconds N [--seed S] [TARGET…]``.

Runs every target of every ``targets_*.py`` in turn on mutated seeds until the time is over. A broken law stops the loop, and
the input is printed in hex with its target, seed and count, so that it can become a test.
"""

from __future__ import annotations

import argparse
import importlib
import inspect
import random
import sys
import time
from pathlib import Path
from typing import Callable, Iterator

HERE = Path(__file__).parent
MAX_INPUT_BYTES = 20_000
INTERESTING = (b"", b"\0", b"\xff", b"\n", b'"', b"\\", b"{", b"[", b"]", b"}", b",", b":", b"-", b"0", b"null", b"\x7f", b"\x1b", "\u202e".encode(),
               b"\xed\xa0\x80", b"\x9b" + b"\xff" * 8, b"9" * 30, b"[" * 100)
Target = Callable[[bytes], None]


def targets(names: list[str] | None = None) -> dict[str, tuple[Target, list[bytes]]]:
    """All targets, or those named, as ``module.function`` -> (function, its seeds).

    A module may give seeds, good inputs to start from, as SEEDS: function name -> list of bytes.
    """
    found = {}
    for path in sorted(HERE.glob("targets_*.py")):
        module = importlib.import_module(f"tests.fuzz.{path.stem}")
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if function.__module__ == module.__name__ and not name.startswith("_") and (not names or name in names):
                found[f"{path.stem}.{name}"] = (function, getattr(module, "SEEDS", {}).get(name, [b""]))
    return found


def inputs(seeds: list[bytes], source: random.Random) -> Iterator[bytes]:
    """The seeds themselves, then without end one to four mutations of one of them, or noise."""
    yield from seeds
    while True:
        if source.random() < 0.02:
            yield source.randbytes(source.randrange(200))
            continue
        data = source.choice(seeds)
        for _ in range(source.choice((1, 1, 1, 2, 4))):
            data = source.choice(MUTATIONS)(data, seeds, source)
        yield data[:MAX_INPUT_BYTES]


def _flip(data: bytes, seeds: list[bytes], source: random.Random) -> bytes:
    if not data:
        return source.randbytes(1)
    at = source.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << source.randrange(8)]) + data[at + 1:]


def _replace(data: bytes, seeds: list[bytes], source: random.Random) -> bytes:
    at = source.randrange(len(data) + 1)
    return data[:at] + source.choice((source.randbytes(1), *INTERESTING)) + data[at + source.randrange(3):]


def _cut(data: bytes, seeds: list[bytes], source: random.Random) -> bytes:
    first, last = sorted(source.randrange(len(data) + 1) for _ in range(2))
    return source.choice((data[:first], data[last:], data[:first] + data[last:]))


def _double(data: bytes, seeds: list[bytes], source: random.Random) -> bytes:
    first, last = sorted(source.randrange(len(data) + 1) for _ in range(2))
    return data[:last] + data[first:last] + data[last:]


def _splice(data: bytes, seeds: list[bytes], source: random.Random) -> bytes:
    other = source.choice(seeds)
    return data[:source.randrange(len(data) + 1)] + other[source.randrange(len(other) + 1):]


MUTATIONS = (_flip, _flip, _replace, _replace, _cut, _double, _splice)


def run(target: Target, seeds: list[bytes], source: random.Random, *, count: int = 10**9, until: float = float("inf")) -> int:
    """Feed one target; gives the number of inputs. Whatever the target raises is let through, with the input noted."""
    done = 0
    for data in inputs(seeds, source):
        if done >= count or time.monotonic() > until:
            return done
        try:
            target(data)
        except BaseException as error:
            error.add_note(f"fuzz input {done}: {data.hex()}")
            raise
        done += 1
    return done


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="tests.fuzz.run", description="Feed mutated inputs to the decoders.")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=None, help="repeats a run up to its length")
    parser.add_argument("target", nargs="*", help="names of targets; all when none is named")
    options = parser.parse_args(argv)
    chosen = targets(options.target)
    if not chosen:
        parser.error("no such target")
    seed = random.SystemRandom().randrange(2**32) if options.seed is None else options.seed
    end, total, portion = time.monotonic() + options.seconds, 0, 0
    while time.monotonic() < end:
        portion += 1
        for name, (target, seeds) in chosen.items():
            try:
                # Each portion has a seed of its own, so that a failure comes back at once.
                total += run(target, seeds, random.Random(f"{seed} {portion} {name}"), count=2000, until=end)
            except BaseException as error:
                if isinstance(error, KeyboardInterrupt):
                    raise
                print(f"{name} broke its law with --seed {seed}, portion {portion}", file=sys.stderr)
                raise
    print(f"{total} inputs to {len(chosen)} targets, no law broken (seed {seed})")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
