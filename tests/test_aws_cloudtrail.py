from datetime import UTC, datetime

from domicile.model import Cell, Location
from domicile.providers.aws import cloudtrail, cloudtrail_lake

ACCOUNT = "111122223333"
HERE = Cell("aws", ACCOUNT, "global")
TRAIL = "arn:aws:cloudtrail:us-east-1:111122223333:trail/all"
STORE = "arn:aws:cloudtrail:ap-south-1:111122223333:eventdatastore/1"


def trail(*, cell=HERE, **more):
    listed = {"TrailARN": TRAIL, "Name": "all", "HomeRegion": "us-east-1"}
    answer = {"trailList": [{"TrailARN": TRAIL, **more}]} if more else {"trailList": []}
    return list(cloudtrail.read(listed, {"trail": answer}, cell))


def test_a_trail_is_in_its_home_region_and_keeps_nothing_itself():
    [only] = trail()
    assert (only.id, only.type, only.name) == (TRAIL, "aws.cloudtrail.trail", "all")
    assert (only.location, only.retention_days) == (Location("aws", "us-east-1"), 0)


def test_a_trail_delivers_to_a_bucket_of_which_its_name_alone_is_told_and_to_a_log_group():
    group = "arn:aws:logs:us-east-1:111122223333:log-group:all"
    _, bucket, lines = trail(S3BucketName="trails", CloudWatchLogsLogGroupArn=f"{group}:*", KmsKeyId="key")
    assert (bucket.of, bucket.id, bucket.location, bucket.key) == (TRAIL, "arn:aws:s3:::trails", None, "key")
    assert (lines.of, lines.id, lines.location) == (TRAIL, group, Location("aws", "us-east-1"))
    assert {bucket.channel, lines.channel} == {"cloudtrail-delivery"}
    assert {bucket.part, lines.part} == {"trail"}


def test_a_trail_of_all_regions_or_accounts_says_so():
    def said(**more):
        _, bucket = trail(S3BucketName="trails", **more)
        return bucket.evidence.value

    assert said() == "trails"
    assert said(IsMultiRegionTrail=True) == "trails (events of all regions)"
    everything = {"IsMultiRegionTrail": True, "IsOrganizationTrail": True}
    assert said(**everything) == "trails (events of all regions and all accounts)"


def test_a_trail_of_the_organisation_is_told_of_by_its_owner_alone():
    member = Cell("aws", "444455556666", "global")
    assert trail(cell=member, S3BucketName="trails", IsOrganizationTrail=True) == []


def test_of_a_trail_that_could_not_be_described_nothing_is_said_of_where_it_delivers():
    listed = {"TrailARN": TRAIL, "Name": "all", "HomeRegion": "us-east-1"}
    assert len(list(cloudtrail.read(listed, {}, HERE))) == 1


def store(*, account=ACCOUNT, **more):
    listed = {"EventDataStoreArn": STORE, "Name": "who-did-what"}
    parts = {"store": more} if more else {}
    return list(cloudtrail_lake.read(listed, parts, Cell("aws", account, "ap-south-1")))


def test_an_event_data_store_keeps_events_in_its_region_for_as_long_as_it_says():
    at = datetime(2025, 4, 1, tzinfo=UTC)
    [only] = store(RetentionPeriod=2557, CreatedTimestamp=at, KmsKeyId="key")
    assert (only.id, only.location, only.retention_days) == (STORE, Location("aws", "ap-south-1"), 2557)
    assert (only.created_at, only.cmk, only.key) == (at, True, "key")
    assert store(RetentionPeriod=90)[0].cmk is False


def test_of_an_event_data_store_that_could_not_be_described_nothing_is_claimed():
    [only] = store()
    assert (only.retention_days, only.cmk, only.key) == (None, None, "")


def test_an_event_data_store_of_the_organisation_is_told_of_by_its_owner_alone():
    assert store(account="444455556666", RetentionPeriod=90) == []
