"""The help texts are committed files: a reviewer reads the user's view as a diff. And what a start may load.

After changing a command: `python tests/flows/test_cli_help.py` writes the files anew.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from ceremony.cli.main import COMMANDS  # noqa: E402
from tests.flows.shell import ROOT, Room, ceremony, environment  # noqa: E402

HELP = ROOT / "tests" / "flows" / "help"
VERBS = {"station": ("new", "show", "card", "passphrase", "backup", "recover"), "charter": ("new", "show"),
         "open": ("keygen", "sign"), "transcript": ("export",), "evidence": ("export",)}
PAGES = [(), *((noun,) for noun in COMMANDS), *((noun, verb) for noun, verbs in VERBS.items() for verb in verbs)]
COMPUTING = {"coincurve", "gmpy2", "cryptography", "cbor2", "mnemonic", "rich", "cv2", "numpy", "qrcode", "pyzbar"}


def file(words: tuple[str, ...]) -> Path:
    return HELP / f"{'-'.join(words) or 'ceremony'}.txt"


def page(words: tuple[str, ...]) -> str:
    ended = ceremony(*words, "--help")
    assert ended.code == 0 and ended.err == ""
    return ended.out


@pytest.mark.parametrize("words", PAGES, ids=lambda words: " ".join(words) or "ceremony")
def test_help_is_as_committed(words: tuple[str, ...]):
    text = page(words)
    assert text == file(words).read_text("utf-8")
    assert max(map(len, text.splitlines())) <= 80


def test_every_page_is_tested_and_no_other_is_committed():
    assert {path.name for path in HELP.iterdir()} == {file(words).name for words in PAGES}
    for noun, verbs in VERBS.items():
        listed = page((noun,)).partition("Commands:")[2].split("\n")
        assert tuple(line.split()[0] for line in listed if line.startswith("  ") and line[2] != " ") == verbs


def test_commands_of_later_issues_are_not_shown():
    for words in (("open", "presign"), ("open", "refresh"), ("charter", "revise"), ("blame",)):
        assert ceremony(*words).code == 2


def loaded(*words: str) -> set[str]:
    """The packages that a command leaves loaded."""
    code = "import sys; from ceremony.cli.main import run; code = run(sys.argv[1:]); " \
           "print(*sys.modules, file=sys.stderr); sys.exit(code)"
    done = subprocess.run([sys.executable, "-c", code, *words], cwd=ROOT, env=environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return {name.split(".")[0] for name in done.stderr.split()}


def test_help_loads_nothing_that_computes_or_stores():
    assert not loaded("--help") & (COMPUTING | {"sqlite3"})


def test_status_loads_nothing_that_computes(keyed_room: Room):
    assert not loaded("--home", str(keyed_room.home("alice")), "status") & COMPUTING


def test_completion_knows_all_commands():
    done = subprocess.run([sys.executable, "-m", "ceremony"], cwd=ROOT, capture_output=True, text=True, env=environment(
        _CEREMONY_COMPLETE="complete_bash", COMP_WORDS="ceremony ", COMP_CWORD="1"))
    assert done.returncode == 0 and {line.split(",")[-1] for line in done.stdout.split()} == set(COMMANDS)


def test_every_document_can_be_read_offline():
    names = ceremony("--json", "doc").json["documents"]
    assert "formats" in names and any(name.startswith("spec-") for name in names)
    for name in names:
        assert ceremony("doc", name).out.strip()


if __name__ == "__main__":
    for path in HELP.glob("*.txt"):
        path.unlink()
    for words in PAGES:
        file(words).write_text(page(words), "utf-8")
