"""Steps 1 to 5: the record as such. Lines, anchor, signatures, chains, forks; nothing yet of what the entries say."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Mapping

from ceremony.base.errors import Fault, Malformed
from ceremony.base.ids import ChainLabel, EntryId, GroupId, chain_label
from ceremony.ceremonies.kinds import check_body
from ceremony.record.entry import Entry
from ceremony.record.identity import JOIN
from ceremony.record.log import FOUNDING, Log
from ceremony.record.rules import fork_fault
from ceremony.record.sshsig import PublicIdentity, namespace, parse_openssh_public, verify
from ceremony.verify.anchor import MODES, Anchor
from ceremony.verify.findings import DEVIATION, INCOMPLETE, INVALID, NOTE
from ceremony.verify.procedure import procedure
from ceremony.verify.work import Audit

SIGNATURE_CHECKS = ("RECORD-AUTHOR", "RECORD-SIGNATURE", "RECORD-GROUP")
CHAIN_CHECKS = ("RECORD-CHAIN", "RECORD-WAITING")
MAX_BROKEN = 100  # broken lines of one file that are told one by one


def form(audit: Audit) -> None:
    """Step 1. Each line is an entry in its only form, and its body is the one that was signed for."""
    material = audit.material
    audit.count(material.lines)
    _broken(audit)
    for where in material.copies:
        audit.say("FILE-COPY", NOTE, "this line stands in the files more than once", where=where)
    for name in material.unknown:
        audit.say("FILE-UNKNOWN", NOTE, "this file is none of a transcript's; it was not looked at", where=name)
    for name, raw in material.procedure:
        if procedure(name.rsplit("/", 1)[-1]) != raw:
            audit.say("FILE-PROCEDURE", NOTE, "this is not the procedure as this version of the tool writes it; do "
                      "not run it, take your own copy", where=name)
    if not material.entries:
        audit.say("TRANSCRIPT-EMPTY", INCOMPLETE, "there is no entry in these files")


def _broken(audit: Audit) -> None:
    """Each line that is no entry; of a file that is none at all, the first ones and their number."""
    count: Counter[str] = Counter()
    for where, fault in audit.material.broken:
        name = where.rpartition(":")[0]
        count[name] += 1
        if count[name] <= MAX_BROKEN:
            audit.fault(fault, where=where)
    for name, number in count.items():
        if number > MAX_BROKEN:
            audit.say("RECORD-MALFORMED", INVALID, f"{number - MAX_BROKEN} more lines of this file are no entries",
                      where=name)


def trust(audit: Audit) -> None:
    """Step 2. The group and its keys are those that the auditor knows from elsewhere."""
    _found(audit)
    if audit.log is None:
        return audit.skip("everything: no key is known with which a signature could be checked")
    if audit.anchor.empty:
        audit.say("ANCHOR-MISSING", INCOMPLETE, "nothing from outside says who these stations are: give cards, a list "
                  "of allowed signers or the charter's fingerprint")
    for known in audit.anchor.fingerprints:
        audit.count()
        if not audit.log.group.startswith(known):
            audit.say("ANCHOR-MISMATCH", INVALID, f"the fingerprint {known[:16]}… is not that of this group's charter")
    _compare_keys(audit)
    _compare_cards(audit)


def _found(audit: Audit) -> None:
    """Begin the log of one group: that of the anchor's fingerprint when it is here, else the most frequent one."""
    material = audit.material
    groups = Counter(entry.group for entry in material.entries)
    known = [group for group in groups if any(group.startswith(f) for f in audit.anchor.fingerprints)]
    if not groups:
        return
    audit.group = GroupId(max(known or groups, key=lambda group: (groups[group], group)))
    mine = [entry for entry in material.entries if entry.group == audit.group]
    inside = Counter(entry.ceremony for entry in mine)
    charters = {e.id: e for e in mine if e.kind == FOUNDING and e.body is not None and not e.inc}
    for charter in sorted(charters.values(), key=lambda entry: (-inside[entry.id], entry.id)):
        try:
            audit.log = Log.found(charter, check_body, allow_redacted=True, later=_later_keys(audit, charter, mine))
            audit.founding, audit.mode = charter, audit.log.mode
            return
        except Fault as fault:
            audit.fault(fault, entry=charter)
    _found_without_charter(audit, mine)


def _later_keys(audit: Audit, charter: Entry, entries: list[Entry]) -> dict[ChainLabel, bytes]:
    """Keys from the anchor for incarnations whose join is here without its body."""
    trusted = audit.anchor.labels(charter.body["mode"] if charter.body.get("mode") in MODES else MODES[0])
    bare = {entry.label for entry in entries if entry.kind == JOIN and entry.body is None}
    return {label: trusted[label] for label in sorted(bare & set(trusted))}


def _found_without_charter(audit: Audit, entries: list[Entry]) -> None:
    """With the charter withheld the keys come from the anchor, else from the list that lies with the transcript."""
    given = Anchor()
    for name, raw in audit.material.signers:
        try:
            given.add(name, raw)
        except Malformed as fault:
            audit.fault(fault, where=name)
    source = audit.anchor if audit.anchor.keys else given
    audit.mode = _mode_of(source, entries)
    keys = source.labels(audit.mode)
    if not keys:
        audit.say("ANCHOR-KEYS", INCOMPLETE, "the charter is not shown, and nothing else gives the stations' keys: "
                  "give cards or a list of allowed signers")
        return
    if source is given:
        audit.say("ANCHOR-MISSING", INCOMPLETE, "the charter is not shown, and the keys are those of the list that "
                  "lies with the transcript: nothing from outside says that they are right")
    audit.log = Log(group=audit.group, mode=audit.mode, keys=keys, check_body=check_body, allow_redacted=True)


def _mode_of(source: Anchor, entries: list[Entry]) -> str:
    """The mode in which the first entry with a known key was signed; production when none was."""
    for mode in source.modes():
        keys = source.labels(mode)
        for entry in (entry for entry in entries if entry.label in keys):
            try:
                verify(keys[entry.label], namespace("entry", mode), entry.core, entry.sig)
                return mode
            except Fault:
                break
    return (source.modes() or ["production"])[0]


def _identities(audit: Audit) -> dict[str, tuple[str, PublicIdentity]]:
    """What the transcript says: chain or witness -> the purpose for which it signs, and its key."""
    found: dict[str, tuple[str, PublicIdentity]] = {}
    if audit.founding is not None:
        for card in audit.founding.body["stations"]:
            found[chain_label(card["name"], 0)] = ("entry", parse_openssh_public(card["identity"]))
        for witness in audit.founding.body["witnesses"]:
            try:
                found[witness["name"]] = ("seal", parse_openssh_public(witness["key"]))
            except Malformed:
                continue  # step 6 refuses such a charter
    for entry in audit.material.entries:
        shown = entry.kind == JOIN and entry.body is not None and entry.group == audit.group
        if shown and isinstance(entry.body.get("identity"), str):
            try:
                found[entry.label] = ("entry", parse_openssh_public(entry.body["identity"]))
            except Malformed:
                continue  # step 3 refuses such a join
    return found


def _compare_keys(audit: Audit) -> None:
    anchor, uncovered = audit.anchor, []
    for who, (purpose, identity) in _identities(audit).items():
        audit.count()
        if identity in anchor.allowed(who, purpose, audit.mode):
            continue
        if anchor.knows(who):
            audit.say("ANCHOR-MISMATCH", INVALID, f"the key of {who} in this record is not the one that your anchor "
                      f"gives for it in mode {audit.mode}")
        elif who.endswith("/0"):
            uncovered.append(who.removesuffix("/0"))
    bound = any(audit.log.group.startswith(known) for known in anchor.fingerprints)
    if uncovered and not bound and not anchor.empty:
        audit.say("ANCHOR-PARTIAL", INCOMPLETE, f"your anchor says nothing of {', '.join(uncovered)}")


def _compare_cards(audit: Audit) -> None:
    """Beyond the keys: whether the people are described as on the cards in the auditor's hand."""
    cards = {card["name"]: card for card in audit.founding.body["stations"]} if audit.founding else {}
    for card in audit.anchor.cards:
        theirs = cards.get(card["name"])
        if audit.founding and theirs is None:
            audit.say("ANCHOR-CARD", NOTE, f"you hold a card of {card['name']}, who is no station of this group")
        elif theirs and theirs != card and theirs["identity"] == card["identity"]:
            audit.say("ANCHOR-CARD", DEVIATION, f"the card of {card['name']} in the charter has the same key as "
                      "yours, and says something else about who or where its holder is")


def signatures(audit: Audit) -> None:
    """Step 3. Each entry was signed by the station that it names, in this group and mode."""
    audit.intake = audit.log.offer(audit.material.entries)
    audit.count(len(audit.log.entries) + len(audit.log.waiting()) + len(audit.log.refused))
    _refused(audit, SIGNATURE_CHECKS)


def _refused(audit: Audit, checks: tuple[str, ...], *, others: bool = False) -> None:
    bare = {entry.label for entry in audit.material.entries if entry.kind == JOIN and entry.body is None}
    for entry, fault in audit.intake.refused:
        if (fault.check in checks) != others:
            # A later machine whose join is withheld is not shown to be false; nothing says which key it has.
            unproven = fault.check == "RECORD-WAITING" or fault.check == "RECORD-AUTHOR" and entry.label in bare
            audit.fault(fault, INCOMPLETE if unproven else INVALID, entry=entry)


def chains(audit: Audit) -> None:
    """Step 4. No chain has a gap, and whatever an entry says its author had seen is here, with its body."""
    audit.count(len(audit.log.entries))
    _refused(audit, CHAIN_CHECKS)
    waiting: dict[tuple[EntryId, ChainLabel], list[EntryId]] = defaultdict(list)
    for id, absent in audit.log.missing().items():
        for one, label in absent.items():
            waiting[one, label].append(id)
    for (one, label), waiters in sorted(waiting.items()):
        why = "was refused" if one in audit.log.refused else "is not here"
        audit.say("RECORD-MISSING", INCOMPLETE, f"entry {one[:16]} of {label} {why}, and {len(waiters)} entries build "
                  "on it", entry=waiters[0])
    if count := len(audit.log.waiting()):
        audit.skip(f"what {count} entries say whose past is not all here")
    _withheld(audit)
    given = list(dict.fromkeys(entry.id for entry in audit.material.entries))
    ordered = [entry.id for entry in audit.log.ordered()]
    if audit.material.one_file and given != ordered and set(given) == set(ordered):
        audit.say("TRANSCRIPT-ORDER", NOTE, "the lines stand in another order than an export writes them")


def _withheld(audit: Audit) -> None:
    bare = [entry for entry in audit.log.entries.values() if entry.body is None]
    if bare:
        kinds = ", ".join(sorted({entry.kind for entry in bare}))
        audit.say("BODY-WITHHELD", INCOMPLETE, f"{len(bare)} of {len(audit.log.entries)} entries are shown without "
                  f"what they say ({kinds})")


def forks(audit: Audit) -> None:
    """Step 5. No station has two versions of its record, and none wrote an entry that the record's rules refuse."""
    audit.fold()
    audit.count(len(audit.log.heads()) + len(audit.log.forks()))
    _refused(audit, SIGNATURE_CHECKS + CHAIN_CHECKS, others=True)
    for label, seq in audit.log.forks().items():
        author = label.split("/")[0]
        here = [entry for entry in audit.log.entries.values() if (entry.label, entry.seq) == (label, seq)]
        places = " and ".join(sorted(audit.material.where(entry) for entry in here))
        fault = fork_fault(label, seq, author)
        audit.say(fault.check, _fork_severity(audit, label), f"{fault.seen} ({places}). {fault.meaning}",
                  entry=min(here, key=lambda entry: entry.id), culprits=(author,))
    _evidence(audit)


def _fork_severity(audit: Audit, label: str) -> str:
    """A fork that the group has answered by putting a new machine in the place of that one is history."""
    return DEVIATION if audit.state and label in audit.state.members.retired else INVALID


def _evidence(audit: Audit) -> None:
    """Whether each file of evidence shows what it claims: the log must have come to the same accusation."""
    accused: Mapping[str, set[str]] = defaultdict(set)
    for entry, fault in audit.log.refused.values():
        accused[fault.check] |= {entry.author}
    for label in audit.log.forks():
        accused["RECORD-FORK"] |= {label.split("/")[0]}
    for id, fault in audit.state.faults() if audit.state else ():
        accused[fault.check] |= {str(culprit) for culprit in fault.culprits}
    for where, evidence in audit.material.evidence:
        audit.count()
        if evidence.culprit not in accused.get(evidence.check, set()):
            audit.say("EVIDENCE-UNPROVEN", INCOMPLETE, f"it accuses {evidence.culprit} of {evidence.check}, and "
                      "what is here does not show that", where=where)
