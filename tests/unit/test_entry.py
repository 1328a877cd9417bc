"""One entry: its bytes as anybody with stock tools gets them, and every way in which a line can be not quite one."""

from __future__ import annotations

import json
import subprocess
from dataclasses import FrozenInstanceError, replace
from hashlib import sha256

import pytest

from ceremony.base.limits import MAX_LINE_BYTES
from ceremony.codec import canonical
from ceremony.record import sshsig
from ceremony.record.entry import Entry, EntryMalformed, LeafMismatch, check_signature, leaf_of, parse_label, parse_line
from ceremony.record.sshsig import BadSignature
from tests.record_group import Group, key_of

GROUP = Group("alice", "bob")
ID = "ab" * 32
ENTRY = GROUP["bob"].write(17, ID, {"alice/0": (12, "cd" * 32), "alice/4503599627370495": (0, "ef" * 32)}, ceremony=ID, kind="round.step",
                           body={"pmsg2": "6f00", "text": "naïve \"quote\" \\"}, salt=5)
VALUE = json.loads(ENTRY.line())


def line(**changes) -> bytes:
    """The line of ENTRY with other fields; None takes a field away."""
    value = {key: field for key, field in (VALUE | changes).items() if field is not None}
    return canonical.encode(value) + b"\n"


def test_the_line_comes_back():
    assert parse_line(ENTRY.line()) == ENTRY == parse_line(line())
    assert ENTRY.label == "bob/0" and ENTRY.parents == (ID, "cd" * 32, "ef" * 32)
    assert ENTRY.seen["alice/0"] == (12, "cd" * 32)


def test_id_leaf_and_core_are_what_the_format_says():
    core = {key: field for key, field in VALUE.items() if key not in ("sig", "salt", "body")}
    assert ENTRY.core == canonical.encode(core) + b"\n" and ENTRY.id == sha256(ENTRY.core).hexdigest()
    text = f"ceremony-leaf-v1 {5:064x} " + canonical.encode(VALUE["body"]).decode() + "\n"
    assert ENTRY.leaf == sha256(text.encode()).hexdigest() == leaf_of(f"{5:064x}", VALUE["body"])


def test_stock_tools_get_the_same(tool, tmp_path):
    (tmp_path / "line").write_bytes(ENTRY.line())
    core = subprocess.run([tool("jq"), "-cS", "del(.sig,.salt,.body)", "line"], cwd=tmp_path, capture_output=True, check=True).stdout
    leaf = subprocess.run([tool("jq"), "-crS", '"ceremony-leaf-v1 \\(.salt) \\(.body|tojson)"', "line"], cwd=tmp_path,
                          capture_output=True, check=True).stdout
    assert sha256(core).hexdigest() == ENTRY.id and sha256(leaf).hexdigest() == ENTRY.leaf
    armored = sshsig.armor(sshsig.SshSignature(sshsig.PublicIdentity(key_of("bob")), "ceremony-entry-v1@rehearsal.ceremony", "sha512", ENTRY.sig))
    (tmp_path / "sig").write_text(armored)
    (tmp_path / "allowed").write_text("bob " + sshsig.openssh_public(key_of("bob")) + "\n")
    subprocess.run([tool("ssh-keygen"), "-Y", "verify", "-f", "allowed", "-I", "bob", "-s", "sig", "-n", "ceremony-entry-v1@rehearsal.ceremony"],
                   input=core, cwd=tmp_path, check=True, capture_output=True)


def test_redaction_keeps_id_and_signature():
    redacted = ENTRY.redacted()
    assert redacted.body is None and redacted.salt is None and redacted.id == ENTRY.id
    assert parse_line(redacted.line()) == redacted and b"pmsg2" not in redacted.line()
    check_signature(redacted, key_of("bob"), "rehearsal")


def test_the_body_is_hidden_by_a_salt():
    assert GROUP["bob"].write(0, salt=1).leaf != GROUP["bob"].write(0, salt=2).leaf


def test_an_entry_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        ENTRY.seq = 18


ONE = {"alice/0": [1, ID]}
REFUSED = {
    "v": dict(v=2), "v as text": dict(v="1"), "no v": dict(v=None), "group upper case": dict(group=ID.upper()), "group short": dict(group="ab"),
    "author": dict(author="Bob"), "author long": dict(author="b" * 33), "author ends in dash": dict(author="bob-"), "inc negative": dict(inc=-1),
    "inc large": dict(inc=2**52), "inc true": dict(inc=True), "seq large": dict(seq=2**31), "seq text": dict(seq="17"), "seq 0 with prev": dict(seq=0),
    "seq without prev": dict(prev=""), "prev no id": dict(prev="xyz"), "prev upper": dict(prev=ID.upper()), "prev not text": dict(prev=1),
    "seen a list": dict(seen=[]), "seen label": dict(seen={"alice": [1, ID]}), "seen label with zeros": dict(seen={"alice/00": [1, ID]}),
    "seen inc large": dict(seen={"alice/4503599627370496": [1, ID]}), "seen label LF": dict(seen={"alice/0 ": [1, ID]}), "seen pair": dict(seen={"alice/0": [1]}),
    "seen id": dict(seen={"alice/0": [1, "ab"]}), "seen seq": dict(seen={"alice/0": [-1, ID]}), "seen many": dict(seen={f"al/{n}": [0, ID] for n in range(1025)}),
    "ceremony": dict(ceremony="none"), "ceremony short": dict(ceremony="ab"), "kind empty": dict(kind=""), "kind upper": dict(kind="Sign"),
    "kind dot at the end": dict(kind="sign."), "kind two dots": dict(kind="a..b"), "kind long": dict(kind="a" * 41), "kind space": dict(kind="a b"),
    "level": dict(level="secret"), "time zone": dict(time="2026-11-22T15:52:01+00:00"), "time local": dict(time="2026-11-22T15:52:01"),
    "time space": dict(time="2026-11-22 15:52:01Z"), "time week": dict(time="2026-W47-7T15:52:01Z"), "day 31": dict(time="2026-11-31T15:52:01Z"),
    "no leap year": dict(time="2026-02-29T15:52:01Z"), "hour 24": dict(time="2026-11-22T24:00:00Z"), "second 60": dict(time="2026-11-22T23:59:60Z"),
    "year 0": dict(time="0000-11-22T15:52:01Z"), "other digits": dict(time="٢٠٢٦-11-22T15:52:01Z"), "leaf": dict(leaf="ab"), "sig": dict(sig="ab" * 63),
    "no sig": dict(sig=None), "salt short": dict(salt="ab"), "salt without body": dict(body=None), "body without salt": dict(salt=None),
    "body a list": dict(body=[]), "body text": dict(body="x"), "foreign field": dict(extra=1), "id inside": dict(id=ID),
}


@pytest.mark.parametrize("changes", REFUSED.values(), ids=REFUSED.keys())
def test_refused_lines(changes):
    with pytest.raises(EntryMalformed) as caught:
        parse_line(line(**changes))
    assert caught.value.check == "RECORD-MALFORMED" and caught.value.culprits == ()


RAW = ENTRY.line()


@pytest.mark.parametrize("raw", [
    b"", b"\n", b"{}\n", b"[]\n", b"null\n", RAW[:-1], RAW + b"\n", RAW[:-1] + b"\r\n", b"\xef\xbb\xbf" + RAW, RAW + RAW, RAW.replace(b":17", b": 17"),
    RAW.replace(b'"seq":17', b'"seq":17.0'), RAW[:200], RAW.decode().encode("utf-16"), RAW.replace(b'{"author"', b'{"author":"eve","author"'),
    RAW[:-1] + b" " * MAX_LINE_BYTES + b"\n",
], ids=range(16))
def test_refused_bytes(raw):
    with pytest.raises(EntryMalformed):
        parse_line(raw)


@pytest.mark.parametrize("changes", [
    dict(body={}), dict(body=VALUE["body"] | {"pmsg2": "6f01"}), dict(body=VALUE["body"] | {"more": 1}), dict(salt="00" * 32), dict(leaf=ID),
])
def test_an_altered_body_is_told_apart_from_a_broken_line(changes):
    with pytest.raises(LeafMismatch) as caught:
        parse_line(line(**changes))
    assert caught.value.check == "RECORD-LEAF" and caught.value.culprits == ()


@pytest.mark.parametrize("changes", [
    dict(group="00" * 32), dict(author="alice"), dict(inc=1), dict(seq=18), dict(prev="00" * 32), dict(seen={}), dict(ceremony=""), dict(kind="cancel"),
    dict(level="public"), dict(time="2026-11-22T15:52:02Z"), dict(sig="00" * 64),
])
def test_the_signature_covers_every_field_of_the_core(changes):
    entry = parse_line(line(**changes))
    assert entry.id != ENTRY.id or "sig" in changes
    with pytest.raises(BadSignature) as caught:
        check_signature(entry, key_of("bob"), "rehearsal")
    assert caught.value.check == "RECORD-SIGNATURE" and caught.value.culprits == ()


def test_key_and_mode_must_be_right():
    check_signature(ENTRY, key_of("bob"), "rehearsal")
    for key, mode in ((key_of("alice"), "rehearsal"), (key_of("bob"), "production")):
        with pytest.raises(BadSignature):
            check_signature(ENTRY, key, mode)


@pytest.mark.parametrize("changes", [
    dict(seq=-1), dict(seq=0, prev=ID), dict(kind="No"), dict(level="x"), dict(body={"t": "a\nb"}), dict(body={"t": None}), dict(body={"t": "\u202e"}),
    dict(author="Bob"), dict(seen={"x": (0, ID)}), dict(body={"t": "a" * MAX_LINE_BYTES}), dict(ceremony="x"),
])
def test_compose_writes_nothing_that_others_would_refuse(changes):
    fields = dict(seq=1, prev=ID) | changes
    with pytest.raises(EntryMalformed):
        GROUP["bob"].write(fields.pop("seq"), fields.pop("prev"), fields.pop("seen", None), **fields)


def test_two_copies_of_one_entry_have_one_id():
    assert replace(ENTRY, sig=bytes(64)).id == ENTRY.id and isinstance(ENTRY, Entry)


@pytest.mark.parametrize("label", ["", "bob", "bob/", "/0", "bob/-1", "bob/01", "Bob/0", "bob/0/0", "bob/0\n", "bob/4503599627370496", "bob/٠"])
def test_labels(label):
    assert parse_label("bob/4503599627370495") == ("bob", 2**52 - 1)
    with pytest.raises(EntryMalformed):
        parse_label(label)
