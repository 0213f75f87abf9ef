"""`domicile plan`: it says what a scan then does, and asks for accounts and regions only."""

import json
from collections import Counter

import pytest

import azure_looking
import small_bank
from domicile.cli import main
from domicile.collect import Ask
from domicile.commands.planning import Nothing, least_of
from domicile.demo.cloud import LocalCloud
from domicile.demo.tenant import TOKEN, serving
from domicile.inventory import Line
from domicile.model import Cell
from domicile.providers import aws, azure
from domicile.scan import Exit
from small_bank import ARCHIVE, BANK, GROUP, MUMBAI, ROLE, SINGAPORE

DISCOVERY = {
    ("sts", "GetCallerIdentity"),
    ("sts", "AssumeRole"),
    ("organizations", "ListAccounts"),
    ("organizations", "ListDelegatedAdministrators"),
    ("account", "ListRegions"),
    ("ec2", "DescribeRegions"),
}
HOSTILE = "=cmd|' /C'!A0 \x1b[2J\u202e<b>"


@pytest.fixture(scope="module", name="cloud")
def a_cloud():
    with LocalCloud(enabled=small_bank.REGIONS) as cloud, pytest.MonkeyPatch.context() as patch:
        small_bank.plant(cloud)
        for name, value in cloud.environment().items():
            patch.setenv(name, value)
        yield cloud


@pytest.fixture(name="here")
def a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")
    return tmp_path


@pytest.fixture(name="run")
def a_run(capsys):
    def run(*arguments):
        capsys.readouterr()
        code = main([str(one) for one in arguments])
        said = capsys.readouterr()
        assert "Traceback" not in said.out + said.err
        return code, said.out, said.err

    return run


def test_it_asks_only_for_accounts_and_regions_and_records_nothing(run, here, cloud):
    cloud.calls.clear()
    code, out, _ = run("plan", "--role", ROLE)
    assert code == Exit.PROVEN
    assert {(call.service, call.operation) for call in cloud.calls} <= DISCOVERY
    assert list(here.iterdir()) == []
    for account in (GROUP, BANK, ARCHIVE):
        assert account in out
    assert "of 3 accounts in 2 regions" in out


def test_the_calls_it_foresees_in_an_empty_account_are_those_that_a_scan_makes(run, here, cloud):
    (here / "domicile.yaml").write_text("version: 1\ntimezone: UTC\n")
    [told] = json.loads(run("plan", "--account", GROUP, "--format", "json")[1])["clouds"]
    cloud.calls.clear()
    run("scan", "--account", GROUP)
    asked = Counter((call.service, call.operation) for call in cloud.calls)
    listing = sum(number for call, number in asked.items() if call not in DISCOVERY)
    assert told["calls"] == {"least": listing, "sweeps": 0, "further": None}


def test_with_an_inventory_it_estimates_the_questions_about_each_thing(run, here, cloud):
    assert run("scan", "--role", ROLE)[0] == Exit.PROVEN
    code, out, _ = run("plan", "--role", ROLE)
    assert code == Exit.PROVEN
    assert "call" in out
    [told] = json.loads(run("plan", "--role", ROLE, "--format", "json")[1])["clouds"]
    by_name = {one["listing"]: one for one in told["listings"]}
    buckets = by_name["s3.buckets"]
    assert (buckets["questions"], buckets["listed"], buckets["calls"]) == (1, 7, 7)
    assert by_name["dynamodb.tables"]["listed"] == 2
    assert told["calls"]["further"] == sum(one["calls"] for one in told["listings"])
    one_account = json.loads(run("plan", "--account", GROUP, "--format", "json")[1])["clouds"][0]
    assert one_account["calls"]["further"] == 0


def test_without_one_it_says_what_cannot_be_known(run, here, cloud):
    out = run("plan")[1]
    assert "cannot be known before" in out
    assert "s3.buckets" in out


def test_it_names_what_is_billed(run, here, cloud):
    [told] = json.loads(run("plan", "--format", "json")[1])["clouds"]
    assert told["cost"]["billed"] == {"cloudwatch.list_metrics": len(small_bank.REGIONS)}
    assert "most reads are free, but for 2 x cloudwatch.list_metrics" in run("plan")[1]


def test_what_is_left_out_by_choice_is_told_and_not_counted(run, here, cloud):
    whole = json.loads(run("plan", "--role", ROLE, "--format", "json")[1])["clouds"][0]
    scope = f'version: 1\nscope: {{skip_accounts: ["{BANK}"], skip_regions: [{SINGAPORE}], skip_services: [s3]}}\n'
    (here / "domicile.yaml").write_text(scope)
    [told] = json.loads(run("plan", "--role", ROLE, "--format", "json")[1])["clouds"]
    assert [one["account"] for one in told["accounts"]] == [GROUP, ARCHIVE]
    assert told["regions"] == [MUMBAI]
    assert told["calls"]["least"] < whole["calls"]["least"]
    assert {one["why"] for one in told["left_out"]} == {
        "scope.skip_accounts",
        "scope.skip_regions",
        "scope.skip_services",
    }
    assert f"- {BANK}: scope.skip_accounts" in run("plan", "--role", ROLE)[1]


def test_an_account_that_lets_nobody_in_is_told_as_a_gap(run, here, cloud):
    cloud.refuse_role(ARCHIVE)
    try:
        code, out, _ = run("plan", "--role", ROLE)
    finally:
        cloud.allow()
    assert code == Exit.PROVEN
    assert f"- {ARCHIVE}: role-missing" in out
    assert "of 2 accounts" in out


def test_hostile_names_do_no_harm(run, here, cloud):
    cloud.answer(
        "organizations",
        "ListAccounts",
        {"Accounts": [{"Id": BANK, "Arn": f"arn:aws:organizations::{GROUP}:account/o-x/{BANK}", "Name": HOSTILE}]},
    )
    try:
        out = run("plan", "--role", ROLE)[1]
        told = json.loads(run("plan", "--role", ROLE, "--format", "json")[1])
    finally:
        cloud._answers.pop(0)
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert told["clouds"][0]["accounts"][0]["name"] == HOSTILE


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--cloud", "gcp"), "--cloud must be one of aws, azure"),
        (("--account", "9" * 12), "there is no account"),
        (("--inventory", "nowhere.jsonl"), "nowhere.jsonl"),
        (("--store", "nonsense"), "not the URL of a store"),
    ],
)
def test_mistakes_are_told_in_one_line(run, here, cloud, arguments, says):
    code, out, err = run("plan", *arguments)
    assert (code, out) == (Exit.USAGE, "")
    assert says in err


@pytest.mark.parametrize("module", [aws, azure], ids=["aws", "azure"])
def test_what_listings_ask_at_least_is_found_out_for_every_one_of_them(module):
    for service in module.SERVICES:
        swept = {one.type for one in service.swept}
        for listing in service.listings:
            asked = least_of(Ask(service, listing, Cell(module.__name__.rpartition(".")[2], BANK, MUMBAI)))
            declared = {name if "." in name or "/" in name else f"{service.client}.{name}" for name in service.needs}
            assert {one.operation for one in asked} <= declared
            assert asked or swept or module is azure, (service.name, listing.name)


def test_a_cloud_that_shows_nothing_keeps_what_it_was_asked():
    cloud = Nothing("s3")
    assert list(cloud.pages("list_buckets", MaxBuckets=1)) == []
    assert cloud.call("cloudwatch.list_metrics") == {}
    assert cloud.header("head_bucket", "x") == ""
    assert [one.operation for one in cloud.asked] == ["s3.list_buckets", "cloudwatch.list_metrics", "s3.head_bucket"]


def test_in_azure_it_foresees_what_is_asked_of_each_subscription_and_the_sweeps_of_all(run, here, monkeypatch):
    arm = azure_looking.a_tenant()
    monkeypatch.setenv("DOMICILE_AZURE_TOKEN", TOKEN)
    with serving(arm) as address:
        reached = ("--cloud", "azure", "--azure-endpoint", address)
        code, out, _ = run("plan", *reached, "--format", "json")
        found = arm.actions()
        assert run("scan", *reached)[0] == Exit.PROVEN
    scanned = arm.actions() - found
    [told] = json.loads(out)["clouds"]
    assert code == Exit.PROVEN
    assert told["calls"]["least"] == sum((scanned - found).values())
    assert told["cost"] == {"dollars": 0, "billed": {}}


def test_where_a_service_says_how_fast_it_answers_that_is_what_a_scan_waits_for(run, here, cloud):
    known = dict.fromkeys(Line.__struct_fields__, "") | {"account": GROUP, "region": MUMBAI, "held": True, "copies": 1}
    streams = [
        known | {"resource_id": f"stream-{number}", "look": [f"aws/{GROUP}/{MUMBAI}/kinesis.streams"]}
        for number in range(10_000)
    ]
    (here / "places.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in streams))
    asked = ("--inventory", "places.jsonl", "--concurrency", "256")
    [told] = json.loads(run("plan", *asked, "--format", "json")[1])["clouds"]
    assert told["calls"]["further"] == 10_000
    assert told["held_up_by"] == "kinesis"
    assert 8 <= told["minutes"] < 9
    assert "about 9 minutes" in run("plan", *asked)[1]
