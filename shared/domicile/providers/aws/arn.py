"""Names of things in AWS: how they are put together, and what place and account they name."""

from __future__ import annotations

import re
from typing import Final

from domicile.model import Location

PARTITIONS: Final = (
    ("cn-", "aws-cn"),
    ("us-gov-", "aws-us-gov"),
    ("eusc-", "aws-eusc"),
    ("us-isob-", "aws-iso-b"),
    ("us-isof-", "aws-iso-f"),
    ("us-iso-", "aws-iso"),
    ("eu-isoe-", "aws-iso-e"),
)


def partition(region: str) -> str:
    return next((name for prefix, name in PARTITIONS if region.startswith(prefix)), "aws")


def arn(service: str, region: str, account: str, resource: str) -> str:
    return f"arn:{partition(region)}:{service}:{region}:{account}:{resource}"


def region_of(name: str) -> str:
    return name.split(":", 5)[3]


def account_of(name: str) -> str:
    return name.split(":", 5)[4]


def place(region: str, zone: str = "") -> Location:
    """A region; with its zone where that is no ordinary one, since a Local Zone may lie in another country."""
    ordinary = re.fullmatch(rf"{re.escape(region)}[a-z]", zone) or not zone.startswith(region)
    return Location("aws", region, "" if ordinary else zone)


def place_of_zone(region: str, zone_id: str) -> Location:
    """As `place`, of a zone by its id: `aps1-az1` is an ordinary one, `use1-qro1-az1` is a Local Zone."""
    return Location("aws", region, "" if re.fullmatch(r"[a-z0-9]+-az[0-9]+", zone_id) else zone_id)


def outpost(region: str) -> Location:
    """A rack that AWS runs on the customer's own premises, steered from a region: in which country is not told."""
    return Location("aws", region, "outpost")


def kept_at(region: str, target: str, zone: str) -> Location:
    """Where backups lie: in the region, unless their target is a Local Zone or an Outpost."""
    return outpost(region) if target == "outposts" else place(region, zone if target == "local" else "")


def in_full(name: str, service: str, kind: str, region: str, account: str) -> str:
    """The ARN of what an answer calls by its short name when it lies in the same region, and by its ARN otherwise."""
    return name if name.startswith("arn:") else arn(service, region, account, f"{kind}:{name}")


def registry(address: str) -> tuple[str, str] | None:
    """Region and account of a private registry of ECR, by its address; None for a registry of somebody else."""
    told = re.match(r"(\d{12})\.dkr[.-]ecr\.([a-z0-9-]+)\.", address)
    return (told[2], told[1]) if told else None
