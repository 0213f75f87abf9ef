"""Amazon S3: each bucket, and every other bucket that its replication rules write to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import Cell, Channel, Copy, Evidence, Location, Resource, ResourceType
from domicile.providers.aws.arn import partition
from domicile.providers.service import Cloud, Listing, Part, Service

BUCKET = ResourceType("aws.s3.bucket", "primary", tags_look="tags.resources")

REPLICATION = Channel(
    "s3-replication",
    "replica",
    "Disable or delete the replication rule, then delete the replicas in the destination bucket: they stay there.",
    shares=True,
)

REGION_HEADER = "x-amz-bucket-region"


def find(cloud: Cloud) -> Iterator[dict[str, Any]]:
    for page in cloud.pages("list_buckets", MaxBuckets=10000):
        for bucket in page["Buckets"]:
            yield bucket if bucket.get("BucketRegion") else bucket | {"BucketRegion": region(cloud, bucket["Name"])}


def region(cloud: Cloud, bucket: str) -> str:
    """Asked without permission on purpose: the header comes with the refusal too."""
    return cloud.header("head_bucket", REGION_HEADER, Bucket=bucket)


def replication(cloud: Cloud, bucket: dict[str, Any]) -> dict[str, Any]:
    return cloud.call("get_bucket_replication", region=bucket["BucketRegion"], Bucket=bucket["Name"])


def identify(bucket: dict[str, Any], _: Cell) -> str:
    return f"arn:{partition(bucket['BucketRegion'])}:s3:::{bucket['Name']}"


def read(bucket: dict[str, Any], parts: Mapping[str, dict[str, Any] | None], cell: Cell) -> Iterator[Resource | Copy]:
    arn = identify(bucket, cell)
    here = Location("aws", bucket["BucketRegion"])
    yield Resource(arn, BUCKET.name, bucket["Name"], cell.account, here, created_at=bucket.get("CreationDate"))

    configured = parts.get("replication") or {}
    for rule in configured.get("ReplicationConfiguration", {}).get("Rules", ()):
        # A disabled rule puts no data anywhere. What it wrote before is not told from what others wrote.
        if rule["Status"] != "Enabled":
            continue
        target = rule["Destination"]
        yield Copy(
            of=arn,
            channel=REPLICATION.name,
            id=target["Bucket"],
            account=target.get("Account", ""),
            caused_by=f"{arn}#{rule.get('ID', '')}",
            evidence=Evidence("s3:GetBucketReplication", "Rules.Destination.Bucket", target["Bucket"]),
            key=target.get("EncryptionConfiguration", {}).get("ReplicaKmsKeyID", ""),
            partial=bool(rule.get("Prefix") or any(rule.get("Filter", {}).values())),
            part="replication",
        )


def locate(cloud: Cloud, name: str) -> Location | None:
    _, _, bucket = name.partition(":s3:::")
    found = region(cloud, bucket) if bucket else ""
    if bucket and not found:
        # Whether there is such a bucket, anybody's, is told by the error alone.
        cloud.call("head_bucket", Bucket=bucket)
    return Location("aws", found) if found else None


SERVICE = Service(
    name="s3",
    client="s3",
    scope="global",
    listings=(
        Listing(
            "buckets",
            find,
            read,
            identify,
            parts=(Part("replication", replication, absent=("ReplicationConfigurationNotFoundError",)),),
        ),
    ),
    types=(BUCKET,),
    channels=(REPLICATION,),
    needs={
        "list_buckets": ("s3:ListAllMyBuckets",),
        "head_bucket": (),
        "get_bucket_replication": ("s3:GetReplicationConfiguration",),
    },
    locate=locate,
    gone=("404", "NoSuchBucket"),
    blind_to=(
        "Replicas that a rule wrote before it was disabled or deleted are not told from other objects.",
        "Buckets on Outposts are not listed.",
        "Access points hold nothing and are not asked: what is written through one is in one of its buckets.",
        "Objects copied by programs (sync, copy, upload from elsewhere) leave no trace in any configuration.",
    ),
)
