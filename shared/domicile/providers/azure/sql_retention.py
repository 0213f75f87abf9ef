"""Long-term backups of Azure SQL: they are kept for up to ten years, whatever became of database and server."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from domicile.model import Cell, Channel, Copy, Evidence, Resource, ResourceType
from domicile.providers.azure import registered
from domicile.providers.azure.ids import canonical, location, parent_of, subscription_of
from domicile.providers.azure.redundancy import paired_backups
from domicile.providers.azure.rows import identify, moment, of_type, resource, swept
from domicile.providers.service import Cloud, Listing, Service

SERVERS, INSTANCES = "microsoft.sql/servers", "microsoft.sql/managedinstances"
OF_SERVERS = "Microsoft.Sql/locations/longTermRetentionBackups/read"
OF_INSTANCES = "Microsoft.Sql/locations/longTermRetentionManagedInstanceBackups/read"
VERSION = "2021-11-01"

BACKUP = ResourceType("azure.sql.long-term-backup", "backup", rotates=True)

KEPT = Channel(
    "azure-sql-long-term-retention",
    "backup",
    "Delete the long-term backups; ending the policy, the database or the server leaves those that were made.",
    rotates=True,
)
GEO = Channel(
    "azure-sql-long-term-geo-backup",
    "backup",
    "Delete the long-term backups that are geo-redundant; another redundancy holds only for those made later.",
    implied=True,
)


def kept_of(action: str, holders: str) -> Callable[[Cloud], Iterator[dict[str, Any]]]:
    """All backups, with the server or instance that they are of as `holder`, if it is still there. They are asked for
    in every region: the server may have been the last thing that a subscription had there."""
    kind = f"locations/{action.split('/')[2]}"

    def find(cloud: Cloud) -> Iterator[dict[str, Any]]:
        rows = list(of_type(holders)(cloud))
        there = {(row["name"].lower(), location(row["location"]).region): canonical(row["id"]) for row in rows}
        pairs: dict[str, str] = next((row["pairs"] for row in rows if "pairs" in row), {})
        for region in registered.regions(cloud, "Microsoft.Sql", kind, holders.partition("/")[2]):
            code = location(region).region
            path = f"/subscriptions/{{subscription}}/providers/Microsoft.Sql/{kind.replace('/', f'/{code}/')}"
            for page in cloud.pages(action, path=path, version=VERSION, databaseState="All"):
                for backup in page["value"]:
                    about = backup["properties"]
                    name = (about.get("serverName") or about.get("managedInstanceName") or "").lower()
                    yield {**backup, "region": code, "holder": there.get((name, code), ""), "pairs": pairs}

    return find


def read(backup: dict[str, Any], _: Mapping[str, dict[str, Any] | None], __: Cell) -> Iterator[Resource | Copy]:
    this, about = canonical(backup["id"]), backup["properties"]
    made, ends = moment(about.get("backupTime")), moment(about.get("backupExpirationTime"))
    of, here = source(backup), location(backup["region"])
    yield resource(
        {**backup, "name": about["databaseName"]},
        BACKUP,
        here,
        created_at=made,
        retention_days=(ends - made).days if made and ends else None,
        taken_of=parent_of(this),
    )
    asked = OF_INSTANCES if "managedInstanceName" in about else OF_SERVERS
    proof = Evidence(asked, "backupTime", str(about.get("backupTime")))
    yield Copy(of, KEPT.name, here, this, subscription_of(this), evidence=proof)
    # What was asked for holds for backups to come; each keeps the redundancy that it was made with.
    said = about.get("backupStorageRedundancy") or ""
    proof = Evidence(asked, "backupStorageRedundancy", said)
    yield from paired_backups({"id": of, "pairs": backup["pairs"]}, backup["region"], (said,), GEO, proof)


def source(backup: dict[str, Any]) -> str:
    """What a backup is of: the instance, or the database on the server, that is still there, and otherwise what the
    backups of one database have in common. A database that took the name of a deleted one is not the same."""
    about = backup["properties"]
    if backup["holder"] and "managedInstanceName" in about:
        return str(backup["holder"])
    if backup["holder"] and not about.get("databaseDeletionTime"):
        return f"{backup['holder']}/databases/{about['databaseName'].lower()}"
    return parent_of(backup["id"])


SERVICE = Service(
    name="sql",
    client="sql",
    scope="global",
    listings=(
        Listing("long-term-backups", kept_of(OF_SERVERS, SERVERS), read, identify),
        Listing("instance-long-term-backups", kept_of(OF_INSTANCES, INSTANCES), read, identify),
    ),
    types=(BACKUP,),
    channels=(KEPT, GEO),
    needs={
        registered.ACTION: (registered.ACTION,),
        OF_SERVERS: (OF_SERVERS,),
        OF_INSTANCES: (OF_INSTANCES,),
    },
    blind_to=("The classes of a database that is gone cannot be read from its long-term backups: they have no tags.",),
    swept=(swept(SERVERS), swept(INSTANCES)),
)
