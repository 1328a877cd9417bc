"""The table of entry kinds: who may see the body, whether it is kept for ever, its shape, its place in a ceremony.

Adding a kind means adding a row here and to ``docs/formats.md`` section 4; a test compares the two.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ceremony.base import limits
from ceremony.base.errors import Malformed, PeerFault
from ceremony.codec.shape import Hex, Int, ListOf, Literal, NameShape, Obj, OneOf, Pair, Shape, Table, Text
from ceremony.record.card import SHAPE as CARD_SHAPE
from ceremony.record.entry import Entry


class Place(Enum):
    """How an entry stands to a ceremony: it opens one, belongs to one, or to none."""

    OPENS = "opens"
    INSIDE = "inside"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Kind:
    """level: public, auditor or internal. standing: the body is kept by every station for ever."""

    level: str
    standing: bool
    place: Place
    shape: Shape


HASH, KEY33, NONCE, SCALAR, SIG = Hex(32), Hex(33), Hex(66), Hex(32), Hex(64)
NAME = NameShape()
REASON = Text(0, 400)
PLACE = Pair(Int(0, 2**31 - 1), HASH)
PARTIES = limits.MAX_PARTIES
INPUTS = limits.MAX_PSBT_INPUTS
ATTEMPT = Int(0, 10_000)
INC = Int(0, 2**52)
TRIES = Int(0, 2)
IDENTITY = Text(40, 200)

CHARTER = Obj(v=Literal(1), name=Text(1, 60), scheme=Literal("taproot"), profile=Text(1, 80),
              mode=Literal("production", "rehearsal"), network=Literal("mainnet", "testnet", "signet", "regtest"),
              threshold=Int(0, 1000), stations=ListOf(CARD_SHAPE, 1, 1000), rotation_days=Int(1, 3660),
              policy=Obj(kind=Literal("ask-every-holder")), total_loss=Text(0, 200),
              contacts=ListOf(Obj(name=Text(1, 120), how=Text(1, 200)), 0, 32), escalation=ListOf(Text(1, 120), 0, 32),
              witnesses=ListOf(Obj(name=NAME, key=IDENTITY), 0, 32))
AIDS = ListOf(Literal("answers", "clock", "passphrase-fd"), 1, 3)  # in any body: what a rehearsal's script took over
NO_OPENING = Obj()
OPENING = Obj(accused=NAME, entry=HASH, proof=Hex(97))


def _standing(place: Place, **fields: Shape) -> Kind:
    return Kind("auditor", True, place, Obj(**fields))


KINDS: dict[str, Kind] = {
    "charter.found": Kind("auditor", True, Place.OPENS, CHARTER),
    "charter.accept": _standing(Place.INSIDE, charter=HASH, hostkey=KEY33, machine=HASH, reader=NAME, tries=TRIES),
    "charter.decline": _standing(Place.INSIDE, reason=REASON),
    "words.failed": _standing(Place.NONE, about=HASH, reader=NAME),
    "incarnation.join": _standing(Place.OPENS, identity=IDENTITY, hostkey=KEY33, machine=HASH, retires=INC,
                                  sig=OneOf(SIG, Literal(""))),
    "incarnation.admit": _standing(Place.INSIDE, author=NAME, inc=INC, join=HASH, reader=NAME, tries=TRIES),
    "hostkey": _standing(Place.NONE, hostkey=KEY33, attempt=ATTEMPT),
    "keygen.open": _standing(Place.OPENS, attempt=ATTEMPT, epoch=Literal(0), profile=Literal("chilldkg-0.3.0-dev"),
                             t=Int(2, PARTIES), hostkeys=ListOf(Pair(NAME, KEY33, HASH), 2, PARTIES), params=HASH),
    "keygen.round1": Kind("auditor", False, Place.INSIDE, Obj(pmsg1=Hex(97, 97 + 65 * PARTIES))),
    "keygen.round2": _standing(Place.INSIDE, eq=HASH, pmsg2=SIG),
    "keygen.refuse": _standing(Place.INSIDE, check=Text(1, 60), culprits=ListOf(NAME, 0, PARTIES), reason=REASON,
                               opening=OneOf(NO_OPENING, OPENING)),
    "keygen.ack": _standing(Place.INSIDE, ack=SIG, key=HASH, recovery=HASH),
    "nonces": _standing(Place.NONE, assigner=NAME, epoch=Int(0, 10_000), key=HASH, pubnonces=ListOf(NONCE, 1, 1000)),
    "backup.read": _standing(Place.NONE, epoch=Int(0, 10_000), key=HASH, file=HASH),
    "sign.open": _standing(Place.OPENS, epoch=Int(0, 10_000), key=HASH, shown=HASH,
                           psbt=Hex(5, limits.MAX_PSBT_BYTES), signers=ListOf(NAME, 2, PARTIES),
                           heads=Table(r"[a-z][a-z0-9-]{0,30}[a-z0-9]/[0-9]{1,16}", PLACE, PARTIES),
                           nonces=Table(r"[a-z][a-z0-9-]{0,30}[a-z0-9]",
                                        ListOf(OneOf(NONCE, Pair(HASH, Int(0, 999))), 1, INPUTS), PARTIES),
                           replaces=ListOf(HASH, 0, 100)),
    "sign.partial": _standing(Place.INSIDE, psigs=ListOf(SCALAR, 1, INPUTS), shown=HASH),
    "sign.decline": _standing(Place.INSIDE, reason=REASON),
    "cancel": _standing(Place.INSIDE, reason=REASON),
    "declare": _standing(Place.NONE, what=Literal("absent", "compromised", "deviation"), name=NAME, text=REASON),
}


def check_body(entry: Entry) -> None:
    """The entry's kind is known and its level, place and body are what the kind asks for (RECORD-KIND, the author).

    A redacted entry is judged by what it still shows.
    """
    kind = KINDS.get(entry.kind)
    if kind is None:
        raise _wrong(entry, f"unknown kind {entry.kind!r}")
    if entry.level != kind.level:
        raise _wrong(entry, f"a {entry.kind} entry has level {kind.level}")
    if (entry.ceremony == "") != (kind.place is not Place.INSIDE):
        raise _wrong(entry, f"a {entry.kind} entry {kind.place.value} a ceremony" if kind.place is not Place.NONE
                     else f"a {entry.kind} entry belongs to no ceremony")
    if entry.body is not None:
        body = dict(entry.body)
        try:
            if "aids" in body:
                AIDS.check(body.pop("aids"), f"{entry.kind}.aids")
            kind.shape.check(body, entry.kind)
        except Malformed as fault:
            raise _wrong(entry, fault.seen) from None


def _wrong(entry: Entry, seen: str) -> PeerFault:
    return PeerFault("RECORD-KIND", f"entry {entry.seq} of {entry.author}: {seen}", culprits=(entry.author,),
                     meaning="The entry does not count.", do="Ask its author which software made it.")
