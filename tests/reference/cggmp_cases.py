"""One honest proof of each kind at real size, as the product makes it and as the textbook sees it.

A case holds its statement in the textbook's form (a dictionary of numbers and points); ``verify`` turns that into the
product's objects by reading bytes, as a station would. So a test changes one entry and asks the product again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from hashlib import sha256
from typing import Callable

from gmpy2 import mpz

from ceremony.algebra.paillier import PaillierPublic
from ceremony.algebra.ring_pedersen import RingPedersen
from ceremony.algebra.secp256k1 import G, N, Point, mul_public, mul_secret_base
from ceremony.algebra.stream import RandomStream
from ceremony.base.secret import Secret
from ceremony.proofs.aff_g import AffGStatement, AffGWitness, prove_aff_g, verify_aff_g
from ceremony.proofs.aff_g_star import prove_aff_g_star, verify_aff_g_star
from ceremony.proofs.challenge import Context
from ceremony.proofs.dec import DecStatement, prove_dec, verify_dec
from ceremony.proofs.elog import ElogStatement, prove_elog, verify_elog
from ceremony.proofs.enc_elg import EncElgStatement, prove_enc_elg, verify_enc_elg
from ceremony.proofs.fac import prove_fac, verify_fac
from ceremony.proofs.mod import prove_mod, verify_mod
from ceremony.proofs.prm import prove_prm, verify_prm
from ceremony.proofs.profiles import COMPACT, PROFILES, Profile
from ceremony.proofs.sch import commit_sch, respond_sch, verify_sch
from tests.primes.keys import paillier, ring_pedersen
from tests.reference.cggmp_textbook import Session, number, point_bytes, point_from

NAMES = ["sch", "elog", "enc_elg", "aff_g", "fac", "prm", "mod", "dec", "aff_g_star"]
DIRECT = {"enc_elg", "aff_g", "fac"}  # proofs for one recipient
PROVER, VERIFIER = 1, 0               # seats, and stations of tests/primes/keys.py
RANDOMNESS = sha256(b"ceremony test randomness").digest()
SESSION = sha256(b"ceremony test session").digest()


@dataclass(frozen=True)
class Case:
    """An honest proof and what it is about. secrets: the witness, by the figure's letters."""

    name: str
    profile: Profile
    session: Session
    st: dict
    secrets: dict
    proof: bytes

    def context(self) -> Context:
        return context_of(self.session)

    def verify(self, proof: bytes | None = None, session: Session | None = None, **changes) -> None:
        """The product's verdict, with another proof, another session, or other entries of the statement."""
        verify(self.name, session or self.session, self.st | changes, self.proof if proof is None else proof)

    def elsewhere(self, **changes) -> Session:
        return replace(self.session, **changes)


def context_of(session: Session) -> Context:
    return Context(PROFILES[session.profile], session.session, session.prover, session.recipient)


def point(P) -> Point:
    return Point.from_compressed_ext(point_bytes(P))


def textbook_point(P: Point):
    return point_from(P.compressed())


def verify(name: str, session: Session, st: dict, proof: bytes) -> None:
    context, key, ciphertext = context_of(session), PaillierPublic, _ciphertext
    setup = RingPedersen(*st["setup"]) if "setup" in st else None
    affine = name.startswith("aff_g") and AffGStatement(
        ciphertext(st["N0"], st["C"]), ciphertext(st["N0"], st["D"]), ciphertext(st["N1"], st["Y"]), point(st["X"]))
    checks: dict[str, Callable[[], None]] = {
        "sch": lambda: verify_sch(point(st["X"]), point(st["A"]), context, proof),
        "elog": lambda: verify_elog(ElogStatement(*(point(st[letter]) for letter in "LMXYh")), context, proof),
        "enc_elg": lambda: verify_enc_elg(
            EncElgStatement(ciphertext(st["N0"], st["C"]), *(point(st[p]) for p in "ABX")), setup, context, proof),
        "aff_g": lambda: verify_aff_g(affine, key(st["N0"]), setup, context, proof),
        "fac": lambda: verify_fac(key(st["N0"]), setup, context, proof),
        "prm": lambda: verify_prm(setup, context, proof),
        "mod": lambda: verify_mod(key(st["N"]), context, proof),
        "dec": lambda: verify_dec(DecStatement(
            ciphertext(st["N0"], st["K"]), point(st["X"]), ciphertext(st["N0"], st["D"]), point(st["S"]),
            point(st["base"])), context, proof),
        "aff_g_star": lambda: verify_aff_g_star(affine, context, proof),
    }
    checks[name]()


def _ciphertext(n, value):
    return PaillierPublic(n).ciphertext(number(value, n.bit_length() // 4))


@cache
def case(name: str, profile: Profile = COMPACT) -> Case:
    """The honest case of this name; the same one each time."""
    session = Session(profile.id, SESSION, PROVER, VERIFIER if name in DIRECT else None)
    st, secrets, proof = BUILD[name](profile, context_of(session))
    return Case(name, profile, session, st, secrets, proof)


def _stream(name: str) -> RandomStream:
    return RandomStream("ceremony/test-case", name.encode())


def _setup(profile: Profile) -> tuple[RingPedersen, tuple]:
    """The verifier's own parameters."""
    setup = ring_pedersen(profile.modulus_bits, VERIFIER).public()
    return setup, (setup.n, setup.s, setup.t)


def _sch(_profile, context):
    x = Secret(int(_stream("sch").below(N)))
    alpha, A = commit_sch(x, context, RANDOMNESS)
    st = {"X": textbook_point(mul_secret_base(x)), "A": textbook_point(A)}
    return st, {"x": x.reveal(), "alpha": alpha.reveal()}, respond_sch(x, alpha, context)


def _elog(_profile, context):
    stream = _stream("elog")
    y, lam, X, h = (int(stream.below(N)) for _ in range(4))
    points = [mul_public(k, G) for k in (lam, y + lam * X, X, y * h, h)]
    proof = prove_elog(ElogStatement(*points), Secret(y), Secret(lam), context, RANDOMNESS)
    return dict(zip("LMXYh", map(textbook_point, points))), {"y": y, "lambda": lam}, proof


def _enc_elg(profile, context):
    stream, key, (setup, numbers) = _stream("enc_elg"), paillier(profile.modulus_bits, PROVER), _setup(profile)
    x, a, b = (int(stream.below(N)) for _ in range(3))
    rho = key.randomizer(stream.unit(key.n))
    C = key.encrypt(Secret(x), rho)
    points = [mul_public(k, G) for k in (a, b, a * b + x)]
    proof = prove_enc_elg(EncElgStatement(C, *points), Secret(x), rho.r, Secret(b), key, setup, context, RANDOMNESS)
    st = {"N0": key.n, "C": C.value, "setup": numbers} | dict(zip("ABX", map(textbook_point, points)))
    return st, {"x": x, "rho": rho.r.reveal(), "b": b, "a": a}, proof


def _affine(profile):
    stream, own, their = _stream("aff_g"), paillier(profile.modulus_bits, PROVER), paillier(profile.modulus_bits, VERIFIER)
    x, k, y = int(stream.below(N)), int(stream.below(N)), stream.signed(profile.ell_prime)
    rho, rho_y = their.randomizer(stream.unit(their.n)), own.randomizer(stream.unit(own.n))
    C = their.encrypt(Secret(k), their.randomizer(stream.unit(their.n)))
    D = C.times_secret(Secret(x)) + their.encrypt(Secret(-y), rho)
    statement = AffGStatement(C, D, own.encrypt(Secret(y), rho_y), mul_public(x, G))
    st = {"N0": their.n, "N1": own.n, "C": C.value, "D": D.value, "Y": statement.Y.value, "X": textbook_point(statement.X)}
    secrets = {"x": x, "y": y, "rho": rho.r.reveal(), "rho_y": rho_y.r.reveal(), "k": k}
    return statement, AffGWitness(Secret(x), Secret(y), rho.r, rho_y.r), own, st, secrets


def _aff_g(profile, context):
    statement, witness, own, st, secrets = _affine(profile)
    setup, numbers = _setup(profile)
    return st | {"setup": numbers}, secrets, prove_aff_g(statement, witness, own, setup, context, RANDOMNESS)


def _aff_g_star(profile, context):
    statement, witness, own, st, secrets = _affine(profile)
    return st, secrets, prove_aff_g_star(statement, witness, own, context, RANDOMNESS)


def _fac(profile, context):
    key, (setup, numbers) = paillier(profile.modulus_bits, PROVER), _setup(profile)
    p, q = (prime.reveal() for prime in key.factors.primes())
    return {"N0": key.n, "setup": numbers}, {"p": p, "q": q}, prove_fac(key, setup, context, RANDOMNESS)


def _prm(profile, context):
    owner = ring_pedersen(profile.modulus_bits, PROVER)
    p, q = (prime.reveal() for prime in owner.factors.primes())
    secrets = {"p": p, "q": q, "lambda": owner.lam.reveal()}
    return {"setup": (owner.n, owner.s, owner.t)}, secrets, prove_prm(owner, context, RANDOMNESS)


def _mod(profile, context):
    key = paillier(profile.modulus_bits, PROVER)
    p, q = (prime.reveal() for prime in key.factors.primes())
    return {"N": key.n}, {"p": p, "q": q}, prove_mod(key, context)


def _dec(profile, context):
    stream, key = _stream("dec"), paillier(profile.modulus_bits, PROVER)
    x, k, base = (int(stream.below(N)) for _ in range(3))
    y = stream.signed(profile.sum_bits)
    K, rho = (key.encrypt(Secret(k), key.randomizer(stream.unit(key.n))), key.randomizer(stream.unit(key.n)))
    D = key.encrypt(Secret(y), rho) + -K.times_secret(Secret(x))
    points = {"X": mul_public(x, G), "S": mul_public(int(y * base % N), G), "base": mul_public(base, G)}
    statement = DecStatement(K, points["X"], D, points["S"], points["base"])
    proof = prove_dec(statement, Secret(x), Secret(y), rho.r, key, context, RANDOMNESS)
    st = {"N0": key.n, "K": K.value, "D": D.value} | {name: textbook_point(P) for name, P in points.items()}
    return st, {"x": x, "y": mpz(y), "rho": rho.r.reveal(), "k": k}, proof


BUILD = {"sch": _sch, "elog": _elog, "enc_elg": _enc_elg, "aff_g": _aff_g, "fac": _fac, "prm": _prm, "mod": _mod,
         "dec": _dec, "aff_g_star": _aff_g_star}
