"""Puts buckets, tables and databases into one account of the local cloud, in the few ways that matter here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from domicile.demo.cloud import LocalCloud


class Plot:
    """One account to plant in. Tags are given as a mapping; names and ids are those of AWS."""

    def __init__(self, cloud: LocalCloud, account: str) -> None:
        self.cloud = cloud
        self.account = account

    def client(self, service: str, region: str) -> Any:
        return self.cloud.client(service, region, self.account)

    def arn(self, service: str, region: str, resource: str) -> str:
        return f"arn:aws:{service}:{region}:{self.account}:{resource}"

    def show(self, service: str, operation: str, region: str, **answer: Any) -> None:
        """Answer an operation in this account, in one region or, without it, in all."""
        self.cloud.answer(service, operation, answer, account=self.account, region=region)

    # S3

    def bucket(self, name: str, region: str, tags: Mapping[str, str] | None = None) -> None:
        s3 = self.client("s3", region)
        # AWS takes no constraint for its first region, and refuses to create elsewhere without one.
        where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        s3.create_bucket(Bucket=name, **where)
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        if tags:
            s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": tag_list(tags)})

    def replicate(self, name: str, region: str, targets: Mapping[str, str]) -> None:
        """Replicate a bucket: rule ids and the buckets they write to, `name` or `name@account`. None stops it."""
        s3 = self.client("s3", region)
        if not targets:
            s3.delete_bucket_replication(Bucket=name)
            return
        rules = [
            {
                "ID": rule,
                "Priority": priority,
                "Status": "Enabled",
                "Filter": {"Prefix": ""},
                "DeleteMarkerReplication": {"Status": "Disabled"},
                "Destination": _destination(target),
            }
            for priority, (rule, target) in enumerate(targets.items(), start=1)
        ]
        role = f"arn:aws:iam::{self.account}:role/replication"
        s3.put_bucket_replication(Bucket=name, ReplicationConfiguration={"Role": role, "Rules": rules})

    # DynamoDB

    def table(self, name: str, region: str, tags: Mapping[str, str] | None = None) -> None:
        self.client("dynamodb", region).create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            Tags=tag_list(tags or {}),
        )

    def replica(self, name: str, region: str, there: str) -> None:
        create = {"Create": {"RegionName": there}}
        self.client("dynamodb", region).update_table(TableName=name, ReplicaUpdates=[create])

    def drop_replica(self, name: str, region: str, there: str) -> None:
        delete = {"Delete": {"RegionName": there}}
        self.client("dynamodb", region).update_table(TableName=name, ReplicaUpdates=[delete])

    def witness(self, name: str, region: str, there: str) -> None:
        create = {"Create": {"RegionName": there}}
        self.client("dynamodb", region).update_table(TableName=name, GlobalTableWitnessUpdates=[create])

    def restore_table(self, name: str, region: str, restored: str) -> None:
        dynamodb = self.client("dynamodb", region)
        dynamodb.restore_table_to_point_in_time(
            SourceTableName=name, TargetTableName=restored, UseLatestRestorableTime=True
        )

    # RDS

    def database(self, name: str, region: str, tags: Mapping[str, str] | None = None, *, backup_days: int = 7) -> None:
        self.client("rds", region).create_db_instance(
            DBInstanceIdentifier=name,
            DBInstanceClass="db.t3.micro",
            Engine="postgres",
            AllocatedStorage=20,
            MasterUsername="owner",
            MasterUserPassword="kept-nowhere",
            BackupRetentionPeriod=backup_days,
            Tags=tag_list(tags or {}),
        )

    def read_replica(self, name: str, region: str, replica: str, there: str) -> None:
        self.client("rds", there).create_db_instance_read_replica(
            DBInstanceIdentifier=replica, SourceDBInstanceIdentifier=self.arn("rds", region, f"db:{name}")
        )

    def replicate_backups(self, name: str, region: str, there: str, *, days: int = 7) -> None:
        self.client("rds", there).start_db_instance_automated_backups_replication(
            SourceDBInstanceArn=self.arn("rds", region, f"db:{name}"), BackupRetentionPeriod=days
        )

    def snapshot(self, name: str, region: str, snapshot: str, taken_at: datetime | None = None) -> None:
        self.client("rds", region).create_db_snapshot(DBInstanceIdentifier=name, DBSnapshotIdentifier=snapshot)
        self._date(self.arn("rds", region, f"snapshot:{snapshot}"), taken_at)

    def copy_snapshot(
        self, source: str, there: str, snapshot: str, taken_at: datetime | None = None, *, with_tags: bool = False
    ) -> None:
        """Copy a snapshot, named by its ARN, into a region of this account."""
        self.client("rds", there).copy_db_snapshot(
            SourceDBSnapshotIdentifier=source, TargetDBSnapshotIdentifier=snapshot, CopyTags=with_tags
        )
        self._date(self.arn("rds", there, f"snapshot:{snapshot}"), taken_at)

    def drop_snapshot(self, region: str, snapshot: str) -> None:
        self.client("rds", region).delete_db_snapshot(DBSnapshotIdentifier=snapshot)

    def drop_database(self, name: str, region: str) -> None:
        self.client("rds", region).delete_db_instance(DBInstanceIdentifier=name, SkipFinalSnapshot=True)

    def global_database(self, name: str, members: Mapping[str, str], tags: Mapping[str, str] | None = None) -> None:
        """An Aurora global database: cluster names by region, the writer first."""
        for index, (region, cluster) in enumerate(members.items()):
            rds = self.client("rds", region)
            owner = {} if index else {"MasterUsername": "owner", "MasterUserPassword": "kept-nowhere"}
            if not index:
                rds.create_global_cluster(GlobalClusterIdentifier=name, Engine="aurora-postgresql")
            rds.create_db_cluster(
                DBClusterIdentifier=cluster,
                Engine="aurora-postgresql",
                GlobalClusterIdentifier=name,
                Tags=[] if index else tag_list(tags or {}),
                **owner,
            )

    def _date(self, snapshot: str, taken_at: datetime | None) -> None:
        if taken_at:
            self.cloud.know(snapshot, SnapshotCreateTime=taken_at, OriginalSnapshotCreateTime=taken_at)


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _destination(target: str) -> dict[str, str]:
    bucket, _, account = target.partition("@")
    destination = {"Bucket": f"arn:aws:s3:::{bucket}"}
    return destination | {"Account": account} if account else destination
