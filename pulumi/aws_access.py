"""Who may do what: a role for each function, the role in every account that is looked into, and the readers' role."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import aws_permissions as permissions
import pulumi
import pulumi_aws as aws
from aws_settings import ORGANISATION, STEPS, Home

from domicile.providers.aws import role_document, trust_document

_DESCRIPTION: Final = "Lets domicile look at how things are set up in this account, and never at what is in them"


@dataclass
class AccessArgs:
    home: Home
    key_arn: pulumi.Input[str]


class Access(pulumi.ComponentResource):
    """`functions` are the ARNs of the steps' roles; `reader` is the ARN of the role that asks the violations table."""

    functions: dict[str, pulumi.Output[str]]
    policies: list[pulumi.Resource]
    reader: pulumi.Output[str] | None

    def __init__(self, name: str, args: AccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("domicile:aws:Access", name, None, opts)
        self.home, self.key_arn = args.home, pulumi.Output.from_input(args.key_arn)
        self.functions, self.policies = {}, []
        roles = {
            step: self._role(step, permissions.trust("lambda", self.home), self._step_policy(step)) for step in STEPS
        }
        self.functions = {step: role.arn for step, role in roles.items()}
        settings = self.home.settings
        if settings.accounts == ORGANISATION and settings.grants == "create":
            scanners = [roles["collect"], roles["plan"]]
            self._stack_set(scanners)
            if settings.management_profile:
                self._management(scanners)
        self.reader = None
        if settings.readers:
            policy = self.key_arn.apply(lambda key: json.dumps(permissions.reader(self.home, key)))
            self.reader = self._role("reader", permissions.readers(settings.readers), policy).arn
        self.register_outputs({})

    def _step_policy(self, step: str) -> pulumi.Output[str]:
        return self.key_arn.apply(lambda key: json.dumps(permissions.step(step, self.home, key)))

    def _role(self, what: str, trust: Mapping[str, Any], policy: pulumi.Input[str]) -> aws.iam.Role:
        role, attached = make_role(self, self.home, what, trust, policy)
        self.policies.append(attached)
        return role

    def _stack_set(self, scanners: list[aws.iam.Role]) -> None:
        """The role in every account of the units, also in those that join later. Roles are the whole account's, so one
        region is enough: this one."""
        settings = self.home.settings
        stack_set = aws.cloudformation.StackSet(
            "look",
            name=settings.role,
            description=_DESCRIPTION,
            permission_model="SERVICE_MANAGED",
            auto_deployment={"enabled": True, "retain_stacks_on_account_removal": False},
            call_as=settings.call_as,
            capabilities=["CAPABILITY_NAMED_IAM"],
            managed_execution={"active": True},
            operation_preferences={"failure_tolerance_percentage": 100, "max_concurrent_percentage": 25},
            template_body=json.dumps(role_template(self.home), sort_keys=True),
            tags=dict(settings.tags),
            # A trust that names roles which are not there yet is refused. The last is AWS's own to set.
            opts=pulumi.ResourceOptions(parent=self, depends_on=scanners, ignore_changes=["administrationRoleArn"]),
        )
        aws.cloudformation.StackSetInstance(
            "look",
            stack_set_name=stack_set.name,
            stack_set_instance_region=self.home.region,
            deployment_targets={"organizational_unit_ids": list(settings.units)},
            call_as=settings.call_as,
            retain_stack=False,
            operation_preferences={"failure_tolerance_percentage": 100, "max_concurrent_percentage": 25},
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _management(self, scanners: list[aws.iam.Role]) -> None:
        """Stack sets leave out the management account: it gets its role directly."""
        settings = self.home.settings
        provider = aws.Provider(
            "management",
            region=self.home.region,
            profile=settings.management_profile,
            opts=pulumi.ResourceOptions(parent=self),
        )
        opts = pulumi.ResourceOptions(parent=self, provider=provider, depends_on=scanners)
        role = aws.iam.Role(
            "look",
            name=settings.role,
            path=settings.role_path,
            description=_DESCRIPTION,
            assume_role_policy=json.dumps(look_trust(self.home)),
            permissions_boundary=settings.permissions_boundary or None,
            tags=dict(settings.tags),
            opts=opts,
        )
        aws.iam.RolePolicy("look", role=role.name, name="look", policy=json.dumps(role_document()), opts=opts)


def make_role(
    parent: pulumi.Resource, home: Home, what: str, trust: Mapping[str, Any], policy: pulumi.Input[str]
) -> tuple[aws.iam.Role, aws.iam.RolePolicy]:
    """A role of this deployment, with its one policy."""
    opts = pulumi.ResourceOptions(parent=parent)
    role = aws.iam.Role(
        what,
        name=home.name(what),
        path=home.settings.role_path,
        assume_role_policy=json.dumps(trust),
        permissions_boundary=home.settings.permissions_boundary or None,
        tags=dict(home.settings.tags),
        opts=opts,
    )
    return role, aws.iam.RolePolicy(what, role=role.name, name=what, policy=policy, opts=opts)


def look_trust(home: Home) -> dict[str, Any]:
    settings = home.settings
    return trust_document(home.scanners, organisation=settings.organisation_id, external_id=settings.external_id)


def role_template(home: Home) -> dict[str, Any]:
    """The role in an account that is looked into, for CloudFormation."""
    settings = home.settings
    properties: dict[str, Any] = {
        "RoleName": settings.role,
        "Path": settings.role_path,
        "Description": _DESCRIPTION,
        "AssumeRolePolicyDocument": look_trust(home),
        "Policies": [{"PolicyName": "look", "PolicyDocument": role_document()}],
    }
    if boundary := settings.permissions_boundary:
        properties["PermissionsBoundary"] = _boundary_there(boundary)
    if settings.tags:
        properties["Tags"] = [{"Key": name, "Value": value} for name, value in sorted(settings.tags.items())]
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": _DESCRIPTION,
        "Resources": {"Look": {"Type": "AWS::IAM::Role", "Properties": properties}},
    }


def _boundary_there(boundary: str) -> Any:
    """A boundary lies in the account of its role: the policy of the same name there, unless it is one of AWS's own."""
    name = boundary.split(":", 5)[5]
    if boundary.split(":")[4] == "aws":
        return boundary
    return {"Fn::Sub": f"arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:{name}"}
