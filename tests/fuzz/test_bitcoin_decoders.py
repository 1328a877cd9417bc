"""The targets of `targets_bitcoin`, driven by hypothesis: random bytes, and good objects cut, stuffed and altered."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz import targets_bitcoin as targets

SAMPLES = targets.SEEDS


@st.composite
def altered(draw, samples):
    """A good object with a few places overwritten, removed, doubled or filled."""
    data = bytearray(draw(st.sampled_from(samples)))
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 40)))
        data[start:end] = draw(st.one_of(st.binary(max_size=8), st.just(bytes(data[start:end] * 2)),
                                         st.sampled_from([b"\xff" * 9, b"\xfd\x00\x00", b"\x00"])))
    return bytes(data)


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_the_samples_are_good(name):
    for sample in SAMPLES[name]:
        getattr(targets, name)(sample)


@pytest.mark.parametrize("name", sorted(SAMPLES))
@given(data=st.data())
def test_altered_objects(name, data):
    getattr(targets, name)(data.draw(altered(SAMPLES[name])))


@pytest.mark.parametrize("name", sorted(SAMPLES))
@given(st.binary(max_size=400))
def test_any_bytes(name, data):
    for front in (b"", b"psbt\xff", b"cHNidP", b"70736274ff"):
        getattr(targets, name)(front + data)
