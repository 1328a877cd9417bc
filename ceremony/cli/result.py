"""`ceremony result ID --to DIR`: the signed transaction of a finished request, as files that are never overwritten."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Annotated

import typer

from ceremony.base.errors import Refused, UsageFault
from ceremony.ceremonies.keygen import Keygen
from ceremony.ceremonies.signing import Signing
from ceremony.cli import files
from ceremony.cli.views_status import STATES
from ceremony.cli.views_text import grouped, short
from ceremony.cli.wiring import sitting
from ceremony.devices.usb_write import write_stick
from ceremony.station.desk import Desk

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def command(ctx: typer.Context,
            ceremony: Annotated[str, typer.Argument(help="The request: first letters of its id.", metavar="ID")],
            to: Annotated[Path, typer.Option(help="The folder to write into.", metavar="DIR")]) -> int:
    """Write the signed transaction of a finished request: PSBT (binary and base64) and raw transaction."""
    with sitting(ctx.obj) as here:
        signing = find_signing(here.desk(), ceremony)
        psbt, transaction = signing.finished()
        name = signing.request.txid[:16]
        wanted = {f"{name}.psbt": psbt, f"{name}.psbt.txt": base64.b64encode(psbt) + b"\n",
                  f"{name}.tx": transaction.hex().encode() + b"\n"}
        done = write_stick(files.folder(to, make=True), wanted)
        used = [dict(done.beside).get(path, path) for path in wanted]
        here.screen.fact("Transaction", grouped(signing.request.txid))
        for path, text in zip(used, ("finalised PSBT, binary", "finalised PSBT, base64", "raw transaction, hex")):
            here.screen.fact(path, text)
        here.screen.line("Next: broadcast it from an online machine, for instance with the watch-only wallet.")
        here.answer({"state": "finished", "ceremony": signing.id, "txid": signing.request.txid, "files": used,
                     "transaction": transaction.hex()})
    return 0


def find_signing(desk: Desk, prefix: str) -> Signing:
    """The finished request whose id begins so."""
    one = desk.state.ceremony(prefix) if prefix else None
    if one is None:
        raise UsageFault("CEREMONY-UNKNOWN", "no ceremony of this group, or more than one, begins with those letters",
                         meaning="Nothing was written.", do="Look at `ceremony status` for the ids.")
    if isinstance(one, Keygen):
        raise Refused("RESULT-KEYGEN", "a key generation has no file for its result", meaning="Nothing was written.",
                      do="Use `ceremony address`.")
    if one.status != "done":
        raise Refused("RESULT-UNFINISHED", f"request {short(one.id)} is not finished: {STATES[one.status]}",
                      meaning="Nothing was written.", do="Look at `ceremony status` for who owes what.")
    return one
