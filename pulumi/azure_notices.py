"""Where notices go: mail from a domain that Azure gives, by way of Communication Services."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import quote_plus

import pulumi
import pulumi_azure_native as azure
from azure_access import let
from azure_settings import Home

GLOBAL: Final = "global"
"""Where such resources are said to lie; what they keep lies where `data_location` says."""
SENDER: Final = "DoNotReply"
"""The one address that each domain of Azure's has from the beginning."""


@dataclass
class NoticesArgs:
    home: Home
    group: pulumi.Input[str]
    principal: pulumi.Input[str]


class Notices(pulumi.ComponentResource):
    """`topic` is the place to which the functions send, `sender` the address that mails come from."""

    topic: pulumi.Output[str]
    sender: pulumi.Output[str]

    def __init__(self, name: str, args: NoticesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("domicile:azure:Notices", name, None, opts)
        home, tags = args.home, dict(args.home.settings.tags)
        own = pulumi.ResourceOptions(parent=self)
        mails = azure.communication.EmailService(
            "mail",
            email_service_name=home.unique,
            resource_group_name=args.group,
            location=GLOBAL,
            data_location=home.mail_data_location,
            tags=tags,
            opts=own,
        )
        domain = azure.communication.Domain(
            "mail",
            domain_name="AzureManagedDomain",
            domain_management="AzureManaged",
            email_service_name=mails.name,
            resource_group_name=args.group,
            location=GLOBAL,
            user_engagement_tracking="Disabled",
            tags=tags,
            opts=own,
        )
        service = azure.communication.CommunicationService(
            "notices",
            communication_service_name=home.unique,
            resource_group_name=args.group,
            location=GLOBAL,
            data_location=home.mail_data_location,
            linked_domains=[domain.id],
            disable_local_auth=True,
            tags=tags,
            opts=own,
        )
        # It takes no smaller role for sending.
        let(self, "notices", "Communication and Email Service Owner", args.principal, service.id)
        self.sender = pulumi.Output.format("{0}@{1}", SENDER, domain.from_sender_domain)
        self.topic = pulumi.Output.format("acs://{0}?from={1}&{2}", service.host_name, self.sender, _recipients(home))
        self.register_outputs({"topic": self.topic, "sender": self.sender})


def _recipients(home: Home) -> str:
    return "&".join(f"to={quote_plus(f'{mail.address} {mail.route}'.strip())}" for mail in home.settings.emails)
