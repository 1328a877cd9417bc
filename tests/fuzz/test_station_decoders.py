"""The targets of `targets_station`, driven by hypothesis: random bytes, and good objects cut, stuffed and altered."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ceremony.ceremonies.charter import PROFILE
from tests.fuzz import targets_station as targets

WRAP = {"kdf": "argon2id", "salt": "00" * 16, "memory_kib": 65_536, "passes": 3, "lanes": 4, "nonce": "00" * 12,
        "box": "00" * 48}
BACKUP = json.dumps({"kind": "ceremony-backup", "v": 1, "mode": "rehearsal", "group": "77" * 32, "name": "alice", "inc": 0,
                     "key": "2c" * 32, "epoch": 0, "profile": PROFILE, "recovery": "ab" * 40, "wrap": WRAP},
                    sort_keys=True, separators=(",", ":")).encode() + b"\n"


def put(what: int, folder: int, name: int, content: bytes = b"") -> bytes:
    """One instruction of the stick target."""
    return bytes([what, folder, name, len(content)]) + content


instructions = st.lists(st.builds(put, st.integers(0, 7), st.integers(0, 6), st.integers(0, 19), st.binary(max_size=40)),
                        max_size=12).map(b"".join)


@st.composite
def altered(draw):
    """A good backup with a few places overwritten, removed or doubled."""
    data = bytearray(BACKUP)
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 20)))
        data[start:end] = draw(st.one_of(st.binary(max_size=8), st.just(bytes(data[start:end] * 2)),
                                         st.sampled_from([b'"', b"{", b"[" * 40, b"1e9", b"null", b"\xed\xa0\x80"])))
    return bytes(data)


def test_the_sample_is_good():
    assert targets.parse(BACKUP).says.name == "alice"
    targets.backup(BACKUP)


@given(altered())
def test_altered_backups(data):
    targets.backup(data)


@given(st.binary(max_size=400))
def test_any_bytes(data):
    targets.backup(data)
    targets.stick(data)


@given(instructions)
def test_hostile_sticks(data):
    targets.stick(data)


@pytest.mark.parametrize("data", [
    put(5, 0, 10, b"") + b"\x01",           # the group's folder is a link to a folder outside
    put(5, 1, 7) + b"\x01",                 # so is the folder of packs
    put(4, 1, 5) + put(6, 1, 0),            # a folder and a pipe under our names
    put(0, 1, 7, b"x"), put(0, 0, 10),      # files in place of folders
    put(7, 1, 0) + b"\x2c",                 # a sparse giant
    put(2, 5, 0, b"{}"), put(4, 2, 6)])
def test_sticks_worth_remembering(data):
    targets.stick(data)
