"""What a station takes from where it stands, as arguments: time, randomness, identity of the machine, a person.

Steps receive one `World`; tests and rehearsals supply another. Nothing here touches the machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Protocol

from ceremony.base.secret import Secret


@dataclass(frozen=True, slots=True)
class Question:
    """One question to the holder. `id` is stable (answer files name it); `subject` is what the screen shows with it.

    kind: "yes" wants exactly Yes; "text" any line; "words" the words that somebody reads out; "name" one of `choices`.
    """

    id: str
    kind: str
    prompt: str
    subject: Any = None
    choices: tuple[str, ...] = ()


class Asker(Protocol):
    """The one way to a person. Raises `NeedsTerminal` where nobody can be asked."""

    def ask(self, question: Question) -> str:
        """What the holder typed, without outer blanks."""

    def passphrase(self, id: str, prompt: str) -> Secret[str]:
        """A passphrase, not echoed."""

    def tell(self, text: str) -> None:
        """One sentence for the holder."""


@dataclass(frozen=True, slots=True)
class World:
    """clock: RFC 3339 UTC. entropy: n random bytes. machine_id: what makes this machine this one, never shown.

    aids: what a script took over from the person or the machine (rehearsals only); every entry made so says it.
    """

    clock: Callable[[], str]
    entropy: Callable[[int], bytes]
    machine_id: Callable[[], str]
    asker: Asker
    aids: tuple[str, ...] = ()

    def secret(self, size: int) -> Secret[bytes]:
        """Fresh secret bytes."""
        return Secret(self.entropy(size))
