"""Azure OpenAI and other AI services: where an account keeps what it was given, and where its models process it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import Cell, Channel, Copy, Evidence, Location, Resource, ResourceType
from domicile.providers.azure.ids import canonical, data_zone, location
from domicile.providers.azure.rows import evidence, identify, moment, of_type, resource, swept
from domicile.providers.service import Cloud, Listing, Part, Service

ACCOUNTS = "microsoft.cognitiveservices/accounts"
DEPLOYMENTS = "Microsoft.CognitiveServices/accounts/deployments/read"
VERSION = "2024-10-01"
IN_ITS_REGION = frozenset({"standard", "provisionedmanaged", "manual"})

ACCOUNT = ResourceType("azure.ai.account", "primary")

PROCESSING = Channel(
    "azure-ai-processing",
    "processing",
    "Deploy the model as Standard or ProvisionedManaged in a region that is allowed, and delete this deployment.",
    implied=True,
    continuous=True,
)
ROUTING = Channel(
    "azure-ai-multi-region-routing",
    "processing",
    "Take the other region out of the multi-region settings of the account.",
    implied=True,
    continuous=True,
)


def deployments(cloud: Cloud, account: dict[str, Any]) -> dict[str, Any]:
    pages = cloud.pages(DEPLOYMENTS, path=f"{account['id']}/deployments", version=VERSION)
    return {"value": [one for page in pages for one in page["value"]]}


def deploys_models(account: dict[str, Any]) -> bool:
    """Whether an account has models of its own choice; those of the other kinds process where they are."""
    return account.get("kind", "").lower() in {"openai", "aiservices"}


def processed(deployment: Mapping[str, Any], region: str) -> Location | None:
    """Where a deployment processes what it is asked, None for in the region of its account. What is of a kind that
    nobody here knows may process anywhere."""
    old = deployment["properties"].get("scaleSettings") or {}
    kind = ((deployment.get("sku") or {}).get("name") or old.get("scaleType", "")).lower()
    if kind in IN_ITS_REGION:
        return None
    return data_zone(region) if kind.startswith("datazone") else location("global")


def read(account: dict[str, Any], parts: Mapping[str, dict[str, Any] | None], _: Cell) -> Iterator[Resource | Copy]:
    properties, this = account.get("properties", {}), canonical(account["id"])
    here, encryption = location(account["location"]), properties.get("encryption")
    own = (encryption or {}).get("keySource", "").lower() == "microsoft.keyvault"
    key = ((encryption or {}).get("keyVaultProperties") or {}).get("keyVaultUri", "")
    cmk, created = None if encryption is None else own, moment(properties.get("dateCreated"))
    yield resource(account, ACCOUNT, here, created_at=created, cmk=cmk, key=key)

    for region in (properties.get("locations") or {}).get("regions") or ():
        there = location(region["name"])
        if there != here:
            proof = evidence(ACCOUNTS, "locations.regions", region["name"])
            yield Copy(this, ROUTING.name, there, caused_by=this, evidence=proof)
    for one in (parts.get("deployments") or {}).get("value", ()):
        if place := processed(one, account["location"]):
            name = (one.get("sku") or {}).get("name", "")
            yield Copy(
                this,
                PROCESSING.name,
                place,
                caused_by=canonical(one["id"]),
                evidence=Evidence(DEPLOYMENTS, "sku.name", name),
                partial=True,
                part="deployments",
            )


SERVICE = Service(
    name="ai",
    client="ai",
    scope="global",
    listings=(
        Listing(
            "accounts", of_type(ACCOUNTS), read, identify, (Part("deployments", deployments, applies=deploys_models),)
        ),
    ),
    types=(ACCOUNT,),
    channels=(PROCESSING, ROUTING),
    needs={DEPLOYMENTS: (DEPLOYMENTS,)},
    blind_to=(
        "What is uploaded stays in the geography of the account; for how long prompts are kept is not told.",
        "Storage accounts that an account was given to keep its files in are not followed.",
    ),
    swept=(swept(ACCOUNTS, "locations encryption dateCreated"),),
)
