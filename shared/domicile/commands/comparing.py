"""`domicile policy diff` and `compare`: what other rules ask, and what they would say of the data of the last scan."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import typer
from msgspec.structs import replace

from domicile import bootstrap, configuration, policy
from domicile.bootstrap import Setup
from domicile.commands.options import (
    STORE,
    FileOption,
    FormatOption,
    OutputOption,
    StoreOption,
    inventory_of,
    print_lines,
    written_to,
)
from domicile.commands.seeing import Seen, last_seen
from domicile.errors import UsageError
from domicile.model import Dataset, Judgement, Rule, Verdict
from domicile.report.formats import write, write_document
from domicile.report.safe import terminal
from domicile.scan import Exit
from domicile.telling import place, tail

SHIPPED: Final = "shipped"
MOST: Final = 40

InventoryOption = Annotated[
    Path | None, typer.Option(help="Inventory of a scan. Default: that beside the store, if there is one.")
]
AsOfOption = Annotated[str, typer.Option(help="Judge as of this day (YYYY-MM-DD) instead of today.")]


def policy_diff(
    rules: Annotated[
        list[str],
        typer.Argument(
            metavar="[OLD] NEW",
            help="Policy files, folders of them, or the word `shipped`. With one, OLD is what is shipped.",
        ),
    ],
    file: FileOption = None,
    store: StoreOption = STORE,
    inventory: InventoryOption = None,
    as_of: AsOfOption = "",
    format: Annotated[Literal["table", "json"], typer.Option(help="How to write it.")] = "table",  # noqa: A002
    output: OutputOption = None,
) -> None:
    """Show how two versions of rules differ, and which verdicts would.

    It lists rules that are new, gone or changed, and in what they changed: standing, dates, whom they are about, what
    they ask. The verdicts are those on what the last scan saw, under the rules that the organisation file adopts.
    Nothing is written, no account is asked.

    For example `domicile policy diff payments.yaml` holds a file against the shipped rules of the same pack or the
    same ids, and `domicile policy diff old/ new/` one folder against another.

    Exit codes: 0 nothing differs, or no new breach; 3 new breaches; 4 no new breach, but not all can be told (no scan's
    inventory at hand, something newly unknown or unclassified).
    """
    old, new = _both(rules)
    changed = policy.changes(old, new)
    seen = last_seen(file, store, inventory, as_of) if changed else None
    turns: list[configuration.Turn] = []
    said: list[str] = []
    waiting = 0
    if seen:
        before, after, said = _under(old, new, seen)
        first, second = seen.judged(before), seen.judged(after)
        turns = configuration.turns(first, second)
        waited, waits = ({one.dataset.id for one in judged.unclassified} for judged in (first, second))
        waiting = len(waits - waited)
        begun, ended = (sum(turn.breach == sign for turn in turns) for sign in (1, -1))
        counts = f"{begun} new breaches, {ended} ended or muted, {len(turns) - begun - ended} others that change"
        said = [
            f"Verdicts on {seen.words}: {counts}, {waiting} datasets newly to be classified.",
            *said,
        ]
    elif changed:
        said = ["Which verdicts would change cannot be told: there is no inventory of a scan here (--inventory)."]
    with written_to(output) as stream:
        rows = [{"rule": one.rule, "what": one.what, "was": one.was, "is": one.is_} for one in changed]
        if format == "json":
            write_document({"rules": rows, "verdicts": [turn.row for turn in turns], "notes": said}, stream)
        else:
            if rows:
                write(rows, "table", stream, columns=tuple(rows[0]))
            print_lines(["", *said] if changed else ["No rule differs."], stream)
            if turns:
                write([turn.row for turn in turns[:MOST]], "table", stream, columns=tuple(turns[0].row))
            if len(turns) > MOST:
                print_lines([f"… and {len(turns) - MOST} more: --format json"], stream)
    if any(turn.breach > 0 for turn in turns):
        raise typer.Exit(Exit.VIOLATIONS)
    if changed and (not seen or waiting or any(turn.unclear > 0 for turn in turns)):
        raise typer.Exit(Exit.NOT_PROVEN)


def policy_compare(
    one: Annotated[str, typer.Argument(metavar="RULE", help="Id of a rule, adopted or not.")],
    other: Annotated[str, typer.Argument(metavar="OTHER", help="Id of the rule to hold against it.")],
    file: FileOption = None,
    store: StoreOption = STORE,
    inventory: InventoryOption = None,
    as_of: AsOfOption = "",
    format: FormatOption = "table",  # noqa: A002
    output: OutputOption = None,
) -> None:
    """Judge the last scan's data under two rules, side by side.

    What if the other were the law? First come counts: how many datasets pass one and break the other. Then each dataset
    that one of the two is about, with its verdict under each; those that differ come first. Neither has to be adopted.
    A breach of a draft reads `advisory`, one of a rule to come `upcoming`. What somebody must sign for is named once
    and is no part of the verdicts.

    For example, only in India against a copy in India is enough:
    `domicile policy compare in-rbi-payment-data in-garg-copies-option-2018`
    """
    seen = last_seen(file, store, inventory, as_of)
    if seen is None:
        where = inventory or inventory_of(store)
        raise UsageError("there is no inventory yet: run `domicile scan`", path=str(where or store))
    rules = [_adopted(seen.setup, _known(name, seen.setup.catalogue)) for name in (one, other)]
    if one == other:
        raise UsageError("a rule is compared with another one, not with itself")
    # Each by itself: one that takes the place of the other would silence it.
    judged = [seen.judged([rule], [rule.id]) for rule in rules]
    worst = [found.worst[rule.id] for found, rule in zip(judged, rules, strict=True)]
    rows = [
        {**_what(dataset), **{rule.id: _word(some.get(dataset.id)) for rule, some in zip(rules, worst, strict=True)}}
        for dataset in seen.kept.datasets
        if any(dataset.id in some for some in worst)
    ]
    rows.sort(key=lambda row: (_group(row[one]) == _group(row[other]), row["account"], row["dataset"]))
    with written_to(output) as stream:
        if format != "table":
            write(rows, format, stream, fields=("dataset", "name", "account", "places", one, other))
            return
        print_lines([*_summary(rules, rows, seen), *_to_sign(judged), ""], stream)
        if rows:
            columns = ("name", "account", "places", one, other)
            write(rows[:MOST], "table", stream, columns=columns)
        if len(rows) > MOST:
            print_lines([f"… and {len(rows) - MOST} more: --format csv"], stream)


# Differences


def _both(given: Sequence[str]) -> tuple[dict[str, Rule], dict[str, Rule]]:
    if len(given) > 2:
        raise UsageError("two are compared: OLD and NEW")
    old, new = given if len(given) == 2 else (SHIPPED, given[0])
    if old == new == SHIPPED:
        raise UsageError("what is shipped differs from a file only: name one")
    if SHIPPED not in (old, new):
        return _rules(Path(old)), _rules(Path(new))
    beside = _rules(Path(new if old == SHIPPED else old))
    packs = {rule.policy for rule in beside.values()}
    shipped = bootstrap.catalogue(bootstrap.packs())
    # A file says nothing about the packs that it does not hold.
    about = {name: rule for name, rule in shipped.items() if rule.policy in packs or name in beside}
    return (about, beside) if old == SHIPPED else (beside, about)


def _rules(path: Path) -> dict[str, Rule]:
    files = sorted(path.rglob("*.yaml")) if path.is_dir() else [path]
    if not files:
        raise UsageError("holds no policy file (*.yaml)", path=str(path))
    return bootstrap.catalogue([policy.load(bootstrap.read_text(one), str(one)) for one in files])


def _under(old: Mapping[str, Rule], new: Mapping[str, Rule], seen: Seen) -> tuple[list[Rule], list[Rule], list[str]]:
    """The adopted rules in their old and in their new version, and what that leaves open."""
    adopted = {rule.id: rule for rule in seen.setup.rules}
    before = [
        _adopted(seen.setup, old[name]) if name in old else rule
        for name, rule in adopted.items()
        if _in(name, old, new)
    ]
    after = [
        _adopted(seen.setup, new[name]) if name in new else rule
        for name, rule in adopted.items()
        if _in(name, new, old)
    ]
    said = []
    if gone := sorted(adopted.keys() & (old.keys() - new.keys())):
        said.append(f"The organisation file adopts what is gone, and would be refused: {', '.join(gone)}.")
    if idle := sorted(name for name in {*old, *new} - adopted.keys() if old.get(name) != new.get(name)):
        said.append(f"Not adopted, so no verdict hangs on it: {', '.join(idle)}.")
    return before, after, said


def _in(name: str, here: Mapping[str, Rule], there: Mapping[str, Rule]) -> bool:
    """Whether an adopted rule is judged on one side: one that is only on the other side is not."""
    return name in here or name not in there


def _adopted(setup: Setup, rule: Rule) -> Rule:
    """A rule with what the organisation file says of it where it adopts it."""
    for adoption in setup.organisation.policies:
        if adoption.rule == rule.id:
            trial = rule.trial if adoption.trial is None else adoption.trial
            return replace(rule, trial=trial, severity=adoption.severity or rule.severity)
    return rule


# Side by side


def _known(name: str, catalogue: Mapping[str, Rule]) -> Rule:
    if name not in catalogue:
        near = difflib.get_close_matches(name, catalogue, 1)
        raise UsageError(f"there is no rule {terminal(name, 60)}" + (f"; did you mean {near[0]}?" if near else ""))
    return catalogue[name]


def _what(dataset: Dataset) -> dict[str, Any]:
    places = dict.fromkeys(
        place(one.country or "", one.location.region if one.location and not one.country else "")
        for one in dataset.placements
    )
    return {
        "dataset": dataset.id,
        "name": dataset.name if dataset.name != dataset.id else tail(dataset.id),
        "account": dataset.account,
        "places": ", ".join(places),
    }


def _word(verdict: Verdict | None) -> str:
    return str(Verdict.NOT_APPLICABLE if verdict is None else verdict)


def _group(word: str) -> str:
    """Whether a verdict passes, breaks or leaves open, whatever time makes of it."""
    return {
        "pass": "passes",
        "exempt": "passes",
        "not_applicable": "is not meant by",
        "violation": "breaks",
        "upcoming": "breaks",
        "advisory": "breaks",
    }.get(word, "leaves open")


def _summary(rules: Sequence[Rule], rows: Sequence[Mapping[str, Any]], seen: Seen) -> list[str]:
    one, other = (rule.id for rule in rules)
    count = Counter((_group(row[one]), _group(row[other])) for row in rows)
    standings = ", ".join(f"{rule.id} ({rule.status})" for rule in rules)
    lines = [
        f"{standings}: {seen.words}.",
        f"{len(rows)} of {len(seen.kept.datasets)} datasets are meant by one of them, or may be:",
        f"  {count.pop(('passes', 'breaks'), 0):6}  pass {one} and break {other}",
        f"  {count.pop(('breaks', 'passes'), 0):6}  break {one} and pass {other}",
        f"  {count.pop(('breaks', 'breaks'), 0):6}  break both",
        f"  {count.pop(('passes', 'passes'), 0):6}  pass both",
    ]
    for name, at in ((one, 0), (other, 1)):
        number = sum(
            times
            for pair, times in count.items()
            if pair[at] != "is not meant by" and pair[1 - at] == "is not meant by"
        )
        if number:
            lines.append(f"  {number:6}  meant by {name} only")
    number = sum(times for pair, times in count.items() if "is not meant by" not in pair)
    if number:
        lines.append(f"  {number:6}  cannot be told, or need a signature or a look, under one or both")
    return lines


def _to_sign(judged: Sequence[Judgement]) -> list[str]:
    asked = dict.fromkeys(
        f"{finding.rule} asks {finding.entity or 'whoever answers'} for {finding.subject.rpartition('|')[2]}"
        for found in judged
        for finding in found.findings
        if finding.keyword == "attest" and finding.verdict is Verdict.REVIEW
    )
    return [f"To sign besides: {text}." for text in asked]
