"""`ceremony declare WHAT NAME --text`: put on record that a station is away or not to be trusted, or a deviation."""

from __future__ import annotations

from typing import Annotated

import typer

from ceremony.base.errors import Refused
from ceremony.cli.wiring import sitting
from ceremony.station import steps_notes
from ceremony.station.world import Question

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def command(ctx: typer.Context,
            what: Annotated[str, typer.Argument(help="absent, compromised or deviation.", metavar="WHAT")],
            name: Annotated[str, typer.Argument(help="The station it is about.", metavar="NAME")],
            text: Annotated[str, typer.Option(help="What happened; it is recorded.", metavar="TEXT")]) -> int:
    """Record that a station is compromised or absent, or that something was not done as the procedure says."""
    with sitting(ctx.obj) as here:
        text = steps_notes.check_text(text)
        desk = here.desk()
        consequence = steps_notes.check_declare(desk, what, name)
        here.screen.line(consequence)
        desk.vault = here.unlock()
        if here.world.asker.ask(Question("declare.yes", "yes", f"Type Yes to declare {name} {what} for the record.",
                                         consequence)) != "Yes":
            raise Refused("HOLDER-DECLINED", "you did not say Yes", meaning="Nothing was recorded.",
                          do="Run the command again if you want it on record.")
        entry = steps_notes.declare(desk, what, name, text)
        here.screen.line("Recorded. Next: `ceremony go --usb DIR`, so that the others learn of it.")
        here.answer({"state": "finished", "entry": entry.id, "consequence": consequence})
    return 0
