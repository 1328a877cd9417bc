"""What the process asks of Linux to keep its memory to itself: no core dump, no debugger, no swap.

None of it holds against an administrator or a hypervisor. Whether each request was granted is reported, so that a
ceremony's record can say so.
"""

from __future__ import annotations

import ctypes
import resource
from dataclasses import dataclass

_PR_SET_DUMPABLE = 4  # linux/prctl.h
_MCL_CURRENT, _MCL_FUTURE, _MCL_ONFAULT = 1, 2, 4  # asm-generic/mman.h


@dataclass(frozen=True)
class Hardening:
    """What was granted."""

    no_core_dump: bool
    not_dumpable: bool  # nor can another process of the same user attach a debugger
    memory_locked: bool


def harden() -> Hardening:
    """Asks for all of it, as far as this machine allows. Never fails; call it before a secret is read."""
    libc = ctypes.CDLL(None, use_errno=True)
    return Hardening(_no_core_dump(), libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) == 0, _lock_memory(libc))


def _no_core_dump() -> bool:
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (OSError, ValueError):
        return False
    return True


def _lock_memory(libc: ctypes.CDLL) -> bool:
    """Locks all memory, present and future, only where no limit exists: with one, a later allocation would fail."""
    if resource.getrlimit(resource.RLIMIT_MEMLOCK)[0] != resource.RLIM_INFINITY:
        return False
    return libc.mlockall(_MCL_CURRENT | _MCL_FUTURE | _MCL_ONFAULT) == 0
