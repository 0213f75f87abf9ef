"""Key vaults and managed HSMs that were deleted and not purged yet: all that was in them is still there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from domicile.model import Cell, Copy, Evidence, Resource, ResourceType
from domicile.providers.azure import registered
from domicile.providers.azure.ids import canonical, location
from domicile.providers.azure.keyvault import VAULTS, paired_copy
from domicile.providers.azure.rows import of_type, resource, swept
from domicile.providers.service import Cloud, Listing, Service

DELETED_VAULTS = "Microsoft.KeyVault/deletedVaults/read"
DELETED_MODULES = "Microsoft.KeyVault/deletedManagedHSMs/read"
VERSION = "2023-07-01"
BELOW = "/subscriptions/{subscription}/providers"

VAULT = ResourceType("azure.keyvault.deleted-vault", "primary")
MODULE = ResourceType("azure.keyvault.deleted-managed-hsm", "primary")


def deleted(action: str, kind: str) -> Callable[[Cloud], Iterator[dict[str, Any]]]:
    def find(cloud: Cloud) -> Iterator[dict[str, Any]]:
        provider, name, _ = action.split("/")
        if not can_have(registered.kinds(cloud, provider), kind):
            return
        pairs: dict[str, str] = next((row["pairs"] for row in of_type(VAULTS)(cloud) if "pairs" in row), {})
        for page in cloud.pages(action, path=f"{BELOW}/{provider}/{name}", version=VERSION):
            for one in page["value"]:
                yield {**one, "pairs": pairs}

    return find


def can_have(known: Mapping[str, object] | None, kind: str) -> bool:
    """Not where the subscription was never registered for key vaults; and not every cloud has managed HSMs."""
    return known is not None and (not known or kind.lower() in known)


def identify(one: dict[str, Any], _: Cell) -> str:
    """By the id it had before: what is in it has not moved."""
    about = one["properties"]
    return canonical(about.get("vaultId") or about.get("mhsmId") or one["id"])


def read(one: dict[str, Any], _: Mapping[str, dict[str, Any] | None], cell: Cell) -> Iterator[Resource | Copy]:
    row = as_before(one, cell)
    yield resource(row, VAULT, location(row["location"]))
    proof = Evidence(DELETED_VAULTS, "location", row["location"])
    yield from paired_copy(row, row["id"], proof)


def read_module(one: dict[str, Any], _: Mapping[str, dict[str, Any] | None], cell: Cell) -> Iterator[Resource]:
    row = as_before(one, cell)
    yield resource(row, MODULE, location(row["location"]))


def as_before(one: dict[str, Any], cell: Cell) -> dict[str, Any]:
    about = one["properties"]
    return {
        "id": identify(one, cell),
        "name": one["name"],
        "location": about["location"],
        "tags": about.get("tags") or {},
        "pairs": one["pairs"],
    }


SERVICE = Service(
    name="keyvault",
    client="keyvault",
    scope="global",
    listings=(
        Listing("deleted-vaults", deleted(DELETED_VAULTS, "vaults"), read, identify),
        Listing("deleted-managed-hsms", deleted(DELETED_MODULES, "managedHSMs"), read_module, identify),
    ),
    types=(VAULT, MODULE),
    channels=(),
    needs={action: (action,) for action in (DELETED_VAULTS, DELETED_MODULES, registered.ACTION)},
    blind_to=(
        "Of a deleted vault only its own tags are told, not those of its resource group and subscription.",
        "To which other regions a deleted managed HSM had been extended is not told.",
    ),
    swept=(swept(VAULTS),),
)
