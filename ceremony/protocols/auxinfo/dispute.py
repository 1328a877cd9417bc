"""A wrong sub-share is settled in the open: the accuser's proof, and everybody's judgement of it.

A session in which a sub-share was opened is dead: its keys, polynomials and primes are never used again.
"""

from __future__ import annotations

from hashlib import sha256
from typing import NoReturn, Sequence

from ceremony.base.errors import LocalFault, PeerFault, Seat
from ceremony.base.secret import Secret
from ceremony.codec.digest import digest
from ceremony.proofs.dleq import InvalidDleq, prove_dleq, verify_dleq
from ceremony.protocols.auxinfo import checks, sealing
from ceremony.protocols.auxinfo.messages import MalformedMessage, Opening
from ceremony.protocols.auxinfo.params import SessionParams, seat_bytes
from ceremony.protocols.auxinfo.shares import box_for, fitting_share, received_share


def opening_context(params: SessionParams, accuser: Seat, accused: Seat, proofs: bytes, context: bytes) -> bytes:
    """What an opening is bound to: the caller's context (group, session, entries), both seats, the message."""
    return digest("ceremony/auxinfo-opening-v1", context, params.sid, seat_bytes(accuser), seat_bytes(accused), proofs)


def open_share(params: SessionParams, recipient_key: Secret[int], accuser: Seat, accused: Seat,
               reveals: Sequence[bytes], proofs: bytes, context: bytes, random: bytes) -> Opening:
    """The proof (97 bytes) that lets anybody decrypt the one sub-share that ``accused`` dealt to this station.

    **Warning**: this sub-share becomes public, so the session must be dead for ever, in the transaction that stores the
    opening. proofs: the accused's third message. random: 32 fresh bytes. Raises PeerFault when the message fails a
    public check (which needs no opening) and LocalFault ``AUXINFO-NO-DISPUTE`` when the share is right or the own.
    """
    revealed = [checks.parse_reveal(params, *each) for each in zip(params.seats, reveals, strict=True)]
    joint = checks.joint_hash(params, reveals)
    message = checks.check_proofs(params, revealed, joint, accused, proofs, accuser)
    if accuser == accused or received_share(
            params, recipient_key, accuser, accused, revealed[accused], message) is not None:
        raise LocalFault("AUXINFO-NO-DISPUTE", f"the sub-share from seat {accused} is right; opening it would only "
                         "leak it")
    bound = opening_context(params, accuser, accused, proofs, context)
    return Opening(*prove_dleq(recipient_key, message.ephemeral, bound, random))


def judge(params: SessionParams, accuser: Seat, accused: Seat, reveals: Sequence[bytes], proofs: bytes,
          context: bytes, opening: bytes) -> NoReturn:
    """Decides a dispute; it always ends with a PeerFault.

    Names the accused with ``AUXINFO-SHARE`` when its box for the accuser does not hold the share that its commitments
    ask for, or with the check that its message fails publicly. Names the accuser with ``AUXINFO-OPENING`` when the
    proof is wrong, and with ``AUXINFO-FALSE-ACCUSATION`` when the share fits or is its own.
    """
    if accuser == accused:
        raise PeerFault("AUXINFO-FALSE-ACCUSATION", f"seat {accuser} accuses itself", culprits=(accuser,))
    revealed = [checks.parse_reveal(params, *each) for each in zip(params.seats, reveals, strict=True)]
    joint = checks.joint_hash(params, reveals)
    message = checks.check_proofs(params, revealed, joint, accused, proofs, accuser)
    try:
        parsed = Opening.from_bytes(opening)
        bound = opening_context(params, accuser, accused, proofs, context)
        verify_dleq(params.recipients[accuser], message.ephemeral, parsed.shared, bound, parsed.proof)
    except (MalformedMessage, InvalidDleq) as bad:
        raise PeerFault("AUXINFO-OPENING", f"seat {accuser} opened the sub-share from seat {accused} with a wrong "
                        "proof", culprits=(accuser,)) from bad
    shared = Secret(sha256(parsed.shared.compressed()).digest())
    key = sealing.box_key(shared, params, accused, accuser, message.ephemeral)
    fits = fitting_share(key, box_for(params, accused, accuser, message), revealed[accused], accuser) is not None
    if fits:
        raise PeerFault("AUXINFO-FALSE-ACCUSATION", f"the sub-share from seat {accused} to seat {accuser} is right",
                        culprits=(accuser,))
    raise PeerFault("AUXINFO-SHARE", f"the sub-share from seat {accused} to seat {accuser} does not fit its "
                    "commitments", culprits=(accused,))
