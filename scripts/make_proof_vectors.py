#!/usr/bin/env python3
"""Writes tests/vectors/cggmp24_proofs.json: one example of each proof with keys, witness, randomness and bytes.

    scripts/make_proof_vectors.py

The cases are those of tests/reference/cggmp_cases.py, whose seeds are fixed; the textbook beside them, which shares no
code with the product, must accept every proof before the file is written. Large numbers and bytes are hexadecimal.
"""

from __future__ import annotations

import json
import sys
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from ceremony.proofs.profiles import COMPACT, STD  # noqa: E402
from tests.reference import cggmp_textbook as textbook  # noqa: E402
from tests.reference.cggmp_cases import NAMES, PROVER, RANDOMNESS, VERIFIER, Case, case  # noqa: E402
from tests.primes.keys import paillier, ring_pedersen  # noqa: E402

TARGET = ROOT / "tests" / "vectors" / "cggmp24_proofs.json"
PROSE = [
    "Examples of the zero-knowledge proofs of CGGMP24 (eprint 2021/060, revision 2024-10-21) in the compact form that",
    "ceremony/proofs/spec.md describes: sizes, order of fields, the hash, and the range of every response.",
    "Drive them so: read the statement, check it as section 'What a verifier checks' says, verify the proof, expect",
    "acceptance. Then change any byte of the proof, or session, prover, recipient or one number of the statement, and",
    "expect refusal. The witness is given so that a prover can be tried on the same statement; its proof will differ",
    "unless its masks come from the randomness in the same way. 'keys' holds the moduli's primes: PUBLIC, never to be",
    "used. Proofs of more than 5,000 bytes are complete for the compact profile, and a SHA-256 for the std profile.",
]


def written(value) -> str | list[str] | int:
    """A number or a point as text; a setup as three numbers."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, tuple) and len(value) == 2:
        return textbook.point_bytes(value).hex()
    if isinstance(value, tuple):
        return [f"{number:x}" for number in value]
    return f"{value:x}" if value >= 0 else f"-{-value:x}"


def example(made: Case) -> dict:
    """One case, after the textbook has accepted it."""
    assert textbook.VERIFIERS[made.name](made.session, made.st, textbook.decode(made.name, made.session, made.proof))
    whole = len(made.proof) <= 5000 or made.profile is COMPACT
    return {
        "name": made.name, "profile": made.profile.id, "session": made.session.session.hex(),
        "prover": made.session.prover, "recipient": made.session.recipient,
        "statement": {key: written(value) for key, value in made.st.items()},
        "witness": {key: written(value) for key, value in made.secrets.items()}, "randomness": RANDOMNESS.hex(),
        "proof_bytes": len(made.proof), "proof_sha256": sha256(made.proof).hexdigest(),
    } | ({"proof": made.proof.hex()} if whole else {})


def keys(bits: int) -> dict:
    """The primes of the prover's and the verifier's moduli."""
    owners = {"prover_paillier": paillier(bits, PROVER), "prover_ring_pedersen": ring_pedersen(bits, PROVER),
              "verifier_paillier": paillier(bits, VERIFIER), "verifier_ring_pedersen": ring_pedersen(bits, VERIFIER)}
    return {name: [f"{prime.reveal():x}" for prime in owner.factors.primes()] for name, owner in owners.items()}


def main() -> None:
    file = {"about": PROSE, "keys": {profile.id: keys(profile.modulus_bits) for profile in (COMPACT, STD)},
            "examples": [example(case(name, profile)) for profile in (COMPACT, STD) for name in NAMES]}
    TARGET.write_text(json.dumps(file, indent=1) + "\n", "utf-8")
    print(TARGET.relative_to(ROOT), TARGET.stat().st_size)


if __name__ == "__main__":
    main()
