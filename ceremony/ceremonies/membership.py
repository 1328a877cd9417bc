"""Who belongs to the group now: the founding acceptances, and incarnations that replaced older ones.

An entry *counts* when its chain has not forked before it, its incarnation is a member, and that incarnation had not
been retired. What a station still has to do, and what stops an unfinished ceremony, goes through `Membership.counts`.
What an opening may do is judged by `Membership.at` that opening, which nothing that arrives later can change.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ceremony.algebra.schnorr import schnorr_verify
from ceremony.base.errors import Fault, PeerFault, Refused
from ceremony.base.ids import ChainLabel, EntryId, Name, chain_label
from ceremony.ceremonies.as_of import AsOf, Branches, branches
from ceremony.ceremonies.charter import Charter, check_charter
from ceremony.codec.digest import tagged_hash
from ceremony.record.entry import Entry
from ceremony.record.log import Log
from ceremony.record.sshsig import PublicIdentity, parse_openssh_public

ANNOUNCING = ("charter.accept", "incarnation.join", "hostkey")
DECIDING = ("charter.accept", "incarnation.join", "incarnation.admit")


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

    proven: it signed with a host key that a member of its name had announced, so its maker opened a backup of that
    station. An unproven one may be anybody's: nobody is asked about it and nobody can admit it.
    """

    entry: Entry
    proven: bool = False
    admits: dict[Name, Entry] = field(default_factory=dict)
    admitted: bool = False


@dataclass(slots=True)
class Membership:
    """The founding and the incarnations of one group, computed from the held entries."""

    log: Log | AsOf
    charter: Charter
    founding: Entry
    accepts: dict[Name, Entry] = field(default_factory=dict)
    declines: dict[Name, Entry] = field(default_factory=dict)
    joins: list[Join] = field(default_factory=list)
    current: dict[Name, ChainLabel] = field(default_factory=dict)
    retired: dict[ChainLabel, int] = field(default_factory=dict)  # label -> last seq that still counts
    faults: list[tuple[EntryId, Fault]] = field(default_factory=list)
    _branches: Branches | None = field(default=None, repr=False)
    _views: dict[tuple, Membership] = field(default_factory=dict, repr=False)

    @property
    def founded(self) -> bool:
        """Every station accepted, and no two production stations were one machine then. True for ever once true."""
        return len(self.accepts) == self.charter.n and not self.machine_clashes()

    @property
    def dead(self) -> bool:
        return bool(self.declines) and not self.founded

    def at(self, entry: Entry) -> Membership:
        """The membership as the author of a held entry knew it: a function of that entry alone, for ever."""
        return fold_membership(self._known_to(entry), self.charter)

    def _known_to(self, entry: Entry) -> AsOf:
        assert isinstance(self.log, Log)  # there is no view of a view
        if self._branches is None:
            self._branches = branches(self.log)
        return AsOf(self.log, EntryId(entry.id), self._branches)

    def current_at(self, name: Name, entry: Entry) -> ChainLabel:
        """The incarnation of a station that the author of a held entry had to take for the present one."""
        if not any(join.entry.author == name and join.proven for join in self.joins):
            return chain_label(name, 0)
        # Who is who depends on the joins, admissions and forks that were known: few views serve all entries.
        known = self._known_to(entry)
        key = (*(e.id for kind in DECIDING for e in known.of_kind(kind)), *sorted(known.forks().items()))
        if key not in self._views:
            self._views[key] = fold_membership(known, self.charter)
        return self._views[key].current[name]

    def speaks(self, entry: Entry) -> bool:
        """Whether the author of a held entry was a member as far as he himself knew; else it is a stranger's entry."""
        return entry.author in self.current and self.current_at(Name(entry.author), entry) == entry.label

    def counts(self, entry: Entry) -> bool:
        """Whether the entry may be believed; see the module's first lines."""
        if not self.log.counts(entry) or entry.label not in self.members():
            return False
        return entry.seq <= self.retired.get(entry.label, entry.seq)

    def members(self) -> set[ChainLabel]:
        return set(self.current.values()) | set(self.retired)

    def stopped(self, label: ChainLabel) -> bool:
        """Whether nothing new can come of a chain: it has two versions, or a new machine replaced it."""
        return label in self.log.forks() or label in self.retired

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
        """Pairs of stations that accepted on one machine, which production refuses."""
        if self.charter.mode != "production":
            return []
        found = sorted((name, entry.body["machine"]) for name, entry in self.accepts.items())
        return [(a, b) for i, (a, x) in enumerate(found) for b, y in found[i + 1:] if x == y]

    def hostkeys(self, name: Name) -> list[HostKey]:
        """All host keys that the station's current incarnation announced, oldest first."""
        entries = [entry for kind in ANNOUNCING for entry in self.log.of_kind(kind)
                   if entry.label == self.current[name] and entry.body and self.counts(entry)]
        return [HostKey(name, entry.body["hostkey"], EntryId(entry.id), entry.label)
                for entry in sorted(entries, key=lambda entry: entry.seq)]


def fold_membership(log: Log | AsOf, charter: Charter | None = None) -> Membership:
    """Membership from the held entries; the charter is checked again by everybody who folds."""
    founding = log.founding
    members = Membership(log, charter or check_charter(founding.body), founding)
    members.current = {name: chain_label(name, 0) for name in members.charter.names}
    _fold_acceptances(members)
    _fold_incarnations(members)
    for first, second in members.machine_clashes():
        members.faults.append((EntryId(members.accepts[second].id), Refused(
            "CHARTER-MACHINE", f"{first} and {second} run on the same machine",
            culprits=(first, second), meaning="One thief of that machine has two shards: the group is not founded.",
            do="Move one of them to a machine of its own and found the group again.")))
    return members


def _fold_acceptances(members: Membership) -> None:
    """An acceptance is a proof that stands by itself: a fork found later does not undo the founding of a group."""
    for entry in members.log.of_kind("charter.accept"):
        if entry.body is None or entry.inc:
            continue
        name, says = Name(entry.author), entry.body
        if says["charter"] != members.charter.group or not _read_by_another(members, entry):
            members.faults.append((EntryId(entry.id), PeerFault(
                "CHARTER-ACCEPT", f"{name} accepted another charter or read the words alone", culprits=(name,),
                meaning="The acceptance does not count.", do="Found the group again with everybody present.")))
        else:
            members.accepts.setdefault(name, entry)
    for entry in members.log.of_kind("charter.decline"):
        if entry.body is not None and not entry.inc and members.counts(entry):
            members.declines.setdefault(Name(entry.author), entry)


def _read_by_another(members: Membership, entry: Entry) -> bool:
    """Whether the words were read aloud by a holder of this group who is not the author."""
    return entry.body["reader"] in members.current and entry.body["reader"] != entry.author


def _fold_incarnations(members: Membership) -> None:
    """Admit joins in a fixed order until nothing changes; each admission retires the incarnation before it."""
    members.joins = [Join(entry) for entry in members.log.of_kind("incarnation.join")
                     if entry.body is not None and Name(entry.author) in members.current]
    while any(_admit(members, join) for join in members.joins if not join.admitted):
        pass
    for join in members.joins:
        if not join.admitted and len(join.admits) >= members.charter.admissions_needed:
            _note_rivals(members, join)


def join_message(group: str, name: str, identity: str) -> bytes:
    """What a recovered station signs with the host key of its epoch: that this new identity is its own."""
    return tagged_hash("ceremony/join-v1", f"{group} {name} {identity}".encode())


def _proven(members: Membership, entry: Entry) -> bool:
    """Whether a join carries a good signature by a host key that a member of its name had announced before."""
    message = join_message(members.charter.group, entry.author, entry.body["identity"])
    ours = [label for label in members.members() if label.split("/")[0] == entry.author]
    for old in (old for kind in ANNOUNCING for old in members.log.of_kind(kind)):
        if old.label in ours and old.body and members.log.precedes(EntryId(old.id), EntryId(entry.id)):
            try:
                schnorr_verify(bytes.fromhex(old.body["hostkey"])[1:], message, bytes.fromhex(entry.body["sig"]))
                return True
            except Fault:
                continue
    return False


def _admit(members: Membership, join: Join) -> bool:
    """Count the admissions of one join; when they are enough and it replaces the current incarnation, it is current."""
    name, says = Name(join.entry.author), join.entry.body
    join.proven = join.proven or _proven(members, join.entry)
    for entry in members.log.of_ceremony(join.entry.id):
        if entry.kind == "incarnation.admit" and entry.body is not None and entry.author != name \
                and _names(entry, join) and _read_by_another(members, entry) and members.counts(entry):
            join.admits.setdefault(Name(entry.author), entry)
    old = members.current[name]
    if not join.proven or len(join.admits) < members.charter.admissions_needed \
            or old != chain_label(name, says["retires"]) or _crowded(members, join):
        return False
    join.admitted = True
    known = [members.log.last_known(old, EntryId(entry.id)) for entry in join.admits.values()]
    members.retired[old] = max(known, default=-1)
    members.current[name] = join.entry.label
    return True


def _names(entry: Entry, join: Join) -> bool:
    """Whether an admission speaks of this very join."""
    return (entry.body["author"], entry.body["inc"], entry.body["join"]) \
        == (join.entry.author, join.entry.inc, join.entry.id)


def _crowded(members: Membership, join: Join) -> bool:
    """Whether a production join stands on the machine of another station of the group."""
    others = {name: value for name, value in members.machines().items() if name != join.entry.author}
    return members.charter.mode == "production" and join.entry.body["machine"] in others.values()


def _note_rivals(members: Membership, join: Join) -> None:
    """Blame who admitted two new machines in the place of one: an honest station never does."""
    for rival in members.joins:
        same = (rival.entry.author, rival.entry.body["retires"]) == (join.entry.author, join.entry.body["retires"])
        both = sorted(set(rival.admits) & set(join.admits))
        if rival.admitted and same and both:
            members.faults.append((EntryId(join.entry.id), PeerFault(
                "INCARNATION-RIVAL", f"{', '.join(both)} admitted two new machines of {join.entry.author} for one",
                culprits=tuple(both), meaning="The first one in the record's order goes on, the other does not count.",
                do=f"Speak with {join.entry.author} in person and find out whose the second machine is.")))
