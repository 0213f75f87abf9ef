"""When a scan starts, and in which order its steps run."""

from __future__ import annotations

from typing import Any, Final

STEPS: Final = ("plan", "collect", "settle", "notify")

_INVOKE: Final = "arn:aws:states:::lambda:invoke"
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


def definition(functions: dict[str, str], *, concurrency: int) -> dict[str, Any]:
    """The state machine in Amazon's States Language; `functions` are the ARNs of the four steps.

    Every payload is a number, a key or a small cursor. A step that returns `done: false` is called again with what it
    returned. An account that cannot be collected ends quietly here: its missing closing record becomes a gap in settle.
    """
    look = _call(functions["collect"], "Collected?") | {
        "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": None, "Next": "Closed"}]
    }
    settle = _call(functions["settle"], "Settled?") | {
        "Catch": [{"ErrorEquals": [_SUPERSEDED], "ResultPath": None, "Next": _SUPERSEDED}]
    }
    return {
        "Comment": "One scan of domicile. Its input is ignored.",
        "StartAt": "Plan",
        "States": {
            "Plan": _call(functions["plan"], "Accounts", payload={"Payload": {}}),
            "Accounts": {
                "Type": "Map",
                "MaxConcurrency": concurrency,
                "ToleratedFailurePercentage": 100.0,
                "ItemReader": {
                    "Resource": "arn:aws:states:::s3:getObject",
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
            "Notify": _call(functions["notify"], "Notified?"),
            "Notified?": _until_done("Notify", "Done"),
            "Done": {"Type": "Succeed"},
            _SUPERSEDED: {"Type": "Succeed", "Comment": "A newer scan has claimed the table; it will tell."},
        },
    }


def _call(function: str, following: str, payload: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "Type": "Task",
        "Resource": _INVOKE,
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
