"""What a holder says outside the rounds: cancel a ceremony, declare a station or a deviation. And what it will change.

Nothing here undoes anything: a certificate, a partial signature or an ended ceremony stands, and the consequence that
the holder is told before saying Yes says so.
"""

from __future__ import annotations

from typing import Any

from ceremony.base.errors import Refused, UsageFault
from ceremony.base.ids import Name
from ceremony.ceremonies.keygen import Keygen
from ceremony.ceremonies.signing import Signing
from ceremony.record.entry import Entry
from ceremony.station import copies
from ceremony.station.desk import Desk

DECLARED = ("absent", "compromised", "deviation")
MAX_TEXT = 400


def check_text(text: str) -> str:
    """A reason or remark as an entry can hold it. Raises: UsageFault ``TEXT-FORM``."""
    text = text.strip()
    if not text or len(text) > MAX_TEXT or not text.isprintable():
        raise UsageFault("TEXT-FORM", f"the text must be one line of 1 to {MAX_TEXT} visible characters",
                         meaning="Nothing was recorded.", do="Write it again.")
    return text


def check_cancel(desk: Desk, ceremony: Keygen | Signing) -> str:
    """What cancelling would do, in one sentence; raises the reason where it would do nothing."""
    copies.require_member(desk)
    short = ceremony.id[:8]
    if ceremony.status in ("done", "dead"):
        raise Refused("CANCEL-ENDED", f"{short} has ended already", meaning="Nothing was recorded.",
                      do="Nothing needs to be cancelled.")
    if isinstance(ceremony, Keygen):
        return _keygen_consequence(desk.name, ceremony)
    if desk.name not in ceremony.signers and desk.label != ceremony.opening.label:
        raise Refused("CANCEL-NOT-YOURS", f"only {ceremony.opening.author} or a signer can cancel request {short}",
                      meaning="Nothing was recorded.", do="Ask one of them.")
    if ceremony.exposed:
        out = ", ".join(ceremony.partials)
        return (f"The request ends, and nobody is asked to sign it any more. The signature of {out} is out and cannot "
                "be recalled: who holds the others' could still complete it until its coins are spent elsewhere.")
    return "The request ends for everybody; its nonces are destroyed. The same payment needs a new request."


def _keygen_consequence(name: Name, attempt: Keygen) -> str:
    if attempt.key is not None:
        raise Refused("CANCEL-CERTIFIED", "every station has certified this key; it exists",
                      meaning="Nothing can undo it, and nothing was recorded.",
                      do="Let everybody acknowledge it. If you do not want it, do not send money to it.")
    if name in attempt.round2:
        raise Refused("CANCEL-CERTIFIED", "this station has certified the key and cannot take that back",
                      meaning="Somebody may hold the complete certificate already. Nothing was recorded.",
                      do="Wait, or ask a holder who has not certified yet to cancel.")
    return ("The attempt ends for everybody and its parts are worthless. A new one needs a fresh host key of each "
            "station.")


def cancel(desk: Desk, ceremony: Keygen | Signing, reason: str) -> Entry:
    """Record that this station cancels a ceremony; the secrets that it kept for it are destroyed in the same commit."""
    check_cancel(desk, ceremony)
    with desk.step() as step:
        for kind in ("keygen1", "keygen2") if isinstance(ceremony, Keygen) else ():
            for row in desk.store.secrets(desk.group.id, kind, ref=ceremony.id):
                step.erase(row)
        return step.say("cancel", {"reason": check_text(reason)}, ceremony.id)


def check_declare(desk: Desk, what: str, name: str) -> str:
    """What declaring this would do, in one sentence."""
    copies.require_member(desk)
    if what not in DECLARED:
        raise UsageFault("DECLARE-WHAT", f"one can declare {', '.join(DECLARED)}", meaning="Nothing was recorded.",
                         do="For example: ceremony declare absent bob --text \"in hospital\"")
    if name not in desk.state.charter.names:
        raise UsageFault("DECLARE-NAME", "no station of this group has that name", meaning="Nothing was recorded.",
                         do=f"The stations are {', '.join(desk.state.charter.names)}.")
    return {"absent": f"Everybody will see that {name} is away. Nothing is decided by it: choose other signers.",
            "compromised": f"Everybody will see that {name} must not be trusted. Its shard still counts until the "
                           "shards are renewed without it; move the money if more stations may be affected.",
            "deviation": "Everybody, and every auditor, will read what was not done as the procedure says."}[what]


def declare(desk: Desk, what: str, name: str, text: str) -> Entry:
    """Record a declaration."""
    check_declare(desk, what, name)
    body: dict[str, Any] = {"what": what, "name": name, "text": check_text(text)}
    with desk.step() as step:
        return step.say("declare", body)
