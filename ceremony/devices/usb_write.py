"""Writing to a stick so that a reader finds whole files or none, whenever it is pulled out.

Every file is written under a temporary name in its own folder, synced, renamed, its folder synced, and read back from
the medium. FAT has no atomic rename and a stick may lie about syncs; a reader therefore checks every line by itself.
Nothing here changes the station: after any failure the same call may be made again.
"""

from __future__ import annotations

import os
import re
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Iterable, Sequence

from ceremony.base import limits
from ceremony.base.errors import LocalFault
from ceremony.devices import medium
from ceremony.devices.usb import TEMPORARY, group_folder

# One spelling on every system: lower case, nothing that FAT forbids, no trailing dot, three levels at most.
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,118}[a-z0-9])?")
_PATH = re.compile(rf"(?:{_NAME.pattern}/){{0,2}}{_NAME.pattern}")
_MAX_VARIANTS = 99


@dataclass
class Written:
    """What became of the files. `beside`: a different file had our name, so ours lies under another one."""

    written: list[str] = field(default_factory=list)
    same: list[str] = field(default_factory=list)
    beside: list[tuple[str, str]] = field(default_factory=list)  # wanted path, used path


def write_stick(directory: Path, files: dict[str, bytes]) -> Written:
    """Puts files onto a stick; their paths are as `usb.entry_path` and its like make them.

    A file that is there with the same bytes stays untouched. One that is a cut-off piece of ours is replaced. Any other
    file stays, and ours is put beside it under a name with a number.
    Raises: LocalFault ``STICK-FULL``, ``STICK-READONLY``, ``STICK-GONE``, ``STICK-FOREIGN``, ``STICK-CLUTTERED``,
    ``STICK-READBACK``; files that were complete by then stay there, no half file does.
    """
    return _write(directory, files, replace=_cut_off)


def pack_ended(directory: Path, group: str, ceremony: str, lines: Sequence[bytes]) -> list[str]:
    """Puts all lines of an ended ceremony into one file, and removes the loose files whose exact bytes are in it.

    Returns the paths of the removed files. An earlier pack is replaced when all of its lines are in the new one.
    Nothing is removed before the pack was read back. Raises: as `write_stick`.
    """
    own = set(lines)

    def ours(found: bytes, content: bytes) -> bool:
        return _cut_off(found, content) or own.issuperset(found.splitlines(keepends=True))

    within = group_folder(group)
    content = b"".join(lines)
    if len(content) > limits.MAX_PACK_BYTES:
        return []  # a reader would refuse it, so the loose files stay
    _write(directory, {f"{within}/ended/{ceremony}.jsonl": content}, replace=ours)
    try:
        with medium.folder(directory) as stick, medium.folder(within, stick) as loose:
            return [f"{within}/{name}" for name in _remove_loose(loose, own)]
    except OSError as problem:
        raise medium.fault_of(problem, writing=True) from None


def _remove_loose(loose: int, packed: set[bytes]) -> list[str]:
    removed = []
    for name in sorted(os.listdir(loose)):
        if not name.endswith(".json"):
            continue
        try:
            whole = medium.read(loose, name, limits.MAX_LINE_BYTES)
        except medium.Unreadable:
            continue
        if whole in packed:
            os.unlink(name, dir_fd=loose)
            removed.append(name)
    if removed:
        os.fsync(loose)
    return removed


def _cut_off(found: bytes, content: bytes) -> bool:
    """True for what a power cut leaves of `content`: its first bytes, and zeros where the rest should be."""
    kept = found.rstrip(b"\0")
    return len(found) <= len(content) and content.startswith(kept)


def _write(directory: Path, files: dict[str, bytes], replace) -> Written:
    for path in files:
        if not _PATH.fullmatch(path):
            raise ValueError(f"not a name for a stick: {path!r}")
    try:
        with ExitStack() as stack:
            stick = stack.enter_context(medium.folder(directory))
            return _Writer(stack, stick, files, replace).run()
    except OSError as problem:
        raise medium.fault_of(problem, writing=True) from None


class _Writer:
    """One call: the folders it opened and the temporary files it made."""

    def __init__(self, stack: ExitStack, stick: int, files: dict[str, bytes], replace):
        self._stack, self._files, self._replace = stack, files, replace
        self._folders = {"": stick}
        self._report = Written()

    def run(self) -> Written:
        """All files are synced before the first is renamed: a full stick is noticed while nothing has changed."""
        places = {path: self._folder(path.rpartition("/")[0]) for path in self._files}
        for within in set(places.values()):
            _remove(within, (name for name in os.listdir(within) if TEMPORARY.fullmatch(name)))
        chosen = {path: self._choose(path, places[path]) for path in self._files}
        new = {path: name for path, name in chosen.items() if path not in self._report.same}
        try:
            for path in new:
                medium.write_new(places[path], _temporary(path), self._files[path])
            for path, name in new.items():
                os.rename(_temporary(path), name, src_dir_fd=places[path], dst_dir_fd=places[path])
        except OSError:
            for path in new:
                _remove(places[path], [_temporary(path)])
            raise
        for within in set(places.values()):
            os.fsync(within)
        for path, name in chosen.items():
            _prove(places[path], name, self._files[path])
        self._report.written.extend(new)
        return self._report

    def _folder(self, path: str) -> int:
        """The open folder at a path inside the stick, made where it is missing."""
        if path not in self._folders:
            above, _, name = path.rpartition("/")
            within = self._folder(above)
            medium.make_folder(within, name)
            self._folders[path] = self._stack.enter_context(medium.folder(name, within))
        return self._folders[path]

    def _choose(self, path: str, within: int) -> str:
        """The name for a file: its own, or a numbered one where another file has it."""
        wanted, content = path.rpartition("/")[2], self._files[path]
        for number in range(1, _MAX_VARIANTS + 1):
            name = wanted if number == 1 else _numbered(wanted, number)
            found = _existing(within, name, content)
            if found is not None and found != content and not (number == 1 and self._replace(found, content)):
                continue
            if found == content:
                self._report.same.append(path)
            if number > 1:
                self._report.beside.append((path, path.removesuffix(wanted) + name))
            return name
        raise LocalFault("STICK-CLUTTERED", f"the stick holds {_MAX_VARIANTS} other files named like {wanted}",
                         meaning="Nothing was written.", do="Take an empty stick.")


def _existing(within: int, name: str, content: bytes) -> bytes | None:
    """What has this name: None when nothing has; a byte string unlike ours for what cannot be read or is no file."""
    try:
        os.stat(name, dir_fd=within, follow_symlinks=False)
    except FileNotFoundError:
        return None
    try:
        return medium.read(within, name, limits.MAX_PACK_BYTES)
    except medium.Unreadable:
        return content + b"?"


def _prove(within: int, name: str, content: bytes) -> None:
    """Waits until a file is on the medium and reads it back from there."""
    try:
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=within)
        with open(descriptor, "rb", buffering=0) as file:
            os.fsync(file.fileno())  # of an earlier command that was killed, perhaps, before its own sync
        same = medium.read(within, name, len(content), from_disk=True) == content
    except medium.Unreadable:
        same = False
    if not same:
        raise LocalFault("STICK-READBACK", f"the stick gave back other bytes than were written ({name})",
                         meaning="This stick cannot be trusted to carry anything; nothing was lost.",
                         do="Take another stick and run the command again.")


def _temporary(path: str) -> str:
    return f"ceremony-{sha256(path.encode()).hexdigest()[:16]}.part"


def _numbered(name: str, number: int) -> str:
    """The name with a number before its ending, which stays what a reader goes by."""
    return re.sub(r"((?:\.card|\.backup)?\.[a-z]+)?$", rf".{number}\1", name, count=1)


def _remove(within: int, names: Iterable[str]) -> None:
    for name in names:
        with suppress(OSError):
            os.unlink(name, dir_fd=within)
