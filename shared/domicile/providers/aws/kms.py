"""AWS KMS: the keys that are in several regions at once, and what their aliases are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import Cell, Key, Location
from domicile.providers.service import Cloud, Listing, Part, Service

MULTI_REGION = "mrk-"
OF_AWS = "alias/aws/"


def find(cloud: Cloud) -> Iterator[dict[str, Any]]:
    for page in cloud.pages("list_keys", Limit=1000):
        yield from page["Keys"]


def find_aliases(cloud: Cloud) -> Iterator[dict[str, Any]]:
    # A service may tell a key by its alias. Those of AWS's own keys need no look: such a key is in one region.
    for page in cloud.pages("list_aliases", Limit=100):
        yield from (
            one for one in page["Aliases"] if one.get("TargetKeyId") and not one["AliasName"].startswith(OF_AWS)
        )


def places(cloud: Cloud, key: dict[str, Any]) -> dict[str, Any]:
    described: dict[str, Any] = cloud.call("describe_key", KeyId=id_of(key))["KeyMetadata"]
    return described


def is_multi_region(key: dict[str, Any]) -> bool:
    return id_of(key).startswith(MULTI_REGION)


def id_of(key: dict[str, Any]) -> str:
    name: str = key.get("KeyId") or key["TargetKeyId"]
    return name


def identify(key: dict[str, Any], _: Cell) -> str:
    name: str = key.get("KeyArn") or key["AliasArn"]
    return name


def read(key: dict[str, Any], parts: Mapping[str, dict[str, Any] | None], cell: Cell) -> Iterator[Key]:
    if told := (parts.get("places") or {}).get("MultiRegionConfiguration"):
        # What is to be deleted, or is switched off, can still be had back and used.
        every = {cell.region, *(one["Region"] for one in (told["PrimaryKey"], *told.get("ReplicaKeys", ())))}
        yield Key(identify(key, cell), tuple(Location("aws", region) for region in sorted(every)))


def read_alias(alias: dict[str, Any], parts: Mapping[str, dict[str, Any] | None], cell: Cell) -> Iterator[Key]:
    if is_multi_region(alias):
        yield from read(alias, parts, cell)
    else:
        yield Key(identify(alias, cell), (Location("aws", cell.region),))


PLACES = Part("places", places, applies=is_multi_region)

SERVICE = Service(
    name="kms",
    client="kms",
    scope="regional",
    listings=(
        Listing("keys", find, read, identify, parts=(PLACES,)),
        Listing("aliases", find_aliases, read_alias, identify, parts=(PLACES,)),
    ),
    types=(),
    channels=(),
    needs={
        "list_keys": ("kms:ListKeys",),
        "list_aliases": ("kms:ListAliases",),
        "describe_key": ("kms:DescribeKey",),
    },
    blind_to=(
        "Whose a key is, and whether its material lies in a key store outside of AWS, is asked of none.",
        "Who may use a key from another account or region is written in policies and grants, which are not read.",
    ),
)
