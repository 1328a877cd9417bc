"""What a process really asked of its file system, in order, as strace saw it.

`record` runs a command under strace and keeps the calls that change something below the given roots, and what the
command printed. Every call that could change a file in a way this module does not model is an error, never skipped; and
the model's idea of the final files is compared with the real ones (`disk.Disk.check_against`), so that a mistake in the
parsing cannot hide.
"""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Iterator, Sequence

MODELLED = ("open openat creat write pwrite64 writev pwritev pwritev2 truncate ftruncate fsync fdatasync sync syncfs "
            "rename renameat renameat2 unlink unlinkat rmdir mkdir mkdirat lseek close dup dup2 dup3 fcntl chdir fchdir "
            "fork vfork clone clone3 read").split()
REFUSED = ("fallocate sync_file_range link linkat symlink symlinkat copy_file_range sendfile mmap openat2 "
           "io_uring_setup").split()
LONGEST_WRITE = 64_000_000

_CALL = re.compile(r"^(\d+) +(\w+)\((.*)\) += (0x[0-9a-f]+|-?\d+|\?)(?:<([^>]*)>)?")
_RESUMED = re.compile(r"^(\d+) +<\.\.\. (\w+) resumed>(.*)$")
_FD = re.compile(r"(AT_FDCWD|\d+)(?:<([^>]*)>(\(deleted\))?)?")
_STRING = re.compile(r'"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?')


class NotModelled(Exception):
    """The command did something below a root whose power cuts this harness cannot reconstruct."""


@dataclass(frozen=True)
class Op:
    """One change. what: open, write, truncate, sync, rename, unlink, rmdir, mkdir or output."""

    what: str
    path: str = ""
    target: str = ""            # of a rename
    data: bytes = b""           # of a write or output
    offset: int | None = None   # of a write; None appends. Of a truncation: the new size
    create: bool = False        # of an open
    empty: bool = False         # of an open: O_TRUNC


@dataclass
class Trace:
    """A recorded run. start, end: the files (bytes) and folders (None) below the roots before and after it."""

    roots: tuple[Path, ...]
    start: dict[str, bytes | None]
    end: dict[str, bytes | None]
    ops: list[Op]
    returncode: int
    output: bytes
    errors: str


@dataclass
class _OpenFile:
    path: str
    append: bool
    position: int = 0


def snapshot(roots: Sequence[Path]) -> dict[str, bytes | None]:
    """All files and folders below the roots, by absolute path."""
    found: dict[str, bytes | None] = {}
    for root in roots:
        for folder, _, files in os.walk(root):
            found[folder] = None
            found.update({os.path.join(folder, name): Path(folder, name).read_bytes() for name in files})
    return found


def record(argv: Sequence[str], roots: Sequence[Path], scratch: Path, *, strace: str = "strace",
           env: dict[str, str] | None = None, stdin: bytes = b"") -> Trace:
    """Runs a command and returns what it did below the roots. scratch: an empty folder outside of them."""
    roots = tuple(root.resolve() for root in roots)
    log, out = scratch / "strace.log", scratch.resolve() / "stdout"
    start = snapshot(roots)
    command = [strace, "-f", "-y", "-xx", "-s", str(LONGEST_WRITE), "--seccomp-bpf", "-o", str(log),
               "-e", "trace=" + ",".join(MODELLED + REFUSED), "-e", "signal=none", "-e", "raw=read", "--", *argv]
    with open(out, "wb") as output:
        done = subprocess.run(command, stdout=output, stderr=subprocess.PIPE, input=stdin, env=env, cwd=scratch,
                              check=False)
    ops = list(_Parser(roots, str(out), str(scratch.resolve())).run(log))
    return Trace(roots, start, snapshot(roots), ops, done.returncode, out.read_bytes(), done.stderr.decode())


def _plain(hexed: str) -> str:
    """The text behind strace's ``\\x`` escapes."""
    return os.fsdecode(bytes.fromhex(hexed.replace("\\x", ""))) if hexed.startswith("\\x") else hexed


def _calls(log: Path) -> Iterator[tuple[int, str, str, int, str]]:
    """Each finished call: pid, name, arguments, result, path behind the result."""
    pending: dict[str, str] = {}
    with open(log, encoding="ascii", errors="replace") as lines:
        for line in lines:
            line = line.rstrip("\n")
            if line.endswith("<unfinished ...>"):
                pending[line.split(" ", 1)[0]] = line.removesuffix("<unfinished ...>").rstrip()
                continue
            if resumed := _RESUMED.match(line):
                line = pending.pop(resumed[1]) + resumed[3]
            call = _CALL.match(line)
            if call and call[4] != "?" and not call[4].startswith("-"):
                yield int(call[1]), call[2], call[3], int(call[4], 0), _plain(call[5] or "")


@dataclass
class _Parser:
    roots: tuple[Path, ...]
    out: str
    cwd: str
    files: dict[tuple[int, int], _OpenFile] = field(default_factory=dict)
    cwds: dict[int, str] = field(default_factory=dict)

    def run(self, log: Path) -> Iterator[Op]:
        for pid, name, args, result, path in _calls(log):
            if name in REFUSED:
                self._refuse(pid, name, args)
                continue
            handler = getattr(self, f"_{name}", None) or getattr(self, self.SAME[name])
            op = handler(pid, args, result, path)
            if op is not None and (op.what == "output" or self._inside(op.path) or self._inside(op.target)):
                yield op

    SAME = {"open": "_openat", "creat": "_openat", "fdatasync": "_fsync", "renameat": "_rename", "renameat2": "_rename",
            "unlinkat": "_unlink", "mkdirat": "_mkdir", "writev": "_write", "pwritev2": "_pwritev", "dup2": "_dup",
            "dup3": "_dup", "fork": "_clone", "vfork": "_clone", "clone3": "_clone", "syncfs": "_sync"}

    def _inside(self, path: str) -> bool:
        return bool(path) and any(Path(path).is_relative_to(root) for root in self.roots)

    def _refuse(self, pid: int, name: str, args: str) -> None:
        """A private or read-only mapping changes nothing; anything else of these below a root is not modelled."""
        if name == "mmap" and not ("MAP_SHARED" in args and "PROT_WRITE" in args):
            return
        named = [_plain(match[2]) for match in _FD.finditer(args) if match[2]] + self._names(pid, args)
        if any(self._inside(path) for path in named):
            raise NotModelled(f"{name} below a root")

    def _fd(self, text: str) -> tuple[int, str]:
        """Number and path of a descriptor argument; no path for a deleted file, which no power cut can bring back."""
        match = _FD.match(text)
        assert match is not None and match[1] != "AT_FDCWD", text
        return int(match[1]), "" if match[3] else _plain(match[2] or "")

    def _names(self, pid: int, args: str) -> list[str]:
        """The path arguments, absolute: each taken from the descriptor named before it, or from the working folder."""
        base, found = self.cwds.get(pid, self.cwd), []
        for part in args.split(", "):
            if string := _STRING.match(part):
                found.append(os.path.normpath(os.path.join(base, _plain(string[1]))))
                base = self.cwds.get(pid, self.cwd)
            elif (descriptor := _FD.match(part)) and descriptor[2]:
                base = _plain(descriptor[2])
        return found

    def _strings(self, args: str) -> bytes:
        parts = []
        for match in _STRING.finditer(args):
            if match[2]:
                raise NotModelled("a write longer than the log keeps")
            parts.append(bytes.fromhex(match[1].replace("\\x", "")))
        return b"".join(parts)

    # Each method below takes one call and gives at most one change.

    def _openat(self, pid: int, args: str, result: int, path: str) -> Op | None:
        flags = set(re.findall(r"O_\w+", args)) | ({"O_CREAT", "O_WRONLY", "O_TRUNC"} if "O_" not in args else set())
        if "O_TMPFILE" in flags and self._inside(path):
            raise NotModelled("O_TMPFILE below a root")
        self.files[pid, result] = _OpenFile(path, "O_APPEND" in flags)
        if "O_DIRECTORY" in flags or not flags & {"O_CREAT", "O_TRUNC"}:
            return None
        return Op("open", path, create="O_CREAT" in flags, empty="O_TRUNC" in flags)

    def _write(self, pid: int, args: str, result: int, _: str) -> Op | None:
        number, path = self._fd(args)
        data = self._strings(args)[:result]
        if path == self.out:
            return Op("output", data=data)
        if not self._inside(path):
            return None
        file = self.files.get((pid, number))
        if file is None:
            raise NotModelled(f"a write at an unknown place of {path}")
        offset = None if file.append else file.position
        file.position += result
        return Op("write", path, data=data, offset=offset)

    def _pwrite64(self, pid: int, args: str, result: int, _: str) -> Op | None:
        _, path = self._fd(args)
        return Op("write", path, data=self._strings(args)[:result], offset=int(args.rpartition(", ")[2]))

    def _pwritev(self, pid: int, args: str, result: int, _: str) -> None:
        if self._inside(self._fd(args)[1]):
            raise NotModelled("pwritev below a root")

    def _read(self, pid: int, args: str, result: int, _: str) -> None:
        """Logged without the bytes, since only the place of a later write depends on it."""
        if file := self.files.get((pid, int(args.partition(",")[0], 0))):
            file.position += result

    def _lseek(self, pid: int, args: str, result: int, _: str) -> None:
        if file := self.files.get((pid, self._fd(args)[0])):
            file.position = result

    def _ftruncate(self, pid: int, args: str, result: int, _: str) -> Op:
        return Op("truncate", self._fd(args)[1], offset=int(args.rpartition(", ")[2]))

    def _truncate(self, pid: int, args: str, result: int, _: str) -> Op:
        return Op("truncate", self._names(pid, args)[0], offset=int(args.rpartition(", ")[2]))

    def _fsync(self, pid: int, args: str, result: int, _: str) -> Op:
        return Op("sync", self._fd(args)[1])

    def _sync(self, pid: int, args: str, result: int, _: str) -> None:
        raise NotModelled("a sync of whole file systems, which no removable medium can be trusted with")

    def _rename(self, pid: int, args: str, result: int, _: str) -> Op:
        if "RENAME_EXCHANGE" in args or "RENAME_WHITEOUT" in args:
            raise NotModelled("an exchanging rename")
        old, new = self._names(pid, args)
        return Op("rename", old, new)

    def _unlink(self, pid: int, args: str, result: int, _: str) -> Op:
        return Op("rmdir" if "AT_REMOVEDIR" in args else "unlink", self._names(pid, args)[0])

    def _rmdir(self, pid: int, args: str, result: int, _: str) -> Op:
        return Op("rmdir", self._names(pid, args)[0])

    def _mkdir(self, pid: int, args: str, result: int, _: str) -> Op:
        return Op("mkdir", self._names(pid, args)[0])

    def _close(self, pid: int, args: str, result: int, _: str) -> None:
        self.files.pop((pid, self._fd(args)[0]), None)

    def _dup(self, pid: int, args: str, result: int, _: str) -> None:
        if file := self.files.get((pid, self._fd(args)[0])):
            self.files[pid, result] = file

    def _fcntl(self, pid: int, args: str, result: int, _: str) -> None:
        if "F_DUPFD" in args:
            self._dup(pid, args, result, _)

    def _chdir(self, pid: int, args: str, result: int, _: str) -> None:
        self.cwds[pid] = self._names(pid, args)[0]

    def _fchdir(self, pid: int, args: str, result: int, _: str) -> None:
        self.cwds[pid] = self._fd(args)[1]

    def _clone(self, pid: int, args: str, result: int, _: str) -> None:
        self.cwds[result] = self.cwds.get(pid, self.cwd)
        self.files.update({(result, number): file for (owner, number), file in list(self.files.items()) if owner == pid})
