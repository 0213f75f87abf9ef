"""Amazon EBS volumes, attached or not, and what each of them was made from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import Cell, Channel, Copy, Evidence, Resource, ResourceType
from domicile.providers.aws.arn import arn
from domicile.providers.aws.ebs import kept_at, snapshot_id, tags_of, volume_id
from domicile.providers.service import Cloud, Listing, Service

VOLUME = ResourceType("aws.ec2.volume", "primary", tags_look="ec2.volume-sources")

FROM_SNAPSHOT = Channel(
    "ec2-volume-from-snapshot",
    "primary",
    "Delete the volume, or make it from a snapshot in an allowed region.",
    relation="seed",
)
FROM_VOLUME = Channel(
    "ec2-volume-copy",
    "primary",
    "Delete the volume, or copy the source where its data may be.",
    relation="seed",
)
PROVIDERS = ["amazon", "aws-marketplace"]
IN_ONE_CALL = 200


def find(cloud: Cloud) -> Iterator[dict[str, Any]]:
    for page in cloud.pages("describe_volumes", MaxResults=1000):
        yield from page["Volumes"]


def find_sources(cloud: Cloud) -> Iterator[dict[str, Any]]:
    """Volumes made from snapshots, but for those of images that anybody can get from AWS: they hold nobody's data."""
    made = [volume for volume in find(cloud) if volume.get("SnapshotId")]
    names = sorted({volume["SnapshotId"] for volume in made})
    public: set[str | None] = set()
    for start in range(0, len(names), IN_ONE_CALL):
        inside = [{"Name": "block-device-mapping.snapshot-id", "Values": names[start : start + IN_ONE_CALL]}]
        for page in cloud.pages(
            "describe_images", Owners=PROVIDERS, IncludeDeprecated=True, Filters=inside, MaxResults=1000
        ):
            disks = [disk.get("Ebs", {}) for image in page["Images"] for disk in image.get("BlockDeviceMappings", ())]
            public.update(disk.get("SnapshotId") for disk in disks)
    yield from (volume for volume in made if volume["SnapshotId"] not in public)


def identify(volume: dict[str, Any], cell: Cell) -> str:
    return arn("ec2", cell.region, cell.account, f"volume/{volume['VolumeId']}")


def read(volume: dict[str, Any], _: Mapping[str, dict[str, Any] | None], cell: Cell) -> Iterator[Resource | Copy]:
    if volume.get("State") == "deleted":
        return
    this, tags, here = identify(volume, cell), tags_of(volume), kept_at(volume, cell.region)
    yield Resource(
        this,
        VOLUME.name,
        tags.get("Name") or volume["VolumeId"],
        cell.account,
        here,
        tags=tags,
        created_at=volume.get("CreateTime"),
        # An encrypted volume may be so with a key of AWS or of the customer: the ARN does not tell.
        cmk=None if volume.get("Encrypted", True) else False,
        key=volume.get("KmsKeyId", ""),
    )
    if source := volume_id(volume.get("SourceVolumeId", ""), cell.region, cell.account):
        evidence = Evidence("ec2:DescribeVolumes", "SourceVolumeId", source)
        yield Copy(source, FROM_VOLUME.name, here, this, cell.account, evidence=evidence)


def read_source(volume: dict[str, Any], _: Mapping[str, dict[str, Any] | None], cell: Cell) -> Iterator[Copy]:
    this, here = identify(volume, cell), kept_at(volume, cell.region)
    source = snapshot_id(volume["SnapshotId"], cell.region)
    evidence = Evidence("ec2:DescribeVolumes", "SnapshotId", volume["SnapshotId"])
    yield Copy(source, FROM_SNAPSHOT.name, here, this, cell.account, evidence=evidence)


SERVICE = Service(
    name="ec2",
    client="ec2",
    scope="regional",
    listings=(
        Listing("volumes", find, read, identify),
        Listing("volume-sources", find_sources, read_source, identify),
    ),
    types=(VOLUME,),
    channels=(FROM_SNAPSHOT, FROM_VOLUME),
    needs={"describe_volumes": ("ec2:DescribeVolumes",), "describe_images": ("ec2:DescribeImages",)},
    blind_to=(
        "What is on the instance store of a machine is in no listing; it is gone when the machine stops.",
        "Of a volume made from a public image that AWS has withdrawn since, it is not known what the image held.",
        "What programs on a machine copy from its volumes elsewhere leaves no trace in any configuration.",
    ),
)
