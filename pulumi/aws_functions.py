"""The four steps as functions, each with its log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pulumi
import pulumi_aws as aws
from aws_settings import STEPS, Home

_SECONDS: Final = 900
"""All that Lambda gives: a step that is short of time says where to go on."""


@dataclass
class FunctionsArgs:
    home: Home
    bundle: Path
    key_arn: pulumi.Input[str]
    roles: Mapping[str, pulumi.Input[str]]
    policies: Sequence[pulumi.Resource]
    work: pulumi.Input[str]
    evidence: pulumi.Input[str]
    topic_arn: pulumi.Input[str]


class Functions(pulumi.ComponentResource):
    """`arns` are the functions by step."""

    arns: dict[str, pulumi.Output[str]]

    def __init__(self, name: str, args: FunctionsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("domicile:aws:Functions", name, None, opts)
        self.arns = {step: self._function(step, args) for step in STEPS}
        self.register_outputs({})

    def _function(self, step: str, args: FunctionsArgs) -> pulumi.Output[str]:
        home, settings = args.home, args.home.settings
        log = aws.cloudwatch.LogGroup(
            step,
            name=home.log_group(step),
            retention_in_days=settings.log_days,
            kms_key_id=args.key_arn,
            tags=dict(settings.tags),
            opts=pulumi.ResourceOptions(parent=self),
        )
        function = aws.lambda_.Function(
            step,
            name=home.name(step),
            description=f"domicile: {step}",
            architectures=["arm64"],
            runtime="python3.13",
            handler=f"{step}.handler",
            code=pulumi.FileArchive(str(args.bundle)),
            role=args.roles[step],
            timeout=_SECONDS,
            memory_size={"settle": settings.settle_memory, "collect": 1769}.get(step, 1024),
            reserved_concurrent_executions=(settings.collectors_at_most or None) if step == "collect" else None,
            kms_key_arn=args.key_arn,
            environment={
                "variables": {
                    "DOMICILE_STORE": f"dynamodb://{home.table}?region={home.region}",
                    "DOMICILE_WORK": pulumi.Output.format("s3://{0}", args.work),
                    "DOMICILE_EVIDENCE": pulumi.Output.format("s3://{0}", args.evidence),
                    "DOMICILE_TOPIC": args.topic_arn,
                    "DOMICILE_ACCOUNTS": settings.accounts,
                    "DOMICILE_ROLE": f"{settings.role_path}{settings.role}".lstrip("/"),
                    "DOMICILE_EXTERNAL_ID": settings.external_id,
                    "POWERTOOLS_SERVICE_NAME": step,
                    "POWERTOOLS_METRICS_NAMESPACE": "Domicile",
                    "POWERTOOLS_LOG_LEVEL": "INFO",
                }
            },
            logging_config={"log_format": "Text", "log_group": log.name},
            vpc_config={"subnet_ids": list(settings.subnets), "security_group_ids": list(settings.security_groups)}
            if settings.subnets
            else None,
            tags=dict(settings.tags),
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(args.policies)),
        )
        return function.arn
