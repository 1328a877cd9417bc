#!/usr/bin/env python3
"""What the proofs of CGGMP24 and the numbers below them cost, in U: one 2048-bit gmpy2.powmod of the same run.

    scripts/bench_ecdsa.py [proofs|aux|primes] …    # default: proofs aux

proofs: prover and verifier of each proof in both profiles: CPU, U, the share that is not spent in its own powers (goal:
whole proofs at most 1.10 x their powers), bytes. aux: what a station does for each peer's keys (goal: at most 185 U,
exact, 128 repetitions, 2048 bits). primes: safe primes of 1024 bits against OpenSSL's generator (goal: half).

Every sample stands between two samples of U and is divided by their mean; medians. Provers use randomizers made ahead
where they take them, and verifiers their own primes, as stations do. Tables for a peer's s and t are built once and not
counted.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import os
import sys
import time
from pathlib import Path
from statistics import mean, median
from typing import Callable, Iterator

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from gmpy2 import powmod  # noqa: E402

from ceremony.algebra import comb, libsecp, modulus, paillier, prime_search, primes, ring_pedersen  # noqa: E402
from ceremony.algebra.paillier import PaillierPublic, Randomizer  # noqa: E402
from ceremony.algebra.ring_pedersen import RingPedersen  # noqa: E402
from ceremony.algebra.stream import RandomStream  # noqa: E402
from ceremony.base.secret import Secret  # noqa: E402
from ceremony.proofs import aff_g, aff_g_star, dec, elog, enc_elg, fac, mod, prm, sch  # noqa: E402
from ceremony.proofs.profiles import COMPACT, STD, Profile  # noqa: E402
from tests.primes import keys  # noqa: E402
from tests.reference.cggmp_cases import NAMES, Case, case, point  # noqa: E402

Work = Callable[[], object]
MODULUS = keys.paillier(2048, 0).n


def unit() -> float:
    """CPU seconds of one U now, the mean of five."""
    begun = time.process_time()
    for _ in range(5):
        powmod(MODULUS // 3, MODULUS - 2, MODULUS)
    return (time.process_time() - begun) / 5


class Powers:
    """Counts the seconds spent in powers: of integers (negative ones are inverses too), of tables, of points."""

    PLACES = [*((module, name) for module in (paillier, modulus, ring_pedersen)
                for name in ("powmod", "powmod_sec", "invert")),
              (prm, "invert"), (mod, "powmod"), (paillier, "multi_power"),
              (comb.Comb, "power"), (comb.Comb, "__init__"),
              *((libsecp, name) for name in ("multiply", "secret_multiply_base", "secret_multiply"))]

    def __init__(self) -> None:
        self.seconds = 0.0

    def __enter__(self) -> Powers:
        self._real = [(owner, name, getattr(owner, name)) for owner, name in self.PLACES]
        for owner, name, function in self._real:
            setattr(owner, name, self._timed(function))
        return self

    def __exit__(self, *_: object) -> None:
        for owner, name, function in self._real:
            setattr(owner, name, function)

    def _timed(self, function: Callable) -> Callable:
        def call(*args):
            begun = time.perf_counter()
            try:
                return function(*args)
            finally:
                self.seconds += time.perf_counter() - begun
        return call


def cost(work: Work) -> tuple[float, float]:
    """CPU seconds and U of one run."""
    before, begun = unit(), time.process_time()
    work()
    spent = time.process_time() - begun
    return spent, 2 * spent / (before + unit())


def sample(work: Work) -> tuple[float, float, float]:
    """CPU seconds, U, and whole over own powers, of one run."""
    spent, units = cost(work)
    with Powers() as powers:
        begun = time.perf_counter()
        work()
        whole = time.perf_counter() - begun
    return spent, units, whole / powers.seconds


def measured(work: Work, repeats: int) -> tuple[float, float, float]:
    """Medians of `sample`, after one run that fills caches."""
    work()
    return tuple(map(median, zip(*(sample(work) for _ in range(repeats)))))  # type: ignore[return-value]


def pool(key: PaillierPublic) -> Iterator[Randomizer]:
    """Randomizers made ahead. They come round again, which a station must never allow."""
    made = [key.randomizer(RandomStream("ceremony/bench", bytes([n])).unit(key.n)) for n in range(4)]
    while True:
        yield from made


def works(profile: Profile) -> Iterator[tuple[str, Case, Work, Work]]:
    """Name, case, prover and verifier of each proof, as stations run them: station 1 proves, station 0 verifies."""
    bits, fresh = profile.modulus_bits, os.urandom
    own, judge = keys.paillier(bits, 1), keys.paillier(bits, 0)
    setup, owned = keys.ring_pedersen(bits, 0).public(), keys.ring_pedersen(bits, 0)
    setup.commit(1, 1)
    owned.commit(1, 1)
    cases = {name: case(name, profile) for name in NAMES}
    secret = {name: {key: Secret(value) for key, value in made.secrets.items()} for name, made in cases.items()}
    mine, theirs = pool(own), pool(judge.public())

    def c(name: str, letter: str, key: PaillierPublic = own) -> paillier.Ciphertext:
        return key.ciphertext(int(cases[name].st[letter]).to_bytes(bits // 4, "big"))

    made = cases["sch"]
    X, A, context = point(made.st["X"]), point(made.st["A"]), made.context()
    yield ("sch", made, lambda: sch.respond_sch(secret["sch"]["x"], secret["sch"]["alpha"], context),
           lambda: sch.verify_sch(X, A, context, cases["sch"].proof))
    made = cases["elog"]
    statement = elog.ElogStatement(*(point(made.st[letter]) for letter in "LMXYh"))
    yield ("elog", made, lambda: elog.prove_elog(statement, *secret["elog"].values(), context, fresh(32)),
           lambda: elog.verify_elog(statement, context, cases["elog"].proof))
    made, direct = cases["enc_elg"], cases["enc_elg"].context()
    small = enc_elg.EncElgStatement(c("enc_elg", "C"), *(point(made.st[letter]) for letter in "ABX"))
    x, rho, b = (secret["enc_elg"][letter] for letter in ("x", "rho", "b"))
    yield ("enc_elg", made, lambda: enc_elg.prove_enc_elg(small, x, rho, b, own, setup, direct, fresh(32), next(mine)),
           lambda: enc_elg.verify_enc_elg(small, owned, direct, cases["enc_elg"].proof))
    affine = aff_g.AffGStatement(c("aff_g", "C", judge), c("aff_g", "D", judge), c("aff_g", "Y"),
                                 point(cases["aff_g"].st["X"]))
    witness = aff_g.AffGWitness(*(secret["aff_g"][letter] for letter in ("x", "y", "rho", "rho_y")))
    yield ("aff_g", cases["aff_g"],
           lambda: aff_g.prove_aff_g(affine, witness, own, setup, direct, fresh(32), next(theirs), next(mine)),
           lambda: aff_g.verify_aff_g(affine, judge, owned, direct, cases["aff_g"].proof))
    yield ("fac", cases["fac"], lambda: fac.prove_fac(own, setup, direct, fresh(32)),
           lambda: fac.verify_fac(own.public(), owned, direct, cases["fac"].proof))
    provers = keys.ring_pedersen(bits, 1)
    yield ("prm", cases["prm"], lambda: prm.prove_prm(provers, context, fresh(32)),
           lambda: prm.verify_prm(provers.public(), context, cases["prm"].proof))
    yield ("mod", cases["mod"], lambda: mod.prove_mod(own, context),
           lambda: mod.verify_mod(own.public(), context, cases["mod"].proof))
    made = cases["dec"]
    X_dec, S, base = (point(made.st[letter]) for letter in ("X", "S", "base"))
    total = dec.DecStatement(c("dec", "K"), X_dec, c("dec", "D"), S, base)
    known = [secret["dec"][letter] for letter in ("x", "y", "rho")]
    yield ("dec", made, lambda: dec.prove_dec(total, *known, own, context, fresh(32)),
           lambda: dec.verify_dec(total, context, cases["dec"].proof))
    yield ("aff_g_star", cases["aff_g_star"],
           lambda: aff_g_star.prove_aff_g_star(affine, witness, own, context, fresh(32)),
           lambda: aff_g_star.verify_aff_g_star(affine, context, cases["aff_g_star"].proof))


LONG = {"prm": 3, "mod": 3, "dec": 1, "aff_g_star": 1}


def proofs() -> None:
    """The table of all proofs."""
    for profile in (COMPACT, STD):
        heads = " | ".join(f"{side:6} {'ms':>7} {'U':>8} {'whole/powers':>13}" for side in ("prove", "verify"))
        print(f"{profile.id:16} {'bytes':>8} | {heads}")
        for name, made, prove, verify in works(profile):
            cells = [measured(work, LONG.get(name, 9)) for work in (prove, verify)]
            print(f"  {name:14} {len(made.proof):8} | " + " | ".join(
                f"{seconds * 1000:14.2f} {units:8.2f} {ratio:13.3f}" for seconds, units, ratio in cells), flush=True)


def aux() -> None:
    """What one peer's keys cost a station: its proofs verified, Pi-fac made for it, tables and the checks of reading.
    """
    bits = COMPACT.modulus_bits
    peer_key, peer_setup = keys.paillier(bits, 1).public().encode(), keys.ring_pedersen(bits, 1).encode()
    table = {name: (prove, verify) for name, _, prove, verify in works(COMPACT) if name in ("fac", "prm", "mod")}
    rows: dict[str, Work] = {
        "reading N, N^, s, t": lambda: (PaillierPublic.decode(peer_key, bits), RingPedersen.decode(peer_setup, bits)),
        "tables for s and t": lambda: RingPedersen.decode(peer_setup, bits).commit(1, 1),
        "Pi-prm verified": table["prm"][1], "Pi-mod verified": table["mod"][1], "Pi-fac verified": table["fac"][1],
        "Pi-fac made": table["fac"][0]}
    units = {name: median(cost(work)[1] for _ in range(5)) for name, work in rows.items()}
    for name, value in units.items():
        print(f"  {name:22} {value:8.2f} U")
    total = sum(value for name, value in units.items() if name.startswith("Pi-"))
    print(f"  {'aux per peer, proofs':22} {total:8.2f} U (goal 185)")


def safe_primes(count: int = 40) -> None:
    """Mean CPU of our safe primes and of OpenSSL's, drawn in turns in one process; and a search on all cores."""
    crypto = ctypes.CDLL(ctypes.util.find_library("crypto"))
    crypto.BN_new.restype = ctypes.c_void_p
    number, ours, theirs = ctypes.c_void_p(crypto.BN_new()), [], []
    for _ in range(count):
        begun = time.process_time()
        while primes.search_segment(Secret(os.urandom(32)), 1024)[0] is None:
            pass
        ours.append(time.process_time() - begun)
        begun = time.process_time()
        crypto.BN_generate_prime_ex(number, 1024, 1, None, None, None)  # 1: safe
        theirs.append(time.process_time() - begun)
    print(f"  safe primes of 1024 bits, {count} each: ours {mean(ours):.2f} s ({mean(ours) / unit():.0f} U), OpenSSL "
          f"{mean(theirs):.2f} s, ratio {mean(ours) / mean(theirs):.2f} (goal 0.5)")
    begun, cores = time.monotonic(), os.cpu_count() or 1
    events = list(prime_search.find_safe_primes(1024, 8, os.urandom, time.monotonic, cores))
    last = [event for event in events if isinstance(event, prime_search.Progress)][-1]
    print(f"  8 more on {cores} cores: {time.monotonic() - begun:.2f} s, {last.tests} tests "
          f"({8 * primes.mean_tests(1024):.0f} expected)")


PARTS = {"proofs": proofs, "aux": aux, "primes": safe_primes}


def main(names: list[str]) -> int:
    if unknown := [name for name in names if name not in PARTS]:
        print(f"no such part: {unknown[0]}; there are {', '.join(PARTS)}", file=sys.stderr)
        return 2
    print(f"U = {unit() * 1000:.2f} ms CPU, load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores; constant time as in "
          "ceremony/proofs/spec.md")
    for name in names or ["proofs", "aux"]:
        PARTS[name]()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
