"""The card: what a station gives away about itself, signed with its own identity (``docs/formats.md`` section 3).

A good card proves that its maker holds the key. Who he is, people compare aloud when a group is founded.
"""

from __future__ import annotations

from typing import Any, Callable

from ceremony.base.errors import Malformed
from ceremony.base.limits import MAX_CARD_BYTES
from ceremony.codec import canonical
from ceremony.codec.canonical import CanonicalMalformed
from ceremony.codec.shape import Hex, Literal, NameShape, Obj, ShapeMalformed, Text
from ceremony.record import sshsig
from ceremony.record.identity import founding_key

Card = dict[str, Any]
"""The card's value, as the charter holds it."""

MODES = ("production", "rehearsal")
SHAPE = Obj(v=Literal(1), kind=Literal("ceremony-card"), mode=Literal(*MODES), name=NameShape(), person=Text(1, 120),
            organisation=Text(1, 120), site=Text(1, 120), contact=Text(1, 120), identity=Text(1, 200), sig=Hex(64))


class CardMalformed(Malformed):
    """CARD-MALFORMED: the bytes are not a card."""


def compose_card(*, sign: Callable[[bytes], bytes], mode: str, name: str, person: str, organisation: str, site: str,
                 contact: str, identity: str) -> Card:
    """A signed card. sign: the bytes to sign -> 64 signature bytes; identity: OpenSSH public key line without comment.

    Raises CardMalformed for a field that a card cannot hold.
    """
    unsigned = {"v": 1, "kind": "ceremony-card", "mode": mode, "name": name, "person": person,
                "organisation": organisation, "site": site, "contact": contact, "identity": identity}
    try:
        card = unsigned | {"sig": sign(_signed(unsigned)).hex()}
        return parse_card(canonical.encode(card) + b"\n")
    except CanonicalMalformed as fault:
        raise _malformed(fault.seen) from None


def parse_card(raw: bytes) -> Card:
    """The card in a file: one canonical line with its LF. Raises CardMalformed. `check_card` asks for the signature."""
    try:
        if not raw.endswith(b"\n"):
            raise _malformed("the line does not end in a line feed")
        card = canonical.decode(raw[:-1], max_bytes=MAX_CARD_BYTES - 1)
        _check_form(card)
    except Malformed as fault:
        raise fault if isinstance(fault, CardMalformed) else _malformed(fault.seen) from None
    return card


def card_line(card: Card) -> bytes:
    """The bytes of the card's file."""
    return canonical.encode(card) + b"\n"


def check_card(card: Card) -> None:
    """Raise CardMalformed, or BadSignature (CARD-SIGNATURE) unless the owner of the card's identity signed it."""
    try:
        _check_form(card)
        message = _signed({key: value for key, value in card.items() if key != "sig"})
    except (ShapeMalformed, CanonicalMalformed, sshsig.KeyMalformed) as fault:
        raise _malformed(fault.seen) from None
    sshsig.verify(founding_key(card["identity"]), sshsig.namespace("card", card["mode"]), message,
                  bytes.fromhex(card["sig"]), check="CARD-SIGNATURE")


def _check_form(card: Any) -> None:
    SHAPE.check(card, "card")
    founding_key(card["identity"])


def _signed(unsigned: Card) -> bytes:
    return canonical.encode(unsigned) + b"\n"


def _malformed(seen: str) -> CardMalformed:
    return CardMalformed("CARD-MALFORMED", f"not a card: {seen}")
