"""Makes names, tags and policy text harmless where they come out: on a terminal, in a spreadsheet."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from domicile.telling import visible

# What makes a spreadsheet take a cell for a formula; Excel folds the full-width forms into the narrow ones.
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
NUMBER: Final = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")


def terminal(text: str, width: int | None = None) -> str:
    """One line that no terminal acts upon; with a width, cut in the middle, since names differ at their ends."""
    line = visible(text)
    if width is None or cells(line) <= width:
        return line
    room = max(width - 1, 0)
    end = fitting(line[::-1], room // 2)[::-1]
    return (fitting(line, room - cells(end)) + "…" + end) if width > 0 else ""


def cells(text: str) -> int:
    """Columns that a text takes on a terminal."""
    if text.isascii():
        return len(text)
    return sum(map(cell_width, text))


def cell_width(char: str) -> int:
    if unicodedata.category(char) in {"Mn", "Me"}:
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def fitting(text: str, room: int) -> str:
    """As much from the beginning as fits."""
    for position, char in enumerate(text):
        room -= cell_width(char)
        if room < 0:
            return text[:position]
    return text


def csv_cell(text: str) -> str:
    """A cell that a spreadsheet shows and never computes; numbers stay numbers."""
    shown = visible(text)
    if text.lstrip(" ").startswith(FORMULA) and not NUMBER.fullmatch(text):
        return f"'{shown}"
    return shown
