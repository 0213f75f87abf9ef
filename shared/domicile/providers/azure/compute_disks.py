"""Azure managed disks, and what each of them was made from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import Cell, Channel, Copy, Resource, ResourceType
from domicile.providers.azure.ids import canonical, location, subscription_of
from domicile.providers.azure.rows import evidence, identify, of_type, resource, swept
from domicile.providers.service import Listing, Service

DISKS = "microsoft.compute/disks"
PROPERTIES = "creationData encryption timeCreated"

DISK = ResourceType("azure.compute.disk", "primary")

MADE_FROM = Channel(
    "azure-disk-made-from",
    "primary",
    "Delete the disk, or make it from its source in an allowed region.",
    relation="seed",
)


def read(row: dict[str, Any], _: Mapping[str, dict[str, Any] | None], __: Cell) -> Iterator[Resource | Copy]:
    here = location(row["location"], row.get("extendedLocation"))
    yield resource(row, DISK, here, cmk=customer_key(row))
    if source := source_of(row):
        this = canonical(row["id"])
        proof = evidence(DISKS, "creationData", source)
        yield Copy(source, MADE_FROM.name, here, this, subscription_of(this), caused_by=this, evidence=proof)


def source_of(row: dict[str, Any]) -> str:
    """The id of what a disk or snapshot was made from; "" for what began empty, was uploaded or came from an image."""
    made = row.get("properties", {}).get("creationData") or {}
    source = canonical(made.get("sourceResourceId") or made.get("storageAccountId") or "")
    # The points of a collection are no resources of their own.
    return source.partition("/restorepoints/")[0]


def customer_key(row: dict[str, Any]) -> bool | None:
    kind = (row.get("properties", {}).get("encryption") or {}).get("type")
    return "customerkey" in kind.lower() if kind else None


SERVICE = Service(
    name="compute",
    client="compute",
    scope="global",
    listings=(Listing("disks", of_type(DISKS), read, identify),),
    types=(DISK,),
    channels=(MADE_FROM,),
    needs={},
    blind_to=(
        "A disk made from an image is not tied to it: images are taken to hold programs, not data.",
        "Who exported a disk by a shared access signature, and where to, is not told.",
        "A disk made from a blob names its storage account only where it lies in another subscription.",
        "The temporary disk of a virtual machine, and an ephemeral one, are in no listing.",
    ),
    swept=(swept(DISKS, PROPERTIES, "extendedLocation"),),
)
