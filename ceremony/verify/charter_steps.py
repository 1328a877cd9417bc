"""Step 6: the charter's rules, who accepted it as whom read it, which machines, and how few people hold the key."""

from __future__ import annotations

from ceremony.policy.effective import effective_thresholds
from ceremony.verify.findings import DEVIATION, INVALID, NOTE
from ceremony.verify.work import MEMBERSHIP, Audit


def charter(audit: Audit) -> None:
    """Step 6. The charter is one that may be founded, and every holder accepted it as another one read it."""
    if audit.broken_charter is not None:
        audit.fault(audit.broken_charter, entry=audit.founding)
    if audit.state is None:
        return audit.skip("the charter's rules: it is not shown, or it is broken")
    if hidden := audit.hidden(*MEMBERSHIP):
        return audit.skip(f"acceptances, machines and members: {len(hidden)} of these entries are withheld")
    members = audit.state.members
    audit.count(len(members.accepts) + len(members.joins) + members.charter.n)
    for id, fault in members.faults:
        audit.fault(fault, entry=id)
    for name, entry in members.declines.items():
        audit.say("CHARTER-DECLINED", DEVIATION, f"{name} declined the charter: {entry.body['reason']}", entry=entry)
    absent = [name for name in members.charter.names if name not in members.accepts]
    if absent:
        audit.say("CHARTER-UNACCEPTED", DEVIATION, f"not accepted by {', '.join(absent)}: the group is not founded")
    for name, entry in members.accepts.items():
        if entry.body["tries"]:
            audit.say("WORDS-TRIES", NOTE, f"{name} typed the charter's words wrongly {entry.body['tries']} times "
                      f"before they were right", entry=entry)
    _joins(audit)
    _effective(audit)


def _joins(audit: Audit) -> None:
    for join in audit.state.members.joins:
        name, label = join.entry.author, join.entry.label
        if join.admitted:
            audit.say("INCARNATION-REPLACED", NOTE, f"{name} goes on as {label}, admitted by {', '.join(join.admits)}",
                      entry=join.entry)
        else:
            audit.say("INCARNATION-PENDING", DEVIATION, f"a new machine asks to be {name}; admitted by "
                      f"{', '.join(join.admits) or 'nobody'}, which is not enough", entry=join.entry)


def _effective(audit: Audit) -> None:
    """How few distinct people, organisations, sites or machines reach the threshold."""
    charter, members = audit.state.charter, audit.state.members
    rows = effective_thresholds(charter.body["stations"], members.machines(), charter.t)
    audit.facts["effective"] = [{"aspect": row.aspect, "theft": row.theft, "loss": row.loss} for row in rows]
    for row in rows:
        if row.theft < charter.t:
            audit.say("EFFECTIVE-THRESHOLD", NOTE, f"{row.theft} {row.aspect}(s) can sign although {charter.t} "
                      "stations must: they hold several shards")
    clashes = [row for row in rows if row.aspect == "machine" and row.largest[1] > 1]
    if clashes and members.founded and charter.mode == "production":
        audit.say("CHARTER-MACHINE", INVALID, "two stations of a production group run on one machine")
