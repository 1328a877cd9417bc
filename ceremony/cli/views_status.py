"""The status of one group: ceremonies, debts, the key and its age, stocks, and whatever is not as it should be."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Mapping

from ceremony.cli import views_next
from ceremony.cli.screen import Screen
from ceremony.cli.views_text import btc, count, grouped, listed, owes, seen, short

FORM = "%Y-%m-%dT%H:%M:%SZ"
STATES = {"awaiting_round1": "waiting for everybody's part", "awaiting_round2": "waiting for everybody's check",
          "awaiting_acks": "certified; waiting for everybody's word that the shard is kept",
          "awaiting_partials": "waiting for signatures", "done": "ended", "dead": "ended without a result"}
LOW_STOCK = 3
TWO_VERSIONS = "dishonest, copied, or restored from an old copy"


def completed(kept: dict[str, Any], now: str, waiting: int, evidence: list[dict[str, Any]]) -> dict[str, Any]:
    """The kept view with what changes by itself: the key's age, lines that wait, evidence, the closing sentence."""
    kept |= {"state": views_next.state(kept), "closing": views_next.closing(kept), "waiting": waiting,
             "evidence": evidence}
    if kept["key"]:
        age = (datetime.strptime(now, FORM) - datetime.strptime(kept["key"]["made"], FORM)).days
        kept["key"] |= {"age_days": age, "overdue": age > kept["key"]["rotation_days"]}
    return kept


def station(screen: Screen, card: Mapping[str, Any], mode: str, failures: int) -> None:
    """Whose station this is."""
    screen.heading(f"Station {card['name']}, for {mode}")
    if failures:
        screen.warn(f"{count(failures, 'wrong passphrase')} since the vault was last opened. "
                    "If that was not you, stop.")


def group(screen: Screen, view: dict[str, Any]) -> None:
    """One group."""
    if view.get("unseen"):
        screen.fact("Group", grouped(view["group"]))
        screen.line("Its charter has arrived here. Next: `ceremony go` to read it.")
        return
    screen.heading(f"“{seen(view['name'], 60)}”: {view['t']} of {view['n']}, {view['network']}")
    screen.fact("Group", grouped(view["group"]))
    _founding(screen, view)
    _key(screen, view)
    for number, one in enumerate(view["ceremonies"], start=1):
        screen.item(number, _ceremony(one))
    _exposed(screen, view)
    _debts(screen, view)
    _stocks(screen, view)
    _troubles(screen, view)
    screen.line(view["closing"])


def _founding(screen: Screen, view: dict[str, Any]) -> None:
    if not view["founded"]:
        missing = [name for name in view["names"] if name not in view["accepted"]]
        screen.line(f"Accepted by {listed(view['accepted'])}; not yet by {listed(missing)}.")
    for name in view["declined"]:
        screen.warn(f"{name} declined the charter.")
    for join in view["joins"]:
        screen.line(f"{join['name']} asks to go on with a new machine (request {short(join['id'])}); admitted by "
                    f"{listed(join['admits'])}.")


def _key(screen: Screen, view: dict[str, Any]) -> None:
    key = view["key"]
    if not key:
        screen.line("There is no key yet.")
        return
    screen.fact("Key", f"{short(key['id'])}, epoch {key['epoch']}, made {key['made']}, "
                       f"{count(key['age_days'], 'day')} old; renewal every {count(key['rotation_days'], 'day')}")
    if key["overdue"]:
        screen.warn("The shards are older than the charter allows.")
    if key["backups_missing"]:
        (screen.warn if view["mode"] == "production" else screen.line)(
            f"No backup read back yet by {listed(key['backups_missing'])}.")


def _ceremony(one: dict[str, Any]) -> str:
    what = "key generation" if one["kind"] == "keygen" else "request"
    if "txid" in one:
        what += f" over {btc(one['paid_sat'])} BTC to others, signers {listed(one['signers'])}"
    text = f"{short(one['id'])}: {what}, opened by {one['opener']} {one['opened']}; {STATES[one['status']]}"
    if one["why"]:
        text += f" ({seen(one['why'], 400)})"
    if "unsealed" in one:
        total = "sealed by everybody" if not one["unsealed"] else f"seal not yet signed by {listed(one['unsealed'])}"
        text += f", {total}"
    return text + "."


def _exposed(screen: Screen, view: dict[str, Any]) -> None:
    for one in view["ceremonies"]:
        if one.get("exposed") and one["status"] != "done":
            screen.warn(f"{short(one['id'])}: signatures of {listed(one['exposed'])} are out and cannot be recalled; "
                        "it may still be completed until its coins are spent elsewhere.")


def _debts(screen: Screen, view: dict[str, Any]) -> None:
    for name in view["names"]:
        steps = [row["step"] for row in view["owed"] if row["name"] == name]
        if steps:
            screen.line(f"{owes(name, steps)}.")


def _stocks(screen: Screen, view: dict[str, Any]) -> None:
    if view["nonces"]:
        stock = ", ".join(f"{name} {number}" for name, number in view["nonces"].items())
        screen.fact("Nonces", f"{stock} (inputs that each could sign for a request opened here)")
        low = [name for name, number in view["nonces"].items() if number < LOW_STOCK]
        if low:
            screen.line(f"Few nonces of {listed(low)}: the next `ceremony go` there prepares more.")


def _troubles(screen: Screen, view: dict[str, Any]) -> None:
    for label, place in view["forks"].items():
        screen.warn(f"{label.split('/')[0]} has two versions of entry {place}: {TWO_VERSIONS}. Nothing it said after "
                    "that counts.")
    for fault in [*view["faults"], *view["evidence"]]:
        who = f" Who: {listed(fault['culprits'])}." if fault["culprits"] else ""
        screen.warn(f"{seen(fault['seen'], 400)} ({fault['check']}).{who}")
    for one in view["declared"]:
        screen.line(f"{one['by']} declared {one['name']} {one['what']} at {one['time']}: {seen(one['text'], 400)}")
    if view["waiting"]:
        screen.line(f"{count(view['waiting'], 'line waits', 'lines wait')} here for an earlier one to arrive.")
