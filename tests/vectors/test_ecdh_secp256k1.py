"""Wycheproof's edge cases for multiplying a point by a secret: doublings, small coordinates, addition chains.

The keys come as SubjectPublicKeyInfo (RFC 5480) with an uncompressed point; we read compressed points only, so the
header that all valid keys share is cut off here. Cases about other ASN.1 do not concern us.
"""

from __future__ import annotations

import json
from hashlib import sha256

from ceremony.algebra.secp256k1 import Point, ecdh, mul_public, mul_secret
from ceremony.base.secret import Secret

HEADER = "3056301006072a8648ce3d020106052b8104000a03420004"


def test_secret_multiplication_on_edge_cases(vectors):
    groups = json.loads((vectors / "wycheproof" / "ecdh_secp256k1_test.json").read_text())["testGroups"]
    cases = [case for group in groups for case in group["tests"] if case["result"] == "valid"]
    assert len(cases) > 400
    for case in cases:
        assert case["public"].startswith(HEADER)
        x, y = bytes.fromhex(case["public"][len(HEADER):][:64]), int(case["public"][-1], 16)
        theirs, mine = Point.from_compressed(bytes([2 + y % 2]) + x), Secret(int(case["private"], 16))
        shared = mul_secret(mine, theirs)
        assert shared.xonly() == bytes.fromhex(case["shared"]), case["tcId"]
        assert shared == mul_public(mine.reveal(), theirs)
        assert ecdh(mine, theirs).reveal() == sha256(shared.compressed()).digest()
