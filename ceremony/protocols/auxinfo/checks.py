"""What anybody can check about a key generation with the messages alone. Stations and auditors call the same functions.

Nothing here needs a secret; ``own`` only makes a station's own checks quicker. Messages come as bytes out of signed
entries, so a message that fails is evidence against its author: the fault names the seat.

**Warning**: hand in the messages that the author's own entry says it held. Whoever revealed two different things to two
stations would otherwise make honest proofs look wrong; that is what ``assumes`` in those faults means.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Sequence, TypeVar

from ceremony.algebra.modulus import common_factor
from ceremony.algebra.paillier import PaillierPublic
from ceremony.algebra.polynomial import evaluate_points
from ceremony.algebra.ring_pedersen import RingPedersen, RingPedersenOwner
from ceremony.algebra.schnorr import InvalidSignature, schnorr_verify
from ceremony.algebra.secp256k1 import Point
from ceremony.base.errors import PeerFault, Seat, Unattributed
from ceremony.codec.digest import digest
from ceremony.proofs.fac import verify_fac
from ceremony.proofs.mod import verify_mod
from ceremony.proofs.prm import verify_prm
from ceremony.proofs.sch import verify_sch
from ceremony.proofs.wire import InvalidProof
from ceremony.protocols.auxinfo.messages import HASH_BYTES, MalformedMessage, Proofs, Reveal
from ceremony.protocols.auxinfo.params import SessionParams, seat_bytes
from ceremony.protocols.auxinfo.sealing import POSSESSION_TAG, possession_message

SAME_REVEALED = "the author held the same revealed messages"

T = TypeVar("T")


@dataclass(frozen=True)
class SeatKeys:
    """What all know of one seat when the session has ended."""

    pubshare: Point
    paillier: PaillierPublic
    setup: RingPedersen


@dataclass(frozen=True)
class PublicResult:
    """The group key, its chain code (32 bytes, level auditor), and the keys of each seat."""

    group_key: Point
    chain_code: bytes
    seats: tuple[SeatKeys, ...]


def blame(seat: Seat, check: str | None, act: Callable[[], T], assumes: str = "") -> T:
    """Runs a check on one seat's message: what it refuses becomes a PeerFault, under the given name or its own."""
    try:
        return act()
    except (MalformedMessage, InvalidProof, InvalidSignature) as bad:
        raise PeerFault(check or bad.check, f"seat {seat}: {bad.seen}", culprits=(seat,), assumes=assumes) from bad


def require_all(params: SessionParams, messages: Sequence[bytes]) -> None:
    """ValueError unless there is one message of each seat: the caller's mistake."""
    if len(messages) != params.n:
        raise ValueError(f"{len(messages)} messages for {params.n} seats")


# Round 1 and 2

def commitment(params: SessionParams, seat: Seat, reveal: bytes) -> bytes:
    """The first message, 32 bytes: the hash of the second under session and seat; its rid hides what it commits to."""
    return digest("ceremony/auxinfo-commit-v1", params.sid, seat_bytes(seat), reveal)


def check_commitments(params: SessionParams, commitments: Sequence[bytes]) -> None:
    """Raises PeerFault ``AUXINFO-LENGTH``; Unattributed ``AUXINFO-COMMITMENT-TWICE``, for it cannot be told who copied.
    """
    require_all(params, commitments)
    for seat, value in zip(params.seats, commitments):
        if len(value) != HASH_BYTES:
            raise PeerFault("AUXINFO-LENGTH", f"seat {seat} committed with {len(value)} bytes", culprits=(seat,))
    if len(set(commitments)) != params.n:
        raise Unattributed("AUXINFO-COMMITMENT-TWICE", "two seats sent the same commitment",
                           do="Start a new key generation.")


def check_reveal(params: SessionParams, seat: Seat, committed: bytes, reveal: bytes) -> Reveal:
    """One seat's second message: fits its commitment, well formed, own moduli different, Pi-prm.

    Raises PeerFault ``AUXINFO-COMMITMENT``, ``AUXINFO-LENGTH``, ``AUXINFO-POINT``, ``AUXINFO-PAILLIER``,
    ``AUXINFO-RING-PEDERSEN``, ``AUXINFO-MODULUS-OWN`` or ``AUXINFO-PRM``.
    """
    if commitment(params, seat, reveal) != committed:
        raise PeerFault("AUXINFO-COMMITMENT", f"seat {seat} revealed something else than it committed to",
                        culprits=(seat,))
    parsed = parse_reveal(params, seat, reveal)
    if _shares_own_factor(params, parsed):
        raise PeerFault("AUXINFO-MODULUS-OWN", f"the moduli of seat {seat} share a factor with each other or with one "
                        "that was used before", culprits=(seat,))
    blame(seat, "AUXINFO-PRM", lambda: verify_prm(parsed.setup, params.context(seat), parsed.prm))
    return parsed


def _shares_own_factor(params: SessionParams, parsed: Reveal) -> bool:
    """Retired moduli may share factors with each other; that is nobody's fault here."""
    own = parsed.paillier.n, parsed.setup.n
    return common_factor(own) is not None or any(common_factor((n, old)) for n in own for old in params.retired)


def parse_reveal(params: SessionParams, seat: Seat, reveal: bytes) -> Reveal:
    """Parses only; for messages that were checked before."""
    return blame(seat, None, lambda: Reveal.from_bytes(reveal, params.profile, params.t))


def check_reveals(params: SessionParams, commitments: Sequence[bytes], reveals: Sequence[bytes]) -> list[Reveal]:
    """Everything public about the first two rounds: each message, and all moduli of all seats coprime in pairs.

    Raises as ``check_commitments`` and ``check_reveal`` do; Unattributed ``AUXINFO-MODULUS-SHARED`` or
    ``AUXINFO-GROUP-KEY``: nobody can be named for what two seats have in common.
    """
    check_commitments(params, commitments)
    require_all(params, reveals)
    parsed = [check_reveal(params, *each) for each in zip(params.seats, commitments, reveals)]
    shared = common_factor([n for reveal in parsed for n in (reveal.paillier.n, reveal.setup.n)])
    if shared is not None:
        first, second = (place // 2 for place in shared)
        raise Unattributed("AUXINFO-MODULUS-SHARED", f"moduli of seats {first} and {second} share a factor",
                           do="Start a new key generation with new primes.")
    public_result(params, parsed)
    return parsed


def joint_hash(params: SessionParams, reveals: Sequence[bytes]) -> bytes:
    """32 bytes over all that was revealed; every proof of round 3 is bound to it, so it took part of everybody."""
    return digest("ceremony/auxinfo-joint-v1", params.sid, *reveals)


def public_result(params: SessionParams, reveals: Sequence[Reveal]) -> PublicResult:
    """What follows from the second messages. Raises Unattributed ``AUXINFO-GROUP-KEY`` when a sum is infinity."""
    sums = [Point.sum(reveal.commitments[k] for reveal in reveals) for k in range(params.t)]
    pubshares = [evaluate_points(sums, seat + 1) for seat in params.seats]
    if any(point.is_infinity for point in (sums[0], *pubshares)):
        raise Unattributed("AUXINFO-GROUP-KEY", "the group key or a public share is the point at infinity")
    chain_code = digest("ceremony/ecdsa-chain-code-v1", params.sid, *(reveal.chain for reveal in reveals))
    keys = (SeatKeys(point, reveal.paillier, reveal.setup) for point, reveal in zip(pubshares, reveals, strict=True))
    return PublicResult(sums[0], chain_code, tuple(keys))


# Round 3

def check_proofs(params: SessionParams, reveals: Sequence[Reveal], joint: bytes, seat: Seat, proofs: bytes,
                 verifier: Seat | None = None, own: RingPedersenOwner | None = None) -> Proofs:
    """One seat's third message, but for what its boxes hold.

    verifier: the seat that checks, which verifies the Pi-fac made for it; None (an auditor) verifies all of them. own:
    the verifier's setup with its secrets. Raises PeerFault ``AUXINFO-LENGTH``, ``AUXINFO-POINT``, ``AUXINFO-ECHO``,
    ``AUXINFO-SCH``, ``AUXINFO-MOD``, ``AUXINFO-FAC`` or ``AUXINFO-POSSESSION``.
    """
    parsed = blame(seat, None, lambda: Proofs.from_bytes(proofs, params.profile, params.t, params.n))
    if parsed.echo != joint:
        raise PeerFault("AUXINFO-ECHO", f"seat {seat} held other revealed messages than these", culprits=(seat,),
                        assumes=SAME_REVEALED)
    _check_knowledge(params, reveals[seat], joint, seat, parsed)
    key = reveals[seat].paillier
    blame(seat, "AUXINFO-MOD", lambda: verify_mod(key, params.context(seat, joint=joint), parsed.mod), SAME_REVEALED)
    for recipient, proof in zip(params.others(seat), parsed.fac):
        if verifier in (None, recipient):
            setup = own if own is not None and recipient == verifier else reveals[recipient].setup
            context = params.context(seat, recipient, joint)
            blame(seat, "AUXINFO-FAC", lambda: verify_fac(key, setup, context, proof), SAME_REVEALED)
    return parsed


def _check_knowledge(params: SessionParams, reveal: Reveal, joint: bytes, seat: Seat, parsed: Proofs) -> None:
    """The dealer knows every coefficient, and the secret of its ephemeral point."""
    for k, (C, A, z) in enumerate(zip(reveal.commitments, reveal.schnorr, parsed.responses, strict=True)):
        context = params.context(seat, joint=coefficient_session(joint, k))
        blame(seat, "AUXINFO-SCH", lambda: verify_sch(C, A, context, z), SAME_REVEALED)
    message = possession_message(params, seat, joint, parsed.ephemeral, parsed.boxes)
    blame(seat, "AUXINFO-POSSESSION", lambda: schnorr_verify(parsed.ephemeral.xonly(), message, parsed.possession,
                                                             tag_prefix=POSSESSION_TAG), SAME_REVEALED)


def coefficient_session(joint: bytes, k: int) -> bytes:
    """A session of its own for the proof of each coefficient, so that none serves for another."""
    return digest("ceremony/auxinfo-coefficient-v1", joint, k.to_bytes(4, "big"))


# Confirmation

def transcript_hash(params: SessionParams, commitments: Sequence[bytes], reveals: Sequence[bytes],
                    proofs: Sequence[bytes]) -> bytes:
    """The fourth message, 32 bytes over all messages of the three rounds; the key share pins it."""
    for messages in (commitments, reveals, proofs):
        require_all(params, messages)
    return digest("ceremony/auxinfo-transcript-v1", params.sid, *commitments, *reveals, *proofs)


def check_confirmation(transcript: bytes, seat: Seat, confirmation: bytes) -> None:
    """One seat confirms this transcript, or PeerFault ``AUXINFO-CONFIRM``: it held another, or does not tell the truth.
    """
    if confirmation != transcript:
        raise PeerFault("AUXINFO-CONFIRM", f"seat {seat} confirms another transcript", culprits=(seat,),
                        assumes="the author held the same messages of all rounds")


def check_session(params: SessionParams, commitments: Sequence[bytes], reveals: Sequence[bytes],
                  proofs: Sequence[bytes], confirmations: Sequence[bytes]) -> PublicResult:
    """The auditor's call: every public check of a whole session. Raises as the functions above do."""
    parsed = check_reveals(params, commitments, reveals)
    joint = joint_hash(params, reveals)
    require_all(params, proofs)
    for seat, message in zip(params.seats, proofs):
        check_proofs(params, parsed, joint, seat, message)
    transcript = transcript_hash(params, commitments, reveals, proofs)
    require_all(params, confirmations)
    for seat, confirmation in zip(params.seats, confirmations):
        check_confirmation(transcript, seat, confirmation)
    return public_result(params, parsed)
