import re

import pytest
from msgspec.structs import replace

from domicile.discover import discover
from domicile.errors import CloudError, UsageError
from domicile.model import Account, Cell, Gap, Limit, Scope, Vocabulary
from domicile.providers.service import Listing, Refused, Regions, Service

SERVICE = Service(
    name="vault",
    client="vault",
    scope="regional",
    listings=(Listing("boxes", lambda _: (), lambda *_: (), lambda *_: ""),),
    types=(),
    channels=(),
    needs={},
)
SHOP, PAY = Account("fake", "111", "shop"), Account("fake", "222", "pay")


class Provider:
    name = "fake"
    vocabulary = Vocabulary({}, {})
    manner = "as somebody"

    def __init__(self, accounts, regions=None, services=(SERVICE,)):
        self._accounts, self._regions, self.services = accounts, regions or {}, services

    def accounts(self):
        if isinstance(self._accounts, Exception):
            raise self._accounts
        return self._accounts

    def regions(self, account):
        regions = self._regions.get(account, Regions(("north", "south")))
        if isinstance(regions, Exception):
            raise regions
        return regions


def cell(account, region):
    return Cell("fake", account, region)


def test_it_is_kept_as_whom_a_cloud_is_looked_into():
    assert discover(Provider((SHOP,))).manner == "as somebody"


def test_every_account_has_a_cell_in_each_of_its_regions_and_one_for_what_is_asked_once():
    found = discover(Provider((SHOP, PAY), {"222": Regions(("north",))}))
    assert found.cells == (
        cell("111", "global"),
        cell("111", "north"),
        cell("111", "south"),
        cell("222", "global"),
        cell("222", "north"),
    )
    assert (found.accounts, found.gaps, found.limits) == ((SHOP, PAY), (), ())


def test_an_account_that_refuses_is_one_gap_and_the_others_go_on():
    no = Refused("AccessDenied", "no such role", "role-missing")
    found = discover(Provider((SHOP, PAY), {"111": no}))
    assert found.gaps == (Gap(cell("111", "*"), "*", "role-missing", "AccessDenied: no such role"),)
    assert {one.account for one in found.cells} == {"222"}


def test_the_data_of_a_suspended_account_is_still_there():
    suspended = Account("fake", "111", status="suspended")
    found = discover(Provider((suspended, PAY)))
    assert [(gap.cell, gap.listing, gap.reason) for gap in found.gaps] == [(cell("111", "*"), "*", "suspended")]
    assert suspended in found.accounts


def test_an_account_that_is_listed_twice_is_looked_into_once():
    found = discover(Provider((PAY, SHOP, PAY)))
    assert found.accounts == (SHOP, PAY)
    assert len(found.cells) == len(set(found.cells)) == 6


def test_a_name_that_no_store_can_keep_is_written_so_that_it_can():
    [account] = discover(Provider((Account("fake", "111", "half \ud800 \x1b[2J"),))).accounts
    assert account.name == "half \\ud800 \x1b[2J"
    account.name.encode()


def test_a_region_never_switched_on_is_a_limit():
    found = discover(Provider((SHOP,), {"111": Regions(("north",), ("south",))}))
    assert found.limits == (Limit(cell("111", "south"), "*", "never-enabled"),)
    assert found.gaps == ()


def test_a_region_switched_off_after_data_was_seen_there_is_a_gap():
    provider = Provider((SHOP, PAY), {"111": Regions(("north",), ("south", "west"))})
    found = discover(provider, known={("111", "south"), ("222", "west")})
    assert [(gap.cell, gap.reason) for gap in found.gaps] == [(cell("111", "south"), "region-off")]
    assert [limit.cell.region for limit in found.limits] == ["west"]


def test_a_region_switched_off_that_nobody_wants_to_look_into_is_a_limit_by_choice():
    provider = Provider((SHOP,), {"111": Regions(("north",), ("south", "west"))})
    for asked in ({"scope": Scope(skip_regions=("so*",))}, {"regions": {"north"}}):
        found = discover(provider, known={("111", "south")}, **asked)
        assert found.gaps == ()
        # What nobody ever saw data in stays what it is.
        assert [(limit.cell.region, limit.reason) for limit in found.limits] == [
            ("south", "skipped-by-config"),
            ("west", "never-enabled"),
        ]


def test_an_account_that_is_listed_no_more_after_data_was_seen_there_is_a_gap():
    found = discover(Provider((SHOP,)), known={("222", "north"), ("222", "south"), ("111", "north")})
    assert [(gap.cell, gap.listing, gap.reason) for gap in found.gaps] == [(cell("222", "*"), "*", "left")]
    assert discover(Provider((SHOP,)), scope=Scope(skip_accounts=("2*",)), known={("222", "north")}).gaps == ()


def test_an_organisation_that_cannot_be_listed_is_never_scanned_in_part():
    with pytest.raises(CloudError, match="cannot be listed"):
        discover(Provider(CloudError("the organisation cannot be listed")))


def test_what_the_organisation_file_leaves_out_is_a_limit():
    scope = Scope(skip_accounts=("2*",), skip_regions=("so*",), skip_services=("vault",))
    found = discover(Provider((SHOP, PAY)), scope=scope)
    assert {(limit.cell, limit.listing, limit.reason) for limit in found.limits} == {
        (cell("222", "*"), "*", "skipped-by-config"),
        (cell("111", "south"), "*", "skipped-by-config"),
        (cell("111", "*"), "vault.boxes", "skipped-by-config"),
    }
    assert found.cells == (cell("111", "global"), cell("111", "north"))
    assert found.skipped_listings == ("vault.boxes",)


@pytest.mark.parametrize(
    ("glob", "skipped"),
    [("vault", 1), ("vault.boxes", 1), ("vault.*", 1), ("*", 1), ("vault.keys", 0), ("boxes", 0), ("vaul", 0)],
)
def test_a_whole_service_is_left_out_or_one_of_its_listings(glob, skipped):
    found = discover(Provider((SHOP,)), scope=Scope(skip_services=(glob,)))
    assert found.skipped_listings == ("vault.boxes",) * skipped
    assert [limit.listing for limit in found.limits if limit.detail == "scope.skip_services"] == [
        "vault.boxes"
    ] * skipped


def test_a_pattern_of_regions_leaves_what_is_asked_once_per_account():
    assert discover(Provider((SHOP,)), scope=Scope(skip_regions=("*",))).cells == (cell("111", "global"),)
    assert discover(Provider((SHOP,)), scope=Scope(skip_regions=("global", "*"))).cells == ()


def test_what_was_not_asked_for_is_a_limit_and_what_is_asked_once_stays():
    found = discover(Provider((SHOP, PAY)), accounts={"111"}, regions={"north"})
    assert found.cells == (cell("111", "global"), cell("111", "north"))
    assert {(limit.cell, limit.reason) for limit in found.limits} == {
        (cell("222", "*"), "skipped-by-config"),
        (cell("111", "south"), "skipped-by-config"),
    }


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"accounts": {"112"}}, "there is no account '112' to scan; did you mean '111'?"),
        ({"accounts": {"111", "112"}}, "there is no account '112'"),
        ({"regions": {"nort"}}, "there is no region 'nort' to scan; did you mean 'north'?"),
    ],
)
def test_what_is_asked_for_and_is_not_there_is_a_mistake(asked, says):
    with pytest.raises(UsageError, match=re.escape(says)):
        discover(Provider((SHOP, PAY)), **asked)


def test_a_region_that_is_switched_off_may_be_asked_for_and_so_may_what_is_asked_once():
    found = discover(Provider((SHOP,), {"111": Regions(("north",), ("south",))}), regions={"south", "global"})
    assert found.cells == (cell("111", "global"),)
    refused = Provider((SHOP,), {"111": Refused("AccessDenied", "", "denied")})
    assert discover(refused, regions={"nort"}).cells == ()


def test_a_bug_in_one_account_is_its_gap_and_the_others_go_on():
    found = discover(Provider((SHOP, PAY), {"111": KeyError("RegionName")}))
    assert found.gaps == (Gap(cell("111", "*"), "*", "error", "KeyError: 'RegionName'"),)
    assert {one.account for one in found.cells} == {"222"}


def test_credentials_that_end_end_the_scan_and_are_no_gap_of_an_account():
    with pytest.raises(CloudError):
        discover(Provider((SHOP, PAY), {"111": CloudError("no usable credentials")}))


def test_a_skipped_account_is_not_even_asked():
    refusing = Provider((SHOP, PAY), {"222": AssertionError("asked")})
    assert discover(refusing, scope=Scope(skip_accounts=("222",))).gaps == ()


def test_what_a_service_cannot_show_is_a_limit_of_the_scan():
    blind = Service("vault", "vault", "regional", SERVICE.listings, (), (), {}, ("Boxes within boxes are not told.",))
    found = discover(Provider((SHOP,), services=(blind,)))
    assert found.limits == (Limit(cell("*", "*"), "vault", "blind-to", "Boxes within boxes are not told."),)


def test_a_limit_says_which_kinds_of_placements_it_hides():
    blind = replace(SERVICE, blind_to=("Backups are not asked yet.",), hides=frozenset({"snapshot", "backup"}))
    [limit] = discover(Provider((SHOP,), services=(blind,))).limits
    assert limit.hides == ("backup", "snapshot")
