"""What careless and malicious people do to sticks: one small act at a time, drawn from a seeded source."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path
from typing import Callable

from ceremony.base.limits import MAX_PACK_BYTES

NAMES = ("notes.txt", "a.json", "B.JSONL", "x.card.json", "-rf.json", "con.json", "Thumbs.db", "ended", "seals", "cards", "é.json",
         "\x1b[31m.json", "\u202etxt.json", "ceremony-0123456789abcdef", "ceremony-0123456789abcdef.part", "a" * 200 + ".json")
BYTES = (b"", b"\0" * 600, b"{}", b"[]\n", b'{"v":1}\n', b"\xff\xfe\xfd", b"x" * 5000, b"-----BEGIN SSH SIGNATURE-----\n", b"psbt\xff")
SMALL_BYTES = 1 << 20


def is_small(path: Path) -> bool:
    """A plain file that can be copied and read without harm."""
    return path.is_file() and not path.is_symlink() and path.stat().st_size <= SMALL_BYTES


class Vandal:
    """Acts on folders; nothing outside of the folder that it is given is changed."""

    def __init__(self, chance: random.Random):
        self.chance = chance
        self.acts: tuple[Callable[[Path], None], ...] = (
            self.delete, self.truncate, self.flip, self.duplicate, self.rename, self.move, self.empty, self.append, self.foreign,
            self.foreign, self.link, self.pipe, self.folder_in_place, self.file_in_place, self.giant, self.cross)

    def strike(self, stick: Path) -> str:
        """One act; gives its name. An act that is not possible here is none."""
        act = self.chance.choice(self.acts)
        try:
            act(stick)
        except OSError:
            return f"{act.__name__} (impossible)"
        return act.__name__

    def _file(self, stick: Path) -> Path:
        """A plain file, but no giant: copies of one would fill the disk of the machine that runs the tests."""
        found = sorted(path for path in stick.rglob("*") if is_small(path))
        if not found:
            raise FileNotFoundError
        return self.chance.choice(found)

    def _folder(self, stick: Path) -> Path:
        return self.chance.choice([stick, *sorted(p for p in stick.rglob("*") if p.is_dir() and not p.is_symlink())])

    def _new(self, stick: Path) -> Path:
        """A path that is free: an odd name, or that of another file in another folder."""
        there = [path.name for path in stick.rglob("*")]
        path = self._folder(stick) / self.chance.choice([*NAMES, *sorted(there)])
        if os.path.lexists(path):
            raise FileExistsError
        return path

    def delete(self, stick: Path) -> None:
        path = self.chance.choice(sorted(stick.rglob("*")) or [stick / "none"])
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()

    def truncate(self, stick: Path) -> None:
        path = self._file(stick)
        os.truncate(path, self.chance.randrange(path.stat().st_size + 1))

    def flip(self, stick: Path) -> None:
        path = self._file(stick)
        data = bytearray(path.read_bytes())
        for _ in range(self.chance.choice((1, 1, 5))):
            if data:
                data[self.chance.randrange(len(data))] ^= 1 << self.chance.randrange(8)
        path.write_bytes(data)

    def duplicate(self, stick: Path) -> None:
        shutil.copyfile(self._file(stick), self._new(stick))

    def rename(self, stick: Path) -> None:
        self._file(stick).rename(self._new(stick))

    def move(self, stick: Path) -> None:
        self._folder(stick).rename(self._new(stick))

    def empty(self, stick: Path) -> None:
        self._file(stick).write_bytes(b"")

    def append(self, stick: Path) -> None:
        with open(self._file(stick), "ab") as file:
            file.write(self.chance.choice(BYTES))

    def foreign(self, stick: Path) -> None:
        self._new(stick).write_bytes(self.chance.choice(BYTES) or self.chance.randbytes(300))

    def link(self, stick: Path) -> None:
        self._new(stick).symlink_to(self.chance.choice(["/etc/passwd", "/dev/zero", ".", "..", "nowhere", str(self._file(stick))]))

    def pipe(self, stick: Path) -> None:
        os.mkfifo(self._new(stick))

    def folder_in_place(self, stick: Path) -> None:
        path = self._file(stick)
        path.unlink()
        path.mkdir()

    def file_in_place(self, stick: Path) -> None:
        path = self._folder(stick)
        if path == stick:
            raise FileExistsError
        shutil.rmtree(path)
        path.write_bytes(self.chance.choice(BYTES))

    def giant(self, stick: Path) -> None:
        """A sparse file above every ceiling, which takes no room."""
        path = self._new(stick)
        path.touch()
        os.truncate(path, MAX_PACK_BYTES + 1)

    def cross(self, stick: Path) -> None:
        """The end of one file behind the beginning of another."""
        first, second = self._file(stick), self._file(stick).read_bytes()
        data = first.read_bytes()
        first.write_bytes(data[:self.chance.randrange(len(data) + 1)] + second[self.chance.randrange(len(second) + 1):])
