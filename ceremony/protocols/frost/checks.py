"""What anybody can verify about a FROST signing without a secret: BIP 445, draft 0.12.1 (``spec.md`` has the formulas).

Stations and auditors call the same functions. A failed check raises: PeerFault when a seat broke the rule, Unattributed
when the session itself was put together wrongly. Letters are those of the draft: Q the tweaked key, gacc and tacc what
the tweaks did to sign and offset, b the nonce coefficient, R the final nonce, e the challenge.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Callable, Iterable, Mapping, NamedTuple, TypeVar

from ceremony.algebra.schnorr import InvalidSignature, schnorr_verify
from ceremony.algebra.secp256k1 import G, N, Point, mul_public, scalar_to_bytes
from ceremony.base.errors import LocalFault, Malformed, PeerFault, Seat, Unattributed
from ceremony.base.limits import MAX_PSBT_INPUTS
from ceremony.codec.digest import tagged_hash
from ceremony.protocols.frost.keys import Tweak, check_signer_set, lagrange, tweak_key
from ceremony.protocols.frost.messages import Nonce, decode_aggregate, decode_partial, decode_pubnonce

Decoded = TypeVar("Decoded")


@dataclass(frozen=True)
class SessionContext:
    """All that fixes one signing of one message; made by ``session``.

    t, n: signers needed, seats of the sharing. seats: who signs, ascending. pubshares: 33 bytes each, in the order of
    seats. group_key: 33 bytes, the full point before any tweak. aggnonce: 66 bytes, the sum of the seats' public
    nonces. tweaks: in the order of application. message: 32 bytes.
    """

    t: int
    n: int
    seats: tuple[Seat, ...]
    pubshares: tuple[bytes, ...]
    group_key: bytes
    aggnonce: bytes
    tweaks: tuple[Tweak, ...]
    message: bytes

    def pubshare(self, seat: Seat) -> Point:
        """The public share of a signing seat. Raises Unattributed SIGN-SEATS when the seat does not sign."""
        if seat not in self.seats:
            raise Unattributed("SIGN-SEATS", f"seat {seat} is not among the signers")
        return Point.from_compressed(self.pubshares[self.seats.index(seat)])


class SessionValues(NamedTuple):
    """What every party of a session computes alike."""

    Q: Point
    gacc: int
    tacc: int
    b: int
    R: Point
    e: int

    @property
    def g(self) -> int:
        """1 if Q has an even y, else N-1: BIP 340 verifies under the even one, so all shares change their sign."""
        return 1 if self.Q.has_even_y() else N - 1

    @property
    def h(self) -> int:
        """1 if R has an even y, else N-1: BIP 340 wants it even, so all nonces change their sign."""
        return 1 if self.R.has_even_y() else N - 1


def session(t: int, n: int, group_key: bytes, pubshares: Mapping[Seat, bytes], pubnonces: Mapping[Seat, bytes],
            tweaks: Iterable[Tweak], message: bytes) -> SessionContext:
    """The context of a signing by the seats of ``pubnonces``, which are summed here, after every check of it.

    pubshares: 33 bytes per signing seat. pubnonces: 66 bytes per signing seat. The rest as in SessionContext. Raises
    PeerFault SIGN-NONCE for the seats whose nonce is malformed, and what ``session_values`` raises.
    """
    seats = tuple(sorted(pubnonces))
    if set(pubshares) != set(seats):
        raise Unattributed("SIGN-SEATS", "public shares and public nonces are not from the same seats")
    context = SessionContext(t, n, seats, tuple(pubshares[seat] for seat in seats), group_key,
                             aggregate_nonces(pubnonces), tuple(tweaks), message)
    session_values(context)
    return context


def aggregate_nonces(pubnonces: Mapping[Seat, bytes]) -> bytes:
    """The sum of the signers' public nonces, 66 bytes (NonceAgg). PeerFault SIGN-NONCE names all malformed ones."""
    nonces = _decode_all(decode_pubnonce, pubnonces, "SIGN-NONCE").values()
    return Nonce(Point.sum(nonce.R1 for nonce in nonces), Point.sum(nonce.R2 for nonce in nonces)).encode()


def check_aggregate(context: SessionContext, pubnonces: Mapping[Seat, bytes]) -> None:
    """The context's aggregate nonce is the sum of these public nonces, one from each signing seat.

    Raises PeerFault SIGN-NONCE; Unattributed SIGN-SEATS, or SIGN-AGGREGATE: whoever did the sum did it wrongly.
    """
    if tuple(sorted(pubnonces)) != context.seats:
        raise Unattributed("SIGN-SEATS", "the public nonces are not one from each signing seat")
    if aggregate_nonces(pubnonces) != context.aggnonce:
        raise Unattributed("SIGN-AGGREGATE", "the aggregate nonce is not the sum of the signers' public nonces")


@lru_cache(maxsize=MAX_PSBT_INPUTS)  # signing many inputs comes back to each context once per signer
def session_values(context: SessionContext) -> SessionValues:
    """Checks the context and computes what all share (GetSessionValues).

    Raises Unattributed: SIGN-MESSAGE, SIGN-SEATS, SIGN-PUBSHARE, SIGN-TWEAK, SIGN-AGGREGATE. A final nonce that would
    be infinity becomes G: the signing goes on, and the seat that forced it betrays itself by its partial signature.
    """
    if len(context.message) != 32:
        raise Unattributed("SIGN-MESSAGE", f"the message has {len(context.message)} bytes instead of 32")
    group = check_signer_set(context.t, context.n, context.seats, context.pubshares, context.group_key)
    Q, gacc, tacc = tweak_key(group, context.tweaks)
    aggregate = decode_aggregate(context.aggnonce)
    signers = b"".join(number.to_bytes(4, "big") for number in (len(context.seats), *context.seats))
    b = hash_to_scalar("BIP0445/noncecoef", signers + context.aggnonce + Q.xonly() + context.message)
    R = aggregate.R1 + mul_public(b, aggregate.R2)
    if R.is_infinity:
        R = G
    e = hash_to_scalar("BIP0340/challenge", R.xonly() + Q.xonly() + context.message)
    return SessionValues(Q, gacc, tacc, b, R, e)


def hash_to_scalar(tag: str, data: bytes) -> int:
    """A tagged hash reduced modulo N. The draft fails on zero, which has probability 2^-256: LocalFault SIGN-HASH."""
    scalar = int.from_bytes(tagged_hash(tag, data), "big") % N
    if scalar == 0:
        raise LocalFault("SIGN-HASH", f"the hash with tag {tag} is zero: this cannot happen by chance")
    return scalar


def check_partial(context: SessionContext, seat: Seat, pubnonce: bytes, psig: bytes) -> None:
    """This partial signature (32 bytes) is the seat's part of the signature, made with this public nonce (66 bytes).

    Raises PeerFault SIGN-PARTIAL or SIGN-NONCE naming the seat; Unattributed SIGN-SEATS when the seat does not sign.
    **Warning**: the blame is right only if the aggregate nonce is the sum of what the seats sent: ``check_aggregate``.
    """
    values, pubshare = session_values(context), context.pubshare(seat)
    nonce = _decode_all(decode_pubnonce, {seat: pubnonce}, "SIGN-NONCE")[seat]
    s = _decode_all(decode_partial, {seat: psig}, "SIGN-PARTIAL")[seat]
    effective = nonce.R1 + mul_public(values.b, nonce.R2)
    weight = values.e * lagrange(context.seats, seat) * values.g * values.gacc
    if mul_public(s, G) != (effective if values.h == 1 else -effective) + mul_public(weight, pubshare):
        raise PeerFault("SIGN-PARTIAL", f"the partial signature of seat {seat} does not fit its nonce and public share",
                        culprits=(seat,))


def aggregate_partials(context: SessionContext, psigs: Mapping[Seat, bytes]) -> bytes:
    """The BIP-340 signature under the tweaked key, 64 bytes (PartialSigAgg); verified before it is returned.

    psigs: 32 bytes per signing seat. Raises PeerFault SIGN-PARTIAL for seats whose bytes are no scalar; Unattributed
    SIGN-SEATS, or SIGN-SIGNATURE when the sum does not verify: then ``check_partial`` tells whose part is wrong.
    """
    values = session_values(context)
    if tuple(sorted(psigs)) != context.seats:
        raise Unattributed("SIGN-SEATS", "the partial signatures are not one from each signing seat")
    parts = _decode_all(decode_partial, psigs, "SIGN-PARTIAL").values()
    s = (sum(parts) + values.e * values.g * values.tacc) % N
    signature = values.R.xonly() + scalar_to_bytes(s)
    check_signature(context, signature)
    return signature


def check_signature(context: SessionContext, signature: bytes) -> None:
    """These 64 bytes are a BIP-340 signature of the message under the tweaked key; else Unattributed SIGN-SIGNATURE."""
    try:
        schnorr_verify(session_values(context).Q.xonly(), context.message, signature)
    except InvalidSignature:
        raise Unattributed("SIGN-SIGNATURE", "the signature does not verify under the tweaked group key") from None


def _decode_all(decode: Callable[[bytes], Decoded], encoded: Mapping[Seat, bytes], check: str) -> dict[Seat, Decoded]:
    """Every seat's message decoded; or one PeerFault naming all the seats whose message is malformed."""
    decoded: dict[Seat, Decoded] = {}
    culprits: list[Seat] = []
    for seat in sorted(encoded):
        try:
            decoded[seat] = decode(encoded[seat])
        except Malformed:
            culprits.append(seat)
    if culprits:
        raise PeerFault(check, f"malformed bytes from {len(culprits)} of the signing seats", culprits=tuple(culprits))
    return decoded
