"""`ceremony status`: what is under way and who owes what, read from the kept view. No passphrase, no computing."""

from __future__ import annotations

from typing import Any

import typer

from ceremony.cli import screen, views_status
from ceremony.cli.settings import Settings
from ceremony.devices import clock
from ceremony.station.home import Home
from ceremony.station.member import choose_group, mode_of, own_card
from ceremony.station.rows import GroupRow
from ceremony.station.store import Store

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def command(ctx: typer.Context) -> int:
    """Show what is under way, who owes what, key age, nonce stocks, missing backups. Needs no passphrase."""
    settings: Settings = ctx.obj
    with Home.open(settings.home_path()) as home:
        rows = [choose_group(home.store, settings.group)] if settings.group else home.store.groups()
        now = clock.fixed(settings.clock)() if settings.clock else clock.now()
        reports = [_group(home.store, row, now) for row in rows]
        card, failures = own_card(home.store), home.store.passphrase_failures()
        view = screen.out(settings)
        views_status.station(view, card, mode_of(home.store), failures)
        for one in reports:
            views_status.group(view, one)
        if not reports:
            view.line("This station belongs to no group yet. Next: give its card to a founder, or put in the stick "
                      "and say `ceremony go --usb DIR`.")
        waiting = any(one["state"] == "waiting" for one in reports)
        screen.answer(settings, {"state": "waiting" if waiting else "finished", "name": card["name"],
                                 "mode": mode_of(home.store), "passphrase_failures": failures, "groups": reports,
                                 **(reports[0] if len(reports) == 1 else {})})
    return 0


def _group(store: Store, row: GroupRow, now: str) -> dict[str, Any]:
    """The kept view of one group with what only the store knows: lines that wait, evidence, the key's age."""
    kept = store.view(row.id, "status")
    if kept is None:
        return {"group": row.id, "me": row.name, "state": "waiting", "unseen": True}
    evidence = [one.fault for one in store.evidence(row.id)]
    return views_status.completed(kept, now, len(store.waiting(row.id)), evidence)
