"""How notices leave: one interface, one module per technology."""

from __future__ import annotations

from typing import Protocol

from domicile.errors import UsageError
from domicile.notify import Message


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
    if place.startswith("arn:") and place.split(":")[2:3] == ["sns"]:
        from domicile.senders.sns import SnsSender  # noqa: PLC0415 only what is asked for is loaded

        return SnsSender(place)
    raise UsageError(f"not a place for notices: {place!r}; known are ARNs of SNS topics")
