"""Opened shares: what an accuser binds his proof to, and the public judgement of it.

One opening is enough, and no more is ever asked for: it proves that the attempt had to die and names one party. Whoever
else dealt wrongly is met again in the next attempt, and every further opening would publish a further share.
"""

from __future__ import annotations

from typing import Callable

from ceremony.base.errors import Fault, PeerFault, Seat
from ceremony.base.ids import CeremonyId, ChainLabel, EntryId, Name
from ceremony.codec.digest import digest
from ceremony.protocols.keygen import checks
from ceremony.protocols.keygen.params import SessionParams
from ceremony.record.entry import Entry


def dispute_context(group: str, attempt: CeremonyId, entry: EntryId) -> bytes:
    """What an opened share is bound to, besides the seats: group, attempt, and the entry of the accused's message."""
    return digest("ceremony/dispute-v1", group.encode(), attempt.encode(), entry.encode())


def judge(group: str, attempt: CeremonyId, params: SessionParams, seats: dict[Name, tuple[Seat, ChainLabel]],
          refusal: Entry, find: Callable[[str], Entry | None]) -> Fault | None:
    """The fault that an opened share proves: it names the dealer of a wrong share, or the false accuser.

    None when the refusal opens nothing. find: a first message of this attempt that the accuser held, by entry id; of
    any branch, since a dealer who forks afterwards has dealt that share all the same.
    """
    opening, accuser = refusal.body.get("opening"), Name(refusal.author)
    if not opening:
        return None
    accused, message = Name(opening["accused"]), find(opening["entry"])
    if accused not in seats or message is None or message.label != seats[accused][1]:
        return PeerFault("KEYGEN-FALSE-ACCUSATION", f"{accuser} accuses {accused} over a message that is not theirs",
                         culprits=(accuser,), meaning="The attempt is dead.", do="Start a new one.")
    try:
        checks.check_opening(params, bytes.fromhex(message.body["pmsg1"]), seats[accuser][0], seats[accused][0],
                             dispute_context(group, attempt, EntryId(message.id)), bytes.fromhex(opening["proof"]))
    except Fault as fault:
        return fault.named({seat: name for name, (seat, _) in seats.items()})
