"""Backups of DynamoDB tables: those made on demand, and those that DynamoDB makes of deleted tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import NEVER_EXPIRES, Cell, Channel, Copy, Evidence, Location, Resource, ResourceType
from domicile.providers.service import Cloud, Listing, Service

BACKUP = ResourceType("aws.dynamodb.backup", "backup", rotates=True)

TAKEN = Channel("dynamodb-backup", "backup", "Delete the backups, and stop what makes them.", rotates=True)


def find(cloud: Cloud) -> Iterator[dict[str, Any]]:
    for page in cloud.pages("list_backups", BackupType="ALL", Limit=100):
        yield from page["BackupSummaries"]


def identify(backup: dict[str, Any], _: Cell) -> str:
    name: str = backup["BackupArn"]
    return name


def read(backup: dict[str, Any], _: Mapping[str, dict[str, Any] | None], cell: Cell) -> Iterator[Resource | Copy]:
    if backup.get("BackupStatus") == "DELETED":
        return
    this, here, table = identify(backup, cell), Location("aws", cell.region), backup["TableArn"]
    begun = backup.get("BackupCreationDateTime")
    expires = backup.get("BackupExpiryDateTime")
    kept = NEVER_EXPIRES if backup.get("BackupType") == "USER" else None
    yield Resource(
        this,
        BACKUP.name,
        backup["BackupName"],
        cell.account,
        here,
        created_at=None if backup.get("BackupStatus") == "CREATING" else begun,
        retention_days=(expires - begun).days if begun and expires else kept,
        taken_of=table,
    )
    evidence = Evidence("dynamodb:ListBackups", "TableArn", table)
    yield Copy(table, TAKEN.name, here, this, cell.account, evidence=evidence)


SERVICE = Service(
    name="dynamodb",
    client="dynamodb",
    scope="regional",
    listings=(Listing("backups", find, read, identify),),
    types=(BACKUP,),
    channels=(TAKEN,),
    needs={"list_backups": ("dynamodb:ListBackups",)},
)
