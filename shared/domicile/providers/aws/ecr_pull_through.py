"""Repositories of Amazon ECR that keep what was pulled through them from a registry in another region or account."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from domicile.model import Cell, Channel, Copy, Evidence, Location
from domicile.providers.aws.arn import arn, registry
from domicile.providers.aws.ecr import find, identify
from domicile.providers.service import Cloud, Listing, Service

PULL_THROUGH = Channel(
    "ecr-pull-through",
    "cache",
    "Delete the pull through cache rule, then the repositories that it filled: they stay there.",
)
EVERY: Final = "ROOT"


def find_rules(cloud: Cloud) -> Iterator[dict[str, Any]]:
    """Repositories, each with the rules that fill such; none where all rules are of registries outside of ECR."""
    rules = [
        rule
        for page in cloud.pages("describe_pull_through_cache_rules", maxResults=1000)
        for rule in page["pullThroughCacheRules"]
        if registry(rule.get("upstreamRegistryUrl", ""))
    ]
    if rules:
        yield from ({"repository": repository, "rules": rules} for repository in find(cloud))


def identify_filled(one: dict[str, Any], cell: Cell) -> str:
    return identify(one["repository"], cell)


def read(one: dict[str, Any], _: Mapping[str, dict[str, Any] | None], cell: Cell) -> Iterator[Copy]:
    this, name = identify_filled(one, cell), one["repository"]["repositoryName"]
    filling = [rule for rule in one["rules"] if name.startswith(_folder(rule["ecrRepositoryPrefix"]))]
    if not filling:
        return
    rule = max(filling, key=lambda rule: len(_folder(rule["ecrRepositoryPrefix"])))
    if told := registry(rule["upstreamRegistryUrl"]):
        region, account = told
        rest = name.removeprefix(_folder(rule["ecrRepositoryPrefix"]))
        yield Copy(
            of=arn("ecr", region, account, f"repository/{_folder(rule.get('upstreamRepositoryPrefix', EVERY))}{rest}"),
            channel=PULL_THROUGH.name,
            location=Location("aws", cell.region),
            id=this,
            account=cell.account,
            caused_by=arn("ecr", cell.region, cell.account, f"pull-through-cache-rule/{rule['ecrRepositoryPrefix']}"),
            evidence=Evidence("ecr:DescribePullThroughCacheRules", "upstreamRegistryUrl", rule["upstreamRegistryUrl"]),
            partial=True,
        )


def _folder(prefix: str) -> str:
    return "" if prefix == EVERY else f"{prefix}/"


SERVICE = Service(
    name="ecr",
    client="ecr",
    scope="regional",
    listings=(Listing("pull-through", find_rules, read, identify_filled),),
    types=(),
    channels=(PULL_THROUGH,),
    needs={
        "describe_pull_through_cache_rules": ("ecr:DescribePullThroughCacheRules",),
        "describe_repositories": ("ecr:DescribeRepositories",),
    },
    blind_to=("What was pulled through before a rule was changed or deleted is not told from images pushed there.",),
)
