"""One station, one home. A home that meets entries of its own chain which it did not make is an older copy of itself,
or another copy is at work; from then on it only reads and carries.

Every entry is on this home's disk before it leaves, so an honest home never learns of its own entries from a medium. A
copy that went on as if nothing had happened would stay unnoticed as long as the copies take turns, and its vault still
holds secrets that its other self has used.
"""

from __future__ import annotations

from typing import Iterable

from ceremony.base.errors import LocalFault, PeerFault
from ceremony.record.entry import Entry
from ceremony.record.log import Intake
from ceremony.station.desk import Desk
from ceremony.station.transaction import Tx

COPIED = "copied"


def foreign(desk: Desk, arrived: Intake) -> list[Entry]:
    """Entries of this station's own chain that came from outside and carry its signature. Ask before they are stored.

    A waiting line of a later incarnation may still be anybody's and proves nothing.
    """
    proven: Iterable[Entry] = [*arrived.held, *(e for e in arrived.waiting if not e.inc),
                               *(entry for entry, fault in arrived.refused if isinstance(fault, PeerFault))]
    return [entry for entry in proven if entry.label == desk.label and desk.store.entry(entry.id) is None]


def note(desk: Desk, tx: Tx) -> None:
    """Remember for ever that this home is one of several copies."""
    if not desk.store.is_used(desk.group.id, COPIED, desk.label):
        tx.mark_used(desk.group.id, COPIED, desk.label)


def require_able(desk: Desk) -> None:
    """Raise LocalFault unless this home may add to its chain: it is no copy of another."""
    if desk.store.is_used(desk.group.id, COPIED, desk.label):
        raise LocalFault("STATION-COPIED", f"there are entries of {desk.label} that this home did not make",
                         meaning="This home is an older copy of itself, or another copy is at work: it adds nothing.",
                         do="Do not go on with any copy. Use `station recover` to start a new incarnation.")


def is_member(desk: Desk) -> bool:
    """Whether this home is its station's present machine; not before it is admitted, nor after it was replaced."""
    return desk.state.members.current[desk.name] == desk.label


def require_member(desk: Desk) -> None:
    """Raise LocalFault unless this home may open something for the group."""
    require_able(desk)
    if not is_member(desk):
        raise LocalFault("STATION-NOT-MEMBER", f"{desk.label} is not the present machine of {desk.name}",
                         meaning="It waits to be admitted, or a newer one has replaced it. Nobody would follow.",
                         do="Look at `ceremony status`.")
