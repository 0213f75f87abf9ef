"""What AWS says in its own words becomes domicile's; one set of clients serves all accounts without mixing them up."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import botocore.session
import pytest
from botocore.exceptions import ClientError

from domicile import __version__
from domicile.demo.cloud import LocalCloud
from domicile.errors import CloudError
from domicile.model import Vocabulary
from domicile.providers.aws.arn import arn, in_full, partition, place
from domicile.providers.aws.organisation import Aws
from domicile.providers.aws.session import AwsCloud, Session, refusal
from domicile.providers.service import NotOffered, Refused, Vanished

GROUP, SHOP, PAY = "111111111111", "222222222222", "333333333333"
MUMBAI = "ap-south-1"


@pytest.fixture(name="cloud", scope="module")
def a_cloud():
    with LocalCloud() as cloud:
        cloud.organisation({GROUP: "group", SHOP: "shop", PAY: "pay"})
        for account in (GROUP, SHOP, PAY):
            where = {"LocationConstraint": MUMBAI}
            cloud.client("s3", MUMBAI, account).create_bucket(Bucket=f"of-{account}", CreateBucketConfiguration=where)
        yield cloud


@pytest.fixture(name="session")
def a_session(cloud, monkeypatch):
    for name, value in cloud.environment().items():
        monkeypatch.setenv(name, value)
    session = Session(role="reader", attempts=1)
    cloud.calls.clear()
    yield session
    session.close()
    cloud.allow()


def buckets(session, account=""):
    pages = session.cloud("s3", MUMBAI, account).pages("list_buckets", MaxBuckets=10000)
    return [bucket["Name"] for page in pages for bucket in page["Buckets"]]


def test_the_caller_sees_its_own_account(session):
    account, caller = session.identity()
    assert (account, caller.split(":")[:2]) == (GROUP, ["arn", "aws"])
    assert buckets(session) == [f"of-{GROUP}"]


def test_a_role_sees_the_account_it_is_in(session):
    assert buckets(session, SHOP) == [f"of-{SHOP}"]


def test_all_accounts_are_asked_at_once_without_mixing_them_up(session):
    accounts = ["", SHOP, PAY] * 10
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda account: buckets(session, account), accounts))
    assert answers == [[f"of-{account or GROUP}"] for account in accounts]


def test_each_region_is_asked_under_its_own_name(cloud, session):
    for region in (MUMBAI, "us-east-1", "cn-north-1"):
        session.cloud("dynamodb", region).call("list_tables")
        session.cloud("dynamodb", MUMBAI).call("list_tables", region=region)
    assert [call.region for call in cloud.calls] == [MUMBAI] * 2 + ["us-east-1"] * 2 + ["cn-north-1"] * 2


def test_pages_of_two_accounts_may_be_read_in_turns(cloud, session):
    for account in (SHOP, PAY):
        for name in "ab":
            cloud.client("sqs", MUMBAI, account).create_queue(QueueName=f"{name}-{account}")
    readers = [
        session.cloud("sqs", MUMBAI, account).pages("list_queues", PaginationConfig={"PageSize": 1})
        for account in (SHOP, PAY)
    ]
    for page, other in zip(*readers, strict=True):
        assert SHOP in page["QueueUrls"][0]
        assert PAY in other["QueueUrls"][0]


def test_a_role_is_taken_on_once(cloud, session):
    for _ in range(3):
        buckets(session, SHOP)
    assert [call.operation for call in cloud.calls].count("AssumeRole") == 1


def test_a_role_about_to_expire_is_taken_on_again(cloud, session):
    def soon_over(asked, own):
        answer = own()
        if PAY not in asked.parameters["RoleArn"]:
            return answer
        answer["Credentials"]["Expiration"] = datetime.now(UTC) + timedelta(minutes=5)
        return answer

    cloud.answer("sts", "AssumeRole", soon_over)
    buckets(session, PAY)
    cloud.calls.clear()
    buckets(session, PAY)
    assert "AssumeRole" in [call.operation for call in cloud.calls]


def test_the_external_id_is_shown_when_a_role_is_taken_on(cloud, session):
    shown = []

    def note(asked, own):
        shown.append(asked.parameters.get("ExternalId"))
        return own()

    cloud.answer("sts", "AssumeRole", note)
    for external_id in ("", "agreed"):
        other = Session(role="reader", external_id=external_id, attempts=1)
        buckets(other, SHOP)
        other.close()
    assert shown == [None, "agreed"]


def test_domicile_says_who_it_is(session):
    assert f"domicile/{__version__}" in session.transport.api("s3").agent


def test_a_role_that_cannot_be_taken_on_is_missing(cloud, session):
    cloud.refuse_role(SHOP)
    with pytest.raises(Refused) as refused:
        buckets(session, SHOP)
    assert refused.value.reason == "role-missing"
    assert buckets(session, PAY) == [f"of-{PAY}"]


LOOKING = (
    "User: arn:aws:sts::222222222222:assumed-role/reader/domicile is not authorized to perform: s3:ListAllMyBuckets"
)
POLICY = "arn:aws:organizations::111111111111:policy/o-exampleorgid/service_control_policy/p-example1"


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("with an explicit deny in a service control policy", "denied-by-scp"),
        (f"with an explicit deny in a service control policy: {POLICY}", "denied-by-scp"),
        ("because no service control policy allows the s3:ListAllMyBuckets action", "denied-by-scp"),
        ("on resource: * with an explicit deny in a resource control policy", "denied-by-scp"),
        ("because no resource control policy allows the s3:ListAllMyBuckets action", "denied-by-scp"),
        ("with an explicit deny", "denied"),
        ("with an explicit deny in an identity-based policy", "denied"),
        ("because no identity-based policy allows the s3:ListAllMyBuckets action", "denied"),
        ("because no permissions boundary allows the s3:ListAllMyBuckets action", "denied"),
        ("because no session policy allows the s3:ListAllMyBuckets action", "denied"),
        ("with an explicit deny in a VPC endpoint policy", "denied"),
        ("on resource: arn:aws:s3:::service-control-policies", "denied"),
    ],
)
def test_what_the_organisation_forbids_is_told_from_a_permission_that_is_missing(said, reason):
    for code in ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "WhateverException"):
        error = ClientError({"Error": {"Code": code, "Message": f"{LOOKING} {said}"}}, "ListBuckets")
        assert refusal(error).reason == reason


def test_a_text_that_is_another_one_each_time_is_no_part_of_a_refusal():
    said = f"{LOOKING} with an explicit deny in a service control policy: {POLICY}"
    encoded = f"{said}. Encoded authorization failure message: 6tKHvyVO2ByVHAqQ"
    error = ClientError({"Error": {"Code": "UnauthorizedOperation", "Message": encoded}}, "DescribeRegions")
    assert refusal(error).message == f"{said}."


def test_a_role_that_the_organisation_forbids_to_take_on_is_not_missing():
    for said, reason in (
        (f"with an explicit deny in a service control policy: {POLICY}", "denied-by-scp"),
        ("", "role-missing"),
    ):
        error = ClientError({"Error": {"Code": "AccessDenied", "Message": f"{LOOKING} {said}"}}, "AssumeRole")
        assert refusal(error).reason == reason


@pytest.mark.parametrize("code", ["ExpiredToken", "InvalidClientTokenId"])
def test_credentials_that_end_before_a_role_is_taken_on_end_the_scan(cloud, session, code):
    cloud.deny("sts", "AssumeRole", code=code)
    with pytest.raises(CloudError, match="aws sso login"):
        buckets(session, SHOP)


@pytest.mark.parametrize(
    ("code", "message", "reason"),
    [
        ("AccessDenied", "", "denied"),
        ("AccessDenied", "… with an explicit deny in a service control policy", "denied-by-scp"),
        ("OptInRequired", "", "region-off"),
        ("InvalidAccessKeyId", "", "region-off"),
        ("Whatever", "went wrong", "error"),
    ],
)
def test_every_refusal_has_a_reason(cloud, session, code, message, reason):
    cloud.deny("s3", "ListBuckets", code=code, message=message)
    with pytest.raises(Refused) as refused:
        buckets(session)
    assert (refused.value.code, refused.value.reason) == (code, reason)


@pytest.mark.parametrize(
    ("service", "operation", "name"),
    [
        ("dynamodb", "ListTables", "list_tables"),
        ("rds", "DescribeDBInstances", "describe_db_instances"),
        ("ec2", "DescribeRegions", "describe_regions"),
        ("s3", "ListBuckets", "list_buckets"),
        ("account", "ListRegions", "list_regions"),
        ("cloudwatch", "ListMetrics", "list_metrics"),
    ],
)
def test_denials_and_throttling_are_known_in_every_protocol(cloud, session, service, operation, name):
    for refuse, reason in ((cloud.deny, "denied"), (cloud.throttle, "throttled")):
        refuse(service, operation)
        with pytest.raises(Refused) as refused:
            session.cloud(service, MUMBAI).call(name)
        assert refused.value.reason == reason


def test_the_first_page_is_given_before_the_second_is_refused(cloud, session):
    for name in ("one", "two"):
        cloud.client("dynamodb", MUMBAI, GROUP).create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
    cloud.break_page("dynamodb", "ListTables")
    pages = session.cloud("dynamodb", MUMBAI).pages("list_tables", Limit=100)
    assert next(pages)["TableNames"] == ["one"]
    with pytest.raises(Refused):
        next(pages)


def test_what_is_gone_has_vanished(session):
    with pytest.raises(Vanished) as gone:
        session.cloud("s3", MUMBAI).call("get_bucket_replication", Bucket="never-was")
    assert gone.value.code == "NoSuchBucket"


def test_a_setting_that_is_not_there_has_not_vanished(session):
    with pytest.raises(Refused) as absent:
        session.cloud("s3", MUMBAI).call("get_bucket_replication", Bucket=f"of-{GROUP}")
    assert absent.value.code == "ReplicationConfigurationNotFoundError"
    assert not isinstance(absent.value, Vanished)


def test_a_header_comes_with_an_answer_and_with_a_refusal_but_not_from_nothing(session):
    head = session.cloud("s3", MUMBAI).header
    for bucket, region in ((f"of-{GROUP}", MUMBAI), (f"of-{PAY}", MUMBAI), ("never-was", "")):
        assert head("head_bucket", "x-amz-bucket-region", Bucket=bucket) == region


def test_a_listing_without_a_paginator_in_the_sdk_is_read_to_its_end(cloud, session):
    def page(asked, _):
        rest = {"IsTruncated": True, "NextContinuationToken": "more"}
        return {"IsTruncated": False} if "ContinuationToken" in asked.parameters else rest

    cloud.answer("s3", "ListBucketInventoryConfigurations", page)
    cloud_of = session.cloud("s3", MUMBAI)
    pages = list(cloud_of.pages("list_bucket_inventory_configurations", Bucket=f"of-{GROUP}"))
    assert [page["IsTruncated"] for page in pages] == [True, False]


def test_a_call_to_another_service_goes_to_that_in_the_same_region_and_account(cloud, session):
    logs = session.cloud("logs", MUMBAI, PAY)
    list(logs.pages("cloudwatch.list_metrics", Namespace="AWS/Logs"))
    logs.call("describe_destinations")
    asked = [(one.service, one.operation, one.account, one.region) for one in cloud.calls if one.service != "sts"]
    assert asked == [
        ("cloudwatch", "ListMetrics", PAY, MUMBAI),
        ("logs", "DescribeDestinations", PAY, MUMBAI),
    ]


def test_a_listing_that_turns_in_circles_is_refused(cloud, session):
    circle = {"IsTruncated": True, "NextContinuationToken": "again"}
    cloud.answer("s3", "ListBucketInventoryConfigurations", circle)
    with pytest.raises(Refused, match="same page"):
        list(session.cloud("s3", MUMBAI).pages("list_bucket_inventory_configurations", Bucket=f"of-{GROUP}"))


def test_a_call_the_sdk_cannot_make_is_a_refusal_too(session):
    with pytest.raises(Refused) as refused:
        session.cloud("s3", MUMBAI).call("get_bucket_replication")
    assert (refused.value.code, refused.value.reason) == ("ParamValidationError", "error")


def test_an_unreachable_service_is_not_offered_only_where_the_sdk_knows_of_none(session, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    other = Session(role="reader", attempts=1)
    with pytest.raises(NotOffered):
        other.cloud("apprunner", "af-south-1").call("list_services")
    # A service that is there, a region newer than the SDK, a service spoken to in one place only.
    for service, region, operation in (
        ("dynamodb", MUMBAI, "list_tables"),
        ("dynamodb", "ap-southeast-99", "list_tables"),
        ("organizations", "us-east-1", "list_accounts"),
    ):
        with pytest.raises(Refused) as refused:
            other.cloud(service, region).call(operation)
        assert (refused.value.code, refused.value.reason) == ("EndpointConnectionError", "error")
    other.close()


def test_a_service_that_is_not_there_does_not_end_in_fewer_accounts_or_regions(session, monkeypatch):
    def call(cloud, operation, **_):
        raise NotOffered(operation)

    provider = Aws(session, (), Vocabulary({}, {}))
    monkeypatch.setattr(AwsCloud, "pages", call)
    assert provider.regions(SHOP).on
    with pytest.raises(CloudError, match="organisation cannot be listed"):
        provider.accounts()
    monkeypatch.setattr(AwsCloud, "call", call)
    with pytest.raises(CloudError, match="whose credentials"):
        session.identity()


def test_without_credentials_one_sentence_says_what_to_do(cloud, monkeypatch):
    for name, value in cloud.environment().items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    with pytest.raises(CloudError, match="aws sso login"):
        Session()
    monkeypatch.setenv("AWS_PROFILE", "unheard-of")
    with pytest.raises(CloudError, match="unheard-of"):
        Session()


@pytest.mark.parametrize("code", ["ExpiredToken", "InvalidClientTokenId"])
def test_credentials_that_ended_are_no_refusal_of_one_listing(cloud, session, code):
    cloud.deny("sts", "GetCallerIdentity", code=code)
    with pytest.raises(CloudError, match=f"aws sso login.*{code}"):
        session.identity()


def test_credentials_that_end_halfway_end_the_scan(cloud, session):
    cloud.deny("s3", "ListBuckets", code="ExpiredToken")
    with pytest.raises(CloudError, match="aws sso login"):
        buckets(session)


def test_an_error_without_a_code_is_an_error():
    assert refusal(ClientError({"Error": {}}, "ListBuckets")).reason == "error"


def test_names_are_put_together_in_the_partition_of_their_region():
    session = botocore.session.Session()
    for name in session.get_available_partitions():
        for region in session.get_available_regions("ec2", name):
            assert partition(region) == name
    assert arn("rds", "cn-north-1", "1", "db:x") == "arn:aws-cn:rds:cn-north-1:1:db:x"
    assert in_full("x", "rds", "db", "us-east-1", "1") == "arn:aws:rds:us-east-1:1:db:x"


def test_only_a_zone_out_of_the_ordinary_is_part_of_a_place():
    zones = ("", "us-east-1a", "us-east-1-qro-1a")
    assert [place("us-east-1", zone).zone for zone in zones] == ["", "", "us-east-1-qro-1a"]
