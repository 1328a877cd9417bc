"""Two copies of one station, and stations that are replaced or absent: what the commands say and refuse."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.flows.shell import ALWAYS, Room, ceremony

TWO_VERSIONS = "dishonest, copied, or restored from an old copy"


@pytest.fixture
def copied(keyed: Room, tmp_path: Path) -> tuple[Room, Path, Path]:
    """alice's home exists twice, and each of the two has said something on a stick of its own."""
    sticks = [tmp_path / "first", tmp_path / "second"]
    shutil.copytree(keyed.home("alice"), keyed.folder / "alice-old")
    for home, stick in zip(("alice", "alice-old"), sticks):
        shutil.copytree(keyed.stick, stick)
        secret = ["passphrase of alice"]
        keyed.do(home, "declare", "deviation", "alice", "--text", f"said at {home}", passphrases=secret)
        keyed.do(home, "go", "--usb", stick, passphrases=secret)
    return keyed, *sticks


def test_two_versions_are_told_to_whoever_sees_both(copied):
    room, first, second = copied
    room.go("bob", stick=first)
    seen = room.run("bob", "go", "--usb", second)
    assert seen.code == 5 and [(one["check"], one["culprits"]) for one in seen.json["forks"]] == [("RECORD-FORK", ["alice"])]
    again = room.run("bob", "go", "--usb", second)
    assert again.code == 0 and again.json["forks"] == [], "said once; status keeps saying it"
    shown = ceremony("--home", room.home("bob"), "status")
    assert shown.code == 0 and f"alice has two versions of entry {list(room.status('bob')['forks'].values())[0]}" in shown.out
    assert TWO_VERSIONS in shown.out
    evidence = room.do("bob", "evidence", "export", "", "--to", room.folder / "evidence")
    assert any("record-fork-alice" in name for name in evidence["files"])


def test_a_copy_that_meets_its_other_self_says_nothing_more(copied):
    room, first, _ = copied
    secret = {"passphrases": ["passphrase of alice"]}
    visit = room.run("alice-old", "go", "--usb", first, **secret)
    assert visit.code == 7 and visit.json["stopped"]["check"] == "STATION-COPIED"
    for words in (["declare", "absent", "bob", "--text", "x"], ["prepare"], ["open", "sign", str(room.request("bob"))],
                  ["station", "backup", "--to", str(room.folder)]):
        ended = room.run("alice-old", *words, answers=ALWAYS, **secret)
        assert (ended.code, ended.json["check"]) == (7, "STATION-COPIED"), words
    assert room.status("alice-old")["state"] in ("waiting", "finished"), "it can still be looked at"


def test_an_absent_holder_is_not_waited_for_without_a_word(keyed: Room):
    keyed.open_sign("alice", keyed.request("alice"), "--signers", "alice,carol")
    keyed.do("alice", "declare", "absent", "carol", "--text", "in hospital")
    closing = keyed.go("alice")["closing"]
    assert "carol was declared absent" in closing and "other signers" in closing
    old = keyed.status("alice")["ceremonies"][-1]["id"]
    held = keyed.run("alice", "open", "sign", keyed.folder / "request-0.psbt", "--signers", "alice,bob")
    assert held.json["check"] == "SIGN-RESERVED"
    new = keyed.open_sign("alice", keyed.folder / "request-0.psbt", "--signers", "alice,bob", "--replaces", old[:8])
    keyed.round("alice", "bob")
    assert keyed.status("bob")["ceremonies"][-1] | {"id": new, "status": "done"} == keyed.status("bob")["ceremonies"][-1]
    exposed = ceremony("--home", keyed.home("bob"), "status").out
    assert "signatures of alice are out and cannot be recalled" in exposed
