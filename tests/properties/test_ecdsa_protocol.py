"""Laws of threshold ECDSA: the textbook agrees on every byte, decoders have one law, and no signing depends on luck."""

from __future__ import annotations

from dataclasses import replace

import pytest
from coincurve import PublicKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ceremony.base.errors import Seat
from ceremony.base.secret import Secret
from ceremony.protocols.auxinfo import checks
from ceremony.protocols.auxinfo import messages as aux_messages
from ceremony.protocols.auxinfo import states as aux_states
from ceremony.protocols.ecdsa import signature, states
from ceremony.protocols.ecdsa.messages import Identification, MalformedMessage, Round1, Round2, Round3
from tests.ecdsa_kit import Signing, aux_session, octets, secret_scalar, signer, signing, signing_context
from tests.reference.cggmp_textbook import point_from
from tests.reference.ecdsa_textbook import audit, audit_keygen

FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)


def plain(made: Signing) -> dict:
    """A signing as the textbook takes it."""
    context = made.context
    by_seat = dict(zip(context.seats, context.keys))
    return {
        "profile": context.profile.id, "session": context.session, "t": context.t, "n": context.n,
        "seats": list(context.seats), "X": {j: point_from(k.pubshare.compressed()) for j, k in by_seat.items()},
        "N": {j: k.paillier.n for j, k in by_seat.items()},
        "setup": {j: (k.setup.n, k.setup.s, k.setup.t) for j, k in by_seat.items()},
        "key": point_from(context.group_key.compressed()), "tweak": context.tweak, "digest": context.digest,
        "round1": made.round1, "round2": made.round2, "round3": made.round3, "partials": made.partials()}


@pytest.mark.parametrize("t, n", [(2, 3), (3, 5)])
def test_the_textbook_reads_the_same_signature_out_of_the_same_bytes(t, n):
    made = signing(t, n)
    ours = signature.check_session(made.context, made.round1, made.round2, made.round3, made.partials())
    assert audit(plain(made)) == (ours.r, ours.s, ours.recovery_id)


def plain_keygen() -> dict:
    params, _, _, commitments, reveals, proofs = aux_session()
    return {"profile": params.profile.id, "session": params.session, "t": params.t,
            "recipients": [point_from(point.compressed()) for point in params.recipients],
            "commitments": commitments, "reveals": reveals, "proofs": proofs}


def test_the_textbook_reads_the_same_key_out_of_the_same_bytes():
    params, _, _, commitments, reveals, proofs = aux_session()
    transcript = checks.transcript_hash(params, commitments, reveals, proofs)
    ours = checks.check_session(params, commitments, reveals, proofs, [transcript] * params.n)
    shares = [point_from(keys.pubshare.compressed()) for keys in ours.seats]
    assert audit_keygen(plain_keygen()) == (point_from(ours.group_key.compressed()), ours.chain_code, shares, transcript)


@pytest.mark.parametrize("where", ["round1", "round2", "round3", "partials"])
def test_the_textbook_refuses_what_we_refuse(where):
    session = plain(signing())
    message = bytearray(session[where][1])
    message[-1] ^= 1
    with pytest.raises(AssertionError):
        audit(session | {where: {**session[where], 1: bytes(message)}})


def test_signatures_of_many_digests_and_paths_are_low_and_recover_the_key():
    """Both parities of the nonce and both halves of s come up."""
    seen = set()
    for number in range(8):
        context = signing_context(digest=octets("digest", number), tweak=secret_scalar("tweak", number).reveal())
        made = Signing(context, {seat: signer(2, 3, seat) for seat in range(2)})
        result = signature.check_session(context, made.round1, made.round2, made.round3, made.partials())
        key = PublicKey.from_signature_and_message(result.to_bytes() + bytes([result.recovery_id]), context.digest, hasher=None)
        assert key.format() == context.public_key.compressed()
        seen.add(result.recovery_id)
    assert seen == {0, 1}


MADE = signing()
READERS = {
    "round 1": (MADE.round1[1], lambda raw: Round1.from_bytes(raw, MADE.context, Seat(1))),
    "round 2": (MADE.round2[1], lambda raw: Round2.from_bytes(raw, MADE.context, Seat(1))),
    "round 3": (MADE.round3[1], Round3.from_bytes),
    "identification": (bytes(Identification.size(MADE.context.profile, 2)),
                       lambda raw: Identification.from_bytes(raw, MADE.context, Seat(1)))}


@pytest.mark.parametrize("name", READERS)
@given(data=st.data())
@FEW
def test_decoders_accept_or_raise_their_own_error_and_write_what_they_read(name, data):
    valid, read = READERS[name]
    at = data.draw(st.integers(0, len(valid) - 1))
    raw = data.draw(st.one_of(
        st.binary(max_size=40), st.just(valid[:at]), st.just(valid + valid[:at % 7]),
        st.integers(0, 255).map(lambda byte: valid[:at] + bytes([byte]) + valid[at + 1:])))
    try:
        parsed = read(raw)
    except MalformedMessage:
        return
    assert parsed.to_bytes() == raw


AUX = aux_session()
AUX_READERS = {
    "reveal": (AUX[4][1], lambda raw: aux_messages.Reveal.from_bytes(raw, AUX[0].profile, 2)),
    "proofs": (AUX[5][1], lambda raw: aux_messages.Proofs.from_bytes(raw, AUX[0].profile, 2, 3)),
    "opening": (b"\x02" + AUX[5][1][:96], aux_messages.Opening.from_bytes)}


@pytest.mark.parametrize("name", AUX_READERS)
@given(data=st.data())
@FEW
def test_decoders_of_key_generation_have_the_same_law(name, data):
    valid, read = AUX_READERS[name]
    # Most bytes are proofs, which only verifiers read; the interesting ones stand in front.
    at = data.draw(st.one_of(st.integers(0, min(1300, len(valid) - 1)), st.integers(0, len(valid) - 1)))
    raw = data.draw(st.one_of(
        st.binary(max_size=40), st.just(valid[:at]), st.just(valid + b"\0"),
        st.integers(0, 255).map(lambda byte: valid[:at] + bytes([byte]) + valid[at + 1:])))
    try:
        parsed = read(raw)
    except aux_messages.MalformedMessage:
        return
    assert parsed.to_bytes() == raw


@given(st.binary(max_size=400), st.integers(0, 200))
@FEW
def test_stored_states_accept_or_raise_their_own_error(raw, at):
    stored = MADE.states3[0].to_bytes().reveal()
    for changed in (raw, stored[:at] + raw + stored[at:], stored[:at] + raw[:1] + stored[at + 1:]):
        for kind in (states.Masks, states.State1, states.State2, states.State3):
            try:
                state = kind.from_bytes(MADE.context, Secret(changed))
            except states.MalformedState:
                continue
            assert state.to_bytes().reveal() == changed
        for aux_kind in (aux_states.State1, aux_states.State2, aux_states.KeyShare):
            with pytest.raises(aux_states.MalformedState):
                aux_kind.from_bytes(AUX[0], Secret(changed))


def test_a_state_belongs_to_its_seat_and_signing():
    for changes in ({"digest": octets("else")}, {"tweak": 1}):
        with pytest.raises(states.MalformedState):
            states.Masks.from_bytes(replace(MADE.context, **changes), MADE.masks[0].to_bytes())
