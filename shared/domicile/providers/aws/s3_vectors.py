"""Amazon S3 Vectors: each vector bucket. It holds what was computed from other data, and nothing ties it to that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import Cell, Location, Resource, ResourceType
from domicile.providers.service import Cloud, Listing, Part, Service

BUCKET = ResourceType("aws.s3vectors.vector-bucket", "primary")


def find(cloud: Cloud) -> Iterator[dict[str, Any]]:
    for page in cloud.pages("list_vector_buckets", maxResults=500):
        yield from page["vectorBuckets"]


def encryption(cloud: Cloud, bucket: dict[str, Any]) -> dict[str, Any]:
    return cloud.call("get_vector_bucket", vectorBucketArn=bucket["vectorBucketArn"])


def tags(cloud: Cloud, bucket: dict[str, Any]) -> dict[str, Any]:
    return cloud.call("list_tags_for_resource", resourceArn=bucket["vectorBucketArn"])


def identify(bucket: dict[str, Any], _: Cell) -> str:
    name: str = bucket["vectorBucketArn"]
    return name


def read(bucket: dict[str, Any], parts: Mapping[str, dict[str, Any] | None], cell: Cell) -> Iterator[Resource]:
    # The algorithm is always told. Of a key its ARN does not tell whose it is.
    encrypted = (parts.get("encryption") or {}).get("vectorBucket", {}).get("encryptionConfiguration", {})
    yield Resource(
        identify(bucket, cell),
        BUCKET.name,
        bucket["vectorBucketName"],
        cell.account,
        Location("aws", cell.region),
        tags=(parts.get("tags") or {}).get("tags", {}),
        created_at=bucket.get("creationTime"),
        cmk=False if encrypted.get("sseType") == "AES256" else None,
        key=encrypted.get("kmsKeyArn", ""),
    )


SERVICE = Service(
    name="s3vectors",
    client="s3vectors",
    scope="regional",
    listings=(Listing("buckets", find, read, identify, parts=(Part("encryption", encryption), Part("tags", tags))),),
    types=(BUCKET,),
    channels=(),
    needs={
        "list_vector_buckets": ("s3vectors:ListVectorBuckets",),
        "get_vector_bucket": ("s3vectors:GetVectorBucket",),
        "list_tags_for_resource": ("s3vectors:ListTagsForResource",),
    },
    blind_to=("Which data the vectors were computed from is not told; nor keys that are set for a single index.",),
)
