"""What namespaces of Event Hubs and of Service Bus have in common: the regions to which their messages are replicated.

A pairing for disaster recovery is no copy of data: it carries names and settings of what is in a namespace, and none of
the messages. It is not asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from domicile.model import Channel, Copy, Evidence, Resource, ResourceType
from domicile.providers.azure.ids import canonical, location
from domicile.providers.azure.rows import evidence, resource
from domicile.providers.service import Cloud, Part

VERSION: Final = "2026-01-01"
"""The first stable one that shows to which regions data is replicated."""

PROPERTIES: Final = "encryption geoDataReplication clusterArmId"


def again(action: str) -> Part:
    """The namespace itself, where replication is not shown of it though it may have some: only the Premium tier and
    dedicated clusters do."""

    def ask(cloud: Cloud, row: dict[str, Any]) -> dict[str, Any]:
        return cloud.call(action, path=row["id"], version=VERSION, exactly=True)

    def applies(row: dict[str, Any]) -> bool:
        properties, tier = row.get("properties", {}), row.get("sku", {}).get("name", "Premium")
        return "geoDataReplication" not in properties and (tier == "Premium" or bool(properties.get("clusterArmId")))

    return Part("replication", ask, applies=applies)


def namespace(
    row: dict[str, Any],
    parts: Mapping[str, dict[str, Any] | None],
    kind: ResourceType,
    channel: Channel,
    action: str,
) -> Iterator[Resource | Copy]:
    """A namespace where its primary is, and a copy in each of its other regions."""
    properties = row.get("properties", {})
    told, part = properties.get("geoDataReplication"), ""
    if told is None and (asked := parts.get("replication")):
        told, part = asked.get("properties", {}).get("geoDataReplication"), "replication"
    regions = [one for one in (told or {}).get("locations") or () if one.get("locationName")]
    # Whichever region was promoted is the primary, whatever the namespace's own location says.
    home = next((one["locationName"] for one in regions if one.get("roleType") == "Primary"), row["location"])
    cmk, key = _key(properties.get("encryption"))
    yield resource(row, kind, location(home), cmk=cmk, key=key)
    for one in regions:
        there, this = location(one["locationName"]), canonical(row["id"])
        if there != location(home):
            field, name = "geoDataReplication.locations", one["locationName"]
            proof = Evidence(action, field, name) if part else evidence(row.get("type", ""), field, name)
            yield Copy(this, channel.name, there, caused_by=this, evidence=proof, part=part)


def _key(encryption: Mapping[str, Any] | None) -> tuple[bool | None, str]:
    """Whether the key is the customer's own, and in which vault it is."""
    if encryption is None:
        return None, ""
    own = str(encryption.get("keySource", "")).lower() == "microsoft.keyvault"
    return own, next((one.get("keyVaultUri", "") for one in encryption.get("keyVaultProperties") or ()), "")
