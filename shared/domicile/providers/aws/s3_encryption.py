"""Amazon S3: by which key each bucket encrypts what is put there without a key of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import Cell, Tagged
from domicile.providers.aws.arn import account_of, arn
from domicile.providers.aws.s3 import find, identify
from domicile.providers.service import Cloud, Listing, Part, Service


def encryption(cloud: Cloud, bucket: dict[str, Any]) -> dict[str, Any]:
    return cloud.call("get_bucket_encryption", region=bucket["BucketRegion"], Bucket=bucket["Name"])


def read(bucket: dict[str, Any], parts: Mapping[str, dict[str, Any] | None], cell: Cell) -> Iterator[Tagged]:
    if "encryption" not in parts:
        return
    # Where no default is set, as in buckets older than 2023, S3 encrypts by keys of its own.
    configured = parts["encryption"] or {}
    rules = configured.get("ServerSideEncryptionConfiguration", {}).get("Rules", ())
    defaults = [rule.get("ApplyServerSideEncryptionByDefault", {}) for rule in rules]
    named = next((one["KMSMasterKeyID"] for one in defaults if one.get("KMSMasterKeyID")), "")
    key = in_full(named, bucket["BucketRegion"], cell.account) if named else ""
    yield Tagged(identify(bucket, cell), cmk=of_the_customer(key, cell.account), key=key)


def in_full(key: str, region: str, account: str) -> str:
    if key.startswith("arn:"):
        return key
    return arn("kms", region, account, key if key.startswith("alias/") else f"key/{key}")


def of_the_customer(key: str, account: str) -> bool | None:
    """Whether a key is the customer's own; the ARN of a key in the same account does not tell it from Amazon's."""
    alias = key.partition(":alias/")[2]
    if not key or alias.startswith("aws/"):
        return False
    return True if alias or account_of(key) != account else None


SERVICE = Service(
    name="s3",
    client="s3",
    scope="global",
    listings=(
        Listing(
            "encryption",
            find,
            read,
            identify,
            parts=(Part("encryption", encryption, absent=("ServerSideEncryptionConfigurationNotFoundError",)),),
        ),
    ),
    types=(),
    channels=(),
    needs={
        "list_buckets": ("s3:ListAllMyBuckets",),
        "get_bucket_encryption": ("s3:GetEncryptionConfiguration",),
    },
    blind_to=("Objects that were put with another key than the default of their bucket are not told from the others.",),
)
