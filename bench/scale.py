"""Whether large scans complete: one account of very many buckets, and very many placements in one settle.

No cloud is needed. Sizes are parameters, so that what grows faster than its input shows: a tenth of the size should
take a tenth of the time. Numbers are printed, nothing is judged by them.

    python bench/scale.py account --buckets 100000 --stretches 40
    python bench/scale.py placements --placements 1000000
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import resource
import shutil
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import wraps
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import msgspec
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
FOREVER: Final = float("inf")


def peak() -> float:
    """The most memory this process ever had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def resident() -> float:
    """The memory this process has now, in MiB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def written(folder: Path) -> tuple[int, int, int]:
    """How many files lie below a folder, their bytes, and those of the largest."""
    sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
    return len(sizes), sum(sizes), max(sizes, default=0)


def told(name: str, folder: Path) -> None:
    count, size, largest = written(folder)
    print(f"{name}: {count:,} blobs, {size / 1e6:,.1f} MB, the largest {largest / 1e6:,.2f} MB")


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


class Watch:
    """Says that time is short after so many looks at it."""

    def __init__(self, stretches: int) -> None:
        self.left = stretches

    def __call__(self) -> float:
        self.left -= 1
        return 0 if self.left < 0 else FOREVER


def account(buckets: int, stretches: int) -> None:
    with TemporaryDirectory() as name:
        desk, provider, this = Desk(FolderBlobs(name), 1), Buckets(buckets), "111111111111"
        cell = Cell("aws", this, GLOBAL)
        discovery = Discovery((Account("aws", this),), (cell,))
        desk.put("scan", Scan(number=1, started_at=NOW, as_of=NOW.date()))
        desk.put("discovery", discovery)
        task = Task(discovery.accounts[0], (("s3.buckets", cell),), frozenset(), frozenset())
        desk.put(f"accounts/{this}/task", task)
        cursor: Cursor | None = Cursor()
        calls: list[float] = []
        while cursor is not None:
            began = time.perf_counter()
            cursor = steps.collect(provider, desk.blobs, 1, this, cursor, left=Watch(stretches))
            calls.append(time.perf_counter() - began)
        print(
            f"{buckets:,} buckets: {len(calls)} invocations, {sum(calls):.1f} s,"
            f" the longest {max(calls):.1f} s, the shortest {min(calls):.1f} s, peak {peak():,.0f} MiB"
        )
        told("work", Path(name))
        began = time.perf_counter()
        inventory = steps.assemble(desk)
        print(
            f"assembled in {time.perf_counter() - began:.1f} s: {len(inventory.resources):,} resources,"
            f" {len(inventory.copies):,} copies, {sum(len(look.gaps) for look in inventory.looks):,} gaps,"
            f" {len(inventory.located):,} located; peak {peak():,.0f} MiB"
        )


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
    """What one account of an invented company holds: a thousand placements, or what is asked for."""

    def __init__(self, number: int, placements: int) -> None:
        self.account, self.placements = account_id(number), placements
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

    def replicates(self, source: Resource, target: str, owner: str) -> None:
        self.sightings.append(
            Copy(
                source.id,
                "s3-replication",
                id=target,
                account=owner,
                caused_by=f"{source.id}#all",
                evidence=Evidence("s3:GetBucketReplication", "Rules.Destination.Bucket", target, NOW),
                part="replication",
                look=f"{source.look}#replication@{source.id}",
            )
        )

    def rotates(self, source: Resource, region: str, *, abroad: bool) -> None:
        """A month of snapshots, of the database or, abroad, of its snapshots at home, half of which are gone."""
        home = source.location.region
        for day in range(30):
            name = f"{source.name}-{day:02}"
            ident = f"arn:aws:rds:{region}:{self.account}:snapshot:{name}{'-copy' if abroad else ''}"
            of = f"arn:aws:rds:{home}:{self.account}:snapshot:{name}{'-gone' if day % 2 else ''}" if abroad else ""
            at, look = NOW - timedelta(days=day), self.look(region, "rds.snapshots")
            place = Location("aws", region)
            self.sightings.append(
                Resource(
                    ident,
                    "aws.rds.snapshot",
                    name,
                    self.account,
                    place,
                    {},
                    at,
                    at,
                    NEVER_EXPIRES,
                    taken_of=source.id,
                    look=look,
                )
            )
            evidence = Evidence("rds:DescribeDBSnapshots", "source of the copy", of or source.id, NOW)
            channel = "rds-snapshot-copy" if abroad else "rds-snapshot"
            self.sightings.append(
                Copy(of or source.id, channel, place, ident, self.account, evidence=evidence, look=look)
            )

    def planted(self) -> list[Sighting]:
        thousandths = self.placements / 1000

        def some(count: int) -> Iterator[int]:
            return iter(range(round(count * thousandths)))

        for number in some(300):
            self.holder("rds.instance", f"db-{number}-ledger", self.region())
        for number in some(150):
            self.holder("dynamodb.table", f"table-{number}", self.region())
        for number in some(150):
            self.holder("s3.bucket", f"bucket-{number}", self.region())
        for number in some(50):
            here = self.holder("dynamodb.table", f"global-{number}", MUMBAI)
            there = self.holder("dynamodb.table", f"global-{number}", self.region() or "us-east-1", tags={})
            if here.id != there.id:
                evidence = Evidence("dynamodb:DescribeTable", "Replicas.RegionName", there.location.region, NOW)
                look = f"{here.look}#table@{here.id}"
                self.sightings.append(
                    Copy(
                        here.id,
                        "dynamodb-global-table",
                        there.location,
                        there.id,
                        self.account,
                        evidence=evidence,
                        part="table",
                        look=look,
                    )
                )
            source = self.holder("s3.bucket", f"source-{number}", MUMBAI)
            target = self.holder("s3.bucket", f"target-{number}", self.region(), tags={})
            self.replicates(source, target.id, self.account)
        for number in some(20):
            database = self.holder("rds.instance", f"nightly-{number}", MUMBAI)
            self.rotates(database, MUMBAI, abroad=False)
            if number % 2:
                self.rotates(database, self.region(), abroad=True)
        archive = self.holder("s3.bucket", "archive", MUMBAI, tags={"data-class": "logs.security"})
        for number in some(149):
            source = self.holder("s3.bucket", f"feeding-{number}", self.region())
            target, owner = (HOLDER_OF_ALL, account_id(0)) if number % 3 == 0 else (archive.id, self.account)
            self.replicates(source, target, owner)
        if self.account == account_id(0):
            place = Location("aws", MUMBAI)
            look = self.look(GLOBAL, "s3.buckets")
            name = HOLDER_OF_ALL.rpartition(":")[2]
            self.sightings.append(Resource(HOLDER_OF_ALL, "aws.s3.bucket", name, self.account, place, look=look))
        return self.sightings


def lay_out(folder: str, accounts: int, placements: int, keep: frozenset[str]) -> None:
    """The desk of a scan as planning and its collectors leave it."""
    desk = Desk(FolderBlobs(folder), 1)
    cells = [Cell("aws", account_id(number), region) for number in range(accounts) for region in (GLOBAL, *REGIONS)]
    known = tuple(Account("aws", account_id(number), f"account {number}") for number in range(accounts))
    limits = [
        Limit(Cell("aws", one.id, region), "*", "never-enabled") for one in known for region in sorted(NEVER_ENABLED)
    ]
    desk.put("discovery", Discovery(known, tuple(sorted(cells)), limits=tuple(sorted(limits))))
    listings = [
        (f"{service.name}.{listing.name}", service.scope == "global")
        for service in aws.SERVICES
        for listing in service.listings
    ]
    chance = random.Random(0)
    for number, one in enumerate(known):
        asks = tuple(
            (listing, Cell("aws", one.id, region))
            for listing, once in listings
            for region in ((GLOBAL,) if once else REGIONS)
        )
        desk.put(f"accounts/{one.id}/task", Task(one, asks, keep, frozenset()))
        sightings = Plot(number, placements).planted()
        starts = range(0, len(sightings), steps.ITEMS)
        gaps: dict[str, list[Gap]] = defaultdict(list)
        for sighting in sightings:
            # One bucket in a hundred does not let us see where it replicates to.
            if isinstance(sighting, Resource) and sighting.type == "aws.s3.bucket" and chance.random() < 0.01:
                cell = Cell("aws", one.id, GLOBAL)
                gaps[sighting.look].append(
                    Gap(cell, "s3.buckets", "denied", "AccessDenied", sighting.id, "replication")
                )
        for index, start in enumerate(starts):
            some = sightings[start : start + steps.ITEMS]
            looks = []
            for listing, cell in asks if index == len(starts) - 1 else ():
                look = Look(cell, listing)
                # One listing in a hundred is refused, though none in which what must lie in India could show.
                denied = chance.random() < 0.01 and cell.region not in (MUMBAI, HYDERABAD, GLOBAL)
                refused = (Gap(cell, listing, "denied", "AccessDenied"),) if denied else ()
                looks.append(Look(cell, listing, not refused, (*refused, *gaps[look.key])))
            desk.put(
                f"accounts/{one.id}/part-0000-{index:05}",
                Part(
                    Inventory(
                        resources=tuple(thing for thing in some if isinstance(thing, Resource)),
                        copies=tuple(thing for thing in some if isinstance(thing, Copy)),
                        tags=tuple(thing for thing in some if isinstance(thing, Tagged)),
                        looks=tuple(looks),
                    ),
                    tuple(look.key for look in looks),
                ),
            )


class Clocked:
    """How much of the processor some functions take, each without those that it calls and that are measured too."""

    def __init__(self) -> None:
        self.took: dict[str, float] = {}
        self.memory: dict[str, float] = {}
        self._inner = [0.0]

    def measure(self, places: Iterable[Any], function: str, name: str = "") -> None:
        for place in places:
            setattr(place, function, self._measured(getattr(place, function), name or function.strip("_")))

    def _measured(self, function: Callable[..., Any], name: str) -> Callable[..., Any]:
        @wraps(function)
        def measured(*values: Any, **named: Any) -> Any:
            self._inner.append(0.0)
            began = time.process_time()
            try:
                return function(*values, **named)
            finally:
                took = time.process_time() - began
                self.took[name] = self.took.get(name, 0.0) + took - self._inner.pop()
                self._inner[-1] += took
                self.memory[name] = resident()

        return measured

    def tell(self) -> None:
        print(f"{'phase':16}{'seconds':>10}{'MiB after':>12}")
        for name, took in self.took.items():
            print(f"{name:16}{took:>10.1f}{self.memory[name]:>12,.0f}")
        self.took.clear()
        self.memory.clear()


def settled(folder: Path, store: SqliteStore, organisation: Organisation, rules: tuple[Rule, ...], night: int) -> None:
    """One night's settle, cut short after every piece but the first few."""
    desk = Desk(FolderBlobs(folder / "work"), night)
    begun = store.begin(
        NOW + timedelta(days=night),
        as_of=NOW.date(),
        providers=("aws",),
        digests={EXEMPTIONS: " ".join(sorted(map(fingerprint, organisation.exemptions)))},
    )
    desk.put("scan", begun)
    clocked = Clocked()
    with clocking(clocked):
        cursor: Cursor | None = Cursor()
        calls: list[tuple[float, float]] = []
        while cursor is not None:
            began, used = time.perf_counter(), time.process_time()
            settling = steps.settle(
                desk.blobs,
                FolderBlobs(folder / "evidence"),
                store,
                begun.number,
                cursor,
                organisation=organisation,
                rules=rules,
                vocabulary=aws.vocabulary,
                clock=lambda: NOW + timedelta(days=night),
                left=Watch(20),
            )
            cursor = settling.cursor
            calls.append((time.perf_counter() - began, time.process_time() - used))
    closing = settling.closing
    others = [sum(times) for times in zip(*calls[1:], strict=True)] or [0.0, 0.0]
    print(
        f"\nnight {night}: {len(calls)} invocations; the first took {calls[0][0]:.1f} s, {calls[0][1]:.1f} s of them"
        f" of the processor; the others together {others[0]:.1f} s and {others[1]:.1f} s; peak {peak():,.0f} MiB"
    )
    clocked.tell()
    print(f"counts {dict(closing.row.counts)}\ntransitions {dict(closing.row.transitions)}")
    print(
        f"closing {len(desk.blobs.read(desk.key('settle/closing')) or b''):,} bytes,"
        f" {len(closing.places):,} places, {len(closing.gaps):,} rows of gaps, {closing.pieces} pieces;"
        f" scan row {len(msgspec.json.encode(closing.row)):,} bytes"
    )
    told("evidence", folder / "evidence")


class clocking:  # noqa: N801 used as a function
    """Measures the phases of settling while it is entered, and puts back what was there."""

    def __init__(self, clocked: Clocked) -> None:
        self._clocked = clocked
        self._places = (
            (steps, "assemble"),
            (scan, "relate"),
            (scan, "declare"),
            (scan, "classify"),
            (scan, "judge"),
            (scan, "fold"),
            (steps, "weigh"),
            (scan, "wanted"),
            (scan, "record"),
            (scan, "record_gaps"),
            (steps, "reckon"),
            (steps, "_write_evidence"),
            (steps, "_reckon"),
            (SqliteStore, "apply"),
            (SqliteStore, "settle"),
        )
        self._before = [(place, name, getattr(place, name)) for place, name in self._places]

    def __enter__(self) -> None:
        for place, name in self._places:
            self._clocked.measure((place,), name, "store.settle" if name == "settle" else "")

    def __exit__(self, *_: object) -> None:
        for place, name, function in self._before:
            setattr(place, name, function)


def placements(count: int, nights: int) -> None:
    accounts = max(1, count // 1000)
    organisation, rules = said(accounts)
    with TemporaryDirectory() as name:
        folder = Path(name)
        began = time.perf_counter()
        # In a process of its own, so that the memory it takes is not counted.
        maker = multiprocessing.get_context("spawn").Process(
            target=lay_out, args=(str(folder / "work"), accounts, count // accounts, kept_tags(organisation))
        )
        maker.start()
        maker.join()
        if maker.exitcode:
            sys.exit(maker.exitcode)
        print(f"{count:,} placements in {accounts:,} accounts, laid out in {time.perf_counter() - began:.0f} s")
        told("work", folder / "work")
        first = folder / "work" / "scans" / "000001"
        print(f"discovery {(first / 'discovery').stat().st_size:,} bytes")
        store = SqliteStore(folder / "store.db")
        for night in range(1, nights + 1):
            if night > 1:
                # The collectors of every tenth account do not come to an end.
                this = folder / "work" / "scans" / f"{night:06}"
                shutil.copytree(first, this, copy_function=os.link, ignore=shutil.ignore_patterns("settle", "scan"))
                for number in range(0, accounts, 10):
                    parts = sorted((this / "accounts" / account_id(number)).glob("part-*"))
                    parts[-1].unlink()
            settled(folder, store, organisation, rules, night)
        store.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("account")
    one.add_argument("--buckets", type=int, default=100_000)
    one.add_argument("--stretches", type=int, default=40, help="after how many stretches a collector is out of time")
    many = commands.add_parser("placements")
    many.add_argument("--placements", type=int, default=100_000)
    many.add_argument("--nights", type=int, default=2)
    asked = parser.parse_args()
    if asked.command == "account":
        account(asked.buckets, asked.stretches)
    else:
        placements(asked.placements, asked.nights)


if __name__ == "__main__":
    main()
