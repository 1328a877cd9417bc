"""The tables of a station's one SQLite file, and how a connection to it is set up.

`entries` may hold two lines at one (label, seq): a fork is kept as evidence. `waiting` and `evidence` are keyed by the
hash of the line, because an id does not cover the signature and a stranger could else occupy an id with a bad line.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

SCHEMA_VERSION = 1
APPLICATION_ID = 0x4345524D  # "CERM", in the header of the file, so that no foreign database is taken for a home

TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE groups (grp TEXT PRIMARY KEY, charter TEXT NOT NULL, name TEXT NOT NULL, inc INTEGER NOT NULL) STRICT;
CREATE TABLE entries (id TEXT PRIMARY KEY, grp TEXT NOT NULL, label TEXT NOT NULL, seq INTEGER NOT NULL,
                      kind TEXT NOT NULL, ceremony TEXT NOT NULL, line BLOB NOT NULL) STRICT;
CREATE INDEX entries_by_place ON entries (grp, label, seq);
CREATE INDEX entries_by_ceremony ON entries (ceremony);
CREATE TABLE waiting (hash BLOB PRIMARY KEY, id TEXT NOT NULL, grp TEXT NOT NULL, line BLOB NOT NULL,
                      arrived TEXT NOT NULL) STRICT;
CREATE INDEX waiting_by_group ON waiting (grp, id);
CREATE TABLE evidence (number INTEGER PRIMARY KEY, grp TEXT NOT NULL, hash BLOB NOT NULL, line BLOB NOT NULL,
                       fault TEXT NOT NULL, UNIQUE (grp, hash, fault)) STRICT;
CREATE TABLE seals (ceremony TEXT NOT NULL, signer TEXT NOT NULL, inc INTEGER NOT NULL, sig TEXT NOT NULL,
                    PRIMARY KEY (ceremony, signer, inc)) STRICT, WITHOUT ROWID;
CREATE TABLE views (grp TEXT NOT NULL, name TEXT NOT NULL, json TEXT NOT NULL, PRIMARY KEY (grp, name)) STRICT;
CREATE TABLE secrets (id TEXT PRIMARY KEY, grp TEXT NOT NULL, kind TEXT NOT NULL, epoch INTEGER NOT NULL,
                      ref TEXT NOT NULL, state TEXT NOT NULL, blob BLOB NOT NULL) STRICT;
CREATE INDEX secrets_by_group ON secrets (grp, kind, ref);
CREATE TABLE used (grp TEXT NOT NULL, what TEXT NOT NULL, ref TEXT NOT NULL,
                   PRIMARY KEY (grp, what, ref)) STRICT, WITHOUT ROWID;
"""

# EXTRA syncs the folder after the journal is gone too: without it a power cut could bring the journal back, and with
# it a nonce that was already spent (sqlite.org/pragma.html, synchronous).
PRAGMAS = ("journal_mode = DELETE", "synchronous = EXTRA", "secure_delete = ON", "foreign_keys = ON",
           "temp_store = MEMORY", "trusted_schema = OFF", "cell_size_check = ON")


def connect(path: Path) -> sqlite3.Connection:
    """A connection to an existing database file in which no statement commits by itself."""
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None, timeout=0)
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    return connection


def create_tables(connection: sqlite3.Connection) -> None:
    """Writes the schema into an empty database, inside the caller's transaction."""
    for statement in TABLES.split(";\n"):
        if statement.strip():
            connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def version(connection: sqlite3.Connection) -> tuple[int, int]:
    """The application id and schema version written in the file's header."""
    return (connection.execute("PRAGMA application_id").fetchone()[0],
            connection.execute("PRAGMA user_version").fetchone()[0])
