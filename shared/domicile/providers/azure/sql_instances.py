"""Azure SQL Managed Instance: each instance with all of its databases, its backups and its failover groups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import Cell, Channel, Copy, Evidence, Resource, ResourceType
from domicile.providers.azure.ids import canonical, location, subscription_of
from domicile.providers.azure.redundancy import backups, paired_backups
from domicile.providers.azure.rows import evidence, identify, of_type, resource, swept
from domicile.providers.azure.sql_labels import FOR_TAGS, columns_below, labelled
from domicile.providers.service import Cloud, Listing, Part, Service

INSTANCES = "microsoft.sql/managedinstances"
GROUPS = "Microsoft.Sql/locations/instanceFailoverGroups/read"
DATABASES = "Microsoft.Sql/managedInstances/databases/read"
LABELS = "Microsoft.Sql/managedInstances/databases/currentSensitivityLabels/read"
VERSION = "2021-11-01"
CURRENT, REQUESTED = "currentBackupStorageRedundancy", "requestedBackupStorageRedundancy"

INSTANCE = ResourceType("azure.sql.managed-instance", "primary")

BACKUP = Channel(
    "azure-sql-instance-backup",
    "backup",
    "Azure always backs an instance up where it is; shorten the retention, or move the databases.",
    implied=True,
    continuous=True,
)
GEO_BACKUP = Channel(
    "azure-sql-instance-geo-backup",
    "backup",
    "Set the backup storage redundancy to Local or Zone; what was copied before stays for its retention.",
    implied=True,
    continuous=True,
)
GROUP = Channel(
    "azure-sql-instance-failover-group",
    "replica",
    "Delete the failover group, then the databases on the partner: they stay there as full copies.",
    continuous=True,
)


def groups(cloud: Cloud, row: dict[str, Any]) -> dict[str, Any]:
    """The failover groups of all instances in one resource group and region."""
    group, region = canonical(row["id"]).partition("/providers/")[0], location(row["location"]).region
    path = f"{group}/providers/Microsoft.Sql/locations/{region}/instanceFailoverGroups"
    return {"value": [one for page in cloud.pages(GROUPS, path=path, version=VERSION) for one in page["value"]]}


def labels(cloud: Cloud, row: dict[str, Any]) -> dict[str, Any]:
    """The labels in all databases of an instance."""
    pages = cloud.pages(DATABASES, path=f"{row['id']}/databases", version=VERSION)
    return {"value": columns_below(cloud, LABELS, [one for page in pages for one in page["value"]])}


PARTS = (Part("groups", groups), Part("labels", labels, for_tags=FOR_TAGS))


def read(row: dict[str, Any], parts: Mapping[str, dict[str, Any] | None], _: Cell) -> Iterator[Resource | Copy]:
    properties, home = row.get("properties", {}), row["location"]
    key = properties.get("keyId", "")
    yield resource(labelled(row, parts.get("labels")), INSTANCE, location(home), cmk=True if key else None, key=key)
    # Older versions of the API have one field, with the words of storage accounts.
    current = properties.get(CURRENT) or properties.get("storageAccountType", "")
    said = current, properties.get(REQUESTED, current)
    proof = evidence(INSTANCES, f"{CURRENT}, {REQUESTED}", ", ".join(said))
    yield backups(row, home, BACKUP, proof)
    yield from paired_backups(row, home, said, GEO_BACKUP, proof)
    for group in (parts.get("groups") or {}).get("value", ()):
        yield from _paired(row, group)


def _paired(row: dict[str, Any], group: dict[str, Any]) -> Iterator[Copy]:
    """Either end shows a group; of each pair in it, all databases of the first are on the second."""
    this, about = canonical(row["id"]), group["properties"]
    told = next((one.get("location") or "" for one in about.get("partnerRegions", ())), "")
    for pair in about.get("managedInstancePairs", ()):
        source, target = canonical(pair["primaryManagedInstanceId"]), canonical(pair["partnerManagedInstanceId"])
        there = row["location"] if this == target else told
        if this in {source, target}:
            yield Copy(
                source,
                GROUP.name,
                location(there) if there else None,
                target,
                subscription_of(target),
                caused_by=target,
                evidence=Evidence(GROUPS, "managedInstancePairs, partnerRegions", f"{target}, {told}"),
                part="groups",
            )


SERVICE = Service(
    name="sql",
    client="sql",
    scope="global",
    listings=(Listing("instances", of_type(INSTANCES), read, identify, PARTS),),
    types=(INSTANCE,),
    channels=(BACKUP, GEO_BACKUP, GROUP),
    needs={action: (action,) for action in (GROUPS, DATABASES, LABELS)},
    blind_to=(
        "The link of an instance with an SQL Server elsewhere, which copies databases either way, is not asked yet.",
        "The databases of an instance are not told apart: what one of them holds is said of the instance.",
    ),
    swept=(swept(INSTANCES, f"{CURRENT} {REQUESTED} storageAccountType keyId"),),
)
