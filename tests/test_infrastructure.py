"""What the Pulumi program asks for, in every way it can be configured; nothing is made."""

import json
import re
import shlex
import sys
import warnings
from importlib import resources
from types import SimpleNamespace

import botocore.session
import pytest
import typer
import yaml
from functions.bundle import AWS
from statelint.linter import Linter

import iam
import program
from domicile import cli
from domicile.providers.aws import NEVER_READ, role_document
from domicile.settings import settings as understood
from domicile.stores.dynamodb_tables import HISTORY, SCANS, TABLES, VIOLATIONS
from standin_provider import _properties as properties
from standin_provider import faults

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:pulumi_aws.*")

with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
    # The linter asks a module that setuptools no longer brings where its own files lie.
    found = SimpleNamespace(resource_filename=lambda package, name: str(resources.files(package) / name))
    patch.setitem(sys.modules, "pkg_resources", found)
    warnings.simplefilter("ignore")
    import parliament

HERE, MUMBAI = "123456789012", "ap-south-1"
BANK, SHOP = "111122223333", "444455556666"
OWN_KEY = f"arn:aws:kms:{MUMBAI}:{HERE}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ANALYST = f"arn:aws:iam::{HERE}:role/analyst"
BOUNDARY = f"arn:aws:iam::{HERE}:policy/bounds/most"
TAGS = {"team": "cloud", "cost-centre": "4711"}
ORGANISATION = "o-exampleorgid"

FILE = """
version: 1
timezone: Asia/Kolkata
policy_files: [promises.yaml]
notify:
  routes:
    - {name: payments, rules: [in-rbi-*]}
"""
PROMISES = """
id: promises
title: What Bulbul has promised
country: IN
as_of: 2026-11-22
rules: []
"""

EVERYBODY = {"country": "IN", "emails": [{"address": "security@example.com"}], "tags": TAGS}
MEMBERS = EVERYBODY | {"organisationId": ORGANISATION, "units": ["r-exam"]}
COMPANY = {
    "namePrefix": "residency",
    "role": "residency-look",
    "rolePath": "/security/",
    "permissionsBoundary": BOUNDARY,
    "schedule": "cron(0 6 * * ? *)",
    "timezone": "Asia/Dubai",
    "logDays": 30,
    "retentionDays": 2557,
}
CONFIGURATIONS = {
    "organisation": MEMBERS,
    "delegated": MEMBERS
    | COMPANY
    | {"callAs": "DELEGATED_ADMIN", "managementProfile": "management", "readers": [ANALYST]},
    "external": MEMBERS
    | {"grants": "external", "units": [], "externalId": "an-agreed-word", "objectLock": "governance"},
    "single": EVERYBODY | {"accounts": "single", "objectLock": "compliance", "keepData": False, "collectorsAtMost": 20},
    "listed": EVERYBODY
    | COMPANY
    | {
        "accounts": f"{BANK},{SHOP}",
        "grants": "external",
        "externalId": "an-agreed-word",
        "keyArn": OWN_KEY,
        "subnets": ["subnet-0123456789abcdef0"],
        "securityGroups": ["sg-0123456789abcdef0"],
        "readers": [ANALYST],
        "readerEntity": "bulbul-payments",
        "alarmEmails": ["cloud@example.com"],
        "emails": [{"address": "security@example.com"}, {"address": "payments@example.com", "route": "payments"}],
    },
}
STEPS = ("plan", "collect", "settle", "notify")


def a_project(folder):
    return program.project(folder, {"domicile.yaml": FILE, "promises.yaml": PROMISES})


@pytest.fixture(name="project", scope="module")
def a_project_for_all(tmp_path_factory):
    return a_project(tmp_path_factory.mktemp("project") / "domicile")


@pytest.fixture(name="made", scope="module")
def each_stack_once(project):
    known = {}

    def made(name):
        if name not in known:
            known[name] = program.stack(CONFIGURATIONS[name], MUMBAI, HERE, project)
        return known[name]

    return made


@pytest.fixture(name="stack", params=CONFIGURATIONS)
def a_stack(request, made):
    return made(request.param)


# What is made


def test_every_resource_is_one_that_the_sdk_knows(stack):
    for one in stack.resources:
        if one.type.startswith("aws:"):
            assert list(faults(one.type, one.inputs)) == [], one.type


def test_nothing_is_made_of_which_these_tests_do_not_know_whether_it_keeps_data(stack):
    keep = {"Bucket", "BucketObjectv2", "Function", "Key", "LogGroup", "StateMachine", "Table", "Topic"}
    keep_none = {
        "Alias",
        "CatalogDatabase",
        "CatalogTable",
        "MetricAlarm",
        "Role",
        "RolePolicy",
        "Schedule",
        "StackSet",
        "StackSetInstance",
        "TopicPolicy",
        "TopicSubscription",
        "aws",
    }
    settings_of_buckets = {kind for kind in stack.kinds() if kind.startswith("Bucket")}
    parts = {one.kind for one in stack.resources if one.type.startswith("domicile:")}
    assert stack.kinds() <= keep | keep_none | settings_of_buckets | parts


def test_every_resource_is_part_of_one_concern(stack):
    parts = {one.type for one in stack.resources if one.type.startswith("domicile:")}
    concerns = ("Access", "Alarms", "Functions", "Keys", "Notices", "Storage", "Tables", "Workflow")
    assert parts == {f"domicile:aws:{concern}" for concern in concerns}
    for one in stack.resources:
        assert one.parent in (parts if one.type not in parts else {"", "pulumi:pulumi:Stack"}), one.type


def test_data_outlives_the_stack_unless_that_was_told_otherwise(stack):
    """The files in the work bucket are never removed by hand: they go with their bucket, or stay with it."""
    data = {"Alias", "Bucket", "Key", "Table"}
    for one in stack.resources:
        is_data = one.kind in data or (one.kind.startswith("Bucket") and one.kind != "BucketObjectv2")
        kept = one.kind == "BucketObjectv2" or (is_data and stack.settings.get("keepData", True))
        assert one.kept is kept, one.type


def key_of(stack):
    return OWN_KEY if stack.settings.get("keyArn") else f"arn:aws:kms:{MUMBAI}:{HERE}:key/1234abcd"


def test_everything_at_rest_is_encrypted_with_the_key(stack):
    key = key_of(stack)
    encrypted = {
        one.inputs["bucket"]: one.inputs["rules"] for one in stack.of("BucketServerSideEncryptionConfiguration")
    }
    for bucket in stack.of("Bucket"):
        [rule] = encrypted[bucket.inputs["bucket"]]
        assert rule["applyServerSideEncryptionByDefault"] == {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": key}
    for table in stack.of("Table"):
        assert table.inputs["serverSideEncryption"] == {"enabled": True, "kmsKeyArn": key}
    keys = {"Topic": "kmsMasterKeyId", "LogGroup": "kmsKeyId", "Function": "kmsKeyArn"}
    for one in stack.of(*keys):
        assert one.inputs[keys[one.kind]] == key
    for machine in stack.of("StateMachine"):
        assert machine.inputs["loggingConfiguration"]["includeExecutionData"] is False


def test_the_key_is_the_deployments_own_lies_in_one_region_and_is_renewed(made):
    [key] = made("organisation").of("Key")
    assert key.inputs["enableKeyRotation"] is True
    assert key.inputs["multiRegion"] is False
    assert key.inputs["deletionWindowInDays"] == 30


def test_with_a_key_of_the_company_none_is_made_and_what_it_must_allow_is_told(made):
    stack = made("listed")
    assert stack.of("Key", "Alias") == []
    needed = json.loads(stack.outputs["keyPolicyNeeds"])
    own = made("organisation").one("Key", "key").document("policy")["Statement"]
    assert [one["Sid"] for one in needed] == [one["Sid"] for one in own[1:]]
    assert "keyPolicyNeeds" not in made("organisation").outputs


@pytest.mark.parametrize("name", ["organisation", "listed"])
def test_cloudwatch_may_use_the_key_for_logs_and_alarms_of_this_deployment_alone(made, name):
    stack = made(name)
    if name == "listed":
        document = {"Statement": json.loads(stack.outputs["keyPolicyNeeds"])}
    else:
        document = stack.one("Key", "key").document("policy")
    services = {
        service: {"Statement": [one for one in document["Statement"] if one["Principal"] == {"Service": service}]}
        for service in (f"logs.{MUMBAI}.amazonaws.com", "cloudwatch.amazonaws.com")
    }
    logs, alarms = services.values()
    for group in stack.of("LogGroup"):
        arn = f"arn:aws:logs:{MUMBAI}:{HERE}:log-group:{group.inputs['name']}"
        context = {"kms:EncryptionContext:aws:logs:arn": arn}
        for action in ("kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo"):
            assert iam.allowing(logs, action, "*", context)
    elsewhere = {"kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:{MUMBAI}:{BANK}:log-group:other"}
    assert not iam.allowing(logs, "kms:Decrypt", "*", elsewhere)
    for alarm in stack.of("MetricAlarm"):
        source = {
            "aws:SourceAccount": HERE,
            "aws:SourceArn": f"arn:aws:cloudwatch:{MUMBAI}:{HERE}:alarm:{alarm.inputs['name']}",
        }
        for action in ("kms:Decrypt", "kms:GenerateDataKey"):
            assert iam.allowing(alarms, action, "*", source)
            assert not iam.allowing(alarms, action, "*", source | {"aws:SourceAccount": BANK})


def test_tables_are_those_the_store_describes(stack):
    prefix = stack.settings.get("namePrefix", "domicile")
    asked = {one.inputs["name"]: one.inputs for one in stack.of("Table")}
    assert set(asked) == {table.name(prefix) for table in TABLES}
    for table in TABLES:
        its = asked[table.name(prefix)]
        assert its["hashKey"] == table.partition
        assert its.get("rangeKey", "") == table.sort
        assert {one["name"]: one["type"] for one in its["attributes"]} == table.attributes
        assert [
            (index["name"], index["keySchemas"], index["projectionType"])
            for index in its.get("globalSecondaryIndexes", [])
        ] == [
            (
                index.name,
                [
                    {"attributeName": index.partition, "keyType": "HASH"},
                    {"attributeName": index.sort, "keyType": "RANGE"},
                ],
                index.projection,
            )
            for index in table.indexes
        ]
        assert its.get("ttl") == ({"attributeName": table.expires, "enabled": True} if table.expires else None)


def test_tables_can_be_restored_are_protected_and_stream_to_whoever_wants_to_listen(stack):
    for table in stack.of("Table"):
        assert table.inputs["pointInTimeRecovery"] == {"enabled": True}
        assert table.inputs["deletionProtectionEnabled"] is stack.settings.get("keepData", True)
        assert table.inputs["streamEnabled"] is True
        assert table.inputs["streamViewType"] == "NEW_AND_OLD_IMAGES"
        assert table.inputs["billingMode"] == "PAY_PER_REQUEST"


def test_buckets_keep_versions_and_are_nobody_elses(stack):
    names = {one.inputs["bucket"] for one in stack.of("Bucket")}
    assert len(names) == 2

    def each(kind):
        found = {one.inputs["bucket"]: one.inputs for one in stack.of(kind)}
        assert set(found) == names
        return found.values()

    for one in each("BucketVersioning"):
        assert one["versioningConfiguration"] == {"status": "Enabled"}
    for one in each("BucketPublicAccessBlock"):
        blocks = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
        assert [one[block] for block in blocks] == [True] * 4
    for one in each("BucketOwnershipControls"):
        assert one["rule"] == {"objectOwnership": "BucketOwnerEnforced"}
    for one in each("BucketPolicy"):
        policy, bucket = json.loads(one["policy"]), f"arn:aws:s3:::{one['bucket']}"
        for resource in (bucket, f"{bucket}/config/domicile.yaml"):
            assert iam.denied(policy, "s3:GetObject", resource, {"aws:SecureTransport": "false"})
            assert not iam.denied(policy, "s3:GetObject", resource, {"aws:SecureTransport": "true"})
    for bucket in stack.of("Bucket"):
        assert bucket.inputs["forceDestroy"] is not stack.settings.get("keepData", True)


def test_what_is_kept_is_kept_as_long_as_was_said_and_no_longer(stack):
    days = stack.settings.get("retentionDays", 730)

    def rules(name):
        return {
            rule["filter"]["prefix"]: rule for rule in stack.one("BucketLifecycleConfiguration", name).inputs["rules"]
        }

    evidence, work = rules("evidence-lifecycle"), rules("work-lifecycle")
    assert {prefix: rule["expiration"]["days"] for prefix, rule in evidence.items()} == {"": days}
    assert set(work) == {"scans/", "config/"}
    assert work["scans/"]["expiration"] == {"days": 90}
    assert "expiration" not in work["config/"]
    assert work["config/"]["noncurrentVersionExpiration"] == {"noncurrentDays": days}
    for rule in (*evidence.values(), *work.values()):
        assert rule["status"] == "Enabled"
        assert rule["noncurrentVersionExpiration"]["noncurrentDays"] > 0
        assert rule["abortIncompleteMultipartUpload"] == {"daysAfterInitiation": 1}
    for group in stack.of("LogGroup"):
        assert group.inputs["retentionInDays"] == stack.settings.get("logDays", 90)


@pytest.mark.parametrize(("name", "mode"), [("organisation", ""), ("external", "GOVERNANCE"), ("single", "COMPLIANCE")])
def test_evidence_is_locked_when_that_is_asked_for(made, name, mode):
    stack = made(name)
    locks = [one.inputs for one in stack.of("BucketObjectLockConfiguration")]
    evidence = stack.one("Bucket", "evidence").inputs
    assert evidence["objectLockEnabled"] is bool(mode)
    assert stack.one("Bucket", "work").inputs["objectLockEnabled"] is False
    assert locks == (
        [{"bucket": evidence["bucket"], "rule": {"defaultRetention": {"mode": mode, "days": 730}}}] if mode else []
    )


def test_the_organisation_file_and_its_policy_files_lie_in_the_work_bucket(stack):
    files = {one.inputs["key"]: one.inputs["content"] for one in stack.of("BucketObjectv2")}
    assert files == {"config/domicile.yaml": FILE, "config/promises.yaml": PROMISES}
    assert {one.inputs["bucket"] for one in stack.of("BucketObjectv2")} == {
        stack.one("Bucket", "work").inputs["bucket"]
    }


def inside(value):
    """Every name and every text in an input, however deep."""
    match value:
        case dict():
            for name, inner in value.items():
                yield name, inner
                yield from inside(inner)
        case list():
            for inner in value:
                yield from inside(inner)


def test_nothing_is_copied_to_or_made_in_another_region(stack):
    for one in stack.resources:
        assert "replica" not in one.type.lower()
        for name, value in inside(one.inputs):
            assert not re.search(r"replica|replication|globaltable|witness", name, re.IGNORECASE), (one.type, name)
            if re.search(r"multi_?region", name, re.IGNORECASE):
                assert value is False
            if re.fullmatch(r"region|stackSetInstanceRegion", name):
                assert value == MUMBAI
            if isinstance(value, str) and one.kind != "StackSet":
                regions = re.findall(r"arn:aws[a-z-]*:[a-z0-9-]+:([a-z]{2}(?:-[a-z]+)+-\d+):", value)
                assert set(regions) <= {MUMBAI}
    assert [one.inputs["region"] for one in stack.of("aws")] in ([], [MUMBAI])


def test_everything_that_takes_tags_has_those_that_were_asked_for(stack):
    # An object of the work bucket is data: whoever pushes a new version knows nothing of the tags of the old one.
    takes = {one.type for one in stack.resources if one.type.startswith("aws:") and "tags" in properties(one.type)}
    assert len(takes) >= 10
    for one in stack.resources:
        if one.type in takes and one.kind != "BucketObjectv2":
            assert one.inputs["tags"] == TAGS, one.type
    for template in templates(stack):
        assert template["Resources"]["Look"]["Properties"]["Tags"] == [
            {"Key": name, "Value": value} for name, value in sorted(TAGS.items())
        ]


# Who may do what


def templates(stack):
    """The templates of the role in other accounts: what the stack set has, or what the outputs show."""
    texts = [one.inputs["templateBody"] for one in stack.of("StackSet")]
    return [json.loads(text) for text in (*texts, *filter(None, [stack.outputs.get("roleTemplate")]))]


def test_every_role_has_the_boundary_and_the_path(stack):
    boundary, path = stack.settings.get("permissionsBoundary"), stack.settings.get("rolePath", "/")
    for role in stack.of("Role"):
        assert role.inputs.get("permissionsBoundary") == boundary
        assert role.inputs["path"] == path
    for template in templates(stack):
        its = template["Resources"]["Look"]["Properties"]
        assert its["Path"] == path
        there = {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:policy/bounds/most"}
        assert its.get("PermissionsBoundary") == (there if boundary else None)


def test_a_boundary_of_awss_own_is_the_same_everywhere(project):
    boundary = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    stack = program.stack(MEMBERS | {"permissionsBoundary": boundary}, MUMBAI, HERE, project)
    [template] = templates(stack)
    assert template["Resources"]["Look"]["Properties"]["PermissionsBoundary"] == boundary


@pytest.mark.parametrize("name", ["external", "single", "listed"])
def test_without_grants_no_role_is_made_in_another_account(made, name):
    stack = made(name)
    assert stack.of("StackSet", "StackSetInstance", "aws") == []
    assert "look" not in {one.name for one in stack.of("Role")}
    assert {one.provider for one in stack.resources} == {""}
    assert ("roleTemplate" in stack.outputs) is (name != "single")


def test_a_stack_set_brings_the_role_into_every_account_also_later(made):
    for name, call_as in (("organisation", "SELF"), ("delegated", "DELEGATED_ADMIN")):
        stack = made(name)
        look = stack.one("StackSet", "look").inputs
        assert look["permissionModel"] == "SERVICE_MANAGED"
        assert look["autoDeployment"] == {"enabled": True, "retainStacksOnAccountRemoval": False}
        assert look["callAs"] == call_as
        there = stack.one("StackSetInstance", "look").inputs
        assert there["deploymentTargets"] == {"organizationalUnitIds": ["r-exam"]}
        assert (there["callAs"], there["stackSetInstanceRegion"]) == (call_as, MUMBAI)


def test_the_management_account_gets_its_role_directly(made):
    stack = made("delegated")
    [management] = stack.of("aws")
    assert management.inputs["profile"] == "management"
    role, policy = stack.one("Role", "look"), stack.one("RolePolicy", "look")
    assert management.name in role.provider
    assert management.name in policy.provider
    assert {one.name for one in stack.resources if one.provider} == {"look"}
    [template] = templates(stack)
    its = template["Resources"]["Look"]["Properties"]
    assert role.inputs["name"] == its["RoleName"] == "residency-look"
    assert role.document("assumeRolePolicy") == its["AssumeRolePolicyDocument"]
    assert policy.document("policy") == its["Policies"][0]["PolicyDocument"] == role_document()
    assert made("organisation").of("aws") == []


CONDITIONS = {
    "organisation": {"aws:PrincipalOrgID": ORGANISATION},
    "delegated": {"aws:PrincipalOrgID": ORGANISATION},
    "external": {"aws:PrincipalOrgID": ORGANISATION, "sts:ExternalId": "an-agreed-word"},
    "listed": {"sts:ExternalId": "an-agreed-word"},
}


@pytest.mark.parametrize("name", CONDITIONS)
def test_only_the_collector_and_the_planner_may_take_on_the_role_and_only_from_where_was_said(made, name):
    stack = made(name)
    scanners = sorted(
        f"arn:aws:iam::{HERE}:role{role.inputs['path']}{role.inputs['name']}"
        for role in stack.of("Role")
        if role.name in {"collect", "plan"}
    )
    [template] = templates(stack)
    trusts = [template["Resources"]["Look"]["Properties"]["AssumeRolePolicyDocument"]]
    if "roleTrust" in stack.outputs:
        trusts.append(json.loads(stack.outputs["roleTrust"]))
    for trust in trusts:
        [statement] = trust["Statement"]
        assert statement["Principal"] == {"AWS": scanners}
        assert statement["Action"] == "sts:AssumeRole"
        assert statement["Condition"] == {"StringEquals": CONDITIONS[name]}


TRUSTED = dict.fromkeys(STEPS, "lambda") | {"scan": "states", "schedule": "scheduler"}


def test_each_role_here_is_taken_on_by_its_service_and_only_for_this_deployment(stack):
    machine = stack.one("StateMachine", "scan").inputs["name"]
    # EventBridge Scheduler says for which group of schedules it acts, and never for which schedule.
    sources = {
        "scan": f"arn:aws:states:{MUMBAI}:{HERE}:stateMachine:{machine}",
        "schedule": f"arn:aws:scheduler:{MUMBAI}:{HERE}:schedule-group/default",
    }
    for role in stack.of("Role"):
        if role.name in {"look", "reader"}:
            continue
        [statement] = role.document("assumeRolePolicy")["Statement"]
        assert statement["Principal"] == {"Service": f"{TRUSTED[role.name]}.amazonaws.com"}
        if role.name in sources:
            assert statement["Condition"] == {
                "StringEquals": {"aws:SourceAccount": HERE},
                "ArnLike": {"aws:SourceArn": sources[role.name]},
            }


def test_readers_are_whom_was_named_and_nobody_without_a_name(made):
    for name in ("delegated", "listed"):
        [statement] = made(name).one("Role", "reader").document("assumeRolePolicy")["Statement"]
        assert statement["Principal"] == {"AWS": [ANALYST]}
        assert made(name).outputs["reader"] == f"arn:aws:iam::{HERE}:role/security/residency-reader"
    for name in ("organisation", "external", "single"):
        assert "reader" not in {one.name for one in made(name).of("Role")} | made(name).outputs.keys()


def table_arn(table, index=""):
    return f"arn:aws:dynamodb:{MUMBAI}:{HERE}:table/{table.name('residency')}{index and f'/index/{index}'}"


def test_a_reader_of_one_entity_sees_nothing_of_another(made):
    policy = dict(made("listed").policies())["reader"]

    def may(action, resource, key):
        return iam.allowing(policy, action, resource, {"dynamodb:LeadingKeys": [key]}) is not None

    by_entity = table_arn(VIOLATIONS, "by_entity")
    assert may("dynamodb:Query", by_entity, "bulbul-payments")
    assert not may("dynamodb:Query", by_entity, "bulbul-shop")
    assert may("dynamodb:GetItem", table_arn(SCANS), "head")
    assert not may("dynamodb:GetItem", table_arn(SCANS), "open-gap")
    for index in ("by_account", "by_severity", "changed_on", "resolved"):
        assert not may("dynamodb:Query", table_arn(VIOLATIONS, index), "bulbul-payments")
    for table in TABLES:
        for action in ("BatchGetItem", "Scan", "PartiQLSelect", "Query"):
            assert not may(f"dynamodb:{action}", table_arn(table), "bulbul-payments")


def test_a_reader_of_everything_asks_by_every_index_and_writes_nothing(made):
    policy = dict(made("delegated").policies())["reader"]
    for index in VIOLATIONS.indexes:
        assert iam.allowing(policy, "dynamodb:Query", table_arn(VIOLATIONS, index.name))
    assert iam.allowing(policy, "dynamodb:Query", table_arn(HISTORY))
    assert {action for one in iam.statements(policy, "Allow") for action in iam.listed(one["Action"])} == {
        "dynamodb:BatchGetItem",
        "dynamodb:GetItem",
        "dynamodb:Query",
        "kms:Decrypt",
    }


def test_who_looks_never_reads_what_is_in_anything_but_the_deployments_own(stack):
    policies = dict(stack.policies())
    bucket, prefix = stack.one("Bucket", "work").inputs["bucket"], stack.settings.get("namePrefix", "domicile")
    own = {
        "plan": {
            "s3:GetObject*": [f"arn:aws:s3:::{bucket}/config/domicile.yaml"],
            "kms:Decrypt": [key_of(stack)],
            "dynamodb:GetItem": [f"arn:aws:dynamodb:{MUMBAI}:{HERE}:table/{prefix}-scans"],
            "dynamodb:Query": [f"arn:aws:dynamodb:{MUMBAI}:{HERE}:table/{prefix}-scans"],
        },
        "collect": {"s3:GetObject*": [f"arn:aws:s3:::{bucket}/scans/000001/scan"], "kms:Decrypt": [key_of(stack)]},
        "look": {},
    }
    others = {
        "s3:GetObject*": "arn:aws:s3:::statements/2026.csv",
        "kms:Decrypt": f"arn:aws:kms:{MUMBAI}:{HERE}:key/9999",
        "dynamodb:GetItem": f"arn:aws:dynamodb:{MUMBAI}:{HERE}:table/wallets",
        "dynamodb:Query": f"arn:aws:dynamodb:{MUMBAI}:{HERE}:table/wallets",
    }
    for name in own.keys() & policies.keys():
        for pattern in NEVER_READ:
            action = pattern.replace("*", "Torrent" if pattern == "s3:GetObject*" else "s")
            assert iam.denied(policies[name], action, others.get(pattern, "*")), (name, pattern)
            for resource in own[name].get(pattern, ()):
                assert not iam.denied(policies[name], action, resource), (name, pattern)
    for template in templates(stack):
        [policy] = template["Resources"]["Look"]["Properties"]["Policies"]
        assert policy["PolicyDocument"] == role_document()


def test_nobody_changes_or_deletes_a_line_of_the_history(stack):
    prefix = stack.settings.get("namePrefix", "domicile")
    history = f"arn:aws:dynamodb:{MUMBAI}:{HERE}:table/{HISTORY.name(prefix)}"
    harm = (
        "BatchWriteItem",
        "DeleteItem",
        "DeleteTable",
        "PartiQLDelete",
        "PartiQLUpdate",
        "UpdateItem",
        "UpdateTable",
    )
    for name, policy in stack.policies():
        for action in harm:
            assert iam.allowing(policy, f"dynamodb:{action}", history) is None, name
    assert iam.allowing(dict(stack.policies())["settle"], "dynamodb:PutItem", history)


def test_no_action_is_a_wildcard_and_every_resource_only_where_the_reason_is_written_down(stack):
    why = program.load("aws_permissions").WHY_EVERYTHING
    policies = [*stack.policies(), ("look", role_document())]
    for name, policy in policies:
        assert not [one for one in policy["Statement"] if "NotAction" in one]
        for statement in iam.statements(policy, "Allow"):
            actions = iam.listed(statement["Action"])
            assert not [action for action in actions if "*" in action], name
            assert "NotResource" not in statement
            if "*" in iam.listed(statement["Resource"]):
                assert set(actions) <= why.keys(), name


def test_each_reason_for_every_resource_is_one_that_somebody_needs(made):
    why = program.load("aws_permissions").WHY_EVERYTHING
    needed = {
        action
        for name in CONFIGURATIONS
        for _, policy in made(name).policies()
        for one in iam.statements(policy, "Allow")
        if one["Resource"] == "*"
        for action in one["Action"]
    }
    assert needed == set(why)
    assert all(len(reason.split()) > 4 for reason in why.values())


def test_policies_name_what_is_really_made(stack):
    """Names are given, not drawn: what a policy names is there, or lies in another account."""
    there = {
        f"arn:aws:logs:{MUMBAI}:{HERE}:log-group:{one.inputs['name']}:log-stream:x" for one in stack.of("LogGroup")
    }
    for kind, prefix in (("Function", "lambda"), ("Table", "dynamodb"), ("Topic", "sns"), ("StateMachine", "states")):
        places = {"Function": "function:", "Table": "table/", "Topic": "", "StateMachine": "stateMachine:"}
        there |= {f"arn:aws:{prefix}:{MUMBAI}:{HERE}:{places[kind]}{one.inputs['name']}" for one in stack.of(kind)}
    for table in stack.of("Table"):
        for index in table.inputs.get("globalSecondaryIndexes", []):
            there.add(f"arn:aws:dynamodb:{MUMBAI}:{HERE}:table/{table.inputs['name']}/index/{index['name']}")
    for bucket in stack.of("Bucket"):
        arn = f"arn:aws:s3:::{bucket.inputs['bucket']}"
        there |= {arn, f"{arn}/config/domicile.yaml", f"{arn}/config/good/domicile.yaml"}
        there |= {f"{arn}/scans/000001/{name}" for name in ("worklist.json", "accounts/1/task", "settle/closing")}
        there |= {f"{arn}/{name}/provider=aws" for name in ("changes", "coverage", "inventory")}
    machine = stack.one("StateMachine", "scan").inputs["name"]
    there |= {f"arn:aws:states:{MUMBAI}:{HERE}:execution:{machine}{rest}" for rest in (":1", "/Accounts:1")}
    there.add(key_of(stack))
    elsewhere = re.compile(
        rf"arn:aws:iam::(\*|{BANK}|{SHOP}):role/.*|arn:aws:organizations::\*:(ou|root)/{ORGANISATION}/\*"
    )
    for name, policy in stack.policies():
        for statement in iam.statements(policy, "Allow"):
            for resource in iam.listed(statement["Resource"]):
                known = (
                    resource == "*"
                    or elsewhere.fullmatch(resource)
                    or [one for one in there if iam.like(one, resource)]
                )
                assert known, (name, resource)


@pytest.mark.parametrize("name", ["organisation", "listed", "single"])
def test_the_scanners_take_on_the_role_where_they_look_and_nowhere_else(made, name):
    stack = made(name)
    role = stack.settings.get("rolePath", "/") + stack.settings.get("role", "domicile-look")
    for step, policy in stack.policies():

        def may(account, policy=policy):
            return iam.allowing(policy, "sts:AssumeRole", f"arn:aws:iam::{account}:role{role}") is not None

        scanner = step in {"plan", "collect"}
        assert may(BANK) is (scanner and name != "single"), step
        assert may("999999999999") is (scanner and name == "organisation"), step


IGNORED = {
    # The linter knows policies of identities and of resources, no trust.
    ("assumeRolePolicy", "MALFORMED", ""): "whom a role trusts is about the role itself",
    ("key", "RESOURCE_STAR", ""): "in the policy of a key, every resource is the key",
    ("key", "MISMATCHED_TYPE", ""): "CloudWatch's guide compares the log group in the encryption context as an ARN",
    ("key", "PERMISSIONS_MANAGEMENT_ACTIONS", ""): "without them nobody could ever change the policy of the key",
    ("notices", "PERMISSIONS_MANAGEMENT_ACTIONS", ""): "this account's own policies decide who changes the topic",
    ("alarms", "PERMISSIONS_MANAGEMENT_ACTIONS", ""): "this account's own policies decide who changes the topic",
    ("scan", "PERMISSIONS_MANAGEMENT_ACTIONS", "logs:putresourcepolicy"): "Step Functions delivers its log by it",
    ("scan", "RESOURCE_MISMATCH", "states:DescribeExecution"): "it wants express executions named too; there are none",
    ("collect", "CREDENTIALS_EXPOSURE", "sts:assumerole"): "this is how other accounts are looked into",
    ("plan", "CREDENTIALS_EXPOSURE", "sts:assumerole"): "this is how other accounts are looked into",
}
"""What the linter finds and we keep, by role or input, kind and action; and why."""


NEWER = {"observabilityadmin", "s3tables", "s3vectors"}
"""Services that the linter's list of actions is too old for; where it does not know an action, it looks no further."""


def is_newer(action):
    """Whether it is an action of such a service, named as an operation of the SDK's is."""
    service, _, name = action.partition(":")
    return service in NEWER and name in botocore.session.get_session().get_service_model(service).operation_names


def known(text):
    """A policy without the actions that the linter cannot know."""
    policy = json.loads(text)
    for statement in policy["Statement"]:
        if isinstance(statement.get("Action"), list):
            statement["Action"] = [action for action in statement["Action"] if not is_newer(action)]
    return json.dumps(policy)


def findings(name, kind, text):
    """What the linter says, but for actions on every resource that are in the table of reasons, and for those newer
    than the linter."""
    why = program.load("aws_permissions").WHY_EVERYTHING
    for found in parliament.analyze_policy_string(known(text), include_community_auditors=True).findings:
        if found.issue == "RESOURCE_STAR" and kind == "role" and set(found.detail) <= why.keys():
            continue
        actions = found.location.get("actions") or [one["action"] for one in found.detail if isinstance(one, dict)]
        where = kind if kind == "assumeRolePolicy" else name
        yield from {(where, found.issue, action if kind == "role" else "") for action in actions or [""]}


def test_the_linter_finds_nothing_that_is_not_explained(made):
    said = set()
    for name in CONFIGURATIONS:
        stack = made(name)
        for one in stack.resources:
            for kind in ("policy", "assumeRolePolicy"):
                if kind in one.inputs:
                    of_role = kind == "policy" and one.kind == "RolePolicy"
                    said |= set(findings(one.name, "role" if of_role else kind, one.inputs[kind]))
        for template in templates(stack):
            [policy] = template["Resources"]["Look"]["Properties"]["Policies"]
            said |= set(findings("look", "role", json.dumps(policy["PolicyDocument"])))
    assert said == set(IGNORED)


def test_the_linter_would_find_an_action_that_is_none():
    policy = role_document()
    policy["Statement"][0]["Action"].append("s3:LookAround")
    assert ("look", "UNKNOWN_ACTION", "") in set(findings("look", "role", json.dumps(policy)))


# How it runs


def test_functions_run_on_arm_with_the_python_they_are_packed_for_and_keep_their_own_log(stack):
    groups = {one.name: one.inputs["name"] for one in stack.of("LogGroup")}
    roles = {one.name: one.inputs for one in stack.of("Role")}
    assert {one.name for one in stack.of("Function")} == set(STEPS)
    for one in stack.of("Function"):
        its = one.inputs
        assert its["architectures"] == ["arm64"]
        assert its["runtime"] == f"python{AWS.python}"
        assert its["handler"] == f"{one.name}.handler"
        assert (program.ROOT / "functions" / "aws" / f"{one.name}.py").is_file()
        assert its["loggingConfig"]["logGroup"] == groups[one.name]
        assert its["role"] == f"arn:aws:iam::{HERE}:role{roles[one.name]['path']}{roles[one.name]['name']}"
        assert its["timeout"] == 900


def test_functions_are_told_where_everything_is(stack):
    prefix, settings = stack.settings.get("namePrefix", "domicile"), stack.settings
    for one in stack.of("Function"):
        said = one.inputs["environment"]["variables"]
        assert said == {
            "DOMICILE_STORE": f"dynamodb://{prefix}?region={MUMBAI}",
            "DOMICILE_WORK": f"s3://{stack.one('Bucket', 'work').inputs['bucket']}",
            "DOMICILE_EVIDENCE": f"s3://{stack.one('Bucket', 'evidence').inputs['bucket']}",
            "DOMICILE_TOPIC": f"arn:aws:sns:{MUMBAI}:{HERE}:{prefix}-notices",
            "DOMICILE_ACCOUNTS": settings.get("accounts", "organisation"),
            "DOMICILE_ROLE": (settings.get("rolePath", "/") + settings.get("role", "domicile-look")).removeprefix("/"),
            "DOMICILE_EXTERNAL_ID": settings.get("externalId", ""),
            "POWERTOOLS_SERVICE_NAME": one.name,
            "POWERTOOLS_METRICS_NAMESPACE": "Domicile",
            "POWERTOOLS_LOG_LEVEL": "INFO",
        }
        assert understood(said).store == said["DOMICILE_STORE"]


def test_functions_join_the_network_they_are_given_and_may_do_so(made):
    for one in made("listed").of("Function"):
        assert one.inputs["vpcConfig"] == {
            "subnetIds": ["subnet-0123456789abcdef0"],
            "securityGroupIds": ["sg-0123456789abcdef0"],
        }
    for one in made("organisation").of("Function"):
        assert "vpcConfig" not in one.inputs
    for name, joins in (("listed", True), ("organisation", False)):
        for step in STEPS:
            policy = dict(made(name).policies())[step]
            assert (iam.allowing(policy, "ec2:CreateNetworkInterface", "*") is not None) is joins


def test_only_the_collector_is_held_back_and_only_when_asked(made):
    for name, at_most in (("single", 20), ("organisation", None)):
        reserved = {one.name: one.inputs.get("reservedConcurrentExecutions") for one in made(name).of("Function")}
        assert reserved == dict.fromkeys(STEPS) | {"collect": at_most}


def test_the_state_machine_is_well_formed_and_calls_the_functions_that_are_made(stack):
    # The linter knows the language as published: AWS adds the input type and takes any number as a percentage.
    accepted = {
        'Field "InputType" not allowed in State Machine.States.Accounts.ItemReader.ReaderConfig',
        "State Machine.States.Accounts.ToleratedFailurePercentage is 100.0 but should be an Integer",
    }
    text = stack.one("StateMachine", "scan").inputs["definition"]
    assert {str(problem) for problem in Linter.validate(text)} == accepted
    called = {value for name, value in inside(json.loads(text)) if name == "FunctionName"}
    assert called == {f"arn:aws:lambda:{MUMBAI}:{HERE}:function:{one.inputs['name']}" for one in stack.of("Function")}
    policy = dict(stack.policies())["scan"]
    assert all(iam.allowing(policy, "lambda:InvokeFunction", function) for function in called)
    worklist = f"arn:aws:s3:::{stack.one('Bucket', 'work').inputs['bucket']}/scans/000007/worklist.json"
    assert iam.allowing(policy, "s3:GetObject", worklist)


@pytest.mark.parametrize(
    ("region", "country", "partition"),
    [("us-gov-west-1", "US", "aws-us-gov"), ("cn-north-1", "CN", "aws-cn"), (MUMBAI, "IN", "aws")],
)
def test_the_state_machine_calls_services_of_the_partition_it_is_in(project, region, country, partition):
    stack = program.stack(MEMBERS | {"country": country}, region, HERE, project)
    text = stack.one("StateMachine", "scan").inputs["definition"]
    called = {value for name, value in inside(json.loads(text)) if name == "Resource"}
    assert called == {f"arn:{partition}:states:::{what}" for what in ("lambda:invoke", "s3:getObject")}


def test_a_scan_starts_on_time_where_the_organisation_is(stack):
    [schedule] = stack.of("Schedule")
    machine = f"arn:aws:states:{MUMBAI}:{HERE}:stateMachine:{stack.one('StateMachine', 'scan').inputs['name']}"
    assert schedule.inputs["scheduleExpression"] == stack.settings.get("schedule", "cron(30 1 * * ? *)")
    assert schedule.inputs["scheduleExpressionTimezone"] == stack.settings.get("timezone", "Asia/Kolkata")
    assert schedule.inputs["flexibleTimeWindow"] == {"mode": "OFF"}
    assert schedule.inputs["target"]["arn"] == machine
    assert schedule.inputs["target"]["input"] == "{}"
    assert iam.allowing(dict(stack.policies())["schedule"], "states:StartExecution", machine)


ALARMS = {
    "scan-missed": ("ScansSettled", "settle", "breaching"),
    "superseded": ("ScansSuperseded", "settle", "notBreaching"),
    "coverage-lost": ("GapsBegun", "settle", "notBreaching"),
    "configuration-refused": ("ConfigurationRefused", "plan", "ignore"),
    "nobody-listens": ("SubscribersMissing", "notify", "ignore"),
}


def test_alarms_are_about_what_the_functions_count(stack):
    alarms = {one.name: one.inputs for one in stack.of("MetricAlarm")}
    assert alarms.keys() == ALARMS.keys() | {"scan-failed"}
    for name, (metric, step, missing) in ALARMS.items():
        its = alarms[name]
        assert (its["namespace"], its["metricName"], its["dimensions"]) == ("Domicile", metric, {"service": step})
        assert (its["treatMissingData"], its["period"]) == (missing, 3600)
        source = (program.ROOT / "functions" / "aws" / f"{step}.py").read_text("utf-8")
        assert f'add_metric("{metric}"' in source
        above = (its["comparisonOperator"], its["threshold"], its["evaluationPeriods"])
        if name == "scan-missed":
            hours = stack.settings.get("missedAfterHours", 26)
            assert above == ("LessThanThreshold", 1, hours)
            assert its["datapointsToAlarm"] == hours
        else:
            assert above == ("GreaterThanThreshold", 0, 1)


def test_an_execution_that_fails_is_late_or_is_stopped_raises_an_alarm(stack):
    its = stack.one("MetricAlarm", "scan-failed").inputs
    machine = f"arn:aws:states:{MUMBAI}:{HERE}:stateMachine:{stack.one('StateMachine', 'scan').inputs['name']}"
    metrics = {one["id"]: one for one in its["metricQueries"]}
    [told] = [one for one in metrics.values() if one.get("returnData")]
    summands = [re.fullmatch(r"FILL\((\w+), 0\)", one)[1] for one in told["expression"].split(" + ")]
    assert {metrics[name]["metric"]["metricName"] for name in summands} == {
        "ExecutionsAborted",
        "ExecutionsFailed",
        "ExecutionsTimedOut",
    }
    for one in metrics.values():
        if "metric" in one:
            assert (one["metric"]["namespace"], one["metric"]["stat"]) == ("AWS/States", "Sum")
            assert one["metric"]["dimensions"] == {"StateMachineArn": machine}
    assert (its["comparisonOperator"], its["threshold"], its["treatMissingData"]) == (
        "GreaterThanThreshold",
        0,
        "notBreaching",
    )


def test_each_alarm_goes_to_a_topic_that_cloudwatch_may_publish_to(stack):
    prefix = stack.settings.get("namePrefix", "domicile")
    topic = f"arn:aws:sns:{MUMBAI}:{HERE}:{prefix}-alarms"
    policy = stack.one("TopicPolicy", "alarms").document("policy")
    allowed = {"Statement": [one for one in policy["Statement"] if one["Effect"] == "Allow"]}
    assert {"Service": "cloudwatch.amazonaws.com"} in [one["Principal"] for one in allowed["Statement"]]
    for alarm in stack.of("MetricAlarm"):
        assert alarm.inputs["alarmActions"] == [topic]
        assert set(alarm.inputs["okActions"]) <= {topic}
        assert alarm.inputs["alarmDescription"].endswith(".")
        source = {
            "aws:SourceAccount": HERE,
            "aws:SourceArn": f"arn:aws:cloudwatch:{MUMBAI}:{HERE}:alarm:{alarm.inputs['name']}",
        }
        [statement] = [one for one in allowed["Statement"] if "Service" in one["Principal"]]
        assert iam.allowing({"Statement": [statement]}, "sns:Publish", topic, source)
        assert not iam.allowing({"Statement": [statement]}, "sns:Publish", topic, source | {"aws:SourceAccount": BANK})
    assert "Service" not in str(stack.one("TopicPolicy", "notices").inputs["policy"])


def subscriptions(stack):
    return sorted(
        (one.inputs["topic"].rpartition("-")[2], one.inputs["endpoint"], one.inputs.get("filterPolicy", ""))
        for one in stack.of("TopicSubscription")
    )


def test_notices_and_alarms_go_to_whom_was_named(made):
    assert subscriptions(made("organisation")) == [
        ("alarms", "security@example.com", ""),
        ("notices", "security@example.com", ""),
    ]
    assert subscriptions(made("listed")) == [
        ("alarms", "cloud@example.com", ""),
        ("notices", "payments@example.com", '{"route": ["payments"]}'),
        ("notices", "security@example.com", ""),
    ]
    assert {one.inputs["protocol"] for one in made("listed").of("TopicSubscription")} == {"email"}


# How it is used


def parsed(words):
    """The command of the command line, given all it needs."""
    command, given, context = typer.main.get_command(cli.app), words, None
    while True:
        context = command.make_context(command.name or "domicile", list(given), parent=context)
        if not hasattr(command, "commands"):
            return context.command_path
        _, command, given = command.resolve_command(context, [*context._protected_args, *context.args])


def commands(stack):
    for value in stack.outputs.values():
        for text in value.values() if isinstance(value, dict) else [value]:
            for command in text.split(" && "):
                words = shlex.split(command) if command.startswith(("aws ", "domicile ", "pulumi ")) else [""]
                if words[0]:
                    yield words


def test_outputs_that_are_commands_are_commands(stack):
    session = botocore.session.Session()
    known = set()
    for program_, *words in commands(stack):
        known.add(program_)
        if program_ == "domicile":
            assert parsed(words).startswith("domicile ")
        elif program_ == "aws" and words[:2] == ["logs", "tail"]:
            # The tool's own, not the SDK's.
            assert words[-1] in {one.inputs["name"] for one in stack.of("LogGroup")}
        elif program_ == "aws":
            model = session.get_service_model(words[0])
            operation = {botocore.xform_name(name, "-"): name for name in model.operation_names}[words[1]]
            members = model.operation_model(operation).input_shape.members
            options = {botocore.xform_name(name, "-") for name in members} | {"region"}
            assert {word.removeprefix("--") for word in words[2:] if word.startswith("--")} <= options
        else:
            assert words[0] in {"config", "up", "destroy"}
    assert known == {"aws", "domicile", "pulumi"}
    with pytest.raises(Exception, match="No such option"):
        parsed(["config", "pull", "--source", "s3://work"])


def test_the_question_for_athena_is_about_columns_there_are(stack):
    [table] = [one for one in stack.of("CatalogTable") if one.name == "inventory"]
    columns = {one["name"] for one in table.inputs["storageDescriptor"]["columns"]}
    columns |= {one["name"] for one in table.inputs["partitionKeys"]}
    question = stack.outputs["copiesAbroad"]
    database = stack.one("CatalogDatabase", "evidence").inputs["name"]
    asked = re.fullmatch(
        rf"SELECT (?P<asked>.+) FROM {database}\.inventory WHERE (\w+) >= .+ AND (\w+) IS DISTINCT FROM 'IN' ORDER BY (\w+)",
        question,
    )
    assert {*asked["asked"].split(", "), *asked.groups()[1:]} <= columns


def test_tables_for_athena_lie_where_evidence_is_written(stack):
    bucket = stack.one("Bucket", "evidence").inputs["bucket"]
    tables = {one.name: one.inputs for one in stack.of("CatalogTable")}
    assert tables.keys() == {"changes", "coverage", "inventory"}
    for name, table in tables.items():
        descriptor, parameters = table["storageDescriptor"], table["parameters"]
        assert descriptor["location"] == f"s3://{bucket}/{name}/"
        template = f"s3://{bucket}/{name}/provider=${{provider}}/day=${{day}}/"
        assert parameters["storage.location.template"] == template
        partitions = {one["name"] for one in table["partitionKeys"]}
        assert partitions == {"provider", "day"}
        names = [one["name"] for one in descriptor["columns"]]
        assert len({*names, *partitions}) == len(names) + 2, "no column twice"


def test_every_setting_is_described_with_the_default_it_has_and_the_cloud_it_is_for():
    settings = program.load("stack_settings")
    described = yaml.safe_load((program.ROOT / "Pulumi.yaml").read_text("utf-8"))["config"]
    known = {cloud: settings.fields(kind) for cloud, (_, kind) in settings.CLOUDS.items()}
    assert described.keys() == {name for own in known.values() for name in own}
    for cloud, (title, _) in settings.CLOUDS.items():
        for name, field in known[cloud].items():
            alone = sum(name in own for own in known.values()) == 1
            assert described[name]["description"].startswith(f"{title}: ") is alone, name
            if field.required:
                assert "default" not in described[name], name
            else:
                assert described[name]["default"] == settings.default_of(field), name


# What is refused


def mistakes(settings, region, project):
    stack = program.load("aws_stack")
    with pytest.raises(program.load("stack_settings").Mistakes) as refused:
        stack.checked(program.written(settings), region, project)
    return [sentence.replace(f"{project}/", "") for sentence in refused.value.sentences]


INDIA = "regions of AWS in India: ap-south-1, ap-south-2"
LISTED = EVERYBODY | {"accounts": f"{BANK},{SHOP}", "grants": "external"}
LOG_DAYS = "1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653"
WRONG = {
    "a home abroad": (
        MEMBERS,
        "eu-west-1",
        f"aws:region: eu-west-1 lies in Ireland, not in India; {INDIA}",
    ),
    "a region nobody knows": (
        MEMBERS,
        "ap-south-9",
        f"aws:region: 'ap-south-9' is no region whose country is known; {INDIA}",
    ),
    "no region": (MEMBERS, "", f"aws:region is not set; {INDIA}"),
    "no such country": (
        MEMBERS | {"country": "India"},
        MUMBAI,
        "domicile:country: 'India' is no ISO code of a country, such as IN",
    ),
    "a country without a region": (
        MEMBERS | {"country": "NP"},
        MUMBAI,
        "aws:region: ap-south-1 lies in India, not in Nepal; AWS has no region in Nepal",
    ),
    "an address that is none": (
        MEMBERS | {"emails": [{"address": "security at example.com"}]},
        MUMBAI,
        "domicile:emails[0].address: 'security at example.com' is no e-mail address",
    ),
    "an address for alarms that is none": (
        MEMBERS | {"alarmEmails": ["cloud@example.com", "cloud"]},
        MUMBAI,
        "domicile:alarmEmails[1]: 'cloud' is no e-mail address",
    ),
    "nobody to tell": (MEMBERS | {"emails": []}, MUMBAI, "domicile:emails names nobody: notices would go nowhere"),
    "an unknown setting": (
        MEMBERS | {"retention": 30},
        MUMBAI,
        "domicile:retention is no setting; did you mean 'retentionDays'?",
    ),
    "a setting for the other cloud": (
        MEMBERS | {"managementGroup": "top"},
        MUMBAI,
        "domicile:managementGroup is a setting for Azure, and this stack is for AWS",
    ),
    "a missing setting": (
        {name: value for name, value in MEMBERS.items() if name != "emails"},
        MUMBAI,
        "domicile:emails is not set",
    ),
    "a number that is none": (
        MEMBERS | {"retentionDays": "two years"},
        MUMBAI,
        "domicile:retentionDays: is a whole number, not 'two years'",
    ),
    "yes for true": (
        MEMBERS | {"keepData": "yes"},
        MUMBAI,
        "domicile:keepData: is true or false, not 'yes'",
    ),
    "no choice": (MEMBERS | {"grants": "some"}, MUMBAI, "domicile:grants: is create or external, not 'some'"),
    "a text where a list is due": (
        MEMBERS | {"units": "r-exam"},
        MUMBAI,
        "domicile:units: is a list in JSON, not 'r-exam'",
    ),
    "a text where names and values are due": (
        MEMBERS | {"tags": "team=cloud"},
        MUMBAI,
        "domicile:tags: is an object in JSON, not 'team=cloud'",
    ),
    "an e-mail with an unknown part": (
        MEMBERS | {"emails": [{"address": "security@example.com", "channel": "x"}]},
        MUMBAI,
        "domicile:emails: Object contains unknown field `channel` - at `$[0]`",
    ),
    "too short a life": (
        MEMBERS | {"retentionDays": 7},
        MUMBAI,
        "domicile:retentionDays: is 30 to 36500, not 7",
    ),
    "an unknown route": (
        MEMBERS | {"emails": [{"address": "security@example.com", "route": "payment"}]},
        MUMBAI,
        "domicile:emails[0].route: 'payment' is no route of the organisation file; did you mean 'payments'?",
    ),
    "accounts outside an organisation without an external id": (
        LISTED,
        MUMBAI,
        "domicile:externalId is not set: accounts outside an organisation are entered with an external id only",
    ),
    "accounts that are listed and created in": (
        LISTED | {"grants": "create", "externalId": "an-agreed-word"},
        MUMBAI,
        "domicile:grants: roles can be created in an organisation only; for a list of accounts say external",
    ),
    "an account that is none": (
        LISTED | {"accounts": f"{BANK},4444", "externalId": "an-agreed-word"},
        MUMBAI,
        "domicile:accounts: is organisation, single, or account ids of 12 digits with commas between, not '4444'",
    ),
    "no organisation": (
        {name: value for name, value in MEMBERS.items() if name != "organisationId"},
        MUMBAI,
        "domicile:organisationId is not set: only roles of this organisation may look into its accounts",
    ),
    "no units": (
        MEMBERS | {"units": []},
        MUMBAI,
        "domicile:units is not set: the root (r-…) or the units (ou-…) in whose accounts the role is created",
    ),
    "a unit that is none": (
        MEMBERS | {"units": ["Production"]},
        MUMBAI,
        "domicile:units[0]: 'Production' is not the id of a root (r-…) or of a unit (ou-…)",
    ),
    "a management profile where this is the management account": (
        MEMBERS | {"managementProfile": "management"},
        MUMBAI,
        "domicile:managementProfile is for callAs DELEGATED_ADMIN: otherwise this is the management account",
    ),
    "a key abroad": (
        MEMBERS | {"keyArn": OWN_KEY.replace(MUMBAI, "ap-south-2")},
        MUMBAI,
        "domicile:keyArn: the key must lie in ap-south-1",
    ),
    "a key by its alias": (
        MEMBERS | {"keyArn": f"arn:aws:kms:{MUMBAI}:{HERE}:alias/evidence"},
        MUMBAI,
        f"domicile:keyArn: 'arn:aws:kms:{MUMBAI}:{HERE}:alias/evidence' is not the ARN of a KMS key, not of an alias",
    ),
    "a path AWS would refuse": (
        MEMBERS | {"rolePath": "/a!/"},
        MUMBAI,
        "domicile:rolePath: '/a!/' is not a path that begins and ends with /, of letters, digits and any of +=,.@-",
    ),
    "a schedule that is none": (
        MEMBERS | {"schedule": "daily"},
        MUMBAI,
        "domicile:schedule: 'daily' is neither cron(…) of six fields nor rate(…)",
    ),
    "a time zone that is none": (
        MEMBERS | {"timezone": "Asia/Atlantis"},
        MUMBAI,
        "domicile:timezone: 'Asia/Atlantis' is no time zone, such as Asia/Kolkata",
    ),
    "subnets without security groups": (
        MEMBERS | {"subnets": ["subnet-0123456789abcdef0"]},
        MUMBAI,
        "domicile:subnets and domicile:securityGroups go together",
    ),
    "days for which CloudWatch keeps nothing": (
        MEMBERS | {"logDays": 100},
        MUMBAI,
        f"domicile:logDays: CloudWatch keeps logs for {LOG_DAYS} days, not 100",
    ),
    "a reader that is none": (
        MEMBERS | {"readers": ["analyst"]},
        MUMBAI,
        "domicile:readers[0]: 'analyst' is not the ARN of a role, a user or an account's root",
    ),
    "an entity without a reader": (
        MEMBERS | {"readerEntity": "bulbul-payments"},
        MUMBAI,
        "domicile:readerEntity narrows what domicile:readers may read, and that names nobody",
    ),
    "no organisation file": (
        MEMBERS | {"organisationFile": "elsewhere.yaml"},
        MUMBAI,
        "domicile:organisationFile: elsewhere.yaml: cannot be read: No such file or directory",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_setting_is_refused_in_one_sentence(project, case):
    settings, region, sentence = WRONG[case]
    assert mistakes(settings, region, project) == [sentence]


NOT_BESIDE = "must, to be deployed, be the plain name of another file beside domicile.yaml, ending in .yaml"


def test_the_defaults_of_the_other_cloud_which_pulumi_gives_every_stack_are_no_mistake(project):
    described = yaml.safe_load((program.ROOT / "Pulumi.yaml").read_text("utf-8"))["config"]
    defaults = {name: said["default"] for name, said in described.items() if "default" in said}
    given = program.written({name: value for name, value in defaults.items() if name != "cloud"})
    settings, _ = program.load("aws_stack").checked(given | program.written(MEMBERS), MUMBAI, project)
    assert settings == program.load("aws_stack").checked(program.written(MEMBERS), MUMBAI, project)[0]


def test_all_mistakes_are_told_at_once(project):
    wrong = {"country": "IN", "retentionDays": "long", "organisationFile": "elsewhere.yaml", "tag": "x"}
    assert mistakes(wrong, MUMBAI, project) == [
        "domicile:tag is no setting; did you mean 'tags'?",
        "domicile:emails is not set",
        "domicile:retentionDays: is a whole number, not 'long'",
        "domicile:organisationFile: elsewhere.yaml: cannot be read: No such file or directory",
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("entitys: []\n", "domicile.yaml:1: entitys: unknown key 'entitys'; did you mean 'entities'?"),
        (
            "version: 1\npolicy_files: [rules/own.yaml]\n",
            f"domicile.yaml:2: policy_files: {NOT_BESIDE}, not 'rules/own.yaml'",
        ),
        (
            "version: 1\npolicy_files: [../own.yaml]\n",
            f"domicile.yaml:2: policy_files: {NOT_BESIDE}, not '../own.yaml'",
        ),
        (
            "version: 1\npolicy_files: [own.yaml]\n",
            "own.yaml: cannot be read: No such file or directory",
        ),
    ],
)
def test_a_wrong_organisation_file_is_refused_in_one_sentence(tmp_path, text, sentence):
    project = a_project(tmp_path / "domicile")
    (project / "domicile.yaml").write_text(text, encoding="utf-8")
    assert mistakes(MEMBERS, MUMBAI, project) == [f"domicile:organisationFile: {sentence}"]


def test_without_the_bundle_nothing_is_deployed(tmp_path):
    project = a_project(tmp_path / "domicile")
    (project / "build" / "aws" / "functions.zip").unlink()
    assert mistakes(MEMBERS, MUMBAI, project) == ["build/aws/functions.zip is not there: run `make build`"]


def test_a_mistake_keeps_everything_from_being_made(project):
    with pytest.raises(program.load("stack_settings").Mistakes):
        program.stack(MEMBERS | {"country": "DE"}, MUMBAI, HERE, project)
