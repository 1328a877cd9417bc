"""The charter: a group's founding document, made from a plan and the cards, and the reasons why one is refused.

The same checks run when a founder makes it, when a holder is asked to accept it, and when an auditor replays it.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from dataclasses import dataclass
from typing import Any, Mapping, Sequence

from ceremony.base import limits
from ceremony.base.errors import Malformed, Refused
from ceremony.base.ids import GroupId, Name
from ceremony.ceremonies import kinds
from ceremony.codec import canonical
from ceremony.codec.digest import text_hash
from ceremony.codec.shape import Int, ListOf, Literal, Obj, Text
from ceremony.record.card import check_card
from ceremony.record.sshsig import parse_openssh_public

KEYGEN_PROFILE = "chilldkg-0.3.0-dev"
SIGN_PROFILE = "bip445-0.12.1"
PROFILE = f"{KEYGEN_PROFILE}+{SIGN_PROFILE}"
TOTAL_LOSS_FIELD = "losing_one_shard_loses_everything"
TOTAL_LOSS_WORDS = "yes, we accept this"


class PlanMalformed(Malformed):
    """The plan file is not TOML of the form that docs/formats.md section 5 shows."""


@dataclass(frozen=True, slots=True)
class Charter:
    """A checked charter. `names` is in seat order; `body` is the canonical value that the group id commits to."""

    group: GroupId
    body: Mapping[str, Any]

    @property
    def names(self) -> tuple[Name, ...]:
        return tuple(Name(card["name"]) for card in self.body["stations"])

    @property
    def t(self) -> int:
        return self.body["threshold"]

    @property
    def n(self) -> int:
        return len(self.body["stations"])

    @property
    def mode(self) -> str:
        return self.body["mode"]

    @property
    def network(self) -> str:
        return self.body["network"]

    @property
    def admissions_needed(self) -> int:
        """How many others must admit a new incarnation: t, or all others where n = t leaves only t − 1."""
        return min(self.t, self.n - 1)

    def seat(self, name: str) -> int:
        return self.names.index(Name(name))


def group_id(body: Mapping[str, Any]) -> GroupId:
    """The hash that names a group for ever: it commits to people, machines' keys, scheme, t, n, policy and mode."""
    return GroupId(text_hash("ceremony-group-v1", canonical.encode(body).decode()))


def check_charter(body: Mapping[str, Any]) -> Charter:
    """A charter from its body; raises `Refused` with the CHARTER-… reason, or the shape's or a card's `Malformed`."""
    kinds.CHARTER.check(body, "charter")
    for rule in (_size, _threshold, _duplicates, _modes, _contacts, _names, _witness_keys):
        rule(body)
    for card in body["stations"]:
        check_card(card)
    if body["profile"] != PROFILE:
        raise _refuse("CHARTER-PROFILE", f"this tool does not know the profile {body['profile']!r}",
                      f"Use a tool that knows it, or found the group with {PROFILE}.")
    return Charter(group_id(body), body)


def _refuse(check: str, seen: str, do: str) -> Refused:
    return Refused(check, seen, meaning="No group is founded on this charter.", do=do)


def _size(body: Mapping[str, Any]) -> None:
    n = len(body["stations"])
    if n > limits.MAX_PARTIES:
        raise _refuse("CHARTER-SIZE", f"{n} stations; at most {limits.MAX_PARTIES} are safe with FROST",
                      "Found a smaller group.")


def _threshold(body: Mapping[str, Any]) -> None:
    t, n = body["threshold"], len(body["stations"])
    if t < limits.MIN_THRESHOLD:
        raise _refuse("CHARTER-THRESHOLD", f"threshold {t}: a single station could spend alone",
                      "Set threshold to 2 or more.")
    if t > n:
        raise _refuse("CHARTER-THRESHOLD", f"threshold {t} with only {n} stations: nobody could ever sign",
                      "Lower the threshold or add stations.")
    if t == n and body["total_loss"] != TOTAL_LOSS_WORDS:
        raise _refuse("CHARTER-NO-SPARE", f"{t} of {n}: losing one shard loses everything",
                      f'Add a station, or write in the plan: {TOTAL_LOSS_FIELD} = "{TOTAL_LOSS_WORDS}"')
    if t != n and body["total_loss"]:
        raise _refuse("CHARTER-NO-SPARE", f"{t} of {n} leaves a spare, and the plan says that losing one loses all",
                      f"Take {TOTAL_LOSS_FIELD} out of the plan.")


def _duplicates(body: Mapping[str, Any]) -> None:
    for field, what in (("name", "station name"), ("identity", "identity key")):
        seen = Counter(card[field] for card in body["stations"])
        value, count = seen.most_common(1)[0]
        if count > 1:
            named = ", ".join(card["name"] for card in body["stations"] if card[field] == value)
            raise _refuse("CHARTER-DUPLICATE", f"the same {what} stands on {count} cards ({named})",
                          "One station gives one card. Take the copy out.")


def _modes(body: Mapping[str, Any]) -> None:
    for card in body["stations"]:
        if card["mode"] != body["mode"]:
            raise _refuse("CHARTER-MODE", f"{card['name']} is a {card['mode']} station, the plan says {body['mode']}",
                          "Rehearsal and production stations never share a group: use cards of one mode.")
    if (body["mode"] == "rehearsal") != (body["network"] == "regtest"):
        raise _refuse("CHARTER-NETWORK", f"mode {body['mode']} with network {body['network']}",
                      "Rehearsals use regtest and nothing else; production uses any other network.")


def _contacts(body: Mapping[str, Any]) -> None:
    known = {contact["name"] for contact in body["contacts"]}
    known |= {card["person"] for card in body["stations"]}
    if not body["escalation"]:
        raise _refuse("CHARTER-CONTACTS", "nobody stands in the escalation order",
                      'Add escalation = ["…"]: whom to call first when something goes wrong.')
    for name in body["escalation"]:
        if name not in known:
            raise _refuse("CHARTER-CONTACTS", "the escalation order names somebody who is no contact and no holder",
                          "Add that person to contacts, with how to reach them.")


def _names(body: Mapping[str, Any]) -> None:
    names = [witness["name"] for witness in body["witnesses"]] + [card["name"] for card in body["stations"]]
    if len(set(names)) != len(names):
        raise _refuse("CHARTER-DUPLICATE", "a witness has the name of another witness or of a station",
                      "Give every witness a name of their own.")


def _witness_keys(body: Mapping[str, Any]) -> None:
    for witness in body["witnesses"]:
        try:
            parse_openssh_public(witness["key"])
        except Malformed:
            raise _refuse("CHARTER-WITNESS", f"the key of witness {witness['name']} is not an SSH key of a known kind",
                          "Copy the whole line of the witness's .pub file: ssh-ed25519 or sk-ssh-ed25519.") from None


_PLAN = {"name": Text(1, 60), "scheme": Literal("taproot"), "threshold": Int(0, 1000),
         "stations": ListOf(Text(1, 40), 1, 1000), "network": Literal("mainnet", "testnet", "signet", "regtest"),
         "mode": Literal("production", "rehearsal"), "rotation_days": Int(1, 3660),
         "policy": Obj(kind=Literal("ask-every-holder")),
         "contacts": ListOf(Obj(name=Text(1, 120), how=Text(1, 200)), 0, 32),
         "escalation": ListOf(Text(1, 120), 0, 32)}
_PLAN_MAY = {"witnesses": [], TOTAL_LOSS_FIELD: ""}


def read_plan(raw: bytes) -> dict[str, Any]:
    """A plan from its TOML bytes, shape checked; `PlanMalformed` for anything else."""
    if len(raw) > limits.MAX_PLAN_BYTES:
        raise PlanMalformed("PLAN-MALFORMED", f"the plan has {len(raw)} bytes; at most {limits.MAX_PLAN_BYTES}")
    try:
        plan = tomllib.loads(raw.decode("utf-8"))
        canonical.encode(plan)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError, ValueError, TypeError, Malformed) as error:
        raise PlanMalformed("PLAN-MALFORMED", f"the plan is not readable TOML ({type(error).__name__})",
                            do="Compare it with the example in CEREMONY.md.") from None
    missing, unknown = set(_PLAN) - set(plan), set(plan) - set(_PLAN) - set(_PLAN_MAY)
    if missing or unknown:
        raise PlanMalformed("PLAN-MALFORMED", "; ".join(
            [f"missing: {', '.join(sorted(missing))}"] * bool(missing)
            + [f"{len(unknown)} unknown field(s)"] * bool(unknown)),
            do="Compare it with the example in CEREMONY.md.")
    for field, shape in _PLAN.items():
        _plan_field(shape, plan[field], field)
    _plan_field(ListOf(Obj(name=kinds.NAME, key=kinds.IDENTITY), 0, 32), plan.get("witnesses", []), "witnesses")
    _plan_field(Text(0, 200), plan.get(TOTAL_LOSS_FIELD, ""), TOTAL_LOSS_FIELD)
    return {**_PLAN_MAY, **plan}


def _plan_field(shape: Any, value: Any, field: str) -> None:
    try:
        shape.check(value, field)
    except Malformed as fault:
        raise PlanMalformed("PLAN-MALFORMED", fault.seen, do="Compare it with the example in CEREMONY.md.") from None


def make_charter(plan: Mapping[str, Any], cards: Sequence[Mapping[str, Any]]) -> Charter:
    """The charter of a plan, with the cards of exactly the stations that the plan names, in the plan's order."""
    by_name: dict[str, Mapping[str, Any]] = {}
    for card in cards:
        if card["name"] in by_name and by_name[card["name"]] != card:
            raise _refuse("CHARTER-DUPLICATE", f"two different cards say {card['name']}",
                          "Ask that holder in person which one is real, and take the other out of the folder.")
        by_name[card["name"]] = card
    missing = [name for name in plan["stations"] if name not in by_name]
    if missing:
        raise _refuse("CHARTER-CARDS", f"no card for {', '.join(missing)}", "Put their card files into the folder.")
    body = {"v": 1, "profile": PROFILE, "total_loss": plan[TOTAL_LOSS_FIELD],
            "stations": [by_name[name] for name in plan["stations"]],
            **{field: plan[field] for field in ("name", "scheme", "mode", "network", "threshold", "rotation_days",
                                                "policy", "contacts", "escalation", "witnesses")}}
    return check_charter(body)
