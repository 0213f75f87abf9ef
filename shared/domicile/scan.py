"""One scan from start to end: discover, collect, relate, classify, judge, record."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from enum import IntEnum
from typing import Any, cast

from msgspec import Struct

from domicile.classify import Owners, classify, declare, kept_tags, speaking
from domicile.collect import Progress, collect, fold
from domicile.discover import Discovery, discover
from domicile.judge import judge
from domicile.model import (
    ANYWHERE,
    GLOBAL,
    AcceptedGap,
    Account,
    Cell,
    Change,
    Classification,
    Dataset,
    Finding,
    Gap,
    GapRow,
    Inventory,
    Judgement,
    Looks,
    Organisation,
    Row,
    Rule,
    Scan,
    ScanRow,
    Transition,
    Verdict,
    Vocabulary,
)
from domicile.organisation import require_units
from domicile.providers.service import Provider
from domicile.record import record, record_gaps, wanted
from domicile.relate import relate
from domicile.stores import Question, Store


class Exit(IntEnum):
    """What a run says to the shell."""

    PROVEN = 0
    USAGE = 1
    FAILURE = 2
    VIOLATIONS = 3
    NOT_PROVEN = 4


class Weighed(Struct, frozen=True):
    """An inventory with everything that follows from it without a store. `unowned` are the accounts that hold
    resources and that nobody answers for, where rules ask somebody to."""

    inventory: Inventory
    datasets: tuple[Dataset, ...]
    classifications: dict[str, Classification]
    judgement: Judgement
    gaps: tuple[Gap, ...]
    unowned: tuple[Account, ...] = ()


class Settled(Struct, frozen=True):
    """What a scan changed, and how the rows stand after it."""

    scan: Scan
    previous: Scan | None
    changes: tuple[Change, ...]
    gaps: tuple[GapRow, ...]
    rows: tuple[Row, ...]


def survey(
    provider: Provider,
    organisation: Organisation,
    *,
    as_of: date,
    now: datetime,
    accounts: Collection[str] = (),
    regions: Collection[str] = (),
    known: Collection[Cell] = (),
    concurrency: int = 32,
    progress: Progress | None = None,
) -> Inventory:
    """Everything a cloud shows, and everything it does not. `known` is where earlier scans saw data, in this cloud or
    another, `now` the moment of the scan."""
    discovery = explore(provider, organisation, as_of=as_of, accounts=accounts, regions=regions, known=known)
    return collect(
        provider,
        discovery,
        keep_tags=kept_tags(organisation),
        now=now,
        concurrency=concurrency,
        progress=progress,
    )


def explore(
    provider: Provider,
    organisation: Organisation,
    *,
    as_of: date,
    accounts: Collection[str] = (),
    regions: Collection[str] = (),
    known: Collection[Cell] = (),
) -> Discovery:
    """What there is to be looked into. What a person has entered as gone for ever is not missed."""
    departed = [one for one in organisation.departed if one.on <= as_of]
    left_behind = {
        (cell.account, cell.region)
        for cell in known
        if cell.provider == provider.name
        and not any(one.account == cell.account and one.region in (ANYWHERE, cell.region) for one in departed)
    }
    discovery = discover(provider, scope=organisation.scope, accounts=accounts, regions=regions, known=left_behind)
    require_units(organisation, discovery.accounts)
    return discovery


def weigh(
    inventory: Inventory,
    vocabulary: Vocabulary,
    organisation: Organisation,
    rules: Sequence[Rule],
    *,
    as_of: date,
    now: datetime,
) -> Weighed:
    """Judge an inventory. Touches nothing: the same inventory gives the same verdicts."""
    related = relate(inventory, vocabulary, speaking(inventory, organisation))
    datasets = declare(related, inventory, organisation)
    classifications = classify(datasets, inventory, organisation, vocabulary, as_of=as_of)
    looks = looks_of(inventory)
    judgement = judge(datasets, classifications, rules, organisation, vocabulary, looks, as_of=as_of, now=now)
    return Weighed(
        inventory=inventory,
        datasets=datasets,
        classifications=classifications,
        judgement=judgement,
        gaps=fold(inventory.looks, inventory.gaps, inventory.resources),
        unowned=_unowned(inventory, organisation) if rules else (),
    )


def _unowned(inventory: Inventory, organisation: Organisation) -> tuple[Account, ...]:
    holders = {one.account for one in inventory.resources}
    owners = Owners(organisation)
    return tuple(one for one in inventory.accounts if one.id in holders and owners.of(one, one.id) is None)


class Reckoning(Struct, frozen=True):
    """All that one scan is going to write. `untold` are changes that an earlier delivery of this scan wrote already,
    and that nobody has been told of."""

    scan: Scan
    previous: Scan | None
    untold: tuple[Change, ...]
    fresh: tuple[Change, ...]
    gaps: tuple[GapRow, ...]
    row: ScanRow
    places: frozenset[Cell]
    rows: tuple[Row, ...]
    """How all rows stand after it, worst first."""

    @property
    def changes(self) -> tuple[Change, ...]:
        return (*self.untold, *self.fresh)


def reckon(
    store: Store, scan: Scan, weighed: Weighed, organisation: Organisation, *, clock: Callable[[], datetime]
) -> Reckoning:
    """What is to be written of a scan. Takes the head of the store and writes nothing else."""
    last = store.last_scan()
    previous = last.scan if last else None
    store.claim(scan)
    # What a scan of one cloud says is not about another.
    elsewhere, known = _parted(store.known(), scan)
    known.update(store.fetch(wanted(known, weighed.judgement)))
    now = clock()
    # A delivery that crashed after it wrote told nobody.
    untold = () if previous and previous.number == scan.number else _written_before(store, scan, now)
    fresh = record(
        known,
        weighed.judgement,
        looks_of(weighed.inventory),
        scan,
        now=now,
        previous=previous,
        accounts=weighed.inventory.accounts,
        departed=organisation.departed,
        gone=weighed.inventory.gone,
    )
    changes = (*untold, *fresh)
    gaps = record_gaps([gap for gap in store.gaps() if _covers(scan, gap.provider)], weighed.gaps, now=now)
    rows = {row.violation_id: row for row in (*elsewhere.values(), *known.values())}
    rows |= {one.row.violation_id: one.row for one in changes}
    return Reckoning(
        scan=scan,
        previous=previous,
        untold=untold,
        fresh=fresh,
        gaps=gaps,
        row=_scan_row(scan, weighed, changes, rows.values(), now),
        places=frozenset(_places(store.places(), weighed.inventory)),
        rows=tuple(sorted(rows.values(), key=lambda row: row.rank)),
    )


def settle(
    store: Store, scan: Scan, weighed: Weighed, organisation: Organisation, *, clock: Callable[[], datetime]
) -> Settled:
    """Record what a scan found. May be repeated after a crash; a scan that was superseded writes nothing."""
    reckoned = reckon(store, scan, weighed, organisation, clock=clock)
    store.apply(scan, reckoned.fresh)
    store.settle(scan, reckoned.gaps, reckoned.row, reckoned.places)
    return Settled(scan, reckoned.previous, reckoned.changes, reckoned.gaps, reckoned.rows)


def _covers(scan: Scan, provider: str) -> bool:
    return not provider or not scan.providers or provider in scan.providers


def _parted(rows: Mapping[str, Row], scan: Scan) -> tuple[dict[str, Row], dict[str, Row]]:
    """Rows of clouds that a scan did not look into, and the rest."""
    here = {name: row for name, row in rows.items() if _covers(scan, row.provider)}
    return {name: row for name, row in rows.items() if name not in here}, here


def _written_before(store: Store, scan: Scan, now: datetime) -> tuple[Change, ...]:
    """Changes that an earlier delivery of this very scan has written."""
    first = scan.started_at.astimezone(UTC).date()
    days = (first + timedelta(number) for number in range((now.astimezone(UTC).date() - first).days + 1))
    rows = (row for day in days for row in store.ask(Question(changed_on=day)) if row.changed_in_scan == scan.number)
    return tuple(
        Change(row, row.version - 1, cast("Transition", store.history(row.violation_id)[-1][0])) for row in rows
    )


def looks_of(inventory: Inventory) -> Looks:
    return Looks(inventory.looks, inventory.gaps, inventory.limits)


def breaches(weighed: Weighed) -> tuple[Finding, ...]:
    """What binds today and is not met."""
    findings = weighed.judgement.findings
    return tuple(one for one in findings if one.enforced and one.verdict is Verdict.VIOLATION)


def exit_code(
    weighed: Weighed,
    rows: Iterable[Row],
    accepted: Iterable[AcceptedGap],
    *,
    as_of: date,
    spared: Collection[str] = (),
) -> Exit:
    """3 when something is in breach; 4 when nothing is, but something could not be told; else 0. `spared` are the ids
    of breaches by which a run is not to fail."""
    verdicts = {finding.verdict for finding in weighed.judgement.findings if finding.enforced}
    if any(one.id not in spared for one in breaches(weighed)):
        return Exit.VIOLATIONS
    answered = {one.gap for one in accepted if as_of <= one.until}
    if (
        any(gap.key not in answered for gap in weighed.gaps)
        or {Verdict.UNKNOWN, Verdict.REVIEW} & verdicts
        or weighed.judgement.unclassified
        or weighed.unowned
        or not weighed.inventory.looks
        or any(row.status == "unconfirmed" for row in rows)
    ):
        return Exit.NOT_PROVEN
    return Exit.PROVEN


def _places(before: Iterable[Cell], inventory: Inventory) -> set[Cell]:
    """Where data was ever seen, but for cells that were looked at in full, with nothing left out, and hold nothing any
    more."""
    seen = {Cell(one.location.provider, one.account, one.location.region) for one in inventory.resources}
    outcomes: dict[Cell, set[str]] = defaultdict(set)
    for look in inventory.looks:
        outcomes[look.cell].add(look.outcome)

    left_out = {one.cell for one in inventory.limits if one.reason in ("skipped-by-config", "not-offered")}

    by_region = {(one.provider, one.account) for one in outcomes if one.region != GLOBAL}

    def empty(cell: Cell) -> bool:
        once, whole = (Cell(cell.provider, cell.account, region) for region in (GLOBAL, ANYWHERE))
        if (cell.provider, cell.account) in by_region:
            looked = outcomes[cell] == {"complete"} and outcomes[once] <= {"complete"}
        else:
            # An account that is asked about all its regions at once.
            looked = outcomes[once] == {"complete"}
        return looked and not left_out & {cell, once, whole}

    return seen | {cell for cell in before if not empty(cell)}


def _scan_row(scan: Scan, weighed: Weighed, changes: Sequence[Change], rows: Iterable[Row], now: datetime) -> ScanRow:
    statuses = Counter(row.status for row in rows)
    verdicts = Counter(str(finding.verdict) for finding in weighed.judgement.findings)
    counts: dict[str, Any] = {
        "accounts": len(weighed.inventory.accounts),
        "resources": len(weighed.inventory.resources),
        "datasets": len(weighed.datasets),
        "placements": sum(len(dataset.placements) for dataset in weighed.datasets),
        "looks": len(weighed.inventory.looks),
        "gaps": len(weighed.gaps),
        "unclassified": len(weighed.judgement.unclassified),
        **{f"rows-{status}": count for status, count in sorted(statuses.items())},
        **{f"findings-{verdict}": count for verdict, count in sorted(verdicts.items())},
    }
    return ScanRow(
        scan=scan,
        settled_at=now,
        counts=counts,
        transitions=dict(sorted(Counter(change.transition for change in changes).items())),
        summary="\n".join(weighed.inventory.manner),
    )
