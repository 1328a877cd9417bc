"""Reading and writing the byte layouts of Bitcoin: little-endian integers, compact sizes, counted lists.

The reader belongs to one decoder and raises only that decoder's fault. It never believes a length: a count is
accepted only if the bytes for it are there, so no memory is reserved on somebody's word.
"""

from __future__ import annotations

from typing import NoReturn

from ceremony.base.errors import Malformed


class Reader:
    """Reads `data` once from front to back; whatever is short, long or not minimal raises `fault`."""

    def __init__(self, data: bytes, fault: type[Malformed], check: str):
        self._data, self._at, self._fault, self._check = data, 0, fault, check

    def refuse(self, seen: str) -> NoReturn:
        """Raises this decoder's fault with the sentence `seen`."""
        raise self._fault(self._check, seen)

    @property
    def left(self) -> int:
        """How many bytes have not been read."""
        return len(self._data) - self._at

    def peek(self, size: int) -> bytes:
        """The next `size` bytes, or fewer at the end, without reading them."""
        return self._data[self._at:self._at + size]

    def take(self, size: int) -> bytes:
        """The next `size` bytes, exactly."""
        if size > self.left:
            self.refuse(f"{size} bytes expected at offset {self._at}, {self.left} there")
        self._at += size
        return self._data[self._at - size:self._at]

    def uint(self, size: int) -> int:
        """A little-endian unsigned integer of `size` bytes."""
        return int.from_bytes(self.take(size), "little")

    def compact_size(self) -> int:
        """A compact size, refused when a shorter encoding of the same number exists."""
        first = self.uint(1)
        if first < 0xfd:
            return first
        size = 1 << (first - 0xfc)
        value = self.uint(size)
        if value < (0xfd if size == 2 else 1 << (4 * size)):
            self.refuse("a compact size is not minimal")
        return value

    def count(self, item_bytes: int) -> int:
        """A compact size that counts items of at least `item_bytes` each, all of which must still be there."""
        value = self.compact_size()
        if value * item_bytes > self.left:
            self.refuse(f"{value} items are announced in {self.left} bytes")
        return value

    def sized(self) -> bytes:
        """A compact size and that many bytes."""
        return self.take(self.compact_size())

    def end(self) -> None:
        """Refuses whatever is left."""
        if self.left:
            self.refuse(f"{self.left} bytes too many")


def compact_size(value: int) -> bytes:
    """The one minimal encoding of `value`, 0 to 2^64 - 1."""
    if value < 0xfd:
        return bytes([value])
    for first, size in ((0xfd, 2), (0xfe, 4)):
        if value < 1 << (8 * size):
            return bytes([first]) + value.to_bytes(size, "little")
    return b"\xff" + value.to_bytes(8, "little")


def sized(data: bytes) -> bytes:
    """`data` behind its length."""
    return compact_size(len(data)) + data
