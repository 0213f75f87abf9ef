"""The Pulumi program as tests load it: its folder is no package, since it would shadow the SDK of the same name."""

import importlib
import json
import sys
from collections.abc import Iterator, Mapping
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
    """A folder as the program finds it: with organisation files, and with a bundle that nobody unpacks."""
    bundle = folder / "build" / "aws" / "functions.zip"
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
    """The whole program under Pulumi's mocks."""
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
            name = args.inputs.get("name") or args.inputs.get("bucket") or args.name
            known = {"name": name, "arn": arn(kind, name, args.inputs.get("path", "/"))} if args.custom else {}
            return f"{args.name}-id", {**args.inputs, **known, "keyId": "1234abcd"}

        def call(self, args: Any) -> dict[str, Any]:
            assert args.token == "aws:index/getCallerIdentity:getCallerIdentity"
            return {"accountId": account, "arn": f"arn:aws:iam::{account}:user/cloud", "id": account, "userId": "AIDA"}

    class Monitor(MockMonitor):
        def RegisterResource(self, request: Any) -> Any:  # noqa: N802
            requests[request.type, request.name] = request
            return super().RegisterResource(request)

    def arn(kind: str, name: str, path: str) -> str:
        here = f"{region}:{account}"
        known = {
            "Bucket": f"s3:::{name}",
            "Function": f"lambda:{here}:function:{name}",
            "Key": f"kms:{here}:key/1234abcd",
            "LogGroup": f"logs:{here}:log-group:{name}",
            "Role": f"iam::{account}:role{path}{name}",
            "StateMachine": f"states:{here}:stateMachine:{name}",
            "Table": f"dynamodb:{here}:table/{name}",
            "Topic": f"sns:{here}:{name}",
        }
        return f"arn:aws:{known.get(kind, f'{kind.lower()}:{here}:{name}')}"

    deploy = load("aws_stack").deploy

    @pulumi.runtime.test
    def run() -> Any:
        return pulumi.Output.from_input(deploy(written(settings), region, project)).apply(outputs.update)

    cloud = Cloud()
    pulumi.runtime.set_mocks(cloud, project="domicile", stack="test", preview=False, monitor=Monitor(cloud))
    run()
    return Stack(settings, made, outputs)
