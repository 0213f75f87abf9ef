"""Amazon FSx: each file system, and the buckets that its files come from or go to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import Cell, Channel, Copy, Evidence, Location, Resource, ResourceType
from domicile.providers.aws.arn import arn, partition
from domicile.providers.aws.ebs import tags_of
from domicile.providers.service import Cloud, Listing, Service

FILE_SYSTEM = ResourceType("aws.fsx.file-system", "primary")

IMPORTED = Channel(
    "fsx-import",
    "replica",
    "Delete the data repository association together with the files it brought into the file system.",
    shares=True,
)
EXPORTED = Channel(
    "fsx-export",
    "export",
    "Switch off the export of the data repository association, then delete in the bucket what it wrote.",
    shares=True,
)


def find(cloud: Cloud) -> Iterator[dict[str, Any]]:
    for page in cloud.pages("describe_file_systems", MaxResults=100):
        yield from page["FileSystems"]


def find_repositories(cloud: Cloud) -> Iterator[dict[str, Any]]:
    for page in cloud.pages("describe_data_repository_associations", MaxResults=25):
        yield from page["Associations"]


def identify(system: dict[str, Any], cell: Cell) -> str:
    return system.get("ResourceARN") or named(system["FileSystemId"], cell.region, cell.account)


def identify_repository(link: dict[str, Any], cell: Cell) -> str:
    return link.get("ResourceARN") or arn("fsx", cell.region, cell.account, f"association/{link['AssociationId']}")


def named(system: str, region: str, account: str) -> str:
    return arn("fsx", region, account, f"file-system/{system}")


def read(system: dict[str, Any], _: Mapping[str, dict[str, Any] | None], cell: Cell) -> Iterator[Resource | Copy]:
    if system.get("Lifecycle") == "FAILED":
        return
    this, tags, here = identify(system, cell), tags_of(system), Location("aws", cell.region)
    yield Resource(
        this,
        FILE_SYSTEM.name,
        tags.get("Name") or system["FileSystemId"],
        cell.account,
        here,
        tags=tags,
        created_at=system.get("CreationTime"),
        key=system.get("KmsKeyId", ""),
    )
    # The older way to link a bucket. What it exports goes back to the same bucket.
    path = system.get("LustreConfiguration", {}).get("DataRepositoryConfiguration", {}).get("ImportPath", "")
    if bucket := _bucket(path, cell):
        evidence = Evidence("fsx:DescribeFileSystems", "LustreConfiguration.DataRepositoryConfiguration", path)
        yield Copy(bucket, IMPORTED.name, here, this, cell.account, this, evidence, partial=_is_folder(path))


def read_repository(link: dict[str, Any], _: Mapping[str, dict[str, Any] | None], cell: Cell) -> Iterator[Copy]:
    path = link.get("DataRepositoryPath", "")
    bucket, system = _bucket(path, cell), link.get("FileSystemId", "")
    if not (bucket and system) or link.get("Lifecycle") == "FAILED":
        return
    this, cause, rules = named(system, cell.region, cell.account), identify_repository(link, cell), link.get("S3", {})
    evidence = Evidence("fsx:DescribeDataRepositoryAssociations", "DataRepositoryPath", path)
    # Once files of the bucket are listed in the file system, whoever opens them brings them there.
    if link.get("BatchImportMetaDataOnCreate") or rules.get("AutoImportPolicy", {}).get("Events"):
        here, folder = Location("aws", cell.region), _is_folder(path)
        yield Copy(bucket, IMPORTED.name, here, this, cell.account, cause, evidence, partial=folder)
    if rules.get("AutoExportPolicy", {}).get("Events"):
        partial = link.get("FileSystemPath", "/") != "/"
        yield Copy(this, EXPORTED.name, id=bucket, caused_by=cause, evidence=evidence, partial=partial)


def _bucket(path: str, cell: Cell) -> str:
    """The bucket of a path; "" for servers outside of AWS."""
    name = path.removeprefix("s3://").partition("/")[0]
    return f"arn:{partition(cell.region)}:s3:::{name}" if path.startswith("s3://") and name else ""


def _is_folder(path: str) -> bool:
    return bool(path.removeprefix("s3://").partition("/")[2])


SERVICE = Service(
    name="fsx",
    client="fsx",
    scope="regional",
    listings=(
        Listing("file-systems", find, read, identify),
        Listing("repositories", find_repositories, read_repository, identify_repository),
    ),
    types=(FILE_SYSTEM,),
    channels=(IMPORTED, EXPORTED),
    needs={
        "describe_file_systems": ("fsx:DescribeFileSystems",),
        "describe_data_repository_associations": ("fsx:DescribeDataRepositoryAssociations",),
    },
    blind_to=(
        "What ONTAP replicates by SnapMirror or caches by FlexCache is set up inside it and shows in no API of AWS.",
        "Volumes of OpenZFS that were copied from snapshots elsewhere are not asked; nor are file caches.",
        "From which backup a file system was made is not told, nor what tasks moved to or from a bucket on request.",
    ),
    hides=frozenset({"replica", "cache"}),
)
