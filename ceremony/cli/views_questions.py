"""What a holder sees before each question. The words that another holder reads out are never on this screen."""

from __future__ import annotations

import hashlib
from typing import Callable

from ceremony.ceremonies.keygen import Keygen
from ceremony.ceremonies.membership import Join
from ceremony.cli import views_charter, views_sign
from ceremony.cli.screen import Screen
from ceremony.cli.views_text import count, grouped, listed, short
from ceremony.record.sshsig import parse_openssh_public
from ceremony.station.desk import Desk
from ceremony.station.world import Question


def nothing(screen: Screen, question: Question) -> None:
    """For questions that come before there is a group."""


def presenter(desk: Desk) -> Callable[[Screen, Question], None]:
    """Draws what a question of this desk is about."""

    def present(screen: Screen, question: Question) -> None:
        subject = question.subject
        if question.id == "accept.charter":
            charter(screen, desk)
        elif question.id == "keygen.yes":
            keygen(screen, desk, subject)
        elif question.id == "sign.yes":
            views_sign.question(screen, subject, desk.state.charter.body["name"], desk.state.signings)
            rehearsed(screen, desk)
        elif question.id == "admit.incarnation":
            admit(screen, desk, subject)
        elif question.kind == "words":
            compare(screen, str(subject))
        if question.kind == "yes":
            screen.line("(Press Enter alone to leave it for later.)")

    return present


def rehearsed(screen: Screen, desk: Desk) -> None:
    """Says which of the two worlds this is."""
    screen.line(views_charter.MODE[desk.mode])


def charter(screen: Screen, desk: Desk) -> None:
    """The charter, and how it is accepted."""
    members = desk.state.members
    views_charter.charter(screen, desk.state.charter, members.machines() | {desk.name: desk.machine()})
    screen.line(f"Accepted so far by {listed(members.accepts)}.")
    screen.line("After Yes you are asked for 15 words. Another holder reads them from their own screen "
                "(ceremony charter show --words), in person or on a call where you know the voice.")


def compare(screen: Screen, about: str) -> None:
    """The hex that both screens must show; the words are on the other one."""
    screen.fact("This screen", grouped(about))


def keygen(screen: Screen, desk: Desk, attempt: Keygen) -> None:
    """Who makes the key, and what saying Yes begins."""
    charter = desk.state.charter
    screen.heading(f"Key generation {short(attempt.id)}, attempt {attempt.opening.body['attempt'] + 1}")
    rehearsed(screen, desk)
    screen.line(f"Opened by {attempt.opening.author} for the group “{views_charter.seen(charter.body['name'], 60)}”: "
                f"{charter.t} of {charter.n}.")
    screen.line(f"Taking part: {listed(attempt.names)}. All of them must take part until the end.")
    views_charter.worth(screen, charter, desk.state.members.machines())
    screen.line("Every station deals a random part; the key is their sum, and no machine ever holds it. "
                "This station then goes on by itself at each visit.")
    screen.fact("Group", grouped(charter.group))


def admit(screen: Screen, desk: Desk, join: Join) -> None:
    """Who asks to come back, what proves it, and what admitting does."""
    name, needed = join.entry.author, desk.state.charter.admissions_needed
    screen.heading(f"A new machine asks to be {name}")
    if join.proven:
        screen.line(f"PROVEN: the request is signed with a host key of {name}. Whoever made it opened a backup of "
                    f"{name}, or has the old machine.")
    else:
        screen.warn(f"NOT PROVEN: nothing in this request shows that it comes from {name}. Anybody could have "
                    "written it. Admit it only if you saw the machine and its holder.")
    blob = parse_openssh_public(join.entry.body["identity"]).blob
    screen.fact("New identity", grouped(hashlib.sha256(blob).hexdigest()))
    screen.fact("Admitted by", f"{listed(join.admits)}; {count(needed, 'admission')} needed")
    screen.line(f"Admitting retires the old machine of {name} for good, and unfinished ceremonies that use it end.")
    if any(e.body["name"] == name and e.body["what"] == "compromised" for e in desk.state.declarations):
        screen.warn(f"{name} was declared compromised.")
