"""`ceremony open …`: begin a ceremony. An opening is one entry of this station; it never touches a medium."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ceremony.base.errors import UsageFault
from ceremony.base.ids import Name
from ceremony.ceremonies.owed import next_stop
from ceremony.chains.bitcoin.psbt import MAX_TEXT_BYTES, read_psbt
from ceremony.cli import files, views_charter, views_sign
from ceremony.cli.views_text import count, listed, seen, short
from ceremony.cli.wiring import Sitting, sitting
from ceremony.station.desk import Desk
from ceremony.station.steps_keygen import check_keygen, open_keygen
from ceremony.station.steps_sign import check_sign, open_sign

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None,
                  help="Open a key generation or a signing request.")
Look = Annotated[bool, typer.Option("--look", help="Show what would be opened, and change nothing.")]


@app.command()
def keygen(ctx: typer.Context, look: Look = False) -> int:
    """Open the group's key generation."""
    with sitting(ctx.obj) as here:
        desk = here.desk()
        check_keygen(desk)
        charter, view = desk.state.charter, here.screen
        view.heading(f"Key generation for “{seen(charter.body['name'], 60)}”: {charter.t} of {charter.n}")
        view.line(f"Taking part: {listed(charter.names)}.")
        views_charter.worth(view, charter, desk.state.members.machines())
        if look:
            view.line("Nothing was opened.")
            here.answer({"state": "looked", "kind": "keygen", "names": list(charter.names), "t": charter.t})
            return 0
        desk.vault = here.unlock()
        return _opened(here, desk, "keygen", open_keygen(desk).id)


@app.command()
def sign(ctx: typer.Context,
         file: Annotated[Path, typer.Argument(help="The PSBT: binary, base64 or hex.", metavar="FILE")],
         signers: Annotated[str | None, typer.Option(help="Who signs, with commas between the names.",
                                                     metavar="A,B")] = None,
         replaces: Annotated[str | None, typer.Option(help="A request whose coins this one may spend instead.",
                                                      metavar="ID")] = None,
         look: Look = False) -> int:
    """Open a request to sign a transaction."""
    with sitting(ctx.obj) as here:
        psbt = read_psbt(files.read(file, MAX_TEXT_BYTES)).serialize()
        desk = here.desk()
        chosen = tuple(Name(name.strip()) for name in signers.split(",")) if signers is not None else None
        old = [_replaced(desk, replaces)] if replaces is not None else []
        request, who = check_sign(desk, psbt, chosen, old)
        here.screen.heading("What this transaction does")
        views_sign.request(here.screen, request, desk.state.charter.body["name"])
        here.screen.line(f"To be signed by {listed(who)}.")
        views_charter.worth(here.screen, desk.state.charter, desk.state.members.machines())
        if look:
            here.screen.line("Nothing was opened.")
            here.answer({"state": "looked", "kind": "sign", "request": request.facts(), "signers": list(who)})
            return 0
        desk.vault = here.unlock()
        return _opened(here, desk, "sign", open_sign(desk, psbt, who, old).id)


def _replaced(desk: Desk, prefix: str) -> str:
    found = [signing.id for signing in desk.state.signings if prefix and signing.id.startswith(prefix)]
    if len(found) != 1:
        raise UsageFault("CEREMONY-UNKNOWN", f"{count(len(found), 'request')} of this group begin with those letters",
                         meaning="Nothing was opened.", do="Look at `ceremony status` for the ids.")
    return found[0]


def _opened(here: Sitting, desk: Desk, kind: str, id: str) -> int:
    here.screen.line(f"Opened {'key generation' if kind == 'keygen' else 'request'} {short(id)}.")
    here.screen.line("Next: `ceremony go --usb DIR` here; it asks you for your own part and writes the stick.")
    stop = next_stop(desk.state, desk.name, {})
    here.answer({"state": "waiting", "kind": kind, "ceremony": id,
                 "next": {"name": stop[0], "why": stop[1]} if stop else {}})
    return 0
