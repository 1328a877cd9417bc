"""What comes next, in one closing sentence: who owes what, and where the stick goes."""

from __future__ import annotations

from typing import Any, Mapping

from ceremony.cli.views_text import STEPS, listed, seen, short


STANDING = {  # said first by a machine that is not its station's present one
    "replaced": "This machine was replaced by a newer one of {me}: it can sign nothing any more. Destroy its disk. ",
    "asking": "This machine waits to be admitted as the new machine of {me}. "}


def closing(view: Mapping[str, Any]) -> str:
    """The closing sentence of `go` and `status`. view: the kept status value of one group."""
    return STANDING.get(view.get("standing", "member"), "").format(me=view["me"]) + _next(view)


def _next(view: Mapping[str, Any]) -> str:
    me, stop = view["me"], view["next"]
    mine = [row["step"] for row in view["owed"] if row["name"] == me and view.get("standing", "member") == "member"]
    if stop and stop["why"] == "owes":
        steps = [row["step"] for row in view["owed"] if row["name"] == stop["name"]]
        return f"Take the stick to {stop['name']}, who owes {_words(steps)}.{_absent(view, stop['name'])}"
    if mine:
        return f"This station owes {_words(mine)}: say `ceremony go` here when you have decided."
    if stop:
        return f"Take the stick to {stop['name']}, who has not seen yet how it ended."
    if view["declined"] and not view["founded"]:
        return f"{listed(view['declined'])} declined the charter: found another group with another plan."
    if not view["key"]:
        return "Everybody has accepted. Next: `ceremony open keygen` at any station."
    return "Nobody owes anything: put the stick away."


def news(before: Mapping[str, Any], view: Mapping[str, Any]) -> list[str]:
    """What ended since the kept status value `before`, and what can be done with it. before: empty for a new group."""
    known = {one["id"]: one["status"] for one in before.get("ceremonies", ())}
    said = []
    if view["founded"] and not before.get("founded") and not view["key"]:
        said.append("Every holder has accepted the charter: the group is founded.")
    for one in view["ceremonies"]:
        if one["status"] != known.get(one["id"]) and one["status"] in ("done", "dead"):
            said.append(_ended(one))
    return said


def _ended(one: Mapping[str, Any]) -> str:
    id = short(one["id"])
    if one["status"] == "dead":
        what = "Key generation" if one["kind"] == "keygen" else "Request"
        return f"{what} {id} ended without a result: {seen(one['why'], 400)}."
    if one["kind"] == "keygen":
        return ("The key is made, and every station holds its shard. `ceremony address` shows where to be paid; "
                "`ceremony station backup` comes first.")
    return f"Request {id} is signed: `ceremony result {id} --to DIR` writes the transaction."


def state(view: Mapping[str, Any]) -> str:
    """For scripts: `waiting` while somebody owes something, else `finished`."""
    return "waiting" if view["owed"] else "finished"


def _absent(view: Mapping[str, Any], name: str) -> str:
    """What can be done when the holder who is waited for was declared absent."""
    if not any(one["name"] == name and one["what"] == "absent" for one in view["declared"]):
        return ""
    return (f" ({name} was declared absent. A key generation needs everybody; a request can be opened again with other "
            "signers.)")


def _words(steps: list[str]) -> str:
    return listed(dict.fromkeys(STEPS.get(step, step) for step in steps))
