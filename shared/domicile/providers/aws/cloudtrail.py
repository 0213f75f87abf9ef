"""AWS CloudTrail: each trail, and the bucket and log group that it delivers what happened to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import Cell, Channel, Copy, Evidence, Resource, ResourceType
from domicile.providers.aws.arn import account_of, partition, place, region_of
from domicile.providers.service import Cloud, Listing, Part, Service

TRAIL = ResourceType("aws.cloudtrail.trail", "log", tags_look="tags.resources")

DELIVERY = Channel(
    "cloudtrail-delivery",
    "log",
    "Let the trail deliver to an allowed place, then delete what it has delivered: it stays there.",
    shares=True,
)


def find(cloud: Cloud) -> Iterator[dict[str, Any]]:
    for page in cloud.pages("list_trails"):
        yield from page["Trails"]


def described(cloud: Cloud, trail: dict[str, Any]) -> dict[str, Any]:
    # Without its shadows a trail of the organisation is told to the account that owns it alone.
    named = {"trailNameList": [trail["TrailARN"]], "includeShadowTrails": False}
    return cloud.call("describe_trails", region=trail["HomeRegion"], **named)


def identify(trail: dict[str, Any], _: Cell) -> str:
    name: str = trail["TrailARN"]
    return name


def read(trail: dict[str, Any], parts: Mapping[str, dict[str, Any] | None], cell: Cell) -> Iterator[Resource | Copy]:
    this = identify(trail, cell)
    # Every account of an organisation lists the organisation's trails.
    if account_of(this) != cell.account:
        return
    # A trail keeps nothing itself: what it tells is in its bucket.
    yield Resource(this, TRAIL.name, trail["Name"], cell.account, place(trail["HomeRegion"]), retention_days=0)
    for one in (parts.get("trail") or {}).get("trailList", ()):
        if one["TrailARN"] != this:
            continue
        if bucket := one.get("S3BucketName"):
            target = f"arn:{partition(trail['HomeRegion'])}:s3:::{bucket}"
            evidence = Evidence("cloudtrail:DescribeTrails", "S3BucketName", f"{bucket}{_of(one)}")
            key = one.get("KmsKeyId", "")
            yield Copy(this, DELIVERY.name, id=target, caused_by=this, evidence=evidence, key=key, part="trail")
        if group := one.get("CloudWatchLogsLogGroupArn", "").removesuffix(":*"):
            evidence = Evidence("cloudtrail:DescribeTrails", "CloudWatchLogsLogGroupArn", f"{group}{_of(one)}")
            there = place(region_of(group))
            yield Copy(this, DELIVERY.name, there, group, account_of(group), this, evidence, part="trail")


def _of(trail: dict[str, Any]) -> str:
    """Of how much a trail tells, where that is more than its own account and region."""
    wide = [
        what
        for what, setting in (("all regions", "IsMultiRegionTrail"), ("all accounts", "IsOrganizationTrail"))
        if trail.get(setting)
    ]
    return f" (events of {' and '.join(wide)})" if wide else ""


SERVICE = Service(
    name="cloudtrail",
    client="cloudtrail",
    scope="global",
    listings=(Listing("trails", find, read, identify, parts=(Part("trail", described),)),),
    types=(TRAIL,),
    channels=(DELIVERY,),
    needs={"list_trails": ("cloudtrail:ListTrails",), "describe_trails": ("cloudtrail:DescribeTrails",)},
    blind_to=(
        "A trail of many regions puts what happens in all of them into one bucket: somebody has to say what that is.",
        "An organisation's trail is told of in the account that owns it, and in no other.",
        "Whether a trail has been stopped is not asked: what it has delivered stays.",
        "How long a bucket keeps what a trail delivers is not asked: nobody can tell from here whether it suffices.",
        "The event history that every account has for 90 days in each region is listed nowhere.",
    ),
)
