"""Steps 7 and 8: each key generation re-derived from signed messages, and the addresses that follow from its key."""

from __future__ import annotations

from collections import defaultdict

from ceremony.base.errors import Fault
from ceremony.ceremonies.keygen import GroupKey, Keygen
from ceremony.ceremonies.signing import account_of
from ceremony.chains.bitcoin.account import account_descriptor, taproot_key
from ceremony.chains.bitcoin.address import describe
from ceremony.chains.bitcoin.bip32 import RECEIVE
from ceremony.chains.bitcoin.descriptor import parse_descriptor
from ceremony.chains.bitcoin.networks import NETWORKS
from ceremony.protocols.frost.keys import check_signer_set
from ceremony.protocols.keygen.checks import check_recovery_data
from ceremony.verify.findings import DEVIATION, INVALID, NOTE
from ceremony.verify.work import Audit


def keygens(audit: Audit) -> None:
    """Step 7. Proofs of possession, own aggregation, certificate, acknowledgments, group key; disputes decided."""
    if audit.state is None:
        return audit.skip("every key generation: the charter is not shown, or it is broken")
    shown = [attempt for attempt in audit.state.keygens if audit.shown(attempt)]
    for opening in audit.unfollowed("keygen.open", shown):
        audit.skip(f"key generation {opening.id[:8]}: entries on which it rests are withheld")
    for attempt in shown:
        _attempt(audit, attempt)
    _host_keys(audit, shown)


def _attempt(audit: Audit, attempt: Keygen) -> None:
    audit.count(len(attempt.round1) + len(attempt.round2) + len(attempt.acks))
    for id, fault in attempt.faults:
        # A rule broken in an attempt that died of it made no key: the protocol did what it is for.
        audit.fault(fault, INVALID if attempt.status == "done" else DEVIATION, entry=id)
    if attempt.status == "done":
        _result(audit, attempt.key)
    elif attempt.status == "dead":
        audit.say("KEYGEN-DEAD", DEVIATION, f"key generation {attempt.id[:8]} ended without a key: {attempt.why_dead}",
                  entry=attempt.opening)
    else:
        audit.say("CEREMONY-UNFINISHED", DEVIATION, f"key generation {attempt.id[:8]} has not ended: "
                  f"{attempt.status.replace('_', ' ')}", entry=attempt.opening)
    for name, entry in attempt.refusals.items():
        if entry.kind == "keygen.refuse" and entry.body["culprits"] and not entry.body["opening"]:
            audit.say("KEYGEN-UNPROVEN", NOTE, f"{name} refused and named {', '.join(entry.body['culprits'])} "
                      f"({entry.body['check']}); an opened share would decide it, and none is here", entry=entry)


def _result(audit: Audit, key: GroupKey) -> None:
    """The certificate once more as a whole, and that the public shares of other signer sets give the same group key."""
    try:
        check_recovery_data(key.recovery.to_bytes())
        shares = [point.compressed() for point in key.pubshares]
        for first in range(len(shares) - key.t + 1):
            seats = range(first, first + key.t)
            check_signer_set(key.t, len(shares), list(seats), [shares[s] for s in seats], key.point.compressed())
            audit.count()
    except Fault as fault:
        audit.fault(fault, entry=key.ceremony)


def _host_keys(audit: Audit, attempts: list[Keygen]) -> None:
    """A host key serves one attempt; dealing with it in two could give shards away."""
    used: dict[tuple[str, str], list[Keygen]] = defaultdict(list)
    for attempt in attempts:
        for name, hostkey in zip(attempt.names, attempt.params.hostpubkeys):
            if name in attempt.round1:
                used[name, hostkey.hex()].append(attempt)
    for (name, hostkey), found in used.items():
        audit.count()
        if len(found) > 1:
            audit.say("KEYGEN-HOSTKEY-REUSED", INVALID, f"{name} dealt in {len(found)} attempts with one host key",
                      entry=found[1].round1[name], culprits=(name,))


def addresses(audit: Audit) -> None:
    """Step 8. Descriptor and first address, derived from the certified key and read back."""
    if audit.state is None:
        return audit.skip("addresses: no key generation could be checked")
    for attempt in audit.state.keygens:
        if attempt.status != "done" or not audit.shown(attempt):
            continue
        try:
            audit.facts.setdefault("keys", []).append(_key_facts(audit, attempt.key))
        except Fault as fault:
            audit.fault(fault, entry=attempt.opening)
    if not audit.facts.get("keys"):
        audit.skip("addresses: there is no key whose making is shown")
    if audit.state.missing_backups() and audit.mode == "production" and not audit.hidden():
        audit.say("BACKUP-MISSING", DEVIATION, "no backup was read back by "
                  f"{', '.join(audit.state.missing_backups())}: with their machines their shards would be lost")


def _key_facts(audit: Audit, key: GroupKey) -> dict:
    network = NETWORKS[audit.state.charter.network]
    account = account_of(key, network.name)
    descriptor = account_descriptor(account)
    audit.count(2)
    if parse_descriptor(descriptor).account != account:
        audit.say("ADDRESS-DESCRIPTOR", INVALID, "the descriptor does not read back as the key it was made of")
    first = taproot_key(account, RECEIVE, 0)
    return {"id": key.id, "ceremony": key.ceremony, "epoch": key.epoch, "t": key.t, "n": len(key.names),
            "group_key": key.point.compressed().hex(), "descriptor": descriptor,
            "first_address": describe(first.script, network).address}
