"""Which openings of key generation anybody may follow. Each is judged by what its author knew, once and for ever."""

from __future__ import annotations

from typing import Any, Iterable

from ceremony.base.errors import Fault, PeerFault
from ceremony.base.ids import EntryId, Name
from ceremony.ceremonies.membership import HostKey, Membership
from ceremony.protocols.keygen.params import SessionParams
from ceremony.record.entry import Entry


def params_of(body: dict[str, Any]) -> SessionParams:
    """ChillDKG's session parameters of an opening: host keys in seat order, and t. Raises as `SessionParams` does."""
    return SessionParams(tuple(bytes.fromhex(row[1]) for row in body["hostkeys"]), body["t"])


def opening_fault(entry: Entry, members: Membership, earlier: Iterable[Entry]) -> Fault | None:
    """Why an opening of key generation cannot be followed by anybody, or None.

    earlier: the openings in its past that could be followed; a host key that one of them names is spent.
    """
    known = members.at(entry)
    wrong = _wrong(entry, known, {row[2] for opening in earlier for row in opening.body["hostkeys"]})
    if not wrong:
        return None
    return PeerFault("KEYGEN-OPEN", f"{entry.author} opened a key generation, but {wrong}", culprits=(entry.author,),
                     meaning="Nobody follows this opening.", do="Open a new one.")


def _wrong(entry: Entry, known: Membership, spent: set[str]) -> str:
    body, charter = entry.body, known.charter
    if not known.founded:
        return "the group was not founded yet"
    if tuple(row[0] for row in body["hostkeys"]) != charter.names or body["t"] != charter.t:
        return "its seats or threshold are not the charter's"
    for name, hostkey, source in body["hostkeys"]:
        newest: HostKey | None = next(iter(reversed(known.hostkeys(Name(name)))), None)
        if newest is None or (newest.hostkey, newest.entry) != (hostkey, EntryId(source)):
            return f"it names a host key that is not the newest that {name} announced"
        if source in spent:
            return f"the host key of {name} had served another attempt"
    try:
        good = params_of(body).hash().hex() == body["params"]
    except Fault as fault:
        return f"no session can be made of its host keys ({fault.check})"
    return "" if good else "its params hash is not that of its host keys"
