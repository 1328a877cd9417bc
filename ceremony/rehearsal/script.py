"""The acts of a rehearsal, from empty folders to a verified transcript. Every act runs real commands and nothing else.

`Stage.say` is the narrator; `Stage.visit` shows the command and what it printed.
"""

from __future__ import annotations

import random
import textwrap
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

from ceremony.base.errors import LocalFault
from ceremony.rehearsal import coins
from ceremony.rehearsal.cast import Member, cast, plan_toml
from ceremony.rehearsal.room import Answer, Outcome, Room

MAX_VISITS = 400
WIDTH = 80


@dataclass
class Stage:
    """One rehearsal under way. order: the names in the order of their visits, for the record."""

    room: Room
    t: int
    members: list[Member]
    show: Callable[[str], None]
    chance: random.Random | None = None
    order: list[str] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        return [member.name for member in self.members]

    def say(self, text: str) -> None:
        self.show("\n" + textwrap.fill(text, WIDTH, initial_indent="* ", subsequent_indent="  "))

    def command(self, name: str | None, *verb: str, answers: list[Answer] | None = None,
                hide: int = 8) -> Outcome:
        """Run a command at a station and show it with what it printed, the middle left out where it is long."""
        outcome = self.room.run(name, *verb, answers=answers or [])
        where = f"{name}'s station" if name else "a machine without a station"
        self.show(f"  [{where}] $ ceremony {' '.join(self._short(v) for v in verb)}")
        lines = [line for line in outcome.out.splitlines() if line.strip()]
        if len(lines) > hide:
            head = hide // 2
            lines = [*lines[:head], f"… {len(lines) - hide} more lines …", *lines[head - hide:]]
        for line in lines:
            self.show(f"      {line}")
        return outcome

    def _short(self, word: str) -> str:
        return word.replace(str(self.room.folder) + "/", "")

    def visit(self, name: str, answers: list[Answer] | None = None, hide: int = 12) -> None:
        """The stick at one station: `ceremony go`."""
        self.order.append(name)
        self.show(f"\n- visit {len(self.order)}: the stick is at {name}'s")
        self.command(name, "go", "--usb", str(self.room.stick), answers=answers, hide=hide)

    def status(self, name: str) -> dict:
        """What `status` says at a station; it needs no passphrase."""
        return self.room.run(None, "--home", str(self.room.home(name)), "status", options=("--json",)).json()

    def next_after(self, name: str) -> str | None:
        """Where the stick goes: by the station's own advice, or anywhere when the order is left to chance."""
        advice = self.status(name).get("next") or {}
        if not advice:
            return None
        if self.chance is None:
            return advice["name"]
        return self.chance.choice([other for other in self.names if other != name])

    def carry(self, name: str, answers: Callable[[str], list[Answer]]) -> str:
        """Take the stick from station to station until the last one visited says that nobody needs it."""
        for _ in range(MAX_VISITS):
            following = self.next_after(name)
            if following is None:
                return name
            name = following
            self.visit(name, answers(name), hide=6)
        raise LocalFault("REHEARSE-ENDLESS", "the stations keep asking for the stick", do="Report this.")


def perform(folder: Path, t: int, n: int, show: Callable[[str], None], seed: int | None = None) -> Stage:
    """The whole rehearsal. Raises a Fault when anything is not as it must be."""
    stage = Stage(Room(folder), t, cast(n), show, random.Random(seed) if seed is not None else None)
    make_stations(stage)
    found(stage)
    make_key(stage)
    back_up(stage)
    sign(stage)
    audit(stage)
    return stage


def make_stations(stage: Stage) -> None:
    stage.say(f"Act 1. {len(stage.members)} people set up {len(stage.members)} stations, each with an identity of its "
              "own, and put their cards on a stick.")
    for i, member in enumerate(stage.members):
        new = stage.command if i == 0 else lambda *a, **k: stage.room.run(*a, answers=k.get("answers", ()))
        new(member.name, "station", "new", "--rehearsal", answers=member.about())
        stage.room.run(member.name, "station", "card", "--to", str(stage.room.stick))


def found(stage: Stage) -> None:
    first, *others = stage.names
    stage.say(f"Act 2. {first} founds a group: {stage.t} of {len(stage.members)} must sign. Everybody reads the "
              "charter on their own screen and types the words that somebody else reads out from another screen.")
    plan = stage.room.folder / "plan.toml"
    plan.write_text(plan_toml(stage.t, stage.members))
    stage.command(first, "charter", "new", str(plan), "--cards", str(stage.room.stick / "cards"))
    stage.visit(first, [("accept.charter", "later")], hide=40)
    for name in others:
        stage.visit(name, accept(stage, first), hide=10)
    stage.carry(others[-1], lambda name: accept(stage, others[0] if name == first else first))


def accept(stage: Stage, reader: str) -> list[Answer]:
    """What a holder answers who accepts the charter while `reader` reads the words from his own screen."""
    words = stage.room.run(reader, "charter", "show", "--words", options=("--json",)).json()["words"]
    return [("accept.charter", "Yes"), ("accept.reader", reader), ("accept.words", " ".join(words))]


def make_key(stage: Stage) -> None:
    opener = stage.names[0]
    stage.say("Act 3. The key is made. No machine ever holds it: each deals a part, checks the others, and signs what "
              "it saw.")
    stage.command(opener, "open", "keygen")
    yes = [("keygen.yes", "Yes")]
    stage.visit(opener, yes)
    stage.carry(opener, lambda _: yes)
    shown = stage.command(opener, "address", "--index", "0-1")
    if not shown.out.strip():
        raise LocalFault("REHEARSE-NO-KEY", "no address came out of the key generation", do="Report this.")
    for name in stage.names:
        if not stage.status(name)["key"]:
            raise LocalFault("REHEARSE-NO-KEY", f"{name} does not know the key", do="Report this.")


def back_up(stage: Stage) -> None:
    stage.say("Act 4. Everybody backs up their shard and reads the backup back. A backup alone spends nothing.")
    for name in stage.names:
        target = stage.room.folder / "safes" / name
        target.mkdir(parents=True, exist_ok=True)
        stage.command(name, "station", "backup", "--to", str(target), hide=4)


def sign(stage: Stage) -> None:
    opener, room = stage.names[0], stage.room
    stage.say("Act 5. Play bitcoin arrives on a chain of our own, and a wallet makes a transaction (a PSBT). "
              f"{stage.t} holders decode it on their own machines, say Yes, and sign.")
    descriptor = room.run(opener, "address", "--descriptor", options=("--json",)).json()["descriptor"]
    chain, psbt = coins.fund(descriptor, stage.status(opener)["group"])
    (room.folder / "chain.json").write_bytes(chain)
    request = room.folder / "request.psbt"
    request.write_bytes(psbt)
    ceremony = room.run(opener, "open", "sign", str(request), options=("--json",)).json()["ceremony"]
    stage.show(f"  [{opener}'s station] $ ceremony open sign request.psbt\n      request {ceremony[:16]}")
    yes = [("sign.yes", "Yes")]
    stage.visit(opener, yes, hide=60)
    stage.carry(opener, lambda _: yes)
    stage.command(opener, "result", ceremony, "--to", str(room.folder / "result"))
    raw = bytes.fromhex(next((room.folder / "result").glob("*.tx")).read_text().strip())
    verdict = coins.connect(chain, raw)
    stage.say(f"Bitcoin Core's consensus code connects the transaction in a block (height {verdict.before} to "
              f"{verdict.after}) and refuses the same transaction with one bit flipped.")


def audit(stage: Stage) -> None:
    last, room = stage.order[-1], stage.room
    stage.say("Act 6. The record leaves the room. An auditor with nothing but the cards checks every signature, every "
              "step of the key generation and every signing, without a secret and without trusting anyone.")
    stage.command(last, "transcript", "export", "--level", "auditor", "--to", str(room.folder / "transcript"))
    folder = next((room.folder / "transcript").glob("transcript-*"))
    outcome = room.run(None, "--plain", "verify", str(folder), "--trust", str(room.stick / "cards"), options=(),
                       expect=(0, 10))
    stage.show("  [the auditor's machine] $ ceremony verify transcript/… --trust stick/cards")
    for line in outcome.out.splitlines():
        stage.show(f"      {line}")
