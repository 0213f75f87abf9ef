"""Violations, gaps and scans in two Cosmos DB containers, which the deployment makes and `cosmos_containers` describes.

A transaction of Cosmos DB reaches no further than one partition of one container. What lies in the partition of the
head is written with it, on the condition that it is still the scan's own. An account's partition of violations has a
fence instead, which names the scan that may write there; each transaction replaces it as it was read. Before a scan
puts its fence into a partition, it says so beside the head, on the condition that the head is its own; and whoever
claims the head takes all fences that were named so, before `claim` returns. Hence what is known after a claim is all
that any older scan has written or ever will.

A row that changes its account moves into another partition: it is marked as leaving, written in the new one, and
deleted from the old. Readers pass over what is leaving once it has arrived; what a dead scan left half done, the next
claim completes.
"""

from __future__ import annotations

import base64
import hashlib
import logging
import math
import os
import re
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from datetime import UTC, date, datetime
from functools import partial
from heapq import merge
from itertools import islice
from typing import Any, Final, Self, TypeVar
from urllib.parse import urlsplit

import msgspec
from azure.core import MatchConditions
from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    ServiceRequestError,
    ServiceResponseError,
)
from azure.cosmos import CosmosClient
from azure.cosmos.exceptions import (
    CosmosAccessConditionFailedError,
    CosmosBatchOperationError,
    CosmosClientTimeoutError,
    CosmosResourceNotFoundError,
)
from azure.identity import AzureAuthorityHosts, DefaultAzureCredential
from msgspec import Struct
from msgspec.structs import replace

from domicile.errors import Conflict, StoreError, Superseded, UsageError
from domicile.model import Cell, Change, GapRow, Row, Scan, ScanRow
from domicile.stores import Ledger, Question
from domicile.stores.cosmos_containers import (
    CONSISTENCY,
    CONTAINERS,
    NARROWED_BY,
    SCANS,
    SCHEMA,
    VIOLATIONS,
    Container,
)
from domicile.stores.kept import (
    RESOLVED_ROWS_LIVE,
    SCAN_LIMIT,
    Place,
    busy,
    changes_at_once,
    decoded,
    encoded,
    in_utc,
    moment,
    number_text,
    pause_before,
    require_schema,
    require_size,
)

# What it logs is said in the error too.
logging.getLogger("azure").addHandler(logging.NullHandler())

AnItem = TypeVar("AnItem")
Item = dict[str, Any]
Operation = tuple[Any, ...]
"""One write of a transaction, as the SDK takes it: what to do, with what, on which condition."""

# Where one signs in to each cloud, if not where the environment says. A token is sent to no other host.
CLOUDS: Final = {
    "documents.azure.com": None,
    "documents.azure.cn": AzureAuthorityHosts.AZURE_CHINA,
    "documents.azure.us": AzureAuthorityHosts.AZURE_GOVERNMENT,
}
THIS_MACHINE: Final = ("localhost", "127.0.0.1")
KEY: Final = "AZURE_COSMOS_KEY"
"""What an emulator on this machine asks for; nothing else is ever opened with a key."""
NO_CREDENTIALS: Final = (
    "cannot be opened: no usable Azure credentials: run `az login` or set AZURE_CLIENT_ID, AZURE_TENANT_ID and a secret"
)

TRIES: Final = 10
PAGE: Final = 1000
CHANGES_AT_ONCE: Final = 200
ITEMS_AT_ONCE: Final = 99
"""Beside the head or a fence: a transaction takes a hundred."""
BYTES_AT_ONCE: Final = 1_500_000
BYTES_OF_A_PIECE: Final = 200_000
PARTITION_KEY_BYTES: Final = 2048
GONE_PLACES_LIVE: Final = 24 * 60 * 60

NOT_AS_READ: Final = frozenset({404, 409, 412})
"""What a transaction fails with when an item is not as it was read: gone, there already, or another version."""
PASSING: Final = frozenset({408, 410, 429, 449, 503})
"""Worth another try, also when it was carried out and nobody heard of it: then it is not as read, and is looked at."""

EVERYTHING: Final = "everything"
"""The one partition of scans."""
HEAD: Final = "head"
FENCE: Final = ":fence"
OPEN: Final = "open-partition"
GAP: Final = "gap"
PLACE: Final = "place"
SCAN: Final = "scan"
NOTICE: Final = "notice"
JOURNAL: Final = "journal"


class Head(Struct, frozen=True):
    """The one item that orders scans.

    `horizon` is when the newest scan settled, in epoch seconds: what expired before is not there. While a settled
    scan's gaps and places are not all written, `pending` names its journal, which has `pieces`.
    """

    schema: int = SCHEMA
    begun: int = 0
    claimed: int = 0
    settled: int = 0
    horizon: int = 0
    pending: str = ""
    pieces: int = 0
    announced: int = 0
    told_at: datetime | None = None


class Fence(Struct, frozen=True):
    """Which scan may write into an account's partition: no older one, and itself only once it is `open`."""

    scan: int = 0
    open: bool = False


class Opened(Struct, frozen=True):
    """Says that a scan's fence may stand open in an account's partition."""

    scan: int
    account: str


class Lying(Struct, frozen=True):
    """What must be sound in the item of a row before it is replaced or passed over."""

    violation_id: str
    account: str
    version: int
    expires_at: int | None = None
    leaving: str | None = None


class Line(Struct, frozen=True):
    """A line of the history. The row lies one level deeper, so that no question about rows finds it."""

    id: str
    account: str
    history_of: str
    scan_version: str
    transition: str
    row: Row


class Piece(Struct, frozen=True):
    """A part of what a settled scan leaves to be written."""

    name: str
    items: list[Item]


class Known(Struct, frozen=True):
    """An item with the mark by which it is replaced only as it was read; without one it is not there yet."""

    item: Item
    etag: str = ""


class CosmosStore:
    """A store in the database of one name. `pause` waits so many seconds. A client that is handed in stays open."""

    def __init__(self, client: Any, database: str, *, pause: Callable[[float], None] = time.sleep) -> None:
        self.name = name_of(client.client_connection.url_connection, database)
        self._client, self._pause, self._opened = client, pause, ExitStack()
        there = client.get_database_client(database)
        self._containers = {one.name: there.get_container_client(one.name) for one in CONTAINERS}
        self._require_deployed()
        schema = self._head()[0].schema
        require_schema(self, schema, SCHEMA)

    @classmethod
    def of(cls, url: str) -> Self:
        """The store behind `cosmos://ACCOUNT.documents.azure.com/DATABASE`, or behind `cosmos://localhost:PORT/DATABASE`,
        an emulator, which is spoken to without TLS and with a key."""
        endpoint, database = parts_of(url)
        local = endpoint.startswith("http:")
        with ExitStack() as opened:
            credential: Any = key_of_emulator() if local else opened.enter_context(identity(endpoint))
            with explained(name_of(endpoint, database)):
                client = CosmosClient(
                    endpoint,
                    credential=credential,
                    retry_total=3,
                    retry_throttle_total=30,
                    retry_throttle_backoff_max=120,
                    enable_endpoint_discovery=not local,
                    enable_compact_utf8_item_writes=True,
                )
            opened.callback(client.close)
            store = cls(client, database)
            store._opened = opened.pop_all()
        return store

    def __str__(self) -> str:
        return self.name

    def begin(self, started_at: datetime, *, as_of: date, providers: Sequence[str], digests: Mapping[str, str]) -> Scan:
        head = self._move_head(lambda head: replace(head, begun=head.begun + 1))
        assert head is not None
        return Scan(number=head.begun, started_at=started_at, as_of=as_of, providers=tuple(providers), digests=digests)

    def claim(self, scan: Scan) -> None:
        claimed = self._move_head(
            lambda head: replace(head, claimed=scan.number) if head.claimed <= scan.number else None
        )
        if not claimed:
            self._require_head(scan)
        self._take_fences(scan)
        self._complete_moves()

    def known(self) -> dict[str, Row]:
        found = self._query(VIOLATIONS, {"resolved": False})
        rows = sorted(self._rows(found), key=lambda row: row.rank)
        return {row.violation_id: row for row in rows}

    def fetch(self, ids: Iterable[str]) -> dict[str, Row]:
        wanted = [one for one in dict.fromkeys(ids) if is_text(one)]
        return {row.violation_id: row for row in self._rows(self._lying(wanted))}

    def apply(self, scan: Scan, changes: Iterable[Change]) -> int:
        self._require_head(scan)
        return sum(self._write(scan, some) for some in changes_at_once(changes, CHANGES_AT_ONCE))

    def settle(self, scan: Scan, gaps: Iterable[GapRow], row: ScanRow, places: Collection[Cell] = ()) -> None:
        require_size(encoded(row), SCAN_LIMIT, f"scan {scan.number}")
        scan_item = in_scans(SCAN, scan_id(scan.number), row) | {"name": number_text(scan.number)}
        gap_items = [gap_item(gap) for gap in gaps]
        for _ in range(TRIES):
            head = self._require_head(scan)
            self._finish(head)
            if head.settled == scan.number:
                return
            journal, pieces = self._keep_journal(scan, [*gap_items, *self._place_items(places)])
            move = partial(settling, scan=scan, row=row, journal=journal, pieces=pieces)
            if settled := self._move_head(move, scan_item):
                self._finish(settled)
                return
        raise busy(self)

    def places(self) -> frozenset[Cell]:
        return frozenset(
            Cell(place.provider, place.account, region) for place in self._places() for region in place.regions
        )

    def gaps(self, *, ended: bool = False) -> tuple[GapRow, ...]:
        found = [decoded(self, one, GapRow) for one in self._settled(GAP, {} if ended else {"open": True})]
        return tuple(sorted(found, key=lambda gap: (gap.gap, gap.first_seen)))

    def last_scan(self) -> ScanRow | None:
        found = self._read(SCANS, scan_id(self._head()[0].settled), EVERYTHING)
        return decoded(self, found.item, ScanRow) if found.etag else None

    def scans(self, *, after: int = 0) -> tuple[ScanRow, ...]:
        found = self._query(SCANS, {"kind": SCAN}, above={"name": number_text(max(after, 0))}, partition=EVERYTHING)
        return tuple(sorted((decoded(self, one, ScanRow) for one in found), key=lambda row: row.scan.number))

    def ledger(self) -> Ledger:
        head, _ = self._head()
        return Ledger(head.announced, head.told_at)

    def claim_notice(self, scan: Scan, message_id: str, at: datetime) -> bool:
        return self._note(scan, message_id, {"claimed_at": f"{moment(at)}Z"})

    def mark_notice(self, scan: Scan, message_id: str, at: datetime) -> None:
        # The head first: after a crash in between, the notice is sent and marked again.
        self._move_head(lambda head: replace(head, told_at=max(head.told_at or at, at).astimezone(UTC)))
        self._note(scan, message_id, {"sent_at": f"{moment(at)}Z"})

    def announce(self, scan: Scan) -> None:
        self._move_head(lambda head: replace(head, announced=max(head.announced, scan.number)))

    def ask(self, question: Question) -> tuple[Row, ...]:
        return tuple(islice(self._answers(question), question.limit or None)) if question.is_text() else ()

    def history(self, violation_id: str) -> tuple[tuple[str, Row], ...]:
        if not is_text(violation_id):
            return ()
        lines = [decoded(self, one, Line) for one in self._query(VIOLATIONS, {"history_of": violation_id})]
        return tuple((one.transition, one.row) for one in sorted(lines, key=lambda one: one.scan_version))

    def close(self) -> None:
        self._opened.close()

    def _require_deployed(self) -> None:
        with self._explained():
            consistency = (self._client.get_database_account().ConsistencyPolicy or {}).get("defaultConsistencyLevel")
            for container in self._containers.values():
                container.read()
        if consistency != CONSISTENCY:
            raise StoreError(
                f"{self} is read with {consistency} consistency, by which one scan may miss what another has written;"
                f" its account needs {CONSISTENCY} consistency"
            )

    # Rows

    def _write(self, scan: Scan, changes: list[Change]) -> int:
        """Write what this scan has not written before."""
        for change in changes:
            row = change.row
            require_size(row.account, PARTITION_KEY_BYTES, f"the account of row {row.violation_id}")
        written = 0
        for tried in range(TRIES):
            horizon = self._require_head(scan).horizon
            lying: dict[str, list[Item]] = defaultdict(list)
            for one in self._lying(change.row.violation_id for change in changes):
                lying[one["violation_id"]].append(one)
            left = self._not_yet_written(scan, changes, lying, horizon, sure=not tried)
            leaving: dict[str, list[list[Operation]]] = defaultdict(list)
            arriving: dict[str, list[list[Operation]]] = defaultdict(list)
            for change in left:
                account = change.row.account
                here = Known({})
                for one in lying[change.row.violation_id]:
                    if one["account"] == account:
                        here = Known(one, one["_etag"])
                    elif not expired(one, horizon) and one.get("leaving") != account:
                        leaving[one["account"]].append([put(plain(one) | {"leaving": account}, one["_etag"])])
                arriving[account].append([put(row_item(scan, change.row), here.etag), put(line(scan, change))])
            etags = self._fences(scan, {*leaving, *arriving})
            wholly = all(
                self._commit(scan, account, etags, operations)
                for account, units in leaving.items()
                for operations in at_once(units)
            )
            for account, units in arriving.items():
                for operations in at_once(units) if wholly else ():
                    if self._commit(scan, account, etags, operations):
                        written += len(operations) // 2
                    else:
                        wholly = False
            if wholly:
                self._remove_what_left(changes, lying, horizon)
                return written
            self._pause(pause_before(tried))
        raise busy(self)

    def _not_yet_written(
        self,
        scan: Scan,
        changes: Sequence[Change],
        lying: Mapping[str, Sequence[Item]],
        horizon: int,
        *,
        sure: bool,
    ) -> list[Change]:
        """The changes whose rows are at the version they replace; what this scan wrote itself is left out. Raises
        `Conflict`. Only if `sure`, a row at that version is taken to be unwritten without a look at its history."""
        versions = {
            change.row.violation_id: max(
                (one["version"] for one in lying[change.row.violation_id] if not expired(one, horizon)), default=0
            )
            for change in changes
        }
        doubtful = [one for one in changes if not sure or versions[one.row.violation_id] != one.replaces]
        lines = {line_id(scan, change) for change in doubtful}
        ours = {one["id"] for one in self._with_ids(lines)}
        left = [change for change in changes if line_id(scan, change) not in ours]
        for change in left:
            version = versions[change.row.violation_id]
            if version != change.replaces:
                raise Conflict(
                    f"row {change.row.violation_id} is at version {version}, not {change.replaces}; scan again"
                )
        return left

    def _remove_what_left(self, changes: Iterable[Change], lying: Mapping[str, Iterable[Item]], horizon: int) -> None:
        """Delete rows from where they were before their account changed."""
        moved = {
            change.row.violation_id: change.row
            for change in changes
            if any(one["account"] != change.row.account for one in lying[change.row.violation_id])
        }
        for one in list(self._lying(moved)):
            row = moved[one["violation_id"]]
            if one["account"] != row.account and (one["version"] < row.version or expired(one, horizon)):
                self._delete(VIOLATIONS, one)

    def _complete_moves(self) -> None:
        """Delete what was on its way when its scan died, once it is known to have arrived."""
        for one in list(self._sound(self._query(VIOLATIONS, {}, defined="leaving"))):
            if self._arrived(one):
                self._delete(VIOLATIONS, one)

    def _arrived(self, one: Item) -> bool:
        there = self._read(VIOLATIONS, one["id"], one["leaving"])
        return bool(there.etag) and there.item["version"] > one["version"]

    def _lying(self, ids: Iterable[str]) -> Iterator[Item]:
        """The items of rows with these ids, in all partitions, whether expired or leaving."""
        return self._sound(self._with_ids(item_id(one) for one in ids))

    def _with_ids(self, ids: Iterable[str]) -> Iterator[Item]:
        for some in several(ids, CHANGES_AT_ONCE):
            yield from self._query(VIOLATIONS, {}, among={"id": some})

    def _sound(self, found: Iterable[Item]) -> Iterator[Item]:
        for one in found:
            decoded(self, one, Lying)
            yield one

    def _rows(self, found: Iterable[Item]) -> Iterator[Row]:
        """The rows among items, without what has expired and still lies there, and what lies elsewhere by now."""
        horizon = None
        for one in self._sound(found):
            if "expires_at" in one:
                horizon = self._head()[0].horizon if horizon is None else horizon
                if expired(one, horizon):
                    continue
            if "leaving" not in one or not self._arrived(one):
                yield decoded(self, one, Row)

    def _answers(self, question: Question) -> Iterator[Row]:
        fields, statuses = question.fields(), tuple(dict.fromkeys(question.statuses))
        if question.changed_on:
            return self._ordered(("changed_at",), fields, statuses, question, starting=str(question.changed_on))
        narrowed_by = next(names for names in NARROWED_BY if fields.keys() >= set(names))
        order = ("resolved", *narrowed_by, "rank")
        halves = []
        standing = tuple(one for one in statuses if one != "resolved")
        if standing or not statuses:
            halves.append(self._ordered(order, fields | {"resolved": False}, standing, question))
        if "resolved" in statuses:
            halves.append(self._ordered(order, fields | {"resolved": True}, (), question))
        return merge(*halves, key=lambda row: row.rank)

    def _ordered(
        self,
        order: Sequence[str],
        equal: Mapping[str, str | bool],
        statuses: Sequence[str],
        question: Question,
        starting: str = "",
    ) -> Iterator[Row]:
        return self._rows(
            self._query(
                VIOLATIONS,
                equal,
                among={"status": statuses} if statuses else {},
                starting={"changed_at": starting} if starting else {},
                order=order,
                partition=question.account or None,
                limit=question.limit,
            )
        )

    # Fences

    def _fences(self, scan: Scan, accounts: Collection[str]) -> dict[str, str]:
        """The marks of the fences in these accounts' partitions, all of which are named beside the head by now."""
        found: dict[str, Known] = {}
        for some in several(accounts, CHANGES_AT_ONCE):
            for one in self._query(VIOLATIONS, {"id": FENCE}, among={"account": some}):
                found[one["account"]] = Known(one, one["_etag"])
        fences = {account: found.get(account, Known({})) for account in accounts}
        mine = Fence(scan.number, open=True)
        closed = [account for account, one in fences.items() if decoded(self, one.item, Fence) != mine]
        for names in several(closed, ITEMS_AT_ONCE):
            if not self._move_head(lambda head: held(head, scan), *(open_item(scan, account) for account in names)):
                self._require_head(scan)
        return {account: one.etag for account, one in fences.items()}

    def _commit(self, scan: Scan, account: str, etags: dict[str, str], operations: Sequence[Operation]) -> bool:
        """Write into an account's partition, if its fence is as it was read."""
        fence = fence_item(account, Fence(scan.number, open=True))
        results = self._transact(VIOLATIONS, account, [put(fence, etags[account]), *operations])
        if results:
            etags[account] = results[0]["eTag"]
        return bool(results)

    def _take_fences(self, scan: Scan) -> None:
        """Shut out every older scan from wherever it may have been writing."""
        for one in list(self._query(SCANS, {"kind": OPEN}, partition=EVERYTHING)):
            opened = decoded(self, one, Opened)
            if opened.scan < scan.number:
                self._take_fence(scan, opened.account)
                self._delete(SCANS, one)

    def _take_fence(self, scan: Scan, account: str) -> None:
        for tried in range(TRIES):
            found = self._read(VIOLATIONS, FENCE, account)
            if decoded(self, found.item, Fence).scan >= scan.number:
                return
            taken = fence_item(account, Fence(scan.number))
            if self._transact(VIOLATIONS, account, [put(taken, found.etag)]):
                return
            self._pause(pause_before(tried))
        raise busy(self)

    # What changes when a scan settles

    def _places(self) -> list[Place]:
        return [decoded(self, one, Place) for one in self._settled(PLACE, {})]

    def _place_items(self, places: Collection[Cell]) -> list[Item]:
        """What has changed; a place that is gone is written as one without regions, which soon expires."""
        before = {(one.provider, one.account): one for one in self._places() if one.regions}
        regions: dict[tuple[str, str], set[str]] = defaultdict(set)
        for cell in places:
            regions[cell.provider, cell.account].add(cell.region)
        now = {key: Place(*key, regions=tuple(sorted(names))) for key, names in regions.items()}
        return [
            *(place_item(place) for key, place in now.items() if before.get(key) != place),
            *(place_item(Place(*key, regions=())) | {"ttl": GONE_PLACES_LIVE} for key in before.keys() - now.keys()),
        ]

    def _keep_journal(self, scan: Scan, items: list[Item]) -> tuple[str, int]:
        """Keep what is to be written once the head has moved. A delivery has a journal of its own, so that two of
        them never mix."""
        if not items:
            return "", 0
        journal = f"{number_text(scan.number)}-{uuid.uuid4().hex}"
        pieces = 0
        for pieces, some in enumerate(at_once([[one] for one in items], len(items), BYTES_OF_A_PIECE), 1):
            name = f"{journal}-{pieces:06}"
            piece = in_scans(JOURNAL, f"{JOURNAL}-{name}") | {"name": name, "items": some}
            if not self._move_head(lambda head: held(head, scan), piece):
                self._require_head(scan)
        return journal, pieces

    def _journal(self, head: Head) -> list[Item] | None:
        """The items that a settled scan left to be written; None when somebody has written them meanwhile."""
        if not head.pending:
            return []
        found = self._query(SCANS, {"kind": JOURNAL}, starting={"name": f"{head.pending}-"}, partition=EVERYTHING)
        pieces = sorted((decoded(self, one, Piece) for one in found), key=lambda piece: piece.name)
        if len(pieces) < head.pieces:
            return None
        return [one for piece in pieces for one in piece.items]

    def _finish(self, head: Head) -> None:
        """Write what a settled scan left to be written. Whoever comes first does it, and nobody twice."""
        items = self._journal(head)
        if not items:
            return
        pending = head.pending
        for some in at_once([[one] for one in items], ITEMS_AT_ONCE):
            if not self._move_head(lambda head: head if head.pending == pending else None, *some):
                return
        if self._move_head(lambda head: replace(head, pending="", pieces=0) if head.pending == pending else None):
            self._tidy(head.settled)

    def _tidy(self, settled: int) -> None:
        """Delete journals that nobody will read again."""
        for one in list(self._query(SCANS, {"kind": JOURNAL}, partition=EVERYTHING)):
            if decoded(self, one, Piece).name < number_text(settled + 1):
                self._delete(SCANS, one)

    def _settled(self, kind: str, equal: Mapping[str, bool]) -> list[Item]:
        """What the last settled scan left behind of this kind, also while it is still being written."""
        for tried in range(TRIES):
            head, _ = self._head()
            found = {one["id"]: one for one in self._query(SCANS, {"kind": kind, **equal}, partition=EVERYTHING)}
            items = self._journal(head)
            after, _ = self._head()
            if items is None or (head.settled, head.pending) != (after.settled, after.pending):
                self._pause(pause_before(tried))
                continue
            found |= {one["id"]: one for one in items if one["kind"] == kind}
            return [one for one in found.values() if equal.items() <= one.items()]
        raise busy(self)

    def _note(self, scan: Scan, message_id: str, what: Item) -> bool:
        """Write into a notice, unless it is out already."""
        notice = in_scans(NOTICE, f"{NOTICE}-{number_text(scan.number)}-{digest(message_id)}")
        for tried in range(TRIES):
            found = self._read(SCANS, notice["id"], EVERYTHING)
            if "sent_at" in found.item:
                return False
            if self._transact(SCANS, EVERYTHING, [put(plain(found.item) | notice | what, found.etag)]):
                return True
            self._pause(pause_before(tried))
        raise busy(self)

    # The head

    def _head(self) -> tuple[Head, str]:
        found = self._read(SCANS, HEAD, EVERYTHING)
        return decoded(self, found.item, Head), found.etag

    def _require_head(self, scan: Scan) -> Head:
        head, _ = self._head()
        if head.claimed != scan.number:
            raise Superseded(f"scan {scan.number} writes nothing more: scan {head.claimed} has the store")
        return head

    def _move_head(self, change: Callable[[Head], Head | None], *items: Item) -> Head | None:
        """The head as `change` makes it, written together with items; None when `change` gives none."""
        for tried in range(TRIES):
            head, etag = self._head()
            moved = change(head)
            if moved is None or (moved == head and not items):
                return moved
            operations = [put(in_scans(HEAD, HEAD, moved), etag), *(("upsert", (one,)) for one in items)]
            if self._transact(SCANS, EVERYTHING, operations):
                return moved
            self._pause(pause_before(tried))
        raise busy(self)

    # Calls

    def _read(self, container: Container, name: str, partition: str) -> Known:
        with self._explained():
            try:
                found = self._container(container).read_item(name, partition)
            except CosmosResourceNotFoundError:
                return Known({})
        return Known(found, found["_etag"])

    def _query(
        self,
        container: Container,
        equal: Mapping[str, str | bool],
        *,
        among: Mapping[str, Sequence[str]] = {},
        above: Mapping[str, str] = {},
        starting: Mapping[str, str] = {},
        defined: str = "",
        order: Sequence[str] = (),
        partition: str | None = None,
        limit: int = 0,
    ) -> Iterator[Item]:
        """Items of which everything given holds. What is asked for goes along as parameters, never as text. Without a
        partition all of them are asked."""
        if partition is not None:
            equal = {**equal, container.partition: partition}
        parameters: dict[str, str | bool] = {}

        def parameter(value: str | bool) -> str:
            name = f"@p{len(parameters)}"
            parameters[name] = value
            return name

        conditions = [
            *(f'c["{name}"] = {parameter(value)}' for name, value in equal.items()),
            *(f'c["{name}"] > {parameter(value)}' for name, value in above.items()),
            *(f'STARTSWITH(c["{name}"], {parameter(value)})' for name, value in starting.items()),
            *(f'c["{name}"] IN ({", ".join(map(parameter, values))})' for name, values in among.items()),
            *([f'IS_DEFINED(c["{defined}"])'] if defined else []),
        ]
        text = f"SELECT * FROM c WHERE {' AND '.join(conditions)}"  # noqa: S608 names of ours
        if order:
            text += " ORDER BY " + ", ".join(f'c["{name}"]' for name in order)
        where = {"enable_cross_partition_query": True} if partition is None else {"partition_key": partition}
        with self._explained():
            found = iter(
                self._container(container).query_items(
                    query=text,
                    parameters=[{"name": name, "value": value} for name, value in parameters.items()],
                    max_item_count=min(limit, PAGE) if limit else PAGE,
                    **where,
                )
            )
        while True:
            with self._explained():
                one = next(found, None)
            if one is None:
                return
            yield one

    def _transact(self, container: Container, partition: str, operations: Sequence[Operation]) -> list[Item]:
        """Write all or nothing, and give the results; none when something was not as it was read."""
        for tried in range(TRIES):
            with self._explained():
                try:
                    return list(self._container(container).execute_item_batch(operations, partition))
                except CosmosBatchOperationError as error:
                    if error.status_code in NOT_AS_READ:
                        return []
                    if error.status_code not in PASSING:
                        raise
                except HttpResponseError as error:
                    # What is throttled as a whole, the SDK has waited for already.
                    if error.status_code not in PASSING - {429}:
                        raise
            self._pause(pause_before(tried))
        raise busy(self)

    def _delete(self, container: Container, one: Item) -> None:
        """Delete an item, if it still is as it was read."""
        with self._explained(), suppress(CosmosResourceNotFoundError, CosmosAccessConditionFailedError):
            self._container(container).delete_item(
                one["id"],
                one[container.partition],
                etag=one["_etag"],
                match_condition=MatchConditions.IfNotModified,
            )

    def _container(self, container: Container) -> Any:
        return self._containers[container.name]

    def _explained(self) -> AbstractContextManager[None]:
        return explained(self.name)


@contextmanager
def explained(name: str) -> Iterator[None]:
    try:
        yield
    except ClientAuthenticationError as error:
        raise StoreError(f"{name} {NO_CREDENTIALS} ({first_line(error.message)})") from error
    except HttpResponseError as error:
        raise StoreError(f"{name} {explanation(error)}") from error
    except (ServiceRequestError, ServiceResponseError, CosmosClientTimeoutError) as error:
        raise StoreError(f"{name} cannot be reached: {first_line(error.message)}") from error
    except AzureError as error:
        raise StoreError(f"{name} cannot be used: {first_line(error.message)}") from error


def explanation(error: HttpResponseError) -> str:
    message = first_line(getattr(error, "http_error_message", "") or error.message)
    match error.status_code:
        case 401:
            return f"{NO_CREDENTIALS} ({message})"
        case 403:
            return f"may not be used with these credentials, or from here: {message}"
        case 404:
            names = ", ".join(one.name for one in CONTAINERS)
            return f"is not there, or not all of it ({names}): deploy it first, or name another account or database"
        case 429:
            return f"is busy; try again later: {message}"
        case 400 if "composite index" in message:
            return f"lacks an index, as databases of another version do; upgrade its deployment: {message}"
    return f"cannot be used: {error.status_code}: {message}"


def first_line(message: object) -> str:
    """What somebody else wrote, as far as it is for people; Cosmos DB wraps it in JSON, and adds where it ran."""
    text = str(message)
    with suppress(msgspec.DecodeError):
        match msgspec.json.decode(text):
            case {"message": str(inner)}:
                text = inner
    lines = [line for line in text.splitlines() if line.strip()]
    return " ".join(lines[0].split()) if lines else "no reason given"


def parts_of(url: str) -> tuple[str, str]:
    """Where the account is spoken to, and the database in it."""
    wanted = "write cosmos://ACCOUNT.documents.azure.com/DATABASE"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise UsageError(f"not the URL of a Cosmos DB database: {url!r}; {wanted}") from error
    local = host in THIS_MACHINE and port
    clouds = "|".join(map(re.escape, CLOUDS))
    database = parts.path.removeprefix("/")
    if (
        not (local or (re.fullmatch(rf"[a-z0-9-]+\.({clouds})", host) and port in {None, 443}))
        or not re.fullmatch(r"[a-zA-Z0-9_.-]{1,255}", database)
        or "@" in parts.netloc
        or parts.query
        or parts.fragment
    ):
        raise UsageError(f"not the URL of a Cosmos DB database: {url!r}; {wanted}")
    return (f"http://{host}:{port}/" if local else f"https://{host}:443/"), database


def identity(endpoint: str) -> DefaultAzureCredential:
    [authority] = [where for cloud, where in CLOUDS.items() if (urlsplit(endpoint).hostname or "").endswith(cloud)]
    try:
        return DefaultAzureCredential(authority=authority)
    except ValueError as error:
        raise UsageError(f"nobody can be signed in to Azure: {first_line(error)}") from error


def key_of_emulator() -> str:
    key = os.environ.get(KEY, "")
    if not key:
        raise UsageError("is not set: an emulator asks for the key of its account", field=KEY)
    try:
        base64.b64decode(key, validate=True)
    except ValueError as error:
        raise UsageError("is no key: keys are written in base64", field=KEY) from error
    return key


def name_of(endpoint: str, database: str) -> str:
    return f"cosmos://{urlsplit(endpoint).netloc.removesuffix(':443')}/{database}"


def at_once(
    units: Iterable[Sequence[AnItem]], count: int = ITEMS_AT_ONCE, size: int = BYTES_AT_ONCE
) -> Iterator[list[AnItem]]:
    """At most `count` together, and about `size` bytes; a unit is never parted."""
    some: list[AnItem] = []
    bytes_of_some = 0
    for unit in units:
        length = len(msgspec.json.encode(unit))
        if some and (len(some) + len(unit) > count or bytes_of_some + length > size):
            yield some
            some, bytes_of_some = [], 0
        some.extend(unit)
        bytes_of_some += length
    if some:
        yield some


def several(names: Iterable[str], count: int) -> Iterator[list[str]]:
    rest = iter(names)
    while some := list(islice(rest, count)):
        yield some


def put(item: Item, etag: str = "") -> Operation:
    """The item in the place of the one that was read, or, where none was, as a new one."""
    return ("replace", (item["id"], item), {"if_match_etag": etag}) if etag else ("create", (item,))


def held(head: Head, scan: Scan) -> Head | None:
    """The head, if it is this scan's."""
    return head if head.claimed == scan.number else None


def settling(head: Head, *, scan: Scan, row: ScanRow, journal: str, pieces: int) -> Head | None:
    """The head once this scan has settled, if it still has to and nothing of another is left to be written."""
    if head.claimed != scan.number or head.settled >= scan.number or head.pending:
        return None
    horizon = math.floor(row.settled_at.timestamp())
    return replace(head, settled=scan.number, horizon=horizon, pending=journal, pieces=pieces)


def row_item(scan: Scan, row: Row) -> Item:
    """`ttl` counts from when the item is written, which is not before its scan began."""
    found: Item = msgspec.to_builtins(in_utc(row)) | {
        "id": item_id(row.violation_id),
        "resolved": row.status == "resolved",
        "changed_at": f"{moment(row.last_changed)} {row.rank}",
    }
    if row.status == "resolved" and row.resolved_at:
        expires_at = math.ceil((row.resolved_at + RESOLVED_ROWS_LIVE).timestamp())
        found |= {"expires_at": expires_at, "ttl": max(1, expires_at - math.floor(scan.started_at.timestamp()))}
    return found


def line(scan: Scan, change: Change) -> Item:
    row = change.row
    number = f"{number_text(scan.number)} {row.version:06}"
    found: Item = msgspec.to_builtins(
        Line(line_id(scan, change), row.account, row.violation_id, number, change.transition, in_utc(row))
    )
    return found


def line_id(scan: Scan, change: Change) -> str:
    return f"{item_id(change.row.violation_id)}:{number_text(scan.number)}:{change.row.version:06}"


def item_id(violation_id: str) -> str:
    """An id may hold few characters, and not many; any other is replaced by its fingerprint."""
    return violation_id if re.fullmatch(r"[a-zA-Z0-9_.-]{1,200}", violation_id) else f"~{digest(violation_id)}"


def expired(one: Item, horizon: int) -> bool:
    """An expired row may still lie there until Cosmos DB gets to it; it counts as gone."""
    return bool(one.get("expires_at", horizon) < horizon)


def fence_item(account: str, fence: Fence) -> Item:
    return {"id": FENCE, "account": account, **msgspec.to_builtins(fence)}


def in_scans(kind: str, name: str, what: Struct | None = None) -> Item:
    found = msgspec.to_builtins(in_utc(what)) if what else {}
    return found | {"id": name, SCANS.partition: EVERYTHING, "kind": kind}


def open_item(scan: Scan, account: str) -> Item:
    return in_scans(OPEN, f"{OPEN}-{digest(account)}", Opened(scan.number, account))


def scan_id(number: int) -> str:
    return f"{SCAN}-{number_text(number)}"


def gap_item(gap: GapRow) -> Item:
    require_size(encoded(gap), SCAN_LIMIT, f"gap {gap.gap:.200}")
    name = digest(f"{moment(gap.first_seen)} {gap.gap}")
    return in_scans(GAP, f"{GAP}-{name}", gap) | {"open": gap.ended is None}


def place_item(place: Place) -> Item:
    encoded(place)
    name = digest(msgspec.json.encode((place.provider, place.account)).decode())
    return in_scans(PLACE, f"{PLACE}-{name}", place)


def digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def plain(found: Item) -> Item:
    """Without what Cosmos DB adds."""
    return {name: value for name, value in found.items() if not name.startswith("_")}


def is_text(text: str) -> bool:
    """False for half a character, which no row has in its id."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
