"""A crew of rehearsal homes, one folder as the stick, and the real commands: in this process, or each in its own.

Nothing here looks inside a station, except `records`, with which the tests read what a home or a stick really holds.
In this process a command costs what it does; in one of its own it also costs an interpreter's start.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterable

from ceremony.cli import main
from ceremony.codec.words import words
from ceremony.rehearsal import coins
from ceremony.rehearsal.cast import cast, plan_toml

ROOT = Path(__file__).resolve().parents[1]
LIGHT = ROOT / "tests" / "light.py"
PASSPHRASE = b"a rehearsal passphrase\n"
ENVIRONMENT = {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "PATH": os.environ["PATH"]}
Answer = tuple[str, str]


@dataclass(frozen=True)
class Outcome:
    """What one command printed and how it ended."""

    argv: tuple[str, ...]
    code: int
    out: str
    err: str

    def json(self) -> dict[str, Any]:
        return json.loads(self.out)

    def __str__(self) -> str:
        return f"ceremony {' '.join(self.argv)} -> {self.code}\n{self.out}{self.err}"


class Crew:
    """folder/homes/<name> and folder/stick. separate: each command in a process of its own."""

    def __init__(self, folder: Path, n: int = 3, t: int = 2, separate: bool = False):
        self.folder, self.stick, self.separate = folder, folder / "stick", separate
        self.members, self.t = cast(n), t
        self._group = ""
        self.names = [member.name for member in self.members]
        for part in ("homes", "stick"):
            (folder / part).mkdir(parents=True, exist_ok=True)

    def home(self, name: str) -> Path:
        return self.folder / "homes" / name

    def argv(self, name: str, *verb: str, answers: Iterable[Answer] = ()) -> list[str]:
        """The words after `ceremony`; the passphrase is read from standard input."""
        path = self.folder / f"answers-{name}.jsonl"
        path.write_text("".join(json.dumps({"id": id, "answer": answer}) + "\n" for id, answer in answers))
        return ["--json", "--home", str(self.home(name)), "--answers", str(path), "--passphrase-fd", "0", *verb]

    def run(self, name: str, *verb: str, answers: Iterable[Answer] = (), expect: Iterable[int] | None = (0,)) -> Outcome:
        """One command at a station. expect: the exit codes that are right; None for any."""
        outcome = execute(self.argv(name, *verb, answers=answers), self.separate)
        assert expect is None or outcome.code in expect, str(outcome)
        return outcome

    def go(self, name: str, answers: Iterable[Answer] | None = None, expect: Iterable[int] | None = (0,)) -> dict[str, Any]:
        """A visit of the stick, by a holder who says yes to everything unless other answers are given."""
        answers = self.willing(name) if answers is None else answers
        outcome = self.run(name, "go", "--usb", str(self.stick), answers=answers, expect=expect)
        return outcome.json()

    def willing(self, name: str, times: int = 3) -> list[Answer]:
        """Yes to everything, and the right words, read from another holder's screen."""
        other = next(one for one in self.names if one != name)
        group = self.group()
        read = " ".join(words(group)) if group else ""
        return [("accept.charter", "Yes"), ("accept.reader", other), ("accept.words", read), ("keygen.yes", "Yes"),
                ("sign.yes", "Yes")] * times

    def group(self) -> str:
        """The group that the first station belongs to, or nothing."""
        if not self._group:
            groups = self.run(self.names[0], "station", "show").json()["groups"]
            self._group = groups[0]["group"] if groups else ""
        return self._group

    def make(self) -> None:
        """Stations, cards on the stick, a group founded by the first of them; nobody has accepted yet."""
        for member in self.members:
            self.run(member.name, "station", "new", "--rehearsal", answers=member.about())
            self.run(member.name, "station", "card", "--to", str(self.stick))
        plan = self.folder / "plan.toml"
        plan.write_text(plan_toml(self.t, self.members))
        self.run(self.names[0], "charter", "new", str(plan), "--cards", str(self.stick / "cards"))
        self.go(self.names[0], [("accept.charter", "later")])

    def accept(self) -> None:
        """Everybody accepts the charter, the founder last."""
        for name in [*self.names[1:], self.names[0]]:
            self.go(name)

    def carry(self, first: str, done, visits: int = 20) -> None:
        """Take the stick round, beginning with one station, until the visits of all agree that it is done."""
        order = self.names[self.names.index(first):] + self.names[:self.names.index(first)]
        agreed: set[str] = set()
        for number in range(visits):
            name = order[number % len(order)]
            told = self.go(name)
            agreed = agreed | {name} if done(told) else set()
            if agreed == set(self.names):
                return
        raise AssertionError(f"after {visits} visits it is not done: {told}")

    def request(self, **wanted: int) -> Path:
        """A PSBT that spends play money of the group's key."""
        descriptor = self.run(self.names[0], "address", "--descriptor").json()["descriptor"]
        path = self.folder / "request.psbt"
        path.write_bytes(coins.fund(descriptor, self.group(), **wanted)[1])
        return path

    def copy_to(self, folder: Path) -> Crew:
        """The same homes and stick once more; both copies must not go on."""
        shutil.copytree(self.folder, folder, symlinks=True, dirs_exist_ok=True)
        return Crew(folder, len(self.members), self.t, self.separate)


def execute(argv: list[str], separate: bool = False, passphrase: bytes = PASSPHRASE) -> Outcome:
    """`ceremony …` with the passphrase on standard input: in this process, which must be lightened, or in another."""
    if separate:
        done = subprocess.run([sys.executable, str(LIGHT), *argv], input=passphrase, capture_output=True, env=ENVIRONMENT)
        return Outcome(tuple(argv), done.returncode, done.stdout.decode(), done.stderr.decode())
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), _standard_input(passphrase):
        code = main.run(argv)
    for stream in (out, err):
        stream.seek(0)
    return Outcome(tuple(argv), code, out.read(), err.read())


@contextlib.contextmanager
def _standard_input(content: bytes):
    """Descriptor 0 gives these bytes and then its end."""
    reader, writer = os.pipe()
    os.write(writer, content)
    os.close(writer)
    before = os.dup(0)
    os.dup2(reader, 0)
    os.close(reader)
    try:
        yield
    finally:
        os.dup2(before, 0)
        os.close(before)
