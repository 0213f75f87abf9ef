"""`domicile evidence`: what an auditor asks of one rule, as a folder of dated files."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from domicile import __version__, bootstrap, taxonomy
from domicile.commands.answering import signatures
from domicile.commands.options import (
    STATUSES,
    STORE,
    FileOption,
    StoreOption,
    coverage_of,
    day_of,
    inventory_of,
    opened,
    print_lines,
    read_inventory,
)
from domicile.errors import UsageError
from domicile.model import Row, Rule, ScanRow
from domicile.report import evidence as pages
from domicile.stores import Question, Store


def evidence(
    rule: Annotated[str, typer.Argument(help="Id of a rule.")],
    entity: Annotated[str, typer.Option(help="Only of this entity.")] = "",
    as_at: Annotated[
        str, typer.Option(help="As things stood on this UTC day (YYYY-MM-DD).  [default: the last scan]")
    ] = "",
    folder: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder to write.  [default: evidence-RULE-DAY]")
    ] = None,
    file: FileOption = None,
    store: StoreOption = STORE,
    inventory: Annotated[Path | None, typer.Option(help="Inventory of that scan. Default: beside the store.")] = None,
) -> None:
    """Write dated evidence on one rule: a page in Markdown, tables in CSV, and their SHA-256 fingerprints.

    The page says what was looked at and as whom, what could not be seen, where the data is, every breach with its
    history, exemptions, statements, the clause, and the versions of what judged. Nothing is looked at anew.
    """
    setup = bootstrap.setup(file)
    if rule not in setup.catalogue:
        near = difflib.get_close_matches(rule, setup.catalogue, 1)
        raise UsageError(f"there is no rule {rule[:80]!r}" + (f"; did you mean {near[0]}?" if near else ""))
    known = {one.id for one in setup.organisation.entities}
    if entity and entity not in known:
        raise UsageError(f"there is no entity {entity[:80]!r}; known are {', '.join(sorted(known)) or 'none'}")
    judged = {one.id: one for one in setup.rules}
    asked = judged.get(rule, setup.catalogue[rule])
    packs = {one.id: pack for pack in bootstrap.packs() for one in pack.rules}
    with opened(store, existing=True) as kept:
        last = day_of(as_at) if as_at else None
        scans = _scans(kept, last)
        scan = scans[0]
        day = last or scan.scan.as_of
        rows, history = _as_they_stood(kept, rule, entity, day)
        gaps = tuple(
            one
            for one in kept.gaps(ended=True)
            if one.first_seen.date() <= day and (one.ended is None or one.ended.date() > day)
        )
        newest = kept.last_scan()
    is_newest = newest is not None and newest.scan.number == scan.scan.number
    case = pages.Case(
        rule=asked,
        entity=entity,
        day=day,
        scans=scans,
        made_at=bootstrap.now(),
        version=__version__,
        file=str(setup.path or "no organisation file"),
        same_file=setup.digests["config"] == scan.scan.digests.get("config"),
        rows=rows,
        history=history,
        gaps=gaps,
        statements=tuple(
            one for one in signatures(setup, day) if one["rule"] == rule and entity in ("", one["entity"])
        ),
        exemptions=tuple(
            one for one in setup.organisation.exemptions if one.rule == rule and one.since <= day <= one.until
        ),
        places=_places(inventory or inventory_of(store), scans, asked, entity),
        coverage=_coverage(coverage_of(store)) if is_newest else None,
        disclaimer=packs[rule].disclaimer if rule in packs else "",
    )
    where = folder or Path(f"evidence-{rule}{f'-{entity}' if entity else ''}-{day}")
    written = pages.files(case)
    try:
        where.mkdir(parents=True, exist_ok=False)
        for name, text in written.items():
            (where / name).write_text(text, encoding="utf-8", newline="")
    except FileExistsError as error:
        raise UsageError(
            "is there already; evidence is never overwritten, name another --output", path=str(where)
        ) from error
    except OSError as error:
        raise UsageError(f"cannot be written: {error.strerror or error}", path=str(where)) from error
    numbers = " and ".join(str(one.scan.number) for one in scans)
    standing = sum(one.status != "resolved" for one in rows)
    print_lines(
        [
            f"{where / pages.PAGE}: {rule} as at {day}, from scan {numbers}",
            f"{standing} breaches standing, {len(gaps)} gaps, {len(written)} files; check them with sha256sum --check.",
        ],
        sys.stdout,
    )


def _scans(kept: Store, last: date | None) -> tuple[ScanRow, ...]:
    """The newest settled scan, or the newest of those until a day; with the newest of each cloud that it did not look
    into."""
    scans: list[ScanRow] = []
    covered: set[str] = set()
    for one in reversed(kept.scans()):
        if (last is None or one.scan.started_at.date() <= last) and not (scans and covered >= {*one.scan.providers}):
            scans.append(one)
            covered |= {*one.scan.providers}
    if not scans:
        raise UsageError(f"no scan was settled until {last}" if last else "no scan is settled yet: run `domicile scan`")
    return tuple(scans)


def _as_they_stood(
    kept: Store, rule: str, entity: str, day: date
) -> tuple[tuple[Row, ...], tuple[tuple[str, str, Row], ...]]:
    """Violations of a rule as they were at the end of a day, and every transition until then."""
    rows: list[Row] = []
    history: list[tuple[str, str, Row]] = []
    for now in kept.ask(Question(statuses=STATUSES, rule=rule, entity=entity)):
        until = [
            (transition, row) for transition, row in kept.history(now.violation_id) if row.last_changed.date() <= day
        ]
        if until:
            rows.append(until[-1][1])
            history.extend((now.violation_id, transition, row) for transition, row in until)
    return tuple(sorted(rows, key=lambda row: row.rank)), tuple(history)


def _places(path: Path | None, scans: Sequence[ScanRow], rule: Rule, entity: str) -> tuple[dict[str, Any], ...] | None:
    """What the scans saw of the data that the rule is about; None where their inventory is not at hand."""
    if path is None or not path.exists():
        return None
    lines = read_inventory(path)
    seen_at = {one.scan.started_at.strftime("%Y-%m-%dT%H:%M:%S") for one in scans}
    if any(str(line["observed_at"])[:19] not in seen_at for line in lines):
        return None
    return tuple(
        line
        for line in lines
        if entity in ("", line["entity"])
        and any(taxonomy.matches(pattern, name) for pattern in rule.applies.classes for name in line["classes"])
    )


def _coverage(path: Path | None) -> tuple[dict[str, Any], ...] | None:
    if path is None or not path.exists():
        return None
    return tuple(msgspec.json.decode(line) for line in bootstrap.read_text(path).splitlines())
