from datetime import UTC, datetime

import pytest

from azure_looking import BANK, a_tenant, gaps, look, said
from domicile.demo.tenant import Answer
from domicile.model import Cell, Location
from domicile.providers import azure
from domicile.providers.azure import cosmos, cosmos_restorable
from domicile.relate import relate

CELL = Cell("azure", BANK, "global")
ACCOUNT = f"/subscriptions/{BANK}/resourceGroups/Data/providers/Microsoft.DocumentDB/databaseAccounts/Orders"
DOCUMENTS = f"/subscriptions/{BANK}/providers/Microsoft.DocumentDB"
KEPT = "azure-cosmos-restorable"
PUNE, CHENNAI, SINGAPORE = (Location("azure", one) for one in ("centralindia", "southindia", "southeastasia"))


def at(*names):
    return [{"locationName": name, "failoverPriority": number} for number, name in enumerate(names)]


def periodic(redundancy=None):
    mode = {"backupIntervalInMinutes": 240, "backupRetentionIntervalInHours": 8}
    shown = {"backupStorageRedundancy": redundancy} if redundancy else {}
    return {"type": "Periodic", "periodicModeProperties": mode | shown}


def read(location="West US", **properties):
    row = {"id": ACCOUNT, "name": "Orders", "location": location, "properties": properties}
    return list(cosmos.read(row, {}, CELL))


def places(sightings):
    return [(one.channel.removeprefix("azure-cosmos-"), one.location) for one in sightings[1:]]


def test_data_is_in_the_regions_of_an_account_and_not_where_its_record_was_made():
    this, *copies = read(locations=at("Central India"), backupPolicy=periodic("Local"))
    assert (this.id, this.type, this.location) == (ACCOUNT.lower(), "azure.cosmos.account", PUNE)
    assert [one.location for one in copies] == [PUNE]


def test_every_region_is_a_copy_and_the_first_to_be_written_to_is_home():
    listed = list(reversed(at("Central India", "South India", "Southeast Asia")))
    seen = read(locations=listed, backupPolicy=periodic("Zone"))
    assert seen[0].location == PUNE
    assert places(seen) == [("region", CHENNAI), ("region", SINGAPORE), ("backup", PUNE)]


def test_a_region_that_is_only_read_or_only_written_is_one_too_and_none_is_told_twice():
    seen = read(
        locations=at("Central India"),
        writeLocations=at("centralindia"),
        readLocations=at("Central India", "(Asia Pacific) Southeast Asia"),
        backupPolicy=periodic("Local"),
    )
    assert places(seen) == [("region", SINGAPORE), ("backup", PUNE)]


def test_an_account_whose_regions_were_not_shown_is_in_an_unknown_place():
    [this, *_] = read(backupPolicy=periodic("Local"))
    assert this.location == Location("azure", "")


def test_periodic_backups_are_in_the_pair_of_the_first_region_though_no_replica_is_there():
    seen = read(locations=at("Southeast Asia"), backupPolicy=periodic("Geo"))
    assert places(seen) == [("backup", SINGAPORE), ("geo-backup", Location("azure", "eastasia"))]


@pytest.mark.parametrize("policy", [periodic(), {}, {"type": "Periodic"}])
def test_redundancy_that_was_not_shown_may_be_in_another_place(policy):
    seen = read(locations=at("Southeast Asia"), backupPolicy=policy)
    assert places(seen) == [("backup", SINGAPORE), ("geo-backup", None)]


def test_continuous_backups_are_in_every_region_and_in_no_other():
    seen = read(locations=at("Southeast Asia", "Central India"), backupPolicy={"type": "Continuous"})
    assert places(seen) == [("region", PUNE), ("backup", SINGAPORE), ("backup", PUNE)]


def test_a_key_of_the_customer_is_told_and_without_one_nothing_is_known():
    key = "https://bulbul.vault.azure.net/keys/orders"
    assert (read(keyVaultKeyUri=key)[0].cmk, read(keyVaultKeyUri=key)[0].key) == (True, key)
    assert read()[0].cmk is None


def a_restorable(*places, deleted=None, name="Orders"):
    properties = {
        "accountName": name,
        "creationTime": "2026-01-01T00:00:00Z",
        "apiType": "Sql",
        "restorableLocations": [
            {
                "locationName": place,
                "regionalDatabaseAccountInstanceId": f"d7a01f78-{place[:4]}",
                "creationTime": "2026-01-02T00:00:00Z",
            }
            | ({"deletionTime": ended} if ended else {})
            for place, ended in places
        ],
    }
    if deleted:
        properties["deletionTime"] = deleted
    ident = f"{DOCUMENTS}/locations/West US/restorableDatabaseAccounts/d9b26648-{name}"
    return {"id": ident, "name": f"d9b26648-{name}", "location": "West US", "properties": properties}


@pytest.fixture(name="arm")
def a_subscription_with_accounts():
    arm = a_tenant()
    types = [{"resourceType": "databaseAccounts", "locations": ["Central India", "Southeast Asia"]}]
    arm.answer(DOCUMENTS, {"registrationState": "Registered", "resourceTypes": types})
    return arm


def test_a_deleted_account_is_still_in_each_of_its_regions(arm):
    restorable = a_restorable(("Central India", None), ("Southeast Asia", None), deleted="2026-11-20T00:00:00Z")
    arm.answer(f"{DOCUMENTS}/restorableDatabaseAccounts", [restorable])
    seen = look(arm)
    assert gaps(seen) == []
    assert {one.name for one in seen.resources} == {"Orders"}
    assert {one.newest_at for one in seen.resources} == {datetime(2026, 11, 20, tzinfo=UTC)}
    [dataset] = relate(seen, azure.vocabulary)
    assert {(one.kind, one.country) for one in dataset.placements} == {("backup", "IN"), ("backup", "SG")}
    assert dataset.unseen == (restorable["id"].lower(),)


def test_a_region_taken_out_of_an_account_can_be_restored_and_belongs_to_it(arm):
    arm.plant(ACCOUNT, "westus", properties={"locations": at("Central India"), "backupPolicy": {"type": "Continuous"}})
    gone = ("Southeast Asia", "2026-11-19T00:00:00Z")
    arm.answer(f"{DOCUMENTS}/restorableDatabaseAccounts", [a_restorable(("Central India", None), gone, name="orders")])
    seen = look(arm)
    assert [one[2] for one in said(seen.copies, KEPT)] == [SINGAPORE]
    [dataset] = relate(seen, azure.vocabulary)
    assert dataset.id == ACCOUNT.lower()
    assert {(one.kind, one.country) for one in dataset.placements} == {
        ("primary", "IN"),
        ("backup", "IN"),
        ("backup", "SG"),
    }


def test_an_account_that_took_the_name_of_a_deleted_one_is_another(arm):
    arm.plant(ACCOUNT, "westus", properties={"locations": at("Central India"), "backupPolicy": {"type": "Continuous"}})
    old = a_restorable(("Southeast Asia", None), deleted="2026-11-20T00:00:00Z")
    arm.answer(f"{DOCUMENTS}/restorableDatabaseAccounts", [old])
    assert [one[0] for one in said(look(arm).copies, KEPT)] == [old["id"].lower()]


def test_restorable_accounts_on_many_pages_are_all_seen(arm):
    arm.page = 1
    deleted = [a_restorable(("Central India", None), deleted="2026-11-20", name=f"shop{n}") for n in range(3)]
    arm.answer(f"{DOCUMENTS}/restorableDatabaseAccounts", deleted)
    assert sorted(one.name for one in look(arm).resources) == ["shop0", "shop1", "shop2"]


def test_restorable_accounts_that_may_not_be_listed_are_a_gap(arm):
    arm.refuse("restorableDatabaseAccounts", Answer(403, "AuthorizationFailed"))
    assert gaps(look(arm)) == [("cosmos.restorable-accounts", "", "", "denied")]


def test_a_subscription_that_never_had_an_account_is_asked_nothing_more():
    arm = a_tenant()
    assert gaps(look(arm)) == []
    assert cosmos_restorable.RESTORABLE not in arm.actions()
