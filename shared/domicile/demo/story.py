"""A phone maker that moves its Indian users' data home by a date it has promised, and its payments company."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from importlib import resources
from pathlib import Path
from string import Template
from typing import Final

from domicile.demo import answers
from domicile.demo.cloud import LocalCloud
from domicile.demo.planting import Plot

MUMBAI: Final = "ap-south-1"
HYDERABAD: Final = "ap-south-2"
SINGAPORE: Final = "ap-southeast-1"
VIRGINIA: Final = "us-east-1"

GROUP: Final = "111111111111"
SHOP: Final = "222222222222"
TV: Final = "333333333333"
CLOUD: Final = "444444444444"
SOFTWARE: Final = "555555555555"
COMMUNITY: Final = "666666666666"
PAY: Final = "777777777777"
ARCHIVE: Final = "888888888888"
ACCOUNTS: Final = {
    GROUP: "bulbul-group",
    SHOP: "bulbul-shop",
    TV: "bulbul-tv",
    CLOUD: "bulbul-cloud",
    SOFTWARE: "bulbul-software",
    COMMUNITY: "bulbul-community",
    PAY: "bulbul-pay",
    ARCHIVE: "bulbul-archive",
}

ROLE: Final = "domicile-reader"

NIGHTS: Final = 6
"""For how many nights copies of the ledger, and of the shop's search index, are kept in Singapore."""

CONTACTS: Final = {"data-class": "personal.contact", "data-origin": "IN"}
HABITS: Final = {"data-class": "personal.preference", "data-origin": "IN"}
PAYMENTS: Final = {"data-class": "payment.transaction", "data-origin": "IN"}


def plant(cloud: LocalCloud, today: date) -> None:
    """The organisation as it stands today: the shop is late, the others still have time."""
    cloud.organisation(ACCOUNTS)
    _plant_shop(Plot(cloud, SHOP), today)
    _plant_tv(Plot(cloud, TV))
    _plant_cloud(Plot(cloud, CLOUD))
    _plant_software(Plot(cloud, SOFTWARE))
    _plant_community(Plot(cloud, COMMUNITY))
    _plant_payments(Plot(cloud, PAY), today)
    _plant_trails(cloud)
    Plot(cloud, ARCHIVE).bucket("bulbul-archive-2016", SINGAPORE)
    cloud.refuse_role(ARCHIVE)


def move_on(cloud: LocalCloud, today: date) -> None:
    """What has changed when somebody looks again on a later day."""
    shop, pay = Plot(cloud, SHOP), Plot(cloud, PAY)
    # The rule is deleted, its replicas stay in Singapore: nothing is proven by that.
    shop.replicate("bulbul-shop-reviews", MUMBAI, {})
    # A copy that is really gone.
    shop.drop_replica("shop-carts", MUMBAI, SINGAPORE)
    # The nightly rotation opens and closes nothing.
    oldest = today - timedelta(days=NIGHTS)
    pay.drop_snapshot(MUMBAI, _nightly(oldest))
    pay.drop_snapshot(SINGAPORE, _nightly(oldest))
    _take_ledger(pay, today)
    answers.snapshot_nightly(shop, MUMBAI, SINGAPORE, answers.nights(today, NIGHTS))
    # Somebody adds a second copy of the statements, and picks the wrong region.
    pay.bucket("bulbul-pay-statements-dr", SINGAPORE)
    targets = {"to-hyderabad": "bulbul-pay-statements-hyderabad", "to-dr": "bulbul-pay-statements-dr"}
    pay.replicate("bulbul-pay-statements", MUMBAI, targets)
    # And one listing is no longer answered: what was seen in it cannot be confirmed.
    cloud.deny("rds", "DescribeDBSnapshots", account=SHOP)


def write_files(directory: Path, today: date) -> Path:
    """The organisation file and the policy file of the demo, with dates around today; returns the former."""
    dates = {
        "today": today,
        "shop_deadline": today - timedelta(weeks=10),
        "devices_deadline": today + timedelta(weeks=5),
        "audited_on": today - timedelta(days=120),
        "audit_until": today + timedelta(days=240),
    }
    for name in ("commitment.yaml", "domicile.yaml"):
        text = resources.files("domicile.demo").joinpath(name).read_text(encoding="utf-8")
        (directory / name).write_text(Template(text).substitute(dates), encoding="utf-8")
    return directory / "domicile.yaml"


def _plant_shop(shop: Plot, today: date) -> None:
    shop.bucket("bulbul-shop-customers", SINGAPORE, CONTACTS)
    shop.bucket("bulbul-shop-customers-mumbai", MUMBAI)
    shop.replicate("bulbul-shop-customers", SINGAPORE, {"move-home": "bulbul-shop-customers-mumbai"})

    shop.bucket("bulbul-shop-reviews", MUMBAI, HABITS)
    shop.bucket("bulbul-shop-reviews-singapore", SINGAPORE)
    shop.replicate("bulbul-shop-reviews", MUMBAI, {"to-singapore": "bulbul-shop-reviews-singapore"})

    shop.table("shop-carts", MUMBAI, HABITS)
    shop.replica("shop-carts", MUMBAI, SINGAPORE)

    # The database has moved; one snapshot of the move was forgotten.
    shop.database("shop-orders", MUMBAI, CONTACTS)
    shop.read_replica("shop-orders", MUMBAI, "shop-orders-standby", HYDERABAD)
    shop.snapshot("shop-orders", MUMBAI, "shop-orders-before-the-move")
    source = shop.arn("rds", MUMBAI, "snapshot:shop-orders-before-the-move")
    shop.copy_snapshot(source, SINGAPORE, "shop-orders-before-the-move")

    answers.disk(shop, "shop-search", MUMBAI, HABITS)
    answers.snapshot_nightly(shop, MUMBAI, SINGAPORE, answers.nights(today, NIGHTS))
    answers.firehose(shop, "shop-clicks", MUMBAI, "https://collect.adpartner.example/v1", HABITS)
    answers.inference_profile(shop, "shop-assistant", MUMBAI, SINGAPORE, CONTACTS)

    shop.bucket("bulbul-shop-wishlists", VIRGINIA)
    shop.bucket("bulbul-shop-exports", VIRGINIA)
    shop.bucket("bulbul-shop-sales-figures", VIRGINIA)


def _plant_tv(tv: Plot) -> None:
    tv.bucket("bulbul-tv-viewing", VIRGINIA, HABITS)
    tv.bucket("bulbul-tv-viewing-mumbai", MUMBAI)
    tv.replicate("bulbul-tv-viewing", VIRGINIA, {"move-home": "bulbul-tv-viewing-mumbai"})
    tv.table("tv-profiles", VIRGINIA, CONTACTS)
    tv.replica("tv-profiles", VIRGINIA, MUMBAI)


def _plant_cloud(photos: Plot) -> None:
    photos.bucket("bulbul-cloud-photos", SINGAPORE, CONTACTS)
    photos.bucket("bulbul-cloud-photos-mumbai", MUMBAI)
    photos.replicate("bulbul-cloud-photos", SINGAPORE, {"move-home": "bulbul-cloud-photos-mumbai"})
    photos.bucket("bulbul-cloud-contacts", MUMBAI, CONTACTS)
    photos.bucket("bulbul-cloud-contacts-hyderabad", HYDERABAD)
    photos.replicate("bulbul-cloud-contacts", MUMBAI, {"second-copy": "bulbul-cloud-contacts-hyderabad"})
    photos.database("cloud-accounts", SINGAPORE, CONTACTS)
    photos.read_replica("cloud-accounts", SINGAPORE, "cloud-accounts-mumbai", MUMBAI)


def _plant_software(software: Plot) -> None:
    software.bucket("bulbul-software-updates", VIRGINIA)
    software.bucket("bulbul-software-crash-reports", VIRGINIA, HABITS)
    software.table("software-devices", MUMBAI, CONTACTS)
    # An image for machines, in which there is nobody's data.
    answers.disk(software, "image-builder", MUMBAI, {})
    answers.image(software, "golden-image", MUMBAI, VIRGINIA)


def _plant_community(community: Plot) -> None:
    community.database("community-forum", SINGAPORE, CONTACTS)
    community.table("community-messages", MUMBAI, CONTACTS)
    community.replica("community-messages", MUMBAI, HYDERABAD)
    community.bucket("bulbul-community-uploads", HYDERABAD, HABITS)


def _plant_payments(pay: Plot, today: date) -> None:
    pay.database("pay-ledger", MUMBAI, PAYMENTS)
    pay.read_replica("pay-ledger", MUMBAI, "pay-ledger-hyderabad", HYDERABAD)
    pay.replicate_backups("pay-ledger", MUMBAI, HYDERABAD)
    for night in range(NIGHTS):
        _take_ledger(pay, today - timedelta(days=NIGHTS - 1 - night))

    pay.table("pay-tokens", MUMBAI, {"data-class": "payment.credential", "data-origin": "IN"})
    pay.replica("pay-tokens", MUMBAI, VIRGINIA)

    # One copy action of one plan.
    tables = ("pay-mandates", "pay-refunds", "pay-settlements")
    for table in tables:
        pay.table(table, MUMBAI, PAYMENTS)
    sources = [pay.arn("dynamodb", MUMBAI, f"table/{table}") for table in tables]
    answers.back_up(pay, "pay-tables", MUMBAI, VIRGINIA, sources, answers.nights(today, 2))
    answers.secret(pay, "pay-gateway", MUMBAI, SINGAPORE, {"data-class": "payment.credential", "data-origin": "IN"})

    pay.bucket("bulbul-pay-statements", MUMBAI, PAYMENTS)
    pay.bucket("bulbul-pay-statements-hyderabad", HYDERABAD)
    pay.replicate("bulbul-pay-statements", MUMBAI, {"to-hyderabad": "bulbul-pay-statements-hyderabad"})

    pay.bucket("bulbul-pay-foreign-cards", MUMBAI, {"data-origin": "IN"})
    pay.bucket("bulbul-pay-foreign-cards-virginia", VIRGINIA)
    pay.replicate("bulbul-pay-foreign-cards", MUMBAI, {"scheme-copy": "bulbul-pay-foreign-cards-virginia"})


def _plant_trails(cloud: LocalCloud) -> None:
    """The trails of three accounts end in one bucket of the group's."""
    Plot(cloud, GROUP).bucket("bulbul-group-trails", VIRGINIA)
    for account in (TV, CLOUD, COMMUNITY):
        answers.trail(Plot(cloud, account), "everything", MUMBAI, "bulbul-group-trails", CONTACTS)


def _take_ledger(pay: Plot, night: date) -> None:
    """Each night a snapshot is taken in Mumbai and copied to Singapore, for disaster recovery."""
    name, taken_at = _nightly(night), datetime.combine(night, time(0, 30), UTC)
    pay.snapshot("pay-ledger", MUMBAI, name, taken_at)
    pay.copy_snapshot(pay.arn("rds", MUMBAI, f"snapshot:{name}"), SINGAPORE, name, taken_at)


def _nightly(night: date) -> str:
    return f"pay-ledger-{night.isoformat()}"
