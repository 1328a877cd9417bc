"""The targets of `targets_bitcoin`, driven by hypothesis: random bytes, and good objects cut, stuffed and altered."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ceremony.chains.bitcoin.account import account_descriptor, taproot_key
from ceremony.chains.bitcoin.address import describe
from ceremony.chains.bitcoin.networks import REGTEST
from tests.bitcoin_kit import ACCOUNT, In, Out, build, change, u32
from tests.fuzz import targets_bitcoin as targets

RICH = [In(put=((b"\x03", u32(1)), (b"\xfc\x01a\x00", b"b"))), In(250_000, (1, 3), salt=1, drop=(0x00,))]
PSBTS = [build(RICH, [Out(), change(289_000)], version) for version in (0, 2)]
SAMPLES = {
    "psbt_intake": PSBTS + [base64.b64encode(PSBTS[0]), PSBTS[1].hex().encode()],
    "transaction": [In().previous().serialize()],
    "descriptor": [account_descriptor(ACCOUNT).encode()],
    "address": [describe(taproot_key(ACCOUNT, 0, 0).script, REGTEST).address.encode(), b"mo9ncXisMeAoXwqcV5EWuyncbmCcQN4rVs"],
    "extended_key": [ACCOUNT.serialize(), str(ACCOUNT).encode()],
}


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
