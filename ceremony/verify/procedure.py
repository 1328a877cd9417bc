"""The stock-tool procedure that lies with every transcript: its files, read from this package."""

from __future__ import annotations

from functools import lru_cache
from importlib import resources

FILES = ("check.sh", "CHECK.txt")


@lru_cache(maxsize=None)
def procedure(name: str) -> bytes:
    """The bytes of one of FILES."""
    return (resources.files("ceremony") / "verify" / name).read_bytes()
