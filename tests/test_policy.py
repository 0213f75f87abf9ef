from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from domicile import policy, worked
from domicile.errors import UsageError
from domicile.model import Tolerate, When

PACK = """\
id: house
title: House rules
country: DE
as_of: 2026-11-22
rules:
  - id: house-payments
    title: Payments stay
    cite: contract 7
    basis: V
    status: in_force
    enforce_from: 2024-01-01
    applies: {class: payment.*, origin: EEA, actors: ANY}
    oblige:
      - kind: only_in
        places: [DE_SGB]
        tolerate: {max_hours: 24, kinds: processing}
        when: {not_tags: cross_border}
      - {kind: attest, id: signed}
    instead: Frankfurt.
    tests:
      - name: abroad
        data: {class: payment.card, origin: DE}
        copies: [{k: primary, at: US, age_h: 3}]
        expect: violation
"""

EXAMPLES = """\
- rule: house-payments
  name: in Zurich
  as_of: 2026-01-01
  data: {class: payment.card, origin: DE, attest: signed}
  copies: [{k: primary, at: CH}]
  expect: pass
"""


def changed(old, new, text=PACK):
    assert text.count(old) == 1
    return text.replace(old, new)


def mistake(text, load=policy.load):
    with pytest.raises(UsageError) as caught:
        load(text, "house.yaml")
    return caught.value


def test_a_pack_is_read_with_its_rules_and_examples():
    pack = policy.load(PACK, "house.yaml")
    [rule] = pack.rules
    [example] = pack.examples
    assert (pack.id, pack.title, pack.country, pack.as_of) == ("house", "House rules", "DE", date(2026, 11, 22))
    assert pack.disclaimer
    assert (rule.id, rule.policy, rule.version, rule.cite) == ("house-payments", "house", 1, ("contract 7",))
    assert rule.oblige[0].tolerate == Tolerate(24, ("processing",))
    assert rule.oblige[0].when == When(not_tags=("cross_border",))
    assert rule.oblige[1].id == "signed"
    assert (example.rule, example.name, example.expect) == ("house-payments", "abroad", "violation")
    assert example.copies[0].kind == "primary"
    assert example.copies[0].age_h == 3


def test_sets_of_places_are_written_out():
    [rule] = policy.load(PACK, "house.yaml").rules
    assert len(rule.oblige[0].places) == 31
    assert "CH" in rule.oblige[0].places
    assert len(rule.applies.origins) == 30


def test_an_example_takes_the_day_of_its_file_so_that_no_outcome_changes_with_the_calendar():
    assert policy.load(PACK, "x").examples[0].as_of == date(2026, 11, 22)
    own = changed("      - name: abroad\n", "      - name: abroad\n        as_of: 2020-01-01\n")
    assert policy.load(own, "x").examples[0].as_of == date(2020, 1, 1)
    told = mistake(changed("as_of: 2026-11-22\n", ""))
    assert told.field == "rules[0].tests[0]"
    assert "as_of" in str(told)


def test_a_rule_without_a_primary_source_is_on_trial_until_it_is_reviewed():
    assert not policy.load(PACK, "x").rules[0].trial
    secondary = changed("basis: V", "basis: [S, K]")
    assert policy.load(secondary, "x").rules[0].trial
    reviewed = changed("    instead:", "    reviewed: [{by: counsel, on: 2026-02-01}]\n    instead:", secondary)
    assert not policy.load(reviewed, "x").rules[0].trial


def test_rules_that_replace_each_other_round_about_are_refused():
    second = (
        PACK.partition("rules:\n")[2]
        .replace("house-payments", "second")
        .replace("    cite:", "    replaces: third\n    cite:")
    )
    third = second.replace("id: second", "id: third").replace("replaces: third", "replaces: second")
    told = mistake(f"{PACK}{second}{third}")
    assert (told.field, "second would replace itself in the end" in str(told)) == ("rules[1].replaces", True)
    assert len(policy.load(f"{PACK}{second}", "house.yaml").rules) == 2


def changed_rule(*exchanges):
    """What two versions of the house rule differ in."""
    text = PACK
    for old, new in exchanges:
        text = changed(old, new, text)
    before, after = ({one.id: one for one in policy.load(each, "x").rules} for each in (PACK, text))
    return [(one.what, one.was, one.is_) for one in policy.changes(before, after)]


RAISED = ("    title: Payments stay", "    version: 2\n    title: Payments stay")


def test_rules_that_say_the_same_do_not_differ_in_whatever_order():
    assert changed_rule() == []
    assert changed_rule(("kinds: processing", "kinds: [processing]")) == []
    both = "      - {kind: attest, id: signed}\n"
    assert changed_rule((both, ""), ("    oblige:\n", f"    oblige:\n{both}")) == []


@pytest.mark.parametrize(
    ("exchange", "told"),
    [
        (("status: in_force", "status: notified"), ("status", "in_force", "notified")),
        (("enforce_from: 2024-01-01", "enforce_from: 2027-01-01"), ("enforce_from", "2024-01-01", "2027-01-01")),
        (("    instead:", "    enforce_until: 2030-01-01\n    instead:"), ("enforce_until", "", "2030-01-01")),
        (("    instead:", "    replaces: older\n    instead:"), ("replaces", "", "older")),
        (("basis: V", "basis: S"), ("trial", "no", "yes")),
        (("class: payment.*", "class: [payment.*, bank.*]"), ("applies: class", "payment.*", "payment.*, bank.*")),
        (("actors: ANY", "actors: bank_in"), ("applies: actors", "ANY", "bank_in")),
        (("origin: EEA", "origin: [EEA, CH]"), ("applies: origin", "30", "31, among them CH")),
        (("[DE_SGB]", "[EEA, GB]"), ("only_in: places", "31, among them CH", "31, among them GB")),
        (("max_hours: 24", "max_hours: 12"), ("only_in: tolerate", "max_hours 24; kinds processing", "max_hours 12; kinds processing")),
        (("when: {not_tags: cross_border}", "copies: primary"), ("only_in: copies", "", "primary")),
        (("id: signed", "id: sealed"), ("attest signed: asked no more", "id signed", "")),
        (("id: signed", "id: sealed"), ("attest sealed: asked now", "", "id sealed")),
    ],
)  # fmt: skip
def test_a_change_of_meaning_says_what_was_and_what_is(exchange, told):
    assert told in changed_rule(exchange, RAISED)
    assert ("version", "1", "2") in changed_rule(exchange, RAISED)


def test_a_change_of_meaning_under_the_same_version_is_told_and_one_of_wording_needs_no_version():
    assert ("version", "1", "1: not raised") in changed_rule(("actors: ANY", "actors: bank_in"))
    assert changed_rule(("title: Payments stay", "title: Payments remain"), ("contract 7", "contract 8")) == [
        ("wording", "", "title, cite")
    ]


def test_rules_that_are_new_or_gone_say_how_they_stand():
    house = {one.id: one for one in policy.load(PACK, "x").rules}
    [new], [gone] = policy.changes({}, house), policy.changes(house, {})
    assert (new.what, new.was, new.is_) == ("new", "", "in_force from 2024-01-01: only_in, attest")
    assert (gone.what, gone.was, gone.is_) == ("gone", "in_force from 2024-01-01: only_in, attest", "")


def test_a_law_may_bar_places_before_anybody_is_on_its_list():
    barred = changed(
        "- kind: only_in\n        places: [DE_SGB]\n        tolerate: {max_hours: 24, kinds: processing}",
        "- kind: not_in\n        places: []",
    )
    assert policy.load(barred, "x").rules[0].oblige[0].places == ()


@pytest.mark.parametrize(
    ("old", "new", "line", "field", "says"),
    [
        ("id: house\n", "id: a|b\n", 1, "id", "'a|b' is not an id"),
        ("country: DE", "country: GX", 3, "country", "unknown country"),
        ("- id: house-payments", "- id: house payments", 6, "rules[0].id", "is not an id"),
        ("status: in_force", "status: in-force", 10, "rules[0].status", "did you mean 'in_force'?"),
        ("basis: V", "basis: [V, X]", 9, "rules[0].basis[1]", "unknown value 'X'; known: K, S, V"),
        ("basis: V", "basis: []", 9, "rules[0].basis", "must not be empty"),
        ("cite: contract 7", "cite: []", 8, "rules[0].cite", "must not be empty"),
        ("class: payment.*", "class: paymnet.*", 12, "rules[0].applies.class", "unknown class 'paymnet.*'"),
        ("class: payment.*", "class: []", 12, "rules[0].applies.class", "must not be empty"),
        ("origin: EEA", "origin: EAA", 12, "rules[0].applies.origin", "did you mean EEA?"),
        ("actors: ANY", "actors: []", 12, "rules[0].applies.actors", "must not be empty"),
        ("[DE_SGB]", "[DE, Indai]", 15, "rules[0].oblige[0].places[1]", "unknown country or set 'Indai'; did you mean IN?"),
        ("[DE_SGB]", "[]", 15, "rules[0].oblige[0].places", "not empty"),
        ("[DE_SGB]", "XX", 15, "rules[0].oblige[0].places", "unknown country"),
        ("        places: [DE_SGB]\n", "", 14, "rules[0].oblige[0]", "only_in needs 'places'"),
        ("max_hours: 24", "max_hours: -1", 16, "rules[0].oblige[0].tolerate.max_hours", "at least 0"),
        ("kinds: processing", "kinds: []", 16, "rules[0].oblige[0].tolerate.kinds", "must not be empty"),
        ("kinds: processing", "kinds: procesing", 16, "rules[0].oblige[0].tolerate.kinds", "did you mean 'processing'?"),
        ("kind: only_in", "kind: only", 14, "rules[0].oblige[0].kind", "did you mean 'only_in'?"),
        ("{kind: attest, id: signed}", "{kind: attest}", 18, "rules[0].oblige[1]", "attest needs 'id'"),
        ("{kind: attest, id: signed}", "{kind: attest, id: a, places: DE}", 18, "rules[0].oblige[1].places", "attest does not take 'places'"),
        ("{kind: attest, id: signed}", "{kind: attest, id: 'a b'}", 18, "rules[0].oblige[1].id", "is not an id"),
        ("{kind: attest, id: signed}", "{kind: attest, id: a, idd: b}", 18, "rules[0].oblige[1].idd", "did you mean 'id'?"),
        ("{kind: attest, id: signed}", "{kind: backup_in, places: DE}", 18, "rules[0].oblige[1]", "backup_in needs 'max_age_hours'"),
        ("{kind: attest, id: signed}", "{kind: logs_in, places: ANY}", 18, "rules[0].oblige[1]", "logs_in needs 'min_days'"),
        ("{kind: attest, id: signed}", "{kind: approved_in, places: DE}", 18, "rules[0].oblige[1]", "approved_in needs 'else_attest'"),
        ("{kind: attest, id: signed}", "{kind: encrypted, cmk: false}", 18, "rules[0].oblige[1]", "encrypted needs one of"),
        ("{kind: attest, id: signed}", "{kind: copy_in, places: DE, min: 0}", 18, "rules[0].oblige[1].min", "at least 1"),
        ("{kind: attest, id: signed}", "{kind: no_such_data, class: payment}", 18, "rules[0].oblige[1].class", "unknown class 'payment'"),
        ("{kind: attest, id: signed}", "{kind: only_in, places: DE}", 18, "rules[0].oblige[1]", "there twice"),
        ("enforce_from: 2024-01-01", "enforce_from: 2024-01-01\n    enforce_until: 2023-01-01", 12, "rules[0].enforce_until", "before enforce_from"),
        ("    instead:", "    version: 0\n    instead:", 19, "rules[0].version", "count from 1"),
        ("    instead:", "    replaces: house-payments\n    instead:", 19, "rules[0].replaces", "cannot replace itself"),
        ("    instead: Frankfurt.", "    instead: [Frankfurt]", 19, "rules[0].instead", "expected a text, found a list"),
        ("class: payment.card", "class: payment.*", 22, "rules[0].tests[0].data.class", "unknown class"),
        ("origin: DE}", "origin: EEA}", 22, "rules[0].tests[0].data.origin", "unknown country 'EEA'"),
        ("at: US", "at: USA", 23, "rules[0].tests[0].copies[0].at", "unknown country 'USA'"),
        ("at: US", "at: uk", 23, "rules[0].tests[0].copies[0].at", "did you mean 'GB'?"),
        ("at: US", "at: US, keys: [DE, Mars]", 23, "rules[0].tests[0].copies[0].keys[1]", "unknown country 'Mars'"),
        ("k: primary", "k: main", 23, "rules[0].tests[0].copies[0].k", "unknown value 'main'; known: backup, cache"),
        ("expect: violation", "expect: fail", 24, "rules[0].tests[0].expect", "unknown value 'fail'"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_rule_is_told_with_its_line_and_field(old, new, line, field, says):
    told = mistake(changed(old, new))
    assert (told.path, told.line, told.field) == ("house.yaml", line, field)
    assert says in str(told)
    assert "\n" not in str(told)


def test_a_pack_of_no_country_may_replace_rules_and_imagine_places():
    text = changed("country: DE\n", "").replace("    instead:", "    replaces: older-rule\n    instead:")
    pack = policy.load(text.replace("at: US, age_h: 3", "at: null, keys: XX"), "x")
    assert pack.country == ""
    assert pack.rules[0].replaces == ("older-rule",)
    assert pack.examples[0].copies[0].at is None
    assert pack.examples[0].copies[0].keys == ("XX",)


def test_two_rules_or_two_examples_of_one_name_are_told_apart():
    rules = PACK[PACK.index("  - id") :]
    assert "rule 'house-payments' is there twice, first on line 6" in str(mistake(PACK + rules))
    tests = PACK[PACK.index("      - name: abroad") :]
    assert "'house-payments abroad' is there twice" in str(mistake(PACK + tests))


def test_examples_may_stand_in_a_file_of_their_own():
    [example] = policy.examples(EXAMPLES, "examples.yaml")
    assert (example.rule, example.name, example.expect) == ("house-payments", "in Zurich", "pass")
    assert example.data.attest == ("signed",)
    undated = changed("  as_of: 2026-01-01\n", "", EXAMPLES)
    assert policy.examples(undated, "examples.yaml")[0].as_of is None


def test_a_mistake_in_a_file_of_examples_is_told_with_its_line_and_field():
    told = mistake(changed("  expect: pass\n", "", EXAMPLES), policy.examples)
    assert (told.line, told.field) == (1, "[0]")
    assert "'expect' is missing" in str(told)
    assert "expected a list" in str(mistake("rules: []", policy.examples))
    assert "is there twice" in str(mistake(EXAMPLES + EXAMPLES, policy.examples))


@given(
    at=st.integers(0, len(PACK)),
    length=st.integers(0, 30),
    instead=st.text(max_size=8) | st.sampled_from(["null", "[]", "{}", "- ", "\n", ": ", "true", "1", "2026-01-01"]),
)
def test_a_damaged_file_is_read_or_refused_in_one_line(at, length, instead):
    try:
        policy.load(PACK[:at] + instead + PACK[at + length :], "house.yaml")
    except UsageError as told:
        one_line = "\n" not in str(told)
    else:
        one_line = True
    assert one_line


ONE_OF_MANY = """
  - id: rule-{number}
    title: Rule {number}
    cite: [a law]
    basis: V
    status: in_force
    enforce_from: 2020-01-01
    applies: {{class: payment.*, origin: ANY, actors: ANY}}
    oblige: [{{kind: only_in, places: IN}}]
    tests:
      - name: abroad
        data: {{class: payment.card, origin: IN, actors: bank_in}}
        copies: [{{k: primary, at: SG}}]
        expect: violation
"""


def test_a_pack_of_a_thousand_rules_is_read_whole_and_each_judges():
    head = "id: many\ntitle: Many\nverified: v\ncheck: c\ndisclaimer: d\nas_of: 2026-01-01\nrules:\n"
    pack = policy.load(head + "".join(ONE_OF_MANY.format(number=number) for number in range(1000)), "many.yaml")
    rules = {rule.id: rule for rule in pack.rules}
    assert len(rules) == len(pack.examples) == 1000
    assert list(worked.run(pack.examples, rules)) == []
    stricter = {name: replace(rule, oblige=()) for name, rule in rules.items()}
    assert len(list(worked.run(pack.examples, stricter))) == 1000
