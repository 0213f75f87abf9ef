"""Azure Event Hubs: namespaces, the regions their events are replicated to, and where events are captured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import Cell, Channel, Copy, Evidence, Resource, ResourceType
from domicile.providers.azure.ids import canonical, subscription_of
from domicile.providers.azure.messaging import PROPERTIES, again, namespace
from domicile.providers.azure.rows import identify, of_type, swept
from domicile.providers.service import Cloud, Listing, Part, Service

NAMESPACES = "microsoft.eventhub/namespaces"
ITSELF = "Microsoft.EventHub/namespaces/read"
HUBS = "Microsoft.EventHub/namespaces/eventhubs/read"
VERSION = "2024-01-01"

NAMESPACE = ResourceType("azure.eventhubs.namespace", "primary")

GEO = Channel(
    "azure-event-hubs-geo-replication",
    "replica",
    "Remove the secondary region from the geo-replication of the namespace.",
    implied=True,
    continuous=True,
)
CAPTURE = Channel(
    "azure-event-hubs-capture",
    "export",
    "Switch off the capture of the event hub, then delete the files that it wrote.",
    shares=True,
)


def hubs(cloud: Cloud, row: dict[str, Any]) -> dict[str, Any]:
    pages = cloud.pages(HUBS, path=f"{row['id']}/eventhubs", version=VERSION)
    return {"value": [one for page in pages for one in page["value"]]}


def can_capture(row: dict[str, Any]) -> bool:
    return bool(row.get("sku", {}).get("name") != "Basic")


def read(row: dict[str, Any], parts: Mapping[str, dict[str, Any] | None], _: Cell) -> Iterator[Resource | Copy]:
    yield from namespace(row, parts, NAMESPACE, GEO, ITSELF)
    for hub in (parts.get("hubs") or {}).get("value", ()):
        capture = hub["properties"].get("captureDescription") or {}
        target = ((capture.get("destination") or {}).get("properties") or {}).get("storageAccountResourceId")
        if capture.get("enabled") and target:
            yield Copy(
                canonical(row["id"]),
                CAPTURE.name,
                id=canonical(target),
                account=subscription_of(target),
                caused_by=canonical(hub["id"]),
                evidence=Evidence(HUBS, "captureDescription.destination.storageAccountResourceId", target),
                partial=True,
                part="hubs",
            )


SERVICE = Service(
    name="eventhubs",
    client="eventhubs",
    scope="global",
    listings=(
        Listing(
            "namespaces", of_type(NAMESPACES), read, identify, (again(ITSELF), Part("hubs", hubs, applies=can_capture))
        ),
    ),
    types=(NAMESPACE,),
    channels=(GEO, CAPTURE),
    needs={action: (action,) for action in (ITSELF, HUBS)},
    blind_to=(
        "Who reads events, and where they put them, is not told.",
        "What was captured before is still in the storage account when an event hub captures no more.",
    ),
    swept=(swept(NAMESPACES, PROPERTIES, "sku.name"),),
)
