"""The maps that a PSBT is made of: pairs of key and value, kept as they came, known fields checked for their form."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Iterable, Mapping, NoReturn, Sequence

from ceremony.base.errors import Malformed
from ceremony.chains.bitcoin.bytestream import Reader, compact_size, sized
from ceremony.chains.bitcoin.psbt_fields import PROPRIETARY, Field


class PsbtMalformed(Malformed):
    """The bytes are no PSBT of version 0 or 2. Check PSBT-FORM."""


@dataclass(frozen=True)
class PsbtMap:
    """One map of a PSBT: its pairs (key with its type in front, value) in the order they came."""

    pairs: tuple[tuple[bytes, bytes], ...]

    @cached_property
    def _by_field(self) -> dict[int, list[tuple[bytes, bytes]]]:
        """Field number -> [(key data, value)…]: a hostile map may hold very many pairs and is asked very often."""
        grouped: dict[int, list[tuple[bytes, bytes]]] = {}
        for key, value in self.pairs:
            field = _field_of(key)
            grouped.setdefault(field, []).append((key[len(compact_size(field)):], value))
        return grouped

    def get(self, field: int) -> bytes | None:
        """The value of a field that has no key data, or None."""
        return next((value for key_data, value in self.all(field) if not key_data), None)

    def require(self, field: int) -> bytes:
        """The value of a field that the parser found to be there; KeyError otherwise."""
        value = self.get(field)
        if value is None:
            raise KeyError(field)
        return value

    def all(self, field: int) -> Sequence[tuple[bytes, bytes]]:
        """(key data, value) of every pair of that field."""
        return self._by_field.get(field, [])

    def has(self, *wanted: int) -> bool:
        """Whether any of these fields is there, with whatever key data."""
        return any(self.all(field) for field in wanted)

    def unknown(self, table: Mapping[int, Field]) -> int:
        """How many pairs this version of the tool knows nothing about, proprietary ones included."""
        return sum(len(pairs) for field, pairs in self._by_field.items()
                   if field not in table or field == PROPRIETARY)

    def put(self, field: int, value: bytes) -> PsbtMap:
        """The same map with `field` (of no key data) set to `value`, in its old place or at the end."""
        key = compact_size(field)
        if self.get(field) is None:
            return PsbtMap(self.pairs + ((key, value),))
        return PsbtMap(tuple((k, value if k == key else v) for k, v in self.pairs))

    def keep(self, wanted: Iterable[int], table: Mapping[int, Field]) -> PsbtMap:
        """The same map without those known fields that are not `wanted`; unknown pairs stay."""
        kept = set(wanted) | {PROPRIETARY}
        return PsbtMap(tuple(pair for pair in self.pairs if (f := _field_of(pair[0])) in kept or f not in table))

    def serialize(self) -> bytes:
        """The pairs and the closing zero byte."""
        return b"".join(sized(key) + sized(value) for key, value in self.pairs) + b"\x00"


def psbt_reader(data: bytes) -> Reader:
    """A reader that refuses with PsbtMalformed."""
    return Reader(data, PsbtMalformed, "PSBT-FORM")


def refuse(seen: str) -> NoReturn:
    """Raises PsbtMalformed."""
    raise PsbtMalformed("PSBT-FORM", seen)


def _field_of(key: bytes) -> int:
    return psbt_reader(key).compact_size()


def read_map(reader: Reader) -> PsbtMap:
    """The next map; a key that comes twice is refused."""
    pairs: dict[bytes, bytes] = {}
    while key := reader.sized():
        if key in pairs:
            reader.refuse("the same key twice in one map")
        _field_of(key)
        pairs[key] = reader.sized()
    return PsbtMap(tuple(pairs.items()))


def read_maps(reader: Reader, count: int, table: Mapping[int, Field], version: int, what: str) -> tuple[PsbtMap, ...]:
    """`count` maps, each of them checked."""
    if count > reader.left:
        reader.refuse(f"{count} {what} maps in {reader.left} bytes")
    maps = tuple(read_map(reader) for _ in range(count))
    for number, one in enumerate(maps):
        check_map(one, table, version, f"{what} {number}")
    return maps


def check_map(one: PsbtMap, table: Mapping[int, Field], version: int, where: str) -> None:
    """Every known pair has its form and belongs to this version; every required field is there."""
    for key, value in one.pairs:
        reader = psbt_reader(key)
        field = table.get(reader.compact_size())
        if field is None:
            continue
        if version not in field.versions:
            refuse(f"{where}: {field.name} does not belong into version {version}")
        for form, part in ((field.key, reader), (field.value, psbt_reader(value))):
            form(part)
            part.end()
    for number, field in table.items():
        if version in field.required and one.get(number) is None:
            refuse(f"{where}: {field.name} is missing")
