"""What a home says about itself without its vault: its card, its mode, the groups it belongs to.

Apart from the rest so that `status` need not load anything that computes.
"""

from __future__ import annotations

import json
from typing import Any

from ceremony.base.errors import UsageFault
from ceremony.station.rows import GroupRow
from ceremony.station.store import Store


def own_card(store: Store) -> dict[str, Any]:
    """The card of this home."""
    return json.loads(store.meta("card") or "{}")


def mode_of(store: Store) -> str:
    """production or rehearsal, fixed when the home was made."""
    return store.meta("mode") or "production"


def choose_group(store: Store, prefix: str | None) -> GroupRow:
    """The group that --group names, or the only one. Raises UsageFault when it is not clear which."""
    rows = [row for row in store.groups() if row.id.startswith(prefix or "")]
    if len(rows) == 1:
        return rows[0]
    if not rows:
        raise UsageFault("GROUP-NONE", "this station belongs to no group" + (" that begins so" if prefix else " yet"),
                         meaning="Nothing was done.",
                         do="Found one with `ceremony charter new`, or put in the founder's stick and say `go`.")
    names = ", ".join(row.id[:16] for row in rows)
    raise UsageFault("GROUP-AMBIGUOUS", f"this station belongs to several groups: {names}", meaning="Nothing was done.",
                     do="Say which: `ceremony --group <first letters> …`.")
