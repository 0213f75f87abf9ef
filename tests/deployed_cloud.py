"""A deployment on this machine: the definition that Pulumi deploys, run by moto's interpreter with the real handlers."""

import gzip
import importlib.util
import json
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest
from moto.core.config import default_user_config
from moto.sns.models import sns_backends

import program
from domicile.stores import open_store
from domicile.stores.dynamodb import HEAD
from domicile.stores.dynamodb_tables import SCANS, TABLES
from dynamodb_emulator import create_tables

HANDLERS = Path(__file__).parents[1] / "functions" / "aws"
REGION, TABLE = "ap-south-1", "domicile"
WORK, EVIDENCE, TOPIC = "domicile-work", "domicile-evidence", "domicile-notices"
STORE = f"dynamodb://{TABLE}?region={REGION}"
PLENTY = 900


class Failure(NamedTuple):
    """What a function is made to do once: `before` or `after` it has done its work it dies, or it is delivered twice."""

    step: str
    when: str
    account: str = ""


class Function:
    """One Lambda function: its handler, loaded as Lambda does, by file."""

    def __init__(self, step: str) -> None:
        spec = importlib.util.spec_from_file_location(f"handler_{step}", HANDLERS / f"{step}.py")
        self.module: ModuleType = importlib.util.module_from_spec(spec)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("POWERTOOLS_SERVICE_NAME", step)
            spec.loader.exec_module(self.module)

    def __call__(self, event, seconds=PLENTY):
        context = SimpleNamespace(
            function_name="domicile",
            memory_limit_in_mb=1769,
            invoked_function_arn=f"arn:aws:lambda:{REGION}:111111111111:function:domicile",
            aws_request_id="b1946ac9",
            get_remaining_time_in_millis=lambda: seconds * 1000,
        )
        return self.module.handler(event, context)


class Deployment:
    """What `pulumi up` leaves, in one account of a local cloud."""

    def __init__(self, cloud, account: str, file: str | None, *, concurrency: int = 4) -> None:
        self.cloud, self.account = cloud, account
        self.failures: list[Failure] = []
        self.events: list[tuple[str, dict]] = []
        self.after: dict[str, Callable[[], None]] = {}
        self.seconds, self.executions = PLENTY, 0
        self.functions = {}
        self._client("s3").create_bucket(Bucket=WORK, CreateBucketConfiguration={"LocationConstraint": REGION})
        self._client("s3").create_bucket(Bucket=EVIDENCE, CreateBucketConfiguration={"LocationConstraint": REGION})
        self.configure(file)
        create_tables(self._client("dynamodb"), TABLE)
        self.topic = self._client("sns").create_topic(Name=TOPIC)["TopicArn"]
        self._client("sns").subscribe(TopicArn=self.topic, Protocol="email", Endpoint="compliance@bank.example")
        queue = self._client("sqs").create_queue(QueueName="domicile")["QueueUrl"]
        self.queue = queue
        self._client("sns").subscribe(
            TopicArn=self.topic,
            Protocol="sqs",
            Endpoint=f"arn:aws:sqs:{REGION}:{account}:domicile",
            Attributes={"RawMessageDelivery": "true"},
        )
        self.confirm(2)
        workflow = program.load("aws_workflow")
        arns = {
            step: f"arn:aws:lambda:{REGION}:{account}:function:domicile-{step}"
            for step in program.load("aws_settings").STEPS
        }
        self.machine = self._client("stepfunctions").create_state_machine(
            name="domicile",
            definition=json.dumps(workflow.definition(arns, concurrency=concurrency)),
            roleArn=f"arn:aws:iam::{account}:role/domicile",
        )["stateMachineArn"]
        cloud.answer("lambda", "Invoke", self._invoke)

    def _client(self, service):
        return self.cloud.moto(service, REGION, self.account)

    def configure(self, file: str | None) -> None:
        """A new version of the organisation file, as `domicile config push` writes it; None takes it away."""
        key = {"Bucket": WORK, "Key": "config/domicile.yaml"}
        if file is None:
            self._client("s3").delete_object(**key)
        else:
            self._client("s3").put_object(**key, Body=file.encode())

    def good(self, file: str = "") -> str:
        """The last organisation file that was no mistake, or another in its place."""
        key = {"Bucket": WORK, "Key": "config/good/domicile.yaml"}
        if file:
            self._client("s3").put_object(**key, Body=file.encode())
        return self._client("s3").get_object(**key)["Body"].read().decode()

    def confirm(self, subscribers: int) -> None:
        """Of those who are to be told, so many have said that they want to be: moto counts none, ever."""
        sns_backends[self.account][REGION].topics[self.topic].subscriptions_confimed = subscribers

    def written_by(self, schema: int) -> None:
        """The tables are those of another version of domicile."""
        self._client("dynamodb").update_item(
            TableName=SCANS.name(TABLE),
            Key=HEAD,
            UpdateExpression="SET #schema = :schema",
            ExpressionAttributeNames={"#schema": "schema"},
            ExpressionAttributeValues={":schema": {"N": str(schema)}},
        )

    def environment(self, role: str) -> dict[str, str]:
        return self.cloud.environment(self.account) | {
            "DOMICILE_STORE": STORE,
            "DOMICILE_WORK": f"s3://{WORK}",
            "DOMICILE_EVIDENCE": f"s3://{EVIDENCE}",
            "DOMICILE_TOPIC": self.topic,
            "DOMICILE_ACCOUNTS": "organisation",
            "DOMICILE_ROLE": role,
            "POWERTOOLS_METRICS_NAMESPACE": "Domicile",
            "MOTO_PORT": str(urlsplit(self.cloud.endpoint).port),
        }

    def run(self, given: str = "{}") -> str:
        """One execution, from start to end; its status."""
        return self.finished(self.start(given))

    def start(self, given: str = "{}") -> str:
        # AWS names executions that are not named; moto does so once.
        self.executions += 1
        states = self._client("stepfunctions")
        name = f"scan-{self.executions}"
        return states.start_execution(stateMachineArn=self.machine, name=name, input=given)["executionArn"]

    def finished(self, execution: str) -> str:
        return self._ended(execution)["status"]

    def failure(self) -> tuple[str, str]:
        """One execution that fails: the kind of error, and the sentence."""
        ended = self._ended(self.start())
        assert ended["status"] == "FAILED"
        return ended["error"], json.loads(ended["cause"])["errorMessage"]

    def _ended(self, execution: str) -> dict:
        states = self._client("stepfunctions")
        while (ended := states.describe_execution(executionArn=execution))["status"] == "RUNNING":
            time.sleep(0.05)
        return ended

    def call(self, step: str, event: dict) -> dict:
        if step not in self.functions:
            self.functions[step] = Function(step)
        return self.functions[step](event, self.seconds)

    def _invoke(self, asked, _own):
        step = asked.parameters["FunctionName"].rsplit("-", 1)[1]
        event = json.loads(asked.parameters.get("Payload") or b"{}")
        self.events.append((step, event))
        failure = next(
            (one for one in self.failures if one.step == step and one.account in ("", event.get("account"))), None
        )
        if failure:
            self.failures.remove(failure)
        try:
            answer = self._suffer(failure.when if failure else "", step, event)
        except Exception as error:  # noqa: BLE001 as Lambda does
            said = {"errorType": type(error).__name__, "errorMessage": str(error)}
            return {"StatusCode": 200, "FunctionError": "Unhandled", "Payload": json.dumps(said).encode()}
        return {"StatusCode": 200, "Payload": json.dumps(answer).encode()}

    def _suffer(self, when: str, step: str, event: dict) -> dict:
        if when == "before":
            raise MemoryError("killed before it began")
        answer = self.call(step, event)
        self.after.pop(step, lambda: None)()
        if when == "after":
            raise MemoryError("killed before it could answer")
        return self.call(step, event) if when == "twice" else answer

    # What came of it

    def rows(self):
        """Every row that is not resolved, worst first."""
        with opened() as store:
            return sorted(store.known().values(), key=lambda row: row.rank)

    def items(self) -> dict[str, list[dict]]:
        """Everything in the tables."""
        client = self._client("dynamodb")
        return {table.name(TABLE): client.scan(TableName=table.name(TABLE))["Items"] for table in TABLES}

    def files(self, bucket: str) -> set[str]:
        """Keys in a bucket."""
        pages = self._client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket)
        return {one["Key"] for page in pages for one in page.get("Contents", ())}

    def lines(self, key: str) -> list[dict]:
        """What a file of evidence says."""
        content = self._client("s3").get_object(Bucket=EVIDENCE, Key=key)["Body"].read()
        return [json.loads(line) for line in gzip.decompress(content).splitlines()]

    def mails(self) -> list[tuple[str, str]]:
        """Subject and text of every mail that went out."""
        sent = sns_backends[self.account][REGION].topics[self.topic].sent_notifications
        return [(subject, json.loads(message)["email"]) for _, message, subject, *_ in sent]

    def queued(self) -> list[dict]:
        """What a program that listens is told."""
        sqs, found = self._client("sqs"), []
        while messages := sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                found.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
        return found


@contextmanager
def opened():
    store = open_store(STORE)
    try:
        yield store
    finally:
        store.close()


@contextmanager
def deployed(cloud, account, file, role, kind=Deployment):
    """A deployment whose functions find their environment in this process, as Lambda gives it to them."""
    with pytest.MonkeyPatch.context() as patch:
        # Else moto only pretends that an execution ran.
        patch.setitem(default_user_config, "stepfunctions", {"execute_state_machine": True})
        deployment = kind(cloud, account, file)
        for name, value in deployment.environment(role).items():
            patch.setenv(name, value)
        yield deployment
