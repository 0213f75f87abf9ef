"""Azure Storage accounts: what the name of a redundancy says of where an account is copied to."""

import pytest

from azure_looking import a_tenant, look
from domicile.model import Cell, Location
from domicile.providers import azure
from domicile.providers.azure import storage
from domicile.relate import relate

BANK = "11111111-0000-0000-0000-000000000000"
CELL = Cell("azure", BANK, "global")
ACCOUNT = f"/subscriptions/{BANK}/resourceGroups/Pay/providers/Microsoft.Storage/storageAccounts/ledger"


def account(region="centralindia", parts=None, **more):
    row = {"id": ACCOUNT, "name": "ledger", "location": region} | more
    return list(storage.read(row, parts or {}, CELL))


@pytest.mark.parametrize("redundancy", ["Standard_LRS", "Premium_ZRS", "StandardV2_ZRS"])
def test_an_account_that_is_redundant_in_its_region_is_nowhere_else(redundancy):
    [holder] = account(sku={"name": redundancy})
    assert holder.location == Location("azure", "centralindia")


@pytest.mark.parametrize("redundancy", ["Standard_GRS", "Standard_RAGZRS", "StandardV2_GRS"])
def test_an_account_that_is_geo_redundant_is_in_the_pair_too_whether_or_not_it_says_where(redundancy):
    [_, copy] = account(sku={"name": redundancy})
    assert copy.location == Location("azure", "southindia")


@pytest.mark.parametrize("more", [{}, {"sku": {}}, {"sku": {"name": "Standard_XRS"}}])
def test_an_account_of_which_nobody_knows_how_redundant_it_is_may_be_somewhere_else(more):
    [_, copy] = account(**more)
    assert copy.location is None
    assert len(account("westindia", pairs={"westindia": ""}, **more)) == 1, "unless its region has no pair"


OTHER = "22222222-0000-0000-0000-000000000000"
COPY = f"/subscriptions/{OTHER}/resourceGroups/Kept/providers/Microsoft.Storage/storageAccounts/kept"


@pytest.mark.parametrize("target", ["kept", COPY])
def test_an_account_that_a_policy_names_by_its_bare_name_is_the_one_in_another_subscription(target):
    arm = a_tenant()
    arm.subscription(OTHER, "archive", "bulbul")
    policy = {"policyId": "p", "sourceAccount": "ledger", "destinationAccount": target}
    for ident, region in ((ACCOUNT, "centralindia"), (COPY, "southeastasia")):
        arm.plant(ident, region, kind="StorageV2", sku={"name": "Standard_LRS"}, properties={})
        arm.answer(f"{ident}/objectReplicationPolicies", [{"properties": policy}])
    [dataset] = relate(look(arm), azure.vocabulary)
    assert {(one.resource_id, one.country, one.account) for one in dataset.placements} == {
        (ACCOUNT.lower(), "IN", BANK),
        (COPY.lower(), "SG", OTHER),
    }


def test_an_account_of_somebody_else_is_known_by_its_bare_name_and_nowhere():
    arm = a_tenant()
    arm.plant(ACCOUNT, "centralindia", kind="StorageV2", sku={"name": "Standard_LRS"}, properties={})
    policy = {"policyId": "p", "sourceAccount": ACCOUNT, "destinationAccount": "theirs"}
    arm.answer(f"{ACCOUNT}/objectReplicationPolicies", [{"properties": policy}])
    [dataset] = relate(look(arm), azure.vocabulary)
    assert [(one.resource_id, one.location) for one in dataset.placements if one.channel] == [
        ("/providers/microsoft.storage/storageaccounts/theirs", None)
    ]
