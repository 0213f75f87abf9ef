"""Azure Backup in backup vaults: disks, blobs, databases and clusters that are protected, and their backups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import Cell, Channel, Copy, Resource, ResourceType
from domicile.providers.azure.backup_vaults import GEO, PROPERTIES, VAULTS, elsewhere, vault_key
from domicile.providers.azure.graph import united
from domicile.providers.azure.ids import canonical, location, parent_of, subscription_of
from domicile.providers.azure.rows import evidence, identify, of_type, resource, shown, swept
from domicile.providers.service import Cloud, Listing, Service

INSTANCES = "microsoft.dataprotection/backupvaults/backupinstances"
POLICIES = "microsoft.dataprotection/backupvaults/backuppolicies"
TABLE = "recoveryservicesresources"

INSTANCE = ResourceType("azure.dataprotection.instance", "backup")

BACKUP = Channel(
    "azure-backup-instance",
    "backup",
    "Stop the protection of the backup instance in its vault and delete its backups.",
)


def find(cloud: Cloud) -> Iterator[dict[str, Any]]:
    """Backup instances, each with its vault and its policy."""
    vaults, policies = shown(cloud, VAULTS), shown(cloud, POLICIES)
    for instance in of_type(INSTANCES)(cloud):
        named = instance.get("properties", {}).get("policyInfo", {}).get("policyId", "")
        vault, policy = vaults.get(parent_of(instance["id"])), policies.get(canonical(named))
        if vault is not None and policy is not None:
            yield {**instance, "vault": vault, "policy": policy}
    vaults.require_whole()
    policies.require_whole()


def stores(policy: Mapping[str, Any]) -> set[str]:
    """The kinds of stores into which a policy puts backups: `VaultStore`, `ArchiveStore`, `OperationalStore`."""
    found = set()
    for rule in policy.get("properties", {}).get("policyRules") or ():
        found.add((rule.get("dataStore") or {}).get("dataStoreType", ""))
        for cycle in rule.get("lifecycles") or ():
            found.add((cycle.get("sourceDataStore") or {}).get("dataStoreType", ""))
            for copied in cycle.get("targetDataStoreCopySettings") or ():
                found.add((copied.get("dataStore") or {}).get("dataStoreType", ""))
    return found - {""}


def read(instance: dict[str, Any], _: Mapping[str, dict[str, Any] | None], __: Cell) -> Iterator[Resource | Copy]:
    properties, vault = instance.get("properties", {}), instance["vault"]
    source = properties.get("dataSourceInfo") or {}
    kept = stores(instance["policy"])
    # What is in the operational store alone stays beside its source.
    beside = kept == {"OperationalStore"}
    here = location(
        (source.get("resourceLocation", "") if beside else vault.get("location")) or instance.get("location", "")
    )
    this = canonical(instance["id"])
    cmk, key = (None, "") if beside else vault_key(vault)
    named = {
        "name": properties.get("friendlyName") or instance["name"],
        "tags": united(instance.get("tags", {}), vault.get("tags", {})),
    }
    yield resource(instance | named, INSTANCE, here, cmk=cmk, key=key)

    if source.get("resourceID"):
        proof = evidence(INSTANCES, "dataSourceInfo.resourceID", source["resourceID"])
        yield Copy(
            canonical(source["resourceID"]),
            BACKUP.name,
            here,
            this,
            subscription_of(this),
            caused_by=this,
            evidence=proof,
        )
    if not beside:
        places, proof = elsewhere(vault)
        for there in places:
            # Whether there is anything of it in the vault is unknown where its policy was not shown.
            yield Copy(this, GEO.name, there if kept else None, caused_by=parent_of(this), evidence=proof)


SERVICE = Service(
    name="dataprotection",
    client="dataprotection",
    scope="global",
    listings=(Listing("instances", find, read, identify),),
    types=(INSTANCE,),
    channels=(BACKUP,),
    needs={},
    blind_to=(
        "When an instance was backed up last and how long its backups are kept is not read yet.",
        "Snapshots in the operational store are beside their source; those of disks are listed as snapshots.",
    ),
    swept=(
        swept(INSTANCES, "friendlyName dataSourceInfo policyInfo", table=TABLE),
        swept(POLICIES, "policyRules", table=TABLE),
        swept(VAULTS, PROPERTIES),
    ),
)
