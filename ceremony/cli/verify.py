"""`ceremony verify`: the audit. It needs no station and no secret; only what the auditor trusts from elsewhere."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Iterator

import typer

from ceremony.base.errors import UsageFault
from ceremony.base.limits import MAX_PLAN_BYTES, MAX_STICK_BYTES, MAX_STICK_FILES
from ceremony.cli import faults, files, screen
from ceremony.cli.settings import Settings
from ceremony.verify.main import audit

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def command(ctx: typer.Context,
            what: Annotated[list[Path], typer.Argument(help="A transcript, its files, or a stick.", metavar="FILE…")],
            trust: Annotated[list[str] | None, typer.Option(
                help="What you trust: an allowed_signers file, cards or a folder of them, the charter's fingerprint.",
                metavar="X")] = None) -> int:
    """Replay a transcript without secrets: findings, a verdict, and what it does not prove."""
    settings: Settings = ctx.obj
    report = audit(dict(_files(what)), list(_anchors(trust or [])))
    for line in report.text().splitlines() if not settings.json else ():
        screen.OUT.write(screen.clean(line) + "\n")
    screen.answer(settings, {"state": "finished", **report.as_json()})
    return report.exit_code


def _files(named: list[Path]) -> Iterator[tuple[str, bytes]]:
    """Every named file, and every plain file in the named folders; what cannot be read there is said."""
    left = MAX_STICK_BYTES
    for path in named:
        inside = list(_inside(path)) if os.path.isdir(path) else [path]
        if len(inside) > MAX_STICK_FILES:
            raise UsageFault("VERIFY-FILES", f"{path.name} holds more than {MAX_STICK_FILES} files",
                             meaning="Nothing was checked.", do="Name the transcript itself.")
        for one in inside:
            try:
                raw = files.read(one, left)
            except UsageFault as fault:
                if one == path:
                    raise
                faults.complain(f"Not read: {fault.seen}")
                continue
            left -= len(raw)
            yield (str(one.relative_to(path)) if one != path and len(named) == 1 else str(one)), raw


def _inside(folder: Path) -> Iterator[Path]:
    """The files of a folder and the folders in it, sorted; links are not followed."""
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            yield Path(place) / name


def _anchors(given: list[str]) -> Iterator[tuple[str, bytes]]:
    """What is trusted: the text itself, the bytes of a file, or the cards in a folder."""
    for number, text in enumerate(given, start=1):
        path = Path(text)
        if os.path.isdir(path):
            found = [one for one in _inside(path) if one.name.endswith(".card.json")]
            if not found:
                raise UsageFault("VERIFY-TRUST", f"there are no cards in {path.name}", meaning="Nothing was checked.",
                                 do="Name an allowed_signers file, cards, or the charter's fingerprint.")
            yield from ((one.name, files.read(one, MAX_PLAN_BYTES)) for one in found)
        elif os.path.exists(path):
            yield path.name, files.read(path, MAX_PLAN_BYTES)
        else:
            yield f"trusted text {number}", _fingerprint(text).encode("utf-8", "replace")


def _fingerprint(text: str) -> str:
    """A fingerprint as screens show it has blanks between its groups."""
    joined = "".join(text.split())
    return joined if all(c in "0123456789abcdefABCDEF" for c in joined) else text
