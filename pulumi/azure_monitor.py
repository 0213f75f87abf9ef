"""What the functions say of themselves, and what the cloud team is told: that a scan did not happen, failed, or saw
less."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_azure_native as azure
from azure_access import let
from azure_settings import Home
from stack_settings import alarmed

_SAYS: Final = 'AppTraces | where Message startswith "{" | extend said = parse_json(Message)'
"""What a function says is a line of JSON with its `event`."""

COUNTED: Final = {
    # name: the lines or requests that are counted in an hour, and what it means that there are some
    "scan-failed": (
        'AppRequests | where Success == false and Name in ("start", "scan")',
        "A scan could not be started, or failed. The output `logs` shows what it said until then.",
    ),
    "scan-held": (
        f'{_SAYS} | where said.event == "scan not started"',
        "A scan was due while the one before was still running. After a day, that one is ended.",
    ),
    "superseded": (
        f'{_SAYS} | where said.event == "scan superseded"',
        "A scan was overtaken by a newer one, which somebody else has started: its findings were not recorded.",
    ),
    "coverage-lost": (
        f'{_SAYS} | where said.event == "scan settled" and toint(said.gaps_begun) > 0',
        "A scan could not see what the one before it saw. `domicile gaps` lists each with its reason.",
    ),
    "configuration-refused": (
        f'{_SAYS} | where said.event == "organisation file refused"',
        "The organisation file in the work container is wrong: the last good one is in use.",
    ),
}


@dataclass
class MonitorArgs:
    home: Home
    group: pulumi.Input[str]
    principal: pulumi.Input[str]


class Monitor(pulumi.ComponentResource):
    """`workspace` is the resource id of the workspace, `customer` the id by which it is asked, `telemetry` the place
    to which the functions write."""

    workspace: pulumi.Output[str]
    customer: pulumi.Output[str]
    telemetry: pulumi.Output[str]

    def __init__(self, name: str, args: MonitorArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("domicile:azure:Monitor", name, None, opts)
        home, settings = args.home, args.home.settings
        own = pulumi.ResourceOptions(parent=self)
        workspace = azure.operationalinsights.Workspace(
            "logs",
            workspace_name=home.name("logs"),
            resource_group_name=args.group,
            location=home.location,
            sku={"name": "PerGB2018"},
            retention_in_days=settings.log_days,
            features={"enable_log_access_using_only_resource_permissions": True},
            tags=dict(settings.tags),
            opts=own,
        )
        component = azure.applicationinsights.Component(
            "logs",
            resource_name_=home.name("logs"),
            resource_group_name=args.group,
            location=home.location,
            kind="web",
            application_type="web",
            ingestion_mode="LogAnalytics",
            workspace_resource_id=workspace.id,
            disable_local_auth=True,
            tags=dict(settings.tags),
            opts=own,
        )
        let(self, "logs", "Monitoring Metrics Publisher", args.principal, component.id)
        self.workspace, self.customer = workspace.id, workspace.customer_id
        self.telemetry = component.connection_string
        self._alerts(args)
        self.register_outputs({"workspace": self.workspace, "customer": self.customer})

    def _alerts(self, args: MonitorArgs) -> None:
        home, settings = args.home, args.home.settings
        team = azure.monitor.ActionGroup(
            "alerts",
            action_group_name=home.name("alerts"),
            resource_group_name=args.group,
            location="Global",
            enabled=True,
            group_short_name=settings.name_prefix[:12],
            email_receivers=[
                {"name": f"mail-{at}", "email_address": address, "use_common_alert_schema": True}
                for at, address in enumerate(alarmed(settings))
            ],
            tags=dict(settings.tags),
            opts=pulumi.ResourceOptions(parent=self),
        )
        hours = settings.missed_after_hours
        self._alert(
            args,
            team,
            "scan-missed",
            f'{_SAYS} | where TimeGenerated > ago({hours}h) and said.event == "scan settled"',
            f"No scan was settled for {hours} hours: what is shown as open or resolved is old.",
            few=True,
        )
        for what, (query, meaning) in COUNTED.items():
            self._alert(args, team, what, query, meaning)

    def _alert(
        self,
        args: MonitorArgs,
        team: azure.monitor.ActionGroup,
        what: str,
        query: str,
        meaning: str,
        *,
        few: bool = False,
    ) -> None:
        """Told once, until it is over. `few`: when there are none, rather than when there are some."""
        azure.monitor.ScheduledQueryRule(
            what,
            rule_name=args.home.name(what),
            resource_group_name=args.group,
            location=args.home.location,
            kind="LogAlert",
            display_name=args.home.name(what),
            description=meaning,
            severity=1 if few else 2,
            enabled=True,
            scopes=[self.workspace],
            evaluation_frequency="PT1H",
            # Windows are of certain lengths only: the query itself looks back no further than it should.
            window_size="P2D" if few else "PT1H",
            criteria={
                "all_of": [
                    {
                        "query": f"{query} | summarize found = count()",
                        "metric_measure_column": "found",
                        "time_aggregation": "Total",
                        "operator": "LessThan" if few else "GreaterThan",
                        "threshold": 1 if few else 0,
                        "failing_periods": {
                            "number_of_evaluation_periods": 1,
                            "min_failing_periods_to_alert": 1,
                        },
                    }
                ]
            },
            # The tables are made when something is first written to them.
            skip_query_validation=True,
            auto_mitigate=True,
            actions={"action_groups": [team.id]},
            tags=dict(args.home.settings.tags),
            opts=pulumi.ResourceOptions(parent=self),
        )
