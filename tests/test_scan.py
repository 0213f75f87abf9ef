"""Scans of a small bank, one after the other: what is refused, rotates, is deleted or repeated, and what that proves."""

from contextlib import contextmanager
from datetime import timedelta
from functools import cache

import pytest
from msgspec.structs import replace

import small_bank
from domicile import bootstrap
from domicile.demo.cloud import LocalCloud
from domicile.demo.planting import Plot
from domicile.errors import Superseded
from domicile.model import AcceptedGap, Cell, Finding, Judgement, Limit, Location, Resource, Unclassified, Verdict
from domicile.providers import aws
from domicile.scan import Exit, exit_code, survey, weigh
from domicile.stores.sqlite import SqliteStore
from small_bank import (
    ABROAD,
    ARCHIVE,
    BANK,
    CARDS,
    CLAIMS,
    COVERED,
    GROUP,
    LEDGER,
    MISSING,
    MUMBAI,
    NIGHTS,
    SINGAPORE,
    STATEMENTS,
    TODAY,
    WALLETS,
)


@pytest.fixture(scope="module", name="setup")
def what_the_bank_wrote_down(tmp_path_factory):
    return small_bank.setup_of(tmp_path_factory.mktemp("bank"))


@pytest.fixture(scope="module", name="cloud")
def a_cloud():
    with LocalCloud(enabled=small_bank.REGIONS) as cloud, pytest.MonkeyPatch.context() as patch:
        small_bank.plant(cloud)
        for name, value in cloud.environment().items():
            patch.setenv(name, value)
        yield cloud


@pytest.fixture(scope="module", name="whole")
def all_of_it(cloud, setup):
    """What a scan sees that nobody refuses anything."""
    return small_bank.look(setup)


@pytest.fixture(name="watch")
def a_watch(tmp_path, setup):
    store = SqliteStore(tmp_path / "bank.db")
    yield small_bank.Watch(store, setup)
    store.close()


def transitions(settled):
    return {change.row.subject: change.transition for change in settled.changes}


def code(watch, settled, inventory):
    weighed = watch.weigh(inventory)
    return exit_code(weighed, settled.rows, watch.setup.organisation.accepted_gaps, as_of=TODAY)


# The first scan, and the same again


def test_the_first_scan_opens_what_is_wrong_and_nothing_else(watch, whole):
    settled = watch.scan(whole)
    assert transitions(settled) == dict.fromkeys(ABROAD | MISSING, "opened")
    assert settled.previous is None
    assert code(watch, settled, whole) is Exit.VIOLATIONS


def test_a_second_scan_of_an_unchanged_organisation_writes_nothing(watch, whole, setup):
    watch.scan(whole)
    before = watch.rows
    again = small_bank.look(setup, now=small_bank.NOON + timedelta(days=1))
    settled = watch.scan(again)
    assert settled.changes == ()
    assert settled.gaps == ()
    assert watch.rows == before
    assert [len(watch.store.history(row.violation_id)) for row in before.values()] == [1] * len(before)
    assert watch.store.last_scan().scan.number == 2


def test_an_inventory_does_not_depend_on_how_many_questions_are_asked_at_once(cloud, setup, whole):
    with aws.connect(role=setup.organisation.role, attempts=1) as provider:
        assert survey(provider, setup.organisation, as_of=TODAY, now=small_bank.NOON, concurrency=1) == whole


# What rotates


@pytest.fixture(scope="module", name="a_night_later")
def after_another_night(cloud, setup, whole):
    small_bank.take_ledger(cloud, TODAY)
    small_bank.drop_ledger(cloud, TODAY - timedelta(days=NIGHTS))
    seen = small_bank.look(setup)
    small_bank.take_ledger(cloud, TODAY - timedelta(days=NIGHTS))
    small_bank.drop_ledger(cloud, TODAY)
    return seen


def test_nightly_rotation_opens_and_closes_nothing(watch, whole, a_night_later):
    assert {one.id for one in a_night_later.resources} != {one.id for one in whole.resources}
    watch.scan(whole)
    assert watch.scan(a_night_later).changes == ()


# Refusals


def without(**cases):
    return [pytest.param(*case, id=name) for name, case in cases.items()]


REFUSALS = without(
    role_of_the_bank=(lambda cloud: cloud.refuse_role(BANK), ABROAD | MISSING),
    # The rule that writes the claims to the archive is seen, and so is where its bucket lies.
    role_of_the_archive=(lambda cloud: cloud.refuse_role(ARCHIVE), MISSING),
    regions_of_an_account=(
        lambda cloud: (
            cloud.deny("account", "ListRegions"),
            cloud.deny("ec2", "DescribeRegions", account=BANK),
        ),
        ABROAD | MISSING,
    ),
    buckets=(lambda cloud: cloud.deny("s3", "ListBuckets", account=BANK), {STATEMENTS, CLAIMS, *MISSING}),
    snapshots=(lambda cloud: cloud.deny("rds", "DescribeDBSnapshots", account=BANK), {LEDGER, *MISSING}),
    # What is missing in India is not hidden by what cannot be seen in Singapore.
    snapshots_abroad=(
        lambda cloud: cloud.deny("rds", "DescribeDBSnapshots", account=BANK, region=SINGAPORE),
        {LEDGER},
    ),
    tables=(lambda cloud: cloud.deny("dynamodb", "ListTables", account=BANK), {WALLETS, *MISSING}),
    # Each side of a global table tells of the other.
    tables_abroad=(lambda cloud: cloud.deny("dynamodb", "ListTables", account=BANK, region=SINGAPORE), set()),
    databases=(lambda cloud: cloud.deny("rds", "DescribeDBInstances", account=BANK), MISSING),
    backups=(lambda cloud: cloud.deny("rds", "DescribeDBInstanceAutomatedBackups", account=BANK), MISSING),
    replication_of_one_bucket=(
        lambda cloud: cloud.deny("s3", "GetBucketReplication", resource="bank-statements"),
        {STATEMENTS},
    ),
    replication_of_every_bucket=(lambda cloud: cloud.deny("s3", "GetBucketReplication"), {STATEMENTS, CLAIMS, CARDS}),
    # Databases bring their tags with them.
    tags=(
        lambda cloud: cloud.deny("resourcegroupstaggingapi", "GetResources", account=BANK),
        {STATEMENTS, CLAIMS, WALLETS},
    ),
    # The first bucket in the list is the one with the claims.
    a_page_of_buckets=(lambda cloud: cloud.break_page("s3", "ListBuckets", account=BANK), {STATEMENTS, *MISSING}),
    throttled_tables=(
        lambda cloud: cloud.throttle("dynamodb", "ListTables", account=BANK),
        {WALLETS, *MISSING},
    ),
)


@contextmanager
def refusing(cloud, refuse):
    refuse(cloud)
    try:
        yield
    finally:
        cloud.allow()


@pytest.fixture(scope="module", name="seen_despite")
def a_look_despite_refusals(cloud, setup, whole):
    @cache
    def look(refuse):
        with refusing(cloud, refuse):
            return small_bank.look(setup)

    return look


@pytest.mark.parametrize(("refuse", "unconfirmed"), REFUSALS)
def test_a_refusal_resolves_nothing_and_invents_nothing(watch, seen_despite, whole, refuse, unconfirmed):
    refused = seen_despite(refuse)
    watch.scan(whole)
    before = watch.rows

    settled = watch.scan(refused)
    weighed = watch.weigh(refused)
    statuses = {row.subject: row.status for row in watch.rows.values()}
    assert weighed.gaps
    assert settled.gaps
    assert statuses == {subject: "unconfirmed" if subject in unconfirmed else "open" for subject in ABROAD | MISSING}
    absent = {one.subject: one.verdict for one in weighed.judgement.findings if one.keyword in ("copy_in", "backup_in")}
    assert all(absent.get(subject, Verdict.UNKNOWN) is Verdict.UNKNOWN for subject in COVERED)
    expected = Exit.NOT_PROVEN if unconfirmed == ABROAD | MISSING else Exit.VIOLATIONS
    assert code(watch, settled, refused) is expected

    back = watch.scan(whole)
    assert {row.status for row in watch.rows.values()} == {"open"}
    assert {row.times_opened for row in watch.rows.values()} == {1}
    assert set(transitions(back).values()) <= {"confirmed", "updated"}
    assert [row.opened_at for row in watch.rows.values()] == [row.opened_at for row in before.values()]
    assert watch.store.gaps() == ()
    assert all(gap.ended for gap in watch.store.gaps(ended=True))


@pytest.mark.parametrize(("refuse", "_"), REFUSALS)
def test_what_a_first_scan_is_not_shown_is_never_a_breach_by_absence(watch, seen_despite, refuse, _):
    """Not even where the copy that covers a duty is exactly what was refused."""
    opened = set(transitions(watch.scan(seen_despite(refuse))))
    assert opened <= ABROAD | MISSING


def test_a_scan_that_sees_nothing_at_all_claims_nothing(watch, cloud, setup, whole):
    with refusing(cloud, lambda cloud: [cloud.refuse_role(account) for account in (BANK, ARCHIVE)]):
        blind = small_bank.look(setup)
    watch.scan(whole)
    settled = watch.scan(blind)
    assert {row.status for row in settled.rows} == {"unconfirmed"}
    assert code(watch, settled, blind) is Exit.NOT_PROVEN


# What is really gone, and what only seems so


@pytest.fixture(scope="module", name="rule_gone")
def without_the_replication_rule(cloud, setup, whole):
    Plot(cloud, BANK).replicate("bank-statements", MUMBAI, {})
    seen = small_bank.look(setup)
    small_bank.replicate_statements(cloud)
    return seen


@pytest.fixture(scope="module", name="copy_gone")
def without_rule_and_copy(cloud, setup, whole):
    bank = Plot(cloud, BANK)
    bank.replicate("bank-statements", MUMBAI, {})
    bank.client("s3", SINGAPORE).delete_bucket(Bucket="bank-statements-abroad")
    seen = small_bank.look(setup)
    bank.bucket("bank-statements-abroad", SINGAPORE)
    small_bank.replicate_statements(cloud)
    return seen


def test_a_deleted_replication_rule_resolves_nothing(watch, whole, rule_gone):
    watch.scan(whole)
    assert transitions(watch.scan(rule_gone)) == {STATEMENTS: "unconfirmed"}
    row = watch.rows["only_in", STATEMENTS]
    assert row.status_because.startswith("evidence-gone: ")
    assert row.resolved_at is None


def test_a_deleted_copy_resolves_its_row(watch, whole, copy_gone):
    watch.scan(whole)
    assert transitions(watch.scan(copy_gone)) == {STATEMENTS: "resolved"}
    assert watch.rows["only_in", STATEMENTS].resolved_by == "gone"


def test_a_copy_deleted_after_its_rule_resolves_its_row_too(watch, whole, rule_gone, copy_gone):
    for seen in (whole, rule_gone, copy_gone):
        watch.scan(seen)
    assert watch.status()[STATEMENTS] == "resolved"
    assert [name for name, _ in watch.store.history(watch.rows["only_in", STATEMENTS].violation_id)] == [
        "opened",
        "unconfirmed",
        "resolved",
    ]


def test_what_comes_back_after_it_was_gone_is_reopened_and_counted(watch, whole, copy_gone):
    for seen in (whole, copy_gone, whole):
        settled = watch.scan(seen)
    assert transitions(settled) == {STATEMENTS: "reopened"}
    assert watch.rows["only_in", STATEMENTS].times_opened == 2


def test_a_deletion_is_not_believed_while_the_holder_cannot_be_looked_at(watch, cloud, setup, whole, copy_gone):
    refused = replace(
        copy_gone,
        looks=tuple(replace(look, listed=False) if look.listing == "s3.buckets" else look for look in copy_gone.looks),
    )
    watch.scan(whole)
    watch.scan(refused)
    assert watch.status()[STATEMENTS] == "unconfirmed"


# Accounts and regions that are no longer there


@pytest.fixture(scope="module", name="archive_is")
def what_becomes_of_the_archive(cloud, setup, whole, tmp_path_factory):
    """The archive account is `closed`, its data kept for a while, or has `left`; either way nobody can look at it.

    The rule that fed it is deleted.
    """
    state = {"is": ""}

    def accounts(_, own):
        answer = own()
        for account in answer["Accounts"]:
            if state["is"] == "closed" and account["Id"] == ARCHIVE:
                account |= {"State": "SUSPENDED", "Status": "SUSPENDED"}
        listed = [one for one in answer["Accounts"] if state["is"] != "left" or one["Id"] != ARCHIVE]
        return answer | {"Accounts": listed}

    cloud.answer("organizations", "ListAccounts", accounts)

    @cache
    def look(becomes, departed=""):
        state["is"] = becomes
        Plot(cloud, BANK).replicate("bank-claims", MUMBAI, {})
        said = small_bank.setup_of(tmp_path_factory.mktemp("bank"), small_bank.FILE + departed) if departed else setup
        known = {Cell(one.location.provider, one.account, one.location.region) for one in whole.resources}
        seen = small_bank.look(said, known=known)
        state["is"] = ""
        Plot(cloud, BANK).replicate("bank-claims", MUMBAI, {"archive": f"archive-claims@{ARCHIVE}"})
        return seen

    return look


DEPARTED = f"""
departed:
  - account: "{ARCHIVE}"
    reason: the account was closed
    evidence: ticket 17
    approver: compliance@bank.example
    on: 2026-06-30
"""


@pytest.mark.parametrize(("becomes", "reason"), [("closed", "suspended"), ("left", "left")])
def test_an_account_that_nobody_can_look_at_resolves_nothing(watch, whole, archive_is, becomes, reason):
    watch.scan(whole)
    for _ in range(3):
        watch.scan(archive_is(becomes))
    assert watch.status()[CLAIMS] == "unconfirmed"
    assert [(gap.reason, gap.account) for gap in watch.store.gaps()] == [(reason, ARCHIVE)]


@pytest.mark.parametrize("becomes", ["closed", "left"])
def test_what_nobody_can_look_at_is_resolved_by_a_persons_entry(watch, whole, archive_is, tmp_path, becomes):
    watch.scan(whole)
    watch.scan(archive_is(becomes))
    watch.setup = small_bank.setup_of(tmp_path, small_bank.FILE + DEPARTED)
    watch.scan(archive_is(becomes, DEPARTED))
    row = watch.rows["only_in", CLAIMS]
    assert (row.status, row.resolved_by, row.changed_because) == ("resolved", "departed", "config")


def test_an_account_that_has_left_is_no_gap_any_longer_once_a_person_answers_for_it(archive_is):
    assert [gap.reason for gap in archive_is("left").gaps] == ["left"]
    assert archive_is("left", DEPARTED).gaps == ()


def test_an_entry_that_holds_from_a_later_day_answers_for_nothing_yet(archive_is):
    later = DEPARTED.replace("2026-06-30", str(TODAY + timedelta(days=1)))
    assert [gap.reason for gap in archive_is("left", later).gaps] == ["left"]


def test_an_entry_about_another_region_resolves_nothing(watch, whole, archive_is, tmp_path):
    elsewhere = DEPARTED + f"    region: {MUMBAI}\n"
    watch.scan(whole)
    watch.scan(archive_is("left"))
    watch.setup = small_bank.setup_of(tmp_path, small_bank.FILE + elsewhere)
    watch.scan(archive_is("left", elsewhere))
    assert watch.status()[CLAIMS] == "unconfirmed"
    assert [gap.reason for gap in watch.store.gaps()] == ["left"]


def test_a_region_switched_off_in_which_data_was_seen_is_a_gap(watch, whole, setup):
    watch.scan(whole)
    known = watch.store.places()
    assert Cell("aws", BANK, SINGAPORE) in known
    with LocalCloud(enabled=(MUMBAI,), disabled=(SINGAPORE,)) as smaller, pytest.MonkeyPatch.context() as patch:
        smaller.organisation(small_bank.ACCOUNTS)
        for name, value in smaller.environment().items():
            patch.setenv(name, value)
        seen = small_bank.look(setup, known=known)
    assert {gap.cell for gap in seen.gaps} == {Cell("aws", account, SINGAPORE) for account in (BANK, ARCHIVE)}
    assert {gap.reason for gap in seen.gaps} == {"region-off"}
    watch.scan(seen)
    assert {watch.status()[subject] for subject in (LEDGER, WALLETS)} == {"unconfirmed"}
    assert Cell("aws", BANK, SINGAPORE) in watch.store.places()


@pytest.mark.parametrize(
    ("region", "listing", "reason"),
    [
        ("*", "dynamodb.tables", "skipped-by-config"),
        ("global", "*", "skipped-by-config"),
        (SINGAPORE, "rds.instances", "not-offered"),
    ],
)
def test_where_data_was_seen_is_remembered_until_everything_there_was_looked_at(watch, whole, region, listing, reason):
    place = Cell("aws", GROUP, SINGAPORE)
    assert any(look.cell == place for look in whole.looks)
    watch.scan(whole)
    elsewhere = Resource("arn:x", "aws.dynamodb.table", "x", GROUP, Location("aws", SINGAPORE), look="x")
    watch.scan(replace(whole, resources=(*whole.resources, elsewhere)))
    assert place in watch.store.places()
    partly = Limit(Cell("aws", GROUP, region), listing, reason)
    watch.scan(replace(whole, limits=(*whole.limits, partly)))
    assert place in watch.store.places()
    watch.scan(replace(whole, limits=(*whole.limits, Limit(Cell("aws", BANK, region), listing, reason))))
    assert place not in watch.store.places()


# Deliveries that are repeated, late or at the same time


def test_the_same_scan_delivered_twice_changes_nothing(watch, whole):
    scan = watch.begin()
    watch.settle(scan, whole)
    before = watch.rows
    assert watch.settle(scan, whole).changes == ()
    assert watch.rows == before


def test_of_two_scans_that_settle_in_order_both_count(watch, whole, copy_gone):
    older, newer = watch.begin(), watch.begin()
    watch.settle(older, whole)
    watch.settle(newer, copy_gone)
    assert watch.status()[STATEMENTS] == "resolved"
    assert watch.store.last_scan().scan.number == newer.number


def test_a_scan_that_settles_after_a_newer_one_writes_nothing(watch, whole, copy_gone):
    older, newer = watch.begin(), watch.begin()
    watch.settle(newer, copy_gone)
    before = watch.rows
    with pytest.raises(Superseded):
        watch.settle(older, whole)
    assert watch.rows == before
    assert STATEMENTS not in watch.status()


class Interrupted:
    """A store in which something happens just before one of its steps."""

    def __init__(self, store, step, happening):
        self._store, self._step, self._happening = store, step, happening

    def __getattr__(self, name):
        if name == self._step:
            self._step = ""
            self._happening()
        return getattr(self._store, name)


STEPS = ("claim", "known", "fetch", "apply", "gaps", "settle")


@pytest.mark.parametrize("step", STEPS)
def test_a_newer_scan_may_come_in_at_any_step_and_nothing_is_lost_or_doubled(watch, whole, copy_gone, step):
    store = watch.store
    watch.scan(copy_gone)
    older, newer = watch.begin(), watch.begin()

    def newer_one_settles():
        watch.store = store
        watch.settle(newer, whole)

    watch.store = Interrupted(store, step, newer_one_settles)
    with pytest.raises(Superseded):
        watch.settle(older, copy_gone)
    watch.store = store
    assert watch.status() == dict.fromkeys(ABROAD, "open")
    assert store.last_scan().scan.number == newer.number
    for row in watch.rows.values():
        assert [one.version for _, one in store.history(row.violation_id)] == list(range(1, row.version + 1))


@pytest.mark.parametrize("step", STEPS)
def test_a_crash_before_any_step_loses_and_doubles_nothing(watch, whole, step):
    store, scan = watch.store, watch.begin()

    def crash():
        raise OSError(step)

    watch.store = Interrupted(store, step, crash)
    with pytest.raises(OSError, match=step):
        watch.settle(scan, whole)
    watch.store = store
    settled = watch.settle(scan, whole)
    assert transitions(settled) == dict.fromkeys(ABROAD | MISSING, "opened")
    assert len(settled.changes) == len(ABROAD | MISSING)
    assert store.last_scan().transitions == {"opened": len(ABROAD | MISSING)}
    assert watch.status() == dict.fromkeys(ABROAD, "open")
    assert {row.version for row in watch.rows.values()} == {1}
    assert [len(store.history(row.violation_id)) for row in watch.rows.values()] == [1] * len(watch.rows)


def test_what_a_crashed_delivery_resolved_is_told_by_the_next(watch, whole, copy_gone):
    watch.scan(whole)
    store, scan = watch.store, watch.begin()

    def crash():
        raise OSError("power")

    watch.store = Interrupted(store, "settle", crash)
    with pytest.raises(OSError, match="power"):
        watch.settle(scan, copy_gone)
    watch.store = store
    assert transitions(watch.settle(scan, copy_gone)) == {STATEMENTS: "resolved"}
    assert watch.scan(copy_gone).changes == ()


# How it ends


def a_finding(verdict, **more):
    given = {"enforced": True, "keyword": "only_in", "severity": "high", "because": ""} | more
    return Finding(id="1", rule="r", rule_version=1, policy="p", subject="s", verdict=verdict, **given)


@pytest.mark.parametrize(
    ("verdict", "enforced", "ends"),
    [
        (Verdict.VIOLATION, True, Exit.VIOLATIONS),
        (Verdict.VIOLATION, False, Exit.PROVEN),
        (Verdict.UNKNOWN, True, Exit.NOT_PROVEN),
        (Verdict.UNKNOWN, False, Exit.PROVEN),
        (Verdict.REVIEW, True, Exit.NOT_PROVEN),
        (Verdict.EXEMPT, True, Exit.PROVEN),
        (Verdict.UPCOMING, False, Exit.PROVEN),
        (Verdict.ADVISORY, False, Exit.PROVEN),
    ],
)
def test_a_scan_ends_by_the_worst_it_found_that_binds_today(watch, whole, verdict, enforced, ends):
    weighed = replace(watch.weigh(whole), judgement=Judgement(findings=(a_finding(verdict, enforced=enforced),)))
    assert exit_code(weighed, (), (), as_of=TODAY) is ends


def test_a_row_that_could_not_be_confirmed_leaves_a_scan_unproven(watch, whole, rule_gone):
    watch.scan(whole)
    rows = watch.scan(rule_gone).rows
    clean = replace(watch.weigh(rule_gone), judgement=Judgement())
    assert exit_code(clean, rows, (), as_of=TODAY) is Exit.NOT_PROVEN
    assert exit_code(clean, [row for row in rows if row.status == "open"], (), as_of=TODAY) is Exit.PROVEN


def test_a_gap_leaves_a_scan_unproven_until_somebody_answers_for_it_and_no_longer(watch, archive_is):
    blind = replace(watch.weigh(archive_is("left")), judgement=Judgement())
    [gap] = blind.gaps
    accepted = [AcceptedGap(gap=gap.key, owner="a@bank.example", reason="sold", until=TODAY)]
    assert exit_code(blind, (), (), as_of=TODAY) is Exit.NOT_PROVEN
    assert exit_code(blind, (), accepted, as_of=TODAY) is Exit.PROVEN
    assert exit_code(blind, (), accepted, as_of=TODAY + timedelta(days=1)) is Exit.NOT_PROVEN


def test_an_account_with_data_that_nobody_answers_for_leaves_a_scan_unproven(watch, whole):
    said = watch.setup.organisation
    [bank] = said.entities
    organisation = replace(said, entities=(replace(bank, owns=(BANK,)),))

    def weighed(rules):
        seen = weigh(whole, aws.vocabulary, organisation, rules, as_of=TODAY, now=small_bank.NOON)
        return replace(seen, judgement=Judgement())

    # Nobody owns the group's account either, but it is empty.
    assert [account.id for account in weighed(watch.setup.rules).unowned] == [ARCHIVE]
    assert exit_code(weighed(watch.setup.rules), (), (), as_of=TODAY) is Exit.NOT_PROVEN
    assert weighed(()).unowned == ()
    assert exit_code(weighed(()), (), (), as_of=TODAY) is Exit.PROVEN
    assert watch.weigh(whole).unowned == ()


def test_a_scan_that_looked_at_nothing_proves_nothing(watch, whole):
    nothing = replace(whole, resources=(), copies=(), tags=(), looks=(), gaps=())
    assert exit_code(replace(watch.weigh(nothing), judgement=Judgement()), (), (), as_of=TODAY) is Exit.NOT_PROVEN


def test_what_nobody_classified_and_would_break_a_rule_leaves_a_scan_unproven(watch, whole):
    weighed = watch.weigh(whole)
    worklist = (Unclassified(weighed.datasets[0], "", ("class",), ("r",)),)
    assert (
        exit_code(replace(weighed, judgement=Judgement(unclassified=worklist)), (), (), as_of=TODAY) is Exit.NOT_PROVEN
    )


# Without an organisation file


def test_without_a_file_nothing_is_judged_and_nothing_is_kept(tmp_path, whole, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with_nothing = bootstrap.setup(None)
    store = SqliteStore(tmp_path / "bank.db")
    watch = small_bank.Watch(store, with_nothing)
    settled = watch.scan(whole)
    assert settled.rows == ()
    assert watch.weigh(whole).judgement.findings == ()
    assert code(watch, settled, whole) is Exit.PROVEN
    store.close()
