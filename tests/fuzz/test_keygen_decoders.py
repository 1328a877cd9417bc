"""One law: any bytes are accepted, and then written back unchanged, or refused with the decoder's own error."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from ceremony.algebra.secp256k1 import G, mul_public
from ceremony.base.secret import Secret
from ceremony.protocols.keygen import checks, rounds
from ceremony.protocols.keygen.hostkey import hostpubkey
from ceremony.protocols.keygen.messages import Cmsg1, Investigation, MalformedMessage, Opening, Pmsg1
from ceremony.protocols.keygen.params import SessionParams
from ceremony.protocols.keygen.states import MalformedState, State1, State2
from ceremony.protocols.keygen.transcript import EqInput, MalformedTranscript, RecoveryData

KEYS = [Secret(bytes([seat + 1]) * 32) for seat in range(3)]
PARAMS = SessionParams(tuple(map(hostpubkey, KEYS)), 2)
STATES, MESSAGES = zip(*(rounds.step1(key, PARAMS, b"\x01" * 32) for key in KEYS))
SECOND, SIGNATURES = zip(*(rounds.step2(key, state, MESSAGES, bytes(32)) for key, state in zip(KEYS, STATES)))
RECOVERY = checks.certify(SECOND[0].eq_input, SIGNATURES)

DECODERS = {
    "pmsg1": (lambda b: Pmsg1.from_bytes(b, 2, 3), MESSAGES[0], MalformedMessage),
    "cmsg1": (lambda b: Cmsg1.from_bytes(b, 2, 3), checks.aggregate(PARAMS, MESSAGES).to_bytes(), MalformedMessage),
    "investigation": (lambda b: Investigation.from_bytes(b, 3),
                      checks.investigations(PARAMS, MESSAGES)[0].to_bytes(), MalformedMessage),
    "opening": (Opening.from_bytes, Opening(mul_public(5, G), bytes(64)).to_bytes(), MalformedMessage),
    "eq_input": (EqInput.from_bytes, RECOVERY.eq_input.to_bytes(), MalformedTranscript),
    "recovery": (RecoveryData.from_bytes, RECOVERY.to_bytes(), MalformedTranscript),
    "state1": (State1.from_bytes, STATES[0].to_bytes(), MalformedState),
    "state2": (lambda b: State2.from_bytes(Secret(b)), SECOND[0].to_bytes().reveal(), MalformedState),
}


def encode(value) -> bytes:
    encoded = value.to_bytes()
    return encoded.reveal() if isinstance(encoded, Secret) else encoded


def obeys_the_law(name: str, tried: bytes) -> None:
    decode, _, refusal = DECODERS[name]
    try:
        decoded = decode(tried)
    except refusal as refused:
        assert type(refused) is refusal
    else:
        assert encode(decoded) == tried


@pytest.mark.parametrize("name", DECODERS)
def test_good_bytes_come_back(name):
    decode, good, _ = DECODERS[name]
    assert encode(decode(good)) == good


COUNTED = {"eq_input", "recovery", "state2"}  # ChillDKG infers n from the length; only the signatures settle it


@pytest.mark.parametrize("name", DECODERS)
def test_every_cut_and_every_addition_is_refused(name):
    decode, good, refusal = DECODERS[name]
    others = [good[:size] for size in range(len(good))]
    others += [good + tail for tail in (b"\0", bytes(32), bytes(33), bytes(98), bytes(162), good)]
    for other in others:
        if name in COUNTED and (len(other) - len(good)) % (162 if name == "recovery" else 98) == 0:
            obeys_the_law(name, other)
        else:
            with pytest.raises(refusal):
                decode(other)


@pytest.mark.parametrize("name", DECODERS)
@given(st.binary(max_size=700))
def test_any_bytes(name, tried):
    obeys_the_law(name, tried)


@pytest.mark.parametrize("name", DECODERS)
@given(st.data())
def test_good_bytes_with_one_part_overwritten(name, data):
    good = DECODERS[name][1]
    at = data.draw(st.integers(0, len(good) - 1))
    patch = data.draw(st.binary(min_size=1, max_size=33) | st.sampled_from([b"\xff" * 32, bytes(33), b"\xff" * 4]))
    obeys_the_law(name, (good[:at] + patch + good[at + len(patch):])[:len(good)])


@pytest.mark.parametrize("name", DECODERS)
@pytest.mark.parametrize("value", [0, 1, 0x7F, 0xFF])
def test_every_byte_replaced(name, value):
    good = DECODERS[name][1]
    for at in range(len(good)):
        obeys_the_law(name, good[:at] + bytes([value]) + good[at + 1:])
