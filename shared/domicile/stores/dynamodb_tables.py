"""The three tables of a DynamoDB store, as data: for the store itself, for the program that deploys them, for tests.

`NAME` holds violations as they are, `NAME-history` each of their transitions, `NAME-scans` the head, scans, gaps,
places and notices. An `open_*` attribute exists only while a violation is not resolved, so that an index of it holds
only those.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

SCHEMA: Final = 1
EXPIRES_AT: Final = "expires_at"
"""Epoch seconds after which DynamoDB may delete the item; on resolved violations only."""


class Index(Struct, frozen=True):
    """A global secondary index; `projection` is what DynamoDB copies into it."""

    name: str
    partition: str
    sort: str
    projection: str = "ALL"


class Table(Struct, frozen=True):
    """One table. Attributes that are keys, of it or of an index, are texts (`S`)."""

    suffix: str
    partition: str
    sort: str = ""
    indexes: tuple[Index, ...] = ()
    expires: str = ""
    """The attribute of its time to live; empty: nothing expires."""

    def name(self, store: str) -> str:
        return store + self.suffix

    @property
    def attributes(self) -> dict[str, str]:
        """Types of all key attributes, as `AttributeDefinitions` wants exactly those."""
        keys = [self.partition, self.sort, *(key for one in self.indexes for key in (one.partition, one.sort))]
        return {key: "S" for key in sorted(set(keys)) if key}


OPEN_INDEXES: Final = {
    "severity": Index("by_severity", "open_severity", "rank"),
    "account": Index("by_account", "open_account", "rank"),
    "account_rule": Index("by_account_rule", "open_account_rule", "rank"),
    "rule": Index("by_rule", "open_rule", "rank"),
    "country": Index("by_country", "open_country", "rank"),
    "entity": Index("by_entity", "open_entity", "rank"),
    "caused_by": Index("by_cause", "open_cause", "rank"),
    "dataset_id": Index("by_dataset", "open_dataset", "rank"),
}
"""By the field of a row they answer for; `account_rule` is both, with `#` between."""

CHANGED_ON: Final = Index("changed_on", "changed_day", "changed_at")
RESOLVED: Final = Index("resolved", "resolved_severity", "rank")

VIOLATIONS: Final = Table(
    suffix="",
    partition="violation_id",
    indexes=(*OPEN_INDEXES.values(), CHANGED_ON, RESOLVED),
    expires=EXPIRES_AT,
)
HISTORY: Final = Table(suffix="-history", partition="violation_id", sort="scan_version")
SCANS: Final = Table(suffix="-scans", partition="kind", sort="name")

TABLES: Final = (VIOLATIONS, HISTORY, SCANS)
