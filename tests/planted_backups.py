"""Backups and what else leaves databases: recovery points, copies of them in other vaults, exports, warehouses."""

from collections import defaultdict
from datetime import UTC, date, datetime, time, timedelta

from domicile.demo.cloud import LocalCloud
from domicile.demo.planting import Plot
from planted_wide import (
    BANK,
    FRANKFURT,
    HYDERABAD,
    IRELAND,
    LENDER,
    MUMBAI,
    PARTNER,
    PAYMENTS,
    SHOP,
    SINGAPORE,
    TOKYO,
    VAULT,
    VIRGINIA,
    Place,
    arn,
    tags,
)

SERVICES = ("backup", "dynamodb", "ec2", "rds", "redshift", "redshiftserverless", "s3")

SEALED = "LOGICALLY_AIR_GAPPED_BACKUP_VAULT"
OPENED = "RESTORE_ACCESS_BACKUP_VAULT"


def vault_of(account: str, region: str, name: str = "main") -> str:
    return arn("backup", region, account, f"backup-vault:{name}")


def place_of(name: str) -> dict[str, str]:
    return {"account": name.split(":")[4], "region": name.split(":")[3]}


class Backups:
    """Vaults with their recovery points and the jobs that copied some of them, answered as AWS Backup does."""

    def __init__(self, cloud: LocalCloud, today: date) -> None:
        self.cloud, self.tonight = cloud, datetime.combine(today, time(20), UTC)
        self.kinds: dict[str, str] = {}
        self.points: dict[str, list[dict]] = defaultdict(list)
        self.jobs: dict[str, list[dict]] = defaultdict(list)

    def plan(self, account: str, name: str, **rule) -> dict[str, str]:
        """A plan with one rule; who made a recovery point by it."""
        client = self.cloud.client("backup", MUMBAI, account)
        whole = {"BackupPlanName": name, "Rules": [{"RuleName": "nightly", "TargetBackupVaultName": "main", **rule}]}
        made = client.create_backup_plan(BackupPlan=whole)
        [told] = client.get_backup_plan(BackupPlanId=made["BackupPlanId"])["BackupPlan"]["Rules"]
        return {"BackupPlanArn": made["BackupPlanArn"], "BackupRuleId": told["RuleId"]}

    def keep(self, vault: str, source: str, this: str, night: int = 1, **more) -> None:
        self.kinds.setdefault(vault, "BACKUP_VAULT")
        dated = {"CreationDate": self.tonight - timedelta(days=night), "Status": "COMPLETED", "IsEncrypted": True}
        named = {"RecoveryPointArn": this, "ResourceArn": source, "BackupVaultArn": vault}
        self.points[vault].append(named | dated | {"Lifecycle": {"DeleteAfterDays": 35}} | more)

    def copy(self, home: str, vault: str, source: str, this: str, night: int = 1, **more) -> None:
        ends = {"SourceBackupVaultArn": home, "DestinationBackupVaultArn": vault}
        job = {"CopyJobId": f"job-{len(self.jobs[home])}", "ResourceArn": source, "State": "COMPLETED"}
        told = {"DestinationRecoveryPointArn": this} if this else {}
        dated = {"CreationDate": self.tonight - timedelta(days=night)}
        self.jobs[home].append(job | ends | told | dated | more)

    def answer(self) -> None:
        in_place: dict[tuple[str, str], list[dict]] = defaultdict(list)
        for vault, kind in self.kinds.items():
            where, name = place_of(vault), vault.rpartition(":")[2]
            shown = {"BackupVaultName": name, "BackupVaultArn": vault, "VaultType": kind}
            in_place[where["account"], where["region"]].append(
                shown | {"NumberOfRecoveryPoints": len(self.points[vault])}
            )
            named = {"BackupVaultName": name}
            listed = {"RecoveryPoints": self.points[vault]}
            self.cloud.answer("backup", "ListRecoveryPointsByBackupVault", listed, **where, where=named)
        for (account, region), vaults in in_place.items():
            listed = {"BackupVaultList": vaults}
            self.cloud.answer("backup", "ListBackupVaults", listed, account=account, region=region)
        in_place.clear()
        for home, jobs in self.jobs.items():
            in_place[place_of(home)["account"], place_of(home)["region"]].extend(jobs)
        for (account, region), jobs in in_place.items():
            self.cloud.answer("backup", "ListCopyJobs", {"CopyJobs": jobs}, account=account, region=region)


def tag(cloud: LocalCloud, name: str) -> None:
    """What moto cannot tag, tagged as payments."""

    def told(_, own):
        answer = own()
        more = {"ResourceARN": name, "Tags": tags()}
        return answer | {"ResourceTagMappingList": [*answer["ResourceTagMappingList"], more]}

    cloud.answer("resourcegroupstaggingapi", "GetResources", told, **place_of(name))


def point(account: str, region: str, number: int) -> str:
    return arn("backup", region, account, f"recovery-point:{number:08}-1111-2222-3333-444455556666")


def plant(cloud: LocalCloud, today: date) -> None:
    backups = Backups(cloud, today)
    bank, lender, shop, partner = (Plot(cloud, one) for one in (BANK, LENDER, SHOP, PARTNER))
    copies_of_a_table(backups, bank)
    copies_of_a_database(backups, bank)
    rules_that_never_copied(backups, bank)
    sealed_vault(backups, bank)
    sources_that_are_gone(cloud, backups)
    volume(cloud, backups)
    backups.answer()
    on_demand(bank, lender, shop)
    exports_of_tables(bank, lender, partner)
    exports_of_databases(cloud, bank, partner)
    legacy_global_table(cloud, bank)
    warehouses(cloud)
    integrations(cloud)
    namespaces(cloud, today)


ORDERS = arn("dynamodb", MUMBAI, BANK, "table/wide-orders")


def copies_of_a_table(backups, bank):
    """Nightly: kept here, copied to Hyderabad, from tonight on to Singapore, and to a partner's vault in Virginia."""
    bank.table("wide-orders", MUMBAI, PAYMENTS)
    main, near, far = (vault_of(BANK, region) for region in (MUMBAI, HYDERABAD, SINGAPORE))
    theirs = vault_of(PARTNER, VIRGINIA, "from-the-bank")
    actions = [{"DestinationBackupVaultArn": one} for one in (near, far, theirs)]
    by = {"CreatedBy": backups.plan(BANK, "orders", CopyActions=actions)}
    for night in range(1, 6):
        backups.keep(main, ORDERS, point(BANK, MUMBAI, 100 + night), night, **by)
        backups.copy(main, near, ORDERS, point(BANK, HYDERABAD, 200 + night), night, **by)
        backups.copy(main, theirs, ORDERS, point(PARTNER, VIRGINIA, 300 + night), night, **by)
    # What was copied longer ago has been deleted in Hyderabad: its vault shows three of five.
    for night in range(1, 4):
        backups.keep(near, ORDERS, point(BANK, HYDERABAD, 200 + night), night, SourceBackupVaultArn=main, **by)
    # A copy that is under way, and one that failed.
    backups.copy(main, theirs, ORDERS, "", 0, State="RUNNING", **by)
    backups.copy(main, vault_of(SHOP, FRANKFURT), ORDERS, "", 0, State="FAILED", **by)


CORE = arn("rds", MUMBAI, BANK, "db:wide-core")


def copies_of_a_database(backups, bank):
    """By hand, without any plan: to a vault of another account abroad, and to one that nobody can look into at home."""
    bank.database("wide-core", MUMBAI, PAYMENTS, backup_days=0)
    main, abroad, hidden = vault_of(BANK, MUMBAI), vault_of(LENDER, FRANKFURT), vault_of(VAULT, HYDERABAD)
    for night in (1, 2):
        here = arn("rds", MUMBAI, BANK, f"snapshot:awsbackup:job-{night}")
        there = arn("rds", FRANKFURT, LENDER, f"snapshot:awsbackup:copyjob-{night}")
        backups.keep(main, CORE, here, night)
        backups.keep(abroad, CORE, there, night, SourceBackupVaultArn=main)
        backups.copy(main, abroad, CORE, there, night)
        kept = arn("rds", HYDERABAD, VAULT, f"snapshot:awsbackup:copyjob-1{night}")
        backups.copy(main, hidden, CORE, kept, night)


LEDGER = arn("dynamodb", MUMBAI, BANK, "table/wide-ledger")


def rules_that_never_copied(backups, bank):
    bank.table("wide-ledger", MUMBAI, PAYMENTS)
    vaults = (vault_of(VAULT, HYDERABAD), vault_of(LENDER, IRELAND))
    actions = [{"DestinationBackupVaultArn": one} for one in vaults]
    by = {"CreatedBy": backups.plan(BANK, "ledger", CopyActions=actions)}
    backups.keep(vault_of(BANK, MUMBAI), LEDGER, point(BANK, MUMBAI, 400), **by)
    # A plan that has made nothing yet puts nothing anywhere.
    backups.plan(BANK, "nothing-yet", CopyActions=[{"DestinationBackupVaultArn": vault_of(PARTNER, VIRGINIA)}])


STATEMENTS = "arn:aws:s3:::wide-sealed-statements"


def sealed_vault(backups, bank):
    """Straight into an air-gapped vault, that another account may open to restore from it."""
    bank.bucket("wide-sealed-statements", MUMBAI, PAYMENTS)
    sealed, opened = vault_of(BANK, MUMBAI, "sealed"), vault_of(LENDER, MUMBAI, "opened")
    by = {"CreatedBy": backups.plan(BANK, "statements", TargetLogicallyAirGappedBackupVaultArn=sealed)}
    backups.kinds |= {sealed: SEALED, opened: OPENED}
    for vault in (sealed, opened):
        this = arn("backup", MUMBAI, BANK, "recovery-point:continuous:wide-sealed-statements-1f2e3d4c")
        backups.keep(vault, STATEMENTS, this, Status="AVAILABLE", **by)
        backups.keep(vault, STATEMENTS, point(BANK, MUMBAI, 500), Status="EXPIRED", **by)
    described = {"BackupVaultArn": opened, "VaultType": OPENED, "SourceBackupVaultArn": sealed}
    backups.cloud.answer("backup", "DescribeBackupVault", described, account=LENDER, region=MUMBAI)


CLOSED = arn("dynamodb", IRELAND, SHOP, "table/wide-closed")


def sources_that_are_gone(cloud, backups):
    """Only the tags that a point took over from its table say what it holds."""
    backups.keep(vault_of(SHOP, IRELAND), CLOSED, point(SHOP, IRELAND, 600), Status="DELETING")
    tag(cloud, point(SHOP, IRELAND, 600))
    # A composite point of a stack holds nothing but its members.
    stack = arn("cloudformation", IRELAND, SHOP, "stack/wide-stack/1f2e3d4c")
    backups.keep(vault_of(SHOP, IRELAND), stack, point(SHOP, IRELAND, 601), IsParent=True)


VOLUME = arn("ec2", MUMBAI, BANK, "volume/vol-0a1b2c3d4e5f60718")


def volume(cloud, backups):
    """Backups of a volume are snapshots too, and EC2 lists them as well."""
    made = {"VolumeId": "vol-0a1b2c3d4e5f60718", "AvailabilityZone": f"{MUMBAI}a", "Encrypted": True, "Tags": tags()}
    cloud.answer("ec2", "DescribeVolumes", {"Volumes": [made]}, account=BANK, region=MUMBAI)
    main, far = vault_of(BANK, MUMBAI), vault_of(BANK, SINGAPORE)
    for vault, this, copied in (
        (main, "snap-0a1b2c3d4e5f60001", {}),
        (far, "snap-0a1b2c3d4e5f60002", {"SourceBackupVaultArn": main}),
    ):
        region = place_of(vault)["region"]
        backups.keep(vault, VOLUME, arn("ec2", region, "", f"snapshot/{this}"), **copied)
        told = [{"Key": "aws:backup:source-resource", "Value": VOLUME}]
        listed = {"SnapshotId": this, "VolumeId": "vol-ffffffff", "State": "completed", "Encrypted": True, "Tags": told}
        cloud.answer("ec2", "DescribeSnapshots", {"Snapshots": [listed]}, account=BANK, region=region)


CARTS = arn("dynamodb", SINGAPORE, LENDER, "table/wide-carts")
BASKETS = arn("dynamodb", HYDERABAD, SHOP, "table/wide-baskets")


def on_demand(bank, lender, shop):
    for plot, region, name in ((bank, MUMBAI, "ledger"), (lender, SINGAPORE, "carts"), (shop, HYDERABAD, "baskets")):
        if plot is not bank:
            plot.table(f"wide-{name}", region, PAYMENTS)
        for backup in ("first", "second"):
            plot.client("dynamodb", region).create_backup(TableName=f"wide-{name}", BackupName=backup)


TAKINGS = arn("dynamodb", MUMBAI, BANK, "table/wide-takings")
LAKE = "arn:aws:s3:::wide-lake"
REFUNDS = arn("dynamodb", MUMBAI, BANK, "table/wide-refunds")
DRAINED = tuple(arn("dynamodb", MUMBAI, BANK, f"table/wide-drained-{number}") for number in range(5))


def exports_of_tables(bank, lender, partner):
    """One table into a bucket at home, one into a partner's bucket, and five into a lake abroad."""
    bank.bucket("wide-takings-exported", HYDERABAD)
    partner.bucket("wide-partners-lake", FRANKFURT)
    lender.bucket("wide-lake", IRELAND)
    export(bank, "wide-takings", "wide-takings-exported", BANK)
    export(bank, "wide-takings", "wide-takings-exported", BANK)
    export(bank, "wide-refunds", "wide-partners-lake", PARTNER)
    for number, _ in enumerate(DRAINED):
        export(bank, f"wide-drained-{number}", "wide-lake", LENDER)


def export(bank, table, bucket, owner):
    dynamodb = bank.client("dynamodb", MUMBAI)
    if table not in dynamodb.list_tables()["TableNames"]:
        bank.table(table, MUMBAI, PAYMENTS)
        on = {"PointInTimeRecoveryEnabled": True}
        dynamodb.update_continuous_backups(TableName=table, PointInTimeRecoverySpecification=on)
    name = bank.arn("dynamodb", MUMBAI, f"table/{table}")
    dynamodb.export_table_to_point_in_time(TableArn=name, S3Bucket=bucket, S3BucketOwner=owner, S3Prefix="exports")


def exports_of_databases(cloud, bank, partner):
    """Of the nightly snapshots of one database, which are gone by now, into buckets here, abroad and of a partner."""
    bank.bucket("wide-core-exported", MUMBAI)
    bank.bucket("wide-core-abroad", VIRGINIA)
    partner.bucket("wide-core-partners", HYDERABAD)
    buckets = ("wide-core-exported", "wide-core-exported", "wide-core-abroad", "wide-core-partners", "wide-core-never")
    tasks = [
        {
            "ExportTaskIdentifier": f"export-{night}",
            "SourceArn": arn("rds", MUMBAI, BANK, f"snapshot:rds:wide-core-2026-01-{night:02}-18-30"),
            "S3Bucket": bucket,
            "Status": "FAILED" if bucket == "wide-core-never" else "COMPLETE",
        }
        for night, bucket in enumerate(buckets, start=1)
    ]
    cloud.answer("rds", "DescribeExportTasks", {"ExportTasks": tasks}, account=BANK, region=MUMBAI)


SESSIONS = arn("dynamodb", MUMBAI, BANK, "table/wide-sessions")


def legacy_global_table(cloud, bank):
    regions = (MUMBAI, HYDERABAD, IRELAND)
    for region in regions:
        bank.table("wide-sessions", region, PAYMENTS if region == MUMBAI else {})
        group = [{"RegionName": one} for one in regions]
        listed = {"GlobalTables": [{"GlobalTableName": "wide-sessions", "ReplicationGroup": group}]}
        cloud.answer("dynamodb", "ListGlobalTables", listed, account=BANK, region=region)


def cluster_of(account: str, region: str, name: str) -> str:
    return arn("redshift", region, account, f"cluster:{name}")


WAREHOUSE = cluster_of(BANK, MUMBAI, "wide-warehouse")
MARTS = cluster_of(LENDER, HYDERABAD, "wide-marts")
STALLS = cluster_of(SHOP, MUMBAI, "wide-stalls")
ABROAD = cluster_of(LENDER, SINGAPORE, "wide-abroad")
REPORTS = cluster_of(BANK, HYDERABAD, "wide-reports")
COUNTERS = cluster_of(SHOP, TOKYO, "wide-counters")
TILLS = cluster_of(BANK, MUMBAI, "wide-tills")


def warehouses(cloud):
    """Clusters copied abroad, to be copied abroad, to be copied at home, abroad themselves, copied at home, abroad and
    copied, and to be copied abroad once more."""
    for cluster, copied_to in (
        (WAREHOUSE, SINGAPORE),
        (MARTS, IRELAND),
        (STALLS, HYDERABAD),
        (ABROAD, ""),
        (REPORTS, MUMBAI),
        (COUNTERS, IRELAND),
        (TILLS, FRANKFURT),
    ):
        where, name = place_of(cluster), cluster.rpartition(":")[2]
        client = cloud.client("redshift", where["region"], where["account"])
        client.create_cluster(
            ClusterIdentifier=name,
            NodeType="ra3.xlplus",
            MasterUsername="owner",
            MasterUserPassword="Kept-n0where",
            Tags=tags(),
        )
        client.create_cluster_snapshot(SnapshotIdentifier=f"{name}-by-hand", ClusterIdentifier=name)
        if copied_to:
            client.enable_snapshot_copy(ClusterIdentifier=name, DestinationRegion=copied_to)
        if cluster in (WAREHOUSE, REPORTS, COUNTERS):
            copy_snapshot(cloud, where, name, copied_to)
    share(cloud)


def copy_snapshot(cloud, where, name, copied_to):
    copy = {
        "SnapshotIdentifier": f"copy:rs:{name}-2026-01-01",
        "ClusterIdentifier": name,
        "SnapshotType": "automated",
        "Status": "available",
        "SourceRegion": where["region"],
    }

    def shown(_, own):
        return {"Snapshots": [*own()["Snapshots"], copy]}

    cloud.answer("redshift", "DescribeClusterSnapshots", shown, account=where["account"], region=copied_to)


def share(cloud):
    consumers = (
        (arn("redshift", HYDERABAD, BANK, "namespace:1a2b3c4d"), HYDERABAD, "ACTIVE"),
        (LENDER, SINGAPORE, "AUTHORIZED"),
        (PARTNER, VIRGINIA, "ACTIVE"),
        (PARTNER, FRANKFURT, "REJECTED"),
    )
    associations = [
        {"ConsumerIdentifier": who, "ConsumerRegion": region, "Status": status} for who, region, status in consumers
    ]
    shared = {
        "DataShareArn": arn("redshift", MUMBAI, BANK, "datashare:9a8b7c6d/sales"),
        "DataShareAssociations": associations,
    }

    of = {"ProducerArn": storage_of(WAREHOUSE)}
    cloud.answer("redshift", "DescribeDataSharesForProducer", {"DataShares": [shared]}, where=of)


def storage_of(cluster: str) -> str:
    """AWS calls the data of a cluster by a name of its own."""
    return cluster.replace(":cluster:", ":namespace:")


LOADED = cluster_of(BANK, MUMBAI, "wide-loaded")
LOADED_ABROAD = cluster_of(BANK, SINGAPORE, "wide-loaded")
LOADED_BY_ANOTHER = cluster_of(LENDER, HYDERABAD, "wide-loaded")


def integrations(cloud):
    """Three clusters that say of themselves what they hold by nothing: tables are loaded into them."""
    for cluster, table in ((LOADED, TAKINGS), (LOADED_ABROAD, CARTS), (LOADED_BY_ANOTHER, BASKETS)):
        where, name = place_of(cluster), cluster.rpartition(":")[2]
        named = {"ClusterIdentifier": name, "NodeType": "ra3.xlplus", "MasterUsername": "owner"}
        client = cloud.client("redshift", where["region"], where["account"])
        client.create_cluster(**named, MasterUserPassword="Kept-n0where")
        integration = arn("redshift", where["region"], where["account"], f"integration:{name}")
        told = {"IntegrationArn": integration, "SourceArn": table, "Status": "active"}
        of = {"TargetArn": storage_of(cluster)}
        cloud.answer("redshift", "DescribeInboundIntegrations", {"InboundIntegrations": [told]}, where=of)

    def shown(asked, own):
        stored = [
            one | {"ClusterNamespaceArn": storage_of(cluster_of(asked.account, asked.region, one["ClusterIdentifier"]))}
            for one in own()["Clusters"]
        ]
        return {"Clusters": stored}

    cloud.answer("redshift", "DescribeClusters", shown)


def namespace_of(account: str, region: str, name: str) -> str:
    return arn("redshift-serverless", region, account, f"namespace/{name}-5f4e3d2c")


INSIGHTS = namespace_of(BANK, MUMBAI, "wide-insights")
TRENDS = namespace_of(SHOP, HYDERABAD, "wide-trends")
GUESSES = namespace_of(LENDER, IRELAND, "wide-guesses")


def namespaces(cloud, today):
    """One copied to Hyderabad and Ireland and from tonight on to Frankfurt, one to be copied home, and one abroad, copied
    further and to be copied elsewhere too."""
    made_at = datetime.combine(today, time(3), UTC)
    for namespace, copied_to, to_be_copied_to in (
        (INSIGHTS, (HYDERABAD, IRELAND), (HYDERABAD, IRELAND, FRANKFURT)),
        (TRENDS, (), (MUMBAI,)),
        (GUESSES, (SINGAPORE,), (SINGAPORE, VIRGINIA)),
    ):
        where, name = place_of(namespace), namespace.partition("/")[2].removesuffix("-5f4e3d2c")
        said = {"namespaceName": name, "namespaceArn": namespace}
        cloud.answer("redshift-serverless", "ListNamespaces", {"namespaces": [said]}, **where)
        settings = [{"namespaceName": name, "destinationRegion": region} for region in to_be_copied_to]
        listed = {"snapshotCopyConfigurations": settings}
        cloud.answer("redshift-serverless", "ListSnapshotCopyConfigurations", listed, **where)
        tag(cloud, namespace)
        points = [
            said | {"recoveryPointId": f"{name}-{number}", "recoveryPointCreateTime": made_at} for number in range(4)
        ]
        cloud.answer("redshift-serverless", "ListRecoveryPoints", {"recoveryPoints": points}, **where)
        for region in (where["region"], *copied_to):
            snapshot = said | {
                "snapshotName": f"{name}-month-end",
                "snapshotArn": arn("redshift-serverless", region, where["account"], f"snapshot/{name}"),
                "snapshotCreateTime": made_at,
                "status": "AVAILABLE",
            }
            failed = snapshot | {"snapshotArn": f"{snapshot['snapshotArn']}-failed", "status": "FAILED"}
            listed = {"snapshots": [snapshot, failed]}
            there = {"account": where["account"], "region": region}
            cloud.answer("redshift-serverless", "ListSnapshots", listed, **there)


COPY, POINT, RULE_SAYS = "backup-copy", "backup-recovery-point", "backup-copy-action"
SETTING, COPIED, BY_ITSELF = "redshift-copy-setting", "redshift-snapshot-copy", "redshift-automated-snapshot"
BY_HAND, SHARE, ZERO_ETL = "redshift-snapshot", "redshift-datashare", "redshift-zero-etl"
PASS, BREACH = "pass", "violation"

PLACES = (
    Place(ORDERS, "", "wide-orders", BANK, MUMBAI, "primary", PASS),
    Place(ORDERS, POINT, "*", BANK, MUMBAI, "backup", PASS),
    Place(ORDERS, COPY, "*", BANK, HYDERABAD, "backup", PASS),
    Place(ORDERS, RULE_SAYS, "", BANK, SINGAPORE, "backup", BREACH),
    Place(ORDERS, COPY, "*", PARTNER, VIRGINIA, "backup", BREACH),
    Place(CORE, "", "wide-core", BANK, MUMBAI, "primary", PASS),
    # Moto takes an automated snapshot of every database that is made.
    Place(CORE, "rds-automated-backup", "*", BANK, MUMBAI, "backup", PASS),
    Place(CORE, POINT, "*", BANK, MUMBAI, "backup", PASS),
    Place(CORE, COPY, "*", LENDER, FRANKFURT, "backup", BREACH),
    Place(CORE, COPY, "*", VAULT, HYDERABAD, "backup", PASS),
    Place(CORE, "rds-export", "wide-core-exported", BANK, MUMBAI, "export", PASS),
    Place(CORE, "rds-export", "wide-core-abroad", BANK, VIRGINIA, "export", BREACH),
    Place(CORE, "rds-export", "wide-core-partners", "", HYDERABAD, "export", PASS),
    Place(LEDGER, "", "wide-ledger", BANK, MUMBAI, "primary", PASS),
    Place(LEDGER, POINT, "*", BANK, MUMBAI, "backup", PASS),
    Place(LEDGER, RULE_SAYS, "", VAULT, HYDERABAD, "backup", PASS),
    Place(LEDGER, RULE_SAYS, "", LENDER, IRELAND, "backup", BREACH),
    Place(LEDGER, "dynamodb-backup", "*", BANK, MUMBAI, "backup", PASS),
    Place(STATEMENTS, "", "wide-sealed-statements", BANK, MUMBAI, "primary", PASS),
    Place(STATEMENTS, POINT, "*", BANK, MUMBAI, "backup", PASS),
    Place(CLOSED, POINT, "*", SHOP, IRELAND, "backup", BREACH),
    Place(VOLUME, "", "vol-0a1b2c3d4e5f60718", BANK, MUMBAI, "primary", PASS),
    Place(VOLUME, POINT, "*", BANK, MUMBAI, "backup", PASS),
    Place(VOLUME, COPY, "*", BANK, SINGAPORE, "backup", BREACH),
    Place(CARTS, "", "wide-carts", LENDER, SINGAPORE, "primary", BREACH),
    Place(CARTS, ZERO_ETL, "wide-loaded", BANK, SINGAPORE, "replica", BREACH),
    Place(CARTS, BY_ITSELF, "*", BANK, SINGAPORE, "backup", BREACH),
    Place(CARTS, "dynamodb-backup", "*", LENDER, SINGAPORE, "backup", BREACH),
    Place(BASKETS, "", "wide-baskets", SHOP, HYDERABAD, "primary", PASS),
    Place(BASKETS, ZERO_ETL, "wide-loaded", LENDER, HYDERABAD, "replica", PASS),
    Place(BASKETS, BY_ITSELF, "*", LENDER, HYDERABAD, "backup", PASS),
    Place(BASKETS, "dynamodb-backup", "*", SHOP, HYDERABAD, "backup", PASS),
    Place(TAKINGS, "", "wide-takings", BANK, MUMBAI, "primary", PASS),
    Place(TAKINGS, ZERO_ETL, "wide-loaded", BANK, MUMBAI, "replica", PASS),
    Place(TAKINGS, BY_ITSELF, "*", BANK, MUMBAI, "backup", PASS),
    Place(TAKINGS, "dynamodb-export", "wide-takings-exported", BANK, HYDERABAD, "export", PASS),
    Place(REFUNDS, "", "wide-refunds", BANK, MUMBAI, "primary", PASS),
    Place(REFUNDS, "dynamodb-export", "wide-partners-lake", PARTNER, FRANKFURT, "export", BREACH),
    *(Place(table, "", table.partition("/")[2], BANK, MUMBAI, "primary", PASS) for table in DRAINED),
    Place(LAKE, "dynamodb-export", "wide-lake", LENDER, IRELAND, "export", BREACH),
    Place(SESSIONS, "", "wide-sessions", BANK, MUMBAI, "primary", PASS),
    Place(SESSIONS, "dynamodb-global-table", "wide-sessions", BANK, HYDERABAD, "replica", PASS),
    Place(SESSIONS, "dynamodb-global-table", "wide-sessions", BANK, IRELAND, "replica", BREACH),
    Place(WAREHOUSE, "", "wide-warehouse", BANK, MUMBAI, "primary", PASS),
    Place(WAREHOUSE, BY_ITSELF, "*", BANK, MUMBAI, "backup", PASS),
    Place(WAREHOUSE, BY_HAND, "*", BANK, MUMBAI, "snapshot", PASS),
    Place(WAREHOUSE, COPIED, "*", BANK, SINGAPORE, "backup", BREACH),
    Place(WAREHOUSE, SHARE, "", BANK, HYDERABAD, "processing", PASS),
    Place(WAREHOUSE, SHARE, "", LENDER, SINGAPORE, "processing", "unknown"),
    Place(WAREHOUSE, SHARE, "", PARTNER, VIRGINIA, "processing", "unknown"),
    Place(MARTS, "", "wide-marts", LENDER, HYDERABAD, "primary", PASS),
    Place(MARTS, BY_ITSELF, "*", LENDER, HYDERABAD, "backup", PASS),
    Place(MARTS, BY_HAND, "*", LENDER, HYDERABAD, "snapshot", PASS),
    Place(MARTS, SETTING, "", LENDER, IRELAND, "backup", BREACH),
    Place(STALLS, "", "wide-stalls", SHOP, MUMBAI, "primary", PASS),
    Place(STALLS, BY_ITSELF, "*", SHOP, MUMBAI, "backup", PASS),
    Place(STALLS, BY_HAND, "*", SHOP, MUMBAI, "snapshot", PASS),
    Place(STALLS, SETTING, "", SHOP, HYDERABAD, "backup", PASS),
    Place(ABROAD, "", "wide-abroad", LENDER, SINGAPORE, "primary", BREACH),
    Place(ABROAD, BY_ITSELF, "*", LENDER, SINGAPORE, "backup", BREACH),
    Place(ABROAD, BY_HAND, "*", LENDER, SINGAPORE, "snapshot", BREACH),
    Place(REPORTS, "", "wide-reports", BANK, HYDERABAD, "primary", PASS),
    Place(REPORTS, BY_ITSELF, "*", BANK, HYDERABAD, "backup", PASS),
    Place(REPORTS, BY_HAND, "*", BANK, HYDERABAD, "snapshot", PASS),
    Place(REPORTS, COPIED, "*", BANK, MUMBAI, "backup", PASS),
    Place(COUNTERS, "", "wide-counters", SHOP, TOKYO, "primary", BREACH),
    Place(COUNTERS, BY_ITSELF, "*", SHOP, TOKYO, "backup", BREACH),
    Place(COUNTERS, BY_HAND, "*", SHOP, TOKYO, "snapshot", BREACH),
    Place(COUNTERS, COPIED, "*", SHOP, IRELAND, "backup", BREACH),
    Place(TILLS, "", "wide-tills", BANK, MUMBAI, "primary", PASS),
    Place(TILLS, BY_ITSELF, "*", BANK, MUMBAI, "backup", PASS),
    Place(TILLS, BY_HAND, "*", BANK, MUMBAI, "snapshot", PASS),
    Place(TILLS, SETTING, "", BANK, FRANKFURT, "backup", BREACH),
    Place(INSIGHTS, "", "wide-insights", BANK, MUMBAI, "primary", PASS),
    Place(INSIGHTS, "redshift-serverless-snapshot", "*", BANK, MUMBAI, "snapshot", PASS),
    Place(INSIGHTS, "redshift-serverless-recovery-point", "*", BANK, MUMBAI, "backup", PASS),
    Place(INSIGHTS, "redshift-serverless-copy", "*", BANK, HYDERABAD, "backup", PASS),
    Place(INSIGHTS, "redshift-serverless-copy", "*", BANK, IRELAND, "backup", BREACH),
    Place(INSIGHTS, "redshift-serverless-copy-setting", "", BANK, FRANKFURT, "backup", BREACH),
    Place(TRENDS, "", "wide-trends", SHOP, HYDERABAD, "primary", PASS),
    Place(TRENDS, "redshift-serverless-snapshot", "*", SHOP, HYDERABAD, "snapshot", PASS),
    Place(TRENDS, "redshift-serverless-recovery-point", "*", SHOP, HYDERABAD, "backup", PASS),
    Place(TRENDS, "redshift-serverless-copy-setting", "", SHOP, MUMBAI, "backup", PASS),
    Place(GUESSES, "", "wide-guesses", LENDER, IRELAND, "primary", BREACH),
    Place(GUESSES, "redshift-serverless-snapshot", "*", LENDER, IRELAND, "snapshot", BREACH),
    Place(GUESSES, "redshift-serverless-recovery-point", "*", LENDER, IRELAND, "backup", BREACH),
    Place(GUESSES, "redshift-serverless-copy", "*", LENDER, SINGAPORE, "backup", BREACH),
    Place(GUESSES, "redshift-serverless-copy-setting", "", LENDER, VIRGINIA, "backup", BREACH),
)
