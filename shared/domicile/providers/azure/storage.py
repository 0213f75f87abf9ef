"""Azure Storage accounts: blobs, files, queues and tables, with the region that geo-redundancy copies them to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import Cell, Channel, Copy, Evidence, Resource, ResourceType
from domicile.providers.azure.ids import bare, canonical, is_id, location, paired, subscription_of
from domicile.providers.azure.redundancy import AT_HOME, IN_THE_PAIR
from domicile.providers.azure.rows import evidence, identify, of_type, resource, swept
from domicile.providers.service import Cloud, Listing, Part, Service

ACCOUNTS = "microsoft.storage/storageaccounts"
POLICIES = "Microsoft.Storage/storageAccounts/objectReplicationPolicies/read"
VERSION = "2023-05-01"
PROPERTIES = "primaryLocation secondaryLocation creationTime isHnsEnabled encryption"

ACCOUNT = ResourceType("azure.storage.account", "primary")

GEO = Channel(
    "azure-storage-geo-redundancy",
    "replica",
    "Set the account's redundancy to LRS or ZRS; Azure then deletes the copy in the paired region.",
    implied=True,
    continuous=True,
)
OBJECTS = Channel(
    "azure-object-replication",
    "replica",
    "Delete the object replication policy on both accounts, then the blobs that were copied.",
    shares=True,
)


def policies(cloud: Cloud, row: dict[str, Any]) -> dict[str, Any]:
    path = f"{row['id']}/objectReplicationPolicies"
    return {"value": [one for page in cloud.pages(POLICIES, path=path, version=VERSION) for one in page["value"]]}


def can_replicate(row: dict[str, Any]) -> bool:
    """Only these kinds have object replication, and not with a hierarchical namespace."""
    return row.get("kind") in {"StorageV2", "BlockBlobStorage"} and not row.get("properties", {}).get("isHnsEnabled")


REPLICATION = Part("replication", policies, applies=can_replicate)


def read(row: dict[str, Any], parts: Mapping[str, dict[str, Any] | None], _: Cell) -> Iterator[Resource | Copy]:
    properties = row.get("properties", {})
    # After a failover by the customer the data is at the primary location, whatever the account's own says.
    home = properties.get("primaryLocation") or row["location"]
    key = properties.get("encryption", {})
    yield resource(
        row,
        ACCOUNT,
        location(home, row.get("extendedLocation")),
        cmk=key["keySource"].lower() == "microsoft.keyvault" if key.get("keySource") else None,
        key=key.get("keyvaultproperties", {}).get("currentVersionedKeyIdentifier", ""),
    )
    yield from _geo(row, home)
    for policy in (parts.get("replication") or {}).get("value", ()):
        yield from _replicated(row, policy["properties"])


def _geo(row: dict[str, Any], home: str) -> Iterator[Copy]:
    """The secondary is written whether or not it can be read. While an account is converted the name of its redundancy
    and its secondary can disagree: either says that data is there. Of a redundancy that is not told, or that nobody
    here knows, nobody can say, unless there is no pair."""
    redundancy = row.get("sku", {}).get("name", "")
    secondary = row.get("properties", {}).get("secondaryLocation", "")
    kind, pair = redundancy.rpartition("_")[2].lower(), paired(row, home)
    there = location(secondary) if secondary else pair if kind in IN_THE_PAIR else None
    if secondary or kind in IN_THE_PAIR or (pair and kind not in AT_HOME):
        proof = evidence(ACCOUNTS, "secondaryLocation, sku.name", f"{secondary}, {redundancy}")
        yield Copy(canonical(row["id"]), GEO.name, there, caused_by=canonical(row["id"]), evidence=proof)


def _replicated(row: dict[str, Any], policy: dict[str, Any]) -> Iterator[Copy]:
    """Both ends show a policy, and one is enough to know of it. An end may be given by its bare name."""
    source, target = (_end(policy.get(name, ""), row) for name in ("sourceAccount", "destinationAccount"))
    if not source or not target:
        return
    yield Copy(
        source,
        OBJECTS.name,
        id=target,
        account=subscription_of(target),
        caused_by=f"{source}#{policy.get('policyId', '')}",
        evidence=Evidence(POLICIES, "destinationAccount", target),
        partial=True,
        part="replication",
    )


def _end(name: str, row: dict[str, Any]) -> str:
    """The id of an account given by id, or by the bare name that only one account in the world has."""
    if is_id(name) or not name:
        return canonical(name)
    return canonical(row["id"]) if name.lower() == str(row["name"]).lower() else bare(f"{ACCOUNTS}/{name}")


SERVICE = Service(
    name="storage",
    client="storage",
    scope="global",
    listings=(Listing("accounts", of_type(ACCOUNTS), read, identify, (REPLICATION,)),),
    types=(ACCOUNT,),
    channels=(GEO, OBJECTS),
    needs={POLICIES: (POLICIES,)},
    blind_to=(
        "An account that was deleted can be recovered for 14 days; it is in no listing.",
        "Copies by AzCopy, Data Factory and other programs are nowhere in the account's settings.",
    ),
    swept=(swept(ACCOUNTS, PROPERTIES, "sku.name", "extendedLocation"),),
)
