"""A monkey at three stations: real commands in a random order, with random answers and arguments, on mistreated sticks.

After every command: no exit code that means a mistake of ours, no traceback, one JSON object where one was asked for, and no
nonce with two different partial signatures in anything that could ever be read. `honest` monkeys never bring an old copy of a
home back: then no chain has two versions either, what was released is in its author's store and its secrets are gone, and
whatever was done to the sticks, willing holders with a fresh one come to the end.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Iterator

from ceremony.base.errors import Fault
from ceremony.cli.asker import QUESTIONS
from ceremony.codec.words import words
from ceremony.record.entry import Entry, check_signature
from ceremony.record.sshsig import parse_openssh_public
from tests.crew import Answer, Crew, Outcome, execute
from tests.faults import laws
from tests.flows.vandal import BYTES, Vandal, is_small

KNOWN_CODES = {0, 2, 4, 5, 6, 7, 8, 10, 11, 12}
LONGEST_SECONDS = 300  # a command that waits for something is a failure, even on a busy machine
TEXTS = ("Yes", "No", "yes", "", "later", "alice", "bob", "carol", "mallory", "a reason", "x" * 500, "é\u202e\x1b[31m", "[bold]", "0", "🂡")
LEVELS = ("public", "auditor", "internal", "nonsense")


class Monkey:
    """One walk. honest: no old copy of a home is ever brought back; else those of one station are."""

    def __init__(self, folder: Path, seed: int, honest: bool):
        self.chance, self.honest, self.folder = random.Random(seed), honest, folder
        self.vandal = Vandal(self.chance)
        self.crew = Crew(folder)
        self._begin(self.chance.choice((0, 1, 2, 3, 3, 3) if honest else (2, 3, 3, 3)))
        self.sticks = [self.crew.stick, folder / "stick-2", folder / "stick-3"]
        for stick in self.sticks[1:]:
            stick.mkdir()
        self.victim = self.chance.choice(self.crew.names)
        self.copies: list[Path] = []
        self.read: dict[str, Entry] = {}
        self.history: list[str] = []

    def _begin(self, stage: int) -> None:
        """Some walks begin with a founded group, with a key, or with a request under way."""
        crew = self.crew
        crew.make()
        cards = {name: crew.run(name, "station", "show").json()["card"] for name in crew.names}
        self.keys = {name: parse_openssh_public(card["identity"]).key for name, card in cards.items()}
        if stage > 0:
            crew.accept()
        if stage > 1:
            crew.run("alice", "open", "keygen")
            crew.carry("alice", lambda told: bool(told["key"]))
        if stage > 2:
            crew.run("alice", "open", "sign", str(crew.request()))
            crew.go("alice", [("sign.yes", "")])

    # What it does

    def walk(self, steps: int) -> None:
        acts = [(self.visit, 50), (self.other, 30), (self.damage, 10), (self.swap, 8), (self.progress, 12)]
        acts += [] if self.honest else [(self.copy_home, 5), (self.bring_back, 4)]
        for _ in range(steps):
            act, = self.chance.choices([act for act, _ in acts], [weight for _, weight in acts])
            act()

    def visit(self) -> None:
        """The stick at some station, by a holder who mostly says yes."""
        name = self.chance.choice(self.crew.names)
        answers = self.crew.willing(name) if self.chance.random() < 0.7 else self.answers(name)
        self.command(name, "go", "--usb", str(self.chance.choice(self.sticks[:1] * 3 + self.sticks)), answers=answers)

    def progress(self) -> None:
        """Something that moves the group on, if it can be done now."""
        name = self.chance.choice(self.crew.names)
        verbs = [("open", "keygen"), ("open", "sign", str(self.psbt())), ("open", "sign", str(self.psbt())), ("prepare", "--nonces", "2")]
        self.command(name, *self.chance.choice(verbs), answers=self.crew.willing(name))

    def other(self) -> None:
        """Any command with any arguments."""
        name = self.chance.choice(self.crew.names)
        self.command(name, *self.chance.choice(self.verbs())(), answers=self.answers(name))

    def damage(self) -> None:
        stick = self.chance.choice(self.sticks)
        for _ in range(self.chance.choice((1, 1, 2, 4))):
            self.history.append(f"{self.vandal.strike(stick)} on {stick.name}")

    def swap(self) -> None:
        """Another stick is used from now on, or one becomes a copy of another, or a new one is bought."""
        self.chance.shuffle(self.sticks)
        how = self.chance.choice(("swap", "copy", "new", "new"))
        self.history.append(f"{how} {self.sticks[0].name}")
        if how != "swap":
            shutil.rmtree(self.sticks[0])
            if how == "copy":
                shutil.copytree(self.sticks[1], self.sticks[0], symlinks=True, copy_function=_copy, dirs_exist_ok=True)
            self.sticks[0].mkdir(exist_ok=True)

    def copy_home(self) -> None:
        self.copies.append(self.folder / f"copy-{len(self.copies)}")
        shutil.copytree(self.crew.home(self.victim), self.copies[-1])
        self.history.append(f"home of {self.victim} copied")

    def bring_back(self) -> None:
        if self.copies:
            home = self.crew.home(self.victim)
            shutil.rmtree(home)
            shutil.copytree(self.chance.choice(self.copies), home)
            self.history.append(f"old home of {self.victim} brought back")

    # What it types

    def verbs(self) -> list:
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
                  self.folder / "none", Path("/dev/null"), Path("/dev/zero"), Path("/proc/self/mem"), Path("/"), self._out(),
                  self._out(), *sorted(self._out().rglob("*")), self.crew.home(self.victim), Path(".")]
        files = [path for stick in self.sticks for path in sorted(stick.rglob("*"))]
        return os.fspath(self.chance.choice([*places, *self.chance.sample(files, min(4, len(files)))]))

    def _out(self) -> Path:
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

    # What must hold

    def command(self, name: str, *verb: str, answers: list[Answer]) -> Outcome:
        argv = self.crew.argv(name, *verb, answers=answers)
        if self.chance.random() < 0.1:
            argv[0:0] = self.chance.choice([["--plain"], ["--clock", "2026-11-22T12:00:00Z"], ["--clock", "soon"], ["--group", self.id()]])
        if "--help" not in argv and self.chance.random() < 0.2:
            argv.remove("--json")
        right = self.chance.random() > 0.05
        self.history.append(f"{name}: {verb}")
        with _within(LONGEST_SECONDS):
            outcome = execute(argv, passphrase=b"a rehearsal passphrase\n" if right else b"wrong\n")
        self.history[-1] += f" -> {outcome.code}"
        self.check(name, argv, outcome)
        return outcome

    def check(self, name: str, argv: list[str], outcome: Outcome) -> None:
        assert outcome.code in KNOWN_CODES, str(outcome)
        assert "Traceback" not in outcome.out + outcome.err, str(outcome)
        if "--json" in argv and "--help" not in argv and outcome.out:
            assert isinstance(json.loads(outcome.out), dict) and outcome.out.count("\n") == 1, str(outcome)
        held = laws.holdings(self.crew.home(name))
        for entry in [*held.entries, *(e for stick in self.sticks for e in laws.on_stick(stick))]:
            if entry.id not in self.read and self._signed(entry):
                self.read[entry.id] = entry
        mine = [entry for entry in self.read.values() if entry.group == self.crew.group() and entry.body is not None]
        laws.check_nonces(mine)
        laws.check_chains(mine, None if self.honest else [f"{n}/0" for n in self.crew.names if n != self.victim])
        if self.honest or name != self.victim:
            laws.check_released(held, mine)

    def _signed(self, entry: Entry) -> bool:
        """Whether its author made it: a flipped bit can make a well-formed line that nobody ever said."""
        if entry.author not in self.keys or entry.inc:
            return False
        try:
            check_signature(entry, self.keys[entry.author], "rehearsal")
        except Fault:
            return False
        return True

    def recover(self) -> None:
        """Fresh stick, willing holders: after some rounds all agree, nobody is in the way, and nothing is owed that can be done."""
        self.crew.stick = self.folder / "fresh"
        self.crew.stick.mkdir()
        told = {}
        for _ in range(5):
            for name in self.crew.names:
                outcome = self.crew.run(name, "go", "--usb", str(self.crew.stick), answers=self.crew.willing(name, 9), expect=None)
                assert outcome.code in (0, 4), str(outcome)  # 4: a request that this station may not sign
                told[name] = outcome.json()
        first = told[self.crew.names[0]]
        for name, one in told.items():
            assert (one["ceremonies"], one["owed"], one["key"]) == (first["ceremonies"], first["owed"], first["key"])
            assert not one["stopped"] and not one["waiting"] and not one["problems"], one
            stuck = [row for row in one["owed"] if row["name"] == name]
            assert not stuck or one["faults"], f"{name} owes {stuck} and nothing says why: {one}"


def _copy(source: str, target: str) -> None:
    """Copies what can be copied; a pipe or a giant cannot, and nobody would miss it."""
    if is_small(Path(source)):
        shutil.copyfile(source, target)


@contextmanager
def _within(seconds: int) -> Iterator[None]:
    """Ends a command that hangs."""

    def too_long(*_: object) -> None:
        raise TimeoutError(f"a command took longer than {seconds} seconds")

    before = signal.signal(signal.SIGALRM, too_long)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
