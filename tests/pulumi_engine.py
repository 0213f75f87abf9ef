"""Pulumi's engine on this machine: its own command line, state in a folder, stand-ins for what it would download."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import yaml
from pulumi.runtime.proto import language_pb2_grpc, provider_pb2_grpc

from standin_language import StandinLanguage
from standin_provider import Cloud, StandinProvider

BUILT = Path(__file__).parent.parent / "build" / "engine" / "bin"


class Engine:
    """One project with one stack."""

    def __init__(self, project: Path, state: Path, address: str) -> None:
        self.project = project
        self._environment = {
            **os.environ,
            "HOME": str(state),
            "PULUMI_BACKEND_URL": state.as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": "for this test only",
            "PULUMI_DEBUG_LANGUAGES": f"python:{address}",
            "PULUMI_DEBUG_PROVIDERS": f"aws:{address},azure-native:{address}",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_HOME": str(state / "home"),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }
        self.said("stack", "init", "test")

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [BUILT / "pulumi", *words, "--non-interactive", "--color", "never"],
            cwd=self.project,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    def said(self, *words: str) -> str:
        ran = self.run(*words)
        assert ran.returncode == 0, ran.stdout
        return ran.stdout

    def refused(self, *words: str) -> str:
        ran = self.run(*words)
        assert ran.returncode != 0, ran.stdout
        return ran.stdout

    def configure(self, settings: Mapping[str, Any]) -> None:
        file = self.project / "Pulumi.test.yaml"
        stack = yaml.safe_load(file.read_text())
        stack["config"] = dict(settings)
        file.write_text(yaml.safe_dump(stack))

    def preview(self) -> dict[str, str]:
        """What would happen to each resource that does not stay the same."""
        steps = json.loads(self.said("preview", "--json"))["steps"]
        return {_short(step["urn"]): step["op"] for step in steps if step["op"] != "same"}

    def up(self) -> str:
        return self.said("up", "--yes", "--skip-preview", "--suppress-progress")

    def destroy(self) -> str:
        return self.said("destroy", "--yes", "--skip-preview", "--suppress-progress")

    def outputs(self) -> dict[str, Any]:
        return json.loads(self.said("stack", "output", "--json"))

    def resources(self) -> list[str]:
        deployment = json.loads(self.said("stack", "export"))["deployment"]
        return sorted(_short(one["urn"]) for one in deployment.get("resources", []))


def _short(urn: str) -> str:
    kind, _, name = urn.rpartition("::")
    return f"{kind.rpartition('::')[2].rpartition('$')[2].rpartition(':')[2]} {name}"


@contextmanager
def stand_ins(cloud: Cloud) -> Iterator[str]:
    """The address at which the engine finds the language host and the provider."""
    with ThreadPoolExecutor(8) as workers:
        server = grpc.server(workers)
        language_pb2_grpc.add_LanguageRuntimeServicer_to_server(
            StandinLanguage(BUILT / "pulumi-language-python-exec", cloud.package), server
        )
        provider_pb2_grpc.add_ResourceProviderServicer_to_server(StandinProvider(cloud), server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        try:
            yield str(port)
        finally:
            server.stop(grace=None).wait()
            cloud.close()
