"""Finds out which accounts and regions there are to look into, and says what is left out and why."""

from __future__ import annotations

from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatchcase
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from domicile.errors import DomicileError, UsageError
from domicile.model import ANYWHERE, GLOBAL, Account, Cell, Gap, GapReason, Limit, Scope
from domicile.providers.service import Provider, Refused, Regions
from domicile.yamltext import did_you_mean

EVERYTHING: Final = Scope()
DETAIL: Final = 500
SUSPENDED: Final = "suspended or closed, but its data may still be there"


class Discovery(Struct, frozen=True):
    """The cells of one scan, with what is known beforehand not to be shown or not to be asked."""

    accounts: tuple[Account, ...] = ()
    cells: tuple[Cell, ...] = ()
    gaps: tuple[Gap, ...] = ()
    limits: tuple[Limit, ...] = ()
    skipped_listings: tuple[str, ...] = ()
    known: frozenset[tuple[str, str]] = frozenset()
    """Accounts and regions in which an earlier scan saw something."""
    manner: str = ""
    """As whom, and by which list of accounts, it is looked into."""


def discover(
    provider: Provider,
    *,
    scope: Scope = EVERYTHING,
    accounts: Collection[str] = (),
    regions: Collection[str] = (),
    known: Collection[tuple[str, str]] = (),
    concurrency: int = 16,
) -> Discovery:
    """Every account and region of a cloud.

    `accounts` and `regions` restrict the scan, when given. `known` are (account, region) in which an earlier scan
    saw something: a region that is switched off now, or an account that is listed no more, is a gap, since what it
    holds may still be there. Raises UsageError when what is asked for is not there.
    """
    named = {one.id: replace(one, name=writable(one.name)) for one in provider.accounts()}
    listed = tuple(account for _, account in sorted(named.items()))
    _require("account", accounts, {account.id for account in listed})
    gaps: list[Gap] = []
    limits = _blind_spots(provider)
    asked: list[Account] = []
    for account in listed:
        whole = Cell(provider.name, account.id, ANYWHERE)
        if _matches(account.id, scope.skip_accounts):
            limits.append(Limit(whole, ANYWHERE, "skipped-by-config", "scope.skip_accounts"))
        elif accounts and account.id not in accounts:
            limits.append(Limit(whole, ANYWHERE, "skipped-by-config", "not among the accounts asked for"))
        elif account.status == "suspended":
            gaps.append(Gap(whole, ANYWHERE, "suspended", SUSPENDED))
        else:
            asked.append(account)

    for left in sorted({account for account, _ in known} - {account.id for account in listed}):
        if not _matches(left, scope.skip_accounts):
            whole = Cell(provider.name, left, ANYWHERE)
            gaps.append(Gap(whole, ANYWHERE, "left", "no longer listed, but an earlier scan saw data there"))

    skipped = {
        name
        for service in provider.services
        for listing in service.listings
        if _matches(name := f"{service.name}.{listing.name}", scope.skip_services)
        or _matches(service.name, scope.skip_services)
    }
    cells: list[Cell] = []

    def regions_of(account: Account) -> Regions | Exception:
        try:
            return provider.regions(account.id)
        except DomicileError:
            raise
        except Exception as error:  # noqa: BLE001 one bad account, or one bug, never hides the rest
            return error

    with ThreadPoolExecutor(concurrency) as pool:
        answers = tuple(zip(asked, pool.map(regions_of, asked), strict=True))
    there = {region for _, answer in answers if isinstance(answer, Regions) for region in (*answer.on, *answer.off)}
    if there:
        _require("region", regions, there | {GLOBAL})
    for account, found in answers:
        whole = Cell(provider.name, account.id, ANYWHERE)
        if not isinstance(found, Regions):
            gaps.append(gap_of(found, whole, ANYWHERE))
            continue
        for region in (GLOBAL, *found.on):
            cell = Cell(provider.name, account.id, region)
            if left_out := _left_out(region, scope, regions):
                limits.append(Limit(cell, ANYWHERE, "skipped-by-config", left_out))
            else:
                cells.append(cell)
        for region in found.off:
            cell = Cell(provider.name, account.id, region)
            if (account.id, region) not in known:
                limits.append(Limit(cell, ANYWHERE, "never-enabled"))
            elif left_out := _left_out(region, scope, regions):
                limits.append(Limit(cell, ANYWHERE, "skipped-by-config", left_out))
            else:
                gaps.append(Gap(cell, ANYWHERE, "region-off", "switched off, but an earlier scan saw data there"))
        limits.extend(Limit(whole, name, "skipped-by-config", "scope.skip_services") for name in skipped)
    return Discovery(
        listed,
        tuple(sorted(cells)),
        tuple(sorted(gaps)),
        tuple(sorted(limits)),
        tuple(sorted(skipped)),
        frozenset(known),
        provider.manner,
    )


def _left_out(region: str, scope: Scope, regions: Collection[str]) -> str:
    """Why a region is not to be looked into, if so. A pattern is about regions; what is asked once per account is
    skipped only by its own name."""
    if region in scope.skip_regions or (region != GLOBAL and _matches(region, scope.skip_regions)):
        return "scope.skip_regions"
    return "not among the regions asked for" if regions and region not in {*regions, GLOBAL} else ""


def _require(what: str, asked: Collection[str], there: Collection[str]) -> None:
    for name in sorted(asked):
        if name not in there:
            raise UsageError(f"there is no {what} {name[:60]!r} to scan{did_you_mean(name, there)}")


def gap_of(error: Exception, cell: Cell, listing: str, resource_id: str = "", part: str = "") -> Gap:
    """What was not shown because of an error: the cloud's reason when it refused, else a bug's name."""
    reason: GapReason = error.reason if isinstance(error, Refused) else "error"
    detail = str(error) if isinstance(error, Refused) else f"{type(error).__name__}: {error}"
    return Gap(cell, listing, reason, writable(detail[:DETAIL]), writable(resource_id), part)


def writable(text: str) -> str:
    """Half a character in a name cannot be kept by any store."""
    return text.encode("utf-8", "backslashreplace").decode()


def _blind_spots(provider: Provider) -> list[Limit]:
    everywhere = Cell(provider.name, ANYWHERE, ANYWHERE)
    return [
        Limit(everywhere, service.name, "blind-to", sentence, tuple(sorted(service.hides)))
        for service in provider.services
        for sentence in service.blind_to
    ]


def _matches(name: str, globs: Collection[str]) -> bool:
    return any(fnmatchcase(name, glob) for glob in globs)
