import pytest

from azure_looking import BANK, a_tenant, gaps, look, said
from domicile.demo.tenant import Answer
from domicile.model import Cell, Location
from domicile.providers import azure
from domicile.providers.azure import sql_instances
from domicile.relate import relate

CELL = Cell("azure", BANK, "global")
GROUP = f"/subscriptions/{BANK}/resourceGroups"
CORE = f"{GROUP}/Data/providers/Microsoft.Sql/managedInstances/Core"
SPARE = f"{GROUP}/Spare/providers/Microsoft.Sql/managedInstances/Spare"
DUBLIN, AMSTERDAM = Location("azure", "northeurope"), Location("azure", "westeurope")


def an_instance(ident=CORE, location="northeurope", **properties):
    return {"id": ident, "name": ident.rpartition("/")[2], "location": location, "properties": properties}


def a_group(other="West Europe", role="Primary"):
    return {
        "id": f"{GROUP}/Data/providers/Microsoft.Sql/locations/northeurope/instanceFailoverGroups/fog",
        "properties": {
            "replicationRole": role,
            "partnerRegions": [{"location": other, "replicationRole": "Secondary"}],
            "managedInstancePairs": [{"primaryManagedInstanceId": CORE, "partnerManagedInstanceId": SPARE}],
        },
    }


def read(row, *groups):
    return list(sql_instances.read(row, {"groups": {"value": list(groups)}}, CELL))


def places(sightings):
    return [(one.channel, one.location) for one in sightings[1:]]


def test_an_instance_is_where_it_is_and_is_backed_up_there_and_in_the_pair():
    seen = read(an_instance(currentBackupStorageRedundancy="Geo", requestedBackupStorageRedundancy="Geo"))
    assert (seen[0].id, seen[0].type, seen[0].location) == (CORE.lower(), "azure.sql.managed-instance", DUBLIN)
    assert places(seen) == [
        ("azure-sql-instance-backup", DUBLIN),
        ("azure-sql-instance-geo-backup", AMSTERDAM),
    ]


@pytest.mark.parametrize(
    ("properties", "there"),
    [
        ({"storageAccountType": "GRS"}, [AMSTERDAM]),
        ({"storageAccountType": "LRS"}, []),
        ({"currentBackupStorageRedundancy": "Geo", "requestedBackupStorageRedundancy": "Local"}, [AMSTERDAM]),
        ({"currentBackupStorageRedundancy": "Zone", "requestedBackupStorageRedundancy": "GeoZone"}, [AMSTERDAM]),
        ({"currentBackupStorageRedundancy": "Local", "requestedBackupStorageRedundancy": "Local"}, []),
        ({}, [None]),
    ],
)
def test_redundancy_in_old_and_new_words_pending_or_not_shown(properties, there):
    [_, _, *geo] = read(an_instance(**properties))
    assert [one.location for one in geo] == there


def test_a_failover_group_is_said_alike_by_both_ends():
    [*_, ours] = read(an_instance(), a_group())
    [*_, theirs] = read(an_instance(SPARE, "westeurope"), a_group("North Europe", "Secondary"))
    assert said([ours]) == said([theirs])
    assert said([ours]) == [(CORE.lower(), "azure-sql-instance-failover-group", AMSTERDAM, SPARE.lower())]
    assert ours.caused_by == theirs.caused_by


def test_a_group_of_other_instances_in_the_same_region_says_nothing_of_this_one():
    other = an_instance(f"{GROUP}/Data/providers/Microsoft.Sql/managedInstances/Other")
    assert all(one.channel != "azure-sql-instance-failover-group" for one in read(other, a_group())[1:])


def test_a_partner_in_a_region_that_is_not_told_is_in_an_unknown_place():
    group = a_group()
    group["properties"]["partnerRegions"] = []
    assert read(an_instance(), group)[-1].location is None


@pytest.fixture(name="arm")
def two_instances():
    arm = a_tenant()
    local = {"currentBackupStorageRedundancy": "Local", "requestedBackupStorageRedundancy": "Local"}
    arm.plant(CORE, "northeurope", properties=local)
    arm.plant(SPARE, "westeurope", properties=local)
    arm.answer(f"{GROUP}/data/providers/Microsoft.Sql/locations/northeurope/instanceFailoverGroups", [a_group()])
    return arm


def test_groups_are_asked_of_the_resource_group_and_region_of_an_instance(arm):
    seen = look(arm)
    assert gaps(seen) == []
    assert said(seen.copies, "azure-sql-instance-failover-group") == [
        (CORE.lower(), "azure-sql-instance-failover-group", AMSTERDAM, SPARE.lower())
    ]
    [dataset] = relate(seen, azure.vocabulary)
    assert {(one.kind, one.country) for one in dataset.placements} == {
        ("primary", "IE"),
        ("replica", "NL"),
        ("backup", "IE"),
        ("backup", "NL"),
    }


def test_groups_that_may_not_be_read_are_a_gap_of_that_instance(arm):
    arm.refuse("northeurope/instanceFailoverGroups", Answer(403, "AuthorizationFailed"))
    seen = look(arm)
    assert gaps(seen) == [("sql.instances", "groups", "core", "denied")]
    assert len(seen.resources) == 2
