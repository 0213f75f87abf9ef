"""What each of the ten keywords asks, one subject at a time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from core_cases import NOON, SINGAPORE, TODAY, VOCABULARY, gap, later, look
from domicile.model import (
    NEVER_EXPIRES,
    Cell,
    ClassEvidence,
    Classification,
    Dataset,
    Limit,
    Location,
    Looks,
    Obligation,
    Organisation,
    Placement,
    Statement,
    Tolerate,
    UnlessCopy,
    Verdict,
    When,
)
from domicile.obligations import (
    MET,
    Outcome,
    Question,
    attested,
    due,
    on_dataset,
    on_entity,
    on_logs,
    on_placement,
    when,
)

REGIONS = {"IN": "ap-south-1", "SG": "ap-southeast-1", "US": "us-east-1", None: "xx-nowhere-1"}
SIGNED = Statement(id="letter", entity="bank", by="the board", on=TODAY, until=later(30))


def at(country="IN", kind="primary", *, age=None, **more):
    """A placement; `age` in hours."""
    moment = None if age is None else NOON - timedelta(hours=age)
    location = Location("aws", REGIONS[country])
    fields = {"oldest_at": moment, "newest_at": moment, "resource_name": "x", "account": "111111111111"} | more
    return Placement(f"resource|{kind}", kind, location, country, **fields)


def question(*statements, gaps=(), limits=(), as_of=TODAY):
    organisation = Organisation(statements=statements)
    return Question(organisation, VOCABULARY, Looks((), gaps, limits), as_of, NOON)


def placed(obligation, placement, *statements, **more):
    return str(on_placement(obligation, placement, "bank", question(*statements, **more)).verdict)


def dataset(*placements):
    return Dataset("ledger", "aws", "111111111111", "ledger", placements, ("ledger", "x"))


def stated(*classes, **more):
    return Classification("ledger", tuple(ClassEvidence(one, "tag", "") for one in classes), entity="bank", **more)


def some(obligation, *placements, statements=(), classes=(), **more):
    one = dataset(*placements)
    return str(on_dataset(obligation, one, placements, stated(*classes), question(*statements, **more)).verdict)


# only_in, not_in, approved_in


ONLY = Obligation(kind="only_in", places=("IN",))


@pytest.mark.parametrize(("country", "expected"), [("IN", "pass"), ("SG", "violation"), (None, "unknown")])
def test_only_in(country, expected):
    assert placed(ONLY, at(country)) == expected


@pytest.mark.parametrize("kind", ["primary", "replica", "snapshot", "backup", "log", "cache", "processing", "export"])
def test_a_copy_of_any_kind_is_a_copy(kind):
    assert placed(ONLY, at("SG", kind)) == "violation"


def test_anywhere_is_everywhere_even_where_nobody_knows():
    assert placed(replace(ONLY, places=("ANY",)), at(None)) == "pass"


def test_only_the_kinds_named_are_asked_about():
    primaries = replace(ONLY, copies=("primary",))
    assert placed(primaries, at("SG")) == "violation"
    assert placed(primaries, at("SG", "replica")) == placed(primaries, at(None, "replica")) == "not_applicable"


BRIEFLY = replace(ONLY, tolerate=Tolerate(max_hours=24, kinds=("processing",)))


@pytest.mark.parametrize(
    ("kind", "age", "expected"),
    [
        ("processing", 0, "pass"),
        ("processing", 24, "pass"),
        ("processing", 24.01, "violation"),
        ("processing", None, "unknown"),
        ("snapshot", 1, "violation"),
    ],
)
def test_what_is_tolerated_is_tolerated_for_its_hours_only(kind, age, expected):
    assert placed(BRIEFLY, at("SG", kind, age=age)) == expected
    assert placed(BRIEFLY, at("IN", kind, age=age)) == "pass"


def test_a_set_is_as_old_as_its_oldest_copy():
    mixed = replace(at("SG", "processing", age=1), copies=2, oldest_at=NOON - timedelta(hours=30))
    assert placed(BRIEFLY, mixed) == "violation"
    assert placed(BRIEFLY, replace(mixed, oldest_at=None)) == "unknown"


def test_tolerance_does_not_make_up_for_a_country_nobody_knows():
    assert placed(BRIEFLY, at(None, "processing", age=1)) == "unknown"


def test_end_to_end_encryption_lifts_a_limit_where_it_is_declared():
    unless = replace(ONLY, unless_copy=UnlessCopy(e2e=True))
    assert placed(unless, at("SG", end_to_end=True)) == placed(unless, at(None, end_to_end=True)) == "pass"
    assert placed(unless, at("SG")) == "violation"
    assert placed(ONLY, at("SG", end_to_end=True)) == "violation"


@pytest.mark.parametrize(("country", "expected"), [("IN", "pass"), ("SG", "violation"), (None, "unknown")])
def test_not_in(country, expected):
    assert placed(Obligation(kind="not_in", places=("SG", "US")), at(country)) == expected


def test_nothing_barred_is_nothing_broken():
    assert placed(Obligation(kind="not_in"), at(None)) == "pass"


APPROVED = Obligation(kind="approved_in", places=("IN",), else_attest="letter")


@pytest.mark.parametrize(
    ("country", "statements", "expected"),
    [
        ("IN", (), "pass"),
        ("SG", (), "review"),
        ("SG", (SIGNED,), "pass"),
        (None, (), "unknown"),
        ("SG", (replace(SIGNED, until=later(-1), on=later(-9)),), "review"),
        ("SG", (replace(SIGNED, entity="another"),), "review"),
        ("SG", (replace(SIGNED, id="another"),), "review"),
    ],
)
def test_approved_in(country, statements, expected):
    assert placed(APPROVED, at(country), *statements) == expected


def test_what_is_signed_turns_a_breach_into_an_exemption_and_knows_no_more():
    waived = {"unless_attested": "letter"}
    assert placed(replace(ONLY, **waived), at("SG"), SIGNED) == "exempt"
    assert placed(replace(ONLY, **waived), at("SG")) == "violation"
    assert placed(replace(ONLY, **waived), at("IN"), SIGNED) == "pass"
    assert placed(replace(ONLY, **waived), at(None), SIGNED) == "unknown"
    assert placed(replace(APPROVED, **(waived | {"else_attest": "x"})), at("SG"), SIGNED) == "exempt"
    assert placed(replace(Obligation(kind="not_in", places=("SG",)), **waived), at("SG"), SIGNED) == "exempt"
    assert placed(Obligation(kind="encrypted", cmk=True, **waived), at(cmk=False), SIGNED) == "exempt"


# encrypted


@pytest.mark.parametrize(("cmk", "expected"), [(True, "pass"), (False, "violation"), (None, "unknown")])
def test_encrypted_with_a_key_of_the_customers_own(cmk, expected):
    assert placed(Obligation(kind="encrypted", cmk=True), at(cmk=cmk)) == expected


@pytest.mark.parametrize(
    ("countries", "expected"),
    [
        (("IN",), "pass"),
        (("IN", "SG"), "violation"),
        (("",), "unknown"),
        (("", "IN"), "unknown"),
        (("", "SG"), "violation"),
        (None, "unknown"),
    ],
)
def test_encrypted_with_keys_in_a_country(countries, expected):
    assert placed(Obligation(kind="encrypted", keys_in=("IN",)), at(key_countries=countries)) == expected


def test_encrypted_from_end_to_end_holds_only_where_it_is_declared():
    asked = Obligation(kind="encrypted", end_to_end=True)
    assert placed(asked, at(end_to_end=True)) == "pass"
    assert placed(asked, at()) == "violation"


def test_what_is_known_to_be_wrong_is_wrong_whatever_else_is_unknown():
    both = Obligation(kind="encrypted", cmk=True, keys_in=("IN",))
    assert placed(both, at(cmk=False, key_countries=None)) == "violation"
    assert placed(both, at(cmk=None, key_countries=("SG",))) == "violation"
    assert placed(both, at(cmk=True, key_countries=None)) == "unknown"
    assert placed(both, at(cmk=True, key_countries=("IN",))) == "pass"


def test_only_the_kinds_named_must_be_encrypted():
    assert placed(Obligation(kind="encrypted", cmk=True, copies=("backup",)), at(cmk=False)) == "not_applicable"


def test_keys_are_no_place_of_the_data():
    assert placed(ONLY, at("IN", key_countries=("US",))) == "pass"


# copy_in, backup_in


COPY = Obligation(kind="copy_in", places=("IN",))


@pytest.mark.parametrize(
    ("countries", "expected"),
    [(("IN",), "pass"), (("SG",), "violation"), (("SG", "IN"), "pass"), (("SG", None), "unknown"), ((), "violation")],
)
def test_copy_in(countries, expected):
    assert some(COPY, *(at(country) for country in countries)) == expected


def test_copies_of_the_kinds_named_count_and_no_others():
    named = replace(COPY, copies=("replica", "backup"))
    assert some(named, at("IN")) == "violation"
    assert some(named, at("IN"), at("IN", "backup")) == "pass"


def test_as_many_copies_as_are_asked_for():
    two = replace(COPY, min=2)
    assert some(two, at("IN")) == "violation"
    assert some(two, at("IN"), at("IN", "replica")) == "pass"
    assert some(two, at("IN"), at(None, "replica")) == "unknown"
    assert some(two, at("SG"), at(None, "replica")) == "violation"


BACKUP = Obligation(kind="backup_in", places=("IN",), max_age_hours=24)


@pytest.mark.parametrize(
    ("country", "kind", "age", "expected"),
    [
        ("IN", "backup", 24, "pass"),
        ("IN", "backup", 24.01, "violation"),
        ("IN", "backup", None, "unknown"),
        ("SG", "backup", 1, "violation"),
        ("SG", "backup", None, "violation"),
        (None, "backup", 1, "unknown"),
        (None, "backup", 90, "violation"),
        ("IN", "snapshot", 1, "violation"),
        ("IN", "replica", 1, "violation"),
    ],
)
def test_backup_in(country, kind, age, expected):
    assert some(BACKUP, at("SG"), at(country, kind, age=age)) == expected


def test_a_backup_without_an_age_asked_for_may_be_of_any():
    assert some(replace(BACKUP, max_age_hours=None), at("IN", "backup")) == "pass"


def test_a_user_may_let_a_snapshot_count_as_a_backup():
    assert some(replace(BACKUP, copies=("backup", "snapshot")), at("IN", "snapshot", age=1)) == "pass"


def test_the_newest_of_a_set_is_the_backup():
    old = NOON - timedelta(days=30)
    fresh = replace(at("IN", "backup", age=1), copies=30, oldest_at=old)
    assert some(BACKUP, fresh) == "pass"
    stale = replace(at("IN", "backup", age=90), copies=30, oldest_at=old)
    assert some(BACKUP, stale) == "violation"
    assert some(BACKUP, replace(stale, oldest_at=None)) == "unknown"


def test_a_point_in_time_that_can_be_restored_needs_no_date_of_birth():
    assert some(BACKUP, replace(at("IN", "backup", age=90), oldest_at=None)) == "violation"
    assert some(BACKUP, replace(at("IN", "backup", age=1), oldest_at=None)) == "pass"


def test_a_signature_stands_in_for_a_copy():
    assert some(replace(COPY, unless_attested="letter"), at("SG"), statements=(SIGNED,)) == "exempt"


# Absence is also a claim.


SINGAPORE_BACKUPS = gap("backup.points", SINGAPORE)
HIDING = {
    "a listing in the country": (gap("backup.points"), "unknown"),
    "a listing in the country, of another account": (gap("backup.points", account="222222222222"), "unknown"),
    "a listing in another country": (SINGAPORE_BACKUPS, "violation"),
    "a whole cell in the country": (gap(), "unknown"),
    "a whole cell in another country": (gap(region=SINGAPORE), "violation"),
    "a whole account": (gap(region="*"), "unknown"),
    "what is listed once per account": (gap("s3.buckets", "global"), "unknown"),
    "a region nobody mapped": (gap(region="xx-nowhere-1"), "unknown"),
    "tags only": (gap("tags.resources"), "violation"),
    "one question about this very resource": (gap("s3.buckets", SINGAPORE, resource_id="x", part="links"), "unknown"),
    "one question about another resource": (gap("s3.buckets", resource_id="y", part="links"), "violation"),
    "one resource that could not be read": (gap("backup.points", resource_id="y"), "unknown"),
    "one resource in another country that could not be read": (
        gap("backup.points", SINGAPORE, resource_id="y"),
        "violation",
    ),
}


@pytest.mark.parametrize(("hidden", "expected"), HIDING.values(), ids=HIDING)
def test_what_could_be_hidden_is_not_missing(hidden, expected):
    logs = Obligation(kind="logs_in", places=("IN",), min_days=180)
    assert some(COPY, at("SG"), gaps=[hidden]) == expected
    assert some(BACKUP, at("SG"), gaps=[hidden]) == expected
    one = dataset(at("SG", "log"))
    assert str(on_logs(logs, one, one.placements, "bank", question(gaps=[hidden])).verdict) == expected


@pytest.mark.parametrize(("refused", "expected"), [("/s/1/servers/a", "unknown"), ("/s/1/servers/b", "violation")])
def test_a_question_about_a_server_hides_copies_of_its_databases_and_of_no_others(refused, expected):
    hidden = replace(gap("sql.servers", "global", resource_id=refused, part="links"), cell=Cell("azure", "1", "global"))
    one = replace(dataset(at("SG")), provider="azure", members=("/s/1/servers/a/databases/orders",))
    outcome = on_dataset(COPY, one, one.placements, stated(), question(gaps=[hidden]))
    assert str(outcome.verdict) == expected


def test_a_gap_in_another_cloud_hides_nothing_of_this_one():
    azure = replace(gap(), cell=Cell("azure", "*", "*"))
    assert some(COPY, at("SG"), gaps=[azure]) == "violation"


def test_what_a_service_cannot_show_may_be_there():
    blind = Limit(Cell("aws", "*", "*"), "dynamodb", "blind-to", "Backups are not asked yet.", ("backup",))
    table = at("IN", resource_type="aws.dynamodb.table")
    assert some(BACKUP, table, limits=[blind]) == "unknown"
    assert some(COPY, replace(table, country="SG"), limits=[replace(blind, hides=("backup",))]) == "violation"
    assert some(BACKUP, at("IN", resource_type="aws.rds.instance"), limits=[blind]) == "violation"


def test_a_copy_of_some_of_the_data_may_or_may_not_be_enough():
    assert some(COPY, at("SG"), at("IN", kind="replica", partial=True)) == "unknown"
    assert some(COPY, at("SG"), at("IN", kind="replica", partial=True), at("IN", kind="replica")) == "pass"


def test_a_declared_dataset_may_have_its_copies_behind_any_gap():
    declared = replace(dataset(at("SG")), provider="declared")
    outcome = on_dataset(COPY, declared, declared.placements, stated(), question(gaps=[gap()]))
    assert str(outcome.verdict) == "unknown"


@pytest.mark.parametrize(
    ("reason", "region", "expected"),
    [
        ("skipped-by-config", "ap-south-1", "unknown"),
        ("skipped-by-config", "*", "unknown"),
        ("skipped-by-config", SINGAPORE, "violation"),
        ("never-enabled", "ap-south-2", "violation"),
        ("not-offered", "ap-south-1", "violation"),
        ("blind-to", "ap-south-1", "violation"),
    ],
)
def test_what_was_left_out_by_choice_may_hide_what_is_missing(reason, region, expected):
    limit = Limit(Cell("aws", "111111111111", region), "*", reason)
    assert some(COPY, at("SG"), limits=[limit]) == expected


def test_what_is_there_is_there_whatever_could_not_be_seen():
    assert some(COPY, at("IN"), gaps=[gap(region="*")]) == "pass"


def test_the_sentence_names_what_was_not_seen():
    one = dataset(at("SG"))
    outcome = on_dataset(COPY, one, one.placements, stated(), question(gaps=[gap("rds.snapshots")]))
    assert outcome.because == (
        "Cannot tell: account 111111111111 in ap-south-1 rds.snapshots was not seen, and could hold a copy of ledger."
    )


# logs_in


LOGS = Obligation(kind="logs_in", places=("IN",), min_days=180)


def logged(obligation, *placements, statements=(), **more):
    one = dataset(*placements)
    return str(on_logs(obligation, one, placements, "bank", question(*statements, **more)).verdict)


@pytest.mark.parametrize(
    ("country", "days", "expected"),
    [
        ("IN", 180, "pass"),
        ("IN", 179, "violation"),
        ("IN", NEVER_EXPIRES, "pass"),
        ("IN", None, "unknown"),
        ("SG", 400, "violation"),
        ("SG", None, "violation"),
        (None, 400, "unknown"),
        (None, 7, "violation"),
    ],
)
def test_logs_in(country, days, expected):
    assert logged(LOGS, at(country, "log", retention_days=days)) == expected


@pytest.mark.parametrize(
    ("kind", "country", "days", "expected"),
    [
        ("export", "IN", None, "unknown"),
        ("processing", "IN", None, "unknown"),
        ("replica", None, None, "unknown"),
        ("export", "SG", None, "violation"),
        ("export", "IN", 30, "violation"),
        ("processing", "IN", 0, "violation"),
    ],
)
def test_what_logs_are_passed_on_to_may_keep_them_for_as_long_as_nobody_knows(kind, country, days, expected):
    passed_on = at(country, kind, channel="passed-on", retention_days=days)
    assert logged(LOGS, at("IN", "log", retention_days=30), passed_on) == expected


def test_logs_may_be_kept_long_enough_in_any_one_store():
    assert logged(LOGS, at("US", "log", retention_days=30), at("IN", "log", retention_days=180)) == "pass"


def test_logs_may_be_asked_for_anywhere():
    anywhere = replace(LOGS, places=("ANY",))
    assert logged(anywhere, at(None, "log", retention_days=180)) == "pass"
    assert logged(anywhere, at("US", "log", retention_days=30)) == "violation"


def test_logs_without_a_time_asked_for_need_only_be_there():
    assert logged(replace(LOGS, min_days=None), at("IN", "log")) == "pass"
    assert logged(replace(LOGS, min_days=None), at("SG", "log")) == "violation"


def test_only_logs_are_logs_unless_other_kinds_are_named():
    assert logged(LOGS, at("IN", "backup", retention_days=400)) == "violation"
    assert logged(replace(LOGS, copies=("log", "backup")), at("IN", "backup", retention_days=400)) == "pass"


def test_a_signature_stands_in_for_logs():
    assert (
        logged(replace(LOGS, unless_attested="letter"), at("IN", "log", retention_days=1), statements=(SIGNED,))
        == "exempt"
    )


# no_such_data


@pytest.mark.parametrize(
    ("classes", "looked", "expected"),
    [
        (("payment.credential",), True, "violation"),
        (("payment.credential",), False, "violation"),
        (("payment.card",), True, "pass"),
        (("payment.card",), False, "unknown"),
    ],
)
def test_no_such_data(classes, looked, expected):
    asked = Obligation(kind="no_such_data", classes=("payment.cred*",))
    one = dataset(at("IN"))
    assert str(on_dataset(asked, one, (), stated(*classes, looked=looked), question()).verdict) == expected


# attest, disclose_location


def test_a_signature_is_asked_for_and_expires():
    asked = Obligation(kind="attest", id="letter")
    assert on_entity(asked, "bank", [], question(SIGNED)) == MET
    missing = on_entity(asked, "bank", [], question())
    assert (missing.verdict, missing.because) == (
        Verdict.REVIEW,
        "Needs a signature: letter is not on file for bank.",
    )
    expired = on_entity(asked, "bank", [], question(replace(SIGNED, on=later(-9), until=later(-1))))
    both = replace(SIGNED, on=later(-99), until=later(-50)), replace(SIGNED, on=later(-9), until=later(-1))
    for order in (both, both[::-1]):
        assert on_entity(asked, "bank", [], question(*order)) == expired
    assert expired == Outcome(Verdict.REVIEW, f"Needs a signature: letter expired on {later(-1)}.")


def test_a_signature_holds_on_its_first_and_on_its_last_day():
    for day, verdict in ((-1, "review"), (0, "pass"), (30, "pass"), (31, "review")):
        assert str(attested("letter", "bank", question(SIGNED, as_of=later(day))).verdict) == verdict


def test_a_renewed_signature_is_found_whatever_the_order():
    old = replace(SIGNED, on=later(-9), until=later(-1))
    for order in ((old, SIGNED), (SIGNED, old)):
        assert attested("letter", "bank", question(*order)) == MET


def test_a_place_can_be_disclosed_only_when_its_country_is_known():
    asked = Obligation(kind="disclose_location", to="the regulator")
    assert on_entity(asked, "bank", [dataset(at("IN"), at("US"))], question()) == MET
    lost = on_entity(asked, "bank", [dataset(at("IN")), dataset(at(None))], question())
    assert (lost.verdict, "the regulator" in lost.because) == (Verdict.UNKNOWN, True)


# when


@pytest.mark.parametrize(
    ("condition", "facts", "subjects", "expected"),
    [
        (None, set(), None, "pass"),
        (When(tags=("cross_border",)), {"cross_border"}, None, "pass"),
        (When(tags=("cross_border",)), set(), None, "not_applicable"),
        (When(not_tags=("cross_border",)), {"cross_border"}, None, "not_applicable"),
        (When(not_tags=("cross_border",)), set(), None, "pass"),
        (When(tags=("a", "b")), {"a"}, None, "not_applicable"),
        (When(min_subjects=1000), set(), 1000, "pass"),
        (When(min_subjects=1000), set(), 999, "not_applicable"),
        (When(min_subjects=1000), set(), 0, "not_applicable"),
        (When(min_subjects=1000), set(), None, "unknown"),
        (When(tags=("a",), min_subjects=1000), set(), None, "not_applicable"),
    ],
)
def test_when_an_obligation_is_due(condition, facts, subjects, expected):
    classification = Classification("ledger", facts=frozenset(facts), subjects=subjects)
    assert str(when(Obligation(kind="only_in", when=condition), classification)) == expected


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        ("NOT_APPLICABLE", "not_applicable"),
        ("PASS", "pass"),
        ("EXEMPT", "exempt"),
        ("REVIEW", "unknown"),
        ("UNKNOWN", "unknown"),
        ("VIOLATION", "unknown"),
    ],
)
def test_when_nobody_counted_the_people_only_what_is_no_breach_anyhow_can_be_told(verdict, expected):
    outcome = Outcome(Verdict[verdict], "why")
    assert str(due(Verdict.UNKNOWN, outcome).verdict) == expected
    assert due(Verdict.PASS, outcome) is outcome


# Sentences.


def test_a_sentence_says_dates_and_places_but_no_ages_and_no_counts():
    many = replace(
        at("SG", "snapshot", age=48), subject="set|arn:aws:rds:ap-south-1:1:db:ledger|x|1|aws:ap-southeast-1", copies=9
    )
    fewer = replace(many, copies=3, oldest_at=NOON, newest_at=NOON)
    sentences = {on_placement(ONLY, one, "bank", question()).because for one in (many, fewer)}
    assert sentences == {
        (
            "A set of snapshot copies of ledger is in Singapore (ap-southeast-1); only India is allowed. "
            "Found by inventory; not a legal determination."
        )
    }


def test_a_long_list_of_places_is_cut_short():
    places = replace(ONLY, places=("DE", "FR", "IT", "ES", "NL", "PT"))
    because = on_placement(places, at("US"), "bank", question()).because
    assert "only Germany, France, Italy or 3 more countries is allowed" in because


# Whatever is asked, and whatever is hidden.

COUNTRY = st.sampled_from(["IN", "SG", "US", None])
KIND = st.sampled_from(["primary", "replica", "backup", "log"])
PLACEMENTS = st.lists(
    st.builds(
        at,
        COUNTRY,
        KIND,
        age=st.sampled_from([None, 1, 90]),
        retention_days=st.sampled_from([None, 7, 180, NEVER_EXPIRES]),
    ),
    max_size=4,
)
REFUSED = st.lists(st.sampled_from([one for one, _ in HIDING.values()]), max_size=3)


@given(PLACEMENTS, REFUSED, st.sampled_from([COPY, BACKUP, LOGS, replace(COPY, min=2)]))
def test_a_refusal_turns_a_breach_into_a_question_and_changes_nothing_else(placements, gaps, obligation):
    ask = logged if obligation is LOGS else some
    clear, hidden = ask(obligation, *placements), ask(obligation, *placements, gaps=gaps)
    assert clear == hidden or (clear, hidden) == ("violation", "unknown")


@given(PLACEMENTS, PLACEMENTS, st.sampled_from([COPY, BACKUP, replace(COPY, min=2)]))
def test_more_copies_never_break_what_asks_for_some(placements, more, obligation):
    order = ["pass", "unknown", "violation"]
    assert order.index(some(obligation, *placements, *more)) <= order.index(some(obligation, *placements))


@given(st.builds(at, COUNTRY, KIND), st.lists(st.sampled_from(["IN", "SG", "US"]), unique=True))
def test_not_in_some_places_is_only_in_all_others(placement, places):
    barred = Obligation(kind="not_in", places=tuple(places))
    others = Obligation(kind="only_in", places=tuple({"IN", "SG", "US"} - set(places)))
    if places:
        assert placed(barred, placement) == placed(others, placement)


def test_looks_carry_their_gaps_into_the_question():
    refused = look("backup.points", listed=False, gaps=[gap("backup.points")])
    asked = Question(Organisation(), VOCABULARY, Looks([refused]), TODAY, NOON)
    one = dataset(at("SG"))
    assert on_dataset(COPY, one, one.placements, stated(), asked).verdict is Verdict.UNKNOWN
