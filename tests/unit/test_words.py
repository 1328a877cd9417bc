"""Words for reading aloud: 160 bits as 15 words of the BIP-39 list, and what happens when one of them is wrong."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given, strategies as st
from mnemonic import Mnemonic

from ceremony.codec.words import WordsDiffer, WordsMalformed, parse_words, same_words, words

LIST = Mnemonic("english").wordlist
HASHES = st.binary(min_size=32, max_size=32).map(bytes.hex)
HASH = sha256(b"a hash").hexdigest()


@given(HASHES)
def test_words_are_the_bits_in_groups_of_eleven(hash_hex):
    """The text of BIP 39, written once more and independently of the package."""
    first = bytes.fromhex(hash_hex)[:20]
    bits = f"{int.from_bytes(first, 'big'):0160b}" + f"{sha256(first).digest()[0]:08b}"[:5]
    assert words(hash_hex) == tuple(LIST[int(bits[at:at + 11], 2)] for at in range(0, 165, 11))
    assert parse_words(" ".join(words(hash_hex))) == first


def test_the_first_and_last_values():
    assert words("00" * 32) == ("abandon",) * 14 + ("address",)
    assert words("ff" * 20 + "00" * 12)[:14] == ("zoo",) * 14


def test_people_type_as_they_like():
    typed = "  " + "\n ".join(word[:4].upper() if i % 2 else word for i, word in enumerate(words(HASH))) + "\t"
    assert parse_words(typed).hex() == HASH[:40]
    same_words(typed, HASH)


def test_an_abbreviation_may_be_longer_than_four_letters():
    assert parse_words(" ".join(["aband"] * 14 + ["addre"])) == bytes(20)


@pytest.mark.parametrize("wrong", ["aban" + "x", "abandonment", "abcd", "ab", "[red]", "ａｂａｎ", "zooo", "0"])
def test_a_word_not_in_the_list_is_named_by_its_place(wrong):
    typed = list(words(HASH))
    typed[6] = wrong
    for refuse in (lambda: parse_words(" ".join(typed)), lambda: same_words(" ".join(typed), HASH)):
        with pytest.raises(WordsMalformed) as caught:
            refuse()
        assert "word 7 " in caught.value.seen and wrong not in caught.value.seen


@pytest.mark.parametrize("count", [0, 1, 14, 16, 30])
def test_another_number_of_words(count):
    for refuse in (parse_words, lambda text: same_words(text, HASH)):
        with pytest.raises(WordsMalformed, match="not 15"):
            refuse(" ".join((words(HASH) * 2)[:count]))


def test_two_words_swapped_fail_the_check():
    typed = list(words(HASH))
    for at in range(14):
        swapped = typed[:at] + [typed[at + 1], typed[at]] + typed[at + 2:]
        bits = "".join(f"{LIST.index(word):011b}" for word in swapped)
        right = f"{sha256(int(bits[:160], 2).to_bytes(20, 'big')).digest()[0]:08b}"[:5] == bits[160:]
        if not right:  # one swap of 32 passes the five check bits by luck; comparing is what counts
            with pytest.raises(WordsMalformed, match="check"):
                parse_words(" ".join(swapped))
        with pytest.raises(WordsDiffer):
            same_words(" ".join(swapped), HASH)


def test_words_of_another_hash_say_where_and_not_what():
    right = words(HASH)
    typed = list(right)
    typed[11] = next(word for word in LIST if word != right[11])
    with pytest.raises(WordsDiffer) as caught:
        same_words(" ".join(typed), HASH)
    assert caught.value.check == "WORDS-DIFFER" and caught.value.exit_code == 4
    assert "word 12 " in caught.value.seen and right[11] not in str(caught.value)


@given(HASHES, HASHES)
def test_only_the_same_160_bits_pass(first, second):
    if first[:40] != second[:40]:
        with pytest.raises(WordsDiffer):
            same_words(" ".join(words(first)), second)
    same_words(" ".join(words(first)), first[:40] + second[40:])
