"""The product's proofs and the textbook's: each accepts what the other makes, and the textbook refuses what is false."""

from __future__ import annotations

import pytest
from gmpy2 import mpz

from ceremony.proofs.profiles import COMPACT, STD
from tests.primes.keys import ring_pedersen
from tests.reference import cggmp_textbook as textbook
from tests.reference.cggmp_cases import NAMES, case

SLOW = {(COMPACT, "dec"), (COMPACT, "aff_g_star"), *((STD, name) for name in ("dec", "aff_g_star", "mod", "prm"))}
BOTH = [pytest.param(name, profile, marks=[pytest.mark.slow] if (profile, name) in SLOW else [])
        for profile in (COMPACT, STD) for name in NAMES]


@pytest.mark.parametrize("name, profile", BOTH)
def test_the_textbook_accepts_the_products_proof(name, profile):
    made = case(name, profile)
    proof = textbook.decode(name, made.session, made.proof)
    assert textbook.encode(name, made.session, proof) == made.proof
    assert textbook.VERIFIERS[name](made.session, made.st, proof)


@pytest.mark.parametrize("name", ["sch", "elog", "enc_elg", "aff_g", "fac"])
def test_the_textbook_refuses_a_proof_with_one_wrong_response(name):
    made = case(name)
    proof = textbook.decode(name, made.session, made.proof)
    for field in proof:
        assert not textbook.VERIFIERS[name](made.session, made.st, proof | {field: proof[field] + 1}), field


def masks(name: str, st: dict) -> dict:
    """Any numbers in range; the textbook's prover takes them from its caller."""
    stream = textbook.Numbers("ceremony/test-masks", [name.encode()])
    half = textbook.ELL + textbook.EPS
    wide = {"alpha": 1 << half, "beta": 1 << half, "m": 1 << 256, "mu": 1 << 256}
    drawn = {letter: stream.below(bound) for letter, bound in wide.items()}
    hat = int(st["setup"][0]) if "setup" in st else 1
    large = {letter: stream.below(hat << half) for letter in ("gamma", "delta", "x", "y")}
    return drawn | large | {letter: 3 + stream.below(2**2000) for letter in ("r", "r_y")} | {"nu": stream.below(hat << 256)}


def pick(name: str, st: dict, letters: str) -> dict:
    drawn = masks(name, st)
    return {letter: drawn[letter] for letter in letters.split()}


@pytest.mark.parametrize("name, make", [
    ("sch", lambda c: textbook.sch_prove(c.session, c.st, c.secrets["x"], c.secrets["alpha"])),
    ("elog", lambda c: textbook.elog_prove(c.session, c.st, c.secrets["y"], c.secrets["lambda"], 5, 7)),
    ("enc_elg", lambda c: textbook.enc_elg_prove(c.session, c.st, c.secrets["x"], c.secrets["rho"], c.secrets["b"],
                                                 **pick("enc_elg", c.st, "alpha mu r beta gamma"))),
    ("aff_g", lambda c: textbook.aff_g_prove(c.session, c.st, *(c.secrets[k] for k in ("x", "y", "rho", "rho_y")),
                                             **pick("aff_g", c.st, "alpha beta gamma delta m mu r r_y"))),
    ("fac", lambda c: textbook.fac_prove(c.session, c.st, c.secrets["p"], c.secrets["q"],
                                         **pick("fac", c.st, "alpha beta mu nu x y r"))),
    ("prm", lambda c: textbook.prm_prove(c.session, c.st, c.secrets["lambda"], (c.secrets["p"] - 1) * (c.secrets["q"] - 1),
                                         [mpz(3) ** (900 + j) for j in range(textbook.M)])),
    ("mod", lambda c: textbook.mod_prove(c.session, c.st, [c.secrets["p"], c.secrets["q"]])),
    pytest.param("dec", lambda c: textbook.dec_prove(
        c.session, c.st, c.secrets["x"], c.secrets["y"], c.secrets["rho"],
        [(3**400 + j, 3**900 + j, 3**1000 + j) for j in range(textbook.M)]), marks=pytest.mark.slow),
], ids=lambda value: value if isinstance(value, str) else "")
def test_the_product_accepts_the_textbooks_proof(name, make):
    made = case(name)
    made.verify(textbook.encode(name, made.session, make(made)))


def test_the_modulus_of_the_cases_is_the_verifiers_own():
    assert case("fac").st["setup"][0] == ring_pedersen(2048, 0).n
