"""Reading a stick: a folder of files that anybody may have written.

A name is never trusted and never decides what a file is; its ending only says how it is read. Whatever cannot be taken
is reported under its name and never stops the rest. What the lines say is judged by others: here they are only bytes,
bounded in size and number before memory is reserved. Writing is in `usb_write`. Layout: docs/formats.md section 8.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from ceremony.base import limits
from ceremony.devices import medium

GROUP_CHARACTERS = 16  # of the group id, in the name of its folder
TEMPORARY = re.compile(r"ceremony-[0-9a-f]{16}\.part")
"""What a write leaves behind when it is cut off: never read, removed by the next write into its folder."""

_GROUP_FOLDER = re.compile(r"ceremony-([0-9a-f]{16})")
# What other systems put on a stick of their own accord; reporting it would only teach people to skip the reports.
_FOREIGN = re.compile(r"\._.*|\.ds_store|\.fseventsd|\.spotlight-v100|\.trash.*|\.temporaryitems|thumbs\.db|"
                      r"desktop\.ini|system volume information|\$recycle\.bin|lost\+found", re.IGNORECASE)


@dataclass
class StickContents:
    """What was on a stick for one group. File names are paths inside the stick, made fit for a screen.

    lines: each with its final LF, at most MAX_LINE_BYTES, repeated ones left out. seals, cards: whole files.
    problems: what was not taken, and why.
    """

    lines: list[tuple[str, bytes]] = field(default_factory=list)
    seals: list[tuple[str, bytes]] = field(default_factory=list)
    cards: list[tuple[str, bytes]] = field(default_factory=list)
    problems: list[tuple[str, str]] = field(default_factory=list)


def group_folder(group: str) -> str:
    """The name of a group's folder on a stick."""
    return f"ceremony-{group[:GROUP_CHARACTERS]}"


def entry_path(group: str, author: str, inc: int, seq: int, ceremony: str, kind: str, entry_id: str) -> str:
    """The path of one loose entry inside a stick."""
    return f"{group_folder(group)}/{author}-{inc}-{seq}-{ceremony[:8] or 'none'}-{kind}-{entry_id[:8]}.json"


def seal_path(group: str, ceremony: str, signer: str, inc: int) -> str:
    """The path of one signature over a seal inside a stick."""
    return f"{group_folder(group)}/seals/{ceremony}-{signer}-{inc}.sig"


def card_path(name: str) -> str:
    """The path of a station's card inside a stick."""
    return f"cards/{name}.card.json"


def shown(name: str) -> str:
    """A stranger's file name for a screen: printable ASCII, at most 200 characters."""
    text = "".join(c if " " <= c <= "~" else "?" for c in name)
    return text if len(text) <= 200 else text[:197] + "..."


def list_groups(directory: Path) -> list[str]:
    """The groups that have a folder on the stick: the first 16 characters of their ids, sorted.

    Raises: LocalFault ``STICK-GONE``, ``STICK-FOREIGN``, when the folder itself cannot be read.
    """
    try:
        with medium.folder(directory) as stick, os.scandir(stick) as found:
            named = {match[1] for item in found if (match := _GROUP_FOLDER.fullmatch(item.name.lower()))
                     and item.is_dir(follow_symlinks=False)}
    except OSError as problem:
        raise medium.fault_of(problem, writing=False) from None
    return sorted(named)


def read_stick(directory: Path, group16: str | None) -> StickContents:
    """Everything on the stick that may concern one group, and the cards. Without a group, only the cards.

    Raises: LocalFault ``STICK-GONE``, ``STICK-FOREIGN`` when the folder itself cannot be read; nothing else.
    """
    reader = _Reader()
    try:
        with medium.folder(directory) as stick:
            if group16 is not None:
                reader.group(stick, f"ceremony-{group16}")
            reader.files(stick, "", "cards", ".card.json", limits.MAX_CARD_BYTES, reader.contents.cards)
    except OSError as problem:
        raise medium.fault_of(problem, writing=False) from None
    return reader.contents


def read_cards(directory: Path) -> list[tuple[str, bytes]]:
    """The card files in a folder itself and in its folder ``cards``: a stick, or a folder that somebody filled.

    Raises: as `read_stick`.
    """
    reader = _Reader()
    try:
        with medium.folder(directory) as within:
            reader.cards(within)
    except OSError as problem:
        raise medium.fault_of(problem, writing=False) from None
    return reader.contents.cards


class _Reader:
    """One visit: what was found so far, and how much more may be taken."""

    def __init__(self) -> None:
        self.contents = StickContents()
        self._files, self._bytes = limits.MAX_STICK_FILES, limits.MAX_STICK_BYTES
        self._known: set[bytes] = set()

    def _problem(self, path: str, what: str) -> None:
        self.contents.problems.append((shown(path), what))

    def _names(self, within: int, path: str) -> list[str]:
        """The names in a folder, sorted, except what our own writes and other systems leave there."""
        names: list[str] = []
        with os.scandir(within) as found:
            for item in found:
                if len(names) == limits.MAX_STICK_NAMES:
                    self._problem(path or ".", f"it holds more than {len(names)} names; the rest was not read")
                    break
                if not (TEMPORARY.fullmatch(item.name) or _FOREIGN.fullmatch(item.name)):
                    names.append(item.name)
        return sorted(names)

    def _folders(self, within: int, path: str, wanted: str) -> list[str]:
        """The names that are `wanted` without regard to case: FAT knows one such, other systems may hold several."""
        return [name for name in self._names(within, path) if name.lower() == wanted]

    def group(self, stick: int, wanted: str) -> None:
        for name in self._folders(stick, "", wanted):
            try:
                with medium.folder(name, stick) as within:
                    self._loose(within, name)
                    self.files(within, name, "ended", ".jsonl", limits.MAX_PACK_BYTES, None)
                    self.files(within, name, "seals", ".sig", limits.MAX_SEAL_SIGNATURE_BYTES,
                               self.contents.seals)
            except OSError as problem:
                self._problem(name, f"it cannot be read ({problem.strerror})")

    def cards(self, within: int) -> None:
        """Card files in a folder and in its folder ``cards``; everything else is left alone."""
        for name in self._names(within, ""):
            if name.lower().endswith(".card.json"):
                self._file(within, "", name, limits.MAX_CARD_BYTES, self.contents.cards)
        self.files(within, "", "cards", ".card.json", limits.MAX_CARD_BYTES, self.contents.cards)

    def _loose(self, within: int, path: str) -> None:
        """The files that lie in the group's folder itself; one renamed to end in .jsonl is read as well."""
        for name in self._names(within, path):
            if name.lower() in {"ended", "seals"}:
                continue
            if name.lower().endswith((".json", ".jsonl")):
                self._file(within, path, name, limits.MAX_PACK_BYTES, None)
            else:
                self._problem(f"{path}/{name}", "it is not a file of a ceremony and was left alone")

    def files(self, within: int, path: str, wanted: str, ending: str, ceiling: int,
              into: list[tuple[str, bytes]] | None) -> None:
        """Every file with this ending in the folder `wanted`: into a list whole, or as lines."""
        for folder in self._folders(within, path, wanted):
            place = f"{path}/{folder}" if path else folder
            try:
                with medium.folder(folder, within) as inside:
                    for name in self._names(inside, place):
                        if name.lower().endswith(ending):
                            self._file(inside, place, name, ceiling, into)
                        elif not name.lower().endswith(".seal"):  # a seal's text is for witnesses; ours we compute
                            self._problem(f"{place}/{name}", "it is not a file of a ceremony and was left alone")
            except OSError as problem:
                self._problem(place, f"it cannot be read ({problem.strerror})")

    def _file(self, within: int, path: str, name: str, ceiling: int, into: list[tuple[str, bytes]] | None) -> None:
        full = f"{path}/{name}" if path else name
        if not self._files or not self._bytes:
            return self._problem(full, "the stick holds more than one visit can take; this file was not read")
        try:
            raw = medium.read(within, name, min(ceiling, self._bytes))
        except medium.Unreadable as problem:
            return self._problem(full, str(problem))
        self._files -= 1
        self._bytes -= len(raw)
        if into is not None:
            into.append((shown(full), raw))
        else:
            self._lines(full, raw)

    def _lines(self, path: str, raw: bytes) -> None:
        """Splits a file at its line feeds. What stands behind the last one was cut off when it was written."""
        if not raw.strip(b"\0"):
            return self._problem(path, "it is empty: its writing was cut off")
        if raw.count(b"\n") + len(self.contents.lines) > limits.MAX_STICK_LINES:
            return self._problem(path, "it holds more lines than one visit can take; it was not read")
        *lines, rest = raw.split(b"\n")
        if rest:
            self._problem(path, "its end is missing: its writing was cut off, or it was altered")
        for line in lines:
            self._line(path, line + b"\n")

    def _line(self, path: str, line: bytes) -> None:
        if len(line) > limits.MAX_LINE_BYTES:
            return self._problem(path, f"it has a line of more than {limits.MAX_LINE_BYTES} bytes")
        known = sha256(line).digest()
        if known not in self._known:
            self._known.add(known)
            self.contents.lines.append((shown(path), line))
