"""What leaves a station: held entries and seal signatures, read back from the store, named for people.

`go` re-sends and never re-signs: the files below are the same bytes on every medium, for ever.
"""

from __future__ import annotations

from ceremony.ceremonies.sealing import ended, seal_of
from ceremony.record.entry import Entry
from ceremony.station.desk import Desk
from ceremony.station.seals import fitting


def folder(group: str) -> str:
    """The group's folder on a medium."""
    return f"ceremony-{group[:16]}"


def file_name(entry: Entry) -> str:
    """A name that helps people; what the file is, its content says."""
    ceremony = entry.ceremony[:8] or "none"
    return f"{entry.author}-{entry.inc}-{entry.seq}-{ceremony}-{entry.kind}-{entry.id[:8]}.json"


def packed(desk: Desk) -> dict[str, list[bytes]]:
    """The lines of every ended ceremony, opening first, by ceremony id: one packed file each."""
    return {over.id: [entry.line() for entry in desk.log.of_ceremony(over.id)] for over in ended(desk.state)}


def loose(desk: Desk) -> dict[str, bytes]:
    """Every entry that is in no packed file."""
    done = {over.id for over in ended(desk.state)}
    return {f"{folder(desk.group.id)}/{file_name(entry)}": entry.line() for entry in desk.log.ordered()
            if entry.id not in done and entry.ceremony not in done}


def seals(desk: Desk) -> dict[str, bytes]:
    """The seal text of every ended ceremony, for witnesses, and all signatures that are held."""
    files = {}
    for over in ended(desk.state):
        base = f"{folder(desk.group.id)}/seals/{over.id}"
        files[f"{base}.seal"] = seal_of(desk.state, over).text()
        for row in fitting(desk.state, over, desk.store.seals(over.id)):
            files[f"{base}-{row.signer}-{row.inc}.sig"] = row.sig.encode("ascii")
    return files
