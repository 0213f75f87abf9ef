"""Who may do what: the one identity the functions have, and the roles by which it looks into subscriptions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_azure_native as azure
from azure_settings import Home

ROLES: Final = {
    "Communication and Email Service Owner": "09976791-48a7-449e-bb21-39d1a415f350",
    "Monitoring Metrics Publisher": "3913510d-42f4-4e42-8a64-420c390055eb",
    "Reader": "acdd72a7-3385-48ef-bd42-f606fba81ae7",
    "Storage Blob Data Contributor": "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
    "Storage Blob Data Owner": "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
    "Storage Queue Data Contributor": "974c5e8b-45b9-4653-ba55-5f855dd0fb88",
    "Storage Table Data Contributor": "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3",
}
"""Azure's own roles, the same everywhere ("Azure built-in roles")."""


@dataclass
class AccessArgs:
    home: Home
    group: pulumi.Input[str]
    actions: Sequence[str]
    """What is asked of Resource Manager in the subscriptions that are looked into."""


class Access(pulumi.ComponentResource):
    """`principal`, `client` and `identity` are the identity's object id, its application id and its resource id."""

    principal: pulumi.Output[str]
    client: pulumi.Output[str]
    identity: pulumi.Output[str]

    def __init__(self, name: str, args: AccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("domicile:azure:Access", name, None, opts)
        home = args.home
        identity = azure.managedidentity.UserAssignedIdentity(
            "identity",
            resource_name_=home.unique,
            resource_group_name=args.group,
            location=home.location,
            tags=dict(home.settings.tags),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.principal, self.client, self.identity = identity.principal_id, identity.client_id, identity.id
        if home.settings.grants == "create":
            self._look(home, lacking(args.actions))
        self.register_outputs({"principal": self.principal, "client": self.client, "identity": self.identity})

    def _look(self, home: Home, also: Sequence[str]) -> None:
        for at, scope in enumerate(home.scopes):
            let(self, f"look-{at}", "Reader", self.principal, scope)
            if also:
                role = azure.authorization.RoleDefinition(
                    f"look-{at}",
                    scope=scope,
                    role_name=f"{home.unique} looks",
                    description="Lets domicile look at how things are set up, where Reader does not",
                    permissions=[{"actions": list(also)}],
                    assignable_scopes=[scope],
                    opts=pulumi.ResourceOptions(parent=self),
                )
                assign(self, f"look-also-{at}", role.id, self.principal, scope)


def lacking(actions: Sequence[str]) -> list[str]:
    """The actions that Reader, which may `*/read`, does not include."""
    return [action for action in actions if not action.endswith("/read")]


def let(
    parent: pulumi.Resource,
    name: str,
    role: str,
    principal: pulumi.Input[str],
    scope: pulumi.Input[str],
    *,
    service: bool = True,
) -> pulumi.Resource:
    """Give somebody one of Azure's own roles. `service`: it is an identity, which may be newer than what is known of it
    where the role is assigned."""
    definition = f"/providers/Microsoft.Authorization/roleDefinitions/{ROLES[role]}"
    return assign(parent, name, definition, principal, scope, service=service)


def assign(
    parent: pulumi.Resource,
    name: str,
    definition: pulumi.Input[str],
    principal: pulumi.Input[str],
    scope: pulumi.Input[str],
    *,
    service: bool = True,
) -> pulumi.Resource:
    return azure.authorization.RoleAssignment(
        name,
        principal_id=principal,
        principal_type="ServicePrincipal" if service else None,
        role_definition_id=definition,
        scope=scope,
        opts=pulumi.ResourceOptions(parent=parent),
    )
