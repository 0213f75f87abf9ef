"""Writes rows as a table, JSON, JSON lines or CSV.

Names of fields are the same everywhere. Times are ISO 8601 in UTC and end in `Z`. What is kept for ever has the
retention `never`, a word in every format, where anything else is a number of days. JSON carries values whole; the
others show in visible escapes what would act on a terminal or a spreadsheet.
"""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from enum import Enum
from itertools import chain
from typing import Any, Final, Literal, TextIO

from msgspec import Struct

from domicile.model import NEVER_EXPIRES
from domicile.report import safe
from domicile.telling import is_shown

Format = Literal["table", "json", "jsonl", "csv"]

# Pasted into the next command, so they are shown whole even when the line grows too long.
WHOLE: Final = frozenset({"violation_id", "gap"})
NARROWEST: Final = 8
BETWEEN: Final = "  "
COLOURS: Final = {"critical": "bold red", "high": "red", "medium": "yellow"}

Record = Struct | Mapping[str, Any]


def write(
    rows: Iterable[Record],
    format: Format,  # noqa: A002 - the word of the command line
    stream: TextIO,
    *,
    columns: Sequence[str] = (),
    fields: Sequence[str] = (),
) -> None:
    """`columns` are those of the table; `fields` those of CSV, which are else taken from the first row."""
    match format:
        case "json":
            write_json(rows, stream)
        case "jsonl":
            stream.writelines(json_text(row) + "\n" for row in rows)
        case "csv":
            write_csv(rows, stream, columns, fields)
        case "table":
            write_table(rows, stream, columns)


def write_json(rows: Iterable[Record], stream: TextIO) -> None:
    before = "[\n"
    for row in rows:
        stream.write(before + json_text(row))
        before = ",\n"
    stream.write("[]\n" if before == "[\n" else "\n]\n")


def write_document(document: Record, stream: TextIO) -> None:
    stream.write(f"{json_text(document)}\n")


def write_csv(rows: Iterable[Record], stream: TextIO, columns: Sequence[str], fields: Sequence[str]) -> None:
    remaining = iter(rows)
    first = next(remaining, None)
    header = fields or (columns if first is None else names(first))
    writer = csv.writer(stream, lineterminator="\n")
    if header:
        writer.writerow(map(safe.csv_cell, header))
    for row in chain([] if first is None else [first], remaining):
        writer.writerow(safe.csv_cell(cell(row, name)) for name in header)


def write_table(rows: Iterable[Record], stream: TextIO, columns: Sequence[str]) -> None:
    lines = [[safe.terminal(cell(row, name)) for name in columns] for row in rows]
    available = shutil.get_terminal_size((120, 24)).columns
    widths = fitting_widths(columns, lines, available - len(BETWEEN) * (len(columns) - 1))
    head, *body = ([safe.terminal(*pair) for pair in zip(line, widths, strict=True)] for line in [columns, *lines])
    if stream.isatty():
        severity = columns.index("severity") if "severity" in columns else -1
        write_colours(head, body, stream, sum(widths) + len(BETWEEN) * len(widths), severity)
        return
    for line in [head, *body]:
        padded = (text + " " * (width - safe.cells(text)) for text, width in zip(line, widths, strict=True))
        stream.write(BETWEEN.join(padded).rstrip() + "\n")


def write_colours(
    head: Sequence[str], body: Iterable[Sequence[str]], stream: TextIO, width: int, severity: int
) -> None:
    from rich.console import Console  # noqa: PLC0415 - the functions in the cloud go without
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, padding=(0, len(BETWEEN), 0, 0), pad_edge=False, header_style="bold")
    for name in head:
        table.add_column(Text(name), no_wrap=True)
    for line in body:
        # As Text, because a plain string would be read as markup.
        styles = (COLOURS.get(text, "") if position == severity else "" for position, text in enumerate(line))
        table.add_row(*map(Text, line, styles))
    Console(file=stream, width=width).print(table, crop=False)


def fitting_widths(columns: Sequence[str], lines: Iterable[Sequence[str]], available: int) -> list[int]:
    widths = [max(map(safe.cells, column)) for column in zip(columns, *lines, strict=True)]
    yielding = [position for position, name in enumerate(columns) if name not in WHOLE]
    while sum(widths) > available:
        widest = max(yielding, key=lambda position: widths[position], default=None)
        if widest is None or widths[widest] <= NARROWEST:
            break
        widths[widest] -= 1
    return widths


def json_text(row: Record) -> str:
    """Characters that act on a terminal are written as JSON's own escapes, which lose nothing."""
    text = json.dumps(plain(row), ensure_ascii=False, allow_nan=False)
    if text.isascii() and text.isprintable():
        return text
    return "".join(char if is_shown(char) else json_escape(char) for char in text)


def json_escape(char: str) -> str:
    code = char.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{code[start : start + 4]}" for start in range(0, len(code), 4))


def names(row: Record) -> tuple[str, ...]:
    return row.__struct_fields__ if isinstance(row, Struct) else tuple(row)


def cell(row: Record, name: str) -> str:
    return text_of(plain(getattr(row, name) if isinstance(row, Struct) else row.get(name), name))


def plain(value: Any, name: str = "") -> Any:
    """The value in the words of JSON."""
    match value:
        case Struct():
            return {field: plain(getattr(value, field), field) for field in value.__struct_fields__}
        case Mapping():
            return {str(key): plain(inner, str(key)) for key, inner in value.items()}
        case set() | frozenset():
            return [plain(inner) for inner in sorted(value)]
        case list() | tuple():
            return [plain(inner) for inner in value]
        case datetime():
            # Naive times are UTC already.
            utc = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
            return f"{utc.isoformat()}Z"
        case date():
            return value.isoformat()
        case Enum():
            return str(value)
        case int() if name == "retention_days" and value == NEVER_EXPIRES:
            return "never"
        case _:
            return value


def text_of(value: Any) -> str:
    """A value in the words of JSON as one cell."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case dict():
            return ", ".join(f"{name}={text_of(inner)}" for name, inner in value.items() if inner not in (None, ""))
        case list():
            return "; ".join(map(text_of, value))
        case _:
            return str(value)
