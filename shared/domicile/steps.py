"""A scan in steps that may be cut short, repeated and run on different machines: plan, collect, settle, notify.

What lies between the steps is kept as blobs under `scans/NUMBER/`; a step hands on nothing but keys and a cursor. Each
step may be delivered twice, and may die at any moment: what it had finished counts, and the rest is done again.
"""

from __future__ import annotations

import gc
import gzip
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from threading import Lock
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from domicile.blobs import Blobs
from domicile.classify import kept_tags
from domicile.collect import (
    Ask,
    Found,
    asks_of,
    find_all,
    gather,
    is_wanted,
    listed,
    locate,
    located_at,
    name_of,
    see,
    shown,
    sought,
)
from domicile.discover import Discovery
from domicile.errors import Conflict, StoreError
from domicile.inventory import coverage, lines
from domicile.model import (
    Account,
    Cell,
    Change,
    Gap,
    GapRow,
    Inventory,
    Look,
    Organisation,
    Row,
    Rule,
    Scan,
    ScanRow,
    Vocabulary,
)
from domicile.notify import Message, messages
from domicile.providers.service import Provider
from domicile.scan import Reckoning, Weighed, explore, reckon, weigh
from domicile.senders import Sender
from domicile.stores import Store

Left = Callable[[], float]
"""Seconds left in which a step may go on."""

ASKS: Final = 512
"""Listings asked before what they showed is described."""
ITEMS: Final = 256
"""Items described between two looks at the time."""
ROWS: Final = 500
"""Changes of rows written between two looks at the time."""
LINES: Final = 50_000
"""Lines in one file of evidence."""
ENOUGH: Final = 90.0
"""Seconds in which a stretch of any step is done: with less left, none is begun."""
STREAMS: Final = 32
"""Blobs read or written at once."""
_LEARNING: Final = Lock()
UNFINISHED: Final = "the collector of this account was cut short; its log says why"


class Cursor(Struct, frozen=True):
    """Where a step goes on: in collecting, how many batches of listings are done, and how many stretches of items of
    the one begun; in settling, how many pieces of the changes are written."""

    batch: int = 0
    stretch: int = 0


class Task(Struct, frozen=True):
    """What one collector is to ask: an account, and by name the listings of each cell, in order. Names, so that a
    collector of another version asks the same, or says what it cannot ask."""

    account: Account
    asks: tuple[tuple[str, Cell], ...]
    keep_tags: frozenset[str]
    known: frozenset[tuple[str, str]]


class Handles(Struct, frozen=True):
    """What a listing showed, as it is kept until its items are described."""

    listing: str
    cell: Cell
    items: list[Any]
    gap: Gap | None
    offered: bool


class Part(Struct, frozen=True):
    """What one stretch of collecting saw. `closed` are the keys of the looks of which nothing is still to come."""

    seen: Inventory
    closed: tuple[str, ...] = ()


class Piece(Struct, frozen=True):
    """Some of the changes of a scan."""

    changes: tuple[Change, ...]


class Closing(Struct, frozen=True):
    """How a scan is going to be settled: kept before anything is written, so that nobody is left untold. `pieces` is
    how many pieces its changes are kept in."""

    scan: Scan
    previous: Scan | None
    gaps: tuple[GapRow, ...]
    row: ScanRow
    places: frozenset[Cell]
    pieces: int


class Settling(Struct, frozen=True):
    """How far settling has come: `cursor` is where it goes on, None when the scan is settled."""

    cursor: Cursor | None
    closing: Closing


class Planned(Struct, frozen=True):
    """What planning gives: the scan, and the accounts that are to be looked into."""

    scan: Scan
    worklist: str
    accounts: tuple[str, ...]


class Desk(Struct, frozen=True):
    """Where one scan keeps what lies between its steps."""

    blobs: Blobs
    number: int

    @property
    def prefix(self) -> str:
        return f"scans/{self.number:06}"

    def key(self, name: str) -> str:
        return f"{self.prefix}/{name}"

    def put(self, name: str, value: Struct | Sequence[Struct] | None) -> None:
        self.blobs.write(self.key(name), packed(value))

    def get(self, name: str, kind: Any) -> Any:
        content = self.blobs.read(self.key(name))
        return None if content is None else unpacked(content, kind, self.key(name))

    def take(self, name: str, kind: type[T]) -> T:
        """What an earlier step must have left. Raises `StoreError` when it is not there."""
        value: T | None = self.get(name, kind)
        if value is None:
            raise StoreError(f"{self.key(name)} is missing: scan {self.number} was not planned here, or is too old")
        return value


T = TypeVar("T")


def packed(value: object) -> bytes:
    return gzip.compress(msgspec.msgpack.encode(value), compresslevel=1, mtime=0)


def unpacked(content: bytes, kind: type[T], name: str) -> T:
    # msgspec learns a type when it is first asked for, and crashes when two threads are the first.
    with _LEARNING:
        decoder = msgspec.msgpack.Decoder(kind)
    try:
        return decoder.decode(gzip.decompress(content))
    except (OSError, EOFError, msgspec.MsgspecError) as error:
        raise StoreError(f"{name} is damaged: {error}") from error


# plan


def plan(provider: Provider, blobs: Blobs, store: Store, scan: Scan, organisation: Organisation) -> Planned:
    """Find out which accounts and regions there are, and write down what each collector is to ask."""
    discovery = explore(provider, organisation, as_of=scan.as_of, known=store.places())
    desk = Desk(blobs, scan.number)
    desk.put("scan", scan)
    desk.put("discovery", discovery)
    keep = kept_tags(organisation)
    asks: dict[str, list[tuple[str, Cell]]] = {}
    for ask in asks_of(provider, discovery):
        asks.setdefault(ask.cell.account, []).append((ask.name, ask.cell))
    accounts = {account.id: account for account in discovery.accounts}
    known: dict[str, set[tuple[str, str]]] = {}
    for place in discovery.known:
        known.setdefault(place[0], set()).add(place)

    def task(account: str) -> None:
        here = frozenset(known.get(account, ()))
        desk.put(f"accounts/{account}/task", Task(accounts[account], tuple(asks[account]), keep, here))

    with ThreadPoolExecutor(STREAMS) as pool:
        for _ in pool.map(task, asks):
            pass
    asked = tuple(sorted(asks))
    worklist = [{"scan": scan.number, "account": account} for account in asked]
    blobs.write(desk.key("worklist.json"), msgspec.json.encode(worklist), media_type="application/json")
    return Planned(scan, desk.key("worklist.json"), asked)


# collect


def collect(
    provider: Provider, blobs: Blobs, number: int, account: str, cursor: Cursor, *, left: Left, concurrency: int = 32
) -> Cursor | None:
    """Look into one account. Returns where to go on when time is short, and None when all was asked."""
    desk = Desk(blobs, number)
    task = desk.take(f"accounts/{account}/task", Task)
    scan = desk.take("scan", Scan)
    with ThreadPoolExecutor(concurrency) as pool:
        return _Collecting(provider, desk, task, scan.started_at, pool, left).go_on(cursor)


class _Collecting:
    def __init__(
        self, provider: Provider, desk: Desk, task: Task, now: datetime, pool: ThreadPoolExecutor, left: Left
    ) -> None:
        self._provider, self._desk, self._task = provider, desk, task
        self._now, self._pool, self._left = now, pool, left
        self._wrote = False
        known = {
            name_of(service, listing): (service, listing)
            for service in provider.services
            for listing in service.listings
        }
        # A listing that this version of domicile does not know is never closed, and so becomes a gap.
        self._asks = {(name, cell): Ask(*known[name], cell) for name, cell in task.asks if name in known}

    def go_on(self, cursor: Cursor) -> Cursor | None:
        asks = tuple(self._asks.values())
        batches = [asks[start : start + ASKS] for start in range(0, len(asks), ASKS)]
        for number in range(cursor.batch, len(batches)):
            stretch = self._batch(number, batches[number], cursor.stretch if number == cursor.batch else 0)
            if stretch is not None:
                return Cursor(number, stretch)
        return self._locate(len(batches), cursor)

    def _batch(self, number: int, asks: Sequence[Ask], stretch: int) -> int | None:
        """Ask some listings and describe what they show; the stretch to go on with when time is short."""
        if self._short():
            return stretch
        kept = self._desk.get(self._name(f"found-{number:04}"), list[Handles])
        if kept is None:
            found = tuple(find_all(self._provider, asks, self._task.known, self._pool))
            asked, told = _split(found, self._task.keep_tags)
            if sum(len(one.items) for one in asked) <= ITEMS:
                self._describe(number, 0, found, [(one.ask, item) for one in found for item in one.items], last=True)
                return None
            # What a listing tells by itself is read at once. Handles are kept only of what is still to be asked about.
            self._describe(number, None, told, [(one.ask, item) for one in told for item in one.items], last=True)
            handles = [Handles(one.ask.name, one.ask.cell, list(one.items), one.gap, one.offered) for one in asked]
            self._desk.put(self._name(f"found-{number:04}"), handles)
        else:
            asked = [Found(self._asks[one.listing, one.cell], one.items, one.gap, one.offered) for one in kept]
        items = [(one.ask, item) for one in asked for item in one.items]
        starts = range(0, len(items), ITEMS)
        for index in range(stretch, len(starts)):
            if self._short():
                return index
            some = items[starts[index] : starts[index] + ITEMS]
            self._describe(number, index, asked, some, last=index == len(starts) - 1)
        return None

    def _describe(
        self, number: int, index: int | None, found: Sequence[Found], items: Sequence[tuple[Ask, Any]], *, last: bool
    ) -> None:
        seen = shown(self._pool.map(self._see, items))
        whole = gather(Discovery(), [seen, listed(found)]) if last else seen
        closed = tuple(one.ask.key for one in found) if last else ()
        self._write(number, "listed" if index is None else f"{index:05}", Part(whole, closed))

    def _see(self, pair: tuple[Ask, Any]) -> Any:
        return see(self._provider, *pair, self._task.keep_tags, self._now)

    def _locate(self, number: int, cursor: Cursor) -> Cursor | None:
        """Find out where holders lie that were named without a region."""
        if self._short():
            return Cursor(number)
        parts = tuple(parts_of(self._desk, self._task.account.id, self._pool))
        targets = sought(gather(Discovery(), (part.seen for part in parts)))
        for index in range(cursor.stretch if cursor.batch == number else 0, -(-len(targets) // ITEMS)):
            if self._short():
                return Cursor(number, index)
            some = targets[index * ITEMS : (index + 1) * ITEMS]
            answers = self._pool.map(lambda one: locate(self._provider, one), some)
            self._write(number, f"{index:05}", Part(located_at(answers)))
        return None

    def _short(self) -> bool:
        """Whether to stop here. Not before something is done: else it would be begun again for ever."""
        return self._wrote and self._left() < ENOUGH

    def _write(self, number: int, stretch: str, part: Part) -> None:
        self._desk.put(self._name(f"part-{number:04}-{stretch}"), part)
        self._wrote = True

    def _name(self, name: str) -> str:
        return f"accounts/{self._task.account.id}/{name}"


def _split(found: Iterable[Found], keep_tags: frozenset[str]) -> tuple[list[Found], list[Found]]:
    """Listings whose items must be asked about, and those that tell everything by themselves."""
    asked: list[Found] = []
    told: list[Found] = []
    for one in found:
        further = any(is_wanted(part, keep_tags) for part in one.ask.listing.parts)
        (asked if further else told).append(one)
    return asked, told


def parts_of(desk: Desk, account: str, pool: ThreadPoolExecutor) -> Iterator[Part]:
    """What was seen of an account so far."""
    keys = list(desk.blobs.keys(desk.key(f"accounts/{account}/part-")))
    return pool.map(lambda key: desk.take(key.removeprefix(f"{desk.prefix}/"), Part), keys)


# settle


def assemble(desk: Desk) -> Inventory:
    """Everything that a scan saw in all accounts. What a collector did not finish is a gap."""
    discovery = desk.take("discovery", Discovery)
    known: dict[Any, Any] = {}
    with ThreadPoolExecutor(STREAMS) as pool:
        keys = tuple(desk.blobs.keys(desk.key("accounts/")))
        names = [key.removeprefix(f"{desk.prefix}/") for key in keys]
        tasks = tuple(pool.map(lambda name: desk.take(name, Task), (one for one in names if one.endswith("/task"))))
        parts = tuple(
            pool.map(lambda name: _sharing(desk.take(name, Part), known), (one for one in names if "/part-" in one))
        )
    closed = {key for part in parts for key in part.closed}
    missing = [
        Look(cell, listing, listed=False, gaps=(Gap(cell, listing, "error", UNFINISHED),))
        for task in tasks
        for listing, cell in task.asks
        if Look(cell, listing).key not in closed
    ]
    return gather(discovery, [*(part.seen for part in parts), Inventory(looks=tuple(missing))])


def _sharing(part: Part, known: dict[Any, Any]) -> Part:
    """A part in which what very many items repeat is held once for all parts: a large scan then takes a sixth less
    memory."""

    def once(value: T) -> T:
        same: T = known.setdefault(value, value)
        return same

    seen = part.seen
    resources = tuple(
        replace(
            one,
            type=once(one.type),
            account=once(one.account),
            location=once(one.location),
            look=once(one.look),
        )
        for one in seen.resources
    )
    copies = tuple(
        replace(one, channel=once(one.channel), account=once(one.account), location=once(one.location))
        for one in seen.copies
    )
    tags = tuple(replace(one, look=once(one.look)) for one in seen.tags)
    return replace(part, seen=replace(seen, resources=resources, copies=copies, tags=tags))


def settle(
    blobs: Blobs,
    evidence: Blobs,
    store: Store,
    number: int,
    cursor: Cursor,
    *,
    organisation: Organisation,
    rules: Sequence[Rule],
    vocabulary: Vocabulary,
    clock: Callable[[], datetime],
    left: Left,
) -> Settling:
    """Judge what was collected and record it, as far as time allows. Raises `Superseded` when a newer scan has the
    store, and `Conflict` when a row is not as it was read: called again, it then reckons anew."""
    desk = Desk(blobs, number)
    closing: Closing | None = desk.get("settle/closing", Closing | None)
    if closing is None:
        with _unswept():
            closing = _reckon(desk, evidence, store, organisation, rules, vocabulary, clock)
        cursor = Cursor()
    scan = closing.scan
    store.claim(scan)
    for piece in range(cursor.batch, closing.pieces):
        if piece > cursor.batch and left() < ENOUGH:
            return Settling(Cursor(piece), closing)
        try:
            store.apply(scan, desk.take(f"settle/changes-{piece:06}", Piece).changes)
        except Conflict:
            # What was reckoned rests on a row as it was too early, or as somebody else left it: reckon anew.
            desk.put("settle/closing", None)
            raise
    store.settle(scan, closing.gaps, closing.row, closing.places)
    return Settling(None, closing)


@contextmanager
def _unswept() -> Iterator[None]:
    """Nothing that is reckoned with refers back to itself: looking for that again and again would take a third of the
    time."""
    swept = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if swept:
            gc.enable()


def _reckon(
    desk: Desk,
    evidence: Blobs,
    store: Store,
    organisation: Organisation,
    rules: Sequence[Rule],
    vocabulary: Vocabulary,
    clock: Callable[[], datetime],
) -> Closing:
    scan = desk.take("scan", Scan)
    store.claim(scan)
    inventory = assemble(desk)
    weighed = weigh(inventory, vocabulary, organisation, rules, as_of=scan.as_of, now=scan.started_at)
    reckoned = reckon(store, scan, weighed, organisation, clock=clock)
    _write_evidence(evidence, scan, weighed, reckoned)
    changes = reckoned.changes
    starts = range(0, len(changes), ROWS)
    for piece, start in enumerate(starts):
        desk.put(f"settle/changes-{piece:06}", Piece(changes[start : start + ROWS]))
    closing = Closing(
        scan=scan,
        previous=reckoned.previous,
        gaps=reckoned.gaps,
        row=reckoned.row,
        places=reckoned.places,
        pieces=len(starts),
    )
    desk.put("settle/closing", closing)
    return closing


def _write_evidence(evidence: Blobs, scan: Scan, weighed: Weighed, reckoned: Reckoning) -> None:
    """What was seen, what was not, and what changed, as lines that people and Athena can read."""
    seen = lines(weighed.datasets, weighed.classifications, scan.started_at)
    _write_lines(evidence, "inventory", scan, map(msgspec.json.encode, seen))
    _write_lines(evidence, "coverage", scan, map(msgspec.json.encode, coverage(weighed.inventory)))
    told = (
        msgspec.json.encode(
            {"scan": scan.number, "transition": change.transition}
            | {name: getattr(change.row, name) for name in Row.__struct_fields__}
        )
        for change in reckoned.changes
    )
    _write_lines(evidence, "changes", scan, told)


def _write_lines(evidence: Blobs, kind: str, scan: Scan, encoded: Iterator[bytes]) -> None:
    day = scan.started_at.astimezone(UTC).date()
    folder = f"{kind}/provider={'-'.join(scan.providers)}/day={day}/scan={scan.number:06}"
    number = 0
    while some := list(islice(encoded, LINES)):
        content = gzip.compress(b"\n".join(some) + b"\n", compresslevel=6, mtime=0)
        evidence.write(f"{folder}/part-{number:05}.jsonl.gz", content, media_type="application/gzip")
        number += 1


# notify


def notify(
    blobs: Blobs,
    store: Store,
    sender: Sender,
    *,
    said: Callable[[int], Organisation],
    url: str,
    clock: Callable[[], datetime],
) -> int:
    """Send what nobody has been told yet, of every scan whose notices are not all out. `said` gives the organisation
    file that a scan was judged by, `url` the store as commands name it. Returns how many notices went out."""
    sent = 0
    for row in store.scans(after=store.ledger().announced):
        for message in sender.joined(_messages(Desk(blobs, row.scan.number), row, said, url)):
            if store.claim_notice(row.scan, message.message_id, clock()):
                sender.send(message)
                store.mark_notice(row.scan, message.message_id, clock())
                sent += 1
        store.announce(row.scan)
    return sent


def _messages(desk: Desk, row: ScanRow, said: Callable[[int], Organisation], url: str) -> tuple[Message, ...]:
    closing: Closing | None = desk.get("settle/closing", Closing | None)
    # A scan from a laptop told what it found there and then, and one of months ago has left nothing here.
    if closing is None:
        return ()
    pieces = (desk.take(f"settle/changes-{piece:06}", Piece) for piece in range(closing.pieces))
    organisation = said(row.scan.number)
    return messages(
        [change for piece in pieces for change in piece.changes],
        closing.gaps,
        row.scan,
        previous=closing.previous,
        exemptions=organisation.exemptions,
        routes=organisation.notify.routes,
        counts=row.counts,
        store=url,
    )
