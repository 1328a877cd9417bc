"""Audits of whole transcripts, made in one process with real stores: every level, with and without mishaps, and the same
record checked with stock tools alone."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from ceremony.algebra.secp256k1 import N
from ceremony.codec.words import words
from ceremony.protocols.keygen import rounds
from ceremony.record.heads import heads_hash
from ceremony.station.steps_keygen import open_keygen
from ceremony.station.steps_sign import open_sign
from ceremony.station.transcript import export, export_evidence, folder_name
from ceremony.verify.main import STEPS, audit
from tests.audit_kit import (
    TRANSCRIPT, cards, edited, fingerprint, grave, of_stick, one, report_of, shown, sign, whole)
from tests.flows.table import Table, regtest_psbt
from tests.liars import Liar, copy_home, entries, log_of, put


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> Table:
    return whole(tmp_path_factory.mktemp("table"))


@pytest.mark.parametrize("t, n", [(2, 3), (3, 5)])
def test_a_whole_transcript_is_valid_but_for_being_a_rehearsal(tmp_path, t, n):
    made = whole(tmp_path, t, n)
    report = report_of(made)
    assert (report.verdict, report.exit_code) == ("VALID WITH DEVIATIONS", 10)
    assert grave(report) == [] and one(report, "MODE-REHEARSAL")
    assert [step.number for step in report.steps] == list(range(1, 12)) and all(step.made for step in report.steps)
    assert not any(step.not_made for step in report.steps)
    assert report.facts["keys"][0]["id"] == made.key().id
    assert [c["sealed"] for c in report.facts["ceremonies"]] == [n, n, n]


def test_production_without_any_deviation_is_valid(tmp_path, stock):
    table = Table(tmp_path, 2, 3, mode="production")
    table.found()
    table.keygen()
    for name in table.names:  # every holder read a backup back
        desk = table[name].sit()
        with desk.step() as step:
            step.say("backup.read", {"epoch": 0, "key": desk.state.key.id, "file": "ab" * 32})
    table.round()
    table.round()
    report = audit(shown(table), cards(table))
    assert (report.verdict, report.exit_code) == ("VALID", 0) and grave(report) == []
    code, said = _check(_written(shown(table), tmp_path / "out"))
    assert code == 0 and any(line.startswith("mode production") for line in said)


def test_every_station_exports_the_same_record(table):
    texts = [export(table[name].sit(), "auditor") for name in table.names]
    assert texts[0] == texts[1] == texts[2]
    assert folder_name(table.charter.group, "auditor") == f"transcript-{table.charter.group[:16]}-auditor"


@pytest.mark.parametrize("level", ["auditor", "internal"])
def test_levels_with_all_bodies(table, level):
    assert report_of(table, level).exit_code == 10


def test_the_public_level_shows_no_body_and_keeps_heads_and_signatures(table):
    files = shown(table, "public")
    assert b'"body"' not in files[TRANSCRIPT] and b'"salt"' not in files[TRANSCRIPT]
    for trust in (cards(table), [("own list", files["allowed_signers"])]):
        report = audit(files, trust)
        assert (report.verdict, report.exit_code) == ("INCOMPLETE", 11)
        assert grave(report) == ["BODY-WITHHELD"]
        assert report.facts["heads"] == report_of(table).facts["heads"]
        assert report.steps[2].made == report.facts["entries"] and report.steps[9].made
        assert all(step.not_made for step in report.steps if step.number in (6, 7, 8, 9, 10, 11))


def test_the_anchor_may_be_words_or_a_file_that_holds_the_fingerprint(table):
    files = shown(table)
    for raw in (table.charter.group, table.charter.group.upper() + "\n", " ".join(words(table.charter.group)) + "\n"):
        assert audit(files, [("given", raw.encode())]).exit_code == 10
    assert audit(files, cards(table)).exit_code == audit(files, [("list", files["allowed_signers"])]).exit_code == 10


def test_a_stick_can_be_audited_as_it_is(table):
    report = audit(table.stick, fingerprint(table))
    assert report.exit_code == 10 and report.facts["heads"] == report_of(table).facts["heads"]


def test_the_report_is_plain_text_of_eighty_columns_and_json(table):
    report = report_of(table)
    assert all(len(line) <= 80 for line in report.text().splitlines())
    for number, title, _ in STEPS:
        assert f"{number:2}. " in report.text()
    assert "What this does not prove" in report.text() and "check.sh" in report.text()
    assert report.as_json()["exit"] == 10 and len(report.as_json()["steps"]) == 11 and report.as_json()["not_proven"]


def test_declined_requests_and_what_had_been_given_for_them_are_told(tmp_path):
    table = Table(tmp_path, 2, 3)
    table.found()
    table.keygen()
    table["bob"].holder.answers |= {"sign.yes": "No", "decline.reason": "I do not know this payee"}
    sign(table)
    table.round()
    report = report_of(table)
    assert report.exit_code == 10 and grave(report) == ["SIGN-DEAD", "SIGN-EXPOSED", "HOLDER-REFUSED"]
    assert "I do not know this payee" in one(report, "HOLDER-REFUSED").text


def test_a_cancelled_request_is_told(tmp_path):
    table = Table(tmp_path, 2, 3)
    table.found()
    table.keygen()
    _, psbt = regtest_psbt(table)
    table["alice"].visit(table.stick, lambda desk: open_sign(desk, psbt, ("bob", "carol")))
    desk = table["alice"].sit()
    with desk.step() as step:
        step.say("cancel", {"reason": "the invoice was a fraud"}, desk.state.signings[0].id)
    table.round()
    table.round()
    report = report_of(table)
    assert report.exit_code == 10 and grave(report) == ["SIGN-DEAD", "HOLDER-REFUSED"]


def test_a_key_generation_refused_with_an_opened_share_names_the_dealer(tmp_path, monkeypatch):
    """Bob deals carol a wrong share; she opens it, and the auditor decides as everybody did. The next attempt works."""
    table = Table(tmp_path, 2, 3)
    table.found()
    cheated = _deal_wrongly(table, monkeypatch, "bob", "carol")
    assert cheated.status == "dead"
    while not table.key():
        table.round()
        if not [k for k in table["alice"].sit().state.keygens if k.status != "dead"]:
            table["alice"].visit(table.stick, open_keygen)
    table.round()
    report = report_of(table)
    assert report.exit_code == 10 and one(report, "KEYGEN-SHARE").culprits == ("bob",)
    assert {"KEYGEN-DEAD", "HOLDER-REFUSED"} <= set(grave(report)) and report.facts["keys"]
    evidence = export_evidence(table["alice"].sit(), cheated.id[:12])
    alone = audit(evidence, cards(table))
    assert one(alone, "KEYGEN-SHARE").culprits == ("bob",) and "EVIDENCE-UNPROVEN" not in grave(alone)


def _deal_wrongly(table: Table, monkeypatch, dealer: str, victim: str):
    """One attempt in which the dealer's first message holds a share for the victim that is off by one."""
    table["alice"].visit(table.stick, open_keygen)
    honest = rounds.step1

    def step1(*arguments):
        state, message = honest(*arguments)
        at = len(message) - 32 * (len(table.names) - table.names.index(victim))
        wrong = (int.from_bytes(message[at:at + 32], "big") + 1) % N
        return state, message[:at] + wrong.to_bytes(32, "big") + message[at + 32:]

    with monkeypatch.context() as patch:
        patch.setattr(rounds, "step1", step1)
        table[dealer].visit(table.stick)
    for _ in range(3):
        table.round(*[name for name in table.names if name != dealer])
    return table["alice"].sit().state.keygens[0]


def _forked(tmp_path: Path) -> Table:
    """A whole group whose carol exists twice; both copies said something, and alice has seen both."""
    table = whole(tmp_path)
    twin = copy_home(table["carol"], tmp_path / "copy")
    for station, text in ((table["carol"], "one"), (twin, "other")):
        desk = station.sit()
        with desk.step() as step:
            put(table.stick, step.say("declare", {"what": "deviation", "name": "carol", "text": text}))
    table["alice"].visit(table.stick)
    return table


def test_a_fork_is_shown_with_both_places_and_without_a_motive(tmp_path):
    table = _forked(tmp_path)
    report = audit(shown(table), fingerprint(table))
    fork = one(report, "RECORD-FORK")
    assert report.exit_code == 12 and fork.culprits == ("carol",) and fork.severity == "invalid"
    assert "dishonest, was copied, or was restored" in fork.text and fork.text.count(TRANSCRIPT) == 2
    assert "carol/0 has two versions" in report.text()
    [line] = [raw for name, raw in export_evidence(table["alice"].sit(), fork.entry).items() if "fork" in name]
    alone = audit({"evidence.json": line}, [("list", shown(table)["allowed_signers"])])
    assert alone.exit_code in (11, 12)


# The stock-tool procedure

def _written(files: dict[str, bytes], folder: Path) -> Path:
    for name, raw in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(raw)
    return folder


def _check(folder: Path, *arguments: str, shell: str = "sh") -> tuple[int, list[str]]:
    run = subprocess.run([shell, str(folder / "check.sh"), str(folder), *arguments], capture_output=True, text=True)
    assert run.stderr == ""
    return run.returncode, run.stdout.splitlines()


@pytest.fixture
def stock(tool):
    """The tools that the procedure needs."""
    return [tool(name) for name in ("sh", "jq", "ssh-keygen", "sha256sum", "base64", "od", "split")]


@pytest.mark.parametrize("level", ["auditor", "public"])
def test_stock_tools_reach_the_same_heads(table, tmp_path, stock, level):
    files = shown(table, level)
    code, said = _check(_written(files, tmp_path))
    report = audit(files, cards(table))
    assert code == 0 and not [line for line in said if line.startswith("WRONG")]
    assert report.facts["heads"] == "".join(line + "\n" for line in said if line.startswith("head "))
    assert f"heads {report.facts['heads_hash']}" in said and report.facts["heads_hash"] == heads_hash(table["alice"].desk.log)
    assert any(line.startswith("Not checked") for line in said)
    assert "9 signatures over seals" in next(line for line in said if line.startswith("mode"))


def _wrong(tmp_path: Path, files: dict[str, bytes], *arguments: str) -> list[str]:
    code, said = _check(_written(files, tmp_path), *arguments)
    assert code == 1
    return [line for line in said if line.startswith("WRONG")]


def test_stock_tools_name_an_edited_record(table, tmp_path, stock):
    files = shown(table)
    old = files[TRANSCRIPT]
    number = next(i for i, line in enumerate(old.splitlines(), start=1) if b'"kind":"sign.open"' in line)
    line = old.splitlines()[number - 1]
    altered = line.replace(b'"replaces":[]', b'"replaces":["' + b"ab" * 32 + b'"]')
    found = _wrong(tmp_path, files | {TRANSCRIPT: old.replace(line, altered)})
    assert found == [f"WRONG line {number}: its body (leaf) is not the one that was signed for"]


def test_stock_tools_name_what_else_is_wrong(table, tmp_path, stock):
    files = shown(table)
    old = files[TRANSCRIPT].splitlines(keepends=True)

    def at(case: str, lines: list[bytes], **more: bytes) -> list[str]:
        (tmp_path / case).mkdir()
        return _wrong(tmp_path / case, files | {TRANSCRIPT: b"".join(lines)} | {k.replace("__", "/"): v for k, v in more.items()})

    assert at("blank", [old[0].replace(b",", b", ", 1), *old[1:]])[0] == "WRONG line 1: it is not canonical"
    assert at("json", [b"{" + old[0], *old[1:]])[0] == "WRONG line 1: it is not canonical"
    assert at("cut", [*old[:-1], old[-1][:-1]])[0] == "WRONG the last line is not complete"
    later = old[5].replace(b'"time":"2026', b'"time":"2027')
    assert "WRONG line 6: the signature of" in at("core", [*old[:5], later, *old[6:]])[0]
    assert all("is not here" in line for line in at("gap", [*old[:4], *old[5:]]))
    assert at("twice", [*old, old[-1]]) == [f"WRONG line {len(old) + 1}: it stands here twice"]
    seal = next(name for name in files if name.endswith(".sig"))
    (tmp_path / "seal").mkdir()
    damaged = files[seal].replace(b"\nU1NIU0lH", b"\nU1NIU0lI")
    assert "the signature of" in _wrong(tmp_path / "seal", files | {seal: damaged})[0]
    (tmp_path / "keys").mkdir()
    swapped = files["allowed_signers"].replace(b"alice/0", b"x/0").replace(b"bob/0", b"alice/0").replace(b"x/0", b"bob/0")
    wrong = _wrong(tmp_path / "keys", files | {"allowed_signers": swapped})
    assert any("the key of alice in the charter is not the one" in line for line in wrong)


def test_stock_tools_see_a_fork(tmp_path, stock):
    table = _forked(tmp_path)
    files = shown(table)
    code, said = _check(_written(files, tmp_path / "out"))
    assert code == 1 and [line for line in said if line.startswith("WRONG two versions of carol/0")]
    assert report_of(table).facts["heads"] == "".join(line + "\n" for line in said if line.startswith(("head ", "fork ")))


def test_a_body_withheld_by_hand_is_counted_and_nothing_else_changes(table, tmp_path, stock):
    files = edited(shown(table), lambda e: e.redacted() if e.kind == "nonces" else e)
    code, said = _check(_written(files, tmp_path))
    bare = files[TRANSCRIPT].count(b'"kind":"nonces"')
    assert code == 0 and bare and any(f", {bare} of them without body" in line for line in said)
    assert audit(files, fingerprint(table)).exit_code == 11


def test_an_entry_without_a_needed_body_accuses_nobody(table):
    """Withholding is no proof of anything: what cannot be judged is listed, and no station is named."""
    for kind in sorted({e.kind for e in table["alice"].desk.log.entries.values()}):
        report = audit(edited(shown(table), lambda e: e.redacted() if e.kind == kind else e), fingerprint(table))
        assert report.exit_code == 11, kind
        assert not any(finding.culprits for finding in report.findings), kind
        assert any(step.not_made for step in report.steps), kind


def test_evidence_of_a_refused_line_is_judged_with_its_past(tmp_path):
    table = whole(tmp_path)
    liar = Liar(table, "bob")
    log = log_of(entries(table.stick))
    seen = {"alice/0": (0, log.chain("alice/0")[0].id)}
    bad = liar.entry(log, "declare", {"what": "absent", "name": "carol", "text": ""}, seen=seen)
    table.stick["bad.json"] = bad.line()
    table["alice"].visit(table.stick)
    files = export_evidence(table["alice"].sit(), bad.id[:10])
    report = audit(files, cards(table))
    assert one(report, "RECORD-SEEN").culprits == ("bob",) and report.exit_code == 12
    assert "EVIDENCE-UNPROVEN" not in grave(report)
    name = next(name for name in files if "past" not in name)
    false = files | {name: files[name].replace(b"RECORD-SEEN", b"RECORD-CHAIN")}
    assert one(audit(false, cards(table)), "EVIDENCE-UNPROVEN").severity == "incomplete"


def test_a_request_under_way_is_told(tmp_path):
    table = Table(tmp_path, 2, 3)
    table.found()
    table.keygen()
    _, psbt = regtest_psbt(table)
    table["alice"].visit(table.stick, lambda desk: open_sign(desk, psbt, ("alice", "bob")))
    report = report_of(table)
    assert report.exit_code == 10 and grave(report) == ["CEREMONY-UNFINISHED"]
    assert "bob" in one(report, "CEREMONY-UNFINISHED").text


def test_of_stick_is_an_export_without_seals(table):
    assert set(grave(of_stick(table))) == {"SEAL-ABSENT"}
