"""Datasets, accounts and entities against the rules an organisation has adopted."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from core_cases import (
    BACKUP_IN_INDIA,
    BANK,
    HERE,
    LOGS_IN_INDIA,
    MUMBAI,
    NOON,
    ONLY_IN_INDIA,
    ORGANISATION,
    PAYMENTS,
    SINGAPORE,
    THERE,
    TODAY,
    VIRGINIA,
    History,
    arn,
    classified,
    copied,
    gap,
    holder,
    judged,
    later,
    look,
    looks_at,
    rule,
    verdicts,
    world,
)
from domicile.judge import binds, judge, replaced, severity_of, violation_id
from domicile.model import (
    Applies,
    ClassEvidence,
    Classification,
    Classify,
    Dataset,
    DatasetDeclaration,
    DeclaredCopy,
    Entity,
    Exemption,
    Location,
    Looks,
    Loosening,
    NameRule,
    Obligation,
    Placement,
    Statement,
    Verdict,
    Vocabulary,
    When,
)

HOME = holder("ledger", tags=PAYMENTS)
ABROAD = holder("ledger", SINGAPORE, tags=PAYMENTS)
ANYONE = Applies(classes=("ANY",), origins=("ANY",), actors=("ANY",))
LOGS = Applies(classes=("logs.*",), origins=("ANY",), actors=("ANY",))


def verdict(*sightings, rules=(), **more):
    """The worst verdict about a small world."""
    found = verdicts(judged(world(*sightings, looks=more.pop("looks", None)), *rules, **more))
    return max(found.values(), key=lambda one: Verdict[one.upper()], default="not_applicable")


def finding(*sightings, rules=(), **more):
    [one] = judged(world(*sightings), *rules, **more).findings
    return one


# Which rules apply.


def test_what_lies_where_it_may_passes_and_is_no_finding():
    judgement = judged(world(HOME))
    assert judgement.findings == ()
    assert judgement.met == {("rule", "only_in", f"resource|{HOME.id}")}


def test_a_breach_says_under_which_rule_whose_and_why():
    one = finding(ABROAD)
    assert (one.rule, one.policy, one.keyword, one.citation) == ("rule", "pack", "only_in", "A law, s. 1")
    assert (one.subject, one.account, one.entity, one.owner) == (
        f"resource|{ABROAD.id}", HERE, "bank", "data@bank.example",
    )  # fmt: skip
    assert one.id == violation_id("rule", "only_in", f"resource|{ABROAD.id}")
    assert (one.classes, one.confidence) == (("payment.transaction",), "tag")
    assert [each.name for each in one.class_evidence] == ["payment.transaction", "origin:IN"]
    assert one.seen_in == (ABROAD.look,)


@pytest.mark.parametrize(
    ("applies", "expected"),
    [
        ({"classes": ("personal", "payment.*")}, "violation"),
        ({"classes": ("ANY",)}, "violation"),
        ({"classes": ("personal.*",)}, "not_applicable"),
        ({"origins": ("ANY",)}, "violation"),
        ({"origins": ("DE", "IN")}, "violation"),
        ({"origins": ("DE",)}, "not_applicable"),
        ({"actors": ("bank_in",)}, "violation"),
        ({"actors": ("hospital",)}, "not_applicable"),
    ],
)
def test_a_rule_applies_to_classes_origins_and_actors(applies, expected):
    asked = rule(applies=Applies(**({"classes": ("payment.*",), "origins": ("IN",), "actors": ("ANY",)} | applies)))
    assert verdict(ABROAD, rules=[asked]) == expected
    assert judged(world(ABROAD), asked).unclassified == ()


def test_the_worst_obligation_gives_the_verdict():
    asked = rule(
        Obligation(kind="only_in", places=("ANY",)),
        Obligation(kind="approved_in", places=("IN",), else_attest="letter"),
        Obligation(kind="encrypted", cmk=True),
    )
    assert verdict(ABROAD, rules=[asked]) == "unknown"
    assert verdict(replace(ABROAD, cmk=True), rules=[asked]) == "review"
    assert verdict(replace(ABROAD, cmk=False), rules=[asked]) == "violation"
    assert verdict(replace(HOME, cmk=True), rules=[asked]) == "pass"


def test_two_limits_of_one_rule_on_one_place_are_one_finding_the_worst():
    asked = rule(Obligation(kind="only_in", places=("IN", "SG")), Obligation(kind="only_in", places=("IN",)))
    judgement = judged(world(ABROAD), asked)
    assert verdicts(judgement) == {f"resource|{ABROAD.id}": "violation"}
    assert judgement.met == frozenset()


def test_an_obligation_that_is_not_due_is_not_judged():
    asked = rule(replace(ONLY_IN_INDIA, when=When(tags=("cross_border",))))
    assert verdict(ABROAD, rules=[asked]) == "not_applicable"


def test_nobody_counted_the_people():
    asked = rule(replace(ONLY_IN_INDIA, when=When(min_subjects=1000)))
    assert verdict(ABROAD, rules=[asked]) == "unknown"
    assert verdict(HOME, rules=[asked]) == "pass"


# What is not known.


def worklist(*sightings, rules=(), looks=None, **more):
    judgement = judged(world(*sightings, looks=looks), *rules, **more)
    return {one.dataset.id: (one.missing, one.would_break) for one in judgement.unclassified}


def test_what_lies_where_all_rules_allow_passes_whatever_it_holds():
    bare = replace(HOME, tags={})
    assert worklist(bare) == {}
    assert judged(world(bare)).findings == ()


def test_what_would_break_a_rule_if_it_held_such_data_is_one_line_of_the_worklist():
    bare = replace(ABROAD, tags={})
    rules = [rule(), rule(id="other"), rule(Obligation(kind="only_in", places=("SG",)), id="kept")]
    assert worklist(bare, rules=rules) == {bare.id: (("class",), ("other", "rule"))}
    assert judged(world(bare), *rules).findings == ()


def test_no_origin_is_as_good_as_no_class():
    organisation = replace(ORGANISATION, entities=(replace(BANK, origin=()),))
    assert worklist(ABROAD, organisation=organisation) == {ABROAD.id: (("origin",), ("rule",))}


def test_no_entity_is_as_good_as_no_class():
    asked = rule(applies=Applies(classes=("payment.*",), origins=("ANY",), actors=("bank_in",)))
    organisation = replace(ORGANISATION, entities=())
    assert worklist(ABROAD, rules=[asked], organisation=organisation) == {ABROAD.id: (("entity",), ("rule",))}


def test_everything_that_is_missing_is_named():
    asked = rule(applies=Applies(classes=("payment.*",), origins=("IN",), actors=("bank_in",)))
    organisation = replace(ORGANISATION, entities=())
    [(missing, _)] = worklist(replace(ABROAD, tags={}), rules=[asked], organisation=organisation).values()
    assert missing == ("class", "entity", "origin")


def test_another_class_settles_it_only_when_every_source_was_looked_at():
    other = replace(ABROAD, tags={"data": "books_of_account"})
    assert worklist(other) == {}
    unknown = replace(ABROAD, tags={"data": "books_of_account secret"})
    assert worklist(unknown) == {unknown.id: (("class",), ("rule",))}


@pytest.mark.parametrize("claim", ["generic.aggregate", "x.harmless"])
def test_a_tag_that_claims_the_data_is_nobodys_takes_it_out_of_no_rule(claim):
    claimed = replace(ABROAD, tags={"data": claim})
    assert worklist(claimed) == {claimed.id: (("class",), ("rule",))}


def test_a_class_of_ones_own_settles_it_when_the_file_says_so():
    said = DatasetDeclaration(id="said", resources=(ABROAD.id,), classes=("x.harmless",))
    organisation = replace(ORGANISATION, datasets=(said,))
    assert worklist(replace(ABROAD, tags={}), organisation=organisation) == {}


def test_refused_tags_leave_it_open_whether_a_rule_applies():
    bucket = holder("books", SINGAPORE, "bucket", tags={"data": "books_of_account"})
    tags = look("tags.resources", SINGAPORE)
    without = [one for one in looks_at() if one.key != tags.key]
    assert worklist(bucket) == {}
    assert worklist(bucket, looks=without) == {bucket.id: (("class",), ("rule",))}
    judgement = judged(world(bucket, looks=without))
    assert ("rule", f"resource|{bucket.id}") in judgement.open_questions


def test_an_ancestor_nobody_saw_leaves_it_open():
    reader = holder("reader", SINGAPORE, tags={"data": "books_of_account"})
    source = arn("db", "ledger", MUMBAI, "999999999999")
    assert source in worklist(reader, copied(source, reader, "read-replica", look=reader.look))


def test_a_class_taken_away_by_the_file_settles_it():
    loosen = Loosening(declassify=("*",), owner="o", reason="r", approver="a", until=later(9))
    organisation = replace(
        ORGANISATION, datasets=(DatasetDeclaration(id="x", resources=(ABROAD.id,), loosen=loosen),)
    )  # fmt: skip
    assert worklist(ABROAD, organisation=organisation) == {}
    assert verdict(ABROAD, organisation=organisation) == "not_applicable"


@pytest.mark.parametrize(
    "more",
    [{"trial": True}, {"status": "draft"}, {"enforce_from": later(91)}, {"enforce_until": later(-1)}],
    ids=str,
)
def test_a_rule_that_is_not_enforced_makes_no_work(more):
    assert worklist(replace(ABROAD, tags={}), rules=[rule(**more)]) == {}


def test_a_rule_that_begins_soon_makes_work():
    assert worklist(replace(ABROAD, tags={}), rules=[rule(enforce_from=later(90))]) != {}


def test_a_missing_backup_of_what_nobody_classified_is_work_too():
    bare = replace(HOME, tags={})
    assert worklist(bare, rules=[rule(BACKUP_IN_INDIA)]) == {bare.id: (("class",), ("rule",))}


def test_short_logs_nobody_classified_are_work_and_long_ones_are_not():
    asked = rule(LOGS_IN_INDIA, applies=LOGS)
    short, long = (holder(f"logs-{days}", kind="log-group", retention_days=days) for days in (7, 180))
    assert set(worklist(short, long, holder("no-log"), rules=[asked])) == {short.id}


def test_signatures_ask_for_no_class():
    asked = rule(Obligation(kind="attest", id="letter"), Obligation(kind="no_such_data", classes=("payment.card",)))
    assert worklist(replace(ABROAD, tags={}), rules=[asked]) == {}


def test_a_class_that_only_a_name_suggests_needs_a_look():
    organisation = replace(
        ORGANISATION, classify=Classify(names=(NameRule("led*", classes=("payment.card",)),))
    )  # fmt: skip
    one = finding(replace(ABROAD, tags={}), organisation=organisation)
    assert (str(one.verdict), one.severity, one.confidence) == ("review", "low", "name")
    assert one.because.startswith("Needs a look: only a name suggests the class. ")


def test_a_rule_about_everything_needs_no_class_and_no_name_weakens_it():
    organisation = replace(
        ORGANISATION, classify=Classify(names=(NameRule("led*", classes=("payment.card",)),))
    )  # fmt: skip
    for sightings in (replace(ABROAD, tags={}), replace(ABROAD, name="another", tags={})):
        one = finding(sightings, rules=[rule(applies=ANYONE)], organisation=organisation)
        assert (str(one.verdict), one.confidence) == ("violation", "declared")


def test_a_country_nobody_mapped_cannot_be_told():
    assert verdict(holder("ledger", "xx-nowhere-1", tags=PAYMENTS)) == "unknown"


def test_what_is_gone_is_not_judged():
    restored, gone = holder("restored", tags=PAYMENTS), arn("db", "gone", SINGAPORE)
    judgement = judged(
        world(restored, copied(gone, restored, "restore", look=restored.look)), rule(BACKUP_IN_INDIA, applies=ANYONE)
    )
    assert set(verdicts(judgement)) == {f"dataset|{restored.id}"}
    assert f"dataset|{gone}" not in judgement.present
    assert gone not in judgement.members


# Time.


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, "violation"),
        ({"status": "draft"}, "advisory"),
        ({"status": "lapsed"}, "advisory"),
        ({"status": "abeyance"}, "advisory"),
        ({"status": "superseded"}, "advisory"),
        ({"status": "notified"}, "violation"),
        ({"status": "contractual"}, "violation"),
        ({"status": "guidance"}, "violation"),
        ({"status": "commitment"}, "violation"),
        ({"enforce_from": None}, "violation"),
        ({"enforce_from": TODAY}, "violation"),
        ({"enforce_from": later(1)}, "upcoming"),
        ({"enforce_from": later(1000)}, "upcoming"),
        ({"enforce_until": TODAY}, "violation"),
        ({"enforce_until": later(-1)}, "advisory"),
        ({"status": "draft", "enforce_from": later(1)}, "advisory"),
    ],
    ids=str,
)
def test_what_a_breach_is_on_a_day(more, expected):
    assert verdict(ABROAD, rules=[rule(**more)]) == expected
    assert verdict(HOME, rules=[rule(**more)]) == "pass"


def test_a_rule_may_be_judged_as_of_any_day():
    asked = rule(enforce_from=date(2018, 10, 15))
    for as_of, expected in ((date(2018, 10, 14), "upcoming"), (date(2018, 10, 15), "violation")):
        assert verdict(ABROAD, rules=[asked], as_of=as_of) == expected


def test_a_trial_is_judged_and_marked():
    one = finding(ABROAD, rules=[rule(trial=True)])
    assert (str(one.verdict), one.trial, one.enforced) == ("violation", True, False)


@pytest.mark.parametrize(
    "more", [{"status": "draft"}, {"enforce_from": later(1)}, {"enforce_until": later(-1)}], ids=str
)
def test_what_does_not_bind_today_is_not_enforced(more):
    assert not finding(ABROAD, rules=[rule(**more)]).enforced
    assert finding(ABROAD).enforced


# Severity.

SEVERITY = """
             only_in   not_in    approved_in  copy_in  backup_in  logs_in  encrypted  no_such_data  attest  disclose_location
in_force     critical  critical  critical     high     high       high     high       high          low     low
notified     critical  critical  critical     high     high       high     high       high          low     low
contractual  high      high      high         medium   medium     medium   medium     medium        low     low
commitment   high      high      high         medium   medium     medium   medium     medium        low     low
guidance     high      high      high         medium   medium     medium   medium     medium        low     low
"""


def severities():
    keywords, *lines = [line.split() for line in SEVERITY.strip().splitlines()]
    return [
        (status, keyword, severity)
        for status, *cells in lines
        for keyword, severity in zip(keywords, cells, strict=True)
    ]


@pytest.mark.parametrize(("status", "keyword", "expected"), severities())
def test_severity_is_computed_from_keyword_and_status(status, keyword, expected):
    assert severity_of(rule(status=status), keyword, Verdict.VIOLATION) == expected
    assert severity_of(rule(status=status), keyword, Verdict.UNKNOWN) == "low"
    assert severity_of(rule(status=status), keyword, Verdict.REVIEW) == "low"


def test_an_organisation_may_set_the_severity_of_a_rule():
    assert severity_of(rule(severity="medium"), "only_in", Verdict.VIOLATION) == "medium"
    assert severity_of(rule(severity="critical"), "only_in", Verdict.UNKNOWN) == "low"


# Exemptions.


def exempting(basis="approved_by_regulator", **more):
    fields = {
        "id": "letter-7", "rule": "rule", "basis": basis, "owner": "o", "reason": "A letter.", "approver": "a",
        "since": TODAY, "until": later(30),
    }  # fmt: skip
    return replace(ORGANISATION, exemptions=(Exemption(**(fields | more)),))


@pytest.mark.parametrize(
    ("basis", "expected"),
    [
        ("approved_by_regulator", "exempt"),
        ("not_applicable", "exempt"),
        ("being_fixed", "violation"),
        ("accepted", "violation"),
    ],
)
def test_two_bases_exempt_and_two_only_mute(basis, expected):
    one = finding(ABROAD, organisation=exempting(basis, resource=ABROAD.id))
    assert (str(one.verdict), one.exemption) == (expected, "letter-7")
    if expected == "exempt":
        assert one.because.startswith(f"Exempt until {later(30)} by letter-7: A letter. ")


@pytest.mark.parametrize(
    "wrong",
    [
        {"rule": "other"},
        {"resource": HOME.id},
        {"dataset": HOME.id},
        {"account": THERE},
        {"since": later(1)},
        {"until": later(-1)},
    ],
    ids=str,
)
def test_an_exemption_covers_what_it_names_and_nothing_else(wrong):
    fields = {"resource": ABROAD.id, "dataset": ABROAD.id, "account": HERE}
    assert str(finding(ABROAD, organisation=exempting(**fields)).verdict) == "exempt"
    assert str(finding(ABROAD, organisation=exempting(**(fields | wrong))).verdict) == "violation"


def test_what_exempts_comes_before_what_mutes():
    both = (
        replace(exempting("accepted", resource=ABROAD.id).exemptions[0], id="a"),
        exempting(resource=ABROAD.id).exemptions[0],
    )
    for order in (both, both[::-1]):
        assert finding(ABROAD, organisation=replace(ORGANISATION, exemptions=order)).exemption == "letter-7"


def test_a_set_is_exempt_by_its_whole_subject_and_by_nothing_that_changes_overnight():
    copy = holder("copy", SINGAPORE, "snapshot", taken_of=HOME.id)
    link = copied(HOME, copy, "snapshot-copy", look=copy.look)
    subject = finding(HOME, copy, link).subject
    assert subject.startswith("set|")
    for name, expected in ((subject, "exempt"), (HOME.id, "violation"), (copy.id, "violation")):
        assert str(finding(HOME, copy, link, organisation=exempting(resource=name)).verdict) == expected


def test_an_exemption_changes_nothing_that_is_not_a_breach():
    lost = holder("ledger", "xx-nowhere-1", tags=PAYMENTS)
    assert str(finding(lost, organisation=exempting(resource=lost.id)).verdict) == "unknown"
    draft = finding(ABROAD, rules=[rule(status="draft")], organisation=exempting(resource=ABROAD.id))
    assert (str(draft.verdict), draft.exemption) == ("advisory", "")
    soon = finding(ABROAD, rules=[rule(enforce_from=later(9))], organisation=exempting(resource=ABROAD.id))
    assert (str(soon.verdict), soon.exemption) == ("exempt", "letter-7")


# Datasets, accounts, entities.


def test_a_shared_holder_is_judged_once():
    first, second = (holder(name, kind="bucket", tags=PAYMENTS) for name in "ab")
    central = holder("central", SINGAPORE, "bucket")
    judgement = judged(world(first, second, central, copied(first, central), copied(second, central)))
    assert verdicts(judgement)[f"resource|{central.id}"] == "violation"
    assert len(judgement.findings) == 1
    assert {one.source for one in judgement.findings[0].class_evidence} == {"tag", "declared"}


def test_what_must_exist_may_exist_in_a_holder_that_several_feed():
    first, second = (holder(name, SINGAPORE, "bucket", tags=PAYMENTS) for name in "ab")
    vault = holder("vault", kind="bucket")
    links = copied(first, vault, "recovery-point"), copied(second, vault, "recovery-point")
    asked = rule(Obligation(kind="copy_in", places=("IN",)))
    judgement = judged(world(first, second, vault, *links), asked)
    assert set(verdicts(judgement).values()) == {"pass"}


def test_a_holder_that_is_fed_in_two_ways_counts_once():
    first, second = (holder(name, SINGAPORE, "bucket", tags=PAYMENTS) for name in "ab")
    left, right = holder("left", SINGAPORE, "bucket"), holder("right", SINGAPORE, "bucket")
    last = holder("last", kind="bucket")
    ways = [copied(one, middle) for one in (first, second) for middle in (left, right)]
    sightings = first, second, left, right, last, *ways, copied(left, last), copied(right, last)
    for least, expected in ((1, "pass"), (2, "violation")):
        asked = rule(Obligation(kind="copy_in", places=("IN",), min=least))
        assert verdicts(judged(world(*sightings), asked))[f"dataset|{first.id}"] == expected


def test_a_backup_of_a_dataset_is_asked_for_once_however_many_places_it_has():
    reader = holder("reader", SINGAPORE)
    judgement = judged(world(HOME, reader, copied(HOME, reader, "read-replica")), rule(BACKUP_IN_INDIA))
    assert verdicts(judgement) == {f"dataset|{HOME.id}": "violation"}


def stores(*days, account=HERE, data="logs.ict"):
    return [
        holder(f"store-{number}", kind="log-group", account=account, tags={"data": data}, retention_days=kept)
        for number, kept in enumerate(days)
    ]


LOGS_RULE = rule(LOGS_IN_INDIA, applies=LOGS)


def test_an_accounts_logs_of_one_class_are_one_line():
    one = finding(*stores(7, 14, 180), rules=[LOGS_RULE])
    assert (one.subject, one.account, one.count) == (f"logs|{HERE}|logs.ict", HERE, 2)
    assert one.because == (
        f"Stores of logs.ict in account {HERE} fall short, among them this: store-1 is kept for 14 days in India; "
        "180 days are asked. The rule binds since 2020-01-01."
    )


def test_logs_of_another_account_or_class_are_another_line():
    judgement = judged(
        world(*stores(7), *stores(7, account=THERE), *stores(180, 180, data="logs.auth")[1:]), LOGS_RULE
    )  # fmt: skip
    assert verdicts(judgement) == {
        f"logs|{HERE}|logs.ict": "violation",
        f"logs|{THERE}|logs.ict": "violation",
        f"logs|{HERE}|logs.auth": "pass",
    }


def test_a_line_about_logs_rests_on_every_store_it_counts():
    elsewhere = holder("far", SINGAPORE, "log-group", tags={"data": "logs.ict"}, retention_days=400)
    one = finding(*stores(7), elsewhere, rules=[LOGS_RULE])
    assert set(one.seen_in) == {look("logs.groups").key, look("logs.groups", SINGAPORE).key}


def test_logs_pass_only_when_all_their_stores_do():
    judgement = judged(world(*stores(180, 200)), LOGS_RULE)
    assert judgement.met == {("rule", "logs_in", f"logs|{HERE}|logs.ict")}
    assert judged(world(*stores(180, None)), LOGS_RULE).met == frozenset()


def test_what_only_stores_of_logs_lead_to_is_held_to_nothing_unless_it_is_said_to_hold_logs():
    first, second = stores(180, 200)
    stream = holder("stream", account=THERE, retention_days=1)
    passed_on = copied(first, stream, "log-delivery"), copied(second, stream, "log-delivery")
    judgement = judged(world(first, second, stream, *passed_on), LOGS_RULE)
    assert judgement.met == {("rule", "logs_in", f"logs|{HERE}|logs.ict")}
    assert judgement.findings == ()
    told = replace(stream, tags=first.tags)
    assert finding(first, second, told, *passed_on, rules=[LOGS_RULE]).subject == f"logs|{THERE}|logs.ict"


def test_an_exemption_of_one_store_does_not_lift_the_others():
    first, second = stores(7, 14)
    of_one = exempting(dataset=second.id)
    assert str(finding(first, second, rules=[LOGS_RULE], organisation=of_one).verdict) == "violation"
    assert str(finding(second, rules=[LOGS_RULE], organisation=of_one).verdict) == "exempt"
    of_all = exempting(account=HERE)
    assert str(finding(first, second, rules=[LOGS_RULE], organisation=of_all).verdict) == "exempt"


def test_a_missing_signature_is_one_line_however_many_datasets_it_covers():
    asked = rule(Obligation(kind="attest", id="audit"))
    one = finding(HOME, holder("b", tags=PAYMENTS), holder("c", account=THERE, tags=PAYMENTS), rules=[asked])
    assert (one.subject, str(one.verdict), one.severity, one.count) == ("entity|bank|audit", "review", "low", 3)
    signed = Statement(id="audit", entity="bank", by="b", on=TODAY, until=later(9))
    organisation = replace(ORGANISATION, statements=(signed,))
    assert judged(world(HOME), asked, organisation=organisation).met == {("rule", "attest", "entity|bank|audit")}


def test_every_entity_signs_for_itself():
    asked = rule(Obligation(kind="attest", id="audit"))
    entities = replace(BANK, owns=(HERE,)), Entity(id="shop", origin=("IN",), owns=("*",))
    organisation = replace(
        ORGANISATION, entities=entities, statements=(Statement(id="audit", entity="shop", by="b", on=TODAY, until=TODAY),)
    )  # fmt: skip
    judgement = judged(world(HOME, holder("b", account=THERE, tags=PAYMENTS)), asked, organisation=organisation)
    assert verdicts(judgement) == {"entity|bank|audit": "review", "entity|shop|audit": "pass"}


def test_a_place_to_be_disclosed_must_be_known():
    asked = rule(Obligation(kind="disclose_location", to="board"))
    assert verdict(HOME, rules=[asked]) == "pass"
    one = finding(HOME, holder("lost", "xx-nowhere-1", tags=PAYMENTS), rules=[asked])
    assert (one.subject, str(one.verdict)) == ("entity|bank|board", "unknown")


def test_a_declared_copy_is_judged_like_any_other():
    said = DatasetDeclaration(id="crm", resources=(HOME.id,), copies=(DeclaredCopy("crm", "export", "US"),))
    one = finding(HOME, organisation=replace(ORGANISATION, datasets=(said,)))
    assert (one.subject, one.because.split(";")[0]) == (
        "resource|declared:crm/crm", "The export crm is in United States",
    )  # fmt: skip


def test_a_declared_copy_that_several_datasets_share_is_one_subject():
    other = holder("other", tags={"data": "personal.sensitive.health"})
    said = DatasetDeclaration(id="crm", accounts=(HERE,), copies=(DeclaredCopy("crm", "export", "US"),))
    judgement = judged(world(HOME, other), organisation=replace(ORGANISATION, datasets=(said,)))
    assert len(judgement.findings) == 1
    presence = judgement.present["resource|declared:crm/crm"]
    assert {"payment.transaction", "personal.sensitive.health"} <= presence.stated
    assert presence.datasets == {HOME.id, other.id}


def test_a_remedy_says_how_to_stop_the_channel_and_what_there_is_instead():
    reader = holder("reader", SINGAPORE)
    one = finding(HOME, reader, copied(HOME, reader, "read-replica"), rules=[rule(instead="Use Hyderabad.")])
    assert one.remedy == "Delete the read replica. Use Hyderabad."


# Whatever the world looks like.

REGION = st.sampled_from([MUMBAI, SINGAPORE, VIRGINIA, "xx-nowhere-1"])
VALUE = st.sampled_from(["payment.card", "logs.ict", "secret", ""])
KIND = st.sampled_from(["bucket", "db", "log-group", "recovery-point"])
HOLDERS = st.lists(
    st.builds(
        lambda name, region, kind, value, days: holder(
            name, region, kind, tags={"data": value} if value else {}, retention_days=days, created_at=NOON
        ),
        st.sampled_from("abcd"), REGION, KIND, VALUE, st.sampled_from([None, 7, 180]),
    ),
    max_size=4, unique_by=lambda one: one.id,
)  # fmt: skip
RULES = [
    rule(id="place"),
    rule(BACKUP_IN_INDIA, id="backup"),
    rule(LOGS_IN_INDIA, applies=LOGS, id="logs"),
    rule(Obligation(kind="no_such_data", classes=("payment.card",)), applies=ANYONE, id="none"),
    rule(Obligation(kind="copy_in", places=("IN",)), applies=ANYONE, id="some"),
]
GAPS = st.lists(
    st.builds(gap, st.sampled_from(["*", "rds.instances", "backup.points", "tags.resources"]), REGION), max_size=3
)  # fmt: skip


@settings(deadline=None)
@given(HOLDERS, GAPS)
def test_more_gaps_turn_breaches_into_questions_and_nothing_into_a_pass(holders, gaps):
    clear = verdicts(judged(world(*holders), *RULES))
    hidden = verdicts(judged(world(*holders, gaps=tuple(gaps)), *RULES))
    for subject in clear.keys() | hidden.keys():
        before, after = clear.get(subject), hidden.get(subject)
        assert before == after or after in (None, "unknown")
        if after == "pass":
            assert before == "pass"


@settings(deadline=None)
@given(HOLDERS, st.randoms())
def test_judging_is_indifferent_to_order(holders, random):
    rules = list(RULES)
    expected = judged(world(*holders), *rules)
    random.shuffle(holders)
    random.shuffle(rules)
    after = judged(world(*holders), *rules)
    assert after.findings == expected.findings
    assert after.met == expected.met
    assert {one.dataset.id for one in after.unclassified} == {one.dataset.id for one in expected.unclassified}


@settings(deadline=None)
@given(HOLDERS)
def test_nothing_is_both_met_and_not(holders):
    judgement = judged(world(*holders), *RULES)
    failing = {(one.rule, one.keyword, one.subject) for one in judgement.findings}
    assert not failing & judgement.met
    assert len(failing) == len(judgement.findings)
    assert all(one.because for one in judgement.findings)


@settings(deadline=None)
@given(HOLDERS, st.text(max_size=20))
def test_no_name_has_a_part_in_an_id(holders, name):
    renamed = [replace(one, name=name) for one in holders]
    before, after = judged(world(*holders), *RULES), judged(world(*renamed), *RULES)
    assert [one.id for one in before.findings] == [one.id for one in after.findings]


# Parts of a country.

QUEBEC = Applies(classes=("personal.*",), origins=("CA-QC",), actors=("ANY",))
WITHIN_QUEBEC = Obligation(kind="approved_in", places=("CA-QC",), else_attest="assessment")


def in_canada(*regions, origin=("CA-QC",), **more):
    placements = tuple(
        Placement(f"resource|{one}", "replica", Location("aws", one), "CA", resource_id=one) for one in regions
    )
    dataset = Dataset("clients", "aws", HERE, "clients", placements, ("clients",))
    classes = (ClassEvidence("personal.contact", "tag", "data"),)
    origins = tuple(ClassEvidence(one, "tag", "origin") for one in origin)
    one = Classification("clients", classes, origins, entity="bank", **more)
    asked = rule(WITHIN_QUEBEC, applies=QUEBEC)
    looks, words = Looks([]), Vocabulary({}, {})
    return judge([dataset], {"clients": one}, [asked], ORGANISATION, words, looks, as_of=TODAY, now=NOON)


def test_a_law_of_a_part_of_a_country_tells_the_regions_of_that_country_apart():
    assert in_canada("ca-central-1").findings == ()
    [found] = in_canada("ca-central-1", "ca-west-1").findings
    assert (found.subject, found.verdict) == ("resource|ca-west-1", Verdict.REVIEW)


def test_a_region_of_a_country_in_a_part_that_nobody_knows_cannot_be_told():
    [found] = in_canada("ca-north-1").findings
    assert found.verdict is Verdict.UNKNOWN
    assert "in which part of it is not known" in found.because


def test_people_of_another_part_of_the_country_are_not_meant_and_those_of_the_country_may_be():
    ontario = in_canada("ca-west-1", origin=("CA-ON",))
    assert (ontario.findings, ontario.unclassified) == ((), ())
    [waiting] = in_canada("ca-west-1", origin=("CA",)).unclassified
    assert waiting.missing == ("origin",)
    assert in_canada("ca-west-1", origin=("CA", "CA-QC")).findings != ()


def test_a_law_of_a_country_is_about_people_of_every_part_of_it():
    asked = rule(applies=Applies(classes=("personal.*",), origins=("CA",), actors=("ANY",)))
    said = DatasetDeclaration(id="said", resources=(ABROAD.id,), classes=("personal.contact",), origin=("CA-QC",))
    organisation = replace(ORGANISATION, entities=(replace(BANK, origin=()),), datasets=(said,))
    found = judged(world(replace(ABROAD, tags={})), asked, organisation=organisation).findings
    assert [one.verdict for one in found] == [Verdict.VIOLATION]
    assert "origin:CA-QC" in {each.name for each in found[0].class_evidence}


# Rules that take the place of others.

OLD = rule(id="circular-2018", enforce_from=date(2018, 10, 15))
NEW = rule(id="circular-2026", enforce_from=date(2026, 7, 1), replaces=("circular-2018",))


def told(*rules, as_of=TODAY, sighting=ABROAD):
    found = judged(world(sighting), *rules, as_of=as_of).findings
    return {one.rule: str(one.verdict) for one in found if one.enforced or one.verdict > Verdict.UNKNOWN}


def test_until_the_day_of_the_new_rule_the_old_one_judges_and_the_new_one_announces_itself():
    assert told(OLD, NEW, as_of=date(2026, 6, 30)) == {"circular-2018": "violation", "circular-2026": "upcoming"}


def test_from_the_day_of_the_new_rule_on_there_is_one_breach_and_not_two():
    assert told(OLD, NEW, as_of=date(2026, 7, 1)) == {"circular-2018": "advisory", "circular-2026": "violation"}


def test_what_a_replaced_rule_would_say_names_the_one_that_binds_instead():
    found = {one.rule: one for one in judged(world(ABROAD), OLD, NEW, as_of=date(2026, 8, 1)).findings}
    assert found["circular-2018"].because.startswith("Replaced by circular-2026 since 2026-07-01: ")
    assert not found["circular-2018"].enforced
    assert found["circular-2026"].enforced


def test_a_stricter_old_rule_judges_no_more_once_it_is_replaced():
    looser = replace(NEW, oblige=(Obligation(kind="only_in", places=("IN", "SG")),))
    assert told(OLD, looser, as_of=date(2026, 7, 1)) == {"circular-2018": "advisory"}


@pytest.mark.parametrize(
    "new",
    [
        replace(NEW, status="draft"),
        replace(NEW, status="abeyance"),
        replace(NEW, status="lapsed"),
        replace(NEW, trial=True),
        replace(NEW, enforce_until=date(2026, 7, 31)),
        replace(NEW, replaces=("circular-2017",)),
    ],
)
def test_a_rule_that_does_not_bind_takes_no_place(new):
    assert told(OLD, new, as_of=date(2026, 8, 1))["circular-2018"] == "violation"


def test_nothing_asks_for_a_class_under_a_rule_that_is_replaced():
    bare = replace(ABROAD, tags={})
    [waiting] = judged(world(bare), OLD, NEW, as_of=date(2026, 7, 1)).unclassified
    assert waiting.would_break == ("circular-2026",)


def test_the_row_of_a_replaced_rule_is_resolved_as_one_that_does_not_bind():
    kept = History()
    assert kept.scan(world(ABROAD), OLD, NEW, as_of=date(2026, 6, 30)) == ["opened", "opened"]
    kept.scan(world(ABROAD), OLD, NEW, as_of=date(2026, 7, 1))
    rows = {row.rule: (row.status, row.verdict, row.resolved_by) for row in kept.rows.values()}
    assert rows == {
        "circular-2018": ("resolved", "violation", "not-due"),
        "circular-2026": ("open", "violation", ""),
    }


def test_a_rule_hands_on_what_it_had_replaced_itself():
    middle = replace(NEW, id="middle", enforce_from=date(2022, 1, 1), enforce_until=date(2026, 6, 30))
    newest = replace(NEW, replaces=("middle",))
    assert replaced([OLD, middle, newest], date(2026, 6, 30)) == {"circular-2018": middle}
    assert replaced([OLD, middle, newest], date(2026, 7, 1)) == {"circular-2018": newest, "middle": newest}
    never = replace(middle, status="draft")
    assert replaced([OLD, never, newest], date(2026, 7, 1)) == {"middle": newest}


def test_of_rules_that_replace_each_other_both_judge():
    one, other = replace(OLD, replaces=("other",)), replace(OLD, id="other", replaces=("circular-2018",))
    assert replaced([one, other], TODAY) == {}
    assert told(one, other) == {"circular-2018": "violation", "other": "violation"}


DAYS = st.dates(date(2026, 1, 1), date(2026, 1, 6))
NUMBERS = [f"rule-{number}" for number in range(6)]


@st.composite
def rulebooks(draw):
    """Some rules of which each may replace any other, whatever its standing."""
    names = draw(st.lists(st.sampled_from(NUMBERS), unique=True, min_size=1))
    return [
        rule(
            id=name,
            replaces=tuple(draw(st.sets(st.sampled_from(NUMBERS), max_size=3)) - {name}),
            status=draw(st.sampled_from(["in_force", "in_force", "notified", "draft", "superseded", "abeyance"])),
            trial=draw(st.booleans()) and draw(st.booleans()),
            enforce_from=draw(st.none() | DAYS),
        )
        for name in names
    ]


def leads_to(rules, start, goal):
    known = {one.id: one.replaces for one in rules}
    seen, waiting = set(), {start}
    while waiting:
        seen |= waiting
        waiting = {one for name in waiting for one in known.get(name, ())} - seen
    return goal in seen


@given(rulebooks(), DAYS)
def test_whoever_is_replaced_is_replaced_by_a_rule_that_binds_and_is_not_replaced_itself(rules, day):
    gone = replaced(rules, day)
    for name, heir in gone.items():
        assert binds(heir, day)
        assert heir.id not in gone
        assert leads_to(rules, heir.id, name)


@given(rulebooks(), DAYS)
def test_never_are_all_rules_that_bind_replaced(rules, day):
    binding = {one.id for one in rules if binds(one, day)}
    assert not binding or binding - replaced(rules, day).keys()


@given(rulebooks(), DAYS, st.randoms())
def test_in_which_order_rules_are_adopted_makes_no_difference(rules, day, chance):
    again = list(rules)
    chance.shuffle(again)
    assert replaced(again, day) == replaced(rules, day)


@given(rulebooks(), DAYS)
def test_a_rule_that_does_not_bind_and_hands_nothing_on_changes_nothing(rules, day):
    future = rule(id="future", replaces=tuple(NUMBERS), enforce_from=date(2026, 2, 1))
    assert replaced([*rules, future], day) == replaced(rules, day)


@given(st.dates(date(2018, 10, 15), date(2030, 1, 1)))
def test_on_every_day_one_thing_is_one_breach(day):
    assert list(told(OLD, NEW, as_of=day).values()).count("violation") == 1


# What is to come.

SOON, FAR = later(30), later(300)


def coming(*sightings, rules, as_of=TODAY, looks=None, organisation=ORGANISATION):
    found = judged(world(*sightings, looks=looks), *rules, as_of=as_of, organisation=organisation).upcoming
    return {one.rule: (one.breaks, one.cannot_tell, one.to_look_at, one.to_sign) for one in found}


def test_a_rule_that_will_bind_says_how_many_datasets_break_it_then_and_from_when():
    other = holder("cards", SINGAPORE, tags=PAYMENTS)
    copy = holder("ledger-copy", SINGAPORE)
    asked = rule(enforce_from=FAR)
    [one] = judged(world(ABROAD, other, HOME, copy, copied(ABROAD, copy, "read-replica")), asked).upcoming
    assert (one.rule, one.enforce_from, one.trial, one.breaks) == ("rule", FAR, False, 2)


def test_a_dataset_in_several_places_abroad_is_one_that_breaks_the_rule():
    copies = [holder(f"ledger-{number}", SINGAPORE) for number in range(3)]
    links = [copied(HOME, one, "read-replica") for one in copies]
    assert coming(HOME, *copies, *links, rules=[rule(enforce_from=SOON)]) == {"rule": (1, 0, 0, ())}


def test_a_rule_that_will_bind_is_told_though_nothing_breaks_it():
    assert coming(HOME, rules=[rule(enforce_from=FAR), rule(id="now")]) == {"rule": (0, 0, 0, ())}


def test_what_is_not_classified_or_in_no_known_country_cannot_be_told_however_far_off_the_day():
    bare = replace(ABROAD, tags={})
    lost = holder("lost", "nowhere-1", tags=PAYMENTS)
    looks = looks_at((MUMBAI, SINGAPORE, "nowhere-1"))
    asked = [rule(enforce_from=FAR)]
    assert coming(bare, rules=asked) == {"rule": (0, 1, 0, ())}
    assert coming(replace(HOME, tags={}), rules=asked) == {"rule": (0, 0, 0, ())}
    assert coming(lost, rules=asked, looks=looks) == {"rule": (0, 1, 0, ())}
    assert judged(world(bare), *asked).unclassified == ()


def test_statements_that_a_coming_rule_asks_for_are_named_once_however_many_datasets_need_them():
    asked = rule(ONLY_IN_INDIA, Obligation(kind="attest", id="letter"), enforce_from=FAR)
    other = holder("cards", tags=PAYMENTS)
    assert coming(HOME, other, rules=[asked]) == {"rule": (0, 0, 0, ("letter",))}
    signed = (Statement(id="letter", entity="bank", by="counsel", on=TODAY, until=later(400)),)
    assert coming(HOME, rules=[asked], organisation=replace(ORGANISATION, statements=signed)) == {"rule": (0, 0, 0, ())}


def test_a_copy_that_will_need_a_safeguard_is_to_be_looked_at():
    asked = rule(Obligation(kind="approved_in", places=("IN",), else_attest="letter"), enforce_from=FAR)
    assert coming(ABROAD, rules=[asked]) == {"rule": (0, 0, 1, ())}


def test_every_store_of_logs_that_will_fall_short_counts_though_an_account_has_one_row():
    stores = [holder(f"app-{one}", kind="log-group", tags={"data": "logs.ict"}, retention_days=30) for one in range(3)]
    long = holder("audit", kind="log-group", tags={"data": "logs.ict"}, retention_days=400)
    assert coming(*stores, long, rules=[rule(LOGS_IN_INDIA, applies=LOGS, enforce_from=FAR)]) == {"rule": (3, 0, 0, ())}


def test_what_is_exempt_will_not_break_the_rule():
    granted = Exemption(
        id="e", rule="rule", resource=ABROAD.id, basis="not_applicable", owner="o@bank.example", reason="why",
        approver="counsel", since=TODAY, until=later(300),
    )  # fmt: skip
    organisation = replace(ORGANISATION, exemptions=(granted,))
    assert coming(ABROAD, rules=[rule(enforce_from=SOON)], organisation=organisation) == {"rule": (0, 0, 0, ())}


def test_rules_on_trial_are_told_too_and_drafts_and_what_was_replaced_are_not():
    found = judged(
        world(ABROAD),
        rule(id="tried", enforce_from=FAR, trial=True),
        rule(id="draft", enforce_from=FAR, status="draft"),
        rule(id="gone", enforce_from=FAR),
        rule(id="heir", replaces=("gone",)),
    ).upcoming
    assert [(one.rule, one.trial, one.breaks) for one in found] == [("tried", True, 1)]


def test_coming_rules_are_told_by_their_day():
    rules = [rule(id="b", enforce_from=FAR), rule(id="c", enforce_from=SOON), rule(id="a", enforce_from=FAR)]
    assert list(coming(ABROAD, rules=rules)) == ["c", "a", "b"]


def test_as_of_its_day_a_coming_rule_judges_the_same_data():
    asked = [rule(enforce_from=SOON)]
    assert coming(ABROAD, HOME, rules=asked, as_of=later(29)) == {"rule": (1, 0, 0, ())}
    assert coming(ABROAD, HOME, rules=asked, as_of=SOON) == {}
    assert told(*asked, as_of=SOON) == {"rule": "violation"}


def test_of_a_rule_that_is_asked_about_every_dataset_has_its_worst_verdict():
    copy = holder("ledger-copy", SINGAPORE)
    bare = holder("bare", SINGAPORE)
    books = holder("books", SINGAPORE, "bucket", tags={"data": "books_of_account"})
    asked, silent = rule(ONLY_IN_INDIA, Obligation(kind="attest", id="letter")), rule(id="silent")
    kept = holder("kept", tags=PAYMENTS)
    seen = world(HOME, copy, copied(HOME, copy, "read-replica"), kept, bare, books)
    datasets, said = classified(seen)
    words, looks = Vocabulary({}, {}), Looks(seen.looks)
    found = judge(
        datasets, said, [asked, silent], ORGANISATION, words, looks, as_of=TODAY, now=NOON, tell=["rule"]
    ).worst
    assert found == {"rule": {HOME.id: Verdict.VIOLATION, kept.id: Verdict.PASS, bare.id: Verdict.UNKNOWN}}


@pytest.mark.parametrize(
    ("more", "expected"),
    [({}, Verdict.VIOLATION), ({"status": "draft"}, Verdict.ADVISORY), ({"enforce_from": FAR}, Verdict.UPCOMING)],
)
def test_the_worst_verdict_of_a_dataset_is_what_time_makes_of_it_for_logs_too(more, expected):
    store = holder("app", kind="log-group", tags={"data": "logs.ict"}, retention_days=30)
    seen = world(store)
    datasets, said = classified(seen)
    asked = rule(LOGS_IN_INDIA, applies=LOGS, **more)
    words, looks = Vocabulary({}, {}), Looks(seen.looks)
    found = judge(datasets, said, [asked], ORGANISATION, words, looks, as_of=TODAY, now=NOON, tell=["rule"]).worst
    assert found == {"rule": {store.id: expected}}
