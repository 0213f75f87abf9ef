"""What a function finds in place of Lambda: the real runtime, and the API behind it answered on this machine."""

import json
import os
import subprocess
import sys
import threading
import time
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import metadata
from pathlib import Path
from queue import Empty, Queue
from typing import Any, NamedTuple

RUNTIME = ("awslambdaric", "simplejson", "snapshot-restore-py")
INVOCATION = "/2018-06-01/runtime/invocation/"
NAME = "domicile-test"
PATIENCE = 120.0


class Answer(NamedTuple):
    """What a function gave back; `error` is the kind of error, and then the payload is what was said of it."""

    payload: Any
    error: str = ""


class RuntimeApi:
    """Hands events to one function, one after the other, and takes its answers."""

    def __init__(self):
        self._events, self._answers, self._ids = Queue(), Queue(), deque(map(str, range(1, 10_000)))
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                event, seconds = api._events.get()
                if api._over:
                    return
                headers = {
                    "Lambda-Runtime-Aws-Request-Id": api._ids.popleft(),
                    "Lambda-Runtime-Deadline-Ms": str(int((time.time() + seconds) * 1000)),
                    "Lambda-Runtime-Invoked-Function-Arn": f"arn:aws:lambda:ap-south-1:111122223333:function:{NAME}",
                    "Lambda-Runtime-Trace-Id": "Root=1-00000000-000000000000000000000000;Sampled=0",
                    "Content-Type": "application/json",
                }
                self._reply(200, json.dumps(event).encode(), headers)

            def do_POST(self):
                payload = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"null")
                failed = self.path.endswith("/error")
                self._reply(202, b'{"status":"OK"}', {"Content-Type": "application/json"})
                api._answers.put(Answer(payload, (payload["errorType"] or "error") if failed else ""))

            def _reply(self, status, body, headers):
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self._server = _Server(("127.0.0.1", 0), Handler)
        self._over = False
        self.address = f"127.0.0.1:{self._server.server_port}"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self._over = True
        self.put(None, 0)
        self._server.shutdown()
        self._server.server_close()

    def put(self, event, seconds):
        self._events.put((event, seconds))

    def take(self, seconds):
        return self._answers.get(timeout=seconds)


class _Server(ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        if not isinstance(sys.exception(), ConnectionError):  # a function is killed while it waits
            super().handle_error(request, client_address)


class Function:
    """A handler of an unpacked bundle in a process of its own, started as Lambda starts it.

    It sees the bundle, Lambda's runtime and the given environment; not this repository, nor what else is installed.
    """

    def __init__(self, handler, folder, environment, workplace):
        self._handler, self._folder, self._workplace = handler, Path(folder), Path(workplace)
        self._environment = environment
        self._api = RuntimeApi()

    def __enter__(self):
        self._api.__enter__()
        self._log = (self._workplace / f"{self._handler}.log").open("w+b")
        self._process = subprocess.Popen(
            [sys.executable, "-S", "-m", "awslambdaric", self._handler],
            cwd=self._folder,
            env=surroundings(self._folder, self._workplace)
            | {"AWS_LAMBDA_RUNTIME_API": self._api.address}
            | self._environment,
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()
        self._log.close()
        self._api.__exit__()

    def invoke(self, event, *, seconds=900):
        """Its answer to an event, with so many seconds left to it."""
        self._api.put(event, seconds)
        given_up = time.monotonic() + PATIENCE
        while time.monotonic() < given_up:
            ended = self._process.poll() is not None
            try:
                return self._api.take(0 if ended else 0.5)
            except Empty:
                if ended:
                    break
        raise AssertionError(f"{self._handler} gave no answer:\n{self.log()}")

    def log(self):
        """Everything it wrote so far: its log and its metrics."""
        return Path(self._log.name).read_text("utf-8")


def surroundings(folder, workplace):
    """The environment of a process that is to see a bundle and Lambda's runtime, and nothing else."""
    return {
        "PYTHONPATH": os.pathsep.join([str(folder), str(runtime(workplace))]),
        "PYTHONDONTWRITEBYTECODE": "1",  # Lambda mounts a bundle read-only
        "LAMBDA_TASK_ROOT": str(folder),
        "AWS_LAMBDA_FUNCTION_NAME": NAME,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{NAME}",
        "AWS_LAMBDA_LOG_STREAM_NAME": "one",
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "PATH": os.defpath,
    }


def runtime(workplace):
    """Lambda's runtime alone, out of everything that is installed."""
    folder = Path(workplace) / "runtime"
    folder.mkdir(exist_ok=True)
    for name in RUNTIME:
        for top in {file.parts[0] for file in metadata.files(name) or ()}:
            link = folder / top
            if not link.exists():
                link.symlink_to(metadata.distribution(name).locate_file(top))
    return folder
