"""Pull the plug at every moment: nothing that was released is ever forgotten, and nothing secret is ever used twice.

A real process runs under strace; `powercut` rebuilds the home and the stick as they could be found after a power cut at
each of its writes, syncs and renames. Each state is opened as the next command would open it, checked, and gone on with.
The second half of the file shows that the net has no hole: steps done in a wrong order are caught.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ceremony.base.errors import LocalFault
from ceremony.devices.usb import read_stick
from ceremony.station.home import Home
from tests.faults import step
from tests.faults.powercut.disk import Disk, changed, durable_bytes, durable_names, torn
from tests.faults.powercut.replay import State, check_all, cuts
from tests.faults.powercut.trace import NotModelled, Op, Trace, record

ROOT = Path(__file__).resolve().parents[2]
ENV = {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "PATH": os.environ["PATH"]}


@pytest.fixture
def run(tmp_path, tool):
    """``run("go")`` records one way of doing the step, on a fresh home and stick."""

    def recorded(way: str, *, made: bool = True) -> Trace:
        home, stick, scratch = tmp_path / "machine" / "home", tmp_path / "stick", tmp_path / "scratch"
        for folder in (home.parent, stick, scratch):
            folder.mkdir()
        if made:
            Home.create(home, production=False, first=step.fill).close()
        argv = [sys.executable, str(Path(step.__file__)), way, str(home), str(stick)]
        trace = record(argv, (home.parent, stick), scratch, strace=tool("strace"), env=ENV)
        assert trace.returncode == 0, trace.errors
        return trace

    return recorded


def released(state: State) -> set[int]:
    """What has left the station: printed as done, or whole on the stick."""
    printed = {int(line.split()[1]) for line in state.output.splitlines() if line.startswith(b"done")}
    known = {step.line(number): number for number in range(step.NONCES)}
    found = read_stick(state.roots[1], step.GROUP[:16])
    assert found.problems == [], found.problems
    assert {line for _, line in found.lines} <= known.keys(), "a line that was never said"
    return printed | {known[line] for _, line in found.lines}


def check_store(home: Home, wanted: set[int]) -> None:
    """Each nonce is either wholly fresh or wholly spent, and spent when its entry was released."""
    for number in range(step.NONCES):
        said = home.store.entry(step.entry(number).id)
        secret = home.store.secret(f"nonce-{number}")
        marked = home.store.is_used(step.GROUP, "nonce", str(number))
        assert said in (None, step.entry(number))
        assert (said is not None) == marked == (secret is None), f"half a step: {number}"
        assert said is not None or number not in wanted, f"{number} was released and is forgotten"
        assert secret is None or step.VAULT.open(secret).reveal() == step.nonce(number)


def check(state: State) -> None:
    wanted = released(state)
    with Home.open(state.roots[0] / "home", check=True) as home:
        check_store(home, wanted)


def check_and_go_on(state: State) -> None:
    """The same, and the next command brings the ceremony to its end without losing or repeating anything."""
    check(state)
    with Home.open(state.roots[0] / "home") as home:
        step.go(home, state.roots[1])
        check_store(home, set(range(step.NONCES)))
    assert released(State("", state.roots, b"")) == set(range(step.NONCES))


def check_made(state: State) -> None:
    """A home is there complete or not at all; when it was reported as made, it is there; else it can be made again."""
    home = state.roots[0] / "home"
    try:
        Home.open(home, check=True).close()
    except LocalFault as fault:
        assert fault.check == "HOME-MISSING" and not state.output
        Home.create(home, production=False, first=step.fill).close()
    with Home.open(home, check=True) as opened:
        check_store(opened, set())


def test_no_power_cut_loses_or_repeats_a_step(run, monkeypatch):
    monkeypatch.setattr(step, "done", lambda number: None)
    number, wrong = check_all(run("go"), check_and_go_on)
    assert not wrong, f"{len(wrong)} of {number} states, first {wrong[0]}"
    assert number > 200


def test_no_power_cut_leaves_half_a_home(run):
    number, wrong = check_all(run("create", made=False), check_made)
    assert not wrong, f"{len(wrong)} of {number} states, first {wrong[0]}"
    assert number > 20


# The net has no hole


@pytest.mark.parametrize("way, word", [
    ("export_before_commit", "was released and is forgotten"), ("say_before_commit", "was released and is forgotten"),
    ("two_commits", "half a step"), ("no_sync", ""), ("no_folder_sync", "was released and is forgotten"),
    ("write_in_place", "cut off"), ("rename_without_sync", "cut off")])
def test_a_wrong_order_is_caught(run, way, word):
    number, wrong = check_all(run(way), check)
    assert wrong, f"{way} passed all {number} states"
    assert any(word in message for message in wrong)


def test_a_damaged_database_is_caught(run):
    """Without syncs the disk may write pages and journal in any order: some states are no database at all."""
    _, wrong = check_all(run("no_sync"), check)
    assert any("STORE-DAMAGED" in message or "forgotten" in message for message in wrong)


# The model of the disk


def disk(tmp_path: Path, *ops: Op) -> Disk:
    made = Disk((tmp_path,), {str(tmp_path): None, str(tmp_path / "old"): b"old"})
    for op in ops:
        made.apply(op)
    return made


def found(trace: Trace) -> set[frozenset]:
    """The different sets of files that power cuts leave, by name inside the root."""
    return {frozenset((os.path.basename(path), content) for path, content in tree.items() if content is not None)
            for _, tree, _ in cuts(trace)}


def traced(tmp_path: Path, end: dict[str, bytes], *ops: Op) -> Trace:
    start: dict[str, bytes | None] = {str(tmp_path): None, str(tmp_path / "old"): b"old"}
    last: dict[str, bytes | None] = {str(tmp_path): None, **{str(tmp_path / name): data for name, data in end.items()}}
    return Trace((tmp_path,), start, last, list(ops), 0, b"", "")


def test_a_name_survives_its_folders_sync_and_bytes_their_files(tmp_path):
    new, folder = str(tmp_path / "new"), str(tmp_path)
    made, wrote = Op("open", new, create=True), Op("write", new, data=b"new", offset=0)
    old, empty, whole = ("old", b"old"), ("new", b""), ("new", b"new")
    zero = ("new", bytes(3))
    states = found(traced(tmp_path, {"old": b"old", "new": b"new"}, made, wrote))
    assert states == {frozenset({old, *new}) for new in ([], [empty], [whole], [zero])}
    for ops, kept in [([made, wrote], {"old": b"old"}), ([made, wrote, Op("sync", new)], {"old": b"old"}),
                      ([made, wrote, Op("sync", folder)], {"old": b"old", "new": b""}),
                      ([made, wrote, Op("sync", new), Op("sync", folder)], {"old": b"old", "new": b"new"}),
                      ([made, Op("sync", folder), wrote, Op("sync", new)], {"old": b"old", "new": b"new"})]:
        tree = disk(tmp_path, *ops).view(lambda _: durable_bytes, lambda _: durable_names)
        assert {os.path.basename(path): data for path, data in tree.items() if data is not None} == kept


def test_a_rename_and_a_removal_are_undone_until_the_folder_is_synced(tmp_path):
    old, new = str(tmp_path / "old"), str(tmp_path / "new")
    assert found(traced(tmp_path, {"new": b"old"}, Op("rename", old, new))) == {
        frozenset({("old", b"old")}), frozenset({("new", b"old")})}
    assert found(traced(tmp_path, {}, Op("unlink", old), Op("sync", str(tmp_path)))) == {
        frozenset({("old", b"old")}), frozenset()}


def test_writes_are_torn_between_sectors(tmp_path):
    write = Op("write", "f", data=b"x" * 2000, offset=100)
    first, last = torn(write, 0)
    assert (first.offset, len(first.data), last.offset, len(last.data)) == (100, 924, 1024, 1076)
    assert changed(changed(b"", first), last) == changed(b"", write)
    assert torn(Op("write", "f", data=b"x" * 512, offset=512), 0) == [] == torn(Op("truncate", "f", offset=5), 0)
    assert len(torn(Op("write", "f", data=b"x" * 2, offset=511), 0)) == 2
    assert len(torn(Op("write", "f", data=b"x" * 600), 600)) == 2  # appended


def test_gaps_and_truncations():
    assert changed(b"ab", Op("write", "f", data=b"x", offset=4)) == b"ab\0\0x"
    assert changed(b"abcd", Op("write", "f", data=b"xy", offset=1)) == b"axyd"
    assert changed(b"ab", Op("write", "f", data=b"x")) == b"abx"
    assert changed(b"abcd", Op("truncate", "f", offset=2)) == b"ab"
    assert changed(b"ab", Op("truncate", "f", offset=4)) == b"ab\0\0"


def test_what_was_not_understood_is_an_error_and_never_skipped(tmp_path):
    with pytest.raises(NotModelled):
        list(cuts(traced(tmp_path, {"old": b"other"})))
    with pytest.raises(NotModelled):
        disk(tmp_path, Op("write", str(tmp_path / "none"), data=b"x", offset=0))


PROGRAMS = {
    "shell": ["sh", "-c", "cd $1 && echo a >f && echo b >>f && mkdir d && mv f d/g && sed '' d/g >h && rm d/g && rmdir d"],
    "python": [sys.executable, "-c", "import os, sys; os.chdir(sys.argv[1]); f = os.open('a', os.O_RDWR | os.O_CREAT); "
               "os.write(f, b'hello world'); os.lseek(f, 3, 0); g = os.dup(f); os.write(g, b'XY'); os.ftruncate(f, 8); "
               "os.pwrite(f, b'!', 10); os.writev(f, [b'a', b'bc']); d = os.open('.', 0); os.mkdir('s', dir_fd=d); "
               "os.lseek(f, 0, 0); os.read(f, 4); os.write(f, b'Z'); os.rename('a', 's/\\u00fc \\n,\"', src_dir_fd=d, dst_dir_fd=d); os.fsync(d); os.fork() or os.write(f, b'?')"
               "; os.unlink('old')"],
}


@pytest.mark.parametrize("program", PROGRAMS)
def test_what_common_programs_do_is_understood(tmp_path, tool, program):
    root, scratch = tmp_path / "root", tmp_path / "scratch"
    root.mkdir(), scratch.mkdir()
    (root / "old").write_bytes(b"old")
    trace = record([*PROGRAMS[program], *(["sh"] if program == "shell" else []), str(root)], (root,), scratch,
                   strace=tool("strace"))
    assert trace.returncode == 0, trace.errors
    assert len(list(cuts(trace))) > 5  # which ends by comparing the model with the real files


@pytest.mark.parametrize("code", ["os.link('old', 'new')", "os.symlink('old', 'new')", "os.posix_fallocate(f, 0, 9)",
                                  "mmap.mmap(f, 3)", "os.sync()", "os.pwritev(f, [b'x'], 0)"])
def test_what_is_not_modelled_is_refused(tmp_path, tool, code):
    root, scratch = tmp_path / "root", tmp_path / "scratch"
    root.mkdir(), scratch.mkdir()
    (root / "old").write_bytes(b"old")
    program = f"import mmap, os; os.chdir({str(root)!r}); f = os.open('old', os.O_RDWR); {code}"
    with pytest.raises(NotModelled):
        record([sys.executable, "-c", program], (root,), scratch, strace=tool("strace"))


def test_the_child_is_a_program_of_its_own(tmp_path):
    ran = subprocess.run([sys.executable, step.__file__, "create", tmp_path / "home", "-"], env=ENV, check=True,
                         capture_output=True, text=True)
    assert ran.stdout == "made\n"
