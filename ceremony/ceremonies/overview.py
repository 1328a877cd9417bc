"""What `status` shows: the whole group as one JSON value, computed from the fold and kept as a view.

Everything here may be shown without a passphrase: names, states, ids, sums. Nothing in it is secret.
"""

from __future__ import annotations

from typing import Any, Collection, Mapping

from ceremony.base.ids import CeremonyId, ChainLabel, Name
from ceremony.ceremonies.fold import GroupState
from ceremony.ceremonies.keygen import Keygen
from ceremony.ceremonies.owed import next_stop, owed
from ceremony.ceremonies.signing import Signing
from ceremony.policy.effective import effective_thresholds


def overview(state: GroupState, me: Name, unsigned: Mapping[CeremonyId, Collection[Name]],
             label: ChainLabel | None = None) -> dict[str, Any]:
    """The status value. me: the station that looks. unsigned: who has not countersigned which ended ceremony.

    label: the chain of the machine that looks, which may be newer or older than its station's present one.
    """
    charter, members = state.charter, state.members
    rows = owed(state)
    stop = next_stop(state, me, unsigned)
    return {
        "me": me, "standing": _standing(state, me, label), "group": charter.group, "name": charter.body["name"],
        "mode": charter.mode,
        "network": charter.network, "t": charter.t, "n": charter.n, "names": list(charter.names),
        "founded": members.founded, "accepted": sorted(members.accepts), "declined": sorted(members.declines),
        "machines": {name: label for name, label in members.current.items()},
        "effective": [{"aspect": e.aspect, "theft": e.theft, "loss": e.loss}
                      for e in effective_thresholds(charter.body["stations"], members.machines(), charter.t)],
        "key": _key(state), "ceremonies": [_ceremony(c, rows, unsigned) for c in (*state.keygens, *state.signings)],
        "owed": [{"name": row.name, "step": row.step, "ceremony": row.ceremony} for row in rows],
        "nonces": _stock(state, me), "forks": dict(state.log.forks()),
        "faults": [{"entry": entry, **fault.as_json()} for entry, fault in state.faults()],
        "declared": [{"by": e.author, "what": e.body["what"], "name": e.body["name"], "text": e.body["text"],
                      "time": e.time} for e in state.declarations],
        "joins": [{"name": j.entry.author, "id": j.entry.id, "admits": sorted(j.admits)}
                  for j in members.joins if j.proven and not j.admitted],
        "next": {"name": stop[0], "why": stop[1]} if stop else {},
    }


def _standing(state: GroupState, me: Name, label: ChainLabel | None) -> str:
    """Whether the machine that looks is its station's present one: member, replaced, or asking to be admitted."""
    if label is None or state.members.current[me] == label:
        return "member"
    return "replaced" if label in state.members.retired else "asking"


def _key(state: GroupState) -> dict[str, Any]:
    key = state.key
    if key is None:
        return {}
    made = max(entry.time for entry in next(k for k in state.keygens if k.key is key).acks.values())
    return {"id": key.id, "epoch": key.epoch, "made": made, "rotation_days": state.charter.body["rotation_days"],
            "backups_missing": list(state.missing_backups())}


def _ceremony(ceremony: Keygen | Signing, rows: list,
              unsigned: Mapping[CeremonyId, Collection[Name]]) -> dict[str, Any]:
    kind = "keygen" if isinstance(ceremony, Keygen) else "sign"
    shown = {"id": ceremony.id, "kind": kind, "status": ceremony.status, "opener": ceremony.opening.author,
             "opened": ceremony.opening.time, "why": ceremony.why_dead if ceremony.status == "dead" else "",
             "owed": [row.name for row in rows if row.ceremony == ceremony.id]}
    if ceremony.id in unsigned:
        shown["unsealed"] = list(unsigned[ceremony.id])
    if isinstance(ceremony, Signing) and ceremony.request:
        request = ceremony.request
        shown |= {"txid": request.txid, "signers": list(ceremony.signers), "paid_sat": request.paid_sat,
                  "fee_sat": request.fee_sat, "exposed": sorted(ceremony.partials)}
    return shown


def _stock(state: GroupState, me: Name) -> dict[str, int]:
    """How many inputs this station could have each other holder sign now."""
    if state.key is None:
        return {}
    return {name: len(state.pool.free(name, me, state.key.id)) for name in state.charter.names if name != me}
