"""Pull the plug while the real commands are at work: nothing that left is forgotten, nothing is used twice, and `go` goes on.

Each visit of a ceremony in which something is used up or released is recorded in a real process, and rebuilt as a power cut
at each of its writes, syncs and renames could leave home and stick. In every state the laws of `laws` hold. Then the same
command is given again, among the others as they were, and the ceremony comes to its end: once for each different content of
home and stick, because what the tool goes on from is that and nothing else.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from pathlib import Path
from typing import Callable

import pytest

from ceremony.devices.usb import list_groups, read_stick
from tests.crew import Crew
from tests.faults import laws
from tests.faults.powercut.replay import State, check_all, end_of
from tests.faults.powercut.trace import Trace
from tests.faults.visits import Visit, record_all, recorded
from tests.light import lighten

VISITS = ("accepting", "dealing", "certifying", "acknowledging", "ending", "opening", "signing-own", "signing", "backing-up")


@pytest.fixture(scope="module")
def visits(tmp_path_factory, tool) -> dict[str, Visit]:
    with pytest.MonkeyPatch.context() as patch:
        lighten(patch.setitem, patch.setattr)
        return record_all(tmp_path_factory.mktemp("visits"), tool("strace"))


@pytest.fixture(autouse=True)
def light(monkeypatch):
    lighten(monkeypatch.setitem, monkeypatch.setattr)


def digests(roots: tuple[Path, ...]) -> tuple[str, str]:
    """What home and medium hold; the home opens whole."""
    return laws.home_digest(roots[0]), laws.stick_digest(roots[1])


def check_laws(state: State) -> None:
    """Every law of one moment."""
    home, medium = state.roots
    check_clean(medium)
    held = laws.holdings(home)
    laws.check_released(held, laws.on_stick(medium))
    laws.check_whole_steps(held)
    check_backups(held, medium)


def check_clean(medium: Path) -> None:
    """A reader finds nothing to complain of."""
    assert [problem for group in list_groups(medium) for problem in read_stick(medium, group).problems] == []


def check_backups(held: laws.Holdings, medium: Path) -> None:
    """A backup is on record only when it is on the medium."""
    there = {hashlib.sha256(path.read_bytes()).hexdigest() for path in medium.glob("*.backup.json")}
    said = {entry.body["file"] for entry in held.own(held.entries, "backup.read")}
    assert said <= there, "a backup is on record and not on the medium"


def go_on(state: State, visit: Visit, separate: bool) -> None:
    """Give the command again, in a copy of the crew with what the power cut left, and come to the end."""
    readable = laws.on_stick(state.roots[1])
    with tempfile.TemporaryDirectory(dir=state.roots[0].parent) as folder:
        crew = visit.before.copy_to(Path(folder) / "crew")
        crew.separate = separate
        for place, left in zip((crew.home(visit.name), crew.folder / visit.medium.name), state.roots):
            shutil.rmtree(place)
            shutil.copytree(left, place)
        if visit.verb[0] == "go":
            crew.go(visit.name)
        visit.finish(crew)
        check_end(crew, readable)


def check_end(crew: Crew, readable: list) -> None:
    """After everything, with all that could ever be read: no chain has two versions, no nonce two signatures."""
    check_clean(crew.stick)
    held = [laws.holdings(crew.home(name)) for name in crew.names]
    everything = [*readable, *laws.on_stick(crew.stick), *(entry for one in held for entry in one.entries)]
    laws.check_chains(everything)
    laws.check_nonces(everything)
    for one in held:
        laws.check_released(one, everything)
        laws.check_whole_steps(one)


def checker(visit: Visit, trace: Trace, after: Callable[[State, int], None]) -> Callable[[State], None]:
    """after: what is done with each state of a content not met before, and its number."""
    with tempfile.TemporaryDirectory() as folder:
        end = digests(end_of(trace, Path(folder)))
    contents: set[tuple[str, str]] = set()

    def check(state: State) -> None:
        content = digests(state.roots)
        assert not state.output or content == end, "the command said that it was done, and its work is gone"
        if content not in contents:
            contents.add(content)
            check_laws(state)
            after(state, len(contents))

    return check


@pytest.mark.parametrize("one_in", [5, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("key", VISITS)
def test_no_power_cut_loses_or_repeats_anything(visits, key, one_in):
    visit = visits[key]
    check = checker(visit, visit.trace, lambda state, _: go_on(state, visit, separate=False))
    number, wrong = check_all(visit.trace, check, one_in=one_in)
    assert not wrong, f"{len(wrong)} of {number} states, first {wrong[0]}"
    assert number > 200 / one_in


@pytest.mark.slow
@pytest.mark.parametrize("key", VISITS)
def test_real_processes_go_on_as_well(visits, key):
    visit = visits[key]
    check = checker(visit, visit.trace, lambda state, number: number % 5 or go_on(state, visit, separate=True))
    number, wrong = check_all(visit.trace, check)
    assert not wrong, f"{len(wrong)} of {number} states, first {wrong[0]}"


# The net has no hole


@pytest.mark.parametrize("way, key, word", [
    ("export_before_commit", "signing", "was released and is forgotten"),
    ("erase_after_commit", "signing", "a nonce is here after"), ("erase_before_commit", "signing", "half a step"),
    ("no_folder_sync", "signing-own", "was released and is forgotten"), ("no_stick_sync", "dealing", "cut off")])
def test_a_wrong_way_is_caught(visits, tmp_path, tool, way, key, word):
    visit = visits[key]
    crew = visit.before.copy_to(tmp_path / "crew")
    trace = recorded(crew, visit.name, visit.verb, tmp_path / "scratch", tool("strace"), way=way)
    number, wrong = check_all(trace, checker(visit, trace, lambda state, _: None), one_in=2)
    assert wrong, f"{way} passed all {number} states"
    assert any(word in message for message in wrong), wrong[0]
