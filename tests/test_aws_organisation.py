"""A scan of several accounts of a local cloud, from finding them to what was seen and what was not."""

import socketserver
import threading
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
from domicile.providers.aws.session import Session
from domicile.providers.service import Refused

PLANTED = tuple(
    module.SERVICE
    for module in (
        aws.dynamodb,
        aws.rds,
        aws.rds_backups,
        aws.rds_cluster_snapshots,
        aws.rds_clusters,
        aws.rds_snapshots,
        aws.s3,
        aws.tags,
    )
)
"""What is looked into here: how accounts and regions are found does not depend on it."""
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
    provider = aws.connect(role="reader", attempts=1, **more)
    provider.services = PLANTED
    return provider


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


@pytest.mark.parametrize(
    ("operation", "permission"),
    [
        ("ListAccounts", "organizations:ListAccounts"),
        ("ListRoots", "organizations:ListRoots"),
        ("ListAccountsForParent", "organizations:ListAccountsForParent"),
        ("ListOrganizationalUnitsForParent", "organizations:ListOrganizationalUnitsForParent"),
    ],
)
def test_an_organisation_that_cannot_be_listed_fails_the_scan_and_says_what_is_missing(cloud, operation, permission):
    a_unit(cloud)
    # As AWS says it: without a word on what is missing.
    cloud.deny("organizations", operation, message="You don't have permissions to access this resource.")
    with whole(units=True) as provider, pytest.raises(CloudError) as failed:
        discover(provider)
    [sentence] = str(failed.value).splitlines()
    assert sentence.startswith("the organisation cannot be listed, so no account is scanned: ")
    assert f"{permission} is missing for arn:aws:sts::{GROUP}:" in sentence
    assert "management account" in sentence


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("AWSOrganizationsNotInUseException", f"account {GROUP} is in none"),
        ("TooManyRequestsException", "organizations:ListAccounts failed"),
        ("ServiceException", "organizations:ListAccounts failed"),
    ],
)
def test_why_an_organisation_cannot_be_listed_is_told_apart(cloud, code, says):
    cloud.deny("organizations", "ListAccounts", code=code, message="no")
    with whole() as provider, pytest.raises(CloudError, match=says):
        discover(provider)


def test_an_organisation_of_one_account_takes_no_role(monkeypatch):
    with LocalCloud() as cloud:
        cloud.organisation({GROUP: "alone"})
        for name, value in cloud.environment().items():
            monkeypatch.setenv(name, value)
        with whole() as provider:
            found = discover(provider)
        assert (found.accounts, found.gaps) == ((Account("aws", GROUP, "alone", administers=True),), ())
        assert not [call for call in cloud.calls if call.operation == "AssumeRole"]


def test_a_delegated_administrator_scans_with_its_own_credentials_and_misses_the_management_account(cloud, monkeypatch):
    for name, value in cloud.environment(SHOP).items():
        monkeypatch.setenv(name, value)
    listed = cloud.moto("organizations", VIRGINIA, GROUP).list_accounts()["Accounts"]
    cloud.answer("organizations", "ListAccounts", {"Accounts": listed}, account=SHOP)
    cloud.refuse_role(GROUP)
    cloud.refuse_role(SHOP)
    with whole() as provider:
        found = discover(provider)
    [gap] = found.gaps
    assert (str(gap.cell), gap.listing, gap.reason) == (f"aws/{GROUP}/*", "*", "role-missing")
    assert gap.detail.startswith("AccessDenied: role reader cannot be taken on: the organisation's management account")
    assert {cell.account for cell in found.cells} == {SHOP, PAY}


def administering(provider):
    return {account.id for account in provider.accounts() if account.administers}


def test_the_organisation_is_administered_where_its_management_and_its_delegated_administrators_are(cloud):
    with whole() as provider:
        assert administering(provider) == {GROUP}
        answer = {"DelegatedAdministrators": [{"Id": PAY}]}
        named = {"ServicePrincipal": "observabilityadmin.amazonaws.com"}
        cloud.answer("organizations", "ListDelegatedAdministrators", answer, where=named)
        assert administering(provider) == {GROUP, PAY}
        cloud.deny("organizations", "ListDelegatedAdministrators")
        assert administering(provider) == {GROUP}


def test_an_organisation_that_lists_nobody_is_not_taken_for_empty(cloud):
    cloud.answer("organizations", "ListAccounts", {"Accounts": []})
    with whole() as provider, pytest.raises(CloudError, match="lists no account"):
        discover(provider)


def test_an_account_that_pages_show_twice_is_one(cloud):
    def twice(_, own):
        answer = own()
        return answer | {"Accounts": [*answer["Accounts"], answer["Accounts"][-1]]}

    cloud.answer("organizations", "ListAccounts", twice)
    with whole() as provider:
        assert [account.id for account in provider.accounts()] == [GROUP, SHOP, PAY]
    with whole(accounts=(PAY, SHOP, PAY)) as provider:
        assert [account.id for account in provider.accounts()] == [SHOP, PAY]


def test_an_account_without_the_role_is_a_gap_and_the_others_are_scanned(cloud):
    cloud.refuse_role(PAY)
    with whole() as provider:
        found = discover(provider)
    assert gaps(found) == [(f"aws/{PAY}/*", "*", "role-missing")]
    assert {cell.account for cell in found.cells} == {GROUP, SHOP}


def test_a_role_that_is_missing_is_tried_once_and_what_to_look_at_is_said(cloud):
    cloud.refuse_role(PAY)
    for external_id, shown in (("", "no external id"), ("agreed", "the external id")):
        cloud.calls.clear()
        with whole(external_id=external_id, accounts=(PAY,)) as provider:
            [gap] = discover(provider).gaps
        assert gap.detail.startswith(
            "AccessDenied: role reader cannot be taken on: it is not there, or does not trust "
        )
        assert f"arn:aws:sts::{GROUP}:" in gap.detail
        assert f"with {shown} " in gap.detail
        assert [call.operation for call in cloud.calls].count("AssumeRole") == 1
        assert "ListRegions" not in [call.operation for call in cloud.calls]


def test_regions_are_asked_of_ec2_where_the_account_service_refuses(cloud):
    with whole() as provider:
        asked = provider.regions(SHOP)
        cloud.deny("account", "ListRegions")
        assert provider.regions(SHOP) == asked
    assert (asked.on, asked.off) == (REGIONS, ("me-central-1",))


def test_regions_that_an_account_may_not_tell_are_told_by_the_organisation(cloud):
    cloud.deny("account", "ListRegions", account=SHOP)
    cloud.deny("ec2", "DescribeRegions", account=SHOP)
    asked = []

    def note(call, own):
        asked.append((call.account, call.parameters.get("AccountId")))
        return own()

    cloud.answer("account", "ListRegions", note)
    with whole() as provider:
        assert provider.regions(SHOP).off == ("me-central-1",)
    assert asked == [(GROUP, SHOP)]


def test_regions_that_nobody_tells_are_a_gap_of_the_account(cloud):
    cloud.deny("account", "ListRegions")
    cloud.deny("ec2", "DescribeRegions", account=SHOP)
    with whole() as provider:
        [gap] = discover(provider).gaps
    assert (str(gap.cell), gap.listing, gap.reason) == (f"aws/{SHOP}/*", "*", "denied")
    assert "neither account:ListRegions nor ec2:DescribeRegions is allowed" in gap.detail


def test_an_account_that_may_not_be_entered_is_not_looked_into_because_its_regions_are_known(cloud):
    forbidden = (
        f"User: {GROUP} is not authorized to perform: sts:AssumeRole with an explicit deny in a service control policy"
    )
    cloud.deny("sts", "AssumeRole", resource=f"::{PAY}:", message=forbidden)
    cloud.deny("sts", "AssumeRole", resource=f"::{SHOP}:", code="ValidationError", message="not a role")
    with whole() as provider:
        assert gaps(discover(provider)) == [
            (f"aws/{SHOP}/*", "*", "error"),
            (f"aws/{PAY}/*", "*", "denied-by-scp"),
        ]


def test_an_account_that_answers_as_to_wrong_credentials_is_not_a_region_that_is_off(cloud):
    for service, operation in (("account", "ListRegions"), ("ec2", "DescribeRegions")):
        cloud.deny(service, operation, account=PAY, code="OptInRequired", message="not subscribed")
    with whole() as provider:
        [gap] = discover(provider).gaps
    assert (str(gap.cell), gap.reason) == (f"aws/{PAY}/*", "error")
    assert "not active, or not signed up" in gap.detail


def test_a_region_is_off_only_where_that_is_said(cloud):
    states = ("ENABLED", "ENABLED_BY_DEFAULT", "ENABLING", "DISABLING", "DISABLED", "A_STATE_OF_TOMORROW")
    regions = [{"RegionName": f"r-{state}", "RegionOptStatus": state} for state in states]
    cloud.answer("account", "ListRegions", {"Regions": [*regions, {"RegionName": "r-unsaid"}]})
    with whole() as provider:
        assert provider.regions(SHOP).off == ("r-DISABLED",)


def test_regions_are_read_to_their_end(cloud):
    with whole() as provider:
        at_once = provider.regions(SHOP)
        cloud.pages("account", "ListRegions")
        assert provider.regions(SHOP) == at_once


def in_hyderabad(monkeypatch, cloud):
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, "ap-south-2")
    cloud.deny("sts", "GetCallerIdentity", account=SHOP, region="ap-south-2", code="InvalidClientTokenId")


def test_what_is_asked_once_is_asked_nearby_where_the_home_region_is_off(cloud, monkeypatch):
    in_hyderabad(monkeypatch, cloud)
    with whole() as provider:
        cloud.calls.clear()
        for account in (GROUP, SHOP, PAY, SHOP):
            list(provider.cloud(aws.s3.SERVICE, Cell("aws", account, "global")).pages("list_buckets", MaxBuckets=10000))
    asked = [(call.account, call.region) for call in cloud.calls if call.operation == "ListBuckets"]
    assert asked == [(GROUP, "ap-south-2"), (SHOP, MUMBAI), (PAY, "ap-south-2"), (SHOP, MUMBAI)]
    assert [call.account for call in cloud.calls if call.operation == "GetCallerIdentity"] == [SHOP, PAY]


def test_regions_are_described_nearby_where_the_home_region_is_off(cloud, monkeypatch):
    in_hyderabad(monkeypatch, cloud)
    cloud.deny("account", "ListRegions")
    with whole() as provider:
        assert provider.regions(SHOP).on == REGIONS
    assert [call.region for call in cloud.calls if call.operation == "DescribeRegions"] == [MUMBAI]


class Proxy(socketserver.ThreadingTCPServer):
    """Notes whom it is to connect with, and connects with nobody."""

    daemon_threads = True

    class Note(socketserver.StreamRequestHandler):
        def handle(self):
            self.server.asked.append(self.rfile.readline().split()[1].decode())
            self.wfile.write(b"HTTP/1.1 502 No\r\n\r\n")

    def __init__(self):
        super().__init__(("127.0.0.1", 0), self.Note)
        self.asked = []
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()


@pytest.mark.parametrize(
    ("region", "partition", "organisation", "account"),
    [
        ("ap-south-2", "aws", "us-east-1.amazonaws.com", "us-east-1.amazonaws.com"),
        ("cn-north-1", "aws-cn", "cn-northwest-1.amazonaws.com.cn", "cn-northwest-1.amazonaws.com.cn"),
        ("us-gov-east-1", "aws-us-gov", "us-gov-west-1.amazonaws.com", "us-gov-west-1.amazonaws.com"),
        ("eusc-de-east-1", "aws-eusc", "eusc-de-east-1.amazonaws.eu", "eusc-de-east-1.amazonaws.eu"),
    ],
)
def test_every_partition_has_its_own_addresses_and_names(cloud, monkeypatch, region, partition, organisation, account):
    monkeypatch.setenv("AWS_REGION", region)
    monkeypatch.setenv("AWS_DEFAULT_REGION", region)
    roles = []

    def note(asked, own):
        roles.append(asked.parameters["RoleArn"])
        return own(RoleArn=f"arn:aws:iam::{PAY}:role/reader")

    cloud.answer("sts", "AssumeRole", note)
    with whole(accounts=(PAY,)) as provider:
        provider.regions(PAY)
    assert roles == [f"arn:{partition}:iam::{PAY}:role/reader"]

    monkeypatch.delenv("AWS_ENDPOINT_URL")
    with Proxy() as proxy:
        for name in ("HTTPS_PROXY", "https_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.server_address[1]}")
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        session = Session(attempts=1)
        for service, operation in (("organizations", "list_accounts"), ("account", "list_regions")):
            with pytest.raises(Refused):
                session.cloud(service, region).call(operation)
        session.close()
        proxy.shutdown()
    assert [*dict.fromkeys(proxy.asked)] == [f"organizations.{organisation}:443", f"account.{account}:443"]


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("PENDING_ACTIVATION", "active"),
        ("ACTIVE", "active"),
        ("SUSPENDED", "suspended"),
        ("PENDING_CLOSURE", "suspended"),
        ("CLOSED", "suspended"),
        ("A_STATE_OF_TOMORROW", "active"),
    ],
)
def test_an_account_that_is_closed_holds_its_data_as_long_as_it_is_listed(cloud, state, status):
    """A state nobody knows is tried: what is refused then is a gap, what is shown is no loss."""

    def told(_, own):
        return {"Accounts": [one | {"State": state, "Status": "ACTIVE"} for one in own()["Accounts"]]}

    cloud.answer("organizations", "ListAccounts", told)
    with whole() as provider:
        assert {account.status for account in provider.accounts()} == {status}


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


def test_units_are_walked_no_further_than_the_last_account(cloud):
    a_unit(cloud)
    with whole(units=True) as provider:
        provider.accounts()
    asked = [call.operation for call in cloud.calls]
    # The root, the unit above and the one below, in which there is nothing more to be found.
    assert asked.count("ListAccountsForParent") == 3
    assert asked.count("ListOrganizationalUnitsForParent") == 2


def test_only_what_the_listing_does_not_tell_is_walked(cloud):
    path = a_unit(cloud)

    def told(_, own):
        answer = own()
        for account in answer["Accounts"]:
            if account["Id"] != PAY:
                account["Paths"] = [f"o-abc/r-told/{account['Id']}/"]
        return answer

    cloud.answer("organizations", "ListAccounts", told)
    with whole(units=True) as provider:
        paths = {account.id: account.path for account in provider.accounts()}
    assert paths[PAY] == path[:1]
    assert [call.operation for call in cloud.calls].count("ListAccountsForParent") == 1


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
    declared |= {(service.client, operation) for service in PLANTED for operation in service.needs}
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
        list(provider.cloud(aws.s3.SERVICE, Cell("aws", GROUP, "global")).pages("list_buckets", MaxBuckets=10000))
    assert [call.region for call in cloud.calls if call.operation == "ListBuckets"] == [REGIONS[0]]
