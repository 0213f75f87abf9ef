"""AWS CloudTrail Lake: each event data store, with how long it keeps its events and by whose key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import Cell, Resource, ResourceType
from domicile.providers.aws.arn import account_of, place
from domicile.providers.service import Cloud, Listing, Part, Service

STORE = ResourceType("aws.cloudtrail.event-data-store", "log", tags_look="tags.resources")


def find(cloud: Cloud) -> Iterator[dict[str, Any]]:
    for page in cloud.pages("list_event_data_stores", MaxResults=1000):
        yield from page["EventDataStores"]


def described(cloud: Cloud, store: dict[str, Any]) -> dict[str, Any]:
    return cloud.call("get_event_data_store", EventDataStore=store["EventDataStoreArn"])


def identify(store: dict[str, Any], _: Cell) -> str:
    name: str = store["EventDataStoreArn"]
    return name


def read(store: dict[str, Any], parts: Mapping[str, dict[str, Any] | None], cell: Cell) -> Iterator[Resource]:
    this = identify(store, cell)
    # One of the organisation is listed where it is not kept, too. One that is being deleted can be restored for a week.
    if account_of(this) != cell.account:
        return
    more = parts.get("store") or {}
    key = more.get("KmsKeyId", "")
    yield Resource(
        this,
        STORE.name,
        store["Name"],
        cell.account,
        place(cell.region),
        created_at=more.get("CreatedTimestamp"),
        retention_days=more.get("RetentionPeriod"),
        # Only a customer's key can be set; without it AWS encrypts by a key of its own.
        cmk=bool(key) if more else None,
        key=key,
    )


SERVICE = Service(
    name="cloudtrail",
    client="cloudtrail",
    scope="regional",
    listings=(Listing("event-data-stores", find, read, identify, parts=(Part("store", described),)),),
    types=(STORE,),
    channels=(),
    needs={
        "list_event_data_stores": ("cloudtrail:ListEventDataStores",),
        "get_event_data_store": ("cloudtrail:GetEventDataStore",),
    },
    blind_to=(
        "An event data store may keep events of all regions and accounts: somebody has to say what they tell of.",
        "Tables of event data stores that are queried through a catalogue elsewhere are read where they are.",
    ),
)
