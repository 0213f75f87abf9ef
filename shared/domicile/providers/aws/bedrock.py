"""Amazon Bedrock: where inference profiles let models process what they are asked, and where all of it is logged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import Cell, Channel, Copy, Evidence, Location, Resource, ResourceType
from domicile.providers.aws.arn import arn, partition, region_of
from domicile.providers.service import Cloud, Listing, Service

PROFILE = ResourceType("aws.bedrock.inference-profile", "processing", tags_look="tags.resources")
# What models are asked and answer passes through; only what is logged of it stays.
INVOCATIONS = ResourceType("aws.bedrock.invocations", "processing")

ROUTING = Channel(
    "bedrock-inference-profile",
    "processing",
    "Use a profile whose models are in allowed regions only, and delete this one.",
    implied=True,
    continuous=True,
)
LOGGING = Channel(
    "bedrock-invocation-log",
    "log",
    "Switch the logging of model invocations off, or to a target in an allowed region; delete what was logged.",
    shares=True,
)


def find(cloud: Cloud) -> Iterator[dict[str, Any]]:
    # Those that Bedrock defines are there for everybody: that there is one does not say that it is used.
    for page in cloud.pages("list_inference_profiles", typeEquals="APPLICATION", maxResults=1000):
        yield from page["inferenceProfileSummaries"]


def find_logging(cloud: Cloud) -> Iterator[dict[str, Any]]:
    if told := cloud.call("get_model_invocation_logging_configuration").get("loggingConfig"):
        yield told


def identify(profile: dict[str, Any], _: Cell) -> str:
    name: str = profile["inferenceProfileArn"]
    return name


def identify_logging(_: dict[str, Any], cell: Cell) -> str:
    return arn("bedrock", cell.region, cell.account, "model-invocations")


def read(profile: dict[str, Any], _: Mapping[str, dict[str, Any] | None], cell: Cell) -> Iterator[Resource | Copy]:
    this, name = identify(profile, cell), profile["inferenceProfileName"]
    here = Location("aws", cell.region)
    yield Resource(this, PROFILE.name, name, cell.account, here, created_at=profile.get("createdAt"))
    # A model without a region is one of all regions: nobody knows which of them answers.
    for region in sorted({region_of(model["modelArn"]) for model in profile.get("models", ())} - {cell.region}):
        evidence = Evidence("bedrock:ListInferenceProfiles", "models.modelArn", region)
        there = Location("aws", region) if region else None
        yield Copy(this, ROUTING.name, there, account=cell.account, caused_by=this, evidence=evidence)


def read_logging(told: dict[str, Any], _: Mapping[str, dict[str, Any] | None], cell: Cell) -> Iterator[Resource | Copy]:
    this, here = identify_logging(told, cell), Location("aws", cell.region)
    yield Resource(this, INVOCATIONS.name, "model-invocations", cell.account, here)
    cloudwatch = told.get("cloudWatchConfig", {})
    if group := cloudwatch.get("logGroupName"):
        name = arn("logs", cell.region, cell.account, f"log-group:{group}")
        yield _logged(this, name, "cloudWatchConfig.logGroupName", here, cell.account)
    buckets = {
        "s3Config": told.get("s3Config", {}),
        "cloudWatchConfig.largeDataDeliveryS3Config": cloudwatch.get("largeDataDeliveryS3Config", {}),
    }
    for field, config in buckets.items():
        if bucket := config.get("bucketName"):
            yield _logged(this, f"arn:{partition(cell.region)}:s3:::{bucket}", f"{field}.bucketName")


def _logged(this: str, target: str, field: str, location: Location | None = None, account: str = "") -> Copy:
    evidence = Evidence("bedrock:GetModelInvocationLoggingConfiguration", field, target)
    return Copy(this, LOGGING.name, location, target, account, caused_by=this, evidence=evidence)


SERVICE = Service(
    name="bedrock",
    client="bedrock",
    scope="regional",
    listings=(
        Listing("inference-profiles", find, read, identify),
        Listing("invocation-logging", find_logging, read_logging, identify_logging),
    ),
    types=(PROFILE, INVOCATIONS),
    channels=(ROUTING, LOGGING),
    needs={
        "list_inference_profiles": ("bedrock:ListInferenceProfiles",),
        "get_model_invocation_logging_configuration": ("bedrock:GetModelInvocationLoggingConfiguration",),
    },
    blind_to=(
        "Whether anybody uses a profile that Bedrock itself defines, across regions or across the world, is not told.",
        "Knowledge bases, agents and what is kept of their sessions are not asked; nor are batches of invocations.",
    ),
)
