"""Which copies belong to the same data, and where each of them is."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from core_cases import (
    HERE,
    HYDERABAD,
    MUMBAI,
    NOON,
    SINGAPORE,
    THERE,
    VIRGINIA,
    VOCABULARY,
    arn,
    copied,
    gap,
    holder,
    look,
    looks_at,
    places,
    related,
    world,
)
from domicile.model import NEVER_EXPIRES, Copy, Evidence, Key, Location, Resource, Tagged, part_of
from domicile.relate import SAMPLES, place, relate

LEDGER = holder("ledger")


def ago(**time):
    return NOON - timedelta(**time)


def test_a_lone_resource_is_a_dataset_with_one_place():
    [dataset] = related(LEDGER).values()
    assert (dataset.id, dataset.provider, dataset.account, dataset.name) == (LEDGER.id, "aws", HERE, "ledger")
    assert (dataset.root_country, dataset.members) == ("IN", (LEDGER.id,))
    [only] = dataset.placements
    assert only.evidence == (Evidence("rds.instances", "region", MUMBAI),)
    assert (only.subject, only.kind, only.country, only.channel) == (f"resource|{LEDGER.id}", "primary", "IN", "")
    assert (only.held, only.seen_in) == (True, (LEDGER.look,))


def test_a_copy_seen_from_both_ends_is_one_place():
    reader = holder("reader", SINGAPORE)
    here = copied(LEDGER, reader, "read-replica")
    there = copied(LEDGER, reader, "read-replica", look=reader.look)
    [dataset] = related(LEDGER, reader, here, there).values()
    assert places(dataset) == {f"resource|{LEDGER.id}": "primary", f"resource|{reader.id}": "replica"}
    replica = dataset.placements[1]
    assert (replica.source_id, replica.channel, replica.caused_by) == (LEDGER.id, "read-replica", here.caused_by)
    assert replica.seen_in == tuple(sorted({here.look, reader.look}))


def test_a_chain_of_copies_is_one_dataset():
    second, third = holder("second", SINGAPORE), holder("third", VIRGINIA)
    [dataset] = related(LEDGER, second, third, copied(LEDGER, second), copied(second, third)).values()
    assert [one.country for one in dataset.placements] == ["IN", "SG", "US"]
    assert dataset.placements[2].source_id == second.id


# Shared holders.


def test_a_dataset_ends_at_a_holder_that_receives_from_more_than_one_root():
    payments, shop, central = (holder(name, kind="bucket") for name in ("payments", "shop", "central"))
    links = copied(payments, central, "log-delivery"), copied(shop, central, "log-delivery")
    datasets = related(payments, shop, central, *links)
    assert set(datasets) == {payments.id, shop.id, central.id}
    assert places(datasets[central.id]) == {f"resource|{central.id}": "log"}
    assert datasets[central.id].parents == tuple(sorted((payments.id, shop.id)))
    assert datasets[payments.id].feeds == datasets[shop.id].feeds == (central.id,)


def test_a_holder_with_one_root_is_part_of_it():
    payments, central = holder("payments", kind="bucket"), holder("central", kind="bucket")
    assert set(related(payments, central, copied(payments, central, "log-delivery"))) == {payments.id}


def test_what_is_downstream_of_a_shared_holder_belongs_to_it():
    payments, shop, central = (holder(name, kind="bucket") for name in ("payments", "shop", "central"))
    archive = holder("archive", SINGAPORE, "bucket")
    links = copied(payments, central), copied(shop, central), copied(central, archive)
    datasets = related(payments, shop, central, archive, *links)
    assert datasets[central.id].members == tuple(sorted((central.id, archive.id)))


def test_two_ways_from_the_same_root_are_no_sharing():
    top, left, right, bottom = (holder(name) for name in "tlrb")
    links = copied(top, left), copied(top, right), copied(left, bottom), copied(right, bottom)
    assert set(related(top, left, right, bottom, *links)) == {top.id}


def test_two_links_from_one_root_to_one_holder_are_no_sharing():
    replica = holder("replica", SINGAPORE)
    [dataset] = related(LEDGER, replica, copied(LEDGER, replica), copied(LEDGER, replica, "read-replica")).values()
    assert dataset.placements[1].links == {"replication", "read-replica"}


def test_what_is_said_of_all_that_is_called_alike_is_said_of_each_that_was_seen():
    one, two, other = holder("one"), holder("two", SINGAPORE), holder("other", VIRGINIA)
    central = holder("central", VIRGINIA)
    abroad = Copy("arn:aws:rds:ap-southeast-1:*:db:*", "replication", id=central.id)
    datasets = related(one, two, other, central, abroad)
    assert datasets[two.id].members == tuple(sorted((two.id, central.id)))
    assert set(datasets) == {one.id, two.id, other.id}
    assert set(related(one, abroad)) == {one.id}


# Derivation runs one way.


def test_what_is_made_from_a_snapshot_is_a_dataset_of_its_own_and_inherits():
    snapshot = holder("snap", kind="snapshot", taken_of=LEDGER.id)
    restored = holder("restored", SINGAPORE)
    taken, made = copied(LEDGER, snapshot, "snapshot-taken"), copied(snapshot, restored, "restore")
    datasets = related(LEDGER, snapshot, restored, taken, made)
    assert set(datasets) == {LEDGER.id, restored.id}
    assert datasets[restored.id].parents == (LEDGER.id,)
    assert datasets[LEDGER.id].parents == datasets[LEDGER.id].feeds == ()
    assert places(datasets[restored.id]) == {f"resource|{restored.id}": "primary"}
    assert datasets[restored.id].placements[0].channel == ""


def test_a_root_among_peers_that_was_restored_is_still_their_root():
    first, second = holder("first", created_at=ago(days=9)), holder("second", SINGAPORE, created_at=ago(days=8))
    made = copied("arn:aws:rds:ap-south-1:111111111111:db:gone", first, "restore")
    datasets = related(
        first, second, copied(first, second, "global-table"), copied(second, first, "global-table"), made
    )
    assert places(datasets[first.id]) == {f"resource|{first.id}": "primary", f"resource|{second.id}": "replica"}


# Peers and cycles.


def test_every_peer_is_a_place_and_the_earliest_made_is_the_anchor():
    older, newer = holder("zzz", SINGAPORE, created_at=ago(days=9)), holder("aaa", created_at=ago(days=1))
    [dataset] = related(
        older, newer, copied(newer, older, "global-table"), copied(older, newer, "global-table")
    ).values()
    assert dataset.id == older.id
    assert places(dataset) == {f"resource|{older.id}": "primary", f"resource|{newer.id}": "replica"}


def test_of_those_made_at_the_same_time_the_least_id_is_the_anchor():
    a, b = holder("a", SINGAPORE, created_at=ago(days=9)), holder("b", created_at=ago(days=9))
    [dataset] = related(a, b, copied(a, b, "global-table")).values()
    assert dataset.id == min(a.id, b.id)


def test_a_peer_of_unknown_age_is_no_anchor_while_another_has_one():
    a, b = holder("a"), holder("b", SINGAPORE, created_at=ago(days=1))
    assert set(related(a, b, copied(a, b, "global-table"))) == {b.id}


def test_a_cycle_of_copies_is_one_dataset_with_every_member_a_place():
    a, b, c = holder("a", created_at=ago(days=3)), holder("b", SINGAPORE), holder("c", VIRGINIA)
    [dataset] = related(a, b, c, copied(a, b), copied(b, c), copied(c, a)).values()
    assert (dataset.id, [one.kind for one in dataset.placements]) == (a.id, ["primary", "replica", "replica"])


def test_a_long_cycle_does_not_exhaust_the_search():
    ring = [holder(f"{number:05}") for number in range(3000)]
    links = [copied(one, ring[number - 1]) for number, one in enumerate(ring)]
    assert len(related(*ring, *links)) == 1


# What holds data of its own.


def test_a_bucket_that_says_what_it_holds_is_not_swallowed_by_what_replicates_into_it():
    misc, statements = holder("misc", kind="bucket"), holder("statements", SINGAPORE, "bucket")
    inventory = world(misc, statements, copied(misc, statements))
    assert [one.id for one in relate(inventory, VOCABULARY)] == [misc.id]
    apart = {one.id: one for one in relate(inventory, VOCABULARY, {statements.id})}
    assert set(apart) == {misc.id, statements.id}
    assert apart[statements.id].parents == (misc.id,)
    assert apart[misc.id].feeds == (statements.id,)
    [placement] = apart[statements.id].placements
    assert (placement.channel, placement.source_country) == ("replication", "IN")


def test_a_copy_that_can_hold_nothing_else_stays_with_its_source_whatever_it_says():
    reader = holder("reader", SINGAPORE)
    link = copied(LEDGER, reader, "read-replica")
    assert [one.id for one in relate(world(LEDGER, reader, link), VOCABULARY, {reader.id})] == [LEDGER.id]


# What was never scanned.


def test_a_target_never_scanned_is_a_place():
    target = copied(LEDGER, "arn:aws:s3:::partner", location=Location("aws", SINGAPORE), account="999999999999")
    [dataset] = related(LEDGER, target).values()
    there = dataset.placements[1]
    assert (there.subject, there.country, there.account) == ("resource|arn:aws:s3:::partner", "SG", "999999999999")
    assert (there.held, there.resource_type, there.resource_name) == (False, "", "partner")


def test_the_place_of_a_target_is_read_from_its_name_when_nothing_else_says():
    target = arn("db", "reader", SINGAPORE, "999999999999")
    [dataset] = related(LEDGER, copied(LEDGER, target, "read-replica")).values()
    assert (dataset.placements[1].country, dataset.placements[1].account) == ("SG", "999999999999")


def test_a_target_that_a_full_look_at_its_holder_does_not_show_is_no_place():
    target = arn("db", "reader", SINGAPORE, THERE)
    [dataset] = related(LEDGER, copied(LEDGER, target, "read-replica")).values()
    assert [one.resource_id for one in dataset.placements] == [LEDGER.id]
    unseen = [one for one in looks_at() if one.cell.account != THERE]
    [dataset] = related(LEDGER, copied(LEDGER, target, "read-replica"), looks=unseen).values()
    assert target in {one.resource_id for one in dataset.placements}


def test_a_bucket_named_without_a_region_lies_where_it_was_found():
    bucket, target = holder("payments", kind="bucket"), "arn:aws:s3:::elsewhere"
    link = copied(bucket, target)
    found = related(bucket, link, located={target: Location("aws", VIRGINIA)})[bucket.id].placements
    assert [one.country for one in found] == ["US", "IN"]
    lost = related(bucket, link)[bucket.id].placements
    assert [(one.location, one.country) for one in lost if not one.held] == [(None, None)]


def test_where_a_bucket_was_found_is_evidence():
    bucket, target = holder("payments", kind="bucket"), "arn:aws:s3:::elsewhere"
    found = related(bucket, copied(bucket, target), located={target: Location("aws", VIRGINIA)})[bucket.id]
    assert Evidence("s3.locate", "region", VIRGINIA) in found.placements[0].evidence


def test_a_bucket_that_is_not_there_is_no_place():
    bucket, target = holder("payments", kind="bucket"), "arn:aws:s3:::elsewhere"
    [dataset] = related(bucket, copied(bucket, target), gone=frozenset({target})).values()
    assert [one.resource_id for one in dataset.placements] == [bucket.id]


def test_a_bucket_that_its_rule_gives_to_an_account_without_it_is_somebody_elses():
    bucket, target = holder("payments", kind="bucket"), "arn:aws:s3:::elsewhere"
    rule = copied(bucket, target, account=THERE)
    there = {target: Location("aws", VIRGINIA)}
    stranger = related(bucket, rule, located=there, looks=[look("s3.buckets", "global", THERE)])[bucket.id]
    assert (stranger.placements[0].country, stranger.placements[0].account) == ("US", "")
    assert Evidence("s3.locate", "account", f"not {THERE}") in stranger.placements[0].evidence
    refused = look("s3.buckets", "global", THERE, listed=False)
    for looks in ([refused], []):
        told = related(bucket, rule, located=there, looks=looks)[bucket.id]
        assert told.placements[0].account == THERE


def test_how_a_bucket_is_encrypted_may_be_told_by_another_listing():
    bucket = holder("payments", kind="bucket")
    told = Tagged(bucket.id, look=look("s3.encryption").key, cmk=True, key=f"arn:aws:kms:{SINGAPORE}:{HERE}:key/1")
    [place] = related(bucket, told)[bucket.id].placements
    assert (place.cmk, place.key_countries, place.seen_in) == (True, ("SG",), (bucket.look,))
    [place] = related(bucket, Tagged(bucket.id, {"data": "x"}))[bucket.id].placements
    assert (place.cmk, place.key_countries) == (None, None)
    assert related(told) == {}


def test_one_statement_that_names_the_place_is_enough():
    bucket, target = holder("payments", kind="bucket"), "arn:aws:s3:::elsewhere"
    links = copied(bucket, target), copied(bucket, target, "log-delivery", location=Location("aws", VIRGINIA))
    for order in (links, links[::-1]):
        places = related(bucket, *order)[bucket.id].placements
        assert sorted(one.country for one in places) == ["IN", "US"]


def test_a_source_never_scanned_from_which_data_still_flows_is_a_place():
    reader, source = holder("reader", SINGAPORE), arn("db", "ledger", HYDERABAD, "999999999999")
    flows = copied(source, reader, "read-replica", look=reader.look)
    [dataset] = related(reader, flows).values()
    assert (dataset.id, dataset.unseen) == (source, (source,))
    assert [(one.kind, one.country, one.held) for one in dataset.placements] == [
        ("primary", "IN", False),
        ("replica", "SG", True),
    ]


def test_sources_never_scanned_of_a_shared_holder_are_places_too():
    central = holder("central", SINGAPORE)
    sources = [arn("db", name, HYDERABAD, "999999999999") for name in "ab"]
    datasets = related(central, *(copied(one, central, "read-replica", look=central.look) for one in sources))
    assert set(datasets) == {central.id, *sources}
    assert all(len(datasets[one].placements) == 1 for one in sources)


def test_a_source_that_was_copied_from_once_and_not_seen_is_no_place():
    copy = holder("copy", SINGAPORE, "snapshot")
    gone = arn("snapshot", "gone")
    [dataset] = related(copy, copied(gone, copy, "snapshot-copy", look=copy.look)).values()
    assert [one.resource_id for one in dataset.placements] == [copy.id]


def test_an_ancestor_that_is_gone_is_as_unseen_as_one_nobody_could_look_at():
    copy, gone = holder("copy", SINGAPORE, "snapshot"), arn("snapshot", "gone")
    link = copied(gone, copy, "snapshot-copy", look=copy.look, caused_by="")
    [dataset] = related(copy, link).values()
    assert dataset.unseen == (gone,)
    denied = look("rds.snapshots", listed=False, gaps=[gap("rds.snapshots")])
    others = [one for one in looks_at() if one.key != denied.key]
    [dataset] = related(copy, link, looks=[*others, denied]).values()
    assert dataset.unseen == (gone,)
    [dataset] = related(copy, link, looks=[one for one in looks_at() if one.cell.region != MUMBAI]).values()
    assert dataset.unseen == (gone,)


def test_a_peer_that_nobody_looked_at_may_say_what_the_others_hold():
    peer = arn("db", "peer", VIRGINIA, "999999999999")
    [dataset] = related(LEDGER, copied(LEDGER, peer, "global-table")).values()
    assert dataset.unseen == (peer,)
    [dataset] = related(LEDGER, copied(LEDGER, peer, "read-replica")).values()
    assert dataset.unseen == ()


def test_the_source_of_what_was_restored_hands_on_though_it_is_gone():
    restored, gone = holder("restored"), arn("db", "gone", SINGAPORE)
    datasets = related(restored, copied(gone, restored, "restore", look=restored.look))
    assert datasets[restored.id].parents == (gone,)
    assert datasets[gone].placements == ()


# Copies without a resource, and copies that rotate.


def test_a_geo_redundant_copy_is_a_place_without_a_resource():
    [dataset] = related(LEDGER, copied(LEDGER, "", "geo-redundancy", location=Location("aws", SINGAPORE))).values()
    implied = dataset.placements[0]
    assert implied.subject == f"implied|{LEDGER.id}|geo-redundancy|aws:{SINGAPORE}"
    assert (implied.kind, implied.country, implied.account, implied.held) == ("replica", "SG", HERE, False)


def test_copies_by_another_channel_or_to_another_place_are_other_copies():
    somewhere, elsewhere = Location("aws", SINGAPORE), Location("aws", VIRGINIA)
    links = (
        copied(LEDGER, "", "geo-redundancy", location=somewhere),
        copied(LEDGER, "", "geo-redundancy", location=elsewhere),
        copied(LEDGER, "", "log-delivery", location=elsewhere),
        copied(LEDGER, "", "log-delivery"),
    )
    [dataset] = related(LEDGER, *links).values()
    assert len(dataset.placements) == 5
    assert f"implied|{LEDGER.id}|log-delivery|unknown" in places(dataset)


def snapshots(*ages, region=MUMBAI, **more):
    for age in ages:
        at = ago(days=age) if age is not None else None
        one = holder(f"snap-{age}", region, "snapshot", created_at=at, taken_of=LEDGER.id, **more)
        yield from (one, copied(LEDGER, one, "snapshot-taken", look=one.look))


def test_snapshots_of_one_database_in_one_place_are_one_set():
    [dataset] = related(LEDGER, *snapshots(*range(9))).values()
    found = dataset.placements[1]
    assert found.subject == f"set|{LEDGER.id}|snapshot-taken|{HERE}|aws:{MUMBAI}"
    assert (found.kind, found.copies, found.oldest_at, found.newest_at) == ("snapshot", 9, ago(days=8), NOON)
    assert len(found.samples) == SAMPLES
    assert found.resource_id == arn("snapshot", "snap-0")


def test_a_fact_of_a_set_is_true_when_it_is_of_every_copy():
    def fact(name, *values):
        sightings = []
        for number, value in enumerate(values):
            one = holder(f"s{number}", kind="snapshot", taken_of=LEDGER.id, **{name: value})
            sightings += [one, copied(LEDGER, one, "snapshot-taken", look=one.look)]
        return getattr(related(LEDGER, *sightings)[LEDGER.id].placements[1], name)

    assert fact("cmk", True, True) is True
    assert fact("cmk", True, False, None) is False
    assert fact("cmk", True, None) is None
    assert fact("retention_days", 7, NEVER_EXPIRES) == 7
    assert fact("retention_days", 7, None) is None


def test_the_oldest_of_a_set_is_unknown_when_one_age_is():
    [dataset] = related(LEDGER, *snapshots(3, None)).values()
    assert (dataset.placements[1].oldest_at, dataset.placements[1].newest_at) == (None, ago(days=3))


def test_the_keys_of_a_set_are_those_of_all_its_copies():
    def keys(*names):
        found = [list(snapshots(number, key=key)) for number, key in enumerate(names)]
        return related(LEDGER, *(one for pair in found for one in pair))[LEDGER.id].placements[1].key_countries

    here, abroad = (f"arn:aws:kms:{region}:{HERE}:key/1" for region in (MUMBAI, SINGAPORE))
    assert keys(here, here) == ("IN",)
    assert keys(here, abroad) == ("IN", "SG")
    assert keys(abroad, "") == ("", "SG")
    assert keys("", "") is None
    assert keys("alias/x") == ("",)


def rotated(*, intermediate: bool, database: bool = True):
    """A database, its snapshot at home, and the copy of that snapshot abroad."""
    home = holder("home", kind="snapshot", taken_of=LEDGER.id)
    abroad = holder("abroad", SINGAPORE, "snapshot", taken_of=LEDGER.id)
    sightings = [abroad, copied(home.id, abroad, "snapshot-copy", look=abroad.look)]
    if intermediate:
        sightings += [home, copied(LEDGER, home, "snapshot-taken", look=home.look)]
    return related(*sightings, *([LEDGER] if database else []))


def test_a_copy_abroad_has_the_same_key_before_and_after_its_snapshot_at_home_rotated_away():
    key = f"set|{LEDGER.id}|snapshot-copy|{HERE}|aws:{SINGAPORE}"
    for intermediate in (True, False):
        for database in (True, False):
            datasets = rotated(intermediate=intermediate, database=database)
            assert set(datasets) == {LEDGER.id}
            assert key in places(datasets[LEDGER.id])


def test_copies_that_name_only_what_they_have_in_common_belong_where_one_of_them_still_has_its_source():
    home = holder("home", kind="snapshot", taken_of=LEDGER.id)
    copies = [holder(f"abroad-{night}", SINGAPORE, "snapshot", taken_of="family:ledger") for night in range(2)]
    links = [copied(of, one, "snapshot-copy", look=one.look) for of, one in zip((home.id, "gone"), copies, strict=True)]
    [dataset] = related(LEDGER, home, copied(LEDGER, home, "snapshot-taken", look=home.look), *copies, *links).values()
    [abroad] = [one for one in dataset.placements if one.country == "SG"]
    assert (abroad.subject, abroad.copies) == (f"set|family:ledger|snapshot-copy|{HERE}|aws:{SINGAPORE}", 2)


def test_a_snapshot_nobody_says_the_source_of_belongs_to_what_it_was_taken_of():
    orphan = holder("orphan", SINGAPORE, "snapshot", taken_of=LEDGER.id)
    for database in ((LEDGER,), ()):
        [dataset] = related(orphan, *database).values()
        assert f"set|{LEDGER.id}|snapshot|{HERE}|aws:{SINGAPORE}" in places(dataset)
        assert dataset.id == LEDGER.id


def test_the_looks_behind_a_set_name_no_copy_that_rotates():
    at_night = []
    for night in range(3):
        one = holder(f"night-{night}", kind="snapshot", taken_of=LEDGER.id)
        link = copied(LEDGER, one, "snapshot-taken", look=part_of(one.look, "origin", one.id))
        at_night.append(related(LEDGER, one, link)[LEDGER.id].placements[1].seen_in)
    assert set(at_night) == {(look("rds.snapshots").key, look("rds.snapshots").key + "#origin@*")}


# Kinds.


def test_one_physical_copy_listed_twice_is_one_and_a_backup():
    key = f"arn:aws:kms:{SINGAPORE}:{HERE}:key/1"
    snapshot = holder("snap", kind="snapshot", taken_of=LEDGER.id, created_at=NOON, tags={"a": "1"}, key=key)
    point = replace(
        holder("x", kind="recovery-point"), id=snapshot.id, retention_days=35, cmk=True, tags={"b": "2"}
    )  # fmt: skip
    links = (
        copied(LEDGER, snapshot, "snapshot-taken", look=snapshot.look),
        copied(LEDGER, point, "recovery-point", look=point.look),
    )
    for order in ((snapshot, point, *links), (point, snapshot, *links[::-1])):
        [dataset] = related(LEDGER, *order).values()
        [found] = [one for one in dataset.placements if one.subject.startswith("set|")]
        assert (found.kind, found.copies, found.channel) == ("backup", 1, "recovery-point")
        assert (found.oldest_at, found.retention_days, found.cmk) == (NOON, 35, True)
        assert found.key_countries == ("SG",)
        assert found.subject.split("|")[1] == LEDGER.id
        assert found.seen_in == (point.look, snapshot.look)


def test_a_backup_stays_a_backup_whatever_made_it():
    point = holder("point", kind="recovery-point", taken_of=LEDGER.id)
    [dataset] = related(LEDGER, point, copied(LEDGER, point, "snapshot-taken", look=point.look)).values()
    assert dataset.placements[1].kind == "backup"


def test_a_store_of_logs_is_a_log_even_as_a_root():
    group = holder("trail", kind="log-group")
    assert places(related(group)[group.id]) == {f"resource|{group.id}": "log"}


def test_a_region_nobody_mapped_has_no_country():
    lost = holder("lost", "xx-nowhere-1")
    assert related(lost)[lost.id].placements[0].country is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("arn:aws:rds:ap-south-1:111111111111:db:ledger", (Location("aws", "ap-south-1"), "111111111111")),
        ("arn:aws:s3:::bucket", (None, "")),
        ("implied|arn:aws:s3:::bucket|x|y", (None, "")),
        ("arn:aws:rds", (None, "")),
        ("", (None, "")),
    ],
)
def test_an_arn_names_a_place(name, expected):
    assert place(name) == expected


# Whatever the world looks like.

NAMES = tuple("abcdef")
KINDS = dict(zip(NAMES, ("db", "db", "bucket", "snapshot", "snapshot", "recovery-point"), strict=True))
REGIONS = (MUMBAI, SINGAPORE, VIRGINIA, "xx-nowhere-1")


CHANNELS = sorted(VOCABULARY.channels)
PLAIN = [name for name in CHANNELS if VOCABULARY.channels[name].relation not in ("part", "rule")]


@st.composite
def worlds(draw, channels=CHANNELS):
    """Up to six holders with copies between any of them, and holders that nobody scanned."""
    there = draw(st.lists(st.sampled_from(NAMES), unique=True))
    holders = {}
    for name in NAMES:
        made = draw(st.one_of(st.none(), st.integers(0, 3).map(lambda days: ago(days=days))))
        taken_of = arn("db", draw(st.sampled_from("ab"))) if KINDS[name] in ("snapshot", "recovery-point") else ""
        holders[name] = holder(name, draw(st.sampled_from(REGIONS)), KINDS[name], created_at=made, taken_of=taken_of)
    ends = st.sampled_from(NAMES)
    links = draw(st.lists(st.tuples(ends, ends, st.sampled_from(channels), st.booleans()), max_size=10))
    copies = []
    for source, target, channel, named in links:
        fields = {} if named else {"location": None}
        copies.append(copied(holders[source], holders[target], channel, **fields))
    return [holders[name] for name in there], copies


@settings(deadline=None)
@given(worlds(), st.randoms())
def test_relating_is_indifferent_to_order(drawn, random):
    holders, copies = drawn
    expected = relate(world(*holders, *copies), VOCABULARY)
    random.shuffle(holders)
    random.shuffle(copies)
    assert relate(world(*holders, *copies, *copies), VOCABULARY) == relate(
        world(*copies, *copies, *holders), VOCABULARY
    )
    assert relate(world(*copies, *holders), VOCABULARY) == expected


@settings(deadline=None)
@given(worlds(PLAIN))
def test_every_resource_is_in_exactly_one_dataset_and_is_a_place_in_it(drawn):
    holders, copies = drawn
    datasets = relate(world(*holders, *copies), VOCABULARY)
    members = [member for dataset in datasets for member in dataset.members]
    assert len(members) == len(set(members))
    for one in holders:
        [home] = [dataset for dataset in datasets if one.id in dataset.members]
        assert any(one.id == it.resource_id or it.subject.startswith("set|") for it in home.placements)


@settings(deadline=None)
@given(worlds(PLAIN))
def test_every_target_of_a_copy_is_a_place_and_no_place_is_invented(drawn):
    holders, copies = drawn
    datasets = relate(world(*holders, *copies, looks=()), VOCABULARY)
    subjects = [one.subject for dataset in datasets for one in dataset.placements if not one.subject.startswith("set|")]
    assert len(subjects) == len(set(subjects))
    counted = sum(one.copies for dataset in datasets for one in dataset.placements)
    targets = {
        (one.of, one.channel, one.location) if VOCABULARY.channels[one.channel].implied else one.id for one in copies
    }
    flowing = {
        one.of
        for one in copies
        if VOCABULARY.channels[one.channel].continuous or VOCABULARY.channels[one.channel].relation == "peer"
    }
    assert counted == len({one.id for one in holders} | targets | flowing)


@settings(deadline=None)
@given(worlds())
def test_the_anchor_is_a_member_and_parents_are_other_datasets(drawn):
    holders, copies = drawn
    datasets = relate(world(*holders, *copies), VOCABULARY)
    ids = {dataset.id for dataset in datasets}
    for dataset in datasets:
        assert dataset.id in dataset.members
        assert dataset.id not in dataset.parents
        assert {*dataset.parents, *dataset.feeds} <= ids
        for one in dataset.feeds:
            assert any(dataset.id in other.parents for other in datasets if other.id == one)


def test_a_copy_of_itself_changes_nothing():
    assert places(related(LEDGER, Copy(LEDGER.id, "replication", LEDGER.location, LEDGER.id))[LEDGER.id]) == {
        f"resource|{LEDGER.id}": "primary"
    }


def nightly(number: int, of: str, region: str = MUMBAI, **more):
    """A snapshot that a rule made, and the statement that says so."""
    snapshot = holder(f"{of.rsplit(':', 1)[-1]}-{number}", region, "snapshot", **more)
    return snapshot, copied(of, snapshot, "snapshot-taken", look=snapshot.look, caused_by="rule-of-nights")


def copied_nightly(number: int, of: Resource, source: str):
    """Its copy abroad, which names the snapshot it was made of and nothing that stays."""
    copy = holder(f"{of.name}-abroad-{number}", SINGAPORE, "snapshot")
    return copy, copied(source, copy, "snapshot-copy", look=copy.look, caused_by="rule-of-nights")


def test_a_copy_of_a_snapshot_is_a_copy_of_what_the_snapshot_was_taken_of():
    ledger = holder("ledger")
    snapshot, taken = nightly(1, ledger.id, taken_of=ledger.id)
    copy, made = copied_nightly(1, ledger, snapshot.id)
    [dataset] = related(ledger, snapshot, taken, copy, made).values()
    assert f"set|{ledger.id}|snapshot-copy|{HERE}|aws:ap-southeast-1" in places(dataset)


def test_copies_of_snapshots_that_are_gone_belong_to_the_only_thing_their_rule_copies():
    ledger = holder("ledger")
    snapshot, taken = nightly(2, ledger.id, taken_of=ledger.id)
    old, new = copied_nightly(1, ledger, arn("snapshot", "rotated")), copied_nightly(2, ledger, snapshot.id)
    [dataset] = related(ledger, snapshot, taken, *old, *new).values()
    [abroad] = [one for one in dataset.placements if one.country == "SG"]
    assert (abroad.subject, abroad.copies) == (f"set|{ledger.id}|snapshot-copy|{HERE}|aws:ap-southeast-1", 2)


def test_copies_of_snapshots_that_are_gone_are_one_place_where_their_rule_copies_several_things():
    ledger, wallets = holder("ledger"), holder("wallets")
    one, another = nightly(2, ledger.id, taken_of=ledger.id), nightly(2, wallets.id, taken_of=wallets.id)
    now = (*copied_nightly(2, ledger, one[0].id), *copied_nightly(2, wallets, another[0].id))
    old = (*copied_nightly(1, ledger, arn("snapshot", "a")), *copied_nightly(1, wallets, arn("snapshot", "b")))
    datasets = related(ledger, wallets, *one, *another, *now, *old)
    [left] = datasets["rule-of-nights"].placements
    assert (left.subject, left.copies) == (f"set|rule-of-nights|snapshot-copy|{HERE}|aws:ap-southeast-1", 2)
    assert datasets["rule-of-nights"].unseen == ("rule-of-nights",)


def test_a_part_is_no_place_of_its_own_beside_the_whole():
    ledger, image = holder("ledger"), holder("image", kind="recovery-point")
    snapshot, taken = nightly(1, ledger.id, taken_of=ledger.id)
    inside = copied(snapshot, image, "inside", look=image.look)
    [dataset] = related(ledger, snapshot, taken, image, inside).values()
    assert {one.resource_id for one in dataset.placements} == {ledger.id, image.id}
    assert snapshot.id in dataset.members


def test_a_part_is_a_place_while_the_whole_is_not_seen():
    snapshot = holder("snapshot", kind="snapshot")
    gone = arn("recovery-point", "image")
    [dataset] = related(snapshot, copied(snapshot, gone, "inside", account=HERE, look=snapshot.look)).values()
    assert {one.resource_id for one in dataset.placements} == {snapshot.id}


def test_parts_of_one_another_do_not_hide_each_other():
    one, another = holder("one", kind="snapshot"), holder("another", kind="snapshot")
    datasets = related(one, another, copied(one, another, "inside"), copied(another, one, "inside"))
    [dataset] = datasets.values()
    assert {place.resource_id for place in dataset.placements} == {one.id, another.id}


def test_a_whole_of_parts_of_two_things_holds_both():
    ledger, wallets, image = holder("ledger"), holder("wallets"), holder("image", kind="recovery-point")
    parts = [nightly(1, one.id, taken_of=one.id) for one in (ledger, wallets)]
    inside = [copied(snapshot, image, "inside", look=image.look) for snapshot, _ in parts]
    datasets = related(ledger, wallets, image, *(one for part in parts for one in part), *inside)
    [whole] = [one for one in datasets.values() if image.id in one.members]
    assert set(whole.parents) == {ledger.id, wallets.id}


def test_what_a_rule_copies_is_where_the_rule_says_before_anybody_has_seen_it_there():
    ledger = holder("ledger")
    snapshot, taken = nightly(1, ledger.id, taken_of=ledger.id)
    rule = copied("rule-of-nights", "", "copy-action", location=Location("aws", SINGAPORE), account=HERE, look="plans")
    [dataset] = related(ledger, snapshot, taken, rule).values()
    [abroad] = [one for one in dataset.placements if one.country == "SG"]
    assert (abroad.subject, abroad.caused_by) == (
        f"implied|{ledger.id}|copy-action|aws:ap-southeast-1",
        "rule-of-nights",
    )


def test_what_a_rule_copied_is_not_spoken_of_twice():
    ledger = holder("ledger")
    snapshot, taken = nightly(1, ledger.id, taken_of=ledger.id)
    copy, made = copied_nightly(1, ledger, snapshot.id)
    rule = copied("rule-of-nights", "", "copy-action", location=Location("aws", SINGAPORE), account=HERE, look="plans")
    [dataset] = related(ledger, snapshot, taken, copy, made, rule).values()
    assert [one.channel for one in dataset.placements if one.country == "SG"] == ["snapshot-copy"]


def test_a_rule_that_never_copied_anything_puts_nothing_anywhere():
    rule = copied("rule-of-nights", "", "copy-action", location=Location("aws", SINGAPORE), account=HERE, look="plans")
    assert related(rule) == {}


MRK = "arn:aws:kms:{}:111111111111:key/mrk-1234abcd"


def test_a_key_of_many_regions_is_in_the_countries_of_all_of_them():
    ledger = holder("ledger", key=MRK.format(MUMBAI))
    everywhere = Key(MRK.format(MUMBAI), (Location("aws", MUMBAI), Location("aws", SINGAPORE)))
    [dataset] = related(ledger, keys=(everywhere,)).values()
    assert dataset.placements[0].key_countries == ("IN", "SG")


def test_where_else_a_key_of_many_regions_is_is_unknown_while_no_look_shows_it():
    [dataset] = related(holder("ledger", key=MRK.format(MUMBAI))).values()
    assert dataset.placements[0].key_countries == ("", "IN")


def test_what_an_alias_names_may_be_in_several_countries_unless_a_look_shows_it_or_it_is_a_key_of_aws():
    def countries(alias, *places):
        name = f"arn:aws:kms:{MUMBAI}:{HERE}:alias/{alias}"
        known = (Key(name, tuple(Location("aws", region) for region in places)),) if places else ()
        [dataset] = related(holder("ledger", key=name), keys=known).values()
        return dataset.placements[0].key_countries

    assert countries("ledger") == ("", "IN")
    assert countries("ledger", MUMBAI) == ("IN",)
    assert countries("ledger", MUMBAI, SINGAPORE) == ("IN", "SG")
    assert countries("aws/s3") == ("IN",)


def test_a_snapshot_whose_name_says_no_account_is_not_there_when_its_account_was_listed_in_full():
    ledger, gone = holder("ledger"), "arn:aws:rds:ap-south-1::snapshot/gone"
    spoken_of = copied(ledger, gone, "snapshot-copy", account=HERE, look=ledger.look)
    [dataset] = related(ledger, spoken_of).values()
    assert {one.resource_id for one in dataset.placements} == {ledger.id}


def test_what_a_vault_lists_is_not_gone_because_the_service_that_it_is_named_after_does_not_list_it():
    ledger, kept = holder("ledger"), arn("db", "kept", SINGAPORE)
    copy = copied(ledger, kept, "vault-copy", location=Location("aws", SINGAPORE), account=HERE)
    found = {}
    for listings in (("rds.instances",), ("rds.instances", "backup.points")):
        looks = [look(one, region) for one in listings for region in (MUMBAI, SINGAPORE)]
        [dataset] = related(ledger, copy, looks=looks).values()
        found[listings[-1]] = {one.resource_id for one in dataset.placements}
    assert found == {"rds.instances": {ledger.id, kept}, "backup.points": {ledger.id}}


def test_what_an_image_was_copied_from_says_more_than_its_parts():
    ledger, image = holder("ledger"), holder("image", kind="recovery-point")
    # By name the part comes first.
    there, part = holder("there", SINGAPORE, kind="recovery-point"), holder("a-part", SINGAPORE, kind="snapshot")
    links = (
        copied(ledger, image, "snapshot-taken"),
        copied(image, there, "snapshot-copy"),
        copied(part, there, "inside"),
    )
    for order in (links, links[::-1]):
        [dataset] = related(ledger, image, there, part, *order).values()
        [abroad] = [one for one in dataset.placements if one.country == "SG"]
        assert (abroad.resource_id, abroad.channel, abroad.source_id) == (there.id, "snapshot-copy", image.id)


MACHINE = arn("machine", "ledger-host")


def image_of_machine(number: int, *volumes: Resource):
    """An image that a rule makes of a machine each night, and its parts, each taken of one volume of the machine."""
    image = holder(f"image-{number}", kind="recovery-point", taken_of=MACHINE, created_at=ago(days=9 - number))
    yield image
    yield copied(image, MACHINE, "nightly-inside", look=image.look, caused_by="rule-of-nights", account=HERE)
    for volume in volumes:
        snapshot = holder(
            f"{volume.name}-{number}", kind="snapshot", taken_of=volume.id, created_at=ago(days=9 - number)
        )
        yield snapshot
        yield copied(volume, snapshot, "snapshot-taken", look=snapshot.look, caused_by="rule-of-nights")
        yield copied(snapshot, image, "nightly-inside", look=image.look)


def test_nightly_images_of_a_machine_with_two_volumes_are_one_dataset_and_one_place():
    ledger, wallets = holder("ledger"), holder("wallets")
    for nights in (range(3), range(1, 4)):
        datasets = related(
            ledger, wallets, *(one for night in nights for one in image_of_machine(night, ledger, wallets))
        )
        assert set(datasets) == {ledger.id, wallets.id, MACHINE}
        [images] = datasets[MACHINE].placements
        assert (images.subject, images.copies) == (f"set|{MACHINE}|nightly-inside|{HERE}|aws:ap-south-1", 3)
        assert set(datasets[MACHINE].parents) == {ledger.id, wallets.id}
        assert datasets[MACHINE].unseen == ()


def test_a_rule_that_copies_images_copies_them_whole():
    ledger, wallets = holder("ledger"), holder("wallets")
    images = [one for night in range(2) for one in image_of_machine(night, ledger, wallets)]
    there, old = (holder(f"abroad-{night}", SINGAPORE, "recovery-point") for night in (1, 2))
    made = copied(arn("recovery-point", "image-1"), there, "snapshot-copy", look=there.look, caused_by="rule-of-nights")
    left = copied(arn("recovery-point", "rotated"), old, "snapshot-copy", look=old.look, caused_by="rule-of-nights")
    rule = copied("rule-of-nights", "", "copy-action", location=Location("aws", VIRGINIA), account=HERE, look="plans")
    datasets = related(ledger, wallets, *images, there, made, old, left, rule)
    assert places(datasets[MACHINE]) == {
        f"set|{MACHINE}|nightly-inside|{HERE}|aws:ap-south-1": "backup",
        f"set|{MACHINE}|snapshot-copy|{HERE}|aws:ap-southeast-1": "backup",
        f"implied|{MACHINE}|copy-action|aws:us-east-1": "snapshot",
    }
    assert set(datasets) == {ledger.id, wallets.id, MACHINE}


def test_nightly_images_of_a_machine_with_one_volume_belong_to_the_volume():
    ledger = holder("ledger")
    [dataset] = related(ledger, *image_of_machine(1, ledger), *image_of_machine(2, ledger)).values()
    assert places(dataset) == {
        f"resource|{ledger.id}": "primary",
        f"set|{MACHINE}|nightly-inside|{HERE}|aws:ap-south-1": "backup",
    }


def test_a_rule_copies_nothing_of_which_only_an_old_copy_is_left():
    ledger, wallets = holder("ledger"), holder("wallets")
    home = (*nightly(2, ledger.id, taken_of=ledger.id), *nightly(2, wallets.id, taken_of=wallets.id))
    old = copied_nightly(1, ledger, arn("snapshot", "rotated"))
    rules = [
        copied("rule-of-nights", "", "copy-action", location=Location("aws", region), account=HERE, look="plans")
        for region in (SINGAPORE, VIRGINIA)
    ]
    datasets = related(ledger, wallets, *home, *old, *rules)
    implied = {
        one.subject for dataset in datasets.values() for one in dataset.placements if one.channel == "copy-action"
    }
    assert {subject.split("|")[1] for subject in implied} == {ledger.id, wallets.id}


def test_a_snapshot_named_without_its_region_is_the_one_of_that_name_or_none():
    disk = holder("disk", kind="snapshot")
    disk = replace(disk, id="arn:aws:ec2:ap-south-1::snapshot/snap-1")
    copy = holder("copy", SINGAPORE, "snapshot")
    told = copied("arn:aws:ec2:::snapshot/snap-1", copy, "snapshot-copy", look=copy.look)
    [dataset] = related(disk, copy, told).values()
    assert dataset.placements[0].source_id == disk.id
    [alone] = related(copy, told).values()
    assert (alone.members, alone.unseen) == ((copy.id,), ())


def test_copies_of_snapshots_of_nobody_knows_what_are_one_place():
    """Whoever copies snapshots of volumes by a program leaves nothing that says which of them belong together."""
    old = [holder(f"old-{night}", SINGAPORE, "snapshot") for night in range(3)]
    told = [
        copied(f"arn:aws:ec2:ap-south-1::snapshot/snap-{night}", one, "snapshot-copy", look=one.look, caused_by="")
        for night, one in enumerate(old)
    ]
    [dataset] = related(*old, *told).values()
    lost = f"arn:aws:ec2:ap-south-1:{HERE}:snapshot/*"
    assert (dataset.id, dataset.unseen) == (lost, (lost,))
    [place] = dataset.placements
    assert (place.subject, place.copies) == (f"set|{lost}|snapshot-copy|{HERE}|aws:ap-southeast-1", 3)


def test_points_in_time_that_say_what_they_hold_are_still_points_in_time_of_one_thing():
    nights = [holder(f"night-{number}", kind="snapshot", taken_of=LEDGER.id) for number in range(2)]
    inventory = world(*nights)
    [dataset] = relate(inventory, VOCABULARY, {one.id for one in nights})
    assert (dataset.id, [one.copies for one in dataset.placements]) == (LEDGER.id, [2])


def test_images_of_parts_that_tell_nothing_are_no_images_of_one_thing():
    images = [holder(f"image-{number}", kind="recovery-point") for number in range(2)]
    parts = [holder(f"part-{number}", kind="snapshot", taken_of="nothing") for number in range(2)]
    inside = [copied(part, image, "inside", look=image.look) for part, image in zip(parts, images, strict=True)]
    assert len(related(*images, *parts, *inside)) == 2


def test_a_file_system_that_a_full_look_does_not_show_is_no_place_whatever_its_name_calls_the_service():
    ledger, gone = holder("ledger"), f"arn:aws:elasticfilesystem:{MUMBAI}:{HERE}:file-system/fs-1"
    spoken_of = copied(ledger, gone, look=ledger.look)
    [dataset] = related(ledger, spoken_of, looks=[*looks_at(), look("efs.file-systems")]).values()
    assert {one.resource_id for one in dataset.placements} == {ledger.id}
