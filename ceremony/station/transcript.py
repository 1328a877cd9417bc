"""What a station hands out for others to judge: a transcript at a chosen level, and evidence against somebody.

Nothing is computed here that the record does not say; an export is the held entries in one fixed order, the seals, the
list of keys, and the procedure with which anybody checks them without this tool (``docs/formats.md`` section 9).
"""

from __future__ import annotations

from importlib import resources
from typing import Iterator

from ceremony.base.errors import UsageFault
from ceremony.base.ids import EntryId
from ceremony.ceremonies.sealing import ended, seal_of
from ceremony.ceremonies.signers import allowed_signers
from ceremony.record.entry import LEVELS, Entry, parse_line
from ceremony.record.evidence import Evidence
from ceremony.station.desk import Desk
from ceremony.station.seals import fitting

PROCEDURE = ("check.sh", "CHECK.txt")


def folder_name(group: str, level: str) -> str:
    """The name of the folder that an export is written into."""
    return f"transcript-{group[:16]}-{level}"


def export(desk: Desk, level: str) -> dict[str, bytes]:
    """The files of a transcript by their path inside its folder. level: ``public``, ``auditor`` or ``internal``.

    Bodies of a higher level are withheld with their salt; every id and signature holds without them. Nothing secret is
    in it at any level, but from ``auditor`` on it links the group's addresses. Raises UsageFault for another level.
    """
    if level not in LEVELS:
        raise UsageFault("TRANSCRIPT-LEVEL", f"there is no level {level!r}", do=f"Use one of {', '.join(LEVELS)}.")
    files = {"transcript.jsonl": b"".join(_line(entry, level) for entry in desk.log.ordered()),
             "allowed_signers": allowed_signers(desk.state.members)}
    for over in ended(desk.state):
        files[f"seals/{over.id}.seal"] = seal_of(desk.state, over).text()
        for row in fitting(desk.state, over, desk.store.seals(over.id)):
            files[f"seals/{over.id}.{row.signer}.{row.inc}.sig"] = row.sig.encode("ascii")
    return files | {name: (resources.files("ceremony") / "verify" / name).read_bytes() for name in PROCEDURE}


def _line(entry: Entry, level: str) -> bytes:
    shown = LEVELS.index(entry.level) <= LEVELS.index(level)
    return (entry if shown else entry.redacted()).line()


def export_evidence(desk: Desk, prefix: str) -> dict[str, bytes]:
    """The evidence files about a ceremony, a refused line or any other entry whose id begins with `prefix`.

    Beside each accusation lies the causal past of what it is about, so that `verify` can judge it with these files
    alone. Raises UsageFault when nothing of that id is accused.
    """
    files: dict[str, bytes] = {}
    past: set[EntryId] = set()
    for evidence in _accusations(desk):
        accused = evidence.entries[0]
        if accused.id.startswith(prefix) or accused.ceremony.startswith(prefix or "-"):
            name = f"evidence-{accused.id[:8]}-{evidence.check.lower()}-{evidence.culprit}.json"
            files[name] = evidence.line()
            past |= _past(desk, accused)
    if not files:
        raise UsageFault("EVIDENCE-NONE", "this station holds no evidence about a ceremony or entry that begins so",
                         do="`ceremony status` lists what was refused, and by whom.")
    lines = [entry.line() for entry in desk.log.ordered() if entry.id in past]
    return files | {f"evidence-{prefix[:8] or 'all'}-past.jsonl": b"".join(lines)}


def _accusations(desk: Desk) -> Iterator[Evidence]:
    """What the record's rules refused, forks, and what the ceremonies' checks found in held entries."""
    yield from desk.log.evidence()
    for row in desk.store.evidence(desk.group.id):
        entry = parse_line(row.line)
        for culprit in row.fault["culprits"]:
            yield Evidence(row.fault["check"], culprit, (entry, *_parents(desk, entry)))
    for id, fault in desk.state.faults():
        for culprit in fault.culprits:
            yield Evidence(fault.check, str(culprit), (desk.log.entries[id],))


def _parents(desk: Desk, entry: Entry) -> list[Entry]:
    return [desk.log.entries[id] for id in dict.fromkeys(entry.parents) if id in desk.log.entries]


def _past(desk: Desk, entry: Entry) -> set[EntryId]:
    """Everything held on which an entry builds, and what else its ceremony holds: a fault may show only there."""
    near = {EntryId(one.id) for one in (*_parents(desk, entry), *desk.log.of_ceremony(entry.ceremony or entry.id))}
    return near.union(*(desk.log.past(id) for id in near))
