"""What all files of Azure services do with the rows of a sweep."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from domicile.model import Cell, Evidence, Location, Resource, ResourceType
from domicile.providers.azure.graph import ACTION
from domicile.providers.azure.ids import canonical, subscription_of
from domicile.providers.service import Cloud, Refused, Swept

_FINER: Final = re.compile(r"(\.\d{6})\d+")
"""Tenths of microseconds, which no `datetime` holds."""


def of_type(kind: str) -> Callable[[Cloud], Iterator[dict[str, Any]]]:
    """All swept resources of one type."""

    def find(cloud: Cloud) -> Iterator[dict[str, Any]]:
        for page in cloud.pages(ACTION, type=kind):
            yield from page["value"]

    return find


class Shown(NamedTuple):
    """The resources of one type that a sweep showed, by their ids, and the refusal that cut it short. What is cut short
    does not hide what other sweeps showed: whoever joins them says for what he must know."""

    rows: Mapping[str, dict[str, Any]]
    refusal: Refused | None = None

    def get(self, name: str) -> dict[str, Any] | None:
        """One of them; nothing in it where there is none, and None where that cannot be told."""
        return self.rows.get(name, None if self.refusal else {})

    def require_whole(self) -> None:
        """To be asked when all is said that can be."""
        if self.refusal:
            raise self.refusal


def shown(cloud: Cloud, kind: str) -> Shown:
    """All swept resources of one type, as far as the sweep came."""
    rows: dict[str, dict[str, Any]] = {}
    try:
        for row in of_type(kind)(cloud):
            rows[canonical(row["id"])] = row
    except Refused as refusal:
        return Shown(rows, refusal)
    return Shown(rows)


def identify(row: dict[str, Any], _: Cell) -> str:
    return canonical(row["id"])


def swept(kind: str, properties: str = "", *others: str, table: str = "resources") -> Swept:
    """A type of resources to be swept, with some of its properties, by their names with blanks between, and what is
    wanted of it besides."""
    return Swept(kind, (*others, *(f"properties.{name}" for name in properties.split())), table)


def resource(row: dict[str, Any], kind: ResourceType, place: Location, **more: Any) -> Resource:
    """The resource that a row is, with its tags; `more` is what only its own service knows of it."""
    properties = row.get("properties", {})
    created = properties.get("creationTime") or properties.get("timeCreated") or properties.get("creationDate")
    ident = canonical(row["id"])
    fields = {"created_at": moment(created)} | more
    return Resource(ident, kind.name, row["name"], subscription_of(ident), place, row.get("tags", {}), **fields)


def evidence(kind: str, field: str, value: Any) -> Evidence:
    """What a field of a swept resource says."""
    return Evidence(f"{ACTION} {kind}", field, str(value))


def moment(text: str | None) -> datetime | None:
    """A moment as ARM writes it, to the microsecond; None for what is none. Without a zone it is in UTC."""
    if not text:
        return None
    try:
        told = datetime.fromisoformat(_FINER.sub(r"\1", text))
    except ValueError:
        return None
    return told if told.tzinfo else told.replace(tzinfo=UTC)
