"""What is loaded into Redshift clusters without anybody's doing, from databases and tables: zero-ETL integrations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import Cell, Channel, Copy, Evidence, Location
from domicile.providers.aws.redshift import can_share, find, identify
from domicile.providers.service import Cloud, Listing, Part, Service

ZERO_ETL = Channel(
    "redshift-zero-etl",
    "replica",
    "Delete the integration, then drop the database that it made in the cluster.",
    continuous=True,
    shares=True,
)


def inbound(cloud: Cloud, cluster: dict[str, Any]) -> dict[str, Any]:
    target = cluster["ClusterNamespaceArn"]
    pages = cloud.pages("describe_inbound_integrations", TargetArn=target, MaxRecords=100)
    return {"integrations": [one for page in pages for one in page["InboundIntegrations"]]}


def read(cluster: dict[str, Any], parts: Mapping[str, dict[str, Any] | None], cell: Cell) -> Iterator[Copy]:
    this, here = identify(cluster, cell), Location("aws", cell.region)
    # Whatever its state: what one that fails or is being deleted has loaded stays in the cluster.
    for one in (parts.get("inbound") or {}).get("integrations", ()):
        if not (source := one.get("SourceArn")):
            continue
        evidence = Evidence("redshift:DescribeInboundIntegrations", "SourceArn", source)
        cause = one.get("IntegrationArn", "")
        yield Copy(source, ZERO_ETL.name, here, this, cell.account, cause, evidence, partial=True, part="inbound")


SERVICE = Service(
    name="redshift",
    client="redshift",
    scope="regional",
    listings=(Listing("integrations", find, read, identify, parts=(Part("inbound", inbound, applies=can_share),)),),
    types=(),
    channels=(ZERO_ETL,),
    needs={
        "describe_clusters": ("redshift:DescribeClusters",),
        "describe_inbound_integrations": ("redshift:DescribeInboundIntegrations",),
    },
    blind_to=("Which tables a zero-ETL integration leaves out is not told.",),
)
