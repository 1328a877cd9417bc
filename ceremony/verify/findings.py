"""What an audit finds, how grave it is, and the verdict that follows from all findings together.

A record is INVALID when something shown is false: altered, not by who it says, or a result that does not follow. It has
deviations when it truly tells of something that should not have happened.
"""

from __future__ import annotations

from dataclasses import dataclass

from ceremony.codec.text import visible

NOTE, DEVIATION, INCOMPLETE, INVALID = "note", "deviation", "incomplete", "invalid"
GRAVITY = {NOTE: 0, DEVIATION: 1, INCOMPLETE: 2, INVALID: 3}
VERDICTS = {NOTE: ("VALID", 0), DEVIATION: ("VALID WITH DEVIATIONS", 10), INCOMPLETE: ("INCOMPLETE", 11),
            INVALID: ("INVALID", 12)}
MAX_SHOWN = 300  # characters of one finding; most of it is our text, some is a stranger's


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding. number: from 1, in the order of the steps. check: its stable name. where: file and line, or "".

    entry: the id of the entry it is about, or "". culprits: stations that broke a rule, by their own signature.
    """

    number: int
    step: int
    check: str
    severity: str
    text: str
    where: str = ""
    entry: str = ""
    culprits: tuple[str, ...] = ()

    def as_json(self) -> dict:
        return {"number": self.number, "step": self.step, "check": self.check, "severity": self.severity,
                "text": self.text, "where": self.where, "entry": self.entry, "culprits": list(self.culprits)}


class Findings(list[Finding]):
    """The findings so far. `step` is the number of the step at work; each finding carries it."""

    step = 0

    def say(self, check: str, severity: str, text: str, *, where: str = "", entry: str = "",
            culprits: tuple = ()) -> None:
        """Add one finding."""
        self.append(Finding(len(self) + 1, self.step, check, severity, visible(text, MAX_SHOWN), where, entry,
                            tuple(str(culprit) for culprit in culprits)))

    def verdict(self) -> tuple[str, int]:
        """The verdict and its exit code: that of the gravest finding."""
        gravest = max((finding.severity for finding in self), key=GRAVITY.__getitem__, default=NOTE)
        return VERDICTS[gravest]
