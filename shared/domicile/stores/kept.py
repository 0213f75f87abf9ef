"""What stores have in common: times in UTC, text that is text, sizes that fit the smallest of them, and how those in a
cloud meet each other."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct

from domicile.errors import StoreError
from domicile.model import Change

ROW_LIMIT: Final = 8 * 1024
SCAN_LIMIT: Final = 32 * 1024
RESOLVED_ROWS_LIVE: Final = timedelta(days=400)

AStruct = TypeVar("AStruct", bound=Struct)


class Place(Struct, frozen=True):
    """The regions of one account where data was seen."""

    provider: str
    account: str
    regions: tuple[str, ...]


def encoded(struct: Struct) -> str:
    try:
        return msgspec.json.encode(in_utc(struct)).decode()
    except UnicodeEncodeError as error:
        raise StoreError(f"a name is not valid Unicode and cannot be kept: {error.object!r:.200}") from error


def in_utc(struct: AStruct) -> AStruct:
    changed: dict[str, object] = {}
    for name in struct.__struct_fields__:
        match getattr(struct, name):
            case datetime(tzinfo=None):
                raise StoreError(f"{name} has no time zone and cannot be kept")
            case datetime() as time:
                changed[name] = time.astimezone(UTC)
            case Struct() as inner:
                changed[name] = in_utc(inner)
            case (Struct(), *_) as several:
                changed[name] = tuple(in_utc(one) for one in several)
    return msgspec.structs.replace(struct, **changed)


def moment(time: datetime) -> str:
    """Sorts as text in the order of time."""
    return time.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")


def require_size(text: str, limit: int, name: str) -> None:
    size = len(text.encode())
    if size > limit:
        raise StoreError(f"{name} is too large to keep: {size} bytes of at most {limit}")


def require_schema(store: object, schema: int, known: int) -> None:
    """Raises StoreError when a store was written by another version of domicile."""
    if schema > known:
        raise StoreError(
            f"{store} was written by a newer domicile (schema {schema}, this one knows {known}); upgrade domicile"
        )
    if schema < known:
        raise StoreError(
            f"{store} was written by an older domicile (schema {schema}, this one wants {known});"
            " upgrade its deployment"
        )


def changes_at_once(changes: Iterable[Change], most: int) -> Iterator[list[Change]]:
    """As many as are written together, none of which changes a row twice. Raises StoreError for what cannot be kept."""
    some: dict[str, Change] = {}
    for change in changes:
        row = change.row
        if row.version != change.replaces + 1:
            raise StoreError(f"row {row.violation_id} has version {row.version} but replaces {change.replaces}")
        require_size(encoded(row), ROW_LIMIT, f"row {row.violation_id}")
        if row.violation_id in some or len(some) == most:
            yield list(some.values())
            some = {}
        some[row.violation_id] = change
    if some:
        yield list(some.values())


def decoded(store: object, found: dict[str, Any], kind: type[AStruct]) -> AStruct:
    try:
        return msgspec.convert(found, kind)
    except msgspec.ValidationError as broken:
        raise StoreError(f"{store} holds a damaged record: {broken}") from broken


def pause_before(tried: int) -> float:
    """Seconds to wait before another try, which grow, and are drawn so that two who met do not meet again."""
    return random.uniform(0, min(5.0, 0.05 * 2**tried))  # noqa: S311 nobody guesses at a pause


def busy(store: object) -> StoreError:
    return StoreError(f"{store} is being written by others, or too slow for what is written; try again later")


def number_text(number: int) -> str:
    """Sorts as text in the order of numbers."""
    return f"{number:010}"
