import pytest

from azure_looking import BANK, a_tenant, gaps, look, said
from domicile.demo.tenant import Answer
from domicile.model import Cell, Location
from domicile.providers.azure import event_hubs, messaging, service_bus

HERE = Cell("azure", BANK, "global")
MUMBAI, SINGAPORE = Location("azure", "centralindia"), Location("azure", "southeastasia")
AT = f"/subscriptions/{BANK}/resourceGroups/data/providers"
HUBS, BUS = f"{AT}/Microsoft.EventHub/namespaces/Payments", f"{AT}/Microsoft.ServiceBus/namespaces/orders"
STORE = f"{AT}/Microsoft.Storage/storageAccounts/Archive"


def read(service, parts=None, sku="Premium", location="centralindia", **properties):
    row = {"id": HUBS, "name": "Payments", "location": location, "sku": {"name": sku}, "properties": properties}
    return list(service.read(row, parts or {}, HERE))


def regions(**roles):
    return {"locations": [{"locationName": name, "roleType": role} for name, role in roles.items()]}


TWO = {"locations": [{"locationName": "Central India", "roleType": "Primary", "replicaState": "Ready"}]}
TWO["locations"].append({"locationName": "Southeast Asia", "roleType": "Secondary", "replicaState": "Ready"})


@pytest.mark.parametrize(
    ("service", "channel"),
    [(event_hubs, "azure-event-hubs-geo-replication"), (service_bus, "azure-service-bus-geo-replication")],
)
def test_messages_are_copied_to_every_region_that_a_namespace_is_replicated_to(service, channel):
    namespace, copy = read(service, geoDataReplication=TWO)
    assert namespace.location == MUMBAI
    assert (copy.channel, copy.location, copy.of) == (channel, SINGAPORE, HUBS.lower())


def test_after_a_promotion_a_namespace_is_where_its_primary_is():
    namespace, copy = read(event_hubs, geoDataReplication=regions(centralindia="Secondary", southeastasia="Primary"))
    assert (namespace.location, copy.location) == (SINGAPORE, MUMBAI)


def test_a_namespace_in_one_region_has_no_copy():
    assert len(read(service_bus, geoDataReplication=regions(centralindia="Primary"))) == 1
    assert len(read(service_bus, {"replication": {"properties": {}}})) == 1


def test_a_namespace_says_itself_what_was_not_shown_of_it():
    _, copy = read(service_bus, {"replication": {"properties": {"geoDataReplication": TWO}}})
    assert (copy.location, copy.part) == (SINGAPORE, "replication")


@pytest.mark.parametrize(
    ("row", "asked"),
    [
        ({}, True),
        ({"sku": {"name": "Premium"}}, True),
        ({"sku": {"name": "Premium"}, "properties": {"geoDataReplication": TWO}}, False),
        ({"sku": {"name": "Standard"}}, False),
        ({"sku": {"name": "Standard"}, "properties": {"clusterArmId": "/a/cluster"}}, True),
    ],
)
def test_a_namespace_is_asked_only_where_it_can_be_replicated_and_that_was_not_shown(row, asked):
    assert messaging.again("Some.Provider/namespaces/read").applies(row) is asked


def hub(name, **capture):
    target = {"name": "EventHubArchive.AzureBlockBlob", "properties": {"storageAccountResourceId": STORE}}
    about = {"captureDescription": {"destination": target} | capture} if capture else {}
    return {"id": f"{HUBS}/eventhubs/{name}", "name": name, "properties": about}


def test_events_that_are_captured_are_in_the_storage_account_too():
    _, copy = read(event_hubs, {"hubs": {"value": [hub("cards", enabled=True), hub("old", enabled=False), hub("x")]}})
    assert (copy.channel, copy.id, copy.location) == ("azure-event-hubs-capture", STORE.lower(), None)
    assert copy.caused_by == f"{HUBS}/eventhubs/cards".lower()
    assert copy.partial


def test_only_a_namespace_that_can_capture_is_asked_for_its_event_hubs():
    assert [event_hubs.can_capture({"sku": {"name": tier}}) for tier in ("Basic", "Standard")] == [False, True]
    assert event_hubs.can_capture({})


def test_the_key_of_a_namespace_is_told_where_its_encryption_is_shown():
    vault = "https://bank.vault.azure.net"
    own = {"keySource": "Microsoft.KeyVault", "keyVaultProperties": [{"keyName": "k", "keyVaultUri": vault}]}
    [namespace] = read(service_bus, encryption=own)
    assert (namespace.cmk, namespace.key) == (True, vault)
    assert read(service_bus)[0].cmk is None


def test_a_pairing_for_disaster_recovery_copies_no_messages():
    arm = a_tenant()
    for namespace in (HUBS, BUS):
        arm.plant(namespace, "centralindia", sku={"name": "Standard"}, properties={})
        pairing = {"partnerNamespace": "orders-sg", "role": "Primary", "provisioningState": "Succeeded"}
        arm.answer(f"{namespace}/disasterRecoveryConfigs", [{"name": "pair", "properties": pairing}])
    seen = look(arm)
    assert (len(seen.resources), seen.copies, gaps(seen)) == (2, (), [])


def test_captures_are_found_on_every_page_and_what_is_refused_is_a_gap():
    arm = a_tenant()
    arm.page = 1
    arm.plant(HUBS, "centralindia", sku={"name": "Premium"}, properties={"geoDataReplication": TWO})
    arm.answer(f"{HUBS}/eventhubs", [hub("x"), hub("cards", enabled=True)])
    arm.plant(BUS, "centralindia", sku={"name": "Premium"}, properties={})
    arm.refuse("servicebus/namespaces/orders$", Answer(403, "AuthorizationFailed"))
    seen = look(arm)
    assert said(seen.copies) == [
        (HUBS.lower(), "azure-event-hubs-capture", None, STORE.lower()),
        (HUBS.lower(), "azure-event-hubs-geo-replication", SINGAPORE, ""),
    ]
    assert gaps(seen) == [("servicebus.namespaces", "replication", "orders", "denied")]


def test_a_namespace_that_was_deleted_meanwhile_is_nothing():
    arm = a_tenant()
    arm.plant(BUS, "centralindia", sku={"name": "Premium"}, properties={})
    arm.refuse("servicebus/namespaces/orders$", Answer(404, "ResourceNotFound"))
    seen = look(arm)
    assert (seen.resources, gaps(seen)) == ((), [])


def test_a_cloud_too_old_to_tell_of_replication_is_a_gap_and_not_a_namespace_without_copies():
    arm = a_tenant()
    arm.plant(BUS, "centralindia", sku={"name": "Premium"}, properties={})
    arm.versions["servicebus/namespaces"] = "2024-01-01"
    assert gaps(look(arm)) == [("servicebus.namespaces", "replication", "orders", "error")]
