"""One row of a bench: what an organisation in AWS holds, how much of it is copied to another region, and how many of
these copies are where their label forbids it. Prints one JSON object.

Finds AWS by `AWS_ENDPOINT_URL` and the credentials of the management account in the environment. The regions are given,
so none are asked for; of domicile's listings those are asked that the bench counts.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from msgspec.structs import replace

from domicile import organisation, policy
from domicile.bootstrap import day_of, now
from domicile.classify import kept_tags
from domicile.collect import collect, name_of
from domicile.discover import Discovery
from domicile.model import GLOBAL, Cell, Copy, Inventory, Verdict
from domicile.providers.aws import SERVICES, vocabulary
from domicile.providers.aws.organisation import Aws
from domicile.providers.aws.session import Session
from domicile.scan import Weighed, weigh

LISTINGS: Final = {
    "backup.plans",
    "dynamodb.tables",
    "ec2.snapshots",
    "ec2.volumes",
    "efs.file-systems",
    "efs.replications",
    "rds.snapshots",
    "rds.instances",
    "s3.buckets",
    "secretsmanager.secrets",
    "tags.resources",
}
KINDS: Final = {
    "aws.s3.bucket": "s3",
    "aws.dynamodb.table": "dynamodb",
    "aws.rds.instance": "rds",
    "aws.rds.snapshot": "rds-snapshot",
    "aws.ec2.volume": "ebs",
    "aws.ec2.snapshot": "ebs-snapshot",
    "aws.efs.file-system": "efs",
    "aws.secretsmanager.secret": "secret",
}
PLAN: Final = "backup-plan"
"""Holds no data, so it is no resource; the bench counts plans, and their copy actions as copies."""
TAKEN: Final = {"ec2-snapshot", "rds-snapshot", "rds-automated-backup"}
"""Made where their source lies."""

LABEL: Final = "data-residency"
LABELS: Final = {"in": ["IN"], "sg": ["SG"], "us": ["US"], "eu": ["IE", "DE", "GB"]}
RULE: Final = """
  - id: label-{label}
    title: What is labelled {label} stays there
    cite: [the label]
    basis: V
    status: commitment
    enforce_from: 2020-01-01
    applies: {{class: x.{label}, origin: ANY, actors: ANY}}
    oblige: [{{kind: only_in, places: [{places}]}}]
    tests:
      - name: abroad
        data: {{class: x.{label}, origin: IN, actors: label}}
        copies: [{{k: primary, at: JP}}]
        expect: violation
"""
POLICY: Final = """
id: labels
title: Labels
verified: Made for a bench.
check: Nothing.
disclaimer: Made for a bench.
as_of: 2026-01-01
rules:
"""
ORGANISATION: Final = """
entities: [{id: everybody, owns: ["*"], country: IN, actors: [label]}]
classify:
  tags: [{key: data-residency, values: {in: [x.in], sg: [x.sg], us: [x.us], eu: [x.eu], global: [x.global]}}]
"""


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--role", default="BenchAudit")
    arguments.add_argument("--concurrency", type=int, default=32)
    arguments.add_argument("--steps", action="store_true", help="how long each step took, too")
    said = arguments.parse_args()
    marks = [("start", time.process_time())]

    def mark(name: str) -> None:
        marks.append((name, time.process_time()))

    pack = policy.load(POLICY + "".join(RULE.format(label=one, places=", ".join(at)) for one, at in LABELS.items()), "")
    rules = {rule.id: rule for rule in pack.rules}
    organised = organisation.load(ORGANISATION + f"policies: [{', '.join(rules)}]\n", "", rules=rules)
    services = tuple(
        replace(service, listings=wanted)
        for service in SERVICES
        if (wanted := tuple(one for one in service.listings if name_of(service, one) in LISTINGS))
    )
    mark("setup")
    with Aws(Session(role=said.role), services, vocabulary) as provider:
        mark("session")
        accounts = provider.accounts()
        regions = (GLOBAL, *os.environ["BENCH_REGIONS"].split(","))
        cells = tuple(Cell(provider.name, account.id, region) for account in accounts for region in regions)
        inventory = collect(
            provider,
            Discovery(accounts, tuple(sorted(cells))),
            keep_tags=kept_tags(organised),
            now=now(),
            concurrency=said.concurrency,
        )
        mark("collect")
    moment = now()
    weighed = weigh(
        inventory, vocabulary, organised, tuple(rules.values()), as_of=day_of(moment, organised), now=moment
    )
    mark("weigh")
    copies = dict(across(inventory))
    plans = {copy.of.partition("#")[0] for copy in inventory.copies if copy.channel == "backup-copy-action"}
    kinds = Counter(KINDS[one.type] for one in inventory.resources if one.type in KINDS)
    row = {
        "resources": sum(kinds.values()) + len(plans),
        "by_kind": dict(kinds) | ({PLAN: len(plans)} if plans else {}),
        "copies": len(copies),
        "copies_by_channel": dict(Counter(copy.channel for copy in copies.values())),
        "copies_violating": sum(1 for _ in violating(copies, weighed)),
        "errors": len(inventory.gaps) + sum(len(look.gaps) for look in inventory.looks),
        "findings": sum(finding.verdict is Verdict.VIOLATION for finding in weighed.judgement.findings),
    }
    if said.steps:
        mark("count")
        row["cpu"] = {"import": round(marks[0][1], 3)} | {
            name: round(at - before, 3) for (_, before), (name, at) in pairwise(marks)
        }
    print(json.dumps(row))


def across(inventory: Inventory) -> Iterator[tuple[tuple[str, ...], Copy]]:
    """Copies in another region than their source, each once; two replicas that write to each other are one pair."""
    where = {one.id: one.location.region for one in inventory.resources}
    for copy in inventory.copies:
        if copy.channel in TAKEN:
            continue
        here = where.get(copy.of) or copy.of.split(":")[3]
        there = copy.location.region if copy.location else where.get(copy.id, "")
        if here and here != there:
            ends = (copy.of, copy.id or f"{copy.channel} {there}")
            yield tuple(sorted(ends)) if copy.channel == "dynamodb-global-table" else ends, copy


def violating(copies: dict[tuple[str, ...], Copy], weighed: Weighed) -> Iterator[Copy]:
    """Copies whose place breaks the rule of the label that their source bears itself. What it has from further up, as a
    link of a chain, domicile judges too, and the bench does not count."""
    inventory = weighed.inventory
    labels = {one.id: one.tags[LABEL] for one in (*inventory.resources, *inventory.tags) if LABEL in one.tags}
    seen = {one.id for one in inventory.resources}
    members = weighed.judgement.members
    broken: set[tuple[object, ...]] = set()
    for finding in weighed.judgement.findings:
        place = finding.placement
        if finding.verdict is Verdict.VIOLATION and place and finding.dataset:
            broken.add((finding.rule, place.resource_id))
            broken.add((finding.rule, finding.dataset.id, place.channel, place.location))
    for copy in copies.values():
        # Moto gives some replicas of secrets another name than their source: then it is the replica's own label.
        rule = f"label-{labels.get(copy.of if copy.of in seen else copy.id)}"
        ends = (copy.of, copy.id) if copy.channel == "dynamodb-global-table" else (copy.id,)
        place_of_set = (rule, members.get(copy.of, copy.of), copy.channel, copy.location)
        if place_of_set in broken or any((rule, end) in broken for end in ends):
            yield copy


if __name__ == "__main__":
    main()
