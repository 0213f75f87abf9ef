"""`domicile policy`: the rules there are, what they ask, whether they judge as stated."""

from __future__ import annotations

import difflib
import sys
from pathlib import Path
from typing import Annotated

import typer
from msgspec.structs import replace

from domicile import bootstrap, policy, worked
from domicile.commands.comparing import policy_compare, policy_diff
from domicile.commands.options import FormatOption, print_lines
from domicile.errors import UsageError
from domicile.report import screen
from domicile.report.formats import write
from domicile.report.safe import terminal
from domicile.scan import Exit

policies = typer.Typer(rich_markup_mode=None, help="Rules: what there is, what they ask, whether they judge as stated.")


@policies.command("list")
def policy_list(
    file: Annotated[list[Path] | None, typer.Argument(help="Further policy files.")] = None,
    status: Annotated[str, typer.Option(help="Only rules of this standing.")] = "",
    format: FormatOption = "table",  # noqa: A002
) -> None:
    """List the rules there are, with their standing and the day they bind from."""
    rules = sorted(bootstrap.catalogue(bootstrap.packs(file or ())).values(), key=lambda rule: rule.id)
    rows = [
        {
            "rule": rule.id,
            "status": rule.status,
            "from": rule.enforce_from,
            "asks": ", ".join(dict.fromkeys(one.kind for one in rule.oblige)),
            "trial": "trial" if rule.trial else "",
            "title": rule.title,
        }
        for rule in rules
        if status in ("", rule.status)
    ]
    write(rows, format, sys.stdout, columns=tuple(rows[0]) if rows else ())


@policies.command("show")
def policy_show(
    rule: Annotated[str, typer.Argument(help="Id of a rule.")],
    file: Annotated[list[Path] | None, typer.Argument(help="Further policy files.")] = None,
) -> None:
    """Show one rule: what it asks of whom, on what authority, and what a lawyer must check."""
    packs = bootstrap.packs(file or ())
    rules = bootstrap.catalogue(packs)
    if rule not in rules:
        near = difflib.get_close_matches(rule, rules, 1)
        raise UsageError(f"there is no rule {terminal(rule, 60)}" + (f"; did you mean {near[0]}?" if near else ""))
    pack = next(one for one in packs if any(rule == item.id for item in one.rules))
    print_lines(screen.rule_lines(rules[rule], pack.disclaimer, pack.verified, pack.check), sys.stdout)


@policies.command("test")
def policy_test(
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="Policy files, or files of worked examples. Default: the packaged rules."),
    ] = None,
) -> None:
    """Run worked examples through the judge; exit 3 with a table of differences when a verdict is another."""
    given = {path: bootstrap.kind_of(path) for path in files or ()}
    packaged = bootstrap.packs()
    own = bootstrap.packs([path for path, kind in given.items() if kind != "examples"])
    rules = bootstrap.catalogue(own)
    cases = [case for pack in (own[len(packaged) :] if given else packaged) for case in pack.examples]
    for path, kind in given.items():
        if kind == "examples":
            cases.extend(policy.examples(bootstrap.read_text(path), str(path)))
    days = {pack.id: pack.as_of for pack in own}
    for number, case in enumerate(cases):
        if case.rule not in rules:
            raise UsageError(f"example {case.name!r} is about a rule that is not there: {case.rule}")
        if case.as_of is None:
            cases[number] = replace(case, as_of=days[rules[case.rule].policy] or bootstrap.now().date())
    differences = worked.run(cases, rules)
    if differences:
        write(differences, "table", sys.stdout, columns=("rule", "name", "expected", "got", "because"))
    ruled = len({case.rule for case in cases})
    held = len(cases) - len(differences)
    told = f"{len(cases)} worked examples of {ruled} rules: {held} as stated, {len(differences)} not."
    print_lines([told], sys.stdout)
    if differences:
        raise typer.Exit(Exit.VIOLATIONS)


policies.command("diff")(policy_diff)
policies.command("compare")(policy_compare)
