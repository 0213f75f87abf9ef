"""A sweep that was cut short costs what it did not show, and what cannot be told without that; nothing else."""

import pytest

from azure_looking import BANK
from domicile.providers.azure import (
    backup_instances,
    containerregistry,
    recovery_deleted,
    recovery_items,
    recovery_vaults,
    site_recovery,
    sql,
    sql_servers,
)
from domicile.providers.service import Refused

GROUP = f"/subscriptions/{BANK}/resourceGroups/Data/providers"
SQL, RECOVERY, PROTECTION = (f"{GROUP}/Microsoft.{name}" for name in ("Sql", "RecoveryServices", "DataProtection"))
MACHINE = f"{GROUP}/Microsoft.Compute/virtualMachines/Till"
SHARE = f"{GROUP}/Microsoft.Storage/storageAccounts/files"


class Cloud:
    """Sweeps of rows, some of which end in a refusal."""

    def __init__(self, rows, *cut):
        self.rows, self.cut = rows, cut

    def pages(self, _, *, type):  # noqa: A002
        yield {"value": [one for one in self.rows if kind_of(one) == type]}
        if type in self.cut:
            raise Refused("ResultTruncated")


def kind_of(row):
    parts = row["id"].rpartition("/providers/")[2].split("/")
    return "/".join([parts[0], *parts[1::2]]).lower()


def row(ident, **more):
    return {"id": ident, "name": ident.rpartition("/")[2], "location": "centralindia", **more}


def found(find, rows, *cut):
    """What a listing yields before it ends, and whether it ends in a refusal."""
    items, refused = [], False
    try:
        for item in find(Cloud(rows, *cut)):
            items.append(item)  # noqa: PERF402
    except Refused:
        refused = True
    return items, refused


def names(find, rows, *cut):
    items, refused = found(find, rows, *cut)
    assert refused == bool(cut)
    return [one["name"] for one in items]


DATABASES = [row(f"{SQL}/servers/{server}/databases/orders", name=server) for server in ("shown", "lost")]


def test_a_database_is_where_it_is_whether_or_not_its_server_was_shown():
    rows = [row(f"{SQL}/servers/shown", properties={"keyId": "key"}), *DATABASES]
    items, refused = found(sql.find, rows, sql.SERVERS)
    assert [(one["name"], one["key"]) for one in items] == [("shown", "key"), ("lost", "")]
    assert refused


def test_a_server_of_which_no_database_was_shown_may_have_one_and_is_asked():
    rows = [row(f"{SQL}/servers/shown"), row(f"{SQL}/servers/lost"), DATABASES[0]]
    assert [one["filled"] for one in found(sql_servers.find, rows)[0]] == [True, False]
    items, refused = found(sql_servers.find, rows, sql_servers.DATABASES)
    assert [(one["name"], one["filled"]) for one in items] == [("shown", True), ("lost", True)]
    assert refused


def item(vault, name, source):
    path = f"{RECOVERY}/vaults/{vault}/backupFabrics/Azure/protectionContainers/c/protectedItems/{name}"
    return row(path, properties={"sourceResourceId": source})


ITEMS = [item("shown", "machine", MACHINE), item("shown", "share", SHARE), item("lost", "other", SHARE)]
VAULT = row(f"{RECOVERY}/vaults/shown")


def test_a_protected_item_is_told_where_its_vault_was_shown_which_says_where_it_is():
    assert names(recovery_items.find, [*ITEMS, VAULT], recovery_items.VAULTS) == ["machine", "share"]
    assert names(recovery_items.find, [*ITEMS, VAULT]) == ["machine", "share", "other"]


def test_a_vault_is_told_with_those_of_its_items_that_were_shown():
    items, refused = found(recovery_vaults.find, [*ITEMS, VAULT], recovery_vaults.ITEMS)
    assert [len(one["items"]) for one in items] == [2]
    assert refused


def test_the_backup_of_a_machine_is_told_only_where_all_disks_were_shown():
    assert names(recovery_items.find, [*ITEMS, VAULT], recovery_items.DISKS) == ["share", "other"]
    path = f"/subscriptions/{BANK}/providers/Microsoft.RecoveryServices/locations/centralindia/deletedVaults/gone"
    kept = [
        row(f"{path}/backupFabrics/Azure/protectionContainers/c/protectedItems/{name}", properties=properties)
        for name, properties in (
            ("machine", {"sourceResourceId": MACHINE}),
            ("share", {"sourceResourceId": SHARE}),
            ("untold", {}),
        )
    ]
    assert names(recovery_deleted.find, kept, recovery_items.DISKS) == ["share"]
    assert names(recovery_deleted.find, kept) == ["machine", "share", "untold"]


@pytest.mark.parametrize("cut", [backup_instances.VAULTS, backup_instances.POLICIES])
def test_a_backup_instance_is_told_where_both_its_vault_and_its_policy_were_shown(cut):
    def instance(vault, policy):
        said = {"policyInfo": {"policyId": f"{PROTECTION}/backupVaults/shown/backupPolicies/{policy}"}}
        return row(f"{PROTECTION}/backupVaults/{vault}/backupInstances/{vault}-{policy}", properties=said)

    vault = row(f"{PROTECTION}/backupVaults/shown")
    policy = row(f"{PROTECTION}/backupVaults/shown/backupPolicies/shown")
    rows = [instance("shown", "shown"), instance("lost", "shown"), instance("shown", "lost"), vault, policy]
    hidden = {backup_instances.VAULTS: "lost-shown", backup_instances.POLICIES: "shown-lost"}[cut]
    assert set(names(backup_instances.find, rows)) - set(names(backup_instances.find, rows, cut)) == {hidden}


def test_a_replicated_machine_is_told_where_its_vault_was_shown():
    path = f"{RECOVERY}/vaults/{{}}/replicationFabrics/f/replicationProtectionContainers/c/replicationProtectedItems/"
    rows = [VAULT, *(row(f"{path.format(vault)}{vault}") for vault in ("shown", "lost"))]
    assert names(site_recovery.find, rows, site_recovery.VAULTS) == ["shown"]
    assert names(site_recovery.find, rows) == ["shown", "lost"]


def test_a_replication_whose_registry_was_not_shown_may_be_its_home_and_is_not_told():
    registries = f"{GROUP}/Microsoft.ContainerRegistry/registries"
    shown = row(f"{registries}/shown", location="southindia")
    rows = [shown, *(row(f"{registries}/{one}/replications/{one}") for one in ("shown", "lost"))]
    assert names(containerregistry.find_replications, rows, containerregistry.REGISTRIES) == ["shown"]
