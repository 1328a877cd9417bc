"""One liar, mistake or broken machine per test against FROST signing: which check fires, and who is blamed.

Seats 0 and 2 of a 2-of-3 group sign with three tweaks unless a test says otherwise. The liar is seat 2.
"""

from __future__ import annotations

import copy
import json
import pickle
from dataclasses import replace

import pytest

from ceremony.algebra.secp256k1 import G, N, Point, mul_public, scalar_to_bytes
from ceremony.base.errors import Fault, LocalFault, PeerFault, Seat, Unattributed
from ceremony.base.secret import Secret
from ceremony.protocols.frost import checks, rounds
from ceremony.protocols.frost.checks import (
    aggregate_nonces, aggregate_partials, check_aggregate, check_partial, check_signature, session, session_values)
from ceremony.protocols.frost.keys import check_signer_set, tweak_key
from ceremony.protocols.frost.rounds import SecNonce, nonce_gen, sign
from tests.reference.frost_group import MESSAGE, TWEAKS, deal, nonces, prepare

GROUP = deal(2, 3)
SEATS = (Seat(0), Seat(2))
LIAR = Seat(2)
RANDOM = Secret(bytes(31) + b"\x01")


def fresh(**changes):
    return prepare(GROUP, SEATS, **changes)


def raises(kind: type[Fault], check: str, *culprits: int):
    """The expected fault: its class, its check, and exactly these culprits."""
    return pytest.raises(kind, check=lambda fault: (fault.check, fault.culprits) == (check, culprits))


def plus(psig: bytes, offset: int) -> bytes:
    return scalar_to_bytes((int.from_bytes(psig, "big") + offset) % N)


# --- wrong partial signatures -----------------------------------------------------------------------------------------

def test_partial_signature_off_by_one_is_blamed_on_its_seat():
    signing = fresh()
    psigs = signing.psigs()
    psigs[LIAR] = plus(psigs[LIAR], 1)
    with raises(PeerFault, "SIGN-PARTIAL", LIAR):
        check_partial(signing.context, LIAR, signing.pubnonces[LIAR], psigs[LIAR])
    check_partial(signing.context, SEATS[0], signing.pubnonces[SEATS[0]], psigs[SEATS[0]])
    with raises(Unattributed, "SIGN-SIGNATURE"):
        aggregate_partials(signing.context, psigs)


@pytest.mark.parametrize("changes", [
    {"message": bytes(32)}, {"tweaks": TWEAKS[:2]}, {"tweaks": TWEAKS[::-1]}, {"seed": "other nonces"}])
def test_partial_signature_of_another_session_is_blamed_on_its_seat(changes):
    signing, other = fresh(), fresh(**changes)
    with raises(PeerFault, "SIGN-PARTIAL", LIAR):
        check_partial(signing.context, LIAR, signing.pubnonces[LIAR], other.sign(LIAR))


def test_partial_signature_of_other_signers_of_the_group_is_blamed_on_its_seat():
    signing, other = fresh(), prepare(GROUP, (1, 2))
    with raises(PeerFault, "SIGN-PARTIAL", LIAR):
        check_partial(signing.context, LIAR, signing.pubnonces[LIAR], other.sign(LIAR))


def test_partial_signature_of_another_seat_is_blamed_on_the_seat_that_gave_it():
    signing = fresh()
    with raises(PeerFault, "SIGN-PARTIAL", LIAR):
        check_partial(signing.context, LIAR, signing.pubnonces[LIAR], signing.sign(SEATS[0]))


def test_two_lies_that_cancel_make_a_valid_signature_and_both_are_found():
    """The sum verifies, so money can move; what each seat gave is still on record as wrong."""
    signing = fresh()
    psigs = signing.psigs()
    psigs = {SEATS[0]: plus(psigs[SEATS[0]], 7), LIAR: plus(psigs[LIAR], -7)}
    aggregate_partials(signing.context, psigs)
    for seat in SEATS:
        with raises(PeerFault, "SIGN-PARTIAL", seat):
            check_partial(signing.context, seat, signing.pubnonces[seat], psigs[seat])


@pytest.mark.parametrize("psig", [
    bytes(31), b"", bytes(33), N.to_bytes(32, "big"), b"\xff" * 32, bytes(64)], ids=bytes.hex)
def test_malformed_partial_signature_is_blamed_on_its_seat(psig):
    signing = fresh()
    with raises(PeerFault, "SIGN-PARTIAL", LIAR):
        check_partial(signing.context, LIAR, signing.pubnonces[LIAR], psig)
    with raises(PeerFault, "SIGN-PARTIAL", LIAR):
        aggregate_partials(signing.context, {SEATS[0]: signing.sign(SEATS[0]), LIAR: psig})


def test_trailing_byte_and_unreduced_twin_of_a_right_partial_signature_are_refused():
    """One value has one encoding: s + N would be the same number modulo N."""
    signing = fresh()
    psig = signing.sign(LIAR)
    for twin in (psig + b"\x00", (int.from_bytes(psig, "big") + N).to_bytes(33, "big"), b"\x00" + psig):
        with raises(PeerFault, "SIGN-PARTIAL", LIAR):
            check_partial(signing.context, LIAR, signing.pubnonces[LIAR], twin)


def test_all_seats_with_malformed_partial_signatures_are_named():
    with raises(PeerFault, "SIGN-PARTIAL", *SEATS):
        aggregate_partials(fresh().context, {seat: b"" for seat in SEATS})


def test_zero_partial_signature_is_blamed_on_its_seat():
    signing = fresh()
    with raises(PeerFault, "SIGN-PARTIAL", LIAR):
        check_partial(signing.context, LIAR, signing.pubnonces[LIAR], bytes(32))


@pytest.mark.parametrize("seats", [(0,), (0, 1), (0, 1, 2), ()])
def test_partial_signatures_of_other_seats_are_not_summed(seats):
    signing = fresh()
    with raises(Unattributed, "SIGN-SEATS"):
        aggregate_partials(signing.context, {Seat(seat): signing.sign(SEATS[0]) if seat == 0 else bytes(32) for seat in seats})


def test_partial_signature_of_a_seat_that_does_not_sign():
    signing = fresh()
    with raises(Unattributed, "SIGN-SEATS"):
        check_partial(signing.context, Seat(1), signing.pubnonces[LIAR], signing.sign(LIAR))


# --- nonces -----------------------------------------------------------------------------------------------------------

def test_partial_signature_with_its_nonce_points_swapped_is_blamed_on_its_seat():
    signing = fresh()
    swapped = signing.pubnonces[LIAR][33:] + signing.pubnonces[LIAR][:33]
    with raises(PeerFault, "SIGN-PARTIAL", LIAR):
        check_partial(signing.context, LIAR, swapped, signing.sign(LIAR))


def test_public_nonce_with_its_points_swapped_makes_the_liar_unable_to_sign():
    secnonces, pubnonces = nonces(GROUP, SEATS)
    pubnonces[LIAR] = pubnonces[LIAR][33:] + pubnonces[LIAR][:33]
    context = fresh_context(pubnonces)
    with raises(LocalFault, "SIGN-OWN-NONCE"):
        sign(secnonces[LIAR], GROUP.share(LIAR), context, LIAR, pubnonces)


def fresh_context(pubnonces):
    return session(2, 3, GROUP.key, {seat: GROUP.pubshare(seat) for seat in pubnonces}, pubnonces, TWEAKS, MESSAGE)


def bad_nonces():
    good = nonces(GROUP, SEATS)[1][LIAR]
    off_curve = b"\x02" + (5).to_bytes(32, "big")
    return [good[:-1], good + b"\x00", b"", bytes(66), bytes(33) + good[33:], good[:33] + bytes(33), off_curve + good[33:],
            good[:33] + off_curve, b"\x04" + good[1:], good[:33] + b"\x07" + good[34:], b"\x02" + b"\xff" * 32 + good[33:]]


@pytest.mark.parametrize("bad", bad_nonces(), ids=bytes.hex)
def test_malformed_public_nonce_is_blamed_on_its_seat(bad):
    signing = fresh()
    listed = {**signing.pubnonces, LIAR: bad}
    with raises(PeerFault, "SIGN-NONCE", LIAR):
        aggregate_nonces(listed)
    with raises(PeerFault, "SIGN-NONCE", LIAR):
        check_aggregate(signing.context, listed)
    with raises(PeerFault, "SIGN-NONCE", LIAR):
        fresh_context(listed)
    with raises(PeerFault, "SIGN-NONCE", LIAR):
        check_partial(signing.context, LIAR, bad, signing.sign(LIAR))
    with raises(PeerFault, "SIGN-NONCE", LIAR):
        sign(signing.secnonces[SEATS[0]], GROUP.share(0), signing.context, SEATS[0], listed)


def test_all_seats_with_malformed_nonces_are_named():
    with raises(PeerFault, "SIGN-NONCE", 0, 2):
        aggregate_nonces({Seat(0): b"", Seat(1): nonces(GROUP, (1,))[1][Seat(1)], Seat(2): bytes(66)})


def test_tampered_aggregate_nonce_is_not_signed():
    """A carrier or coordinator that chooses the sum could steer b and e; the signer adds up for himself."""
    signing = fresh()
    other = aggregate_nonces(nonces(GROUP, SEATS, "others")[1])
    context = replace(signing.context, aggnonce=other)
    with raises(Unattributed, "SIGN-AGGREGATE"):
        sign(signing.secnonces[SEATS[0]], GROUP.share(0), context, SEATS[0], signing.pubnonces)
    with raises(Unattributed, "SIGN-AGGREGATE"):
        check_aggregate(context, signing.pubnonces)


@pytest.mark.parametrize("aggnonce", [b"", bytes(65), bytes(67), b"\x04" + bytes(65), bytes(33) + b"\x02" + b"\xff" * 32],
                         ids=bytes.hex)
def test_malformed_aggregate_nonce(aggnonce):
    with raises(Unattributed, "SIGN-AGGREGATE"):
        session_values(replace(fresh().context, aggnonce=aggnonce))


def test_nonce_swapped_for_another_of_the_same_seat_is_noticed_by_its_owner():
    """The opener assigns nonce 1 and the station takes nonce 2 from its vault: nothing is signed."""
    signing = fresh()
    wrong = nonces(GROUP, SEATS, "the next in stock")[0][SEATS[0]]
    with raises(LocalFault, "SIGN-OWN-NONCE"):
        sign(wrong, GROUP.share(0), signing.context, SEATS[0], signing.pubnonces)


@pytest.mark.parametrize("seats", [(0,), (0, 1), (0, 1, 2)])
def test_public_nonces_of_other_seats_are_not_signed(seats):
    signing = fresh()
    with raises(Unattributed, "SIGN-SEATS"):
        sign(signing.secnonces[SEATS[0]], GROUP.share(0), signing.context, SEATS[0], nonces(GROUP, seats)[1])


def test_last_signer_who_forces_the_nonce_sum_to_infinity_betrays_himself():
    """He lists the negative of the other's nonce. R becomes G; the honest part verifies and his own cannot."""
    secnonces, pubnonces = nonces(GROUP, SEATS)
    mine = pubnonces[SEATS[0]]
    pubnonces[LIAR] = b"".join((-Point.from_compressed(half)).compressed() for half in (mine[:33], mine[33:]))
    context = fresh_context(pubnonces)
    assert context.aggnonce == bytes(66) and session_values(context).R == G
    psig = sign(secnonces[SEATS[0]], GROUP.share(0), context, SEATS[0], pubnonces)
    check_partial(context, SEATS[0], mine, psig)
    for guess in (bytes(32), psig, plus(bytes(32), -int.from_bytes(psig, "big"))):
        with raises(PeerFault, "SIGN-PARTIAL", LIAR):
            check_partial(context, LIAR, pubnonces[LIAR], guess)
        with raises(Unattributed, "SIGN-SIGNATURE"):
            aggregate_partials(context, {SEATS[0]: psig, LIAR: guess})


def test_one_half_of_the_nonce_sum_may_be_infinity():
    """Only R as a whole must be finite: two signers with opposite second points sign validly."""
    k = {0: (11, 13), 2: (17, N - 13)}
    pubnonces = {Seat(i): b"".join(mul_public(half, G).compressed() for half in pair) for i, pair in k.items()}
    context = fresh_context(pubnonces)
    assert context.aggnonce[33:] == bytes(33)
    secnonces = {Seat(i): SecNonce(Secret(b"".join(map(scalar_to_bytes, pair)))) for i, pair in k.items()}
    aggregate_partials(context, {seat: sign(secnonces[seat], GROUP.share(seat), context, seat, pubnonces) for seat in SEATS})


# --- the signer set and the key ---------------------------------------------------------------------------------------

def signer_set(t=2, n=3, seats=(0, 2), pubshares=None, key=GROUP.key):
    shares = [GROUP.pubshare(seat) for seat in seats] if pubshares is None else pubshares
    return check_signer_set(t, n, [Seat(seat) for seat in seats], shares, key)


@pytest.mark.parametrize("wrong", [
    {"seats": (0,)}, {"seats": ()}, {"seats": (0, 0)}, {"seats": (2, 0)}, {"seats": (0, 2, 2)}, {"t": 0}, {"t": -1},
    {"t": 4}, {"t": 3}, {"n": 2}, {"n": 1}, {"n": 129}, {"seats": (0, 1, 2), "n": 2},
    {"pubshares": [GROUP.pubshare(0)]}, {"pubshares": [GROUP.pubshare(0)] * 3}])
def test_wrong_numbers_or_seats_of_signers(wrong):
    with raises(Unattributed, "SIGN-SEATS"):
        signer_set(**wrong)


@pytest.mark.parametrize("seat", [-1, 3, 2**32])
def test_seat_outside_the_group(seat):
    with raises(Unattributed, "SIGN-SEATS"):
        signer_set(seats=sorted((0, seat)), pubshares=[GROUP.pubshare(0), GROUP.pubshare(2)])


def negated(point: bytes) -> bytes:
    return bytes([point[0] ^ 1]) + point[1:]


@pytest.mark.parametrize("wrong", [
    {"seats": (0, 1), "pubshares": [GROUP.pubshare(0), GROUP.pubshare(2)]},   # a share under a wrong seat
    {"pubshares": [GROUP.pubshare(2), GROUP.pubshare(0)]},                    # shares in the wrong order
    {"pubshares": [GROUP.pubshare(0), GROUP.pubshare(1)]},                    # another seat's share
    {"pubshares": [GROUP.pubshare(0), negated(GROUP.pubshare(2))]},
    {"pubshares": [GROUP.pubshare(0), deal(2, 3, "another epoch").pubshare(2)]},
    {"pubshares": [GROUP.pubshare(0), bytes(33)]},                            # infinity
    {"pubshares": [GROUP.pubshare(0), GROUP.pubshare(2) + b"\x00"]},
    {"pubshares": [GROUP.pubshare(0), GROUP.pubshare(2)[1:]]},
    {"key": negated(GROUP.key)}, {"key": GROUP.key[1:]}, {"key": bytes(33)}, {"key": GROUP.pubshare(0)}])
def test_public_shares_that_do_not_make_the_group_key(wrong):
    with raises(Unattributed, "SIGN-PUBSHARE"):
        signer_set(**wrong)


def test_public_shares_that_interpolate_to_infinity():
    """Seats 0 and 2 weigh 3/2 and -1/2: Y_2 = 3 * Y_0 cancels."""
    with raises(Unattributed, "SIGN-PUBSHARE"):
        signer_set(pubshares=[GROUP.pubshare(0), mul_public(3, Point.from_compressed(GROUP.pubshare(0))).compressed()])


def test_a_wrong_share_beyond_the_first_t_signers():
    with raises(Unattributed, "SIGN-PUBSHARE"):
        signer_set(seats=(0, 1, 2), pubshares=[GROUP.pubshare(0), GROUP.pubshare(1), G.compressed()])


@pytest.mark.parametrize("change, check", [
    ({"seats": (Seat(0), Seat(0))}, "SIGN-SEATS"), ({"seats": (Seat(2), Seat(0))}, "SIGN-SEATS"),
    ({"seats": (Seat(0), Seat(1))}, "SIGN-PUBSHARE"), ({"t": 3}, "SIGN-SEATS"), ({"n": 2}, "SIGN-SEATS"),
    ({"group_key": negated(GROUP.key)}, "SIGN-PUBSHARE"), ({"message": b""}, "SIGN-MESSAGE"),
    ({"message": bytes(31)}, "SIGN-MESSAGE"), ({"message": bytes(33)}, "SIGN-MESSAGE"),
    ({"tweaks": ((N.to_bytes(32, "big"), False),)}, "SIGN-TWEAK")])
def test_every_use_of_a_context_checks_it(change, check):
    signing = fresh()
    context = replace(signing.context, **change)
    with raises(Unattributed, check):
        sign(signing.secnonces[SEATS[0]], GROUP.share(0), context, SEATS[0], signing.pubnonces)
    with raises(Unattributed, check):
        check_partial(context, SEATS[0], signing.pubnonces[SEATS[0]], bytes(32))
    with raises(Unattributed, check):
        aggregate_partials(context, {seat: bytes(32) for seat in SEATS})
    with raises(Unattributed, check):
        check_signature(context, bytes(64))


@pytest.mark.parametrize("seats", [(0,), (0, 1), (0, 1, 2)])
def test_session_with_public_shares_of_other_seats(seats):
    with raises(Unattributed, "SIGN-SEATS"):
        session(2, 3, GROUP.key, {Seat(seat): GROUP.pubshare(seat) for seat in seats}, nonces(GROUP, SEATS)[1], TWEAKS, MESSAGE)


# --- tweaks and signatures --------------------------------------------------------------------------------------------

@pytest.mark.parametrize("tweak", [
    (N.to_bytes(32, "big"), False), (b"\xff" * 32, True), (bytes(31), False), (bytes(33), True), (b"", False),
    (bytes(32),), (bytes(32), None), (bytes(32), 1), (bytes(32), False, False), bytes(32), ("00" * 32, False)])
def test_tweak_that_is_none(tweak):
    with raises(Unattributed, "SIGN-TWEAK"):
        tweak_key(G, [tweak])


@pytest.mark.parametrize("is_xonly", [False, True])
def test_tweak_that_cancels_the_key(is_xonly):
    key = mul_public(5, G)
    cancelling = N - 5 if key.has_even_y() or not is_xonly else 5
    with raises(Unattributed, "SIGN-TWEAK"):
        tweak_key(key, [(scalar_to_bytes(cancelling), is_xonly)])


def test_swapped_tweaks_give_another_key():
    signing, swapped = fresh(), fresh(tweaks=(TWEAKS[2], TWEAKS[1], TWEAKS[0]))
    signature = aggregate_partials(signing.context, signing.psigs())
    with raises(Unattributed, "SIGN-SIGNATURE"):
        check_signature(swapped.context, signature)


@pytest.mark.parametrize("index", range(0, 64, 9))
def test_signature_with_a_flipped_bit(index):
    signing = fresh()
    signature = bytearray(aggregate_partials(signing.context, signing.psigs()))
    signature[index] ^= 1
    with raises(Unattributed, "SIGN-SIGNATURE"):
        check_signature(signing.context, bytes(signature))


@pytest.mark.parametrize("cut", [slice(0, 63), slice(0, 0), slice(1, 64)])
def test_signature_of_another_length(cut):
    signing = fresh()
    signature = aggregate_partials(signing.context, signing.psigs())
    for wrong in (signature[cut], signature + b"\x00"):
        with raises(Unattributed, "SIGN-SIGNATURE"):
            check_signature(signing.context, wrong)


# --- the own station --------------------------------------------------------------------------------------------------

def test_a_secret_nonce_signs_once():
    signing = fresh()
    signing.sign(SEATS[0])
    with raises(LocalFault, "SIGN-OWN-NONCE"):
        signing.sign(SEATS[0])
    with raises(LocalFault, "SIGN-OWN-NONCE"):
        signing.secnonces[SEATS[0]].to_vault()


def test_a_refused_signing_also_uses_the_secret_nonce_up():
    signing = fresh()
    context = replace(signing.context, message=b"")
    with raises(Unattributed, "SIGN-MESSAGE"):
        sign(signing.secnonces[SEATS[0]], GROUP.share(0), context, SEATS[0], signing.pubnonces)
    with raises(LocalFault, "SIGN-OWN-NONCE"):
        signing.sign(SEATS[0])


@pytest.mark.parametrize("share, seat", [
    (GROUP.share(2), 0), (GROUP.share(0), 2), (GROUP.share(1), 1), (Secret(bytes(32)), 0), (Secret(N.to_bytes(32, "big")), 0),
    (Secret(scalar_to_bytes(N - GROUP.shares[Seat(0)])), 0), (Secret(b""), 0), (Secret(b"\0" + GROUP.share(0).reveal()), 0),
    (deal(2, 3, "another epoch").share(0), 0)])
def test_a_share_that_is_not_this_seats(share, seat):
    signing = fresh()
    secnonce = signing.secnonces[SEATS[0]]
    with raises(LocalFault, "SIGN-OWN-SHARE"):
        sign(secnonce, share, signing.context, Seat(seat), signing.pubnonces)


def test_a_computing_error_is_not_given_out(monkeypatch):
    """A flipped bit in the challenge of the signer alone, as a fault attack would make, would leak the share."""
    signing = fresh()
    values = session_values(signing.context)
    monkeypatch.setattr(rounds, "session_values", lambda context: values._replace(e=values.e ^ 1))
    with raises(LocalFault, "SIGN-OWN-PARTIAL"):
        signing.sign(SEATS[0])


@pytest.mark.parametrize("random", [bytes(32), b"", bytes(31), b"\x01" * 31, b"\x01" * 33], ids=bytes.hex)
def test_randomness_that_is_none(random):
    with raises(LocalFault, "SIGN-RANDOMNESS"):
        nonce_gen(Secret(random))


def test_every_input_changes_the_nonce():
    base = {"secshare": GROUP.share(0), "pubshare": GROUP.pubshare(0), "group_xonly": GROUP.key[1:], "msg": MESSAGE,
            "extra": b"session 1", "seat": Seat(0)}
    other = {"secshare": GROUP.share(1), "pubshare": GROUP.pubshare(1), "group_xonly": GROUP.pubshare(1)[1:],
             "msg": b"", "extra": b"session 2", "seat": Seat(1)}
    made = [nonce_gen(RANDOM, **base), nonce_gen(Secret(b"\x02" * 32), **base)]
    made += [nonce_gen(RANDOM, **{**base, name: value}) for name in base for value in (None, other[name])]
    halves = [pubnonce[i:i + 33] for _, pubnonce in made for i in (0, 33)]
    assert len(set(halves)) == 2 * len(made) == 28


@pytest.mark.parametrize("stored", [
    bytes(64), b"", bytes(31) + b"\x01" + bytes(32), bytes(32) + bytes(31) + b"\x01", b"\x01" * 63, b"\x01" * 65,
    N.to_bytes(32, "big") + bytes(31) + b"\x01", bytes(31) + b"\x01" + b"\xff" * 32], ids=bytes.hex)
def test_stored_bytes_that_are_no_secret_nonce(stored):
    with raises(LocalFault, "SIGN-OWN-NONCE"):
        SecNonce(Secret(stored))


def test_a_secret_nonce_survives_the_vault():
    signing = fresh()
    seat = SEATS[0]
    stored = signing.secnonces[seat].to_vault().reveal()
    again = SecNonce(Secret(stored))
    assert sign(again, GROUP.share(seat), signing.context, seat, signing.pubnonces) == signing.sign(seat)


@pytest.mark.parametrize("attempt", [copy.copy, copy.deepcopy, pickle.dumps, json.dumps])
def test_a_secret_nonce_is_not_copied(attempt):
    with pytest.raises(TypeError):
        attempt(nonce_gen(RANDOM)[0])


def test_a_secret_nonce_does_not_show_itself():
    secnonce, _ = nonce_gen(RANDOM)
    stored = secnonce.to_vault().reveal()
    for text in (repr(secnonce), str(secnonce), f"{secnonce}", repr(vars(rounds))):
        assert stored.hex() not in text and str(int.from_bytes(stored[:32], "big")) not in text
    assert repr(secnonce) == "SecNonce(…)"


@pytest.mark.parametrize("tag", ["BIP0445/noncecoef", "BIP0340/challenge", "BIP0445/nonce"])
def test_a_hash_of_zero_stops_everything(monkeypatch, tag):
    signing = fresh()
    real = checks.tagged_hash
    monkeypatch.setattr(checks, "tagged_hash", lambda name, data: bytes(32) if name == tag else real(name, data))
    session_values.cache_clear()
    with raises(LocalFault, "SIGN-HASH"):
        nonce_gen(RANDOM) if tag == "BIP0445/nonce" else session_values(signing.context)
