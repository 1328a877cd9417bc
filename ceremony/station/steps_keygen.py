"""A station's own steps in a key generation: open, deal, certify or refuse, acknowledge.

A station certifies or refuses an attempt, once, in one commit. From certifying on it never calls the attempt failed and
never erases the host key: another station may hold the complete certificate already.
"""

from __future__ import annotations

from ceremony.algebra.secp256k1 import scalar_to_bytes
from ceremony.base.errors import Fault, LocalFault, PeerFault, Refused, Seat
from ceremony.base.ids import EntryId
from ceremony.base.secret import Secret
from ceremony.ceremonies.charter import KEYGEN_PROFILE
from ceremony.ceremonies.keygen import Keygen, eq_hash
from ceremony.ceremonies.keygen_disputes import dispute_context
from ceremony.ceremonies.keygen_opening import params_of
from ceremony.ceremonies.membership import HostKey
from ceremony.protocols.keygen import dispute, rounds
from ceremony.protocols.keygen.states import State1, State2
from ceremony.record.entry import Entry
from ceremony.station import copies
from ceremony.station.desk import Desk
from ceremony.station.rows import SecretRow


def check_keygen(desk: Desk) -> None:
    """Raise `Refused` with the reason why no key generation can be opened now."""
    copies.require_member(desk)
    state = desk.state
    if not state.members.founded:
        missing = [n for n in state.charter.names if n not in state.members.accepts]
        who = ", ".join(missing) or "everybody on a machine of their own"
        raise Refused("KEYGEN-NOT-FOUNDED", f"not yet accepted by {who}",
                      meaning="A key is made only by a group that all its holders accepted.",
                      do="Take the stick to them; each says `ceremony go`.")
    if state.keys:
        raise Refused("KEYGEN-DONE", "this group has its key", do="Use `ceremony address` and `ceremony open sign`.")
    live = [k for k in state.keygens if k.status != "dead"]
    if live:
        raise Refused("KEYGEN-LIVE", f"key generation {live[0].id[:8]} is under way",
                      do="Go on with it, or cancel it first with `ceremony cancel`.")
    stopped = [name for name, label in state.members.current.items() if state.members.stopped(label)]
    if stopped:
        raise Refused("KEYGEN-STOPPED", f"the record of {', '.join(stopped)} has two versions",
                      meaning="Every holder takes part in making a key, and nothing that they add would count.",
                      do="Found the group again with new homes for them.")
    spent = [name for name in state.charter.names if state.needs_hostkey(name)]
    if spent:
        raise Refused("KEYGEN-HOSTKEYS", f"no fresh host key yet from {', '.join(spent)}",
                      meaning="A host key serves one attempt.", do="Take the stick to them first.")


def open_keygen(desk: Desk) -> Entry:
    """Open the group's key generation with the newest host key of every holder."""
    check_keygen(desk)
    state = desk.state
    keys: list[HostKey] = [state.latest_hostkey(name) for name in state.charter.names]
    body = {"attempt": len(state.keygens), "epoch": 0, "profile": KEYGEN_PROFILE, "t": state.charter.t,
            "hostkeys": [[k.name, k.hostkey, k.entry] for k in keys]}
    try:
        params = params_of(body)
    except PeerFault as fault:
        raise fault.named({Seat(seat): name for seat, name in enumerate(state.charter.names)}) from None
    with desk.step() as step:
        return step.say("keygen.open", body | {"params": params.hash().hex()})


def _own_public(desk: Desk, attempt: Keygen) -> str:
    return attempt.params.hostpubkeys[attempt.names.index(desk.name)].hex()


def _own_hostkey(desk: Desk, attempt: Keygen) -> tuple[SecretRow, Secret[bytes]]:
    return desk.need_secret("hostkey", _own_public(desk, attempt), "the host key of this attempt")


def is_spent(desk: Desk, attempt: Keygen) -> bool:
    """Whether the host key that this attempt asks for has dealt in another one, or was destroyed when another died."""
    public = _own_public(desk, attempt)
    rivals = [k for k in desk.state.keygens if k.id != attempt.id and _own_public(desk, k) == public]
    if not desk.store.secrets(desk.group.id, "hostkey", ref=public) and any(k.status == "dead" for k in rivals):
        return True
    return _own_hostkey(desk, attempt)[0].state not in ("announced", f"attempt {attempt.id}")


def has_certified(desk: Desk, attempt: Keygen) -> bool:
    """Whether this station gave its round 2: then the attempt may have succeeded somewhere, whatever it looks like."""
    return desk.name in attempt.round2 or bool(desk.store.secrets(desk.group.id, "keygen2", ref=attempt.id))


def round1(desk: Desk, attempt: Keygen) -> str:
    """Deal: one first message, from a host key that has dealt in no attempt."""
    row, hostkey = _own_hostkey(desk, attempt)
    if row.state != "announced":
        raise LocalFault("KEYGEN-HOSTKEY-SPENT", "this host key has dealt before",
                         meaning="Two dealings with one host key could give shards away.",
                         do="Cancel this attempt; `ceremony go` then announces a fresh host key.")
    state, pmsg1 = rounds.step1(hostkey, attempt.params, desk.world.entropy(32))
    with desk.step() as step:
        step.move(row, f"attempt {attempt.id}")
        step.keep("keygen1", attempt.id, "dealt", Secret(state.to_bytes()))
        step.say("keygen.round1", {"pmsg1": pmsg1.hex()}, attempt.id)
    return "dealt its part of the key"


def round2(desk: Desk, attempt: Keygen) -> str:
    """Check everybody's first message and the own share; certify, or refuse with the proof of who dealt wrongly."""
    _, hostkey = _own_hostkey(desk, attempt)
    kept, state1 = desk.need_secret("keygen1", attempt.id, "its state of this attempt")
    state = State1.from_bytes(state1.reveal())
    messages = [bytes.fromhex(attempt.round1[name].body["pmsg1"]) for name in attempt.names]
    try:
        state2, pmsg2 = rounds.step2(hostkey, state, messages, desk.world.entropy(32))
    except PeerFault as fault:
        return refuse(desk, attempt, fault)
    with desk.step() as step:
        step.erase(kept)
        step.keep("keygen2", attempt.id, "certified", state2.to_bytes())
        step.say("keygen.round2", {"eq": eq_hash(state2.eq_input), "pmsg2": pmsg2.hex()}, attempt.id)
    return "checked everybody's part and certified the key"


def refuse(desk: Desk, attempt: Keygen, fault: Fault | None = None) -> str:
    """Refuse instead of certifying. A wrong share is opened in public; the attempt and all its keys are dead then."""
    if has_certified(desk, attempt):
        raise Refused("KEYGEN-CERTIFIED", "this station has certified the attempt and cannot take that back",
                      meaning="Another station may hold the complete certificate.", do="Wait for the others.")
    fault = fault or attempt.spoiled
    seats = {Seat(seat): name for seat, name in enumerate(attempt.names)}
    named = fault.named(seats)
    opening: dict = {}
    if fault.check == "KEYGEN-SHARE":
        accused = attempt.round1[seats[fault.culprits[0]]]
        messages = [bytes.fromhex(attempt.round1[name].body["pmsg1"]) for name in attempt.names]
        _, hostkey = _own_hostkey(desk, attempt)
        proof = dispute.open_share(hostkey, attempt.params, messages, fault.culprits[0],
                                   dispute_context(desk.group.id, attempt.id, EntryId(accused.id)),
                                   desk.world.entropy(32))
        opening = {"accused": accused.author, "entry": accused.id, "proof": proof.to_bytes().hex()}
    with desk.step() as step:
        for row in desk.store.secrets(desk.group.id, "keygen1", ref=attempt.id):
            step.erase(row)
        step.say("keygen.refuse", {"check": named.check, "culprits": [str(c) for c in named.culprits],
                                   "reason": named.seen[:400], "opening": opening}, attempt.id)
    return f"refused this key generation ({named.check})"


def acknowledge(desk: Desk, attempt: Keygen) -> str:
    """With the complete certificate: keep the shard for use and acknowledge the recovery data.

    A station acknowledges one attempt in its life, so that no two attempts of a group can ever both be finished.
    """
    other = next((k for k in desk.state.keygens if desk.name in k.acks and k.id != attempt.id), None)
    if other is not None:
        raise Refused("KEYGEN-OTHER-KEY", f"this station has acknowledged the key of attempt {other.id[:8]}",
                      meaning="A group has one key; this one will never be finished.", do="Go on with the other.")
    _, hostkey = _own_hostkey(desk, attempt)
    kept = desk.secret("keygen2", attempt.id)
    if kept is not None:
        pmsg2s = [bytes.fromhex(attempt.round2[name].body["pmsg2"]) for name in attempt.names]
        output, recovery = rounds.finalize(State2.from_bytes(kept[1]), pmsg2s)
    else:
        # The host key and the record are enough: recovery data from anybody's log settles an undecided attempt.
        output, recovery = rounds.recover(hostkey, attempt.key.recovery.to_bytes())[0], attempt.key.recovery
    if recovery != attempt.key.recovery:
        raise LocalFault("KEYGEN-OTHER-RESULT", "this station's own result is not the one that the record proves",
                         meaning="The key must not be used.", do="Keep everything and report this.")
    ack = rounds.acknowledge(hostkey, recovery, desk.world.entropy(32))
    with desk.step() as step:
        if kept is not None:
            step.erase(kept[0])
        step.keep("share", attempt.key.id, "active", Secret(scalar_to_bytes(output.secshare.reveal())),
                  attempt.key.epoch)
        step.say("keygen.ack", {"ack": ack.hex(), "key": attempt.key.id, "recovery": attempt.key.recovery_hash()},
                 attempt.id)
    return "keeps its shard and acknowledged the recovery data"
