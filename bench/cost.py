"""What a day of a deployment on AWS costs, the calls it makes, and the events that audit logs get of them.

Two small organisations are scanned in the local cloud by the functions themselves, and everything is counted in a night
in which nothing changes; what more accounts make of it is a straight line through both. What is deployed is counted in
the Pulumi program. Prices are those of ap-south-1 (Mumbai), unless said otherwise, as AWS's pages gave them or others
quote its price list of September 2026. They change; beside each stands where to look it up.
"""

from __future__ import annotations

import importlib
import io
import json
import math
import re
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import redirect_stdout
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import msgspec
from botocore import xform_name

from domicile.demo import answers
from domicile.demo.cloud import LocalCloud
from domicile.demo.planting import Plot, tag_list
from domicile.providers import aws
from domicile.stores.dynamodb_tables import VIOLATIONS

TESTS: Final = str(Path(__file__).parents[1] / "tests")

# What an account holds, every tenth of it abroad, and that a breach.
BUCKETS, TABLES, DATABASES, VOLUMES, SECRETS, SNAPSHOTS_OF_EACH = 50, 30, 20, 20, 20, 15
# At home, no breach: a trail, and a plan that backs up some tables, too.
LOG_GROUPS, KEYS, BACKED_UP = 100, 10, 10
HOME, ABROAD = "ap-south-1", "ap-southeast-1"
REGIONS: Final = (
    HOME, ABROAD, "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-southeast-2", "ca-central-1",
    "eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1", "us-east-1", "us-east-2",
    "us-west-1", "us-west-2",
)  # fmt: skip
"""Those that AWS switches on for every account."""

# What is taken on trust. Processors count as those of the machine that measures.
SECONDS_OF_A_CALL: Final = 0.25
"""By the clock: most regions are far away, and each is connected to anew."""
PROCESSOR_OF_A_START, PROCESSOR_OF_A_CALL, PROCESSOR_OF_A_PLACEMENT = 1.4, 0.003, 0.00028
"""Seconds: as `bench.cold_start` measures it, with the making of clients; twice of what `bench.row` takes for a call,
which is made without TLS; and as `bench.scale` measures settling."""
MB_OF_A_PROCESSOR: Final = 1769
AT_ONCE: Final = {"plan": 16, "collect": 32, "settle": 32, "notify": 1}
CHANGED_EACH_NIGHT, MAILS, BYTES_OF_A_REPORT = 0.02, 5, 300
KEY_USES_OF_A_CALL: Final = 2
"""Bucket keys and the tables' cached keys spare the others."""

PRICE: Final = {
    "transition": 0.0285 / 1e3,  # aws.amazon.com/step-functions/pricing
    "GB-second": 0.0000133334,  # AWS price list, APS3-Lambda-GB-Second-ARM
    "invocation": 0.20 / 1e6,  # AWS price list, APS3-Request
    "write": 0.71 / 1e6,  # AWS price list, APS3-WriteRequestUnits
    "read": 0.1425 / 1e6,  # AWS price list, APS3-ReadRequestUnits
    "table GB": 0.285 / 30,  # AWS price list, APS3-TimedStorage-ByteHrs
    "restorable GB": 0.20 / 30,  # aws.amazon.com/dynamodb/pricing, of us-east-1; nobody confirmed it here
    "put": 0.005 / 1e3,  # AWS price list, APS3-Requests-Tier1
    "get": 0.0004 / 1e3,  # AWS price list, APS3-Requests-Tier2
    "object GB": 0.025 / 30,  # AWS price list, APS3-TimedStorage-ByteHrs
    "key": 1.0 / 30,  # aws.amazon.com/kms/pricing
    "key use": 0.03 / 1e4,  # aws.amazon.com/kms/pricing
    "alarm metric": 0.10 / 30,  # aws.amazon.com/cloudwatch/pricing
    "metric": 0.30 / 30,  # aws.amazon.com/cloudwatch/pricing, as if it came each hour
    "log GB": 0.67,  # AWS price list, APS3-DataProcessing-Bytes
    "metrics asked": 0.01 / 1e3,  # aws.amazon.com/cloudwatch/pricing; nobody confirmed it here
    "secrets asked": 0.05 / 1e4,  # aws.amazon.com/secrets-manager/pricing; nobody confirmed it here
    "mail": 2.0 / 1e5,  # aws.amazon.com/sns/pricing, of us-east-1
    "event": 2.0 / 1e5,  # aws.amazon.com/cloudtrail/pricing: of each copy but the first, which costs nothing
    "data event": 0.10 / 1e5,  # aws.amazon.com/cloudtrail/pricing
}
COUNTED: Final = {"Function", "StateMachine", "Table", "Bucket", "Key", "MetricAlarm", "LogGroup", "TopicSubscription"}
FREE: Final = {
    "Alias", "BucketLifecycleConfiguration", "BucketObjectv2", "BucketOwnershipControls", "BucketPolicy",
    "BucketPublicAccessBlock", "BucketServerSideEncryptionConfiguration", "BucketVersioning", "CatalogDatabase",
    "CatalogTable", "Role", "RolePolicy", "Schedule", "StackSet", "StackSetInstance", "Topic", "TopicPolicy",
}  # fmt: skip
"""Costs nothing, or less than a hundredth of a cent a month."""

ASKED: Final = {
    "cloudwatch": "metrics asked",
    "kms": "key use",
    "s3": "get",
    "secretsmanager": "secrets asked",
}
"""The services that are paid for being asked how things are set up, by the account that is looked into."""
LISTS: Final = {"ListBuckets", "ListDirectoryBuckets"}
"""Asked of S3 itself, and paid as what lists objects is; what is asked of a bucket is paid as a read."""

Amounts = Counter[str]
Bill = list[tuple[str, str, float | None]]
"""What is paid for, how much of it, and US dollars for a day: none where no price is known."""
DECLARED: Final = aws.calls().keys()


def of_tests(name: str) -> Any:
    if TESTS not in sys.path:
        sys.path.append(TESTS)
    return importlib.import_module(name)


def plant(cloud: LocalCloud, account: str) -> None:
    plot, payments = Plot(cloud, account), {"data-class": "payment.transaction", "data-origin": "IN"}
    for number in range(max(BUCKETS, TABLES, DATABASES, VOLUMES, SECRETS)):
        where, tags = (ABROAD, payments) if number % 10 == 0 else (HOME, {})
        if number < BUCKETS:
            plot.bucket(f"bucket-{account}-{number}", where, tags)
        if number < TABLES:
            plot.table(f"table-{number}", where, tags)
        if number < DATABASES:
            plot.database(f"database-{number}", where, tags)
            for night in range(SNAPSHOTS_OF_EACH):
                plot.snapshot(f"database-{number}", where, f"database-{number}-{night}")
        if number < VOLUMES:
            plant_volume(plot, where, tags)
        if number < SECRETS:
            plot.client("secretsmanager", where).create_secret(Name=f"secret-{number}", Tags=tag_list(tags))
    for number in range(LOG_GROUPS):
        plot.client("logs", HOME).create_log_group(logGroupName=f"group-{number}")
    for _ in range(KEYS):
        plot.client("kms", HOME).create_key()
    answers.trail(plot, "trail", HOME, f"bucket-{account}-1", {})
    tables = [plot.arn("dynamodb", HOME, f"table/table-{number}") for number in range(TABLES) if number % 10]
    nights = answers.nights(date(2026, 9, 1), SNAPSHOTS_OF_EACH)
    answers.back_up(plot, "nightly", HOME, ABROAD, tables[:BACKED_UP], nights)


def plant_volume(plot: Plot, region: str, tags: dict[str, str]) -> None:
    ec2 = plot.client("ec2", region)
    tagged = [{"ResourceType": "volume", "Tags": tag_list(tags)}] if tags else []
    volume = ec2.create_volume(AvailabilityZone=f"{region}a", Size=8, TagSpecifications=tagged)["VolumeId"]
    for _ in range(SNAPSHOTS_OF_EACH):
        ec2.create_snapshot(VolumeId=volume)


def counted(accounts: int, log: io.StringIO) -> Amounts:
    """What a night takes in which nothing changes, with so many accounts and an empty one that has the deployment."""
    amounts: Amounts = Counter()
    bank, local = of_tests("small_bank"), of_tests("deployed_cloud")
    members = [f"{200_000_000_000 + number}" for number in range(accounts)]
    with LocalCloud(enabled=REGIONS) as cloud:
        # The engine of the local cloud gives all snapshots at once.
        cloud.pages("rds", "DescribeDBSnapshots", 100)
        cloud.organisation(dict.fromkeys([bank.GROUP, *members], "account"))
        for member in members:
            plant(cloud, member)
        with local.deployed(cloud, bank.GROUP, bank.FILE, bank.ROLE) as here:
            for night in (1, 2):
                cloud.calls.clear()
                log.seek(0)
                log.truncate()
                events = [("collect", {"scan": night, "account": account}) for account in (bank.GROUP, *members)]
                for step, event in [("plan", {}), *events, ("settle", {"scan": night}), ("notify", {"scan": night})]:
                    before = len(cloud.calls)
                    if not here.call(step, event).get("done", step == "plan"):
                        sys.exit(f"{step} takes more than one invocation, which is not counted here")
                    amounts[f"{step} invocations"] += night == 2
                    for call in cloud.calls[before:] if night == 2 else ():
                        looks = (call.service, xform_name(call.operation)) in DECLARED
                        amounts[f"{step} calls"] += 1
                        amounts["looks"] += looks
                        amounts[f"{'asks' if looks else 'own'} {call.service} {call.operation}"] += 1
                        amounts["roles taken on"] += call.operation == "AssumeRole"
            with local.opened() as store:
                rows = store.known().values()
                amounts["rows"] = len(rows)
                amounts["bytes of rows"] = sum(len(msgspec.json.encode(row)) for row in rows)
                amounts["placements"] = store.last_scan().counts["placements"]
            amounts["bytes of logs"] = len(log.getvalue())
            told = [json.loads(line) for line in log.getvalue().splitlines() if line.startswith('{"_aws"')]
            amounts["metrics"] = sum(len(kind["Metrics"]) for one in told for kind in one["_aws"]["CloudWatchMetrics"])
            for bucket in (local.WORK, local.EVIDENCE):
                listed = cloud.moto("s3", local.REGION, bank.GROUP).list_objects_v2(Bucket=bucket)["Contents"]
                amounts[bucket] = sum(one["Size"] for one in listed if re.search(r"\b000002/", one["Key"]))
    return amounts


def line(one: Amounts, two: Amounts, accounts: int) -> Amounts:
    """What so many accounts take, when every further one takes what the second takes."""
    return Counter({name: one[name] + (two[name] - one[name]) * (accounts - 1) for name in one | two})


def deployed() -> Any:
    """What the Pulumi program deploys for an organisation, with the settings it comes with."""
    program, bank = of_tests("program"), of_tests("small_bank")
    settings = {"country": "IN", "emails": [{"address": "data@bank.example"}], "units": ["r-exam"]}
    with TemporaryDirectory() as folder:
        project = program.project(Path(folder) / "domicile", {"domicile.yaml": bank.FILE})
        return program.stack(settings | {"organisationId": "o-exampleorgid"}, HOME, bank.GROUP, project)


def entered(machine: dict[str, Any]) -> int:
    """How many states a workflow enters that is done with everything at once."""
    states, name = 0, machine["StartAt"]
    while name:
        states, one = states + 1, machine["States"][name]
        name = one["Choices"][0]["Next"] if "Choices" in one else one.get("Next")
    return states


def watched(stack: Any) -> int:
    """How many metrics the alarms watch, by which they are paid."""
    return sum(
        sum("metric" in query for query in one.inputs.get("metricQueries", [{"metric": {}}]))
        for one in stack.of("MetricAlarm")
    )


def workflow(stack: Any) -> Any:
    return json.loads(stack.one("StateMachine", "scan").inputs["definition"])


def at_once(stack: Any) -> int:
    """How many accounts are looked into at once."""
    return int(workflow(stack)["States"]["Accounts"]["MaxConcurrency"])


def seconds_of(step: str, night: Amounts, stack: Any) -> float:
    """By the clock, of all invocations of a step together."""
    share = min(1.0, memory_of(step, stack) / MB_OF_A_PROCESSOR)
    starts = min(night["collect invocations"], at_once(stack)) if step == "collect" else 1
    computing = starts * PROCESSOR_OF_A_START + night[f"{step} calls"] * PROCESSOR_OF_A_CALL
    computing += night["placements"] * PROCESSOR_OF_A_PLACEMENT if step == "settle" else 0.0
    return computing / share + night[f"{step} calls"] * SECONDS_OF_A_CALL / AT_ONCE[step]


def memory_of(step: str, stack: Any) -> int:
    return int(stack.one("Function", step).inputs["memorySize"])


def minutes(night: Amounts, stack: Any) -> float:
    """From the start of a scan to its last mail."""
    accounts = night["collect invocations"]
    parts = {"collect": math.ceil(accounts / at_once(stack)) / accounts}
    return sum(seconds_of(step, night, stack) * parts.get(step, 1) for step in AT_ONCE) / 60


def bill(night: Amounts, stack: Any) -> Bill:
    machine = workflow(stack)
    accounts, items = night["collect invocations"], machine["States"]["Accounts"]["ItemProcessor"]
    # Each child workflow is started by a transition of its own.
    transitions = entered(machine) + accounts * (1 + entered(items))
    found: Bill = [("Step Functions", f"{transitions:,} transitions", transitions * PRICE["transition"])]
    invocations = 0
    for step in AT_ONCE:
        memory, seconds = memory_of(step, stack), seconds_of(step, night, stack)
        times = night[f"{step} invocations"]
        invocations += times
        price = seconds * memory / 1024 * PRICE["GB-second"] + times * PRICE["invocation"]
        found.append((f"Lambda: {step}", f"{times:,} x {seconds / times:,.1f} s at {memory:,} MB", price))

    rows, size = night["rows"], night["bytes of rows"] / night["rows"]
    changed, indexes = rows * CHANGED_EACH_NIGHT, len(VIOLATIONS.indexes)
    own = Counter({name.removeprefix("own dynamodb "): count for name, count in night.items()})
    # Each row is read in an index and by itself. A change is written twice over for being in a transaction, as is its
    # line of history, and in each index the old place is cleared and the new one filled.
    reads = own["GetItem"] + own["Query"] + own["BatchGetItem"] + rows * (0.5 * size / 4096 + math.ceil(size / 4096))
    writes: float = own["UpdateItem"] + own["DeleteItem"] + own["TransactWriteItems"] * 4
    writes += changed * math.ceil(size / 1024) * (2 + 2 + 2 * indexes)
    units = f"{rows:,} rows: {reads:,.0f} reads, {writes:,.0f} writes"
    found.append(("DynamoDB", units, reads * PRICE["read"] + writes * PRICE["write"]))
    # With a year of history; of indexes nothing is kept for recovery.
    tables = rows * size * (1 + 1 + 365 * CHANGED_EACH_NIGHT) / 1e9
    kept = tables + rows * size * indexes / 1e9
    found.append(("- storage", f"{kept:.3f} GB", kept * PRICE["table GB"] + tables * PRICE["restorable GB"]))

    # The workflow reads the list of accounts.
    puts, gets = night["own s3 PutObject"] + night["own s3 ListObjectsV2"], night["own s3 GetObject"] + 1
    found.append(("S3", f"{puts:,} puts and lists, {gets:,} gets", puts * PRICE["put"] + gets * PRICE["get"]))
    gigabytes = 0.0
    for one in stack.of("BucketLifecycleConfiguration"):
        # A bucket's name ends in the account and the region, `…-111111111111-ap-south-1`.
        days = max(rule.get("expiration", {}).get("days", 0) for rule in one.inputs["rules"])
        gigabytes += night[one.inputs["bucket"].rsplit("-", 4)[0]] * days / 1e9
    found.append(("- storage", f"{gigabytes:.3f} GB when full", gigabytes * PRICE["object GB"]))

    asked = Counter({what: night[what] for what in night if what.startswith("asks ") and what.split()[1] in ASKED})
    paid = sum(count * PRICE[price_of(what)] for what, count in asked.items())
    found.append(("Questions", f"{asked.total():,} of S3, KMS, metrics, secrets", paid))

    keys, uses = len(stack.of("Key")), invocations * KEY_USES_OF_A_CALL
    found.append(("KMS", f"{keys} key, {uses:,} uses", keys * PRICE["key"] + uses * PRICE["key use"]))
    metrics, alarms = night["metrics"], watched(stack)
    paid = metrics * PRICE["metric"] + alarms * PRICE["alarm metric"]
    found.append(("CloudWatch", f"{metrics} metrics, {alarms} under alarm", paid))
    logs = (night["bytes of logs"] + invocations * BYTES_OF_A_REPORT) / 1e9
    found.append(("- logs", f"{logs * 1000:.2f} MB", logs * PRICE["log GB"]))
    mails = MAILS * len(stack.of("TopicSubscription"))
    found.append(("SNS", f"{mails} mails", mails * PRICE["mail"]))
    return found


def price_of(asked: str) -> str:
    """By what name a question is paid."""
    _, service, operation = asked.split()
    return "put" if operation in LISTS else ASKED[service]


def show(accounts: str, bills: Sequence[Bill]) -> None:
    """Ten and a thousand accounts beside each other."""

    def dollars(price: float | None) -> str:
        return f"{price:>9.4f}" if price is not None else f"{'?':>9}"

    wide = max(len(name) for name in ("US dollars a day", *(name for name, _, _ in bills[0])))
    print(f"{'US dollars a day':{wide}}{f'10 {accounts}':>48}{f'1,000 {accounts}':>55}")
    for (name, ten, cheap), (_, thousand, dear) in zip(*bills, strict=True):
        print(f"{name:{wide}}{ten:>39}{dollars(cheap)}{thousand:>46}{dollars(dear)}")
    few, many = (sum(price or 0.0 for _, _, price in bill) for bill in bills)
    print(f"{'together':{wide}}{few:>48.4f}{many:>55.4f}")


def main() -> None:
    log = io.StringIO()
    with redirect_stdout(log):
        one, two = counted(1, log), counted(2, log)
    stack = deployed()
    nights = [line(one, two, accounts) for accounts in (10, 1000)]
    show("accounts", [bill(night, stack) for night in nights])
    for accounts, night in zip((10, 1000), nights, strict=True):
        looks, own = night["looks"], sum(count for name, count in night.items() if name.startswith("own "))
        invocations = sum(night[f"{step} invocations"] for step in AT_ONCE)
        # Who takes on a role is told to both accounts, and so is each use of the key.
        events, data = looks + night["roles taken on"] + invocations * KEY_USES_OF_A_CALL, own + invocations
        print(f"\n{accounts:,} accounts: {looks:,} calls that look into them, in {minutes(night, stack):.1f} minutes")
        print(f"- {events:,} management events: {events * PRICE['event']:.4f} dollars for each copy but the first")
        print(f"- {data:,} data events, where a trail keeps them: {data * PRICE['data event']:.4f} dollars")
    further = two - one
    of_services: Amounts = Counter()
    for name in further:
        if name.startswith("asks "):
            of_services[name.split()[1]] += further[name]
    print(
        f"\nan account: {further['looks']:,} calls that look into it, in {seconds_of('collect', further, stack):.0f} s"
    )
    print("- " + ", ".join(f"{service} {count:,}" for service, count in of_services.most_common()))


if __name__ == "__main__":
    main()
