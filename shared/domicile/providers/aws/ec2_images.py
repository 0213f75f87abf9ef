"""Machine images of one's own: the snapshots they consist of, and the images they were copied from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import NEVER_EXPIRES, Cell, Channel, Copy, Evidence, Location, Resource, ResourceType
from domicile.providers.aws.arn import arn
from domicile.providers.aws.backup_points import COPIED as BACKUP_COPY
from domicile.providers.aws.backup_points import MADE as RECOVERY_POINT
from domicile.providers.aws.ebs import backed_up, image_id, is_away, kept_at, made_by, moment, snapshot_id, tags_of
from domicile.providers.aws.ec2_volumes import PROVIDERS
from domicile.providers.service import Cloud, Listing, Part, Service

IMAGE = ResourceType("aws.ec2.image", "snapshot")

STOP = "Deregister the image and delete its snapshots"
INSIDE = Channel("ec2-image", "snapshot", f"{STOP}.", relation="part")
COPIED = Channel("ec2-image-copy", "snapshot", f"{STOP}: both were copied.")
BY_POLICY = Channel(
    "ec2-policy-image",
    "snapshot",
    "Change the lifecycle policy that makes the images, then deregister them and delete their snapshots.",
    relation="part",
    rotates=True,
)
COPIED_BY_POLICY = Channel(
    "ec2-policy-image-copy",
    "snapshot",
    "Remove the copy rule from the lifecycle policy, then deregister the images and delete their snapshots.",
    rotates=True,
)
GONE = {"deregistered", "error", "failed", "invalid"}


def find(cloud: Cloud) -> Iterator[dict[str, Any]]:
    for page in cloud.pages(
        "describe_images", Owners=["self"], IncludeDeprecated=True, IncludeDisabled=True, MaxResults=1000
    ):
        yield from page["Images"]


def provider(cloud: Cloud, image: dict[str, Any]) -> dict[str, Any]:
    """Whether the source is an image that anybody can get from AWS: that holds nobody's data."""
    this = [{"Name": "image-id", "Values": [image["SourceImageId"]]}]
    region = image["SourceImageRegion"]
    return cloud.call("describe_images", region=region, Owners=PROVIDERS, IncludeDeprecated=True, Filters=this)


def is_copied_by_hand(image: dict[str, Any]) -> bool:
    """A policy and AWS Backup copy what they have made; what an image of a machine names is what the machine ran."""
    tags = tags_of(image)
    by_hand = not (backed_up(tags) or made_by(tags, "", ""))
    return by_hand and bool(image.get("SourceImageRegion")) and not image.get("SourceInstanceId")


def identify(image: dict[str, Any], cell: Cell) -> str:
    return image_id(image["ImageId"], cell.region)


def read(image: dict[str, Any], parts: Mapping[str, dict[str, Any] | None], cell: Cell) -> Iterator[Resource | Copy]:
    state = image.get("State", "available")
    if state in GONE:
        return
    this, tags = identify(image, cell), tags_of(image)
    disks = [disk["Ebs"] for disk in image.get("BlockDeviceMappings", ()) if disk.get("Ebs", {}).get("SnapshotId")]
    here = max((kept_at(disk, cell.region) for disk in disks), default=Location("aws", cell.region))
    backup, machine, source = backed_up(tags), image.get("SourceInstanceId", ""), image.get("SourceImageId", "")
    region = image.get("SourceImageRegion", "") if source and not machine else ""
    cause = made_by(tags, region or cell.region, cell.account)
    of = backup or (arn("ec2", cell.region, cell.account, f"instance/{machine}") if cause and machine else "")
    yield Resource(
        this,
        IMAGE.name,
        image.get("Name") or image["ImageId"],
        cell.account,
        here,
        tags=tags,
        created_at=None if state in ("pending", "transient") else moment(image.get("CreationDate")),
        retention_days=None if backup or cause else NEVER_EXPIRES,
        cmk=False if disks and not any(disk.get("Encrypted", True) for disk in disks) else None,
        key=next((disk["KmsKeyId"] for disk in disks if disk.get("KmsKeyId")), ""),
        taken_of=of,
    )
    inside = (BY_POLICY if cause else INSIDE).name
    for disk in disks:
        part = snapshot_id(disk["SnapshotId"], cell.region)
        evidence = Evidence("ec2:DescribeImages", "BlockDeviceMappings.Ebs.SnapshotId", disk["SnapshotId"])
        yield Copy(part, inside, here, this, cell.account, evidence=evidence)
    if of and not (backup and is_away(backup, cell)):
        # All images of one machine belong together, however many volumes it has.
        evidence = Evidence("ec2:DescribeImages", "SourceInstanceId", of)
        yield Copy(this, inside, here, of, cell.account, cause, evidence)
    if backup:
        channel = BACKUP_COPY if is_away(backup, cell) else RECOVERY_POINT
        evidence = Evidence("ec2:DescribeImages", "Tags.aws:backup:source-resource", backup)
        yield Copy(backup, channel.name, here, this, cell.account, evidence=evidence)
    elif region and not (parts.get("provider") or {}).get("Images"):
        evidence = Evidence("ec2:DescribeImages", "SourceImageRegion", region)
        copied = image_id(source, region)
        channel = COPIED_BY_POLICY if cause else COPIED
        yield Copy(copied, channel.name, here, this, cell.account, cause, evidence)


SERVICE = Service(
    name="ec2",
    client="ec2",
    scope="regional",
    listings=(Listing("images", find, read, identify, parts=(Part("provider", provider, applies=is_copied_by_hand),)),),
    types=(IMAGE,),
    channels=(INSIDE, COPIED, BY_POLICY, COPIED_BY_POLICY),
    needs={"describe_images": ("ec2:DescribeImages",)},
    blind_to=(
        "With whom an image is shared is not asked; what others made of it shows in their accounts only.",
        "Images and snapshots in the Recycle Bin, and images stored or exported to a bucket, are not listed.",
        "An image in an instance store lies in a bucket; it is not tied to that bucket.",
    ),
)
