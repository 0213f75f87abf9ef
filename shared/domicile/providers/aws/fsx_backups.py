"""Backups of Amazon FSx file systems and volumes, and the backups that were copied from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import NEVER_EXPIRES, Cell, Channel, Copy, Evidence, Location, Resource, ResourceType
from domicile.providers.aws.arn import arn
from domicile.providers.aws.backup_points import COPIED as BACKUP_COPY
from domicile.providers.aws.backup_points import MADE as RECOVERY_POINT
from domicile.providers.aws.ebs import is_away, tags_of
from domicile.providers.aws.fsx import named
from domicile.providers.service import Cloud, Listing, Service

BACKUP = ResourceType("aws.fsx.backup", "snapshot", rotates=True)

TAKEN = Channel("fsx-backup", "snapshot", "Delete the backups, and stop what takes them.", rotates=True)
AUTOMATIC = Channel(
    "fsx-automatic-backup",
    "backup",
    "Shorten or switch off the automatic backups of the file system.",
    rotates=True,
)
COPIED = Channel(
    "fsx-backup-copy",
    "snapshot",
    "Stop the job that copies the backups, then delete the copies.",
    rotates=True,
)
BEING_MADE = {"COPYING", "CREATING", "PENDING", "TRANSFERRING"}
GONE = {"DELETED", "FAILED"}


def find(cloud: Cloud) -> Iterator[dict[str, Any]]:
    for page in cloud.pages("describe_backups", MaxResults=100):
        yield from page["Backups"]


def identify(backup: dict[str, Any], cell: Cell) -> str:
    return backup.get("ResourceARN") or arn("fsx", cell.region, cell.account, f"backup/{backup['BackupId']}")


def read(backup: dict[str, Any], _: Mapping[str, dict[str, Any] | None], cell: Cell) -> Iterator[Resource | Copy]:
    state = backup.get("Lifecycle")
    if state in GONE:
        return
    this, tags, here = identify(backup, cell), tags_of(backup), Location("aws", cell.region)
    system, source = _taken_of(backup, cell), backup.get("SourceBackupId", "")
    by_itself = backup.get("Type", "USER_INITIATED") != "USER_INITIATED"
    yield Resource(
        this,
        BACKUP.name,
        tags.get("Name") or backup["BackupId"],
        cell.account,
        here,
        tags=tags,
        created_at=None if state in BEING_MADE else backup.get("CreationTime"),
        retention_days=None if by_itself else NEVER_EXPIRES,
        key=backup.get("KmsKeyId", ""),
        taken_of=system,
    )
    if backup.get("Type") == "AWS_BACKUP":
        channel = BACKUP_COPY if source or (system and is_away(system, cell)) else RECOVERY_POINT
        of, field = system, "FileSystem"
    elif source:
        region = backup.get("SourceBackupRegion") or cell.region
        channel, of, field = COPIED, arn("fsx", region, cell.account, f"backup/{source}"), "SourceBackupId"
    else:
        channel, of, field = (AUTOMATIC if by_itself else TAKEN), system, "FileSystem"
    if of:
        evidence = Evidence("fsx:DescribeBackups", field, of)
        yield Copy(of, channel.name, here, this, cell.account, evidence=evidence)


def _taken_of(backup: dict[str, Any], cell: Cell) -> str:
    """The file system, which is told of even when it is gone; of the backup of a volume, the one it belongs to."""
    system, volume = backup.get("FileSystem", {}), backup.get("Volume", {})
    if whole := system.get("ResourceARN"):
        return str(whole)
    name = system.get("FileSystemId") or volume.get("FileSystemId", "")
    region = backup.get("SourceBackupRegion") or cell.region
    return named(name, region, system.get("OwnerId") or cell.account) if name else ""


SERVICE = Service(
    name="fsx",
    client="fsx",
    scope="regional",
    listings=(Listing("backups", find, read, identify),),
    types=(BACKUP,),
    channels=(TAKEN, AUTOMATIC, COPIED),
    needs={"describe_backups": ("fsx:DescribeBackups",)},
    blind_to=("For how long an automatic backup is kept is told by its file system only, and not asked.",),
)
