from datetime import UTC, datetime

import pytest

from azure_looking import BANK, a_tenant, look
from domicile.model import Cell, Location
from domicile.providers.azure import sql

CELL = Cell("azure", BANK, "global")
SERVER = f"/subscriptions/{BANK}/resourceGroups/Data/providers/Microsoft.Sql/servers/Bulbul"
ORDERS = f"{SERVER}/databases/Orders".lower()
HONG_KONG, SINGAPORE = Location("azure", "eastasia"), Location("azure", "southeastasia")


def database(location="southeastasia", name="Orders", kind="v12.0,user", pairs=None, **properties):
    row = {
        "id": f"{SERVER}/databases/{name}",
        "type": "microsoft.sql/servers/databases",
        "name": name,
        "kind": kind,
        "location": location,
        "tags": {"data-class": "payment.card"},
        "properties": properties,
    }
    return list(sql.read(row | ({"pairs": pairs} if pairs else {}), {}, CELL))


def redundant(current, requested=None, **more):
    asked = {"requestedBackupStorageRedundancy": requested} if requested else {}
    return database(**({"currentBackupStorageRedundancy": current} if current else {}), **asked, **more)


def copies(sightings):
    return [(one.channel, one.location) for one in sightings[1:]]


def test_a_database_is_where_it_is_with_its_tags_and_is_backed_up_there():
    this, backup = redundant("Local", "Local", creationDate="2024-03-01T10:20:30.123Z")
    assert (this.id, this.type, this.location, this.account) == (ORDERS, "azure.sql.database", SINGAPORE, BANK)
    assert this.tags == {"data-class": "payment.card"}
    assert this.created_at == datetime(2024, 3, 1, 10, 20, 30, 123000, tzinfo=UTC)
    assert (backup.of, backup.channel, backup.location) == (ORDERS, "azure-sql-backup", SINGAPORE)


@pytest.mark.parametrize("redundancy", ["Geo", "GeoZone", "geo"])
def test_backups_go_to_the_paired_region_without_any_replica_to_be_seen(redundancy):
    assert copies(redundant(redundancy, redundancy)) == [
        ("azure-sql-backup", SINGAPORE),
        ("azure-sql-geo-backup", HONG_KONG),
    ]


def test_a_database_made_without_a_choice_is_geo_redundant_and_says_so():
    *_, geo = redundant("Geo", defaultSecondaryLocation="East Asia")
    assert (geo.location, geo.evidence.value) == (HONG_KONG, "Geo, Geo")
    assert geo.evidence.field == "currentBackupStorageRedundancy, requestedBackupStorageRedundancy"


@pytest.mark.parametrize(("current", "requested"), [("Geo", "Local"), ("Local", "Geo")])
def test_while_redundancy_is_being_changed_the_pair_has_what_either_says(current, requested):
    assert ("azure-sql-geo-backup", HONG_KONG) in copies(redundant(current, requested))


@pytest.mark.parametrize("redundancy", ["Local", "Zone"])
def test_backups_that_stay_are_nowhere_else(redundancy):
    assert copies(redundant(redundancy, redundancy)) == [("azure-sql-backup", SINGAPORE)]


@pytest.mark.parametrize("current", ["", "SomethingNew"])
def test_redundancy_that_was_not_shown_or_is_not_understood_is_a_backup_in_an_unknown_place(current):
    assert copies(redundant(current)) == [("azure-sql-backup", SINGAPORE), ("azure-sql-geo-backup", None)]


def test_a_region_without_a_pair_has_no_backup_in_an_unknown_place():
    assert copies(redundant("", location="italynorth")) == [("azure-sql-backup", Location("azure", "italynorth"))]


def test_a_geo_redundant_backup_of_a_region_without_a_pair_is_somewhere():
    assert copies(redundant("Geo", location="italynorth"))[1:] == [("azure-sql-geo-backup", None)]


def test_the_pair_is_the_one_that_the_service_names_then_the_one_that_the_cloud_names_then_the_tables():
    today = {"brazilsouth": "brazilsoutheast"}
    by_service = redundant("Geo", location="brazilsouth", pairs=today, defaultSecondaryLocation="East US 2")
    by_cloud = redundant("Geo", location="brazilsouth", pairs=today)
    by_table = redundant("Geo", location="brazilsouth")
    assert [copies(one)[1][1].region for one in (by_service, by_cloud, by_table)] == [
        "eastus2",
        "brazilsoutheast",
        "southcentralus",
    ]


def test_a_secondary_is_not_backed_up_at_home_and_keeps_its_redundancy():
    assert copies(redundant("Local", "Local", secondaryType="Geo")) == []
    assert copies(redundant("Geo", "Geo", secondaryType="Geo")) == [("azure-sql-geo-backup", HONG_KONG)]


def test_the_database_of_logins_that_every_server_has_is_nobodys_data():
    assert database(name="master", kind="v12.0,system") == []


def test_a_location_given_as_display_name_is_the_region():
    assert database(location="Southeast Asia")[0].location == SINGAPORE


def test_a_database_without_a_key_of_its_own_has_that_of_its_server():
    arm, key = a_tenant(), "https://bulbul.vault.azure.net/keys/server/1"
    arm.plant(SERVER, "eastasia", properties={"keyId": key})
    for name, more in (("Orders", {}), ("Carts", {"encryptionProtector": "https://bulbul.vault.azure.net/keys/own/1"})):
        arm.plant(f"{SERVER.replace('Data', 'DATA')}/databases/{name}", "eastasia", properties=more)
    keys = {one.name: (one.cmk, one.key.rpartition("/keys/")[2]) for one in look(arm).resources}
    assert keys == {"Orders": (True, "server/1"), "Carts": (True, "own/1")}


def test_a_key_of_the_databases_own_is_the_customers_and_without_one_nothing_is_known():
    key = "https://bulbul.vault.azure.net/keys/orders/1"
    assert [(one.cmk, one.key) for one in database(encryptionProtector=key)[:1]] == [(True, key)]
    assert database()[0].cmk is None
