"""Amazon Kinesis Data Streams: each stream, with how long it keeps its records and by whose key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import Cell, Resource, ResourceType
from domicile.providers.aws.arn import arn, place
from domicile.providers.service import Cloud, Listing, Part, Service

STREAM = ResourceType("aws.kinesis.stream", "primary", tags_look="tags.resources")

OF_AWS = "alias/aws/kinesis"


def find(cloud: Cloud) -> Iterator[str]:
    for page in cloud.pages("list_streams", Limit=100):
        yield from page["StreamNames"]


def summary(cloud: Cloud, name: str) -> dict[str, Any]:
    described: dict[str, Any] = cloud.call("describe_stream_summary", StreamName=name)["StreamDescriptionSummary"]
    return described


def identify(name: str, cell: Cell) -> str:
    return arn("kinesis", cell.region, cell.account, f"stream/{name}")


def read(name: str, parts: Mapping[str, dict[str, Any] | None], cell: Cell) -> Iterator[Resource]:
    described = parts.get("summary")
    if described is None:
        yield Resource(identify(name, cell), STREAM.name, name, cell.account, place(cell.region))
        return
    # A key is told by its ARN, its id, an alias or nothing; whose it is only the alias of AWS's own tells.
    key = described.get("KeyId") or ""
    if key and not key.startswith("arn:"):
        key = arn("kms", cell.region, cell.account, key if key.startswith("alias/") else f"key/{key}")
    yield Resource(
        identify(name, cell),
        STREAM.name,
        name,
        cell.account,
        place(cell.region),
        created_at=described.get("StreamCreationTimestamp"),
        retention_days=described["RetentionPeriodHours"] // 24,
        cmk=None if key and not key.endswith(OF_AWS) else False,
        key=key,
    )


SERVICE = Service(
    name="kinesis",
    client="kinesis",
    scope="regional",
    listings=(Listing("streams", find, read, identify, parts=(Part("summary", summary),)),),
    types=(STREAM,),
    channels=(),
    needs={
        "list_streams": ("kinesis:ListStreams",),
        "describe_stream_summary": ("kinesis:DescribeStreamSummary",),
    },
    blind_to=(
        "Who reads a stream, and where the records are put then, is told only of Firehose.",
        "Which tables and databases write their changes into a stream is not asked yet.",
    ),
)
