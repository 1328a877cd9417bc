"""`ceremony prepare`: nonces for later requests, made when there is time; `go` does it by itself when few are left."""

from __future__ import annotations

from typing import Annotated

import typer

from ceremony.base.errors import Refused, UsageFault
from ceremony.cli.wiring import sitting
from ceremony.station import copies
from ceremony.station.steps_sign import NONCES_AHEAD, prepare_nonces

app = typer.Typer(add_completion=False, rich_markup_mode=None)
MOST = 1000


@app.command()
def command(ctx: typer.Context,
            nonces: Annotated[int, typer.Option(help="How many for each other holder; one serves one input.",
                                                metavar="N")] = NONCES_AHEAD) -> int:
    """Prepare nonces for requests that other holders may open, so that signing takes one round."""
    if not 1 <= nonces <= MOST:
        raise UsageFault("PREPARE-NUMBER", f"--nonces is a number from 1 to {MOST}", meaning="Nothing was done.",
                         do="For example: --nonces 20")
    with sitting(ctx.obj) as here:
        desk = here.desk()
        if desk.state.key is None:
            raise Refused("PREPARE-NO-KEY", "this group has no key yet", meaning="Nothing was done.",
                          do="Make one with `ceremony open keygen`.")
        copies.require_member(desk)
        desk.vault = here.unlock()
        said = prepare_nonces(desk, nonces)
        here.screen.line(f"{desk.name} {said}.")
        here.screen.line("Next: `ceremony go --usb DIR`, so that the others can use them.")
        here.answer({"state": "finished", "did": [said]})
    return 0
