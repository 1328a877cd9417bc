"""The audit from beginning to end. Its steps are announced in the report under the numbers that they have here."""

from __future__ import annotations

from typing import Any, Callable, Iterable, Mapping

from ceremony.base.errors import Malformed
from ceremony.record.heads import heads_hash, heads_text
from ceremony.verify.anchor import Anchor
from ceremony.verify.charter_steps import charter
from ceremony.verify.conduct_steps import conduct
from ceremony.verify.findings import INCOMPLETE
from ceremony.verify.keygen_steps import addresses, keygens
from ceremony.verify.material import sort
from ceremony.verify.record_steps import chains, form, forks, signatures, trust
from ceremony.verify.report import Report, Step
from ceremony.verify.seal_steps import seals
from ceremony.verify.signing_steps import signings
from ceremony.verify.work import Audit

STEPS: tuple[tuple[int, str, Callable[[Audit], None]], ...] = (
    (1, "Every line is an entry in its one form, with the body that was signed for", form),
    (2, "The group and its keys are those that you trust", trust),
    (3, "Every entry was signed by the station that it names", signatures),
    (4, "No chain has a gap, and all that an entry builds on is here", chains),
    (5, "No station has two versions of its record or broke the record's rules", forks),
    (6, "The charter's rules hold, and every holder accepted it", charter),
    (7, "Each key generation proves its key", keygens),
    (8, "Descriptor and addresses follow from the key", addresses),
    (9, "Each request was signed as shown, with nonces used once", signings),
    (10, "Each ended ceremony's seal is the one that follows, and who signed it", seals),
    (11, "What departed from the procedure", conduct))


def audit(files: Mapping[str, bytes], trust: Iterable[tuple[str, bytes]]) -> Report:
    """Verify a transcript without any secret. Never raises, whatever the bytes are.

    files: name -> content, of an exported folder, a stick or evidence. trust: what the auditor knows from elsewhere,
    each with a name for people: an allowed_signers file, a card, or the charter's fingerprint (64 hex digits or 15
    words). **Warning**: without `trust` the verdict is at best INCOMPLETE, as anybody could have invented the group.
    """
    work = Audit(sort(files.items()), Anchor())
    for number, _, step in STEPS:
        work.findings.step = number
        if number == 2:
            _take(work, trust)
        if number > 2 and work.log is None:
            work.skip("everything: no key is known with which a signature could be checked")
        else:
            step(work)
    verdict, exit_code = work.findings.verdict()
    steps = tuple(Step(number, title, work.made.get(number, 0), work.left_out(number)) for number, title, _ in STEPS)
    return Report(verdict, exit_code, tuple(work.findings), steps, _facts(work))


def _take(work: Audit, trust: Iterable[tuple[str, bytes]]) -> None:
    """The anchors, each by itself: one that cannot be read does not spoil the others."""
    for name, raw in trust:
        try:
            work.anchor.add(name, raw)
        except Malformed as fault:
            work.fault(fault, INCOMPLETE)


def _facts(work: Audit) -> dict[str, Any]:
    if work.log is None:
        return {}
    facts = {"group": work.log.group, "mode": work.mode, "entries": len(work.log.entries),
             "heads": heads_text(work.log), "heads_hash": heads_hash(work.log), "about": ""}
    if work.state is not None:
        known = work.state.charter
        facts["about"] = f", {known.t} of {known.n}, {known.network}, stations {', '.join(known.names)}"
        facts |= {"t": known.t, "n": known.n, "network": known.network, "names": list(known.names),
                  "name": known.body["name"]}
    return facts | work.facts
