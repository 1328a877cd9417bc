"""Random bytes. Everything below takes them as an argument; this is the one place where they come from."""

from __future__ import annotations

import os


def random_bytes(size: int) -> bytes:
    """`size` bytes of the kernel's generator, which waits at boot until it is seeded (getrandom(2))."""
    return os.urandom(size)
