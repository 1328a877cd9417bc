"""The files of an audit, sorted by what they are, and every line with the place where it stands.

A name says only how a file is read; an export's names and those of a stick are both known. Whatever is in a file is a
stranger's until a step of the audit has checked it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Iterable

from ceremony.base.errors import Fault, Malformed
from ceremony.base.ids import EntryId
from ceremony.record.entry import Entry, parse_line
from ceremony.record.evidence import Evidence, parse_evidence

_SEAL = re.compile(r"([0-9a-f]{64})\.seal")
_SIGNATURE = re.compile(r"([0-9a-f]{64})[.-]([a-z][a-z0-9-]{0,30}[a-z0-9])[.-]([0-9]{1,16})\.sig")
_PROCEDURE = ("check.sh", "CHECK.txt")


@dataclass(frozen=True, slots=True)
class SealFile:
    """A seal's text or one signature over it. signer and inc are what the name says; of a text they are empty."""

    where: str
    ceremony: str
    raw: bytes
    signer: str = ""
    inc: int = 0


@dataclass(slots=True)
class Material:
    """entries: in the order of the files, those of evidence included. broken: lines that are no entry, and why.

    copies: places of a line that stands more than once. unknown: files that the auditor has no use for.
    """

    entries: list[Entry] = field(default_factory=list)
    broken: list[tuple[str, Fault]] = field(default_factory=list)
    copies: list[str] = field(default_factory=list)
    evidence: list[tuple[str, Evidence]] = field(default_factory=list)
    seals: list[SealFile] = field(default_factory=list)
    signatures: list[SealFile] = field(default_factory=list)
    signers: list[tuple[str, bytes]] = field(default_factory=list)
    procedure: list[tuple[str, bytes]] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    lines: int = 0
    _places: dict[tuple[EntryId, bytes], str] = field(default_factory=dict)
    _first: dict[EntryId, str] = field(default_factory=dict)

    @property
    def one_file(self) -> bool:
        """Whether all entries stand in one file, as in an export."""
        return len({place.rpartition(":")[0] for place in self._first.values()}) == 1

    def where(self, entry: Entry | str) -> str:
        """File and line of an entry: of that very copy when it is known, else of the first one with its id."""
        if isinstance(entry, Entry):
            return self._places.get((entry.id, entry.sig)) or self._first.get(entry.id, "")
        return self._first.get(EntryId(entry), "")

    def add(self, entry: Entry, where: str) -> None:
        if (entry.id, entry.sig) in self._places:
            self.copies.append(where)
        self._places.setdefault((entry.id, entry.sig), where)
        self._first.setdefault(entry.id, where)
        self.entries.append(entry)


def sort(files: Iterable[tuple[str, bytes]]) -> Material:
    """Read all files. Nothing is refused here: what is wrong is kept with its place."""
    found = Material()
    for name, raw in sorted(files):
        base = name.rsplit("/", 1)[-1]
        if base.endswith((".jsonl", ".json")) and not base.endswith(".card.json"):
            _lines(found, name, raw)
        elif match := _SEAL.fullmatch(base):
            found.seals.append(SealFile(name, match[1], raw))
        elif match := _SIGNATURE.fullmatch(base):
            found.signatures.append(SealFile(name, match[1], raw, match[2], int(match[3])))
        elif base == "allowed_signers":
            found.signers.append((name, raw))
        elif base in _PROCEDURE:
            found.procedure.append((name, raw))
        else:
            found.unknown.append(name)
    add_evidence(found)
    return found


def _lines(found: Material, name: str, raw: bytes) -> None:
    """What stands behind the last line feed is a line as well: one whose end is missing."""
    lines = raw.split(b"\n")
    whole = [line + b"\n" for line in lines[:-1]] + lines[-1:] * bool(lines[-1])
    for number, line in enumerate(whole, start=1):
        found.lines += 1
        where = f"{name}:{number}"
        try:
            if line.startswith(b'{"check":'):  # no entry's canonical line begins so
                found.evidence.append((where, parse_evidence(line)))
            else:
                found.add(parse_line(line), where)
        except Malformed as fault:
            found.broken.append((where, fault))


def add_evidence(found: Material) -> None:
    """Let the entries of evidence be judged with all others, those that stand in the transcript only there."""
    for where, evidence in found.evidence:
        for entry in evidence.entries:
            if not found.where(entry.id):
                found.add(entry, where)
