"""The child of the power-cut tests: a station that spends prepared nonces, says so, and writes it to a stick.

It stands for every step of a ceremony: a secret is consumed and an entry inserted in one commit, then the entry is
printed as done and exported. The faulty ways of doing it are here too, so that the tests can show that they are caught.
Run as: step.py WAY HOME STICK
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from ceremony.base.secret import Secret
from ceremony.devices.usb import group_folder
from ceremony.devices.usb_write import pack_ended, write_stick
from ceremony.station.home import Home
from ceremony.station.rows import EntryRow, SecretRow
from ceremony.station.store import Store
from ceremony.station.transaction import Tx
from ceremony.station.vault import Vault

GROUP, CEREMONY = "77c0" * 16, "5a41" * 16
NONCES = 3
VAULT = Vault(Secret(bytes(range(32))), os.urandom)


def nonce(number: int) -> bytes:
    return f"the nonce {number}".encode() * 20


def line(number: int) -> bytes:
    """An entry; the middle one is long, so that its bytes span many sectors and pages."""
    return b'{"seq":%d,"x":"%s"}\n' % (number, b"x" * (20_000 if number == 1 else 300))


def entry(number: int) -> EntryRow:
    return EntryRow(f"{number:064x}", GROUP, "alice/0", number, "sign.partial", CEREMONY, line(number))


def path(number: int) -> str:
    return f"{group_folder(GROUP)}/alice-0-{number}-5a415a41-sign.partial-{number:08x}.json"


def fill(tx: Tx) -> None:
    """A station with fresh nonces and an incomplete past."""
    tx.set_meta("mode", "rehearsal")
    for number in range(NONCES):
        fields = dict(id=f"nonce-{number}", group=GROUP, kind="nonce", epoch=0, ref=str(number), state="fresh")
        tx.put_secret(SecretRow(**fields, blob=VAULT.seal(**fields, value=Secret(nonce(number)))))


def spend(store: Store, tx: Tx, number: int) -> None:
    row = store.secret(f"nonce-{number}")
    assert row is not None and VAULT.open(row).reveal() == nonce(number)
    tx.erase_secret(row.id)
    tx.mark_used(GROUP, "nonce", str(number))


def export(stick: Path, number: int) -> None:
    write_stick(stick, {path(number): line(number)})


def done(number: int) -> None:
    print("done", number, flush=True)


def go(home: Home, stick: Path) -> None:
    """What `ceremony go` does: what is owed, each in one commit, and then everything that was said is exported."""
    for number in range(NONCES):
        if home.store.entry(entry(number).id) is None:
            with home.store.transaction() as tx:
                spend(home.store, tx, number)
                tx.add_entry(entry(number))
        done(number)
        export(stick, number)
    pack_ended(stick, GROUP, CEREMONY, [line(number) for number in range(NONCES)])


def export_before_commit(home: Home, stick: Path) -> None:
    for number in range(NONCES):
        with home.store.transaction() as tx:
            spend(home.store, tx, number)
            tx.add_entry(entry(number))
            export(stick, number)


def say_before_commit(home: Home, stick: Path) -> None:
    with home.store.transaction() as tx:
        spend(home.store, tx, 0)
        tx.add_entry(entry(0))
        done(0)


def two_commits(home: Home, stick: Path) -> None:
    with home.store.transaction() as tx:
        tx.add_entry(entry(0))
    with home.store.transaction() as tx:
        spend(home.store, tx, 0)


def no_sync(home: Home, stick: Path) -> None:
    home.store._connection.execute("PRAGMA synchronous = OFF")
    go(home, stick)


def no_folder_sync(home: Home, stick: Path) -> None:
    """What SQLite does unless told otherwise: the journal's removal may be undone by a power cut."""
    home.store._connection.execute("PRAGMA synchronous = FULL")
    go(home, stick)


def write_in_place(home: Home, stick: Path) -> None:
    with home.store.transaction() as tx:
        spend(home.store, tx, 1)
        tx.add_entry(entry(1))
    (stick / path(1)).parent.mkdir()
    (stick / path(1)).write_bytes(line(1))


def rename_without_sync(home: Home, stick: Path) -> None:
    with home.store.transaction() as tx:
        spend(home.store, tx, 1)
        tx.add_entry(entry(1))
    (stick / path(1)).parent.mkdir()
    (stick / "x.part").write_bytes(line(1))
    (stick / "x.part").rename(stick / path(1))


WAYS = {way.__name__: way for way in (go, export_before_commit, say_before_commit, two_commits, no_sync, no_folder_sync,
                                      write_in_place, rename_without_sync)}


def main() -> None:
    way, home, stick = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    if way == "create":
        Home.create(home, production=False, first=fill).close()
        return print("made", flush=True)
    with Home.open(home) as opened:
        WAYS[way](opened, stick)


if __name__ == "__main__":
    main()
