"""What `go` tells: what came in, what was refused and whose, what was done, and in one sentence what is next."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ceremony.base.errors import Fault
from ceremony.ceremonies.overview import overview
from ceremony.cli import views_next
from ceremony.cli.faults import sentences
from ceremony.cli.screen import Screen
from ceremony.cli.views_text import count, grouped, listed, owes, seen
from ceremony.record.entry import Entry
from ceremony.station import go

if TYPE_CHECKING:
    from ceremony.cli.go import Visit


def report(screen: Screen, visit: Visit, usb: Path | None, look: bool) -> dict[str, Any]:
    """Print one visit; gives the same as a value for --json."""
    desk = visit.desk
    view = overview(desk.state, desk.name, desk.seals_missing(), desk.label)
    screen.heading(f"{desk.name} in “{seen(view['name'], 60)}” ({grouped(desk.group.id[:16])} …)")
    _came_in(screen, visit, usb)
    _refused(screen, visit)
    if look:
        asked = go.todo(desk)
        screen.line(f"Then {owes(desk.name, [row.step for row in asked])}." if asked else "Then nothing is owed here.")
        screen.line("This was only a look: nothing was taken in, done or written.")
    else:
        _done(screen, visit, usb)
    news = [] if look else views_next.news(visit.before, view)
    for text in news:
        screen.line(text)
    last = views_next.closing(view)
    screen.line(last)
    return _as_json(visit, view, look) | {"news": news, "closing": last}


def _came_in(screen: Screen, visit: Visit, usb: Path | None) -> None:
    held, seals = visit.taken.held, visit.taken.seals
    if held:
        by = Counter(entry.author for entry in held)
        screen.line(f"Came in: {count(len(held), 'entry', 'entries')} "
                    f"({listed(f'{number} of {name}' for name, number in sorted(by.items()))}).")
    if seals:
        screen.line(f"Came in: {count(seals, 'signature')} under ended ceremonies.")
    if usb is not None and not held and not seals:
        screen.line("Nothing new on the stick.")
    if visit.taken.waiting:
        screen.line(f"{count(visit.taken.waiting, 'entry waits', 'entries wait')} for an earlier one that has not "
                    "arrived; another stick may hold it.")


def _refused(screen: Screen, visit: Visit) -> None:
    for where, fault in visit.taken.refused:
        screen.warn(f"Refused {seen(where, 200)}: {fault.seen} ({fault.check}).")
        _rest(screen, fault)
    for fault in visit.taken.forks:
        screen.warn(f"{fault.seen} ({fault.check}).")
        _rest(screen, fault)
    for name, what in visit.problems:
        screen.line(f"Not taken: {seen(name, 200)}: {what}.")


def _done(screen: Screen, visit: Visit, usb: Path | None) -> None:
    for text in visit.done.did:
        screen.line(f"Done: {visit.desk.name} {text}.")
    for row in visit.done.later:
        screen.line(f"Left for later: {owes(visit.desk.name, [row.step])}.")
    for fault in visit.done.faults:
        screen.warn(f"{fault.seen} ({fault.check}).")
        _rest(screen, fault)
    if visit.stopped:
        for text in sentences(visit.stopped):
            screen.line(text)
    if not visit.done.did and not visit.done.later and not visit.done.faults and not visit.stopped:
        screen.line("Nothing to do here.")
    if usb is not None and visit.written:
        screen.line(f"Written to the stick: {count(len(visit.written), 'file')}.")


def _rest(screen: Screen, fault: Fault) -> None:
    for text in sentences(fault)[1:]:
        screen.line(f"  {text}")


def invited(screen: Screen, founding: Entry) -> None:
    """With --look, a group on the stick that this station is asked to join."""
    screen.line(f"The stick holds the charter of “{seen(founding.body['name'], 60)}” "
                f"({grouped(founding.group[:16])} …), which lists this station. `ceremony go` takes it up.")


def strangers(screen: Screen, folders: list[str]) -> None:
    """Groups on the stick that are not this station's."""
    for one in folders:
        screen.line(f"The stick also holds group {grouped(one)} …, which does not list this station: left alone.")


def _as_json(visit: Visit, view: dict[str, Any], look: bool) -> dict[str, Any]:
    return {"state": "looked" if look else views_next.state(view), "group": view["group"], "me": view["me"],
            "standing": view["standing"], "sentence": views_next.closing(view),
            "held": [{"id": e.id, "author": e.author, "kind": e.kind} for e in visit.taken.held],
            "seals": visit.taken.seals, "waiting": visit.taken.waiting,
            "refused": [{"where": where, **fault.as_json()} for where, fault in visit.taken.refused],
            "forks": [fault.as_json() for fault in visit.taken.forks],
            "problems": [{"file": name, "what": what} for name, what in visit.problems],
            "did": visit.done.did, "later": [row.step for row in visit.done.later],
            "faults": [fault.as_json() for fault in visit.done.faults],
            "stopped": visit.stopped.as_json() if visit.stopped else {},
            "written": visit.written, "next": view["next"], "owed": view["owed"], "founded": view["founded"],
            "key": view["key"], "ceremonies": view["ceremonies"]}
