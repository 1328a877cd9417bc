"""Production at a real terminal of 80 by 24: no answers file, no descriptor, and people who type the wrong thing."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import sys
from pathlib import Path

import pexpect
import pytest

from ceremony.base.errors import LocalFault
from ceremony.codec.words import words
from ceremony.station.place import check_place
from tests.flows.shell import NAMES, ROOT, Ended, environment, plan

LAUNCHER = ROOT / "tests" / "flows" / "launcher.py"
PROMPT, LATER, EXACTLY = "\n> ", "", "Type exactly Yes or No"


def secret(name: str) -> str:
    return f"correct horse of {name}"


class Person:
    """One holder at the terminal of one station."""

    def __init__(self, folder: Path, name: str, machine: str = ""):
        self.name, self.home, self.stick = name, folder / name, folder / "stick"
        self.machine = machine or hashlib.sha256(name.encode()).hexdigest()[:32]

    def start(self, *words: str | Path, term: str = "xterm-256color") -> Sitting:
        argv = [str(LAUNCHER), self.machine, "--home", str(self.home), *map(str, words)]
        return Sitting(pexpect.spawn(sys.executable, argv, dimensions=(24, 80), encoding="utf-8", timeout=120,
                                     cwd=str(ROOT), env=environment(TERM=term), echo=True))

    def json(self, *words: str) -> dict:
        """A command that asks nothing."""
        sitting = self.start("--json", *words)
        ended = sitting.end(0)
        return json.loads(ended.out)

    def new(self) -> None:
        sitting = self.start("station", "new")
        for text in (self.name, f"{self.name.title()} Person", f"org of {self.name}", f"site {self.name}", "+41 1"):
            sitting.type(PROMPT, text)
        sitting.type("New passphrase: ", secret(self.name)).type("The same once more: ", secret(self.name))
        sitting.end(0)
        self.start("station", "card", "--to", self.stick).end(0)

    def go(self) -> Sitting:
        """`go` up to the first question; the passphrase is asked only when something is owed."""
        return self.start("go", "--usb", self.stick)

    def unlocked(self) -> Sitting:
        return self.go().type("Passphrase of this station: ", secret(self.name))


class Sitting:
    """One command at the terminal. Everything that it ever showed is kept."""

    def __init__(self, child: pexpect.spawn):
        self.child, self.shown = child, ""

    def see(self, text: str) -> Sitting:
        self.child.expect_exact(text.replace("\n", "\r\n"))
        self.shown += self.child.before + self.child.after
        return self

    def type(self, prompt: str, text: str) -> Sitting:
        self.see(prompt)
        self.child.sendline(text)
        return self

    def press(self, prompt: str, key: str) -> Sitting:
        self.see(prompt)
        self.child.sendcontrol(key)
        return self

    def end(self, code: int) -> Ended:
        self.child.expect(pexpect.EOF)
        self.shown += self.child.before
        self.child.close()
        assert self.child.exitstatus == code, self.shown
        assert "Traceback" not in self.shown
        return Ended(code, self.shown, "")


@pytest.fixture(scope="session")
def production(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three production stations and a charter on the stick, made by people; to be copied."""
    folder = tmp_path_factory.mktemp("production")
    try:
        check_place(folder, production=True)
    except LocalFault:
        pytest.skip("NOT RUN: the temporary folder is no place for a production home; use --basetemp")
    (folder / "stick").mkdir()
    people = [Person(folder, name) for name in NAMES[:3]]
    for person in people:
        person.new()
    file = folder / "plan.toml"
    file.write_text(plan(2, NAMES[:3], mode='"production"', network='"signet"'))
    alice = people[0]
    alice.start("charter", "new", file, "--cards", alice.stick).type("Passphrase of this station: ",
                                                                     secret("alice")).end(0)
    alice.unlocked().type(PROMPT, LATER).end(0)
    return folder


@pytest.fixture
def people(production: Path, tmp_path: Path) -> list[Person]:
    shutil.copytree(production, tmp_path / "room")
    return [Person(tmp_path / "room", name) for name in NAMES[:3]]


@pytest.fixture
def charter(people: list[Person]) -> str:
    """The group's id."""
    return people[0].json("charter", "show")["group"]


def accept(person: Person, reader: str, group: str) -> None:
    sitting = person.unlocked()
    sitting.type(PROMPT, "Yes").type(PROMPT, reader).type(PROMPT, " ".join(words(group))).end(0)


def test_a_production_key_is_made_by_people_who_mistype(people: list[Person], charter: str):
    alice, bob, carol = people

    # bob says yes in small letters, names a stranger, and hears the words wrongly three times.
    sitting = bob.unlocked().type(PROMPT, "yes").see(EXACTLY).type(PROMPT, "Yes")
    sitting.type(PROMPT, "mallory").see("Type one of alice, carol").type(PROMPT, "alice")
    wrong = " ".join(words("00" * 32))
    for attempt in (wrong, "not even words", wrong):
        sitting.type(PROMPT, attempt).see("Not accepted")
    said = sitting.end(4).out
    assert "WORDS-FAILED" in said and "escalation" in said
    assert " ".join(words(charter)[:3]) not in said, "the words never stand on the screen that must hear them"

    # The right words are accepted at the next visit, short forms and capitals included.
    short = " ".join(word[:4].upper() for word in words(charter))
    bob.unlocked().type(PROMPT, "Yes").type(PROMPT, "alice").type(PROMPT, short).end(0)
    accept(carol, "alice", charter)
    accept(alice, "bob", charter)

    # carol leaves in the middle, in every way there is; nothing was decided.
    alice.start("open", "keygen").type("Passphrase of this station: ", secret("alice")).end(0)
    alice.unlocked().type(PROMPT, "Yes").end(0)
    bob.unlocked().type(PROMPT, "Yes").end(0)
    assert "Interrupted" in carol.go().press("Passphrase of this station: ", "c").end(130).out
    assert "Interrupted" in carol.unlocked().press(PROMPT, "c").end(130).out
    assert "Interrupted" in carol.unlocked().press(PROMPT, "d").end(130).out
    carol.unlocked().type(PROMPT, LATER).end(0)
    said = carol.unlocked().type(PROMPT, "Yes").end(0).out
    assert "certified the key" in said
    for person in (alice, bob, carol, alice, bob, carol):
        person.unlocked().end(0)
    shown = alice.start("address").end(0).out
    assert "Do not fund this key yet" in shown and "tb1p" in shown.replace(" ", "")
    assert len({person.json("status")["key"]["id"] for person in people}) == 1


def test_a_wrong_passphrase_is_told_to_the_next_who_opens(people: list[Person]):
    alice = people[0]
    sitting = alice.start("station", "passphrase").type("Passphrase as it is now: ", "not this one")
    sitting.type("New passphrase: ", "something new and long")
    assert "VAULT-PASSPHRASE" in sitting.type("The same once more: ", "something new and long").end(7).out
    assert "1 wrong passphrase" in alice.start("status").end(0).out
    said = alice.start("station", "passphrase").see("a wrong passphrase was tried once")
    said.type("Passphrase as it is now: ", secret("alice")).type("New passphrase: ", "one thing")
    assert "PASSPHRASE-TWICE" in said.type("The same once more: ", "another thing").end(7).out


def test_a_passphrase_is_never_echoed(people: list[Person]):
    sitting = people[0].start("station", "passphrase").type("Passphrase as it is now: ", secret("alice"))
    ended = sitting.press("New passphrase: ", "c").end(130)
    assert secret("alice") not in ended.out


def test_short_passphrases_are_refused_in_production(tmp_path: Path):
    dave = Person(tmp_path, "dave")
    sitting = dave.start("station", "new")
    for text in ("dave", "A", "B", "C", "D"):
        sitting.type(PROMPT, text)
    said = sitting.type("New passphrase: ", "too short").type("The same once more: ", "too short").end(7).out
    assert "PASSPHRASE-WEAK" in said and not dave.home.exists()


def test_two_stations_on_one_machine_are_refused(people: list[Person], charter: str):
    bob, carol = people[1], people[2]
    accept(bob, "alice", charter)
    carol.machine = bob.machine
    said = carol.unlocked().end(4).out
    assert "CHARTER-MACHINE" in said and "one thief" in said.lower()


def test_scripts_cannot_answer_for_people(people: list[Person], tmp_path: Path):
    answers = tmp_path / "answers"
    answers.write_text("")
    for aid in (["--answers", answers], ["--passphrase-fd", "0"], ["--clock", "2026-11-22T15:52:01Z"]):
        assert "AIDS-PRODUCTION" in people[0].start(*aid, "station", "show").end(4).out
        assert "AIDS-PRODUCTION" in Person(tmp_path, "dave").start(*aid, "station", "new").end(4).out


@pytest.mark.parametrize("term", ["xterm-256color", "dumb"])
def test_screens_fit_80_columns(people: list[Person], charter: str, term: str):
    shown = people[0].start("charter", "show", "--words", term=term).end(0).out
    lines = re.sub(r"\x1b\[[0-9;]*m", "", shown).split("\r\n")
    assert "\x1b" not in "".join(lines) and ("\x1b" in shown) == (term != "dumb")
    if term != "dumb":
        assert max(map(len, lines)) <= 80
