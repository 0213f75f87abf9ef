"""Azure Storage on this machine, for tests: Azurite, which `.ci/azurite` installs, with everything in memory."""

import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from azure.storage.blob import ContainerClient

PROGRAM = Path(__file__).parents[1] / "build/emulators/azurite/node_modules/azurite/dist/src/blob/main.js"
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""The one that Microsoft publishes for emulators."""


@contextmanager
def emulator():
    """Host and port of an emulator of blobs."""
    node = shutil.which("node")
    if not (node and PROGRAM.is_file()):
        pytest.skip("no emulator of Azure Storage: run .ci/azurite (it needs node and npm)")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [
            node,
            PROGRAM,
            "--blobPort",
            str(port),
            "--inMemoryPersistence",
            "--skipApiVersionCheck",
            "--disableTelemetry",
        ],
        stdout=subprocess.DEVNULL,
    )
    try:
        for _ in range(400):
            with socket.socket() as asked:
                if asked.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def a_container(host, name, *, kind=ContainerClient, **more):
    return kind(
        f"http://{host}/{ACCOUNT}",
        name,
        credential={"account_name": ACCOUNT, "account_key": KEY},
        retry_total=0,
        **more,
    )
