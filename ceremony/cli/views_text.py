"""Small words that several views share: names from outside made safe, ids in groups, amounts, plural forms."""

from __future__ import annotations

from ceremony.codec.text import visible

SAT_PER_BTC = 100_000_000


def seen(text: str, max_chars: int = 120) -> str:
    """Text that somebody else wrote, safe to show."""
    return visible(text, max_chars)


def grouped(text: str) -> str:
    """A fingerprint, id or address in groups of four, never shortened."""
    return " ".join(text[i:i + 4] for i in range(0, len(text), 4))


def short(id: str) -> str:
    """How a ceremony is called in a sentence and on the command line."""
    return id[:8]


def btc(sat: int) -> str:
    """An amount in bitcoin with all eight decimals."""
    return f"{sat // SAT_PER_BTC}.{sat % SAT_PER_BTC:08d}"


def count(number: int, one: str, many: str = "") -> str:
    """`1 input`, `3 inputs`."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def listed(names) -> str:
    """`alice, bob and carol`."""
    names = list(names)
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else "nobody"


STEPS = {
    "charter.accept": "reading and accepting the charter",
    "incarnation.admit": "admitting a new machine",
    "hostkey": "a fresh host key",
    "keygen.round1": "a part of the key",
    "keygen.round2": "the check of everybody's part",
    "keygen.refuse": "a refusal of this key generation",
    "keygen.ack": "the word that the shard is kept",
    "sign.partial": "a signature, or a no",
}
"""What a station owes, in words, by the kind of the entry that settles it."""


def owes(name: str, steps) -> str:
    """`bob owes a part of the key`."""
    words = list(dict.fromkeys(STEPS.get(step, step) for step in steps))
    return f"{name} owes {listed(words)}"
