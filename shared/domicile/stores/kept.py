"""What every store holds to: times in UTC, text that is text, and sizes that fit the smallest of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar

import msgspec
from msgspec import Struct

from domicile.errors import StoreError

ROW_LIMIT: Final = 8 * 1024
SCAN_LIMIT: Final = 32 * 1024
RESOLVED_ROWS_LIVE: Final = timedelta(days=400)

AStruct = TypeVar("AStruct", bound=Struct)


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
