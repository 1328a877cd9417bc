"""The room of a rehearsal: homes, a folder that plays the stick, the real command in a process of its own each time.

Nothing here knows what the commands do inside. What a holder would type is given as answers to the stable question ids;
the words that one holder reads to another are read from that other holder's own screen.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterable

from ceremony.base.errors import LocalFault

PASSPHRASE = b"a rehearsal passphrase\n"  # of play homes only; production asks a person and nothing else
Answer = tuple[str, str]


@dataclass(frozen=True)
class Outcome:
    """What one command printed and how it ended."""

    argv: tuple[str, ...]
    code: int
    out: str

    def json(self) -> Any:
        """The value that `--json` printed."""
        try:
            return json.loads(self.out)
        except ValueError:
            raise LocalFault("REHEARSE-COMMAND", f"`{' '.join(self.argv)}` printed no JSON (exit {self.code})",
                             meaning="The rehearsal stopped.", do="Run that command by hand and look.") from None


class Room:
    """folder/homes/<name>, folder/stick, folder/answers. `environment` is what every command sees."""

    def __init__(self, folder: Path):
        self.folder, self.stick = folder, folder / "stick"
        self._asked = 0
        for part in ("homes", "stick", "answers"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        self._environment = {key: value for key, value in os.environ.items() if key != "CEREMONY_HOME"}

    def home(self, name: str) -> Path:
        return self.folder / "homes" / name

    def run(self, name: str | None, *verb: str, answers: Iterable[Answer] = (), options: tuple[str, ...] = ("--plain",),
            expect: tuple[int, ...] = (0,)) -> Outcome:
        """Run `ceremony <options> <verb>` at a station (or at none), in its own process, and wait for it."""
        argv = [sys.executable, "-m", "ceremony", *options]
        reader = None
        if name is not None:
            argv += ["--home", str(self.home(name)), "--answers", str(self._answer_file(name, answers))]
            reader, writer = os.pipe()
            os.write(writer, PASSPHRASE)
            os.close(writer)
            argv += ["--passphrase-fd", str(reader)]
        try:
            done = subprocess.run([*argv, *verb], capture_output=True, text=True, stdin=subprocess.DEVNULL,
                                  pass_fds=() if reader is None else (reader,), env=self._environment)
        finally:
            if reader is not None:
                os.close(reader)
        if done.returncode not in expect:
            said = "; ".join((done.stderr or done.stdout).splitlines()[:2])
            code = done.returncode
            raise LocalFault("REHEARSE-COMMAND", f"`ceremony {' '.join(verb)}` ended with exit {code}: {said}",
                             meaning="The rehearsal stopped.", do="If you changed nothing, report this.")
        return Outcome(("ceremony", *verb), done.returncode, done.stdout)

    def _answer_file(self, name: str, answers: Iterable[Answer]) -> Path:
        self._asked += 1
        path = self.folder / "answers" / f"{self._asked:03}-{name}.jsonl"
        path.write_text("".join(json.dumps({"id": id, "answer": answer}) + "\n" for id, answer in answers))
        return path
