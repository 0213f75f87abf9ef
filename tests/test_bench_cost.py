"""Nothing that is deployed is left out of what a day costs."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest
import yaml
from bench import cost, cost_azure
from botocore import xform_name

from domicile.providers import aws

PAGE = (Path(__file__).parents[1] / "docs" / "aws.md").read_text("utf-8")

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:pulumi_aws.*")


@pytest.fixture(name="stack", scope="module")
def a_deployment():
    return cost.deployed()


@pytest.fixture(name="machine", scope="module")
def its_workflow(stack):
    return json.loads(stack.one("StateMachine", "scan").inputs["definition"])


def test_whatever_is_deployed_is_counted_or_costs_nothing(stack):
    assert {one.kind for one in stack.resources if one.type.startswith("aws:")} == cost.COUNTED | cost.FREE
    assert not cost.COUNTED & cost.FREE


def test_every_function_is_counted(stack):
    assert {one.name for one in stack.of("Function")} == set(cost.AT_ONCE)


def test_every_state_is_entered_but_that_of_an_overtaken_scan(machine):
    assert cost.entered(machine) == len(machine["States"].keys() - {"Superseded"})
    items = machine["States"]["Accounts"]["ItemProcessor"]
    assert cost.entered(items) == len(items["States"])


def test_an_alarm_is_paid_by_the_metrics_that_it_watches(stack):
    failed = stack.one("MetricAlarm", "scan-failed")
    added_up = json.dumps(failed.inputs["metricQueries"]).count('"metricName"')
    assert added_up == 3
    assert cost.watched(stack) == len(stack.of("MetricAlarm")) - 1 + added_up


def test_what_is_paid_for_being_asked_is_what_scans_ask():
    assert cost.ASKED.keys() <= {client for client, _ in aws.calls()}
    assert {("s3", xform_name(one)) for one in cost.LISTS} <= aws.calls().keys()
    prices = {cost.price_of(f"asks s3 {one}") for one in ("ListBuckets", "GetBucketLogging")}
    assert prices == {"put", "get"}
    assert prices | set(cost.ASKED.values()) <= cost.PRICE.keys()


def test_each_further_account_takes_what_the_second_takes():
    one, two = Counter({"looks": 30, "plan invocations": 1}), Counter({"looks": 42, "plan invocations": 1})
    assert cost.line(one, two, 10) == {"looks": 30 + 9 * 12, "plan invocations": 1}


def test_as_many_accounts_are_looked_into_at_once_as_the_workflow_allows(stack):
    at_once = cost.at_once(stack)

    def of_accounts(number):
        night = Counter({"collect calls": 1000 * number, "collect invocations": number})
        return cost.minutes(night, stack), cost.seconds_of("collect", night, stack) / number / 60

    few, of_one = of_accounts(at_once)
    more, _ = of_accounts(at_once + 1)
    # The one that has to wait finds a function that was started before.
    start = cost.PROCESSOR_OF_A_START / 60
    assert of_one - 2 * start < more - few < of_one


def test_what_the_page_says_to_leave_out_is_what_scans_look_at():
    [said] = re.findall(r"```yaml\n(scope:.*?)```", PAGE, re.DOTALL)
    listings = {f"{service.name}.{listing.name}" for service in aws.SERVICES for listing in service.listings}
    services = {service.name for service in aws.SERVICES}
    assert set(yaml.safe_load(said)["scope"]["skip_services"]) <= listings | services


# On Azure


@pytest.fixture(name="azure", scope="module")
def a_deployment_on_azure():
    return cost_azure.deployed()


def kinds(stack):
    return {one.kind for one in stack.resources if one.type.startswith("azure-native:")}


def test_whatever_is_deployed_on_azure_is_counted_or_costs_nothing(azure):
    assert kinds(azure) == cost_azure.COUNTED | cost_azure.FREE
    assert not cost_azure.COUNTED & cost_azure.FREE


def test_whatever_private_endpoints_add_is_counted_or_costs_nothing(azure):
    network = cost_azure.NETWORK
    private = cost_azure.deployed(
        subnetId=f"{network}/subnets/functions", privateEndpointSubnetId=f"{network}/subnets/endpoints"
    )
    assert kinds(private) - kinds(azure) == cost_azure.PRIVATE | cost_azure.PRIVATE_AND_FREE
    assert cost_azure.privately()[:2] == (4, 4)


def test_every_activity_is_counted():
    functions = cost_azure.app()
    activities = {name for name, one in functions.items() if one.get_trigger().type == "activityTrigger"}
    assert activities == set(cost_azure.STEPS)


def test_every_container_that_blobs_are_kept_in_for_a_while_is_counted(azure):
    """By the names under which `Night` counts what is written."""
    [policy] = azure.of("ManagementPolicy")
    kept = {
        prefix
        for rule in policy.inputs["policy"]["rules"]
        if "baseBlob" in rule["definition"]["actions"]
        for prefix in rule["definition"]["filters"]["prefixMatch"]
    }
    night = cost_azure.Night()
    night.counts = True
    for place in ("work/scans/000002/looks", "evidence/inventory/part-0"):
        night.blobs("PUT", f"/devstoreaccount1/{place}", {}, b"12345", b"")
    counted = [name.removeprefix("bytes of ") for name in night.amounts if name.startswith("bytes of ")]
    assert all(any(name.startswith(prefix) for prefix in kept) for name in counted)
    assert len(counted) == len(kept)


@pytest.mark.parametrize(
    ("method", "headers", "asked", "answered", "units"),
    [
        pytest.param("GET", {}, b"", b"x" * 1024, 2.0, id="a read, twice for being consistent"),
        pytest.param("GET", {}, b"", b"x" * 1025, 4.0, id="a read of more than a KB"),
        pytest.param("POST", {"x-ms-documentdb-isquery": "True"}, b"{}", b"[]", 8.0, id="a query"),
        pytest.param("DELETE", {}, b"", b"", 5.5, id="a deletion"),
        pytest.param(
            "POST",
            {"x-ms-cosmos-is-batch-request": "True"},
            b'[{"operationType": "Create", "resourceBody": {}}, {"operationType": "Replace", "resourceBody": {}}]',
            b"[]",
            16.5,
            id="a transaction: what takes the place of something counts twice",
        ),
    ],
)
def test_request_units_follow_from_what_is_asked_and_answered(method, headers, asked, answered, units):
    assert cost_azure.units(method, headers, asked, answered) == units
