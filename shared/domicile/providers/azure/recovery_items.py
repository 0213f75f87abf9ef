"""Azure Backup in Recovery Services vaults: machines, databases and file shares, and their backups."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import Cell, Channel, Copy, Resource, ResourceType
from domicile.providers.azure.compute_disks import DISKS
from domicile.providers.azure.graph import united
from domicile.providers.azure.ids import canonical, location, parent_of, subscription_of
from domicile.providers.azure.rows import evidence, identify, moment, of_type, resource, shown, swept
from domicile.providers.service import Cloud, Listing, Service

VAULTS = "microsoft.recoveryservices/vaults"
ITEMS = "microsoft.recoveryservices/vaults/backupfabrics/protectioncontainers/protecteditems"
TABLE = "recoveryservicesresources"
PROPERTIES = "friendlyName sourceResourceId lastRecoveryPoint"

ITEM = ResourceType("azure.recoveryservices.protected-item", "backup")

BACKUP = Channel(
    "azure-backup",
    "backup",
    "Stop the protection of the item in its vault and choose to delete its backups.",
)


def vault_of(item: str) -> str:
    return parent_of(item, 3)


def vault_key(vault: Mapping[str, Any]) -> tuple[bool | None, str]:
    """Whether the key of a vault is the customer's own, and which it is."""
    encryption = vault.get("properties", {}).get("encryption")
    if encryption is None:
        return None, ""
    key = (encryption.get("keyVaultProperties") or {}).get("keyUri", "")
    return bool(key), key


def beside_its_source(item: Mapping[str, Any]) -> bool:
    """Whether backups are snapshots in the storage account of a file share. Its vault may keep them too, or not."""
    return str(item.get("properties", {}).get("backupManagementType", "")).lower() == "azurestorage"


def find(cloud: Cloud) -> Iterator[dict[str, Any]]:
    """Protected items, each with its vault, and with the disks of what it protects where that is a machine."""
    vaults = shown(cloud, VAULTS)
    for item in with_disks(cloud, ITEMS):
        if (vault := vaults.get(vault_of(item["id"]))) is not None:
            yield {**item, "vault": vault}
    vaults.require_whole()


def with_disks(cloud: Cloud, kind: str) -> Iterator[dict[str, Any]]:
    """Items of one type, each with the disks of what it protects where that is a machine that is still there. Which
    disks these are must be known: without them a backup would be one of something else."""
    all_disks = shown(cloud, DISKS)
    disks = defaultdict(list)
    for name, disk in all_disks.rows.items():
        disks[canonical(disk.get("managedBy", ""))].append(name)
    for item in of_type(kind)(cloud):
        source = canonical(item.get("properties", {}).get("sourceResourceId", ""))
        if all_disks.refusal is None or (source and "/virtualmachines/" not in source):
            yield {**item, "disks": disks[source] if source else []}
    all_disks.require_whole()


def read(item: dict[str, Any], _: Mapping[str, dict[str, Any] | None], __: Cell) -> Iterator[Resource | Copy]:
    properties, vault = item.get("properties", {}), item["vault"]
    here = location(vault.get("location") or item.get("location", ""))
    cmk, key = vault_key(vault)
    named = {
        "name": properties.get("friendlyName") or item["name"],
        "tags": united(item.get("tags", {}), vault.get("tags", {})),
    }
    # Without a recovery point there is no backup yet; what is no longer protected or softly deleted is still kept.
    newest = moment(properties.get("lastRecoveryPoint"))
    yield resource(item | named, ITEM, here, newest_at=newest, cmk=cmk, key=key)

    this, source = canonical(item["id"]), properties.get("sourceResourceId", "")
    for protected in item["disks"] or ([canonical(source)] if source else []):
        yield Copy(
            protected,
            BACKUP.name,
            here,
            this,
            subscription_of(this),
            caused_by=this,
            evidence=evidence(ITEMS, "sourceResourceId", source),
        )


SERVICE = Service(
    name="recoveryservices",
    client="recoveryservices",
    scope="global",
    listings=(Listing("protected-items", find, read, identify),),
    types=(ITEM,),
    channels=(BACKUP,),
    needs={},
    blind_to=(
        "How long backups are kept is a matter of their policy, which is not read yet.",
        "What is protected outside of Azure, by an agent or a backup server, is told by its name alone.",
        "Snapshots for instant restore lie in the region of the machine, in a collection of restore points.",
    ),
    swept=(
        swept(ITEMS, PROPERTIES, table=TABLE),
        swept(VAULTS, "encryption"),
        swept(DISKS),
    ),
)
