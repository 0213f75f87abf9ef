"""Snapshots and recovery points of Redshift Serverless, those made there and those copied in from another region."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import NEVER_EXPIRES, Cell, Channel, Copy, Evidence, Location, Resource, ResourceType
from domicile.providers.aws.arn import arn, region_of
from domicile.providers.aws.redshift_serverless import OWNED_BY_AWS, key_of
from domicile.providers.service import Cloud, Listing, Service

SNAPSHOT = ResourceType("aws.redshiftserverless.snapshot", "snapshot", rotates=True, tags_look="tags.resources")
POINT = ResourceType("aws.redshiftserverless.recovery-point", "backup", rotates=True)

TAKEN = Channel(
    "redshift-serverless-snapshot",
    "snapshot",
    "Delete the snapshots, and stop what takes them.",
    rotates=True,
)
MADE = Channel(
    "redshift-serverless-recovery-point",
    "backup",
    "Recovery points are made of each namespace and last for a day: have the namespace in an allowed region.",
    rotates=True,
)
COPIED = Channel(
    "redshift-serverless-copy",
    "backup",
    "Delete the snapshot copy configuration of the namespace, then delete the copied snapshots.",
    rotates=True,
)
HOLDS_NOTHING = {"CANCELLED", "DELETED", "FAILED"}


def find(cloud: Cloud) -> Iterator[dict[str, Any]]:
    for page in cloud.pages("list_snapshots", maxResults=100):
        yield from page["snapshots"]


def find_points(cloud: Cloud) -> Iterator[dict[str, Any]]:
    for page in cloud.pages("list_recovery_points", maxResults=100):
        yield from page["recoveryPoints"]


def identify(snapshot: dict[str, Any], _: Cell) -> str:
    name: str = snapshot["snapshotArn"]
    return name


def identify_point(point: dict[str, Any], cell: Cell) -> str:
    return arn("redshift-serverless", cell.region, cell.account, f"recoverypoint/{point['recoveryPointId']}")


def read(snapshot: dict[str, Any], _: Mapping[str, dict[str, Any] | None], cell: Cell) -> Iterator[Resource | Copy]:
    if snapshot.get("status") in HOLDS_NOTHING:
        return
    this, days = identify(snapshot, cell), snapshot.get("snapshotRetentionPeriod")
    yield Resource(
        this,
        SNAPSHOT.name,
        snapshot["snapshotName"],
        cell.account,
        Location("aws", cell.region),
        created_at=None if snapshot.get("status") in ("COPYING", "CREATING") else snapshot.get("snapshotCreateTime"),
        retention_days=NEVER_EXPIRES if days == -1 else days,
        cmk=False if snapshot.get("kmsKeyId") == OWNED_BY_AWS else None,
        key=key_of(snapshot),
        taken_of=snapshot.get("namespaceArn", ""),
    )
    yield from _made(snapshot, TAKEN, this, cell, "redshift-serverless:ListSnapshots")


def read_point(point: dict[str, Any], _: Mapping[str, dict[str, Any] | None], cell: Cell) -> Iterator[Resource | Copy]:
    this, made, of = identify_point(point, cell), point.get("recoveryPointCreateTime"), point.get("namespaceArn", "")
    name, here = point["recoveryPointId"], Location("aws", cell.region)
    yield Resource(this, POINT.name, name, cell.account, here, created_at=made, retention_days=1, taken_of=of)
    yield from _made(point, MADE, this, cell, "redshift-serverless:ListRecoveryPoints")


def _made(one: dict[str, Any], channel: Channel, this: str, cell: Cell, asked: str) -> Iterator[Copy]:
    if not (of := one.get("namespaceArn", "")):
        return
    # Where it was copied from is told by nothing but the name of its namespace.
    name = (channel if region_of(of) == cell.region else COPIED).name
    evidence = Evidence(asked, "namespaceArn", of)
    yield Copy(of, name, Location("aws", cell.region), this, cell.account, caused_by=of, evidence=evidence)


SERVICE = Service(
    name="redshiftserverless",
    client="redshift-serverless",
    scope="regional",
    listings=(
        Listing("snapshots", find, read, identify),
        Listing("recovery-points", find_points, read_point, identify_point),
    ),
    types=(SNAPSHOT, POINT),
    channels=(TAKEN, MADE, COPIED),
    needs={
        "list_snapshots": ("redshift-serverless:ListSnapshots",),
        "list_recovery_points": ("redshift-serverless:ListRecoveryPoints",),
    },
    blind_to=("What accounts that may restore from a snapshot made of it cannot be seen.",),
)
