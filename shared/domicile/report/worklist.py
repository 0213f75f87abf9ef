"""What is left to do, by what one line, one signature or one permission would settle, most first."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Any, Final, TextIO

from msgspec import Struct

from domicile.model import (
    SEVERITIES,
    Classification,
    Coming,
    GapRow,
    Organisation,
    Row,
    Unclassified,
)
from domicile.report.safe import cells, fitting, terminal
from domicile.telling import subject, tail

SOON: Final = timedelta(days=60)
LINES: Final = 25
_SEPARATOR: Final = re.compile(r"[-_./]")
_REFUSED: Final = re.compile(r"not authorized to perform: ([a-z0-9-]+:[A-Za-z]+)|perform action '([\w./]+)'")
_TAG: Final = re.compile(r"tag (.+?) of .* names no known (?:class|origin)")


class Item(Struct, frozen=True):
    """One thing to do: how much it would settle, what it is about, and what to write or to run."""

    count: int
    what: str
    do: str
    about: Mapping[str, Any]


class Worklist(Struct, frozen=True):
    """What is left to do, in the order in which to do it."""

    breaches: tuple[Item, ...] = ()
    classify: tuple[Item, ...] = ()
    statements: tuple[Item, ...] = ()
    ending: tuple[Item, ...] = ()
    gaps: tuple[Item, ...] = ()
    upcoming: tuple[Item, ...] = ()


TITLES: Final = {
    "breaches": "Breaches, by what one mend would end",
    "classify": "To classify, by how many datasets one line would settle",
    "statements": "Statements that are missing, or end soon",
    "ending": "Permissions that end soon",
    "gaps": "Not seen, by the permission that would show most",
    "upcoming": "Rules to come, and how many datasets will break them",
}


def breaches(rows: Iterable[Row], suffix: str) -> tuple[Item, ...]:
    """Open breaches that nobody permits, by what makes them: whatever ends that ends all of them."""
    causes: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row.status == "open" and row.verdict == "violation" and not row.exemption_id:
            causes[row.caused_by or row.resource_id or row.dataset_id or row.subject].append(row)
    items = []
    for cause, some in causes.items():
        worst = min(some, key=lambda row: row.rank)
        made = f"{worst.channel} of {tail(cause)}" if worst.caused_by else subject(worst)
        items.append(
            Item(
                len(some),
                f"{made}: {worst.remedy.partition('. ')[0].rstrip('.') or worst.rule}",
                f"domicile explain {worst.violation_id[:10]}{suffix}",
                {
                    "cause": cause,
                    "severity": worst.severity,
                    "rules": sorted({row.rule for row in some}),
                    "violation_ids": sorted(row.violation_id for row in some),
                },
            )
        )
    return _most(items, lambda one: SEVERITIES.index(one.about["severity"]))


def to_classify(waiting: Iterable[Unclassified], classifications: Mapping[str, Classification]) -> tuple[Item, ...]:
    """What would change a verdict, by account, by tag and by the pattern of names, with the line that would tell."""
    groups: dict[tuple[str, str, str, tuple[str, ...]], list[Unclassified]] = defaultdict(list)
    longer: dict[str, set[str]] = defaultdict(set)
    for one in waiting:
        missed = classifications[one.dataset.id].missed
        account = one.dataset.account
        unread = [text for text in missed if not _TAG.match(text)]
        if unread or not (classifications[one.dataset.id].looked or missed):
            groups["coverage", account, "", one.missing].append(one)
            continue
        keys = {match[1] for text in missed if (match := _TAG.match(text))}
        for key in keys:
            groups["tag", "", key, one.missing].append(one)
        # Where a tag cannot be understood, no default of the account puts that right.
        if not keys:
            groups["account", account, "", one.missing].append(one)
            globs = _globs(one.dataset.name)
            for glob in globs:
                groups["name", account, glob, one.missing].append(one)
            for glob, next_one in pairwise(globs):
                longer[glob].add(next_one)
    items = []
    for (of, account, pattern, missing), some in groups.items():
        by, name = of, pattern
        if by == "name":
            # A longer pattern, or the account as a whole, may say the same.
            others = [("name", account, glob, missing) for glob in longer[name]]
            same = (groups.get(other, ()) for other in [("account", account, "", missing), *others])
            if len(some) < 2 or any(len(other) == len(some) for other in same):
                continue
        if by == "account" and len(some) == 1:
            # Nobody gives a whole account a class for the sake of one thing in it.
            by, name = "dataset", some[0].dataset.id
        what, do = _line(by, account, name, missing)
        items.append(
            Item(
                len(some),
                what,
                do,
                {
                    "by": by,
                    "account": account,
                    "name": name,
                    "missing": missing,
                    "would_break": sorted({rule for one in some for rule in one.would_break}),
                    "datasets": sorted(one.dataset.id for one in some),
                },
            )
        )
    return _most(items, lambda one: one.about["by"])


def _globs(name: str) -> list[str]:
    """The patterns that a name fits, by its beginnings: `bulbul-*`, `bulbul-shop-*`."""
    return [f"{name[: match.end()]}*" for match in _SEPARATOR.finditer(name) if match.start()]


def _line(by: str, account: str, name: str, missing: Sequence[str]) -> tuple[str, str]:
    match by:
        case "coverage":
            return f"in account {account}, whose tags or sources were not all read", "domicile gaps"
        case "tag":
            word = "origin" if missing == ("origin",) else "class"
            return (
                f"whose tag {name} names no known {word}",
                f'classify: {{tags: [{{key: {json.dumps(name)}, values: {{"VALUE": [{word.upper()}]}}}}]}}',
            )
    what = f"in account {account}" + (f": {tail(name)}" if by == "dataset" else f", named {name}" if name else "")
    said = []
    given = [f"{word}: [{value}]" for word, value in (("class", "CLASS"), ("origin", "COUNTRY")) if word in missing]
    if given == ["class: [CLASS]"] and not name:
        said.append(f'classify: {{accounts: {{"{account}": [CLASS]}}}}')
    elif given:
        named = f'names: [{json.dumps(name or "*")}], accounts: ["{account}"]'
        which = f"resources: [{json.dumps(name)}]" if by == "dataset" else named
        said.append(f"datasets: [{{id: NAME, {which}, {', '.join(given)}}}]")
    if "entity" in missing:
        said.append(f'entities: [{{id: NAME, owns: ["{account}"]}}]')
    return what, " and ".join(said)


def statements(asked: Iterable[Mapping[str, Any]], today: date) -> tuple[Item, ...]:
    """What rules ask to be signed and is not, no longer, or not for long; whoever could sign to be exempt need not."""
    groups: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for one in asked:
        ends = one["state"] == "signed" and one["until"] <= today + SOON
        if one["asked"] != "only to be exempt" and (one["state"] != "signed" or ends):
            groups[one["statement"], f"ends {one['until']}" if ends else one["state"]].append(one)
    items = []
    for (name, state), some in groups.items():
        entities = sorted({one["entity"] for one in some})
        items.append(
            Item(
                len(entities),
                f"{name}: {state}, of {', '.join(entities)}",
                f"domicile sign {name} --entity {entities[0]} --by WHO --until YYYY-MM-DD",
                {
                    "statement": name,
                    "state": state,
                    "entities": entities,
                    "rules": sorted({one["rule"] for one in some}),
                },
            )
        )
    return _most(items, lambda one: one.about["state"] != "missing")


def ending(said: Organisation, rows: Iterable[Row], today: date) -> tuple[Item, ...]:
    """What the organisation file lets be until a day within two months, and what begins again then."""
    held: dict[str, int] = defaultdict(int)
    for row in rows:
        held[row.exemption_id] += 1
    ends = [
        *(
            (one.until, "exemption", one.id, f"exemption {one.id} of {one.rule}", held[one.id])
            for one in said.exemptions
        ),
        *(
            (one.loosen.until, "dataset", one.id, f"what dataset {one.id} takes away", 1)
            for one in said.datasets
            if one.loosen
        ),
        *((one.until, "accepted_gap", one.gap, f"the answer for gap {one.gap}", 1) for one in said.accepted_gaps),
    ]
    return tuple(
        Item(
            count,
            f"{what} ends on {until}",
            "renew it in the organisation file, or mend",
            {"kind": kind, "id": name, "until": until},
        )
        for until, kind, name, what, count in sorted(ends)
        if today <= until <= today + SOON
    )


def gaps(
    rows: Iterable[GapRow], accepted: Iterable[str], needs: Mapping[str, Sequence[str]], suffix: str
) -> tuple[Item, ...]:
    """What was not seen and nobody answers for, by what would show it. `needs`: the permissions of each listing."""
    answered = frozenset(accepted)
    groups: dict[tuple[str, str], list[GapRow]] = defaultdict(list)
    for row in rows:
        if row.gap not in answered:
            groups[row.reason, _shows(row, needs)].append(row)
    items = []
    for (reason, what), some in groups.items():
        accounts = sorted({row.account for row in some})
        where = f"account {accounts[0]}" if len(accounts) == 1 else f"{len(accounts)} accounts"
        only = f" --account {accounts[0]}" if len(accounts) == 1 else ""
        items.append(
            Item(
                len(some),
                f"{reason} in {where}: {what}",
                f"domicile gaps{only}{suffix}",
                {"reason": reason, "wanted": what, "accounts": accounts, "gaps": sorted(row.gap for row in some)},
            )
        )
    return _most(items, lambda one: one.what)


def _shows(row: GapRow, needs: Mapping[str, Sequence[str]]) -> str:
    """The permission, or whatever else it takes, to close a gap."""
    match row.reason:
        case "role-missing":
            return "let the role in"
        case "suspended" | "left":
            return "say under `departed` that it can be looked at no more"
        case "region-off":
            return f"switch {row.region} on, or say that it was left"
        case "denied" | "denied-by-scp":
            refused = _REFUSED.search(row.detail)
            action = refused and (refused[1] or refused[2])
            wanted = action or ", ".join(needs.get(row.listing, ())) or f"what {row.listing} takes"
            return f"allow {wanted}" + (" in the service control policy" if row.reason == "denied-by-scp" else "")
        case "throttled":
            return "scan again with a lower --concurrency"
        case _:
            return row.listing if not row.detail else f"{row.listing}: {row.detail[:80]}"


def upcoming(coming: Iterable[Coming]) -> tuple[Item, ...]:
    """Rules by the day from which they bind, with how many datasets will break them if nothing moves."""
    return tuple(
        Item(
            one.breaks,
            f"{one.rule} from {one.enforce_from} on"
            + (f", {one.cannot_tell + one.to_look_at} more cannot be told" if one.cannot_tell + one.to_look_at else "")
            + (f", to sign: {', '.join(one.to_sign)}" if one.to_sign else "")
            + (" (on trial)" if one.trial else ""),
            f"domicile policy show {one.rule}",
            {
                "rule": one.rule,
                "from": one.enforce_from,
                "cannot_tell": one.cannot_tell + one.to_look_at,
                "trial": one.trial,
            },
        )
        for one in coming
    )


def show(found: Worklist, notes: Sequence[str], stream: TextIO, width: int) -> None:
    """At most 25 lines; what does not fit is counted."""
    sections = [(name, getattr(found, name)) for name in TITLES if getattr(found, name)]
    if not sections:
        lines = ["Nothing is left to do." if not notes else "Nothing else is left to do."]
    else:
        room = LINES - len(notes) - 2 * len(sections)
        shares = dict.fromkeys((name for name, _ in sections), 0)
        # One each in turn, so that no section crowds out another; what is left goes to the first.
        while room > 0 and any(shares[name] < len(items) for name, items in sections):
            for name, items in sections:
                if room > 0 and shares[name] < len(items):
                    shares[name] += 1
                    room -= 1
        lines = []
        for name, items in sections:
            left = len(items) - shares[name]
            lines += ["", TITLES[name] + (f" ({left} more: --format json)" if left else "")]
            lines += [_shown(one, width) for one in items[: shares[name]]]
    stream.writelines(f"{terminal(text)}\n" for text in (*lines[not lines[0] :], *notes))


def _shown(one: Item, width: int) -> str:
    """What is to be pasted is never cut; what it is about is, at its end, where a sentence says least."""
    room, what = max(width - len(one.do) - 12, 30), terminal(one.what)
    return f"  {one.count:>4}  {what if cells(what) <= room else f'{fitting(what, room - 1)}…'}  → {one.do}"


def _most(items: Iterable[Item], then: Any) -> tuple[Item, ...]:
    return tuple(sorted(items, key=lambda one: (-one.count, then(one), one.what)))
