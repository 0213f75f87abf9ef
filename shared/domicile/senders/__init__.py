"""How notices leave: one interface, one module per technology."""

from __future__ import annotations

import re
from typing import Final, Protocol

from domicile.errors import UsageError
from domicile.notify import Message

_TOPIC: Final = re.compile(r"arn:[a-z-]+:sns:[a-z0-9-]+:\d{12}:[\w-]+", re.ASCII)


class Sender(Protocol):
    """Takes a notice to whoever has asked for it."""

    def send(self, message: Message) -> None:
        """Send one notice. Raises `SendError`."""
        ...

    def confirmed(self) -> int:
        """How many have asked for notices and confirmed it. Raises `SendError` when it cannot be told."""
        ...


def open_sender(place: str) -> Sender:
    """The sender behind a place: the ARN of an SNS topic."""
    if _TOPIC.fullmatch(place):
        from domicile.senders.sns import SnsSender  # noqa: PLC0415 only what is asked for is loaded

        return SnsSender(place)
    raise UsageError(f"not a place for notices: {place!r}; known are ARNs of SNS topics")
