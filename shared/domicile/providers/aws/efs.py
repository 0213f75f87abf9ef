"""Amazon EFS: each file system, and the one in another region or account that it is replicated to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import Cell, Channel, Copy, Evidence, Location, Resource, ResourceType
from domicile.providers.aws.arn import account_of, arn, place
from domicile.providers.service import Cloud, Listing, Service

FILE_SYSTEM = ResourceType("aws.efs.file-system", "primary")

REPLICATION = Channel(
    "efs-replication",
    "replica",
    "Delete the replication configuration, then the file system it wrote to: its files stay there.",
    continuous=True,
)


def find(cloud: Cloud) -> Iterator[dict[str, Any]]:
    for page in cloud.pages("describe_file_systems", MaxItems=100):
        yield from page["FileSystems"]


def find_replications(cloud: Cloud) -> Iterator[dict[str, Any]]:
    for page in cloud.pages("describe_replication_configurations", MaxResults=100):
        yield from page["Replications"]


def identify(system: dict[str, Any], cell: Cell) -> str:
    return system.get("FileSystemArn") or named(system["FileSystemId"], cell.region, cell.account)


def identify_replication(replication: dict[str, Any], _: Cell) -> str:
    source: str = replication["SourceFileSystemArn"]
    return source


def named(system: str, region: str, account: str) -> str:
    return arn("elasticfilesystem", region, account, f"file-system/{system}")


def read(system: dict[str, Any], _: Mapping[str, dict[str, Any] | None], cell: Cell) -> Iterator[Resource]:
    if system.get("LifeCycleState") == "deleted":
        return
    yield Resource(
        identify(system, cell),
        FILE_SYSTEM.name,
        system.get("Name") or system["FileSystemId"],
        cell.account,
        place(cell.region, system.get("AvailabilityZoneName", "")),
        tags={tag["Key"]: tag["Value"] for tag in system.get("Tags", ())},
        created_at=system.get("CreationTime"),
        cmk=None if system.get("Encrypted", True) else False,
        key=system.get("KmsKeyId", ""),
    )


def read_replication(replication: dict[str, Any], _: Mapping[str, dict[str, Any] | None], cell: Cell) -> Iterator[Copy]:
    source = identify_replication(replication, cell)
    # Both ends show it. Paused, failing or on its way out, it has put files there all the same.
    for target in replication.get("Destinations", ()):
        account = target.get("OwnerId") or account_of(source)
        yield Copy(
            of=source,
            channel=REPLICATION.name,
            location=Location("aws", target["Region"]),
            id=named(target["FileSystemId"], target["Region"], account),
            account=account,
            caused_by=source,
            evidence=Evidence("efs:DescribeReplicationConfigurations", "Destinations.Region", target["Region"]),
        )


SERVICE = Service(
    name="efs",
    client="efs",
    scope="regional",
    listings=(
        Listing("file-systems", find, read, identify),
        Listing("replications", find_replications, read_replication, identify_replication),
    ),
    types=(FILE_SYSTEM,),
    channels=(REPLICATION,),
    needs={
        "describe_file_systems": ("elasticfilesystem:DescribeFileSystems",),
        "describe_replication_configurations": ("elasticfilesystem:DescribeReplicationConfigurations",),
    },
    blind_to=(
        "What a replication wrote before it was deleted is not told from other files: the copy becomes a root.",
        "Who may mount a file system from another account, and what DataSync or programs copy out of it, is not asked.",
    ),
)
