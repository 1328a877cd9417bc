"""The waiting room: entries whose signature is good and whose causal past is not all here yet."""

from __future__ import annotations

from collections import Counter
from typing import Iterable, Iterator

from ceremony.base.ids import ChainLabel, EntryId, Name
from ceremony.record.entry import Entry


class WaitingRoom:
    """Entries by id, and for each absent id who waits for it."""

    def __init__(self) -> None:
        self.entries: dict[EntryId, Entry] = {}
        self._lacking: dict[EntryId, set[EntryId]] = {}
        self._waiters: dict[EntryId, set[EntryId]] = {}
        self._by_author: Counter[Name] = Counter()

    def add(self, entry: Entry, lacking: Iterable[EntryId]) -> None:
        self.entries[entry.id] = entry
        self._by_author[entry.author] += 1
        self._lacking[entry.id] = set(lacking)
        for absent in self._lacking[entry.id]:
            self._waiters.setdefault(absent, set()).add(entry.id)

    def arrived(self, id: EntryId) -> Iterator[Entry]:
        """Tell that an entry is held now; gives, and lets go of, those that waited for nothing else."""
        for waiter in sorted(self._waiters.pop(id, ())):
            self._lacking[waiter].discard(id)
            if not self._lacking[waiter]:
                yield self.remove(waiter)

    def remove(self, id: EntryId) -> Entry:
        for absent in self._lacking.pop(id):
            self._waiters[absent].discard(id)
            if not self._waiters[absent]:
                del self._waiters[absent]
        entry = self.entries.pop(id)
        self._by_author[entry.author] -= 1
        return entry

    def surplus(self, ceiling: int) -> list[Entry]:
        """Remove and give what exceeds the ceiling of an author: later incarnations first, then the farthest places."""
        gone: list[Entry] = []
        for author in [author for author, count in self._by_author.items() if count > ceiling]:
            mine = sorted((e for e in self.entries.values() if e.author == author), key=lambda e: (e.inc, e.seq, e.id))
            gone += [self.remove(entry.id) for entry in mine[ceiling:]]
        return gone

    def missing(self) -> dict[EntryId, dict[EntryId, ChainLabel]]:
        """For each waiting entry the ids that have not arrived at all, and the chain that each should belong to."""
        found: dict[EntryId, dict[EntryId, ChainLabel]] = {}
        for id, entry in sorted(self.entries.items()):
            labels = {seen: label for label, (_, seen) in entry.seen.items()}
            absent = {lacking: labels.get(lacking, entry.label) for lacking in sorted(self._lacking[id])
                      if lacking not in self.entries}
            if absent:
                found[id] = absent
        return found


class Strangers:
    """Lines of later incarnations whose key is not known yet, since the entry before them has not arrived.

    Their signatures are unproven: two lines with one id may both be here, and the wrong one is refused when the key
    is known.
    """

    def __init__(self) -> None:
        self._by_prev: dict[str, dict[tuple[EntryId, bytes], Entry]] = {}

    def __iter__(self) -> Iterator[Entry]:
        for lines in self._by_prev.values():
            yield from lines.values()

    def add(self, entry: Entry) -> None:
        # Of two copies the one with a body is kept: the leaf has proven that both say the same.
        lines = self._by_prev.setdefault(entry.prev, {})
        if entry.body is not None or (entry.id, entry.sig) not in lines:
            lines[entry.id, entry.sig] = entry

    def after(self, prev: EntryId) -> list[Entry]:
        """Let go of, and give, the lines that name `prev` as the one before them."""
        return list(self._by_prev.pop(prev, {}).values())

    def surplus(self, ceiling: int) -> list[Entry]:
        """Remove and give what exceeds the ceiling, the farthest places first."""
        gone = sorted(self, key=lambda entry: (entry.seq, entry.id, entry.sig))[ceiling:]
        for entry in gone:
            del self._by_prev[entry.prev][entry.id, entry.sig]
        self._by_prev = {prev: lines for prev, lines in self._by_prev.items() if lines}
        return gone
