"""The two containers of a Cosmos DB store, as data: for the store itself, for the program that deploys them, for tests.

`violations` holds violations as they are, beside each of their transitions, by account: what lies in one partition is
written in one transaction. `scans` holds in one single partition what orders scans: the head, scans, gaps, places and
notices.

The account must read with `CONSISTENCY`, or one scan could miss what another has written.
"""

from __future__ import annotations

from typing import Any, Final

from msgspec import Struct

SCHEMA: Final = 1
CONSISTENCY: Final = "Strong"
PARTITION_KEY_VERSION: Final = 2
"""Of the hash, by which a key may have 2,048 bytes and not only its first 101 count."""
EXPIRES_BY_ITEM: Final = -1
"""A default time to live by which an item only expires when it says so itself, in `ttl`."""


class Container(Struct, frozen=True):
    """One container. `partition` is the property of its partition key; only what is `indexed` is, and each of the
    `orders` is a composite index, ascending in all its properties."""

    name: str
    partition: str
    indexed: tuple[str, ...]
    orders: tuple[tuple[str, ...], ...] = ()
    expires: int = EXPIRES_BY_ITEM

    @property
    def indexing_policy(self) -> dict[str, Any]:
        """As Cosmos DB spells it."""
        return {
            "indexingMode": "consistent",
            "automatic": True,
            "includedPaths": [{"path": f"/{name}/?"} for name in self.indexed],
            "excludedPaths": [{"path": "/*"}],
            "compositeIndexes": [
                [{"path": f"/{name}", "order": "ascending"} for name in order] for order in self.orders
            ],
        }


# By the most telling first: of several that are asked for, one index is used and the rest filtered.
NARROWED_BY: Final = (
    ("dataset_id",),
    ("caused_by",),
    ("account", "rule"),
    ("account",),
    ("rule",),
    ("entity",),
    ("country",),
    ("severity",),
    (),
)

VIOLATIONS: Final = Container(
    name="violations",
    partition="account",
    indexed=(
        "account",
        "caused_by",
        "changed_at",
        "country",
        "dataset_id",
        "entity",
        "history_of",
        "leaving",
        "rank",
        "resolved",
        "rule",
        "scan_version",
        "severity",
        "status",
        "violation_id",
    ),
    orders=tuple(("resolved", *narrowed_by, "rank") for narrowed_by in NARROWED_BY),
)
SCANS: Final = Container(name="scans", partition="partition", indexed=("kind", "name", "open", "partition"))

CONTAINERS: Final = (VIOLATIONS, SCANS)
