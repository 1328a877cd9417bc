"""Seal texts, their signatures, bundles and evidence: one encoding each, and every other one refused."""

from __future__ import annotations

import subprocess
from dataclasses import replace

import pytest

from ceremony.base.limits import MAX_NESTING
from ceremony.codec import canonical, cbor
from ceremony.codec.cbor import BundleMalformed
from ceremony.record import bundle as bundles, sshsig
from ceremony.record.bundle import Bundle, parse_bundle
from ceremony.record.entry import leaf_of
from ceremony.record.evidence import Evidence, EvidenceMalformed, parse_evidence
from ceremony.record.seal import Seal, SealMalformed, check_seal_signature, parse_seal, parse_seal_signature, sign_seal
from ceremony.record.sshsig import ArmorMalformed, BadSignature, PublicIdentity
from tests.record_group import Group, key_of, seed_of

A, B, C = "aa" * 32, "bb" * 32, "cc" * 32
SEAL = Seal("rehearsal", A, B, "keygen", "done", C, (("alice/0", 4, A), ("bob/0", 3, B), ("bob/0", 3, C)))
TEXT = SEAL.text().decode()
ALICE = PublicIdentity(key_of("alice"))
SIGNED = sign_seal(seed_of("alice"), SEAL, "alice", 0)
GROUP = Group("alice", "bob")
ENTRY = GROUP["bob"].write(0, body={"hex": "ab" * 40, "text": "zz", "list": [1, "", True]})
BUNDLE = Bundle(GROUP.id, (GROUP.founding, ENTRY, ENTRY.redacted()), (SIGNED, replace(SIGNED, signature=bytes(69), hash_name="sha256")))


def test_the_text_is_the_one_in_the_format():
    assert TEXT == (f"ceremony-seal-v1\nmode rehearsal\ngroup {A}\nceremony {B}\nkind keygen\noutcome done\nstate {C}\n"
                    f"head alice/0 4 {A}\nhead bob/0 3 {B}\nhead bob/0 3 {C}\n")
    assert parse_seal(SEAL.text()) == SEAL


def test_the_largest_group_has_a_seal():
    """A seal of 128 holders is above 4096 bytes, the ceiling of a signature file."""
    heads = tuple(sorted((f"holder-{i:03}/{2**52 - 1}", 2**31 - 1, A) for i in range(128)))
    assert parse_seal(replace(SEAL, heads=heads).text()).heads == heads


@pytest.mark.parametrize("old, new", [
    ("seal-v1", "seal-v2"), ("mode rehearsal", "mode test"), ("mode", "Mode"), ("kind keygen\n", ""), ("kind keygen", "kind key gen"), ("done", "maybe"),
    ("outcome done\nstate", "state"), (f"state {C}", f"state {C.upper()}"), (f"group {A}", f"group {A}0"), (f"group {A}", f"group  {A}"),
    ("alice/0 4", "alice/0 04"), ("alice/0 4", "alice/0 -4"), ("alice/0 4", "alice/0  4"), ("alice/0 4", f"alice/0 {2**31}"), ("alice/0", "alice"),
    ("alice/0", "alice/00"), ("alice/0", "zed/0"), (f"3 {C}", f"3 {B}"), (f"3 {C}\n", f"3 {C}"), (f"3 {C}\n", f"3 {C}\n\n"), (f"3 {C}\n", f"3 {C}\r\n"),
    (f"3 {C}", f"3 {C} x"), ("head bob", "tail bob"), ("keygen", "kéygen"), ("ceremony-seal-v1\n", "\nceremony-seal-v1\n"), ("keygen", ""),
    (f"head alice/0 4 {A}\nhead bob/0 3 {B}\nhead bob/0 3 {C}\n", ""), (TEXT, ""), (TEXT, "\n"), (TEXT, TEXT + "head bob/0 4 " + C + "\n" * 70_000),
])
def test_refused_texts(old, new):
    assert old in TEXT
    with pytest.raises(SealMalformed) as caught:
        parse_seal(TEXT.replace(old, new).encode())
    assert caught.value.check == "SEAL-MALFORMED"


def test_signatures_of_stations():
    check_seal_signature(SEAL, SIGNED, ALICE)
    text = SIGNED.armored(ALICE, "rehearsal")
    assert parse_seal_signature(text, SEAL, "alice", 0, ALICE) == SIGNED


def test_a_witness_signs_with_ssh_keygen(tool, tmp_path):
    subprocess.run([tool("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-f", "key"], cwd=tmp_path, check=True)
    (tmp_path / "x.seal").write_bytes(SEAL.text())
    subprocess.run([tool("ssh-keygen"), "-Y", "sign", "-n", "ceremony-seal-v1@rehearsal.ceremony", "-f", "key", "x.seal"],
                   cwd=tmp_path, check=True, capture_output=True)
    identity = sshsig.parse_openssh_public((tmp_path / "key.pub").read_text())
    text = (tmp_path / "x.seal.sig").read_text()
    signature = parse_seal_signature(text, SEAL, "wendy", 0, identity)
    check_seal_signature(SEAL, signature, identity)
    assert signature.armored(identity, "rehearsal") == text
    with pytest.raises(BadSignature, match="another key"):
        parse_seal_signature(text, SEAL, "alice", 0, ALICE)


@pytest.mark.parametrize("field, value", [
    ("mode", "production"), ("group", B), ("kind", "sign"), ("outcome", "dead"), ("state", A), ("heads", SEAL.heads[:2]), ("ceremony", C),
])
def test_a_signature_covers_every_line(field, value):
    other = replace(SEAL, **{field: value})
    with pytest.raises(BadSignature) as caught:
        check_seal_signature(other, replace(SIGNED, ceremony=other.ceremony), ALICE)
    assert caught.value.check == "SEAL-SIGNATURE"
    with pytest.raises(BadSignature):
        parse_seal_signature(SIGNED.armored(ALICE, "rehearsal"), other, "alice", 0, ALICE)


def test_other_signatures_on_a_seal():
    entry = sshsig.sign(seed_of("alice"), sshsig.namespace("entry", "rehearsal"), SEAL.text())
    for wrong in (replace(SIGNED, signature=entry), replace(SIGNED, hash_name="sha256"), replace(SIGNED, ceremony=C)):
        with pytest.raises(BadSignature):
            check_seal_signature(SEAL, wrong, ALICE)
    with pytest.raises(BadSignature):
        check_seal_signature(SEAL, SIGNED, PublicIdentity(key_of("bob")))
    with pytest.raises(ArmorMalformed):
        parse_seal_signature("", SEAL, "alice", 0, ALICE)


# Bundles

def test_a_bundle_is_lossless_and_half_the_size():
    raw = BUNDLE.to_bytes()
    assert parse_bundle(raw) == BUNDLE
    assert [entry.line() for entry in parse_bundle(raw).entries] == [entry.line() for entry in BUNDLE.entries]
    big = Bundle(GROUP.id, (GROUP["bob"].write(0, body={"proof": "ab" * 5000}),))
    assert len(big.to_bytes()) < 0.55 * len(big.entries[0].line())
    assert parse_bundle(Bundle(GROUP.id, ()).to_bytes()).entries == ()


def changed(**changes) -> bytes:
    value = {"v": 1, "group": GROUP.id, "entries": [ENTRY.as_object()], "seals": [SIGNED.as_object()]} | changes
    return cbor.encode({key: item for key, item in value.items() if item is not None}, max_nesting=100)


def deep(levels: int):
    return [] if levels == 1 else [deep(levels - 1)]


@pytest.mark.parametrize("changes", [
    dict(v=2), dict(v=None), dict(group="ab"), dict(entries={}), dict(entries=[1]), dict(entries=[{}]), dict(seals=None), dict(more=1), dict(entries=[ENTRY.line().decode()[:-1]]),
    dict(entries=[ENTRY.as_object() | {"body": {}}]), dict(entries=[ENTRY.as_object() | {"seq": 1}]), dict(seals=[SIGNED.as_object() | {"sig": "ab" * 65}]),
    dict(seals=[SIGNED.as_object() | {"hash": "md5"}]), dict(seals=[SIGNED.as_object() | {"signer": "A"}]), dict(seals=[SIGNED.as_object() | {"inc": -1}]),
    dict(entries=[GROUP["bob"].write(0).as_object() | {"body": {"a": deep(31)}}]), dict(entries=[GROUP["bob"].write(0).as_object() | {"body": {"a": deep(33)}}]),
], ids=range(17))
def test_refused_bundles(changes):
    with pytest.raises(BundleMalformed) as caught:
        parse_bundle(changed(**changes))
    assert caught.value.check == "BUNDLE-MALFORMED"


def test_what_could_not_be_a_line_is_no_entry_of_a_bundle():
    """The body is nested as deep as a bundle allows and a line does not, and its leaf is right."""
    value = ENTRY.as_object() | {"body": {"a": deep(31)}}
    value["leaf"] = leaf_of(value["salt"], value["body"])
    with pytest.raises(BundleMalformed, match="nested"):
        parse_bundle(changed(entries=[value]))
    value["body"] = {"a": deep(30)}
    value["leaf"] = leaf_of(value["salt"], value["body"])
    assert parse_bundle(changed(entries=[value])).entries[0].body == value["body"]


def test_what_is_longer_than_a_line_is_no_entry_of_a_bundle(monkeypatch):
    monkeypatch.setattr("ceremony.record.entry.MAX_LINE_BYTES", len(ENTRY.line()))
    assert parse_bundle(changed(entries=[ENTRY.as_object()])).entries == (ENTRY,)
    monkeypatch.setattr("ceremony.record.entry.MAX_LINE_BYTES", len(ENTRY.line()) - 1)
    with pytest.raises(BundleMalformed, match="longer"):
        parse_bundle(changed(entries=[ENTRY.as_object()]))


def test_a_bundle_too_large_to_carry_is_not_written(monkeypatch):
    monkeypatch.setattr(bundles, "MAX_BUNDLE_BYTES", len(BUNDLE.to_bytes()) - 1)
    with pytest.raises(BundleMalformed, match="stick"):
        BUNDLE.to_bytes()


# Evidence

def test_evidence_comes_back():
    evidence = Evidence("RECORD-FORK", "bob", (ENTRY, ENTRY.redacted()))
    assert parse_evidence(evidence.line()) == evidence


@pytest.mark.parametrize("changes", [dict(v=2), dict(kind="x"), dict(check=""), dict(culprit="Bob"), dict(entries=[]), dict(entries=[1]), dict(more=1),
                                     dict(entries=[ENTRY.as_object() | {"body": {}}]), dict(entries=[ENTRY.as_object() | {"body": {"a": deep(31)}}])])
def test_refused_evidence(changes):
    value = {"v": 1, "kind": "ceremony-evidence", "check": "RECORD-FORK", "culprit": "bob", "entries": [ENTRY.as_object()]} | changes
    with pytest.raises(EvidenceMalformed):
        parse_evidence(canonical.encode(value, max_nesting=MAX_NESTING + 9) + b"\n")
    for raw in (b"", b"\n", Evidence("X", "bob", (ENTRY,)).line()[:-1]):
        with pytest.raises(EvidenceMalformed):
            parse_evidence(raw)
