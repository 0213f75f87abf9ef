from datetime import UTC, datetime

import pytest

from domicile import geography
from domicile.model import NEVER_EXPIRES, Cell, Location
from domicile.providers.aws import rds, rds_backups, rds_cluster_snapshots, rds_clusters, rds_exports, rds_snapshots
from recorded_cloud import RecordedCloud

HERE = Cell("aws", "111122223333", "ap-south-1")
MUMBAI, SINGAPORE = Location("aws", "ap-south-1"), Location("aws", "ap-southeast-1")
DATABASE = "arn:aws:rds:ap-south-1:111122223333:db:payments"
CLUSTER = "arn:aws:rds:ap-south-1:111122223333:cluster:shop"
NIGHT = datetime(2026, 11, 20, 19, tzinfo=UTC)


def instance(**more):
    return list(
        rds.read({"DBInstanceArn": DATABASE, "DBInstanceIdentifier": "payments", "Engine": "mysql"} | more, {}, HERE)
    )


def cluster(parts=None, **more):
    this = {"DBClusterArn": CLUSTER, "DBClusterIdentifier": "shop", "Engine": "aurora-mysql"} | more
    return list(rds_clusters.read(this, parts or {}, HERE))


def snapshot(**more):
    this = {
        "DBSnapshotArn": "arn:aws:rds:ap-south-1:111122223333:snapshot:s1",
        "DBSnapshotIdentifier": "s1",
        "DBInstanceIdentifier": "payments",
        "SnapshotType": "manual",
        "SnapshotCreateTime": NIGHT,
    }
    return list(rds_snapshots.read(this | more, {}, HERE))


def said(copy):
    return copy.of, copy.channel, copy.location, copy.id


def test_a_database_is_where_it_was_found_with_its_tags_and_its_key():
    [only] = instance(
        TagList=[{"Key": "data-class", "Value": "payment.card"}],
        StorageEncrypted=True,
        KmsKeyId="arn:aws:kms:ap-south-1:111122223333:key/1",
        InstanceCreateTime=NIGHT,
        AvailabilityZone="ap-south-1a",
    )
    assert (only.id, only.type, only.location) == (DATABASE, "aws.rds.instance", MUMBAI)
    assert only.tags == {"data-class": "payment.card"}
    assert (only.cmk, only.key) == (None, "arn:aws:kms:ap-south-1:111122223333:key/1")


def test_an_unencrypted_database_has_no_key_of_the_customer():
    [only] = instance(StorageEncrypted=False)
    assert only.cmk is False


def test_a_database_in_a_local_zone_keeps_its_zone():
    arn = "arn:aws:rds:us-east-1:111122223333:db:x"
    cell = Cell("aws", "111122223333", "us-east-1")
    raw = {"DBInstanceArn": arn, "DBInstanceIdentifier": "x", "AvailabilityZone": "us-east-1-qro-1a"}
    [only] = rds.read(raw, {}, cell)
    assert only.location == Location("aws", "us-east-1", "us-east-1-qro-1a")


def test_a_member_of_a_cluster_holds_nothing_itself():
    assert instance(DBClusterIdentifier="shop") == []


def test_a_read_replica_names_its_source_in_short_at_home_and_in_full_from_abroad():
    source = "arn:aws:rds:us-east-1:111122223333:db:origin"
    _, at_home = instance(ReadReplicaSourceDBInstanceIdentifier="origin")
    _, abroad = instance(ReadReplicaSourceDBInstanceIdentifier=source)
    _, of_cluster = instance(ReadReplicaSourceDBClusterIdentifier="shop")
    here = ("rds-read-replica", MUMBAI, DATABASE)
    assert said(at_home) == ("arn:aws:rds:ap-south-1:111122223333:db:origin", *here)
    assert said(abroad) == (source, *here)
    assert said(of_cluster) == (CLUSTER, *here)


def test_a_database_names_its_replicas_even_in_regions_nobody_scans():
    there = "arn:aws:rds:ap-southeast-1:111122223333:db:payments-sg"
    _, near, far, aurora = instance(
        ReadReplicaDBInstanceIdentifiers=["payments-2", there], ReadReplicaDBClusterIdentifiers=["shop"]
    )
    assert said(near) == (DATABASE, "rds-read-replica", MUMBAI, "arn:aws:rds:ap-south-1:111122223333:db:payments-2")
    assert said(far) == (DATABASE, "rds-read-replica", SINGAPORE, there)
    assert said(aurora) == (DATABASE, "aurora-replica", MUMBAI, CLUSTER)


def test_a_replica_is_said_alike_by_both_ends():
    replica = "arn:aws:rds:ap-southeast-1:111122223333:db:payments-sg"
    _, from_source = instance(ReadReplicaDBInstanceIdentifiers=[replica])
    raw = {
        "DBInstanceArn": replica,
        "DBInstanceIdentifier": "payments-sg",
        "ReadReplicaSourceDBInstanceIdentifier": DATABASE,
    }
    _, from_replica = rds.read(raw, {}, Cell("aws", "111122223333", "ap-southeast-1"))
    assert said(from_source) == said(from_replica)
    assert from_source.caused_by == from_replica.caused_by


def test_backups_sent_to_another_region_are_said_by_the_database_and_by_the_backup():
    backup = "arn:aws:rds:ap-southeast-1:111122223333:auto-backup:ab-1"
    _, from_source = instance(DBInstanceAutomatedBackupsReplications=[{"DBInstanceAutomatedBackupsArn": backup}])
    raw = {
        "DBInstanceAutomatedBackupsArn": backup,
        "DBInstanceIdentifier": "payments",
        "DBInstanceArn": DATABASE,
        "Region": "ap-south-1",
        "BackupRetentionPeriod": 7,
        "RestoreWindow": {"LatestTime": NIGHT},
    }
    holder, from_backup = rds_backups.read(raw, {}, Cell("aws", "111122223333", "ap-southeast-1"))
    assert said(from_source) == said(from_backup) == (DATABASE, "rds-backup-replication", SINGAPORE, backup)
    assert (holder.location, holder.retention_days, holder.newest_at) == (SINGAPORE, 7, NIGHT)


def test_backups_at_home_are_a_backup_of_the_database_even_when_it_is_gone():
    holder, copy = rds_backups.read({"DBInstanceIdentifier": "payments", "Status": "retained"}, {}, HERE)
    assert said(copy) == (DATABASE, "rds-continuous-backup", MUMBAI, holder.id)


def test_backups_of_a_cluster_are_backups_of_the_cluster():
    holder, copy = rds_backups.read_of_cluster(
        {"DBClusterIdentifier": "shop", "StorageEncrypted": False, "BackupRetentionPeriod": 14}, {}, HERE
    )
    assert said(copy) == (CLUSTER, "rds-continuous-backup", MUMBAI, holder.id)
    assert (holder.cmk, holder.retention_days) == (False, 14)


def test_clusters_are_typed_by_their_engine():
    engines = ("aurora-postgresql", "docdb", "neptune", "mysql")
    types = [cluster(Engine=engine)[0].type for engine in engines]
    assert types == ["aws.rds.cluster", "aws.docdb.cluster", "aws.neptune.cluster", "aws.rds.cluster"]


def test_a_replica_cluster_is_said_by_both_ends():
    replica = "arn:aws:rds:ap-southeast-1:111122223333:cluster:shop-sg"
    _, from_source = cluster(ReadReplicaIdentifiers=[replica, "an-instance"])
    raw = {
        "DBClusterArn": replica,
        "DBClusterIdentifier": "shop-sg",
        "Engine": "aurora-mysql",
        "ReplicationSourceIdentifier": CLUSTER,
    }
    _, from_replica = rds_clusters.read(raw, {}, Cell("aws", "111122223333", "ap-southeast-1"))
    assert said(from_source) == said(from_replica) == (CLUSTER, "aurora-replica", SINGAPORE, replica)


WRITER, READER = CLUSTER, "arn:aws:rds:us-east-1:111122223333:cluster:shop-us"
OTHER = "arn:aws:rds:eu-west-1:111122223333:cluster:shop-eu"
WORLD = {
    "global": {
        "GlobalClusters": [
            {
                "GlobalClusterMembers": [
                    {"DBClusterArn": WRITER, "Readers": [READER, OTHER], "IsWriter": True},
                    {"DBClusterArn": READER, "Readers": [], "IsWriter": False},
                    {"DBClusterArn": OTHER, "Readers": [], "IsWriter": False},
                ]
            }
        ]
    }
}


def test_the_writer_of_a_global_database_names_every_reader():
    _, *copies = cluster(WORLD, GlobalClusterIdentifier="world")
    assert [said(copy)[2:] for copy in copies] == [
        (Location("aws", "eu-west-1"), OTHER),
        (Location("aws", "us-east-1"), READER),
    ]
    assert {(copy.of, copy.channel, copy.part) for copy in copies} == {(WRITER, "aurora-global-database", "global")}


def test_a_reader_of_a_global_database_names_the_others_too_for_they_may_lie_where_nobody_looks():
    raw = {"DBClusterArn": READER, "DBClusterIdentifier": "shop-us", "Engine": "aurora-mysql"}
    raw |= {"ReplicationSourceIdentifier": WRITER}
    _, *copies = rds_clusters.read(raw, WORLD, Cell("aws", "111122223333", "us-east-1"))
    assert [said(copy) for copy in copies] == [
        (WRITER, "aurora-global-database", Location("aws", "eu-west-1"), OTHER),
        (WRITER, "aurora-global-database", Location("aws", "us-east-1"), READER),
    ]


def test_while_a_global_database_fails_over_its_members_are_still_copies_of_one_another():
    members = [{"DBClusterArn": arn, "Readers": [], "IsWriter": False} for arn in (WRITER, READER)]
    parts = {"global": {"GlobalClusters": [{"GlobalClusterMembers": members}]}}
    _, copy = cluster(parts)
    assert said(copy) == (WRITER, "aurora-global-database", Location("aws", "us-east-1"), READER)


OUTPOST = {"SubnetOutpost": {"Arn": "arn:aws:outposts:ap-south-1:111122223333:outpost/op-1"}}


def test_in_which_country_an_outpost_stands_is_not_known():
    [on_outpost] = instance(DBSubnetGroup={"Subnets": [{"SubnetOutpost": {}}, OUTPOST]})
    [with_backups_there] = instance(BackupTarget="outposts")
    taken, _ = snapshot(SnapshotTarget="outposts")
    backup, _ = rds_backups.read({"DBInstanceIdentifier": "payments", "BackupTarget": "outposts"}, {}, HERE)
    for resource in (on_outpost, with_backups_there, taken, backup):
        assert resource.location.region == "ap-south-1"
        assert geography.country(resource.location) is None
    [in_the_region] = instance(DBSubnetGroup={"Subnets": [{"SubnetOutpost": {}}]}, BackupTarget="region")
    assert in_the_region.location == MUMBAI


def test_backups_kept_in_a_local_zone_keep_its_name():
    manila = Cell("aws", "111122223333", "ap-southeast-1")
    zone = "ap-southeast-1-mnl-1a"
    raw = {"DBSnapshotArn": "arn:s", "DBSnapshotIdentifier": "s", "DBInstanceIdentifier": "payments"}
    taken, copy = rds_snapshots.read(raw | {"SnapshotTarget": "local", "SnapshotAvailabilityZone": zone}, {}, manila)
    assert taken.location == copy.location == Location("aws", "ap-southeast-1", zone)
    raw = {"DBInstanceIdentifier": "payments", "AvailabilityZone": zone}
    in_the_region, _ = rds_backups.read(raw, {}, manila)
    kept_local, _ = rds_backups.read(raw | {"BackupTarget": "local"}, {}, manila)
    assert (in_the_region.location.zone, kept_local.location.zone) == ("", zone)


def test_a_snapshot_that_failed_holds_nothing():
    assert snapshot(Status="failed") == []


@pytest.mark.parametrize("status", ["creating", "copying"])
def test_a_snapshot_being_made_is_there_but_is_no_fresh_backup(status):
    resource, copy = snapshot(Status=status, OriginalSnapshotCreateTime=NIGHT)
    assert (resource.created_at, resource.newest_at) == (None, None)
    assert said(copy) == (DATABASE, "rds-snapshot", MUMBAI, resource.id)


def test_automated_backups_being_made_are_no_fresh_backup():
    raw = {"DBInstanceIdentifier": "payments", "Status": "creating", "RestoreWindow": {"LatestTime": NIGHT}}
    resource, _ = rds_backups.read(raw, {}, HERE)
    assert resource.newest_at is None


def test_snapshots_are_asked_for_once_and_those_of_aws_backup_are_left_to_its_vaults():
    cloud = RecordedCloud({"describe_db_snapshots": {"DBSnapshots": []}})
    assert list(rds_snapshots.find(cloud)) == []
    assert cloud.asked == ["describe_db_snapshots"]


def test_a_snapshot_that_aws_backup_copied_in_is_a_copy_of_a_backup():
    source = "arn:aws:rds:us-east-1:111122223333:snapshot:awsbackup:job-1"
    resource, copy = snapshot(SnapshotType="awsbackup", SourceRegion="us-east-1", SourceDBSnapshotIdentifier=source)
    assert (copy.channel, resource.taken_of) == ("backup-copy", "arn:aws:rds:us-east-1:111122223333:db:payments")


def test_what_aws_leaves_out_does_not_hide_what_it_says():
    assert cluster({"global": {"GlobalClusters": [{}, {"GlobalClusterMembers": [{"IsWriter": True}]}]}})
    [bare] = rds_clusters.read({"DBClusterArn": CLUSTER, "DBClusterIdentifier": "shop"}, {}, HERE)
    assert bare.type == "aws.rds.cluster"
    raw = {"DBSnapshotArn": "arn:s", "DBSnapshotIdentifier": "s", "DBInstanceIdentifier": "payments"}
    taken, copy = rds_snapshots.read(raw, {}, HERE)
    assert (taken.created_at, taken.newest_at, copy.channel) == (None, None, "rds-snapshot")
    assert snapshot(TagList=[{"Key": "data-class"}])[0].tags == {"data-class": ""}


def test_global_databases_are_asked_about_only_where_a_cluster_belongs_to_one():
    cloud = RecordedCloud({"describe_global_clusters": {"GlobalClusters": []}})
    assert rds_clusters.global_database(cloud, {"DBClusterIdentifier": "shop"}) == {}
    assert cloud.asked == []
    rds_clusters.global_database(cloud, {"GlobalClusterIdentifier": "world"})
    assert cloud.asked == ["describe_global_clusters"]


def test_a_snapshot_is_a_point_in_time_of_its_database():
    resource, copy = snapshot()
    assert (resource.taken_of, resource.newest_at, resource.retention_days) == (DATABASE, NIGHT, NEVER_EXPIRES)
    assert said(copy) == (DATABASE, "rds-snapshot", MUMBAI, resource.id)


def test_snapshots_that_rds_and_aws_backup_make_are_backups():
    (of_rds, by_rds), (_, by_backup) = snapshot(SnapshotType="automated"), snapshot(SnapshotType="awsbackup")
    assert (by_rds.channel, by_backup.channel) == ("rds-automated-backup", "backup-recovery-point")
    assert of_rds.retention_days is None


def test_a_copied_snapshot_is_a_copy_of_a_snapshot_taken_of_the_database_at_home():
    source = "arn:aws:rds:us-east-1:444455556666:snapshot:s0"
    resource, copy = snapshot(SourceRegion="us-east-1", SourceDBSnapshotIdentifier=source)
    assert said(copy) == (source, "rds-snapshot-copy", MUMBAI, resource.id)
    assert resource.taken_of == "arn:aws:rds:us-east-1:444455556666:db:payments"


def test_the_region_of_a_source_may_be_told_by_its_name_alone():
    source = "arn:aws:rds:us-east-1:111122223333:snapshot:s0"
    resource, _ = snapshot(SourceDBSnapshotIdentifier=source)
    assert resource.taken_of == "arn:aws:rds:us-east-1:111122223333:db:payments"


def test_a_copy_dates_from_when_its_original_was_taken():
    resource, _ = snapshot(SnapshotCreateTime=datetime(2026, 11, 22, tzinfo=UTC), OriginalSnapshotCreateTime=NIGHT)
    assert (resource.newest_at, resource.created_at) == (NIGHT, datetime(2026, 11, 22, tzinfo=UTC))


def test_a_copied_cluster_snapshot_is_told_by_its_source():
    source = "arn:aws:rds:us-east-1:444455556666:cluster-snapshot:s0"
    raw = {
        "DBClusterSnapshotArn": "arn:aws:rds:ap-south-1:111122223333:cluster-snapshot:s1",
        "DBClusterSnapshotIdentifier": "s1",
        "DBClusterIdentifier": "shop",
        "SnapshotType": "manual",
        "StorageEncrypted": False,
    }
    [taken, of_cluster] = rds_cluster_snapshots.read(raw, {}, HERE)
    [copied, of_snapshot] = rds_cluster_snapshots.read(raw | {"SourceDBClusterSnapshotArn": source}, {}, HERE)
    assert said(of_cluster) == (CLUSTER, "rds-snapshot", MUMBAI, taken.id)
    assert said(of_snapshot) == (source, "rds-snapshot-copy", MUMBAI, copied.id)
    assert copied.taken_of == "arn:aws:rds:us-east-1:444455556666:cluster:shop"
    assert (taken.cmk, taken.type) == (False, "aws.rds.cluster-snapshot")


def export(**more):
    this = {"ExportTaskIdentifier": "e", "SourceArn": DATABASE, "S3Bucket": "lake", "Status": "COMPLETE"}
    return list(rds_exports.read(this | more, {}, HERE))


@pytest.mark.parametrize(
    ("source", "of"),
    [
        ("snapshot:by-hand", "snapshot:by-hand"),
        ("snapshot:rds:payments-2026-11-20-18-30", "db:payments"),
        ("cluster-snapshot:rds:shop-2026-11-20-18-30", "cluster:shop"),
        ("cluster:shop", "cluster:shop"),
    ],
)
def test_an_export_is_of_the_database_where_the_name_of_its_snapshot_says_which(source, of):
    place = "arn:aws:rds:ap-south-1:111122223333:"
    [copy] = export(SourceArn=place + source)
    assert (copy.of, copy.channel, copy.id, copy.location) == (place + of, "rds-export", "arn:aws:s3:::lake", None)


def test_an_export_of_some_tables_is_partial():
    assert [export()[0].partial, export(ExportOnly=["payments.cards"])[0].partial] == [False, True]


@pytest.mark.parametrize("status", ["FAILED", "CANCELED", "CANCELING"])
def test_what_an_export_wrote_before_it_ended_early_stays_in_the_bucket(status):
    assert export(Status=status, PercentProgress=0) == []
    [copy] = export(Status=status, PercentProgress=40)
    assert copy.partial
