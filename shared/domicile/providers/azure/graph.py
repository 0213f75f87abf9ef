"""Azure Resource Graph: what a whole tenant holds, in a few questions, whatever the number of subscriptions."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, Final, Protocol

from msgspec import Struct

from domicile import geography
from domicile.model import GapReason
from domicile.providers.azure.session import Session, Throttled, seconds
from domicile.providers.service import Refused, Service, Swept

ACTION: Final = "Microsoft.ResourceGraph/resources/read"
PATH: Final = "/providers/Microsoft.ResourceGraph/resources"
VERSION: Final = "2024-04-01"
ROWS: Final = 1000
FEWEST_ROWS: Final = 10
WAITS: Final = 20
"""How often in a row the quota is waited for."""
PAUSE: Final = 5.0
"""Seconds in which the quota is new."""

_ALWAYS: Final = (
    "id",
    "type",
    "name",
    "kind",
    "location",
    "tenantId",
    "subscriptionId",
    "resourceGroup",
    "managedBy",
    "tags",
)
_CONTAINERS: Final = (
    "resourcecontainers\n"
    "| where type in~ ('microsoft.resources/subscriptions', 'microsoft.resources/subscriptions/resourcegroups')\n"
    "| project id, type, name, tenantId, subscriptionId, tags, "
    "state=properties.state, above=properties.managementGroupAncestorsChain\n"
    "| order by id asc"
)

Row = dict[str, Any]


class Containers(Struct, frozen=True):
    """What Resource Graph shows of subscriptions and resource groups: names, states and the management groups above of
    the first, tags of both."""

    names: Mapping[str, str]
    states: Mapping[str, str]
    paths: Mapping[str, tuple[str, ...]]
    tags: Mapping[str, Mapping[str, str]]
    """By subscription, or by subscription and group as `SUBSCRIPTION/GROUP`, all in lower case."""


class Kept(Struct, frozen=True):
    """What the sweeps gave of one subscription, by type, for whoever goes on with it elsewhere; and code, message and
    reason of the refusal that cut a type short."""

    rows: Mapping[str, list[Row]] = {}
    refused: Mapping[str, tuple[str, str, GapReason]] = {}


class Sweeps(Protocol):
    """Where the rows of a subscription come from."""

    def rows(self, subscription: str, kind: str) -> Iterator[Row]:
        """The resources of one type in one subscription; then, when the sweep was cut short, the refusal."""
        ...


class KeptSweeps:
    """The sweeps of one subscription as somebody made and kept them. What was not swept then is not known now."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept

    def rows(self, _: str, kind: str) -> Iterator[Row]:
        if kind not in self._kept.rows:
            raise Refused("NotSwept", f"{kind} was not swept when this scan began")
        yield from self._kept.rows[kind]
        if kind in self._kept.refused:
            code, message, reason = self._kept.refused[kind]
            raise Refused(code, message, reason)


class Graph:
    """The sweeps of one scope: each table is gone through once, when its first row is asked for."""

    def __init__(
        self,
        session: Session,
        services: Iterable[Service],
        *,
        group: str = "",
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._session, self._group, self._pause = session, group, pause
        self._tables: dict[str, list[Swept]] = defaultdict(list)
        for service in services:
            for swept in service.swept:
                self._tables[swept.table].append(swept)
        self._lock = threading.RLock()
        self._containers: Containers | Refused | None = None
        self._rows: dict[str, _Table] = {}
        self._pairs: Mapping[str, str] = {}

    def containers(self) -> Containers:
        """Raises `Refused` when it was not shown in full."""
        with self._lock:
            if self._containers is None:
                try:
                    self._containers = _contained(self._ask(_CONTAINERS))
                except Refused as refusal:
                    self._containers = refusal
            if isinstance(self._containers, Refused):
                raise self._containers
            return self._containers

    def kept(self, subscription: str) -> Kept:
        """All that the sweeps give of one subscription."""
        rows: dict[str, list[Row]] = {}
        refused: dict[str, tuple[str, str, GapReason]] = {}
        for kind in sorted(one.type for swept in self._tables.values() for one in swept):
            rows[kind] = []
            try:
                for row in self.rows(subscription, kind):
                    rows[kind].append(row)
            except Refused as refusal:
                refused[kind] = (refusal.code, refusal.message, refusal.reason)
        return Kept(rows, refused)

    def rows(self, subscription: str, kind: str) -> Iterator[Row]:
        table = self._table(self._table_of(kind))
        containers = self.containers()
        for row in table.rows.get((subscription, kind), ()):
            yield _dressed(row, containers, self._pairs)
        if table.refusal:
            raise table.refusal

    def learn(self, pairs: Mapping[str, str]) -> None:
        """Pairs of regions as the cloud gives them today: only what the shipped table says otherwise is kept."""
        self._pairs = {region: pair for region, pair in pairs.items() if geography.pair(region) != (pair or None)}

    def _table_of(self, kind: str) -> str:
        return next(name for name, all_swept in self._tables.items() if any(one.type == kind for one in all_swept))

    def _table(self, name: str) -> _Table:
        with self._lock:
            if name not in self._rows:
                self._rows[name] = self._swept(name, self._tables[name])
            return self._rows[name]

    def _swept(self, name: str, swept: Collection[Swept]) -> _Table:
        columns = {alias(path): path for one in swept for path in one.paths}
        table = _Table()
        try:
            for flat in self._ask(query(name, sorted({one.type for one in swept}), columns)):
                row = restored(flat, columns)
                table.rows[str(row.get("subscriptionId", "")).lower(), str(row.get("type", "")).lower()].append(row)
        except Refused as refusal:
            table.refusal = refusal
        return table

    def _ask(self, text: str) -> Iterator[Row]:
        """Every row of an answer. An answer that is not whole is a refusal, never a shorter list."""
        options: dict[str, Any] = {"$top": ROWS, "resultFormat": "table"}
        body: dict[str, Any] = {"query": text, "options": options}
        if self._group:
            body["managementGroups"] = [self._group]
        count = 0
        while True:
            answer = self._page(body)
            data = answer.get("data") or {}
            names = [column["name"] for column in data.get("columns", ())]
            rows = data.get("rows", ())
            count += len(rows)
            for row in rows:
                yield dict(zip(names, row, strict=True))
            token = answer.get("$skipToken")
            if not token:
                total = answer.get("totalRecords", count)
                if str(answer.get("resultTruncated", "false")).lower() == "true" or count < total:
                    raise Refused(
                        "ResultTruncated", f"Resource Graph gave {count} of {total} rows, and no way to the rest"
                    )
                return
            if token == options.get("$skipToken"):
                raise Refused("RepeatedToken", "Resource Graph gave the same page twice")
            options["$skipToken"] = token

    def _page(self, body: dict[str, Any]) -> dict[str, Any]:
        """One page; waits where the quota is spent, and asks for fewer rows where they are too large."""
        for _ in range(WAITS):
            try:
                answer, headers = self._session.post(PATH, VERSION, body)
            except Refused as refusal:
                if refusal.code == "ResponsePayloadTooLarge" and body["options"]["$top"] > FEWEST_ROWS:
                    body["options"]["$top"] //= 2
                elif isinstance(refusal, Throttled):
                    self._pause(refusal.after or PAUSE)
                else:
                    raise
                continue
            if headers.get("x-ms-tenant-subscription-limit-hit", "").lower() == "true":
                raise Refused(
                    "SubscriptionLimit", "more than 10,000 subscriptions: scan one management group at a time"
                )
            if headers.get("x-ms-user-quota-remaining") == "0":
                self._pause(seconds(headers.get("x-ms-user-quota-resets-after", "")))
            return answer
        raise Refused("TooManyRequests", f"the quota of Resource Graph was waited for {WAITS} times", "throttled")


class _Table:
    """What one sweep gave, by subscription and type, and what ended it before its end."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], list[Row]] = defaultdict(list)
        self.refusal: Refused | None = None


def query(table: str, types: Iterable[str], columns: Mapping[str, str]) -> str:
    """One question for all resources of some types. `id` must be projected: without it there is no way to page."""
    named = ", ".join(f"'{kind}'" for kind in types)
    projected = ", ".join([*_ALWAYS, *(f"{name}={path}" for name, path in sorted(columns.items()))])
    return f"{table}\n| where type in~ ({named})\n| project {projected}\n| order by id asc"


def alias(path: str) -> str:
    return path.replace(".", "_")


def restored(flat: Row, columns: Mapping[str, str]) -> Row:
    """A row in the shape in which ARM gives the resource, with those of its properties that were asked for. What has no
    value is left out: it was not shown, which is not the same as not being there."""
    row: Row = {}
    for name, value in flat.items():
        if value is None or value == "":
            continue
        *above, last = columns.get(name, name).split(".")
        place = row
        for step in above:
            place = place.setdefault(step, {})
        place[last] = value
    return row


def _dressed(row: Row, containers: Containers, pairs: Mapping[str, str]) -> Row:
    """A row with the tags that its resource group and subscription say of it too, and what pairs of regions are."""
    subscription = str(row.get("subscriptionId", "")).lower()
    group = f"{subscription}/{str(row.get('resourceGroup', '')).lower()}"
    tags = united(row.get("tags") or {}, containers.tags.get(group, {}), containers.tags.get(subscription, {}))
    return {**row, "tags": tags} | ({"pairs": pairs} if pairs else {})


def united(*layers: Mapping[str, Any]) -> dict[str, str]:
    """Tags of a resource and of what it lies in. What one says the other cannot take away: values add up, the nearest
    first. Keys that differ in case only are one key to ARM."""
    values: dict[str, list[str]] = {}
    spelled: dict[str, str] = {}
    for layer in layers:
        for key, value in layer.items():
            name = spelled.setdefault(key.lower(), key)
            said = values.setdefault(name, [])
            if str(value) not in said:
                said.append(str(value))
    return {name: ", ".join(said) for name, said in values.items()}


def _contained(rows: Iterable[Row]) -> Containers:
    names, states, paths, tags = {}, {}, {}, {}
    for row in rows:
        subscription = str(row["subscriptionId"]).lower()
        if str(row["type"]).lower() == "microsoft.resources/subscriptions":
            names[subscription] = row.get("name") or ""
            states[subscription] = row.get("state") or ""
            # The nearest comes first.
            paths[subscription] = tuple(f"mg:{one['name'].lower()}" for one in reversed(row.get("above") or ()))
            tags[subscription] = row.get("tags") or {}
        else:
            tags[f"{subscription}/{str(row['name']).lower()}"] = row.get("tags") or {}
    return Containers(names, states, paths, tags)
