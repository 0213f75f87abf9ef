"""What the columns of an SQL database are said to hold, by Microsoft's sensitivity labels and types of information."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from domicile.providers.azure.graph import united
from domicile.providers.service import Cloud, Refused, Vanished

VERSION: Final = "2023-08-01"
TAGS: Final = {"labelName": "sensitivity-label", "informationType": "information-type"}
"""The keys of the tags that say the same of a whole database, by the field of a column's label."""
FOR_TAGS: Final = frozenset(TAGS.values())


def columns(cloud: Cloud, action: str, database: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The labels of all columns of a database, one for each. A database that sleeps would be woken by the question, and
    be paid for until it sleeps again: a scan does not do that, so it is a gap."""
    if str(database.get("properties", {}).get("status", "")).lower() in {"paused", "pausing"}:
        raise Refused("DatabasePaused", "its labels are not asked for, since that would wake it")
    pages = cloud.pages(action, path=f"{database['id']}/currentSensitivityLabels", version=VERSION)
    return [one for page in pages for one in page["value"]]


def columns_below(cloud: Cloud, action: str, databases: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The labels of all columns of the databases in something larger, which is not gone when one of them is."""
    try:
        return [column for database in databases for column in columns(cloud, action, database)]
    except Vanished as gone:
        raise Refused(gone.code, gone.message) from gone


def labelled(row: Mapping[str, Any], labels: Mapping[str, Any] | None) -> dict[str, Any]:
    """A row with what its columns say among its tags. Neither takes anything away from the other."""
    said: dict[str, set[str]] = {}
    for column in (labels or {}).get("value", ()):
        for field, key in TAGS.items():
            if value := str(column.get("properties", {}).get(field) or ""):
                said.setdefault(key, set()).add(value)
    layers = [{key: value} for key, values in said.items() for value in sorted(values)]
    return {**row, "tags": united(row.get("tags") or {}, *layers)}
