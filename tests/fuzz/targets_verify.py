"""Fuzz targets of the auditor: whatever the files and anchors are, it ends with a report, and never with VALID by accident.

The seeds are whole exports in one piece of bytes: each file behind its name, so that mutations meet all of them.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from pathlib import Path
from typing import Callable

from ceremony.base.errors import Malformed
from ceremony.verify.anchor import Anchor, AnchorMalformed
from ceremony.verify.main import audit
from tests.audit_kit import TRANSCRIPT, Files, Trust, cards, fingerprint, shown, whole
from tests.flows.table import Table

_FOLDER = Path(tempfile.mkdtemp(prefix="ceremony-fuzz-"))
atexit.register(shutil.rmtree, _FOLDER, True)


def _made(name: str, make: Callable[[Path], Table]) -> tuple[Trust, dict[str, Files]]:
    """The anchor and the exports of a group, whose homes are closed again."""
    (_FOLDER / name).mkdir()
    table = make(_FOLDER / name)
    files = {level: shown(table, level) for level in ("auditor", "public")}
    for station in table.stations.values():
        station.home.close()
    return fingerprint(table) + cards(table), files


def _founded(folder: Path) -> Table:
    table = Table(folder, 2, 3)
    table.found()
    table.round()
    table.round()
    return table


# Most targets work on a group that is only founded: an audit of it takes two milliseconds.
_TRUST, _FILES = _made("founded", _founded)
_WHOLE_TRUST, _WHOLE = _made("whole", whole)
_SEAL = next(name for name in sorted(_FILES["auditor"]) if name.endswith(".seal"))
_SIGNATURE = next(name for name in sorted(_FILES["auditor"]) if name.endswith(".sig"))
_CUT = b"\n=== "


def _joined(files: dict[str, bytes]) -> bytes:
    return b"".join(_CUT + name.encode() + b" ===\n" + raw for name, raw in sorted(files.items()) if not name.startswith(("check", "CHECK")))


def _parted(raw: bytes) -> dict[str, bytes]:
    parts = (part.partition(b" ===\n") for part in raw.split(_CUT)[1:])
    return {name.decode("latin-1"): content for name, _, content in parts}


SEEDS: dict[str, list[bytes]] = {
    "whole_audit": [_joined(files) for files in _FILES.values()],
    "founded_transcript": [files[TRANSCRIPT] for files in _FILES.values()],
    "whole_transcript": [files[TRANSCRIPT] for files in _WHOLE.values()],
    "seal_beside": [_FILES["auditor"][_SEAL]],
    "signature_beside": [_FILES["auditor"][_SIGNATURE]],
    "signers_beside": [_FILES["auditor"]["allowed_signers"]],
    "anchor": [raw for _, raw in _TRUST] + [_FILES["auditor"]["allowed_signers"]],
}
_HEADS = {id(trust): audit(files["auditor"], trust).facts["heads_hash"]
          for trust, files in ((_TRUST, _FILES), (_WHOLE_TRUST, _WHOLE))}
_KNOWN = {name: seeds[:] for name, seeds in SEEDS.items()}


def _judge(files: Files, altered: bool, trust: Trust = _TRUST) -> None:
    report = audit(files, trust)
    assert report.exit_code in (0, 10, 11, 12) and report.text() and report.as_json()
    # An altered record may be a smaller good one, when whole lines fell out; it is never the same one without a remark.
    same = report.facts.get("heads_hash") == _HEADS.get(id(trust))
    assert not (altered and same) or [f for f in report.findings if f.check != "MODE-REHEARSAL"]


def whole_audit(raw: bytes) -> None:
    """Files taken out, renamed or twice the same may leave a good record; files that are altered never do."""
    files = _parted(raw)
    known = any(set(files.values()) <= set(_parted(good).values()) for good in _KNOWN["whole_audit"])
    _judge(files, not known)


def founded_transcript(raw: bytes) -> None:
    _judge(_FILES["auditor"] | {TRANSCRIPT: raw}, raw not in _KNOWN["founded_transcript"])


def whole_transcript(raw: bytes) -> None:
    _judge(_WHOLE["auditor"] | {TRANSCRIPT: raw}, raw not in _KNOWN["whole_transcript"], _WHOLE_TRUST)


def seal_beside(raw: bytes) -> None:
    _judge(_FILES["auditor"] | {_SEAL: raw}, raw not in _KNOWN["seal_beside"])


def signature_beside(raw: bytes) -> None:
    """The same signature may be wrapped at another width; then nothing is wrong."""
    good = raw.replace(b"\n", b"") == _FILES["auditor"][_SIGNATURE].replace(b"\n", b"")
    _judge(_FILES["auditor"] | {_SIGNATURE: raw}, not good)


def signers_beside(raw: bytes) -> None:
    _judge(_FILES["auditor"] | {"allowed_signers": raw}, raw not in _KNOWN["signers_beside"])


def anchor(raw: bytes) -> None:
    """Any bytes are an anchor, or raise the one error; an anchor that was altered never makes a record VALID."""
    try:
        Anchor().add("given", raw)
    except AnchorMalformed as fault:
        assert isinstance(fault, Malformed)
    report = audit(_FILES["public"], [("given", raw)])
    assert report.exit_code in (11, 12)
