"""The Pulumi program as tests load it: its folder is no package, since it would shadow the SDK of the same name."""

import asyncio
import importlib
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "pulumi"


def load(name: str) -> ModuleType:
    """A module of the program, which finds its neighbours as it does when Pulumi runs it."""
    if str(FOLDER) not in sys.path:
        sys.path.append(str(FOLDER))
    return importlib.import_module(name)


def project(folder: Path, files: Mapping[str, str]) -> Path:
    """A folder as the program finds it: with organisation files, and with bundles that nobody unpacks."""
    for cloud in ("aws", "azure"):
        bundle = folder / "build" / cloud / "functions.zip"
        bundle.parent.mkdir(parents=True)
        bundle.write_bytes(b"")
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


class Resource(NamedTuple):
    """What the program asks for; `kind` is short for the type, `provider` empty when it is the stack's own, `parent` the
    type of what it is part of, and `kept` whether it outlives the stack."""

    kind: str
    name: str
    inputs: dict[str, Any]
    type: str
    provider: str
    parent: str
    kept: bool

    def document(self, name: str) -> dict[str, Any]:
        """A policy among its inputs."""
        found: dict[str, Any] = json.loads(self.inputs[name])
        return found


class Stack(NamedTuple):
    """What one configuration makes, where nothing is really made."""

    settings: Mapping[str, Any]
    resources: list[Resource]
    outputs: dict[str, Any]

    def of(self, *kinds: str) -> list[Resource]:
        return [one for one in self.resources if one.kind in kinds]

    def one(self, kind: str, name: str) -> Resource:
        [found] = [one for one in self.of(kind) if one.name == name]
        return found

    def kinds(self) -> set[str]:
        return {one.kind for one in self.resources}

    def policies(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """The policy of each role, by the role's name in the program."""
        for one in self.of("RolePolicy"):
            yield one.name, one.document("policy")


def written(settings: Mapping[str, Any]) -> dict[str, str]:
    """Settings as a stack's configuration keeps them."""
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in settings.items()}


def stack(settings: Mapping[str, Any], region: str, account: str, project: Path) -> Stack:
    """The whole program for AWS under Pulumi's mocks."""
    return mocked(settings, Aws(region, account), lambda: load("aws_stack").deploy(written(settings), region, project))


def azure_stack(
    settings: Mapping[str, Any],
    location: str,
    subscription: str,
    project: Path,
    network: str = "centralindia",
    **more: Any,
) -> Stack:
    """The whole program for Azure under Pulumi's mocks."""
    given, there = written(settings), Azure(subscription, network)
    return mocked(settings, there, lambda: load("azure_stack").deploy(given, location, project, **more))


class Aws(NamedTuple):
    """What AWS would say of what is made."""

    region: str
    account: str

    def known(self, kind: str, name: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        name = inputs.get("name") or inputs.get("bucket") or name
        return {"name": name, "arn": self.arn(kind, name, inputs.get("path", "/")), "keyId": "1234abcd"}

    def identifier(self, kind: str, name: str, inputs: Mapping[str, Any]) -> str:
        return f"{name}-id"

    def arn(self, kind: str, name: str, path: str) -> str:
        here = f"{self.region}:{self.account}"
        known = {
            "Bucket": f"s3:::{name}",
            "Function": f"lambda:{here}:function:{name}",
            "Key": f"kms:{here}:key/1234abcd",
            "LogGroup": f"logs:{here}:log-group:{name}",
            "Role": f"iam::{self.account}:role{path}{name}",
            "StateMachine": f"states:{here}:stateMachine:{name}",
            "Table": f"dynamodb:{here}:table/{name}",
            "Topic": f"sns:{here}:{name}",
        }
        return f"arn:aws:{known.get(kind, f'{kind.lower()}:{here}:{name}')}"

    def answer(self, token: str) -> dict[str, Any]:
        assert token == "aws:index/getCallerIdentity:getCallerIdentity"
        return {
            "accountId": self.account,
            "arn": f"arn:aws:iam::{self.account}:user/cloud",
            "id": self.account,
            "userId": "AIDA",
        }


class Azure(NamedTuple):
    """What Azure would say of what is made, and where it says that networks lie."""

    subscription: str
    network: str = "centralindia"

    PRINCIPAL = "11111111-aaaa-4aaa-8aaa-111111111111"
    CLIENT = "22222222-bbbb-4bbb-8bbb-222222222222"
    DEPLOYER = "33333333-cccc-4ccc-8ccc-333333333333"

    def known(self, kind: str, name: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        name = self._name(name, inputs)
        more: dict[str, dict[str, Any]] = {
            "UserAssignedIdentity": {"principalId": self.PRINCIPAL, "clientId": self.CLIENT},
            "CommunicationService": {"hostName": f"{name}.india.communication.azure.com"},
            "Domain": {"fromSenderDomain": "0a1b2c3d.azurecomm.net"},
            "Component": {"connectionString": "InstrumentationKey=00000000-0000-0000-0000-000000000000"},
            "WebApp": {"defaultHostName": f"{name}.azurewebsites.net", "identity": {}},
            "Workspace": {"customerId": "44444444-dddd-4ddd-8ddd-444444444444"},
        }
        return {"name": name, **more.get(kind, {})}

    def identifier(self, kind: str, name: str, inputs: Mapping[str, Any]) -> str:
        group = f"/subscriptions/{self.subscription}/resourceGroups/{inputs.get('resourceGroupName', '')}"
        inside = inputs.get("accountName") or inputs.get("emailServiceName") or ""
        return f"{group}/providers/{kind}/{inside}/{self._name(name, inputs)}"

    def answer(self, token: str) -> dict[str, Any]:
        if token == "azure-native:network:getVirtualNetwork":
            return {"location": self.network}
        assert token == "azure-native:authorization:getClientConfig"
        return {
            "clientId": self.CLIENT,
            "objectId": self.DEPLOYER,
            "subscriptionId": self.subscription,
            "tenantId": "55555555-eeee-4eee-8eee-555555555555",
        }

    def _name(self, name: str, inputs: Mapping[str, Any]) -> str:
        given = ("domainName", "containerName", "databaseName", "resourceName", "name", "accountName", "workspaceName")
        given += ("emailServiceName", "communicationServiceName", "privateEndpointName", "privateZoneName")
        given += ("resourceGroupName",)
        return next((inputs[key] for key in given if key in inputs), name)


def mocked(settings: Mapping[str, Any], there: Aws | Azure, deploy: Callable[[], Any]) -> Stack:
    """What a program makes and says, where nothing is really made."""
    import pulumi
    from pulumi.runtime.mocks import MockMonitor

    assert hasattr(pulumi, "Resource"), "the program's folder must not hide the SDK"

    made: list[Resource] = []
    outputs: dict[str, Any] = {}
    requests: dict[tuple[str, str], Any] = {}

    class Cloud(pulumi.runtime.Mocks):
        def new_resource(self, args: Any) -> tuple[str, dict[str, Any]]:
            kind = args.typ.rpartition(":")[2]
            inputs = {key: {} if isinstance(value, pulumi.Archive) else value for key, value in args.inputs.items()}
            asked = requests[args.typ, args.name]
            parent = asked.parent and asked.parent.split("::")[2].rpartition("$")[2]
            made.append(Resource(kind, args.name, inputs, args.typ, args.provider, parent, asked.retainOnDelete))
            known = there.known(kind, args.name, args.inputs) if args.custom else {}
            return there.identifier(kind, args.name, args.inputs), {**args.inputs, **known}

        def call(self, args: Any) -> dict[str, Any]:
            return there.answer(args.token)

    class Monitor(MockMonitor):
        def RegisterResource(self, request: Any) -> Any:  # noqa: N802
            requests[request.type, request.name] = request
            return super().RegisterResource(request)

    @pulumi.runtime.test
    def run() -> Any:
        return pulumi.Output.from_input(deploy()).apply(outputs.update)

    cloud = Cloud()
    # The SDK wants an event loop to be set, and whoever ran something asynchronous before has left none.
    asyncio.set_event_loop(an_event_loop())
    pulumi.runtime.set_mocks(cloud, project="domicile", stack="test", preview=False, monitor=Monitor(cloud))
    run()
    return Stack(settings, made, outputs)


@cache
def an_event_loop() -> asyncio.AbstractEventLoop:
    return asyncio.new_event_loop()
