"""Azure Managed Redis and Redis Enterprise: clusters, and those in other regions that they share a database with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import Cell, Channel, Copy, Evidence, Resource, ResourceType
from domicile.providers.azure.ids import canonical, location, parent_of, subscription_of
from domicile.providers.azure.rows import identify, of_type, resource, swept
from domicile.providers.service import Cloud, Listing, Part, Service

CLUSTERS = "microsoft.cache/redisenterprise"
DATABASES = "Microsoft.Cache/redisEnterprise/databases/read"
VERSION = "2024-10-01"

CLUSTER = ResourceType("azure.redis.cluster", "cache")

ACTIVE = Channel(
    "azure-redis-active-geo-replication",
    "replica",
    "Unlink the database of the other region from the group of active geo-replication, then delete it.",
    relation="peer",
    continuous=True,
)


def databases(cloud: Cloud, cluster: dict[str, Any]) -> dict[str, Any]:
    pages = cloud.pages(DATABASES, path=f"{cluster['id']}/databases", version=VERSION)
    return {"value": [one for page in pages for one in page["value"]]}


def read(cluster: dict[str, Any], parts: Mapping[str, dict[str, Any] | None], _: Cell) -> Iterator[Resource | Copy]:
    this = canonical(cluster["id"])
    encryption = cluster.get("properties", {}).get("encryption")
    key = ((encryption or {}).get("customerManagedKeyEncryption") or {}).get("keyEncryptionKeyUrl", "")
    cmk = None if encryption is None else bool(key)
    yield resource(cluster, CLUSTER, location(cluster["location"]), cmk=cmk, key=key)
    for database in (parts.get("databases") or {}).get("value", ()):
        group = database["properties"].get("geoReplication") or {}
        # A group lists all its members, this one among them. Where they lie is told by themselves.
        for member in group.get("linkedDatabases") or ():
            other = parent_of(member["id"])
            if other != this:
                yield Copy(
                    this,
                    ACTIVE.name,
                    id=other,
                    account=subscription_of(other),
                    caused_by=canonical(database["id"]),
                    evidence=Evidence(DATABASES, "geoReplication.linkedDatabases", member["id"]),
                    part="databases",
                )


SERVICE = Service(
    name="redis",
    client="redis",
    scope="global",
    listings=(Listing("clusters", of_type(CLUSTERS), read, identify, (Part("databases", databases),)),),
    types=(CLUSTER,),
    channels=(ACTIVE,),
    needs={DATABASES: (DATABASES,)},
    blind_to=("To which storage accounts a database is exported, by hand or by a program, is not told.",),
    swept=(swept(CLUSTERS, "encryption"),),
)
