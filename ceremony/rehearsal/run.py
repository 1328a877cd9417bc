"""`ceremony rehearse`: a whole ceremony with play keys, shown as it happens, and what it leaves behind."""

from __future__ import annotations

import json
import time
from importlib.metadata import version
from pathlib import Path
from typing import Callable

from ceremony.base.errors import UsageFault
from ceremony.rehearsal.cast import NAMES
from ceremony.rehearsal.script import perform


def main(t: int = 2, n: int = 3, seed: int | None = None, keep: Path | None = None,
         show: Callable[[str], None] = print) -> Path:
    """Rehearse t-of-n; returns the folder with homes, stick, result and transcript. Raises a Fault on any failure."""
    if not 2 <= t <= n <= len(NAMES):
        raise UsageFault("REHEARSE-SIZE", f"{t} of {n}: rehearsals go from 2-of-2 to {len(NAMES)} stations",
                         do="Choose --threshold from 2 up, and --stations not below it.")
    folder = (keep or Path("rehearsals") / time.strftime("%Y%m%d-%H%M%S")).resolve()
    if folder.exists() and any(folder.iterdir()):
        raise UsageFault("REHEARSE-FOLDER", f"{folder.name} is not empty", do="Name a new folder with --keep.")
    started = time.monotonic()
    show(f"A rehearsal of a {t}-of-{n} Taproot key. Everything you see is the real command, run once for each visit;\n"
         f"only the money is not real. It happens in {folder}")
    stage = perform(folder, t, n, show, seed)
    transcript = next((folder / "transcript").glob("transcript-*"))
    (folder / "rehearsal.json").write_text(json.dumps({
        "threshold": t, "stations": n, "order": stage.order, "order_seed": seed, "faults": [],
        "tool": version("ceremony")}, indent=1) + "\n")
    show(f"\n* Done in {time.monotonic() - started:.0f} seconds and {len(stage.order)} visits. The transcript lies in\n"
         f"  {transcript}\n  Look at a station: .venv/bin/ceremony --home {folder}/homes/{stage.names[0]} status")
    return folder
