"""Backing up a shard and restoring it on a new machine, as a new incarnation that t others must admit.

A backup holds the epoch's host key in a box and the recovery data. It never holds the identity: a restored station has
a new one, so that its old self, wherever it is, stays recognisable and is retired by the admission.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from typing import Callable, Iterable

from ceremony.algebra.schnorr import schnorr_sign
from ceremony.algebra.secp256k1 import scalar_to_bytes
from ceremony.base.errors import LocalFault, Malformed, Refused
from ceremony.base.secret import Secret
from ceremony.ceremonies.fold import GroupState, fold
from ceremony.ceremonies.keygen import GroupKey
from ceremony.ceremonies.kinds import check_body
from ceremony.ceremonies.membership import join_message
from ceremony.protocols.keygen import rounds
from ceremony.record.entry import Entry, parse_line
from ceremony.record.identity import incarnation_number
from ceremony.record.log import Log
from ceremony.record.sshsig import openssh_public, public_key
from ceremony.station import backup as backups
from ceremony.station import copies
from ceremony.station.desk import Desk, entry_row, machine_value
from ceremony.station.founding import find_founding
from ceremony.station.rows import GroupRow
from ceremony.station.steps_founding import new_hostkey
from ceremony.station.store import Store
from ceremony.station.vault import Vault
from ceremony.station.world import World


def check_backup(desk: Desk) -> None:
    """Raise `Refused` with the reason why there is nothing to back up here."""
    key = _key_in_use(desk)
    copies.require_member(desk)
    if not desk.store.secrets(desk.group.id, "share", ref=key.id):
        raise LocalFault("STATION-SECRET-MISSING", "this station does not hold the shard of the key",
                         meaning="Nothing was written.",
                         do="Use `ceremony go` until the key generation has ended here.")


def backup_of(desk: Desk, passphrase: Secret[str]) -> tuple[str, bytes, Callable[[bytes], None]]:
    """The backup file of the key in use: its name, its bytes, and the proof that what was read back restores it.

    **Warning**: call `note_backup` only after the proof was given the bytes that came back from the medium.
    """
    key = _key_in_use(desk)
    _, hostkey = desk.need_secret("hostkey", _own_public(desk, key), "the host key of this epoch")
    says = backups.Backup(desk.mode, desk.group.id, desk.name, desk.group.inc, key.id, key.epoch,
                          key.recovery.to_bytes())
    raw = backups.compose(says, hostkey, passphrase, desk.world.entropy)
    return says.file_name(), raw, lambda found: backups.prove(found, says, hostkey, passphrase)


def note_backup(desk: Desk, raw: bytes) -> Entry:
    """Record that this station's backup was written and read back."""
    key = _key_in_use(desk)
    with desk.step() as step:
        return step.say("backup.read", {"epoch": key.epoch, "key": key.id, "file": hashlib.sha256(raw).hexdigest()})


def _key_in_use(desk: Desk) -> GroupKey:
    if desk.state.key is None:
        raise Refused("BACKUP-NO-KEY", "this group has no finished key yet",
                      do="Finish the key generation first; then back up.")
    return desk.state.key


def _own_public(desk: Desk, key: GroupKey) -> str:
    return key.recovery.eq_input.params.hostpubkeys[key.names.index(desk.name)].hex()


@dataclass(frozen=True, slots=True)
class Restored:
    """What a recovery will do, before anything is written: the log it stands on and the shard it found."""

    founding: Entry
    lines: tuple[Entry, ...]
    state: GroupState
    name: str
    key: GroupKey
    share: Secret[bytes]
    hostkey: Secret[bytes]
    newest: str  # the latest time that the log's entries claim


def restore(lines: Iterable[tuple[str, bytes]], closed: backups.ClosedBackup, passphrase: Secret[str]) -> Restored:
    """Find the shard: backup and log must speak of one group and key, and the share must fit its public share.

    Raises: Refused RECOVER-… when they do not fit; LocalFault BACKUP-PASSPHRASE; faults of the recovery data.
    """
    lines = list(lines)
    founding = find_founding(lines)
    if founding is None or founding.group != closed.says.group:
        raise Refused("RECOVER-GROUP", "the log does not hold the founding of the backup's group",
                      meaning="Nothing was restored.", do="Use a stick or a transcript of that group.")
    log = Log.found(founding, check_body)
    log.offer(_good_entries(lines))
    state = fold(log)
    key = state.keys.get(closed.says.key)
    if key is None or closed.says.name not in key.names:
        raise Refused("RECOVER-KEY", "the log does not prove the key that the backup is for",
                      meaning="Nothing was restored.", do="Use a newer log of that group, from any station.")
    if key.recovery.to_bytes() != closed.says.recovery:
        raise Refused("RECOVER-DATA", "the backup's recovery data is not that of the log",
                      meaning="Nothing was restored.", do="Use another copy of the backup.")
    hostkey = backups.open_backup(closed, passphrase)
    output, _ = rounds.recover(hostkey, key.recovery.to_bytes())
    if key.names[output.seat] != closed.says.name:
        raise Refused("RECOVER-SEAT", f"this host key belongs to {key.names[output.seat]}, not to {closed.says.name}",
                      meaning="Nothing was restored.", do="Use the right backup.")
    return Restored(founding, tuple(log.ordered()), state, closed.says.name, key,
                    Secret(scalar_to_bytes(output.secshare.reveal())), hostkey,
                    max(entry.time for entry in log.ordered()))


def _good_entries(lines: Iterable[tuple[str, bytes]]) -> list[Entry]:
    entries = []
    for _, raw in lines:
        with suppress(Malformed):
            entries.append(parse_line(raw))
    return [entry for entry in entries if entry.body is not None]


def join_again(store: Store, vault: Vault, restored: Restored, world: World) -> Entry:
    """Keep the shard in a new home and ask to be admitted, as the first entry of a new incarnation."""
    seed = vault.open(store.secrets("", "identity")[-1])
    identity = public_key(seed)
    name, group = restored.name, restored.founding.group
    inc = incarnation_number(identity)
    old = restored.state.members.current[name]
    announced, public = new_hostkey(world)
    sig = schnorr_sign(restored.hostkey, join_message(group, name, openssh_public(identity)), world.entropy(32))
    with store.transaction() as tx:
        tx.add_group(GroupRow(group, restored.founding.id, name, inc))
        for entry in restored.lines:
            tx.add_entry(entry_row(entry))
    desk = Desk(store, store.groups()[-1], world, vault)
    with desk.step() as step:
        own = restored.key.recovery.eq_input.params.hostpubkeys[restored.key.names.index(name)].hex()
        step.keep("share", restored.key.id, "active", restored.share, restored.key.epoch)
        step.keep("hostkey", own, f"attempt {restored.key.ceremony}", restored.hostkey)
        step.keep("hostkey", public, "announced", announced)
        return step.say("incarnation.join", {
            "identity": openssh_public(identity), "hostkey": public,
            "machine": machine_value(group, world.machine_id()),
            "retires": int(old.split("/")[1]), "sig": sig.hex()})


def check_not_member(store: Store, restored: Restored) -> None:
    """A home that belongs to the group already is no place for a recovery."""
    if any(row.id == restored.founding.group for row in store.groups()):
        raise LocalFault("RECOVER-HOME", "this home already belongs to that group",
                         meaning="Nothing was restored.", do="Make a new one: `ceremony --home DIR station recover …`.")
