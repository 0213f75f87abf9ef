from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import jsonschema
import pytest
import yaml
from msgspec import structs

import domicile
from domicile import policy, taxonomy
from domicile.geography import PLACE_SETS
from domicile.model import Obligation, Rule
from domicile.policy import Example, ExampleCopy

FILES = sorted((Path(domicile.__file__).parent / "policies").glob("*/*.yaml"))
PACKS = [policy.load(file.read_text("utf-8"), file.name) for file in FILES]
RULES = {rule.id: rule for pack in PACKS for rule in pack.rules}
EXAMPLES = [example for pack in PACKS for example in pack.examples]
SCALE = ("not_applicable", "pass", "exempt", "review", "unknown", "violation")


def worst(verdicts):
    return max(verdicts, key=SCALE.index, default="not_applicable")


def outcome(rule: Rule, example: Example) -> str:
    """The vocabulary in small, apart from the product's own judge: what each keyword means on imagined copies."""
    data, applies = example.data, rule.applies
    if not (
        any(taxonomy.matches(glob, name) for glob in applies.classes for name in data.classes)
        and {"ANY", *data.origins, *(one[:2] for one in data.origins)} & set(applies.origins)
        and {"ANY", *data.actors} & set(applies.actors)
    ):
        return "not_applicable"
    verdict = worst(worst(one_obligation(obligation, example)) for obligation in rule.oblige)
    if verdict == "violation" and rule.status in {"draft", "lapsed", "abeyance", "superseded"}:
        return "advisory"
    if verdict == "violation" and rule.enforce_from and example.as_of < rule.enforce_from:
        return "upcoming"
    return verdict


def one_obligation(obligation: Obligation, example: Example) -> Iterator[str]:
    tags, signed = set(example.data.tags), example.data.attest
    if obligation.when and (not set(obligation.when.tags) <= tags or set(obligation.when.not_tags) & tags):
        return
    people, counted = (obligation.when.min_subjects if obligation.when else None), example.data.subjects
    if people is not None and counted is not None and counted < people:
        return
    match obligation.kind:
        case "attest":
            found = ["pass" if obligation.id in signed else "review"]
        case "disclose_location":
            found = ["unknown" if copy.at is None else "pass" for copy in example.copies]
        case "no_such_data":
            held = any(taxonomy.matches(glob, name) for glob in obligation.classes for name in example.data.classes)
            found = ["violation" if held else "pass"]
        case "copy_in" | "backup_in" | "logs_in":
            enough = sorted((one_of_some(obligation, copy) for copy in example.copies), key=SCALE.index)
            found = [enough[obligation.min - 1] if len(enough) >= obligation.min else "violation"]
        case "encrypted":
            found = [protected(obligation, copy) for copy in meant(obligation, example)]
        case _:
            places = example.override_places or obligation.places
            found = [placed(obligation, copy, places, signed) for copy in meant(obligation, example)]
    for verdict in found:
        waived = obligation.unless_attested in signed and verdict in {"violation", "review"}
        uncounted = people is not None and counted is None and verdict not in {"pass", "exempt"}
        yield "exempt" if waived else "unknown" if uncounted else verdict


def meant(obligation: Obligation, example: Example) -> list[ExampleCopy]:
    return [copy for copy in example.copies if not obligation.copies or copy.kind in obligation.copies]


def one_of_some(obligation: Obligation, copy: ExampleCopy) -> str:
    kinds = obligation.copies or {"backup_in": ("backup",), "logs_in": ("log",)}.get(obligation.kind, (copy.kind,))
    if copy.kind not in kinds:
        return "violation"
    facts = [True if "ANY" in obligation.places else None if copy.at is None else copy.at in obligation.places]
    if obligation.max_age_hours is not None:
        facts.append(None if copy.age_h is None else copy.age_h <= obligation.max_age_hours)
    if obligation.min_days is not None:
        facts.append(None if copy.days is None else copy.days >= obligation.min_days)
    return "violation" if False in facts else "unknown" if None in facts else "pass"


def protected(obligation: Obligation, copy: ExampleCopy) -> str:
    facts = [copy.cmk] if obligation.cmk else []
    if obligation.keys_in:
        facts.append(set(copy.keys) <= set(obligation.keys_in) if copy.keys else None)
    return "violation" if False in facts else "unknown" if None in facts else "pass"


def placed(obligation: Obligation, copy: ExampleCopy, places: tuple[str, ...], signed: tuple[str, ...]) -> str:
    if obligation.kind == "not_in":
        return "violation" if copy.at in places else "unknown" if places and copy.at is None else "pass"
    if copy.at in places or (copy.at or "")[:2] in places or (obligation.unless_copy and copy.e2e):
        return "pass"
    if copy.at is None or any(place.startswith(f"{copy.at}-") for place in places):
        return "unknown"
    if obligation.kind == "approved_in":
        return "pass" if obligation.else_attest in signed else "review"
    if obligation.tolerate and copy.kind in obligation.tolerate.kinds:
        if copy.age_h is None:
            return "unknown"
        if copy.age_h <= obligation.tolerate.max_hours:
            return "pass"
    return "violation"


def named(example):
    return f"{example.rule}: {example.name}"


@pytest.mark.parametrize("example", EXAMPLES, ids=named)
def test_an_example_comes_out_as_its_pack_says(example):
    assert outcome(RULES[example.rule], example) == example.expect


@pytest.mark.parametrize(
    ("rule", "dropped"), [(rule, at) for rule in RULES.values() for at in range(len(rule.oblige))], ids=str
)
def test_an_obligation_that_is_dropped_breaks_an_example(rule, dropped):
    poorer = structs.replace(rule, oblige=rule.oblige[:dropped] + rule.oblige[dropped + 1 :])
    own = [example for example in EXAMPLES if example.rule == rule.id]
    assert any(outcome(poorer, example) != example.expect for example in own)


def test_india_has_its_twenty_four_rules_and_the_rest_of_the_world_its_own():
    assert Counter(name.partition("-")[0] for name in RULES) == {
        "in": 24, "us": 5, "eu": 3, "ca": 2, "cn": 2, "kr": 2, "ng": 2, "sa": 2,
        "ae": 1, "au": 1, "de": 1, "id": 1, "ru": 1, "tr": 1, "uk": 1, "vn": 1,
    }  # fmt: skip


@pytest.mark.parametrize(("file", "pack"), list(zip(FILES, PACKS, strict=True)), ids=lambda one: getattr(one, "id", ""))
def test_a_pack_lies_in_the_folder_of_its_country_and_is_named_after_it(file, pack):
    assert pack.country.lower() == file.parent.name
    assert pack.id == f"{file.parent.name}-{file.stem}"


def test_the_page_on_rules_counts_them_and_names_every_folder_and_every_set_of_places():
    page = (Path(__file__).parents[1] / "docs" / "rules.md").read_text("utf-8")
    assert f"There are {len(RULES)} so far" in page
    assert [name for name in {file.parent.name for file in FILES} | set(PLACE_SETS) if f"`{name}`" not in page] == []


def test_the_rules_of_a_law_with_several_thresholds_differ_in_class_and_number_only():
    packs = [rule for rule in RULES.values() if rule.id.startswith("us-doj-bulk-202")]
    assert sorted(rule.oblige[0].when.min_subjects for rule in packs) == [100, 1000, 10000]
    assert len({name for rule in packs for name in rule.applies.classes}) == 5
    assert len({rule.oblige[0].places for rule in packs}) == len({rule.cite for rule in packs}) == 1


def test_no_rule_is_in_two_packs():
    assert len(RULES) == sum(len(pack.rules) for pack in PACKS)


@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: pack.id)
def test_a_pack_begins_with_what_is_verified_what_to_check_and_that_it_is_no_advice(pack):
    text = next(file.read_text("utf-8") for file in FILES if f"id: {pack.id}\n" in file.read_text("utf-8"))
    assert list(yaml.safe_load(text))[:6] == ["id", "title", "country", "verified", "check", "disclaimer"]
    assert pack.verified
    assert pack.check
    assert pack.disclaimer.startswith("Not legal advice")
    assert pack.as_of == date(2026, 11, 22)


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.id)
def test_a_rule_says_where_it_stands_what_is_unsure_and_what_to_do_instead(rule):
    assert rule.cite
    assert rule.unsure
    assert rule.instead.endswith(".")
    assert rule.version == 1
    assert rule.policy in {pack.id for pack in PACKS}


def test_only_rules_read_in_their_own_text_leave_trial():
    assert {rule.id for rule in RULES.values() if not rule.trial} == {
        "in-rbi-payment-data",
        "in-dpdp-s16-negative-list",
        "in-spdi-rule-7",
        "in-companies-accounts-backup",
        "in-aadhaar-auth-logs",
        "de-sgb5-393",
        "ng-nitda-sovereign",
        "sa-government-data",
        "us-doj-bulk-202",
        "us-doj-bulk-202-genomic",
        "us-doj-bulk-202-precise",
        "us-itar-cloud",
    }


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_editors_accept_what_the_reader_accepts(file):
    written = yaml.load(file.read_text("utf-8"), Loader=yaml.BaseLoader)
    jsonschema.validate(as_editors_see_it(written), policy.json_schema())


def as_editors_see_it(value):
    """Editors read YAML 1.2: dates are texts, numbers and booleans are not."""
    if isinstance(value, dict):
        return {key: as_editors_see_it(child) for key, child in value.items()}
    if isinstance(value, list):
        return [as_editors_see_it(child) for child in value]
    words = {"true": True, "false": False, "null": None, "": None}
    return words[value] if value in words else int(value) if value.isdecimal() else value


def test_editors_refuse_what_the_reader_refuses():
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"id": "a", "title": "b", "rules": [{"id": "c"}]}, policy.json_schema())
