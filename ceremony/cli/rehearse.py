"""`ceremony rehearse`: a whole ceremony with play money, driven from outside by the rehearsal package."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from ceremony.cli import screen
from ceremony.cli.settings import Settings

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def command(ctx: typer.Context,
            threshold: Annotated[int, typer.Option(help="Signers needed.", metavar="T")] = 2,
            stations: Annotated[int, typer.Option(help="Stations.", metavar="N")] = 3,
            order_seed: Annotated[int | None, typer.Option(help="Visit the stations in an order of chance.",
                                                           metavar="S")] = None,
            keep: Annotated[Path | None, typer.Option(help="A new folder for everything that is made.",
                                                      metavar="DIR")] = None) -> int:
    """See a whole ceremony with play money: stations, key, signature, transcript, audit."""
    settings: Settings = ctx.obj
    view = screen.NoScreen() if settings.json else screen.PlainScreen(screen.OUT)
    main = import_module("ceremony.rehearsal.run").main  # a sibling floor, which drives this one from outside
    folder = main(threshold, stations, order_seed, keep, lambda text: [view.line(one) for one in text.split("\n")])
    screen.answer(settings, {"state": "finished", "folder": str(folder)})
    return 0
