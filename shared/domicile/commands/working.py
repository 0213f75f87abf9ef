"""`domicile next`: what is left to do, by what one line would settle most."""

from __future__ import annotations

import importlib
import shlex
import shutil
import sys
from pathlib import Path
from typing import Annotated, Final, Literal

import typer

from domicile import bootstrap
from domicile.commands.answering import signatures
from domicile.commands.options import STORE, FileOption, OutputOption, StoreOption, opened, written_to
from domicile.commands.seeing import last_seen
from domicile.report import worklist
from domicile.report.formats import write_document
from domicile.report.worklist import Worklist
from domicile.stores import Question

CLOUDS: Final = ("aws", "azure")


def next_(
    file: FileOption = None,
    store: StoreOption = STORE,
    inventory: Annotated[
        Path | None, typer.Option(help="Inventory of the last scan. Default: beside the store.")
    ] = None,
    format: Annotated[Literal["table", "json"], typer.Option(help="How to write it.")] = "table",  # noqa: A002
    output: OutputOption = None,
) -> None:
    """List what is left to do, by what one mend, one line or one permission would settle most.

    Breaches by their cause; data whose class would change a verdict, by account, tag and name; statements and
    exemptions that are missing or end within 60 days; what was not seen; rules to come. No account is asked.
    """
    suffix = f" --store {shlex.quote(store)}" if store != STORE else ""
    with opened(store, existing=True) as kept:
        rows = kept.ask(Question())
        open_gaps = kept.gaps()
    seen = last_seen(file, store, inventory)
    setup = seen.setup if seen else bootstrap.setup(file)
    today = bootstrap.day_of(bootstrap.now(), setup.organisation)
    judged = seen.judged(setup.rules) if seen else None
    found = Worklist(
        breaches=worklist.breaches(rows, suffix),
        classify=worklist.to_classify(judged.unclassified, seen.kept.classifications) if seen and judged else (),
        statements=worklist.statements(signatures(setup, today), today),
        ending=worklist.ending(setup.organisation, rows, today),
        gaps=worklist.gaps(
            open_gaps,
            [one.gap for one in setup.organisation.accepted_gaps if today <= one.until],
            _needs({row.provider for row in open_gaps}),
            suffix,
        ),
        upcoming=worklist.upcoming(judged.upcoming) if judged else (),
    )
    notes = [] if seen else ["What to classify and what is to come cannot be told without an inventory (--inventory)."]
    if not setup.rules:
        notes.append("No rule is adopted, so nothing is judged: domicile policy list")
    with written_to(output) as stream:
        if format == "json":
            write_document({**{name: getattr(found, name) for name in worklist.TITLES}, "notes": notes}, stream)
        else:
            width = shutil.get_terminal_size((160, 24)).columns if stream is sys.stdout else 160
            worklist.show(found, notes, stream, width)


def _needs(clouds: set[str]) -> dict[str, tuple[str, ...]]:
    """The permissions behind each listing."""
    return {
        f"{service.name}.{listing.name}": tuple(sorted({action for some in service.needs.values() for action in some}))
        for cloud in clouds & {*CLOUDS}
        for service in importlib.import_module(f"domicile.providers.{cloud}").SERVICES
        for listing in service.listings
    }
