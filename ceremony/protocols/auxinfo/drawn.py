"""Everything secret that a station draws in a session, out of one seed. Never stored: each step draws it again."""

from __future__ import annotations

from ceremony.algebra.modulus import Factors
from ceremony.algebra.paillier import PaillierPrivate
from ceremony.algebra.polynomial import evaluate
from ceremony.algebra.ring_pedersen import RingPedersenOwner
from ceremony.algebra.secp256k1 import N
from ceremony.algebra.stream import RandomStream
from ceremony.base.errors import Seat
from ceremony.base.secret import Secret
from ceremony.protocols.auxinfo.params import SessionParams, seat_bytes
from ceremony.protocols.auxinfo.states import Primes


class Drawn:
    """rid and chain: 32 bytes each, revealed later. coefficients: t scalars. ephemeral: a scalar. paillier, setup: the
    keys. The seeds are 32 bytes for one prover each.
    """

    def __init__(self, params: SessionParams, seat: Seat, seed: Secret[bytes], primes: Primes):
        def stream(purpose: str) -> RandomStream:
            return RandomStream(f"ceremony/auxinfo-{purpose}-v1", seed.reveal(), params.sid, seat_bytes(seat))

        secrets, seeds = stream("secrets"), stream("proofs")
        self.rid, self.chain = secrets.octets(32), secrets.octets(32)
        self.coefficients = [Secret(int(secrets.below(N - 1)) + 1) for _ in range(params.t)]
        self.ephemeral = Secret(int(secrets.below(N - 1)) + 1)
        self.schnorr_seeds = [seeds.octets(32) for _ in range(params.t)]
        self.prm_seed, self.possession_seed = seeds.octets(32), seeds.octets(32)
        self.fac_seeds = [seeds.octets(32) for _ in range(params.n - 1)]
        self.paillier = PaillierPrivate(Factors(*primes[:2]))
        self.setup = RingPedersenOwner.generate(Factors(*primes[2:]), stream("setup"))

    def sub_share(self, recipient: Seat) -> int:
        """f(recipient + 1); secret."""
        return evaluate([coefficient.reveal() for coefficient in self.coefficients], recipient + 1)
