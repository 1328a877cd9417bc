"""A model of what a disk holds while a process works: what the kernel knows, and what would survive a power cut.

The rules are those POSIX promises and no more. A file's bytes survive from the moment a sync of that file ends; a name
(made, changed or removed) survives from the moment a sync of its folder ends. Everything later may survive or not, in any
order, and one write may survive in some of its 512-byte sectors only.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Callable

from .trace import NotModelled, Op

SECTOR = 512


@dataclass(eq=False)
class File:
    """live: what a reader sees now. durable: what was there at the last sync. pending: the changes since."""

    live: bytes = b""
    durable: bytes = b""
    pending: list[Op] = field(default_factory=list)

    def apply(self, op: Op) -> None:
        if op.what == "write" and op.offset is None:  # an append has its place from now on
            op = replace(op, offset=len(self.live))
        self.live = changed(self.live, op)
        self.pending.append(op)

    def sync(self) -> None:
        self.durable, self.pending = self.live, []


@dataclass(eq=False)
class Folder:
    """The names a folder has now, and had at its last sync."""

    live: dict[str, "File | Folder"] = field(default_factory=dict)
    durable: dict[str, "File | Folder"] = field(default_factory=dict)

    def sync(self) -> None:
        self.durable = dict(self.live)


Node = File | Folder
Content = Callable[[File], bytes]
Names = Callable[[Folder], "dict[str, File | Folder]"]


def changed(content: bytes, op: Op) -> bytes:
    """A file's bytes after one write or truncation; a gap is filled with zeros."""
    if op.what == "truncate":
        assert op.offset is not None
        return content[:op.offset].ljust(op.offset, b"\0")
    start = len(content) if op.offset is None else op.offset
    return content[:start].ljust(start, b"\0") + op.data + content[start + len(op.data):]


def torn(op: Op, size: int) -> list[Op]:
    """The first and the last half of a write, cut between sectors; none for one that lies in a single sector."""
    start = size if op.offset is None else op.offset
    end = start + len(op.data)
    first, last = start // SECTOR, (end - 1) // SECTOR
    if op.what != "write" or not op.data or first == last:
        return []
    middle = (first + last + 1) // 2 * SECTOR
    return [Op("write", op.path, data=op.data[:middle - start], offset=start),
            Op("write", op.path, data=op.data[middle - start:], offset=middle)]


class Disk:
    """The trees below all roots."""

    def __init__(self, roots: tuple[Path, ...], start: dict[str, bytes | None]):
        """Everything that is there at the start is durable."""
        self.roots = {str(root): Folder() for root in roots}
        for path, content in sorted(start.items()):
            if path not in self.roots:
                parent, name = self._place(path)
                parent.live[name] = Folder() if content is None else File(content, content)
        for folder in self._folders():
            folder.sync()

    def _folders(self) -> list[Folder]:
        found: list[Folder] = list(self.roots.values())
        for folder in found:
            found += [node for node in folder.live.values() if isinstance(node, Folder)]
        return found

    def node(self, path: str) -> Node | None:
        """What has this path now."""
        for root, folder in self.roots.items():
            if path == root:
                return folder
            if path.startswith(root + os.sep):
                node: Node | None = folder
                for name in path[len(root) + 1:].split(os.sep):
                    node = node.live.get(name) if isinstance(node, Folder) else None
                return node
        return None

    def _place(self, path: str) -> tuple[Folder, str]:
        parent, name = os.path.split(path)
        folder = self.node(parent)
        if not isinstance(folder, Folder):
            raise NotModelled(f"a change in {parent}, which is no folder below a root")
        return folder, name

    def apply(self, op: Op) -> None:
        """Does one recorded change."""
        node = self.node(op.path)
        if op.what == "open":
            if node is None and op.create:
                folder, name = self._place(op.path)
                folder.live[name] = File()
            elif op.empty and isinstance(node, File) and node.live:
                node.apply(Op("truncate", op.path, offset=0))
        elif op.what in ("write", "truncate"):
            if not isinstance(node, File):
                raise NotModelled(f"a {op.what} to {op.path}, which is not there")
            node.apply(op)
        elif op.what == "sync":
            if node is not None:
                node.sync()
        elif op.what == "mkdir":
            folder, name = self._place(op.path)
            folder.live[name] = Folder()
        elif op.what in ("unlink", "rmdir"):
            folder, name = self._place(op.path)
            del folder.live[name]
        elif op.what == "rename":
            (old, before), (new, after) = self._place(op.path), self._place(op.target)
            new.live[after] = old.live.pop(before)
        elif op.what != "output":
            raise NotModelled(op.what)

    def pending_files(self) -> list[File]:
        """Files with changes that were not synced, whether a live or only a durable name leads to them."""
        found: dict[int, File] = {}
        seen: set[int] = set()
        stack: list[Node] = list(self.roots.values())
        while stack:
            node = stack.pop()
            if isinstance(node, File):
                if node.pending:
                    found[id(node)] = node
            elif id(node) not in seen:
                seen.add(id(node))
                stack += [*node.live.values(), *node.durable.values()]
        return list(found.values())

    def names_pending(self) -> bool:
        """Whether any name was changed since its folder's sync."""
        return any(folder.live != folder.durable for folder in self._folders())

    def view(self, content: Callable[[str], Content], names: Callable[[str], Names]) -> dict[str, bytes | None]:
        """The files and folders after a power cut: by root, which bytes and which names survived."""
        found: dict[str, bytes | None] = {}
        for root, folder in self.roots.items():
            _collect(folder, root, content(root), names(root), found)
        return found

    def check_against(self, real: dict[str, bytes | None]) -> None:
        """Raises unless the model's live files are the real ones: then the trace was understood."""
        mine = self.view(lambda _: live_bytes, lambda _: live_names)
        wrong = sorted(path for path in mine.keys() | real.keys() if mine.get(path, b"?") != real.get(path, b"?"))
        if wrong:
            raise NotModelled(f"the model and the disk differ in {wrong[:5]}")


def _collect(folder: Folder, path: str, content: Content, names: Names, found: dict[str, bytes | None]) -> None:
    found[path] = None
    for name, node in names(folder).items():
        if isinstance(node, Folder):
            _collect(node, os.path.join(path, name), content, names, found)
        else:
            found[os.path.join(path, name)] = content(node)


def live_bytes(file: File) -> bytes:
    return file.live


def durable_bytes(file: File) -> bytes:
    return file.durable


def zero_bytes(file: File) -> bytes:
    """The size reached the disk and the bytes did not."""
    return file.durable[:len(file.live)].ljust(len(file.live), b"\0")


def live_names(folder: Folder) -> dict[str, Node]:
    return folder.live


def durable_names(folder: Folder) -> dict[str, Node]:
    return folder.durable
