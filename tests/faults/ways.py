"""Wrong ways of doing a step, put into the real command by `tests/light.py --way NAME`: each must be caught by the tests.

They differ from the right way in one point only: what is written first.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from pathlib import Path

from ceremony.devices import medium
from ceremony.devices.usb_write import write_stick
from ceremony.station import outbox, schema
from ceremony.station.desk import Desk, Step


def export_before_commit() -> None:
    """What was said is on the stick before the store has it."""
    stick = Path(sys.argv[sys.argv.index("--usb") + 1])

    @contextmanager
    def step(self):
        with self.store.transaction() as tx:
            one = Step(self, tx)
            yield one
            self.keep_views(tx)
            folder = outbox.folder(self.group.id)
            write_stick(stick, {f"{folder}/{outbox.file_name(entry)}": entry.line() for entry in one.said})

    setattr(Desk, "step", step)


def erase_after_commit() -> None:
    """What a step used up is erased in a second transaction."""

    @contextmanager
    def step(self):
        later = []
        with self.store.transaction() as tx:
            one = Step(self, tx)
            setattr(one, "erase", later.append)
            yield one
            self.keep_views(tx)
        with self.store.transaction() as tx:
            for row in later:
                tx.erase_secret(row.id)

    setattr(Desk, "step", step)


def erase_before_commit() -> None:
    """What a step uses up is erased in a transaction of its own, before the one that says it."""

    @contextmanager
    def step(self):
        with self.store.transaction() as tx:
            one = Step(self, tx)
            setattr(one, "erase", lambda row: (tx.erase_secret(row.id), self.store._connection.execute("COMMIT"),
                                               self.store._connection.execute("BEGIN IMMEDIATE")))
            yield one
            self.keep_views(tx)

    setattr(Desk, "step", step)


def no_folder_sync() -> None:
    """What SQLite does unless told otherwise: a power cut may bring a journal back, and with it what was erased."""
    schema.PRAGMAS = tuple(pragma.replace("EXTRA", "FULL") for pragma in schema.PRAGMAS)


def no_stick_sync() -> None:
    """Files on the stick get their names before their bytes are there."""

    def write_new(within: int, name: str, content: bytes) -> None:
        with open(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666, dir_fd=within), "wb") as file:
            file.write(content)

    setattr(medium, "write_new", write_new)
