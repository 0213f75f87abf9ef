"""`domicile access`: what to ask for of those who grant access, and whether what they granted is that."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import typer
import yaml
from msgspec import Struct

from domicile import __version__, bootstrap
from domicile.commands.options import CLOUDS, ExternalIdOption, OutputOption, one_of, print_lines, written_to
from domicile.errors import UsageError
from domicile.report import grants
from domicile.report.formats import json_text, write
from domicile.scan import Exit

AccessFormat = Literal["cloudformation", "terraform", "json", "az"]
ROLE: Final = "domicile-look"
AZURE_ROLE: Final = "domicile looks"
READER: Final = "*/read"
"""What Azure's role Reader may."""
ORDER: Final = ("missing", "unknown", "content", "more", "not-denied")
DIFFERS: Final = ("finding", "action", "because")
MOST: Final = 60

_ARN: Final = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:(root|(role|user)/[\w+=,.@/-]{1,600})")
_ROLE: Final = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII)
_GROUP: Final = re.compile(r"[\w.()-]{1,90}", re.ASCII)
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def access(
    cloud: Annotated[str, typer.Option(help="aws or azure.")] = "aws",
    format: Annotated[  # noqa: A002 the word of the command line
        AccessFormat | None,
        typer.Option(help="How to write it.  [default: cloudformation for aws, az for azure]"),
    ] = None,
    role: Annotated[
        str,
        typer.Option(
            help=f"AWS: name of the role in each account.  [default: {ROLE}; with json: no role, this account only]"
        ),
    ] = "",
    trust: Annotated[list[str] | None, typer.Option(help="AWS: ARN of a role or user that scans (repeatable).")] = None,
    organisation_id: Annotated[
        str, typer.Option(help="AWS: id of the organisation from inside which the role can be taken on.")
    ] = "",
    external_id: ExternalIdOption = "",
    principal: Annotated[str, typer.Option(help="Azure: object id of whoever scans.")] = "",
    management_group: Annotated[str, typer.Option(help="Azure: the management group to be looked into.")] = "",
    check: Annotated[
        Path | None,
        typer.Option(help="Write nothing: say how what was granted in this file differs from what is needed."),
    ] = None,
    output: OutputOption = None,
) -> None:
    """Write the request for permissions, to hand to the team that grants them.

    For example `domicile access --organisation-id o-abcdefghij -o look.yaml`, a template for a stack or a stack set, or
    `domicile access --cloud azure`, a script. It follows from what scans declare, and says what can be read and what
    never can. No cloud is asked.

    With `--check`, of JSON, YAML or a template: 0 as needed; 3 nothing is missing, and more is granted; 4 something is
    missing.
    """
    one_of("--cloud", cloud, CLOUDS)
    wanted = format or ("cloudformation" if cloud == "aws" else "az")
    if wanted == ("az" if cloud == "aws" else "cloudformation"):
        raise UsageError(f"--format {wanted} is not for --cloud {cloud}")
    declared = bootstrap.declared(cloud)
    if check:
        granted = read_granted(bootstrap.read_text(check), str(check))
        found = tuple((compare_aws if cloud == "aws" else compare_azure)(granted, declared))
        with written_to(output) as stream:
            _tell(found, check, stream, as_json=wanted == "json")
        raise typer.Exit(_code(found))
    _require("--role", role, _ROLE, "the name of a role, without its path")
    _require("--organisation-id", organisation_id, re.compile(grants.ORGANISATION_ID), "the id of an organisation, o-…")
    _require("--external-id", external_id, re.compile(grants.EXTERNAL_ID, re.ASCII), "an external id")
    _require("--principal", principal, _UUID, "an object id, which is a UUID")
    _require("--management-group", management_group, _GROUP, "the name of a management group")
    for arn in trust or ():
        _require("--trust", arn, _ARN, "the ARN of a role or user (arn:aws:iam::111122223333:role/NAME)")
    if cloud == "aws":
        look = grants.Look(
            role=role or ROLE,
            policy=declared.role_document(),
            trust=declared.trust_document,
            scanners=tuple(trust or ()),
            organisation=organisation_id,
            external_id=external_id,
        )
        text = _of_aws(wanted, look, declared, named=bool(role))
    else:
        scope = f"/providers/Microsoft.Management/managementGroups/{management_group}" if management_group else ""
        text = _of_azure(wanted, declared, principal, scope)
    with written_to(output) as stream:
        stream.write(text)


def _require(option: str, value: str, pattern: re.Pattern[str], what: str) -> None:
    if value and not pattern.fullmatch(value):
        raise UsageError(f"{option} must be {what}, not {value[:80]!r}")


# What is asked for


def _of_aws(wanted: str, look: grants.Look, declared: Any, *, named: bool) -> str:
    header = aws_header(look.policy, declared)
    if wanted == "terraform":
        return grants.terraform(look, header)
    if wanted == "cloudformation":
        return grants.cloudformation(look, [*header, *_of_stack_sets(look)])
    # JSON knows no comments.
    print_lines(header, sys.stderr)
    if not named:
        return _pretty(declared.policy_document())
    if not look.scanners:
        raise UsageError("--format json with --role needs --trust: the ARN of who takes it on")
    return _pretty(
        {
            "role": look.role,
            "trust": declared.trust_document(
                look.scanners, organisation=look.organisation, external_id=look.external_id
            ),
            "policy": look.policy,
            "policy_of_who_scans": declared.policy_document(look.role),
        }
    )


def aws_header(policy: Mapping[str, Any], declared: Any) -> list[str]:
    """What the policy lets somebody read, and what it never does."""
    allowed = [action for one in policy["Statement"] if one["Effect"] == "Allow" for action in one["Action"]]
    services = sorted({action.partition(":")[0] for action in allowed})
    return [
        f"Access for domicile {__version__}, to look at how things are set up in an AWS account.",
        "",
        (
            f"It can read, by {len(allowed)} actions and no other, settings and lists of: {', '.join(services)}. "
            "It can change nothing."
        ),
        "",
        (
            "It can never read what is in them, whatever else is granted: denied outright are "
            f"{', '.join(declared.NEVER_READ)}."
        ),
        "",
        "Whether what was granted is what is needed, and nothing more: domicile access --check FILE",
    ]


def _of_stack_sets(look: grants.Look) -> list[str]:
    filled = [one.parameter for one in look.guards if not one.value]
    if not look.scanners:
        filled.insert(0, "Scanners")
    given = [f"    ParameterKey={name},ParameterValue=VALUE" for name in filled]
    parameters = [f"{line} \\" for line in ["    --parameters", *given]] if given else []
    stack = [*parameters, "    --template-body file://FILE --capabilities CAPABILITY_NAMED_IAM"]
    return [
        "",
        "In all accounts of an organisation, also in those that join later:",
        f"  aws cloudformation create-stack-set --stack-set-name {look.role} \\",
        "    --permission-model SERVICE_MANAGED \\",
        "    --auto-deployment Enabled=true,RetainStacksOnAccountRemoval=false \\",
        *stack,
        f"  aws cloudformation create-stack-instances --stack-set-name {look.role} \\",
        "    --regions ONE_REGION --deployment-targets OrganizationalUnitIds=ROOT_OR_UNIT",
        "Stack sets leave out the management account. There, or in one account alone:",
        f"  aws cloudformation create-stack --stack-name {look.role} \\",
        *stack,
    ]


def _of_azure(wanted: str, declared: Any, principal: str, scope: str) -> str:
    lacking = [action for action in declared.permissions() if not action.endswith("/read")]
    role = (
        {
            "Name": AZURE_ROLE,
            "Description": "Lets domicile look at how things are set up, where Reader does not",
            "Actions": lacking,
        }
        if lacking
        else None
    )
    header = azure_header(declared.permissions(), lacking)
    if wanted == "terraform":
        return grants.azure_terraform(role, principal, scope, header)
    if wanted == "az":
        return grants.azure_script(role, principal, scope, header)
    print_lines(header, sys.stderr)
    return _pretty(
        {
            "assignments": [
                {"role": name, "principal": principal, "scope": scope}
                for name in ("Reader", *([AZURE_ROLE] if role else []))
            ],
            "roleDefinition": role,
            "needed": declared.permissions(),
        }
    )


def azure_header(actions: Sequence[str], lacking: Sequence[str]) -> list[str]:
    """What the roles let somebody read, and what they do not."""
    services = sorted({action.partition("/")[0] for action in actions})
    beside = (
        f"Beside Reader it takes: {', '.join(lacking)}."
        if lacking
        else "Reader, the built-in role, has all that it takes."
    )
    return [
        f"Access for domicile {__version__}, to look at how things are set up in Azure subscriptions.",
        "",
        (
            f"It reads, by {len(actions)} actions, settings and lists of: {', '.join(services)}; by Resource Graph, "
            f"what there is. {beside}"
        ),
        "",
        (
            "It cannot read what is in them: neither role has a data action, so no blob, row, message, key or secret, "
            "and none that lists keys. It can change nothing. Azure lets nobody write denials of their own into a role."
        ),
        "",
        "Whether what was granted is what is needed, and nothing more: domicile access --cloud azure --check FILE",
    ]


def _pretty(document: Mapping[str, Any]) -> str:
    return json.dumps(json.loads(json_text(document)), indent=2) + "\n"


# What was granted


class Difference(Struct, frozen=True, order=True):
    """One thing in which what was granted differs from what is needed."""

    finding: Literal["missing", "unknown", "content", "more", "not-denied"]
    action: str
    because: str


class _AnyTag(yaml.SafeLoader):
    """Reads what CloudFormation writes in short, `!Ref Name`, as the value alone."""


def _untagged(loader: Any, _: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_mapping(node, deep=True)


_AnyTag.add_multi_constructor("!", _untagged)


def read_granted(text: str, path: str) -> Any:
    """A document as somebody else's tools give it: JSON, or YAML without anchors."""
    if path.endswith((".tf", ".hcl")):
        raise UsageError("is Terraform's own language: give what `terraform show -json` says of it", path=path)
    try:
        try:
            return json.loads(text)
        except ValueError:
            if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=yaml.SafeLoader)):
                raise UsageError("has anchors and aliases (& and *), which are not read", path=path) from None
            return yaml.load(text, Loader=_AnyTag)  # noqa: S506 it is a safe loader
    except (yaml.YAMLError, ValueError) as mistake:
        problem = getattr(mistake, "problem", None) or str(mistake)
        raise UsageError(f"is neither JSON nor YAML: {' '.join(str(problem).split())[:200]}", path=path) from None
    except RecursionError:
        raise UsageError("is nested too deeply", path=path) from None


def compare_aws(granted: Any, declared: Any) -> Iterator[Difference]:
    """How policies of IAM, wherever they are in a document, differ from what a scan of one account needs."""
    statements = list(_statements(granted))
    allows = [one for one in statements if one.get("Effect") == "Allow" and "Principal" not in one]
    denies = [one for one in statements if one.get("Effect") == "Deny" and "Principal" not in one]
    managed = sorted({str(one) for one in _values(granted, "ManagedPolicyArns") for one in _listed(one)})
    if not allows and not managed:
        raise UsageError("there is no policy of IAM in it that allows anything")
    for arn in managed:
        yield Difference("unknown", "", f"what {arn} allows is not spelled out here")
    needed = declared.reads()
    finding = {*declared.permissions()} - {*needed}
    for action in needed:
        yield from _lack(action, allows, denies)
    everything = {action.lower() for action in needed} | {action.lower() for action in finding}
    patterns = sorted({str(pattern) for one in allows for pattern in _listed(one.get("Action", ()))})
    for pattern in patterns:
        if pattern.lower() not in everything:
            covered = sum(_like(action, pattern) for action in needed)
            yield Difference("more", pattern, f"of it {covered} actions are needed" if covered else "is not needed")
    for one in allows:
        if "NotAction" in one:
            but = ", ".join(map(str, _listed(one["NotAction"])))
            yield Difference("more", "*", f"everything is allowed but {but[:200]}")
    for content in declared.NEVER_READ:
        if any(_covers(one, content) for one in denies if _is_everywhere(one)):
            continue
        opened = any(
            _covers(one, content) or any(_like(str(named), content) for named in _listed(one.get("Action", ())))
            for one in allows
        )
        if opened:
            yield Difference("content", content, "reads what is in things, and is allowed and not denied outright")
        else:
            yield Difference("not-denied", content, "is not denied outright, so another policy could allow it")
    for one in statements:
        if one.get("Effect") == "Allow" and _is_anybody(one.get("Principal")) and not one.get("Condition"):
            yield Difference("more", "sts:AssumeRole", "anybody may take on the role, on no condition")


def compare_azure(granted: Any, declared: Any) -> Iterator[Difference]:
    """How roles of Azure, wherever they are in a document, differ from what a scan needs."""
    allowed, refused, data, unknown = [], [], [], []
    for one in _mappings(granted):
        by_name = {str(key).lower(): value for key, value in one.items()}
        allowed += [str(action) for action in _listed(by_name.get("actions") or ())]
        refused += [str(action) for action in _listed(by_name.get("notactions") or ())]
        data += [str(action) for action in _listed(by_name.get("dataactions") or ())]
        name = by_name.get("roledefinitionname", by_name.get("role_definition_name"))
        if name == "Reader":
            allowed.append(READER)
        elif isinstance(name, str):
            unknown.append(name)
    if not allowed and not unknown:
        raise UsageError("there is no role of Azure in it that allows anything")
    for name in sorted(set(unknown)):
        yield Difference("unknown", "", f"what the role {name!r} allows is not spelled out: az role definition list")
    swept = {f"{one.type}/read" for service in declared.SERVICES for one in service.swept if one.table == "resources"}
    for action in sorted({*declared.permissions(), *swept}):
        if any(_like(action, pattern) for pattern in refused):
            yield Difference("missing", action, "is taken away by NotActions")
        elif not any(_like(action, pattern) for pattern in allowed):
            yield Difference("missing", action, "is not allowed")
    needed = {action.lower() for action in declared.permissions()}
    for pattern in sorted(set(allowed)):
        if not pattern.lower().endswith("/read") and pattern.lower() not in needed:
            yield Difference("more", pattern, "is more than reading how things are set up")
    for pattern in sorted(set(data)):
        yield Difference("content", pattern, "is a data action: it reaches what is in things")


def _lack(
    action: str, allows: Sequence[Mapping[str, Any]], denies: Sequence[Mapping[str, Any]]
) -> Iterator[Difference]:
    if by := [one for one in denies if _covers(one, action)]:
        where = "" if _is_everywhere(by[0]) else " in some cases"
        yield Difference("missing", action, f"is denied{where} by {_named(by[0])}")
    elif not (by := [one for one in allows if _covers(one, action)]):
        yield Difference("missing", action, "is not allowed")
    elif not any(_is_everywhere(one) for one in by):
        yield Difference(
            "missing", action, f"is allowed only for some resources, or on a condition, by {_named(by[0])}"
        )


def _named(statement: Mapping[str, Any]) -> str:
    return f"statement {str(statement['Sid'])[:60]}" if statement.get("Sid") else "a statement without a Sid"


def _covers(statement: Mapping[str, Any], action: str) -> bool:
    if "NotAction" in statement:
        return not any(_like(action, str(pattern)) for pattern in _listed(statement["NotAction"]))
    return any(_like(action, str(pattern)) for pattern in _listed(statement.get("Action", ())))


def _is_everywhere(statement: Mapping[str, Any]) -> bool:
    return "*" in _listed(statement.get("Resource", ())) and not statement.get("Condition")


def _is_anybody(principal: Any) -> bool:
    return principal == "*" or (isinstance(principal, dict) and "*" in _listed(principal.get("AWS", ())))


def _like(action: str, pattern: str) -> bool:
    return fnmatchcase(action.lower(), pattern.lower().replace("[", "[[]"))


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _statements(document: Any) -> Iterator[Mapping[str, Any]]:
    for one in _mappings(document):
        yield from (each for each in _listed(one.get("Statement", ())) if isinstance(each, dict))


def _values(document: Any, name: str) -> Iterator[Any]:
    return (one[name] for one in _mappings(document) if name in one)


def _mappings(document: Any) -> Iterator[Mapping[str, Any]]:
    """Every mapping in a document, and in the JSON that some of its texts are."""
    open_ones: list[Any] = [document]
    while open_ones:
        one = open_ones.pop()
        if isinstance(one, dict):
            yield one
            open_ones += one.values()
        elif isinstance(one, list):
            open_ones += one
        elif isinstance(one, str) and one.lstrip().startswith("{") and '"Statement"' in one:
            try:
                open_ones.append(json.loads(one))
            except (ValueError, RecursionError):
                continue


def _tell(found: Sequence[Difference], path: Path, stream: Any, *, as_json: bool) -> None:
    ordered = sorted(found, key=lambda one: (ORDER.index(one.finding), one.action))
    if as_json:
        write(ordered, "json", stream)
        return
    told = [one for one in ordered if one.finding != "not-denied"]
    if told:
        write(told[:MOST], "table", stream, columns=DIFFERS)
        if len(told) > MOST:
            print_lines([f"… and {len(told) - MOST} more: --format json"], stream)
    print_lines([f"{path}: {_summary(found)}"], stream)


def _summary(found: Iterable[Difference]) -> str:
    count = dict.fromkeys(ORDER, 0)
    for one in found:
        count[one.finding] += 1
    if not any(count.values()):
        return "as needed, and nothing more."
    words = (
        f"{count['missing']} missing",
        f"{count['more'] + count['content']} more than needed",
        f"{count['content']} that read what is in things",
        f"{count['unknown']} that cannot be told",
        f"{count['not-denied']} not denied outright, which the request asks for",
    )
    return "; ".join(one for one in words if not one.startswith("0 ")) + "."


def _code(found: Sequence[Difference]) -> int:
    kinds = {one.finding for one in found}
    if kinds & {"missing", "unknown"}:
        return Exit.NOT_PROVEN
    return Exit.VIOLATIONS if kinds & {"content", "more"} else Exit.PROVEN
