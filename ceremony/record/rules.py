"""What an entry must satisfy against its own causal past, once all of that is held (``docs/formats.md`` section 2).

Each rule is a function of the entry and its past alone, so the answer is the same whatever else is held and in whatever
order it came. Each raises PeerFault with the author as culprit: his signature was checked before.
"""

from __future__ import annotations

from typing import Callable, Mapping

from ceremony.base.errors import Fault, PeerFault
from ceremony.base.ids import ChainLabel, EntryId
from ceremony.record.entry import Entry
from ceremony.record.identity import JOIN
from ceremony.record.past import Past

CheckBody = Callable[[Entry], None]
"""The table of kinds: raises a Fault when kind, level, ceremony or body do not fit together."""


def check_against_past(entry: Entry, held: Mapping[EntryId, Entry], past: Past, check_body: CheckBody) -> None:
    """Every rule of the table that blames an author, forks excepted. Raises PeerFault."""
    _chain(entry, held)
    _seen(entry, held, past)
    _ceremony(entry, held, past)
    check_kind(entry, check_body)


def check_kind(entry: Entry, check_body: CheckBody) -> None:
    """RECORD-KIND: the entry by itself says something that its kind may say."""
    if (entry.kind == JOIN) != (entry.inc > 0 and entry.seq == 0):
        raise blame("RECORD-KIND", entry, f"{JOIN} is the first entry of a later incarnation, and nothing else is")
    try:
        check_body(entry)
    except Fault as fault:
        raise blame("RECORD-KIND", entry, fault.seen) from None


def blame(check: str, entry: Entry, seen: str) -> PeerFault:
    """An accusation of the entry's author, who signed it."""
    assumes = f"that the station {entry.author} made incarnation {entry.inc}" if entry.inc else ""
    return PeerFault(check, f"entry {entry.seq} of {entry.label}: {seen}", culprits=(entry.author,), assumes=assumes,
                     meaning="The entry is not taken in, nor what builds on it. It is kept as evidence.",
                     do=f"Ask {entry.author} which software and which copy of the station made it.")


def fork_fault(label: ChainLabel, seq: int, author: str) -> PeerFault:
    """RECORD-FORK: what is said of an author with two entries at one place. It claims no motive."""
    return PeerFault("RECORD-FORK", f"two different entries of {label} at place {seq}", culprits=(author,),
                     meaning="That station is dishonest, was copied, or was restored from an old copy. "
                             "Nothing of that chain from there on counts.",
                     do=f"Stop working with {author} until its holder can say which of the three it is.")


def _chain(entry: Entry, held: Mapping[EntryId, Entry]) -> None:
    if entry.prev:
        before = held[EntryId(entry.prev)]
        if before.label != entry.label or before.seq != entry.seq - 1:
            raise blame("RECORD-CHAIN", entry, "the entry it names as the one before is not that")


def _seen(entry: Entry, held: Mapping[EntryId, Entry], past: Past) -> None:
    for label, (seq, id) in entry.seen.items():
        if label == entry.label:
            raise blame("RECORD-SEEN", entry, "it lists its own chain among those it has seen")
        if held[id].label != label or held[id].seq != seq:
            raise blame("RECORD-SEEN", entry, "an entry it has seen does not stand where it says")
        if entry.prev and past.precedes(id, EntryId(entry.prev)):
            raise blame("RECORD-SEEN", entry, "it lists as new what its author had seen before")


def _ceremony(entry: Entry, held: Mapping[EntryId, Entry], past: Past) -> None:
    if not entry.ceremony:
        return
    opening = EntryId(entry.ceremony)
    if opening not in held or not any(parent == opening or past.precedes(opening, parent) for parent in entry.parents):
        raise blame("RECORD-KIND", entry, "the opening of its ceremony is not in its past")
    if held[opening].ceremony:
        raise blame("RECORD-KIND", entry, "the entry it names as the opening of its ceremony opens none")
