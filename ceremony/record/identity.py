"""Which key belongs to which chain: the charter's cards for incarnation 0, an `incarnation.join` entry for a later one.

The number of a later incarnation is taken from the hash of its key, so that nobody without that key can occupy its
chain. A join proves no more than that its maker holds the key: whether the station's people made it is what t others
admit.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from ceremony.base.errors import Unattributed
from ceremony.record.entry import Entry
from ceremony.record.sshsig import KeyMalformed, parse_openssh_public

JOIN = "incarnation.join"


class UnknownAuthor(Unattributed):
    """RECORD-AUTHOR: nothing in the group gives this author and incarnation a key."""


def incarnation_number(key: bytes) -> int:
    """The number of the later incarnation with this 32-byte identity key: the first 52 bits of the key's hash."""
    return int(sha256(key).hexdigest()[:13], 16)


def founding_key(identity: str) -> bytes:
    """The 32-byte key of a card's `identity`, in its one form. Raises KeyMalformed."""
    return _plain_key(identity)


def joining_key(entry: Entry) -> bytes:
    """The key that the first entry of a later incarnation brings. Raises UnknownAuthor unless it fits its number."""
    identity: Any = entry.body.get("identity") if entry.kind == JOIN and entry.body is not None else None
    try:
        key = _plain_key(identity if isinstance(identity, str) else "")
    except KeyMalformed:
        raise unknown(entry) from None
    if entry.seq or incarnation_number(key) != entry.inc:
        raise unknown(entry)
    return key


def unknown(entry: Entry) -> UnknownAuthor:
    return UnknownAuthor("RECORD-AUTHOR", f"entry {entry.seq} of {entry.label}: no key is known for that author",
                         meaning="It cannot be told who wrote it, and it is not taken in.",
                         do="If it is of this group, bring the entry with which that station joined as well.")


def _plain_key(text: str) -> bytes:
    identity = parse_openssh_public(text)
    if identity.application or identity.text != text:
        raise KeyMalformed("SSHSIG-KEY", "not a plain ssh-ed25519 key line without comment")
    return identity.key
