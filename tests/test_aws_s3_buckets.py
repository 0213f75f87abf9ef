from collections import Counter
from datetime import UTC, datetime

import pytest

from domicile.collect import collect, fold
from domicile.demo.cloud import MANAGEMENT, LocalCloud
from domicile.demo.planting import Plot
from domicile.discover import discover
from domicile.model import Cell, Location, Resource, Scope
from domicile.providers import aws
from domicile.providers.aws import s3, s3_delivery, s3_directory, s3_encryption, s3_tables, s3_vectors
from domicile.providers.service import Refused
from recorded_cloud import RecordedCloud, recorded

ACCOUNT = "111122223333"
GLOBAL, MUMBAI = Cell("aws", ACCOUNT, "global"), Cell("aws", ACCOUNT, "ap-south-1")
BUCKET = {"Name": "ledger", "BucketRegion": "ap-south-1", "CreationDate": datetime(2024, 3, 5, tzinfo=UTC)}
ARN = "arn:aws:s3:::ledger"
KEY = f"arn:aws:kms:ap-south-1:{ACCOUNT}:key/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"


def logging(target):
    return {"logging": {"LoggingEnabled": {"TargetBucket": target, "TargetPrefix": ""}}}


def inventory(target, **more):
    destination = {"Bucket": f"arn:aws:s3:::{target}", "Format": "CSV"} | more
    return {"Id": "nightly", "IsEnabled": True, "Destination": {"S3BucketDestination": destination}}


def inventories(*configurations):
    return {"inventories": {"configurations": list(configurations)}}


def encryption(**default):
    rules = [{"ApplyServerSideEncryptionByDefault": default}] if default else []
    return {"encryption": {"ServerSideEncryptionConfiguration": {"Rules": rules}}}


# Access logs


def test_access_logs_are_a_copy_in_the_bucket_they_are_delivered_to():
    [copy] = s3_delivery.read_logging(BUCKET, logging("access-logs"), GLOBAL)
    assert (copy.of, copy.channel, copy.id, copy.location) == (ARN, "s3-access-logs", "arn:aws:s3:::access-logs", None)
    assert (copy.account, copy.part) == ("", "logging")


@pytest.mark.parametrize("parts", [{}, {"logging": {}}, logging("ledger")], ids=["refused", "none", "into itself"])
def test_logs_that_go_nowhere_else_are_no_copy(parts):
    assert list(s3_delivery.read_logging(BUCKET, parts, GLOBAL)) == []


def test_the_target_of_logs_in_china_is_named_in_its_own_partition():
    [copy] = s3_delivery.read_logging(BUCKET | {"BucketRegion": "cn-north-1"}, logging("access-logs"), GLOBAL)
    assert copy.id == "arn:aws-cn:s3:::access-logs"


# Inventories


def test_an_inventory_names_its_holder_its_owner_and_its_key():
    cloud = RecordedCloud(recorded("s3", "s3.inventories"))
    parts = {"inventories": s3_delivery.inventories(cloud, BUCKET)}
    [copy] = s3_delivery.read_inventories(BUCKET, parts, GLOBAL)
    assert (copy.id, copy.account) == ("arn:aws:s3:::inventories-mumbai", "444455556666")
    assert copy.key.startswith("arn:aws:kms:ap-south-1:444455556666:key/")
    assert (copy.partial, copy.caused_by) == (True, f"{ARN}#inventory/nightly")


def test_inventories_of_every_page_are_read():
    pages = [{"InventoryConfigurationList": [inventory(name)]} for name in ("one", "two")]
    cloud = RecordedCloud({"list_bucket_inventory_configurations": [*pages, {"IsTruncated": False}]})
    parts = {"inventories": s3_delivery.inventories(cloud, BUCKET)}
    copies = s3_delivery.read_inventories(BUCKET, parts, GLOBAL)
    assert [copy.id for copy in copies] == ["arn:aws:s3:::one", "arn:aws:s3:::two"]


def test_an_inventory_that_is_disabled_or_kept_in_its_own_bucket_is_no_copy():
    disabled = inventory("elsewhere") | {"IsEnabled": False}
    assert list(s3_delivery.read_inventories(BUCKET, inventories(disabled, inventory("ledger")), GLOBAL)) == []
    assert list(s3_delivery.read_inventories(BUCKET, {"inventories": None}, GLOBAL)) == []


# Encryption


@pytest.mark.parametrize(
    ("parts", "cmk", "key"),
    [
        (encryption(SSEAlgorithm="AES256"), False, ""),
        (encryption(SSEAlgorithm="aws:kms"), False, ""),
        (encryption(), False, ""),
        ({"encryption": None}, False, ""),
        (
            encryption(SSEAlgorithm="aws:kms", KMSMasterKeyID="alias/aws/s3"),
            False,
            f"arn:aws:kms:ap-south-1:{ACCOUNT}:alias/aws/s3",
        ),
        (
            encryption(SSEAlgorithm="aws:kms", KMSMasterKeyID="alias/ledger"),
            True,
            f"arn:aws:kms:ap-south-1:{ACCOUNT}:alias/ledger",
        ),
        (encryption(SSEAlgorithm="aws:kms:dsse", KMSMasterKeyID=KEY), None, KEY),
        (encryption(SSEAlgorithm="aws:kms", KMSMasterKeyID=KEY.rpartition("/")[2]), None, KEY),
        (
            encryption(SSEAlgorithm="aws:kms", KMSMasterKeyID="arn:aws:kms:ap-south-1:444455556666:key/1"),
            True,
            "arn:aws:kms:ap-south-1:444455556666:key/1",
        ),
    ],
)
def test_the_default_of_a_bucket_tells_its_key_and_as_far_as_it_can_whose_it_is(parts, cmk, key):
    [only] = s3_encryption.read(BUCKET, parts, GLOBAL)
    assert (only.id, only.cmk, only.key) == (ARN, cmk, key)


def test_where_the_question_was_refused_nothing_is_said_of_the_bucket():
    assert list(s3_encryption.read(BUCKET, {}, GLOBAL)) == []


# Which buckets


@pytest.fixture(name="cloud")
def three_buckets(monkeypatch):
    with LocalCloud() as cloud:
        for name, value in cloud.environment(MANAGEMENT).items():
            monkeypatch.setenv(name, value)
        for name in "ABC":
            Plot(cloud, MANAGEMENT).bucket(f"bucket-{name.lower()}", "ap-south-1")
        cloud.calls.clear()
        yield cloud


def scanned(*left_out):
    with aws.connect(attempts=1) as provider:
        provider.services = (s3.SERVICE, s3_delivery.SERVICE, s3_encryption.SERVICE)
        discovery = discover(provider, scope=Scope(skip_services=left_out))
        return collect(provider, discovery, keep_tags=frozenset(), now=datetime(2026, 11, 26, tzinfo=UTC))


def asked(cloud):
    return Counter(call.operation for call in cloud.calls if call.service == "s3")


def test_buckets_are_listed_once_and_each_is_asked_each_question_once(cloud):
    inventory = scanned()
    assert asked(cloud) == {
        "ListBuckets": 1,
        "GetBucketReplication": 3,
        "GetBucketLogging": 3,
        "ListBucketInventoryConfigurations": 3,
        "GetBucketEncryption": 3,
    }
    assert len(inventory.resources) == 3
    assert {look.outcome for look in inventory.looks} == {"complete"}


def test_whoever_leaves_the_other_questions_out_asks_of_each_bucket_its_replication_alone(cloud):
    scanned("s3.access-logs", "s3.inventories", "s3.encryption")
    assert asked(cloud) == {"ListBuckets": 1, "GetBucketReplication": 3}


def test_a_refusal_of_one_question_leaves_the_others_and_is_told_once(cloud):
    cloud.deny("s3", "GetBucketLogging")
    inventory = scanned()
    outcomes = {look.listing: look.outcome for look in inventory.looks}
    assert outcomes == {
        "s3.access-logs": "partial",
        "s3.buckets": "complete",
        "s3.encryption": "complete",
        "s3.inventories": "complete",
    }
    [gap] = fold(inventory.looks, inventory.gaps, inventory.resources)
    assert (gap.listing, gap.resource_id, gap.part) == ("s3.access-logs", "*", "logging")


def test_the_questions_about_buckets_share_one_list_of_them():
    listings = [*s3.SERVICE.listings, *s3_delivery.SERVICE.listings, *s3_encryption.SERVICE.listings]
    assert {listing.find for listing in listings} == {s3.find}


def test_a_bucket_that_is_not_there_is_told_by_the_error_alone():
    class NoSuchBucket(RecordedCloud):
        def call(self, operation, **parameters):
            raise Refused("404", "Not Found")

    with pytest.raises(Refused) as refusal:
        s3.locate(NoSuchBucket({"head_bucket": ""}), "arn:aws:s3:::b")
    assert refusal.value.code in s3.SERVICE.gone


# Directory buckets


@pytest.mark.parametrize(
    ("name", "region", "place"),
    [
        ("trades--aps1-az1--x-s3", "ap-south-1", Location("aws", "ap-south-1")),
        ("a--b--use1-az4--x-s3", "us-east-1", Location("aws", "us-east-1")),
        ("trades--use1-qro1-az1--x-s3", "us-east-1", Location("aws", "us-east-1", "use1-qro1-az1")),
        ("trades--somewhere--x-s3", "us-east-1", Location("aws", "us-east-1", "somewhere")),
    ],
)
def test_a_directory_bucket_lies_in_the_zone_its_name_ends_in(name, region, place):
    [only] = s3_directory.read({"Name": name}, {}, Cell("aws", ACCOUNT, region))
    assert only.location == place
    assert only.id == f"arn:aws:s3express:{region}:{ACCOUNT}:bucket/{name}"


# Table buckets


def table_bucket(**parts):
    answers = recorded("s3tables", "s3tables.buckets")
    [bucket] = answers["list_table_buckets"]["tableBuckets"]
    return list(s3_tables.read(bucket, parts, MUMBAI))


def test_a_table_bucket_is_replicated_to_the_places_its_rules_name():
    answers = recorded("s3tables", "s3tables.buckets")
    bucket, copy = table_bucket(
        replication=answers["get_table_bucket_replication"],
        encryption=answers["get_table_bucket_encryption"],
        tags=answers["list_tags_for_resource"],
    )
    assert (bucket.tags, bucket.cmk, bucket.key) == ({"data-class": "payment.transaction"}, None, KEY)
    assert (copy.location, copy.account) == (Location("aws", "eu-west-1"), "444455556666")
    assert copy.id == "arn:aws:s3tables:eu-west-1:444455556666:bucket/settlements-ireland"


def test_a_table_bucket_without_settings_is_encrypted_by_amazon_and_what_was_refused_is_unknown():
    [none] = table_bucket(replication=None, encryption=None, tags={"tags": {}})
    assert (none.cmk, none.key) == (False, "")
    [refused] = table_bucket()
    assert (refused.cmk, refused.key, refused.tags) == (None, "", {})


# Vector buckets


@pytest.mark.parametrize(
    ("parts", "cmk", "key"),
    [
        ({"encryption": {"vectorBucket": {"encryptionConfiguration": {"sseType": "AES256"}}}}, False, ""),
        (
            {"encryption": {"vectorBucket": {"encryptionConfiguration": {"sseType": "aws:kms", "kmsKeyArn": KEY}}}},
            None,
            KEY,
        ),
        ({}, None, ""),
    ],
)
def test_a_vector_bucket_lies_where_it_is_listed_and_tells_its_key(parts, cmk, key):
    [listed] = recorded("s3vectors", "s3vectors.buckets")["list_vector_buckets"]["vectorBuckets"]
    [only] = s3_vectors.read(listed, parts, MUMBAI)
    assert isinstance(only, Resource)
    assert (only.id, only.location) == (listed["vectorBucketArn"], Location("aws", "ap-south-1"))
    assert (only.cmk, only.key) == (cmk, key)
