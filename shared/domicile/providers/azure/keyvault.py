"""Azure key vaults, which Azure copies to the paired region by itself, and managed HSMs with the regions they span."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import Cell, Channel, Copy, Evidence, Resource, ResourceType
from domicile.providers.azure.ids import canonical, location, paired
from domicile.providers.azure.rows import evidence, identify, of_type, resource, swept
from domicile.providers.service import Cloud, Listing, Part, Service

VAULTS = "microsoft.keyvault/vaults"
MODULES = "microsoft.keyvault/managedhsms"
REGIONS = "Microsoft.KeyVault/managedHSMs/regions/read"
VERSION = "2023-07-01"

VAULT = ResourceType("azure.keyvault.vault", "primary")
MODULE = ResourceType("azure.keyvault.managed-hsm", "primary")

PAIR = Channel(
    "azure-key-vault-pair",
    "replica",
    "This cannot be switched off: use a vault in a region without a pair or with an allowed one, and purge this one.",
    implied=True,
    continuous=True,
)
SPANNED = Channel(
    "azure-managed-hsm-region",
    "replica",
    "Remove the region from the managed HSM; its keys are then deleted there.",
    implied=True,
    continuous=True,
)

# They have pairs, and Azure Key Vault does not use them.
STAY_AT_HOME = frozenset({"brazilsouth", "westus3"})


def read(row: dict[str, Any], _: Mapping[str, dict[str, Any] | None], __: Cell) -> Iterator[Resource | Copy]:
    yield resource(row, VAULT, location(row["location"]))
    yield from paired_copy(row, canonical(row["id"]), evidence(VAULTS, "location", row["location"]))


def paired_copy(row: dict[str, Any], vault: str, proof: Evidence) -> Iterator[Copy]:
    """No property of a vault says that it is copied. All are, where the region has a pair."""
    there = paired(row, row["location"])
    if there and location(row["location"]).region not in STAY_AT_HOME:
        yield Copy(vault, PAIR.name, there, caused_by=vault, evidence=proof)


def regions(cloud: Cloud, row: dict[str, Any]) -> dict[str, Any]:
    path = f"{row['id']}/regions"
    return {"value": [one for page in cloud.pages(REGIONS, path=path, version=VERSION) for one in page["value"]]}


def untold(row: dict[str, Any]) -> bool:
    return "regions" not in row.get("properties", {})


def read_module(row: dict[str, Any], parts: Mapping[str, dict[str, Any] | None], _: Cell) -> Iterator[Resource | Copy]:
    """Unlike a vault it is copied only to regions that somebody added to it."""
    yield resource(row, MODULE, location(row["location"]))
    asked = parts.get("regions")
    spanned = asked["value"] if asked else row.get("properties", {}).get("regions") or ()
    this, part = canonical(row["id"]), "regions" if asked else ""
    for region in spanned:
        there = location(region["name"])
        if there != location(row["location"]):
            proof = evidence(MODULES, "regions", region["name"])
            yield Copy(this, SPANNED.name, there, caused_by=this, evidence=proof, part=part)


SERVICE = Service(
    name="keyvault",
    client="keyvault",
    scope="global",
    listings=(
        Listing("vaults", of_type(VAULTS), read, identify),
        Listing("managed-hsms", of_type(MODULES), read_module, identify, (Part("regions", regions, applies=untold),)),
    ),
    types=(VAULT, MODULE),
    channels=(PAIR, SPANNED),
    needs={REGIONS: (REGIONS,)},
    blind_to=(
        "That vaults are copied to the paired region rests on Microsoft's documentation: no property says it.",
        "Backups of keys and secrets that somebody downloaded, or put into a storage account, are not told.",
    ),
    swept=(swept(VAULTS), swept(MODULES, "regions")),
)
