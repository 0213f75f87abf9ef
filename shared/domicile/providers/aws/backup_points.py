"""AWS Backup: the recovery points in its vaults, those made here and those copied in from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import NEVER_EXPIRES, Cell, Channel, Copy, Evidence, Location, Resource, ResourceType
from domicile.providers.aws.arn import account_of, region_of
from domicile.providers.aws.backup_plans import rule_of
from domicile.providers.service import Cloud, Listing, Service

POINT = ResourceType("aws.backup.recovery-point", "backup", rotates=True, tags_look="tags.resources")

MADE = Channel(
    "backup-recovery-point",
    "backup",
    "Change the rule or the copy action of the backup plan, then delete the recovery points.",
    rotates=True,
    shown_by="backup",
)
COPIED = Channel(
    "backup-copy",
    "backup",
    "Remove the copy action from the backup plan, then delete the copies in the vault they went to.",
    rotates=True,
    shown_by="backup",
)
DATED = {"AVAILABLE", "COMPLETED", "DELETING", "EXPIRED"}


def find(cloud: Cloud) -> Iterator[dict[str, Any]]:
    for page in cloud.pages("list_backup_vaults", MaxResults=1000):
        for vault in page["BackupVaultList"]:
            if vault.get("NumberOfRecoveryPoints") != 0:
                yield from _points(cloud, vault)


def _points(cloud: Cloud, vault: dict[str, Any]) -> Iterator[dict[str, Any]]:
    name, kept_in = vault["BackupVaultName"], vault["BackupVaultArn"]
    # Such a vault only opens another account's: what it shows is kept there.
    if vault.get("VaultType") == "RESTORE_ACCESS_BACKUP_VAULT":
        described = cloud.call("describe_backup_vault", BackupVaultName=name)
        kept_in = described.get("SourceBackupVaultArn", kept_in)
    for page in cloud.pages("list_recovery_points_by_backup_vault", BackupVaultName=name, MaxResults=1000):
        for point in page["RecoveryPoints"]:
            yield point | {"BackupVaultArn": kept_in}


def identify(point: dict[str, Any], _: Cell) -> str:
    name: str = point["RecoveryPointArn"]
    return name


def read(point: dict[str, Any], _: Mapping[str, dict[str, Any] | None], cell: Cell) -> Iterator[Resource | Copy]:
    # A composite point holds nothing but its members, which are listed beside it.
    if point.get("IsParent"):
        return
    this, vault, source = identify(point, cell), point["BackupVaultArn"], point.get("ResourceArn", "")
    here, account = Location("aws", region_of(vault)), account_of(vault)
    # What can be restored from a continuous point is newer than its date, by nobody knows how much.
    dated = point.get("Status", "COMPLETED") in DATED and ":recovery-point:continuous:" not in this
    unencrypted = point.get("IsEncrypted") is False or point.get("EncryptionKeyType") == "AWS_OWNED_KMS_KEY"
    yield Resource(
        this,
        POINT.name,
        this.split(":", 5)[-1],
        account,
        here,
        created_at=point.get("CreationDate") if dated else None,
        # A copy is no newer than the backup that it was made from.
        newest_at=point.get("InitiationDate") if dated else None,
        retention_days=_kept(point.get("Lifecycle")),
        cmk=False if unencrypted else None,
        key=point.get("EncryptionKeyArn", ""),
        taken_of=source,
    )
    if not source:
        return
    channel = COPIED if point.get("SourceBackupVaultArn") else channel_of(source, here.region, account)
    evidence = Evidence("backup:ListRecoveryPointsByBackupVault", "ResourceArn", source)
    partial = point.get("Status") == "PARTIAL"
    yield Copy(source, channel.name, here, this, account, cause(point), evidence, partial=partial)


def channel_of(source: str, region: str, account: str) -> Channel:
    """A backup is made where its source is, in the source's account: anywhere else it was copied to."""
    at_home = region_of(source) in ("", region) and account_of(source) in ("", account)
    return MADE if at_home else COPIED


def cause(made: dict[str, Any]) -> str:
    by = made.get("CreatedBy", {})
    return rule_of(by.get("BackupPlanArn", ""), by.get("BackupRuleId", ""))


def _kept(lifecycle: dict[str, Any] | None) -> int | None:
    """Without a lifecycle nothing is known. One that deletes after an event says nothing about days."""
    if lifecycle is None or "DeleteAfterEvent" in lifecycle:
        return None
    days: int = lifecycle.get("DeleteAfterDays", -1)
    return days if days > 0 else NEVER_EXPIRES


SERVICE = Service(
    name="backup",
    client="backup",
    scope="regional",
    listings=(Listing("recovery-points", find, read, identify),),
    types=(POINT,),
    channels=(MADE, COPIED),
    needs={
        "list_backup_vaults": ("backup:ListBackupVaults",),
        "describe_backup_vault": ("backup:DescribeBackupVault",),
        "list_recovery_points_by_backup_vault": ("backup:ListRecoveryPointsByBackupVault",),
    },
    blind_to=("What can be restored from a continuous backup is not told: its newest moment is not known.",),
)
