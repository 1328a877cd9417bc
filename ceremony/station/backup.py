"""The backup of one epoch's shard: recovery data in the clear, the host key in a box (docs/formats.md section 10).

From the two a shard can be computed again; neither is enough alone. The file never contains the identity key, nonces,
the passphrase or another station's secrets. Where the bytes are written is not decided here; `prove` is for what was
read back from there.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Any

from ceremony.base.errors import LocalFault, Malformed
from ceremony.base.limits import MAX_BACKUP_BYTES, MAX_INCARNATION
from ceremony.base.secret import Secret
from ceremony.ceremonies.charter import PROFILE
from ceremony.codec import canonical
from ceremony.codec.shape import Hex, Int, Literal, NameShape, Obj, Shape
from ceremony.station.passphrase import COSTS, Entropy, WrongPassphrase, unwrap, wrap, wrap_shape

HOST_KEY_BYTES = 32
_FACTS: dict[str, Shape] = {
    "kind": Literal("ceremony-backup"), "v": Literal(1), "mode": Literal(*COSTS), "group": Hex(32), "name": NameShape(),
    "inc": Int(0, MAX_INCARNATION), "key": Hex(32), "epoch": Int(0, 2**31 - 1), "profile": Literal(PROFILE),
    "recovery": Hex(1, MAX_BACKUP_BYTES // 2)}


class BackupMalformed(Malformed):
    """BACKUP-MALFORMED: the bytes are not a backup file of this version."""

    def __init__(self, seen: str):
        super().__init__("BACKUP-MALFORMED", seen, meaning="Nothing was read from it.",
                         do="Use another copy of the backup.")


@dataclass(frozen=True)
class Backup:
    """What a backup says in the clear. group, key: 64 hex; recovery: ChillDKG's recovery data of the epoch."""

    mode: str
    group: str
    name: str
    inc: int
    key: str
    epoch: int
    recovery: bytes

    def file_name(self) -> str:
        """The name under which it is kept: it only helps people."""
        return f"{self.name}-{self.key[:8]}.backup.json"

    def fields(self) -> dict[str, Any]:
        """The fields of the file without ``wrap``."""
        return {"kind": "ceremony-backup", "v": 1, "mode": self.mode, "group": self.group, "name": self.name,
                "inc": self.inc, "key": self.key, "epoch": self.epoch, "profile": PROFILE,
                "recovery": self.recovery.hex()}

    def bound(self, outside: dict) -> bytes:
        """The associated data of the box: the canonical line (with its LF) without ``box``."""
        return canonical.encode({**self.fields(), "wrap": outside}) + b"\n"


@dataclass(frozen=True)
class ClosedBackup:
    """A backup as it was read: what it says, which nothing has vouched for yet, and the closed box."""

    says: Backup
    wrap: dict[str, Any]


def compose(backup: Backup, hostkey: Secret[bytes], passphrase: Secret[str], entropy: Entropy) -> bytes:
    """The file: one canonical line with its LF. hostkey: 32 bytes. The passphrase's strength is judged elsewhere."""
    if len(hostkey.reveal()) != HOST_KEY_BYTES:
        raise ValueError("a host key has 32 bytes")
    box = wrap(hostkey, passphrase, backup.mode, entropy, backup.bound)
    line = canonical.encode({**backup.fields(), "wrap": box}) + b"\n"
    parse(line)
    return line


def parse(raw: bytes) -> ClosedBackup:
    """Reads a file. Raises: BackupMalformed for any other bytes; the costs must be at least those of its mode."""
    if len(raw) > MAX_BACKUP_BYTES or raw[-1:] != b"\n":
        raise BackupMalformed("the file is cut short or too long")
    try:
        value = canonical.decode(raw[:-1], max_bytes=MAX_BACKUP_BYTES)
        mode = value.get("mode") if isinstance(value, dict) else None
        known = mode if isinstance(mode, str) and mode in COSTS else "production"
        Obj(**_FACTS, wrap=wrap_shape(known, HOST_KEY_BYTES)).check(value, "backup")
    except Malformed as problem:
        raise BackupMalformed(problem.seen) from None
    says = Backup(value["mode"], value["group"], value["name"], value["inc"], value["key"], value["epoch"],
                  bytes.fromhex(value["recovery"]))
    return ClosedBackup(says, value["wrap"])


def open_backup(closed: ClosedBackup, passphrase: Secret[str]) -> Secret[bytes]:
    """The 32-byte host key; from here on what the file says is vouched for by the passphrase.

    Raises: LocalFault ``BACKUP-PASSPHRASE``.
    """
    try:
        return unwrap(closed.wrap, passphrase, closed.says.bound)
    except WrongPassphrase:
        raise LocalFault("BACKUP-PASSPHRASE", "the passphrase does not open this backup, or the file was altered",
                         meaning="Nothing was restored.",
                         do="Try again with the passphrase the backup was made with, or use another copy.") from None


def prove(raw: bytes, backup: Backup, hostkey: Secret[bytes], passphrase: Secret[str]) -> None:
    """Refuses (``BACKUP-READBACK``) what came back from the medium unless it gives the same host key and data."""
    try:
        closed = parse(raw)
        same = closed.says == backup and hmac.compare_digest(open_backup(closed, passphrase).reveal(), hostkey.reveal())
    except (BackupMalformed, LocalFault):
        same = False
    if not same:
        raise LocalFault("BACKUP-READBACK", "the backup that was read back does not restore this shard",
                         meaning="There is no backup on this medium.",
                         do="Use another medium and make the backup again.")
