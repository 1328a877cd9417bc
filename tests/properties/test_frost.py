"""Whatever the group, the signers and the tweaks: the signature verifies under a key that coincurve tweaks and checks by itself."""

from __future__ import annotations

from coincurve import PublicKey, PublicKeyXOnly
from hypothesis import given, settings, strategies as st

from ceremony.base.errors import Seat
from ceremony.protocols.frost.checks import (
    aggregate_partials, check_aggregate, check_partial, check_signature, session_values)
from ceremony.protocols.frost.keys import lagrange
from ceremony.algebra.secp256k1 import N
from tests.reference.frost_group import Signing, deal, prepare

SIZES = [(2, 3), (3, 5), (7, 11)]


def tweaked_by_coincurve(key: bytes, tweaks) -> PublicKeyXOnly:
    """BIP-32 and BIP-341 tweaks through libsecp256k1's own calls for them."""
    point = PublicKey(key)
    for tweak, is_xonly in tweaks:
        if is_xonly:
            xonly = PublicKeyXOnly(point.format()[1:])
            xonly.tweak_add(tweak)
            point = PublicKey((b"\x03" if xonly.parity else b"\x02") + xonly.format())
        else:
            point = point.add(tweak)
    return PublicKeyXOnly(point.format()[1:])


@st.composite
def signings(draw) -> Signing:
    t, n = draw(st.sampled_from(SIZES))
    seats = sorted(draw(st.sets(st.integers(0, n - 1), min_size=t, max_size=n)))
    scalars = st.integers(1, N - 1).map(lambda tweak: tweak.to_bytes(32, "big"))
    ours = st.tuples(*(st.tuples(scalars, st.just(mode)) for mode in (False, False, True)))  # change, index, TapTweak
    tweaks = draw(ours | st.lists(st.tuples(scalars, st.booleans()), max_size=4).map(tuple))
    return prepare(deal(t, n, draw(st.integers(0, 9))), seats, tweaks, draw(st.binary(min_size=32, max_size=32)),
                   draw(st.integers(0, 9)))


@settings(max_examples=40)
@given(signings())
def test_any_signing_gives_a_signature_that_others_accept(signing):
    context, psigs = signing.context, signing.psigs()
    check_aggregate(context, signing.pubnonces)
    for seat, psig in psigs.items():
        check_partial(context, seat, signing.pubnonces[seat], psig)
    signature = aggregate_partials(context, psigs)
    check_signature(context, signature)
    key = tweaked_by_coincurve(signing.group.key, context.tweaks)
    assert key.format() == session_values(context).Q.xonly()
    assert key.verify(signature, context.message)
    assert not key.verify(signature, bytes([context.message[0] ^ 1]) + context.message[1:])


@given(st.sets(st.integers(0, 127), min_size=1, max_size=128), st.integers(0, N - 1))
def test_the_weights_of_any_signers_rebuild_a_constant(seats, constant):
    """Shares of a constant polynomial are all that constant, so the weights of any signer set add up to one."""
    ordered = [Seat(seat) for seat in sorted(seats)]
    assert sum(lagrange(ordered, seat) * constant for seat in ordered) % N == constant
