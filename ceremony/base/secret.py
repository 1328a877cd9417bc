"""A box for secret values with one door.

``Secret(value).reveal()`` is the only way to the value, so that searching for that word lists every use. Printing,
formatting, JSON, pickling, copying, hashing and comparing either redact or refuse. Python cannot wipe memory: see
``docs/threats.md``.
"""

from __future__ import annotations

from typing import Generic, NoReturn, TypeVar

T = TypeVar("T")


class Secret(Generic[T]):
    """Holds one secret value. Immutable; refuses every operation that could copy or show what it holds."""

    __slots__ = ("__value",)

    def __init__(self, value: T):
        object.__setattr__(self, "_Secret__value", value)

    def reveal(self) -> T:
        """The value itself. **Warning**: whoever calls this answers for where the value goes."""
        return self.__value

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__

    def __format__(self, _spec: str) -> str:
        return "Secret(…)"

    def __setattr__(self, *_: object) -> NoReturn:
        raise TypeError("a Secret cannot be changed")

    def _refuse(self, *_: object) -> NoReturn:
        raise TypeError("a Secret cannot be copied, pickled, hashed or compared")

    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _refuse  # type: ignore[assignment]
    __hash__ = _refuse  # type: ignore[assignment]
    __copy__ = __deepcopy__ = __reduce__ = __reduce_ex__ = __getstate__ = __bool__ = _refuse  # type: ignore[assignment]
