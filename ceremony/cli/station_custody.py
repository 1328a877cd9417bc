"""`ceremony station backup` and `station recover`: the shard into a safe, and out of it onto a new machine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from ceremony.base.errors import Refused, UsageFault
from ceremony.base.limits import MAX_BACKUP_BYTES, MAX_LINE_BYTES, MAX_PACK_BYTES
from ceremony.cli import files
from ceremony.cli.settings import Settings
from ceremony.cli.views_text import grouped, listed
from ceremony.cli.wiring import Sitting, new_passphrase, sitting, world_for
from ceremony.devices import process
from ceremony.devices.usb import read_stick
from ceremony.devices.usb_write import write_stick
from ceremony.station import backup as backups
from ceremony.station import founding, recovery
from ceremony.station.home import DATABASE
from ceremony.station.passphrase import check_new_passphrase
from ceremony.station.world import World

HOLDS = "It holds the host key of this epoch, closed with the backup passphrase, and the recovery data."
NEVER = ("It never holds this station's identity, nonces, the vault's passphrase, or anything secret of another "
         "station. Alone it signs nothing: t shards are needed.")


def backup(ctx: typer.Context,
           to: Annotated[Path, typer.Option(help="The medium that goes into the safe.", metavar="DIR")]) -> int:
    """Write a backup of this station's shard, read it back, and record that it was read back."""
    with sitting(ctx.obj) as here:
        desk = here.desk()
        recovery.check_backup(desk)
        desk.vault = here.unlock()
        if here.mode == "production":
            here.world.asker.tell("The backup has a passphrase of its own. Keep the two in different places.")
        secret = new_passphrase(here.world, "backup", "Passphrase of the backup")
        check_new_passphrase(secret, here.mode)
        place = files.folder(to)
        name, raw, prove = recovery.backup_of(desk, secret)
        done = write_stick(place, {name: raw})
        name = dict(done.beside).get(name, name)
        prove(files.read(place / name, MAX_BACKUP_BYTES))
        recovery.note_backup(desk, raw)
        here.screen.line(f"Wrote {name}, read it back from there, and proved that it restores this shard.")
        here.screen.line(HOLDS)
        here.screen.line(NEVER)
        missing = desk.state.missing_backups()
        here.screen.line(f"Still without a backup: {listed(missing)}." if missing else "Every holder has a backup now.")
        here.screen.line("Next: `ceremony go --usb DIR`, so that the others learn of it.")
        here.answer({"state": "finished", "file": name, "holds": HOLDS, "never": NEVER,
                     "backups_missing": list(missing)})
    return 0


def recover(ctx: typer.Context,
            log: Annotated[Path, typer.Argument(help="A stick of the group, or a file of its entries.",
                                                metavar="LOG")],
            backup: Annotated[Path, typer.Argument(help="The backup file.", metavar="BACKUP")]) -> int:
    """Restore a shard on this new machine, as a new incarnation that other holders must admit."""
    settings: Settings = ctx.obj
    closed = backups.parse(files.read(backup, MAX_BACKUP_BYTES))
    world = world_for(settings, closed.says.mode)
    process.harden()
    lines = _lines(log, closed.says.group)
    restored = recovery.restore(lines, closed, world.asker.passphrase("backup", "Passphrase of the backup"))
    home = settings.home_path()
    if not (home / DATABASE).exists():
        _new_home(home, restored, closed.says.mode, world)
    with sitting(settings, world) as here:
        _join(here, restored, closed.says.mode)
    return 0


def _lines(log: Path, group: str) -> list[tuple[str, bytes]]:
    """The entries of the group, from a stick or from a file of lines."""
    if os.path.isdir(log):
        lines = read_stick(log, group[:16]).lines
        inside = log / "transcript.jsonl"
        if lines or not inside.is_file():
            return lines
        log = inside
    raw = files.read(log, MAX_PACK_BYTES)
    found = [(log.name, line) for line in raw.splitlines(keepends=True) if len(line) <= MAX_LINE_BYTES]
    if not found:
        raise UsageFault("RECOVER-LOG", "the file holds no entries", meaning="Nothing was restored.",
                         do="Name a stick of the group, or a transcript of level auditor.")
    return found


def _new_home(home: Path, restored: recovery.Restored, mode: str, world: World) -> None:
    """A home for the restored station: a new identity, and the card that the charter has of its holder."""
    founding.check_free(home)
    card = next(one for one in restored.state.charter.body["stations"] if one["name"] == restored.name)
    world.asker.tell("This machine gets a vault of its own, with a new passphrase.")
    secret = new_passphrase(world, "new", "New passphrase of this station")
    founding.new_station(home, mode, {field: card[field] for field in founding.CARD_FIELDS}, secret, world)


def _join(here: Sitting, restored: recovery.Restored, mode: str) -> None:
    if here.mode != mode:
        raise Refused("RECOVER-MODE", f"a {mode} backup cannot be restored in a {here.mode} station",
                      meaning="Nothing was restored.", do="Name another home with --home.")
    recovery.check_not_member(here.store, restored)
    entry = recovery.join_again(here.store, here.unlock(), restored, here.world)
    needed = restored.state.charter.admissions_needed
    here.screen.line(f"The shard of {restored.name} is here again, on a machine with a new identity.")
    here.screen.line(f"The log that it stands on goes up to {restored.newest}.")
    here.screen.fact("Request", grouped(entry.id))
    here.screen.line(f"It can sign when {needed} other holders have admitted it; the old machine is then retired. Each "
                     "types the words of this request, read from another screen (ceremony charter show --words).")
    here.screen.line("Next: `ceremony go --usb DIR` here, then take the stick to the others.")
    here.answer({"state": "waiting", "name": restored.name, "join": entry.id, "admissions_needed": needed,
                 "newest": restored.newest})
