"""What some bytes are: the first of the known forms whose decoder takes them. Signatures are not judged here."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from ceremony.base.errors import Malformed, Unattributed
from ceremony.base.limits import MAX_BUNDLE_BYTES, MAX_LINE_BYTES
from ceremony.ceremonies.charter import PlanMalformed, read_plan
from ceremony.chains.bitcoin.psbt import MAGIC, read_psbt
from ceremony.chains.bitcoin.transaction import shown_txid
from ceremony.cli.views_text import count, grouped
from ceremony.devices.usb import list_groups
from ceremony.record import sshsig
from ceremony.record.card import check_card, parse_card
from ceremony.record.entry import Entry, parse_line
from ceremony.record.evidence import parse_evidence
from ceremony.record.seal import parse_seal
from ceremony.station import backup

UNCHECKED = "Only its form was read; signatures are checked by `ceremony go` and `ceremony verify`."


@dataclass(frozen=True, slots=True)
class Found:
    """what: the kind, in words. facts: label and value. remarks: sentences."""

    what: str
    facts: tuple[tuple[str, str], ...]
    remarks: tuple[str, ...] = ()


def file(raw: bytes) -> Found:
    """What a file is. Raises: Unattributed ``SCAN-UNKNOWN``, or the decoder's fault for a damaged file of a known kind.

    A file that begins as one kind does is judged by that kind's decoder only, so that the fault says what is wrong.
    """
    start = raw.lstrip()[:40]
    if raw.startswith(MAGIC) or start[:6] == b"cHNidP" or start[:10].lower() == MAGIC.hex().encode():
        return _psbt(raw)
    if start.startswith(b"-----BEGIN SSH SIG"):
        return _signature(raw)
    if start.startswith(b"ceremony-seal-v1"):
        return _seal(raw)
    if start.startswith(b"{"):
        return _json(raw)
    try:
        return _plan(raw)
    except PlanMalformed as fault:
        if b"threshold" in raw and b"stations" in raw:
            raise
        raise Unattributed("SCAN-UNKNOWN", "this is nothing that belongs to a ceremony", meaning="Nothing was done.",
                           do="Ask who gave you the file what it should be.") from fault


def folder(path: Path) -> Found:
    """What a folder is."""
    if (path / "transcript.jsonl").is_file():
        return Found("a transcript", (("Folder", path.name),), ("Check it with `ceremony verify`.",))
    groups = list_groups(path)
    facts = [("Group", f"{grouped(one)} …") for one in groups]
    return Found("a stick" if groups else "a folder without ceremonies", tuple(facts))


def _psbt(raw: bytes) -> Found:
    psbt = read_psbt(raw)
    transaction = psbt.transaction
    form = "binary" if raw.startswith(MAGIC) else "hex" if raw.lstrip()[:2] == b"70" else "base64"
    return Found("PSBT", (("Version", str(psbt.version)), ("Encoding", form),
                          ("Transaction", grouped(shown_txid(transaction.txid()))),
                          ("Inputs", str(len(transaction.inputs))), ("Outputs", str(len(transaction.outputs)))))


def _signature(raw: bytes) -> Found:
    file = sshsig.parse_armor(raw.decode("ascii", "replace"))
    return Found("an SSH signature", (("Made for", file.namespace), ("By the key", file.identity.text)), (UNCHECKED,))


def _seal(raw: bytes) -> Found:
    seal = parse_seal(raw)
    return Found("a seal", (("Group", grouped(seal.group)), ("Ceremony", grouped(seal.ceremony)), ("Kind", seal.kind),
                            ("Outcome", seal.outcome), ("Mode", seal.mode), ("Heads", str(len(seal.heads)))),
                 ("A witness signs it with: ssh-keygen -Y sign -n "
                  f"{sshsig.namespace('seal', seal.mode)} -f KEY FILE",))


def _plan(raw: bytes) -> Found:
    plan = read_plan(raw)
    return Found("a charter plan", (("Name", plan["name"]), ("Signers needed", str(plan["threshold"])),
                                    ("Stations", ", ".join(plan["stations"])), ("Network", plan["network"]),
                                    ("Mode", plan["mode"])))


def _json(raw: bytes) -> Found:
    """An object that says its kind, or entries, whose kinds are other words."""
    decoders: dict[str, Callable[[bytes], Found]] = {"ceremony-card": _card, "ceremony-backup": _backup,
                                                     "ceremony-evidence": _evidence}
    try:
        first = json.loads(raw[:MAX_BUNDLE_BYTES].split(b"\n", 1)[0])
    except (ValueError, RecursionError):
        return _entries(raw)
    kind = first.get("kind") if isinstance(first, dict) else None
    return decoders.get(kind if isinstance(kind, str) else "", _entries)(raw)


def _card(raw: bytes) -> Found:
    card = parse_card(raw)
    check_card(card)
    return Found("a station's card", tuple((label.capitalize(), card[label]) for label in (
        "name", "person", "organisation", "site", "contact", "mode", "identity")),
        ("Its maker holds the key that it names. Who that is, people compare when the group is founded.",))


def _backup(raw: bytes) -> Found:
    says = backup.parse(raw).says
    return Found("a backup", (("Station", says.name), ("Group", grouped(says.group)), ("Key", grouped(says.key)),
                              ("Epoch", str(says.epoch)), ("Mode", says.mode)),
                 ("Its passphrase restores one shard with `ceremony station recover`. Keep it in a safe.",))


def _evidence(raw: bytes) -> Found:
    evidence = parse_evidence(raw)
    return Found("evidence", (("Check", evidence.check), ("Against", evidence.culprit),
                              ("Entries", str(len(evidence.entries)))), (UNCHECKED,))


def _entries(raw: bytes) -> Found:
    good: list[Entry] = []
    lines = raw.splitlines(keepends=True)
    for number, line in enumerate(lines, start=1):
        try:
            good.append(parse_line(line if len(line) <= MAX_LINE_BYTES else b""))
        except Malformed as fault:
            raise type(fault)(fault.check, f"line {number} of {len(lines)}: {fault.seen}",
                              meaning="The rest of the file may still be good: `ceremony go` takes what is.",
                              do="Ask for another copy of this file.") from None
    first, bare = good[0], sum(entry.body is None for entry in good)
    facts = [("Group", grouped(first.group))]
    if len(good) == 1:
        facts += [("Author", first.label), ("Place", str(first.seq)), ("Kind", first.kind), ("Time", first.time),
                  ("Ceremony", grouped(first.ceremony) or "none"), ("Id", grouped(first.id))]
    else:
        by = Counter(entry.author for entry in good)
        authors = ", ".join(f"{number} of {name}" for name, number in sorted(by.items()))
        facts += [("Entries", str(len(good))), ("Authors", authors)]
    remarks = (UNCHECKED,) if not bare else (f"{count(bare, 'body is', 'bodies are')} withheld.", UNCHECKED)
    return Found("an entry" if len(good) == 1 else "packed entries, or a transcript", tuple(facts), remarks)
