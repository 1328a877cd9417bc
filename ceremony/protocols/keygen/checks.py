"""What anybody can check about a ChillDKG session with the messages alone. The station and the auditor call the same.

Nothing here needs a secret. Messages come as bytes out of signed entries, so a message that fails its check is evidence
against its author: the fault names the seat.
"""

from __future__ import annotations

from hashlib import sha256
from typing import NoReturn, Sequence

from ceremony.algebra.polynomial import evaluate_points
from ceremony.algebra.schnorr import InvalidSignature, schnorr_verify
from ceremony.algebra.secp256k1 import G, N, Point, mul_public
from ceremony.base.errors import PeerFault, Seat, Unattributed
from ceremony.base.secret import Secret
from ceremony.codec.digest import digest
from ceremony.proofs.dleq import InvalidDleq, verify_dleq
from ceremony.protocols.keygen.encryption import shared_pad
from ceremony.protocols.keygen.messages import (
    SIGNATURE_BYTES, Cmsg1, Investigation, MalformedMessage, Opening, Pmsg1, require_length)
from ceremony.protocols.keygen.params import SessionParams, seat_bytes
from ceremony.protocols.keygen.transcript import EqInput, RecoveryData, public_output as public_output

POP_TAG = "BIP DKG/pop message"


def check_proof_of_possession(seat: int, constant: Point, pop: bytes, assumes: str = "") -> None:
    """Raises PeerFault ``KEYGEN-COMMITMENTS`` for an infinite constant, ``KEYGEN-POP`` for a wrong proof."""
    if constant.is_infinity:
        raise PeerFault("KEYGEN-COMMITMENTS", f"seat {seat} committed to a secret of zero", culprits=(Seat(seat),),
                        assumes=assumes)
    try:
        schnorr_verify(constant.xonly(), seat_bytes(seat), pop, tag_prefix=POP_TAG)
    except InvalidSignature as bad:
        raise PeerFault("KEYGEN-POP", f"seat {seat} did not prove that it knows the secret it deals",
                        culprits=(Seat(seat),), assumes=assumes) from bad


def parse_pmsg1(params: SessionParams, seat: int, pmsg1: bytes) -> Pmsg1:
    """Parses one seat's first message, and checks no more than that.

    Raises PeerFault ``KEYGEN-LENGTH``, ``KEYGEN-COMMITMENTS``, ``KEYGEN-EPHEMERAL`` or ``KEYGEN-CIPHERTEXTS``.
    """
    try:
        return Pmsg1.from_bytes(pmsg1, params.t, params.n)
    except MalformedMessage as bad:
        raise PeerFault(bad.check, f"first message of seat {seat}: {bad.seen}", culprits=(Seat(seat),)) from bad


def check_pmsg1(params: SessionParams, seat: int, pmsg1: bytes) -> Pmsg1:
    """One seat's first message: right length for t and n, real points and scalars, proof of possession.

    What is right here can still hold wrong shares: only their recipients see that. Raises PeerFault as ``parse_pmsg1``
    and ``check_proof_of_possession`` do.
    """
    parsed = parse_pmsg1(params, seat, pmsg1)
    check_proof_of_possession(seat, parsed.commitments[0], parsed.pop)
    return parsed


def check_ephemerals(pmsg1s: Sequence[Pmsg1], params: SessionParams) -> None:
    """No seat's ephemeral point may be another seat's, or a host key, or the negative of one of these.

    A pad does not name its sender. So whoever copies an ephemeral point could, by sending a wrong share under it, make
    the recipient open the Diffie-Hellman secret that protects the *other* dealer's share. It cannot be told who copied,
    hence Unattributed ``KEYGEN-EPHEMERAL-TWICE``. Points that differ only in sign have the same x coordinate.
    """
    seen: dict[bytes, str] = {key[1:]: f"the host key of seat {seat}" for seat, key in enumerate(params.hostpubkeys)}
    for seat, message in enumerate(pmsg1s):
        owner = seen.setdefault(message.ephemeral.xonly(), f"the ephemeral point of seat {seat}")
        if owner != f"the ephemeral point of seat {seat}":
            raise Unattributed("KEYGEN-EPHEMERAL-TWICE", f"the ephemeral point of seat {seat} is also {owner}",
                               meaning="A dealer copied a point of somebody else; the session cannot go on.",
                               do="Start a new key generation with new host keys.")


def add_up(params: SessionParams, pmsg1s: Sequence[Pmsg1]) -> Cmsg1:
    """The coordinator's sum over the messages of all seats, in the order of the seats."""
    if len(pmsg1s) != params.n:
        raise ValueError(f"{len(pmsg1s)} first messages for {params.n} seats")
    return Cmsg1(
        constants=tuple(message.commitments[0] for message in pmsg1s),
        sums=tuple(Point.sum(message.commitments[k] for message in pmsg1s) for k in range(1, params.t)),
        pops=tuple(message.pop for message in pmsg1s),
        ephemerals=tuple(message.ephemeral.compressed() for message in pmsg1s),
        ciphertexts=tuple(sum(message.ciphertexts[j] for message in pmsg1s) % N for j in params.seats))


def aggregate(params: SessionParams, pmsg1s: Sequence[bytes]) -> Cmsg1:
    """ChillDKG's coordinator step, for everyone: parses the messages of all seats and adds them up.

    It checks no proofs (``check_pmsg1`` does). PeerFault as ``parse_pmsg1``; ValueError for a wrong number of messages.
    """
    if len(pmsg1s) != params.n:
        raise ValueError(f"{len(pmsg1s)} first messages for {params.n} seats")
    return add_up(params, [parse_pmsg1(params, seat, message) for seat, message in enumerate(pmsg1s)])


def check_all_pmsg1(params: SessionParams, pmsg1s: Sequence[bytes]) -> Cmsg1:
    """Everything public about the first round at once: each message, the ephemeral points, and their sum."""
    if len(pmsg1s) != params.n:
        raise ValueError(f"{len(pmsg1s)} first messages for {params.n} seats")
    checked = [check_pmsg1(params, seat, message) for seat, message in enumerate(pmsg1s)]
    check_ephemerals(checked, params)
    return add_up(params, checked)


def eq_input(params: SessionParams, cmsg1: Cmsg1) -> EqInput:
    """What every participant signs in the second round."""
    commitments = (Point.sum(cmsg1.constants), *cmsg1.sums)
    return EqInput(params, commitments, cmsg1.ephemerals, cmsg1.ciphertexts)


def certificate_message(seat: int, agreed: bytes) -> bytes:
    """What ``seat`` signs with its host key in the second round (CertEq): prefix of 33 bytes, seat, eq_input."""
    return b"BIP DKG/certeq message".ljust(33, b"\0") + seat_bytes(seat) + agreed


def check_pmsg2(agreed: EqInput, seat: int, pmsg2: bytes) -> None:
    """One seat's signature over ``eq_input``. Raises PeerFault ``KEYGEN-CERTIFICATE`` naming the seat.

    **Warning**: compute ``eq_input`` from the first messages that the signer's own entry says it held. A dealer who
    sent two different first messages would otherwise make an honest signer look guilty.
    """
    _check_host_signature(agreed.params, seat, certificate_message(seat, agreed.to_bytes()), pmsg2,
                          "KEYGEN-CERTIFICATE", "the signer held the same first messages")


def certify(agreed: EqInput, pmsg2s: Sequence[bytes]) -> RecoveryData:
    """Recovery data out of the signatures of all seats, each checked; this is what makes the session a success.

    Raises PeerFault ``KEYGEN-CERTIFICATE`` naming the seat; ValueError for a wrong number of messages.
    """
    if len(pmsg2s) != agreed.params.n:
        raise ValueError(f"{len(pmsg2s)} second messages for {agreed.params.n} seats")
    for seat, pmsg2 in enumerate(pmsg2s):
        check_pmsg2(agreed, seat, pmsg2)
    return RecoveryData(agreed, b"".join(pmsg2s))


def check_recovery_data(encoded: bytes) -> RecoveryData:
    """Recovery data from anywhere: parses it and verifies the signatures of all n.

    Nobody can be named for a bad file. Raises MalformedRecovery, or Unattributed ``KEYGEN-RECOVERY-CERTIFICATE``.
    **Warning**: it says that these n host keys agreed, not whose keys they are. Compare ``eq_input.params`` with the
    charter's.
    """
    parsed = RecoveryData.from_bytes(encoded)
    signatures = [parsed.certificate[i:i + SIGNATURE_BYTES] for i in range(0, len(parsed.certificate), SIGNATURE_BYTES)]
    try:
        return certify(parsed.eq_input, signatures)
    except PeerFault as bad:
        raise Unattributed("KEYGEN-RECOVERY-CERTIFICATE", f"inside the recovery data: {bad.seen}") from bad


def ack_message(seat: int, recovery_data: bytes) -> bytes:
    """What ``seat`` signs with its host key to acknowledge that it holds the recovery data (ChillDKG's form)."""
    return b"BIP DKG/recovery acknowledgment".ljust(33, b"\0") + seat_bytes(seat) + recovery_data


def check_ack(recovery_data: RecoveryData, seat: int, ack: bytes) -> None:
    """One seat's acknowledgment, 64 bytes. Raises PeerFault ``KEYGEN-ACK`` naming the seat.

    A missing or wrong acknowledgment does not undo the session: it only means that addresses are not shown yet.
    """
    message = ack_message(seat, recovery_data.to_bytes())
    _check_host_signature(recovery_data.eq_input.params, seat, message, ack, "KEYGEN-ACK")


def investigations(params: SessionParams, pmsg1s: Sequence[bytes]) -> list[Investigation]:
    """For each recipient what each seat encrypted to it and the public point that each share must have."""
    parsed = [parse_pmsg1(params, seat, message) for seat, message in enumerate(pmsg1s)]
    return [Investigation(tuple(message.ciphertexts[j] for message in parsed),
                          tuple(evaluate_points(message.commitments, j + 1) for message in parsed))
            for j in params.seats]


def opening_context(params: SessionParams, accuser: int, accused: int, pmsg1: bytes, context: bytes) -> bytes:
    """What an opening's proof is bound to: the caller's context, the session's parameters, both seats, the message."""
    return digest("ceremony/keygen-opening-v1", context, params.hash(), seat_bytes(accuser), seat_bytes(accused), pmsg1)


def check_opening(params: SessionParams, pmsg1: bytes, accuser: Seat, accused: Seat, context: bytes,
                  opening: bytes) -> NoReturn:
    """Decides a dispute; it always ends with a PeerFault.

    pmsg1: the accused's signed first message. context: as given to ``dispute.open_share``. opening: 97 bytes.

    Names the accused with ``KEYGEN-SHARE`` when the share that his message holds for the accuser does not fit his own
    commitments, or with the check that the message fails publicly. Names the accuser with ``KEYGEN-OPENING`` when his
    proof is wrong, and with ``KEYGEN-FALSE-ACCUSATION`` when the share fits or is his own.
    """
    message = check_pmsg1(params, accused, pmsg1)
    if accuser == accused:
        raise PeerFault("KEYGEN-FALSE-ACCUSATION", f"seat {accuser} accuses itself", culprits=(accuser,))
    try:
        parsed = Opening.from_bytes(opening)
        bound = opening_context(params, accuser, accused, pmsg1, context)
        verify_dleq(params.hostpoints[accuser], message.ephemeral, parsed.shared, bound, parsed.proof)
    except (MalformedMessage, InvalidDleq) as bad:
        raise PeerFault("KEYGEN-OPENING", f"seat {accuser} opened the share from seat {accused} with a wrong proof",
                        culprits=(accuser,)) from bad
    hashed = Secret(sha256(parsed.shared.compressed()).digest())
    pad = shared_pad(hashed, message.ephemeral.compressed(), accuser, params).reveal()
    if mul_public(message.ciphertexts[accuser] - pad, G) == evaluate_points(message.commitments, accuser + 1):
        raise PeerFault("KEYGEN-FALSE-ACCUSATION", f"the share from seat {accused} to seat {accuser} is right",
                        culprits=(accuser,))
    raise PeerFault("KEYGEN-SHARE", f"the share from seat {accused} to seat {accuser} does not fit its commitments",
                    culprits=(accused,))


def _check_host_signature(params: SessionParams, seat: int, message: bytes, signature: bytes, check: str,
                          assumes: str = "") -> None:
    try:
        require_length(signature, SIGNATURE_BYTES)
        # The sign byte of the host key is not part of a BIP-340 key; the message commits to it, as it holds all keys.
        schnorr_verify(params.hostpubkeys[seat][1:], message, signature)
    except (MalformedMessage, InvalidSignature) as bad:
        raise PeerFault(check, f"the signature of seat {seat} does not verify", culprits=(Seat(seat),),
                        assumes=assumes) from bad
