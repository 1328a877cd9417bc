"""Shapes accept exactly what they say, name the place that is wrong, and never repeat what was found there."""

from __future__ import annotations

import pytest

from ceremony.codec.shape import Hex, Int, ListOf, Literal, NameShape, Obj, OneOf, Pair, ShapeMalformed, Table, Text

GOOD = [
    (Hex(2), "ab01"), (Hex(0, 2), ""), (Hex(0, 2), "abcd"), (Text(0, 3), ""), (Text(1, 3), "äöü"), (Int(0, 9), 9),
    (Int(-1), -1), (Literal(1), 1), (Literal("a", True), True), (NameShape(), "al"), (NameShape(), "a" * 32),
    (ListOf(Int(0), 0, 2), []), (ListOf(Int(0), 0, 2), [1, 2]), (Pair(Int(0), Text(0, 1)), [1, "a"]),
    (Table("[a-z]+", Int(0), 1), {"a": 0}), (Obj(), {}), (Obj(a=Int(0)), {"a": 1}), (OneOf(Int(0), Text(0, 1)), "a"),
]
BAD = [
    (Hex(2), "ab"), (Hex(2), "abcdef"), (Hex(2), "ABCD"), (Hex(2), "abc"), (Hex(2), b"ab"), (Hex(2), "ab0\u0661"), (Hex(2), None),
    (Hex(1, 2), ""), (Hex(1, 2), "aabbcc"), (Hex(2), "ab0g"), (Hex(2), "abc\n"),
    (Text(1, 3), ""), (Text(1, 3), "abcd"), (Text(0, 3), 1), (Int(0, 9), 10), (Int(0, 9), -1), (Int(0, 9), True), (Int(0), "1"),
    (Int(0), 1.0), (Literal(1), True), (Literal(True), 1), (Literal("a"), "b"), (Literal(1), 1.0), (Literal(""), None),
    (NameShape(), "a"), (NameShape(), "A1"), (NameShape(), "a-"), (NameShape(), "-a"), (NameShape(), "1a"), (NameShape(), "a" * 33),
    (NameShape(), "ab\n"), (NameShape(), 1), (ListOf(Int(0), 1, 2), []), (ListOf(Int(0), 1, 2), [1, 2, 3]), (ListOf(Int(0), 1, 2), "ab"),
    (ListOf(Int(0), 1, 2), ["a"]), (ListOf(Int(0), 0, 2), {}), (Pair(Int(0)), []), (Pair(Int(0)), [1, 2]), (Pair(Int(0)), ["a"]),
    (Table("[a-z]+", Int(0), 1), {"A": 0}), (Table("[a-z]+", Int(0), 1), {"a": 0, "b": 0}), (Table("[a-z]+", Int(0), 1), {"a": ""}),
    (Table("[a-z]+", Int(0), 1), {"a\n": 0}), (Table("[a-z]+", Int(0), 1), []), (Obj(), {"a": 1}), (Obj(a=Int(0)), {}), (Obj(a=Int(0)), []),
    (Obj(a=Int(0)), {"a": 1, "b": 2}), (Obj(a=Int(0)), {"a": "x"}), (OneOf(Int(0), Text(0, 1)), "ab"), (OneOf(), 1),
]


@pytest.mark.parametrize("shape, value", GOOD)
def test_accepted(shape, value):
    shape.check(value, "body")


@pytest.mark.parametrize("shape, value", BAD)
def test_refused(shape, value):
    with pytest.raises(ShapeMalformed) as caught:
        shape.check(value, "body")
    assert caught.value.seen.startswith("body")


def test_the_path_is_named_and_the_value_is_not():
    shape = Obj(signers=ListOf(Pair(NameShape(), Table("[a-z]+", Hex(1), 3)), 1, 3))
    with pytest.raises(ShapeMalformed) as caught:
        shape.check({"signers": [["alice", {"key": "aa"}], ["bob", {"key": "a stranger's text"}]]}, "body")
    assert "body.signers[1][1].key" in caught.value.seen and "stranger" not in str(caught.value)


def test_foreign_fields_are_counted_and_not_named():
    with pytest.raises(ShapeMalformed) as caught:
        Obj(a=Int(0), b=Int(0)).check({"a": 1, "[red]evil": 2}, "body")
    assert "[b]" in caught.value.seen and "1 foreign" in caught.value.seen and "evil" not in caught.value.seen
