"""The only place where a station's parts are put together: home, world, desk, vault, and the person.

Everything a command needs is asked of one `Sitting`. What a script may supply is refused here unless the store itself
says that this is a rehearsal home.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import Iterator

from ceremony.base.errors import LocalFault, Refused
from ceremony.base.secret import Secret
from ceremony.cli import files, screen, views_questions
from ceremony.cli.asker import AidedAsker, TerminalAsker
from ceremony.cli.settings import Settings
from ceremony.devices import clock, entropy, machine, process
from ceremony.station.desk import Desk
from ceremony.station.home import Home
from ceremony.station.member import choose_group, mode_of
from ceremony.station.passphrase import PassphraseOpener
from ceremony.station.rows import GroupRow
from ceremony.station.store import Store
from ceremony.station.vault import Vault, unlock
from ceremony.station.world import World

TRIES = 3


class AskLater:
    """A person who is looked for only when there is something to ask; until then no terminal is needed."""

    def __init__(self, settings: Settings, mode: str):
        self._settings, self._mode = settings, mode
        self._asker: TerminalAsker | AidedAsker | None = None
        self.present = views_questions.nothing
        self.passphrases_once = settings.passphrase_fd is not None

    def _open(self) -> TerminalAsker | AidedAsker:
        if self._asker is None:
            settings = self._settings
            if settings.answers is None and settings.passphrase_fd is None:
                self._asker = self._terminal()
            else:
                self._asker = AidedAsker(screen.out(settings), settings.answers, settings.passphrase_fd,
                                         self._terminal, files.read)
        self._asker.present = self.present
        return self._asker

    def _terminal(self) -> TerminalAsker:
        return TerminalAsker(lambda stream: screen.screen_for(stream, self._settings))  # type: ignore[arg-type]

    def ask(self, question):
        return self._open().ask(question)

    def passphrase(self, id: str, prompt: str) -> Secret[str]:
        return self._open().passphrase(id, prompt)

    def tell(self, text: str) -> None:
        self._open().tell(text)

    @property
    def asked(self) -> list[dict[str, str]]:
        """What an answers file was asked, with its answers."""
        return getattr(self._asker, "asked", [])


def world_for(settings: Settings, mode: str) -> World:
    """The world of a station of this mode. Raises: Refused ``AIDS-PRODUCTION`` for a script's help in production."""
    if settings.aids() and mode != "rehearsal":
        raise Refused("AIDS-PRODUCTION", f"--{', --'.join(settings.aids())}: a production station asks its holder only",
                      meaning="Nothing was done.", do="Answer at the terminal, or use a rehearsal home.")
    now = clock.fixed(settings.clock) if settings.clock is not None else clock.now
    here = machine.ThisMachine(production=mode == "production")
    return World(now, entropy.random_bytes, here.machine_id, AskLater(settings, mode), settings.aids())


class Sitting:
    """One command at one station, with its home open and locked."""

    def __init__(self, settings: Settings, home: Home, world: World | None = None):
        self.settings, self.home, self.store = settings, home, home.store
        self.mode = mode_of(home.store)
        self.world = world or world_for(settings, self.mode)
        self.screen = screen.out(settings)
        self._vault: Vault | None = None

    def group(self) -> GroupRow:
        """The group that is meant."""
        return choose_group(self.store, self.settings.group)

    def desk(self, group: GroupRow | None = None) -> Desk:
        """The station at work in a group, still locked; its questions show what they are about."""
        desk = Desk(self.store, group or self.group(), self.world, self._vault)
        self.world.asker.present = views_questions.presenter(desk)  # type: ignore[attr-defined]
        return desk

    def unlock(self) -> Vault:
        """The vault, opened by its passphrase; at a terminal three tries. Earlier failures are told first."""
        if self._vault is None:
            self._vault = open_vault(self.store, self.mode, self.world)
        return self._vault

    def answer(self, value: dict) -> None:
        """The object of --json."""
        screen.answer(self.settings, value)


def open_vault(store: Store, mode: str, world: World) -> Vault:
    """The vault of a home, opened by what the holder types."""
    process.harden()
    tell_failures(store, world)
    asker = world.asker
    tries = 1 if asker.passphrases_once else TRIES  # type: ignore[attr-defined]
    for left in range(tries - 1, -1, -1):
        passphrase = asker.passphrase("vault", "Passphrase of this station")
        try:
            return unlock(store, PassphraseOpener(passphrase, mode, world.entropy), world.entropy)
        except LocalFault as fault:
            if fault.check != "VAULT-PASSPHRASE" or not left:
                raise
            asker.tell("This passphrase does not open the vault. Try again.")
    raise AssertionError("unreachable")


def tell_failures(store: Store, world: World) -> None:
    """Say how often somebody typed a wrong passphrase, before the right one sets the count back."""
    failures = store.passphrase_failures()
    if failures:
        times = "once" if failures == 1 else f"{failures} times"
        world.asker.tell(f"Since this vault was last opened, a wrong passphrase was tried {times}. "
                         "If that was not you, stop.")


def new_passphrase(world: World, id: str, prompt: str) -> Secret[str]:
    """A passphrase that will close something, typed twice by a person."""
    first = world.asker.passphrase(id, prompt)
    if world.asker.passphrases_once:  # type: ignore[attr-defined]
        return first
    again = world.asker.passphrase(f"{id}.again", "The same once more")
    if first.reveal() != again.reveal():
        raise LocalFault("PASSPHRASE-TWICE", "the two passphrases are not the same", meaning="Nothing was changed.",
                         do="Run the command again.")
    return first


@contextmanager
def sitting(settings: Settings, world: World | None = None) -> Iterator[Sitting]:
    """Sit down at the station: its home is open and locked inside the block. world: one that was begun before."""
    with Home.open(settings.home_path()) as home:
        yield Sitting(settings, home, world)
