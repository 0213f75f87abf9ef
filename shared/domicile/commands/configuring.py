"""`domicile config`: the organisation file of a deployment, pulled, compared and pushed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from domicile import bootstrap, configuration
from domicile.blobs import Blobs
from domicile.commands.options import print_lines
from domicile.configuration import Consequences, Deployed, Files
from domicile.errors import StoreError
from domicile.report.formats import write
from domicile.report.safe import terminal
from domicile.scan import Exit

WHERE: Final = "Where the deployment works, as s3://BUCKET or azblob://ACCOUNT.blob.core.windows.net/CONTAINER."
HereArgument = Annotated[Path, typer.Argument(help="Organisation file here.")]

config = typer.Typer(
    rich_markup_mode=None,
    help="""The organisation file of a deployment: see it, see what another would change, put it there.

    It lies as data where the deployment works, with the policy files it names beside it. `pull` fetches
    it, `diff` says what the file here would change, `push` makes it the one that the next scan uses. Where it lies
    is given each time, or in the variable DOMICILE_WORK. Who may read and write there is the cloud's to say.""",
)


@config.command("pull")
def config_pull(
    source: Annotated[str, typer.Option("--from", envvar="DOMICILE_WORK", help=WHERE)],
    file: HereArgument = Path(bootstrap.DEFAULT_FILE),
    version: Annotated[str, typer.Option(help="An older version of it, as `push` named it.")] = "",
    force: Annotated[bool, typer.Option("--force", help="Overwrite files here that differ.")] = False,
) -> None:
    """Fetch the organisation file of a deployment and the policy files it names."""
    fetched = configuration.fetched(configuration.place_of(source), version)
    written = configuration.keep(fetched, file, force=force)
    print_lines([f"{path}: {'written' if fresh else 'was so already'}" for path, fresh in written.items()], sys.stdout)
    print_lines([f"Note: {note}" for note in fetched.notes], sys.stdout)


@config.command("diff")
def config_diff(
    to: Annotated[str, typer.Option("--to", envvar="DOMICILE_WORK", help=WHERE)],
    file: HereArgument = Path(bootstrap.DEFAULT_FILE),
) -> None:
    """Show what a push would change: the text, and the verdicts on what the last scan saw.

    The last scan of the deployment that is still kept is judged again, by the file deployed and by the file here, as
    of today. Nothing is written and no account is asked.

    Exit codes: 0 no new breach; 1 the file here is wrong; 2 it could not be read; 3 new breaches; 4 no new breach, but
    not all can be told (no scan kept, tags it did not keep, another scope, something newly unknown or unclassified).
    """
    blobs, here = configuration.place_of(to), configuration.local(file)
    there = configuration.deployed(blobs, here.texts)
    if _same(there, here, to):
        return
    for name in there.lacks(here):
        print_lines(list(configuration.text_diff(there, here, name)), sys.stdout)
    sys.stdout.write("\n")
    told = _consequences(blobs, there, here)
    if told and (rows := told.rows):
        sys.stdout.write("\n")
        write(rows[: configuration.MOST], "table", sys.stdout, columns=tuple(rows[0]))
        if len(rows) > configuration.MOST:
            print_lines([f"… and {len(rows) - configuration.MOST} more"], sys.stdout)
    raise typer.Exit(
        Exit.VIOLATIONS if told and told.begun else Exit.PROVEN if told and told.proven else Exit.NOT_PROVEN
    )


@config.command("push")
def config_push(
    to: Annotated[str, typer.Option("--to", envvar="DOMICILE_WORK", help=WHERE)],
    file: HereArgument = Path(bootstrap.DEFAULT_FILE),
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Make the organisation file here the one that the next scan of a deployment uses.

    A file with a mistake is refused, and so is a push while somebody else is changing what was just shown. On a
    terminal it asks first. `domicile config diff` shows the changes one by one.
    """
    blobs, here = configuration.place_of(to), configuration.local(file)
    there = configuration.deployed(blobs, here.texts)
    if _same(there, here, to):
        return
    print_lines(configuration.text_counts(there, here), sys.stdout)
    _consequences(blobs, there, here)
    if sys.stdin.isatty() and not yes:
        typer.confirm(f"Push it to {terminal(to)}?", abort=True, err=True)
    version = configuration.push(blobs, here, there)
    before = there.seen[bootstrap.DEFAULT_FILE]
    print_lines([f"Pushed to {to}{f' as version {version}' if version else ''}; the next scan uses it."], sys.stdout)
    if before and before.version:
        back = f"domicile config pull --from {to} --version {before.version} --force {file}"
        print_lines([f"To go back: {back}, then push."], sys.stdout)


def _same(there: Deployed, here: Files, to: str) -> bool:
    if there.mistake:
        print_lines([f"Scans do not use what is deployed, but the last good file: {there.mistake}", ""], sys.stdout)
    if there.lacks(here):
        return False
    print_lines([f"What is deployed at {to} is the same; nothing to push."], sys.stdout)
    return True


def _consequences(blobs: Blobs, there: Deployed, here: Files) -> Consequences | None:
    """Print the counts of what would change, or why nobody knows."""
    try:
        told = configuration.consequences(blobs, there.setup, here.setup)
    except StoreError as error:
        print_lines([f"Which verdicts would change cannot be told: {error}"], sys.stdout)
        return None
    if told is None:
        print_lines(["Which verdicts would change cannot be told: no scan is kept there."], sys.stdout)
        return None
    print_lines([*told.lines, *(f"Not told by this: {note}." for note in told.notes)], sys.stdout)
    return told
