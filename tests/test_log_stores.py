"""Whether an account keeps its logs at home and long enough, told from its log groups, trails and what they lead to."""

import io
import os
from datetime import UTC, datetime
from unittest import mock

import pytest

import core_cases
from domicile import bootstrap
from domicile.demo.cloud import LocalCloud
from domicile.demo.planting import Plot
from domicile.model import Scan, Verdict
from domicile.providers import aws
from domicile.report.screen import Outcome, show
from domicile.scan import survey, weigh
from planted_logs import World, in_bucket
from planted_wide import BANK, GROUP, LENDER, LOGS, MUMBAI, SHOP, VIRGINIA

RULE = "in-cert-in-logs-180d"
LOOKED_AT = {"cloudtrail", "firehose", "kinesis", "logs", "s3", "tags"}
FILE = f"""
version: 1
role: reader
entities:
  - {{id: group, owns: ["*"], country: IN, origin: [IN], actors: [any_company]}}
classify:
  tags:
    - {{key: data-class}}
policies:
  - {{rule: {RULE}, trial: false}}
"""
ICT = {"data-class": "logs.ict"}
ACCOUNTS = {GROUP: "group", BANK: "bank", LENDER: "lender", SHOP: "shop", LOGS: "logs"}


def keep(world, account, region, name, days):
    """A log group that keeps its events for so many days; for ever, without."""
    group = world.group(account, region, name)
    if days:
        logs = world.cloud.client("logs", region, account)
        logs.put_retention_policy(logGroupName=name, retentionInDays=days)
    return group


def plant(cloud):
    world = World(cloud, ICT)
    destination = world.destination(LOGS, MUMBAI, "central", world.stream(LOGS, MUMBAI, "central"))
    # The bank keeps all for long enough, its trail in a log group besides a bucket of which nobody knows.
    kept = keep(world, BANK, MUMBAI, "half-a-year", 180), keep(world, BANK, MUMBAI, "for-ever", None)
    # Both are passed on to a stream of another account, which keeps them for a day.
    for group in kept:
        world.subscribe(group, destination)
    Plot(cloud, BANK).bucket("bank-trail", MUMBAI)
    lines = f"{keep(world, BANK, MUMBAI, 'trail', 400)}:*"
    world.trail(BANK, MUMBAI, "trail", "bank-trail", CloudWatchLogsLogGroupArn=lines)
    # The lender falls short twice: in time, and in the country.
    keep(world, LENDER, MUMBAI, "short", 30)
    keep(world, LENDER, VIRGINIA, "abroad", 400)
    keep(world, LENDER, MUMBAI, "long", 365)
    # The trail of the shop leads to a bucket at home, that of the group to one abroad.
    Plot(cloud, SHOP).bucket("shop-trail", MUMBAI)
    world.trail(SHOP, MUMBAI, "trail", "shop-trail")
    Plot(cloud, GROUP).bucket("group-trail", VIRGINIA)
    world.trail(GROUP, MUMBAI, "trail", "group-trail")
    # What is kept shortly goes to a bucket, too.
    Plot(cloud, LOGS).bucket("archive", MUMBAI)
    firehose = world.firehose(LOGS, MUMBAI, "archive", {"ExtendedS3DestinationDescription": in_bucket("archive")})
    world.subscribe(keep(world, LOGS, MUMBAI, "passed-on", 30), firehose)
    world.answer()


@pytest.fixture(scope="module", name="judged")
def judged_accounts(tmp_path_factory):
    """What is found of the logs of each account."""
    now, file = datetime.now(UTC), tmp_path_factory.mktemp("logs") / "domicile.yaml"
    file.write_text(FILE, encoding="utf-8")
    with LocalCloud(enabled=(MUMBAI, VIRGINIA)) as cloud, mock.patch.dict(os.environ, cloud.environment(GROUP)):
        setup = bootstrap.setup(file)
        cloud.organisation(ACCOUNTS)
        plant(cloud)
        with aws.connect(role="reader", attempts=1) as provider:
            # What is left out by choice could hold logs, too, and then nobody could tell.
            provider.services = tuple(service for service in aws.SERVICES if service.name in LOOKED_AT)
            inventory = survey(provider, setup.organisation, as_of=now.date(), now=now)
    assert inventory.gaps == ()
    judgement = weigh(inventory, aws.vocabulary, setup.organisation, setup.rules, as_of=now.date(), now=now).judgement
    met = {subject: None for rule, _, subject in judgement.met if rule == RULE}
    return met | {one.subject: one for one in judgement.findings if one.rule == RULE}


def test_an_account_whose_logs_are_kept_at_home_for_long_enough_does_as_it_should(judged):
    assert judged[f"logs|{BANK}|logs.ict"] is None


def test_an_account_whose_logs_fall_short_is_one_row_that_counts_its_stores(judged):
    found = judged[f"logs|{LENDER}|logs.ict"]
    assert (found.verdict, found.count) == (Verdict.VIOLATION, 2)


def test_of_a_bucket_that_a_trail_fills_nobody_knows_how_long_it_keeps(judged):
    found = judged[f"logs|{SHOP}|logs.ict"]
    assert (found.verdict, found.count) == (Verdict.UNKNOWN, 1)


def test_a_trail_at_home_keeps_nothing_there_when_its_bucket_is_abroad(judged):
    found = judged[f"logs|{GROUP}|logs.ict"]
    assert found.verdict is Verdict.VIOLATION
    assert "trail is kept for 0 days in India; 180 days are asked" in found.because


def test_a_stream_that_only_passes_logs_on_is_not_held_to_keep_them(judged):
    assert (judged[f"logs|{LOGS}|logs.ict"].verdict, judged[f"logs|{LOGS}|logs.ict"].count) == (Verdict.UNKNOWN, 1)


def test_logs_that_are_passed_on_may_be_kept_there(judged):
    found = judged[f"logs|{LOGS}|logs.ict"]
    assert found.verdict is Verdict.UNKNOWN
    assert "passed-on is passed on. The export archive may keep it" in found.because


def test_thousands_of_log_groups_abroad_are_one_line_of_the_screen(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    groups = [core_cases.holder(f"/aws/lambda/f-{number}", VIRGINIA, "log-group") for number in range(3000)]
    seen, rules, noon = core_cases.world(*groups), (core_cases.rule(),), core_cases.NOON
    day = core_cases.TODAY
    weighed = weigh(seen, core_cases.VOCABULARY, core_cases.ORGANISATION, rules, as_of=day, now=noon)
    stream = io.StringIO()
    show(
        Outcome(
            scan=Scan(number=1, started_at=noon, as_of=day), recorded=True, first=True, proven=False, inventory=seen,
            datasets=weighed.datasets, classifications=weighed.classifications, judgement=weighed.judgement,
            gaps=weighed.gaps, rows=(), changes=(), gap_changes=(), rules=rules, exemptions=(), accepted=(),
            unowned=(), file="domicile.yaml", store="",
        ),
        stream,
    )  # fmt: skip
    [block] = [one for one in stream.getvalue().split("\n\n") if one.startswith("Not classified")]
    _, _, *lines = block.splitlines()
    assert [line.split()[-1] for line in lines if line.strip()] == ["3000"]
