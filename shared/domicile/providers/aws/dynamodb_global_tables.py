"""Global tables of version 2017.11.29, whose replicas look like separate tables everywhere else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import Cell, Copy, Evidence, Location
from domicile.providers.aws.arn import arn
from domicile.providers.aws.dynamodb import GLOBAL_TABLE
from domicile.providers.service import Cloud, Listing, Service


def find(cloud: Cloud) -> Iterator[dict[str, Any]]:
    for page in cloud.pages("list_global_tables", Limit=100):
        yield from page["GlobalTables"]


def identify(listed: dict[str, Any], cell: Cell) -> str:
    return arn("dynamodb", cell.region, cell.account, f"table/{listed['GlobalTableName']}")


def read(listed: dict[str, Any], _: Mapping[str, dict[str, Any] | None], cell: Cell) -> Iterator[Copy]:
    this = identify(listed, cell)
    regions = {replica["RegionName"] for replica in listed.get("ReplicationGroup", ())}
    if cell.region not in regions:
        return
    for region in sorted(regions - {cell.region}):
        there = arn("dynamodb", region, cell.account, f"table/{listed['GlobalTableName']}")
        evidence = Evidence("dynamodb:ListGlobalTables", "ReplicationGroup.RegionName", region)
        location = Location("aws", region)
        yield Copy(this, GLOBAL_TABLE.name, location, there, cell.account, caused_by=this, evidence=evidence)


SERVICE = Service(
    name="dynamodb",
    client="dynamodb",
    scope="regional",
    listings=(Listing("global-tables", find, read, identify),),
    types=(),
    channels=(),
    needs={"list_global_tables": ("dynamodb:ListGlobalTables",)},
)
