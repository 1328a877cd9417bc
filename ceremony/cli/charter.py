"""`ceremony charter …`: found a group from a plan and the cards of its stations, and read a charter."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ceremony.base.errors import Fault, UsageFault
from ceremony.base.limits import MAX_PLAN_BYTES
from ceremony.ceremonies.charter import make_charter, read_plan
from ceremony.cli import faults, files, views_charter
from ceremony.cli.views_text import grouped
from ceremony.cli.wiring import sitting
from ceremony.codec.words import words
from ceremony.devices.usb import read_cards
from ceremony.record.card import Card, check_card, parse_card
from ceremony.station import founding
from ceremony.station.member import own_card

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None,
                  help="Found a group, or read its charter.")
PER_LINE = 5


@app.command(short_help="Found a group from a plan and cards.")
def new(ctx: typer.Context,
        plan: Annotated[Path, typer.Argument(help="The plan, a TOML file.", metavar="PLAN")],
        cards: Annotated[Path, typer.Option(help="A stick, or a folder with *.card.json files.", metavar="DIR")]
        ) -> int:
    """Found a group: this station makes its charter and is the first to say it."""
    with sitting(ctx.obj) as here:
        wanted = read_plan(files.read(plan, MAX_PLAN_BYTES))
        found, bad = _cards(cards)
        for fault in bad:
            faults.complain(f"Left out: {fault.seen}.")
        charter = make_charter(wanted, [own_card(here.store), *found])
        founding.check_foundable(here.store, charter)
        views_charter.charter(here.screen, charter, {})
        founding.found(here.store, here.unlock(), charter, here.world)
        here.desk(next(row for row in here.store.groups() if row.id == charter.group)).keep()
        here.screen.line("The group is founded on paper: every holder accepts it, this one too.")
        here.screen.line("Next: `ceremony go --usb DIR` here, then take the stick to the other holders. You accept "
                         "it yourself when one of them can read the words to you.")
        here.answer({"state": "waiting", "left_out": [fault.as_json() for fault in bad],
                     **views_charter.as_json(charter, {})})
    return 0


def _cards(folder: Path) -> tuple[list[Card], list[Fault]]:
    """The good cards in a folder or on a stick, and what was wrong with the others."""
    good: list[Card] = []
    bad: list[Fault] = []
    for name, raw in read_cards(files.folder(folder)):
        try:
            card = parse_card(raw)
            check_card(card)
            good.append(card)
        except Fault as fault:
            bad.append(type(fault)(fault.check, f"{name}: {fault.seen}", meaning=fault.meaning, do=fault.do))
    if not good and not bad:
        raise UsageFault("CARDS-NONE", "there are no files *.card.json in that folder, nor in its folder cards/",
                         meaning="Nothing was done.", do="Each station writes one: `ceremony station card --to DIR`.")
    return good, bad


@app.command(short_help="Show the charter, and the words to read aloud.")
def show(ctx: typer.Context,
         aloud: Annotated[bool, typer.Option("--words", help="Also the words to read to another holder.")] = False
         ) -> int:
    """Show the charter in plain words; with --words, what you read aloud to a holder who accepts it."""
    with sitting(ctx.obj) as here:
        desk = here.desk()
        state = desk.state
        view = here.screen
        views_charter.charter(view, state.charter, state.members.machines())
        joins = [join for join in state.members.joins if not join.admitted]
        own = list(words(state.charter.group)) if aloud else []
        shown = {"words": own, "joins": [{"name": j.entry.author, "id": j.entry.id, "words": list(words(j.entry.id))}
                                         for j in joins]} if aloud else {}
        if aloud:
            _aloud(view, "The words of this charter. Read them to a holder whom you know, from this screen:", own)
        for join in joins if aloud else ():
            view.fact("Request", grouped(join.entry.id))
            _aloud(view, f"The words of the request by which {join.entry.author} asks for a new machine:",
                   list(words(join.entry.id)))
        here.answer({"state": "finished", "accepted": sorted(state.members.accepts), **shown,
                     **views_charter.as_json(state.charter, state.members.machines())})
    return 0


def _aloud(view, title: str, fifteen: list[str]) -> None:
    view.line(title)
    for start in range(0, len(fifteen), PER_LINE):
        view.item(start + 1, "  ".join(fifteen[start:start + PER_LINE]))
