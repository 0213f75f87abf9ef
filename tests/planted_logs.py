"""Logs and streams: what log groups, trails and Firehose pass on, to streams, buckets, other accounts and partners."""

import json
from collections import defaultdict
from datetime import UTC, date, datetime

from domicile.demo.cloud import LocalCloud
from domicile.demo.planting import Plot
from planted_wide import (
    ACCOUNTS,
    BANK,
    FRANKFURT,
    GROUP,
    HYDERABAD,
    IRELAND,
    LENDER,
    LOGS,
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

SERVICES = ("cloudtrail", "firehose", "kinesis", "logs", "observabilityadmin", "s3")

LONG_AGO = datetime(2025, 4, 1, tzinfo=UTC)
SINCE = int(LONG_AGO.timestamp() * 1000)

SOURCES = (
    *((BANK, f"wide-app-{number:02}", True) for number in range(20)),
    *((LENDER, f"wide-app-{number:02}", True) for number in range(20, 35)),
    *((SHOP, f"wide-app-{number:02}", False) for number in range(35, 50)),
)
"""Whose log groups in Mumbai the central stream is fed by, and whether they hold payments."""


def group_id(account: str, region: str, name: str) -> str:
    return arn("logs", region, account, f"log-group:{name}")


def destination_id(account: str, region: str, name: str) -> str:
    return arn("logs", region, account, f"destination:{name}")


def stream_id(account: str, region: str, name: str) -> str:
    return arn("kinesis", region, account, f"stream/{name}")


def firehose_id(account: str, region: str, name: str) -> str:
    return arn("firehose", region, account, f"deliverystream/{name}")


def bucket_id(name: str) -> str:
    return f"arn:aws:s3:::{name}"


class World:
    """What moto keeps, and beside it what it has not: answered at the end, place by place."""

    def __init__(self, cloud: LocalCloud, given: dict[str, str] = PAYMENTS) -> None:
        self.cloud, self.given = cloud, given
        self.tagged: dict[tuple[str, str], list[str]] = defaultdict(list)
        self.filters: dict[tuple[str, str], dict[str, list[dict]]] = defaultdict(dict)
        self.firehoses: dict[tuple[str, str], dict[str, dict]] = defaultdict(dict)
        self.exports: dict[tuple[str, str], list[dict]] = defaultdict(list)
        self.trails: dict[str, list[dict]] = defaultdict(list)

    def tag(self, name: str) -> None:
        _, _, _, region, account, _ = name.split(":", 5)
        self.tagged[account, region].append(name)

    def group(self, account: str, region: str, name: str, *, payments: bool = True) -> str:
        self.cloud.client("logs", region, account).create_log_group(logGroupName=name)
        if payments:
            self.tag(group_id(account, region, name))
        return group_id(account, region, name)

    def stream(self, account: str, region: str, name: str, *, payments: bool = False) -> str:
        self.cloud.client("kinesis", region, account).create_stream(StreamName=name, ShardCount=1)
        if payments:
            self.tag(stream_id(account, region, name))
        return stream_id(account, region, name)

    def destination(self, account: str, region: str, name: str, target: str) -> str:
        self.cloud.client("logs", region, account).put_destination(
            destinationName=name, targetArn=target, roleArn=f"arn:aws:iam::{account}:role/logs"
        )
        return destination_id(account, region, name)

    def subscribe(self, group: str, *targets: str) -> None:
        _, _, _, region, account, resource = group.split(":", 5)
        name = resource.removeprefix("log-group:")
        self.filters[account, region][name] = [
            {"filterName": f"filter-{number}", "logGroupName": name, "filterPattern": "", "destinationArn": target}
            for number, target in enumerate(targets)
        ]

    def firehose(
        self,
        account: str,
        region: str,
        name: str,
        destination: dict,
        *,
        payments: bool = False,
        source: dict | None = None,
    ) -> str:
        this = firehose_id(account, region, name)
        self.firehoses[account, region][name] = {
            "DeliveryStreamName": name,
            "DeliveryStreamARN": this,
            "DeliveryStreamStatus": "ACTIVE",
            "DeliveryStreamType": "DirectPut",
            "VersionId": "1",
            "CreateTimestamp": LONG_AGO,
            "Destinations": [{"DestinationId": "destinationId-000000000001", **destination}],
            "HasMoreDestinations": False,
            **({"Source": source} if source else {}),
        }
        if payments:
            self.tag(this)
        return this

    def trail(self, account: str, region: str, name: str, bucket: str, **more) -> str:
        this = arn("cloudtrail", region, account, f"trail/{name}")
        whole = {"Name": name, "TrailARN": this, "HomeRegion": region, "S3BucketName": bucket, **more}
        for lister in ACCOUNTS if more.get("IsOrganizationTrail") else (account,):
            self.trails[lister].append(whole)
        self.tag(this)
        return this

    def answer(self) -> None:
        for place, names in self.tagged.items():
            answer_more(
                self.cloud,
                "resourcegroupstaggingapi",
                "GetResources",
                "ResourceTagMappingList",
                place,
                [{"ResourceARN": name, "Tags": tags(self.given)} for name in names],
            )
        for place, filters in self.filters.items():
            self.answer_filters(place, filters)
        for (account, region), streams in self.firehoses.items():
            listed = {"DeliveryStreamNames": sorted(streams), "HasMoreDeliveryStreams": False}
            self.cloud.answer("firehose", "ListDeliveryStreams", listed, account=account, region=region)
            for name, described in streams.items():
                told, named = {"DeliveryStreamDescription": described}, {"DeliveryStreamName": name}
                self.cloud.answer(
                    "firehose", "DescribeDeliveryStream", told, account=account, region=region, where=named
                )
        for (account, region), tasks in self.exports.items():
            self.cloud.answer("logs", "DescribeExportTasks", {"exportTasks": tasks}, account=account, region=region)
        for account, trails in self.trails.items():
            short = [{key: trail[key] for key in ("TrailARN", "Name", "HomeRegion")} for trail in trails]
            self.cloud.answer("cloudtrail", "ListTrails", {"Trails": short}, account=account)
            for trail in trails:
                # Shadows are not asked for, and in a member's account the organisation's trail is one.
                own = f":{account}:" in trail["TrailARN"]
                told = {"trailList": [trail] if own else []}
                where = {"trailNameList": [trail["TrailARN"]], "includeShadowTrails": False}
                self.cloud.answer("cloudtrail", "DescribeTrails", told, account=account, where=where)

    def answer_filters(self, place: tuple[str, str], filters: dict[str, list[dict]]) -> None:
        account, region = place
        metrics = [
            {
                "Namespace": "AWS/Logs",
                "MetricName": "ForwardedBytes",
                "Dimensions": [
                    {"Name": "LogGroupName", "Value": name},
                    {"Name": "FilterName", "Value": one["filterName"]},
                ],
            }
            for name, some in filters.items()
            for one in some
        ]
        asked = {"Namespace": "AWS/Logs", "MetricName": "ForwardedBytes"}
        self.cloud.answer(
            "cloudwatch", "ListMetrics", {"Metrics": metrics}, account=account, region=region, where=asked
        )

        def told(asked, _):
            return {"subscriptionFilters": filters[asked.parameters["logGroupName"]]}

        self.cloud.answer("logs", "DescribeSubscriptionFilters", told, account=account, region=region)


def answer_more(cloud, service, operation, field, place, more):
    def told(_, own):
        answer = own()
        return answer | {field: [*answer.get(field, ()), *more]}

    cloud.answer(service, operation, told, account=place[0], region=place[1])


def in_bucket(name: str) -> dict:
    return {"RoleARN": f"arn:aws:iam::{BANK}:role/firehose", "BucketARN": bucket_id(name)}


def plant(cloud: LocalCloud, today: date) -> None:
    world = World(cloud)
    central_stream(world)
    subscriptions(world)
    account_policy(world)
    streams_and_firehose(world)
    exports(world)
    trails(world)
    event_data_stores(world)
    centralisation(world)
    world.answer()


def central_stream(world):
    stream = world.stream(LOGS, VIRGINIA, "wide-central")
    destination = world.destination(LOGS, MUMBAI, "wide-central", stream)
    for account, name, payments in SOURCES:
        world.subscribe(world.group(account, MUMBAI, name, payments=payments), destination)


def subscriptions(world):
    world.subscribe(world.group(BANK, MUMBAI, "wide-auth"), world.stream(BANK, MUMBAI, "wide-auth"))

    ireland = world.stream(LENDER, IRELAND, "wide-cards-ireland")
    to_ireland = world.destination(LENDER, MUMBAI, "wide-to-ireland", ireland)
    # The one that leads abroad, and a function.
    function = arn("lambda", MUMBAI, BANK, "function:wide-alert")
    world.subscribe(world.group(BANK, MUMBAI, "wide-cards"), to_ireland, function)

    Plot(world.cloud, BANK).bucket("wide-loans-singapore", SINGAPORE)
    to_bucket = {"ExtendedS3DestinationDescription": in_bucket("wide-loans-singapore")}
    # Firehose tells the same bucket twice.
    to_bucket["S3DestinationDescription"] = to_bucket["ExtendedS3DestinationDescription"]
    world.subscribe(world.group(BANK, MUMBAI, "wide-loans"), world.firehose(BANK, MUMBAI, "wide-loans", to_bucket))

    world.subscribe(world.group(BANK, MUMBAI, "wide-fraud"), destination_id(PARTNER, MUMBAI, "from-the-bank"))
    world.subscribe(world.group(BANK, HYDERABAD, "wide-core"), destination_id(VAULT, HYDERABAD, "from-the-bank"))

    # What is abroad already and stays there.
    Plot(world.cloud, LENDER).bucket("wide-eu-logs", IRELAND)
    to_bucket = {"ExtendedS3DestinationDescription": in_bucket("wide-eu-logs")}
    here = world.firehose(LENDER, IRELAND, "wide-eu", to_bucket)
    world.subscribe(world.group(LENDER, IRELAND, "wide-eu"), here, world.stream(LENDER, IRELAND, "wide-eu"))

    # A group that nobody has subscribed to.
    world.group(LENDER, MUMBAI, "wide-silent")


def account_policy(world):
    """Of all log groups in Hyderabad but one, to a partner who takes them at an address."""
    Plot(world.cloud, SHOP).bucket("wide-shop-failed", HYDERABAD)
    elsewhere = {
        "HttpEndpointDestinationDescription": {
            "EndpointConfiguration": {"Name": "New Relic", "Url": "https://aws-api.newrelic.com/firehose/v1?key=hush"},
            "S3BackupMode": "FailedDataOnly",
            "S3DestinationDescription": in_bucket("wide-shop-failed"),
        }
    }
    firehose = world.firehose(SHOP, HYDERABAD, "wide-shop", elsewhere)
    for name, payments in (("wide-shop-a", True), ("wide-shop-b", False), ("wide-shop-quiet", True)):
        world.group(SHOP, HYDERABAD, name, payments=payments)
    policy = {
        "policyName": "all",
        "policyType": "SUBSCRIPTION_FILTER_POLICY",
        "policyDocument": json.dumps({"DestinationArn": firehose, "FilterPattern": "", "Distribution": "Random"}),
        "selectionCriteria": 'LogGroupName NOT IN ["wide-shop-quiet"]',
        "scope": "ALL",
        "accountId": SHOP,
    }
    answer = {"accountPolicies": [policy]}
    world.cloud.answer("logs", "DescribeAccountPolicies", answer, account=SHOP, region=HYDERABAD)


def streams_and_firehose(world):
    bank, lender = Plot(world.cloud, BANK), Plot(world.cloud, LENDER)
    for plot, name, region in (
        (bank, "wide-trades-backup", MUMBAI),
        (lender, "wide-clicks", HYDERABAD),
        (bank, "wide-staging", MUMBAI),
        (bank, "wide-order-events", IRELAND),
    ):
        plot.bucket(name, region)
    source = {
        "KinesisStreamSourceDescription": {"KinesisStreamARN": world.stream(BANK, MUMBAI, "wide-trades", payments=True)}
    }
    splunk = {
        "HECEndpoint": "https://http-inputs-bank.splunkcloud.com:8088",
        "HECToken": "never-to-be-kept",
        "S3BackupMode": "AllEvents",
        "S3DestinationDescription": in_bucket("wide-trades-backup"),
    }
    world.firehose(BANK, MUMBAI, "wide-trades", {"SplunkDestinationDescription": splunk}, source=source)

    # From an own stream abroad, which another account's Firehose empties there.
    frankfurt = world.stream(BANK, FRANKFURT, "wide-quotes", payments=True)
    source = {"KinesisStreamSourceDescription": {"KinesisStreamARN": frankfurt}}
    snowflake = {"AccountUrl": "https://bank-quotes.snowflakecomputing.com"}
    world.firehose(LENDER, FRANKFURT, "wide-quotes", {"SnowflakeDestinationDescription": snowflake}, source=source)

    source = {"MSKSourceDescription": {"MSKClusterARN": KAFKA, "TopicName": "orders"}}
    to_bucket = {"ExtendedS3DestinationDescription": in_bucket("wide-order-events")}
    world.firehose(BANK, HYDERABAD, "wide-orders", to_bucket, source=source, payments=True)

    clicks = {"ExtendedS3DestinationDescription": in_bucket("wide-clicks")}
    domain = {"DomainARN": arn("es", VIRGINIA, VAULT, "domain/wide-search")}
    collection = {"CollectionEndpoint": "https://abc123.eu-west-1.aoss.amazonaws.com"}
    warehouse = {
        "ClusterJDBCURL": "jdbc:redshift://wide-house.c1a2.ap-southeast-1.redshift.amazonaws.com:5439/dev",
        "S3DestinationDescription": in_bucket("wide-staging"),
    }
    # Its address names no account; it is there, for who looks into warehouses too.
    house = {"ClusterIdentifier": "wide-house"}

    def clusters(_, own):
        return {"Clusters": [*own()["Clusters"], house]}

    world.cloud.answer("redshift", "DescribeClusters", clusters, account=BANK, region=SINGAPORE)
    tables = {"CatalogConfiguration": {"CatalogARN": arn("glue", FRANKFURT, BANK, "catalog")}}
    for name, destination in (
        ("wide-clicks", clicks),
        ("wide-search", {"AmazonopensearchserviceDestinationDescription": domain}),
        ("wide-vectors", {"AmazonOpenSearchServerlessDestinationDescription": collection}),
        ("wide-house", {"RedshiftDestinationDescription": warehouse}),
        ("wide-tables", {"IcebergDestinationDescription": tables}),
    ):
        world.firehose(BANK, MUMBAI, name, destination, payments=True)


def exports(world):
    bank, partner = Plot(world.cloud, BANK), Plot(world.cloud, PARTNER)
    bank.bucket("wide-old-logs", MUMBAI)
    bank.bucket("wide-old-logs-ireland", IRELAND)
    bank.bucket("wide-old-logs-tokyo", TOKYO)
    partner.bucket("partner-old-logs", VIRGINIA)
    world.group(BANK, MUMBAI, "wide-old")
    for number, (bucket, status) in enumerate(
        (
            ("wide-old-logs", "COMPLETED"),
            ("wide-old-logs", "COMPLETED"),
            ("wide-old-logs-ireland", "CANCELLED"),
            ("wide-old-logs-tokyo", "PENDING"),
            ("partner-old-logs", "COMPLETED"),
        )
    ):
        task = {
            "taskId": f"task-{number}",
            "logGroupName": "wide-old",
            "destination": bucket,
            "status": {"code": status},
        }
        world.exports[BANK, MUMBAI].append(task)


def trails(world):
    for account, name, region in (
        (BANK, "wide-bank-trail", MUMBAI),
        (SHOP, "wide-shop-trail", VIRGINIA),
        (LOGS, "wide-lender-trail", VIRGINIA),
        (LOGS, "wide-group-trail", HYDERABAD),
        (VAULT, "wide-sealed-trail", HYDERABAD),
    ):
        Plot(world.cloud, account).bucket(name, region)
    group = f"{world.group(BANK, MUMBAI, 'wide-bank-events', payments=False)}:*"
    world.trail(BANK, MUMBAI, "wide-bank", "wide-bank-trail", IsMultiRegionTrail=True, CloudWatchLogsLogGroupArn=group)
    world.trail(SHOP, VIRGINIA, "wide-shop", "wide-shop-trail", IsMultiRegionTrail=True)
    world.trail(LENDER, MUMBAI, "wide-lender", "wide-lender-trail")
    world.trail(LENDER, HYDERABAD, "wide-sealed", "wide-sealed-trail")
    everything = {"IsMultiRegionTrail": True, "IsOrganizationTrail": True}
    world.trail(GROUP, MUMBAI, "wide-group", "wide-group-trail", **everything)


def event_data_stores(world):
    for account, region, number, name in (
        (BANK, MUMBAI, 1, "wide-lake"),
        (LENDER, HYDERABAD, 2, "wide-lake"),
        (GROUP, VIRGINIA, 3, "wide-lake-of-all"),
    ):
        this = lake_id(account, region, number)
        more = {"MultiRegionEnabled": True, "RetentionPeriod": 2557, "CreatedTimestamp": LONG_AGO, "Status": "ENABLED"}
        store = {"EventDataStoreArn": this, "Name": name}
        listed = {"EventDataStores": [store]}
        world.cloud.answer("cloudtrail", "ListEventDataStores", listed, account=account, region=region)
        world.cloud.answer("cloudtrail", "GetEventDataStore", store | more, where={"EventDataStore": this})
        world.tag(this)


def lake_id(account: str, region: str, number: int) -> str:
    return arn("cloudtrail", region, account, f"eventdatastore/{number:08}-1111-2222-3333-444455556666")


def rule_id(name: str) -> str:
    return arn("observabilityadmin", MUMBAI, GROUP, f"organization-centralization-rule/{name}")


def centralisation(world):
    """All that is logged in Tokyo, by whomever; all in Frankfurt, where a single group is; and what some unit logs."""
    world.group(BANK, TOKYO, "wide-tokyo")
    world.group(SHOP, TOKYO, "wide-tokyo", payments=False)
    world.group(BANK, FRANKFURT, "wide-frankfurt")
    whole = "OrganizationId = 'o-a1b2c3d4e5'"
    shown = []
    for name, scope, source, account, region, backup in (
        ("tokyo", whole, TOKYO, LOGS, HYDERABAD, SINGAPORE),
        ("frankfurt", whole, FRANKFURT, VAULT, MUMBAI, HYDERABAD),
        ("unit", "OUId = 'ou-1234-56789012'", MUMBAI, LOGS, VIRGINIA, IRELAND),
    ):
        this = rule_id(name)
        known = {"RuleName": name, "RuleArn": this, "CreatedRegion": MUMBAI}
        shown.append(known | {"DestinationAccountId": account, "DestinationRegion": region})
        selection = {"LogGroupSelectionCriteria": "*", "EncryptedLogGroupStrategy": "ALLOW"}
        target = {"Region": region, "Account": account}
        if backup:
            target["DestinationLogsConfiguration"] = {"BackupConfiguration": {"Region": backup}}
        rule = {
            "Source": {"Regions": [source], "Scope": scope, "SourceLogsConfiguration": selection},
            "Destination": target,
        }
        answer, where = known | {"CentralizationRule": rule}, {"RuleIdentifier": this}
        world.cloud.answer("observabilityadmin", "GetCentralizationRuleForOrganization", answer, where=where)
    listed = {"CentralizationRuleSummaries": shown}
    world.cloud.answer("observabilityadmin", "ListCentralizationRulesForOrganization", listed, account=GROUP)
    for account in (BANK, LENDER, SHOP, LOGS):
        world.cloud.deny("observabilityadmin", "ListCentralizationRulesForOrganization", account=account)


KAFKA = arn("kafka", HYDERABAD, BANK, "cluster/wide-orders/1")
CENTRAL = destination_id(LOGS, MUMBAI, "wide-central")
AUTH, CARDS, LOANS, FRAUD, OLD = (
    group_id(BANK, MUMBAI, f"wide-{name}") for name in ("auth", "cards", "loans", "fraud", "old")
)
CORE = group_id(BANK, HYDERABAD, "wide-core")
EU = group_id(LENDER, IRELAND, "wide-eu")
SHOPPING = firehose_id(SHOP, HYDERABAD, "wide-shop")
TRADES = stream_id(BANK, MUMBAI, "wide-trades")
QUOTES = stream_id(BANK, FRANKFURT, "wide-quotes")
CLICKS, SEARCH, VECTORS, HOUSE, TABLES = (
    firehose_id(BANK, MUMBAI, f"wide-{name}") for name in ("clicks", "search", "vectors", "house", "tables")
)
FRANKFURT_GROUP = group_id(BANK, FRANKFURT, "wide-frankfurt")


def group(account: str, region: str, name: str, verdict: str) -> Place:
    return Place(group_id(account, region, name), "", name, account, region, "log", verdict)


def firehose(root: str, verdict: str = "pass") -> Place:
    *_, region, account, resource = root.split(":", 5)
    return Place(root, "", resource.removeprefix("deliverystream/"), account, region, "processing", verdict)


def trail(account: str, region: str, name: str, verdict: str) -> Place:
    return Place(arn("cloudtrail", region, account, f"trail/{name}"), "", name, account, region, "log", verdict)


def delivered(account: str, region: str, name: str, *place: str) -> Place:
    root = arn("cloudtrail", region, account, f"trail/{name}")
    return Place(root, "cloudtrail-delivery", *place)


def lake(account: str, region: str, number: int, name: str, verdict: str) -> Place:
    return Place(lake_id(account, region, number), "", name, account, region, "log", verdict)


def central(name: str, account: str, region: str) -> str:
    """What a rule copies to one place is called by the rule and that place."""
    return f"organization-centralization-rule/{name}/{account}/{region}"


HERE, SECOND = central("tokyo", LOGS, HYDERABAD), central("tokyo", LOGS, SINGAPORE)
SEALED, SEALED_SECOND = central("frankfurt", VAULT, MUMBAI), central("frankfurt", VAULT, HYDERABAD)
OF_UNIT, OF_UNIT_SECOND = central("unit", LOGS, VIRGINIA), central("unit", LOGS, IRELAND)

PLACES = (
    *(group(account, MUMBAI, name, "pass" if payments else "") for account, name, payments in SOURCES),
    Place(CENTRAL, "logs-forwarding", "wide-central", LOGS, MUMBAI, "processing", "pass"),
    Place(CENTRAL, "logs-subscription", "wide-central", LOGS, VIRGINIA, "log", "violation"),
    group(BANK, MUMBAI, "wide-auth", "pass"),
    Place(AUTH, "logs-subscription", "wide-auth", BANK, MUMBAI, "log", "pass"),
    group(BANK, MUMBAI, "wide-cards", "pass"),
    Place(CARDS, "logs-forwarding", "wide-to-ireland", LENDER, MUMBAI, "processing", "pass"),
    Place(CARDS, "logs-subscription", "wide-cards-ireland", LENDER, IRELAND, "log", "violation"),
    Place(CARDS, "logs-forwarding", "wide-alert", BANK, MUMBAI, "processing", "pass"),
    group(BANK, MUMBAI, "wide-loans", "pass"),
    Place(LOANS, "logs-forwarding", "wide-loans", BANK, MUMBAI, "processing", "pass"),
    Place(LOANS, "firehose-delivery", "wide-loans-singapore", BANK, SINGAPORE, "export", "violation"),
    group(BANK, MUMBAI, "wide-fraud", "pass"),
    Place(FRAUD, "logs-forwarding", "from-the-bank", PARTNER, MUMBAI, "processing", "pass"),
    group(BANK, HYDERABAD, "wide-core", "pass"),
    Place(CORE, "logs-forwarding", "from-the-bank", VAULT, HYDERABAD, "processing", "pass"),
    group(LENDER, IRELAND, "wide-eu", "violation"),
    Place(EU, "logs-forwarding", "wide-eu", LENDER, IRELAND, "processing", "violation"),
    Place(EU, "firehose-delivery", "wide-eu-logs", LENDER, IRELAND, "export", "violation"),
    Place(EU, "logs-subscription", "wide-eu", LENDER, IRELAND, "log", "violation"),
    group(LENDER, MUMBAI, "wide-silent", "pass"),
    group(SHOP, HYDERABAD, "wide-shop-a", "pass"),
    group(SHOP, HYDERABAD, "wide-shop-b", ""),
    group(SHOP, HYDERABAD, "wide-shop-quiet", "pass"),
    Place(SHOPPING, "logs-forwarding", "wide-shop", SHOP, HYDERABAD, "processing", "pass"),
    Place(SHOPPING, "firehose-delivery", "aws-api.newrelic.com", "", "", "export", "unknown"),
    Place(SHOPPING, "firehose-delivery", "wide-shop-failed", SHOP, HYDERABAD, "export", "pass"),
    Place(TRADES, "", "wide-trades", BANK, MUMBAI, "primary", "pass"),
    Place(TRADES, "firehose-source", "wide-trades", BANK, MUMBAI, "processing", "pass"),
    Place(TRADES, "firehose-delivery", "http-inputs-bank.splunkcloud.com", "", "", "export", "unknown"),
    Place(TRADES, "firehose-delivery", "wide-trades-backup", BANK, MUMBAI, "export", "pass"),
    Place(QUOTES, "", "wide-quotes", BANK, FRANKFURT, "primary", "violation"),
    Place(QUOTES, "firehose-source", "wide-quotes", LENDER, FRANKFURT, "processing", "violation"),
    Place(QUOTES, "firehose-delivery", "bank-quotes.snowflakecomputing.com", "", "", "export", "unknown"),
    Place(KAFKA, "", "cluster/wide-orders/1", BANK, HYDERABAD, "primary", "pass"),
    Place(KAFKA, "firehose-source", "wide-orders", BANK, HYDERABAD, "processing", "pass"),
    Place(KAFKA, "firehose-delivery", "wide-order-events", BANK, IRELAND, "export", "violation"),
    *(firehose(root) for root in (CLICKS, SEARCH, VECTORS, HOUSE, TABLES)),
    Place(CLICKS, "firehose-delivery", "wide-clicks", LENDER, HYDERABAD, "export", "pass"),
    Place(SEARCH, "firehose-delivery", "domain/wide-search", VAULT, VIRGINIA, "export", "violation"),
    Place(VECTORS, "firehose-delivery", "collection/abc123", BANK, IRELAND, "export", "violation"),
    Place(HOUSE, "firehose-delivery", "wide-house", BANK, SINGAPORE, "export", "violation"),
    Place(HOUSE, "firehose-delivery", "wide-staging", BANK, MUMBAI, "export", "pass"),
    Place(TABLES, "firehose-delivery", "catalog", BANK, FRANKFURT, "export", "violation"),
    group(BANK, MUMBAI, "wide-old", "pass"),
    Place(OLD, "logs-export", "wide-old-logs", BANK, MUMBAI, "export", "pass"),
    Place(OLD, "logs-export", "wide-old-logs-ireland", BANK, IRELAND, "export", "violation"),
    Place(OLD, "logs-export", "partner-old-logs", "", VIRGINIA, "export", "violation"),
    Place(bucket_id("wide-old-logs-tokyo"), "", "wide-old-logs-tokyo", BANK, TOKYO, "primary", ""),
    trail(BANK, MUMBAI, "wide-bank", "pass"),
    delivered(BANK, MUMBAI, "wide-bank", "wide-bank-trail", BANK, MUMBAI, "log", "pass"),
    delivered(BANK, MUMBAI, "wide-bank", "wide-bank-events", BANK, MUMBAI, "log", "pass"),
    trail(SHOP, VIRGINIA, "wide-shop", "violation"),
    delivered(SHOP, VIRGINIA, "wide-shop", "wide-shop-trail", SHOP, VIRGINIA, "log", "violation"),
    trail(LENDER, MUMBAI, "wide-lender", "pass"),
    delivered(LENDER, MUMBAI, "wide-lender", "wide-lender-trail", LOGS, VIRGINIA, "log", "violation"),
    trail(LENDER, HYDERABAD, "wide-sealed", "pass"),
    delivered(LENDER, HYDERABAD, "wide-sealed", "wide-sealed-trail", "", HYDERABAD, "log", "pass"),
    trail(GROUP, MUMBAI, "wide-group", "pass"),
    delivered(GROUP, MUMBAI, "wide-group", "wide-group-trail", LOGS, HYDERABAD, "log", "pass"),
    lake(BANK, MUMBAI, 1, "wide-lake", "pass"),
    lake(LENDER, HYDERABAD, 2, "wide-lake", "pass"),
    lake(GROUP, VIRGINIA, 3, "wide-lake-of-all", "violation"),
    group(BANK, TOKYO, "wide-tokyo", "violation"),
    group(SHOP, TOKYO, "wide-tokyo", ""),
    Place(f"{rule_id('tokyo')}/{LOGS}/{HYDERABAD}", "logs-centralisation", HERE, LOGS, HYDERABAD, "log", "pass"),
    Place(
        f"{rule_id('tokyo')}/{LOGS}/{SINGAPORE}",
        "logs-centralisation-backup",
        SECOND,
        LOGS,
        SINGAPORE,
        "backup",
        "violation",
    ),
    group(BANK, FRANKFURT, "wide-frankfurt", "violation"),
    Place(FRANKFURT_GROUP, "logs-centralisation", SEALED, VAULT, MUMBAI, "log", "pass"),
    Place(FRANKFURT_GROUP, "logs-centralisation-backup", SEALED_SECOND, VAULT, HYDERABAD, "backup", "pass"),
    Place(rule_id("unit"), "logs-centralisation", OF_UNIT, LOGS, VIRGINIA, "log", ""),
    Place(rule_id("unit"), "logs-centralisation-backup", OF_UNIT_SECOND, LOGS, IRELAND, "backup", ""),
)
