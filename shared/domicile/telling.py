"""How rows and names are put to people: in a few words, on one line, and harmless."""

from __future__ import annotations

import re
from typing import Final

from domicile import geography
from domicile.model import Row

# Blank, yet printable according to Python: fillers, a joiner, vowels without a shape, an empty braille cell.
BLANK: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")

# What mail clients turn into something to click: hosts (browsers take three more signs for a dot), addresses, shares.
_LINK: Final = re.compile(r"://|\\\\|(?i:(?<=mailto)|(?<=tel)|(?<=sms)):|[.\u3002\uff0e\uff61](?=[^\W\d_][^\s.,;:)])")


def visible(text: str) -> str:
    r"""Writes out what would not be seen, or would move what is: `\x1b`, `\n`, `\u202e`.

    That includes the joiners of Indian scripts: two names that look alike must not be two names.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(char if is_shown(char) else escape(char) for char in text)


def is_shown(char: str) -> bool:
    return char.isprintable() and char not in BLANK


def escape(char: str) -> str:
    return char.encode("unicode_escape").decode() if not char.isprintable() else f"\\u{ord(char):04x}"


def unlinked(text: str) -> str:
    """One line of a mail in which nothing can be clicked: `example[.]com`, `https[://]example[.]com`."""
    return _LINK.sub(r"[\g<0>]", visible(text))


def subject(row: Row) -> str:
    """A row's subject in a few words."""
    kind, _, rest = row.subject.partition("|")
    match kind:
        case "set":
            several = f"{row.copies} x " if row.copies > 1 else ""
            return f"{several}{row.kind} of {tail(rest.split('|', 1)[0])}"
        case "implied":
            return f"{row.kind} of {tail(rest.split('|', 1)[0])}"
        case "dataset":
            return f"dataset {tail(rest)}"
        case "logs":
            return f"{row.copies} x logs of account {row.account}"
        case "entity":
            return rest.replace("|", ": ")
        case _:
            return row.resource_name or tail(rest)


def place(country: str, region: str) -> str:
    """A country by name, or the region nobody could map."""
    if country:
        return geography.country_name(country)
    return f"{region} (country unknown)" if region else ""


def tail(resource_id: str) -> str:
    """The telling end of an ARN; of an ARM id, the names in it without the types: `server/database`."""
    if resource_id.startswith("arn:"):
        return resource_id.rsplit(":", 1)[-1]
    if resource_id.startswith("/subscriptions/") and "/providers/" in resource_id:
        return "/".join(resource_id.rpartition("/providers/")[2].split("/")[2::2]) or resource_id
    return resource_id
