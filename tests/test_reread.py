"""An inventory that was kept is judged again as the scan judged what it saw."""

import io
import json
from datetime import timedelta

import msgspec
import pytest
from msgspec.structs import replace

from core_cases import (
    BACKUP_IN_INDIA,
    HERE,
    LOGS_IN_INDIA,
    MUMBAI,
    NOON,
    ONLY_IN_INDIA,
    ORGANISATION,
    PAYMENTS,
    SINGAPORE,
    TODAY,
    VOCABULARY,
    arn,
    classified,
    copied,
    gap,
    holder,
    later,
    look,
    looks_at,
    rule,
    world,
)
from domicile.inventory import Line, lines
from domicile.judge import judge
from domicile.model import (
    NEVER_EXPIRES,
    Applies,
    ClassEvidence,
    Classification,
    Classify,
    Dataset,
    DatasetDeclaration,
    DeclaredCopy,
    GapRow,
    Limit,
    Location,
    Looks,
    Loosening,
    NameRule,
    Obligation,
    Placement,
    Scope,
    When,
)
from domicile.report.formats import write
from domicile.reread import left_out, looks_of, reread

ANYONE = Applies(classes=("ANY",), origins=("ANY",), actors=("ANY",))
LOGS = Applies(classes=("logs.*",), origins=("ANY",), actors=("ANY",))
COPY_IN_INDIA = Obligation(kind="copy_in", places=("IN",), copies=("primary", "replica"))
RULES = (
    rule(),
    rule(COPY_IN_INDIA, BACKUP_IN_INDIA, Obligation(kind="encrypted", cmk=True, keys_in=("IN",)), id="asks-much"),
    rule(LOGS_IN_INDIA, id="logs", applies=LOGS),
    rule(replace(ONLY_IN_INDIA, when=When(not_tags=("cross_border",))), id="at-home"),
    rule(replace(ONLY_IN_INDIA, when=When(min_subjects=1000)), id="many"),
    rule(
        Obligation(kind="disclose_location", to="board"),
        Obligation(kind="attest", id="letter"),
        id="told",
        applies=ANYONE,
    ),
    rule(Obligation(kind="no_such_data", classes=("payment.*",)), id="none", applies=ANYONE),
)

HOME, ABROAD = holder("ledger", tags=PAYMENTS), holder("ledger", SINGAPORE, tags=PAYMENTS)
REPLICA = holder("ledger-copy", SINGAPORE)
SNAPSHOTS = [holder(f"night-{age}", SINGAPORE, "snapshot", created_at=NOON - timedelta(days=age)) for age in range(3)]
BACKUP = holder("point", MUMBAI, "recovery-point", created_at=NOON - timedelta(hours=3))
CENTRAL = holder("central", SINGAPORE, "bucket")
ORDERS, CLAIMS = (holder(name, MUMBAI, "bucket", tags=PAYMENTS) for name in ("orders", "claims"))
LOGGED = holder("app", kind="log-group", tags={"data": "logs.ict"}, retention_days=NEVER_EXPIRES)

WORLDS = {
    "a breach beside what is fine": [HOME, REPLICA, copied(HOME, REPLICA, "read-replica")],
    "a set of copies that rotate": [HOME, *SNAPSHOTS, *(copied(HOME, one, "snapshot-taken") for one in SNAPSHOTS)],
    "a fresh backup": [ABROAD, BACKUP, copied(ABROAD, BACKUP, "recovery-point")],
    "a shared holder": [ORDERS, CLAIMS, CENTRAL, copied(ORDERS, CENTRAL), copied(CLAIMS, CENTRAL)],
    "some of the data": [ORDERS, CENTRAL, copied(ORDERS, CENTRAL, partial=True)],
    "an implied copy": [ABROAD, copied(ABROAD, "", "geo-redundancy", location=HOME.location, account=HERE)],
    "logs that are kept for ever": [LOGGED],
    "nothing said": [replace(ABROAD, tags={})],
    "a name only": [holder("pay-cards", SINGAPORE)],
    "a key of its own": [replace(HOME, cmk=True)],
    "no known country": [holder("lost", "nowhere-1", tags=PAYMENTS)],
}

LOOSENED = DatasetDeclaration(
    id="cards", resources=(ABROAD.id,), classes=("payment.card",), origin=("IN",), subjects=500,
    copies=(DeclaredCopy(name="saas", kind="export", country="US", e2e=True),),
    loosen=Loosening(facts=("cross_border",), owner="o", reason="r", approver="a", until=later(9)),
)  # fmt: skip
COUNTED = DatasetDeclaration(
    id="counts", resources=(ABROAD.id,),
    loosen=Loosening(declassify=("payment.*",), owner="o", reason="r", approver="a", until=later(9)),
)  # fmt: skip
ORGANISATIONS = {
    "as it is": replace(
        ORGANISATION, classify=Classify(ORGANISATION.classify.tags, names=(NameRule("pay-*", ("payment.card",)),))
    ),
    "with facts": replace(ORGANISATION, datasets=(LOOSENED,)),
    "with classes taken away": replace(ORGANISATION, datasets=(COUNTED,)),
}


def kept(datasets, classifications):
    """What lies in a file of lines afterwards."""
    stream = io.StringIO()
    write(lines(datasets, classifications, NOON), "jsonl", stream)
    records = [json.loads(line) for line in stream.getvalue().splitlines()]
    for record in records:
        if record["retention_days"] == "never":
            record["retention_days"] = NEVER_EXPIRES
    return [msgspec.convert(record, Line) for record in records]


def findings(datasets, classifications, organisation, looks):
    found = judge(
        datasets, classifications, RULES, organisation, VOCABULARY, looks, as_of=TODAY, now=NOON,
        tell=[one.id for one in RULES],
    )  # fmt: skip
    waiting = {(one.dataset.id, one.missing, one.would_break) for one in found.unclassified}
    return (
        {one.id: (one.rule, one.subject, str(one.verdict), one.account) for one in found.findings},
        waiting,
        found.worst,
    )


@pytest.mark.parametrize("organisation", ORGANISATIONS.values(), ids=ORGANISATIONS)
@pytest.mark.parametrize("sightings", WORLDS.values(), ids=WORLDS)
def test_what_was_kept_is_judged_as_what_was_seen(sightings, organisation):
    seen = world(*sightings, looks=looks_at((MUMBAI, SINGAPORE, "nowhere-1")))
    datasets, said = classified(seen, organisation)
    looks = Looks(seen.looks)
    again = reread(kept(datasets, said))
    assert findings(again.datasets, again.classifications, organisation, looks) == findings(
        datasets, said, organisation, looks
    )


WHOLE = Placement(
    subject=f"set|{ABROAD.id}|snapshot-copy|{HERE}|aws:{SINGAPORE}",
    kind="snapshot",
    location=Location("aws", SINGAPORE),
    country="SG",
    account=HERE,
    resource_id="night-2",
    resource_type="snapshot",
    resource_name="night-2",
    channel="snapshot-copy",
    caused_by="a plan",
    source_id=ABROAD.id,
    partial=True,
    copies=3,
    oldest_at=NOON - timedelta(days=3),
    newest_at=NOON,
    retention_days=7,
    cmk=False,
    key_countries=("IN", ""),
    end_to_end=True,
    held=False,
    seen_in=("aws/1/global/s3.buckets",),
)
FORGOTTEN = {"links", "source_country", "samples", "evidence"}
"""What no rule turns on."""


@pytest.mark.parametrize(
    "place",
    [
        WHOLE,
        replace(WHOLE, subject="implied|the-source|geo-redundancy|aws:x", source_id="the-source"),
        replace(WHOLE, subject="resource|declared:cards/saas", resource_id="declared:cards/saas", declared=True, source_id=""),
        replace(WHOLE, location=None, country=None, oldest_at=None, newest_at=None, retention_days=None, cmk=None, key_countries=None),
    ],
)  # fmt: skip
def test_a_place_is_read_back_with_all_that_rules_turn_on(place):
    dataset = Dataset("ledger", "aws", HERE, "ledger", (place,), ("ledger",), feeds=("central",))
    said = Classification(
        "ledger", (ClassEvidence("payment.card", "name", "pay-*"),), (ClassEvidence("IN", "tag", "o"),),
        facts=frozenset({"cross_border"}), subjects=7, entity="bank", looked=False,
        declassified=(ClassEvidence("personal.*", "declared", "why"),),
    )  # fmt: skip
    again = reread(kept([dataset], {"ledger": said}))
    [[back]] = [one.placements for one in again.datasets]
    names = [name for name in Placement.__struct_fields__ if name not in FORGOTTEN]
    assert {name: getattr(back, name) for name in names} == {name: getattr(place, name) for name in names}
    assert (again.datasets[0].feeds, again.datasets[0].account) == (("central",), HERE)
    read = again.classifications["ledger"]
    assert (read.classes, read.facts, read.subjects, read.entity) == (said.classes, said.facts, 7, "bank")
    assert (read.looked, [one.name for one in read.origins]) == (False, ["IN"])
    assert [one.name for one in read.declassified] == ["personal.*"]


def test_what_was_kept_knows_when_it_was_seen_and_in_which_clouds():
    datasets, said = classified(world(HOME), ORGANISATIONS["with facts"])
    again = reread(kept(datasets, said))
    assert again.seen_at == NOON
    assert again.clouds == ("aws",)


def row_of(missed):
    return GapRow(
        gap=missed.key,
        provider=missed.cell.provider,
        account=missed.cell.account,
        region=missed.cell.region,
        listing=missed.listing,
        resource_id=missed.resource_id,
        reason=missed.reason,
        detail=missed.detail,
        first_seen=NOON,
    )


@pytest.mark.parametrize(
    "missed",
    [
        gap(),
        gap("s3.buckets"),
        gap("rds.instances", resource_id=arn("db", "a#b@c"), part="tags"),
        gap("s3.buckets", resource_id="*", part="rules"),
    ],
)
def test_a_gap_that_was_kept_is_the_gap_that_was_found(missed):
    assert looks_of([row_of(missed)], []).gaps == (missed,)


def test_what_could_not_be_seen_then_hides_now_as_it_did():
    refused = gap("backup.points")
    seen = world(ABROAD, looks=(*looks_at(), look("backup.points", gaps=[refused], listed=False)))
    datasets, said = classified(seen)
    again = reread(kept(datasets, said))
    then = findings(datasets, said, ORGANISATION, Looks(seen.looks))
    assert findings(again.datasets, again.classifications, ORGANISATION, looks_of([row_of(refused)], [])) == then
    verdicts = {verdict for name, _, verdict, _ in then[0].values() if name == "asks-much"}
    assert "unknown" in verdicts


def test_what_is_left_out_by_choice_hides_as_well():
    scope = Scope(skip_accounts=("333333333333",), skip_regions=("ap-south-*",))
    limits = list(left_out(scope, ("aws",)))
    assert {(one.cell.account, one.cell.region) for one in limits} == {
        ("333333333333", "*"), ("*", "ap-south-1"), ("*", "ap-south-2"),
    }  # fmt: skip
    assert all(isinstance(one, Limit) and one.reason == "skipped-by-config" for one in limits)
    assert list(left_out(Scope(), ("aws", "azure"))) == []
    assert len(list(left_out(Scope(skip_services=("rds",)), ("aws",)))) == 1
