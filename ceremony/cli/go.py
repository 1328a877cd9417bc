"""`ceremony go`, the one verb: read the medium, take in what is new, do what is owed, write it, say what is next.

Every step inside is a commit of its own. What stops one step does not keep the rest from the medium.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

from ceremony.base.errors import Fault, Unattributed, UsageFault
from ceremony.cli import faults, files, views_go
from ceremony.cli.wiring import Sitting, sitting
from ceremony.devices.usb import StickContents, card_path, list_groups, read_stick
from ceremony.devices.usb_write import pack_ended, write_stick
from ceremony.record.card import card_line
from ceremony.station import founding, go, intake, outbox
from ceremony.station.desk import Desk
from ceremony.station.member import choose_group, own_card
from ceremony.station.rows import GroupRow

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@dataclass(slots=True)
class Visit:
    """What one visit did in one group. stopped: the fault that ended the work here, after which the rest went on."""

    desk: Desk
    taken: intake.Intake
    problems: list[tuple[str, str]]
    before: dict[str, Any]
    done: go.Done = field(default_factory=go.Done)
    stopped: Fault | None = None
    written: list[str] = field(default_factory=list)

    def faults(self) -> list[Fault]:
        """All that went wrong."""
        found = [fault for _, fault in self.taken.refused] + self.taken.forks + self.done.faults
        return found + ([self.stopped] if self.stopped else []) + [
            Unattributed("STICK-FILE", f"{name}: {what}") for name, what in self.problems
            if not what.endswith("left alone")]


@app.command()
def command(ctx: typer.Context,
            usb: Annotated[Path | None, typer.Option(help="The stick: a folder that is there.", metavar="DIR")] = None,
            look: Annotated[bool, typer.Option("--look", help="Show what would come in and be asked; change nothing.")
                            ] = False) -> int:
    """Take in what the stick brings, do what this station owes, write the stick, say what is next."""
    with sitting(ctx.obj) as here:
        if usb is not None:
            _check_stick(here, usb)
        rows, strangers = _groups(here, usb, look)
        visits = [_visit(here, row, usb, look) for row in rows]
        reports = [views_go.report(here.screen, visit, usb, look) for visit in visits]
        views_go.strangers(here.screen, strangers)
        here.answer(_as_json(here, reports, strangers))
        return max((_code(visit) for visit in visits), default=0)


def _check_stick(here: Sitting, usb: Path) -> None:
    place, home = files.folder(usb).resolve(), here.home.path.resolve()
    if place == home or home in place.parents:
        raise UsageFault("STICK-IS-HOME", "the stick that was named is this station's own home",
                         meaning="Nothing was done.", do="Name the folder where the stick is mounted.")


def _groups(here: Sitting, usb: Path | None, look: bool) -> tuple[list[GroupRow], list[str]]:
    """The groups that this visit is about, and the folders of groups on the stick that do not list this station."""
    wanted, known = here.settings.group or "", here.store.groups()
    if usb is None:
        return [choose_group(here.store, here.settings.group)], []
    on_stick = [one for one in list_groups(usb) if one.startswith(wanted[:16])]
    strangers = []
    for one in on_stick:
        if not any(row.id.startswith(one) for row in known) and not _join(here, usb, one, look):
            strangers.append(one)
    rows = [row for row in here.store.groups() if row.id[:16] in on_stick and row.id.startswith(wanted)]
    if not rows and (here.store.groups() or not on_stick):
        rows = [choose_group(here.store, here.settings.group)]
    return rows, strangers


def _join(here: Sitting, usb: Path, group16: str, look: bool) -> bool:
    """Take up a group whose founding entry on the stick lists this station's card."""
    founded = founding.find_founding(read_stick(usb, group16).lines)
    if founded is None or own_card(here.store) not in founded.body["stations"]:
        return False
    if look:
        views_go.invited(here.screen, founded)
        return True
    return founding.join_found(here.store, founded) is not None


def _visit(here: Sitting, row: GroupRow, usb: Path | None, look: bool) -> Visit:
    contents = read_stick(usb, row.id[:16]) if usb is not None else StickContents()
    desk = here.desk(row)
    before = here.store.view(row.id, "status") or {}
    if look:
        return Visit(desk, intake.look(desk, contents.lines), contents.problems, before)
    visit = Visit(desk, intake.take_in(desk, contents.lines, contents.seals), contents.problems, before)
    try:
        visit.done = go.run(desk, here.unlock)
    except Fault as fault:
        visit.stopped = fault
    if usb is not None:
        try:
            visit.written = _write(here, desk, usb)
        except Fault as fault:
            visit.stopped = visit.stopped or fault
    return visit


def _write(here: Sitting, desk: Desk, usb: Path) -> list[str]:
    """Put what this station holds onto the stick; the same bytes every time."""
    card = own_card(here.store)
    loose = outbox.loose(desk) | outbox.seals(desk) | {card_path(card["name"]): card_line(card)}
    written = write_stick(usb, loose).written
    for ceremony, lines in outbox.packed(desk).items():
        pack_ended(usb, desk.group.id, ceremony, lines)
    return written


def _code(visit: Visit) -> int:
    return visit.stopped.exit_code if visit.stopped else faults.worst(visit.faults())


def _as_json(here: Sitting, reports: list[dict[str, Any]], strangers: list[str]) -> dict[str, Any]:
    waiting = any(report["state"] == "waiting" for report in reports)
    whole = {"state": "waiting" if waiting else "finished", "groups": reports, "strangers": strangers,
             "asked": here.world.asker.asked}  # type: ignore[attr-defined]
    return whole | (reports[0] if len(reports) == 1 else {})
