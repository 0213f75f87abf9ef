"""Azure SQL Database: each database, with its backups at home and in the paired region."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import Cell, Channel, Copy, Resource, ResourceType
from domicile.providers.azure.ids import location, parent_of
from domicile.providers.azure.redundancy import backups, paired_backups
from domicile.providers.azure.rows import evidence, identify, of_type, resource, shown, swept
from domicile.providers.azure.sql_labels import FOR_TAGS, columns, labelled
from domicile.providers.service import Cloud, Listing, Part, Service

DATABASES, SERVERS = "microsoft.sql/servers/databases", "microsoft.sql/servers"
CURRENT, REQUESTED = "currentBackupStorageRedundancy", "requestedBackupStorageRedundancy"
PROPERTIES = f"{CURRENT} {REQUESTED} defaultSecondaryLocation secondaryType encryptionProtector creationDate status"
LABELS = "Microsoft.Sql/servers/databases/currentSensitivityLabels/read"

DATABASE = ResourceType("azure.sql.database", "primary")

BACKUP = Channel(
    "azure-sql-backup",
    "backup",
    "Azure always backs a database up where it is; shorten the retention, or move the database.",
    implied=True,
    continuous=True,
)
GEO_BACKUP = Channel(
    "azure-sql-geo-backup",
    "backup",
    "Set the backup storage redundancy to Local or Zone; what was copied before stays for its retention.",
    implied=True,
    continuous=True,
)


def find(cloud: Cloud) -> Iterator[dict[str, Any]]:
    """All databases, with the key of their server: it encrypts those that have none of their own."""
    servers = shown(cloud, SERVERS)
    for row in of_type(DATABASES)(cloud):
        server = servers.get(parent_of(row["id"])) or {}
        yield {**row, "key": server.get("properties", {}).get("keyId", "")}
    servers.require_whole()


def is_system(row: Mapping[str, Any]) -> bool:
    """Every server has a database `master`, which holds its logins and nobody's data."""
    return "system" in row.get("kind", "").lower() or row["name"].lower() == "master"


def labels(cloud: Cloud, row: dict[str, Any]) -> dict[str, Any]:
    return {"value": columns(cloud, LABELS, row)}


PARTS = (Part("labels", labels, applies=lambda row: not is_system(row), for_tags=FOR_TAGS),)


def read(row: dict[str, Any], parts: Mapping[str, dict[str, Any] | None], _: Cell) -> Iterator[Resource | Copy]:
    if is_system(row):
        return
    properties, home = row.get("properties", {}), row["location"]
    key = properties.get("encryptionProtector") or row.get("key", "")
    yield resource(labelled(row, parts.get("labels")), DATABASE, location(home), cmk=True if key else None, key=key)
    current = properties.get(CURRENT, "")
    # They differ while a change is under way: then the data is where either says.
    said = current, properties.get(REQUESTED, current)
    proof = evidence(DATABASES, f"{CURRENT}, {REQUESTED}", ", ".join(said))
    # A secondary is backed up only once it is made the primary.
    if not properties.get("secondaryType"):
        yield backups(row, home, BACKUP, proof)
    told = properties.get("defaultSecondaryLocation", "")
    yield from paired_backups(row, home, said, GEO_BACKUP, proof, told=told)


SERVICE = Service(
    name="sql",
    client="sql",
    scope="global",
    listings=(Listing("databases", find, read, identify, PARTS),),
    types=(DATABASE,),
    channels=(BACKUP, GEO_BACKUP),
    needs={LABELS: (LABELS,)},
    blind_to=(
        "How fresh the automatic backups of a database are is not told.",
        "A key that Microsoft manages is not told from one that was not shown.",
        "Labels of columns are read where the organisation file uses them, but not of a database that sleeps.",
        "A database that was deleted can be restored for as long as its backups are kept; it is not asked for yet.",
        "Data that is synchronised, exported or copied by programs is nowhere in the settings of a database.",
    ),
    swept=(swept(DATABASES, PROPERTIES), swept(SERVERS, "keyId")),
)
