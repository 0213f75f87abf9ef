"""Notices as mail by way of Azure Communication Services: what it is asked, how few mails it takes, and what it makes of
them."""

import hashlib
import json
import re
from urllib.parse import quote, urlencode

import pytest
from azure.communication.email import EmailClient
from azure.core.exceptions import ClientAuthenticationError
from azure.core.pipeline.policies import BearerTokenCredentialPolicy
from azure.identity import DefaultAzureCredential
from msgspec.structs import replace

from domicile.blobs.folder import FolderBlobs
from domicile.errors import Later, SendError, UsageError
from domicile.model import Change, Notify, Organisation, Route, Scan, ScanRow
from domicile.notify import Message, messages
from domicile.senders import open_sender
from domicile.senders.azure_email import RECIPIENTS, SIZE, AzureEmailSender
from domicile.steps import Closing, Desk, Piece, notify
from domicile.stores.sqlite import SqliteStore
from local_http import Said, answering
from store_contract import HOSTILE, NOON, a_gap, a_row

FROM = "DoNotReply@11112222-3333-4444-5555-666677778888.azurecomm.net"
SECURITY, PAYMENTS, ABROAD = "security@acme.example", "payments@acme.example", "abroad@acme.example"
ALL_ID = "0123456789abcdef0123456789abcdef"
SCAN = Scan(number=7, started_at=NOON, as_of=NOON.date())
ROUTES = (Route("payments", rules=("in-rbi-*",)), Route("abroad", countries=("US",)))

MESSAGE = Message(
    message_id=ALL_ID,
    kind="digest",
    routes=("all",),
    scan=7,
    as_of=NOON.date(),
    subject="domicile: 1 resolved",
    lines=("Scan 7, as of 2026-03-04: 1 resolved.", "रोगी in India"),
    attributes={"kind": ("digest",), "route": ("all",)},
)


def message(name, *routes, kind="digest", **more):
    ident = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return replace(MESSAGE, message_id=ident, routes=routes or ("all",), kind=kind, subject=name, **more)


class Service:
    """Azure Communication Services, as far as mail goes. `mails` are those it took, by operation; `becomes` is what they
    become, look by look; `instead` are answers to the next attempts to send, and None hangs up."""

    def __init__(self):
        self.mails, self.looks, self.slept, self.attempts = {}, [], [], []
        self.becomes, self.instead, self.limit = ["Succeeded"], [], None
        self.takes_before_hanging_up = False

    def __call__(self, asked):
        assert asked.query == {"api-version": "2025-09-01"}
        assert asked.headers["Authorization"].startswith("HMAC-SHA256 ")
        if asked.method == "GET":
            operation = asked.path.removeprefix("/emails/operations/")
            self.looks.append(operation)
            if operation not in self.mails:
                return said(404, {"error": {"code": "NotFound", "message": "no such operation"}})
            status = self.becomes[min(self.looks.count(operation), len(self.becomes)) - 1]
            if isinstance(status, int):
                return said(status, {})
            error = {"error": {"code": "EmailDropped", "message": "nobody is there\nTrace: 1"}}
            return said(200, {"id": operation, "status": status} | (error if status == "Failed" else {}), retry_after=3)
        assert (asked.method, asked.path) == ("POST", "/emails:send")
        operation, mail = asked.headers["Operation-Id"], json.loads(asked.body)
        self.attempts.append(operation)
        if self.instead:
            answer = self.instead.pop(0)
            if answer is None and self.takes_before_hanging_up:
                self.mails[operation] = mail
            if answer != "take it":
                return answer
        if self.limit is not None and len(self.mails) >= self.limit:
            return throttled(3600)
        self.mails[operation] = mail
        return said(202, {"id": operation, "status": "Running"}, retry_after=5)

    @property
    def sent(self):
        """To whom, with which subject."""
        return [
            ({one["address"] for one in mail["recipients"]["to"]}, mail["content"]["subject"])
            for mail in self.mails.values()
        ]


def said(status, document, retry_after=None):
    headers = {"Content-Type": "application/json"} | ({} if retry_after is None else {"Retry-After": str(retry_after)})
    return Said(status, json.dumps(document).encode(), headers)


def throttled(seconds):
    return said(429, {"error": {"code": "TooManyRequests", "message": "slow down"}}, seconds)


@pytest.fixture(name="service")
def a_service(monkeypatch):
    monkeypatch.setenv("AZURE_COMMUNICATION_KEY", "a2V5")
    service = Service()
    with answering(service) as address:
        service.address = address
        yield service


def a_sender(service, *to):
    asked = urlencode([("from", FROM), *(("to", one) for one in to or (SECURITY,))])
    return AzureEmailSender.of(f"acs://{service.address.removeprefix('http://')}?{asked}", sleep=service.slept.append)


def told(*changes, gaps=(), previous=SCAN, **more):
    return messages(changes, gaps, replace(SCAN, number=8), previous=previous, **more)


def opened(name="v1", **more):
    return Change(a_row(name, **more), 0, "opened")


def test_a_notice_is_one_mail_in_plain_text(service):
    a_sender(service).send(MESSAGE)
    assert service.mails == {
        "01234567-89ab-cdef-0123-456789abcdef": {
            "senderAddress": FROM,
            "recipients": {"to": [{"address": SECURITY}]},
            "content": {
                "subject": "domicile: 1 resolved",
                "plainText": f"Scan 7, as of 2026-03-04: 1 resolved.\nरोगी in India\n\nNotice {ALL_ID}",
            },
            "headers": {"X-Domicile-Notice": ALL_ID},
            "userEngagementTrackingDisabled": True,
        }
    }


def test_an_address_gets_everything_or_what_its_routes_take_and_that_once(service):
    sender = a_sender(service, SECURITY, f"{PAYMENTS} payments", f"{ABROAD} abroad", f"{ABROAD} payments")
    sender.send(message("a", "payments", "abroad"))
    sender.send(message("b", "abroad"))
    sender.send(message("c", "other"))
    assert service.sent == [
        ({SECURITY, PAYMENTS, ABROAD}, "a"),
        ({SECURITY, ABROAD}, "b"),
        ({SECURITY}, "c"),
    ]
    assert sender.confirmed() == 3


def test_an_address_that_is_written_in_two_ways_gets_a_mail_once(service):
    sender = a_sender(service, "Security@Acme.example", f"{SECURITY} payments")
    sender.send(message("a", "payments"))
    assert service.sent == [({"Security@Acme.example"}, "a")]
    assert sender.confirmed() == 1


def test_of_a_scan_everybody_gets_at_most_one_urgent_mail_and_one_with_the_rest(service):
    sent = told(
        *(opened(f"v{n}", resource_name=f"bucket-{n}") for n in range(12)),
        opened("low", severity="low"),
        gaps=[a_gap()],
    )
    assert [one.kind for one in sent] == ["urgent"] * 12 + ["digest", "coverage"]
    sender = a_sender(service)
    for one in sender.joined(sent):
        sender.send(one)
    [(_, urgent), (_, rest)] = service.sent
    assert urgent == f"{sent[0].subject} (and 11 more)"
    assert rest == f"{sent[12].subject} (and 1 more)"
    texts = [mail["content"]["plainText"] for mail in service.mails.values()]
    for text, some in zip(texts, (sent[:12], sent[12:]), strict=True):
        for number, one in enumerate(some, start=1):
            assert f"== {number} of {len(some)}: " in text
            assert f"{one.text}\n\nNotice {one.message_id}" in text


def test_those_who_get_the_same_share_a_mail_and_nobody_gets_more(service):
    notices = [
        message("both", "payments", "abroad", kind="urgent"),
        message("payments", "payments", kind="urgent"),
        message("other", "other"),
    ]
    sender = a_sender(service, SECURITY, "ciso@acme.example", f"{PAYMENTS} payments", f"{ABROAD} abroad")
    for one in sender.joined(notices):
        sender.send(one)
    assert service.sent == [
        ({SECURITY, "ciso@acme.example", PAYMENTS}, "both (and 1 more)"),
        ({ABROAD}, "both"),
        ({SECURITY, "ciso@acme.example"}, "other"),
    ]


def test_what_is_joined_again_has_the_same_ids_and_alone_keeps_its_own():
    sender = AzureEmailSender(None, FROM, {SECURITY: frozenset({""}), ABROAD: frozenset({"abroad"})})
    notices = [message("a", "abroad", "payments"), message("b", "payments")]
    first, again = (sender.joined(notices) for _ in range(2))
    assert first == again
    [both, alone] = first
    assert (alone.message_id, alone.to) == (notices[0].message_id, (ABROAD,))
    assert re.fullmatch("[0-9a-f]{32}", both.message_id)
    assert both.message_id not in {one.message_id for one in notices}


def test_no_more_recipients_and_no_more_text_are_put_into_a_mail_than_it_takes():
    many = {f"someone-{n}@acme.example": frozenset({""}) for n in range(2 * RECIPIENTS + 1)}
    mails = AzureEmailSender(None, FROM, many).joined([MESSAGE])
    assert [len(mail.to) for mail in mails] == [RECIPIENTS, RECIPIENTS, 1]
    assert {address for mail in mails for address in mail.to} == set(many)
    assert len({mail.message_id for mail in mails}) == 3
    large = [message(str(n), lines=("é" * (SIZE // 5),)) for n in range(5)]
    mails = AzureEmailSender(None, FROM, {SECURITY: frozenset({""})}).joined(large)
    assert [mail.subject for mail in mails] == ["0 (and 1 more)", "2 (and 1 more)", "4"]
    assert len({mail.message_id for mail in mails}) == 3


def test_what_nobody_listens_to_is_no_mail(service):
    sender = a_sender(service, f"{ABROAD} abroad")
    assert sender.joined([message("a", "payments")]) == []
    sender.send(message("a", "payments"))
    assert service.mails == {}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_keeps_a_mail_from_going_out_or_does_anything_in_it(service, name):
    sent = told(
        opened(resource_name=name, entity=name, because=name),
        opened("v2", resource_name=name, account=name[:200]),
        opened("v3", severity="low", resource_name=name),
        routes=(Route(name[:100]),),
    )
    sender = a_sender(service)
    for one in sender.joined(sent):
        sender.send(one)
    for mail in service.mails.values():
        subject, text = mail["content"]["subject"], mail["content"]["plainText"]
        assert subject.isprintable()
        assert len(subject) <= 200
        assert all(line.isprintable() for line in text.split("\n"))


def test_a_subject_with_lines_or_half_characters_is_one_line_of_text(service):
    a_sender(service).send(message("two\r\nBcc: x@evil.example\ud800"))
    assert service.sent == [({SECURITY}, r"two\r\nBcc: x@evil.example\ud800")]


# What becomes of a mail


def test_a_mail_that_is_under_way_is_looked_after_as_often_as_it_may_be(service):
    service.becomes = ["Running", "Running", "never looked at"]
    a_sender(service).send(MESSAGE)
    assert len(service.looks) == 2
    assert service.slept == [5, 3]


@pytest.mark.parametrize("answer", [429, 404, 500])
def test_a_mail_that_was_taken_is_out_though_nobody_says_what_became_of_it(service, answer):
    service.becomes = [answer]
    a_sender(service).send(MESSAGE)
    assert len(service.looks) == len(service.mails) == 1


def test_a_mail_that_failed_is_tried_once_more_under_another_id(service):
    service.becomes = ["Failed"]
    with pytest.raises(SendError, match=rf"notice {ALL_ID} was not taken by acs://\S+: EmailDropped: nobody is there$"):
        a_sender(service).send(MESSAGE)
    own, other = service.mails
    assert own == "01234567-89ab-cdef-0123-456789abcdef"
    assert service.mails[own] == service.mails[other]


def test_a_mail_whose_id_is_known_already_goes_out_only_if_it_had_failed(service):
    conflict = said(409, {"error": {"code": "Conflict", "message": "known"}})
    a_sender(service).send(MESSAGE)
    for becomes, mails in (("Succeeded", 1), ("Running", 1), ("Failed", 2)):
        service.looks, service.becomes, service.instead = [], [becomes, "Succeeded"], [conflict]
        if becomes == "Failed":
            service.becomes = ["Failed"]
            with pytest.raises(SendError, match="EmailDropped"):
                a_sender(service).send(MESSAGE)
        else:
            a_sender(service).send(MESSAGE)
        assert len(service.mails) == mails


def test_a_mail_whose_answer_got_lost_is_out_if_the_service_knows_it(service):
    service.takes_before_hanging_up = True
    service.instead = [None]
    a_sender(service).send(MESSAGE)
    assert len(service.attempts) == len(service.looks) == 1


def test_a_mail_whose_answer_got_lost_is_not_out_if_the_service_knows_nothing(service):
    service.instead = [None]
    with pytest.raises(SendError, match=rf"notice {ALL_ID} was not taken by acs://"):
        a_sender(service).send(MESSAGE)
    assert service.mails == {}
    a_sender(service).send(MESSAGE)
    assert len(service.mails) == 1


def test_a_service_that_is_silent_is_a_failure(service):
    silent = EmailClient(service.address, DefaultAzureCredential(), read_timeout=0.2, retry_total=0)
    # Over plain HTTP no token is sent, so nothing is: that, too, is a sentence.
    with pytest.raises(SendError, match="not permitted for non-TLS"):
        AzureEmailSender(silent, FROM, {SECURITY: frozenset({""})}).send(MESSAGE)
    assert service.attempts == []


# Throttling


def test_a_short_throttling_is_waited_out(service):
    service.instead = [throttled(40), throttled(20)]
    a_sender(service).send(MESSAGE)
    assert service.slept == [40, 20, 5]
    assert len(service.mails) == 1


@pytest.mark.parametrize(("answer", "after"), [(throttled(3000), 3000), (said(503, {}, 121), 121)])
def test_a_long_throttling_is_told_with_the_time_to_come_back(service, answer, after):
    service.instead = [answer]
    with pytest.raises(Later, match=f"notice {ALL_ID} was not taken by .*asks to wait for {after} seconds") as later:
        a_sender(service).send(MESSAGE)
    assert later.value.after == after
    assert (service.slept, len(service.attempts)) == ([], 1)


def test_short_throttlings_are_waited_out_only_so_long_all_in_all(service):
    sender = a_sender(service)
    service.instead = [throttled(50), throttled(50), "take it", throttled(50)]
    sender.send(MESSAGE)
    with pytest.raises(Later):
        sender.send(message("b"))
    assert service.slept == [50, 50, 5]


@pytest.mark.parametrize("words", ["", "soon", "-1", "Wed, 04 Mar 2026 12:00:00 GMT"])
def test_a_throttling_that_does_not_say_for_how_long_is_one_of_a_minute(service, words):
    service.instead = [throttled(words)]
    a_sender(service).send(MESSAGE)
    assert service.slept == [60, 5]


# Refusals


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (
            said(401, {"error": {"code": "Denied", "message": "Denied by the resource provider."}}),
            "401 .*: Denied: Denied by",
        ),
        (
            said(404, {"error": {"code": "DomainNotLinked", "message": "not linked"}}),
            "404 .*: DomainNotLinked: not linked",
        ),
        (said(400, {"error": {"code": "InvalidRecipients", "message": "a\nb"}}), "400 .*: InvalidRecipients: a"),
        (said(400, {"error": "odd"}), "400 Bad Request"),
        (said(400, ["odd"]), "400 Bad Request"),
        (Said(502, b"<html>\n<b>no</b>", {"Content-Type": "text/html"}), "502 Bad Gateway"),
        (Said(200, b"{}"), "200 OK"),
    ],
)
def test_a_refusal_is_one_sentence(service, answer, words):
    service.instead = [answer]
    with pytest.raises(SendError) as refused:
        a_sender(service).send(MESSAGE)
    assert re.fullmatch(rf"notice {ALL_ID} was not taken by acs://127.0.0.1:\d+: {words}.*", str(refused.value))
    assert not isinstance(refused.value, Later)
    assert service.mails == {}


def test_a_service_nobody_answers_for_is_a_sentence(monkeypatch):
    monkeypatch.setenv("AZURE_COMMUNICATION_KEY", "a2V5")
    with pytest.raises(SendError, match=r"was not taken by acs://127.0.0.1:9: .*Connection refused") as refused:
        open_sender(f"acs://127.0.0.1:9?from={FROM}&to={SECURITY}").send(MESSAGE)
    assert "\n" not in str(refused.value)


class Nobody:
    """What azure-identity makes of a machine where nobody has signed in."""

    def get_token(self, *_, **__):
        raise ClientAuthenticationError("no credential was found\nAttempted credentials:\n\tEnvironmentCredential: ...")


def test_without_credentials_nothing_is_sent():
    client = EmailClient("https://acme.communication.azure.com", Nobody())
    with pytest.raises(SendError) as refused:
        AzureEmailSender(client, FROM, {SECURITY: frozenset({""})}, place="acs://acme").send(MESSAGE)
    assert str(refused.value) == f"notice {ALL_ID} was not taken by acs://acme: no credential was found"


# A run of notify


class Bank:
    """Two settled scans that nobody has been told of."""

    def __init__(self, folder):
        folder.mkdir()
        self.store, self.blobs = SqliteStore(folder / "bank.db"), FolderBlobs(folder / "work")
        found = [opened(f"v{n}", rule=f"in-rbi-{n}", country="SG") for n in range(3)] + [
            opened("w", severity="low", rule="in-irdai-records", country="US")
        ]
        before = None
        for changes in ([], found):
            scan = self.store.begin(NOON, as_of=NOON.date(), providers=("azure",), digests={})
            self.store.claim(scan)
            self.store.apply(scan, changes)
            row = ScanRow(scan=scan, settled_at=NOON)
            self.store.settle(scan, (), row)
            desk = Desk(self.blobs, scan.number)
            desk.put("settle/changes-000000", Piece(tuple(changes)))
            desk.put("settle/closing", Closing(scan, before, (), row, frozenset(), 1))
            before = scan

    def notify(self, service):
        return notify(
            self.blobs,
            self.store,
            a_sender(service, SECURITY, f"{PAYMENTS} payments", f"{ABROAD} abroad"),
            said=lambda _: Organisation(notify=Notify(routes=ROUTES)),
            url="sqlite:///bank.db",
            clock=lambda: NOON,
        )


def test_throttled_notices_keep_their_place_and_none_goes_out_twice(service, tmp_path):
    assert Bank(tmp_path / "whole").notify(service) == 3
    whole = dict(service.mails)
    assert service.sent == [
        ({SECURITY, PAYMENTS, ABROAD}, "domicile [payments, abroad]: first scan: no violations"),
        ({SECURITY, PAYMENTS}, "domicile [payments]: critical: v0 in Singapore breaks in-rbi-0 (and 2 more)"),
        ({SECURITY, ABROAD}, "domicile [abroad]: 1 breach found"),
    ]
    for limit in range(len(whole)):
        bank = Bank(tmp_path / str(limit))
        service.mails, service.limit = {}, limit
        with pytest.raises(Later):
            bank.notify(service)
        assert list(service.mails.items()) == list(whole.items())[:limit]
        service.limit = None
        assert bank.notify(service) == len(whole) - limit
        assert service.mails == whole
        assert bank.notify(service) == 0


# The place


def test_a_place_opens_with_the_credentials_of_who_has_signed_in():
    asked = urlencode([("from", FROM), ("to", SECURITY), ("to", f"{PAYMENTS} payments in India")])
    sender = open_sender(f"acs://acme.india.communication.azure.com?{asked}")
    assert (sender.sender, sender.place) == (FROM, "acs://acme.india.communication.azure.com")
    assert sender.recipients == {SECURITY: {""}, PAYMENTS: {"payments in India"}}
    assert sender._client._config.endpoint == "https://acme.india.communication.azure.com"
    assert isinstance(sender._client._config.authentication_policy, BearerTokenCredentialPolicy)


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        ("acs://", "not a place for mails"),
        ("acs://acme", "not a place for mails"),
        ("acs://acme.azure.com/path?from=a@b.c&to=a@b.c", "not a place for mails"),
        ("acs://user@acme.azure.com?from=a@b.c&to=a@b.c", "not a place for mails"),
        ("acs://acme.azure.com:80?from=a@b.c&to=a@b.c", "not a place for mails"),
        ("acs://acme.azure.com", "has one from, and at least one to"),
        ("acs://acme.azure.com?from=a@b.c", "has one from, and at least one to"),
        ("acs://acme.azure.com?to=a@b.c", "has one from, and at least one to"),
        ("acs://acme.azure.com?from=a@b.c&from=d@b.c&to=a@b.c", "has one from, and at least one to"),
        ("acs://acme.azure.com?from=a@b.c&to=a@b.c&cc=a@b.c", "has no 'cc'"),
        ("acs://acme.azure.com?from=a@b.c+payments&to=a@b.c", "not an address: 'a@b.c payments'"),
        *(
            (f"acs://acme.azure.com?from=a@b.c&to={quote(one)}", "not an address: ")
            for one in (
                "",
                "a",
                "a@b",
                "@b.c",
                "a@b.c,d@b.c",
                "A <a@b.c>",
                "a@b.c\nBcc: d@b.c",
                "a\x00@b.c",
                "a@b@c.d",
                "a@-.",
            )
        ),
    ],
)
def test_what_is_no_place_for_mails_is_refused(place, sentence):
    with pytest.raises(UsageError, match=re.escape(sentence)):
        open_sender(place)


def test_a_stand_in_wants_a_key(monkeypatch):
    monkeypatch.delenv("AZURE_COMMUNICATION_KEY", raising=False)
    with pytest.raises(UsageError, match="AZURE_COMMUNICATION_KEY: is not set"):
        open_sender(f"acs://127.0.0.1:9?from={FROM}&to={SECURITY}")
