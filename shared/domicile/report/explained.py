"""One violation, dataset or resource in full: what, why, under which clause, since when, every place, the ways out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from posixpath import commonprefix
from typing import Any, Final, TextIO

import yaml
from msgspec import Struct

from domicile.model import ClassEvidence, Classification, Dataset, Exemption, Placement, Row, Rule
from domicile.report.safe import terminal
from domicile.telling import place, subject, tail

DAY: Final = "YYYY-MM-DD"
"""Where somebody has to say until when. No date, so that what is pasted as it stands is refused."""

TRANSITIONS: Final = {
    "opened": "new",
    "begun": "binding from that day",
    "reopened": "back again",
    "confirmed": "seen again",
    "unexempted": "no longer exempt",
    "exempted": "exempted",
    "unconfirmed": "could not be confirmed",
    "resolved": "resolved",
    "updated": "brought up to date",
    "moved": "moved with its dataset",
}

MEND: Final[Mapping[str, str]] = {
    "copy_in": "Make the copy that the rule asks for, and keep it.",
    "backup_in": "Make the backup that the rule asks for, and keep it.",
    "logs_in": "Keep these logs where, and as long as, the rule asks.",
    "encrypted": "Encrypt it as the rule asks.",
    "no_such_data": "Delete the data.",
    "attest": "Have it signed: domicile statements --missing.",
    "disclose_location": "Say where it is.",
}
"""What to do where no channel says how to stop it."""


class Ways(Struct, frozen=True):
    """What can be done about a violation: stop what makes it, say what the data really is, or have it permitted."""

    mend: str
    instead: str
    correct: str
    exempt: str


class Judged(Struct, frozen=True):
    """What one adopted rule says."""

    rule: str
    verdict: str
    because: str
    trial: bool


class Step(Struct, frozen=True):
    """A place of data, how deep below the root it hangs, and how it came about."""

    depth: int
    at: Placement
    how: str


def steps(dataset: Dataset) -> list[Step]:
    """Every place of a dataset, each below the one that it is a copy of."""
    below: dict[str, list[Placement]] = defaultdict(list)
    tops = []
    for one in dataset.placements:
        source = _source(one, dataset)
        if source is None:
            tops.append(one)
        else:
            below[source.subject].append(one)
    found: list[Step] = []
    seen: set[str] = set()

    def hang(one: Placement, depth: int, source: Placement | None) -> None:
        if one.subject not in seen:
            seen.add(one.subject)
            found.append(Step(depth, one, how(one, source)))
            for other in below[one.subject]:
                hang(other, depth + 1, one)

    # What copies each other in a ring hangs below nothing.
    for one in sorted((*tops, *dataset.placements), key=lambda one: (one.resource_id != dataset.id, one not in tops)):
        hang(one, 0, None)
    return found


def _source(one: Placement, dataset: Dataset) -> Placement | None:
    """The place that another is a copy of; of copies that come and go, the set that lies where it was copied from."""
    if one.resource_id == dataset.id or not one.channel:
        return None
    others = [other for other in dataset.placements if other.subject != one.subject]
    taken_of = _taken_of(one)
    region = one.source_id.split(":")[3] if one.source_id.count(":") > 3 else ""
    # Of a set only the newest is named, so the likeliest is the one named most alike.
    siblings = [
        other
        for other in others
        if taken_of not in ("", one.source_id)
        and _taken_of(other) == taken_of
        and other.location
        and other.location.region == region
    ]
    by_id = {other.resource_id: other for other in reversed(others)}
    return (
        by_id.get(one.source_id)
        or max(siblings, key=lambda other: len(commonprefix([other.resource_id, one.source_id])), default=None)
        or by_id.get(taken_of)
        or by_id.get(dataset.id)
    )


def _taken_of(one: Placement) -> str:
    kind, _, rest = one.subject.partition("|")
    return rest.split("|", 1)[0] if kind in ("set", "implied") else ""


def how(one: Placement, source: Placement | None) -> str:
    """How a place came about: `Singapore by s3-replication (rule archive)`."""
    region = one.location.region if one.location else ""
    where = place(one.country or "", region) or "a place nobody knows"
    if not one.channel:
        made = f"{where}, where it was made" if one.copies == 1 else f"{where}, made of it there"
    else:
        made = f"{where} by {one.channel}{_cause(one)}"
        if source is None and one.source_id:
            made += f" from {tail(one.source_id)}"
    return made


def _cause(one: Placement) -> str:
    thing, mark, name = one.caused_by.partition("#")
    if mark:
        return f" ({'rule' if 'replication' in one.channel else 'setting'} {name})" if name else ""
    return f" (because of {tail(thing)})" if thing and thing not in (one.source_id, one.resource_id) else ""


def tree(found: Sequence[Step]) -> list[str]:
    """The places as lines: what each is, since when, and how it came about."""
    lines = []
    for step in found:
        one = step.at
        what = one.resource_name or tail(one.resource_id) or one.kind
        if one.copies > 1:
            what = f"{one.copies} x {one.kind}, newest {what}"
        since = f", since {one.oldest_at.date()}" if one.oldest_at else ""
        held = f"{one.kind} in account {one.account}" if one.account else one.kind
        region = f" ({one.location.region})" if one.location and one.country else ""
        unseen = "" if one.held or one.declared else "; only its source speaks of it"
        arrow = f"{'   ' * (step.depth - 1)}→ " if step.depth else ""
        lines.append(f"{arrow}{what}: {step.how}{region}; {held}{since}{unseen}")
    return lines


def ways_out(row: Row, rule: Rule | None, stop: str, suffix: str) -> Ways:
    """`suffix` is what a command needs to find the same store and file."""
    return Ways(
        mend=stop or MEND.get(row.keyword, "Move the data to a place that the rule allows."),
        instead=rule.instead if rule else "",
        correct=correction(row),
        exempt=(
            f"domicile exempt {row.violation_id[:10]} --basis approved_by_regulator --owner 'WHO ANSWERS' "
            f"--reason 'WHY' --approver 'WHO APPROVED' --until {DAY}{suffix}"
        ),
    )


def correction(row: Row) -> str:
    """The entry of the organisation file by which a dataset does not hold what a violation says; "" where nothing says
    that it does."""
    if not row.classes or not row.root_resource_id or not row.dataset_id or row.dataset_id.startswith("declared:"):
        return ""
    name = "".join(
        char if char.isascii() and (char.isalnum() or char in "_.-") else "-" for char in tail(row.dataset_id)
    )
    entry = {
        "id": f"{name.strip('-')[:50] or 'data'}-corrected",
        "resources": [row.dataset_id],
        "loosen": {
            "declassify": list(row.classes),
            "owner": "WHO ANSWERS",
            "reason": "WHAT IT HOLDS INSTEAD",
            "approver": "WHO APPROVED",
            "until": DAY,
        },
    }
    return str(yaml.safe_dump({"datasets": [entry]}, sort_keys=False, allow_unicode=True, width=10_000))


def violation(
    row: Row,
    rule: Rule | None,
    history: Iterable[tuple[str, Row]],
    found: Sequence[Step],
    ways: Ways,
    exemption: Exemption | None,
    stream: TextIO,
) -> None:
    """One violation, for reading."""
    lines = [
        row.violation_id,
        f"{row.severity} · {row.status} · {row.rule} ({row.keyword})",
        "",
        row.because,
    ]
    if row.status_because:
        lines.append(f"Now {row.status}: {row.status_because.partition(': ')[2]}")
    if exemption:
        lines.append(
            f"By {exemption.id} ({exemption.basis}) until {exemption.until}: {exemption.reason} "
            f"(approved by {exemption.approver})"
        )
    lines += ["", "What"]
    facts = {
        "subject": subject(row),
        "named": row.subject,
        "resource": row.resource_id,
        "place": place(row.country, row.region),
        "account": f"{row.account} {row.account_name}".strip(),
        "entity": row.entity,
        "owner": row.owner,
        "kind, channel": " by ".join(part for part in (row.kind, row.channel) if part),
        "caused by": row.caused_by,
        "data from": f"{row.root_resource_id} in {place(row.root_country, row.root_region)}"
        if row.root_resource_id
        else "",
        "classes": ", ".join(row.classes),
        "copies": span(row),
    }
    lines += [f"  {name:14} {value}" for name, value in facts.items() if value]
    lines += [f"  {'says':14} {_said(one)}" for one in row.class_evidence]
    for seen in row.evidence:
        moment = f" ({seen.observed_at:%Y-%m-%d %H:%M}Z)" if seen.observed_at else ""
        lines.append(f"  {'seen':14} {seen.operation}: {seen.field} = {seen.value}{moment}")
    lines += ["", "Under"]
    if rule:
        lines.append(f"  {rule.title}")
    lines.append(f"  {row.citation}")
    if rule and rule.unsure:
        lines.append(f"  For a lawyer: {rule.unsure}")
    lines += ["", "Since"]
    for transition, then in history:
        told = TRANSITIONS.get(transition, transition)
        lines.append(f"  {then.last_changed:%Y-%m-%d %H:%M}Z  scan {then.changed_in_scan}: {told}")
    if found:
        lines += ["", f"Every place of this data, as last seen ({len(found)})", *(f"  {one}" for one in tree(found))]
    lines += ["", "Ways out", "", f"1. mend: {ways.mend}", *([f"   {ways.instead}"] if ways.instead else [])]
    number = 2
    if ways.correct:
        held = ", ".join(row.classes)
        lines += ["", f"2. correct the class, if it does not hold {held} (organisation file):", ""]
        lines += [f"   {one}" for one in ways.correct.splitlines()]
        number = 3
    lines += ["", f"{number}. have it permitted for a while (another basis: domicile exempt --help):", ""]
    lines.append(f"   {ways.exempt}")
    _print(lines, stream)


def dataset(
    one: Dataset,
    said: Classification,
    about: Placement | None,
    found: Sequence[Step],
    judged: Sequence[Judged],
    rows: Sequence[Row],
    suffix: str,
    stream: TextIO,
) -> None:
    """A dataset, or one resource of it, for reading: where it is, what it holds and why, and under which rules it
    passes."""
    lines = [about.resource_id if about else one.id]
    if about and about.resource_id != one.id:
        lines.append(f"A {about.kind} of the dataset {one.id}")
        lines.append(f"in {how(about, None)}; account {about.account or 'unknown'}")
    lines += ["", "Holds", *(f"  {text}" for text in _held(said)), "", f"Where it is ({len(found)})"]
    lines += [f"  {text}" for text in tree(found)]
    lines += ["", f"Under the adopted rules ({len(judged)})"]
    width = max((len(verdict.rule) for verdict in judged), default=0)
    for verdict in judged:
        why = f"  {verdict.because}" if verdict.because else ""
        trial = " (on trial)" if verdict.trial else ""
        lines.append(f"  {verdict.rule:{width}}  {verdict.verdict}{trial}{why}")
    if not judged:
        lines.append("  None is adopted, so nothing is judged.")
    if rows:
        lines += ["", f"Violations ({len(rows)})"]
        for row in rows:
            lines.append(
                f"  domicile explain {row.violation_id[:10]}{suffix}  # {row.status}, {row.rule}: {subject(row)}"
            )
    _print(lines, stream)


def _held(said: Classification) -> Iterator[str]:
    if said.classes:
        yield from (_said(one) for one in said.classes)
    else:
        yield "not classified: nothing says what it holds"
    if said.origins:
        yield f"of people in {', '.join(sorted({one.name for one in said.origins}))}"
    for taken in said.declassified:
        yield f"not {taken.name}, says the organisation file"
    if said.facts:
        yield f"declared {', '.join(sorted(said.facts))}"
    yield f"answered for by {said.entity}" if said.entity else "nobody answers for its account"
    for missed in said.missed:
        yield f"could not tell: {missed}"
    if not said.looked and not said.missed:
        yield "could not tell: not every source of classes was looked at"


def _said(one: ClassEvidence) -> str:
    return f"{one.name}: {one.detail} ({one.source})"


def span(row: Row) -> str:
    """How many copies a row stands for, and from when to when, as of the day it was written."""
    if row.copies < 2 or not (row.oldest_at and row.newest_at):
        return ""
    return f"{row.copies} on {row.last_changed.date()}, from {row.oldest_at.date()} to {row.newest_at.date()}"


def place_document(step: Step) -> Mapping[str, Any]:
    """A place as JSON has it."""
    one = step.at
    return {
        "depth": step.depth,
        "how": step.how,
        "subject": one.subject,
        "resource_id": one.resource_id,
        "resource_type": one.resource_type,
        "resource_name": one.resource_name,
        "account": one.account,
        "country": one.country or "",
        "region": one.location.region if one.location else "",
        "kind": one.kind,
        "channel": one.channel,
        "caused_by": one.caused_by,
        "source_id": one.source_id,
        "copies": one.copies,
        "oldest_at": one.oldest_at,
        "newest_at": one.newest_at,
        "held": one.held,
    }


def _print(lines: Iterable[str], stream: TextIO) -> None:
    stream.writelines(f"{terminal(text)}\n" for text in lines)
