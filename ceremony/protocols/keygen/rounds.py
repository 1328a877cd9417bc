"""The steps of one ChillDKG participant that touch its secrets.

There is no coordinator: every station holds the signed first messages of all and adds them up itself. Each step is a
function of its arguments alone; nothing here draws randomness, reads a clock or writes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Sequence

from ceremony.algebra.polynomial import evaluate
from ceremony.algebra.schnorr import schnorr_sign
from ceremony.algebra.secp256k1 import (
    N, MalformedElement, Point, mul_secret_base, scalar_from_bytes, scalar_to_bytes)
from ceremony.base.errors import LocalFault, PeerFault, Seat, Unattributed
from ceremony.base.secret import Secret
from ceremony.protocols.keygen import checks
from ceremony.protocols.keygen.dispute import wrong_dealers
from ceremony.protocols.keygen.encryption import recipient_pad, self_pad, sender_pad
from ceremony.protocols.keygen.messages import Cmsg1, Pmsg1
from ceremony.protocols.keygen.hostkey import host_scalar, hostpubkey, seat_of
from ceremony.protocols.keygen.params import SessionParams, bip_hash, seat_bytes
from ceremony.protocols.keygen.states import State1, State2
from ceremony.protocols.keygen.transcript import EqInput, PublicOutput, RecoveryData, public_output


@dataclass(frozen=True)
class DkgOutput:
    """The result of a session for one participant. secshare: its share of the group key's secret, tweak included."""

    seat: Seat
    secshare: Secret[int]
    public: PublicOutput


class ShareMismatch(Unattributed):
    """The decrypted share does not fit the summed commitments; the sums alone cannot tell whose share is wrong."""


def step1(hostseckey: Secret[bytes], params: SessionParams, random: bytes) -> tuple[State1, bytes]:
    """Deals: the state to keep and the first message (33t + 32n + 97 bytes) to broadcast.

    **Warning**: store the state before the message leaves, and send only this message: two messages from one host key
    in one session make every other station stop. random: 32 FRESH bytes; together with the host key they are all the
    secrecy the polynomial has.

    Raises LocalFault ``KEYGEN-HOSTSECKEY`` (no key, or of no seat) or ``KEYGEN-RANDOMNESS`` (length, or all zero).
    """
    seat = seat_of(hostseckey, params)
    require_random(random)
    if not any(random):
        raise LocalFault("KEYGEN-RANDOMNESS", "the random bytes are all zero: the generator is broken")
    seed = bip_hash("encpedpop seed", hostseckey.reveal() + random + params.to_bytes())
    coefficients = [scalar_from_bytes(bip_hash("vss coeffs", seed + seat_bytes(k))) for k in range(params.t)]
    pop = schnorr_sign(Secret(scalar_to_bytes(coefficients[0])), seat_bytes(seat), bip_hash("simplpedpop aux", seed),
                       tag_prefix=checks.POP_TAG)
    commitments = tuple(mul_secret_base(Secret(coefficient)) for coefficient in coefficients)
    shares = [evaluate(coefficients, j + 1) for j in params.seats]
    # Both the polynomial and the ephemeral key come from this one seed, so that no pad ever covers two shares.
    secnonce = Secret(scalar_from_bytes(bip_hash("encpedpop secnonce", seed), nonzero=True))
    ephemeral = mul_secret_base(secnonce)
    pads = [self_pad(hostseckey, ephemeral.compressed(), j, params) if j == seat
            else sender_pad(secnonce, ephemeral.compressed(), j, params) for j in params.seats]
    ciphertexts = tuple((share + pad.reveal()) % N for share, pad in zip(shares, pads))
    message = Pmsg1(commitments, pop, ephemeral, ciphertexts).to_bytes()
    return State1(params, seat, message), message


def step2(hostseckey: Secret[bytes], state: State1, pmsg1s: Sequence[bytes], aux: bytes) -> tuple[State2, bytes]:
    """Checks the first messages of all seats and the own share, and signs what all must agree on (64 bytes).

    **Warning**: from the moment the signature leaves, the host key must never be erased and the session never called
    failed: another station may obtain all signatures and use the key. Until the certificate or a recorded refusal is
    seen the session is undecided; recovery data from anywhere then settles it (``recover``).

    aux: 32 random bytes. Raises PeerFault as ``checks.check_pmsg1`` does; PeerFault ``KEYGEN-SHARE`` naming every seat
    whose share for this one is wrong, which ``dispute.open_share`` can prove; Unattributed ``KEYGEN-EPHEMERAL-TWICE``;
    LocalFault ``KEYGEN-HOSTSECKEY``, ``KEYGEN-RANDOMNESS``, or ``KEYGEN-OWN-MESSAGE`` when the message at the own seat
    is not the one this state sent.
    """
    require_same_key(hostseckey, state, aux)
    if len(pmsg1s) == state.params.n and pmsg1s[state.seat] != state.pmsg1:
        raise LocalFault("KEYGEN-OWN-MESSAGE", "the first message at this station's seat is not the one it made",
                         meaning="Either another copy of this station took part, or its store was restored.",
                         do="Abort this session; do not sign.")
    cmsg1 = checks.check_all_pmsg1(state.params, pmsg1s)
    try:
        return accept(hostseckey, state.params, state.seat, cmsg1, aux)
    except ShareMismatch as mismatch:
        dealers = wrong_dealers(hostseckey, state, pmsg1s)
        raise PeerFault("KEYGEN-SHARE", f"wrong shares for seat {state.seat} from seats {list(map(int, dealers))}",
                        culprits=dealers, assumes="this station decrypted honestly, until it opens the share",
                        meaning="The key cannot be made in this session.",
                        do="Open the share as proof, then start again with new host keys.") from mismatch


def accept(hostseckey: Secret[bytes], params: SessionParams, seat: Seat, cmsg1: Cmsg1,
           aux: bytes) -> tuple[State2, bytes]:
    """Decrypts the own share out of checked sums, compares it with the commitments, and signs ``eq_input``.

    Raises ShareMismatch ``KEYGEN-SHARE-SUM``.
    """
    agreed = checks.eq_input(params, cmsg1)
    public = public_output(agreed)
    secshare = decrypt_share(hostseckey, seat, agreed, public)
    if mul_secret_base(secshare) != public.pubshares[seat]:
        raise ShareMismatch("KEYGEN-SHARE-SUM", f"the share of seat {seat} does not fit the summed commitments")
    pmsg2 = schnorr_sign(hostseckey, checks.certificate_message(seat, agreed.to_bytes()), aux)
    return State2(agreed, seat, secshare, pmsg2), pmsg2


def decrypt_share(hostseckey: Secret[bytes], seat: Seat, agreed: EqInput, public: PublicOutput) -> Secret[int]:
    """The share of ``seat``: the encrypted sum less all pads, plus the Taproot tweak.

    Raises PeerFault ``KEYGEN-EPHEMERAL`` naming a seat whose ephemeral point is none.
    """
    hostkey, pads = host_scalar(hostseckey), 0
    for dealer, ephemeral in enumerate(agreed.ephemerals):
        if dealer == seat:
            pad = self_pad(hostseckey, ephemeral, seat, agreed.params)
        else:
            try:
                pad = recipient_pad(hostkey, Point.from_compressed(ephemeral), seat, agreed.params)
            except MalformedElement as bad:
                raise PeerFault("KEYGEN-EPHEMERAL", f"the ephemeral point of seat {dealer} is none",
                                culprits=(Seat(dealer),), assumes="whoever added up the messages was honest") from bad
        pads += pad.reveal()
    return Secret((agreed.ciphertexts[seat] - pads + public.tweak) % N)


def finalize(state: State2, pmsg2s: Sequence[bytes]) -> tuple[DkgOutput, RecoveryData]:
    """The success of the session: needs the signatures of all n seats over what this station signed.

    **Warning**: a fault here does not mean that the session failed; see ``step2``. Before addresses are shown, every
    station acknowledges the recovery data. Raises PeerFault ``KEYGEN-CERTIFICATE`` naming the seat.
    """
    recovery_data = checks.certify(state.eq_input, pmsg2s)
    return DkgOutput(state.seat, state.secshare, public_output(state.eq_input)), recovery_data


def recover(hostseckey: Secret[bytes], recovery_data: bytes) -> tuple[DkgOutput, SessionParams]:
    """The result of a session from a host key (32 bytes) and its recovery data alone.

    **Warning**: compare the returned parameters with the charter's; anybody can make recovery data for host keys of
    his own. Raises as ``checks.check_recovery_data`` does; LocalFault ``KEYGEN-HOSTSECKEY`` when the key has no seat;
    Unattributed ``KEYGEN-RECOVERY-SHARE`` when the share does not fit, which the own signature inside makes
    impossible as long as only this station held the host key.
    """
    hostpubkey(hostseckey)
    agreed = checks.check_recovery_data(recovery_data).eq_input
    seat, public = seat_of(hostseckey, agreed.params), public_output(agreed)
    secshare = decrypt_share(hostseckey, seat, agreed, public)
    if mul_secret_base(secshare) != public.pubshares[seat]:
        raise Unattributed("KEYGEN-RECOVERY-SHARE", "the recovered share does not fit the public share of its seat")
    return DkgOutput(seat, secshare, public), agreed.params


def acknowledge(hostseckey: Secret[bytes], recovery_data: RecoveryData, aux: bytes) -> bytes:
    """The acknowledgment (64 bytes) that this station holds the recovery data, which must be stored durably before.

    Raises LocalFault ``KEYGEN-HOSTSECKEY`` or ``KEYGEN-RANDOMNESS``.
    """
    seat = seat_of(hostseckey, recovery_data.eq_input.params)
    require_random(aux)
    return schnorr_sign(hostseckey, checks.ack_message(seat, recovery_data.to_bytes()), aux)


def require_random(random: bytes) -> None:
    if len(random) != 32:
        raise LocalFault("KEYGEN-RANDOMNESS", f"{len(random)} random bytes where 32 were due")


def require_same_key(hostseckey: Secret[bytes], state: State1, aux: bytes) -> None:
    """The key and the randomness that a second step needs."""
    if hostpubkey(hostseckey) != state.params.hostpubkeys[state.seat]:
        raise LocalFault("KEYGEN-HOSTSECKEY", f"the host key is not that of seat {state.seat}")
    require_random(aux)
