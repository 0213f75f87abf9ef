"""What the cloud team is told: that a scan did not happen, failed, saw less, or tells nobody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import pulumi
import pulumi_aws as aws
from aws_settings import Home

_HOUR: Final = 3600

_COUNTED: Final = (
    # metric, step, name, whether the alarm stands until a scan says otherwise, what it means
    (
        "ScansSuperseded",
        "settle",
        "superseded",
        False,
        "A scan was overtaken by a newer one: two ran at once, or one took longer than the time between two.",
    ),
    (
        "GapsBegun",
        "settle",
        "coverage-lost",
        False,
        "A scan could not see what the one before it saw. `domicile` lists the gaps, each with its reason.",
    ),
    (
        "ConfigurationRefused",
        "plan",
        "configuration-refused",
        True,
        "The organisation file in the work bucket is wrong: the last good one is in use. The plan's log says why.",
    ),
    (
        "SubscribersMissing",
        "notify",
        "nobody-listens",
        True,
        "Nobody has confirmed a subscription to the notices: breaches are found, and told once somebody has.",
    ),
)


@dataclass
class AlarmsArgs:
    home: Home
    topic_arn: pulumi.Input[str]
    machine_arn: pulumi.Input[str]


class Alarms(pulumi.ComponentResource):
    def __init__(self, name: str, args: AlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("domicile:aws:Alarms", name, None, opts)
        self.home, self.topic_arn = args.home, args.topic_arn
        hours = self.home.settings.missed_after_hours
        self._alarm(
            "scan-missed",
            f"No scan was settled for {hours} hours: what is shown as open or resolved is old.",
            **_counting("ScansSettled", "settle"),
            comparison_operator="LessThanThreshold",
            threshold=1,
            evaluation_periods=hours,
            datapoints_to_alarm=hours,
            treat_missing_data="breaching",
        )
        self._alarm(
            "scan-failed",
            "A scan failed, timed out or was stopped. Its execution in Step Functions says at which step.",
            metric_queries=[
                {
                    "id": "bad",
                    # A sum in which one metric has no value has none.
                    "expression": "FILL(failed, 0) + FILL(late, 0) + FILL(stopped, 0)",
                    "label": "Scans that failed",
                    "return_data": True,
                },
                *(
                    self._executions(*metric, args.machine_arn)
                    for metric in (
                        ("failed", "ExecutionsFailed"),
                        ("late", "ExecutionsTimedOut"),
                        ("stopped", "ExecutionsAborted"),
                    )
                ),
            ],
            comparison_operator="GreaterThanThreshold",
            threshold=0,
            evaluation_periods=1,
            treat_missing_data="notBreaching",
        )
        for metric, step, what, stands, meaning in _COUNTED:
            self._alarm(
                what,
                meaning,
                **_counting(metric, step),
                comparison_operator="GreaterThanThreshold",
                threshold=0,
                evaluation_periods=1,
                treat_missing_data="ignore" if stands else "notBreaching",
            )
        self.register_outputs({})

    def _alarm(self, what: str, meaning: str, **how: Any) -> None:
        aws.cloudwatch.MetricAlarm(
            what,
            name=self.home.name(what),
            alarm_description=meaning,
            alarm_actions=[self.topic_arn],
            ok_actions=[self.topic_arn] if how["treat_missing_data"] != "notBreaching" else [],
            tags=dict(self.home.settings.tags),
            opts=pulumi.ResourceOptions(parent=self),
            **how,
        )

    def _executions(self, name: str, metric: str, machine_arn: pulumi.Input[str]) -> dict[str, Any]:
        return {
            "id": name,
            "metric": {
                "namespace": "AWS/States",
                "metric_name": metric,
                "dimensions": {"StateMachineArn": machine_arn},
                "period": _HOUR,
                "stat": "Sum",
            },
        }


def _counting(metric: str, step: str) -> dict[str, Any]:
    return {
        "namespace": "Domicile",
        "metric_name": metric,
        "dimensions": {"service": step},
        "statistic": "Sum",
        "period": _HOUR,
    }
