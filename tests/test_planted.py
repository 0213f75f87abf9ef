"""Domicile finds out the truth about the planted organisation, and says what it could not see."""

from datetime import UTC, datetime

import pytest

import planted
from domicile import bootstrap
from domicile.demo.cloud import LocalCloud
from domicile.model import ANYWHERE, Cell
from domicile.providers import aws
from domicile.scan import survey, weigh
from planted import CLASSES, DATASETS, PLACES, RULES, SIGNATURES, UNCLASSIFIED, UNSEEN


@pytest.fixture(scope="module", name="world")
def a_world(tmp_path_factory):
    """The organisation weighed twice: while the vault refuses the role, and after it has let us in."""
    today = datetime.now(UTC).date()
    file = tmp_path_factory.mktemp("planted") / "domicile.yaml"
    file.write_text(planted.planted_file(today), encoding="utf-8")
    setup = bootstrap.setup(file)
    with LocalCloud() as cloud, pytest.MonkeyPatch.context() as patch:
        planted.plant(cloud, today)
        for name, value in cloud.environment().items():
            patch.setenv(name, value)

        def weighed():
            with aws.connect(role=setup.organisation.role, attempts=1) as provider:
                inventory = survey(provider, setup.organisation, as_of=today, now=datetime.now(UTC))
            return weigh(inventory, aws.vocabulary, setup.organisation, setup.rules, as_of=today, now=datetime.now(UTC))

        refused = weighed()
        cloud.allow()
        yield {"refused": refused, "allowed": weighed(), "cloud": cloud}


@pytest.fixture(name="refused")
def while_the_vault_refuses(world):
    return world["refused"]


@pytest.fixture(name="allowed")
def when_the_vault_lets_us_in(world):
    return world["allowed"]


def places_of(weighed):
    return {
        (
            dataset.id,
            placement.channel,
            holder_of(placement),
            placement.account,
            placement.location.region if placement.location else "",
        ): placement
        for dataset in weighed.datasets
        for placement in dataset.placements
    }


def holder_of(placement):
    """Copies that come and go have no name, nor has a copy without a resource of its own."""
    shape, _, _ = placement.subject.partition("|")
    return {"set": "*", "implied": ""}.get(shape, placement.resource_name)


def verdicts_of(weighed, subject):
    """Every verdict about a subject, by rule and keyword; met obligations are passes."""
    met = {f"{rule}/{keyword}": "pass" for rule, keyword, about in weighed.judgement.met if about == subject}
    found = [finding for finding in weighed.judgement.findings if finding.subject == subject]
    return met | {f"{finding.rule}/{finding.keyword}": str(finding.verdict) for finding in found}


def test_what_is_planted_is_there(world):
    """The plants stand where the truth says, as boto3 shows them: no code of the scanner has a part in this."""
    seen = set()
    for account in planted.ACCOUNTS:
        s3 = world["cloud"].client("s3", planted.MUMBAI, account)
        seen.update((one["Name"], account, one["BucketRegion"]) for one in s3.list_buckets(MaxBuckets=1000)["Buckets"])
        for region in filter(None, planted.COUNTRY):
            dynamodb = world["cloud"].client("dynamodb", region, account)
            rds = world["cloud"].client("rds", region, account)
            names = dynamodb.list_tables()["TableNames"]
            names += [one["DBInstanceIdentifier"] for one in rds.describe_db_instances()["DBInstances"]]
            names += [one["DBClusterIdentifier"] for one in rds.describe_db_clusters()["DBClusters"]]
            seen.update((name, account, region) for name in names)
    known = {
        (place.holder, place.account, place.region)
        for place in PLACES
        if place.holder not in ("", "*") and place.kind != "backup" and place.account in planted.ACCOUNTS
    }
    assert known == seen - {("vault-of-secrets", planted.VAULT, planted.SINGAPORE)}


def test_every_place_is_found_and_no_other(refused):
    truth = {(place.root, place.channel, place.holder, place.account, place.region) for place in PLACES}
    assert set(places_of(refused)) == truth


@pytest.mark.parametrize("place", PLACES, ids=lambda place: "-".join(place[1:5]))
def test_each_place_has_its_kind_country_and_verdicts(refused, allowed, place):
    for weighed in (refused, allowed):
        placement = places_of(weighed)[place.root, place.channel, place.holder, place.account, place.region]
        assert (placement.kind, placement.country) == (place.kind, place.country)
        assert verdicts_of(weighed, placement.subject) == place.verdicts


@pytest.mark.parametrize("root", CLASSES)
def test_each_dataset_holds_what_its_sources_say(refused, root):
    assert {evidence.name for evidence in refused.classifications[root].classes} == CLASSES[root]


def test_there_is_no_dataset_beyond_the_truth(refused):
    assert {dataset.id for dataset in refused.datasets} == set(CLASSES)


def test_what_is_missing_is_a_breach_only_when_nothing_could_hide_it(refused, allowed):
    for weighed, column in ((refused, "hidden"), (allowed, "verdict")):
        roots = {f"dataset|{root}" for root in CLASSES}
        found = {
            (finding.subject, f"{finding.rule}/{finding.keyword}", str(finding.verdict))
            for finding in weighed.judgement.findings
            if finding.subject in roots
        }
        met = {(about, f"{rule}/{keyword}", "pass") for rule, keyword, about in weighed.judgement.met if about in roots}
        truth = {(f"dataset|{whole.root}", whole.asked, getattr(whole, column)) for whole in DATASETS}
        assert found | met == truth


def test_each_entity_has_signed_or_not(refused):
    found = {}
    for finding in refused.judgement.findings:
        if finding.subject.startswith("entity|"):
            _, entity, _ = finding.subject.split("|")
            found[entity, f"{finding.rule}/{finding.keyword}"] = str(finding.verdict)
    for rule, keyword, subject in refused.judgement.met:
        if subject.startswith("entity|"):
            found[subject.split("|")[1], f"{rule}/{keyword}"] = "pass"
    assert found == SIGNATURES


def test_only_what_would_change_a_verdict_is_left_to_be_classified(refused):
    assert {one.dataset.id for one in refused.judgement.unclassified} == UNCLASSIFIED


def test_the_account_that_refuses_is_a_gap(refused, allowed):
    gaps = {gap.cell.account: (gap.cell, gap.reason) for gap in refused.gaps}
    assert gaps == {account: (Cell("aws", account, ANYWHERE), "role-missing") for account in UNSEEN}
    assert allowed.gaps == ()


def test_rotating_copies_are_one_place(refused):
    key = (planted.LEDGER, "rds-snapshot-copy", "*", planted.BANK, planted.SINGAPORE)
    assert places_of(refused)[key].copies == planted.NIGHTS


def test_the_truth_names_adopted_rules_only():
    named = {asked for place in PLACES for asked in place.verdicts} | {whole.asked for whole in DATASETS}
    named |= {asked for _, asked in SIGNATURES}
    assert {asked.split("/")[0] for asked in named} == set(RULES)
