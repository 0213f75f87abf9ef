"""What a Firehose stream delivers to: in AWS by its ARN, elsewhere by the host, of which nobody tells the country."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from msgspec import Struct

from domicile.model import Location
from domicile.providers.aws.arn import account_of, arn, place, region_of

ELSEWHERE: Final = {
    "SplunkDestinationDescription": ("HECEndpoint",),
    "HttpEndpointDestinationDescription": ("EndpointConfiguration", "Url"),
    "SnowflakeDestinationDescription": ("AccountUrl",),
}
IN_AWS: Final = {
    "AmazonopensearchserviceDestinationDescription": ("DomainARN",),
    "ElasticsearchDestinationDescription": ("DomainARN",),
    "IcebergDestinationDescription": ("CatalogConfiguration", "CatalogARN"),
}
BY_ADDRESS: Final = {
    "AmazonOpenSearchServerlessDestinationDescription": ("CollectionEndpoint",),
    "AmazonopensearchserviceDestinationDescription": ("ClusterEndpoint",),
    "ElasticsearchDestinationDescription": ("ClusterEndpoint",),
    "RedshiftDestinationDescription": ("ClusterJDBCURL",),
}
OF_AWS: Final = (".amazonaws.com", ".amazonaws.com.cn", ".on.aws")
_COLLECTION: Final = re.compile(r"(?P<name>[^.]+)\.(?P<region>[a-z0-9-]+)\.aoss\.")
_CLUSTER: Final = re.compile(r"(?P<name>[^.]+)\.[^.]+\.(?P<region>[a-z0-9-]+)\.redshift\.")
_REGION: Final = re.compile(r"\.(?P<region>[a-z]{2}(?:-[a-z]+)+-\d)\.")
_TABLES: Final = re.compile(r"catalog/s3tablescatalog/(?P<bucket>[^/]+)")


class Target(Struct, frozen=True):
    """One target, with the field that names it. `partial`: only what could not be delivered elsewhere goes there."""

    field: str
    id: str
    location: Location | None = None
    account: str = ""
    key: str = ""
    partial: bool = False


def targets(destination: Mapping[str, Any], account: str) -> Iterator[Target]:
    """Every target of one destination; the bucket that a destination of S3 names twice, once."""
    kinds = [kind for kind in destination if kind.endswith("DestinationDescription")]
    if "ExtendedS3DestinationDescription" in kinds:
        kinds = [kind for kind in kinds if kind != "S3DestinationDescription"]
    for kind in kinds:
        described = destination[kind]
        if kind in ("ExtendedS3DestinationDescription", "S3DestinationDescription"):
            yield _bucket(kind, described)
        elif address := _field(described, ELSEWHERE.get(kind, ())):
            host = _host(address)
            yield _addressed(kind, host, account) if host.endswith(OF_AWS) else Target(kind, host)
        elif name := _field(described, IN_AWS.get(kind, ())):
            yield _named(kind, name)
        elif address := _field(described, BY_ADDRESS.get(kind, ())):
            yield _addressed(kind, _host(address), account)
        # With what is delivered to other targets goes a bucket: on its way, as a backup, or for what failed.
        if "S3DestinationDescription" in described:
            failed = "Redshift" not in kind and not described.get("S3BackupMode", "").startswith("All")
            yield _bucket(f"{kind}.S3DestinationDescription", described["S3DestinationDescription"], partial=failed)
        if "S3BackupDescription" in described and described.get("S3BackupMode") == "Enabled":
            yield _bucket(f"{kind}.S3BackupDescription", described["S3BackupDescription"])


def _field(described: Mapping[str, Any], path: tuple[str, ...]) -> str:
    found: Any = described if path else ""
    for name in path:
        found = found.get(name) or {}
    return found or ""


def _bucket(field: str, described: Mapping[str, Any], *, partial: bool = False) -> Target:
    key = described.get("EncryptionConfiguration", {}).get("KMSEncryptionConfig", {}).get("AWSKMSKeyARN", "")
    return Target(field, described["BucketARN"], key=key, partial=partial)


def _named(field: str, name: str) -> Target:
    region, account = region_of(name), account_of(name)
    if tables := _TABLES.search(name):
        name = arn("s3tables", region, account, f"bucket/{tables['bucket']}")
    return Target(field, name, place(region), account)


def _addressed(field: str, host: str, account: str) -> Target:
    """What is named by an address of AWS, which has the region in it and is the account's own."""
    if found := _COLLECTION.match(host):
        name = arn("aoss", found["region"], account, f"collection/{found['name']}")
        return Target(field, name, place(found["region"]), account)
    if found := _CLUSTER.match(host):
        name = arn("redshift", found["region"], account, f"cluster:{found['name']}")
        return Target(field, name, place(found["region"]), account)
    region = _REGION.search(host)
    return Target(field, host, place(region["region"]) if region else None)


def _host(address: str) -> str:
    """The host alone: what stands before and after it in an address may be a secret."""
    authority = re.split(r"[/?#]", address.rpartition("://")[2], maxsplit=1)[0]
    return authority.rpartition("@")[2].partition(":")[0].lower()
