"""What random walks found, as the shortest ways there. Each test names what a holder saw before it was mended."""

from __future__ import annotations

import shutil

import pytest

from tests.crew import Crew
from tests.faults import laws
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


def test_a_second_version_of_a_signature_changes_the_seal_of_a_done_request(founded):
    """Who held a copied signer's signature under the earlier text said that it was signed; the others said that it was not."""
    crew = founded
    crew.run("alice", "open", "keygen")
    crew.carry("alice", lambda told: bool(told["key"]))
    crew.run("alice", "open", "sign", str(crew.request()), "--signers", "alice,bob")
    old, home = crew.folder / "old", crew.home("alice")
    shutil.copytree(home, old)
    for name in ("alice", "bob", "alice", "carol"):
        assert crew.go(name)["faults"] == []
    first = said_by_alice(crew)
    usual = crew.stick
    for number in range(40):  # the version that sorts first is the one that counts
        crew.stick = crew.folder / f"other-{number}"
        crew.stick.mkdir()
        shutil.rmtree(home)
        shutil.copytree(old, home)
        crew.go("alice")
        if said_by_alice(crew) < first:
            break
    assert crew.go("carol", expect=(5,))["forks"]
    crew.stick = usual
    told = [crew.go(name, expect=(0, 5)) for name in ("carol", "bob", "carol", "bob")]
    assert told[2]["ceremonies"] == told[3]["ceremonies"] and told[3]["ceremonies"][-1]["unsealed"] == ["alice"]
    assert not any(one["refused"] for one in told)


def said_by_alice(crew: Crew) -> str:
    return next(entry.id for entry in laws.on_stick(crew.stick) if (entry.author, entry.kind) == ("alice", "sign.partial"))
