"""Amazon ECR: each repository of container images, and the registries that its images are replicated to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import Cell, Channel, Copy, Evidence, Location, Resource, ResourceType
from domicile.providers.aws.arn import arn
from domicile.providers.service import Cloud, Listing, Service

REPOSITORY = ResourceType("aws.ecr.repository", "primary", tags_look="tags.resources")

REPLICATION = Channel(
    "ecr-replication",
    "replica",
    "Take the destination out of the replication rules of the registry, then delete the images there: they stay.",
    shares=True,
)


def find(cloud: Cloud) -> Iterator[dict[str, Any]]:
    for page in cloud.pages("describe_repositories", maxResults=1000):
        yield from page["repositories"]


def find_replicated(cloud: Cloud) -> Iterator[dict[str, Any]]:
    """Repositories, each with the rules of their registry; none where the registry has no rules."""
    rules = cloud.call("describe_registry").get("replicationConfiguration", {}).get("rules", ())
    if rules:
        yield from ({"repository": repository, "rules": rules} for repository in find(cloud))


def identify(repository: dict[str, Any], _: Cell) -> str:
    name: str = repository["repositoryArn"]
    return name


def identify_replicated(one: dict[str, Any], cell: Cell) -> str:
    return identify(one["repository"], cell)


def read(repository: dict[str, Any], _: Mapping[str, dict[str, Any] | None], cell: Cell) -> Iterator[Resource]:
    encryption = repository.get("encryptionConfiguration", {})
    yield Resource(
        identify(repository, cell),
        REPOSITORY.name,
        repository["repositoryName"],
        cell.account,
        Location("aws", cell.region),
        created_at=repository.get("createdAt"),
        cmk=False if encryption.get("encryptionType") == "AES256" else None,
        key=encryption.get("kmsKey", ""),
    )


def read_replicated(one: dict[str, Any], _: Mapping[str, dict[str, Any] | None], cell: Cell) -> Iterator[Copy]:
    this, name = identify_replicated(one, cell), one["repository"]["repositoryName"]
    targets = {
        (target["region"], target["registryId"]): None
        for rule in one["rules"]
        if applies(rule, name)
        for target in rule.get("destinations", ())
    }
    for region, account in targets:
        yield Copy(
            of=this,
            channel=REPLICATION.name,
            location=Location("aws", region),
            id=arn("ecr", region, account, f"repository/{name}"),
            account=account,
            caused_by=arn("ecr", cell.region, cell.account, "registry"),
            evidence=Evidence("ecr:DescribeRegistry", "rules.destinations.region", region),
        )


def applies(rule: Mapping[str, Any], name: str) -> bool:
    """A rule without filters replicates every repository. A filter of a kind that nobody here knows may match all."""
    filters = rule.get("repositoryFilters") or ()
    return not filters or any(
        one.get("filterType", "PREFIX_MATCH") != "PREFIX_MATCH" or name.startswith(one["filter"]) for one in filters
    )


SERVICE = Service(
    name="ecr",
    client="ecr",
    scope="regional",
    listings=(
        Listing("repositories", find, read, identify),
        Listing("replications", find_replicated, read_replicated, identify_replicated),
    ),
    types=(REPOSITORY,),
    channels=(REPLICATION,),
    needs={
        "describe_repositories": ("ecr:DescribeRepositories",),
        "describe_registry": ("ecr:DescribeRegistry",),
    },
    blind_to=(
        "Images that were replicated before a rule was changed or deleted are not told from images pushed there.",
        "ECR replicates what is pushed, not what was replicated: a chain of rules is told as if it did both.",
        "Who may pull images from another account, and where to, is not asked; nor are public repositories.",
    ),
)
