"""Writes a request for permissions in the languages in which they are granted: CloudFormation, Terraform, shell."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

import yaml
from msgspec import Struct

ORGANISATION_ID: Final = "o-[a-z0-9]{10,32}"
EXTERNAL_ID: Final = r"[\w+=,.@:/-]{2,}"
DESCRIPTION: Final = "Lets domicile look at how things are set up in this account, and never at what is in them"
LONGEST: Final = 96

Trust = Callable[..., dict[str, Any]]
"""Makes the document that says who may take on a role: of ARNs, and of `organisation` and `external_id` if given."""


class Name(Struct, frozen=True):
    """What somebody else fills in: a variable of Terraform."""

    name: str


class Guard(Struct, frozen=True):
    """What must hold for whoever takes on a role: how it is called in each language, and what it must look like."""

    argument: str
    parameter: str
    variable: str
    about: str
    pattern: str
    value: str


class Look(Struct, frozen=True, kw_only=True):
    """The role by which one account is looked into. What nobody told is left for whoever makes it to fill in."""

    role: str
    policy: Mapping[str, Any]
    trust: Trust
    scanners: Sequence[str] = ()
    organisation: str = ""
    external_id: str = ""

    @property
    def guards(self) -> tuple[Guard, ...]:
        """Those that are told; where none is, both."""
        inside = "Id of the organisation (o-...), from inside which alone the role can be taken on"
        said = "What must be said to take on the role"
        every = (
            Guard("organisation", "OrganisationId", "organisation_id", inside, ORGANISATION_ID, self.organisation),
            Guard("external_id", "ExternalId", "external_id", said, EXTERNAL_ID, self.external_id),
        )
        return tuple(one for one in every if one.value) or every

    def trusting(self, scanners: Any, filled_in: Callable[[Guard], Any]) -> dict[str, Any]:
        """Who may take it on, with what is to be filled in."""
        document = self.trust([""], **{one.argument: filled_in(one) for one in self.guards})
        for statement in document["Statement"]:
            statement["Principal"] = {"AWS": scanners}
        return document


def cloudformation(look: Look, header: Sequence[str]) -> str:
    """A template for a stack, or for a stack set of the whole organisation."""
    scanners: dict[str, Any] = {
        "Type": "CommaDelimitedList",
        "Description": "ARNs of the roles or users that scan, with commas between",
    }
    if look.scanners:
        scanners["Default"] = ",".join(look.scanners)
    parameters = {"Scanners": scanners}
    for one in look.guards:
        default = {"Default": one.value} if one.value else {}
        parameters[one.parameter] = {
            "Type": "String",
            "Description": one.about,
            "AllowedPattern": one.pattern,
            **default,
        }
    template = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": DESCRIPTION,
        "Parameters": parameters,
        "Resources": {
            "Look": {
                "Type": "AWS::IAM::Role",
                "Properties": {
                    "RoleName": look.role,
                    "Description": DESCRIPTION,
                    "AssumeRolePolicyDocument": look.trusting(
                        {"Ref": "Scanners"}, lambda guard: {"Ref": guard.parameter}
                    ),
                    "Policies": [{"PolicyName": "look", "PolicyDocument": look.policy}],
                },
            }
        },
        "Outputs": {"Role": {"Description": "ARN of the role", "Value": {"Fn::GetAtt": ["Look", "Arn"]}}},
    }
    return commented(header) + yaml.safe_dump(template, sort_keys=False, width=LONGEST)


def terraform(look: Look, header: Sequence[str]) -> str:
    """The role in plain HCL, for the provider `aws`."""
    trust = look.trusting(Name("var.scanners"), lambda guard: Name(f"var.{guard.variable}"))
    lines = [
        _variable("scanners", "list(string)", "ARNs of the roles or users that scan", list(look.scanners) or None),
        *(_variable(one.variable, "string", one.about, one.value or None, one.pattern) for one in look.guards),
        _block(
            'resource "aws_iam_role" "domicile_look"',
            {"name": look.role, "description": DESCRIPTION, "assume_role_policy": Name(f"jsonencode({hcl(trust, 1)})")},
        ),
        _block(
            'resource "aws_iam_role_policy" "domicile_look"',
            {
                "name": "look",
                "role": Name("aws_iam_role.domicile_look.id"),
                "policy": Name(f"jsonencode({hcl(look.policy, 1)})"),
            },
        ),
        _block('output "domicile_look"', {"value": Name("aws_iam_role.domicile_look.arn")}),
    ]
    return commented(header) + "\n".join(lines)


def azure_terraform(role: Mapping[str, Any] | None, principal: str, scope: str, header: Sequence[str]) -> str:
    """Reader, and a role with what Reader lacks, in plain HCL, for the provider `azurerm`."""
    lines = [
        _variable("principal_id", "string", "Object id of whoever scans", principal or None),
        _variable("scope", "string", "Id of the management group or subscription", scope or None),
        _block(
            'resource "azurerm_role_assignment" "domicile_reader"',
            {
                "scope": Name("var.scope"),
                "role_definition_name": "Reader",
                "principal_id": Name("var.principal_id"),
            },
        ),
    ]
    if role:
        named = {"name": role["Name"], "scope": Name("var.scope"), "description": role["Description"]}
        allowed = f"\n  permissions {{\n    actions = {hcl(role['Actions'], 2)}\n  }}\n}}\n"
        lines += [
            _block('resource "azurerm_role_definition" "domicile_looks"', named).removesuffix("}\n") + allowed,
            _block(
                'resource "azurerm_role_assignment" "domicile_looks"',
                {
                    "scope": Name("var.scope"),
                    "role_definition_id": Name("azurerm_role_definition.domicile_looks.role_definition_resource_id"),
                    "principal_id": Name("var.principal_id"),
                },
            ),
        ]
    return commented(header) + "\n".join(lines)


def azure_script(role: Mapping[str, Any] | None, principal: str, scope: str, header: Sequence[str]) -> str:
    """Reader, and a role with what Reader lacks, for the Azure command line."""
    who = '"${1:?object id of whoever scans}"' if not principal else f'"${{1:-{principal}}}"'
    at = '"${2:?id of the management group or subscription}"' if not scope else f'"${{2:-{scope}}}"'
    lines = [
        "#!/bin/sh",
        commented(header).rstrip("\n"),
        "set -eu",
        f"principal={who}",
        f"scope={at}",
        "",
        *_assign("Reader"),
    ]
    if role:
        # The scope is known only when the script runs: it stands outside the quotes.
        written = json.dumps({**role, "AssignableScopes": ["SCOPE"]}).replace("SCOPE", "'\"$scope\"'")
        lines += ["", f"az role definition create --role-definition '{written}'", *_assign(role["Name"])]
    return "\n".join([*lines, ""])


def commented(lines: Iterable[str]) -> str:
    """Lines of a comment, none too long. What is meant to be pasted begins with a blank and stays whole."""
    made = []
    for line in lines:
        folded = (
            [line]
            if line.startswith(" ")
            else textwrap.wrap(line, LONGEST, break_long_words=False, break_on_hyphens=False) or [""]
        )
        made += [f"# {part}".rstrip() for part in folded]
    return "\n".join([*made, "", ""])


def hcl(value: Any, depth: int = 0) -> str:
    """A value as Terraform's language writes it, at some depth of blocks."""
    inner, outer = "  " * (depth + 1), "  " * depth
    match value:
        case Name():
            return value.name
        case Mapping():
            named = {key if re.fullmatch(r"[A-Za-z_]\w*", key) else hcl(key): one for key, one in value.items()}
            return f"{{\n{_lined(named, depth + 1)}{outer}}}"
        case list() | tuple():
            if len(value) == 1:
                return f"[{hcl(value[0], depth)}]"
            return "[\n" + "".join(f"{inner}{hcl(one, depth + 1)},\n" for one in value) + f"{outer}]"
    text = json.dumps(str(value), ensure_ascii=True)
    return text.replace("${", "$${").replace("%{", "%%{")


def _variable(name: str, kind: str, about: str, default: Any, pattern: str = "") -> str:
    lines = [f'variable "{name}" {{', f"  type        = {kind}", f"  description = {hcl(about)}"]
    if default is not None:
        lines.append(f"  default     = {hcl(default, 1)}")
    if pattern:
        lines += [
            "  validation {",
            f"    condition     = can(regex({hcl(f'^{pattern}$')}, var.{name}))",
            '    error_message = "That is no such id."',
            "  }",
        ]
    return "\n".join([*lines, "}", ""])


def _block(head: str, values: Mapping[str, Any]) -> str:
    return f"{head} {{\n{_lined(values, 1)}}}\n"


def _lined(values: Mapping[str, Any], depth: int) -> str:
    """One line for each, as Terraform's own formatter writes them: what follows each other on one line is lined up."""
    texts = {key: hcl(one, depth) for key, one in values.items()}
    lines: list[str] = []
    for is_short, run in groupby(texts, key=lambda key: "\n" not in texts[key]):
        keys = list(run)
        wide = max(map(len, keys)) if is_short else 0
        lines += [f"{'  ' * depth}{key:{wide or len(key)}} = {texts[key]}\n" for key in keys]
    return "".join(lines)


def _assign(role: str) -> list[str]:
    return [
        'az role assignment create --assignee-object-id "$principal" --assignee-principal-type ServicePrincipal \\',
        f'  --role "{role}" --scope "$scope"',
    ]
