"""Azure Monitor Logs: workspaces, the region that they are replicated to, and where their tables are exported."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import NEVER_EXPIRES, Cell, Channel, Copy, Evidence, Resource, ResourceType
from domicile.providers.azure.ids import canonical, location, subscription_of
from domicile.providers.azure.rows import evidence, identify, moment, of_type, resource, swept
from domicile.providers.service import Cloud, Listing, Part, Service

WORKSPACES = "microsoft.operationalinsights/workspaces"
ITSELF = "Microsoft.OperationalInsights/workspaces/read"
EXPORTS = "Microsoft.OperationalInsights/workspaces/dataExports/read"
VERSION = "2025-07-01"
PROPERTIES = "replication retentionInDays createdDate features"

WORKSPACE = ResourceType("azure.loganalytics.workspace", "log")

REPLICATION = Channel(
    "azure-log-analytics-replication",
    "log",
    "Disable the replication of the workspace, and see that the logs in the other region are gone.",
    implied=True,
    continuous=True,
)
EXPORT = Channel(
    "azure-log-analytics-export",
    "log",
    "Delete the data export rule of the workspace, then what it exported.",
    shares=True,
)


def again(cloud: Cloud, workspace: dict[str, Any]) -> dict[str, Any]:
    return cloud.call(ITSELF, path=workspace["id"], version=VERSION, exactly=True)


def exports(cloud: Cloud, workspace: dict[str, Any]) -> dict[str, Any]:
    pages = cloud.pages(EXPORTS, path=f"{workspace['id']}/dataExports", version=VERSION)
    return {"value": [one for page in pages for one in page["value"]]}


PARTS = (
    Part("replication", again, applies=lambda workspace: "replication" not in workspace.get("properties", {})),
    Part("exports", exports),
)


def read(workspace: dict[str, Any], parts: Mapping[str, dict[str, Any] | None], _: Cell) -> Iterator[Resource | Copy]:
    properties, this = workspace.get("properties", {}), canonical(workspace["id"])
    features = properties.get("features")
    # Only a cluster can have a key of the customer's own; whether it has, the workspace does not say.
    cmk = None if features is None or features.get("clusterResourceId") else False
    kept = properties.get("retentionInDays")
    yield resource(
        workspace,
        WORKSPACE,
        location(workspace["location"]),
        created_at=moment(properties.get("createdDate")),
        retention_days=NEVER_EXPIRES if kept == -1 else kept,
        cmk=cmk,
    )

    told, part = properties.get("replication"), ""
    if told is None and (asked := parts.get("replication")):
        told, part = asked.get("properties", {}).get("replication"), "replication"
    if told and told.get("enabled"):
        place = told.get("location", "")
        shown = evidence(WORKSPACES, "replication.location", place)
        # Logs from before the replication began were not copied.
        yield Copy(
            this,
            REPLICATION.name,
            location(place) if place else None,
            caused_by=this,
            evidence=Evidence(ITSELF, shown.field, place) if part else shown,
            partial=True,
            part=part,
        )
    for rule in (parts.get("exports") or {}).get("value", ()):
        target = (rule["properties"].get("destination") or {}).get("resourceId", "")
        if target and rule["properties"].get("enable", True):
            yield Copy(
                this,
                EXPORT.name,
                id=canonical(target),
                account=subscription_of(target),
                caused_by=canonical(rule["id"]),
                evidence=Evidence(EXPORTS, "destination.resourceId", target),
                partial=True,
                part="exports",
            )


SERVICE = Service(
    name="loganalytics",
    client="loganalytics",
    scope="global",
    listings=(Listing("workspaces", of_type(WORKSPACES), read, identify, PARTS),),
    types=(WORKSPACE,),
    channels=(REPLICATION, EXPORT),
    needs={action: (action,) for action in (ITSELF, EXPORTS)},
    blind_to=(
        "Tables that are kept for longer or shorter than their workspace says are not asked for.",
        "Which resources send their logs to a workspace, and where else they send them, is not asked yet.",
    ),
    swept=(swept(WORKSPACES, PROPERTIES),),
)
