"""The fold: from the held entries of one group to everything that is true of it. A function of the set, not of arrival.

Stations run it to know what to do next, the auditor to know what happened; it holds no secret and reads no clock.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Iterator

from ceremony.base.errors import Fault
from ceremony.base.ids import EntryId, Name
from ceremony.ceremonies.charter import Charter
from ceremony.ceremonies.keygen import GroupKey, Keygen, fold_keygen
from ceremony.ceremonies.keygen_opening import opening_fault
from ceremony.ceremonies.membership import HostKey, Membership, fold_membership
from ceremony.ceremonies.memo import Memo
from ceremony.ceremonies.nonces import NoncePool, fold_nonces
from ceremony.ceremonies.signing import Signing, fold_signing
from ceremony.record.entry import Entry
from ceremony.record.log import Log


@dataclass(slots=True)
class GroupState:
    """What the record of one group says. `stray_faults`: broken entries that belong to no ceremony below."""

    log: Log
    members: Membership
    keygens: list[Keygen] = field(default_factory=list)
    keys: dict[str, GroupKey] = field(default_factory=dict)
    pool: NoncePool | None = None
    signings: list[Signing] = field(default_factory=list)
    backups: dict[Name, Entry] = field(default_factory=dict)
    declarations: list[Entry] = field(default_factory=list)
    words_failed: list[Entry] = field(default_factory=list)
    stray_faults: list[tuple[EntryId, Fault]] = field(default_factory=list)

    @property
    def charter(self) -> Charter:
        return self.members.charter

    @property
    def key(self) -> GroupKey | None:
        """The group's key in use."""
        return next(iter(self.keys.values()), None)

    def faults(self) -> Iterator[tuple[EntryId, Fault]]:
        """Every broken rule that the held entries show, with the entry that shows it."""
        yield from self.members.faults
        for ceremony in (*self.keygens, *self.signings):
            yield from ceremony.faults
        yield from self.stray_faults

    def ceremony(self, prefix: str) -> Keygen | Signing | None:
        """The one ceremony whose id begins so; None when there is none or more than one."""
        found = [c for c in (*self.keygens, *self.signings) if c.id.startswith(prefix)]
        return found[0] if len(found) == 1 else None

    def latest_hostkey(self, name: Name) -> HostKey | None:
        return next(iter(reversed(self.members.hostkeys(name))), None)

    def missing_backups(self) -> list[Name]:
        """Holders of the key in use who have not read a backup back."""
        return [name for name in self.charter.names if self.key and name not in self.backups]

    def needs_hostkey(self, name: Name) -> bool:
        """The station has announced no host key, or every attempt that names its newest is dead."""
        latest = self.latest_hostkey(name)
        using = [k.status for k in self.keygens if latest and any(row[2] == latest.entry for row in k.hostkeys())]
        return latest is None or bool(using) and set(using) == {"dead"}


def fold(log: Log, memo: Memo | None = None) -> GroupState:
    """Everything the held entries of one group say. Raises only what a broken charter raises (CHARTER-…)."""
    memo = memo or Memo()
    state = GroupState(log, fold_membership(log))
    _fold_keys(state, memo)
    _fold_signings(state, memo)
    _fold_notes(state)
    return state


def _fold_keys(state: GroupState, memo: Memo) -> None:
    """Each opening by a member is judged by what he knew; a stranger's opens nothing."""
    good: list[Entry] = []
    for entry in state.log.of_kind("keygen.open"):
        if entry.body is None or not state.members.speaks(entry):
            continue
        earlier = [one for one in good if state.log.precedes(EntryId(one.id), EntryId(entry.id))]
        fault = opening_fault(entry, state.members, earlier)
        if fault:
            state.stray_faults.append((EntryId(entry.id), fault))
        else:
            good.append(entry)
            state.keygens.append(fold_keygen(entry, state.members, memo))
    for attempt in state.keygens:
        if attempt.status == "done":
            state.keys[attempt.key.id] = attempt.key
    for attempt in state.keygens:
        # Everybody acknowledges one key in his life: with the group's key made, no other can be finished.
        if state.keys and attempt.status not in ("done", "dead"):
            attempt.status, attempt.why_dead = "dead", "the group's key was made in another attempt"


def _fold_signings(state: GroupState, memo: Memo) -> None:
    """Requests in held order. A rehearsal may spend what a transaction made that was signed in the request's past."""
    openings = [e for e in state.log.of_kind("sign.open") if e.body is not None and state.members.speaks(e)]
    state.pool = fold_nonces(state.members, openings, memo)
    state.stray_faults += state.pool.faults
    made = {attempt.key.id: attempt for attempt in state.keygens if attempt.status == "done"}
    rehearsal = state.charter.mode == "rehearsal"
    for opening in openings:
        txids = _signed_before(state, opening) if rehearsal else frozenset()
        state.signings.append(fold_signing(opening, state.members, made, state.pool, txids, memo))


def _signed_before(state: GroupState, opening: Entry) -> frozenset[str]:
    """The transactions whose signatures were complete in the past of an opening."""
    return frozenset(s.request.txid for s in state.signings if s.status == "done"
                     and all(state.log.precedes(EntryId(e.id), EntryId(opening.id)) for e in s.partials.values()))


def _fold_notes(state: GroupState) -> None:
    members, key = state.members, state.key
    for entry in state.log.of_kind("backup.read"):
        if key and entry.body and members.counts(entry) and entry.body["key"] == key.id:
            state.backups[Name(entry.author)] = entry
    state.declarations = [e for e in state.log.of_kind("declare") if e.body is not None and members.counts(e)]
    state.words_failed = [e for e in state.log.of_kind("words.failed") if e.body is not None and members.counts(e)]


def result_of(ceremony: Keygen | Signing) -> dict[str, Any]:
    """The canonical result of a ceremony: what a done one proved, or that it is dead."""
    if ceremony.status != "done":
        return {"outcome": "dead"}
    return ceremony.key.result() if isinstance(ceremony, Keygen) else ceremony.result()
