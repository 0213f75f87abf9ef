"""A stand-in for Pulumi's language host: it runs a Python program for the engine, with the interpreter of these tests.

The real one is a Go module of its own. What the two share is the protocol and the script that runs the program.
"""

import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, language_pb2, language_pb2_grpc, plugin_pb2

TOLD_BY_THE_PROGRAM = 32  # the script's exit code when it has already shown what is wrong


class StandinLanguage(language_pb2_grpc.LanguageRuntimeServicer):
    def __init__(self, script: Path, package: str) -> None:
        self._script, self._package = script, package
        self._engine = ""

    def Handshake(self, request: Any, context: Any) -> Any:  # noqa: N802
        self._engine = request.engine_address
        return language_pb2.LanguageHandshakeResponse()

    def About(self, request: Any, context: Any) -> Any:  # noqa: N802
        return language_pb2.AboutResponse(executable=sys.executable, version=platform.python_version())

    def Cancel(self, request: Empty, context: Any) -> Empty:  # noqa: N802
        return Empty()

    def GetPluginInfo(self, request: Empty, context: Any) -> Any:  # noqa: N802
        return plugin_pb2.PluginInfo(version=version("pulumi"))

    def GetRequiredPackages(self, request: Any, context: Any) -> Any:  # noqa: N802
        needed = version(f"pulumi-{self._package}")
        package = plugin_pb2.PackageDependency(name=self._package, kind="resource", version=needed)
        return language_pb2.GetRequiredPackagesResponse(packages=[package])

    def InstallDependencies(self, request: Any, context: Any) -> Iterator[Any]:  # noqa: N802
        return iter(())

    def Run(self, request: Any, context: Any) -> Any:  # noqa: N802
        options = {
            "monitor": request.monitor_address,
            "engine": self._engine,
            "project": request.project,
            "stack": request.stack,
            "organization": request.organization,
            "root_directory": request.info.root_directory,
            "pwd": request.pwd,
            "dry_run": "true" if request.dryRun else "false",
            "parallel": str(request.parallel),
        }
        flags = [part for name, value in options.items() for part in (f"--{name}", value)]
        program = Path(request.info.program_directory, request.info.entry_point)
        with subprocess.Popen(
            [sys.executable, str(self._script), *flags, str(program), *request.args],
            cwd=request.pwd,
            env={
                **os.environ,
                "PULUMI_CONFIG": json.dumps(dict(request.config)),
                "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(request.configSecretKeys)),
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as ran:
            context.add_callback(ran.kill)  # the engine hangs up when a resource is refused
            said, _ = ran.communicate()
        if not context.is_active():
            return language_pb2.RunResponse()
        self._show(said)
        if ran.returncode == TOLD_BY_THE_PROGRAM:
            return language_pb2.RunResponse(bail=True)
        error = f"Program exited with non-zero exit code: {ran.returncode}" if ran.returncode else ""
        return language_pb2.RunResponse(error=error)

    def _show(self, said: str) -> None:
        if said.strip():
            with grpc.insecure_channel(self._engine) as channel:
                log = engine_pb2.LogRequest(severity=engine_pb2.INFO, message=said)
                engine_pb2_grpc.EngineStub(channel).Log(log)
