from collections.abc import Mapping
from datetime import date
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct, field

from domicile.errors import UsageError
from domicile.yamltext import DEEPEST, LARGEST, parse, schema


class Shelf(Struct, forbid_unknown_fields=True, frozen=True):
    label: str
    colour: Literal["red", "blue"] = "red"
    height: int = 1
    weight: float | None = None
    fragile: bool = False
    since: date | None = None
    owners: tuple[str, ...] = field(default=(), name="owner")
    rows: tuple["Shelf", ...] = ()
    notes: Mapping[str, tuple[str, ...]] = {}


def shelf(text):
    return parse(text, "shelf.yaml").convert(Shelf)


def mistake(text):
    with pytest.raises(UsageError) as caught:
        shelf(text)
    return caught.value


def refusal(text):
    try:
        shelf(text)
    except UsageError as told:
        return str(told)
    return ""


def test_norway_and_the_key_on_stay_words():
    data = parse("country: NO\non: yes\noff: ON\n", "x").data
    assert data == {"country": "NO", "on": "yes", "off": "ON"}


def test_booleans_and_null_have_one_spelling_each():
    data = parse("a: true\nb: false\nc: null\nd: ~\ne:\nf: True\ng: NULL\n", "x").data
    assert data == {"a": True, "b": False, "c": None, "d": None, "e": None, "f": "True", "g": "NULL"}


def test_numbers_are_decimal_and_nothing_else_is_a_number():
    data = parse("[12, -3, 1.5, 017, 0x1F, 1_000, 12:30:45, 1e3, .inf, 0o7]", "x").data
    assert data == [12, -3, 1.5, "017", "0x1F", "1_000", "12:30:45", "1e3", ".inf", "0o7"]


def test_a_date_is_a_date_and_a_moment_is_a_text():
    assert parse("[2026-02-28, 2026-02-28T10:00:00Z]", "x").data == [date(2026, 2, 28), "2026-02-28T10:00:00Z"]


def test_an_account_id_keeps_its_twelve_digits():
    data = parse("a: 012345678901\nb: 111122223333\n111122223333: c\n", "x").data
    assert data == {"a": "012345678901", "b": "111122223333", "111122223333": "c"}
    assert shelf("label: 012345678901\nowner: [111122223333, 000000000000]") == Shelf(
        "012345678901", owners=("111122223333", "000000000000")
    )


def test_where_a_text_is_expected_it_is_kept_as_written():
    assert shelf("label: 1.10").label == "1.10"
    assert shelf("label: 2026-01-01").label == "2026-01-01"
    assert shelf("label: 2018").label == "2018"


def test_one_value_may_stand_for_a_list_and_an_empty_key_for_a_missing_one():
    assert shelf("label: a\nowner: me\nnotes: {x: y}\nrows:\nsince:\n") == Shelf(
        "a", owners=("me",), notes={"x": ("y",)}
    )


def test_a_byte_order_mark_is_no_part_of_the_first_key():
    assert shelf("\ufefflabel: a").label == "a"


def test_marks_of_writing_direction_are_allowed_in_values():
    assert shelf("label: \u202eabc\u202c \u05d0").label == "\u202eabc\u202c \u05d0"


@pytest.mark.parametrize(
    ("text", "line", "field", "says"),
    [
        ("label: a\ncolor: red", 2, "color", "did you mean 'colour'?"),
        ("label: a\ncolour: bleu", 2, "colour", "unknown value 'bleu'; did you mean 'blue'?"),
        ("label: a\ncolour: 3", 2, "colour", "unknown value 3"),
        ("label: a\nrows:\n- label: b\n- label: c\n  height: high", 5, "rows[1].height", "whole number, found 'high'"),
        ("label: a\nrows:\n- label: b\n- colour: red", 4, "rows[1]", "the key 'label' is missing"),
        ("label: a\nheight: '3'", 2, "height", "expected a whole number, found '3'"),
        ("label: a\nheight: true", 2, "height", "expected a whole number, found true"),
        ("label: a\nheight: 1.5", 2, "height", "expected a whole number, found 1.5"),
        ("label: a\nfragile: yes", 2, "fragile", "expected true or false, found 'yes'"),
        ("label: a\nfragile: 1", 2, "fragile", "expected true or false, found 1"),
        ("label: true", 1, "label", "expected a text, found true"),
        ("label:", 1, "label", "expected a text, found nothing"),
        ("label: [a]", 1, "label", "expected a text, found a list"),
        ("label: a\nsince: soon", 2, "since", "expected a date (YYYY-MM-DD), found 'soon'"),
        ("label: a\nsince: 2026-02-30", 2, "since", "not a day of the calendar"),
        ("label: a\nweight: heavy", 2, "weight", "expected a number"),
        ("label: a\nrows: {label: b}", 2, "rows", "expected a list, found keys with values"),
        ("label: a\nrows: b", 2, "rows", "expected a list, found 'b'"),
        ("label: a\nrows: [b]", 2, "rows[0]", "expected keys with values, found 'b'"),
        ("label: a\nowner:\n- b\n- [c]", 4, "owner[1]", "expected a text, found a list"),
        ("label: a\nowner:\n- b\n-", 4, "owner[1]", "expected a text, found nothing"),
        ("label: a\nnotes:\n  x: y\n  z: [[]]", 4, "notes.z[0]", "expected a text, found a list"),
        ("label: a\nnotes: [b]", 2, "notes", "expected keys with values, found a list"),
        ("- label: a", 1, "", "expected keys with values, found a list"),
        ("only words", 1, "", "expected keys with values, found 'only words'"),
        ("label: a\nlabel: b", 2, "", "the key 'label' is there twice, first on line 1"),
        ("label: a\nrows:\n- {label: b, label: c}", 3, "rows[0]", "there twice, first on line 3"),
        ("label: a\n1: b", 2, "", "a key must be a text; put '1' in quotes"),
        ("label: a\n? [b]\n: c", 2, "", "a key must be a text"),
        ("label: &a b", 1, "label", "anchors and aliases"),
        ("label: *-prod", 1, "label", "anchors and aliases"),
        ("label: a\nrows: &r\n- label: b\n  rows: *r", 2, "rows", "anchors and aliases"),
        ("label: !!python/object:os.system a", 1, "label", "tags (!) are not allowed"),
        ("label: !secret a", 1, "label", "tags (!) are not allowed"),
        ("label: a\n---\nlabel: b", 2, "", "second document"),
        ("label: a\nowner: ]", 2, "", "not valid YAML"),
        ('label: "\\0"', 1, "label", "control character"),
        ("label: a\nowner: b\x00c", 2, "", "control character U+0000"),
        ("label: a\nowner: \x1b[2J", 2, "", "control character U+001B"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_field(text, line, field, says):
    told = mistake(text)
    assert (told.path, told.line, told.field) == ("shelf.yaml", line, field)
    assert says in str(told)
    assert "\n" not in str(told)


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing yet\n", "---\n", "null"])
def test_an_empty_file_is_a_mistake_because_a_truncated_one_would_drop_every_rule(text):
    assert "is empty" in str(mistake(text))


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "])
def test_deep_nesting_is_refused_and_not_followed(opening):
    assert parse("[" * DEEPEST + "]" * DEEPEST, "x").data
    with pytest.raises(UsageError):
        parse(opening * 100_000, "x")


def test_a_file_of_five_megabytes_is_refused_unread():
    told = mistake("label: " + "a" * 5 * LARGEST)
    assert "larger than 1 MiB" in str(told)
    assert mistake("é" * (LARGEST // 2 + 1)).path == "shelf.yaml"


def test_a_bomb_of_aliases_is_refused_at_its_first_anchor():
    lines = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    assert mistake("\n".join(lines)).line == 1


def test_hostile_keys_and_values_are_told_as_one_harmless_line():
    told = str(mistake('label: a\n"\u202e\\n: x - at `$.label`": 1'))
    assert "\u202e" not in told
    assert "\n" not in told
    assert len(str(mistake("label: a\ncolour: " + "b" * 5000))) < 300


def test_an_id_is_one_word_that_keys_and_commands_can_carry():
    document = parse("label: a\nowner: [b]", "x")
    assert document.identifier("a-b_c.d9", "label") == "a-b_c.d9"
    for wrong in ("", "a b", "a|b", "-a", "a/b", "a\n", "é", "a" * 81):
        with pytest.raises(UsageError, match="is not an id"):
            document.identifier(wrong, "label")


def test_of_two_alike_the_second_is_refused_where_it_stands():
    document = parse("- a\n- b\n- a\n", "x")
    document.unique([("a", [0]), ("b", [1])], "thing")
    with pytest.raises(UsageError, match=r"x:3: \[2\]: thing 'a' is there twice, first on line 1") as caught:
        document.unique([("a", [0]), ("b", [1]), ("a", [2])], "thing")
    assert caught.value.line == 3


def test_few_choices_are_listed_when_none_is_near():
    assert "known: blue, red" in str(mistake("label: a\ncolour: zzz"))


def test_the_schema_is_as_lenient_as_the_reader():
    written = schema(Shelf, "Shelf")
    properties = written["$defs"]["Shelf"]["properties"]
    assert properties["label"] == {"type": ["string", "number"]}
    assert {"type": ["string", "number"]} in properties["owner"]["anyOf"]
    assert written["title"] == "Shelf"


@given(st.text())
def test_any_text_is_read_or_refused_in_one_line(text):
    assert "\n" not in refusal(text)


NAMES = ["label", "rows", "owner", "colour", "red", "true", "1", "01", "1.5", "~", "2026-01-01", "2026-99-99"]
WORDS = st.sampled_from([*NAMES, ": ", "- ", "\n  ", "&a", "*a", "!b", "<<", *"\n\t[]{},'\"|>#%@`?"])


@given(st.lists(WORDS, max_size=40).map("".join))
def test_any_mixture_of_yaml_is_read_or_refused_in_one_line(text):
    assert "\n" not in refusal(text)
