"""Hashes of several fields, each with a tag of its own, so that no two purposes ever hash the same bytes.

Two forms live here. ``tagged_hash`` is that of BIP 340 and is used wherever a published standard says so.
``digest`` is for the hashes that this project defines: it adds a length before every field, because two different
lists of fields must never join to the same bytes.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256


@lru_cache(maxsize=256)
def _started(tag: str):
    """SHA-256 that has taken in SHA-256(tag) twice: one full block, shared by all hashes with this tag."""
    prefix = sha256(tag.encode("ascii")).digest()
    return sha256(prefix + prefix)


def tagged_hash(tag: str, data: bytes) -> bytes:
    """SHA-256(SHA-256(tag) || SHA-256(tag) || data), 32 bytes, for an ASCII tag (BIP 340, "Tagged Hashes")."""
    state = _started(tag).copy()
    state.update(data)
    return state.digest()


def digest(tag: str, *fields: bytes) -> bytes:
    """32-byte hash of a list of fields: the BIP-340 tagged hash of every field behind its length.

    A length is 8 bytes, big-endian. The tag, the number of fields and the bounds of each are thereby part of what is
    hashed. Tags of this project read ``ceremony/<purpose>-v<number>``.
    """
    state = _started(tag).copy()
    state.update(len(fields).to_bytes(8, "big"))
    for field in fields:
        state.update(len(field).to_bytes(8, "big"))
        state.update(field)
    return state.digest()


def text_hash(label: str, *fields: str) -> str:
    """SHA-256, in lower-case hex, of the UTF-8 text: label, each field behind one space, and one LF.

    For what people check with ``sha256sum``: leaves, group and key ids, seal states. The label ends in the version, as
    in ``ceremony-leaf-v1``, and always goes with the same number of fields. Only the last field may hold spaces, and
    none a line feed, else two lists of that length could join to one text; breaking that is a ValueError, since it is
    the caller's mistake and not a stranger's.
    """
    if any(" " in part for part in (label, *fields[:-1])) or any("\n" in part for part in (label, *fields)):
        raise ValueError("a field that would make the hashed text ambiguous")
    return sha256((" ".join((label, *fields)) + "\n").encode("utf-8")).hexdigest()
