"""Turns the changes of one scan into messages a person can act on; what has not changed is not told again."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, Literal

import msgspec
from msgspec import Struct

from domicile import geography
from domicile.model import Change, Exemption, GapRow, Route, Row, Scan, Transition

EXEMPTIONS: Final = "exemptions"
"""Where the fingerprints of exemptions stand among the digests of a scan."""

URGENT_AT_MOST: Final = 20
LINES: Final = 50

_UPCOMING: Final = "upcoming"

_HEADINGS: Final[Mapping[Transition | Literal["upcoming"], str]] = {
    "opened": "Breaches found, by inventory; not a legal determination",
    "begun": "Duties that begin to bind today",
    "reopened": "Breaches found again",
    "confirmed": "Breaches seen again after they could not be looked at",
    "unexempted": "No longer exempt",
    _UPCOMING: "Breaches from a coming day on, if nothing moves",
    "exempted": "Exempted",
    "unconfirmed": "Was open, could not look again",
    "resolved": "Resolved",
}
"""What is worth telling, in the order in which it is told. Rows that moved or were brought up to date are not."""

_URGENT: Final[tuple[Transition, ...]] = ("opened", "begun", "reopened", "unexempted")
_CAUSES: Final = {"rules": "The rules", "config": "The organisation file", "engine": "domicile itself"}

Kind = Literal["urgent", "digest", "rules-changed", "coverage", "exemptions"]


class Message(Struct, frozen=True):
    """One notice. It carries ids, names and counts, never the value of a tag; `message_id` is the same whenever
    it is made again from the same changes. Names are as the cloud gave them: who sends it makes them harmless."""

    message_id: str
    kind: Kind
    subject: str
    lines: tuple[str, ...]
    violation_ids: tuple[str, ...] = ()
    routes: tuple[str, ...] = ()
    attributes: Mapping[str, tuple[str, ...]] = {}
    """What a subscriber may select by: every value of every row in the message, left out or not."""

    @property
    def text(self) -> str:
        """The mail."""
        return "\n".join(self.lines)


def messages(
    changes: Sequence[Change],
    gaps: Sequence[GapRow],
    scan: Scan,
    *,
    previous: Scan | None = None,
    exemptions: Iterable[Exemption] = (),
    routes: Sequence[Route] = (),  # noqa: ARG001
    counts: Mapping[str, int] = {},  # noqa: ARG001
    store: str = "",  # noqa: ARG001
) -> tuple[Message, ...]:
    """The notices of one settled scan; none when nothing changed.

    After a first scan, or when rules, file or engine changed, all rows are one message: it need not be the data that
    moved. Otherwise urgent rows are told apart (more than twenty as one), the rest is one digest. A permission that
    is new, or says something else than before, is told on its own.
    """
    granted = tuple(exemptions)
    in_force = sum(one.since <= scan.as_of <= one.until for one in granted)
    head = f"Scan {scan.number}, as of {scan.as_of}: {{}}. Exemptions in force: {in_force}."
    told = [change for change in changes if _heading(change) in _HEADINGS and not _muted(change)]
    result = []
    causes = [name for key, name in _CAUSES.items() if previous and previous.digests.get(key) != scan.digests.get(key)]
    if previous is None or causes:
        subject = f"{' and '.join(causes)} changed" if causes else "First scan"
        if told:
            result.append(_message("rules-changed", f"{subject}: {_counted(told)}", told, scan, head))
    else:
        urgent = [one for one in told if _urgent(one)]
        rest = [one for one in told if not _urgent(one)]
        if len(urgent) > URGENT_AT_MOST:
            result.append(_message("urgent", f"Urgent: {len(urgent)} breaches", urgent, scan, head))
        else:
            result.extend(_message("urgent", f"Urgent: {_title(one.row)}", [one], scan, head) for one in urgent)
        if rest:
            result.append(_message("digest", _counted(rest), rest, scan, head))
    if gaps:
        result.append(_coverage(gaps, scan, head))
    before = previous.digests.get(EXEMPTIONS, "").split() if previous else []
    fresh = [one for one in granted if fingerprint(one) not in before]
    if fresh:
        result.append(_permissions(fresh, scan, head))
    return tuple(result)


def fingerprint(exemption: Exemption) -> str:
    """A few digits that are others when anything in an exemption is: a scan keeps them among its digests."""
    return hashlib.sha256(msgspec.json.encode(exemption, order="deterministic")).hexdigest()[:8]


def _heading(change: Change) -> str:
    if change.row.status == "open" and change.row.verdict == _UPCOMING:
        return _UPCOMING if change.transition in (*_URGENT, "confirmed") else change.transition
    return change.transition


def _muted(change: Change) -> bool:
    return bool(change.row.exemption_id) and change.row.status == "open"


def _urgent(change: Change) -> bool:
    return change.row.severity == "critical" and _heading(change) in _URGENT


def _message(kind: Kind, subject: str, changes: Sequence[Change], scan: Scan, head: str) -> Message:
    lines = [head.format(_counted(changes))]
    for told, block in enumerate(_blocks(changes)):
        if len(lines) + len(block) > LINES - 1:
            day = max(change.row.last_changed for change in changes).date()
            lines.append(f"… and {len(changes) - told} more: domicile violations --changed-on {day}")
            break
        lines.extend(block)
    ids = tuple(sorted(one.row.violation_id for one in changes))
    return Message(_id(kind, scan, ids), kind, subject, tuple(lines), ids)


def _blocks(changes: Sequence[Change]) -> Iterator[tuple[str, ...]]:
    """A few lines for each row, worst first below the heading of what happened to it."""
    for name, heading in _HEADINGS.items():
        rows = sorted((one.row for one in changes if _heading(one) == name), key=lambda row: row.rank)
        for number, row in enumerate(rows):
            what = row.because if row.status == "open" else row.status_because or row.because
            above = () if number else ("", f"{heading} ({len(rows)})")
            yield *above, f"- [{row.severity}] {_title(row)}", f"  {what}", f"  domicile explain {row.violation_id}"


def _title(row: Row) -> str:
    name = row.resource_name or row.dataset_id or row.entity or row.account
    what = f"{row.copies} x {name}" if row.copies > 1 else name
    if not row.country and not row.region:
        return f"{row.rule}: {what}"
    return f"{row.rule}: {what} in {geography.country_name(row.country) if row.country else row.region}"


def _counted(changes: Sequence[Change]) -> str:
    count = Counter(map(_heading, changes))
    return ", ".join(f"{count[name]} {name}" for name in _HEADINGS if count[name])


def _coverage(gaps: Sequence[GapRow], scan: Scan, head: str) -> Message:
    ended = sum(gap.ended is not None for gap in gaps)
    counted = ", ".join(
        f"{count} {word}" for count, word in ((len(gaps) - ended, "not seen"), (ended, "seen again")) if count
    )
    lines = [head.format(counted), ""]
    lines.extend(
        f"- {'seen again' if gap.ended else 'not seen'}: "
        f"{', '.join(part for part in (gap.account, gap.region, gap.listing, gap.resource_id) if part)} ({gap.reason})"
        for gap in sorted(gaps, key=lambda gap: (gap.ended is not None, gap.gap))
    )
    keys = tuple(f"{gap.gap}{'-' if gap.ended else '+'}" for gap in gaps)
    return Message(_id("coverage", scan, keys), "coverage", f"Coverage changed: {counted}", _cut(lines))


def _permissions(exemptions: Sequence[Exemption], scan: Scan, head: str) -> Message:
    counted = f"{len(exemptions)} new or changed"
    lines = [head.format(counted), ""]
    lines.extend(
        f"- {one.id}: {one.rule} for {one.resource or one.dataset or one.account}, {one.basis}, "
        f"{one.since} to {one.until}, approved by {one.approver}: {one.reason}"
        for one in sorted(exemptions, key=lambda one: one.id)
    )
    keys = [fingerprint(one) for one in exemptions]
    return Message(_id("exemptions", scan, keys), "exemptions", f"Exemptions: {counted}", _cut(lines))


def _cut(lines: Sequence[str]) -> tuple[str, ...]:
    return tuple(lines) if len(lines) <= LINES else (*lines[: LINES - 1], f"… and {len(lines) - LINES + 1} more.")


def _id(kind: Kind, scan: Scan, parts: Sequence[str]) -> str:
    text = "\x1f".join((kind, str(scan.number), *sorted(parts)))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
