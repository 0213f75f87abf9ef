"""Restore points of Azure virtual machines: collections of points in time of their disks, and copies of collections."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from domicile.model import Cell, Channel, Copy, Resource, ResourceType
from domicile.providers.azure.ids import canonical, location, subscription_of
from domicile.providers.azure.rows import evidence, identify, moment, of_type, resource, swept
from domicile.providers.service import Cloud, Listing, Part, Service

COLLECTIONS = "microsoft.compute/restorepointcollections"
POINTS = "Microsoft.Compute/restorePointCollections/read"
VERSION = "2024-07-01"

COLLECTION = ResourceType("azure.compute.restore-point-collection", "snapshot")

TAKEN = Channel(
    "azure-restore-point",
    "snapshot",
    "Delete the restore points or their collection, and stop what takes them.",
)
COPIED = Channel(
    "azure-restore-point-copy",
    "snapshot",
    "Stop the job that copies the restore points, then delete the collection they were copied to.",
)


def points(cloud: Cloud, row: dict[str, Any]) -> dict[str, Any]:
    return cloud.call(POINTS, path=row["id"], version=VERSION, **{"$expand": "restorePoints"})


def is_original(row: dict[str, Any]) -> bool:
    """Of a copied collection it is enough to know the collection that it is a copy of."""
    return not _is_collection(_source(row))


def read(row: dict[str, Any], parts: Mapping[str, dict[str, Any] | None], _: Cell) -> Iterator[Resource | Copy]:
    taken = ((parts.get("points") or {}).get("properties") or {}).get("restorePoints")
    if taken == []:
        return
    times = [time for point in taken or () if (time := _time(point))]
    here = location(row["location"])
    yield resource(row, COLLECTION, here, created_at=min(times, default=None), newest_at=max(times, default=None))

    source = _source(row)
    if _is_collection(source):
        yield _copy(row, COPIED, source, "")
        return
    disks = sorted({disk for point in taken or () for disk in _disks(point.get("properties", {}))})
    # Which disks a machine had is told by its points alone.
    for of in disks or [source] * bool(source):
        yield _copy(row, TAKEN, of, "points" if disks else "")


def _copy(row: dict[str, Any], channel: Channel, of: str, part: str) -> Copy:
    this, here = canonical(row["id"]), location(row["location"])
    proof = evidence(COLLECTIONS, "restorePoints" if part else "source.id", of)
    return Copy(of, channel.name, here, this, subscription_of(this), caused_by=this, evidence=proof, part=part)


def _source(row: dict[str, Any]) -> str:
    return canonical((row.get("properties", {}).get("source") or {}).get("id") or "")


def _is_collection(source: str) -> bool:
    return "/microsoft.compute/restorepointcollections/" in source


def _time(point: dict[str, Any]) -> Any:
    """When a point was taken; None while it is being made, or when that failed."""
    properties = point.get("properties", {})
    return moment(properties.get("timeCreated")) if properties.get("provisioningState") == "Succeeded" else None


def _disks(point: dict[str, Any]) -> Iterator[str]:
    profile = (point.get("sourceMetadata") or {}).get("storageProfile") or {}
    disks = [profile.get("osDisk") or {}, *(profile.get("dataDisks") or ())]
    yield from _ids([disk.get("managedDisk") or {} for disk in disks]) - _ids(point.get("excludeDisks") or ())


def _ids(named: Sequence[dict[str, Any]]) -> set[str]:
    return {canonical(one["id"]) for one in named if one.get("id")}


SERVICE = Service(
    name="compute",
    client="compute",
    scope="global",
    listings=(
        Listing(
            "restore-point-collections",
            of_type(COLLECTIONS),
            read,
            identify,
            (Part("points", points, applies=is_original),),
        ),
    ),
    types=(COLLECTION,),
    channels=(TAKEN, COPIED),
    needs={POINTS: (POINTS,)},
    blind_to=(
        "How old the points in a copied collection are is not asked.",
        "Which of a machine's disks are encrypted with a key of the customer's own is not asked of its restore points.",
    ),
    swept=(swept(COLLECTIONS, "source"),),
)
