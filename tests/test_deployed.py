"""The whole of a deployment on AWS, without AWS: what `domicile scan` finds on a laptop is found on a schedule, lands in
DynamoDB and is told by SNS, whatever dies, repeats or comes late on the way."""

import json
from datetime import UTC, datetime

import pytest
from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
from msgspec.structs import replace

import planted
import program
import small_bank
from deployed_cloud import EVIDENCE, REGION, WORK, Failure, deployed, opened
from domicile import cli
from domicile.demo.cloud import LocalCloud
from domicile.demo.planting import Plot
from domicile.model import Row
from domicile.stores.dynamodb_tables import SCHEMA
from domicile.stores.sqlite import SqliteStore
from small_bank import ARCHIVE, BANK, FILE, GROUP, ROLE, SINGAPORE

# A function that fails has counted nothing.
pytestmark = pytest.mark.filterwarnings("ignore:No application metrics to publish:UserWarning")


@pytest.fixture(autouse=True, scope="module")
def no_waiting():
    """The interpreter really waits between attempts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(retrier_decl.time, "sleep", lambda _: None)
        yield


@pytest.fixture(name="bank")
def a_bank():
    with LocalCloud(enabled=small_bank.REGIONS) as cloud:
        small_bank.plant(cloud)
        with deployed(cloud, GROUP, FILE, ROLE) as deployment:
            yield deployment


def timeless(row: Row) -> Row:
    """A row but for the moments at which it was seen."""
    never = datetime(2026, 1, 1, tzinfo=UTC)
    evidence = tuple(replace(one, observed_at=None) for one in row.evidence)
    moments = dict.fromkeys(("first_seen", "opened_at", "last_changed"), never)
    return replace(row, rank="", evidence=evidence, **moments)


def test_a_deployment_keeps_the_rows_of_the_laptop(tmp_path, capsys):
    """The planted organisation, of which one account refuses the role: the same rows, the same gap."""
    today = datetime.now(UTC).date()
    file = tmp_path / "domicile.yaml"
    file.write_text(planted.planted_file(today), encoding="utf-8")
    with LocalCloud() as cloud:
        planted.plant(cloud, today)
        with deployed(cloud, planted.GROUP, file.read_text("utf-8"), "reader") as deployment:
            assert deployment.run() == "SUCCEEDED"
            rows = deployment.rows()
            with opened() as store:
                gaps = store.gaps()
            code = cli.main(["scan", "--file", str(file), "--store", f"sqlite:///{tmp_path}/laptop.db"])
    laptop = SqliteStore(tmp_path / "laptop.db")
    expected = sorted(laptop.known().values(), key=lambda row: row.rank)
    here = laptop.gaps()
    laptop.close()
    assert code == 3
    assert len(expected) > 10
    assert sorted(map(timeless, rows), key=lambda row: row.violation_id) == sorted(
        map(timeless, expected), key=lambda row: row.violation_id
    )
    assert [(gap.gap, gap.reason) for gap in gaps] == [(gap.gap, gap.reason) for gap in here]
    assert [(gap.account, gap.reason) for gap in gaps] == [(planted.VAULT, "role-missing")]
    capsys.readouterr()


NO_SUCH_RULE = "version: 1\npolicies: [no-such-rule]\n"
REFUSED = "config/domicile.yaml:2: policies[0]: unknown rule 'no-such-rule'; did you mean 'in-spdi-rule-7'?"


def a_breach(bank, name):
    """One more bucket where it may not be."""
    Plot(bank.cloud, BANK).bucket(name, SINGAPORE, small_bank.PAYMENTS)


MAIL = """\
Scan 3, as of {day}: 1 breach found. Exemptions in force: 0.

What:    bank-scratch, primary
Id:      arn:aws:s3:::bank-scratch
Where:   Singapore, ap-southeast-1
Account: 222222222222 (bank)
Rule:    in-rbi-payment-data (RBI/2017-18/153, DPSS[.]CO[.]OD No.2785/06.08.005/2017-18, 6 April 2018)
Owner:   bank, data@bank[.]example
Since:   {since}
Why:     The primary bank-scratch is in Singapore (ap-southeast-1); only India is allowed. Found by inventory; not a \
legal determination. The rule binds since 2018-10-15.
To fix:  Keep replicas, snapshots and backups between Mumbai and Hyderabad (ap-south-1, ap-south-2) or between Pune and \
Chennai (centralindia, southindia).
More:    domicile explain {id} --store 'dynamodb://domicile?region=ap-south-1'

Everything that is open: domicile violations --store 'dynamodb://domicile?region=ap-south-1'"""


def test_the_first_mail_the_queue_and_the_second_mail(bank):
    assert bank.run() == "SUCCEEDED"
    [(subject, text)] = bank.mails()
    [told] = bank.queued()
    assert subject == "domicile: first scan: 6 breaches found"
    assert {one["violation_id"] for one in told["violations"]} == {row.violation_id for row in bank.rows()}
    assert all(row.violation_id in text for row in bank.rows())

    assert bank.run() == "SUCCEEDED"
    assert len(bank.mails()) == 1, "nothing changed, so nothing is told"
    assert bank.queued() == []

    a_breach(bank, "bank-scratch")
    assert bank.run() == "SUCCEEDED"
    (_, _), (subject, text) = bank.mails()
    [told] = bank.queued()
    [row] = [row for row in bank.rows() if row.resource_name == "bank-scratch"]
    assert [(one["violation_id"], one["transition"]) for one in told["violations"]] == [(row.violation_id, "opened")]
    assert subject == "domicile: critical: bank-scratch in Singapore breaks in-rbi-payment-data"
    with opened() as store:
        day = store.last_scan().scan.as_of
    assert text == MAIL.format(day=day, since=f"{row.opened_at:%Y-%m-%d %H:%M} UTC", id=row.violation_id)


FAILURES = [
    Failure(step, when, account)
    for step, account in (("plan", ""), ("collect", BANK), ("settle", ""), ("notify", ""))
    for when in ("before", "after", "twice")
]


@pytest.fixture(name="lasting", scope="module")
def a_bank_of_many_accidents():
    with LocalCloud(enabled=small_bank.REGIONS) as cloud:
        small_bank.plant(cloud)
        with deployed(cloud, GROUP, FILE, ROLE) as deployment:
            assert deployment.run() == "SUCCEEDED"
            yield deployment


@pytest.fixture(name="hardy")
def a_bank_that_recovers(lasting):
    good = lasting.good()
    yield lasting
    lasting.configure(FILE)
    lasting.good(good)
    lasting.confirm(2)
    lasting.written_by(SCHEMA)
    lasting.cloud.allow("sts")
    lasting.after.clear()


@pytest.mark.parametrize("failure", FAILURES, ids=lambda one: f"{one.step}-{one.when}")
def test_an_accident_in_any_step_loses_doubles_and_resolves_no_row(hardy, failure):
    before, mails = hardy.rows(), hardy.mails()
    name = f"bank-accident-{failure.step}-{failure.when}"
    a_breach(hardy, name)
    hardy.failures.append(failure)
    assert hardy.run() == "SUCCEEDED"
    assert hardy.failures == [], "the accident happened"
    after = {row.violation_id: row for row in hardy.rows()}
    [fresh] = [row for row in after.values() if row.resource_name == name]
    assert sorted(after) == sorted([*(row.violation_id for row in before), fresh.violation_id])
    assert all(after[row.violation_id] == row for row in before), "nothing else has changed"
    with opened() as store:
        assert [transition for transition, _ in store.history(fresh.violation_id)] == ["opened"]
        assert store.gaps() == ()
    assert [fresh.violation_id in text for _, text in hardy.mails()[len(mails) :]] == [True]


def test_a_collector_that_always_dies_is_a_gap_and_resolves_nothing(hardy):
    before = hardy.rows()
    hardy.failures.extend([Failure("collect", "before", BANK)] * 4)
    assert hardy.run() == "SUCCEEDED"
    assert hardy.failures == []
    statuses = {row.violation_id: row.status for row in hardy.rows()}
    assert {statuses[row.violation_id] for row in before if row.account == BANK} == {"unconfirmed"}
    with opened() as store:
        assert [(gap.account, gap.region, gap.listing, gap.reason) for gap in store.gaps()] == [
            (BANK, "*", "*", "error")
        ]
    assert hardy.run() == "SUCCEEDED"
    assert {row.status for row in hardy.rows()} == {"open"}
    with opened() as store:
        assert store.gaps() == ()


def test_of_two_executions_at_once_one_is_superseded_and_no_row_is_lost(hardy):
    before = {row.violation_id for row in hardy.rows()}
    a_breach(hardy, "bank-race")
    both = [hardy.start(), hardy.start()]
    assert [hardy.finished(one) for one in both] == ["SUCCEEDED", "SUCCEEDED"]
    rows = {row.violation_id: row for row in hardy.rows()}
    [fresh] = [row for row in rows.values() if row.resource_name == "bank-race"]
    assert set(rows) == before | {fresh.violation_id}
    with opened() as store:
        assert [transition for transition, _ in store.history(fresh.violation_id)] == ["opened"]


@pytest.mark.parametrize("file", [NO_SUCH_RULE, None], ids=["wrong", "gone"])
def test_a_bad_organisation_file_is_refused_and_the_last_good_one_stays_in_use(hardy, capsys, file):
    before = hardy.rows()
    hardy.configure(file)
    assert hardy.run() == "SUCCEEDED"
    assert '"ConfigurationRefused":[1.0]' in capsys.readouterr().out
    assert hardy.rows() == before
    hardy.configure(FILE)
    assert hardy.run() == "SUCCEEDED"
    assert '"ConfigurationRefused":[0.0]' in capsys.readouterr().out
    assert hardy.rows() == before


def test_when_no_good_file_is_left_the_one_that_people_can_mend_is_named(hardy):
    """As after an upgrade that no longer knows a rule."""
    before = hardy.items()
    hardy.configure(NO_SUCH_RULE)
    hardy.good(NO_SUCH_RULE)
    assert hardy.failure() == ("UsageError", REFUSED)
    assert hardy.items() == before


VERSIONS = [
    (SCHEMA + 1, f"was written by a newer domicile (schema {SCHEMA + 1}, this one knows {SCHEMA}); upgrade domicile"),
    (
        SCHEMA - 1,
        f"was written by an older domicile (schema {SCHEMA - 1}, this one wants {SCHEMA}); upgrade its deployment",
    ),
]


@pytest.mark.parametrize(("schema", "words"), VERSIONS, ids=["newer", "older"])
def test_a_table_of_another_version_fails_the_scan_before_it_begins(hardy, schema, words):
    files = hardy.files(WORK), hardy.files(EVIDENCE)
    mails, events = hardy.mails(), len(hardy.events)
    hardy.written_by(schema)
    before = hardy.items()
    assert hardy.failure() == ("StoreError", f"dynamodb://domicile?region=ap-south-1 {words}")
    assert {step for step, _ in hardy.events[events:]} == {"plan"}
    assert hardy.items() == before
    assert (hardy.files(WORK), hardy.files(EVIDENCE)) == files
    assert hardy.mails() == mails


def test_a_table_that_becomes_another_versions_during_a_scan_gets_nothing_of_it(hardy):
    rows, mails, events = hardy.rows(), hardy.mails(), len(hardy.events)
    a_breach(hardy, "bank-upgrade")
    seen = []

    def upgraded():
        hardy.written_by(SCHEMA + 1)
        seen.append(hardy.items())

    hardy.after["plan"] = upgraded
    assert hardy.failure() == ("StoreError", f"dynamodb://domicile?region=ap-south-1 {VERSIONS[0][1]}")
    assert {step for step, _ in hardy.events[events:]} == {"plan", "collect", "settle"}
    assert [hardy.items()] == seen
    assert hardy.mails() == mails
    hardy.written_by(SCHEMA)
    assert hardy.rows() == rows
    assert hardy.run() == "SUCCEEDED"
    assert {row.resource_name for row in hardy.rows()} == {"bank-upgrade", *(row.resource_name for row in rows)}
    assert len(hardy.mails()) == len(mails) + 1


def test_an_account_whose_role_cannot_be_taken_on_is_told_and_hides_no_other(hardy, capsys):
    before, told = hardy.rows(), len(hardy.mails())
    Plot(hardy.cloud, ARCHIVE).bucket("archive-behind", SINGAPORE, small_bank.PAYMENTS)
    hardy.cloud.refuse_role(BANK)
    assert hardy.run() == "SUCCEEDED"
    assert counted(capsys)["settle", "GapsBegun"] == 1
    with opened() as store:
        [gap] = store.gaps()
        scan = store.last_scan().scan
    assert (gap.account, gap.region, gap.listing, gap.reason) == (BANK, "*", "*", "role-missing")
    after = {row.violation_id: row for row in hardy.rows()}
    assert {after[row.violation_id].status for row in before if row.account == BANK} == {"unconfirmed"}
    assert [row.status for row in after.values() if row.resource_name == "archive-behind"] == ["open"]
    [coverage] = [
        key for key in hardy.files(EVIDENCE) if key.startswith("coverage/") and f"/scan={scan.number:06}/" in key
    ]
    unseen = [(one["region"], one["listing"], one["reason"]) for one in hardy.lines(coverage) if one["account"] == BANK]
    assert unseen == [("*", "*", "role-missing")]
    assert [BANK in text and "role-missing" in text for _, text in hardy.mails()[told:]].count(True) == 1
    hardy.cloud.allow("sts")
    assert hardy.run() == "SUCCEEDED"
    assert {row.status for row in hardy.rows()} == {"open"}
    assert len(hardy.rows()) == len(before) + 1


def test_what_is_found_while_nobody_listens_is_told_once_somebody_does(hardy, capsys):
    told = len(hardy.mails())
    a_breach(hardy, "bank-unheard")
    hardy.confirm(0)
    hardy.queued()
    assert hardy.run() == "SUCCEEDED"
    numbers = counted(capsys)
    assert (numbers["notify", "SubscribersMissing"], numbers["notify", "NoticesSent"]) == (1, 0)
    assert hardy.mails()[told:] == hardy.queued() == []
    hardy.confirm(1)
    assert hardy.run() == "SUCCEEDED"
    numbers = counted(capsys)
    assert (numbers["notify", "SubscribersMissing"], numbers["notify", "NoticesSent"]) == (0, 1)
    [(subject, _)] = hardy.mails()[told:]
    assert "bank-unheard" in subject
    assert hardy.run() == "SUCCEEDED"
    assert len(hardy.mails()) == told + 1


@pytest.mark.filterwarnings("ignore::DeprecationWarning:pulumi_aws.*")
def test_alarms_read_what_functions_count(hardy, capsys, tmp_path):
    """Namespace, metric and dimension, as the functions write them and as the program asks for them."""
    assert hardy.run() == "SUCCEEDED"
    project = program.project(tmp_path / "domicile", {"domicile.yaml": FILE})
    settings = {"country": "IN", "emails": [{"address": "security@example.com"}], "accounts": "single"}
    asked = {
        (one.inputs["namespace"], one.inputs["dimensions"]["service"], one.inputs["metricName"])
        for one in program.stack(settings, REGION, GROUP, project).of("MetricAlarm")
        if "metricName" in one.inputs
    }
    # Counted only by a scan that another overtook.
    superseded = {("Domicile", "settle", "ScansSuperseded")}
    assert asked - superseded <= {("Domicile", *name) for name in counted(capsys)}
    assert ("Domicile", "notify", "SubscribersMissing") in asked


def counted(capsys):
    """What functions wrote for CloudWatch to count, by function and metric."""
    found = {}
    for line in capsys.readouterr().out.splitlines():
        if line.startswith("{") and '"CloudWatchMetrics"' in line:
            said = json.loads(line)
            [one] = said["_aws"]["CloudWatchMetrics"]
            assert (one["Namespace"], one["Dimensions"]) == ("Domicile", [["service"]])
            found |= {(said["service"], metric["Name"]): sum(said[metric["Name"]]) for metric in one["Metrics"]}
    return found


def test_a_step_that_is_short_of_time_is_called_again_until_it_is_done(hardy):
    before = hardy.rows()
    hardy.seconds = 1
    assert hardy.run() == "SUCCEEDED"
    hardy.seconds = 900
    assert hardy.rows() == before


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        (None, "config/domicile.yaml: is not there"),
        (NO_SUCH_RULE, REFUSED),
    ],
    ids=["missing", "wrong"],
)
def test_without_an_organisation_file_nothing_is_scanned(file, sentence):
    with LocalCloud(enabled=small_bank.REGIONS) as cloud:
        small_bank.plant(cloud)
        with deployed(cloud, GROUP, file, ROLE) as deployment:
            assert deployment.failure() == ("UsageError", sentence)
            assert {step for step, _ in deployment.events} == {"plan"}
            assert deployment.files(WORK) == ({"config/domicile.yaml"} if file else set())
            assert deployment.files(EVIDENCE) == set()
            assert not any(deployment.items().values())
            assert deployment.mails() == deployment.queued() == []
