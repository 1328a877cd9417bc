"""The documents speak of what is there: checks, kinds, limits, commands, files and links. Nothing here judges the prose."""

from __future__ import annotations

import re
import runpy
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from ceremony.base import limits
from ceremony.ceremonies.charter import read_plan
from ceremony.ceremonies.kinds import KINDS

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "ceremony" / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *(ROOT / "ceremony" / "protocols").glob("*/spec.md")])
FORMATS = (DOCS / "formats.md").read_text("utf-8")
CHECKS = runpy.run_path(str(ROOT / "scripts" / "checks"))
NAMES = set(CHECKS["collect"]().where)
FAMILIES = {name.partition("-")[0] for name in NAMES if "-" in name}
OUR_NAME = re.compile(r"`([A-Z][A-Z0-9]*(?:-[A-Z0-9]+)+)`")
CLI = ROOT / "ceremony" / "cli"


def ids(path: Path) -> str:
    return str(path.relative_to(ROOT))


# Checks

def test_the_list_of_checks_is_the_codes():
    """New checks need two sentences: run scripts/checks, then write them into ceremony/docs/checks.md."""
    run = subprocess.run([sys.executable, ROOT / "scripts" / "checks", "--compare"], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_a_check_that_a_page_names_exists(page):
    named = {name for name in OUR_NAME.findall(page.read_text("utf-8")) if name.partition("-")[0] in FAMILIES}
    areas = {name for name in named if any(known.startswith(f"{name}-") for known in NAMES)}
    assert sorted(named - NAMES - areas) == []


def test_the_list_of_checks_is_not_blind():
    page = "## A (`A`)\n\n| check | blamed | what it means | what to do |\n|---|---|---|---|\n| `A-GONE` | nobody | x | y |\n"
    source = CHECKS["Source"]()
    source.where["A-NEW"].add("file")
    made = CHECKS["rewritten"](page, source)
    assert "| `A-NEW` | see the code | ? | ? |" in made and "A-GONE" not in made


def rows(page: str, columns: int) -> list[list[str]]:
    """The cells of all tables of a page that have so many columns, without heads and rulers."""
    lines = [line for line in page.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    return [row for row in cells if len(row) == columns]


def assurance_rows() -> list[list[str]]:
    page = (DOCS / "assurance.md").read_text("utf-8")
    return [row for row in rows(page, 4) if row[0] != "claim"]


@pytest.mark.parametrize("row", assurance_rows(), ids=lambda row: row[0][:50])
def test_a_claim_has_its_check_its_code_and_its_test(row):
    _, check, code, test = row
    code_file, test_file = (ROOT / cell.strip("`") for cell in (code, test))
    assert code_file.is_file() and test_file.is_file()
    names = OUR_NAME.findall(check)
    assert names or check == "none"
    for name in names:
        assert name in code_file.read_text("utf-8"), f"{code} does not raise {name}"
        assert name in test_file.read_text("utf-8"), f"{test} does not speak of {name}"


# Formats

def kind_rows() -> dict[str, list[str]]:
    return {row[0].strip("`"): row for row in rows(FORMATS, 5) if row[0].startswith("`")}


def test_the_table_of_kinds_is_the_codes():
    told = kind_rows()
    assert set(told) == set(KINDS)
    for name, (_, standing, level, _, _) in told.items():
        assert (standing == "S", level) == (KINDS[name].standing, KINDS[name].level), name


def fields_of(text: str) -> set[str]:
    """The names in `{a, b: 1, c: [d, e]}`: what stands between commas of the outermost braces, up to its colon."""
    depth, parts = 0, [""]
    for sign in text[1:-1]:
        depth += (sign in "{[") - (sign in "}]")
        if sign == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += sign
    return {part.partition(":")[0].strip() for part in parts}


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"charter.found"}))  # that one's body is section 5
def test_the_fields_of_a_kind_are_told(kind):
    told = re.match(r"`(\{.*?\})`", kind_rows()[kind][3])
    assert told and fields_of(told[1]) == set(KINDS[kind].shape.fields)


FORMAT_LIMITS = {"MAX_LINE_BYTES", "MAX_CARD_BYTES", "MAX_PLAN_BYTES", "MAX_NESTING", "MAX_SEEN", "MAX_WAITING_LINES",
                 "MAX_STRANGER_LINES", "MAX_BUNDLE_ENTRIES", "MAX_BUNDLE_SEALS", "MAX_PARTIES"}


@pytest.mark.parametrize("name", sorted(FORMAT_LIMITS))
def test_a_limit_of_the_formats_is_the_codes(name):
    """The number stands in formats.md, with or without blanks between its thousands."""
    number = getattr(limits, name)
    assert re.search(rf"(?<!\d){number}(?!\d)", re.sub(r"(?<=\d) (?=\d{3}\b)", "", FORMATS)), f"{name} = {number}"


def test_no_limit_is_given_twice():
    given = re.findall(r"^([A-Z_]+) =", (ROOT / "ceremony" / "base" / "limits.py").read_text("utf-8"), re.MULTILINE)
    assert sorted({name for name in given if given.count(name) > 1}) == []


# Examples

@pytest.mark.parametrize("page", [page for page in PAGES if "```toml" in page.read_text("utf-8")], ids=ids)
def test_a_plan_that_a_page_shows_is_one(page):
    for block in re.findall(r"```toml\n(.*?)```", page.read_text("utf-8"), re.DOTALL):
        if "stations" in tomllib.loads(block) and "…" not in block:
            assert read_plan(block.encode())


# Commands

def commands(page: Path) -> set[str]:
    """What a page tells a person to type after `ceremony`: code spans and lines of code blocks that begin so."""
    text = page.read_text("utf-8")
    spans = re.findall(r"(?<!`)`([^`\n]+)`", text)
    blocks = [line for block in re.findall(r"```(?:sh)?\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]
    blocks += re.findall(r"^    (.+)$", text, re.MULTILINE)
    starts = ("ceremony ", ".venv/bin/ceremony ", "$ ceremony ")
    return {line.split("#")[0].removeprefix("$ ").removeprefix(".venv/bin/").strip() for line in (*spans, *blocks)
            if line.startswith(starts)}


def words_of(command: str) -> list[str]:
    """The command's own words and options, without what follows an option or stands for something: no capitals, no paths."""
    try:
        words = shlex.split(command.replace("…", " "))[1:]
    except ValueError:
        words = command.split()[1:]
    return [word for word in words if re.fullmatch(r"-{0,2}[a-z][a-z-]*", word)]


def known_to_the_command_line(words: list[str]) -> str:
    """Empty when the words are a command (with options) of the command line; else what is wrong."""
    import typer
    from typer._click.exceptions import ClickException
    from ceremony.cli.main import app
    command = typer.main.get_command(app)
    context = command.make_context("ceremony", [], resilient_parsing=True)
    options = {name for parameter in command.params for name in parameter.opts}
    for word in words:
        if word.startswith("-"):
            continue
        if not hasattr(command, "resolve_command"):
            break
        try:
            _, found, _ = command.resolve_command(context, [word])
        except (ClickException, ModuleNotFoundError):
            return f"no command {word}"
        command = found
        context = command.make_context(word, [], parent=context, resilient_parsing=True)
        options |= {name for parameter in command.params for name in parameter.opts}
    missing = [word for word in words if word.startswith("-") and word not in options | {"--help"}]
    return f"no option {missing[0]}" if missing else ""


@pytest.mark.skipif(not (CLI / "main.py").exists(), reason="there is no command line yet")
@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_a_command_that_a_page_names_exists(page):
    wrong = {command: problem for command in sorted(commands(page))
             if (problem := known_to_the_command_line(words_of(command)))}
    assert wrong == {}


# Links and paths

@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_links_lead_somewhere(page):
    dead = []
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
        path, _, anchor = target.partition("#")
        if "://" in path or path.startswith("mailto:"):
            continue
        goal = (page.parent / path).resolve() if path else page
        if not goal.exists() or (anchor and anchor not in anchors(goal)):
            dead.append(target)
    assert dead == []


def anchors(page: Path) -> set[str]:
    """The anchors that a page's headings get: lower case, blanks to dashes, no other signs."""
    heads = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_files_that_a_page_names_exist(page):
    """Code spans that look like paths of this repository."""
    spans = re.findall(r"`((?:ceremony|scripts|tests|\.ci)/[\w./-]+)`", page.read_text("utf-8"))
    assert [span for span in spans if not (ROOT / span).exists() and not re.search(r"-v\d$", span)] == []  # tags of hashes


def test_the_glossary_has_every_word_once():
    told = [row[0].removesuffix(" *") for row in rows((DOCS / "glossary.md").read_text("utf-8"), 2) if row[0] != "word"]
    assert sorted({word for word in told if told.count(word) > 1}) == [] and len(told) > 80
