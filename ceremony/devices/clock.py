"""The time as entries write it. Everything below takes it as an argument, so a test or a rehearsal can give another."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Callable

from ceremony.base.errors import UsageFault

FORM = "%Y-%m-%dT%H:%M:%SZ"


def now() -> str:
    """This machine's clock as ``YYYY-MM-DDThh:mm:ssZ`` (RFC 3339, UTC, whole seconds). A claim, never proof."""
    return datetime.now(timezone.utc).strftime(FORM)


def fixed(text: str) -> Callable[[], str]:
    """A clock that stands still at a time written in that form, for rehearsals. Raises: UsageFault ``CLOCK-FORM``."""
    try:
        if datetime.strptime(text, FORM).strftime(FORM) != text:
            raise ValueError
    except ValueError:
        raise UsageFault("CLOCK-FORM", "the time is not of the form 2026-11-22T15:52:01Z", meaning="Nothing was done.",
                         do="Give the time in UTC in exactly this form.") from None
    return lambda: text
