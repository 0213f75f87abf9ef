"""The way to storage and Cosmos DB when they have no public one: private endpoints, and the names that lead to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_azure_native as azure
from azure_settings import Home

from domicile import geography

ZONES: Final = {
    "blob": "privatelink.blob.core.windows.net",
    "queue": "privatelink.queue.core.windows.net",
    "table": "privatelink.table.core.windows.net",
    "Sql": "privatelink.documents.azure.com",
}
"""What is reached, as Private Link calls it, and the zone of its names ("Azure Private Endpoint private DNS zone
values"). The first three are what the host of the functions and the orchestration use."""
GLOBAL: Final = "global"


def misplaced(home: Home) -> Iterator[str]:
    """What is wrong with where the network lies. One of another subscription is not asked: the stack's provider speaks
    of its own only."""
    if not home.network:
        return
    _, _, subscription, _, group, *_, name = home.network.split("/")
    if subscription.lower() != home.subscription.lower():
        return
    try:
        network = azure.network.get_virtual_network(resource_group_name=group, virtual_network_name=name)
    except Exception as error:  # noqa: BLE001 Pulumi raises nothing narrower
        why = str(error).strip().rpartition("\n")[2][:300]
        yield f"domicile:subnetId: Azure does not show the network {name[:60]}: {why}"
        return
    if (there := geography.azure_region(network.location or "")) != home.location:
        yield (
            f"domicile:subnetId: the network {name[:60]} lies in {there}, and the stack in {home.location}: functions "
            "and private endpoints lie where their network does"
        )


@dataclass
class NetworkArgs:
    home: Home
    group: pulumi.Input[str]
    storage: pulumi.Input[str]
    """Resource id of the storage account."""
    tables: pulumi.Input[str]
    """Resource id of the account of Cosmos DB."""


class Network(pulumi.ComponentResource):
    """`endpoints` are the resource ids of the endpoints, by the zones of their names."""

    endpoints: Mapping[str, pulumi.Output[str]]

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("domicile:azure:Network", name, None, opts)
        self.args = args
        made: list[pulumi.Resource] = []
        endpoints: dict[str, pulumi.Output[str]] = {}
        for what, zone in ZONES.items():
            endpoint = self._endpoint(what, made)
            made, endpoints[zone] = [endpoint], endpoint.id
            if args.home.settings.private_dns == "create":
                self._names(what, zone, endpoint)
        self.endpoints = endpoints
        self.register_outputs({"endpoints": endpoints})

    def _endpoint(self, what: str, before: list[pulumi.Resource]) -> azure.network.PrivateEndpoint:
        home = self.args.home
        return azure.network.PrivateEndpoint(
            what.lower(),
            private_endpoint_name=home.name(what.lower()),
            resource_group_name=self.args.group,
            location=home.location,
            subnet={"id": home.settings.private_endpoint_subnet_id},
            private_link_service_connections=[
                {
                    "name": what.lower(),
                    "private_link_service_id": self.args.tables if what == "Sql" else self.args.storage,
                    "group_ids": [what],
                }
            ],
            tags=dict(home.settings.tags),
            # One after the other: a storage account takes no two at once.
            opts=pulumi.ResourceOptions(parent=self, depends_on=before),
        )

    def _names(self, what: str, zone: str, endpoint: azure.network.PrivateEndpoint) -> None:
        home, name = self.args.home, what.lower()
        own = pulumi.ResourceOptions(parent=self)
        made = azure.privatedns.PrivateZone(
            name,
            private_zone_name=zone,
            resource_group_name=self.args.group,
            location=GLOBAL,
            tags=dict(home.settings.tags),
            opts=own,
        )
        link = azure.privatedns.VirtualNetworkLink(
            name,
            virtual_network_link_name=home.name("network"),
            private_zone_name=made.name,
            resource_group_name=self.args.group,
            location=GLOBAL,
            virtual_network={"id": home.network},
            registration_enabled=False,
            # Else the network would no longer find anybody else's accounts that have private endpoints elsewhere.
            resolution_policy=azure.privatedns.ResolutionPolicy.NX_DOMAIN_REDIRECT,
            tags=dict(home.settings.tags),
            opts=own,
        )
        azure.network.PrivateDnsZoneGroup(
            name,
            private_dns_zone_group_name="default",
            private_endpoint_name=endpoint.name,
            resource_group_name=self.args.group,
            private_dns_zone_configs=[{"name": name, "private_dns_zone_id": made.id}],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[link]),
        )
