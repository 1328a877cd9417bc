"""The floors of the house, as pyproject.toml states them for import-linter, and what its contracts cannot say."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from importlinter import configuration
from importlinter.application import use_cases
from importlinter.application.rendering import render_report
from importlinter.application.user_options import UserOptions

ROOT = Path(__file__).resolve().parents[2]
HOUSE = ROOT / "ceremony"
SOURCES = sorted(HOUSE.rglob("*.py"))
HEAVY = {"cv2", "numpy", "pyzbar", "qrcode", "zxingcpp"}
SLOW_TO_LOAD = HEAVY | {"gmpy2", "coincurve"}

configuration.configure()


def exists(module: str) -> bool:
    """Wildcards always exist; a module does when its file, or its folder with an __init__.py, is there."""
    if "*" in module or not module.startswith("ceremony."):
        return True
    path = ROOT.joinpath(*module.split("."))
    return (path / "__init__.py").is_file() or path.with_suffix(".py").is_file()


def contracts() -> UserOptions:
    """The contracts of pyproject.toml without the packages that are not built yet; import-linter refuses those."""
    options = use_cases.read_user_options(config_filename=str(ROOT / "pyproject.toml"))
    for contract in options.contracts_options:
        for field in ("source_modules", "forbidden_modules"):
            if field in contract:
                contract[field] = [module for module in contract[field] if exists(module)]
    options.contracts_options = [c for c in options.contracts_options if c.get("source_modules", True)]
    return options


def is_import_of(node: ast.AST, *names: str) -> bool:
    """Whether a node is an import statement that takes in one of these modules or something below them."""
    if isinstance(node, ast.Import):
        modules = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom) and node.level == 0:
        modules = [node.module or ""] + [f"{node.module}.{alias.name}" for alias in node.names]
    else:
        return False
    return any(module == name or module.startswith(f"{name}.") for module in modules for name in names)


def offences(found) -> list[str]:
    """Where in the house `found(path, node)` is true, as file:line."""
    return [f"{path.relative_to(ROOT)}:{node.lineno}" for path in SOURCES
            for node in ast.walk(ast.parse(path.read_text("utf-8"))) if found(path, node)]


def test_the_contracts_of_pyproject_are_kept(capsys):
    use_cases._register_contract_types(options := contracts())
    report = use_cases.create_report(options, cache_dir=None)
    if report.contains_failures:
        render_report(report)
        pytest.fail(capsys.readouterr().out, pytrace=False)


def test_nothing_imports_url_openers():
    """import-linter knows packages of the standard library only as wholes, and urllib.parse is harmless."""
    assert not offences(lambda _, node: is_import_of(node, "urllib.request", "urllib.robotparser"))


def test_imports_inside_functions_are_of_heavy_packages():
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    inner = {(path, node.lineno) for path in SOURCES for function in ast.walk(ast.parse(path.read_text("utf-8")))
             if isinstance(function, functions) for node in ast.walk(function)
             if isinstance(node, (ast.Import, ast.ImportFrom)) and not is_import_of(node, *HEAVY)}
    assert not sorted(f"{path.relative_to(ROOT)}:{line}" for path, line in inner)


def test_only_the_command_loader_imports_by_name():
    """A module imported by a computed name escapes every contract, so one place may do it: the command line."""
    assert not offences(lambda path, node: not path.is_relative_to(HOUSE / "cli") and (
        is_import_of(node, "importlib.import_module", "runpy")
        or isinstance(node, ast.Attribute) and node.attr == "import_module"
        or isinstance(node, ast.Name) and node.id == "__import__"))


@pytest.mark.skipif(not (HOUSE / "cli" / "main.py").exists(), reason="there is no command line yet")
def test_the_command_line_loads_no_slow_package():
    code = f"import ceremony.cli.main, sys; print(*sorted(set(sys.modules) & {SLOW_TO_LOAD!r}))"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.split() == []
