"""Files that a person names on the command line: read as hostile, written so that none is ever overwritten."""

from __future__ import annotations

import os
from pathlib import Path

from ceremony.base.errors import LocalFault, UsageFault
from ceremony.devices import medium


def read(path: Path, ceiling: int) -> bytes:
    """The bytes of a plain file. Raises: UsageFault ``FILE-READ`` for anything else; no pipe or device is opened."""
    try:
        real = Path(os.path.realpath(path))
        with medium.folder(real.parent) as folder:
            return medium.read(folder, real.name, ceiling)
    except medium.Unreadable as problem:
        why = str(problem)
    except (OSError, ValueError) as problem:
        why = f"it cannot be read ({getattr(problem, 'strerror', None) or 'bad name'})"
    raise UsageFault("FILE-READ", f"{path.name or path}: {why}", meaning="Nothing was done.",
                     do="Name a file that is there and is what the command asks for.")


def folder(path: Path, *, make: bool = False) -> Path:
    """An existing folder that the person named, or with `make` one in an existing folder.

    Raises: UsageFault ``FOLDER``.
    """
    try:
        if make and not os.path.lexists(path):
            path.mkdir()
    except (OSError, ValueError):
        pass
    if os.path.isdir(path):
        return path
    raise UsageFault("FOLDER", f"{path.name or path} is not a folder that is there", meaning="Nothing was done.",
                     do="Name an existing folder; is the stick mounted?")


def write_folder(within: Path, name: str, files: dict[str, bytes]) -> Path:
    """A new folder `name` in `within` with these files (relative paths), complete or not at all.

    One that exists with exactly these files is left as it is; with others, the new one gets a number.
    Raises: LocalFault ``STICK-…`` as a stick would.
    """
    for number in range(1, 100):
        place = within / (name if number == 1 else f"{name}-{number}")
        if not os.path.lexists(place):
            return _fill(within, place, files)
        if _same(place, files):
            return place
    raise LocalFault("STICK-CLUTTERED", f"there are 99 other folders named like {name}", meaning="Nothing was written.",
                     do="Name an empty folder.")


def _fill(within: Path, place: Path, files: dict[str, bytes]) -> Path:
    part = within / f".{place.name}.part"
    try:
        _remove(part)
        part.mkdir()
        for path, content in sorted(files.items()):
            target = part / path
            target.parent.mkdir(parents=True, exist_ok=True)
            with medium.folder(target.parent) as opened:
                medium.write_new(opened, target.name, content)
        for inner in sorted({(part / path).parent for path in files} | {part}, reverse=True):
            with medium.folder(inner) as opened:
                os.fsync(opened)
        os.rename(part, place)
        with medium.folder(within) as opened:
            os.fsync(opened)
    except OSError as problem:
        _remove(part)
        raise medium.fault_of(problem, writing=True) from None
    return place


def _same(place: Path, files: dict[str, bytes]) -> bool:
    found = {str(path.relative_to(place)) for path in place.rglob("*") if path.is_file()}
    return found == set(files) and all((place / path).read_bytes() == content for path, content in files.items())


def _remove(part: Path) -> None:
    """Removes what an earlier, interrupted command left under the temporary name."""
    if part.is_symlink() or not part.is_dir():
        return
    for path in sorted(part.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
    part.rmdir()
