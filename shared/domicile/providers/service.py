"""What a service file declares, and the small seam through which it speaks to its cloud."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Literal, Protocol

from msgspec import Struct

from domicile.model import (
    Account,
    Cell,
    Channel,
    GapReason,
    Location,
    PlacementKind,
    ResourceType,
    Sighting,
    Vocabulary,
)


class Cloud(Protocol):
    """One account, seen through one service's API. Operations are named as the SDK's methods are; one of another client
    is named with that, `cloudwatch.list_metrics`.

    `region` overrides the cell's region (a bucket is asked where it lies). Errors do not come back through here
    as the SDK raises them: they are `Refused` and `Vanished`, and only the driver catches those.
    """

    def pages(self, operation: str, *, region: str = "", **parameters: Any) -> Iterator[dict[str, Any]]:
        """Every page of a listing, at the largest page size the API takes."""
        ...

    def call(self, operation: str, *, region: str = "", **parameters: Any) -> dict[str, Any]:
        """One answer."""
        ...

    def header(self, operation: str, name: str, *, region: str = "", **parameters: Any) -> str:
        """One response header, whatever the status of the answer; "" when it has none."""
        ...


class Refused(Exception):
    """The cloud did not answer, and retries are spent. `code` is the cloud's own error code."""

    def __init__(self, code: str, message: str = "", reason: GapReason = "error") -> None:
        super().__init__(f"{code}: {message}" if message else code)
        self.code = code
        self.message = message
        self.reason = reason


class Vanished(Refused):
    """It was there when it was listed and is gone now. About a whole listing, it is a refusal like any other."""


class NotOffered(Exception):
    """The service does not exist in this region: there is nothing to look at, and nothing was refused."""


class Part(Struct, frozen=True):
    """One question about one resource that its listing does not answer.

    `absent` are the error codes that mean *none is configured*; the part is then None, and so it is without asking
    where `applies` says of the item as listed that it can have none. What only makes tags, `for_tags` by their keys in
    lower case, is not asked where nobody uses one of them: it is then no gap either.
    """

    name: str
    ask: Callable[[Cloud, Any], dict[str, Any]]
    absent: tuple[str, ...] = ()
    applies: Callable[[Any], bool] | None = None
    for_tags: frozenset[str] = frozenset()


class Listing(Struct, frozen=True):
    """One list call in one cell, the questions asked about each of its items, and a pure reading of the answers.

    `read` gets the item as listed, the answers by part (None: none configured; missing: refused) and the cell.
    It touches nothing else. `identify` names the item for gaps; it is the id of the resource it becomes, or of which it
    tells more. Listings of one client with the same `find` are found once in each cell: their questions can be refused
    or left out separately, and the list call is made once.
    """

    name: str
    find: Callable[[Cloud], Iterable[Any]]
    read: Callable[[Any, Mapping[str, dict[str, Any] | None], Cell], Iterable[Sighting]]
    identify: Callable[[Any, Cell], str]
    parts: tuple[Part, ...] = ()


class Swept(Struct, frozen=True):
    """A type of resources that one question about all accounts lists, in the table of that question, and the `paths`
    within each resource that are wanted of it: `sku.name`, `properties.secondaryLocation`."""

    type: str
    paths: tuple[str, ...] = ()
    table: str = "resources"


class Service(Struct, frozen=True):
    """One cloud service as domicile sees it.

    `needs` maps each operation called to the permissions it takes (none: called without permission, on purpose).
    `scope`: asked in each region, once in each account, or once in each account that administers the organisation.
    `locate` finds where something lies that was named without a region; `gone` are the error codes by which it learns
    that there is none of that name. `blind_to` are sentences about what the
    service's API cannot show; `hides` are the kinds of placements that are among it. `swept` are the types that its
    listings find among what is asked about all accounts at once.
    """

    name: str
    client: str
    scope: Literal["regional", "global", "organisation"]
    listings: tuple[Listing, ...]
    types: tuple[ResourceType, ...]
    channels: tuple[Channel, ...]
    needs: Mapping[str, tuple[str, ...]]
    blind_to: tuple[str, ...] = ()
    hides: frozenset[PlacementKind] = frozenset()
    locate: Callable[[Cloud, str], Location | None] | None = None
    gone: tuple[str, ...] = ()
    swept: tuple[Swept, ...] = ()


class Regions(Struct, frozen=True):
    """The regions of one account: those in which data can be, and those that are switched off."""

    on: tuple[str, ...]
    off: tuple[str, ...] = ()


class Provider(Protocol):
    """One cloud: who has accounts there, which regions they use, and how its services are spoken to."""

    @property
    def name(self) -> str: ...

    @property
    def services(self) -> tuple[Service, ...]: ...

    @property
    def vocabulary(self) -> Vocabulary: ...

    @property
    def manner(self) -> str:
        """As whom, and by which list of accounts, it is looked into: a sentence for the evidence of a scan."""
        ...

    def accounts(self) -> tuple[Account, ...]:
        """Every account to be scanned. Raises `CloudError` when they cannot be listed: never fewer instead."""
        ...

    def regions(self, account: str) -> Regions:
        """The regions of an account. Raises `Refused` when the account does not let us in."""
        ...

    def cloud(self, service: Service, cell: Cell) -> Cloud:
        """The seam to one service in one cell. Opening it asks nothing."""
        ...
