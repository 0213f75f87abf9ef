"""Amazon CloudWatch Logs: what passes its events on, log group by log group, for whole accounts, or to others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domicile.model import Cell, Copy, Evidence, Resource, ResourceType
from domicile.providers.aws.arn import place
from domicile.providers.aws.log_targets import FORWARDING, SUBSCRIPTION, excluded, group_id, moment, sent, told
from domicile.providers.service import Cloud, Listing, Part, Service

DESTINATION = ResourceType("aws.logs.destination", "processing")


def find_destinations(cloud: Cloud) -> Iterator[dict[str, Any]]:
    for page in cloud.pages("describe_destinations", limit=50):
        yield from page["destinations"]


def find_forwarding(cloud: Cloud) -> Iterator[str]:
    """Log groups may be thousands, and are asked about slowly: those that have forwarded anything of late are few."""
    names: set[str] = set()
    for page in cloud.pages("cloudwatch.list_metrics", Namespace="AWS/Logs", MetricName="ForwardedBytes"):
        for metric in page["Metrics"]:
            names.update(one["Value"] for one in metric.get("Dimensions", ()) if one["Name"] == "LogGroupName")
    yield from sorted(names)


def find_governed(cloud: Cloud) -> Iterator[dict[str, Any]]:
    """The log groups that policies of the whole account are about; none is listed where there is no policy."""
    pages = cloud.pages("describe_account_policies", policyType="SUBSCRIPTION_FILTER_POLICY")
    policies = [policy for page in pages for policy in page["accountPolicies"]]
    if policies:
        for page in cloud.pages("describe_log_groups", limit=50):
            for group in page["logGroups"]:
                yield {"logGroupName": group["logGroupName"], "policies": policies}


def filters(cloud: Cloud, name: str) -> dict[str, Any]:
    pages = cloud.pages("describe_subscription_filters", logGroupName=name, limit=50)
    return {"subscriptionFilters": [one for page in pages for one in page["subscriptionFilters"]]}


def identify_destination(destination: dict[str, Any], _: Cell) -> str:
    name: str = destination["arn"]
    return name


def identify_group(name: str, cell: Cell) -> str:
    return group_id(name, cell.region, cell.account)


def identify_governed(group: dict[str, Any], cell: Cell) -> str:
    return identify_group(group["logGroupName"], cell)


def read_destination(
    one: dict[str, Any], _: Mapping[str, dict[str, Any] | None], cell: Cell
) -> Iterator[Resource | Copy]:
    this, target, here = one["arn"], one["targetArn"], place(cell.region)
    created_at, name = moment(one.get("creationTime")), one["destinationName"]
    # It keeps nothing itself: what is sent to it is where it points.
    yield Resource(this, DESTINATION.name, name, cell.account, here, created_at=created_at, retention_days=0)
    yield sent(this, target, Evidence("logs:DescribeDestinations", "targetArn", target))


def read_filters(name: str, parts: Mapping[str, dict[str, Any] | None], cell: Cell) -> Iterator[Copy]:
    this = identify_group(name, cell)
    for one in (parts.get("filters") or {}).get("subscriptionFilters", ()):
        target, cause = one["destinationArn"], f"{this}#subscription-filter/{one['filterName']}"
        evidence = Evidence("logs:DescribeSubscriptionFilters", "destinationArn", target)
        partial = bool(one.get("filterPattern") or one.get("fieldSelectionCriteria"))
        yield sent(this, target, evidence, caused_by=cause, partial=partial, part="filters")


def read_governed(group: dict[str, Any], _: Mapping[str, dict[str, Any] | None], cell: Cell) -> Iterator[Copy]:
    this = identify_governed(group, cell)
    for policy in group["policies"]:
        target, pattern = told(policy["policyDocument"])
        if group["logGroupName"] in excluded(policy.get("selectionCriteria", "")):
            continue
        cause = f"{group_id('*', cell.region, cell.account)}#account-policy/{policy['policyName']}"
        evidence = Evidence("logs:DescribeAccountPolicies", "policyDocument.DestinationArn", target)
        yield sent(this, target, evidence, caused_by=cause, partial=bool(pattern))


SERVICE = Service(
    name="logs",
    client="logs",
    scope="regional",
    listings=(
        Listing("destinations", find_destinations, read_destination, identify_destination),
        Listing("subscriptions", find_forwarding, read_filters, identify_group, parts=(Part("filters", filters),)),
        Listing("account-policies", find_governed, read_governed, identify_governed),
    ),
    types=(DESTINATION,),
    channels=(SUBSCRIPTION, FORWARDING),
    needs={
        "cloudwatch.list_metrics": ("cloudwatch:ListMetrics",),
        "describe_account_policies": ("logs:DescribeAccountPolicies", "logs:DescribeSubscriptionFilters"),
        "describe_destinations": ("logs:DescribeDestinations",),
        "describe_log_groups": ("logs:DescribeLogGroups",),
        "describe_subscription_filters": ("logs:DescribeSubscriptionFilters",),
    },
    blind_to=(
        "Subscription filters that have forwarded nothing for two weeks are not told of.",
        "What a function, or a destination in an account that nobody looks into, does with logs is not told.",
        "Where services deliver logs of their own kind to (deliveries, flow logs) is not asked yet.",
    ),
)
