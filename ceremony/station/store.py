"""A station's memory: one SQLite file, read at any time, written only inside ``transaction()``.

The order of every step is: compute, verify the own output, commit here, and only then export. When the block ends
without an exception, what it wrote survives a power cut; when it ends with one, nothing of it was written. Which
process may open the file is decided in `home`; the secrets' encryption is in `vault`.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Iterator

from ceremony.base.errors import LocalFault
from ceremony.station import schema
from ceremony.station.rows import EntryRow, EvidenceRow, GroupRow, SealRow, SecretRow, WaitingRow
from ceremony.station.transaction import FAILURES, Tx

_ENTRY = "SELECT id, grp, label, seq, kind, ceremony, line FROM entries WHERE "
_SECRET = "SELECT id, grp, kind, epoch, ref, state, blob FROM secrets WHERE "


def fault_of(problem: sqlite3.Error) -> LocalFault | None:
    """What a failure of SQLite means for the person; None when it is a mistake in our own code."""
    code = getattr(problem, "sqlite_errorcode", None)
    primary = None if code is None else code & 0xFF
    name = getattr(problem, "sqlite_errorname", "unknown")
    unsaid = "This step was not done: nothing of it was written and nothing left this station."
    undecodable = code is None and isinstance(problem, sqlite3.OperationalError)  # text that is not UTF-8
    if undecodable or primary in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return LocalFault("STORE-DAMAGED", f"this station's memory is damaged ({name})",
                          meaning="What it holds cannot be trusted, above all which nonces are spent.",
                          do="Do not restore an old copy of the home. Keep it, and start a new incarnation of this "
                             "station with `ceremony station recover`.")
    if primary == sqlite3.SQLITE_FULL:
        return LocalFault("STORE-FULL", "the disk of this station's home is full", meaning=unsaid,
                          do="Free some space on that disk and run the command again.")
    if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return LocalFault("STATION-LOCKED", "another program has this station's memory open", meaning=unsaid,
                          do="Wait until it has ended, then run the command again.")
    if primary in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
        return LocalFault("STORE-DISK", f"this station's memory cannot be read or written ({name})", meaning=unsaid,
                          do="Look at the disk of the home (is it mounted read-only, does it report errors?), then run "
                             "the command again.")
    return None


@contextmanager
def explained() -> Iterator[None]:
    """Turns SQLite's failures inside the block into faults that say what to do."""
    try:
        yield
    except sqlite3.Error as problem:
        fault = fault_of(problem)
        if fault is None:
            raise
        raise fault from problem


class Store:
    """The open database of one home. One process, one thread; `home.Home` holds the lock."""

    def __init__(self, path: Path, *, check: bool = False):
        """Opens an existing file; a transaction cut off by a power failure is rolled back here.

        check: run SQLite's quick integrity check over the whole file. Raises: LocalFault ``STORE-DAMAGED``,
        ``STORE-VERSION``, ``STORE-DISK``, ``STATION-LOCKED``.
        """
        self._transaction: Tx | None = None
        with explained():
            self._connection = schema.connect(path)
            try:
                self._check(check)
            except BaseException:
                self._connection.close()
                raise

    def _check(self, thorough: bool) -> None:
        application, version = schema.version(self._connection)
        if application != schema.APPLICATION_ID or version != schema.SCHEMA_VERSION:
            raise LocalFault("STORE-VERSION", f"this home was not made by this version (schema {version}, "
                             f"application {application:#x})", meaning="Nothing was changed.",
                             do="Use the version of the tool that made this home.")
        if thorough and self._connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            raise sqlite_damage()

    def close(self) -> None:
        """Closes the file. Idempotent."""
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[Tx]:
        """One step's writes. Durable when the block ends; rolled back when it raises; may not be nested.

        Raises: LocalFault ``STORE-FULL``, ``STORE-DISK``, ``STORE-DAMAGED``; after any of them nothing may be released.
        """
        if self._transaction is not None:
            raise RuntimeError("a transaction is open already")
        with explained():
            self._connection.execute("BEGIN IMMEDIATE")
            self._transaction = tx = Tx(self._connection)
            try:
                yield tx
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # some failures make SQLite roll back by itself
                    self._connection.execute("ROLLBACK")
                raise
            finally:
                tx.end()
                self._transaction = None

    def _all(self, sql: str, *values: object) -> list[tuple]:
        with explained():
            return self._connection.execute(sql, values).fetchall()

    def _one(self, sql: str, *values: object) -> tuple | None:
        rows = self._all(sql, *values)
        return rows[0] if rows else None

    def meta(self, key: str) -> str | None:
        """One value of the station itself."""
        row = self._one("SELECT value FROM meta WHERE key = ?", key)
        return row[0] if row else None

    def passphrase_failures(self) -> int:
        """Wrong passphrases since the last right one."""
        return int(self.meta(FAILURES) or 0)

    def groups(self) -> list[GroupRow]:
        """All groups, in the order in which this station joined them."""
        return [GroupRow(*row) for row in self._all("SELECT grp, charter, name, inc FROM groups ORDER BY rowid")]

    def entry(self, entry_id: str) -> EntryRow | None:
        """The held entry with this id."""
        row = self._one(_ENTRY + "id = ?", entry_id)
        return EntryRow(*row) if row else None

    def entries(self, group: str, *, label: str | None = None, ceremony: str | None = None) -> list[EntryRow]:
        """The held entries of a group, of one chain or of one ceremony, in the order in which they were taken in."""
        rows = self._all(_ENTRY + "grp = ?1 AND (?2 IS NULL OR label = ?2) AND (?3 IS NULL OR ceremony = ?3 OR id = ?3)"
                         " ORDER BY rowid", group, label, ceremony)
        return [EntryRow(*row) for row in rows]

    def entries_at(self, group: str, label: str, seq: int) -> list[EntryRow]:
        """The entries at one place of a chain: more than one is a fork."""
        return [EntryRow(*row) for row in self._all(_ENTRY + "grp = ? AND label = ? AND seq = ? ORDER BY id",
                                                    group, label, seq)]

    def waiting(self, group: str) -> list[WaitingRow]:
        """The lines that wait for their causal past, in the order in which they arrived."""
        return [WaitingRow(*row) for row in
                self._all("SELECT id, grp, line, arrived FROM waiting WHERE grp = ? ORDER BY rowid", group)]

    def evidence(self, group: str) -> list[EvidenceRow]:
        """The refused lines that name their author."""
        rows = self._all("SELECT number, grp, line, fault FROM evidence WHERE grp = ? ORDER BY number", group)
        return [EvidenceRow(number, grp, line, json.loads(fault)) for number, grp, line, fault in rows]

    def seals(self, ceremony: str) -> list[SealRow]:
        """The detached signatures over one ceremony's seal, by signer."""
        return [SealRow(*row) for row in self._all("SELECT ceremony, signer, inc, sig FROM seals WHERE ceremony = ? "
                                                   "ORDER BY signer, inc", ceremony)]

    def view(self, group: str, name: str) -> Any:
        """A cached value, or None; it may be thrown away at any time."""
        row = self._one("SELECT json FROM views WHERE grp = ? AND name = ?", group, name)
        return json.loads(row[0]) if row else None

    def secret(self, secret_id: str) -> SecretRow | None:
        """The sealed secret with this id."""
        row = self._one(_SECRET + "id = ?", secret_id)
        return SecretRow(*row) if row else None

    def secrets(self, group: str, kind: str, *, ref: str | None = None, state: str | None = None) -> list[SecretRow]:
        """The sealed secrets of a group and kind, oldest first."""
        rows = self._all(_SECRET + "grp = ?1 AND kind = ?2 AND (?3 IS NULL OR ref = ?3) AND (?4 IS NULL OR state = ?4) "
                         "ORDER BY rowid", group, kind, ref, state)
        return [SecretRow(*row) for row in rows]

    def is_used(self, group: str, what: str, ref: str) -> bool:
        """True when this one-way mark was made."""
        return self._one("SELECT 1 FROM used WHERE grp = ? AND what = ? AND ref = ?", group, what, ref) is not None

    def used(self, group: str, what: str) -> list[str]:
        """All one-way marks of a sort, sorted."""
        rows = self._all("SELECT ref FROM used WHERE grp = ? AND what = ? ORDER BY ref", group, what)
        return [row[0] for row in rows]


def sqlite_damage() -> sqlite3.DatabaseError:
    """The error that SQLite itself raises for a damaged file, for damage that only the integrity check sees."""
    problem = sqlite3.DatabaseError("integrity check failed")
    problem.sqlite_errorcode, problem.sqlite_errorname = sqlite3.SQLITE_CORRUPT, "SQLITE_CORRUPT"
    return problem
