"""Turns what one scan changed into messages a person can act on; what has not changed is not told again."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Final, Literal, TypeVar, assert_never

import msgspec
from msgspec import Struct

from domicile.model import (
    ANYWHERE,
    SEVERITIES,
    Change,
    Exemption,
    GapRow,
    Keyword,
    Route,
    Row,
    RowStatus,
    Scan,
    Severity,
    Transition,
)
from domicile.obligations import DETERMINATION
from domicile.telling import place, subject, tail, unlinked, visible

EXEMPTIONS: Final = "exemptions"
"""Where the fingerprints of exemptions stand among the digests of a scan."""

ALL: Final = "all"
"""The one route where the organisation file names none."""

OTHER: Final = "other"
"""The route of what no route takes."""

URGENT_AT_MOST: Final = 20
LINES: Final = 50
SIZE: Final = 200 * 1024
"""Bytes of a message with its attributes, written as it goes out."""

ATTRIBUTES_SIZE: Final = 64 * 1024
"""Bytes of the attributes alone. Where more values than that are, they become several messages: none may be missing."""

EXPIRES_SOON: Final = timedelta(days=14)

# Bytes of a line of a mail, and of what a message carries besides its lines, attributes and rows.
_LINE: Final = 1000
_ENVELOPE: Final = 16 * 1024

# Names that are listed before the rest is counted.
_NAMED: Final = 3
_SUMMARISED: Final = 5

_UPCOMING: Final = "upcoming"

Heading = Transition | Literal["upcoming"]

_HEADINGS: Final[Mapping[Heading, tuple[str, str]]] = {
    "opened": ("found", "Breaches found, by inventory; not a legal determination"),
    "begun": ("binding from now on", "Duties that begin to bind"),
    "reopened": ("found again", "Breaches that were resolved and are back"),
    "confirmed": ("seen again", "Breaches seen again after they could not be looked at"),
    "unexempted": ("no longer exempt", "No longer exempt"),
    _UPCOMING: ("upcoming", "Breaches from a coming day on, if nothing moves"),
    "exempted": ("exempted", "Exempted"),
    "unconfirmed": ("not confirmed", "Was open, could not look again"),
    "resolved": ("resolved", "Resolved"),
}
"""What is worth telling, in the order in which it is told: in a word, and as a heading. Rows that moved or were brought
up to date are not."""

_URGENT: Final[tuple[Transition, ...]] = ("opened", "begun", "reopened", "unexempted")

_ORDER: Final[Mapping[Heading, int]] = {name: at for at, name in enumerate(_HEADINGS)}
_WORDS: Final = ("not seen", *(word for word, _ in _HEADINGS.values()))

_CAUSES: Final = {"rules": "the rules", "config": "the organisation file", "engine": "domicile itself"}
_STANDING: Final[tuple[RowStatus, ...]] = ("open", "unconfirmed", "exempted")
_DOUBTS: Final = {
    "findings-unknown": "cannot be told",
    "findings-review": "to be signed or looked at",
    "unclassified": "not classified",
}
_FILE: Final = "See 'exemptions' in the organisation file."

_WAYS_TO_SEE: Final[Mapping[str, str]] = {
    "denied": "give the scanner's role the permissions of this version",
    "denied-by-scp": "let the organisation's policies (SCP) spare the scanner's role",
    "role-missing": "create the scanner's role in the account, or let it trust the scanner",
    "throttled": "nothing; the next scan asks again",
    "region-off": "switch the region on again, or enter it under 'departed' in the organisation file",
    "suspended": "reopen the account, or enter it under 'departed' in the organisation file",
    "left": "enter the account under 'departed' in the organisation file, with the evidence",
    "error": "nothing at first; the next scan asks again",
}

Kind = Literal[
    "first-scan", "rules-changed", "urgent", "digest", "coverage", "exemptions", "expiring", "still-watching"
]
Item = Change | GapRow | Exemption
"""What a message can be about."""

T = TypeVar("T", bound=Change | GapRow | Exemption)


class Told(Struct, frozen=True, kw_only=True):
    """One violation as a program is told of it: what happened, and what is needed to hand it on."""

    violation_id: str
    transition: Transition
    rule: str
    keyword: Keyword
    severity: Severity
    status: RowStatus
    verdict: str
    provider: str
    account: str
    account_name: str
    entity: str
    owner: str
    region: str
    country: str
    kind: str
    channel: str
    caused_by: str
    resource_id: str
    resource_type: str
    resource_name: str
    dataset_id: str
    classes: tuple[str, ...]
    copies: int
    because: str
    status_because: str
    changed_because: str
    remedy: str
    citation: str
    opened_at: datetime
    resolved_at: datetime | None
    exemption_id: str


_TOLD: Final = tuple(name for name in Told.__struct_fields__ if name != "transition")


class Message(Struct, frozen=True, kw_only=True):
    """One notice, as mail for people and as JSON for programs. It carries ids, names and counts, never the value of a
    tag; `message_id` is the same whenever it is made again from the same changes.

    In `lines` nothing acts on a screen and nothing can be clicked; the other fields carry names as the cloud gave them.
    `left_out` is how many violations, gaps or exemptions did not fit into these fields, and `query` how to see all.
    """

    message_id: str
    kind: Kind
    routes: tuple[str, ...]
    scan: int
    as_of: date
    subject: str
    lines: tuple[str, ...]
    attributes: Mapping[str, tuple[str, ...]]
    """What a subscriber may select by: every value of everything the message is about, left out or not."""
    transitions: Mapping[str, int] = {}
    violations: tuple[Told, ...] = ()
    gaps: tuple[GapRow, ...] = ()
    exemptions: tuple[Exemption, ...] = ()
    counts: Mapping[str, int] = {}
    left_out: int = 0
    query: str = ""

    @property
    def text(self) -> str:
        """The mail."""
        return "\n".join(self.lines)

    @property
    def json(self) -> str:
        """The same for programs, in ASCII."""
        names = (name for name in self.__struct_fields__ if name not in ("lines", "attributes"))
        return _json({name: getattr(self, name) for name in names})


def messages(
    changes: Iterable[Change],
    gaps: Iterable[GapRow],
    scan: Scan,
    *,
    previous: Scan | None = None,
    exemptions: Iterable[Exemption] = (),
    routes: Sequence[Route] = (),
    counts: Mapping[str, int] = {},
    store: str = "",
) -> tuple[Message, ...]:
    """The notices of one settled scan. `counts` are those of its scan row, `store` is the URL that commands need.

    After a first scan, or when rules, file or engine changed, all rows of a route are one message: it need not be the
    data that moved. Otherwise urgent rows are told apart (more than twenty as one), the rest is one digest. Coverage
    that changed, permissions that are new, say something else or end soon are told on their own. Who is told nothing
    else hears once a week, with its first scan, that somebody still watches.
    """
    desk = _Desk(scan, previous, tuple(exemptions), routes, counts, store)
    told = [change for change in changes if _heading(change) in _HEADINGS and not _muted(change)]
    result = [*desk.rows(told), *desk.coverage(tuple(gaps)), *desk.fresh(), *desk.expiring()]
    return (*result, *desk.still_watching({route for message in result for route in message.routes}))


def fingerprint(exemption: Exemption) -> str:
    """A few digits that are others when anything in an exemption is: a scan keeps them among its digests."""
    return hashlib.sha256(msgspec.json.encode(exemption, order="deterministic")).hexdigest()[:8]


class _Desk:
    """Writes the messages of one scan."""

    def __init__(
        self,
        scan: Scan,
        previous: Scan | None,
        exemptions: tuple[Exemption, ...],
        routes: Sequence[Route],
        counts: Mapping[str, int],
        store: str,
    ) -> None:
        self.scan, self.previous, self.exemptions = scan, previous, exemptions
        self.routes, self.counts = routes, counts
        self.taken: dict[tuple[tuple[str, str], ...], Sequence[str]] = {}
        self.names = (*(route.name for route in routes), OTHER) if routes else (ALL,)
        self.in_force = sum(one.since <= scan.as_of <= one.until for one in exemptions)
        self.store = " --store '{}'".format(store.replace("'", r"'\''")) if store else ""

    def command(self, words: str) -> str:
        return f"domicile {words}{self.store}"

    def rows(self, told: Sequence[Change]) -> Iterator[Message]:
        changed = [
            cause
            for key, cause in _CAUSES.items()
            if self.previous and self.previous.digests.get(key) != self.scan.digests.get(key)
        ]
        if self.previous is None:
            intro = (
                "This is the first scan: what it found may be old. From now on, only what changes is told.",
                *self.seen(),
            )
            for routes, some in self.by_route(told):
                yield from self.write("first-scan", routes, "first scan: ", some, intro, self.command("violations"))
        elif changed:
            what = " and ".join(changed)
            intro = (
                f"{what[0].upper()}{what[1:]} changed, not your data: what was there before is judged anew.",
                "A copy made since the scan before is among these lines all the same.",
            )
            for routes, some in self.by_route(told):
                if some:
                    title = f"{what} changed, not your data: "
                    yield from self.write("rules-changed", routes, title, some, intro, self.changed(some))
        else:
            yield from self.urgent([one for one in told if _urgent(one)])
            for routes, some in self.by_route([one for one in told if not _urgent(one)]):
                if some:
                    yield from self.write("digest", routes, "", some, (), self.changed(some))

    def urgent(self, rows: Sequence[Change]) -> Iterator[Message]:
        apart = [[one] for one in sorted(rows, key=_order)] if len(rows) <= URGENT_AT_MOST else [rows]
        for together in apart:
            for routes, some in self.by_route(together):
                if some and len(together) == 1:
                    query = self.command(f"explain {some[0].row.violation_id}")
                    yield from self.write("urgent", routes, f"critical: {_title(some[0].row)}", some, (), query)
                elif some:
                    query = self.command("violations --severity critical")
                    yield from self.write("urgent", routes, "critical: ", some, (), query)

    def coverage(self, gaps: Sequence[GapRow]) -> Iterator[Message]:
        unseen = (
            "What was not seen may hold anything: it counts neither as right nor as wrong,",
            "and no violation there is taken for resolved.",
        )
        for routes, some in self.by_route(gaps):
            if some:
                intro = unseen if any(gap.ended is None for gap in some) else ()
                title = "coverage changed: " if self.previous else "coverage: "
                yield from self.write("coverage", routes, title, some, intro, self.command("gaps"))

    def fresh(self) -> Iterator[Message]:
        before = self.previous.digests.get(EXEMPTIONS, "").split() if self.previous else []
        for routes, some in self.by_route([one for one in self.exemptions if fingerprint(one) not in before]):
            if some:
                yield from self.write("exemptions", routes, "exemptions: ", some, (), _FILE)

    def expiring(self) -> Iterator[Message]:
        """Told by the first scan within the last days of an exemption, whichever of them that is."""
        ending = [
            one
            for one in self.exemptions
            if self.previous and self.previous.as_of < one.until - EXPIRES_SOON <= self.scan.as_of <= one.until
        ]
        intro = ("From the day after, what an exemption covers is a breach like any other.",)
        for routes, some in self.by_route(ending):
            if some:
                yield from self.write("expiring", routes, "exemptions: ", some, intro, _FILE)

    def still_watching(self, told: set[str]) -> Iterator[Message]:
        """Told by the first scan of a week to whoever hears nothing else of it: their silence must mean something."""
        quiet = tuple(name for name in self.names if name not in told)
        if self.previous and self.previous.as_of.isocalendar()[:2] != self.scan.as_of.isocalendar()[:2] and quiet:
            intro = ("Still watching. This comes once a week to whoever has nothing else to hear.", *self.seen())
            title = "still watching, "
            yield from self.write("still-watching", quiet, title, (), intro, self.command("violations"))

    def by_route(self, items: Sequence[T]) -> Iterator[tuple[tuple[str, ...], list[T]]]:
        """What each route takes. Routes that take the same share it: nobody need read it twice."""
        held: dict[str, list[T]] = {name: [] for name in self.names}
        for item in sorted(items, key=_order):
            for name in self.taking(_known(item)):
                held[name].append(item)
        shared: dict[tuple[str, ...], list[str]] = {}
        for name, some in held.items():
            if some or name != OTHER:
                shared.setdefault(tuple(map(_key, some)), []).append(name)
        for names in shared.values():
            yield tuple(names), held[names[0]]

    def taking(self, known: Mapping[str, str]) -> Sequence[str]:
        """The routes that take something. Many rows are alike in what routes ask of them."""
        alike = tuple(known.items())
        if alike not in self.taken:
            self.taken[alike] = [route.name for route in self.routes if _takes(route, known)] or self.names[-1:]
        return self.taken[alike]

    def write(
        self, kind: Kind, routes: tuple[str, ...], title: str, items: Sequence[Item], intro: Sequence[str], query: str
    ) -> Iterator[Message]:
        """One message, or several when its attributes would not fit into one. A title that ends in a blank goes on
        with what is counted."""
        parts = list(_parts(items))
        for number, some in enumerate(parts, start=1):
            counted = _counted(kind, some)
            names = f" [{', '.join(routes) if len(routes) <= _NAMED else f'{len(routes)} routes'}]"
            part = f" ({number} of {len(parts)})" if len(parts) > 1 else ""
            topic = f"domicile{'' if routes == (ALL,) else names}"
            attributes = _attributes(kind, routes, some)
            head = f"Scan {self.scan.number}, as of {self.scan.as_of}: {counted}. Exemptions in force: {self.in_force}."
            lines = tuple(map(_cut, self.lines(kind, [head, *intro], some, query)))
            fitting = tuple(_fitting(some, SIZE - _ENVELOPE - _size("\n".join(lines)) - _size_of(attributes)))
            yield Message(
                message_id=_id(kind, self.scan, some),
                kind=kind,
                routes=routes,
                scan=self.scan.number,
                as_of=self.scan.as_of,
                subject=f"{topic}: {title}{counted if title[-1:] in ('', ' ') else ''}{part}",
                lines=lines,
                attributes=attributes,
                transitions=dict(Counter(one.transition for one in some if isinstance(one, Change))),
                violations=tuple(one for one in fitting if isinstance(one, Told)),
                gaps=tuple(one for one in fitting if isinstance(one, GapRow)),
                exemptions=tuple(one for one in fitting if isinstance(one, Exemption)),
                counts=self.counts if kind in ("first-scan", "still-watching") else {},
                left_out=len(some) - len(fitting),
                query=query,
            )

    def lines(self, kind: Kind, lines: list[str], items: Sequence[Item], query: str) -> list[str]:
        all_of_it = {
            "coverage": ("", f"Everything that is not seen: {self.command('gaps')}"),
            "exemptions": (),
            "expiring": (),
        }
        farewell = all_of_it.get(kind, ("", f"Everything that is open: {self.command('violations')}"))
        if kind == "urgent" and len(items) == 1 and isinstance(items[0], Change):
            return [*lines, *_in_full(items[0].row), f"More:    {query}", *farewell]
        if kind in ("first-scan", "rules-changed", "urgent"):
            lines.extend(_summary([one.row for one in items if isinstance(one, Change)]))
        above = Counter(_above(kind, one) for one in items)
        last = ""
        for told, item in enumerate(items):
            heading = _above(kind, item)
            block = (*(() if heading == last else ("", f"{heading} ({above[heading]})")), *self.block(kind, item))
            if len(lines) + len(block) + len(farewell) > LINES - 2:
                how = "" if any(line.endswith(f": {query}") for line in farewell) else f" {query}"
                return [*lines, "", f"… and {len(items) - told} more.{how}", *farewell]
            last = heading
            lines.extend(block)
        return [*lines, *farewell]

    def block(self, kind: Kind, item: Item) -> Iterator[str]:
        """A few lines on one thing."""
        match item:
            case Change(row):
                yield f"- [{row.severity}] {_where(row)}"
                yield f"  {' '.join(_facts(row))}"
                yield f"  {_why(row)}"
                if row.remedy and row.status == "open":
                    yield f"  To fix: {unlinked(row.remedy)}"
                yield f"  {self.command(f'explain {row.violation_id}')}"
            case GapRow():
                yield f"- {_whereabouts(item)}"
                if item.ended:
                    yield f"  Not seen from {_moment(item.first_seen)} to {_moment(item.ended)}."
                else:
                    why = f" ({unlinked(item.detail)})" if item.reason == "error" and item.detail else ""
                    to_do = _WAYS_TO_SEE.get(item.reason, _WAYS_TO_SEE["error"])
                    yield f"  {item.reason}{why} since {_moment(item.first_seen)}. To do: {to_do}."
            case Exemption():
                covered = item.resource or item.dataset or f"account {item.account}"
                yield f"- {item.id}: {unlinked(item.rule)} for {unlinked(covered)}"
                says = (
                    "no breach" if item.basis in ("approved_by_regulator", "not_applicable") else "a breach, not told"
                )
                yield f"  From {item.since} to {item.until}, as {item.basis} ({says})."
                if kind == "exemptions":
                    yield f"  Owner {unlinked(item.owner)}, approved by {unlinked(item.approver)}."
                    yield f"  Reason: {unlinked(item.reason)}"
                else:
                    yield f"  To do by then: end the breach, or have {unlinked(item.approver)} approve it anew."
            case _:
                assert_never(item)

    def seen(self) -> Iterator[str]:
        """What was looked at, and how it stands."""
        count = self.counts
        if not count:
            return
        looked = (("accounts", "accounts"), ("resources", "resources"), ("placements", "places of data"))
        yield f"Looked at: {', '.join(f'{count.get(name, 0)} {words}' for name, words in looked)}."
        standing = [f"{count[f'rows-{one}']} {one}" for one in _STANDING if count.get(f"rows-{one}")]
        yield f"Violations: {', '.join(standing) or 'none'}."
        if doubts := [f"{count[name]} {words}" for name, words in _DOUBTS.items() if count.get(name)]:
            yield f"Open questions: {', '.join(doubts)}."
        unseen = count.get("gaps", 0)
        yield f"Gaps still open: {unseen}. To see them: {self.command('gaps')}" if unseen else "Gaps still open: none."

    def changed(self, rows: Sequence[Change]) -> str:
        """What shows rows that were left out: they changed on one day, or on two when a scan settled over midnight."""
        days = sorted({one.row.last_changed.astimezone(UTC).date() for one in rows})
        return "; ".join(self.command(f"violations --changed-on {day}") for day in days)


def _heading(change: Change) -> Heading:
    if change.row.status == "open" and change.row.verdict == _UPCOMING:
        return _UPCOMING if change.transition in (*_URGENT, "confirmed") else change.transition
    return change.transition


def _muted(change: Change) -> bool:
    return bool(change.row.exemption_id) and change.row.status == "open"


def _urgent(change: Change) -> bool:
    return change.row.severity == "critical" and _heading(change) in _URGENT


# What a message is about, in any order and from any hand


def _known(item: Item) -> dict[str, str]:
    """What routes and subscribers may select it by. A gap has no rule, and an exemption no country."""
    match item:
        case Change(row):
            return {
                "severity": row.severity,
                "rule": row.rule,
                "entity": row.entity,
                "account": row.account,
                "country": row.country,
                "transition": item.transition,
            }
        case GapRow():
            return {"account": item.account} if item.account not in ("", ANYWHERE) else {}
        case Exemption():
            return {"rule": item.rule} | ({"account": item.account} if item.account else {})
        case _:
            assert_never(item)


def _key(item: Item) -> str:
    match item:
        case Change(row):
            return f"{row.violation_id}/{item.transition}"
        case GapRow():
            return f"{item.gap}/{item.reason}/{'ended' if item.ended else 'begun'}"
        case Exemption():
            return fingerprint(item)
        case _:
            assert_never(item)


def _order(item: Item) -> tuple[int, str]:
    match item:
        case Change(row):
            return _ORDER[_heading(item)], row.rank
        case GapRow():
            return int(item.ended is not None), _key(item)
        case Exemption():
            return 0, f"{item.until}/{item.id}"
        case _:
            assert_never(item)


def _takes(route: Route, known: Mapping[str, str]) -> bool:
    """Whether a route takes something. What is not known of it excludes nothing: better told twice than not at all."""
    chosen = {
        "entity": route.entities,
        "rule": route.rules,
        "account": route.accounts,
        "country": route.countries,
        "severity": route.severities,
    }
    return all(
        not globs or name not in known or any(fnmatchcase(known[name], glob) for glob in globs)
        for name, globs in chosen.items()
    )


def _attributes(kind: Kind, routes: tuple[str, ...], items: Iterable[Item]) -> dict[str, tuple[str, ...]]:
    values: dict[str, set[str]] = {}
    for item in items:
        for name, value in _known(item).items():
            if value:
                values.setdefault(name, set()).add(value)
    return {"kind": (kind,), "route": routes} | {name: tuple(sorted(some)) for name, some in sorted(values.items())}


def _parts(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """All in one, or cut by account until the attributes of each part fit."""
    if len(items) < 2 or _size_of(_attributes("digest", (), items)) <= ATTRIBUTES_SIZE:
        yield items
        return
    by_account = sorted(items, key=lambda item: _known(item).get("account", ""))
    for half in (by_account[: len(items) // 2], by_account[len(items) // 2 :]):
        yield from _parts(sorted(half, key=_order))


def _id(kind: Kind, scan: Scan, items: Iterable[Item]) -> str:
    text = "\x1f".join((kind, str(scan.number), *sorted(map(_key, items))))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


# Sizes


def _fitting(items: Iterable[Item], room: int) -> Iterator[Told | GapRow | Exemption]:
    """As many as fit, from the first on."""
    for item in items:
        told = _told(item) if isinstance(item, Change) else item
        room -= _size(_json(told)) + 1
        if room < 0:
            return
        yield told


def _told(change: Change) -> Told:
    return Told(transition=change.transition, **{name: getattr(change.row, name) for name in _TOLD})


def _json(told: object) -> str:
    return json.dumps(msgspec.to_builtins(told), separators=(",", ":"))


def _size(text: str) -> int:
    """Bytes of a text within a JSON document."""
    return len(json.dumps(text, ensure_ascii=False).encode("utf-8", "replace"))


def _size_of(attributes: Mapping[str, Sequence[str]]) -> int:
    return sum(len(name) + _size(json.dumps(values)) for name, values in attributes.items())


def _cut(line: str) -> str:
    encoded = line.encode("utf-8", "replace")
    return line if len(encoded) <= _LINE else f"{encoded[:_LINE].decode('utf-8', 'ignore')}…"


# Words


def _counted(kind: Kind, items: Sequence[Item]) -> str:
    if not items:
        return "no violations" if kind == "first-scan" else "nothing new"
    if kind in ("exemptions", "expiring"):
        return f"{len(items)} {'new or changed' if kind == 'exemptions' else 'about to end'}"
    count = Counter(_word(one) for one in items)
    return ", ".join(
        f"{count[word]} {('breach ' if count[word] == 1 else 'breaches ') if word == 'found' else ''}{word}"
        for word in _WORDS
        if count[word]
    )


def _word(item: Item) -> str:
    if isinstance(item, GapRow):
        return "seen again" if item.ended else "not seen"
    return _HEADINGS[_heading(item)][0] if isinstance(item, Change) else ""


def _above(kind: Kind, item: Item) -> str:
    match item:
        case Change():
            return _HEADINGS[_heading(item)][1]
        case GapRow():
            return "Seen again" if item.ended else "Not seen"
        case Exemption():
            return "New or changed" if kind == "exemptions" else f"In force until {item.until}"
        case _:
            assert_never(item)


def _title(row: Row) -> str:
    return f"{_where(row)} breaks {unlinked(row.rule)}"


def _where(row: Row) -> str:
    where = place(row.country, row.region)
    return f"{unlinked(subject(row))} in {unlinked(where)}" if where else unlinked(subject(row))


def _facts(row: Row) -> Iterator[str]:
    """Under which rule, whose, where exactly, since when."""
    yield f"{unlinked(row.rule)}."
    place_of_it = ", ".join(part for part in (_account(row), _region(row)) if part)
    if place_of_it:
        yield f"Held in {unlinked(place_of_it)}."
    if row.owner or row.entity:
        yield f"Owner: {unlinked(row.owner or row.entity)}."
    if row.resolved_at:
        yield f"Open from {_moment(row.opened_at)} to {_moment(row.resolved_at)}."
    else:
        yield f"{'Known' if row.verdict == _UPCOMING else 'Open'} since {_moment(row.opened_at)}."


def _in_full(row: Row) -> Iterator[str]:
    """One row that cannot wait: what, where, under which rule, whose, since when, and what to do."""
    by_itself = row.subject.startswith("resource|") and bool(row.kind)
    origin = tail(row.root_resource_id) if row.root_resource_id != row.resource_id else ""
    facts = {
        "What": " by ".join(
            one for one in (f"{subject(row)}{f', {row.kind}' if by_itself else ''}", row.channel) if one
        ),
        "Id": row.resource_id,
        "Where": ", ".join(part for part in (place(row.country, row.region), _region(row)) if part),
        "Account": _account(row).removeprefix("account "),
        "From": " in ".join(part for part in (origin, place(row.root_country, "")) if part) if origin else "",
        "Rule": f"{row.rule} ({row.citation})" if row.citation else row.rule,
        "Owner": ", ".join(part for part in (row.entity, row.owner) if part),
        "Since": f"{_moment(row.opened_at)}{f', opened {row.times_opened} times' if row.times_opened > 1 else ''}",
        "Why": row.because,
        "Made by": row.caused_by,
        "To fix": row.remedy,
    }
    yield ""
    for name, value in facts.items():
        if value:
            yield f"{name + ':':8} {unlinked(value)}"


def _why(row: Row) -> str:
    """The sentence about a row as it stands. What the heading says already is left out."""
    if row.status != "open" and row.status_because:
        word, _, sentence = row.status_because.partition(": ")
        return unlinked(sentence or word)
    return unlinked(row.because.replace(f" {DETERMINATION}", ""))


def _region(row: Row) -> str:
    """The region, where it says more than the country: what is declared has none."""
    return row.region if row.country not in ("", row.region) else ""


def _account(row: Row) -> str:
    named = f" ({row.account_name})" if row.account_name else ""
    return f"account {row.account}{named}" if row.account else ""


def _whereabouts(gap: GapRow) -> str:
    """What was not seen."""
    part, _, _ = gap.gap.partition("#")[2].partition("@")
    # Names of listings are domicile's own: `s3.buckets` is no host.
    listing = "everything" if gap.listing == ANYWHERE else visible(gap.listing)
    of = "every resource" if gap.resource_id == ANYWHERE else unlinked(gap.resource_id)
    what = f"{listing}, {visible(part)} of {of}" if part else f"{listing} of {of}" if of else listing
    region = "every region" if gap.region == ANYWHERE else gap.region
    return f"Account {unlinked(gap.account)}, {unlinked(region)}: {what}"


def _summary(rows: Sequence[Row]) -> Iterator[str]:
    """Where many rows lie, when they are too many to be read one by one."""
    rows = [row for row in rows if row.status == "open" and row.verdict != _UPCOMING]
    if len(rows) <= _SUMMARISED:
        return
    severities = Counter(row.severity for row in rows)
    yield f"Breaches by severity: {', '.join(f'{severities[one]} {one}' for one in SEVERITIES if severities[one])}."
    yield f"By rule: {_most(row.rule for row in rows)}."
    yield f"By country: {_most(place(row.country, row.region) or 'nowhere in particular' for row in rows)}."
    yield f"By account: {_most(_account(row).removeprefix('account ') or 'none' for row in rows)}."


def _most(names: Iterable[str]) -> str:
    count = sorted(Counter(names).items(), key=lambda one: (-one[1], one[0]))
    more = f" and {len(count) - _SUMMARISED} more" if len(count) > _SUMMARISED else ""
    return f"{', '.join(f'{unlinked(name)} {number}' for name, number in count[:_SUMMARISED])}{more}"


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
