from datetime import UTC, datetime

import pytest

from azure_looking import BANK, a_tenant, gaps, look, said
from domicile.demo.tenant import Answer
from domicile.model import Cell, Location
from domicile.providers import azure
from domicile.providers.azure import sql_retention
from domicile.relate import relate

CELL = Cell("azure", BANK, "global")
SERVER = f"/subscriptions/{BANK}/resourceGroups/Data/providers/Microsoft.Sql/servers/Home"
INSTANCE = f"/subscriptions/{BANK}/resourceGroups/Data/providers/Microsoft.Sql/managedInstances/Core"
SQL = f"/subscriptions/{BANK}/providers/Microsoft.Sql"
KEPT, GEO = "azure-sql-long-term-retention", "azure-sql-long-term-geo-backup"
SINGAPORE, HONG_KONG = Location("azure", "southeastasia"), Location("azure", "eastasia")
GONE = f"{SQL}/locations/southeastasia/longTermRetentionServers/home/longTermRetentionDatabases/orders".lower()


def a_backup(number=1, redundancy="Local", region="southeastasia", server="home", **more):
    return {
        "id": f"{SQL}/locations/{region}/longTermRetentionServers/{server}/longTermRetentionDatabases/Orders"
        f"/longTermRetentionBackups/55555555-6666;13163796082000000{number}",
        "name": f"55555555-6666;2026-01-0{number}T08:00:00.000Z",
        "properties": {
            "serverName": server,
            "serverCreateTime": "2020-03-10T08:00:00Z",
            "databaseName": "Orders",
            "databaseDeletionTime": None,
            "backupTime": f"2026-01-0{number}T08:00:00Z",
            "backupExpirationTime": f"2027-01-0{number}T08:00:00Z",
            "backupStorageRedundancy": redundancy,
        }
        | more,
    }


def of_instance(region="southeastasia", instance="core"):
    backup = a_backup(region=region, managedInstanceName=instance)
    del backup["properties"]["serverName"]
    end = "longTermRetentionDatabases/orders/longTermRetentionManagedInstanceBackups/55555555;131637960820000000"
    return {**backup, "id": f"{SQL}/locations/{region}/longTermRetentionManagedInstances/{instance}/{end}"}


def read(holder="", pairs=None, **more):
    found = {**a_backup(**more), "region": "southeastasia", "holder": holder, "pairs": pairs or {}}
    return list(sql_retention.read(found, {}, CELL))


@pytest.fixture(name="arm")
def a_subscription_that_uses_sql():
    arm = a_tenant()
    register(arm, "Southeast Asia", "Central India")
    return arm


def register(arm, *places):
    kinds = ("servers", "locations/longTermRetentionBackups", "locations/longTermRetentionManagedInstanceBackups")
    types = [{"resourceType": kind, "locations": list(places)} for kind in kinds]
    arm.answer(SQL, {"namespace": "Microsoft.Sql", "registrationState": "Registered", "resourceTypes": types})


def plant_server(arm, location="southeastasia"):
    arm.plant(SERVER, location)
    redundancy = {"currentBackupStorageRedundancy": "Local", "requestedBackupStorageRedundancy": "Local"}
    arm.plant(f"{SERVER}/databases/Orders", location, properties=redundancy, tags={"data-class": "payment.card"})


def keep(arm, *backups, region="southeastasia", kind="longTermRetentionBackups"):
    arm.answer(f"{SQL}/locations/{region}/{kind}", list(backups))


def test_a_backup_lies_in_the_region_of_its_database_for_as_long_as_it_is_kept():
    this, copy = read(holder=SERVER.lower())
    assert (this.type, this.name, this.location) == ("azure.sql.long-term-backup", "Orders", SINGAPORE)
    assert (this.created_at, this.retention_days) == (datetime(2026, 1, 1, 8, tzinfo=UTC), 365)
    assert said([copy]) == [(f"{SERVER}/databases/orders".lower(), KEPT, SINGAPORE, this.id)]


def test_old_backups_keep_their_redundancy_when_it_is_changed_for_new_ones():
    *_, geo = read(redundancy="Geo", requestedBackupStorageRedundancy="Local")
    assert (geo.channel, geo.location) == (GEO, HONG_KONG)


def test_a_backup_of_unknown_redundancy_may_be_in_another_place():
    *_, geo = read(redundancy=None)
    assert (geo.channel, geo.location) == (GEO, None)


def test_the_pair_is_the_one_that_the_cloud_names_today():
    *_, geo = read(redundancy="Geo", pairs={"southeastasia": "centralindia"})
    assert geo.location == Location("azure", "centralindia")


def test_backups_outlive_their_server_and_are_one_set_without_it(arm):
    keep(arm, a_backup(1, "Geo"), a_backup(2, "Geo"))
    seen = look(arm)
    assert gaps(seen) == []
    [dataset] = relate(seen, azure.vocabulary)
    kept = {(one.kind, one.country, one.copies) for one in dataset.placements}
    assert kept == {("backup", "SG", 2), ("backup", "HK", 1)}
    assert dataset.unseen == (GONE,), "nobody can tell what a database that is gone was said to hold"


def test_backups_are_of_the_database_that_is_there_and_share_its_class(arm):
    plant_server(arm)
    keep(arm, a_backup(1), a_backup(2))
    [dataset] = relate(look(arm), azure.vocabulary)
    assert dataset.id == f"{SERVER}/databases/orders".lower()
    assert [one.copies for one in dataset.placements if one.channel == KEPT] == [2]


def test_the_subject_of_a_set_is_the_same_before_and_after_the_server_is_deleted(arm):
    def subject():
        keep(arm, a_backup(1))
        [dataset] = relate(look(arm), azure.vocabulary)
        return next(one.subject for one in dataset.placements if one.channel == KEPT)

    plant_server(arm)
    before = subject()
    arm.resources.clear()
    assert subject() == before


@pytest.mark.parametrize(("deleted", "location"), [("2026-02-01T00:00:00Z", "southeastasia"), (None, "centralindia")])
def test_a_database_that_only_took_the_name_is_not_the_one_that_was_backed_up(arm, deleted, location):
    plant_server(arm, location)
    keep(arm, a_backup(1, databaseDeletionTime=deleted))
    assert [one[0] for one in said(look(arm).copies, KEPT)] == [GONE]


def test_backups_of_instances_are_of_the_instance(arm):
    arm.plant(INSTANCE, "southeastasia")
    keep(arm, of_instance(), kind="longTermRetentionManagedInstanceBackups")
    assert [one[0] for one in said(look(arm).copies, KEPT)] == [INSTANCE.lower()]


def test_every_region_that_has_sql_is_asked_on_every_page(arm):
    arm.page = 1
    keep(arm, a_backup(1), a_backup(2))
    keep(arm, a_backup(3, region="centralindia"), region="centralindia")
    assert len(said(look(arm).copies, KEPT)) == 3
    assert arm.actions()[sql_retention.OF_SERVERS] == 2 + 1


def test_a_subscription_that_was_never_registered_with_sql_is_asked_nothing_more():
    arm = a_tenant()
    assert gaps(look(arm)) == []
    assert sql_retention.OF_SERVERS not in arm.actions()


def test_a_registered_subscription_whose_regions_are_not_told_is_a_gap_and_not_an_empty_one(arm):
    arm.answer(SQL, {"registrationState": "Registered", "resourceTypes": []})
    assert [(listing, reason) for listing, _, _, reason in gaps(look(arm))] == [
        ("sql.instance-long-term-backups", "error"),
        ("sql.long-term-backups", "error"),
    ]


def test_a_region_that_may_not_be_asked_is_a_gap_and_what_came_before_it_stays(arm):
    keep(arm, a_backup(1))
    arm.refuse("centralindia/longTermRetentionBackups", Answer(403, "AuthorizationFailed"))
    seen = look(arm)
    assert gaps(seen) == [("sql.long-term-backups", "", "", "denied")]
    assert len(said(seen.copies, KEPT)) == 1
