"""Azure Service Bus: namespaces with their queues and topics, and the regions their messages are replicated to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import Cell, Channel, Copy, Resource, ResourceType
from domicile.providers.azure.messaging import PROPERTIES, again, namespace
from domicile.providers.azure.rows import identify, of_type, swept
from domicile.providers.service import Listing, Service

NAMESPACES = "microsoft.servicebus/namespaces"
ITSELF = "Microsoft.ServiceBus/namespaces/read"

NAMESPACE = ResourceType("azure.servicebus.namespace", "primary")

GEO = Channel(
    "azure-service-bus-geo-replication",
    "replica",
    "Remove the secondary region from the geo-replication of the namespace.",
    implied=True,
    continuous=True,
)


def read(row: dict[str, Any], parts: Mapping[str, dict[str, Any] | None], _: Cell) -> Iterator[Resource | Copy]:
    yield from namespace(row, parts, NAMESPACE, GEO, ITSELF)


SERVICE = Service(
    name="servicebus",
    client="servicebus",
    scope="global",
    listings=(Listing("namespaces", of_type(NAMESPACES), read, identify, (again(ITSELF),)),),
    types=(NAMESPACE,),
    channels=(GEO,),
    needs={ITSELF: (ITSELF,)},
    blind_to=("To which namespaces queues and subscriptions forward their messages is not asked yet.",),
    swept=(swept(NAMESPACES, PROPERTIES, "sku.name"),),
)
