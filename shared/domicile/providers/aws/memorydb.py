"""Amazon MemoryDB: each cluster, and the clusters in other regions that it writes with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import Cell, Channel, Copy, Evidence, Location, Resource, ResourceType
from domicile.providers.aws.arn import account_of, region_of
from domicile.providers.service import Cloud, Listing, Part, Service

CLUSTER = ResourceType("aws.memorydb.cluster", "primary", tags_look="tags.resources")

PEER = Channel(
    "memorydb-multi-region",
    "replica",
    "Delete the cluster in that region; the others of the multi-region cluster stay.",
    relation="peer",
    continuous=True,
)


def find(cloud: Cloud) -> Iterator[dict[str, Any]]:
    for page in cloud.pages("describe_clusters", MaxResults=100):
        yield from page["Clusters"]


def members(cloud: Cloud, cluster: dict[str, Any]) -> dict[str, Any]:
    named = cluster["MultiRegionClusterName"]
    return cloud.call("describe_multi_region_clusters", MultiRegionClusterName=named, ShowClusterDetails=True)


def is_member(cluster: dict[str, Any]) -> bool:
    return bool(cluster.get("MultiRegionClusterName"))


def identify(cluster: dict[str, Any], _: Cell) -> str:
    name: str = cluster["ARN"]
    return name


def read(cluster: dict[str, Any], parts: Mapping[str, dict[str, Any] | None], cell: Cell) -> Iterator[Resource | Copy]:
    this = identify(cluster, cell)
    yield Resource(
        this, CLUSTER.name, cluster["Name"], cell.account, Location("aws", cell.region), key=cluster.get("KmsKeyId", "")
    )
    # Every member tells of all, also of those in regions that nobody looks into.
    for whole in (parts.get("members") or {}).get("MultiRegionClusters", ()):
        for name in sorted({one["ARN"] for one in whole.get("Clusters", ()) if one.get("ARN")} - {this}):
            yield Copy(
                of=this,
                channel=PEER.name,
                location=Location("aws", region_of(name)),
                id=name,
                account=account_of(name),
                caused_by=whole.get("ARN", this),
                evidence=Evidence("memorydb:DescribeMultiRegionClusters", "Clusters.ARN", name),
                part="members",
            )


SERVICE = Service(
    name="memorydb",
    client="memorydb",
    scope="regional",
    listings=(Listing("clusters", find, read, identify, parts=(Part("members", members, applies=is_member),)),),
    types=(CLUSTER,),
    channels=(PEER,),
    needs={
        "describe_clusters": ("memorydb:DescribeClusters",),
        "describe_multi_region_clusters": ("memorydb:DescribeMultiRegionClusters",),
    },
    blind_to=("Snapshots, which stay in the region of their cluster, and what was exported from them are not asked.",),
    hides=frozenset({"snapshot", "backup", "export"}),
)
