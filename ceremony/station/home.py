"""The folder of one station: who may use it, where it may lie, and that only one command uses it at a time.

A home appears complete or not at all: its database is filled under another name and renamed. The lock is held from
opening to closing, so that what a command read is still true when it commits.
"""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path
from typing import Callable, Self

from ceremony.base.errors import LocalFault
from ceremony.station import schema
from ceremony.station.place import check_place, check_private
from ceremony.station.store import Store, explained
from ceremony.station.transaction import Tx

DATABASE = "station.sqlite"
LOCK = "lock"
_UNFINISHED = "station.sqlite.new"


def _sync_folder(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _lock(home: Path) -> int:
    """Takes the exclusive lock without waiting; the kernel frees the returned descriptor with the process."""
    lock = os.open(home / LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as problem:
        os.close(lock)
        if problem.errno not in (errno.EWOULDBLOCK, errno.EAGAIN):
            raise
        raise LocalFault("STATION-LOCKED", "another command is working with this station right now",
                         meaning="Nothing was changed.",
                         do="Wait until the other command has ended, or close it, then run this one again.") from None
    return lock


def _disk_fault(problem: OSError) -> LocalFault:
    if problem.errno in (errno.ENOSPC, errno.EDQUOT):
        return LocalFault("STORE-FULL", "the disk of this station's home is full", meaning="Nothing was changed.",
                          do="Free some space on that disk and run the command again.")
    return LocalFault("STORE-DISK", f"the home cannot be read or written: {problem.strerror}",
                      meaning="Nothing was changed.", do="Look at the folder and its disk, then run the command again.")


class Home:
    """An open, locked home. Use it as a context manager; `store` is its memory."""

    def __init__(self, path: Path, lock: int, store: Store):
        self.path, self.store, self._held = path, store, lock

    @classmethod
    def create(cls, path: Path, *, production: bool, first: Callable[[Tx], None] = lambda tx: None) -> Self:
        """Makes a new home at `path` (0700) and opens it. `first` writes what a home must never be without.

        Raises: LocalFault ``HOME-EXISTS``, ``HOME-PARENT``, ``HOME-PERMISSIONS``, ``HOME-MEDIUM``, ``STATION-LOCKED``,
        ``STORE-FULL``, ``STORE-DISK``. After any of them no home is there that was not there before.
        """
        if not path.parent.is_dir():
            raise LocalFault("HOME-PARENT", f"there is no folder {path.parent}", meaning="Nothing was changed.",
                             do="Create it, or choose another home.")
        try:
            made = not path.exists()
            path.mkdir(mode=0o700, exist_ok=True)
            check_private(path, folder=True)
            check_place(path, production=production)
            lock = _lock(path)
        except OSError as problem:
            raise _disk_fault(problem) from None
        except LocalFault:
            if made and not any(path.iterdir()):
                path.rmdir()
            raise
        try:
            _fill(path, first)
            return cls(path, lock, Store(path / DATABASE))
        except OSError as problem:
            os.close(lock)
            raise _disk_fault(problem) from None
        except BaseException:
            os.close(lock)
            raise

    @classmethod
    def open(cls, path: Path, *, production: bool | None = None, check: bool = False) -> Self:
        """Opens and locks an existing home. `check` also runs the integrity check.

        production: judge the disk as for that mode; None asks the store, whose meta value ``mode`` says it.
        Raises: LocalFault ``HOME-MISSING``, ``HOME-PERMISSIONS``, ``HOME-MEDIUM``, ``STATION-LOCKED``, ``STORE-…``.
        """
        if not (path / DATABASE).exists():
            raise LocalFault("HOME-MISSING", f"there is no station at {path}", meaning="Nothing was changed.",
                             do="Make one with `ceremony station new`, or name the right folder with --home.")
        try:
            check_private(path, folder=True)
            check_private(path / DATABASE, folder=False)
            lock = _lock(path)
        except OSError as problem:
            raise _disk_fault(problem) from None
        try:
            store = Store(path / DATABASE, check=check)
            home = cls(path, lock, store)
        except BaseException:
            os.close(lock)
            raise
        try:
            check_place(path, production=store.meta("mode") != "rehearsal" if production is None else production)
        except BaseException:
            home.close()
            raise
        return home

    def close(self) -> None:
        """Closes the store and gives the lock back. Idempotent."""
        self.store.close()
        if self._held >= 0:
            os.close(self._held)
            self._held = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _fill(home: Path, first: Callable[[Tx], None]) -> None:
    """Writes the database under a temporary name, then gives it its own. Under the lock, leftovers are nobody's."""
    if (home / DATABASE).exists():
        raise LocalFault("HOME-EXISTS", f"there is a station at {home} already", meaning="It was not touched.",
                         do="Name another folder with --home.")
    unfinished = home / _UNFINISHED
    for leftover in (unfinished, home / (_UNFINISHED + "-journal")):
        leftover.unlink(missing_ok=True)
    os.close(os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    with explained():
        connection = schema.connect(unfinished)
        try:
            connection.execute("BEGIN IMMEDIATE")
            schema.create_tables(connection)
            tx = Tx(connection)
            first(tx)
            tx.end()
            connection.execute("COMMIT")
        finally:
            connection.close()
    os.rename(unfinished, home / DATABASE)
    _sync_folder(home)
    _sync_folder(home.parent)
