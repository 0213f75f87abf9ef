"""The demo's story comes out as it is told: what moved, what stayed, what is new and what can no longer be seen."""

from datetime import UTC, datetime, timedelta

import pytest

from domicile import bootstrap, policy, worked
from domicile.demo import story
from domicile.demo.cloud import LocalCloud
from domicile.model import Verdict
from domicile.providers import aws
from domicile.scan import settle, survey, weigh
from domicile.stores.sqlite import SqliteStore

TODAY = datetime.now(UTC).date()
YESTERDAY = TODAY - timedelta(days=1)


def scanned(setup, store, today):
    now = bootstrap.now()
    scan = store.begin(now, as_of=today, providers=("aws",), digests=setup.digests)
    with aws.connect(role=setup.organisation.role, attempts=1) as provider:
        inventory = survey(provider, setup.organisation, as_of=today, now=now)
    weighed = weigh(inventory, aws.vocabulary, setup.organisation, setup.rules, as_of=today, now=now)
    return weighed, settle(store, scan, weighed, setup.organisation, clock=bootstrap.now)


@pytest.fixture(scope="module", name="days")
def two_days(tmp_path_factory):
    folder = tmp_path_factory.mktemp("story")
    with LocalCloud() as cloud, pytest.MonkeyPatch.context() as patch:
        story.plant(cloud, YESTERDAY)
        setup = bootstrap.setup(story.write_files(folder, TODAY))
        for name, value in cloud.environment().items():
            patch.setenv(name, value)
        store = SqliteStore(folder / "domicile.db")
        first = scanned(setup, store, YESTERDAY)
        story.move_on(cloud, TODAY)
        second = scanned(setup, store, TODAY)
        store.close()
    return first, second


def transitions_of(settled):
    return {(change.row.resource_name, change.row.region): change.transition for change in settled.changes}


def statuses_of(settled):
    return {(row.resource_name, row.region): row.status for row in settled.rows}


def test_every_platform_keeps_something_abroad(days):
    (_, settled), _ = days
    abroad = {row.account for row in settled.rows if row.verdict in ("violation", "upcoming") and row.account}
    assert abroad == set(story.ACCOUNTS) - {story.ARCHIVE}


def test_the_shop_is_late_and_the_others_still_have_time(days):
    (weighed, _), _ = days
    verdicts = {}
    for finding in weighed.judgement.findings:
        verdicts.setdefault(finding.rule, set()).add(finding.verdict)
    assert Verdict.VIOLATION in verdicts["bulbul-shop-commitment"]
    assert verdicts["bulbul-devices-commitment"] == {Verdict.UPCOMING}


def test_what_is_right_is_not_in_the_way(days):
    (_, settled), _ = days
    assert not [row for row in settled.rows if row.region in (story.MUMBAI, story.HYDERABAD)]
    assert not [row for row in settled.rows if "foreign-cards" in row.resource_name]


def test_the_account_that_refuses_is_named(days):
    (weighed, _), _ = days
    assert [(gap.cell.account, gap.reason) for gap in weighed.gaps] == [(story.ARCHIVE, "role-missing")]


def test_a_deleted_rule_leaves_its_copies_unconfirmed(days):
    _, (_, settled) = days
    assert transitions_of(settled)["bulbul-shop-reviews-singapore", story.SINGAPORE] == "unconfirmed"


def test_a_copy_that_is_really_gone_is_resolved(days):
    _, (_, settled) = days
    assert transitions_of(settled)["shop-carts", story.SINGAPORE] == "resolved"


def test_the_nightly_rotation_opens_and_closes_nothing(days):
    (_, first), (weighed, settled) = days

    def ledger_rows(rows):
        return [row.violation_id for row in rows if row.channel == "rds-snapshot-copy" and row.account == story.PAY]

    before, after = ledger_rows(first.rows), ledger_rows(settled.rows)
    assert before == after
    assert len(after) == 1
    assert not ledger_rows(change.row for change in settled.changes)
    [nights] = [
        placement
        for dataset in weighed.datasets
        for placement in dataset.placements
        if placement.channel == "rds-snapshot-copy" and placement.account == story.PAY
    ]
    assert (nights.copies, nights.newest_at.date()) == (story.NIGHTS, TODAY)


def test_a_lifecycle_policy_that_copies_each_night_is_one_row(days):
    (_, first), (_, settled) = days
    [row] = [row for row in first.rows if row.channel == "ec2-snapshot-copy"]
    assert (row.account, row.region, row.copies) == (story.SHOP, story.SINGAPORE, story.NIGHTS)
    assert row.violation_id not in [change.row.violation_id for change in settled.changes]


def test_one_copy_action_of_a_backup_plan_has_a_row_for_each_table(days):
    (_, settled), _ = days
    causes = [row.caused_by for row in settled.rows if row.channel == "backup-copy"]
    assert len(causes) == 3
    assert {cause.partition("backup-plan:")[2] for cause in causes} == {"pay-tables#nightly"}


def test_an_image_in_which_there_is_nobodys_data_is_no_row(days):
    (weighed, settled), _ = days
    [there] = [
        placement
        for dataset in weighed.datasets
        for placement in dataset.placements
        if placement.channel == "ec2-image-copy"
    ]
    assert (there.account, there.country) == (story.SOFTWARE, "US")
    assert story.SOFTWARE not in [one.dataset.account for one in weighed.judgement.unclassified]
    assert not [row for row in settled.rows if "image" in row.subject]


def test_the_trails_of_three_accounts_are_one_row_in_the_bucket_that_holds_them(days):
    (_, settled), _ = days
    [row] = [row for row in settled.rows if row.channel == "cloudtrail-delivery"]
    assert (row.resource_name, row.account, row.status) == ("bulbul-group-trails", story.GROUP, "open")


def test_secrets_and_what_models_are_asked_go_abroad_too(days):
    (_, settled), _ = days
    rows = {row.channel: (row.account, row.region) for row in settled.rows}
    assert rows["secretsmanager-replica"] == (story.PAY, story.SINGAPORE)
    assert rows["bedrock-inference-profile"] == (story.SHOP, story.SINGAPORE)


def test_what_is_sent_to_a_partner_outside_aws_cannot_be_told(days):
    (weighed, settled), _ = days
    [finding] = [one for one in weighed.judgement.findings if one.verdict == Verdict.UNKNOWN]
    assert "collect.adpartner.example" in finding.because
    assert "firehose-delivery" not in [row.channel for row in settled.rows]


def test_a_new_copy_abroad_is_a_new_breach(days):
    _, (_, settled) = days
    assert transitions_of(settled)["bulbul-pay-statements-dr", story.SINGAPORE] == "opened"


def test_what_a_refused_listing_had_shown_could_not_be_confirmed(days):
    _, (_, settled) = days
    assert statuses_of(settled)["shop-orders-before-the-move", story.SINGAPORE] == "unconfirmed"


def test_the_promises_of_the_story_judge_as_their_examples_say(tmp_path):
    story.write_files(tmp_path, TODAY)
    pack = policy.load((tmp_path / "commitment.yaml").read_text(encoding="utf-8"), "commitment.yaml")
    assert worked.run(pack.examples, {rule.id: rule for rule in pack.rules}) == ()


def test_an_empty_cloud_is_seen_in_full(tmp_path):
    with LocalCloud() as cloud, pytest.MonkeyPatch.context() as patch:
        cloud.organisation({story.GROUP: "group"})
        for name, value in cloud.environment().items():
            patch.setenv(name, value)
        setup = bootstrap.setup(story.write_files(tmp_path, TODAY))
        with aws.connect(attempts=1) as provider:
            inventory = survey(provider, setup.organisation, as_of=TODAY, now=bootstrap.now())
    assert inventory.gaps == ()
    assert inventory.resources == ()
