"""What lies outside the promise is told in a few lines, however many accounts have it in common, and nothing is lost."""

import io

from msgspec.structs import replace

from domicile.discover import discover
from domicile.inventory import coverage, fold_limits
from domicile.model import Account, Cell, Inventory, Judgement, Limit, Scan, Scope, Vocabulary
from domicile.providers.service import Regions
from domicile.report.screen import Outcome, show
from store_contract import NOON

ACCOUNTS = tuple(f"{number:012}" for number in range(600))
OFF = tuple(f"far-{number}" for number in range(17))


class Organisation:
    """Six hundred accounts that have never switched on seventeen regions, but for one of them in one account."""

    name, services, vocabulary, manner = "aws", (), Vocabulary({}, {}), "as somebody"

    def accounts(self):
        return tuple(Account("aws", one) for one in ACCOUNTS)

    def regions(self, account):
        on = OFF[:1] if account == ACCOUNTS[0] else ()
        return Regions(("near", *on), tuple(region for region in OFF if region not in on))


def seen(scope=None, **asked):
    found = discover(Organisation(), scope=scope or Scope(), **asked)
    return Inventory(accounts=found.accounts, limits=found.limits)


def everywhere(region, detail="", reason="never-enabled"):
    return Limit(Cell("aws", "*", region), "*", reason, detail)


def test_ten_thousand_limits_of_one_kind_are_one_for_each_region():
    inventory = seen()
    assert len(inventory.limits) == 600 * 17 - 1
    assert fold_limits(inventory) == tuple(
        sorted(
            [
                everywhere(OFF[0], "in 599 of 600 accounts"),
                *(everywhere(region, "in 600 of 600 accounts") for region in OFF[1:]),
            ]
        )
    )


def test_what_few_accounts_have_in_common_is_told_of_each():
    few = replace(seen(), limits=tuple(Limit(Cell("aws", one, "far-0"), "*", "never-enabled") for one in ACCOUNTS[:10]))
    assert fold_limits(few) == few.limits


def test_a_limit_keeps_its_reason_and_its_clouds_do_not_mix():
    inventory = seen(Scope(skip_regions=("near",)))
    azure = tuple(Limit(Cell("azure", f"subscription-{one}", "near"), "*", "never-enabled") for one in range(11))
    subscriptions = tuple(Account("azure", one.cell.account) for one in azure)
    both = replace(inventory, accounts=inventory.accounts + subscriptions, limits=inventory.limits + azure)
    folded = {(one.cell, one.reason): one.detail for one in fold_limits(both) if one.cell.region == "near"}
    assert folded == {
        (Cell("aws", "*", "near"), "skipped-by-config"): "in 600 of 600 accounts: scope.skip_regions",
        (Cell("azure", "*", "near"), "never-enabled"): "in 11 of 11 accounts",
    }


def test_accounts_that_were_not_asked_for_are_counted():
    [limit] = [one for one in fold_limits(seen(accounts={ACCOUNTS[0]})) if one.reason == "skipped-by-config"]
    assert limit == everywhere("*", "in 599 of 600 accounts: not among the accounts asked for", "skipped-by-config")


def test_the_evidence_and_the_screen_stay_short():
    inventory = seen(Scope(skip_accounts=("*9",)))
    assert len([line for line in coverage(inventory) if line.outcome == "limit"]) == 17 + 1
    screen = io.StringIO()
    show(
        Outcome(
            scan=Scan(number=1, as_of=NOON.date(), started_at=NOON, providers=("aws",)),
            recorded=True,
            first=True,
            proven=True,
            inventory=inventory,
            datasets=(),
            classifications={},
            judgement=Judgement(),
            gaps=(),
            rows=(),
            changes=(),
            gap_changes=(),
            rules=(),
            exemptions=(),
            accepted=(),
            unowned=(),
            file="",
            store="",
        ),
        screen,
    )
    [line] = [line for line in screen.getvalue().splitlines() if line.startswith("Outside the promise")]
    assert line == "Outside the promise: 17 regions never enabled, 60 things left out by choice."
