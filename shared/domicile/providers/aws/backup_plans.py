"""AWS Backup: its plans, and the vaults that the copy actions of their rules put recovery points into."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import Cell, Channel, Copy, Evidence, Location
from domicile.providers.aws.arn import account_of, region_of
from domicile.providers.service import Cloud, Listing, Part, Service

COPY_ACTION = Channel(
    "backup-copy-action",
    "backup",
    "Remove the copy action from the rule of the backup plan, then delete the copies in the destination vault.",
    relation="rule",
    implied=True,
)


def find(cloud: Cloud) -> Iterator[dict[str, Any]]:
    for page in cloud.pages("list_backup_plans", MaxResults=1000):
        yield from page["BackupPlansList"]


def plan(cloud: Cloud, listed: dict[str, Any]) -> dict[str, Any]:
    described: dict[str, Any] = cloud.call("get_backup_plan", BackupPlanId=listed["BackupPlanId"])["BackupPlan"]
    return described


def identify(listed: dict[str, Any], _: Cell) -> str:
    name: str = listed["BackupPlanArn"]
    return name


def read(listed: dict[str, Any], parts: Mapping[str, dict[str, Any] | None], cell: Cell) -> Iterator[Copy]:
    for rule in (parts.get("plan") or {}).get("Rules", ()):
        this = rule_of(identify(listed, cell), rule.get("RuleId", ""))
        for action in rule.get("CopyActions", ()):
            yield _put(this, action["DestinationBackupVaultArn"], "Rules.CopyActions.DestinationBackupVaultArn")
        if vault := rule.get("TargetLogicallyAirGappedBackupVaultArn"):
            yield _put(this, vault, "Rules.TargetLogicallyAirGappedBackupVaultArn")


def rule_of(plan_id: str, rule: str) -> str:
    """What a rule of a plan is called where something was made because of it."""
    return f"{plan_id}#{rule}" if plan_id else ""


def _put(rule: str, vault: str, field: str) -> Copy:
    there = Location("aws", region_of(vault))
    evidence = Evidence("backup:GetBackupPlan", field, vault)
    return Copy(rule, COPY_ACTION.name, there, account=account_of(vault), evidence=evidence, part="plan")


SERVICE = Service(
    name="backup",
    client="backup",
    scope="regional",
    listings=(Listing("plans", find, read, identify, parts=(Part("plan", plan),)),),
    types=(),
    channels=(COPY_ACTION,),
    needs={"list_backup_plans": ("backup:ListBackupPlans",), "get_backup_plan": ("backup:GetBackupPlan",)},
    blind_to=("What a plan has selected and not backed up yet is not asked: its copies show with the first backup.",),
)
