"""`ceremony evidence export`: the signed entries that show who broke which rule, for others to judge."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ceremony.cli import files
from ceremony.cli.wiring import sitting
from ceremony.devices.usb_write import write_stick
from ceremony.station.transcript import export_evidence

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None,
                  help="Export the entries that show who broke a rule.")


@app.callback()
def noun() -> None:
    """Export the entries that show who broke a rule."""


@app.command(short_help="Write the evidence about a ceremony or an entry.")
def export(ctx: typer.Context,
           about: Annotated[str, typer.Argument(help="A ceremony or entry: first letters of its id.", metavar="ID")],
           to: Annotated[Path, typer.Option(help="The folder to write into.", metavar="DIR")]) -> int:
    """Write the evidence about a ceremony or an entry, with the entries that it rests on."""
    with sitting(ctx.obj) as here:
        whole = export_evidence(here.desk(), about)
        done = write_stick(files.folder(to, make=True), whole)
        used = [dict(done.beside).get(path, path) for path in whole]
        for name in used:
            here.screen.fact("Wrote", name)
        here.screen.line("Anybody can run the same check again on these files: `ceremony verify FILES --trust …`.")
        here.answer({"state": "finished", "files": used})
    return 0
