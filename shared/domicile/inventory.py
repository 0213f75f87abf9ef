"""The inventory as lines: one per place where data is, with country, class and what puts it there."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from domicile.model import (
    ANYWHERE,
    Cell,
    ClassEvidence,
    Classification,
    Dataset,
    Inventory,
    Limit,
    Placement,
    PlacementKind,
)

ACCOUNTS_TOLD: Final = 10
"""Of how many accounts it is told one by one that the same lies outside the promise."""


class Line(Struct, frozen=True, kw_only=True):
    """One placement of one dataset; a set of copies that rotate is one line. The same names in every format."""

    provider: str
    account: str
    region: str
    country: str
    kind: PlacementKind
    channel: str
    caused_by: str
    resource_type: str
    resource_id: str
    resource_name: str
    copies: int
    oldest_at: datetime | None
    newest_at: datetime | None
    retention_days: int | None
    cmk: bool | None
    key_countries: tuple[str, ...]
    classes: tuple[str, ...]
    class_evidence: tuple[ClassEvidence, ...]
    origins: tuple[str, ...]
    entity: str
    dataset_id: str
    root_region: str
    root_country: str
    crosses: bool | None
    """Whether it lies in another country than its root or its source; None when that cannot be told."""
    held: bool
    subject: str
    observed_at: datetime
    look: tuple[str, ...]
    partial: bool
    end_to_end: bool
    declassified: tuple[str, ...]
    facts: tuple[str, ...]
    subjects: int | None
    looked: bool
    """Whether every source of classes was looked at."""
    feeds: tuple[str, ...]
    source_id: str = ""
    """What it is a copy of."""
    missed: tuple[str, ...] = ()
    """Why not every source of classes was looked at."""


class CoverageLine(Struct, frozen=True, kw_only=True):
    """One thing that was looked at, was not shown, or is not looked at: what an inventory leaves out."""

    provider: str
    account: str
    region: str
    listing: str
    outcome: Literal["complete", "partial", "refused", "gap", "limit"]
    reason: str = ""
    detail: str = ""
    resource_id: str = ""
    part: str = ""


def coverage(inventory: Inventory) -> Iterator[CoverageLine]:
    """Every look with its outcome, every gap, and every limit of a scan; what many accounts have in common once."""
    for look in inventory.looks:
        yield _covered(look.cell, look.listing, look.outcome)
    for gap in (*inventory.gaps, *(gap for look in inventory.looks for gap in look.gaps)):
        yield _covered(gap.cell, gap.listing, "gap", gap.reason, gap.detail, gap.resource_id, gap.part)
    for limit in fold_limits(inventory):
        yield _covered(limit.cell, limit.listing, "limit", limit.reason, limit.detail)


def fold_limits(inventory: Inventory) -> tuple[Limit, ...]:
    """Limits as people want to read them: what many accounts have in common is one limit that counts them. Which they
    are follows from the rest: all that have neither a look nor a gap there."""
    accounts = Counter(account.provider for account in inventory.accounts)
    groups: dict[Limit, list[Limit]] = defaultdict(list)
    for limit in inventory.limits:
        groups[replace(limit, cell=replace(limit.cell, account=ANYWHERE))].append(limit)
    folded: list[Limit] = []
    for larger, limits in groups.items():
        if len(limits) <= ACCOUNTS_TOLD:
            folded += limits
        else:
            told = f"in {len(limits)} of {accounts[larger.cell.provider]} accounts"
            folded.append(replace(larger, detail=f"{told}: {larger.detail}" if larger.detail else told))
    return tuple(sorted(folded))


def _covered(
    cell: Cell,
    listing: str,
    outcome: Literal["complete", "partial", "refused", "gap", "limit"],
    reason: str = "",
    detail: str = "",
    resource_id: str = "",
    part: str = "",
) -> CoverageLine:
    return CoverageLine(
        provider=cell.provider,
        account=cell.account,
        region=cell.region,
        listing=listing,
        outcome=outcome,
        reason=reason,
        detail=detail,
        resource_id=resource_id,
        part=part,
    )


def crosses(place: Placement, dataset: Dataset) -> bool | None:
    """Whether a placement lies in another country than the root of its dataset, or than what it is copied from: a
    shared holder is a root of its own, and takes from across a border all the same."""
    if place.country is None or dataset.root_country is None:
        return None
    if place.country != dataset.root_country:
        return True
    if not place.source_id:
        return False
    return None if place.source_country is None else place.source_country != place.country


def lines(
    datasets: Iterable[Dataset], classifications: Mapping[str, Classification], observed_at: datetime
) -> Iterator[Line]:
    """Every placement, dataset by dataset."""
    for dataset in datasets:
        one = classifications[dataset.id]
        for place in dataset.placements:
            yield Line(
                provider=place.location.provider if place.location else dataset.provider,
                account=place.account,
                region=place.location.region if place.location else "",
                country=place.country or "",
                kind=place.kind,
                channel=place.channel,
                caused_by=place.caused_by,
                resource_type=place.resource_type,
                resource_id=place.resource_id,
                resource_name=place.resource_name,
                copies=place.copies,
                oldest_at=place.oldest_at,
                newest_at=place.newest_at,
                retention_days=place.retention_days,
                cmk=place.cmk,
                key_countries=place.key_countries or (),
                classes=tuple(sorted({evidence.name for evidence in one.classes})),
                class_evidence=one.classes,
                origins=tuple(sorted({evidence.name for evidence in one.origins})),
                entity=one.entity,
                dataset_id=dataset.id,
                root_region=dataset.root_location.region if dataset.root_location else "",
                root_country=dataset.root_country or "",
                crosses=crosses(place, dataset),
                held=place.held,
                subject=place.subject,
                observed_at=observed_at,
                look=place.seen_in,
                partial=place.partial,
                end_to_end=place.end_to_end,
                declassified=tuple(sorted({evidence.name for evidence in one.declassified})),
                facts=tuple(sorted(one.facts)),
                subjects=one.subjects,
                looked=one.looked,
                feeds=dataset.feeds,
                source_id=place.source_id,
                missed=one.missed,
            )
