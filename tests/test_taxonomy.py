import pytest
from hypothesis import given
from hypothesis import strategies as st

from domicile.taxonomy import CLASSES, known, known_pattern, matches, suggest


def test_a_glob_covers_what_lies_below_and_not_the_group_itself():
    assert matches("personal.*", "personal.contact")
    assert matches("personal.*", "personal.id.aadhaar")
    assert not matches("personal.*", "personal")
    assert not matches("personal", "personal.contact")
    assert not matches("payment.*", "payments.card")


def test_any_covers_everything_and_case_matters():
    assert all(matches("ANY", name) for name in CLASSES)
    assert not matches("Payment.*", "payment.card")
    assert not matches("any", "payment.card")


@pytest.mark.parametrize(
    "name",
    ["personal", "personal.id.aadhaar", "logs.auth.aadhaar", "logs.traffic.sdf_specified", "x.telemetry", "x.a.b-c"],
)
def test_classes_of_domicile_and_of_the_organisation_are_known(name):
    assert known(name)
    assert known_pattern(name)


@pytest.mark.parametrize("name", ["", "x", "x.", "x..a", "payment", "Payment.card", "personal.", "ANY", "payment.*"])
def test_a_bare_group_or_a_pattern_is_no_class(name):
    assert not known(name)


def test_a_pattern_is_known_when_something_can_match_it():
    assert known_pattern("payment.*")
    assert known_pattern("ANY")
    assert known_pattern("x.*")
    assert known_pattern("x.team.*")
    assert not known_pattern("paiment.*")
    assert not known_pattern("payment")


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        ("payment.crad", "payment.card"),
        ("voter", "personal.id.voter"),
        ("payment", "payment.account"),
        ("PERSONAL", "personal"),
        ("book_of_accounts", "books_of_account"),
    ],
)
def test_a_mistyped_class_is_recognised(wrong, meant):
    assert suggest(wrong) == meant


def test_nothing_is_suggested_for_what_is_like_nothing():
    assert suggest("qqqqqqqq") is None


@given(st.text())
def test_no_text_brings_the_taxonomy_down(text):
    known(text)
    known_pattern(text)
    suggest(text)
