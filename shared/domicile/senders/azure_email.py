"""Notices by mail through Azure Communication Services, which knows no subscriptions: the place says who gets what.

From Azure's own domain, ten mails go out in an hour, and it is told of twenty what has become of them ("Service limits
for Azure Communication Services", Email).
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID, uuid4

from azure.communication.email import EmailClient
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import AzureError, ServiceResponseError
from azure.core.rest import HttpRequest, HttpResponse

from domicile.errors import Later, SendError, UsageError
from domicile.notify import Message
from domicile.telling import unlinked, visible

SUBJECT: Final = 200
"""Characters of a subject."""
RECIPIENTS: Final = 50
"""Of one mail, as the service takes them."""
SIZE: Final = 4 * 1024 * 1024
"""Bytes of text in one mail. The service takes 10 MB of JSON, in which a letter may be twice as long."""
PATIENCE: Final = 120.0
"""Seconds for which one sender waits, all in all, until it may go on."""
LOOKS: Final = 2
"""How often it is asked what has become of a mail: until that is told, the mail is taken, and no more."""
LONGEST_LOOK: Final = 30.0

_ADDRESS: Final = re.compile(r"""[^\s@<>()\[\]\\,;:"\x00-\x1f\x7f]{1,64}@[a-z0-9-]+(?:\.[a-z0-9-]+)+""", re.IGNORECASE)
_HOST: Final = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+", re.ASCII)
_HERE: Final = re.compile(r"(?:localhost|127\.0\.0\.1)(?::\d+)?", re.ASCII)
_VERSION: Final = {"api-version": "2025-09-01"}
_BUSY: Final = frozenset({429, 503})
_FAILED: Final = frozenset({"Failed", "Canceled"})
_UNDER_WAY: Final = frozenset({"NotStarted", "Running"})


class Mail(Message, frozen=True, kw_only=True):
    """One mail: a notice, or several of them joined, for those who get the very same."""

    to: tuple[str, ...]


class AzureEmailSender:
    """Sends as one address. `recipients` are the routes of each address; with the route "" it gets everything."""

    def __init__(
        self,
        client: EmailClient,
        sender: str,
        recipients: Mapping[str, frozenset[str]],
        *,
        place: str = "acs",
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.place, self.sender, self.recipients = place, sender, recipients
        self._client, self._sleep, self._patience = client, sleep, PATIENCE

    @classmethod
    def of(cls, place: str, *, sleep: Callable[[float], None] = time.sleep) -> AzureEmailSender:
        """`acs://NAME.communication.azure.com?from=ADDRESS&to=ADDRESS&to=ADDRESS+ROUTE`, as whoever azure-identity
        finds; at 127.0.0.1:PORT a stand-in, with a key in AZURE_COMMUNICATION_KEY. Raises `UsageError`."""
        split = urlsplit(place)
        host, asked = split.netloc, parse_qsl(split.query, keep_blank_values=True)
        if split.scheme != "acs" or split.path.strip("/") or not (_HERE.fullmatch(host) or _HOST.fullmatch(host)):
            raise UsageError("not a place for mails: wanted is acs://HOST?from=ADDRESS&to=ADDRESS")
        for name, _ in asked:
            if name not in ("from", "to"):
                raise UsageError(f"a place for mails has no {name[:40]!r}: wanted are from and to")
        senders = [value for name, value in asked if name == "from"]
        recipients: dict[str, frozenset[str]] = {}
        spelt: dict[str, str] = {}
        for name, value in asked:
            address, _, route = value.partition(" ")
            if not _ADDRESS.fullmatch(address) or (name == "from" and route):
                raise UsageError(f"not an address: {value[:80]!r}")
            if name == "to":
                known = spelt.setdefault(address.lower(), address)
                recipients[known] = recipients.get(known, frozenset()) | {route}
        if len(senders) != 1 or not recipients:
            raise UsageError("a place for mails has one from, and at least one to")
        here = _HERE.fullmatch(host)
        client = EmailClient(
            f"{'http' if here else 'https'}://{host}",
            _key() if here else _identity(),
            # How long to wait is decided here: the library would wait as long as it is told.
            retry_total=2,
            retry_status=0,
            connection_timeout=10,
            read_timeout=60,
        )
        return cls(client, senders[0], recipients, place=f"acs://{host}", sleep=sleep)

    def joined(self, messages: Sequence[Message]) -> Sequence[Message]:
        """For everybody at most one mail with what is urgent and one with the rest."""
        urgent = [message for message in messages if message.kind == "urgent"]
        rest = [message for message in messages if message.kind != "urgent"]
        return [*self._mails(urgent), *self._mails(rest)]

    def send(self, message: Message) -> None:
        for mail in (message,) if isinstance(message, Mail) else self._mails((message,)):
            self._send(mail)

    def confirmed(self) -> int:
        """The service asks nobody whether they want mail."""
        return len(self.recipients)

    def _mails(self, messages: Sequence[Message]) -> Iterator[Mail]:
        alike: dict[tuple[int, ...], list[str]] = {}
        for address, routes in self.recipients.items():
            its = (number for number, one in enumerate(messages) if "" in routes or not routes.isdisjoint(one.routes))
            alike.setdefault(tuple(its), []).append(address)
        for numbers, addresses in alike.items():
            for some in _parts([messages[number] for number in numbers]):
                for start in range(0, len(addresses), RECIPIENTS):
                    yield _mail(some, tuple(addresses[start : start + RECIPIENTS]), start // RECIPIENTS)

    def _send(self, mail: Mail) -> None:
        body = {
            "senderAddress": self.sender,
            "recipients": {"to": [{"address": address} for address in mail.to]},
            "content": {"subject": _cut(visible(mail.subject)), "plainText": mail.text},
            "headers": {"X-Domicile-Notice": mail.message_id},
            "userEngagementTrackingDisabled": True,
        }
        failure = ""
        # The service knows a mail by the id of its operation, so that one it took just before a crash need not go out
        # twice. One that failed could not go out under its own id again.
        for operation in (str(UUID(mail.message_id)), str(uuid4())):
            failure = self._failure(body, operation, mail)
            if not failure:
                return
        raise self._error(mail, failure)

    def _failure(self, body: Mapping[str, Any], operation: str, mail: Mail) -> str:
        """Why a mail failed after it had been taken, or that its id is known but not what became of it; "" when it is
        out, or on its way. Raises `SendError` when it is not taken at all."""
        request = HttpRequest(
            "POST", "/emails:send", params=_VERSION, headers={"Operation-Id": operation}, json=dict(body)
        )
        try:
            answer = self._client.send_request(request)
            while answer.status_code in _BUSY and (wait := _wait(answer, 60)) <= self._patience:
                self._patience -= wait
                self._sleep(wait)
                answer = self._client.send_request(request)
        except ServiceResponseError as error:
            # It may have been taken, and only the answer got lost.
            status, why, _ = self._look(operation)
            if status == "Succeeded" or status in _UNDER_WAY:
                return ""
            raise self._error(mail, why or _first_line(error)) from error
        except AzureError as error:
            raise self._error(mail, _first_line(error)) from error
        if answer.status_code in _BUSY:
            wait = _wait(answer, 60)
            said = f"it is throttled and asks to wait for {wait:.0f} seconds"
            raise Later(f"{self._error(mail, said)}", after=wait)
        if answer.status_code == 409:
            status, why, _ = self._look(operation)
            return "" if status == "Succeeded" or status in _UNDER_WAY else why or _refusal(answer)
        if answer.status_code != 202:
            raise self._error(mail, _refusal(answer))
        wait = _wait(answer, 10)
        for _ in range(LOOKS):
            if wait > LONGEST_LOOK:
                break
            self._sleep(wait)
            status, why, wait = self._look(operation)
            if status in _FAILED:
                return why
            if status not in _UNDER_WAY:
                break
        return ""

    def _look(self, operation: str) -> tuple[str, str, float]:
        """What has become of a mail, why, and in how many seconds to look again. "" when that cannot be told."""
        try:
            answer = self._client.send_request(HttpRequest("GET", f"/emails/operations/{operation}", params=_VERSION))
        except AzureError:
            return "", "", 0
        said = _document(answer) if answer.status_code == 200 else {}
        status = said.get("status")
        return str(status or ""), _words(said.get("error")) or f"it is {status}", _wait(answer, 10)

    def _error(self, mail: Mail, why: str) -> SendError:
        return SendError(f"notice {mail.message_id} was not taken by {self.place}: {why}")


def _identity() -> Any:
    from azure.identity import DefaultAzureCredential  # noqa: PLC0415 large, and a stand-in does without

    return DefaultAzureCredential()


def _key() -> AzureKeyCredential:
    key = os.environ.get("AZURE_COMMUNICATION_KEY", "")
    if not key:
        raise UsageError("is not set: a stand-in asks for a key", field="AZURE_COMMUNICATION_KEY")
    return AzureKeyCredential(key)


def _parts(messages: Sequence[Message]) -> Iterator[Sequence[Message]]:
    """All in one, or cut where a mail would become too large."""
    part: list[Message] = []
    size = 0
    for message in messages:
        its = len(message.text.encode("utf-8", "replace"))
        if part and size + its > SIZE:
            yield part
            part, size = [], 0
        part.append(message)
        size += its
    if part:
        yield part


def _mail(messages: Sequence[Message], to: tuple[str, ...], number: int) -> Mail:
    first, many = messages[0], len(messages)
    ids = [message.message_id for message in messages] + ([str(number)] if number else [])
    lines: list[str] = []
    for at, message in enumerate(messages, start=1):
        if many > 1:
            lines += [f"{'' if at == 1 else chr(10)}== {at} of {many}: {unlinked(message.subject)}", ""]
        lines += [*message.lines, "", f"Notice {message.message_id}"]
    return Mail(
        message_id=ids[0] if len(ids) == 1 else hashlib.sha256("\x1f".join(ids).encode()).hexdigest()[:32],
        kind=first.kind,
        routes=tuple(dict.fromkeys(route for message in messages for route in message.routes)),
        scan=first.scan,
        as_of=first.as_of,
        subject=first.subject if many == 1 else f"{_cut(first.subject)} (and {many - 1} more)",
        lines=tuple(lines),
        attributes={},
        to=to,
    )


def _cut(text: str) -> str:
    return text if len(text) <= SUBJECT else f"{text[: SUBJECT - 1]}…"


def _wait(answer: HttpResponse, otherwise: float) -> float:
    said = answer.headers.get("Retry-After", "")
    return float(said) if re.fullmatch(r"\d{1,6}", said, re.ASCII) else otherwise


def _document(answer: HttpResponse) -> dict[str, Any]:
    try:
        said = answer.json()
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _refusal(answer: HttpResponse) -> str:
    said = f"{answer.status_code} {answer.reason}"
    words = _words(_document(answer).get("error"))
    return f"{said}: {words}" if words else said


def _words(error: object) -> str:
    if not isinstance(error, dict):
        return ""
    code, message = (visible(str(error.get(name) or "").partition("\n")[0])[:500] for name in ("code", "message"))
    return ": ".join(part for part in (code, message) if part)


def _first_line(error: AzureError) -> str:
    return str(error.message).strip().partition("\n")[0]
