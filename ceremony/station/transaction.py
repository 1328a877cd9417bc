"""The writes of one step, which become true together or not at all.

A `Tx` is handed out by ``Store.transaction()`` and is dead when that block ends. Nothing that depends on a write here
may leave the station before the block has ended without an exception: the commit is what makes a secret spent.
"""

from __future__ import annotations

import json
import sqlite3
from hashlib import sha256

from ceremony.base.errors import LocalFault
from ceremony.station.rows import EntryRow, GroupRow, SealRow, SecretRow, WaitingRow

FAILURES = "passphrase_failures"


def _taken(check: str, seen: str) -> LocalFault:
    return LocalFault(check, seen, meaning="Nothing was written and nothing left this station.",
                      do="If no other copy of this home is in use, keep the home as it is and report this.")


class Tx:
    """The open transaction. Its methods only collect; the commit comes when the block ends."""

    def __init__(self, connection: sqlite3.Connection):
        self._connection: sqlite3.Connection | None = connection

    def _run(self, sql: str, *values: object) -> int:
        """Runs one statement and returns the number of rows it changed."""
        if self._connection is None:
            raise RuntimeError("this transaction has ended")
        return self._connection.execute(sql, values).rowcount

    def end(self) -> None:
        """Makes every later use an error. Called by the store."""
        self._connection = None

    def set_meta(self, key: str, value: str) -> None:
        """Keeps one value of the station itself, replacing the earlier one."""
        self._run("INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", key, value)

    def add_group(self, group: GroupRow) -> None:
        """Keeps a group, or the new incarnation under which this station goes on in it."""
        self._run("INSERT INTO groups VALUES (?, ?, ?, ?) ON CONFLICT (grp) DO UPDATE "
                  "SET charter = excluded.charter, name = excluded.name, inc = excluded.inc",
                  group.id, group.charter, group.name, group.inc)

    def add_entry(self, entry: EntryRow) -> bool:
        """Keeps a held entry; False when one with this id is there already. A second one at the same place is kept."""
        return self._run("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING", entry.id,
                         entry.group, entry.label, entry.seq, entry.kind, entry.ceremony, entry.line) == 1

    def replace_line(self, entry_id: str, line: bytes) -> None:
        """Keeps another line of the same entry: the valid signature that sorts first (formats.md section 2)."""
        if self._run("UPDATE entries SET line = ? WHERE id = ?", line, entry_id) != 1:
            raise KeyError(entry_id)

    def add_waiting(self, row: WaitingRow) -> bool:
        """Keeps a line until its causal past arrives; False when this very line waits already."""
        return self._run("INSERT INTO waiting VALUES (?, ?, ?, ?, ?) ON CONFLICT (hash) DO NOTHING",
                         row.hash(), row.id, row.group, row.line, row.arrived) == 1

    def drop_waiting(self, line: bytes) -> None:
        """Forgets one waiting line, which was taken in or refused."""
        self._run("DELETE FROM waiting WHERE hash = ?", sha256(line).digest())

    def add_evidence(self, group: str, line: bytes, fault: dict) -> bool:
        """Keeps a refused line with the fault that names its author; False when it is kept already."""
        text = json.dumps(fault, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return self._run("INSERT INTO evidence (grp, hash, line, fault) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                         group, sha256(line).digest(), line, text) == 1

    def add_seal(self, seal: SealRow) -> bool:
        """Keeps the first signature of each signer over a ceremony's seal; False when there is one already."""
        return self._run("INSERT INTO seals VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                         seal.ceremony, seal.signer, seal.inc, seal.sig) == 1

    def put_seal(self, seal: SealRow) -> None:
        """Keeps a signer's verified signature over a ceremony's seal in the place of an earlier one."""
        self._run("INSERT INTO seals VALUES (?, ?, ?, ?) ON CONFLICT (ceremony, signer, inc) DO UPDATE "
                  "SET sig = excluded.sig", seal.ceremony, seal.signer, seal.inc, seal.sig)

    def set_view(self, group: str, name: str, value: object) -> None:
        """Keeps a computed JSON value that can be computed again from the entries at any time."""
        text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        self._run("INSERT INTO views VALUES (?, ?, ?) ON CONFLICT (grp, name) DO UPDATE SET json = excluded.json",
                  group, name, text)

    def put_secret(self, row: SecretRow) -> None:
        """Keeps a new sealed secret. Raises: LocalFault ``STORE-SECRET-TWICE`` when its id is taken."""
        if self._run("INSERT INTO secrets VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING", row.id, row.group,
                     row.kind, row.epoch, row.ref, row.state, row.blob) != 1:
            raise _taken("STORE-SECRET-TWICE", f"a secret with id {row.id} is kept already")

    def set_secret_state(self, row: SecretRow, before: str) -> None:
        """Replaces a secret by `row`, sealed anew for its new state.

        Raises: LocalFault ``STORE-SECRET-STATE`` unless the kept row is the same secret and is in state `before`.
        """
        if self._run("UPDATE secrets SET state = ?, blob = ? WHERE id = ? AND grp = ? AND kind = ? AND epoch = ? "
                     "AND ref = ? AND state = ?", row.state, row.blob, row.id, row.group, row.kind, row.epoch, row.ref,
                     before) != 1:
            raise _taken("STORE-SECRET-STATE", f"the secret {row.id} is not in state {before}")

    def erase_secret(self, secret_id: str) -> None:
        """Removes a secret for good; its page is overwritten. Raises: LocalFault ``STORE-SECRET-STATE`` if it is gone.

        **Warning**: flash memory may keep older copies of a page; see ``docs/threats.md``.
        """
        if self._run("DELETE FROM secrets WHERE id = ?", secret_id) != 1:
            raise _taken("STORE-SECRET-STATE", f"the secret {secret_id} is not here any more")

    def mark_used(self, group: str, what: str, ref: str) -> None:
        """Makes a mark that can never be taken back. Raises: LocalFault ``STORE-USED`` when it was made before."""
        if self._run("INSERT INTO used VALUES (?, ?, ?) ON CONFLICT DO NOTHING", group, what, ref) != 1:
            raise _taken("STORE-USED", f"{what} {ref} was used before")

    def count_passphrase_failure(self) -> None:
        """Adds one to the number of wrong passphrases since the last right one."""
        self._run("INSERT INTO meta VALUES (?, '1') ON CONFLICT (key) DO UPDATE SET value = CAST(value AS INTEGER) + 1",
                  FAILURES)

    def clear_passphrase_failures(self) -> None:
        """Sets that number back to 0."""
        self._run("DELETE FROM meta WHERE key = ?", FAILURES)
