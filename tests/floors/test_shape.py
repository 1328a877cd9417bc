"""The shape of the code that a reviewer relies on: small rooms, short functions, and every one explained."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "ceremony").rglob("*.py"))
MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 90


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def long_functions(tree: ast.Module) -> list[str]:
    return [node.name for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
            and node.end_lineno - node.lineno + 1 > MAX_FUNCTION_LINES]


def test_no_file_is_long():
    assert [name(path) for path in SOURCES if len(path.read_text("utf-8").splitlines()) > MAX_FILE_LINES] == []


def test_no_function_is_long():
    long = {name(path): long_functions(ast.parse(path.read_text("utf-8"))) for path in SOURCES}
    assert {path: names for path, names in long.items() if names} == {}


def test_every_module_says_what_belongs_in_it():
    trees = {name(path): ast.parse(path.read_text("utf-8")) for path in SOURCES}
    assert [path for path, tree in trees.items() if tree.body and not ast.get_docstring(tree)] == []


def test_every_folder_with_code_is_a_package():
    """A folder without __init__.py would be missing from the wheel, and from the floors' contracts."""
    assert sorted({name(path.parent) for path in SOURCES if not (path.parent / "__init__.py").exists()}) == []


def strip_docstring(path: Path) -> ast.Module:
    tree = ast.parse(path.read_text("utf-8"))
    return ast.Module(tree.body[1:] if ast.get_docstring(tree) is not None else tree.body, [])


def test_packages_inside_protocols_are_empty():
    """Whoever imports the checks of a protocol must not load its rounds."""
    packages = (ROOT / "ceremony" / "protocols").glob("*/__init__.py")
    assert [name(path) for path in packages if ast.dump(strip_docstring(path)) != ast.dump(ast.parse(""))] == []


def test_ruff_finds_nothing():
    run = subprocess.run([sys.executable, "-m", "ruff", "check", "--no-cache", "--quiet", "--output-format=concise",
                          "ceremony", "scripts", "tests"], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
