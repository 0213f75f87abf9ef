"""The tags of what does not carry them in its own listing, of all such kinds at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import Cell, Tagged
from domicile.providers.service import Cloud, Listing, Service


def find(cloud: Cloud) -> Iterator[dict[str, Any]]:
    # Of snapshots of databases those are wanted that AWS Backup made: it lists them without tags.
    kinds = [
        "backup:recovery-point",
        "bedrock:application-inference-profile",
        "bedrock:custom-model",
        "cloudtrail:eventdatastore",
        "cloudtrail:trail",
        "dsql:cluster",
        "dynamodb:table",
        "ecr:repository",
        "es:domain",
        "firehose:deliverystream",
        "kinesis:stream",
        "logs:log-group",
        "memorydb:cluster",
        "rds:cluster-snapshot",
        "rds:snapshot",
        "redshift-serverless:namespace",
        "redshift-serverless:snapshot",
        "s3",
    ]
    for page in cloud.pages("get_resources", ResourcesPerPage=100, ResourceTypeFilters=kinds):
        yield from page["ResourceTagMappingList"]


def identify(tagged: dict[str, Any], _: Cell) -> str:
    # Of a log group it may be the name of all that is in it.
    name: str = tagged["ResourceARN"]
    return name.removesuffix(":*")


def read(tagged: dict[str, Any], _: Mapping[str, dict[str, Any] | None], cell: Cell) -> Iterator[Tagged]:
    yield Tagged(identify(tagged, cell), {tag["Key"]: tag["Value"] for tag in tagged.get("Tags", ())})


SERVICE = Service(
    name="tags",
    client="resourcegroupstaggingapi",
    scope="regional",
    listings=(Listing("resources", find, read, identify),),
    types=(),
    channels=(),
    needs={"get_resources": ("tag:GetResources",)},
)
