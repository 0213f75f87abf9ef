"""Exports of RDS snapshots and clusters to S3, as far back as their tasks are told of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import Cell, Channel, Copy, Evidence
from domicile.providers.aws.arn import arn, partition
from domicile.providers.service import Cloud, Listing, Service

EXPORT = Channel(
    "rds-export",
    "export",
    "Stop what exports the snapshots, then delete the exported objects from the bucket.",
    shares=True,
)
BEING_DONE = {"COMPLETE", "IN_PROGRESS", "STARTING"}
# `rds:payments-2026-11-20-18-30`: an automated snapshot is named after its database, and is soon gone.
STAMP = len("-2026-11-20-18-30")


def find(cloud: Cloud) -> Iterator[dict[str, Any]]:
    for page in cloud.pages("describe_export_tasks", MaxRecords=100):
        yield from page["ExportTasks"]


def identify(task: dict[str, Any], cell: Cell) -> str:
    return arn("rds", cell.region, cell.account, f"export-task:{task['ExportTaskIdentifier']}")


def read(task: dict[str, Any], _: Mapping[str, dict[str, Any] | None], cell: Cell) -> Iterator[Copy]:
    done = task.get("Status", "").upper() in BEING_DONE
    # What a task wrote before it failed or was cancelled stays in the bucket.
    if not done and not task.get("PercentProgress"):
        return
    bucket = task["S3Bucket"]
    yield Copy(
        of=_origin(task["SourceArn"]),
        channel=EXPORT.name,
        id=f"arn:{partition(cell.region)}:s3:::{bucket}",
        evidence=Evidence("rds:DescribeExportTasks", "S3Bucket", bucket),
        key=task.get("KmsKeyId", ""),
        partial=not done or bool(task.get("ExportOnly")),
    )


def _origin(source: str) -> str:
    place, _, name = source.rpartition("snapshot:rds:")
    if not place:
        return source
    kind = "cluster" if place.endswith("cluster-") else "db"
    return f"{place.removesuffix('cluster-')}{kind}:{name[:-STAMP]}"


SERVICE = Service(
    name="rds",
    client="rds",
    scope="regional",
    listings=(Listing("export-tasks", find, read, identify),),
    types=(),
    channels=(EXPORT,),
    needs={"describe_export_tasks": ("rds:DescribeExportTasks",)},
    blind_to=("Exports whose task is not told of any more, and exports by queries into S3, leave no trace.",),
)
