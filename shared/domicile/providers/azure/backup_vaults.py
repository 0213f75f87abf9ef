"""Backup vaults: where they are, and which region geo-redundancy copies them to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import Cell, Channel, Copy, Evidence, Location, Resource, ResourceType
from domicile.providers.azure.ids import canonical, location, paired
from domicile.providers.azure.rows import evidence, identify, of_type, resource, swept
from domicile.providers.service import Listing, Service

VAULTS = "microsoft.dataprotection/backupvaults"
PROPERTIES = "storageSettings featureSettings replicatedRegions securitySettings"
HERE = frozenset({"LocallyRedundant", "ZoneRedundant"})

VAULT = ResourceType("azure.dataprotection.vault", "backup")

GEO = Channel(
    "azure-backup-vault-geo-redundancy",
    "backup",
    "Protect the data in a new backup vault that is locally or zone-redundant and delete its backups here: the "
    "redundancy of a backup vault cannot be changed.",
    implied=True,
    continuous=True,
)


def vault_key(vault: Mapping[str, Any]) -> tuple[bool | None, str]:
    """Whether the key of a vault is the customer's own, and which it is."""
    security = vault.get("properties", {}).get("securitySettings")
    if security is None:
        return None, ""
    encryption = security.get("encryptionSettings") or {}
    return encryption.get("state") == "Enabled", (encryption.get("keyVaultProperties") or {}).get("keyUri", "")


def elsewhere(vault: Mapping[str, Any]) -> tuple[tuple[Location | None, ...], Evidence]:
    """Where else a vault keeps all that it keeps, as far as its settings say: None is a place that nobody knows.

    Restoring from the paired region can be on in a vault that is said to be locally redundant: either says that data
    is there. The operational store is beside the data, whatever is said of it."""
    properties = vault.get("properties", {})
    settings = properties.get("storageSettings") or ()
    kinds = {one.get("type", "") for one in settings if one.get("datastoreType") != "OperationalStore"}
    restore = (properties.get("featureSettings") or {}).get("crossRegionRestoreSettings") or {}
    regions = properties.get("replicatedRegions") or ()
    said = f"{', '.join(sorted(kinds))}, {restore.get('state', '')}, {', '.join(regions)}"
    proof = evidence(VAULTS, "storageSettings, crossRegionRestoreSettings, replicatedRegions", said)
    home = location(vault.get("location", ""))
    others = tuple(there for region in regions if (there := location(region)) != home)
    if others:
        return others, proof
    pair = paired(vault, home.region)
    if "GeoRedundant" in kinds or restore.get("state") == "Enabled":
        return (pair,), proof
    # Of a vault that does not say, nobody knows, except where there is no pair to be copied to.
    return (() if (settings and kinds <= HERE) or pair is None else (None,)), proof


def read(vault: dict[str, Any], _: Mapping[str, dict[str, Any] | None], __: Cell) -> Iterator[Resource | Copy]:
    this = canonical(vault["id"])
    cmk, key = vault_key(vault)
    yield resource(vault, VAULT, location(vault["location"]), cmk=cmk, key=key)
    places, proof = elsewhere(vault)
    for there in places:
        yield Copy(this, GEO.name, there, caused_by=this, evidence=proof)


SERVICE = Service(
    name="dataprotection",
    client="dataprotection",
    scope="global",
    listings=(Listing("vaults", of_type(VAULTS), read, identify),),
    types=(VAULT,),
    channels=(GEO,),
    needs={},
    blind_to=("A backup vault that was deleted keeps its backups for a while, and is not looked into.",),
    swept=(swept(VAULTS, PROPERTIES),),
)
