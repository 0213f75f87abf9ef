"""Turns the changes of one scan into messages a person can act on; what has not changed is not told again."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final, Literal

from msgspec import Struct

from domicile import geography
from domicile.model import Change, Exemption, GapRow, Row, Scan, Transition

URGENT_AT_MOST: Final = 20
LINES: Final = 50

_TOLD: Final[tuple[Transition, ...]] = (
    "opened", "begun", "reopened", "confirmed", "unexempted", "exempted", "unconfirmed", "resolved",
)  # fmt: skip
"""What is worth telling, in the order in which it is told. Rows that moved or were brought up to date are not."""

_HEADINGS: Final[dict[Transition, str]] = {
    "opened": "Breaches found",
    "begun": "Duties that begin to bind today",
    "reopened": "Breaches found again",
    "confirmed": "Breaches seen again after they could not be looked at",
    "unexempted": "No longer exempt",
    "exempted": "Exempted",
    "unconfirmed": "Was open, could not look again",
    "resolved": "Resolved, with proof",
}

Kind = Literal["urgent", "digest", "rules-changed", "coverage"]


class Message(Struct, frozen=True):
    """One notice. It carries ids, names and counts, never the value of a tag; `message_id` is the same whenever
    it is made again from the same changes."""

    message_id: str
    kind: Kind
    subject: str
    lines: tuple[str, ...]
    violation_ids: tuple[str, ...] = ()


def messages(
    changes: Sequence[Change],
    gaps: Sequence[GapRow],
    scan: Scan,
    *,
    previous: Scan | None = None,
    exemptions: Iterable[Exemption] = (),
) -> tuple[Message, ...]:
    """The notices of one settled scan; none when nothing changed.

    After a first scan, or when rules, file or engine changed, everything is one message: it is not the data that
    moved. Otherwise urgent rows are told apart (more than twenty as one), the rest is one digest.
    """
    told = [change for change in changes if change.transition in _TOLD and not _muted(change)]
    result = []
    if previous is None or dict(previous.digests) != dict(scan.digests):
        if told:
            subject = "First scan" if previous is None else "The rules changed, not your data"
            result.append(_message("rules-changed", subject, told, scan, exemptions))
    else:
        urgent = [one for one in told if one.row.severity == "critical" and one.row.status == "open"]
        rest = [one for one in told if one not in urgent]
        if len(urgent) > URGENT_AT_MOST:
            result.append(_message("urgent", f"{len(urgent)} urgent changes", urgent, scan, exemptions))
        else:
            result.extend(_message("urgent", f"Urgent: {_title(one.row)}", [one], scan, exemptions) for one in urgent)
        if rest:
            result.append(_message("digest", _counted(rest), rest, scan, exemptions))
    if gaps:
        result.append(_coverage(gaps, scan))
    return tuple(result)


def _muted(change: Change) -> bool:
    return bool(change.row.exemption_id) and change.row.status == "open"


def _message(
    kind: Kind, subject: str, changes: Sequence[Change], scan: Scan, exemptions: Iterable[Exemption]
) -> Message:
    running = [one for one in exemptions if one.since <= scan.as_of <= one.until]
    lines = [f"Scan {scan.number}, as of {scan.as_of}: {_counted(changes)}. Exemptions in force: {len(running)}."]
    for transition in _TOLD:
        rows = sorted((one.row for one in changes if one.transition == transition), key=lambda row: row.rank)
        if rows:
            lines.extend(["", f"{_HEADINGS[transition]} ({len(rows)})"])
            lines.extend(line for row in rows for line in _of(row, transition))
    if len(lines) > LINES:
        left = len(lines) - LINES + 2
        lines = [
            *lines[: LINES - 2],
            f"… and {left} more lines.",
            f"All of them: domicile violations --scan {scan.number}",
        ]
    ids = tuple(sorted(one.row.violation_id for one in changes))
    return Message(_id(kind, scan, ids), kind, subject, tuple(lines), ids)


def _of(row: Row, transition: Transition) -> tuple[str, ...]:
    what = row.because if transition != "unconfirmed" and row.status == "open" else row.status_because or row.because
    return f"- [{row.severity}] {_title(row)}", f"  {what}", f"  domicile explain {row.violation_id}"


def _title(row: Row) -> str:
    where = geography.country_name(row.country) if row.country else row.region or "place unknown"
    return f"{row.rule}: {row.resource_name or row.dataset_id or row.entity or row.account} in {where}"


def _counted(changes: Sequence[Change]) -> str:
    count = Counter(change.transition for change in changes)
    return ", ".join(f"{count[transition]} {transition}" for transition in _TOLD if count[transition]) or "no changes"


def _coverage(gaps: Sequence[GapRow], scan: Scan) -> Message:
    lines = [
        f"- {'seen again' if gap.ended else 'not seen'}: {gap.account}, {gap.region}, {gap.listing} ({gap.reason})"
        for gap in gaps
    ]
    if len(lines) > LINES:
        lines = [*lines[: LINES - 1], f"… and {len(lines) - LINES + 1} more."]
    keys = tuple(f"{gap.gap}{'-' if gap.ended else '+'}" for gap in gaps)
    return Message(_id("coverage", scan, keys), "coverage", "Coverage changed", tuple(lines))


def _id(kind: Kind, scan: Scan, parts: Sequence[str]) -> str:
    text = "\x1f".join((kind, str(scan.number), *parts))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
