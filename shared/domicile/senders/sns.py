"""Notices by way of an SNS topic: mail for people, JSON for queues and functions, in one publish."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from domicile.errors import SendError
from domicile.notify import Message

SUBJECT: Final = 99
"""Characters of a subject: SNS takes fewer than 100, and only printable ASCII."""

_ONE_VALUE: Final = frozenset({"kind", "message_id"})


class SnsSender:
    """Publishes to one topic. Who gets what is up to the subscriptions and their filter policies."""

    def __init__(self, topic: str, *, client: Any = None) -> None:
        self.topic = topic
        self._sns = client or botocore.session.Session().create_client(
            "sns", region_name=topic.split(":")[3], config=Config(retries={"mode": "standard", "max_attempts": 8})
        )

    def joined(self, messages: Sequence[Message]) -> Sequence[Message]:
        """Each by itself: filter policies choose among them."""
        return messages

    def send(self, message: Message) -> None:
        # Every protocol but those named gets the default: queues, functions, web hooks, delivery streams.
        body = {"default": message.json, "email": message.text, "sms": message.subject}
        try:
            self._sns.publish(
                TopicArn=self.topic,
                Subject=subject(message),
                MessageStructure="json",
                Message=json.dumps(body, ensure_ascii=False),
                MessageAttributes=attributes(message),
            )
        except (BotoCoreError, ClientError) as error:
            raise SendError(f"notice {message.message_id} was not taken by {self.topic}: {error}") from error

    def confirmed(self) -> int:
        try:
            said = self._sns.get_topic_attributes(TopicArn=self.topic)["Attributes"]
        except (BotoCoreError, ClientError) as error:
            raise SendError(f"who listens to {self.topic} cannot be told: {error}") from error
        return int(said["SubscriptionsConfirmed"])


def subject(message: Message) -> str:
    """The subject as SNS takes it; the mail itself names everything in full."""
    plain = "".join(char if char.isascii() and char.isprintable() else "?" for char in message.subject)
    return plain if len(plain) <= SUBJECT else f"{plain[: SUBJECT - 3]}..."


def attributes(message: Message) -> dict[str, dict[str, str]]:
    """What filter policies match: lists, but for what has one value by nature."""
    named = {"message_id": (message.message_id,), **message.attributes}
    return {
        name: {"DataType": "String", "StringValue": values[0]}
        if name in _ONE_VALUE
        else {"DataType": "String.Array", "StringValue": json.dumps(values)}
        for name, values in named.items()
        if values
    }
