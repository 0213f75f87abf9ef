"""AWS Backup: the copy jobs of the last weeks, which tell of copies in vaults that nobody can look into."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import Cell, Copy, Evidence, Location
from domicile.providers.aws.arn import account_of, arn, region_of
from domicile.providers.aws.backup_points import COPIED, cause
from domicile.providers.service import Cloud, Listing, Service

PUTS_DATA = {"COMPLETED", "PARTIAL", "RUNNING"}


def find(cloud: Cloud) -> Iterator[dict[str, Any]]:
    for page in cloud.pages("list_copy_jobs", MaxResults=1000):
        yield from page["CopyJobs"]


def identify(job: dict[str, Any], cell: Cell) -> str:
    return arn("backup", cell.region, cell.account, f"copy-job:{job['CopyJobId']}")


def read(job: dict[str, Any], _: Mapping[str, dict[str, Any] | None], __: Cell) -> Iterator[Copy]:
    # The job of a composite point has a job for each of its members, and copies nothing else.
    if job.get("State") not in PUTS_DATA or job.get("IsParent") or not job.get("ResourceArn"):
        return
    vault = job["DestinationBackupVaultArn"]
    yield Copy(
        of=job["ResourceArn"],
        channel=COPIED.name,
        location=Location("aws", region_of(vault)),
        id=job.get("DestinationRecoveryPointArn", ""),
        account=account_of(vault),
        caused_by=cause(job),
        evidence=Evidence("backup:ListCopyJobs", "DestinationBackupVaultArn", vault),
        key=job.get("DestinationEncryptionKeyArn", ""),
        partial=job["State"] == "PARTIAL",
    )


SERVICE = Service(
    name="backup",
    client="backup",
    scope="regional",
    listings=(Listing("copy-jobs", find, read, identify),),
    types=(),
    channels=(),
    needs={"list_copy_jobs": ("backup:ListCopyJobs",)},
    blind_to=(
        "Copy jobs are told of for 30 days: of older copies in other companies' vaults only the plans tell.",
        "Whether a copy in a vault that nobody looks into has been deleted since is not told.",
    ),
)
