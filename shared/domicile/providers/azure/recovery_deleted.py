"""What Azure Backup still keeps of Recovery Services vaults that were deleted: soft deletion keeps it for weeks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import Cell, Channel, Copy, Resource, ResourceType
from domicile.providers.azure.compute_disks import DISKS
from domicile.providers.azure.ids import canonical, location, paired, subscription_of
from domicile.providers.azure.recovery_items import TABLE, with_disks
from domicile.providers.azure.recovery_vaults import GEO
from domicile.providers.azure.rows import evidence, identify, moment, resource, swept
from domicile.providers.service import Cloud, Listing, Service

ITEMS = "microsoft.recoveryservices/locations/deletedvaults/backupfabrics/protectioncontainers/protecteditems"
PROPERTIES = "friendlyName sourceResourceId lastRecoveryPoint"

ITEM = ResourceType("azure.recoveryservices.deleted-item", "backup")

BACKUP = Channel(
    "azure-backup-in-deleted-vault",
    "backup",
    "Bring the vault back, delete its backups for good and then the vault, or wait until Azure purges it.",
)


def find(cloud: Cloud) -> Iterator[dict[str, Any]]:
    """What is kept of deleted vaults. The machine that it is of may well be there, with its disks."""
    return with_disks(cloud, ITEMS)


def region_of(item: str) -> str:
    """What is deleted has no location of its own; its id says where it is."""
    parts = canonical(item).split("/")
    return parts[parts.index("locations") + 1]


def read(item: dict[str, Any], _: Mapping[str, dict[str, Any] | None], __: Cell) -> Iterator[Resource | Copy]:
    properties, this = item.get("properties", {}), canonical(item["id"])
    here = location(region_of(this))
    named = item | {"name": properties.get("friendlyName") or item["name"]}
    yield resource(named, ITEM, here, newest_at=moment(properties.get("lastRecoveryPoint")))
    source = properties.get("sourceResourceId", "")
    proof = evidence(ITEMS, "id, sourceResourceId", f"{this}, {source}")
    for of in item["disks"] or ([canonical(source)] if source else []):
        yield Copy(of, BACKUP.name, here, this, subscription_of(this), caused_by=this, evidence=proof)
    # How redundant the vault was is no longer told, and unless somebody chose otherwise it was geo-redundant.
    if paired(item, here.region):
        yield Copy(this, GEO.name, None, caused_by=this, evidence=proof)


SERVICE = Service(
    name="recoveryservices",
    client="recoveryservices",
    scope="global",
    listings=(Listing("deleted-items", find, read, identify),),
    types=(ITEM,),
    channels=(BACKUP,),
    needs={},
    blind_to=("How redundant a vault was that is deleted, and what tags it had, is no longer told.",),
    swept=(swept(ITEMS, PROPERTIES, table=TABLE), swept(DISKS)),
)
