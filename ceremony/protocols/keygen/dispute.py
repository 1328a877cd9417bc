"""Who sent this station a wrong share, and how it proves that. Needs the station's host key; judging does not.

A session in which a share was opened is dead: its host keys, polynomials and messages are never used again.
"""

from __future__ import annotations

from typing import Sequence

from ceremony.algebra.secp256k1 import N, mul_secret_base
from ceremony.algebra.polynomial import evaluate_points
from ceremony.base.errors import LocalFault, Seat
from ceremony.base.secret import Secret
from ceremony.proofs.dleq import prove_dleq
from ceremony.protocols.keygen import checks
from ceremony.protocols.keygen.encryption import recipient_pad
from ceremony.protocols.keygen.hostkey import host_scalar, seat_of
from ceremony.protocols.keygen.messages import Opening, Pmsg1
from ceremony.protocols.keygen.params import SessionParams
from ceremony.protocols.keygen.states import State1


def share_fits(hostkey: Secret[int], params: SessionParams, seat: int, message: Pmsg1) -> bool:
    """Does the share that this message holds for ``seat`` fit the message's own commitments?"""
    pad = recipient_pad(hostkey, message.ephemeral, seat, params)
    share = Secret((message.ciphertexts[seat] - pad.reveal()) % N)
    return mul_secret_base(share) == evaluate_points(message.commitments, seat + 1)


def wrong_dealers(hostseckey: Secret[bytes], state: State1, pmsg1s: Sequence[bytes]) -> tuple[Seat, ...]:
    """The seats whose share for this station (at place seat + 1) is wrong, by decrypting each share alone.

    Raises LocalFault ``KEYGEN-OWN-SHARE`` when every share of the others is right, so that only this station's own
    share to itself can be wrong.
    """
    hostkey, params, seat = host_scalar(hostseckey), state.params, state.seat
    parsed = [checks.parse_pmsg1(params, dealer, message) for dealer, message in enumerate(pmsg1s)]
    wrong = tuple(Seat(dealer) for dealer, message in enumerate(parsed)
                  if dealer != seat and not share_fits(hostkey, params, seat, message))
    if not wrong:
        raise LocalFault("KEYGEN-OWN-SHARE", "the shares of all others fit; this station's share to itself does not",
                         do="Abort this session: the machine calculates wrongly or its store was changed.")
    return wrong


def open_share(hostseckey: Secret[bytes], params: SessionParams, pmsg1s: Sequence[bytes], accused: Seat,
               context: bytes, random: bytes) -> Opening:
    """The proof (97 bytes) that lets anybody decrypt the one share that ``accused`` dealt to this station.

    **Warning**: this share becomes public, so the session must be dead for ever, in the same transaction that stores
    the opening. context: group, session, and the entry of the accused message, as the caller encodes them; the proof is
    bound to it, to both seats and to the message. random: 32 fresh bytes.

    Refuses with Unattributed ``KEYGEN-EPHEMERAL-TWICE`` where an opening would uncover somebody else's share, with
    PeerFault when a message fails its public check (which needs no opening), and with LocalFault
    ``KEYGEN-NO-DISPUTE`` when the share is right or the station's own.
    """
    seat = seat_of(hostseckey, params)
    checks.check_all_pmsg1(params, pmsg1s)
    message = checks.parse_pmsg1(params, accused, pmsg1s[accused])
    hostkey = host_scalar(hostseckey)
    if accused == seat or share_fits(hostkey, params, seat, message):
        raise LocalFault("KEYGEN-NO-DISPUTE", f"the share from seat {accused} is right; opening it would only leak it")
    bound = checks.opening_context(params, seat, accused, pmsg1s[accused], context)
    shared, proof = prove_dleq(hostkey, message.ephemeral, bound, random)
    return Opening(shared, proof)
