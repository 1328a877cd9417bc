"""Files on a medium that somebody carried here: how one is read without trusting it and written so that it stays.

Everything goes through an open folder, by plain names inside it: no link is followed, no device or pipe is opened, and
what is too large is refused before it is read. The faults say what a holder sees: full, write-protected, pulled out.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Iterator

from ceremony.base.errors import LocalFault

_SAFE = "Nothing was lost: this station keeps what it said and writes the same bytes again."
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_READONLY = {errno.EROFS, errno.EACCES, errno.EPERM}


class Unreadable(Exception):
    """One file that cannot be taken, and why, in words for its report."""


def fault_of(problem: OSError, *, writing: bool) -> LocalFault:
    """What a failure of the medium as a whole means for the person."""
    if problem.errno in (errno.ENOTDIR, errno.ELOOP):
        return LocalFault("STICK-FOREIGN", "something else on the stick has the name of a folder that is needed",
                          meaning=_SAFE, do="Look at the stick; take another one, or remove what is in the way.")
    if problem.errno in _FULL:
        return LocalFault("STICK-FULL", "the stick is full", meaning=_SAFE,
                          do="Free some space on it or take another stick, and run the command again.")
    if problem.errno in _READONLY and writing:
        return LocalFault("STICK-READONLY", f"the stick cannot be written ({problem.strerror})", meaning=_SAFE,
                          do="Look for a lock switch, mount it writable, or take another stick; run the command again.")
    return LocalFault("STICK-GONE", f"the stick does not answer ({problem.strerror})", meaning=_SAFE,
                      do="Put it in again and run the command again; if it stays so, take another stick.")


@contextmanager
def folder(path: Path | str, within: int | None = None) -> Iterator[int]:
    """A descriptor of an existing folder, inside an open one or at a path that the holder gave.

    Only the path of the holder may be a link. Raises: OSError.
    """
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | (0 if within is None else os.O_NOFOLLOW)
    descriptor = os.open(path, flags, dir_fd=within)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def read(within: int, name: str, ceiling: int, *, from_disk: bool = False) -> bytes:
    """The bytes of a plain file, at most `ceiling`.

    from_disk: ask the kernel to forget what it has of the file first, so that the medium itself answers (best effort).
    Raises: Unreadable, which never concerns more than this file.
    """
    try:
        if not stat.S_ISREG(os.stat(name, dir_fd=within, follow_symlinks=False).st_mode):
            raise Unreadable("it is a link, folder or device, not a plain file")
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC,
                             dir_fd=within)
        with open(descriptor, "rb", buffering=0) as file:
            return _contents(file.fileno(), ceiling, from_disk)
    except (OSError, ValueError) as problem:  # ValueError: a name that no file can have
        raise Unreadable(f"it cannot be read ({getattr(problem, 'strerror', None) or 'bad name'})") from None


def _contents(descriptor: int, ceiling: int, from_disk: bool) -> bytes:
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        raise Unreadable("it is not a plain file")
    if found.st_size > ceiling:
        raise Unreadable(f"it has {found.st_size} bytes, more than the {ceiling} allowed")
    if from_disk:
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    parts, missing = [], found.st_size
    while missing and (part := os.read(descriptor, min(missing, 1 << 20))):
        parts.append(part)
        missing -= len(part)
    if missing:
        raise Unreadable("it is shorter than its folder says")
    return b"".join(parts)


def write_new(within: int, name: str, content: bytes) -> None:
    """Writes a file that must not exist yet and waits until its bytes are on the medium. Raises: OSError."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(name, flags, 0o666, dir_fd=within)
    with open(descriptor, "wb", buffering=0) as file:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(file.fileno(), rest):]
        os.fsync(file.fileno())


def make_folder(within: int, name: str) -> None:
    """Makes a folder that may exist already, and waits until its name is on the medium. Raises: OSError.

    One that exists may be known to the kernel only, from a command that was killed: so the wait is for both.
    """
    with suppress(FileExistsError):
        os.mkdir(name, dir_fd=within)
    os.fsync(within)
