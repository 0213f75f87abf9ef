"""An organisation with known copies in known places, and the truth about it, written down by hand.

The truth is data. It comes from reading the rules and looking at what is planted below, never from running domicile:
nothing here may import what relates, classifies or judges.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from domicile.demo.cloud import LocalCloud
from domicile.demo.overlay import Fault
from domicile.demo.planting import Plot

MUMBAI, HYDERABAD, SINGAPORE, VIRGINIA = "ap-south-1", "ap-south-2", "ap-southeast-1", "us-east-1"
COUNTRY = {MUMBAI: "IN", HYDERABAD: "IN", SINGAPORE: "SG", VIRGINIA: "US", "": None}

GROUP, BANK, INSURER, WEB, ARCHIVE, VAULT = (digit * 12 for digit in "123456")
PARTNER = "999999999999"
ACCOUNTS = {GROUP: "group", BANK: "bank", INSURER: "insurer", WEB: "web", ARCHIVE: "archive", VAULT: "vault"}
NIGHTS = 3

PACKS = ("payments", "records", "drafts", "data-protection")
"""The shipped files of rules that the adopted ones come from."""

PAYMENT, LENDING = "in-rbi-payment-data", "in-rbi-digital-lending"
INSURANCE, SECURITIES = "in-irdai-records", "in-sebi-cloud-2023"
BOOKS, SENSITIVE, COPY = "in-companies-accounts-backup", "in-spdi-rule-7", "in-pdp-bill-2018-copy"
RULES = (PAYMENT, LENDING, INSURANCE, SECURITIES, BOOKS, SENSITIVE, COPY)


def plant(cloud: LocalCloud, today: date) -> None:
    cloud.organisation(ACCOUNTS)
    _plant_bank(Plot(cloud, BANK), today)
    _plant_insurer(Plot(cloud, INSURER))
    _plant_web(Plot(cloud, WEB))
    _plant_archive(Plot(cloud, ARCHIVE))
    _join_accounts(cloud)
    Plot(cloud, VAULT).bucket("vault-of-secrets", SINGAPORE)
    cloud.refuse_role(VAULT)


def planted_file(today: date) -> str:
    """The organisation file: two signatures are there, one has expired, the others were never given."""
    adopted = "\n".join(f"  - {{rule: {rule}, trial: false}}" for rule in RULES)
    later, past = today + timedelta(days=100), today - timedelta(days=10)
    return f"""
version: 1
role: reader
entities:
  - {{id: group, owns: ["*"], country: IN}}
  - {{id: bank, owns: ["{BANK}"], country: IN, actors: [payment_system_operator, rbi_regulated_lender]}}
  - {{id: insurer, owns: ["{INSURER}"], country: IN, origin: [IN], actors: [insurer_in]}}
  - {{id: web, owns: ["{WEB}"], country: IN, origin: [IN], actors: [company_in, sebi_regulated_entity]}}
classify:
  tags:
    - {{key: data-class}}
    - {{key: data-origin, gives: origin}}
  accounts:
    "{INSURER}": [insurance.claim]
  names:
    - {{glob: "*-upi-*", class: [payment.upi]}}
datasets:
  - id: foreign-cards
    names: [bank-foreign-cards]
    accounts: ["{BANK}"]
    class: [payment.card]
    origin: [IN]
    loosen:
      facts: [cross_border]
      owner: cards@bank.example
      reason: foreign component of cross-border transactions
      approver: compliance@bank.example
      until: {later}
policies:
{adopted}
statements:
  - {{id: board_approved_system_audit_report, entity: bank, by: auditor@bank.example, on: {past}, until: {later}}}
  - {{id: meity_empanelled_csp_with_stqc, entity: web, by: auditor@web.example, on: {past}, until: {later}}}
  - {{id: person_in_control_in_india_named, entity: web, by: board@web.example, on: 2024-01-01, until: 2024-12-31}}
"""


def _tags(classes: str, origin: str = "IN") -> dict[str, str]:
    return {"data-class": classes, "data-origin": origin} if origin else {"data-class": classes}


def _plant_bank(bank: Plot, today: date) -> None:
    # A second copy in the same country; only the root is tagged.
    bank.bucket("bank-statements", MUMBAI, _tags("payment.transaction"))
    bank.bucket("bank-statements-hyderabad", HYDERABAD)
    bank.replicate("bank-statements", MUMBAI, {"near": "bank-statements-hyderabad"})
    # A copy across the border.
    bank.bucket("bank-disputes", MUMBAI, _tags("payment.transaction"))
    bank.bucket("bank-disputes-singapore", SINGAPORE)
    bank.replicate("bank-disputes", MUMBAI, {"far": "bank-disputes-singapore"})
    # A chain over three places.
    bank.bucket("bank-chain-a", MUMBAI, _tags("payment.card"))
    bank.bucket("bank-chain-b", HYDERABAD)
    bank.bucket("bank-chain-c", VIRGINIA)
    bank.replicate("bank-chain-a", MUMBAI, {"next": "bank-chain-b"})
    bank.replicate("bank-chain-b", HYDERABAD, {"next": "bank-chain-c"})
    # A target that nobody can locate.
    bank.bucket("bank-exports", MUMBAI, _tags("payment.account"))
    bank.replicate("bank-exports", MUMBAI, {"lost": "bucket-that-nobody-can-locate"})
    bank.cloud.answer("s3", "HeadBucket", _nowhere, where={"Bucket": "bucket-that-nobody-can-locate"})
    # A class that only a name suggests.
    bank.bucket("bank-upi-dump", SINGAPORE, {"data-origin": "IN"})
    # A dataset that the organisation file lets have a copy abroad.
    bank.bucket("bank-foreign-cards", MUMBAI)
    bank.bucket("bank-foreign-cards-virginia", VIRGINIA)
    bank.replicate("bank-foreign-cards", MUMBAI, {"scheme": "bank-foreign-cards-virginia"})
    # A log bucket abroad that receives from two roots, one of them in another account.
    bank.bucket("bank-access-logs", MUMBAI, _tags("payment.transaction"))
    bank.bucket("bank-central-logs", VIRGINIA)
    bank.replicate("bank-access-logs", MUMBAI, {"collect": "bank-central-logs"})
    # Indian books of nobody's: a class that no adopted rule is about.
    bank.bucket("bank-market-figures", VIRGINIA, _tags("business.gstin"))
    # A tag that claims the data is nobody's: only the organisation file may say so.
    bank.bucket("bank-city-counts", VIRGINIA, _tags("generic.aggregate"))

    bank.table("bank-wallets", MUMBAI, _tags("payment.customer"))
    bank.replica("bank-wallets", MUMBAI, SINGAPORE)
    bank.restore_table("bank-wallets", MUMBAI, "bank-wallets-restored")
    bank.table("bank-limits", MUMBAI, _tags("payment.account"))
    bank.witness("bank-limits", MUMBAI, VIRGINIA)
    bank.table("bank-borrowers", MUMBAI, _tags("lending.borrower personal.sensitive.biometric"))

    bank.database("bank-ledger", MUMBAI, _tags("payment.transaction"))
    bank.read_replica("bank-ledger", MUMBAI, "bank-ledger-singapore", SINGAPORE)
    for ago in range(NIGHTS):
        night = today - timedelta(days=ago + 1)
        name, taken_at = f"bank-ledger-{night}", datetime.combine(night, time(0, 30), UTC)
        bank.snapshot("bank-ledger", MUMBAI, name, taken_at)
        bank.copy_snapshot(bank.arn("rds", MUMBAI, f"snapshot:{name}"), SINGAPORE, name, taken_at)
    # The copy of a snapshot that has been rotated away at home.
    gone = today - timedelta(days=NIGHTS)
    bank.drop_snapshot(MUMBAI, f"bank-ledger-{gone}")


def _nowhere(*_):
    """A refusal that does not say where the bucket is."""
    raise Fault("403", "Forbidden", 403)


def _plant_insurer(insurer: Plot) -> None:
    insurer.bucket("insurer-claims", MUMBAI)
    insurer.bucket("insurer-reinsurance", MUMBAI)
    insurer.database("insurer-policies", MUMBAI)
    insurer.replicate_backups("insurer-policies", MUMBAI, VIRGINIA)
    insurer.global_database("insurer-cases", {MUMBAI: "cases-home", SINGAPORE: "cases-abroad"})
    # A snapshot whose database is gone.
    insurer.database("insurer-old-policies", SINGAPORE)
    insurer.snapshot("insurer-old-policies", SINGAPORE, "insurer-old-policies-final")
    insurer.drop_database("insurer-old-policies", SINGAPORE)


def _plant_web(web: Plot) -> None:
    # Two buckets that replicate each other: neither is the root by direction.
    web.bucket("web-profiles-a", MUMBAI, _tags("personal.sensitive.health"))
    web.bucket("web-profiles-b", SINGAPORE)
    web.replicate("web-profiles-a", MUMBAI, {"there": "web-profiles-b"})
    web.replicate("web-profiles-b", SINGAPORE, {"back": "web-profiles-a"})
    web.bucket("web-access-logs", MUMBAI, _tags("personal.contact"))
    web.bucket("web-community", VIRGINIA, _tags("personal.contact"))
    web.table("web-trades", MUMBAI, _tags("securities.investor"))
    web.database("web-books", VIRGINIA, _tags("books_of_account"))
    web.replicate_backups("web-books", VIRGINIA, MUMBAI)
    web.database("web-old-books", VIRGINIA, _tags("books_of_account"))


def _plant_archive(archive: Plot) -> None:
    archive.bucket("archive-claims", VIRGINIA)
    archive.bucket("archive-scratch-mumbai", MUMBAI)
    archive.bucket("archive-scratch-singapore", SINGAPORE)


def _join_accounts(cloud: LocalCloud) -> None:
    bank, insurer = Plot(cloud, BANK), Plot(cloud, INSURER)
    web, archive = Plot(cloud, WEB), Plot(cloud, ARCHIVE)
    insurer.replicate("insurer-claims", MUMBAI, {"archive": f"archive-claims@{ARCHIVE}"})
    Plot(cloud, PARTNER).bucket("partner-inbox", SINGAPORE)
    insurer.replicate("insurer-reinsurance", MUMBAI, {"treaty": f"partner-inbox@{PARTNER}"})
    web.replicate("web-access-logs", MUMBAI, {"collect": f"bank-central-logs@{BANK}"})
    # A snapshot goes to another account, and from there abroad.
    bank.snapshot("bank-ledger", MUMBAI, "bank-ledger-for-archive")
    archive.copy_snapshot(bank.arn("rds", MUMBAI, "snapshot:bank-ledger-for-archive"), MUMBAI, "ledger-kept")
    archive.copy_snapshot(archive.arn("rds", MUMBAI, "snapshot:ledger-kept"), VIRGINIA, "ledger-kept-abroad")


class Place(NamedTuple):
    """One place where a dataset is. `holder` is the resource's name, "*" for copies that come and go."""

    root: str
    channel: str
    holder: str
    account: str
    region: str
    kind: str
    verdicts: dict[str, str]

    @property
    def country(self) -> str | None:
        return COUNTRY[self.region]


def arn(service: str, region: str, account: str, resource: str) -> str:
    return f"arn:aws:{service}:{region}:{account}:{resource}"


def bucket(name: str) -> str:
    return f"arn:aws:s3:::{name}"


LEDGER = arn("rds", MUMBAI, BANK, "db:bank-ledger")
WALLETS = arn("dynamodb", MUMBAI, BANK, "table/bank-wallets")
RESTORED = arn("dynamodb", MUMBAI, BANK, "table/bank-wallets-restored")
LIMITS = arn("dynamodb", MUMBAI, BANK, "table/bank-limits")
BORROWERS = arn("dynamodb", MUMBAI, BANK, "table/bank-borrowers")
TRADES = arn("dynamodb", MUMBAI, WEB, "table/web-trades")
POLICIES = arn("rds", MUMBAI, INSURER, "db:insurer-policies")
OLD_POLICIES = arn("rds", SINGAPORE, INSURER, "db:insurer-old-policies")
CASES = arn("rds", MUMBAI, INSURER, "cluster:cases-home")
WEB_BOOKS = arn("rds", VIRGINIA, WEB, "db:web-books")
OLD_BOOKS = arn("rds", VIRGINIA, WEB, "db:web-old-books")

CLASSES: dict[str, set[str]] = {
    bucket("bank-statements"): {"payment.transaction"},
    bucket("bank-disputes"): {"payment.transaction"},
    bucket("bank-chain-a"): {"payment.card"},
    bucket("bank-exports"): {"payment.account"},
    bucket("bank-upi-dump"): {"payment.upi"},
    bucket("bank-foreign-cards"): {"payment.card"},
    bucket("bank-access-logs"): {"payment.transaction"},
    bucket("bank-central-logs"): {"payment.transaction", "personal.contact"},
    bucket("bank-market-figures"): {"business.gstin"},
    bucket("bank-city-counts"): {"generic.aggregate"},
    WALLETS: {"payment.customer"},
    RESTORED: {"payment.customer"},
    LIMITS: {"payment.account"},
    BORROWERS: {"lending.borrower", "personal.sensitive.biometric"},
    LEDGER: {"payment.transaction"},
    bucket("insurer-claims"): {"insurance.claim"},
    bucket("insurer-reinsurance"): {"insurance.claim"},
    POLICIES: {"insurance.claim"},
    OLD_POLICIES: {"insurance.claim"},
    CASES: {"insurance.claim"},
    bucket("web-profiles-a"): {"personal.sensitive.health"},
    bucket("web-access-logs"): {"personal.contact"},
    bucket("web-community"): {"personal.contact"},
    TRADES: {"securities.investor"},
    WEB_BOOKS: {"books_of_account"},
    OLD_BOOKS: {"books_of_account"},
    bucket("archive-scratch-mumbai"): set(),
    bucket("archive-scratch-singapore"): set(),
}
"""What each dataset holds, by the id of its root."""

PAYMENT_ONLY_IN = f"{PAYMENT}/only_in"
INSURANCE_ONLY_IN = f"{INSURANCE}/only_in"
PASSES, BREAKS = {PAYMENT_ONLY_IN: "pass"}, {PAYMENT_ONLY_IN: "violation"}
INSURANCE_PASSES, INSURANCE_BREAKS = {INSURANCE_ONLY_IN: "pass"}, {INSURANCE_ONLY_IN: "violation"}

PLACES = (
    Place(bucket("bank-statements"), "", "bank-statements", BANK, MUMBAI, "primary", PASSES),
    Place(bucket("bank-statements"), "s3-replication", "bank-statements-hyderabad", BANK, HYDERABAD, "replica", PASSES),
    Place(bucket("bank-disputes"), "", "bank-disputes", BANK, MUMBAI, "primary", PASSES),
    Place(bucket("bank-disputes"), "s3-replication", "bank-disputes-singapore", BANK, SINGAPORE, "replica", BREAKS),
    Place(bucket("bank-chain-a"), "", "bank-chain-a", BANK, MUMBAI, "primary", PASSES),
    Place(bucket("bank-chain-a"), "s3-replication", "bank-chain-b", BANK, HYDERABAD, "replica", PASSES),
    Place(bucket("bank-chain-a"), "s3-replication", "bank-chain-c", BANK, VIRGINIA, "replica", BREAKS),
    Place(bucket("bank-exports"), "", "bank-exports", BANK, MUMBAI, "primary", PASSES),
    Place(
        bucket("bank-exports"),
        "s3-replication",
        "bucket-that-nobody-can-locate",
        "",
        "",
        "replica",
        {PAYMENT_ONLY_IN: "unknown"},
    ),
    Place(bucket("bank-upi-dump"), "", "bank-upi-dump", BANK, SINGAPORE, "primary", {PAYMENT_ONLY_IN: "review"}),
    Place(bucket("bank-foreign-cards"), "", "bank-foreign-cards", BANK, MUMBAI, "primary", {}),
    Place(bucket("bank-foreign-cards"), "s3-replication", "bank-foreign-cards-virginia", BANK, VIRGINIA, "replica", {}),
    Place(bucket("bank-access-logs"), "", "bank-access-logs", BANK, MUMBAI, "primary", PASSES),
    Place(bucket("bank-central-logs"), "s3-replication", "bank-central-logs", BANK, VIRGINIA, "replica", BREAKS),
    Place(bucket("bank-market-figures"), "", "bank-market-figures", BANK, VIRGINIA, "primary", {}),
    Place(bucket("bank-city-counts"), "", "bank-city-counts", BANK, VIRGINIA, "primary", {}),
    Place(WALLETS, "", "bank-wallets", BANK, MUMBAI, "primary", PASSES),
    Place(WALLETS, "dynamodb-global-table", "bank-wallets", BANK, SINGAPORE, "replica", BREAKS),
    Place(RESTORED, "", "bank-wallets-restored", BANK, MUMBAI, "primary", PASSES),
    Place(LIMITS, "", "bank-limits", BANK, MUMBAI, "primary", PASSES),
    Place(LIMITS, "dynamodb-witness", "", BANK, VIRGINIA, "replica", BREAKS),
    Place(
        BORROWERS,
        "",
        "bank-borrowers",
        BANK,
        MUMBAI,
        "primary",
        {f"{LENDING}/only_in": "pass", f"{SENSITIVE}/approved_in": "pass"},
    ),
    Place(LEDGER, "", "bank-ledger", BANK, MUMBAI, "primary", PASSES),
    Place(LEDGER, "rds-read-replica", "bank-ledger-singapore", BANK, SINGAPORE, "replica", BREAKS),
    Place(LEDGER, "rds-continuous-backup", "bank-ledger", BANK, MUMBAI, "backup", PASSES),
    Place(LEDGER, "rds-automated-backup", "*", BANK, MUMBAI, "backup", PASSES),
    Place(LEDGER, "rds-snapshot", "*", BANK, MUMBAI, "snapshot", PASSES),
    Place(LEDGER, "rds-snapshot-copy", "*", BANK, SINGAPORE, "snapshot", BREAKS),
    Place(LEDGER, "rds-snapshot-copy", "*", ARCHIVE, MUMBAI, "snapshot", PASSES),
    Place(LEDGER, "rds-snapshot-copy", "*", ARCHIVE, VIRGINIA, "snapshot", BREAKS),
    Place(bucket("insurer-claims"), "", "insurer-claims", INSURER, MUMBAI, "primary", INSURANCE_PASSES),
    Place(bucket("insurer-claims"), "s3-replication", "archive-claims", ARCHIVE, VIRGINIA, "replica", INSURANCE_BREAKS),
    Place(bucket("insurer-reinsurance"), "", "insurer-reinsurance", INSURER, MUMBAI, "primary", INSURANCE_PASSES),
    Place(
        bucket("insurer-reinsurance"),
        "s3-replication",
        "partner-inbox",
        PARTNER,
        SINGAPORE,
        "replica",
        INSURANCE_BREAKS,
    ),
    Place(POLICIES, "", "insurer-policies", INSURER, MUMBAI, "primary", INSURANCE_PASSES),
    Place(POLICIES, "rds-continuous-backup", "insurer-policies", INSURER, MUMBAI, "backup", INSURANCE_PASSES),
    Place(POLICIES, "rds-automated-backup", "*", INSURER, MUMBAI, "backup", INSURANCE_PASSES),
    Place(POLICIES, "rds-backup-replication", "insurer-policies", INSURER, VIRGINIA, "backup", INSURANCE_BREAKS),
    Place(OLD_POLICIES, "rds-snapshot", "*", INSURER, SINGAPORE, "snapshot", INSURANCE_BREAKS),
    Place(CASES, "", "cases-home", INSURER, MUMBAI, "primary", INSURANCE_PASSES),
    Place(CASES, "rds-continuous-backup", "cases-home", INSURER, MUMBAI, "backup", INSURANCE_PASSES),
    Place(CASES, "rds-automated-backup", "*", INSURER, MUMBAI, "backup", INSURANCE_PASSES),
    Place(CASES, "aurora-global-database", "cases-abroad", INSURER, SINGAPORE, "replica", INSURANCE_BREAKS),
    Place(CASES, "rds-continuous-backup", "cases-abroad", INSURER, SINGAPORE, "backup", INSURANCE_BREAKS),
    Place(CASES, "rds-automated-backup", "*", INSURER, SINGAPORE, "backup", INSURANCE_BREAKS),
    Place(bucket("web-profiles-a"), "", "web-profiles-a", WEB, MUMBAI, "primary", {f"{SENSITIVE}/approved_in": "pass"}),
    Place(
        bucket("web-profiles-a"),
        "s3-replication",
        "web-profiles-b",
        WEB,
        SINGAPORE,
        "replica",
        {f"{SENSITIVE}/approved_in": "review"},
    ),
    Place(bucket("web-access-logs"), "", "web-access-logs", WEB, MUMBAI, "primary", {}),
    Place(bucket("web-community"), "", "web-community", WEB, VIRGINIA, "primary", {}),
    Place(
        TRADES,
        "",
        "web-trades",
        WEB,
        MUMBAI,
        "primary",
        {f"{SECURITIES}/only_in": "pass", f"{SECURITIES}/encrypted": "violation"},
    ),
    Place(WEB_BOOKS, "", "web-books", WEB, VIRGINIA, "primary", {}),
    Place(WEB_BOOKS, "rds-continuous-backup", "web-books", WEB, VIRGINIA, "backup", {}),
    Place(WEB_BOOKS, "rds-automated-backup", "*", WEB, VIRGINIA, "backup", {}),
    Place(WEB_BOOKS, "rds-backup-replication", "web-books", WEB, MUMBAI, "backup", {}),
    Place(OLD_BOOKS, "", "web-old-books", WEB, VIRGINIA, "primary", {}),
    Place(OLD_BOOKS, "rds-continuous-backup", "web-old-books", WEB, VIRGINIA, "backup", {}),
    Place(OLD_BOOKS, "rds-automated-backup", "*", WEB, VIRGINIA, "backup", {}),
    Place(bucket("archive-scratch-mumbai"), "", "archive-scratch-mumbai", ARCHIVE, MUMBAI, "primary", {}),
    Place(bucket("archive-scratch-singapore"), "", "archive-scratch-singapore", ARCHIVE, SINGAPORE, "primary", {}),
)
"""Every place of every dataset, with the verdict of each rule that asks something of a place.

A rule that is not named does not apply there. The card scheme's copy is let be: RBI's limit on places ends where a
transaction crosses the border, and asks for a copy in India instead.
"""


class Whole(NamedTuple):
    """What is asked of a dataset as a whole. `hidden` is the verdict while the vault could hide what is missing."""

    root: str
    asked: str
    verdict: str
    hidden: str


DATASETS = (
    Whole(bucket("bank-foreign-cards"), f"{PAYMENT}/copy_in", "pass", "pass"),
    Whole(BORROWERS, f"{LENDING}/no_such_data", "violation", "violation"),
    Whole(BORROWERS, f"{COPY}/copy_in", "pass", "pass"),
    Whole(WEB_BOOKS, f"{BOOKS}/backup_in", "pass", "pass"),
    Whole(OLD_BOOKS, f"{BOOKS}/backup_in", "violation", "unknown"),
    Whole(bucket("web-profiles-a"), f"{COPY}/copy_in", "pass", "pass"),
    Whole(bucket("web-access-logs"), f"{COPY}/copy_in", "pass", "pass"),
    Whole(bucket("web-community"), f"{COPY}/copy_in", "advisory", "unknown"),
    Whole(bucket("bank-central-logs"), f"{COPY}/copy_in", "advisory", "unknown"),
)

SIGNATURES = {
    ("bank", f"{PAYMENT}/attest"): "pass",
    ("bank", f"{LENDING}/attest"): "review",
    ("insurer", f"{INSURANCE}/attest"): "review",
    ("web", f"{SECURITIES}/attest"): "pass",
    ("web", f"{BOOKS}/attest"): "review",
    ("web", f"{BOOKS}/disclose_location"): "pass",
}
"""What a legal person has to sign or say, by entity."""

UNCLASSIFIED = {
    bucket("archive-scratch-singapore"),
    bucket("bank-city-counts"),
    # What a name suggests it holds says nothing of what else it holds.
    bucket("bank-upi-dump"),
    # What the database that is gone was tagged with nobody can tell from what is left of it.
    arn("rds", SINGAPORE, INSURER, "db:insurer-old-policies"),
}
"""Roots of which a class is missing that would change a verdict. The one in Mumbai may hold anything."""

UNSEEN = {VAULT}
"""Accounts that refuse the role."""
