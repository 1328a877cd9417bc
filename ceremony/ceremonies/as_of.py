"""The log as the author of one entry knew it: that entry's causal past, the entry itself, and nothing else.

What an opening may do is judged by this view and not by all that is held. So the answer is a function of the opening
alone: nothing that arrives later, no fork and no new machine, turns a request that was good into a bad one.
"""

from __future__ import annotations

from ceremony.base.ids import ChainLabel, EntryId
from ceremony.record.entry import Entry
from ceremony.record.log import Log

Branches = dict[ChainLabel, dict[int, list[EntryId]]]
"""For each forked chain the places that have two entries or more, and which."""


def branches(log: Log) -> Branches:
    """The forked places of a log, all of each chain."""
    forked = log.forks()
    found: Branches = {label: {} for label in forked}
    for entry in log.ordered() if forked else ():
        if entry.label in found and entry.seq >= forked[entry.label]:
            found[entry.label].setdefault(entry.seq, []).append(EntryId(entry.id))
    return {label: {seq: ids for seq, ids in places.items() if len(ids) > 1} for label, places in found.items()}


class AsOf:
    """Answers the questions of `record.held.Held` that a fold asks, for the past of `at` and `at` itself."""

    def __init__(self, log: Log, at: EntryId, forked: Branches):
        self.founding, self._log, self._at = log.founding, log, at
        known = {label: [seq for seq, ids in places.items() if sum(map(self.knows, ids)) > 1]
                 for label, places in forked.items()}
        self._forks = {label: min(seqs) for label, seqs in known.items() if seqs}

    def knows(self, id: EntryId) -> bool:
        return id == self._at or self._log.precedes(id, self._at)

    def forks(self) -> dict[ChainLabel, int]:
        return self._forks

    def counts(self, entry: Entry) -> bool:
        return self.knows(EntryId(entry.id)) and entry.seq < self._forks.get(entry.label, entry.seq + 1)

    def precedes(self, first: EntryId, second: EntryId) -> bool:
        return self._log.precedes(first, second)

    def last_known(self, label: ChainLabel, id: EntryId) -> int:
        return self._log.last_known(label, id)  # the past of a known entry is known

    def of_kind(self, kind: str) -> list[Entry]:
        return [entry for entry in self._log.of_kind(kind) if self.knows(EntryId(entry.id))]

    def of_ceremony(self, id: str) -> list[Entry]:
        return [entry for entry in self._log.of_ceremony(id) if self.knows(EntryId(entry.id))]
