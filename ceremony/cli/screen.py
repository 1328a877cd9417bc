"""Where sentences and facts are printed: one small vocabulary, drawn plainly here and with `rich` in `screen_rich`.

Plain is one fact a line, no boxes, no colour, nothing wrapped: for screen readers, pipes and dumb terminals. Everything
that is printed passes through `clean`, so no text from outside can move a cursor, whoever forgot what.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from importlib import import_module
from typing import Any, Iterable, Protocol, TextIO

from ceremony.cli.settings import Settings, colourless

WIDTH = 80


def clean(text: str) -> str:
    """The text without anything that is not a visible character or a blank: no control, no direction, no format."""
    return text if text.isprintable() else "".join(c for c in text.replace("\t", " ") if c.isprintable())


class Screen(Protocol):
    """What views are written against."""

    def heading(self, text: str) -> None:
        """The title of what follows."""

    def line(self, text: str = "") -> None:
        """One sentence, or an empty line."""

    def fact(self, label: str, value: str) -> None:
        """One named fact."""

    def copyable(self, label: str, value: str) -> None:
        """One named fact that people copy: its value stays in one piece, without blanks or line breaks of ours."""

    def item(self, number: int, text: str) -> None:
        """One numbered sentence."""

    def sum(self, rows: Iterable[tuple[str, str, str]]) -> None:
        """Arithmetic: name, amount (drawn with its digits under each other), remark."""

    def warn(self, text: str) -> None:
        """One sentence that must not be overlooked."""


class Pipe:
    """A text stream that never raises: who closed it does not want to know, and the work is not undone for it."""

    def __init__(self, stream: TextIO | None):
        self._stream, self.lost = stream, False

    def write(self, text: str) -> int:
        if self._stream is not None and not self.lost:
            try:
                self._stream.write(text)
                self._stream.flush()
            except (OSError, ValueError) as problem:
                self.lost = not isinstance(problem, BrokenPipeError)
                self._drop()
        return len(text)

    def _drop(self) -> None:
        """What the stream still holds goes nowhere, so that the end of the process does not stumble over it."""
        stream, self._stream = self._stream, None
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC), stream.fileno())  # type: ignore[union-attr]

    def flush(self) -> None:
        """Each write is flushed already."""


class PlainScreen:
    """One fact a line."""

    def __init__(self, stream: Pipe):
        self._stream = stream

    def _put(self, text: str) -> None:
        self._stream.write(clean(text).rstrip() + "\n")

    def heading(self, text: str) -> None:
        self._put(text)

    def line(self, text: str = "") -> None:
        self._put(text)

    def fact(self, label: str, value: str) -> None:
        self._put(f"{label}: {value}")

    def copyable(self, label: str, value: str) -> None:
        self.fact(label, value)

    def item(self, number: int, text: str) -> None:
        self._put(f"{number}. {text}")

    def sum(self, rows: Iterable[tuple[str, str, str]]) -> None:
        for name, amount, remark in rows:
            self._put(f"{name}: {amount}" + (f", {remark}" if remark else ""))

    def warn(self, text: str) -> None:
        self._put(f"WARNING: {text}")


class NoScreen(PlainScreen):
    """Prints nothing: --json answers with one object instead."""

    def __init__(self) -> None:
        super().__init__(Pipe(None))


def screen_for(stream: TextIO | None, settings: Settings) -> Screen:
    """Rich where somebody looks at a terminal that can show it, plain everywhere else."""
    pipe = Pipe(stream)
    if settings.plain or colourless() or stream is None or not stream.isatty():
        return PlainScreen(pipe)
    return import_module("ceremony.cli.screen_rich").RichScreen(pipe)


OUT = Pipe(None)
"""Standard output; opened by `main.run`."""


def open_out() -> None:
    """Take standard output as it is now, for text that any terminal can show."""
    if sys.stdout is not None:
        sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    OUT._stream, OUT.lost = sys.stdout, False


def out(settings: Settings) -> Screen:
    """The screen of standard output; silent with --json."""
    if settings.json:
        return NoScreen()
    stream = OUT._stream
    if settings.plain or colourless() or stream is None or not stream.isatty():
        return PlainScreen(OUT)
    return import_module("ceremony.cli.screen_rich").RichScreen(OUT)


def answer(settings: Settings, value: dict[str, Any]) -> None:
    """With --json, the one object that a command prints."""
    if settings.json:
        OUT.write(json.dumps(value, sort_keys=True, ensure_ascii=True) + "\n")
