"""DynamoDB on this machine, for tests: the tables of a store, and an emulator that `.ci/dynamodb-emulator` installs.

`DOMICILE_DYNAMODB_ENDPOINT` names another one that is running, such as Amazon's DynamoDB Local for those who have it.
"""

import itertools
import os
import shutil
import socket
import subprocess
import time
import uuid
from contextlib import contextmanager
from pathlib import Path

import boto3
import pytest
from botocore.config import Config

from domicile.stores.dynamodb_tables import TABLES

INSTALLED = Path(__file__).parents[1] / "build" / "emulators" / "dynoxide" / "bin" / "dynoxide"
REGION = "ap-south-1"

numbers = itertools.count()
run = uuid.uuid4().hex[:8]


def create_tables(client, name):
    """What the deployment makes."""
    for table in TABLES:
        keys = [(table.partition, "HASH"), (table.sort, "RANGE")]
        indexes = [
            {
                "IndexName": index.name,
                "KeySchema": [
                    {"AttributeName": index.partition, "KeyType": "HASH"},
                    {"AttributeName": index.sort, "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": index.projection},
            }
            for index in table.indexes
        ]
        client.create_table(
            TableName=table.name(name),
            KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in keys if key],
            AttributeDefinitions=[
                {"AttributeName": key, "AttributeType": kind} for key, kind in table.attributes.items()
            ],
            BillingMode="PAY_PER_REQUEST",
            **({"GlobalSecondaryIndexes": indexes} if indexes else {}),
        )
        if table.expires:
            client.update_time_to_live(
                TableName=table.name(name),
                TimeToLiveSpecification={"Enabled": True, "AttributeName": table.expires},
            )


def new_name():
    return f"domicile-{run}-{next(numbers)}"


def a_client(endpoint=None, region=REGION):
    return boto3.client(
        "dynamodb",
        region_name=region,
        endpoint_url=endpoint,
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
        config=Config(retries={"mode": "standard", "max_attempts": 3}),
    )


def find_emulator():
    """The emulator's program, or nothing."""
    return shutil.which("dynoxide") or (str(INSTALLED) if INSTALLED.is_file() else "")


def need_emulator():
    if not (find_emulator() or os.environ.get("DOMICILE_DYNAMODB_ENDPOINT")):
        pytest.skip("no DynamoDB emulator: run .ci/dynamodb-emulator (it needs cargo)")


@contextmanager
def emulator():
    """The endpoint of an emulator that holds everything in memory."""
    need_emulator()
    if running := os.environ.get("DOMICILE_DYNAMODB_ENDPOINT"):
        yield running
        return
    program = find_emulator()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen([program, "serve", "--port", str(port), "--log", "quiet"])
    try:
        for _ in range(200):
            with socket.socket() as asked:
                if asked.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)
