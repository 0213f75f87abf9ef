"""Recovery Services vaults: which region geo-redundancy copies a vault to, with each backup that lies in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import Cell, Channel, Copy, Evidence, Resource, ResourceType
from domicile.providers.azure.ids import canonical, location, paired
from domicile.providers.azure.recovery_items import ITEMS, TABLE, VAULTS, beside_its_source, vault_key, vault_of
from domicile.providers.azure.rows import evidence, identify, of_type, resource, shown, swept
from domicile.providers.service import Cloud, Listing, Part, Service

CONFIG = "Microsoft.RecoveryServices/vaults/backupstorageconfig/read"
VERSION = "2024-04-01"
HERE = frozenset({"LocallyRedundant", "ZoneRedundant"})
ELSEWHERE = frozenset({"GeoRedundant", "ReadAccessGeoZoneRedundant"})

VAULT = ResourceType("azure.recoveryservices.vault", "backup")

GEO = Channel(
    "azure-recovery-vault-geo-redundancy",
    "backup",
    "Protect the items in a new vault that is locally or zone-redundant and delete their backups here: the redundancy "
    "of a vault that protects something cannot be changed.",
    implied=True,
    continuous=True,
)


def find(cloud: Cloud) -> Iterator[dict[str, Any]]:
    """Vaults, each with the protected items in it, and with whether they are surely kept there."""
    protected = shown(cloud, ITEMS)
    items: dict[str, dict[str, bool]] = defaultdict(dict)
    for name, item in protected.rows.items():
        items[vault_of(name)][name] = not beside_its_source(item)
    for vault in of_type(VAULTS)(cloud):
        yield {**vault, "items": items[canonical(vault["id"])]}
    protected.require_whole()


def redundancy(vault: Mapping[str, Any]) -> tuple[str, str]:
    """How a vault says it is redundant, and whether it can be restored from in the paired region; "" is unknown."""
    settings = vault.get("properties", {}).get("redundancySettings") or {}
    said = settings.get("standardTierStorageRedundancy", "")
    return "" if said == "Invalid" else said, settings.get("crossRegionRestore", "")


def storage_config(cloud: Cloud, vault: dict[str, Any]) -> dict[str, Any]:
    return cloud.call(CONFIG, path=f"{vault['id']}/backupstorageconfig/vaultstorageconfig", version=VERSION)


STORAGE = Part("storage", storage_config, applies=lambda vault: not redundancy(vault)[0])


def read(vault: dict[str, Any], parts: Mapping[str, dict[str, Any] | None], _: Cell) -> Iterator[Resource | Copy]:
    this = canonical(vault["id"])
    cmk, key = vault_key(vault)
    yield resource(vault, VAULT, location(vault["location"]), cmk=cmk, key=key)

    said, restore = redundancy(vault)
    proof, part = evidence(VAULTS, "redundancySettings", f"{said}, {restore}"), ""
    if not said:
        if "storage" not in parts:
            return
        config = (parts["storage"] or {}).get("properties", {})
        said, part = config.get("storageType") or config.get("storageModelType", ""), "storage"
        restore = "Enabled" if config.get("crossRegionRestoreFlag") else ""
        proof = Evidence(CONFIG, "storageType, crossRegionRestoreFlag", f"{said}, {restore}")
    if said in HERE and restore != "Enabled":
        return
    pair, known = paired(vault, vault["location"]), said in ELSEWHERE or restore == "Enabled"
    # Vaults are geo-redundant unless somebody chose otherwise; of one that does not say, nobody knows, except where
    # there is no pair to be copied to.
    if not known and pair is None:
        return
    there = pair if known else None
    for holder, sure in {this: True, **vault["items"]}.items():
        yield Copy(holder, GEO.name, there if sure else None, caused_by=this, evidence=proof, part=part)


SERVICE = Service(
    name="recoveryservices",
    client="recoveryservices",
    scope="global",
    listings=(Listing("vaults", find, read, identify, (STORAGE,)),),
    types=(VAULT,),
    channels=(GEO,),
    needs={CONFIG: (CONFIG,)},
    blind_to=("Which backups were moved to the archive tier, and which lie in the paired region only, is not told.",),
    swept=(swept(VAULTS, "redundancySettings encryption"), swept(ITEMS, "backupManagementType", table=TABLE)),
)
