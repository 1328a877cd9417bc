"""The whole rehearsal through the real commands; its dialogue is a committed file that a reviewer reads as a diff.

To write the file anew after a change that is meant: `.venv/bin/python tests/flows/test_rehearsal.py`.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

DIALOGUE = Path(__file__).with_name("rehearsal.txt")
MASKS = [  # what differs from run to run, and how the committed file shows it
    (r"(?<=> )(?:[a-z]+ ){14}[a-z]+", "<15 words>"),
    (r"\b[0-9a-f]{4}(?: [0-9a-f]{4}){15}\b", "<hash>"),
    (r"\b[0-9a-f]{4}(?: [0-9a-f]{4}){3} …", "<id> …"),
    (r"\bbcrt1[0-9a-z]{20,}", "<address>"),
    (r"\bbcrt [0-9a-z]{2,4}(?: [0-9a-z]{1,4})+", "<address>"),
    (r"\btpub[0-9A-Za-z]+\n *[0-9A-Za-z]+/<0;1>/\*\)#[0-9a-z]{8}", "<xpub>/<0;1>/*)#<checksum>"),
    (r"\b[0-9a-f]{16,64}\b", "<id>"),
    (r"AAAAC3[0-9A-Za-z+/]{60,}", "<key>"),
    (r"(?<![.\d])\b(?=[0-9a-f]*\d)[0-9a-f]{8}\b", "<id8>"),
    (r"\([0-9a-f]{8}\)", "(<id8>)"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "<time>"),
    (r"in \d+ seconds", "in <n> seconds"),
    (r"transcript\.jsonl:\d+", "transcript.jsonl:<n>"),
    (r"/[^ \n]*/rehearsal-under-test", "<folder>"),
]


def masked(text: str) -> str:
    for pattern, mask in MASKS:
        text = re.sub(pattern, mask, text)
    return text


def rehearse(folder: Path, *options: str) -> tuple[str, Path]:
    """Run `ceremony rehearse` as a newcomer would; its output, and the folder it leaves."""
    target = folder / "rehearsal-under-test"
    run = subprocess.run([sys.executable, "-m", "ceremony", "rehearse", "--keep", str(target), *options],
                         capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert run.returncode == 0, run.stdout[-2000:] + run.stderr
    return run.stdout, target


def verdict(folder: Path) -> str:
    transcript = next((folder / "transcript").glob("transcript-*"))
    run = subprocess.run([sys.executable, "-m", "ceremony", "--json", "verify", str(transcript), "--trust",
                          str(folder / "stick" / "cards")], capture_output=True, text=True)
    return json.loads(run.stdout)["verdict"]


def test_the_rehearsal_says_what_the_committed_file_says(tmp_path):
    text, folder = rehearse(tmp_path)
    assert masked(text) == DIALOGUE.read_text()
    assert verdict(folder) == "VALID WITH DEVIATIONS"


@pytest.mark.slow
@pytest.mark.parametrize("t, n, seed", [(3, 5, 11), (2, 2, None), (7, 11, None)])
def test_other_sizes_and_orders(tmp_path, t, n, seed):
    options = ["--threshold", str(t), "--stations", str(n)] + (["--order-seed", str(seed)] if seed else [])
    _, folder = rehearse(tmp_path, *options)
    assert verdict(folder) == "VALID WITH DEVIATIONS"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(dir="/var/tmp") as place:
        DIALOGUE.write_text(masked(rehearse(Path(place))[0]))
