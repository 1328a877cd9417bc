"""The command line, assembled: names and one-line helps of all commands, and nothing behind them until one is called.

Help and completion see stubs; `resolve_command` imports the module of the one command that runs. So `--help` costs
little, and `status` never loads a curve.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer
from typer import completion, core
from typer._click.exceptions import ClickException, NoArgsIsHelpError

from ceremony.base.errors import Fault, LocalFault, UsageFault
from ceremony.cli import faults, screen
from ceremony.cli.settings import Settings, completing

COMMANDS = {
    "station": "Make this station, show it, its card, its backup.",
    "charter": "Found a group, or read its charter.",
    "open": "Open a key generation or a signing request.",
    "go": "Take in what the stick brings, do what this station owes, say what is next.",
    "cancel": "Stop a ceremony, for a reason that is recorded.",
    "declare": "Record that a station is compromised or absent, or a deviation.",
    "status": "What is under way, who owes what; needs no passphrase.",
    "prepare": "Prepare nonces, so that signing takes one round.",
    "address": "Addresses and descriptor of the key.",
    "result": "Write the signed transaction of a finished request.",
    "scan": "Say what a file is.",
    "transcript": "Export the record for an auditor.",
    "evidence": "Export the entries that show who broke a rule.",
    "verify": "Check a transcript; needs no station.",
    "rehearse": "See a whole ceremony with play money.",
    "doc": "Read the documents.",
}


class Commands(core.TyperGroup):
    """Stubs for help and completion, the real command when it is called."""

    def __init__(self, **rest: Any):
        super().__init__(**rest)
        for name, text in COMMANDS.items():
            self.add_command(core.TyperCommand(name, help=text, short_help=text), name)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, stub, rest = super().resolve_command(ctx, args)
        if stub is None:
            return name, stub, rest
        module = import_module(f"ceremony.cli.{'open_' if name == 'open' else name}")
        return name, typer.main.get_command(module.app), rest


app = typer.Typer(cls=Commands, add_completion=False, no_args_is_help=True, rich_markup_mode=None,
                  pretty_exceptions_enable=False, pretty_exceptions_show_locals=False)


@app.callback()
def before_the_verb(
        ctx: typer.Context,
        home: Annotated[Path | None, typer.Option(help="This station's folder (else CEREMONY_HOME, else ~/.ceremony).",
                                                  metavar="DIR")] = None,
        group: Annotated[str | None, typer.Option(help="First letters of the group's fingerprint.",
                                                  metavar="ID")] = None,
        json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
        plain: Annotated[bool, typer.Option("--plain", help="One fact a line, no boxes, no colour.")] = False,
        answers: Annotated[Path | None, typer.Option(help="Rehearsal homes only: answers to questions.",
                                                     metavar="FILE")] = None,
        passphrase_fd: Annotated[int | None, typer.Option(help="Rehearsal homes only: read passphrases here.",
                                                          metavar="N")] = None,
        clock: Annotated[str | None, typer.Option(help="Rehearsal homes only: the time, 2026-11-22T15:52:01Z.",
                                                  metavar="TIME")] = None) -> None:
    """Make and use a key that no machine ever holds, across stations that are never online."""
    settings: Settings = ctx.obj
    settings.home, settings.group, settings.json, settings.plain = home, group, json, plain
    settings.answers, settings.passphrase_fd, settings.clock = answers, passphrase_fd, clock


def run(argv: list[str] | None = None) -> int:
    """The `ceremony` command. Gives the exit code; whatever is typed, there is no traceback."""
    argv = sys.argv[1:] if argv is None else argv
    settings = Settings(json="--json" in argv)
    _fill_closed_descriptors()
    screen.open_out()
    if completing():
        completion.completion_init()
    try:
        code = _run(argv, settings)
    except KeyboardInterrupt:
        code = faults.INTERRUPTED
    except Fault as fault:
        code = faults.show(fault, settings)
    except (OSError, MemoryError) as problem:
        code = faults.show(_refused_by_system(problem), settings)
    except Exception as problem:
        code = faults.bug(problem, settings)
    if code == faults.INTERRUPTED:
        faults.complain("Interrupted. Whatever was done before stays done; run the command again to go on.")
    if screen.OUT.lost and code == 0:
        faults.complain("What happened: the output could not be written in full (OUTPUT-LOST).")
        code = faults.UNABLE
    return code


def _run(argv: list[str], settings: Settings) -> int:
    try:
        code = typer.main.get_command(app).main(argv, prog_name="ceremony", standalone_mode=False, obj=settings)
    except NoArgsIsHelpError as problem:
        screen.OUT.write(problem.format_message() + "\n")
        return faults.USAGE
    except ClickException as problem:
        where = getattr(problem, "ctx", None)
        path = where.command_path if where is not None else "ceremony"
        raise UsageFault("USAGE", problem.format_message(), meaning="Nothing was done.",
                         do=f"Look at `{path} --help`.") from None
    except typer.Abort:
        return faults.INTERRUPTED
    return code if isinstance(code, int) else 0


def _refused_by_system(problem: OSError | MemoryError) -> LocalFault:
    """What no part of the tool had expected the system to refuse."""
    why = "it has no memory left" if isinstance(problem, MemoryError) else problem.strerror or type(problem).__name__
    return LocalFault("SYSTEM", f"the system refused something: {why}",
                      meaning="The step was not finished; what was done before it stands.",
                      do="Look at the disk and at the names that you typed, then run the command again.")


def _fill_closed_descriptors() -> None:
    """A closed standard stream would give its number to the next file that is opened, and then be written to."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
