"""What anybody can check about a presigning with the messages alone. Signers and auditors call the same functions.

Nothing here needs a secret; ``own`` only makes a signer's own checks quicker. Messages come as bytes out of signed
entries, so a message that fails is evidence against its author: the fault names the seat.

**Warning**: hand in the messages of earlier rounds that the author's own entry says it held. Whoever sent two different
messages to two signers would otherwise make honest proofs look wrong; that is what ``assumes`` in those faults means.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Generic, Mapping, TypeVar

from ceremony.algebra.secp256k1 import G, N, Point, mul_public
from ceremony.base.errors import PeerFault, Seat, Unattributed
from ceremony.codec.digest import digest
from ceremony.proofs.aff_g import AffGStatement, verify_aff_g
from ceremony.proofs.elog import ElogStatement, verify_elog
from ceremony.proofs.enc_elg import EncElgStatement, verify_enc_elg
from ceremony.proofs.wire import InvalidProof
from ceremony.protocols.ecdsa.context import SignerKeys, SigningContext
from ceremony.protocols.ecdsa.messages import MalformedMessage, Round1, Round2, Round3

SAME_ROUND1 = "the author held the same messages of the first round"
SAME_ROUND2 = "the author held the same messages of the first and second round"

Messages = Mapping[Seat, bytes]
T = TypeVar("T")


@dataclass(frozen=True)
class Heard(Generic[T]):
    """A whole round: the checked message of every signer, and 32 bytes over them and all rounds before."""

    by: Mapping[Seat, T]
    joint: bytes


class FailedSum(Unattributed):
    """All messages verify and yet a sum is wrong. Identification tells who; until then nobody can be named."""


def blame(seat: Seat, check: str | None, act: Callable[[], T], assumes: str = "") -> T:
    """Runs a check on one seat's message: what it refuses becomes a PeerFault, under the given name or its own."""
    try:
        return act()
    except (MalformedMessage, InvalidProof) as bad:
        raise PeerFault(check or bad.check, f"seat {seat}: {bad.seen}", culprits=(seat,), assumes=assumes) from bad


def _join(context: SigningContext, round_name: str, before: bytes, messages: Messages) -> bytes:
    return digest(f"ceremony/ecdsa-{round_name}-v1", context.ssid, before, *(messages[seat] for seat in context.seats))


def require_all(context: SigningContext, messages: Messages) -> None:
    """ValueError unless there is one message of each signer: the caller's mistake."""
    if sorted(messages) != list(context.seats):
        raise ValueError("the messages are not one from each signing seat")


# Round 1

def enc_elg_statements(message: Round1) -> tuple[EncElgStatement, EncElgStatement]:
    """What the two proofs of a first message are about: K with A1, A2, and G with B1, B2."""
    return (EncElgStatement(message.K, message.Y, message.A1, message.A2),
            EncElgStatement(message.G, message.Y, message.B1, message.B2))


def check_round1(context: SigningContext, author: Seat, message: bytes, verifier: Seat | None = None,
                 own: SignerKeys | None = None) -> Round1:
    """One signer's first message. verifier: the seat that checks what was proven to it; None (an auditor) checks all.

    Raises PeerFault ``ECDSA-LENGTH``, ``ECDSA-POINT``, ``ECDSA-CIPHERTEXT`` or ``ECDSA-ENC-ELG``.
    """
    parsed = blame(author, None, lambda: Round1.from_bytes(message, context, author))
    for recipient, proofs in parsed.psi.items():
        if verifier in (None, recipient):
            setup = own.setup if own is not None and own.seat == recipient else context.of(recipient).setup
            for statement, proof in zip(enc_elg_statements(parsed), proofs):
                blame(author, "ECDSA-ENC-ELG",
                      lambda: verify_enc_elg(statement, setup, context.proof(author, recipient), proof))
    return parsed


def hear_round1(context: SigningContext, messages: Messages, verifier: Seat | None = None,
                own: SignerKeys | None = None) -> Heard[Round1]:
    """The first round of all; ``check_round1`` for each, but that a signer does not check itself."""
    require_all(context, messages)
    parsed = {seat: check_round1(context, seat, messages[seat], verifier, own) for seat in context.seats}
    return Heard(parsed, _join(context, "round1", b"", messages))


def heard_before(context: SigningContext, messages: Messages) -> Heard[Round1]:
    """The first round parsed only: for messages that were checked before, which the joint hash shows."""
    require_all(context, messages)
    parsed = {seat: blame(seat, None, lambda: Round1.from_bytes(messages[seat], context, seat))
              for seat in context.seats}
    return Heard(parsed, _join(context, "round1", b"", messages))


# Round 2

def elog_gamma(message1: Round1, Gamma: Point) -> ElogStatement:
    """Gamma is the gamma of B1 and B2, times G."""
    return ElogStatement(message1.B1, message1.B2, message1.Y, Gamma, G)


def aff_g_statements(context: SigningContext, heard1: Heard[Round1], author: Seat, message: Round2,
                     other: Seat) -> tuple[AffGStatement, AffGStatement]:
    """What the two proofs of a Multiplication are about: k_other times gamma, and times w, of the author."""
    part, K = message.parts[other], heard1.by[other].K
    return (AffGStatement(K, part.D, part.F, message.Gamma),
            AffGStatement(K, part.D_hat, part.F_hat, context.additive_point(author)))


def check_round2(context: SigningContext, heard1: Heard[Round1], author: Seat, message: bytes,
                 verifier: Seat | None = None, own: SignerKeys | None = None) -> Round2:
    """One signer's second message; as ``check_round1``.

    Raises PeerFault ``ECDSA-LENGTH``, ``ECDSA-POINT``, ``ECDSA-CIPHERTEXT``, ``ECDSA-ELOG-GAMMA`` or ``ECDSA-AFF-G``.
    """
    parsed = blame(author, None, lambda: Round2.from_bytes(message, context, author))
    elog = elog_gamma(heard1.by[author], parsed.Gamma)
    blame(author, "ECDSA-ELOG-GAMMA", lambda: verify_elog(elog, context.proof(author, joint=heard1.joint), parsed.psi),
          SAME_ROUND1)
    for other, part in parsed.parts.items():
        if verifier in (None, other):
            mine = own is not None and own.seat == other
            key, setup = (own.paillier, own.setup) if mine and own else (context.of(other).paillier,
                                                                         context.of(other).setup)
            statements = aff_g_statements(context, heard1, author, parsed, other)
            for statement, proof in zip(statements, (part.psi, part.psi_hat)):
                blame(author, "ECDSA-AFF-G", lambda: verify_aff_g(
                    statement, key, setup, context.proof(author, other, heard1.joint), proof), SAME_ROUND1)
    return parsed


def hear_round2(context: SigningContext, heard1: Heard[Round1], messages: Messages, verifier: Seat | None = None,
                own: SignerKeys | None = None) -> Heard[Round2]:
    """The second round of all. Raises as ``check_round2``; Unattributed ``ECDSA-NONCE`` when the sum is no nonce."""
    require_all(context, messages)
    parsed = {seat: check_round2(context, heard1, seat, messages[seat], verifier, own) for seat in context.seats}
    heard = Heard(parsed, _join(context, "round2", heard1.joint, messages))
    nonce_r(nonce_point(heard))
    return heard


def heard_after(context: SigningContext, heard1: Heard[Round1], messages: Messages) -> Heard[Round2]:
    """The second round parsed only, as ``heard_before``."""
    require_all(context, messages)
    parsed = {seat: blame(seat, None, lambda: Round2.from_bytes(messages[seat], context, seat))
              for seat in context.seats}
    return Heard(parsed, _join(context, "round2", heard1.joint, messages))


def nonce_point(heard2: Heard[Round2]) -> Point:
    """Gamma, the sum of all; it will be the R of the signature."""
    return Point.sum(message.Gamma for message in heard2.by.values())


def nonce_r(Gamma: Point) -> int:
    """r of the signature. Raises Unattributed ``ECDSA-NONCE``, which does not happen by chance: commitments came first.
    """
    r = 0 if Gamma.is_infinity else int.from_bytes(Gamma.xonly(), "big") % N
    if r == 0:
        raise Unattributed("ECDSA-NONCE", "the nonces of all signers add up to a point that cannot sign")
    return r


# Round 3

def elog_delta(message1: Round1, Gamma: Point, Delta: Point) -> ElogStatement:
    """Delta is the k of A1 and A2, times Gamma."""
    return ElogStatement(message1.A1, message1.A2, message1.Y, Delta, Gamma)


def check_round3(context: SigningContext, heard1: Heard[Round1], heard2: Heard[Round2], author: Seat,
                 message: bytes) -> Round3:
    """One signer's third message, but for what only the sums show: whether delta and S are right.

    Raises PeerFault ``ECDSA-LENGTH``, ``ECDSA-SCALAR``, ``ECDSA-POINT`` or ``ECDSA-ELOG-DELTA``.
    """
    parsed = blame(author, None, lambda: Round3.from_bytes(message))
    elog = elog_delta(heard1.by[author], nonce_point(heard2), parsed.Delta)
    blame(author, "ECDSA-ELOG-DELTA", lambda: verify_elog(elog, context.proof(author, joint=heard2.joint), parsed.psi),
          SAME_ROUND2)
    return parsed


def hear_round3(context: SigningContext, heard1: Heard[Round1], heard2: Heard[Round2],
                messages: Messages) -> Heard[Round3]:
    """The third round of all. Raises as ``check_round3``; ``check_sums`` comes after."""
    require_all(context, messages)
    parsed = {seat: check_round3(context, heard1, heard2, seat, messages[seat]) for seat in context.seats}
    return Heard(parsed, _join(context, "round3", heard2.joint, messages))


def check_sums(context: SigningContext, heard2: Heard[Round2], heard3: Heard[Round3]) -> int:
    """delta, if the parts fit together: delta*G is the sum of all Delta, delta*X the sum of all S.

    Raises FailedSum ``ECDSA-NONCE-SUM`` or ``ECDSA-CHI-SUM``. This signing is over then, whatever comes of it; only
    ``identify`` and ``blame`` go on with its messages.
    """
    parts = heard3.by.values()
    delta = sum(part.delta for part in parts) % N
    if delta == 0 or mul_public(delta, G) != Point.sum(part.Delta for part in parts):
        raise FailedSum("ECDSA-NONCE-SUM", "the parts of delta do not fit the nonce",
                        meaning="A signer sent a wrong part; this signing is over.", do="Open the blame ceremony.")
    if mul_public(delta, context.public_key) != Point.sum(part.S for part in parts):
        raise FailedSum("ECDSA-CHI-SUM", "the parts of chi do not fit the key",
                        meaning="A signer sent a wrong part; this signing is over.", do="Open the blame ceremony.")
    return delta
