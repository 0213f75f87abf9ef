"""`domicile scan`: look into every account, judge every place of data, and record what changed."""

from __future__ import annotations

import sys
from collections.abc import Collection
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from domicile import __version__, bootstrap
from domicile.bootstrap import Setup
from domicile.collect import together
from domicile.commands.options import (
    CLOUDS,
    ROW_FIELDS,
    STORE,
    AzureCloudOption,
    AzureEndpointOption,
    CloudOption,
    ConcurrencyOption,
    ExternalIdOption,
    FileOption,
    ManagementGroupOption,
    OutputOption,
    Reach,
    RoleOption,
    StoreOption,
    ViolationFormat,
    accounts_in,
    baseline_of,
    clouds_of,
    coverage_of,
    day_of,
    inventory_of,
    one_of,
    opened,
    print_lines,
    progress_bar,
    require_writable,
    written_to,
)
from domicile.errors import UsageError
from domicile.inventory import coverage, fold_limits, lines
from domicile.model import SEVERITIES, Scan
from domicile.notify import messages
from domicile.record import record
from domicile.report import sarif, screen
from domicile.report.formats import plain, write, write_document
from domicile.scan import Exit, Settled, Weighed, breaches, exit_code, looks_of, settle, survey, weigh


def scan(
    file: FileOption = None,
    store: StoreOption = STORE,
    role: RoleOption = "",
    external_id: ExternalIdOption = "",
    cloud: CloudOption = None,
    management_group: ManagementGroupOption = "",
    azure_cloud: AzureCloudOption = "public",
    azure_endpoint: AzureEndpointOption = "",
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
    format: Annotated[ViolationFormat, typer.Option(help="How to write it.")] = "table",  # noqa: A002 the word of the command line
    output: OutputOption = None,
    fail_on: Annotated[
        str,
        typer.Option(
            help="Fail (exit code 3) only on breaches at least so severe: critical, high, medium, low, never."
        ),
    ] = "low",
    baseline: Annotated[
        Path | None, typer.Option(help="What an earlier run wrote as json or jsonl: fail only on other breaches.")
    ] = None,
    notices: Annotated[bool, typer.Option("--notices", help="Print the notices that a deployment would send.")] = False,
    concurrency: ConcurrencyOption = 32,
) -> None:
    """Look into every account, judge every place of data, and record what changed.

    Without an organisation file nothing is judged: the scan lists every copy that crosses a border.
    """
    if notices and format not in ("table", "json"):
        raise UsageError(f"--notices goes with --format table or json, not {format}")
    one_of("--fail-on", fail_on, (*SEVERITIES, "never"))
    known_before = baseline_of(baseline) if baseline else frozenset[str]()
    setup = bootstrap.setup(file)
    organisation = setup.organisation
    started = bootstrap.now()
    day = day_of(as_of) if as_of else bootstrap.day_of(started, organisation)
    clouds = clouds_of(cloud)
    reach = Reach(
        role=role,
        external_id=external_id,
        management_group=management_group,
        azure_cloud=azure_cloud,
        azure_endpoint=azure_endpoint,
    )
    with ExitStack() as stack:
        kept = None if account or region or as_of else stack.enter_context(opened(store))
        where = inventory or (inventory_of(store) if kept else None)
        for path in (output, where):
            require_writable(path)
        begun = (
            kept.begin(started, as_of=day, providers=clouds, digests=setup.digests)
            if kept
            else Scan(number=0, started_at=started, as_of=day, providers=clouds, digests=setup.digests)
        )
        # All are opened before any is asked: wrong credentials of one are told before the minutes the other takes.
        providers = [stack.enter_context(reach.open(one, organisation)) for one in clouds]
        known = kept.places() if kept else frozenset()
        found = []
        for provider in providers:
            mine = accounts_in(provider, account)
            if account and not mine and len(providers) > 1:
                continue
            with progress_bar() as progress:
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
    _keep(weighed, started, where, coverage_of(store) if kept else None, clouds)
    spared = _spared(weighed, fail_on, known_before)
    code = exit_code(weighed, settled.rows, organisation.accepted_gaps, as_of=day, spared=spared)
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
    with written_to(output) as stream:
        if format == "table":
            screen.show(outcome, stream)
            for message in told if notices else ():
                print_lines(["", f"Notice ({message.kind}): {message.subject}", *message.lines], stream)
        elif format == "sarif":
            name = str(setup.path or bootstrap.DEFAULT_FILE)
            write_document(
                sarif.document(settled.rows, setup.catalogue, version=__version__, file=Path(name).as_posix()), stream
            )
        elif format == "json":
            write_document(_document(outcome) | ({"notices": told} if notices else {}), stream)
        else:
            write([row for row in settled.rows if row.status != "resolved"], format, stream, fields=ROW_FIELDS)
    if spared:
        passed_over = f"{len(spared)} of the breaches do not fail this run: --baseline, --fail-on {fail_on}."
        print_lines([passed_over], sys.stderr)
    raise typer.Exit(code)


def _keep(
    weighed: Weighed, seen_at: datetime, places: Path | None, looks: Path | None, clouds: Collection[str]
) -> None:
    """Write where data is, and what was looked at for it, beside the store; what was seen in clouds that this scan did
    not look into stays as it is."""
    if places:
        elsewhere = _elsewhere(places, clouds)
        with written_to(places) as stream:
            write(lines(weighed.datasets, weighed.classifications, seen_at), "jsonl", stream)
            stream.writelines(elsewhere)
    if looks:
        elsewhere = _elsewhere(looks, clouds)
        with written_to(looks) as stream:
            write(coverage(weighed.inventory), "jsonl", stream)
            stream.writelines(elsewhere)


def _elsewhere(path: Path, clouds: Collection[str]) -> list[str]:
    """Lines that an earlier scan wrote of other clouds, and of what is declared about data there."""
    if not path.exists():
        return []
    told = [(text, line) for text in bootstrap.read_text(path).splitlines() if isinstance(line := _line(text), dict)]
    others = {name for name in CLOUDS if name not in clouds}
    theirs = {line["dataset_id"] for _, line in told if line.get("provider") in others and "dataset_id" in line}
    return [f"{text}\n" for text, line in told if line.get("provider") in others or line.get("dataset_id") in theirs]


def _line(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return None


def _spared(weighed: Weighed, fail_on: str, known: Collection[str]) -> frozenset[str]:
    """Ids of the breaches by which a run is not to fail."""
    failing = SEVERITIES[: SEVERITIES.index(fail_on) + 1] if fail_on in SEVERITIES else ()
    return frozenset(one.id for one in breaches(weighed) if one.id in known or one.severity not in failing)


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
        "upcoming": outcome.judgement.upcoming,
        "gaps": [{"gap": gap.key, **plain(gap)} for gap in outcome.gaps],
        "limits": fold_limits(outcome.inventory),
        "changes": [
            {"violation_id": change.row.violation_id, "transition": change.transition} for change in outcome.changes
        ],
    }
