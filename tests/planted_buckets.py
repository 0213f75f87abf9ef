"""Buckets of all kinds: what they replicate, log and list to where, in which zone and by whose key."""

from datetime import UTC, date, datetime

from domicile.demo.cloud import LocalCloud
from domicile.demo.planting import Plot
from planted_wide import (
    BANK,
    FRANKFURT,
    HYDERABAD,
    IRELAND,
    LENDER,
    LOGS,
    MUMBAI,
    PARTNER,
    PAYMENTS,
    QUERETARO,
    SHOP,
    SINGAPORE,
    TOKYO,
    VAULT,
    VIRGINIA,
    Place,
    arn,
)

CREATED = datetime(2025, 9, 1, tzinfo=UTC)

SERVICES = ("s3", "s3express", "s3tables", "s3vectors")

LOGGING = (
    *((BANK, MUMBAI, f"wide-logging-{number:02}", PAYMENTS) for number in range(20)),
    *((LENDER, HYDERABAD, f"wide-logging-{number:02}", PAYMENTS) for number in range(20, 35)),
    *((SHOP, MUMBAI, f"wide-logging-{number:02}", {}) for number in range(35, 50)),
)


def plant(cloud: LocalCloud, today: date) -> None:
    bank, lender, shop, logs, vault, partner = (
        Plot(cloud, account) for account in (BANK, LENDER, SHOP, LOGS, VAULT, PARTNER)
    )
    replication(cloud, bank, lender, vault, partner)
    access_logs(cloud, bank, lender, logs, vault)
    inventories(bank, lender, shop, partner)
    encryption(bank)
    directory_buckets(cloud)
    table_buckets(cloud, bank, lender)
    vector_buckets(bank, shop)


def replication(cloud, bank, lender, vault, partner):
    bank.bucket("wide-claims", MUMBAI, PAYMENTS)
    bank.bucket("wide-claims-hyderabad", HYDERABAD)
    lender.bucket("wide-claims-ireland", IRELAND)
    vault.bucket("wide-claims-vault", HYDERABAD)
    targets = {
        "home": "wide-claims-hyderabad",
        "far": f"wide-claims-ireland@{LENDER}",
        "vault": f"wide-claims-vault@{VAULT}",
    }
    bank.replicate("wide-claims", MUMBAI, targets)

    # Three that copy to each other in a ring.
    bank.bucket("wide-ring-a", MUMBAI, PAYMENTS)
    bank.bucket("wide-ring-b", HYDERABAD)
    lender.bucket("wide-ring-c", SINGAPORE)
    bank.replicate("wide-ring-a", MUMBAI, {"next": "wide-ring-b"})
    bank.replicate("wide-ring-b", HYDERABAD, {"next": f"wide-ring-c@{LENDER}"})
    lender.replicate("wide-ring-c", SINGAPORE, {"next": f"wide-ring-a@{BANK}"})

    # A destination that was deleted, and its name free for anybody.
    bank.bucket("wide-left-alone", MUMBAI, PAYMENTS)
    bank.bucket("wide-gone", IRELAND)
    bank.replicate("wide-left-alone", MUMBAI, {"to-gone": "wide-gone"})
    bank.client("s3", IRELAND).delete_bucket(Bucket="wide-gone")

    # One that was deleted too, and that a stranger made again.
    bank.bucket("wide-deceived", MUMBAI, PAYMENTS)
    partner.bucket("wide-made-again", FRANKFURT)
    bank.replicate("wide-deceived", MUMBAI, {"to-lender": f"wide-made-again@{LENDER}"})

    # One of which nobody can tell where it is.
    bank.bucket("wide-guessing", MUMBAI, PAYMENTS)
    partner.bucket("wide-nowhere", FRANKFURT)
    bank.replicate("wide-guessing", MUMBAI, {"to-nowhere": "wide-nowhere"})
    cloud.deny("s3", "HeadBucket", resource="wide-nowhere", code="403", message="Forbidden")


def access_logs(cloud, bank, lender, logs, vault):
    logs.bucket("wide-access-logs", VIRGINIA)
    for account, region, name, tags in LOGGING:
        Plot(cloud, account).bucket(name, region, tags)
        log(cloud, name, "wide-access-logs")
    bank.bucket("wide-web", MUMBAI, PAYMENTS)
    bank.bucket("wide-web-logs", MUMBAI)
    log(cloud, "wide-web", "wide-web-logs")
    log(cloud, "wide-web-logs", "wide-web-logs")
    lender.bucket("wide-api", MUMBAI, PAYMENTS)
    vault.bucket("wide-api-logs", HYDERABAD)
    log(cloud, "wide-api", "wide-api-logs")


def log(cloud, name, target):
    answer = {"LoggingEnabled": {"TargetBucket": target, "TargetPrefix": f"{name}/"}}
    cloud.answer("s3", "GetBucketLogging", answer, where={"Bucket": name})


def inventories(bank, lender, shop, partner):
    shop.bucket("wide-orders", MUMBAI, PAYMENTS)
    shop.bucket("wide-orders-lists", MUMBAI)
    inventory(shop, "wide-orders", MUMBAI, "home", "wide-orders-lists")
    bank.bucket("wide-invoices", MUMBAI, PAYMENTS)
    bank.bucket("wide-invoices-singapore", SINGAPORE)
    bank.bucket("wide-invoices-ireland", IRELAND)
    partner.bucket("partner-lists", MUMBAI)
    inventory(bank, "wide-invoices", MUMBAI, "far", "wide-invoices-singapore")
    inventory(bank, "wide-invoices", MUMBAI, "partner", "partner-lists", AccountId=PARTNER)
    inventory(bank, "wide-invoices", MUMBAI, "disabled", "wide-invoices-ireland", enabled=False)
    lender.bucket("wide-loans", IRELAND, PAYMENTS)
    bank.bucket("wide-loans-lists", IRELAND)
    inventory(lender, "wide-loans", IRELAND, "to-bank", "wide-loans-lists", AccountId=BANK)


def inventory(plot, name, region, identity, target, *, enabled=True, **more):
    plot.client("s3", region).put_bucket_inventory_configuration(
        Bucket=name,
        Id=identity,
        InventoryConfiguration={
            "Id": identity,
            "IsEnabled": enabled,
            "IncludedObjectVersions": "Current",
            "Schedule": {"Frequency": "Daily"},
            "Destination": {"S3BucketDestination": {"Bucket": f"arn:aws:s3:::{target}", "Format": "CSV", **more}},
        },
    )


def encryption(bank):
    for name, region, key in (
        ("wide-key-mumbai", MUMBAI, arn("kms", MUMBAI, BANK, "key/1")),
        ("wide-key-of-lender", MUMBAI, arn("kms", MUMBAI, LENDER, "key/2")),
        ("wide-key-ireland", IRELAND, arn("kms", IRELAND, BANK, "alias/orders")),
    ):
        bank.bucket(name, region, PAYMENTS)
        default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
        bank.client("s3", region).put_bucket_encryption(
            Bucket=name,
            ServerSideEncryptionConfiguration={"Rules": [{"ApplyServerSideEncryptionByDefault": default}]},
        )


def directory_buckets(cloud):
    for account, region, name in (
        (BANK, MUMBAI, "wide-trades--aps1-az1--x-s3"),
        (BANK, VIRGINIA, "wide-trades--use1-qro1-az1--x-s3"),
        (SHOP, TOKYO, "wide-baskets--apne1-az1--x-s3"),
    ):
        answer = {"Buckets": [{"Name": name, "BucketRegion": region}]}
        cloud.answer("s3", "ListDirectoryBuckets", answer, account=account, region=region)


def table_buckets(cloud, bank, lender):
    for plot, region, name in (
        (bank, MUMBAI, "wide-facts"),
        (bank, HYDERABAD, "wide-facts-hyderabad"),
        (bank, IRELAND, "wide-facts-ireland"),
        (lender, MUMBAI, "wide-facts-lender"),
    ):
        identity = arn("s3tables", region, plot.account, f"bucket/{name}")
        known = {"arn": identity, "name": name, "ownerAccountId": plot.account, "createdAt": CREATED}
        answer = {"tableBuckets": [known]}
        cloud.answer("s3tables", "ListTableBuckets", answer, account=plot.account, region=region)
    cloud.answer("s3tables", "ListTagsForResource", {"tags": PAYMENTS}, where={"resourceArn": FACTS})
    targets = (
        arn("s3tables", HYDERABAD, BANK, "bucket/wide-facts-hyderabad"),
        arn("s3tables", IRELAND, BANK, "bucket/wide-facts-ireland"),
        arn("s3tables", MUMBAI, LENDER, "bucket/wide-facts-lender"),
        arn("s3tables", VIRGINIA, PARTNER, "bucket/partner-facts"),
        arn("s3tables", HYDERABAD, VAULT, "bucket/vault-facts"),
        # Deleted, though the replication still names it.
        arn("s3tables", SINGAPORE, BANK, "bucket/wide-facts-gone"),
    )
    rules = [{"destinations": [{"destinationTableBucketARN": target} for target in targets]}]
    configuration = {"role": f"arn:aws:iam::{BANK}:role/replication", "rules": rules}
    answer = {"versionToken": "1", "configuration": configuration}
    cloud.answer("s3tables", "GetTableBucketReplication", answer, where={"tableBucketARN": FACTS})


def vector_buckets(bank, shop):
    bank.client("s3vectors", MUMBAI).create_vector_bucket(vectorBucketName="wide-complaints", tags=PAYMENTS)
    bank.client("s3vectors", FRANKFURT).create_vector_bucket(vectorBucketName="wide-complaints-eu", tags=PAYMENTS)
    shop.client("s3vectors", TOKYO).create_vector_bucket(vectorBucketName="wide-products")


def bucket(name):
    return f"arn:aws:s3:::{name}"


FACTS = arn("s3tables", MUMBAI, BANK, "bucket/wide-facts")
COMPLAINTS = arn("s3vectors", MUMBAI, BANK, "bucket/wide-complaints")
COMPLAINTS_EU = arn("s3vectors", FRANKFURT, BANK, "bucket/wide-complaints-eu")
PRODUCTS = arn("s3vectors", TOKYO, SHOP, "bucket/wide-products")


def root(name, account, region, verdict, identity=""):
    return Place(identity or bucket(name), "", name, account, region, "primary", verdict)


def directory(name, account, region, where):
    identity = arn("s3express", region, account, f"bucket/{name}")
    return Place(identity, "", name, account, where, "primary", "")


PLACES = (
    root("wide-claims", BANK, MUMBAI, "pass"),
    Place(bucket("wide-claims"), "s3-replication", "wide-claims-hyderabad", BANK, HYDERABAD, "replica", "pass"),
    Place(bucket("wide-claims"), "s3-replication", "wide-claims-ireland", LENDER, IRELAND, "replica", "violation"),
    Place(bucket("wide-claims"), "s3-replication", "wide-claims-vault", VAULT, HYDERABAD, "replica", "pass"),
    root("wide-ring-a", BANK, MUMBAI, "pass"),
    Place(bucket("wide-ring-a"), "s3-replication", "wide-ring-b", BANK, HYDERABAD, "replica", "pass"),
    Place(bucket("wide-ring-a"), "s3-replication", "wide-ring-c", LENDER, SINGAPORE, "replica", "violation"),
    root("wide-left-alone", BANK, MUMBAI, "pass"),
    root("wide-deceived", BANK, MUMBAI, "pass"),
    Place(bucket("wide-deceived"), "s3-replication", "wide-made-again", "", FRANKFURT, "replica", "violation"),
    root("wide-guessing", BANK, MUMBAI, "pass"),
    Place(bucket("wide-guessing"), "s3-replication", "wide-nowhere", "", "", "replica", "unknown"),
    *(root(name, account, region, "pass" if tags else "") for account, region, name, tags in LOGGING),
    Place(bucket("wide-access-logs"), "s3-access-logs", "wide-access-logs", LOGS, VIRGINIA, "log", "violation"),
    root("wide-web", BANK, MUMBAI, "pass"),
    Place(bucket("wide-web"), "s3-access-logs", "wide-web-logs", BANK, MUMBAI, "log", "pass"),
    root("wide-api", LENDER, MUMBAI, "pass"),
    Place(bucket("wide-api"), "s3-access-logs", "wide-api-logs", "", HYDERABAD, "log", "pass"),
    root("wide-orders", SHOP, MUMBAI, "pass"),
    Place(bucket("wide-orders"), "s3-inventory", "wide-orders-lists", SHOP, MUMBAI, "export", "pass"),
    root("wide-invoices", BANK, MUMBAI, "pass"),
    Place(bucket("wide-invoices"), "s3-inventory", "wide-invoices-singapore", BANK, SINGAPORE, "export", "violation"),
    Place(bucket("wide-invoices"), "s3-inventory", "partner-lists", PARTNER, MUMBAI, "export", "pass"),
    root("wide-invoices-ireland", BANK, IRELAND, ""),
    root("wide-loans", LENDER, IRELAND, "violation"),
    Place(bucket("wide-loans"), "s3-inventory", "wide-loans-lists", BANK, IRELAND, "export", "violation"),
    root("wide-key-mumbai", BANK, MUMBAI, "pass"),
    root("wide-key-of-lender", BANK, MUMBAI, "pass"),
    root("wide-key-ireland", BANK, IRELAND, "violation"),
    directory("wide-trades--aps1-az1--x-s3", BANK, MUMBAI, MUMBAI),
    directory("wide-trades--use1-qro1-az1--x-s3", BANK, VIRGINIA, QUERETARO),
    directory("wide-baskets--apne1-az1--x-s3", SHOP, TOKYO, TOKYO),
    root("wide-facts", BANK, MUMBAI, "pass", FACTS),
    Place(FACTS, "s3-table-replication", "wide-facts-hyderabad", BANK, HYDERABAD, "replica", "pass"),
    Place(FACTS, "s3-table-replication", "wide-facts-ireland", BANK, IRELAND, "replica", "violation"),
    Place(FACTS, "s3-table-replication", "wide-facts-lender", LENDER, MUMBAI, "replica", "pass"),
    Place(FACTS, "s3-table-replication", "bucket/partner-facts", PARTNER, VIRGINIA, "replica", "violation"),
    Place(FACTS, "s3-table-replication", "bucket/vault-facts", VAULT, HYDERABAD, "replica", "pass"),
    root("wide-complaints", BANK, MUMBAI, "pass", COMPLAINTS),
    root("wide-complaints-eu", BANK, FRANKFURT, "violation", COMPLAINTS_EU),
    root("wide-products", SHOP, TOKYO, "", PRODUCTS),
)

KEYS = {
    "wide-key-mumbai": (None, ("IN",)),
    "wide-key-of-lender": (True, ("IN",)),
    "wide-key-ireland": (True, ("", "IE")),
    "wide-claims": (False, None),
    "wide-complaints": (False, None),
}
"""By the name of a bucket: whether its key is the customer's own, and in which countries it is: of an alias, also in
others, for all anybody knows."""
