"""Whether large scans complete: one account of very many buckets, or very many placements judged together.

No cloud is needed. Sizes are arguments, a column each, so that what grows faster than its input shows: a tenth of the
size should take a tenth of the time. What is told is the time of the processor, not of the clock.

    python -m bench.scale account 10000 100000
    python -m bench.scale placements 10000 100000 1000000
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import resource
import shutil
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from functools import wraps
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, TypeVar
from unittest.mock import patch

from msgspec.structs import replace

from domicile import bootstrap, scan, steps
from domicile.blobs.folder import FolderBlobs
from domicile.classify import kept_tags
from domicile.discover import Discovery
from domicile.model import (
    GLOBAL,
    NEVER_EXPIRES,
    Account,
    Cell,
    Copy,
    Evidence,
    Exemption,
    Gap,
    Inventory,
    Limit,
    Location,
    Look,
    Organisation,
    Resource,
    Rule,
    Scan,
    Sighting,
    Tagged,
)
from domicile.notify import EXEMPTIONS, fingerprint
from domicile.providers import aws
from domicile.providers.service import Refused
from domicile.steps import Cursor, Desk, Part, Task
from domicile.stores.sqlite import SqliteStore

NOW: Final = datetime(2026, 6, 30, 12, tzinfo=UTC)
MUMBAI, HYDERABAD = "ap-south-1", "ap-south-2"
REGIONS: Final = (
    MUMBAI, HYDERABAD, "af-south-1", "ap-east-1", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3",
    "ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4", "ca-central-1", "ca-west-1",
    "eu-central-1", "eu-central-2", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-2", "eu-west-3",
    "il-central-1", "me-central-1", "me-south-1", "mx-central-1", "sa-east-1", "us-east-1", "us-east-2", "us-west-1",
    "us-west-2",
)  # fmt: skip
NEVER_ENABLED: Final = ("ap-southeast-5", "ap-southeast-7", "ap-east-2")
PER_ACCOUNT: Final = 1000
"""Placements of one account."""
STRETCHES: Final = 40
"""Stretches of collecting, or pieces of changes, after which time is short."""

Column = dict[str, float]
T = TypeVar("T")


def alone(function: Callable[..., T], *values: Any) -> T:
    """In a process of its own, so that the memory it takes is told apart."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *values).result()


def peak() -> float:
    """The most memory this process ever had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def megabytes(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


class Watch:
    """Says that time is short after so many looks at it."""

    def __init__(self) -> None:
        self.left = STRETCHES

    def __call__(self) -> float:
        self.left -= 1
        return 0 if self.left < 0 else float("inf")


# One account


class Buckets:
    """An account of S3 buckets, every tenth of which replicates to one that is not there."""

    name = "aws"
    services = (aws.s3.SERVICE,)
    vocabulary = aws.vocabulary

    def __init__(self, count: int) -> None:
        self.count = count

    def cloud(self, *_: Any) -> Buckets:
        return self

    def pages(self, _: str, **__: Any) -> Iterator[dict[str, Any]]:
        for start in range(0, self.count, 10_000):
            yield {
                "Buckets": [
                    {"Name": f"bucket-{number:07}", "BucketRegion": MUMBAI, "CreationDate": NOW}
                    for number in range(start, min(start + 10_000, self.count))
                ]
            }

    def call(self, _: str, *, Bucket: str, **__: Any) -> dict[str, Any]:  # noqa: N803 the SDK's name
        number = int(Bucket.rpartition("-")[2])
        if number % 50 == 1:
            raise Refused("AccessDenied", "not allowed by the policy of the bucket", "denied")
        if number % 10:
            raise Refused("ReplicationConfigurationNotFoundError")
        target = {"Bucket": f"arn:aws:s3:::elsewhere-{number:07}", "Account": "999999999999"}
        return {"ReplicationConfiguration": {"Rules": [{"ID": "all", "Status": "Enabled", "Destination": target}]}}

    def header(self, *_: str, **__: Any) -> str:
        return "us-east-1"


def account(buckets: int) -> Column:
    """A collector of one account, cut short again and again, and what it saw put together."""
    with TemporaryDirectory() as name:
        desk, this = Desk(FolderBlobs(name), 1), Account("aws", "111111111111")
        provider: Any = Buckets(buckets)
        cell = Cell("aws", this.id, GLOBAL)
        desk.put("scan", Scan(number=1, started_at=NOW, as_of=NOW.date()))
        desk.put("discovery", Discovery((this,), (cell,)))
        desk.put(f"accounts/{this.id}/task", Task(this, (("s3.buckets", cell),), frozenset(), frozenset()))
        cursor: Cursor | None = Cursor()
        calls = []
        while cursor is not None:
            began = time.process_time()
            cursor = steps.collect(provider, desk.blobs, 1, this.id, cursor, left=Watch())
            calls.append(time.process_time() - began)
        collected, began = peak(), time.process_time()
        inventory = steps.assemble(desk)
        return {
            "buckets seen": len(inventory.resources),
            "invocations": len(calls),
            "all of them, s": sum(calls),
            "the longest, s": max(calls),
            "peak, MiB": collected,
            "kept, MB": megabytes(Path(name)),
            "assemble, s": time.process_time() - began,
        }


# Very many placements

FILE: Final = """
version: 1
entities:
{entities}
classify:
  tags:
    - {{key: data-class}}
    - {{key: data-origin, gives: origin}}
  names:
    - {{glob: "*-kyc-*", class: [personal.id.pan]}}
datasets:
{datasets}
policies:
  - {{rule: in-rbi-payment-data, trial: false}}
  - {{rule: in-companies-accounts-backup, trial: false}}
  - {{rule: in-cert-in-logs-180d, trial: false}}
  - {{rule: in-spdi-rule-7, trial: false}}
  - {{rule: in-dpdp-s16-negative-list, trial: false}}
"""
ENTITIES: Final = 10
DATASETS: Final = 30
EXEMPTED: Final = 1000
HOLDER_OF_ALL: Final = "arn:aws:s3:::log-archive-of-all"
CLASSES: Final = (
    ("", 50), ("personal.contact", 33), ("payment.transaction", 8), ("generic.aggregate", 4), ("books_of_account", 3),
    ("personal.sensitive.health", 1), ("logs.security", 1),
)  # fmt: skip


def account_id(number: int) -> str:
    return f"{100_000_000_000 + number}"


def said(accounts: int) -> tuple[Organisation, tuple[Rule, ...]]:
    """An organisation file with all that a large company writes in it, and the rules that it adopts."""
    owned: dict[int, list[str]] = defaultdict(list)
    for number in range(accounts):
        owned[number % ENTITIES].append(f'"{account_id(number)}"')
    entities = "\n".join(
        f"  - {{id: e{number}, country: IN, origin: [IN], owner: data@bank.example,"
        f" actors: [payment_system_operator, bank_in, company_in], owns: [{', '.join(its)}]}}"
        for number, its in owned.items()
    )
    datasets = "\n".join(
        f'  - {{id: d{number}, names: ["*-{number}-ledger"], accounts: ["{account_id(number % accounts)}"],'
        " class: [books_of_account]}"
        for number in range(DATASETS)
    )
    text = FILE.format(entities=entities, datasets=datasets)
    setup = bootstrap.setup_of(text, "domicile.yaml", lambda name: (name, name))
    exemptions = tuple(
        Exemption(
            id=f"x{number}",
            rule="in-rbi-payment-data",
            resource=f"arn:aws:s3:::{account_id(number % accounts)}-bucket-{number}",
            basis="being_fixed",
            owner="payments@bank.example",
            reason="Being moved",
            approver="compliance@bank.example",
            since=NOW.date(),
            until=NOW.date() + timedelta(days=100),
        )
        for number in range(EXEMPTED)
    )
    return replace(setup.organisation, exemptions=exemptions), setup.rules


class Plot:
    """What one account of an invented company holds: a thousand placements."""

    def __init__(self, number: int) -> None:
        self.account = account_id(number)
        self._random = random.Random(number)
        self.sightings: list[Sighting] = []

    def look(self, region: str, listing: str) -> str:
        return f"aws/{self.account}/{region}/{listing}"

    def region(self) -> str:
        return self._random.choices((MUMBAI, HYDERABAD, "ap-southeast-1", "us-east-1"), (80, 5, 10, 5))[0]

    def tags(self) -> dict[str, str]:
        name = self._random.choices(*zip(*CLASSES, strict=True))[0]
        return {"data-class": name, "data-origin": "IN"} if name else {}

    def holder(self, kind: str, name: str, region: str, **more: Any) -> Resource:
        """A holder of data; tags of buckets and tables are told by another listing."""
        if kind == "s3.bucket":
            name = f"{self.account}-{name}"
            ident, listing = f"arn:aws:s3:::{name}", self.look(GLOBAL, "s3.buckets")
        elif kind == "dynamodb.table":
            ident = f"arn:aws:dynamodb:{region}:{self.account}:table/{name}"
            listing = self.look(region, "dynamodb.tables")
        else:
            ident, listing = f"arn:aws:rds:{region}:{self.account}:db:{name}", self.look(region, "rds.instances")
        tags = more.pop("tags", self.tags())
        if kind != "rds.instance" and tags:
            self.sightings.append(Tagged(ident, tags, self.look(region, "tags.resources")))
        made = NOW - timedelta(days=self._random.randrange(1, 900))
        more = {"created_at": made, "look": listing, "tags": tags if kind == "rds.instance" else {}} | more
        one = Resource(ident, f"aws.{kind}", name, self.account, Location("aws", region), **more)
        self.sightings.append(one)
        return one

    def copied(self, of: str, channel: str, look: str, **more: Any) -> None:
        evidence = Evidence("aws:Describe", "where it is copied to", more["id"], NOW)
        self.sightings.append(Copy(of, channel, evidence=evidence, look=look, **more))

    def replicates(self, source: Resource, target: str, owner: str) -> None:
        look, caused_by = f"{source.look}#replication@{source.id}", f"{source.id}#all"
        self.copied(
            source.id, "s3-replication", look, id=target, account=owner, caused_by=caused_by, part="replication"
        )

    def rotates(self, source: Resource, region: str, *, abroad: bool) -> None:
        """A month of snapshots, of the database or, abroad, of its snapshots at home, half of which are gone."""
        home, place, look = source.location.region, Location("aws", region), self.look(region, "rds.snapshots")
        channel = "rds-snapshot-copy" if abroad else "rds-snapshot"
        for day in range(30):
            name, at = f"{source.name}-{day:02}", NOW - timedelta(days=day)
            ident = f"arn:aws:rds:{region}:{self.account}:snapshot:{name}{'-copy' if abroad else ''}"
            at_home = f"arn:aws:rds:{home}:{self.account}:snapshot:{name}{'-gone' if day % 2 else ''}"
            more: dict[str, Any] = {"created_at": at, "newest_at": at, "retention_days": NEVER_EXPIRES}
            one = Resource(ident, "aws.rds.snapshot", name, self.account, place, taken_of=source.id, look=look, **more)
            self.sightings.append(one)
            of = at_home if abroad else source.id
            self.copied(of, channel, look, location=place, id=ident, account=self.account)

    def planted(self) -> list[Sighting]:
        for number in range(300):
            self.holder("rds.instance", f"db-{number}-ledger", self.region())
        for number in range(150):
            self.holder("dynamodb.table", f"table-{number}", self.region())
        for number in range(150):
            self.holder("s3.bucket", f"bucket-{number}", self.region())
        for number in range(50):
            here = self.holder("dynamodb.table", f"global-{number}", MUMBAI)
            there = self.holder("dynamodb.table", f"global-{number}", self.region(), tags={})
            if here.id != there.id:
                more = {"location": there.location, "id": there.id, "account": self.account, "part": "table"}
                self.copied(here.id, "dynamodb-global-table", f"{here.look}#table@{here.id}", **more)
            source = self.holder("s3.bucket", f"source-{number}", MUMBAI)
            self.replicates(
                source, self.holder("s3.bucket", f"target-{number}", self.region(), tags={}).id, self.account
            )
        for number in range(20):
            database = self.holder("rds.instance", f"nightly-{number}", MUMBAI)
            self.rotates(database, MUMBAI, abroad=False)
            if number % 2:
                self.rotates(database, self.region(), abroad=True)
        archive = self.holder("s3.bucket", "archive", MUMBAI, tags={"data-class": "logs.security"})
        for number in range(149):
            source = self.holder("s3.bucket", f"feeding-{number}", self.region())
            target, owner = (HOLDER_OF_ALL, account_id(0)) if number % 3 == 0 else (archive.id, self.account)
            self.replicates(source, target, owner)
        if self.account == account_id(0):
            place, look, name = (
                Location("aws", MUMBAI),
                self.look(GLOBAL, "s3.buckets"),
                HOLDER_OF_ALL.rpartition(":")[2],
            )
            self.sightings.append(Resource(HOLDER_OF_ALL, "aws.s3.bucket", name, self.account, place, look=look))
        return self.sightings


def lay_out(folder: str, accounts: int, keep: frozenset[str]) -> None:
    """The desk of a scan as planning and its collectors leave it."""
    desk = Desk(FolderBlobs(folder), 1)
    known = tuple(Account("aws", account_id(number), f"account {number}") for number in range(accounts))
    cells = sorted(Cell("aws", one.id, region) for one in known for region in (GLOBAL, *REGIONS))
    limits = sorted(
        Limit(Cell("aws", one.id, region), "*", "never-enabled") for one in known for region in NEVER_ENABLED
    )
    desk.put("discovery", Discovery(known, tuple(cells), limits=tuple(limits)))
    listings = [(f"{service.name}.{one.name}", service.scope) for service in aws.SERVICES for one in service.listings]
    chance = random.Random(0)
    for number, one in enumerate(known):
        asks = tuple(
            (listing, Cell("aws", one.id, region))
            for listing, scope in listings
            for region in ((GLOBAL,) if scope == "global" else REGIONS)
        )
        desk.put(f"accounts/{one.id}/task", Task(one, asks, keep, frozenset()))
        sightings = Plot(number).planted()
        gaps: dict[str, list[Gap]] = defaultdict(list)
        for sighting in sightings:
            # One bucket in a hundred does not let us see where it replicates to.
            if isinstance(sighting, Resource) and sighting.type == "aws.s3.bucket" and chance.random() < 0.01:
                cell = Cell("aws", one.id, GLOBAL)
                gap = Gap(cell, "s3.buckets", "denied", "AccessDenied", sighting.id, "replication")
                gaps[sighting.look].append(gap)
        looks = []
        for listing, cell in asks:
            look = Look(cell, listing)
            # One listing in a hundred is refused, though none in which what must lie in India could show.
            denied = chance.random() < 0.01 and cell.region not in (MUMBAI, HYDERABAD, GLOBAL)
            refused = (Gap(cell, listing, "denied", "AccessDenied"),) if denied else ()
            looks.append(Look(cell, listing, not refused, (*refused, *gaps[look.key])))
        for start in range(0, len(sightings), steps.ITEMS):
            some = sightings[start : start + steps.ITEMS]
            last = start + steps.ITEMS >= len(sightings)
            seen = Inventory(
                resources=tuple(thing for thing in some if isinstance(thing, Resource)),
                copies=tuple(thing for thing in some if isinstance(thing, Copy)),
                tags=tuple(thing for thing in some if isinstance(thing, Tagged)),
                looks=tuple(looks) if last else (),
            )
            part = Part(seen, tuple(look.key for look in looks) if last else ())
            desk.put(f"accounts/{one.id}/part-0000-{start // steps.ITEMS:05}", part)


PHASES: Final[tuple[tuple[Any, str, str], ...]] = (
    (steps, "assemble", "assemble"),
    (scan, "relate", "relate"),
    (scan, "classify", "classify"),
    (scan, "judge", "judge"),
    (steps, "weigh", "the rest of weighing"),
    (scan, "record", "record"),
    (steps, "reckon", "the rest of reckoning"),
    (steps, "_write_evidence", "writing evidence"),
    (steps, "_reckon", "keeping changes"),
    (SqliteStore, "apply", "writing rows"),
)


@contextmanager
def clocked() -> Iterator[Column]:
    """Seconds of the processor that each phase takes, without those of the phases within it."""
    took = {f"{name}, s": 0.0 for _, _, name in PHASES}
    within = [0.0]

    def measured(function: Callable[..., T], name: str) -> Callable[..., T]:
        @wraps(function)
        def measuring(*values: Any, **named: Any) -> T:
            within.append(0.0)
            began = time.process_time()
            try:
                return function(*values, **named)
            finally:
                spent = time.process_time() - began
                took[f"{name}, s"] += spent - within.pop()
                within[-1] += spent

        return measuring

    with ExitStack() as stack:
        for place, function, name in PHASES:
            stack.enter_context(patch.object(place, function, measured(getattr(place, function), name)))
        yield took


def settled(
    folder: Path, store: SqliteStore, organisation: Organisation, rules: tuple[Rule, ...], night: int
) -> Column:
    """One night's settle, cut short again and again while it writes."""
    desk = Desk(FolderBlobs(folder / "work"), night)
    now = NOW + timedelta(days=night)
    exemptions = " ".join(sorted(map(fingerprint, organisation.exemptions)))
    begun = store.begin(now, as_of=NOW.date(), providers=("aws",), digests={EXEMPTIONS: exemptions})
    desk.put("scan", begun)
    cursor: Cursor | None = Cursor()
    calls = []
    with clocked() as took:
        while cursor is not None:
            began = time.process_time()
            settling = steps.settle(
                desk.blobs,
                FolderBlobs(folder / "evidence"),
                store,
                begun.number,
                cursor,
                organisation=organisation,
                rules=rules,
                vocabulary=aws.vocabulary,
                clock=lambda: now,
                left=Watch(),
            )
            cursor = settling.cursor
            calls.append(time.process_time() - began)
    counts = settling.closing.row.counts
    return {
        "placements": counts["placements"],
        "resources": counts["resources"],
        "rows open": counts["rows-open"],
        "rows unconfirmed": counts.get("rows-unconfirmed", 0),
        **took,
        "invocations": len(calls),
        "the first, s": calls[0],
        "peak, MiB": peak(),
    }


def settle(folder: Path, accounts: int, nights: int) -> Column:
    """Settle what lies in a folder, night after night."""
    organisation, rules = said(accounts)
    store = SqliteStore(folder / "store.db")
    first = folder / "work" / "scans" / "000001"
    column: Column = {"laid out, MB": megabytes(first)}
    for night in range(1, nights + 1):
        if night > 1:
            # The collectors of every tenth account do not come to an end.
            this = folder / "work" / "scans" / f"{night:06}"
            shutil.copytree(first, this, copy_function=os.link, ignore=shutil.ignore_patterns("settle", "scan"))
            for number in range(0, accounts, 10):
                max((this / "accounts" / account_id(number)).glob("part-*")).unlink()
        seen = settled(folder, store, organisation, rules, night)
        column |= {f"night {night}: {name}": value for name, value in seen.items()}
    store.close()
    return column | {"evidence, MB": megabytes(folder / "evidence")}


def placements(count: int, nights: int) -> Column:
    accounts = max(1, count // PER_ACCOUNT)
    with TemporaryDirectory() as name:
        alone(lay_out, f"{name}/work", accounts, kept_tags(said(accounts)[0]))
        return alone(settle, Path(name), accounts, nights)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("what", choices=("account", "placements"))
    parser.add_argument("sizes", type=int, nargs="+", help="how many buckets, or about how many placements")
    parser.add_argument(
        "--nights", type=int, default=1, help="how often placements are settled, one scan after another"
    )
    asked = parser.parse_args()
    columns = [
        alone(account, size) if asked.what == "account" else placements(size, asked.nights) for size in asked.sizes
    ]
    print(f"{asked.what:36}" + "".join(f"{size:>14,}" for size in asked.sizes))
    for name in columns[0]:
        digits = 1 if name.endswith((", s", ", MB")) else 0
        print(f"{name:36}" + "".join(f"{column[name]:>14,.{digits}f}" for column in columns))


if __name__ == "__main__":
    main()
