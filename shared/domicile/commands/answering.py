"""What people answer to findings, as entries of the organisation file: `exempt`, `accept`, `statements`, `sign`."""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Final, get_args

import typer
import yaml

from domicile import bootstrap, yamltext
from domicile.bootstrap import Setup
from domicile.commands.options import (
    STORE,
    FileOption,
    FormatOption,
    OutputOption,
    StoreOption,
    day_of,
    found,
    one_of,
    opened,
    print_lines,
    written_to,
)
from domicile.errors import UsageError
from domicile.model import Basis, Entity, Row, Rule, Statement
from domicile.report.formats import write
from domicile.taxonomy import ANY

MOST_DAYS: Final = 365
SIGNATURES: Final = ("entity", "rule", "statement", "asked", "state", "until", "by", "document")

OwnerOption = Annotated[str, typer.Option(help="Who answers for it: an address or a role.")]
ReasonOption = Annotated[str, typer.Option(help="Why, in a sentence that an auditor can read.")]
UntilOption = Annotated[str, typer.Option(help=f"Its last day (YYYY-MM-DD), at most {MOST_DAYS} days from now.")]
PrintOption = Annotated[bool, typer.Option("--print", help="Print the entry and change nothing.")]


def exempt(
    violation: Annotated[str, typer.Argument(help="Id of a violation, or its first six digits or more.")],
    basis: Annotated[
        str,
        typer.Option(
            help="approved_by_regulator or not_applicable, which exempt; being_fixed or accepted, which only mute."
        ),
    ],
    owner: OwnerOption,
    reason: ReasonOption,
    approver: Annotated[str, typer.Option(help="Who approved it.")],
    until: UntilOption,
    file: FileOption = None,
    store: StoreOption = STORE,
    only_print: PrintOption = False,
) -> None:
    """Let a violation be for a while: an entry under `exemptions` of the organisation file.

    The entry names the rule and this one resource, set of copies, dataset or account. It counts from the next scan
    on, in a deployment after `domicile config push`, is counted on the first line of each report, and ends by itself.
    """
    one_of("--basis", basis, get_args(Basis))
    with opened(store, existing=True) as kept:
        row = found(kept, violation)
    setup = _setup(file)
    today = bootstrap.day_of(bootstrap.now(), setup.organisation)
    entry = {
        "id": _unused(f"{row.rule}-{row.violation_id[:8]}", [one.id for one in setup.organisation.exemptions]),
        "rule": row.rule,
        **_target(row),
        "basis": basis,
        "owner": owner,
        "reason": reason,
        "approver": approver,
        "from": today,
        "until": _ends(until, today),
    }
    _add(setup, "exemptions", entry, only_print=only_print)


def accept(
    gap: Annotated[str, typer.Argument(help="A gap as `domicile gaps --format json` names it.")],
    owner: OwnerOption,
    reason: ReasonOption,
    until: UntilOption,
    file: FileOption = None,
    store: StoreOption = STORE,
    only_print: PrintOption = False,
) -> None:
    """Answer for a gap for a while: an entry under `accepted_gaps` of the organisation file.

    The gap is shown all the same, and what it may hide stays unknown; it alone does not make a scan end with 4.
    """
    with opened(store, existing=True) as kept:
        known = [one.gap for one in kept.gaps()]
    if gap not in known:
        near = difflib.get_close_matches(gap, known, 1, 0.5)
        raise UsageError(f"there is no such open gap: {gap[:120]}" + (f"; did you mean {near[0]}?" if near else ""))
    setup = _setup(file)
    today = bootstrap.day_of(bootstrap.now(), setup.organisation)
    entry = {"gap": gap, "owner": owner, "reason": reason, "until": _ends(until, today)}
    _add(setup, "accepted_gaps", entry, only_print=only_print)


def statements(
    file: FileOption = None,
    missing: Annotated[bool, typer.Option("--missing", help="Only what is not signed, or no longer.")] = False,
    format: FormatOption = "table",  # noqa: A002
    output: OutputOption = None,
) -> None:
    """List what the adopted rules want signed by each entity, what is signed, and until when.

    No API shows what such a statement says; an auditor asks for the document it refers to.
    """
    setup = _setup(file)
    today = bootstrap.day_of(bootstrap.now(), setup.organisation)
    rows = [row for row in signatures(setup, today) if not missing or row["state"] != "signed"]
    with written_to(output) as stream:
        if rows or format != "table":
            write(rows, format, stream, columns=SIGNATURES, fields=SIGNATURES)
        else:
            print_lines(["Nothing is missing." if missing else "No adopted rule asks for a signature."], stream)


def sign(
    statement: Annotated[str, typer.Argument(help="Id of a statement that `domicile statements` lists.")],
    entity: Annotated[str, typer.Option(help="Id of the entity that it is about.")],
    by: Annotated[str, typer.Option(help="Who signs.")],
    until: Annotated[str, typer.Option(help="Its last day (YYYY-MM-DD).")],
    on: Annotated[str, typer.Option(help="The day it was signed (YYYY-MM-DD).  [default: today]")] = "",
    document: Annotated[str, typer.Option(help="Where the signed document is kept.")] = "",
    file: FileOption = None,
    only_print: PrintOption = False,
) -> None:
    """Put down that somebody has signed a statement: an entry under `statements` of the organisation file."""
    setup = _setup(file)
    known = sorted({row["statement"] for row in signatures(setup, date.min)})
    if statement not in known:
        raise UsageError(f"no adopted rule asks for {statement[:80]!r}{yamltext.did_you_mean(statement, known)}")
    today = bootstrap.day_of(bootstrap.now(), setup.organisation)
    entry: dict[str, Any] = {"id": statement, "entity": entity, "by": by, "on": day_of(on) if on else today}
    entry["until"] = day_of(until)
    if document:
        entry["document"] = document
    _add(setup, "statements", entry, only_print=only_print)


def signatures(setup: Setup, today: date) -> Iterator[dict[str, Any]]:
    """What each adopted rule wants signed by each entity that it is about, with the best answer on file."""
    for entity in setup.organisation.entities:
        for rule in setup.rules:
            if ANY not in rule.applies.actors and not {*rule.applies.actors} & {*entity.actors}:
                continue
            for name, asked in _asked(rule):
                yield {
                    "entity": entity.id,
                    "rule": rule.id,
                    "statement": name,
                    "asked": asked,
                    **_state(name, entity, setup.organisation.statements, today),
                }


def _asked(rule: Rule) -> Iterator[tuple[str, str]]:
    for obligation in rule.oblige:
        if obligation.kind == "attest":
            yield obligation.id, "always"
        if obligation.else_attest:
            yield obligation.else_attest, "for copies elsewhere"
        if obligation.unless_attested:
            yield obligation.unless_attested, "only to be exempt"


def _state(name: str, entity: Entity, given: tuple[Statement, ...], today: date) -> dict[str, Any]:
    mine = [one for one in given if (one.id, one.entity) == (name, entity.id)]
    if not mine:
        return {"state": "missing", "until": None, "by": "", "document": ""}
    best = max(mine, key=lambda one: one.until)
    state = "expired" if best.until < today else "not yet" if today < best.on else "signed"
    return {"state": state, "until": best.until, "by": best.by, "document": best.document}


def _target(row: Row) -> dict[str, str]:
    """What an exemption of exactly this violation names."""
    if row.subject.startswith("dataset|"):
        return {"dataset": row.dataset_id}
    if row.subject.startswith("logs|"):
        return {"account": row.account}
    return {"resource": row.subject.removeprefix("resource|")}


def _unused(name: str, taken: list[str]) -> str:
    name = re.sub(r"[^A-Za-z0-9_.-]", "-", name)[:70]
    return next(one for one in (name, *(f"{name}-{number}" for number in range(2, 10_000))) if one not in taken)


def _ends(until: str, today: date) -> date:
    last = day_of(until)
    if not 0 <= (last - today).days <= MOST_DAYS:
        raise UsageError(f"--until must be a day from today to {MOST_DAYS} days on, not {last}")
    return last


def _setup(file: Path | None) -> Setup:
    setup = bootstrap.setup(file)
    if setup.path is None:
        raise UsageError("there is no organisation file here: name one with --file", path=bootstrap.DEFAULT_FILE)
    return setup


def _add(setup: Setup, key: str, entry: Mapping[str, Any], *, only_print: bool) -> None:
    """Write an entry into the organisation file, if the file is then right and says nothing else than before."""
    shown = yaml.safe_dump({key: [dict(entry)]}, sort_keys=False, allow_unicode=True, width=10_000).splitlines()
    if only_print:
        print_lines(shown, sys.stdout)
        return
    path = setup.path
    assert path is not None
    before = bootstrap.read_text(path)
    after = yamltext.with_entry(before, key, entry)
    was, now_is = yamltext.parse(before, str(path)).data, yamltext.parse(after, str(path)).data
    bootstrap.setup_of(after, str(path), lambda name: (bootstrap.read_text(path.parent / name), name), path)
    if now_is != {**was, key: [*(was.get(key) or []), now_is[key][-1]]}:
        raise UsageError(
            f"an entry cannot be added to {key} as it is written; add it by hand (--print)", path=str(path)
        )
    path.write_text(after, encoding="utf-8")
    print_lines([f"{path}: added", *(f"  {line}" for line in shown)], sys.stdout)
    print_lines(["It counts from the next scan on; in a deployment after `domicile config push`."], sys.stdout)
