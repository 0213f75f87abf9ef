"""Amazon Data Lifecycle Manager: the policies that take snapshots and images and copy them to other regions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import Cell, Channel, Copy, Evidence, Location
from domicile.providers.aws.arn import outpost, region_of
from domicile.providers.aws.ebs import policy_id
from domicile.providers.service import Cloud, Listing, Part, Service

COPY_RULE = Channel(
    "dlm-copy-rule",
    "snapshot",
    "Remove the copy rule from the lifecycle policy, then delete the copies: they stay until their own time is over.",
    relation="rule",
    implied=True,
)


def find(cloud: Cloud) -> Iterator[dict[str, Any]]:
    yield from cloud.call("get_lifecycle_policies")["Policies"]


def policy(cloud: Cloud, summary: dict[str, Any]) -> dict[str, Any]:
    described: dict[str, Any] = cloud.call("get_lifecycle_policy", PolicyId=summary["PolicyId"])["Policy"]
    return described


def is_on(summary: dict[str, Any]) -> bool:
    """A policy that is switched off copies nothing. What it copied before is seen where it is."""
    return summary.get("State") != "DISABLED"


def identify(summary: dict[str, Any], cell: Cell) -> str:
    return policy_id(summary["PolicyId"], cell.region, cell.account)


def read(summary: dict[str, Any], parts: Mapping[str, dict[str, Any] | None], cell: Cell) -> Iterator[Copy]:
    details = (parts.get("policy") or {}).get("PolicyDetails", {})
    for schedule in details.get("Schedules", ()):
        this = policy_id(summary["PolicyId"], cell.region, cell.account, schedule.get("Name", ""))
        for rule in schedule.get("CrossRegionCopyRules", ()):
            target = rule.get("Target") or rule["TargetRegion"]
            yield _copied(this, target, "Schedules.CrossRegionCopyRules", cell, rule.get("CmkArn", ""))
    this = identify(summary, cell)
    # What others share with this account, and what a default policy takes of all there is.
    for action in details.get("Actions", ()):
        for rule in action.get("CrossRegionCopy", ()):
            key = rule.get("EncryptionConfiguration", {}).get("CmkArn", "")
            yield _copied(this, rule["Target"], "Actions.CrossRegionCopy", cell, key)
    for rule in details.get("CrossRegionCopyTargets", ()):
        yield _copied(this, rule["TargetRegion"], "CrossRegionCopyTargets", cell)


def _copied(rule: str, target: str, field: str, cell: Cell, key: str = "") -> Copy:
    there = outpost(region_of(target)) if target.startswith("arn:") else Location("aws", target)
    evidence = Evidence("dlm:GetLifecyclePolicy", field, target)
    return Copy(rule, COPY_RULE.name, there, account=cell.account, evidence=evidence, key=key, part="policy")


SERVICE = Service(
    name="dlm",
    client="dlm",
    scope="regional",
    listings=(Listing("policies", find, read, identify, parts=(Part("policy", policy, applies=is_on),)),),
    types=(),
    channels=(COPY_RULE,),
    needs={
        "get_lifecycle_policies": ("dlm:GetLifecyclePolicies",),
        "get_lifecycle_policy": ("dlm:GetLifecyclePolicy",),
    },
    blind_to=(
        "What a lifecycle policy will copy shows once it has taken a first snapshot at home.",
        "With which accounts a policy shares its snapshots is not asked; what they copied shows in theirs only.",
    ),
)
