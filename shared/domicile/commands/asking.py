"""Questions to the violations table and to the inventory: `violations`, `gaps`, `inventory`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from domicile import __version__, bootstrap, taxonomy
from domicile.commands.options import (
    ROW_FIELDS,
    STATUSES,
    STORE,
    FormatOption,
    OutputOption,
    StoreOption,
    ViolationFormat,
    day_of,
    inventory_of,
    one_of,
    opened,
    print_lines,
    read_inventory,
    written_to,
)
from domicile.errors import UsageError
from domicile.inventory import Line
from domicile.model import SEVERITIES, GapRow, Row
from domicile.report import sarif, screen
from domicile.report.formats import write, write_document
from domicile.stores import Question

GROUPED: Final = {
    "cause": "caused_by",
    "owner": "owner",
    "account": "account",
    "entity": "entity",
    "rule": "rule",
    "country": "country",
    "dataset": "dataset_id",
}
NOBODY: Final = {"country": "unknown"} | dict.fromkeys(("owner", "account", "entity", "rule", "dataset"), "nobody's")
COUNTED: Final = ("what", "violations", "copies", "worst", "rules", "countries", "since")


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
    by: Annotated[
        str, typer.Option(help="Count them, by cause, owner, account, entity, rule, country or dataset, most first.")
    ] = "",
    limit: Annotated[int, typer.Option(min=0, help="At most so many; 0 is all.")] = 0,
    format: Annotated[ViolationFormat, typer.Option(help="How to write it.")] = "table",  # noqa: A002
    output: OutputOption = None,
) -> None:
    """Ask the violations table: worst first, then oldest.

    For example `domicile violations --rule in-rbi-payment-data --account 111122223333`, or, for what to mend first,
    `domicile violations --by cause`.
    """
    one_of("--by", by, tuple(GROUPED))
    if by and format == "sarif":
        raise UsageError("--by counts, which sarif cannot: use --format table, json, jsonl or csv")
    one_of("--severity", severity, SEVERITIES)
    for one in status or ():
        one_of("--status", one, STATUSES)
    question = Question(
        statuses=tuple(status or ()),
        severity=severity,
        rule=rule,
        account=account,
        country=country.upper(),
        entity=entity,
        caused_by=caused_by,
        dataset=dataset,
        changed_on=day_of(changed_on) if changed_on else None,
        limit=limit,
    )
    with opened(store, existing=True) as kept, written_to(output) as stream:
        rows = kept.ask(question)
        if format == "sarif":
            catalogue = bootstrap.setup(None).catalogue
            write_document(sarif.document(rows, catalogue, version=__version__, file=bootstrap.DEFAULT_FILE), stream)
        elif by:
            write(counts_by(rows, by), format, stream, columns=COUNTED, fields=COUNTED)
        elif format != "table":
            write(rows, format, stream, fields=ROW_FIELDS)
        elif rows:
            write([screen.listed(row) for row in rows], "table", stream, columns=screen.LISTED)
        else:
            print_lines(["No violations answer this question. (Resolved ones: --status resolved)"], stream)


def _cause(row: Row) -> str:
    if row.subject.startswith(("dataset|", "logs|")):
        return "what must be somewhere is not there"
    return row.caused_by or (f"{row.channel}, by no rule that shows" if row.channel else "made where it is")


def counts_by(rows: Iterable[Row], by: str) -> list[dict[str, Any]]:
    """How many violations each cause (owner, account …) has, most first, with the worst of them and the oldest."""
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[_cause(row) if by == "cause" else str(getattr(row, GROUPED[by]))].append(row)
    counted = [
        {
            "what": what or NOBODY.get(by, ""),
            "violations": len(some),
            "copies": sum(row.copies for row in some),
            "worst": min((row.severity for row in some), key=SEVERITIES.index),
            "rules": ", ".join(sorted({row.rule for row in some})),
            "countries": ", ".join(sorted({row.country or "unknown" for row in some})),
            "since": min(row.opened_at for row in some).date(),
        }
        for what, some in groups.items()
    ]
    return sorted(counted, key=lambda one: (-one["violations"], SEVERITIES.index(one["worst"]), one["what"]))


def gaps(
    store: StoreOption = STORE,
    account: Annotated[str, typer.Option(help="Only in this account.")] = "",
    ended: Annotated[bool, typer.Option("--ended", help="Those that have ended, too.")] = False,
    format: FormatOption = "table",  # noqa: A002
    output: OutputOption = None,
) -> None:
    """List what scans should have been shown and were not, and why."""
    with opened(store, existing=True) as kept, written_to(output) as stream:
        rows = [row for row in kept.gaps(ended=ended) if account in ("", row.account)]
        if format != "table":
            write(rows, format, stream, fields=GapRow.__struct_fields__)
        elif rows:
            columns = ("account", "region", "listing", "resource_id", "reason", "first_seen", "ended")
            write(rows, "table", stream, columns=columns)
        else:
            print_lines(["No gaps answer this question."], stream)


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
    where = file or inventory_of(store)
    if where is None or not where.exists():
        raise UsageError("there is no inventory yet: run `domicile scan`", path=str(where or store))
    wanted = {"unknown": ""}.get(country.lower(), country.upper())
    chosen = [
        line
        for line in read_inventory(where)
        if (not crossing or line["crosses"] is not False)
        and (not country or line["country"] == wanted)
        and (not account or line["account"] == account)
        and (not classes or any(taxonomy.matches(classes, name) for name in line["classes"]))
    ]
    with written_to(output) as stream:
        if format != "table":
            write(chosen, format, stream, fields=Line.__struct_fields__)
        elif chosen:
            rows = [screen.placed(line) for line in chosen]
            write(rows, "table", stream, columns=tuple(rows[0]))
        else:
            print_lines(["Nothing in the inventory answers this question."], stream)
