"""What becomes of a violation from scan to scan, and that nothing but proof ends it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from msgspec.structs import replace

from core_cases import (
    BACKUP_IN_INDIA,
    BANK,
    HERE,
    LOGS_IN_INDIA,
    MUMBAI,
    NOON,
    ORGANISATION,
    PAYMENTS,
    SINGAPORE,
    THERE,
    TODAY,
    VIRGINIA,
    History,
    copied,
    gap,
    holder,
    later,
    look,
    looks_at,
    rule,
    world,
)
from domicile.judge import violation_id
from domicile.model import (
    Account,
    Applies,
    Cell,
    Classify,
    Copy,
    DatasetDeclaration,
    DeclaredCopy,
    Departed,
    Evidence,
    Exemption,
    Gap,
    Limit,
    Location,
    Loosening,
    NameRule,
    Obligation,
    Resource,
    part_of,
)
from domicile.record import ROW_SIZE, answer, rank, record_gaps

# The life of a violation. Columns: what the row was; rows: what a scan says; cells: what it is then, and what happened.
LIFE = """
                 none                open                       unconfirmed             exempted                  resolved
breached         open/opened         open/updated               open/confirmed          open/unexempted           open/reopened
muted            open/opened         open/updated               open/confirmed          open/unexempted           open/reopened
upcoming         open/opened         open/updated               open/confirmed          open/unexempted           open/reopened
exempt           exempted/exempted   exempted/exempted          exempted/exempted       exempted/updated          exempted/exempted
not-due          none/-              resolved/resolved          resolved/resolved       resolved/resolved         resolved/-
on-trial         none/-              resolved/resolved          resolved/resolved       resolved/resolved         resolved/-
not-applicable   none/-              resolved/resolved          resolved/resolved       resolved/resolved         resolved/-
undeclared       none/-              resolved/resolved          resolved/resolved       resolved/resolved         resolved/-
met              none/-              resolved/resolved          resolved/resolved       resolved/resolved         resolved/-
gone             none/-              resolved/resolved          resolved/resolved       resolved/resolved         resolved/-
departed         none/-              resolved/resolved          resolved/resolved       resolved/resolved         resolved/-
rule-dropped     none/-              resolved/resolved          resolved/resolved       resolved/resolved         resolved/-
cannot-tell      none/-              unconfirmed/unconfirmed    unconfirmed/updated     unconfirmed/unconfirmed   resolved/-
needs-signature  none/-              unconfirmed/unconfirmed    unconfirmed/updated     unconfirmed/unconfirmed   resolved/-
coverage-lost    none/-              unconfirmed/unconfirmed    unconfirmed/updated     unconfirmed/unconfirmed   resolved/-
evidence-gone    none/-              unconfirmed/unconfirmed    unconfirmed/updated     unconfirmed/unconfirmed   resolved/-
class-gone       none/-              unconfirmed/unconfirmed    unconfirmed/updated     unconfirmed/unconfirmed   resolved/-
"""


def life():
    header, *lines = [line.split() for line in LIFE.strip().splitlines()]
    for standing, *cells in lines:
        for status, cell in zip(header, cells, strict=True):
            yield status, standing, *cell.split("/")


@pytest.mark.parametrize(("status", "standing", "then", "transition"), list(life()))
def test_the_life_of_a_violation(status, standing, then, transition):
    happened = answer(None if status == "none" else status, standing)
    assert (happened.status or "none", happened.transition or "-") == (then, transition)


def test_the_table_knows_every_standing():
    from typing import get_args

    from domicile.record import Standing

    assert {standing for _, standing, _, _ in life()} == set(get_args(Standing))


VECTORS = {
    "resource|arn:aws:s3:::payments-replica": ("only_in", "9ebb2401be7c5363ae1f896fa5478724"),
    "set|arn:aws:rds:ap-south-1:111111111111:db:ledger|rds-snapshot-copy|111111111111|aws:us-east-1": (
        "only_in",
        "7c9d96980887f510077a8011fab6e371",
    ),
    "implied|/subscriptions/5/storageAccounts/pay|azure-storage-grs|azure:southindia": (
        "only_in",
        "6e2a5c8fcaa92985f7219228f544ef7f",
    ),
    "dataset|arn:aws:dynamodb:ap-south-1:111111111111:table/wallets": ("backup_in", "bd97dba73f735f5b2c3a4dd080f6dca3"),
    "logs|111111111111|logs.ict": ("logs_in", "d1dffb9d8ee4adf0b6de5721a80b4cf2"),
    "entity|bank|board_approved_system_audit_report": ("attest", "865d5f36767fe39750ed943fd40f60c1"),
    "resource|arn:aws:s3:::भुगतान-支付-🏦": ("only_in", "d7355f28af26638434c9b4f7d2a61cc4"),
}


@pytest.mark.parametrize("subject", VECTORS)
def test_the_id_of_a_row_never_changes(subject):
    """Fixed for ever: rows already kept are found by these ids."""
    keyword, expected = VECTORS[subject]
    assert violation_id("in-rbi-payment-data", keyword, subject) == expected


def test_rows_sort_worst_first_then_oldest_then_by_id():
    assert rank("critical", datetime(2026, 6, 30, 12, 0, 5, tzinfo=UTC), "ab") == "0#2026-06-30T12:00:05Z#ab"
    assert rank("low", datetime(2026, 6, 30, 12, 0, 5, 999, tzinfo=UTC), "ab") == "3#2026-06-30T12:00:05Z#ab"
    older, newer = NOON - timedelta(days=1), NOON
    ranks = [rank("critical", older, "b"), rank("critical", newer, "a"), rank("critical", newer, "b")]
    assert ranks == sorted(ranks)
    assert max(ranks) < rank("high", older, "a")


# One bucket in Mumbai with payments, and its replica in Singapore, each in an account that is looked into.
PAYMENTS_HERE = holder("payments", kind="bucket", tags=PAYMENTS)
REPLICA = holder("replica", SINGAPORE, "bucket", THERE)
REPLICATION = copied(PAYMENTS_HERE, REPLICA)
BREACH = (PAYMENTS_HERE, REPLICA, REPLICATION)
SUBJECT = f"resource|{REPLICA.id}"

# A bucket in Singapore that says of itself what it holds.
TAGGED_ABROAD = holder("payments", SINGAPORE, "bucket", tags=PAYMENTS)


def breached(*sightings, **more) -> History:
    history = History()
    assert history.scan(world(*(sightings or BREACH), **more)) == ["opened"]
    return history


def without(*missing, looks=None):
    """The looks of a full scan, but not into these."""
    return tuple(one for one in (looks or looks_at()) if one.key not in missing)


def refused(*denied: Gap):
    """The looks of a full scan, with these refused."""
    keys = {f"{one.cell}/{one.listing}" for one in denied}
    return (
        *without(*keys),
        *(look(one.listing, one.cell.region, one.cell.account, listed=bool(one.part), gaps=[one]) for one in denied),
    )


def test_a_breach_opens_a_row_that_says_what_where_and_why():
    row = breached().row
    assert (row.status, row.verdict, row.severity) == ("open", "violation", "critical")
    assert (row.subject, row.account, row.region, row.country) == (SUBJECT, THERE, SINGAPORE, "SG")
    assert (row.dataset_id, row.root_region, row.root_country) == (PAYMENTS_HERE.id, MUMBAI, "IN")
    assert (row.kind, row.channel, row.caused_by) == ("replica", "replication", REPLICATION.caused_by)
    assert row.account_name == "archive"
    assert row.classes == ("payment.transaction",)
    assert row.because == (
        "The replica replica is in Singapore (ap-southeast-1); only India is allowed. "
        "Found by inventory; not a legal determination. The rule binds since 2020-01-01."
    )
    assert row.remedy == "Delete the replication rule, then the replicas."
    assert (row.first_seen, row.opened_at, row.times_opened) == (NOON, NOON, 1)
    assert {one for one in row.seen_in if "#" in one} == {REPLICATION.look}
    assert REPLICA.look in row.seen_in


def test_a_scan_that_finds_the_same_writes_nothing():
    history = breached()
    assert history.scan(world(*BREACH), as_of=later(1)) == []


def test_what_moves_by_itself_is_no_change():
    """Size, age, a display name and the wording of evidence: none of them is a reason to write."""
    history = breached()
    grown = replace(REPLICA, name="renamed", created_at=NOON, newest_at=NOON)
    assert history.scan(world(PAYMENTS_HERE, grown, REPLICATION), as_of=later(1)) == []


def test_a_change_that_tells_something_is_written_once():
    history = breached()
    elsewhere = replace(REPLICATION, caused_by="another rule")
    assert history.scan(world(PAYMENTS_HERE, REPLICA, elsewhere), as_of=later(1)) == ["updated"]
    assert history.row.caused_by == "another rule"
    assert history.row.opened_at == NOON
    assert history.scan(world(PAYMENTS_HERE, REPLICA, elsewhere), as_of=later(2)) == []


# What is gone, and what only was not seen.


def test_a_copy_deleted_with_its_rule_is_resolved_when_its_holder_was_looked_at_in_full():
    history = breached()
    assert history.scan(world(PAYMENTS_HERE), as_of=later(1)) == ["resolved"]
    assert (history.row.status, history.row.resolved_by) == ("resolved", "gone")
    assert history.row.resolved_at == NOON + timedelta(days=1)


def test_a_copy_moved_to_where_it_may_be_is_resolved():
    history = breached()
    moved = replace(REPLICA, location=Location("aws", MUMBAI))
    link = replace(REPLICATION, location=Location("aws", MUMBAI))
    assert history.scan(world(PAYMENTS_HERE, moved, link), as_of=later(1)) == ["resolved"]
    assert history.row.resolved_by == "met"


def test_a_rule_deleted_proves_nothing_about_the_copies_it_made():
    history = breached()
    assert history.scan(world(PAYMENTS_HERE, REPLICA), as_of=later(1)) == ["unconfirmed"]
    assert history.row.status_because.startswith("evidence-gone: ")
    assert history.scan(world(PAYMENTS_HERE, REPLICA), as_of=later(2)) == []
    assert history.scan(world(PAYMENTS_HERE), as_of=later(3)) == ["resolved"]


def test_what_left_a_row_unconfirmed_is_kept_up_to_date():
    history = breached()
    history.scan(world(PAYMENTS_HERE, REPLICA), as_of=later(1))
    assert history.scan(world(PAYMENTS_HERE, looks=refused(REFUSALS["the holder's listing"]))) == ["updated"]
    assert history.row.status_because.startswith("coverage-lost: ")


def test_what_moved_home_is_resolved_though_its_dataset_is_another_now():
    upstream = holder("upstream", kind="bucket", tags=PAYMENTS)
    history = breached(TAGGED_ABROAD)
    home = replace(TAGGED_ABROAD, location=Location("aws", MUMBAI))
    assert history.scan(world(upstream, home, copied(upstream, home)), as_of=later(1)) == ["resolved"]
    assert history.row.resolved_by == "met"


def test_what_nobody_classified_beside_it_keeps_no_row_open():
    history = breached()
    unknown = holder("unknown", SINGAPORE, "bucket", THERE)
    assert history.scan(world(PAYMENTS_HERE, unknown), as_of=later(1)) == ["resolved"]


def test_a_rule_deleted_proves_nothing_about_a_target_that_was_never_looked_at():
    partner = "999999999999"
    target = copied(PAYMENTS_HERE, "arn:aws:s3:::partner", location=Location("aws", SINGAPORE), account=partner)
    history = breached(PAYMENTS_HERE, target)
    assert history.row.account == partner
    assert history.scan(world(PAYMENTS_HERE), as_of=later(1)) == ["unconfirmed"]
    assert history.row.status_because.startswith("evidence-gone: ")
    assert history.scan(world(), as_of=later(2)) == []


def test_a_target_of_which_the_cloud_says_that_there_is_none_is_resolved_though_nobody_looked_at_it():
    target = copied(PAYMENTS_HERE, "arn:aws:s3:::partner", location=Location("aws", SINGAPORE))
    history = breached(PAYMENTS_HERE, target)
    unknown = copied(PAYMENTS_HERE, "arn:aws:s3:::partner")
    assert history.scan(world(PAYMENTS_HERE, unknown, gone=frozenset({unknown.id})), as_of=later(1)) == ["resolved"]
    assert history.row.status_because.startswith("gone: ")


def test_a_promoted_read_replica_that_still_stands_is_not_resolved():
    primary, reader = holder("ledger", tags=PAYMENTS), holder("reader", SINGAPORE)
    history = breached(primary, reader, copied(primary, reader, "read-replica", look=reader.look))
    assert history.scan(world(primary, reader), as_of=later(1)) == ["unconfirmed"]
    assert history.row.status_because.startswith("evidence-gone: ")


def test_a_promoted_read_replica_that_carries_its_own_class_stays_open():
    primary, reader = holder("ledger", tags=PAYMENTS), holder("reader", SINGAPORE, tags=PAYMENTS)
    history = breached(primary, reader, copied(primary, reader, "read-replica", look=reader.look))
    assert history.scan(world(primary, reader), as_of=later(1)) == ["updated"]
    assert (history.row.status, history.row.channel, history.row.times_opened) == ("open", "", 1)


def test_a_link_further_up_that_vanished_proves_nothing_either():
    """The file says that A holds payments, A is copied to B, and B to C abroad. Then A is copied to B no more."""
    first, second, third = holder("a"), holder("b"), holder("c", SINGAPORE)
    links = copied(first, second, "read-replica"), copied(second, third, "read-replica")
    stated = DatasetDeclaration(id="a", resources=(first.id,), classes=("payment.card",), subjects=5)
    organisation = replace(ORGANISATION, datasets=(stated,))
    history = History()
    assert history.scan(world(first, second, third, *links), organisation=organisation) == ["opened"]
    after = world(first, second, third, links[1])
    assert history.scan(after, organisation=organisation, as_of=later(1)) == ["unconfirmed"]


REFUSALS = {
    "the holder's listing": gap("s3.buckets", SINGAPORE, THERE),
    "the source's listing": gap("s3.buckets"),
    "the tags of the source": gap("tags.resources"),
    "the tags of the holder": gap("tags.resources", SINGAPORE, THERE),
    "the rules of the source": gap("s3.buckets", resource_id=PAYMENTS_HERE.id, part="links"),
}


@pytest.mark.parametrize("denied", REFUSALS.values(), ids=REFUSALS)
def test_nothing_is_resolved_while_one_look_behind_it_is_refused(denied):
    for remains in ((), (PAYMENTS_HERE,)):
        history = breached()
        assert history.scan(world(*remains, looks=refused(denied)), as_of=later(1)) == ["unconfirmed"]
        assert history.row.status_because.startswith("coverage-lost: ")
        assert history.row.changed_because == "coverage"


@pytest.mark.parametrize("denied", [one for one in REFUSALS.values() if not one.part], ids=str)
def test_nothing_is_resolved_while_one_look_behind_it_was_not_had(denied):
    history = breached()
    assert history.scan(world(looks=without(denied.key)), as_of=later(1)) == ["unconfirmed"]


def test_a_refusal_about_something_else_stands_in_nobodys_way():
    history = breached()
    denied = gap("rds.instances", VIRGINIA)
    assert history.scan(world(PAYMENTS_HERE, looks=(*looks_at(), look("x", gaps=[denied]))), as_of=later(1)) == [
        "resolved"
    ]


def test_what_is_seen_again_after_a_refusal_is_confirmed():
    history = breached()
    history.scan(world(PAYMENTS_HERE, looks=refused(REFUSALS["the holder's listing"])), as_of=later(1))
    assert history.scan(world(*BREACH), as_of=later(2)) == ["confirmed"]
    assert (history.row.status, history.row.changed_because) == ("open", "coverage")
    assert (history.row.opened_at, history.row.times_opened) == (NOON, 1)


def test_what_comes_back_is_reopened_and_counted():
    history = breached()
    history.scan(world(PAYMENTS_HERE), as_of=later(1))
    assert history.scan(world(*BREACH), as_of=later(2)) == ["reopened"]
    row = history.row
    assert (row.times_opened, row.first_seen, row.opened_at) == (2, NOON, NOON + timedelta(days=2))
    assert (row.resolved_at, row.resolved_by) == (None, "")
    assert row.rank == rank("critical", row.opened_at, row.violation_id)


# Copies without a resource of their own.


def test_a_geo_redundant_copy_is_resolved_by_a_full_look_at_its_source():
    redundant = copied(
        PAYMENTS_HERE, "", "geo-redundancy", location=Location("aws", SINGAPORE), look=PAYMENTS_HERE.look
    )
    history = breached(PAYMENTS_HERE, redundant)
    assert history.row.subject == f"implied|{PAYMENTS_HERE.id}|geo-redundancy|aws:{SINGAPORE}"
    assert history.row.account == HERE
    assert history.scan(world(looks=refused(gap("s3.buckets"))), as_of=later(1)) == ["unconfirmed"]
    assert history.scan(world(PAYMENTS_HERE), as_of=later(2)) == ["resolved"]


# Copies that rotate.


def nightly(night: int, *, source: bool = True):
    """The database, two nights' snapshots at home and abroad; the older ones at home are gone already."""
    database = holder("ledger", tags=PAYMENTS)
    sightings = [database] if source else []
    for one in (night - 1, night):
        at = NOON + timedelta(days=one)
        home = holder(f"home-{one}", kind="snapshot", created_at=at, taken_of=database.id)
        abroad = holder(f"abroad-{one}", SINGAPORE, "snapshot", created_at=at, taken_of=database.id)
        if one == night:
            sightings += [home, copied(database, home, "snapshot-taken", look=home.look)]
        sightings += [
            abroad,
            copied(home.id, abroad, "snapshot-copy", look=part_of(abroad.look, "origin", abroad.id), caused_by=""),
        ]
    return world(*sightings)


def test_nightly_rotation_opens_and_closes_and_writes_nothing():
    history = History()
    assert history.scan(nightly(0)) == ["opened"]
    row = history.row
    database = holder("ledger").id
    assert row.subject == f"set|{database}|snapshot-copy|{HERE}|aws:{SINGAPORE}"
    assert (row.copies, row.oldest_at, row.newest_at) == (2, NOON - timedelta(days=1), NOON)
    for night in range(1, 10):
        assert history.scan(nightly(night), as_of=later(night)) == []


def test_snapshots_abroad_stay_the_same_row_when_all_they_came_from_is_gone():
    history = History()
    history.scan(nightly(0))
    assert history.scan(nightly(1, source=False), as_of=later(1)) == ["unconfirmed"]
    assert history.row.status_because.startswith("class-gone: ")


def test_a_question_refused_for_one_of_many_copies_keeps_the_set_from_being_resolved():
    history = History()
    history.scan(nightly(0))
    denied = gap("rds.snapshots", SINGAPORE, resource_id="another snapshot", part="origin")
    assert history.scan(world(looks=refused(denied)), as_of=later(1)) == ["unconfirmed"]
    assert history.scan(world(), as_of=later(2)) == ["resolved"]


def test_copies_that_are_known_by_another_channel_now_are_not_gone():
    """What joined them to the database is told no more; the copies stand where they stood."""
    database = holder("ledger", tags=PAYMENTS)
    copy = holder("copy", SINGAPORE, "snapshot", taken_of=database.id)
    history = breached(database, copy, copied(database, copy, "snapshot-copy", look=copy.look))
    history.scan(world(database, copy), as_of=later(1))
    linked = history.about(f"set|{database.id}|snapshot-copy|{HERE}|aws:{SINGAPORE}")
    assert (linked.status, linked.status_because.partition(":")[0]) == ("unconfirmed", "evidence-gone")
    history.scan(world(database), as_of=later(2))
    assert {row.status for row in history.rows.values()} == {"resolved"}


def test_copies_made_some_other_way_in_the_same_place_are_other_copies():
    database = holder("ledger", tags=PAYMENTS)
    copy = holder("copy", SINGAPORE, "snapshot", taken_of=database.id)
    point = holder("point", SINGAPORE, "recovery-point", taken_of=database.id)
    taken = copied(database, copy, "snapshot-copy", look=copy.look)
    backed_up = copied(database, point, "recovery-point", look=point.look)
    history = History()
    assert history.scan(world(database, copy, point, taken, backed_up)) == ["opened", "opened"]
    history.scan(world(database, point, backed_up))
    assert {row.channel: row.status for row in history.rows.values()} == {
        "snapshot-copy": "resolved",
        "recovery-point": "open",
    }


def test_a_set_is_not_gone_while_anything_in_its_place_cannot_be_seen():
    history = History()
    history.scan(nightly(0))
    elsewhere, there = gap("backup.points"), gap("backup.points", SINGAPORE)
    assert history.scan(world(looks=refused(there)), as_of=later(1)) == ["unconfirmed"]
    assert history.scan(world(looks=refused(elsewhere)), as_of=later(2)) == ["resolved"]


# Classes.


def test_a_tag_removed_resolves_nothing():
    history = breached(TAGGED_ABROAD)
    for tags in ({}, {"data": "x.telemetry"}):
        history.scan(world(replace(TAGGED_ABROAD, tags=tags)), as_of=later(1))
        assert history.row.status == "unconfirmed"
        assert history.row.status_because.startswith("class-gone: ")


def test_the_organisation_file_takes_a_class_away():
    history = breached(TAGGED_ABROAD)
    loosen = Loosening(
        declassify=("payment.*",), owner="o", reason="Tokens only.", approver="the board", until=later(30)
    )
    said = DatasetDeclaration(id="tokens", resources=(TAGGED_ABROAD.id,), loosen=loosen)
    organisation = replace(ORGANISATION, datasets=(said,))
    assert history.scan(world(TAGGED_ABROAD), organisation=organisation, as_of=later(1)) == ["resolved"]
    assert history.scan(world(TAGGED_ABROAD), organisation=organisation, as_of=later(31)) == ["reopened"]


def test_the_organisation_file_may_take_away_what_a_removed_tag_left_unconfirmed():
    history = breached(TAGGED_ABROAD)
    bare = replace(TAGGED_ABROAD, tags={})
    history.scan(world(bare), as_of=later(1))
    loosen = Loosening(declassify=("payment.*",), owner="o", reason="r", approver="a", until=later(30))
    said = DatasetDeclaration(id="x", resources=(bare.id,), classes=("x.telemetry",), loosen=loosen)
    assert history.scan(world(bare), organisation=replace(ORGANISATION, datasets=(said,)), as_of=later(2)) == [
        "resolved"
    ]


def test_a_declaration_corrected_in_the_file_is_enough():
    said = DatasetDeclaration(id="x", resources=(TAGGED_ABROAD.id,), classes=("payment.card",))
    corrected = replace(said, classes=("x.telemetry",))
    bare = replace(TAGGED_ABROAD, tags={})
    history = History()
    history.scan(world(bare), organisation=replace(ORGANISATION, datasets=(said,)))
    after = replace(ORGANISATION, datasets=(corrected,))
    assert history.scan(world(bare), organisation=after, as_of=later(1)) == ["resolved"]


def test_a_declaration_merely_removed_leaves_a_question():
    said = DatasetDeclaration(id="x", resources=(TAGGED_ABROAD.id,), classes=("payment.card",))
    bare = replace(TAGGED_ABROAD, tags={})
    history = History()
    history.scan(world(bare), organisation=replace(ORGANISATION, datasets=(said,)))
    assert history.scan(world(bare), as_of=later(1)) == ["unconfirmed"]
    assert history.row.status_because.startswith("class-gone: ")


def test_a_class_that_only_a_name_suggests_opens_no_row():
    organisation = replace(ORGANISATION, classify=Classify(names=(NameRule("pay*", classes=("payment.card",)),)))
    history = History()
    assert history.scan(world(replace(TAGGED_ABROAD, tags={})), organisation=organisation) == []


def test_a_row_whose_class_only_a_name_suggests_by_now_needs_a_look():
    organisation = replace(
        ORGANISATION,
        classify=replace(ORGANISATION.classify, names=(NameRule("pay*", classes=("payment.transaction",)),)),
    )
    history = breached(TAGGED_ABROAD)
    assert history.scan(world(replace(TAGGED_ABROAD, tags={})), organisation=organisation) == ["unconfirmed"]
    assert history.row.status_because.startswith("needs-signature: ")
    assert history.row.verdict == "review"


NO_CVV = rule(
    Obligation(kind="no_such_data", classes=("payment.credential",)),
    applies=Applies(classes=("ANY",), origins=("ANY",), actors=("ANY",)),
)


def test_data_that_must_not_exist_is_not_gone_with_its_tag():
    history = History()
    stored = replace(TAGGED_ABROAD, tags={"data": "payment.credential payment.card"})
    assert history.scan(world(stored), NO_CVV) == ["opened"]
    assert history.row.classes == ("payment.credential",)
    fewer = replace(TAGGED_ABROAD, tags={"data": "payment.card"})
    assert history.scan(world(fewer), NO_CVV, as_of=later(1)) == ["unconfirmed"]
    assert history.row.status_because.startswith("class-gone: ")
    assert history.scan(world(), NO_CVV, as_of=later(2)) == ["resolved"]


# What must exist somewhere: the dataset is the subject.

LEDGER = holder("ledger", tags=PAYMENTS, created_at=NOON - timedelta(days=400))
BACKED_UP = rule(BACKUP_IN_INDIA)


def backup_of(database, at=NOON):
    point = holder("point", kind="recovery-point", created_at=at, taken_of=database.id)
    return point, copied(database, point, "recovery-point", look=point.look)


def test_a_missing_backup_is_one_row_until_there_is_one():
    history = History()
    assert history.scan(world(LEDGER), BACKED_UP) == ["opened"]
    assert (history.row.subject, history.row.severity) == (f"dataset|{LEDGER.id}", "high")
    assert history.scan(world(LEDGER, *backup_of(LEDGER)), BACKED_UP) == ["resolved"]


def test_a_missing_backup_that_a_refusal_could_hide_is_not_known():
    history = History()
    history.scan(world(LEDGER), BACKED_UP)
    denied = gap("backup.points")
    assert history.scan(world(LEDGER, looks=refused(denied)), BACKED_UP, as_of=later(1)) == ["unconfirmed"]
    assert history.row.status_because.startswith("cannot-tell: ")
    assert history.scan(world(LEDGER), BACKED_UP, as_of=later(2)) == ["confirmed"]


def test_a_dataset_that_is_gone_takes_its_row_with_it_on_proof_only():
    history = History()
    history.scan(world(LEDGER), BACKED_UP)
    assert history.scan(world(looks=refused(gap("rds.instances"))), BACKED_UP) == ["unconfirmed"]
    assert history.scan(world(), BACKED_UP) == ["resolved"]


def test_a_dataset_is_not_gone_while_any_place_may_hold_what_it_left():
    history = History()
    history.scan(world(LEDGER), BACKED_UP)
    assert history.scan(world(looks=refused(gap("rds.snapshots", SINGAPORE, THERE))), BACKED_UP) == ["unconfirmed"]
    assert history.row.status_because.startswith("coverage-lost: ")
    assert history.scan(world(), BACKED_UP) == ["resolved"]


def test_a_new_upstream_moves_the_row_of_a_dataset_without_a_notice():
    primary = holder("aaa", tags=PAYMENTS, created_at=NOON - timedelta(days=900))
    history = History()
    history.scan(world(LEDGER), BACKED_UP)
    opened = history.row
    after = world(primary, LEDGER, copied(primary, LEDGER, "read-replica"))
    assert history.scan(after, BACKED_UP, as_of=later(1)) == ["moved", "moved"]
    left, arrived = history.about(f"dataset|{LEDGER.id}"), history.about(f"dataset|{primary.id}")
    assert (left.status, left.resolved_by) == ("resolved", "moved")
    assert (arrived.status, arrived.moved_from) == ("open", opened.violation_id)
    assert (arrived.first_seen, arrived.opened_at, arrived.times_opened) == (opened.first_seen, opened.opened_at, 1)
    assert arrived.violation_id == violation_id("rule", "backup_in", f"dataset|{primary.id}")
    assert arrived.rank.endswith(arrived.violation_id)
    assert history.scan(after, BACKED_UP, as_of=later(2)) == []


def test_two_datasets_that_become_one_become_one_row():
    primary = holder("aaa", tags=PAYMENTS, created_at=NOON - timedelta(days=900))
    history = History()
    history.scan(world(primary), BACKED_UP)
    kept = history.row
    history.scan(world(primary, LEDGER), BACKED_UP, as_of=later(1))
    after = world(primary, LEDGER, copied(primary, LEDGER, "read-replica"))
    assert history.scan(after, BACKED_UP, as_of=later(2)) == ["moved", "moved"]
    assert history.about(f"dataset|{LEDGER.id}").status == "resolved"
    row = history.about(f"dataset|{primary.id}")
    assert (row.status, row.opened_at, row.moved_from) == ("open", kept.opened_at, "")
    assert history.scan(after, BACKED_UP, as_of=later(3)) == []


def test_a_dataset_keeps_its_row_when_its_anchor_is_deleted():
    first = replace(LEDGER, created_at=NOON - timedelta(days=900))
    second = holder("second", SINGAPORE, tags=PAYMENTS, created_at=NOON)
    history = History()
    history.scan(world(first, second, copied(first, second, "global-table")), BACKED_UP)
    assert history.scan(world(second), BACKED_UP, as_of=later(1)) == ["moved", "moved"]
    assert history.about(f"dataset|{second.id}").status == "open"
    assert history.about(f"dataset|{second.id}").opened_at == NOON


def test_an_anchor_that_was_not_looked_at_does_not_move_its_row():
    first = replace(LEDGER, created_at=NOON - timedelta(days=900))
    second = holder("second", SINGAPORE, tags=PAYMENTS, created_at=NOON)
    history = History()
    history.scan(world(first, second, copied(first, second, "global-table")), BACKED_UP)
    history.scan(world(second, looks=refused(gap("rds.instances"))), BACKED_UP)
    assert history.about(f"dataset|{first.id}").status_because.startswith("coverage-lost: ")


def test_a_member_that_could_not_be_described_moves_no_row_and_writes_none():
    first = replace(LEDGER, created_at=NOON - timedelta(days=900))
    second = holder("second", SINGAPORE, tags=PAYMENTS, created_at=NOON)
    link = copied(first, second, "global-table")
    history = History()
    rules = (BACKED_UP, rule(id="place"))
    history.scan(world(first, second, link), *rules)
    undescribed = refused(gap("rds.instances", resource_id=first.id, part="table"))
    history.scan(world(replace(first, created_at=None), second, link, looks=undescribed), *rules, as_of=later(1))
    kept = history.about(f"dataset|{first.id}")
    assert (kept.status, kept.moved_from, kept.dataset_id) == ("unconfirmed", "", first.id)
    placed = history.about(f"resource|{second.id}")
    assert (placed.dataset_id, placed.version) == (first.id, 1)
    history.scan(world(first, second, link), *rules, as_of=later(2))
    assert history.about(f"dataset|{first.id}").status == "open"
    assert history.about(f"dataset|{first.id}").times_opened == 1


def test_a_row_that_moves_back_keeps_its_history():
    primary = holder("aaa", tags=PAYMENTS, created_at=NOON - timedelta(days=900))
    link = copied(primary, LEDGER, "read-replica")
    history = History()
    history.scan(world(LEDGER), BACKED_UP)
    history.scan(world(primary, LEDGER, link), BACKED_UP, as_of=later(1))
    assert "moved" in history.scan(world(LEDGER), BACKED_UP, as_of=later(2))
    assert history.about(f"dataset|{LEDGER.id}").status == "open"
    assert history.about(f"dataset|{LEDGER.id}").first_seen == NOON


# An account's logs.

LOGGED = {"data": "logs.ict"}
LOGS_KEPT = rule(LOGS_IN_INDIA, applies=Applies(classes=("logs.*",), origins=("ANY",), actors=("ANY",)))


def logs(name, days, **more):
    return holder(name, kind="log-group", tags=LOGGED, retention_days=days, **more)


def test_an_accounts_logs_are_one_row_however_many_stores_fall_short():
    history = History()
    assert history.scan(world(logs("a", 7), logs("b", 14), logs("c", 180)), LOGS_KEPT) == ["opened"]
    assert (history.row.subject, history.row.copies) == (f"logs|{HERE}|logs.ict", 2)
    assert history.scan(world(logs("a", 7), logs("b", 180), logs("c", 180)), LOGS_KEPT) in ([], ["updated"])
    assert history.scan(world(logs("a", 180), logs("b", 180), logs("c", 180)), LOGS_KEPT) == ["resolved"]


def test_logs_are_not_resolved_while_another_store_of_theirs_cannot_be_seen():
    elsewhere = logs("z", 7, region=SINGAPORE)
    history = History()
    history.scan(world(logs("a", 7), elsewhere), LOGS_KEPT)
    fixed = logs("a", 180)
    assert history.scan(world(fixed, looks=refused(gap("logs.groups", SINGAPORE))), LOGS_KEPT) == ["unconfirmed"]


def test_logs_are_not_resolved_while_a_region_where_none_were_known_cannot_be_seen():
    history = History()
    history.scan(world(logs("a", 7)), LOGS_KEPT)
    after = world(logs("a", 180), looks=refused(gap("logs.groups", SINGAPORE)))
    assert history.scan(after, LOGS_KEPT) == ["unconfirmed"]
    assert history.scan(world(logs("a", 180)), LOGS_KEPT) == ["resolved"]


def test_logs_that_lost_their_tag_are_not_resolved_by_those_that_kept_it():
    history = History()
    history.scan(world(logs("a", 7), logs("b", 180)), LOGS_KEPT)
    bare = replace(logs("a", 7), tags={})
    assert history.scan(world(bare, logs("b", 180)), LOGS_KEPT) == ["unconfirmed"]
    assert history.row.status_because.startswith("class-gone: ")


# Rules come and go.


def test_a_rule_no_longer_adopted_resolves_its_rows():
    history = breached()
    assert history.scan(world(*BREACH), rule(id="another"), as_of=later(1))
    row = next(row for row in history.rows.values() if row.rule == "rule")
    assert (row.status, row.resolved_by, row.changed_because) == ("resolved", "rule-dropped", "rules")


def test_a_rule_on_trial_keeps_no_rows():
    history = History()
    assert history.scan(world(*BREACH), rule(trial=True)) == []
    exempt = Exemption(
        id="e", rule="rule", resource=REPLICA.id, basis="not_applicable", owner="o", reason="r.", approver="a",
        since=TODAY, until=later(30),
    )  # fmt: skip
    assert (
        history.scan(world(*BREACH), rule(trial=True), organisation=replace(ORGANISATION, exemptions=(exempt,))) == []
    )


def test_a_rule_put_on_trial_resolves_its_rows():
    history = breached()
    assert history.scan(world(*BREACH), rule(trial=True), as_of=later(1)) == ["resolved"]
    assert history.row.resolved_by == "on-trial"
    assert "not seen to move" in history.row.status_because


@pytest.mark.parametrize("status", ["draft", "lapsed", "abeyance", "superseded"])
def test_a_rule_that_does_not_bind_keeps_no_rows(status):
    assert History().scan(world(*BREACH), rule(status=status)) == []
    history = breached()
    assert history.scan(world(*BREACH), rule(status=status), as_of=later(1)) == ["resolved"]


def test_a_rule_past_its_end_resolves_its_rows():
    ending = rule(enforce_until=later(5))
    history = History()
    assert history.scan(world(*BREACH), ending) == ["opened"]
    assert history.scan(world(*BREACH), ending, as_of=later(5)) == []
    assert history.scan(world(*BREACH), ending, as_of=later(6)) == ["resolved"]


def test_a_duty_to_come_is_a_row_ninety_days_ahead_and_begins_on_its_day():
    coming = rule(enforce_from=later(100))
    history = History()
    assert history.scan(world(*BREACH), coming, as_of=later(9)) == []
    assert history.scan(world(*BREACH), coming, as_of=later(10)) == ["opened"]
    assert (history.row.status, history.row.verdict) == ("open", "upcoming")
    assert history.row.because.startswith(f"From {later(100)} on: ")
    assert history.scan(world(*BREACH), coming, as_of=later(99)) == []
    assert history.scan(world(*BREACH), coming, as_of=later(100)) == ["begun"]
    assert (history.row.status, history.row.verdict, history.row.times_opened) == ("open", "violation", 1)
    assert history.row.changed_because == "rules"


def test_a_new_version_of_a_rule_updates_its_rows():
    history = breached()
    assert history.scan(world(*BREACH), rule(version=2), as_of=later(1)) == ["updated"]


def test_what_changed_besides_the_data_is_named():
    history = History()
    history.scan(world(PAYMENTS_HERE), digests={"rules": "1", "config": "1", "engine": "1"})
    history.scan(world(*BREACH), digests={"rules": "1", "config": "2", "engine": "1"})
    assert history.row.changed_because == "config"
    history.scan(world(PAYMENTS_HERE), digests={"rules": "1", "config": "2", "engine": "1"})
    assert history.row.changed_because == "data"


# Exemptions.


def exempted(basis="approved_by_regulator", **more):
    fields = {
        "id": "letter-7", "rule": "rule", "resource": REPLICA.id, "basis": basis, "owner": "o", "reason": "A letter.",
        "approver": "a", "since": TODAY, "until": later(30),
    }  # fmt: skip
    return replace(ORGANISATION, exemptions=(Exemption(**(fields | more)),))


def test_an_exemption_lasts_until_its_day_and_no_longer():
    history = breached()
    assert history.scan(world(*BREACH), organisation=exempted(), as_of=later(1)) == ["exempted"]
    assert (history.row.status, history.row.verdict, history.row.exemption_id) == ("exempted", "exempt", "letter-7")
    assert history.row.changed_because == "config"
    assert history.scan(world(*BREACH), organisation=exempted(), as_of=later(30)) == []
    assert history.scan(world(*BREACH), organisation=exempted(), as_of=later(31)) == ["unexempted"]
    assert (history.row.status, history.row.exemption_id, history.row.times_opened) == ("open", "", 1)


def test_what_is_exempt_from_the_start_is_a_row_too():
    history = History()
    assert history.scan(world(*BREACH), organisation=exempted()) == ["exempted"]
    assert (history.row.status, history.row.times_opened) == ("exempted", 1)


@pytest.mark.parametrize("basis", ["being_fixed", "accepted"])
def test_an_exemption_that_only_mutes_leaves_the_row_open_and_marked(basis):
    history = breached()
    assert history.scan(world(*BREACH), organisation=exempted(basis), as_of=later(1)) == ["updated"]
    assert (history.row.status, history.row.verdict, history.row.exemption_id) == ("open", "violation", "letter-7")
    assert history.scan(world(*BREACH), organisation=exempted(basis), as_of=later(31)) == ["unexempted"]
    assert history.row.exemption_id == ""


def test_an_exempted_copy_that_is_gone_is_resolved_on_proof_only():
    history = History()
    history.scan(world(*BREACH), organisation=exempted())
    lost = world(PAYMENTS_HERE, looks=refused(REFUSALS["the holder's listing"]))
    assert history.scan(lost, organisation=exempted()) == ["unconfirmed"]
    assert history.scan(world(PAYMENTS_HERE), organisation=exempted()) == ["resolved"]


# What can never be looked at again.


def gone_for_good(account, region="*", on=TODAY):
    entry = Departed(account=account, region=region, reason="Closed.", evidence="case 9", approver="a", on=on)
    return replace(ORGANISATION, departed=(entry,))


def lost(account):
    return tuple(one for one in looks_at() if one.cell.account != account)


def test_a_closed_account_needs_a_persons_entry():
    history = breached()
    assert history.scan(world(PAYMENTS_HERE, looks=lost(THERE)), as_of=later(1)) == ["unconfirmed"]
    after = world(PAYMENTS_HERE, looks=lost(THERE))
    for wrong in (gone_for_good(HERE), gone_for_good(THERE, VIRGINIA), gone_for_good(THERE, on=later(9))):
        assert history.scan(after, organisation=wrong, as_of=later(2)) == []
    assert history.scan(after, organisation=gone_for_good(THERE, SINGAPORE), as_of=later(3)) == ["resolved"]
    assert history.row.resolved_by == "departed"


def test_an_entry_does_not_hide_what_is_still_seen():
    history = breached()
    assert history.scan(world(*BREACH), organisation=gone_for_good(THERE), as_of=later(1)) == []


def test_a_copy_is_proven_gone_though_its_source_left_with_its_account():
    history = breached()
    after = world(looks=lost(HERE))
    assert history.scan(after, as_of=later(1)) == ["unconfirmed"]
    assert history.scan(after, organisation=gone_for_good(HERE), as_of=later(2)) == ["resolved"]
    assert history.row.resolved_by == "gone"


# Declared copies.


def declared(*copies: DeclaredCopy):
    said = DatasetDeclaration(id="crm", classes=("payment.card",), copies=copies)
    return replace(ORGANISATION, datasets=(said,))


def test_a_declared_copy_is_as_good_as_what_the_file_says():
    abroad, home = DeclaredCopy("crm-us", "primary", "US"), DeclaredCopy("crm-us", "primary", "IN")
    history = History()
    assert history.scan(world(), organisation=declared(abroad)) == ["opened"]
    assert history.row.subject == "resource|declared:crm/crm-us"
    assert history.scan(world(), organisation=declared(home)) == ["resolved"]
    assert history.scan(world(), organisation=declared(abroad)) == ["reopened"]
    assert history.scan(world(), organisation=ORGANISATION) == ["resolved"]


# More looks than a row has room for.


def many_sources(count):
    """A central bucket abroad that receives from one bucket in each of many accounts."""
    central = holder("central", SINGAPORE, "bucket", THERE)
    accounts = [f"{number:012}" for number in range(count)]
    sources = [holder(f"source-{one}", kind="bucket", account=one, tags=PAYMENTS) for one in accounts]
    looks = (*looks_at(), *looks_at((MUMBAI,), accounts))
    return central, sources, [copied(one, central) for one in sources], looks


def test_a_row_that_rests_on_very_many_looks_rests_on_its_holders_and_on_all_others():
    central, sources, links, looks = many_sources(40)
    history = History()
    assert history.scan(world(central, *sources, *links, looks=looks)) == ["opened"]
    assert history.row.seen_in == ("*", central.look)
    anywhere = look("x", VIRGINIA, gaps=[gap("x", VIRGINIA)])
    assert history.scan(world(*sources, looks=(*looks, anywhere))) == ["unconfirmed"]
    assert history.scan(world(*sources, looks=without(central.look, looks=looks))) == []
    assert history.scan(world(*sources, looks=looks)) == ["resolved"]


def test_a_row_that_rests_on_many_looks_rests_on_the_cells_they_lie_in():
    central, sources, links, looks = many_sources(12)
    history = History()
    assert history.scan(world(central, *sources, *links, looks=looks)) == ["opened"]
    assert "aws/000000000003/ap-south-1/*" in history.row.seen_in
    assert central.look in history.row.seen_in
    refused = look("s3.buckets", listed=False, account="000000000003", gaps=[gap("s3.buckets", account="000000000003")])
    others = [one for one in looks if one.key != refused.key]
    assert history.scan(world(*sources, looks=[*others, refused])) == ["unconfirmed"]
    assert history.scan(world(*sources, looks=looks)) == ["resolved"]


def test_what_was_left_out_by_choice_since_resolves_nothing():
    for count in (12, 40):
        central, sources, links, looks = many_sources(count)
        history = History()
        assert history.scan(world(central, *sources, *links, looks=looks)) == ["opened"]
        skipped = Limit(Cell("aws", THERE, SINGAPORE), "*", "skipped-by-config")
        seen = [one for one in looks if one.cell != skipped.cell]
        assert history.scan(world(*sources, looks=seen, limits=(skipped,))) == ["unconfirmed"]


OF_BANKS = Applies(classes=("payment.*",), origins=("IN",), actors=("bank_in",))


def test_an_entity_that_lost_its_role_is_no_proof_that_data_moved():
    history = breached()
    organisation = replace(ORGANISATION, entities=(replace(BANK, actors=("shop",)),))
    assert history.scan(world(*BREACH), rule(applies=OF_BANKS), organisation=organisation) == ["resolved"]
    assert history.row.resolved_by == "not-applicable"


def test_a_class_that_was_an_accounts_default_needs_an_entry_to_go():
    bare = [replace(one, tags={}) if isinstance(one, Resource) else one for one in BREACH]
    default = dict.fromkeys((HERE, THERE), ("payment.card", "books_of_account"))
    told = replace(ORGANISATION, classify=Classify(accounts=default))
    less = replace(ORGANISATION, classify=Classify(accounts=dict.fromkeys(default, ("books_of_account",))))
    history = History()
    assert history.scan(world(*bare), organisation=told) == ["opened"]
    assert history.scan(world(*bare), organisation=less) == ["unconfirmed"]
    assert history.row.status_because.startswith("class-gone")


def test_a_row_says_when_its_evidence_was_given_and_is_not_written_for_a_later_date():
    def given(at):
        evidence = Evidence("rds:Describe", "field", "value", at)
        return [replace(one, evidence=evidence) if isinstance(one, Copy) else one for one in BREACH]

    history = History()
    assert history.scan(world(*given(NOON))) == ["opened"]
    assert history.row.evidence[0].observed_at == NOON
    assert history.scan(world(*given(NOON + timedelta(days=1))), as_of=later(1)) == []


def test_another_name_of_the_account_writes_nothing():
    history = History()
    assert history.scan(world(*BREACH, accounts=(Account("aws", HERE, "pay"), Account("aws", THERE, "dr")))) == [
        "opened"
    ]
    assert history.scan(world(*BREACH, accounts=(Account("aws", HERE), Account("aws", THERE)))) == []


HOSTILE = ["x", "\x01", "支", "🏦", '"', "\\", "\ud800", "<b>"]


@pytest.mark.parametrize("letter", HOSTILE, ids=repr)
def test_hostile_names_keep_a_row_small_and_recognisable(letter):
    name = letter * 10_000
    source = holder(f"s{name}", tags={"data": f"payment.card x.{name}"})
    target = holder(f"t{name}", SINGAPORE)
    link = copied(source, target, "read-replica", caused_by=name, look=part_of(source.look, name, source.id))
    long = replace(ORGANISATION, entities=(replace(ORGANISATION.entities[0], owner=name),))
    before = world(source, target, link)
    history = History()
    assert history.scan(before, rule(instead=name, cite=(name,)), organisation=long) == ["opened"]
    row = history.row
    assert len(msgspec.json.encode(row)) <= ROW_SIZE
    assert msgspec.json.decode(msgspec.json.encode(row), type=type(row)) == row
    assert row.violation_id == violation_id("rule", "only_in", f"resource|{target.id}")
    assert history.scan(before, rule(instead=name, cite=(name,)), organisation=long) == []
    assert history.scan(world(source, target), rule(), organisation=long) == ["unconfirmed"]
    assert history.row.status_because.startswith("evidence-gone: ")
    assert len(msgspec.json.encode(history.row)) <= ROW_SIZE


def test_long_ids_stay_apart_in_rows():
    first, second = (holder("x" * 10_000 + end, SINGAPORE, tags=PAYMENTS) for end in "ab")
    history = History()
    assert history.scan(world(first, second)) == ["opened", "opened"]
    assert len({row.subject for row in history.rows.values()}) == 2
    assert history.scan(world(second)) == ["resolved"]


# Gaps are rows too.


def test_gaps_begin_end_and_change_their_reason():
    one, two = gap("rds.instances"), gap("s3.buckets", SINGAPORE)
    began = record_gaps([], [one, two], now=NOON)
    assert [(row.gap, row.first_seen, row.ended) for row in began] == [(one.key, NOON, None), (two.key, NOON, None)]
    tomorrow = NOON + timedelta(days=1)
    assert record_gaps(began, [one, two], now=tomorrow) == ()
    [ended] = record_gaps(began, [one], now=tomorrow)
    assert (ended.gap, ended.first_seen, ended.ended) == (two.key, NOON, tomorrow)
    other = Gap(one.cell, one.listing, "throttled")
    [changed] = record_gaps(began, [other, two], now=tomorrow)
    assert (changed.gap, changed.reason, changed.first_seen) == (one.key, "throttled", NOON)


def test_a_gap_that_became_part_of_a_larger_one_has_not_ended():
    narrow = [gap("rds.instances"), gap("s3.buckets", resource_id="b", part="links"), gap("x", SINGAPORE)]
    began = record_gaps([], narrow, now=NOON)
    whole = Gap(Cell("aws", HERE, MUMBAI), "*", "denied")
    rows = {row.gap: row for row in record_gaps(began, [whole], now=NOON)}
    assert set(rows) == {whole.key, narrow[2].key}
    assert rows[narrow[2].key].ended == NOON
    account = Gap(Cell("aws", HERE, "*"), "*", "role-missing")
    assert [row.gap for row in record_gaps(began, [account], now=NOON)] == [account.key]


def test_a_gap_that_comes_back_begins_anew():
    one = gap("rds.instances")
    ended = [replace(row, ended=NOON) for row in record_gaps([], [one], now=NOON)]
    [again] = record_gaps(ended, [one], now=NOON + timedelta(days=3))
    assert (again.first_seen, again.ended) == (NOON + timedelta(days=3), None)
