"""AWS Secrets Manager: each secret, and every secret in another region that is a replica of one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import Cell, Channel, Copy, Evidence, Location, Resource, ResourceType
from domicile.providers.aws.arn import arn
from domicile.providers.service import Cloud, Listing, Service

SECRET = ResourceType("aws.secretsmanager.secret", "primary")

REPLICA = Channel(
    "secretsmanager-replica",
    "replica",
    "Remove the region from the replication of the primary secret; Secrets Manager then deletes the replica there.",
    continuous=True,
)


def find(cloud: Cloud) -> Iterator[dict[str, Any]]:
    # A secret that is to be deleted is kept for seven days or more.
    for page in cloud.pages("list_secrets", MaxResults=100, IncludePlannedDeletion=True):
        yield from page["SecretList"]


def identify(secret: dict[str, Any], _: Cell) -> str:
    name: str = secret["ARN"]
    return name


def read(secret: dict[str, Any], _: Mapping[str, dict[str, Any] | None], cell: Cell) -> Iterator[Resource | Copy]:
    this, here = identify(secret, cell), Location("aws", cell.region)
    # Without a key it is encrypted by that of AWS. A key may be told by its id or an alias: it is then of nobody knows
    # which kind.
    key = secret.get("KmsKeyId", "")
    yield Resource(
        this,
        SECRET.name,
        secret["Name"],
        cell.account,
        here,
        tags={tag["Key"]: tag.get("Value", "") for tag in secret.get("Tags", ())},
        created_at=secret.get("CreatedDate"),
        cmk=None if key else False,
        key=key,
    )
    home = secret.get("PrimaryRegion") or cell.region
    if home != cell.region:
        primary = arn("secretsmanager", home, cell.account, this.split(":", 5)[5])
        evidence = Evidence("secretsmanager:ListSecrets", "PrimaryRegion", home)
        yield Copy(primary, REPLICA.name, here, this, cell.account, caused_by=primary, evidence=evidence)


SERVICE = Service(
    name="secretsmanager",
    client="secretsmanager",
    scope="regional",
    listings=(Listing("secrets", find, read, identify),),
    types=(SECRET,),
    channels=(REPLICA,),
    needs={"list_secrets": ("secretsmanager:ListSecrets",)},
    blind_to=(
        "A replica that was made a secret of its own no longer says what it was copied from.",
        "What a secret opens, and what programs copy out of it, leaves no trace in its description.",
    ),
)
