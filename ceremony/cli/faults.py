"""How a failure reaches the person: what happened, what it means, what to do now, who; and the exit code.

Nobody ever sees a traceback: of a mistake of ours one line says the kind and the place in the code, never a value.
"""

from __future__ import annotations

import sys
import textwrap
import traceback
from typing import Sequence

from ceremony.base.errors import Fault
from ceremony.cli import screen
from ceremony.cli.settings import Settings

OUR_BUG, USAGE, REFUSED, NAMED, DAMAGE, UNABLE, INTERRUPTED = 1, 2, 4, 5, 6, 7, 130


def show(fault: Fault, settings: Settings) -> int:
    """Print a failure and give its exit code."""
    if settings.json:
        screen.answer(settings, fault.as_json())
    else:
        for text in sentences(fault):
            complain(text)
    return fault.exit_code


def sentences(fault: Fault) -> list[str]:
    """The four lines; those with nothing to say are left out."""
    lines = [f"What happened: {_sentence(fault.seen)} ({fault.check})"]
    if fault.meaning:
        lines.append(f"What it means: {_sentence(fault.meaning)}")
    if fault.do:
        lines.append(f"What to do now: {_sentence(fault.do)}")
    if fault.culprits:
        names = ", ".join(str(name) for name in fault.culprits)
        lines.append(f"Who: {names}" + (f", if {fault.assumes}" if fault.assumes else ""))
    return lines


def _sentence(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?", "…")) else text + "."


def complain(text: str) -> None:
    """One sentence on standard error; broken between words where somebody looks at it."""
    text, stream = screen.clean(text), sys.stderr
    if stream is not None and stream.isatty():
        text = "\n".join(textwrap.wrap(text, screen.WIDTH, break_on_hyphens=False))
    screen.Pipe(stream).write(text + "\n")


def worst(faults: Sequence[Fault]) -> int:
    """The exit code of a visit in which some things failed and the rest was done: named parties first."""
    codes = {fault.exit_code if not fault.culprits else NAMED for fault in faults}
    return next((code for code in (NAMED, REFUSED, UNABLE, DAMAGE) if code in codes), 0)


def bug(problem: BaseException, settings: Settings) -> int:
    """Our own mistake: its kind and place, without values; nothing of it is written to a file."""
    frames = traceback.extract_tb(problem.__traceback__)
    ours = [frame for frame in frames if "ceremony" in frame.filename]
    place = f"{ours[-1].filename.rpartition('ceremony/')[2]}:{ours[-1].lineno}" if ours else "an unknown place"
    seen = f"the tool made a mistake: {type(problem).__name__} at {place}"
    if settings.json:
        screen.answer(settings, {"check": "TOOL-MISTAKE", "culprits": [], "seen": seen, "do": "Report this line.",
                                 "meaning": "The step was not finished; what was done before it stands."})
    else:
        complain(f"{_sentence(seen)} The step was not finished; what was done before it stands. Report this line.")
    return OUR_BUG
