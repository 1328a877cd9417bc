"""Who belongs to the group now: the founding acceptances, and incarnations that replaced older ones.

An entry *counts* when its chain has not forked before it, its incarnation is a member, and that incarnation had not
been retired. Everything a ceremony believes of a station goes through `Membership.counts`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ceremony.algebra.schnorr import schnorr_verify
from ceremony.base.errors import Fault, PeerFault, Refused
from ceremony.base.ids import ChainLabel, EntryId, Name
from ceremony.ceremonies.charter import Charter, check_charter
from ceremony.codec.digest import tagged_hash
from ceremony.record.entry import Entry
from ceremony.record.log import Log
from ceremony.record.sshsig import PublicIdentity, parse_openssh_public


@dataclass(frozen=True, slots=True)
class HostKey:
    """A host public key (33 bytes, hex) as announced by one entry; serves one attempt."""

    name: Name
    hostkey: str
    entry: EntryId
    label: ChainLabel


@dataclass(slots=True)
class Join:
    """A new incarnation that asks to be admitted. `admits`: entries of distinct others that admit it.

    proven: it signed with a host key that its station had announced, so its maker opened a backup of that station.
    """

    entry: Entry
    proven: bool
    admits: dict[Name, Entry] = field(default_factory=dict)
    admitted: bool = False


@dataclass(slots=True)
class Membership:
    """The founding and the incarnations of one group, computed from the held entries."""

    log: Log
    charter: Charter
    founding: Entry
    accepts: dict[Name, Entry] = field(default_factory=dict)
    declines: dict[Name, Entry] = field(default_factory=dict)
    joins: list[Join] = field(default_factory=list)
    current: dict[Name, ChainLabel] = field(default_factory=dict)
    retired: dict[ChainLabel, int] = field(default_factory=dict)  # label -> last seq that still counts
    faults: list[tuple[EntryId, Fault]] = field(default_factory=list)

    @property
    def founded(self) -> bool:
        """Every station accepted, and no two production stations are one machine."""
        return len(self.accepts) == self.charter.n and not self.machine_clashes()

    @property
    def dead(self) -> bool:
        return bool(self.declines) and not self.founded

    def counts(self, entry: Entry) -> bool:
        """Whether the entry may be believed; see the module's first lines."""
        if not self.log.counts(entry) or entry.label not in self.members():
            return False
        return entry.seq <= self.retired.get(entry.label, entry.seq)

    def members(self) -> set[ChainLabel]:
        return set(self.current.values()) | set(self.retired)

    def identity(self, label: ChainLabel) -> PublicIdentity | None:
        """The identity key of a member's chain; None for a chain that is no member's."""
        if label not in self.members():
            return None
        name, inc = label.split("/")
        cards = {card["name"]: card["identity"] for card in self.charter.body["stations"]}
        joined = next((j.entry.body["identity"] for j in self.joins if j.entry.label == label), "")
        return parse_openssh_public(cards[name] if inc == "0" else joined)

    def machines(self) -> dict[Name, str]:
        """The machine value that each station's current incarnation stated."""
        values = {name: entry.body["machine"] for name, entry in self.accepts.items()}
        values.update({Name(j.entry.author): j.entry.body["machine"] for j in self.joins
                       if self.current.get(Name(j.entry.author)) == j.entry.label})
        return values

    def machine_clashes(self) -> list[tuple[Name, Name]]:
        """Pairs of stations on one machine, which production refuses."""
        if self.charter.mode != "production":
            return []
        found = sorted(self.machines().items())
        return [(a, b) for i, (a, x) in enumerate(found) for b, y in found[i + 1:] if x == y]

    def hostkeys(self, name: Name) -> list[HostKey]:
        """All host keys that the station's current incarnation announced, oldest first."""
        announced = []
        for entry in self.log.chain(self.current[name]):
            if entry.kind in ("charter.accept", "incarnation.join", "hostkey") and self.counts(entry) and entry.body:
                announced.append(HostKey(name, entry.body["hostkey"], EntryId(entry.id), entry.label))
        return announced


def fold_membership(log: Log) -> Membership:
    """Membership from the held entries; the charter is checked again by everybody who folds."""
    founding = log.founding
    members = Membership(log, check_charter(founding.body), founding)
    members.current = {name: ChainLabel(f"{name}/0") for name in members.charter.names}
    _fold_acceptances(members)
    _fold_incarnations(members)
    for first, second in members.machine_clashes():
        members.faults.append((EntryId(members.accepts[second].id), Refused(
            "CHARTER-MACHINE", f"{first} and {second} run on the same machine",
            culprits=(first, second), meaning="One thief of that machine has two shards: the group is not founded.",
            do="Move one of them to a machine of its own and found the group again.")))
    return members


def _fold_acceptances(members: Membership) -> None:
    for entry in members.log.of_ceremony(members.founding.id):
        name = Name(entry.author)
        if entry.body is None or not members.counts(entry):
            continue
        if entry.kind == "charter.accept":
            if entry.body["charter"] != members.charter.group or entry.body["reader"] == name:
                members.faults.append((EntryId(entry.id), PeerFault(
                    "CHARTER-ACCEPT", f"{name} accepted another charter or read the words alone", culprits=(name,),
                    meaning="The acceptance does not count.", do="Found the group again with everybody present.")))
            else:
                members.accepts.setdefault(name, entry)
        elif entry.kind == "charter.decline":
            members.declines.setdefault(name, entry)


def _fold_incarnations(members: Membership) -> None:
    """Admit joins in a fixed order until nothing changes; each admission retires the incarnation before it."""
    log = members.log
    members.joins = [Join(e, _proven(members, e)) for e in log.of_kind("incarnation.join")
                     if e.body is not None and Name(e.author) in members.current]
    progress = True
    while progress:
        progress = False
        for join in members.joins:
            if not join.admitted and _admit(members, join):
                progress = True


def join_message(group: str, name: str, identity: str) -> bytes:
    """What a recovered station signs with the host key of its epoch: that this new identity is its own."""
    return tagged_hash("ceremony/join-v1", f"{group} {name} {identity}".encode())


def _proven(members: Membership, entry: Entry) -> bool:
    """Whether a join carries a good signature by one of the host keys that its station announced before."""
    message = join_message(members.charter.group, entry.author, entry.body["identity"])
    for old in members.log.ordered():
        announces = old.author == entry.author and old.body is not None and "hostkey" in old.body
        if announces and members.log.counts(old) and old.id != entry.id:
            try:
                schnorr_verify(bytes.fromhex(old.body["hostkey"])[1:], message, bytes.fromhex(entry.body["sig"]))
                return True
            except Fault:
                continue
    return False


def _admit(members: Membership, join: Join) -> bool:
    """Count the admissions of one join; when enough, and it replaces the current incarnation, make it current."""
    name = Name(join.entry.author)
    for entry in members.log.of_ceremony(join.entry.id):
        says = entry.kind == "incarnation.admit" and entry.body is not None and entry.body["join"] == join.entry.id
        if says and entry.author != name and entry.body["reader"] != entry.author and members.counts(entry):
            join.admits.setdefault(Name(entry.author), entry)
    old = members.current[name]
    if len(join.admits) < members.charter.admissions_needed or old != f"{name}/{join.entry.body['retires']}":
        return False
    join.admitted = True
    known = [members.log.last_known(old, entry.id) for entry in join.admits.values()]
    members.retired[old] = max(known, default=-1)
    members.current[name] = join.entry.label
    return True
