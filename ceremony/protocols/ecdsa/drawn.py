"""What a signer draws in a signing, out of its two seeds: the nonce, and what only proves. Never stored, drawn again.

The share is part of the nonce's seed, and the name of the signing of both: bytes that come twice (a copied machine, a
broken generator) then never meet another digest, path or signer.
"""

from __future__ import annotations

from gmpy2 import mpz

from ceremony.algebra.secp256k1 import N, Point, mul_secret_base, scalar_to_bytes
from ceremony.algebra.stream import RandomStream
from ceremony.base.errors import Seat
from ceremony.base.secret import Secret
from ceremony.proofs.aff_g import AffGWitness
from ceremony.protocols.ecdsa.context import SignerKeys, SigningContext
from ceremony.protocols.ecdsa.states import Masks


def _stream(purpose: str, context: SigningContext, seat: Seat, *fields: bytes) -> RandomStream:
    return RandomStream(f"ceremony/ecdsa-{purpose}-v1", context.ssid, seat.to_bytes(4, "big"), *fields)


def _scalar(stream: RandomStream) -> Secret[int]:
    return Secret(int(stream.below(N - 1)) + 1)


class DrawnNonce:
    """k, a, the point Y, and rho of K; seeds of 32 bytes for the provers about K. For the first step alone."""

    def __init__(self, context: SigningContext, keys: SignerKeys, random: Secret[bytes]):
        share = scalar_to_bytes(keys.share.reveal())
        stream = _stream("nonce", context, keys.seat, random.reveal(), share)
        self.k, self.a = _scalar(stream), _scalar(stream)
        self.Y: Point = mul_secret_base(_scalar(stream))  # nobody keeps its logarithm
        self.rho = Secret(stream.unit(keys.paillier.n))
        self.seeds = {other: stream.octets(32) for other in context.others(keys.seat)}
        seed = _stream("masks", context, keys.seat, random.reveal(), share).octets(32)
        self.masks = Masks(context, keys.seat, Secret(seed))


class DrawnMasks:
    """gamma, b, and nu of G; seeds of 32 bytes for the provers about G, gamma, Delta, and for identification."""

    def __init__(self, masks: Masks, keys: SignerKeys):
        stream = _stream("gamma", masks.context, masks.seat, masks.seed.reveal())
        self.gamma, self.b = _scalar(stream), _scalar(stream)
        self.nu = Secret(stream.unit(keys.paillier.n))
        self.gamma_seed, self.delta_seed, self.identify_seed = (stream.octets(32) for _ in range(3))
        self.seeds = {other: stream.octets(32) for other in masks.context.others(masks.seat)}


class DrawnHalf:
    """For the multiplication with one other signer: beta in [-2^ell', 2^ell'), s a unit modulo the other's N, r one
    modulo the own; twice, for gamma and for w. And a seed of 32 bytes for each prover.
    """

    def __init__(self, masks: Masks, keys: SignerKeys, other: Seat, which: str):
        stream = _stream(f"half-{which}", masks.context, masks.seat, masks.seed.reveal(), other.to_bytes(4, "big"))
        self.beta: Secret[mpz] = Secret(stream.signed(masks.context.profile.ell_prime))
        self.s = Secret(stream.unit(masks.context.of(other).paillier.n))
        self.r = Secret(stream.unit(keys.paillier.n))
        self.seed, self.star_seed = stream.octets(32), stream.octets(32)

    def witness(self, factor: Secret[int]) -> AffGWitness:
        """What Pi-aff-g and Pi-aff-g* prove with; factor: gamma or w."""
        return AffGWitness(factor, self.beta, self.s, self.r)
