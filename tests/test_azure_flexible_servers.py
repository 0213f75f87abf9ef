import pytest

from azure_looking import BANK, a_tenant, gaps, look
from domicile.model import Cell, Location
from domicile.providers import azure
from domicile.providers.azure import mysql, postgresql
from domicile.relate import relate

CELL = Cell("azure", BANK, "global")
GROUP = f"/subscriptions/{BANK}/resourceGroups/Data/providers"
SAO_PAULO, TEXAS = Location("azure", "brazilsouth"), Location("azure", "southcentralus")
ENGINES = pytest.mark.parametrize(
    ("service", "provider"), [(postgresql, "Microsoft.DBforPostgreSQL"), (mysql, "Microsoft.DBforMySQL")]
)


def a_server(provider, name="orders", location="Brazil South", geo="Disabled", **properties):
    return {
        "id": f"{GROUP}/{provider}/flexibleServers/{name}",
        "name": name,
        "location": location,
        "properties": {"backup": {"backupRetentionDays": 7, "geoRedundantBackup": geo}, **properties},
    }


def read(service, *args, **more):
    return list(service.read(a_server(*args, **more), {}, CELL))


def places(sightings):
    return [(one.channel.partition("-")[2].partition("-")[2], one.location) for one in sightings[1:]]


@ENGINES
def test_a_server_is_where_it_is_and_is_backed_up_there(service, provider):
    seen = read(service, provider)
    assert seen[0].id == f"{GROUP}/{provider}/flexibleServers/orders".lower()
    assert seen[0].location == SAO_PAULO
    assert places(seen) == [("backup", SAO_PAULO)]


@ENGINES
def test_a_geo_redundant_backup_is_in_the_pair_which_may_be_abroad_and_one_way(service, provider):
    assert places(read(service, provider, geo="Enabled")) == [("backup", SAO_PAULO), ("geo-backup", TEXAS)]


@ENGINES
def test_redundancy_that_was_not_shown_may_be_in_another_place(service, provider):
    row = a_server(provider)
    del row["properties"]["backup"]
    assert places(list(service.read(row, {}, CELL))) == [("backup", SAO_PAULO), ("geo-backup", None)]


@ENGINES
@pytest.mark.parametrize("role", ["Replica", "AsyncReplica", "GeoAsyncReplica", ""])
def test_a_replica_names_its_source_and_is_not_backed_up_itself(service, provider, role):
    source = f"{GROUP}/{provider}/flexibleServers/Origin"
    seen = read(service, provider, replicationRole=role, sourceServerResourceId=source)
    replica = seen[1]
    assert (replica.of, replica.location, replica.id) == (source.lower(), SAO_PAULO, seen[0].id)
    assert places(seen)[1:] == ([] if role else [("backup", SAO_PAULO)])


@ENGINES
@pytest.mark.parametrize("role", ["None", "Primary", "Source"])
def test_a_server_that_was_promoted_or_restored_is_no_replica_of_what_it_came_from(service, provider, role):
    seen = read(service, provider, replicationRole=role, sourceServerResourceId=f"{GROUP}/x/flexibleServers/Origin")
    assert places(seen) == [("backup", SAO_PAULO)]


def test_the_newer_word_for_a_role_is_the_one_that_counts():
    seen = read(
        postgresql,
        "Microsoft.DBforPostgreSQL",
        replica={"role": "Primary"},
        replicationRole="AsyncReplica",
        sourceServerResourceId=f"{GROUP}/x/flexibleServers/Origin",
    )
    assert places(seen) == [("backup", SAO_PAULO)]


@ENGINES
def test_keys_at_home_and_of_the_backup_in_the_pair_are_told_and_without_a_word_nothing_is_known(service, provider):
    home, away = "https://home.vault.azure.net/keys/a", "https://away.vault.azure.net/keys/b"
    keys = {"type": "AzureKeyVault", "primaryKeyURI": home, "geoBackupKeyURI": away}
    this, _, geo = read(service, provider, geo="Enabled", dataEncryption=keys)
    assert (this.cmk, this.key, geo.key) == (True, home, away)
    assert read(service, provider, dataEncryption={"type": "SystemManaged"})[0].cmk is False
    assert read(service, provider)[0].cmk is None


@ENGINES
def test_a_replica_abroad_belongs_to_its_source_and_nothing_more_is_asked(service, provider):
    arm = a_tenant()
    home, away = (a_server(provider, "home"), a_server(provider, "away", "eastus2", replicationRole="Replica"))
    away["properties"]["sourceServerResourceId"] = home["id"].upper()
    for row in (home, away):
        arm.plant(row["id"], row["location"], properties=row["properties"])
    seen = look(arm)
    assert gaps(seen) == []
    [dataset] = relate(seen, azure.vocabulary)
    assert {(one.kind, one.country) for one in dataset.placements} == {
        ("primary", "BR"),
        ("backup", "BR"),
        ("replica", "US"),
    }
    assert not [call for call in arm.calls if "flexibleServers" in call[1]]
