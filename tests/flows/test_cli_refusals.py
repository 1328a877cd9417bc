"""Wrong inputs, from outside: each is refused with its exit code and check, and nothing else is harmed.

That no command ever prints a traceback or an invisible character is asserted for every command in `shell.ceremony`.
"""

from __future__ import annotations

import fcntl
import json
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Callable

import pytest

from ceremony.base.secret import Secret
from ceremony.record import sshsig
from ceremony.record.card import card_line, compose_card
from tests.flows.shell import ALWAYS, ROOT, Room, ceremony, environment, plan

PSBT = "cHNidP8BAAoCAAAAAAAAAAAAAA=="


def refused(room: Room, code: int, check: str, name: str, *words: str | Path, **more) -> dict:
    """The command ends so, and its --json says so."""
    ended = room.run(name, *words, **more)
    assert (ended.code, ended.json["check"]) == (code, check), ended
    assert set(ended.json) == {"check", "culprits", "seen", "meaning", "do"} and ended.err == ""
    return ended.json


# What is typed

@pytest.mark.parametrize("words", [[], ["stat"], ["status", "now"], ["--nothing"], ["open"], ["open", "refresh"],
                                   ["open", "sign"], ["result", "ab"], ["cancel", "ab"], ["declare", "absent"],
                                   ["go", "--usb"], ["prepare", "--nonces", "many"], ["--passphrase-fd", "x", "go"],
                                   ["station"], ["transcript"], ["charter", "revise", "x"], ["", ""], ["\x1b[31m"]])
def test_what_is_no_command_ends_with_2(words):
    assert ceremony(*words).code == 2


def test_usage_errors_have_the_form_of_all_errors():
    ended = ceremony("--json", "stat")
    assert ended.json["check"] == "USAGE" and "status" in ended.json["seen"]
    assert ceremony("stat").err.splitlines()[0].startswith("What happened: No such command 'stat'.")


@pytest.mark.parametrize(("code", "check", "words"), [
    (2, "CEREMONY-UNKNOWN", ["result", "ffff", "--to", "."]), (2, "CEREMONY-UNKNOWN", ["result", "", "--to", "."]),
    (4, "RESULT-KEYGEN", ["result", "KEYGEN", "--to", "."]), (2, "CEREMONY-UNKNOWN", ["cancel", "", "--reason", "x"]),
    (2, "TEXT-FORM", ["cancel", "KEYGEN", "--reason", " "]), (4, "CANCEL-ENDED", ["cancel", "KEYGEN", "--reason", "x"]),
    (2, "TEXT-FORM", ["declare", "absent", "bob", "--text", "a\x1bb"]),
    (2, "TEXT-FORM", ["declare", "absent", "bob", "--text", 401 * "a"]),
    (2, "DECLARE-WHAT", ["declare", "dead", "bob", "--text", "x"]),
    (2, "DECLARE-NAME", ["declare", "absent", "mallory", "--text", "x"]),
    (2, "ADDRESS-INDEX", ["address", "--index", "5-3"]), (2, "ADDRESS-INDEX", ["address", "--index", "0-100"]),
    (2, "ADDRESS-INDEX", ["address", "--index", "2147483648"]), (2, "ADDRESS-INDEX", ["address", "--index", "-1"]),
    (2, "ADDRESS-INDEX", ["address", "--index", "٣"]), (2, "ADDRESS-INDEX", ["address", "--index", 5000 * "9"]),
    (2, "PREPARE-NUMBER", ["prepare", "--nonces", "0"]), (2, "PREPARE-NUMBER", ["prepare", "--nonces", 30 * "9"]),
    (4, "KEYGEN-DONE", ["open", "keygen"]), (2, "TRANSCRIPT-LEVEL", ["transcript", "export", "--to", ".", "--level", "x"]),
    (2, "EVIDENCE-NONE", ["evidence", "export", "ff", "--to", "."]), (2, "DOC-NAME", ["doc", "../formats"]),
    (2, "FOLDER", ["go", "--usb", "/nonexistent"]), (2, "FOLDER", ["go", "--usb", "/dev/null"]),
    (2, "FOLDER", ["go", "--usb", 400 * "a/"]), (2, "FOLDER", ["go", "--usb", 300 * "a"]),
    (2, "FOLDER", ["station", "card", "--to", "/dev/null/x"]), (2, "FOLDER", ["station", "backup", "--to", "/nonexistent"]),
    (7, "HOME-EXISTS", ["station", "new", "--rehearsal"])])
def test_wrong_words_to_a_right_command(keyed_room: Room, code, check, words):
    keygen = keyed_room.status("alice")["ceremonies"][0]["id"][:8]
    refused(keyed_room, code, check, "alice", *[keygen if word == "KEYGEN" else word for word in words])


def test_a_group_that_is_not_clear(keyed: Room, tmp_path):
    group = keyed.status("alice")["group"]
    assert ceremony("--home", keyed.home("alice"), "--group", group[:6], "status").code == 0
    refused(keyed, 2, "GROUP-NONE", "alice", "address", before=("--json", "--group", "zz"))
    second = Room(keyed.folder, 2, 3)
    (keyed.folder / "second.toml").write_text(plan(2, second.names, name='"second"'))
    keyed.do("alice", "charter", "new", keyed.folder / "second.toml", "--cards", keyed.stick)
    refused(keyed, 2, "GROUP-AMBIGUOUS", "alice", "address")
    assert keyed.do("alice", "address", before=("--json", "--group", group[:8]))["addresses"]
    refused(keyed, 2, "GROUP-AMBIGUOUS", "alice", "go", "--usb", tmp_path)
    visit = keyed.do("alice", "go", "--usb", keyed.stick)
    assert len(visit["groups"]) == 1, "only the group that the stick knows"
    both = keyed.do("alice", "go", "--usb", keyed.stick, answers=[("accept.charter", "")],
                    before=("--json", "--group", keyed.status("alice")["groups"][1]["group"]))
    assert both["later"] == ["charter.accept"] and len(list(keyed.stick.glob("ceremony-*"))) == 2
    joined = keyed.do("bob", "go", "--usb", keyed.stick, answers=[("accept.charter", "")])
    assert len(joined["groups"]) == 2


# Files

@pytest.fixture
def strange(tmp_path: Path) -> Path:
    """A folder of files that nobody should have to read."""
    folder = tmp_path / "strange"
    folder.mkdir()
    os.mkfifo(folder / "fifo")
    (folder / "folder").mkdir()
    (folder / "empty").write_bytes(b"")
    (folder / "noise").write_bytes(bytes(range(256)) * 40)
    (folder / "link").symlink_to(folder / "nowhere")
    (folder / "loop").symlink_to(folder / "loop")
    with open(folder / "huge", "wb") as file:
        file.truncate(10**12)
    (folder / "cut.psbt").write_text(PSBT)
    Path(os.fsdecode(os.fsencode(str(folder)) + b"/n\xff\x1b[2Jame")).write_text("{")
    (folder / "deep").write_text("[" * 100_000)
    return folder


FILE_COMMANDS: list[list[str]] = [["open", "sign", "FILE"], ["charter", "new", "FILE", "--cards", "STICK"], ["scan", "FILE"],
                                  ["verify", "FILE"], ["station", "recover", "STICK", "FILE"]]


@pytest.mark.parametrize("words", FILE_COMMANDS, ids=lambda words: " ".join(words[:2]))
def test_strange_files_are_refused(keyed_room: Room, strange: Path, words: list[str]):
    for path in [*sorted(strange.iterdir()), strange / "missing", Path("/dev/zero"), Path(300 * "x"), Path("")]:
        put = [{"FILE": str(path), "STICK": str(keyed_room.stick)}.get(word, word) for word in words]
        ended = keyed_room.run("alice", *put)
        assert ended.code in {"verify": (2, 11, 12), "scan": (0, 2, 6), "open": (2, 4, 6)}.get(words[0], (2, 6)), (path, ended)
        if path.name in ("fifo", "huge", "link", "loop", "missing", "zero"):
            assert ended.code == 2 and ended.json["check"] == "FILE-READ"


def test_a_strange_folder_as_stick_is_only_reported(keyed: Room, strange: Path):
    group = next(keyed.stick.glob("ceremony-*"))
    for path in strange.iterdir():
        if path.name not in ("huge", "folder"):
            (group / f"{path.name}.json").symlink_to(path) if path.is_symlink() else shutil.move(path, group / f"{path.name}.json")
    os.mkfifo(group / "ended" / "pipe.jsonl")
    ended = keyed.run("bob", "go", "--usb", keyed.stick, answers=ALWAYS)
    assert ended.code == 6 and ended.json["held"] == [] and len(ended.json["problems"]) + len(ended.json["refused"]) >= 6
    assert keyed.run("bob", "go", "--usb", keyed.stick, before=()).code == 6


def test_good_files_come_in_beside_damaged_ones(keyed: Room):
    keyed.open_sign("alice", keyed.request("alice"), "--signers", "alice,bob")
    keyed.go("alice")
    one = next(keyed.stick.glob("ceremony-*/alice-*-sign.partial-*"))
    one.write_bytes(one.read_bytes()[:-40])
    ended = keyed.run("bob", "go", "--usb", keyed.stick, answers=[("sign.yes", "")])
    assert ended.code == 6 and [row["kind"] for row in ended.json["held"]] == ["sign.open"]
    assert one.name in json.dumps(ended.json["problems"])
    assert keyed.run("alice", "go", "--usb", keyed.stick).code == 6, "alice is told of it too, and writes hers again"
    assert [row["kind"] for row in keyed.go("bob", [("sign.yes", "")])["held"]] == ["sign.partial"]


def test_an_altered_body_is_refused_and_located(keyed: Room):
    keyed.do("alice", "declare", "absent", "bob", "--text", "in hospital")
    keyed.go("alice")
    one = next(keyed.stick.glob("ceremony-*/alice-*-declare-*"))
    one.write_bytes(one.read_bytes().replace(b"in hospital", b"in prison!!"))
    ended = keyed.run("bob", "go", "--usb", keyed.stick)
    [row] = ended.json["refused"]
    assert ended.code == 6 and row["check"] == "RECORD-LEAF" and one.name in row["where"]


def test_the_home_is_no_stick(keyed_room: Room):
    refused(keyed_room, 2, "STICK-IS-HOME", "alice", "go", "--usb", keyed_room.home("alice"))


def test_results_never_overwrite(keyed: Room, tmp_path):
    ceremony = keyed.open_sign("alice", keyed.request("alice"), "--signers", "alice,bob")
    keyed.round("alice", "bob")
    first = keyed.do("bob", "result", ceremony, "--to", tmp_path)["files"]
    assert keyed.do("bob", "result", ceremony, "--to", tmp_path)["files"] == first
    (tmp_path / first[0]).write_bytes(b"something of the holder's")
    again = keyed.do("bob", "result", ceremony, "--to", tmp_path)["files"]
    assert again[0] != first[0] and (tmp_path / first[0]).read_bytes() == b"something of the holder's"


# Plans and cards

def hostile_card(tmp_path: Path, **about: str) -> Path:
    """A card with a good signature and a nasty text, as another program may write it."""
    seed = Secret(os.urandom(32))
    fields = {"name": "carol", "person": "P", "organisation": "O", "site": "S", "contact": "C"} | about
    card = compose_card(sign=lambda m: sshsig.sign(seed, sshsig.namespace("card", "rehearsal"), m), mode="rehearsal",
                        identity=sshsig.openssh_public(sshsig.public_key(seed)), **fields)
    file = tmp_path / "cards" / "mallory.card.json"
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(card_line(card))
    return file


NASTY = "[red]\u200bPay\u2060 me\ufeff[/red] :smile: \U000e0041\u00ad" + "e" + 20 * "\u0301"


def test_nasty_cards_are_shown_plainly(empty: Callable[[], Room], tmp_path):
    room = empty()
    for name in ("alice", "bob"):
        room.new(name)
        room.do(name, "station", "card", "--to", tmp_path)
    hostile_card(tmp_path, person=NASTY, site=NASTY, organisation=NASTY, contact=NASTY)
    (tmp_path / "plan.toml").write_text(plan(2, room.names, contacts=f'[ {{ name = "D", how = "{NASTY}" }} ]', escalation='["D"]',
                                             name='"[bold]x[/bold]"'), "utf-8")
    ended = room.run("alice", "charter", "new", tmp_path / "plan.toml", "--cards", tmp_path, before=())
    assert ended.code == 0 and "(red)Pay me(/red) :smile: " in ended.out and "[red]" not in ended.out
    for words in (["charter", "show"], ["status"], ["go", "--usb", str(room.stick)]):
        shown = room.run("alice", *words, answers=[("accept.charter", "")], before=("--plain",))
        assert shown.code == 0 and "[red]" not in shown.out
    assert room.run("alice", "scan", tmp_path / "cards" / "mallory.card.json", before=()).code == 0


@pytest.mark.parametrize(("check", "other"), [
    ("CHARTER-THRESHOLD", {"threshold": "1"}), ("CHARTER-THRESHOLD", {"threshold": "4"}),
    ("CHARTER-NO-SPARE", {"threshold": "3"}), ("CHARTER-CARDS", {"stations": '["alice", "bob", "zoe"]'}),
    ("CHARTER-NETWORK", {"network": '"mainnet"'}), ("CHARTER-MODE", {"mode": '"production"', "network": '"signet"'}),
    ("CHARTER-CONTACTS", {"escalation": '["Nobody"]'}), ("PLAN-MALFORMED", {"colour": '"red"'}),
    ("PLAN-MALFORMED", {"threshold": '"2"'})])
def test_plans_are_refused_with_the_reason(founded_room: Room, tmp_path, check, other):
    (tmp_path / "plan.toml").write_text(plan(2, founded_room.names, **other))
    code = 6 if check == "PLAN-MALFORMED" else 4
    refused(founded_room, code, check, "alice", "charter", "new", tmp_path / "plan.toml", "--cards", founded_room.stick)


def test_founding_twice_is_refused(founded_room: Room):
    refused(founded_room, 4, "CHARTER-FOUNDED", "alice", "charter", "new", founded_room.folder / "plan.toml", "--cards",
            founded_room.stick)


@pytest.mark.parametrize("about", [{"name": "Alice"}, {"name": "a"}, {"person": ""}, {"site": "[x]"}, {"contact": 121 * "x"}])
def test_a_card_that_cannot_be(empty: Callable[[], Room], about):
    room = empty()
    ended = room.run("alice", "station", "new", "--rehearsal", answers=[
        (f"card.{field}", about.get(field, "alice")) for field in ("name", "person", "organisation", "site", "contact")])
    assert (ended.code, ended.json["check"]) == (2, "CARD-FIELD") and not room.home("alice").exists()


# The home

def test_no_home(tmp_path):
    for home in (tmp_path / "none", Path("/dev/null"), Path("/dev/null/x"), tmp_path / (300 * "a")):
        ended = ceremony("--json", "--home", home, "status")
        assert ended.code == 7 and ended.json["check"] in ("HOME-MISSING", "SYSTEM")
    assert ceremony("--json", "status").json["check"] == "HOME-MISSING", "HOME itself does not exist"
    assert ceremony("--json", "status", env=environment(CEREMONY_HOME=str(tmp_path))).json["check"] == "HOME-MISSING"


def test_a_home_that_is_in_use(keyed_room: Room):
    with open(keyed_room.home("alice") / "lock", "rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for words in (["status"], ["go"], ["station", "show"]):
            refused(keyed_room, 7, "STATION-LOCKED", "alice", *words)


def test_a_home_that_others_can_read(keyed: Room):
    keyed.home("alice").chmod(0o755)
    refused(keyed, 7, "HOME-PERMISSIONS", "alice", "go")


def test_a_home_that_is_damaged(keyed: Room):
    file = keyed.home("alice") / "station.sqlite"
    raw = bytearray(file.read_bytes())
    raw[100:4096] = bytes(3996)
    file.write_bytes(raw)
    ended = keyed.run("alice", "go")
    assert ended.code == 7 and ended.json["check"].startswith("STORE-")


def test_a_disk_that_is_full(keyed: Room):
    """Every write beyond a file size fails, as on a full disk; afterwards nothing is lost and nothing was said."""
    before = keyed.status("alice")

    def full() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))

    reader, writer = os.pipe()
    os.write(writer, b"passphrase of alice\n")
    os.close(writer)
    ended = ceremony("--home", keyed.home("alice"), "--json", "--passphrase-fd", str(reader), "prepare",
                     pass_fds=(reader,), preexec_fn=full)
    os.close(reader)
    assert ended.code == 7 and ended.json["check"] in ("STORE-FULL", "STORE-DISK")
    assert keyed.status("alice") == before and keyed.do("alice", "prepare")["did"]


# People and scripts

def test_without_a_terminal_nobody_is_asked(keyed: Room):
    ended = ceremony("--json", "--home", keyed.home("alice"), "prepare")
    assert (ended.code, ended.json["check"]) == (8, "NEEDS-TERMINAL")


@pytest.mark.parametrize(("code", "check", "text"), [
    (8, "ANSWERS-MISSING", ""), (8, "ANSWERS-UNKNOWN", '{"id":"sing.yes","answer":"Yes"}'),
    (6, "ANSWERS-MALFORMED", "{"), (6, "ANSWERS-MALFORMED", '{"id":"sign.yes"}'), (6, "ANSWERS-MALFORMED", '["sign.yes","Yes"]'),
    (6, "ANSWERS-MALFORMED", '{"id":"sign.yes","answer":true}'), (6, "ANSWERS-MALFORMED", "\xff"), (6, "ANSWERS-MALFORMED", 9**5 * "[")])
def test_answers_that_are_none(keyed: Room, tmp_path, code, check, text):
    keyed.open_sign("alice", keyed.request("alice"), "--signers", "alice,bob")
    (tmp_path / "answers").write_bytes(text.encode("latin-1"))
    before = keyed.status("alice")
    ended = keyed.run("alice", "go", before=("--json", "--answers", tmp_path / "answers"))
    found = ended.json["stopped"] if ended.json.get("stopped") else ended.json
    assert (ended.code, found["check"]) == (code, check) and keyed.status("alice") == before


@pytest.mark.parametrize("fd", ["99", "-1", "0", 30 * "9"])
def test_a_passphrase_that_does_not_come(keyed_room: Room, fd):
    ended = ceremony("--json", "--home", keyed_room.home("alice"), "--passphrase-fd", fd, "prepare")
    assert (ended.code, ended.json["check"]) == (8, "PASSPHRASE-FD")


def test_a_wrong_passphrase_is_counted(keyed: Room):
    refused(keyed, 7, "VAULT-PASSPHRASE", "alice", "prepare", passphrases=["wrong"])
    assert keyed.status("alice")["passphrase_failures"] == 1
    keyed.do("alice", "prepare")
    assert keyed.status("alice")["passphrase_failures"] == 0
    keyed.do("alice", "station", "passphrase", passphrases=["passphrase of alice", "another"])
    refused(keyed, 7, "VAULT-PASSPHRASE", "alice", "prepare")
    keyed.do("alice", "prepare", passphrases=["another"])


def test_a_clock_and_its_mark(keyed: Room):
    ended = keyed.run("alice", "declare", "absent", "bob", "--text", "x", before=("--json", "--clock", "yesterday"))
    assert (ended.code, ended.json["check"]) == (2, "CLOCK-FORM")
    keyed.do("alice", "declare", "absent", "bob", "--text", "x", before=("--json", "--clock", "2027-01-02T03:04:05Z"))
    keyed.go("alice")
    entry = json.loads(next(keyed.stick.glob("ceremony-*/alice-*-declare-*")).read_bytes())
    assert entry["time"] == "2027-01-02T03:04:05Z" and entry["body"]["aids"] == ["answers", "clock", "passphrase-fd"]
    late = ceremony("--json", "--home", keyed.home("alice"), "--clock", "2027-06-01T00:00:00Z", "status").json
    assert late["key"]["overdue"] and late["key"]["age_days"] > 90


# Outputs that go nowhere

@pytest.mark.parametrize("closing", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_do_no_harm(keyed: Room, closing):
    command = f"exec {sys.executable} -m ceremony --home {keyed.home('alice')} go --usb {keyed.stick} {closing}"
    done = subprocess.run(["sh", "-c", command], cwd=ROOT, env=environment(), capture_output=True, timeout=60,
                          start_new_session=True)
    assert done.returncode == 0 and b"Traceback" not in done.stderr
    assert keyed.do("alice", "station", "show")["name"] == "alice"


def test_a_reader_that_goes_away_changes_nothing(keyed: Room):
    keyed.do("alice", "declare", "absent", "bob", "--text", "x")
    command = f"{sys.executable} -m ceremony --home {keyed.home('alice')} go --usb {keyed.stick} | true; exit $?"
    assert subprocess.run(["sh", "-c", command], cwd=ROOT, env=environment(), stderr=subprocess.PIPE).stderr == b""
    assert list(keyed.stick.glob("ceremony-*/alice-*-declare-*")), "the stick was written all the same"


def test_output_that_is_lost_is_said(keyed_room: Room):
    with open("/dev/full", "wb") as full:
        done = subprocess.run([sys.executable, "-m", "ceremony", "--home", str(keyed_room.home("alice")), "status"], cwd=ROOT,
                              env=environment(), stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 7 and "OUTPUT-LOST" in done.stderr
