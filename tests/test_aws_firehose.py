import pytest

from domicile.model import Cell, Location
from domicile.providers.aws import firehose
from recorded_cloud import RecordedCloud

HERE = Cell("aws", "111122223333", "ap-south-1")
FIREHOSE = "arn:aws:firehose:ap-south-1:111122223333:deliverystream/cards"
BUCKET = "arn:aws:s3:::cards"
IN_BUCKET = {"BucketARN": BUCKET}


def stream(*destinations, **more):
    return list(firehose.read("cards", {"stream": {"Destinations": list(destinations), **more}}, HERE))


def delivered(kind, **described):
    _, *copies = stream({f"{kind}DestinationDescription": described})
    return [(one.id, one.location and one.location.region, one.account, one.partial) for one in copies]


def test_a_firehose_stream_passes_on_and_keeps_nothing():
    [only] = stream()
    assert (only.id, only.type, only.retention_days) == (FIREHOSE, "aws.firehose.delivery-stream", 0)
    assert (only.location, only.cmk) == (Location("aws", "ap-south-1"), False)


@pytest.mark.parametrize(
    ("told", "cmk"),
    [
        ({"Status": "ENABLED", "KeyType": "CUSTOMER_MANAGED_CMK"}, True),
        ({"Status": "ENABLED", "KeyType": "AWS_OWNED_CMK"}, False),
        ({"Status": "DISABLED", "KeyType": "CUSTOMER_MANAGED_CMK"}, False),
    ],
)
def test_a_key_is_the_customers_own_where_it_is_said_to_be_and_in_use(told, cmk):
    assert stream(DeliveryStreamEncryptionConfiguration=told)[0].cmk is cmk


@pytest.mark.parametrize(
    ("kind", "field"),
    [("KinesisStreamSourceDescription", "KinesisStreamARN"), ("MSKSourceDescription", "MSKClusterARN")],
)
def test_what_it_takes_records_from_is_copied_to_it(kind, field):
    _, copy = stream(Source={kind: {field: "arn:aws:x:ap-south-1:111122223333:source"}})
    assert (copy.of, copy.id) == ("arn:aws:x:ap-south-1:111122223333:source", FIREHOSE)
    assert (copy.channel, copy.location) == ("firehose-source", Location("aws", "ap-south-1"))


def test_a_bucket_that_is_told_twice_is_one_target_with_its_key():
    key = {"EncryptionConfiguration": {"KMSEncryptionConfig": {"AWSKMSKeyARN": "key"}}}
    twice = {"ExtendedS3DestinationDescription": IN_BUCKET | key, "S3DestinationDescription": IN_BUCKET | key}
    _, copy = stream(twice)
    assert (copy.of, copy.id, copy.location, copy.key) == (FIREHOSE, BUCKET, None, "key")


def test_a_backup_of_what_is_delivered_to_a_bucket_is_another_copy_while_it_is_on():
    backup = {"BucketARN": "arn:aws:s3:::raw"}
    on = delivered("ExtendedS3", BucketARN=BUCKET, S3BackupMode="Enabled", S3BackupDescription=backup)
    assert [one[0] for one in on] == [BUCKET, "arn:aws:s3:::raw"]
    off = delivered("ExtendedS3", BucketARN=BUCKET, S3BackupMode="Disabled", S3BackupDescription=backup)
    assert [one[0] for one in off] == [BUCKET]


@pytest.mark.parametrize(
    ("kind", "described", "host"),
    [
        ("Splunk", {"HECEndpoint": "https://in.example.com:8088"}, "in.example.com"),
        (
            "HttpEndpoint",
            {"EndpointConfiguration": {"Url": "https://me:hush@Api.example.com/v1?key=hush"}},
            "api.example.com",
        ),
        ("Snowflake", {"AccountUrl": "https://bank.snowflakecomputing.com"}, "bank.snowflakecomputing.com"),
    ],
)
def test_a_target_elsewhere_is_a_host_without_its_secrets_in_a_place_that_nobody_tells(kind, described, host):
    assert delivered(kind, **described) == [(host, None, "", False)]


@pytest.mark.parametrize(
    ("kind", "described", "target", "region"),
    [
        (
            "Amazonopensearchservice",
            {"DomainARN": "arn:aws:es:us-east-1:111122223333:domain/search"},
            "arn:aws:es:us-east-1:111122223333:domain/search",
            "us-east-1",
        ),
        (
            "Amazonopensearchservice",
            {"ClusterEndpoint": "https://vpc-search-1.eu-west-1.es.amazonaws.com"},
            "vpc-search-1.eu-west-1.es.amazonaws.com",
            "eu-west-1",
        ),
        (
            "AmazonOpenSearchServerless",
            {"CollectionEndpoint": "https://abc.us-east-1.aoss.amazonaws.com"},
            "arn:aws:aoss:us-east-1:111122223333:collection/abc",
            "us-east-1",
        ),
        (
            "Redshift",
            {"ClusterJDBCURL": "jdbc:redshift://house.c1.us-east-1.redshift.amazonaws.com:5439/dev"},
            "arn:aws:redshift:us-east-1:111122223333:cluster:house",
            "us-east-1",
        ),
        (
            "Redshift",
            {"ClusterJDBCURL": "jdbc:redshift://wg.1.us-east-1.redshift-serverless.amazonaws.com:5439/dev"},
            "wg.1.us-east-1.redshift-serverless.amazonaws.com",
            "us-east-1",
        ),
        (
            "Iceberg",
            {"CatalogConfiguration": {"CatalogARN": "arn:aws:glue:us-east-1:111122223333:catalog"}},
            "arn:aws:glue:us-east-1:111122223333:catalog",
            "us-east-1",
        ),
        (
            "Iceberg",
            {
                "CatalogConfiguration": {
                    "CatalogARN": "arn:aws:glue:us-east-1:111122223333:catalog/s3tablescatalog/facts"
                }
            },
            "arn:aws:s3tables:us-east-1:111122223333:bucket/facts",
            "us-east-1",
        ),
        (
            "HttpEndpoint",
            {"EndpointConfiguration": {"Url": "https://abc.execute-api.us-east-1.amazonaws.com/prod"}},
            "abc.execute-api.us-east-1.amazonaws.com",
            "us-east-1",
        ),
    ],
)
def test_a_target_in_aws_is_in_the_region_that_its_name_or_address_has_in_it(kind, described, target, region):
    [(found, where, *_)] = delivered(kind, **described)
    assert (found, where) == (target, region)


@pytest.mark.parametrize(
    ("kind", "mode", "partial"),
    [("Splunk", "FailedEventsOnly", True), ("Splunk", "AllEvents", False), ("Redshift", "Disabled", False)],
)
def test_with_what_goes_elsewhere_goes_a_bucket_for_all_or_for_what_failed(kind, mode, partial):
    address = {"HECEndpoint": "in.example.com", "ClusterJDBCURL": "jdbc:redshift://house.c1.us-east-1.redshift.x"}
    *_, bucket = delivered(kind, **address, S3BackupMode=mode, S3DestinationDescription=IN_BUCKET)
    assert bucket == (BUCKET, None, "", partial)


def test_of_a_stream_that_could_not_be_described_nothing_is_claimed():
    [only] = firehose.read("cards", {}, HERE)
    assert (only.id, only.cmk, only.retention_days) == (FIREHOSE, None, None)


def test_streams_are_listed_to_the_end():
    class Cloud(RecordedCloud):
        def call(self, operation, **asked):
            if asked.get("ExclusiveStartDeliveryStreamName") == "b":
                return {"DeliveryStreamNames": ["c"], "HasMoreDeliveryStreams": False}
            return {"DeliveryStreamNames": ["a", "b"], "HasMoreDeliveryStreams": True}

    assert list(firehose.find(Cloud({}))) == ["a", "b", "c"]
