"""The key that everything at rest is encrypted with: the deployment's own, or one that is given."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

import pulumi
import pulumi_aws as aws
from aws_permissions import document
from aws_settings import Home

ADMINISTER: Final = (
    "kms:CancelKeyDeletion",
    "kms:CreateAlias",
    "kms:CreateGrant",
    "kms:DeleteAlias",
    "kms:DescribeKey",
    "kms:DisableKey",
    "kms:DisableKeyRotation",
    "kms:EnableKey",
    "kms:EnableKeyRotation",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:ListGrants",
    "kms:ListKeyPolicies",
    "kms:ListKeyRotations",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:RetireGrant",
    "kms:RevokeGrant",
    "kms:RotateKeyOnDemand",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateAlias",
    "kms:UpdateKeyDescription",
)
USE: Final = (
    "kms:Decrypt",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)


@dataclass
class KeysArgs:
    home: Home


class Keys(pulumi.ComponentResource):
    """`arn` is the ARN of the key."""

    arn: pulumi.Output[str]

    def __init__(self, name: str, args: KeysArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("domicile:aws:Keys", name, None, opts)
        home = args.home
        if home.settings.key_arn:
            self.arn = pulumi.Output.from_input(home.settings.key_arn)
        else:
            kept = pulumi.ResourceOptions(parent=self, retain_on_delete=home.settings.keep_data)
            key = aws.kms.Key(
                name,
                description=f"What {home.settings.name_prefix} keeps in {home.region}",
                enable_key_rotation=True,
                multi_region=False,
                deletion_window_in_days=30,
                policy=json.dumps(policy(home)),
                tags=dict(home.settings.tags),
                opts=kept,
            )
            aws.kms.Alias(name, name=f"alias/{home.settings.name_prefix}", target_key_id=key.key_id, opts=kept)
            self.arn = key.arn
        self.register_outputs({"arn": self.arn})


def policy(home: Home) -> dict[str, Any]:
    """The key's policy; a key that is given needs all but the first statement."""
    return document(
        {
            "Sid": "LetThisAccountDecideByItsOwnPolicies",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:{home.partition}:iam::{home.account}:root"},
            "Action": sorted({*ADMINISTER, *USE}),
            "Resource": "*",
        },
        *services(home),
    )


def services(home: Home) -> list[dict[str, Any]]:
    """What the services that act for no principal of this account need: CloudWatch, for logs and for alarms."""
    logs = {"kms:EncryptionContext:aws:logs:arn": home.arn("logs", "log-group:*")}
    alarms = home.arn("cloudwatch", f"alarm:{home.settings.name_prefix}-*")
    return [
        {
            "Sid": "LetCloudWatchEncryptLogs",
            "Effect": "Allow",
            "Principal": {"Service": f"logs.{home.region}.amazonaws.com"},
            "Action": list(USE),
            "Resource": "*",
            "Condition": {"ArnLike": logs},
        },
        {
            "Sid": "LetCloudWatchRaiseAlarms",
            "Effect": "Allow",
            "Principal": {"Service": "cloudwatch.amazonaws.com"},
            "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
            "Resource": "*",
            "Condition": {
                "StringEquals": {"aws:SourceAccount": home.account},
                "ArnLike": {"aws:SourceArn": alarms},
            },
        },
    ]
