"""What AWS answers and the local cloud's engine, moto, does not: laid over moto's own answers, call by call."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.core.utils import get_service_model
from msgspec import Struct

from domicile.demo.missing import MISSING

Own = Callable[..., dict[str, Any]]
"""The answer as it would be without this layer; keyword arguments replace parameters of the call."""


class Asked(Struct, frozen=True):
    """One call as it came in. `moto` gives a client for a service, region and account that nothing is laid over."""

    service: str
    operation: str
    account: str
    region: str
    protocol: str
    parameters: Mapping[str, Any]
    moto: Callable[[str, str, str], Any]

    def client(self, region: str = "", account: str = "") -> Any:
        return self.moto(self.service, region or self.region, account or self.account)


class Fault(Exception):
    """An error that the caller gets to see in the form of the service's protocol."""

    def __init__(self, code: str, message: str, status: int = 400, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.headers = dict(headers or {})


Answer = Callable[[Asked, Own], dict[str, Any]]


class Lack(Struct, frozen=True):
    """What moto lacks in one operation, and the answer to give instead."""

    why: str
    answer: Answer


@functools.cache
def _lists(service: str, operation: str) -> tuple[str, ...]:
    shape = get_service_model(service).operation_model(operation).output_shape
    return tuple(name for name, member in shape.members.items() if member.type_name == "list") if shape else ()


def nothing(asked: Asked, _: Own) -> dict[str, Any]:
    """What AWS answers where there is nothing: every list of the answer, empty."""
    return {name: [] for name in _lists(asked.service, asked.operation)}


class Overlay:
    """The state behind these answers. `facts` are fields by ARN that a description gets on top of moto's."""

    def __init__(self, enabled: tuple[str, ...], disabled: tuple[str, ...]) -> None:
        self.facts: dict[str, dict[str, Any]] = {}
        self._enabled = enabled
        self._disabled = disabled
        self._replicas: dict[str, set[str]] = {}
        self._witnesses: dict[str, set[str]] = {}
        self._backup_replicas: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}
        self.lacks: Mapping[tuple[str, str], Lack] = {
            ("account", "ListRegions"): Lack("is missing", self._regions_of_account),
            ("ec2", "DescribeRegions"): Lack("cannot be told which regions are on", self._regions),
            ("s3", "ListBuckets"): Lack("gives no region and no second page", self._buckets),
            ("s3", "HeadBucket"): Lack("shows every account every bucket", self._bucket),
            ("s3", "ListDirectoryBuckets"): Lack("lists ordinary buckets", nothing),
            ("s3vectors", "ListVectorBuckets"): Lack("lists vector buckets of all regions", self._vector_buckets),
            ("resourcegroupstaggingapi", "GetResources"): Lack("lists buckets of all regions", self._tags),
            ("dynamodb", "ListExports"): Lack("lists the exports of one named table only", self._exports),
            ("dynamodb", "UpdateTable"): Lack("ignores replicas and witnesses", self._update_table),
            ("dynamodb", "DescribeTable"): Lack("shows no replicas and no witnesses", self._table),
            ("rds", "CopyDBSnapshot"): Lack("cannot copy from another account", self._copy_snapshot),
            ("rds", "DescribeDBSnapshots"): Lack("forgets what was copied from where", self._snapshots),
            ("rds", "DescribeDBInstances"): Lack("does not know where backups go", self._instances),
            ("rds", "DescribeDBInstanceAutomatedBackups"): Lack("gives a name only", self._instance_backups),
            ("rds", "DescribeDBClusterAutomatedBackups"): Lack("is missing", self._cluster_backups),
            ("rds", "StartDBInstanceAutomatedBackupsReplication"): Lack("is missing", self._replicate_backups),
            ("rds", "StopDBInstanceAutomatedBackupsReplication"): Lack("is missing", self._stop_replication),
        } | {key: Lack("is missing", nothing) for key in MISSING}

    def _with_facts(self, items: Iterable[dict[str, Any]], arn: str) -> list[dict[str, Any]]:
        return [item | self.facts.get(item[arn], {}) for item in items]

    # Regions

    def _regions_of_account(self, asked: Asked, _: Own) -> dict[str, Any]:
        wanted = asked.parameters.get("RegionOptStatusContains", ())
        statuses = dict.fromkeys(self._enabled, "ENABLED") | dict.fromkeys(self._disabled, "DISABLED")
        regions = [{"RegionName": region, "RegionOptStatus": status} for region, status in sorted(statuses.items())]
        return {"Regions": [region for region in regions if not wanted or region["RegionOptStatus"] in wanted]}

    def _regions(self, asked: Asked, own: Own) -> dict[str, Any]:
        known = {region["RegionName"]: region for region in own(AllRegions=True)["Regions"]}
        enabled = [known[region] | {"OptInStatus": "opted-in"} for region in self._enabled]
        disabled = [known[region] | {"OptInStatus": "not-opted-in"} for region in self._disabled]
        return {"Regions": enabled + disabled if asked.parameters.get("AllRegions") else enabled}

    # S3

    def _buckets(self, asked: Asked, own: Own) -> dict[str, Any]:
        parameters = asked.parameters
        moto = asked.client()
        own_region = {
            bucket["Name"]: region
            for region in (*self._enabled, *self._disabled)
            for bucket in moto.list_buckets(BucketRegion=region)["Buckets"]
        }
        answer = own(MaxBuckets=None, ContinuationToken=None)
        # As in AWS, a request without any parameter is answered in the old form, without regions.
        if not parameters:
            return answer
        after = parameters.get("ContinuationToken", "")
        rest = sorted((bucket for bucket in answer["Buckets"] if bucket["Name"] > after), key=lambda b: str(b["Name"]))
        page = rest[: parameters.get("MaxBuckets") or 10_000]
        answer["Buckets"] = [bucket | {"BucketRegion": own_region[bucket["Name"]]} for bucket in page]
        if len(page) < len(rest):
            answer["ContinuationToken"] = page[-1]["Name"]
        return answer

    def _bucket(self, asked: Asked, own: Own) -> dict[str, Any]:
        answer = own()
        mine = {bucket["Name"] for bucket in asked.client().list_buckets()["Buckets"]}
        if asked.parameters["Bucket"] not in mine:
            raise Fault("403", "Forbidden", 403, {"x-amz-bucket-region": answer["BucketRegion"]})
        return answer

    def _tags(self, asked: Asked, own: Own) -> dict[str, Any]:
        answer = own()
        here = asked.moto("s3", asked.region, asked.account).list_buckets(BucketRegion=asked.region)["Buckets"]
        mine = {f"arn:aws:s3:::{bucket['Name']}" for bucket in here}
        answer["ResourceTagMappingList"] = [
            item
            for item in answer["ResourceTagMappingList"]
            if not item["ResourceARN"].startswith("arn:aws:s3:::") or item["ResourceARN"] in mine
        ]
        return answer

    def _vector_buckets(self, asked: Asked, own: Own) -> dict[str, Any]:
        buckets = own()["vectorBuckets"]
        return {"vectorBuckets": [one for one in buckets if f":{asked.region}:" in one["vectorBucketArn"]]}

    # DynamoDB

    def _update_table(self, asked: Asked, own: Own) -> dict[str, Any]:
        name = asked.parameters["TableName"]
        table = asked.client().describe_table(TableName=name)["Table"]
        group = f"{asked.account}/{name}"
        for update in asked.parameters.get("ReplicaUpdates", ()):
            if "Create" in update:
                region = update["Create"]["RegionName"]
                asked.client(region).create_table(
                    TableName=name,
                    KeySchema=table["KeySchema"],
                    AttributeDefinitions=table["AttributeDefinitions"],
                    BillingMode="PAY_PER_REQUEST",
                )
                self._replicas.setdefault(group, {asked.region}).add(region)
            elif "Delete" in update:
                region = update["Delete"]["RegionName"]
                asked.client(region).delete_table(TableName=name)
                self._replicas[group].discard(region)
        for update in asked.parameters.get("GlobalTableWitnessUpdates", ()):
            if "Create" in update:
                self._witnesses.setdefault(group, set()).add(update["Create"]["RegionName"])
            else:
                self._witnesses[group].discard(update["Delete"]["RegionName"])
        own(ReplicaUpdates=None, GlobalTableWitnessUpdates=None, BillingMode="PAY_PER_REQUEST")
        return {"TableDescription": self._shown(asked, table)}

    def _table(self, asked: Asked, own: Own) -> dict[str, Any]:
        return {"Table": self._shown(asked, own()["Table"])}

    def _shown(self, asked: Asked, table: dict[str, Any]) -> dict[str, Any]:
        group = f"{asked.account}/{table['TableName']}"
        others = sorted(self._replicas.get(group, set()) - {asked.region})
        witnesses = sorted(self._witnesses.get(group, ()))
        if others:
            arns = [table["TableArn"].replace(asked.region, region) for region in others]
            table["GlobalTableVersion"] = "2019.11.21"
            table["Replicas"] = [
                {"RegionName": region, "ReplicaStatus": "ACTIVE", "ReplicaArn": arn}
                for region, arn in zip(others, arns, strict=True)
            ]
        if witnesses:
            table["GlobalTableWitnesses"] = [{"RegionName": region, "WitnessStatus": "ACTIVE"} for region in witnesses]
        return table | self.facts.get(table["TableArn"], {})

    def _exports(self, asked: Asked, own: Own) -> dict[str, Any]:
        if "TableArn" in asked.parameters:
            return own()
        tables = asked.client().list_tables()["TableNames"]
        arns = [f"arn:aws:dynamodb:{asked.region}:{asked.account}:table/{name}" for name in tables]
        return {"ExportSummaries": [one for arn in arns for one in own(TableArn=arn)["ExportSummaries"]]}

    # RDS

    def _copy_snapshot(self, asked: Asked, own: Own) -> dict[str, Any]:
        source = asked.parameters["SourceDBSnapshotIdentifier"]
        if not source.startswith("arn:"):
            source = f"arn:aws:rds:{asked.region}:{asked.account}:snapshot:{source}"
        *_, region, account, _, name = source.split(":", 6)
        if account == asked.account:
            answer = own(SourceRegion=None)
        else:
            answer = self._copy_from_another_account(asked, region, account, name)
        lineage = {"SourceDBSnapshotIdentifier": source}
        if region != asked.region:
            lineage["SourceRegion"] = region
        self.facts.setdefault(answer["DBSnapshot"]["DBSnapshotArn"], {}).update(lineage)
        return {"DBSnapshot": answer["DBSnapshot"] | lineage}

    def _snapshots(self, _: Asked, own: Own) -> dict[str, Any]:
        answer = own()
        return answer | {"DBSnapshots": self._with_facts(answer["DBSnapshots"], "DBSnapshotArn")}

    def _instance_backups(self, asked: Asked, _: Own) -> dict[str, Any]:
        pages = asked.client().get_paginator("describe_db_instances").paginate()
        databases = [
            database
            for page in pages
            for database in page["DBInstances"]
            # AWS takes no backups of a read replica unless asked to; moto copies the setting of its source.
            if database["BackupRetentionPeriod"]
            and not database.get("DBClusterIdentifier")
            and not database.get("ReadReplicaSourceDBInstanceIdentifier")
        ]
        backups = [_backup_of(database, asked.region, asked.account) for database in databases]
        for backup in backups:
            backup["DBInstanceAutomatedBackupsReplications"] = self._replications(backup["DBInstanceArn"])
        backups += self._backup_replicas.get((asked.account, asked.region), {}).values()
        return {"DBInstanceAutomatedBackups": self._with_facts(backups, "DBInstanceAutomatedBackupsArn")}

    def _instances(self, _: Asked, own: Own) -> dict[str, Any]:
        answer = own()
        for database in answer["DBInstances"]:
            database["DBInstanceAutomatedBackupsReplications"] = self._replications(database["DBInstanceArn"])
        return answer | {"DBInstances": self._with_facts(answer["DBInstances"], "DBInstanceArn")}

    def _replications(self, database: str) -> list[dict[str, str]]:
        copies = [copies[database] for _, copies in sorted(self._backup_replicas.items()) if database in copies]
        return [{"DBInstanceAutomatedBackupsArn": copy["DBInstanceAutomatedBackupsArn"]} for copy in copies]

    def _cluster_backups(self, asked: Asked, _: Own) -> dict[str, Any]:
        pages = asked.client().get_paginator("describe_db_clusters").paginate()
        backups = [
            {
                "DBClusterAutomatedBackupsArn": _backup_arn(cluster["DBClusterArn"], asked.region, asked.account),
                "Region": asked.region,
                "Status": "active",
                "RestoreWindow": _restore_window(cluster["ClusterCreateTime"]),
                **{
                    name: cluster[name]
                    for name in (
                        "DBClusterArn",
                        "DBClusterIdentifier",
                        "DbClusterResourceId",
                        "Engine",
                        "BackupRetentionPeriod",
                        "ClusterCreateTime",
                        "StorageEncrypted",
                    )
                },
            }
            for page in pages
            for cluster in page["DBClusters"]
            if cluster["BackupRetentionPeriod"]
        ]
        return {"DBClusterAutomatedBackups": self._with_facts(backups, "DBClusterAutomatedBackupsArn")}

    def _replicate_backups(self, asked: Asked, _: Own) -> dict[str, Any]:
        source = asked.parameters["SourceDBInstanceArn"]
        region, name = source.split(":")[3], source.split(":")[6]
        [database] = asked.client(region).describe_db_instances(DBInstanceIdentifier=name)["DBInstances"]
        copy = _backup_of(database, region, asked.account) | {
            "DBInstanceAutomatedBackupsArn": _backup_arn(source, asked.region, asked.account),
            "BackupRetentionPeriod": asked.parameters.get("BackupRetentionPeriod", 7),
            "Status": "replicating",
        }
        if "KmsKeyId" in asked.parameters:
            copy["KmsKeyId"] = asked.parameters["KmsKeyId"]
        self._backup_replicas.setdefault((asked.account, asked.region), {})[source] = copy
        return {"DBInstanceAutomatedBackup": copy}

    def _stop_replication(self, asked: Asked, _: Own) -> dict[str, Any]:
        copies = self._backup_replicas.get((asked.account, asked.region), {})
        return {"DBInstanceAutomatedBackup": copies.pop(asked.parameters["SourceDBInstanceArn"])}

    def _copy_from_another_account(self, asked: Asked, region: str, account: str, name: str) -> dict[str, Any]:
        """A snapshot of a database that exists in this account for a moment only."""
        there, here = asked.client(region, account), asked.client()
        [snapshot] = there.describe_db_snapshots(DBSnapshotIdentifier=name)["DBSnapshots"]
        database = {"DBInstanceIdentifier": snapshot["DBInstanceIdentifier"]}
        here.create_db_instance(
            **database,
            DBInstanceClass="db.t3.micro",
            Engine=snapshot["Engine"],
            AllocatedStorage=snapshot["AllocatedStorage"],
            StorageEncrypted=snapshot["Encrypted"],
            MasterUsername=snapshot["MasterUsername"],
            MasterUserPassword="only-for-a-moment",
        )
        answer: dict[str, Any] = here.create_db_snapshot(
            **database,
            DBSnapshotIdentifier=asked.parameters["TargetDBSnapshotIdentifier"],
            Tags=asked.parameters.get("Tags", []),
        )
        here.delete_db_instance(**database, SkipFinalSnapshot=True)
        return answer


def _backup_of(database: Mapping[str, Any], region: str, account: str) -> dict[str, Any]:
    arn = database["DBInstanceArn"]
    backup = {
        "DBInstanceAutomatedBackupsArn": _backup_arn(arn, region, account),
        "Region": region,
        "Status": "active",
        "Encrypted": database["StorageEncrypted"],
        "RestoreWindow": _restore_window(database["InstanceCreateTime"]),
        "BackupTarget": "region",
    }
    names = "DBInstanceArn DBInstanceIdentifier DbiResourceId InstanceCreateTime Engine BackupRetentionPeriod TagList"
    return backup | {name: database[name] for name in names.split()}


def _backup_arn(database: str, region: str, account: str) -> str:
    digest = hashlib.sha256(database.encode()).hexdigest()[:26]
    return f"arn:aws:rds:{region}:{account}:auto-backup:ab-{digest}"


def _restore_window(created: datetime) -> dict[str, datetime]:
    return {"EarliestTime": created, "LatestTime": max(created, datetime.now(UTC) - timedelta(minutes=5))}
