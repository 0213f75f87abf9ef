"""Where AWS Secrets Manager keeps replicas of a secret, as the secret itself tells: where nobody can look, too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import Cell, Channel, Copy, Evidence, Location
from domicile.providers.aws.arn import account_of, arn, region_of
from domicile.providers.aws.secretsmanager import REPLICA, find, identify
from domicile.providers.service import Cloud, Listing, Part, Service

ACROSS_ACCOUNTS = Channel(
    "secretsmanager-account-replica",
    "replica",
    "Disassociate the replica from the primary secret, then delete the secret in the other account: it stays there.",
    continuous=True,
)


def description(cloud: Cloud, secret: dict[str, Any]) -> dict[str, Any]:
    return cloud.call("describe_secret", SecretId=secret["ARN"])


def is_replicated(secret: dict[str, Any]) -> bool:
    return secret.get("PrimaryRegion") == region_of(secret["ARN"])


def read(secret: dict[str, Any], parts: Mapping[str, dict[str, Any] | None], cell: Cell) -> Iterator[Copy]:
    this, described = identify(secret, cell), parts.get("description") or {}
    for replica in described.get("ReplicationStatus", ()):
        # What failed was not created.
        if (region := replica["Region"]) != cell.region and replica.get("Status") != "Failed":
            there = arn("secretsmanager", region, cell.account, this.split(":", 5)[5])
            yield _copy(this, REPLICA, there, "ReplicationStatus.Region", replica.get("KmsKeyId", ""))
    for replica in described.get("CrossAccountReplicas", ()):
        if replica.get("ReplicationStatus") != "Failed":
            yield _copy(this, ACROSS_ACCOUNTS, replica["ReplicaSecretARN"], "CrossAccountReplicas.ReplicaSecretARN")


def _copy(this: str, channel: Channel, there: str, field: str, key: str = "") -> Copy:
    evidence = Evidence("secretsmanager:DescribeSecret", field, there)
    location, account = Location("aws", region_of(there)), account_of(there)
    return Copy(this, channel.name, location, there, account, this, evidence, key, part="description")


SERVICE = Service(
    name="secretsmanager",
    client="secretsmanager",
    scope="regional",
    listings=(
        Listing("replicas", find, read, identify, parts=(Part("description", description, applies=is_replicated),)),
    ),
    types=(),
    channels=(ACROSS_ACCOUNTS,),
    needs={
        "list_secrets": ("secretsmanager:ListSecrets",),
        "describe_secret": ("secretsmanager:DescribeSecret",),
    },
    blind_to=(
        "A secret with a replica in another account and none in another region is not told from others, so not asked.",
    ),
)
