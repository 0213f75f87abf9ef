from datetime import UTC, datetime

from domicile.model import Cell, Copy, Location, Resource
from domicile.providers.aws import s3
from recorded_cloud import RecordedCloud, recorded

HERE = Cell("aws", "111122223333", "global")
BUCKET = {"Name": "ledger", "BucketRegion": "ap-south-1", "CreationDate": datetime(2024, 3, 5, tzinfo=UTC)}
ARN = "arn:aws:s3:::ledger"


def rules(*rules):
    return {"replication": {"ReplicationConfiguration": {"Role": "r", "Rules": list(rules)}}}


def rule(target, **more):
    return {"ID": "dr", "Status": "Enabled", "Destination": {"Bucket": f"arn:aws:s3:::{target}"}} | more


def test_a_bucket_lives_in_the_region_its_listing_names():
    [only] = s3.read(BUCKET, {"replication": None}, HERE)
    assert only == Resource(
        ARN,
        "aws.s3.bucket",
        "ledger",
        "111122223333",
        Location("aws", "ap-south-1"),
        created_at=datetime(2024, 3, 5, tzinfo=UTC),
    )


def test_each_enabled_rule_is_a_copy_at_a_place_yet_to_be_found():
    _, copy = s3.read(BUCKET, rules(rule("abroad"), rule("old", ID="no-longer", Status="Disabled")), HERE)
    assert (copy.of, copy.channel, copy.id, copy.location) == (ARN, "s3-replication", "arn:aws:s3:::abroad", None)
    assert (copy.caused_by, copy.part) == (f"{ARN}#dr", "replication")


def test_the_owner_and_the_key_of_a_replica_are_told_where_the_rule_names_them():
    answer = recorded("s3", "s3.buckets")["get_bucket_replication"]
    _, copy = s3.read(BUCKET, {"replication": answer}, HERE)
    assert copy.account == "444455556666"
    assert copy.key.startswith("arn:aws:kms:ap-southeast-1:")


def test_a_refused_question_leaves_the_bucket_and_claims_no_absence():
    [only] = s3.read(BUCKET, {}, HERE)
    assert isinstance(only, Resource)


def test_a_bucket_in_china_is_named_in_its_own_partition():
    [only] = s3.read(BUCKET | {"BucketRegion": "cn-north-1"}, {}, HERE)
    assert only.id == "arn:aws-cn:s3:::ledger"


def test_where_the_listing_names_no_region_the_bucket_itself_is_asked():
    cloud = RecordedCloud({"list_buckets": {"Buckets": [{"Name": "ledger"}]}, "head_bucket": "eu-west-1"})
    assert list(s3.find(cloud)) == [{"Name": "ledger", "BucketRegion": "eu-west-1"}]


def test_buckets_of_every_page_are_found():
    pages = [{"Buckets": [BUCKET]}, {"Buckets": [BUCKET | {"Name": "second"}]}]
    assert [bucket["Name"] for bucket in s3.find(RecordedCloud({"list_buckets": pages}))] == ["ledger", "second"]


def test_a_bucket_that_answers_no_header_lies_nowhere_we_know():
    assert s3.locate(RecordedCloud({"head_bucket": "us-east-1"}), "arn:aws:s3:::b") == Location("aws", "us-east-1")
    assert s3.locate(RecordedCloud({"head_bucket": ""}), "arn:aws:s3:::b") is None


def test_only_buckets_are_located_here():
    assert s3.locate(RecordedCloud({}), "arn:aws:rds:ap-south-1:111122223333:db:x") is None


def test_a_rule_without_a_key_names_none():
    _, copy = s3.read(BUCKET, rules(rule("abroad")), HERE)
    assert isinstance(copy, Copy)
    assert (copy.key, copy.account) == ("", "")
