"""Image versions in Azure compute galleries, with every region that they are replicated to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import Cell, Channel, Copy, Location, Resource, ResourceType
from domicile.providers.azure.ids import canonical, location, subscription_of
from domicile.providers.azure.rows import evidence, identify, moment, of_type, resource, swept
from domicile.providers.service import Listing, Service

VERSIONS = "microsoft.compute/galleries/images/versions"
PROPERTIES = "publishingProfile storageProfile"
BY = ("id", "virtualMachineId", "storageAccountId")

VERSION = ResourceType("azure.compute.image-version", "snapshot")

REPLICATED = Channel(
    "azure-gallery-replication",
    "replica",
    "Take the region out of the target regions of the image version; Azure then deletes the replicas there.",
    implied=True,
    continuous=True,
)
CAPTURED = Channel(
    "azure-image-capture",
    "snapshot",
    "Delete the image that was made from the machine, disk or snapshot.",
)


def read(row: dict[str, Any], _: Mapping[str, dict[str, Any] | None], __: Cell) -> Iterator[Resource | Copy]:
    properties = row.get("properties", {})
    this = canonical(row["id"])
    profile = properties.get("publishingProfile")
    targets = (profile or {}).get("targetRegions") or ()
    # What lies in an edge zone may be in another country than its region.
    edges = (profile or {}).get("targetExtendedLocations") or ()
    places = [location(one["name"], one.get("extendedLocation")) for one in (*targets, *edges)]
    # The version's own location is the gallery's. The data is in its target regions.
    home = location(row["location"])
    here = home if home in places or not places else places[0]
    yield resource(
        {**row, "name": _name(this)},
        VERSION,
        here,
        created_at=moment((profile or {}).get("publishedDate")),
        cmk=_customer_key(targets, here),
    )
    for place in places if profile is not None else [None]:
        if place != here:
            proof = evidence(VERSIONS, "publishingProfile.targetRegions", place.region if place else "not shown")
            yield Copy(this, REPLICATED.name, place, caused_by=this, evidence=proof)
    for source in sorted(_sources(properties.get("storageProfile") or {})):
        proof = evidence(VERSIONS, "storageProfile", source)
        yield Copy(source, CAPTURED.name, here, this, subscription_of(this), caused_by=this, evidence=proof)


def _name(this: str) -> str:
    parts = this.split("/")
    return f"{parts[-3]}/{parts[-1]}"


def _customer_key(targets: Any, here: Location) -> bool | None:
    """Each region has keys of its own; the key of a region that was not shown is not known."""
    for target in targets:
        if location(target["name"]) == here:
            encryption = target.get("encryption") or {}
            images = [encryption.get("osDiskImage") or {}, *(encryption.get("dataDiskImages") or ())]
            return all(image.get("diskEncryptionSetId") for image in images)
    return None


def _sources(profile: dict[str, Any]) -> set[str]:
    images = [profile, profile.get("osDiskImage") or {}, *(profile.get("dataDiskImages") or ())]
    named = [image.get("source") or {} for image in images]
    return {canonical(next((one[by] for by in BY if one.get(by)), "")) for one in named} - {""}


SERVICE = Service(
    name="compute",
    client="compute",
    scope="global",
    listings=(Listing("image-versions", of_type(VERSIONS), read, identify),),
    types=(VERSION,),
    channels=(REPLICATED, CAPTURED),
    needs={},
    blind_to=(
        "Whether a replica of an image has already arrived, or is being deleted, is not asked.",
        "Which tenants and communities a gallery is shared with, and what they made of its images, is not told.",
    ),
    swept=(swept(VERSIONS, PROPERTIES),),
)
