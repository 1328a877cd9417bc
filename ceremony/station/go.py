"""The one verb: do everything this station now can, ask its holder what only a person may decide, say what comes next.

The caller reads the medium before and writes it after; between the two, every step is a commit of its own, so a cut at
any moment loses nothing that left and leaves nothing half done.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Callable, Iterator

from ceremony.base.errors import Fault, PeerFault, Refused, Unattributed
from ceremony.ceremonies.keygen import Keygen
from ceremony.ceremonies.owed import Owed, owed
from ceremony.ceremonies.sealing import ended, seal_of
from ceremony.ceremonies.signing import Signing
from ceremony.record.seal import sign_seal
from ceremony.station import copies, steps_founding, steps_keygen, steps_sign
from ceremony.station.desk import Desk, load_log
from ceremony.station.rows import SealRow
from ceremony.station.seals import fitting
from ceremony.station.vault import Vault
from ceremony.station.world import Question

YES, NO = "Yes", "No"
ONE_STEP = ("KEYGEN-", "SIGN-", "STATION-SECRET-MISSING")  # what this station cannot do in one ceremony


@dataclass(slots=True)
class Done:
    """What `go` did: sentences, faults that stopped single steps, and steps the holder put off."""

    did: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    later: list[Owed] = field(default_factory=list)


def todo(desk: Desk) -> list[Owed]:
    """The steps that this station owes now; none while it waits to be admitted, or after it was replaced."""
    return [row for row in owed(desk.state) if row.name == desk.name] if copies.is_member(desk) else []


def run(desk: Desk, unlock: Callable[[], Vault]) -> Done:
    """Take every step that is owed here, until nothing is left or the holder puts the rest off.

    unlock: opens the vault; called once, when the first step needs it. Raises LocalFault when this home is a copy, or
    when something is wrong that no other step could do without.
    """
    done, tried = Done(), set()
    copies.require_able(desk)
    while True:
        row = next((r for r in todo(desk) if r not in tried), None)
        if row is None:
            break
        tried.add(row)
        if desk.vault is None:
            desk.vault = unlock()
        try:
            with _whole(desk):
                said = _take(desk, row)
        except Fault as fault:
            if not _concerns_one_step(fault):
                raise
            done.faults.append(fault)
            continue
        if said:
            done.did.append(said)
        else:
            done.later.append(row)
    with _whole(desk):
        _housekeeping(desk, unlock, done)
    return done


@contextmanager
def _whole(desk: Desk) -> Iterator[None]:
    """When a step fails, forget what it had said: what was not committed is in no store and must never leave."""
    try:
        yield
    except BaseException:
        desk.log = load_log(desk.store, desk.group)
        desk.refold()
        raise


def _concerns_one_step(fault: Fault) -> bool:
    """Whether the other steps can go on: a hostile entry stops the step that it is about and nothing else."""
    return isinstance(fault, (Refused, PeerFault, Unattributed)) or fault.check.startswith(ONE_STEP)


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
    """The holder says once whether this station takes part; the later rounds follow from that.

    Where two attempts were opened at once, the host key that dealt in one refuses the other without a question.
    """
    if steps_keygen.is_spent(desk, attempt):
        return steps_keygen.refuse(desk, attempt, Refused(
            "KEYGEN-HOSTKEY-SPENT", "this station's host key serves another attempt that was opened at the same time"))
    answer = desk.world.asker.ask(Question(
        "keygen.yes", "yes", "Type Yes to take part in making this key, No to decline.", attempt))
    if answer == NO:
        reason = desk.world.asker.ask(Question("decline.reason", "text", "Why do you decline? (one line, recorded)"))
        return steps_keygen.refuse(desk, attempt, Refused("HOLDER-DECLINED", reason or "the holder declined"))
    return steps_keygen.round1(desk, attempt) if answer == YES else ""


def _housekeeping(desk: Desk, unlock: Callable[[], Vault], done: Done) -> None:
    """What needs no question: nonces for later, nonces of dead requests, seals of ended ceremonies."""
    unsigned = [over for over in ended(desk.state)
                if not fitting(desk.state, over, [row for row in desk.store.seals(over.id)
                                                  if (row.signer, row.inc) == (desk.name, desk.group.inc)])]
    steps_sign.wipe_dead(desk)
    if not copies.is_member(desk) or not (unsigned or steps_sign.stock_low(desk)):
        return
    if desk.vault is None:
        desk.vault = unlock()
    if steps_sign.stock_low(desk):
        said = steps_sign.prepare_nonces(desk, steps_sign.NONCES_AHEAD, only_low=True)
        done.did += [said] if said else []
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
