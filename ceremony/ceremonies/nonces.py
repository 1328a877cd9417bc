"""Prepared public nonces: which were exported, for whom, and which an opening has already assigned.

A prepared nonce names the one station that may assign it. That station's own chain orders its openings, so "assigned
before" has one meaning for everybody. A nonce dies with its epoch and with the incarnation that made it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Iterable

from ceremony.base.ids import ChainLabel, EntryId, Name
from ceremony.ceremonies.membership import Membership
from ceremony.record.entry import Entry

Slot = tuple[EntryId, int]  # the exporting entry and the index in it


@dataclass(slots=True)
class NoncePool:
    """exports: entry id -> exporting entry. assigned: slot -> the openings that named it, by chain and place."""

    members: Membership
    exports: dict[EntryId, Entry] = field(default_factory=dict)
    assigned: dict[Slot, list[Entry]] = field(default_factory=dict)

    def free(self, signer: Name, assigner: Name, key: str) -> list[Slot]:
        """The signer's nonces that the assigner may still give out, oldest first."""
        label = self.members.current[signer]
        return [(entry_id, index) for entry_id, entry in self.exports.items()
                if entry.label == label and entry.body["assigner"] == assigner and entry.body["key"] == key
                for index in range(len(entry.body["pubnonces"])) if (entry_id, index) not in self.assigned]

    def pubnonce(self, slot: Slot) -> bytes:
        return bytes.fromhex(self.exports[slot[0]].body["pubnonces"][slot[1]])

    def known(self, slot: Slot) -> bool:
        return slot[0] in self.exports and slot[1] < len(self.exports[slot[0]].body["pubnonces"])

    def why_not(self, slot: Slot, signer: Name, label: ChainLabel, opening: Entry) -> str:
        """Why this opening may not give out this nonce of this signer; empty when it may."""
        if not self.known(slot):
            return "that was never prepared"
        entry = self.exports[slot[0]]
        if entry.author != signer or entry.label != label:
            return "that is not of the signer's present machine"
        if entry.body["assigner"] != opening.author:
            return f"that only {entry.body['assigner']} may give out"
        if entry.body["key"] != opening.body["key"] or not self.members.log.precedes(slot[0], opening.id):
            return "of another key or of a time after the opening"
        first = self.assigned.get(slot, [opening])[0]
        return "" if first.id == opening.id else "that was given out before"


def fold_nonces(members: Membership, openings: Iterable[Entry]) -> NoncePool:
    """The pool, with every assignment that a held opening makes (forked branches included: given out is given out)."""
    pool = NoncePool(members)
    for entry in members.log.of_kind("nonces"):
        if entry.body is not None and members.counts(entry):
            pool.exports[EntryId(entry.id)] = entry
    for opening in sorted(openings, key=lambda e: (e.label, e.seq, e.id)):
        slots = [(EntryId(row[0]), row[1]) for rows in opening.body["nonces"].values() for row in rows
                 if isinstance(row, list)]
        for slot in slots:
            exporter = pool.exports.get(slot[0])
            if exporter is not None and exporter.body["assigner"] == opening.author:
                pool.assigned.setdefault(slot, []).append(opening)
    return pool
