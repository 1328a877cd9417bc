"""The scaffolding itself: what is missing is said, and said so that a newcomer can act on it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ASKS = "def test_folder(vectors): pass\ndef test_command(tool): tool('no-such-command')\n"
WHOLE_FILE = "import pytest\npytest.skip('NOT RUN: no node', allow_module_level=True)\n"
OTHER_SKIP = "import pytest\ndef test_elsewhere(): pytest.skip('only for Windows')\n"
REASONS = ["NOT RUN: no folder of public vectors; name it with --vectors DIR (1 test)", "NOT RUN: no node (1 test)",
           "NOT RUN: no-such-command is not installed (1 test)"]


def run_pytest(folder: Path, *options: str) -> subprocess.CompletedProcess:
    shutil.copy(ROOT / "tests" / "conftest.py", folder)
    for number, text in enumerate((ASKS, WHOLE_FILE, OTHER_SKIP)):
        (folder / f"test_{number}.py").write_text(text, "utf-8")
    return subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", folder, "--vectors",
                           folder / "none", *options, folder], cwd=folder, capture_output=True, text=True)


def test_what_was_not_run_is_listed_before_the_closing_line(tmp_path):
    run = run_pytest(tmp_path)
    *_, closing = lines = run.stdout.splitlines()
    assert lines[-4:-1] == REASONS
    assert closing.startswith("4 skipped") and run.returncode == 0


def test_require_all_turns_it_into_failures(tmp_path):
    run = run_pytest(tmp_path, "--require-all", "--continue-on-collection-errors")
    assert run.returncode == 1 and run.stdout.splitlines()[-1].startswith("1 failed, 1 skipped, 2 errors")


def run_venv(folder: Path, python3: str) -> subprocess.CompletedProcess:
    """scripts/venv in an empty checkout, on a machine whose only Python is this shell script."""
    (folder / "scripts").mkdir()
    (folder / "bin").mkdir()
    for name in ("scripts/venv", "pyproject.toml", "requirements.txt", "requirements-dev.txt"):
        shutil.copy(ROOT / name, folder / name)
    for command in ("sh", "cat", "cksum", "dirname"):
        (folder / "bin" / command).symlink_to(shutil.which(command))
    (folder / "bin" / "python3").write_text(f"#!/bin/sh\n{python3}\n", "utf-8")
    (folder / "bin" / "python3").chmod(0o755)
    return subprocess.run([folder / "scripts" / "venv", "rehearsal"], env=os.environ | {"PATH": str(folder / "bin")},
                          capture_output=True, text=True)


@pytest.mark.parametrize(("python3", "line"), [
    ("exit 1", "Python 3.11 or newer is needed, and there is no such python3 on this machine."),
    ('case "$*" in *ensurepip*) exit 1 ;; --version) echo Python 3.11.2 ;; esac',
     "Python 3.11.2 is here, but its part that makes virtual environments is missing."),
])
def test_a_machine_without_python_is_told_so(tmp_path, python3, line):
    run = run_venv(tmp_path, python3)
    assert run.returncode == 7 and run.stdout == ""
    assert run.stderr.splitlines()[0] == line and run.stderr.splitlines()[1].endswith("then run this command again.")
    assert not (tmp_path / ".venv").exists()
