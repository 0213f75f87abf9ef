import csv
import io
import json
from datetime import date, datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Struct

from domicile.model import NEVER_EXPIRES, GapRow, Row, Verdict
from domicile.report import formats
from store_contract import HOSTILE, a_gap, a_row

COLUMNS = ("severity", "rule", "account", "country", "resource_name")
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=30)
TEXTUAL = ("rule", "account", "country", "resource_name", "because", "owner", "caused_by")
any_rows = st.lists(st.fixed_dictionaries(dict.fromkeys(TEXTUAL, ANY_TEXT)), max_size=4)


@pytest.fixture(autouse=True)
def wide_enough(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")


def written(rows, as_format, **more):
    stream = io.StringIO()
    formats.write(rows, as_format, stream, **more)
    return stream.getvalue()


def read_csv(text):
    return list(csv.DictReader(io.StringIO(text)))


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_json_is_one_array_of_whole_rows():
    rows = [a_row("v1"), a_row("v2", resource_name="患者" * 500)]
    answer = json.loads(written(rows, "json"))
    assert [row["violation_id"] for row in answer] == ["v1", "v2"]
    assert tuple(answer[0]) == Row.__struct_fields__
    assert answer[1]["resource_name"] == "患者" * 500
    assert answer[0]["class_evidence"] == [{"name": "payment.card", "source": "tag", "detail": "data=card"}]


def test_json_lines_are_one_object_a_line():
    lines = written([a_row("v1", because="a\nb"), a_row("v2")], "jsonl").splitlines()
    assert [json.loads(line)["violation_id"] for line in lines] == ["v1", "v2"]


def test_csv_has_every_field_under_the_same_names():
    [row] = read_csv(written([a_row(classes=("payment.card", "personal.contact"))], "csv", columns=COLUMNS))
    assert tuple(row) == Row.__struct_fields__
    assert row["classes"] == "payment.card; personal.contact"
    assert row["class_evidence"] == "name=payment.card, source=tag, detail=data=card"
    assert row["copies"] == "1"
    assert row["resolved_at"] == ""
    assert row["opened_at"] == "2026-03-04T12:00:00Z"


def test_csv_without_rows_still_has_its_header():
    assert written([], "csv", fields=GapRow.__struct_fields__) == ",".join(GapRow.__struct_fields__) + "\n"
    assert written([], "csv", columns=COLUMNS) == ",".join(COLUMNS) + "\n"


def test_csv_keeps_to_the_fields_it_is_given():
    assert written([{"a": 1, "b": 2}], "csv", fields=("b", "c")) == "b,c\n2,\n"


def test_nothing_is_an_empty_answer_in_every_format():
    assert written([], "json") == "[]\n"
    assert written([], "jsonl") == ""
    assert written([], "table", columns=COLUMNS) == "severity  rule  account  country  resource_name\n"


def test_a_table_shows_the_columns_asked_for():
    rows = [a_row("v1", country="US"), a_row("v2", severity="low", resource_name="रोगी 患者", country="")]
    assert written(rows, "table", columns=("severity", "country", "resource_name", "account")) == (
        "severity  country  resource_name  account\n"
        "critical  US       v1             111122223333\n"
        "low                रोगी 患者      111122223333\n"
    )


def test_a_table_fits_the_terminal_and_cuts_the_longest_in_the_middle():
    rows = [a_row("v1", resource_name="start-" + "x" * 200 + "-end", rule="in-rbi")]
    head, line = written(rows, "table", columns=COLUMNS).splitlines()
    assert len(head) <= len(line) == 80
    assert "in-rbi" in line
    assert "start-" in line
    assert "…" in line
    assert line.endswith("-end")


def test_the_id_that_is_pasted_into_the_next_command_is_never_cut():
    violation_id = "0123456789abcdef" * 2
    rows = [a_row(violation_id, **dict.fromkeys(TEXTUAL, "y" * 100))]
    [_, line] = written(rows, "table", columns=("violation_id", *TEXTUAL)).splitlines()
    assert line.split()[0] == violation_id


def test_a_terminal_gets_the_same_lines_in_colour():
    rows = [a_row("v1", resource_name="[red]\x1b[2J[/red]", rule="high"), a_row("v2", resource_name="z" * 300)]
    terminal = Terminal()
    formats.write(rows, "table", terminal, columns=("severity", "rule", "resource_name"))
    plain = written(rows, "table", columns=("severity", "rule", "resource_name")).splitlines()
    lines = terminal.getvalue().splitlines()
    assert len(lines) == len(plain) == 3
    assert r"[red]\x1b[2J[/red]" in lines[1]
    assert "\x1b[2J" not in terminal.getvalue()
    assert all(words in line for line, words in zip(lines, (line.split()[-1] for line in plain), strict=True))


@pytest.mark.parametrize("as_format", ["table", "csv", "json", "jsonl"])
def test_times_are_in_utc_and_end_in_z(as_format):
    india = timezone(timedelta(hours=5, minutes=30))
    gap = a_gap(first_seen=datetime(2026, 3, 5, 1, 30, tzinfo=india))
    assert "2026-03-04T20:00:00Z" in written([gap], as_format, columns=("first_seen",))


@pytest.mark.parametrize("as_format", ["table", "csv", "json", "jsonl"])
def test_what_is_kept_for_ever_never_shows_a_number(as_format):
    lines = [{"retention_days": NEVER_EXPIRES, "bytes": 7}, {"retention_days": 35, "bytes": NEVER_EXPIRES}]
    text = written(lines, as_format, columns=("retention_days", "bytes"))
    assert text.count("never") == 1
    assert "35" in text
    assert text.count(str(NEVER_EXPIRES)) == 1


def test_an_unknown_retention_is_empty_and_not_never():
    assert read_csv(written([{"retention_days": None}, {"retention_days": 0}], "csv")) == [
        {"retention_days": ""},
        {"retention_days": "0"},
    ]


class Line(Struct):
    verdict: Verdict
    seen: frozenset[str]
    on: date
    encrypted: bool | None


def test_every_kind_of_value_has_a_word_in_every_format():
    line = Line(Verdict.UNKNOWN, frozenset({"b", "a"}), date(2026, 3, 4), True)
    assert json.loads(written([line], "json")) == [
        {"verdict": "unknown", "seen": ["a", "b"], "on": "2026-03-04", "encrypted": True}
    ]
    assert read_csv(written([line], "csv")) == [
        {"verdict": "unknown", "seen": "a; b", "on": "2026-03-04", "encrypted": "true"}
    ]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_whole_in_json_and_acts_nowhere(text):
    row = a_row(**dict.fromkeys(TEXTUAL, text))
    as_json = written([row], "json")
    assert json.loads(as_json)[0]["resource_name"] == text
    for output in (as_json, written([row], "csv"), written([row], "table", columns=TEXTUAL)):
        assert not {"\x1b", "\x9b", "\x00", "\u202e", "\u2066", "\u200b", "\r"} & set(output)


relaxed = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@relaxed
@given(any_rows)
def test_any_text_gives_json_that_reads_back(rows):
    assert json.loads(written(rows, "json")) == rows
    assert [json.loads(line) for line in written(rows, "jsonl").splitlines()] == rows


@relaxed
@given(any_rows)
def test_any_text_gives_csv_of_one_line_a_row_that_reads_back(rows):
    output = written(rows, "csv", fields=TEXTUAL)
    assert len(output.splitlines()) == len(rows) + 1
    answer = read_csv(output)
    assert len(answer) == len(rows)
    for was, row in zip(rows, answer, strict=True):
        assert list(row) == list(TEXTUAL)
        for name, text in was.items():
            if text.isascii() and text.isprintable() and not text.strip().startswith(("=", "+", "-", "@")):
                assert row[name] == text


@relaxed
@given(any_rows)
def test_any_text_gives_a_table_of_one_line_a_row(rows):
    output = written(rows, "table", columns=("violation_id", *TEXTUAL))
    assert len(output.splitlines()) == len(rows) + 1
    assert all(char.isprintable() for char in output.replace("\n", ""))


def test_rows_are_read_from_the_stream_one_by_one():
    stream = io.StringIO()

    def rows():
        yield a_row("v1")
        assert '"v1"' in stream.getvalue()
        yield a_row("v2")

    formats.write(rows(), "json", stream)
    assert len(json.loads(stream.getvalue())) == 2
