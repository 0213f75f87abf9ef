"""Gives violations a life of their own: what changes when verdicts, and what could be looked at, meet the known rows.

A row is resolved only on proof, and the proof lies with the holder of the data. What was not seen is not gone.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from typing import Final, Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from domicile import taxonomy
from domicile.classify import INHERITED
from domicile.judge import AHEAD, violation_id
from domicile.model import (
    ANYWHERE,
    SEVERITIES,
    Account,
    Change,
    ChangedBecause,
    ClassEvidence,
    Dataset,
    Departed,
    Evidence,
    Finding,
    Gap,
    GapRow,
    Judgement,
    Looks,
    Presence,
    Row,
    RowStatus,
    Scan,
    Severity,
    Transition,
    Verdict,
)
from domicile.relate import SAMPLES

LOOKS_KEPT: Final = 20
"""A row that rests on more looks than this rests on those into its own account, and on all others of the scan."""

ROW_SIZE: Final = 8192
"""Bytes of a row, as JSON."""

# Bytes, as JSON, of one field.
_SENTENCE: Final = 700
_ID: Final = 500
_NAME: Final = 150
_CLASS: Final = 60
_LOOKS: Final = 1200
_LIST: Final = 8

Standing = Literal[
    "breached",
    "muted",
    "exempt",
    "upcoming",
    "not-due",
    "on-trial",
    "not-applicable",
    "undeclared",
    "cannot-tell",
    "needs-signature",
    "met",
    "gone",
    "departed",
    "rule-dropped",
    "coverage-lost",
    "evidence-gone",
    "class-gone",
]
"""What one scan says about one row."""

_ABOUT_CLASSES: Final = frozenset({"logs_in", "no_such_data"})
"""What is met by data that says nothing of itself any longer."""

_FAILING: Final = frozenset({"breached", "muted", "upcoming"})
_RESOLVING: Final = frozenset(
    {"met", "not-due", "on-trial", "not-applicable", "undeclared", "gone", "departed", "rule-dropped"}
)

_SENTENCES: Final[Mapping[Standing, str]] = {
    "met": "Looked at again in full: the obligation is met.",
    "not-due": "The rule does not bind any longer.",
    "on-trial": "The rule is on trial now: shown, not kept. The data was not seen to move.",
    "not-applicable": "The rule does not apply any longer, by the organisation file. The data was not seen to move.",
    "undeclared": "The organisation file declares this copy no longer.",
    "gone": "Looked at again in full where it was held: it is gone.",
    "departed": "A person's entry says what became of it.",
    "rule-dropped": "The rule is not adopted any longer.",
    "coverage-lost": "Was open, could not look again: not every place its facts came from was seen.",
    "evidence-gone": "Only what linked it to its source is gone; the copy itself was not seen to be deleted.",
    "class-gone": "What said which class it holds is gone; only the organisation file can take a class away.",
    "cannot-tell": "Was open, and now it cannot be told.",
    "needs-signature": "Was open, and now it needs a signature.",
}


class Answer(Struct, frozen=True):
    """What to do with a row: its next status, or None for no row and no change."""

    status: RowStatus | None
    transition: Transition | None


def answer(status: RowStatus | None, standing: Standing) -> Answer:
    """The life of a violation as one table: status before (None: no row) and standing now → what happens."""
    if standing in _FAILING:
        opened: dict[RowStatus | None, Transition] = {
            None: "opened",
            "open": "updated",
            "unconfirmed": "confirmed",
            "exempted": "unexempted",
            "resolved": "reopened",
        }
        return Answer("open", opened[status])
    if standing == "exempt":
        return Answer("exempted", "updated" if status == "exempted" else "exempted")
    if status is None or status == "resolved":
        return Answer(status, None)
    if standing in _RESOLVING:
        return Answer("resolved", "resolved")
    return Answer("unconfirmed", "updated" if status == "unconfirmed" else "unconfirmed")


def record(
    known: Mapping[str, Row],
    judgement: Judgement,
    looks: Looks,
    scan: Scan,
    *,
    now: datetime,
    previous: Scan | None = None,
    accounts: Iterable[Account] = (),
    departed: Iterable[Departed] = (),
    gone: Collection[str] = (),
) -> tuple[Change, ...]:
    """The rows to write. `known` holds all rows that are not resolved, and those of `wanted`, resolved or not; `gone`
    are holders of which the cloud itself says that there is none of that name.

    Recording the same again changes nothing; seeing less never resolves anything.
    """
    findings = {finding.id: finding for finding in judgement.findings}
    names = {account.id: account.name for account in accounts}
    entries = tuple(one for one in departed if one.on <= scan.as_of)
    seen = _Seen(judgement, looks, entries, gone)
    cause = _cause(scan, previous)
    moves = {
        start: to
        for start, to in _moves(known, judgement).items()
        if known[start].subject.partition("|")[2] in judgement.members or seen.proves(known[start])
    }
    # While a member could not be described, its age is not known, and another may seem to be the anchor.
    shaken = {judgement.members[gap.resource_id] for gap in looks.gaps if gap.resource_id in judgement.members}
    for start, to in list(moves.items()):
        if _heir(known[start], judgement) in shaken and to not in known:
            del moves[start]
            if to in findings:
                findings[start] = replace(findings.pop(to), id=start, subject=known[start].subject)
    arriving = {to: known[start] for start, to in moves.items()}
    changes = []
    for row_id in sorted({*known, *findings, *arriving}):
        if row_id in moves:
            changes.append(_left(known[row_id], moves[row_id], scan, now))
            continue
        row, finding = known.get(row_id), findings.get(row_id)
        if row_id in arriving:
            row = _arrived(arriving[row_id], row, row_id, judgement)
        if finding is not None:
            standing = standing_of(finding, scan)
        elif row is not None and row.status != "resolved":
            standing = seen.standing_of(row)
        else:
            continue
        change = _next(row, finding, standing, scan, now, cause, names, shaken)
        if row_id in arriving and row is not None:
            change = change or _next_version(row, scan, now)
            transition = "moved" if change.row.status == row.status else change.transition
            change = Change(change.row, change.replaces, transition)
        if change:
            changes.append(change)
    return tuple(changes)


def wanted(known: Mapping[str, Row], judgement: Judgement) -> set[str]:
    """Ids of rows, resolved ones too, that recording needs besides those that are not resolved."""
    ids = {finding.id for finding in judgement.findings} | set(_moves(known, judgement).values())
    return ids - set(known)


def standing_of(finding: Finding, scan: Scan) -> Standing:
    """What a finding says about its row."""
    soon = finding.enforce_from is not None and scan.as_of < finding.enforce_from <= scan.as_of + AHEAD
    # A rule on trial, or far from its day, is shown, never kept; so is one that does not bind any longer.
    if finding.trial:
        return "on-trial"
    if not (finding.enforced or soon):
        return "not-due"
    match finding.verdict:
        case Verdict.VIOLATION:
            return "muted" if finding.exemption else "breached"
        case Verdict.EXEMPT:
            return "exempt"
        case Verdict.UPCOMING:
            return "upcoming"
        case Verdict.ADVISORY:
            return "not-due"
        case Verdict.REVIEW:
            return "needs-signature"
        case _:
            return "cannot-tell"


def record_gaps(known: Iterable[GapRow], gaps: Iterable[Gap], *, now: datetime) -> tuple[GapRow, ...]:
    """Gaps that began, ended or have another reason now; what is refused as before stays as it is. A gap that has
    become part of a larger one has not ended."""
    before = {row.gap: row for row in known if row.ended is None}
    current = {gap.key: gap for gap in gaps}
    began = [
        GapRow(
            gap=key,
            provider=gap.cell.provider,
            account=gap.cell.account,
            region=gap.cell.region,
            listing=gap.listing,
            resource_id=gap.resource_id,
            reason=gap.reason,
            detail=_cut(gap.detail, _SENTENCE),
            first_seen=before[key].first_seen if key in before else now,
        )
        for key, gap in current.items()
        if key not in before or before[key].reason != gap.reason
    ]
    ended = [
        replace(row, ended=now)
        for key, row in before.items()
        if key not in current and not any(_covers(gap, row) for gap in current.values())
    ]
    return tuple(sorted([*began, *ended], key=lambda row: row.gap))


def rank(severity: Severity, opened_at: datetime, row_id: str) -> str:
    """Sort key of a row: worst first, then oldest, then by id."""
    return f"{SEVERITIES.index(severity)}#{opened_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}#{row_id}"


def _covers(gap: Gap, row: GapRow) -> bool:
    return (
        (gap.cell.provider, gap.cell.account) == (row.provider, row.account)
        and gap.cell.region in (ANYWHERE, row.region)
        and (gap.listing == ANYWHERE or (gap.listing == row.listing and not gap.resource_id))
    )


class _Seen:
    """What a scan that found nothing wrong says about a row that stood."""

    def __init__(
        self, judgement: Judgement, looks: Looks, departed: tuple[Departed, ...], gone: Collection[str]
    ) -> None:
        self._judgement, self._looks, self._departed, self._gone = judgement, looks, departed, gone
        self._sets: dict[tuple[str, ...], list[Presence]] = defaultdict(list)
        for subject, presence in judgement.present.items():
            if subject.startswith("set|"):
                self._sets[_place_of_set(subject)].append(presence)
        self._shortened = {_cut_id(subject): subject for subject in judgement.present if subject != _cut_id(subject)}

    def standing_of(self, row: Row) -> Standing:
        judgement = self._judgement
        if row.rule not in judgement.rules:
            return "rule-dropped"
        if any(one.account == row.account and one.region in (ANYWHERE, row.region) for one in self._departed):
            return "departed"
        subject = self._shortened.get(row.subject, row.subject)
        presence = judgement.present.get(subject)
        if presence and row.channel and row.channel not in presence.links:
            return "evidence-gone"
        if not presence and subject.startswith("resource|") and subject.removeprefix("resource|") in self._gone:
            return "gone"
        declared = subject.startswith(("resource|declared:", "dataset|declared:"))
        if not (self.proves(row) or (declared and not row.seen_in)):
            return "coverage-lost"
        if row.subject.startswith("logs|"):
            if self._hidden(row, row.account, ANYWHERE):
                return "coverage-lost"
            about = f"dataset|{row.dataset_id}"
            presence = judgement.present.get(self._shortened.get(about, about))
        if (row.rule, subject) in judgement.open_questions or (
            (row.rule, f"logs|{row.account}|") in judgement.open_questions and row.keyword == "logs_in"
        ):
            return "class-gone"
        if row.keyword in _ABOUT_CLASSES and presence and _class_gone(row, presence):
            return "class-gone"
        if (row.rule, row.keyword, subject) in judgement.met:
            return "met"
        if presence:
            if row.dataset_id not in {_cut_id(dataset) for dataset in presence.datasets}:
                return "evidence-gone"
            return "class-gone" if _class_gone(row, presence) else "not-applicable"
        if declared:
            return "undeclared"
        # Without a type, nothing but a link to it was ever seen.
        if subject.startswith(("resource|", "set|")) and not row.resource_type:
            return "evidence-gone"
        if subject.startswith("set|"):
            # The same copies may be known by another channel, or by none.
            if any(bool(row.channel) != bool(other.links) for other in self._sets.get(_place_of_set(subject), ())):
                return "evidence-gone"
            if self._hidden(row, row.account, row.region):
                return "coverage-lost"
        # What a whole dataset left behind may lie in any place that was not seen.
        if subject.startswith("dataset|") and self._hidden(row, ANYWHERE, ANYWHERE):
            return "coverage-lost"
        return "gone"

    def _hidden(self, row: Row, account: str, region: str) -> bool:
        """Whether a listing was refused in which such data could show."""
        return any(
            gap.cell.provider == row.provider
            and not gap.part
            and account in (ANYWHERE, gap.cell.account)
            and (region == ANYWHERE or gap.cell.region in (region, ANYWHERE))
            for gap in self._looks.gaps
        )

    def proves(self, row: Row) -> bool:
        """Whether every look behind a row was had again."""
        return bool(row.seen_in) and all(self._proves(look) for look in row.seen_in)

    def _proves(self, seen_in: str) -> bool:
        """What a person has entered as gone for ever need not be looked at again."""
        if self._looks.proves(seen_in):
            return True
        _, account, region, *_ = *seen_in.split("/"), "", ""
        return any(one.account == account and one.region in (ANYWHERE, region) for one in self._departed)


def _place_of_set(subject: str) -> tuple[str, ...]:
    """What the copies of a set were taken of and where they are, without the channel."""
    taken_of, *rest = subject.rsplit("|", 3)
    return taken_of, *rest[1:]


def _class_gone(row: Row, presence: Presence) -> bool:
    """Whether a class or origin that a tag stated, an account or an ancestor, is stated no more, and no entry of the
    file, for which somebody answers, has taken it away."""
    return any(
        evidence.name not in presence.stated
        and not any(taxonomy.matches(glob, evidence.name) for glob in presence.loosened)
        for evidence in row.class_evidence
        if evidence.source in ("tag", "account") or evidence.detail.startswith(INHERITED)
    )


def _moves(known: Mapping[str, Row], judgement: Judgement) -> dict[str, str]:
    """Rows about datasets whose anchor is another now: the id they had and the id they get."""
    return {
        row.violation_id: violation_id(row.rule, row.keyword, f"dataset|{heir}")
        for row in known.values()
        if row.subject.startswith("dataset|") and row.status != "resolved" and row.subject not in judgement.present
        if (heir := _heir(row, judgement))
    }


def _heir(row: Row, judgement: Judgement) -> str:
    """The dataset that has what a row's dataset was anchored in, or, when that is gone, what else stood in it."""
    ids = (row.subject.partition("|")[2], *row.samples)
    return next((judgement.members[one] for one in ids if one in judgement.members), "")


def _left(row: Row, to: str, scan: Scan, now: datetime) -> Change:
    gone = replace(
        row,
        status="resolved",
        status_because=f"moved: The dataset is anchored elsewhere now; its row is {to}.",
        resolved_at=now,
        resolved_by="moved",
        last_changed=now,
        changed_in_scan=scan.number,
        changed_because="data",
        version=row.version + 1,
    )
    return Change(gone, row.version, "moved")


def _arrived(start: Row, there: Row | None, row_id: str, judgement: Judgement) -> Row:
    """The row under its new id, with the history of the old one."""
    if there is not None and there.status != "resolved":
        return there
    dataset = _heir(start, judgement)
    return replace(
        start,
        violation_id=row_id,
        subject=_cut_id(f"dataset|{dataset}"),
        dataset_id=_cut_id(dataset),
        root_resource_id=_cut_id(dataset),
        rank=rank(start.severity, start.opened_at, row_id),
        first_seen=min(start.first_seen, there.first_seen) if there else start.first_seen,
        moved_from=start.violation_id,
        version=there.version if there else 0,
    )


def _next_version(row: Row, scan: Scan, now: datetime) -> Change:
    fresh = replace(row, last_changed=now, changed_in_scan=scan.number, changed_because="data", version=row.version + 1)
    return Change(fresh, row.version, "moved")


def _next(
    row: Row | None,
    finding: Finding | None,
    standing: Standing,
    scan: Scan,
    now: datetime,
    cause: ChangedBecause | None,
    names: Mapping[str, str],
    shaken: Collection[str],
) -> Change | None:
    outcome = answer(row.status if row else None, standing)
    if outcome.status is None or outcome.transition is None:
        return None
    because = _changed_because(cause, row, standing)
    if finding is not None and (standing in _FAILING or standing == "exempt"):
        fresh = _row(finding, row, outcome.status, scan, now, because, names)
        if row is None:
            return Change(fresh, 0, outcome.transition)
        if finding.dataset and finding.dataset.id in shaken:
            fresh = replace(fresh, **{name: getattr(row, name) for name in _OF_ITS_DATASET})
        if all(getattr(row, name) == getattr(fresh, name) for name in _TELLING):
            return None
        if outcome.transition == "updated" and row.verdict == "upcoming" and fresh.verdict == "violation":
            return Change(fresh, row.version, "begun")
        if outcome.transition == "updated" and standing != "exempt" and row.exemption_id and not fresh.exemption_id:
            return Change(fresh, row.version, "unexempted")
        return Change(fresh, row.version, outcome.transition)
    assert row is not None
    if row.status == outcome.status and row.status_because.partition(":")[0] == standing:
        return None
    resolved = outcome.status == "resolved"
    sentence = finding.because if finding and standing in ("cannot-tell", "needs-signature") else _SENTENCES[standing]
    settled = replace(
        row,
        status=outcome.status,
        verdict=row.verdict if resolved else str(finding.verdict if finding else Verdict.UNKNOWN),
        status_because=_cut(f"{standing}: {sentence}", _SENTENCE),
        last_changed=now,
        changed_in_scan=scan.number,
        changed_because=because,
        resolved_at=now if resolved else None,
        resolved_by=standing if resolved else "",
        version=row.version + 1,
    )
    return Change(settled, row.version, outcome.transition)


def _cause(scan: Scan, previous: Scan | None) -> ChangedBecause | None:
    """What changed besides the data since the scan before, if anything did."""
    if previous is None:
        return None
    causes: tuple[ChangedBecause, ...] = ("rules", "config", "engine")
    return next((cause for cause in causes if scan.digests.get(cause) != previous.digests.get(cause)), None)


def _changed_because(cause: ChangedBecause | None, row: Row | None, standing: Standing) -> ChangedBecause:
    match standing:
        case "coverage-lost":
            return "coverage"
        case "evidence-gone" | "gone" | "class-gone":
            return "data"
        case "rule-dropped" | "upcoming" | "not-due" | "on-trial":
            return "rules"
        case "departed" | "exempt" | "muted" | "not-applicable" | "undeclared":
            return "config"
    if cause:
        return cause
    if row is not None and row.status == "unconfirmed" and standing == "breached":
        return "coverage"
    return "rules" if row is not None and row.verdict == "upcoming" and standing == "breached" else "data"


_OF_ITS_DATASET: Final = (
    "dataset_id", "root_resource_id", "root_region", "root_country", "channel", "kind", "caused_by", "seen_in",
)  # fmt: skip
"""What a row says of its dataset's anchor, and of its own place in relation to it."""

_TELLING: Final = (
    "rule_version", "policy", "severity", "status", "verdict", "confidence", "provider", "account",
    "entity", "owner", "region", "country", "channel", "kind", "caused_by", "resource_type", "dataset_id",
    "root_region", "root_country", "classes", "exemption_id", "seen_in",
)  # fmt: skip
"""The fields that make a change. The others move by themselves (ages, counts, samples), follow from these or are
wording: they are refreshed when a row is written, and are no reason to write it."""


def _row(
    finding: Finding,
    row: Row | None,
    status: RowStatus,
    scan: Scan,
    now: datetime,
    because: ChangedBecause,
    names: Mapping[str, str],
) -> Row:
    dataset, place = finding.dataset, finding.placement
    opens = row is None or row.status == "resolved"
    opened_at = now if row is None or opens else row.opened_at
    location = place.location if place else None
    provider = location.provider if location else (dataset.provider if dataset else "")
    samples = place.samples if place else _standing_in(dataset) if dataset else ()
    fresh = Row(
        violation_id=finding.id,
        rule=finding.rule,
        rule_version=finding.rule_version,
        keyword=finding.keyword,
        subject=_cut_id(finding.subject),
        policy=finding.policy,
        severity=finding.severity,
        rank=rank(finding.severity, opened_at, finding.id),
        status=status,
        verdict=str(finding.verdict),
        confidence=finding.confidence,
        provider=provider,
        account=finding.account,
        account_name=_cut(names.get(finding.account, ""), _NAME) or (row.account_name if row else ""),
        entity=finding.entity,
        owner=_cut(finding.owner, _NAME),
        region=location.region if location else "",
        country=(place.country or "") if place else "",
        channel=place.channel if place else "",
        kind=place.kind if place else "",
        caused_by=_cut(place.caused_by, 2 * _NAME) if place else "",
        resource_id=_cut_id(place.resource_id) if place else "",
        resource_type=place.resource_type if place else "",
        resource_name=_cut(place.resource_name, _NAME) if place else "",
        dataset_id=_cut_id(dataset.id) if dataset else "",
        root_resource_id=_cut_id(dataset.id) if dataset else "",
        root_region=dataset.root_location.region if dataset and dataset.root_location else "",
        root_country=(dataset.root_country or "") if dataset else "",
        classes=tuple(_cut(name, _CLASS) for name in finding.classes[:_LIST]),
        class_evidence=_one_each(finding.class_evidence),
        evidence=tuple(
            Evidence(_cut(one.operation, _NAME), _cut(one.field, _NAME), _cut(one.value, 2 * _NAME), one.observed_at)
            for one in (place.evidence if place else ())
        ),
        because=_cut(finding.because, _SENTENCE),
        remedy=_cut(finding.remedy, _SENTENCE),
        citation=_cut(finding.citation, _NAME),
        copies=place.copies if place else finding.count,
        oldest_at=place.oldest_at if place else None,
        newest_at=place.newest_at if place else None,
        samples=tuple(_cut(sample, 2 * _NAME) for sample in samples[:SAMPLES]),
        first_seen=row.first_seen if row else now,
        opened_at=opened_at,
        times_opened=(row.times_opened if row else 0) + opens,
        last_changed=now,
        changed_in_scan=scan.number,
        changed_because=because,
        status_because="",
        resolved_at=None,
        resolved_by="",
        exemption_id=finding.exemption,
        seen_in=_looks_kept(finding.seen_in, tuple(one for one in place.seen_in if "#" not in one) if place else ()),
        moved_from=row.moved_from if row else "",
        version=row.version + 1 if row else 1,
    )
    if len(msgspec.json.encode(fresh)) + _SENTENCE < ROW_SIZE:
        return fresh
    return replace(
        fresh,
        because=_cut(fresh.because, 2 * _NAME),
        remedy=_cut(fresh.remedy, 2 * _NAME),
        evidence=(),
        class_evidence=fresh.class_evidence[:2],
        samples=fresh.samples[:1],
    )


def _standing_in(dataset: Dataset) -> tuple[str, ...]:
    """What stands in a dataset besides its anchor, and keeps its rows when the anchor goes."""
    return tuple(
        one.resource_id
        for one in dataset.placements
        if one.subject.startswith("resource|") and one.resource_id != dataset.id
    )


def _looks_kept(looks: tuple[str, ...], near: tuple[str, ...]) -> tuple[str, ...]:
    """The looks a row rests on. Too many become the cells they lie in, and these every look of the scan; those that
    showed the thing itself are kept whatever happens."""
    kept = tuple(look for look in looks if _whole(look) == look)
    if kept == looks and len(looks) <= LOOKS_KEPT and len(msgspec.json.encode(looks)) <= _LOOKS:
        return looks
    cells = {f"{'/'.join(look.split('/', 3)[:3])}/{ANYWHERE}" for look in looks}
    few = tuple(sorted({*cells, *(look for look in near if look in kept)}))
    if len(few) <= LOOKS_KEPT and _fits(" ".join(few), _LOOKS):
        return few
    nearest: list[str] = []
    for look in near:
        if look in kept and len(nearest) < LOOKS_KEPT and _fits(" ".join([*nearest, look]), _LOOKS):
            nearest.append(look)
    return (ANYWHERE, *nearest)


def _one_each(evidence: Iterable[ClassEvidence]) -> tuple[ClassEvidence, ...]:
    """The most trusted evidence of each class: enough to explain a row, and no row is large."""
    order = ("declared", "tag", "account", "name")
    best: dict[str, ClassEvidence] = {}
    for one in sorted(evidence, key=lambda item: (order.index(item.source), item.detail)):
        best.setdefault(one.name, one)
    return tuple(
        ClassEvidence(_cut(one.name, _CLASS), one.source, _cut(one.detail, _NAME))
        for _, one in sorted(best.items())[:_LIST]
    )


def _cut(text: str, size: int) -> str:
    """At most so many bytes of JSON, without halves of characters, which no store would take."""
    whole = _whole(text)
    if _fits(whole, size):
        return whole
    kept = whole[:size]
    while not _fits(kept, size - 3):
        kept = kept[: len(kept) * 7 // 8]
    return kept + "…"


def _cut_id(text: str) -> str:
    """An id as rows keep it: one too long for a row stays distinct, and the same in every scan."""
    if _fits(_whole(text), _ID):
        return _cut(text, _ID)
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return _cut(text, _ID - len(digest)) + digest


def _whole(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _fits(text: str, size: int) -> bool:
    return len(msgspec.json.encode(text)) - 2 <= size
