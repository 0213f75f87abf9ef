"""A tenant as Resource Graph and Resource Manager show it: nothing lost by paging, throttling or a missing right."""

from datetime import UTC, datetime

import msgspec
import pytest
from msgspec.structs import replace

from domicile.collect import collect, fold
from domicile.demo.tenant import TOKEN, Answer, Arm, action_of, serving
from domicile.discover import discover
from domicile.errors import CloudError, UsageError
from domicile.model import Cell, Location
from domicile.providers import azure
from domicile.providers.azure.graph import Kept, KeptSweeps, query, restored, united
from domicile.providers.service import NotOffered, Refused

BANK, SHOP, LAB = (f"{digit * 8}-0000-0000-0000-000000000000" for digit in "123")
NOW = datetime(2026, 11, 25, tzinfo=UTC)


@pytest.fixture(name="arm")
def a_tenant():
    arm = Arm()
    arm.group("bulbul")
    arm.group("bulbul-regulated", "bulbul")
    arm.subscription(BANK, "bank", "bulbul-regulated", {"data-class": "payment.transaction"})
    arm.subscription(SHOP, "shop", "bulbul")
    return arm


def an_account(arm, name, location="centralindia", sku="Standard_LRS", subscription=BANK, group="data", **properties):
    tags, kind = properties.pop("tags", {}), properties.pop("kind", "StorageV2")
    return arm.plant(
        f"/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Storage/storageAccounts/{name}",
        location,
        kind=kind,
        sku={"name": sku},
        tags=tags,
        properties={"primaryLocation": location, **properties},
    )


@pytest.fixture(name="look")
def looking(arm):
    """What a scan of the tenant shows, and how long it waited."""
    waits = []

    def look(group="bulbul", attempts=0, keep=("data-class",), **options):
        with serving(arm) as address:
            provider = azure.connect(endpoint=address, token=TOKEN, group=group, attempts=attempts, **options)
            with provider:
                provider.graph._pause = waits.append
                discovery = discover(provider)
                return collect(provider, discovery, keep_tags=frozenset(keep), now=NOW)

    look.waits = waits
    return look


def names(inventory):
    return sorted(one.name for one in inventory.resources)


def gaps(inventory):
    return [
        (gap.cell.account, gap.listing, gap.reason)
        for gap in fold(inventory.looks, inventory.gaps, inventory.resources)
    ]


def test_every_account_of_every_page_is_seen_once(arm, look):
    planted = sorted(an_account(arm, f"store{number:04}", kind="Storage").rpartition("/")[2] for number in range(2345))
    seen = look()
    assert names(seen) == planted
    assert gaps(seen) == []
    graph = [call for call in arm.calls if call[0] == "POST"]
    assert len(graph) == 1 + 1 + 3, "one page of subscriptions and groups, one of backups, a thousand resources in each"


def test_a_row_has_the_shape_of_the_resource_and_says_nothing_of_what_it_was_not_shown():
    columns = {"sku_name": "sku.name", "properties_secondaryLocation": "properties.secondaryLocation"}
    flat = {"id": "/x", "sku_name": "Standard_GRS", "properties_secondaryLocation": None}
    assert restored(flat, columns) == {"id": "/x", "sku": {"name": "Standard_GRS"}}
    assert "sku_name=sku.name" in query("resources", ["a"], columns)


def test_tags_of_group_and_subscription_are_inherited_and_none_takes_another_away(arm, look):
    arm.resource_group(BANK, "Data", "centralindia", {"Data-Class": "personal.contact", "owner": "somebody"})
    an_account(arm, "plain")
    an_account(arm, "loud", tags={"DATA-CLASS": "generic.public"}, group="DATA")
    plain, loud = sorted(look().resources, key=lambda one: one.name, reverse=True)
    assert plain.tags == {"data-class": "personal.contact, payment.transaction"}
    assert loud.tags == {"data-class": "generic.public, personal.contact, payment.transaction"}


def test_values_of_tags_add_up_nearest_first_and_each_once():
    assert united({"a": "1"}, {"A": "2", "b": "x"}, {"a": "1"}) == {"a": "1, 2", "b": "x"}


def test_a_page_that_is_too_large_is_asked_for_in_smaller_ones_and_no_row_is_lost(arm, look):
    planted = [an_account(arm, f"store{number:03}", kind="Storage") for number in range(700)]
    arm.largest_page = 250
    assert len(look().resources) == len(planted)


def test_quota_that_is_spent_is_waited_for(arm, look):
    an_account(arm, "one")
    arm.quota_left = 1
    assert names(look()) == ["one"]
    assert look.waits == [5.0, 5.0, 5.0]


def test_a_refusal_for_too_many_questions_is_waited_out_by_its_own_word(arm, look):
    an_account(arm, "one")
    arm.refuse("resourcegraph", Answer(429, "RateLimiting", x_ms_user_quota_resets_after="00:00:03"), times=2)
    assert names(look()) == ["one"]
    assert look.waits == [3.0, 3.0]


def test_a_quota_that_never_comes_back_stops_the_scan_with_a_sentence(arm, look):
    arm.refuse("resourcegraph", Answer(429, "RateLimiting"))
    with pytest.raises(CloudError, match=r"the subscriptions cannot be listed, so none is scanned: TooManyRequests"):
        look()


def test_an_answer_that_is_cut_off_is_a_gap_and_keeps_what_came_before(arm, look):
    for number in range(30):
        an_account(arm, f"store{number}")
    with serving(arm) as address:
        provider = azure.connect(endpoint=address, token=TOKEN, group="bulbul", attempts=0)
        with provider:
            discovery = discover(provider)
            arm.truncated = True
            seen = collect(provider, discovery, keep_tags=frozenset(), now=NOW)
    assert len(seen.resources) == 30
    assert {(account, reason) for account, _, reason in gaps(seen)} == {(BANK, "error"), (SHOP, "error")}
    assert not any(look.listed for look in seen.looks if look.listing == "storage.accounts")


def test_more_subscriptions_than_resource_graph_answers_for_are_never_a_shorter_list(arm, look):
    arm.limit_hit = True
    with pytest.raises(CloudError, match="SubscriptionLimit: more than 10,000 subscriptions"):
        look()


def test_a_subscription_that_may_not_be_read_is_a_gap_and_not_an_empty_one(arm, look):
    an_account(arm, "mine")
    an_account(arm, "unseen", subscription=SHOP)
    arm.hidden.add(SHOP)
    seen = look()
    assert names(seen) == ["mine"]
    assert gaps(seen) == [(SHOP, "*", "denied")]


def test_groups_above_a_subscription_are_its_path_root_first(arm, look):
    assert {one.name: one.path for one in look().accounts} == {
        "bank": ("mg:bulbul", "mg:bulbul-regulated"),
        "shop": ("mg:bulbul",),
    }


def test_only_what_is_below_the_group_is_looked_into(arm, look):
    an_account(arm, "mine")
    an_account(arm, "elsewhere", subscription=SHOP)
    assert names(look(group="bulbul-regulated")) == ["mine"]


def test_a_management_group_that_is_not_there_is_told(look):
    with pytest.raises(CloudError, match="no management group nowhere"):
        look(group="nowhere")


def test_without_a_group_all_subscriptions_of_the_tenant_are_looked_into_but_not_those_managed_for_others(arm, look):
    another = "99999999-0000-0000-0000-00000000000f"
    arm.subscription(
        LAB, "somebody else's", tenant=another, managed_by=[{"tenantId": "72f988bf-0000-0000-0000-000000000001"}]
    )
    an_account(arm, "mine")
    an_account(arm, "theirs", subscription=LAB)
    assert names(look(group="")) == ["mine"]


def test_a_token_that_expired_is_told_in_one_sentence(arm, look):
    with (
        serving(arm) as address,
        azure.connect(endpoint=address, token="old", attempts=0) as provider,
        pytest.raises(CloudError, match=r"no usable Azure credentials.*ExpiredAuthenticationToken"),
    ):
        provider.accounts()


def test_a_cloud_that_is_not_microsofts_is_refused_with_a_suggestion():
    with pytest.raises(UsageError, match="there is no Azure cloud 'chyna'; did you mean 'china'"):
        azure.connect(cloud="chyna", token=TOKEN)


def test_a_cloud_that_lags_behind_is_asked_in_the_newest_version_it_has(arm, look):
    an_account(arm, "one")
    arm.versions["objectreplicationpolicies"] = "2021-01-01"
    assert gaps(look()) == []


def test_a_pair_is_the_one_that_the_cloud_names_today(arm, look):
    arm.locations = [
        {"name": "centralindia", "metadata": {"regionType": "Physical", "pairedRegion": [{"name": "westindia"}]}},
        {"name": "southindia", "metadata": {"regionType": "Physical", "pairedRegion": []}},
        {"name": "europe", "metadata": {"regionType": "Logical"}},
    ]
    an_account(arm, "told", sku="Standard_GRS")
    an_account(arm, "unpaired", location="southindia", sku="Standard_GRS")
    an_account(arm, "table", location="southeastasia", sku="Standard_GRS")
    places = {one.of.rpartition("/")[2]: one.location for one in look().copies}
    assert places == {"told": Location("azure", "westindia"), "unpaired": None, "table": Location("azure", "eastasia")}


def test_questions_asked_are_those_that_were_declared_and_none_changes_anything(arm, look):
    an_account(arm, "one")
    an_account(arm, "lake", isHnsEnabled=True)
    look()
    assert set(arm.actions()) <= set(azure.permissions())
    assert {action_of(*call) for call in arm.calls} == set(arm.actions())
    assert arm.actions()["Microsoft.Storage/storageAccounts/objectReplicationPolicies/read"] == 1


def test_a_link_to_somebody_else_is_not_followed(arm, look):
    store = an_account(arm, "one")
    arm.answer(f"{store}/objectReplicationPolicies", {"value": [], "nextLink": "https://example.com/more"})
    seen = look()
    assert gaps(seen) == [(BANK, "storage.accounts", "error")]
    assert "example.com" in next(gap.detail for one in seen.looks for gap in one.gaps)


def test_what_was_swept_once_can_be_looked_into_elsewhere_without_another_sweep(arm, look):
    an_account(arm, "one")
    an_account(arm, "two", subscription=SHOP)
    with serving(arm) as address:
        with azure.connect(endpoint=address, token=TOKEN, group="bulbul", attempts=0) as provider:
            discovery = discover(provider)
            kept = msgspec.msgpack.encode(provider.graph.kept(BANK))
        swept = len(arm.calls)
        with azure.connect(
            endpoint=address, token=TOKEN, kept=msgspec.msgpack.decode(kept, type=Kept), attempts=0
        ) as provider:
            here = replace(discovery, cells=tuple(cell for cell in discovery.cells if cell.account == BANK))
            seen = collect(provider, here, keep_tags=frozenset(), now=NOW)
    assert names(seen) == ["one"]
    asked = arm.calls[swept:]
    assert [path for method, path in asked if method == "POST"] == []
    assert [path.rpartition("/")[2] for _, path in asked if "Microsoft.Storage/" in path] == [
        "objectReplicationPolicies"
    ]


def test_a_sweep_that_was_cut_short_stays_cut_short_when_it_is_kept(arm, look):
    an_account(arm, "one")
    with serving(arm) as address, azure.connect(endpoint=address, token=TOKEN, group="bulbul", attempts=0) as provider:
        provider.accounts()
        arm.truncated = True
        kept = provider.graph.kept(BANK)
    rows = KeptSweeps(kept).rows(BANK, "microsoft.storage/storageaccounts")
    assert next(rows)["name"] == "one"
    with pytest.raises(Refused, match="ResultTruncated"):
        next(rows)
    with pytest.raises(Refused, match="NotSwept"):
        next(KeptSweeps(kept).rows(BANK, "microsoft.new/things"))


def test_an_account_in_an_edge_zone_is_not_said_to_be_in_its_region(arm, look):
    ident = an_account(arm, "edge", kind="Storage")
    arm.resources[-1]["extendedLocation"] = {"type": "EdgeZone", "name": "Perth"}
    [seen] = [one for one in look().resources if one.id == ident.lower()]
    assert seen.location == Location("azure", "centralindia", "Perth")


def test_a_service_that_a_subscription_was_never_registered_with_is_not_there_and_no_gap(arm):
    arm.refuse("microsoft.new/things", Answer(409, "MissingSubscriptionRegistration"))
    with serving(arm) as address, azure.connect(endpoint=address, token=TOKEN, attempts=0) as provider:
        cloud = provider.cloud(azure.storage.SERVICE, Cell("azure", BANK, "global"))
        path = "/subscriptions/{subscription}/providers/Microsoft.New/things"
        with pytest.raises(NotOffered):
            list(cloud.pages("Microsoft.New/things/read", path=path, version="2024-01-01"))
