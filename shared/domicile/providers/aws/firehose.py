"""Amazon Data Firehose: each stream, what it takes its records from, and everything it delivers them to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import Cell, Channel, Copy, Evidence, Resource, ResourceType
from domicile.providers.aws.arn import arn, place
from domicile.providers.aws.firehose_targets import targets
from domicile.providers.service import Cloud, Listing, Part, Service

STREAM = ResourceType("aws.firehose.delivery-stream", "processing", tags_look="tags.resources")

SOURCE = Channel(
    "firehose-source",
    "processing",
    "Delete the Firehose stream, or let it take its records from a stream of which they may leave.",
    continuous=True,
)
DELIVERY = Channel(
    "firehose-delivery",
    "export",
    "Let the Firehose stream deliver to an allowed place, then delete what it has delivered: it stays there.",
    shares=True,
)
SOURCES = (("KinesisStreamSourceDescription", "KinesisStreamARN"), ("MSKSourceDescription", "MSKClusterARN"))


def find(cloud: Cloud) -> Iterator[str]:
    after: dict[str, str] = {}
    while True:
        page = cloud.call("list_delivery_streams", Limit=10000, **after)
        yield from page["DeliveryStreamNames"]
        if not page["HasMoreDeliveryStreams"]:
            return
        after = {"ExclusiveStartDeliveryStreamName": page["DeliveryStreamNames"][-1]}


def described(cloud: Cloud, name: str) -> dict[str, Any]:
    answer = cloud.call("describe_delivery_stream", DeliveryStreamName=name)
    stream: dict[str, Any] = answer["DeliveryStreamDescription"]
    return stream


def identify(name: str, cell: Cell) -> str:
    return arn("firehose", cell.region, cell.account, f"deliverystream/{name}")


def read(name: str, parts: Mapping[str, dict[str, Any] | None], cell: Cell) -> Iterator[Resource | Copy]:
    this, here = identify(name, cell), place(cell.region)
    stream = parts.get("stream")
    if stream is None:
        yield Resource(this, STREAM.name, name, cell.account, here)
        return

    encryption = stream.get("DeliveryStreamEncryptionConfiguration", {})
    yield Resource(
        this,
        STREAM.name,
        name,
        cell.account,
        here,
        created_at=stream.get("CreateTimestamp"),
        retention_days=0,
        cmk=encryption.get("Status") == "ENABLED" and encryption.get("KeyType") == "CUSTOMER_MANAGED_CMK",
        key=encryption.get("KeyARN", ""),
    )

    for kind, field in SOURCES:
        if source := stream.get("Source", {}).get(kind, {}).get(field):
            evidence = Evidence("firehose:DescribeDeliveryStream", f"Source.{kind}.{field}", source)
            yield Copy(source, SOURCE.name, here, this, cell.account, this, evidence, part="stream")

    for destination in stream.get("Destinations", ()):
        for target in targets(destination, cell.account):
            yield Copy(
                of=this,
                channel=DELIVERY.name,
                location=target.location,
                id=target.id,
                account=target.account,
                caused_by=this,
                evidence=Evidence("firehose:DescribeDeliveryStream", f"Destinations.{target.field}", target.id),
                key=target.key,
                partial=target.partial,
                part="stream",
            )


SERVICE = Service(
    name="firehose",
    client="firehose",
    scope="regional",
    listings=(Listing("delivery-streams", find, read, identify, parts=(Part("stream", described),)),),
    types=(STREAM,),
    channels=(SOURCE, DELIVERY),
    needs={
        "list_delivery_streams": ("firehose:ListDeliveryStreams",),
        "describe_delivery_stream": ("firehose:DescribeDeliveryStream",),
    },
    blind_to=(
        "What is delivered to Splunk, Snowflake or an address elsewhere lies in a country that AWS does not tell.",
        "Which database a stream takes changes from is told by an address only, and not followed.",
        "In which buckets the tables of a catalogue are that a stream delivers to is not asked.",
    ),
)
