"""The order of the steps: the very definition that is deployed, run by an interpreter with handlers that pretend."""

import io
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
from statelint.linter import Linter

import program

REGION, BUCKET, KEY = "ap-south-1", "work-of-bulbul", "scans/000007/worklist.json"
BANK, SHOP, WEB = "222222222222", "333333333333", "444444444444"

workflow = program.load("aws_workflow")
FUNCTIONS = {
    step: f"arn:aws:lambda:{REGION}:111111111111:function:domicile-{step}"
    for step in ("plan", "collect", "settle", "notify")
}
DEFINITION = workflow.definition(FUNCTIONS, concurrency=40)

Handler = Callable[[dict[str, Any]], dict[str, Any]]


class Superseded(Exception):
    pass


class Handlers:
    """Four handlers, and what they were called with, in order for each step."""

    def __init__(self, **handlers: Handler) -> None:
        self.handlers: dict[str, Handler] = {
            "plan": lambda _: {"scan": 7, "worklist": {"bucket": BUCKET, "key": KEY}},
            "collect": lambda event: {**event, "cursor": None, "done": True},
            "settle": lambda event: {"scan": event["scan"], "cursor": None, "done": True},
            "notify": lambda event: {"scan": event["scan"], "done": True},
        } | handlers
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def invoke(self, *, FunctionName: str, Payload: Any, **_: Any) -> dict[str, Any]:  # noqa: N803 the SDK's names
        step = FunctionName.rsplit("-", 1)[1]
        event = json.loads(Payload)
        self.calls.append((step, event))
        answer: dict[str, Any] = {"StatusCode": 200, "ExecutedVersion": "$LATEST"}
        try:
            given: Any = self.handlers[step](event)
        except Exception as error:  # noqa: BLE001 as Lambda does
            given = {"errorType": type(error).__name__, "errorMessage": str(error)}
            answer["FunctionError"] = "Unhandled"
        return {**answer, "Payload": io.BytesIO(json.dumps(given).encode())}

    def steps(self) -> list[str]:
        return [step for step, _ in self.calls]

    def given(self, step: str) -> list[dict[str, Any]]:
        return [event for name, event in self.calls if name == step]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., str]]:
    for name, value in {"ACCESS_KEY_ID": "x", "SECRET_ACCESS_KEY": "y", "DEFAULT_REGION": REGION}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    # The interpreter really waits between attempts.
    monkeypatch.setattr(retrier_decl.time, "sleep", lambda _: None)

    def play(handlers: Handlers, accounts: tuple[str, ...] = (BANK, SHOP)) -> str:
        monkeypatch.setattr(lambda_eval_utils, "boto_client_for", lambda **_: handlers)
        s3 = boto3.client("s3", region_name=REGION)
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        items = [{"scan": 7, "account": account} for account in accounts]
        s3.put_object(Bucket=BUCKET, Key=KEY, Body=json.dumps(items))
        states = boto3.client("stepfunctions", region_name=REGION)
        machine = states.create_state_machine(
            name="domicile", definition=json.dumps(DEFINITION), roleArn="arn:aws:iam::111111111111:role/domicile"
        )
        execution = states.start_execution(
            stateMachineArn=machine["stateMachineArn"], input=json.dumps({"accounts": [BANK], "scope": "none"})
        )["executionArn"]
        while (status := states.describe_execution(executionArn=execution)["status"]) == "RUNNING":
            pause(0.02)
        return str(status)

    pause = time.sleep
    with mock_aws(config={"stepfunctions": {"execute_state_machine": True}}):
        yield play


def test_a_scan_plans_looks_into_every_account_settles_and_tells(run: Callable[..., str]) -> None:
    handlers = Handlers()
    assert run(handlers) == "SUCCEEDED"
    assert handlers.steps() == ["plan", "collect", "collect", "settle", "notify"]
    assert sorted(event["account"] for event in handlers.given("collect")) == [BANK, SHOP]
    assert {event["scan"] for _, event in handlers.calls[1:]} == {7}


def test_what_somebody_writes_into_the_input_of_an_execution_narrows_nothing(run: Callable[..., str]) -> None:
    handlers = Handlers()
    run(handlers)
    assert handlers.given("plan") == [{}]


def test_whoever_is_short_of_time_is_called_again_with_its_own_cursor(run: Callable[..., str]) -> None:
    def slowly(event: dict[str, Any]) -> dict[str, Any]:
        at = (event.get("cursor") or {"at": 0})["at"] + 1
        return {**event, "cursor": {"at": at}, "done": at == 3}

    handlers = Handlers(collect=slowly, settle=slowly, notify=slowly)
    assert run(handlers, (BANK,)) == "SUCCEEDED"
    for step in ("collect", "settle", "notify"):
        assert [event.get("cursor") for event in handlers.given(step)] == [None, {"at": 1}, {"at": 2}]
    assert all(event["account"] == BANK for event in handlers.given("collect"))


def test_an_account_that_cannot_be_collected_hides_no_other(run: Callable[..., str]) -> None:
    def refuse(event: dict[str, Any]) -> dict[str, Any]:
        if event["account"] == SHOP:
            raise OSError("no such table")
        return {**event, "cursor": None, "done": True}

    handlers = Handlers(collect=refuse)
    assert run(handlers, (BANK, SHOP, WEB)) == "SUCCEEDED"
    asked = [event["account"] for event in handlers.given("collect")]
    assert (asked.count(BANK), asked.count(SHOP), asked.count(WEB)) == (1, 4, 1), "one attempt, and three more"
    assert handlers.steps()[-2:] == ["settle", "notify"]


def test_a_superseded_scan_ends_well_tries_nothing_again_and_tells_nobody(run: Callable[..., str]) -> None:
    def superseded(_: dict[str, Any]) -> dict[str, Any]:
        raise Superseded("scan 8 has claimed")

    handlers = Handlers(settle=superseded)
    assert run(handlers) == "SUCCEEDED"
    assert handlers.steps().count("settle") == 1
    assert "notify" not in handlers.steps()


@pytest.mark.parametrize("step", ["plan", "settle", "notify"])
def test_a_scan_that_cannot_be_planned_settled_or_told_fails(run: Callable[..., str], step: str) -> None:
    def fail(_: dict[str, Any]) -> dict[str, Any]:
        raise OSError("it burns")

    handlers = Handlers(**{step: fail})
    assert run(handlers) == "FAILED"
    assert handlers.steps()[-4:] == [step] * 4, "one attempt, and three more"


def test_a_step_that_fails_once_is_tried_again(run: Callable[..., str]) -> None:
    failures = [OSError("it stumbles")]

    def stumble(event: dict[str, Any]) -> dict[str, Any]:
        if failures:
            raise failures.pop()
        return {"scan": event["scan"], "cursor": None, "done": True}

    handlers = Handlers(settle=stumble)
    assert run(handlers) == "SUCCEEDED"
    assert handlers.steps().count("settle") == 2


def test_an_empty_work_list_is_settled_and_told(run: Callable[..., str]) -> None:
    handlers = Handlers()
    assert run(handlers, ()) == "SUCCEEDED"
    assert handlers.steps() == ["plan", "settle", "notify"]


def test_the_definition_is_well_formed() -> None:
    # The linter knows the language as published: AWS adds the input type and takes any number as a percentage.
    accepted = {
        'Field "InputType" not allowed in State Machine.States.Accounts.ItemReader.ReaderConfig',
        "State Machine.States.Accounts.ToleratedFailurePercentage is 100.0 but should be an Integer",
    }
    assert {str(problem) for problem in Linter.validate(json.dumps(DEFINITION))} == accepted


def test_every_call_waits_longer_each_time_at_random_and_gives_up_at_last() -> None:
    states = DEFINITION["States"] | DEFINITION["States"]["Accounts"]["ItemProcessor"]["States"]
    calls = {name: state for name, state in states.items() if state["Type"] == "Task"}
    assert set(calls) == {"Plan", "Collect", "Settle", "Notify"}
    for call in calls.values():
        assert call["TimeoutSeconds"] > 900
        for retry in call["Retry"]:
            if retry["ErrorEquals"] != ["Superseded"]:
                assert retry["JitterStrategy"] == "FULL"
                assert retry["BackoffRate"] > 1
                assert 0 < retry["MaxAttempts"] <= 10
