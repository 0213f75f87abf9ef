"""Amazon S3: each other bucket that a bucket's access logs and inventories are delivered to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import Cell, Channel, Copy, Evidence
from domicile.providers.aws.arn import partition
from domicile.providers.aws.s3 import find, identify
from domicile.providers.service import Cloud, Listing, Part, Service

ACCESS_LOGS = Channel(
    "s3-access-logs",
    "log",
    "Deliver the access logs of the bucket to an allowed place, then delete those that were delivered: they stay.",
    shares=True,
)
INVENTORY = Channel(
    "s3-inventory",
    "export",
    "Delete the inventory configuration, then the inventories in the destination bucket: they stay there.",
    shares=True,
)


def logging(cloud: Cloud, bucket: dict[str, Any]) -> dict[str, Any]:
    return cloud.call("get_bucket_logging", region=bucket["BucketRegion"], Bucket=bucket["Name"])


def inventories(cloud: Cloud, bucket: dict[str, Any]) -> dict[str, Any]:
    operation, there = "list_bucket_inventory_configurations", bucket["BucketRegion"]
    pages = cloud.pages(operation, region=there, Bucket=bucket["Name"])
    return {"configurations": [one for page in pages for one in page.get("InventoryConfigurationList", ())]}


def read_logging(bucket: dict[str, Any], parts: Mapping[str, dict[str, Any] | None], cell: Cell) -> Iterator[Copy]:
    this = identify(bucket, cell)
    enabled = (parts.get("logging") or {}).get("LoggingEnabled", {})
    target = enabled.get("TargetBucket", "")
    # A bucket that keeps its own logs has them nowhere else.
    if target and target != bucket["Name"]:
        yield Copy(
            of=this,
            channel=ACCESS_LOGS.name,
            id=f"arn:{partition(bucket['BucketRegion'])}:s3:::{target}",
            caused_by=f"{this}#access-logs",
            evidence=Evidence("s3:GetBucketLogging", "LoggingEnabled.TargetBucket", target),
            part="logging",
        )


def read_inventories(bucket: dict[str, Any], parts: Mapping[str, dict[str, Any] | None], cell: Cell) -> Iterator[Copy]:
    this = identify(bucket, cell)
    for one in (parts.get("inventories") or {}).get("configurations", ()):
        target = one["Destination"]["S3BucketDestination"]
        # As with replication, a disabled one writes nothing.
        if not one["IsEnabled"] or target["Bucket"] == this:
            continue
        yield Copy(
            of=this,
            channel=INVENTORY.name,
            id=target["Bucket"],
            account=target.get("AccountId", ""),
            caused_by=f"{this}#inventory/{one['Id']}",
            evidence=Evidence(
                "s3:ListBucketInventoryConfigurations", "Destination.S3BucketDestination.Bucket", target["Bucket"]
            ),
            key=target.get("Encryption", {}).get("SSEKMS", {}).get("KeyId", ""),
            partial=True,
            part="inventories",
        )


SERVICE = Service(
    name="s3",
    client="s3",
    scope="global",
    listings=(
        Listing("access-logs", find, read_logging, identify, parts=(Part("logging", logging),)),
        Listing(
            "inventories",
            find,
            read_inventories,
            identify,
            parts=(Part("inventories", inventories, absent=("NoSuchConfiguration",)),),
        ),
    ),
    types=(),
    channels=(ACCESS_LOGS, INVENTORY),
    needs={
        "list_buckets": ("s3:ListAllMyBuckets",),
        "get_bucket_logging": ("s3:GetBucketLogging",),
        "list_bucket_inventory_configurations": ("s3:GetInventoryConfiguration",),
    },
    blind_to=(
        "Storage class analyses and Storage Lens export counts, neither names nor contents, and are not asked.",
        "Inventories of directory buckets are not asked, nor which buckets the jobs of S3 Batch Operations write to.",
    ),
    hides=frozenset({"export"}),
)
