"""Evidence: the name of the check that failed, who failed it, and the signed entries that show it.

Nothing in it is secret and nothing has to be believed: whoever gets it runs the check again on the entries.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ceremony.base.errors import Malformed
from ceremony.base.limits import MAX_BUNDLE_BYTES, MAX_NESTING, MAX_SEEN
from ceremony.codec import canonical
from ceremony.codec.shape import ListOf, Literal, NameShape, Obj, Text
from ceremony.record.entry import Entry, from_carried

_NESTING = MAX_NESTING + 2  # an entry inside a list inside an object


class EvidenceMalformed(Malformed):
    """EVIDENCE-MALFORMED: the bytes are not a file of evidence."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """check: the stable name; culprit: a station's name; entries: the accused one first, then those it goes against."""

    check: str
    culprit: str
    entries: tuple[Entry, ...]

    def line(self) -> bytes:
        """One canonical line with its LF."""
        value = {"v": 1, "kind": "ceremony-evidence", "check": self.check, "culprit": self.culprit,
                 "entries": [entry.as_object() for entry in self.entries]}
        return canonical.encode(value, max_nesting=_NESTING) + b"\n"


class _Anything:
    def check(self, value: Any, where: str) -> None:
        """Entries are judged by `from_carried`."""


_SHAPE = Obj(v=Literal(1), kind=Literal("ceremony-evidence"), check=Text(1, 60), culprit=NameShape(),
             entries=ListOf(_Anything(), 1, MAX_SEEN + 2))


def parse_evidence(raw: bytes) -> Evidence:
    """The evidence of one line. Raises EvidenceMalformed. **Warning**: what it claims is not checked here."""
    try:
        if not raw.endswith(b"\n"):
            raise _malformed("the line does not end in a line feed")
        value = canonical.decode(raw[:-1], max_bytes=MAX_BUNDLE_BYTES, max_nesting=_NESTING)
        _SHAPE.check(value, "evidence")
        return Evidence(value["check"], value["culprit"], tuple(from_carried(entry) for entry in value["entries"]))
    except Malformed as fault:
        raise fault if isinstance(fault, EvidenceMalformed) else _malformed(fault.seen) from None


def _malformed(seen: str) -> EvidenceMalformed:
    return EvidenceMalformed("EVIDENCE-MALFORMED", f"not evidence: {seen}")
