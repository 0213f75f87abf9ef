"""Azure managed images outside of galleries, and the machines, disks and snapshots they were made from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import Cell, Copy, Resource, ResourceType
from domicile.providers.azure.compute_gallery import CAPTURED
from domicile.providers.azure.ids import canonical, location, subscription_of
from domicile.providers.azure.rows import evidence, identify, of_type, resource, swept
from domicile.providers.service import Listing, Service

IMAGES = "microsoft.compute/images"

IMAGE = ResourceType("azure.compute.image", "snapshot")


def read(row: dict[str, Any], _: Mapping[str, dict[str, Any] | None], __: Cell) -> Iterator[Resource | Copy]:
    this, here = canonical(row["id"]), location(row["location"], row.get("extendedLocation"))
    disks = list(_disks(row.get("properties", {}).get("storageProfile") or {}))
    key = all(disk.get("diskEncryptionSet") for disk in disks) if disks else None
    yield resource(row, IMAGE, here, cmk=key)
    for source in sorted(_sources(row.get("properties", {}), disks)):
        proof = evidence(IMAGES, "storageProfile, sourceVirtualMachine", source)
        yield Copy(source, CAPTURED.name, here, this, subscription_of(this), caused_by=this, evidence=proof)


def _disks(profile: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if profile.get("osDisk"):
        yield profile["osDisk"]
    yield from profile.get("dataDisks") or ()


def _sources(properties: dict[str, Any], disks: list[dict[str, Any]]) -> set[str]:
    """The disks and snapshots; the machine only where they are not told."""
    named = [disk.get(kind) or {} for disk in disks for kind in ("managedDisk", "snapshot")]
    sources = {canonical(one["id"]) for one in named if one.get("id")}
    machine = (properties.get("sourceVirtualMachine") or {}).get("id") or ""
    return sources or {canonical(machine)} - {""}


SERVICE = Service(
    name="compute",
    client="compute",
    scope="global",
    listings=(Listing("images", of_type(IMAGES), read, identify),),
    types=(IMAGE,),
    channels=(),
    needs={},
    blind_to=("An image made from a blob does not say of which storage account's resource it is.",),
    swept=(swept(IMAGES, "storageProfile sourceVirtualMachine", "extendedLocation"),),
)
