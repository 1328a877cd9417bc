"""The visits of a ceremony in which something is used up or released, each recorded as a real process did it.

One ceremony is walked through; before each of these visits the whole crew is put aside, so that every state which a power
cut could leave can be gone on with among the others as they were then.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from tests.crew import ENVIRONMENT, LIGHT, PASSPHRASE, Answer, Crew
from tests.faults.powercut.trace import Trace, record

Finish = Callable[[Crew], None]


@dataclass(frozen=True)
class Visit:
    """One recorded command. before: the crew as it was. medium: the stick, or what was written instead.

    finish: brings the ceremony to its end, in a crew where this command may have been done in part.
    """

    name: str
    verb: tuple[str, ...]
    before: Crew
    trace: Trace
    medium: Path
    finish: Finish


class Recorder:
    """Walks a crew through a ceremony and records single commands of it."""

    def __init__(self, folder: Path, strace: str):
        self.folder, self.strace = folder, strace
        self.crew = Crew(folder / "crew")
        self.visits: dict[str, Visit] = {}

    def record(self, key: str, name: str, verb: tuple[str, ...], finish: Finish, medium: str = "stick") -> None:
        """Put the crew aside, then run one command of one station under strace."""
        before = self.crew.copy_to(self.folder / f"before-{key}")
        trace = recorded(self.crew, name, verb, self.folder / f"scratch-{key}", self.strace, medium)
        self.visits[key] = Visit(name, verb, before, trace, self.crew.folder / medium, finish)

    def go(self, key: str, name: str, finish: Finish) -> None:
        self.record(key, name, ("go", "--usb", "STICK"), finish)


def recorded(crew: Crew, name: str, verb: tuple[str, ...], scratch: Path, strace: str, medium: str = "stick",
             way: str = "", answers: list[Answer] | None = None) -> Trace:
    """One command as a process of its own. The word STICK in the verb stands for the medium."""
    scratch.mkdir()
    place = crew.folder / medium
    words = [str(place) if word == "STICK" else word for word in verb]
    argv = [sys.executable, str(LIGHT), *(["--way", way] if way else []),
            *crew.argv(name, *words, answers=crew.willing(name) if answers is None else answers)]
    trace = record(argv, (crew.home(name), place), scratch, strace=strace, env=ENVIRONMENT, stdin=PASSPHRASE)
    assert trace.returncode == 0, trace.output.decode() + trace.errors
    return trace


def founded(told: dict) -> bool:
    return bool(told["founded"])


def ended(told: dict) -> bool:
    """The newest ceremony is done and its seal signed by everybody."""
    return bool(told["ceremonies"]) and told["ceremonies"][-1]["status"] == "done" and not told["ceremonies"][-1].get("unsealed")


def carried(name: str, done: Callable[[dict], bool]) -> Finish:
    return lambda crew: crew.carry(name, done)


def opened_again(crew: Crew) -> None:
    """A request that was cut off before its commit is opened again; one that was opened is gone on with."""
    live = [one for one in crew.run("alice", "status").json()["ceremonies"] if one["kind"] == "sign"]
    if not live:
        crew.run("alice", "open", "sign", str(crew.folder / "request.psbt"))
    crew.carry("alice", ended)


def backed_up_again(crew: Crew) -> None:
    crew.run("alice", "station", "backup", "--to", str(crew.folder / "safe"))
    assert "alice" not in crew.go("alice")["key"]["backups_missing"]


def record_all(folder: Path, strace: str) -> dict[str, Visit]:
    """A key and a signature of 2 of 3, with the visits of interest recorded."""
    walk = Recorder(folder, strace)
    crew = walk.crew
    crew.make()
    walk.go("accepting", "bob", carried("bob", founded))
    crew.go("carol"), crew.go("alice")
    crew.run("alice", "open", "keygen")
    crew.go("alice")
    walk.go("dealing", "bob", carried("bob", ended))
    crew.go("carol")  # has everybody's dealing now, and certifies at once
    walk.go("certifying", "alice", carried("alice", ended))
    walk.go("acknowledging", "bob", carried("bob", ended))  # certifies too, and prepares nonces
    crew.go("carol")
    walk.go("ending", "alice", carried("alice", ended))  # the last acknowledgment: the key is there, sealed and packed
    crew.carry("bob", ended)
    crew.request(coins=2)
    walk.record("opening", "alice", ("open", "sign", str(crew.folder / "request.psbt")), opened_again)
    walk.go("signing-own", "alice", carried("alice", ended))
    walk.go("signing", "bob", carried("bob", ended))
    crew.carry("alice", ended)
    (crew.folder / "safe").mkdir()
    walk.record("backing-up", "alice", ("station", "backup", "--to", "STICK"), backed_up_again, medium="safe")
    return walk.visits
