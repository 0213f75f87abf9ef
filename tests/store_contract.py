"""What every store promises, whatever lies beneath it: a store passes when a subclass of `StoreContract` does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import combinations, islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from domicile.errors import Conflict, StoreError, Superseded
from domicile.model import SEVERITIES, Cell, Change, ClassEvidence, Evidence, GapRow, Row, Scan, ScanRow
from domicile.stores import Ledger, Question, Store

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)

HOSTILE = (
    "'; DROP TABLE violations; --",
    '" OR 1=1 --',
    "%_*?[a]",
    "resolved",
    "रोगी-अभिलेख / 患者 / 🏥",
    "\u202eevil\u202c \u2066iso\u2069 \u200b\ufeff",
    "עברית العربية",
    "nul\x00 esc\x1b[31m bell\x07 cr\r lf\n tab\t del\x7f csi\x9b",
    "{'row': \"}\\",
    "x" * 2000,
)


def a_row(violation_id="v1", *, severity="critical", opened_at=NOON, version=1, **more) -> Row:
    rank = f"{SEVERITIES.index(severity)}#{opened_at.astimezone(UTC).isoformat()}#{violation_id}"
    row = Row(
        violation_id=violation_id,
        rule="in-rbi-payments-storage",
        rule_version=1,
        keyword="only_in",
        subject=f"resource|arn:aws:s3:::{violation_id}",
        policy="in-payments",
        severity=severity,
        rank=rank,
        status="open",
        verdict="violation",
        confidence="tag",
        provider="aws",
        account="111122223333",
        account_name="payments",
        entity="acme-india",
        owner="payments@acme.example",
        region="us-east-1",
        country="US",
        channel="s3-replication",
        kind="replica",
        caused_by="rule/to-virginia",
        resource_id=f"arn:aws:s3:::{violation_id}",
        resource_type="aws.s3.bucket",
        resource_name=violation_id,
        dataset_id="arn:aws:s3:::payments",
        root_resource_id="arn:aws:s3:::payments",
        root_region="ap-south-1",
        root_country="IN",
        classes=("payment.card",),
        class_evidence=(ClassEvidence("payment.card", "tag", "data=card"),),
        evidence=(Evidence("GetBucketReplication", "Rules[0].Destination", "arn:aws:s3:::elsewhere"),),
        because="A replica lies in the United States since 4 March 2026.",
        remedy="Delete the replication rule.",
        citation="RBI/2017-18/153",
        copies=1,
        oldest_at=None,
        newest_at=NOON,
        samples=(),
        first_seen=opened_at,
        opened_at=opened_at,
        times_opened=1,
        last_changed=opened_at,
        changed_in_scan=1,
        changed_because="data",
        status_because="",
        resolved_at=None,
        resolved_by="",
        exemption_id="",
        seen_in=("aws/111122223333/us-east-1/s3.buckets",),
        moved_from="",
        version=version,
    )
    return replace(row, **more)


def opened(row: Row) -> Change:
    return Change(row, replaces=0, transition="opened")


def after(row: Row, transition="updated", **more) -> Change:
    return Change(replace(row, version=row.version + 1, **more), replaces=row.version, transition=transition)


def resolved(row: Row, at: datetime = NOON) -> Change:
    return after(row, "resolved", status="resolved", resolved_at=at, last_changed=at)


def a_gap(gap="aws/111122223333/*/*", *, first_seen=NOON, **more) -> GapRow:
    row = GapRow(
        gap=gap,
        provider="aws",
        account="111122223333",
        region="*",
        listing="*",
        resource_id="",
        reason="role-missing",
        detail="AccessDenied",
        first_seen=first_seen,
    )
    return replace(row, **more)


def a_scan(store: Store, at: datetime = NOON) -> Scan:
    return store.begin(at, as_of=at.date(), providers=("aws",), digests={"rules": "abc"})


def settled(scan: Scan, at: datetime = NOON, summary: str = "") -> ScanRow:
    return ScanRow(scan=scan, settled_at=at, counts={"violation": 1}, transitions={"opened": 1}, summary=summary)


def record(store: Store, *changes: Change, gaps=(), at: datetime = NOON) -> Scan:
    scan = a_scan(store)
    store.claim(scan)
    store.apply(scan, changes)
    store.settle(scan, gaps, settled(scan, at))
    return scan


def ids(rows) -> list[str]:
    return [row.violation_id for row in rows]


Place = Callable[[], Store]


class StoreContract:
    """Subclasses give `new_place`: each call makes an empty place and returns what opens it, again and again.

    A store that is slow to ask takes only each `stride`-th of the orders in which scans can meet, and fewer `examples`.
    """

    stride = 1
    examples = 60

    @pytest.fixture
    def new_place(self) -> Callable[[], Place]:
        raise NotImplementedError

    @pytest.fixture
    def places(self, new_place) -> Iterator[Callable[[], Place]]:
        stores: list[Store] = []

        def tidy() -> Place:
            opens = new_place()

            def open_it() -> Store:
                stores.append(opens())
                return stores[-1]

            return open_it

        yield tidy
        for store in stores:
            store.close()

    @pytest.fixture
    def place(self, places) -> Place:
        return places()

    @pytest.fixture
    def store(self, place) -> Store:
        return place()

    def test_an_empty_store_knows_nothing(self, store):
        assert store.known() == {}
        assert store.fetch(["v1"]) == {}
        assert store.gaps() == store.gaps(ended=True) == ()
        assert store.last_scan() is None
        assert store.ask(Question()) == ()
        assert store.ask(Question(statuses=("open", "resolved"), account="111122223333")) == ()
        assert store.history("v1") == ()
        assert store.scans() == ()
        assert store.ledger() == Ledger()

    def test_every_scan_has_a_number_no_other_scan_has_and_later_ones_a_higher(self, place):
        one, other = place(), place()
        numbers = [a_scan(store).number for store in (one, other, one, other, place())]
        assert numbers == sorted(set(numbers))

    def test_a_scan_carries_what_it_was_begun_with(self, store):
        digests = {"rules": "a", "config": "b", "engine": "c"}
        scan = store.begin(NOON, as_of=date(2026, 11, 22), providers=("aws", "azure"), digests=digests)
        assert scan == Scan(
            number=scan.number,
            started_at=NOON,
            as_of=date(2026, 11, 22),
            providers=("aws", "azure"),
            digests=digests,
        )

    def test_what_was_written_is_there_after_opening_again(self, place):
        first = place()
        scan = record(first, opened(a_row()), gaps=[a_gap()])
        first.close()
        again = place()
        assert again.known() == {"v1": a_row()}
        assert again.gaps() == (a_gap(),)
        assert again.last_scan() == settled(scan)
        assert again.history("v1") == (("opened", a_row()),)
        assert a_scan(again).number > scan.number

    def test_what_one_process_writes_another_sees(self, place):
        one, other = place(), place()
        record(one, opened(a_row()))
        assert other.known() == {"v1": a_row()}

    # Changes

    def test_apply_says_how_many_rows_it_wrote(self, store):
        scan = a_scan(store)
        store.claim(scan)
        assert store.apply(scan, []) == 0
        assert store.apply(scan, [opened(a_row("v1")), opened(a_row("v2"))]) == 2

    def test_known_holds_all_that_is_not_resolved(self, store):
        one, two, three, four = (a_row(f"v{number}") for number in range(4))
        record(store, *map(opened, (one, two, three, four)))
        unconfirmed = after(two, "unconfirmed", status="unconfirmed")
        exempted = after(three, "exempted", status="exempted")
        record(store, unconfirmed, exempted, resolved(four))
        assert store.known() == {"v0": one, "v1": unconfirmed.row, "v2": exempted.row}

    def test_fetch_finds_resolved_rows_too_and_leaves_out_what_is_not_there(self, store):
        record(store, opened(a_row("v1")), opened(a_row("v2")))
        gone = resolved(a_row("v1"))
        record(store, gone)
        assert store.fetch(["v1", "v2", "v3", "v1"]) == {"v1": gone.row, "v2": a_row("v2")}

    def test_fetch_takes_thousands_of_ids(self, store):
        record(store, opened(a_row("v1")))
        assert store.fetch(f"v{number}" for number in range(3000)) == {"v1": a_row("v1")}

    def test_a_new_row_where_one_exists_is_a_conflict(self, store):
        record(store, opened(a_row()))
        scan = a_scan(store)
        store.claim(scan)
        with pytest.raises(Conflict):
            store.apply(scan, [opened(a_row(because="other"))])
        assert store.known() == {"v1": a_row()}
        assert len(store.history("v1")) == 1

    @pytest.mark.parametrize("replaces", [1, 3])
    def test_a_change_of_another_version_than_the_stored_one_is_a_conflict(self, store, replaces):
        record(store, opened(a_row()))
        second = after(a_row(), because="second")
        record(store, second)
        scan = a_scan(store)
        store.claim(scan)
        with pytest.raises(Conflict):
            store.apply(scan, [Change(a_row(version=replaces + 1), replaces, "updated")])
        assert store.known() == {"v1": second.row}
        assert len(store.history("v1")) == 2

    def test_a_change_of_a_row_that_is_not_there_is_a_conflict(self, store):
        scan = a_scan(store)
        store.claim(scan)
        with pytest.raises(Conflict):
            store.apply(scan, [after(a_row())])
        assert store.known() == {}
        assert store.history("v1") == ()

    def test_a_row_whose_version_does_not_follow_what_it_replaces_is_refused(self, store):
        scan = a_scan(store)
        store.claim(scan)
        with pytest.raises(StoreError, match="v1"):
            store.apply(scan, [Change(a_row(version=7), 0, "opened")])
        assert store.known() == {}

    def test_one_scan_may_change_a_row_more_than_once(self, store):
        scan = a_scan(store)
        store.claim(scan)
        assert store.apply(scan, [opened(a_row())]) == 1
        assert store.apply(scan, [after(a_row(), because="moved")]) == 1
        assert store.known()["v1"].because == "moved"

    def test_history_keeps_every_transition_oldest_first(self, store):
        row = a_row()
        steps = [opened(row)]
        steps.append(after(steps[-1].row, "exempted", status="exempted"))
        steps.append(after(steps[-1].row, "unexempted", status="open"))
        steps.append(resolved(steps[-1].row))
        steps.append(after(steps[-1].row, "reopened", status="open", resolved_at=None, times_opened=2))
        for step in steps:
            record(store, step, opened(a_row(f"other{step.row.version}")))
        assert store.history("v1") == tuple((step.transition, step.row) for step in steps)

    # Scans that meet

    def test_nothing_is_written_without_the_head(self, store):
        scan = a_scan(store)
        with pytest.raises(Superseded):
            store.apply(scan, [opened(a_row())])
        with pytest.raises(Superseded):
            store.settle(scan, [a_gap()], settled(scan))
        assert (store.known(), store.gaps(), store.last_scan()) == ({}, (), None)

    def test_an_older_scan_cannot_claim_after_a_newer_one(self, store):
        older, newer = a_scan(store), a_scan(store)
        store.claim(newer)
        with pytest.raises(Superseded):
            store.claim(older)
        store.settle(newer, [], settled(newer))
        with pytest.raises(Superseded):
            store.claim(older)

    def test_an_older_scan_writes_nothing_once_a_newer_one_has_claimed(self, place):
        slow, quick = place(), place()
        older, newer = a_scan(slow), a_scan(quick)
        slow.claim(older)
        slow.apply(older, [opened(a_row("v1"))])
        quick.claim(newer)
        with pytest.raises(Superseded):
            slow.apply(older, [opened(a_row("v2"))])
        with pytest.raises(Superseded):
            slow.settle(older, [a_gap()], settled(older))
        assert list(quick.known()) == ["v1"]
        assert quick.gaps() == ()
        assert quick.last_scan() is None

    def test_a_superseded_scan_is_told_so_even_when_its_rows_are_there_already(self, store):
        older, newer = a_scan(store), a_scan(store)
        store.claim(older)
        store.apply(older, [opened(a_row())])
        store.claim(newer)
        with pytest.raises(Superseded):
            store.apply(older, [opened(a_row())])

    def test_a_scan_that_claimed_and_died_does_not_stop_the_next(self, store):
        last = record(store)
        dead = a_scan(store)
        store.claim(dead)
        assert store.last_scan() == settled(last)
        scan = record(store)
        assert store.last_scan() == settled(scan)

    def test_every_step_may_be_repeated(self, place):
        store = place()
        scan = a_scan(store)
        changes = [opened(a_row("v1")), opened(a_row("v2"))]
        for _ in range(2):
            store.claim(scan)
        store.apply(scan, changes[:1])
        assert store.apply(scan, changes) == 1
        assert store.apply(scan, changes) == 0
        for _ in range(2):
            store.settle(scan, [a_gap()], settled(scan))
        again = place()
        again.claim(scan)
        assert again.apply(scan, changes) == 0
        again.settle(scan, [a_gap()], settled(scan))
        assert list(again.known()) == ["v1", "v2"]
        assert [len(again.history(violation_id)) for violation_id in ("v1", "v2")] == [1, 1]
        assert again.gaps(ended=True) == (a_gap(),)
        assert again.last_scan() == settled(scan)

    def test_a_late_repetition_leaves_alone_what_the_same_scan_has_changed_since(self, store):
        scan = a_scan(store)
        store.claim(scan)
        store.apply(scan, [opened(a_row())])
        second = after(a_row(), because="second")
        store.apply(scan, [second])
        assert store.apply(scan, [opened(a_row())]) == 0
        assert store.known() == {"v1": second.row}

    def test_two_scans_in_any_order_lose_and_double_no_row(self, places):
        for steps_of_the_older in islice(combinations(range(10), 5), None, None, self.stride):
            place = places()
            record(place(), opened(a_row("both")), opened(a_row("cured")))
            scans = [Settling(place(), {"both", "one"}), Settling(place(), {"both", "other"})]
            for step in range(10):
                scans[step not in steps_of_the_older].step()
            newest = scans[1]
            assert newest.ended == "settled"
            newest.assert_consistent()
            assert set(newest.store.known()) == newest.sees

    def test_crashes_between_any_steps_of_three_scans_lose_and_double_no_row(self, places):
        steps = st.tuples(st.integers(0, 2), st.sampled_from(["step", "step", "step", "crash"]))

        @settings(max_examples=self.examples, deadline=None)
        @given(st.lists(steps, max_size=40))
        def run(schedule):
            store = places()()
            record(store, opened(a_row("both")), opened(a_row("cured")))
            scans = [Settling(store, sees) for sees in ({"both", "one"}, {"one", "two"}, {"two", "both"})]
            for which, what in schedule:
                if what == "crash":
                    scans[which].crash()
                else:
                    scans[which].step()
                scans[which].assert_consistent()
            for scan in scans:
                while not scan.ended:
                    scan.step()
                scan.assert_consistent()
            assert scans[-1].ended == "settled"
            assert set(store.known()) == scans[-1].sees
            last = store.last_scan()
            assert last is not None
            assert last.scan == scans[-1].scan

        run()

    # Gaps and scans

    def test_gaps_are_open_until_they_end(self, store):
        one, two = a_gap("aws/1/*/*"), a_gap("aws/2/*/*")
        record(store, gaps=[two, one])
        assert store.gaps() == (one, two)
        ended = replace(one, ended=NOON + timedelta(days=1))
        record(store, gaps=[ended])
        assert store.gaps() == (two,)
        assert store.gaps(ended=True) == (ended, two)

    def test_an_open_gap_takes_its_newest_reason(self, store):
        record(store, gaps=[a_gap()])
        changed = a_gap(reason="suspended", detail="")
        record(store, gaps=[changed])
        assert store.gaps(ended=True) == (changed,)

    def test_a_gap_that_comes_back_keeps_its_earlier_days(self, store):
        ended = a_gap(ended=NOON + timedelta(days=1))
        back = a_gap(first_seen=NOON + timedelta(days=9))
        for gap in (a_gap(), ended, back):
            record(store, gaps=[gap])
        assert store.gaps() == (back,)
        assert store.gaps(ended=True) == (ended, back)

    def test_places_are_those_of_the_last_settled_scan(self, place):
        mumbai, singapore = Cell("aws", "111122223333", "ap-south-1"), Cell("aws", "111122223333", "ap-southeast-1")
        first = place()
        assert first.places() == frozenset()
        for places in ([mumbai, singapore], [singapore]):
            scan = a_scan(first)
            first.claim(scan)
            first.settle(scan, [], settled(scan), places)
        assert place().places() == {singapore}

    def test_the_last_scan_is_the_newest_settled(self, store):
        record(store)
        second = record(store)
        store.claim(a_scan(store))
        assert store.last_scan() == settled(second)

    def test_settled_scans_come_oldest_first_after_a_number(self, place):
        store = place()
        first, second = record(store), record(store)
        died = a_scan(store)
        store.claim(died)
        third = record(store)
        assert place().scans() == (settled(first), settled(second), settled(third))
        assert store.scans(after=first.number) == (settled(second), settled(third))
        assert store.scans(after=third.number) == ()

    def test_scans_past_the_ninth_still_come_in_order(self, store):
        numbers = [record(store).number for _ in range(12)]
        assert [row.scan.number for row in store.scans()] == numbers

    # Notices

    def test_a_notice_is_claimed_again_until_it_is_out(self, place):
        store = place()
        scan = record(store)
        assert store.claim_notice(scan, "m1", NOON)
        # Whoever claimed it has crashed.
        assert place().claim_notice(scan, "m1", NOON + timedelta(minutes=5))
        store.mark_notice(scan, "m1", NOON + timedelta(minutes=6))
        assert not place().claim_notice(scan, "m1", NOON + timedelta(minutes=7))
        assert store.claim_notice(scan, "m2", NOON)

    def test_a_notice_may_be_marked_again(self, store):
        scan = record(store)
        store.claim_notice(scan, "m1", NOON)
        for _ in range(2):
            store.mark_notice(scan, "m1", NOON)
        assert not store.claim_notice(scan, "m1", NOON)
        assert store.ledger() == Ledger(0, NOON)

    def test_a_claim_alone_has_told_nobody(self, store):
        scan = record(store)
        store.claim_notice(scan, "m1", NOON)
        assert store.ledger() == Ledger()

    def test_the_ledger_says_when_the_newest_notice_went_out(self, place):
        store = place()
        scan = record(store)
        for message, minute in (("m1", 5), ("m3", 9), ("m2", 7)):
            store.claim_notice(scan, message, NOON)
            store.mark_notice(scan, message, NOON + timedelta(minutes=minute, microseconds=1))
        assert place().ledger() == Ledger(0, NOON + timedelta(minutes=9, microseconds=1))

    def test_what_was_announced_is_never_taken_back(self, place):
        store = place()
        first, second = record(store), record(store)
        for scan in (first, second, first, second):
            store.announce(scan)
        assert place().ledger().announced == second.number

    def test_a_scan_still_tells_when_a_newer_one_has_the_head(self, store):
        scan = record(store)
        store.claim(a_scan(store))
        assert store.claim_notice(scan, "m1", NOON)
        store.mark_notice(scan, "m1", NOON)
        store.announce(scan)
        assert store.ledger() == Ledger(scan.number, NOON)

    @pytest.mark.parametrize("text", HOSTILE)
    def test_any_text_names_a_notice(self, store, text):
        scan = record(store)
        assert store.claim_notice(scan, text, NOON)
        store.mark_notice(scan, text, NOON)
        assert not store.claim_notice(scan, text, NOON)
        assert store.claim_notice(scan, text + ".", NOON)

    def test_resolved_rows_live_400_days_and_their_history_longer(self, store):
        old, fresh = a_row("old"), a_row("fresh")
        record(store, opened(old), opened(fresh), opened(a_row("open")))
        closed = [resolved(old, NOON - timedelta(days=401)), resolved(fresh, NOON - timedelta(days=399))]
        record(store, *closed, at=NOON)
        assert set(store.fetch(["old", "fresh", "open"])) == {"fresh", "open"}
        assert [transition for transition, _ in store.history("old")] == ["opened", "resolved"]
        record(store, opened(a_row("old", because="back")))
        assert [transition for transition, _ in store.history("old")] == ["opened", "resolved", "opened"]

    # Values

    @pytest.mark.parametrize("text", HOSTILE)
    def test_any_text_comes_back_as_it_was(self, place, text):
        row = a_row(text[:200], rule=text, account=text[:500], resource_name=text[:500], classes=(text[:100], ""))
        gap = a_gap(text, detail=text)
        record(place(), opened(row), opened(a_row("plain")), gaps=[gap])
        store = place()
        assert store.fetch([row.violation_id]) == {row.violation_id: row}
        assert store.ask(Question(rule=text, account=text[:500])) == (row,)
        assert store.history(row.violation_id) == (("opened", row),)
        assert store.gaps() == (gap,)
        assert len(store.known()) == 2

    def test_ten_thousand_characters_come_back_whole_in_gaps_and_scans(self, store):
        long = "अ" * 10_000
        scan = a_scan(store)
        store.claim(scan)
        store.settle(scan, [a_gap(detail=long)], settled(scan, summary=long))
        assert store.gaps()[0].detail == long
        last = store.last_scan()
        assert last is not None
        assert last.summary == long

    def test_a_row_above_8_kb_is_refused_by_name(self, store):
        scan = a_scan(store)
        store.claim(scan)
        with pytest.raises(StoreError, match="v2"):
            store.apply(scan, [opened(a_row("v2", because="अ" * 3000))])
        assert store.known() == {}
        assert store.apply(scan, [opened(a_row("v2", because="x" * 6000))]) == 1

    def test_a_scan_row_above_32_kb_is_refused_and_the_scan_stays_unsettled(self, store):
        scan = a_scan(store)
        store.claim(scan)
        with pytest.raises(StoreError, match=f"scan {scan.number}"):
            store.settle(scan, [], settled(scan, summary="x" * 33_000))
        assert store.last_scan() is None
        store.settle(scan, [], settled(scan))
        assert store.last_scan() == settled(scan)

    def test_times_come_back_in_utc(self, store):
        india = timezone(timedelta(hours=5, minutes=30))
        row = a_row(opened_at=datetime(2026, 3, 5, 1, 0, 0, 120, tzinfo=india))
        record(store, opened(row))
        kept = store.known()["v1"]
        assert kept == row
        assert kept.opened_at.utcoffset() == timedelta(0)
        assert kept.opened_at.day == 4

    def test_times_of_evidence_come_back_in_utc(self, store):
        india = timezone(timedelta(hours=5, minutes=30))
        noon = Evidence("GetBucketReplication", "Rules[0]", "on", NOON.astimezone(india))
        record(store, opened(a_row(evidence=(noon,))))
        [kept] = store.known()["v1"].evidence
        assert kept == noon
        assert kept.observed_at.utcoffset() == timedelta(0)

    def test_a_time_without_zone_is_refused(self, store):
        scan = a_scan(store)
        store.claim(scan)
        with pytest.raises(StoreError, match="last_changed"):
            store.apply(scan, [opened(a_row(last_changed=NOON.replace(tzinfo=None)))])

    # Questions

    @pytest.fixture
    def many(self, store) -> Store:
        rows = [
            a_row("a", severity="low", opened_at=NOON - timedelta(days=9)),
            a_row("b", severity="critical", opened_at=NOON),
            a_row("c", severity="critical", opened_at=NOON - timedelta(days=1)),
            a_row("d", severity="critical", opened_at=NOON - timedelta(days=1), account="444455556666"),
            a_row("e", severity="high", rule="in-cert-logs", country="SG", account="444455556666"),
            a_row("f", severity="medium", entity="acme-eu", caused_by="plan/nightly", dataset_id="arn:other"),
            a_row("g", severity="high", rule="in-cert-logs"),
        ]
        record(store, *map(opened, rows))
        record(store, resolved(rows[6]), after(rows[5], "unconfirmed", status="unconfirmed"))
        return store

    @pytest.mark.parametrize(
        ("question", "answer"),
        [
            (Question(), "cdbefa"),
            (Question(limit=2), "cd"),
            (Question(severity="critical"), "cdb"),
            (Question(account="444455556666"), "de"),
            (Question(account="444455556666", rule="in-cert-logs"), "e"),
            (Question(account="111122223333", rule="in-rbi-payments-storage", limit=2), "cb"),
            (Question(rule="in-cert-logs"), "e"),
            (Question(country="SG"), "e"),
            (Question(entity="acme-eu"), "f"),
            (Question(caused_by="plan/nightly"), "f"),
            (Question(dataset="arn:other"), "f"),
            (Question(dataset="arn:other", severity="low"), ""),
            (Question(statuses=("unconfirmed",)), "f"),
            (Question(statuses=("open",)), "cdbea"),
            (Question(statuses=("resolved",)), "g"),
            (Question(statuses=("resolved",), rule="in-cert-logs"), "g"),
            (Question(statuses=("resolved", "open"), rule="in-cert-logs"), "eg"),
            (Question(statuses=("resolved", "open", "unconfirmed"), limit=5), "cdbeg"),
            (Question(statuses=("exempted",)), ""),
            (Question(rule="in-cert"), ""),
            (Question(country="sg"), ""),
        ],
    )
    def test_questions_are_answered_worst_first_then_oldest_then_by_id(self, many, question, answer):
        assert "".join(ids(many.ask(question))) == answer

    def test_changed_on_a_day_comes_in_the_order_of_change_resolved_rows_among_them(self, store):
        def at(day, hour, microsecond=0):
            return datetime(2026, 3, day, hour, 0, 0, microsecond, tzinfo=UTC)

        times = {
            "before": datetime(2026, 3, 3, 23, 59, 59, 999_999, tzinfo=UTC),
            "first": at(4, 0),
            "second": at(4, 9),
            "third": at(4, 9, 500),
            "last": datetime(2026, 3, 4, 23, 59, 59, 999_999, tzinfo=UTC),
            "after": at(5, 0),
        }
        record(store, *(opened(a_row(name, last_changed=time)) for name, time in reversed(times.items())))
        gone = resolved(a_row("second", last_changed=times["second"]), times["second"])
        record(store, gone)
        day = date(2026, 3, 4)
        assert ids(store.ask(Question(changed_on=day))) == ["first", "second", "third", "last"]
        assert ids(store.ask(Question(changed_on=day, limit=1))) == ["first"]
        assert ids(store.ask(Question(changed_on=day, statuses=("resolved",)))) == ["second"]
        assert ids(store.ask(Question(changed_on=day, account="nobody"))) == []

    def test_a_row_without_country_or_cause_answers_other_questions(self, store):
        row = a_row(country="", caused_by="", entity="", account="", dataset_id="")
        record(store, opened(row))
        assert store.known() == {"v1": row}
        assert store.ask(Question(rule=row.rule)) == (row,)
        record(store, resolved(row))
        assert ids(store.ask(Question(statuses=("resolved",)))) == ["v1"]

    def test_the_same_row_opens_closes_and_opens_in_every_answer(self, store):
        row = a_row()
        gone = resolved(row)
        back = after(gone.row, "reopened", status="open", resolved_at=None)
        record(store, opened(row))
        record(store, gone)
        assert store.ask(Question(account=row.account)) == ()
        assert store.ask(Question(statuses=("resolved",))) == (gone.row,)
        record(store, back)
        assert store.ask(Question(account=row.account)) == (back.row,)
        assert store.ask(Question(statuses=("resolved",))) == ()

    def test_names_that_run_together_are_told_apart(self, store):
        rows = [a_row("v1", account="a#b", rule="c"), a_row("v2", account="a", rule="b#c")]
        record(store, *map(opened, rows))
        assert ids(store.ask(Question(account="a#b", rule="c"))) == ["v1"]
        assert ids(store.ask(Question(account="a", rule="b#c"))) == ["v2"]

    def test_a_limit_counts_what_answers_not_what_was_looked_at(self, store):
        rows = [a_row(f"v{number:02}", country="US" if number % 10 else "SG") for number in range(40)]
        record(store, *map(opened, rows))
        asked = Question(account="111122223333", country="SG", severity="critical", limit=3)
        assert ids(store.ask(asked)) == ["v00", "v10", "v20"]

    def test_half_a_character_answers_no_question(self, store):
        record(store, opened(a_row()))
        assert store.ask(Question(rule="\ud800")) == store.ask(Question(statuses=("\udcff",))) == ()

    def test_a_row_moves_to_its_new_place_in_every_answer(self, many):
        row = many.known()["a"]
        record(many, after(row, severity="critical", rank=row.rank.replace("3#", "0#", 1), country="SG"))
        assert ids(many.ask(Question()))[0] == "a"
        assert ids(many.ask(Question(country="SG"))) == ["a", "e"]
        assert ids(many.ask(Question(severity="low"))) == []


class Settling:
    """One scan on its way through the steps; a crash forgets all but the scan itself, as a repeated delivery does."""

    def __init__(self, store: Store, sees: set[str]) -> None:
        self.store, self.sees = store, sees
        self.scan = a_scan(store)
        self.ended = ""
        self._run = self._steps()

    def step(self) -> None:
        if self.ended:
            return
        try:
            next(self._run)
        except StopIteration:
            self.ended = "settled"
        except Superseded:
            self.ended = "superseded"

    def crash(self) -> None:
        if not self.ended:
            self._run = self._steps()

    def _steps(self) -> Iterator[None]:
        self.store.claim(self.scan)
        yield
        known = self.store.known()
        before = self.store.fetch(self.sees)
        yield
        changes = [resolved(row) for name, row in known.items() if name not in self.sees]
        for name in sorted(self.sees - set(known)):
            back = before.get(name)
            changes.append(after(back, "reopened", status="open") if back else opened(a_row(name)))
        self.store.apply(self.scan, changes[:1])
        yield
        self.store.apply(self.scan, changes)
        yield
        self.store.settle(self.scan, [], settled(self.scan))

    def assert_consistent(self) -> None:
        names = {"both", "cured", "one", "other", "two"}
        rows = self.store.fetch(names)
        for name in names:
            history = self.store.history(name)
            assert [row.version for _, row in history] == list(range(1, len(history) + 1))
            if history:
                assert rows[name] == history[-1][1]
            transitions = [transition for transition, _ in history]
            in_turn = ["opened", *["resolved", "reopened"] * len(history)]
            assert transitions == in_turn[: len(history)]
        assert set(self.store.known()) == {name for name, row in rows.items() if row.status != "resolved"}
