"""Snapshots of database instances, and the snapshots that were copied from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import NEVER_EXPIRES, Cell, Channel, Copy, Evidence, Resource, ResourceType
from domicile.providers.aws.arn import account_of, arn, in_full, kept_at, region_of
from domicile.providers.aws.backup_points import channel_of
from domicile.providers.service import Cloud, Listing, Service

SNAPSHOT = ResourceType("aws.rds.snapshot", "snapshot", rotates=True)

TAKEN = Channel("rds-snapshot", "snapshot", "Delete the snapshots, and stop what takes them.", rotates=True)
AUTOMATED = Channel(
    "rds-automated-backup",
    "backup",
    "Shorten or switch off the automated backups of the database.",
    rotates=True,
)
COPIED = Channel(
    "rds-snapshot-copy",
    "snapshot",
    "Stop the job that copies the snapshots, then delete the copies.",
    rotates=True,
)


def find(cloud: Cloud) -> Iterator[dict[str, Any]]:
    # Without those that AWS Backup makes: they are recovery points, and its vaults list them.
    for page in cloud.pages("describe_db_snapshots", MaxRecords=100, IncludeShared=False):
        yield from page["DBSnapshots"]


def identify(snapshot: dict[str, Any], _: Cell) -> str:
    name: str = snapshot["DBSnapshotArn"]
    return name


def read(snapshot: dict[str, Any], _: Mapping[str, dict[str, Any] | None], cell: Cell) -> Iterator[Resource | Copy]:
    # Set on copies from another region or account only; a copy within both looks like a snapshot of its own.
    source = snapshot.get("SourceDBSnapshotIdentifier", "")
    region = snapshot.get("SourceRegion") or (region_of(source) if source.startswith("arn:") else cell.region)
    account = account_of(source) if source.startswith("arn:") else cell.account
    yield from taken(
        snapshot,
        SNAPSHOT,
        identify(snapshot, cell),
        snapshot["DBSnapshotIdentifier"],
        cell,
        taken_of=arn("rds", region, account, f"db:{snapshot['DBInstanceIdentifier']}"),
        copied_from=in_full(source, "rds", "snapshot", region, account) if source else "",
        encrypted=snapshot.get("Encrypted", True),
        asked="rds:DescribeDBSnapshots",
    )


def taken(
    snapshot: dict[str, Any],
    kind: ResourceType,
    this: str,
    name: str,
    cell: Cell,
    *,
    taken_of: str,
    copied_from: str,
    encrypted: bool,
    asked: str,
) -> Iterator[Resource | Copy]:
    status = snapshot.get("Status")
    if status == "failed":
        return
    here = kept_at(cell.region, snapshot.get("SnapshotTarget", ""), snapshot.get("SnapshotAvailabilityZone", ""))
    # Data is being put here, but nothing can be restored from it yet: it is of no age.
    being_made = status in ("creating", "copying")
    created_at = None if being_made else snapshot.get("SnapshotCreateTime")
    kinds = {"automated": AUTOMATED, "awsbackup": channel_of(taken_of, cell.region, cell.account)}
    by_itself = kinds.get(snapshot.get("SnapshotType", ""))
    yield Resource(
        this,
        kind.name,
        name,
        cell.account,
        here,
        tags={tag["Key"]: tag.get("Value", "") for tag in snapshot.get("TagList", ())},
        created_at=created_at,
        newest_at=None if being_made else snapshot.get("OriginalSnapshotCreateTime", created_at),
        retention_days=None if by_itself or "SnapshotType" not in snapshot else NEVER_EXPIRES,
        cmk=None if encrypted else False,
        key=snapshot.get("KmsKeyId", ""),
        taken_of=taken_of,
    )
    channel = by_itself or (COPIED if copied_from else TAKEN)
    evidence = Evidence(asked, "source of the copy" if copied_from else "taken of", copied_from or taken_of)
    yield Copy(copied_from or taken_of, channel.name, here, this, cell.account, evidence=evidence)


SERVICE = Service(
    name="rds",
    client="rds",
    scope="regional",
    listings=(Listing("snapshots", find, read, identify),),
    types=(SNAPSHOT,),
    channels=(TAKEN, AUTOMATED, COPIED),
    needs={"describe_db_snapshots": ("rds:DescribeDBSnapshots",)},
    blind_to=(
        "With which accounts a snapshot is shared is not asked yet; what they copied from it cannot be seen.",
        "A snapshot copied within its region and account looks like one that was taken there.",
    ),
)
