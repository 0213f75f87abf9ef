"""The local cloud answers as AWS does where moto does not, and refuses where a test tells it to."""

import importlib

import boto3
import pytest
from botocore import xform_name
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError
from moto import mock_aws
from moto.core.responses import BaseResponse

from domicile.demo.cloud import LocalCloud
from domicile.demo.missing import MISSING

GROUP, SHOP, PARTNER = "111111111111", "222222222222", "999999999999"
MUMBAI, HYDERABAD, SINGAPORE, VIRGINIA = "ap-south-1", "ap-south-2", "ap-southeast-1", "us-east-1"


@pytest.fixture(name="cloud")
def a_cloud():
    with LocalCloud(disabled=("me-central-1",)) as cloud:
        cloud.organisation({GROUP: "group", SHOP: "shop"})
        yield cloud


def bucket(cloud, name, region, account=SHOP):
    where = {} if region == VIRGINIA else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    cloud.client("s3", region, account).create_bucket(Bucket=name, **where)


def table(cloud, name="orders", region=MUMBAI):
    dynamodb = cloud.client("dynamodb", region, SHOP)
    dynamodb.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return dynamodb


def database(cloud, name="orders", region=MUMBAI, account=SHOP):
    rds = cloud.client("rds", region, account)
    rds.create_db_instance(
        DBInstanceIdentifier=name,
        DBInstanceClass="db.t3.micro",
        Engine="postgres",
        AllocatedStorage=10,
        MasterUsername="owner",
        MasterUserPassword="not-a-secret",
    )
    return rds


def code_of(refusal):
    return refusal.value.response["Error"]["Code"]


def test_accounts_have_the_ids_and_names_they_were_given(cloud):
    accounts = cloud.client("organizations", VIRGINIA).list_accounts()["Accounts"]
    assert {account["Id"]: account["Name"] for account in accounts} == {GROUP: "group", SHOP: "shop"}


def test_each_account_sees_its_own_buckets(cloud):
    bucket(cloud, "shop-orders", MUMBAI)
    assert cloud.client("s3", MUMBAI, GROUP).list_buckets(MaxBuckets=10)["Buckets"] == []
    [seen] = cloud.client("s3", VIRGINIA, SHOP).list_buckets(MaxBuckets=10)["Buckets"]
    assert (seen["Name"], seen["BucketRegion"]) == ("shop-orders", MUMBAI)


def test_without_a_parameter_buckets_have_no_region(cloud):
    bucket(cloud, "shop-orders", MUMBAI)
    [seen] = cloud.client("s3", MUMBAI, SHOP).list_buckets()["Buckets"]
    assert "BucketRegion" not in seen


def test_buckets_come_in_pages(cloud):
    for name in ("shop-a", "shop-b", "shop-c"):
        bucket(cloud, name, MUMBAI)
    pages = cloud.client("s3", MUMBAI, SHOP).get_paginator("list_buckets").paginate(PaginationConfig={"PageSize": 2})
    assert [[seen["Name"] for seen in page["Buckets"]] for page in pages] == [["shop-a", "shop-b"], ["shop-c"]]


def test_a_foreign_bucket_tells_its_region_with_the_refusal(cloud):
    bucket(cloud, "partner-inbox", SINGAPORE, PARTNER)
    with pytest.raises(ClientError) as refusal:
        cloud.client("s3", MUMBAI, SHOP).head_bucket(Bucket="partner-inbox")
    answer = refusal.value.response["ResponseMetadata"]
    assert (answer["HTTPStatusCode"], answer["HTTPHeaders"]["x-amz-bucket-region"]) == (403, SINGAPORE)


def test_nobody_can_locate_a_bucket_that_is_not_there(cloud):
    with pytest.raises(ClientError) as refusal:
        cloud.client("s3", MUMBAI, SHOP).head_bucket(Bucket="lost-bucket")
    assert code_of(refusal) == "404"


def test_tags_of_a_bucket_are_listed_in_its_region_only(cloud):
    bucket(cloud, "shop-orders", SINGAPORE)
    tags = {"TagSet": [{"Key": "data-class", "Value": "personal.contact"}]}
    cloud.client("s3", SINGAPORE, SHOP).put_bucket_tagging(Bucket="shop-orders", Tagging=tags)
    listed = {
        region: cloud.client("resourcegroupstaggingapi", region, SHOP).get_resources()["ResourceTagMappingList"]
        for region in (SINGAPORE, MUMBAI)
    }
    assert [item["ResourceARN"] for item in listed[SINGAPORE]] == ["arn:aws:s3:::shop-orders"]
    assert listed[MUMBAI] == []


def test_a_replica_of_a_table_stands_in_the_other_region(cloud):
    dynamodb = table(cloud)
    dynamodb.update_table(TableName="orders", ReplicaUpdates=[{"Create": {"RegionName": VIRGINIA}}])
    here = dynamodb.describe_table(TableName="orders")["Table"]
    there = cloud.client("dynamodb", VIRGINIA, SHOP).describe_table(TableName="orders")["Table"]
    assert [replica["RegionName"] for replica in here["Replicas"]] == [VIRGINIA]
    assert [replica["ReplicaArn"] for replica in there["Replicas"]] == [here["TableArn"]]


def test_a_replica_that_is_removed_is_gone_on_both_sides(cloud):
    dynamodb = table(cloud)
    dynamodb.update_table(TableName="orders", ReplicaUpdates=[{"Create": {"RegionName": VIRGINIA}}])
    dynamodb.update_table(TableName="orders", ReplicaUpdates=[{"Delete": {"RegionName": VIRGINIA}}])
    assert "Replicas" not in dynamodb.describe_table(TableName="orders")["Table"]
    assert cloud.client("dynamodb", VIRGINIA, SHOP).list_tables()["TableNames"] == []


def test_a_witness_has_a_region_and_no_table(cloud):
    dynamodb = table(cloud)
    dynamodb.update_table(TableName="orders", GlobalTableWitnessUpdates=[{"Create": {"RegionName": VIRGINIA}}])
    [witness] = dynamodb.describe_table(TableName="orders")["Table"]["GlobalTableWitnesses"]
    assert witness["RegionName"] == VIRGINIA
    assert cloud.client("dynamodb", VIRGINIA, SHOP).list_tables()["TableNames"] == []


def test_a_copied_snapshot_names_its_source(cloud):
    rds = database(cloud)
    rds.create_db_snapshot(DBInstanceIdentifier="orders", DBSnapshotIdentifier="first")
    source = f"arn:aws:rds:{MUMBAI}:{SHOP}:snapshot:first"
    abroad = cloud.client("rds", SINGAPORE, SHOP)
    abroad.copy_db_snapshot(SourceDBSnapshotIdentifier=source, TargetDBSnapshotIdentifier="second")
    [copy] = abroad.describe_db_snapshots()["DBSnapshots"]
    assert (copy["SourceDBSnapshotIdentifier"], copy["SourceRegion"]) == (source, MUMBAI)


def test_a_snapshot_can_be_copied_into_another_account(cloud):
    rds = database(cloud)
    rds.create_db_snapshot(DBInstanceIdentifier="orders", DBSnapshotIdentifier="first")
    source = f"arn:aws:rds:{MUMBAI}:{SHOP}:snapshot:first"
    group = cloud.client("rds", MUMBAI, GROUP)
    group.copy_db_snapshot(SourceDBSnapshotIdentifier=source, TargetDBSnapshotIdentifier="kept")
    [copy] = group.describe_db_snapshots(SnapshotType="manual")["DBSnapshots"]
    assert (copy["DBInstanceIdentifier"], copy["SourceDBSnapshotIdentifier"]) == ("orders", source)
    assert group.describe_db_instances()["DBInstances"] == []


def test_backups_of_a_database_are_seen_where_they_lie(cloud):
    rds = database(cloud)
    arn = f"arn:aws:rds:{MUMBAI}:{SHOP}:db:orders"
    abroad = cloud.client("rds", SINGAPORE, SHOP)
    abroad.start_db_instance_automated_backups_replication(SourceDBInstanceArn=arn, BackupRetentionPeriod=14)
    [own] = rds.describe_db_instance_automated_backups()["DBInstanceAutomatedBackups"]
    [replicated] = abroad.describe_db_instance_automated_backups()["DBInstanceAutomatedBackups"]
    there = {"DBInstanceAutomatedBackupsArn": replicated["DBInstanceAutomatedBackupsArn"]}
    [instance] = rds.describe_db_instances()["DBInstances"]
    assert own["DBInstanceAutomatedBackupsReplications"] == [there]
    assert instance["DBInstanceAutomatedBackupsReplications"] == [there]
    assert (replicated["DBInstanceArn"], replicated["Region"], replicated["Status"]) == (arn, MUMBAI, "replicating")
    abroad.stop_db_instance_automated_backups_replication(SourceDBInstanceArn=arn)
    assert abroad.describe_db_instance_automated_backups()["DBInstanceAutomatedBackups"] == []


def test_backups_of_a_cluster_are_listed(cloud):
    rds = cloud.client("rds", MUMBAI, SHOP)
    owner = {"MasterUsername": "owner", "MasterUserPassword": "not-a-secret"}
    rds.create_db_cluster(DBClusterIdentifier="ledger", Engine="aurora-postgresql", **owner)
    [backup] = rds.describe_db_cluster_automated_backups()["DBClusterAutomatedBackups"]
    assert backup["DBClusterArn"] == f"arn:aws:rds:{MUMBAI}:{SHOP}:cluster:ledger"


def test_regions_that_are_off_are_told_apart(cloud):
    listed = cloud.client("account", VIRGINIA).list_regions(RegionOptStatusContains=["DISABLED"])["Regions"]
    described = cloud.client("ec2", VIRGINIA).describe_regions()["Regions"]
    assert [region["RegionName"] for region in listed] == ["me-central-1"]
    assert {region["RegionName"] for region in described} == {MUMBAI, HYDERABAD, SINGAPORE, VIRGINIA}


def test_where_a_service_is_not_there_is_nothing_of_it(cloud):
    assert cloud.client("dsql", HYDERABAD, SHOP).list_clusters()["clusters"] == []


def test_facts_that_a_test_knows_are_shown(cloud):
    rds = database(cloud)
    rds.create_db_snapshot(DBInstanceIdentifier="orders", DBSnapshotIdentifier="first")
    cloud.know(f"arn:aws:rds:{MUMBAI}:{SHOP}:snapshot:first", Status="copying")
    [snapshot] = rds.describe_db_snapshots(SnapshotType="manual")["DBSnapshots"]
    assert snapshot["Status"] == "copying"


@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [
        ("s3", "ListBuckets", "AccessDenied"),
        ("dynamodb", "ListTables", "AccessDeniedException"),
        ("rds", "DescribeDBSnapshots", "AccessDenied"),
        ("ec2", "DescribeRegions", "UnauthorizedOperation"),
        ("account", "ListRegions", "AccessDeniedException"),
    ],
)
def test_a_refusal_speaks_the_protocol_of_its_service(cloud, service, operation, code):
    client = cloud.client(service, MUMBAI, SHOP)
    ask = getattr(client, xform_name(operation))
    cloud.deny(service, operation, account=SHOP)
    with pytest.raises(ClientError) as refusal:
        ask()
    assert code_of(refusal) == code
    assert f"{service}:{operation}" in refusal.value.response["Error"]["Message"]
    cloud.allow(service, operation)
    assert ask()["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_a_refusal_keeps_to_its_account_region_and_resource(cloud):
    bucket(cloud, "shop-a", MUMBAI)
    bucket(cloud, "shop-b", MUMBAI)
    s3 = cloud.client("s3", MUMBAI, SHOP)
    cloud.deny("s3", "GetBucketLocation", resource="shop-a", region=MUMBAI)
    with pytest.raises(ClientError):
        s3.get_bucket_location(Bucket="shop-a")
    assert s3.get_bucket_location(Bucket="shop-b")
    assert cloud.client("s3", SINGAPORE, SHOP).get_bucket_location(Bucket="shop-a")


def test_a_throttled_call_says_so(cloud):
    cloud.throttle("rds", "DescribeDBInstances")
    with pytest.raises(ClientError) as refusal:
        cloud.client("rds", MUMBAI, SHOP).describe_db_instances()
    assert code_of(refusal) == "Throttling"


def test_a_listing_can_break_after_its_first_page(cloud):
    table(cloud, "orders")
    dynamodb = table(cloud, "visits")
    cloud.break_page("dynamodb", "ListTables")
    seen = []
    with pytest.raises(ClientError):
        seen.extend(page["TableNames"] for page in dynamodb.get_paginator("list_tables").paginate())
    first = dynamodb.list_tables()
    assert first["TableNames"] == ["orders"]
    assert "LastEvaluatedTableName" in first


def test_pages_hold_everything_once(cloud):
    for name in ("orders", "visits", "wishes"):
        dynamodb = table(cloud, name)
    cloud.pages("dynamodb", "ListTables", 2)
    pages = [page["TableNames"] for page in dynamodb.get_paginator("list_tables").paginate()]
    assert pages == [["orders", "visits"], ["wishes"]]


def test_one_account_refuses_the_role_and_the_others_do_not(cloud):
    sts = cloud.client("sts", MUMBAI)
    cloud.refuse_role(SHOP)
    with pytest.raises(ClientError) as refusal:
        sts.assume_role(RoleArn=f"arn:aws:iam::{SHOP}:role/reader", RoleSessionName="scan")
    assert code_of(refusal) == "AccessDenied"
    assert sts.assume_role(RoleArn=f"arn:aws:iam::{GROUP}:role/reader", RoleSessionName="scan")


def test_an_answer_can_be_given_or_amended(cloud):
    cloud.answer("dlm", "GetLifecyclePolicies", {"Policies": [{"PolicyId": "policy-1"}]}, account=SHOP)
    cloud.answer("dynamodb", "ListTables", lambda _, own: {"TableNames": [*own()["TableNames"], "more"]})
    table(cloud)
    given = cloud.client("dlm", MUMBAI, SHOP).get_lifecycle_policies()["Policies"]
    assert given == [{"PolicyId": "policy-1"}]
    assert cloud.client("dynamodb", MUMBAI, SHOP).list_tables()["TableNames"] == ["orders", "more"]


def test_what_is_missing_is_answered_with_nothing_but_for_what_is_known(cloud):
    dlm = cloud.client("dlm", MUMBAI, SHOP)
    assert dlm.get_lifecycle_policies()["Policies"] == []
    cloud.answer("dlm", "GetLifecyclePolicy", {"Policy": {"PolicyId": "one"}}, where={"PolicyId": "one"})
    assert dlm.get_lifecycle_policy(PolicyId="one")["Policy"] == {"PolicyId": "one"}
    assert "Policy" not in dlm.get_lifecycle_policy(PolicyId="another")


def test_what_nobody_answers_is_not_asked_again(cloud, monkeypatch):
    for name, value in cloud.environment().items():
        monkeypatch.setenv(name, value)
    rds = boto3.Session().client("rds")
    with pytest.raises(ClientError):
        rds.describe_db_recommendations()
    rds.close()
    assert [call.operation for call in cloud.calls].count("DescribeDBRecommendations") == 1


def test_calls_are_remembered_as_they_came(cloud):
    cloud.client("dynamodb", HYDERABAD, SHOP).list_tables()
    assert cloud.calls[-1] == ("dynamodb", "ListTables", SHOP, HYDERABAD)


def test_another_process_needs_only_the_environment(cloud, monkeypatch):
    for name, value in cloud.environment().items():
        monkeypatch.setenv(name, value)
    sts = boto3.Session().client("sts")
    assert sts.get_caller_identity()["Account"] == GROUP
    sts.close()


def test_each_cloud_starts_empty(cloud):
    table(cloud)
    with LocalCloud() as another:
        assert another.client("dynamodb", MUMBAI, SHOP).list_tables()["TableNames"] == []


def implements(service, operation):
    """Whether moto has code for an operation, whatever it would answer."""
    try:
        responses = importlib.import_module(f"moto.{service.replace('-', '')}.responses")
    except ModuleNotFoundError:
        return False
    classes = [one for one in vars(responses).values() if isinstance(one, type) and issubclass(one, BaseResponse)]
    return any(hasattr(one, xform_name(operation)) for one in classes)


def test_it_is_seen_when_moto_learns_an_operation():
    assert implements("backup", "ListBackupVaults")
    assert not implements("backup", "NoSuchOperation")


class Moto:
    """Moto as it is, asked whether it still lacks what the overlay supplies."""

    def __init__(self, cloud):
        self.cloud = cloud

    def lacks(self, service, operation):
        if (service, operation) in MISSING:
            return not implements(service, operation)
        return getattr(self, f"{service}_{xform_name(operation)}")()

    def is_missing(self, service, method, **parameters):
        try:
            getattr(self.cloud.moto(service, MUMBAI, SHOP), method)(**parameters)
        except (ClientError, ResponseParserError):
            return True
        return False

    def account_list_regions(self):
        return self.is_missing("account", "list_regions")

    def ec2_describe_regions(self):
        regions = self.cloud.moto("ec2", VIRGINIA, SHOP).describe_regions()["Regions"]
        return any(region["OptInStatus"] == "not-opted-in" for region in regions)

    def s3_list_buckets(self):
        bucket(self.cloud, "shop-a", MUMBAI)
        bucket(self.cloud, "shop-b", MUMBAI)
        answer = self.cloud.moto("s3", MUMBAI, SHOP).list_buckets(MaxBuckets=1)
        return "BucketRegion" not in answer["Buckets"][0] or "ContinuationToken" not in answer

    def s3_list_directory_buckets(self):
        bucket(self.cloud, "shop-c", MUMBAI)
        return bool(self.cloud.moto("s3", MUMBAI, SHOP).list_directory_buckets()["Buckets"])

    def s3vectors_list_vector_buckets(self):
        self.cloud.moto("s3vectors", VIRGINIA, SHOP).create_vector_bucket(vectorBucketName="shop-vectors")
        return bool(self.cloud.moto("s3vectors", MUMBAI, SHOP).list_vector_buckets()["vectorBuckets"])

    def s3_head_bucket(self):
        bucket(self.cloud, "shop-a", MUMBAI)
        return bool(self.cloud.moto("s3", MUMBAI, GROUP).head_bucket(Bucket="shop-a"))

    def resourcegroupstaggingapi_get_resources(self):
        bucket(self.cloud, "shop-a", MUMBAI)
        tags = {"TagSet": [{"Key": "data-class", "Value": "personal"}]}
        self.cloud.moto("s3", MUMBAI, SHOP).put_bucket_tagging(Bucket="shop-a", Tagging=tags)
        tagging = self.cloud.moto("resourcegroupstaggingapi", SINGAPORE, SHOP)
        return tagging.get_resources()["ResourceTagMappingList"] != []

    def dynamodb_list_exports(self):
        return self.is_missing("dynamodb", "list_exports")

    def dynamodb_update_table(self):
        table(self.cloud)
        replica = {"Create": {"RegionName": VIRGINIA}}
        self.cloud.moto("dynamodb", MUMBAI, SHOP).update_table(TableName="orders", ReplicaUpdates=[replica])
        return self.cloud.moto("dynamodb", VIRGINIA, SHOP).list_tables()["TableNames"] == []

    def dynamodb_describe_table(self):
        self.dynamodb_update_table()
        return "Replicas" not in self.cloud.moto("dynamodb", MUMBAI, SHOP).describe_table(TableName="orders")["Table"]

    def rds_copy_db_snapshot(self):
        database(self.cloud).create_db_snapshot(DBInstanceIdentifier="orders", DBSnapshotIdentifier="first")
        shared = {"DBSnapshotIdentifier": "first", "AttributeName": "restore", "ValuesToAdd": [GROUP]}
        self.cloud.moto("rds", MUMBAI, SHOP).modify_db_snapshot_attribute(**shared)
        source = f"arn:aws:rds:{MUMBAI}:{SHOP}:snapshot:first"
        names = {"SourceDBSnapshotIdentifier": source, "TargetDBSnapshotIdentifier": "second"}
        with pytest.raises(ClientError):
            self.cloud.moto("rds", MUMBAI, GROUP).copy_db_snapshot(**names)
        return True

    def rds_describe_db_snapshots(self):
        database(self.cloud).create_db_snapshot(DBInstanceIdentifier="orders", DBSnapshotIdentifier="first")
        source = f"arn:aws:rds:{MUMBAI}:{SHOP}:snapshot:first"
        abroad = self.cloud.moto("rds", SINGAPORE, SHOP)
        abroad.copy_db_snapshot(SourceDBSnapshotIdentifier=source, TargetDBSnapshotIdentifier="second")
        [copy] = abroad.describe_db_snapshots()["DBSnapshots"]
        return "SourceDBSnapshotIdentifier" not in copy or "SourceRegion" not in copy

    def rds_describe_db_instances(self):
        database(self.cloud)
        abroad = {"SourceDBInstanceArn": f"arn:aws:rds:{MUMBAI}:{SHOP}:db:orders"}
        self.is_missing("rds", "start_db_instance_automated_backups_replication", **abroad)
        [instance] = self.cloud.moto("rds", MUMBAI, SHOP).describe_db_instances()["DBInstances"]
        return not instance.get("DBInstanceAutomatedBackupsReplications")

    def rds_describe_db_instance_automated_backups(self):
        database(self.cloud)
        backups = self.cloud.moto("rds", MUMBAI, SHOP).describe_db_instance_automated_backups()
        return any("RestoreWindow" not in backup for backup in backups["DBInstanceAutomatedBackups"])

    def rds_describe_db_cluster_automated_backups(self):
        return self.is_missing("rds", "describe_db_cluster_automated_backups")

    def rds_start_db_instance_automated_backups_replication(self):
        database(self.cloud)
        source = f"arn:aws:rds:{MUMBAI}:{SHOP}:db:orders"
        return self.is_missing("rds", "start_db_instance_automated_backups_replication", SourceDBInstanceArn=source)

    def rds_stop_db_instance_automated_backups_replication(self):
        source = f"arn:aws:rds:{MUMBAI}:{SHOP}:db:orders"
        return self.is_missing("rds", "stop_db_instance_automated_backups_replication", SourceDBInstanceArn=source)


@pytest.mark.parametrize("key", LocalCloud().lacks(), ids="-".join)
def test_moto_still_lacks_what_is_laid_over_it(cloud, key):
    assert Moto(cloud).lacks(*key), f"{key} can go from the overlay: moto no longer {cloud.lacks()[key]}"


def test_a_cloud_is_empty_whatever_else_used_moto_before_it():
    for _ in range(2):
        with LocalCloud() as local:
            local.organisation({GROUP: "group"})
            assert local.client("ec2", MUMBAI, GROUP).describe_volumes()["Volumes"] == []
        with mock_aws():
            boto3.client("ec2", MUMBAI, aws_access_key_id="a", aws_secret_access_key="b").describe_volumes()
