"""Amazon Redshift Serverless: each namespace, and the regions that its snapshots are copied to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import Cell, Channel, Copy, Evidence, Location, Resource, ResourceType
from domicile.providers.service import Cloud, Listing, Part, Service

NAMESPACE = ResourceType("aws.redshiftserverless.namespace", "primary", tags_look="tags.resources")

COPY_SETTING = Channel(
    "redshift-serverless-copy-setting",
    "backup",
    "Delete the snapshot copy configuration of the namespace, then delete the copied snapshots.",
    relation="rule",
    implied=True,
)
OWNED_BY_AWS = "AWS_OWNED_KMS_KEY"


def find(cloud: Cloud) -> Iterator[dict[str, Any]]:
    for page in cloud.pages("list_namespaces", maxResults=100):
        yield from page["namespaces"]


def copies(cloud: Cloud, namespace: dict[str, Any]) -> dict[str, Any]:
    name = namespace["namespaceName"]
    pages = cloud.pages("list_snapshot_copy_configurations", namespaceName=name, maxResults=100)
    return {"settings": [setting for page in pages for setting in page["snapshotCopyConfigurations"]]}


def identify(namespace: dict[str, Any], _: Cell) -> str:
    name: str = namespace["namespaceArn"]
    return name


def read(
    namespace: dict[str, Any], parts: Mapping[str, dict[str, Any] | None], cell: Cell
) -> Iterator[Resource | Copy]:
    this, key = identify(namespace, cell), namespace.get("kmsKeyId", "")
    yield Resource(
        this,
        NAMESPACE.name,
        namespace["namespaceName"],
        cell.account,
        Location("aws", cell.region),
        created_at=namespace.get("creationDate"),
        cmk=False if key == OWNED_BY_AWS else None,
        key=key_of(namespace),
    )
    # The setting is named as the namespace is: whatever points in time it makes are made because of it.
    for setting in (parts.get("copies") or {}).get("settings", ()):
        region = setting["destinationRegion"]
        evidence = Evidence("redshift-serverless:ListSnapshotCopyConfigurations", "destinationRegion", region)
        there = Location("aws", region)
        yield Copy(this, COPY_SETTING.name, there, account=cell.account, evidence=evidence, part="copies")


def key_of(one: dict[str, Any]) -> str:
    key: str = one.get("kmsKeyId", "")
    return "" if key == OWNED_BY_AWS else key


SERVICE = Service(
    name="redshiftserverless",
    client="redshift-serverless",
    scope="regional",
    listings=(Listing("namespaces", find, read, identify, parts=(Part("copies", copies),)),),
    types=(NAMESPACE,),
    channels=(COPY_SETTING,),
    needs={
        "list_namespaces": ("redshift-serverless:ListNamespaces",),
        "list_snapshot_copy_configurations": ("redshift-serverless:ListSnapshotCopyConfigurations",),
    },
    blind_to=(
        "With whom a namespace shares its tables is not asked yet.",
        "What queries unload into S3 leaves no trace; zero-ETL integrations are not asked yet.",
    ),
)
