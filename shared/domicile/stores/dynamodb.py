"""Violations, gaps and scans in three DynamoDB tables, which the deployment makes and `dynamodb_tables` describes.

Whatever a scan writes is written on the condition, in the same transaction, that the head is still its own. Indexes
lag by moments: `known` takes ids from one and reads the rows themselves. A row too fresh to be there yet is found by
the id of its finding, or else by the next scan.
"""

from __future__ import annotations

import hashlib
import math
import re
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from heapq import merge
from itertools import islice
from typing import Any, Final, Self
from urllib.parse import parse_qsl, urlsplit

import botocore.session
import msgspec
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
)
from botocore.exceptions import (
    ConnectionError as NoConnectionError,
)
from msgspec import Struct
from msgspec.structs import replace

from domicile.errors import Conflict, StoreError, Superseded, UsageError
from domicile.model import SEVERITIES, Cell, Change, GapRow, Row, Scan, ScanRow
from domicile.stores import Ledger, Question
from domicile.stores.dynamodb_tables import (
    CHANGED_ON,
    EXPIRES_AT,
    HISTORY,
    OPEN_INDEXES,
    RESOLVED,
    SCANS,
    SCHEMA,
    VIOLATIONS,
    Index,
    Table,
)
from domicile.stores.kept import (
    RESOLVED_ROWS_LIVE,
    SCAN_LIMIT,
    AStruct,
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

Item = dict[str, Any]
"""An item of a table, or a write to one, as DynamoDB spells it."""

TRIES: Final = 10
ROWS_AT_ONCE: Final = 49
"""A transaction takes a hundred items: the head, and for each change its row and its history."""
WRITES_AT_ONCE: Final = 99
BYTES_AT_ONCE: Final = 3_000_000
BYTES_OF_A_PIECE: Final = 200_000
KEYS_AT_ONCE: Final = 100
KEY_BYTES: Final = 1000

# Worth another try: a transaction met another one, or the table is growing into its load.
PASSING: Final = frozenset({"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})
THROTTLED: Final = frozenset(
    {"ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException", "Throttling"}
)
NO_CREDENTIALS: Final = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "UnrecognizedClientException",
    }
)
# By the most telling first: of several that are asked for, one index is used and the rest filtered.
CHOICE: Final = ("dataset_id", "caused_by", "account_rule", "account", "rule", "entity", "country", "severity")

OPEN_GAP: Final = "open-gap"
ENDED_GAP: Final = "ended-gap"
PLACE: Final = "place"
SCAN: Final = "scan"
NOTICE: Final = "notice"
JOURNAL: Final = "journal"
HEAD: Final = {"kind": {"S": "head"}, "name": {"S": "head"}}


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


class DynamoStore:
    """A store in the tables of one name. `pause` waits so many seconds."""

    def __init__(self, table: str, client: Any, *, pause: Callable[[float], None] = time.sleep) -> None:
        self.table = table
        self._client = client
        self._pause = pause
        schema = self._head().schema
        require_schema(self, schema, SCHEMA)

    @classmethod
    def of(cls, url: str) -> Self:
        """The store behind `dynamodb://TABLE?region=…&profile=…`."""
        parts = urlsplit(url)
        asked = dict(parse_qsl(parts.query, keep_blank_values=True))
        if not re.fullmatch(r"[a-zA-Z0-9_.-]{3,247}", parts.netloc) or parts.path or parts.fragment:
            raise UsageError(f"not the URL of a DynamoDB table: {url!r}; write dynamodb://TABLE?region=REGION")
        if odd := asked.keys() - {"region", "profile"}:
            raise UsageError(f"a DynamoDB table is found by region and profile, not by {', '.join(sorted(odd))}")
        session = botocore.session.Session(profile=asked.get("profile") or None)
        try:
            session.get_scoped_config()
        except ProfileNotFound as error:
            raise UsageError(f"dynamodb://{parts.netloc}: {error}") from error
        region = asked.get("region") or session.get_config_variable("region")
        if not region:
            raise UsageError(f"say in which region the table lies: dynamodb://{parts.netloc}?region=REGION")
        try:
            client = session.create_client(
                "dynamodb", region_name=region, config=Config(retries={"mode": "standard", "max_attempts": 8})
            )
        except (BotoCoreError, ValueError) as error:
            raise UsageError(f"dynamodb://{parts.netloc} cannot be used: {error}") from error
        return cls(parts.netloc, client)

    def __str__(self) -> str:
        return f"dynamodb://{self.table}?region={self._client.meta.region_name}"

    def begin(self, started_at: datetime, *, as_of: date, providers: Sequence[str], digests: Mapping[str, str]) -> Scan:
        update = "SET #schema = if_not_exists(#schema, :schema) ADD #begun :one"
        values = {"schema": SCHEMA, "one": 1}
        with self._explained():
            answer = self._client.update_item(
                TableName=SCANS.name(self.table),
                Key=HEAD,
                ReturnValues="UPDATED_NEW",
                **terms(values, UpdateExpression=update),
            )
        number = int(answer["Attributes"]["begun"]["N"])
        return Scan(number=number, started_at=started_at, as_of=as_of, providers=tuple(providers), digests=digests)

    def claim(self, scan: Scan) -> None:
        condition = "attribute_not_exists(#claimed) OR #claimed <= :scan"
        if not self._update(self._update_head("SET #claimed = :scan", condition, {"scan": scan.number})):
            self._require_head(scan)

    def known(self) -> dict[str, Row]:
        by_severity = OPEN_INDEXES["severity"]
        ids = (
            one["violation_id"]
            for severity in SEVERITIES
            for one in self._query(
                VIOLATIONS,
                {"key": severity},
                f"#{by_severity.partition} = :key",
                index=by_severity,
                only=("violation_id",),
            )
        )
        rows = sorted(self.fetch(ids).values(), key=lambda row: row.rank)
        return {row.violation_id: row for row in rows if row.status != "resolved"}

    def fetch(self, ids: Iterable[str]) -> dict[str, Row]:
        keys = ({"violation_id": {"S": one}} for one in dict.fromkeys(ids) if may_be_key(one))
        return {row.violation_id: row for row in self._rows(self._get(VIOLATIONS, keys))}

    def apply(self, scan: Scan, changes: Iterable[Change]) -> int:
        head = self._require_head(scan)
        return sum(self._write(scan, some, head.horizon) for some in changes_at_once(changes, ROWS_AT_ONCE))

    def settle(self, scan: Scan, gaps: Iterable[GapRow], row: ScanRow, places: Collection[Cell] = ()) -> None:
        require_size(encoded(row), SCAN_LIMIT, f"scan {scan.number}")
        put_row = self._put(SCANS, item_of(row) | item({"kind": SCAN, "name": number_text(scan.number)}))
        put_gaps = self._gap_writes(gaps)
        for _ in range(TRIES):
            head = self._require_head(scan)
            self._finish(head)
            if head.settled == scan.number:
                return
            journal, pieces = self._keep_journal(scan, [*put_gaps, *self._place_writes(places)])
            move = self._update_head(
                "SET #settled = :scan, #horizon = :horizon, #pending = :journal, #pieces = :pieces",
                "#claimed = :scan AND (attribute_not_exists(#settled) OR #settled < :scan)"
                " AND (attribute_not_exists(#pending) OR #pending = :none)",
                {
                    "scan": scan.number,
                    "horizon": math.floor(row.settled_at.timestamp()),
                    "journal": journal,
                    "pieces": pieces,
                    "none": "",
                },
            )
            if self._transact([{"Update": move}, put_row]):
                self._finish(replace(head, settled=scan.number, pending=journal, pieces=pieces))
                return
        raise busy(self)

    def places(self) -> frozenset[Cell]:
        return frozenset(
            Cell(place.provider, place.account, region)
            for place in self._settled(PLACE, as_type=Place)
            for region in place.regions
        )

    def gaps(self, *, ended: bool = False) -> tuple[GapRow, ...]:
        found = self._settled(OPEN_GAP, *([ENDED_GAP] if ended else []), as_type=GapRow)
        return tuple(sorted(found, key=lambda gap: (gap.gap, gap.first_seen)))

    def last_scan(self) -> ScanRow | None:
        return next(iter(self.scans(after=self._head().settled - 1)), None)

    def scans(self, *, after: int = 0) -> tuple[ScanRow, ...]:
        condition = "#kind = :kind AND #name > :after"
        found = self._query(SCANS, {"kind": SCAN, "after": number_text(max(after, 0))}, condition, consistent=True)
        return tuple(decoded(self, one, ScanRow) for one in found)

    def ledger(self) -> Ledger:
        head = self._head()
        return Ledger(head.announced, head.told_at)

    def claim_notice(self, scan: Scan, message_id: str, at: datetime) -> bool:
        return self._update(
            {"TableName": SCANS.name(self.table), "Key": notice_key(scan, message_id)}
            | terms(
                {"at": f"{moment(at)}Z"},
                UpdateExpression="SET #claimed_at = :at",
                ConditionExpression="attribute_not_exists(#sent_at)",
            )
        )

    def mark_notice(self, scan: Scan, message_id: str, at: datetime) -> None:
        # The head first: after a crash in between, the notice is sent and marked again.
        time = f"{moment(at)}Z"
        self._update(
            self._update_head("SET #told_at = :at", "attribute_not_exists(#told_at) OR #told_at < :at", {"at": time})
        )
        self._update(
            {"TableName": SCANS.name(self.table), "Key": notice_key(scan, message_id)}
            | terms({"at": time}, UpdateExpression="SET #sent_at = if_not_exists(#sent_at, :at)")
        )

    def announce(self, scan: Scan) -> None:
        self._update(
            self._update_head(
                "SET #announced = :scan",
                "attribute_not_exists(#announced) OR #announced < :scan",
                {"scan": scan.number},
            )
        )

    def ask(self, question: Question) -> tuple[Row, ...]:
        return tuple(islice(self._answers(question), question.limit or None)) if question.is_text() else ()

    def history(self, violation_id: str) -> tuple[tuple[str, Row], ...]:
        if not may_be_key(violation_id):
            return ()
        found = self._query(HISTORY, {"id": violation_id}, "#violation_id = :id", consistent=True)
        return tuple((one["transition"], self._row(one)) for one in found)

    def close(self) -> None:
        self._client.close()

    # Rows

    def _write(self, scan: Scan, changes: list[Change], horizon: int) -> int:
        """Write what this scan has not written before, all of it or nothing."""
        for _ in range(TRIES):
            if not changes:
                return 0
            writes = [write for change in changes for write in self._row_writes(scan, change, horizon)]
            if self._transact([self._check_head("#claimed = :scan", {"scan": scan.number}), *writes]):
                return len(changes)
            self._require_head(scan)
            keys = {history_key(scan, change): change for change in changes}
            ours = {
                (one["violation_id"], one["scan_version"])
                for one in self._get(HISTORY, (key_of(HISTORY, *key) for key in keys))
            }
            changes = [change for key, change in keys.items() if key not in ours]
            stored = self.fetch(change.row.violation_id for change in changes)
            for change in changes:
                row = stored.get(change.row.violation_id)
                version = row.version if row else 0
                if version != change.replaces:
                    raise Conflict(
                        f"row {change.row.violation_id} is at version {version}, not {change.replaces}; scan again"
                    )
        raise busy(self)

    def _row_writes(self, scan: Scan, change: Change, horizon: int) -> Iterator[Item]:
        """The row, at the version it replaces, and its line in the history. An expired row may still lie there until
        DynamoDB gets to it; it counts as gone."""
        row = item_of(change.row)
        if change.replaces:
            condition = f"#version = :replaces AND (attribute_not_exists(#{EXPIRES_AT}) OR #{EXPIRES_AT} >= :horizon)"
            values = {"replaces": change.replaces, "horizon": horizon}
        else:
            condition = f"attribute_not_exists(#violation_id) OR #{EXPIRES_AT} < :horizon"
            values = {"horizon": horizon}
        yield self._put(VIOLATIONS, row | item(index_attributes(change.row)), condition, values)
        _, scan_version = history_key(scan, change)
        line = row | item({"scan_version": scan_version, "transition": change.transition})
        yield self._put(HISTORY, line, "attribute_not_exists(#violation_id)")

    def _rows(self, found: Iterable[Item]) -> Iterator[Row]:
        """The rows among items; what has expired and still lies there is left out."""
        horizon = None
        for one in found:
            if EXPIRES_AT in one:
                horizon = self._head().horizon if horizon is None else horizon
                if one[EXPIRES_AT] < horizon:
                    continue
            yield self._row(one)

    def _row(self, found: Item) -> Row:
        return decoded(self, dict.fromkeys(Row.__struct_fields__) | found, Row)

    def _answers(self, question: Question) -> Iterator[Row]:
        fields, statuses = question.fields(), tuple(dict.fromkeys(question.statuses))
        if question.changed_on:
            return self._indexed(CHANGED_ON, [str(question.changed_on)], fields, statuses, question.limit)
        halves = []
        standing = tuple(one for one in statuses if one != "resolved")
        if standing or not statuses:
            asked = fields
            if {"account", "rule"} <= fields.keys():
                asked = fields | {"account_rule": account_rule(fields["account"], fields["rule"])}
            chosen = next((name for name in CHOICE if name in asked), "severity")
            # Without any condition, the worst first: their ranks begin with their severity's place.
            keys = [asked[chosen]] if chosen in asked else list(SEVERITIES)
            halves.append(self._indexed(OPEN_INDEXES[chosen], keys, fields, standing, question.limit))
        if "resolved" in statuses:
            severities = [fields["severity"]] if "severity" in fields else list(SEVERITIES)
            halves.append(self._indexed(RESOLVED, severities, fields, (), question.limit))
        return merge(*halves, key=lambda row: row.rank)

    def _indexed(
        self, index: Index, keys: Sequence[str], fields: Mapping[str, str], statuses: Sequence[str], limit: int
    ) -> Iterator[Row]:
        """What an index holds under these keys, one after the other, as far as all else that is asked for holds too."""
        among = {f"status{number}": status for number, status in enumerate(statuses)}
        conditions = [f"#{name} = :{name}" for name in fields]
        if among:
            conditions.append(f"#status IN ({', '.join(f':{name}' for name in among)})")
        for key in keys:
            found = self._query(
                VIOLATIONS,
                {"key": short(key), **fields, **among},
                f"#{index.partition} = :key",
                index=index,
                filtered=" AND ".join(conditions),
                limit=limit,
            )
            yield from self._rows(found)

    # What changes when a scan settles

    def _gap_writes(self, gaps: Iterable[GapRow]) -> list[Item]:
        """A gap moves from the open ones to the ended ones, or back."""
        writes: dict[str, list[Item]] = {}
        for gap in gaps:
            name = short(f"{moment(gap.first_seen)} {gap.gap}")
            require_size(encoded(gap), SCAN_LIMIT, f"gap {gap.gap:.200}")
            there, elsewhere = (ENDED_GAP, OPEN_GAP) if gap.ended else (OPEN_GAP, ENDED_GAP)
            writes[name] = [
                self._put(SCANS, item_of(gap) | item({"kind": there, "name": name})),
                self._delete(SCANS, elsewhere, name),
            ]
        return [write for both in writes.values() for write in both]

    def _place_writes(self, places: Collection[Cell]) -> list[Item]:
        before = {(one.provider, one.account): one for one in self._settled(PLACE, as_type=Place)}
        regions: dict[tuple[str, str], set[str]] = defaultdict(set)
        for cell in places:
            regions[cell.provider, cell.account].add(cell.region)
        now = {key: Place(*key, regions=tuple(sorted(names))) for key, names in regions.items()}
        return [
            *(
                self._put(SCANS, item_of(place) | item({"kind": PLACE, "name": place_name(*key)}))
                for key, place in now.items()
                if before.get(key) != place
            ),
            *(self._delete(SCANS, PLACE, place_name(*key)) for key in before.keys() - now.keys()),
        ]

    def _keep_journal(self, scan: Scan, writes: list[Item]) -> tuple[str, int]:
        """Keep what is to be written once the head has moved. A delivery has a journal of its own, so that two of
        them never mix."""
        if not writes:
            return "", 0
        journal = f"{number_text(scan.number)} {uuid.uuid4().hex}"
        mine = self._check_head("#claimed = :scan", {"scan": scan.number})
        pieces = 0
        for pieces, some in enumerate(writes_at_once(writes, len(writes), BYTES_OF_A_PIECE), 1):
            piece = {"kind": JOURNAL, "name": f"{journal} {pieces:06}", "writes": msgspec.json.encode(some).decode()}
            if not self._transact([mine, self._put(SCANS, item(piece))]):
                self._require_head(scan)
        return journal, pieces

    def _journal(self, head: Head) -> list[Item] | None:
        """The writes that a settled scan left to be done; None when somebody has done them meanwhile."""
        if not head.pending:
            return []
        values = {"kind": JOURNAL, "name": f"{head.pending} "}
        found = list(self._query(SCANS, values, "#kind = :kind AND begins_with(#name, :name)", consistent=True))
        if len(found) < head.pieces:
            return None
        return [write for one in found for write in msgspec.json.decode(one["writes"], type=list[Item])]

    def _finish(self, head: Head) -> None:
        """Do what a settled scan left to be done. Whoever comes first does it, and nobody twice."""
        writes = self._journal(head)
        if not writes:
            return
        still = self._check_head("#pending = :pending", {"pending": head.pending})
        for some in writes_at_once(writes, WRITES_AT_ONCE, BYTES_AT_ONCE):
            if not self._transact([still, *some]):
                return
        values = {"pending": head.pending, "none": ""}
        if self._update(self._update_head("SET #pending = :none", "#pending = :pending", values)):
            self._tidy(head.settled)

    def _tidy(self, settled: int) -> None:
        """Delete journals that nobody will read again."""
        after = number_text(settled + 1)
        old = self._query(
            SCANS, {"kind": JOURNAL, "after": after}, "#kind = :kind AND #name < :after", only=("kind", "name")
        )
        for one in old:
            with self._explained():
                self._client.delete_item(TableName=SCANS.name(self.table), Key=item(one))

    def _settled(self, *kinds: str, as_type: type[AStruct]) -> list[AStruct]:
        """What the last settled scan left behind of these kinds, also while it is still being written."""
        for _ in range(TRIES):
            head = self._head()
            found = {
                (kind, one["name"]): one
                for kind in kinds
                for one in self._query(SCANS, {"kind": kind}, "#kind = :kind", consistent=True)
            }
            writes = self._journal(head)
            after = self._head()
            if writes is None or (head.settled, head.pending) != (after.settled, after.pending):
                continue
            for write in writes:
                [(operation, what)] = write.items()
                one = plain_item(what["Item"] if operation == "Put" else what["Key"])
                if operation == "Put" and one["kind"] in kinds:
                    found[one["kind"], one["name"]] = one
                elif operation == "Delete":
                    found.pop((one["kind"], one["name"]), None)
            return [decoded(self, one, as_type) for one in found.values()]
        raise busy(self)

    # The head

    def _head(self) -> Head:
        with self._explained():
            answer = self._client.get_item(TableName=SCANS.name(self.table), Key=HEAD, ConsistentRead=True)
        return decoded(self, plain_item(answer.get("Item", {})), Head)

    def _require_head(self, scan: Scan) -> Head:
        head = self._head()
        if head.claimed != scan.number:
            raise Superseded(f"scan {scan.number} writes nothing more: scan {head.claimed} has the store")
        return head

    def _check_head(self, condition: str, values: Mapping[str, Any]) -> Item:
        place = {"TableName": SCANS.name(self.table), "Key": HEAD}
        return {"ConditionCheck": place | terms(values, ConditionExpression=condition)}

    def _update_head(self, update: str, condition: str, values: Mapping[str, Any]) -> Item:
        place = {"TableName": SCANS.name(self.table), "Key": HEAD}
        return place | terms(values, UpdateExpression=update, ConditionExpression=condition)

    # Calls

    def _put(self, table: Table, what: Item, condition: str = "", values: Mapping[str, Any] = {}) -> Item:
        conditions = terms(values, ConditionExpression=condition) if condition else {}
        return {"Put": {"TableName": table.name(self.table), "Item": what} | conditions}

    def _delete(self, table: Table, *key: str) -> Item:
        return {"Delete": {"TableName": table.name(self.table), "Key": key_of(table, *key)}}

    def _update(self, update: Item) -> bool:
        """False when its condition does not hold."""
        with self._explained():
            try:
                self._client.update_item(**update)
            except self._client.exceptions.ConditionalCheckFailedException:
                return False
        return True

    def _transact(self, writes: list[Item]) -> bool:
        """Write all or nothing; False when a condition does not hold."""
        for tried in range(TRIES):
            with self._explained():
                try:
                    self._client.transact_write_items(TransactItems=writes)
                except self._client.exceptions.TransactionCanceledException as error:
                    reasons = {one.get("Code", "None") for one in error.response.get("CancellationReasons", ())}
                    if "ConditionalCheckFailed" in reasons:
                        return False
                    if not reasons & PASSING or reasons - PASSING - {"None"}:
                        raise
                except self._client.exceptions.TransactionInProgressException:
                    pass
                else:
                    return True
            self._pause(pause_before(tried))
        raise busy(self)

    def _get(self, table: Table, keys: Iterable[Item]) -> Iterator[Item]:
        """Items by key, as they are at this moment."""
        name, rest = table.name(self.table), iter(keys)
        while some := list(islice(rest, KEYS_AT_ONCE)):
            left, tried = {name: {"Keys": some, "ConsistentRead": True}}, 0
            while left:
                with self._explained():
                    answer = self._client.batch_get_item(RequestItems=left)
                found = answer["Responses"].get(name, [])
                yield from map(plain_item, found)
                left = answer.get("UnprocessedKeys", {})
                if found or not left:
                    tried = 0
                elif tried == TRIES:
                    raise busy(self)
                else:
                    self._pause(pause_before(tried))
                    tried += 1

    def _query(
        self,
        table: Table,
        values: Mapping[str, Any],
        condition: str,
        *,
        index: Index | None = None,
        filtered: str = "",
        only: Sequence[str] = (),
        limit: int = 0,
        consistent: bool = False,
    ) -> Iterator[Item]:
        parameters: dict[str, Any] = {"TableName": table.name(self.table)}
        expressions = {"KeyConditionExpression": condition}
        if index:
            parameters["IndexName"] = index.name
        if consistent:
            parameters["ConsistentRead"] = True
        if filtered:
            expressions["FilterExpression"] = filtered
        elif limit:
            parameters["PaginationConfig"] = {"PageSize": min(limit, 1000)}
        if only:
            expressions["ProjectionExpression"] = ", ".join(f"#{name}" for name in only)
        pages = iter(self._client.get_paginator("query").paginate(**parameters, **terms(values, **expressions)))
        while True:
            with self._explained():
                page = next(pages, None)
            if page is None:
                return
            yield from map(plain_item, page["Items"])

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except ClientError as error:
            raise StoreError(f"{self} {explanation(error, self.table)}") from error
        except (
            NoCredentialsError,
            PartialCredentialsError,
            CredentialRetrievalError,
            TokenRetrievalError,
            SSOError,
        ) as error:
            raise StoreError(f"{self} cannot be opened without credentials: {sentence(error)}") from error
        except (NoConnectionError, HTTPClientError) as error:
            raise StoreError(f"{self} cannot be reached: {sentence(error)}") from error
        except BotoCoreError as error:
            raise StoreError(f"{self} cannot be used: {sentence(error)}") from error


def explanation(error: ClientError, table: str) -> str:
    code, message = error.response["Error"].get("Code", ""), sentence(error.response["Error"].get("Message", ""))
    if code == "ResourceNotFoundException":
        names = ", ".join(one.name(table) for one in (VIOLATIONS, HISTORY, SCANS))
        return f"is not there, or not all of it ({names}): deploy it first, or name another table or region"
    if code == "AccessDeniedException":
        return f"may not be used with these credentials: {message}"
    if code in NO_CREDENTIALS:
        return f"does not accept these credentials: {message}"
    if code in THROTTLED:
        return f"is busy; try again later: {message}"
    if "specified index" in message:
        return f"lacks an index, as tables of another version do; upgrade its deployment: {message}"
    return f"cannot be used: {code}: {message}"


def sentence(message: object) -> str:
    """What somebody else wrote, on one line."""
    return " ".join(str(message).split())


def writes_at_once(writes: Iterable[Item], count: int, size: int) -> Iterator[list[Item]]:
    """At most `count` together, and about `size` bytes."""
    some: list[Item] = []
    bytes_of_some = 0
    for write in writes:
        length = len(msgspec.json.encode(write))
        if some and (len(some) == count or bytes_of_some + length > size):
            yield some
            some, bytes_of_some = [], 0
        some.append(write)
        bytes_of_some += length
    if some:
        yield some


def index_attributes(row: Row) -> dict[str, str | int]:
    """What ties a row to the questions it answers. An empty text cannot be a key: the row is not in that index."""
    found: dict[str, str | int] = {
        CHANGED_ON.partition: str(row.last_changed.astimezone(UTC).date()),
        CHANGED_ON.sort: f"{moment(row.last_changed)} {row.rank}",
    }
    if row.status == "resolved":
        found[RESOLVED.partition] = row.severity
        if row.resolved_at:
            found[EXPIRES_AT] = math.ceil((row.resolved_at + RESOLVED_ROWS_LIVE).timestamp())
        return found
    for name, index in OPEN_INDEXES.items():
        if name == "account_rule":
            value = account_rule(row.account, row.rule) if row.account and row.rule else ""
        else:
            value = getattr(row, name)
        if value:
            found[index.partition] = short(value)
    return found


def account_rule(account: str, rule: str) -> str:
    return f"{account}#{rule}"


def history_key(scan: Scan, change: Change) -> tuple[str, str]:
    return change.row.violation_id, f"{number_text(scan.number)} {change.row.version:06}"


def notice_key(scan: Scan, message_id: str) -> Item:
    return key_of(SCANS, NOTICE, short(f"{number_text(scan.number)} {message_id}"))


def place_name(provider: str, account: str) -> str:
    return short(msgspec.json.encode((provider, account)).decode())


def short(text: str) -> str:
    """A text that may be a key, which has a limited length; a longer one ends in its fingerprint."""
    if len(text.encode()) <= KEY_BYTES:
        return text
    return f"{text[:200]}…{hashlib.sha256(text.encode()).hexdigest()}"


def may_be_key(text: str) -> bool:
    """Whether a row could have this id."""
    try:
        return 0 < len(text.encode()) <= KEY_BYTES
    except UnicodeEncodeError:
        return False


def terms(values: Mapping[str, Any], **expressions: str) -> Item:
    """Expressions with `#name` and `:value` in them, with what these stand for: no text ever becomes part of one."""
    names = {name: name[1:] for text in expressions.values() for name in re.findall(r"#\w+", text)}
    given = {"ExpressionAttributeValues": {f":{name}": attribute(value) for name, value in values.items()}}
    return {**expressions, "ExpressionAttributeNames": names, **(given if values else {})}


def key_of(table: Table, *values: str) -> Item:
    return item(dict(zip((table.partition, table.sort), values, strict=False)))


def item_of(struct: Struct) -> Item:
    return item(msgspec.to_builtins(in_utc(struct)))


def item(values: Mapping[str, Any]) -> Item:
    """What is None is left out, so that `attribute_exists` says what people expect."""
    return {name: attribute(value) for name, value in values.items() if value is not None}


def attribute(value: Any) -> Item:
    match value:
        case str():
            return {"S": value}
        case bool():
            return {"BOOL": value}
        case int() | float():
            return {"N": str(value)}
        case list() | tuple():
            return {"L": [attribute(one) for one in value]}
        case dict():
            return {"M": item(value)}
    raise TypeError(f"{type(value).__name__} has no place in a table")


def plain_item(found: Item) -> Item:
    return {name: plain(value) for name, value in found.items()}


def plain(value: Item) -> Any:
    [(kind, content)] = value.items()
    match kind:
        case "N":
            return int(content) if re.fullmatch(r"-?\d+", content) else float(content)
        case "L":
            return [plain(one) for one in content]
        case "M":
            return plain_item(content)
        case "NULL":
            return None
    return content
