"""Snapshots of Redshift clusters: those taken where the cluster is, and those copied in from another region."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import NEVER_EXPIRES, Cell, Channel, Copy, Evidence, Location, Resource, ResourceType
from domicile.providers.aws.arn import arn
from domicile.providers.service import Cloud, Listing, Service

SNAPSHOT = ResourceType("aws.redshift.snapshot", "snapshot", rotates=True)

TAKEN = Channel("redshift-snapshot", "snapshot", "Delete the snapshots, and stop what takes them.", rotates=True)
AUTOMATED = Channel(
    "redshift-automated-snapshot",
    "backup",
    "Shorten or switch off the automated snapshots of the cluster.",
    rotates=True,
)
COPIED = Channel(
    "redshift-snapshot-copy",
    "backup",
    "Disable the cross-region snapshot copy of the cluster, then delete the copied snapshots.",
    rotates=True,
)


def find(cloud: Cloud) -> Iterator[dict[str, Any]]:
    for page in cloud.pages("describe_cluster_snapshots", MaxRecords=100):
        yield from page["Snapshots"]


def identify(snapshot: dict[str, Any], cell: Cell) -> str:
    name = f"snapshot:{snapshot['ClusterIdentifier']}/{snapshot['SnapshotIdentifier']}"
    return snapshot.get("SnapshotArn") or arn("redshift", cell.region, cell.account, name)


def read(snapshot: dict[str, Any], _: Mapping[str, dict[str, Any] | None], cell: Cell) -> Iterator[Resource | Copy]:
    if snapshot.get("Status") == "failed":
        return
    this, here = identify(snapshot, cell), Location("aws", cell.region)
    away = snapshot.get("SourceRegion", "")
    automated = snapshot.get("SnapshotType") == "automated"
    cluster = arn("redshift", away or cell.region, cell.account, f"cluster:{snapshot['ClusterIdentifier']}")
    yield Resource(
        this,
        SNAPSHOT.name,
        snapshot["SnapshotIdentifier"],
        cell.account,
        here,
        tags={tag["Key"]: tag.get("Value", "") for tag in snapshot.get("Tags", ())},
        created_at=None if snapshot.get("Status") == "creating" else snapshot.get("SnapshotCreateTime"),
        retention_days=None if automated else _kept(snapshot.get("ManualSnapshotRetentionPeriod")),
        cmk=None if snapshot.get("Encrypted", True) else False,
        key=snapshot.get("KmsKeyId", ""),
        taken_of=cluster,
    )
    channel = COPIED if away else AUTOMATED if automated else TAKEN
    evidence = Evidence("redshift:DescribeClusterSnapshots", "SourceRegion" if away else "ClusterIdentifier", cluster)
    yield Copy(cluster, channel.name, here, this, cell.account, caused_by=cluster, evidence=evidence)


def _kept(days: int | None) -> int | None:
    return NEVER_EXPIRES if days == -1 else days


SERVICE = Service(
    name="redshift",
    client="redshift",
    scope="regional",
    listings=(Listing("snapshots", find, read, identify),),
    types=(SNAPSHOT,),
    channels=(TAKEN, AUTOMATED, COPIED),
    needs={"describe_cluster_snapshots": ("redshift:DescribeClusterSnapshots",)},
    blind_to=(
        "What accounts that may restore from a snapshot made of it cannot be seen.",
        "A snapshot copied within its region looks like one that was taken there.",
    ),
)
