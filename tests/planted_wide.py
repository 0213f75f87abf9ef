"""A wide organisation: six accounts, seven regions, every channel in and out of the country, and the truth about it.

Each group of services has a module `planted_<group>` with `SERVICES`, `plant` and `PLACES`. The truth is data, written
down by hand from what is planted: nothing here or there may import what reads, relates, classifies or judges.
"""

from datetime import date, timedelta
from typing import NamedTuple

MUMBAI, HYDERABAD, SINGAPORE, VIRGINIA = "ap-south-1", "ap-south-2", "ap-southeast-1", "us-east-1"
IRELAND, FRANKFURT, TOKYO = "eu-west-1", "eu-central-1", "ap-northeast-1"
QUERETARO = "us-east-1:use1-qro1-az1"
"""A Local Zone of a region in another country."""
COUNTRY = {
    MUMBAI: "IN",
    HYDERABAD: "IN",
    SINGAPORE: "SG",
    VIRGINIA: "US",
    IRELAND: "IE",
    FRANKFURT: "DE",
    TOKYO: "JP",
    QUERETARO: "MX",
    "": None,
}
REGIONS = tuple(region for region in COUNTRY if region and ":" not in region)

GROUP, BANK, LENDER, SHOP, LOGS, VAULT = (digit * 12 for digit in "123456")
PARTNER = "999999999999"
ACCOUNTS = {GROUP: "group", BANK: "bank", LENDER: "lender", SHOP: "shop", LOGS: "logs", VAULT: "vault"}

RULE = "in-rbi-payment-data"
KEYWORD = f"{RULE}/only_in"
PAYMENTS = {"data-class": "payment.transaction", "data-origin": "IN"}
"""Tags of what has to be in India. What bears no tag holds nobody's payments, as far as anybody says."""


class Place(NamedTuple):
    """One place where a dataset is.

    `root` is the id of the dataset's anchor. `holder` is the name of what holds the data, "*" for copies that come and
    go, "" for a copy without a resource of its own. `verdict` is RULE's on the place: "pass", "violation", "unknown", or
    "" where the rule does not apply for want of a class.
    """

    root: str
    channel: str
    holder: str
    account: str
    region: str
    kind: str
    verdict: str

    @property
    def country(self) -> str | None:
        return COUNTRY[self.region]


def organisation_file(today: date) -> str:
    later = today + timedelta(days=100)
    return f"""
version: 1
role: reader
entities:
  - {{id: group, owns: ["*"], country: IN, origin: [IN], actors: [payment_system_operator]}}
classify:
  tags:
    - {{key: data-class}}
    - {{key: data-origin, gives: origin}}
policies:
  - {{rule: {RULE}, trial: false}}
statements:
  - {{id: board_approved_system_audit_report, entity: group, by: audit@example.com, on: {today}, until: {later}}}
"""


def arn(service: str, region: str, account: str, resource: str) -> str:
    return f"arn:aws:{service}:{region}:{account}:{resource}"


def tags(given: dict[str, str] = PAYMENTS) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in given.items()]
