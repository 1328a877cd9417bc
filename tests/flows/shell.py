"""A room of stations driven from outside: the real command in a process of its own each time, a folder as the stick.

    room = Room(tmp_path, t=2, n=3); room.found(); room.keygen(); room.go("bob")["did"]

Whatever a command prints is held against two laws here: no character that is not visible, and no traceback.
`Room.run` gives the exit code, both outputs and the parsed `--json`; `go` and its like insist on exit 0. A keyed room
is made once per session (fixture `keyed` in conftest) and copied for each test that wants one.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterable

from ceremony.rehearsal import coins

ROOT = Path(__file__).resolve().parents[2]
NAMES = tuple("alice bob carol dave erin frank grace heidi ivan judy kim".split())
Answer = tuple[str, str]
ALWAYS: tuple[Answer, ...] = (("keygen.yes", "Yes"), *(("sign.yes", "Yes"),) * 4, *(("admit.incarnation", "Yes"),) * 2,
                              ("cancel.yes", "Yes"), ("declare.yes", "Yes"))


@dataclass(frozen=True)
class Ended:
    """How one command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.out)


def environment(**more: str) -> dict[str, str]:
    """What every command sees: nothing of the person who runs the tests."""
    kept = {key: os.environ[key] for key in ("PATH", "LANG", "TZ") if key in os.environ}
    return kept | {"PYTHONPATH": str(ROOT), "HOME": "/nonexistent", "TERM": "dumb"} | more


def ceremony(*words: str | Path, stdin: Any = subprocess.DEVNULL, pass_fds: tuple[int, ...] = (), **more: Any) -> Ended:
    """Run the command line as a process without a terminal."""
    more.setdefault("env", environment())
    done = subprocess.run([sys.executable, "-m", "ceremony", *map(os.fspath, words)], cwd=ROOT, stdin=stdin,
                          capture_output=True, pass_fds=pass_fds, start_new_session=True, timeout=300, **more)
    ended = Ended(done.returncode, done.stdout.decode("utf-8"), done.stderr.decode("utf-8"))
    unprintable = {c for c in ended.out + ended.err if not c.isprintable()} - {"\n"}
    assert not unprintable, (words, unprintable)
    mistaken = '"check": "TOOL-MISTAKE"' in ended.out or "The tool made a mistake" in ended.err
    assert "Traceback" not in ended.err and (ended.code == 1) == mistaken, ended
    return ended


def plan(t: int, names: Iterable[str], **other: str) -> str:
    """A plan file. other: fields to replace, as TOML."""
    names = list(names)
    fields = {"name": '"treasury"', "scheme": '"taproot"', "threshold": str(t), "stations": json.dumps(names),
              "network": '"regtest"', "mode": '"rehearsal"', "rotation_days": "90",
              "policy": '{ kind = "ask-every-holder" }', "contacts": '[ { name = "Dora Duty", how = "+41 79 1" } ]',
              "escalation": '["Dora Duty"]'}
    if t == len(names):
        fields["losing_one_shard_loses_everything"] = '"yes, we accept this"'
    return "".join(f"{key} = {value}\n" for key, value in (fields | other).items())


class Room:
    """folder/<name> are the homes, folder/stick the stick; stations are named as in NAMES."""

    def __init__(self, folder: Path, t: int = 2, n: int = 3):
        self.folder, self.stick, self.t, self.names = folder, folder / "stick", t, NAMES[:n]
        self.stick.mkdir(parents=True, exist_ok=True)
        self._count = 0

    def copy(self, folder: Path) -> Room:
        """The same room elsewhere, so that a test may do to it what it likes."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        return Room(folder, self.t, len(self.names))

    def home(self, name: str) -> Path:
        return self.folder / name

    def run(self, name: str, *words: str | Path, answers: Iterable[Answer] = (), passphrases: Iterable[str] | None = None,
            before: Iterable[str | Path] = ("--json",), env: dict[str, str] | None = None) -> Ended:
        """One command at a station, with a file of answers and its passphrase on a descriptor."""
        self._count += 1
        script = self.folder / f"answers-{self._count}-{name}.jsonl"
        script.write_text("".join(json.dumps({"id": id, "answer": text}) + "\n" for id, text in answers), "utf-8")
        reader, writer = os.pipe()
        lines = [f"passphrase of {name}"] if passphrases is None else list(passphrases)
        os.write(writer, "".join(line + "\n" for line in lines).encode("utf-8"))
        os.close(writer)
        try:
            return ceremony("--home", self.home(name), "--answers", script, "--passphrase-fd", str(reader), *before,
                            *words, pass_fds=(reader,), env=env or environment())
        finally:
            os.close(reader)
            script.unlink()

    def do(self, name: str, *words: str | Path, answers: Iterable[Answer] = ALWAYS, **more: Any) -> dict[str, Any]:
        """The same, with its --json value; anything but exit 0 fails the test."""
        ended = self.run(name, *words, answers=answers, **more)
        assert ended.code == 0, (words, ended)
        return ended.json

    def new(self, name: str, **about: str) -> dict[str, Any]:
        fields = {"name": name, "person": f"{name.title()} Person", "organisation": f"org of {name}",
                  "site": f"site of {name}", "contact": "+41 1"} | about
        return self.do(name, "station", "new", "--rehearsal",
                       answers=[(f"card.{field}", value) for field, value in fields.items()])

    def status(self, name: str) -> dict[str, Any]:
        ended = ceremony("--home", self.home(name), "--json", "status")
        assert ended.code == 0, ended
        return ended.json

    def words(self, name: str, join: str | None = None) -> str:
        """The words that `name` reads aloud: of the charter, or of the request of a new machine with this id."""
        shown = self.do(name, "charter", "show", "--words")
        return " ".join(shown["words"] if join is None else
                        next(row["words"] for row in shown["joins"] if row["id"] == join))

    def accepting(self, name: str, reader: str) -> list[Answer]:
        """What a holder answers who accepts the charter while `reader` reads the words."""
        return [("accept.charter", "Yes"), ("accept.reader", reader), ("accept.words", self.words(reader))]

    def go(self, name: str, answers: Iterable[Answer] = ALWAYS, stick: Path | None = None) -> dict[str, Any]:
        """One visit of the stick."""
        return self.do(name, "go", "--usb", stick or self.stick, answers=answers)

    def round(self, *names: str) -> None:
        for name in names or self.names:
            self.go(name)

    def found(self, **other: str) -> None:
        """Make the stations, found the group, and have everybody accept it."""
        for name in self.names:
            self.new(name)
            self.do(name, "station", "card", "--to", self.stick)
        first, *rest = self.names
        file = self.folder / "plan.toml"
        file.write_text(plan(self.t, self.names, **other), "utf-8")
        self.do(first, "charter", "new", file, "--cards", self.stick)
        self.go(first, [("accept.charter", "later")])
        for name in rest:
            self.go(name, self.accepting(name, first))
        self.go(first, self.accepting(first, rest[0]))

    def open_keygen(self, name: str) -> str:
        """Open a key generation; gives its id."""
        return self.do(name, "open", "keygen")["ceremony"]

    def carry(self, name: str) -> list[str]:
        """Take the stick from `name` to wherever each station says, until nobody needs it. Gives the visits."""
        visits = [name]
        while following := self.go(visits[-1])["next"]:
            visits.append(following["name"])
            assert len(visits) < 40 * len(self.names), "the stick never comes to rest"
        return visits

    def keygen(self) -> list[str]:
        self.open_keygen(self.names[0])
        return self.carry(self.names[0])

    def request(self, name: str, **more: Any) -> Path:
        """A PSBT file that spends play coins of the key: some to a stranger, the rest to change."""
        shown = self.do(name, "address", "--descriptor")
        chain, psbt = coins.fund(shown["descriptor"], self.status(name)["group"], **more)
        (self.folder / "chain.json").write_bytes(chain)
        file = self.folder / f"request-{more.get('version', 0)}.psbt"
        file.write_bytes(psbt)
        return file

    def open_sign(self, name: str, file: Path, *words: str) -> str:
        """Open a request for a PSBT file; gives its id."""
        return self.do(name, "open", "sign", file, *words)["ceremony"]
