"""`ceremony transcript export`: the record as a folder that an auditor checks without trusting anybody here."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ceremony.cli import files
from ceremony.cli.views_text import count, grouped
from ceremony.cli.wiring import sitting
from ceremony.record.heads import heads_hash
from ceremony.station.transcript import export as files_of
from ceremony.station.transcript import folder_name

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None,
                  help="Export the record for an auditor.")
SHOWS = {"public": "It shows who said what kind of thing when, and no contents: no key and no transaction.",
         "auditor": "It shows everything but what is internal. Whoever has it sees all addresses of the group.",
         "internal": "It shows everything. Whoever has it sees all addresses of the group."}


@app.callback()
def noun() -> None:
    """Export the record for an auditor."""


@app.command(short_help="Write the record, the seals and the procedure.")
def export(ctx: typer.Context,
           to: Annotated[Path, typer.Option(help="Where the folder of the transcript is made.", metavar="DIR")],
           level: Annotated[str, typer.Option(help="public, auditor or internal: whose bodies are shown.",
                                              metavar="LEVEL")] = "auditor") -> int:
    """Write the record, the seals and their signatures, and the procedure that checks them with stock tools."""
    with sitting(ctx.obj) as here:
        desk = here.desk()
        whole = files_of(desk, level)
        place = files.write_folder(files.folder(to, make=True), folder_name(desk.group.id, level), whole)
        heads = heads_hash(desk.log)
        here.screen.fact("Folder", place.name)
        here.screen.fact("Holds", count(len(whole), "file"))
        here.screen.fact("Heads", grouped(heads))
        here.screen.line(SHOWS[level])
        here.screen.line(f"Next: `ceremony verify {place.name} --trust …` on the auditor's machine, or `sh check.sh`.")
        here.answer({"state": "finished", "folder": str(place), "files": sorted(whole), "heads_hash": heads,
                     "level": level})
    return 0
