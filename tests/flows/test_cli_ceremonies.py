"""Whole ceremonies by the real commands, each in a process of its own, as three holders with one stick would type them."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest

from ceremony.chains.bitcoin.psbt import read_psbt
from ceremony.rehearsal import coins
from tests.flows.shell import ALWAYS, Room


def test_a_key_is_made_round_one_stick(founded: Room):
    founded.round("bob", "carol")
    founded.keygen()
    keys = {founded.status(name)["key"]["id"] for name in founded.names}
    assert len(keys) == 1
    shown = {json.dumps(founded.do(name, "address", "--index", "0-2")["addresses"]) for name in founded.names}
    assert len(shown) == 1


def test_the_number_of_visits_is_the_one_promised(founded: Room):
    founded.round("bob", "carol")  # everybody knows that the group is founded
    founded.open_keygen("alice")
    visits = 0
    for name in 4 * founded.names:
        founded.go(name)
        visits += 1
        if founded.status(name)["key"]:
            break
    assert visits == 7
    following = [founded.go(name) for name in ("bob", "carol")]
    assert all(one["key"] for one in following), "nine visits until all have it"


@pytest.mark.parametrize("version", [0, 2])
def test_a_request_is_signed_by_two_and_connects(keyed: Room, version: int, tmp_path):
    file = keyed.request("alice", version=version)
    ceremony = keyed.open_sign("alice", file, "--signers", "alice,carol")
    keyed.go("alice")
    end = keyed.go("carol")
    assert any("result" in text for text in end["news"])
    result = keyed.do("carol", "result", ceremony[:8], "--to", tmp_path / "out")
    psbt, base64, raw = ((tmp_path / "out" / name).read_bytes() for name in result["files"])
    assert read_psbt(psbt).serialize() == read_psbt(base64).serialize() and read_psbt(psbt).version == version
    pytest.importorskip("pbk", reason="NOT RUN: py-bitcoinkernel is not installed")
    verdict = coins.connect((keyed.folder / "chain.json").read_bytes(), bytes.fromhex(raw.decode()))
    assert verdict.after == verdict.before + 1 and verdict.after_twin == verdict.before


@pytest.mark.parametrize("encode", [lambda raw: raw, lambda raw: raw.hex().encode(), lambda raw: _base64(raw)])
def test_a_psbt_is_read_in_its_three_encodings(keyed: Room, encode):
    file = keyed.request("alice")
    file.write_bytes(encode(file.read_bytes()))
    looked = keyed.do("alice", "open", "sign", file, "--look")
    assert looked["request"]["paid_sat"] == 6_000_000_000 and looked["signers"] == ["alice", "bob"]
    assert keyed.status("alice")["ceremonies"][-1]["kind"] == "keygen", "a look opens nothing"


def _base64(raw: bytes) -> bytes:
    import base64

    return base64.encodebytes(raw)


def test_declining_ends_a_request_and_says_why(keyed: Room):
    ceremony = keyed.open_sign("alice", keyed.request("alice"), "--signers", "alice,bob")
    keyed.go("alice", [("sign.yes", "No"), ("decline.reason", "wrong address")])
    end = keyed.go("bob", [])
    assert end["ceremonies"][-1]["status"] == "dead" and end["ceremonies"][-1]["why"] == "alice: wrong address"
    refused = keyed.run("alice", "result", ceremony[:8], "--to", keyed.stick)
    assert refused.code == 4 and refused.json["check"] == "RESULT-UNFINISHED"


def test_putting_off_says_no_word_and_asks_again(keyed: Room):
    keyed.open_sign("alice", keyed.request("alice"), "--signers", "alice,bob")
    later = keyed.go("alice", [("sign.yes", "")])
    assert later["later"] == ["sign.partial"] and later["did"] == [] and later["next"]["name"] == "bob"
    assert keyed.go("alice")["did"] == ["signed its part"]


def test_cancelling_tells_the_consequence_first(keyed: Room):
    ceremony = keyed.open_sign("alice", keyed.request("alice"), "--signers", "alice,bob")
    keyed.go("alice")
    said = keyed.do("bob", "go", "--usb", keyed.stick, answers=[("sign.yes", "")])
    assert said["later"] == ["sign.partial"]
    refused = keyed.run("carol", "cancel", ceremony[:8], "--reason", "no", answers=ALWAYS)
    assert refused.code == 2, "carol has never heard of it"
    keyed.go("carol")
    assert keyed.run("carol", "cancel", ceremony[:8], "--reason", "no", answers=ALWAYS).json["check"] == "CANCEL-NOT-YOURS"
    unsaid = keyed.run("alice", "cancel", ceremony[:8], "--reason", "typo", answers=[("cancel.yes", "yes")])
    assert unsaid.code == 4 and unsaid.json["check"] == "HOLDER-DECLINED"
    done = keyed.do("alice", "cancel", ceremony[:8], "--reason", "typo")
    assert "cannot be recalled" in done["consequence"]
    keyed.round("alice", "bob")
    assert keyed.status("bob")["ceremonies"][-1]["status"] == "dead"
    assert keyed.run("alice", "cancel", ceremony[:8], "--reason", "x", answers=ALWAYS).json["check"] == "CANCEL-ENDED"


def test_a_certified_key_generation_cannot_be_cancelled(founded: Room):
    founded.round("bob", "carol")
    ceremony = founded.open_keygen("alice")
    founded.round("alice", "bob", "carol")
    refused = founded.run("carol", "cancel", ceremony[:8], "--reason", "no", answers=ALWAYS)
    assert refused.code == 4 and refused.json["check"] == "CANCEL-CERTIFIED"
    founded.do("alice", "cancel", ceremony[:8], "--reason", "fire alarm")
    founded.carry("alice")
    assert founded.status("carol")["ceremonies"][-1]["why"] == "alice: fire alarm"
    founded.round("alice", "bob", "carol", "alice")
    founded.keygen()
    assert founded.status("bob")["key"], "a second attempt with fresh host keys"


def test_declining_a_key_generation(founded: Room):
    founded.open_keygen("alice")
    founded.go("alice")
    founded.go("bob", [("keygen.yes", "No"), ("decline.reason", "not today")])
    assert founded.status("bob")["ceremonies"][-1]["why"] == "bob: not today"
    refused = founded.run("bob", "address")
    assert refused.code == 4 and refused.json["check"] == "ADDRESS-NO-KEY"


def test_one_visit_twice_is_nothing_new(keyed: Room):
    again = keyed.go("bob")
    assert (again["held"], again["did"], again["written"], again["news"]) == ([], [], [], [])
    plain = keyed.run("bob", "go", "--usb", keyed.stick, before=())
    assert "Nothing new on the stick." in plain.out and "Nothing to do here." in plain.out


def test_a_lost_stick_is_replaced_by_an_empty_one(founded: Room, tmp_path):
    founded.open_keygen("alice")
    founded.round("alice", "bob")
    shutil.rmtree(founded.stick)
    founded.stick.mkdir()
    founded.carry("bob")
    assert all(founded.status(name)["key"] for name in founded.names)


def test_two_sticks_that_know_different_things(founded: Room, tmp_path):
    second = tmp_path / "second"
    shutil.copytree(founded.stick, second)
    founded.open_keygen("alice")
    founded.go("alice")                      # onto the first stick
    founded.go("bob", stick=second)          # bob knows nothing of it yet
    founded.go("alice", stick=second)
    founded.go("carol", stick=second)
    founded.go("bob")
    founded.carry("carol")
    assert all(founded.status(name)["key"] for name in founded.names)


def test_looking_changes_nothing(founded: Room):
    founded.open_keygen("alice")
    founded.go("alice")
    before = {path: path.read_bytes() for path in founded.stick.rglob("*") if path.is_file()}
    home = (founded.home("bob") / "station.sqlite").read_bytes()
    looked = founded.do("bob", "go", "--usb", founded.stick, "--look", answers=())
    assert looked["state"] == "looked" and [row["kind"] for row in looked["held"]].count("keygen.open") == 1
    assert (founded.home("bob") / "station.sqlite").read_bytes() == home
    assert {path: path.read_bytes() for path in founded.stick.rglob("*") if path.is_file()} == before


def test_a_station_joins_only_groups_that_list_it(founded: Room):
    founded.new("dave")
    looked = founded.do("dave", "go", "--usb", founded.stick, answers=())
    assert looked["groups"] == [] and len(looked["strangers"]) == 1
    assert founded.status("dave")["groups"] == []


def test_backup_and_recovery_on_a_new_machine(keyed: Room, tmp_path):
    safe = tmp_path / "safe"
    safe.mkdir()
    done = keyed.do("carol", "station", "backup", "--to", safe, passphrases=["passphrase of carol", "of the safe"])
    assert done["backups_missing"] == ["alice", "bob"] and "never holds" in done["never"]
    keyed.go("carol")
    (keyed.home("carol")).rename(tmp_path / "burnt")
    backup = safe / done["file"]
    wrong = keyed.run("carol", "station", "recover", keyed.stick, backup, passphrases=["not of the safe"])
    assert wrong.code == 7 and wrong.json["check"] == "BACKUP-PASSPHRASE" and not keyed.home("carol").exists()
    join = keyed.do("carol", "station", "recover", keyed.stick, backup,
                    passphrases=["of the safe", "new passphrase", "new passphrase"])["join"]
    asking = keyed.do("carol", "go", "--usb", keyed.stick, passphrases=["new passphrase"])
    assert asking["standing"] == "asking"
    for name, reader in (("alice", "bob"), ("bob", "alice")):
        keyed.run(reader, "go", "--usb", keyed.stick, answers=[("admit.incarnation", "")])
        words = keyed.words(reader, join)
        keyed.go(name, [("admit.incarnation", "Yes"), ("admit.reader", reader), ("admit.words", words)])
    keyed.do("carol", "go", "--usb", keyed.stick, passphrases=["new passphrase"])
    keyed.round("alice")
    file = keyed.request("alice")
    keyed.open_sign("alice", file, "--signers", "alice,carol")
    keyed.go("alice")
    end = keyed.do("carol", "go", "--usb", keyed.stick, passphrases=["new passphrase"])
    assert end["ceremonies"][-1]["status"] == "done" and end["standing"] == "member"
    keyed.home("carol").rename(tmp_path / "new")
    (tmp_path / "burnt").rename(keyed.home("carol"))
    old = keyed.go("carol")
    assert old["standing"] == "replaced" and "replaced by a newer one" in old["sentence"]


def test_declarations_are_seen_by_everybody(keyed: Room):
    keyed.do("alice", "declare", "absent", "carol", "--text", "in hospital")
    keyed.round("alice", "bob")
    assert keyed.status("bob")["declared"][0] | {"time": ""} == {
        "by": "alice", "name": "carol", "text": "in hospital", "what": "absent", "time": ""}


def test_nonces_ahead(keyed: Room):
    before = keyed.status("bob")["nonces"]["alice"]
    keyed.do("alice", "prepare", "--nonces", "5")
    keyed.round("alice", "bob")
    assert keyed.status("bob")["nonces"]["alice"] == before + 5


def test_a_witness_signs_with_a_key_of_their_own(empty, tmp_path, tool):
    subprocess.run([tool("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", tmp_path / "wendy"], check=True)
    key = " ".join((tmp_path / "wendy.pub").read_text().split()[:2])
    room = empty()
    room.found(witnesses=f'[ {{ name = "wendy", key = "{key}" }} ]')
    seal = next(room.stick.glob("ceremony-*/seals/*.seal"))
    subprocess.run([tool("ssh-keygen"), "-q", "-Y", "sign", "-n", "ceremony-seal-v1@rehearsal.ceremony", "-f",
                    tmp_path / "wendy", seal], check=True, stderr=subprocess.DEVNULL)
    seal.with_name(f"{seal.name}.sig").rename(seal.with_name(f"{seal.stem}-wendy-0.sig"))
    assert room.go("bob")["seals"] == 2, "alice's and the witness's"
    assert room.go("carol")["refused"] == []
