"""What a person sees at the end of a scan: what is wrong, what cannot be told, what was not seen, what to do next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, TextIO

from msgspec import Struct

from domicile import geography
from domicile.inventory import crosses
from domicile.judge import AHEAD, replaced
from domicile.model import (
    ANYWHERE,
    GLOBAL,
    AcceptedGap,
    Account,
    Change,
    Classification,
    Dataset,
    Exemption,
    Finding,
    Gap,
    GapRow,
    Inventory,
    Judgement,
    Limit,
    Obligation,
    Placement,
    Row,
    Rule,
    Scan,
    Verdict,
)
from domicile.obligations import DETERMINATION
from domicile.report.formats import write_table
from domicile.report.safe import terminal
from domicile.telling import place, subject, tail

ROWS: Final = 12
FEW: Final = 6
CLOUDS: Final = {"aws": "AWS", "azure": "Azure"}
SHORT_ID: Final = 10
LISTED: Final = ("id", "severity", "status", "rule", "where", "what", "how", "account", "since")

_VERBS: Final = {
    "opened": "new",
    "begun": "binding from today",
    "reopened": "back again",
    "confirmed": "seen again",
    "unexempted": "no longer exempt",
    "exempted": "exempted",
    "unconfirmed": "could not be confirmed",
    "resolved": "resolved",
    "updated": "brought up to date",
    "moved": "moved with their dataset",
}


class Outcome(Struct, frozen=True, kw_only=True):
    """All that a screen tells of."""

    scan: Scan
    recorded: bool
    first: bool
    proven: bool
    inventory: Inventory
    datasets: tuple[Dataset, ...]
    classifications: Mapping[str, Classification]
    judgement: Judgement
    gaps: tuple[Gap, ...]
    rows: tuple[Row, ...]
    changes: tuple[Change, ...]
    gap_changes: tuple[GapRow, ...]
    rules: tuple[Rule, ...]
    exemptions: tuple[Exemption, ...]
    accepted: tuple[AcceptedGap, ...]
    unowned: tuple[Account, ...]
    file: str
    store: str
    """The URL of the store, where it is not the usual one."""


def show(outcome: Outcome, stream: TextIO) -> None:
    """The first screen of a scan."""
    write = _Writer(stream)
    _head(outcome, write)
    if outcome.rules:
        _breaches(outcome, write)
        _changes(outcome, write)
        _open_points(outcome, write)
    else:
        _crossings(outcome, write)
    _coverage(outcome, write)
    _next(outcome, write)


class _Writer:
    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def line(self, text: str = "") -> None:
        self.stream.write(f"{terminal(text)}\n")

    def title(self, text: str) -> None:
        self.line()
        self.line(text)

    def table(self, rows: Sequence[Mapping[str, Any]], more: str = "", most: int = ROWS) -> None:
        if rows:
            write_table(rows[:most], self.stream, tuple(rows[0]))
        if len(rows) > most:
            self.line(f"… and {len(rows) - most} more{more}")


def _head(outcome: Outcome, write: _Writer) -> None:
    inventory, scan = outcome.inventory, outcome.scan
    cells = {look.cell for look in inventory.looks}
    # What is swept is not asked for region by region.
    regions = {cell.region for cell in cells} - {GLOBAL}
    regions |= {one.location.region for one in inventory.resources if one.location.provider == "azure"}
    number = f"Scan {scan.number}" if outcome.recorded else "Scan (not recorded)"
    places = sum(len(dataset.placements) for dataset in outcome.datasets)
    write.line(
        f"{number}, as of {scan.as_of}: {_n(len({cell.account for cell in cells}), 'account')} looked into, "
        f"{_n(len(regions), 'region')}, {_n(len(inventory.resources), 'resource')}, "
        f"{_n(len(outcome.datasets), 'dataset')}, {_n(places, 'place')}."
    )
    if outcome.rules:
        in_force = [one for one in outcome.exemptions if one.since <= scan.as_of <= one.until]
        rules = _n(len(outcome.rules), "rule")
        write.line(f"Judged by {rules} of {outcome.file}; exemptions in force: {len(in_force)}.")
    else:
        write.line("No rule is adopted, so nothing is judged: this is where data lies.")


def _breaches(outcome: Outcome, write: _Writer) -> None:
    standing = [row for row in outcome.rows if row.status == "open" and row.verdict == "violation"]
    found = [row for row in standing if not row.exemption_id]
    muted = len(standing) - len(found)
    if found:
        write.title(f"Breaches found ({len(found)}), by inventory; not a legal determination")
        write.table([_breach(row) for row in found], ": domicile violations")
    else:
        write.title("No breach found, and nothing left open." if outcome.proven else "No breach found, but not proven.")
    if muted:
        write.line(f"{_n(muted, 'more breach', 'more breaches')} still open, muted by an exemption.")
    _upcoming(outcome, write)
    lost = [row for row in outcome.rows if row.status == "unconfirmed"]
    if lost:
        write.title(f"Was open, could not look again ({len(lost)})")
        write.table([{**_breach(row), "why": _short_why(row)} for row in lost], ": domicile violations", FEW)


def _upcoming(outcome: Outcome, write: _Writer) -> None:
    """One line for each rule that will bind: what would break it then, if nothing moved."""
    coming = outcome.judgement.upcoming
    if not coming:
        return
    write.title("Upcoming: rules that bind from a later day on, and how many datasets break them then if nothing moves")
    write.table(
        [
            {
                "from": one.enforce_from,
                "rule": one.rule,
                "will break": one.breaks,
                "cannot tell": one.cannot_tell + one.to_look_at,
                "to sign": ", ".join(one.to_sign),
                "": "on trial" if one.trial else "",
            }
            for one in coming
        ]
    )
    known = sum(row.status == "open" and row.verdict == "upcoming" for row in outcome.rows)
    if known:
        write.line(f"{_n(known, 'place')} of them, due within {AHEAD.days} days: domicile violations")


_WHY: Final = {
    "coverage-lost": "could not look there",
    "evidence-gone": "only its link went",
    "class-gone": "its class is stated no more",
    "cannot-tell": "cannot be told now",
    "needs-signature": "needs a signature",
    "gone": "gone where it was held",
    "met": "the rule is met",
    "not-due": "the rule does not bind",
    "on-trial": "the rule is on trial",
    "not-applicable": "the rule applies no more",
    "undeclared": "declared no more",
    "departed": "by a person's entry",
    "rule-dropped": "the rule was dropped",
    "moved": "moved to another row",
}


def _breach(row: Row) -> dict[str, Any]:
    return {
        "id": row.violation_id[:SHORT_ID],
        "severity": row.severity,
        "rule": row.rule,
        "where": place(row.country, row.region),
        "what": subject(row),
        "how": row.channel or ("where it was made" if row.resource_id else ""),
    }


def listed(row: Row) -> dict[str, Any]:
    """A row as a line of the violations table."""
    status = "upcoming" if row.verdict == "upcoming" else "muted" if row.exemption_id else row.status
    return {
        **_breach(row),
        "status": status if row.status == "open" else row.status,
        "account": row.account,
        "since": row.opened_at.date(),
    }


def placed(line: Mapping[str, Any]) -> dict[str, Any]:
    """A line of the inventory as a line of a table."""
    return {
        "country": place(line["country"], line["region"]),
        "region": line["region"],
        "kind": line["kind"],
        "what": line["resource_name"] if line["copies"] == 1 else f"{line['copies']}, newest {line['resource_name']}",
        "by": line["channel"] or "itself",
        "from": place(line["root_country"], line["root_region"]),
        "classes": ", ".join(line["classes"]) or "not classified",
        "account": line["account"],
    }


def rule_lines(rule: Rule, disclaimer: str, verified: str, check: str) -> list[str]:
    """One rule in full, for reading."""
    said = [
        f"{rule.id} (version {rule.version}, {rule.status}, {rule.policy})",
        rule.title,
        "",
        f"Binds from   {rule.enforce_from or 'no day'}"
        + (f" until {rule.enforce_until}" if rule.enforce_until else ""),
        *([f"In place of  {', '.join(rule.replaces)}"] if rule.replaces else []),
        f"Applies to   {', '.join(rule.applies.classes)}",
        f"of people in {', '.join(rule.applies.origins)}",
        f"held by      {', '.join(rule.applies.actors)}",
        "",
        "Asks",
        *(f"  {_asked(obligation)}" for obligation in rule.oblige),
    ]
    for title, entries in (
        ("In its place", [rule.instead] if rule.instead else []),
        ("On the authority of", list(rule.cite)),
        ("Evidence an auditor asks for", list(rule.evidence)),
        ("For a lawyer to check", [rule.unsure] if rule.unsure else []),
        ("Reviewed", [f"{one.on} {one.by} {one.note}".strip() for one in rule.reviewed]),
    ):
        if entries:
            said.extend(["", title, *(f"  {entry}" for entry in entries)])
    basis = {"V": "read in an official text", "S": "read in a secondary source", "K": "from general knowledge"}
    said.extend(["", f"Rests on: {', '.join(basis[one] for one in rule.basis)}."])
    if rule.trial:
        said.append("On trial: shown, never kept as a violation, until somebody reviews it or the file says otherwise.")
    said.extend(["", *(text for text in (disclaimer, f"Verified: {verified}", f"To check: {check}") if text)])
    return said


def _asked(obligation: Obligation) -> str:
    """One obligation as a sentence."""
    where, kinds = _named(obligation.places), " or ".join(obligation.copies)
    match obligation.kind:
        case "only_in":
            said = f"every {kinds or 'copy'} is in {where}"
        case "not_in":
            said = f"no {kinds or 'copy'} is in {where or 'a country that is barred; none is yet'}"
        case "approved_in":
            said = f"a {kinds or 'copy'} outside {where} needs a signature: {obligation.else_attest}"
        case "copy_in":
            said = f"at least {obligation.min} {kinds or 'copy'} is in {where}"
        case "backup_in":
            said = f"a {kinds or 'backup'} in {where} is at most {obligation.max_age_hours or 0:g} hours old"
        case "logs_in":
            said = f"{kinds or 'logs'} in {where} are kept for at least {obligation.min_days} days"
        case "encrypted":
            asked = [
                "a key of one's own" if obligation.cmk else "",
                f"keys in {_named(obligation.keys_in)}" if obligation.keys_in else "",
                "end-to-end encryption" if obligation.end_to_end else "",
            ]
            said = f"every {kinds or 'copy'} has {' and '.join(part for part in asked if part)}"
        case "disclose_location":
            said = f"the country of every copy is known, to tell {obligation.to}"
        case "attest":
            said = f"somebody has signed: {obligation.id}"
        case "no_such_data":
            said = f"there is no {' or '.join(obligation.classes)} in it"
    return f"{obligation.kind}: {'; '.join([said, *_limits_of(obligation)])}"


def _limits_of(obligation: Obligation) -> list[str]:
    """When an obligation is due, and what lifts it."""
    said = []
    if obligation.tolerate:
        kinds = " or ".join(obligation.tolerate.kinds)
        said.append(f"{kinds} elsewhere is let be for {obligation.tolerate.max_hours:g} hours")
    if obligation.unless_copy and obligation.unless_copy.e2e:
        said.append("except what is encrypted end to end")
    if obligation.unless_attested:
        said.append(f"except where {obligation.unless_attested} is signed")
    if obligation.when:
        if obligation.when.tags:
            said.append(f"only for data declared {', '.join(obligation.when.tags)}")
        if obligation.when.not_tags:
            said.append(f"not for data declared {', '.join(obligation.when.not_tags)}")
        if obligation.when.min_subjects is not None:
            said.append(f"from {obligation.when.min_subjects} people on")
    return said


def _named(places: Sequence[str]) -> str:
    names = ["any country" if code == geography.ANY else geography.country_name(code) for code in places]
    return " or ".join(names) if len(names) <= FEW else f"{', '.join(names[:3])} or {len(names) - 3} more"


def _short_why(row: Row) -> str:
    return _WHY.get(row.status_because.partition(":")[0], row.status_because)


def _changes(outcome: Outcome, write: _Writer) -> None:
    count: Counter[str] = Counter(change.transition for change in outcome.changes)
    told = [f"{count[name]} {word}" for name, word in _VERBS.items() if count[name]]
    if outcome.recorded and not outcome.first:
        write.title(f"Since the last scan: {', '.join(told) or 'nothing changed'}.")
        resolved = [change.row for change in outcome.changes if change.transition == "resolved"]
        if resolved:
            write.table([{**_breach(row), "why": _short_why(row)} for row in resolved], ": domicile violations", FEW)


def _open_points(outcome: Outcome, write: _Writer) -> None:
    findings = [one for one in outcome.judgement.findings if one.enforced]
    unknown = [one for one in findings if one.verdict is Verdict.UNKNOWN]
    review = [one for one in findings if one.verdict is Verdict.REVIEW]
    for title, some in (("Cannot tell", unknown), ("Needs a signature or a look", review)):
        if some:
            write.title(f"{title} ({len(some)})")
            for finding in some[:FEW]:
                write.line(f"- {finding.rule}: {_sentence(finding)}")
            if len(some) > FEW:
                write.line(f"… and {len(some) - FEW} more: domicile scan --format json")
    if outcome.unowned:
        names = ", ".join(account_name(one, one.id) for one in outcome.unowned[:FEW])
        more = f" and {len(outcome.unowned) - FEW} more" if len(outcome.unowned) > FEW else ""
        write.title(f"Nobody answers for {names}{more}: name an owner under `entities`")
    _shown_only(outcome, write)
    waiting = outcome.judgement.unclassified
    if waiting:
        write.title(f"Not classified ({_n(len(waiting), 'dataset')}): what they hold would change a verdict")
        grouped = Counter(
            (one.dataset.account, ", ".join(one.missing), ", ".join(sorted(one.would_break))) for one in waiting
        )
        accounts = {account.id: account for account in outcome.inventory.accounts}
        write.table(
            [
                {
                    "account": account_name(accounts.get(account), account),
                    "missing": missing,
                    "would break": rules,
                    "datasets": number,
                }
                for (account, missing, rules), number in grouped.most_common()
            ],
            most=FEW,
        )


def _shown_only(outcome: Outcome, write: _Writer) -> None:
    """What rules that do not bind would say: drafts, trials, what another rule replaced."""
    kept = {row.violation_id for row in outcome.rows if row.status != "resolved"}
    unmet = Counter(
        finding.rule
        for finding in outcome.judgement.findings
        if not finding.enforced and finding.verdict in (Verdict.VIOLATION, Verdict.ADVISORY) and finding.id not in kept
    )
    if unmet:
        standing = {rule.id: rule for rule in outcome.rules}
        gone = replaced(outcome.rules, outcome.scan.as_of)
        write.title("Shown only, since these rules do not bind or are on trial")
        write.table(
            [
                {
                    "rule": name,
                    "standing": f"replaced by {gone[name].id}"
                    if name in gone
                    else f"{standing[name].status}{', on trial' if standing[name].trial else ''}",
                    "from": standing[name].enforce_from or "",
                    "would break": number,
                }
                for name, number in unmet.most_common()
            ],
            most=FEW,
        )


def _sentence(finding: Finding) -> str:
    """What is not known or not signed, without the words that the heading has said."""
    sentence = finding.because.removesuffix(f" {DETERMINATION}")
    for heading in ("Cannot tell: ", "Needs a signature: ", "Needs a look: "):
        sentence = sentence.removeprefix(heading)
    return sentence


def _crossings(outcome: Outcome, write: _Writer) -> None:
    countries: Counter[str] = Counter()
    crossing: Counter[tuple[str, str, str]] = Counter()
    causes: dict[tuple[str, str, str], set[str]] = {}
    for dataset in outcome.datasets:
        for one in dataset.placements:
            region = one.location.region if one.location else ""
            countries[place(one.country or "", region) or "unknown"] += 1
            if crosses(one, dataset) is not False:
                start = one.source_country if one.country == dataset.root_country else dataset.root_country
                key = (_country(start), _country(one.country, one), one.channel or "itself")
                crossing[key] += one.copies
                causes.setdefault(key, set()).add(one.caused_by or one.source_id)
    told = ", ".join(f"{name} {number}" for name, number in countries.most_common(8))
    write.title(f"Where data is: {told or 'nowhere'}")
    if not crossing:
        write.line("No copy crosses a border.")
        return
    write.title("Copies that cross a border")
    write.table(
        [
            {
                "from": start,
                "to": end,
                "by": channel,
                "copies": number,
                "causes": len(causes[start, end, channel]),
                "for example": tail(min(causes[start, end, channel])),
            }
            for (start, end, channel), number in crossing.most_common()
        ],
        ": domicile inventory --crossing",
    )


def _coverage(outcome: Outcome, write: _Writer) -> None:
    accounts = {account.id: account for account in outcome.inventory.accounts}
    scanned = outcome.scan.providers or {look.cell.provider for look in outcome.inventory.looks}
    elsewhere = {row.provider for row in outcome.rows if row.provider in CLOUDS} - {*scanned}
    if outcome.gaps:
        write.title(f"Not seen ({len(outcome.gaps)}): what is there may be anywhere")
        accepted = {one.gap: one for one in outcome.accepted if outcome.scan.as_of <= one.until}
        write.table([_gap(gap, accounts, accepted.get(gap.key)) for gap in outcome.gaps], most=FEW)
    else:
        write.title(f"Everything inside the scope was looked at{' in ' if scanned else ''}{_clouds(scanned)}.")
    if elsewhere:
        store = f" --store {outcome.store}" if outcome.store else ""
        write.line(
            f"{_clouds(elsewhere)} was not looked into: rows and gaps there are as before (domicile gaps{store})."
        )
    ended = [gap for gap in outcome.gap_changes if gap.ended]
    if ended:
        write.line(f"Seen again since the last scan: {_n(len(ended), 'gap')} closed.")
    # The same in many accounts is one thing.
    limits = Counter(
        reason for reason, *_ in {(one.reason, _unit(one), one.listing, one.detail) for one in outcome.inventory.limits}
    )
    if limits:
        words = {
            "skipped-by-config": ("thing left out by choice", "things left out by choice"),
            "never-enabled": ("region never enabled", "regions never enabled"),
            "not-offered": ("listing not offered in a region", "listings not offered in a region"),
            "blind-to": ("thing the APIs do not show", "things the APIs do not show"),
        }
        told = ", ".join(_n(number, *words[reason]) for reason, number in sorted(limits.items()))
        write.line(f"Outside the promise: {told}.")


def _clouds(names: Collection[str]) -> str:
    return " and ".join(CLOUDS.get(name, name) for name in sorted(names))


def _unit(limit: Limit) -> str:
    """The region that a limit is about, or the account as a whole."""
    whole = limit.cell.region == limit.listing == ANYWHERE
    return limit.cell.account if whole else limit.cell.region


def _gap(gap: Gap, accounts: Mapping[str, Account], accepted: AcceptedGap | None) -> dict[str, Any]:
    what = "everything" if gap.listing == ANYWHERE else gap.listing
    if gap.part:
        what += f", {gap.part} of {'every resource' if gap.resource_id == ANYWHERE else tail(gap.resource_id)}"
    why = f"{gap.reason}: {gap.detail}" if gap.reason == "error" else gap.reason
    return {
        "account": account_name(accounts.get(gap.cell.account), gap.cell.account),
        "region": "every region" if gap.cell.region == ANYWHERE else gap.cell.region,
        "what": what,
        "why": f"{why} (accepted until {accepted.until})" if accepted else why,
    }


def _next(outcome: Outcome, write: _Writer) -> None:
    standing = (row for row in outcome.rows if row.status == "open" and not row.exemption_id)
    # What is a breach today comes before what will be one.
    worst = next(iter(sorted(standing, key=lambda row: row.verdict == "upcoming")), None)
    lines = []
    if worst and outcome.recorded:
        lines.append((f"domicile explain {worst.violation_id[:SHORT_ID]}", "why, since when, what to do"))
        lines.append((f"domicile violations --rule {worst.rule}", "all of them, worst first"))
    if outcome.recorded and (outcome.judgement.unclassified or outcome.gaps or len(outcome.rows) > ROWS):
        lines.append(("domicile next", "what one line, one mend or one permission would settle most"))
    if outcome.recorded:
        lines.append(("domicile inventory --crossing", "every copy that crosses a border"))
    elif worst:
        lines.append((f"domicile policy show {worst.rule}", "what the rule asks, and of whom"))
    if not outcome.rules:
        lines.append(("domicile policy list", "the rules that domicile.yaml can adopt"))
    if not outcome.recorded:
        lines.append(("domicile scan", "the whole, and on record"))
    store = f" --store {outcome.store}" if outcome.store else ""
    pasteable = [(text if " policy " in text else f"{text}{store}", why) for text, why in lines]
    width = max(len(text) for text, _ in pasteable)
    write.title("Next:")
    for text, why in pasteable[:3]:
        write.line(f"  {text:{width}}  # {why}")


def _country(code: str | None, at: Placement | None = None) -> str:
    if code:
        return geography.country_name(code)
    return f"unknown ({at.location.region})" if at and at.location else "unknown"


def account_name(account: Account | None, account_id: str) -> str:
    return f"{account.name} {account_id}" if account and account.name else account_id


def _n(number: int, word: str, words: str = "") -> str:
    return f"{number} {word}" if number == 1 else f"{number} {words or word + 's'}"
