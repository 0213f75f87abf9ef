"""`domicile doctor`: what is refused is named by permission, with a sentence to hand on; what was not asked is no pass."""

import json
from datetime import UTC, datetime

import pytest

import azure_looking
import small_bank
from domicile.cli import main
from domicile.collect import Ask
from domicile.commands.doctoring import Told, clock, examine, named
from domicile.demo.cloud import LocalCloud
from domicile.demo.tenant import TOKEN, Answer, serving
from domicile.model import Cell
from domicile.providers import aws
from domicile.providers.service import Listing, NotOffered, Part, Refused, Service, Vanished
from domicile.scan import Exit
from small_bank import ARCHIVE, BANK, GROUP, MUMBAI, ROLE, SINGAPORE

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
HOSTILE = "\x1b[2J\u202e=1+1"


@pytest.fixture(scope="module", name="planted")
def a_cloud():
    with LocalCloud(enabled=small_bank.REGIONS) as cloud, pytest.MonkeyPatch.context() as patch:
        small_bank.plant(cloud)
        for name, value in cloud.environment().items():
            patch.setenv(name, value)
        yield cloud


@pytest.fixture(name="cloud")
def a_cloud_without_refusals(planted):
    yield planted
    planted.allow()


@pytest.fixture(name="here")
def a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path


@pytest.fixture(name="run")
def a_run(capsys, here):
    def run(*arguments):
        capsys.readouterr()
        code = main(["doctor", *(str(one) for one in arguments)])
        said = capsys.readouterr()
        assert "Traceback" not in said.out
        return code, said.out, said.err

    return run


@pytest.fixture(name="ask")
def an_ask(run):
    def ask(*arguments):
        code, out, _ = run(*arguments, "--format", "json")
        told = json.loads(out)
        return (
            code,
            {one["what"]: (one["outcome"], one["because"]) for one in told["checks"]},
            {one["operation"]: one for one in told["operations"]},
            told["hand_on"],
        )

    return ask


def test_where_nothing_is_refused_all_is_well(ask, cloud):
    code, checks, operations, hand_on = ask("--role", ROLE)
    wrong = {name: one for name, one in operations.items() if one["outcome"] in ("refused", "failed")}
    assert (code, wrong, hand_on) == (Exit.PROVEN, {}, [])
    assert operations["s3.list_buckets"]["outcome"] == "works"
    # What says that there is none was asked, and answered.
    assert operations["s3.get_bucket_replication"]["outcome"] == "works"
    assert checks["aws clock"] == ("works", "right within a minute")
    assert "AWS_ENDPOINT_URL" in checks["aws endpoint"][1]
    assert f"as its role {ROLE}" in checks["aws credentials"][1]


def test_every_declared_operation_that_takes_a_permission_is_told_of(ask, cloud):
    _, _, operations, _ = ask()
    declared = {
        named(service.client, operation)
        for service in aws.SERVICES
        for operation, permissions in service.needs.items()
        if permissions
    }
    assert set(operations) == declared
    assert {one["outcome"] for one in operations.values()} <= {"works", "not tried"}


def test_where_there_is_nothing_to_ask_about_it_was_not_tried(ask, cloud):
    _, checks, operations, _ = ask()
    assert "asked in" in checks[f"aws account {GROUP}"][1]
    replication = operations["s3.get_bucket_replication"]
    assert (replication["outcome"], replication["because"]) == ("not tried", "nothing there")


def test_what_is_refused_is_named_by_permission_and_ends_in_a_sentence_to_hand_on(run, ask, cloud):
    cloud.deny("rds", "DescribeDBInstances", account=BANK)
    cloud.deny("s3", "GetBucketReplication", account=BANK)
    code, _, operations, hand_on = ask("--role", ROLE, "--account", BANK)
    assert code == Exit.NOT_PROVEN
    refused = {one["permission"] for one in operations.values() if one["outcome"] == "refused"}
    assert refused == {"rds:DescribeDBInstances", "s3:GetReplicationConfiguration"}
    [sentence] = hand_on
    assert sentence.startswith(f"Please allow, for the role {ROLE} in account {BANK}: rds:DescribeDBInstances, s3:Get")
    out = run("--role", ROLE, "--account", BANK)[1]
    assert "Refused, or failed (2):" in out
    assert "Hand on:" in out


def test_what_the_organisation_denies_is_for_others_to_allow(ask, cloud):
    cloud.deny("kms", "ListKeys", message="not authorized with an explicit deny in a service control policy: arn:x")
    _, _, operations, hand_on = ask()
    assert operations["kms.list_keys"]["reason"] == "denied-by-scp"
    assert "service or resource control policy" in hand_on[0]


def test_what_could_not_be_listed_does_not_look_as_if_there_were_nothing(ask, cloud):
    cloud.deny("dynamodb", "ListTables")
    _, _, operations, _ = ask()
    assert operations["dynamodb.list_tables"]["outcome"] == "refused"
    untried = operations["dynamodb.describe_table"]
    assert (untried["outcome"], untried["reason"]) == ("not tried", "not-listed")


def test_a_throttled_question_has_failed_and_is_nobodys_to_allow(ask, cloud):
    cloud.throttle("dlm", "GetLifecyclePolicies")
    code, _, operations, hand_on = ask()
    assert (code, hand_on) == (Exit.NOT_PROVEN, [])
    assert operations["dlm.get_lifecycle_policies"]["outcome"] == "failed"


def test_an_account_that_lets_nobody_in_ends_in_a_sentence(ask, cloud):
    cloud.refuse_role(ARCHIVE)
    code, checks, _, hand_on = ask("--role", ROLE, "--account", ARCHIVE)
    assert code == Exit.FAILURE
    assert checks[f"aws account {ARCHIVE}"][0] == "refused"
    assert hand_on == [
        f"Please make the role {ROLE} in {ARCHIVE}, or let it trust whoever scans: `domicile access` writes the template."
    ]


def test_with_all_accounts_the_role_is_tried_in_each(ask, cloud):
    cloud.refuse_role(ARCHIVE)
    code, checks, operations, _ = ask("--role", ROLE, "--all-accounts")
    assert code == Exit.NOT_PROVEN
    assert checks[f"aws account {ARCHIVE}"][0] == "refused"
    assert checks["aws all accounts"] == ("refused", "2 let us in")
    assert operations["s3.list_buckets"]["outcome"] == "works"


def test_the_organisation_that_cannot_be_listed_is_told(ask, cloud):
    cloud.deny("organizations", "ListAccounts")
    code, checks, operations, _ = ask("--role", ROLE)
    assert (code, operations) == (Exit.FAILURE, {})
    assert "organizations:ListAccounts is missing" in checks["aws accounts"][1]


def test_without_credentials_nothing_works_and_all_else_is_told_all_the_same(ask, cloud, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    code, checks, _, _ = ask()
    assert code == Exit.FAILURE
    assert "no usable AWS credentials" in checks["aws credentials"][1]
    assert checks["store"][0] == "works"


def test_a_wrong_organisation_file_is_told_and_does_not_end_it(ask, cloud, here):
    (here / "domicile.yaml").write_text("version: 1\nentitys: []\n")
    code, checks, operations, _ = ask()
    assert code == Exit.NOT_PROVEN
    assert checks["organisation file"][0] == "failed"
    assert "domicile.yaml:2" in checks["organisation file"][1]
    assert operations["s3.list_buckets"]["outcome"] == "works"


def test_it_makes_no_store_and_tells_of_the_one_there_is(ask, cloud, here):
    assert ask()[1]["store"][1].endswith("not there yet, the first scan makes it")
    assert list(here.iterdir()) == []
    (here / "broken.db").write_text("no database")
    code, checks, *_ = ask("--store", "sqlite:///broken.db")
    assert (code, checks["store"][0]) == (Exit.NOT_PROVEN, "failed")
    assert ask("--store", "nonsense")[1]["store"][0] == "failed"


def test_the_work_bucket_is_looked_at_where_there_is_one(ask, cloud, here):
    assert ask("--work", f"file://{here}")[1]["work bucket"][0] == "works"
    assert ask("--work", "s3://there-is-none-of-this-name")[1]["work bucket"][0] == "failed"
    assert "work bucket" not in ask()[1]


def test_it_asks_in_the_region_that_it_is_told(run, ask, cloud):
    cloud.calls.clear()
    ask("--role", ROLE, "--account", BANK, "--region", SINGAPORE)
    assert {call.region for call in cloud.calls if call.operation == "DescribeDBInstances"} == {SINGAPORE}
    code, out, err = run("--region", "xx-nowhere-1")
    assert (code, out) == (Exit.USAGE, "")
    assert "there is no region 'xx-nowhere-1'" in err


def test_each_question_is_asked_about_one_thing_only(ask, cloud):
    cloud.calls.clear()
    ask("--role", ROLE, "--account", BANK)
    assert sum(call.operation == "GetBucketReplication" for call in cloud.calls) == 1
    assert sum(call.operation == "ListBuckets" for call in cloud.calls) == 1


def test_hostile_words_of_a_cloud_do_no_harm(run, cloud):
    cloud.deny("kms", "ListKeys", message=HOSTILE)
    out = run()[1]
    assert "\x1b" not in out
    assert "\u202e" not in out


def test_a_password_in_the_address_of_an_endpoint_is_not_shown(run, cloud, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_NEVERUSED", "https://me:secret@example.com:8443/path")
    out = run()[1]
    assert "https://example.com:8443" in out
    assert "secret@" not in out


# In Azure


@pytest.fixture(name="arm")
def a_resource_manager(monkeypatch):
    arm = azure_looking.a_tenant()
    monkeypatch.setenv("DOMICILE_AZURE_TOKEN", TOKEN)
    return arm


def test_azure_is_asked_in_the_same_way(ask, arm):
    with serving(arm) as address:
        code, checks, operations, _ = ask("--cloud", "azure", "--azure-endpoint", address)
    wrong = {name: one for name, one in operations.items() if one["outcome"] in ("refused", "failed")}
    assert (code, wrong) == (Exit.PROVEN, {})
    assert "another Resource Manager" in checks["azure endpoint"][1]
    assert operations["Microsoft.ResourceGraph/resources/read"]["outcome"] == "works"
    assert operations["Microsoft.Storage/storageAccounts/objectReplicationPolicies/read"]["outcome"] == "not tried"


def test_what_azure_refuses_is_named(ask, arm):
    kinds = [{"resourceType": kind, "locations": ["Central India"]} for kind in ("vaults", "managedHSMs")]
    path = f"/subscriptions/{azure_looking.BANK}/providers/Microsoft.KeyVault"
    arm.answer(path, {"namespace": "Microsoft.KeyVault", "registrationState": "Registered", "resourceTypes": kinds})
    arm.refuse("/deletedVaults", Answer(403, "AuthorizationFailed"))
    with serving(arm) as address:
        code, _, operations, hand_on = ask("--cloud", "azure", "--azure-endpoint", address)
    refused = [name for name, one in operations.items() if one["outcome"] == "refused"]
    assert (code, refused) == (Exit.NOT_PROVEN, ["Microsoft.KeyVault/deletedVaults/read"])
    assert "Microsoft.KeyVault/deletedVaults/read" in hand_on[0]


def test_a_token_that_azure_does_not_take_is_told_as_wrong_credentials(ask, arm, monkeypatch):
    monkeypatch.setenv("DOMICILE_AZURE_TOKEN", "expired")
    with serving(arm) as address:
        code, checks, _, _ = ask("--cloud", "azure", "--azure-endpoint", address)
    assert (code, checks["azure credentials"][0]) == (Exit.FAILURE, "refused")
    assert "no usable Azure credentials" in checks["azure credentials"][1]


# By itself


@pytest.mark.parametrize(
    ("said", "outcome", "because"),
    [
        ("Thu, 26 Nov 2026 12:00:30 GMT", "works", "right within a minute"),
        ("Thu, 26 Nov 2026 11:58:00 GMT", "works", "120 seconds ahead"),
        ("Thu, 26 Nov 2026 12:10:00 GMT", "failed", "600 seconds behind"),
        ("", "not tried", "tells no time"),
        ("yesterday", "not tried", "tells no time"),
    ],
)
def test_the_clock_is_compared_with_the_clouds(said, outcome, because):
    check = clock("clock", said, NOON)
    assert check.outcome == outcome
    assert because in check.because


class Fake:
    """A provider of one service whose answers are given."""

    name = "aws"

    def __init__(self, answers):
        self.answers, self.asked = answers, []

    def cloud(self, *_):
        return self

    def pages(self, operation, **_):
        for page in self.answers.get(operation, ()):
            if isinstance(page, Exception):
                raise page
            yield page

    def call(self, operation, **_):
        self.asked.append(operation)
        answer = self.answers.get(operation, {})
        if isinstance(answer, Exception):
            raise answer
        return answer


def told_of(answers, *parts, find=lambda cloud: (item for page in cloud.pages("list") for item in page)):
    listing = Listing("things", find, lambda *_: (), lambda *_: "", tuple(parts))
    needs = {"list": ("x:List",), "one": ("x:One",), "two": ("x:Two",)}
    service = Service("x", "x", "regional", (listing,), (), (), needs)
    told, provider = Told(), Fake(answers)
    examine(provider, [Ask(service, listing, Cell("aws", BANK, MUMBAI))], frozenset(), told)
    return {name: outcome for name, (outcome, *_) in told.outcomes.items()}, provider.asked


def part(operation, **more):
    return Part(operation, lambda cloud, item: cloud.call(operation, item=item), **more)


def test_the_first_thing_that_a_question_is_about_is_taken():
    outcomes, asked = told_of({"list": [[1, 2, 3]]}, part("one"), part("two", applies=lambda item: item == 2))
    assert (outcomes, asked) == ({"x.list": "works", "x.one": "works", "x.two": "works"}, ["one", "two"])


def test_nothing_more_is_listed_than_is_needed():
    assert told_of({"list": [[1], Refused("AccessDenied", reason="denied")]}, part("one"))[0]["x.list"] == "works"


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (Refused("NoSuchThing"), "works"),
        (Vanished("Gone"), "works"),
        (Refused("AccessDenied", reason="denied"), "refused"),
        (Refused("Slow", reason="throttled"), "failed"),
        (NotOffered("x"), "not tried"),
        (KeyError("x"), "failed"),
    ],
)
def test_what_an_error_says_of_a_permission(error, outcome):
    assert told_of({"list": [[1]], "one": error}, part("one", absent=("NoSuchThing",)))[0]["x.one"] == outcome


def test_a_question_that_only_makes_tags_is_not_asked_where_nobody_uses_them():
    assert told_of({"list": [[1]]}, part("one", for_tags=frozenset({"label"})))[1] == []


def test_one_thing_that_cannot_be_read_does_not_hide_the_next():
    outcomes, _ = told_of({"list": [[None, {"a": 1}]]}, part("one", applies=lambda item: item["a"] == 1))
    assert outcomes["x.one"] == "works"
