"""`ceremony rehearse`: a whole ceremony with play money, and the play money for one that people drive by hand."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from ceremony.base.errors import UsageFault
from ceremony.ceremonies.signing import account_of
from ceremony.chains.bitcoin.account import account_descriptor
from ceremony.cli import files, screen
from ceremony.cli.settings import Settings
from ceremony.cli.wiring import sitting
from ceremony.devices.usb_write import write_stick

CHAIN, REQUEST = "rehearsal-chain.json", "rehearsal-request.psbt"
MAX_HEX_BYTES, MAX_CHAIN_BYTES = 8_000_000, 50_000_000

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def command(ctx: typer.Context,
            threshold: Annotated[int, typer.Option(help="Signers needed.", metavar="T")] = 2,
            stations: Annotated[int, typer.Option(help="Stations.", metavar="N")] = 3,
            order_seed: Annotated[int | None, typer.Option(help="Visit the stations in an order of chance.",
                                                           metavar="S")] = None,
            keep: Annotated[Path | None, typer.Option(help="A new folder for everything that is made.",
                                                      metavar="DIR")] = None,
            fund: Annotated[Path | None, typer.Option(
                help="By hand: write a play chain that pays this group, and a request.", metavar="DIR")] = None,
            connect: Annotated[Path | None, typer.Option(
                help="By hand: have Bitcoin Core's code judge a signed transaction.", metavar="TX")] = None,
            chain: Annotated[Path | None, typer.Option(help="The play chain that --fund wrote.",
                                                       metavar="FILE")] = None) -> int:
    """See a whole ceremony with play money: stations, key, signature, transcript, audit."""
    settings: Settings = ctx.obj
    if fund is not None:
        return _fund(settings, fund)
    if connect is not None:
        return _connect(settings, connect, chain)
    view = screen.NoScreen() if settings.json else screen.PlainScreen(screen.OUT)
    main = import_module("ceremony.rehearsal.run").main  # a sibling floor, which drives this one from outside
    folder = main(threshold, stations, order_seed, keep, lambda text: [view.line(one) for one in text.split("\n")])
    screen.answer(settings, {"state": "finished", "folder": str(folder)})
    return 0


def _fund(settings: Settings, folder: Path) -> int:
    """Play money for the group of a rehearsal home: a chain file, and a PSBT that spends it."""
    with sitting(settings) as here:
        desk = here.desk()
        if here.mode != "rehearsal" or desk.state.key is None:
            raise UsageFault("REHEARSE-FUND", "only a rehearsal group that has its key can be given play money",
                             meaning="Nothing was written.", do="Finish its key generation first.")
        descriptor = account_descriptor(account_of(desk.state.key, desk.state.charter.network))
        chain, psbt = import_module("ceremony.rehearsal.coins").fund(descriptor, desk.group.id)
        done = write_stick(files.folder(folder, make=True), {CHAIN: chain, REQUEST: psbt})
        used = [dict(done.beside).get(path, path) for path in (CHAIN, REQUEST)]
        here.screen.line(f"{used[0]}: a chain of play money that pays this group's first two addresses.")
        here.screen.line(f"{used[1]}: a request that spends it; `ceremony open sign` takes it.")
        here.answer({"state": "finished", "files": used})
    return 0


def _connect(settings: Settings, transaction: Path, chain: Path | None) -> int:
    """The verdict of Bitcoin Core's consensus code on a raw transaction and on its twin with one bit flipped."""
    if chain is None:
        raise UsageFault("REHEARSE-CHAIN", "--connect needs the chain that --fund wrote",
                         meaning="Nothing was checked.", do=f"Add --chain {CHAIN}.")
    try:
        raw = bytes.fromhex(files.read(transaction, MAX_HEX_BYTES).decode("ascii").strip())
    except ValueError:
        raise UsageFault("REHEARSE-TX", "that file is no raw transaction in hex", meaning="Nothing was checked.",
                         do="Use the .tx file that `ceremony result` wrote.") from None
    verdict = import_module("ceremony.rehearsal.coins").connect(files.read(chain, MAX_CHAIN_BYTES), raw)
    view = screen.out(settings)
    view.line(f"Bitcoin Core's code connects the transaction: height {verdict.before} to {verdict.after}.")
    view.line("The same transaction with one bit flipped it refuses.")
    screen.answer(settings, {"state": "finished", "before": verdict.before, "after": verdict.after})
    return 0
