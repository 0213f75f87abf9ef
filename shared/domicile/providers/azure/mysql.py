"""Azure Database for MySQL: each server, its replicas and its backups at home and in the paired region."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import Cell, Channel, Copy, Resource, ResourceType
from domicile.providers.azure.flexible_servers import PROPERTIES, Words, read_server
from domicile.providers.azure.rows import identify, of_type, swept
from domicile.providers.service import Listing, Service

SERVERS = "microsoft.dbformysql/flexibleservers"

SERVER = ResourceType("azure.mysql.server", "primary")

BACKUP = Channel(
    "azure-mysql-backup",
    "backup",
    "Azure always backs a server up where it is; shorten the retention, or move the server.",
    implied=True,
    continuous=True,
)
GEO_BACKUP = Channel(
    "azure-mysql-geo-backup",
    "backup",
    "Restore the server into a new one without geo-redundant backup: it is chosen when a server is made.",
    implied=True,
    continuous=True,
)
REPLICA = Channel(
    "azure-mysql-replica",
    "replica",
    "Delete the replica; promoting it or stopping the replication leaves a full copy there.",
    continuous=True,
)
WORDS = Words(SERVERS, SERVER, BACKUP, GEO_BACKUP, REPLICA)


def read(row: dict[str, Any], _: Mapping[str, dict[str, Any] | None], __: Cell) -> Iterator[Resource | Copy]:
    yield from read_server(row, WORDS)


SERVICE = Service(
    name="mysql",
    client="mysql",
    scope="global",
    listings=(Listing("servers", of_type(SERVERS), read, identify),),
    types=(SERVER,),
    channels=(BACKUP, GEO_BACKUP, REPLICA),
    needs={},
    blind_to=(
        "How fresh the automatic backups of a server are is not told.",
        "A server that was deleted can be restored for five days; it is in no listing.",
        "Replication that is set up inside of the databases, and servers elsewhere that follow by it, cannot be seen.",
    ),
    swept=(swept(SERVERS, PROPERTIES),),
)
