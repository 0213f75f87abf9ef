"""Amazon Redshift: each cluster, the region its snapshots are copied to, and who may query its tables from where."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import Cell, Channel, Copy, Evidence, Location, Resource, ResourceType
from domicile.providers.aws.arn import account_of, arn, place
from domicile.providers.service import Cloud, Listing, Part, Service

CLUSTER = ResourceType("aws.redshift.cluster", "primary")

COPY_SETTING = Channel(
    "redshift-copy-setting",
    "backup",
    "Disable the cross-region snapshot copy of the cluster, then delete the copied snapshots.",
    relation="rule",
    implied=True,
)
# Nothing comes to rest there: tables are read where they are, by a warehouse that works on them elsewhere.
DATASHARE = Channel(
    "redshift-datashare",
    "processing",
    "Revoke the consumer's access to the datashare, or let it be consumed in an allowed region only.",
    implied=True,
)
MAY_QUERY = {"ACTIVE", "AUTHORIZED", "AVAILABLE"}


def find(cloud: Cloud) -> Iterator[dict[str, Any]]:
    for page in cloud.pages("describe_clusters", MaxRecords=100):
        yield from page["Clusters"]


def datashares(cloud: Cloud, cluster: dict[str, Any]) -> dict[str, Any]:
    producer = cluster["ClusterNamespaceArn"]
    pages = cloud.pages("describe_data_shares_for_producer", ProducerArn=producer, MaxRecords=100)
    return {"DataShares": [share for page in pages for share in page["DataShares"]]}


def can_share(cluster: dict[str, Any]) -> bool:
    return bool(cluster.get("ClusterNamespaceArn"))


def identify(cluster: dict[str, Any], cell: Cell) -> str:
    return arn("redshift", cell.region, cell.account, f"cluster:{cluster['ClusterIdentifier']}")


def read(cluster: dict[str, Any], parts: Mapping[str, dict[str, Any] | None], cell: Cell) -> Iterator[Resource | Copy]:
    this = identify(cluster, cell)
    yield Resource(
        this,
        CLUSTER.name,
        cluster["ClusterIdentifier"],
        cell.account,
        place(cell.region, cluster.get("AvailabilityZone", "")),
        tags={tag["Key"]: tag.get("Value", "") for tag in cluster.get("Tags", ())},
        created_at=cluster.get("ClusterCreateTime"),
        cmk=None if cluster.get("Encrypted", True) else False,
        key=cluster.get("KmsKeyId", ""),
    )

    # The setting is named as the cluster is: whatever snapshots the cluster makes are made because of it.
    if region := cluster.get("ClusterSnapshotCopyStatus", {}).get("DestinationRegion"):
        evidence = Evidence("redshift:DescribeClusters", "ClusterSnapshotCopyStatus.DestinationRegion", region)
        yield Copy(this, COPY_SETTING.name, Location("aws", region), account=cell.account, evidence=evidence)

    for share in (parts.get("datashares") or {}).get("DataShares", ()):
        for consumer in share.get("DataShareAssociations", ()):
            if consumer.get("Status") not in MAY_QUERY:
                continue
            name = consumer.get("ConsumerIdentifier", "")
            region = consumer.get("ConsumerRegion") or cell.region
            evidence = Evidence(
                "redshift:DescribeDataSharesForProducer", "DataShareAssociations.ConsumerRegion", region
            )
            yield Copy(
                this,
                DATASHARE.name,
                Location("aws", region),
                account=account_of(name) if name.startswith("arn:") else name,
                caused_by=share["DataShareArn"],
                evidence=evidence,
                part="datashares",
            )


SERVICE = Service(
    name="redshift",
    client="redshift",
    scope="regional",
    listings=(Listing("clusters", find, read, identify, parts=(Part("datashares", datashares, applies=can_share),)),),
    types=(CLUSTER,),
    channels=(COPY_SETTING, DATASHARE),
    needs={
        "describe_clusters": ("redshift:DescribeClusters",),
        "describe_data_shares_for_producer": ("redshift:DescribeDataSharesForProducer",),
    },
    blind_to=(
        "Which snapshot a cluster was restored from is not told.",
        "What queries unload into S3 leaves no trace; where audit logs go is not asked yet.",
    ),
)
