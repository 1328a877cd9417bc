"""The report of an audit: verdict, what was shown, findings, what was not checked, and what no audit can prove."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field
from typing import Any, Iterable

from ceremony.codec.text import visible
from ceremony.verify.findings import DEVIATION, INCOMPLETE, INVALID, NOTE, Finding

WIDTH = 80
MARKS = {INVALID: "INVALID", INCOMPLETE: "INCOMPLETE", DEVIATION: "DEVIATION", NOTE: "note"}
NOT_PROVEN = (
    "That the people named held these stations, were alone with them, or understood what they confirmed.",
    "That a station ran the published program, that its random numbers were random, or that it kept no copy of its "
    "shard. t dishonest stations can sign anything, and no record shows it.",
    "That nothing was left out at the end: the newest entries of a station can be missing without a trace, unless "
    "a seal or another station's entry names them.",
    "That times are true: they are each station's own clock.",
    "That a station was not copied and both copies used alike; only two different entries show it.",
    "That a transaction was sent, or is in a block.")
PROCEDURE = ("The same heads follow with stock tools alone (sh, jq, sha256sum, ssh-keygen, coreutils): run `sh "
             "check.sh FOLDER [ALLOWED_SIGNERS]` on the exported folder, with your own copy of check.sh and your own "
             "list of signers. CHECK.txt beside it says what it checks and what not.")


@dataclass(frozen=True)
class Step:
    """One step as it went: how many single checks it made, and what it could not check."""

    number: int
    title: str
    made: int
    not_made: tuple[str, ...]


@dataclass(frozen=True)
class Report:
    """verdict and exit_code (0, 10, 11, 12); findings in order; facts: group, heads, keys and ceremonies as shown."""

    verdict: str
    exit_code: int
    findings: tuple[Finding, ...]
    steps: tuple[Step, ...]
    facts: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The value that ``--json`` prints."""
        return {"verdict": self.verdict, "exit": self.exit_code, "facts": self.facts,
                "findings": [finding.as_json() for finding in self.findings],
                "steps": [{"number": step.number, "title": step.title, "checks": step.made,
                           "not_made": list(step.not_made)} for step in self.steps],
                "not_proven": list(NOT_PROVEN)}

    def text(self) -> str:
        """The report for people: 80 columns, no colour, every line ASCII-plain but for strangers' words."""
        blocks = [self._head(), self._steps(), self._findings(), self._not_made(), self._result(),
                  ["What this does not prove", *_items(NOT_PROVEN)],
                  ["Checking it without this tool", *_wrapped(PROCEDURE, "  ")]]
        return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"

    def _head(self) -> list[str]:
        facts = self.facts
        lines = [f"Verdict: {self.verdict}"]
        culprits = sorted({name for finding in self.findings for name in finding.culprits})
        if culprits:
            lines += _wrapped(f"By their own signatures a rule was broken by: {', '.join(culprits)}.")
        if facts.get("group"):
            lines += [f"Group:   {facts['group'][:32]}", f"         {facts['group'][32:]}"]
            lines += _wrapped(f"Mode:    {facts['mode']}" + facts.get("about", ""))
            lines += [f"Heads:   {facts['heads_hash'][:32]}", f"         {facts['heads_hash'][32:]}"]
            lines += [f"  {line}" for line in (f"{facts['entries']} entries", *_heads(facts["heads"]))]
        return lines

    def _steps(self) -> list[str]:
        lines = ["Steps"]
        for step in self.steps:
            found = [finding for finding in self.findings if finding.step == step.number]
            worst = sum(finding.severity != NOTE for finding in found)
            state = f"{step.made} checks" + (f", {worst} findings" if worst else "")
            state += ", in part" if step.made and step.not_made else ", not made" if step.not_made else ""
            lines += _wrapped(f"{step.number:2}. {step.title} [{state}]", "", "    ")
        return lines

    def _findings(self) -> list[str]:
        if not self.findings:
            return ["Findings", "  none"]
        lines = ["Findings"]
        for finding in self.findings:
            who = f" (by {', '.join(finding.culprits)})" if finding.culprits else ""
            lines += _wrapped(f"{finding.number:3}. {MARKS[finding.severity]} {finding.check}{who}")
            places = [visible(finding.where, 200)] * bool(finding.where)
            places += [f"entry {finding.entry[:16]}"] * bool(finding.entry)
            lines += _wrapped(", ".join(places), "     ") if places else []
            lines += _wrapped(finding.text, "     ")
        return lines

    def _not_made(self) -> list[str]:
        rows = [f"step {step.number}: {what}" for step in self.steps for what in step.not_made]
        return ["Checks not made", *_items(rows)] if rows else []

    def _result(self) -> list[str]:
        facts, lines = self.facts, ["What the record says"]
        for key in facts.get("keys", ()):
            lines += [f"  key {key['id'][:16]}, {key['t']} of {key['n']}, first address",
                      f"    {key['first_address']}", *_wrapped(key["descriptor"], "    ")]
        for one in facts.get("transactions", ()):
            lines += _wrapped(f"transaction {one['txid']}: {one['paid_sat']} sat paid, fee {one['fee_sat']} sat, "
                              f"signed by {', '.join(one['signers'])}", "  ")
        for one in facts.get("ceremonies", ()):
            lines += _wrapped(f"{one['kind']} {one['id'][:8]}: {one['outcome']}, ended, sealed {one['sealed']} of "
                              f"{one['of']}" + "".join(f", witness {name}" for name in one["witnesses"]), "  ")
        for row in facts.get("effective", ()):
            lines.append(f"  effective threshold by {row['aspect']}: {row['theft']} can sign, {row['loss']} lose it")
        return lines if len(lines) > 1 else []


def _heads(text: str) -> Iterable[str]:
    for line in text.splitlines():
        word, label, seq, *id = line.split(" ")
        yield f"{label} {seq} {id[0][:16]}" if id else f"{label} has two versions from {seq} on"


def _items(rows: Iterable[str]) -> list[str]:
    return [line for row in rows for line in _wrapped(row, "  - ", "    ")]


def _wrapped(text: str, first: str = "", rest: str | None = None) -> list[str]:
    rest = first if rest is None else rest
    return textwrap.wrap(text, WIDTH, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False) or [first]
