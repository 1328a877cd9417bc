"""The rows of the store as values. What they mean is decided above; here they are only kept."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256


@dataclass(frozen=True)
class EntryRow:
    """One held entry. `line` is its exact bytes with the final LF; the other fields repeat what the line says."""

    id: str
    group: str
    label: str  # "<author>/<incarnation>"
    seq: int
    kind: str
    ceremony: str
    line: bytes


@dataclass(frozen=True)
class WaitingRow:
    """One line that arrived before its causal past. `id` is what its core hashes to: a claim until it is checked."""

    id: str
    group: str
    line: bytes
    arrived: str  # RFC 3339 UTC

    def hash(self) -> bytes:
        """SHA-256 of the line, 32 bytes: two lines with one id differ here."""
        return sha256(self.line).digest()


@dataclass(frozen=True)
class EvidenceRow:
    """One line that was refused with its author's name, and the fault as ``Fault.as_json`` gives it."""

    number: int
    group: str
    line: bytes
    fault: dict


@dataclass(frozen=True)
class SecretRow:
    """One secret as it lies on the disk. `blob` is sealed by the vault and bound to all the other fields."""

    id: str
    group: str
    kind: str
    epoch: int
    ref: str
    state: str
    blob: bytes


@dataclass(frozen=True)
class GroupRow:
    """A group this station belongs to, under which name and in which incarnation."""

    id: str
    charter: str  # id of the founding entry
    name: str
    inc: int


@dataclass(frozen=True)
class SealRow:
    """One detached signature over the seal of a ceremony, armoured."""

    ceremony: str
    signer: str
    inc: int
    sig: str
