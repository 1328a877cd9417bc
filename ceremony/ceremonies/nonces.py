"""Prepared public nonces: which were exported, for whom, and which an opening has already assigned.

A prepared nonce names the one station that may assign it, in the incarnation that its maker knew. That incarnation's
own chain orders its openings, so "assigned before" has one meaning for everybody; a station that was recovered, and may
not know what its old self gave out, gives out none of these. A nonce dies with its epoch and with either incarnation.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Iterable, Iterator

from ceremony.base.errors import Fault, PeerFault
from ceremony.base.ids import ChainLabel, EntryId, Name
from ceremony.ceremonies.membership import Membership
from ceremony.ceremonies.memo import Memo
from ceremony.protocols.frost.messages import decode_pubnonce
from ceremony.record.entry import Entry

Slot = tuple[EntryId, int]  # the exporting entry and the index in it


@dataclass(frozen=True, slots=True)
class Export:
    """One `nonces` entry and the incarnation that alone may assign what it offers."""

    entry: Entry
    assigner: ChainLabel


@dataclass(slots=True)
class NoncePool:
    """exports: every offer of a member. assigned: slot -> the openings of its assigner that named it, in held order."""

    members: Membership
    exports: dict[EntryId, Export] = field(default_factory=dict)
    assigned: dict[Slot, list[Entry]] = field(default_factory=dict)
    faults: list[tuple[EntryId, Fault]] = field(default_factory=list)

    def free(self, signer: Name, assigner: Name, key: str) -> list[Slot]:
        """The signer's nonces that the assigner may still give out, oldest first."""
        mine, theirs = self.members.current[signer], self.members.current[assigner]
        if self.members.stopped(mine) or self.members.stopped(theirs):
            return []
        return [(id, index) for id, export in self.exports.items()
                if (export.entry.label, export.assigner, export.entry.body["key"]) == (mine, theirs, key)
                for index in range(len(export.entry.body["pubnonces"])) if (id, index) not in self.assigned]

    def pubnonce(self, slot: Slot) -> bytes:
        return bytes.fromhex(self.exports[slot[0]].entry.body["pubnonces"][slot[1]])

    def why_not(self, slot: Slot, label: ChainLabel, opening: Entry) -> str:
        """Why this opening may not give out this nonce of the signer's chain `label`; empty when it may.

        A function of the opening and its past: what arrives later changes nothing.
        """
        export, precedes = self.exports.get(slot[0]), self.members.log.precedes
        if export is None or slot[1] >= len(export.entry.body["pubnonces"]) \
                or not precedes(*_ids(export.entry, opening)):
            return "that was never prepared"
        if export.entry.label != label:
            return "that is not of the signer's present machine"
        if export.assigner != opening.label:
            return f"that only {export.assigner} may give out"
        if export.entry.body["key"] != opening.body["key"]:
            return "of another key"
        before = any(precedes(*_ids(other, opening)) for other in self.assigned.get(slot, ()))
        return "that was given out before" if before else ""

    def rightly_taken(self, opening: Entry) -> Iterator[Slot]:
        """The prepared nonces that this opening had the right to give out: nobody else ever may."""
        return (slot for slot in slots_of(opening) if any(opening.id == o.id for o in self.assigned.get(slot, ())))


def _ids(first: Entry, second: Entry) -> tuple[EntryId, EntryId]:
    return EntryId(first.id), EntryId(second.id)


def slots_of(opening: Entry) -> Iterator[Slot]:
    """The prepared nonces that an opening names."""
    return ((EntryId(item[0]), item[1]) for row in opening.body["nonces"].values() for item in row
            if not isinstance(item, str))


def fold_nonces(members: Membership, openings: Iterable[Entry], memo: Memo) -> NoncePool:
    """The pool, with every assignment that an opening of the right station makes (on both branches of a fork: given out
    is given out)."""
    pool = NoncePool(members)
    for entry in members.log.of_kind("nonces"):
        if entry.body is None or entry.body["assigner"] not in members.current or not members.speaks(entry):
            continue
        fault = memo.check(f"nonces {entry.id}", lambda: _check_points(entry))
        if fault:
            pool.faults.append((EntryId(entry.id), fault))
        else:
            assigner = members.current_at(Name(entry.body["assigner"]), entry)
            pool.exports[EntryId(entry.id)] = Export(entry, assigner)
    for opening in openings:
        for slot in slots_of(opening):
            export = pool.exports.get(slot[0])
            if export is not None and export.assigner == opening.label:
                pool.assigned.setdefault(slot, []).append(opening)
    return pool


def _check_points(entry: Entry) -> None:
    try:
        for pubnonce in entry.body["pubnonces"]:
            decode_pubnonce(bytes.fromhex(pubnonce))
    except Fault:
        raise PeerFault("SIGN-NONCE", f"{entry.author} prepared a nonce that is none", culprits=(entry.author,),
                        meaning="None of that entry's nonces is used.", do="Ask which software made it.") from None
