"""Files, packaged rules and the clock come together: what is adopted is what judges, and nothing else does."""

from datetime import UTC, datetime

import pytest

from domicile import bootstrap
from domicile.errors import UsageError

RULE = "in-rbi-payment-data"
PROMISES = """
id: promises
title: Promises
rules:
  - id: {id}
    title: Kept in India
    cite: ["announcement"]
    basis: [V]
    status: commitment
    enforce_from: 2026-01-01
    applies: {{class: [personal.contact], origin: [IN], actors: [ANY]}}
    oblige: [{{kind: only_in, places: [IN]}}]
"""
EXEMPTION = """
exemptions:
  - id: moving
    rule: in-rbi-payment-data
    account: "111111111111"
    basis: being_fixed
    owner: a@bank.example
    reason: the move is under way
    approver: b@bank.example
    from: 2026-01-01
    until: {until}
"""


@pytest.fixture(name="setup")
def a_setup(tmp_path):
    def setup(text, **files):
        for name, content in files.items():
            (tmp_path / f"{name}.yaml").write_text(content, encoding="utf-8")
        file = tmp_path / "domicile.yaml"
        file.write_text(text, encoding="utf-8")
        return bootstrap.setup(file)

    return setup


def test_without_a_file_nothing_is_adopted_and_all_rules_are_known(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = bootstrap.setup(None)
    assert (found.rules, found.path) == ((), None)
    assert RULE in found.catalogue


def test_the_file_in_the_folder_is_taken_when_none_is_named(tmp_path, monkeypatch, setup):
    setup(f"policies: [{RULE}]")
    monkeypatch.chdir(tmp_path)
    assert [rule.id for rule in bootstrap.setup(None).rules] == [RULE]


def test_a_file_that_is_named_must_be_there(tmp_path):
    with pytest.raises(UsageError, match=r"nowhere\.yaml: cannot be read"):
        bootstrap.setup(tmp_path / "nowhere.yaml")


def test_only_what_is_adopted_judges(setup):
    found = setup(f"policies: [{RULE}]")
    assert [rule.id for rule in found.rules] == [RULE]
    assert len(found.catalogue) > 20


def test_an_adoption_may_set_trial_and_severity_and_leaves_the_rule_as_it_is(setup):
    found = setup(f"policies: [{{rule: {RULE}, trial: true, severity: low}}]")
    assert [(rule.trial, rule.severity) for rule in found.rules] == [(True, "low")]
    assert (found.catalogue[RULE].trial, found.catalogue[RULE].severity) == (False, None)
    plain = setup(f"policies: [{RULE}]")
    assert plain.rules[0] == plain.catalogue[RULE]


def test_policy_files_are_found_beside_the_organisation_file(setup, tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    found = setup("policies: [home]\npolicy_files: [promises.yaml]", promises=PROMISES.format(id="home"))
    assert [rule.id for rule in found.rules] == ["home"]


def test_a_rule_of_a_file_can_be_adopted_only_when_the_file_is_named(setup):
    with pytest.raises(UsageError, match="unknown rule 'home'"):
        setup("policies: [home]", promises=PROMISES.format(id="home"))


def test_two_rules_never_share_an_id(setup):
    with pytest.raises(UsageError, match=RULE):
        setup("policy_files: [promises.yaml]", promises=PROMISES.format(id=RULE))
    with pytest.raises(UsageError, match="home"):
        setup("policy_files: [a.yaml, b.yaml]", a=PROMISES.format(id="home"), b=PROMISES.format(id="home"))


def test_the_same_files_have_the_same_fingerprints(setup):
    text = f"policies: [{RULE}]\n"
    assert setup(text).digests == setup(f"# a comment\n\n{text}").digests


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        (f"policies: [{{rule: {RULE}, severity: low}}]", {"rules", "config"}),
        (f"policies: [{RULE}]\nrole: reader", {"config"}),
        (f"policies: [{RULE}]\nnotify: {{routes: [{{name: all-of-it}}]}}", set()),
        (f"policies: [{RULE}]\n{EXEMPTION.format(until='2026-02-01')}", {"config", "exemptions"}),
    ],
)
def test_a_change_shows_in_the_fingerprint_of_what_changed(setup, text, changed):
    before, after = setup(f"policies: [{RULE}]").digests, setup(text).digests
    assert {name for name in after if before[name] != after[name]} == changed


def test_a_longer_exemption_has_another_fingerprint(setup):
    short, long = (setup(EXEMPTION.format(until=f"2026-{month}-01")).digests["exemptions"] for month in ("02", "03"))
    assert short != long
    assert len(short) == len(long) == 8


def test_fingerprints_of_many_exemptions_leave_room_on_the_scan_row(setup):
    one = EXEMPTION.partition("exemptions:\n")[2].format(until="2026-02-01")
    many = "".join(one.replace("id: moving", f"id: moving-{number}") for number in range(1000))
    assert len(setup(f"exemptions:\n{many}").digests["exemptions"]) < 10_000


def test_the_clock_tells_whole_seconds_in_utc():
    assert bootstrap.now().tzinfo is UTC
    assert bootstrap.now().microsecond == 0


@pytest.mark.parametrize(
    ("zone", "day"), [("UTC", 30), ("Asia/Kolkata", 1), ("America/New_York", 30), ("Pacific/Kiritimati", 1)]
)
def test_a_day_begins_where_the_organisation_is(setup, zone, day):
    late = datetime(2026, 6, 30, 20, tzinfo=UTC)
    assert bootstrap.day_of(late, setup(f"timezone: {zone}").organisation).day == day


def test_a_time_zone_nobody_knows_is_refused(setup):
    with pytest.raises(UsageError, match="Asia/Atlantis"):
        bootstrap.day_of(bootstrap.now(), setup("timezone: Asia/Atlantis").organisation)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("role: reader", "organisation"),
        ("", "organisation"),
        (PROMISES.format(id="home"), "policy"),
        ("- {rule: home, name: a case}", "examples"),
        ("[]", "examples"),
    ],
)
def test_a_file_says_by_its_shape_what_it_is(tmp_path, text, kind):
    file = tmp_path / "some.yaml"
    file.write_text(text or "{}", encoding="utf-8")
    assert bootstrap.kind_of(file) == kind


def test_a_file_that_is_no_text_is_told_by_its_byte(tmp_path):
    file = tmp_path / "some.yaml"
    file.write_bytes(b"role: \xff")
    with pytest.raises(UsageError, match="byte 6"):
        bootstrap.read_text(file)


def test_a_file_that_cannot_be_read_is_told(tmp_path):
    with pytest.raises(UsageError, match="cannot be read: Is a directory"):
        bootstrap.read_text(tmp_path)
