"""What a user installs: two lists in which every file has its hash, and a wheel that holds the documents too."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
LOCKS = {name: (ROOT / name).read_text("utf-8") for name in ("requirements.txt", "requirements-dev.txt")}
ENTRY = re.compile(r"([a-z0-9-]+)==(\S+)(?: ; [^\\\n]+)? \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)")


def pins(lock: str) -> set[tuple[str, str]]:
    return {(name, version) for name, version, _ in ENTRY.findall(lock)}


def names(requirements: list[str]) -> set[str]:
    return {re.match(r"[A-Za-z0-9-]+", requirement)[0] for requirement in requirements}


@pytest.mark.parametrize("lock", LOCKS.values(), ids=LOCKS)
def test_a_lock_is_pins_and_hashes_and_nothing_else(lock):
    """So it names no index either: whoever installs decides where the bytes come from, the hashes decide which."""
    assert pins(lock) and ENTRY.sub("", lock) == ""


def test_the_locks_hold_what_the_project_declares():
    runtime, dev = (pins(lock) for lock in LOCKS.values())
    assert runtime <= dev, "tests run with exactly the versions that a station runs with"
    assert names(PROJECT["project"]["dependencies"]) <= names([name for name, _ in runtime])
    assert names(PROJECT["dependency-groups"]["dev"]) <= names([name for name, _ in dev])


def test_test_packages_are_not_on_a_station():
    runtime = {name for name, _ in pins(LOCKS["requirements.txt"])}
    assert not runtime & names(PROJECT["dependency-groups"]["dev"])


@pytest.mark.parametrize("requirement", ["typer", "py-bitcoinkernel"])
def test_packages_that_break_between_minor_versions_are_pinned_exactly(requirement):
    declared = PROJECT["project"]["dependencies"] + PROJECT["dependency-groups"]["dev"]
    assert [line for line in declared if re.fullmatch(rf"{requirement}==[0-9a-z.]+", line)]


def test_the_wheel_holds_every_file_of_the_package(tmp_path):
    """Built from a copy, since setuptools leaves a build folder behind."""
    shutil.copytree(ROOT / "ceremony", tmp_path / "ceremony", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    expected = {str(path.relative_to(tmp_path)) for path in (tmp_path / "ceremony").rglob("*") if path.is_file()}
    subprocess.run([sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index",
                    "--wheel-dir", "out", "."], cwd=tmp_path, check=True)
    [wheel] = (tmp_path / "out").iterdir()
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("ceremony/")}
    assert packed == expected
