"""How a person is asked: at the controlling terminal and nowhere else, or, in rehearsals, from a file of answers.

Every question has a stable id. What was typed before a question was shown is thrown away, so that nobody says Yes to
what he has not seen. Only the exact word counts.
"""

from __future__ import annotations

import json
import os
import termios
from collections import deque
from contextlib import contextmanager
from pathlib import Path
from typing import Callable, Iterator

from ceremony.base.errors import Malformed, NeedsTerminal, UsageFault
from ceremony.base.secret import Secret
from ceremony.cli.screen import Screen, clean
from ceremony.station.world import Question

QUESTIONS = frozenset({
    "accept.charter", "accept.reader", "accept.words", "admit.incarnation", "admit.reader", "admit.words",
    "card.name", "card.person", "card.organisation", "card.site", "card.contact",
    "cancel.yes", "declare.yes", "decline.reason", "keygen.yes", "sign.yes"})
"""All ids; an answers file may hold no other."""

MAX_ANSWERS_BYTES = 1_000_000
MAX_TYPED = 4_000
YES, NO = "Yes", "No"

Present = Callable[[Screen, Question], None]


def no_subject(screen: Screen, question: Question) -> None:
    """Draws nothing: for questions that need no screen before them."""


class TerminalAsker:
    """A person at /dev/tty. `present` draws what a question is about, before it is asked."""

    def __init__(self, make_screen: Callable[[object], Screen]):
        """make_screen: draws on a text stream. Raises: NeedsTerminal when there is no controlling terminal."""
        try:
            self._fd = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
        except OSError:
            raise NeedsTerminal("NEEDS-TERMINAL", "a person must answer, and there is no terminal to ask at",
                                meaning="Nothing was decided.", do="Run the command in a terminal.") from None
        self._writer = os.fdopen(os.dup(self._fd), "w", encoding="utf-8", errors="replace")
        self.screen, self.present = make_screen(self._writer), no_subject

    def ask(self, question: Question) -> str:
        self.present(self.screen, question)
        while True:
            typed = clean(self._line(f"{question.prompt}\n> ").strip())
            trouble = _trouble(question, typed)
            if not trouble:
                return typed
            self.tell(trouble)

    def passphrase(self, id: str, prompt: str) -> Secret[str]:
        with self._silent():
            typed = self._line(f"{prompt}: ")
        self._writer.write("\n")
        self._writer.flush()
        return Secret(typed)

    def tell(self, text: str) -> None:
        self.screen.line(text)

    def _line(self, prompt: str) -> str:
        """One line; the end of input means that the person left, as Ctrl-C does."""
        termios.tcflush(self._fd, termios.TCIFLUSH)
        self._writer.write(prompt)
        self._writer.flush()
        raw = b""
        while not raw.endswith(b"\n"):
            part = os.read(self._fd, 1024)
            if not part:
                raise KeyboardInterrupt
            raw += part
            if len(raw) > MAX_TYPED:
                raise UsageFault("TYPED-TOO-MUCH", "a line of more than 4000 characters was typed",
                                 meaning="Nothing was decided.", do="Run the command again.")
        return raw[:-1].decode("utf-8", "surrogateescape")

    @contextmanager
    def _silent(self) -> Iterator[None]:
        """No echo inside the block, whatever ends it."""
        before = termios.tcgetattr(self._fd)
        quiet = list(before)
        quiet[3] &= ~termios.ECHO
        termios.tcsetattr(self._fd, termios.TCSAFLUSH, quiet)
        try:
            yield
        finally:
            termios.tcsetattr(self._fd, termios.TCSAFLUSH, before)


def _trouble(question: Question, typed: str) -> str:
    """Why this is no answer to the question, or nothing. An empty line always is one: it puts the matter off."""
    if question.kind == "yes" and typed not in (YES, NO, ""):
        return f"Type exactly {YES} or {NO}, with a capital letter, or press Enter to leave it for later."
    if question.kind == "name" and typed not in (*question.choices, ""):
        return f"Type one of {', '.join(question.choices)}, or press Enter to leave it for later."
    return ""


class AidedAsker:
    """Rehearsals: answers from a file, passphrases from a descriptor, and the terminal for what neither gives.

    Each answer is used once, for the next question with its id; with a file of answers nobody is asked at a terminal.
    Each passphrase takes the next line of the descriptor, and the last line serves for all that follow.
    """

    def __init__(self, screen: Screen, answers: Path | None, passphrase_fd: int | None,
                 terminal: Callable[[], TerminalAsker], read: Callable[[Path, int], bytes]):
        self.screen, self.present = screen, no_subject
        self._answers = _parse(read(answers, MAX_ANSWERS_BYTES)) if answers is not None else None
        self._fd, self._terminal = passphrase_fd, terminal
        self._lines: deque[Secret[str]] | None = None
        self.asked: list[dict[str, str]] = []

    def ask(self, question: Question) -> str:
        if self._answers is None:
            asker = self._terminal()
            asker.present = self.present
            return asker.ask(question)
        self.present(self.screen, question)
        waiting = self._answers.get(question.id)
        if not waiting:
            raise NeedsTerminal("ANSWERS-MISSING", f"the answers file has no (further) answer to {question.id}",
                                meaning="Nothing was decided.", do="Add a line for this question, or use a terminal.")
        answer = waiting.popleft()
        self.asked.append({"id": question.id, "answer": answer})
        self.screen.line(question.prompt)
        self.screen.line(f"> {answer}")
        return answer

    def passphrase(self, id: str, prompt: str) -> Secret[str]:
        if self._fd is None:
            return self._terminal().passphrase(id, prompt)
        if self._lines is None:
            self._lines = deque(_read_lines(self._fd))
        if not self._lines:
            raise NeedsTerminal("PASSPHRASE-FD", "there is no passphrase on the descriptor that was named",
                                meaning="Nothing was decided.", do="Write one line for each passphrase that is asked.")
        return self._lines.popleft() if len(self._lines) > 1 else self._lines[0]

    def tell(self, text: str) -> None:
        self.screen.line(text)


def _read_lines(fd: int) -> list[Secret[str]]:
    """The lines on a descriptor, up to its end or a generous ceiling."""
    raw = b""
    try:
        while len(raw) < MAX_TYPED and (part := os.read(fd, MAX_TYPED)):
            raw += part
    except (OSError, OverflowError):
        return []
    return [Secret(line.decode("utf-8", "surrogateescape")) for line in raw.split(b"\n") if line]


def _parse(raw: bytes) -> dict[str, deque[str]]:
    """Answers by question id, from JSON lines {"id": …, "answer": …}."""
    answers: dict[str, deque[str]] = {}
    for number, line in enumerate(raw.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
            good = set(value) == {"id", "answer"} and all(isinstance(item, str) for item in value.values())
        except (ValueError, TypeError, RecursionError):
            good = False
        if not good:
            raise AnswersMalformed("ANSWERS-MALFORMED", f'line {number} is not {{"id": "…", "answer": "…"}}',
                                   do="Correct the answers file.")
        if value["id"] not in QUESTIONS:
            raise NeedsTerminal("ANSWERS-UNKNOWN", f"line {number} answers a question that does not exist",
                                meaning="Nothing was decided.",
                                do=f"The questions are: {', '.join(sorted(QUESTIONS))}.")
        answers.setdefault(value["id"], deque()).append(clean(value["answer"].strip()))
    return answers


class AnswersMalformed(Malformed):
    """ANSWERS-MALFORMED: the file is not JSON lines of ids and answers."""
