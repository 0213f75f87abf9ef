"""The violations table in Cosmos DB: the containers that the store describes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

import pulumi
import pulumi_azure_native as azure
from azure_settings import Home

from domicile.stores.cosmos_containers import CONSISTENCY, CONTAINERS, PARTITION_KEY_VERSION, Container

DATABASE: Final = "domicile"
READER: Final = "00000000-0000-0000-0000-000000000001"
CONTRIBUTOR: Final = "00000000-0000-0000-0000-000000000002"
"""Cosmos DB's own data-plane roles ("Use data plane role-based access control")."""
_BACKUPS: Final = {"local": "Local", "zone": "Zone"}


@dataclass
class TablesArgs:
    home: Home
    group: pulumi.Input[str]
    principal: pulumi.Input[str]


class Tables(pulumi.ComponentResource):
    """`store` is the place of the store, as the functions and the command line take it; `account_id` the resource id of
    its account."""

    store: pulumi.Output[str]
    account_id: pulumi.Output[str]

    def __init__(self, name: str, args: TablesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("domicile:azure:Tables", name, None, opts)
        self.args, settings = args, args.home.settings
        kept = pulumi.ResourceOptions(parent=self, retain_on_delete=settings.keep_data)
        account = azure.cosmosdb.DatabaseAccount(
            "violations",
            account_name=args.home.unique,
            resource_group_name=args.group,
            location=args.home.location,
            kind="GlobalDocumentDB",
            database_account_offer_type="Standard",
            capabilities=[{"name": "EnableServerless"}],
            consistency_policy={"default_consistency_level": CONSISTENCY},
            locations=[
                {
                    "location_name": args.home.location,
                    "failover_priority": 0,
                    "is_zone_redundant": settings.redundancy == "zone",
                }
            ],
            enable_automatic_failover=False,
            enable_multiple_write_locations=False,
            backup_policy={
                "type": "Periodic",
                # As many copies as cost nothing.
                "periodic_mode_properties": {
                    "backup_interval_in_minutes": 1440,
                    "backup_retention_interval_in_hours": 48,
                    "backup_storage_redundancy": _BACKUPS[settings.redundancy],
                },
            },
            disable_local_auth=True,
            disable_key_based_metadata_write_access=True,
            minimal_tls_version="Tls12",
            public_network_access=args.home.public,
            tags=dict(settings.tags),
            opts=kept,
            **_network(args.home),
        )
        database = azure.cosmosdb.SqlResourceSqlDatabase(
            "violations",
            account_name=account.name,
            resource_group_name=args.group,
            database_name=DATABASE,
            resource={"id": DATABASE},
            opts=kept,
        )
        for container in CONTAINERS:
            azure.cosmosdb.SqlResourceSqlContainer(
                container.name,
                account_name=account.name,
                resource_group_name=args.group,
                database_name=database.name,
                container_name=container.name,
                resource=_container(container),
                opts=kept,
            )
        self._let(account, "functions", args.principal, CONTRIBUTOR)
        readers = dict.fromkeys((*args.home.operators, *settings.reader_ids))
        for at, person in enumerate(readers):
            self._let(account, f"reader-{at}", person, READER)
        self.account_id = account.id
        self.store = pulumi.Output.format("cosmos://{0}.documents.azure.com/{1}", account.name, DATABASE)
        self.register_outputs({"store": self.store})

    def _let(self, account: azure.cosmosdb.DatabaseAccount, name: str, principal: pulumi.Input[str], role: str) -> None:
        who = pulumi.Output.from_input(principal)
        azure.cosmosdb.SqlResourceSqlRoleAssignment(
            name,
            account_name=account.name,
            resource_group_name=self.args.group,
            role_assignment_id=pulumi.Output.format("{0}/{1}/{2}", account.id, who, role).apply(
                lambda told: str(uuid5(NAMESPACE_URL, told))
            ),
            principal_id=who,
            role_definition_id=pulumi.Output.format("{0}/sqlRoleDefinitions/{1}", account.id, role),
            # Of the account, which holds nothing else: the SDK asks it first where it lies.
            scope=account.id,
            opts=pulumi.ResourceOptions(parent=self),
        )


def _container(container: Container) -> dict[str, Any]:
    policy = container.indexing_policy
    return {
        "id": container.name,
        "partition_key": {
            "paths": [f"/{container.partition}"],
            "kind": "Hash",
            "version": PARTITION_KEY_VERSION,
        },
        "default_ttl": container.expires,
        "indexing_policy": {
            "indexing_mode": policy["indexingMode"],
            "automatic": policy["automatic"],
            "included_paths": policy["includedPaths"],
            "excluded_paths": policy["excludedPaths"],
            "composite_indexes": policy["compositeIndexes"],
        },
    }


def _network(home: Home) -> dict[str, Any]:
    settings = home.settings
    if not settings.subnet_id or settings.private_endpoint_subnet_id:
        return {"network_acl_bypass": "None"}
    return {
        "network_acl_bypass": "None",
        "is_virtual_network_filter_enabled": True,
        "virtual_network_rules": [{"id": settings.subnet_id}],
        "ip_rules": [{"ip_address_or_range": address} for address in settings.allowed_addresses],
    }
