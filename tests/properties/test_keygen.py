"""Whole key generations: all agree, any t shares make the key, fewer do not, and recovery gives the same."""

from __future__ import annotations

import random
from itertools import combinations

import pytest
from hypothesis import given, settings, strategies as st

from ceremony.algebra.polynomial import interpolate, interpolate_points
from ceremony.algebra.secp256k1 import G, Point, mul_public
from ceremony.base.secret import Secret
from ceremony.codec.digest import tagged_hash
from ceremony.protocols.keygen import checks, coordinated, rounds
from ceremony.protocols.keygen.hostkey import hostpubkey
from ceremony.protocols.keygen.params import SessionParams
from ceremony.protocols.keygen.states import State1, State2

SIZES = [(1, 1), (1, 2), (2, 2), (2, 3), (3, 5), (7, 11)]


def run(t: int, n: int, seed: int):
    """One session as the stations hold it: switched off after every step, and on again."""
    draw = random.Random(seed).randbytes
    keys = [Secret(draw(32)) for _ in range(n)]
    params = SessionParams(tuple(map(hostpubkey, keys)), t)
    first = [rounds.step1(key, params, draw(32)) for key in keys]
    messages = [message for _, message in first]
    states = [State1.from_bytes(state.to_bytes()) for state, _ in first]
    second = [rounds.step2(key, state, messages, draw(32)) for key, state in zip(keys, states)]
    signatures = [signature for _, signature in second]
    results = [rounds.finalize(State2.from_bytes(state.to_bytes()), signatures) for state, _ in second]
    return params, keys, messages, signatures, [output for output, _ in results], [data for _, data in results]


@pytest.mark.parametrize("t, n", SIZES)
@settings(max_examples=3)
@given(seed=st.integers(0, 2**64))
def test_a_session_gives_all_the_same_key_and_shares_of_it(t, n, seed):
    params, keys, messages, signatures, outputs, data = run(t, n, seed)
    assert len({output.public for output in outputs}) == 1 and len({one.to_bytes() for one in data}) == 1
    public, shares = outputs[0].public, {output.seat + 1: output.secshare.reveal() for output in outputs}
    for output in outputs:
        assert mul_public(output.secshare.reveal(), G) == public.pubshares[output.seat]
    for places in [*combinations(shares, t)][:20]:
        some = {x: shares[x] for x in places}
        assert mul_public(interpolate(some), G) == public.threshold_pubkey
        assert interpolate_points({x: public.pubshares[x - 1] for x in places}) == public.threshold_pubkey
    for places in [*combinations(shares, t - 1)][:5]:
        assert mul_public(interpolate({x: shares[x] for x in places}), G) != public.threshold_pubkey
    assert [len(messages[0]), len(signatures[0]), len(data[0].to_bytes())] == \
        [33 * t + 32 * n + 97, 64, 4 + 33 * t + 162 * n]


@pytest.mark.parametrize("t, n", SIZES)
def test_recovery_and_the_auditor_find_what_the_session_gave(t, n):
    params, keys, messages, signatures, outputs, data = run(t, n, seed=t * 100 + n)
    for key, output in zip(keys, outputs):
        again, its_params = rounds.recover(key, data[0].to_bytes())
        assert (again.seat, again.public, its_params) == (output.seat, output.public, params)
        assert again.secshare.reveal() == output.secshare.reveal()
    agreed = checks.eq_input(params, checks.check_all_pmsg1(params, messages))
    assert checks.certify(agreed, signatures) == data[0]
    assert checks.public_output(agreed) == outputs[0].public
    assert agreed.chain_code() == tagged_hash("ceremony/chaincode-v1", agreed.to_bytes())


def test_the_key_hides_no_script_path():
    """The key is the dealt point plus its own TapTweak without a script (BIP 341), y as it comes."""
    _, _, _, _, outputs, data = run(2, 3, seed=1)
    dealt: Point = data[0].eq_input.commitments[0]
    tweak = int.from_bytes(tagged_hash("TapTweak", dealt.xonly()), "big")
    assert outputs[0].public.threshold_pubkey == dealt + mul_public(tweak, G)
    assert outputs[0].public.tweak == tweak


def test_stations_and_a_participant_with_a_coordinator_sign_the_same():
    params, keys, messages, signatures, _, data = run(2, 3, seed=2)
    state, _ = rounds.step1(keys[0], params, b"\x01" * 32)
    cmsg1 = checks.aggregate(params, [state.pmsg1, *messages[1:]]).to_bytes()
    alone, _ = rounds.step2(keys[0], state, [state.pmsg1, *messages[1:]], bytes(32))
    told, _ = coordinated.step2(keys[0], state, cmsg1, bytes(32))
    assert alone.to_bytes().reveal() == told.to_bytes().reveal()


def test_fresh_randomness_changes_everything_and_the_same_changes_nothing():
    """A step repeated after a crash gives the message that may already be out; any other bytes give another dealing."""
    key = Secret(b"\x07" * 32)
    params = SessionParams((hostpubkey(key), G.compressed()), 2)
    first, again, other = (rounds.step1(key, params, seed)[1] for seed in (b"\x01" * 32, b"\x01" * 32, b"\x02" * 32))
    assert first == again
    fields = [slice(0, 33), slice(33, 66), slice(66, 130), slice(130, 163), slice(163, 195), slice(195, 227)]
    assert all(first[field] != other[field] for field in fields)


def test_the_same_randomness_under_other_parameters_deals_anew():
    """Else one polynomial would be shared twice, with two thresholds or to two groups."""
    key, seed = Secret(b"\x07" * 32), b"\x01" * 32
    groups = [SessionParams((hostpubkey(key), *others), t) for t, others in (
        (2, (G.compressed(),)), (1, (G.compressed(),)), (2, (mul_public(3, G).compressed(),)))]
    assert len({rounds.step1(key, params, seed)[1][:33] for params in groups}) == 3
