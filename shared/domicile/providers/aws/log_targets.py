"""What CloudWatch Logs passes on, and to where; the moments that it tells, and what its policies say in their texts."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Final

from domicile.model import Channel, Copy, Evidence
from domicile.providers.aws.arn import account_of, arn, place, region_of

_STOP: Final = "Delete the filter, account policy or destination that sends the logs on"

SUBSCRIPTION = Channel(
    "logs-subscription", "log", f"{_STOP}, or let it name a stream in an allowed region.", shares=True
)
FORWARDING = Channel(
    "logs-forwarding", "processing", f"{_STOP}, or let it name a target that keeps to allowed regions.", shares=True
)
_EXCLUSION: Final = re.compile(r"\s*LogGroupName\s+NOT\s+IN\s*(\[.*\])\s*", re.DOTALL)
_WHOLE: Final = re.compile(r"\s*OrganizationId\s*=\s*['\"]o-[a-z0-9]+['\"]\s*")


def group_id(name: str, region: str, account: str) -> str:
    return arn("logs", region, account, f"log-group:{name}")


def sent(
    of: str, target: str, evidence: Evidence, *, caused_by: str = "", partial: bool = False, part: str = ""
) -> Copy:
    """A stream keeps logs for a while; Firehose, a function and a destination pass them on."""
    channel = SUBSCRIPTION if target.split(":")[2] == "kinesis" else FORWARDING
    there, account = place(region_of(target)), account_of(target)
    return Copy(of, channel.name, there, target, account, caused_by or of, evidence, partial=partial, part=part)


def moment(milliseconds: int | None) -> datetime | None:
    return datetime.fromtimestamp(milliseconds / 1000, UTC) if milliseconds else None


def told(document: str) -> tuple[str, str]:
    """The target of a subscription policy, and its pattern."""
    policy = json.loads(document)
    return policy["DestinationArn"], policy.get("FilterPattern", "")


def excluded(criteria: str) -> frozenset[str]:
    """The log groups that an account's policy leaves out; none where it says so in a way that is not known."""
    found = _EXCLUSION.fullmatch(criteria)
    return frozenset(json.loads(found[1])) if found else frozenset()


def is_whole(scope: str, criteria: str) -> bool:
    """Whether a centralisation rule is about all log groups of all accounts."""
    return bool(_WHOLE.fullmatch(scope)) and criteria.strip() == "*"
