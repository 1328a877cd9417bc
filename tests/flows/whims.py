"""What comes to a monkey's mind: verbs, arguments, answers and files, drawn from a seeded source.

Most are nonsense; some are what a holder would type, so that walks get somewhere.
"""

from __future__ import annotations

import os
import random
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Callable, Mapping

from ceremony.cli.asker import QUESTIONS
from ceremony.codec.words import words
from ceremony.record.entry import Entry
from tests.crew import Answer, Crew
from tests.flows.vandal import BYTES

TEXTS = ("Yes", "No", "yes", "", "later", "alice", "bob", "carol", "mallory", "a reason", "x" * 500, "é\u202e\x1b[31m", "[bold]", "0", "🂡")
LEVELS = ("public", "auditor", "internal", "nonsense")


class Whims:
    """read: the entries that can be known by now, by id. Writes only below `folder`."""

    def __init__(self, chance: random.Random, crew: Crew, folder: Path, sticks: list[Path], read: Mapping[str, Entry]):
        self.chance, self.crew, self.folder, self.sticks, self.read = chance, crew, folder, sticks, read

    def verb(self) -> tuple[str, ...]:
        """One command with its arguments."""
        return self.chance.choice(self._verbs())()

    def _verbs(self) -> list[Callable[[], tuple[str, ...]]]:
        pick, path, id = self.chance.choice, self.path, self.id
        return [
            lambda: ("go",), lambda: ("go", "--look", "--usb", path()), lambda: ("go", "--usb", path()), lambda: ("status",),
            lambda: ("station", "show"), lambda: ("station", "card", "--to", path()), lambda: ("station", "passphrase"),
            lambda: ("station", "new", "--rehearsal"), lambda: ("station", "backup", "--to", path()),
            lambda: ("station", "recover", path(), path()), lambda: ("charter", "show", "--words"),
            lambda: ("charter", "new", path(), "--cards", path()), lambda: ("open", "keygen", "--look"),
            lambda: ("open", "sign", path()), lambda: ("open", "sign", str(self.psbt()), "--look"),
            lambda: ("open", "sign", str(self.psbt()), "--signers", ",".join(pick(TEXTS) for _ in range(2))),
            lambda: ("open", "sign", str(self.psbt()), "--signers", ",".join(self.chance.sample(self.crew.names, 2))),
            lambda: ("open", "sign", str(self.psbt()), "--replaces", id()), lambda: ("cancel", id(), "--reason", pick(TEXTS)),
            lambda: ("declare", pick(("absent", "compromised", "deviation", "odd")), pick(TEXTS), "--text", pick(TEXTS)),
            lambda: ("prepare", "--nonces", pick(("0", "1", "3", "-1", "x", "1001"))), lambda: ("address",),
            lambda: ("address", "--change", "--index", pick(("0-2", "2-0", "x", "-1", "0-99999999999"))),
            lambda: ("address", "--descriptor"), lambda: ("result", id(), "--to", path()), lambda: ("scan", path()),
            lambda: ("transcript", "export", "--level", pick(LEVELS), "--to", path()), lambda: ("evidence", "export", id()),
            lambda: ("verify", path(), "--trust", path()), lambda: ("verify", path()), lambda: ("doc", pick(TEXTS)),
            lambda: tuple(pick([*TEXTS, "--", "-x", "--help"]) for _ in range(self.chance.randrange(4)))]

    def answers(self, name: str) -> list[Answer]:
        """Several random answers to every question, among them the right words now and then."""
        right = dict(self.crew.willing(name, 1))
        found = []
        for id in sorted(QUESTIONS) * 3:
            own = right.get(id, "Yes")
            found.append((id, own if self.chance.random() < 0.4 else self.chance.choice([*TEXTS, " ".join(words("ab" * 32))])))
        return found

    def id(self) -> str:
        """The beginning of some entry's id, mostly of one that opened something."""
        known = sorted(e.id for e in self.read.values() if e.kind.endswith(".open")) or sorted(self.read) or ["00"]
        return self.chance.choice([self.chance.choice(known)[:self.chance.choice((1, 8, 64))], *TEXTS[:5]])

    def path(self) -> str:
        """A file or folder that may or may not be what is wanted, outside of the homes' own files."""
        places = [*self.sticks, *(stick / "cards" for stick in self.sticks), self.folder / "plan.toml", self.psbt(), self._odd(),
                  self.folder / "none", Path("/dev/null"), Path("/dev/zero"), Path("/proc/self/mem"), Path("/"), self.out(),
                  self.out(), *sorted(self.out().rglob("*")), self.crew.home(self.chance.choice(self.crew.names)), Path(".")]
        files = [path for stick in self.sticks for path in sorted(stick.rglob("*"))]
        return os.fspath(self.chance.choice([*places, *self.chance.sample(files, min(4, len(files)))]))

    def out(self) -> Path:
        """Where results go; a folder of its own, so that a walk starts no litter anywhere else."""
        out = self.folder / "out"
        out.mkdir(exist_ok=True)
        return out

    def _odd(self) -> Path:
        path = self.folder / "odd"
        if os.path.lexists(path):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        how = self.chance.randrange(5)
        if how == 0:
            os.mkfifo(path)
        elif how == 1:
            path.symlink_to(path)
        else:
            path.write_bytes(self.chance.choice(BYTES) or self.chance.randbytes(500))
        return path

    def psbt(self) -> Path:
        """A payment of the group's key, often of the same coins, or, before there is one, a file that is none."""
        path = self.folder / "request.psbt"
        path.write_bytes(b"psbt\xff")
        if any(entry.kind == "keygen.ack" for entry in self.read.values()):
            coins = self.chance.choice((1, 2, 3))
            with suppress(AssertionError):
                self.crew.request(coins=coins, amount_sat=coins * 10**9 + self.chance.randrange(3))
        return path
