"""What every test may ask for: the public vectors, outside tools, and how hard hypothesis should try.

A test whose vectors or tools are not on this machine is skipped with a reason that starts ``NOT RUN:``; all such reasons
are listed before pytest's closing line. With ``--require-all`` they are failures.
"""

from __future__ import annotations

import ctypes.util
import shutil
from collections import Counter
from pathlib import Path
from typing import Callable

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent
LIBRARIES = {"libzbar": "zbar"}  # what pyzbar opens by itself; every other tool is a command

# `ci` is the default and gives the same examples every time. `deep` is for scripts/fuzz: --hypothesis-profile=deep
settings.register_profile("ci", max_examples=50, derandomize=True, deadline=None,
                          suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("deep", max_examples=2000, deadline=None, print_blob=True,
                          suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("ci")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--vectors", metavar="DIR", type=Path, default=ROOT.parent / "shared" / "vectors",
                     help="folder of the public test vectors (default: ../shared/vectors beside this checkout)")
    parser.addoption("--require-all", action="store_true",
                     help="a missing tool or vector folder is a failure and not a skip")


@pytest.fixture(scope="session")
def vectors(pytestconfig: pytest.Config) -> Path:
    """The folder of public vectors."""
    folder: Path = pytestconfig.getoption("--vectors").resolve()
    if not folder.is_dir():
        pytest.skip("NOT RUN: no folder of public vectors; name it with --vectors DIR")
    return folder


@pytest.fixture(scope="session")
def tool() -> Callable[[str], str]:
    """``tool("ssh-keygen")`` gives the path of a command, or the file name of a library (``tool("libzbar")``)."""

    def find(name: str) -> str:
        found = ctypes.util.find_library(LIBRARIES[name]) if name in LIBRARIES else shutil.which(name)
        if found is None:
            pytest.skip(f"NOT RUN: {name} is not installed")
        return found

    return find


def _not_run(report: pytest.TestReport | pytest.CollectReport) -> str | None:
    """The reason of a skip for want of something; None for any other report."""
    if not report.skipped or not isinstance(report.longrepr, tuple):
        return None
    reason = report.longrepr[2].removeprefix("Skipped: ")
    return reason if reason.startswith("NOT RUN:") else None


def _required(report, config: pytest.Config):
    """With --require-all, the same report as a failure."""
    if config.getoption("--require-all") and (reason := _not_run(report)):
        report.outcome, report.longrepr = "failed", reason
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item):
    return _required((yield), item.config)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector):
    return _required((yield), collector.config)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Lists what was left out for want of a tool or folder, so that a short run is never taken for a full one."""
    missed = Counter(filter(None, map(_not_run, terminalreporter.getreports("skipped"))))
    if missed:
        terminalreporter.section("not run on this machine")
    for reason, count in sorted(missed.items()):
        terminalreporter.line(f"{reason} ({count} {'test' if count == 1 else 'tests'})")
