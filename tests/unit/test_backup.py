"""The backup file: what it says is bound to what it opens, and anything else is refused by name."""

from __future__ import annotations

import json
import os
from dataclasses import replace

import pytest

from ceremony.base.errors import LocalFault
from ceremony.base.limits import MAX_BACKUP_BYTES
from ceremony.base.secret import Secret
from ceremony.station import passphrase as passphrases
from ceremony.station.backup import Backup, BackupMalformed, compose, open_backup, parse, prove
from ceremony.station.passphrase import COSTS, Cost

HOSTKEY, PASSPHRASE = Secret(b"\x11" * 32), Secret("right horse")
BACKUP = Backup("rehearsal", "77" * 32, "alice", 0, "2c" * 32, 0, b"recovery data" * 20)


@pytest.fixture(autouse=True)
def cheap(monkeypatch):
    """Argon2id at a token cost."""
    monkeypatch.setitem(COSTS, "rehearsal", Cost(64, 1, 4))


@pytest.fixture
def line() -> bytes:
    return compose(BACKUP, HOSTKEY, PASSPHRASE, os.urandom)


def rewritten(line: bytes, change) -> bytes:
    value = json.loads(line)
    change(value)
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode() + b"\n"


def test_a_backup_opens_with_its_passphrase(line):
    closed = parse(line)
    assert closed.says == BACKUP and BACKUP.file_name() == "alice-2c2c2c2c.backup.json"
    assert open_backup(closed, PASSPHRASE).reveal() == HOSTKEY.reveal()
    prove(line, BACKUP, HOSTKEY, PASSPHRASE)


def test_a_recovered_station_backs_up_again():
    """Its incarnation is 13 hex digits of a hash, far above 255."""
    says = replace(BACKUP, inc=2**52 - 1)
    assert parse(compose(says, HOSTKEY, PASSPHRASE, os.urandom)).says == says


def test_the_file_is_that_of_the_formats_page(line):
    value = json.loads(line)
    assert set(value) == {"kind", "v", "mode", "group", "name", "inc", "key", "epoch", "profile", "recovery", "wrap"}
    assert set(value["wrap"]) == {"kdf", "salt", "memory_kib", "passes", "lanes", "nonce", "box"}
    assert [len(bytes.fromhex(value["wrap"][name])) for name in ("salt", "nonce", "box")] == [16, 12, 48]
    assert HOSTKEY.reveal().hex() not in line.decode() and "horse" not in line.decode()


def test_two_backups_of_one_key_share_neither_salt_nor_box(line):
    one, two = parse(line).wrap, parse(compose(BACKUP, HOSTKEY, PASSPHRASE, os.urandom)).wrap
    assert not {one["salt"], one["nonce"], one["box"]} & {two["salt"], two["nonce"], two["box"]}


@pytest.mark.parametrize("text", ["wrong horse", "", "right horse "])
def test_another_passphrase_does_not_open_it(line, text):
    with pytest.raises(LocalFault, match="^BACKUP-PASSPHRASE: "):
        open_backup(parse(line), Secret(text))


@pytest.mark.parametrize("field, value", [("group", "78" * 32), ("name", "bob"), ("inc", 1), ("key", "2d" * 32),
                                          ("epoch", 1), ("recovery", "00")])
def test_what_it_says_is_bound_to_the_box(line, field, value):
    closed = parse(rewritten(line, lambda v: v.update({field: value})))
    with pytest.raises(LocalFault, match="^BACKUP-PASSPHRASE: "):
        open_backup(closed, PASSPHRASE)


@pytest.mark.parametrize("field, value", [("salt", "00" * 16), ("nonce", "00" * 12), ("box", "00" * 48), ("passes", 2),
                                          ("memory_kib", 128), ("lanes", 5)])
def test_a_box_altered_within_the_limits_does_not_open(line, field, value):
    closed = parse(rewritten(line, lambda v: v["wrap"].update({field: value})))
    with pytest.raises(LocalFault, match="^BACKUP-PASSPHRASE: "):
        open_backup(closed, PASSPHRASE)


def test_a_backup_of_the_other_mode_needs_the_other_costs(line):
    with pytest.raises(BackupMalformed):
        parse(rewritten(line, lambda v: v.update(mode="production")))


@pytest.mark.parametrize("change", [
    lambda v: v.update(extra=1), lambda v: v.pop("epoch"), lambda v: v.update(kind="ceremony-card"),
    lambda v: v.update(v=2), lambda v: v.update(v=True), lambda v: v.update(mode="test"), lambda v: v.update(mode=[]),
    lambda v: v.update(group="77" * 31), lambda v: v.update(group="AA" * 32), lambda v: v.update(name="Alice"),
    lambda v: v.update(inc=2**52), lambda v: v.update(inc=-1), lambda v: v.update(epoch=2**31),
    lambda v: v.update(profile="other"), lambda v: v.update(recovery=""), lambda v: v.update(recovery="0"),
    lambda v: v.update(wrap=[]), lambda v: v["wrap"].update(kdf="scrypt"), lambda v: v["wrap"].update(memory_kib=63),
    lambda v: v["wrap"].update(memory_kib=2**30), lambda v: v["wrap"].update(passes=0),
    lambda v: v["wrap"].update(lanes=3), lambda v: v["wrap"].update(salt="00" * 15),
    lambda v: v["wrap"].update(nonce="00" * 13), lambda v: v["wrap"].update(box="00" * 47),
    lambda v: v["wrap"].update(more=1), lambda v: v["wrap"].pop("box")])
def test_other_forms_are_refused_before_the_passphrase_is_used(line, change, monkeypatch):
    monkeypatch.setattr(passphrases, "_stretch", lambda *_: pytest.fail("the passphrase was used"))
    with pytest.raises(BackupMalformed, match="^BACKUP-MALFORMED: "):
        parse(rewritten(line, change))


@pytest.mark.parametrize("raw", [b"", b"\n", b"{}\n", b"[]\n", b"null\n", b"{", b"\xff\n", b"[" * 5000 + b"\n",
                                 b"x" * (MAX_BACKUP_BYTES + 1)])
def test_other_bytes_are_refused(raw):
    with pytest.raises(BackupMalformed):
        parse(raw)


def test_a_file_that_is_not_canonical_or_was_cut_is_refused(line):
    for raw in (line[:-1], line + b"\n", line + line, line.replace(b":", b": ", 1), b"\xef\xbb\xbf" + line):
        with pytest.raises(BackupMalformed):
            parse(raw)


def test_every_flipped_bit_is_noticed(line):
    for place in range(0, len(line), 7):
        altered = bytearray(line)
        altered[place] ^= 1
        with pytest.raises((BackupMalformed, LocalFault)):
            open_backup(parse(bytes(altered)), PASSPHRASE)


def test_what_was_read_back_must_give_the_same_shard(line):
    others = [(b"", BACKUP, HOSTKEY), (line[:-1], BACKUP, HOSTKEY), (line, replace(BACKUP, epoch=1), HOSTKEY),
              (line, BACKUP, Secret(bytes(32)))]
    for raw, backup, hostkey in others:
        with pytest.raises(LocalFault, match="^BACKUP-READBACK: "):
            prove(raw, backup, hostkey, PASSPHRASE)
    with pytest.raises(LocalFault, match="^BACKUP-READBACK: "):
        prove(line, BACKUP, HOSTKEY, Secret("other"))


def test_the_largest_recovery_data_fits():
    full = replace(BACKUP, recovery=bytes(40_000))
    assert parse(compose(full, HOSTKEY, PASSPHRASE, os.urandom)).says == full


def test_a_host_key_of_another_size_is_our_mistake():
    with pytest.raises(ValueError):
        compose(BACKUP, Secret(b"\x11" * 31), PASSPHRASE, os.urandom)
