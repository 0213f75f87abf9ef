"""Snapshots of database clusters, and the snapshots that were copied from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import Cell, Copy, Resource, ResourceType
from domicile.providers.aws.arn import account_of, arn, region_of
from domicile.providers.aws.rds_snapshots import taken
from domicile.providers.service import Cloud, Listing, Service

SNAPSHOT = ResourceType("aws.rds.cluster-snapshot", "snapshot", rotates=True)


def find(cloud: Cloud) -> Iterator[dict[str, Any]]:
    for page in cloud.pages("describe_db_cluster_snapshots", MaxRecords=100, IncludeShared=False):
        yield from page["DBClusterSnapshots"]


def identify(snapshot: dict[str, Any], _: Cell) -> str:
    name: str = snapshot["DBClusterSnapshotArn"]
    return name


def read(snapshot: dict[str, Any], _: Mapping[str, dict[str, Any] | None], cell: Cell) -> Iterator[Resource | Copy]:
    this = identify(snapshot, cell)
    source = snapshot.get("SourceDBClusterSnapshotArn", "")
    region, account = region_of(source or this), account_of(source or this)
    yield from taken(
        snapshot,
        SNAPSHOT,
        this,
        snapshot["DBClusterSnapshotIdentifier"],
        cell,
        taken_of=arn("rds", region, account, f"cluster:{snapshot['DBClusterIdentifier']}"),
        copied_from=source,
        encrypted=snapshot.get("StorageEncrypted", True),
        asked="rds:DescribeDBClusterSnapshots",
    )


SERVICE = Service(
    name="rds",
    client="rds",
    scope="regional",
    listings=(Listing("cluster-snapshots", find, read, identify),),
    types=(SNAPSHOT,),
    channels=(),
    needs={"describe_db_cluster_snapshots": ("rds:DescribeDBClusterSnapshots",)},
)
