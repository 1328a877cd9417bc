"""The heads of a record as a text that people and stock tools compare: how far each chain goes, or where it forked."""

from __future__ import annotations

from hashlib import sha256

from ceremony.record.held import Held


def heads_text(held: Held) -> str:
    """A line ``head <label> <seq> <id>`` for each chain, or ``fork <label> <seq>`` at its first double place."""
    lines = [f"head {label} {seq} {id}\n" for label, (seq, id) in held.heads().items()]
    lines += [f"fork {label} {seq}\n" for label, seq in held.forks().items()]
    return "".join(sorted(lines, key=lambda line: line.split(" ")[1]))


def heads_hash(held: Held) -> str:
    """The hash of `heads_text`, in hex: one value for the whole record."""
    return sha256(heads_text(held).encode("ascii")).hexdigest()
