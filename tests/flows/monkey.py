"""A monkey at three stations: real commands in a random order, with random answers and arguments, on mistreated sticks.

After every command: no exit code that means a mistake of ours, no traceback, one JSON object where one was asked for, and no
nonce with two different partial signatures in anything that could ever be read. `honest` monkeys never bring an old copy of a
home back: then no chain has two versions either, and what was released is in its author's store and its secrets are gone.
In the end, whatever was done to the sticks, willing holders with a fresh one agree and have nothing left to do.
"""

from __future__ import annotations

import json
import random
import shutil
import signal
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

from ceremony.base.errors import Fault
from ceremony.record.entry import Entry, check_signature
from ceremony.record.sshsig import parse_openssh_public
from tests.crew import Answer, Crew, Outcome, execute
from tests.faults import laws
from tests.flows.vandal import Vandal, is_small
from tests.flows.whims import Whims

KNOWN_CODES = {0, 2, 4, 5, 6, 7, 8, 10, 11, 12}
AGREED = ("ceremonies", "owed", "key", "founded")
LONGEST_SECONDS = 300  # a command that waits for something is a failure, even on a busy machine


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
        self.whims = Whims(self.chance, self.crew, folder, self.sticks, self.read)

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
        answers = self.crew.willing(name) if self.chance.random() < 0.7 else self.whims.answers(name)
        self.command(name, "go", "--usb", str(self.chance.choice(self.sticks[:1] * 3 + self.sticks)), answers=answers)

    def progress(self) -> None:
        """Something that moves the group on, if it can be done now."""
        name = self.chance.choice(self.crew.names)
        verbs = [("open", "keygen"), ("open", "sign", str(self.whims.psbt())), ("open", "sign", str(self.whims.psbt())), ("prepare", "--nonces", "2")]
        self.command(name, *self.chance.choice(verbs), answers=self.crew.willing(name))

    def other(self) -> None:
        """Any command with any arguments."""
        name = self.chance.choice(self.crew.names)
        self.command(name, *self.whims.verb(), answers=self.whims.answers(name))

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

    # What must hold

    def command(self, name: str, *verb: str, answers: list[Answer]) -> Outcome:
        argv = self.crew.argv(name, *verb, answers=answers)
        if self.chance.random() < 0.1:
            argv[0:0] = self.chance.choice([["--plain"], ["--clock", "2026-11-22T12:00:00Z"], ["--clock", "soon"], ["--group", self.whims.id()]])
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
        """With a fresh stick and willing holders all agree after some rounds, and nothing is owed that could be done.

        A station whose old copy was at work is left out, and what the others say of it may name it.
        """
        self.crew.stick = self.folder / "fresh"
        self.crew.stick.mkdir()
        names = [name for name in self.crew.names if self.honest or name != self.victim]
        allowed = (0, 4) if self.honest else (0, 4, 5)  # 4: a request that this station may not sign; 5: the copied one
        told = {}
        for name in names * 5:
            verb = ("go", "--usb", str(self.crew.stick))
            told[name] = self.crew.run(name, *verb, answers=self.crew.willing(name, 9), expect=allowed).json()
        first = told[names[0]]
        for name, one in told.items():
            assert [one[what] for what in AGREED] == [first[what] for what in AGREED], \
                f"{name} and {names[0]} do not agree: {one} {first}"
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
