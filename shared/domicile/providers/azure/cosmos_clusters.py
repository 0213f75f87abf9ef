"""Clusters of Cosmos DB for MongoDB and of managed Apache Cassandra: no accounts, with words of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import Cell, Channel, Copy, Evidence, Resource, ResourceType
from domicile.providers.azure.ids import canonical, location, subscription_of
from domicile.providers.azure.rows import evidence, identify, of_type, resource, swept
from domicile.providers.service import Cloud, Listing, Part, Service

MONGO, CASSANDRA = "microsoft.documentdb/mongoclusters", "microsoft.documentdb/cassandraclusters"
CENTERS = "Microsoft.DocumentDB/cassandraClusters/dataCenters/read"
VERSION = "2024-05-15"

MONGO_CLUSTER = ResourceType("azure.cosmos.mongo-cluster", "primary")
CASSANDRA_CLUSTER = ResourceType("azure.cosmos.cassandra-cluster", "primary")

REPLICA = Channel(
    "azure-cosmos-mongo-replica",
    "replica",
    "Delete the replica cluster; promoting it leaves a full copy there.",
    continuous=True,
)
CENTER = Channel(
    "azure-cosmos-cassandra-data-center",
    "replica",
    "Take the data center out of all keyspaces, then delete it.",
    implied=True,
    continuous=True,
)


def read_mongo(row: dict[str, Any], _: Mapping[str, dict[str, Any] | None], __: Cell) -> Iterator[Resource | Copy]:
    this, here = canonical(row["id"]), location(row["location"])
    yield resource(row, MONGO_CLUSTER, here)
    replica = row.get("properties", {}).get("replica", {})
    source = replica.get("sourceResourceId", "")
    if source and replica.get("role") != "Primary":
        proof = evidence(MONGO, "replica.sourceResourceId", source)
        account = subscription_of(this)
        yield Copy(canonical(source), REPLICA.name, here, this, account, caused_by=this, evidence=proof)


def centers(cloud: Cloud, row: dict[str, Any]) -> dict[str, Any]:
    path = f"{row['id']}/dataCenters"
    return {"value": [one for page in cloud.pages(CENTERS, path=path, version=VERSION) for one in page["value"]]}


def read_cassandra(
    row: dict[str, Any], parts: Mapping[str, dict[str, Any] | None], _: Cell
) -> Iterator[Resource | Copy]:
    this, here = canonical(row["id"]), location(row["location"])
    yield resource(row, CASSANDRA_CLUSTER, here)
    for center in (parts.get("centers") or {}).get("value", ()):
        told = center["properties"].get("dataCenterLocation") or ""
        there = location(told) if told else None
        if there != here:
            proof = Evidence(CENTERS, "dataCenterLocation", told)
            yield Copy(this, CENTER.name, there, caused_by=canonical(center["id"]), evidence=proof, part="centers")


SERVICE = Service(
    name="cosmos",
    client="cosmos",
    scope="global",
    listings=(
        Listing("mongo-clusters", of_type(MONGO), read_mongo, identify),
        Listing("cassandra-clusters", of_type(CASSANDRA), read_cassandra, identify, (Part("centers", centers),)),
    ),
    types=(MONGO_CLUSTER, CASSANDRA_CLUSTER),
    channels=(REPLICA, CENTER),
    needs={CENTERS: (CENTERS,)},
    blind_to=(
        "In which region the automatic backups of a cluster are kept is not told.",
        "Data centers of Cassandra on machines of your own that joined a cluster cannot be seen.",
        "Which keyspaces of Cassandra are in which of its data centers is not told: all of them are said to be in all.",
    ),
    swept=(swept(MONGO, "replica"), swept(CASSANDRA)),
)
