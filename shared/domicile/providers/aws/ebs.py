"""Snapshots of volumes and machine images: their ids, and what descriptions and system tags tell of their origin.

AWS keeps no field that names the source of a copied snapshot. The console, CopyImage and Data Lifecycle Manager write
it into the description, which anybody may write. It is taken as a sign of where a copy comes from, and as nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from msgspec import Struct

from domicile.model import Cell, Location
from domicile.providers.aws.arn import account_of, arn, outpost, partition, place, region_of

NO_VOLUME: Final = "vol-ffffffff"
"""What AWS names as the volume of a snapshot that was taken of none: a copy, an import."""

_COPIED: Final = re.compile(r"\[Copied (snap-[0-9a-f]{8,17}) from ([a-z]{2,4}(?:-[a-z]{3,12}){1,2}-\d{1,2})\]")
_COPIED_WITH_IMAGE: Final = re.compile(
    r"Copied for DestinationAmi ami-[0-9a-f]{8,17} from SourceAmi ami-[0-9a-f]{8,17} "
    r"for SourceSnapshot (snap-[0-9a-f]{8,17})\."
)
_VOLUME: Final = re.compile(r"vol-[0-9a-f]{8,17}")
_POLICY: Final = re.compile(r"policy-[0-9a-f]{8,17}")
_BACKED_UP: Final = re.compile(r"arn:[a-z-]+:ec2:([a-z0-9-]+):(\d{12}):(?:volume/vol|instance/i)-[0-9a-f]{8,17}")


class Source(Struct, frozen=True):
    """What a snapshot or image was copied from: its id, and the region that is named with it."""

    id: str
    region: str = ""


def snapshot_id(name: str, region: str) -> str:
    return arn("ec2", region, "", f"snapshot/{name}")


def image_id(name: str, region: str) -> str:
    return arn("ec2", region, "", f"image/{name}")


def volume_id(name: str, region: str, account: str) -> str:
    """The volume a snapshot was taken of, where it was taken of one."""
    return arn("ec2", region, account, f"volume/{name}") if _VOLUME.fullmatch(name) and name != NO_VOLUME else ""


def no_volume(region: str, account: str) -> str:
    """What all snapshots are taken of that tell nothing: they come and go, and nobody can tell them apart."""
    return arn("ec2", region, account, f"volume/{NO_VOLUME}")


def tags_of(item: Mapping[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag.get("Value", "") for tag in item.get("Tags", ())}


def kept_at(item: Mapping[str, Any], region: str) -> Location:
    """In its region, unless it says that it is kept in a Local Zone or on an Outpost."""
    return outpost(region) if item.get("OutpostArn") else place(region, item.get("AvailabilityZone") or "")


def copied_from(description: str, region: str) -> Source | None:
    """The snapshot that a description names as the source. With an image no region is told: then the id names none."""
    if found := _COPIED.match(description):
        return Source(snapshot_id(found[1], found[2]), found[2])
    if found := _COPIED_WITH_IMAGE.match(description):
        return Source(f"arn:{partition(region)}:ec2:::snapshot/{found[1]}")
    return None


def backed_up(tags: Mapping[str, str]) -> str:
    """The volume or machine that AWS Backup made this of; nobody but AWS can set tags that begin like this one."""
    source = tags.get("aws:backup:source-resource", "")
    return source if _BACKED_UP.fullmatch(source) else ""


def is_away(source: str, cell: Cell) -> bool:
    """Whether a backup is kept in another place or account than what it was made of."""
    return (region_of(source), account_of(source)) != (cell.region, cell.account)


def made_by(tags: Mapping[str, str], region: str, account: str) -> str:
    """The lifecycle policy that made this, of that region, and its schedule."""
    policy, schedule = tags.get("aws:dlm:lifecycle-policy-id", ""), tags.get("aws:dlm:lifecycle-schedule-name", "")
    return policy_id(policy, region, account, schedule) if _POLICY.fullmatch(policy) else ""


def policy_id(policy: str, region: str, account: str, schedule: str = "") -> str:
    whole = arn("dlm", region, account, f"policy/{policy}")
    return f"{whole}#{schedule}" if schedule else whole


def moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
