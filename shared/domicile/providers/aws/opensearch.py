"""Amazon OpenSearch Service: each domain, and the domains elsewhere that may search in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import Cell, Channel, Copy, Evidence, Location, Resource, ResourceType
from domicile.providers.service import Cloud, Listing, Part, Service

DOMAIN = ResourceType("aws.es.domain", "primary", tags_look="tags.resources")

# A search over a connection is access: what it finds comes to where it was asked, and rests there no longer than that.
SEARCH = Channel(
    "opensearch-connection",
    "processing",
    "Delete the connection, at either end; indexes that were replicated over it stay where they are.",
    implied=True,
)
MAY_SEARCH = {"APPROVED", "PROVISIONING", "ACTIVE"}
ENDS = "LocalDomainInfo", "RemoteDomainInfo"
AT_ONCE = 5


def find(cloud: Cloud) -> Iterator[dict[str, Any]]:
    names = [one["DomainName"] for one in cloud.call("list_domain_names")["DomainNames"]]
    for start in range(0, len(names), AT_ONCE):
        yield from cloud.call("describe_domains", DomainNames=names[start : start + AT_ONCE])["DomainStatusList"]


def connections(cloud: Cloud, _: dict[str, Any]) -> dict[str, Any]:
    """All of the account and region: by which of its ends a connection is found differs."""
    pages = cloud.pages("describe_inbound_connections", MaxResults=100)
    return {"Connections": [one for page in pages for one in page["Connections"]]}


def identify(domain: dict[str, Any], _: Cell) -> str:
    name: str = domain["ARN"]
    return name


def read(domain: dict[str, Any], parts: Mapping[str, dict[str, Any] | None], cell: Cell) -> Iterator[Resource | Copy]:
    this, name = identify(domain, cell), domain["DomainName"]
    # A domain that is being deleted holds its indexes until it is gone.
    encryption = domain.get("EncryptionAtRestOptions", {})
    yield Resource(
        this,
        DOMAIN.name,
        name,
        cell.account,
        Location("aws", cell.region),
        cmk=None if encryption.get("Enabled", True) else False,
        key=encryption.get("KmsKeyId", ""),
    )

    for connection in (parts.get("connections") or {}).get("Connections", ()):
        told = [connection.get(end, {}).get("AWSDomainInformation", {}) for end in ENDS]
        # The end that is here is searched, whatever it is called. Between two that are here nothing moves.
        here = [end for end in told if (_region(end, cell), _owner(end, cell)) == (cell.region, cell.account)]
        may_search = connection.get("ConnectionStatus", {}).get("StatusCode") in MAY_SEARCH
        if len(here) != 1 or here[0].get("DomainName") != name or not may_search:
            continue
        [there] = [end for end in told if end is not here[0]]
        region = _region(there, cell)
        yield Copy(
            this,
            SEARCH.name,
            Location("aws", region),
            account=_owner(there, cell),
            caused_by=f"{this}#{connection['ConnectionId']}",
            evidence=Evidence("opensearch:DescribeInboundConnections", "AWSDomainInformation.Region", region),
            part="connections",
        )


def _owner(end: Mapping[str, Any], cell: Cell) -> str:
    return end.get("OwnerId") or cell.account


def _region(end: Mapping[str, Any], cell: Cell) -> str:
    return end.get("Region") or cell.region


SERVICE = Service(
    name="es",
    client="opensearch",
    scope="regional",
    listings=(Listing("domains", find, read, identify, parts=(Part("connections", connections),)),),
    types=(DOMAIN,),
    channels=(SEARCH,),
    needs={
        "list_domain_names": ("es:ListDomainNames",),
        "describe_domains": ("es:DescribeDomains",),
        "describe_inbound_connections": ("es:DescribeInboundConnections",),
    },
    blind_to=(
        "Which indexes are replicated over a connection only the domains know; told is that they may be searched.",
        "Snapshots taken into buckets, and automated ones beside the domain, are known inside the domain only.",
        "Collections of OpenSearch Serverless and pipelines of OpenSearch Ingestion are not asked yet.",
    ),
    hides=frozenset({"replica", "snapshot", "backup"}),
)
