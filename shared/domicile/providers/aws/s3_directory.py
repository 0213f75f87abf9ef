"""Amazon S3 directory buckets: each lies in one zone, which may be a Local Zone in another country than its region."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import Cell, Resource, ResourceType
from domicile.providers.aws.arn import arn, place_of_zone
from domicile.providers.service import Cloud, Listing, Service

BUCKET = ResourceType("aws.s3express.directory-bucket", "primary")


def find(cloud: Cloud) -> Iterator[dict[str, Any]]:
    for page in cloud.pages("list_directory_buckets", MaxDirectoryBuckets=1000):
        yield from page["Buckets"]


def identify(bucket: dict[str, Any], cell: Cell) -> str:
    return arn("s3express", cell.region, cell.account, f"bucket/{bucket['Name']}")


def read(bucket: dict[str, Any], _: Mapping[str, dict[str, Any] | None], cell: Cell) -> Iterator[Resource]:
    # The name ends in the id of the zone: `trades--aps1-az1--x-s3`.
    zone = bucket["Name"].removesuffix("--x-s3").rpartition("--")[2]
    yield Resource(
        identify(bucket, cell),
        BUCKET.name,
        bucket["Name"],
        cell.account,
        place_of_zone(cell.region, zone),
        created_at=bucket.get("CreationDate"),
    )


SERVICE = Service(
    name="s3express",
    client="s3",
    scope="regional",
    listings=(Listing("buckets", find, read, identify),),
    types=(BUCKET,),
    channels=(),
    needs={"list_directory_buckets": ("s3express:ListAllMyDirectoryBuckets",)},
    blind_to=("How directory buckets are encrypted and tagged is not asked.",),
)
