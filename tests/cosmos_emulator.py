"""Cosmos DB on this machine, for tests: the containers of a store, and an emulator that `.ci/cosmos-emulator` installs.

`cosmos_emulator.js` adds what that emulator lacks. It cannot be trusted with indexes that are missing for a filter,
with time to live, throughput or consistency: none of that is proved here.
"""

import base64
import itertools
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from azure.cosmos import CosmosClient, PartitionKey

from domicile.stores.cosmos_containers import CONTAINERS, PARTITION_KEY_VERSION

INSTALLED = Path(__file__).parents[1] / "build" / "emulators" / "cosmos"
KEY = base64.b64encode(b"any key will do").decode()

numbers = itertools.count()


def create_containers(client, name):
    """What the deployment makes."""
    database = client.create_database(name)
    for container in CONTAINERS:
        database.create_container(
            container.name,
            PartitionKey(path=f"/{container.partition}", version=PARTITION_KEY_VERSION),
            indexing_policy=container.indexing_policy,
            default_ttl=container.expires,
        )
    return database


def new_name():
    return f"domicile-{next(numbers)}"


def a_client(endpoint, **more):
    return CosmosClient(endpoint, KEY, enable_endpoint_discovery=False, enable_compact_utf8_item_writes=True, **more)


def need_emulator():
    if not ((INSTALLED / "installed").is_file() and shutil.which("node")):
        pytest.skip("no Cosmos DB emulator: run .ci/cosmos-emulator (it needs npm)")


@contextmanager
def emulator():
    """The endpoint of an emulator that holds everything in memory."""
    need_emulator()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = Path(__file__).with_suffix(".js")
    process = subprocess.Popen(["node", str(program), str(INSTALLED / "node_modules"), str(port)])
    try:
        for _ in range(200):
            with socket.socket() as asked:
                if asked.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.terminate()
        process.wait(10)
