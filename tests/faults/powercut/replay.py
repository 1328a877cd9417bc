"""Every state that a power cut could have left behind, one folder at a time, handed to a checker.

After each recorded change, sync and printed line the disk is cut off in several ways: everything kept; everything lost
that was not synced; names kept and bytes lost or zero, and the reverse; one medium kept and the other lost (a home and a
stick are different disks); one file's bytes lost or kept against all others; the last write torn, or kept without one or
all of those before it. States that were seen before are skipped.

To use it on any command: ``record`` it, then ``check_all``.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import tempfile
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Iterator

from .disk import Disk, File, changed, durable_bytes, durable_names, live_bytes, live_names, torn, zero_bytes
from .trace import Op, Trace

Tree = dict[str, bytes | None]
MOST_SINGLE_FILES = 6
MOST_LATE_WRITES = 8


@dataclass(frozen=True)
class State:
    """What is left. roots: the reconstructed folders, in the order of the trace's. output: printed before the cut."""

    description: str
    roots: tuple[Path, ...]
    output: bytes


def cuts(trace: Trace) -> Iterator[tuple[str, Tree, int]]:
    """Every different state: its description, its files, and how many bytes had been printed. In order of time."""
    disk = Disk(trace.roots, trace.start)
    seen: set[int] = set()  # hashes: the states themselves would fill the memory
    printed = 0
    for number, op in enumerate([Op("output"), *trace.ops]):  # the first is the moment before anything was done
        disk.apply(op)
        printed += len(op.data) if op.what == "output" else 0
        for how, tree in _variants(disk, op):
            key = hash((frozenset(tree.items()), printed))
            if key not in seen:
                seen.add(key)
                yield f"after change {number} ({op.what} {os.path.basename(op.path)}), {how}", tree, printed
    disk.check_against(trace.end)


def _variants(disk: Disk, op: Op) -> Iterator[tuple[str, Tree]]:
    live, lost = (lambda _: live_bytes), (lambda _: durable_bytes)
    live_n, lost_n = (lambda _: live_names), (lambda _: durable_names)
    yield "everything kept", disk.view(live, live_n)
    pending = disk.pending_files()
    if not pending and not disk.names_pending():
        return
    yield "un-synced changes lost", disk.view(lost, lost_n)
    yield "names kept, un-synced bytes lost", disk.view(lost, live_n)
    yield "names and sizes kept, un-synced bytes zero", disk.view(lambda _: zero_bytes, live_n)
    yield "un-synced names lost, bytes kept", disk.view(live, lost_n)
    for kept in disk.roots if len(disk.roots) > 1 else ():
        yield f"only {os.path.basename(kept)} kept", disk.view(
            lambda root: live_bytes if root == kept else durable_bytes,
            lambda root: live_names if root == kept else durable_names)
    for number, file in enumerate(pending[-MOST_SINGLE_FILES:] if len(pending) > 1 else ()):
        yield f"bytes of one file lost ({number})", disk.view(_one(file, file.durable, live_bytes), live_n)
        yield f"bytes of one file kept ({number})", disk.view(_one(file, file.live, durable_bytes), live_n)
    yield from _torn(disk, op)


def _one(chosen: File, content: bytes, others: Callable[[File], bytes]):
    return lambda _: lambda file: content if file is chosen else others(file)


def _torn(disk: Disk, op: Op) -> Iterator[tuple[str, Tree]]:
    """The write that was just done, in part; and without some writes before it, which the disk may do later."""
    file = disk.node(op.path)
    if not isinstance(file, File) or not file.pending:
        return
    before = _replayed(file, file.pending[:-1])
    names = (lambda _: live_names), (lambda _: durable_names)
    for part, half in zip(("first", "last"), torn(op, len(before))):
        for which, name in zip(("kept", "lost"), names):
            content = changed(before, half)
            yield f"only the {part} half of it written, names {which}", disk.view(_one(file, content, live_bytes), name)
    if len(file.pending) > 1:
        alone = _replayed(file, file.pending[-1:])
        yield "written before the earlier writes", disk.view(_one(file, alone, live_bytes), lambda _: live_names)
    for late in range(max(0, len(file.pending) - MOST_LATE_WRITES), len(file.pending) - 1):
        rest = _replayed(file, file.pending[:late] + file.pending[late + 1:])
        yield f"written before the earlier write {late}", disk.view(_one(file, rest, live_bytes), lambda _: live_names)


def _replayed(file: File, ops: list[Op]) -> bytes:
    content = file.durable
    for op in ops:
        content = changed(content, op)
    return content


LARGEST_STATE = 1 << 28  # bytes; states are built in memory


class _Workshop:
    """One folder in which states are built one after another, touching only what differs."""

    OLD = (1, 1)  # of every built file; whatever a checker changes has a later time

    def __init__(self, folder: Path, roots: tuple[Path, ...]):
        self.places = {str(root): folder / str(number) / root.name for number, root in enumerate(roots)}
        self._built: dict[Path, bytes] = {}

    def _target(self, path: str) -> Path:
        root = next(root for root in self.places if path == root or path.startswith(root + os.sep))
        return self.places[root] / path[len(root) + 1:] if path != root else self.places[root]

    def build(self, tree: Tree) -> None:
        if sum(len(content) for content in tree.values() if content) > LARGEST_STATE:
            raise ValueError("a state of absurd size: the trace was misread")
        wanted = {self._target(path): content for path, content in tree.items()}
        for place in self.places.values():
            for folder, folders, files in os.walk(place, topdown=False):
                for name in files:
                    if wanted.get(Path(folder, name)) is None:
                        Path(folder, name).unlink()
                if wanted.get(Path(folder), b"") is not None:
                    shutil.rmtree(folder)
        for path in sorted(path for path, content in wanted.items() if content is None):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path, content in wanted.items():
            if content is not None:
                self._file(path, content)

    def _file(self, path: Path, content: bytes) -> None:
        if self._built.get(path) is content and path.exists() and path.stat().st_mtime_ns == self.OLD[1]:
            return
        path.unlink(missing_ok=True)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
        os.utime(path, ns=self.OLD)
        self._built[path] = content


def states(trace: Trace, folder: Path, part: int = 0, parts: int = 1) -> Iterator[State]:
    """Builds every `parts`-th state below `folder`, from `part` on. A state is valid until the next is asked for."""
    workshop = _Workshop(folder, trace.roots)
    for number, (description, tree, printed) in enumerate(cuts(trace)):
        if number % parts == part:
            workshop.build(tree)
            yield State(description, tuple(workshop.places.values()), trace.output[:printed])


def end_of(trace: Trace, folder: Path) -> tuple[Path, ...]:
    """The roots as the process left them when nothing was cut off, built below `folder`."""
    workshop = _Workshop(folder, trace.roots)
    workshop.build(trace.end)
    return tuple(workshop.places.values())


def check_all(trace: Trace, check: Callable[[State], None], *, workers: int = 2, one_in: int = 1) -> tuple[int, list[str]]:
    """Runs a checker over all states in several processes, or over one in so many of them.

    Returns the number of states checked and what was wrong, in order of time.
    """
    context = multiprocessing.get_context("fork")  # so that any checker, a closure too, can be handed over
    with context.Manager() as manager:
        results = manager.list()
        processes = [context.Process(target=_work, args=(trace, check, part * one_in, workers * one_in, results))
                     for part in range(workers)]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        if any(process.exitcode for process in processes):
            raise RuntimeError("a checking process died")
        return sum(count for count, _ in results), [wrong for _, found in results for wrong in found]


def _work(trace: Trace, check: Callable[[State], None], part: int, parts: int, results) -> None:
    """One process. Memory stands for the disk where it can: the checker's own syncs then cost nothing."""
    where = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    count, wrong = 0, []
    with tempfile.TemporaryDirectory(dir=where) as folder:
        for state in states(trace, Path(folder), part, parts):
            count += 1
            try:
                check(state)
            except Exception:
                wrong.append(f"{state.description}:\n{traceback.format_exc(limit=-3)}")
    results.append((count, wrong))
