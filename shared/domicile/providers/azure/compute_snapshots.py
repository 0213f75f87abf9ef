"""Snapshots of Azure managed disks, and the snapshots that were copied from them, often to another region."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import Cell, Channel, Copy, Resource, ResourceType
from domicile.providers.azure.compute_disks import customer_key, source_of
from domicile.providers.azure.ids import canonical, location, subscription_of
from domicile.providers.azure.rows import evidence, identify, moment, of_type, resource, swept
from domicile.providers.service import Listing, Service

SNAPSHOTS = "microsoft.compute/snapshots"
PROPERTIES = "creationData encryption timeCreated incrementalSnapshotFamilyId completionPercent copyCompletionError"

SNAPSHOT = ResourceType("azure.compute.snapshot", "snapshot", rotates=True)

TAKEN = Channel("azure-disk-snapshot", "snapshot", "Delete the snapshots, and stop what takes them.", rotates=True)
COPIED = Channel(
    "azure-snapshot-copy",
    "snapshot",
    "Stop the job that copies the snapshots, then delete the copies.",
    rotates=True,
)
IMPORTED = Channel(
    "azure-snapshot-import",
    "snapshot",
    "Delete the snapshot that was made from a blob, and the disks made from it.",
    relation="seed",
)


def read(row: dict[str, Any], _: Mapping[str, dict[str, Any] | None], __: Cell) -> Iterator[Resource | Copy]:
    properties = row.get("properties", {})
    this, here = canonical(row["id"]), location(row["location"], row.get("extendedLocation"))
    source = source_of(row)
    channel = _channel(source)
    # Data is being put here, but nothing can be restored from it yet: it is of no age.
    being_made = properties.get("completionPercent", 100) < 100 or properties.get("copyCompletionError")
    taken = None if being_made else moment(properties.get("timeCreated"))
    yield resource(
        row,
        SNAPSHOT,
        here,
        created_at=taken,
        newest_at=taken if channel is TAKEN else None,
        cmk=customer_key(row),
        taken_of=_taken_of(source, channel, properties.get("incrementalSnapshotFamilyId", "")),
    )
    if source:
        proof = evidence(SNAPSHOTS, "creationData", source)
        yield Copy(source, channel.name, here, this, subscription_of(this), evidence=proof)


def _channel(source: str) -> Channel:
    if "/microsoft.compute/snapshots/" in source:
        return COPIED
    return IMPORTED if "/microsoft.storage/" in source else TAKEN


def _taken_of(source: str, channel: Channel, family: str) -> str:
    """The disk; for a copy, which does not say of which disk, the family that all snapshots of one disk are of. The
    snapshot that was copied is rotated away at home, the family stays."""
    if channel is COPIED:
        return f"snapshot-family:{family.lower()}" if family else ""
    return source if channel is TAKEN else ""


SERVICE = Service(
    name="compute",
    client="compute",
    scope="global",
    listings=(Listing("snapshots", of_type(SNAPSHOTS), read, identify),),
    types=(SNAPSHOT,),
    channels=(TAKEN, COPIED, IMPORTED),
    needs={},
    blind_to=(
        "When the snapshot was taken that a copy was made from is not told: a copy counts as old as it is itself.",
        "Of which disk a copied snapshot is, is not told once the snapshot that it was copied from is deleted.",
        "How long a snapshot is kept is not told: whoever takes snapshots deletes them.",
        "Who exported a snapshot by a shared access signature, and where to, is not told.",
    ),
    swept=(swept(SNAPSHOTS, PROPERTIES, "extendedLocation"),),
)
