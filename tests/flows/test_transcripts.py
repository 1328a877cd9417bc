"""Every transcript that was ever kept under transcripts/ still verifies, with the cards as the anchor, and names the same key.

A folder holds plan.toml, rehearsal.json (sizes, order of visits, faults, tool version), cards/ and transcript/.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ceremony.ceremonies.charter import read_plan
from ceremony.verify.main import audit

KEPT = sorted((Path(__file__).resolve().parents[2] / "transcripts").glob("*-of-*"))


def files_below(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def cards(folder: Path) -> list[tuple[str, bytes]]:
    return list(files_below(folder / "cards").items())


def test_there_is_one_of_each_size():
    assert {folder.name.split("-", 1)[1] for folder in KEPT} >= {"2-of-3", "3-of-5", "7-of-11"}


@pytest.mark.parametrize("folder", KEPT, ids=lambda folder: folder.name)
def test_it_verifies(folder):
    report = audit(files_below(folder / "transcript"), cards(folder))
    assert report.verdict == "VALID WITH DEVIATIONS", report.text()
    plan, said = read_plan((folder / "plan.toml").read_bytes()), json.loads((folder / "rehearsal.json").read_text())
    assert (plan["threshold"], len(plan["stations"])) == (said["threshold"], said["stations"])


@pytest.mark.parametrize("folder", KEPT, ids=lambda folder: folder.name)
def test_the_cards_of_another_group_are_no_anchor(folder):
    other = next(one for one in KEPT if one != folder)
    assert audit(files_below(folder / "transcript"), cards(other)).verdict == "INVALID"
