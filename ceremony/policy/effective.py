"""The effective threshold: how few distinct people, organisations, sites or machines really hold the key.

A 2-of-3 key whose three machines stand in one room is 1 of 1 by site. This is the number that Multichain's operators
did not look at. Pure arithmetic over what the charter says.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Iterable, Mapping, Sequence

ASPECTS = ("person", "organisation", "site", "machine")


@dataclass(frozen=True, slots=True)
class Effective:
    """For one aspect: the fewest distinct values that reach t shards (theft), or whose loss leaves fewer (loss)."""

    aspect: str
    theft: int
    loss: int
    largest: tuple[str, int]  # the value that holds most shards, and how many


def _fewest(counts: Sequence[int], goal: int) -> int:
    """How many of `counts`, largest first, are needed to sum to `goal`."""
    total = 0
    for used, count in enumerate(counts, start=1):
        total += count
        if total >= goal:
            return used
    return len(counts)


def effective(values: Iterable[str], t: int, aspect: str) -> Effective:
    """The effective threshold of a t-of-n key whose n shards lie with `values`, one value per shard.

    Values are compared without regard to case and outer blanks, so that a spelling cannot hide one person twice.
    """
    counter = Counter(" ".join(value.casefold().split()) for value in values)
    counts = sorted(counter.values(), reverse=True)
    n = sum(counts)
    return Effective(aspect, _fewest(counts, t), _fewest(counts, n - t + 1), counter.most_common(1)[0])


def effective_thresholds(stations: Sequence[Mapping[str, str]], machines: Mapping[str, str], t: int) -> list[Effective]:
    """One `Effective` per aspect. `stations` are cards; `machines` maps a name to its machine value once known."""
    rows = []
    for aspect in ASPECTS:
        if aspect == "machine":
            values = [machines.get(s["name"], f"not yet known: {s['name']}") for s in stations]
        else:
            values = [s[aspect] for s in stations]
        rows.append(effective(values, t, aspect))
    return rows
