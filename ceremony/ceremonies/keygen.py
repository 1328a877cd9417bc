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
from ceremony.ceremonies.membership import Membership
from ceremony.ceremonies.memo import Memo
from ceremony.codec.digest import digest, text_hash
from ceremony.protocols.keygen import checks
from ceremony.protocols.keygen.params import SessionParams
from ceremony.protocols.keygen.transcript import EqInput, RecoveryData, public_output
from ceremony.record.entry import Entry

NEXT_STEP = {"awaiting_round1": "keygen.round1", "awaiting_round2": "keygen.round2", "awaiting_acks": "keygen.ack"}
CERTIFYING, REFUSING = "keygen.round2", ("keygen.refuse", "cancel")


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
    faults: list[tuple[EntryId, Fault]] = field(default_factory=list)

    @property
    def spoiled(self) -> Fault | None:
        """The first fault that makes certifying impossible for an honest station."""
        return self.faults[0][1] if self.faults else None

    def owed(self) -> dict[Name, str]:
        """What each station still owes: a step's name. A spoiled attempt is owed a refusal by who has not certified."""
        if self.status in ("done", "dead"):
            return {}
        step = NEXT_STEP[self.status]
        given = {"keygen.round1": self.round1, "keygen.round2": self.round2, "keygen.ack": self.acks}[step]
        if self.spoiled and step != "keygen.ack":
            return {name: "keygen.refuse" for name in self.names if name not in self.round2}
        return {name: step for name in self.names if name not in given}


def opening_fault(entry: Entry, members: Membership) -> Fault | None:
    """Why an opening of key generation cannot be followed by anybody, or None."""
    body, charter = entry.body, members.charter
    wrong = None
    if not members.founded:
        wrong = "the group is not founded yet"
    elif tuple(row[0] for row in body["hostkeys"]) != charter.names or body["t"] != charter.t:
        wrong = "its seats or threshold are not the charter's"
    elif params_of(body).hash().hex() != body["params"]:
        wrong = "its params hash is not that of its host keys"
    else:
        for name, hostkey, source in body["hostkeys"]:
            if not any(h.entry == source and h.hostkey == hostkey for h in members.hostkeys(name)) \
                    or not members.log.precedes(source, entry.id):
                wrong = f"it names a host key that {name} had not announced"
    if wrong is None:
        return None
    return PeerFault("KEYGEN-OPEN", f"{entry.author} opened a key generation, but {wrong}", culprits=(entry.author,),
                     meaning="Nobody follows this opening.", do="Open a new one.")


def params_of(body: dict[str, Any]) -> SessionParams:
    """ChillDKG's session parameters of an opening: host keys in seat order, and t."""
    return SessionParams(tuple(bytes.fromhex(row[1]) for row in body["hostkeys"]), body["t"])


def fold_keygen(entry: Entry, members: Membership, memo: Memo) -> Keygen:
    """The state of the attempt that `entry` opened. The opening has passed `opening_fault`."""
    log = members.log
    labels = tuple(log.entries[row[2]].label for row in entry.body["hostkeys"])
    attempt = Keygen(CeremonyId(entry.id), entry, members.charter.names, labels, params_of(entry.body))
    inside = [e for e in log.of_ceremony(entry.id) if e.body is not None]
    _collect(attempt, members, inside)
    _check_first_messages(attempt, memo)
    _certify(attempt, members, memo, inside)
    _judge_disputes(attempt, members, memo)
    _settle(attempt, members)
    return attempt


def _collect(attempt: Keygen, members: Membership, inside: list[Entry]) -> None:
    """Sort the counted entries of the seats by what they say; the first of each counts, a second one is a fault."""
    slots = {"keygen.round1": attempt.round1, "keygen.refuse": attempt.refusals, "cancel": attempt.refusals}
    for entry in inside:
        name = Name(entry.author)
        if entry.label not in attempt.labels or not members.counts(entry):
            continue
        slot = slots.get(entry.kind)
        if slot is not None and name in slot and entry.kind == "keygen.round1":
            attempt.faults.append((EntryId(entry.id), PeerFault(
                "KEYGEN-TWICE", f"{name} gave a second first message", culprits=(name,),
                meaning="The attempt cannot be trusted.", do="Refuse, and start again when it is clear who did it.")))
        elif slot is not None:
            slot.setdefault(name, entry)


def _check_first_messages(attempt: Keygen, memo: Memo) -> None:
    """Every station's proof of possession, commitment lengths and points (ChillDKG participant step 1 messages)."""
    for seat, name in enumerate(attempt.names):
        entry = attempt.round1.get(name)
        if entry is None:
            continue
        fault = memo.check(f"keygen.round1 {entry.id}", lambda: checks.check_pmsg1(
            attempt.params, Seat(seat), bytes.fromhex(entry.body["pmsg1"])))
        if fault:
            attempt.faults.append((EntryId(entry.id), fault.named({Seat(seat): name})))
    if len(attempt.round1) == len(attempt.names) and not attempt.faults:
        fault = memo.check("keygen.ephemerals " + " ".join(e.id for e in attempt.round1.values()), lambda: (
            checks.check_all_pmsg1(attempt.params, [bytes.fromhex(attempt.round1[n].body["pmsg1"])
                                                    for n in attempt.names])))
        if fault:
            attempt.faults.append((EntryId(attempt.opening.id), fault.named(dict(
                (Seat(seat), name) for seat, name in enumerate(attempt.names)))))


def _eq_input(attempt: Keygen, members: Membership, memo: Memo, past_of: EntryId) -> EqInput | None:
    """What the author of `past_of` aggregated: the one first message of each seat in that entry's causal past."""
    log, chosen = members.log, []
    inside = [e for e in log.of_ceremony(attempt.id) if e.kind == "keygen.round1" and e.body is not None]
    for label in attempt.labels:
        seen = [e for e in inside if e.label == label and log.precedes(e.id, past_of)]
        if len(seen) != 1:
            return None
        chosen.append(seen[0])
    try:
        return _aggregated(attempt, memo, chosen)
    except Fault:
        return None


def _aggregated(attempt: Keygen, memo: Memo, chosen: list[Entry]) -> EqInput:
    messages = [bytes.fromhex(e.body["pmsg1"]) for e in chosen]
    return memo.value(("eq_input", *(e.id for e in chosen)), lambda: checks.eq_input(
        attempt.params, checks.aggregate(attempt.params, messages)))


def eq_input_now(attempt: Keygen, memo: Memo) -> EqInput:
    """eq_input over the first messages that count now; all n are here and good."""
    return _aggregated(attempt, memo, [attempt.round1[name] for name in attempt.names])


def _certify(attempt: Keygen, members: Membership, memo: Memo, inside: list[Entry]) -> None:
    """Find the certificate: n round 2 entries over one eq_input. It stands by itself; forked branches may prove it."""
    groups: dict[EqInput, dict[Name, Entry]] = {}
    for entry in inside:
        if entry.kind != "keygen.round2" or entry.label not in attempt.labels:
            continue
        seat = attempt.labels.index(entry.label)
        agreed = _eq_input(attempt, members, memo, EntryId(entry.id))
        fault = _round2_fault(attempt, memo, entry, seat, agreed)
        if fault:
            attempt.faults.append((EntryId(entry.id), fault))
            continue
        groups.setdefault(agreed, {}).setdefault(Name(entry.author), entry)
        if members.counts(entry):
            attempt.round2.setdefault(Name(entry.author), entry)
    for agreed, entries in groups.items():
        if len(entries) == len(attempt.names):
            attempt.round2 = {name: entries[name] for name in attempt.names}
            attempt.key = _group_key(attempt, members, memo, agreed)
            _acknowledge(attempt, memo, inside)
            return


def _round2_fault(attempt: Keygen, memo: Memo, entry: Entry, seat: int, agreed: EqInput | None) -> Fault | None:
    name = attempt.names[seat]
    if agreed is None or eq_hash(agreed) != entry.body["eq"]:
        return PeerFault("KEYGEN-CERTIFICATE", f"{name} certified something else than the first messages it had seen",
                         culprits=(name,), meaning="This attempt cannot succeed.", do="Refuse it and start a new one.")
    fault = memo.check(f"keygen.round2 {entry.id}", lambda: checks.check_pmsg2(
        agreed, Seat(seat), bytes.fromhex(entry.body["pmsg2"])))
    return fault.named({Seat(seat): name}) if fault else None


def eq_hash(agreed: EqInput) -> str:
    """How entries name an eq_input."""
    return hashlib.sha256(agreed.to_bytes()).hexdigest()


def _group_key(attempt: Keygen, members: Membership, memo: Memo, agreed: EqInput) -> GroupKey:
    """The public result of a complete certificate."""
    certificate = b"".join(bytes.fromhex(attempt.round2[name].body["pmsg2"]) for name in attempt.names)
    output = memo.value(("output", agreed), lambda: public_output(agreed))
    point, code = output.threshold_pubkey, agreed.chain_code()
    key_id = text_hash("ceremony-key-v1", members.charter.group, PROFILE, attempt.id, point.compressed().hex(),
                       code.hex())
    return GroupKey(key_id, attempt.id, attempt.opening.body["epoch"], members.charter.t, attempt.names, point, code,
                    output.pubshares, RecoveryData(agreed, certificate))


def _acknowledge(attempt: Keygen, memo: Memo, inside: list[Entry]) -> None:
    key = attempt.key
    for entry in inside:
        if entry.kind != "keygen.ack" or entry.label not in attempt.labels:
            continue
        seat = attempt.labels.index(entry.label)
        fault = memo.check(f"keygen.ack {entry.id} {key.id}", lambda: _check_ack(attempt, key, seat, entry))
        if fault:
            attempt.faults.append((EntryId(entry.id), fault.named({Seat(seat): attempt.names[seat]})))
        else:
            attempt.acks.setdefault(attempt.names[seat], entry)


def _check_ack(attempt: Keygen, key: GroupKey, seat: int, entry: Entry) -> None:
    if (entry.body["key"], entry.body["recovery"]) != (key.id, key.recovery_hash()):
        raise PeerFault("KEYGEN-ACK", f"{attempt.names[seat]} acknowledged another key or other recovery data",
                        culprits=(attempt.names[seat],), meaning="The key must not be funded.",
                        do="Do not use the key. Keep the stick, and call the first person of the escalation order.")
    checks.check_ack(key.recovery, Seat(seat), bytes.fromhex(entry.body["ack"]))


def dispute_context(group: str, attempt: CeremonyId, entry: EntryId) -> bytes:
    """What an opened share is bound to, besides the seats: group, attempt, and the entry of the accused's message."""
    return digest("ceremony/dispute-v1", group.encode(), attempt.encode(), entry.encode())


def _judge_disputes(attempt: Keygen, members: Membership, memo: Memo) -> None:
    """Decide every opened share in public: the fault names the dealer of a wrong share, or the false accuser."""
    for name, entry in attempt.refusals.items():
        opening = entry.body.get("opening")
        if not opening:
            continue
        accused = attempt.round1.get(opening["accused"])
        if accused is None or accused.id != opening["entry"]:
            attempt.faults.append((EntryId(entry.id), PeerFault(
                "KEYGEN-FALSE-ACCUSATION", f"{name} accuses {opening['accused']} over a message that is not theirs",
                culprits=(name,), meaning="The attempt is dead.", do="Start a new one.")))
            continue
        seat = {n: Seat(i) for i, n in enumerate(attempt.names)}
        fault = memo.check(f"keygen.refuse {entry.id}", lambda: checks.check_opening(
            attempt.params, bytes.fromhex(accused.body["pmsg1"]), seat[name], seat[opening["accused"]],
            dispute_context(members.charter.group, attempt.id, EntryId(accused.id)), bytes.fromhex(opening["proof"])))
        attempt.faults.append((EntryId(entry.id), fault.named({i: n for n, i in seat.items()})))


def _settle(attempt: Keygen, members: Membership) -> None:
    """Name the state. What is proven wins over what somebody wished, whatever arrived first."""
    if attempt.key is not None:
        attempt.status = "done" if len(attempt.acks) == len(attempt.names) else "awaiting_acks"
        return
    for name, entry in attempt.refusals.items():
        if name not in attempt.round2:
            attempt.status, attempt.why_dead = "dead", f"{name}: {entry.body['reason'] or entry.kind}"
            return
    forks = members.log.forks()
    for label in attempt.labels:
        if label in forks or label in members.retired:
            attempt.status = "dead"
            attempt.why_dead = f"the record of {label.split('/')[0]} has two versions or a new machine replaced it"
            return
    if len(attempt.round1) == len(attempt.names):
        attempt.status = "awaiting_round2"
