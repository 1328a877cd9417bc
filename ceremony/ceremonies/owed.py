"""Who owes what, and where the medium goes next: the one table of steps that `go` walks.

A step's name is the kind of the entry that settles it. Nothing here decides; it reads the fold.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Collection, Mapping

from ceremony.base.ids import CeremonyId, Name
from ceremony.ceremonies.fold import GroupState


@dataclass(frozen=True, slots=True)
class Owed:
    """One step that one station owes, in one ceremony (or in none: an empty id)."""

    name: Name
    step: str
    ceremony: CeremonyId


def owed(state: GroupState) -> list[Owed]:
    """Every step that any station owes, in the order in which a station takes them."""
    members, rows = state.members, []
    founding = CeremonyId(members.founding.id)
    if not members.declines:
        rows += [Owed(name, "charter.accept", founding) for name in members.charter.names
                 if name not in members.accepts]
    for join in members.joins:
        asks = join.proven and not join.admitted
        if asks and join.entry.body["retires"] == _incarnation(state, Name(join.entry.author)):
            rows += [Owed(name, "incarnation.admit", CeremonyId(join.entry.id)) for name in members.charter.names
                     if name != join.entry.author and name not in join.admits]
    if not members.founded:
        return rows
    rows += [Owed(name, "hostkey", CeremonyId("")) for name in members.charter.names
             if not state.keys and state.needs_hostkey(name) and not members.stopped(members.current[name])]
    for ceremony in (*state.keygens, *state.signings):
        rows += [Owed(name, step, ceremony.id) for name, step in ceremony.owed().items()]
    return rows


def _incarnation(state: GroupState, name: Name) -> int:
    return int(state.members.current[name].split("/")[1])


def next_stop(state: GroupState, me: Name, unsigned: Mapping[CeremonyId, Collection[Name]]) -> tuple[Name, str] | None:
    """Where the medium should go from here: the next holder in seat order who owes something, else one who has not yet
    learned of an ended ceremony; None when nobody needs it.

    unsigned: for each ended ceremony, who has not countersigned its seal yet.
    """
    names = state.charter.names
    after = names[names.index(me) + 1:] + names[:names.index(me)]
    for word, waiting in (("owes", {row.name for row in owed(state)}),
                          ("learns", {name for absent in unsigned.values() for name in absent})):
        for name in after:
            if name in waiting:
                return name, word
    return None
