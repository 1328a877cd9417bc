"""What makes this machine this one. An interface, so that a test can stand for several machines.

The id is never shown or sent: entries carry a hash of it with the group (docs/formats.md section 5), whose only use is
that two stations of one group on one machine are noticed.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Protocol

from ceremony.base.errors import LocalFault

# The installation's id (machine-id(5)) before the board's, which only an administrator may read.
SOURCES = (Path("/etc/machine-id"), Path("/sys/class/dmi/id/product_uuid"))
_ID = re.compile(r"[0-9a-f]{32}")
_NONE = {"0" * 32, "f" * 32}  # what boards without an id of their own say
UNKNOWN = "unknown-machine"


class Machine(Protocol):
    """The facts about the machine that a station asks for."""

    def machine_id(self) -> str:
        """32 lower-case hex characters that stay the same and that no other machine has."""


class ThisMachine:
    """The machine that this process runs on."""

    def __init__(self, *, production: bool, sources: tuple[Path, ...] = SOURCES):
        self._production, self._sources = production, sources

    def machine_id(self) -> str:
        """The first id found. Raises: LocalFault ``MACHINE-ID`` in production when there is none.

        A rehearsal goes on without one: its stations share a machine anyway, and a container often has no id.
        """
        for source in self._sources:
            found = _read(source)
            if found is not None:
                return found
        if not self._production:
            return UNKNOWN
        raise LocalFault("MACHINE-ID", "this machine has no machine id",
                         meaning="Two stations on one machine could not be told from two machines.",
                         do="Run `systemd-machine-id-setup` once as administrator.")


def _read(source: Path) -> str | None:
    try:
        text = source.read_bytes()[:64].decode("ascii").strip().replace("-", "").lower()
    except (OSError, UnicodeDecodeError):
        return None
    return text if _ID.fullmatch(text) and text not in _NONE else None
