"""Hashed texts: what ``sha256sum`` prints, and no two lists of fields with one text."""

from __future__ import annotations

import subprocess

import pytest

from ceremony.codec.digest import text_hash


def test_sha256sum_agrees(tool):
    run = subprocess.run([tool("sha256sum")], input="ceremony-leaf-v1 00ff {\"é\":1}\n".encode(), capture_output=True, check=True)
    assert text_hash("ceremony-leaf-v1", "00ff", '{"é":1}') == run.stdout.decode().split()[0]


@pytest.mark.parametrize("fields", [("a b", "c"), ("a", "b c", "d"), ("a\n",), ("a", "b\n"), ("a", "b\nc", "d")])
def test_an_ambiguous_field_is_the_callers_mistake(fields):
    with pytest.raises(ValueError):
        text_hash(*fields)


def test_only_the_last_field_may_hold_spaces():
    assert len({text_hash("a", "b", "c d"), text_hash("a", "b", "cd"), text_hash("a", "bc", "d"), text_hash("ab", "c", "d")}) == 4
