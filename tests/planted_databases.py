"""Databases: read replicas, replica clusters, global databases, replicated backups; tables with replicas and witnesses."""

from datetime import date

from domicile.demo.cloud import LocalCloud
from domicile.demo.planting import Plot
from planted_wide import (
    BANK,
    FRANKFURT,
    HYDERABAD,
    IRELAND,
    LENDER,
    MUMBAI,
    PAYMENTS,
    SHOP,
    SINGAPORE,
    TOKYO,
    VIRGINIA,
    Place,
    arn,
    tags,
)

SERVICES = ("dynamodb", "rds")


def plant(cloud: LocalCloud, today: date) -> None:
    bank, lender, shop = (Plot(cloud, account) for account in (BANK, LENDER, SHOP))
    bank.database("wide-near", MUMBAI, PAYMENTS)
    bank.read_replica("wide-near", MUMBAI, "wide-near-replica", HYDERABAD)
    bank.replicate_backups("wide-near", MUMBAI, HYDERABAD)
    bank.database("wide-far", MUMBAI, PAYMENTS)
    bank.read_replica("wide-far", MUMBAI, "wide-far-replica", IRELAND)
    bank.replicate_backups("wide-far", MUMBAI, FRANKFURT)
    shop.database("wide-goods", SINGAPORE)
    shop.read_replica("wide-goods", SINGAPORE, "wide-goods-replica", TOKYO)
    shop.snapshot("wide-goods", SINGAPORE, "wide-goods-by-hand")

    lender.global_database("wide-loans", {MUMBAI: "loans", HYDERABAD: "loans-near", VIRGINIA: "loans-far"}, PAYMENTS)
    bank.global_database("wide-cards", {MUMBAI: "cards", TOKYO: "cards-far"}, PAYMENTS)
    _replica_cluster(lender, "claims", MUMBAI, {"claims-near": HYDERABAD, "claims-far": IRELAND})
    _replica_cluster(shop, "goods", SINGAPORE, {"goods-far": VIRGINIA}, tagged=False)

    for plot, name, home, there in (
        (bank, "wide-limits", MUMBAI, HYDERABAD),
        (lender, "wide-scores", MUMBAI, IRELAND),
        (shop, "wide-carts", SINGAPORE, TOKYO),
    ):
        plot.table(name, home, None if plot is shop else PAYMENTS)
        plot.replica(name, home, there)
        plot.witness(name, home, VIRGINIA if plot is shop else FRANKFURT if plot is lender else SINGAPORE)
    # A witness that stays at home.
    bank.table("wide-quotas", MUMBAI, PAYMENTS)
    bank.witness("wide-quotas", MUMBAI, HYDERABAD)


def _replica_cluster(plot: Plot, name: str, home: str, replicas: dict[str, str], *, tagged: bool = True) -> None:
    """A cluster that is no global database, and clusters in other regions that follow it."""
    source = plot.arn("rds", home, f"cluster:{name}")
    owner = {"MasterUsername": "owner", "MasterUserPassword": "kept-nowhere"}
    for cluster, region in {name: home, **replicas}.items():
        follows = {} if cluster == name else {"ReplicationSourceIdentifier": source}
        plot.client("rds", region).create_db_cluster(
            DBClusterIdentifier=cluster,
            Engine="aurora-mysql",
            Tags=tags() if tagged and cluster == name else [],
            **owner,
            **follows,
        )


def _database(name: str, region: str, account: str, verdict: str) -> tuple[Place, ...]:
    """An instance with its automated backups, which moto keeps as snapshots too."""
    root = arn("rds", region, account, f"db:{name}")
    return (
        Place(root, "", name, account, region, "primary", verdict),
        Place(root, "rds-continuous-backup", name, account, region, "backup", verdict),
        Place(root, "rds-automated-backup", "*", account, region, "backup", verdict),
    )


def _cluster(root: str, channel: str, name: str, region: str, account: str, verdict: str) -> tuple[Place, ...]:
    return (
        Place(root, channel, name, account, region, "replica" if channel else "primary", verdict),
        Place(root, "rds-continuous-backup", name, account, region, "backup", verdict),
        Place(root, "rds-automated-backup", "*", account, region, "backup", verdict),
    )


NEAR, FAR = (arn("rds", MUMBAI, BANK, f"db:wide-{name}") for name in ("near", "far"))
GOODS = arn("rds", SINGAPORE, SHOP, "db:wide-goods")
LOANS = arn("rds", MUMBAI, LENDER, "cluster:loans")
CARDS = arn("rds", MUMBAI, BANK, "cluster:cards")
CLAIMS = arn("rds", MUMBAI, LENDER, "cluster:claims")
STOCK = arn("rds", SINGAPORE, SHOP, "cluster:goods")
LIMITS, QUOTAS = (arn("dynamodb", MUMBAI, BANK, f"table/wide-{name}") for name in ("limits", "quotas"))
SCORES = arn("dynamodb", MUMBAI, LENDER, "table/wide-scores")
CARTS = arn("dynamodb", SINGAPORE, SHOP, "table/wide-carts")
GLOBAL, REPLICA = "aurora-global-database", "aurora-replica"

PLACES = (
    *_database("wide-near", MUMBAI, BANK, "pass"),
    Place(NEAR, "rds-read-replica", "wide-near-replica", BANK, HYDERABAD, "replica", "pass"),
    Place(NEAR, "rds-backup-replication", "wide-near", BANK, HYDERABAD, "backup", "pass"),
    *_database("wide-far", MUMBAI, BANK, "pass"),
    Place(FAR, "rds-read-replica", "wide-far-replica", BANK, IRELAND, "replica", "violation"),
    Place(FAR, "rds-backup-replication", "wide-far", BANK, FRANKFURT, "backup", "violation"),
    *_database("wide-goods", SINGAPORE, SHOP, ""),
    Place(GOODS, "rds-read-replica", "wide-goods-replica", SHOP, TOKYO, "replica", ""),
    Place(GOODS, "rds-snapshot", "*", SHOP, SINGAPORE, "snapshot", ""),
    *_cluster(LOANS, "", "loans", MUMBAI, LENDER, "pass"),
    *_cluster(LOANS, GLOBAL, "loans-near", HYDERABAD, LENDER, "pass"),
    *_cluster(LOANS, GLOBAL, "loans-far", VIRGINIA, LENDER, "violation"),
    *_cluster(CARDS, "", "cards", MUMBAI, BANK, "pass"),
    *_cluster(CARDS, GLOBAL, "cards-far", TOKYO, BANK, "violation"),
    *_cluster(CLAIMS, "", "claims", MUMBAI, LENDER, "pass"),
    *_cluster(CLAIMS, REPLICA, "claims-near", HYDERABAD, LENDER, "pass"),
    *_cluster(CLAIMS, REPLICA, "claims-far", IRELAND, LENDER, "violation"),
    *_cluster(STOCK, "", "goods", SINGAPORE, SHOP, ""),
    *_cluster(STOCK, REPLICA, "goods-far", VIRGINIA, SHOP, ""),
    Place(LIMITS, "", "wide-limits", BANK, MUMBAI, "primary", "pass"),
    Place(LIMITS, "dynamodb-global-table", "wide-limits", BANK, HYDERABAD, "replica", "pass"),
    Place(LIMITS, "dynamodb-witness", "", BANK, SINGAPORE, "replica", "violation"),
    Place(SCORES, "", "wide-scores", LENDER, MUMBAI, "primary", "pass"),
    Place(SCORES, "dynamodb-global-table", "wide-scores", LENDER, IRELAND, "replica", "violation"),
    Place(SCORES, "dynamodb-witness", "", LENDER, FRANKFURT, "replica", "violation"),
    Place(CARTS, "", "wide-carts", SHOP, SINGAPORE, "primary", ""),
    Place(CARTS, "dynamodb-global-table", "wide-carts", SHOP, TOKYO, "replica", ""),
    Place(CARTS, "dynamodb-witness", "", SHOP, VIRGINIA, "replica", ""),
    Place(QUOTAS, "", "wide-quotas", BANK, MUMBAI, "primary", "pass"),
    Place(QUOTAS, "dynamodb-witness", "", BANK, HYDERABAD, "replica", "pass"),
)
