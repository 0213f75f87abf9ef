"""Key vaults, which are copied where no property says so, and managed HSMs, which are not."""

from datetime import UTC, datetime

import pytest

from domicile.collect import collect, fold
from domicile.demo.tenant import TOKEN, Answer, Arm, serving
from domicile.discover import discover
from domicile.model import Cell, Location
from domicile.providers import azure
from domicile.providers.azure import keyvault

BANK = "11111111-0000-0000-0000-000000000000"
CELL = Cell("azure", BANK, "global")
NIGHT = datetime(2026, 11, 20, 19, tzinfo=UTC)
GROUP = f"/subscriptions/{BANK}/resourceGroups/Keys/providers/Microsoft.KeyVault"
VAULT, MODULE = f"{GROUP}/vaults/Till", f"{GROUP}/managedHSMs/Ledger"


def vault(region, **more):
    return list(keyvault.read({"id": VAULT, "name": "Till", "location": region} | more, {}, CELL))


def module(parts=None, **properties):
    row = {"id": MODULE, "name": "Ledger", "location": "centralindia", "properties": properties}
    return list(keyvault.read_module(row, parts or {}, CELL))


@pytest.mark.parametrize(
    ("region", "pair"),
    [
        ("centralindia", "southindia"),
        ("North Europe", "westeurope"),
        ("southeastasia", "eastasia"),
        ("brazilsoutheast", "brazilsouth"),
    ],
)
def test_a_vault_is_copied_to_the_paired_region_though_no_property_says_so(region, pair):
    holder, copy = vault(region)
    assert (copy.of, copy.channel, copy.location) == (holder.id, "azure-key-vault-pair", Location("azure", pair))
    assert azure.vocabulary.channels[copy.channel].implied


@pytest.mark.parametrize("region", ["brazilsouth", "Brazil South", "westus3", "qatarcentral", "polandcentral"])
def test_a_vault_stays_in_a_region_without_a_pair_and_in_those_whose_pair_is_not_used(region):
    [only] = vault(region)
    assert only.type == "azure.keyvault.vault"


def test_the_pair_is_the_one_that_the_cloud_names_today():
    _, copy = vault("centralindia", pairs={"centralindia": "westindia"})
    assert copy.location == Location("azure", "westindia")
    assert len(vault("centralindia", pairs={"centralindia": ""})) == 1


def test_a_managed_hsm_is_in_the_regions_that_it_spans_and_not_in_the_pair_of_its_own():
    spanned = [{"name": "Central India", "isPrimary": True}, {"name": "UK South", "isPrimary": False}]
    holder, copy = module(regions=spanned)
    assert (copy.of, copy.channel, copy.location) == (
        holder.id,
        "azure-managed-hsm-region",
        Location("azure", "uksouth"),
    )
    assert len(module(regions=[])) == 1


def test_regions_that_were_asked_for_are_read_like_those_that_were_shown():
    _, copy = module({"regions": {"value": [{"name": "centralindia"}, {"name": "uksouth", "isPrimary": False}]}})
    assert (copy.location.region, copy.part) == ("uksouth", "regions")


@pytest.fixture(name="arm")
def a_subscription():
    arm = Arm()
    arm.subscription(BANK, "bank")
    arm.plant(MODULE, "centralindia", properties={})
    return arm


def look(arm, keep=()):
    with serving(arm) as address, azure.connect(endpoint=address, token=TOKEN, attempts=0) as provider:
        seen = collect(provider, discover(provider), keep_tags=frozenset(keep), now=NIGHT)
    gaps = fold(seen.looks, seen.gaps, seen.resources)
    return seen, [(gap.listing, gap.part, gap.reason) for gap in gaps]


def test_regions_of_a_managed_hsm_are_asked_for_only_where_they_were_not_shown(arm):
    arm.page = 1
    arm.plant(f"{GROUP}/managedHSMs/told", "centralindia", properties={"regions": []})
    arm.answer(f"{MODULE}/regions", [{"name": "centralindia"}, {"name": "uksouth"}, {"name": "ukwest"}])
    seen, gaps = look(arm)
    assert gaps == []
    assert {(one.of, one.location.region) for one in seen.copies} == {
        (MODULE.lower(), "uksouth"),
        (MODULE.lower(), "ukwest"),
    }
    assert {path for _, path in arm.calls if path.endswith("/regions")} == {f"{MODULE}/regions"}


def test_regions_that_may_not_be_read_are_a_gap(arm):
    arm.refuse("/regions", Answer(403, "AuthorizationFailed"))
    seen, gaps = look(arm)
    assert gaps == [("keyvault.managed-hsms", "regions", "denied")]
    assert [one.id for one in seen.resources] == [MODULE.lower()]


def test_a_managed_hsm_deleted_while_the_scan_runs_is_gone(arm):
    arm.refuse("/regions", Answer(404, "ResourceNotFound"))
    seen, gaps = look(arm)
    assert (seen.resources, gaps) == ((), [])


LISTED = f"/subscriptions/{BANK}/providers/Microsoft.KeyVault"


def deleted(name, before, region="Central India", tags=None):
    kind, key = ("deletedVaults", "vaultId") if "/vaults/" in before else ("deletedManagedHSMs", "mhsmId")
    properties = {key: before, "location": region, "deletionDate": "2026-11-01T00:00:00Z", "tags": tags}
    return {"id": f"{LISTED}/locations/x/{kind}/{name}", "name": name, "type": f"…/{kind}", "properties": properties}


def registered(arm, state="Registered"):
    kinds = [{"resourceType": kind, "locations": ["Central India"]} for kind in ("vaults", "managedHSMs")]
    arm.answer(LISTED, {"namespace": "Microsoft.KeyVault", "registrationState": state, "resourceTypes": kinds})


def test_a_deleted_vault_is_where_it_was_and_in_the_pair_until_it_is_purged(arm):
    registered(arm)
    arm.resources.clear()
    arm.page = 1
    arm.answer(
        f"{LISTED}/deletedVaults",
        [
            deleted("Till", VAULT, tags={"data-class": "payment.card"}),
            deleted("Rio", f"{GROUP}/vaults/rio", "brazilsouth"),
        ],
    )
    arm.answer(f"{LISTED}/deletedManagedHSMs", [deleted("Ledger", MODULE)])
    seen, gaps = look(arm, keep={"data-class"})
    assert gaps == []
    assert {(one.id, one.type, one.location.region) for one in seen.resources} == {
        (VAULT.lower(), "azure.keyvault.deleted-vault", "centralindia"),
        (f"{GROUP}/vaults/rio".lower(), "azure.keyvault.deleted-vault", "brazilsouth"),
        (MODULE.lower(), "azure.keyvault.deleted-managed-hsm", "centralindia"),
    }
    assert {tuple(one.tags.items()) for one in seen.resources} == {(("data-class", "payment.card"),), ()}
    assert [(one.of, one.location.region) for one in seen.copies] == [(VAULT.lower(), "southindia")]


def test_the_pair_of_a_deleted_vault_too_is_the_one_that_the_cloud_names_today(arm):
    registered(arm)
    arm.plant(f"{GROUP}/vaults/there", "westindia")
    arm.locations = [
        {"name": "centralindia", "metadata": {"regionType": "Physical", "pairedRegion": [{"name": "westindia"}]}}
    ]
    arm.answer(f"{LISTED}/deletedVaults", [deleted("Till", VAULT)])
    seen, _ = look(arm)
    assert [one.location.region for one in seen.copies if one.of == VAULT.lower()] == ["westindia"]


def test_what_was_deleted_is_not_asked_for_where_there_never_was_a_vault(arm):
    registered(arm, "NotRegistered")
    _, gaps = look(arm)
    assert gaps == []
    assert not [path for _, path in arm.calls if "/deleted" in path]


def test_deleted_hsms_are_not_asked_for_in_a_cloud_that_has_none(arm):
    kinds = [{"resourceType": "vaults", "locations": ["China North 3"]}]
    arm.answer(LISTED, {"registrationState": "Registered", "resourceTypes": kinds})
    _, gaps = look(arm)
    assert gaps == []
    assert [path.rpartition("/")[2] for _, path in arm.calls if "/deleted" in path] == ["deletedVaults"]


def test_what_was_deleted_is_asked_for_where_it_is_not_told_what_there_can_be(arm):
    arm.answer(LISTED, {"registrationState": "Registered"})
    arm.answer(f"{LISTED}/deletedVaults", [deleted("Till", VAULT)])
    seen, gaps = look(arm)
    assert gaps == []
    assert VAULT.lower() in {one.id for one in seen.resources}


def test_deleted_vaults_that_may_not_be_listed_are_a_gap(arm):
    registered(arm)
    arm.refuse("/deletedVaults", Answer(403, "AuthorizationFailed"))
    _, gaps = look(arm)
    assert gaps == [("keyvault.deleted-vaults", "", "denied")]
