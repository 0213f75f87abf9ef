"""Where notices go: one topic for what people are told of their data, one for what the cloud team must mend."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws
from aws_permissions import document
from aws_settings import Home
from stack_settings import alarmed


@dataclass
class NoticesArgs:
    home: Home
    key_arn: pulumi.Input[str]


class Notices(pulumi.ComponentResource):
    """`topic_arn` takes notices, `alarms_arn` alarms."""

    topic_arn: pulumi.Output[str]
    alarms_arn: pulumi.Output[str]

    def __init__(self, name: str, args: NoticesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("domicile:aws:Notices", name, None, opts)
        settings = args.home.settings
        notices = self._topic(args, "notices", [])
        for number, mail in enumerate(settings.emails):
            # Also what no route takes goes to somebody: to whoever has asked for no route in particular.
            wanted = json.dumps({"route": [mail.route]}) if mail.route else None
            self._subscribe("notices", number, notices, mail.address, wanted)
        alarms = self._topic(args, "alarms", [_let_alarms(args.home)])
        for number, address in enumerate(alarmed(settings)):
            self._subscribe("alarms", number, alarms, address, None)
        self.topic_arn, self.alarms_arn = notices.arn, alarms.arn
        self.register_outputs({"topicArn": self.topic_arn, "alarmsArn": self.alarms_arn})

    def _topic(self, args: NoticesArgs, what: str, also: Iterable[dict[str, Any]]) -> aws.sns.Topic:
        home, opts = args.home, pulumi.ResourceOptions(parent=self)
        topic = aws.sns.Topic(
            what, name=home.name(what), kms_master_key_id=args.key_arn, tags=dict(home.settings.tags), opts=opts
        )
        arn = home.arn("sns", home.name(what))
        policy = document(_only_here(home, arn), _refuse_plain(arn), *also)
        aws.sns.TopicPolicy(what, arn=topic.arn, policy=json.dumps(policy), opts=opts)
        return topic

    def _subscribe(self, what: str, number: int, topic: aws.sns.Topic, address: str, wanted: str | None) -> None:
        aws.sns.TopicSubscription(
            f"{what}-{number}",
            topic=topic.arn,
            protocol="email",
            endpoint=address,
            filter_policy=wanted,
            opts=pulumi.ResourceOptions(parent=self),
        )


def _only_here(home: Home, topic: str) -> dict[str, Any]:
    """Whom this account's own policies let."""
    operations = ("GetTopicAttributes", "ListSubscriptionsByTopic", "Publish", "SetTopicAttributes", "Subscribe")
    return {
        "Sid": "LetThisAccountDecideByItsOwnPolicies",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:{home.partition}:iam::{home.account}:root"},
        "Action": [f"sns:{operation}" for operation in operations],
        "Resource": topic,
    }


def _refuse_plain(topic: str) -> dict[str, Any]:
    return {
        "Sid": "RefuseWhatIsNotEncryptedInTransit",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sns:Publish",
        "Resource": topic,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def _let_alarms(home: Home) -> dict[str, Any]:
    return {
        "Sid": "LetAlarmsPublish",
        "Effect": "Allow",
        "Principal": {"Service": "cloudwatch.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": home.arn("sns", home.name("alarms")),
        "Condition": {
            "StringEquals": {"aws:SourceAccount": home.account},
            "ArnLike": {"aws:SourceArn": home.arn("cloudwatch", f"alarm:{home.settings.name_prefix}-*")},
        },
    }
