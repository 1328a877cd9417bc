"""Ended ceremonies and their seal texts: computed from the held entries, the same at every station and for the auditor.

A done ceremony is sealed over the entries that prove its result, so nothing that arrives later changes its text, except
a second version of one of them; a dead one over the entries that ended it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Iterable, Iterator

from ceremony.base.ids import CeremonyId
from ceremony.ceremonies.fold import GroupState, result_of
from ceremony.ceremonies.keygen import Keygen
from ceremony.ceremonies.signing import Signing
from ceremony.codec import canonical
from ceremony.codec.digest import text_hash
from ceremony.record.entry import Entry
from ceremony.record.seal import Seal


@dataclass(frozen=True, slots=True)
class Ended:
    """A ceremony that is over. kind: charter, incarnation, keygen or sign. heads: the entries that the seal names."""

    id: CeremonyId
    kind: str
    outcome: str
    result: dict[str, Any]
    heads: tuple[Entry, ...]


def ended(state: GroupState) -> Iterator[Ended]:
    """Every ended ceremony of the group, in a fixed order."""
    members = state.members
    if members.founded:
        yield Ended(CeremonyId(members.founding.id), "charter", "done",
                    {"charter": members.charter.group,
                     "machines": {name: entry.body["machine"] for name, entry in members.accepts.items()}},
                    tuple(members.accepts.values()))
    for join in members.joins:
        if join.admitted:
            yield Ended(CeremonyId(join.entry.id), "incarnation", "done",
                        {"identity": join.entry.body["identity"], "name": join.entry.author}, (join.entry,))
    for ceremony in (*state.keygens, *state.signings):
        if ceremony.status in ("done", "dead"):
            kind = "keygen" if isinstance(ceremony, Keygen) else "sign"
            yield Ended(ceremony.id, kind, ceremony.status, result_of(ceremony), tuple(_heads(ceremony)))


def _heads(ceremony: Keygen | Signing) -> Iterable[Entry]:
    if ceremony.status == "done":
        return (ceremony.acks if isinstance(ceremony, Keygen) else ceremony.partials).values()
    stops = ceremony.refusals if isinstance(ceremony, Keygen) else ceremony.stops
    return stops.values() or (ceremony.opening,)


def seal_of(state: GroupState, over: Ended) -> Seal:
    """The seal of one ended ceremony; its text is what stations and witnesses sign."""
    digest = text_hash("ceremony-state-v1", canonical.encode(over.result).decode())
    heads = sorted((entry.label, entry.seq, entry.id) for entry in over.heads)
    return Seal(mode=state.charter.mode, group=state.charter.group, ceremony=over.id, kind=over.kind,
                outcome=over.outcome, state=digest, heads=tuple(heads))
