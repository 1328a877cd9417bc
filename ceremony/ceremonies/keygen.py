"""Key generation over the log: which entries make a key, what is still owed, and what kills an attempt.

The attempt is *undecided* for a station from its own round 2 on, until the certificate or another seat's refusal is
seen (ChillDKG: a station that signed may be the only one that does not know of success). States, by what is awaited:

    awaiting_round1 -> awaiting_round2 -> awaiting_acks -> done
                    \\-> dead (a seat that had not certified refused or cancelled, or a fork)
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

from ceremony.algebra.secp256k1 import Point
from ceremony.base.errors import Fault, PeerFault, Seat
from ceremony.base.ids import CeremonyId, ChainLabel, EntryId, Name
from ceremony.ceremonies.charter import PROFILE
from ceremony.ceremonies.keygen_disputes import judge
from ceremony.ceremonies.keygen_opening import params_of
from ceremony.ceremonies.membership import Membership
from ceremony.ceremonies.memo import Memo
from ceremony.codec.digest import text_hash
from ceremony.protocols.keygen import checks
from ceremony.protocols.keygen.params import SessionParams
from ceremony.protocols.keygen.transcript import EqInput, PublicOutput, RecoveryData, public_output
from ceremony.record.entry import Entry

NEXT_STEP = {"awaiting_round1": "keygen.round1", "awaiting_round2": "keygen.round2", "awaiting_acks": "keygen.ack"}
ROUND1, CERTIFYING, REFUSING = "keygen.round1", "keygen.round2", ("keygen.refuse", "cancel")


@dataclass(frozen=True, slots=True)
class GroupKey:
    """A certified key of one epoch. Everything is public to the group and private outside; nothing is secret."""

    id: str
    ceremony: CeremonyId
    epoch: int
    t: int
    names: tuple[Name, ...]
    point: Point  # ChillDKG's Taproot-tweaked threshold key, full point
    chain_code: bytes
    pubshares: tuple[Point, ...]
    recovery: RecoveryData

    def result(self) -> dict[str, Any]:
        """The canonical result that the seal's `state` commits to."""
        return {"chain_code": self.chain_code.hex(), "epoch": self.epoch, "group_key": self.point.compressed().hex(),
                "key": self.id, "names": list(self.names), "profile": PROFILE,
                "pubshares": [p.compressed().hex() for p in self.pubshares],
                "recovery": self.recovery_hash(), "t": self.t}

    def recovery_hash(self) -> str:
        return hashlib.sha256(self.recovery.to_bytes()).hexdigest()


@dataclass(slots=True)
class Keygen:
    """One attempt. `certificate` holds the round 2 entries that agree, `acks` the acknowledgments of that result."""

    id: CeremonyId
    opening: Entry
    names: tuple[Name, ...]
    labels: tuple[ChainLabel, ...]
    params: SessionParams
    round1: dict[Name, Entry] = field(default_factory=dict)
    round2: dict[Name, Entry] = field(default_factory=dict)
    refusals: dict[Name, Entry] = field(default_factory=dict)
    acks: dict[Name, Entry] = field(default_factory=dict)
    key: GroupKey | None = None
    status: str = "awaiting_round1"
    why_dead: str = ""
    spoiled: Fault | None = None  # the first fault that makes certifying impossible for an honest station
    faults: list[tuple[EntryId, Fault]] = field(default_factory=list)

    def note(self, entry: Entry, fault: Fault, *, spoils: bool) -> None:
        """Keep a fault and the entry that shows it."""
        self.faults.append((EntryId(entry.id), fault.named(dict((Seat(i), name) for i, name in enumerate(self.names)))))
        if spoils and self.spoiled is None:
            self.spoiled = self.faults[-1][1]

    def hostkeys(self) -> list[list[str]]:
        """Per seat: name, host public key, and the entry that announced it."""
        return self.opening.body["hostkeys"]

    def owed(self) -> dict[Name, str]:
        """What each station still owes: a step's name. A spoiled attempt is owed a refusal by who has not certified."""
        if self.status in ("done", "dead"):
            return {}
        step = NEXT_STEP[self.status]
        given = {"keygen.round1": self.round1, "keygen.round2": self.round2, "keygen.ack": self.acks}[step]
        if self.spoiled and step != "keygen.ack":
            return {name: "keygen.refuse" for name in self.names if name not in self.round2}
        return {name: step for name in self.names if name not in given}


def fold_keygen(entry: Entry, members: Membership, memo: Memo) -> Keygen:
    """The state of the attempt that `entry` opened. The opening has passed `keygen_opening.opening_fault`."""
    log = members.log
    labels = tuple(log.entries[row[2]].label for row in entry.body["hostkeys"])
    attempt = Keygen(CeremonyId(entry.id), entry, members.charter.names, labels, params_of(entry.body))
    inside = [e for e in log.of_ceremony(entry.id) if e.body is not None and e.label in labels]
    _collect(attempt, members, inside)
    _check_first_messages(attempt, memo)
    _certify(attempt, members, memo, inside)
    _judge_disputes(attempt, members, inside)
    _settle(attempt, members)
    return attempt


def _collect(attempt: Keygen, members: Membership, inside: list[Entry]) -> None:
    """Sort the counted entries of the seats by what they say; the first of each counts, a second message is a fault."""
    for entry in inside:
        name = Name(entry.author)
        if not members.counts(entry):
            continue
        if entry.kind == ROUND1 and name in attempt.round1:
            attempt.note(entry, _twice(name, "gave a second first message"), spoils=True)
        elif entry.kind == ROUND1:
            attempt.round1[name] = entry
        elif entry.kind in REFUSING:
            attempt.refusals.setdefault(name, entry)


def _twice(name: Name, what: str) -> PeerFault:
    return PeerFault("KEYGEN-TWICE", f"{name} {what}", culprits=(name,), meaning="The attempt cannot be trusted.",
                     do="Refuse, and start again without doubt about who did it.")


def _check_first_messages(attempt: Keygen, memo: Memo) -> None:
    """Every station's proof of possession, commitment lengths and points (ChillDKG participant step 1 messages)."""
    for seat, name in enumerate(attempt.names):
        entry = attempt.round1.get(name)
        fault = entry and memo.check(f"keygen.round1 {entry.id}", lambda: checks.check_pmsg1(
            attempt.params, Seat(seat), bytes.fromhex(entry.body["pmsg1"])))
        if fault:
            attempt.note(entry, fault, spoils=True)
    if len(attempt.round1) == len(attempt.names) and not attempt.spoiled:
        messages = [bytes.fromhex(attempt.round1[name].body["pmsg1"]) for name in attempt.names]
        fault = memo.check("keygen.ephemerals " + " ".join(attempt.round1[name].id for name in attempt.names),
                           lambda: checks.check_all_pmsg1(attempt.params, messages))
        if fault:
            attempt.note(attempt.opening, fault, spoils=True)


def _eq_input(attempt: Keygen, members: Membership, memo: Memo, inside: list[Entry], past_of: Entry) -> EqInput | None:
    """What the author of `past_of` aggregated: the one first message of each seat in that entry's causal past."""
    seen = [e for e in inside if e.kind == ROUND1 and members.log.precedes(EntryId(e.id), EntryId(past_of.id))]
    chosen = {e.label: e for e in seen}
    if not len(seen) == len(chosen) == len(attempt.labels):
        return None
    try:
        return _aggregated(attempt, memo, [chosen[label] for label in attempt.labels])
    except Fault:
        return None


def _aggregated(attempt: Keygen, memo: Memo, chosen: list[Entry]) -> EqInput:
    messages = [bytes.fromhex(e.body["pmsg1"]) for e in chosen]
    return memo.value(("eq_input", *(e.id for e in chosen)), lambda: checks.eq_input(
        attempt.params, checks.aggregate(attempt.params, messages)))


def _certify(attempt: Keygen, members: Membership, memo: Memo, inside: list[Entry]) -> None:
    """Find the certificate: n round 2 entries over one eq_input. It stands by itself, so forked branches may prove it.

    Who refused first cannot certify afterwards: the others have gone on to another attempt.
    """
    groups: dict[EqInput, dict[Name, Entry]] = {}
    for entry in (e for e in inside if e.kind == CERTIFYING):
        name = Name(entry.author)
        agreed = _eq_input(attempt, members, memo, inside, entry)
        fault = _round2_fault(attempt, memo, entry, agreed)
        if fault:
            attempt.note(entry, fault, spoils=True)
        elif _gave_before(REFUSING, entry, members, inside):
            attempt.note(entry, _twice(name, "refused, and certified afterwards"), spoils=True)
        else:
            groups.setdefault(agreed, {}).setdefault(name, entry)
            if members.counts(entry):
                attempt.round2.setdefault(name, entry)
    for agreed, entries in groups.items():
        if len(entries) == len(attempt.names):
            attempt.round2 = {name: entries[name] for name in attempt.names}
            attempt.key = _group_key(attempt, members, memo, agreed)
            return _acknowledge(attempt, memo, inside)


def _gave_before(kinds: tuple[str, ...], entry: Entry, members: Membership, inside: list[Entry]) -> bool:
    """Whether the author had given an entry of these kinds before this one, in the same chain."""
    return any(e.kind in kinds and e.label == entry.label
               and members.log.precedes(EntryId(e.id), EntryId(entry.id)) for e in inside)


def _round2_fault(attempt: Keygen, memo: Memo, entry: Entry, agreed: EqInput | None) -> Fault | None:
    name, seat = entry.author, attempt.labels.index(entry.label)
    if agreed is None or eq_hash(agreed) != entry.body["eq"]:
        return PeerFault("KEYGEN-CERTIFICATE", f"{name} certified something else than the first messages it had seen",
                         culprits=(name,), meaning="This attempt cannot succeed.", do="Refuse it and start a new one.")
    return memo.check(f"keygen.round2 {entry.id}", lambda: (
        checks.check_pmsg2(agreed, Seat(seat), bytes.fromhex(entry.body["pmsg2"])), _output(memo, agreed)))


def _output(memo: Memo, agreed: EqInput) -> PublicOutput:
    return memo.value(("output", agreed), lambda: public_output(agreed))


def eq_hash(agreed: EqInput) -> str:
    """How entries name an eq_input."""
    return hashlib.sha256(agreed.to_bytes()).hexdigest()


def _group_key(attempt: Keygen, members: Membership, memo: Memo, agreed: EqInput) -> GroupKey:
    """The public result of a complete certificate."""
    certificate = b"".join(bytes.fromhex(attempt.round2[name].body["pmsg2"]) for name in attempt.names)
    output = _output(memo, agreed)
    point, code = output.threshold_pubkey, agreed.chain_code()
    key_id = text_hash("ceremony-key-v1", members.charter.group, PROFILE, attempt.id, point.compressed().hex(),
                       code.hex())
    return GroupKey(key_id, attempt.id, attempt.opening.body["epoch"], members.charter.t, attempt.names, point, code,
                    output.pubshares, RecoveryData(agreed, certificate))


def _acknowledge(attempt: Keygen, memo: Memo, inside: list[Entry]) -> None:
    key = attempt.key
    for entry in (e for e in inside if e.kind == "keygen.ack"):
        seat = attempt.labels.index(entry.label)
        fault = memo.check(f"keygen.ack {entry.id} {key.id}", lambda: _check_ack(attempt, key, seat, entry))
        if fault:
            attempt.note(entry, fault, spoils=False)
        else:
            attempt.acks.setdefault(attempt.names[seat], entry)


def _check_ack(attempt: Keygen, key: GroupKey, seat: int, entry: Entry) -> None:
    if (entry.body["key"], entry.body["recovery"]) != (key.id, key.recovery_hash()):
        raise PeerFault("KEYGEN-ACK", f"{attempt.names[seat]} acknowledged another key or other recovery data",
                        culprits=(attempt.names[seat],), meaning="The key must not be funded.",
                        do="Do not use the key. Keep the stick, and call the first person of the escalation order.")
    checks.check_ack(key.recovery, Seat(seat), bytes.fromhex(entry.body["ack"]))


def _judge_disputes(attempt: Keygen, members: Membership, inside: list[Entry]) -> None:
    """Judge every opened share in public, and blame who took his certification back."""
    first = {e.id: e for e in inside if e.kind == ROUND1}
    seats = {name: (Seat(i), attempt.labels[i]) for i, name in enumerate(attempt.names)}
    for entry in (e for e in inside if e.kind == "keygen.refuse"):
        held = {id: e for id, e in first.items() if members.log.precedes(EntryId(id), EntryId(entry.id))}
        fault = judge(members.charter.group, attempt.id, attempt.params, seats, entry, held.get)
        if fault:
            attempt.note(entry, fault, spoils=False)
        if _gave_before((CERTIFYING,), entry, members, inside):
            attempt.note(entry, _twice(Name(entry.author), "certified, and refused afterwards"), spoils=False)


def _settle(attempt: Keygen, members: Membership) -> None:
    """Name the state. What is proven wins over what somebody wished, whatever arrived first."""
    if attempt.key is not None:
        attempt.status = "done" if len(attempt.acks) == len(attempt.names) else "awaiting_acks"
        return
    for name, entry in attempt.refusals.items():
        if name not in attempt.round2:
            attempt.status, attempt.why_dead = "dead", f"{name}: {entry.body['reason'] or entry.kind}"
            return
    for label in attempt.labels:
        if members.stopped(label):
            attempt.status = "dead"
            attempt.why_dead = f"the record of {label.split('/')[0]} has two versions or a new machine replaced it"
            return
    if len(attempt.round1) == len(attempt.names):
        attempt.status = "awaiting_round2"
