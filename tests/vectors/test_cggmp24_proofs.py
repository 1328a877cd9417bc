"""Our own known answers for the proofs of CGGMP24; the file says how another implementation may use them.

scripts/make_proof_vectors.py made them, and a textbook that shares no code with the product accepted each. Here the
product accepts them from the file alone, makes the same bytes again, and refuses them with one byte changed.
"""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest
from gmpy2 import is_prime, mpz

from ceremony.proofs.profiles import COMPACT, PROFILES, STD
from ceremony.proofs.wire import InvalidProof
from tests.reference.cggmp_cases import NAMES, case, verify
from tests.reference.cggmp_textbook import Session, point_from

FILE = json.loads((Path(__file__).parent / "cggmp24_proofs.json").read_text("utf-8"))


def of(name: str, profile: str) -> dict:
    return next(e for e in FILE["examples"] if (e["name"], e["profile"]) == (name, profile))


def statement(example: dict) -> dict:
    """The statement as numbers and points: 33 bytes in hexadecimal are a point, which no modulus is short enough to be.
    """
    read = {}
    for key, value in example["statement"].items():
        if isinstance(value, list):
            read[key] = tuple(mpz(number, 16) for number in value)
        else:
            read[key] = point_from(bytes.fromhex(value)) if len(value) == 66 else mpz(value, 16)
    return read


def session(example: dict) -> Session:
    return Session(example["profile"], bytes.fromhex(example["session"]), example["prover"], example["recipient"])


def test_every_proof_has_an_example_in_both_profiles():
    assert [(e["name"], e["profile"]) for e in FILE["examples"]] == [(n, p.id) for p in (COMPACT, STD) for n in NAMES]
    assert len(" ".join(FILE["about"])) > 500


@pytest.mark.parametrize("example", [e for e in FILE["examples"] if "proof" in e], ids=lambda e: f"{e['name']}-{e['profile']}")
def test_the_product_accepts_the_file_alone(example):
    proof = bytes.fromhex(example["proof"])
    assert len(proof) == example["proof_bytes"] and sha256(proof).hexdigest() == example["proof_sha256"]
    verify(example["name"], session(example), statement(example), proof)


@pytest.mark.parametrize("name", NAMES)
def test_the_product_makes_the_same_bytes(name):
    example, made = of(name, COMPACT.id), case(name)
    assert made.proof.hex() == example["proof"] and {k: v for k, v in made.st.items()} == statement(example)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_the_product_makes_the_same_bytes_under_the_larger_profile(name):
    assert sha256(case(name, STD).proof).hexdigest() == of(name, STD.id)["proof_sha256"]


@pytest.mark.parametrize("name", ["sch", "elog", "enc_elg", "aff_g", "fac"])
@pytest.mark.parametrize("part", range(8))
def test_one_changed_byte_is_refused(name, part):
    example = of(name, COMPACT.id)
    proof = bytearray.fromhex(example["proof"])
    proof[part * (len(proof) - 1) // 7] ^= 1
    with pytest.raises(InvalidProof):
        verify(name, session(example), statement(example), bytes(proof))


@pytest.mark.parametrize("profile", PROFILES)
def test_the_keys_of_the_file_are_those_of_its_statements(profile):
    keys = {name: [mpz(prime, 16) for prime in pair] for name, pair in FILE["keys"][profile].items()}
    assert all(is_prime(prime) and is_prime(prime // 2) for pair in keys.values() for prime in pair)
    products = {name: p * q for name, (p, q) in keys.items()}
    affine = statement(of("aff_g", profile))
    assert affine["N1"] == products["prover_paillier"] and affine["N0"] == products["verifier_paillier"]
    assert affine["setup"][0] == products["verifier_ring_pedersen"]
    assert statement(of("prm", profile))["setup"][0] == products["prover_ring_pedersen"]
