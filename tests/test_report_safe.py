import csv
import io
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domicile.report import safe

ANY_TEXT = st.text(st.characters(exclude_categories=()))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("payments-prod", "payments-prod"),
        ("arn:aws:s3:::a/b?c=d&e", "arn:aws:s3:::a/b?c=d&e"),
        ("रोगी 患者 🏥 עברית", "रोगी 患者 🏥 עברית"),
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("two\nlines\r\tand a tab", r"two\nlines\r\tand a tab"),
        ("\x9b2J clears on some terminals", r"\x9b2J clears on some terminals"),
        ("\u202egnp.exe\u2066\u2069\u200f", r"\u202egnp.exe\u2066\u2069\u200f"),
        ("zero\u200bwidth\ufeff\u200d", r"zero\u200bwidth\ufeff\u200d"),
        ("next\u2028line\u2029", r"next\u2028line\u2029"),
        ("filler\u3164\u2800", r"filler\u3164\u2800"),
        ("\x00", r"\x00"),
        ("\U000e0041 tag", r"\U000e0041 tag"),
        ("half \ud800", r"half \ud800"),
        ("[bold]markup[/bold]", "[bold]markup[/bold]"),
    ],
)
def test_what_would_act_on_a_terminal_is_written_out(text, shown):
    assert safe.terminal(text) == shown


@given(ANY_TEXT)
def test_nothing_on_a_terminal_acts_or_hides(text):
    shown = safe.terminal(text)
    assert len(shown.splitlines()) <= 1
    assert not {unicodedata.category(char) for char in shown} & {"Cc", "Cf", "Cs", "Zl", "Zp"}


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("payments", 8, "payments"),
        ("payments", 7, "pay…nts"),
        ("payments", 6, "pay…ts"),
        ("payments", 1, "…"),
        ("payments", 0, ""),
        ("患者患者", 8, "患者患者"),
        ("患者患者", 7, "患者…者"),
        ("患者患者", 6, "患…者"),
        ("a\x1b", 5, r"a\x1b"),
    ],
)
def test_what_is_too_long_is_cut_in_the_middle(text, width, shown):
    assert safe.terminal(text, width) == shown


@given(ANY_TEXT, st.integers(0, 40))
def test_what_is_cut_fits(text, width):
    assert safe.cells(safe.terminal(text, width)) <= width


@pytest.mark.parametrize(
    "text",
    [
        "=HYPERLINK(1)",
        "+cmd|' /C calc'!A0",
        "-2+3",
        "@SUM(1)",
        "\t=1",
        "\r=1",
        " =1",
        "\uff1d1",
        "\uff0b1",
        "\uff0d1",
        "\uff20x",
        "-",
        "+1+1",
        "-0x1",
        "-1\n",
        "-\u0661",
    ],
)
def test_what_a_spreadsheet_would_compute_is_marked_as_text(text):
    assert safe.csv_cell(text).startswith("'")


@pytest.mark.parametrize("text", ["-5", "+3", "-1.5", "1e-3", "-2E+10", "0", "", "a=b", "x@y", "arn:aws:s3:::-"])
def test_numbers_and_plain_text_stay_what_they_are(text):
    assert safe.csv_cell(text) == text


@given(ANY_TEXT)
def test_no_cell_is_a_formula_and_every_cell_reads_back(text):
    written = safe.csv_cell(text)
    assert not written.startswith(safe.FORMULA) or safe.NUMBER.fullmatch(written)
    stream = io.StringIO()
    csv.writer(stream).writerow([written, "next"])
    assert list(csv.reader(io.StringIO(stream.getvalue()))) == [[written, "next"]]
