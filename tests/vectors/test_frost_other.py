"""What RFC 9591 and the Zcash Foundation's FROST vectors share with ours: the shares, their weights, and BIP-340 signatures.

Their nonces are bound differently, so their partial signatures are not ours; identifier i there is seat i - 1 here.
"""

from __future__ import annotations

import json

import pytest

from ceremony.algebra.schnorr import InvalidSignature, schnorr_verify
from ceremony.algebra.secp256k1 import N, mul_secret_base
from ceremony.base.errors import Seat
from ceremony.base.secret import Secret
from ceremony.protocols.frost.keys import check_signer_set, lagrange

FILES = ["rfc9591/frost-secp256k1-sha256.json", "zf-secp256k1/vectors.json", "zf-secp256k1-tr/vectors.json"]


def load(vectors, name: str) -> dict:
    return json.loads((vectors / "frost" / name).read_text("utf-8"))


def group_key(inputs: dict) -> bytes:
    return bytes.fromhex(inputs.get("group_public_key") or inputs["verifying_key_key"])


@pytest.mark.parametrize("name", FILES)
def test_shares_rebuild_the_group_key_with_our_weights(vectors, name):
    inputs = load(vectors, name)["inputs"]
    shares = {Seat(share["identifier"] - 1): int(share["participant_share"], 16) for share in inputs["participant_shares"]}
    signers = [Seat(identifier - 1) for identifier in inputs["participant_list"]]
    assert sum(lagrange(signers, seat) * shares[seat] for seat in signers) % N == int(inputs["group_secret_key"], 16)
    for seats in (signers, sorted(shares)):
        pubshares = [mul_secret_base(Secret(shares[seat])).compressed() for seat in seats]
        assert check_signer_set(2, 3, seats, pubshares, group_key(inputs)).compressed() == group_key(inputs)


def test_the_taproot_signature_verifies_and_the_plain_one_does_not(vectors):
    """RFC 9591 hashes compressed points, so its signature is none for BIP 340; the -tr suite's is."""
    taproot, plain = load(vectors, FILES[2]), load(vectors, FILES[0])
    message = bytes.fromhex(taproot["inputs"]["message"])
    schnorr_verify(group_key(taproot["inputs"])[1:], message, bytes.fromhex(taproot["final_output"]["sig"]))
    with pytest.raises(InvalidSignature):
        schnorr_verify(group_key(plain["inputs"])[1:], message, bytes.fromhex(plain["final_output"]["sig"])[1:])
