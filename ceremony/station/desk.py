"""One station at work in one group: its view of the log, its secrets, and the only way to say something.

The order of every step is: compute, verify the own output, one commit (secrets consumed, entry kept), and only then
export. `Desk.step` is that commit. An entry that was said is never said again: what leaves the station is read back
from the store.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Iterator

from ceremony.base.errors import LocalFault
from ceremony.base.ids import CeremonyId, ChainLabel, Name, chain_label
from ceremony.base.secret import Secret
from ceremony.ceremonies.fold import GroupState, fold
from ceremony.ceremonies.kinds import KINDS, check_body
from ceremony.ceremonies.memo import Memo
from ceremony.ceremonies.overview import overview
from ceremony.ceremonies.sealing import ended
from ceremony.codec.digest import text_hash
from ceremony.record import sshsig
from ceremony.record.entry import Entry, compose, parse_line
from ceremony.record.log import Log
from ceremony.station.rows import EntryRow, GroupRow, SecretRow
from ceremony.station.seals import fitting, may_change
from ceremony.station.store import Store
from ceremony.station.transaction import Tx
from ceremony.station.vault import Vault
from ceremony.station.world import World


def entry_row(entry: Entry) -> EntryRow:
    """An entry as the store keeps it."""
    return EntryRow(entry.id, entry.group, entry.label, entry.seq, entry.kind, entry.ceremony, entry.line())


def load_log(store: Store, group: GroupRow) -> Log:
    """The held entries of a group, read from the store and checked again as on the first day."""
    rows = store.entries(group.id)
    founding = next(row for row in rows if row.id == group.charter)
    log = Log.found(parse_line(founding.line), check_body)
    log.offer(parse_line(row.line) for row in rows)
    return log


def sealed(vault: Vault, row: SecretRow, value: Secret[bytes]) -> SecretRow:
    """The row with its box: the value sealed to everything else that the row says."""
    return replace(row, blob=vault.seal(id=row.id, group=row.group, kind=row.kind, epoch=row.epoch, ref=row.ref,
                                        state=row.state, value=value))


class Desk:
    """`vault` is None while locked: a locked desk reads and takes in entries, and says nothing."""

    def __init__(self, store: Store, group: GroupRow, world: World, vault: Vault | None = None):
        self.store, self.group, self.world, self.vault = store, group, world, vault
        self.name = Name(group.name)
        self.label: ChainLabel = chain_label(group.name, group.inc)
        self.log = load_log(store, group)
        self.memo = Memo(set(store.view(group.id, "memo") or ()))
        self.state: GroupState = fold(self.log, self.memo)

    def refold(self) -> None:
        """Compute the state again after the log changed."""
        self.state = fold(self.log, self.memo)

    @property
    def mode(self) -> str:
        return self.state.charter.mode

    def machine(self) -> str:
        """This machine's value in this group (formats.md section 5)."""
        return machine_value(self.group.id, self.world.machine_id())

    @contextmanager
    def step(self) -> Iterator[Step]:
        """One commit. Everything said and every secret changed inside becomes true together, or nothing does."""
        with self.store.transaction() as tx:
            step = Step(self, tx)
            yield step
            self.keep_views(tx)

    def keep(self) -> None:
        """Keep what `status` shows although nothing was said: for a group that is new here."""
        with self.store.transaction() as tx:
            self.keep_views(tx)

    def keep_views(self, tx: Tx) -> None:
        """Fold again and keep what `status` shows, in the commit that changed it."""
        self.refold()
        tx.set_view(self.group.id, "memo", sorted(self.memo.passed))
        tx.set_view(self.group.id, "status", overview(self.state, self.name, self.seals_missing(), self.label))

    def seals_missing(self) -> dict[CeremonyId, list[Name]]:
        """For each ended ceremony, which stations have not countersigned its seal, as far as this station knows."""
        missing = {}
        for over in ended(self.state):
            rows = self.store.seals(over.id)
            # Looking again costs time, so only those are looked at whose seal can read differently by now.
            signed = {row.signer for row in (fitting(self.state, over, rows) if may_change(self.state, over) else rows)}
            missing[over.id] = [name for name in self.state.charter.names if name not in signed]
        return missing

    def secret(self, kind: str, ref: str, state: str | None = None) -> tuple[SecretRow, Secret[bytes]] | None:
        """The newest secret of a kind for `ref`, opened; None when there is none."""
        rows = self.store.secrets(self.group.id, kind, ref=ref, state=state)
        return (rows[-1], self.opened().open(rows[-1])) if rows else None

    def need_secret(self, kind: str, ref: str, what: str) -> tuple[SecretRow, Secret[bytes]]:
        """Like `secret`, for one that must be here; `what` names it for the holder."""
        found = self.secret(kind, ref)
        if found is None:
            raise LocalFault("STATION-SECRET-MISSING", f"this station does not hold {what}",
                             meaning="It cannot do its part of this ceremony.",
                             do="If this home is a copy of an older one, stop. Otherwise use `station recover`.")
        return found

    def opened(self) -> Vault:
        if self.vault is None:
            raise LocalFault("VAULT-LOCKED", "the vault of this station is locked", do="Give the passphrase.")
        return self.vault

    def sign_core(self, core: bytes) -> bytes:
        """64 signature bytes over the core of one of this station's entries."""
        row = self.store.secrets("", "identity")[-1]
        return sshsig.sign(self.opened().open(row), sshsig.namespace("entry", self.mode), core)


def machine_value(group: str, machine_id: str) -> str:
    """The machine as entries name it: the same only for one machine in one group, and telling nothing else."""
    return text_hash("ceremony-machine-v1", group, machine_id)


class Step:
    """The open commit of one desk. `said`: the entries made in it, in order."""

    def __init__(self, desk: Desk, tx: Tx):
        self.desk, self.tx = desk, tx
        self.said: list[Entry] = []

    def say(self, kind: str, body: dict[str, Any], ceremony: str = "") -> Entry:
        """Make the next entry of this station's chain, check it as everybody else will, and keep it."""
        desk = self.desk
        strangers = [j.entry.label for j in desk.state.members.joins if not j.admitted and j.entry.id != ceremony
                     and j.entry.label != desk.label]
        seq, prev, seen = desk.log.next_place(desk.label, without=strangers)
        if desk.world.aids:
            body = body | {"aids": list(desk.world.aids)}
        entry = compose(sign=desk.sign_core, salt=desk.world.entropy(32), group=desk.group.id, author=desk.name,
                        inc=desk.group.inc, seq=seq, prev=prev, seen=seen, ceremony=ceremony, kind=kind,
                        level=KINDS[kind].level, time=desk.world.clock(), body=body)
        intake = desk.log.offer([entry])
        if [e.id for e in intake.held] != [entry.id]:
            faults = "; ".join(str(fault) for _, fault in intake.refused)
            raise LocalFault("STATION-OWN-ENTRY", f"this station's own entry does not pass its checks ({faults})",
                             meaning="Nothing was written or sent.", do="Report this: it is a mistake in the tool.")
        if not self.tx.add_entry(entry_row(entry)):
            raise LocalFault("STATION-OWN-ENTRY", "this entry exists already", do="Run the command again.")
        self.said.append(entry)
        return entry

    def keep(self, kind: str, ref: str, state: str, value: Secret[bytes], epoch: int = 0) -> SecretRow:
        """Put a new secret into the vault."""
        desk = self.desk
        bare = SecretRow(desk.world.entropy(16).hex(), desk.group.id, kind, epoch, ref, state, b"")
        row = sealed(desk.opened(), bare, value)
        self.tx.put_secret(row)
        return row

    def move(self, row: SecretRow, state: str) -> None:
        """Give a secret another state; its box is made anew because the state is bound to it."""
        vault = self.desk.opened()
        self.tx.set_secret_state(sealed(vault, replace(row, state=state), vault.open(row)), row.state)

    def erase(self, row: SecretRow) -> None:
        """Destroy a secret in this commit."""
        self.tx.erase_secret(row.id)
