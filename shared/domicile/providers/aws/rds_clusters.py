"""Database clusters (Aurora, Multi-AZ, DocumentDB, Neptune), their replica clusters and global databases."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import Cell, Channel, Copy, Evidence, Location, Resource, ResourceType
from domicile.providers.aws.arn import account_of, in_full, region_of
from domicile.providers.service import Cloud, Listing, Part, Service

CLUSTER = ResourceType("aws.rds.cluster", "primary")
DOCUMENTDB = ResourceType("aws.docdb.cluster", "primary")
NEPTUNE = ResourceType("aws.neptune.cluster", "primary")
BY_ENGINE = {"docdb": DOCUMENTDB, "neptune": NEPTUNE}

CLUSTER_REPLICA = Channel(
    "aurora-replica",
    "replica",
    "Delete the replica cluster; promoting it leaves a full copy there.",
    continuous=True,
)
GLOBAL_DATABASE = Channel(
    "aurora-global-database",
    "replica",
    "Remove the secondary cluster from the global database and delete it: removed only, it stays a full copy.",
    continuous=True,
)


def find(cloud: Cloud) -> Iterator[dict[str, Any]]:
    for page in cloud.pages("describe_db_clusters", MaxRecords=100):
        yield from page["DBClusters"]


def global_database(cloud: Cloud, cluster: dict[str, Any]) -> dict[str, Any]:
    """Asked about members of a global database only: most regions of most accounts have none."""
    name = cluster.get("GlobalClusterIdentifier")
    return cloud.call("describe_global_clusters", GlobalClusterIdentifier=name) if name else {}


def identify(cluster: dict[str, Any], _: Cell) -> str:
    name: str = cluster["DBClusterArn"]
    return name


def read(cluster: dict[str, Any], parts: Mapping[str, dict[str, Any] | None], cell: Cell) -> Iterator[Resource | Copy]:
    this = cluster["DBClusterArn"]
    here = Location("aws", cell.region)
    yield Resource(
        this,
        BY_ENGINE.get(cluster.get("Engine", ""), CLUSTER).name,
        cluster["DBClusterIdentifier"],
        cell.account,
        here,
        tags={tag["Key"]: tag.get("Value", "") for tag in cluster.get("TagList", ())},
        created_at=cluster.get("ClusterCreateTime"),
        cmk=None if cluster.get("StorageEncrypted", True) else False,
        key=cluster.get("KmsKeyId", ""),
    )

    members = [
        member
        for database in (parts.get("global") or {}).get("GlobalClusters", ())
        for member in database.get("GlobalClusterMembers", ())
        if member.get("DBClusterArn")
    ]
    # While a global database fails over none of its members is the writer.
    writer = next((member for member in members if member.get("IsWriter")), members[0] if members else {})
    names = {member["DBClusterArn"] for member in members}.union(writer.get("Readers", ()))
    # Every member tells of all, also of those in regions that nobody looks into.
    for reader in sorted(names - {writer.get("DBClusterArn"), ""}):
        evidence = Evidence("rds:DescribeGlobalClusters", "GlobalClusterMembers.DBClusterArn", reader)
        yield _copy(writer["DBClusterArn"], reader, GLOBAL_DATABASE, evidence, part="global")
    if members:
        return

    if source := cluster.get("ReplicationSourceIdentifier"):
        source = in_full(source, "rds", "cluster", cell.region, cell.account)
        evidence = Evidence("rds:DescribeDBClusters", "ReplicationSourceIdentifier", source)
        yield _copy(source, this, CLUSTER_REPLICA, evidence)
    for name in cluster.get("ReadReplicaIdentifiers", ()):
        # Instances that repeat a cluster are short names here, and tell of it themselves.
        if ":cluster:" in name:
            evidence = Evidence("rds:DescribeDBClusters", "ReadReplicaIdentifiers", name)
            yield _copy(this, name, CLUSTER_REPLICA, evidence)


def _copy(source: str, holder: str, channel: Channel, evidence: Evidence, part: str = "") -> Copy:
    there = Location("aws", region_of(holder))
    account = account_of(holder)
    return Copy(source, channel.name, there, holder, account, caused_by=holder, evidence=evidence, part=part)


SERVICE = Service(
    name="rds",
    client="rds",
    scope="regional",
    listings=(Listing("clusters", find, read, identify, parts=(Part("global", global_database),)),),
    types=(CLUSTER, DOCUMENTDB, NEPTUNE),
    channels=(CLUSTER_REPLICA, GLOBAL_DATABASE),
    needs={
        "describe_db_clusters": ("rds:DescribeDBClusters",),
        "describe_global_clusters": ("rds:DescribeGlobalClusters",),
    },
    blind_to=("Which cluster another was cloned from is not told.",),
)
