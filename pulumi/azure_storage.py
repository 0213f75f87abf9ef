"""One storage account: what the functions run on, and containers for work and for evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pulumi
import pulumi_azure_native as azure
from azure_access import let
from azure_settings import Home

SCRATCH_DAYS: Final = 90
"""How long what lies between the steps of a scan is kept: notices that could not be sent are made from it."""
SKUS: Final = {"local": "Standard_LRS", "zone": "Standard_ZRS"}
CONTAINERS: Final = ("work", "evidence", "deployment")


@dataclass
class StorageArgs:
    home: Home
    group: pulumi.Input[str]
    principal: pulumi.Input[str]


class Storage(pulumi.ComponentResource):
    """`account` is the name of the account, `account_id` its resource id."""

    account: pulumi.Output[str]
    account_id: pulumi.Output[str]

    def __init__(self, name: str, args: StorageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("domicile:azure:Storage", name, None, opts)
        home, settings = args.home, args.home.settings
        kept = pulumi.ResourceOptions(parent=self, retain_on_delete=settings.keep_data)
        encrypted = {"enabled": True, "key_type": "Account"}
        account = azure.storage.StorageAccount(
            "storage",
            account_name=home.storage_account,
            resource_group_name=args.group,
            location=home.location,
            kind="StorageV2",
            sku={"name": SKUS[settings.redundancy]},
            access_tier=azure.storage.AccessTier.HOT,
            allow_blob_public_access=False,
            allow_cross_tenant_replication=False,
            allow_shared_key_access=False,
            allowed_copy_scope="AAD",
            default_to_o_auth_authentication=True,
            enable_https_traffic_only=True,
            is_local_user_enabled=False,
            minimum_tls_version="TLS1_2",
            encryption={
                "key_source": "Microsoft.Storage",
                "require_infrastructure_encryption": True,
                "services": {"blob": encrypted, "file": encrypted, "queue": encrypted, "table": encrypted},
            },
            network_rule_set=_network(home),
            public_network_access=home.public,
            tags=dict(settings.tags),
            opts=kept,
        )
        azure.storage.BlobServiceProperties(
            "blobs",
            blob_services_name="default",
            account_name=account.name,
            resource_group_name=args.group,
            is_versioning_enabled=True,
            delete_retention_policy={"enabled": True, "days": 7},
            container_delete_retention_policy={"enabled": True, "days": 7},
            opts=kept,
        )
        containers = {
            what: azure.storage.BlobContainer(
                what,
                container_name=what,
                account_name=account.name,
                resource_group_name=args.group,
                public_access=azure.storage.PublicAccess.NONE,
                opts=kept,
            )
            for what in CONTAINERS
        }
        azure.storage.ManagementPolicy(
            "lifecycle",
            management_policy_name="default",
            account_name=account.name,
            resource_group_name=args.group,
            policy={"rules": _rules(home)},
            opts=kept,
        )
        # What the runtime, its timers and the orchestration ask for ("Connecting to host storage with an identity").
        for kind in ("Blob Data Owner", "Queue Data Contributor", "Table Data Contributor"):
            let(self, f"storage-{kind.split()[0].lower()}", f"Storage {kind}", args.principal, account.id)
        for at, person in enumerate(home.operators):
            let(
                self,
                f"storage-operator-{at}",
                "Storage Blob Data Contributor",
                person,
                containers["work"].id,
                service=False,
            )
        self.account, self.account_id = account.name, account.id
        self.register_outputs({"account": self.account})


def _network(home: Home) -> dict[str, Any]:
    settings = home.settings
    if not settings.subnet_id:
        return {"bypass": "None", "default_action": azure.storage.DefaultAction.ALLOW}
    if settings.private_endpoint_subnet_id:
        return {"bypass": "None", "default_action": azure.storage.DefaultAction.DENY}
    return {
        "bypass": "None",
        "default_action": azure.storage.DefaultAction.DENY,
        "virtual_network_rules": [{"virtual_network_resource_id": settings.subnet_id}],
        "ip_rules": [{"i_p_address_or_range": address} for address in settings.allowed_addresses],
    }


def _rules(home: Home) -> list[dict[str, Any]]:
    """Versions of `config` have no rule: they are few, and Azure counts the age of one from when it was written, not
    from when it was replaced."""
    days = home.settings.retention_days
    return [
        _rule("scratch", "work/scans/", base=SCRATCH_DAYS),
        _rule("evidence", "evidence/", base=days),
        _rule("packages", "deployment/", versions=30),
        _rule("runtime", "azure-webjobs-", versions=1),
        _rule("orchestration", f"{home.hub}-", versions=1),
    ]


def _rule(name: str, prefix: str, *, base: int = 0, versions: int = 1) -> dict[str, Any]:
    actions: dict[str, Mapping[str, Any]] = {"version": {"delete": {"days_after_creation_greater_than": versions}}}
    if base:
        actions["base_blob"] = {"delete": {"days_after_modification_greater_than": base}}
    return {
        "name": name,
        "type": "Lifecycle",
        "enabled": True,
        "definition": {"actions": actions, "filters": {"blob_types": ["blockBlob"], "prefix_match": [prefix]}},
    }
