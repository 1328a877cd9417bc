"""Step 9: each request, decoded and judged again from its bytes, and every signature that was given for it."""

from __future__ import annotations

from collections import defaultdict
from itertools import combinations

from ceremony.base.errors import Fault
from ceremony.base.ids import EntryId, Name
from ceremony.ceremonies.signing import Signing
from ceremony.chains.bitcoin.transaction import parse_transaction, shown_txid
from ceremony.record.entry import Entry
from ceremony.verify.findings import DEVIATION, INVALID, NOTE
from ceremony.verify.work import NONCES, Audit


def signings(audit: Audit) -> None:
    """Step 9. What was signed is what the request shows, by the signers it names, with nonces used once."""
    if audit.state is None:
        return audit.skip("every signing request: the charter is not shown, or it is broken")
    shown = [signing for signing in audit.state.signings if audit.shown(signing)]
    for opening in audit.unfollowed("sign.open", shown):
        audit.skip(f"signing request {opening.id[:8]}: entries on which it rests are withheld")
    for id, fault in audit.state.stray_faults:
        entry = audit.log.entries.get(id)
        if entry is not None and entry.kind == NONCES and not audit.hidden():
            audit.fault(fault, DEVIATION, entry=entry)
    for signing in shown:
        _request(audit, signing)
    _repeated_nonces(audit, shown)
    for first, second in _rivals(shown):
        _double_spend(audit, first, second)


def _request(audit: Audit, signing: Signing) -> None:
    audit.count(2 + len(signing.partials) * max(len(signing.sessions), 1) + len(signing.signatures))
    for id, fault in signing.faults:
        # A part that was released cannot be recalled, so what went wrong around it is not history.
        audit.fault(fault, INVALID if signing.exposed else DEVIATION, entry=id)
    _pinned(audit, signing)
    if signing.status == "done":
        _final(audit, signing)
    elif signing.status == "dead":
        audit.say("SIGN-DEAD", DEVIATION, f"signing request {signing.id[:8]} ended without a signature: "
                  f"{signing.why_dead}", entry=signing.opening)
        if signing.exposed:
            audit.say("SIGN-EXPOSED", DEVIATION, f"{', '.join(signing.partials)} had given their parts of the dead "
                      f"request {signing.id[:8]}: these can never be recalled", entry=signing.opening)
    else:
        audit.say("CEREMONY-UNFINISHED", DEVIATION, f"signing request {signing.id[:8]} has not ended: no part yet of "
                  f"{', '.join(signing.owed())}", entry=signing.opening)
    for warning in signing.request.warnings if signing.request else ():
        audit.say(warning.name, NOTE, f"request {signing.id[:8]}: {warning.text}", entry=signing.opening)


def _pinned(audit: Audit, signing: Signing) -> None:
    """Each other signer signed on a chain that contains the entry which the opening had pinned there.

    That it is in the entry's causal past says nothing: it comes there by way of the opening.
    """
    pins = {label.split("/")[0]: pin for label, pin in signing.opening.body["heads"].items()}
    for name, entry in signing.partials.items():
        audit.count()
        if name in pins and _before(audit, entry, pins[name][0]) != pins[name][1]:
            audit.say("SIGN-PINNED", INVALID, f"{name} signed from a version of its record that does not hold what "
                      "the request names of it: a copy or an old state of that station was at work", entry=entry,
                      culprits=(name,))


def _before(audit: Audit, entry: Entry, seq: int) -> str:
    """The id at a place of the chain on which an entry stands, found by following the entries before it."""
    while entry.seq > seq:
        entry = audit.log.entries[EntryId(entry.prev)]
    return entry.id


def _final(audit: Audit, signing: Signing) -> None:
    """The finished transaction: every signature under its output key (BIP 340, 341), and the id that was shown."""
    try:
        raw = signing.finished()[1]
    except Fault as fault:
        return audit.fault(fault, entry=signing.opening)
    if shown_txid(parse_transaction(raw).txid()) != signing.request.txid:
        audit.say("SIGN-TXID", INVALID, "the finished transaction is not the one that the request shows",
                  entry=signing.opening)
    request = signing.request
    audit.facts.setdefault("transactions", []).append(
        {"ceremony": signing.id, "txid": request.txid, "paid_sat": request.paid_sat, "fee_sat": request.fee_sat,
         "signers": list(signing.signers)})


def _repeated_nonces(audit: Audit, shown: list[Signing]) -> None:
    """One public nonce in two sessions, however it came there: two signatures with it give the shard away."""
    used: dict[tuple[Name, bytes], list[Signing]] = defaultdict(list)
    for signing in shown:
        for row in signing.pubnonces:
            for seat, nonce in row.items():
                used[Name(signing.key.names[seat]), nonce].append(signing)
    for (name, _), found in used.items():
        audit.count()
        if len(found) > 1:
            signed = sum(name in signing.partials for signing in found)
            audit.say("SIGN-NONCE-REPEATED", INVALID if signed > 1 else DEVIATION, f"one nonce of {name} stands in "
                      f"{len(found)} sessions, and {name} signed {signed} of them", entry=found[-1].opening,
                      culprits=(name,) if signed > 1 else ())


def _rivals(shown: list[Signing]) -> list[tuple[Signing, Signing]]:
    """Every pair of requests that spend an input in common and of which parts exist, once."""
    spending: dict[object, list[Signing]] = defaultdict(list)
    for signing in shown:
        for outpoint in signing.outpoints if signing.exposed else ():
            spending[outpoint].append(signing)
    pairs = {(a.id, b.id): (a, b) for found in spending.values() for a, b in combinations(found, 2)}
    return list(pairs.values())


def _double_spend(audit: Audit, first: Signing, second: Signing) -> None:
    """Two requests for one input, of which the later does not say that it replaces the earlier."""
    if audit.log.precedes(EntryId(second.id), EntryId(first.id)):
        first, second = second, first
    replaced = first.id in second.opening.body["replaces"] or second.id in first.opening.body["replaces"]
    if replaced:
        return
    both = [name for name in first.partials if name in second.partials]
    audit.say("SIGN-RESERVED", INVALID if both else DEVIATION, f"requests {first.id[:8]} and {second.id[:8]} spend one "
              f"input, neither replaces the other, and parts of both exist; {', '.join(both) or 'nobody'} signed both",
              entry=second.opening, culprits=both)
