"""Amazon DynamoDB: each table, and every other region that stores its items."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import Cell, Channel, Copy, Evidence, Location, Resource, ResourceType
from domicile.providers.aws.arn import account_of, arn
from domicile.providers.service import Cloud, Listing, Part, Service

TABLE = ResourceType("aws.dynamodb.table", "primary", tags_look="tags.resources")

GLOBAL_TABLE = Channel(
    "dynamodb-global-table",
    "replica",
    "Remove the replica from the global table; DynamoDB then deletes the items stored there.",
    relation="peer",
    continuous=True,
)
WITNESS = Channel(
    "dynamodb-witness",
    "replica",
    "Remove the witness by making the global table eventually consistent, or choose a witness in an allowed region.",
    implied=True,
)
RESTORE = Channel(
    "dynamodb-restore",
    "primary",
    "Delete the restored table, or restore into an allowed region.",
    relation="seed",
)


def find(cloud: Cloud) -> Iterator[str]:
    for page in cloud.pages("list_tables", Limit=100):
        yield from page["TableNames"]


def table(cloud: Cloud, name: str) -> dict[str, Any]:
    described: dict[str, Any] = cloud.call("describe_table", TableName=name)["Table"]
    return described


def identify(name: str, cell: Cell) -> str:
    return arn("dynamodb", cell.region, cell.account, f"table/{name}")


def read(name: str, parts: Mapping[str, dict[str, Any] | None], cell: Cell) -> Iterator[Resource | Copy]:
    this = identify(name, cell)
    here = Location("aws", cell.region)
    described = parts.get("table")
    if described is None:
        yield Resource(this, TABLE.name, name, cell.account, here)
        return

    # Without a description the key is Amazon's own. With one it may be AWS-managed or the customer's: the ARN
    # does not tell.
    encryption = described.get("SSEDescription", {"Status": "DISABLED"})
    yield Resource(
        this,
        TABLE.name,
        name,
        cell.account,
        here,
        created_at=described.get("CreationDateTime"),
        cmk=False if encryption.get("Status") == "DISABLED" else None,
        key=encryption.get("KMSMasterKeyArn", ""),
    )

    # A replica still being created, or already being deleted, holds items all the same; one that could not be
    # created holds none.
    for replica in described.get("Replicas", ()):
        region = replica["RegionName"]
        if region == cell.region or replica.get("ReplicaStatus") == "CREATION_FAILED":
            continue
        name_there = replica.get("ReplicaArn") or arn("dynamodb", region, cell.account, f"table/{name}")
        yield Copy(
            of=this,
            channel=GLOBAL_TABLE.name,
            location=Location("aws", region),
            id=name_there,
            account=account_of(name_there),
            caused_by=this,
            evidence=Evidence("dynamodb:DescribeTable", "Replicas.RegionName", region),
            key=replica.get("KMSMasterKeyId", ""),
            part="table",
        )

    # A witness serves no reads, yet it stores what is written to the table.
    for witness in described.get("GlobalTableWitnesses", ()):
        region = witness["RegionName"]
        evidence = Evidence("dynamodb:DescribeTable", "GlobalTableWitnesses.RegionName", region)
        there = Location("aws", region)
        yield Copy(this, WITNESS.name, there, account=cell.account, caused_by=this, evidence=evidence, part="table")

    if source := described.get("RestoreSummary", {}).get("SourceTableArn"):
        evidence = Evidence("dynamodb:DescribeTable", "RestoreSummary.SourceTableArn", source)
        yield Copy(source, RESTORE.name, here, this, cell.account, evidence=evidence, part="table")


SERVICE = Service(
    name="dynamodb",
    client="dynamodb",
    scope="regional",
    listings=(Listing("tables", find, read, identify, parts=(Part("table", table),)),),
    types=(TABLE,),
    channels=(GLOBAL_TABLE, WITNESS, RESTORE),
    needs={"list_tables": ("dynamodb:ListTables",), "describe_table": ("dynamodb:DescribeTable",)},
    blind_to=(
        "Whether a table's key is managed by AWS or by the customer is not asked.",
        "Whether point-in-time recovery is on, and where streams of changes go to, is not asked yet.",
    ),
    hides=frozenset({"backup"}),
)
