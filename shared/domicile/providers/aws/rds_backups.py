"""Automated backups of databases: those at home, those sent to another region, those that deleted ones left."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import Cell, Channel, Copy, Evidence, Resource, ResourceType
from domicile.providers.aws.arn import arn, kept_at, region_of
from domicile.providers.aws.rds import BACKUP_REPLICATION
from domicile.providers.service import Cloud, Listing, Service

BACKUP = ResourceType("aws.rds.automated-backup", "backup")

CONTINUOUS = Channel(
    "rds-continuous-backup",
    "backup",
    "Set the backup retention period of the database to none; delete the retained backups of deleted databases.",
)


def find(cloud: Cloud) -> Iterator[dict[str, Any]]:
    for page in cloud.pages("describe_db_instance_automated_backups", MaxRecords=100):
        yield from page["DBInstanceAutomatedBackups"]


def find_of_clusters(cloud: Cloud) -> Iterator[dict[str, Any]]:
    for page in cloud.pages("describe_db_cluster_automated_backups", MaxRecords=100):
        yield from page["DBClusterAutomatedBackups"]


def identify(backup: dict[str, Any], cell: Cell) -> str:
    return backup.get("DBInstanceAutomatedBackupsArn") or _named(backup["DBInstanceIdentifier"], cell)


def identify_of_cluster(backup: dict[str, Any], cell: Cell) -> str:
    return backup.get("DBClusterAutomatedBackupsArn") or _named(backup["DBClusterIdentifier"], cell)


def read(backup: dict[str, Any], _: Mapping[str, dict[str, Any] | None], cell: Cell) -> Iterator[Resource | Copy]:
    name = backup["DBInstanceIdentifier"]
    home = backup.get("Region", cell.region)
    source = backup.get("DBInstanceArn") or arn("rds", home, cell.account, f"db:{name}")
    encrypted = backup.get("Encrypted", True)
    yield from _backup(backup, identify(backup, cell), name, source, cell, encrypted=encrypted)


def read_of_cluster(
    backup: dict[str, Any], _: Mapping[str, dict[str, Any] | None], cell: Cell
) -> Iterator[Resource | Copy]:
    name = backup["DBClusterIdentifier"]
    home = backup.get("Region", cell.region)
    source = backup.get("DBClusterArn") or arn("rds", home, cell.account, f"cluster:{name}")
    encrypted = backup.get("StorageEncrypted", True)
    yield from _backup(backup, identify_of_cluster(backup, cell), name, source, cell, encrypted=encrypted)


def _named(database: str, cell: Cell) -> str:
    """Automated backups that never left home come without a name of their own."""
    return arn("rds", cell.region, cell.account, f"auto-backup:{database}")


def _backup(
    backup: dict[str, Any], this: str, name: str, source: str, cell: Cell, *, encrypted: bool
) -> Iterator[Resource | Copy]:
    here = kept_at(cell.region, backup.get("BackupTarget", ""), backup.get("AvailabilityZone", ""))
    being_made = backup.get("Status") == "creating"
    yield Resource(
        this,
        BACKUP.name,
        name,
        cell.account,
        here,
        tags={tag["Key"]: tag.get("Value", "") for tag in backup.get("TagList", ())},
        newest_at=None if being_made else backup.get("RestoreWindow", {}).get("LatestTime"),
        retention_days=backup.get("BackupRetentionPeriod"),
        cmk=None if encrypted else False,
        key=backup.get("KmsKeyId", ""),
    )
    channel = CONTINUOUS if region_of(source) == cell.region else BACKUP_REPLICATION
    evidence = Evidence("rds:DescribeDBInstanceAutomatedBackups", "DBInstanceArn", source)
    yield Copy(source, channel.name, here, this, cell.account, caused_by=source, evidence=evidence)


SERVICE = Service(
    name="rds",
    client="rds",
    scope="regional",
    listings=(
        Listing("automated-backups", find, read, identify),
        Listing("cluster-automated-backups", find_of_clusters, read_of_cluster, identify_of_cluster),
    ),
    types=(BACKUP,),
    channels=(CONTINUOUS,),
    needs={
        "describe_db_instance_automated_backups": ("rds:DescribeDBInstanceAutomatedBackups",),
        "describe_db_cluster_automated_backups": ("rds:DescribeDBClusterAutomatedBackups",),
    },
    blind_to=("Until when the retained backups of a deleted database are kept is told in days only.",),
)
