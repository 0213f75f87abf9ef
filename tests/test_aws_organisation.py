"""A scan of several accounts of a local cloud, from finding them to what was seen and what was not."""

from datetime import UTC, datetime

import pytest
from botocore import xform_name

from domicile.collect import collect
from domicile.demo.cloud import REGIONS, LocalCloud
from domicile.discover import discover
from domicile.errors import CloudError
from domicile.model import Account, Cell, Location
from domicile.providers import aws
from domicile.providers.aws.organisation import NEEDS

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
GROUP, SHOP, PAY = "111111111111", "222222222222", "333333333333"
MUMBAI, SINGAPORE, VIRGINIA = "ap-south-1", "ap-southeast-1", "us-east-1"


@pytest.fixture(name="cloud")
def a_cloud(monkeypatch):
    with LocalCloud(disabled=("me-central-1",)) as cloud:
        cloud.organisation({GROUP: "group", SHOP: "shop", PAY: "pay"})
        for name, value in cloud.environment().items():
            monkeypatch.setenv(name, value)
        yield cloud


def whole(**more):
    return aws.connect(role="reader", attempts=1, **more)


def gaps(found):
    return [(str(gap.cell), gap.listing, gap.reason) for gap in found.gaps]


def test_without_a_role_only_the_callers_account_is_looked_into(cloud):
    with aws.connect(attempts=1) as provider:
        assert provider.accounts() == (Account("aws", GROUP),)
    assert not [call for call in cloud.calls if call.service == "organizations"]


def test_with_a_role_every_account_of_the_organisation_is(cloud):
    with whole() as provider:
        found = discover(provider)
    assert {(account.id, account.name) for account in found.accounts} == {
        (GROUP, "group"),
        (SHOP, "shop"),
        (PAY, "pay"),
    }
    assert {cell.account for cell in found.cells} == {GROUP, SHOP, PAY}
    assert {cell.region for cell in found.cells} == {"global", *REGIONS}
    assert found.gaps == ()


def test_the_caller_needs_no_role_in_its_own_account(cloud):
    cloud.refuse_role(GROUP)
    with whole() as provider:
        assert provider.regions(GROUP).on == REGIONS


def test_an_organisation_that_cannot_be_listed_fails_the_scan(cloud):
    cloud.deny("organizations", "ListAccounts")
    with whole() as provider, pytest.raises(CloudError, match="organisation cannot be listed"):
        discover(provider)


def test_an_account_without_the_role_is_a_gap_and_the_others_are_scanned(cloud):
    cloud.refuse_role(PAY)
    with whole() as provider:
        found = discover(provider)
    assert gaps(found) == [(f"aws/{PAY}/*", "*", "role-missing")]
    assert {cell.account for cell in found.cells} == {GROUP, SHOP}


def test_regions_are_asked_of_ec2_where_the_account_service_refuses(cloud):
    with whole() as provider:
        asked = provider.regions(SHOP)
        cloud.deny("account", "ListRegions")
        assert provider.regions(SHOP) == asked
    assert (asked.on, asked.off) == (REGIONS, ("me-central-1",))


def test_regions_that_nobody_tells_are_a_gap_of_the_account(cloud):
    cloud.deny("account", "ListRegions", account=SHOP)
    cloud.deny("ec2", "DescribeRegions", account=SHOP)
    with whole() as provider:
        assert gaps(discover(provider)) == [(f"aws/{SHOP}/*", "*", "denied")]


def test_a_region_being_switched_off_still_holds_data(cloud):
    states = ("ENABLED", "ENABLED_BY_DEFAULT", "ENABLING", "DISABLING", "DISABLED")
    regions = [{"RegionName": f"r-{state}", "RegionOptStatus": state} for state in states]
    cloud.answer("account", "ListRegions", {"Regions": regions})
    with whole() as provider:
        assert provider.regions(SHOP).off == ("r-DISABLED",)


def test_a_closed_account_is_a_gap(cloud):
    def closing(_, own):
        answer = own()
        for account in answer["Accounts"]:
            if account["Id"] == PAY:
                account["State"] = "PENDING_CLOSURE"
        return answer

    cloud.answer("organizations", "ListAccounts", closing)
    with whole() as provider:
        assert gaps(discover(provider)) == [(f"aws/{PAY}/*", "*", "suspended")]


def a_unit(cloud):
    organizations = cloud.client("organizations", VIRGINIA)
    root = organizations.list_roots()["Roots"][0]["Id"]
    above = organizations.create_organizational_unit(ParentId=root, Name="business")["OrganizationalUnit"]["Id"]
    below = organizations.create_organizational_unit(ParentId=above, Name="shops")["OrganizationalUnit"]["Id"]
    organizations.move_account(AccountId=SHOP, SourceParentId=root, DestinationParentId=below)
    return root, above, below


def test_units_are_walked_only_when_somebody_asks_for_them(cloud):
    path = a_unit(cloud)
    with whole() as provider:
        assert {account.path for account in provider.accounts()} == {()}
    with whole(units=True) as provider:
        paths = {account.id: account.path for account in provider.accounts()}
    assert paths == {GROUP: path[:1], SHOP: path, PAY: path[:1]}


def test_units_that_the_listing_tells_are_not_walked(cloud):
    def told(_, own):
        answer = own()
        for account in answer["Accounts"]:
            account["Paths"] = [f"o-abc/r-root/ou-root-unit/{account['Id']}/"]
        return answer

    cloud.answer("organizations", "ListAccounts", told)
    with whole(units=True) as provider:
        assert {account.path for account in provider.accounts()} == {("r-root", "ou-root-unit")}
    assert not [call for call in cloud.calls if call.operation == "ListRoots"]


def plant(cloud):
    mumbai = {"CreateBucketConfiguration": {"LocationConstraint": MUMBAI}}
    s3 = cloud.client("s3", MUMBAI, SHOP)
    s3.create_bucket(Bucket="ledger", **mumbai)
    s3.put_bucket_tagging(Bucket="ledger", Tagging={"TagSet": [{"Key": "data-class", "Value": "payment"}]})
    s3.put_bucket_versioning(Bucket="ledger", VersioningConfiguration={"Status": "Enabled"})
    there = {"LocationConstraint": SINGAPORE}
    outside = cloud.client("s3", SINGAPORE, "999999999999")
    outside.create_bucket(Bucket="partner", CreateBucketConfiguration=there)
    rule = {
        "ID": "to-partner",
        "Priority": 1,
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "DeleteMarkerReplication": {"Status": "Disabled"},
        "Destination": {"Bucket": "arn:aws:s3:::partner"},
    }
    role = f"arn:aws:iam::{SHOP}:role/replication"
    s3.put_bucket_replication(Bucket="ledger", ReplicationConfiguration={"Role": role, "Rules": [rule]})

    dynamodb = cloud.client("dynamodb", MUMBAI, PAY)
    dynamodb.create_table(
        TableName="carts",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    dynamodb.update_table(TableName="carts", ReplicaUpdates=[{"Create": {"RegionName": VIRGINIA}}])

    rds = cloud.client("rds", MUMBAI, PAY)
    rds.create_db_instance(
        DBInstanceIdentifier="payments",
        DBInstanceClass="db.t3.micro",
        Engine="postgres",
        AllocatedStorage=10,
        MasterUsername="owner",
        MasterUserPassword="not-a-secret",
        BackupRetentionPeriod=7,
    )
    rds.create_db_snapshot(DBInstanceIdentifier="payments", DBSnapshotIdentifier="night")
    cloud.client("rds", SINGAPORE, PAY).copy_db_snapshot(
        SourceDBSnapshotIdentifier=f"arn:aws:rds:{MUMBAI}:{PAY}:snapshot:night",
        TargetDBSnapshotIdentifier="night-abroad",
        SourceRegion=MUMBAI,
    )
    rds.create_global_cluster(GlobalClusterIdentifier="world", Engine="aurora-postgresql")
    for region in (MUMBAI, VIRGINIA):
        cloud.client("rds", region, PAY).create_db_cluster(
            DBClusterIdentifier=f"shop-{region}",
            Engine="aurora-postgresql",
            GlobalClusterIdentifier="world",
            MasterUsername="owner",
            MasterUserPassword="not-a-secret",
        )


def scanned():
    with whole() as provider:
        return collect(provider, discover(provider), keep_tags=frozenset({"data-class"}), now=NOW)


def test_what_was_planted_is_found_with_every_copy_of_it(cloud):
    plant(cloud)
    inventory = scanned()
    assert {look.outcome for look in inventory.looks} == {"complete"}
    assert [(tagged.id, tagged.tags) for tagged in inventory.tags] == [
        ("arn:aws:s3:::ledger", {"data-class": "payment"})
    ]
    copies = {
        (copy.channel, copy.of.split(":", 5)[5], copy.location and copy.location.region) for copy in inventory.copies
    }
    assert copies == {
        ("s3-replication", "ledger", None),
        ("dynamodb-global-table", "table/carts", VIRGINIA),
        ("dynamodb-global-table", "table/carts", MUMBAI),
        ("rds-snapshot", "db:payments", MUMBAI),
        ("rds-snapshot-copy", "snapshot:night", SINGAPORE),
        ("rds-automated-backup", "db:payments", MUMBAI),
        ("rds-automated-backup", f"cluster:shop-{MUMBAI}", MUMBAI),
        ("rds-automated-backup", f"cluster:shop-{VIRGINIA}", VIRGINIA),
        ("rds-continuous-backup", "db:payments", MUMBAI),
        ("rds-continuous-backup", f"cluster:shop-{MUMBAI}", MUMBAI),
        ("rds-continuous-backup", f"cluster:shop-{VIRGINIA}", VIRGINIA),
        ("aurora-global-database", f"cluster:shop-{MUMBAI}", VIRGINIA),
    }
    assert inventory.located == {"arn:aws:s3:::partner": Location("aws", SINGAPORE)}


def test_what_is_denied_is_a_gap_where_it_was_denied_and_nowhere_else(cloud):
    plant(cloud)
    cloud.deny("dynamodb", "DescribeTable", account=PAY, region=VIRGINIA)
    cloud.deny("rds", "DescribeDBSnapshots", account=PAY, region=SINGAPORE)
    cloud.throttle("resourcegroupstaggingapi", "GetResources", account=SHOP, region=MUMBAI)
    found = {
        (str(look.cell), look.listing, look.listed, gap.reason, gap.part)
        for look in scanned().looks
        for gap in look.gaps
    }
    assert found == {
        (f"aws/{PAY}/{VIRGINIA}", "dynamodb.tables", True, "denied", "table"),
        (f"aws/{PAY}/{SINGAPORE}", "rds.snapshots", False, "denied", ""),
        (f"aws/{SHOP}/{MUMBAI}", "tags.resources", False, "throttled", ""),
    }


def test_a_scan_calls_exactly_what_is_declared(cloud):
    plant(cloud)
    a_unit(cloud)
    cloud.calls.clear()
    cloud.deny("account", "ListRegions", account=SHOP)
    with whole(units=True) as provider:
        collect(provider, discover(provider), keep_tags=frozenset(), now=NOW)
    called = {(call.service, xform_name(call.operation)) for call in cloud.calls}
    declared = {(service, operation) for service, operations in NEEDS.items() for operation in operations}
    declared |= {(service.client, operation) for service in aws.SERVICES for operation in service.needs}
    assert called == declared


def test_buckets_whose_listing_tells_no_region_are_asked_one_by_one(cloud):
    plant(cloud)

    def as_before(_, own):
        return {"Buckets": [{"Name": bucket["Name"]} for bucket in own()["Buckets"]]}

    cloud.answer("s3", "ListBuckets", as_before)
    [bucket] = [one for one in scanned().resources if one.type == "aws.s3.bucket"]
    assert bucket.location == Location("aws", MUMBAI)


def test_pages_of_one_show_the_same_as_whole_listings(cloud):
    plant(cloud)
    at_once = scanned()
    for service, operation in (
        ("organizations", "ListAccounts"),
        ("dynamodb", "ListTables"),
        ("rds", "DescribeDBSnapshots"),
        ("rds", "DescribeDBClusters"),
        ("resourcegroupstaggingapi", "GetResources"),
    ):
        cloud.pages(service, operation)
    in_pages = scanned()
    assert [one.id for one in in_pages.resources] == [one.id for one in at_once.resources]
    assert in_pages.copies == at_once.copies
    assert in_pages.looks == at_once.looks


def test_a_global_cell_is_asked_in_the_home_region(cloud):
    with whole() as provider:
        [s3] = [service for service in provider.services if service.name == "s3"]
        list(provider.cloud(s3, Cell("aws", GROUP, "global")).pages("list_buckets", MaxBuckets=10000))
    assert [call.region for call in cloud.calls if call.operation == "ListBuckets"] == [REGIONS[0]]
