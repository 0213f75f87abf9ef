"""`domicile explain`: one violation, dataset or resource in full."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final, Literal, TextIO

import typer

from domicile import bootstrap
from domicile.commands.options import STATUSES, STORE, FileOption, OutputOption, StoreOption, found, opened, written_to
from domicile.commands.seeing import Seen, last_seen
from domicile.errors import UsageError
from domicile.model import Dataset, Judgement, Placement, Row, Verdict
from domicile.report import explained
from domicile.report.explained import Judged
from domicile.report.formats import write_document
from domicile.report.safe import terminal
from domicile.stores import Question, Store
from domicile.telling import tail

CLOUDS: Final = ("aws", "azure")


def explain(
    what: Annotated[
        str,
        typer.Argument(
            metavar="ID",
            help="Id of a violation, or its first six digits or more; or the id or name of a dataset or resource.",
        ),
    ],
    file: FileOption = None,
    store: StoreOption = STORE,
    inventory: Annotated[
        Path | None, typer.Option(help="Inventory of the last scan. Default: beside the store.")
    ] = None,
    format: Annotated[Literal["table", "json"], typer.Option(help="How to write it.")] = "table",  # noqa: A002
    output: OutputOption = None,
) -> None:
    """Explain one violation: why, under which clause, since when, every place of its data, and three ways out.

    Of a dataset or a resource it says where it is, how each copy came about, what it holds and what says so, and under
    which adopted rules it passes.
    """
    suffix = _suffix(file, store)
    with opened(store, existing=True) as kept:
        seen = last_seen(file, store, inventory)
        is_violation = re.fullmatch(r"[0-9a-f]{6,32}", what) is not None
        at = _meant(what, seen) if seen else None
        if is_violation and not (at and not _known(kept, what)):
            row = found(kept, what)
            with written_to(output) as stream:
                _violation(row, kept, seen, file, suffix, stream, as_json=format == "json")
            return
        if seen is None or at is None:
            raise UsageError(
                f"no dataset or resource of the last scan is called {terminal(what, 60)}, and a violation's id has "
                "32 hexadecimal digits, of which six are enough"
            )
        dataset, about = at
        rows = sorted(
            kept.ask(Question(dataset=dataset.id)),
            key=lambda row: (about is None or row.subject != about.subject, row.rank),
        )
    with written_to(output) as stream:
        said = seen.kept.classifications[dataset.id]
        places = explained.steps(dataset)
        judged = verdicts(seen, dataset, about)
        if format == "json":
            document = {
                "dataset_id": dataset.id,
                "resource_id": about.resource_id if about else dataset.id,
                "account": dataset.account,
                "entity": said.entity,
                "classes": said.classes,
                "origins": sorted({one.name for one in said.origins}),
                "declassified": sorted({one.name for one in said.declassified}),
                "missed": said.missed,
                "places": [explained.place_document(one) for one in places],
                "rules": judged,
                "violations": rows,
            }
            write_document(document, stream)
        else:
            explained.dataset(dataset, said, about, places, judged, rows, suffix, stream)


def verdicts(seen: Seen, dataset: Dataset, about: Placement | None) -> list[Judged]:
    """What each adopted rule says of a dataset, or of one of its places."""
    names = [rule.id for rule in seen.setup.rules]
    judgement = seen.judged(seen.setup.rules, names)
    return [
        Judged(rule.id, *_verdict(rule.id, judgement, dataset, about), trial=rule.trial) for rule in seen.setup.rules
    ]


def _verdict(rule: str, judgement: Judgement, dataset: Dataset, about: Placement | None) -> tuple[str, str]:
    subjects = {
        f"dataset|{dataset.id}",
        *((one.subject for one in dataset.placements) if about is None else (about.subject,)),
    }
    mine = [
        one
        for one in judgement.findings
        if one.rule == rule
        and (one.subject in subjects or (one.dataset and one.dataset.id == dataset.id and not one.placement))
    ]
    worst = max(mine, key=lambda one: one.verdict, default=None)
    if worst:
        return str(worst.verdict), worst.because
    open_question = (rule, f"dataset|{dataset.id}") in judgement.open_questions
    waiting = next((one for one in judgement.unclassified if one.dataset.id == dataset.id), None)
    if waiting and rule in waiting.would_break:
        return str(Verdict.UNKNOWN), f"Cannot tell: its {' and '.join(waiting.missing)} would change the verdict."
    if open_question:
        return str(Verdict.PASS), "Whatever it holds, it lies where this rule allows it."
    noted = judgement.worst.get(rule, {}).get(dataset.id)
    return str(noted if noted is not None else Verdict.NOT_APPLICABLE), ""


def _violation(
    row: Row, kept: Store, seen: Seen | None, file: Path | None, suffix: str, stream: TextIO, *, as_json: bool
) -> None:
    history = kept.history(row.violation_id)
    setup = seen.setup if seen else bootstrap.setup(file)
    rule = setup.catalogue.get(row.rule)
    dataset = next((one for one in seen.kept.datasets if one.id == row.dataset_id), None) if seen else None
    places = explained.steps(dataset) if dataset else []
    channels = bootstrap.vocabulary_of([row.provider]).channels if row.provider in CLOUDS else {}
    stop = channels[row.channel].stop if row.channel in channels else ""
    ways = explained.ways_out(row, rule, stop, suffix)
    exemption = next((one for one in setup.organisation.exemptions if one.id == row.exemption_id), None)
    if as_json:
        document = {
            "violation": row,
            "rule": {"title": rule.title, "cite": rule.cite, "instead": rule.instead, "unsure": rule.unsure}
            if rule
            else None,
            "exemption": exemption,
            "history": [
                {"at": then.last_changed, "scan": then.changed_in_scan, "transition": transition}
                for transition, then in history
            ],
            "places": [explained.place_document(one) for one in places],
            "ways_out": ways,
        }
        write_document(document, stream)
    else:
        explained.violation(row, rule, history, places, ways, exemption, stream)


def _known(kept: Store, prefix: str) -> bool:
    return any(row.violation_id.startswith(prefix) for row in kept.ask(Question(statuses=STATUSES)))


def _meant(what: str, seen: Seen) -> tuple[Dataset, Placement | None] | None:
    """The dataset, and the place of it, that somebody names: by id, else by a name that only one has."""
    by_id = [
        (dataset, one)
        for dataset in seen.kept.datasets
        for one in dataset.placements
        if what in (one.resource_id, one.subject, one.subject.removeprefix("resource|"))
    ]
    whole: list[tuple[Dataset, Placement | None]] = [
        (dataset, None) for dataset in seen.kept.datasets if what in (dataset.id, f"dataset|{dataset.id}")
    ]
    if whole or by_id:
        return (whole or by_id)[0]
    by_name: Sequence[tuple[Dataset, Placement]] = [
        (dataset, one)
        for dataset in seen.kept.datasets
        for one in dataset.placements
        if what in (one.resource_name, tail(one.resource_id))
    ]
    # What a name has in common with its copies or backups is the name of what they were made of.
    by_name = [pair for pair in by_name if pair[1].resource_id == pair[0].id] or by_name
    named = {one.resource_id for _, one in by_name}
    if len(named) > 1:
        some = ", ".join(terminal(one, 80) for one in sorted(named)[:3])
        raise UsageError(f"{len(named)} resources are called {terminal(what, 60)}: give the id of one ({some})")
    if not by_name:
        return None
    dataset, one = by_name[0]
    return dataset, None if one.resource_id == dataset.id else one


def _suffix(file: Path | None, store: str) -> str:
    said = f" --file {shlex.quote(str(file))}" if file else ""
    return said + (f" --store {shlex.quote(store)}" if store != STORE else "")
