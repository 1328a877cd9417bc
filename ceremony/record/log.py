"""The log of one group: which lines are held, which wait, which are refused and who is to blame.

A value in memory, without files, clock or secrets. The law that everything here serves: held entries, forks,
accusations and order are functions of the *set* of lines offered, whatever their order, repetition or delay. It
follows from two rules: an entry is judged only when its whole causal past is held, and by that past alone; and its
author's key comes from the charter or, for a later incarnation, from the join at the bottom of its own chain.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Iterable, Mapping

from ceremony.base.errors import Fault, PeerFault, Unattributed
from ceremony.base.ids import ChainLabel, EntryId, GroupId, chain_label
from ceremony.base.limits import MAX_STRANGER_LINES, MAX_WAITING_LINES
from ceremony.codec import canonical
from ceremony.codec.digest import text_hash
from ceremony.record.entry import Entry, check_signature
from ceremony.record.evidence import Evidence
from ceremony.record.held import Held
from ceremony.record.identity import founding_key, joining_key, unknown
from ceremony.record.rules import CheckBody, check_against_past, check_kind, fork_fault
from ceremony.record.waiting import Strangers, WaitingRoom

FOUNDING = "charter.found"


@dataclass(slots=True)
class Intake:
    """What became of the lines of one offer. held: newly held, parents first; waiting: offered now and waiting.

    refused: with the fault of each; only a PeerFault names somebody. forks: the forks that this offer brought to light.
    """

    held: list[Entry] = field(default_factory=list)
    waiting: list[Entry] = field(default_factory=list)
    refused: list[tuple[Entry, Fault]] = field(default_factory=list)
    forks: list[PeerFault] = field(default_factory=list)


class Log(Held):
    """All that is known of one group. Made by `found`, fed by `offer`; the questions it answers are those of `Held`.

    founding: the `charter.found` entry. refused: by id, the lines that accuse their author. group, mode: of the
    charter.
    """

    founding: Entry

    def __init__(self, *, group: GroupId, mode: str, keys: Mapping[ChainLabel, bytes], check_body: CheckBody,
                 allow_redacted: bool = False):
        """keys: the 32-byte identity key of each founding chain; where bodies of joins are withheld, of later ones too.

        check_body: the table of kinds. allow_redacted: take lines without body, for an auditor; a station never does.
        """
        self.group, self.mode, self.allow_redacted = group, mode, allow_redacted
        self._keys = dict(keys)
        self._names = {label.rpartition("/")[0] for label in keys}
        self._check_body = check_body
        self._start()

    @classmethod
    def found(cls, charter: Entry, check_body: CheckBody, *, allow_redacted: bool = False,
              later: Mapping[ChainLabel, bytes] | None = None) -> Log:
        """The log that begins with a `charter.found` entry, body included. Raises the fault of its first wrong point.

        RECORD-GROUP: the hash of the body is not the group it names. Whether the charter is a good one is asked
        elsewhere. later: for an auditor, keys of later incarnations whose joins are withheld.
        """
        body = charter.body
        if charter.kind != FOUNDING or charter.seq or body is None:
            raise _foreign(charter)
        if text_hash("ceremony-group-v1", canonical.encode(body).decode()) != charter.group:
            raise _foreign(charter)
        check_kind(charter, check_body)
        keys = {chain_label(card["name"], 0): founding_key(card["identity"]) for card in body["stations"]}
        names = {card["name"] for card in body["stations"]}
        keys |= {label: key for label, key in (later or {}).items()
                 if label not in keys and label.rpartition("/")[0] in names}
        log = cls(group=charter.group, mode=body["mode"], keys=keys, check_body=check_body,
                  allow_redacted=allow_redacted)
        for _, fault in log.offer([charter]).refused:
            raise fault
        if charter.id not in log.entries:
            raise _foreign(charter)
        log.founding = charter
        return log

    def _start(self) -> None:
        Held.__init__(self)
        self.refused: dict[EntryId, tuple[Entry, PeerFault]] = {}
        self._room = WaitingRoom()
        self._strangers = Strangers()
        self._joined: dict[EntryId, bytes] = {}  # the key behind each known entry of a later incarnation

    def offer(self, entries: Iterable[Entry]) -> Intake:
        """Take in lines in any order, new or known. Nothing that is wrong with one of them stops the others."""
        intake, offered = Intake(), set()
        for entry in entries:
            offered.add(entry.id)
            self._take(entry, intake)
        for surplus in self._room.surplus(MAX_WAITING_LINES) + self._strangers.surplus(MAX_STRANGER_LINES):
            intake.refused.append((surplus, _too_many(surplus)))
        intake.held = [self.entries[entry.id] for entry in intake.held if entry.id in self.entries]
        intake.waiting = [entry for entry in self.waiting() if entry.id in offered]
        return intake

    def waiting(self) -> list[Entry]:
        """Lines that wait for others: for their past, or for the join that tells their author's key."""
        return [*self._room.entries.values(), *self._strangers]

    def missing(self) -> dict[EntryId, dict[EntryId, ChainLabel]]:
        """For each waiting entry the ids that have not arrived, and the chain that each should belong to."""
        known = {entry.id for entry in self._strangers}
        alone = {entry.id: {EntryId(entry.prev): entry.label} for entry in self._strangers if entry.prev not in known}
        return self._room.missing() | alone

    def key(self, label: ChainLabel) -> bytes | None:
        """The 32-byte key that was given for a chain; None for one whose key comes from its own join."""
        return self._keys.get(label)

    def evidence(self) -> list[Evidence]:
        """Every accusation that the lines prove, in a fixed order, each with the entries that show it."""
        found = []
        for _, (entry, fault) in sorted(self.refused.items()):
            parents = (self.entries[parent] for parent in dict.fromkeys(entry.parents))
            found.append(Evidence(fault.check, entry.author, (entry, *parents)))
        for label, seq in self.forks().items():
            first, second, *_ = (self.entries[id] for id in sorted(self._places[label][seq]))
            found.append(Evidence("RECORD-FORK", first.author, (first, second)))
        return found

    def _take(self, entry: Entry, intake: Intake) -> None:
        arrived = [entry]
        while arrived:
            entry = arrived.pop()
            try:
                self._check_line(entry)
                key = self._key(entry)
                if key is None:
                    self._strangers.add(entry)
                    continue
                self._prove(entry, key)
            except Unattributed as fault:
                intake.refused.append((entry, fault))
                continue
            if not self._is_known(entry, intake):
                self._admit(entry, intake)
            arrived += self._strangers.after(entry.id)

    def _check_line(self, entry: Entry) -> None:
        if entry.group != self.group:
            raise _foreign(entry)
        if entry.body is None and not self.allow_redacted:
            raise _bodiless(entry)

    def _key(self, entry: Entry) -> bytes | None:
        """The key of the entry's author; None while the entry before it in a later incarnation is not known.

        Two keys can share the number of an incarnation, whoever takes the pains to find them; so the key is that of the
        chain below the entry and never that of the label.
        """
        if entry.label in self._keys:
            return self._keys[entry.label]
        if not entry.inc or entry.author not in self._names:
            raise unknown(entry)
        if not entry.seq:
            return joining_key(entry)
        before = self._known(EntryId(entry.prev))
        if before is None:
            return None
        if before.label != entry.label:
            raise unknown(entry)
        return self._joined[before.id]

    def _prove(self, entry: Entry, key: bytes) -> None:
        """Check the signature, once for each entry and signature."""
        known = self._known(entry.id)
        if known is None or known.sig != entry.sig:
            check_signature(entry, key, self.mode)
        if entry.label not in self._keys:
            self._joined[entry.id] = key

    def _known(self, id: EntryId) -> Entry | None:
        refused = self.refused.get(id)
        return refused[0] if refused else self.entries.get(id) or self._room.entries.get(id)

    def _is_known(self, entry: Entry, intake: Intake) -> bool:
        """Whether an entry with this id is here; if so, the best of both copies is kept: with body, lower signature."""
        known = self._known(entry.id)
        if known is None:
            return False
        better = replace(known if known.body is not None else entry, sig=min(known.sig, entry.sig))
        if entry.id in self.refused:
            self.refused[entry.id] = (better, self.refused[entry.id][1])
            intake.refused.append(self.refused[entry.id])
        elif entry.id in self._room.entries:
            self._room.entries[entry.id] = better
        elif better != known:
            self._improve(known, better, intake)
        return True

    def _improve(self, known: Entry, better: Entry, intake: Intake) -> None:
        self._replace(better)
        if known.body is None and better.body is not None:
            try:
                check_kind(better, self._check_body)
            except PeerFault as fault:
                # It was believed without its body, and others built on it. Everything is judged again, as it would
                # have been had the body come first.
                intake.refused.append((better, fault))
                everything = [*self.entries.values(), *self.waiting(), *(entry for entry, _ in self.refused.values())]
                self._start()
                self.offer(everything)

    def _admit(self, entry: Entry, intake: Intake) -> None:
        """Hold an entry whose past is held, and those that waited for it; else let it wait."""
        lacking = [parent for parent in entry.parents if parent not in self.entries]
        if lacking:
            return self._room.add(entry, lacking)
        ready = [entry]
        while ready:
            entry = ready.pop()
            try:
                check_against_past(entry, self.entries, self._past, self._check_body)
            except PeerFault as fault:
                self.refused[entry.id] = (entry, fault)
                intake.refused.append((entry, fault))
                continue
            if self._hold(entry):
                intake.forks.append(fork_fault(entry.label, entry.seq, entry.author))
            intake.held.append(entry)
            ready += self._room.arrived(entry.id)


def _foreign(entry: Entry) -> Unattributed:
    return Unattributed("RECORD-GROUP", f"entry {entry.seq} of {entry.label} is not of this group",
                        meaning="It has nothing to do with this group.", do="Look whether this is the right medium.")


def _bodiless(entry: Entry) -> Unattributed:
    return Unattributed("RECORD-LEAF", f"entry {entry.seq} of {entry.label} came without its body",
                        meaning="It has not arrived yet.", do="Bring the whole line from a station that holds it.")


def _too_many(entry: Entry) -> Unattributed:
    return Unattributed("RECORD-WAITING", f"too many lines of {entry.author} wait for others",
                        meaning="The farthest ones were let go.", do="Bring the missing lines, then these again.")
