"""Azure Storage accounts: what the name of a redundancy says of where an account is copied to."""

import pytest

from domicile.model import Cell, Location
from domicile.providers.azure import storage

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
