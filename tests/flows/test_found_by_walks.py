"""What random walks found, as the shortest ways there. Each test names what a holder saw before it was mended."""

from __future__ import annotations

import shutil

import pytest

from tests.crew import Crew
from tests.light import lighten


@pytest.fixture(autouse=True)
def light(monkeypatch):
    lighten(monkeypatch.setitem, monkeypatch.setattr)


@pytest.fixture
def founded(tmp_path) -> Crew:
    crew = Crew(tmp_path)
    crew.make()
    crew.accept()
    crew.carry("bob", lambda told: bool(told["founded"]))
    return crew


NO = [("keygen.yes", "No"), ("decline.reason", "not today")] * 2


def test_two_refusals_given_at_the_same_time_change_a_seal_that_was_signed(founded):
    """Signatures under the shorter text were called damage at every visit, and the new ones, put beside them, never read."""
    crew = founded
    crew.run("alice", "open", "keygen")
    crew.go("alice", [("keygen.yes", "")])
    shutil.copytree(crew.stick, crew.folder / "other")
    crew.go("bob", NO)
    other, crew.stick = crew.stick, crew.folder / "other"
    crew.go("carol", NO)
    crew.stick = other
    for name in ["carol", "bob", "alice", "carol", "bob"]:
        told = crew.go(name)
        assert told["refused"] == told["problems"] == []
    assert [one["unsealed"] for one in told["ceremonies"]] == [[]]


def test_a_damaged_signature_under_a_dead_ceremonys_seal_is_still_told(founded):
    crew = founded
    crew.run("alice", "open", "keygen")
    dead, = crew.go("alice", NO)["ceremonies"]
    signature = next(crew.stick.rglob(f"{dead['id']}-alice-0.sig"))
    signature.write_bytes(signature.read_bytes()[:100])
    told = crew.go("bob", NO, expect=(6,))
    assert [one["check"] for one in told["refused"]] == ["SSHSIG-MALFORMED"]
