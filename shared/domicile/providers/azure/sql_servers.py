"""Servers of Azure SQL Database: the links and failover groups by which their databases are replicated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import Cell, Channel, Copy, Evidence, Location
from domicile.providers.azure.ids import bare, canonical, location, parent_of, subscription_of
from domicile.providers.azure.rows import identify, of_type, shown, swept
from domicile.providers.service import Cloud, Listing, Part, Service

DATABASES, SERVERS = "microsoft.sql/servers/databases", "microsoft.sql/servers"
LINKS = "Microsoft.Sql/servers/replicationLinks/read"
GROUPS = "Microsoft.Sql/servers/failoverGroups/read"
VERSION = "2023-08-01"

REPLICA = Channel(
    "azure-sql-geo-replication",
    "replica",
    "Stop the geo-replication of the database, then delete the secondary: stopped, it is a full copy of its own.",
    continuous=True,
)
GROUP = Channel(
    "azure-sql-failover-group",
    "replica",
    "Take the database out of the failover group, then delete it on the partner: it stays there as a full copy.",
    continuous=True,
)


def find(cloud: Cloud) -> Iterator[dict[str, Any]]:
    """All servers, with whether there may be any data on them: without it there is nothing to be replicated."""
    databases = shown(cloud, DATABASES)
    filled = {parent_of(name) for name in databases.rows if not name.endswith("/databases/master")}
    for row in of_type(SERVERS)(cloud):
        yield {**row, "filled": canonical(row["id"]) in filled or databases.refusal is not None}
    databases.require_whole()


def links(cloud: Cloud, row: dict[str, Any]) -> dict[str, Any]:
    path = f"{row['id']}/replicationLinks"
    return {"value": [one for page in cloud.pages(LINKS, path=path, version=VERSION) for one in page["value"]]}


def groups(cloud: Cloud, row: dict[str, Any]) -> dict[str, Any]:
    path = f"{row['id']}/failoverGroups"
    return {"value": [one for page in cloud.pages(GROUPS, path=path, version=VERSION) for one in page["value"]]}


PARTS = tuple(
    Part(name, ask, applies=lambda row: row["filled"]) for name, ask in (("links", links), ("groups", groups))
)


def read(row: dict[str, Any], parts: Mapping[str, dict[str, Any] | None], _: Cell) -> Iterator[Copy]:
    for link in (parts.get("links") or {}).get("value", ()):
        yield _linked(row, canonical(link["id"]), link["properties"])
    for group in (parts.get("groups") or {}).get("value", ()):
        yield from _grouped(row, canonical(group["id"]), group["properties"])


def _linked(row: dict[str, Any], ident: str, link: dict[str, Any]) -> Copy:
    """Both ends show a link, each from its own side, and say the same by it."""
    here = f"{canonical(row['id'])}/databases/{parent_of(ident).rpartition('/')[2]}"
    # Older versions of the API name the partner alone, and no server's name is there twice in the world.
    partner = bare(f"{SERVERS}/{link.get('partnerServer', '')}/databases/{link.get('partnerDatabase', '')}")
    there = canonical(link.get("partnerDatabaseId") or partner)
    outbound = link.get("role") in {"Primary", "Source"}
    source, target = (here, there) if outbound else (there, here)
    told = link.get("partnerLocation", "")
    said = ", ".join((link.get("role", ""), link.get("partnerServer", ""), told))
    return Copy(
        source,
        REPLICA.name,
        _place(told) if outbound else location(row["location"]),
        target,
        subscription_of(target),
        caused_by=target,
        evidence=Evidence(LINKS, "role, partnerServer, partnerLocation", said),
        part="links",
    )


def _grouped(row: dict[str, Any], ident: str, group: dict[str, Any]) -> Iterator[Copy]:
    """A group is said by its primary: what it holds there is on every partner under the same name."""
    if group.get("replicationRole") != "Primary":
        return
    for database in group.get("databases", ()):
        name = canonical(database).rpartition("/")[2]
        for partner in group.get("partnerServers", ()):
            target = f"{canonical(partner['id'])}/databases/{name}"
            yield Copy(
                f"{canonical(row['id'])}/databases/{name}",
                GROUP.name,
                _place(partner.get("location", "")),
                target,
                subscription_of(target),
                caused_by=ident,
                evidence=Evidence(GROUPS, "partnerServers.location", partner.get("location", "")),
                part="groups",
            )


def _place(told: str) -> Location | None:
    return location(told) if told else None


SERVICE = Service(
    name="sql",
    client="sql",
    scope="global",
    listings=(Listing("servers", find, read, identify, PARTS),),
    types=(),
    channels=(REPLICA, GROUP),
    needs={LINKS: (LINKS,), GROUPS: (GROUPS,)},
    blind_to=("Data Sync copies tables between databases by an agent of its own; its groups are not asked yet.",),
    swept=(swept(SERVERS), swept(DATABASES)),
)
