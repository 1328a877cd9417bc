"""What must hold of one station at any moment, between its memory, its vault and every medium that somebody can read.

`Holdings` is what a home and the media hold, read without the tool's own judgement of what is owed. The laws know nothing of
how a step is done; they compare what was said, wherever it can be read, with the secrets that are still here.
"""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Iterable

from ceremony.base.errors import Malformed
from ceremony.base.secret import Secret
from ceremony.devices.usb import TEMPORARY, list_groups, read_stick
from ceremony.record.entry import Entry, parse_line
from ceremony.station.home import Home
from ceremony.station.passphrase import PassphraseOpener
from ceremony.station.rows import SecretRow
from ceremony.station.vault import unlock
from tests.crew import PASSPHRASE

TABLES = "meta groups entries waiting evidence seals secrets used"


def entries_of(lines: Iterable[bytes]) -> list[Entry]:
    """The whole entries among lines; what a power cut or a vandal left of others is passed over."""
    found = []
    for line in lines:
        with suppress(Malformed):
            found.append(parse_line(line))
    return found


def on_stick(stick: Path) -> list[Entry]:
    """Every whole entry that a reader finds on a stick."""
    return entries_of(line for group in list_groups(stick) for _, line in read_stick(stick, group).lines)


@dataclass(frozen=True)
class Holdings:
    """label: the station's own chain, or nothing before it has a group."""

    label: str
    entries: list[Entry]
    secrets: list[SecretRow]

    def own(self, entries: Iterable[Entry], kind: str = "") -> list[Entry]:
        return [e for e in entries if e.label == self.label and e.kind.startswith(kind)]

    def refs(self, kind: str, state: str = "") -> set[str]:
        return {row.ref for row in self.secrets if row.kind == kind and row.state.startswith(state)}


def holdings(path: Path) -> Holdings:
    """What a home holds. It opens, and every secret opens with the passphrase, or this raises."""
    with Home.open(path) as home:
        store = home.store
        groups = store.groups()
        entries = entries_of(row.line for group in groups for row in store.entries(group.id))
        rows = [SecretRow(*row) for row in store._all("SELECT id, grp, kind, epoch, ref, state, blob FROM secrets")]
        vault = unlock(store, PassphraseOpener(Secret(PASSPHRASE.decode().strip()), "rehearsal", os.urandom), os.urandom)
        for row in rows:
            vault.open(row)
        return Holdings(f"{groups[0].name}/{groups[0].inc}" if groups else "", entries, rows)


def home_digest(path: Path) -> str:
    """Of everything that the store of a home holds. It opens whole, or this raises."""
    with Home.open(path, check=True) as home:
        rows = [(table, sorted(home.store._all(f"SELECT * FROM {table}"), key=repr)) for table in TABLES.split()]
        return hashlib.sha256(repr(rows).encode()).hexdigest()


def stick_digest(stick: Path) -> str:
    """Of every name and byte on a stick; of unfinished files only the name counts, since no reader opens them."""
    found = [(str(path.relative_to(stick)), b"" if path.is_dir() or TEMPORARY.fullmatch(path.name) else path.read_bytes())
             for path in sorted(stick.rglob("*"))]
    return hashlib.sha256(repr(found).encode()).hexdigest()


def assigned(opening: Entry, name: str) -> list[str]:
    """The nonces that a request takes from a signer, as the vault names them."""
    return [f"{opening.id}:{index}" if isinstance(item, str) else f"{item[0]}:{item[1]}"
            for index, item in enumerate(opening.body["nonces"].get(name, []))]


def signatures_by_nonce(entries: Iterable[Entry]) -> dict[str, set[str]]:
    """Every partial signature that can be read, by the nonce it was made with."""
    known = {entry.id: entry for entry in entries if entry.body is not None}
    found: dict[str, set[str]] = defaultdict(set)
    for entry in known.values():
        if entry.kind == "sign.partial" and entry.ceremony in known:
            for ref, psig in zip(assigned(known[entry.ceremony], entry.author), entry.body["psigs"], strict=True):
                found[ref].add(psig)
    return found


def check_nonces(entries: Iterable[Entry]) -> None:
    twice = {ref: found for ref, found in signatures_by_nonce(entries).items() if len(found) > 1}
    assert not twice, f"a nonce with two signatures gives the shard away: {twice}"


def check_chains(entries: Iterable[Entry], labels: Iterable[str] | None = None) -> None:
    """One entry at each place of each chain, or of those named."""
    places: dict[tuple[str, int], set[str]] = defaultdict(set)
    for entry in entries:
        places[entry.label, entry.seq].add(entry.id)
    forks = [place for place, ids in places.items() if len(ids) > 1 and (labels is None or place[0] in labels)]
    assert not forks, f"two versions of {forks}"


def check_released(held: Holdings, readable: list[Entry]) -> None:
    """What can be read of a station anywhere is in its store, and what it used up for that is gone for ever."""
    store = {entry.id for entry in held.entries}
    lost = [entry.kind for entry in held.own(readable) if entry.id not in store]
    assert not lost, f"was released and is forgotten: {lost}"
    everything = [*held.entries, *readable]
    check_chains(everything, [held.label])
    check_nonces(everything)
    openings = {entry.id: entry for entry in everything if entry.kind == "sign.open"}
    for said in held.own(everything, "sign.partial"):
        left = held.refs("nonce") & set(assigned(openings[said.ceremony], said.author))
        assert not left, f"a nonce is here after its signature was made: {left}"
    fresh = {row.ref for row in held.secrets if row.kind == "hostkey" and row.state == "announced"}
    attempts = {entry.id: entry for entry in everything if entry.kind == "keygen.open"}
    for said in held.own(everything, "keygen.round1"):
        dealt = {key for name, key, _ in attempts[said.ceremony].body["hostkeys"] if name == said.author}
        assert not dealt & fresh, "a host key that has dealt could deal again"


def check_whole_steps(held: Holdings) -> None:
    """Each step was done in full or not at all: entries and secrets belong together, both ways."""
    openings = {entry.id: entry for entry in held.entries if entry.kind == "sign.open"}
    used = {ref for said in held.own(held.entries, "sign.partial")
            for ref in assigned(openings[said.ceremony], said.author)}
    made = {f"{said.id}:{i}" for said in held.own(held.entries, "nonces") for i in range(len(said.body["pubnonces"]))}
    made |= {ref for said in held.own(openings.values()) for ref in assigned(said, said.author)}
    assert held.refs("nonce") == made - used, "half a step: nonces"
    ceremonies = {kind: {e.ceremony for e in held.own(held.entries, f"keygen.{kind}")} for kind in ("round1", "round2", "ack")}
    assert held.refs("keygen1") == ceremonies["round1"] - ceremonies["round2"], "half a step: dealing"
    assert held.refs("keygen2") == ceremonies["round2"] - ceremonies["ack"], "half a step: certifying"
    assert held.refs("share") == {e.body["key"] for e in held.own(held.entries, "keygen.ack")}, "half a step: acknowledging"
    hostkeys = {e.body["hostkey"] for e in held.own(held.entries) if e.kind in ("charter.accept", "hostkey")}
    assert held.refs("hostkey") == hostkeys, "half a step: host keys"
    dealt = {f"attempt {ceremony}" for ceremony in ceremonies["round1"]}
    assert {row.state for row in held.secrets if row.kind == "hostkey"} - {"announced"} == dealt, "half a step: dealing"
