"""Fuzz targets of what founders and authors write: plans, charters, and the body of every kind of entry.

A plan is refused by its one error, a charter by a rule's name, an entry's body with its author's name; nothing else is raised.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from ceremony.base.errors import Malformed, PeerFault, Refused, Unattributed
from ceremony.ceremonies.charter import PlanMalformed, check_charter, group_id, make_charter, read_plan
from ceremony.ceremonies.kinds import KINDS, Place, check_body
from ceremony.codec import canonical
from ceremony.record import sshsig
from ceremony.record.card import compose_card
from ceremony.rehearsal.cast import cast, plan_toml
from tests.record_group import Group, key_of, seed_of

_MEMBERS = cast(3)
_CARDS = [compose_card(sign=lambda message, name=one.name: sshsig.sign(seed_of(name), sshsig.namespace("card", "rehearsal"), message),
                       mode="rehearsal", identity=sshsig.openssh_public(key_of(one.name)), name=one.name, person=one.person,
                       organisation=one.organisation, site=one.site, contact=one.contact) for one in _MEMBERS]
_WITNESS = sshsig.openssh_public(key_of("wendy"))
_PLANS = [plan_toml(2, _MEMBERS).encode(), plan_toml(3, _MEMBERS).encode(), plan_toml(2, _MEMBERS, _WITNESS).encode()]
_CHARTERS = [canonical.encode(make_charter(read_plan(raw), _CARDS).body) for raw in _PLANS]
_ENTRY = Group("alice", "bob")["bob"].write(3, "ab" * 32, {}, kind="note", body={})
_H, _K, _N, _S = "ab" * 32, "02" + "cd" * 32, "02" * 66, "ef" * 64
_BODIES: dict[str, dict[str, Any]] = {
    "charter.accept": {"charter": _H, "hostkey": _K, "machine": _H, "reader": "alice", "tries": 0},
    "charter.decline": {"reason": "no"}, "words.failed": {"about": _H, "reader": "alice"},
    "incarnation.join": {"identity": _WITNESS, "hostkey": _K, "machine": _H, "retires": 0, "sig": _S},
    "incarnation.admit": {"author": "alice", "inc": 5, "join": _H, "reader": "alice", "tries": 1},
    "hostkey": {"hostkey": _K, "attempt": 1}, "keygen.round1": {"pmsg1": _K}, "keygen.round2": {"eq": _H, "pmsg2": _S},
    "keygen.open": {"attempt": 0, "epoch": 0, "profile": "chilldkg-0.3.0-dev", "t": 2, "hostkeys": [["alice", _K, _H]], "params": _H},
    "keygen.refuse": {"check": "KEYGEN-SHARE", "culprits": ["alice"], "reason": "x", "opening": {}},
    "keygen.ack": {"ack": _S, "key": _H, "recovery": _H}, "backup.read": {"epoch": 0, "key": _H, "file": _H},
    "nonces": {"assigner": "alice", "epoch": 0, "key": _H, "pubnonces": [_N, _N]},
    "sign.open": {"epoch": 0, "heads": {"alice/0": [3, _H]}, "key": _H, "nonces": {"alice": [[_H, 0]], "bob": [_N]},
                  "psbt": "70736274ff", "replaces": [_H], "shown": _H, "signers": ["alice", "bob"]},
    "sign.partial": {"psigs": [_H], "shown": _H}, "sign.decline": {"reason": ""}, "cancel": {"reason": "", "aids": ["answers"]},
    "declare": {"what": "absent", "name": "bob", "text": "away"}}
SEEDS = {"plan": _PLANS, "charter": _CHARTERS,
         "body": [canonical.encode([kind, body]) for kind, body in _BODIES.items()] + [canonical.encode(["charter.found", json.loads(_CHARTERS[0])])]}
assert {*_BODIES, "charter.found"} == set(KINDS), "a kind without a seed"


def plan(raw: bytes) -> None:
    """What is read makes a charter with the right cards, or is refused by the charter's rules."""
    try:
        read = read_plan(raw)
    except PlanMalformed as fault:
        assert type(fault) is PlanMalformed and fault.check == "PLAN-MALFORMED" and fault.seen.isprintable()
        return
    try:
        made = make_charter(read, _CARDS)
    except Refused as fault:
        assert fault.check.startswith("CHARTER-") and fault.do
        return
    assert check_charter(made.body) == made


def charter(raw: bytes) -> None:
    """The value is judged even when its bytes are not canonical, so that every rule is met by something."""
    value = _value(raw)
    try:
        found = check_charter(value)
    except Refused as fault:
        assert fault.check.startswith("CHARTER-") and fault.do
    except Unattributed as fault:
        assert fault.check in ("SHAPE", "CARD-MALFORMED", "CARD-SIGNATURE", "SSHSIG-KEY", "SSHSIG-MALFORMED"), fault.check
    else:
        assert found.group == group_id(value) and 2 <= found.t <= found.n == len(set(found.names))


def body(raw: bytes) -> None:
    """Any kind with any body: it is what the kind asks for, or its author is named."""
    value = _value(raw)
    if not (isinstance(value, list) and len(value) == 2 and isinstance(value[0], str) and isinstance(value[1], dict)):
        return
    kind = KINDS.get(value[0], KINDS["hostkey"])
    entry = replace(_ENTRY, kind=value[0], level=kind.level, ceremony=_H if kind.place is Place.INSIDE else "", body=value[1])
    try:
        check_body(entry)
    except PeerFault as fault:
        assert fault.check == "RECORD-KIND" and fault.culprits == ("bob",)


def _value(raw: bytes) -> Any:
    """The value of JSON bytes if it is one that a line can carry; else nothing."""
    try:
        value = json.loads(raw.decode("utf-8", "replace"))
        canonical.encode(value)
    except (ValueError, RecursionError, Malformed):
        return None
    return value
