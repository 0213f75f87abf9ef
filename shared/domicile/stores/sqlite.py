"""Violations, gaps and scans in one SQLite file, for a laptop or a build server."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

import msgspec

from domicile.errors import Conflict, StoreError, Superseded
from domicile.model import Cell, Change, GapRow, Row, Scan, ScanRow
from domicile.stores import Ledger, Question
from domicile.stores.kept import (
    RESOLVED_ROWS_LIVE,
    ROW_LIMIT,
    SCAN_LIMIT,
    AStruct,
    encoded,
    moment,
    require_size,
)

APPLICATION_ID: Final = 0x444F4D49
SCHEMA_VERSION: Final = 2

SCHEMA: Final = """
CREATE TABLE head (begun INTEGER NOT NULL, claimed INTEGER NOT NULL, settled INTEGER NOT NULL);
INSERT INTO head VALUES (0, 0, 0);

CREATE TABLE scans (number INTEGER PRIMARY KEY, row TEXT NOT NULL);

CREATE TABLE violations (
    violation_id TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    status TEXT NOT NULL,
    severity TEXT NOT NULL,
    rank TEXT NOT NULL,
    rule TEXT NOT NULL,
    account TEXT NOT NULL,
    country TEXT NOT NULL,
    entity TEXT NOT NULL,
    caused_by TEXT NOT NULL,
    dataset_id TEXT NOT NULL,
    last_changed TEXT NOT NULL,
    resolved_at TEXT,
    row TEXT NOT NULL
);
CREATE INDEX open_by_rank ON violations (rank) WHERE status != 'resolved';
CREATE INDEX open_by_severity ON violations (severity, rank) WHERE status != 'resolved';
CREATE INDEX open_by_account ON violations (account, rank) WHERE status != 'resolved';
CREATE INDEX open_by_account_and_rule ON violations (account, rule, rank) WHERE status != 'resolved';
CREATE INDEX open_by_rule ON violations (rule, rank) WHERE status != 'resolved';
CREATE INDEX open_by_country ON violations (country, rank) WHERE status != 'resolved';
CREATE INDEX open_by_entity ON violations (entity, rank) WHERE status != 'resolved';
CREATE INDEX open_by_cause ON violations (caused_by, rank) WHERE status != 'resolved';
CREATE INDEX open_by_dataset ON violations (dataset_id, rank) WHERE status != 'resolved';
CREATE INDEX resolved_by_rank ON violations (rank) WHERE status = 'resolved';
CREATE INDEX resolved_by_time ON violations (resolved_at) WHERE status = 'resolved';
CREATE INDEX changed ON violations (last_changed, rank);

CREATE TABLE history (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    violation_id TEXT NOT NULL,
    scan INTEGER NOT NULL,
    version INTEGER NOT NULL,
    transition TEXT NOT NULL,
    row TEXT NOT NULL,
    UNIQUE (violation_id, scan, version)
);
CREATE TRIGGER history_is_never_rewritten BEFORE UPDATE ON history
BEGIN SELECT RAISE(ABORT, 'history is never rewritten'); END;
CREATE TRIGGER history_is_never_deleted BEFORE DELETE ON history
BEGIN SELECT RAISE(ABORT, 'history is never deleted'); END;

CREATE TABLE gaps (
    gap TEXT NOT NULL,
    first_seen TEXT NOT NULL,
    ended TEXT,
    row TEXT NOT NULL,
    PRIMARY KEY (gap, first_seen)
);
CREATE TABLE places (
    provider TEXT NOT NULL,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    PRIMARY KEY (provider, account, region)
) WITHOUT ROWID;

CREATE INDEX open_gaps ON gaps (gap, first_seen) WHERE ended IS NULL;
"""
NOTICES: Final = """
ALTER TABLE head ADD COLUMN announced INTEGER NOT NULL DEFAULT 0;
ALTER TABLE head ADD COLUMN told_at TEXT;

CREATE TABLE notices (
    scan INTEGER NOT NULL,
    message_id TEXT NOT NULL,
    claimed_at TEXT NOT NULL,
    sent_at TEXT,
    PRIMARY KEY (scan, message_id)
) WITHOUT ROWID;
"""
STEPS: Final = (SCHEMA, NOTICES)
"""How a file gets from each version to the next; a new one takes all the steps."""

COLUMNS: Final = (
    "violation_id",
    "version",
    "status",
    "severity",
    "rank",
    "rule",
    "account",
    "country",
    "entity",
    "caused_by",
    "dataset_id",
    "last_changed",
    "resolved_at",
    "row",
)
WRITE_VIOLATION: Final = (
    f"INSERT INTO violations ({', '.join(COLUMNS)}) VALUES ({', '.join(f':{name}' for name in COLUMNS)})"  # noqa: S608
    f" ON CONFLICT (violation_id) DO UPDATE SET {', '.join(f'{name} = :{name}' for name in COLUMNS[1:])}"
)


class SqliteStore:
    """A store in one file. `patience` is how many seconds to wait for another process to finish writing."""

    def __init__(self, path: str | os.PathLike[str], *, patience: float = 10.0) -> None:
        self.path = Path(path)
        refuse_what_is_not_ours(self.path)
        with self._explained():
            self._connection = sqlite3.connect(self.path, timeout=patience, isolation_level=None)
        try:
            self._prepare()
        except BaseException:
            self._connection.close()
            raise

    def begin(self, started_at: datetime, *, as_of: date, providers: Sequence[str], digests: Mapping[str, str]) -> Scan:
        with self._writing():
            self._connection.execute("UPDATE head SET begun = begun + 1")
            number = self._head("begun")
        return Scan(number=number, started_at=started_at, as_of=as_of, providers=tuple(providers), digests=digests)

    def claim(self, scan: Scan) -> None:
        with self._writing():
            claimed = self._connection.execute(
                "UPDATE head SET claimed = ? WHERE claimed <= ?", (scan.number, scan.number)
            )
            if not claimed.rowcount:
                self._require_head(scan)

    def known(self) -> dict[str, Row]:
        with self._explained():
            answers = self._connection.execute("SELECT row FROM violations WHERE status != 'resolved' ORDER BY rank")
            rows = (self._decoded(text, Row) for (text,) in answers)
            return {row.violation_id: row for row in rows}

    def fetch(self, ids: Iterable[str]) -> dict[str, Row]:
        found: dict[str, Row] = {}
        with self._explained():
            for violation_id in ids:
                answer = self._connection.execute("SELECT row FROM violations WHERE violation_id = ?", (violation_id,))
                for (text,) in answer:
                    found[violation_id] = self._decoded(text, Row)
        return found

    def apply(self, scan: Scan, changes: Iterable[Change]) -> int:
        with self._writing():
            self._require_head(scan)
            return sum(self._write(scan, change) for change in changes)

    def settle(self, scan: Scan, gaps: Iterable[GapRow], row: ScanRow, places: Collection[Cell] = ()) -> None:
        with self._writing():
            self._require_head(scan)
            if self._head("settled") == scan.number:
                return
            for gap in gaps:
                self._connection.execute(
                    "INSERT INTO gaps VALUES (?, ?, ?, ?)"
                    " ON CONFLICT (gap, first_seen) DO UPDATE SET ended = excluded.ended, row = excluded.row",
                    (gap.gap, moment(gap.first_seen), gap.ended and moment(gap.ended), encoded(gap)),
                )
            before = self._places()
            self._connection.executemany(
                "DELETE FROM places WHERE provider = ? AND account = ? AND region = ?",
                [(gone.provider, gone.account, gone.region) for gone in before - set(places)],
            )
            self._connection.executemany(
                "INSERT INTO places VALUES (?, ?, ?)",
                [(new.provider, new.account, new.region) for new in set(places) - before],
            )
            text = encoded(row)
            require_size(text, SCAN_LIMIT, f"scan {scan.number}")
            self._connection.execute("INSERT INTO scans VALUES (?, ?)", (scan.number, text))
            self._connection.execute("UPDATE head SET settled = ?", (scan.number,))
            self._connection.execute(
                "DELETE FROM violations WHERE status = 'resolved' AND resolved_at < ?",
                (moment(row.settled_at - RESOLVED_ROWS_LIVE),),
            )

    def places(self) -> frozenset[Cell]:
        with self._explained():
            return self._places()

    def gaps(self, *, ended: bool = False) -> tuple[GapRow, ...]:
        which = "" if ended else "WHERE ended IS NULL"
        with self._explained():
            answers = self._connection.execute(f"SELECT row FROM gaps {which} ORDER BY gap, first_seen")  # noqa: S608
            return tuple(self._decoded(text, GapRow) for (text,) in answers)

    def last_scan(self) -> ScanRow | None:
        with self._explained():
            answers = self._connection.execute("SELECT row FROM scans WHERE number = (SELECT settled FROM head)")
            return next((self._decoded(text, ScanRow) for (text,) in answers), None)

    def scans(self, *, after: int = 0) -> tuple[ScanRow, ...]:
        with self._explained():
            answers = self._connection.execute("SELECT row FROM scans WHERE number > ? ORDER BY number", (after,))
            return tuple(self._decoded(text, ScanRow) for (text,) in answers)

    def ledger(self) -> Ledger:
        with self._explained():
            [announced, told_at] = self._connection.execute("SELECT announced, told_at FROM head").fetchone()
        return Ledger(announced, told_at and datetime.fromisoformat(told_at).replace(tzinfo=UTC))

    def claim_notice(self, scan: Scan, message_id: str, at: datetime) -> bool:
        with self._writing():
            claimed = self._connection.execute(
                "INSERT INTO notices VALUES (?, ?, ?, NULL)"
                " ON CONFLICT (scan, message_id) DO UPDATE SET claimed_at = excluded.claimed_at WHERE sent_at IS NULL",
                (scan.number, message_id, moment(at)),
            )
            return claimed.rowcount > 0

    def mark_notice(self, scan: Scan, message_id: str, at: datetime) -> None:
        with self._writing():
            self._connection.execute(
                "UPDATE notices SET sent_at = ? WHERE scan = ? AND message_id = ? AND sent_at IS NULL",
                (moment(at), scan.number, message_id),
            )
            self._connection.execute("UPDATE head SET told_at = max(coalesce(told_at, ''), ?)", (moment(at),))

    def announce(self, scan: Scan) -> None:
        with self._writing():
            self._connection.execute("UPDATE head SET announced = max(announced, ?)", (scan.number,))

    def ask(self, question: Question) -> tuple[Row, ...]:
        if not question.is_text():
            return ()
        statement, values = query(question)
        with self._explained():
            answers = self._connection.execute(statement, values)
            return tuple(self._decoded(text, Row) for (text, *_) in answers)

    def history(self, violation_id: str) -> tuple[tuple[str, Row], ...]:
        with self._explained():
            answers = self._connection.execute(
                "SELECT transition, row FROM history WHERE violation_id = ? ORDER BY sequence", (violation_id,)
            )
            return tuple((transition, self._decoded(text, Row)) for transition, text in answers)

    def close(self) -> None:
        self._connection.close()

    def _prepare(self) -> None:
        if self._schema() < SCHEMA_VERSION:
            with self._writing():
                # Another process may have been first, between the question and the lock.
                for step in STEPS[self._schema() :]:
                    for statement in statements(step):
                        self._connection.execute(statement)
                self._connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                self._connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        # Only after the schema is there, so that a file's first page always tells whose it is. If another process
        # holds the file just now, the next one to open it changes the mode.
        with self._explained(), suppress(sqlite3.OperationalError):
            self._connection.execute("PRAGMA journal_mode = WAL")

    def _schema(self) -> int:
        with self._explained():
            [version] = self._connection.execute("PRAGMA user_version").fetchone()
        if version > SCHEMA_VERSION:
            raise StoreError(
                f"{self.path} was written by a newer domicile (schema {version}, this one knows {SCHEMA_VERSION});"
                " upgrade domicile, or name another file"
            )
        return int(version)

    def _write(self, scan: Scan, change: Change) -> bool:
        row = change.row
        if row.version != change.replaces + 1:
            raise StoreError(f"row {row.violation_id} has version {row.version} but replaces {change.replaces}")
        ours = self._connection.execute(
            "SELECT 1 FROM history WHERE violation_id = ? AND scan = ? AND version = ?",
            (row.violation_id, scan.number, row.version),
        )
        if ours.fetchone():
            return False
        stored = self._connection.execute(
            "SELECT version FROM violations WHERE violation_id = ?", (row.violation_id,)
        ).fetchone()
        version = stored[0] if stored else 0
        if version != change.replaces:
            raise Conflict(f"row {row.violation_id} is at version {version}, not {change.replaces}; scan again")
        text = encoded(row)
        require_size(text, ROW_LIMIT, f"row {row.violation_id}")
        values = {name: getattr(row, name) for name in COLUMNS if name != "row"} | {
            "last_changed": moment(row.last_changed),
            "resolved_at": row.resolved_at and moment(row.resolved_at),
            "row": text,
        }
        self._connection.execute(WRITE_VIOLATION, values)
        self._connection.execute(
            "INSERT INTO history (violation_id, scan, version, transition, row) VALUES (?, ?, ?, ?, ?)",
            (row.violation_id, scan.number, row.version, change.transition, text),
        )
        return True

    def _places(self) -> frozenset[Cell]:
        return frozenset(Cell(*place) for place in self._connection.execute("SELECT * FROM places"))

    def _head(self, name: str) -> int:
        [number] = self._connection.execute(f"SELECT {name} FROM head").fetchone()  # noqa: S608
        return int(number)

    def _require_head(self, scan: Scan) -> None:
        claimed = self._head("claimed")
        if claimed != scan.number:
            raise Superseded(f"scan {scan.number} writes nothing more: scan {claimed} has the store")

    def _decoded(self, text: str, kind: type[AStruct]) -> AStruct:
        try:
            return msgspec.json.decode(text, type=kind)
        except msgspec.MsgspecError as broken:
            raise StoreError(f"{self.path} holds a damaged record: {broken}") from broken

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with self._explained():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StoreError(f"{self.path} {explanation(error)}") from error


def refuse_what_is_not_ours(path: Path) -> None:
    """Looks at the first page without opening the file as a database, which could already change it."""
    try:
        if path.is_dir():
            raise StoreError(f"{path} is a directory; name a file in it")
        if not path.parent.is_dir():
            raise StoreError(f"{path} cannot be created: {path.parent} is not a directory")
        # SQLite also writes its journal, a file beside the store.
        if not os.access(path.parent, os.W_OK) or (path.exists() and not os.access(path, os.W_OK)):
            raise StoreError(f"{path} cannot be written; name a file in a directory you may write to")
        if not path.exists():
            return
        if not path.is_file():
            raise StoreError(f"{path} is not a file; name another one")
        with path.open("rb") as file:
            header = file.read(100)
    except OSError as error:
        raise StoreError(f"{path} cannot be used: {error.strerror}") from error
    if header and not header.startswith(b"SQLite format 3\0"):
        raise StoreError(f"{path} is not a store of domicile but some other file; name another one")
    if header and int.from_bytes(header[68:72], "big") != APPLICATION_ID:
        raise StoreError(f"{path} is an SQLite file of another program; name another one")


def query(question: Question) -> tuple[str, list[str | int]]:
    """One SELECT per half of the table that is asked for, so that each finds its own partial index."""
    wanted = question.fields()
    conditions = [f"{name} = ?" for name in wanted]
    values: list[str | int] = list(wanted.values())
    halves = {
        "status != 'resolved'": [status for status in question.statuses if status != "resolved"],
        "status = 'resolved'": [status for status in question.statuses if status == "resolved"],
    }
    if not question.statuses:
        halves = {"status != 'resolved'": []}
    order = "rank"
    if question.changed_on:
        order = "last_changed, rank"
        conditions.append("last_changed BETWEEN ? AND ?")
        values += [f"{question.changed_on}T00:00:00.000000", f"{question.changed_on}T23:59:59.999999"]
        halves = {"1": list(question.statuses)}

    selects, parameters = [], []
    for half, statuses in halves.items():
        if question.statuses and not statuses:
            continue
        among = [f"status IN ({', '.join('?' * len(statuses))})"] if statuses else []
        where = " AND ".join([half, *conditions, *among])
        selects.append(f"SELECT row, last_changed, rank FROM violations WHERE {where}")  # noqa: S608
        parameters += [*values, *statuses]
    statement = f"{' UNION ALL '.join(selects)} ORDER BY {order} LIMIT ?"
    return statement, [*parameters, question.limit or -1]


def statements(script: str) -> Iterator[str]:
    """One at a time, because running a whole script would end the transaction it belongs to."""
    statement = ""
    for line in script.splitlines():
        statement += line + "\n"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def explanation(error: sqlite3.Error) -> str:
    # The low byte is the kind of failure, the rest says more exactly where.
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return "is being written by another process; try again when it has finished"
        case sqlite3.SQLITE_FULL:
            return "cannot grow: the disk is full"
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM | sqlite3.SQLITE_AUTH:
            return "cannot be written; name a file in a directory you may write to"
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return "is damaged; restore it from a backup, or name another file"
        case _:
            return f"cannot be used: {error}"
