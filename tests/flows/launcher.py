"""The command line on a machine that only a test has: `python launcher.py MACHINE-ID …`.

Production refuses two stations of one group on one machine, and has no option to say otherwise. A test has one machine,
so it stands for several here, through the interface in `ceremony.devices.machine`.
"""

from __future__ import annotations

import sys

from ceremony.cli.main import run
from ceremony.devices import machine


class OtherMachine:
    """A machine whose id is the first argument."""

    def __init__(self, *, production: bool):
        """production: as for the real one; this one always has an id."""

    def machine_id(self) -> str:
        return sys.argv[1]


if __name__ == "__main__":
    machine.ThisMachine = OtherMachine
    sys.exit(run(sys.argv[2:]))
