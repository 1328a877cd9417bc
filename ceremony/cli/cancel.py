"""`ceremony cancel ID --reason`: end a ceremony by saying so, after the consequence was read."""

from __future__ import annotations

from typing import Annotated

import typer

from ceremony.base.errors import Refused, UsageFault
from ceremony.cli.views_text import short
from ceremony.cli.wiring import sitting
from ceremony.station import steps_notes
from ceremony.station.world import Question

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def command(ctx: typer.Context,
            ceremony: Annotated[str, typer.Argument(help="The ceremony: first letters of its id.", metavar="ID")],
            reason: Annotated[str, typer.Option(help="Why; it is recorded.", metavar="TEXT")]) -> int:
    """Stop a ceremony that is under way, for a reason that is recorded."""
    with sitting(ctx.obj) as here:
        reason = steps_notes.check_text(reason)
        desk = here.desk()
        one = desk.state.ceremony(ceremony) if ceremony else None
        if one is None:
            raise UsageFault("CEREMONY-UNKNOWN", "no ceremony of this group, or more than one, begins with those "
                             "letters", meaning="Nothing was recorded.", do="Look at `ceremony status` for the ids.")
        consequence = steps_notes.check_cancel(desk, one)
        here.screen.line(consequence)
        desk.vault = here.unlock()
        if here.world.asker.ask(Question("cancel.yes", "yes", f"Type Yes to cancel {short(one.id)}.",
                                         consequence)) != "Yes":
            raise Refused("HOLDER-DECLINED", "you did not say Yes", meaning="Nothing was recorded.",
                          do="Run the command again if you want to cancel.")
        steps_notes.cancel(desk, one, reason)
        here.screen.line(f"Cancelled {short(one.id)}. Next: `ceremony go --usb DIR`, so that the others learn of it.")
        here.answer({"state": "finished", "ceremony": one.id, "consequence": consequence})
    return 0
