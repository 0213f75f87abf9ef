"""Amazon RDS: each database instance with storage of its own, its read replicas and where its backups are sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import Cell, Channel, Copy, Evidence, Location, Resource, ResourceType
from domicile.providers.aws.arn import account_of, in_full, outpost, place, region_of
from domicile.providers.aws.rds_clusters import CLUSTER_REPLICA
from domicile.providers.service import Cloud, Listing, Service

INSTANCE = ResourceType("aws.rds.instance", "primary")

READ_REPLICA = Channel(
    "rds-read-replica",
    "replica",
    "Delete the read replica; promoting it leaves a full copy there.",
    continuous=True,
)
BACKUP_REPLICATION = Channel(
    "rds-backup-replication",
    "backup",
    "Stop the replication of automated backups, then delete the replicated backups in the other region.",
    continuous=True,
)


def find(cloud: Cloud) -> Iterator[dict[str, Any]]:
    for page in cloud.pages("describe_db_instances", MaxRecords=100):
        yield from page["DBInstances"]


def identify(instance: dict[str, Any], _: Cell) -> str:
    name: str = instance["DBInstanceArn"]
    return name


def read(instance: dict[str, Any], _: Mapping[str, dict[str, Any] | None], cell: Cell) -> Iterator[Resource | Copy]:
    # A member of a cluster only computes: the data lies in the cluster's storage, which is listed by itself.
    if instance.get("DBClusterIdentifier"):
        return
    this = instance["DBInstanceArn"]
    here = where(instance, cell)
    yield Resource(
        this,
        INSTANCE.name,
        instance["DBInstanceIdentifier"],
        cell.account,
        here,
        tags={tag["Key"]: tag.get("Value", "") for tag in instance.get("TagList", ())},
        created_at=instance.get("InstanceCreateTime"),
        cmk=None if instance.get("StorageEncrypted", True) else False,
        key=instance.get("KmsKeyId", ""),
    )

    for field, kind in (
        ("ReadReplicaSourceDBInstanceIdentifier", "db"),
        ("ReadReplicaSourceDBClusterIdentifier", "cluster"),
    ):
        if name := instance.get(field):
            source = in_full(name, "rds", kind, cell.region, cell.account)
            evidence = Evidence("rds:DescribeDBInstances", field, name)
            yield Copy(source, READ_REPLICA.name, here, this, cell.account, caused_by=this, evidence=evidence)

    for field, kind, channel in (
        ("ReadReplicaDBInstanceIdentifiers", "db", READ_REPLICA),
        ("ReadReplicaDBClusterIdentifiers", "cluster", CLUSTER_REPLICA),
    ):
        for name in instance.get(field, ()):
            replica = in_full(name, "rds", kind, cell.region, cell.account)
            yield _towards(replica, this, channel, replica, Evidence("rds:DescribeDBInstances", field, name))

    for replication in instance.get("DBInstanceAutomatedBackupsReplications", ()):
        backup = replication["DBInstanceAutomatedBackupsArn"]
        field = "DBInstanceAutomatedBackupsReplications.DBInstanceAutomatedBackupsArn"
        yield _towards(backup, this, BACKUP_REPLICATION, this, Evidence("rds:DescribeDBInstances", field, backup))


def where(instance: dict[str, Any], cell: Cell) -> Location:
    subnets = instance.get("DBSubnetGroup", {}).get("Subnets", ())
    # Only what runs on an Outpost can keep its backups on one.
    if instance.get("BackupTarget") == "outposts" or any(subnet.get("SubnetOutpost") for subnet in subnets):
        return outpost(cell.region)
    return place(cell.region, instance.get("AvailabilityZone", ""))


def _towards(holder: str, source: str, channel: Channel, caused_by: str, evidence: Evidence) -> Copy:
    there = Location("aws", region_of(holder))
    return Copy(source, channel.name, there, holder, account_of(holder), caused_by=caused_by, evidence=evidence)


SERVICE = Service(
    name="rds",
    client="rds",
    scope="regional",
    listings=(Listing("instances", find, read, identify),),
    types=(INSTANCE,),
    channels=(READ_REPLICA, BACKUP_REPLICATION),
    needs={"describe_db_instances": ("rds:DescribeDBInstances",)},
    blind_to=(
        "Which snapshot or point in time a database was restored from is not told.",
        "Whether the key of an encrypted database is managed by AWS or by the customer is not told.",
        "Logical replication leaves no trace; zero-ETL integrations show at the clusters of Redshift that they load.",
    ),
)
