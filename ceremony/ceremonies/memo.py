"""What has been checked once need not be computed again: a cache of passed checks, keyed by what they speak of.

An entry id commits to the entry and its whole causal past, so a check that is a function of those may be remembered by
id for ever. A station keeps the passed set between commands; an auditor starts with an empty one. Failures are never
remembered.
"""

from __future__ import annotations

from typing import Any, Callable

from ceremony.base.errors import Fault


class Memo:
    """`passed`: names of checks that passed. Values are kept only as long as this object lives."""

    def __init__(self, passed: set[str] | None = None):
        self.passed = set(passed or ())
        self._values: dict[tuple, Any] = {}

    def check(self, name: str, check: Callable[[], Any]) -> Fault | None:
        """Run `check` unless it passed before; the fault it raised, or None."""
        if name in self.passed:
            return None
        try:
            check()
        except Fault as fault:
            return fault
        self.passed.add(name)
        return None

    def value(self, name: tuple, make: Callable[[], Any]) -> Any:
        """A value computed once per process; `make` may raise a Fault, which is not remembered."""
        if name not in self._values:
            self._values[name] = make()
        return self._values[name]
