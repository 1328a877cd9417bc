"""What lies on a stick besides good lines: names and files that are none, and that keep nothing good out."""

from __future__ import annotations

import pytest

from ceremony.record import sshsig
from ceremony.record.seal import sign_seal
from ceremony.ceremonies.sealing import ended, seal_of
from ceremony.station import intake
from tests.flows.table import Table
from tests.liars import keyed, own_rows, state_of


@pytest.fixture
def table(tmp_path) -> Table:
    return keyed(tmp_path)


def seal_files(table: Table) -> dict[str, bytes]:
    return {name: raw for name, raw in table.stick.items() if name.endswith(".sig")}


@pytest.mark.parametrize("tail", ["²", "٣", "", "-1", "9" * 17, "0x1"])
def test_names_of_seals_that_are_none_are_passed_over(table, tail):
    """The superscript two is a digit for Python and no number."""
    name, raw = next(iter(seal_files(table).items()))
    hostile = {f"{name.rsplit('-', 1)[0]}-{tail}.sig": raw, "no-seal.sig": raw, ".sig": raw, f"x/seals/{'ab' * 32}-bob-0.sig": raw, "-.sig": b"\xff" * 10}
    table["bob"].store._connection.execute("DELETE FROM seals")
    table.stick.update(hostile)
    table.round("bob")
    assert table["bob"].taken.seals == len(seal_files(table)) - len(hostile) and not table["bob"].last.faults


def test_a_seal_signature_of_somebody_else_or_over_another_text(table):
    state = state_of(table.stick)
    over = [one for one in ended(state) if one.kind == "keygen"][0]
    seed = table["carol"].vault.open(table["carol"].store.secrets("", "identity")[-1])
    signature = sign_seal(seed, seal_of(state, over), "bob", 0)
    forged = signature.armored(sshsig.PublicIdentity(sshsig.public_key(seed)), "rehearsal").encode()
    table["alice"].store._connection.execute("DELETE FROM seals")
    desk = table["alice"].sit()
    names = [f"x/seals/{over.id}-{who}-0.sig" for who in ("bob", "mallory")]
    taken = intake.take_in(desk, [], [(names[0], forged), (names[1], forged), (names[0], b"\xff\xfe")])
    assert [fault.check for _, fault in taken.refused] == ["SEAL-SIGNATURE", "SEAL-SIGNER", "SSHSIG-MALFORMED"]
    assert taken.seals == 0 and desk.store.seals(over.id) == []


def test_lines_that_are_none_keep_no_good_line_out(table, tmp_path):
    desk = table["alice"].sit()
    bad = [("a", b""), ("b", b"{}\n"), ("c", b"\xff\n"), ("d", b"[" * 10_000 + b"\n"), ("e", b'{"v":1}\n')]
    taken = intake.take_in(desk, bad + [(name, line) for name, raw in table.stick.items()
                                        for line in raw.splitlines(keepends=True)])
    assert {where for where, fault in taken.refused if fault.check == "RECORD-MALFORMED"} >= set("abcde")
    assert own_rows(table["alice"], "share") == ["active"]


