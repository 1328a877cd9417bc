"""Laws of the auditor: order and repetition change nothing, withholding accuses nobody, and no record makes it fail.

The last one is asked with every station a liar: a whole record is rebuilt and signed anew with random changes in its
bodies, so that the changes reach the checks of key generation and signing and not only those of the signatures.
"""

from __future__ import annotations

import random
from typing import Any, Callable

import pytest

from ceremony.base.errors import Fault
from ceremony.ceremonies.charter import PROFILE
from ceremony.codec import canonical
from ceremony.codec.digest import text_hash
from ceremony.record import sshsig
from ceremony.record.entry import Entry, compose, parse_line
from ceremony.verify.main import audit
from tests.audit_kit import TRANSCRIPT, Files, fingerprint, grave, lines, shown, whole
from tests.flows.table import Table
from tests.liars import Liar

INCOMPLETE = 11


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> Table:
    return whole(tmp_path_factory.mktemp("table"))


@pytest.fixture(scope="module")
def files(table) -> Files:
    return shown(table)


def said(report) -> list[tuple]:
    """What an audit found, without numbers and places."""
    return sorted((f.check, f.severity, f.text, f.entry, f.culprits) for f in report.findings if not f.check.startswith(("FILE-", "TRANSCRIPT-")))


@pytest.mark.parametrize("seed", range(8))
def test_order_repetition_and_files_change_nothing(table, files, seed):
    chance, whole_ = random.Random(seed), audit(files, fingerprint(table))
    mixed = lines(files) + chance.choices(lines(files), k=5)
    chance.shuffle(mixed)
    parts: dict[str, bytes] = {}
    for line in mixed:
        name = f"{chance.randrange(4)}.jsonl"
        parts[name] = parts.get(name, b"") + line
    report = audit({name: raw for name, raw in files.items() if name != TRANSCRIPT} | parts, fingerprint(table))
    assert (report.verdict, report.facts["heads_hash"]) == (whole_.verdict, whole_.facts["heads_hash"])
    assert said(report) == said(whole_)


@pytest.mark.parametrize("seed", range(25))
def test_withholding_accuses_nobody_and_is_never_valid(table, files, seed):
    chance = random.Random(seed)
    share = chance.choice((0.05, 0.3, 0.7))
    entries = [parse_line(line) for line in lines(files)]
    bare = [entry.redacted() if chance.random() < share else entry for entry in entries]
    bare.pop(chance.randrange(len(bare)))  # and one line is gone altogether
    report = audit(files | {TRANSCRIPT: b"".join(entry.line() for entry in bare)}, fingerprint(table))
    assert report.exit_code == INCOMPLETE, [f.as_json() for f in report.findings if f.severity == "invalid"]
    assert not any(finding.culprits for finding in report.findings)
    assert report.text()


# Every station a liar

def _strings(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_strings(item, change) for item in value]
    return {key: _strings(item, change) for key, item in value.items()} if isinstance(value, dict) else value


def _broken(value: Any, chance: random.Random) -> Any:
    """A value with one place in it changed."""
    if isinstance(value, dict) and value:
        key = chance.choice(sorted(value))
        return value | {key: _broken(value[key], chance)}
    if isinstance(value, list) and value:
        at = chance.randrange(len(value))
        how = chance.randrange(5)
        if how == 0:
            return value[:at] + value[at + 1:]
        if how == 1:
            return value[:at] + [value[at]] + value[at:]
        return value[:at] + [_broken(value[at], chance)] + value[at + 1:]
    if isinstance(value, int):
        return chance.choice((0, 1, 2, value + 1, 10_000))
    if isinstance(value, str) and value and set(value) <= set("0123456789abcdef"):
        at = chance.randrange(len(value))
        how = chance.randrange(4)
        return (value[:at] + chance.choice("0123456789abcdef") + value[at + 1:] if how else chance.choice(("00", "ff", "02")) * (len(value) // 2))
    return chance.choice(("", "alice", "bob", "carol", "mallory", "ab" * 32))


class Rebuilt:
    """A record said again by the same stations, each entry over what became of the ones before it."""

    def __init__(self, table: Table, entries: list[Entry], chance: random.Random, changes: int):
        self.liars = {f"{name}/0": Liar(table, name) for name in table.names}
        self.ids: dict[str, str] = {}
        self.key = table.key()
        self.chance = chance
        self.targets = set(chance.sample(range(1, len(entries)), changes))
        self.entries = [self._again(number, entry) for number, entry in enumerate(entries)]

    def _again(self, number: int, entry: Entry) -> Entry:
        body = _strings(entry.body, lambda text: self.ids.get(text, text))
        if number in self.targets:
            body = _broken(body, self.chance)
        fields = {"prev": self.ids.get(entry.prev, entry.prev), "ceremony": self.ids.get(entry.ceremony, entry.ceremony),
                  "seen": {label: (seq, self.ids[id]) for label, (seq, id) in entry.seen.items()}}
        made = self._composed(entry, body, fields) or self._composed(entry, entry.body, fields)
        self.ids[entry.id] = made.id
        if entry.kind == "keygen.open":  # the id of the key follows from that of its opening
            self.ids[self.key.id] = text_hash("ceremony-key-v1", entry.group, PROFILE, made.id,
                                              self.key.point.compressed().hex(), self.key.chain_code.hex())
        return made

    def _composed(self, entry: Entry, body: dict, fields: dict) -> Entry | None:
        seed = self.liars[entry.label].seed
        try:
            canonical.encode(body)
            return compose(sign=lambda core: sshsig.sign(seed, sshsig.namespace("entry", "rehearsal"), core), salt=bytes(32),
                           group=entry.group, author=entry.author, inc=entry.inc, seq=entry.seq, kind=entry.kind,
                           level=entry.level, time=entry.time, body=body, **fields)
        except Fault:
            return None


@pytest.mark.parametrize("seed", [*range(40), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(40, 1500))])
def test_no_record_makes_the_auditor_fail(table, files, seed):
    chance = random.Random(seed)
    entries = [parse_line(line) for line in lines(files)]
    rebuilt = Rebuilt(table, entries, chance, chance.choice((0, 1, 1, 2, 4)))
    raw = b"".join(entry.line() for entry in rebuilt.entries)
    report = audit({TRANSCRIPT: raw}, fingerprint(table))
    assert report.text() and report.as_json() and report.exit_code >= 10
    if not rebuilt.targets:
        assert set(grave(report)) == {"SEAL-ABSENT"} and report.facts["transactions"]
