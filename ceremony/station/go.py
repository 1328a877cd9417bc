"""The one verb: do everything this station now can, ask its holder what only a person may decide, say what comes next.

The caller reads the medium before and writes it after; between the two, every step is a commit of its own, so a cut at
any moment loses nothing that left and leaves nothing half done.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Callable

from ceremony.base.errors import Fault, PeerFault, Refused
from ceremony.ceremonies.keygen import Keygen
from ceremony.ceremonies.owed import Owed, owed
from ceremony.ceremonies.sealing import ended, seal_of
from ceremony.ceremonies.signing import Signing
from ceremony.record.seal import sign_seal
from ceremony.station import steps_founding, steps_keygen, steps_sign
from ceremony.station.desk import Desk
from ceremony.station.rows import SealRow
from ceremony.station.vault import Vault
from ceremony.station.world import Question

YES, NO = "Yes", "No"


@dataclass(slots=True)
class Done:
    """What `go` did: sentences, faults that stopped single steps, and steps the holder put off."""

    did: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    later: list[Owed] = field(default_factory=list)


def todo(desk: Desk) -> list[Owed]:
    """The steps that this station owes now; none while it waits to be admitted, or after it was replaced."""
    if desk.state.members.current[desk.name] != desk.label:
        return []
    return [row for row in owed(desk.state) if row.name == desk.name]


def run(desk: Desk, unlock: Callable[[], Vault]) -> Done:
    """Take every step that is owed here, until nothing is left or the holder puts the rest off.

    unlock: opens the vault; called once, when the first step needs it.
    """
    done, tried = Done(), set()
    while True:
        row = next((r for r in todo(desk) if r not in tried), None)
        if row is None:
            break
        tried.add(row)
        if desk.vault is None:
            desk.vault = unlock()
        try:
            said = _take(desk, row)
        except (Refused, PeerFault) as fault:
            done.faults.append(fault)
            continue
        if said:
            done.did.append(said)
        else:
            done.later.append(row)
    _housekeeping(desk, unlock, done)
    return done


def _take(desk: Desk, row: Owed) -> str:
    """One step; an empty answer means that the holder put it off."""
    if row.step == "charter.accept":
        return steps_founding.accept_charter(desk)
    if row.step == "incarnation.admit":
        return steps_founding.admit(desk, next(j for j in desk.state.members.joins if j.entry.id == row.ceremony))
    if row.step == "hostkey":
        return steps_founding.announce_hostkey(desk)
    ceremony = desk.state.ceremony(row.ceremony)
    if isinstance(ceremony, Signing):
        return steps_sign.sign(desk, ceremony)
    if row.step == "keygen.round1":
        return _join_keygen(desk, ceremony)
    return {"keygen.round2": steps_keygen.round2, "keygen.refuse": steps_keygen.refuse,
            "keygen.ack": steps_keygen.acknowledge}[row.step](desk, ceremony)


def _join_keygen(desk: Desk, attempt: Keygen) -> str:
    """The holder says once whether this station takes part; the later rounds follow from that."""
    answer = desk.world.asker.ask(Question(
        "keygen.yes", "yes", "Type Yes to take part in making this key, No to decline.", attempt))
    if answer == NO:
        reason = desk.world.asker.ask(Question("decline.reason", "text", "Why do you decline? (one line, recorded)"))
        return steps_keygen.refuse(desk, attempt, Refused("HOLDER-DECLINED", reason or "the holder declined"))
    return steps_keygen.round1(desk, attempt) if answer == YES else ""


def _housekeeping(desk: Desk, unlock: Callable[[], Vault], done: Done) -> None:
    """What needs no question: nonces for later, nonces of dead requests, seals of ended ceremonies."""
    unsigned = [over for over in ended(desk.state)
                if not any(r.signer == desk.name and r.inc == desk.group.inc for r in desk.store.seals(over.id))]
    share = desk.state.key and desk.store.secrets(desk.group.id, "share", ref=desk.state.key.id)
    member = desk.state.members.current[desk.name] == desk.label
    if not member or not (unsigned or (share and steps_sign.stock_low(desk))):
        return
    if desk.vault is None:
        desk.vault = unlock()
    if share:
        said = steps_sign.prepare_nonces(desk, steps_sign.NONCES_AHEAD, only_low=True)
        done.did += [said] if said else []
    steps_sign.wipe_dead(desk)
    for over in unsigned:
        countersign(desk, over.id)
    if unsigned:
        done.did.append(f"countersigned {len(unsigned)} ended ceremon{'y' if len(unsigned) == 1 else 'ies'}")


def countersign(desk: Desk, ceremony: str) -> None:
    """Sign the seal of an ended ceremony with this station's identity; it changes no chain."""
    over = next(e for e in ended(desk.state) if e.id == ceremony)
    seed = desk.opened().open(desk.store.secrets("", "identity")[-1])
    signature = sign_seal(seed, seal_of(desk.state, over), desk.name, desk.group.inc)
    identity = desk.state.members.identity(desk.label)
    with desk.store.transaction() as tx:
        tx.put_seal(SealRow(ceremony, desk.name, desk.group.inc, signature.armored(identity, desk.mode)))
        desk.keep_views(tx)
