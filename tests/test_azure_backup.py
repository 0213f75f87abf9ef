"""Backups and replicas that Azure Backup and Site Recovery keep: where they lie, and what they are of."""

from datetime import UTC, datetime

import pytest

from azure_looking import BANK, a_tenant, gaps, look, said
from domicile.demo.tenant import Answer
from domicile.model import Cell, Location
from domicile.providers import azure
from domicile.providers.azure import (
    backup_instances,
    backup_vaults,
    recovery_deleted,
    recovery_items,
    recovery_vaults,
    site_recovery,
)
from domicile.relate import relate

HERE = Cell("azure", BANK, "global")
SINGAPORE, HONG_KONG = Location("azure", "southeastasia"), Location("azure", "eastasia")
CONFIG = "/backupstorageconfig/vaultstorageconfig"


def at(path):
    """The id of a resource of the bank, from its provider on."""
    return f"/subscriptions/{BANK}/resourceGroups/data/providers/{path}"


def row(ident, location, **properties):
    """A swept resource: what is given as None was not shown."""
    shown = {name: value for name, value in properties.items() if value is not None}
    return {"id": ident, "name": ident.rpartition("/")[2], "location": location, "properties": shown}


VAULT = at("Microsoft.RecoveryServices/vaults/Bank-Vault")
MACHINE = at("Microsoft.Compute/virtualMachines/ledger")
DISK = at("Microsoft.Compute/disks/ledger-data")
ITEM = f"{VAULT}/backupFabrics/Azure/protectionContainers/iaasvmcontainer;ledger/protectedItems/vm;ledger"


def read_vault(parts=None, items=None, **properties):
    vault = row(VAULT, "southeastasia", **properties) | {"items": items or {}}
    return list(recovery_vaults.read(vault, parts if parts is not None else {"storage": None}, HERE))


def settings(redundancy, restore="Disabled"):
    return {"standardTierStorageRedundancy": redundancy, "crossRegionRestore": restore}


def test_a_geo_redundant_vault_is_in_the_paired_region_too_which_may_be_another_country():
    vault, copy = read_vault(redundancySettings=settings("GeoRedundant"))
    assert (vault.type, vault.location) == ("azure.recoveryservices.vault", SINGAPORE)
    assert (copy.of, copy.location, copy.caused_by) == (vault.id, HONG_KONG, vault.id)


@pytest.mark.parametrize("redundancy", ["LocallyRedundant", "ZoneRedundant"])
def test_a_vault_that_is_redundant_in_its_region_is_nowhere_else(redundancy):
    assert [one.location for one in read_vault(redundancySettings=settings(redundancy))] == [SINGAPORE]


def test_a_vault_that_can_be_restored_from_in_its_pair_is_there_whatever_its_redundancy_says():
    _, copy = read_vault(redundancySettings=settings("LocallyRedundant", "Enabled"))
    assert copy.location == HONG_KONG


def test_a_vault_that_says_nothing_of_its_redundancy_is_not_one_without_a_copy():
    _, copy = read_vault()
    assert copy.location is None
    assert len(read_vault({})) == 1, "what was refused is a gap, and nothing is claimed"
    _, copy = read_vault({"storage": {"properties": {"storageType": "Invalid", "storageModelType": "Invalid"}}})
    assert (copy.location, copy.part) == (None, "storage")


def test_where_there_is_no_pair_nothing_is_copied_to_one():
    vault = row(VAULT, "italynorth") | {"items": {}}
    assert len(list(recovery_vaults.read(vault, {"storage": None}, HERE))) == 1
    other = row(at("Microsoft.DataProtection/backupVaults/vault"), "italynorth")
    assert len(list(backup_vaults.read(other, {}, HERE))) == 1


def test_the_storage_of_a_vault_says_what_the_vault_itself_does_not():
    def said(**properties):
        return [one.location for one in read_vault({"storage": {"properties": properties}})[1:]]

    assert said(storageType="GeoRedundant") == [HONG_KONG]
    assert said(storageModelType="ReadAccessGeoZoneRedundant") == [HONG_KONG]
    assert said(storageType="LocallyRedundant") == []
    assert said(storageType="LocallyRedundant", crossRegionRestoreFlag=True) == [HONG_KONG]


def test_a_redundancy_that_is_invalid_is_none_that_was_told():
    invalid = row(VAULT, "southeastasia", redundancySettings=settings("Invalid"))
    assert recovery_vaults.STORAGE.applies(invalid)
    assert not recovery_vaults.STORAGE.applies(row(VAULT, "", redundancySettings=settings("ZoneRedundant")))


def test_each_backup_in_a_geo_redundant_vault_is_copied_with_it_and_of_file_shares_nobody_knows():
    items = {"/in/the/vault": True, "/beside/its/share": False}
    _, *geo = read_vault(items=items, redundancySettings=settings("GeoRedundant"))
    assert [(one.of, one.location) for one in geo[1:]] == [("/in/the/vault", HONG_KONG), ("/beside/its/share", None)]


def test_a_key_of_the_customers_own_is_told_by_the_vault():
    key = "https://bank.vault.azure.net/keys/vault"
    vault = read_vault(encryption={"keyVaultProperties": {"keyUri": key}})[0]
    assert (vault.cmk, vault.key) == (True, key)
    assert read_vault(encryption={})[0].cmk is False
    assert read_vault()[0].cmk is None


def read_item(vault=None, disks=(), **properties):
    item = row(ITEM, "southeastasia", **{"sourceResourceId": MACHINE} | properties)
    about = row(VAULT, "southeastasia") if vault is None else vault
    return list(recovery_items.read(item | {"vault": about, "disks": list(disks)}, {}, HERE))


def test_a_backup_lies_where_its_vault_is_and_is_of_the_disks_of_its_machine():
    backup, copy = read_item(
        disks=[DISK.lower()], friendlyName="ledger", lastRecoveryPoint="2026-11-24T19:35:33.5433133Z"
    )
    assert (backup.name, backup.location) == ("ledger", SINGAPORE)
    assert backup.newest_at == datetime(2026, 11, 24, 19, 35, 33, 543313, UTC)
    assert (copy.of, copy.channel, copy.id) == (DISK.lower(), "azure-backup", backup.id)


def test_a_backup_of_something_elsewhere_lies_where_its_vault_is():
    backup, copy = read_item(vault=row(VAULT, "eastasia"))
    assert backup.location == copy.location == HONG_KONG
    assert read_item(vault={})[0].location == SINGAPORE


def test_a_backup_outlives_its_machine_and_is_then_a_backup_of_something_unseen():
    _, copy = read_item()
    assert copy.of == MACHINE.lower()


def test_what_is_protected_outside_of_azure_is_a_backup_all_the_same():
    [backup] = read_item(sourceResourceId=None)
    assert backup.type == "azure.recoveryservices.protected-item"


def test_a_backup_has_the_tags_of_its_vault():
    backup, _ = read_item(vault=row(VAULT, "southeastasia") | {"tags": {"data-class": "payment.card"}})
    assert backup.tags == {"data-class": "payment.card"}


DELETED = (
    f"/subscriptions/{BANK}/providers/Microsoft.RecoveryServices/locations/southeastasia/deletedVaults/1f2e"
    "/backupFabrics/Azure/protectionContainers/iaasvmcontainer;ledger/protectedItems/vm;ledger"
)


def test_backups_in_a_vault_that_was_deleted_are_still_there_and_perhaps_in_its_pair_too():
    item = {"id": DELETED, "name": "vm;ledger", "disks": [], "properties": {"sourceResourceId": MACHINE}}
    backup, copy, geo = recovery_deleted.read(item, {}, HERE)
    assert (backup.type, backup.location) == ("azure.recoveryservices.deleted-item", SINGAPORE)
    assert (copy.of, copy.id) == (MACHINE.lower(), backup.id)
    assert (geo.of, geo.location) == (backup.id, None)
    unpaired = item | {"id": DELETED.replace("southeastasia", "italynorth")}
    assert len(list(recovery_deleted.read(unpaired, {}, HERE))) == 2


def read_backup_vault(**properties):
    name = at("Microsoft.DataProtection/backupVaults/vault")
    return list(backup_vaults.read(row(name, "southeastasia", **properties), {}, HERE))


def stored(*kinds):
    return [{"datastoreType": "VaultStore", "type": kind} for kind in kinds]


def test_a_backup_vault_is_in_its_pair_when_its_redundancy_or_its_restoring_says_so():
    restoring = {"crossRegionRestoreSettings": {"state": "Enabled"}}
    for properties in (
        {"storageSettings": stored("GeoRedundant")},
        {"storageSettings": stored("LocallyRedundant"), "featureSettings": restoring},
        {"storageSettings": stored("LocallyRedundant"), "replicatedRegions": ["East Asia"]},
    ):
        _, copy = read_backup_vault(**properties)
        assert copy.location == HONG_KONG
    beside = [{"datastoreType": "OperationalStore", "type": "GeoRedundant"}]
    assert len(read_backup_vault(storageSettings=stored("ZoneRedundant") + beside)) == 1
    assert read_backup_vault()[1].location is None


def read_instance(policy, *kinds):
    instance = row(
        at("Microsoft.DataProtection/backupVaults/vault/backupInstances/accounts"),
        "southeastasia",
        dataSourceInfo={"resourceID": DISK, "resourceLocation": "Central India"},
    )
    vault = row(at("Microsoft.DataProtection/backupVaults/vault"), "southeastasia", storageSettings=stored(*kinds))
    return list(backup_instances.read(instance | {"vault": vault, "policy": policy}, {}, HERE))


def policy(*stores):
    rules = [{"objectType": "AzureBackupRule", "dataStore": {"dataStoreType": store}} for store in stores]
    return {"properties": {"policyRules": rules}}


def test_a_backup_instance_is_copied_with_its_vault():
    backup, copy, geo = read_instance(policy("OperationalStore", "VaultStore"), "GeoRedundant")
    assert (backup.location, copy.of, copy.id) == (SINGAPORE, DISK.lower(), backup.id)
    assert (geo.of, geo.location) == (backup.id, HONG_KONG)


def test_what_is_in_the_operational_store_alone_stays_beside_its_source():
    backup, copy = read_instance(policy("OperationalStore"), "GeoRedundant")
    assert backup.location == copy.location == Location("azure", "centralindia")


def test_whether_an_instance_whose_policy_was_not_shown_is_in_the_pair_is_not_known():
    *_, geo = read_instance({}, "GeoRedundant")
    assert geo.location is None


def test_backups_may_be_moved_to_another_store_later():
    cycle = {
        "sourceDataStore": {"dataStoreType": "OperationalStore"},
        "targetDataStoreCopySettings": [{"dataStore": {"dataStoreType": "VaultStore"}}],
    }
    rules = {"properties": {"policyRules": [{"objectType": "AzureRetentionRule", "lifecycles": [cycle]}]}}
    assert backup_instances.stores(rules) == {"OperationalStore", "VaultStore"}


REPLICATED = f"{VAULT}/replicationFabrics/f/replicationProtectionContainers/c/replicationProtectedItems/i"
REPLICA = at("Microsoft.Compute/disks/ledger-data-ASRReplica")


def replicated(**details):
    item = row(REPLICATED, "centralindia", friendlyName="ledger", providerSpecificDetails=details)
    return list(site_recovery.read(item | {"vault": row(VAULT, "southeastasia")}, {}, HERE))


def test_a_replicated_machine_is_copied_disk_by_disk_to_where_it_is_replicated_now():
    [copy] = replicated(
        instanceType="A2A",
        primaryFabricLocation="centralindia",
        recoveryFabricLocation="Southeast Asia",
        initialRecoveryFabricLocation="southindia",
        protectedManagedDisks=[{"diskId": DISK, "recoveryReplicaDiskId": REPLICA}],
    )
    assert (copy.of, copy.id, copy.location) == (DISK.lower(), REPLICA.lower(), SINGAPORE)


def test_a_replica_that_is_not_named_is_stood_for_by_its_item():
    item, copy = replicated(
        instanceType="A2A", recoveryFabricLocation="southeastasia", protectedManagedDisks=[{"diskId": DISK}]
    )
    assert (item.location, copy.of, copy.id) == (SINGAPORE, DISK.lower(), item.id)
    item, copy = replicated(instanceType="A2A", fabricObjectId=MACHINE)
    assert (item.location.region, copy.of) == ("unknown", MACHINE.lower())


def test_a_machine_from_elsewhere_is_replicated_to_the_region_of_the_vault():
    [item] = replicated(instanceType="HyperVReplicaAzure")
    assert item.location == SINGAPORE
    [item] = replicated(instanceType="InMageRcm", targetLocation="East Asia")
    assert item.location == HONG_KONG


def test_a_machine_that_is_brought_back_goes_where_no_region_is():
    item, copy = replicated(instanceType="InMageRcmFailback", azureVirtualMachineId=MACHINE)
    assert (item.location.region, copy.of) == ("on-premises", MACHINE.lower())


@pytest.fixture(name="arm")
def of_the_bank():
    return a_tenant()


def names(inventory):
    return sorted(one.name for one in inventory.resources)


def places(inventory, channel):
    return [(of, place) for of, _, place, _ in said(inventory.copies, channel)]


def planted(arm, **properties):
    arm.plant(VAULT, "southeastasia", properties=properties)
    arm.plant(ITEM, "southeastasia", properties={"sourceResourceId": MACHINE, "backupManagementType": "AzureIaasVM"})
    arm.plant(DISK, "southeastasia", managedBy=MACHINE.upper())


def test_a_vault_that_tells_its_redundancy_is_not_asked_for_it(arm):
    planted(arm, redundancySettings=settings("GeoRedundant"))
    seen = look(arm)
    assert gaps(seen) == []
    assert {action for action in arm.actions() if "backupstorageconfig" in action} == set()
    assert places(seen, "azure-recovery-vault-geo-redundancy") == [
        (VAULT.lower(), HONG_KONG),
        (ITEM.lower(), HONG_KONG),
    ]
    assert places(seen, "azure-backup") == [(DISK.lower(), SINGAPORE)]


def test_a_vault_that_tells_nothing_is_asked_once_for_all_that_is_in_it(arm):
    planted(arm)
    arm.answer(VAULT + CONFIG, {"properties": {"storageType": "GeoRedundant", "storageTypeState": "Locked"}})
    seen = look(arm)
    assert arm.actions()[recovery_vaults.CONFIG] == 1
    assert places(seen, "azure-recovery-vault-geo-redundancy") == [
        (VAULT.lower(), HONG_KONG),
        (ITEM.lower(), HONG_KONG),
    ]


def test_a_vault_that_may_not_be_asked_is_a_gap_and_not_a_vault_without_a_copy(arm):
    planted(arm)
    arm.refuse("backupstorageconfig", Answer(403, "AuthorizationFailed"))
    seen = look(arm)
    assert gaps(seen) == [("recoveryservices.vaults", "storage", "bank-vault", "denied")]
    assert names(seen) == ["Bank-Vault", "ledger-data", "vm;ledger"]


def test_a_vault_that_was_deleted_meanwhile_is_nothing(arm):
    planted(arm)
    arm.refuse("backupstorageconfig", Answer(404, "ResourceNotFound"))
    seen = look(arm)
    assert (gaps(seen), names(seen)) == ([], ["ledger-data", "vm;ledger"])


def test_what_was_deleted_is_found_without_any_vault(arm):
    arm.plant(DELETED, "", properties={"friendlyName": "ledger", "sourceResourceId": MACHINE})
    seen = look(arm)
    assert (names(seen), gaps(seen)) == (["ledger"], [])
    assert places(seen, "azure-backup-in-deleted-vault") == [(MACHINE.lower(), SINGAPORE)]


def test_backups_in_a_deleted_vault_are_of_the_disks_of_a_machine_that_is_still_there(arm):
    arm.plant(DISK, "centralindia", managedBy=MACHINE, tags={"data-class": "payment.card"})
    arm.plant(DELETED, "", properties={"friendlyName": "ledger", "sourceResourceId": MACHINE})
    [dataset] = relate(look(arm), azure.vocabulary)
    assert dataset.id == DISK.lower()
    assert {(one.kind, one.country) for one in dataset.placements} == {
        ("primary", "IN"),
        ("backup", "SG"),
        ("backup", None),
    }


def test_instances_and_replicated_machines_are_found_with_their_vaults(arm):
    vault = at("Microsoft.DataProtection/backupVaults/vault")
    arm.plant(vault, "southeastasia", properties={"storageSettings": stored("GeoRedundant")})
    arm.plant(f"{vault}/backupPolicies/daily", "", properties=policy("VaultStore")["properties"])
    about = {"dataSourceInfo": {"resourceID": DISK}, "policyInfo": {"policyId": f"{vault}/backuppolicies/DAILY"}}
    arm.plant(f"{vault}/backupInstances/disk", "", properties=about)
    arm.plant(VAULT, "southeastasia", properties={"redundancySettings": settings("LocallyRedundant")})
    details = {"instanceType": "HyperVReplicaAzure"}
    arm.plant(REPLICATED, "", properties={"friendlyName": "ledger", "providerSpecificDetails": details})
    seen = look(arm)
    assert gaps(seen) == []
    assert {one.name: one.location for one in seen.resources} == dict.fromkeys(
        ["vault", "disk", "Bank-Vault", "ledger"], SINGAPORE
    )
    of_vault, of_instance = places(seen, "azure-backup-vault-geo-redundancy")
    assert of_vault[1] == of_instance[1] == HONG_KONG
