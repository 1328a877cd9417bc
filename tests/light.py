"""The real command with a vault that opens fast: `python tests/light.py [--way NAME] ARGUMENT…`.

The product has no option for this. What is left out is named here and nowhere else: Argon2id at its smallest costs instead
of the rehearsal's 64 MiB, and no locking of memory, which under strace and inside pytest would only be in the way. A way is
a wrong way of doing things, from `tests.faults.ways`: the tests show with it that their net has no hole.
"""

from __future__ import annotations

import importlib
import random
import sys
from datetime import datetime, timedelta
from itertools import count

from ceremony.cli import main
from ceremony.devices import clock, entropy, process
from ceremony.station import passphrase

SMALLEST = passphrase.Cost(memory_kib=32, passes=1, lanes=4)  # RFC 9106 section 3.1: at least 8 KiB for each lane


def lighten(setitem=dict.__setitem__, setattr=setattr) -> None:
    """Makes this process open vaults fast; with pytest's monkeypatch only for one test."""
    setitem(passphrase.COSTS, "rehearsal", SMALLEST)
    setattr(process, "harden", lambda: None)


def repeat(source: random.Random, setattr=setattr) -> None:
    """Random bytes and time from a seeded source, so that a walk of commands in this process can be walked again."""
    start = datetime.fromisoformat("2026-11-22T12:00:00")
    ticks = count()
    setattr(entropy, "random_bytes", source.randbytes)
    setattr(clock, "now", lambda: (start + timedelta(seconds=next(ticks))).strftime(clock.FORM))


def run(argv: list[str]) -> int:
    if argv[:1] == ["--way"]:
        getattr(importlib.import_module("tests.faults.ways"), argv[1])()
        argv = argv[2:]
    lighten()
    return main.run(argv)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
