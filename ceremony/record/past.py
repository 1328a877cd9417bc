"""Who came before whom: the causal past of every held entry as one integer, a bit for each entry before it."""

from __future__ import annotations

import heapq
from typing import Iterable, Iterator

from ceremony.base.ids import EntryId


class Past:
    """Grows by one entry at a time, parents first. Places are those of arrival and never leave this class."""

    def __init__(self) -> None:
        self._place: dict[EntryId, int] = {}
        self._ids: list[EntryId] = []
        self._masks: list[int] = []
        self._parents: list[tuple[EntryId, ...]] = []

    def add(self, id: EntryId, parents: tuple[EntryId, ...]) -> None:
        """Take in an entry whose parents are all here."""
        mask = 0
        for parent in parents:
            mask |= self._masks[self._place[parent]] | 1 << self._place[parent]
        self._place[id] = len(self._ids)
        self._ids.append(id)
        self._masks.append(mask)
        self._parents.append(parents)

    def precedes(self, first: EntryId, second: EntryId) -> bool:
        """Whether `first` is in the causal past of `second`. Nothing precedes itself."""
        return bool(self._masks[self._place[second]] >> self._place[first] & 1)

    def before(self, id: EntryId) -> Iterator[EntryId]:
        """The causal past of an entry, in no meaningful order."""
        mask = self._masks[self._place[id]]
        while mask:
            low = mask & -mask
            yield self._ids[low.bit_length() - 1]
            mask ^= low

    def ordered(self) -> list[EntryId]:
        """All entries, parents before children, and of those that could stand next the smallest id first.

        The order is a function of the set, whatever the order of arrival.
        """
        children: dict[EntryId, list[EntryId]] = {id: [] for id in self._ids}
        lacking = {id: len(set(parents)) for id, parents in zip(self._ids, self._parents)}
        for id, parents in zip(self._ids, self._parents):
            for parent in set(parents):
                children[parent].append(id)
        return list(_smallest_first(children, lacking, (id for id in self._ids if not lacking[id])))


def _smallest_first(children: dict[EntryId, list[EntryId]], lacking: dict[EntryId, int],
                    roots: Iterable[EntryId]) -> Iterator[EntryId]:
    """Kahn's topological sort with a heap of the entries that are free to stand next."""
    free = list(roots)
    heapq.heapify(free)
    while free:
        id = heapq.heappop(free)
        yield id
        for child in children[id]:
            lacking[child] -= 1
            if not lacking[child]:
                heapq.heappush(free, child)
