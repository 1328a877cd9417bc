"""Witnesses sign a seal with their own SSH keys and the stock tool; `go` takes the file in, and the auditor counts it.

Also how seals behave when a dead ceremony's text changes: whoever signed the shorter text signs the longer one too.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from ceremony.ceremonies.sealing import ended, seal_of
from ceremony.station import outbox
from ceremony.station.steps_keygen import open_keygen
from ceremony.verify.main import audit
from tests.audit_kit import fingerprint, grave, one, shown
from tests.flows.table import Table

PURPOSE = "ceremony-seal-v1@rehearsal.ceremony"


@pytest.fixture
def keygen(tool, tmp_path):
    """Run ssh-keygen in the test's folder."""
    def run(*arguments: str) -> None:
        subprocess.run([tool("ssh-keygen"), *arguments], cwd=tmp_path, check=True, capture_output=True)
    return run


@pytest.fixture
def table(tmp_path: Path, keygen) -> Table:
    """A founded group with wendy as its witness, whose private key lies in the test's folder."""
    keygen("-q", "-t", "ed25519", "-N", "", "-C", "wendy's own", "-f", "wendy")
    table = Table(tmp_path, 2, 3, witnesses=({"name": "wendy", "key": (tmp_path / "wendy.pub").read_text().strip()},))
    table.found()
    table.round()
    table.round()
    return table


def _witness(table: Table, tmp_path: Path, keygen, key: str = "wendy", purpose: str = PURPOSE) -> str:
    """What a witness does: sign the seal on the stick, and lay the signature into the stick's folder of seals."""
    name = next(name for name in table.stick if name.endswith(".seal"))
    (tmp_path / "x.seal").write_bytes(table.stick[name])
    (tmp_path / "x.seal.sig").unlink(missing_ok=True)
    keygen("-Y", "sign", "-n", purpose, "-f", key, "x.seal")
    place = f"{name.removesuffix('.seal')}-wendy-0.sig"
    table.stick[place] = (tmp_path / "x.seal.sig").read_bytes()
    return place


def test_a_witness_signs_with_ssh_keygen_and_go_takes_it_in(table, tmp_path, keygen):
    before = audit(shown(table), fingerprint(table))
    assert "wendy" in one(before, "SEAL-ABSENT").text
    place = _witness(table, tmp_path, keygen)
    table.round("bob")
    assert table["bob"].taken.seals == 1 and not table["bob"].taken.refused
    table.round("alice")
    files = shown(table)
    assert files[next(name for name in files if ".wendy.0.sig" in name)] == table.stick[place]
    report = audit(files, fingerprint(table))
    assert grave(report) == [] and report.facts["ceremonies"][0]["witnesses"] == ["wendy"]
    table.stick = {}
    table.round("alice")
    assert place in table.stick


def test_stock_tools_check_a_witness(table, tmp_path, keygen, tool):
    for name in ("sh", "jq", "sha256sum"):
        tool(name)
    _witness(table, tmp_path, keygen)
    table.round("alice")
    for name, raw in shown(table).items():
        (tmp_path / "out" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "out" / name).write_bytes(raw)
    run = subprocess.run(["sh", str(tmp_path / "out" / "check.sh")], capture_output=True, text=True)
    assert run.returncode == 0 and "4 signatures over seals" in run.stdout and not run.stderr


@pytest.mark.parametrize("how", ["another purpose", "the other mode", "another key", "an altered file", "no signature"])
def test_what_a_witness_may_hand_in_by_mistake(table, tmp_path, keygen, how):
    purpose = {"another purpose": "file", "the other mode": PURPOSE.replace("rehearsal", "production")}.get(how, PURPOSE)
    if how == "another key":
        keygen("-q", "-t", "ed25519", "-N", "", "-f", "stranger")
    place = _witness(table, tmp_path, keygen, "stranger" if how == "another key" else "wendy", purpose)
    if how == "an altered file":
        table.stick[place] = table.stick[place].replace(b"\nU1NIU0lH", b"\nU1NIU0lI")
    if how == "no signature":
        table.stick[place] = b"I saw it all. Wendy\n"
    table.round("bob")
    [(where, fault)] = [row for row in table["bob"].taken.refused]
    assert where == place and table["bob"].taken.seals == 0
    assert fault.check == ("SSHSIG-MALFORMED" if how in ("an altered file", "no signature") else "SEAL-SIGNATURE")
    files = shown(table)
    ceremony = next(name for name in files if name.endswith(".seal")).removesuffix(".seal")
    report = audit(files | {f"{ceremony}.wendy.0.sig": table.stick[place]}, fingerprint(table))
    assert report.exit_code == 12 and one(report, fault.check).where == f"{ceremony}.wendy.0.sig"
    assert "wendy" in one(report, "SEAL-ABSENT").text


def test_a_signature_under_a_name_that_is_no_witness(table, tmp_path, keygen):
    place = _witness(table, tmp_path, keygen)
    table.stick[place.replace("wendy", "wanda")] = table.stick.pop(place)
    table.round("bob")
    [(_, fault)] = table["bob"].taken.refused
    assert fault.check == "SEAL-SIGNER"


def test_a_second_refusal_changes_the_seal_and_everybody_signs_it_again(tmp_path):
    """Dave and erin decline at the same time on two sticks; alice had sealed with dave's refusal alone."""
    table, other = Table(tmp_path, 2, 5), {}
    table.found()
    for name in ("dave", "erin"):
        table[name].holder.answers |= {"keygen.yes": "No", "decline.reason": f"{name} is away"}
    table["alice"].visit(table.stick, open_keygen)
    other.update(table.stick)
    table["dave"].visit(table.stick)
    table["erin"].visit(other)
    table.round("alice", "bob")
    [dead] = [over for over in ended(table["alice"].desk.state) if over.kind == "keygen"]
    first = seal_of(table["alice"].desk.state, dead).text()
    assert not any("keygen" in name for name in table["alice"].desk.seals_missing()[dead.id]) and dead.outcome == "dead"
    table["erin"].visit(table.stick)
    table.round()
    table.round()
    desk = table["alice"].sit()
    [now] = [over for over in ended(desk.state) if over.kind == "keygen"]
    assert seal_of(desk.state, now).text() != first
    assert desk.seals_missing()[now.id] == []
    names = [name for name in outbox.seals(desk) if now.id in name and name.endswith(".sig")]
    assert len(names) == 5
    report = audit(shown(table), fingerprint(table))
    assert report.exit_code == 10 and set(grave(report)) == {"KEYGEN-DEAD", "HOLDER-REFUSED"}
