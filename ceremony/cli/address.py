"""`ceremony address`: where to be paid. Shown only when every station has acknowledged the key."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from ceremony.base.errors import Refused, UsageFault
from ceremony.ceremonies.signing import account_of
from ceremony.chains.bitcoin.account import account_descriptor, taproot_key
from ceremony.chains.bitcoin.address import describe
from ceremony.chains.bitcoin.networks import NETWORKS
from ceremony.cli.views_text import grouped, listed, seen
from ceremony.cli.wiring import sitting
from ceremony.station.desk import Desk

app = typer.Typer(add_completion=False, rich_markup_mode=None)
RANGE = re.compile(r"([0-9]{1,10})(?:-([0-9]{1,10}))?")
MOST, HARDENED = 100, 2**31


@app.command()
def command(ctx: typer.Context,
            change: Annotated[bool, typer.Option("--change", help="Change addresses instead of receive ones.")] = False,
            index: Annotated[str, typer.Option(help="Which addresses.", metavar="A-B")] = "0",
            descriptor: Annotated[bool, typer.Option("--descriptor", help="Also the descriptor for watch-only wallets.")
                                  ] = False) -> int:
    """Show addresses of the group's key, and its descriptor for watch-only wallets."""
    with sitting(ctx.obj) as here:
        desk = here.desk()
        first, last = _range(index)
        account, rows = _account(desk), []
        here.screen.heading(f"{'Change' if change else 'Receive'} addresses of “{seen(_name(desk), 60)}” on "
                            f"{desk.state.charter.network}")
        warning = _warning(desk)
        if warning:
            here.screen.warn(warning)
        for at in range(first, last + 1):
            script = taproot_key(account, int(change), at).script
            address = describe(script, NETWORKS[desk.state.charter.network]).address
            here.screen.fact(f"{int(change)}/{at}", grouped(address))
            here.screen.copyable("  to copy", address)
            rows.append({"path": f"{int(change)}/{at}", "address": address})
        text = account_descriptor(account)
        if descriptor:
            here.screen.copyable("Descriptor", text)
        here.answer({"state": "finished", "addresses": rows, "descriptor": text, "warning": warning,
                     "network": desk.state.charter.network, "key": desk.state.key.id})
    return 0


def _name(desk: Desk) -> str:
    return desk.state.charter.body["name"]


def _account(desk: Desk):
    if desk.state.key is None:
        raise Refused("ADDRESS-NO-KEY", "this group has no key that all its stations have acknowledged",
                      meaning="Money sent to a key that somebody may not hold could be lost.",
                      do="Finish the key generation; `ceremony status` says who owes what.")
    return account_of(desk.state.key, desk.state.charter.network)


def _warning(desk: Desk) -> str:
    if desk.mode == "rehearsal":
        return "Rehearsal: play money only. Never send real coins to this address."
    missing = desk.state.missing_backups()
    return f"Do not fund this key yet: {listed(missing)} has not read a backup back." if missing else ""


def _range(text: str) -> tuple[int, int]:
    found = RANGE.fullmatch(text)
    first = int(found[1]) if found else -1
    last = int(found[2] or found[1]) if found else -1
    if not 0 <= first <= last < HARDENED or last - first >= MOST:
        raise UsageFault("ADDRESS-INDEX", f"--index is one number or a range A-B of at most {MOST}, below 2^31",
                         meaning="Nothing was done.", do="For example: --index 0-4")
    return first, last
