"""What follows from the set of held entries: chains, forks, heads, order, and the next place of one's own chain.

Every answer is a function of that set, whatever the order in which it came together.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Collection

from ceremony.base.errors import LocalFault
from ceremony.base.ids import ChainLabel, EntryId
from ceremony.base.limits import MAX_SEEN
from ceremony.record.entry import Entry
from ceremony.record.past import Past

Head = tuple[int, EntryId]
"""`seq` and id of the newest entry of a chain."""


class Held:
    """A set of entries that is closed under causal past. Both branches of a fork are in it."""

    def __init__(self) -> None:
        self.entries: dict[EntryId, Entry] = {}
        self._past = Past()
        self._places: dict[ChainLabel, dict[int, list[EntryId]]] = {}
        self._forks: dict[ChainLabel, int] = {}
        self._sorted: _Sorted | None = None

    def _hold(self, entry: Entry) -> bool:
        """Take in an entry whose parents are held. Tells whether it moves its chain's fork to an earlier place."""
        self.entries[entry.id], self._sorted = entry, None
        self._past.add(entry.id, entry.parents)
        here = self._places.setdefault(entry.label, {}).setdefault(entry.seq, [])
        here.append(entry.id)
        forks = len(here) > 1 and entry.seq < self._forks.get(entry.label, entry.seq + 1)
        if forks:
            self._forks[entry.label] = entry.seq
        return forks

    def _replace(self, entry: Entry) -> None:
        """Put another copy of a held entry in its place."""
        self.entries[entry.id], self._sorted = entry, None

    def forks(self) -> dict[ChainLabel, int]:
        """The forked chains, and the first place with two entries."""
        return dict(sorted(self._forks.items()))

    def counts(self, entry: Entry) -> bool:
        """Whether an entry is held and stands before any fork of its chain."""
        return entry.id in self.entries and entry.seq < self._forks.get(entry.label, entry.seq + 1)

    def chain(self, label: ChainLabel) -> list[Entry]:
        """The entries of one chain in order, up to its fork if it has one."""
        places = self._places.get(label, {})
        return [self.entries[places[seq][0]] for seq in range(self._forks.get(label, len(places)))]

    def heads(self) -> dict[ChainLabel, Head]:
        """The newest entry of each chain that has not forked."""
        return {label: (len(places) - 1, places[len(places) - 1][0]) for label, places in sorted(self._places.items())
                if label not in self._forks}

    def precedes(self, first: EntryId, second: EntryId) -> bool:
        """Whether held entry `first` is in the causal past of held entry `second`. Nothing precedes itself."""
        return self._past.precedes(first, second)

    def past(self, id: EntryId) -> frozenset[EntryId]:
        """The causal past of a held entry, without itself."""
        return frozenset(self._past.before(id))

    def last_known(self, label: ChainLabel, id: EntryId) -> int:
        """The last place of a chain that is in the causal past of a held entry; -1 when there is none."""
        for seq in sorted(self._places.get(label, {}), reverse=True):
            if any(self._past.precedes(here, id) for here in self._places[label][seq]):
                return seq
        return -1

    def ordered(self) -> list[Entry]:
        """All held entries, parents before children, ties by id: the same list at everybody who holds the same set."""
        return list(self._in_order().all)

    def of_kind(self, kind: str) -> list[Entry]:
        """The held entries of one kind, in order; ask `counts` of each."""
        return list(self._in_order().by_kind.get(kind, ()))

    def of_ceremony(self, id: str) -> list[Entry]:
        """The held entries of one ceremony, its opening first, in order; ask `counts` of each."""
        return list(self._in_order().by_ceremony.get(id, ()))

    def next_place(self, label: ChainLabel, without: Collection[ChainLabel] = ()) \
            -> tuple[int, EntryId | str, dict[ChainLabel, Head]]:
        """`seq`, `prev` and `seen` for the next entry of one's own chain. Chains in `without` are left unseen.

        Raises LocalFault (RECORD-FORK) when one's own chain has forked: this station is a copy or was restored.
        """
        if label in self._forks:
            raise LocalFault("RECORD-FORK", f"the own chain {label} has two entries at place {self._forks[label]}",
                             meaning="This station was copied or restored: nothing that it adds would count.",
                             do="Stop. Join again as a new incarnation, which the others must admit.")
        heads = self.heads()
        seq, prev = heads.pop(label, (-1, ""))
        new = {other: head for other, head in heads.items() if other not in without
               and not (prev and self._past.precedes(head[1], EntryId(prev)))}
        # Founding chains first, should the joins of strangers ever fill the list.
        kept = sorted(new, key=lambda other: (not other.endswith("/0"), other))[:MAX_SEEN]
        return seq + 1, prev, {other: new[other] for other in sorted(kept)}

    def _in_order(self) -> _Sorted:
        if self._sorted is None:
            self._sorted = _Sorted([self.entries[id] for id in self._past.ordered()])
        return self._sorted


class _Sorted:
    """The held entries in their order, and two ways of picking from it."""

    def __init__(self, entries: list[Entry]):
        self.all = entries
        self.by_kind: dict[str, list[Entry]] = defaultdict(list)
        self.by_ceremony: dict[str, list[Entry]] = defaultdict(list)
        for entry in entries:
            self.by_kind[entry.kind].append(entry)
            self.by_ceremony[entry.ceremony or entry.id].append(entry)
