"""How notices leave: one interface, one module per technology."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, Protocol

from domicile.errors import UsageError
from domicile.notify import Message

_TOPIC: Final = re.compile(r"arn:[a-z-]+:sns:[a-z0-9-]+:\d{12}:[\w-]+", re.ASCII)


class Sender(Protocol):
    """Takes a notice to whoever has asked for it."""

    def joined(self, messages: Sequence[Message]) -> Sequence[Message]:
        """What is sent for the notices of one scan: each by itself, or several made one where few may be sent. The same
        for the same notices, `message_id` included."""
        ...

    def send(self, message: Message) -> None:
        """Send one notice, or what they were joined to. Raises `SendError`; `Later` when it is to wait."""
        ...

    def confirmed(self) -> int:
        """How many have asked for notices and confirmed it. Raises `SendError` when it cannot be told."""
        ...


def open_sender(place: str) -> Sender:
    """The sender behind a place: the ARN of an SNS topic, or `acs://HOST?from=ADDRESS&to=ADDRESS&to=ADDRESS+ROUTE` for
    mail by way of Azure Communication Services, where an address gets all notices, or those of its routes."""
    if _TOPIC.fullmatch(place):
        from domicile.senders.sns import SnsSender  # noqa: PLC0415 only what is asked for is loaded

        return SnsSender(place)
    if place.startswith("acs://"):
        from domicile.senders.azure_email import AzureEmailSender  # noqa: PLC0415

        return AzureEmailSender.of(place)
    raise UsageError(f"not a place for notices: {place!r}; known are ARNs of SNS topics and acs://HOST")
