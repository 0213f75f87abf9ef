"""Tables and buckets, as an example of a group."""

from datetime import date

from domicile.demo.cloud import LocalCloud
from domicile.demo.planting import Plot
from planted_wide import BANK, IRELAND, MUMBAI, PAYMENTS, Place

SERVICES = ("s3",)


def plant(cloud: LocalCloud, today: date) -> None:
    bank = Plot(cloud, BANK)
    bank.bucket("wide-statements", MUMBAI, PAYMENTS)
    bank.bucket("wide-statements-ireland", IRELAND)
    bank.replicate("wide-statements", MUMBAI, {"far": "wide-statements-ireland"})


STATEMENTS = "arn:aws:s3:::wide-statements"
PLACES = (
    Place(STATEMENTS, "", "wide-statements", BANK, MUMBAI, "primary", "pass"),
    Place(STATEMENTS, "s3-replication", "wide-statements-ireland", BANK, IRELAND, "replica", "violation"),
)
