"""Container registries, and the regions that hold all of them."""

from datetime import UTC, datetime

import pytest

from domicile.collect import collect, fold
from domicile.demo.tenant import TOKEN, Arm, serving
from domicile.discover import discover
from domicile.model import Cell, Location
from domicile.providers import azure
from domicile.providers.azure import containerregistry
from domicile.relate import relate

BANK = "11111111-0000-0000-0000-000000000000"
CELL = Cell("azure", BANK, "global")
NIGHT = datetime(2026, 11, 20, 19, tzinfo=UTC)
REGISTRY = f"/subscriptions/{BANK}/resourceGroups/Data/providers/Microsoft.ContainerRegistry/registries/Images"
REPLICA = f"{REGISTRY}/replications/southeastasia"
SINGAPORE = Location("azure", "southeastasia")


def registry(**properties):
    row = {"id": REGISTRY, "name": "Images", "location": "centralindia", "properties": properties}
    [only] = containerregistry.read(row, {}, CELL)
    return only


@pytest.fixture(name="arm")
def a_replicated_registry():
    arm = Arm()
    arm.subscription(BANK, "bank")
    arm.plant(REGISTRY, "centralindia", tags={"data-class": "personal"}, properties={"creationDate": NIGHT.isoformat()})
    arm.plant(f"{REGISTRY}/replications/home", "Central India", properties={"regionEndpointEnabled": True})
    return arm


def look(arm):
    with serving(arm) as address, azure.connect(endpoint=address, token=TOKEN, attempts=0) as provider:
        seen = collect(provider, discover(provider), keep_tags=frozenset(), now=NIGHT)
    return seen, fold(seen.looks, seen.gaps, seen.resources)


def test_a_registry_says_whose_key_it_is_encrypted_with_or_it_is_unknown():
    key = "https://keys.vault.azure.net/keys/images/1"
    ours = registry(encryption={"status": "enabled", "keyVaultProperties": {"keyIdentifier": key}})
    assert (ours.cmk, ours.key) == (True, key)
    assert registry(encryption={"status": "disabled", "keyVaultProperties": None}).cmk is False
    assert registry().cmk is None
    assert registry(creationDate="2026-11-20T19:00:00Z").created_at == NIGHT


def test_a_replication_is_a_copy_of_all_of_the_registry_even_with_its_endpoint_closed():
    row = {"id": REPLICA, "name": "southeastasia", "location": "Southeast Asia"}
    replica, copy = containerregistry.read_replication(row | {"properties": {"regionEndpointEnabled": False}}, {}, CELL)
    assert (replica.id, replica.name, replica.location) == (REPLICA.lower(), "images/southeastasia", SINGAPORE)
    assert (copy.of, copy.channel, copy.location, copy.id, copy.partial) == (
        REGISTRY.lower(),
        "azure-registry-replication",
        SINGAPORE,
        REPLICA.lower(),
        False,
    )


def test_the_registrys_own_region_is_listed_among_its_replications_and_is_none(arm):
    seen, gaps = look(arm)
    assert gaps == ()
    assert [one.id for one in seen.resources] == [REGISTRY.lower()]


def test_registry_and_replica_are_one_dataset_whose_root_is_the_registry(arm):
    arm.plant(REPLICA, "southeastasia", properties={"regionEndpointEnabled": False})
    seen, gaps = look(arm)
    assert gaps == ()
    [dataset] = relate(seen, azure.vocabulary)
    assert (dataset.id, dataset.root_country) == (REGISTRY.lower(), "IN")
    assert {(one.channel, one.country) for one in dataset.placements} == {
        ("", "IN"),
        ("azure-registry-replication", "SG"),
    }


def test_images_are_pushed_to_whichever_region_is_nearest_and_reach_all_others_from_there():
    assert containerregistry.REPLICATED.relation == "peer"


def test_nothing_is_asked_beyond_the_sweep(arm):
    look(arm)
    assert not [action for action in arm.actions() if "ContainerRegistry" in action]
