"""What was said before the verb: where the home is, which group, how to print. Plain values, no package behind them.

No other module reads the environment: `CEREMONY_HOME`, `NO_COLOR`, `TERM`, and what shells set to complete a line.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(slots=True)
class Settings:
    """answers, passphrase_fd, clock: what a script supplies in a rehearsal home; refused in any other."""

    home: Path | None = None
    group: str | None = None
    json: bool = False
    plain: bool = False
    answers: Path | None = None
    passphrase_fd: int | None = None
    clock: str | None = None

    def home_path(self) -> Path:
        """--home, else CEREMONY_HOME, else ~/.ceremony; made absolute."""
        named = self.home or os.environ.get("CEREMONY_HOME") or os.path.expanduser("~/.ceremony")
        return Path(os.path.abspath(named))

    def aids(self) -> tuple[str, ...]:
        """Which of the three are in use, as entries name them."""
        given = {"answers": self.answers, "clock": self.clock, "passphrase-fd": self.passphrase_fd}
        return tuple(name for name, value in given.items() if value is not None)


def completing() -> bool:
    """Whether the shell asks what could be typed next (`_CEREMONY_COMPLETE=source_bash ceremony` gives its script)."""
    return "_CEREMONY_COMPLETE" in os.environ


def colourless() -> bool:
    """Whether the environment asks for text without colours and boxes."""
    return bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM", "dumb") in ("dumb", "")
