"""The functions: one app on a Flex Consumption plan, which uses its identity for everything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_azure_native as azure
from azure_settings import Home

PYTHON: Final = "3.12"
"""That the functions are packed for."""


@dataclass
class FunctionsArgs:
    home: Home
    group: pulumi.Input[str]
    principal: pulumi.Input[str]
    client: pulumi.Input[str]
    identity: pulumi.Input[str]
    account: pulumi.Input[str]
    store: pulumi.Input[str]
    topic: pulumi.Input[str]
    telemetry: pulumi.Input[str]


class Functions(pulumi.ComponentResource):
    """`app` is the name of the function app, `host` the name of its host."""

    app: pulumi.Output[str]
    host: pulumi.Output[str]

    def __init__(self, name: str, args: FunctionsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("domicile:azure:Functions", name, None, opts)
        home, settings = args.home, args.home.settings
        own = pulumi.ResourceOptions(parent=self)
        plan = azure.web.AppServicePlan(
            "functions",
            name=home.unique,
            resource_group_name=args.group,
            location=home.location,
            kind="functionapp",
            reserved=True,
            sku={"name": "FC1", "tier": "FlexConsumption"},
            tags=dict(settings.tags),
            opts=own,
        )
        app = azure.web.WebApp(
            "functions",
            name=home.unique,
            resource_group_name=args.group,
            location=home.location,
            kind="functionapp,linux",
            server_farm_id=plan.id,
            reserved=True,
            https_only=True,
            client_affinity_enabled=False,
            public_network_access="Enabled",
            virtual_network_subnet_id=settings.subnet_id or None,
            identity={
                "type": azure.web.ManagedServiceIdentityType.USER_ASSIGNED,
                "user_assigned_identities": [args.identity],
            },
            function_app_config={
                "deployment": {
                    "storage": {
                        "type": "blobContainer",
                        "value": pulumi.Output.format("https://{0}.blob.core.windows.net/deployment", args.account),
                        "authentication": {
                            "type": "UserAssignedIdentity",
                            "user_assigned_identity_resource_id": args.identity,
                        },
                    }
                },
                "runtime": {"name": "python", "version": PYTHON},
                "scale_and_concurrency": {
                    "instance_memory_mb": settings.instance_memory,
                    "maximum_instance_count": settings.instances_at_most,
                },
            },
            site_config={
                "app_settings": [{"name": variable, "value": value} for variable, value in _environment(args).items()],
                "ftps_state": "Disabled",
                "http20_enabled": True,
                "min_tls_version": "1.2",
                "scm_min_tls_version": "1.2",
            },
            tags=dict(settings.tags),
            opts=own,
        )
        # Whoever brings new code signs in: there is no password for that.
        azure.web.WebAppFtpAllowed("functions", name=app.name, resource_group_name=args.group, allow=False, opts=own)
        azure.web.WebAppScmAllowed("functions", name=app.name, resource_group_name=args.group, allow=False, opts=own)
        self.app, self.host = app.name, app.default_host_name
        self.register_outputs({"app": self.app, "host": self.host})


def _environment(args: FunctionsArgs) -> Mapping[str, pulumi.Input[str]]:
    home = args.home
    container = "azblob://{0}.blob.core.windows.net/{1}"
    return {
        "AzureWebJobsStorage__accountName": args.account,
        "AzureWebJobsStorage__clientId": args.client,
        "AzureWebJobsStorage__credential": "managedidentity",
        "AzureFunctionsJobHost__extensions__durableTask__hubName": home.hub,
        "APPLICATIONINSIGHTS_CONNECTION_STRING": args.telemetry,
        "APPLICATIONINSIGHTS_AUTHENTICATION_STRING": pulumi.Output.format(
            "ClientId={0};Authorization=AAD", args.client
        ),
        # Which identity azure-identity takes.
        "AZURE_CLIENT_ID": args.client,
        "DOMICILE_CLOUD": "azure",
        "DOMICILE_ACCOUNTS": home.accounts,
        "DOMICILE_STORE": args.store,
        "DOMICILE_WORK": pulumi.Output.format(container, args.account, "work"),
        "DOMICILE_EVIDENCE": pulumi.Output.format(container, args.account, "evidence"),
        "DOMICILE_TOPIC": args.topic,
        "DOMICILE_SCHEDULE": home.settings.timer,
    }
