"""`domicile plan`: what a scan would do, how long it would take and what it would cost, before it is made."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from math import ceil
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import typer
from msgspec import Struct
from msgspec.structs import replace

from domicile import bootstrap
from domicile.collect import Ask, asks_of
from domicile.commands.options import (
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
    accounts_in,
    clouds_of,
    inventory_of,
    opened,
    print_lines,
    read_inventory,
    sqlite_path,
    written_to,
)
from domicile.discover import Discovery
from domicile.inventory import fold_limits
from domicile.model import GLOBAL, Gap, Inventory, Limit
from domicile.providers.service import NotOffered, Provider
from domicile.report.formats import write, write_document
from domicile.scan import explore

SECONDS_OF_A_CALL: Final = 0.25
"""By the clock: most regions are far away."""
MANAGER: Final = "Resource Manager"
RATES: Final[Mapping[str, float]] = {"ec2": 20, "kinesis": 20, MANAGER: 25}
"""Questions a second that a service says it answers, in each account and region; of others nothing is published."""
BILLED: Final[Mapping[str, float]] = {"cloudwatch.list_metrics": 0.01 / 1000, "cloudwatch.get_metric_data": 0.01 / 1000}
"""US dollars for a call, at list prices of September 2026, of what is paid for whether or not anything is there."""
LISTED: Final = ("account", "name", "regions", "looks", "calls")
FURTHER: Final = ("listing", "questions", "listed", "calls")
MOST: Final = 40

_LOOK: Final = re.compile(r"(?P<cloud>[a-z]+)/(?P<account>[^/]+)/(?P<region>[^/]+)/(?P<listing>[\w-]+\.[\w-]+)")


def plan(
    file: FileOption = None,
    store: StoreOption = STORE,
    role: RoleOption = "",
    external_id: ExternalIdOption = "",
    cloud: CloudOption = None,
    management_group: ManagementGroupOption = "",
    azure_cloud: AzureCloudOption = "public",
    azure_endpoint: AzureEndpointOption = "",
    account: Annotated[list[str] | None, typer.Option(help="Only this account (repeatable).")] = None,
    region: Annotated[list[str] | None, typer.Option(help="Only this region (repeatable).")] = None,
    inventory: Annotated[
        Path | None, typer.Option(help="Estimate by what this inventory holds. Default: beside a SQLite store.")
    ] = None,
    concurrency: ConcurrencyOption = 32,
    format: Annotated[Literal["table", "json"], typer.Option(help="How to write it.")] = "table",  # noqa: A002
    output: OutputOption = None,
) -> None:
    """Say what a scan would do: accounts, regions, calls, minutes, cost, and what is left out by choice.

    Only accounts and regions are asked for, and nothing is recorded. For example `domicile plan --role domicile-look`
    in the management account, before the first `domicile scan --role domicile-look`.
    """
    setup = bootstrap.setup(file)
    clouds = clouds_of(cloud)
    reach = Reach(
        role=role,
        external_id=external_id,
        management_group=management_group,
        azure_cloud=azure_cloud,
        azure_endpoint=azure_endpoint,
    )
    before = _before(inventory, store)
    with ExitStack() as stack:
        path = sqlite_path(store)
        known = frozenset() if path and not path.exists() else stack.enter_context(opened(store)).places()
        providers = [stack.enter_context(reach.open(one, setup.organisation)) for one in clouds]
        forecasts = []
        for provider in providers:
            mine = accounts_in(provider, account)
            if account and not mine and len(providers) > 1:
                continue
            discovery = explore(
                provider,
                setup.organisation,
                as_of=bootstrap.day_of(bootstrap.now(), setup.organisation),
                accounts=mine or account or (),
                regions=region or (),
                known=known,
            )
            forecasts.append(foresee(provider, discovery, before, concurrency))
    with written_to(output) as stream:
        if format == "json":
            write_document({"clouds": [_document(one) for one in forecasts]}, stream)
            return
        for number, one in enumerate(forecasts):
            print_lines([""] * bool(number) + list(_head(one, concurrency)), stream)
            print_lines([""], stream)
            write(one.accounts[:MOST], "table", stream, columns=LISTED)
            if len(one.accounts) > MOST:
                print_lines([f"… and {len(one.accounts) - MOST} more: --format json"], stream)
            if further := [row for row in one.listings if row["calls"] or (row["questions"] and one.further is None)]:
                print_lines(["", "Asked of each thing that is listed, beside its listing:"], stream)
                write(further, "table", stream, columns=FURTHER)
            print_lines(list(_left_out(one)), stream)


class Forecast(Struct, frozen=True, kw_only=True):
    """What a scan of one cloud would do. `further` are the questions about what listings show, as far as an earlier
    inventory tells; None without one."""

    discovery: Discovery
    regions: tuple[str, ...]
    accounts: Sequence[Mapping[str, Any]]
    listings: Sequence[Mapping[str, Any]]
    sweeps: int
    least: int
    further: int | None
    seconds: float
    slowest: str
    billed: Mapping[str, int]

    @property
    def dollars(self) -> float:
        return sum(BILLED[operation] * times for operation, times in self.billed.items())


class Asked(Struct, frozen=True):
    """A call that a listing makes before anything is shown. `once`: where it is asked when it is asked for all listings
    of an account together."""

    operation: str
    once: str = ""


class Nothing:
    """A cloud that shows nothing, and keeps what it was asked for."""

    def __init__(self, client: str) -> None:
        self._client = client
        self.asked: list[Asked] = []

    def pages(self, operation: str, **parameters: Any) -> Iterator[dict[str, Any]]:
        # With a type, it is answered by what was swept of all accounts at once.
        if "type" not in parameters:
            self._note(operation, parameters)
        return iter(())

    def call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        self._note(operation, parameters)
        return {}

    def header(self, operation: str, name: str, **parameters: Any) -> str:  # noqa: ARG002 the seam names it
        self._note(operation, parameters)
        return ""

    def _note(self, operation: str, parameters: Mapping[str, Any]) -> None:
        named = operation if "." in operation or "/" in operation else f"{self._client}.{operation}"
        self.asked.append(Asked(named, parameters["path"] if "keep" in parameters else ""))


def least_of(ask: Ask) -> tuple[Asked, ...]:
    """The calls that a listing makes wherever it is asked, even where there is nothing."""
    cloud = Nothing(ask.service.client)
    try:
        for _ in ask.listing.find(cloud):
            break
    except Exception:  # noqa: BLE001, S110 an answer that says nothing is not one that the cloud would give
        pass
    return tuple(cloud.asked)


def foresee(
    provider: Provider, discovery: Discovery, before: Sequence[Mapping[str, Any]] | None, concurrency: int
) -> Forecast:
    """What a scan of these cells would do."""
    offered = _offered(provider, discovery)
    calls: dict[int, tuple[Asked, ...]] = {}
    accounts, billed, cells, least = [], Counter[str](), Counter[str](), 0
    names = {one.id: one.name for one in discovery.accounts}
    by_account = defaultdict(list)
    for cell in discovery.cells:
        by_account[cell.account].append(cell)
    paced: Counter[tuple[str, str, str]] = Counter()
    for account, mine in sorted(by_account.items()):
        asks = [
            ask
            for ask in asks_of(provider, replace(discovery, cells=tuple(mine)))
            if offered[ask.service.client, ask.cell.region]
        ]
        asked: set[tuple[Any, ...]] = set()
        count = 0
        for ask in asks:
            cells[ask.name] += 1
            # Listings that find the same are found once.
            key = ask.cell, ask.service.client, id(ask.listing.find)
            if key in asked:
                continue
            asked.add(key)
            if id(ask.listing.find) not in calls:
                calls[id(ask.listing.find)] = least_of(ask)
            for call in calls[id(ask.listing.find)]:
                if call.once and (call.once,) in asked:
                    continue
                asked.add((call.once,))
                count += 1
                billed[call.operation] += call.operation in BILLED
                paced[_pace(provider, ask.service.client, account, ask.cell.region)] += 1
        least += count
        accounts.append(
            {
                "account": account,
                "name": names.get(account, ""),
                "regions": len({cell.region for cell in mine} - {GLOBAL}),
                "looks": len(asks),
                "calls": count,
            }
        )
    listings, further = _questions(provider, discovery, cells, before, paced)
    sweeps = len({swept.table for service in provider.services for swept in service.swept}) if accounts else 0
    total = least + sweeps + (further or 0)
    slowest, held = _slowest(paced)
    return Forecast(
        discovery=discovery,
        regions=tuple(sorted({cell.region for cell in discovery.cells} - {GLOBAL})),
        accounts=accounts,
        listings=listings,
        sweeps=sweeps,
        least=least + sweeps,
        further=further,
        seconds=max(total * SECONDS_OF_A_CALL / concurrency, held),
        slowest=slowest if held > max(60, total * SECONDS_OF_A_CALL / concurrency) else "",
        billed=+billed,
    )


def _offered(provider: Provider, discovery: Discovery) -> dict[tuple[str, str], bool]:
    """Whether each service is there in each region, as far as that is known without asking it."""
    somewhere = {cell.region: cell for cell in discovery.cells}
    pairs = [(service, cell) for service in provider.services for cell in somewhere.values()]

    def is_there(pair: tuple[Any, Any]) -> bool:
        try:
            provider.cloud(*pair)
        except NotOffered:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        answers = pool.map(is_there, pairs)
        return {(service.client, cell.region): answer for (service, cell), answer in zip(pairs, answers, strict=True)}


def _questions(
    provider: Provider,
    discovery: Discovery,
    cells: Mapping[str, int],
    before: Sequence[Mapping[str, Any]] | None,
    paced: Counter[tuple[str, str, str]],
) -> tuple[list[dict[str, Any]], int | None]:
    """Each listing with the questions about each thing that it shows, and how many these are altogether."""
    looked_into = {(cell.account, cell.region) for cell in discovery.cells}
    groups: dict[tuple[str, int], list[str]] = defaultdict(list)
    known = {}
    for service in provider.services:
        for listing in service.listings:
            name = f"{service.name}.{listing.name}"
            groups[service.client, id(listing.find)].append(name)
            known[name] = service, listing
    held = _held(provider.name, before or ())
    listings, further = [], 0
    for group in groups.values():
        # What one of them has told of, all of them list.
        items: dict[tuple[str, str], int] = defaultdict(int)
        for name in group:
            for place, number in held.get(name, {}).items():
                if place in looked_into:
                    items[place] = max(items[place], number)
        for name in group:
            if not cells.get(name):
                continue
            service, listing = known[name]
            # What only makes tags is asked where they are used, which few organisations do.
            questions = sum(not part.for_tags for part in listing.parts)
            shown = sum(items.values())
            for (account, region), number in items.items():
                paced[_pace(provider, service.client, account, region)] += number * questions
            further += shown * questions
            told = before is not None
            listings.append(
                {
                    "listing": name,
                    "cells": cells[name],
                    "questions": questions,
                    "listed": shown if told else None,
                    "calls": shown * questions if told else None,
                }
            )
    return sorted(listings, key=lambda one: str(one["listing"])), further if before is not None else None


def _held(cloud: str, before: Iterable[Mapping[str, Any]]) -> dict[str, dict[tuple[str, str], int]]:
    """How many things each listing showed, by account and region, as far as an inventory says."""
    things: dict[tuple[str, str, str], dict[str, int]] = defaultdict(dict)
    for line in before:
        for look in line["look"]:
            found = _LOOK.match(str(look))
            # A copy is known from the look at its source too, which does not list it.
            here = found and line["held"] and (found["cloud"], found["account"]) == (cloud, line["account"])
            if found and here and found["region"] in (line["region"], GLOBAL):
                place = found["listing"], found["account"], found["region"]
                things[place][str(line["resource_id"])] = int(line["copies"])
    held: dict[str, dict[tuple[str, str], int]] = defaultdict(dict)
    for (listing, account, region), some in things.items():
        held[listing][account, region] = sum(some.values())
    return held


def _pace(provider: Provider, client: str, account: str, region: str) -> tuple[str, str, str]:
    """What a rate is of: Resource Manager answers for all services of a subscription."""
    return (MANAGER, account, "") if provider.name == "azure" else (client, account, region)


def _slowest(paced: Mapping[tuple[str, str, str], int]) -> tuple[str, float]:
    """The service that answers slowest for what it is asked in one account and region, and its seconds."""
    held = ((number / RATES[client], client) for (client, *_), number in paced.items() if client in RATES)
    seconds, client = max(held, default=(0.0, ""))
    return client, seconds


def _before(inventory: Path | None, store: str) -> list[dict[str, Any]] | None:
    where = inventory or inventory_of(store)
    return read_inventory(where) if where and (inventory or where.exists()) else None


# What is shown of it


def _head(one: Forecast, concurrency: int) -> Iterator[str]:
    regions = f" in {_n(len(one.regions), 'region')}" if one.regions else ""
    yield f"{one.discovery.manner}."
    yield (
        f"A scan would ask {_n(len(one.listings), 'listing')} of {_n(len(one.accounts), 'account')}{regions}: "
        f"at least {_n(one.least, 'call')}."
    )
    if one.further is None:
        yield (
            "How many questions follow about each thing that is listed cannot be known before; with an inventory of an "
            "earlier scan (--inventory) it is estimated."
        )
    else:
        yield (
            f"About {_n(one.further, 'call')} more at most, for what the inventory of an earlier scan holds; what is "
            "new since then cannot be known."
        )
    about = "at least " if one.further is None else "about "
    held = f", held up by {one.slowest}, which answers {RATES[one.slowest]:.0f} a second" if one.slowest else ""
    yield (
        f"That takes {about}{_minutes(one.seconds)} with {concurrency} questions at once, at {SECONDS_OF_A_CALL} "
        f"seconds each{held}. Services that say that this is too much are asked more slowly."
    )
    yield _cost(one)


def _cost(one: Forecast) -> str:
    if not one.billed:
        return "It costs nothing: these reads are free."
    paid = ", ".join(f"{times:,} x {operation}" for operation, times in sorted(one.billed.items()))
    price = f"about {one.dollars:.2f} US dollars" if one.dollars >= 0.01 else "less than 0.01 US dollars"
    return (
        f"It costs {price}: most reads are free, but for {paid}. S3, KMS and Secrets Manager charge for questions "
        "about each bucket, key and secret, together a small part of a cent for each account. Where another trail of "
        "CloudTrail than the first keeps management events, each call is one."
    )


def _left_out(one: Forecast) -> Iterator[str]:
    limits = _limits(one)
    if chosen := [limit for limit in limits if limit.reason == "skipped-by-config"]:
        yield ""
        yield "Left out by choice:"
        for limit in chosen[:MOST]:
            yield f"- {_where(limit)}: {limit.detail}"
        if len(chosen) > MOST:
            yield f"… and {len(chosen) - MOST} more: --format json"
    if off := len({limit.cell.region for limit in limits if limit.reason == "never-enabled"}):
        yield ""
        yield f"Not asked, since nothing can be there: {_n(off, 'region')} switched off."
    if gaps := one.discovery.gaps:
        yield ""
        yield "Not shown, and a gap of the scan as it stands:"
        for gap in gaps[:MOST]:
            yield f"- {_where(gap)}: {gap.reason}: {gap.detail}"
        if len(gaps) > MOST:
            yield f"… and {len(gaps) - MOST} more: --format json"


def _limits(one: Forecast) -> tuple[Limit, ...]:
    return fold_limits(Inventory(accounts=one.discovery.accounts, limits=one.discovery.limits))


def _where(one: Limit | Gap) -> str:
    said = [one.cell.account, one.cell.region, one.listing]
    told = [word for word in said if word != "*"]
    return " ".join(told) or "everywhere"


def _document(one: Forecast) -> dict[str, Any]:
    def left(reason: str) -> list[dict[str, str]]:
        return [
            {
                "account": limit.cell.account,
                "region": limit.cell.region,
                "listing": limit.listing,
                "why": limit.detail,
            }
            for limit in _limits(one)
            if limit.reason == reason
        ]

    return {
        "manner": one.discovery.manner,
        "accounts": one.accounts,
        "regions": one.regions,
        "listings": one.listings,
        "calls": {"least": one.least, "sweeps": one.sweeps, "further": one.further},
        "minutes": round(one.seconds / 60, 1),
        "held_up_by": one.slowest,
        "cost": {"dollars": round(one.dollars, 4), "billed": one.billed},
        "left_out": left("skipped-by-config"),
        "never_enabled": left("never-enabled"),
        "gaps": [
            {"account": gap.cell.account, "region": gap.cell.region, "reason": gap.reason, "why": gap.detail}
            for gap in one.discovery.gaps
        ],
    }


def _minutes(seconds: float) -> str:
    return _n(ceil(seconds / 60), "minute") if seconds >= 60 else "a minute"


def _n(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
