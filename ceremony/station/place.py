"""Is a folder a fit place for a station's home?

A home must be its owner's alone and must lie on a disk that keeps what it was told to keep: no stick that is carried
away, no file system without permissions, no network share where locks and syncs are promises of another machine.
What Linux says about the disk is read here and nowhere else; the judgement itself is a pure function of it.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from ceremony.base.errors import LocalFault

WITHOUT_PERMISSIONS = frozenset({"vfat", "msdos", "fat", "umsdos", "exfat", "ntfs", "ntfs3", "hfs", "iso9660", "udf"})
NETWORK = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "ceph", "9p", "virtiofs", "vboxsf",
                     "vmhgfs", "prl_fs", "glusterfs", "lustre", "ocfs2", "gfs2", "davfs", "coda"})
IN_MEMORY = frozenset({"tmpfs", "ramfs"})

_ESCAPE = re.compile(r"\\([0-7]{3})")


def file_system_of(path: Path, mounts: str) -> str:
    """The type of the file system that holds `path` (absolute, without links), by the text of /proc/self/mounts.

    The longest mount point above the path decides, and among equal ones the last, which covers the earlier (proc(5));
    blanks in mount points are octal escapes there. Empty when no line fits.
    """
    best, kind = -1, ""
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        point = Path(_ESCAPE.sub(lambda m: chr(int(m[1], 8)), fields[1]))
        if path.is_relative_to(point) and len(point.parts) >= best:
            best, kind = len(point.parts), fields[2]
    return kind


def judge_file_system(kind: str, *, removable: bool, production: bool) -> None:
    """Refuses (``HOME-MEDIUM``) a file system type on which a home would be open to others or could lose its memory.

    Raises: LocalFault. A home in memory is refused in production only: it would lose the shard with the power.
    """
    family = kind.removeprefix("fuse.")
    if kind in WITHOUT_PERMISSIONS or kind == "fuseblk" or family in {"exfat", "ntfs-3g"}:
        why = f"its file system ({kind}) keeps no permissions"
    elif kind in NETWORK or kind.startswith("fuse."):
        why = f"its file system ({kind}) belongs to a network or to another program"
    elif kind in IN_MEMORY and production:
        why = f"its file system ({kind}) is memory, which forgets everything when the machine is switched off"
    elif removable:
        why = "it is a removable medium"
    else:
        return
    raise LocalFault("HOME-MEDIUM", f"the folder cannot hold a station: {why}",
                     meaning="Nothing was changed. A station's memory must stay in its machine.",
                     do="Choose a folder on this machine's own disk with --home.")


def is_removable(device: int) -> bool:
    """True when the block device (st_dev), or a disk under its encryption layer, is marked removable by Linux."""
    return _removable(Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}"))


def _removable(node: Path) -> bool:
    try:
        node = node.resolve(strict=True)
    except OSError:
        return False  # no block device behind it: a container's overlay, or memory
    for place in (node, node.parent):  # a partition has no flag of its own; its disk has
        try:
            if (place / "removable").read_text().strip() == "1":
                return True
        except OSError:
            continue
    slaves = node / "slaves"
    return slaves.is_dir() and any(_removable(slave) for slave in slaves.iterdir())


def check_place(path: Path, *, production: bool) -> None:
    """Refuses (``HOME-MEDIUM``) an existing folder whose disk is unfit, by what Linux says about it now."""
    real = path.resolve()
    try:
        mounts = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError as problem:
        raise LocalFault("HOME-MEDIUM", f"cannot read which disks this machine has: {problem.strerror}",
                         do="Run the tool on Linux with /proc mounted.") from None
    judge_file_system(file_system_of(real, mounts), removable=is_removable(os.stat(real).st_dev),
                      production=production)


def check_private(path: Path, *, folder: bool) -> None:
    """Refuses (``HOME-PERMISSIONS``) a folder or file that is a link, is not ours, or that others can enter or read."""
    found = os.lstat(path)
    right_kind = stat.S_ISDIR(found.st_mode) if folder else stat.S_ISREG(found.st_mode)
    if not right_kind:
        seen = f"{path} is not a plain {'folder' if folder else 'file'}"
    elif found.st_uid != os.getuid():
        seen = f"{path} belongs to another user (uid {found.st_uid})"
    elif stat.S_IMODE(found.st_mode) & 0o077:
        seen = f"{path} has permissions {stat.S_IMODE(found.st_mode):04o}; others may enter or read it"
    else:
        return
    raise LocalFault("HOME-PERMISSIONS", seen, meaning="Somebody else could read or replace this station's memory.",
                     do=f"Find out who changed it; if you trust what is there, run: chmod {'700' if folder else '600'} "
                        "on it as its owner.")
