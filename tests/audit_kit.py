"""Transcripts for tests of the auditor: made at a table, looked at through it, and doctored line by line."""

from __future__ import annotations

from typing import Callable, Iterable

from ceremony.record.card import card_line
from ceremony.record.entry import Entry, parse_line
from ceremony.station.steps_sign import open_sign
from ceremony.station.transcript import export
from ceremony.verify.findings import Finding
from ceremony.verify.main import audit
from ceremony.verify.report import Report
from tests.flows.table import Table, regtest_psbt
from tests.liars import Stick, entries, log_of

Files = dict[str, bytes]
Trust = list[tuple[str, bytes]]
TRANSCRIPT = "transcript.jsonl"


def whole(folder, t: int = 2, n: int = 3, **options) -> Table:
    """A table with a key and one signed request, everybody having seen everything."""
    table = Table(folder, t, n, **options)
    table.found()
    table.keygen()
    sign(table)
    table.round()
    table.round()
    return table


def sign(table: Table, opener: str = "alice", **options) -> None:
    """Open a request at one station and take the stick round once."""
    _, psbt = regtest_psbt(table, **options)
    table[opener].visit(table.stick, lambda desk: open_sign(desk, psbt, None))
    table.round()


def shown(table: Table, level: str = "auditor", at: str = "alice") -> Files:
    """What one station exports."""
    return export(table[at].sit(), level)


def cards(table: Table) -> Trust:
    """The cards of all stations, as an auditor would have them from the holders."""
    return [(f"{name}.card.json", card_line(station.card)) for name, station in table.stations.items()]


def fingerprint(table: Table) -> Trust:
    return [("fingerprint", table.charter.group.encode())]


def report_of(table: Table, level: str = "auditor", **change: bytes) -> Report:
    """The audit of an export with the group's fingerprint as the anchor."""
    return audit(shown(table, level) | change, fingerprint(table))


def of_stick(table: Table, stick: Stick | None = None) -> Report:
    """The audit of a whole transcript that holds just the entries of a stick, without seals."""
    log = log_of(entries(table.stick if stick is None else stick))
    return audit({TRANSCRIPT: b"".join(entry.line() for entry in log.ordered())}, fingerprint(table))


def grave(report: Report) -> list[str]:
    """The names of all findings but notes and the remark that this is a rehearsal, in order."""
    return [f.check for f in report.findings if f.severity != "note" and f.check != "MODE-REHEARSAL"]


def one(report: Report, check: str) -> Finding:
    """The only finding with this name."""
    found = [finding for finding in report.findings if finding.check == check]
    assert len(found) == 1, f"{check} found {len(found)} times among {[f.check for f in report.findings]}"
    return found[0]


def lines(files: Files) -> list[bytes]:
    return files[TRANSCRIPT].splitlines(keepends=True)


def edited(files: Files, edit: Callable[[Entry], Entry | bytes | None]) -> Files:
    """The files with every entry of the transcript passed through `edit`; None takes the line out."""
    new = [edit(parse_line(line)) for line in lines(files)]
    return files | {TRANSCRIPT: b"".join(e if isinstance(e, bytes) else e.line() for e in new if e is not None)}


def with_lines(files: Files, extra: Iterable[Entry | bytes]) -> Files:
    """The files with lines added at the end of the transcript."""
    more = b"".join(e if isinstance(e, bytes) else e.line() for e in extra)
    return files | {TRANSCRIPT: files[TRANSCRIPT] + more}
