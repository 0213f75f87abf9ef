"""The worked examples of all rules hold before the judge that judges a cloud, and one that does not is reported."""

from datetime import date

import pytest
from msgspec.structs import replace

from domicile import bootstrap, policy, worked
from domicile.model import Verdict

PACKS = bootstrap.packs()
RULES = bootstrap.catalogue(PACKS)
EXAMPLES = [example for pack in PACKS for example in pack.examples]

PROMISE = """
id: promises
title: Promises
rules:
  - id: home
    title: Kept in India
    cite: ["announcement"]
    basis: [V]
    status: {status}
    {dates}
    applies: {{class: [personal.contact], origin: [IN], actors: [ANY]}}
    oblige: [{{kind: {kind}}}]
    tests: []
"""


def promise(status="commitment", dates="enforce_from: 2026-01-01", kind="only_in, places: [IN]"):
    [rule] = policy.load(PROMISE.format(status=status, dates=dates, kind=kind), "promises.yaml").rules
    return rule


def example(copies, **more):
    data = policy.ExampleData(classes=("personal.contact",), origins=("IN",), **more.pop("data", {}))
    given = {"name": "a case", "as_of": date(2026, 6, 30), "expect": "pass"} | more
    return policy.Example(rule="home", data=data, copies=tuple(copies), **given)


def copy(at=None, kind="primary", **more):
    return policy.ExampleCopy(kind=kind, at=at, **more)


HOME, ABROAD, NOWHERE = copy("IN"), copy("SG"), copy()


@pytest.mark.parametrize("one", EXAMPLES, ids=lambda one: f"{one.rule}-{one.name}")
def test_a_packaged_example_gives_the_stated_verdict(one):
    assert worked.run([one], RULES) == ()


def test_every_packaged_rule_has_an_example_of_its_own():
    assert {one.rule for one in EXAMPLES} == set(RULES)


@pytest.mark.parametrize("one", EXAMPLES, ids=lambda one: f"{one.rule}-{one.name}")
def test_a_wrong_expectation_is_reported_with_what_came_out(one):
    wrong = replace(one, expect="unknown" if one.expect != "unknown" else "pass")
    [difference] = worked.run([wrong], RULES)
    assert (difference.rule, difference.name) == (one.rule, one.name)
    assert (difference.expected, difference.got) == (wrong.expect, one.expect)


def test_differences_come_in_the_order_of_the_examples():
    wrong = [replace(one, expect="exempt") for one in EXAMPLES if one.expect == "violation"][:5]
    assert [one.name for one in worked.run(wrong, RULES)] == [one.name for one in wrong]


@pytest.mark.parametrize(
    ("copies", "verdict"),
    [
        ([HOME], Verdict.PASS),
        ([HOME, ABROAD], Verdict.VIOLATION),
        ([HOME, NOWHERE], Verdict.UNKNOWN),
        ([NOWHERE, ABROAD], Verdict.VIOLATION),
    ],
)
def test_the_worst_copy_decides(copies, verdict):
    assert worked.verdict_of(example(copies), promise())[0] is verdict


def test_a_breach_comes_with_the_sentence_that_says_why():
    _, because = worked.verdict_of(example([HOME, ABROAD]), promise())
    assert "Singapore" in because


def test_a_rule_about_others_does_not_apply():
    others = replace(example([ABROAD]), data=policy.ExampleData(classes=("telemetry",), origins=("IN",)))
    assert worked.verdict_of(others, promise())[0] is Verdict.NOT_APPLICABLE


def test_data_of_no_class_cannot_be_told():
    nothing = replace(example([ABROAD]), data=policy.ExampleData(classes=(), origins=("IN",)))
    verdict, because = worked.verdict_of(nothing, promise())
    assert (verdict, because) == (Verdict.UNKNOWN, "not known: class")


@pytest.mark.parametrize(
    ("rule", "verdict"),
    [
        (promise(), Verdict.VIOLATION),
        (promise(dates="enforce_from: 2026-07-01"), Verdict.UPCOMING),
        (promise(status="draft"), Verdict.ADVISORY),
        (promise(status="draft", dates="enforce_from: 2026-07-01"), Verdict.ADVISORY),
        (promise(dates="enforce_until: 2026-06-29"), Verdict.ADVISORY),
        (promise(dates="enforce_until: 2026-06-30"), Verdict.VIOLATION),
    ],
)
def test_time_and_standing_of_a_rule_say_what_a_breach_is(rule, verdict):
    assert worked.verdict_of(example([ABROAD]), rule)[0] is verdict


def test_an_imagined_list_of_places_is_tried_only_in_its_example():
    barred = promise(kind="not_in, places: [CN]")
    assert worked.verdict_of(example([ABROAD]), barred)[0] is Verdict.PASS
    assert worked.verdict_of(example([ABROAD], override_places=("SG",)), barred)[0] is Verdict.VIOLATION
    assert worked.verdict_of(example([copy("CN")], override_places=("SG",)), barred)[0] is Verdict.PASS
    assert worked.verdict_of(example([copy("CN")]), barred)[0] is Verdict.VIOLATION


def test_an_imagined_list_touches_no_obligation_that_has_a_list_of_its_own():
    assert worked.verdict_of(example([HOME], override_places=("SG",)), promise())[0] is Verdict.PASS


def test_what_is_signed_in_an_example_counts():
    asked = promise(kind="attest, id: officer_named")
    assert worked.verdict_of(example([HOME]), asked)[0] is Verdict.REVIEW
    assert worked.verdict_of(example([HOME], data={"attest": ("officer_named",)}), asked)[0] is Verdict.PASS


def test_ages_count_from_noon_of_the_day_of_the_example():
    recent = promise(kind="backup_in, places: [IN], max_age_hours: 24")
    backup = [copy("IN", "backup", age_h=24)]
    assert worked.verdict_of(example(backup), recent)[0] is Verdict.PASS
    assert worked.verdict_of(example([copy("IN", "backup", age_h=25)]), recent)[0] is Verdict.VIOLATION
    assert worked.verdict_of(example([copy("IN", "backup")]), recent)[0] is Verdict.UNKNOWN
