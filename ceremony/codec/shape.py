"""Shapes: what a decoded value must look like, written down as immutable values and checked strictly.

A shape never coerces and never ignores: a field too many is as wrong as one too few, and ``true`` is not 1. Messages
name the path to the wrong place and what was expected there, never the value found, since it may be a stranger's
text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Protocol

from ceremony.base.errors import Malformed
from ceremony.base.ids import NAME
from ceremony.base.limits import MAX_INTEGER

_HEX = re.compile(r"(?:[0-9a-f]{2})*")


class ShapeMalformed(Malformed):
    """SHAPE: the value at the named path is not of the expected form."""


class Shape(Protocol):
    def check(self, value: Any, where: str) -> None:
        """Raise ShapeMalformed, naming `where`, unless the value has this shape."""


def _require(good: bool, where: str, expected: str) -> None:
    if not good:
        raise ShapeMalformed("SHAPE", f"{where} is not {expected}")


@dataclass(frozen=True, slots=True)
class Hex:
    """Lower-case hex of `lo` to `hi` bytes; exactly `lo` bytes when `hi` is left out."""

    lo: int
    hi: int | None = None

    def check(self, value: Any, where: str) -> None:
        hi = self.lo if self.hi is None else self.hi
        size = f"{self.lo}" if hi == self.lo else f"{self.lo} to {hi}"
        # The length is looked at before the characters, so that a long string costs nothing.
        good = isinstance(value, str) and 2 * self.lo <= len(value) <= 2 * hi and _HEX.fullmatch(value) is not None
        _require(good, where, f"{size} bytes in lower-case hex")


@dataclass(frozen=True, slots=True)
class Text:
    """Text of `lo` to `hi` characters."""

    lo: int
    hi: int

    def check(self, value: Any, where: str) -> None:
        _require(isinstance(value, str) and self.lo <= len(value) <= self.hi, where,
                 f"text of {self.lo} to {self.hi} characters")


@dataclass(frozen=True, slots=True)
class Int:
    """An integer from `lo` to `hi`, both included."""

    lo: int
    hi: int = MAX_INTEGER

    def check(self, value: Any, where: str) -> None:
        good = isinstance(value, int) and not isinstance(value, bool) and self.lo <= value <= self.hi
        _require(good, where, f"an integer from {self.lo} to {self.hi}")


class Literal:
    """One of the values listed, of the same type."""

    __slots__ = ("values",)

    def __init__(self, *values: str | int | bool):
        self.values = values

    def check(self, value: Any, where: str) -> None:
        good = any(type(value) is type(allowed) and value == allowed for allowed in self.values)
        _require(good, where, " or ".join(repr(allowed) for allowed in self.values))


@dataclass(frozen=True, slots=True)
class NameShape:
    """A station's name as ``base.ids.NAME`` spells it."""

    def check(self, value: Any, where: str) -> None:
        _require(isinstance(value, str) and NAME.fullmatch(value) is not None, where, "a name")


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list of `lo` to `hi` values of one shape."""

    shape: Shape
    lo: int
    hi: int

    def check(self, value: Any, where: str) -> None:
        _require(isinstance(value, (list, tuple)) and self.lo <= len(value) <= self.hi, where,
                 f"a list of {self.lo} to {self.hi} values")
        for index, item in enumerate(value):
            self.shape.check(item, f"{where}[{index}]")


class Pair:
    """A list of a fixed length, each place with its own shape."""

    __slots__ = ("shapes",)

    def __init__(self, *shapes: Shape):
        self.shapes = shapes

    def check(self, value: Any, where: str) -> None:
        _require(isinstance(value, (list, tuple)) and len(value) == len(self.shapes), where,
                 f"a list of {len(self.shapes)} values")
        for index, (shape, item) in enumerate(zip(self.shapes, value)):
            shape.check(item, f"{where}[{index}]")


@dataclass(frozen=True, slots=True)
class Table:
    """An object of at most `max` fields whose names match `key` and whose values have one shape."""

    key: str | re.Pattern[str]
    shape: Shape
    max: int

    def check(self, value: Any, where: str) -> None:
        _require(isinstance(value, dict) and len(value) <= self.max, where, f"an object of at most {self.max} fields")
        for key, item in value.items():
            good = isinstance(key, str) and re.fullmatch(self.key, key) is not None
            _require(good, where, "an object with such keys")
            self.shape.check(item, f"{where}.{key}")


class Obj:
    """An object with exactly these fields."""

    __slots__ = ("fields",)

    def __init__(self, **fields: Shape):
        self.fields = fields

    def check(self, value: Any, where: str) -> None:
        _require(isinstance(value, dict), where, "an object")
        if value.keys() != self.fields.keys():
            lacking = sorted(self.fields.keys() - value.keys())
            # The names of foreign fields are a stranger's text; their number says enough.
            foreign = len(value.keys() - self.fields.keys())
            raise ShapeMalformed("SHAPE", f"{where} lacks [{', '.join(lacking)}] and has {foreign} foreign fields")
        for key, shape in self.fields.items():
            shape.check(value[key], f"{where}.{key}")


class OneOf:
    """A value that has one of these shapes."""

    __slots__ = ("shapes",)

    def __init__(self, *shapes: Shape):
        self.shapes = shapes

    def check(self, value: Any, where: str) -> None:
        for shape in self.shapes:
            try:
                return shape.check(value, where)
            except ShapeMalformed:
                continue
        raise ShapeMalformed("SHAPE", f"{where} has none of the {len(self.shapes)} forms it may have")
