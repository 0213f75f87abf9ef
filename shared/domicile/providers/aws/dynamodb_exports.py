"""Exports of DynamoDB tables to S3, as far back as DynamoDB tells of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import Cell, Channel, Copy, Evidence
from domicile.providers.aws.arn import partition
from domicile.providers.service import Cloud, Listing, Part, Service

EXPORT = Channel(
    "dynamodb-export",
    "export",
    "Stop what exports the table, then delete the exported objects from the bucket.",
    shares=True,
)


def find(cloud: Cloud) -> Iterator[dict[str, Any]]:
    for page in cloud.pages("list_exports", MaxResults=25):
        yield from page["ExportSummaries"]


def export(cloud: Cloud, listed: dict[str, Any]) -> dict[str, Any]:
    described: dict[str, Any] = cloud.call("describe_export", ExportArn=listed["ExportArn"])["ExportDescription"]
    return described


def wrote(listed: dict[str, Any]) -> bool:
    return bool(listed.get("ExportStatus") != "FAILED")


def identify(listed: dict[str, Any], _: Cell) -> str:
    name: str = listed["ExportArn"]
    return name


def read(listed: dict[str, Any], parts: Mapping[str, dict[str, Any] | None], cell: Cell) -> Iterator[Copy]:
    described = parts.get("export")
    if not described or not described.get("S3Bucket"):
        return
    bucket = described["S3Bucket"]
    # Not by the export: a bucket that gets one every day would be told of by another question every day.
    yield Copy(
        of=described.get("TableArn") or identify(listed, cell).partition("/export/")[0],
        channel=EXPORT.name,
        id=f"arn:{partition(cell.region)}:s3:::{bucket}",
        account=described.get("S3BucketOwner", ""),
        evidence=Evidence("dynamodb:DescribeExport", "S3Bucket", bucket),
        key=described.get("S3SseKmsKeyId", ""),
        partial=described.get("ExportType") == "INCREMENTAL_EXPORT",
    )


SERVICE = Service(
    name="dynamodb",
    client="dynamodb",
    scope="regional",
    listings=(Listing("exports", find, read, identify, parts=(Part("export", export, applies=wrote),)),),
    types=(),
    channels=(EXPORT,),
    needs={"list_exports": ("dynamodb:ListExports",), "describe_export": ("dynamodb:DescribeExport",)},
    blind_to=(
        "Exports are told of for 90 days: what older ones wrote to a bucket is not told from what others wrote.",
    ),
)
