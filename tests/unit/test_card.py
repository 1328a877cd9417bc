"""The card: what its signature covers, and everything a card cannot be."""

from __future__ import annotations

import json

import pytest

from ceremony.base.limits import MAX_CARD_BYTES
from ceremony.codec import canonical
from ceremony.record import sshsig
from ceremony.record.card import CardMalformed, card_line, check_card, compose_card, parse_card
from ceremony.record.sshsig import BadSignature, PublicIdentity, openssh_public
from tests.record_group import key_of, seed_of

FIELDS = dict(mode="rehearsal", name="alice", person="Alice Jönes", organisation="Acme", site="Zürich", contact="+41 79",
              identity=openssh_public(key_of("alice")))


def compose(seed: str = "alice", space: str = "ceremony-card-v1@rehearsal.ceremony", **changes):
    return compose_card(sign=lambda message: sshsig.sign(seed_of(seed), space, message), **(FIELDS | changes))


CARD = compose()


def test_a_card_comes_back_and_is_good():
    assert parse_card(card_line(CARD)) == CARD
    check_card(CARD)


def test_what_is_signed_is_the_line_without_its_signature():
    unsigned = {key: value for key, value in CARD.items() if key != "sig"}
    sshsig.verify(key_of("alice"), "ceremony-card-v1@rehearsal.ceremony", canonical.encode(unsigned) + b"\n", bytes.fromhex(CARD["sig"]))


REFUSED = {
    "another kind": dict(kind="card"), "version": dict(v=2), "mode": dict(mode="test"), "name": dict(name="Alice"), "no person": dict(person=""),
    "long person": dict(person="a" * 121), "no organisation": dict(organisation=""), "no site": dict(site=""), "no contact": dict(contact=""), "number": dict(site=1),
    "identity with comment": dict(identity=FIELDS["identity"] + " alice"), "no identity": dict(identity=""), "another type of key": dict(identity="ssh-rsa AAAA"),
    "a token's key": dict(identity=PublicIdentity(key_of("alice"), "ssh:").text), "identity of small order": dict(identity=openssh_public(bytes(32))),
    "identity with LF": dict(identity=FIELDS["identity"] + " "), "sig": dict(sig="ab"), "foreign field": dict(phone="1"),
}


@pytest.mark.parametrize("changes", REFUSED.values(), ids=REFUSED.keys())
def test_refused_cards(changes):
    value = CARD | changes
    for refuse in (lambda: parse_card(canonical.encode(value) + b"\n"), lambda: check_card(value)):
        with pytest.raises(CardMalformed) as caught:
            refuse()
        assert caught.value.check == "CARD-MALFORMED" and caught.value.culprits == ()


@pytest.mark.parametrize("field", sorted(CARD))
def test_a_missing_field(field):
    value = {key: item for key, item in CARD.items() if key != field}
    with pytest.raises(CardMalformed):
        parse_card(canonical.encode(value) + b"\n")
    with pytest.raises(CardMalformed):
        check_card(value)


@pytest.mark.parametrize("raw", [b"", b"\n", b"[]\n", b"1\n", card_line(CARD)[:-1], card_line(CARD) + b"\n", json.dumps(CARD).encode() + b"\n",
                                 card_line(CARD)[:-1] + b" " * MAX_CARD_BYTES + b"\n", b"\xff\n"], ids=range(9))
def test_refused_bytes(raw):
    with pytest.raises(CardMalformed):
        parse_card(raw)


@pytest.mark.parametrize("value", [None, [], "card", {"person": "\n"}, CARD | {"person": "a\nb"}, CARD | {"person": None}])
def test_what_is_no_card_in_a_charter(value):
    with pytest.raises(CardMalformed):
        check_card(value)


@pytest.mark.parametrize("changes", [
    dict(mode="production"), dict(name="bob"), dict(person="Mallory"), dict(organisation="Evil"), dict(site="X"), dict(contact="0"),
    dict(identity=openssh_public(key_of("mallory"))), dict(sig="00" * 64),
])
def test_the_signature_covers_every_field(changes):
    with pytest.raises(BadSignature) as caught:
        check_card(CARD | changes)
    assert caught.value.check == "CARD-SIGNATURE" and caught.value.culprits == ()


def test_a_card_signed_with_another_key_or_for_another_purpose():
    for card in (compose(seed="mallory"), compose(space="ceremony-entry-v1@rehearsal.ceremony"), compose(space="ceremony-card-v1@production.ceremony")):
        with pytest.raises(BadSignature):
            check_card(card)


@pytest.mark.parametrize("changes", [dict(person="a\nb"), dict(site=""), dict(name="A"), dict(person="é" * 120, site="日" * 120, contact="日" * 120, organisation="𝄞" * 1200)])
def test_compose_makes_nothing_that_others_would_refuse(changes):
    with pytest.raises(CardMalformed):
        compose(**changes)
