"""Stations for tests of the record: fixed seeds, and entries composed in one line, honest or not."""

from __future__ import annotations

from hashlib import sha256
from typing import Any, Mapping

from ceremony.base.errors import Malformed
from ceremony.base.ids import chain_label
from ceremony.base.secret import Secret
from ceremony.codec import canonical
from ceremony.codec.digest import text_hash
from ceremony.record import sshsig
from ceremony.record.entry import Entry, compose
from ceremony.record.identity import incarnation_number
from ceremony.record.log import Log

MODE = "rehearsal"
KINDS = ("charter.found", "incarnation.join", "note", "round.open", "round.step")


def check_body(entry: Entry) -> None:
    """A small table of kinds: unknown kinds and bodies that say `bad` are refused."""
    if entry.kind not in KINDS or (entry.body is not None and "bad" in entry.body):
        raise Malformed("SHAPE", "not a kind or body of this test")


def seed_of(name: str) -> Secret[bytes]:
    return Secret(sha256(b"a test's seed of " + name.encode()).digest())


def key_of(name: str) -> bytes:
    return sshsig.public_key(seed_of(name))


class Station:
    """Writes entries under its name, with its key, anywhere it likes."""

    def __init__(self, group: "Group", name: str, inc: int = 0, seed: str = ""):
        self.group, self.name, self.inc, self.seed = group, name, inc, seed or name
        self.label = chain_label(name, inc)

    def write(self, seq: int, prev: str = "", seen: Mapping[str, tuple[int, str]] | None = None, *, kind: str = "note",
              ceremony: str = "", body: dict[str, Any] | None = None, level: str = "auditor", group: str = "",
              mode: str = MODE, author: str = "", salt: int = 0) -> Entry:
        """An entry with exactly these fields, signed by this station."""
        body = {} if body is None else body
        return compose(sign=lambda core: sshsig.sign(seed_of(self.seed), sshsig.namespace("entry", mode), core),
                       salt=salt.to_bytes(32, "big"), group=group or self.group.id, author=author or self.name,
                       inc=self.inc, seq=seq, prev=prev, seen=seen or {}, ceremony=ceremony, kind=kind, level=level,
                       time="2026-11-22T15:52:01Z", body=body)

    def next(self, log: Log, **fields: Any) -> Entry:
        """The honest next entry over what `log` holds, which takes it in."""
        seq, prev, seen = log.next_place(self.label)
        entry = self.write(seq, prev, seen, **fields)
        assert log.offer([entry]).held == [entry]
        return entry


class Group:
    """A group of stations and the first entry, written by the first of them."""

    def __init__(self, *names: str, title: str = "treasury"):
        stations = [{"name": name, "identity": sshsig.openssh_public(key_of(name))} for name in names]
        self.charter = {"mode": MODE, "name": title, "stations": stations}
        self.id = text_hash("ceremony-group-v1", canonical.encode(self.charter).decode())
        self.stations = {name: Station(self, name) for name in names}
        self.founding = self.stations[names[0]].write(0, kind="charter.found", body=self.charter)

    def __getitem__(self, name: str) -> Station:
        return self.stations[name]

    def log(self, **options: Any) -> Log:
        """A log that holds the founding entry alone."""
        return Log.found(self.founding, check_body, **options)

    def later(self, name: str, seed: str) -> tuple[Station, Entry]:
        """A later incarnation of a station, and its join."""
        station = Station(self, name, incarnation_number(key_of(seed)), seed)
        body = {"identity": sshsig.openssh_public(key_of(seed))}
        return station, station.write(0, kind="incarnation.join", body=body)
