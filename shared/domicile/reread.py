"""Reads an inventory that was kept back into datasets, so that other rules, or another day, can judge what it saw."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from fnmatch import fnmatchcase
from typing import cast

from msgspec import Struct

from domicile import geography
from domicile.inventory import Line
from domicile.model import (
    ANYWHERE,
    Cell,
    ClassEvidence,
    Classification,
    Dataset,
    Gap,
    GapReason,
    GapRow,
    Limit,
    Location,
    Looks,
    Placement,
    Scope,
)


class Reread(Struct, frozen=True):
    """What a scan saw, as far as its inventory tells. `seen_at` is when; ages count from then."""

    datasets: tuple[Dataset, ...]
    classifications: dict[str, Classification]
    seen_at: datetime

    @property
    def clouds(self) -> tuple[str, ...]:
        return tuple(sorted({one.provider for one in self.datasets} - {"declared"}))


def reread(lines: Sequence[Line]) -> Reread:
    """The datasets of an inventory of at least one line."""
    by_dataset: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        by_dataset[line.dataset_id].append(line)
    return Reread(
        datasets=tuple(_dataset(name, by_dataset[name]) for name in sorted(by_dataset)),
        classifications={name: _classification(name, some[0]) for name, some in by_dataset.items()},
        seen_at=max(line.observed_at for line in lines),
    )


def looks_of(gaps: Iterable[GapRow], limits: Iterable[Limit]) -> Looks:
    """What was not seen, from the gaps that a store keeps."""
    return Looks((), tuple(_gap(row) for row in gaps), tuple(limits))


def left_out(scope: Scope, clouds: Iterable[str]) -> Iterable[Limit]:
    """What a scan does not look at by choice, wherever that could be."""
    for cloud in clouds:
        skipped = [Cell(cloud, account, ANYWHERE) for account in scope.skip_accounts]
        skipped += [
            Cell(cloud, ANYWHERE, region)
            for code in geography.COUNTRIES
            for region in geography.regions_in(cloud, code)
            if any(fnmatchcase(region, glob) for glob in scope.skip_regions)
        ]
        if scope.skip_services:
            skipped.append(Cell(cloud, ANYWHERE, ANYWHERE))
        yield from (Limit(cell, ANYWHERE, "skipped-by-config", "scope") for cell in skipped)


def _dataset(name: str, lines: Sequence[Line]) -> Dataset:
    root = next((line for line in lines if line.resource_id == name), lines[0])
    return Dataset(
        id=name,
        provider="declared" if name.startswith("declared:") else root.provider,
        account=root.account,
        name=root.resource_name if root.resource_id == name else name,
        placements=tuple(_placement(line) for line in lines),
        members=tuple(sorted({name, *(line.resource_id for line in lines if line.resource_id)})),
        feeds=root.feeds,
        root_location=Location(root.provider, root.root_region) if root.root_region else None,
        root_country=root.root_country or None,
    )


def _placement(line: Line) -> Placement:
    kind, _, rest = line.subject.partition("|")
    return Placement(
        subject=line.subject,
        kind=line.kind,
        location=Location(line.provider, line.region) if line.region else None,
        country=line.country or None,
        account=line.account,
        resource_id=line.resource_id,
        resource_type=line.resource_type,
        resource_name=line.resource_name,
        channel=line.channel,
        caused_by=line.caused_by,
        source_country=_source_country(line),
        source_id=line.source_id or (rest.split("|", 1)[0] if kind in ("set", "implied") else ""),
        partial=line.partial,
        copies=line.copies,
        oldest_at=line.oldest_at,
        newest_at=line.newest_at,
        retention_days=line.retention_days,
        cmk=line.cmk,
        key_countries=line.key_countries or None,
        end_to_end=line.end_to_end,
        held=line.held,
        declared=line.resource_id.startswith("declared:"),
        seen_in=line.look,
    )


def _source_country(line: Line) -> str | None:
    """Another country than its own where it crosses a border: which, only its source's own line tells."""
    if line.crosses is None or not line.country:
        return None
    elsewhere = line.root_country if line.root_country != line.country else ""
    return elsewhere if line.crosses else line.country


def _classification(name: str, line: Line) -> Classification:
    return Classification(
        dataset=name,
        classes=line.class_evidence,
        origins=tuple(ClassEvidence(code, "declared", "the inventory") for code in line.origins),
        facts=frozenset(line.facts),
        subjects=line.subjects,
        entity=line.entity,
        looked=line.looked,
        missed=line.missed,
        declassified=tuple(ClassEvidence(glob, "declared", "the inventory") for glob in line.declassified),
    )


def _gap(row: GapRow) -> Gap:
    cell = Cell(row.provider, row.account, row.region)
    part = row.gap.removeprefix(f"{cell}/{row.listing}").removesuffix(f"@{row.resource_id}").removeprefix("#")
    return Gap(cell, row.listing, cast("GapReason", row.reason), row.detail, row.resource_id, part)
