"""The charter in plain language, and what its threshold is worth against one thief or one fire."""

from __future__ import annotations

from typing import Any, Mapping

from ceremony.ceremonies.charter import Charter
from ceremony.cli.screen import Screen
from ceremony.cli.views_text import count, grouped, listed, seen
from ceremony.policy.effective import Effective, effective_thresholds

ASPECT = {"person": ("person", "people"), "organisation": ("organisation", "organisations"),
          "site": ("site", "sites"), "machine": ("machine", "machines")}
MODE = {"production": "PRODUCTION: this is about real money.", "rehearsal": "REHEARSAL: play money only (regtest)."}


def charter(screen: Screen, charter: Charter, machines: Mapping[Any, str]) -> None:
    """The whole charter, without the words. machines: the machine value of each station that is known."""
    body = charter.body
    screen.heading(f"Charter of the group “{seen(body['name'], 60)}”")
    screen.line(MODE[charter.mode])
    screen.line(threshold(charter))
    for number, card in enumerate(body["stations"], start=1):
        screen.item(number, f"{card['name']}: {seen(card['person'])}, {seen(card['organisation'])}, "
                            f"{seen(card['site'])}. Contact: {seen(card['contact'])}.")
    worth(screen, charter, machines)
    screen.fact("Network", charter.network)
    screen.fact("Scheme", f"{body['scheme']} ({body['profile']})")
    screen.fact("Policy", "every station asks its holder about every request")
    screen.fact("Rotation", f"the shards are to be renewed every {count(body['rotation_days'], 'day')}")
    how = {contact["name"]: contact["how"] for contact in body["contacts"]}
    how |= {card["person"]: card["contact"] for card in body["stations"] if card["person"] not in how}
    for number, name in enumerate(body["escalation"], start=1):
        screen.fact(f"Call {number}", f"{seen(name)}, {seen(how.get(name, 'see above'), 200)}")
    if body["witnesses"]:
        screen.fact("Witnesses", listed(seen(witness["name"]) for witness in body["witnesses"]))
    screen.fact("Fingerprint", grouped(charter.group))


def threshold(charter: Charter) -> str:
    """What t of n means, in one sentence."""
    t, n = charter.t, charter.n
    if t == n:
        return f"All {n} stations must sign. LOSING ONE SHARD LOSES EVERYTHING, as the plan says in so many words."
    return (f"Any {t} of these {n} stations can sign together; {t - 1} cannot. "
            f"Up to {count(n - t, 'shard')} may be lost without losing the money.")


def worth(screen: Screen, charter: Charter, machines: Mapping[Any, str]) -> None:
    """The effective threshold, a sentence for each way of counting."""
    screen.line("What this threshold is really worth:")
    rows = effective_thresholds(charter.body["stations"], machines, charter.t)
    for row in rows:
        if row.aspect == "machine" and len(machines) < charter.n:
            unknown = [name for name in charter.names if name not in machines]
            screen.line(f"By machine: not known yet for {listed(unknown)}.")
            continue
        alone = row.theft == 1 or row.loss == 1 and charter.t != charter.n
        (screen.warn if alone else screen.line)(worth_sentence(row, alone))
    if charter.mode == "rehearsal" and len(set(machines.values())) < len(machines):
        screen.line("(In a rehearsal, stations may share a machine; production refuses it.)")


def worth_sentence(row: Effective, alone: bool) -> str:
    """What a thief needs and what a loss takes, counted by one aspect."""
    one, many = ASPECT[row.aspect]
    thief = f"{count(row.theft, one, many)} must be robbed to steal"
    fire = f"{count(row.loss, one, many)} must be lost to lose the money"
    if row.theft == 1:
        thief = {"person": "ONE dishonest or threatened person can steal everything",
                 "organisation": "ONE organisation can take everything",
                 "site": "ONE thief at one site can steal everything",
                 "machine": "ONE stolen machine gives everything"}[row.aspect]
    if row.loss == 1:
        fire = {"person": "the loss of one person loses everything",
                "organisation": "the loss of one organisation loses everything",
                "site": "a fire at one site loses everything",
                "machine": "the loss of one machine loses everything"}[row.aspect]
    held = f" ({seen(row.largest[0], 60)} holds {count(row.largest[1], 'shard')})" \
        if alone and row.aspect != "machine" and row.largest[1] > 1 else ""
    return f"By {one}: {thief}; {fire}{held}."


def as_json(charter: Charter, machines: Mapping[Any, str]) -> dict[str, Any]:
    """The same for --json."""
    return {"group": charter.group, "charter": dict(charter.body), "t": charter.t, "n": charter.n,
            "effective": [{"aspect": e.aspect, "theft": e.theft, "loss": e.loss}
                          for e in effective_thresholds(charter.body["stations"], machines, charter.t)]}
