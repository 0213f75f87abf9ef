"""Custom models of Amazon Bedrock, which are made from the customer's own data, and their copies in other regions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import Cell, Channel, Copy, Evidence, Location, Resource, ResourceType
from domicile.providers.aws.arn import account_of, region_of
from domicile.providers.service import Cloud, Listing, Service

MODEL = ResourceType("aws.bedrock.custom-model", "primary", tags_look="tags.resources")

MODEL_COPY = Channel("bedrock-model-copy", "replica", "Delete the copied model; the one that it was made from stays.")


def find(cloud: Cloud) -> Iterator[dict[str, Any]]:
    for page in cloud.pages("list_custom_models", isOwned=True, maxResults=1000):
        yield from page["modelSummaries"]


def find_copies(cloud: Cloud) -> Iterator[dict[str, Any]]:
    # The copy is listed where it was made.
    if any(True for _ in find(cloud)):
        for page in cloud.pages("list_model_copy_jobs", statusEquals="Completed", maxResults=1000):
            yield from page["modelCopyJobSummaries"]


def identify(model: dict[str, Any], _: Cell) -> str:
    name: str = model["modelArn"]
    return name


def identify_copy(job: dict[str, Any], _: Cell) -> str:
    name: str = job["jobArn"]
    return name


def read(model: dict[str, Any], _: Mapping[str, dict[str, Any] | None], cell: Cell) -> Iterator[Resource]:
    this, here = identify(model, cell), Location("aws", cell.region)
    yield Resource(this, MODEL.name, model["modelName"], cell.account, here, created_at=model.get("creationTime"))


def read_copy(job: dict[str, Any], _: Mapping[str, dict[str, Any] | None], cell: Cell) -> Iterator[Copy]:
    source, target = job["sourceModelArn"], job["targetModelArn"]
    yield Copy(
        of=source,
        channel=MODEL_COPY.name,
        location=Location("aws", region_of(target) or cell.region),
        id=target,
        account=account_of(target) or cell.account,
        caused_by=source,
        evidence=Evidence("bedrock:ListModelCopyJobs", "sourceModelArn", source),
        key=job.get("targetModelKmsKeyArn", ""),
    )


SERVICE = Service(
    name="bedrock",
    client="bedrock",
    scope="regional",
    listings=(
        Listing("custom-models", find, read, identify),
        Listing("model-copies", find_copies, read_copy, identify_copy),
    ),
    types=(MODEL,),
    channels=(MODEL_COPY,),
    needs={
        "list_custom_models": ("bedrock:ListCustomModels",),
        "list_model_copy_jobs": ("bedrock:ListModelCopyJobs",),
    },
    blind_to=(
        "From which data in which bucket a custom model was made is not asked; nor are models that were imported.",
        "With whom a custom model is shared is not told; a copy shows in the account and region that made it.",
    ),
)
