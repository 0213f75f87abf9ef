"""Amazon MSK: each Kafka cluster, and the clusters that replicators copy its topics to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import Cell, Channel, Copy, Evidence, Location, Resource, ResourceType
from domicile.providers.aws.arn import account_of, region_of
from domicile.providers.service import Cloud, Listing, Service

CLUSTER = ResourceType("aws.kafka.cluster", "primary")

REPLICATOR = Channel(
    "msk-replicator",
    "replica",
    "Delete the replicator, then the topics that it wrote in the target cluster: they stay there.",
    continuous=True,
    shares=True,
)
OUTWARD = Channel(
    "msk-replicator-outward",
    "replica",
    "Delete the replicator, then the topics that it wrote in the Kafka cluster outside of MSK: they stay there.",
    implied=True,
)


def find(cloud: Cloud) -> Iterator[dict[str, Any]]:
    for page in cloud.pages("list_clusters_v2", MaxResults=100):
        yield from page["ClusterInfoList"]


def find_replicators(cloud: Cloud) -> Iterator[dict[str, Any]]:
    for page in cloud.pages("list_replicators", MaxResults=100):
        yield from page["Replicators"]


def identify(cluster: dict[str, Any], _: Cell) -> str:
    name: str = cluster["ClusterArn"]
    return name


def identify_replicator(replicator: dict[str, Any], _: Cell) -> str:
    name: str = replicator["ReplicatorArn"]
    return name


def read(cluster: dict[str, Any], _: Mapping[str, dict[str, Any] | None], cell: Cell) -> Iterator[Resource]:
    encryption = cluster.get("Provisioned", {}).get("EncryptionInfo", {}).get("EncryptionAtRest", {})
    yield Resource(
        identify(cluster, cell),
        CLUSTER.name,
        cluster["ClusterName"],
        cell.account,
        Location("aws", cell.region),
        tags=cluster.get("Tags", {}),
        created_at=cluster.get("CreationTime"),
        key=encryption.get("DataVolumeKMSKeyId", ""),
    )


def read_replicator(replicator: dict[str, Any], _: Mapping[str, dict[str, Any] | None], cell: Cell) -> Iterator[Copy]:
    cause = identify_replicator(replicator, cell)
    clusters = {one["KafkaClusterAlias"]: one for one in replicator.get("KafkaClustersSummary", ())}
    # Failed or on its way out, it has copied topics all the same. Which, is chosen by name: hardly ever all.
    for flow in replicator.get("ReplicationInfoSummaryList", ()):
        source = _cluster(clusters.get(flow["SourceKafkaClusterAlias"], {}))
        target = _cluster(clusters.get(flow["TargetKafkaClusterAlias"], {}))
        told = Evidence(
            "kafka:ListReplicators", "ReplicationInfoSummaryList", target or flow["TargetKafkaClusterAlias"]
        )
        # What comes in from a cluster outside of MSK is a copy of nothing that can be looked at.
        if source and target:
            there = Location("aws", region_of(target))
            yield Copy(source, REPLICATOR.name, there, target, account_of(target), cause, told, partial=True)
        elif source:
            yield Copy(source, OUTWARD.name, caused_by=cause, evidence=told, partial=True)


def _cluster(one: Mapping[str, Any]) -> str:
    name: str = one.get("AmazonMskCluster", {}).get("MskClusterArn", "")
    return name


SERVICE = Service(
    name="kafka",
    client="kafka",
    scope="regional",
    listings=(
        Listing("clusters", find, read, identify),
        Listing("replicators", find_replicators, read_replicator, identify_replicator),
    ),
    types=(CLUSTER,),
    channels=(REPLICATOR, OUTWARD),
    needs={
        "list_clusters_v2": ("kafka:ListClustersV2",),
        "list_replicators": ("kafka:ListReplicators",),
    },
    blind_to=(
        "Which topics a replicator copies is not asked; what MirrorMaker, connectors and consumers copy is not told.",
        "A Kafka cluster outside of MSK that a replicator writes to is told without its place.",
        "Where the logs of brokers go is not asked: they hold no records of topics.",
    ),
    hides=frozenset({"replica"}),
)
