"""Azure container registries, and the regions they are replicated to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import Cell, Channel, Copy, Resource, ResourceType
from domicile.providers.azure.ids import canonical, location, parent_of, subscription_of
from domicile.providers.azure.rows import evidence, identify, of_type, resource, shown, swept
from domicile.providers.service import Cloud, Listing, Service

REGISTRIES = "microsoft.containerregistry/registries"
REPLICATIONS = "microsoft.containerregistry/registries/replications"

REGISTRY = ResourceType("azure.containerregistry.registry", "primary")
REPLICA = ResourceType("azure.containerregistry.replica", "replica")

REPLICATED = Channel(
    "azure-registry-replication",
    "replica",
    "Delete the registry's replication to the region; closing its endpoint leaves the images there.",
    relation="peer",
    continuous=True,
)


def read(row: dict[str, Any], _: Mapping[str, dict[str, Any] | None], __: Cell) -> Iterator[Resource | Copy]:
    encryption = row.get("properties", {}).get("encryption") or {}
    status = encryption.get("status")
    yield resource(
        row,
        REGISTRY,
        location(row["location"]),
        cmk=status.lower() == "enabled" if status else None,
        key=(encryption.get("keyVaultProperties") or {}).get("keyIdentifier") or "",
    )


def find_replications(cloud: Cloud) -> Iterator[dict[str, Any]]:
    """Those to other regions: the registry's own region is listed among them."""
    registries = shown(cloud, REGISTRIES)
    for row in of_type(REPLICATIONS)(cloud):
        registry = registries.get(parent_of(row["id"]))
        if registry is not None and location(registry.get("location", "")) != location(row["location"]):
            yield row
    registries.require_whole()


def read_replication(
    row: dict[str, Any], _: Mapping[str, dict[str, Any] | None], __: Cell
) -> Iterator[Resource | Copy]:
    this, registry, there = canonical(row["id"]), parent_of(row["id"]), location(row["location"])
    yield resource({**row, "name": f"{registry.rpartition('/')[2]}/{row['name']}"}, REPLICA, there)
    # All of the registry is there whether or not its endpoint in the region is open.
    proof = evidence(REPLICATIONS, "location", row["location"])
    yield Copy(registry, REPLICATED.name, there, this, subscription_of(this), caused_by=this, evidence=proof)


SERVICE = Service(
    name="containerregistry",
    client="containerregistry",
    scope="global",
    listings=(
        Listing("registries", of_type(REGISTRIES), read, identify),
        Listing("replications", find_replications, read_replication, identify),
    ),
    types=(REGISTRY, REPLICA),
    channels=(REPLICATED,),
    needs={},
    blind_to=(
        "Connected registries on premises, and what export pipelines and tasks copy elsewhere, are not asked.",
        "What others pulled or imported from a registry is not told.",
    ),
    swept=(swept(REGISTRIES, "encryption creationDate"), swept(REPLICATIONS)),
)
