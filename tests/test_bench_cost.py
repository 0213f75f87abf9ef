"""Nothing that is deployed is left out of what a day costs."""

import json

import pytest
from bench import cost

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
