from azure_looking import BANK, a_tenant, gaps, look, provider
from domicile.demo.tenant import Answer
from domicile.model import Cell
from domicile.providers.azure import keyvault_deleted, registered, sql_retention

OTHER = "22222222-0000-0000-0000-000000000000"
LISTINGS = ["keyvault.deleted-managed-hsms", "keyvault.deleted-vaults"]


def about(provider_of, *kinds):
    return {
        "namespace": provider_of,
        "registrationState": "Registered",
        "resourceTypes": [{"resourceType": kind, "locations": ["Central India"]} for kind in kinds],
    }


def test_each_subscription_is_asked_once_for_each_provider_however_many_listings_want_to_know():
    arm = a_tenant()
    arm.subscription(OTHER, "other", "bulbul")
    look(arm)
    assert arm.actions()[registered.ACTION] == 3 * 2


def test_what_one_subscription_is_registered_with_says_nothing_of_another():
    arm = a_tenant()
    arm.subscription(OTHER, "other", "bulbul")
    kinds = ("locations/longTermRetentionBackups", "locations/longTermRetentionManagedInstanceBackups")
    arm.answer(f"/subscriptions/{OTHER}/providers/Microsoft.Sql", about("Microsoft.Sql", *kinds))
    assert gaps(look(arm)) == []
    asked = {path.split("/")[2] for _, path in arm.calls if "longTermRetention" in path}
    assert asked == {OTHER}


def test_a_refusal_is_a_gap_of_every_listing_that_wants_to_know_and_is_kept_for_nobody():
    arm = a_tenant()
    arm.refuse("providers/Microsoft.KeyVault$", Answer(403, "AuthorizationFailed"))
    assert gaps(look(arm)) == [(listing, "", "", "denied") for listing in LISTINGS]
    again = a_tenant()
    again.refuse("providers/Microsoft.KeyVault$", Answer(403, "AuthorizationFailed"), times=1)
    assert len(gaps(look(again))) == 1, "the other listing asks again, and is answered"


def test_what_is_kept_is_kept_by_one_scan_only():
    arm = a_tenant()
    look(arm)
    vaults = f"/subscriptions/{BANK}/providers/Microsoft.KeyVault"
    arm.answer(vaults, about("Microsoft.KeyVault", "vaults", "managedHSMs"))
    look(arm)
    assert {keyvault_deleted.DELETED_VAULTS, keyvault_deleted.DELETED_MODULES} <= set(arm.actions())


def test_subscriptions_that_are_told_the_same_hold_it_once():
    arm = a_tenant()
    arm.subscription(OTHER, "other", "bulbul")
    for one in (BANK, OTHER):
        arm.answer(f"/subscriptions/{one}/providers/Microsoft.Sql", about("Microsoft.Sql", "servers"))
    with provider(arm) as azure:
        for one in (BANK, OTHER):
            cloud = azure.cloud(sql_retention.SERVICE, Cell("azure", one, "global"))
            assert registered.regions(cloud, "Microsoft.Sql", "servers") == ("Central India",)
        first, second = azure._session._kept.values()
    assert first is second
