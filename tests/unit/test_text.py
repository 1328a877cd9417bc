"""Imported text before it reaches a screen: one line, no characters that hide, move, reorder or colour."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, strategies as st
from rich.text import Text

from ceremony.codec.text import visible


@given(st.text(max_size=60), st.integers(1, 40))
def test_the_law(text, width):
    shown = visible(text, width)
    assert len(shown) <= width
    assert not any(unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") for char in shown)
    assert Text.from_markup(shown, emoji=False).plain == shown


@pytest.mark.parametrize("text, shown", [
    ("plain Text: 12 é 日本", "plain Text: 12 é 日本"), ("\x1b[31mred", "(31mred"), ("a\nb\tc", "a b c"), ("[bold]x[/]", "(bold)x(/)"),
    ("pay \u202eecila\u202c", "pay ecila"), ("a\u200bl\u200di\ufeffce", "alice"), ("a\u3164b\u2800c\u034fd", "abcd"), ("x\ufe0fy", "xy"),
    ("\U000e0041tag", "tag"), ("e" + "\u0301" * 50, "e\u0301\u0301"), ("\\[x]", "/(x)"), ("  a  ", "a"), ("\u2028a\u00a0b", "a b"), ("\ud800a", "a"),
])
def test_examples(text, shown):
    assert visible(text, 80) == shown


def test_a_cut_is_seen():
    assert visible("abcdef", 6) == "abcdef" and visible("abcdefg", 6) == "abcde…" and visible("a" * 10**6, 3) == "aa…"
    assert visible("\u200b" * 100 + "a", 3) == "…"
