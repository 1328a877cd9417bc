"""Imported text, made safe to show: what strangers wrote must not move the cursor, hide, reorder or colour anything."""

from __future__ import annotations

import unicodedata

# Letters and marks that draw nothing although their category is not Cf: combining grapheme joiner, Hangul fillers,
# Khmer inherent vowels, Mongolian and other variation selectors, braille blank (Unicode Default_Ignorable_Code_Point).
_INVISIBLE = frozenset([0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180B, 0x180C, 0x180D, 0x180F, 0x2800, 0x3164, 0xFFA0,
                        *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)])
# Controls, formats (bidi and zero width among them), surrogates, private and unassigned characters, line breaks.
_REFUSED = frozenset(["Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"])
_MARKUP = {"[": "(", "]": ")", "\\": "/"}  # rich reads [red] as a colour and a backslash as its escape
_MARKS_IN_A_ROW = 2


def visible(text: str, max_chars: int) -> str:
    """`text` as one line of at most `max_chars` visible characters; what was cut off is marked by a final ``…``.

    Square brackets become round ones, so that rich markup stays inert. Consoles must be made with ``emoji=False``: this
    leaves ``:name:`` alone, since times hold colons. Look-alike letters of other scripts stay; ids are for comparing.
    """
    kept: list[str] = []
    marks = 0
    # The cut comes before the loop: what nobody will see costs nothing. Twice the length leaves room for what is
    # dropped.
    for char in text[:2 * max_chars + 2]:
        category = unicodedata.category(char)
        if category == "Cc" and char in "\t\n\r":
            char, category = " ", "Zs"
        if category in _REFUSED or ord(char) in _INVISIBLE:
            continue
        marks = marks + 1 if category[0] == "M" else 0
        if marks <= _MARKS_IN_A_ROW:  # a pile of combining marks would cover the lines above and below
            kept.append(" " if category == "Zs" else _MARKUP.get(char, char))
    line = "".join(kept).strip()
    cut = len(line) > max_chars or len(text) > 2 * max_chars + 2
    return line[:max_chars - 1] + "…" if cut else line
