"""Step 11: what departed from the procedure, though the record may be true: the things a reader should ask about."""

from __future__ import annotations

from collections import Counter

from ceremony.ceremonies.signing import Signing
from ceremony.record.entry import Entry
from ceremony.verify.findings import DEVIATION, NOTE
from ceremony.verify.work import Audit

AIDS = {"answers": "questions answered from a file", "clock": "the time given by hand",
        "passphrase-fd": "the passphrase given by a script"}


def conduct(audit: Audit) -> None:
    """Step 11. Declarations, words that did not agree, refusals, aids, clocks that went back, and rehearsals."""
    audit.count(len(audit.log.entries))
    if audit.mode == "rehearsal":
        audit.say("MODE-REHEARSAL", DEVIATION, "this is a rehearsal: nothing in it may ever hold real money")
    if hidden := audit.hidden():
        audit.skip(f"declarations, refusals and aids in {len(hidden)} entries whose bodies are withheld")
    _clocks(audit)
    _aids(audit)
    if audit.state is None:
        return
    for entry in audit.state.declarations:
        audit.say("DECLARED", DEVIATION, f"{entry.author} declared {entry.body['name']} {entry.body['what']}: "
                  f"{entry.body['text']}", entry=entry)
    for entry in audit.state.words_failed:
        audit.say("WORDS-FAILED", DEVIATION, f"{entry.author} typed words that {entry.body['reader']} read, three "
                  "times wrongly: two screens may have shown different documents", entry=entry)
    for ceremony in (*audit.state.keygens, *audit.state.signings):
        stops = ceremony.stops if isinstance(ceremony, Signing) else ceremony.refusals
        for entry in stops.values() if audit.shown(ceremony) else ():
            _stop(audit, entry)
    _unheeded(audit)


def _stop(audit: Audit, entry: Entry) -> None:
    verb = {"cancel": "cancelled", "sign.decline": "declined", "keygen.refuse": "refused"}[entry.kind]
    audit.say("HOLDER-REFUSED", DEVIATION, f"{entry.author} {verb} {entry.ceremony[:8]}: {entry.body['reason']}",
              entry=entry)


def _aids(audit: Audit) -> None:
    """What a script took over from a holder or a machine; every entry made so says it."""
    used: Counter[tuple[str, str]] = Counter()
    first: dict[tuple[str, str], Entry] = {}
    for entry in audit.log.ordered():
        for aid in (entry.body or {}).get("aids", ()):
            used[entry.author, aid] += 1
            first.setdefault((entry.author, aid), entry)
    for (author, aid), count in sorted(used.items()):
        audit.say("AID-USED", DEVIATION, f"{author}: {AIDS[aid]}, in {count} entries", entry=first[author, aid])


def _clocks(audit: Audit) -> None:
    """A station's clock that went back. Times are claims; one that contradicts itself is worth a question."""
    for label in sorted({entry.label for entry in audit.log.entries.values()}):
        chain = audit.log.chain(label)
        back = [later for earlier, later in zip(chain, chain[1:]) if later.time < earlier.time]
        if back:
            audit.say("TIME-BACKWARDS", DEVIATION, f"the clock of {label} went back {len(back)} times, first at entry "
                      f"{back[0].seq}", entry=back[0])


def _unheeded(audit: Audit) -> None:
    """Entries of chains that are no member's: they counted for nothing."""
    members = audit.state.members.members()
    strangers = Counter(entry.label for entry in audit.log.entries.values() if entry.label not in members)
    for label, count in sorted(strangers.items()):
        audit.say("RECORD-STRANGER", NOTE, f"{count} entries of {label}, which is no member's chain, count for nothing")
