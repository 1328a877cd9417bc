"""One entry: a record that one station signed. The bytes of its line, its core and its leaf, nothing about others.

``docs/formats.md`` section 2 is the contract. An `Entry` that exists has the right form and its salt and body give
its leaf; whether its signature is good, and whether it fits what else is held, is asked elsewhere.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from typing import Any, Callable, Mapping

from ceremony.base.errors import Malformed
from ceremony.base.ids import HEX32, NAME, CeremonyId, ChainLabel, EntryId, GroupId, Name, chain_label
from ceremony.base.limits import MAX_INCARNATION, MAX_LINE_BYTES, MAX_SEEN, MAX_SEQ
from ceremony.codec import canonical
from ceremony.codec.canonical import CanonicalMalformed
from ceremony.codec.digest import text_hash
from ceremony.codec.shape import Hex, Int, Literal, NameShape, Obj, Pair, Shape, ShapeMalformed, Table, Text
from ceremony.record import sshsig

LEVELS = ("public", "auditor", "internal")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
_KIND = re.compile(r"[a-z][a-z0-9]*(\.[a-z][a-z0-9]*)*")
_LABEL = re.compile(rf"({NAME.pattern})/(0|[1-9][0-9]{{0,15}})")


class EntryMalformed(Malformed):
    """RECORD-MALFORMED: the bytes are not an entry's line. Nobody is blamed; a carrier may have damaged them."""


class LeafMismatch(Malformed):
    """RECORD-LEAF: salt and body do not give the leaf that the author signed: the body was altered on the way."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One signed record. Mappings inside are never changed by anybody.

    group, ceremony, leaf, salt: 64 hex digits (ceremony may be ""); sig: 64 bytes; seen: chain label -> (seq, entry
    id). salt and body are both None in a redacted entry. core, id, label follow from the rest.
    """

    group: GroupId
    author: Name
    inc: int
    seq: int
    prev: EntryId | str
    seen: Mapping[ChainLabel, tuple[int, EntryId]]
    ceremony: CeremonyId | str
    kind: str
    level: str
    time: str
    leaf: str
    sig: bytes
    salt: str | None = None
    body: Any = None
    core: bytes = field(init=False, repr=False, compare=False)
    id: EntryId = field(init=False, compare=False)
    label: ChainLabel = field(init=False, compare=False)

    def __post_init__(self) -> None:
        core = canonical.encode(self._core_fields()) + b"\n"
        object.__setattr__(self, "core", core)
        object.__setattr__(self, "id", entry_id(core))
        object.__setattr__(self, "label", chain_label(self.author, self.inc))

    def __hash__(self) -> int:
        return hash(self.id)

    def _core_fields(self) -> dict[str, Any]:
        return {"v": 1, "group": self.group, "author": self.author, "inc": self.inc, "seq": self.seq, "prev": self.prev,
                "seen": {label: [seq, id] for label, (seq, id) in self.seen.items()}, "ceremony": self.ceremony,
                "kind": self.kind, "level": self.level, "time": self.time, "leaf": self.leaf}

    @property
    def parents(self) -> tuple[EntryId, ...]:
        """The ids that this entry names directly: the one before it in its chain and those it has seen."""
        named = tuple(id for _, id in self.seen.values())
        return (EntryId(self.prev), *named) if self.prev else named

    def as_object(self) -> dict[str, Any]:
        """The value of the line, as bundles and evidence carry it."""
        whole = self._core_fields() | {"sig": self.sig.hex()}
        return whole if self.body is None else whole | {"salt": self.salt, "body": self.body}

    def line(self) -> bytes:
        """The canonical line with its final LF."""
        return canonical.encode(self.as_object()) + b"\n"

    def redacted(self) -> Entry:
        """The same entry, with the same id and signature, without its body and salt."""
        return replace(self, salt=None, body=None)


def entry_id(core: bytes) -> EntryId:
    """The id of the entry with these core bytes."""
    return EntryId(sha256(core).hexdigest())


def leaf_of(salt: str, body: Any) -> str:
    """The hash that binds a body to its entry. salt: 32 random bytes in hex, new for every entry."""
    return text_hash("ceremony-leaf-v1", salt, canonical.encode(body).decode())


def parse_line(raw: bytes) -> Entry:
    """The entry of one line with its LF. Raises EntryMalformed, or LeafMismatch when only the body was altered."""
    if not raw.endswith(b"\n"):
        raise _malformed("the line does not end in a line feed")
    try:
        value = canonical.decode(raw[:-1], max_bytes=MAX_LINE_BYTES - 1)
    except CanonicalMalformed as fault:
        raise _malformed(fault.seen) from None
    return _from_object(value)


def from_carried(value: Any) -> Entry:
    """The entry inside a bundle or evidence. Raises as `parse_line` does, also for what no line could hold."""
    entry = _from_object(value)
    try:
        # Whatever arrives must also exist as a line: its nesting and length are checked by writing it.
        if len(entry.line()) > MAX_LINE_BYTES:
            raise _malformed("longer than a line may be")
    except CanonicalMalformed as fault:
        raise _malformed(fault.seen) from None
    return entry


def _from_object(value: Any) -> Entry:
    redacted = isinstance(value, dict) and "body" not in value and "salt" not in value
    try:
        (_REDACTED if redacted else _WHOLE).check(value, "entry")
        _check_details(value)
    except ShapeMalformed as fault:
        raise _malformed(fault.seen) from None
    fields = {key: value[key] for key in _PLAIN}
    seen = {ChainLabel(label): (seq, EntryId(id)) for label, (seq, id) in value["seen"].items()}
    entry = Entry(**fields, seen=seen, sig=bytes.fromhex(value["sig"]), salt=value.get("salt"), body=value.get("body"))
    if entry.body is not None and leaf_of(value["salt"], entry.body) != entry.leaf:
        raise LeafMismatch("RECORD-LEAF", f"the body of entry {entry.seq} of {entry.label} is not the one signed")
    return entry


def compose(*, sign: Callable[[bytes], bytes], salt: bytes, group: str, author: str, inc: int, seq: int, prev: str,
            seen: Mapping[ChainLabel, tuple[int, EntryId]], ceremony: str, kind: str, level: str, time: str,
            body: dict[str, Any]) -> Entry:
    """A new entry. sign: core bytes -> 64 signature bytes; salt: 32 fresh random bytes, never used before.

    **Warning**: two entries at one `seq` are a fork and end this station's chain; only the store may decide the place.
    Raises EntryMalformed when others would not read the entry: what is written here is parsed before it is returned.
    """
    try:
        unsigned = Entry(GroupId(group), Name(author), inc, seq, prev, dict(seen), ceremony, kind, level, time,
                         leaf_of(salt.hex(), body), b"", salt.hex(), body)
        return parse_line(replace(unsigned, sig=sign(unsigned.core)).line())
    except CanonicalMalformed as fault:
        raise _malformed(fault.seen) from None


def check_signature(entry: Entry, key: bytes, mode: str) -> None:
    """Raise BadSignature (RECORD-SIGNATURE) unless the owner of the 32-byte key signed this core in this mode."""
    sshsig.verify(key, sshsig.namespace("entry", mode), entry.core, entry.sig, check="RECORD-SIGNATURE")


def parse_label(label: str) -> tuple[Name, int]:
    """Author and incarnation of a chain label. Raises EntryMalformed."""
    found = _LABEL.fullmatch(label)
    if found is None or int(found[2]) > MAX_INCARNATION:
        raise _malformed("a chain label is not <name>/<incarnation>")
    return Name(found[1]), int(found[2])


def _malformed(seen: str) -> EntryMalformed:
    return EntryMalformed("RECORD-MALFORMED", f"not an entry: {seen}")


_PLAIN = ("group", "author", "inc", "seq", "prev", "ceremony", "kind", "level", "time", "leaf")
_CORE: dict[str, Shape] = dict(
    v=Literal(1), group=Hex(32), author=NameShape(), inc=Int(0, MAX_INCARNATION), seq=Int(0, MAX_SEQ), prev=Text(0, 64),
    seen=Table(_LABEL, Pair(Int(0, MAX_SEQ), Hex(32)), MAX_SEEN), ceremony=Text(0, 64), kind=Text(1, 40),
    level=Literal(*LEVELS), time=Text(20, 20), leaf=Hex(32), sig=Hex(64))


class _AnyObject:
    """A body: an object whose fields its kind fixes, which is not this module's concern."""

    def check(self, value: Any, where: str) -> None:
        if not isinstance(value, dict):
            raise ShapeMalformed("SHAPE", f"{where} is not an object")


_REDACTED = Obj(**_CORE)
_WHOLE = Obj(**_CORE, salt=Hex(32), body=_AnyObject())


def _check_details(value: dict[str, Any]) -> None:
    """What a shape cannot say."""
    if (value["seq"] == 0) != (value["prev"] == "") or (value["prev"] and not HEX32.fullmatch(value["prev"])):
        raise _malformed("prev is an entry id exactly when seq is above 0")
    if value["ceremony"] and not HEX32.fullmatch(value["ceremony"]):
        raise _malformed("ceremony is neither empty nor an entry id")
    if not _KIND.fullmatch(value["kind"]):
        raise _malformed("kind is not words joined by dots")
    for label in value["seen"]:
        parse_label(label)
    _check_time(value["time"])


def _check_time(time: str) -> None:
    try:
        # The pattern first: fromisoformat reads other spellings as well.
        if not _TIME.fullmatch(time):
            raise ValueError
        datetime.fromisoformat(time)
    except ValueError:
        raise _malformed("time is not a moment as YYYY-MM-DDThh:mm:ssZ") from None
