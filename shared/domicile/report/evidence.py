"""Evidence for an auditor: one rule, on one day, as a page, tables and their fingerprints."""

from __future__ import annotations

import hashlib
import io
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final

from msgspec import Struct

from domicile.model import Exemption, GapRow, Row, Rule, ScanRow
from domicile.report.formats import Record, json_text, plain, write_csv
from domicile.report.safe import terminal
from domicile.telling import place, subject

PAGE: Final = "evidence.md"
SUMS: Final = "SHA256SUMS"
MOST: Final = 200
_MARKS: Final = re.compile(r"([\\`*\[\]|])")


class Case(Struct, frozen=True, kw_only=True):
    """All that the evidence of one rule on one day is made of.

    `scans` are the newest of that day and, of each cloud that it did not look into, the newest. `rows` are the rule's
    violations as they stood, `history` every transition until then as (row id, transition, row), `places` and
    `coverage` lines of the inventory and of what was looked at (None: not kept of that day).
    """

    rule: Rule
    entity: str
    day: date
    scans: tuple[ScanRow, ...]
    made_at: datetime
    version: str
    file: str
    same_file: bool
    rows: tuple[Row, ...]
    history: tuple[tuple[str, str, Row], ...]
    gaps: tuple[GapRow, ...]
    statements: tuple[Mapping[str, Any], ...]
    exemptions: tuple[Exemption, ...]
    places: tuple[Mapping[str, Any], ...] | None = None
    coverage: tuple[Mapping[str, Any], ...] | None = None
    disclaimer: str = ""


def files(case: Case) -> dict[str, str]:
    """The text of each file by its name; the last holds the SHA-256 of all others, as `sha256sum --check` reads it."""
    made = {
        "rule.json": f"{json_text(case.rule)}\n",
        "violations.csv": _csv(case.rows, Row.__struct_fields__),
        "history.csv": _csv(
            [{"violation_id": name, "transition": transition, **plain(row)} for name, transition, row in case.history],
            ("violation_id", "transition", *Row.__struct_fields__[1:]),
        ),
        "gaps.csv": _csv(case.gaps, GapRow.__struct_fields__),
        "statements.csv": _csv(case.statements, tuple(case.statements[0]) if case.statements else ("entity",)),
        "exemptions.csv": _csv(case.exemptions, Exemption.__struct_fields__),
    }
    if case.places is not None:
        made["places.csv"] = _csv(case.places, tuple(case.places[0]) if case.places else ("dataset_id",))
    if case.coverage is not None:
        made["coverage.csv"] = _csv(case.coverage, tuple(case.coverage[0]) if case.coverage else ("account",))
    page = "\n".join(_page(case, made)) + "\n"
    made = {PAGE: page, **made}
    sums = "".join(f"{hashlib.sha256(text.encode()).hexdigest()}  {name}\n" for name, text in sorted(made.items()))
    return {**made, SUMS: sums}


def _csv(rows: Iterable[Record], fields: Sequence[str]) -> str:
    stream = io.StringIO()
    write_csv(rows, stream, (), fields)
    return stream.getvalue()


def _page(case: Case, made: Mapping[str, str]) -> Iterable[str]:
    whose = f" for {_text(case.entity)}" if case.entity else ""
    yield f"# {_text(case.rule.title)}"
    yield ""
    yield f"Evidence on the rule {_text(case.rule.id)}{whose}, as at {case.day}."
    yield f"Made at {_moment(case.made_at)} by domicile {_text(case.version)} from scan {_numbers(case)}."
    yield "Found by inventory of how clouds are set up; not a legal determination, and not legal advice."
    standing = [one for one in case.rows if one.status != "resolved"]
    for title, told in (
        ("The rule", _rule(case)),
        ("What was looked at", _looked_at(case)),
        ("Where the data is", _where(case)),
        (f"Breaches ({len(standing)} standing on that day)", _breaches(case, standing)),
        ("Exemptions in force", _exemptions(case)),
        ("Statements", _statements(case)),
        ("Files", _files(made)),
    ):
        yield from ("", f"## {title}", "", *told)


def _numbers(case: Case) -> str:
    return " and ".join(str(row.scan.number) for row in case.scans)


def _rule(case: Case) -> Iterable[str]:
    rule = case.rule
    since = f"binding from {rule.enforce_from}" if rule.enforce_from else "without a day from which it binds"
    yield f"- Version {rule.version} of {_text(rule.policy)}, {rule.status}, {since}"
    yield from (f"- {_text(cited)}" for cited in rule.cite)
    if rule.unsure:
        yield f"- For a lawyer to check: {_text(rule.unsure)}"
    if case.disclaimer:
        yield f"- {_text(case.disclaimer)}"


def _looked_at(case: Case) -> Iterable[str]:
    for row in case.scans:
        yield f"- Scan {row.scan.number} began at {_moment(row.scan.started_at)}, settled at {_moment(row.settled_at)}."
        yield from (f"- {_text(line)}" for line in row.summary.splitlines())
        told = ("accounts", "resources", "placements", "looks")
        accounts, resources, placements, looks = (row.counts.get(name, 0) for name in told)
        yield f"- {accounts} accounts, {resources} resources, {placements} places of data in {looks} listings."
    scan = case.scans[0].scan
    yield f"- {len(case.gaps)} gaps: what was to be shown and was not is in gaps.csv. No gap reads as compliance."
    if case.coverage is not None:
        yield "- Each listing with its outcome, and what no API shows, is in coverage.csv."
    else:
        yield "- Which listings were complete on that day is not kept here."
    digests = {name: value for name, value in sorted(scan.digests.items()) if name != "exemptions"}
    fingerprints = ", ".join(f"{_text(name)} {_text(digest)}" for name, digest in digests.items())
    yield f"- Fingerprints of what judged: {fingerprints}"
    if case.same_file:
        yield f"- {_text(case.file)} is the organisation file of that scan."
    else:
        yield f"- {_text(case.file)} has changed since that scan: statements and exemptions here are those of today."


def _where(case: Case) -> Iterable[str]:
    if case.places is None:
        yield "The places that this scan saw are not kept here; a deployment keeps them in its evidence store."
        return
    countries = Counter(place(line["country"], line["region"]) for line in case.places)
    yield from _table(("country", "places"), [(name, str(number)) for name, number in countries.most_common()])
    yield ""
    yield "Each place with its kind, channel, age, retention, keys and classes is in places.csv."


def _breaches(case: Case, standing: Sequence[Row]) -> Iterable[str]:
    yield from _table(
        ("id", "status", "severity", "where", "what", "since", "because"),
        [
            (
                one.violation_id[:10],
                one.status,
                one.severity,
                place(one.country, one.region),
                subject(one),
                str(one.opened_at.date()),
                one.because,
            )
            for one in standing[:MOST]
        ],
    )
    if len(standing) > MOST:
        yield ""
        yield f"… and {len(standing) - MOST} more in violations.csv."
    yield ""
    yield f"Resolved until then: {len(case.rows) - len(standing)}. Every transition is in history.csv."


def _exemptions(case: Case) -> Iterable[str]:
    yield from _table(
        ("id", "of", "basis", "reason", "approver", "from", "until"),
        [
            (
                one.id,
                one.resource or one.dataset or one.account,
                one.basis,
                one.reason,
                one.approver,
                str(one.since),
                str(one.until),
            )
            for one in case.exemptions
        ],
    )


def _statements(case: Case) -> Iterable[str]:
    head = ("entity", "statement", "state", "until", "by", "document")
    yield from _table(head, [tuple(str(one[name] or "") for name in head) for one in case.statements])


def _files(made: Mapping[str, str]) -> Iterable[str]:
    yield f"`sha256sum --check {SUMS}` in this folder says whether any of them was changed since."
    yield ""
    yield from (f"- {name}" for name in sorted(made))


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterable[str]:
    if not rows:
        yield "None."
        return
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(map(_text, row))} |"


def _text(value: object) -> str:
    """Text that no Markdown reader takes for code, a link, a table or HTML. It stands in a line, never at its start."""
    shown = terminal(str(value)).replace("&", "&amp;").replace("<", "&lt;").replace("://", ":&#47;/")
    return _MARKS.sub(r"\\\1", shown)


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z"
