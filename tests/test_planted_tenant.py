"""Domicile finds out the truth about the planted tenant, says what it could not see, and asks no more than it must."""

from collections import Counter
from datetime import UTC, date, datetime

import pytest

import planted_tenant
from domicile.demo.tenant import TOKEN, Arm, serving
from domicile.inventory import lines
from domicile.model import Classify, Organisation, TagRule
from domicile.providers import azure
from domicile.scan import survey, weigh
from planted_tenant import (
    COUNTRY,
    DISPLAY_NAME,
    GAPS,
    HOSTILE,
    LABELLED,
    LABELS,
    NIGHTS,
    PLACES,
    ROOT,
    SEEDS,
    SUBSCRIPTIONS,
)

NOW = datetime(2026, 11, 25, tzinfo=UTC)
TODAY = date(2026, 11, 25)
ORGANISATION = Organisation(
    classify=Classify(tags=(TagRule("data-class"), TagRule("Sensitivity-Label", values=LABELS)))
)


@pytest.fixture(scope="module", name="arm")
def a_tenant():
    arm = Arm()
    planted_tenant.plant(arm)
    return arm


@pytest.fixture(scope="module", name="weighed")
def a_scan(arm):
    with serving(arm) as address, azure.connect(endpoint=address, token=TOKEN, group=ROOT, attempts=0) as provider:
        provider.graph._pause = lambda _: None
        inventory = survey(provider, ORGANISATION, as_of=TODAY, now=NOW)
    return weigh(inventory, azure.vocabulary, ORGANISATION, (), as_of=TODAY, now=NOW)


def region_of(placement):
    place = placement.location
    return "/".join(filter(None, (place.region, place.zone))) if place else ""


def holder_of(placement):
    """Copies that come and go have no name, nor has a copy without a resource of its own."""
    shape, _, _ = placement.subject.partition("|")
    return {"set": "*", "implied": ""}.get(shape, placement.resource_name)


def places_of(weighed):
    return [
        (dataset.id, one.channel, holder_of(one), one.account, region_of(one), one.kind, one.country)
        for dataset in weighed.datasets
        for one in dataset.placements
    ]


def test_there_are_forty_subscriptions_in_nested_groups(weighed):
    assert len(SUBSCRIPTIONS) == 40
    paths = {one.id: one.path for one in weighed.inventory.accounts}
    assert set(paths) == set(SUBSCRIPTIONS.values())
    assert paths[SUBSCRIPTIONS["sql-in"]] == ("mg:bulbul", "mg:bulbul-india", "mg:bulbul-india-regulated")
    assert DISPLAY_NAME in {one.name for one in weighed.inventory.accounts}


def test_every_place_is_found_in_its_country_and_none_is_invented(weighed):
    found, truth = Counter(places_of(weighed)), Counter((*place, place.country) for place in PLACES)
    assert truth - found == Counter()
    assert found - truth == Counter()


def test_no_two_places_are_one_row(weighed):
    subjects = [one.subject for dataset in weighed.datasets for one in dataset.placements]
    assert len(subjects) == len(set(subjects))


def test_what_lies_in_another_country_than_its_root_is_told_to_cross_a_border(weighed):
    home = {place.root: place.country for place in PLACES if not place.channel}
    truth = {
        place[:5]: place.country != home[place.root]
        for place in PLACES
        if place.country and home.get(place.root) is not None
    }
    told = {
        key[:5]: line.crosses
        for key, line in zip(places_of(weighed), lines(weighed.datasets, weighed.classifications, NOW), strict=True)
    }
    assert {key: told[key] for key in truth} == truth
    assert True in truth.values()


def test_every_channel_is_planted_in_india_and_elsewhere():
    planted = {channel: {COUNTRY[region] for region in regions} for channel, regions in _regions_by_channel().items()}
    assert set(planted) == set(azure.vocabulary.channels)
    # Models are processed in India, or anywhere, or in a data zone of others.
    assert [channel for channel, countries in planted.items() if "IN" not in countries] == ["azure-ai-processing"]
    nowhere_but_india = [channel for channel, countries in planted.items() if countries <= {"IN"}]
    assert nowhere_but_india == []


def _regions_by_channel():
    """Where each channel is planted; what it was made from names the channels of what holds data of its own since."""
    regions = {}
    for place in PLACES:
        if place.channel:
            regions.setdefault(place.channel, set()).add(place.region)
        if place.root in SEEDS:
            regions.setdefault(SEEDS[place.root].channel, set()).add(place.region)
    return regions


def test_every_type_is_planted(weighed):
    assert {one.type for one in weighed.inventory.resources} == set(azure.vocabulary.types)


def test_what_was_made_from_the_data_of_something_else_is_tied_to_it(weighed):
    assert {one.id: set(one.parents) for one in weighed.datasets if one.id in SEEDS} == {
        root: {seed.dataset} for root, seed in SEEDS.items()
    }
    made = {(one.id, one.channel, one.of) for one in weighed.inventory.copies if one.id in SEEDS}
    assert made == {(root, seed.channel, seed.of) for root, seed in SEEDS.items()}


def test_copies_that_come_and_go_are_one_place(weighed):
    copies = {
        (one.account, one.channel): one.copies
        for dataset in weighed.datasets
        for one in dataset.placements
        if holder_of(one) == "*" and dataset.name in {"orders", "tillin"}
    }
    assert copies[SUBSCRIPTIONS["sql-in"], "azure-sql-long-term-retention"] == NIGHTS
    assert copies[SUBSCRIPTIONS["compute-in"], "azure-snapshot-copy"] == 2


def test_the_gaps_are_those_that_were_planted(weighed):
    gaps = [(gap.cell.account, gap.listing, gap.reason, gap.resource_id, gap.part) for gap in weighed.gaps]
    assert sorted(gaps) == sorted(GAPS)


def test_tags_are_inherited_whatever_else_is_written_into_them(weighed):
    odd = SUBSCRIPTIONS["odd"]
    held = {
        dataset.id: {evidence.name for evidence in weighed.classifications[dataset.id].classes}
        for dataset in weighed.datasets
        if dataset.account == odd
    }
    tagged = {one for one in held if "/resourcegroups/data/" in one}
    assert {one.rpartition("/")[2] for one in tagged} > {name.lower() for name in HOSTILE}
    assert [one for one in tagged if held[one] != {"payment.transaction"}] == []


def test_labels_of_columns_are_classes_of_what_they_are_in(weighed):
    told = {
        one: ({each.name for each in said.classes}, said.looked)
        for one, said in weighed.classifications.items()
        if any("Sensitivity-Label" in each.detail for each in said.classes)
    }
    assert told == {one: (classes, True) for one, classes in LABELLED.items()}


def test_as_many_calls_are_made_as_what_is_planted_takes(arm, weighed):
    assert weighed
    assert arm.actions() == planted_tenant.calls(arm)


def test_what_does_not_lie_in_a_subscription_costs_the_same_for_one_as_for_forty(arm, weighed):
    assert weighed
    swept = arm.actions()["Microsoft.ResourceGraph/resources/read"]
    # One refused, one of subscriptions and groups, two of more than a thousand resources, one of backups.
    assert swept == 5


def test_every_declared_action_is_taken_and_no_other(arm, weighed):
    assert weighed
    # Without a group the subscriptions are listed in another way.
    other = Arm()
    planted_tenant.plant(other)
    with serving(other) as address, azure.connect(endpoint=address, token=TOKEN, attempts=0) as provider:
        provider.graph._pause = lambda _: None
        assert {one.id for one in provider.accounts()} == set(SUBSCRIPTIONS.values()) - other.hidden
    assert set(arm.actions()) | set(other.actions()) == set(azure.permissions())


def test_nothing_is_ever_changed(arm, weighed):
    assert weighed
    assert {method for method, _ in arm.calls} == {"GET", "POST"}
    assert {path for method, path in arm.calls if method == "POST"} == {"/providers/Microsoft.ResourceGraph/resources"}
    assert not {path for _, path in arm.calls if "listKeys" in path or path.endswith("/register")}
