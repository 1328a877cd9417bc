"""The steps by which a group comes to be and takes in replaced machines: accept, decline, admit, announce a host key.

What two people compare is read aloud by *another* holder from his own screen and typed here; three wrong tries make an
entry and stop.
"""

from __future__ import annotations

from typing import Any

from ceremony.algebra.secp256k1 import mul_secret_base, scalar_from_bytes
from ceremony.base.errors import Malformed, Refused
from ceremony.base.secret import Secret
from ceremony.ceremonies.membership import Join
from ceremony.codec.words import WordsDiffer, same_words
from ceremony.station.desk import Desk
from ceremony.station.steps_keygen import has_certified
from ceremony.station.world import Question, World

MAX_TRIES = 3
YES, NO = "Yes", "No"


def new_hostkey(world: World) -> tuple[Secret[bytes], str]:
    """A fresh ChillDKG host key (32 bytes, secret) and its public key (33 bytes, hex)."""
    while True:
        secret = world.secret(32)
        try:
            scalar = Secret(scalar_from_bytes(secret.reveal(), nonzero=True))
        except Malformed:  # happens with probability 2^-128
            continue
        return secret, mul_secret_base(scalar).compressed().hex()


def accept_charter(desk: Desk) -> str:
    """Show the charter, have its words typed back, and accept or decline it. Returns what was done."""
    state, ask = desk.state, desk.world.asker.ask
    charter, machine = state.charter, desk.machine()
    clash = [name for name, value in state.members.machines().items() if value == machine and name != desk.name]
    if clash and charter.mode == "production":
        raise Refused("CHARTER-MACHINE", f"this machine already carries the station of {clash[0]}", culprits=(),
                      meaning="One thief of this machine would have two shards.",
                      do="Set up this station on a machine of its own, and give the founder its new card.")
    answer = ask(Question("accept.charter", "yes", "Type Yes to accept this charter, No to decline it.", state))
    if answer == NO:
        reason = ask(Question("decline.reason", "text", "Why do you decline? (one line, it is recorded)"))
        with desk.step() as step:
            step.say("charter.decline", {"reason": reason[:400]}, state.members.founding.id)
        return "declined the charter"
    if answer != YES:
        return ""
    heard = hear_words(desk, "accept", charter.group)
    hostkey, public = new_hostkey(desk.world)
    with desk.step() as step:
        step.keep("hostkey", public, "announced", hostkey)
        step.say("charter.accept", {"charter": charter.group, "hostkey": public, "machine": machine, **heard},
                 state.members.founding.id)
    return "accepted the charter"


def hear_words(desk: Desk, prefix: str, about: str) -> dict[str, Any]:
    """Have the words of a hash typed as another holder reads them: `{reader, tries}`. Stops after three wrong tries."""
    ask, names = desk.world.asker.ask, desk.state.charter.names
    others = tuple(name for name in names if name != desk.name)
    reader = ask(Question(f"{prefix}.reader", "name", "Who reads the words to you from their own screen?",
                          choices=others))
    if reader not in others:
        raise Refused("WORDS-READER", "the words must be read by another holder of this group",
                      meaning="Nothing was accepted.", do=f"Ask one of {', '.join(others)} and say `ceremony go`.")
    for tries in range(MAX_TRIES):
        typed = ask(Question(f"{prefix}.words", "words", f"Type the 15 words that {reader} reads out.", about))
        try:
            same_words(typed, about)
            return {"reader": reader, "tries": tries}
        except (Malformed, WordsDiffer) as fault:
            desk.world.asker.tell(f"Not accepted: {fault.seen}. {MAX_TRIES - 1 - tries} more tries.")
    with desk.step() as step:
        step.say("words.failed", {"about": about, "reader": reader})
    raise Refused("WORDS-FAILED", f"the words that {reader} read are not those of this screen, three times",
                  meaning="The two screens show different documents, or somebody misread. It is recorded.",
                  do="Stop. Compare the hex on both screens, and call the first person of the escalation order.")


def announce_hostkey(desk: Desk) -> str:
    """Give a fresh host key for the next attempt; a spent one never serves again.

    What is left of dead attempts is destroyed, but never the host key of one that this station certified: another
    station may hold, or still get, the complete certificate.
    """
    hostkey, public = new_hostkey(desk.world)
    attempt, seat = len(desk.state.keygens), desk.state.charter.seat(desk.name)
    over = [k for k in desk.state.keygens if k.status == "dead" and not has_certified(desk, k)]
    ended = {k.id for k in over}
    needed = {k.hostkeys()[seat][1] for k in desk.state.keygens if k.id not in ended}
    with desk.step() as step:
        for spent in {k.hostkeys()[seat][1] for k in over} - needed:
            for row in desk.store.secrets(desk.group.id, "hostkey", ref=spent):
                step.erase(row)
        for row in (row for k in over for row in desk.store.secrets(desk.group.id, "keygen1", ref=k.id)):
            step.erase(row)
        step.keep("hostkey", public, "announced", hostkey)
        step.say("hostkey", {"attempt": attempt, "hostkey": public})
    return "announced a fresh host key"


def admit(desk: Desk, join: Join) -> str:
    """Ask the holder to admit another station's new machine, and have the words of its request typed back."""
    name, ask = join.entry.author, desk.world.asker.ask
    rival = next((j for j in desk.state.members.joins if j is not join and desk.name in j.admits
                  and (j.entry.author, j.entry.body["retires"]) == (name, join.entry.body["retires"])), None)
    if rival is not None:
        raise Refused("INCARNATION-RIVAL", f"this station has admitted another new machine of {name}",
                      meaning="Only one of the two can be theirs. Nothing was admitted.",
                      do=f"Speak with {name} in person, and tell the first person of the escalation order.")
    answer = ask(Question("admit.incarnation", "yes", f"{name} asks to go on with a new machine. Did you speak with "
                          "them in person? Type Yes to admit it; the old machine is then retired for good.", join))
    if answer != YES:
        return ""
    heard = hear_words(desk, "admit", join.entry.id)
    with desk.step() as step:
        step.say("incarnation.admit", {"author": name, "inc": join.entry.inc, "join": join.entry.id, **heard},
                 join.entry.id)
    return f"admitted the new machine of {name}"

