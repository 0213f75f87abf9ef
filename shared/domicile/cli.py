"""The command line: scan, look at what was found, explain it, and check the files that say what to judge."""

from __future__ import annotations

import difflib
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Any, Final, TextIO, get_args

import msgspec
import typer
from msgspec.structs import replace
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from typer.exceptions import Abort, TyperException

from domicile import __version__, bootstrap, configuration, policy, taxonomy, worked
from domicile.blobs import Blobs
from domicile.bootstrap import Setup
from domicile.collect import together
from domicile.configuration import Consequences, Deployed, Files
from domicile.errors import DomicileError, StoreError, UsageError
from domicile.inventory import Line, lines
from domicile.model import SEVERITIES, GapRow, Row, RowStatus, Scan
from domicile.notify import messages
from domicile.organisation import claims_units
from domicile.organisation import json_schema as organisation_schema
from domicile.record import record
from domicile.report import screen
from domicile.report.formats import Format, plain, write, write_document
from domicile.report.safe import terminal
from domicile.scan import Exit, Settled, Weighed, exit_code, looks_of, settle, survey, weigh
from domicile.stores import Question, Store, open_store

ROW_FIELDS: Final = Row.__struct_fields__
STATUSES: Final[tuple[str, ...]] = get_args(RowStatus)
STORE: Final = "sqlite:///domicile.db"
CLOUDS: Final = ("aws", "azure")

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
policies = typer.Typer(rich_markup_mode=None, help="Rules: what there is, what they ask, whether they judge as stated.")
app.add_typer(policies, name="policy")
config = typer.Typer(
    rich_markup_mode=None,
    help="""The organisation file of a deployment: see it, see what another would change, put it there.

    It lies as data where the deployment works, with the policy files it names beside it. `pull` fetches
    it, `diff` says what the file here would change, `push` makes it the one that the next scan uses. Where it lies
    is given each time, or in the variable DOMICILE_WORK. Who may read and write there is the cloud's to say.""",
)
app.add_typer(config, name="config")


@config.callback(invoke_without_command=True)
@policies.callback(invoke_without_command=True)
@app.callback(invoke_without_command=True)
def help_when_alone(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        sys.stdout.write(f"{context.get_help()}\n")


FileOption = Annotated[
    Path | None, typer.Option("--file", "-f", help="Organisation file. Default: domicile.yaml, if it is here.")
]
StoreOption = Annotated[str, typer.Option("--store", help="Where violations are kept.")]
FormatOption = Annotated[Format, typer.Option("--format", help="How to write it.")]
WHERE: Final = "Where the deployment works, as s3://BUCKET or azblob://ACCOUNT.blob.core.windows.net/CONTAINER."
HereArgument = Annotated[Path, typer.Argument(help="Organisation file here.")]
OutputOption = Annotated[Path | None, typer.Option("--output", "-o", help="Write there instead of to the screen.")]


@app.command()
def scan(
    file: FileOption = None,
    store: StoreOption = STORE,
    role: Annotated[
        str, typer.Option(help="Role to take on in every account of the AWS organisation. Without: this account only.")
    ] = "",
    external_id: Annotated[str, typer.Option(help="External id that the role asks for.")] = "",
    cloud: Annotated[
        list[str] | None, typer.Option(help="aws or azure (repeatable): which clouds to look into.  [default: aws]")
    ] = None,
    management_group: Annotated[
        str, typer.Option(help="Azure: only the subscriptions below this group. Without: all that you see.")
    ] = "",
    azure_cloud: Annotated[str, typer.Option(help="Azure: public, china or usgov.")] = "public",
    azure_endpoint: Annotated[
        str, typer.Option(help="Azure: another Resource Manager.", envvar="DOMICILE_AZURE_ENDPOINT")
    ] = "",
    account: Annotated[
        list[str] | None, typer.Option(help="Only this account (repeatable). Such a scan records nothing.")
    ] = None,
    region: Annotated[
        list[str] | None, typer.Option(help="Only this region (repeatable). Such a scan records nothing.")
    ] = None,
    as_of: Annotated[str, typer.Option(help="Judge as of this day (YYYY-MM-DD). Such a scan records nothing.")] = "",
    inventory: Annotated[
        Path | None, typer.Option(help="Write one line per place of data there. Default: beside a SQLite store.")
    ] = None,
    format: FormatOption = "table",  # noqa: A002 the word of the command line
    output: OutputOption = None,
    notices: Annotated[bool, typer.Option("--notices", help="Print the notices that a deployment would send.")] = False,
    concurrency: Annotated[int, typer.Option(min=1, max=256, help="Questions asked at once.")] = 32,
) -> None:
    """Look into every account, judge every place of data, and record what changed.

    Without an organisation file nothing is judged: the scan lists every copy that crosses a border.
    """
    if notices and format not in ("table", "json"):
        raise UsageError(f"--notices goes with --format table or json, not {format}")
    setup = bootstrap.setup(file)
    organisation = setup.organisation
    started = bootstrap.now()
    day = _day(as_of) if as_of else bootstrap.day_of(started, organisation)
    clouds = tuple(dict.fromkeys(cloud or ("aws",)))
    for one in clouds:
        _one_of("--cloud", one, CLOUDS)
    with ExitStack() as stack:
        kept = None if account or region or as_of else stack.enter_context(_store(store))
        where = inventory or (_inventory_of(store) if kept else None)
        for path in (output, where):
            _require_writable(path)
        begun = (
            kept.begin(started, as_of=day, providers=clouds, digests=setup.digests)
            if kept
            else Scan(number=0, started_at=started, as_of=day, providers=clouds, digests=setup.digests)
        )
        openings = {
            "aws": lambda: bootstrap.aws(
                role=role or organisation.role, external_id=external_id, units=claims_units(organisation)
            ),
            "azure": lambda: bootstrap.azure(
                cloud=azure_cloud,
                endpoint=azure_endpoint,
                token=os.environ.get("DOMICILE_AZURE_TOKEN", ""),
                group=management_group,
            ),
        }
        # All are opened before any is asked: wrong credentials of one are told before the minutes the other takes.
        providers = [stack.enter_context(openings[one]()) for one in clouds]
        known = kept.places() if kept else frozenset()
        found = []
        for provider in providers:
            # Ids of accounts say whose they are: 12 digits, or a UUID.
            mine = [one for one in account or () if one.isdecimal() == (provider.name == "aws")]
            if account and not mine and len(providers) > 1:
                continue
            with _progress() as progress:
                found.append(
                    survey(
                        provider,
                        organisation,
                        as_of=day,
                        now=started,
                        accounts=mine or account or (),
                        regions=region or (),
                        known=known,
                        concurrency=concurrency,
                        progress=progress,
                    )
                )
        seen = together(found)
        weighed = weigh(seen, bootstrap.vocabulary_of(clouds), organisation, setup.rules, as_of=day, now=started)
        settled = settle(kept, begun, weighed, organisation, clock=bootstrap.now) if kept else _imagined(weighed, begun)
    if where:
        with _output(where) as stream:
            write(lines(weighed.datasets, weighed.classifications, started), "jsonl", stream)
    code = exit_code(weighed, settled.rows, organisation.accepted_gaps, as_of=day)
    outcome = _outcome(setup, weighed, settled, store if kept else "", proven=code is Exit.PROVEN)
    told = messages(
        settled.changes,
        settled.gaps,
        begun,
        previous=settled.previous,
        exemptions=organisation.exemptions,
        routes=organisation.notify.routes,
        store="" if store == STORE else store,
    )
    with _output(output) as stream:
        if format == "table":
            screen.show(outcome, stream)
            for message in told if notices else ():
                print_lines(["", f"Notice ({message.kind}): {message.subject}", *message.lines], stream)
        elif format == "json":
            write_document(_document(outcome) | ({"notices": told} if notices else {}), stream)
        else:
            write([row for row in settled.rows if row.status != "resolved"], format, stream, fields=ROW_FIELDS)
    raise typer.Exit(code)


@app.command()
def violations(
    store: StoreOption = STORE,
    rule: Annotated[str, typer.Option(help="Of this rule.")] = "",
    account: Annotated[str, typer.Option(help="Held in this account.")] = "",
    country: Annotated[str, typer.Option(help="In this country (ISO code).")] = "",
    entity: Annotated[str, typer.Option(help="Of this entity.")] = "",
    severity: Annotated[str, typer.Option(help="critical, high, medium or low.")] = "",
    status: Annotated[
        list[str] | None,
        typer.Option(help="open, unconfirmed, exempted, resolved (repeatable). Default: not resolved."),
    ] = None,
    caused_by: Annotated[str, typer.Option(help="Made by this replication rule, plan or setting.")] = "",
    dataset: Annotated[str, typer.Option(help="Of the dataset with this id.")] = "",
    changed_on: Annotated[str, typer.Option(help="Changed on this UTC day, in the order of change.")] = "",
    limit: Annotated[int, typer.Option(min=0, help="At most so many; 0 is all.")] = 0,
    format: FormatOption = "table",  # noqa: A002
    output: OutputOption = None,
) -> None:
    """Ask the violations table: worst first, then oldest.

    For example `domicile violations --rule in-rbi-payment-data --account 111122223333`.
    """
    _one_of("--severity", severity, SEVERITIES)
    for one in status or ():
        _one_of("--status", one, STATUSES)
    question = Question(
        statuses=tuple(status or ()),
        severity=severity,
        rule=rule,
        account=account,
        country=country.upper(),
        entity=entity,
        caused_by=caused_by,
        dataset=dataset,
        changed_on=_day(changed_on) if changed_on else None,
        limit=limit,
    )
    with _store(store, existing=True) as kept, _output(output) as stream:
        rows = kept.ask(question)
        if format != "table":
            write(rows, format, stream, fields=ROW_FIELDS)
        elif rows:
            write([screen.listed(row) for row in rows], "table", stream, columns=screen.LISTED)
        else:
            print_lines(["No violations answer this question. (Resolved ones: --status resolved)"], stream)


@app.command()
def gaps(
    store: StoreOption = STORE,
    account: Annotated[str, typer.Option(help="Only in this account.")] = "",
    ended: Annotated[bool, typer.Option("--ended", help="Those that have ended, too.")] = False,
    format: FormatOption = "table",  # noqa: A002
    output: OutputOption = None,
) -> None:
    """List what scans should have been shown and were not, and why."""
    with _store(store, existing=True) as kept, _output(output) as stream:
        rows = [row for row in kept.gaps(ended=ended) if account in ("", row.account)]
        if format != "table":
            write(rows, format, stream, fields=GapRow.__struct_fields__)
        elif rows:
            columns = ("account", "region", "listing", "resource_id", "reason", "first_seen", "ended")
            write(rows, "table", stream, columns=columns)
        else:
            print_lines(["No gaps answer this question."], stream)


@app.command()
def explain(
    violation: Annotated[str, typer.Argument(help="Id of a violation, or its first six digits or more.")],
    file: FileOption = None,
    store: StoreOption = STORE,
    inventory: Annotated[
        Path | None, typer.Option(help="Inventory of the last scan. Default: beside the store.")
    ] = None,
) -> None:
    """Say of one violation what it is, under which clause, since when, where all its data is, and the ways out."""
    with _store(store, existing=True) as kept:
        row = _find(kept, violation)
        history = kept.history(row.violation_id)
    setup = bootstrap.setup(file)
    where = inventory or _inventory_of(store)
    places = (
        [line for line in _read_inventory(where) if line["dataset_id"] == row.dataset_id]
        if where and where.exists()
        else []
    )
    screen.explain(row, setup.catalogue.get(row.rule), history, [screen.placed(line) for line in places], sys.stdout)


@app.command()
def inventory(
    file: Annotated[Path | None, typer.Argument(help="Inventory that a scan wrote. Default: beside the store.")] = None,
    store: StoreOption = STORE,
    crossing: Annotated[
        bool, typer.Option("--crossing", help="Only what is in another country than its root.")
    ] = False,
    country: Annotated[str, typer.Option(help="Only in this country (ISO code; `unknown` for none).")] = "",
    account: Annotated[str, typer.Option(help="Only held in this account.")] = "",
    classes: Annotated[str, typer.Option("--class", help="Only of this class (a glob).")] = "",
    format: FormatOption = "table",  # noqa: A002
    output: OutputOption = None,
) -> None:
    """List every place of data that the last scan saw: account, country, kind, channel, class."""
    where = file or _inventory_of(store)
    if where is None or not where.exists():
        raise UsageError("there is no inventory yet: run `domicile scan`", path=str(where or store))
    wanted = {"unknown": ""}.get(country.lower(), country.upper())
    chosen = [
        line
        for line in _read_inventory(where)
        if (not crossing or line["crosses"] is not False)
        and (not country or line["country"] == wanted)
        and (not account or line["account"] == account)
        and (not classes or any(taxonomy.matches(classes, name) for name in line["classes"]))
    ]
    with _output(output) as stream:
        if format != "table":
            write(chosen, format, stream, fields=Line.__struct_fields__)
        elif chosen:
            rows = [screen.placed(line) for line in chosen]
            write(rows, "table", stream, columns=tuple(rows[0]))
        else:
            print_lines(["Nothing in the inventory answers this question."], stream)


@app.command()
def validate(
    file: Annotated[Path, typer.Argument(help="Organisation file, policy file or file of worked examples.")] = Path(
        bootstrap.DEFAULT_FILE
    ),
    schema: Annotated[str, typer.Option(help="Print a JSON Schema for editors instead: organisation or policy.")] = "",
) -> None:
    """Check an organisation file or a policy file; every mistake is named with file, line and field."""
    if schema:
        _one_of("--schema", schema, ("organisation", "policy"))
        write_document(organisation_schema() if schema == "organisation" else policy.json_schema(), sys.stdout)
        return
    kind = bootstrap.kind_of(file)
    if kind == "policy":
        pack = policy.load(bootstrap.read_text(file), str(file))
        told = f"{len(pack.rules)} rules, {len(pack.examples)} worked examples"
        print_lines([f"{file}: no mistakes.", f"{told}."], sys.stdout)
        return
    if kind == "examples":
        cases = policy.examples(bootstrap.read_text(file), str(file))
        print_lines([f"{file}: {len(cases)} worked examples, no mistakes."], sys.stdout)
        return
    setup = bootstrap.setup(file)
    said = setup.organisation
    print_lines(
        [
            f"{file}: no mistakes.",
            f"{len(said.entities)} entities, {len(said.datasets)} dataset declarations,",
            f"{len(setup.rules)} adopted rules, {len(said.statements)} statements, {len(said.exemptions)} exemptions.",
        ],
        sys.stdout,
    )


@app.command()
def version() -> None:
    """Print the version."""
    print_lines([f"domicile {__version__}"], sys.stdout)


@app.command()
def demo(
    keep: Annotated[Path | None, typer.Option(help="Leave the demo's files and store in this folder.")] = None,
) -> None:
    """Play a story in a local AWS organisation: no network, no credentials, about half a minute."""
    from domicile.demo.play import play  # noqa: PLC0415 only this command plays

    play(keep)


@policies.command("list")
def policy_list(
    file: Annotated[list[Path] | None, typer.Argument(help="Further policy files.")] = None,
    status: Annotated[str, typer.Option(help="Only rules of this standing.")] = "",
    format: FormatOption = "table",  # noqa: A002
) -> None:
    """List the rules there are, with their standing and the day they bind from."""
    rules = sorted(bootstrap.catalogue(bootstrap.packs(file or ())).values(), key=lambda rule: rule.id)
    rows = [
        {
            "rule": rule.id,
            "status": rule.status,
            "from": rule.enforce_from,
            "asks": ", ".join(dict.fromkeys(one.kind for one in rule.oblige)),
            "trial": "trial" if rule.trial else "",
            "title": rule.title,
        }
        for rule in rules
        if status in ("", rule.status)
    ]
    write(rows, format, sys.stdout, columns=tuple(rows[0]) if rows else ())


@policies.command("show")
def policy_show(
    rule: Annotated[str, typer.Argument(help="Id of a rule.")],
    file: Annotated[list[Path] | None, typer.Argument(help="Further policy files.")] = None,
) -> None:
    """Show one rule: what it asks of whom, on what authority, and what a lawyer must check."""
    packs = bootstrap.packs(file or ())
    rules = bootstrap.catalogue(packs)
    if rule not in rules:
        near = difflib.get_close_matches(rule, rules, 1)
        raise UsageError(f"there is no rule {terminal(rule, 60)}" + (f"; did you mean {near[0]}?" if near else ""))
    pack = next(one for one in packs if any(rule == item.id for item in one.rules))
    print_lines(screen.rule_lines(rules[rule], pack.disclaimer, pack.verified, pack.check), sys.stdout)


@policies.command("test")
def policy_test(
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="Policy files, or files of worked examples. Default: the packaged rules."),
    ] = None,
) -> None:
    """Run worked examples through the judge; exit 3 with a table of differences when a verdict is another."""
    given = {path: bootstrap.kind_of(path) for path in files or ()}
    packaged = bootstrap.packs()
    own = bootstrap.packs([path for path, kind in given.items() if kind != "examples"])
    rules = bootstrap.catalogue(own)
    cases = [case for pack in (own[len(packaged) :] if given else packaged) for case in pack.examples]
    for path, kind in given.items():
        if kind == "examples":
            cases.extend(policy.examples(bootstrap.read_text(path), str(path)))
    days = {pack.id: pack.as_of for pack in own}
    for number, case in enumerate(cases):
        if case.rule not in rules:
            raise UsageError(f"example {case.name!r} is about a rule that is not there: {case.rule}")
        if case.as_of is None:
            cases[number] = replace(case, as_of=days[rules[case.rule].policy] or bootstrap.now().date())
    differences = worked.run(cases, rules)
    if differences:
        write(differences, "table", sys.stdout, columns=("rule", "name", "expected", "got", "because"))
    ruled = len({case.rule for case in cases})
    held = len(cases) - len(differences)
    told = f"{len(cases)} worked examples of {ruled} rules: {held} as stated, {len(differences)} not."
    print_lines([told], sys.stdout)
    if differences:
        raise typer.Exit(Exit.VIOLATIONS)


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
    return groups | {one.callback.__name__ for one in app.registered_commands if one.callback}


def _complain(text: str, *, hint: str = "") -> None:
    sys.stderr.write(f"domicile: {terminal(text)}\n")
    if hint:
        sys.stderr.write(f"  see: {terminal(hint)}\n")


def print_lines(texts: Sequence[str], stream: TextIO) -> None:
    stream.writelines(f"{terminal(text)}\n" for text in texts)


def _one_of(option: str, value: str, known: Sequence[str]) -> None:
    if value and value not in known:
        raise UsageError(f"{option} must be one of {', '.join(known)}, not {terminal(value, 40)}")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"a day is written YYYY-MM-DD, not {terminal(text, 40)}") from error


@contextmanager
def _store(url: str, *, existing: bool = False) -> Iterator[Store]:
    path = sqlite_path(url)
    if existing and path is not None and not path.exists():
        raise UsageError("there is no such store yet: run `domicile scan`", path=str(path))
    kept = open_store(url)
    try:
        yield kept
    finally:
        kept.close()


def sqlite_path(url: str) -> Path | None:
    """The file behind a SQLite URL; None for any other store."""
    return Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else None


def _inventory_of(store: str) -> Path | None:
    """Where the inventory lies beside a SQLite store."""
    path = sqlite_path(store)
    return path.with_suffix(".inventory.jsonl") if path else None


def _read_inventory(path: Path) -> list[dict[str, Any]]:
    found = []
    for number, line in enumerate(bootstrap.read_text(path).splitlines(), 1):
        try:
            record = msgspec.json.decode(line)
            if not isinstance(record, dict) or not record.keys() >= set(Line.__struct_fields__):
                raise UsageError("is no line of an inventory", path=str(path), line=number)
        except msgspec.DecodeError as error:
            raise UsageError(f"is no line of an inventory: {error}", path=str(path), line=number) from error
        found.append(record)
    return found


def _find(kept: Store, prefix: str) -> Row:
    """The one row whose id begins so."""
    if not re.fullmatch(r"[0-9a-f]{6,32}", prefix):
        raise UsageError(f"a violation's id has 32 hexadecimal digits, of which six are enough: {terminal(prefix, 40)}")
    rows = [
        *kept.fetch([prefix]).values(),
        *(
            row
            for row in kept.ask(Question(statuses=STATUSES))
            if len(prefix) < 32 and row.violation_id.startswith(prefix)
        ),
    ]
    if not rows:
        raise UsageError(f"no violation has an id that begins with {prefix}")
    if len(rows) > 1:
        raise UsageError(f"{len(rows)} violations have an id that begins with {prefix}: give more digits")
    return rows[0]


def _imagined(weighed: Weighed, scan: Scan) -> Settled:
    """What an empty store would hold after this scan; nothing is kept."""
    changes = record(
        {},
        weighed.judgement,
        looks_of(weighed.inventory),
        scan,
        now=scan.started_at,
        accounts=weighed.inventory.accounts,
    )
    return Settled(scan, None, changes, (), tuple(sorted((one.row for one in changes), key=lambda row: row.rank)))


def _outcome(setup: Setup, weighed: Weighed, settled: Settled, store: str, *, proven: bool) -> screen.Outcome:
    return screen.Outcome(
        scan=settled.scan,
        recorded=bool(store),
        first=settled.previous is None,
        proven=proven,
        inventory=weighed.inventory,
        datasets=weighed.datasets,
        classifications=weighed.classifications,
        judgement=weighed.judgement,
        gaps=weighed.gaps,
        rows=settled.rows,
        changes=settled.changes,
        gap_changes=settled.gaps,
        rules=setup.rules,
        exemptions=setup.organisation.exemptions,
        accepted=setup.organisation.accepted_gaps,
        unowned=weighed.unowned,
        file=str(setup.path or ""),
        store="" if store == STORE else store,
    )


def _document(outcome: screen.Outcome) -> dict[str, Any]:
    """A scan as one JSON document."""
    return {
        "scan": outcome.scan,
        "recorded": outcome.recorded,
        "violations": [row for row in outcome.rows if row.status != "resolved"],
        "findings": [
            {
                "violation_id": finding.id,
                "rule": finding.rule,
                "keyword": finding.keyword,
                "subject": finding.subject,
                "verdict": str(finding.verdict),
                "severity": finding.severity,
                "enforced": finding.enforced,
                "because": finding.because,
            }
            for finding in outcome.judgement.findings
        ],
        "unclassified": [
            {"dataset_id": one.dataset.id, "missing": one.missing, "would_break": one.would_break}
            for one in outcome.judgement.unclassified
        ],
        "gaps": [{"gap": gap.key, **plain(gap)} for gap in outcome.gaps],
        "limits": outcome.inventory.limits,
        "changes": [
            {"violation_id": change.row.violation_id, "transition": change.transition} for change in outcome.changes
        ],
    }


def _require_writable(path: Path | None) -> None:
    """Said before a long scan, not after it."""
    if path is not None and (path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK)):
        raise UsageError("cannot be written", path=str(path))


@contextmanager
def _output(path: Path | None) -> Iterator[TextIO]:
    if path is None:
        yield sys.stdout
        return
    try:
        with path.open("w", encoding="utf-8", newline="") as stream:
            yield stream
    except OSError as error:
        raise UsageError(f"cannot be written: {error.strerror or error}", path=str(path)) from error


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None] | None]:
    """A bar on a terminal; silence elsewhere."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    columns = TextColumn("Looking"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
