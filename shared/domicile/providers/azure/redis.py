"""Azure Cache for Redis: caches, and the caches in other regions that they are linked with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import Cell, Channel, Copy, Evidence, Resource, ResourceType
from domicile.providers.azure.ids import canonical, location, subscription_of
from domicile.providers.azure.rows import identify, of_type, resource, swept
from domicile.providers.service import Cloud, Listing, Part, Service

CACHES = "microsoft.cache/redis"
LINKS = "Microsoft.Cache/redis/linkedServers/read"
VERSION = "2024-11-01"

CACHE = ResourceType("azure.redis.cache", "cache")

LINK = Channel(
    "azure-redis-geo-replication",
    "replica",
    "Unlink the two caches, then flush or delete the secondary: unlinking leaves the data there.",
    continuous=True,
)


def links(cloud: Cloud, cache: dict[str, Any]) -> dict[str, Any]:
    pages = cloud.pages(LINKS, path=f"{cache['id']}/linkedServers", version=VERSION)
    return {"value": [one for page in pages for one in page["value"]]}


def can_be_linked(cache: dict[str, Any]) -> bool:
    """Only the Premium tier has links; a cache of which they are not shown may have some."""
    properties = cache.get("properties", {})
    tier = str((properties.get("sku") or {}).get("name", "Premium")).lower()
    return tier == "premium" and bool(properties.get("linkedServers", True))


LINKED = Part("links", links, applies=can_be_linked)


def read(cache: dict[str, Any], parts: Mapping[str, dict[str, Any] | None], _: Cell) -> Iterator[Resource | Copy]:
    this, here = canonical(cache["id"]), location(cache["location"])
    yield resource(cache, CACHE, here)
    for one in (parts.get("links") or {}).get("value", ()):
        link = one["properties"]
        other, role = canonical(link["linkedRedisCacheId"]), link.get("serverRole", "")
        place = link.get("linkedRedisCacheLocation", "")
        proof = Evidence(LINKS, "linkedRedisCacheId, linkedRedisCacheLocation, serverRole", f"{other}, {place}, {role}")
        # The role is that of the other cache. Both ends show the link, and each names the place of the other.
        source, holder, there = this, other, location(place) if place else None
        if role.lower() == "primary":
            source, holder, there = other, this, here
        yield Copy(
            source,
            LINK.name,
            there,
            holder,
            subscription_of(holder),
            caused_by=holder,
            evidence=proof,
            part="links",
        )


SERVICE = Service(
    name="redis",
    client="redis",
    scope="global",
    listings=(Listing("caches", of_type(CACHES), read, identify, (LINKED,)),),
    types=(CACHE,),
    channels=(LINK,),
    needs={LINKS: (LINKS,)},
    blind_to=("The storage account to which a cache is persisted is told only to those who may read its keys.",),
    hides=frozenset({"backup"}),
    swept=(swept(CACHES, "sku linkedServers"),),
)
