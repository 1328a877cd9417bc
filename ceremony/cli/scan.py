"""`ceremony scan SOURCE`: say what a file or folder is, by its content and never by its name."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from ceremony.base.errors import Fault, LocalFault
from ceremony.base.limits import MAX_PACK_BYTES
from ceremony.cli import files, recognise, screen, views_sign
from ceremony.cli.recognise import Found
from ceremony.cli.screen import Screen
from ceremony.cli.settings import Settings
from ceremony.cli.views_text import seen
from ceremony.cli.wiring import sitting
from ceremony.chains.bitcoin.psbt import Psbt, read_psbt
from ceremony.station.steps_sign import examined

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def command(ctx: typer.Context,
            source: Annotated[Path, typer.Argument(help="A file, a stick or a transcript.", metavar="SOURCE")]) -> int:
    """Say what a file is: entry, packed ceremony, card, plan, PSBT, seal, signature, backup, transcript or stick."""
    settings: Settings = ctx.obj
    view = screen.out(settings)
    if os.path.isdir(source):
        found, raw = recognise.folder(source), b""
    else:
        raw = files.read(source, MAX_PACK_BYTES)
        found = recognise.file(raw)
    _show(view, found)
    request = _request(settings, view, read_psbt(raw)) if found.what == "PSBT" else {}
    screen.answer(settings, {"state": "finished", "what": found.what, "facts": dict(found.facts), **request})
    return 0


def _show(view: Screen, found: Found) -> None:
    view.heading(f"This is: {found.what}.")
    for label, value in found.facts:
        view.fact(label, seen(value, 400))
    for text in found.remarks:
        view.line(text)


def _request(settings: Settings, view: Screen, psbt: Psbt) -> dict:
    """What the PSBT would do to this station's group, if there is one with a key."""
    try:
        with sitting(settings) as here:
            desk = here.desk()
            if desk.state.key is None:
                view.line("This station's group has no key yet, so only the form was read.")
                return {}
            request = examined(desk, psbt.serialize())
            view.heading(f"For the key of “{seen(desk.state.charter.body['name'], 60)}” it means:")
            views_sign.request(view, request, desk.state.charter.body["name"])
            return {"request": request.facts()}
    except LocalFault as fault:
        if fault.check != "HOME-MISSING":
            raise
        view.line("There is no station here, so only the form was read.")
    except Fault as fault:
        view.warn(f"This station would not sign it: {fault.seen} ({fault.check}).")
        return {"refused": fault.as_json()}
    return {}
