"""Notices by way of SNS: the exact request, and what a queue, a mail box and a filter policy make of it."""

import json

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber
from moto import mock_aws
from msgspec.structs import replace

from domicile.errors import RuntimeFailure, SendError, UsageError
from domicile.model import Change, Route, Scan
from domicile.notify import Message, messages
from domicile.senders import open_sender
from domicile.senders.sns import SnsSender
from store_contract import HOSTILE, NOON, a_gap, a_row

TOPIC = "arn:aws:sns:ap-south-1:111122223333:domicile"
KEYS = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", "region_name": "ap-south-1"}
SCAN = Scan(number=7, started_at=NOON, as_of=NOON.date())
ROUTES = (Route("payments", rules=("in-rbi-*",)), Route("abroad", countries=("US",)))

MESSAGE = Message(
    message_id="0123456789abcdef0123456789abcdef",
    kind="digest",
    routes=("all",),
    scan=7,
    as_of=NOON.date(),
    subject="domicile: 1 resolved",
    lines=("Scan 7, as of 2026-03-04: 1 resolved.", "रोगी in India"),
    attributes={"kind": ("digest",), "route": ("all",), "country": ("IN", "US"), "entity": ()},
)


def told(*changes, gaps=(), previous=SCAN, **more):
    return messages(changes, gaps, replace(SCAN, number=8), previous=previous, **more)


def opened(name="v1", **more):
    return Change(a_row(name, **more), 0, "opened")


@pytest.fixture
def sns():
    return boto3.client("sns", config=Config(retries={"max_attempts": 1}), **KEYS)


@pytest.fixture
def sender(sns):
    return SnsSender(TOPIC, client=sns)


@pytest.fixture
def stub(sns):
    with Stubber(sns) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def test_a_notice_is_one_request(sender, stub):
    request = {
        "TopicArn": TOPIC,
        "Subject": "domicile: 1 resolved",
        "MessageStructure": "json",
        "Message": json.dumps(
            {
                "default": MESSAGE.json,
                "email": "Scan 7, as of 2026-03-04: 1 resolved.\nरोगी in India",
                "sms": "domicile: 1 resolved",
            },
            ensure_ascii=False,
        ),
        "MessageAttributes": {
            "message_id": {"DataType": "String", "StringValue": "0123456789abcdef0123456789abcdef"},
            "kind": {"DataType": "String", "StringValue": "digest"},
            "route": {"DataType": "String.Array", "StringValue": '["all"]'},
            "country": {"DataType": "String.Array", "StringValue": '["IN", "US"]'},
        },
    }
    stub.add_response("publish", {"MessageId": "1"}, request)
    sender.send(MESSAGE)


@pytest.mark.parametrize(
    ("subject", "sent"),
    [
        ("x" * 99, "x" * 99),
        ("x" * 100, "x" * 96 + "..."),
        ("domicile: रोगी in India", "domicile: ???? in India"),
        ("two\nlines\x7f", "two?lines?"),
    ],
)
def test_a_subject_is_short_and_printable_ascii(sns, subject, sent):
    with Stubber(sns) as stub:
        sns.meta.events.register_first("before-parameter-build.sns.Publish", lambda params, **_: seen.append(params))
        seen = []
        stub.add_response("publish", {"MessageId": "1"})
        SnsSender(TOPIC, client=sns).send(replace(MESSAGE, subject=subject))
    assert seen[0]["Subject"] == sent


@pytest.mark.parametrize("code", ["AuthorizationError", "KMSAccessDenied", "NotFound", "InvalidParameter"])
def test_a_notice_that_nobody_takes_is_a_failure_that_says_where(sender, stub, code):
    stub.add_client_error("publish", code, "no")
    with pytest.raises(SendError, match=rf"notice 0123456789abcdef.* was not taken by {TOPIC}: .*{code}") as failure:
        sender.send(MESSAGE)
    assert isinstance(failure.value, RuntimeFailure)


def test_an_unreachable_topic_is_a_failure_too(sns, sender):
    def unreachable(**_):
        raise EndpointConnectionError(endpoint_url="https://sns.ap-south-1.amazonaws.com")

    sns.meta.events.register("before-send.sns.Publish", unreachable)
    with pytest.raises(SendError, match=TOPIC):
        sender.send(MESSAGE)


def test_how_many_listen_is_told(sender, stub):
    stub.add_response(
        "get_topic_attributes",
        {"Attributes": {"SubscriptionsConfirmed": "2", "SubscriptionsPending": "1"}},
        {"TopicArn": TOPIC},
    )
    assert sender.confirmed() == 2
    stub.add_client_error("get_topic_attributes", "AuthorizationError")
    with pytest.raises(SendError, match="cannot be told"):
        sender.confirmed()


@pytest.mark.parametrize(
    "place",
    ["", "sns://topic", "arn:aws", "arn:aws:sns", "arn:aws:sns::111122223333:domicile"]
    + [f"arn:aws:{other}" for other in ("sqs:ap-south-1:111122223333:domicile", "sns:ap-south-1:111122223333:a.fifo")],
)
def test_what_is_no_topic_is_refused(place):
    with pytest.raises(UsageError, match="not a place for notices"):
        open_sender(place)


# A topic with subscribers


class Topic:
    """A topic, and queues that listen to it."""

    def __init__(self):
        self.sns, self.sqs = boto3.client("sns", **KEYS), boto3.client("sqs", **KEYS)
        self.arn = self.sns.create_topic(Name="domicile")["TopicArn"]

    def queue(self, name="all", **attributes):
        url = self.sqs.create_queue(QueueName=name)["QueueUrl"]
        arn = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        self.sns.subscribe(TopicArn=self.arn, Protocol="sqs", Endpoint=arn, Attributes=attributes)
        return url

    def received(self, url):
        found = []
        while some := self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]).get(
            "Messages"
        ):
            found.extend(some)
            for one in some:
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])
        return found


@pytest.fixture
def topic(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    with mock_aws():
        yield Topic()


def test_a_queue_gets_the_notice_as_json(topic):
    url = topic.queue()
    [message] = told(opened(severity="high"))
    open_sender(topic.arn).send(message)
    [received] = topic.received(url)
    envelope = json.loads(received["Body"])
    assert envelope["Subject"] == "domicile: 1 breach found"
    document = json.loads(envelope["Message"])
    assert document == json.loads(message.json)
    assert {name: document[name] for name in ("message_id", "kind", "routes", "scan", "as_of", "left_out")} == {
        "message_id": message.message_id,
        "kind": "digest",
        "routes": ["all"],
        "scan": 8,
        "as_of": "2026-03-04",
        "left_out": 0,
    }
    [violation] = document["violations"]
    assert violation["violation_id"] == "v1"
    assert violation["transition"] == "opened"
    assert violation["opened_at"] == "2026-03-04T12:00:00Z"
    assert envelope["MessageAttributes"]["severity"] == {"Type": "String.Array", "Value": '["high"]'}
    assert envelope["MessageAttributes"]["message_id"] == {"Type": "String", "Value": message.message_id}


def test_with_raw_delivery_a_notice_has_no_more_attributes_than_a_queue_takes(topic):
    url = topic.queue(RawMessageDelivery="true")
    [message] = told(opened(severity="high"))
    open_sender(topic.arn).send(message)
    [received] = topic.received(url)
    assert json.loads(received["Body"])["message_id"] == message.message_id
    assert len(received["MessageAttributes"]) <= 10


def test_a_mail_box_gets_the_text(topic):
    topic.sns.subscribe(TopicArn=topic.arn, Protocol="email", Endpoint="compliance@acme.example")
    [message] = told(opened(severity="high"))
    seen = []
    sender = open_sender(topic.arn)
    sender._sns.meta.events.register("provide-client-params.sns.Publish", lambda params, **_: seen.append(params))
    sender.send(message)
    assert json.loads(seen[0]["Message"])["email"] == message.text


POLICIES = {
    "criticals": {"severity": ["critical"]},
    "payments": {"route": ["payments"]},
    "one-account": {"account": ["222222222222"]},
    "lost-sight": {"kind": ["coverage"]},
    "critical-payments": {"severity": ["critical"], "rule": ["in-rbi-payments-storage"]},
}


def test_a_subscriber_gets_every_notice_that_holds_a_row_of_its_policy(topic):
    urls = {
        name: topic.queue(name, FilterPolicy=json.dumps(policy), RawMessageDelivery="true")
        for name, policy in POLICIES.items()
    }
    sent = told(
        opened("v1"),
        opened("v2", severity="high", rule="in-irdai-records"),
        opened("v3", severity="low", rule="in-irdai-records", account="222222222222"),
        gaps=[a_gap()],
        routes=ROUTES[:1],
    )
    for message in sent:
        open_sender(topic.arn).send(message)
    kinds = {name: [json.loads(one["Body"])["kind"] for one in topic.received(url)] for name, url in urls.items()}
    assert {name: sorted(some) for name, some in kinds.items()} == {
        "criticals": ["urgent"],
        "payments": ["coverage", "urgent"],
        "one-account": ["digest"],
        "lost-sight": ["coverage"],
        "critical-payments": ["urgent"],
    }


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_keeps_a_notice_from_a_queue(topic, name):
    url = topic.queue()
    [message] = told(opened(severity="high", resource_name=name, entity=name, because=name))
    open_sender(topic.arn).send(message)
    [received] = topic.received(url)
    envelope = json.loads(received["Body"])
    assert json.loads(envelope["Message"])["violations"][0]["resource_name"] == name
    assert json.loads(envelope["MessageAttributes"]["entity"]["Value"]) == [name]


def test_the_largest_notice_is_taken_with_its_envelope(topic):
    url = topic.queue()
    rows = [opened(f"v{n:05}", severity="low", account=f"{n:012}", because='"\\é🏥' * 150) for n in range(3500)]
    [message] = told(*rows)
    assert message.left_out
    open_sender(topic.arn).send(message)
    [received] = topic.received(url)
    assert len(received["Body"].encode()) <= 256 * 1024


def test_nobody_listens_to_a_new_topic(topic):
    assert open_sender(topic.arn).confirmed() == 0
