"""Snapshots of Amazon EBS volumes, and the snapshots that were copied from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import NEVER_EXPIRES, Cell, Channel, Copy, Evidence, Resource, ResourceType
from domicile.providers.aws.backup_points import COPIED as BACKUP_COPY
from domicile.providers.aws.backup_points import MADE as RECOVERY_POINT
from domicile.providers.aws.ebs import (
    backed_up,
    copied_from,
    is_away,
    kept_at,
    made_by,
    no_volume,
    snapshot_id,
    tags_of,
    volume_id,
)
from domicile.providers.service import Cloud, Listing, Service

SNAPSHOT = ResourceType("aws.ec2.snapshot", "snapshot", rotates=True)

TAKEN = Channel(
    "ec2-snapshot",
    "snapshot",
    "Delete the snapshots, and stop what takes them.",
    rotates=True,
)
COPIED = Channel(
    "ec2-snapshot-copy",
    "snapshot",
    "Remove the copy rule of the lifecycle policy, or stop the job that copies the snapshots; then delete the copies.",
    rotates=True,
)


def find(cloud: Cloud) -> Iterator[dict[str, Any]]:
    for page in cloud.pages("describe_snapshots", OwnerIds=["self"], MaxResults=1000):
        yield from page["Snapshots"]


def identify(snapshot: dict[str, Any], cell: Cell) -> str:
    return snapshot_id(snapshot["SnapshotId"], cell.region)


def read(snapshot: dict[str, Any], _: Mapping[str, dict[str, Any] | None], cell: Cell) -> Iterator[Resource | Copy]:
    if snapshot.get("State") == "error":
        return
    this, tags, here = identify(snapshot, cell), tags_of(snapshot), kept_at(snapshot, cell.region)
    backup, copied = backed_up(tags), copied_from(snapshot.get("Description", ""), cell.region)
    # The volume that a copy names is an arbitrary one.
    volume = "" if copied else volume_id(snapshot.get("VolumeId", ""), cell.region, cell.account)
    # A backup of a machine is its image; of the snapshots in it the volumes are known.
    backup = "" if ":instance/" in backup and (volume or copied) else backup
    # A policy is of the region of what it copies; where that is not told, it is known by its name alone.
    cause = made_by(tags, copied.region if copied else cell.region if volume else "", cell.account)
    yield Resource(
        this,
        SNAPSHOT.name,
        tags.get("Name") or snapshot["SnapshotId"],
        cell.account,
        here,
        tags=tags,
        # Data is being put here, but nothing can be restored from it yet: it is of no age.
        created_at=None if snapshot.get("State") == "pending" else snapshot.get("StartTime"),
        retention_days=None if backup or cause else NEVER_EXPIRES,
        cmk=None if snapshot.get("Encrypted", True) else False,
        key=snapshot.get("KmsKeyId", ""),
        taken_of=backup or volume or ("" if copied or cause else no_volume(cell.region, cell.account)),
    )
    if backup:
        channel = BACKUP_COPY if is_away(backup, cell) else RECOVERY_POINT
        source, field = backup, "Tags.aws:backup:source-resource"
    elif copied:
        channel, source, field = COPIED, copied.id, "Description"
    elif volume:
        channel, source, field = TAKEN, volume, "VolumeId"
    else:
        # All that a policy's copy without a source is known by is the policy.
        channel, source, field = COPIED, cause, "Tags.aws:dlm:lifecycle-policy-id"
    if source:
        evidence = Evidence("ec2:DescribeSnapshots", field, source)
        yield Copy(source, channel.name, here, this, cell.account, caused_by=cause, evidence=evidence)


SERVICE = Service(
    name="ec2",
    client="ec2",
    scope="regional",
    listings=(Listing("snapshots", find, read, identify),),
    types=(SNAPSHOT,),
    channels=(TAKEN, COPIED),
    needs={"describe_snapshots": ("ec2:DescribeSnapshots",)},
    blind_to=(
        "Only its description tells what a snapshot is a copy of; all that tell nothing are one for each region.",
        "With which accounts a snapshot is shared is not asked; what they copied from it shows in their account only.",
        "Snapshots in the Recycle Bin are not listed.",
    ),
)
