"""Fuzz targets of the station: any backup file and any stick are taken, or refused by exactly the fault that says so."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from ceremony.base.errors import LocalFault
from ceremony.ceremonies.charter import PROFILE
from ceremony.codec import canonical
from ceremony.devices.usb import list_groups, read_stick
from ceremony.devices.usb_write import pack_ended, write_stick
from ceremony.station.backup import BackupMalformed, parse

MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # thousands of syncs to a real disk would take hours
GROUP, CEREMONY = "77c0" * 16, "5a41" * 16
FOLDER = f"ceremony-{GROUP[:16]}"
OURS = b'{"ours":1}\n'
FOLDERS = ["", FOLDER, f"{FOLDER}/ended", f"{FOLDER}/seals", "cards", FOLDER.upper(), f"{FOLDER}/odd"]
NAMES = [b"a.json", b"b.jsonl", b"A.JSON", b"x.card.json", b"y.sig", b"ours.json", f"{CEREMONY}.jsonl".encode(), b"ended",
         b"seals", b"cards", FOLDER.encode(), b"ceremony-0123456789abcdef.part", b"\xff\xfe.json", b"\x1b[31m.json",
         b".DS_Store", b"notes.txt", b"-rf.json", b"con.json", b" .json", b"\xe2\x80\xae.json"]


_WRAP = {"kdf": "argon2id", "salt": "00" * 16, "memory_kib": 65_536, "passes": 3, "lanes": 4, "nonce": "00" * 12,
        "box": "00" * 48}
BACKUP = json.dumps({"kind": "ceremony-backup", "v": 1, "mode": "rehearsal", "group": "77" * 32, "name": "alice", "inc": 0,
                     "key": "2c" * 32, "epoch": 0, "profile": PROFILE, "recovery": "ab" * 40, "wrap": _WRAP},
                    sort_keys=True, separators=(",", ":")).encode() + b"\n"


def _put(what: int, folder: int, name: int, content: bytes = b"") -> bytes:
    """One instruction of the stick target."""
    return bytes([what, folder, name, len(content)]) + content


SEEDS = {"backup": [BACKUP], "stick": [
    _put(0, 1, 0, b'{"a":1}\n') + _put(2, 4, 3, b"{}") + _put(0, 3, 4, b"-----"), _put(5, 0, 10) + b"\x01",
    _put(4, 1, 5) + _put(6, 1, 0), _put(0, 1, 7, b"x") + _put(7, 1, 0) + b"\x2c", _put(1, 2, 6, OURS) + _put(3, 1, 5, OURS[:4])]}


def backup(data: bytes) -> None:
    """What is read says the same bytes again."""
    try:
        closed = parse(data)
    except BackupMalformed as fault:
        assert type(fault) is BackupMalformed and fault.check == "BACKUP-MALFORMED"
        return
    assert canonical.encode({**closed.says.fields(), "wrap": closed.wrap}) + b"\n" == data


class _Cursor:
    """Reads instructions from fuzzed bytes; past their end everything is 0."""

    def __init__(self, data: bytes):
        self.data, self.place = data, 0

    def byte(self) -> int:
        self.place += 1
        return self.data[self.place - 1] if self.place <= len(self.data) else 0

    def chunk(self) -> bytes:
        size = self.byte()
        self.place += size
        return self.data[self.place - size:self.place]


def _build(stick: Path, outside: Path, data: bytes) -> None:
    """A small hostile tree: files, folders, links and pipes where a ceremony's files should be."""
    cursor = _Cursor(data)
    while cursor.place < len(data):
        what, folder = cursor.byte() % 8, stick / FOLDERS[cursor.byte() % len(FOLDERS)]
        path = os.fsencode(folder) + b"/" + NAMES[cursor.byte() % len(NAMES)]
        if not folder.resolve().is_relative_to(stick.resolve()):
            continue  # behind a link made before: that is not ours to write to
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if what < 4:
                with open(path, "xb") as file:
                    file.write(cursor.chunk() + b"\n" * (what > 1))
            elif what == 4:
                os.mkdir(path)
            elif what == 5:
                os.symlink([outside / "file.json", outside, folder, "none"][cursor.byte() % 4], path)
            elif what == 6:
                os.mkfifo(path)
            else:
                with open(path, "xb") as file:
                    file.truncate(1 << cursor.byte() % 45)
        except OSError:
            continue


def stick(data: bytes) -> None:
    """Reading never fails and takes the good file; writing succeeds or names the stick; nothing outside is touched."""
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        place, outside = Path(folder) / "stick", Path(folder) / "outside"
        place.mkdir(), outside.mkdir()
        (outside / "file.json").write_bytes(b'{"outside":1}\n')
        _build(place, outside, data)
        _read(place)
        _write(place)
        assert [p.name for p in outside.iterdir()] == ["file.json"]
        assert (outside / "file.json").read_bytes() == b'{"outside":1}\n'


def _read(place: Path) -> list[bytes]:
    found = read_stick(place, GROUP[:16])
    list_groups(place)
    for name, line in found.lines:
        assert line.endswith(b"\n") and line.count(b"\n") == 1 and b"outside" not in line
    for name, _ in found.lines + found.seals + found.cards + found.problems:
        assert name.isascii() and name.isprintable()
    return [line for _, line in found.lines]


def _write(place: Path) -> None:
    files = {f"{FOLDER}/ours.json": OURS, f"{FOLDER}/a.json": OURS}
    try:
        write_stick(place, files)
        assert OURS in _read(place)
        pack_ended(place, GROUP, CEREMONY, [OURS])
    except LocalFault as fault:
        assert fault.check == "STICK-FOREIGN" and fault.do
        return
    assert OURS in _read(place)
    again = write_stick(place, {f"{FOLDER}/ours.json": OURS})
    assert again.written or again.same
