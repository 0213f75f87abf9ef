"""When a scan starts, and in which order its steps run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import aws_permissions as permissions
import pulumi
import pulumi_aws as aws
from aws_access import make_role
from aws_settings import Home

_LONGEST_CALL: Final = 960
"""Seconds after which a call that never answered is given up: Lambda itself ends one after 900."""

_BUSY: Final = (
    "Lambda.AWSLambdaException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.SdkClientException",
    "Lambda.ServiceException",
    "Lambda.TooManyRequestsException",
)

_SUPERSEDED: Final = "Superseded"


def definition(functions: Mapping[str, Any], *, concurrency: int, partition: str = "aws") -> dict[str, Any]:
    """The state machine in Amazon's States Language; `functions` are the ARNs of the four steps.

    Every payload is a number, a key or a small cursor. A step that returns `done: false` is called again with what it
    returned. An account that cannot be collected ends quietly here: its missing closing record becomes a gap in settle.
    """
    states = f"arn:{partition}:states:::"
    invoke = f"{states}lambda:invoke"
    look = _call(invoke, functions["collect"], "Collected?") | {
        "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": None, "Next": "Closed"}]
    }
    settle = _call(invoke, functions["settle"], "Settled?") | {
        "Catch": [{"ErrorEquals": [_SUPERSEDED], "ResultPath": None, "Next": _SUPERSEDED}]
    }
    return {
        "Comment": "One scan of domicile. Its input is ignored.",
        "StartAt": "Plan",
        "States": {
            "Plan": _call(invoke, functions["plan"], "Accounts", payload={"Payload": {}}),
            "Accounts": {
                "Type": "Map",
                "MaxConcurrency": concurrency,
                "ToleratedFailurePercentage": 100.0,
                "ItemReader": {
                    "Resource": f"{states}s3:getObject",
                    "ReaderConfig": {"InputType": "JSON"},
                    "Parameters": {"Bucket.$": "$.worklist.bucket", "Key.$": "$.worklist.key"},
                },
                "ItemProcessor": {
                    "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                    "StartAt": "Collect",
                    "States": {
                        "Collect": look,
                        "Collected?": _until_done("Collect", "Closed"),
                        # The answers of all accounts together must stay below 256 KiB, so each is nothing.
                        "Closed": {"Type": "Pass", "Result": {}, "End": True},
                    },
                },
                "ResultPath": None,
                "Next": "Gathered",
            },
            "Gathered": _afresh("Settle"),
            "Settle": settle,
            "Settled?": _until_done("Settle", "Written"),
            "Written": _afresh("Notify"),
            "Notify": _call(invoke, functions["notify"], "Notified?"),
            "Notified?": _until_done("Notify", "Done"),
            "Done": {"Type": "Succeed"},
            _SUPERSEDED: {"Type": "Succeed", "Comment": "A newer scan has claimed the table; it will tell."},
        },
    }


def _call(invoke: str, function: Any, following: str, payload: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "Type": "Task",
        "Resource": invoke,
        "Parameters": {"FunctionName": function, **({"Payload.$": "$"} if payload is None else payload)},
        "OutputPath": "$.Payload",
        "TimeoutSeconds": _LONGEST_CALL,
        "Retry": [
            _again(_BUSY, seconds=2, attempts=10, longest=120),
            {"ErrorEquals": [_SUPERSEDED], "MaxAttempts": 0},
            _again(("States.ALL",), seconds=5, attempts=3, longest=300),
        ],
        "Next": following,
    }


def _again(errors: tuple[str, ...], *, seconds: int, attempts: int, longest: int) -> dict[str, Any]:
    return {
        "ErrorEquals": list(errors),
        "IntervalSeconds": seconds,
        "BackoffRate": 2.0,
        "MaxAttempts": attempts,
        "MaxDelaySeconds": longest,
        "JitterStrategy": "FULL",
    }


def _afresh(following: str) -> dict[str, Any]:
    """The next step starts with the scan alone, not with the cursor of the step before."""
    return {"Type": "Pass", "Parameters": {"scan.$": "$.scan", "cursor": None}, "Next": following}


def _until_done(step: str, following: str) -> dict[str, Any]:
    return {
        "Type": "Choice",
        "Choices": [{"Variable": "$.done", "BooleanEquals": True, "Next": following}],
        "Default": step,
    }


@dataclass
class WorkflowArgs:
    home: Home
    key_arn: pulumi.Input[str]
    functions: Mapping[str, pulumi.Input[str]]
    timezone: str


class Workflow(pulumi.ComponentResource):
    """`machine_arn` is the state machine whose executions are scans."""

    machine_arn: pulumi.Output[str]

    def __init__(self, name: str, args: WorkflowArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("domicile:aws:Workflow", name, None, opts)
        home, settings = args.home, args.home.settings
        key_arn = pulumi.Output.from_input(args.key_arn)
        may = key_arn.apply(lambda key: json.dumps(permissions.workflow(home, key)))
        trusted = permissions.trust("states", home, home.arn("states", f"stateMachine:{home.name('scan')}"))
        role, policy = make_role(self, home, "scan", trusted, may)
        log = aws.cloudwatch.LogGroup(
            "scan",
            # Log groups of this name need no entry of their own in the account's one resource policy, which is short.
            name=f"/aws/vendedlogs/states/{home.name('scan')}",
            retention_in_days=settings.log_days,
            kms_key_id=key_arn,
            tags=dict(settings.tags),
            opts=pulumi.ResourceOptions(parent=self),
        )
        machine = aws.sfn.StateMachine(
            "scan",
            name=home.name("scan"),
            type="STANDARD",
            role_arn=role.arn,
            definition=pulumi.Output.json_dumps(
                definition(args.functions, concurrency=settings.concurrency, partition=home.partition)
            ),
            logging_configuration={
                "level": "ERROR",
                "include_execution_data": False,
                "log_destination": pulumi.Output.format("{0}:*", log.arn),
            },
            tags=dict(settings.tags),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )
        self._schedule(args, machine)
        self.machine_arn = machine.arn
        self.register_outputs({"machineArn": self.machine_arn})

    def _schedule(self, args: WorkflowArgs, machine: aws.sfn.StateMachine) -> None:
        home, settings = args.home, args.home.settings
        # EventBridge Scheduler names the group when it takes on the role, never the schedule.
        trusted = permissions.trust("scheduler", home, home.arn("scheduler", "schedule-group/default"))
        role, policy = make_role(self, home, "schedule", trusted, json.dumps(permissions.schedule(home)))
        aws.scheduler.Schedule(
            "scan",
            name=home.name("scan"),
            description="Starts a scan",
            schedule_expression=settings.schedule,
            schedule_expression_timezone=args.timezone,
            flexible_time_window={"mode": "OFF"},
            target={
                "arn": machine.arn,
                "role_arn": role.arn,
                "input": "{}",
                # Who cannot start within an hour is late; that no scan was settled raises an alarm.
                "retry_policy": {"maximum_event_age_in_seconds": 3600, "maximum_retry_attempts": 10},
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )
