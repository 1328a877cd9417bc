"""Who sent a wrong part, by public checks alone: the kept messages, and what each signer proves after a failed sum.

CGGMP24, figure 9 and section 4.3.1. Pi-dec shows that a signer's announced part is what the ciphertexts add up to, and
Pi-aff-g* that its ciphertexts were made as they should, without anybody's N^ that a friend might own. If all of that
holds the sums hold too, so somebody fails.
"""

from __future__ import annotations

from typing import Literal, Mapping, NoReturn

from ceremony.algebra.paillier import Ciphertext
from ceremony.algebra.secp256k1 import G, mul_public
from ceremony.base.errors import PeerFault, Seat, Unattributed
from ceremony.codec.digest import digest
from ceremony.proofs.aff_g import AffGStatement
from ceremony.proofs.aff_g_star import verify_aff_g_star
from ceremony.proofs.dec import DecStatement, verify_dec
from ceremony.protocols.ecdsa.checks import (
    FailedSum, Heard, Messages, aff_g_statements, blame, check_sums, hear_round1, hear_round2, hear_round3, nonce_point)
from ceremony.protocols.ecdsa.context import SigningContext
from ceremony.protocols.ecdsa.messages import Identification, Round1, Round2, Round3

SAME_ROUNDS = "the author held the same messages of all three rounds"

Sum = Literal["nonce", "chi"]


class Failure:
    """A signing whose three rounds verify while a sum is wrong: all of it, re-checked from the bytes.

    Raises PeerFault as the checks of the rounds do, whose culprits need no identification; Unattributed
    ``ECDSA-NO-FAILURE`` when the sums are right.
    """

    def __init__(self, context: SigningContext, round1: Messages, round2: Messages, round3: Messages):
        self.context = context
        self.heard1: Heard[Round1] = hear_round1(context, round1)
        self.heard2: Heard[Round2] = hear_round2(context, self.heard1, round2)
        self.heard3: Heard[Round3] = hear_round3(context, self.heard1, self.heard2, round3)
        self.sum = self._failed_sum()
        self.joint = digest("ceremony/ecdsa-identify-v1", context.ssid, self.heard3.joint, self.sum.encode("ascii"))

    def _failed_sum(self) -> Sum:
        try:
            check_sums(self.context, self.heard2, self.heard3)
        except FailedSum as failed:
            return "nonce" if failed.check == "ECDSA-NONCE-SUM" else "chi"
        raise Unattributed("ECDSA-NO-FAILURE", "the sums of this signing are right; there is nothing to identify")

    def dec_statement(self, seat: Seat) -> DecStatement:
        """delta*G, or S, is what K^gamma, or K^w, times all D and F for this seat decrypts to."""
        first, second, third = self.heard1.by[seat], self.heard2.by[seat], self.heard3.by[seat]
        D = _total([each for other in self.context.others(seat) for each in (
            self._pick(other, seat)[0], self._pick(seat, other)[1])])
        if self.sum == "nonce":
            return DecStatement(first.K, second.Gamma, D, mul_public(third.delta, G), G)
        return DecStatement(first.K, self.context.additive_point(seat), D, third.S, nonce_point(self.heard2))

    def _pick(self, author: Seat, other: Seat) -> tuple[Ciphertext, Ciphertext]:
        part = self.heard2.by[author].parts[other]
        return (part.D, part.F) if self.sum == "nonce" else (part.D_hat, part.F_hat)

    def star_statement(self, author: Seat, other: Seat) -> AffGStatement:
        """The same as that of the second round."""
        about_gamma, about_share = aff_g_statements(self.context, self.heard1, author, self.heard2.by[author], other)
        return about_gamma if self.sum == "nonce" else about_share


def _total(ciphertexts: list[Ciphertext]) -> Ciphertext:
    first, *rest = ciphertexts
    for each in rest:
        first = first + each
    return first


def check_identification(failure: Failure, seat: Seat, message: bytes) -> None:
    """One signer's identification. Raises PeerFault ``ECDSA-LENGTH``, ``ECDSA-DEC`` or ``ECDSA-AFF-G-STAR``."""
    context = failure.context
    parsed = blame(seat, None, lambda: Identification.from_bytes(message, context, seat))
    bound = context.proof(seat, joint=failure.joint)
    blame(seat, "ECDSA-DEC", lambda: verify_dec(failure.dec_statement(seat), bound, parsed.dec), SAME_ROUNDS)
    for other, proof in parsed.stars.items():
        toward = context.proof(seat, other, failure.joint)
        statement = failure.star_statement(seat, other)
        blame(seat, "ECDSA-AFF-G-STAR", lambda: verify_aff_g_star(statement, toward, proof), SAME_ROUNDS)


def judge(context: SigningContext, round1: Messages, round2: Messages, round3: Messages,
          identifications: Mapping[Seat, bytes]) -> NoReturn:
    """Decides who broke a signing; it always raises.

    PeerFault names every signer whose identification fails, with the check of the first of them; or, before that, the
    author of a message of the three rounds that fails by itself. Unattributed ``ECDSA-NO-FAILURE`` when the sums are
    right, ``ECDSA-BLAME-MISSING`` when all that are here verify and some are not here: nobody is guilty for a lost
    stick, but who refuses for good stays the only one not cleared; ``ECDSA-BLAME-NOBODY`` when all verify, which
    CGGMP24 shows to be impossible.
    """
    failure = Failure(context, round1, round2, round3)
    faults = []
    for seat in sorted(identifications):
        try:
            check_identification(failure, seat, identifications[seat])
        except PeerFault as bad:
            faults.append(bad)
    if faults:
        culprits = tuple(culprit for fault in faults for culprit in fault.culprits)
        raise PeerFault(faults[0].check, faults[0].seen, culprits=culprits, assumes=faults[0].assumes)
    missing = [seat for seat in context.seats if seat not in identifications]
    if missing:
        raise Unattributed("ECDSA-BLAME-MISSING", f"{len(missing)} of {context.t} signers have not proven their part",
                           do="Wait for them; who refuses is the only one not cleared.")
    raise Unattributed("ECDSA-BLAME-NOBODY", "a sum is wrong although every signer proved its part")
