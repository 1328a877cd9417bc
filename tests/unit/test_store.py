"""The station's memory: one commit per step, one process per home, and a clear word for every way a disk can fail."""

from __future__ import annotations

import os
import resource
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from ceremony.base.errors import LocalFault
from ceremony.station import place
from ceremony.station.home import Home
from ceremony.station.rows import EntryRow, GroupRow, SealRow, SecretRow, WaitingRow
from ceremony.station.store import Store

GROUP = "77" * 32
ENTRY = EntryRow("ab" * 32, GROUP, "alice/0", 0, "charter.found", "", b'{"v":1}\n')
SECRET = SecretRow("nonce-1", GROUP, "nonce", 0, "ref", "fresh", b"sealed")


@pytest.fixture
def home(tmp_path):
    with Home.create(tmp_path / "home", production=False) as made:
        yield made


@pytest.fixture
def store(home) -> Store:
    return home.store


def refused(check: str):
    return pytest.raises(LocalFault, match=f"^{check}: ")


# The home


def test_a_new_home_is_private_and_holds_what_it_was_filled_with(tmp_path):
    with Home.create(tmp_path / "h", production=False, first=lambda tx: tx.set_meta("mode", "rehearsal")) as home:
        assert home.store.meta("mode") == "rehearsal"
        assert home.path.stat().st_mode & 0o777 == 0o700
        assert (home.path / "station.sqlite").stat().st_mode & 0o777 == 0o600
    assert sorted(p.name for p in home.path.iterdir()) == ["lock", "station.sqlite"]


def test_a_home_whose_first_writes_fail_is_not_there_and_can_be_made_afterwards(tmp_path):
    def fail(tx):
        tx.set_meta("mode", "rehearsal")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Home.create(tmp_path / "h", production=False, first=fail)
    with refused("HOME-MISSING"):
        Home.open(tmp_path / "h")
    with Home.create(tmp_path / "h", production=False) as home:
        assert home.store.meta("mode") is None


def test_a_home_is_never_made_over_another(home):
    home.close()
    with refused("HOME-EXISTS"):
        Home.create(home.path, production=False)


def test_a_home_is_used_by_one_command_at_a_time(home):
    with refused("STATION-LOCKED"):
        Home.open(home.path)
    code = "import sys; from pathlib import Path; from ceremony.station.home import Home; Home.open(Path(sys.argv[1]))"
    other = subprocess.run([sys.executable, "-c", code, home.path], capture_output=True, text=True, check=False)
    assert "STATION-LOCKED" in other.stderr
    home.close()
    Home.open(home.path).close()


@pytest.mark.parametrize("mode", [0o710, 0o701, 0o750, 0o777])
def test_a_folder_that_others_may_enter_is_refused(home, mode):
    home.close()
    home.path.chmod(mode)
    with refused("HOME-PERMISSIONS") as caught:
        Home.open(home.path)
    assert "chmod 700" in caught.value.do


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_database_that_others_may_read_is_refused(home, mode):
    home.close()
    (home.path / "station.sqlite").chmod(mode)
    with refused("HOME-PERMISSIONS"):
        Home.open(home.path)


def test_links_in_place_of_the_home_or_its_database_are_refused(home, tmp_path):
    home.close()
    (tmp_path / "link").symlink_to(home.path)
    with refused("HOME-PERMISSIONS"):
        Home.open(tmp_path / "link")
    (home.path / "station.sqlite").rename(tmp_path / "elsewhere.sqlite")
    (home.path / "station.sqlite").symlink_to(tmp_path / "elsewhere.sqlite")
    with refused("HOME-PERMISSIONS"):
        Home.open(home.path)


def test_a_home_of_another_user_is_refused(home, monkeypatch):
    home.close()
    monkeypatch.setattr(os, "getuid", lambda: home.path.stat().st_uid + 1)
    with refused("HOME-PERMISSIONS"):
        Home.open(home.path)


def test_a_home_without_a_parent_folder_is_refused(tmp_path):
    with refused("HOME-PARENT"):
        Home.create(tmp_path / "a" / "b", production=False)


def test_an_unfit_disk_is_refused_when_made_and_when_opened(home, monkeypatch, tmp_path):
    home.close()
    monkeypatch.setattr(place, "file_system_of", lambda path, mounts: "vfat")
    with refused("HOME-MEDIUM"):
        Home.open(home.path)
    with refused("HOME-MEDIUM"):
        Home.create(tmp_path / "new", production=False)
    assert not (tmp_path / "new").exists()


def test_the_stored_mode_decides_which_disks_are_fit(home, monkeypatch):
    home.close()
    monkeypatch.setattr(place, "file_system_of", lambda path, mounts: "tmpfs")
    with refused("HOME-MEDIUM"):
        Home.open(home.path)  # nothing says that it is a rehearsal
    with Home.open(home.path, production=False) as opened, opened.store.transaction() as tx:
        tx.set_meta("mode", "rehearsal")
    Home.open(home.path).close()


@pytest.mark.parametrize("kind", ["vfat", "exfat", "msdos", "ntfs", "fuseblk", "fuse.exfat", "nfs", "nfs4", "cifs", "9p",
                                  "fuse.sshfs", "virtiofs"])
def test_unfit_file_systems(kind):
    with refused("HOME-MEDIUM"):
        place.judge_file_system(kind, removable=False, production=False)


def test_memory_is_unfit_in_production_and_a_removable_disk_always():
    place.judge_file_system("ext4", removable=False, production=True)
    place.judge_file_system("tmpfs", removable=False, production=False)
    for kind, removable, production in [("tmpfs", False, True), ("ext4", True, False), ("ext4", True, True)]:
        with refused("HOME-MEDIUM"):
            place.judge_file_system(kind, removable=removable, production=production)


MOUNTS = """/dev/sda1 / ext4 rw 0 0
/dev/sdb1 /media/my\\040stick vfat rw 0 0
tmpfs /tmp tmpfs rw 0 0
/dev/sda2 /tmp ext4 rw 0 0
damaged
"""


@pytest.mark.parametrize("path, kind", [("/home/a", "ext4"), ("/media/my stick/home", "vfat"), ("/media/my", "ext4"),
                                        ("/tmp/x", "ext4"), ("/", "ext4")])
def test_the_last_longest_mount_point_decides(path, kind):
    assert place.file_system_of(Path(path), MOUNTS) == kind


def test_a_disk_under_a_partition_or_an_encryption_layer_is_found_removable(tmp_path):
    disk = tmp_path / "sdb"
    (disk / "sdb1").mkdir(parents=True)
    (disk / "removable").write_text("1\n")
    mapped = tmp_path / "dm-0"
    (mapped / "slaves").mkdir(parents=True)
    (mapped / "removable").write_text("0\n")
    assert not place._removable(mapped) and not place._removable(tmp_path / "none")
    (mapped / "slaves" / "sdb1").symlink_to(disk / "sdb1")
    assert place._removable(disk / "sdb1") and place._removable(mapped)


# Transactions


def test_a_step_is_kept_whole(home):
    with home.store.transaction() as tx:
        tx.set_meta("mode", "rehearsal")
        tx.add_group(GroupRow(GROUP, ENTRY.id, "alice", 0))
        assert tx.add_entry(ENTRY) and not tx.add_entry(ENTRY)
        assert tx.add_waiting(WaitingRow("cd" * 32, GROUP, b"line\n", "2026-11-22T15:52:01Z"))
        assert tx.add_evidence(GROUP, b"bad\n", {"check": "RECORD-CHAIN", "culprits": ["bob"]})
        assert not tx.add_evidence(GROUP, b"bad\n", {"culprits": ["bob"], "check": "RECORD-CHAIN"})
        assert tx.add_seal(SealRow("5a" * 32, "alice", 0, "sig")) and not tx.add_seal(SealRow("5a" * 32, "alice", 0, "x"))
        tx.put_secret(SECRET)
        tx.mark_used(GROUP, "nonce", "1")
        tx.set_view(GROUP, "state", {"b": 1, "a": [2]})
    home.close()
    with Home.open(home.path, check=True) as again:
        store = again.store
        assert store.meta("mode") == "rehearsal" and store.groups() == [GroupRow(GROUP, ENTRY.id, "alice", 0)]
        assert store.entry(ENTRY.id) == ENTRY and store.entries(GROUP) == [ENTRY] and store.entry("00" * 32) is None
        assert [row.line for row in store.waiting(GROUP)] == [b"line\n"]
        assert [(row.line, row.fault["culprits"]) for row in store.evidence(GROUP)] == [(b"bad\n", ["bob"])]
        assert store.seals("5a" * 32) == [SealRow("5a" * 32, "alice", 0, "sig")]
        assert store.secrets(GROUP, "nonce", state="fresh") == [SECRET] == [store.secret("nonce-1")]
        assert store.is_used(GROUP, "nonce", "1") and store.used(GROUP, "nonce") == ["1"]
        assert store.view(GROUP, "state") == {"a": [2], "b": 1} and store.view(GROUP, "none") is None


@pytest.mark.parametrize("exception", [ValueError, KeyboardInterrupt, SystemExit])
def test_an_exception_rolls_everything_back(store, exception):
    with pytest.raises(exception), store.transaction() as tx:
        tx.add_entry(ENTRY)
        tx.put_secret(SECRET)
        tx.mark_used(GROUP, "nonce", "1")
        raise exception
    assert store.entries(GROUP) == [] and store.secret("nonce-1") is None and not store.is_used(GROUP, "nonce", "1")
    with store.transaction() as tx:  # and the store goes on
        tx.add_entry(ENTRY)


def test_transactions_do_not_nest_and_end_with_their_block(store):
    with store.transaction() as tx:
        tx.add_entry(ENTRY)
        with pytest.raises(RuntimeError), store.transaction():
            pass
        tx.mark_used(GROUP, "nonce", "1")
    with pytest.raises(RuntimeError):
        tx.mark_used(GROUP, "nonce", "2")
    assert store.entries(GROUP) == [ENTRY] and store.used(GROUP, "nonce") == ["1"]


def test_a_mark_is_made_once(store):
    with store.transaction() as tx:
        tx.mark_used(GROUP, "nonce", "1")
        tx.mark_used(GROUP, "input", "1")
        tx.mark_used("88" * 32, "nonce", "1")
    with refused("STORE-USED"), store.transaction() as tx:
        tx.add_entry(ENTRY)
        tx.mark_used(GROUP, "nonce", "1")
    assert store.entry(ENTRY.id) is None


def test_a_secret_moves_only_from_the_state_it_is_in(store):
    with store.transaction() as tx:
        tx.put_secret(SECRET)
    with refused("STORE-SECRET-TWICE"), store.transaction() as tx:
        tx.put_secret(replace(SECRET, blob=b"other"))
    with store.transaction() as tx:
        tx.set_secret_state(replace(SECRET, state="assigned", blob=b"again"), before="fresh")
    for wrong in (SECRET, replace(SECRET, id="nonce-2"), replace(SECRET, epoch=1), replace(SECRET, ref="x"),
                  replace(SECRET, kind="x"), replace(SECRET, group="x")):
        with refused("STORE-SECRET-STATE"), store.transaction() as tx:
            tx.set_secret_state(wrong, before="fresh" if wrong is SECRET else "assigned")
    assert store.secret("nonce-1") == replace(SECRET, state="assigned", blob=b"again")
    with store.transaction() as tx:
        tx.erase_secret("nonce-1")
    with refused("STORE-SECRET-STATE"), store.transaction() as tx:
        tx.erase_secret("nonce-1")
    assert store.secrets(GROUP, "nonce") == []


def test_an_erased_secret_is_not_in_the_file(home):
    sealed = b"\xa5" * 400
    with home.store.transaction() as tx:
        tx.put_secret(replace(SECRET, blob=sealed))
    assert sealed in (home.path / "station.sqlite").read_bytes()
    with home.store.transaction() as tx:
        tx.erase_secret(SECRET.id)
    assert sealed not in (home.path / "station.sqlite").read_bytes()


def test_both_branches_of_a_fork_are_kept(store):
    other = replace(ENTRY, id="ac" * 32, line=b'{"v":2}\n')
    with store.transaction() as tx:
        assert tx.add_entry(other) and tx.add_entry(ENTRY)
    assert store.entries_at(GROUP, "alice/0", 0) == [ENTRY, other]
    assert store.entries(GROUP, label="alice/0") == [other, ENTRY] and store.entries(GROUP, label="bob/0") == []


def test_the_entries_of_a_ceremony_include_the_one_that_opened_it(store):
    step = replace(ENTRY, id="ac" * 32, seq=1, ceremony=ENTRY.id)
    with store.transaction() as tx:
        tx.add_entry(ENTRY), tx.add_entry(step), tx.add_entry(replace(ENTRY, id="ad" * 32, seq=2))
    assert store.entries(GROUP, ceremony=ENTRY.id) == [ENTRY, step]


def test_another_signature_replaces_only_the_line(store):
    with store.transaction() as tx:
        tx.add_entry(ENTRY)
        tx.replace_line(ENTRY.id, b"first\n")
    assert store.entry(ENTRY.id) == replace(ENTRY, line=b"first\n")
    with pytest.raises(KeyError), store.transaction() as tx:
        tx.replace_line("00" * 32, b"x")


def test_a_bad_line_with_the_same_id_does_not_keep_a_good_one_out(store):
    good, bad = (WaitingRow("cd" * 32, GROUP, line, "2026-11-22T15:52:01Z") for line in (b"good\n", b"bad\n"))
    with store.transaction() as tx:
        assert tx.add_waiting(bad) and tx.add_waiting(good) and not tx.add_waiting(bad)
    assert store.waiting(GROUP) == [bad, good]
    with store.transaction() as tx:
        tx.drop_waiting(b"bad\n")
    assert store.waiting(GROUP) == [good]


def test_passphrase_failures_are_counted(store):
    assert store.passphrase_failures() == 0
    for expected in (1, 2, 3):
        with store.transaction() as tx:
            tx.count_passphrase_failure()
        assert store.passphrase_failures() == expected
    with store.transaction() as tx:
        tx.clear_passphrase_failures()
    assert store.passphrase_failures() == 0


# The disk


def test_the_pragmas_that_durability_rests_on(store):
    wanted = {"journal_mode": "delete", "synchronous": 3, "secure_delete": 1, "foreign_keys": 1, "temp_store": 2,
              "trusted_schema": 0}
    assert {name: store._one(f"PRAGMA {name}")[0] for name in wanted} == wanted


@pytest.mark.parametrize("content", [b"", b"not a database" * 100, b"SQLite format 3\0" + bytes(4096)])
def test_a_file_that_is_no_station_is_refused(home, content):
    home.close()
    (home.path / "station.sqlite").write_bytes(content)
    with pytest.raises(LocalFault) as caught:
        Home.open(home.path)
    assert caught.value.check in {"STORE-DAMAGED", "STORE-VERSION"}
    with pytest.raises(LocalFault):
        Home.open(home.path)  # not STATION-LOCKED: the lock was given back
    assert (home.path / "station.sqlite").read_bytes() == content


def test_damage_inside_is_found_by_the_integrity_check(home):
    with home.store.transaction() as tx:
        for number in range(200):
            tx.add_entry(replace(ENTRY, id=f"{number:064x}", seq=number, line=os.urandom(3000)))
    home.close()
    file = home.path / "station.sqlite"
    data = bytearray(file.read_bytes())
    page = 4096
    for start in range(4 * page, len(data), page):
        data[start:start + 8] = b"\xff" * 8
    file.write_bytes(data)
    with refused("STORE-DAMAGED") as caught:
        Home.open(home.path, check=True)
    assert "Do not restore an old copy" in caught.value.do


def test_another_schema_is_refused(home):
    home.close()
    connection = sqlite3.connect(home.path / "station.sqlite")
    connection.execute("PRAGMA user_version = 2")
    connection.close()
    with refused("STORE-VERSION"):
        Home.open(home.path)


def test_a_database_held_open_by_another_program_is_named(home):
    other = sqlite3.connect(home.path / "station.sqlite", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with refused("STATION-LOCKED"), home.store.transaction():
        pytest.fail("the block must not run")
    other.close()
    with home.store.transaction():
        pass


def test_a_full_disk_undoes_the_step_and_the_store_goes_on(home):
    before = home.path.joinpath("station.sqlite").read_bytes()
    home.store._connection.execute("PRAGMA max_page_count = 40")
    with refused("STORE-FULL"), home.store.transaction() as tx:
        tx.put_secret(SECRET)
        tx.add_entry(replace(ENTRY, line=bytes(1_000_000)))
    assert home.path.joinpath("station.sqlite").read_bytes() == before
    with home.store.transaction() as tx:
        tx.put_secret(SECRET)


def test_a_write_that_the_system_cuts_short_is_a_fault(home):
    """A limit on the size of files makes the kernel refuse the write itself, with EFBIG, in the middle of a commit."""
    size = (home.path / "station.sqlite").stat().st_size
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 4096, hard))
    try:
        with pytest.raises(LocalFault) as caught, home.store.transaction() as tx:
            tx.put_secret(SECRET)
            tx.add_entry(replace(ENTRY, line=bytes(1_000_000)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert caught.value.check in {"STORE-DISK", "STORE-FULL"}
    assert home.store.secret(SECRET.id) is None and home.store.entries(GROUP) == []


def test_text_that_is_no_text_is_damage(store):
    with store.transaction() as tx:
        tx._run("INSERT INTO meta VALUES ('mode', CAST(x'ff' AS TEXT))")
    with refused("STORE-DAMAGED"):
        store.meta("mode")


def test_our_own_mistakes_are_not_called_a_disk_fault(store):
    with pytest.raises(sqlite3.Error), store.transaction() as tx:
        tx._run("INSERT INTO nowhere VALUES (1)")
