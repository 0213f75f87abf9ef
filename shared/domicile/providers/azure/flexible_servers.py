"""What the flexible servers of PostgreSQL and MySQL have in common: a row means the same in both."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from msgspec import Struct

from domicile.model import Channel, Copy, Resource, ResourceType
from domicile.providers.azure.ids import canonical, location, subscription_of
from domicile.providers.azure.redundancy import backups, paired_backups
from domicile.providers.azure.rows import evidence, resource

PROPERTIES: Final = "backup dataEncryption replica replicationRole sourceServerResourceId"
NO_REPLICA: Final = frozenset({"none", "primary", "source"})


class Words(Struct, frozen=True):
    """What one engine calls its servers and what is made of them."""

    type: str
    server: ResourceType
    backup: Channel
    geo_backup: Channel
    replica: Channel


def read_server(row: dict[str, Any], words: Words) -> Iterator[Resource | Copy]:
    properties, home = row.get("properties", {}), row["location"]
    encryption, kept = properties.get("dataEncryption", {}), properties.get("backup", {})
    managed = encryption.get("type", "")
    key = encryption.get("primaryKeyURI") or ""
    yield resource(row, words.server, location(home), cmk=managed == "AzureKeyVault" if managed else None, key=key)

    source = properties.get("sourceServerResourceId", "")
    role = properties.get("replica", {}).get("role") or properties.get("replicationRole", "")
    # The source is named by replicas, and kept by some servers that were restored from it or promoted.
    if source and role.lower() not in NO_REPLICA:
        this = canonical(row["id"])
        proof = evidence(words.type, "sourceServerResourceId", source)
        yield Copy(
            canonical(source),
            words.replica.name,
            location(home),
            this,
            subscription_of(this),
            caused_by=this,
            evidence=proof,
        )

    said = kept.get("geoRedundantBackup") or ""
    proof = evidence(words.type, "backup.geoRedundantBackup", said)
    # A replica is backed up only once it is promoted.
    if "replica" not in role.lower():
        yield backups(row, home, words.backup, proof)
    yield from paired_backups(row, home, (said,), words.geo_backup, proof, key=encryption.get("geoBackupKeyURI") or "")
