"""Domicile finds out the truth about the wide organisation, channel by channel."""

from datetime import UTC, datetime

import pytest
from docs import blocks

import planted_backups
import planted_buckets
import planted_compute
import planted_databases
import planted_logs
import planted_secrets
import recall
from domicile.providers import aws
from planted_wide import BANK, HYDERABAD, IRELAND, KEYWORD, LENDER, MUMBAI, RULE, SINGAPORE

GROUPS = (planted_backups, planted_buckets, planted_compute, planted_databases, planted_logs, planted_secrets)


def name_of(group):
    return group.__name__.removeprefix("planted_")


@pytest.fixture(scope="module", name="worlds")
def every_world():
    """What was found of each group, by its name; looked into once."""
    return {}


def world_of(worlds, group):
    if name_of(group) not in worlds:
        worlds[name_of(group)] = recall.weighed([group], datetime.now(UTC))
    return worlds[name_of(group)]


def verdict_of(weighed, subject):
    met = {(rule, keyword) for rule, keyword, about in weighed.judgement.met if about == subject}
    if (RULE, "only_in") in met:
        return "pass"
    found = [one for one in weighed.judgement.findings if one.subject == subject and one.rule == RULE]
    return "".join(str(one.verdict) for one in found if f"{one.rule}/{one.keyword}" == KEYWORD)


@pytest.mark.parametrize("group", GROUPS, ids=name_of)
def test_every_place_is_found_and_no_other(worlds, group):
    truth = {recall.named(place) for place in group.PLACES}
    assert set(recall.found(world_of(worlds, group))) == truth


@pytest.mark.parametrize(
    ("group", "place"),
    [pytest.param(group, place, id="-".join(place[1:5])) for group in GROUPS for place in group.PLACES],
)
def test_each_place_has_its_kind_country_and_verdict(worlds, group, place):
    weighed = world_of(worlds, group)
    placement = recall.found(weighed)[recall.named(place)]
    assert (placement.kind, placement.country) == (place.kind, place.country)
    assert verdict_of(weighed, placement.subject) == place.verdict


@pytest.mark.parametrize("group", [one for one in GROUPS if hasattr(one, "KEYS")], ids=name_of)
def test_each_key_is_known_as_far_as_it_is_told(worlds, group):
    placements = recall.found(world_of(worlds, group)).values()
    keys = {one.resource_name: (one.cmk, one.key_countries) for one in placements if one.resource_name in group.KEYS}
    assert keys == group.KEYS


@pytest.mark.parametrize("group", GROUPS, ids=name_of)
def test_nothing_is_refused_but_by_the_vault(worlds, group):
    assert {(gap.cell.account, gap.reason) for gap in world_of(worlds, group).gaps} == {("6" * 12, "role-missing")}


def refuse(cloud):
    """Some cells deny, some are asked too fast, and one page of a listing never comes."""
    cloud.deny("s3", "GetBucketReplication", account=BANK)
    cloud.deny("rds", "DescribeDBSnapshots", account=BANK, region=IRELAND)
    cloud.deny(
        "ec2", "DescribeSnapshots", region=SINGAPORE, message="with an explicit deny in a service control policy"
    )
    cloud.throttle("backup", "ListRecoveryPointsByBackupVault", account=LENDER)
    cloud.throttle("logs", "DescribeLogGroups", region=HYDERABAD)
    cloud.break_page("dynamodb", "ListTables", account=BANK, region=MUMBAI)


def test_in_one_organisation_together_every_place_is_found_and_no_other():
    truth = {recall.named(place) for group in GROUPS for place in group.PLACES}
    assert set(recall.found(recall.weighed(GROUPS, datetime.now(UTC)))) == truth


def test_what_is_refused_is_a_gap_and_hides_nothing_else_and_passes_nothing():
    weighed = recall.weighed(GROUPS, datetime.now(UTC), refuse)
    truth = {recall.named(place): place for group in GROUPS for place in group.PLACES}
    refused = {(gap.listing, gap.reason) for gap in weighed.gaps}
    assert refused >= {
        ("s3.buckets", "denied"),
        ("rds.snapshots", "denied"),
        ("ec2.snapshots", "denied-by-scp"),
        ("backup.recovery-points", "throttled"),
        ("logs.groups", "throttled"),
        ("dynamodb.tables", "denied"),
    }
    found = recall.found(weighed)
    told = [(truth[name], verdict_of(weighed, found[name].subject)) for name in found.keys() & truth.keys()]
    assert len(told) > len(truth) * 0.8
    assert [place for place, verdict in told if verdict == "pass" and place.verdict == "violation"] == []
    assert [place for place, verdict in told if verdict == "violation" and place.verdict == "pass"] == []


NOWHERE = {"msk-replicator-outward": "it goes to a cluster outside AWS, of which nobody knows where it is"}
"""Channels that cannot be planted both at home and abroad, and why."""


@pytest.mark.parametrize("name", sorted(aws.vocabulary.channels))
def test_no_channel_is_claimed_that_is_not_planted_and_found_at_home_and_abroad(name):
    channel = aws.vocabulary.channels[name]
    found = blocks.planted_in_aws()[name]
    if channel.relation == "seed":
        assert not found, "what is made from something starts a dataset of its own"
    elif name in NOWHERE:
        assert found["unknown"]
    else:
        assert found["at home"]
        assert found["abroad"]
        assert found.total() >= 3
