"""The identities the tool speaks of, as distinct types, and the rules for their spelling."""

from __future__ import annotations

import re
from typing import NewType

EntryId = NewType("EntryId", str)        # 64 lower-case hex: SHA-256 of an entry's core
CeremonyId = NewType("CeremonyId", str)  # the EntryId of the entry that opened the ceremony
GroupId = NewType("GroupId", str)        # 64 lower-case hex: tagged hash of the founding charter's body
Name = NewType("Name", str)              # a station's name inside its group
ChainLabel = NewType("ChainLabel", str)  # "<name>/<incarnation>", e.g. "alice/0"

NAME = re.compile(r"[a-z][a-z0-9-]{0,30}[a-z0-9]")
HEX32 = re.compile(r"[0-9a-f]{64}")


def chain_label(author: str, incarnation: int) -> ChainLabel:
    """How `seen` names one chain: the author and which of its incarnations."""
    return ChainLabel(f"{author}/{incarnation}")
