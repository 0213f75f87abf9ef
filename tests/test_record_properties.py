"""Whatever two scans saw: nothing is lost, nothing is doubled, and what was not seen is never taken for gone."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace

from core_cases import (
    BACKUP_IN_INDIA,
    HERE,
    LOGS_IN_INDIA,
    MUMBAI,
    NOON,
    SINGAPORE,
    THERE,
    VOCABULARY,
    History,
    arn,
    copied,
    gap,
    holder,
    judged,
    later,
    look,
    looks_at,
    looks_of,
    rule,
    world,
)
from domicile.model import Applies, Copy, Inventory, Obligation, Resource, Scan, Tagged
from domicile.record import record

EVERYTHING = Applies(classes=("ANY",), origins=("ANY",), actors=("ANY",))
RULES = (
    rule(id="place"),
    rule(BACKUP_IN_INDIA, id="backup"),
    rule(Obligation(kind="copy_in", places=("IN",), min=2), id="copies"),
    rule(Obligation(kind="encrypted", cmk=True), id="encrypted"),
    rule(LOGS_IN_INDIA, id="logs", applies=Applies(classes=("logs.*",), origins=("ANY",), actors=("ANY",))),
    rule(Obligation(kind="no_such_data", classes=("payment.card",)), id="none", applies=EVERYTHING),
)


class Truth(Struct):
    """A cloud as it is; a scan sees of it what is not refused."""

    holders: tuple[Resource, ...]
    copies: tuple[Copy, ...]
    tags: tuple[Tagged, ...]

    def seen(self, refused=frozenset()) -> Inventory:
        """What a scan sees when these looks, or parts of looks, are refused."""
        looks = []
        for one in looks_at():
            parts = [name.partition("#") for name in refused if name.startswith(f"{one.key}#")]
            gaps = [
                gap(one.listing, one.cell.region, one.cell.account, question.partition("@")[2], "links")
                for _, _, question in parts
            ]
            if one.key in refused:
                gaps.append(gap(one.listing, one.cell.region, one.cell.account))
            looks.append(replace(one, listed=one.key not in refused, gaps=tuple(gaps)))

        def shown(name):
            return name not in refused and name.partition("#")[0] not in refused

        return world(*(one for one in (*self.holders, *self.copies, *self.tags) if shown(one.look)), looks=looks)


NAMES = tuple("abcde")
KINDS = dict(zip(NAMES, ("db", "bucket", "snapshot", "recovery-point", "log-group"), strict=True))
CLASSES = ("", "payment.card", "payment.upi", "logs.ict", "books_of_account", "secret")


@st.composite
def truths(draw):
    holders, tags = [], []
    for name in NAMES:
        for region, account in ((MUMBAI, HERE), (SINGAPORE, HERE), (SINGAPORE, THERE)):
            if draw(st.integers(0, 3)):
                continue
            kind = KINDS[name]
            value = draw(st.sampled_from(CLASSES))
            said = {"data": value} if value else {}
            one = holder(
                name,
                region,
                kind,
                account,
                created_at=NOON,
                cmk=draw(st.sampled_from([None, True, False])),
                retention_days=draw(st.sampled_from([None, 7, 180])),
                taken_of=arn("db", "a", draw(st.sampled_from([MUMBAI, SINGAPORE]))) if VOCABULARY.types[kind].rotates else "",
                tags={} if kind == "bucket" else said,
            )  # fmt: skip
            holders.append(one)
            if kind == "bucket":
                tags.append(Tagged(one.id, said, look("tags.resources", region, account).key))
    copies = []
    if holders:
        end = st.sampled_from(holders)
        channels = st.sampled_from(sorted(VOCABULARY.channels))
        for source, target, channel, told_by_target in draw(
            st.lists(st.tuples(end, end, channels, st.booleans()), max_size=5)
        ):
            if source is not target:
                more = {"look": target.look} if told_by_target else {}
                copies.append(copied(source, target, channel, **more))
    return Truth(tuple(holders), tuple(copies), tuple(tags))


@st.composite
def days(draw):
    """A cloud on two days: some holders, links and classes come, go and change in between."""
    every, other = draw(truths()), draw(truths())

    def some(things):
        kept = draw(st.lists(st.booleans(), min_size=len(things), max_size=len(things)))
        return tuple(one for one, stays in zip(things, kept, strict=True) if stays)

    def linked(holders, copies, tags):
        """Links with both ends: who points at what is not there says nothing about it."""
        ids = {one.id for one in holders}
        return Truth(holders, tuple(one for one in copies if {one.of, one.id} <= ids), tags)

    changed = {one.id: one for one in other.holders}
    news = tuple(one for one in other.holders if one.id not in {each.id for each in every.holders})
    return (
        linked(some(every.holders), some(every.copies), every.tags),
        linked(
            (*(changed.get(one.id, one) for one in some(every.holders)), *some(news)),
            (*some(every.copies), *some(other.copies)),
            draw(st.sampled_from([every.tags, other.tags])),
        ),
    )


LOOKS = sorted(one.key for one in looks_at())
PARTS = sorted(
    f"{look(listing, region, account).key}#links@{holder(name, region, KINDS[name], account).id}"
    for name, listing in zip(
        NAMES, ("rds.instances", "s3.buckets", "rds.snapshots", "backup.points", "logs.groups"), strict=True
    )
    for region, account in ((MUMBAI, HERE), (SINGAPORE, HERE), (SINGAPORE, THERE))
)
REFUSALS = st.frozensets(st.sampled_from(LOOKS + PARTS), max_size=4)


def after(*scans: Inventory) -> History:
    history = History()
    for day, inventory in enumerate(scans):
        history.scan(inventory, *RULES, as_of=later(day))
    return history


def resolved(history: History) -> set[str]:
    return {
        row.violation_id for row in history.rows.values() if row.status == "resolved" and row.resolved_by != "moved"
    }


@settings(deadline=None, max_examples=40)
@given(truths(), REFUSALS)
def test_recording_the_same_scan_again_changes_nothing(truth, refused):
    history = after(truth.seen(refused))
    assert history.scan(truth.seen(refused), *RULES) == []


@settings(deadline=None, max_examples=40)
@given(days(), REFUSALS, REFUSALS)
def test_two_scans_settle_into_what_a_third_leaves_alone(pair, hidden, hidden_then):
    before, then = pair
    history = after(before.seen(hidden), then.seen(hidden_then))
    assert history.scan(then.seen(hidden_then), *RULES, as_of=later(1)) == []


@settings(deadline=None, max_examples=150)
@given(days(), REFUSALS, REFUSALS, REFUSALS)
def test_more_gaps_never_resolve_anything(pair, hidden, hidden_then, more):
    before, then = pair
    fewer = after(before.seen(hidden), then.seen(hidden_then))
    blinder = after(before.seen(hidden), then.seen(hidden_then | more))
    assert resolved(blinder) <= resolved(fewer)


@settings(deadline=None, max_examples=150)
@given(truths(), REFUSALS, REFUSALS.filter(bool))
def test_what_is_only_refused_is_never_resolved(truth, hidden, more):
    """Nothing happened in the cloud but that somebody took permissions away."""
    assert not resolved(after(truth.seen(hidden), truth.seen(hidden | more)))


@settings(deadline=None, max_examples=40)
@given(days(), REFUSALS, REFUSALS)
def test_what_is_resolved_was_proven_by_every_look_behind_it(pair, hidden, hidden_then):
    before, then = pair
    first = after(before.seen(hidden))
    history = after(before.seen(hidden), then.seen(hidden_then))
    looks = looks_of(then.seen(hidden_then))
    for name in resolved(history):
        if name in first.rows:
            assert all(looks.proves(one) for one in first.rows[name].seen_in)


@settings(deadline=None, max_examples=40)
@given(days(), REFUSALS, st.randoms())
def test_the_order_of_findings_and_rows_does_not_matter(pair, hidden, chance):
    before, then = pair
    known = after(before.seen()).rows
    inventory = then.seen(hidden)
    judgement = judged(inventory, *RULES, as_of=later(1))
    scan = Scan(number=2, started_at=NOON, as_of=later(1))

    def changes(rows, found):
        return record(dict(rows), replace(judgement, findings=tuple(found)), looks_of(inventory), scan, now=NOON)

    rows, found = list(known.items()), list(judgement.findings)
    expected = changes(rows, found)
    chance.shuffle(rows)
    chance.shuffle(found)
    assert changes(rows, found) == expected
    assert changes(rows, found * 2) == expected


@settings(deadline=None, max_examples=40)
@given(truths(), REFUSALS)
def test_a_scan_delivered_twice_at_once_writes_the_same_rows(truth, hidden):
    first, second = after(truth.seen(hidden)), after(truth.seen(hidden))
    assert first.rows == second.rows


@settings(deadline=None, max_examples=40)
@given(truths(), truths(), truths(), REFUSALS, REFUSALS)
def test_a_row_is_never_lost_and_its_first_day_never_changes(one, two, three, hidden, hidden_then):
    history = History()
    first_seen = {}
    for day, inventory in enumerate((one.seen(), two.seen(hidden), three.seen(hidden_then))):
        history.scan(inventory, *RULES, as_of=later(day))
        for name, row in history.rows.items():
            assert row.first_seen <= first_seen.setdefault(name, row.first_seen)
            assert row.times_opened >= 1
            assert (row.status == "resolved") == (row.resolved_at is not None) == bool(row.resolved_by)
            assert row.rank.endswith(f"#{name}")
        assert first_seen.keys() == history.rows.keys()


@settings(deadline=None, max_examples=40)
@given(truths(), st.integers(0, 9))
def test_no_name_and_no_class_has_a_part_in_an_id(truth, seed):
    chance = random.Random(seed)
    renamed = tuple(replace(one, name=f"{chance.random()}") for one in truth.holders)
    assert after(truth.seen()).rows.keys() == after(replace(truth, holders=renamed).seen()).rows.keys()
    other = {"payment.card": "payment.transaction"}
    places = [one for one in RULES if one.id == "place"]
    plain = [
        replace(one, tags={key: other.get(value, value) for key, value in one.tags.items()}) for one in truth.holders
    ]
    ids = [
        {one.id for one in judged(replace(truth, holders=tuple(each)).seen(), *places).findings}
        for each in (truth.holders, plain)
    ]
    assert ids[0] == ids[1]
