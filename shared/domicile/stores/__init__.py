"""Where violations live: one interface, one module per technology."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

from msgspec import Struct

from domicile.errors import UsageError
from domicile.model import Cell, Change, GapRow, Row, Scan, ScanRow


class Question(Struct, frozen=True, kw_only=True):
    """Which rows are asked for; everything given must hold. Answers come worst first, then oldest, then by id.

    `statuses` empty means all that are not resolved. With `changed_on` (the UTC day of a row's last change) it means
    all, since what was resolved that day changed too, and answers come in the order of change.
    """

    statuses: tuple[str, ...] = ()
    severity: str = ""
    rule: str = ""
    account: str = ""
    country: str = ""
    entity: str = ""
    caused_by: str = ""
    dataset: str = ""
    changed_on: date | None = None
    limit: int = 0

    def fields(self) -> dict[str, str]:
        """What the fields of a row must be, statuses aside."""
        asked = {
            "severity": self.severity,
            "rule": self.rule,
            "account": self.account,
            "country": self.country,
            "entity": self.entity,
            "caused_by": self.caused_by,
            "dataset_id": self.dataset,
        }
        return {name: value for name, value in asked.items() if value}

    def is_text(self) -> bool:
        """False when it asks for half a character, as a broken file name has it: no store holds that."""
        try:
            "".join((*self.statuses, *self.fields().values())).encode()
        except UnicodeEncodeError:
            return False
        return True


class Ledger(Struct, frozen=True):
    """What people have been told: `announced` is the newest scan all of whose notices are out (0: none yet), `told_at`
    when the newest notice went out."""

    announced: int = 0
    told_at: datetime | None = None


class Store(Protocol):
    """A place for violations, gaps and scans.

    Numbers order scans. A scan settles in three steps: `claim` (the head is this scan's from now on, unless a
    newer one has claimed it), `apply` in any number of calls, `settle` (the head moves, the scan row is there).
    Each step may be repeated after a crash without harm.
    """

    def begin(self, started_at: datetime, *, as_of: date, providers: Sequence[str], digests: Mapping[str, str]) -> Scan:
        """The next scan, with a number no other scan has."""
        ...

    def claim(self, scan: Scan) -> None:
        """Take the head for settling. Raises `Superseded` when a newer scan has claimed or settled."""
        ...

    def known(self) -> dict[str, Row]:
        """Every row that is not resolved, by id."""
        ...

    def fetch(self, ids: Iterable[str]) -> dict[str, Row]:
        """The rows with these ids, resolved or not; what is not there is left out."""
        ...

    def apply(self, scan: Scan, changes: Iterable[Change]) -> int:
        """Write changes, each on the condition that its row is at the version it replaces, and append them to
        the history. A change that this very scan has already written is left alone. Returns how many were
        written. Raises `Superseded` when the head is no longer this scan's, `Conflict` when a version differs.
        """
        ...

    def settle(self, scan: Scan, gaps: Iterable[GapRow], row: ScanRow, places: Collection[Cell] = ()) -> None:
        """Keep gaps and the scan row, replace the places, and move the head. Raises `Superseded`."""
        ...

    def places(self) -> frozenset[Cell]:
        """Where some scan saw data, and none has seen since that it is gone."""
        ...

    def gaps(self, *, ended: bool = False) -> tuple[GapRow, ...]:
        """Gaps that are open, or all."""
        ...

    def last_scan(self) -> ScanRow | None:
        """The newest settled scan."""
        ...

    def scans(self, *, after: int = 0) -> tuple[ScanRow, ...]:
        """The settled scans with a number above `after`, oldest first."""
        ...

    def ledger(self) -> Ledger:
        """What has been told so far."""
        ...

    def claim_notice(self, scan: Scan, message_id: str, at: datetime) -> bool:
        """Say that a notice is about to be sent. False when it is out already; a claim that was never marked may be
        made again, since whoever made it has crashed."""
        ...

    def mark_notice(self, scan: Scan, message_id: str, at: datetime) -> None:
        """Say that a claimed notice is out."""
        ...

    def announce(self, scan: Scan) -> None:
        """Say that all notices of a scan, and of every scan before it, are out. Never moves back."""
        ...

    def ask(self, question: Question) -> tuple[Row, ...]:
        """The rows a person or a program asks for, by key."""
        ...

    def history(self, violation_id: str) -> tuple[tuple[str, Row], ...]:
        """Every transition of a row with the row as it was after it, oldest first."""
        ...

    def close(self) -> None: ...


def open_store(url: str) -> Store:
    """The store behind a URL; `sqlite:///a.db` is relative, `sqlite:////srv/a.db` absolute, `dynamodb://TABLE` takes
    `?region=` and `&profile=`, and without them what the environment says. `cosmos://` takes whoever is signed in."""
    scheme, separator, place = url.partition("://")
    if scheme == "sqlite" and separator and place.startswith("/") and place != "/":
        from domicile.stores.sqlite import SqliteStore  # noqa: PLC0415 - only what is asked for is loaded

        return SqliteStore(place[1:])
    if scheme == "dynamodb" and separator:
        from domicile.stores.dynamodb import DynamoStore  # noqa: PLC0415 - only what is asked for is loaded

        return DynamoStore.of(url)
    if scheme == "cosmos" and separator:
        from domicile.stores.cosmos import CosmosStore  # noqa: PLC0415 - only what is asked for is loaded

        return CosmosStore.of(url)
    raise UsageError(
        f"not the URL of a store: {url!r}; known are sqlite:///FILE, sqlite:////absolute/FILE,"
        " dynamodb://TABLE?region=REGION and cosmos://ACCOUNT.documents.azure.com/DATABASE"
    )
