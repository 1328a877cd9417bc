"""The same vocabulary drawn with `rich`: wrapped at 80 columns, headings bold, digits under digits. No colour carries
meaning and nothing is ever read as markup.
"""

from __future__ import annotations

from typing import Iterable

from rich.console import Console
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from ceremony.cli.screen import WIDTH, Pipe, clean

LABEL = 16


class RichScreen:
    """For a terminal that somebody looks at."""

    def __init__(self, stream: Pipe):
        probe = Console()
        self._console = Console(file=stream, width=min(probe.width, WIDTH) or WIDTH, markup=False, emoji=False,  # type: ignore[arg-type]
                                highlight=False, force_terminal=True, legacy_windows=False)

    def heading(self, text: str) -> None:
        self._console.print(Rule(Text(clean(text), style="bold"), align="left", characters="─", style="dim"))

    def line(self, text: str = "") -> None:
        self._console.print(Text(clean(text)))

    def fact(self, label: str, value: str) -> None:
        grid = Table.grid(padding=(0, 1))
        grid.add_column(width=LABEL, overflow="fold")
        grid.add_column(overflow="fold")
        grid.add_row(Text(clean(label), style="dim"), Text(clean(value)))
        self._console.print(grid)

    def copyable(self, label: str, value: str) -> None:
        self._console.print(Text(clean(label), style="dim"))
        self._console.print(Text(clean(value)), soft_wrap=True)

    def item(self, number: int, text: str) -> None:
        grid = Table.grid(padding=(0, 1))
        grid.add_column(width=3, justify="right")
        grid.add_column(overflow="fold")
        grid.add_row(f"{number}.", Text(clean(text)))
        self._console.print(grid)

    def sum(self, rows: Iterable[tuple[str, str, str]]) -> None:
        grid = Table.grid(padding=(0, 1))
        grid.add_column(width=LABEL, overflow="fold")
        grid.add_column(justify="right", no_wrap=True)
        grid.add_column(overflow="fold")
        for name, amount, remark in rows:
            grid.add_row(Text(clean(name)), Text(clean(amount), style="bold"), Text(clean(remark)))
        self._console.print(grid)

    def warn(self, text: str) -> None:
        self._console.print(Padding(Text("WARNING: " + clean(text), style="bold"), (0, 0, 0, 0)))
