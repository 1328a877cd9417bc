"""A doctored transcript for every finding of the auditor: what was done, which check fires, where, and who is named.

Whoever cheats signs with his own key where the check would otherwise be a signature's, so that the check itself is what
fires. Each test starts from a transcript in which nothing is found.
"""

from __future__ import annotations

import dataclasses
import os
import random
from contextlib import nullcontext
from dataclasses import replace

import pytest

from ceremony.algebra.schnorr import schnorr_sign
from ceremony.algebra.secp256k1 import N
from ceremony.base.secret import Secret
from ceremony.ceremonies.membership import join_message
from ceremony.ceremonies.signing import examine_request, shown_hash
from ceremony.codec import canonical
from ceremony.codec.digest import text_hash
from ceremony.codec.words import words
from ceremony.protocols.frost.rounds import SecNonce, nonce_gen, sign as part
from ceremony.record import sshsig
from ceremony.record.card import card_line, compose_card
from ceremony.record.entry import Entry, compose, parse_line
from ceremony.record.evidence import Evidence
from ceremony.record.log import Log
from ceremony.station import steps_sign
from ceremony.station.steps_keygen import open_keygen
from ceremony.station.steps_sign import open_sign
from ceremony.verify.findings import DEVIATION, INCOMPLETE, INVALID, NOTE
from ceremony.verify.main import audit
from ceremony.verify.report import Report
from tests.audit_kit import (
    TRANSCRIPT, Files, cards, edited, fingerprint, grave, lines, of_stick, one, report_of, shown, sign, whole, with_lines)
from tests.flows.table import Table, regtest_psbt
from tests.liars import Liar, entries, log_of, put, state_of, stranger


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> Table:
    """A whole 2-of-3 group. Tests that say something more use a table of their own."""
    return whole(tmp_path_factory.mktemp("table"))


@pytest.fixture(scope="module")
def files(table) -> Files:
    return shown(table)


@pytest.fixture
def young(tmp_path) -> Table:
    """A founded group without a key."""
    made = Table(tmp_path, 2, 3)
    made.found()
    made.round()
    return made


@pytest.fixture
def keyed(young) -> Table:
    """A group with a key and nothing signed."""
    young.keygen()
    young.round()
    return young


def log(files: Files) -> Log:
    return log_of(parse_line(line) for line in lines(files))


def number(files: Files, entry: Entry) -> str:
    """Where an entry stands in the transcript."""
    return f"{TRANSCRIPT}:{[parse_line(line).id for line in lines(files)].index(entry.id) + 1}"


def of_kind(files: Files, kind: str) -> list[Entry]:
    return [entry for entry in map(parse_line, lines(files)) if entry.kind == kind]


def fires(report: Report, check: str, severity: str, *culprits: str, where: str = "") -> None:
    """The check fired once, as gravely as said, and names just these; the verdict is at least as grave."""
    finding = one(report, check)
    assert (finding.severity, finding.culprits) == (severity, culprits)
    assert finding.where == where or not where
    assert report.exit_code >= {NOTE: 0, DEVIATION: 10, INCOMPLETE: 11, INVALID: 12}[severity]


def test_the_transcript_that_is_doctored_below_is_good(table, files):
    assert grave(audit(files, fingerprint(table))) == []


# Step 1: the form of lines and files

def test_nothing_at_all(table):
    for empty in ({}, {TRANSCRIPT: b""}, {"readme.txt": b"hello"}):
        report = audit(empty, fingerprint(table))
        fires(report, "TRANSCRIPT-EMPTY", INCOMPLETE)
        assert report.exit_code == 11 and report.text()


def test_a_line_that_is_not_canonical(table, files):
    old = lines(files)
    report = audit(files | {TRANSCRIPT: b"".join([*old[:3], old[3].replace(b":", b": ", 1), *old[4:]])}, fingerprint(table))
    fires(report, "RECORD-MALFORMED", INVALID, where=f"{TRANSCRIPT}:4")


def test_a_file_that_is_no_transcript_at_all(table, files):
    report = audit(files | {"noise.jsonl": b"\n" * 5000}, fingerprint(table))
    found = [f for f in report.findings if f.check == "RECORD-MALFORMED"]
    assert len(found) == 101 and "4900 more" in found[-1].text and report.exit_code == 12


def test_a_body_altered(table, files):
    accept = of_kind(files, "charter.accept")[0]
    place = number(files, accept)
    altered = files[TRANSCRIPT].replace(b'"tries":0', b'"tries":1', 1)
    fires(audit(files | {TRANSCRIPT: altered}, fingerprint(table)), "RECORD-LEAF", INVALID, where=place)


def test_a_line_that_stands_twice(table, files):
    report = audit(with_lines(files, [lines(files)[-1]]), fingerprint(table))
    fires(report, "FILE-COPY", NOTE, where=f"{TRANSCRIPT}:{len(lines(files)) + 1}")
    assert report.exit_code == 10


def test_files_that_are_none_of_a_transcript(table, files):
    report = audit(files | {"seals/notes.sig": b"", "video.mp4": b"\0"}, fingerprint(table))
    assert [f.where for f in report.findings if f.check == "FILE-UNKNOWN"] == ["seals/notes.sig", "video.mp4"]


@pytest.mark.parametrize("name", ["check.sh", "CHECK.txt"])
def test_another_procedure_beside_the_transcript(table, files, name):
    fires(audit(files | {name: files[name] + b"#"}, fingerprint(table)), "FILE-PROCEDURE", NOTE, where=name)


def test_evidence_that_is_none(table, files):
    fires(audit(files | {"e.json": b'{"check":1}\n'}, fingerprint(table)), "EVIDENCE-MALFORMED", INVALID, where="e.json:1")


# Step 2: the anchor

def test_no_anchor(files):
    report = audit(files, [])
    fires(report, "ANCHOR-MISSING", INCOMPLETE)
    assert report.exit_code == 11


@pytest.mark.parametrize("raw", [b"\xff", b"", b"# only a remark\n", b"alice ssh-rsa AAAA\n", b"{}", b'{"kind":"ceremony-card"}\n',
                                 b"* ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAA\n", b"abandon " * 15, b"zz" * 32])
def test_an_anchor_that_cannot_be_read(files, raw):
    report = audit(files, [("given", raw)])
    fires(report, "ANCHOR-MALFORMED", INCOMPLETE)
    assert report.exit_code == 11 and one(report, "ANCHOR-MISSING")


@pytest.mark.parametrize("make", [lambda g: g[:-1] + ("0" if g[-1] != "0" else "1"), lambda g: " ".join(words("ab" * 32))])
def test_the_fingerprint_of_another_charter(table, files, make):
    fires(audit(files, [("given", make(table.charter.group).encode())]), "ANCHOR-MISMATCH", INVALID)


def impostor_card(table: Table, of: str, **fields: str) -> tuple[str, bytes]:
    """A good card of that name with another key, or with the right key and other words."""
    station = table[of]
    seed = station.vault.open(station.store.secrets("", "identity")[-1]) if fields else Secret(os.urandom(32))
    about = {key: station.card[key] for key in ("name", "person", "organisation", "site", "contact", "mode")} | fields
    card = compose_card(sign=lambda m: sshsig.sign(seed, sshsig.namespace("card", about["mode"]), m),
                        identity=sshsig.openssh_public(sshsig.public_key(seed)), **about)
    return f"{of}.card.json", card_line(card)


def test_a_card_with_another_key(table, files):
    trust = [impostor_card(table, "bob") if name.startswith("bob") else (name, raw) for name, raw in cards(table)]
    report = audit(files, trust)
    fires(report, "ANCHOR-MISMATCH", INVALID)
    assert "bob" in one(report, "ANCHOR-MISMATCH").text


def test_a_card_of_the_other_mode(table, files):
    report = audit(files, [impostor_card(table, "bob", mode="production"), *cards(table)[2:], *cards(table)[:1]])
    fires(report, "ANCHOR-MISMATCH", INVALID)


def test_a_card_that_describes_the_holder_differently(table, files):
    report = audit(files, [*cards(table)[:2], impostor_card(table, "carol", person="Mallory")])
    fires(report, "ANCHOR-CARD", DEVIATION)


def test_a_card_of_somebody_else(table, files):
    other = impostor_card(table, "bob", name="zed")
    assert audit(files, [*cards(table), other]).exit_code == 10
    fires(audit(files, [*cards(table), other]), "ANCHOR-CARD", NOTE)


def test_an_anchor_that_does_not_speak_of_everybody(table, files):
    report = audit(files, cards(table)[:2])
    fires(report, "ANCHOR-PARTIAL", INCOMPLETE)
    assert "carol" in one(report, "ANCHOR-PARTIAL").text


@pytest.mark.parametrize("old, new", [(b"alice/0 ", b"bob/0 "), (b"entry-v1@rehearsal", b"entry-v1@production")])
def test_a_list_of_signers_that_gives_other_keys(table, files, old, new):
    own = files["allowed_signers"]
    if old.startswith(b"alice"):
        own = own.replace(b"bob/0 ", b"x/0 ").replace(old, new).replace(b"x/0 ", b"alice/0 ")
    else:
        own = own.replace(old, new)
    assert "ANCHOR-MISMATCH" in grave(audit(files, [("list", own)]))


def test_a_list_that_names_stations_without_incarnation_or_purpose(table, files):
    plain = b"".join(b" ".join((line.split(b"/")[0], *line.split(b" ")[2:])) + b"\n"
                     for line in files["allowed_signers"].splitlines())
    assert audit(files, [("list", plain)]).exit_code == 10


def test_without_bodies_and_without_any_keys(table):
    public = shown(table, "public")
    public.pop("allowed_signers")
    fires(audit(public, fingerprint(table)), "ANCHOR-KEYS", INCOMPLETE)


def test_without_bodies_the_fingerprint_says_nothing_of_the_keys(table):
    """An invented group under the right group id: only its own list of keys fits, and nobody vouches for that."""
    fires(audit(shown(table, "public"), fingerprint(table)), "ANCHOR-MISSING", INCOMPLETE)


def test_without_bodies_the_keys_of_the_anchor_decide(table):
    public = shown(table, "public")
    report = audit(public, [impostor_card(table, "bob"), *[c for c in cards(table) if not c[0].startswith("bob")]])
    assert report.exit_code == 12 and {"RECORD-SIGNATURE", "FILE-SIGNERS"} <= set(grave(report))


# Step 3: signatures

def test_a_signature_by_somebody_else(table, files):
    bob = of_kind(files, "keygen.ack")[0]
    forged = edited(files, lambda e: replace(e, sig=bytes(64)) if e.id == bob.id else e)
    fires(audit(forged, fingerprint(table)), "RECORD-SIGNATURE", INVALID, where=number(files, bob))


def test_a_core_altered_and_signed_by_a_thief_of_the_stick(table, files):
    target, seed = of_kind(files, "sign.partial")[-1], Secret(os.urandom(32))
    def alter(entry: Entry) -> Entry:
        if entry.id != target.id:
            return entry
        other = replace(entry, time="2026-11-23T00:00:00Z")
        return replace(other, sig=sshsig.sign(seed, sshsig.namespace("entry", "rehearsal"), other.core))
    fires(audit(edited(files, alter), fingerprint(table)), "RECORD-SIGNATURE", INVALID, where=number(files, target))


def test_an_author_who_is_no_station(table, files):
    liar = Liar(table, "bob")
    liar.name, liar.label = "mallory", "mallory/0"
    line = liar.entry(log(files), "declare", {"what": "absent", "name": "bob", "text": ""})
    fires(audit(with_lines(files, [line]), fingerprint(table)), "RECORD-AUTHOR", INVALID, where=f"{TRANSCRIPT}:{len(lines(files)) + 1}")


def test_an_entry_of_another_group(table, files):
    line = Liar(table, "bob").entry(log(files), "declare", {"what": "absent", "name": "bob", "text": ""}, group="ab" * 32)
    fires(audit(with_lines(files, [line]), fingerprint(table)), "RECORD-GROUP", INVALID)


def test_an_entry_signed_in_the_other_mode(table, files):
    held = log(files)
    line = Liar(table, "bob").entry(held, "declare", {"what": "absent", "name": "bob", "text": ""})
    seed = Liar(table, "bob").seed
    other = replace(line, sig=sshsig.sign(seed, sshsig.namespace("entry", "production"), line.core))
    fires(audit(with_lines(files, [other]), fingerprint(table)), "RECORD-SIGNATURE", INVALID)


# Step 4: chains

def test_a_place_skipped(table, files):
    held = log(files)
    seq, prev, _ = held.next_place("bob/0")
    line = Liar(table, "bob").entry(held, "declare", {"what": "absent", "name": "bob", "text": ""}, seq=seq + 1, prev=prev)
    fires(audit(with_lines(files, [line]), fingerprint(table)), "RECORD-CHAIN", INVALID, "bob")


@pytest.mark.parametrize("kind", ["charter.accept", "keygen.round1", "nonces", "keygen.ack", "sign.open"])
def test_a_line_taken_out(table, files, kind):
    gone = [entry for entry in of_kind(files, kind)][0]
    report = audit(edited(files, lambda e: None if e.id == gone.id else e), fingerprint(table))
    found = [f for f in report.findings if f.check == "RECORD-MISSING"]
    if found:
        assert gone.id[:16] in found[0].text and gone.label in found[0].text
    assert report.exit_code == 11 and "SEAL-UNSUPPORTED" in grave(report) or found


def test_the_newest_lines_taken_out_are_missed_by_the_seals(table, files):
    """A transcript cut off at its end is a good shorter one; what was sealed tells that there was more."""
    cut = files | {TRANSCRIPT: b"".join(lines(files)[:-1])}
    report = audit(cut, fingerprint(table))
    assert report.exit_code == 11 and "SEAL-UNSUPPORTED" in grave(report)
    bare = {name: raw for name, raw in cut.items() if not name.startswith("seals/")}
    assert "CEREMONY-UNFINISHED" in grave(audit(bare, fingerprint(table)))


def test_a_body_withheld(table, files):
    report = audit(edited(files, lambda e: e.redacted() if e.kind == "sign.partial" else e), fingerprint(table))
    fires(report, "BODY-WITHHELD", INCOMPLETE)
    assert report.exit_code == 11 and any("signing request" in what for what in report.steps[8].not_made)


def test_lines_in_another_order(table, files):
    report = audit(files | {TRANSCRIPT: b"".join(reversed(lines(files)))}, fingerprint(table))
    fires(report, "TRANSCRIPT-ORDER", NOTE)
    assert report.exit_code == 10 and report.facts["heads"] == audit(files, fingerprint(table)).facts["heads"]


# Step 5: forks and refused entries

def test_what_was_seen_before_named_as_new(table, files):
    held = log(files)
    line = Liar(table, "bob").entry(held, "declare", {"what": "absent", "name": "bob", "text": ""},
                                    seen={"alice/0": (0, held.chain("alice/0")[0].id)})
    fires(audit(with_lines(files, [line]), fingerprint(table)), "RECORD-SEEN", INVALID, "bob")


@pytest.mark.parametrize("body", [{"what": "bored", "name": "bob", "text": ""}, {"what": "absent"}])
def test_a_body_that_its_kind_does_not_have(table, files, body):
    line = Liar(table, "bob").entry(log(files), "declare", body)
    fires(audit(with_lines(files, [line]), fingerprint(table)), "RECORD-KIND", INVALID, "bob")


def test_two_versions_of_a_station(table, files):
    liar, held = Liar(table, "bob"), log(files)
    two = [liar.entry(held, "declare", {"what": "absent", "name": name, "text": ""}) for name in ("alice", "carol")]
    report = audit(with_lines(files, two), fingerprint(table))
    fires(report, "RECORD-FORK", INVALID, "bob")
    assert report.facts["keys"] and "SIGN-DEAD" not in grave(report)  # what had ended stands


def test_a_fork_that_the_group_has_answered_with_a_new_machine_is_history(keyed):
    carol = Liar(keyed, "carol")
    held = log_of(entries(keyed.stick))
    two = [carol.entry(held, "declare", {"what": "absent", "name": name, "text": ""}) for name in ("alice", "bob")]
    put(keyed.stick, *two)
    replaced(keyed, "carol")
    report = of_stick(keyed)
    assert one(report, "RECORD-FORK").severity == DEVIATION and one(report, "INCARNATION-REPLACED")
    assert report.exit_code == 10


def replaced(table: Table, name: str, admits: int = 2) -> Liar:
    """A new machine of a station, proven with the host key of its acceptance, and admitted by others."""
    who, station = stranger(table, name), table[name]
    rows = station.store.secrets(table.charter.group, "hostkey")
    secret = station.vault.open(rows[0])
    sig = schnorr_sign(secret, join_message(table.charter.group, name, who.identity), os.urandom(32))
    join = who.say(table.stick, "incarnation.join", {"identity": who.identity, "hostkey": rows[0].ref, "machine": "ee" * 32,
                                                     "retires": 0, "sig": sig.hex()})
    others = [other for other in table.names if other != name][:admits]
    for other, reader in zip(others, others[1:] + others[:1] if len(others) > 1 else table.names):
        Liar(table, other).say(table.stick, "incarnation.admit", {
            "author": name, "inc": who.inc, "join": join.id, "reader": reader, "tries": 0}, join.id)
    return who


def test_a_new_machine_that_was_admitted_and_one_that_was_not(keyed, tmp_path):
    replaced(keyed, "carol", admits=1)
    fires(of_stick(keyed), "INCARNATION-PENDING", DEVIATION)
    assert of_stick(keyed).exit_code == 10


def test_a_new_machine_without_bodies_is_unproven_and_not_false(keyed):
    """Cards give the founding keys alone; the list that lies with the transcript gives the later one as well."""
    replaced(keyed, "carol").say(keyed.stick, "declare", {"what": "absent", "name": "bob", "text": ""})
    keyed["alice"].visit(keyed.stick)
    public = shown(keyed, "public")
    report = audit(public, cards(keyed))
    assert report.exit_code == 11 and one(report, "RECORD-AUTHOR").severity == INCOMPLETE
    whole_list = audit(public, [("list", public["allowed_signers"])])
    assert grave(whole_list) == ["BODY-WITHHELD"] and whole_list.facts["heads"] == report_of(keyed).facts["heads"]


def test_evidence_that_accuses_the_wrong_one(table, files):
    line = Evidence("RECORD-FORK", "carol", (of_kind(files, "keygen.ack")[0],)).line()
    fires(audit(files | {"e.json": line}, fingerprint(table)), "EVIDENCE-UNPROVEN", INCOMPLETE, where="e.json:1")


# Step 6: charter and acceptances

def charter_with(table: Table, **changes) -> Files:
    """A founding entry by alice of a charter that nobody should found, and nothing else."""
    body = dict(table.charter.body) | changes
    group = text_hash("ceremony-group-v1", canonical.encode(body).decode())
    mode = body["mode"]
    liar = Liar(table, "alice")
    entry = compose(sign=lambda core: sshsig.sign(liar.seed, sshsig.namespace("entry", mode), core), salt=bytes(32), group=group,
                    author="alice", inc=0, seq=0, prev="", seen={}, ceremony="", kind="charter.found", level="auditor",
                    time="2026-11-22T12:00:00Z", body=body)
    return {TRANSCRIPT: entry.line()}


@pytest.mark.parametrize("changes, check", [
    ({"threshold": 1}, "CHARTER-THRESHOLD"), ({"threshold": 4}, "CHARTER-THRESHOLD"), ({"threshold": 3}, "CHARTER-NO-SPARE"),
    ({"escalation": []}, "CHARTER-CONTACTS"), ({"network": "mainnet"}, "CHARTER-NETWORK"), ({"profile": "home-made"}, "CHARTER-PROFILE"),
    ({"mode": "production", "network": "mainnet"}, "CHARTER-MODE"),
    ({"witnesses": [{"name": "wendy", "key": "ssh-rsa " + "A" * 60}]}, "CHARTER-WITNESS"),
    ({"witnesses": [{"name": "bob", "key": "ssh-ed25519 " + "A" * 68}]}, "CHARTER-DUPLICATE")])
def test_a_charter_that_may_not_be_founded(table, changes, check):
    doctored = charter_with(table, **changes)
    report = audit(doctored, [])
    fires(report, check, INVALID, where=f"{TRANSCRIPT}:1")
    assert report.steps[6].not_made


def test_a_charter_with_a_card_that_its_station_did_not_sign(table):
    cards_ = [dict(card) for card in table.charter.body["stations"]]
    cards_[1]["person"] = "Mallory"
    fires(audit(charter_with(table, stations=cards_), []), "CARD-SIGNATURE", INVALID)


def test_a_charter_that_is_not_the_group_it_names(table, files):
    """The body of another charter under this group's id, signed by its founder."""
    entry = parse_line(charter_with(table, name="other")[TRANSCRIPT])
    liar = Liar(table, "alice")
    moved = replace(entry, group=table.charter.group)
    moved = replace(moved, sig=sshsig.sign(liar.seed, sshsig.namespace("entry", "rehearsal"), moved.core))
    report = audit({TRANSCRIPT: moved.line()}, fingerprint(table))
    assert report.exit_code == 12 and "RECORD-GROUP" in grave(report)


def test_words_that_nobody_else_read(tmp_path):
    made = Table(tmp_path, 2, 3)
    made["alice"].visit(made.stick)
    made["bob"].visit(made.stick)
    founding = state_of(made.stick).members.founding.id
    said = Liar(made, "carol").say(made.stick, "charter.accept", {
        "charter": made.charter.group, "hostkey": "02" + "11" * 32, "machine": "cc" * 32, "reader": "carol", "tries": 0}, founding)
    report = of_stick(made)
    fires(report, "CHARTER-ACCEPT", INVALID, "carol")
    assert one(report, "CHARTER-ACCEPT").entry == said.id and "carol" in one(report, "CHARTER-UNACCEPTED").text


def test_two_production_stations_on_one_machine(tmp_path):
    made = Table(tmp_path, 2, 3, mode="production")
    made["alice"].holder.answers["accept.charter"] = "later"
    made.round("alice", "bob")
    founding = state_of(made.stick).members.founding.id
    machine = of_accepts(made)["bob"]
    Liar(made, "carol").say(made.stick, "charter.accept", {
        "charter": made.charter.group, "hostkey": "02" + "11" * 32, "machine": machine, "reader": "bob", "tries": 0}, founding)
    report = of_stick(made)
    assert any(f.check == "CHARTER-MACHINE" and f.severity == INVALID and set(f.culprits) <= {"bob", "carol"} for f in report.findings)


def of_accepts(table: Table) -> dict[str, str]:
    return {e.author: e.body["machine"] for e in entries(table.stick) if e.kind == "charter.accept"}


def test_a_charter_declined(tmp_path):
    made = Table(tmp_path, 2, 3)
    made["bob"].holder.answers |= {"accept.charter": "No", "decline.reason": "too few of us"}
    made.round()
    report = of_stick(made)
    fires(report, "CHARTER-DECLINED", DEVIATION)
    assert one(report, "CHARTER-UNACCEPTED")


def test_tries_and_few_people_are_noted(tmp_path):
    made = Table(tmp_path, 2, 3)
    answers = iter(["zoo " * 15, None])
    made["bob"].holder.answers["accept.words"] = lambda question: next(answers) or " ".join(words(question.subject))
    made.round("alice", "bob")
    fires(of_stick(made), "WORDS-TRIES", NOTE)


def test_people_who_hold_several_shards_are_noted(tmp_path):
    made = Table(tmp_path, 2, 3, machines={"alice": "one", "bob": "one"})
    made.found()
    finding = one(of_stick(made), "EFFECTIVE-THRESHOLD")
    assert finding.severity == NOTE and "machine" in finding.text


# Step 7: key generation

@pytest.fixture
def dealing(young) -> tuple[Table, Liar, str]:
    """An attempt under way in which everybody but carol has dealt."""
    young["alice"].visit(young.stick, open_keygen)
    young.round("bob")
    return young, Liar(young, "carol"), state_of(young.stick).keygens[0].id


def test_a_first_message_that_is_none(dealing):
    made, liar, attempt = dealing
    liar.say(made.stick, "keygen.round1", {"pmsg1": "ab" * 97}, attempt)
    fires(of_stick(made), "KEYGEN-LENGTH", DEVIATION, "carol")


def test_a_false_accusation(dealing):
    made, liar, attempt = dealing
    message = next(e for e in entries(made.stick) if e.kind == "keygen.round1" and e.author == "alice")
    liar.say(made.stick, "keygen.refuse", {"check": "KEYGEN-SHARE", "culprits": ["alice"], "reason": "wrong share", "opening": {
        "accused": "alice", "entry": message.id, "proof": "02" + "ab" * 96}}, attempt)
    report = of_stick(made)
    fires(report, "KEYGEN-OPENING", DEVIATION, "carol")
    assert one(report, "KEYGEN-DEAD") and report.exit_code == 10


def test_an_accusation_without_proof(dealing):
    made, liar, attempt = dealing
    liar.say(made.stick, "keygen.refuse", {"check": "KEYGEN-SHARE", "culprits": ["alice"], "reason": "", "opening": {}}, attempt)
    fires(of_stick(made), "KEYGEN-UNPROVEN", NOTE)


def test_an_opening_with_another_threshold(young):
    body = dict(_opening(young))
    Liar(young, "carol").say(young.stick, "keygen.open", body | {"t": 3})
    fires(of_stick(young), "KEYGEN-OPEN", DEVIATION, "carol")


class _Heard(Exception):
    """Raised in the place of saying something: what would have been said."""


def _opening(table: Table) -> dict:
    """The body of the opening that alice would say now."""
    class Step:
        def say(self, kind: str, body: dict, ceremony: str = ""):
            raise _Heard(body)

    desk = table["alice"].listen(table.stick)
    desk.step = lambda: nullcontext(Step())
    with pytest.raises(_Heard) as heard:
        open_keygen(desk)
    return heard.value.args[0]


def test_an_opening_by_no_member(young):
    who = stranger(young, "carol")
    who.say(young.stick, "incarnation.join", {"identity": who.identity, "hostkey": "02" + "11" * 32, "machine": "dd" * 32,
                                              "retires": 0, "sig": ""})
    who.say(young.stick, "keygen.open", _opening(young))
    report = of_stick(young)
    fires(report, "OPENING-STRANGER", DEVIATION)
    assert one(report, "RECORD-STRANGER").severity == NOTE


def test_dealing_twice_with_one_host_key(young):
    """Alice and bob open at once with the same host keys; carol deals in both."""
    body = _opening(young)
    base = log_of(entries(young.stick))
    opened = [Liar(young, name).entry(base, "keygen.open", body) for name in ("alice", "bob")]
    put(young.stick, *opened)
    for opening in opened:
        Liar(young, "carol").say(young.stick, "keygen.round1", {"pmsg1": "ab" * (97 + 66 + 96)}, opening.id)
    fires(of_stick(young), "KEYGEN-HOSTKEY-REUSED", INVALID, "carol")


def test_a_wrong_acknowledgment(keyed):
    ack = next(e for e in entries(keyed.stick) if e.kind == "keygen.ack" and e.author == "carol")
    Liar(keyed, "carol").say(keyed.stick, "keygen.ack", dict(ack.body) | {"recovery": "ab" * 32}, ack.ceremony)
    fires(of_stick(keyed), "KEYGEN-ACK", INVALID, "carol")


def test_backups_that_nobody_read_back(tmp_path):
    made = Table(tmp_path, 2, 3, mode="production")
    made.found()
    made.keygen()
    fires(report_of(made), "BACKUP-MISSING", DEVIATION)


# Step 9: signing

def test_an_opening_with_the_wrong_signers(keyed):
    _, psbt = regtest_psbt(keyed)
    keyed["alice"].visit(keyed.stick, lambda desk: open_sign(desk, psbt, ("bob", "carol")))
    honest = state_of(keyed.stick).signings[0].opening
    Liar(keyed, "carol").say(keyed.stick, "sign.open", dict(honest.body) | {"signers": ["carol", "bob"]})
    report = of_stick(keyed)
    fires(report, "SIGN-OPEN", DEVIATION, "carol")


def test_a_wrong_shown_hash(keyed):
    _, psbt = regtest_psbt(keyed)
    keyed["alice"].visit(keyed.stick, lambda desk: open_sign(desk, psbt, ("bob", "carol")))
    honest = state_of(keyed.stick).signings[0].opening
    Liar(keyed, "carol").say(keyed.stick, "sign.open", dict(honest.body) | {"shown": "ab" * 32})
    assert one(of_stick(keyed), "SIGN-OPEN").culprits == ("carol",)


def test_a_wrong_partial_signature(keyed):
    _, psbt = regtest_psbt(keyed)
    keyed["alice"].visit(keyed.stick, lambda desk: open_sign(desk, psbt, ("alice", "bob")))
    signing = state_of(keyed.stick).signings[0]
    Liar(keyed, "bob").say(keyed.stick, "sign.partial", {"psigs": ["11" * 32], "shown": signing.opening.body["shown"]}, signing.id)
    report = of_stick(keyed)
    fires(report, "SIGN-PARTIAL", INVALID, "bob")
    assert one(report, "SIGN-EXPOSED") and "alice" in one(report, "SIGN-EXPOSED").text


def test_a_nonce_given_out_twice(keyed):
    _, psbt = regtest_psbt(keyed)
    keyed["alice"].visit(keyed.stick, lambda desk: open_sign(desk, psbt, ("bob", "carol")))
    honest = state_of(keyed.stick).signings[0].opening
    Liar(keyed, "alice").say(keyed.stick, "sign.open", dict(honest.body) | {"replaces": [honest.id]})
    fires(of_stick(keyed), "SIGN-NONCE-ASSIGNED", DEVIATION, "alice")


def test_one_nonce_prepared_twice_and_used_in_two_requests(keyed):
    """Bob's program prepares the same public nonce under a second name; alice gives out both and he signs with both."""
    _, psbt = regtest_psbt(keyed)
    keyed["alice"].visit(keyed.stick, lambda desk: open_sign(desk, psbt, ("alice", "bob")))
    first = state_of(keyed.stick).signings[0]
    slot = first.opening.body["nonces"]["bob"][0]
    source = next(e for e in entries(keyed.stick) if e.id == slot[0])
    repeated = source.body["pubnonces"][slot[1]] if source.kind == "nonces" else source.body["nonces"]["alice"][slot[1]]
    again = Liar(keyed, "bob").say(keyed.stick, "nonces", {"assigner": "alice", "epoch": 0, "key": first.key.id,
                                                           "pubnonces": [repeated]})
    alice, held = Liar(keyed, "alice"), log_of(entries(keyed.stick))
    last = held.chain("bob/0")[-1]
    fresh = first.opening.body["nonces"]["alice"][0]
    other = fresh[66:] + fresh[:66]  # the two halves exchanged: another nonce that nobody used
    alice.say(keyed.stick, "sign.open", dict(first.opening.body) | {
        "heads": {"bob/0": [last.seq, last.id]}, "nonces": {"alice": [other], "bob": [[again.id, 0]]}, "replaces": [first.id]})
    report = of_stick(keyed)
    assert one(report, "SIGN-NONCE-REPEATED").severity == DEVIATION and one(report, "SIGN-NONCE-REPEATED").culprits == ()


def test_a_signature_from_another_version_of_the_station(keyed):
    """The request pins what bob's first self said; his copy, which never said that, signs."""
    said = Liar(keyed, "bob").say(keyed.stick, "declare", {"what": "absent", "name": "carol", "text": ""})
    _, psbt = regtest_psbt(keyed)
    keyed["alice"].visit(keyed.stick, lambda desk: open_sign(desk, psbt, ("alice", "bob")))
    signing = state_of(keyed.stick).signings[0]
    assert signing.opening.body["heads"] == {"bob/0": [said.seq, said.id]}
    bob = keyed["bob"].sit()  # a home in which the declaration was never made
    bob.state = state_of(keyed.stick)
    _, psigs = steps_sign._partials(bob, signing)
    held = log_of(e for e in entries(keyed.stick))
    partial = Liar(keyed, "bob").entry(held, "sign.partial", {"psigs": [p.hex() for p in psigs], "shown": signing.opening.body["shown"]},
                                       signing.id, seq=said.seq, prev=said.prev, seen={"alice/0": held.heads()["alice/0"]})
    put(keyed.stick, partial)
    report = of_stick(keyed)
    fires(report, "SIGN-PINNED", INVALID, "bob")
    assert one(report, "RECORD-FORK").culprits == ("bob",)


def test_two_requests_for_one_coin_signed_by_the_same_station(keyed, monkeypatch):
    monkeypatch.setattr(steps_sign, "reserved_by", lambda *_: None)
    for _ in range(2):
        sign(keyed)
    report = of_stick(keyed)
    fires(report, "SIGN-RESERVED", INVALID, "alice", "bob")


def test_a_request_that_says_what_it_replaces_is_no_finding(keyed):
    _, psbt = regtest_psbt(keyed)
    keyed["alice"].visit(keyed.stick, lambda desk: open_sign(desk, psbt, ("alice", "bob")))
    first = keyed["alice"].desk.state.signings[0].id
    keyed["alice"].visit(keyed.stick, lambda desk: open_sign(desk, psbt, ("alice", "bob"), [first]))
    keyed.round()
    assert "SIGN-RESERVED" not in grave(of_stick(keyed))


def test_signers_whose_nonces_cancel_out_leave_a_finding_and_no_crash(keyed):
    """Alice and bob agree on nonces with the sum of infinity; each part verifies, and no signature comes of them."""
    made, public = nonce_gen(Secret(os.urandom(32)))
    halves = made.to_vault().reveal()
    mirror = b"".join((N - int.from_bytes(halves[i:i + 32], "big")).to_bytes(32, "big") for i in (0, 32))
    negated = "".join(f"{5 - int(public[i:i + 1].hex(), 16):02x}" + public[i + 1:i + 33].hex() for i in (0, 33))
    key = state_of(keyed.stick).key
    export = Liar(keyed, "bob").say(keyed.stick, "nonces", {"assigner": "alice", "epoch": 0, "key": key.id, "pubnonces": [public.hex()]})
    _, psbt = regtest_psbt(keyed)
    shown_ = shown_hash(examine_request(psbt, key, keyed.charter, frozenset()))
    Liar(keyed, "alice").say(keyed.stick, "sign.open", {
        "epoch": 0, "key": key.id, "psbt": psbt.hex(), "signers": ["alice", "bob"], "shown": shown_, "replaces": [],
        "heads": {"bob/0": [export.seq, export.id]}, "nonces": {"alice": [negated], "bob": [[export.id, 0]]}})
    signing = state_of(keyed.stick).signings[0]
    for seat, (name, nonce) in enumerate((("alice", mirror), ("bob", halves))):
        station = keyed[name]
        share = station.vault.open(station.store.secrets(keyed.charter.group, "share")[0])
        psig = part(SecNonce(Secret(nonce)), share, signing.sessions[0], seat, signing.pubnonces[0])
        Liar(keyed, name).say(keyed.stick, "sign.partial", {"psigs": [psig.hex()], "shown": shown_}, signing.id)
    report = of_stick(keyed)
    fires(report, "SIGN-SIGNATURE", INVALID)
    assert one(report, "SIGN-DEAD") and state_of(keyed.stick).signings[0].status == "dead"
    keyed.round("carol")  # the honest station goes on


# Step 10: seals and the list of keys

def seal_of(files: Files, ending: str = ".seal") -> str:
    return next(name for name in sorted(files) if name.endswith(ending))


@pytest.mark.parametrize("old, new, check", [
    (b"outcome done", b"outcome dead", "SEAL-TEXT"), (b"kind ", b"kind x", "SEAL-TEXT"), (b"seal-v1", b"seal-v2", "SEAL-MALFORMED"),
    (b"\n", b"\r\n", "SEAL-MALFORMED")])
def test_another_seal_text(table, files, old, new, check):
    name = seal_of(files)
    fires(audit(files | {name: files[name].replace(old, new)}, fingerprint(table)), check, INVALID, where=name)


def test_a_seal_of_something_that_has_not_ended(keyed):
    _, psbt = regtest_psbt(keyed)
    keyed["alice"].visit(keyed.stick, lambda desk: open_sign(desk, psbt, ("alice", "bob")))
    files = shown(keyed)
    signing = state_of(keyed.stick).signings[0]
    other = seal_of(files)
    old = other.removeprefix("seals/").removesuffix(".seal")
    claimed = files[other].replace(old.encode(), signing.id.encode())
    name = f"seals/{signing.id}.seal"
    fires(audit(files | {name: claimed}, fingerprint(keyed)), "SEAL-TEXT", INVALID, where=name)
    foreign = claimed.replace(f"group {keyed.charter.group}".encode(), b"group " + b"ab" * 32)
    fires(audit(files | {name: foreign}, fingerprint(keyed)), "SEAL-TEXT", INVALID, where=name)


def test_a_seal_signed_by_somebody_else(table, files):
    names = [name for name in sorted(files) if name.endswith(".sig")]
    swapped = files | {names[0]: files[names[1]], names[1]: files[names[0]]}
    found = [f for f in audit(swapped, fingerprint(table)).findings if f.check == "SEAL-SIGNATURE"]
    assert [f.where for f in found] == names[:2] and {f.severity for f in found} == {INVALID}


def test_a_seal_signature_under_a_strangers_name(table, files):
    name = seal_of(files, ".sig")
    stranger_ = name.replace("alice", "zed")
    fires(audit(files | {stranger_: files[name]}, fingerprint(table)), "SEAL-SIGNER", INVALID, where=stranger_)


def test_a_seal_signature_that_is_no_file_of_ssh(table, files):
    name = seal_of(files, ".sig")
    fires(audit(files | {name: files[name][:-9]}, fingerprint(table)), "SSHSIG-MALFORMED", INVALID, where=name)


def test_a_signature_over_a_seal_that_nobody_knows(table, files):
    name = f"seals/{'ab' * 32}.alice.0.sig"
    fires(audit(files | {name: files[seal_of(files, ".sig")]}, fingerprint(table)), "SEAL-UNSUPPORTED", INCOMPLETE, where=name)


def test_seals_that_were_left_out(table, files):
    bare = {name: raw for name, raw in files.items() if ".carol." not in name}
    report = audit(bare, fingerprint(table))
    found = [f for f in report.findings if f.check == "SEAL-ABSENT"]
    assert len(found) == 3 and all("2 of 3" in f.text and "not by carol" in f.text for f in found) and report.exit_code == 10


def test_another_list_of_keys_beside_the_transcript(table, files):
    other = files["allowed_signers"].replace(b"alice/0", b"x/0").replace(b"bob/0", b"alice/0").replace(b"x/0", b"bob/0")
    fires(audit(files | {"allowed_signers": other}, fingerprint(table)), "FILE-SIGNERS", INVALID, where="allowed_signers")
    report = audit(shown(table, "public") | {"allowed_signers": other}, cards(table))
    assert report.exit_code == 12 and "FILE-SIGNERS" in grave(report)


# Step 11: conduct

def test_what_holders_declared(keyed):
    Liar(keyed, "bob").say(keyed.stick, "declare", {"what": "compromised", "name": "carol", "text": "laptop stolen [red]"})
    finding = one(of_stick(keyed), "DECLARED")
    assert finding.severity == DEVIATION and "laptop stolen" in finding.text and "[" not in finding.text


def test_words_that_did_not_agree(tmp_path):
    made = Table(tmp_path, 2, 3)
    made["alice"].visit(made.stick)
    made["bob"].holder.answers["accept.words"] = " ".join(["abandon"] * 14 + ["about"])
    made["bob"].visit(made.stick)
    fires(of_stick(made), "WORDS-FAILED", DEVIATION)


def test_what_a_script_took_over(tmp_path):
    made = Table(tmp_path, 2, 3)
    made["bob"].world = dataclasses.replace(made["bob"].world, aids=("answers", "clock"))
    made.found()
    found = [f for f in of_stick(made).findings if f.check == "AID-USED"]
    assert len(found) == 2 and all("bob" in f.text and f.severity == DEVIATION for f in found)


def test_a_clock_that_went_back(young):
    young["bob"].world = dataclasses.replace(young["bob"].world, clock=lambda: "2020-01-01T00:00:00Z")
    desk = young["bob"].listen(young.stick)
    with desk.step() as step:
        put(young.stick, step.say("declare", {"what": "absent", "name": "carol", "text": ""}))
    finding = one(of_stick(young), "TIME-BACKWARDS")
    assert finding.severity == DEVIATION and "bob/0" in finding.text


# Every byte

def located(report: Report, name: str, line: int) -> bool:
    """Whether something is found in that file, and in a transcript at that line."""
    places = {f"{name}:{line}"} if name.endswith(".jsonl") else {name}
    return any(finding.where in places for finding in report.findings)


def flip(files: Files, name: str, at: int, bit: int) -> Files:
    raw = bytearray(files[name])
    raw[at] ^= 1 << bit
    return files | {name: bytes(raw)}


def check_flip(table: Table, files: Files, name: str, at: int, bit: int) -> None:
    line = files[name][:at].count(b"\n") + 1
    report = audit(flip(files, name, at, bit), fingerprint(table))
    assert located(report, name, line), (name, at, bit, [f.as_json() for f in report.findings])
    assert report.verdict == "INVALID" or name in ("check.sh", "CHECK.txt"), (name, at, bit)


@pytest.mark.parametrize("level", ["auditor", "public"])
def test_flipped_bytes_are_found_and_located(table, level):
    files, chance = shown(table, level), random.Random(7)
    trust = cards(table)
    for name in sorted(files):
        for _ in range(60 if name == TRANSCRIPT else 3):
            at, bit = chance.randrange(len(files[name])), chance.randrange(8)
            report = audit(flip(files, name, at, bit), trust)
            assert located(report, name, files[name][:at].count(b"\n") + 1), (name, at, bit)
            # Without bodies, a seal that nobody signed contradicts nothing: it is found, and proves nothing either way.
            bare = level == "public" and name.endswith(".seal") and not any(
                other.startswith(name.removesuffix("seal")) and other.endswith(".sig") for other in files)
            assert report.verdict == "INVALID" or name in ("check.sh", "CHECK.txt") \
                or bare and report.verdict == "INCOMPLETE", (name, at, bit)


@pytest.mark.slow
def test_every_flipped_byte_of_a_small_transcript(young):
    files, chance = shown(young), random.Random(8)
    for name in sorted(files):
        for at in range(len(files[name])):
            check_flip(young, files, name, at, chance.randrange(8))
