"""`domicile validate`: whether a file that says what to judge is right."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from domicile import bootstrap, policy
from domicile.commands.options import one_of, print_lines
from domicile.organisation import json_schema as organisation_schema
from domicile.report.formats import write_document


def validate(
    file: Annotated[Path, typer.Argument(help="Organisation file, policy file or file of worked examples.")] = Path(
        bootstrap.DEFAULT_FILE
    ),
    schema: Annotated[str, typer.Option(help="Print a JSON Schema for editors instead: organisation or policy.")] = "",
) -> None:
    """Check an organisation file or a policy file; every mistake is named with file, line and field."""
    if schema:
        one_of("--schema", schema, ("organisation", "policy"))
        write_document(organisation_schema() if schema == "organisation" else policy.json_schema(), sys.stdout)
        return
    kind = bootstrap.kind_of(file)
    if kind == "policy":
        pack = policy.load(bootstrap.read_text(file), str(file))
        told = f"{len(pack.rules)} rules, {len(pack.examples)} worked examples"
        print_lines([f"{file}: no mistakes.", f"{told}."], sys.stdout)
        return
    if kind == "examples":
        cases = policy.examples(bootstrap.read_text(file), str(file))
        print_lines([f"{file}: {len(cases)} worked examples, no mistakes."], sys.stdout)
        return
    setup = bootstrap.setup(file)
    said = setup.organisation
    print_lines(
        [
            f"{file}: no mistakes.",
            f"{len(said.entities)} entities, {len(said.datasets)} dataset declarations,",
            f"{len(setup.rules)} adopted rules, {len(said.statements)} statements, {len(said.exemptions)} exemptions.",
        ],
        sys.stdout,
    )
