"""`ceremony station …`: make this station, show it, give its card, change its passphrase."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Any

import typer

from ceremony.base.errors import UsageFault
from ceremony.base.ids import NAME
from ceremony.cli import files, screen
from ceremony.cli.settings import Settings
from ceremony.cli.station_custody import backup, recover
from ceremony.cli.views_text import count, grouped, seen
from ceremony.cli.wiring import new_passphrase, sitting, tell_failures, world_for
from ceremony.devices import process, usb
from ceremony.devices.usb_write import write_stick
from ceremony.record.card import card_line
from ceremony.record.sshsig import parse_openssh_public
from ceremony.station import founding, passphrase, vault
from ceremony.station.member import own_card
from ceremony.station.world import Question, World

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None, help="Make this station, show it, "
                  "its card, its backup.")

ABOUT = {"name": "Name of this station (a short word, small letters, such as alice)",
         "person": "Your name", "organisation": "Your organisation",
         "site": "Where this machine stands", "contact": "How to reach you when something goes wrong"}


@app.command(short_help="Make a station in the home folder.")
def new(ctx: typer.Context,
        rehearsal: Annotated[bool, typer.Option("--rehearsal", help="For play money. This is fixed for ever.")] = False
        ) -> int:
    """Make a station in the home folder: an identity, a vault behind a passphrase, and a card."""
    settings: Settings = ctx.obj
    mode = "rehearsal" if rehearsal else "production"
    world = world_for(settings, mode)
    process.harden()
    home = settings.home_path()
    founding.check_free(home)
    about = _about(world)
    if mode == "production":
        world.asker.tell("The passphrase opens this station's vault. Nobody can restore it. Take six or more random "
                         "words; at least 12 characters.")
    secret = new_passphrase(world, "new", "New passphrase")
    card = founding.new_station(home, mode, about, secret, world)
    view = screen.out(settings)
    view.heading(f"Station {card['name']} is made, for {mode}.")
    _show(view, str(home), card)
    view.line("Next: `ceremony station card --to DIR` writes the card for the founder onto a stick.")
    screen.answer(settings, {"state": "finished", "home": str(home), **_facts(card)})
    return 0


def _about(world: World) -> dict[str, str]:
    """The fields of the card, each asked until a card can hold it."""
    about: dict[str, str] = {}
    for field, prompt in ABOUT.items():
        while field not in about:
            typed = world.asker.ask(Question(f"card.{field}", "text", f"{prompt}:"))
            trouble = _trouble(field, typed)
            if not trouble:
                about[field] = typed
            elif "answers" in world.aids:
                raise UsageFault("CARD-FIELD", f"the {field}: {trouble}", meaning="Nothing was made.",
                                 do="Correct the answers file.")
            else:
                world.asker.tell(f"Not possible: {trouble}.")
    return about


def _trouble(field: str, typed: str) -> str:
    """Why a card cannot hold this, or nothing."""
    if field == "name" and not NAME.fullmatch(typed):
        return "it has 2 to 32 characters: small letters, digits and hyphens; a letter first, no hyphen last"
    if not 1 <= len(typed) <= 120 or seen(typed) != typed:
        return "it is one line of 1 to 120 visible characters, without square brackets"
    return ""


@app.command()
def show(ctx: typer.Context) -> int:
    """Show this station: home, mode, card, fingerprint, groups."""
    with sitting(ctx.obj) as here:
        card = own_card(here.store)
        groups = here.store.groups()
        here.screen.heading(f"Station {card['name']}, for {here.mode}")
        _show(here.screen, str(here.home.path), card)
        for row in groups:
            here.screen.fact("Group", f"{grouped(row.id)} as {row.name}" + (f", machine {row.inc}" if row.inc else ""))
        if not groups:
            here.screen.line("It belongs to no group yet.")
        failures = here.store.passphrase_failures()
        if failures:
            here.screen.warn(f"{count(failures, 'wrong passphrase')} since the vault was last opened.")
        here.answer({"state": "finished", "home": str(here.home.path), "passphrase_failures": failures,
                     "groups": [{"group": row.id, "name": row.name, "inc": row.inc} for row in groups], **_facts(card)})
    return 0


def fingerprint(card: dict[str, Any]) -> str:
    """SHA-256 of the identity key in SSH form, 64 hex: what `ssh-keygen -l` shows in base64."""
    return hashlib.sha256(parse_openssh_public(card["identity"]).blob).hexdigest()


def _facts(card: dict[str, Any]) -> dict[str, Any]:
    return {"card": card, "fingerprint": fingerprint(card), "mode": card["mode"], "name": card["name"]}


def _show(view: screen.Screen, home: str, card: dict[str, Any]) -> None:
    view.fact("Home", home)
    for label in ("person", "organisation", "site", "contact"):
        view.fact(label.capitalize(), seen(card[label]))
    view.copyable("Identity", card["identity"])
    view.fact("Fingerprint", grouped(fingerprint(card)))


@app.command(short_help="Give this station's card.")
def card(ctx: typer.Context,
         to: Annotated[Path | None, typer.Option(help="A folder or stick; the card goes into its folder cards/.",
                                                 metavar="DIR")] = None) -> int:
    """Give this station's card: print it, or write it to a stick for the founder."""
    with sitting(ctx.obj) as here:
        own = own_card(here.store)
        line = card_line(own)
        path = usb.card_path(own["name"])
        if to is not None:
            done = write_stick(files.folder(to), {path: line})
            path = dict(done.beside).get(path, path)
            here.screen.line(f"Wrote {path}. Its fingerprint is {grouped(fingerprint(own))}")
            here.screen.line("Next: take the stick to the founder of the group.")
        elif not here.settings.json:
            screen.OUT.write(line.decode("utf-8"))
        here.answer({"state": "finished", "file": path if to else "", **_facts(own)})
    return 0


@app.command("passphrase")
def change(ctx: typer.Context) -> int:
    """Change the passphrase of the vault."""
    with sitting(ctx.obj) as here:
        process.harden()
        tell_failures(here.store, here.world)
        old = here.world.asker.passphrase("vault", "Passphrase as it is now")
        new = new_passphrase(here.world, "new", "New passphrase")
        passphrase.check_new_passphrase(new, here.mode)
        openers = [passphrase.PassphraseOpener(one, here.mode, here.world.entropy) for one in (old, new)]
        vault.change_passphrase(here.store, *openers)
        here.screen.line("The passphrase is changed.")
        here.screen.line("A copy of this home made before, and every backup, still opens with the old one.")
        here.answer({"state": "finished"})
    return 0


app.command("backup", short_help="Write a backup of the shard, and read it back.")(backup)
app.command("recover", short_help="Restore a shard on this new machine.")(recover)
