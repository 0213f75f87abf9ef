"""Every call that a deployed scan makes is allowed by the policy of who makes it, and nothing is allowed for nothing."""

import json
import re
from collections.abc import Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import botocore.handlers
import pytest
from botocore import xform_name
from moto.iam.models import get_account_id_from

import iam
import program
import small_bank
from deployed_cloud import EVIDENCE, REGION, STORE, WORK, Deployment, deployed
from domicile import cli
from domicile.blobs import open_blobs
from domicile.collect import Ask
from domicile.commands.planning import least_of
from domicile.demo.cloud import Call, LocalCloud
from domicile.demo.planting import Plot
from domicile.errors import StoreError
from domicile.model import Cell
from domicile.providers import aws
from domicile.providers.aws.organisation import NEEDS
from domicile.steps import Desk
from domicile.stores.dynamodb_tables import TABLES
from small_bank import BANK, FILE, GROUP, ROLE, SINGAPORE

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning:pulumi_aws.*"),
    # A step that fails has nothing to count.
    pytest.mark.filterwarnings("ignore:No application metrics:UserWarning"),
]

DECLARED = aws.calls()
OWN = {
    ("s3", "GetObject"): "s3:GetObject",
    ("s3", "ListObjectsV2"): "s3:ListBucket",
    ("s3", "PutObject"): "s3:PutObject",
    ("sns", "GetTopicAttributes"): "sns:GetTopicAttributes",
    ("sns", "Publish"): "sns:Publish",
}
TRANSACTED = {
    "ConditionCheck": "dynamodb:ConditionCheckItem",
    "Delete": "dynamodb:DeleteItem",
    "Put": "dynamodb:PutItem",
    "Update": "dynamodb:UpdateItem",
}
STEPS = ("plan", "collect", "settle", "notify")
READERS = ("reader", "reader of one entity")
ROLES = (*STEPS, "look", *READERS)
NAMES = {name: f"{name}-{GROUP}-{REGION}" for name in (WORK, EVIDENCE)}
"""What the program calls the buckets of this deployment."""
PARTITIONS = {table.name("domicile"): table.partition for table in TABLES}


class Asked(NamedTuple):
    """One call of a step, as the SDK made it."""

    step: str
    call: Call
    parameters: dict[str, Any]


class Needed(NamedTuple):
    """What IAM asks for one call."""

    action: str
    resource: str
    context: Mapping[str, list[str]]


class Watched(Deployment):
    """A deployment that remembers which step made which call."""

    def __init__(self, cloud, account, file):
        super().__init__(cloud, account, file, concurrency=1)
        self.step, self.asked, self.counted = "", [], []

    def call(self, step, event):
        with self.watching(step):
            return super().call(step, event)

    @contextmanager
    def watching(self, step):
        before, self.step = len(self.cloud.calls), step
        try:
            yield
        finally:
            self.step = ""
            self.counted += [(step, call) for call in self.cloud.calls[before:]]

    def keep(self, params, context, **_):
        context["asked"] = dict(params)

    def see(self, model, params, request_signer, context, **_):
        if self.step and params["url"].startswith(self.cloud.endpoint):
            # The scanner's client of a service is one for all accounts and regions: each call says as whom and where.
            signing = context.get("signing", {})
            credentials = signing.get("request_credentials") or request_signer._credentials.get_frozen_credentials()
            service, region = model.service_model.service_name, signing.get("region") or request_signer.region_name
            call = Call(service, model.name, get_account_id_from(credentials.access_key), region)
            self.asked.append(Asked(self.step, call, context["asked"]))


@pytest.fixture(name="bank", scope="module")
def a_bank_that_is_watched():
    """A scan, and a second one whose organisation file is a mistake and which is cut short while it is settled."""
    with LocalCloud(enabled=small_bank.REGIONS) as cloud:
        small_bank.plant(cloud)
        [root] = cloud.moto("organizations", "us-east-1", GROUP).list_roots()["Roots"]
        file = FILE.replace('owns: ["*"]', f'owns: ["{root["Id"]}"]')
        assert file != FILE
        with pytest.MonkeyPatch.context() as patch, deployed(cloud, GROUP, file, ROLE, Watched) as bank:
            seen = [("before-parameter-build", bank.keep), ("before-call", bank.see)]
            patch.setattr(botocore.handlers, "BUILTIN_HANDLERS", [*botocore.handlers.BUILTIN_HANDLERS, *seen])
            assert bank.run() == "SUCCEEDED"
            bank.configure("version: 1\npolicies: [no-such-rule]\n")
            Plot(cloud, BANK).bucket("bank-scratch", SINGAPORE, small_bank.PAYMENTS)
            cut_short(bank)
            assert len(bank.mails()) == 2
            for reader, question in questions(bank.rows()[0]):
                with bank.watching(reader):
                    assert cli.main([*question.split(), "--store", STORE]) == 0
            yield bank


def cut_short(bank):
    """A scan that writes its rows twice before it may settle, and then reckons anew."""
    bank.call("plan", {})
    for account in small_bank.ACCOUNTS:
        assert bank.call("collect", {"scan": 2, "account": account})["done"]
    bank.cloud.deny("dynamodb", "TransactWriteItems", resource="#pending = :journal")
    for _ in range(2):
        with pytest.raises(StoreError):
            bank.call("settle", {"scan": 2})
    bank.cloud.allow("dynamodb", "TransactWriteItems")
    Desk(open_blobs(f"s3://{WORK}"), 2).put("settle/closing", None)
    assert bank.call("settle", {"scan": 2})["done"]
    assert bank.call("notify", {"scan": 2})["done"]


def questions(row):
    """What those who may ask the violations table ask."""
    everything, one_entity = READERS
    yield everything, "violations"
    yield everything, f"violations --rule {row.rule} --account {row.account}"
    yield everything, "violations --country SG --status open --status resolved"
    yield everything, f"violations --changed-on {small_bank.TODAY}"
    yield everything, f"explain {row.violation_id}"
    yield everything, "gaps --ended"
    yield one_entity, "violations --entity bank"
    yield one_entity, "violations --entity bank --status open"


@pytest.fixture(name="policies", scope="module")
def policies_of_the_program(bank, tmp_path_factory):
    """By step, by reader, and of the role that is taken on in other accounts."""
    project = program.project(tmp_path_factory.mktemp("project") / "domicile", {"domicile.yaml": FILE})
    settings = {
        "country": "IN",
        "emails": [{"address": "compliance@bank.example"}],
        "organisationId": organisation_of(bank),
        "units": ["r-exam"],
        "role": ROLE,
        "readers": [f"arn:aws:iam::{GROUP}:role/analyst"],
    }
    stack, narrow = (program.stack(settings | more, REGION, GROUP, project) for more in ({}, {"readerEntity": "bank"}))
    template = json.loads(stack.one("StackSet", "look").inputs["templateBody"])
    [look] = template["Resources"]["Look"]["Properties"]["Policies"]
    return dict(stack.policies()) | {
        "look": look["PolicyDocument"],
        "reader of one entity": dict(narrow.policies())["reader"],
    }


def organisation_of(bank):
    return bank.cloud.moto("organizations", "us-east-1", GROUP).describe_organization()["Organization"]["Id"]


def needed(asked, organisation):
    """What IAM asks for a call."""
    _, (service, operation, *_), given = asked
    if (service, xform_name(operation)) in DECLARED:
        resource = given.get("RoleArn") or "*"
        if parent := given.get("ParentId"):
            resource = f"arn:aws:organizations::{GROUP}:{'root' if parent[0] == 'r' else 'ou'}/{organisation}/{parent}"
        return [Needed(action, resource, {}) for action in DECLARED[service, xform_name(operation)]]
    if service == "dynamodb":
        return list(of_table(operation, given))
    place = given.get("TopicArn") or f"arn:aws:s3:::{NAMES[given['Bucket']]}"
    key = f"/{given['Key']}" if "Key" in given else ""
    return [Needed(OWN[service, operation], f"{place}{key}", {})]


def of_table(operation, given):
    match operation:
        case "TransactWriteItems":
            for write in given["TransactItems"]:
                [(kind, what)] = write.items()
                yield an_item(TRANSACTED[kind], what, what.get("Key") or what["Item"])
        case "BatchGetItem":
            for name, what in given["RequestItems"].items():
                for key in what["Keys"]:
                    yield an_item("dynamodb:BatchGetItem", {"TableName": name}, key)
        case "Query":
            [(name, value)] = re.findall(r"#(\w+) = :(\w+)", given["KeyConditionExpression"])
            yield an_item("dynamodb:Query", given, {name: given["ExpressionAttributeValues"][f":{value}"]}, name)
        case _:
            yield an_item(f"dynamodb:{operation}", given, given["Key"])


def an_item(action, given, item, partition=""):
    name = given["TableName"]
    index = f"/index/{given['IndexName']}" if "IndexName" in given else ""
    leading = {"dynamodb:LeadingKeys": [item[partition or PARTITIONS[name]]["S"]]}
    return Needed(action, f"arn:aws:dynamodb:{REGION}:{GROUP}:table/{name}{index}", leading)


def test_every_call_is_seen(bank):
    assert set(bank.counted) == {(asked.step, asked.call) for asked in bank.asked}
    assert {step for step, _ in bank.counted} == {*STEPS, *READERS}


def whose(asked):
    """The role by which a call is made: the step's own, or the one taken on in another account."""
    return asked.step if asked.call.account == GROUP else "look"


def test_every_call_is_allowed_to_who_makes_it(bank, policies):
    refused = {
        (whose(asked), one.action, one.resource)
        for asked in bank.asked
        for one in needed(asked, organisation_of(bank))
        if not iam.allowing(policies[whose(asked)], *one)
    }
    assert refused == set()


UNUSED = {
    ("*", "KeepALog", "logs:*"): "Lambda writes a function's log in its name",
    ("*", "UseTheKey", "kms:*"): "S3, SNS and Lambda use the key in the caller's name, where nobody sees the call",
    ("*", "UseTheKeyOfTheTables", "kms:*"): "DynamoDB uses the key in the caller's name, as its guide lists",
    ("plan", "ListWork", "s3:ListBucket"): "without it what is missing is refused, and so could not be told from it",
    ("notify", "ListWork", "s3:ListBucket"): "without it what is missing is refused, and so could not be told from it",
    ("plan", "FindRegions", "ec2:DescribeRegions"): "asked only where account:ListRegions is refused",
    ("reader", "AskById", "dynamodb:GetItem"): "how people ask for one row with AWS's own command line",
    (
        "plan",
        "FindUnits",
        "organizations:ListOrganizationalUnitsForParent",
    ): "all accounts of this bank hang on the root",
    (
        "look",
        "ReadHowThingsAreSetUp",
        "observabilityadmin:ListCentralizationRulesForOrganization",
    ): "asked where the organisation is administered, which in this bank is the account that scans",
    ("look", "ReadHowThingsAreSetUp", "ec2:DescribeRegions"): "asked only where account:ListRegions is refused",
}
"""What a role may do and did not, and why it may all the same."""


def of_what_is_there():
    """Actions by which something is asked only about what a list call has shown; `test_services` sees each of them
    used. This bank has little."""
    cell = Cell("aws", BANK, SINGAPORE)
    listed = {
        asked.operation
        for service in aws.SERVICES
        for listing in service.listings
        for asked in least_of(Ask(service, listing, cell))
    }
    return {
        action
        for (client, operation), actions in aws.calls().items()
        for action in actions
        if f"{client}.{operation}" not in listed and client not in NEEDS
    }


def test_every_permission_is_used_or_has_its_reason(bank, policies):
    used, asked_of_something = {role: set() for role in ROLES}, of_what_is_there()
    for asked in bank.asked:
        for one in needed(asked, organisation_of(bank)):
            statement = iam.allowing(policies[whose(asked)], *one)
            used[whose(asked)].add((statement["Sid"], one.action))
    unused = {
        (role, statement["Sid"], action)
        for role in ROLES
        for statement in iam.statements(policies[role], "Allow")
        for action in iam.listed(statement["Action"])
        if (statement["Sid"], action) not in used[role]
        and not (statement["Sid"] == "ReadHowThingsAreSetUp" and action in asked_of_something)
    }
    explained = {
        (one, reason)
        for one in unused
        for reason in UNUSED
        if reason[0] in ("*", one[0]) and reason[1] == one[1] and iam.like(one[2], reason[2])
    }
    assert unused == {one for one, _ in explained}
    assert set(UNUSED) == {reason for _, reason in explained}


@pytest.mark.parametrize("step", STEPS)
def test_whoever_reads_a_key_may_list_its_bucket(bank, policies, step):
    """Else S3 refuses what is missing, and nobody could tell the two apart."""
    read = {
        asked.parameters["Bucket"] for asked in bank.asked if (asked.step, asked.call.operation) == (step, "GetObject")
    }
    assert read == {WORK}
    assert iam.allowing(policies[step], "s3:ListBucket", f"arn:aws:s3:::{NAMES[WORK]}")


def test_the_planner_reads_the_organisation_file_its_mark_and_the_last_good_one(bank):
    read = {
        asked.parameters["Key"] for asked in bank.asked if (asked.step, asked.call.operation) == ("plan", "GetObject")
    }
    assert {"config/domicile.yaml", "config/push", "config/good/domicile.yaml"} <= read


def may(policies, role, action, resource, key="head"):
    return iam.allowing(policies[role], action, resource, {"dynamodb:LeadingKeys": [key]}) is not None


def test_planning_numbers_scans_telling_marks_notices_and_settling_alone_does_the_rest(policies):
    scans = f"arn:aws:dynamodb:{REGION}:{GROUP}:table/domicile-scans"
    kinds = ("head", "notice", "scan", "open-gap", "place", "journal")
    changes = {
        role: {kind for kind in kinds if may(policies, role, "dynamodb:UpdateItem", scans, kind)} for role in ROLES
    }
    assert {role: kinds for role, kinds in changes.items() if kinds} == {
        "plan": {"head"},
        "notify": {"head", "notice"},
        "settle": set(kinds),
    }
    for action in ("PutItem", "DeleteItem", "BatchWriteItem"):
        who = {role for role in ROLES if may(policies, role, f"dynamodb:{action}", scans)}
        assert who == ({"settle"} if action != "BatchWriteItem" else set())


def test_only_settling_may_write_rows_and_evidence(policies):
    table = f"arn:aws:dynamodb:{REGION}:{GROUP}:table/domicile"
    evidence = f"arn:aws:s3:::{NAMES[EVIDENCE]}"
    for role in ROLES:
        for name in (table, f"{table}-history"):
            assert may(policies, role, "dynamodb:PutItem", name) is (role == "settle")
            assert not may(policies, role, "dynamodb:UpdateItem", name)
            assert not may(policies, role, "dynamodb:DeleteItem", name)
        for kind in ("changes", "coverage", "inventory"):
            assert may(policies, role, "s3:PutObject", f"{evidence}/{kind}/provider=aws/x") is (role == "settle")
        assert not may(policies, role, "s3:PutObject", f"{evidence}/other/x")
        assert not may(policies, role, "s3:GetObject", f"{evidence}/inventory/provider=aws/x")
        assert not may(policies, role, "s3:DeleteObject", f"{evidence}/inventory/provider=aws/x")
        assert may(policies, role, "sns:Publish", f"arn:aws:sns:{REGION}:{GROUP}:domicile-notices") is (
            role == "notify"
        )


def test_nobody_but_a_person_changes_the_organisation_file(policies):
    work = f"arn:aws:s3:::{NAMES[WORK]}"
    for role in ROLES:
        assert not may(policies, role, "s3:PutObject", f"{work}/config/domicile.yaml")
        assert not may(policies, role, "s3:PutObject", f"{work}/config/push")
        assert may(policies, role, "s3:PutObject", f"{work}/config/good/domicile.yaml") is (role == "plan")
        scan = f"{work}/scans/000001"
        assert may(policies, role, "s3:PutObject", f"{scan}/setup/domicile.yaml") is (role == "plan")
        assert may(policies, role, "s3:PutObject", f"{scan}/accounts/{BANK}/part-0000-00000") is (
            role in {"plan", "collect"}
        )
        assert may(policies, role, "s3:PutObject", f"{scan}/settle/closing") is (role in {"plan", "settle"})
