"""The command line: which commands there are, and how a mistake is told."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import Abort, TyperException

from domicile import __version__
from domicile.commands.answering import accept, exempt, sign, statements
from domicile.commands.asking import gaps, inventory, violations
from domicile.commands.beginning import init
from domicile.commands.configuring import config
from domicile.commands.doctoring import doctor
from domicile.commands.evidencing import evidence
from domicile.commands.explaining import explain
from domicile.commands.granting import access
from domicile.commands.listing import datasets
from domicile.commands.options import print_lines
from domicile.commands.planning import plan
from domicile.commands.policies import policies
from domicile.commands.scanning import scan
from domicile.commands.validating import validate
from domicile.commands.working import next_
from domicile.errors import DomicileError, UsageError
from domicile.report.safe import terminal
from domicile.scan import Exit

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="""domicile says where each class of your data legally lives, which copies are in a country where they may
    not be, under which rule, since when, and what could not be seen.

    Start with `domicile demo`, or with `domicile scan` in a shell that has credentials of AWS or Azure.

    Exit codes: 0 nothing wrong and everything proven; 1 usage or configuration; 2 runtime failure; 3 violations;
    4 none, but not proven (gaps, unknowns, missing statements).""",
)


def help_when_alone(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        sys.stdout.write(f"{context.get_help()}\n")


def version() -> None:
    """Print the version."""
    print_lines([f"domicile {__version__}"], sys.stdout)


def demo(
    keep: Annotated[Path | None, typer.Option(help="Leave the demo's files and store in this folder.")] = None,
) -> None:
    """Play a story in a local AWS organisation: no network, no credentials, about half a minute."""
    from domicile.demo.play import play  # noqa: PLC0415 only this command plays

    play(keep)


for command in (
    *(init, access, doctor, plan),
    *(scan, next_, violations, gaps, explain, datasets, inventory),
    *(exempt, accept, statements, sign, evidence),
    *(validate, demo, version),
):
    app.command(command.__name__.rstrip("_"))(command)
for group, name in ((policies, "policy"), (config, "config")):
    group.callback(invoke_without_command=True)(help_when_alone)
    app.add_typer(group, name=name)
app.callback(invoke_without_command=True)(help_when_alone)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; a mistake is one line on stderr, never a traceback."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = int(app(args=given or ["--help"], prog_name="domicile", standalone_mode=False) or 0)
    except TyperException as error:
        about = f"{given[0]} " if given and given[0] in _commands() else ""
        _complain(error.format_message(), hint=f"domicile {about}--help")
        return Exit.USAGE
    except Abort:
        return Exit.FAILURE
    except DomicileError as error:
        _complain(str(error))
        return Exit.USAGE if isinstance(error, UsageError) else Exit.FAILURE
    except BrokenPipeError:
        # Whoever read us has gone; what is left in the buffer has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.FAILURE
    except KeyboardInterrupt:
        _complain("interrupted; nothing was recorded that was not complete")
        return Exit.FAILURE
    except Exception as error:
        if os.environ.get("DOMICILE_DEBUG"):
            raise
        _complain(f"internal error, please report it: {type(error).__name__}: {error} (DOMICILE_DEBUG=1 shows where)")
        return Exit.FAILURE
    return code if given else Exit.USAGE


def run() -> None:
    """Entry point of the console script."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal or pipe that cannot show a character gets its code instead of an error.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    sys.exit(main())


def _commands() -> set[str]:
    groups = {group.name for group in app.registered_groups if group.name}
    return groups | {one.name for one in app.registered_commands if one.name}


def _complain(text: str, *, hint: str = "") -> None:
    sys.stderr.write(f"domicile: {terminal(text)}\n")
    if hint:
        sys.stderr.write(f"  see: {terminal(hint)}\n")
