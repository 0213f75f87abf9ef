"""Asks every listing in every cell, turns what is refused into gaps, and keeps what was shown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from domicile.discover import Discovery, gap_of
from domicile.errors import DomicileError
from domicile.model import (
    ANYWHERE,
    GLOBAL,
    Cell,
    Copy,
    Gap,
    Inventory,
    Key,
    Limit,
    Location,
    Look,
    Resource,
    Sighting,
    Tagged,
    part_of,
)
from domicile.providers.service import Listing, NotOffered, Part, Provider, Refused, Service, Vanished

Progress = Callable[[int, int], None]
"""Told how many questions are answered, and how many are known of so far."""

RESOURCES_TOLD: Final = 50
"""Of how many resources it is told one by one that a question about them was refused."""

T = TypeVar("T")


class Ask(Struct, frozen=True):
    """One listing to be asked in one cell."""

    service: Service
    listing: Listing
    cell: Cell

    @property
    def name(self) -> str:
        return name_of(self.service, self.listing)

    @property
    def key(self) -> str:
        return Look(self.cell, self.name).key

    def gap(self, error: Exception, resource_id: str = "", part: str = "") -> Gap:
        return gap_of(error, self.cell, self.name, resource_id, part)


class Found(Struct, frozen=True):
    """What a listing showed before it ended, or was cut short by a gap."""

    ask: Ask
    items: Sequence[Any]
    gap: Gap | None = None
    offered: bool = True


class Seen(Struct, frozen=True):
    """What one item of a listing turned out to be. An unread item says nothing, not even that it is gone."""

    ask: Ask
    sightings: tuple[Sighting, ...] = ()
    gaps: tuple[Gap, ...] = ()
    read: bool = True


class Sought(Struct, frozen=True, order=True):
    """The holder of a copy that was named without a region, and an account that names it."""

    target: str
    account: str


def name_of(service: Service, listing: Listing) -> str:
    return f"{service.name}.{listing.name}"


def asks_of(provider: Provider, discovery: Discovery) -> tuple[Ask, ...]:
    """Every listing in every cell, in an order that depends on nothing else."""
    administering = {account.id for account in discovery.accounts if account.administers}
    return tuple(
        Ask(service, listing, cell)
        for service in provider.services
        for listing in service.listings
        if name_of(service, listing) not in discovery.skipped_listings
        for cell in discovery.cells
        if (cell.region == GLOBAL) == (service.scope != "regional")
        and (service.scope != "organisation" or cell.account in administering)
    )


def collect(
    provider: Provider,
    discovery: Discovery,
    *,
    keep_tags: frozenset[str],
    now: datetime,
    concurrency: int = 32,
    progress: Progress | None = None,
) -> Inventory:
    """Everything one cloud shows, its evidence dated `now`. The outcome does not depend on `concurrency`."""
    asks = asks_of(provider, discovery)
    answered, known = 0, len(asks)

    def tell(answer: T) -> T:
        nonlocal answered
        answered += 1
        if progress:
            progress(answered, known)
        return answer

    with ThreadPoolExecutor(concurrency) as pool:
        found = [tell(answer) for answer in find_all(provider, asks, discovery.known, pool)]
        items = [(listing.ask, item) for listing in found for item in listing.items]
        known += len(items)
        seen = [tell(answer) for answer in see_all(provider, items, keep_tags, now, pool)]
        part = shown(seen)
        located = located_at(pool.map(lambda one: locate(provider, one), sought(part)))
    return gather(discovery, [listed(found), part, located])


def find_all(
    provider: Provider, asks: Iterable[Ask], known: frozenset[tuple[str, str]], pool: ThreadPoolExecutor
) -> Iterator[Found]:
    """What listings show; the same list call in the same cell is made once."""
    same: dict[tuple[Cell, str, int], list[Ask]] = defaultdict(list)
    for ask in asks:
        same[ask.cell, ask.service.client, id(ask.listing.find)].append(ask)
    for found, alike in zip(
        pool.map(lambda one: find(provider, one[0], known), same.values()), same.values(), strict=True
    ):
        for ask in alike:
            yield replace(found, ask=ask, gap=replace(found.gap, listing=ask.name) if found.gap else None)


def see_all(
    provider: Provider,
    items: Iterable[tuple[Ask, Any]],
    keep_tags: frozenset[str],
    now: datetime,
    pool: ThreadPoolExecutor,
) -> Iterator[Seen]:
    """What items turn out to be, in their order. Only where something is to be asked does another thread pay."""
    begun = [
        (ask, item, pool.submit(see, provider, ask, item, keep_tags, now) if ask.listing.parts else None)
        for ask, item in items
    ]
    for ask, item, answer in begun:
        yield answer.result() if answer else see(provider, ask, item, keep_tags, now)


def find(provider: Provider, ask: Ask, known: frozenset[tuple[str, str]]) -> Found:
    """What a listing shows; what it refuses is a gap."""
    items: list[Any] = []
    cloud = None
    try:
        cloud = provider.cloud(ask.service, ask.cell)
        # One by one: a page that fails does not hide the pages before it.
        for item in ask.listing.find(cloud):
            items.append(item)  # noqa: PERF402
    except NotOffered as error:
        # Where there was data, a service that cannot be reached is out of order rather than not there. What is known
        # not to be there beforehand is not reached for.
        if items or (cloud and (ask.cell.account, ask.cell.region) in known):
            return Found(ask, items, ask.gap(error))
        return Found(ask, [], offered=False)
    except DomicileError:
        raise
    except Exception as error:  # noqa: BLE001 one bad page, or one bug, never hides the rest
        return Found(ask, items, ask.gap(error))
    return Found(ask, items)


def see(provider: Provider, ask: Ask, item: Any, keep_tags: frozenset[str], now: datetime) -> Seen:
    """What one item of a listing is, with the questions about it that its listing does not answer."""
    name = ""
    gaps: list[Gap] = []
    answers: dict[str, dict[str, Any] | None] = {}
    try:
        name = ask.listing.identify(item, ask.cell)
        cloud = provider.cloud(ask.service, ask.cell)
        for part in ask.listing.parts:
            try:
                asked = is_wanted(part, keep_tags) and (part.applies is None or part.applies(item))
                answers[part.name] = part.ask(cloud, item) if asked else None
            except DomicileError:
                raise
            except Exception as error:  # noqa: BLE001 one question refused, or one bug, leaves the others
                if isinstance(error, Refused) and error.code in part.absent:
                    answers[part.name] = None
                elif isinstance(error, Vanished):
                    return Seen(ask)
                else:
                    gaps.append(ask.gap(error, name, part.name))
        sightings = tuple(
            kept
            for sighting in ask.listing.read(item, answers, ask.cell)
            for kept in _kept(sighting, ask.key, name, keep_tags, now)
        )
        # Half a character in a name cannot be kept by any store: better a gap here than no scan at all.
        msgspec.json.encode(sightings)
    except DomicileError:
        raise
    except Exception as error:  # noqa: BLE001 one bad record, or one bug, never hides the rest
        return Seen(ask, gaps=(*gaps, ask.gap(error, name)), read=False)
    return Seen(ask, sightings, tuple(gaps))


def sought(seen: Inventory) -> tuple[Sought, ...]:
    """Holders named without a region that are none of the resources seen."""
    scanned = {one.id for one in seen.resources}
    named: dict[str, str] = {}
    for one in seen.copies:
        if one.id and one.location is None and one.id not in scanned:
            account = account_of_look(one.look)
            named[one.id] = min(account, named.get(one.id, account))
    return tuple(Sought(*one) for one in sorted(named.items()))


def locate(provider: Provider, one: Sought) -> tuple[str, Location | None] | Gap | None:
    """Where a holder lies, and no place when there is none of that name; None when nobody can tell."""
    cell = Cell(provider.name, one.account, GLOBAL)
    for service in provider.services:
        if not service.locate:
            continue
        try:
            location = service.locate(provider.cloud(service, cell), one.target)
        except Refused as refusal:
            if refusal.code in service.gone:
                return one.target, None
            continue
        except NotOffered:
            continue
        except DomicileError:
            raise
        except Exception as error:  # noqa: BLE001 one bad target, or one bug, never hides the rest
            return gap_of(error, cell, f"{service.name}.locate", one.target)
        if location:
            return one.target, location
    return None


# What was collected in one stretch is an inventory too, of a part.


def listed(found: Iterable[Found]) -> Inventory:
    """Listings as looks, each closed: nothing of it is still to be asked."""
    looks, limits = [], []
    for one in found:
        if one.offered:
            looks.append(Look(one.ask.cell, one.ask.name, one.gap is None, (one.gap,) if one.gap else ()))
        else:
            limits.append(Limit(one.ask.cell, one.ask.name, "not-offered"))
    return Inventory(looks=tuple(looks), limits=tuple(limits))


def shown(seen: Iterable[Seen]) -> Inventory:
    """What the items of listings turned out to be; a look says what was refused of it, and is not closed by that."""
    seen = tuple(seen)
    gaps: dict[tuple[Cell, str], list[Gap]] = defaultdict(list)
    unread = set()
    for one in seen:
        if one.gaps:
            gaps[one.ask.cell, one.ask.name].extend(one.gaps)
        if not one.read:
            unread.add((one.ask.cell, one.ask.name))
    sightings = [sighting for one in seen for sighting in one.sightings]
    return Inventory(
        resources=tuple(one for one in sightings if isinstance(one, Resource)),
        copies=tuple(one for one in sightings if isinstance(one, Copy)),
        tags=tuple(one for one in sightings if isinstance(one, Tagged)),
        keys=tuple(one for one in sightings if isinstance(one, Key)),
        looks=tuple(Look(*key, key not in unread, tuple(refused)) for key, refused in gaps.items()),
    )


def located_at(answers: Iterable[tuple[str, Location | None] | Gap | None]) -> Inventory:
    """Where holders lie that were named without a region, and which of them there are not."""
    answers = tuple(answers)
    told = dict(one for one in answers if isinstance(one, tuple))
    return Inventory(
        gaps=tuple(one for one in answers if isinstance(one, Gap)),
        located={target: place for target, place in told.items() if place},
        gone=frozenset(target for target, place in told.items() if not place),
    )


def gather(discovery: Discovery, parts: Iterable[Inventory]) -> Inventory:
    """One inventory of its parts, in any order: each fact once, each look with all that was refused of it."""
    parts = tuple(parts)
    looks: dict[str, Look] = {}
    for part in parts:
        for look in part.looks:
            before = looks.get(look.key)
            looks[look.key] = (
                replace(look, gaps=tuple(sorted(set(look.gaps))))
                if before is None
                else Look(
                    look.cell,
                    look.listing,
                    before.listed and look.listed,
                    tuple(sorted({*before.gaps, *look.gaps})),
                )
            )
    return Inventory(
        accounts=discovery.accounts,
        resources=_ordered(one for part in parts for one in part.resources),
        copies=_ordered(one for part in parts for one in part.copies),
        tags=_ordered(one for part in parts for one in part.tags),
        keys=_ordered(one for part in parts for one in part.keys),
        looks=tuple(look for _, look in sorted(looks.items())),
        gaps=tuple(sorted({*discovery.gaps, *(gap for part in parts for gap in part.gaps)})),
        limits=tuple(sorted({*discovery.limits, *(limit for part in parts for limit in part.limits)})),
        located={target: place for part in parts for target, place in part.located.items()},
        gone=frozenset(target for part in parts for target in part.gone),
        manner=(discovery.manner,) if discovery.manner else (),
    )


def account_of_look(look: str) -> str:
    """The account of a look's key, `aws/111122223333/ap-south-1/s3.buckets`."""
    return look.split("/", 2)[1]


def together(seen: Iterable[Inventory]) -> Inventory:
    """One inventory of several clouds, which have nothing in common."""
    seen = tuple(seen)
    if len(seen) == 1:
        return seen[0]
    return Inventory(
        accounts=tuple(one for cloud in seen for one in cloud.accounts),
        resources=tuple(one for cloud in seen for one in cloud.resources),
        copies=tuple(one for cloud in seen for one in cloud.copies),
        tags=tuple(one for cloud in seen for one in cloud.tags),
        keys=tuple(one for cloud in seen for one in cloud.keys),
        looks=tuple(one for cloud in seen for one in cloud.looks),
        gaps=tuple(one for cloud in seen for one in cloud.gaps),
        limits=tuple(one for cloud in seen for one in cloud.limits),
        located={target: place for cloud in seen for target, place in cloud.located.items()},
        gone=frozenset(target for cloud in seen for target in cloud.gone),
        manner=tuple(one for cloud in seen for one in cloud.manner),
    )


def is_wanted(part: Part, keep_tags: frozenset[str]) -> bool:
    """Whether anybody uses what a question is for. Most are for where data is, which everybody wants to know."""
    return not part.for_tags or any(key.lower() in part.for_tags for key in keep_tags)


def _kept(sighting: Sighting, look: str, name: str, keep_tags: frozenset[str], now: datetime) -> Iterable[Sighting]:
    """The sighting with the look it came from and its moment, and only those tags that somebody uses."""
    if isinstance(sighting, Copy):
        look = part_of(look, sighting.part, name) if sighting.part else look
        evidence = replace(sighting.evidence, observed_at=now) if sighting.evidence else None
        yield replace(sighting, look=look, evidence=evidence)
        return
    if isinstance(sighting, Key):
        yield replace(sighting, look=look)
        return
    tags = {key: value for key, value in sighting.tags.items() if key in keep_tags}
    if isinstance(sighting, Resource):
        if sighting.location.provider == "azure":
            tags = _spelled(sighting.tags, keep_tags)
        created_at, newest_at = _utc(sighting.created_at), _utc(sighting.newest_at)
        yield replace(sighting, tags=tags, look=look, created_at=created_at, newest_at=newest_at)
    elif tags or sighting.cmk is not None or sighting.key:
        yield replace(sighting, tags=tags, look=look)


def _spelled(tags: Mapping[str, str], keep_tags: frozenset[str]) -> dict[str, str]:
    """Azure's keys of tags are one key however they are spelled, so they are taken as the organisation file does."""
    by_key = {key.lower(): value for key, value in tags.items()}
    return {key: by_key[key.lower()] for key in keep_tags if key.lower() in by_key}


def _utc(moment: datetime | None) -> datetime | None:
    """SDKs give moments in the zone of the machine they run on; what is kept must not depend on it."""
    return moment.astimezone(UTC) if moment else None


S = TypeVar("S", Resource, Copy, Tagged, Key)


def _ordered(sightings: Iterable[S]) -> tuple[S, ...]:
    """Sorted, and each once: pages shift while they are read, and a listing may show an item twice."""

    def key(sighting: Sighting) -> tuple[str, ...]:
        if isinstance(sighting, Copy):
            return (
                sighting.of,
                sighting.channel,
                sighting.id,
                repr(sighting.location),
                sighting.caused_by,
                sighting.look,
                sighting.key,
                str(sighting.partial),
            )
        return sighting.id, sighting.look

    return tuple(one for _, one in sorted({key(one): one for one in sightings}.items()))


def fold(looks: Iterable[Look], gaps: Iterable[Gap], resources: Iterable[Resource] = ()) -> tuple[Gap, ...]:
    """Gaps as people want to read them: each folded into the largest unit of which it is wholly true.

    One question refused for every resource of a listing is one gap; so are all listings of a cell, all cells of an
    account, and one listing in all cells of an account. What is folded has one reason throughout. A question refused
    for very many resources, though not for all, is one gap that counts them. Only for people: what a look proves is
    asked of the gaps as they were.
    """
    looks = tuple(looks)
    unfolded = [*gaps, *(gap for look in looks for gap in look.gaps)]
    of_look: dict[str, set[str]] = defaultdict(set)
    shown_by: dict[str, str] = {}
    for resource in resources:
        of_look[resource.look].add(resource.id)
        shown_by.setdefault(resource.id, resource.look)

    def all_of(gap: Gap) -> set[str]:
        """The resources of a listing; of one that only tells more of what another shows, those of the other."""
        return of_look.get(Look(gap.cell, gap.listing).key) or of_look[shown_by.get(gap.resource_id, "")]

    listings: dict[Cell, set[str]] = defaultdict(set)
    for look in looks:
        listings[look.cell].add(look.listing)
    cells: dict[tuple[str, str], set[Cell]] = defaultdict(set)
    for cell in (*listings, *(gap.cell for gap in unfolded)):
        if cell.region != ANYWHERE:
            cells[cell.provider, cell.account].add(cell)

    unfolded = _folded(
        unfolded,
        of_one=lambda gap: replace(gap, resource_id=ANYWHERE, detail="") if gap.part and gap.resource_id else None,
        seen=lambda gap: gap.resource_id,
        whole=all_of,
    )
    of_account: dict[tuple[str, str], set[tuple[Cell, str]]] = defaultdict(set)
    for look in looks:
        of_account[look.cell.provider, look.cell.account].add((look.cell, look.listing))
    unfolded = _folded(
        unfolded,
        of_one=lambda gap: (
            replace(gap, cell=replace(gap.cell, region=ANYWHERE), listing=ANYWHERE, detail="")
            if not (gap.resource_id or gap.part)
            else None
        ),
        seen=lambda gap: (gap.cell, gap.listing),
        whole=lambda gap: of_account[gap.cell.provider, gap.cell.account],
    )
    unfolded = _folded(
        unfolded,
        of_one=lambda gap: replace(gap, listing=ANYWHERE, detail="") if not (gap.resource_id or gap.part) else None,
        seen=lambda gap: gap.listing,
        whole=lambda gap: listings[gap.cell],
    )
    unfolded = _folded(
        unfolded,
        of_one=lambda gap: (
            replace(gap, cell=replace(gap.cell, region=ANYWHERE), detail="")
            if gap.cell.region != ANYWHERE and gap.resource_id in {"", ANYWHERE}
            else None
        ),
        seen=lambda gap: gap.cell,
        whole=lambda gap: {
            cell
            for cell in cells[gap.cell.provider, gap.cell.account]
            if gap.listing == ANYWHERE or gap.listing in listings[cell]
        },
    )
    return tuple(sorted(_counted(unfolded, all_of)))


def _counted(gaps: Iterable[Gap], all_of: Callable[[Gap], set[str]]) -> Iterator[Gap]:
    """Gaps of very many single resources, replaced by one that says how many of how many."""
    groups: dict[Gap, list[Gap]] = defaultdict(list)
    for gap in gaps:
        single = gap.resource_id not in {"", ANYWHERE}
        groups[replace(gap, resource_id=ANYWHERE, detail="") if single else gap].append(gap)
    for larger, parts in groups.items():
        if len(parts) <= RESOURCES_TOLD:
            yield from parts
            continue
        refused = {gap.resource_id for gap in parts}
        everything = refused | all_of(parts[0])
        yield replace(larger, detail=f"{len(refused)} of {len(everything)}: {min(gap.detail for gap in parts)}")


def _folded(
    gaps: Iterable[Gap],
    *,
    of_one: Callable[[Gap], Gap | None],
    seen: Callable[[Gap], Any],
    whole: Callable[[Gap], set[Any]],
) -> list[Gap]:
    """Gaps of which every one of a whole is there, replaced by one gap about the whole."""
    groups: dict[Gap, list[Gap]] = defaultdict(list)
    kept = []
    for gap in gaps:
        larger = of_one(gap)
        if larger is None:
            kept.append(gap)
        else:
            groups[larger].append(gap)
    for larger, parts in groups.items():
        everything = whole(parts[0])
        if len(everything) > 1 and everything <= {seen(gap) for gap in parts}:
            kept.append(replace(larger, detail=min(gap.detail for gap in parts)))
        else:
            kept.extend(parts)
    return kept
