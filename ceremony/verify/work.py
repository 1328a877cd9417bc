"""The auditor's table: what lies on it, what has been worked out, and what could not be checked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Iterable

from ceremony.base.errors import Fault
from ceremony.base.ids import GroupId
from ceremony.ceremonies.fold import GroupState, fold
from ceremony.ceremonies.keygen import Keygen
from ceremony.ceremonies.signing import Signing
from ceremony.record.entry import Entry
from ceremony.record.log import Intake, Log
from ceremony.verify.anchor import Anchor
from ceremony.verify.findings import DEVIATION, INVALID, Findings
from ceremony.verify.material import Material

MEMBERSHIP = ("charter.", "incarnation.", "hostkey")  # kinds on which every ceremony rests
KEYGEN, NONCES, SIGNING = "keygen.", "nonces", "sign."


@dataclass(slots=True)
class Audit:
    """One audit at work. log, founding, state: None until a step has them, or for good when they cannot be had.

    made: how many single checks each step made. not_made: step and what could not be checked there, and why.
    facts: what the report says besides the findings.
    """

    material: Material
    anchor: Anchor
    findings: Findings = field(default_factory=Findings)
    group: GroupId | None = None
    mode: str = ""
    founding: Entry | None = None
    log: Log | None = None
    intake: Intake = field(default_factory=Intake)
    state: GroupState | None = None
    broken_charter: Fault | None = None
    made: dict[int, int] = field(default_factory=dict)
    not_made: list[tuple[int, str]] = field(default_factory=list)
    facts: dict = field(default_factory=dict)
    _bare: list[Entry] | None = None

    def fold(self) -> None:
        """Work out what the held entries say, with the engine that every station runs and nothing remembered."""
        if self.founding is not None:
            try:
                self.state = fold(self.log)
            except Fault as fault:
                self.broken_charter = fault

    def count(self, checks: int = 1) -> None:
        """Note that the step at work made so many checks."""
        self.made[self.findings.step] = self.made.get(self.findings.step, 0) + checks

    def skip(self, what: str) -> None:
        """Note what the step at work could not check."""
        if (self.findings.step, what) not in self.not_made:
            self.not_made.append((self.findings.step, what))

    def left_out(self, step: int) -> tuple[str, ...]:
        """What a step could not check."""
        return tuple(what for at, what in self.not_made if at == step)

    def say(self, check: str, severity: str, text: str, *, entry: Entry | str = "", where: str = "",
            culprits: Iterable = ()) -> None:
        """A finding of the step at work, with the place of the entry that it is about."""
        id = entry.id if isinstance(entry, Entry) else entry
        place = where or (self.material.where(entry) if entry else "")
        self.findings.say(check, severity, text, where=place, entry=id, culprits=tuple(culprits))

    def fault(self, fault: Fault, severity: str = INVALID, *, entry: Entry | str = "", where: str = "") -> None:
        """A finding out of a check that failed."""
        text = f"{fault.seen}. {fault.meaning}" if fault.meaning else fault.seen
        self.say(fault.check, severity, text, entry=entry, where=where, culprits=fault.culprits)

    def hidden(self, *kinds: str, ceremony: str = "") -> list[Entry]:
        """Held entries without body: all, or those of kinds that begin so, or those of one ceremony. After step 3."""
        if self._bare is None:
            self._bare = [entry for entry in self.log.entries.values() if entry.body is None] if self.log else []
        bare = self._bare
        if kinds:
            return [entry for entry in bare if entry.kind.startswith(kinds)]
        return [entry for entry in bare if not ceremony or ceremony in (entry.ceremony, entry.id)]

    def unfollowed(self, kind: str, judged: Iterable[Keygen | Signing]) -> list[Entry]:
        """Openings of a kind that cannot be judged, as bodies are withheld. A finding for each that nobody follows."""
        known, stray = {one.id for one in judged}, dict(self.state.stray_faults)
        bare = self.hidden(*MEMBERSHIP)
        withheld = []
        for opening in self.log.of_kind(kind):
            if opening.id in known:
                continue
            if bare or self.hidden(ceremony=opening.id) or self.state.ceremony(opening.id):
                withheld.append(opening)
            elif opening.id in stray:
                self.fault(stray[opening.id], DEVIATION, entry=opening)
            else:
                self.say("OPENING-STRANGER", DEVIATION, f"{opening.label} opened this when it was no member of the "
                         "group; nobody followed it", entry=opening)
        return withheld

    def shown(self, ceremony: Keygen | Signing) -> bool:
        """Whether every body is here on which the judgement of a ceremony rests."""
        kinds = MEMBERSHIP if isinstance(ceremony, Keygen) else (*MEMBERSHIP, KEYGEN, NONCES, "sign.open")
        return not self.hidden(*kinds) and not self.hidden(ceremony=ceremony.id)
