import pytest

from azure_looking import BANK, a_tenant, gaps, look, said
from domicile.demo.tenant import Answer
from domicile.model import Cell, Location
from domicile.providers import azure
from domicile.providers.azure import cosmos_clusters
from domicile.relate import relate

CELL = Cell("azure", BANK, "global")
DOCUMENTS = f"/subscriptions/{BANK}/resourceGroups/Data/providers/Microsoft.DocumentDB"
PUNE, SINGAPORE = Location("azure", "centralindia"), Location("azure", "southeastasia")
SOURCE = f"{DOCUMENTS}/mongoClusters/Home"


def mongo(name="away", location="southeastasia", **replica):
    properties = {"replica": replica} if replica else {}
    return {"id": f"{DOCUMENTS}/mongoClusters/{name}", "name": name, "location": location, "properties": properties}


@pytest.mark.parametrize("role", ["AsyncReplica", "GeoAsyncReplica"])
def test_a_replica_cluster_names_its_source(role):
    this, copy = cosmos_clusters.read_mongo(mongo(sourceResourceId=SOURCE, role=role), {}, CELL)
    assert this.location == SINGAPORE
    assert said([copy]) == [(SOURCE.lower(), "azure-cosmos-mongo-replica", SINGAPORE, this.id)]


def test_a_cluster_that_was_promoted_is_no_replica():
    assert len(list(cosmos_clusters.read_mongo(mongo(sourceResourceId=SOURCE, role="Primary"), {}, CELL))) == 1
    assert len(list(cosmos_clusters.read_mongo(mongo(), {}, CELL))) == 1


@pytest.fixture(name="arm")
def a_cassandra_cluster():
    arm = a_tenant()
    cluster = arm.plant(f"{DOCUMENTS}/cassandraClusters/Ring", "centralindia")
    arm.answer(
        f"{cluster}/dataCenters",
        [
            {"id": f"{cluster}/dataCenters/{name}", "name": name, "properties": {"dataCenterLocation": place}}
            for name, place in (("one", "Central India"), ("two", "Southeast Asia"), ("three", None))
        ],
    )
    return arm


def test_a_cluster_is_in_the_region_of_each_of_its_data_centers_and_one_untold_is_somewhere(arm):
    seen = look(arm)
    assert gaps(seen) == []
    [dataset] = relate(seen, azure.vocabulary)
    assert {(one.kind, one.country) for one in dataset.placements} == {
        ("primary", "IN"),
        ("replica", "SG"),
        ("replica", None),
    }


def test_data_centers_that_may_not_be_read_are_a_gap_of_their_cluster(arm):
    arm.refuse("ring/dataCenters", Answer(403, "AuthorizationFailed"))
    seen = look(arm)
    assert gaps(seen) == [("cosmos.cassandra-clusters", "centers", "ring", "denied")]
    assert [one.location for one in seen.resources] == [PUNE]


def test_a_cluster_that_was_deleted_meanwhile_is_no_gap(arm):
    arm.refuse("ring/dataCenters", Answer(404, "ResourceNotFound"))
    seen = look(arm)
    assert gaps(seen) == []
    assert seen.resources == ()
