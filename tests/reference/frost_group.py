"""A whole FROST group in one process, for tests: a trusted dealer's shares, and the steps that stations would make apart."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from ceremony.algebra.polynomial import evaluate
from ceremony.algebra.secp256k1 import N, mul_secret_base
from ceremony.base.errors import Seat
from ceremony.base.secret import Secret
from ceremony.protocols.frost.checks import SessionContext, session
from ceremony.protocols.frost.rounds import SecNonce, nonce_gen, sign

MESSAGE = sha256(b"what is signed").digest()
TWEAKS = ((sha256(b"change").digest(), False), (sha256(b"index").digest(), False), (sha256(b"taproot").digest(), True))


def scalar(*names: object) -> int:
    return int.from_bytes(sha256(repr(names).encode()).digest(), "big") % N


def public(secret: int) -> bytes:
    return mul_secret_base(Secret(secret)).compressed()


@dataclass(frozen=True)
class Group:
    """t of n, with every secret in the open."""

    t: int
    n: int
    key: bytes
    shares: dict[Seat, int]

    def share(self, seat: int) -> Secret[bytes]:
        return Secret(self.shares[Seat(seat)].to_bytes(32, "big"))

    def pubshare(self, seat: int) -> bytes:
        return public(self.shares[Seat(seat)])


def deal(t: int, n: int, seed: object = 0) -> Group:
    coefficients = [scalar(seed, j) for j in range(t)]
    return Group(t, n, public(coefficients[0]), {Seat(i): evaluate(coefficients, i + 1) for i in range(n)})


@dataclass(frozen=True)
class Signing:
    """One session of one group: everybody's nonces, and the context they make."""

    group: Group
    context: SessionContext
    secnonces: dict[Seat, SecNonce]
    pubnonces: dict[Seat, bytes]

    def sign(self, seat: int) -> bytes:
        return sign(self.secnonces[Seat(seat)], self.group.share(seat), self.context, Seat(seat), self.pubnonces)

    def psigs(self) -> dict[Seat, bytes]:
        return {seat: self.sign(seat) for seat in self.context.seats}


def nonces(group: Group, seats, seed: object = 0) -> tuple[dict[Seat, SecNonce], dict[Seat, bytes]]:
    pairs = {Seat(seat): nonce_gen(Secret(scalar("nonce", seed, seat).to_bytes(32, "big")), group.share(seat),
                                   seat=Seat(seat)) for seat in seats}
    return {seat: pair[0] for seat, pair in pairs.items()}, {seat: pair[1] for seat, pair in pairs.items()}


def prepare(group: Group, seats, tweaks=TWEAKS, message: bytes = MESSAGE, seed: object = 0) -> Signing:
    secnonces, pubnonces = nonces(group, seats, seed)
    pubshares = {Seat(seat): group.pubshare(seat) for seat in seats}
    return Signing(group, session(group.t, group.n, group.key, pubshares, pubnonces, tweaks, message), secnonces, pubnonces)
