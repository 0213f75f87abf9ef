"""A cloud that throttles and breaks is scanned to the end, or it is said what was not shown."""

from datetime import UTC, datetime

import pytest

from domicile.collect import collect
from domicile.demo.cloud import LocalCloud
from domicile.discover import Discovery
from domicile.model import Cell
from domicile.providers.aws import dynamodb, ec2_volumes, efs, rds, s3, tags, vocabulary
from domicile.providers.aws.organisation import Aws
from domicile.providers.aws.session import Session

GROUP, PAY = "111111111111", "333333333333"
MUMBAI, SINGAPORE = "ap-south-1", "ap-southeast-1"
NOW = datetime(2026, 11, 26, tzinfo=UTC)
# Each protocol that AWS speaks.
SERVICES = (dynamodb.SERVICE, ec2_volumes.SERVICE, efs.SERVICE, rds.SERVICE, s3.SERVICE, tags.SERVICE)
EVERYTHING = Discovery(
    cells=tuple(Cell("aws", account, region) for account in (GROUP, PAY) for region in (MUMBAI, SINGAPORE, "global"))
)


@pytest.fixture(name="cloud", scope="module")
def a_cloud_with_much_to_ask_about():
    with LocalCloud(enabled=(MUMBAI, SINGAPORE)) as cloud:
        cloud.organisation({GROUP: "group", PAY: "pay"})
        for account in (GROUP, PAY):
            for region in (MUMBAI, SINGAPORE):
                where = {"LocationConstraint": region}
                for number in range(25):
                    s3_there, dynamodb_there = (cloud.client(name, region, account) for name in ("s3", "dynamodb"))
                    s3_there.create_bucket(Bucket=f"of-{account}-{region}-{number}", CreateBucketConfiguration=where)
                    dynamodb_there.create_table(
                        TableName=f"table-{number}",
                        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
                        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
                        BillingMode="PAY_PER_REQUEST",
                    )
                cloud.client("efs", region, account).create_file_system(CreationToken=region)
                cloud.client("ec2", region, account).create_volume(AvailabilityZone=f"{region}a", Size=8)
        yield cloud


@pytest.fixture(name="scan")
def scans(cloud, monkeypatch):
    for name, value in cloud.environment().items():
        monkeypatch.setenv(name, value)

    def scan(attempts=8, **trouble):
        with Aws(Session(role="reader", attempts=attempts, wait=lambda _: None), SERVICES, vocabulary) as provider:
            cloud.calls.clear()
            if trouble:
                cloud.trouble(**trouble)
            inventory = collect(provider, EVERYTHING, keep_tags=frozenset(), now=NOW)
            cloud.allow()
            return inventory, len(cloud.calls)

    return scan


@pytest.mark.parametrize("seed", [1, 2])
def test_throttling_and_server_errors_cost_calls_and_nothing_else(scan, seed):
    clean, calls = scan()
    assert calls > 200
    shaken, more = scan(seed=seed, throttled=0.3, broken=0.05)
    assert shaken == clean
    assert calls * 1.2 < more <= calls * 1.5


def test_what_is_throttled_time_and_again_is_shown_all_the_same(scan):
    clean, calls = scan()
    shaken, more = scan(attempts=12, seed=3, throttled=0.3, lasting=True)
    assert shaken == clean
    assert more <= calls * 1.5


def test_what_was_not_shown_in_the_end_is_said(scan):
    clean, _ = scan()
    shaken, _ = scan(attempts=2, seed=4, throttled=0.3, broken=0.05, lasting=True)
    refused = {look.key: {gap.reason for gap in look.gaps} for look in shaken.looks}
    different = {key for key in refused if by_look(clean, key) != by_look(shaken, key)}
    assert {look.key for look in clean.looks} == refused.keys()
    assert set().union(*refused.values()) == {"throttled", "error"}
    assert different
    assert all(refused[key] for key in different)
    assert not all(refused.values())


def by_look(inventory, key):
    return [one for one in (*inventory.resources, *inventory.copies, *inventory.tags) if one.look == key]
