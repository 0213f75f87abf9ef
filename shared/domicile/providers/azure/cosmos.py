"""Azure Cosmos DB: each account in all of its regions, which are not the one that its own location names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import Cell, Channel, Copy, Resource, ResourceType
from domicile.providers.azure.ids import canonical, location
from domicile.providers.azure.redundancy import backups, paired_backups
from domicile.providers.azure.rows import evidence, identify, of_type, resource, swept
from domicile.providers.service import Listing, Service

ACCOUNTS = "microsoft.documentdb/databaseaccounts"
PROPERTIES = "locations readLocations writeLocations backupPolicy keyVaultKeyUri"

ACCOUNT = ResourceType("azure.cosmos.account", "primary")

REGION = Channel(
    "azure-cosmos-region",
    "replica",
    "Remove the region from the account; Azure then deletes the data there.",
    implied=True,
    continuous=True,
)
BACKUP = Channel(
    "azure-cosmos-backup",
    "backup",
    "Azure always backs an account up where it is; remove the region from the account.",
    implied=True,
    continuous=True,
)
GEO_BACKUP = Channel(
    "azure-cosmos-geo-backup",
    "backup",
    "Set the backup storage redundancy of the account to Local or Zone, or turn to continuous backup.",
    implied=True,
    continuous=True,
)


def read(row: dict[str, Any], _: Mapping[str, dict[str, Any] | None], __: Cell) -> Iterator[Resource | Copy]:
    properties, this = row.get("properties", {}), canonical(row["id"])
    places = regions(properties)
    home = places[0] if places else ""
    key = properties.get("keyVaultKeyUri", "")
    # Where an account's record was made says nothing: without its regions nobody knows where its data is.
    yield resource(row, ACCOUNT, location(home), cmk=True if key else None, key=key)
    for place in places[1:]:
        proof = evidence(ACCOUNTS, "locations", place)
        yield Copy(this, REGION.name, location(place), caused_by=this, evidence=proof)

    policy = properties.get("backupPolicy", {})
    proof = evidence(ACCOUNTS, "backupPolicy.type", policy.get("type", ""))
    if policy.get("type") == "Continuous":
        # Such backups are taken in every region, and leave none.
        for place in places:
            yield backups(row, place, BACKUP, proof)
        return
    if home:
        yield backups(row, home, BACKUP, proof)
    said = policy.get("periodicModeProperties", {}).get("backupStorageRedundancy") or ""
    proof = evidence(ACCOUNTS, "backupPolicy.periodicModeProperties.backupStorageRedundancy", said)
    yield from paired_backups(row, home, (said,), GEO_BACKUP, proof)


def regions(properties: Mapping[str, Any]) -> list[str]:
    """The regions of an account, the one first that is written to, or that is written to before the others."""
    lists = (properties.get(name) or () for name in ("locations", "writeLocations", "readLocations"))
    listed = sorted((one for some in lists for one in some), key=lambda one: one.get("failoverPriority", 0))
    return list(dict.fromkeys(location(one["locationName"]).region for one in listed))


SERVICE = Service(
    name="cosmos",
    client="cosmos",
    scope="global",
    listings=(Listing("accounts", of_type(ACCOUNTS), read, identify),),
    types=(ACCOUNT,),
    channels=(REGION, BACKUP, GEO_BACKUP),
    needs={},
    blind_to=(
        "How fresh the backups of an account are is not told.",
        "Backups that were taken before an account's redundancy or first region was changed stay where they were.",
        "Analytical stores, mirrors in Fabric and readers of the change feed copy data that the account does not show.",
    ),
    swept=(swept(ACCOUNTS, PROPERTIES),),
)
