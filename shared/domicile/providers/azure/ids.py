"""Ids and places as Azure writes them: one resource has one id, however its parts are spelled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from domicile import geography
from domicile.model import Location


def canonical(name: str) -> str:
    """An ARM id as domicile compares it. ARM keeps the spelling of whoever asked, and means the same by all of them."""
    return name.strip().rstrip("/").lower()


def is_id(name: str) -> bool:
    return canonical(name).startswith("/subscriptions/")


def bare(path: str) -> str:
    """The id of what is given by a name that only one resource in the world has, without saying in which subscription
    and group it is: from its provider on."""
    return canonical(f"/providers/{path}")


def subscription_of(name: str) -> str:
    """The subscription in an ARM id; "" in anything else."""
    parts = canonical(name).split("/")
    return parts[2] if is_id(name) and len(parts) > 2 else ""


def parent_of(name: str, levels: int = 1) -> str:
    """The id of what a child resource is in: of a database, its server."""
    return "/".join(canonical(name).split("/")[: -2 * levels])


def location(name: str, extended: Mapping[str, Any] | None = None) -> Location:
    """A place given as code or as display name; `extended` names an edge zone, which may be in another country."""
    return Location("azure", geography.azure_region(name), (extended or {}).get("name") or "")


def paired(row: Mapping[str, Any], region: str) -> Location | None:
    """Where geo-redundant data of a region is copied to: as the cloud says today where it says otherwise than the
    shipped table; None when it has no pair."""
    code = geography.azure_region(region)
    known: Mapping[str, str] = row.get("pairs") or {}
    other = known[code] if code in known else geography.pair(code)
    return Location("azure", other) if other else None


def data_zone(region: str) -> Location:
    """What Microsoft calls the data zone of a region: the United States, or the member states of the European Union.
    Neither is a region; only the first is in one country."""
    country = geography.country(location(region))
    if country == "US":
        return location("unitedstates")
    return location("europe" if country in geography.PLACE_SETS["EU"] else "unknown")
