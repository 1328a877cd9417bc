"""A signing request over the log: the transaction, its t signers, their nonces, and how far it has come.

    awaiting_partials -> done  (all partial signatures verify and give valid signatures: proven for ever)
                      \\-> dead (declined, cancelled, a wrong partial signature, a fork, a broken opening)

What a request shows and what it signs are computed here from the PSBT's bytes, by every station and by the auditor.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Mapping

from ceremony.base.errors import Fault, PeerFault, Refused, Seat
from ceremony.base.ids import CeremonyId, ChainLabel, EntryId, Name
from ceremony.ceremonies.keygen import GroupKey, Keygen
from ceremony.ceremonies.membership import Membership
from ceremony.ceremonies.memo import Memo
from ceremony.ceremonies.nonces import NoncePool
from ceremony.chains.bitcoin import finalize, psbt as psbts
from ceremony.chains.bitcoin.bip32 import ExtendedKey, account_key
from ceremony.chains.bitcoin.facts import SigningRequest
from ceremony.chains.bitcoin.networks import NETWORKS
from ceremony.chains.bitcoin.rehearsal_origin import check_rehearsal_origin
from ceremony.chains.bitcoin.request import examine
from ceremony.codec import canonical
from ceremony.codec.digest import text_hash
from ceremony.protocols.frost import checks
from ceremony.record.entry import Entry


@dataclass(slots=True)
class Signing:
    """One request. `request` is None when the opening is broken; `signatures` are final, one per input."""

    id: CeremonyId
    opening: Entry
    signers: tuple[Name, ...]
    labels: dict[Name, ChainLabel] = field(default_factory=dict)  # the incarnation of each signer that must sign
    key: GroupKey | None = None
    request: SigningRequest | None = None
    pubnonces: list[dict[Seat, bytes]] = field(default_factory=list)
    sessions: list[checks.SessionContext] = field(default_factory=list)
    partials: dict[Name, Entry] = field(default_factory=dict)
    stops: dict[Name, Entry] = field(default_factory=dict)
    signatures: list[bytes] = field(default_factory=list)
    status: str = "awaiting_partials"
    why_dead: str = ""
    faults: list[tuple[EntryId, Fault]] = field(default_factory=list)

    def note(self, entry: Entry, fault: Fault) -> None:
        """Keep a fault and the entry that shows it. Seats get the names that people know."""
        names = self.key.names if self.key else ()
        self.faults.append((EntryId(entry.id), fault.named(dict((Seat(i), name) for i, name in enumerate(names)))))

    @property
    def outpoints(self) -> frozenset:
        """What the request spends; empty when it could not be read."""
        return frozenset(i.outpoint for i in self.request.inputs) if self.request else frozenset()

    @property
    def exposed(self) -> bool:
        """A partial signature exists: it can never be recalled, whatever happened to the request."""
        return bool(self.partials)

    def owed(self) -> dict[Name, str]:
        if self.status != "awaiting_partials":
            return {}
        return {name: "sign.partial" for name in self.signers if name not in self.partials}

    def finished(self) -> tuple[bytes, bytes]:
        """The finalised PSBT and the raw transaction of a done request."""
        parsed = psbts.parse_psbt(bytes.fromhex(self.opening.body["psbt"]))
        final = finalize.finalize(parsed, self.request, self.signatures)
        return final.psbt, final.transaction

    def result(self) -> dict[str, Any]:
        """The canonical result that the seal's `state` commits to."""
        return {"key": self.key.id, "request": self.opening.body["shown"], "txid": self.request.txid,
                "signatures": [s.hex() for s in self.signatures]}


def shown_hash(request: SigningRequest) -> str:
    """The hash of the facts that the screen shows: what a holder approved, recomputable from the PSBT.

    Warnings are left out: their wording may improve, and old transcripts must verify for ever.
    """
    facts = {name: value for name, value in request.facts().items() if name != "warnings"}
    return text_hash("ceremony-shown-v1", canonical.encode(facts).decode())


def account_of(key: GroupKey, network: str) -> ExtendedKey:
    """The group key as the account key at depth 0 of a `tr(…/<0;1>/*)` descriptor."""
    return account_key(key.point.compressed(), key.chain_code, NETWORKS[network].xpub_version)


def fold_signing(opening: Entry, members: Membership, keys: Mapping[str, Keygen], pool: NoncePool,
                 own_txids: frozenset[str], memo: Memo) -> Signing:
    """The state of the request that `opening` made. Whether it may be followed is a function of its past alone.

    keys: the finished key generations by key id. own_txids: transactions that this group had signed in that past
    (rehearsal only).
    """
    signing = Signing(CeremonyId(opening.id), opening, tuple(Name(s) for s in opening.body["signers"]))
    try:
        signing.key = _key(opening, members, keys)
        signing.request = memo.value(("request", opening.id), lambda: examine_request(
            bytes.fromhex(opening.body["psbt"]), signing.key, members.charter, own_txids))
        if shown_hash(signing.request) != opening.body["shown"]:
            raise _broken(opening, "what it says was shown is not what the transaction says")
        signing.labels = _labels(signing, members)
        signing.pubnonces = _pubnonces(signing, members, pool)
        signing.sessions = memo.value(("sessions", opening.id), lambda: (
            [_session(signing, i) for i in range(len(signing.request.inputs))]))
    except Fault as fault:
        signing.note(opening, fault)
        signing.status, signing.why_dead = "dead", fault.seen
        return signing
    _collect(signing, members, memo)
    _settle(signing, members, memo)
    return signing


def examine_request(raw: bytes, key: GroupKey, charter, own_txids: frozenset[str]) -> SigningRequest:
    """Decode a PSBT and apply every rule that does not need a person: raises a TX-… `Refused` or `PsbtMalformed`."""
    parsed = psbts.parse_psbt(raw)
    request = examine(parsed, account_of(key, charter.network), NETWORKS[charter.network])
    if charter.mode == "rehearsal":
        check_rehearsal_origin(parsed, charter.group, own_txids)
    return request


def _broken(opening: Entry, why: str) -> PeerFault:
    return PeerFault("SIGN-OPEN", f"{opening.author} opened a signing request, but {why}", culprits=(opening.author,),
                     meaning="Nobody can sign it.", do="Ask for a new request; if this repeats, declare it.")


def _key(opening: Entry, members: Membership, keys: Mapping[str, Keygen]) -> GroupKey:
    body, made = opening.body, keys.get(opening.body["key"])
    known = made is not None and all(members.log.precedes(EntryId(ack.id), EntryId(opening.id))
                                     for ack in made.acks.values())
    if made is None or not known or made.key.epoch != body["epoch"]:
        raise _broken(opening, "it names a key that this group did not have")
    key = made.key
    seats = [members.charter.seat(s) if s in members.charter.names else -1 for s in body["signers"]]
    if len(seats) != key.t or seats != sorted(set(seats)) or seats[0] < 0:
        raise _broken(opening, f"its signers are not {key.t} different holders in seat order")
    return key


def _pubnonces(signing: Signing, members: Membership, pool: NoncePool) -> list[dict[Seat, bytes]]:
    """Per input, each signer's public nonce; every rule about who may give out which nonce is applied here."""
    opening, rows = signing.opening, signing.opening.body["nonces"]
    count = len(signing.request.inputs)
    if set(rows) != set(signing.signers) or any(len(row) != count for row in rows.values()):
        raise _broken(opening, "it does not give each signer one nonce per input")
    given = [str(item) for row in rows.values() for item in row]
    if len(set(given)) != len(given):
        raise _broken(opening, "it gives out one nonce twice")
    per_input: list[dict[Seat, bytes]] = [{} for _ in range(count)]
    for name in signing.signers:
        for i, item in enumerate(rows[name]):
            per_input[i][Seat(members.charter.seat(name))] = _one_nonce(signing, pool, name, item)
    return per_input


def _one_nonce(signing: Signing, pool: NoncePool, name: Name, item: str | list) -> bytes:
    """The public nonce that the opening means: fresh for its author, prepared and rightly given out for the others."""
    opening = signing.opening
    if isinstance(item, str):
        if name != opening.author:
            raise _broken(opening, f"it invents a nonce for {name}")
        return bytes.fromhex(item)
    slot = (EntryId(item[0]), item[1])
    why = "that is prepared" if name == opening.author else pool.why_not(slot, signing.labels[name], opening)
    if why:
        raise PeerFault("SIGN-NONCE-ASSIGNED", f"{opening.author} gave out a nonce of {name} {why}",
                        culprits=(Name(opening.author),), meaning="Nobody may sign this request: a nonce used twice "
                        "gives the shard away.", do="Do not sign. Declare what happened and open a new request.")
    return pool.pubnonce(slot)


def _labels(signing: Signing, members: Membership) -> dict[Name, ChainLabel]:
    """The chain of each signer. For every other signer the opening pins an entry that its author had seen there."""
    opening, labels = signing.opening, {}
    for label, (seq, entry_id) in opening.body["heads"].items():
        entry, name = members.log.entries.get(entry_id), Name(label.split("/")[0])
        if entry is None or (entry.label, entry.seq) != (label, seq) or name not in members.current \
                or not members.log.precedes(entry_id, EntryId(opening.id)) or name in labels or name == opening.author \
                or members.current_at(name, opening) != label:
            raise _broken(opening, f"it pins a place of {name} that it had not seen")
        labels[name] = ChainLabel(label)
    if opening.author in signing.signers:
        labels[Name(opening.author)] = opening.label
    if set(labels) != set(signing.signers):
        raise _broken(opening, "it does not pin the place of every other signer")
    return labels


def _session(signing: Signing, index: int) -> checks.SessionContext:
    key, item, nonces = signing.key, signing.request.inputs[index], signing.pubnonces[index]
    shares = {seat: key.pubshares[seat].compressed() for seat in nonces}
    return checks.session(key.t, len(key.names), key.point.compressed(), shares, nonces, item.tweaks, item.digest)


def _collect(signing: Signing, members: Membership, memo: Memo) -> None:
    """Verify every partial signature, of forked branches too (a valid one is proof); note who stopped the request."""
    for entry in members.log.of_ceremony(signing.id):
        name = Name(entry.author)
        if entry.body is None:
            continue
        if entry.kind in ("sign.decline", "cancel") and members.counts(entry):
            if name in signing.signers or entry.label == signing.opening.label:
                signing.stops.setdefault(name, entry)
        if entry.kind == "sign.partial" and entry.label == signing.labels.get(name):
            fault = memo.check(f"sign.partial {entry.id}", lambda: _check_partials(signing, members, name, entry))
            if fault:
                signing.note(entry, fault)
            else:
                signing.partials.setdefault(name, entry)


def _check_partials(signing: Signing, members: Membership, name: Name, entry: Entry) -> None:
    seat, psigs = Seat(members.charter.seat(name)), entry.body["psigs"]
    if len(psigs) != len(signing.sessions) or entry.body["shown"] != signing.opening.body["shown"]:
        raise PeerFault("SIGN-PARTIAL", f"{name} signed another request than this one, or only a part of it",
                        culprits=(name,), meaning="The request cannot be finished.", do="Open a new request.")
    for context, nonces, psig in zip(signing.sessions, signing.pubnonces, psigs):
        checks.check_partial(context, seat, nonces[seat], bytes.fromhex(psig))


def _settle(signing: Signing, members: Membership, memo: Memo) -> None:
    """Name the state. What is proven wins over what somebody wished, whatever arrived first."""
    if len(signing.partials) == len(signing.signers):
        try:
            signing.signatures = memo.value(("signatures", signing.id), lambda: _signatures(signing, members))
            signing.status = "done"
            return
        except Fault as fault:
            signing.note(signing.opening, fault)
    if signing.faults:
        signing.status, signing.why_dead = "dead", signing.faults[0][1].seen
    for name, entry in signing.stops.items():
        signing.status, signing.why_dead = "dead", f"{name}: {entry.body['reason'] or 'said no'}"
    for name, label in signing.labels.items():
        if members.stopped(label):
            signing.status = "dead"
            signing.why_dead = f"the record of {name} has two versions, or a new machine replaced it"
    if not members.counts(signing.opening):
        signing.status = "dead"
        signing.why_dead = f"the record of {signing.opening.author} does not count at that place"


def _signatures(signing: Signing, members: Membership) -> list[bytes]:
    """One final signature per input. Verified parts fail to add up only when the signers chose their nonces together so
    that these cancel out (BIP 445, GetSessionValues: the final nonce then becomes G)."""
    seats = {Seat(members.charter.seat(name)): entry.body["psigs"] for name, entry in signing.partials.items()}
    return [checks.aggregate_partials(context, {seat: bytes.fromhex(psigs[i]) for seat, psigs in seats.items()})
            for i, context in enumerate(signing.sessions)]


def reserved_by(outpoints: frozenset, replaces: list[str], others: list[Signing]) -> Signing | None:
    """A request that already holds one of these inputs and is not named in `replaces`; None when all are free.

    A dead request holds its inputs too once a partial signature of it exists.
    """
    for other in others:
        held = other.status != "dead" or other.exposed
        if held and other.outpoints & outpoints and other.id not in replaces:
            return other
    return None


def reserved_fault(other: Signing) -> Refused:
    """The refusal that `reserved_by` calls for."""
    return Refused("SIGN-RESERVED", f"an input of this request is already held by request {other.id[:8]}",
                   meaning="Two signed transactions could spend the same coins.",
                   do=f"Cancel one of them, or open the new one with --replaces {other.id[:8]}.")
