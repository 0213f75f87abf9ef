from datetime import UTC, datetime

import pytest

from domicile.model import NEVER_EXPIRES, Cell, Location
from domicile.providers.aws import (
    redshift,
    redshift_integrations,
    redshift_serverless,
    redshift_serverless_backups,
    redshift_snapshots,
)

HERE = Cell("aws", "111122223333", "ap-south-1")
MUMBAI, SINGAPORE = Location("aws", "ap-south-1"), Location("aws", "ap-southeast-1")
CLUSTER = "arn:aws:redshift:ap-south-1:111122223333:cluster:warehouse"
SPACE = "arn:aws:redshift-serverless:ap-south-1:111122223333:namespace/n1"
NIGHT = datetime(2026, 11, 20, 19, tzinfo=UTC)


def cluster(parts=None, **more):
    return list(redshift.read({"ClusterIdentifier": "warehouse"} | more, parts or {}, HERE))


def snapshot(**more):
    this = {"SnapshotIdentifier": "s1", "ClusterIdentifier": "warehouse", "SnapshotType": "manual"}
    return list(redshift_snapshots.read(this | {"SnapshotCreateTime": NIGHT} | more, {}, HERE))


def serverless(**more):
    this = {"snapshotName": "s1", "snapshotArn": "arn:s1", "namespaceArn": SPACE, "snapshotCreateTime": NIGHT}
    return list(redshift_serverless_backups.read(this | more, {}, HERE))


def shared(**consumer):
    association = {"ConsumerIdentifier": "444455556666", "Status": "ACTIVE"} | consumer
    share = {"DataShareArn": "arn:share", "DataShareAssociations": [association]}
    return cluster({"datashares": {"DataShares": [share]}})[1:]


def test_a_cluster_is_where_it_was_found_with_its_tags_and_its_key():
    key = "arn:aws:kms:ap-south-1:111122223333:key/1"
    tags = [{"Key": "data-class", "Value": "payment.card"}]
    [only] = cluster(Encrypted=True, KmsKeyId=key, Tags=tags, AvailabilityZone="ap-south-1a")
    assert (only.id, only.type, only.location) == (CLUSTER, "aws.redshift.cluster", MUMBAI)
    assert (only.tags, only.cmk, only.key) == ({"data-class": "payment.card"}, None, key)
    [plain] = cluster(Encrypted=False)
    assert plain.cmk is False


def test_the_snapshots_of_a_cluster_go_where_its_setting_says():
    _, copy = cluster(ClusterSnapshotCopyStatus={"DestinationRegion": "ap-southeast-1"})
    assert (copy.of, copy.channel, copy.location, copy.id) == (CLUSTER, "redshift-copy-setting", SINGAPORE, "")
    # The setting is what all snapshots of the cluster were made because of.
    _, taken = snapshot()
    assert taken.caused_by == copy.of


def test_who_may_query_a_cluster_processes_what_is_in_it_where_they_are():
    [copy] = shared(ConsumerRegion="us-east-1")
    assert (copy.of, copy.channel, copy.account) == (CLUSTER, "redshift-datashare", "444455556666")
    assert (copy.location, copy.part) == (Location("aws", "us-east-1"), "datashares")
    [at_home] = shared(ConsumerIdentifier="arn:aws:redshift:ap-south-1:777788889999:namespace:n2")
    assert (at_home.location, at_home.account) == (MUMBAI, "777788889999")


@pytest.mark.parametrize("status", ["PENDING_AUTHORIZATION", "DEAUTHORIZED", "REJECTED"])
def test_who_may_not_query_a_cluster_processes_nothing(status):
    assert shared(Status=status) == []


def test_shares_are_asked_only_of_clusters_that_can_share():
    assert [redshift.can_share({}), redshift.can_share({"ClusterNamespaceArn": "arn:n"})] == [False, True]


@pytest.mark.parametrize("status", ["active", "failed", "deleting"])
def test_what_is_loaded_into_a_cluster_is_a_copy_of_the_table_it_comes_from(status):
    table = "arn:aws:dynamodb:ap-south-1:444455556666:table/orders"
    told = {"IntegrationArn": "arn:i", "SourceArn": table, "Status": status}
    parts = {"inbound": {"integrations": [told, {"IntegrationArn": "arn:j"}]}}
    [copy] = redshift_integrations.read({"ClusterIdentifier": "warehouse"}, parts, HERE)
    assert (copy.of, copy.channel, copy.id, copy.caused_by) == (table, "redshift-zero-etl", CLUSTER, "arn:i")
    assert (copy.location, copy.part) == (MUMBAI, "inbound")


def test_snapshots_by_hand_are_snapshots_and_those_that_redshift_takes_are_backups():
    (by_hand, first), (of_itself, second) = (
        snapshot(ManualSnapshotRetentionPeriod=-1),
        snapshot(SnapshotType="automated"),
    )
    assert [first.channel, second.channel] == ["redshift-snapshot", "redshift-automated-snapshot"]
    assert [by_hand.retention_days, of_itself.retention_days] == [NEVER_EXPIRES, None]
    assert snapshot(ManualSnapshotRetentionPeriod=30)[0].retention_days == 30
    assert {by_hand.taken_of, first.of} == {CLUSTER}


def test_a_snapshot_from_another_region_is_a_copy_of_the_cluster_there():
    resource, copy = snapshot(SourceRegion="us-east-1", SnapshotType="automated")
    there = "arn:aws:redshift:us-east-1:111122223333:cluster:warehouse"
    assert (copy.of, copy.channel, resource.taken_of, copy.location) == (there, "redshift-snapshot-copy", there, MUMBAI)


def test_a_snapshot_that_failed_holds_nothing_and_one_in_the_making_is_of_no_age():
    assert snapshot(Status="failed") == []
    assert [snapshot(Status=status)[0].created_at for status in ("creating", "available")] == [None, NIGHT]


def test_a_namespace_is_encrypted_by_a_key_of_aws_unless_it_names_one():
    keys = ({"kmsKeyId": "AWS_OWNED_KMS_KEY"}, {"kmsKeyId": "arn:key"}, {})
    seen = [
        next(iter(redshift_serverless.read({"namespaceName": "n", "namespaceArn": SPACE} | key, {}, HERE)))
        for key in keys
    ]
    assert [(one.cmk, one.key) for one in seen] == [(False, ""), (None, "arn:key"), (None, "")]


def test_the_snapshots_of_a_namespace_go_where_its_settings_say():
    parts = {"copies": {"settings": [{"destinationRegion": "ap-southeast-1"}]}}
    _, copy = redshift_serverless.read({"namespaceName": "n", "namespaceArn": SPACE}, parts, HERE)
    assert (copy.of, copy.channel, copy.location) == (SPACE, "redshift-serverless-copy-setting", SINGAPORE)
    _, taken = serverless()
    assert taken.caused_by == copy.of


def test_a_serverless_snapshot_of_a_namespace_in_another_region_was_copied_from_there():
    there = SPACE.replace("ap-south-1", "us-east-1")
    (_, at_home), (resource, copied) = serverless(), serverless(namespaceArn=there)
    assert [at_home.channel, copied.channel] == ["redshift-serverless-snapshot", "redshift-serverless-copy"]
    assert (resource.taken_of, copied.of, copied.location) == (there, there, MUMBAI)


def test_a_serverless_snapshot_that_names_no_namespace_stands_for_itself():
    [only] = serverless(namespaceArn="")
    assert only.taken_of == ""


@pytest.mark.parametrize("status", ["DELETED", "CANCELLED", "FAILED"])
def test_a_serverless_snapshot_that_is_no_more_holds_nothing(status):
    assert serverless(status=status) == []


def test_a_serverless_snapshot_being_made_is_of_no_age():
    assert [serverless(status=one)[0].created_at for one in ("CREATING", "COPYING", "AVAILABLE")] == [None, None, NIGHT]


def test_a_recovery_point_of_a_namespace_lasts_for_a_day():
    point = {"recoveryPointId": "p1", "namespaceArn": SPACE, "recoveryPointCreateTime": NIGHT}
    resource, copy = redshift_serverless_backups.read_point(point, {}, HERE)
    assert resource.id == "arn:aws:redshift-serverless:ap-south-1:111122223333:recoverypoint/p1"
    assert (resource.retention_days, resource.newest_at or resource.created_at) == (1, NIGHT)
    assert (copy.of, copy.channel) == (SPACE, "redshift-serverless-recovery-point")
