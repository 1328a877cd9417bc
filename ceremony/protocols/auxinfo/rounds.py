"""The steps of one station in key generation with auxiliary information, those that touch its secrets.

Each step is a function of its arguments alone; nothing here draws randomness, reads a clock or writes. A step that is
run again with the same arguments gives the same bytes. Letters: f the own polynomial, x_i the share.
"""

from __future__ import annotations

from typing import Callable, Sequence

from ceremony.algebra.schnorr import schnorr_sign
from ceremony.algebra.secp256k1 import N, mul_secret_base, scalar_to_bytes
from ceremony.base.errors import Fault, LocalFault, PeerFault, Seat
from ceremony.base.secret import Secret
from ceremony.proofs.fac import prove_fac
from ceremony.proofs.mod import prove_mod
from ceremony.proofs.prm import prove_prm
from ceremony.proofs.sch import commit_sch, respond_sch
from ceremony.protocols.auxinfo import checks, sealing
from ceremony.protocols.auxinfo.drawn import Drawn
from ceremony.protocols.auxinfo.messages import Proofs, Reveal
from ceremony.protocols.auxinfo.params import SessionParams
from ceremony.protocols.auxinfo.shares import make_box, received_share
from ceremony.protocols.auxinfo.states import (
    SEED_BYTES, KeyShare, MalformedState, Primes, State1, State2, require_primes)


def step1(params: SessionParams, seat: Seat, primes: Primes, random: Secret[bytes]) -> tuple[State1, bytes]:
    """Draws everything and commits to it: the state to keep, and the first message (32 bytes) to broadcast.

    **Warning**: store the state before the message leaves. primes: four safe primes that no other session ever had,
    burnt now. random: 32 FRESH bytes; with the primes they are all the secrecy there is. Raises LocalFault
    ``AUXINFO-RANDOMNESS``, ``AUXINFO-PRIMES`` or ``AUXINFO-OWN-MESSAGE``.
    """
    if len(random.reveal()) != SEED_BYTES or not any(random.reveal()):
        raise LocalFault("AUXINFO-RANDOMNESS", "the source of randomness did not give 32 random bytes")
    try:
        require_primes(params, primes)
    except MalformedState as bad:
        raise LocalFault(bad.check, bad.seen) from None
    drawn = Drawn(params, seat, random, primes)
    sessions = [params.context(seat, joint=checks.coefficient_session(params.sid, k)) for k in range(params.t)]
    reveal = Reveal(
        drawn.rid, drawn.chain, tuple(map(mul_secret_base, drawn.coefficients)),
        tuple(commit_sch(*each)[1] for each in zip(drawn.coefficients, sessions, drawn.schnorr_seeds)),
        drawn.paillier.public(), drawn.setup.public(), prove_prm(drawn.setup, params.context(seat), drawn.prm_seed))
    encoded = reveal.to_bytes()
    committed = checks.commitment(params, seat, encoded)
    _own(lambda: checks.check_reveal(params, seat, committed, encoded))
    return State1(params, seat, random, primes, encoded), committed


def step2(state: State1, commitments: Sequence[bytes]) -> bytes:
    """The second message, once the commitments of all are here. Raises as ``checks.check_commitments`` does.

    LocalFault ``AUXINFO-OWN-MESSAGE`` when the commitment at the own seat is not this state's.
    """
    checks.check_commitments(state.params, commitments)
    if commitments[state.seat] != checks.commitment(state.params, state.seat, state.reveal):
        raise LocalFault("AUXINFO-OWN-MESSAGE", "the commitment at this seat is not the one this station made")
    return state.reveal


def step3(state: State1, commitments: Sequence[bytes], reveals: Sequence[bytes]) -> tuple[State2, bytes]:
    """Checks what all revealed; proves, and deals a sub-share to each seat: the state to keep and the third message.

    **Warning**: store the state before the message leaves, and never answer a second time with other arguments: two
    answers to one commitment of Pi-sch give the own polynomial away. Raises as ``checks.check_reveals`` does;
    LocalFault ``AUXINFO-OWN-MESSAGE``.
    """
    params, seat = state.params, state.seat
    parsed = checks.check_reveals(params, commitments, reveals)
    if reveals[seat] != state.reveal:
        raise LocalFault("AUXINFO-OWN-MESSAGE", "the message at this seat is not the one this station sent")
    joint = checks.joint_hash(params, reveals)
    encoded = _prove(state, parsed, joint).to_bytes()
    # A root taken wrongly modulo one prime would give the primes away, so nothing leaves that does not verify.
    _own(lambda: checks.check_proofs(params, parsed, joint, seat, encoded))
    return State2(params, seat, state.seed, state.primes, joint, encoded), encoded


def step4(state: State2, recipient_key: Secret[int], commitments: Sequence[bytes], reveals: Sequence[bytes],
          proofs: Sequence[bytes]) -> tuple[KeyShare, bytes]:
    """Checks all proofs and sub-shares: the key share, and the confirmation (32 bytes) to broadcast.

    **Warning**: the key share counts only when the confirmations of all are here and equal (``check_confirmation``).
    recipient_key: the secret of the own point in ``params.recipients``. Raises as ``checks.check_proofs`` does;
    PeerFault ``AUXINFO-SHARE`` naming every seat whose sub-share is wrong, which ``dispute.open_share`` can prove;
    LocalFault ``AUXINFO-OWN-MESSAGE`` or ``AUXINFO-RECIPIENT-KEY``.
    """
    params, seat = state.params, state.seat
    transcript = checks.transcript_hash(params, commitments, reveals, proofs)
    if checks.joint_hash(params, reveals) != state.joint or proofs[seat] != state.proofs:
        raise LocalFault("AUXINFO-OWN-MESSAGE", "these are not the messages that this station answered and sent")
    drawn = Drawn(params, seat, state.seed, state.primes)
    revealed = [checks.parse_reveal(params, *each) for each in zip(params.seats, reveals)]
    checked = {dealer: checks.check_proofs(params, revealed, state.joint, dealer, proofs[dealer], seat, drawn.setup)
               for dealer in params.others(seat)}
    total, wrong = drawn.sub_share(seat), []
    for dealer, message in checked.items():
        share = received_share(params, recipient_key, seat, dealer, revealed[dealer], message)
        if share is None:
            wrong.append(dealer)
        else:
            total = (total + share.reveal()) % N
    if wrong:
        raise PeerFault("AUXINFO-SHARE", f"the sub-shares from {len(wrong)} seats do not fit their commitments",
                        culprits=tuple(wrong), do="Open the dispute: the opening proves it to everybody.")
    x_i = Secret(total)
    if mul_secret_base(x_i) != checks.public_result(params, revealed).seats[seat].pubshare:
        raise LocalFault("AUXINFO-OWN-SHARE", "the sum of the sub-shares is not the share of the public point")
    return KeyShare(params, seat, x_i, state.primes, drawn.setup.t, drawn.setup.lam, transcript), transcript


def _prove(state: State1, revealed: Sequence[Reveal], joint: bytes) -> Proofs:
    """The third message of this seat."""
    params, seat = state.params, state.seat
    drawn = Drawn(params, seat, state.seed, state.primes)
    others = params.others(seat)
    boxes = tuple(make_box(params, seat, other, drawn.ephemeral, Secret(drawn.sub_share(other))) for other in others)
    ephemeral = mul_secret_base(drawn.ephemeral)
    message = sealing.possession_message(params, seat, joint, ephemeral, boxes)
    secret = Secret(scalar_to_bytes(drawn.ephemeral.reveal()))
    return Proofs(
        joint, tuple(_respond(params, seat, drawn, joint, k) for k in range(params.t)),
        prove_mod(drawn.paillier, params.context(seat, joint=joint)),
        tuple(prove_fac(drawn.paillier, revealed[other].setup, params.context(seat, other, joint), seed)
              for other, seed in zip(others, drawn.fac_seeds)),
        ephemeral, boxes, schnorr_sign(secret, message, drawn.possession_seed, tag_prefix=sealing.POSSESSION_TAG))


def _respond(params: SessionParams, seat: Seat, drawn: Drawn, joint: bytes, k: int) -> bytes:
    """Pi-sch for one coefficient; its mask is drawn again as it was in step 1."""
    before, now = (params.context(seat, joint=checks.coefficient_session(base, k)) for base in (params.sid, joint))
    alpha, _ = commit_sch(drawn.coefficients[k], before, drawn.schnorr_seeds[k])
    return respond_sch(drawn.coefficients[k], alpha, now)


def _own(check: Callable[[], object]) -> None:
    """The own output passes the check of everybody else, or it does not leave the machine."""
    try:
        check()
    except Fault as bad:
        raise LocalFault("AUXINFO-OWN-MESSAGE", f"the own message does not verify ({bad.check}); it is not given out",
                         do="Do not go on with this machine: it calculates wrongly.") from None
