"""Hashes as words that one person reads aloud and another types: 15 words of the BIP-39 English list for 160 bits.

The encoding is that of BIP 39 for 160 bits of entropy: 20 bytes, the first 5 bits of their SHA-256 as a check, 11
bits a word. Each word of the list is known by its first four letters, so an abbreviation is enough.
"""

from __future__ import annotations

from functools import lru_cache

from mnemonic import Mnemonic

from ceremony.base.errors import Malformed, Refused

COUNT = 15
COVERED_BYTES = 20
_PREFIX = 4  # letters that are enough to know a word of the English list


class WordsMalformed(Malformed):
    """WORDS-MALFORMED: the text is not 15 words of the list with a right check."""


class WordsDiffer(Refused):
    """WORDS-DIFFER: words of something else. Says the place of the first difference, never the right word."""


@lru_cache(maxsize=1)
def _mnemonic() -> Mnemonic:
    # The list is a file of the package, read at the first use and not at every start of the tool.
    return Mnemonic("english")


@lru_cache(maxsize=1)
def _by_prefix() -> dict[str, str]:
    return {word[:_PREFIX]: word for word in _mnemonic().wordlist}


def words(hash_hex: str) -> tuple[str, ...]:
    """The 15 words of the first 20 bytes of a hash given in hex (at least 40 digits)."""
    return tuple(_mnemonic().to_mnemonic(bytes.fromhex(hash_hex)[:COVERED_BYTES]).split())


def parse_words(text: str) -> bytes:
    """The 20 bytes that typed words stand for. Raises WordsMalformed, naming the place of a word not in the list."""
    typed = _typed(text)
    try:
        return bytes(_mnemonic().to_entropy(list(typed)))
    except ValueError:
        raise WordsMalformed("WORDS-MALFORMED", "every word is in the list, but together they fail the check: "
                             "one was heard wrongly or two were swapped") from None


def same_words(text: str, hash_hex: str) -> None:
    """Raise unless `text` is the words of `hash_hex`: WordsMalformed for no words, WordsDiffer for other words."""
    for place, (typed, right) in enumerate(zip(_typed(text), words(hash_hex)), start=1):
        if typed != right:
            raise WordsDiffer("WORDS-DIFFER", f"word {place} is another word than the one on this screen's hash")


def _typed(text: str) -> tuple[str, ...]:
    """Typed text as 15 full words of the list, whatever its case and spacing."""
    parts = text.lower().split()
    full = tuple(_full_word(part, place) for place, part in enumerate(parts, start=1))
    if len(full) != COUNT:
        raise WordsMalformed("WORDS-MALFORMED", f"{len(full)} words, not {COUNT}")
    return full


def _full_word(part: str, place: int) -> str:
    word = _by_prefix().get(part[:_PREFIX])
    # A part longer than its prefix must be the beginning of that word: "abandonment" is not "abandon".
    if word is None or not word.startswith(part):
        raise WordsMalformed("WORDS-MALFORMED", f"word {place} is not in the list")
    return word
