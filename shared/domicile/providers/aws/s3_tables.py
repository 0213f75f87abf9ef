"""Amazon S3 Tables: each table bucket, and every other table bucket that its tables are replicated to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import Cell, Channel, Copy, Evidence, Location, Resource, ResourceType
from domicile.providers.aws.arn import account_of, region_of
from domicile.providers.service import Cloud, Listing, Part, Service

BUCKET = ResourceType("aws.s3tables.table-bucket", "primary")

REPLICATION = Channel(
    "s3-table-replication",
    "replica",
    "Delete the replication of the table bucket, then the replicas in the destination: they stay there.",
    shares=True,
)


def find(cloud: Cloud) -> Iterator[dict[str, Any]]:
    for page in cloud.pages("list_table_buckets", maxBuckets=1000):
        yield from page["tableBuckets"]


def replication(cloud: Cloud, bucket: dict[str, Any]) -> dict[str, Any]:
    return cloud.call("get_table_bucket_replication", tableBucketARN=bucket["arn"])


def encryption(cloud: Cloud, bucket: dict[str, Any]) -> dict[str, Any]:
    return cloud.call("get_table_bucket_encryption", tableBucketARN=bucket["arn"])


def tags(cloud: Cloud, bucket: dict[str, Any]) -> dict[str, Any]:
    return cloud.call("list_tags_for_resource", resourceArn=bucket["arn"])


def identify(bucket: dict[str, Any], _: Cell) -> str:
    name: str = bucket["arn"]
    return name


def read(bucket: dict[str, Any], parts: Mapping[str, dict[str, Any] | None], cell: Cell) -> Iterator[Resource | Copy]:
    this = identify(bucket, cell)
    # Without a setting S3 encrypts by keys of its own; of a key its ARN does not tell whose it is.
    encrypted = (parts.get("encryption") or {}).get("encryptionConfiguration", {})
    key = encrypted.get("kmsKeyArn", "")
    by_key = key or encrypted.get("sseAlgorithm") == "aws:kms"
    yield Resource(
        this,
        BUCKET.name,
        bucket["name"],
        cell.account,
        Location("aws", cell.region),
        tags=(parts.get("tags") or {}).get("tags", {}),
        created_at=bucket.get("createdAt"),
        cmk=None if by_key or "encryption" not in parts else False,
        key=key,
    )

    configured = (parts.get("replication") or {}).get("configuration", {})
    for target in (
        one["destinationTableBucketARN"] for rule in configured.get("rules", ()) for one in rule["destinations"]
    ):
        yield Copy(
            of=this,
            channel=REPLICATION.name,
            location=Location("aws", region_of(target)),
            id=target,
            account=account_of(target),
            caused_by=f"{this}#replication",
            evidence=Evidence("s3tables:GetTableBucketReplication", "destinations.destinationTableBucketARN", target),
            part="replication",
        )


SERVICE = Service(
    name="s3tables",
    client="s3tables",
    scope="regional",
    listings=(
        Listing(
            "buckets",
            find,
            read,
            identify,
            parts=(
                # Both answer so where nothing was set.
                Part("replication", replication, absent=("NotFoundException",)),
                Part("encryption", encryption, absent=("NotFoundException",)),
                Part("tags", tags),
            ),
        ),
    ),
    types=(BUCKET,),
    channels=(REPLICATION,),
    needs={
        "list_table_buckets": ("s3tables:ListTableBuckets",),
        "get_table_bucket_replication": ("s3tables:GetTableBucketReplication",),
        "get_table_bucket_encryption": ("s3tables:GetTableBucketEncryption",),
        "list_tags_for_resource": ("s3tables:ListTagsForResource",),
    },
    blind_to=(
        "Replication and keys that are set for a single table, instead of its table bucket, are not asked.",
        "Replicas written before the replication of a table bucket was deleted are not told from other tables.",
    ),
    hides=frozenset({"replica"}),
)
