"""Azure Site Recovery: machines that are replicated to another region, or into Azure, to be started there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import Cell, Channel, Copy, Location, Resource, ResourceType
from domicile.providers.azure.ids import canonical, is_id, location, parent_of, subscription_of
from domicile.providers.azure.recovery_items import TABLE, VAULTS
from domicile.providers.azure.rows import evidence, identify, of_type, resource, shown, swept
from domicile.providers.service import Cloud, Listing, Service

ITEMS = "microsoft.recoveryservices/vaults/replicationfabrics/replicationprotectioncontainers/replicationprotecteditems"
INTO_AZURE = frozenset({"HyperVReplicaAzure", "InMageAzureV2", "InMageRcm"})

ITEM = ResourceType("azure.siterecovery.replicated-item", "replica")

REPLICATION = Channel(
    "azure-site-recovery",
    "replica",
    "Disable the replication of the machine in its vault; Azure then deletes the replica disks.",
    continuous=True,
)


def find(cloud: Cloud) -> Iterator[dict[str, Any]]:
    """Replicated machines, each with its vault."""
    vaults = shown(cloud, VAULTS)
    for item in of_type(ITEMS)(cloud):
        if (vault := vaults.get(parent_of(item["id"], 3))) is not None:
            yield {**item, "vault": vault}
    vaults.require_whole()


def target(details: Mapping[str, Any], vault: Mapping[str, Any]) -> Location:
    """Where a machine is replicated to. After a failover the two regions change places, and `initial…` stays."""
    if details.get("instanceType") == "A2A":
        return location(details.get("recoveryFabricLocation") or "unknown", details.get("recoveryExtendedLocation"))
    if details.get("instanceType") in INTO_AZURE:
        return location(details.get("targetLocation") or vault.get("location") or "unknown")
    return location("on-premises")


def read(item: dict[str, Any], _: Mapping[str, dict[str, Any] | None], __: Cell) -> Iterator[Resource | Copy]:
    properties, this = item.get("properties", {}), canonical(item["id"])
    details = properties.get("providerSpecificDetails") or {}
    there = target(details, item["vault"])
    disks = [disk for disk in details.get("protectedManagedDisks") or () if disk.get("diskId")]
    field = "providerSpecificDetails.recoveryFabricLocation"
    proof = evidence(ITEMS, field, details.get("recoveryFabricLocation", ""))

    def copied(source: str, holder: str) -> Copy:
        account = subscription_of(holder)
        return Copy(canonical(source), REPLICATION.name, there, holder, account, caused_by=this, evidence=proof)

    for disk in disks:
        if disk.get("recoveryReplicaDiskId"):
            yield copied(disk["diskId"], canonical(disk["recoveryReplicaDiskId"]))
    # Where a replica disk is not named, the item stands for it.
    unnamed = [disk["diskId"] for disk in disks if not disk.get("recoveryReplicaDiskId")]
    if disks and not unnamed:
        return
    yield resource(item | {"name": properties.get("friendlyName") or item["name"]}, ITEM, there)
    machine = details.get("fabricObjectId") or details.get("azureVirtualMachineId") or ""
    for source in unnamed or ([machine] if is_id(machine) else []):
        yield copied(source, this)


SERVICE = Service(
    name="siterecovery",
    client="siterecovery",
    scope="global",
    listings=(Listing("replicated-items", find, read, identify),),
    types=(ITEM,),
    channels=(REPLICATION,),
    needs={},
    blind_to=(
        "The cache storage account in the region of the machine holds what changed, for a short while.",
        "Machines outside of Azure that are replicated into it are told by their names alone.",
    ),
    swept=(swept(ITEMS, "friendlyName providerSpecificDetails", table=TABLE), swept(VAULTS)),
)
