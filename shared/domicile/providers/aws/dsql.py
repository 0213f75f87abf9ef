"""Amazon Aurora DSQL: each cluster, the clusters in other regions that write with it, and the region that witnesses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import Cell, Channel, Copy, Evidence, Location, Resource, ResourceType
from domicile.providers.aws.arn import account_of, region_of
from domicile.providers.service import Cloud, Listing, Part, Service

CLUSTER = ResourceType("aws.dsql.cluster", "primary", tags_look="tags.resources")

PEER = Channel(
    "dsql-multi-region",
    "replica",
    "Delete the cluster in that region; the clusters that it is linked with stay.",
    relation="peer",
    continuous=True,
)
WITNESS = Channel(
    "dsql-witness",
    "replica",
    "Make the clusters anew, with a witness in an allowed region: it cannot be changed.",
    implied=True,
)
OWNED_BY_AWS, OF_THE_CUSTOMER = "AWS_OWNED_KMS_KEY", "CUSTOMER_MANAGED_KMS_KEY"


def find(cloud: Cloud) -> Iterator[dict[str, Any]]:
    for page in cloud.pages("list_clusters", maxResults=100):
        yield from page["clusters"]


def cluster(cloud: Cloud, listed: dict[str, Any]) -> dict[str, Any]:
    return cloud.call("get_cluster", identifier=listed["identifier"])


def identify(listed: dict[str, Any], _: Cell) -> str:
    name: str = listed["arn"]
    return name


def read(listed: dict[str, Any], parts: Mapping[str, dict[str, Any] | None], cell: Cell) -> Iterator[Resource | Copy]:
    this, told = identify(listed, cell), parts.get("cluster") or {}
    encryption = told.get("encryptionDetails", {})
    yield Resource(
        this,
        CLUSTER.name,
        listed["identifier"],
        cell.account,
        Location("aws", cell.region),
        created_at=told.get("creationTime"),
        cmk={OWNED_BY_AWS: False, OF_THE_CUSTOMER: True}.get(encryption.get("encryptionType", "")),
        key=encryption.get("kmsKeyArn", ""),
    )
    linked = told.get("multiRegionProperties", {})
    for name in sorted({*linked.get("clusters", ())} - {this}):
        evidence = Evidence("dsql:GetCluster", "multiRegionProperties.clusters", name)
        yield Copy(
            this,
            PEER.name,
            Location("aws", region_of(name)),
            name,
            account_of(name),
            this,
            evidence=evidence,
            part="cluster",
        )
    # A witness answers nobody, yet it keeps the log of what is written. All clusters tell of the one they have.
    if region := linked.get("witnessRegion"):
        first = min({this, *linked.get("clusters", ())})
        evidence = Evidence("dsql:GetCluster", "multiRegionProperties.witnessRegion", region)
        there = Location("aws", region)
        yield Copy(first, WITNESS.name, there, account=cell.account, caused_by=first, evidence=evidence, part="cluster")


SERVICE = Service(
    name="dsql",
    client="dsql",
    scope="regional",
    listings=(Listing("clusters", find, read, identify, parts=(Part("cluster", cluster),)),),
    types=(CLUSTER,),
    channels=(PEER, WITNESS),
    needs={"list_clusters": ("dsql:ListClusters",), "get_cluster": ("dsql:GetCluster",)},
    blind_to=("Where streams of the changes of a cluster go to is not asked.",),
)
