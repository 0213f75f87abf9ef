import pytest

from azure_looking import BANK, a_tenant, gaps, look, said
from domicile import geography
from domicile.demo.tenant import Answer
from domicile.model import Cell, Location
from domicile.providers.azure import ai

HERE = Cell("azure", BANK, "global")
MUMBAI = Location("azure", "centralindia")
ACCOUNT = f"/subscriptions/{BANK}/resourceGroups/data/providers/Microsoft.CognitiveServices/accounts/Advice"


def deployment(name, kind, **properties):
    sku = {"sku": {"name": kind, "capacity": 10}} if kind else {}
    return {"id": f"{ACCOUNT}/deployments/{name}", "name": name, "properties": properties} | sku


def read(parts=None, region="centralindia", **properties):
    row = {"id": ACCOUNT, "name": "Advice", "kind": "OpenAI", "location": region, "properties": properties}
    return list(ai.read(row, parts or {}, HERE))


def processed(kind, region="centralindia", **properties):
    parts = {"deployments": {"value": [deployment("gpt", kind, **properties)]}}
    return [(one.channel, one.location.region) for one in read(parts, region)[1:]]


@pytest.mark.parametrize("kind", ["Standard", "ProvisionedManaged"])
def test_a_deployment_in_a_region_processes_where_the_account_is(kind):
    assert processed(kind) == []


@pytest.mark.parametrize("kind", ["GlobalStandard", "GlobalProvisionedManaged", "GlobalBatch"])
def test_a_global_deployment_processes_anywhere_and_keeps_nothing_there(kind):
    assert processed(kind) == [("azure-ai-processing", "global")]
    assert ai.PROCESSING.kind == "processing"


@pytest.mark.parametrize(
    ("region", "zone"), [("eastus", "unitedstates"), ("Sweden Central", "europe"), ("centralindia", "unknown")]
)
def test_a_deployment_in_a_data_zone_processes_anywhere_in_the_zone(region, zone):
    assert processed("DataZoneStandard", region) == [("azure-ai-processing", zone)]


def test_what_no_country_is_known_of_is_in_none():
    for place in ("global", "europe", "unknown"):
        assert geography.country(Location("azure", place)) is None


@pytest.mark.parametrize("region", ["eastus", "usgovvirginia"])
def test_the_data_zone_of_the_united_states_is_in_one_country(region):
    [(_, zone)] = processed("DataZoneProvisionedManaged", region)
    assert geography.country(Location("azure", zone)) == "US"


def test_a_deployment_of_a_kind_that_is_not_known_may_process_anywhere():
    assert processed("DeveloperTier") == processed("") == [("azure-ai-processing", "global")]


def test_an_old_deployment_tells_its_kind_in_other_words():
    assert processed("", scaleSettings={"scaleType": "Standard"}) == []


def test_an_account_that_is_routed_to_other_regions_is_processed_there():
    regions = [{"name": "Central India", "value": 50}, {"name": "Southeast Asia", "value": 50}]
    _, copy = read(locations={"routingMethod": "Weighted", "regions": regions})
    assert (copy.channel, copy.location) == ("azure-ai-multi-region-routing", Location("azure", "southeastasia"))


def test_the_key_of_an_account_is_told_where_its_encryption_is_shown():
    vault = "https://bank.vault.azure.net"
    [account] = read(encryption={"keySource": "Microsoft.KeyVault", "keyVaultProperties": {"keyVaultUri": vault}})
    assert (account.location, account.cmk, account.key) == (MUMBAI, True, vault)
    assert [read(encryption={"keySource": "Microsoft.CognitiveServices"})[0].cmk, read()[0].cmk] == [False, None]


def test_deployments_are_found_on_every_page_of_accounts_that_can_have_some():
    arm = a_tenant()
    arm.page = 1
    arm.plant(ACCOUNT, "centralindia", kind="OpenAI", properties={})
    arm.plant(f"{ACCOUNT}-speech", "centralindia", kind="SpeechServices", properties={})
    arm.answer(f"{ACCOUNT}/deployments", [deployment("one", "Standard"), deployment("two", "GlobalStandard")])
    seen = look(arm)
    assert said(seen.copies) == [(ACCOUNT.lower(), "azure-ai-processing", Location("azure", "global"), "")]
    assert arm.actions()[ai.DEPLOYMENTS] == 2, "two pages of one account"
    arm.refuse("deployments", Answer(403, "AuthorizationFailed"))
    seen = look(arm)
    assert (len(seen.resources), gaps(seen)) == (2, [("ai.accounts", "deployments", "advice", "denied")])


def test_an_account_that_was_deleted_meanwhile_is_nothing():
    arm = a_tenant()
    arm.plant(ACCOUNT, "centralindia", kind="AIServices", properties={})
    arm.refuse("deployments", Answer(404, "ResourceNotFound"))
    seen = look(arm)
    assert (seen.resources, gaps(seen)) == ((), [])
