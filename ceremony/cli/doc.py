"""`ceremony doc [NAME]`: the documents that came with the tool, readable without a network."""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Annotated, Iterator

import typer

from ceremony.base.errors import UsageFault
from ceremony.cli import screen
from ceremony.cli.settings import Settings

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def command(ctx: typer.Context,
            name: Annotated[str | None, typer.Argument(help="Which document.", metavar="NAME")] = None) -> int:
    """Print a document, or the list of them."""
    settings: Settings = ctx.obj
    found = documents()
    if name is None:
        for one, file in found.items():
            screen.out(settings).fact(one, _title(file.read_text("utf-8")))
        screen.answer(settings, {"state": "finished", "documents": list(found)})
        return 0
    if name not in found:
        raise UsageFault("DOC-NAME", "there is no document of that name", meaning="Nothing was printed.",
                         do=f"There are: {', '.join(found)}.")
    text = found[name].read_text("utf-8")
    if not settings.json:
        screen.OUT.write(text)
    screen.answer(settings, {"state": "finished", "name": name, "text": text})
    return 0


def documents() -> dict[str, Traversable]:
    """Every document in the package, by the name that people type."""
    home = files("ceremony")
    found = dict(_below(home / "docs", ""))
    found |= {f"spec-{one.name}": one / "spec.md" for one in (home / "protocols").iterdir()
              if one.is_dir() and (one / "spec.md").is_file()}
    return dict(sorted(found.items()))


def _below(folder: Traversable, prefix: str) -> Iterator[tuple[str, Traversable]]:
    for one in folder.iterdir():
        if one.is_dir():
            yield from _below(one, f"{prefix}{one.name}/")
        elif one.name.endswith(".md"):
            yield f"{prefix}{one.name.removesuffix('.md')}", one


def _title(text: str) -> str:
    return next((line.lstrip("# ") for line in text.splitlines() if line.startswith("#")), "")
