"""The targets of `targets_station`, driven by hypothesis: random bytes, and good objects cut, stuffed and altered."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz import targets_station as targets

instructions = st.lists(st.builds(targets._put, st.integers(0, 7), st.integers(0, 6), st.integers(0, 19), st.binary(max_size=40)),
                        max_size=12).map(b"".join)


@st.composite
def altered(draw):
    """A good backup with a few places overwritten, removed or doubled."""
    data = bytearray(targets.BACKUP)
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 20)))
        data[start:end] = draw(st.one_of(st.binary(max_size=8), st.just(bytes(data[start:end] * 2)),
                                         st.sampled_from([b'"', b"{", b"[" * 40, b"1e9", b"null", b"\xed\xa0\x80"])))
    return bytes(data)


def test_the_sample_is_good():
    assert targets.parse(targets.BACKUP).says.name == "alice"
    targets.backup(targets.BACKUP)


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
    targets._put(5, 0, 10, b"") + b"\x01",           # the group's folder is a link to a folder outside
    targets._put(5, 1, 7) + b"\x01",                 # so is the folder of packs
    targets._put(4, 1, 5) + targets._put(6, 1, 0),            # a folder and a pipe under our names
    targets._put(0, 1, 7, b"x"), targets._put(0, 0, 10),      # files in place of folders
    targets._put(7, 1, 0) + b"\x2c",                 # a sparse giant
    targets._put(2, 5, 0, b"{}"), targets._put(4, 2, 6)])
def test_sticks_worth_remembering(data):
    targets.stick(data)
