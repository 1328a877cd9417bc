"""ChillDKG as published, with a coordinator who adds up the first messages and may lie about the sums.

The stations of this project never trust such sums: ``rounds.step2`` takes the messages themselves. These functions
exist so that the published vectors, errors included, run through the code that the stations use. ``COORDINATOR`` is
the culprit's name where only the coordinator can be at fault.
"""

from __future__ import annotations

from typing import NoReturn

from ceremony.algebra.polynomial import evaluate_points
from ceremony.algebra.secp256k1 import N, Point, mul_secret_base
from ceremony.base.errors import PeerFault, Seat
from ceremony.base.secret import Secret
from ceremony.protocols.keygen import checks
from ceremony.protocols.keygen.encryption import recipient_pad, self_pad
from ceremony.protocols.keygen.hostkey import host_scalar
from ceremony.protocols.keygen.messages import (
    SIGNATURE_BYTES, Cmsg1, Investigation, MalformedMessage, Pmsg1, require_length)
from ceremony.protocols.keygen.rounds import DkgOutput, accept, finalize, require_same_key
from ceremony.protocols.keygen.states import State1, State2
from ceremony.protocols.keygen.transcript import RecoveryData

COORDINATOR = "coordinator"
_HONEST = "the coordinator is honest"


def _blame(check: str, seen: str) -> PeerFault:
    return PeerFault(check, seen, culprits=(COORDINATOR,))


def _own(state: State1) -> Pmsg1:
    return Pmsg1.from_bytes(state.pmsg1, state.params.t, state.params.n)


def step2(hostseckey: Secret[bytes], state: State1, cmsg1: bytes, aux: bytes) -> tuple[State2, bytes]:
    """Like ``rounds.step2``, from the coordinator's sums (162n + 33(t-1) bytes).

    Raises PeerFault naming the coordinator (``KEYGEN-OWN-EPHEMERAL``, ``KEYGEN-OWN-COMMITMENT``, or what does not
    parse), or naming a seat on the assumption that the coordinator is honest (``KEYGEN-EPHEMERAL``,
    ``KEYGEN-COMMITMENTS``, ``KEYGEN-POP``); ShareMismatch when only an investigation can tell more.
    """
    require_same_key(hostseckey, state, aux)
    params, seat, own = state.params, state.seat, _own(state)
    try:
        sums = Cmsg1.from_bytes(cmsg1, params.t, params.n)
    except MalformedMessage as bad:
        raise _blame(bad.check, bad.seen) from bad
    if sums.ephemerals[seat] != own.ephemeral.compressed():
        raise _blame("KEYGEN-OWN-EPHEMERAL", "the ephemeral point of the own seat was changed")
    if sums.constants[seat] != own.commitments[0]:
        raise _blame("KEYGEN-OWN-COMMITMENT", "the commitment of the own seat was changed")
    for dealer in params.seats:
        if dealer != seat:
            checks.check_proof_of_possession(dealer, sums.constants[dealer], sums.pops[dealer], _HONEST)
    return accept(hostseckey, params, seat, sums, aux)


def finalize_with(state: State2, cmsg2: bytes) -> tuple[DkgOutput, RecoveryData]:
    """Like ``rounds.finalize``, from the coordinator's certificate (64n bytes). Raises PeerFault naming him."""
    try:
        require_length(cmsg2, SIGNATURE_BYTES * state.eq_input.params.n)
        return finalize(state, [cmsg2[i:i + SIGNATURE_BYTES] for i in range(0, len(cmsg2), SIGNATURE_BYTES)])
    except (MalformedMessage, PeerFault) as bad:
        raise _blame(bad.check, bad.seen) from bad


def investigate(hostseckey: Secret[bytes], state: State1, cmsg1: bytes, investigation: bytes) -> NoReturn:
    """After a ShareMismatch: who is at fault, by the coordinator's account (65n bytes) of the single shares.

    Raises PeerFault naming the coordinator (``KEYGEN-LENGTH``, ``KEYGEN-COMMITMENTS``, ``KEYGEN-CIPHERTEXTS``,
    ``KEYGEN-INVESTIGATION``) or a seat (``KEYGEN-SHARE``), the latter on the assumption that the coordinator is
    honest. ValueError when everything fits, so that there was nothing to investigate.
    """
    params, seat = state.params, state.seat
    sums = Cmsg1.from_bytes(cmsg1, params.t, params.n)
    try:
        account = Investigation.from_bytes(investigation, params.n)
    except MalformedMessage as bad:
        raise _blame(bad.check, bad.seen) from bad
    pubshare = evaluate_points(checks.eq_input(params, sums).commitments, seat + 1)
    if Point.sum(account.partial_pubshares) != pubshare:
        raise _blame("KEYGEN-INVESTIGATION", "the public shares of the account do not add up")
    if sum(account.ciphertexts) % N != sums.ciphertexts[seat]:
        raise _blame("KEYGEN-INVESTIGATION", "the ciphertexts of the account do not add up")
    for dealer in params.seats:
        share = _partial_share(hostseckey, state, sums, account, dealer)
        if mul_secret_base(share) == account.partial_pubshares[dealer]:
            continue
        if dealer == seat:
            raise _blame("KEYGEN-INVESTIGATION", "the share from the own seat to itself was changed")
        raise PeerFault("KEYGEN-SHARE", f"the share from seat {dealer} to seat {seat} does not fit its commitments",
                        culprits=(Seat(dealer),), assumes=_HONEST)
    raise ValueError("there was nothing to investigate")


def _partial_share(hostseckey: Secret[bytes], state: State1, sums: Cmsg1, account: Investigation,
                   dealer: int) -> Secret[int]:
    """The share that ``dealer`` encrypted to this participant."""
    ephemeral = sums.ephemerals[dealer]
    if dealer == state.seat:
        pad = self_pad(hostseckey, ephemeral, dealer, state.params)
    else:
        pad = recipient_pad(host_scalar(hostseckey), Point.from_compressed(ephemeral), state.seat, state.params)
    return Secret((account.ciphertexts[dealer] - pad.reveal()) % N)
