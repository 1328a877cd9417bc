"""The product's signatures against the slow computation of ``frost_textbook``, which knows no library."""

from __future__ import annotations

from hashlib import sha256

import pytest

from ceremony.base.secret import Secret
from ceremony.protocols.frost.checks import aggregate_partials
from ceremony.protocols.frost.rounds import nonce_gen
from tests.reference import frost_textbook as textbook
from tests.reference.frost_group import MESSAGE, TWEAKS, deal, prepare

PLAIN, CHANGE, XONLY = TWEAKS


def halves(secnonce) -> tuple[int, int]:
    encoded = secnonce.to_vault().reveal()
    return textbook.number(encoded[:32]), textbook.number(encoded[32:])


@pytest.mark.parametrize("seats", [(0, 1), (0, 2), (1, 2), (0, 1, 2)])
@pytest.mark.parametrize("tweaks", [(), (PLAIN,), (XONLY,), (PLAIN, CHANGE, XONLY), (XONLY, PLAIN, XONLY)])
def test_two_of_three_with_tweaks(seats, tweaks):
    group = deal(2, 3, ("textbook", seats, len(tweaks)))
    signing = prepare(group, seats, tweaks)
    shares = {seat: group.shares[seat] for seat in seats}
    known = {seat: halves(secnonce) for seat, secnonce in signing.secnonces.items()}
    parts, signature = textbook.signature(shares, known, textbook.point(group.key), tweaks, MESSAGE)
    psigs = signing.psigs()
    assert psigs == parts
    assert aggregate_partials(signing.context, psigs) == signature
    key = textbook.tweaked(textbook.point(group.key), tweaks)[0]
    assert textbook.verify(key[0].to_bytes(32, "big"), MESSAGE, signature)


@pytest.mark.parametrize("given", [(), ("share",), ("seat",), ("share", "seat", "pubshare", "key_xonly", "message", "extra"),
                                   ("pubshare", "key_xonly"), ("message",), ("extra",)])
def test_nonce_generation_hashes_what_the_draft_lists(given):
    group = deal(2, 3, "nonce")
    values = {"share": group.share(1).reveal(), "seat": 1, "pubshare": group.pubshare(1), "key_xonly": group.key[1:],
              "message": MESSAGE, "extra": b"ceremony and input"}
    chosen = {name: values[name] for name in given}
    rand = sha256(b"fresh").digest()
    secnonce, pubnonce = nonce_gen(
        Secret(rand), group.share(1) if "share" in chosen else None, chosen.get("pubshare"),
        chosen.get("key_xonly"), chosen.get("message"), chosen.get("extra"), seat=chosen.get("seat"))
    k1, k2 = textbook.nonce(rand, **chosen)
    assert halves(secnonce) == (k1, k2)
    assert pubnonce == b"".join(textbook.compressed(textbook.mul(k, textbook.G)) for k in (k1, k2))
