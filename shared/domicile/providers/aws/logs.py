"""Amazon CloudWatch Logs: each log group with how long it keeps events, and what buckets it was exported to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import NEVER_EXPIRES, Cell, Channel, Copy, Evidence, Resource, ResourceType
from domicile.providers.aws.arn import partition, place
from domicile.providers.aws.log_targets import group_id, moment
from domicile.providers.service import Cloud, Listing, Service

LOG_GROUP = ResourceType("aws.logs.log-group", "log", tags_look="tags.resources")

EXPORT = Channel(
    "logs-export",
    "export",
    "Stop what exports the log group, then delete the exported objects from the bucket: they stay there.",
    shares=True,
)
# One that was cancelled or failed may have written a part before.
WROTE_NOTHING = {"PENDING"}


def find(cloud: Cloud) -> Iterator[dict[str, Any]]:
    for page in cloud.pages("describe_log_groups", limit=50):
        yield from page["logGroups"]


def find_exports(cloud: Cloud) -> Iterator[dict[str, Any]]:
    for page in cloud.pages("describe_export_tasks", limit=50):
        yield from page["exportTasks"]


def identify(item: dict[str, Any], cell: Cell) -> str:
    return group_id(item["logGroupName"], cell.region, cell.account)


def read(group: dict[str, Any], _: Mapping[str, dict[str, Any] | None], cell: Cell) -> Iterator[Resource]:
    # Without a setting events never expire, but for the class that only hands them on: its term is AWS's own.
    hands_on = group.get("logGroupClass") == "DELIVERY"
    yield Resource(
        identify(group, cell),
        LOG_GROUP.name,
        group["logGroupName"],
        cell.account,
        place(cell.region),
        created_at=moment(group.get("creationTime")),
        retention_days=group.get("retentionInDays", None if hands_on else NEVER_EXPIRES),
        # Only a key of the customer's own can be set; without it AWS encrypts by a key of its own.
        cmk=bool(group.get("kmsKeyId")),
        key=group.get("kmsKeyId", ""),
    )


def read_export(task: dict[str, Any], _: Mapping[str, dict[str, Any] | None], cell: Cell) -> Iterator[Copy]:
    if task.get("status", {}).get("code") in WROTE_NOTHING:
        return
    this, bucket = identify(task, cell), task["destination"]
    yield Copy(
        of=this,
        channel=EXPORT.name,
        id=f"arn:{partition(cell.region)}:s3:::{bucket}",
        # Tasks come and go; what a group was exported to stays.
        caused_by=f"{this}#exports",
        evidence=Evidence("logs:DescribeExportTasks", "exportTasks.destination", bucket),
        partial=True,
    )


SERVICE = Service(
    name="logs",
    client="logs",
    scope="regional",
    listings=(Listing("groups", find, read, identify), Listing("exports", find_exports, read_export, identify)),
    types=(LOG_GROUP,),
    channels=(EXPORT,),
    needs={
        "describe_log_groups": ("logs:DescribeLogGroups",),
        "describe_export_tasks": ("logs:DescribeExportTasks",),
    },
    blind_to=(
        "What programs read from a log group and write elsewhere leaves no trace in any configuration.",
        "Log groups that a centralisation rule has filled look like any other: only the rule tells what they hold.",
    ),
)
