"""Rows and names in words: short, on one line, and harmless."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domicile import telling
from store_contract import a_row

SERVER = "/subscriptions/1/resourcegroups/data/providers/microsoft.sql/servers/pay"
ARN = "arn:aws:rds:ap-south-1:111122223333:db:ledger"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("payments-prod", "payments-prod"),
        ("A sentence. Another one, e.g. this.", "A sentence. Another one, e.g. this."),
        ("version 1.2 of 10.0.0.1", "version 1.2 of 10.0.0.1"),
        ("arn:aws:s3:::a/b", "arn:aws:s3:::a/b"),
        ("evil.example", "evil[.]example"),
        ("www.evil.co.in/x", "www[.]evil[.]co[.]in/x"),
        ("https://evil", "https[://]evil"),
        ("pay@evil.example", "pay@evil[.]example"),
        ("Mailto:pay@evil", "Mailto[:]pay@evil"),
        ("tel:+911", "tel[:]+911"),
        (r"\\evil\share", r"[\\]evil\share"),
        ("evil\uff0eexample", "evil[\uff0e]example"),
        ("परीक्षा.भारत", "परीक्षा[.]भारत"),
        ("a\nb.\u202eco", r"a\nb.\u202eco"),
    ],
)
def test_nothing_in_a_mail_can_be_clicked(text, shown):
    assert telling.unlinked(text) == shown


@given(st.text())
def test_what_cannot_be_clicked_is_one_visible_line(text):
    shown = telling.unlinked(text)
    assert telling.visible(shown) == shown
    assert len(shown.splitlines()) <= 1


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"subject": "resource|arn:aws:s3:::pay", "resource_name": "pay"}, "pay"),
        (
            {"subject": f"implied|{SERVER}/databases/ledger|azure-sql-geo-backup", "kind": "backup"},
            "backup of pay/ledger",
        ),
        ({"subject": "resource|arn:aws:s3:::pay", "resource_name": ""}, "pay"),
        ({"subject": f"set|{ARN}|rds-snapshot-copy|1|aws:x", "kind": "snapshot"}, "snapshot of ledger"),
        ({"subject": f"set|{ARN}|rds-snapshot-copy|1|aws:x", "kind": "backup", "copies": 6}, "6 x backup of ledger"),
        ({"subject": f"implied|{ARN}|azure-storage-grs|x", "kind": "replica"}, "replica of ledger"),
        ({"subject": f"dataset|{ARN}"}, "dataset ledger"),
        ({"subject": "logs|111122223333|telecom.cdr", "copies": 3}, "3 x logs of account 111122223333"),
        ({"subject": "entity|pay|audit_report"}, "pay: audit_report"),
    ],
)
def test_a_subject_is_told_in_a_few_words(row, words):
    assert telling.subject(a_row(**row)) == words


@pytest.mark.parametrize(
    ("country", "region", "words"),
    [
        ("SG", "ap-southeast-1", "Singapore"),
        ("", "ap-nowhere-1", "ap-nowhere-1 (country unknown)"),
        ("", "", ""),
    ],
)
def test_a_place_is_a_country_or_a_region_nobody_could_map(country, region, words):
    assert telling.place(country, region) == words
