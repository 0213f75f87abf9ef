"""A bank in three accounts and two regions, small enough to be scanned in every test.

The group's account is empty. In the bank's own account each kind of copy crosses the border once, and its archive
account receives some of them.
"""

from datetime import UTC, date, datetime, time, timedelta

from domicile import bootstrap
from domicile.demo.cloud import LocalCloud
from domicile.demo.planting import Plot
from domicile.providers import aws
from domicile.scan import settle, survey, weigh
from domicile.stores import Question

MUMBAI, SINGAPORE = "ap-south-1", "ap-southeast-1"
REGIONS = (MUMBAI, SINGAPORE)
GROUP, BANK, ARCHIVE = (digit * 12 for digit in "123")
ACCOUNTS = {GROUP: "group", BANK: "bank", ARCHIVE: "archive"}
ROLE = "reader"
NIGHTS = 3
TODAY = datetime.now(UTC).date()
NOON = datetime.combine(TODAY, time(12), UTC)

PAYMENTS = {"data-class": "payment.transaction", "data-origin": "IN"}
BOOKS = {"data-class": "books_of_account", "data-origin": "IN"}

IN_INDIA_ONLY = ("in-rbi-payment-data", "only_in")
BACKED_UP_IN_INDIA = ("in-companies-accounts-backup", "backup_in")
COPIED_TO_INDIA = ("in-rbi-payment-data", "copy_in")

STATEMENTS = "resource|arn:aws:s3:::bank-statements-abroad"
CLAIMS = "resource|arn:aws:s3:::archive-claims"
WALLETS = f"resource|arn:aws:dynamodb:{SINGAPORE}:{BANK}:table/bank-wallets"
LEDGER = f"set|arn:aws:rds:{MUMBAI}:{BANK}:db:bank-ledger|rds-snapshot-copy|{BANK}|aws:{SINGAPORE}"
ABROAD = {STATEMENTS, CLAIMS, WALLETS, LEDGER}
"""What is where it may not be, by the subject of its row."""

OLD_BOOKS = f"dataset|arn:aws:rds:{SINGAPORE}:{BANK}:db:bank-old-books"
CARDS = "dataset|arn:aws:s3:::bank-foreign-cards"
MISSING = {OLD_BOOKS, CARDS}
"""What has no copy where one must be."""

KEPT_BOOKS = f"dataset|arn:aws:rds:{SINGAPORE}:{BANK}:db:bank-books"
KEPT_CARDS = "dataset|arn:aws:s3:::bank-kept-cards"
COVERED = {KEPT_BOOKS, KEPT_CARDS}
"""What has a copy where one must be, and breaks no rule while that copy is there."""

FILE = f"""
version: 1
role: {ROLE}
entities:
  - {{id: bank, owns: ["*"], country: IN, actors: [payment_system_operator, company_in], owner: data@bank.example}}
classify:
  tags:
    - {{key: data-class}}
    - {{key: data-origin, gives: origin}}
datasets:
  - id: foreign-cards
    names: [bank-foreign-cards, bank-kept-cards]
    accounts: ["{BANK}"]
    class: [payment.card]
    origin: [IN]
    loosen:
      facts: [cross_border]
      owner: cards@bank.example
      reason: foreign component of cross-border transactions
      approver: compliance@bank.example
      until: {TODAY + timedelta(days=100)}
policies:
  - {{rule: in-rbi-payment-data, trial: false}}
  - {{rule: in-companies-accounts-backup, trial: false}}
"""
"""The organisation file: nothing is signed, so each entity's signature is missing."""


def plant(cloud: LocalCloud) -> None:
    cloud.organisation(ACCOUNTS)
    bank, archive = Plot(cloud, BANK), Plot(cloud, ARCHIVE)
    archive.bucket("archive-claims", SINGAPORE)
    archive.bucket("archive-cards", MUMBAI)

    bank.bucket("bank-statements", MUMBAI, PAYMENTS)
    bank.bucket("bank-statements-abroad", SINGAPORE)
    replicate_statements(cloud)
    bank.bucket("bank-claims", MUMBAI, PAYMENTS)
    bank.replicate("bank-claims", MUMBAI, {"archive": f"archive-claims@{ARCHIVE}"})
    bank.bucket("bank-foreign-cards", SINGAPORE)
    bank.bucket("bank-kept-cards", SINGAPORE)
    bank.replicate("bank-kept-cards", SINGAPORE, {"home": f"archive-cards@{ARCHIVE}"})

    bank.table("bank-wallets", MUMBAI, PAYMENTS)
    bank.replica("bank-wallets", MUMBAI, SINGAPORE)

    bank.database("bank-ledger", MUMBAI, PAYMENTS)
    for ago in range(NIGHTS):
        take_ledger(cloud, TODAY - timedelta(days=ago + 1))
    bank.database("bank-old-books", SINGAPORE, BOOKS)
    bank.database("bank-books", SINGAPORE, BOOKS)
    bank.replicate_backups("bank-books", SINGAPORE, MUMBAI)


def replicate_statements(cloud: LocalCloud) -> None:
    Plot(cloud, BANK).replicate("bank-statements", MUMBAI, {"abroad": "bank-statements-abroad"})


def take_ledger(cloud: LocalCloud, night: date) -> None:
    """Each night a snapshot is taken at home and copied abroad."""
    bank, name = Plot(cloud, BANK), f"bank-ledger-{night}"
    taken_at = datetime.combine(night, time(0, 30), UTC)
    bank.snapshot("bank-ledger", MUMBAI, name, taken_at)
    bank.copy_snapshot(bank.arn("rds", MUMBAI, f"snapshot:{name}"), SINGAPORE, name, taken_at)


def drop_ledger(cloud: LocalCloud, night: date) -> None:
    for region in REGIONS:
        Plot(cloud, BANK).drop_snapshot(region, f"bank-ledger-{night}")


class Watch:
    """Records scans of the bank in one store, one an hour."""

    def __init__(self, store, setup):
        self.store, self.setup = store, setup
        self.hours = 0

    def clock(self):
        return NOON + timedelta(hours=self.hours)

    def begin(self):
        self.hours += 1
        return self.store.begin(self.clock(), as_of=TODAY, providers=("aws",), digests=self.setup.digests)

    def weigh(self, inventory):
        said = self.setup
        return weigh(inventory, aws.vocabulary, said.organisation, said.rules, as_of=TODAY, now=self.clock())

    def settle(self, scan, inventory):
        return settle(self.store, scan, self.weigh(inventory), self.setup.organisation, clock=self.clock)

    def scan(self, inventory):
        return self.settle(self.begin(), inventory)

    @property
    def rows(self):
        """Every row, resolved or not, by keyword and subject."""
        found = self.store.ask(Question(statuses=("open", "unconfirmed", "exempted", "resolved")))
        return {(row.keyword, row.subject): row for row in found}

    def status(self, keyword="only_in"):
        """Status of each row of a keyword, by subject."""
        return {subject: row.status for (asked, subject), row in self.rows.items() if asked == keyword}


def setup_of(folder, text=FILE):
    file = folder / "domicile.yaml"
    file.write_text(text, encoding="utf-8")
    return bootstrap.setup(file)


def look(setup, *, attempts=1, known=(), now=NOON):
    """One look into all accounts, in the environment of a local cloud; `known` is where data was seen before."""
    with aws.connect(role=setup.organisation.role, attempts=attempts) as provider:
        return survey(provider, setup.organisation, as_of=TODAY, now=now, known=known, concurrency=8)
