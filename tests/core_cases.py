"""Small worlds for the tests of the core: builders, a vocabulary with one of each, and one day on which all happens."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from domicile.classify import classify, declare, speaking
from domicile.judge import judge
from domicile.model import (
    Account,
    Adoption,
    Applies,
    Cell,
    Channel,
    Classification,
    Classify,
    Copy,
    Dataset,
    Entity,
    Evidence,
    Gap,
    Inventory,
    Judgement,
    Location,
    Look,
    Looks,
    Obligation,
    Organisation,
    Resource,
    ResourceType,
    Row,
    Rule,
    Scan,
    Tagged,
    TagRule,
    Verdict,
    Vocabulary,
    part_of,
)
from domicile.record import record, wanted
from domicile.relate import relate

TODAY = date(2026, 6, 30)
NOON = datetime(2026, 6, 30, 12, tzinfo=UTC)

HERE, THERE = "111111111111", "222222222222"
MUMBAI, HYDERABAD, SINGAPORE, VIRGINIA = "ap-south-1", "ap-south-2", "ap-southeast-1", "us-east-1"

VOCABULARY = Vocabulary(
    types={
        one.name: one
        for one in (
            ResourceType("bucket", "primary", tags_look="tags.resources"),
            ResourceType("db", "primary"),
            ResourceType("snapshot", "snapshot", rotates=True),
            ResourceType("recovery-point", "backup", rotates=True),
            ResourceType("log-group", "log"),
        )
    },
    channels={
        one.name: one
        for one in (
            Channel("replication", "replica", "Delete the replication rule, then the replicas.", shares=True),
            Channel("read-replica", "replica", "Delete the read replica.", continuous=True),
            Channel("global-table", "replica", "Remove the replica.", relation="peer", continuous=True),
            Channel("geo-redundancy", "replica", "Choose redundancy within the region.", implied=True),
            Channel("snapshot-taken", "snapshot", "Stop taking snapshots.", rotates=True),
            Channel("snapshot-copy", "snapshot", "Stop copying snapshots.", rotates=True),
            Channel("recovery-point", "backup", "Change the backup plan.", rotates=True),
            Channel("vault-copy", "backup", "Remove the copy action.", rotates=True, shown_by="backup"),
            Channel("log-delivery", "log", "Deliver logs elsewhere."),
            Channel("inside", "snapshot", "Delete the whole.", relation="part"),
            Channel("nightly-inside", "snapshot", "Stop the rule.", relation="part", rotates=True),
            Channel("copy-action", "snapshot", "Remove the copy action.", relation="rule", implied=True),
            Channel("restore", "primary", "Delete what was restored.", relation="seed"),
        )
    },
)

LISTED_IN = {
    "bucket": "s3.buckets",
    "db": "rds.instances",
    "snapshot": "rds.snapshots",
    "recovery-point": "backup.points",
    "log-group": "logs.groups",
}


def cell(region: str = MUMBAI, account: str = HERE) -> Cell:
    return Cell("aws", account, region)


def look(listing: str, region: str = MUMBAI, account: str = HERE, *, listed: bool = True, gaps: Iterable[Gap] = ()):
    return Look(cell(region, account), listing, listed, tuple(gaps))


def gap(listing: str = "*", region: str = MUMBAI, account: str = HERE, resource_id: str = "", part: str = "") -> Gap:
    return Gap(cell(region, account), listing, "denied", "AccessDenied", resource_id, part)


def arn(kind: str, name: str, region: str = MUMBAI, account: str = HERE) -> str:
    service = {"bucket": "s3", "log-group": "logs", "recovery-point": "backup"}.get(kind, "rds")
    return f"arn:aws:{service}:{region}:{account}:{kind}:{name}"


def holder(name: str, region: str = MUMBAI, kind: str = "db", account: str = HERE, **more) -> Resource:
    seen_in = look(LISTED_IN[kind], region, account).key
    more.setdefault("look", seen_in)
    return Resource(arn(kind, name, region, account), kind, name, account, Location("aws", region), **more)


def copied(of: Resource | str, to: Resource | str, channel: str = "replication", **more) -> Copy:
    """A statement read from its source's side: from the part `links`, where it has one of its own."""
    source = of if isinstance(of, str) else of.id
    if isinstance(to, Resource):
        more = {"location": to.location, "id": to.id, "account": to.account} | more
    else:
        more = {"id": to} | more
    if not isinstance(of, str):
        more.setdefault("look", part_of(of.look, "links", of.id))
    more.setdefault("caused_by", f"{source}#rule")
    more.setdefault("evidence", Evidence("Describe", "target", str(more.get("id", ""))))
    return Copy(source, channel, **more)


def looks_at(regions: Iterable[str] = (MUMBAI, SINGAPORE), accounts: Iterable[str] = (HERE, THERE)) -> tuple[Look, ...]:
    listings = (*LISTED_IN.values(), "tags.resources")
    return tuple(look(one, region, account) for one in listings for region in regions for account in accounts)


def world(*sightings: Resource | Copy | Tagged, looks: Iterable[Look] | None = None, **more) -> Inventory:
    accounts = (Account("aws", HERE, "payments"), Account("aws", THERE, "archive"))
    return Inventory(
        accounts=more.pop("accounts", accounts),
        resources=tuple(one for one in sightings if isinstance(one, Resource)),
        copies=tuple(one for one in sightings if isinstance(one, Copy)),
        tags=tuple(one for one in sightings if isinstance(one, Tagged)),
        looks=looks_at() if looks is None else tuple(looks),
        **more,
    )


def related(*sightings, **more) -> dict[str, Dataset]:
    return {dataset.id: dataset for dataset in relate(world(*sightings, **more), VOCABULARY)}


def places(dataset: Dataset) -> dict[str, str]:
    """Kind by subject."""
    return {one.subject: one.kind for one in dataset.placements}


BANK = Entity(id="bank", actors=("bank_in",), origin=("IN",), owner="data@bank.example", owns=("*",))
ORGANISATION = Organisation(entities=(BANK,), classify=Classify(tags=(TagRule("data"),)), policies=(Adoption("rule"),))
PAYMENTS = {"data": "payment.transaction"}


def rule(*oblige: Obligation, **more) -> Rule:
    fields = {
        "id": "rule",
        "title": "A rule",
        "cite": ("A law, s. 1",),
        "basis": ("V",),
        "status": "in_force",
        "enforce_from": date(2020, 1, 1),
        "applies": Applies(classes=("payment.*",), origins=("IN",), actors=("ANY",)),
        "oblige": oblige or (ONLY_IN_INDIA,),
        "policy": "pack",
    }
    return Rule(**(fields | more))


ONLY_IN_INDIA = Obligation(kind="only_in", places=("IN",))
BACKUP_IN_INDIA = Obligation(kind="backup_in", places=("IN",), max_age_hours=24.0)
LOGS_IN_INDIA = Obligation(kind="logs_in", places=("IN",), min_days=180)


def classified(inventory: Inventory, organisation: Organisation = ORGANISATION, *, as_of: date = TODAY):
    related = relate(inventory, VOCABULARY, speaking(inventory, organisation))
    datasets = declare(related, inventory, organisation)
    return datasets, classify(datasets, inventory, organisation, VOCABULARY, as_of=as_of)


def looks_of(inventory: Inventory) -> Looks:
    return Looks(inventory.looks, inventory.gaps, inventory.limits)


def judged(
    inventory: Inventory,
    *rules: Rule,
    organisation: Organisation = ORGANISATION,
    as_of: date = TODAY,
    now: datetime = NOON,
) -> Judgement:
    datasets, classifications = classified(inventory, organisation, as_of=as_of)
    return judge(
        datasets,
        classifications,
        rules or (rule(),),
        organisation,
        VOCABULARY,
        looks_of(inventory),
        as_of=as_of,
        now=now,
    )


def verdicts(judgement: Judgement) -> dict[str, str]:
    """Worst verdict by subject; what was met is a pass."""
    found = [(Verdict.PASS, subject) for _, _, subject in judgement.met]
    found += [(one.verdict, one.subject) for one in judgement.findings]
    return {subject: str(verdict) for verdict, subject in sorted(found)}


class History(Struct):
    """Scans one after the other, with the rows they leave behind: a store in memory."""

    rows: dict[str, Row] = {}
    last: Scan | None = None
    number: int = 0

    def scan(
        self,
        inventory: Inventory,
        *rules: Rule,
        organisation: Organisation = ORGANISATION,
        as_of: date = TODAY,
        digests: Mapping[str, str] = {},
    ) -> list[str]:
        """Record one scan; the transitions it made, by what they happened to."""
        now = datetime.combine(as_of, NOON.timetz())
        judgement = judged(inventory, *rules, organisation=organisation, as_of=as_of, now=now)
        self.number += 1
        this = Scan(number=self.number, started_at=now, as_of=as_of, digests=digests)
        known = {name: row for name, row in self.rows.items() if row.status != "resolved"}
        known |= {name: self.rows[name] for name in wanted(known, judgement) if name in self.rows}
        changes = record(
            known,
            judgement,
            looks_of(inventory),
            this,
            now=now,
            previous=self.last,
            accounts=inventory.accounts,
            departed=organisation.departed,
            gone=inventory.gone,
        )
        for change in changes:
            before = self.rows.get(change.row.violation_id)
            assert change.replaces == (before.version if before else 0)
            assert change.row.version == change.replaces + 1
            self.rows[change.row.violation_id] = change.row
        self.last = this
        return [change.transition for change in changes]

    @property
    def row(self) -> Row:
        """The only row there is."""
        [row] = self.rows.values()
        return row

    def about(self, subject: str) -> Row:
        [row] = [row for row in self.rows.values() if row.subject == subject]
        return row


def later(days: int) -> date:
    return TODAY + timedelta(days=days)


def classification(dataset: Dataset, **more) -> Classification:
    return replace(Classification(dataset.id, entity="bank"), **more)
