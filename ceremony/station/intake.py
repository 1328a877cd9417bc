"""Taking in what arrived: every line is hostile until the log holds it; good ones come in whatever the bad ones do.

One commit keeps the held entries, the lines that still wait for their past, and refused lines that name their author.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Iterable

from ceremony.base.errors import Fault, Malformed, Unattributed
from ceremony.base.ids import CeremonyId
from ceremony.ceremonies.sealing import ended
from ceremony.record.entry import Entry, parse_line
from ceremony.record.log import Intake as Outcome
from ceremony.record.sshsig import BadSignature
from ceremony.station import copies
from ceremony.station.desk import Desk, entry_row
from ceremony.station.rows import SealRow, WaitingRow
from ceremony.station.seals import check_seal, may_change
from ceremony.station.transaction import Tx

# The name says what is signed, and by whom; a number before the ending, that another file had the name.
_SEAL_FILE = re.compile(r"([0-9a-f]{64})-(.+)-([0-9]{1,16})(?:\.[0-9]{1,2})?\.sig")


@dataclass(slots=True)
class Intake:
    """held: new entries. waiting: how many lines wait now. refused: where it came from, and what was wrong with it.

    forks: of whom these lines brought a second version to light.
    """

    held: list[Entry] = field(default_factory=list)
    waiting: int = 0
    refused: list[tuple[str, Fault]] = field(default_factory=list)
    forks: list[Fault] = field(default_factory=list)
    seals: int = 0


def take_in(desk: Desk, lines: Iterable[tuple[str, bytes]], seals: Iterable[tuple[str, bytes]] = ()) -> Intake:
    """Take in lines and seal signatures, each with the name of where it came from."""
    report = Intake()
    source: dict[str, str] = {}
    known = {row.line for row in desk.store.entries(desk.group.id)}
    offered = _parse(report, source, ((where, raw) for where, raw in lines if raw not in known), desk.group.id)
    waiting_rows = desk.store.waiting(desk.group.id)
    offered += [parse_line(row.line) for row in waiting_rows]
    outcome = _offer(desk, report, source, offered)
    still = {entry.line(): entry for entry in outcome.waiting}
    copied = copies.foreign(desk, outcome)
    with desk.store.transaction() as tx:
        if copied:
            copies.note(desk, tx)
        for entry in outcome.held:
            tx.add_entry(entry_row(entry))
        _keep_better(desk, tx, offered)
        for row in waiting_rows:
            if row.line not in still:
                tx.drop_waiting(row.line)
        for line, entry in still.items():
            tx.add_waiting(WaitingRow(entry.id, desk.group.id, line, desk.world.clock()))
        for entry, fault in outcome.refused:
            if fault.culprits:
                tx.add_evidence(desk.group.id, entry.line(), fault.as_json())
        desk.keep_views(tx)
    _take_seals(desk, report, seals)
    return report


def _keep_better(desk: Desk, tx: Tx, offered: list[Entry]) -> None:
    """Where another valid signature on a held core sorts first, the store keeps that line (formats.md section 2)."""
    for id in {entry.id for entry in offered}:
        row, held = desk.store.entry(id), desk.log.entries.get(id)
        if row is not None and held is not None and row.line != held.line():
            tx.replace_line(id, held.line())


def look(desk: Desk, lines: Iterable[tuple[str, bytes]]) -> Intake:
    """What taking in these lines would bring. Nothing is written; the desk must be thrown away afterwards."""
    report = Intake()
    source: dict[str, str] = {}
    offered = _parse(report, source, lines, desk.group.id)
    _offer(desk, report, source, offered + [parse_line(row.line) for row in desk.store.waiting(desk.group.id)])
    desk.refold()
    return report


def _offer(desk: Desk, report: Intake, source: dict[str, str], offered: list[Entry]) -> Outcome:
    """Give the entries to the log, and note in the report what became of them."""
    outcome = desk.log.offer(offered)
    report.held, report.waiting, report.forks = list(outcome.held), len(outcome.waiting), list(outcome.forks)
    report.refused += [(source.get(entry.id, "an earlier medium"), fault) for entry, fault in outcome.refused]
    return outcome


def _parse(report: Intake, source: dict[str, str], lines: Iterable[tuple[str, bytes]], group: str) -> list[Entry]:
    entries = []
    for where, raw in lines:
        try:
            entry = parse_line(raw)
        except Malformed as fault:
            report.refused.append((where, fault))
            continue
        if entry.group != group:
            report.refused.append((where, Unattributed(
                "RECORD-GROUP", "an entry of another group lies in this group's folder",
                meaning="It was left alone.", do="Take it off the medium if nobody needs it there.")))
        elif entry.body is None:
            report.refused.append((where, Unattributed(
                "RECORD-LEAF", f"entry {entry.seq} of {entry.label} arrived without its body",
                meaning="It counts as not arrived.", do="Bring the whole entry from its author's stick.")))
        else:
            source[entry.id] = where
            entries.append(entry)
    return entries


def _take_seals(desk: Desk, report: Intake, seals: Iterable[tuple[str, bytes]]) -> None:
    """Keep the seal signatures that verify over the text this station computes itself.

    One that does not, where that text can change, is older or newer than ours and is passed over.
    """
    over = {e.id: e for e in ended(desk.state)}
    for where, raw in seals:
        named = _SEAL_FILE.fullmatch(where.rsplit("/", 1)[-1])
        if named is None or named[1] not in over:
            continue  # of a ceremony that has not ended here, or not a seal's name: nothing is lost by waiting
        ceremony, signer, inc = CeremonyId(named[1]), named[2], int(named[3])
        if any((r.signer, r.inc) == (signer, inc) and r.sig.encode() == raw for r in desk.store.seals(ceremony)):
            continue
        try:
            sig = check_seal(desk.state, over[ceremony], signer, inc, raw)
        except Fault as fault:
            if not (may_change(desk.state, over[ceremony]) and isinstance(fault, BadSignature)):
                report.refused.append((where, fault))
            continue
        with desk.store.transaction() as tx:
            tx.put_seal(SealRow(ceremony, signer, inc, sig))
            report.seals += 1
    if report.seals:
        with desk.store.transaction() as tx:
            desk.keep_views(tx)
