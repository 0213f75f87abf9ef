"""`domicile datasets`: one line a dataset, with what it holds, where it is, and its worst verdict."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from domicile import taxonomy
from domicile.commands.options import (
    STORE,
    FileOption,
    FormatOption,
    OutputOption,
    StoreOption,
    inventory_of,
    print_lines,
    written_to,
)
from domicile.commands.seeing import Seen, last_seen
from domicile.errors import UsageError
from domicile.inventory import crosses
from domicile.model import Dataset, Verdict
from domicile.report.formats import write
from domicile.telling import tail

FIELDS: Final = (
    *("dataset_id", "name", "provider", "account", "entity", "classes", "origins"),
    *("root_country", "root_region", "countries", "places", "copies", "crosses", "verdict", "rule"),
)
COLUMNS: Final = ("name", "account", "entity", "classes", "root", "countries", "places", "copies", "verdict", "rule")
WORST: Final = (
    *(Verdict.VIOLATION, Verdict.UPCOMING, Verdict.UNKNOWN, Verdict.REVIEW, Verdict.ADVISORY, Verdict.EXEMPT),
    *(Verdict.PASS, Verdict.NOT_APPLICABLE),
)
"""Across rules: what binds today comes before what will, and a draft tells less than a question left open."""


def datasets(
    file: FileOption = None,
    store: StoreOption = STORE,
    inventory: Annotated[Path | None, typer.Option(help="Inventory of a scan. Default: that beside the store.")] = None,
    country: Annotated[str, typer.Option(help="With a place in this country (ISO code; `unknown` for none).")] = "",
    classes: Annotated[str, typer.Option("--class", help="Of this class (a glob).")] = "",
    crossing: Annotated[
        bool, typer.Option("--crossing", help="With a place in another country than its root, or nobody knows where.")
    ] = False,
    account: Annotated[str, typer.Option(help="With a place in this account.")] = "",
    entity: Annotated[str, typer.Option(help="That this entity answers for.")] = "",
    format: FormatOption = "table",  # noqa: A002
    output: OutputOption = None,
) -> None:
    """List every dataset of the last scan: what it holds, in which countries, and its worst verdict.

    Worst first, under the rules that the organisation file adopts, as of today. Rules on trial do not count.
    """
    seen = last_seen(file, store, inventory)
    if seen is None:
        where = inventory or inventory_of(store)
        raise UsageError("there is no inventory yet: run `domicile scan`", path=str(where or store))
    rows = [
        row
        for row in _rows(seen)
        if (not country or {"unknown": ""}.get(country.lower(), country.upper()) in row["countries"])
        and (not classes or any(taxonomy.matches(classes, name) for name in row["classes"]))
        and (not crossing or row["crosses"] is not False)
        and (not account or account in row["accounts"])
        and (not entity or entity == row["entity"])
    ]
    with written_to(output) as stream:
        if format != "table":
            write([{name: row[name] for name in FIELDS} for row in rows], format, stream, fields=FIELDS)
        elif rows:
            write([_told(row) for row in rows], "table", stream, columns=COLUMNS)
        else:
            print_lines(["No dataset answers this question."], stream)


def _rows(seen: Seen) -> list[dict[str, Any]]:
    binding = [rule for rule in seen.setup.rules if not rule.trial]
    judgement = seen.judged(seen.setup.rules, [rule.id for rule in binding])
    found: dict[str, tuple[Verdict, str]] = {}
    for rule in binding:
        for name, verdict in judgement.worst.get(rule.id, {}).items():
            here = (verdict, rule.id)
            found[name] = min(found.get(name, here), here, key=lambda one: WORST.index(one[0]))
    rows = [_row(one, seen, found) for one in seen.kept.datasets]
    return sorted(rows, key=lambda row: (WORST.index(row["worst"]), row["account"], row["dataset_id"]))


def _row(dataset: Dataset, seen: Seen, found: Mapping[str, tuple[Verdict, str]]) -> dict[str, Any]:
    said = seen.kept.classifications[dataset.id]
    worst, rule = found.get(dataset.id, (Verdict.NOT_APPLICABLE, ""))
    over = {crosses(one, dataset) for one in dataset.placements}
    return {
        "dataset_id": dataset.id,
        "name": dataset.name if dataset.name != dataset.id else tail(dataset.id),
        "provider": dataset.provider,
        "account": dataset.account,
        "accounts": {one.account for one in dataset.placements},
        "entity": said.entity,
        "classes": sorted({one.name for one in said.classes}),
        "origins": sorted({one.name for one in said.origins}),
        "root_country": dataset.root_country or "",
        "root_region": dataset.root_location.region if dataset.root_location else "",
        "countries": sorted({one.country or "" for one in dataset.placements}),
        "places": len(dataset.placements),
        "copies": sum(one.copies for one in dataset.placements if one.channel),
        "crosses": True if True in over else None if None in over else False,
        "worst": worst,
        "verdict": str(worst) if seen.setup.rules else "",
        "rule": rule if worst not in (Verdict.PASS, Verdict.NOT_APPLICABLE) else "",
    }


def _told(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **{name: row[name] for name in ("name", "account", "entity", "places", "copies", "rule")},
        "classes": ", ".join(row["classes"]) or "not classified",
        "root": row["root_country"] or "unknown",
        "countries": ", ".join(one or "unknown" for one in row["countries"]),
        "verdict": row["verdict"] or "not judged",
    }
