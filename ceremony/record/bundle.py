"""The bundle: entries and seal signatures as one deterministic CBOR value, what a stream of QR codes carries.

It adds nothing to its entries: it is not signed, names no sender, and means no more than its lines on a stick would.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ceremony.base.errors import Malformed
from ceremony.base.ids import CeremonyId, GroupId
from ceremony.base.limits import MAX_BUNDLE_BYTES, MAX_BUNDLE_ENTRIES, MAX_BUNDLE_SEALS, MAX_NESTING
from ceremony.codec import cbor
from ceremony.codec.cbor import BundleMalformed
from ceremony.codec.shape import Hex, ListOf, Literal, Obj
from ceremony.record.entry import Entry, from_carried
from ceremony.record.seal import SIGNATURE_SHAPE, SealSignature

_NESTING = MAX_NESTING + 2  # an entry inside a list inside an object


class _Anything:
    def check(self, value: Any, where: str) -> None:
        """Entries are judged by `from_carried`."""


_SHAPE = Obj(v=Literal(1), group=Hex(32), entries=ListOf(_Anything(), 0, MAX_BUNDLE_ENTRIES),
             seals=ListOf(SIGNATURE_SHAPE, 0, MAX_BUNDLE_SEALS))


@dataclass(frozen=True, slots=True)
class Bundle:
    """What one machine carries to another. group: of its sender; each entry names its own."""

    group: GroupId
    entries: tuple[Entry, ...]
    seals: tuple[SealSignature, ...] = ()

    def to_bytes(self) -> bytes:
        """Deterministic CBOR. Raises BundleMalformed when it would exceed MAX_BUNDLE_BYTES."""
        value = {"v": 1, "group": self.group, "entries": [entry.as_object() for entry in self.entries],
                 "seals": [seal.as_object() for seal in self.seals]}
        raw = cbor.encode(value, max_nesting=_NESTING)
        if len(raw) > MAX_BUNDLE_BYTES:
            raise _malformed(f"{len(raw)} bytes, more than {MAX_BUNDLE_BYTES}: carry it on a stick, or in parts")
        return raw


def parse_bundle(raw: bytes) -> Bundle:
    """The bundle in these bytes. Raises BundleMalformed; signatures are not looked at."""
    try:
        value = cbor.decode(raw, max_nesting=_NESTING)
        _SHAPE.check(value, "bundle")
        entries = tuple(from_carried(entry) for entry in value["entries"])
    except Malformed as fault:
        raise fault if isinstance(fault, BundleMalformed) else _malformed(fault.seen) from None
    seals = tuple(SealSignature(CeremonyId(seal["ceremony"]), seal["signer"], seal["inc"], seal["hash"],
                                bytes.fromhex(seal["sig"])) for seal in value["seals"])
    return Bundle(GroupId(value["group"]), entries, seals)


def _malformed(seen: str) -> BundleMalformed:
    return BundleMalformed("BUNDLE-MALFORMED", f"not a bundle: {seen}")
