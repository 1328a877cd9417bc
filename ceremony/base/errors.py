"""Every failure of the tool, as a small tree whose branches say who is to blame.

A fault carries the stable name of the check that failed, the parties that caused it (when that can be known),
what was seen, what it means for the ceremony, and what the person should do now. Its texts hold ids, sizes and
check names; never the value of a secret. The class decides the process's exit code, so a new kind of failure cannot
be added without deciding who is blamed and what a script will see.
"""

from __future__ import annotations

from typing import ClassVar, Mapping, NewType, Self

Seat = NewType("Seat", int)
"""A place in a sharing, counted from 0. An identity: never added to, never shown to a person without a name."""

Party = Seat | str  # a seat inside protocols, a holder's name above them


class Fault(Exception):
    """Root of all expected failures.

    check: stable name such as ``KEYGEN-POP``, the same in code, log, transcript, report and documentation.
    seen: what was observed, in one sentence; ids, sizes and names only, never secret values.
    culprits: the parties that broke the rule; empty when nobody can be named.
    meaning: what it means for the ceremony. do: what the person should do now.
    assumes: what the accusation rests on, when it is weaker than the culprit's own signature.
    """

    exit_code: ClassVar[int]

    def __init__(self, check: str, seen: str, *, culprits: tuple[Party, ...] = (), meaning: str = "", do: str = "",
                 assumes: str = ""):
        super().__init__(f"{check}: {seen}")
        self.check, self.seen, self.culprits = check, seen, tuple(culprits)
        self.meaning, self.do, self.assumes = meaning, do, assumes

    def named(self, names: Mapping[Seat, str]) -> Self:
        """The same fault with seats replaced by the names that people know."""
        culprits = tuple(names.get(c, f"seat {c}") if isinstance(c, int) else c for c in self.culprits)
        return type(self)(self.check, self.seen, culprits=culprits, meaning=self.meaning, do=self.do,
                          assumes=self.assumes)

    def as_json(self) -> dict:
        """The value that ``--json`` prints: check, culprits, seen, meaning, do."""
        return {"check": self.check, "culprits": [str(c) for c in self.culprits], "seen": self.seen,
                "meaning": self.meaning, "do": self.do}


class UsageFault(Fault):
    """The command was called wrongly; nothing was done."""

    exit_code = 2


class Refused(Fault):
    """Policy, the charter or a person said no."""

    exit_code = 4


class PeerFault(Fault):
    """A named party broke a rule, and the signed entries that show it are kept."""

    exit_code = 5

    def __init__(self, check: str, seen: str, *, culprits: tuple[Party, ...], **rest: str):
        if not culprits:
            raise ValueError("a PeerFault names somebody")
        super().__init__(check, seen, culprits=culprits, **rest)


class Unattributed(Fault):
    """Something is damaged or wrong and nobody can be named for it: a stick, a carrier, a stranger's file."""

    exit_code = 6


class Malformed(Unattributed):
    """Bytes that are not what they should be. Each decoder raises its own subclass and nothing else."""


class LocalFault(Fault):
    """This station cannot: passphrase, lock, disk, clock, library."""

    exit_code = 7


class NeedsTerminal(Fault):
    """A person must answer and there is no terminal to ask at."""

    exit_code = 8
